//! What a pasted credential must not hold: characters that nobody sees, blanks at its ends, and
//! words that stand in every output. Without this check every signature would be wrong, and the
//! marketplace would only say so. No message holds the value.

use crate::redact::{WeakSecret, is_hidden};
use std::fmt;

/// Why a value is not what was meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialFault {
    #[error("holds {0}")]
    Hidden(HiddenCharacter),
    #[error("begins with a space")]
    BlankFirst,
    #[error("ends with a space")]
    BlankLast,
    #[error("cannot be redacted from outputs: {0}")]
    Weak(WeakSecret),
}

impl CredentialFault {
    /// `None` for a value that can be used.
    #[must_use]
    pub(crate) fn find(value: &str, is_secret: bool) -> Option<Self> {
        if let Some(hidden) = HiddenCharacter::find(value) {
            return Some(Self::Hidden(hidden));
        }
        if value.starts_with(' ') {
            return Some(Self::BlankFirst);
        }
        if value.ends_with(' ') {
            return Some(Self::BlankLast);
        }
        WeakSecret::find(value)
            .filter(|_| is_secret)
            .map(Self::Weak)
    }

    /// What to do.
    #[must_use]
    pub(crate) fn way_out(&self) -> &'static str {
        match self {
            Self::Hidden(_) | Self::BlankFirst | Self::BlankLast => {
                "it was probably copied with the value: set the value again without it"
            }
            Self::Weak(WeakSecret::TooShort) => "use a longer secret",
            Self::Weak(_) => {
                "every occurrence of this text would be redacted in outputs and recordings: use another secret; if it is not secret, remove `secret: true` from the credential in the scheme"
            }
        }
    }
}

/// A character that nobody sees, and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HiddenCharacter {
    character: char,
    /// Counted from one, in characters.
    position: usize,
    /// How many characters there are.
    count: usize,
}

impl HiddenCharacter {
    /// The first one of a text.
    #[must_use]
    pub(crate) fn find(text: &str) -> Option<Self> {
        // Every other blank looks like U+0020, and a replacement character stands where a copy
        // lost something.
        let is_wrong = |letter: char| {
            letter.is_control()
                || is_hidden(letter)
                || letter == '\u{fffd}'
                || (letter.is_whitespace() && letter != ' ')
        };
        let (index, character) = text
            .chars()
            .enumerate()
            .find(|(_, letter)| is_wrong(*letter))?;
        Some(Self {
            character,
            position: index + 1,
            count: text.chars().count(),
        })
    }
}

impl fmt::Display for HiddenCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "U+{:04X} ({}) as character {} of {}",
            u32::from(self.character),
            character_name(self.character),
            self.position,
            self.count
        )
    }
}

/// The name by Unicode, or the kind of a character that is rarely met.
fn character_name(character: char) -> &'static str {
    match character {
        '\0' => "null",
        '\t' => "tab",
        '\n' => "line feed",
        '\r' => "carriage return",
        '\u{a0}' => "no-break space",
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "zero width space",
        '\u{200c}' => "zero width non-joiner",
        '\u{200d}' => "zero width joiner",
        '\u{200e}' => "left-to-right mark",
        '\u{200f}' => "right-to-left mark",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "text direction control",
        '\u{202f}' => "narrow no-break space",
        '\u{2028}' => "line separator",
        '\u{2029}' => "paragraph separator",
        '\u{2060}' => "word joiner",
        '\u{3000}' => "ideographic space",
        '\u{3164}' => "hangul filler",
        '\u{fe00}'..='\u{fe0f}' => "variation selector",
        '\u{feff}' => "byte order mark",
        '\u{fffd}' => "replacement character",
        '\u{e0000}'..='\u{e007f}' => "tag character",
        _ if character.is_whitespace() => "a blank",
        _ if character.is_control() => "a control character",
        _ => "an invisible character",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(value: &str) -> Option<String> {
        CredentialFault::find(value, true).map(|fault| fault.to_string())
    }

    #[test]
    fn what_nobody_sees_is_named_with_its_place() {
        for (value, told) in [
            (
                "abcdef12\u{200b}34",
                "holds U+200B (zero width space) as character 9 of 11",
            ),
            (
                "한글-secret-1\u{a0}",
                "holds U+00A0 (no-break space) as character 12 of 12",
            ),
            (
                "\u{feff}abcdef1234",
                "holds U+FEFF (byte order mark) as character 1 of 11",
            ),
            (
                "abcdef1234\r",
                "holds U+000D (carriage return) as character 11 of 11",
            ),
            (
                "abcdef12\u{e0041}34",
                "holds U+E0041 (tag character) as character 9 of 11",
            ),
            (
                "abcdef12\u{2003}34",
                "holds U+2003 (a blank) as character 9 of 11",
            ),
            (
                "abcdef12\u{1b}34",
                "holds U+001B (a control character) as character 9 of 11",
            ),
            (
                "abcdef12\u{180e}34",
                "holds U+180E (an invisible character) as character 9 of 11",
            ),
            (" abcdef1234", "begins with a space"),
            ("abcdef1234 ", "ends with a space"),
        ] {
            assert_eq!(fault(value).as_deref(), Some(told), "{value:?}");
        }
        assert_eq!(fault("with a blank inside 1"), None);
        assert_eq!(fault("한글로-된-비밀번호-열여섯-글자-이상이다"), None);
    }

    #[test]
    fn only_a_secret_must_not_be_a_word() {
        assert_eq!(CredentialFault::find("application", false), None);
        assert_eq!(
            CredentialFault::find("application", true),
            Some(CredentialFault::Weak(WeakSecret::Word))
        );
    }
}
