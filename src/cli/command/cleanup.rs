//! `ingam cleanup`: undoes what interrupted runs left at marketplaces.

use super::session::{self, DiskBodyFiles};
use crate::cli::args::CleanupArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::given_hosts::HOST_VARIABLE;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::pluralize;
use crate::host::HostContext;
use crate::ledger::{
    Ledger, LedgerEntry, LedgerError, LedgerOwner, OpenUndo, UndoCall, abandoned_ledgers,
};
use crate::load::{FileKind, LoadedWorkspace, all_schemes};
use crate::model::assertion::Assertion;
use crate::model::credential_variable::variable_part;
use crate::model::redact_rule::RedactRule;
use crate::model::request::{LeftoverSearch, Step, UndoStep};
use crate::recording::RecordingKey;
use crate::redact::RedactedText;
use crate::run::{RunContext, UndoError, UndoRequest, find_leftovers, send_undo, unsealed_undo};
use crate::wire::BaseUrl;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

pub(crate) fn run(
    invocation: &Invocation<'_>,
    args: &CleanupArgs,
    output: &Output,
) -> CommandResult {
    session::start_runtime()?.block_on(cleanup(invocation, args, output))
}

async fn cleanup(
    invocation: &Invocation<'_>,
    args: &CleanupArgs,
    output: &Output,
) -> CommandResult {
    let mut loaded = settings::load_kinds(invocation, &[FileKind::Fixture, FileKind::Scheme])?;
    let ledgers = find_ledgers(invocation, args, &loaded)?;
    if ledgers.is_empty() {
        return Ok(CommandOutput::of_message("no run left anything behind"));
    }
    if args.list {
        let texts: Vec<String> = ledgers
            .iter()
            .map(|ledger| describe_ledger(ledger, invocation.host))
            .collect();
        return Ok(CommandOutput::of_data(texts.join("\n")));
    }
    loaded.workspace.schemes = all_schemes(&mut loaded);
    let files = session::open_files(invocation.host, &loaded)?;
    let cleanup = LeftoverCleanup {
        invocation,
        loaded: &loaded,
        files: &files,
        output,
        contexts: HashMap::new(),
        is_sweep: args.sweep,
        remaining: 0,
        undone: 0,
    };
    // Printed now, because each undo is printed when it is done.
    output.print_warnings(&invocation.warnings);
    cleanup.undo_all(ledgers).await
}

/// The ledgers of runs that have ended, or of the one run that is named.
fn find_ledgers(
    invocation: &Invocation<'_>,
    args: &CleanupArgs,
    loaded: &LoadedWorkspace,
) -> Result<Vec<Ledger>, CommandError> {
    let folder = session::ledger_folder(invocation.host).ok_or(LedgerError::NoFolder)?;
    let mut ledgers = abandoned_ledgers(&folder, Some(&loaded.workspace.root))?;
    if let Some(run_id) = &args.run {
        ledgers.retain(|ledger| ledger.run_id == *run_id);
        if ledgers.is_empty() {
            return Err(CommandError::selection(format!(
                "the run `{run_id}` left nothing behind, or is still running"
            ))
            .hint("list them with `ingam cleanup --list`"));
        }
    }
    Ok(ledgers)
}

/// The id of the run, and a line for each object that it left.
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
            Some(undo) => undo.describe(),
            None => "its response was lost: --sweep searches for it".to_owned(),
        };
        let name = entry.name();
        lines.push(format!(
            "  {name}, {}{account} in {}, {minutes} m ago: {what}",
            entry.scheme, entry.environment
        ));
    }
    lines.join("\n")
}

struct LeftoverCleanup<'c> {
    invocation: &'c Invocation<'c>,
    loaded: &'c LoadedWorkspace,
    files: &'c DiskBodyFiles,
    output: &'c Output,
    /// By environment: ledgers of several runs may name several.
    contexts: HashMap<String, RunContext<'c>>,
    is_sweep: bool,
    remaining: usize,
    undone: usize,
}

/// An undo as a file defines it.
struct UndoDefinition<'c> {
    undo: &'c UndoStep,
    /// Of the request file.
    redact_rules: &'c [RedactRule],
}

/// Why an object of a run was not undone. The text may quote a response, so it is redacted before
/// it is shown.
#[derive(Debug, thiserror::Error)]
enum LeftoverError {
    #[error("its response was lost: `--sweep` searches for it by the id of the run")]
    NeedsSweep,
    #[error(
        "its response was lost, and its undo has no `find`: search for it yourself, by the id of the run"
    )]
    NoSearch,
    #[error("{0}")]
    OtherHost(String),
    #[error(transparent)]
    Failed(#[from] UndoError),
}

impl<'c> LeftoverCleanup<'c> {
    async fn undo_all(mut self, ledgers: Vec<Ledger>) -> CommandResult {
        for ledger in ledgers {
            self.undo_ledger(ledger).await?;
        }
        let (undone, remaining) = (self.undone, self.remaining);
        let mut ended = CommandOutput::of_message(format!("{undone} undone, {remaining} left"));
        if remaining > 0 {
            ended.end_with(ExitStatus::OperationFailed);
        }
        Ok(ended)
    }

