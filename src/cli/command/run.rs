//! `ingam run`

use super::recording_mode;
use super::session::{self, RunSession, RunTarget};
use crate::budget::{Budget, BudgetLocation};
use crate::cli::ExitStatus;
use crate::cli::args::{GlobalArgs, RunArgs};
use crate::cli::output::Output;
use crate::cli::report_outputs::{self, ReportOutputs, TerminalAndReports};
use crate::cli::settings;
use crate::diagnostic::{join_names, pluralize};
use crate::event::{Event, RunSummary, Verdict, request_name};
use crate::host::HostContext;
use crate::last_run::LastRun;
use crate::ledger::abandoned_ledgers;
use crate::load::LoadedWorkspace;
use crate::model::environment::{RefreshPolicy, SANDBOX_ENV};
use crate::plan::{FixtureKey, Plan, PlannedAction, planned_actions, select_requests};
use crate::report::{Reporter, TeeReporter};
use crate::run::{
    RecordingMode, RunBudget, RunContext, RunRecordings, SnapshotOptions, StopSender, stop_channel,
};
use crate::snapshot::SnapshotUpdate;
use crate::span::SourceMap;
use std::cell::RefCell;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &RunArgs,
    output: &Output,
) -> ExitStatus {
    let runtime = match session::start_runtime(output) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let exit = runtime
        .block_on(load_and_run(host, global, args, output))
        .unwrap_or_else(|exit| exit);
    // A look-up of a name that still waits has nobody left to wait for it.
    runtime.shutdown_background();
    exit
}

async fn load_and_run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &RunArgs,
    output: &Output,
) -> Result<ExitStatus, ExitStatus> {
    // The process ends with the run, and taking a large workspace apart piece by piece would only
    // delay its end.
    let loaded: &LoadedWorkspace =
        Box::leak(Box::new(settings::load_workspace(host, global, output)?));
    let mut results = UnitResults::default();
    let ended = run_loaded(
        &RunCommand {
            host,
            global,
            args,
            output,
        },
        loaded,
        &mut results,
    )
    .await;
    save_last_run(host, loaded, &results, args.rerun_failed, output);
    ended
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
            match &unit.verdict {
                Verdict::Pass => self.passed.push(unit.id.clone()),
                Verdict::Fail | Verdict::Error(..) => self.failed.push(unit.id.clone()),
                Verdict::Skipped(_) => {}
            }
        }
        Ok(())
    }
}

/// For `--rerun-failed`; that it cannot be kept is no fault of the run. What is gone has been said
/// once, and is forgotten.
fn save_last_run(
    host: &HostContext,
    loaded: &LoadedWorkspace,
    results: &UnitResults,
    gone_is_said: bool,
    output: &Output,
) {
    let Some(folder) = host.state_folder() else {
        return;
    };
    let updated = LastRun::load(&folder, &loaded.workspace.root).and_then(|mut last| {
        let gone = if gone_is_said {
            last.missing_units(|id| request_exists(loaded, id))
        } else {
            Vec::new()
        };
        last.record_results(&results.passed, &results.failed, &gone)
    });
    if let Err(error) = updated {
        output.print_warning(&format!(
            "what failed cannot be kept for `--rerun-failed`: {error}"
        ));
    }
}

/// Whether there is a request file for a unit.
fn request_exists(loaded: &LoadedWorkspace, id: &str) -> bool {
    loaded
        .workspace
        .requests
        .iter()
        .any(|request| request.name == request_name(id))
}

/// The part of the plan that is wanted.
fn filter_plan(
    plan: &mut Plan<'_>,
    run: &RunCommand<'_>,
    loaded: &LoadedWorkspace,
) -> Result<(), ExitStatus> {
    let RunCommand {
        host, args, output, ..
    } = *run;
    if args.rerun_failed {
        let folder = host.state_folder().unwrap_or_default();
        let last = LastRun::load(&folder, &loaded.workspace.root).map_err(|error| {
            output.print_error(&format!("what failed last cannot be read: {error}"), &[]);
            ExitStatus::OperationFailed
        })?;
        let gone = last.missing_units(|id| request_exists(loaded, id));
        if !gone.is_empty() {
            let gone = join_names(gone.iter().map(String::as_str), "and");
            output.print_warning(&format!(
                "{gone} failed, and there is no such file any more: run what has taken its place by its name"
            ));
        }
        plan.retain(|id| last.has_failed(id));
        if plan.units.is_empty() {
            let why = if last.is_empty() {
                "nothing of this workspace failed"
            } else {
                "nothing of what was selected failed"
            };
            output.print_error(
                &format!("{why} when it was last run"),
                &["run it without `--rerun-failed`".to_owned()],
            );
            return Err(ExitStatus::NothingSelected);
        }
    }
    if let Some(text) = &args.shard {
        let (shard, all) = (settings::parse_shard(host, text, output)?, plan.units.len());
        plan.retain(|id| shard.contains(id));
        plan.shard = Some(shard);
        // What is not here is run elsewhere, so a part without a unit is no green light for
        // nothing.
        output.print_message(&format!(
            "shard {shard}: {} of {}",
            plan.units.len(),
            pluralize(all, "unit")
        ));
    }
    Ok(())
}

