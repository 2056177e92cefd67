//! Two contents line by line, as a person reads a difference. The only place that knows `similar`,
//! in the version that insta has.

use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// After this time, the difference is no longer the shortest one.
const DIFF_TIMEOUT: Duration = Duration::from_millis(500);
/// How many lines around a change are shown.
const CONTEXT_LINES: usize = 3;

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DiffLine {
    pub(crate) side: DiffSide,
    pub(crate) text: String,
}

/// Which of the two has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiffSide {
    Old,
    New,
    Both,
    /// Lines that both have are left out here.
    Gap,
}

/// The changed lines, with a few lines around them.
#[must_use]
pub(crate) fn diff_lines(old: &str, new: &str) -> Vec<DiffLine> {
    let diff = text_diff(old, new);
    let mut all = Vec::new();
    for (index, group) in diff.grouped_ops(CONTEXT_LINES).iter().enumerate() {
        if index > 0 {
            all.push(DiffLine {
                side: DiffSide::Gap,
                text: "…".to_owned(),
            });
        }
        all.extend(
            group
                .iter()
                .flat_map(|op| diff.iter_changes(op))
                .map(|change| diff_line(change.tag(), change.value())),
        );
    }
    all
}

/// The lines that only one of them has, each with its number there, counted from one.
pub(super) fn changed_lines(old: &str, new: &str) -> Vec<(usize, DiffLine)> {
    let diff = text_diff(old, new);
    let changes = diff
        .iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal);
    changes
        .map(|change| {
            let number = change
                .old_index()
                .or(change.new_index())
                .unwrap_or_default()
                + 1;
            (number, diff_line(change.tag(), change.value()))
        })
        .collect()
}

fn text_diff<'t>(old: &'t str, new: &'t str) -> TextDiff<'t, 't, 't, str> {
    TextDiff::configure()
        .timeout(DIFF_TIMEOUT)
        .diff_lines(old, new)
}

fn diff_line(tag: ChangeTag, text: &str) -> DiffLine {
    let side = match tag {
        ChangeTag::Delete => DiffSide::Old,
        ChangeTag::Insert => DiffSide::New,
        ChangeTag::Equal => DiffSide::Both,
    };
    DiffLine {
        side,
        text: text.trim_end_matches('\n').to_owned(),
    }
}
