//! `ingam run`

use super::replay;
use super::session::{self, Chosen, Session};
use crate::budget::{Budget, BudgetLocation};
use crate::cli::Exit;
use crate::cli::args::{Global, RunArgs};
use crate::cli::output::Output;
use crate::cli::reports::{self, Listeners, Reports};
use crate::cli::settings;
use crate::diagnostic::{join_names, pluralize};
use crate::event::{Event, RunSummary, Verdict, request_name};
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::model::environment::{RefreshPolicy, SANDBOX_ENV};
use crate::plan::{FixtureKey, Plan, PlannedAction, planned_actions, select_requests};
use crate::report::{Reporter, TeeReporter};
use crate::run::{RecordingMode, RunBudget, RunContext, RunRecordings, SnapshotOptions, StopSender, stop_channel};
use crate::snapshot::SnapshotUpdate;
use crate::span::SourceMap;
use crate::store::{LastRun, abandoned_ledgers};
use std::cell::RefCell;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

pub fn run(host: &HostContext, global: &Global, args: &RunArgs, output: &Output) -> Exit {
    let runtime = match session::runtime(output) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let exit = runtime.block_on(run_inside(host, global, args, output)).unwrap_or_else(|exit| exit);
    // A look-up of a name that still waits has nobody left to wait for it.
    runtime.shutdown_background();
    exit
}

async fn run_inside(host: &HostContext, global: &Global, args: &RunArgs, output: &Output) -> Result<Exit, Exit> {
    // The process ends with the run, and taking a large workspace apart piece by piece would only delay its end.
    let loaded: &LoadedWorkspace = Box::leak(Box::new(settings::workspace(host, global, output)?));
    let mut results = Results::default();
    let ended = run_loaded(&Run { host, global, args, output }, loaded, &mut results).await;
    remember(host, loaded, &results, args.rerun_failed, output);
    ended
}

/// Which units passed, and which did not.
#[derive(Default)]
struct Results {
    passed: Vec<String>,
    failed: Vec<String>,
}

impl Reporter for Results {
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

/// For `--rerun-failed`; that it cannot be kept is no fault of the run. What is gone has been said once, and is forgotten.
fn remember(host: &HostContext, loaded: &LoadedWorkspace, results: &Results, gone_is_said: bool, output: &Output) {
    let Some(folder) = host.state_folder() else { return };
    let updated = LastRun::load(&folder, &loaded.workspace.root).and_then(|mut last| {
        let gone = if gone_is_said { last.missing_units(|id| is_there(loaded, id)) } else { Vec::new() };
        last.record_results(&results.passed, &results.failed, &gone)
    });
    if let Err(error) = updated {
        output.warning(&format!("what failed cannot be kept for `--rerun-failed`: {error}"));
    }
}

/// Whether there is a request file for a unit.
fn is_there(loaded: &LoadedWorkspace, id: &str) -> bool {
    loaded.workspace.requests.iter().any(|request| request.name == request_name(id))
}

/// The part of the plan that is wanted.
fn narrow(plan: &mut Plan<'_>, run: &Run<'_>, loaded: &LoadedWorkspace) -> Result<(), Exit> {
    let Run { host, args, output, .. } = *run;
    if args.rerun_failed {
        let folder = host.state_folder().unwrap_or_default();
        let last = LastRun::load(&folder, &loaded.workspace.root).map_err(|error| {
            output.error(&format!("what failed last cannot be read: {error}"), &[]);
            Exit::Unable
        })?;
        let gone = last.missing_units(|id| is_there(loaded, id));
        if !gone.is_empty() {
            let gone = join_names(gone.iter().map(String::as_str), "and");
            output
                .warning(&format!("{gone} failed, and there is no such file any more: run what has taken its place by its name"));
        }
        plan.retain(|id| last.has_failed(id));
        if plan.units.is_empty() {
            let why = if last.is_empty() { "nothing of this workspace failed" } else { "nothing of what was selected failed" };
            output.error(&format!("{why} when it was last run"), &["run it without `--rerun-failed`".to_owned()]);
            return Err(Exit::NothingSelected);
        }
    }
    if let Some(text) = &args.shard {
        let (shard, all) = (settings::shard(host, text, output)?, plan.units.len());
        plan.retain(|id| shard.contains(id));
        plan.shard = Some(shard);
        // What is not here is run elsewhere, so a part without a unit is no green light for nothing.
        output.say(&format!("shard {shard}: {} of {}", plan.units.len(), pluralize(all, "unit")));
    }
    Ok(())
}

/// One thread sends and, in the sandbox, answers: there, side by side is no faster, and the order of the answers would be chance.
fn jobs(args: &RunArgs, environment: &str) -> usize {
    const MANY: usize = 16;
    let usual = if environment == SANDBOX_ENV || args.replay { 1 } else { MANY };
    args.jobs.map_or(usual, usize::from)
}

/// What was asked for, and where it is answered.
pub struct Run<'r> {
    pub host: &'r HostContext,
    pub global: &'r Global,
    pub args: &'r RunArgs,
    pub output: &'r Output,
}

