//! How a canary can be written: the encodings that users and marketplaces were seen to use, their
//! mixtures, and some that nobody named. Each is made here from its own definition.

use super::CANARIES;
use super::server::{html, percent};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

pub(super) struct Spelling {
    /// Its index in `CANARIES`.
    pub(super) canary: usize,
    pub(super) encoding: &'static str,
    /// The index of the encoding.
    pub(super) number: usize,
    pub(super) text: String,
}

impl Spelling {
    /// Between words that show how far it came.
    pub(super) fn marked(&self, n: usize) -> String {
        format!("mark{n}m {} kram", self.text)
    }
}

/// Spellings that one response holds, by their places in the list.
pub(super) const GROUP: usize = 10;

/// What one response holds.
pub(super) fn groups(spellings: &[Spelling]) -> Vec<String> {
    let marked: Vec<String> = (0..)
        .zip(spellings)
        .map(|(n, spelling)| spelling.marked(n))
        .collect();
    marked
        .chunks(GROUP)
        .map(|group| group.join(" / "))
        .collect()
}

pub(super) fn all_spellings() -> Vec<Spelling> {
    let of_canary = |(canary, secret): (usize, &super::Canary)| -> Vec<Spelling> {
        let encodings = encodings(secret.value).into_iter().enumerate();
        encodings
            .map(|(number, (encoding, text))| Spelling {
                canary,
                encoding,
                number,
                text,
            })
            .collect()
    };
    CANARIES.iter().enumerate().flat_map(of_canary).collect()
}

/// Every encoding once, every canary as often as another.
pub(super) fn sampled_spellings() -> Vec<Spelling> {
    let mut spellings = all_spellings();
    spellings.retain(|spelling| spelling.number % CANARIES.len() == spelling.canary);
    spellings
}

fn bytes(secret: &str, write: fn(u8) -> String) -> String {
    secret.bytes().map(write).collect()
}

fn chars(secret: &str, write: fn(char) -> String) -> String {
    secret.chars().map(write).collect()
}

fn units(secret: &str, write: fn(u16) -> String) -> String {
    secret.encode_utf16().map(write).collect()
}

fn code(letter: char) -> u32 {
    u32::from(letter)
}

fn lines(text: &str, len: usize, end: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let lines: Vec<String> = letters
        .chunks(len)
        .map(|line| line.iter().collect())
        .collect();
    lines.join(end)
}

fn utf16(secret: &str, write: fn(u16) -> [u8; 2]) -> Vec<u8> {
    secret.encode_utf16().flat_map(write).collect()
}

/// RFC 4648, section 6, without padding.
fn base32(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let letters = bits.as_bytes().chunks(5).map(|bits| {
        let bits = std::str::from_utf8(bits).unwrap();
        let index = usize::from_str_radix(&format!("{bits:0<5}"), 2).unwrap();
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[index])
    });
    letters.collect()
}

fn rot13(secret: &str) -> String {
    chars(secret, |letter| {
        let first = if letter.is_ascii_lowercase() {
            b'a'
        } else {
            b'A'
        };
        if !letter.is_ascii_alphabetic() {
            return letter.to_string();
        }
        char::from((letter as u8 - first + 13) % 26 + first).to_string()
    })
}

/// In the middle, at the boundary of a character.
fn split(secret: &str, between: &str) -> String {
    let middle = secret
        .char_indices()
        .nth(secret.chars().count() / 2)
        .unwrap()
        .0;
    format!("{}{between}{}", &secret[..middle], &secret[middle..])
}

fn times(count: usize, text: &str, encode: fn(&str) -> String) -> String {
    (0..count).fold(text.to_owned(), |text, _| encode(&text))
}

fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

/// Every encoding of a secret, in groups: as it was seen, mixtures, and what nobody named.
fn encodings(secret: &str) -> Vec<(&'static str, String)> {
    let mut all = escapes(secret);
    all.extend(numbers(secret));
    all.extend(base64s(secret));
    all.extend(unnamed(secret));
    all
}

