//! Differences that do not count when two contents are compared.

/// Blanks at the end and the kind of line ends do not count (insta's `TextSnapshotContents`).
pub(super) fn normalized(content: &str) -> String {
    content.trim_end().replace("\r\n", "\n")
}
