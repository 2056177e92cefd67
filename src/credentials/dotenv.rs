//! Files of `NAME=value` lines. Nothing in a value is expanded: a salt such as `$2a$10$…` must
//! survive.

use std::path::Path;
use std::process::{Command, Stdio};

/// The pairs of a file, or the line that is not one.
///
/// # Errors
/// The number of the first line that cannot be read, counted from one.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, usize> {
    let mut pairs = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line
            .strip_prefix("export ")
            .unwrap_or(line)
            .split_once('=')
            .ok_or(number)?;
        let name = name.trim();
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(number);
        }
        pairs.push((name.to_owned(), unquote(value.trim()).ok_or(number)?));
    }
    Ok(pairs)
}

/// A quoted value ends at its quote; an unquoted one at a blank followed by `#`.
fn unquote(value: &str) -> Option<String> {
    for quote in ['\'', '"'] {
        if let Some(rest) = value.strip_prefix(quote) {
            let (inside, after) = rest.split_once(quote)?;
            let after = after.trim();
            return (after.is_empty() || after.starts_with('#')).then(|| inside.to_owned());
        }
    }
    Some(
        value
            .split_once(" #")
            .map_or(value, |(value, _)| value.trim_end())
            .to_owned(),
    )
}

/// Whether git would commit this file. Without a repository, or without git, it would not.
#[must_use]
pub(super) fn git_would_commit(path: &Path) -> bool {
    let Some(folder) = path.parent() else {
        return false;
    };
    if !folder
        .ancestors()
        .any(|folder| folder.join(".git").exists())
    {
        return false;
    }
    let status = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["check-ignore", "-q", "--"])
        .arg(path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // 0 says ignored, 1 says not; anything else says that git could not tell.
    status.is_ok_and(|status| status.code() == Some(1))
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
        let expected: Vec<_> = expected
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        assert_eq!(parse(text), Ok(expected));
        assert_eq!(parse("A=1\nno pair\n"), Err(2));
        assert_eq!(parse("A='open\n"), Err(1));
    }
}
