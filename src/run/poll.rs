//! A step that is sent again until something holds. Only its last answer is judged; one that is not
//! what `ok` says ends it.

use super::exchange::StepProgress;
use super::step::{Judgement, StepError};
use super::step_execution::StepExecution;
use crate::check::ResponseView;
use crate::diagnostic::pluralize;
use crate::event::FailureReport;
use crate::model::repeat::PollOptions;
use crate::render::{RenderError, VariableScope};
use crate::transport::human_duration;
use crate::wire::WireResponse;
use std::time::{Duration, Instant};

/// # Errors
/// When a call could not be made, or somebody wants the run to stop. That it does not hold in time
/// is a failure.
pub(super) async fn run(
    asking: &StepExecution<'_>,
    poll: &PollOptions,
    variables: &mut VariableScope,
    progress: &mut StepProgress,
) -> Result<Judgement, StepError> {
    let mut watch = PollTimer::start(poll, asking.context.recordings.is_replay());
    let (mut answers, mut unmet) = (0, Vec::new());
    loop {
        let Ok(asked) =
            tokio::time::timeout(watch.remaining(), asking.send(variables, progress)).await
        else {
            break;
        };
        let asked = asked?;
        answers += 1;
        if asking.is_expected(&asked) {
            unmet = unmet_until(asking, asked.response(), variables)?;
        }
        if unmet.is_empty() || !asking.is_expected(&asked) {
            let judged = asking.judge(&asked, variables)?;
            return asking.conclude(&asked, judged, progress);
        }
        asking.record_intermediate(&asked);
        let Some(wait) = watch.next_wait() else { break };
        if !asking.context.pause(wait).await {
            return Err(StepError::Interrupted);
        }
    }
    let mut failures = vec![timeout_failure(asking, poll, answers)];
    failures.extend(unmet);
    Ok(Judgement {
        failures,
        notes: std::mem::take(&mut progress.warnings),
    })
}

/// What of `until` does not hold yet.
fn unmet_until(
    asking: &StepExecution<'_>,
    response: &WireResponse,
    variables: &VariableScope,
) -> Result<Vec<FailureReport>, RenderError> {
    let hide = |text: &str| asking.context.redactor.borrow_mut().redact(text);
    let unmet = asking.unmet_assertions(
        asking.step.poll_conditions(),
        &ResponseView::new(response).with_redaction(&hide),
        variables,
    )?;
    let mut redactor = asking.context.redactor.borrow_mut();
    let named = |failure: FailureReport| FailureReport {
        subject: redactor.redact_for_display(&format!("until {}", failure.subject)),
        ..failure
    };
    Ok(unmet.into_iter().map(named).collect())
}

fn timeout_failure(
    asking: &StepExecution<'_>,
    poll: &PollOptions,
    answers: usize,
) -> FailureReport {
    let mut redactor = asking.context.redactor.borrow_mut();
    let within = human_duration(poll.timeout);
    FailureReport {
        at: poll.at,
        subject: redactor.redact_for_display("poll"),
        expected: redactor.redact_for_display(&format!("`until` to hold within {within}")),
        actual: redactor.redact_for_display(&format!(
            "it did not hold in {}",
            pluralize(answers, "answer")
        )),
        hint: None,
        differences: Vec::new(),
    }
}

/// When the next call begins, from the start of the first. In a replay, where nothing is waited
/// for, time goes by in steps.
struct PollTimer<'p> {
    poll: &'p PollOptions,
    started_at: Instant,
    is_replayed: bool,
    /// When the present call began.
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
        self.elapsed = passed.max(self.elapsed + self.poll.interval);
        (self.elapsed < self.poll.timeout).then(|| self.elapsed.saturating_sub(passed))
    }
}
