//! Runs requests of a workspace that is loaded: select, plan, open reports, run, finish.

use super::args::RunArgs;
use super::command::recording_mode;
use super::command::session::{self, DiskBodyFiles, RunSession, RunTarget};
use super::command_error::CommandError;
use super::command_output::{CommandOutput, CommandResult};
use super::exit_status::ExitStatus;
use super::invocation::Invocation;
use super::leftovers;
use super::output::Output;
use super::output_folder::output_folder;
use super::report_outputs::{self, ReportOutputs, RunTerminal, TerminalAndReports};
use super::run_shard::retain_shard;
use super::settings;
use super::stop_signals::StopSignals;
use super::trace_export::TraceExport;
use crate::budget::{Budget, BudgetLocation};
use crate::diagnostic::join_names;
use crate::event::{Event, RunSummary, request_name};
use crate::host::HostContext;
use crate::last_run::LastRun;
use crate::load::LoadedWorkspace;
use crate::model::environment::{RefreshPolicy, SANDBOX_ENV};
use crate::model::request::{Request, Step};
use crate::model::scheme::Scheme;
use crate::plan::{
    CommandScope, FixtureKey, Plan, PlannedAction, Unit, planned_actions, select_requests,
    unit_secrets,
};
use crate::platform::check_free_descriptors;
use crate::report::{Reporter, TeeReporter};
use crate::run::{
    DeliveredResponse, Parallelism, RequestLog, RunBudget, RunContext, RunRecordings,
    SnapshotOptions, StopSender, UserSecrets, stop_channel,
};
use crate::snapshot::SnapshotUpdate;
use crate::span::SourceMap;
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// The arguments of `ingam run`, and where its output goes.
pub(crate) struct RunCommand<'r> {
    pub(crate) invocation: &'r Invocation<'r>,
    pub(crate) args: &'r RunArgs,
    pub(crate) output: &'r Output,
}

/// Opens the reports of the command line, calls `run_all`, and writes the reports, whatever became
/// of the run. `root` is that of the workspace, which may be missing.
///
/// # Errors
/// If the command line is wrong, or a report cannot be written. Nothing has been sent then. Every
/// later error is part of the reports and of the output.
pub(crate) async fn run_with_reports(
    run: &RunCommand<'_>,
    root: &Path,
    run_all: impl AsyncFnOnce(&mut ReportOutputs) -> CommandResult,
) -> CommandResult {
    let host = run.invocation.host;
    TimeLimits::parse(run.args)?;
    let requests = report_outputs::parse_report_args(host, &run.args.report)?;
    let shard = run.args.shard.as_ref();
    let shard = shard.map(|text| settings::parse_shard(host, text));
    let shard = shard.transpose()?.map(|shard| shard.to_string());
    if run.args.setup_plan {
        return run_all(&mut ReportOutputs::none(host)?).await;
    }
    let trace = TraceExport::open(host, run.args)?;
    // Before anything is sent: a run that changed a shop and then cannot write its report could not
    // be repeated safely.
    let mut reports = ReportOutputs::open(host, requests, root, shard, run.output)?;
    reports.trace = trace;
    let result = run_all(&mut reports).await;
    let trace = std::mem::take(&mut reports.trace);
    trace.export(&result, &run.invocation.warnings).await;
    Ok(reports.finish(result, run.output, &run.invocation.warnings))
}

/// Runs requests of a workspace that is loaded. `extra_reporter` gets the same events as the
/// terminal.
///
/// # Errors
/// If the run cannot begin. Failures during the run are part of its output.
pub(crate) async fn run_loaded(
    run: &RunCommand<'_>,
    loaded: &LoadedWorkspace,
    reports: &mut ReportOutputs,
    extra_reporter: &mut dyn Reporter,
) -> CommandResult {
    let limits = TimeLimits::parse(run.args)?;
    let selection = select(run, loaded)?;
    let plan = plan_units(run, loaded, &selection)?;
    if run.args.setup_plan {
        return Ok(CommandOutput::of_data(render_setup_plan(&plan)));
    }
    check_keep(run.args, &selection.target)?;
    check_watch(run.args, loaded, &selection.target, &plan)?;
    let prepared = PreparedRun {
        requests: selection.requests.clone(),
        selection,
        plan,
        limits,
    };
    execute(run, loaded, prepared, reports, extra_reporter).await
}

/// A run whose arguments are valid; nothing has been sent.
struct PreparedRun<'l> {
    requests: Vec<&'l Request>,
    selection: RunSelection<'l>,
    plan: Plan<'l>,
    limits: TimeLimits,
}

