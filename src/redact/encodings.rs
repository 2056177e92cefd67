//! The encodings of a secret that change its letters, so that decoding escapes does not undo them.

use super::normal_form::fold;
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// Normal forms shorter than this are looked for nowhere: they stand in ordinary text. No shorter
/// one can be found by its first letters either.
pub(super) const MIN_PATTERN: usize = 8;
/// Personal data of fewer bytes stands in ordinary text: it is replaced only where a rule names it.
pub(crate) const MIN_PERSONAL_BYTES: usize = 6;

/// Every normal form that a value can have in a text, each once. Empty where the value is nearly
/// all punctuation; see [`literal_forms`].
pub(super) fn normal_forms(value: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![value.as_bytes().to_vec()];
    forms.extend(decoded_forms(value));
    forms.push(value.chars().rev().collect::<String>().into_bytes());
    forms.push(rot13(value));
    forms.extend(numbers(value));
    forms.extend(damaged_forms(value));
    for text in written_forms(value) {
        forms.extend(base64_cores(&text));
        forms.extend(base32_cores(&text));
    }
    // Twice in base64: what is certain of the inner one is encoded again.
    for inner in base64_cores(value.as_bytes()) {
        forms.extend(base64_cores(&inner));
    }
    // A bcrypt hash begins with its salt, but for the bits of the last letter that are not used.
    if let Some(salt) = value.get(..28).filter(|salt| salt.starts_with("$2")) {
        forms.push(salt.as_bytes().to_vec());
        forms.extend(base64_cores(salt.as_bytes()));
    }
    let mut forms: Vec<Vec<u8>> = forms.iter().map(|form| fold(form)).collect();
    forms.retain(|form| form.len() >= MIN_PATTERN);
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// The normal forms in which personal data is searched for: as it is, and in base64, of itself, of
/// JSON with escapes and of a URL. A response can hold hundreds of names, so these are fewer than
/// those of a secret. A number counts only where it is no part of a longer one, which cannot be
/// seen in base64: the flag says for which forms it can.
pub(super) fn personal_forms(value: &str) -> Vec<(Vec<u8>, bool)> {
    let mut forms: Vec<(Vec<u8>, bool)> = vec![(fold(value.as_bytes()), true)];
    forms.extend(decoded_forms(value).iter().map(|form| (fold(form), true)));
    let percent = crate::wire::encode_strict(value).into_owned();
    for text in [value, &percent, &json_ascii(value)] {
        forms.extend(
            base64_cores(text.as_bytes())
                .iter()
                .map(|core| (fold(core), false)),
        );
    }
    // What is short is searched for as it is, where somebody has asked for that.
    let min_bytes = MIN_PERSONAL_BYTES.min(value.len());
    forms.retain(|(form, is_word)| {
        form.len()
            >= if *is_word {
                min_bytes
            } else {
                MIN_PERSONAL_BYTES
            }
    });
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// A text inside of JSON in which everything outside ASCII is escaped, as Python writes it.
fn json_ascii(value: &str) -> String {
    let json = crate::value::Value::from(value).to_json();
    let mut escaped = String::with_capacity(json.len());
    for letter in json.trim_matches('"').chars() {
        if letter.is_ascii() {
            escaped.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}

/// A value that holds what looks like an escape looks different once a text is decoded.
fn decoded_forms(value: &str) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    super::normal_form::for_each_normal_form(value.as_bytes(), |form| {
        forms.push(form.bytes.clone());
    });
    forms
}

/// How a value is written before it is put into base64: as it is, in a URL, in JSON, in HTML, in
/// hexadecimal, in UTF-16.
fn written_forms(value: &str) -> Vec<Vec<u8>> {
    let percent = crate::wire::encode_strict(value).into_owned();
    let form = crate::wire::encode_form(value);
    let json = crate::value::Value::from(value).to_json();
    let html = value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let mut forms: Vec<Vec<u8>> = [
        value.to_owned(),
        percent.to_ascii_lowercase(),
        percent,
        form,
        json.trim_matches('"').to_owned(),
        html,
        hex::encode(value),
        hex::encode_upper(value),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    forms.push(value.encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms.push(value.encode_utf16().flat_map(u16::to_be_bytes).collect());
    forms
}

/// Bytes as numbers; separators are not a part of the normal form.
fn numbers(value: &str) -> Vec<Vec<u8>> {
    let each = |write: fn(u8) -> String| -> Vec<u8> {
        value.bytes().map(write).collect::<String>().into_bytes()
    };
    let units = value.encode_utf16().map(|unit| format!("u{unit:04x}"));
    let little_endian: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big_endian: Vec<u8> = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
    vec![
        each(|byte| format!("{byte:02x}")),
        hex::encode(little_endian).into_bytes(),
        hex::encode(big_endian).into_bytes(),
        each(|byte| format!("0x{byte:02x}")),
        each(|byte| format!("x{byte:02x}")),
        each(|byte| format!("{byte:o}")),
        each(|byte| format!("{byte:03o}")),
        each(|byte| byte.to_string()),
        each(|byte| format!("{byte:08b}")),
        units.collect::<String>().into_bytes(),
    ]
}

/// What is left of a value outside of ASCII where others do not expect one: letters replaced by `?`,
/// bytes read as Latin-1, bytes with a sign as in Java, code points in hexadecimal as in CSS.
fn damaged_forms(value: &str) -> Vec<Vec<u8>> {
    if value.is_ascii() {
        return Vec::new();
    }
    let code_points = value
        .chars()
        .map(|letter| format!("{:x}", u32::from(letter)));
    let forms: [String; 4] = [
        value.chars().filter(char::is_ascii).collect(),
        value.bytes().map(char::from).collect(),
        value
            .bytes()
            .map(|byte| byte.cast_signed().to_string())
            .collect(),
        code_points.collect(),
    ];
    forms.into_iter().map(String::into_bytes).collect()
}

fn rot13(value: &str) -> Vec<u8> {
    let turn = |byte: u8, first: u8| (byte - first + 13) % 26 + first;
    let rotated = value.bytes().map(|byte| match byte {
        b'a'..=b'z' => turn(byte, b'a'),
        b'A'..=b'Z' => turn(byte, b'A'),
        other => other,
    });
    rotated.collect()
}

/// The letters of base64 that depend on the bytes alone, when they begin 0, 1 or 2 bytes into a
/// group of three. The letters at both ends mix with what stands beside the bytes. The two
/// alphabets differ in punctuation only, which the normal form leaves out.
fn base64_cores(bytes: &[u8]) -> Vec<Vec<u8>> {
    let core = |shift: usize| {
        let padded = [vec![0; shift], bytes.to_vec()].concat();
        let (first, last) = ((shift * 8).div_ceil(6), padded.len() * 8 / 6);
        BASE64_STANDARD.encode(&padded).as_bytes()[first..last].to_vec()
    };
    (0..3).map(core).collect()
}

/// The same for base32 (RFC 4648, section 6): five bytes are eight letters.
fn base32_cores(bytes: &[u8]) -> Vec<Vec<u8>> {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let core = |shift: usize| {
        let padded = [vec![0; shift], bytes.to_vec()].concat();
        let (first, last) = ((shift * 8).div_ceil(5), padded.len() * 8 / 5);
        let letter = |at: usize| {
            let bits = (at * 5..at * 5 + 5).fold(0, |bits: usize, bit| {
                bits << 1 | usize::from(padded[bit / 8] >> (7 - bit % 8) & 1)
            });
            ALPHABET[bits]
        };
        (first..last).map(letter).collect()
    };
    (0..5).map(core).collect()
}

/// The spellings of a value that is nearly all punctuation: its normal form is too short to be
/// looked for, so these are looked for as they are.
pub(super) fn literal_forms(value: &str) -> Vec<Vec<u8>> {
    let percent = crate::wire::encode_strict(value).into_owned();
    let json = crate::value::Value::from(value).to_json();
    let mut forms: Vec<Vec<u8>> = [
        value.to_owned(),
        percent.to_ascii_lowercase(),
        crate::wire::encode_strict(&percent).into_owned(),
        percent,
        crate::wire::encode_form(value),
        json.trim_matches('"').to_owned(),
        value.chars().rev().collect(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    forms.sort_unstable();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648; the value is that of Python.
    #[test]
    fn base32_is_that_of_the_standard() {
        assert_eq!(base32_cores(b"foobarfoob")[0], b"mzxw6ytbojtg633c");
    }

    #[test]
    fn a_value_of_punctuation_has_no_normal_form_of_its_own() {
        assert!(!normal_forms("!@#$%^&*()_+").contains(&Vec::new()));
        assert!(normal_forms("abcd-1234-efgh").contains(&b"abcd1234efgh".to_vec()));
    }
}