/// Runs requests of a workspace that is loaded; `also` listens beside the terminal.
///
/// # Errors
/// The exit code of what was wrong, which has been said.
pub async fn run_loaded(run: &Run<'_>, loaded: &LoadedWorkspace, also: &mut dyn Reporter) -> Result<Exit, Exit> {
    let Run { host, global, args, output } = *run;
    let grace = settings::duration("--grace", &args.grace, output)?;
    let timeout = args.timeout.as_ref().map(|text| settings::duration("--timeout", text, output)).transpose()?;
    let reports = reports::wanted(host, &args.report, output)?;
    let wait = settings::duration("--wait", &args.wait, output)?;
    let requests =
        select_requests(&loaded.workspace, &settings::selection(&args.words, host, &loaded.workspace.root)).map_err(|error| {
            output.error(&error.to_string(), &error.hint().map(str::to_owned).into_iter().collect::<Vec<_>>());
            Exit::NothingSelected
        })?;
    let chosen = Chosen::new(loaded, &args.target, Some(&requests), output)?;
    let mut schemes = session::schemes_of(&loaded.workspace, &requests);
    session::check_account(loaded, &chosen.environment, args.target.account.as_deref(), &schemes, output)?;
    let mut plan = Plan::new(&requests, args.target.account.as_deref(), &loaded.workspace, &chosen.environment);
    narrow(&mut plan, run, loaded)?;
    if args.setup_plan {
        output.data(&setup_plan(&plan));
        return Ok(Exit::Success);
    }
    if args.keep && chosen.environment == SANDBOX_ENV {
        let hint = "name another environment: `ingam sandbox` plays marketplaces that stay";
        output.error("the sandbox inside the program ends with the run: nothing in it can be kept", &[hint.to_owned()]);
        return Err(Exit::Usage);
    }
    let reports = Reports::open(host, reports, &loaded.workspace.root, output)?;
    session::add_fixture_schemes(&mut schemes, &plan, &loaded.workspace);
    let used = replay::chosen(args, loaded, &chosen.environment, output)?;
    let environment = match used {
        RecordingMode::Replay(_) => session::nowhere(loaded),
        _ => session::environment(host, loaded, &chosen.environment, &schemes, output).await?,
    };
    let files = session::files(loaded, output)?;
    let session = Session { host, global, loaded, files: &files };
    let chosen_sandbox = chosen.environment == SANDBOX_ENV && !matches!(used, RecordingMode::Replay(_));
    let mut context = session.context(chosen, environment, args.verbose, output)?;
    let (stopper, stop) = stop_channel();
    (context.stop, context.keep_fixtures, context.fail_fast) = (stop, args.keep, args.fail_fast);
    context.flaky_fails = args.flaky == "fail";
    context.recordings = RunRecordings::new(used, &context.run_id);
    context.jobs = jobs(args, &context.environment);
    context.detail = reports.are_wanted();
    if let Some(refresh) = &args.refresh {
        context.tokens.refresh = if refresh == "never" { RefreshPolicy::Never } else { RefreshPolicy::Auto };
    }
    context.snapshots = snapshots(host, args, output)?;
    if args.budget && chosen_sandbox {
        context.run_budget = RunBudget::new(Budget::new(BudgetLocation::Memory, host.clock, host.random_bytes));
    }
    context.run_budget.max_wait = wait;
    let waits = context.run_budget.subscribe();
    warn_of_leftovers(&context, output);
    if args.words.words.is_empty() && args.words.tag.is_empty() && args.words.not_tag.is_empty() {
        super::snapshot::warn_of_unreferenced(&loaded.workspace, output);
    }
    let mut listeners = Listeners::new(reports, args.verbose, output);
    let mut hearing = Hearing { reporter: &mut TeeReporter(&mut listeners, also), sources: &loaded.sources, waits };
    let (summary, interruption) = until_stopped(&plan, &context, &mut hearing, stopper, Limits { timeout, grace }).await;
    let Listeners { mut terminal, reports } = listeners;
    if let Some(exit) = interruption {
        let _ = terminal.report_interruption(&loaded.sources);
        if let Some(limit) = timeout.filter(|_| exit == Exit::Unable) {
            let hint = "`--timeout` is for the whole run; `timeout` in a file is for one attempt".to_owned();
            output.error(&format!("the run took longer than {}", crate::report::format_duration(limit)), &[hint]);
        }
        reports.finish(interruption, output);
        if summary.is_none() {
            output.error("stopped before everything was taken back", &["`ingam cleanup` takes back what is left".to_owned()]);
        }
        return Ok(exit);
    }
    let Some(summary) = summary else { return Ok(Exit::Unable) };
    let is_lost = reports.finish(None, output);
    if args.keep {
        say_what_is_kept(&context, output);
    }
    if plan.units.is_empty() {
        return Ok(Exit::Success);
    }
    if plan.is_empty() {
        output.error("all that was selected is skipped", &["nothing was tested".to_owned()]);
    }
    let recordings = replay::say(&context, &requests, plan.is_partial, host, output);
    let ended = Exit::of(&RunSummary { error_classes: [summary.error_classes.clone(), recordings].concat(), ..summary });
    Ok(if is_lost { ended.or(Exit::Unable) } else { ended })
}

