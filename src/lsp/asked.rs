//! What a request is about, and what the client gets for it.

use super::line_index::LineIndex;
use super::open_workspace::OpenWorkspace;
use super::side_process::PlannedCommand;
use super::state::ServerState;
use super::uri::path_of;
use lsp_server::ErrorCode;
use lsp_types::{Position, TextDocumentIdentifier};
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;

/// What the client gets for a request.
pub(super) enum Reply {
    Value(Value),
    Refused(ErrorCode, String),
    /// The output of a command, when it ends.
    Later(PlannedCommand),
}

impl Reply {
    pub(super) fn of(value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => Self::Value(value),
            Err(error) => Self::Refused(ErrorCode::InternalError, error.to_string()),
        }
    }

    pub(super) const NOTHING: Self = Self::Value(Value::Null);
}

/// A file of a workspace that a request is about.
pub(super) struct AskedFile<'s> {
    pub(super) open: &'s OpenWorkspace,
    /// Below the root.
    pub(super) path: PathBuf,
    pub(super) text: std::sync::Arc<str>,
    pub(super) lines: LineIndex,
}

impl AskedFile<'_> {
    pub(super) fn offset(&self, position: Position) -> usize {
        self.lines.offset(&self.text, position)
    }
}

/// `None` for a file that belongs to no workspace.
pub(super) fn asked_file<'s>(
    server: &'s ServerState,
    document: &TextDocumentIdentifier,
) -> Option<AskedFile<'s>> {
    let (workspace, path) = server.locate(&path_of(document.uri.as_str())?)?;
    let open = server.workspaces.get(workspace)?;
    let text = open.editor.text(&path)?.clone();
    let lines = LineIndex::new(&text, server.unit);
    Some(AskedFile {
        open,
        path,
        text,
        lines,
    })
}
