//! Resources that were created at a marketplace and are not deleted yet: one file for each run, one
//! line for each fact, each synced to the disk before the next call is sent. A kernel lock shows
//! whether the run is still going on. The ledger holds no secret in clear: a call that holds one is
//! sealed by the caller. It is used only for cleaning up.

use crate::atomic_file::sync_folder;
use crate::platform;
use crate::private_file::create_private_folder;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// A call that creates a resource, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LedgerEntry {
    /// Counted from one within its run.
    pub(crate) number: u64,
    #[serde(flatten)]
    pub(crate) owner: LedgerOwner,
    pub(crate) step: String,
    pub(crate) scheme: String,
    pub(crate) environment: String,
    /// As it was named for the unit; without one, the only one there is.
    pub(crate) account: Option<String>,
    /// The host that was given in place of that of the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    /// Unix milliseconds.
    pub(crate) at_ms: i64,
}

/// What a call that creates a resource is a step of, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LedgerOwner {
    Fixture(String),
    /// A file of `requests/`.
    Request(String),
}

impl LedgerEntry {
    /// `listed_item::add`; a request of one step has no name for it.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        match &self.owner {
            LedgerOwner::Request(request) if self.step.is_empty() => request.clone(),
            LedgerOwner::Fixture(name) | LedgerOwner::Request(name) => {
                format!("{name}::{}", self.step)
            }
        }
    }
}

/// A call that deletes a resource, rendered and not signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UndoCall {
    pub(crate) level: Option<String>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: UndoBody,
    pub(crate) timeout_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UndoBody {
    None,
    /// JSON as text, so that every digit is kept.
    Json(String),
    Form(Vec<(String, String)>),
    Text(String),
}

/// A call that holds a secret or personal data, sealed with the key of the token store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealedUndo {
    pub(crate) method: String,
    /// With names in the place of secrets, and pseudonyms in that of personal data, for people.
    pub(crate) path: String,
    pub(crate) sealed: String,
}

/// A call that deletes a resource, as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordedUndo {
    Plain(UndoCall),
    Sealed(SealedUndo),
}

impl RecordedUndo {
    /// Method and path, for people.
    #[must_use]
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Plain(call) => format!("{} {}", call.method, call.path),
            Self::Sealed(undo) => format!("{} {}", undo.method, undo.path),
        }
    }
}

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LedgerLine {
    /// The first of a file.
    Run { run_id: String, workspace: PathBuf },
    /// Before the call is sent.
    #[serde(alias = "opened")]
    Started(LedgerEntry),
    /// The resource was created, and this call deletes it.
    #[serde(alias = "made")]
    Created { number: u64, undo: UndoCall },
    /// The same, with a call that is sealed.
    CreatedSealed { number: u64, undo: SealedUndo },
    /// Nothing was created, or it is deleted.
    Closed { number: u64 },
}

/// A resource of a run that is not deleted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenUndo {
    pub(crate) entry: LedgerEntry,
    /// `None` if the response was not received.
    pub(crate) undo: Option<RecordedUndo>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error("ingam found no folder for the ledger of this user: set HOME")]
    NoFolder,
    #[error("the ledger `{}` cannot be used: {reason}", .path.display())]
    Io { path: PathBuf, reason: String },
    #[error("the ledger `{}` has a line that is not valid: {line}", .path.display())]
    Corrupt { path: PathBuf, line: usize },
}

fn io_error(path: &Path, error: &std::io::Error) -> LedgerError {
    LedgerError::Io {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

fn create_locked(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    // `create_new`: two runs never share a ledger, not even if their run ids were equal.
    options.read(true).append(true).create_new(true);
    platform::private_file(&mut options);
    let file = options.open(path)?;
    // The kernel releases the lock when the process ends, however it ends. A clean-up of another
    // process can therefore tell a run that is still going on from one that was killed.
    file.lock()?;
    Ok(file)
}

/// The largest ledger that is read, in bytes. A line takes some hundred.
const MAX_LEDGER_BYTES: u64 = 64 << 20;

fn check_plain_file(file: &File) -> std::io::Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a plain file"));
    }
    if metadata.len() > MAX_LEDGER_BYTES {
        return Err(std::io::Error::other(format!(
            "it is larger than {} MiB",
            MAX_LEDGER_BYTES >> 20
        )));
    }
    Ok(())
}

/// The ledger of a run that is going on, or is being cleaned up after.
pub(crate) struct Ledger {
    path: PathBuf,
    file: File,
    pub(crate) run_id: String,
    pub(crate) workspace: PathBuf,
    open_undos: Vec<OpenUndo>,
    last_number: u64,
}

