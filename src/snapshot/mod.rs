//! What an answer must go on looking like: the `.snap` file beside a request, in the format of insta 1.49, so that
//! `cargo insta` reads it too. It refuses to know how an answer came, and to write where the user has not allowed it.

mod content;
mod error;
mod file;
mod folder;
mod lines;
mod name;
mod structure;
mod update;

pub use content::content;
pub use error::SnapshotError;
pub use file::{About, SnapshotFile};
pub use folder::{Kept, find};
pub use lines::{Line, Side, lines};
pub use name::path_of;
pub use structure::differences;
pub use update::{Update, Writing};

/// Whether two contents are the same snapshot: blanks at the end and the kind of line ends do not count (insta's
/// `TextSnapshotContents`).
#[must_use]
pub fn same(left: &str, right: &str) -> bool {
    normal(left) == normal(right)
}

fn normal(content: &str) -> String {
    content.trim_end().replace("\r\n", "\n")
}
