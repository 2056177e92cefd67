//! One workspace that the client has files of.

use crate::editor::EditorWorkspace;
use std::path::{Path, PathBuf};

/// One workspace, and where the client sees it.
pub(super) struct OpenWorkspace {
    /// As the client spells it: its links are not resolved.
    pub(super) client_root: PathBuf,
    pub(super) editor: EditorWorkspace,
}

impl OpenWorkspace {
    /// The path of a file below the root; none of a file that is elsewhere.
    #[must_use]
    pub(super) fn path_below(&self, path: &Path) -> Option<PathBuf> {
        let below = path
            .strip_prefix(&self.client_root)
            .or_else(|_| path.strip_prefix(self.editor.root()));
        below.ok().map(Path::to_owned)
    }
}
