//! A JSON number that keeps every digit it was written with. It refuses to round: comparison is by
//! exact decimal value.

use super::text::CompactText;
use compact_str::ToCompactString;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use zeroize::Zeroize;

/// A number as JSON spells it (RFC 8259, section 6). The text is what arrived and what will be
/// sent.
///
/// Equal means equal in value: `1.10` is `1.1`, `1e3` is `1000`.
#[derive(Clone)]
pub struct Number(CompactText);

/// Afterwards it is no number, and only to be dropped.
impl Zeroize for Number {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Number {
    /// The number that `text` spells, or `None` when JSON would not call it a number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_json_number(text.as_bytes()).then(|| Self(text.into()))
    }

    /// A number that a JSON lexer has found to be one.
    pub(super) fn from_lexed(text: &str) -> Self {
        Self(text.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        // Nearly all integers are written plainly. `1.0` and `1e2` take the longer way.
        self.0
            .parse()
            .ok()
            .or_else(|| self.integer_text()?.parse().ok())
    }

    #[must_use]
    pub fn as_i128(&self) -> Option<i128> {
        self.0
            .parse()
            .ok()
            .or_else(|| self.integer_text()?.parse().ok())
    }

    /// The shortest spelling of a double; `None` for NaN and the infinities, which JSON cannot
    /// spell.
    #[must_use]
    pub(crate) fn from_f64(double: f64) -> Option<Self> {
        // `Debug` prints the shortest text that reads back as the same double. NaN and the
        // infinities print as words, which `parse` refuses.
        Self::parse(&format!("{double:?}"))
    }

    /// The nearest double, infinite past the largest one; only for uses that say so.
    ///
    /// # Panics
    /// Never: Rust reads every number that JSON's grammar spells.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "Rust reads every number that JSON's grammar spells (RFC 8259, section 6)"
    )]
    pub fn as_f64(&self) -> f64 {
        self.0.parse().expect("the text of a JSON number")
    }

    /// Feeds a hasher the same for all spellings of one value, and something else for any other.
    pub(crate) fn hash_value(&self, hasher: &mut impl Hasher) {
        if let Some(integer) = self.as_i64() {
            return integer.hash(hasher);
        }
        let decimal = ExactDecimal::from_number_text(&self.0);
        (decimal.negative, decimal.digits, decimal.exponent).hash(hasher);
    }

    #[must_use]
    pub fn is_integer(&self) -> bool {
        ExactDecimal::from_number_text(&self.0).is_integer()
    }

    /// `1.0` and `1e2` are integers that are spelled otherwise; `None` when the value has a
    /// fraction or 40 digits and more.
    fn integer_text(&self) -> Option<String> {
        let decimal = ExactDecimal::from_number_text(&self.0);
        // An `i128` has at most 39 digits. Without the limit `1e999999999` would allocate a
        // gigabyte of zeros.
        let zeros = usize::try_from(decimal.exponent)
            .ok()
            .filter(|zeros| *zeros <= 40)?;
        let sign = if decimal.negative { "-" } else { "" };
        let digits = if decimal.digits.is_empty() {
            "0"
        } else {
            &decimal.digits
        };
        Some(format!("{sign}{digits}{}", "0".repeat(zeros)))
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_compact_string())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(value.to_compact_string())
    }
}

impl From<i128> for Number {
    fn from(value: i128) -> Self {
        Self(value.to_compact_string())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        // Equal texts are the usual case and need no allocation.
        self.0 == other.0 || self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        // Most numbers of a response fit into 64 bits. To take both apart would allocate four
        // texts.
        if let (Ok(left), Ok(right)) = (self.0.parse::<i64>(), other.0.parse::<i64>()) {
            return left.cmp(&right);
        }
        ExactDecimal::from_number_text(&self.0).cmp(&ExactDecimal::from_number_text(&other.0))
    }
}

/// `digits × 10^exponent`, digits without zeros at either end; zero has no digits.
#[derive(PartialEq, Eq)]
struct ExactDecimal {
    negative: bool,
    digits: String,
    exponent: i128,
}

