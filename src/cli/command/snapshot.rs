//! `ingam snapshot`: reviews, accepts or rejects pending snapshots, and removes snapshots that no
//! request is compared with.

mod diff_view;
mod key_input;
mod pending;
mod review;

use crate::cli::args::{SnapshotAction, SnapshotArgs};
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::pluralize;
use crate::run::unreferenced_snapshots;
use crate::snapshot::{SnapshotError, SnapshotLocation};
use pending::{NONE_PENDING, find_pending};

pub(crate) fn run(
    invocation: &Invocation<'_>,
    args: &SnapshotArgs,
    output: &Output,
) -> CommandResult {
    match &args.action {
        SnapshotAction::Review(filter) => review::run(invocation, filter, output),
        SnapshotAction::Accept(filter) => {
            let all = find_pending(invocation, filter)?;
            Ok(apply_to_all(&all, "accepted", &SnapshotLocation::accept))
        }
        SnapshotAction::Reject(filter) => {
            let all = find_pending(invocation, filter)?;
            let reject = |one: &SnapshotLocation| one.discard_pending().map(|_| ());
            Ok(apply_to_all(&all, "rejected", &reject))
        }
        SnapshotAction::Prune { list } => prune(invocation, *list),
    }
}

type SnapshotOperation<'a> = dyn Fn(&SnapshotLocation) -> Result<(), SnapshotError> + 'a;

/// Applies the operation to all, and prints each. A failure does not stop the others.
fn apply_to_all(
    all: &[SnapshotLocation],
    word: &str,
    operation: &SnapshotOperation<'_>,
) -> CommandOutput {
    if all.is_empty() {
        return CommandOutput::of_message(NONE_PENDING);
    }
    let mut output = CommandOutput::default();
    let mut done = 0;
    for one in all {
        match operation(one) {
            Ok(()) => {
                done += 1;
                output.data(format!("{word} {}", one.path.display()));
            }
            Err(error) => output.error(error.into()),
        }
    }
    output.message(format!("{} {word}", pluralize(done, "snapshot")));
    output
}

fn prune(invocation: &Invocation<'_>, only_list: bool) -> CommandResult {
    // Refuses a workspace with faults: snapshots of a request that does not load would look unused.
    let loaded = settings::load_workspace(invocation)?;
    let unused = unreferenced_snapshots(&loaded.workspace)?;
    let word = if only_list { "unreferenced" } else { "removed" };
    let mut output = CommandOutput::default();
    for one in &unused {
        let shown = one.existing_path();
        if !only_list && let Err(error) = one.remove_all() {
            // The files before this one were removed: their names stay in the output.
            output.error(error.into());
            return Ok(output);
        }
        output.data(format!("{word} {}", shown.display()));
    }
    output.message(match (unused.len(), only_list) {
        (0, _) => "every snapshot belongs to a request".to_owned(),
        (number, true) => format!(
            "{} found; run the command without `--list` to delete them",
            pluralize(number, "snapshot")
        ),
        (number, false) => format!("{} removed", pluralize(number, "snapshot")),
    });
    Ok(output)
}
