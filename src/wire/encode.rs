//! The two encodings of names and values: RFC 3986 for paths and queries, form encoding for forms.
//! Values are data and always encoded, `%` included.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;

/// Everything but RFC 3986's unreserved characters: no HTTP client rewrites this spelling.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// RFC 3986: all but `A-Z a-z 0-9 - . _ ~` as `%XX` in capitals.
#[must_use]
pub fn encode_strict(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, STRICT).into()
}

/// The same text for people: encoded letters outside ASCII are shown as letters. Everything else
/// stays as it is sent, so that a `%25` is never taken for a `%`.
#[must_use]
pub(crate) fn show_letters(encoded: &str) -> String {
    let mut shown = String::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some(at) = rest.find('%') {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((letter, len)) = encoded_letter(rest) {
            shown.push(letter);
            rest = &rest[len..];
        } else {
            shown.push('%');
            rest = &rest[1..];
        }
    }
    shown + rest
}

/// The letter outside ASCII that a text begins with, and the length of its code.
fn encoded_letter(text: &str) -> Option<(char, usize)> {
    let first = encoded_byte(text)?;
    // RFC 3629: the first byte says how many there are.
    let count = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let bytes: Option<Vec<u8>> = (0..count)
        .map(|at| encoded_byte(text.get(at * 3..)?))
        .collect();
    let bytes = bytes?;
    let letter = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    letter.is_alphanumeric().then_some((letter, count * 3))
}

fn encoded_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    // Capitals only: another spelling was written by hand, and is shown as it is sent.
    let is_own = digits
        .bytes()
        .all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F'));
    is_own.then(|| u8::from_str_radix(digits, 16).ok())?
}

/// `application/x-www-form-urlencoded`: a blank becomes `+`.
#[must_use]
pub(crate) fn encode_form(text: &str) -> String {
    ::url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The same for text in another encoding.
#[must_use]
pub(crate) fn encode_form_bytes(bytes: &[u8]) -> String {
    ::url::form_urlencoded::byte_serialize(bytes).collect()
}

/// `name=value&…` in RFC 3986 encoding.
#[must_use]
pub(crate) fn join_query(pairs: &[(String, String)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&encode_strict(name));
        out.push('=');
        out.push_str(&encode_strict(value));
    }
    out
}

/// `name=value&…` in form encoding.
#[must_use]
pub(crate) fn join_form(pairs: &[(String, String)]) -> String {
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode_form(name), encode_form(value)))
        .collect();
    encoded.join("&")
}

/// Text whose percent signs encode bytes that are not UTF-8 stays as it is: two such texts must not
/// become one.
fn decode_percent(text: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map_or_else(|_| text.to_owned(), Cow::into_owned)
}

/// The names and values of a query or a form, decoded as WHATWG URL, section 5.1 says: a `+` is a
/// blank. Every client library writes one so, and every server reads it so, in a query too.
#[must_use]
pub fn parse_form(text: &str) -> Vec<(String, String)> {
    // Before the percent signs are decoded: `%2B` is a plus and must stay one.
    let decode = |text: &str| decode_percent(&text.replace('+', " "));
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf_8_stay_encoded() {
        let value = |query| parse_form(query)[0].1.clone();
        assert_eq!(value("k=%FF"), "%FF");
        assert_ne!(value("k=%FF"), value("k=%FE"));
        assert_eq!(parse_form("k=a+%FF")[0].1, "a %FF");
    }

    #[test]
    fn values_survive_both_encodings() {
        let pairs = vec![
            (
                "키".to_owned(),
                "a b+c%20'\"~*()[]{}|\\^`,:;@!$&=/?#".to_owned(),
            ),
            ("empty".to_owned(), String::new()),
        ];
        assert_eq!(parse_form(&join_query(&pairs)), pairs);
        assert_eq!(parse_form(&join_form(&pairs)), pairs);
        assert_eq!(encode_strict("a b%~'").as_ref(), "a%20b%25~%27");
        assert_eq!(encode_form("a b%~'"), "a+b%25%7E%27");
    }

    #[test]
    fn only_letters_outside_ascii_are_shown_decoded() {
        for (sent, shown) in [
            ("/%EB%AC%B4/a?k=%EB%AC%B4+b%20c", "/무/a?k=무+b%20c"),
            ("%25EB%25AC%25B4", "%25EB%25AC%25B4"),
            ("a%26amp%3Bb%26c%3Dd", "a%26amp%3Bb%26c%3Dd"),
            // A blank, a dash and a picture are no letters; half a letter is none.
            (
                "%E3%80%80%E2%80%93%F0%9F%98%80%EB%AC",
                "%E3%80%80%E2%80%93%F0%9F%98%80%EB%AC",
            ),
            ("%eb%ac%b4%", "%eb%ac%b4%"),
            ("%F0%A0%80%80", "𠀀"),
        ] {
            assert_eq!(show_letters(sent), shown);
        }
    }
}
