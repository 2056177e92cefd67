//! The normal form in which text is compared with secrets: escapes decoded, everything but letters
//! and digits left out, and case ignored. What is left out is what encodings add, lose or replace:
//! separators of hex, padding and the two alphabets of base64, quotes, line breaks, `+` for a
//! blank.

/// A text with the place of each of its bytes in the text that it was made from.
pub(super) struct NormalText {
    pub(super) bytes: Vec<u8>,
    /// Where the source of each byte begins.
    starts: Vec<u32>,
    /// Where the source of each byte ends, excluded; empty where each is a byte of the source
    /// itself.
    ends: Vec<u32>,
}

/// How often escapes of escapes are decoded: `%25252B` is three deep, and nobody writes more.
const MAX_DEPTH: usize = 4;

impl NormalText {
    /// The text itself, each byte at its own place.
    fn verbatim(text: &[u8]) -> Self {
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self {
            bytes: text.to_vec(),
            starts: (0..len).collect(),
            ends: Vec::new(),
        }
    }

    /// The text itself, folded. Most texts have no escape, and need nothing else.
    fn folded_verbatim(text: &[u8]) -> Self {
        let mut folded = Self {
            bytes: Vec::with_capacity(text.len()),
            starts: Vec::with_capacity(text.len()),
            ends: Vec::new(),
        };
        for (at, byte) in (0_u32..).zip(text) {
            let byte = FOLDED[*byte as usize];
            if byte != 0 {
                folded.bytes.push(byte);
                folded.starts.push(at);
            }
        }
        folded
    }

    fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
            starts: Vec::with_capacity(capacity),
            ends: Vec::with_capacity(capacity),
        }
    }

    /// The range in the source of a range of these bytes.
    pub(super) fn source_range(&self, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
        self.starts[range.start] as usize..self.end_of(range.end - 1) as usize
    }

    /// Whether a letter or digit of ASCII stands beside one at either end of a range, with nothing
    /// between them in the source: then the range is a part of a longer word or number.
    pub(super) fn is_part_of_word(&self, range: &std::ops::Range<usize>) -> bool {
        let joins = |left: usize| {
            let right = left + 1;
            right < self.bytes.len()
                && self.bytes[left].is_ascii()
                && self.bytes[right].is_ascii()
                && self.end_of(left) == self.starts[right]
        };
        range.start.checked_sub(1).is_some_and(joins) || joins(range.end - 1)
    }

    fn end_of(&self, at: usize) -> u32 {
        match self.ends.get(at) {
            Some(end) => *end,
            None => self.starts[at] + 1,
        }
    }

    fn push(&mut self, byte: u8, start: u32, end: u32) {
        self.bytes.push(byte);
        self.starts.push(start);
        self.ends.push(end);
    }

    /// Letters and digits only, in one case.
    fn folded(&self) -> Self {
        let mut folded = Self::with_capacity(self.bytes.len());
        for (at, byte) in self.bytes.iter().enumerate() {
            let byte = FOLDED[*byte as usize];
            if byte != 0 {
                folded.push(byte, self.starts[at], self.end_of(at));
            }
        }
        folded
    }

    /// Every escape replaced by what it stands for; `None` where there is none.
    fn decoded(&self, escape: fn(&[u8]) -> Option<(Decoded, usize)>) -> Option<Self> {
        let mut decoded = Self::with_capacity(self.bytes.len());
        let (mut at, mut is_changed) = (0, false);
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            let Some((value, len)) = escape(rest) else {
                decoded.push(rest[0], self.starts[at], self.end_of(at));
                at += 1;
                continue;
            };
            is_changed = true;
            let (start, end) = (self.starts[at], self.end_of(at + len - 1));
            for byte in value.bytes() {
                decoded.push(*byte, start, end);
            }
            at += len;
        }
        is_changed.then_some(decoded)
    }
}

