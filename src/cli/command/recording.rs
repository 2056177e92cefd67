//! `ingam recording`: lists and shows recorded responses, removes those of deleted requests, and
//! redacts secrets and personal data.

use super::session;
use crate::cli::args::{RecordingAction, RecordingArgs};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::{ExitStatus, FailureClass};
use crate::cli::human_time::{human_age, recording_age};
use crate::cli::invocation::Invocation;
use crate::diagnostic::{did_you_mean, pluralize};
use crate::load::{FileKind, LoadedWorkspace};
use crate::model::recording::Recording;
use crate::model::redact_rule::RedactRule;
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_text};
use crate::recording::{
    FolderError, RecordingFolder, RecordingKey, RedactedRecording, belongs_to_file,
    external_bodies, redact_recording,
};
use crate::redact::Redactor;
use std::path::PathBuf;

pub(crate) fn run(invocation: &Invocation<'_>, args: &RecordingArgs) -> CommandResult {
    // Every scheme: a recording whose scheme is no longer used by a request still needs its
    // redaction rules. Every file: a recording of a request that does not load would look unused.
    let loaded = session::load_with_all_schemes(invocation, &FileKind::ALL)?;
    if loaded.workspace.recordings.is_empty() {
        return Err(
            CommandError::selection("there is no recording in `fixtures/recordings/`")
                .hint("`ingam run --env live --record` records the responses"),
        );
    }
    match &args.action {
        RecordingAction::List => Ok(CommandOutput::of_data(list(&loaded, invocation))),
        RecordingAction::Show { name } => show_file(&loaded, name),
        RecordingAction::Prune { list } => prune(&loaded, *list),
        RecordingAction::Redact { names, list } => redact(invocation, &loaded, names, *list),
    }
}

/// One line for each recording: name, scheme, number of exchanges, age.
fn list(loaded: &LoadedWorkspace, invocation: &Invocation<'_>) -> String {
    let recordings = &loaded.workspace.recordings;
    let longest = |length: fn(&Recording) -> usize| recordings.iter().map(length).max();
    let widest = longest(|recording| recording.name.len()).unwrap_or(0);
    let schemes = longest(|recording| recording.scheme.len()).unwrap_or(0);
    let line = |recording: &Recording| {
        let age = age_column(recording, loaded, invocation);
        let exchanges = pluralize(recording.exchanges.len(), "exchange");
        let unused = if recorded_file(loaded, recording).is_some() {
            String::new()
        } else {
            invocation.stdout.dim("no request file")
        };
        format!(
            "{:<widest$}  {:<schemes$}  {exchanges:<13} {age} {unused}",
            recording.name, recording.scheme
        )
        .trim_end()
        .to_owned()
    };
    recordings.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn age_column(
    recording: &Recording,
    loaded: &LoadedWorkspace,
    invocation: &Invocation<'_>,
) -> String {
    let style = invocation.stdout;
    let now = (invocation.host.clock)();
    let (text, is_doubtful) = match recording.recorded_ms {
        None => ("stub".to_owned(), false),
        Some(at) => match recording_age(at, now) {
            Some(age) => (human_age(age), age > loaded.workspace.max_recording_age),
            None => ("future".to_owned(), true),
        },
    };
    let text = format!("{text:<8}");
    if is_doubtful {
        style.yellow(&text)
    } else {
        style.dim(&text)
    }
}

/// The request file or fixture that a recording is of.
fn recorded_file<'l>(
    loaded: &'l LoadedWorkspace,
    recording: &Recording,
) -> Option<RecordedFile<'l>> {
    let of = |file: &str| belongs_to_file(&recording.name, file, &recording.scheme);
    let request = loaded
        .workspace
        .requests
        .iter()
        .find(|request| of(&request.name));
    let fixture = loaded
        .workspace
        .fixtures
        .iter()
        .find(|fixture| of(&RecordingKey::for_fixture(&fixture.name, None).file));
    request
        .map(|request| RecordedFile {
            redact: &request.redact,
        })
        .or(fixture.map(|_| RecordedFile { redact: &[] }))
}

struct RecordedFile<'l> {
    redact: &'l [RedactRule],
}

/// The file itself.
fn show_file(loaded: &LoadedWorkspace, name: &str) -> CommandResult {
    check_names(loaded, &[name.to_owned()])?;
    let root = &loaded.workspace.root;
    let path = root.join(RecordingFolder::new(root).relative_path(name)?);
    read_plain_text(&path, MAX_TEXT_BYTES)
        .map(CommandOutput::of_data)
        .map_err(|error| CommandError::operation(format!("`{name}` cannot be read: {error}")))
}

