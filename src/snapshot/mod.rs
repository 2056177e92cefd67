//! Snapshots of responses: the `.snap` file beside a request, in the format of insta 1.49, so that
//! `cargo insta` reads it too. The room does not know how a response was received, and writes only
//! where the user has allowed it.

mod content;
mod content_diff;
mod error;
mod file;
mod line_diff;
mod location;
mod normalize;
mod snapshot_path;
mod update;

pub(crate) use content::{MaskMismatch, SnapshotMasks, snapshot_content};
pub(crate) use content_diff::{content_differences, snapshot_differences};
pub(crate) use error::SnapshotError;
pub use file::SnapshotFile;
pub(crate) use file::SnapshotMetadata;
pub(crate) use line_diff::{DiffLine, DiffSide, diff_lines};
pub(crate) use location::{SavedSnapshot, SnapshotLocation, find_snapshots};
pub(crate) use snapshot_path::snapshot_path;
pub(crate) use update::{SnapshotUpdate, UpdateBehavior};