impl Ledger {
    /// # Errors
    /// When the file cannot be made: then nothing must be made at the marketplace.
    pub(crate) fn create(
        folder: &Path,
        run_id: &str,
        workspace: &Path,
    ) -> Result<Self, LedgerError> {
        create_private_folder(folder).map_err(|error| io_error(folder, &error))?;
        let path = folder.join(format!("{run_id}.jsonl"));
        let file = create_locked(&path).map_err(|error| io_error(&path, &error))?;
        let (run_id, workspace) = (run_id.to_owned(), workspace.to_owned());
        let mut ledger = Self {
            path,
            file,
            run_id,
            workspace,
            open_undos: Vec::new(),
            last_number: 0,
        };
        ledger.append(&LedgerLine::Run {
            run_id: ledger.run_id.clone(),
            workspace: ledger.workspace.clone(),
        })?;
        // Synced lines are of no use after a power failure if the name of their file is lost.
        sync_folder(folder).map_err(|error| io_error(folder, &error))?;
        Ok(ledger)
    }

    /// Records a call that is about to create something, and returns its number.
    ///
    /// # Errors
    /// When it cannot be written down: then the call must not be sent.
    pub(crate) fn record_start(&mut self, entry: LedgerEntry) -> Result<u64, LedgerError> {
        let number = self.last_number + 1;
        let entry = LedgerEntry { number, ..entry };
        // The file first: if this fails, the call is not sent, and the entry must not count as
        // open.
        self.append(&LedgerLine::Started(entry.clone()))?;
        self.last_number = number;
        self.open_undos.push(OpenUndo { entry, undo: None });
        Ok(number)
    }

    /// # Errors
    /// When it cannot be written down.
    pub(crate) fn record_created(
        &mut self,
        number: u64,
        undo: RecordedUndo,
    ) -> Result<(), LedgerError> {
        // If the process is killed between the response and this line, the entry stays open without
        // an undo call. Then the clean-up knows that something may exist, but not how to delete it.
        self.append(&match undo.clone() {
            RecordedUndo::Plain(undo) => LedgerLine::Created { number, undo },
            RecordedUndo::Sealed(undo) => LedgerLine::CreatedSealed { number, undo },
        })?;
        self.set_undo(number, undo);
        Ok(())
    }

    fn set_undo(&mut self, number: u64, undo: RecordedUndo) {
        if let Some(open) = self
            .open_undos
            .iter_mut()
            .find(|open| open.entry.number == number)
        {
            open.undo = Some(undo);
        }
    }

    /// # Errors
    /// When it cannot be written down: it is done all the same, and doing it again does no harm.
    pub(crate) fn record_closed(&mut self, number: u64) -> Result<(), LedgerError> {
        self.append(&LedgerLine::Closed { number })?;
        self.open_undos.retain(|open| open.entry.number != number);
        Ok(())
    }

    /// The resources that are not deleted yet, the last one first.
    #[must_use]
    pub(crate) fn open_undos(&self) -> Vec<OpenUndo> {
        // What was created last may depend on what was created before it, so it is undone first.
        self.open_undos.iter().rev().cloned().collect()
    }

    /// Ends a ledger that has nothing open; one that has stays.
    pub(crate) fn remove_if_empty(self) {
        if self.open_undos.is_empty() {
            // One that stays has nothing open, and the next clean-up removes it.
            let _ = std::fs::remove_file(&self.path);
        }
    }