/// A byte in the normal form; 0 where it has no place there. Bytes outside ASCII are letters.
const FOLDED: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it counts to 255")]
        let letter = byte as u8;
        if letter.is_ascii_alphanumeric() || letter >= 0x80 {
            table[byte] = letter.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// The normal form of a secret, or of an encoding of it.
pub(super) fn fold(text: &[u8]) -> Vec<u8> {
    let folded = text.iter().map(|byte| FOLDED[*byte as usize]);
    folded.filter(|byte| *byte != 0).collect()
}

/// Every normal form that a text has: as it stands, and with its escapes decoded once, twice and so
/// on. All of them count: a secret can itself hold what looks like an escape, and text before a
/// secret can make its beginning look like one.
pub(super) fn for_each_normal_form(text: &[u8], mut visit: impl FnMut(&NormalText)) {
    visit(&NormalText::folded_verbatim(text));
    let has_escapes = can_hold_escapes(text);
    let can_be_quoted = memchr::memchr(b'=', text).is_some();
    if !has_escapes && !can_be_quoted {
        return;
    }
    let text = NormalText::verbatim(text);
    if has_escapes {
        // Quoted-printable text can itself stand in a URL or in JSON.
        visit_decoded(&text, &mut |decoded| {
            visit(&decoded.folded());
            visit_unquoted(decoded, &mut visit);
        });
    }
    if can_be_quoted {
        visit_unquoted(&text, &mut visit);
    }
}

/// The same text as quoted-printable. `=` stands in every form and URL: only where hexadecimal
/// digits or a line break follow it can the text be quoted-printable, and then it is looked at in
/// both ways.
fn visit_unquoted(text: &NormalText, visit: &mut impl FnMut(&NormalText)) {
    if let Some(unquoted) = text.decoded(quoted_printable) {
        visit(&unquoted.folded());
        visit_decoded(&unquoted, &mut |decoded| visit(&decoded.folded()));
    }
}

/// Whether a byte is there that an escape, an invisible or a full-width letter begins with.
fn can_hold_escapes(text: &[u8]) -> bool {
    memchr::memchr3(b'%', b'\\', b'&', text).is_some()
        || memchr::memchr3(0xc2, 0xe2, 0xef, text).is_some()
}

fn visit_decoded(text: &NormalText, visit: &mut impl FnMut(&NormalText)) {
    let mut current = text.decoded(escape);
    for _ in 0..MAX_DEPTH {
        let Some(decoded) = current else { return };
        visit(&decoded);
        current = decoded.decoded(escape);
    }
}

/// What an escape stands for: at most one character, so at most four bytes.
struct Decoded {
    bytes: [u8; 4],
    len: usize,
}

impl Decoded {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn byte(byte: u8) -> Self {
        Self {
            bytes: [byte, 0, 0, 0],
            len: 1,
        }
    }

    fn nothing() -> Self {
        Self {
            bytes: [0; 4],
            len: 0,
        }
    }

    fn char(letter: char) -> Self {
        if is_invisible(letter) {
            return Self::nothing();
        }
        let mut bytes = [0; 4];
        let len = letter.encode_utf8(&mut bytes).len();
        Self { bytes, len }
    }
}

/// Letters that a page puts between others to say where a line may break or how they join.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// `%2B`, `%u002B`, `\u002B`, `\x2B`, `\u{2B}`, `\/`, `&#43;`, `&#x2B;`, `&plus;`, `＋`, and letters
/// that cannot be seen.
fn escape(rest: &[u8]) -> Option<(Decoded, usize)> {
    match rest[0] {
        b'%' => percent(rest),
        b'\\' => backslash(rest),
        b'&' => entity(rest),
        0xc2 => printed(rest, 2),
        0xe2 | 0xef => printed(rest, 3),
        _ => None,
    }
}

/// A letter without width, or one of ASCII in the width of Chinese ones (U+FF01 to U+FF5E).
fn printed(rest: &[u8], len: usize) -> Option<(Decoded, usize)> {
    let letter = std::str::from_utf8(rest.get(..len)?).ok()?.chars().next()?;
    if is_invisible(letter) {
        return Some((Decoded::nothing(), len));
    }
    let code = u32::from(letter).checked_sub(0xfee0)?;
    let narrow = u8::try_from(code).ok().filter(u8::is_ascii_graphic)?;
    Some((Decoded::byte(narrow), len))
}

fn percent(rest: &[u8]) -> Option<(Decoded, usize)> {
    // `escape()` of JavaScript.
    if matches!(rest.get(1), Some(b'u' | b'U')) {
        let letter = char::from_u32(hex_number(rest.get(2..6)?)?)?;
        return Some((Decoded::char(letter), 6));
    }
    let byte = hex_number(rest.get(1..3)?)?;
    Some((Decoded::byte(u8::try_from(byte).ok()?), 3))
}

fn backslash(rest: &[u8]) -> Option<(Decoded, usize)> {
    match rest.get(1)? {
        b'u' => unicode_escape(rest),
        b'x' => {
            let byte = hex_number(rest.get(2..4)?)?;
            Some((Decoded::byte(u8::try_from(byte).ok()?), 4))
        }
        // Control characters have no place in the normal form.
        b'n' | b'r' | b't' | b'b' | b'f' | b'v' | b'0' => Some((Decoded::nothing(), 2)),
        other if other.is_ascii_punctuation() => Some((Decoded::byte(*other), 2)),
        _ => None,
    }
}

/// JSON's four digits, two of them for a letter outside the basic plane, and Rust's and
/// JavaScript's braces.
fn unicode_escape(rest: &[u8]) -> Option<(Decoded, usize)> {
    if rest.get(2) == Some(&b'{') {
        let len = memchr::memchr(b'}', rest.get(3..11.min(rest.len()))?)?;
        let letter = char::from_u32(hex_number(&rest[3..3 + len])?)?;
        return Some((Decoded::char(letter), len + 4));
    }
    let first = hex_number(rest.get(2..6)?)?;
    if let Some(letter) = char::from_u32(first) {
        return Some((Decoded::char(letter), 6));
    }
    let second = rest.get(6..12).filter(|pair| pair.starts_with(b"\\u"))?;
    let units = [first, hex_number(&second[2..])?].map(u16::try_from);
    let [Ok(first), Ok(second)] = units else {
        return None;
    };
    let letter = char::decode_utf16([first, second]).next()?.ok()?;
    Some((Decoded::char(letter), 12))
}

/// A numeric entity, or one of the names of ASCII punctuation. Other names stay: `&` also separates
/// parameters, and one of them can be a secret.
fn entity(rest: &[u8]) -> Option<(Decoded, usize)> {
    const LONGEST: usize = 12;
    const PUNCTUATION: [&[u8]; 34] = [
        b"amp", b"lt", b"gt", b"quot", b"apos", b"nbsp", b"plus", b"equals", b"sol", b"bsol",
        b"colon", b"semi", b"comma", b"period", b"num", b"percnt", b"excl", b"quest", b"commat",
        b"dollar", b"ast", b"lpar", b"rpar", b"lsqb", b"rsqb", b"lcub", b"rcub", b"lowbar", b"Hat",
        b"grave", b"vert", b"Tab", b"NewLine", b"shy",
    ];
    let len = memchr::memchr(b';', &rest[..LONGEST.min(rest.len())])?;
    let name = &rest[1..len];
    let decoded = match name.strip_prefix(b"#") {
        Some(number) => {
            let code = match number.strip_prefix(b"x").or(number.strip_prefix(b"X")) {
                Some(digits) => hex_number(digits)?,
                None => std::str::from_utf8(number).ok()?.parse().ok()?,
            };
            Decoded::char(char::from_u32(code)?)
        }
        // `&` must come out as itself: it can begin another entity.
        None if name == b"amp" => Decoded::byte(b'&'),
        None if name == b"bsol" => Decoded::byte(b'\\'),
        None if name == b"percnt" => Decoded::byte(b'%'),
        None if PUNCTUATION.contains(&name) => Decoded::nothing(),
        None => return None,
    };
    Some((decoded, len + 1))
}

/// RFC 2045, section 6.7: `=2B`, and `=` at the end of a line that goes on.
fn quoted_printable(rest: &[u8]) -> Option<(Decoded, usize)> {
    match rest {
        [b'=', b'\n', ..] => Some((Decoded::nothing(), 2)),
        [b'=', b'\r', b'\n', ..] => Some((Decoded::nothing(), 3)),
        [b'=', high, low, ..] => {
            let byte = hex_number(&[*high, *low])?;
            Some((Decoded::byte(u8::try_from(byte).ok()?), 3))
        }
        _ => None,
    }
}

/// At most eight hexadecimal digits, and nothing else.
fn hex_number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0, |number: u32, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        number.checked_mul(16)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(text: &str) -> Vec<String> {
        let mut forms = Vec::new();
        for_each_normal_form(text.as_bytes(), |form| {
            forms.push(String::from_utf8_lossy(&form.bytes).into_owned());
        });
        forms
    }

    #[test]
    fn every_escape_of_one_letter_comes_to_it() {
        for text in [
            "aKb",
            "a%4Bb",
            "a%4bb",
            "a%254Bb",
            "a%25254Bb",
            "a\\u004Bb",
            "a\\u004bb",
            "a\\\\u004Bb",
            "a\\x4bb",
            "a\\u{4B}b",
            "a&#75;b",
            "a&#x4B;b",
            "a&#X4b;b",
            "a&amp;#75;b",
            "a=4Bb",
            "a=\r\nKb",
            "a=\nKb",
            "a K b",
            "a\\nK\\tb",
            "a-K_b",
            "a%26%2375%3Bb",
            "a%u004Bb",
            "a\u{200b}K\u{ad}b",
            "a&shy;K&#8203;b",
            "ａＫｂ",
            "a\\u0026#75;b",
            "\"a\" + \"Kb\"",
        ] {
            assert!(
                forms(text).iter().any(|form| form == "akb"),
                "{text}: {:?}",
                forms(text)
            );
        }
    }

    #[test]
    fn a_range_leads_back_to_whole_escapes() {
        let text = "x %61\\u0062&#99; y";
        let mut found = None;
        for_each_normal_form(text.as_bytes(), |form| {
            if form.bytes == b"xabcy" {
                found = Some(form.source_range(1..4));
            }
        });
        assert_eq!(&text[found.unwrap()], "%61\\u0062&#99;");
    }

    #[test]
    fn what_is_no_escape_stays() {
        assert_eq!(forms("100%"), ["100"]);
        assert_eq!(forms("a&secret;b"), ["asecretb"]);
        assert_eq!(forms("\\ud800x"), ["ud800x"]);
        assert_eq!(forms("C:\\users"), ["cusers"]);
    }
}
