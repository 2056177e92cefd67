//! One round of a step, and the undo of what it creates.

use super::repeat;
use super::step_execution::{StepExecution, StepOutcome};
use crate::model::request::UndoStep;
use crate::render::VariableScope;
use std::sync::Arc;

pub(super) async fn run(
    execution: &StepExecution<'_>,
    variables: &mut VariableScope,
) -> StepOutcome {
    match &execution.step.undo {
        // On the heap: few steps have an undo, and the future of every step would hold it.
        Some(undo) => Box::pin(run_with_undo(execution, undo, variables)).await,
        None => repeat::run(execution, variables).await,
    }
}

async fn run_with_undo(
    execution: &StepExecution<'_>,
    undo: &Arc<UndoStep>,
    variables: &mut VariableScope,
) -> StepOutcome {
    let (step, context) = (execution.step, execution.context);
    let (undos, owner) = (execution.owner.undos, execution.owner.undo_owner());
    // Before the first byte is sent: after a crash, the ledger shows that something may have been
    // created.
    let opened = match undos.open((step, undo), &owner, variables, context) {
        Ok(opened) => opened,
        Err(error) => return StepOutcome::not_sent(error),
    };
    let mut outcome = repeat::run(execution, variables).await;
    let sent = (outcome.log.send_state, &*variables);
    if let Err(error) = undos.keep(&opened, (step, undo), &owner, sent, context) {
        if outcome.result.is_ok() {
            outcome.result = Err(error);
        } else {
            outcome.log.warnings.push(error.to_string());
        }
    }
    outcome
}