    /// Undoes one run, the newest call first. A failed undo stays in the ledger.
    async fn undo_ledger(&mut self, mut ledger: Ledger) -> Result<(), CommandError> {
        for open in ledger.open_undos() {
            let entry = &open.entry;
            let run_id = &ledger.run_id;
            let name = format!("{} of run {run_id}", entry.name());
            match self.undo_entry(&open, run_id).await? {
                Ok(outcome) => {
                    self.undone += 1;
                    self.output.print_message(&format!("{name}: {outcome}"));
                    // Closed one by one: if this process is killed too, only what is open is
                    // taken back again.
                    ledger.record_closed(entry.number)?;
                }
                Err(reason) => {
                    self.remaining += 1;
                    let error = CommandError::operation(format!("{name}: {reason}"));
                    self.output.print_error(&error);
                }
            }
        }
        ledger.remove_if_empty();
        Ok(())
    }

    /// The result, or why the object is still there. Neither holds a secret.
    async fn undo_entry(
        &mut self,
        open: &OpenUndo,
        run_id: &str,
    ) -> Result<Result<String, RedactedText>, CommandError> {
        let defined = self.undo_definition(open);
        let (undo, redact_rules) = match defined {
            Some(UndoDefinition { undo, redact_rules }) => (Some(undo), redact_rules),
            None => (None, &[][..]),
        };
        let is_sweep = self.is_sweep;
        let context = self.context_for(&open.entry.environment).await?;
        let key = RecordingKey::without_file(open.entry.account.as_deref());
        let result = match (&open.undo, undo) {
            _ if !is_same_host(&open.entry, context) => Err(other_host(&open.entry)),
            (Some(call), undo) => {
                // A file that is gone from the workspace has no `gone` any more; a 404 counts as
                // gone without it.
                let gone = undo.map_or(&[][..], |undo| &undo.gone);
                match unsealed_undo(call, run_id, open.entry.number, &key, context) {
                    Ok(call) => undo_call(open, &call, (gone, redact_rules), context).await,
                    Err(error) => Err(error.into()),
                }
            }
            (None, Some(undo)) => match &undo.find {
                Some(find) if is_sweep => sweep(open, undo, find, run_id, context).await,
                Some(_) => Err(LeftoverError::NeedsSweep),
                None => Err(LeftoverError::NoSearch),
            },
            (None, None) => Err(LeftoverError::NoSearch),
        };
        let mut redactor = context.output_redactor(&key);
        Ok(result.map_err(|reason| redactor.redact_for_display(&reason.to_string())))
    }

    /// The undo as its file is now: the ledger stores the call, but not the rules that find an
    /// object or recognise that it is gone.
    fn undo_definition(&self, open: &OpenUndo) -> Option<UndoDefinition<'c>> {
        let loaded: &'c LoadedWorkspace = self.loaded;
        let workspace = &loaded.workspace;
        let (steps, redact_rules): (&[Step], &[RedactRule]) = match &open.entry.owner {
            LedgerOwner::Fixture(name) => (&workspace.fixture(name)?.steps, &[]),
            LedgerOwner::Request(name) => {
                let request = workspace.requests.iter().find(|one| one.name == *name)?;
                (&request.steps, &request.redact)
            }
        };
        let is_it = |step: &&Step| match &step.name {
            Some(name) => *name == open.entry.step,
            None => open.entry.step.is_empty(),
        };
        let undo = steps.iter().find(is_it)?.undo.as_deref()?;
        Some(UndoDefinition { undo, redact_rules })
    }

    async fn context_for(&mut self, environment: &str) -> Result<&RunContext<'c>, CommandError> {
        match self.contexts.entry(environment.to_owned()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let workspace = &self.loaded.workspace;
                let name = settings::resolve_environment(workspace, Some(environment))?;
                let context =
                    session::persistent_context(self.invocation, self.loaded, self.files, name)
                        .await?;
                Ok(entry.insert(context))
            }
        }
    }
}

/// Whether the calls of a run and those that undo it go to the same host.
fn is_same_host(entry: &LedgerEntry, context: &RunContext<'_>) -> bool {
    let given = context.environment.accesses.given_host(&entry.scheme);
    given.map(BaseUrl::as_str) == entry.host.as_deref()
}

/// The id of an object at one host can be that of another object at the next.
fn other_host(entry: &LedgerEntry) -> LeftoverError {
    let variable = format!("{HOST_VARIABLE}{}", variable_part(&entry.scheme));
    LeftoverError::OtherHost(match &entry.host {
        Some(host) => format!("it was created at {host}: set {variable}={host}"),
        None => format!("it was created at the host in the files: unset {variable}"),
    })
}

/// Sends the call that the ledger stored when the object was created.
async fn undo_call(
    open: &OpenUndo,
    call: &UndoCall,
    (gone, redact_rules): (&[Assertion], &[RedactRule]),
    context: &RunContext<'_>,
) -> Result<String, LeftoverError> {
    let key = RecordingKey::without_file(open.entry.account.as_deref());
    let request = UndoRequest {
        redact_rules,
        ..UndoRequest::from_ledger(&open.entry.scheme, call, key, gone)?
    };
    send_undo(request, context).await?;
    Ok("undone".to_owned())
}

/// Finds objects that carry the run's id, and undoes each.
async fn sweep(
    open: &OpenUndo,
    undo: &UndoStep,
    find: &LeftoverSearch,
    run_id: &str,
    context: &RunContext<'_>,
) -> Result<String, LeftoverError> {
    let account = open.entry.account.as_deref();
    let calls = find_leftovers(find, undo, account, run_id, context).await?;
    let found = calls.len();
    for draft in calls {
        let key = RecordingKey::without_file(account);
        let request = UndoRequest::from_step(&undo.step, draft, key, &undo.gone);
        send_undo(request, context).await?;
    }
    Ok(if found == 0 {
        "nothing was made".to_owned()
    } else {
        let things = pluralize(found, "thing");
        format!("{things} found by the id of the run and undone")
    })
}