/// One thread sends and, in the sandbox, answers: there, side by side is no faster, and the order
/// of the answers would be chance.
fn job_count(args: &RunArgs, environment: &str) -> usize {
    const MANY: usize = 16;
    let usual = if environment == SANDBOX_ENV || args.replay {
        1
    } else {
        MANY
    };
    args.jobs.map_or(usual, usize::from)
}

/// What was asked for, and where it is answered.
pub(crate) struct RunCommand<'r> {
    pub(crate) host: &'r HostContext,
    pub(crate) global: &'r GlobalArgs,
    pub(crate) args: &'r RunArgs,
    pub(crate) output: &'r Output,
}

/// Runs requests of a workspace that is loaded; `also` listens beside the terminal.
///
/// # Errors
/// The exit code of what was wrong, which has been said.
#[expect(clippy::too_many_lines, reason = "split in a commit of its own")]
pub(crate) async fn run_loaded(
    run: &RunCommand<'_>,
    loaded: &LoadedWorkspace,
    also: &mut dyn Reporter,
) -> Result<ExitStatus, ExitStatus> {
    let RunCommand {
        host,
        global,
        args,
        output,
    } = *run;
    let grace = settings::parse_duration_option("--grace", &args.grace, output)?;
    let timeout = args
        .timeout
        .as_ref()
        .map(|text| settings::parse_duration_option("--timeout", text, output))
        .transpose()?;
    let reports = report_outputs::parse_report_args(host, &args.report, output)?;
    let wait = settings::parse_duration_option("--wait", &args.wait, output)?;
    let requests = select_requests(
        &loaded.workspace,
        &settings::request_selection(&args.filter, host, &loaded.workspace.root),
    )
    .map_err(|error| {
        output.print_error(
            &error.to_string(),
            &error
                .hint()
                .map(str::to_owned)
                .into_iter()
                .collect::<Vec<_>>(),
        );
        ExitStatus::NothingSelected
    })?;
    let chosen = RunTarget::new(loaded, &args.target, Some(&requests), output)?;
    let mut schemes = session::schemes_of(&loaded.workspace, &requests);
    session::check_account(
        loaded,
        &chosen.environment,
        args.target.account.as_deref(),
        &schemes,
        output,
    )?;
    let mut plan = Plan::new(
        &requests,
        args.target.account.as_deref(),
        &loaded.workspace,
        &chosen.environment,
    );
    filter_plan(&mut plan, run, loaded)?;
    if args.setup_plan {
        output.print_data(&render_setup_plan(&plan));
        return Ok(ExitStatus::Success);
    }
    if args.keep && chosen.environment == SANDBOX_ENV {
        let hint = "name another environment: `ingam sandbox` plays marketplaces that stay";
        output.print_error(
            "the sandbox inside the program ends with the run: nothing in it can be kept",
            &[hint.to_owned()],
        );
        return Err(ExitStatus::InvalidUsage);
    }
    let reports = ReportOutputs::open(host, reports, &loaded.workspace.root, output)?;
    session::add_fixture_schemes(&mut schemes, &plan, &loaded.workspace);
    let used = recording_mode::choose_recording_mode(args, loaded, &chosen.environment, output)?;
    let environment = match used {
        RecordingMode::Replay(_) => session::offline_environment(loaded),
        _ => session::open_environment(host, loaded, &chosen.environment, &schemes, output).await?,
    };
    let files = session::open_files(loaded, output)?;
    let session = RunSession {
        host,
        global,
        loaded,
        files: &files,
    };
    let chosen_sandbox =
        chosen.environment == SANDBOX_ENV && !matches!(used, RecordingMode::Replay(_));
    let mut context = session.build_context(chosen, environment, args.verbose, output)?;
    let (stopper, stop) = stop_channel();
    (
        context.environment.stop,
        context.options.keep_fixtures,
        context.options.fail_fast,
    ) = (stop, args.keep, args.fail_fast);
    context.options.flaky_fails = args.flaky == "fail";
    context.state.recordings = RunRecordings::new(used, &context.options.run_id);
    context.options.jobs = job_count(args, &context.options.environment);
    context.options.detail = reports.is_active();
    if let Some(refresh) = &args.refresh {
        context.environment.tokens.refresh = if refresh == "never" {
            RefreshPolicy::Never
        } else {
            RefreshPolicy::Auto
        };
    }
    context.options.snapshots = snapshot_options(host, args, output)?;
    if args.budget && chosen_sandbox {
        context.environment.budget = RunBudget::new(Budget::new(
            BudgetLocation::Memory,
            host.clock,
            host.random_bytes,
        ));
    }
    context.environment.budget.max_wait = wait;
    let waits = context.environment.budget.subscribe();
    warn_of_leftovers(&context, output);
    if args.filter.patterns.is_empty()
        && args.filter.tag.is_empty()
        && args.filter.not_tag.is_empty()
    {
        super::snapshot::warn_of_unreferenced(&loaded.workspace, output);
    }
    let mut listeners = TerminalAndReports::new(reports, args.verbose, output);
    let mut hearing = EventDispatcher {
        reporter: &mut TeeReporter(&mut listeners, also),
        sources: &loaded.sources,
        wait_events: waits,
    };
    let (summary, interruption) = run_until_stopped(
        &plan,
        &context,
        &mut hearing,
        stopper,
        TimeLimits { timeout, grace },
    )
    .await;
    let TerminalAndReports {
        mut terminal,
        reports,
    } = listeners;
    if let Some(exit) = interruption {
        let _ = terminal.report_interruption(&loaded.sources);
        if let Some(limit) = timeout.filter(|_| exit == ExitStatus::OperationFailed) {
            let hint = "`--timeout` is for the whole run; `timeout` in a file is for one attempt"
                .to_owned();
            output.print_error(
                &format!(
                    "the run took longer than {}",
                    crate::report::format_duration(limit)
                ),
                &[hint],
            );
        }
        reports.finish(interruption, output);
        if summary.is_none() {
            output.print_error(
                "stopped before everything was taken back",
                &["`ingam cleanup` takes back what is left".to_owned()],
            );
        }
        return Ok(exit);
    }
    let Some(summary) = summary else {
        return Ok(ExitStatus::OperationFailed);
    };
    let is_lost = reports.finish(None, output);
    if args.keep {
        report_kept(&context, output);
    }
    if plan.units.is_empty() {
        return Ok(ExitStatus::Success);
    }
    if plan.is_empty() {
        output.print_error(
            "all that was selected is skipped",
            &["nothing was tested".to_owned()],
        );
    }
    let recordings =
        recording_mode::report_recordings(&context, &requests, plan.is_partial, host, output);
    let ended = ExitStatus::from_summary(&RunSummary {
        error_classes: [summary.error_classes.clone(), recordings].concat(),
        ..summary
    });
    Ok(if is_lost {
        ended.most_severe(ExitStatus::OperationFailed)
    } else {
        ended
    })
}

