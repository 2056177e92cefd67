//! The first difference of two texts to sign, in context, with invisible characters spelled out.
//! Inside of a secret it is told by name, length and kind of character, never by its letters.

use super::shown::{KnownSecrets, SecretPlace};

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
    let due = HiddenText::new(expected, secrets);
    let there = HiddenText::new(given, secrets);
    let mut offset = common_prefix(expected, given);
    let line = expected[..offset].matches('\n').count() + 1;
    if let Some(place) = due.place_at(offset) {
        return Some(inside_secret(&due, &there, place, line));
    }
    // The given text holds a secret that begins before the difference: it is shown as a whole.
    if let Some(place) = there.place_at(offset) {
        offset = place.start;
    }
    let until = due.up_to_secret(offset);
    Some(TextDifference {
        offset,
        line,
        expected: around(&due, offset, CONTEXT),
        given: around(&there, offset, until),
        remark: remark(&expected[offset..], &given[offset..]),
    })
}

fn inside_secret(
    due: &HiddenText<'_>,
    there: &HiddenText<'_>,
    place: &SecretPlace,
    line: usize,
) -> TextDifference {
    let secret = &due.text[place.start..place.end];
    let next = due.text[place.end..].chars().next();
    let other = other_value(there.text, place.start, next);
    // Another secret can stand in its place, which nobody knows by name.
    let later = there
        .text
        .get(place.start..)
        .and_then(|rest| rest.find(secret));
    let (given, remark) = match later.filter(|later| *later > 0) {
        Some(later) => (
            format!("‹another value›‹{}›", place.name),
            format!(
                "`{}` appears {} later in the given text",
                place.name,
                pluralized_bytes(later)
            ),
        ),
        None => (
            "‹another value›".to_owned(),
            secret_remark(&place.name, secret, other),
        ),
    };
    TextDifference {
        offset: place.start,
        line,
        expected: format!("{}‹{}›", due.before(place.start), place.name),
        given: format!("{}{given}", there.before(place.start)),
        remark: Some(remark),
    }
}

fn pluralized_bytes(count: usize) -> String {
    format!("{count} byte{}", if count == 1 { "" } else { "s" })
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
            "`{name}` is truncated: {} of its {} bytes are present",
            other.len(),
            secret.len()
        );
    }
    format!(
        "`{name}` differs: {} bytes ({}) are expected, but {} bytes ({}) are present",
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
        '\u{a0}' => "a no-break space (U+00A0)".to_owned(),
        '\u{feff}' => "a byte order mark (U+FEFF)".to_owned(),
        '\u{200b}' => "a zero-width space (U+200B)".to_owned(),
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
            "{} is expected, but {} is present",
            spelled(due),
            spelled(there)
        )),
        _ => None,
    }
}

/// A character as it is shown: an escape for an invisible one.
fn escaped(letter: char) -> String {
    match letter {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{a0}' | '\u{feff}' | '\u{200b}'..='\u{200f}' => {
            format!("\\u{{{:04x}}}", u32::from(letter))
        }
        other if other.is_control() => format!("\\u{{{:04x}}}", u32::from(other)),
        other => other.to_string(),
    }
}

/// A text whose secrets are known before any part of it is cut out: a part of a secret would not be
/// recognised as one.
struct HiddenText<'t> {
    text: &'t str,
    places: Vec<SecretPlace>,
}

impl<'t> HiddenText<'t> {
    fn new(text: &'t str, secrets: &KnownSecrets) -> Self {
        Self {
            text,
            places: secrets.places(text),
        }
    }

    /// The secret that has this byte.
    fn place_at(&self, offset: usize) -> Option<&SecretPlace> {
        let after = self.places.partition_point(|place| place.end <= offset);
        self.places.get(after).filter(|place| place.start <= offset)
    }

    /// Some [`CONTEXT`] characters before a byte; a name is not cut.
    fn before(&self, at: usize) -> String {
        let mut pieces = Vec::new();
        let mut end = at;
        let mut count = 0;
        while end > 0 && count < CONTEXT {
            if let Some(place) = self.place_at(end - 1) {
                let name = format!("‹{}›", place.name);
                count += name.chars().count();
                pieces.push(name);
                end = place.start;
            } else if let Some(letter) = self.text[..end].chars().next_back() {
                count += 1;
                pieces.push(escaped(letter));
                end -= letter.len_utf8();
            }
        }
        let dots = if end > 0 { "…" } else { "" };
        pieces.reverse();
        format!("{dots}{}", pieces.concat())
    }

    /// So many characters from a byte on; a name is not cut.
    fn after(&self, at: usize, most: usize) -> (String, bool) {
        let mut shown = String::new();
        let mut start = at;
        let mut count = 0;
        while start < self.text.len() && count < most {
            if let Some(place) = self.place_at(start) {
                let name = format!("‹{}›", place.name);
                count += name.chars().count();
                shown.push_str(&name);
                start = place.end;
            } else if let Some(letter) = self.text[start..].chars().next() {
                count += 1;
                shown.push_str(&escaped(letter));
                start += letter.len_utf8();
            }
        }
        (shown, start < self.text.len())
    }

    /// How many characters of the other text can be shown: where a secret follows here, another one
    /// may stand in its place there, which nobody knows by name.
    fn up_to_secret(&self, offset: usize) -> usize {
        let next = self.places.iter().map(|place| place.start);
        let next = next.into_iter().find(|start| *start >= offset);
        next.map_or(CONTEXT, |start| (start - offset).min(CONTEXT))
    }
}

fn around(text: &HiddenText<'_>, at: usize, count: usize) -> String {
    let (after, has_more) = text.after(at, count);
    let dots = if has_more { "…" } else { "" };
    format!("{}⟦{after}⟧{dots}", text.before(at))
}
