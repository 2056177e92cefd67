//! Recordings on their own, for a sandbox that reads them while it runs: again when their files
//! change, and from the body of a request.

use super::recording::RecordingDecoder;
use super::workspace_files::{DiscoveredFile, FileKind, WorkspaceFiles};
use super::{DecodedFile, decode_file};
use crate::diagnostic::{Diagnostic, DiagnosticRenderer, Diagnostics, Severity};
use crate::model::recording::Recording;
use crate::span::SourceMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Columns of the faults that are drawn.
const WIDTH: usize = 100;
const RECORDINGS_DIR: &str = "fixtures/recordings";

/// The drawn faults of recordings, with their places.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordingFaults(String);

/// Which file there is, and whether it changed: its path, when it was written, its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordingStamp {
    /// As [`Recording::name`].
    pub(crate) name: String,
    path: PathBuf,
    written: Option<SystemTime>,
    bytes: u64,
}

/// The state of all files of recordings. One that cannot be looked at is a changed one.
///
/// # Errors
/// When the workspace cannot be opened.
pub(crate) fn stamp_recordings(root: &Path) -> Result<Vec<RecordingStamp>, RecordingFaults> {
    let files = open(root)?;
    let found = recording_files(&files, &mut Diagnostics::default());
    Ok(found.iter().map(|file| stamp(&files, file)).collect())
}

fn stamp(files: &WorkspaceFiles, file: &DiscoveredFile) -> RecordingStamp {
    let path = files.root().join(&file.path);
    RecordingStamp::now(file.name.clone(), path)
}

impl RecordingStamp {
    fn now(name: String, path: PathBuf) -> Self {
        let metadata = std::fs::metadata(&path).ok();
        Self {
            written: metadata
                .as_ref()
                .and_then(|metadata| metadata.modified().ok()),
            bytes: metadata.map_or(u64::MAX, |metadata| metadata.len()),
            name,
            path,
        }
    }

    /// Whether the file is another one by now.
    #[must_use]
    pub(crate) fn is_outdated(&self) -> bool {
        Self::now(self.name.clone(), self.path.clone()) != *self
    }
}

/// All recordings of a workspace.
///
/// # Errors
/// When one of them has a fault.
pub(crate) fn read_recordings(root: &Path) -> Result<Vec<Recording>, RecordingFaults> {
    let files = open(root)?;
    let (mut sources, mut diagnostics) = (SourceMap::default(), Diagnostics::default());
    let mut recordings = Vec::new();
    for file in recording_files(&files, &mut diagnostics) {
        let Some(text) = files.read(&file, &mut diagnostics) else {
            continue;
        };
        let id = sources.add(file.path.clone(), text.as_str());
        let decoded = decode_file(&files, &file, id, &text, &mut diagnostics);
        if let DecodedFile::Recording(recording) = decoded {
            recordings.push(recording);
        }
    }
    refuse_errors(diagnostics, &sources)?;
    Ok(recordings)
}

/// One recording from a text that is in no file.
///
/// # Errors
/// When it has a fault.
pub(crate) fn decode_given_recording(
    root: &Path,
    name: &str,
    text: &str,
) -> Result<Recording, RecordingFaults> {
    let files = open(root)?;
    let (mut sources, mut diagnostics) = (SourceMap::default(), Diagnostics::default());
    let id = sources.add(name.to_owned(), text);
    let decoded = match crate::yaml::parse(id, text) {
        Ok(node) => {
            RecordingDecoder::new(&files, &mut diagnostics).decode(name.to_owned(), &node, text)
        }
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            None
        }
    };
    refuse_errors(diagnostics, &sources)?;
    decoded.ok_or_else(|| RecordingFaults("this is not a recording".to_owned()))
}

fn open(root: &Path) -> Result<WorkspaceFiles, RecordingFaults> {
    WorkspaceFiles::new(root)
        .map_err(|error| RecordingFaults(format!("the workspace cannot be opened: {error}")))
}

/// Faults of the search that concern other folders are left out.
fn recording_files(files: &WorkspaceFiles, diagnostics: &mut Diagnostics) -> Vec<DiscoveredFile> {
    let mut all = Diagnostics::default();
    let mut found = files.find_yaml_files(&mut all);
    found.retain(|file| file.kind == FileKind::Recording);
    let is_of_recordings = |diagnostic: &Diagnostic| {
        let path = diagnostic.path.as_deref();
        path.is_none_or(|path| {
            path.starts_with(RECORDINGS_DIR) || path.starts_with(files.root().join(RECORDINGS_DIR))
        })
    };
    for diagnostic in all.sorted().into_iter().filter(is_of_recordings) {
        diagnostics.push(diagnostic);
    }
    found
}

fn refuse_errors(diagnostics: Diagnostics, sources: &SourceMap) -> Result<(), RecordingFaults> {
    let renderer = DiagnosticRenderer::new(false, WIDTH);
    let errors: Vec<String> = diagnostics
        .sorted()
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|diagnostic| renderer.render(diagnostic, sources))
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(RecordingFaults(errors.join("\n")))
    }
}