/// What may be written is the user's to say, as it is with insta.
fn snapshot_options(
    host: &HostContext,
    args: &RunArgs,
    output: &Output,
) -> Result<SnapshotOptions, ExitStatus> {
    let update = SnapshotUpdate::from_insta_update(
        host.env.get("INSTA_UPDATE").map(String::as_str),
        host.is_ci(),
    )
    .map_err(|error| {
        output.print_error(
            &error.to_string(),
            &["it can be `auto`, `always`, `force`, `new`, `unseen` or `no`".to_owned()],
        );
        ExitStatus::InvalidUsage
    })?;
    Ok(SnapshotOptions {
        every_step: args.snapshot,
        update,
    })
}

/// How long a run may take, and how long taking back what it made.
#[derive(Clone, Copy)]
struct TimeLimits {
    timeout: Option<Duration>,
    grace: Duration,
}

/// For ever, when there is no limit.
async fn sleep_or_forever(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// Runs the plan. The first signal stops new work and lets what was made be taken back, within a
/// time of grace; the second one stops at once. Without a summary it was not done by then.
async fn run_until_stopped(
    plan: &Plan<'_>,
    context: &RunContext<'_>,
    hearing: &mut EventDispatcher<'_>,
    stopper: StopSender,
    limits: TimeLimits,
) -> (Option<RunSummary>, Option<ExitStatus>) {
    let mut signals = StopSignals::install();
    let run = hearing.run_plan(plan, context);
    tokio::pin!(run);
    let first = tokio::select! {
        summary = &mut run => return (Some(summary), None),
        exit = signals.next() => exit,
        () = sleep_or_forever(limits.timeout) => ExitStatus::OperationFailed,
    };
    stopper.stop();
    tokio::select! {
        summary = &mut run => (Some(summary), Some(first)),
        exit = signals.next() => (None, Some(exit)),
        () = tokio::time::sleep(limits.grace) => (None, Some(first)),
    }
}

/// Who is told of a run.
struct EventDispatcher<'h> {
    reporter: &'h mut dyn Reporter,
    sources: &'h SourceMap,
    /// What is said while a call waits, from inside of it.
    wait_events: UnboundedReceiver<Event>,
}

