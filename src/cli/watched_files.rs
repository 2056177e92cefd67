//! The files of a workspace that `ingam run --watch` waits for.

use crate::load::FileStamps;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A person does not notice a quarter of a second, and looking at 1,000 files takes some
/// milliseconds.
const INTERVAL: Duration = Duration::from_millis(250);

pub(super) struct WatchedFiles {
    root: PathBuf,
    /// Files that other files have named, such as those of bodies.
    pub(super) named: BTreeSet<PathBuf>,
    /// Before the run: what a person changes while it runs counts.
    sources: FileStamps,
    /// After the run, which may have written some itself.
    recordings: FileStamps,
}

impl WatchedFiles {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            named: BTreeSet::new(),
            sources: FileStamps::of_sources(root, &BTreeSet::new()),
            recordings: FileStamps::default(),
        }
    }

    pub(super) fn run_has_ended(&mut self) {
        self.recordings = FileStamps::of_recordings(&self.root);
        // Only the run has told which files are named: they count from now on.
        let now = FileStamps::of_sources(&self.root, &self.named);
        self.sources.add_missing(&now);
    }

    /// Waits for a change, and until nothing more changes: an editor writes in several steps.
    pub(super) async fn change(&mut self) -> PathBuf {
        let mut first = None;
        loop {
            let sources = FileStamps::of_sources(&self.root, &self.named);
            let recordings = FileStamps::of_recordings(&self.root);
            let changed = sources.first_change(&self.sources);
            let changed = changed.or_else(|| recordings.first_change(&self.recordings));
            let changed = changed.map(Path::to_owned);
            (self.sources, self.recordings) = (sources, recordings);
            match (changed, first.take()) {
                (Some(changed), before) => first = Some(before.unwrap_or(changed)),
                (None, Some(before)) => return before,
                (None, None) => {}
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }
}
