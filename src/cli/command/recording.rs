//! `ingam recording`: lists and shows what marketplaces answered, removes what nothing needs, and
//! hides what is personal.

use super::recording_mode::human_age;
use super::session;
use crate::cli::ExitStatus;
use crate::cli::args::{GlobalArgs, RecordingAction, RecordingArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::{did_you_mean, pluralize};
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::model::recording::Recording;
use crate::model::redact_rule::RedactRule;
use crate::recording::{
    FolderError, RecordingFolder, RecordingKey, belongs_to_file, redact_recording,
};
use crate::secret::Redactor;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &RecordingArgs,
    output: &Output,
) -> ExitStatus {
    let loaded = match settings::load_workspace(host, global, output) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if loaded.workspace.recordings.is_empty() {
        output.print_error(
            "there is no recording in `fixtures/recordings/`",
            &["`ingam run --env live --record` writes some".to_owned()],
        );
        return ExitStatus::NothingSelected;
    }
    match &args.action {
        RecordingAction::List => output.print_data(&list(&loaded, host, output)),
        RecordingAction::Show { name } => return show_file(&loaded, name, output),
        RecordingAction::Prune { list } => return prune(&loaded, *list, output),
        RecordingAction::Redact { names, list } => {
            return redact(host, &loaded, names, *list, output).unwrap_or_else(|exit| exit);
        }
    }
    ExitStatus::Success
}

/// Name, scheme, exchanges, age, and for what.
fn list(loaded: &LoadedWorkspace, host: &HostContext, output: &Output) -> String {
    let recordings = &loaded.workspace.recordings;
    let widest = recordings
        .iter()
        .map(|recording| recording.name.len())
        .max()
        .unwrap_or(0);
    let schemes = recordings
        .iter()
        .map(|recording| recording.scheme.len())
        .max()
        .unwrap_or(0);
    let now = (host.clock)();
    let line = |recording: &Recording| {
        let age = recording
            .recorded_ms
            .map(|at| Duration::from_millis(u64::try_from(now - at).unwrap_or(0)));
        let is_old = age.is_some_and(|age| age > loaded.workspace.max_recording_age);
        let age = format!("{:<8}", age.map_or_else(|| "stub".to_owned(), human_age));
        let age = if is_old {
            output.out.yellow(&age)
        } else {
            output.out.dim(&age)
        };
        let exchanges = pluralize(recording.exchanges.len(), "exchange");
        let idle = if recorded_file(loaded, recording).is_some() {
            String::new()
        } else {
            output.out.dim("of no request file")
        };
        format!(
            "{:<widest$}  {:<schemes$}  {exchanges:<13} {age} {idle}",
            recording.name, recording.scheme
        )
        .trim_end()
        .to_owned()
    };
    recordings.iter().map(line).collect::<Vec<_>>().join("\n")
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
fn show_file(loaded: &LoadedWorkspace, name: &str, output: &Output) -> ExitStatus {
    let recordings = &loaded.workspace.recordings;
    if !recordings.iter().any(|recording| recording.name == name) {
        let names = recordings.iter().map(|recording| recording.name.as_str());
        output.print_error(
            &format!("there is no recording `{name}`"),
            &did_you_mean(name, names).into_iter().collect::<Vec<_>>(),
        );
        return ExitStatus::InvalidUsage;
    }
    let root = &loaded.workspace.root;
    match std::fs::read_to_string(root.join(RecordingFolder::new(root).relative_path(name))) {
        Ok(text) => {
            output.print_data(&text);
            ExitStatus::Success
        }
        Err(error) => {
            output.print_error(&format!("`{name}` cannot be read: {error}"), &[]);
            ExitStatus::OperationFailed
        }
    }
}

/// What was written by hand stays: it may stand for anything.
fn prune(loaded: &LoadedWorkspace, only_list: bool, output: &Output) -> ExitStatus {
    let folder = RecordingFolder::new(&loaded.workspace.root);
    let is_gone = |recording: &&Recording| {
        recording.is_generated && recorded_file(loaded, recording).is_none()
    };
    let (gone, kept): (Vec<&Recording>, Vec<&Recording>) =
        loaded.workspace.recordings.iter().partition(is_gone);
    let mut paths: Vec<PathBuf> = gone
        .iter()
        .map(|recording| folder.relative_path(&recording.name))
        .collect();
    paths.extend(folder.unused_bodies(&kept));
    for path in &paths {
        output.print_data(&format!(
            "{} {}",
            if only_list { "would remove" } else { "removed" },
            path.display()
        ));
    }
    if !only_list && let Err(error) = folder.remove(&paths) {
        return report_folder_error(&error, output);
    }
    if paths.is_empty() {
        output.print_message("nothing to remove: every recording has its request");
    }
    ExitStatus::Success
}

fn redact(
    host: &HostContext,
    loaded: &LoadedWorkspace,
    names: &[String],
    only_list: bool,
    output: &Output,
) -> Result<ExitStatus, ExitStatus> {
    let mut redactor = Redactor::default();
    let credentials = session::read_credentials(host, loaded, output)?;
    for (name, value) in credentials.secrets(&loaded.workspace.schemes) {
        redactor.add_secret(name, value);
    }
    let chosen = select_recordings(loaded, names, output)?;
    let (mut changed, mut left) = (0, 0);
    for recording in chosen {
        match redact_one(loaded, recording, &mut redactor, only_list, output)? {
            RedactOutcome::Unchanged => {}
            RedactOutcome::Changed => changed += 1,
            RedactOutcome::NeedsManualEdit => left += 1,
        }
    }
    if left > 0 {
        let files = if left == 1 {
            "1 file was".to_owned()
        } else {
            format!("{left} files were")
        };
        output.print_error(
            &format!("{files} written by hand, and hold secrets or personal data"),
            &["change them by hand".to_owned()],
        );
    } else if changed == 0 {
        output.print_message("nothing to hide");
    }
    Ok(if left > 0 || (only_list && changed > 0) {
        ExitStatus::ChecksFailed
    } else {
        ExitStatus::Success
    })
}

/// What became of one file.
enum RedactOutcome {
    Unchanged,
    Changed,
    /// A person wrote it, and a person has to change it.
    NeedsManualEdit,
}

fn select_recordings<'l>(
    loaded: &'l LoadedWorkspace,
    names: &[String],
    output: &Output,
) -> Result<Vec<&'l Recording>, ExitStatus> {
    let recordings = &loaded.workspace.recordings;
    for name in names {
        if !recordings.iter().any(|recording| recording.name == *name) {
            let known = recordings.iter().map(|recording| recording.name.as_str());
            output.print_error(
                &format!("there is no recording `{name}`"),
                &did_you_mean(name, known).into_iter().collect::<Vec<_>>(),
            );
            return Err(ExitStatus::InvalidUsage);
        }
    }
    Ok(recordings
        .iter()
        .filter(|recording| names.is_empty() || names.contains(&recording.name))
        .collect())
}

