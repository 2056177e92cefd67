//! `ingam cleanup`: takes back what runs have left that were killed before they could.

use super::session;
use crate::cli::Exit;
use crate::cli::args::{CleanupArgs, Global};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::pluralize;
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::model::fixture::{FixtureStep, LeftoverSearch, UndoStep};
use crate::recording::RecordingKey;
use crate::run::{RunContext, UndoRequest, find_leftovers, send_undo};
use crate::store::{Ledger, LedgerError, OpenUndo, abandoned_ledgers};
use std::collections::HashMap;

pub fn run(host: &HostContext, global: &Global, args: &CleanupArgs, output: &Output) -> Exit {
    let runtime = match session::runtime(output) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    runtime.block_on(clean(host, global, args, output)).unwrap_or_else(|exit| exit)
}

async fn clean(host: &HostContext, global: &Global, args: &CleanupArgs, output: &Output) -> Result<Exit, Exit> {
    let loaded = session::every_scheme(host, global, output)?;
    let unable = |error: LedgerError| {
        output.error(&error.to_string(), &[]);
        Exit::Unable
    };
    let folder = session::ledger_folder(host).ok_or(LedgerError::NoFolder).map_err(unable)?;
    let mut ledgers = abandoned_ledgers(&folder, Some(&loaded.workspace.root)).map_err(unable)?;
    if let Some(run_id) = &args.run {
        ledgers.retain(|ledger| ledger.run_id == *run_id);
        if ledgers.is_empty() {
            output.error(
                &format!("the run `{run_id}` has left nothing, or is still going on"),
                &["see `ingam cleanup --list`".to_owned()],
            );
            return Err(Exit::NothingSelected);
        }
    }
    if ledgers.is_empty() {
        output.say("nothing is left of any run");
        return Ok(Exit::Success);
    }
    if args.list {
        output.data(&ledgers.iter().map(|ledger| list(ledger, host)).collect::<Vec<_>>().join("\n"));
        return Ok(Exit::Success);
    }
    let mut cleaner = Cleaner { host, global, loaded, output, rooms: HashMap::new(), sweeps: args.sweep, left: 0, gone: 0 };
    for ledger in ledgers {
        cleaner.clean(ledger).await?;
    }
    output.say(&format!("{} taken back, {} left", cleaner.gone, cleaner.left));
    Ok(if cleaner.left == 0 { Exit::Success } else { Exit::Unable })
}

/// The run, and below it what it has left.
fn list(ledger: &Ledger, host: &HostContext) -> String {
    let mut lines = vec![format!("run {}", ledger.run_id)];
    for open in ledger.open_undos() {
        let entry = &open.entry;
        let minutes = ((host.clock)() - entry.at_ms) / 60_000;
        let account = entry.account.as_ref().map(|account| format!(" as {account}")).unwrap_or_default();
        let what = match &open.undo {
            Some(undo) => format!("{} {}", undo.method, undo.path),
            None => "its answer did not come: --sweep looks for it".to_owned(),
        };
        let name = format!("{}::{}", entry.fixture, entry.step);
        lines.push(format!("  {name}, {}{account} in {}, {minutes} m ago: {what}", entry.scheme, entry.environment));
    }
    lines.join("\n")
}

struct Cleaner<'c> {
    host: &'c HostContext,
    global: &'c Global,
    loaded: &'static LoadedWorkspace,
    output: &'c Output,
    /// By environment: what its calls are made with.
    rooms: HashMap<String, RunContext<'static>>,
    sweeps: bool,
    left: usize,
    gone: usize,
}

impl Cleaner<'_> {
    /// Everything of one run, the last first; what cannot be taken back stays in the ledger.
    async fn clean(&mut self, mut ledger: Ledger) -> Result<(), Exit> {
        for open in ledger.open_undos() {
            let name = format!("{}::{} of run {}", open.entry.fixture, open.entry.step, ledger.run_id);
            match self.take_back(&open, &ledger.run_id).await? {
                Ok(said) => {
                    self.gone += 1;
                    self.output.say(&format!("{name}: {said}"));
                    ledger.record_closed(open.entry.number).map_err(|error| {
                        self.output.error(&error.to_string(), &[]);
                        Exit::Unable
                    })?;
                }
                Err(reason) => {
                    self.left += 1;
                    self.output.error(&format!("{name}: {reason}"), &[]);
                }
            }
        }
        ledger.remove_if_empty();
        Ok(())
    }

    async fn take_back(&mut self, open: &OpenUndo, run_id: &str) -> Result<Result<String, String>, Exit> {
        let undo = self.undo(open);
        let sweeps = self.sweeps;
        let context = self.room(&open.entry.environment).await?;
        let result = match (&open.undo, undo) {
            (Some(call), undo) => {
                let gone = undo.map(|undo| undo.gone.as_slice()).unwrap_or_default();
                match UndoRequest::from_ledger(
                    &open.entry.scheme,
                    call,
                    RecordingKey::without_file(open.entry.account.as_deref()),
                    gone,
                ) {
                    Some(recall) => send_undo(recall, context).await.map(|()| "taken back".to_owned()),
                    None => Err("what was written down is no call".to_owned()),
                }
            }
            (None, Some(undo)) if sweeps && undo.find.is_some() => sweep(open, undo, run_id, context).await,
            (None, Some(UndoStep { find: Some(_), .. })) => {
                Err("its answer did not come: `--sweep` looks for it by the run's id".to_owned())
            }
            (None, _) => {
                Err("its answer did not come, and the fixture's undo has no `find`: look for it by the run's id".to_owned())
            }
        };
        let mut redactor = context.redactor.borrow_mut();
        Ok(result.map_err(|reason| redactor.redact_for_display(&reason).to_string()))
    }

    /// The undo as the workspace has it now; its ways to recognise what is gone, and to find what was lost.
    fn undo(&self, open: &OpenUndo) -> Option<&'static UndoStep> {
        let fixture = self.loaded.workspace.fixture(&open.entry.fixture)?;
        let is_it = |made: &&FixtureStep| made.step.name.as_deref().unwrap_or_default() == open.entry.step;
        fixture.steps.iter().find(is_it)?.undo.as_ref()
    }

    async fn room(&mut self, environment: &str) -> Result<&RunContext<'static>, Exit> {
        if !self.rooms.contains_key(environment) {
            let name = settings::environment(&self.loaded.workspace, Some(environment), self.output)?;
            let context = session::lasting(self.host, self.global, self.loaded, name, self.output).await?;
            self.rooms.insert(environment.to_owned(), context);
        }
        self.rooms.get(environment).ok_or(Exit::Unable)
    }
}

/// Looks for what carries the run's id, and takes each back.
async fn sweep(open: &OpenUndo, undo: &UndoStep, run_id: &str, context: &RunContext<'_>) -> Result<String, String> {
    let Some(find): Option<&LeftoverSearch> = undo.find.as_ref() else { return Err(String::new()) };
    let account = open.entry.account.as_deref();
    let calls = find_leftovers(find, undo, account, run_id, context).await?;
    let found = calls.len();
    for draft in calls {
        send_undo(UndoRequest::from_step(&undo.step, draft, RecordingKey::without_file(account), &undo.gone), context).await?;
    }
    Ok(if found == 0 {
        "nothing was made".to_owned()
    } else {
        format!("{} found by the run's id and taken back", pluralize(found, "thing"))
    })
}
