//! The redactor: knows every live secret, and replaces it by its name in every encoding. Another
//! knows the personal data of one file, and replaces it by pseudonyms.

use super::display::RedactedText;
use super::encodings::{MIN_PERSONAL_BYTES, literal_forms, normal_forms, personal_forms};
use super::normal_form::{NormalText, fold, for_each_normal_form};
use super::pattern_search::PatternSearch;
use super::weak_secret::MIN_SECRET_BYTES;
use crate::secret::Secret;
use std::fmt;
use std::io::{Read, Result};
use std::ops::Range;

/// What a text is replaced by that cannot be searched.
const UNSEARCHABLE: &str = "‹redacted: the search for secrets failed›";

/// What two windows of a file share at least, in bytes.
const MIN_SHARED_BYTES: usize = 64 << 10;

/// The most bytes that a letter of a secret takes: percent-encoded twice and spaced out by JSON.
const MAX_BYTES_PER_LETTER: usize = 64;

/// What a redactor takes out of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RedactedKind {
    /// Each is replaced by its name: `‹cred.secret_key›`.
    #[default]
    Secrets,
    /// Each is replaced by its pseudonym, where it is no part of a longer word.
    PersonalData,
}

impl RedactedKind {
    /// A shorter text holds nothing that is looked for.
    fn min_text_bytes(self) -> usize {
        match self {
            Self::Secrets => MIN_SECRET_BYTES,
            Self::PersonalData => 1,
        }
    }
}

/// Replaces every live secret, in every encoding, by its name: `‹cred.secret_key›`.
#[derive(Default)]
pub struct Redactor {
    kind: RedactedKind,
    /// Name → value. The redactor must know the texts that it takes out, for as long as something
    /// can be written. It is the second holder of every secret, and overwrites its copies as well;
    /// only where personal data or literals are searched for, the automaton of a library keeps them.
    secrets: Vec<(String, Secret<String>)>,
    /// Each for a range of the secrets, in order. A response can bring new secrets with every
    /// request of a long run: a single matcher would be built anew, for all of them, each time.
    matchers: Vec<SecretMatcher>,
}

impl Redactor {
    /// From now on the value is replaced by `‹name›`. The same value is remembered once.
    pub fn add_secret(&mut self, name: impl Into<String>, value: &str) {
        if value.len() < MIN_SECRET_BYTES || self.is_known(value) {
            return;
        }
        self.secrets.push((name.into(), Secret::from(value)));
    }

    /// A redactor of personal data.
    pub(crate) fn for_personal_data() -> Self {
        Self {
            kind: RedactedKind::PersonalData,
            ..Self::default()
        }
    }

    /// From now on the value is replaced by its pseudonym. The caller adds each value once.
    pub(crate) fn add_personal_value(&mut self, value: &str, pseudonym: &str) {
        if value.len() >= MIN_PERSONAL_BYTES {
            self.secrets
                .push((pseudonym.to_owned(), Secret::from(value)));
        }
    }

    /// The same for a value of any length: whoever adds it answers for what else looks like it.
    pub(crate) fn add_short_personal_value(&mut self, value: &str, pseudonym: &str) {
        self.secrets
            .push((pseudonym.to_owned(), Secret::from(value)));
    }

    fn is_known(&self, value: &str) -> bool {
        self.secrets
            .iter()
            .any(|(_, known)| known.expose() == value)
    }

    /// Covers the secrets that were added since the last search. Matchers of like size are joined,
    /// so that there are few of them, and none is built more often than its size doubles.
    fn update_matchers(&mut self) {
        let covered = self.matchers.last().map_or(0, |last| last.secrets.end);
        if covered == self.secrets.len() {
            return;
        }
        let mut first = covered;
        while let Some(last) = self.matchers.last()
            && last.secrets.len() <= self.secrets.len() - first
        {
            first = last.secrets.start;
            self.matchers.pop();
        }
        let range = first..self.secrets.len();
        self.matchers
            .push(SecretMatcher::new(self.kind, &self.secrets, range));
    }

