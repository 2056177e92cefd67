//! What `ingam run` does with recordings: writes them, answers from them, or holds answers against
//! them.

use crate::cli::ExitStatus;
use crate::cli::args::RunArgs;
use crate::cli::output::Output;
use crate::diagnostic::pluralize;
use crate::event::ErrorClass;
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::model::environment::SANDBOX_ENV;
use crate::model::request::Request;
use crate::recording::{
    FileChange, RecordScope, Recorder, RecordingFolder, RecordingReplay, SkipReason, WriteOutcome,
};
use crate::run::{RecordingMode, RunContext};
use std::collections::HashSet;
use std::time::Duration;

/// So many names are said one by one.
const MAX_LISTED: usize = 10;

/// # Errors
/// The exit code of what was wrong, which has been said.
pub(crate) fn choose_recording_mode(
    args: &RunArgs,
    loaded: &LoadedWorkspace,
    environment: &str,
    output: &Output,
) -> Result<RecordingMode, ExitStatus> {
    let workspace = &loaded.workspace;
    let what = if args.diff { "--diff" } else { "--record" };
    if (args.diff || args.record.is_some()) && environment == SANDBOX_ENV {
        let hint = "name another environment, such as `--env live`".to_owned();
        output.print_error(
            &format!("the sandbox answers from the recordings, so `{what}` would learn nothing"),
            &[hint],
        );
        return Err(ExitStatus::InvalidUsage);
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

/// Says what became of the recordings, and gives what of it makes the run fail.
pub(crate) fn report_recordings(
    context: &RunContext<'_>,
    requests: &[&Request],
    is_part: bool,
    host: &HostContext,
    output: &Output,
) -> Vec<ErrorClass> {
    match &*context.state.recordings.mode.borrow() {
        RecordingMode::Disabled | RecordingMode::Compare(_) => Vec::new(),
        RecordingMode::Record(recorder, _) => report_written(&recorder.write_outcomes, output),
        RecordingMode::Replay(replay) => {
            // What is of other parts of the run is asked for there.
            if !is_part {
                warn_of_unused(replay, requests, output);
            }
            report_stale(replay, context, host, output)
        }
    }
}

fn report_written(written: &[WriteOutcome], output: &Output) -> Vec<ErrorClass> {
    let of = |change: FileChange| {
        written
            .iter()
            .filter(move |one| one.result.as_ref().is_ok_and(|result| *result == change))
    };
    let parts = [
        (FileChange::New, "new"),
        (FileChange::Changed, "changed"),
        (FileChange::Unchanged, "as before"),
    ];
    let counts = parts.map(|(change, word)| (of(change).count(), word));
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if !said.is_empty() {
        output.print_message(&format!("recorded: {}", said.join(", ")));
    }
    for (change, word) in &parts[..2] {
        for one in of(*change).take(MAX_LISTED) {
            output.print_message(&format!(
                "  {word:<8} fixtures/recordings/{}.yaml",
                one.name
            ));
        }
    }
    let failed = written.iter().filter_map(|one| {
        one.result
            .as_ref()
            .err()
            .map(|why| (one.name.as_str(), why))
    });
    let mut troubles = Vec::new();
    for (name, why) in failed {
        let text = format!("`{name}` is not recorded: {why}");
        match why {
            SkipReason::NotAsExpected(_) => output.print_warning(&text),
            SkipReason::CannotRecord(_) => {
                output.print_error(&text, &[]);
                troubles = vec![ErrorClass::Unable];
            }
        }
    }
    troubles
}

fn warn_of_unused(replay: &RecordingReplay, requests: &[&Request], output: &Output) {
    let files: Vec<&str> = requests
        .iter()
        .filter(|request| request.skip.is_none())
        .map(|request| request.name.as_str())
        .collect();
    let unused = replay.unused(&files);
    if unused.is_empty() {
        return;
    }
    let mut text = format!(
        "{}: {} never asked for",
        output.err.yellow("warning"),
        pluralize(unused.len(), "recorded exchange")
    );
    for one in unused.iter().take(MAX_LISTED) {
        text.push_str(&format!(
            "\n  fixtures/recordings/{}.yaml: {}",
            one.file, one.request_line
        ));
    }
    if unused.len() > MAX_LISTED {
        text.push_str(&format!("\n  and {} more", unused.len() - MAX_LISTED));
    }
    output.print_message(&text);
}

/// What answered and is too old to be believed: a warning for a person, and an error where nobody
/// looks.
fn report_stale(
    replay: &RecordingReplay,
    context: &RunContext<'_>,
    host: &HostContext,
    output: &Output,
) -> Vec<ErrorClass> {
    let (now, max_age) = (
        (context.environment.clock)(),
        context.environment.workspace.max_recording_age,
    );
    let used: &HashSet<String> = replay.used_recordings();
    let age =
        |recorded_ms: i64| Duration::from_millis(u64::try_from(now - recorded_ms).unwrap_or(0));
    let recordings = context
        .environment
        .workspace
        .recordings
        .iter()
        .filter(|recording| used.contains(&recording.name));
    let old: Vec<(&str, Duration)> = recordings
        .filter_map(|recording| Some((recording.name.as_str(), age(recording.recorded_ms?))))
        .filter(|(_, age)| *age > max_age)
        .collect();
    if old.is_empty() {
        return Vec::new();
    }
    let is_ci = host.is_ci();
    let word = if is_ci {
        output.err.red("error")
    } else {
        output.err.yellow("warning")
    };
    let are = format!(
        "{} older than {}",
        pluralize(old.len(), "recording"),
        human_age(max_age)
    );
    let mut text = format!("{word}: {are}: record again with `ingam run --record`");
    for (name, age) in old.iter().take(MAX_LISTED) {
        text.push_str(&format!(
            "\n  fixtures/recordings/{name}.yaml: {}",
            human_age(*age)
        ));
    }
    if old.len() > MAX_LISTED {
        text.push_str(&format!("\n  and {} more", old.len() - MAX_LISTED));
    }
    output.print_message(&text);
    if is_ci {
        vec![ErrorClass::Recording]
    } else {
        Vec::new()
    }
}

/// An age for people.
#[must_use]
pub(crate) fn human_age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
