//! Values that are never shown, and the redactor that knows every form they can take. Text that may
//! be shown is `Shown`, and only a redactor makes it.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use std::fmt;

/// A secret shorter than this cannot be redacted without harm, so it is refused.
pub(crate) const MIN_SECRET_BYTES: usize = 8;

/// Text without secrets. Control characters that could command a terminal are written visibly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedactedText(String);

impl RedactedText {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A text of the program itself, in which no value of a run can stand.
    #[must_use]
    pub fn from_static(text: &'static str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for RedactedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Replaces every live secret, in every form it can take, by its name: `‹cred.secret_key›`.
#[derive(Default)]
pub(crate) struct Redactor {
    secrets: Vec<(String, String)>,
    /// Built when a text comes, not when a secret does: a run adds several before the first text, and
    /// each build costs as much as all forms of all secrets are long.
    matcher: Option<SecretMatcher>,
}

/// Finds every form of every secret in one pass.
struct SecretMatcher {
    /// `None` when it cannot be built, for example because the secrets are too long together.
    engine: Option<AhoCorasick>,
    /// For each pattern the secret that it is a form of.
    owners: Vec<usize>,
}

/// What stands in place of a text in which secrets cannot be searched for.
const UNSEARCHABLE: &str = "‹text withheld: secrets cannot be searched for in it›";

impl Redactor {
    /// From now on the value is shown as `‹name›`. The same value is remembered once.
    ///
    /// A value shorter than [`MIN_SECRET_BYTES`] is not remembered: it would stand in half of all
    /// words. Credentials of that length are refused where they are read.
    pub(crate) fn add_secret(&mut self, name: impl Into<String>, value: &str) {
        if value.len() < MIN_SECRET_BYTES || self.secrets.iter().any(|(_, known)| known == value) {
            return;
        }
        self.secrets.push((name.into(), value.to_owned()));
        self.matcher = None;
    }

    /// Text that may be shown.
    pub(crate) fn redact_for_display(&mut self, text: &str) -> RedactedText {
        RedactedText(escape_control_chars(&self.redact(text)))
    }

    /// Text that may be written to a file: without secrets, otherwise as it is.
    pub(crate) fn redact(&mut self, text: &str) -> String {
        if self.secrets.is_empty() {
            return text.to_owned();
        }
        let secrets = &self.secrets;
        let matcher = self.matcher.get_or_insert_with(|| build_matcher(secrets));
        // Without an engine no text is known to be free of secrets, so none is shown.
        let Some(engine) = &matcher.engine else {
            return UNSEARCHABLE.to_owned();
        };
        let owners = &matcher.owners;
        let mut out = String::with_capacity(text.len());
        engine.replace_all_with(text, &mut out, |found, _, out| {
            let owner = owners
                .get(found.pattern().as_usize())
                .and_then(|owner| secrets.get(*owner));
            out.push('‹');
            out.push_str(owner.map_or("secret", |(name, _)| name));
            out.push('›');
            true
        });
        out
    }

    /// Text that is kept in a file: a secret that is broken over lines is found, too.
    pub(crate) fn redact_multiline(&mut self, text: &str) -> String {
        let text = self.redact(text);
        let Some(SecretMatcher {
            engine: Some(engine),
            owners,
        }) = self.matcher.as_ref().filter(|_| text.contains('\n'))
        else {
            return text;
        };
        // Base64 is wrapped at 76 letters in mail and PEM, so line ends are taken out for the search.
        // `at` leads each byte of the text without them back to its place in the text with them.
        let (places, flat): (Vec<usize>, String) = text
            .char_indices()
            .filter(|(_, letter)| !"\r\n".contains(*letter))
            .unzip();
        let at: Vec<usize> = places
            .iter()
            .zip(flat.chars())
            .flat_map(|(place, letter)| *place..*place + letter.len_utf8())
            .collect();
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for found in engine.find_iter(&flat) {
            let owner = owners
                .get(found.pattern().as_usize())
                .and_then(|owner| self.secrets.get(*owner));
            out.push_str(&text[done..at[found.start()]]);
            out.push_str(&format!("‹{}›", owner.map_or("secret", |(name, _)| name)));
            done = at[found.end() - 1] + 1;
        }
        out + &text[done..]
    }

    /// Whether bytes hold a secret in any form.
    pub(crate) fn contains_secret(&mut self, bytes: &[u8]) -> bool {
        if self.secrets.is_empty() {
            return false;
        }
        let secrets = &self.secrets;
        let matcher = self.matcher.get_or_insert_with(|| build_matcher(secrets));
        // What cannot be searched is taken for a leak.
        matcher
            .engine
            .as_ref()
            .is_none_or(|engine| engine.is_match(bytes))
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

fn build_matcher(secrets: &[(String, String)]) -> SecretMatcher {
    let mut patterns: Vec<Vec<u8>> = Vec::new();
    let mut owners = Vec::new();
    for (owner, (_, value)) in secrets.iter().enumerate() {
        for form in encoded_forms(value) {
            if form.len() >= MIN_SECRET_BYTES && !patterns.contains(&form) {
                patterns.push(form);
                owners.push(owner);
            }
        }
    }
    // The longest form wins, so that no part of a longer secret is left standing beside a shorter
    // one.
    let engine = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(&patterns)
        .ok();
    SecretMatcher { engine, owners }
}

/// Every form in which a value can stand in a text.
fn encoded_forms(value: &str) -> Vec<Vec<u8>> {
    let percent = crate::wire::encode_strict(value).into_owned();
    let lower = lower_hex_escapes(&percent);
    let form = crate::wire::encode_form(value);
    let json = json_escaped(value);
    let mut forms = vec![
        value.to_owned(),
        crate::wire::encode_strict(&percent).into_owned(),
        crate::wire::encode_strict(&form).into_owned(),
        lower_hex_escapes(&form),
        percent,
        lower,
        form,
        json.replace('/', "\\/"),
        // JSON in a text of JSON.
        json_escaped(&json),
        json,
        unicode_escapes(value, false),
        unicode_escapes(value, true),
        html_escaped(value, "&#39;"),
        html_escaped(value, "&#x27;"),
        hex::encode(value),
        hex::encode_upper(value),
        value.chars().rev().collect(),
        format!("{value:?}").trim_matches('"').to_owned(),
    ];
    for shift in 0..3 {
        forms.extend(base64_cores(value, shift));
    }
    // A salt is shown without its unused bits in a hash, so its last letter can differ there.
    if let Some(prefix) = value.get(..28).filter(|prefix| prefix.starts_with("$2")) {
        forms.push(prefix.to_owned());
        forms.extend(base64_cores(prefix, 0));
    }
    forms.into_iter().map(String::into_bytes).collect()
}

/// As it stands between the quotes of a JSON text.
fn json_escaped(text: &str) -> String {
    let json = crate::value::Value::from(text).to_json();
    // JSON of a text begins and ends with a quote. An empty form in place of a wrong one would let
    // the secret through.
    json[1..json.len() - 1].to_owned()
}

/// The letters of base64 that depend on the value alone, when it begins `shift` bytes into a group
/// of three.
fn base64_cores(value: &str, shift: usize) -> [String; 2] {
    let padded = [vec![0; shift], value.as_bytes().to_vec()].concat();
    let first = (shift * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    // The letters at both ends also hold bits of the bytes beside the value, which differ from text
    // to text. Base64 is ASCII, and a secret of eight bytes and more has letters between them.
    let core = |encoded: String| encoded[first..last].to_owned();
    [
        core(BASE64_STANDARD.encode(&padded)),
        core(BASE64_URL_SAFE_NO_PAD.encode(&padded)),
    ]
}

fn lower_hex_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    for letter in text.chars() {
        rest = if letter == '%' { 2 } else { rest };
        let escaped = rest > 0 && letter != '%';
        out.push(if escaped {
            letter.to_ascii_lowercase()
        } else {
            letter
        });
        rest -= usize::from(escaped);
    }
    out
}

fn unicode_escapes(text: &str, upper: bool) -> String {
    let escape = |unit: u16| {
        if upper {
            format!("\\u{unit:04X}")
        } else {
            format!("\\u{unit:04x}")
        }
    };
    text.chars()
        .map(|letter| {
            let mut units = [0; 2];
            let plain = letter.is_ascii_alphanumeric() || "-._~ ".contains(letter);
            if plain {
                letter.to_string()
            } else {
                letter
                    .encode_utf16(&mut units)
                    .iter()
                    .map(|unit| escape(*unit))
                    .collect()
            }
        })
        .collect()
}

fn html_escaped(text: &str, apostrophe: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', apostrophe)
}

/// Writes control and direction characters as escapes, so that an answer cannot command a terminal.
#[must_use]
pub(crate) fn escape_control_chars(text: &str) -> String {
    let hidden = |letter: char| {
        (letter.is_control() && !matches!(letter, '\n' | '\t'))
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(hidden) {
        return text.to_owned();
    }
    text.chars()
        .map(|letter| {
            if hidden(letter) {
                letter.escape_unicode().to_string()
            } else {
                letter.to_string()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "ca+na/ry=&%\"<\\한9xyz";

    fn redactor() -> Redactor {
        let mut redactor = Redactor::default();
        redactor.add_secret("cred.key", CANARY);
        redactor
    }

    /// The state after a build that failed; no secrets of a sensible size make it fail.
    #[test]
    fn without_a_matcher_no_text_is_shown() {
        let mut redactor = redactor();
        redactor.matcher = Some(SecretMatcher {
            engine: None,
            owners: Vec::new(),
        });
        for text in [CANARY, "anything\nelse"] {
            assert_eq!(redactor.redact(text), UNSEARCHABLE);
            assert_eq!(redactor.redact_multiline(text), UNSEARCHABLE);
            assert_eq!(redactor.redact_for_display(text).as_str(), UNSEARCHABLE);
            assert!(redactor.contains_secret(text.as_bytes()));
        }
    }

    #[test]
    fn no_form_of_a_secret_is_shown() {
        let mut redactor = redactor();
        for form in encoded_forms(CANARY) {
            let text = format!("a {} b", String::from_utf8(form).unwrap());
            assert_eq!(redactor.redact(&text), "a ‹cred.key› b", "{text}");
        }
        for before in ["", "x", "xy", "xyz"] {
            let encoded = BASE64_STANDARD.encode(format!("{before}{CANARY}tail"));
            assert!(
                redactor.redact(&encoded).contains("‹cred.key›"),
                "{encoded}"
            );
        }
    }

    #[test]
    fn a_secret_that_is_broken_over_lines_is_found() {
        let encoded =
            BASE64_STANDARD.encode(format!("{}{CANARY}{}", "x".repeat(50), "y".repeat(50)));
        let wrapped: Vec<&str> = encoded
            .as_bytes()
            .chunks(76)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let scrubbed =
            redactor().redact_multiline(&format!("한 a\n{}\nb 글", wrapped.join("\r\n")));
        assert!(
            scrubbed.starts_with("한 a\n")
                && scrubbed.ends_with("\nb 글")
                && scrubbed.contains("‹cred.key›"),
            "{scrubbed}"
        );
        assert!(
            !redactor().contains_secret(scrubbed.replace("\r\n", "").as_bytes()),
            "{scrubbed}"
        );
        assert_eq!(
            redactor().redact_multiline("nothing\nto see"),
            "nothing\nto see"
        );
    }

    #[test]
    fn a_bcrypt_hash_does_not_give_its_salt_away() {
        let mut redactor = Redactor::default();
        redactor.add_secret("cred.client_secret", "$2a$10$abcdefghijklmnopqrstuv");
        let hash = "$2a$10$abcdefghijklmnopqrstuuBVWYJN6OEOtLu8V4p41kb.NzUiA3nk2";
        assert!(redactor.redact(hash).starts_with("‹cred.client_secret›"));
        assert!(
            redactor
                .redact(&BASE64_STANDARD.encode(hash))
                .starts_with("‹cred.client_secret›")
        );
    }

    #[test]
    fn an_answer_cannot_command_a_terminal() {
        assert_eq!(
            escape_control_chars("a\u{1b}[31m\u{202e}b\tc\nd"),
            "a\\u{1b}[31m\\u{202e}b\tc\nd"
        );
    }
}