async fn execute(
    run: &RunCommand<'_>,
    loaded: &LoadedWorkspace,
    prepared: PreparedRun<'_>,
    reports: &mut ReportOutputs,
    extra_reporter: &mut dyn Reporter,
) -> CommandResult {
    let (plan, limits) = (&prepared.plan, &prepared.limits);
    let files = session::open_files(run.invocation.host, loaded)?;
    let (stopper, stop) = stop_channel();
    let mut context = open_context(run, loaded, &files, prepared.selection, plan).await?;
    context.environment.stop = stop;
    context.options.detail = reports.is_active();
    context.options.passed_exchanges = reports.need_passed_exchanges();
    if reports.trace.is_active() {
        context.state.request_log = RequestLog::kept();
    }
    context.environment.budget.max_wait = limits.max_wait;
    warn_before_run(run, loaded, &context);
    reports.add_warnings(&run.invocation.warnings);
    let mut listeners = TerminalAndReports::new(reports, run.args.detail(), run.output);
    let mut dispatcher = EventDispatcher {
        wait_events: context.environment.budget.subscribe(),
        reporter: &mut TeeReporter(&mut listeners, extra_reporter),
        sources: &loaded.sources,
    };
    let end = run_until_stopped(plan, &context, &mut dispatcher, stopper, limits).await?;
    let finished = FinishedRun {
        run,
        loaded,
        plan,
        requests: &prepared.requests,
        context: &context,
    };
    let ended = finished.finish(listeners.terminal, end, limits);
    reports
        .trace
        .add_requests(&context.state.request_log.take());
    reports.set_redactor(context.state.redactor.take());
    Ok(ended)
}

/// What became of a run whose response is handed on.
pub(crate) struct DeliveringRun {
    /// What follows the run.
    pub(crate) output: CommandOutput,
    /// `None` if there was none, or the run ended with an error.
    pub(crate) response: Option<DeliveredResponse>,
}

/// Runs the selected request of a workspace that is loaded, for a command that hands its response
/// on. Nothing is sent unless `approve` agrees.
///
/// # Errors
/// If the run cannot begin, or is not approved.
pub(crate) async fn run_delivering(
    run: &RunCommand<'_>,
    loaded: &LoadedWorkspace,
    reporter: &mut dyn Reporter,
    approve: impl FnOnce(&Plan<'_>, &RunContext<'_>) -> Result<(), CommandError>,
) -> Result<DeliveringRun, CommandError> {
    let limits = TimeLimits::parse(run.args)?;
    let selection = select(run, loaded)?;
    let plan = plan_units(run, loaded, &selection)?;
    let requests = selection.requests.clone();
    let files = session::open_files(run.invocation.host, loaded)?;
    let (stopper, stop) = stop_channel();
    let mut context = open_context(run, loaded, &files, selection, &plan).await?;
    context.environment.stop = stop;
    context.environment.budget.max_wait = limits.max_wait;
    // The line of the call needs them, and there is one call.
    context.options.detail = true;
    context.options.passed_exchanges = true;
    context.options.delivers_response = true;
    run.output.print_warnings(&run.invocation.warnings);
    approve(&plan, &context)?;
    let mut dispatcher = EventDispatcher {
        wait_events: context.environment.budget.subscribe(),
        reporter,
        sources: &loaded.sources,
    };
    let end = run_until_stopped(&plan, &context, &mut dispatcher, stopper, &limits).await?;
    let finished = FinishedRun {
        run,
        loaded,
        plan: &plan,
        requests: &requests,
        context: &context,
    };
    let output = match end {
        RunEnd::Complete(summary) => finished.finish_complete(&summary),
        RunEnd::Stopped { status, is_clean } => stopped_output(status, is_clean, &limits),
    };
    let response = context.state.delivered.take();
    Ok(DeliveringRun { output, response })
}

struct TimeLimits {
    /// For the whole run.
    timeout: Option<Duration>,
    /// For undoing what the run made, after it was interrupted.
    grace: Duration,
    /// For one call that waits for its rate limit.
    max_wait: Duration,
}

impl TimeLimits {
    fn parse(args: &RunArgs) -> Result<Self, CommandError> {
        let timeout = args
            .timeout
            .as_ref()
            .map(|text| settings::parse_duration_option("--timeout", text));
        let timeout = timeout.transpose()?;
        if timeout == Some(Duration::ZERO) {
            return Err(
                CommandError::usage("`--timeout 0s` leaves no time to send a request")
                    .hint("run the command without `--timeout` for a run without a limit"),
            );
        }
        Ok(Self {
            grace: settings::parse_duration_option("--grace", &args.grace)?,
            timeout,
            max_wait: settings::parse_duration_option("--wait", &args.wait)?,
        })
    }
}

