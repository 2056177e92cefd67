//! `ingam run`

use super::session;
use crate::cli::args::RunArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::run_workspace::{RunCommand, request_exists, run_loaded, run_with_reports};
use crate::cli::settings;
use crate::cli::stop_signals::StopSignals;
use crate::cli::watched_files::WatchedFiles;
use crate::event::{Event, Verdict, split_last_step};
use crate::last_run::LastRun;
use crate::load::LoadedWorkspace;
use crate::report::Reporter;
use crate::span::SourceMap;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) fn run(invocation: &Invocation<'_>, args: &RunArgs, output: &Output) -> CommandResult {
    let runtime = session::start_runtime()?;
    let root = settings::find_root(invocation.host, invocation.global);
    let result = if args.watch {
        runtime.block_on(watch(invocation, args, output, &root))
    } else {
        let run = RunCommand {
            invocation,
            args,
            output,
        };
        runtime.block_on(run_once(&run, &root, &mut BTreeSet::new()))
    };
    // A name look-up runs on a thread that cannot be cancelled. Its result is no longer needed.
    runtime.shutdown_background();
    result
}

/// Runs again whenever a file of the workspace changes; ends with the status of the last run.
async fn watch(
    invocation: &Invocation<'_>,
    args: &RunArgs,
    output: &Output,
    root: &Path,
) -> CommandResult {
    // Before the first run: a signal that interrupts a run ends the watch as well.
    let mut signals = StopSignals::install()?;
    let mut watched = WatchedFiles::new(root);
    loop {
        let invocation = Invocation::new(invocation.host, invocation.global);
        let run = RunCommand {
            invocation: &invocation,
            args,
            output,
        };
        let result = run_once(&run, root, &mut watched.named).await;
        let status = output.print_result(&invocation.warnings, result);
        if status == ExitStatus::InvalidUsage {
            // No file makes the command line right.
            return Ok(CommandOutput::ended(status));
        }
        watched.run_has_ended();
        output.print_message("\nwaiting for a change; press Ctrl-C to stop");
        let changed = tokio::select! {
            changed = watched.change() => changed,
            _ = signals.next() => return Ok(CommandOutput::ended(status)),
        };
        let changed = changed.strip_prefix(root).unwrap_or(&changed);
        output.print_message(&format!("{} changed\n", changed.display()));
    }
}

/// `named`: the files that other files name, also in a workspace that cannot be run.
async fn run_once(
    run: &RunCommand<'_>,
    root: &Path,
    named: &mut BTreeSet<PathBuf>,
) -> CommandResult {
    run_with_reports(run, root, async |reports| {
        let loaded = load(run)?;
        named.extend(loaded.named_files().iter().cloned());
        let mut results = UnitResults::default();
        let result = run_loaded(run, &loaded, reports, &mut results).await;
        save_last_run(run, &loaded, &results);
        if !run.args.watch {
            // The process ends with the run, and freeing a large workspace piece by piece would
            // only delay the end.
            std::mem::forget(loaded);
        }
        result
    })
    .await
}

fn load(run: &RunCommand<'_>) -> Result<LoadedWorkspace, CommandError> {
    let (filter, target) = (&run.args.filter, &run.args.target);
    settings::load_requests(run.invocation, &filter.patterns, target.env.as_deref())
}

/// Which units passed, and which did not.
#[derive(Default)]
struct UnitResults {
    passed: Vec<String>,
    failed: Vec<String>,
}

impl Reporter for UnitResults {
    fn on_event(&mut self, event: &Event, _: &SourceMap) -> std::io::Result<()> {
        if let Event::UnitFinished(unit) = event {
            // A flow that was run up to a step can fail, but has not passed.
            let (id, last_step) = split_last_step(&unit.id);
            match &unit.verdict {
                Verdict::Pass if last_step.is_none() => self.passed.push(id.to_owned()),
                Verdict::Fail | Verdict::Error(..) => self.failed.push(id.to_owned()),
                Verdict::Pass | Verdict::Skipped(_) => {}
            }
        }
        Ok(())
    }
}

/// Stores the failed units for `--rerun-failed`. If that is not possible, the run's own result does
/// not change.
fn save_last_run(run: &RunCommand<'_>, loaded: &LoadedWorkspace, results: &UnitResults) {
    // Without a folder nothing can be stored. `--rerun-failed` reports it when it is used.
    let Some(folder) = run.invocation.host.state_folder() else {
        return;
    };
    let updated = LastRun::load(&folder, &loaded.workspace.root).and_then(|mut last| {
        // Units whose file was deleted can never pass. This run has named them in a warning, so
        // they are removed now.
        let gone = if run.args.rerun_failed {
            last.missing_units(|id| request_exists(loaded, id))
        } else {
            Vec::new()
        };
        last.record_results(&results.passed, &results.failed, &gone)
    });
    let has_results = !(results.passed.is_empty() && results.failed.is_empty());
    if let Err(error) = updated
        && has_results
    {
        run.invocation.warnings.add(format!(
            "the list of failures for `--rerun-failed` cannot be written: {error}"
        ));
    }
}