/// Recordings that were written by hand are kept: a stub need not belong to a request file.
fn prune(loaded: &LoadedWorkspace, only_list: bool) -> CommandResult {
    let folder = RecordingFolder::new(&loaded.workspace.root);
    let is_gone = |recording: &&Recording| {
        recording.is_generated && recorded_file(loaded, recording).is_none()
    };
    let (gone, kept): (Vec<&Recording>, Vec<&Recording>) =
        loaded.workspace.recordings.iter().partition(is_gone);
    let paths = unused_files(&folder, &gone, &kept)?;
    if paths.is_empty() {
        return Ok(CommandOutput::of_message(
            "nothing to delete: every recording belongs to a request",
        ));
    }
    let word = if only_list { "would remove" } else { "removed" };
    if !only_list {
        folder.remove(&paths)?;
    }
    let lines: Vec<String> = paths
        .iter()
        .map(|path| format!("{word} {}", path.display()))
        .collect();
    Ok(CommandOutput::of_data(lines.join("\n")))
}

/// The files of recordings to remove, and the body files that no kept recording names.
fn unused_files(
    folder: &RecordingFolder,
    gone: &[&Recording],
    kept: &[&Recording],
) -> Result<Vec<PathBuf>, FolderError> {
    let mut paths = gone
        .iter()
        .map(|recording| folder.relative_path(&recording.name))
        .collect::<Result<Vec<PathBuf>, FolderError>>()?;
    paths.extend(folder.unused_bodies(kept)?);
    Ok(paths)
}

fn redact(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
    names: &[String],
    only_list: bool,
) -> CommandResult {
    let mut redactor = credential_redactor(invocation, loaded)?;
    // Before the first file is changed: a typing mistake must not end a half-done command.
    check_names(loaded, names)?;
    let mut output = CommandOutput::default();
    let mut tally = RedactTally::default();
    let mut changed = Vec::new();
    for recording in &loaded.workspace.recordings {
        if !names.is_empty() && !names.contains(&recording.name) {
            continue;
        }
        match redact_one(loaded, recording, &mut redactor, only_list) {
            Ok((outcome, path)) => {
                if let Some(word) = tally.count(&outcome, only_list) {
                    output.data(format!("{word} {}{}", path.display(), outcome.place()));
                }
                if let RedactOutcome::Changed(after) = outcome {
                    changed.push(after);
                }
            }
            // One recording that cannot be read does not keep the others as they are.
            Err(error) => {
                output.error(error);
                tally.failed += 1;
            }
        }
    }
    if !only_list && !changed.is_empty() {
        remove_old_bodies(loaded, &changed)?;
    }
    tally.report(only_list, &mut output);
    Ok(output)
}

/// A redactor that knows the user's credentials: a recording may hold one that no rule names.
fn credential_redactor(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
) -> Result<Redactor, CommandError> {
    let mut redactor = Redactor::default();
    let credentials = session::read_credentials(invocation.host, loaded)?;
    for (name, value) in credentials.secrets(&loaded.workspace.schemes) {
        redactor.add_secret(name, value);
    }
    Ok(redactor)
}

/// How many recordings were changed, how many only a person can change, and how many cannot be
/// redacted.
#[derive(Default)]
struct RedactTally {
    changed: usize,
    by_hand: usize,
    failed: usize,
}

impl RedactTally {
    /// The word before the path in the output; `None` for a file without a change.
    fn count(&mut self, outcome: &RedactOutcome, only_list: bool) -> Option<&'static str> {
        match outcome {
            RedactOutcome::Unchanged => None,
            RedactOutcome::Changed(_) => {
                self.changed += 1;
                Some(if only_list { "would change" } else { "changed" })
            }
            RedactOutcome::NeedsManualEdit(_) => {
                self.by_hand += 1;
                Some("by hand")
            }
        }
    }

    fn report(&self, only_list: bool, output: &mut CommandOutput) {
        if self.by_hand > 0 {
            let were = if self.by_hand == 1 { "was" } else { "were" };
            let files = pluralize(self.by_hand, "file");
            let text = format!("{files} {were} written by hand and hold secrets or personal data");
            let error = CommandError::new(FailureClass::Check, text);
            output.error(
                error.hint(
                    "edit them yourself: ingam does not change files that were written by hand",
                ),
            );
        } else if self.changed + self.failed == 0 {
            output.message("nothing to redact");
        }
        // `--list` is a check for CI: it must fail while a committed recording holds a secret.
        if only_list && self.changed > 0 {
            output.end_with(ExitStatus::ChecksFailed);
        }
    }
}