fn escapes(secret: &str) -> Vec<(&'static str, String)> {
    let url = percent(secret);
    let json = serde_json::to_string(secret).unwrap();
    vec![
        ("as it is", secret.to_owned()),
        ("percent", url.clone()),
        ("percent in small letters", url.to_lowercase()),
        ("form", url.replace("%20", "+")),
        ("quote() that keeps /", url.replace("%2F", "/")),
        ("only + as %2B", secret.replace('+', "%2B")),
        ("all-%XX", bytes(secret, |byte| format!("%{byte:02x}"))),
        ("percent twice", percent(&url)),
        ("percent three times", times(3, secret, percent)),
        ("JSON", json.clone()),
        ("JSON in JSON", serde_json::to_string(&json).unwrap()),
        ("JSON with \\/", json.replace('/', "\\/")),
        ("one \\u002B", secret.replace('+', "\\u002B")),
        ("all-\\u", units(secret, |unit| format!("\\u{unit:04x}"))),
        ("\\u of percent", url.replace('%', "\\u0025")),
        ("percent of JSON", percent(&json)),
        (
            "percent of \\u",
            percent(&units(secret, |unit| format!("\\u{unit:04X}"))),
        ),
        (
            "decimal entities",
            chars(secret, |letter| format!("&#{};", code(letter))),
        ),
        ("one &#43;", secret.replace('+', "&#43;")),
        (
            "hex entities",
            chars(secret, |letter| format!("&#x{:X};", code(letter))),
        ),
        ("HTML", html(secret)),
        ("HTML of HTML", html(&html(secret))),
        ("HTML of percent of JSON", html(&percent(&json))),
        ("quoted-printable", secret.replace('=', "=3D")),
        (
            "all quoted-printable",
            bytes(secret, |byte| format!("={byte:02X}")),
        ),
        (
            "soft line breaks",
            lines(&secret.replace('=', "=3D"), 7, "=\r\n"),
        ),
        ("broken over lines", lines(secret, 6, "\n  ")),
        ("a line for each letter", lines(secret, 1, "\n")),
        ("reversed", secret.chars().rev().collect()),
        ("capitals", secret.to_uppercase()),
        ("small letters", secret.to_lowercase()),
        ("rot13", rot13(secret)),
        ("Rust", format!("{secret:?}")),
        (
            "braces of JavaScript",
            chars(secret, |letter| format!("\\u{{{:x}}}", code(letter))),
        ),
        ("concatenated", split(secret, "\" + \"")),
        ("with hyphens", lines(secret, 4, "-")),
    ]
}

fn numbers(secret: &str) -> Vec<(&'static str, String)> {
    vec![
        ("hex", hex::encode(secret)),
        ("HEX", hex::encode_upper(secret)),
        (
            "hex with colons",
            bytes(secret, |byte| format!("{byte:02x}:")),
        ),
        (
            "hex with blanks",
            bytes(secret, |byte| format!("{byte:02X} ")),
        ),
        ("hex of C", bytes(secret, |byte| format!("0x{byte:02x}, "))),
        ("\\x", bytes(secret, |byte| format!("\\x{byte:02x}"))),
        ("octal", bytes(secret, |byte| format!("\\{byte:03o}"))),
        ("decimal", bytes(secret, |byte| format!("{byte}, "))),
        ("binary", bytes(secret, |byte| format!("{byte:08b} "))),
        ("U+", units(secret, |unit| format!("U+{unit:04X} "))),
        (
            "hex of UTF-16",
            hex::encode(utf16(secret, u16::to_le_bytes)),
        ),
        (
            "percent of hex with blanks",
            percent(&bytes(secret, |byte| format!("{byte:02X} "))),
        ),
    ]
}

