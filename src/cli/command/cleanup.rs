//! `ingam cleanup`: takes back what runs have left that were killed before they could.

use super::session;
use crate::cli::ExitStatus;
use crate::cli::args::{CleanupArgs, GlobalArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::pluralize;
use crate::host::HostContext;
use crate::ledger::{Ledger, LedgerError, OpenUndo, abandoned_ledgers};
use crate::load::LoadedWorkspace;
use crate::model::fixture::{FixtureStep, LeftoverSearch, UndoStep};
use crate::recording::RecordingKey;
use crate::run::{RunContext, UndoError, UndoRequest, find_leftovers, send_undo};
use std::collections::HashMap;

pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &CleanupArgs,
    output: &Output,
) -> ExitStatus {
    let runtime = match session::start_runtime(output) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    runtime
        .block_on(cleanup(host, global, args, output))
        .unwrap_or_else(|exit| exit)
}

async fn cleanup(
    host: &HostContext,
    global: &GlobalArgs,
    args: &CleanupArgs,
    output: &Output,
) -> Result<ExitStatus, ExitStatus> {
    let loaded = session::load_with_all_schemes(host, global, output)?;
    let unable = |error: LedgerError| {
        output.print_error(&error.to_string(), &[]);
        ExitStatus::OperationFailed
    };
    let folder = session::ledger_folder(host)
        .ok_or(LedgerError::NoFolder)
        .map_err(unable)?;
    let mut ledgers = abandoned_ledgers(&folder, Some(&loaded.workspace.root)).map_err(unable)?;
    if let Some(run_id) = &args.run {
        ledgers.retain(|ledger| ledger.run_id == *run_id);
        if ledgers.is_empty() {
            output.print_error(
                &format!("the run `{run_id}` has left nothing, or is still going on"),
                &["see `ingam cleanup --list`".to_owned()],
            );
            return Err(ExitStatus::NothingSelected);
        }
    }
    if ledgers.is_empty() {
        output.print_message("nothing is left of any run");
        return Ok(ExitStatus::Success);
    }
    if args.list {
        output.print_data(
            &ledgers
                .iter()
                .map(|ledger| describe_ledger(ledger, host))
                .collect::<Vec<_>>()
                .join("\n"),
        );
        return Ok(ExitStatus::Success);
    }
    let mut cleaner = LeftoverCleanup {
        host,
        global,
        loaded,
        output,
        contexts: HashMap::new(),
        is_sweep: args.sweep,
        remaining: 0,
        undone: 0,
    };
    for ledger in ledgers {
        cleaner.undo_ledger(ledger).await?;
    }
    output.print_message(&format!(
        "{} taken back, {} left",
        cleaner.undone, cleaner.remaining
    ));
    Ok(if cleaner.remaining == 0 {
        ExitStatus::Success
    } else {
        ExitStatus::OperationFailed
    })
}

/// The run, and below it what it has left.
fn describe_ledger(ledger: &Ledger, host: &HostContext) -> String {
    let mut lines = vec![format!("run {}", ledger.run_id)];
    for open in ledger.open_undos() {
        let entry = &open.entry;
        let minutes = ((host.clock)() - entry.at_ms) / 60_000;
        let account = entry
            .account
            .as_ref()
            .map(|account| format!(" as {account}"))
            .unwrap_or_default();
        let what = match &open.undo {
            Some(undo) => format!("{} {}", undo.method, undo.path),
            None => "its answer did not come: --sweep looks for it".to_owned(),
        };
        let name = format!("{}::{}", entry.fixture, entry.step);
        lines.push(format!(
            "  {name}, {}{account} in {}, {minutes} m ago: {what}",
            entry.scheme, entry.environment
        ));
    }
    lines.join("\n")
}

struct LeftoverCleanup<'c> {
    host: &'c HostContext,
    global: &'c GlobalArgs,
    loaded: &'static LoadedWorkspace,
    output: &'c Output,
    /// By environment: what its calls are made with.
    contexts: HashMap<String, RunContext<'static>>,
    is_sweep: bool,
    remaining: usize,
    undone: usize,
}

