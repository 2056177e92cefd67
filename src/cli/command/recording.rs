//! `ingam recording`: lists and shows what marketplaces answered, removes what nothing needs, and
//! hides what is personal.

use super::session;
use crate::cli::args::{RecordingAction, RecordingArgs};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::{ExitStatus, FailureClass};
use crate::cli::human_time::{human_age, recording_age};
use crate::cli::invocation::Invocation;
use crate::diagnostic::{did_you_mean, pluralize};
use crate::load::LoadedWorkspace;
use crate::model::recording::Recording;
use crate::model::redact_rule::RedactRule;
use crate::recording::{
    ExchangeComparisonError, FolderError, RecordingFolder, RecordingKey, belongs_to_file,
    is_unchanged, redact_recording,
};
use crate::secret::Redactor;
use std::path::{Path, PathBuf};

pub(crate) fn run(invocation: &Invocation<'_>, args: &RecordingArgs) -> CommandResult {
    // Every scheme: a recording of one that no request uses any more has its rules, too.
    let loaded = session::load_with_all_schemes(invocation)?;
    if loaded.workspace.recordings.is_empty() {
        return Err(
            CommandError::selection("there is no recording in `fixtures/recordings/`")
                .hint("`ingam run --env live --record` writes some"),
        );
    }
    match &args.action {
        RecordingAction::List => Ok(CommandOutput::of_data(list(&loaded, invocation))),
        RecordingAction::Show { name } => show_file(&loaded, name),
        RecordingAction::Prune { list } => prune(&loaded, *list),
        RecordingAction::Redact { names, list } => redact(invocation, &loaded, names, *list),
    }
}

/// Name, scheme, exchanges, age, and for what.
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
            invocation.stdout.dim("of no request file")
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
    std::fs::read_to_string(path)
        .map(CommandOutput::of_data)
        .map_err(|error| CommandError::operation(format!("`{name}` cannot be read: {error}")))
}

/// What was written by hand stays: it may stand for anything.
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
            "nothing to remove: every recording has its request",
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

/// The files of recordings that are gone, and bodies that none of those that are kept names.
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
    let mut redactor = Redactor::default();
    let credentials = session::read_credentials(invocation.host, loaded)?;
    for (name, value) in credentials.secrets(&loaded.workspace.schemes) {
        redactor.add_secret(name, value);
    }
    let folder = RecordingFolder::new(&loaded.workspace.root);
    let mut output = CommandOutput::default();
    let (mut changed, mut by_hand) = (0, 0);
    check_names(loaded, names)?;
    for recording in &loaded.workspace.recordings {
        if !names.is_empty() && !names.contains(&recording.name) {
            continue;
        }
        let redacted = redact_one(loaded, recording, &mut redactor, only_list)
            .and_then(|outcome| Ok((outcome, folder.relative_path(&recording.name)?)));
        let (outcome, path) = match redacted {
            Ok(redacted) => redacted,
            // The files before this one are written, and stay named.
            Err(error) => {
                output.error(error);
                return Ok(output);
            }
        };
        let word = match outcome {
            RedactOutcome::Unchanged => continue,
            RedactOutcome::Changed if only_list => "would change",
            RedactOutcome::Changed => "changed",
            RedactOutcome::NeedsManualEdit => "by hand",
        };
        match outcome {
            RedactOutcome::NeedsManualEdit => by_hand += 1,
            _ => changed += 1,
        }
        output.data(format!("{word} {}", path.display()));
    }
    if by_hand > 0 {
        let were = if by_hand == 1 { "was" } else { "were" };
        let files = pluralize(by_hand, "file");
        let text = format!("{files} {were} written by hand, and hold secrets or personal data");
        let error = CommandError::new(FailureClass::Check, text);
        output.error(error.hint("change them by hand"));
    } else if changed == 0 {
        output.message("nothing to hide");
    }
    if only_list && changed > 0 {
        output.end_with(ExitStatus::ChecksFailed);
    }
    Ok(output)
}

/// What became of one file.
enum RedactOutcome {
    Unchanged,
    Changed,
    /// A person wrote it, and a person has to change it.
    NeedsManualEdit,
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
) -> Result<RedactOutcome, CommandError> {
    let root = &loaded.workspace.root;
    let folder = RecordingFolder::new(root);
    let path = folder.relative_path(&recording.name)?;
    let rules = redact_rules(loaded, recording)?;
    let redacted = redact_recording(recording, &rules, redactor, root)
        .map_err(|reason| CommandError::operation(format!("{}: {reason}", path.display())))?;
    let is_unchanged = has_same_exchanges(recording, &redacted, root)
        .map_err(|reason| CommandError::operation(format!("{}: {reason}", path.display())))?;
    if is_unchanged {
        return Ok(RedactOutcome::Unchanged);
    }
    if !recording.is_generated {
        return Ok(RedactOutcome::NeedsManualEdit);
    }
    if !only_list {
        folder.update(&recording.name, &mut |_| Ok(redacted.clone()))?;
    }
    Ok(RedactOutcome::Changed)
}

/// The rules of the scheme, of the workspace and of the request file.
///
/// # Errors
/// If the scheme is not known: without its rules the file would be called clean, and still hold
/// what the scheme says is personal.
fn redact_rules<'l>(
    loaded: &'l LoadedWorkspace,
    recording: &Recording,
) -> Result<Vec<&'l RedactRule>, CommandError> {
    let workspace = &loaded.workspace;
    let scheme = workspace.scheme(&recording.scheme).ok_or_else(|| {
        let known = workspace.schemes.iter().map(|scheme| scheme.name.as_str());
        CommandError::file(format!(
            "the recording `{}` is of the scheme `{}`, which is not known",
            recording.name, recording.scheme
        ))
        .hints(did_you_mean(&recording.scheme, known))
        .hint("bring the scheme back, or remove the recording: its rules say what is personal")
    })?;
    let of_file = recorded_file(loaded, recording).map_or(&[][..], |file| file.redact);
    Ok(scheme
        .redact_rules
        .iter()
        .chain(&workspace.redact)
        .chain(of_file)
        .collect())
}

fn has_same_exchanges(
    before: &Recording,
    after: &Recording,
    root: &Path,
) -> Result<bool, ExchangeComparisonError> {
    // `zip` alone would call a recording unchanged that has lost its last exchange.
    if before.exchanges.len() != after.exchanges.len() {
        return Ok(false);
    }
    for (before, after) in before.exchanges.iter().zip(&after.exchanges) {
        if !is_unchanged(before, after, &[], root)? {
            return Ok(false);
        }
    }
    Ok(true)
}