/// The result for one file.
enum RedactOutcome {
    Unchanged,
    Changed(Recording),
    /// The file was written by hand, so ingam does not change it: the requests whose exchanges hold
    /// something.
    NeedsManualEdit(Vec<String>),
}

impl RedactOutcome {
    /// Where a person has to look.
    fn place(&self) -> String {
        match self {
            Self::Unchanged | Self::Changed(_) => String::new(),
            Self::NeedsManualEdit(requests) => format!(": {}", requests.join(", ")),
        }
    }
}

/// # Errors
/// If there is no recording of one of the names.
fn check_names(loaded: &LoadedWorkspace, names: &[String]) -> Result<(), CommandError> {
    let known = || {
        let recordings = loaded.workspace.recordings.iter();
        recordings.map(|recording| recording.name.as_str())
    };
    match names.iter().find(|name| !known().any(|one| one == *name)) {
        None => Ok(()),
        Some(name) => Err(
            CommandError::usage(format!("there is no recording `{name}`"))
                .hints(did_you_mean(name, known())),
        ),
    }
}

fn redact_one(
    loaded: &LoadedWorkspace,
    recording: &Recording,
    redactor: &mut Redactor,
    only_list: bool,
) -> Result<(RedactOutcome, PathBuf), CommandError> {
    let root = &loaded.workspace.root;
    let folder = RecordingFolder::new(root);
    let path = folder.relative_path(&recording.name)?;
    let rules = redact_rules(loaded, recording)?;
    let RedactedRecording {
        recording: redacted,
        changed,
    } = redact_recording(recording, &rules, redactor, root)
        .map_err(|reason| CommandError::operation(format!("{}: {reason}", path.display())))?;
    if changed.is_empty() {
        return Ok((RedactOutcome::Unchanged, path));
    }
    // Writing the file again would lose the comments and the layout of its author.
    if !recording.is_generated {
        let requests = changed.iter().map(|number| {
            let request = &recording.exchanges[*number].request;
            format!("{} {}", request.method, request.path)
        });
        return Ok((RedactOutcome::NeedsManualEdit(requests.collect()), path));
    }
    if !only_list {
        folder.update(&recording.name, &mut |_| Ok(redacted.clone()))?;
    }
    Ok((RedactOutcome::Changed(redacted), path))
}

/// Removes the body files that recordings named before and name no longer: they hold what was
/// redacted.
fn remove_old_bodies(loaded: &LoadedWorkspace, changed: &[Recording]) -> Result<(), FolderError> {
    let folder = RecordingFolder::new(&loaded.workspace.root);
    let (mut kept, mut old) = (changed.iter().collect::<Vec<_>>(), Vec::new());
    for recording in &loaded.workspace.recordings {
        if changed.iter().any(|after| after.name == recording.name) {
            old.extend(external_bodies(recording));
        } else {
            kept.push(recording);
        }
    }
    let mut unused = folder.unused_bodies(&kept)?;
    unused.retain(|path| old.contains(&path.as_path()));
    folder.remove(&unused)
}

/// The rules of the scheme, of the workspace and of the request file.
///
/// # Errors
/// If the scheme is not known: without its rules the file would be reported as clean, although it
/// holds personal data.
pub(in crate::cli::command) fn redact_rules<'l>(
    loaded: &'l LoadedWorkspace,
    recording: &Recording,
) -> Result<Vec<&'l RedactRule>, CommandError> {
    let workspace = &loaded.workspace;
    let scheme = workspace.scheme(&recording.scheme).ok_or_else(|| {
        let known = workspace.schemes.iter().map(|scheme| scheme.name.as_str());
        CommandError::file(format!(
            "the recording `{}` is of the scheme `{}`, which does not exist",
            recording.name, recording.scheme
        ))
        .hints(did_you_mean(&recording.scheme, known))
        .hint("restore the scheme, whose rules define personal data, or delete the recording")
    })?;
    let of_file = recorded_file(loaded, recording).map_or(&[][..], |file| file.redact);
    Ok(scheme
        .redact_rules
        .iter()
        .chain(&workspace.redact)
        .chain(of_file)
        .collect())
}
