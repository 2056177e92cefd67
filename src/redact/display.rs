//! Text that may be shown to a person.

use std::fmt;

/// Text without secrets and without personal data. Characters that could command a terminal, or
/// that nobody sees, are written as escapes. Only a redactor makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RedactedText {
    text: String,
    /// The same with personal data, for a person at a terminal who asked for it.
    with_personal_data: Option<String>,
}

impl RedactedText {
    pub(super) fn new(redacted: &str) -> Self {
        Self {
            text: escape_control_chars(redacted),
            with_personal_data: None,
        }
    }

    /// The same text, of which a terminal shows `shown`.
    #[must_use]
    pub(crate) fn shown_as(self, shown: Self) -> Self {
        Self {
            with_personal_data: Some(shown.text).filter(|shown| *shown != self.text),
            ..self
        }
    }

    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The text for a terminal: with personal data where `--show-personal` asked for it. Nothing
    /// else may write this.
    #[must_use]
    pub(crate) fn for_terminal(&self) -> &str {
        self.with_personal_data.as_deref().unwrap_or(&self.text)
    }

    /// A text of the program itself, in which no value of a run can stand.
    #[must_use]
    pub(crate) fn from_static(text: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            with_personal_data: None,
        }
    }
}

impl fmt::Display for RedactedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Writes control, direction and invisible characters as escapes, so that neither a file nor a
/// response can command a terminal, or hide a part of what it says.
#[must_use]
pub(crate) fn escape_control_chars(text: &str) -> String {
    if !text.contains(is_hidden) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_hidden(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// The same for output that holds colours of its own: sequences that select colours stay.
#[must_use]
pub(crate) fn escape_except_colours(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        shown.push_str(&escape_control_chars(&rest[..at]));
        let len = colour_len(&rest[at..]);
        shown.push_str(&rest[at..at + len]);
        rest = &rest[at + len..];
        if len == 0 {
            shown.push_str("\\u{1b}");
            rest = &rest[1..];
        }
    }
    shown.push_str(&escape_control_chars(rest));
    shown
}

/// The length of a sequence at the beginning of a text that selects a colour or a weight, or 0.
/// Those that hide text, by concealing it or by a background, are not among them.
fn colour_len(text: &str) -> usize {
    let parameters = text
        .strip_prefix("\u{1b}[")
        .and_then(|rest| rest.split_once('m'))
        .map(|(parameters, _)| parameters);
    let is_allowed = |number: &str| {
        matches!(
            number.parse::<u8>(),
            Ok(0..=4 | 22..=24 | 31..=36 | 39 | 91..=96)
        )
    };
    match parameters {
        Some(parameters) if parameters.split(';').all(is_allowed) => {
            "\u{1b}[m".len() + parameters.len()
        }
        _ => 0,
    }
}

/// Whether a terminal would act on a character, or not show it.
#[must_use]
pub(crate) fn is_hidden(letter: char) -> bool {
    (letter.is_control() && !matches!(letter, '\n' | '\t'))
        // The two last characters of each plane are none, and XML refuses U+FFFE and U+FFFF.
        || u32::from(letter) & 0xfffe == 0xfffe
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_cannot_command_a_terminal() {
        assert_eq!(
            escape_control_chars("a\u{1b}[31m\u{202e}b\tc\nd"),
            "a\\u{1b}[31m\\u{202e}b\tc\nd"
        );
    }

    #[test]
    fn only_colours_of_output_stay() {
        let coloured = "\u{1b}[1m\u{1b}[91merror\u{1b}[0m \u{1b}[33mx\u{1b}[0m";
        assert_eq!(escape_except_colours(coloured), coloured);
        for hidden in [
            "\u{1b}[8m",
            "\u{1b}[40m",
            "\u{1b}[30m",
            "\u{1b}[38;5;0m",
            "\u{1b}[2J",
            "\u{1b}]0;x\u{7}",
            "\u{1b}",
            "\u{1b}[",
            "\u{1b}[m",
            "\u{9b}31m",
            "\u{202e}",
        ] {
            let shown = escape_except_colours(&format!("a{hidden}b"));
            assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown}");
        }
    }

    /// XML 1.0, section 2.2.
    #[test]
    fn what_is_shown_may_stand_in_xml() {
        let is_allowed = |letter: char| matches!(letter, '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        for letter in '\0'..=char::MAX {
            assert!(is_hidden(letter) || is_allowed(letter), "{letter:?}");
        }
    }

    /// Unicode's default ignorable code points, and the line separators, from its own table.
    #[test]
    fn nothing_invisible_is_shown_as_it_is() {
        for letter in [
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{2028}',
            '\u{2029}',
            '\u{2060}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
            '\u{85}',
            '\u{7f}',
            '\u{0}',
        ] {
            let shown = escape_control_chars(&format!("a{letter}b"));
            assert!(shown.is_ascii(), "{:?} is shown", letter.escape_unicode());
        }
        assert_eq!(
            escape_control_chars("한글 é ‹cred.key›"),
            "한글 é ‹cred.key›"
        );
    }
}
