//! Reports what runs left behind: objects at marketplaces, and unreferenced snapshots.

use super::command_error::CommandError;
use super::command_output::CommandOutput;
use super::warnings::Warnings;
use crate::diagnostic::pluralize;
use crate::ledger::{Ledger, abandoned_ledgers};
use crate::model::workspace::Workspace;
use crate::run::{RunContext, unreferenced_snapshots};

/// Warns of objects that earlier runs left at marketplaces.
pub(crate) fn warn_of_leftovers(context: &RunContext<'_>, warnings: &Warnings) {
    let Some(folder) = &context.options.ledger else {
        return;
    };
    match abandoned_ledgers(folder, Some(&context.environment.workspace.root)) {
        Ok(ledgers) => {
            let things: usize = ledgers.iter().map(|ledger| ledger.open_undos().len()).sum();
            if things > 0 {
                let are = if things == 1 { "is" } else { "are" };
                warnings.add(format!(
                    "{} of earlier runs {are} left behind: list them with `ingam cleanup --list`",
                    pluralize(things, "thing")
                ));
            }
        }
        // This run can still be done: its own ledger is a file of its own.
        Err(error) => warnings.add(error.to_string()),
    }
}

/// What `--keep` left at marketplaces, and the command that undoes it.
pub(crate) fn describe_kept(context: &RunContext<'_>) -> CommandOutput {
    let mut output = CommandOutput::default();
    let Some(folder) = &context.options.ledger else {
        return output;
    };
    let run_id = &context.options.run_id;
    match abandoned_ledgers(folder, Some(&context.environment.workspace.root)) {
        Ok(ledgers) => {
            let names = kept_names(&ledgers, run_id);
            if !names.is_empty() {
                output.message(format!(
                    "kept: {}; `ingam cleanup {run_id}` undoes it",
                    names.join(", ")
                ));
            }
        }
        // What is kept costs money or blocks a name until somebody deletes it, so the run's id must
        // be on the screen even if the list is not.
        Err(error) => output.error(CommandError::from(error).hint(format!(
            "`ingam cleanup {run_id}` undoes what this run kept, when the ledger can be read again"
        ))),
    }
    output
}

fn kept_names(ledgers: &[Ledger], run_id: &str) -> Vec<String> {
    ledgers
        .iter()
        .filter(|ledger| ledger.run_id == run_id)
        .flat_map(Ledger::open_undos)
        .map(|open| open.entry.name())
        .collect()
}

/// Warns of snapshots that no request is compared with.
pub(crate) fn warn_of_unreferenced(workspace: &Workspace, warnings: &Warnings) {
    match unreferenced_snapshots(workspace) {
        Ok(unused) if unused.is_empty() => {}
        Ok(unused) => {
            let belong = if unused.len() == 1 {
                "belongs"
            } else {
                "belong"
            };
            let paths: Vec<String> = unused
                .iter()
                .map(|snapshot| format!("\n  {}", snapshot.existing_path().display()))
                .collect();
            let text = format!(
                "{} {belong} to no step, case or account of any request:{}",
                pluralize(unused.len(), "snapshot"),
                paths.concat()
            );
            let hint = "`ingam snapshot prune` deletes unused snapshots";
            warnings.add_with_hint(text, hint);
        }
        Err(error) => warnings.add(error.to_string()),
    }
}
