//! One workspace that the client has files of.

use crate::editor::EditorWorkspace;
use std::path::PathBuf;

/// One workspace, and where the client sees it.
pub(super) struct OpenWorkspace {
    /// As the client spells it: its links are not resolved.
    pub(super) client_root: PathBuf,
    pub(super) editor: EditorWorkspace,
}
