//! Files of `NAME=value` lines. Nothing in a value is expanded: a salt such as `$2a$10$…` must
//! survive.

use super::hygiene::HiddenCharacter;
use crate::secret::Secret;
use std::path::Path;
use std::process::{Command, Stdio};

const ASCII_BLANKS: [char; 3] = [' ', '\t', '\r'];

/// The first line that is no `NAME=value`, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidDotenvLine {
    pub(super) line: usize,
    /// A character of it that nobody sees.
    pub(super) hidden: Option<HiddenCharacter>,
}

/// The pairs of a file.
///
/// # Errors
/// The first line that is no pair.
pub(super) fn parse(text: &str) -> Result<Vec<(String, Secret<String>)>, InvalidDotenvLine> {
    // Editors of Windows begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pairs = Vec::new();
    for (line_number, line) in (1..).zip(text.lines()) {
        // Only what is written between values: another blank belongs to a value that was pasted
        // with it, and is refused there.
        let line = line.trim_matches(ASCII_BLANKS);
        let invalid = InvalidDotenvLine {
            line: line_number,
            hidden: HiddenCharacter::find(line),
        };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line
            .strip_prefix("export ")
            .unwrap_or(line)
            .split_once('=')
            .ok_or(invalid)?;
        let name = name.trim_matches(ASCII_BLANKS);
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(invalid);
        }
        let value = unquote(value.trim_matches(ASCII_BLANKS)).ok_or(invalid)?;
        pairs.push((name.to_owned(), Secret::from(value)));
    }
    Ok(pairs)
}

/// A quoted value ends at its quote; an unquoted one at a blank followed by `#`.
fn unquote(value: &str) -> Option<&str> {
    for quote in ['\'', '"'] {
        if let Some(rest) = value.strip_prefix(quote) {
            let (inside, after) = rest.split_once(quote)?;
            let after = after.trim_matches(ASCII_BLANKS);
            return (after.is_empty() || after.starts_with('#')).then_some(inside);
        }
    }
    Some(
        value
            .split_once(" #")
            .map_or(value, |(value, _)| value.trim_end_matches(ASCII_BLANKS)),
    )
}

/// Whether git would commit a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GitIgnore {
    NoRepository,
    Ignored,
    NotIgnored,
    /// There is a repository, and git could not be asked: it is not installed, or it refuses the
    /// folder (code 128, "dubious ownership").
    Unknown(String),
}

#[must_use]
pub(super) fn git_ignore(path: &Path) -> GitIgnore {
    let Some(folder) = path.parent() else {
        return GitIgnore::NoRepository;
    };
    if !folder
        .ancestors()
        .any(|folder| folder.join(".git").exists())
    {
        return GitIgnore::NoRepository;
    }
    let status = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["check-ignore", "-q", "--"])
        .arg(path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) => match status.code() {
            Some(0) => GitIgnore::Ignored,
            Some(1) => GitIgnore::NotIgnored,
            _ => GitIgnore::Unknown(format!("`git check-ignore` ended with {status}")),
        },
        Err(error) => GitIgnore::Unknown(format!("git cannot be started: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_expanded() {
        let text = "# keys\nA=$2a$10$abc\nexport B='x # y'\nC=\"a b\" # note\nD=plain # note\nE=\n";
        let expected = [
            ("A", "$2a$10$abc"),
            ("B", "x # y"),
            ("C", "a b"),
            ("D", "plain"),
            ("E", ""),
        ];
        let pairs = parse(text).map_err(|error| error.line).ok().unwrap();
        let pairs: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose().as_str()))
            .collect();
        assert_eq!(pairs, expected);
        let broken_line = |text| parse(text).err().map(|error| error.line);
        assert_eq!(broken_line("A=1\nno pair\n"), Some(2));
        assert_eq!(broken_line("A='open\n"), Some(1));
    }

    #[test]
    fn a_file_of_windows_is_read() {
        let pairs = parse("\u{feff}A=one\r\nB='two'\r\n").map_err(|error| error.line);
        let pairs: Vec<(String, String)> = pairs
            .ok()
            .unwrap()
            .into_iter()
            .map(|(name, value)| (name, value.expose().clone()))
            .collect();
        assert_eq!(
            pairs,
            [("A".into(), "one".into()), ("B".into(), "two".into())]
        );
    }

    #[test]
    fn a_character_that_nobody_sees_is_named() {
        let error = parse("A=1\n\u{200b}B=2\n").err().unwrap();
        assert_eq!(error.line, 2);
        assert_eq!(
            error.hidden.unwrap().to_string(),
            "U+200B (zero width space) as character 1 of 4"
        );
        // It stays a part of a value, where it is refused.
        let pairs = parse("A=1\u{a0}\n").ok().unwrap();
        assert_eq!(pairs[0].1.expose(), "1\u{a0}");
    }

    /// An empty `.git` is a repository that git cannot read: it ends with 128.
    #[test]
    fn a_repository_that_git_cannot_read_does_not_count_as_ignored() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".git"), "gitdir: /nowhere\n").unwrap();
        let found = git_ignore(&folder.path().join(".env"));
        assert!(matches!(found, GitIgnore::Unknown(_)), "{found:?}");
    }
}