fn base64s(secret: &str) -> Vec<(&'static str, String)> {
    let plain = base64(secret);
    let at = |before: &str| format!("{before}{secret}tail");
    vec![
        ("base64", plain.clone()),
        ("base64 for URLs", BASE64_URL_SAFE_NO_PAD.encode(secret)),
        (
            "base64 without padding",
            BASE64_STANDARD_NO_PAD.encode(secret),
        ),
        ("base64 in lines", lines(&plain, 9, "\r\n")),
        ("base64 in percent", percent(&plain)),
        ("base64 in JSON with \\/", plain.replace('/', "\\/")),
        ("base64 of percent", base64(&percent(secret))),
        (
            "base64 of JSON",
            base64(&serde_json::to_string(secret).unwrap()),
        ),
        ("base64 of HTML", base64(&html(secret))),
        ("base64 of hex", base64(&hex::encode(secret))),
        ("base64 of HEX", base64(&hex::encode_upper(secret))),
        ("base64 twice", base64(&plain)),
        (
            "base64 of UTF-16",
            BASE64_STANDARD.encode(utf16(secret, u16::to_le_bytes)),
        ),
        ("base64 after 1", base64(&at("x"))),
        ("base64 after 2", base64(&at("xy"))),
        ("base64 after 3", base64(&at("xyz"))),
        ("base64 twice after 1", base64(&base64(&at("x")))),
        ("base64 twice after 2", base64(&base64(&at("xy")))),
        ("base64 twice after 3", base64(&base64(&at("xyz")))),
        (
            "Basic user:secret",
            format!("Basic {}", base64(&format!("user:{secret}"))),
        ),
        ("base32", base32(secret.as_bytes())),
        ("base32 after 1", base32(at("x").as_bytes())),
    ]
}

/// What no list of ours had named before. Some others are known to pass, and nothing here sends them:
/// tags or CDATA between the letters, base64 three times, more than four escapes in one another (a URL
/// adds one), hex of hex or of base64,
/// base64 and hex backwards, base58, base85, uuencode, compressed data in base64.
fn unnamed(secret: &str) -> Vec<(&'static str, String)> {
    let latin = secret.bytes().map(char::from);
    vec![
        ("MIME word B", format!("=?UTF-8?B?{}?=", base64(secret))),
        (
            "MIME word Q",
            format!(
                "=?UTF-8?Q?{}?=",
                bytes(secret, |byte| format!("={byte:02X}"))
            ),
        ),
        (
            "UTF-7",
            format!(
                "+{}-",
                BASE64_STANDARD_NO_PAD.encode(utf16(secret, u16::to_be_bytes))
            ),
        ),
        (
            "escape() of JavaScript",
            units(secret, |unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii_alphanumeric() || b"@*_+-./".contains(&byte) => {
                    char::from(byte).to_string()
                }
                Ok(byte) => format!("%{byte:02X}"),
                Err(_) => format!("%u{unit:04X}"),
            }),
        ),
        ("all %uXXXX", units(secret, |unit| format!("%u{unit:04X}"))),
        (
            "escapes of CSS",
            chars(secret, |letter| format!("\\{:x} ", code(letter))),
        ),
        ("bytea of PostgreSQL", format!("\\x{}", hex::encode(secret))),
        ("blob of SQL", format!("X'{}'", hex::encode_upper(secret))),
        (
            "bytes of Python",
            format!("b'{}'", secret.as_bytes().escape_ascii()),
        ),
        (
            "bytes of Java",
            bytes(secret, |byte| format!("{}, ", byte.cast_signed())),
        ),
        (
            "full width",
            chars(secret, |letter| match code(letter) {
                code @ 0x21..=0x7e => char::from_u32(code + 0xfee0).unwrap().to_string(),
                _ => letter.to_string(),
            }),
        ),
        ("UTF-8 read as Latin-1", latin.collect()),
        (
            "? for what is not ASCII",
            chars(secret, |letter| {
                if letter.is_ascii() {
                    letter.to_string()
                } else {
                    "?".to_owned()
                }
            }),
        ),
        ("zero-width blanks", lines(secret, 1, "\u{200b}")),
        ("soft hyphens", lines(secret, 5, "\u{ad}")),
        ("soft hyphens as entities", lines(secret, 5, "&shy;")),
        (
            "blanks of no width as entities",
            lines(secret, 5, "&#8203;"),
        ),
    ]
}
