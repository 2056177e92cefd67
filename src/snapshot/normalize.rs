//! Differences that do not count when two contents are compared.

/// Whether two contents are the same snapshot: blanks at the end and the kind of line ends do not
/// count (insta's `TextSnapshotContents`).
#[must_use]
pub(crate) fn is_same_content(left: &str, right: &str) -> bool {
    normalized(left) == normalized(right)
}

pub(super) fn normalized(content: &str) -> String {
    content.trim_end().replace("\r\n", "\n")
}
