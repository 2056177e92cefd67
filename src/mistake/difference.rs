//! The first difference of two texts to sign, in context, with invisible characters spelled out.
//! Inside of a secret it is told by name, length and kind of character, never by its letters.

use super::shown::KnownSecrets;

/// How many characters are shown on each side.
const CONTEXT: usize = 24;

/// Where two texts differ first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextDifference {
    /// Bytes that are equal before it.
    pub offset: usize,
    /// The line in both texts, from 1.
    pub line: usize,
    /// Around the place, in what the scheme signs; invisible characters are spelled out.
    pub expected: String,
    /// Around the place, in the text that was given.
    pub given: String,
    /// A sentence about it, if there is more to say: a secret that differs, a character that cannot
    /// be seen, an end that is missing.
    pub remark: Option<String>,
}

/// `None` for equal texts.
#[must_use]
pub fn first_difference(
    expected: &str,
    given: &str,
    secrets: &KnownSecrets,
) -> Option<TextDifference> {
    if expected == given {
        return None;
    }
    let offset = common_prefix(expected, given);
    let inside = secrets
        .places(expected)
        .into_iter()
        .find(|place| place.start <= offset && offset < place.end);
    let line = expected[..offset].matches('\n').count() + 1;
    if let Some(place) = inside {
        let secret = &expected[place.start..place.end];
        let next = expected[place.end..].chars().next();
        let other = other_value(given, place.start, next);
        return Some(TextDifference {
            offset: place.start,
            line,
            expected: format!("{}‹{}›", before(expected, place.start, secrets), place.name),
            given: format!("{}‹another value›", before(given, place.start, secrets)),
            remark: Some(secret_remark(place.name, secret, other)),
        });
    }
    Some(TextDifference {
        offset,
        line,
        expected: around(expected, offset, CONTEXT, secrets),
        given: around(
            given,
            offset,
            up_to_secret(expected, offset, secrets),
            secrets,
        ),
        remark: remark(&expected[offset..], &given[offset..]),
    })
}

fn common_prefix(left: &str, right: &str) -> usize {
    let pairs = left.char_indices().zip(right.chars());
    let mut pairs = pairs.skip_while(|((_, left), right)| left == right);
    let shorter = left.len().min(right.len());
    pairs.next().map_or(shorter, |((at, _), _)| at)
}

/// What stands in the place of a secret, up to what follows it in the other text.
fn other_value(given: &str, start: usize, next: Option<char>) -> &str {
    let rest = given.get(start..).unwrap_or_default();
    let end = next.and_then(|next| rest.find(next)).unwrap_or(rest.len());
    &rest[..end]
}

fn secret_remark(name: &str, secret: &str, other: &str) -> String {
    let more = other.len().cast_signed() - secret.len().cast_signed();
    let trimmed = other.trim();
    if trimmed == secret {
        let extra: Vec<String> = other.replace(secret, "").chars().map(spelled).collect();
        return format!(
            "`{name}` has {more} more byte{}: {}",
            if more == 1 { "" } else { "s" },
            extra.join(", ")
        );
    }
    if secret.starts_with(other) || secret.ends_with(other) {
        return format!(
            "`{name}` is cut: {} of its {} bytes are there",
            other.len(),
            secret.len()
        );
    }
    format!(
        "`{name}` differs: {} bytes ({}) are expected, and {} bytes ({}) are there",
        secret.len(),
        class_of(secret),
        other.len(),
        class_of(other)
    )
}

/// What kind of characters a value has.
pub(super) fn class_of(text: &str) -> &'static str {
    let all = |test: fn(char) -> bool| !text.is_empty() && text.chars().all(test);
    if text.is_empty() {
        "empty"
    } else if all(|letter| letter.is_ascii_digit()) {
        "digits"
    } else if all(|letter| letter.is_ascii_hexdigit()) {
        "hex digits"
    } else if all(|letter| letter.is_ascii_alphanumeric()) {
        "letters and digits"
    } else if all(|letter| letter.is_ascii_graphic()) {
        "printable ASCII"
    } else {
        "other characters"
    }
}

/// A character by its name where it cannot be seen.
fn spelled(letter: char) -> String {
    match letter {
        '\n' => "a line feed".to_owned(),
        '\r' => "a carriage return".to_owned(),
        '\t' => "a tab".to_owned(),
        ' ' => "a blank".to_owned(),
        '\u{a0}' => "a no-break blank (U+00A0)".to_owned(),
        '\u{feff}' => "a byte order mark (U+FEFF)".to_owned(),
        '\u{200b}' => "a zero-width blank (U+200B)".to_owned(),
        other if other.is_control() => format!("the control character U+{:04X}", u32::from(other)),
        other => format!("`{other}`"),
    }
}

fn remark(expected: &str, given: &str) -> Option<String> {
    let (due, there) = (expected.chars().next(), given.chars().next());
    let invisible = |letter: char| {
        letter.is_control() || letter.is_whitespace() || matches!(letter, '\u{feff}' | '\u{200b}')
    };
    match (due, there) {
        (None, Some(letter)) => Some(format!(
            "{} more byte{} at the end of the given text, beginning with {}",
            given.len(),
            if given.len() == 1 { "" } else { "s" },
            spelled(letter)
        )),
        (Some(_), None) => Some(format!(
            "the given text ends here; {} byte{} are missing",
            expected.len(),
            if expected.len() == 1 { "" } else { "s" }
        )),
        (Some(due), Some(there)) if invisible(due) || invisible(there) => Some(format!(
            "{} is expected, and {} is there",
            spelled(due),
            spelled(there)
        )),
        _ => None,
    }
}

/// Invisible characters as escapes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{a0}' | '\u{feff}' | '\u{200b}'..='\u{200f}' => {
                out.push_str(&format!("\\u{{{:04x}}}", u32::from(letter)));
            }
            other if other.is_control() => {
                out.push_str(&format!("\\u{{{:04x}}}", u32::from(other)));
            }
            other => out.push(other),
        }
    }
    out
}

fn before(text: &str, at: usize, secrets: &KnownSecrets) -> String {
    let hidden = secrets.hide(&text[..at]);
    let skip = hidden.chars().count().saturating_sub(CONTEXT);
    let kept: String = hidden.chars().skip(skip).collect();
    let dots = if skip > 0 { "…" } else { "" };
    format!("{dots}{}", escaped(&kept))
}

/// How many characters of the given text can be shown: where a secret follows, another one may stand
/// in its place, which nobody knows by name.
fn up_to_secret(expected: &str, offset: usize, secrets: &KnownSecrets) -> usize {
    let next = secrets.places(expected).into_iter();
    let next = next.map(|place| place.start).find(|start| *start >= offset);
    next.map_or(CONTEXT, |start| (start - offset).min(CONTEXT))
}

fn around(text: &str, at: usize, count: usize, secrets: &KnownSecrets) -> String {
    let hidden = secrets.hide(&text[at..]);
    let after: String = hidden.chars().take(count).collect();
    let dots = if hidden.chars().count() > count {
        "…"
    } else {
        ""
    };
    format!("{}⟦{}⟧{dots}", before(text, at, secrets), escaped(&after))
}
