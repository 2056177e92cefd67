//! The recordings that one marketplace answers from: those of the files, which are read again when
//! they change, and those that a control added.

use crate::load::{
    RecordingFaults, RecordingStamp, decode_given_recording, read_recordings, stamp_recordings,
};
use crate::model::recording::{RecordedRequest, Recording};
use crate::model::workspace::Workspace;
use crate::recording::{ExchangePool, ReplayMiss, TakenExchange};
use std::path::PathBuf;

/// The most recordings that a control can add.
const MAX_ADDED: usize = 1_000;

/// Why a recording cannot be added.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddedRecordingError {
    #[error("{0}")]
    Faults(#[from] RecordingFaults),
    #[error("`scheme: {found}` is wrong: the scheme of this address is `{expected}`")]
    OtherScheme { found: String, expected: String },
    #[error(
        "`resources` cannot be added while the sandbox runs: write them to a file below fixtures/recordings/"
    )]
    Resources,
    #[error("the scheme has no event `{event}` that `then_push` could send; it has: {known}")]
    UnknownEvent { event: String, known: String },
    #[error("there are already {MAX_ADDED} added recordings: delete some, or reset")]
    TooMany,
}

/// Everything that is recorded for one scheme.
pub(super) struct RecordingSet {
    scheme: String,
    root: PathBuf,
    files: ExchangePool,
    /// The newest is the last.
    added: Vec<AddedRecording>,
    added_count: u64,
    reread: Option<RereadFiles>,
}

struct AddedRecording {
    id: String,
    exchanges: ExchangePool,
}

/// What is needed to begin again, and to see that a file changed.
struct RereadFiles {
    recordings: Vec<Recording>,
    stamps: Vec<RecordingStamp>,
    /// The files have this fault.
    fault: Option<RecordingFaults>,
}

impl RecordingSet {
    /// The recordings as they were loaded, for one run.
    pub(super) fn of(workspace: &Workspace, scheme: &str) -> Self {
        Self {
            scheme: scheme.to_owned(),
            root: workspace.root.clone(),
            files: ExchangePool::for_scheme(workspace, scheme),
            added: Vec::new(),
            added_count: 0,
            reread: None,
        }
    }

    /// The same, and files that change are read again.
    ///
    /// # Errors
    /// When the workspace cannot be opened.
    pub(super) fn rereading(workspace: &Workspace, scheme: &str) -> Result<Self, RecordingFaults> {
        let all = workspace.recordings.iter();
        let recordings = all.filter(|recording| recording.scheme == scheme);
        Ok(Self {
            reread: Some(RereadFiles {
                recordings: recordings.cloned().collect(),
                stamps: stamp_recordings(&workspace.root)?,
                fault: None,
            }),
            ..Self::of(workspace, scheme)
        })
    }

    /// The recordings of the files, as they were last read.
    pub(super) fn recordings(&self) -> &[Recording] {
        self.reread
            .as_ref()
            .map_or(&[], |reread| &reread.recordings)
    }

    /// As at the start, but with the files as they are now.
    pub(super) fn reset(&mut self) {
        self.added.clear();
        self.read_again();
        self.files = ExchangePool::of(self.recordings());
    }

    /// Reads the files again if one of them changed. What was served of them begins anew then.
    /// Whether it did.
    pub(super) fn reread_if_changed(&mut self) -> bool {
        let is_changed = self.read_again();
        if is_changed {
            self.files = ExchangePool::of(self.recordings());
        }
        is_changed
    }

    fn read_again(&mut self) -> bool {
        let Some(reread) = &mut self.reread else {
            return false;
        };
        // Before the files: one that is written in between has another stamp the next time.
        let stamps = match stamp_recordings(&self.root) {
            Ok(stamps) if stamps == reread.stamps => return false,
            Ok(stamps) => stamps,
            Err(fault) => {
                reread.fault = Some(fault);
                return true;
            }
        };
        reread.stamps = stamps;
        match read_recordings(&self.root) {
            Ok(recordings) => {
                reread.fault = None;
                reread.recordings = recordings;
                reread
                    .recordings
                    .retain(|recording| recording.scheme == self.scheme);
            }
            Err(fault) => reread.fault = Some(fault),
        }
        true
    }

    /// Whether the file of an exchange changed after it was read.
    pub(super) fn is_outdated(&self, taken: &TakenExchange) -> bool {
        let stamps = self.reread.as_ref().map(|reread| reread.stamps.as_slice());
        let mut stamps = stamps.unwrap_or_default().iter();
        stamps
            .find(|stamp| stamp.name == taken.file)
            .is_some_and(RecordingStamp::is_outdated)
    }

    /// Why the files cannot be answered from.
    pub(super) fn fault(&self) -> Option<&RecordingFaults> {
        self.reread.as_ref()?.fault.as_ref()
    }

    /// The exchange that is recorded for exactly this request.
    pub(super) fn take_exact(&mut self, request: &RecordedRequest) -> Option<TakenExchange> {
        let mut added = self.added.iter_mut().rev();
        added
            .find_map(|added| added.exchanges.take_exact(request))
            .or_else(|| self.files.take_exact(request))
    }

    /// An exchange of a recording that a control added.
    pub(super) fn take_added(&mut self, request: &RecordedRequest) -> Option<TakenExchange> {
        let mut added = self.added.iter_mut().rev();
        added.find_map(|added| added.exchanges.take_exchange(request).ok())
    }

    /// # Errors
    /// When nothing is recorded for the request, or what is recorded is used up.
    pub(super) fn take_exchange(
        &mut self,
        request: &RecordedRequest,
    ) -> Result<TakenExchange, ReplayMiss> {
        self.files.take_exchange(request)
    }

    /// Adds a recording that is answered from before all others; its id and how many exchanges it
    /// has. `events` are those that the scheme can push.
    ///
    /// # Errors
    /// When the text is no recording of this scheme.
    pub(super) fn add(
        &mut self,
        text: &str,
        events: &[&str],
    ) -> Result<(String, usize), AddedRecordingError> {
        if self.added.len() >= MAX_ADDED {
            return Err(AddedRecordingError::TooMany);
        }
        let recording = decode_given_recording(&self.root, "body", text)?;
        if recording.scheme != self.scheme {
            return Err(AddedRecordingError::OtherScheme {
                found: recording.scheme,
                expected: self.scheme.clone(),
            });
        }
        if !recording.resources.is_empty() {
            return Err(AddedRecordingError::Resources);
        }
        let pushes = recording.exchanges.iter();
        let mut pushes = pushes.filter_map(|exchange| exchange.then_push.as_ref());
        if let Some(push) = pushes.find(|push| !events.contains(&push.event.as_str())) {
            return Err(AddedRecordingError::UnknownEvent {
                event: push.event.clone(),
                known: if events.is_empty() {
                    "none".to_owned()
                } else {
                    events.join(", ")
                },
            });
        }
        self.added_count += 1;
        let id = self.added_count.to_string();
        let count = recording.exchanges.len();
        self.added.push(AddedRecording {
            id: id.clone(),
            exchanges: ExchangePool::of([&recording]),
        });
        Ok((id, count))
    }

    /// Whether there was one with this id.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let before = self.added.len();
        self.added.retain(|added| added.id != id);
        self.added.len() < before
    }

    pub(super) fn added_ids(&self) -> impl Iterator<Item = &str> {
        self.added.iter().map(|added| added.id.as_str())
    }
}