/// Which requests run, in which environment, and with which schemes.
struct RunSelection<'l> {
    requests: Vec<&'l Request>,
    /// The patterns of the command line, which can name single units.
    words: Vec<String>,
    target: RunTarget,
    schemes: Vec<Arc<Scheme>>,
}

fn select<'l>(
    run: &RunCommand<'_>,
    loaded: &'l LoadedWorkspace,
) -> Result<RunSelection<'l>, CommandError> {
    let RunCommand {
        invocation, args, ..
    } = run;
    let workspace = &loaded.workspace;
    let words = settings::request_selection(&args.filter, invocation.host, &workspace.root);
    let requests = select_requests(workspace, &words)?;
    let scope = CommandScope::Requests {
        words: &words.patterns,
        environment: args.target.env.as_deref(),
    };
    let target = RunTarget::new(invocation, loaded, &args.target, Some(&requests), scope)?;
    let schemes = session::schemes_of(workspace, &requests);
    session::check_account(
        loaded,
        &target.environment,
        args.target.account.as_deref(),
        &schemes,
    )?;
    Ok(RunSelection {
        requests,
        words: words.patterns,
        target,
        schemes,
    })
}

/// The units of the selection, or the part of them that `--rerun-failed` and `--shard` leave.
fn plan_units<'l>(
    run: &RunCommand<'_>,
    loaded: &'l LoadedWorkspace,
    selection: &RunSelection<'l>,
) -> Result<Plan<'l>, CommandError> {
    let mut plan = Plan::new(
        &selection.requests,
        run.args.target.account.as_deref(),
        &loaded.workspace,
        &selection.target.environment,
    );
    plan.select_units(&selection.words)?;
    // Before the units that failed are looked for: what failed in this shard would otherwise be
    // dealt to all shards.
    if let Some(text) = &run.args.shard {
        retain_shard(&mut plan, text, (run.invocation, run.args, run.output))?;
    }
    if run.args.rerun_failed {
        retain_failed(&mut plan, run, loaded)?;
    }
    Ok(plan)
}

fn retain_failed(
    plan: &mut Plan<'_>,
    run: &RunCommand<'_>,
    loaded: &LoadedWorkspace,
) -> Result<(), CommandError> {
    let last = load_last_run(run.invocation.host, loaded)?;
    let gone = last.missing_units(|id| request_exists(loaded, id));
    if !gone.is_empty() {
        let gone = join_names(gone.iter().map(String::as_str), "and");
        run.invocation.warnings.add(format!(
            "{gone} failed, and the file no longer exists: run the file that replaced it by its name"
        ));
    }
    plan.retain(|id| last.has_failed(id));
    if !plan.units.is_empty() {
        return Ok(());
    }
    let why = if last.is_empty() {
        "no request of this workspace failed"
    } else {
        "no selected request failed"
    };
    Err(
        CommandError::selection(format!("{why} when it was last run"))
            .hint("run it without `--rerun-failed`"),
    )
}

fn load_last_run(host: &HostContext, loaded: &LoadedWorkspace) -> Result<LastRun, CommandError> {
    // Without a folder of its own the file would be looked for below the current folder.
    let folder = host.state_folder().ok_or_else(|| {
        CommandError::operation("ingam found no folder for the result of the last run")
            .hint("set HOME, or XDG_STATE_HOME")
    })?;
    LastRun::load(&folder, &loaded.workspace.root).map_err(|error| {
        CommandError::operation(format!(
            "the list of failures of the last run cannot be read: {error}"
        ))
        .hint("run without `--rerun-failed`")
    })
}

/// Whether there is a request file for a unit.
pub(crate) fn request_exists(loaded: &LoadedWorkspace, id: &str) -> bool {
    loaded
        .workspace
        .requests
        .iter()
        .any(|request| request.name == request_name(id))
}

fn check_keep(args: &RunArgs, target: &RunTarget) -> Result<(), CommandError> {
    if args.keep && target.environment == SANDBOX_ENV {
        return Err(CommandError::usage(
            "the sandbox ends with the run, so nothing in it can be kept",
        )
        .hint("choose another environment; `ingam sandbox` runs a sandbox that outlives the run"));
    }
    Ok(())
}