    fn append(&mut self, fact: &LedgerLine) -> Result<(), LedgerError> {
        // A fact that cannot be written down must stop the call that it is about: an empty line
        // would let the call go out unrecorded, and make the ledger unreadable for the
        // clean-up.
        let mut line = serde_json::to_vec(fact).map_err(|error| LedgerError::Io {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            // Durable before the caller sends: a loss of power must not make the call unrecorded.
            .and_then(|()| self.file.sync_data())
            .map_err(|error| io_error(&self.path, &error))
    }

    /// The ledger of a run that is over. `None` while its run, or another clean-up, has it.
    ///
    /// # Errors
    /// When it cannot be read: a broken ledger is not an empty one.
    fn open_abandoned(path: &Path) -> Result<Option<Self>, LedgerError> {
        // Opened for writing as well, so that a pipe in this place does not block.
        let file = match OpenOptions::new().read(true).append(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(path, &error)),
        };
        check_plain_file(&file).map_err(|error| io_error(path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            // Not "its run still lives": the clean-up would pass over it without a word.
            Err(TryLockError::Error(error)) => return Err(io_error(path, &error)),
        }
        // Its run may have removed it after this process opened the file and before it had the
        // lock: then the lock is on a file without a name, and what it held is closed.
        if !path.try_exists().map_err(|error| io_error(path, &error))? {
            return Ok(None);
        }
        let (run_id, workspace) = (String::new(), PathBuf::new());
        let mut ledger = Self {
            path: path.to_owned(),
            file,
            run_id,
            workspace,
            open_undos: Vec::new(),
            last_number: 0,
        };
        ledger.replay()?;
        Ok(Some(ledger))
    }

    /// A last line without an end was never acted on.
    fn replay(&mut self) -> Result<(), LedgerError> {
        let mut reader = BufReader::new(
            self.file
                .try_clone()
                .map_err(|error| io_error(&self.path, &error))?,
        );
        // The clone shares its position with `self.file`, wherever that is.
        std::io::Seek::rewind(&mut reader).map_err(|error| io_error(&self.path, &error))?;
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            reader
                .read_until(b'\n', &mut line)
                .map_err(|error| io_error(&self.path, &error))?;
            // A kill between write and sync: the caller did not come to send.
            if !line.ends_with(b"\n") {
                break;
            }
            let fact = serde_json::from_slice(&line).map_err(|_| LedgerError::Corrupt {
                path: self.path.clone(),
                line: number,
            })?;
            self.apply(fact);
        }
        Ok(())
    }

    fn apply(&mut self, fact: LedgerLine) {
        match fact {
            LedgerLine::Run { run_id, workspace } => {
                (self.run_id, self.workspace) = (run_id, workspace);
            }
            LedgerLine::Started(entry) => {
                // New numbers continue after the highest one, so that no line is ever applied to
                // another entry.
                self.last_number = self.last_number.max(entry.number);
                self.open_undos.push(OpenUndo { entry, undo: None });
            }
            LedgerLine::Created { number, undo } => {
                self.set_undo(number, RecordedUndo::Plain(undo));
            }
            LedgerLine::CreatedSealed { number, undo } => {
                self.set_undo(number, RecordedUndo::Sealed(undo));
            }
            LedgerLine::Closed { number } => {
                self.open_undos.retain(|open| open.entry.number != number);
            }
        }
    }
}

/// The ledgers that interrupted runs have left, of one workspace or of all. Ledgers with nothing
/// open are deleted.
///
/// # Errors
/// When the folder or a ledger in it cannot be read.
pub(crate) fn abandoned_ledgers(
    folder: &Path,
    workspace: Option<&Path>,
) -> Result<Vec<Ledger>, LedgerError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(folder, &error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| io_error(folder, &error))?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    // `read_dir` has no order, and the output of a clean-up must not change from run to run.
    paths.sort();
    let mut ledgers = Vec::new();
    for path in paths {
        match Ledger::open_abandoned(&path)? {
            // Before the workspace is compared: a ledger with nothing open is of no use to any
            // workspace.
            Some(ledger) if ledger.open_undos.is_empty() => ledger.remove_if_empty(),
            Some(ledger) if workspace.is_none_or(|workspace| ledger.workspace == workspace) => {
                ledgers.push(ledger);
            }
            _ => {}
        }
    }
    Ok(ledgers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> LedgerEntry {
        LedgerEntry {
            number: 0,
            owner: LedgerOwner::Fixture("item".into()),
            step: "add".into(),
            scheme: "mall".into(),
            environment: "local".into(),
            account: None,
            host: None,
            at_ms: 1,
        }
    }

    fn undo(path: &str) -> RecordedUndo {
        RecordedUndo::Plain(UndoCall {
            level: None,
            method: "DELETE".into(),
            path: path.into(),
            raw_query: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: UndoBody::None,
            timeout_ms: 1,
        })
    }

    #[test]
    fn what_is_open_is_found_again_and_a_living_run_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::create(folder.path(), "run1", Path::new("/w")).unwrap();
        let numbers = [(); 3].map(|()| ledger.record_start(entry()).unwrap());
        ledger.record_created(numbers[0], undo("/1")).unwrap();
        ledger.record_created(numbers[1], undo("/2")).unwrap();
        ledger.record_closed(numbers[0]).unwrap();
        assert_eq!(
            abandoned_ledgers(folder.path(), None).unwrap().len(),
            0,
            "its run has it"
        );
        let path = ledger.path.clone();
        drop(ledger);
        // A line that was cut by a kill was never acted on.
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"closed\":{\"num")
            .unwrap();
        let found = abandoned_ledgers(folder.path(), Some(Path::new("/w"))).unwrap();
        let open = found[0].open_undos();
        assert_eq!(
            (open[0].undo.clone(), open[1].undo.clone()),
            (None, Some(undo("/2")))
        );
        assert_eq!(
            abandoned_ledgers(folder.path(), None).unwrap().len(),
            0,
            "another clean-up has it"
        );
        assert_eq!(found[0].run_id, "run1");
        drop(found);
        assert_eq!(
            abandoned_ledgers(folder.path(), Some(Path::new("/other")))
                .unwrap()
                .len(),
            0
        );
    }

    /// JSON cannot hold the name of such a workspace.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_fact_that_cannot_be_written_down_is_an_error() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let workspace = Path::new(std::ffi::OsStr::from_bytes(b"/w/\xff"));
        let created = Ledger::create(folder.path(), "run1", workspace);
        assert!(matches!(created, Err(LedgerError::Io { .. })));
    }

    #[test]
    fn a_broken_ledger_is_not_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.jsonl"), "nonsense\n").unwrap();
        assert!(matches!(
            abandoned_ledgers(folder.path(), None),
            Err(LedgerError::Corrupt { line: 1, .. })
        ));
    }
}
