//! What can be done with a request file from its first line.

use super::cursor::member;
use super::outline::{kind_of, steps_of};
use super::visible_names::file_of;
use super::workspace::EditorWorkspace;
use crate::load::FileKind;
use crate::snapshot::{find_snapshots, snapshot_path};
use std::path::{Path, PathBuf};

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LensAction {
    Run,
    Replay,
    Explain,
    Record,
    ShowRecording,
    ReviewSnapshot,
}

/// An action above a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lens {
    /// The line is the one of this offset.
    pub(crate) offset: usize,
    pub(crate) action: LensAction,
    /// The id of what it is done with.
    pub(crate) unit: String,
}

/// The lenses of a file.
#[must_use]
pub(crate) fn lenses(editor: &EditorWorkspace, path: &Path) -> Vec<Lens> {
    let (Some(parsed), Some((FileKind::Request, name))) = (editor.parsed(path), kind_of(path))
    else {
        return Vec::new();
    };
    let top = parsed.tree.as_map().and_then(<[_]>::first);
    let Some(offset) = top.map(|entry| entry.key_at.start as usize) else {
        return Vec::new();
    };
    let lens = |action| Lens {
        offset,
        action,
        unit: name.clone(),
    };
    let mut found = vec![lens(LensAction::Run)];
    if file_of(editor, "fixtures/recordings", &name).is_some() {
        found.push(lens(LensAction::Replay));
    }
    found.extend([LensAction::Explain, LensAction::Record].map(lens));
    if file_of(editor, "fixtures/recordings", &name).is_some() {
        found.push(lens(LensAction::ShowRecording));
    }
    if !pending_snapshots(editor.root(), &name).is_empty() {
        found.push(lens(LensAction::ReviewSnapshot));
    }
    for step in steps_of(&parsed.tree) {
        if let Some(step_name) = step.name().filter(|_| step.text("use").is_none()) {
            let place = member(step.node, "name").map(|node| node.at.start as usize);
            found.push(Lens {
                offset: place.unwrap_or(offset),
                action: LensAction::Explain,
                unit: format!("{name}::{step_name}"),
            });
        }
    }
    found
}

/// The pending snapshots of a request, as absolute paths.
#[must_use]
pub(crate) fn pending_snapshots(root: &Path, name: &str) -> Vec<PathBuf> {
    // What cannot be listed is said by `ingam snapshot`.
    let snapshots = find_snapshots(root).unwrap_or_default();
    let stem = snapshot_path(name, &[]).with_extension("");
    let stem = root.join(stem).to_string_lossy().into_owned();
    let is_own = |path: &PathBuf| {
        let path = path.to_string_lossy();
        let rest = path.strip_prefix(stem.as_str());
        rest.is_some_and(|rest| rest.starts_with('.') || rest.starts_with("--"))
    };
    let pending = snapshots
        .iter()
        .map(|snapshot| root.join(snapshot.pending_path()));
    pending
        .filter(|path| path.is_file() && is_own(path))
        .collect()
}