/// What may be written is the user's to say, as it is with insta.
fn snapshots(host: &HostContext, args: &RunArgs, output: &Output) -> Result<SnapshotOptions, Exit> {
    let update =
        SnapshotUpdate::from_insta_update(host.env.get("INSTA_UPDATE").map(String::as_str), host.is_ci()).map_err(|reason| {
            output.error(&reason, &["it can be `auto`, `always`, `force`, `new`, `unseen` or `no`".to_owned()]);
            Exit::Usage
        })?;
    Ok(SnapshotOptions { every_step: args.snapshot, update })
}

/// How long a run may take, and how long taking back what it made.
#[derive(Clone, Copy)]
struct Limits {
    timeout: Option<Duration>,
    grace: Duration,
}

/// For ever, when there is no limit.
async fn after(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// Runs the plan. The first signal stops new work and lets what was made be taken back, within a time of grace; the second one
/// stops at once. Without a summary it was not done by then.
async fn until_stopped(
    plan: &Plan<'_>,
    context: &RunContext<'_>,
    hearing: &mut Hearing<'_>,
    stopper: StopSender,
    limits: Limits,
) -> (Option<RunSummary>, Option<Exit>) {
    let mut signals = Signals::listen();
    let run = hearing.listen(plan, context);
    tokio::pin!(run);
    let first = tokio::select! {
        summary = &mut run => return (Some(summary), None),
        exit = signals.next() => exit,
        () = after(limits.timeout) => Exit::Unable,
    };
    stopper.stop();
    tokio::select! {
        summary = &mut run => (Some(summary), Some(first)),
        exit = signals.next() => (None, Some(exit)),
        () = tokio::time::sleep(limits.grace) => (None, Some(first)),
    }
}

/// Who is told of a run.
struct Hearing<'h> {
    reporter: &'h mut dyn Reporter,
    sources: &'h SourceMap,
    /// What is said while a call waits, from inside of it.
    waits: UnboundedReceiver<Event>,
}