/// A file that is being edited must not write at a marketplace each time it is saved.
fn check_watch(
    args: &RunArgs,
    loaded: &LoadedWorkspace,
    target: &RunTarget,
    plan: &Plan<'_>,
) -> Result<(), CommandError> {
    if !args.watch || args.replay || target.environment == SANDBOX_ENV {
        return Ok(());
    }
    let of_fixtures = |unit: &Unit<'_>| {
        unit.fixtures
            .iter()
            .any(|fixture| has_write(loaded, fixture.all_steps()))
    };
    let writes = plan
        .units
        .iter()
        .filter(|unit| has_write(loaded, unit.steps()) || of_fixtures(unit))
        .map(Unit::id);
    let writes: Vec<String> = writes.take(5).collect();
    if writes.is_empty() {
        return Ok(());
    }
    Err(CommandError::usage(format!(
        "`--watch` repeats requests, but {} can change something in environment `{}`",
        join_names(writes.iter().map(String::as_str), "and"),
        target.environment
    ))
    .hint("select only reads, or use `--watch` in the sandbox or with `--replay`"))
}

/// Whether a step is not known to read only. A rule of the scheme for a path or a query is judged by
/// what is written: one with a template in it is no read.
fn has_write<'s>(loaded: &LoadedWorkspace, steps: impl IntoIterator<Item = &'s Step>) -> bool {
    let is_read = |step: &Step| {
        let scheme = loaded.workspace.scheme(&step.scheme.name);
        let query = || {
            let fields = step.query.iter();
            let fields = fields.filter_map(|field| {
                let value = field.value.as_constant()?.to_plain_text()?;
                Some((field.name.to_string(), value))
            });
            fields.collect()
        };
        scheme.is_some_and(|scheme| step.is_read(scheme, &step.path.written(), query))
    };
    steps
        .into_iter()
        .flat_map(Step::calls)
        .any(|step| !is_read(step))
}

/// The most units that run in parallel when no number is given.
const MAX_PARALLEL: usize = 200;

fn parallelism(args: &RunArgs, environment: &str) -> Parallelism {
    if let Some(jobs) = args.jobs {
        return Parallelism::Fixed(usize::from(jobs));
    }
    // The sandbox and the run share one thread, and neither it nor a replay has latency to hide:
    // parallel units would be no faster, and the order of the responses would be random.
    if environment == SANDBOX_ENV || args.replay {
        return Parallelism::Fixed(1);
    }
    Parallelism::Adaptive {
        ceiling: parallel_ceiling,
    }
}

/// A unit has a connection, and can have a file open besides.
fn parallel_ceiling() -> usize {
    let halves = std::iter::successors(Some(MAX_PARALLEL), |number| Some(number / 2));
    halves
        .take_while(|number| *number > 0)
        .find(|number| check_free_descriptors(2 * number).is_ok())
        .unwrap_or(1)
}

/// What the run works with: credentials, stores, recordings, and the options of the command line.
async fn open_context<'w>(
    run: &RunCommand<'w>,
    loaded: &'w LoadedWorkspace,
    files: &'w DiskBodyFiles,
    selection: RunSelection<'w>,
    plan: &Plan<'_>,
) -> Result<RunContext<'w>, CommandError> {
    let (invocation, args) = (run.invocation, run.args);
    let (target, mut schemes) = (selection.target, selection.schemes);
    session::add_fixture_schemes(&mut schemes, plan, &loaded.workspace);
    let mode = recording_mode::choose_recording_mode(args, loaded, &target.environment)?;
    // A replay must run on a machine without keys, so it reads no credentials and starts no
    // sandbox.
    let environment = if args.replay {
        session::offline_environment(loaded)
    } else {
        session::open_environment(invocation.host, loaded, &target, &schemes).await?
    };
    if let Some(warning) = environment.credential_warning() {
        invocation.warnings.add(warning);
    }
    session::warn_of_unknown_variables(invocation, loaded, &environment, &schemes);
    let session = RunSession {
        host: invocation.host,
        global: invocation.global,
        loaded,
        files,
    };
    let secrets =
        UserSecrets::resolve(&unit_secrets(&loaded.workspace, &plan.units), &environment)?;
    let mut context = session.build_context(target, environment, args.verbose > 0)?;
    context.set_user_secrets(secrets);
    let is_sandbox = context.environment.accesses.is_sandbox();
    let run_id = &context.options.run_id;
    context.state.recordings = RunRecordings::new(mode, run_id, is_sandbox);
    context.environment.outputs = output_folder(invocation.host, args, &loaded.workspace.root)?;
    apply_options(&mut context, run)?;
    Ok(context)
}

