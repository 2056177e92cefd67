//! The files that pass `ingam check`. What does not pass is left out and becomes a loss, so that the
//! workspace is as good after an import as before.

use crate::cli::command::recording::redact_rules;
use crate::cli::command_error::CommandError;
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::diagnostic::{Diagnostic, Diagnostics, FaultCache, Severity};
use crate::import::ImportLoss;
use crate::load::{GivenFile, LoadedWorkspace, check_secret_assertions, load_with_files};
use crate::model::environment::LIVE_ENV;
use crate::model::recording::Recording;
use crate::plan::{CommandLineNames, check_names};
use crate::recording::{RecordingFolder, authored_text, redact_recording};
use crate::redact::Redactor;
use crate::takeover::{FoundCredential, ImportProofs, TakenRequest, Takeover};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// So often are files left out and the rest checked again.
const MAX_ROUNDS: usize = 4;
/// So many bytes of files are loaded at once.
const MAX_PORTION_BYTES: usize = 3 << 20;

/// What will be written.
pub(super) struct PassingFiles {
    /// Relative to the root, with their texts.
    pub(super) files: BTreeMap<PathBuf, String>,
    pub(super) request_count: usize,
    pub(super) recording_count: usize,
    /// How many requests the file had that could be read.
    pub(super) read_count: usize,
    pub(super) unchecked: Vec<ImportLoss>,
    pub(super) losses: Vec<ImportLoss>,
    pub(super) credentials: Vec<FoundCredential>,
    pub(super) hosts: BTreeMap<String, usize>,
    pub(super) proofs: ImportProofs,
}

impl PassingFiles {
    /// # Errors
    /// When the workspace cannot be read.
    pub(super) fn check(
        invocation: &Invocation<'_>,
        root: &Path,
        taken: Takeover,
    ) -> Result<Self, CommandError> {
        let read_count = taken.requests.len();
        let mut places = HashMap::new();
        let mut files = BTreeMap::new();
        for request in taken.requests {
            add_files(request, &mut files, &mut places);
        }
        let mut unchecked = Vec::new();
        let mut redacted = BTreeMap::new();
        for _ in 0..MAX_ROUNDS {
            let checked = CheckedFiles::check(invocation, root, &files)?;
            redacted = checked.redacted;
            let faulty = checked.faulty;
            if faulty.is_empty() {
                break;
            }
            for (path, reason) in faulty {
                files.remove(&path);
                let kind = if is_recording(&path) {
                    "the recording"
                } else {
                    "the request"
                };
                // A recording without its request would answer nothing.
                if !is_recording(&path) {
                    files.remove(&recording_of(&path));
                }
                unchecked.push(ImportLoss {
                    place: places.get(&path).cloned().unwrap_or_default(),
                    what: format!(
                        "{kind} `{}`, which would not pass `ingam check`: {reason}",
                        path.display()
                    ),
                });
            }
        }
        for (path, text) in redacted {
            if let Some(file) = files.get_mut(&path) {
                *file = text;
            }
        }
        let recording_count = files.keys().filter(|path| is_recording(path)).count();
        Ok(Self {
            request_count: files.len() - recording_count,
            recording_count,
            read_count,
            files,
            unchecked,
            losses: taken.losses,
            credentials: taken.credentials,
            hosts: taken.hosts,
            proofs: taken.proofs,
        })
    }
}

fn is_recording(path: &Path) -> bool {
    path.starts_with("fixtures")
}

fn recording_of(path: &Path) -> PathBuf {
    let below = path.strip_prefix("requests").unwrap_or(path);
    Path::new("fixtures/recordings").join(below)
}

fn add_files(
    request: TakenRequest,
    files: &mut BTreeMap<PathBuf, String>,
    places: &mut HashMap<PathBuf, String>,
) {
    let path = Path::new("requests").join(format!("{}.yaml", request.id));
    if let Some(recording) = &request.recording {
        let recording_path = recording_of(&path);
        let text = format!("# Imported examples: {}\n{}", request.id, recording);
        places.insert(recording_path.clone(), request.place.clone());
        files.insert(recording_path, text);
    }
    files.insert(path.clone(), request.text);
    places.insert(path, request.place);
}

