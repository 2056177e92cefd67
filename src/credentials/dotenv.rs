//! Files of `NAME=value` lines. Nothing in a value is expanded: a salt such as `$2a$10$…` must
//! survive.

use crate::secret::Secret;
use std::path::Path;
use std::process::{Command, Stdio};

/// The first line that is no `NAME=value`, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidDotenvLine {
    pub(super) line: usize,
}

/// The pairs of a file.
///
/// # Errors
/// The first line that is no pair.
pub(super) fn parse(text: &str) -> Result<Vec<(String, Secret<String>)>, InvalidDotenvLine> {
    let mut pairs = Vec::new();
    for (line_number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line
            .strip_prefix("export ")
            .unwrap_or(line)
            .split_once('=')
            .ok_or(InvalidDotenvLine { line: line_number })?;
        let name = name.trim();
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(InvalidDotenvLine { line: line_number });
        }
        let value = unquote(value.trim()).ok_or(InvalidDotenvLine { line: line_number })?;
        pairs.push((name.to_owned(), Secret::from(value)));
    }
    Ok(pairs)
}

/// A quoted value ends at its quote; an unquoted one at a blank followed by `#`.
fn unquote(value: &str) -> Option<&str> {
    for quote in ['\'', '"'] {
        if let Some(rest) = value.strip_prefix(quote) {
            let (inside, after) = rest.split_once(quote)?;
            let after = after.trim();
            return (after.is_empty() || after.starts_with('#')).then_some(inside);
        }
    }
    Some(
        value
            .split_once(" #")
            .map_or(value, |(value, _)| value.trim_end()),
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

    /// An empty `.git` is a repository that git cannot read: it ends with 128.
    #[test]
    fn a_repository_that_git_cannot_read_does_not_count_as_ignored() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".git"), "gitdir: /nowhere\n").unwrap();
        let found = git_ignore(&folder.path().join(".env"));
        assert!(matches!(found, GitIgnore::Unknown(_)), "{found:?}");
    }
}
