//! Which units of a workspace did not pass when they were last run, for `--rerun-failed`. It holds
//! ids only.

use crate::atomic_file;
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_file};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::Error;
use std::path::{Path, PathBuf};

/// The file of one workspace.
#[derive(Debug)]
pub(crate) struct LastRun {
    path: PathBuf,
    failed_units: BTreeSet<String>,
}

impl LastRun {
    /// `folder` is where this program keeps things between runs, `root` that of the workspace.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(crate) fn load(folder: &Path, root: &Path) -> Result<Self, Error> {
        // A path can be longer than a file name and has separators in it. 128 bits of its hash tell
        // workspaces apart.
        let name = hex::encode(&Sha256::digest(root.as_os_str().as_encoded_bytes())[..16]);
        let path = folder.join("runs").join(format!("{name}.json"));
        let failed = match read_plain_file(&path, MAX_TEXT_BYTES) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeSet::new(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            path,
            failed_units: failed,
        })
    }

    #[must_use]
    pub(crate) fn has_failed(&self, id: &str) -> bool {
        self.failed_units.contains(id)
    }

    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.failed_units.is_empty()
    }

    /// The failed units that no longer exist.
    #[must_use]
    pub(crate) fn missing_units(&self, is_there: impl Fn(&str) -> bool) -> Vec<String> {
        self.failed_units
            .iter()
            .filter(|id| !is_there(id))
            .cloned()
            .collect()
    }

    /// Stores the results of a run. Units that were not run keep their result.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn record_results(
        &mut self,
        passed: &[String],
        failed: &[String],
        gone: &[String],
    ) -> Result<(), Error> {
        let before = self.failed_units.clone();
        passed
            .iter()
            .chain(gone)
            .for_each(|id| _ = self.failed_units.remove(id));
        self.failed_units.extend(failed.iter().cloned());
        // Most runs change nothing, and a write would cost two syncs of the disk.
        if self.failed_units == before {
            return Ok(());
        }
        atomic_file::replace_private(
            &self.path,
            serde_json::to_string(&self.failed_units)?.as_bytes(),
        )
    }
}
