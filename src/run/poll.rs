//! A step that is sent again until `until` holds. Only the last response is judged. A response that
//! `ok` does not expect ends the poll.

use super::exchange::{ExchangeLog, SendState};
use super::step_error::StepError;
use super::step_execution::{Judgement, StepExecution, StepOutcome, StepResponse};
use crate::awake_timeout::awake_timeout;
use crate::diagnostic::pluralize;
use crate::event::FailureReport;
use crate::model::repeat::PollOptions;
use crate::render::{RenderError, VariableScope};
use crate::transport::human_duration;
use std::time::{Duration, Instant};

/// If `until` does not hold within the timeout, the step fails. If a call has no response, or the
/// run is asked to stop, the result is an error.
pub(super) async fn run(
    execution: &StepExecution<'_>,
    poll: &PollOptions,
    variables: &mut VariableScope,
) -> StepOutcome {
    let mut log = ExchangeLog::default();
    let result = run_until(execution, poll, variables, &mut log).await;
    execution.outcome(result, log)
}

async fn run_until(
    execution: &StepExecution<'_>,
    poll: &PollOptions,
    variables: &mut VariableScope,
    log: &mut ExchangeLog,
) -> Result<Judgement, StepError> {
    let context = execution.context;
    let mut timer = PollTimer::start(poll, context.state.recordings.is_replay());
    let (mut responses, mut unmet) = (0, Vec::new());
    let mut fresh = variables.fresh_values();
    loop {
        // On the heap: a timeout would hold it twice, and every step is as large as a poll.
        let sending = Box::pin(execution.send(variables, fresh));
        let Ok(call) = awake_timeout(timer.remaining(), sending).await else {
            // The timeout dropped the call after it may have been sent: it may have arrived.
            log.send_state = SendState::Unknown;
            break;
        };
        log.append(call.log);
        let response = call.result?;
        responses += 1;
        let is_expected = execution.is_expected(&response);
        if is_expected {
            unmet = unmet_until(execution, &response, variables)?;
        }
        if unmet.is_empty() || !is_expected {
            let judgement = execution.judge(&response, variables)?;
            return execution.conclude(&response, judgement, log);
        }
        execution.record_intermediate(&response);
        let Some(wait) = timer.next_wait() else { break };
        if !context.pause(wait).await {
            return Err(StepError::Interrupted);
        }
        // Signed anew: marketplaces refuse a signature that they have seen, or that is too old.
        fresh = context.fresh_values();
    }
    let mut failures = vec![timeout_failure(execution, poll, responses)];
    failures.append(&mut unmet);
    let notes = std::mem::take(&mut log.warnings);
    Ok(Judgement {
        failures,
        notes,
        skipped: None,
    })
}

/// The assertions of `until` that do not hold yet.
fn unmet_until(
    execution: &StepExecution<'_>,
    response: &StepResponse,
    variables: &VariableScope,
) -> Result<Vec<FailureReport>, RenderError> {
    let unmet =
        execution.unmet_assertions(execution.step.poll_conditions(), response, variables)?;
    let mut redactor = execution.output_redactor();
    Ok(unmet
        .into_iter()
        .map(|failure| FailureReport {
            subject: redactor.redact_for_display(&format!("until {}", failure.subject)),
            ..failure
        })
        .collect())
}

fn timeout_failure(
    execution: &StepExecution<'_>,
    poll: &PollOptions,
    responses: usize,
) -> FailureReport {
    let mut redactor = execution.output_redactor();
    let within = human_duration(poll.timeout);
    FailureReport {
        at: poll.at,
        subject: redactor.redact_for_display("poll"),
        expected: redactor.redact_for_display(&format!("`until` to hold within {within}")),
        actual: redactor.redact_for_display(&format!(
            "it did not hold in {}",
            pluralize(responses, "response")
        )),
        hint: None,
        differences: Vec::new(),
    }
}

/// When the next call starts, counted from the start of the first. A replay does not wait, so there
/// each interval counts as passed.
struct PollTimer<'p> {
    poll: &'p PollOptions,
    started_at: Instant,
    is_replayed: bool,
    /// When the current call started.
    elapsed: Duration,
}

impl<'p> PollTimer<'p> {
    fn start(poll: &'p PollOptions, is_replayed: bool) -> Self {
        Self {
            poll,
            started_at: Instant::now(),
            is_replayed,
            elapsed: Duration::ZERO,
        }
    }

    fn remaining(&self) -> Duration {
        self.poll.timeout.saturating_sub(self.elapsed)
    }

    /// How long until the next call; `None` when there is no time for one.
    fn next_wait(&mut self) -> Option<Duration> {
        let passed = if self.is_replayed {
            Duration::ZERO
        } else {
            self.started_at.elapsed()
        };
        // From start to start, so that slow responses do not lengthen the interval. A call that
        // took longer than an interval is followed by the next one at once.
        self.elapsed = passed.max(self.elapsed + self.poll.interval);
        (self.elapsed < self.poll.timeout).then(|| self.elapsed.saturating_sub(passed))
    }
}