    /// Text that may be shown.
    pub(crate) fn redact_for_display(&mut self, text: &str) -> RedactedText {
        RedactedText::new(&self.redact(text))
    }

    /// Text that may be written to a file: without secrets, otherwise as it is.
    pub fn redact(&mut self, text: &str) -> String {
        redact_jointly(&mut [self], text)
    }

    /// The same text with a star for each byte of a secret but line feeds, so that every place of it
    /// stays where it is.
    pub(crate) fn mask(&mut self, text: &str) -> String {
        if self.secrets.is_empty() {
            return text.to_owned();
        }
        let star = |byte: u8| if byte == b'\n' { '\n' } else { '*' };
        let Some(found) = find(&mut [self], text.as_bytes()) else {
            return text.bytes().map(star).collect();
        };
        let mut masked = String::with_capacity(text.len());
        let mut written = 0;
        for FoundValue { range, .. } in found {
            let range = whole_chars(text, range);
            masked.push_str(&text[written..range.start.max(written)]);
            masked.extend(
                text[range.start.max(written)..range.end.max(written)]
                    .bytes()
                    .map(star),
            );
            written = range.end.max(written);
        }
        masked.push_str(&text[written..]);
        masked
    }

    /// Where a text holds a secret in any encoding, in order, with what replaces it: `‹name›`. Of
    /// places that overlap one is made. `None` when the search itself is not possible.
    pub(crate) fn places(&mut self, text: &str) -> Option<Vec<(Range<usize>, String)>> {
        if self.secrets.is_empty() {
            return Some(Vec::new());
        }
        let found = find(&mut [self], text.as_bytes())?;
        let places = found.into_iter();
        let whole = places.map(|found| (whole_chars(text, found.range), found.replacement));
        Some(whole.collect())
    }

    /// The secrets that a text holds in any encoding, with their names.
    pub(crate) fn secrets_in(&mut self, text: &str) -> Vec<(String, Secret<String>)> {
        if !self.contains_secret(text.as_bytes()) {
            return Vec::new();
        }
        // Places that overlap are joined and lose their owners, so each is searched for alone. This
        // is rare: only an undo that holds a secret is looked at in this way.
        let is_in = |name: &str, value: &Secret<String>| {
            let mut alone = Self::default();
            alone.add_secret(name, value.expose());
            alone.contains_secret(text.as_bytes())
        };
        let secrets = self.secrets.iter();
        secrets
            .filter(|(name, value)| is_in(name, value))
            .cloned()
            .collect()
    }

    /// Whether bytes hold a secret in any encoding.
    pub(crate) fn contains_secret(&mut self, bytes: &[u8]) -> bool {
        !self.secrets.is_empty() && find(&mut [self], bytes).is_none_or(|found| !found.is_empty())
    }

    /// The same for what a reader gives, window by window. Two windows share more than a secret has
    /// in any of its encodings.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn contains_secret_within(&mut self, reader: &mut dyn Read) -> Result<bool> {
        let longest = self.secrets.iter().map(|(_, value)| value.expose().len());
        let Some(longest) = longest.max() else {
            return Ok(false);
        };
        let shared = MIN_SHARED_BYTES.max(longest * MAX_BYTES_PER_LETTER);
        let mut window = Vec::new();
        loop {
            let kept = window.len();
            let added = (&mut *reader)
                .take((shared * 4) as u64)
                .read_to_end(&mut window)?;
            if added == 0 {
                return Ok(false);
            }
            if self.contains_secret(&window) {
                return Ok(true);
            }
            window.drain(..(kept + added).saturating_sub(shared));
        }
    }

    fn replacement(&self, secret: usize) -> String {
        let name = &self.secrets[secret].0;
        match self.kind {
            RedactedKind::Secrets => format!("‹{name}›"),
            RedactedKind::PersonalData => name.clone(),
        }
    }
}