impl Hearing<'_> {
    /// A report that cannot be written does not stop a run (a pipe that was closed has nobody to tell).
    async fn listen(&mut self, plan: &Plan<'_>, context: &RunContext<'_>) -> RunSummary {
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
                Some(event) = self.waits.recv() => hear(&event),
                summary = &mut run => return summary,
            }
        }
    }
}

/// What earlier runs have left at marketplaces.
fn warn_of_leftovers(context: &RunContext<'_>, output: &Output) {
    let Some(folder) = &context.ledger else { return };
    match abandoned_ledgers(folder, Some(&context.workspace.root)) {
        Ok(ledgers) => {
            let things: usize = ledgers.iter().map(|ledger| ledger.open_undos().len()).sum();
            if things > 0 {
                let are = if things == 1 { "is" } else { "are" };
                let text =
                    format!("{} of earlier runs {are} still there: see `ingam cleanup --list`", pluralize(things, "thing"));
                output.say(&format!("{}: {text}", output.err.yellow("warning")));
            }
        }
        Err(error) => output.say(&format!("{}: {error}", output.err.yellow("warning"))),
    }
}

fn say_what_is_kept(context: &RunContext<'_>, output: &Output) {
    let Some(folder) = &context.ledger else { return };
    let ledgers = abandoned_ledgers(folder, Some(&context.workspace.root)).unwrap_or_default();
    let own = ledgers.iter().filter(|ledger| ledger.run_id == context.run_id);
    let names: Vec<String> = own
        .flat_map(crate::store::Ledger::open_undos)
        .map(|open| format!("{}::{}", open.entry.fixture, open.entry.step))
        .collect();
    if !names.is_empty() {
        output.say(&format!("kept: {}; `ingam cleanup {}` takes it back", names.join(", "), context.run_id));
    }
}

/// In order: what would be set up, run and undone if nothing failed.
fn setup_plan(plan: &Plan<'_>) -> String {
    let name = |id: &FixtureKey, param: &Option<String>| {
        let param = param.as_ref().map(|param| format!("[{param}]")).unwrap_or_default();
        let account = id.account.as_ref().map(|account| format!("@{account}")).unwrap_or_default();
        format!("{}{param}{account}", id.fixture)
    };
    let line = |act: &PlannedAction| match act {
        PlannedAction::SetUp(id, param) => format!("set up  {}", name(id, param)),
        PlannedAction::Run(id) => format!("run     {id}"),
        PlannedAction::Undo(id, param) => format!("undo    {}", name(id, param)),
    };
    planned_actions(&plan.units).iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The signals that ask to stop.
#[cfg(unix)]
pub(super) struct Signals(Vec<(tokio::signal::unix::Signal, Exit)>);

#[cfg(unix)]
impl Signals {
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            (SignalKind::interrupt(), Exit::Interrupted),
            (SignalKind::terminate(), Exit::Terminated),
            (SignalKind::hangup(), Exit::HungUp),
        ];
        Self(kinds.into_iter().filter_map(|(kind, exit)| Some((signal(kind).ok()?, exit))).collect())
    }

    /// The exit code of the next one.
    pub(super) async fn next(&mut self) -> Exit {
        std::future::poll_fn(|task| {
            let came = self.0.iter_mut().find_map(|(signal, exit)| signal.poll_recv(task).is_ready().then_some(*exit));
            came.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}

/// Ctrl-C: the other signals are not there.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> Self {
        Self
    }

    pub(super) async fn next(&mut self) -> Exit {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Exit::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }
}