impl LeftoverCleanup<'_> {
    /// Everything of one run, the last first; what cannot be taken back stays in the ledger.
    async fn undo_ledger(&mut self, mut ledger: Ledger) -> Result<(), ExitStatus> {
        for open in ledger.open_undos() {
            let name = format!(
                "{}::{} of run {}",
                open.entry.fixture, open.entry.step, ledger.run_id
            );
            match self.undo_entry(&open, &ledger.run_id).await? {
                Ok(said) => {
                    self.undone += 1;
                    self.output.print_message(&format!("{name}: {said}"));
                    ledger.record_closed(open.entry.number).map_err(|error| {
                        self.output.print_error(&error.to_string(), &[]);
                        ExitStatus::OperationFailed
                    })?;
                }
                Err(reason) => {
                    self.remaining += 1;
                    self.output.print_error(&format!("{name}: {reason}"), &[]);
                }
            }
        }
        ledger.remove_if_empty();
        Ok(())
    }

    async fn undo_entry(
        &mut self,
        open: &OpenUndo,
        run_id: &str,
    ) -> Result<Result<String, String>, ExitStatus> {
        let undo = self.undo_definition(open);
        let sweeps = self.is_sweep;
        let context = self.context_for(&open.entry.environment).await?;
        let result = match (&open.undo, undo) {
            (Some(call), undo) => {
                let gone = undo.map(|undo| undo.gone.as_slice()).unwrap_or_default();
                match UndoRequest::from_ledger(
                    &open.entry.scheme,
                    call,
                    RecordingKey::without_file(open.entry.account.as_deref()),
                    gone,
                ) {
                    Ok(request) => send_undo(request, context)
                        .await
                        .map(|()| "taken back".to_owned())
                        .map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                }
            }
            (None, Some(undo)) if sweeps && undo.find.is_some() => sweep(open, undo, run_id, context)
                .await
                .map_err(|error| error.to_string()),
            (None, Some(UndoStep { find: Some(_), .. })) => {
                Err("its answer did not come: `--sweep` looks for it by the run's id".to_owned())
            }
            (None, _) => {
                Err("its answer did not come, and the fixture's undo has no `find`: look for it by the run's id".to_owned())
            }
        };
        let mut redactor = context.state.redactor.borrow_mut();
        Ok(result.map_err(|reason| redactor.redact_for_display(&reason).to_string()))
    }

    /// The undo as the workspace has it now; its ways to recognise what is gone, and to find what
    /// was lost.
    fn undo_definition(&self, open: &OpenUndo) -> Option<&'static UndoStep> {
        let fixture = self.loaded.workspace.fixture(&open.entry.fixture)?;
        let is_it =
            |made: &&FixtureStep| made.step.name.as_deref().unwrap_or_default() == open.entry.step;
        fixture.steps.iter().find(is_it)?.undo.as_ref()
    }

    async fn context_for(&mut self, environment: &str) -> Result<&RunContext<'static>, ExitStatus> {
        if !self.contexts.contains_key(environment) {
            let name = settings::resolve_environment(
                &self.loaded.workspace,
                Some(environment),
                self.output,
            )?;
            let context =
                session::persistent_context(self.host, self.global, self.loaded, name, self.output)
                    .await?;
            self.contexts.insert(environment.to_owned(), context);
        }
        self.contexts
            .get(environment)
            .ok_or(ExitStatus::OperationFailed)
    }
}

/// Looks for what carries the run's id, and takes each back.
async fn sweep(
    open: &OpenUndo,
    undo: &UndoStep,
    run_id: &str,
    context: &RunContext<'_>,
) -> Result<String, UndoError> {
    let Some(find): Option<&LeftoverSearch> = undo.find.as_ref() else {
        return Err(UndoError::NoSearch);
    };
    let account = open.entry.account.as_deref();
    let calls = find_leftovers(find, undo, account, run_id, context).await?;
    let found = calls.len();
    for draft in calls {
        send_undo(
            UndoRequest::from_step(
                &undo.step,
                draft,
                RecordingKey::without_file(account),
                &undo.gone,
            ),
            context,
        )
        .await?;
    }
    Ok(if found == 0 {
        "nothing was made".to_owned()
    } else {
        format!(
            "{} found by the run's id and taken back",
            pluralize(found, "thing")
        )
    })
}
