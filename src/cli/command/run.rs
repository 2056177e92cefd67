//! `ingam run`

use super::session;
use crate::cli::args::RunArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::CommandResult;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::report_outputs::ReportOutputs;
use crate::cli::run_workspace::{RunCommand, request_exists, run_loaded, run_with_reports};
use crate::cli::settings;
use crate::event::{Event, Verdict, split_last_step};
use crate::last_run::LastRun;
use crate::load::LoadedWorkspace;
use crate::report::Reporter;
use crate::span::SourceMap;
use std::mem::ManuallyDrop;

pub(crate) fn run(invocation: &Invocation<'_>, args: &RunArgs, output: &Output) -> CommandResult {
    let runtime = session::start_runtime()?;
    let run = RunCommand {
        invocation,
        args,
        output,
    };
    let root = settings::find_root(invocation.host, invocation.global);
    let result = runtime.block_on(run_with_reports(&run, &root, async |reports| {
        load_and_run(&run, reports).await
    }));
    // A name look-up runs on a thread that cannot be cancelled. Its result is no longer needed.
    runtime.shutdown_background();
    result
}

async fn load_and_run(run: &RunCommand<'_>, reports: &mut ReportOutputs) -> CommandResult {
    // Not freed: the process ends with the run, and freeing a large workspace piece by piece would
    // only delay the end.
    let loaded = ManuallyDrop::new(load(run)?);
    let mut results = UnitResults::default();
    let result = run_loaded(run, &loaded, reports, &mut results).await;
    save_last_run(run, &loaded, &results);
    result
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
            "what failed cannot be kept for `--rerun-failed`: {error}"
        ));
    }
}