/// What a check finds.
#[derive(Default)]
struct CheckedFiles {
    /// The files with an error, and the first one of each.
    faulty: BTreeMap<PathBuf, String>,
    /// Recordings without what the `redact` rules name.
    redacted: BTreeMap<PathBuf, String>,
}

impl CheckedFiles {
    /// Files are loaded in portions: what is decoded of a large file takes many times its size.
    fn check(
        invocation: &Invocation<'_>,
        root: &Path,
        files: &BTreeMap<PathBuf, String>,
    ) -> Result<Self, CommandError> {
        let mut checked = Self::default();
        let (mut portion, mut bytes): (Vec<GivenFile>, usize) = (Vec::new(), 0);
        // A request and its recording stand in one portion, as its rules are those of both.
        for (path, text) in files.iter().filter(|(path, _)| !is_recording(path)) {
            if bytes > MAX_PORTION_BYTES {
                check_portion(invocation, root, std::mem::take(&mut portion), &mut checked)?;
                bytes = 0;
            }
            let recording = recording_of(path);
            let recording = files.get(&recording).map(|text| (recording, text));
            for (path, text) in [(path.clone(), text)].into_iter().chain(recording) {
                bytes += text.len();
                portion.push(GivenFile {
                    path,
                    text: text.clone(),
                });
            }
        }
        check_portion(invocation, root, portion, &mut checked)?;
        Ok(checked)
    }
}

/// An example as `ingam run --record` would write it: without what the rules of its scheme, of the
/// workspace and of its request name.
fn redact_example(
    loaded: &LoadedWorkspace,
    recording: &Recording,
    path: PathBuf,
    checked: &mut CheckedFiles,
) -> Result<(), CommandError> {
    let rules = redact_rules(loaded, recording)?;
    let root = &loaded.workspace.root;
    match redact_recording(recording, &rules, &mut Redactor::default(), root) {
        Ok(redacted) if redacted.changed.is_empty() => {}
        Ok(redacted) => {
            let text = format!(
                "# Imported examples, without what the `redact` rules name\n{}",
                authored_text(&redacted.recording)
            );
            checked.redacted.insert(path, text);
        }
        Err(reason) => {
            checked.faulty.insert(
                path,
                format!("its personal data cannot be redacted: {reason}"),
            );
        }
    }
    Ok(())
}

fn check_portion(
    invocation: &Invocation<'_>,
    root: &Path,
    portion: Vec<GivenFile>,
    checked: &mut CheckedFiles,
) -> Result<(), CommandError> {
    let given: BTreeSet<PathBuf> = portion.iter().map(|file| file.path.clone()).collect();
    let loaded = load_with_files(root, invocation.host.threads, portion)
        .map_err(|error| settings::unreadable_workspace(root, &error))?;
    for recording in &loaded.workspace.recordings {
        let path = RecordingFolder::new(root).relative_path(&recording.name)?;
        if given.contains(&path) {
            redact_example(&loaded, recording, path, checked)?;
        }
    }
    let mut faults = Diagnostics::default();
    for fault in &loaded.diagnostics {
        faults.push(fault.clone());
    }
    let names = CommandLineNames {
        vars: Vec::new(),
        account: None,
        requests: None,
    };
    check_names(
        &loaded.workspace,
        LIVE_ENV,
        &names,
        (&mut FaultCache::default(), &mut faults),
    );
    check_secret_assertions(&loaded.workspace, &mut FaultCache::default(), &mut faults);
    let faults = faults.sorted();
    for fault in faults
        .iter()
        .filter(|fault| fault.severity == Severity::Error)
    {
        // The first place is the main one; the others can be files that are right.
        let places = paths_of(fault, &loaded);
        if let Some(path) = places.into_iter().find(|path| given.contains(path)) {
            let why = fault
                .labels
                .first()
                .map(|label| label.text.clone())
                .filter(|text| !text.is_empty());
            let why = why.map_or_else(String::new, |text| format!(" ({text})"));
            checked
                .faulty
                .entry(path)
                .or_insert_with(|| format!("{}{why}", fault.title));
        }
    }
    Ok(())
}

fn paths_of(fault: &Diagnostic, loaded: &LoadedWorkspace) -> Vec<PathBuf> {
    let places = fault
        .labels
        .iter()
        .map(|label| loaded.sources.path(label.span.file).to_owned());
    places.chain(fault.path.clone()).collect()
}