fn apply_options(context: &mut RunContext<'_>, run: &RunCommand<'_>) -> Result<(), CommandError> {
    let (host, args) = (run.invocation.host, run.args);
    context.options.shows_personal = shows_personal(host, args)?;
    if args.verbose > 1 {
        context.options.phases = true;
        let transport = context.environment.transport.clone();
        context.environment.transport = transport.measuring();
    }
    context.options.keep_fixtures = args.keep;
    context.options.fail_fast = args.fail_fast;
    context.options.flaky_fails = args.flaky == "fail";
    context.options.skipped_fails = args.skipped == "fail";
    context.options.pretended_ms = settings::pretended_time_ms(args.at.as_deref())?;
    context.options.parallelism = parallelism(args, &context.options.environment);
    context.options.snapshots = snapshot_options(host, args)?;
    if let Some(refresh) = &args.refresh {
        context.environment.tokens.refresh = if refresh == "never" {
            RefreshPolicy::Never
        } else {
            RefreshPolicy::Auto
        };
    }
    if args.budget && context.options.environment == SANDBOX_ENV && !args.replay {
        // In memory: calls to the sandbox must not use up the counts of the user's own keys.
        let budget = Budget::new(BudgetLocation::Memory, host.clock, host.random_bytes);
        context.environment.budget = RunBudget::new(budget);
    }
    Ok(())
}

/// Whether personal data is shown.
///
/// # Errors
/// If it was asked for where nobody sits: in CI, or where the output goes to a file.
fn shows_personal(host: &HostContext, args: &RunArgs) -> Result<bool, CommandError> {
    if !args.show_personal {
        return Ok(false);
    }
    let reason = if host.is_ci() {
        "`--show-personal` is not available in CI, because CI logs are stored and others can read them"
    } else if host.stdout.is_terminal && host.stderr.is_terminal {
        return Ok(true);
    } else {
        "`--show-personal` needs a terminal, but standard output or standard error goes to a file or another program"
    };
    Err(CommandError::usage(reason)
        .hint("remove it: ingam then shows the same pseudonyms as the recording"))
}

/// The variable `INSTA_UPDATE` says whether snapshots may be written, as it does for insta.
fn snapshot_options(host: &HostContext, args: &RunArgs) -> Result<SnapshotOptions, CommandError> {
    let wish = host.env.get("INSTA_UPDATE").map(String::as_str);
    let update = SnapshotUpdate::from_insta_update(wish, host.is_ci()).map_err(|error| {
        CommandError::usage(error.to_string())
            .hint("it can be `auto`, `always`, `force`, `new`, `unseen` or `no`")
    })?;
    Ok(SnapshotOptions {
        every_step: args.snapshot,
        update,
    })
}

fn warn_before_run(run: &RunCommand<'_>, loaded: &LoadedWorkspace, context: &RunContext<'_>) {
    let warnings = &run.invocation.warnings;
    leftovers::warn_of_leftovers(context, warnings);
    // The warning is about the whole workspace: a run of a few requests need not repeat it, nor
    // read the whole snapshot folder.
    let filter = &run.args.filter;
    if filter.patterns.is_empty() && filter.tag.is_empty() && filter.not_tag.is_empty() {
        leftovers::warn_of_unreferenced(&loaded.workspace, warnings);
    }
    run.output.print_warnings(warnings);
}

/// How a run ended.
enum RunEnd {
    Complete(RunSummary),
    Stopped {
        status: ExitStatus,
        /// Every undo was done before the grace period ended.
        is_clean: bool,
    },
}

