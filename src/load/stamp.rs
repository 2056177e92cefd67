//! By what a change of a file is seen without reading it.

use std::path::Path;
use std::time::SystemTime;

/// When a file was written, and its length; `None` for one that cannot be looked at.
pub(super) type Stamp = Option<(SystemTime, u64)>;

pub(super) fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
