//! One round of a step: sent once, polled until a condition holds, or sent page by page.

use super::step_execution::{StepExecution, StepOutcome};
use super::{pages, poll};
use crate::model::repeat::RepeatMode;
use crate::render::VariableScope;

pub(super) async fn run(
    execution: &StepExecution<'_>,
    variables: &mut VariableScope,
) -> StepOutcome {
    match &execution.step.repeat {
        RepeatMode::Once => execution.run_once(variables).await,
        RepeatMode::Poll(poll) => poll::run(execution, poll, variables).await,
        RepeatMode::Pages(pages) => pages::run(execution, pages, variables).await,
    }
}
