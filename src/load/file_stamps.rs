//! Whether files of a workspace changed, for a run that watches them. The times of files are asked
//! for, and no system-wide watch is set up: a folder of a container or of another machine tells
//! nobody of its changes.

use super::stamp::{Stamp, stamp};
use super::workspace_files::{FileKind, WorkspaceFiles};
use crate::diagnostic::Diagnostics;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// When each file was written, and its length; `None` for one that cannot be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileStamps {
    files: BTreeMap<PathBuf, Stamp>,
}

impl FileStamps {
    /// The files that only a person writes: those of requests, fixtures and schemes, `ingam.yaml`,
    /// `.env`, and what they name. A run writes recordings itself.
    #[must_use]
    pub(crate) fn of_sources(root: &Path, named: &BTreeSet<PathBuf>) -> Self {
        let is_source = |kind: FileKind| kind != FileKind::Recording;
        let mut stamps = Self::of_kinds(root, is_source);
        let rest = named.iter().cloned().chain([root.join(".env")]);
        stamps.files.extend(rest.map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        }));
        stamps
    }

    #[must_use]
    pub(crate) fn of_recordings(root: &Path) -> Self {
        Self::of_kinds(root, |kind| kind == FileKind::Recording)
    }

    /// Takes over the state of files that were not known.
    pub(crate) fn add_missing(&mut self, other: &Self) {
        for (path, stamp) in &other.files {
            self.files.entry(path.clone()).or_insert(*stamp);
        }
    }

    fn of_kinds(root: &Path, is_wanted: impl Fn(FileKind) -> bool) -> Self {
        // A root that cannot be read is another state than one that can.
        let Ok(files) = WorkspaceFiles::new(root) else {
            return Self::default();
        };
        // A fault of a folder is shown by the run.
        let found = files.find_yaml_files(&mut Diagnostics::default());
        let found = found.into_iter().filter(|file| is_wanted(file.kind));
        let stamped = found.map(|file| {
            let path = files.root().join(file.path);
            let stamp = stamp(&path);
            (path, stamp)
        });
        Self {
            files: stamped.collect(),
        }
    }

    /// The first file by its path that is new, gone or other than before.
    #[must_use]
    pub(crate) fn first_change<'s>(&'s self, before: &'s Self) -> Option<&'s Path> {
        let paths = self.files.keys().chain(before.files.keys());
        let is_changed = |path: &&PathBuf| self.files.get(*path) != before.files.get(*path);
        paths.filter(is_changed).min().map(PathBuf::as_path)
    }
}
