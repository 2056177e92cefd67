//! JSON with colours, for a terminal.

use crate::report::TerminalStyle;
use anstyle::{AnsiColor, Style};

/// `pretty` is JSON, one member a line.
pub(super) fn coloured_json(pretty: &str, style: TerminalStyle) -> String {
    if !style.has_colour {
        return pretty.to_owned();
    }
    let mut out = String::with_capacity(pretty.len() * 2);
    let mut rest = pretty;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '"' => string_len(rest),
            letter if is_word(letter) => word_len(rest),
            letter => letter.len_utf8(),
        };
        let (token, after) = rest.split_at(len);
        let colour = match first {
            '"' if after.starts_with(':') => Some(AnsiColor::Blue),
            '"' => Some(AnsiColor::Green),
            letter if is_word(letter) => Some(AnsiColor::Cyan),
            _ => None,
        };
        match colour {
            Some(colour) => {
                out.push_str(&style.paint(Style::new().fg_color(Some(colour.into())), token));
            }
            None => out.push_str(token),
        }
        rest = after;
    }
    out
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "+-.".contains(letter)
}

fn word_len(text: &str) -> usize {
    text.find(|letter| !is_word(letter)).unwrap_or(text.len())
}

/// A string with its quotes.
fn string_len(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_no_letter() {
        let style = TerminalStyle {
            has_colour: true,
            width: 80,
            is_live: true,
        };
        let json = "{\n  \"a\\\"b\": [1.10, -2e5, true, null, \"무: \\\\\"]\n}";
        let coloured = coloured_json(json, style);
        assert!(
            coloured.contains("\u{1b}[34m\"a\\\"b\"\u{1b}[0m:"),
            "{coloured}"
        );
        let plain = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
        assert_eq!(plain.replace_all(&coloured, ""), json);
        assert_eq!(
            coloured_json(
                json,
                TerminalStyle {
                    has_colour: false,
                    ..style
                }
            ),
            json
        );
    }
}