/// Without a limit, never returns.
async fn sleep_or_forever(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// Runs the plan. The first signal starts no new unit and runs the undos, within the grace period.
/// The second signal stops at once.
async fn run_until_stopped(
    plan: &Plan<'_>,
    context: &RunContext<'_>,
    dispatcher: &mut EventDispatcher<'_>,
    stopper: StopSender,
    limits: &TimeLimits,
) -> Result<RunEnd, CommandError> {
    // Before the first request: without a handler Ctrl-C kills the process, and what its fixtures
    // made stays at the marketplace.
    let mut signals = StopSignals::install()?;
    let run = dispatcher.run_plan(plan, context);
    tokio::pin!(run);
    let status = tokio::select! {
        summary = &mut run => return Ok(RunEnd::Complete(summary)),
        status = signals.next() => status,
        () = sleep_or_forever(limits.timeout) => ExitStatus::OperationFailed,
    };
    stopper.stop();
    // The same future is polled on: dropping it would cut off calls whose response is on the way,
    // and the undos.
    let (status, is_clean) = tokio::select! {
        _ = &mut run => (status, true),
        status = signals.next() => (status, false),
        () = tokio::time::sleep(limits.grace) => (status, false),
    };
    Ok(RunEnd::Stopped { status, is_clean })
}

/// Sends the events of a run to its reporters.
struct EventDispatcher<'h> {
    reporter: &'h mut dyn Reporter,
    sources: &'h SourceMap,
    /// Events from calls that wait for their rate limit; `run` returns none while it waits.
    wait_events: UnboundedReceiver<Event>,
}

impl EventDispatcher<'_> {
    /// A report that cannot be written does not stop the run: its undos must still be sent.
    async fn run_plan(&mut self, plan: &Plan<'_>, context: &RunContext<'_>) -> RunSummary {
        let reporter = RefCell::new(&mut *self.reporter);
        let hear = |event: &Event| {
            // Standard output keeps its own write error, and each report file its own.
            let _ = reporter.borrow_mut().on_event(event, self.sources);
        };
        let mut emit = |event: Event| hear(&event);
        let run = crate::run::run(plan, context, &mut emit);
        tokio::pin!(run);
        loop {
            tokio::select! {
                // What is waiting is printed before the event that ends the wait: without `biased`
                // a line such as "waits 3 s" could come after the run's last line.
                biased;
                Some(event) = self.wait_events.recv() => hear(&event),
                summary = &mut run => return summary,
            }
        }
    }
}

/// A run that has ended.
struct FinishedRun<'f> {
    run: &'f RunCommand<'f>,
    loaded: &'f LoadedWorkspace,
    plan: &'f Plan<'f>,
    requests: &'f [&'f Request],
    context: &'f RunContext<'f>,
}

impl FinishedRun<'_> {
    fn finish(&self, terminal: RunTerminal, end: RunEnd, limits: &TimeLimits) -> CommandOutput {
        match end {
            RunEnd::Complete(summary) => self.finish_complete(&summary),
            RunEnd::Stopped { status, is_clean } => {
                self.finish_stopped(terminal, status, is_clean, limits)
            }
        }
    }

    /// The messages that follow the summary.
    fn finish_complete(&self, summary: &RunSummary) -> CommandOutput {
        let (invocation, plan) = (self.run.invocation, self.plan);
        let mut ended = CommandOutput::default();
        if self.run.args.keep {
            ended.append(leftovers::describe_kept(self.context));
        }
        // Only a shard may be empty: a selection that matches no request is refused before.
        if plan.units.is_empty() {
            return ended;
        }
        let tested = summary.passed + summary.failed + summary.errors;
        // By `skip`, or by a condition that only the run could judge.
        if tested == 0 && summary.skipped > 0 {
            let error = CommandError::selection("all selected requests were skipped");
            ended.error(error.hint("nothing was tested"));
        }
        ended.append(recording_mode::report_recordings(
            self.context,
            self.requests,
            plan.is_partial,
            invocation,
        ));
        ended.end_with(ExitStatus::from_summary(summary));
        ended
    }

    fn finish_stopped(
        &self,
        mut terminal: RunTerminal,
        status: ExitStatus,
        is_clean: bool,
        limits: &TimeLimits,
    ) -> CommandOutput {
        // Standard output keeps its own write error.
        let _ = terminal.report_interruption(&self.loaded.sources);
        stopped_output(status, is_clean, limits)
    }
}

fn stopped_output(status: ExitStatus, is_clean: bool, limits: &TimeLimits) -> CommandOutput {
    let mut ended = CommandOutput::ended(status);
    // Signals have statuses of their own, so this status can only come from the timeout.
    if let Some(limit) = limits.timeout
        && status == ExitStatus::OperationFailed
    {
        ended.error(timeout_error(limit));
    }
    if !is_clean {
        ended.error(
            CommandError::operation("stopped before all undo calls were made")
                .hint("`ingam cleanup` undoes the rest"),
        );
    }
    ended
}

fn timeout_error(limit: Duration) -> CommandError {
    let limit = crate::report::format_duration(limit);
    CommandError::operation(format!("the run took longer than {limit}"))
        .hint("`--timeout` limits the whole run; `timeout` in a file limits one attempt")
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
