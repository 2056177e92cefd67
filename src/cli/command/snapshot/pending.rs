//! Finds pending snapshots.

use crate::cli::args::{RequestFilter, SnapshotFilter};
use crate::cli::command_error::CommandError;
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::diagnostic::did_you_mean;
use crate::model::scheme::PathPattern;
use crate::snapshot::{SnapshotLocation, find_snapshots};

/// The message when no snapshot is pending, which is no error.
pub(super) const NONE_PENDING: &str = "no snapshot is pending";

/// The pending snapshots, or those of them that match a pattern. The workspace is not loaded: a
/// review is possible while a request file has a fault.
pub(super) fn find_pending(
    invocation: &Invocation<'_>,
    filter: &SnapshotFilter,
) -> Result<Vec<SnapshotLocation>, CommandError> {
    let root = settings::find_root(invocation.host, invocation.global);
    // A root that is not there has no snapshots, and `find_snapshots` says why it cannot be read.
    let root = root.canonicalize().unwrap_or(root);
    let mut all = Vec::new();
    for location in find_snapshots(&root)? {
        if location.has_pending()? {
            all.push(location);
        }
    }
    let words = RequestFilter {
        patterns: filter.patterns.clone(),
        ..RequestFilter::default()
    };
    let words = settings::request_selection(&words, invocation.host, &root).patterns;
    for word in &words {
        if !all.iter().any(|snapshot| matches_pattern(word, snapshot)) {
            return Err(unmatched_pattern(word, &all));
        }
    }
    all.retain(|snapshot| {
        words.is_empty() || words.iter().any(|word| matches_pattern(word, snapshot))
    });
    Ok(all)
}

fn unmatched_pattern(word: &str, all: &[SnapshotLocation]) -> CommandError {
    let error = CommandError::selection(format!("no pending snapshot matches `{word}`"));
    if all.is_empty() {
        return error.hint("no snapshot is pending");
    }
    let names: Vec<String> = all.iter().map(snapshot_name).collect();
    error.hints(did_you_mean(
        &bare_name(word),
        names.iter().map(String::as_str),
    ))
}

/// `coupang/search--wide`: its path without folder and ending.
fn snapshot_name(kept: &SnapshotLocation) -> String {
    bare_name(&kept.path.to_string_lossy())
}

/// `coupang`, `coupang/search`, `requests/coupang/search.yaml`, `coupang/search--wide.snap.new` and
/// `coupang/*` all fit `coupang/search--wide`.
fn matches_pattern(word: &str, kept: &SnapshotLocation) -> bool {
    let (word, name) = (bare_name(word), snapshot_name(kept));
    if word.contains('*') {
        return PathPattern(word).matches(&name);
    }
    // An empty word is an unset variable of a shell, and does not mean everything.
    let rest = if word.is_empty() {
        None
    } else {
        name.strip_prefix(word.as_str())
    };
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with("--"))
}

fn bare_name(word: &str) -> String {
    let word = word.replace('\\', "/");
    let word = word
        .strip_prefix("./")
        .unwrap_or(&word)
        .trim_end_matches('/');
    let word = word.strip_prefix("requests/").unwrap_or(word);
    let endings = [".snap.new", ".snap", ".yaml", ".yml"];
    endings
        .iter()
        .find_map(|ending| word.strip_suffix(ending))
        .unwrap_or(word)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_word_names_what_belongs_to_it() {
        let kept =
            SnapshotLocation::new(Path::new("/"), "requests/coupang/search--wide.snap".into());
        for word in [
            "coupang",
            "coupang/",
            "coupang/search",
            "requests/coupang/search.yaml",
            "./coupang/search--wide.snap.new",
            "coupang/*",
        ] {
            assert!(matches_pattern(word, &kept), "{word}");
        }
        for word in [
            "",
            " ",
            "coup",
            "coupang/sea",
            "coupang/search--wid",
            "search",
        ] {
            assert!(!matches_pattern(word, &kept), "{word}");
        }
    }
}
