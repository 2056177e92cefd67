//! What `ingam run` does with recordings: writes them, replays them, or compares responses with
//! them.

use crate::cli::args::RunArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::CommandOutput;
use crate::cli::exit_status::FailureClass;
use crate::cli::human_time::{human_age, recording_age};
use crate::cli::invocation::Invocation;
use crate::diagnostic::pluralize;
use crate::load::LoadedWorkspace;
use crate::model::environment::SANDBOX_ENV;
use crate::model::request::Request;
use crate::model::workspace::{OldRecordingAction, Workspace};
use crate::recording::{
    FileChange, RecordScope, Recorder, RecordingFolder, RecordingReplay, SkipReason, WriteOutcome,
};
use crate::run::{RecordingMode, RunContext};

/// The most names that one message lists.
const MAX_LISTED: usize = 10;

/// # Errors
/// If there is nothing to record in the environment.
pub(crate) fn choose_recording_mode(
    args: &RunArgs,
    loaded: &LoadedWorkspace,
    environment: &str,
) -> Result<RecordingMode, CommandError> {
    let workspace = &loaded.workspace;
    let what = if args.diff { "--diff" } else { "--record" };
    if (args.diff || args.record.is_some()) && environment == SANDBOX_ENV {
        return Err(CommandError::usage(format!(
            "the sandbox responds from the recordings, so `{what}` has no effect there"
        ))
        .hint("choose another environment, such as `--env live`"));
    }
    Ok(match &args.record {
        _ if args.replay => RecordingMode::Replay(RecordingReplay::new(workspace)),
        _ if args.diff => RecordingMode::Compare(RecordingReplay::new(workspace)),
        None => RecordingMode::Disabled,
        Some(extent) => RecordingMode::Record(
            open_recorder(workspace, extent),
            RecordingReplay::new(workspace),
        ),
    })
}

fn open_recorder(workspace: &Workspace, extent: &str) -> Recorder {
    let extent = if extent == "new" {
        RecordScope::Missing
    } else {
        RecordScope::All
    };
    // A recording with the same content keeps its time until half of the maximum age, so that
    // recording again does not change every file of the repository.
    let fresh_ms = i64::try_from(workspace.max_recording_age.as_millis() / 2).unwrap_or(i64::MAX);
    Recorder::new(RecordingFolder::new(&workspace.root), extent, fresh_ms)
}

/// Reports recordings that were written, not used, or too old. Some of these fail the run.
pub(crate) fn report_recordings(
    context: &RunContext<'_>,
    requests: &[&Request],
    is_part: bool,
    invocation: &Invocation<'_>,
) -> CommandOutput {
    match &*context.state.recordings.mode.borrow() {
        RecordingMode::Disabled | RecordingMode::Compare(_) => CommandOutput::default(),
        RecordingMode::Record(recorder, _) => report_written(&recorder.write_outcomes, invocation),
        RecordingMode::Replay(replay) => {
            // Exchanges that this shard did not use are used in other shards.
            if !is_part {
                warn_of_unused(replay, requests, invocation);
            }
            report_stale(replay, context, invocation)
        }
    }
}

const FILE_CHANGES: [(FileChange, &str); 3] = [
    (FileChange::New, "new"),
    (FileChange::Changed, "changed"),
    (FileChange::Unchanged, "as before"),
];

fn report_written(written: &[WriteOutcome], invocation: &Invocation<'_>) -> CommandOutput {
    let mut output = CommandOutput::default();
    report_changes(written, &mut output);
    for one in written {
        let Err(why) = &one.result else { continue };
        let text = format!("`{}` is not recorded: {why}", one.name);
        match why {
            // The unit failed already, and its failure decides the exit code.
            SkipReason::NotAsExpected(_) => invocation.warnings.add(text),
            SkipReason::CannotRecord(_) => output.error(CommandError::operation(text)),
        }
    }
    output
}

