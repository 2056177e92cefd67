//! What `ingam run` does with recordings: writes them, answers from them, or holds answers against
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
use crate::recording::{
    FileChange, RecordScope, Recorder, RecordingFolder, RecordingReplay, SkipReason, WriteOutcome,
};
use crate::run::{RecordingMode, RunContext};
use std::collections::HashSet;

/// So many names are said one by one.
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
            "the sandbox answers from the recordings, so `{what}` would learn nothing"
        ))
        .hint("name another environment, such as `--env live`"));
    }
    Ok(match &args.record {
        _ if args.replay => RecordingMode::Replay(RecordingReplay::new(workspace)),
        _ if args.diff => RecordingMode::Compare(RecordingReplay::new(workspace)),
        None => RecordingMode::Disabled,
        Some(extent) => {
            let extent = if extent == "new" {
                RecordScope::Missing
            } else {
                RecordScope::All
            };
            // A recording that is still true keeps its time until half of its age, so that
            // recording again is quiet.
            let fresh_ms =
                i64::try_from(workspace.max_recording_age.as_millis() / 2).unwrap_or(i64::MAX);
            RecordingMode::Record(
                Recorder::new(RecordingFolder::new(&workspace.root), extent, fresh_ms),
                RecordingReplay::new(workspace),
            )
        }
    })
}

/// What became of the recordings; some of it makes the run fail.
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
            // The exchanges of other shards are asked for there.
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
    let of = |change: FileChange| {
        written
            .iter()
            .filter(move |one| one.result.as_ref().is_ok_and(|result| *result == change))
    };
    let mut output = CommandOutput::default();
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
    for one in written {
        let Err(why) = &one.result else { continue };
        let text = format!("`{}` is not recorded: {why}", one.name);
        match why {
            SkipReason::NotAsExpected(_) => invocation.warnings.add(text),
            SkipReason::CannotRecord(_) => output.error(CommandError::operation(text)),
        }
    }
    output
}

/// So many lines of a list, and how many there are more.
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
        .add(format!("{count} never asked for{}", listed(&lines)));
}

/// Recordings that were used and are too old to be believed: a warning for a person, and an error
/// in CI, where nobody looks. The same for a recording from the future: its age is not known.
fn report_stale(
    replay: &RecordingReplay,
    context: &RunContext<'_>,
    invocation: &Invocation<'_>,
) -> CommandOutput {
    let (now, max_age) = (
        (context.environment.clock)(),
        context.environment.workspace.max_recording_age,
    );
    let used: &HashSet<String> = replay.used_recordings();
    let (mut old, mut future) = (Vec::new(), Vec::new());
    for recording in &context.environment.workspace.recordings {
        let Some(recorded_ms) = recording.recorded_ms else {
            continue;
        };
        if !used.contains(&recording.name) {
            continue;
        }
        let path = format!("fixtures/recordings/{}.yaml", recording.name);
        match recording_age(recorded_ms, now) {
            Some(age) if age > max_age => old.push(format!("{path}: {}", human_age(age))),
            Some(_) => {}
            None => future.push(path),
        }
    }
    let mut output = CommandOutput::default();
    let mut report = |lines: &[String], what: String| {
        let text = format!(
            "{what}: record again with `ingam run --record`{}",
            listed(lines)
        );
        if lines.is_empty() {
        } else if invocation.host.is_ci() {
            output.error(CommandError::new(FailureClass::Recording, text));
        } else {
            invocation.warnings.add(text);
        }
    };
    let count = |lines: &[String]| pluralize(lines.len(), "recording");
    report(
        &old,
        format!("{} older than {}", count(&old), human_age(max_age)),
    );
    report(
        &future,
        format!("{} with a time in the future", count(&future)),
    );
    output
}