/// A copy that knows the same values. It builds its matchers when it first needs them.
impl Clone for Redactor {
    fn clone(&self) -> Self {
        Self {
            kind: self.kind,
            secrets: self.secrets.clone(),
            matchers: Vec::new(),
        }
    }
}

/// Redacts by all redactors at once: one after the other, the first could cut a value of the second
/// in two, and a half of it is not recognised.
pub(crate) fn redact_jointly(redactors: &mut [&mut Redactor], text: &str) -> String {
    let can_hold_any = redactors.iter().any(|redactor| {
        !redactor.secrets.is_empty() && text.len() >= redactor.kind.min_text_bytes()
    });
    if !can_hold_any {
        return text.to_owned();
    }
    let Some(found) = find(redactors, text.as_bytes()) else {
        return UNSEARCHABLE.to_owned();
    };
    if found.is_empty() {
        return text.to_owned();
    }
    let mut redacted = String::with_capacity(text.len());
    let mut written = 0;
    for FoundValue { range, replacement } in found {
        let range = whole_chars(text, range);
        redacted.push_str(&text[written..range.start.max(written)]);
        redacted.push_str(&replacement);
        written = range.end.max(written);
    }
    redacted.push_str(&text[written..]);
    redacted
}

/// Every place that holds a value of one of the redactors, in order, none touching another. `None`
/// when the search itself is not possible.
fn find(redactors: &mut [&mut Redactor], text: &[u8]) -> Option<Vec<FoundValue>> {
    for redactor in redactors.iter_mut() {
        redactor.update_matchers();
    }
    // Places are kept in 32 bits.
    u32::try_from(text.len()).ok()?;
    let mut found = Vec::new();
    for_each_normal_form(text, |normal| {
        for redactor in redactors.iter() {
            for matcher in &redactor.matchers {
                matcher.find_forms(text, normal, redactor, &mut found);
            }
        }
    });
    for redactor in redactors.iter() {
        for matcher in &redactor.matchers {
            if !matcher.is_built() {
                return None;
            }
            matcher.find_literals(text, redactor, &mut found);
        }
    }
    Some(merged(found))
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

/// A place of a text that holds a value to be replaced.
struct FoundValue {
    range: Range<usize>,
    replacement: String,
}

/// One search for all encodings of all secrets.
struct SecretMatcher {
    /// The secrets that it searches for.
    secrets: Range<usize>,
    /// The first letters of every normal form. The whole forms would need an automaton ten times
    /// as large; where the first letters match, the rest is compared. `None` if it cannot be built.
    starts: Option<PatternSearch>,
    /// For each start, the whole form.
    forms: Vec<SearchedForm>,
    /// The punctuation at both ends of each secret.
    edges: Vec<Edges>,
    /// Secrets that are nearly all punctuation, as they are.
    literals: Option<PatternSearch>,
    literal_owners: Vec<usize>,
}

/// One of the forms that a secret can have in a normal text.
struct SearchedForm {
    letters: Secret<Vec<u8>>,
    /// The index of its secret.
    secret: usize,
    /// It counts only where no letter or digit stands beside it.
    is_whole_word: bool,
}

/// The punctuation at both ends of a secret, which its normal form leaves out.
struct Edges {
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Edges {
    fn of(secret: &str) -> Self {
        let is_inner = |letter: char| letter.is_ascii_alphanumeric() || !letter.is_ascii();
        let begin = secret.find(is_inner).unwrap_or(secret.len());
        let end = secret.rfind(is_inner).map_or(begin, |last| {
            last + secret[last..].chars().next().map_or(0, char::len_utf8)
        });
        Self {
            before: secret.as_bytes()[..begin].to_vec(),
            after: secret.as_bytes()[end..].to_vec(),
        }
    }

    /// The range with the punctuation that stands beside it.
    fn include(&self, text: &[u8], range: Range<usize>) -> Range<usize> {
        let (mut start, mut end) = (range.start, range.end);
        if text[..start].ends_with(&self.before) {
            start -= self.before.len();
        }
        if text[end..].starts_with(&self.after) {
            end += self.after.len();
        }
        start..end
    }
}

/// How many letters of personal data are searched for: few enough for a small automaton, and so many
/// that ordinary text does not hold them.
const START: usize = 10;

impl SecretMatcher {
    fn new(kind: RedactedKind, all: &[(String, Secret<String>)], secrets: Range<usize>) -> Self {
        let (mut forms, mut literals, mut literal_owners) = (Vec::new(), Vec::new(), Vec::new());
        for secret in secrets.clone() {
            let value = all[secret].1.expose().as_str();
            let found = searched_forms(kind, value, secret);
            let is_punctuation = match kind {
                RedactedKind::Secrets => fold(value.as_bytes()).len() < MIN_SECRET_BYTES,
                RedactedKind::PersonalData => !found.iter().any(|form| form.is_whole_word),
            };
            forms.extend(found);
            if is_punctuation {
                let spellings = literal_forms(value);
                literal_owners.extend(spellings.iter().map(|_| secret));
                literals.extend(spellings);
            }
        }
        Self {
            // A matcher that cannot be built must not look like one that finds nothing.
            starts: search_for_starts(kind, &forms),
            literals: PatternSearch::for_whole(&literals),
            edges: all[secrets.clone()]
                .iter()
                .map(|(_, value)| Edges::of(value.expose()))
                .collect(),
            secrets,
            forms,
            literal_owners,
        }
    }

    fn is_built(&self) -> bool {
        self.starts.is_some() && self.literals.is_some()
    }

    fn find_forms(
        &self,
        text: &[u8],
        normal: &NormalText,
        redactor: &Redactor,
        found: &mut Vec<FoundValue>,
    ) {
        let Some(starts) = &self.starts else { return };
        starts.for_each(&normal.bytes, |start, form| {
            let form = &self.forms[form];
            let letters = form.letters.expose();
            let place = start.start..start.start + letters.len();
            if !normal.bytes[place.start..].starts_with(letters)
                || (form.is_whole_word && normal.is_part_of_word(&place))
            {
                return;
            }
            let edges = &self.edges[form.secret - self.secrets.start];
            found.push(FoundValue {
                range: edges.include(text, normal.source_range(place)),
                replacement: redactor.replacement(form.secret),
            });
        });
    }

    fn find_literals(&self, text: &[u8], redactor: &Redactor, found: &mut Vec<FoundValue>) {
        let Some(literals) = &self.literals else {
            return;
        };
        literals.for_each(text, |range, literal| {
            let secret = self.literal_owners[literal];
            found.push(FoundValue {
                range,
                replacement: redactor.replacement(secret),
            });
        });
    }
}

/// Each form of a secret has at least as many letters as a key; personal data can be shorter.
fn search_for_starts(kind: RedactedKind, forms: &[SearchedForm]) -> Option<PatternSearch> {
    let letters = forms.iter().map(|form| form.letters.expose().as_slice());
    match kind {
        RedactedKind::Secrets => PatternSearch::for_first_letters(&letters.collect::<Vec<_>>()),
        RedactedKind::PersonalData => {
            let starts = letters.map(|letters| &letters[..START.min(letters.len())]);
            PatternSearch::for_whole(&starts.collect::<Vec<_>>())
        }
    }
}

fn searched_forms(kind: RedactedKind, value: &str, secret: usize) -> Vec<SearchedForm> {
    let forms = match kind {
        RedactedKind::Secrets => normal_forms(value)
            .into_iter()
            .map(|letters| (letters, false))
            .collect(),
        RedactedKind::PersonalData => personal_forms(value),
    };
    let searched = forms
        .into_iter()
        .map(|(letters, is_whole_word)| SearchedForm {
            letters: Secret::new(letters),
            secret,
            is_whole_word,
        });
    searched.collect()
}

/// Joins places that overlap, so that no part of a longer secret stands beside a shorter one; the
/// longest gives the name.
fn merged(mut found: Vec<FoundValue>) -> Vec<FoundValue> {
    found.sort_by_key(|found| (found.range.start, std::cmp::Reverse(found.range.end)));
    let mut merged: Vec<(FoundValue, usize)> = Vec::new();
    for next in found {
        let len = next.range.len();
        match merged.last_mut() {
            Some((last, longest)) if next.range.start < last.range.end => {
                last.range.end = last.range.end.max(next.range.end);
                if len > *longest {
                    (*longest, last.replacement) = (len, next.replacement);
                }
            }
            _ => merged.push((next, len)),
        }
    }
    merged.into_iter().map(|(found, _)| found).collect()
}

/// A range that cuts neither a character nor an escape of one: `\` before it belongs to it, since a
/// text of JSON would be broken otherwise.
fn whole_chars(text: &str, range: Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (range.start, range.end);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let backslashes = text.as_bytes()[..start]
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count();
    if backslashes % 2 == 1 {
        start -= 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};

    const CANARY: &str = "ca+na/ry=&%\"<\\한9xyz";

    fn redactor() -> Redactor {
        let mut redactor = Redactor::default();
        redactor.add_secret("cred.key", CANARY);
        redactor
    }

    fn assert_redacted(what: &str, text: &str) {
        let redacted = redactor().redact(&format!("a {text} b"));
        assert!(redacted.contains("‹cred.key›"), "{what}: {redacted}");
        assert!(
            redacted.starts_with("a ") && redacted.ends_with(" b"),
            "{what}: {redacted}"
        );
    }

    fn each_byte(write: fn(u8) -> String) -> String {
        CANARY.bytes().map(write).collect()
    }

    /// Mixtures that a list of spellings does not know.
    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn every_mixture_of_encodings_is_found() {
        let percent = crate::wire::encode_strict(CANARY).into_owned();
        let json = serde_json::to_string(CANARY).unwrap();
        let base64 = BASE64_STANDARD.encode(CANARY);
        for (what, text) in [
            ("as it is", CANARY.to_owned()),
            ("percent", percent.clone()),
            ("percent in small letters", percent.to_lowercase()),
            ("quote() that keeps /", percent.replace("%2F", "/")),
            ("only the plus", CANARY.replace('+', "%2B")),
            (
                "every byte in percent",
                each_byte(|byte| format!("%{byte:02x}")),
            ),
            ("percent twice", percent.replace('%', "%25")),
            ("percent three times", percent.replace('%', "%2525")),
            ("JSON", json.clone()),
            ("JSON in JSON", serde_json::to_string(&json).unwrap()),
            ("JSON with \\/", json.replace('/', "\\/")),
            ("one \\u", CANARY.replace('+', "\\u002B")),
            (
                "all \\u",
                CANARY
                    .encode_utf16()
                    .map(|unit| format!("\\u{unit:04X}"))
                    .collect(),
            ),
            ("\\u of percent", percent.replace('%', "\\u0025")),
            (
                "entities",
                CANARY
                    .chars()
                    .map(|letter| format!("&#{};", u32::from(letter)))
                    .collect(),
            ),
            ("one entity", CANARY.replace('+', "&#43;")),
            (
                "hex entities",
                CANARY
                    .chars()
                    .map(|letter| format!("&#x{:x};", u32::from(letter)))
                    .collect(),
            ),
            (
                "HTML",
                CANARY
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('"', "&quot;"),
            ),
            (
                "HTML of HTML",
                CANARY.replace('&', "&amp;amp;").replace('<', "&amp;lt;"),
            ),
            ("quoted-printable", CANARY.replace('=', "=3D")),
            (
                "all quoted-printable",
                each_byte(|byte| format!("={byte:02X}")),
            ),
            ("soft line breaks", CANARY.replace('/', "/=\r\n")),
            ("lines", CANARY.replace('/', "/\n  ")),
            ("hex", hex::encode(CANARY)),
            ("HEX", hex::encode_upper(CANARY)),
            ("hex with colons", each_byte(|byte| format!("{byte:02x}:"))),
            ("hex with blanks", each_byte(|byte| format!("{byte:02X} "))),
            ("hex of C", each_byte(|byte| format!("0x{byte:02x}, "))),
            ("\\x", each_byte(|byte| format!("\\x{byte:02x}"))),
            ("octal", each_byte(|byte| format!("\\{byte:03o}"))),
            ("decimal", each_byte(|byte| format!("{byte}, "))),
            ("binary", each_byte(|byte| format!("{byte:08b} "))),
            ("base64", base64.clone()),
            ("base64 for URLs", BASE64_URL_SAFE_NO_PAD.encode(CANARY)),
            (
                "base64 in lines",
                base64
                    .as_bytes()
                    .chunks(9)
                    .map(|line| format!("{}\r\n", String::from_utf8_lossy(line)))
                    .collect(),
            ),
            (
                "base64 in percent",
                crate::wire::encode_strict(&base64).into_owned(),
            ),
            ("base64 of percent", BASE64_STANDARD.encode(&percent)),
            ("base64 of JSON", BASE64_STANDARD.encode(&json)),
            ("base64 of hex", BASE64_STANDARD.encode(hex::encode(CANARY))),
            ("base64 twice", BASE64_STANDARD.encode(&base64)),
            (
                "base64 of UTF-16",
                BASE64_STANDARD.encode(
                    CANARY
                        .encode_utf16()
                        .flat_map(u16::to_le_bytes)
                        .collect::<Vec<u8>>(),
                ),
            ),
            ("reversed", CANARY.chars().rev().collect()),
            ("Rust", format!("{CANARY:?}")),
            (
                "JavaScript",
                CANARY
                    .chars()
                    .map(|letter| format!("\\u{{{:x}}}", u32::from(letter)))
                    .collect(),
            ),
            ("concatenated", CANARY.replace('/', "/\" + \"")),
            ("capitals", CANARY.to_uppercase()),
        ] {
            assert_redacted(what, &text);
        }
        for before in ["", "x", "xy", "xyz"] {
            let text = format!("{before}{CANARY}tail");
            assert_redacted("base64 at an offset", &BASE64_STANDARD.encode(&text));
            assert_redacted(
                "base64 twice at an offset",
                &BASE64_STANDARD.encode(BASE64_STANDARD.encode(&text)),
            );
        }
    }

    #[test]
    fn what_stands_around_a_secret_stays() {
        let mut redactor = redactor();
        let json = format!(
            "{{\"a\":{},\"b\":1}}",
            serde_json::to_string(CANARY).unwrap()
        );
        let redacted = redactor.redact(&json);
        assert_eq!(redacted, "{\"a\":\"‹cred.key›\",\"b\":1}");
        assert_eq!(redactor.redact("nothing\nto see"), "nothing\nto see");
    }

    /// What follows a backslash can be the beginning of a secret: the text stays JSON all the same.
    #[test]
    fn json_stays_json() {
        let mut redactor = Redactor::default();
        redactor.add_secret("token", "trest-of-the-secret-9");
        let redacted = redactor.redact(r#"{"evil":"\trest-of-the-secret-9"}"#);
        let value: serde_json::Value = serde_json::from_str(&redacted).unwrap();
        assert_eq!(value["evil"], "‹token›");
    }

    #[test]
    fn a_secret_that_looks_like_an_escape_is_found() {
        for secret in [
            "abc%2Bdef%20ghi",
            "a&amp;b&lt;c-12345",
            "x\\u0041y\\n12345",
            "3D3D3Dabcdef",
        ] {
            let mut redactor = Redactor::default();
            redactor.add_secret("s", secret);
            for text in [
                secret.to_owned(),
                format!("sign={secret}&x"),
                crate::wire::encode_strict(secret).into_owned(),
                serde_json::to_string(secret).unwrap(),
            ] {
                assert!(redactor.redact(&text).contains("‹s›"), "{secret} in {text}");
            }
        }
    }

    #[test]
    fn a_secret_of_punctuation_is_found_as_it_is() {
        let mut redactor = Redactor::default();
        redactor.add_secret("s", "!@#$%^&*()_+");
        let percent = crate::wire::encode_strict("!@#$%^&*()_+").into_owned();
        assert_eq!(redactor.redact("a!@#$%^&*()_+b"), "a‹s›b");
        assert_eq!(redactor.redact(&percent), "‹s›");
        assert_eq!(redactor.redact("(!) a * b"), "(!) a * b");
    }

    #[test]
    fn the_longer_of_two_secrets_leaves_nothing_beside_the_shorter() {
        let mut redactor = Redactor::default();
        redactor.add_secret("short", "abcdefgh1234");
        redactor.add_secret("long", "abcdefgh1234ijkl5678");
        assert_eq!(redactor.redact("<abcdefgh1234ijkl5678>"), "<‹long›>");
        assert_eq!(redactor.redact("<abcdefgh1234>"), "<‹short›>");
    }

    /// A run of many requests meets a new cookie with each of them.
    #[test]
    fn secrets_that_come_one_by_one_are_all_found_by_few_matchers() {
        let mut redactor = Redactor::default();
        let secret = |number: usize| format!("cookie-{number:08}-value");
        for number in 0..200 {
            redactor.add_secret(format!("c{number}"), &secret(number));
            assert_eq!(redactor.redact(&secret(number)), format!("‹c{number}›"));
            assert!(redactor.matchers.len() <= 8, "{}", redactor.matchers.len());
        }
        for number in 0..200 {
            assert_eq!(redactor.redact(&secret(number)), format!("‹c{number}›"));
        }
    }

    /// Wherever a secret stands in a long file, and however it is written there.
    #[test]
    fn a_secret_is_found_across_the_windows_of_a_file() {
        let mut redactor = Redactor::default();
        let secret = "s3cr3t/key+of=a-shop";
        let holds = |redactor: &mut Redactor, bytes: Vec<u8>| {
            redactor
                .contains_secret_within(&mut std::io::Cursor::new(bytes))
                .unwrap()
        };
        assert!(!holds(&mut redactor, secret.into()), "it is no secret yet");
        redactor.add_secret("cred.key", secret);
        let window = MIN_SHARED_BYTES * 4;
        for spelling in [secret.to_owned(), BASE64_STANDARD.encode(secret)] {
            for before in [0, window - 7, window, window * 2 - 3, window * 3 + 11] {
                let mut bytes = vec![b' '; before];
                bytes.extend_from_slice(spelling.as_bytes());
                assert!(holds(&mut redactor, bytes.clone()), "{before}: at the end");
                bytes.resize(window * 5, b' ');
                assert!(holds(&mut redactor, bytes), "{before}: {spelling}");
            }
        }
        assert!(!holds(&mut redactor, vec![b'a'; window * 2 + 1]));
        assert!(!holds(&mut redactor, Vec::new()));
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
    fn a_matcher_that_cannot_be_built_shows_nothing() {
        let mut redactor = redactor();
        redactor.matchers.push(SecretMatcher {
            secrets: 0..1,
            starts: None,
            forms: Vec::new(),
            edges: Vec::new(),
            literals: None,
            literal_owners: Vec::new(),
        });
        assert_eq!(redactor.redact("some text"), UNSEARCHABLE);
        assert!(redactor.contains_secret(b"some text"));
    }
}