impl EventDispatcher<'_> {
    /// A report that cannot be written does not stop a run (a pipe that was closed has nobody to
    /// tell).
    async fn run_plan(&mut self, plan: &Plan<'_>, context: &RunContext<'_>) -> RunSummary {
        let reporter = RefCell::new(&mut *self.reporter);
        let hear = |event: &Event| {
            let _ = reporter.borrow_mut().on_event(event, self.sources);
        };
        let mut emit = |event: Event| hear(&event);
        let run = crate::run::run(plan, context, &mut emit);
        tokio::pin!(run);
        loop {
            tokio::select! {
                biased;
                Some(event) = self.wait_events.recv() => hear(&event),
                summary = &mut run => return summary,
            }
        }
    }
}

/// What earlier runs have left at marketplaces.
fn warn_of_leftovers(context: &RunContext<'_>, output: &Output) {
    let Some(folder) = &context.options.ledger else {
        return;
    };
    match abandoned_ledgers(folder, Some(&context.environment.workspace.root)) {
        Ok(ledgers) => {
            let things: usize = ledgers.iter().map(|ledger| ledger.open_undos().len()).sum();
            if things > 0 {
                let are = if things == 1 { "is" } else { "are" };
                let text = format!(
                    "{} of earlier runs {are} still there: see `ingam cleanup --list`",
                    pluralize(things, "thing")
                );
                output.print_message(&format!("{}: {text}", output.err.yellow("warning")));
            }
        }
        Err(error) => output.print_message(&format!("{}: {error}", output.err.yellow("warning"))),
    }
}

fn report_kept(context: &RunContext<'_>, output: &Output) {
    let Some(folder) = &context.options.ledger else {
        return;
    };
    let ledgers =
        abandoned_ledgers(folder, Some(&context.environment.workspace.root)).unwrap_or_default();
    let own = ledgers
        .iter()
        .filter(|ledger| ledger.run_id == context.options.run_id);
    let names: Vec<String> = own
        .flat_map(crate::ledger::Ledger::open_undos)
        .map(|open| format!("{}::{}", open.entry.fixture, open.entry.step))
        .collect();
    if !names.is_empty() {
        output.print_message(&format!(
            "kept: {}; `ingam cleanup {}` takes it back",
            names.join(", "),
            context.options.run_id
        ));
    }
}

/// In order: what would be set up, run and undone if nothing failed.
fn render_setup_plan(plan: &Plan<'_>) -> String {
    let name = |id: &FixtureKey, param: &Option<String>| {
        let param = param
            .as_ref()
            .map(|param| format!("[{param}]"))
            .unwrap_or_default();
        let account = id
            .account
            .as_ref()
            .map(|account| format!("@{account}"))
            .unwrap_or_default();
        format!("{}{param}{account}", id.fixture)
    };
    let line = |act: &PlannedAction| match act {
        PlannedAction::SetUp(id, param) => format!("set up  {}", name(id, param)),
        PlannedAction::Run(id) => format!("run     {id}"),
        PlannedAction::Undo(id, param) => format!("undo    {}", name(id, param)),
    };
    planned_actions(&plan.units)
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The signals that ask to stop.
#[cfg(unix)]
pub(super) struct StopSignals(Vec<(tokio::signal::unix::Signal, ExitStatus)>);

#[cfg(unix)]
impl StopSignals {
    pub(super) fn install() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            (SignalKind::interrupt(), ExitStatus::Interrupted),
            (SignalKind::terminate(), ExitStatus::Terminated),
            (SignalKind::hangup(), ExitStatus::HungUp),
        ];
        Self(
            kinds
                .into_iter()
                .filter_map(|(kind, exit)| Some((signal(kind).ok()?, exit)))
                .collect(),
        )
    }

    /// The exit code of the next one.
    pub(super) async fn next(&mut self) -> ExitStatus {
        std::future::poll_fn(|task| {
            let came = self
                .0
                .iter_mut()
                .find_map(|(signal, exit)| signal.poll_recv(task).is_ready().then_some(*exit));
            came.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}

/// Ctrl-C: the other signals are not there.
#[cfg(not(unix))]
pub(super) struct StopSignals;

#[cfg(not(unix))]
impl StopSignals {
    pub(super) fn install() -> Self {
        Self
    }

    pub(super) async fn next(&mut self) -> ExitStatus {
        match tokio::signal::ctrl_c().await {
            Ok(()) => ExitStatus::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }
}
