//! A step that is sent again until `until` holds. Only the last response is judged. A response that
//! meets `fail` ends the poll, and so does one that `ok` does not expect, unless it is `pending`.

use super::exchange::{ExchangeLog, SendState};
use super::step_error::StepError;
use super::step_execution::{Judgement, StepExecution, StepOutcome, StepResponse};
use crate::awake_timeout::awake_timeout;
use crate::check::{self, ResponseView};
use crate::diagnostic::pluralize;
use crate::event::FailureReport;
use crate::model::assertion::Assertion;
use crate::model::repeat::PollOptions;
use crate::render::{RenderError, VariableScope, render_tree};
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
    let mut progress = PollProgress::default();
    let mut fresh = variables.fresh_values();
    loop {
        let sending = execution.send(variables, fresh);
        let Ok(call) = awake_timeout(timer.remaining(), sending).await else {
            // The timeout dropped the call after it may have been sent: it may have arrived.
            log.send_state = SendState::Unknown;
            break;
        };
        log.append(call.log);
        let response = call.result?;
        match progress.look_at(execution, poll, &response, variables)? {
            PollVerdict::Again => execution.record_intermediate(&response),
            PollVerdict::Judge => {
                let judgement = execution.judge(&response, variables)?;
                return execution.conclude(&response, judgement, log);
            }
            PollVerdict::Fail(failures) => {
                let judgement = Judgement {
                    failures,
                    ..Judgement::default()
                };
                return execution.conclude(&response, judgement, log);
            }
        }
        let Some(wait) = timer.next_wait() else { break };
        if !context.pause(wait).await {
            return Err(StepError::Interrupted);
        }
        // Signed anew: marketplaces refuse a signature that they have seen, or that is too old.
        fresh = context.fresh_values();
    }
    let mut failures = vec![timeout_failure(execution, poll, &progress)];
    failures.append(&mut progress.unmet);
    let notes = std::mem::take(&mut log.warnings);
    Ok(Judgement {
        failures,
        notes,
        skipped: None,
    })
}

/// What follows from a response.
enum PollVerdict {
    /// It is not there yet.
    Again,
    /// It is the one that was waited for, or one that `ok` refuses.
    Judge,
    /// It meets `fail`.
    Fail(Vec<FailureReport>),
}

/// What the responses so far have shown.
#[derive(Default)]
struct PollProgress {
    responses: usize,
    /// How many of them `ok` refuses and `pending` waits through.
    pending: usize,
    /// What of `until` did not hold for the last response that `ok` expects.
    unmet: Vec<FailureReport>,
}

impl PollProgress {
    /// In the order of the language: `fail`, `ok` and `until`, `pending`.
    fn look_at(
        &mut self,
        execution: &StepExecution<'_>,
        poll: &PollOptions,
        response: &StepResponse,
        variables: &VariableScope,
    ) -> Result<PollVerdict, RenderError> {
        self.responses += 1;
        if !poll.fail.is_empty() && holds(&poll.fail, response, variables)? {
            let negated: Vec<Assertion> = poll.fail.iter().map(Assertion::negated).collect();
            let failures = described("fail", &negated, execution, response, variables)?;
            return Ok(PollVerdict::Fail(failures));
        }
        if execution.is_expected(response) {
            self.unmet = described("until", &poll.until, execution, response, variables)?;
            let is_met = self.unmet.is_empty();
            return Ok(if is_met {
                PollVerdict::Judge
            } else {
                PollVerdict::Again
            });
        }
        let is_pending = !poll.pending.is_empty()
            // No wait mends a signature, a key or a clock.
            && !response.is_refused_at_the_door()
            && holds(&poll.pending, response, variables)?;
        if !is_pending {
            return Ok(PollVerdict::Judge);
        }
        self.pending += 1;
        Ok(PollVerdict::Again)
    }
}

/// Whether all assertions hold. What cannot be read does not hold.
fn holds(
    assertions: &[Assertion],
    response: &StepResponse,
    variables: &VariableScope,
) -> Result<bool, RenderError> {
    let view = ResponseView::new(response.response());
    check::holds(assertions, &view, &|template| {
        render_tree(template, variables)
    })
}

/// The assertions that do not hold, under the key that they are written under.
fn described(
    key: &str,
    assertions: &[Assertion],
    execution: &StepExecution<'_>,
    response: &StepResponse,
    variables: &VariableScope,
) -> Result<Vec<FailureReport>, RenderError> {
    let unmet = execution.unmet_assertions(assertions, response, variables)?;
    let mut redactor = execution.output_redactor();
    Ok(unmet
        .into_iter()
        .map(|failure| FailureReport {
            subject: redactor.redact_for_display(&format!("{key} {}", failure.subject)),
            ..failure
        })
        .collect())
}

fn timeout_failure(
    execution: &StepExecution<'_>,
    poll: &PollOptions,
    progress: &PollProgress,
) -> FailureReport {
    let mut redactor = execution.output_redactor();
    let within = human_duration(poll.timeout);
    let responses = pluralize(progress.responses, "response");
    let pending = match progress.pending {
        0 => String::new(),
        count => format!(", of which {count} met `pending`"),
    };
    FailureReport {
        at: poll.at,
        subject: redactor.redact_for_display("poll"),
        expected: redactor.redact_for_display(&format!("`until` holds within {within}")),
        actual: redactor.redact_for_display(&format!("it did not hold in {responses}{pending}")),
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