/// How many files there are of each kind, and the paths of new and changed ones.
fn report_changes(written: &[WriteOutcome], output: &mut CommandOutput) {
    let of = |change: FileChange| {
        written
            .iter()
            .filter(move |one| one.result.as_ref().is_ok_and(|result| *result == change))
    };
    let counts = FILE_CHANGES.map(|(change, word)| (of(change).count(), word));
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if !counts.is_empty() {
        output.message(format!("recorded: {}", counts.join(", ")));
    }
    for (change, word) in &FILE_CHANGES[..2] {
        for one in of(*change).take(MAX_LISTED) {
            let name = &one.name;
            output.message(format!("  {word:<8} fixtures/recordings/{name}.yaml"));
        }
    }
}

/// The first lines of a list, and the number of the others.
fn listed(lines: &[String]) -> String {
    let mut text: String = lines
        .iter()
        .take(MAX_LISTED)
        .map(|line| format!("\n  {line}"))
        .collect();
    if lines.len() > MAX_LISTED {
        text.push_str(&format!("\n  and {} more", lines.len() - MAX_LISTED));
    }
    text
}

fn warn_of_unused(replay: &RecordingReplay, requests: &[&Request], invocation: &Invocation<'_>) {
    let files: Vec<&str> = requests
        .iter()
        .filter(|request| request.skip.is_none())
        .map(|request| request.name.as_str())
        .collect();
    let unused = replay.unused(&files);
    if unused.is_empty() {
        return;
    }
    let count = pluralize(unused.len(), "recorded exchange");
    let lines: Vec<String> = unused
        .iter()
        .map(|one| {
            format!(
                "fixtures/recordings/{}.yaml: {}",
                one.file, one.request_line
            )
        })
        .collect();
    invocation
        .warnings
        .add(format!("{count} not used by any request{}", listed(&lines)));
}

/// Reports used recordings that are too old, or whose time is in the future so that their age is
/// not known: a warning, unless `on_old` says that it fails.
fn report_stale(
    replay: &RecordingReplay,
    context: &RunContext<'_>,
    invocation: &Invocation<'_>,
) -> CommandOutput {
    let stale = StaleRecordings::find(replay, context);
    let max_age = human_age(context.environment.workspace.max_recording_age);
    let count = |lines: &[String]| pluralize(lines.len(), "recording");
    let faults = [
        (
            &stale.old,
            format!("{} older than {max_age}", count(&stale.old)),
        ),
        (
            &stale.future,
            format!("{} with a time in the future", count(&stale.future)),
        ),
    ];
    let mut output = CommandOutput::default();
    for (lines, what) in faults.iter().filter(|(lines, _)| !lines.is_empty()) {
        let text = format!("{what}{}", listed(lines));
        let hint = "record again with `ingam run --record`";
        match context.environment.workspace.on_old_recording {
            OldRecordingAction::Warn => invocation.warnings.add_with_hint(text, hint),
            OldRecordingAction::Fail => {
                output.error(CommandError::new(FailureClass::Recording, text).hint(hint));
            }
        }
    }
    output
}

/// Lines for recordings that a replay used although their age is wrong.
#[derive(Default)]
struct StaleRecordings {
    old: Vec<String>,
    future: Vec<String>,
}

impl StaleRecordings {
    fn find(replay: &RecordingReplay, context: &RunContext<'_>) -> Self {
        let now = (context.environment.clock)();
        let workspace = context.environment.workspace;
        let used = replay.used_recordings();
        let mut stale = Self::default();
        for recording in &workspace.recordings {
            // A stub without a time never gets old.
            let Some(recorded_ms) = recording.recorded_ms else {
                continue;
            };
            if !used.contains(&recording.name) {
                continue;
            }
            let path = format!("fixtures/recordings/{}.yaml", recording.name);
            match recording_age(recorded_ms, now) {
                Some(age) if age > workspace.max_recording_age => {
                    stale.old.push(format!("{path}: {}", human_age(age)));
                }
                Some(_) => {}
                None => stale.future.push(path),
            }
        }
        stale
    }
}