impl ExactDecimal {
    fn from_number_text(text: &str) -> Self {
        let (negative, rest) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (mantissa, power) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        // Zeros at the end move into the exponent, so that `1.10` and `1.1` have the same digits.
        let digits = significant.trim_end_matches('0');
        if digits.is_empty() {
            return Self {
                // `-0` equals `0`, so zero keeps no sign.
                negative: false,
                digits: String::new(),
                exponent: 0,
            };
        }
        let dropped = significant.len() - digits.len();
        let exponent = parse_exponent(power) + dropped as i128 - fraction.len() as i128;
        Self {
            negative,
            digits: digits.to_owned(),
            exponent,
        }
    }

    fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// The power of ten just above the first digit: which of two numbers is larger is first a
    /// matter of this.
    fn magnitude(&self) -> i128 {
        self.exponent + self.digits.len() as i128
    }

    fn cmp_absolute(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // Digits are left-aligned and without trailing zeros, so text order is number order.
            (false, false) => self
                .magnitude()
                .cmp(&other.magnitude())
                .then_with(|| self.digits.cmp(&other.digits)),
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_absolute(other),
            (true, true) => other.cmp_absolute(self),
        }
    }
}

/// An exponent past 128 bits is as good as endless: it is kept at the end of a range that leaves
/// room to add.
fn parse_exponent(text: &str) -> i128 {
    const EXPONENT_LIMIT: i128 = i128::MAX / 4;
    // Only a number of too many digits fails here, because the grammar was checked before.
    text.parse::<i128>().map_or(
        if text.starts_with('-') {
            -EXPONENT_LIMIT
        } else {
            EXPONENT_LIMIT
        },
        |power| power.clamp(-EXPONENT_LIMIT, EXPONENT_LIMIT),
    )
}

/// The grammar of RFC 8259: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
fn is_json_number(text: &[u8]) -> bool {
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = count_digits(text, at);
    // RFC 8259, section 6: at least one digit, and no zero in front of others.
    if whole == 0 || (whole > 1 && text[at] == b'0') {
        return false;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = count_digits(text, at + 1);
        if fraction == 0 {
            return false;
        }
        at += 1 + fraction;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let power = count_digits(text, at);
        if power == 0 {
            return false;
        }
        at += power;
    }
    at == text.len()
}

/// Whether two numbers are equal, if both are written as plain integers; otherwise `None`.
pub(super) fn equal_integers(left: &[u8], right: &[u8]) -> Option<bool> {
    let is_plain = |text: &[u8]| {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        // Of all integers, only 0 has another form: `-0`.
        digits.iter().all(u8::is_ascii_digit) && text != b"-0"
    };
    (is_plain(left) && is_plain(right)).then(|| left == right)
}

fn count_digits(text: &[u8], from: usize) -> usize {
    text[from..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn only_what_json_spells_as_a_number_is_one() {
        for text in [
            "0",
            "-0",
            "10",
            "1.10",
            "1e3",
            "1E+3",
            "-1.5e-9",
            "123456789012345678901234567890",
        ] {
            assert!(Number::parse(text).is_some(), "{text}");
        }
        for text in [
            "", "-", "01", "0123", "1_000", "0x1F", ".5", "1.", "1e", "+1", "NaN", " 1", "1 ", "١",
        ] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn comparison_is_by_exact_decimal_value() {
        assert_eq!(number("1.10"), number("1.1"));
        assert_eq!(number("1e3"), number("1000"));
        assert_eq!(number("-0"), number("0.0"));
        assert_ne!(number("9007199254740993"), number("9007199254740992"));
        assert_ne!(number("9007199254740993.0"), number("9007199254740992.0"));
        assert!(number("-2") < number("-1.5"));
        assert!(number("0.1") < number("0.12"));
        assert!(number("9e99999999999999999999999999999999999999999") > number("1e400"));
        assert!(
            number("123456789012345678901234567891") > number("123456789012345678901234567890")
        );
    }

    #[test]
    fn integers_in_other_spellings_are_integers() {
        assert_eq!(number("1.0").as_i64(), Some(1));
        assert_eq!(number("12e2").as_i64(), Some(1200));
        assert_eq!(number("1.5").as_i64(), None);
        assert!(number("1e2").is_integer() && !number("1e-2").is_integer());
    }
}
