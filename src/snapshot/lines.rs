//! Two contents line by line, as a person reads a difference. The only place that knows `similar`, in the version that insta has.

use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// Past this a difference need not be the shortest.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many lines around a change are shown.
const AROUND: usize = 3;

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub side: Side,
    pub text: String,
}

/// Which of the two has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Old,
    New,
    Both,
    /// Lines that both have are left out here.
    Gap,
}

/// What changed, with a few lines around it.
#[must_use]
pub fn lines(old: &str, new: &str) -> Vec<Line> {
    let diff = diff(old, new);
    let mut all = Vec::new();
    for (index, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            all.push(Line { side: Side::Gap, text: "…".to_owned() });
        }
        all.extend(group.iter().flat_map(|op| diff.iter_changes(op)).map(|change| line(change.tag(), change.value())));
    }
    all
}

/// The lines that only one of them has, each with its number there, counted from one.
pub(super) fn changed(old: &str, new: &str) -> Vec<(usize, Line)> {
    let diff = diff(old, new);
    let changes = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal);
    changes
        .map(|change| {
            let number = change.old_index().or(change.new_index()).unwrap_or_default() + 1;
            (number, line(change.tag(), change.value()))
        })
        .collect()
}

fn diff<'t>(old: &'t str, new: &'t str) -> TextDiff<'t, 't, 't, str> {
    TextDiff::configure().timeout(PATIENCE).diff_lines(old, new)
}

fn line(tag: ChangeTag, text: &str) -> Line {
    let side = match tag {
        ChangeTag::Delete => Side::Old,
        ChangeTag::Insert => Side::New,
        ChangeTag::Equal => Side::Both,
    };
    Line { side, text: text.trim_end_matches('\n').to_owned() }
}