fn redact_one(
    loaded: &LoadedWorkspace,
    recording: &Recording,
    redactor: &mut Redactor,
    only_list: bool,
    output: &Output,
) -> Result<RedactOutcome, ExitStatus> {
    let workspace = &loaded.workspace;
    let (folder, path) = (
        RecordingFolder::new(&workspace.root),
        RecordingFolder::new(&workspace.root).relative_path(&recording.name),
    );
    let of_scheme = workspace
        .scheme(&recording.scheme)
        .map(|scheme| scheme.redact_rules.as_slice())
        .unwrap_or_default();
    let of_request = recorded_file(loaded, recording)
        .map(|owner| owner.redact)
        .unwrap_or_default();
    let rules: Vec<&RedactRule> = of_scheme
        .iter()
        .chain(&workspace.redact)
        .chain(of_request)
        .collect();
    let hidden = redact_recording(recording, &rules, redactor, &workspace.root);
    let hidden = hidden.map_err(|reason| {
        output.print_error(&format!("{}: {reason}", path.display()), &[]);
        ExitStatus::OperationFailed
    })?;
    if has_same_exchanges(recording, &hidden, &workspace.root) {
        return Ok(RedactOutcome::Unchanged);
    }
    if !recording.is_generated {
        output.print_data(&format!("by hand {}", path.display()));
        return Ok(RedactOutcome::NeedsManualEdit);
    }
    if only_list {
        output.print_data(&format!("would change {}", path.display()));
        return Ok(RedactOutcome::Changed);
    }
    folder
        .update(&recording.name, &mut |_| Ok(hidden.clone()))
        .map_err(|error| report_folder_error(&error, output))?;
    output.print_data(&format!("changed {}", path.display()));
    Ok(RedactOutcome::Changed)
}

fn has_same_exchanges(before: &Recording, after: &Recording, root: &std::path::Path) -> bool {
    let same = |(before, after): (&_, &_)| crate::recording::is_unchanged(before, after, &[], root);
    before.exchanges.iter().zip(&after.exchanges).all(same)
}

fn report_folder_error(error: &FolderError, output: &Output) -> ExitStatus {
    output.print_error(&error.to_string(), &[]);
    ExitStatus::OperationFailed
}
