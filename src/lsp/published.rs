//! What the client was told about faults and failed assertions, so that only files in which they
//! changed are sent again.

use super::buffers::Buffers;
use super::convert::Places;
use super::exchange::Client;
use super::line_index::ColumnUnit;
use super::open_workspace::OpenWorkspace;
use super::runs::RunFailure;
use lsp_types::{Diagnostic, PublishDiagnosticsParams};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Diagnostics by the absolute path of their file.
pub(super) type DiagnosticsByFile = BTreeMap<PathBuf, Vec<Diagnostic>>;

/// The faults of all workspaces, and the failures of their last runs by the root.
#[must_use]
pub(super) fn all_diagnostics(
    workspaces: &[OpenWorkspace],
    failures: &BTreeMap<PathBuf, Vec<RunFailure>>,
    unit: ColumnUnit,
) -> DiagnosticsByFile {
    let mut found = DiagnosticsByFile::new();
    for open in workspaces {
        let mut places = Places::new(open, unit);
        for file in open.editor.faults() {
            let faults = file.faults.iter();
            let faults = faults.map(|fault| places.diagnostic(&file.path, fault));
            found.insert(open.client_root.join(&file.path), faults.collect());
        }
        for failure in failures.get(open.editor.root()).into_iter().flatten() {
            let path = open.client_root.join(&failure.place.file);
            let diagnostic = places.failure(failure);
            found.entry(path).or_default().push(diagnostic);
        }
    }
    found
}

/// What the client has.
#[derive(Default)]
pub(super) struct Published {
    by_file: DiagnosticsByFile,
}

impl Published {
    pub(super) fn publish(&mut self, client: &Client, buffers: &Buffers, found: DiagnosticsByFile) {
        for (path, diagnostics) in &found {
            if self.by_file.get(path) != Some(diagnostics) {
                send(client, buffers, path, diagnostics.clone());
            }
        }
        let gone = self
            .by_file
            .keys()
            .filter(|path| !found.contains_key(*path));
        for path in gone {
            send(client, buffers, path, Vec::new());
        }
        self.by_file = found;
    }
}

fn send(client: &Client, buffers: &Buffers, path: &Path, diagnostics: Vec<Diagnostic>) {
    let buffer = buffers.get(path);
    let uri = buffer.map(|buffer| buffer.uri.clone());
    let Some(uri) = uri.or_else(|| super::uri::uri_of(path)) else {
        return;
    };
    let params = PublishDiagnosticsParams {
        uri,
        diagnostics,
        version: buffer.map(|buffer| buffer.version),
    };
    client.notify("textDocument/publishDiagnostics", params);
}
