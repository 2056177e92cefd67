//! One call, tried again where that can mend something and do no harm: a read that met a fault of the network or of the
//! marketplace, and a write of which nothing has left this machine. Each attempt is signed anew.

use super::call::{Attempt, Call, Heard, Progress, Reach};
use super::retries::Refusal;
use super::step::StepError;
use crate::check::Outcome;
use crate::model::outcome::ErrorKind;
use crate::model::recording::RecordedRequest;
use crate::recording::ReplayError;
use crate::render::Moment;
use crate::transport::TransportError;
use crate::wire::Draft;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The longest wait before the second attempt; it doubles for each further one.
const BASE: Duration = Duration::from_millis(200);
/// The longest wait that nobody has asked for.
const LONGEST: Duration = Duration::from_secs(10);
/// A marketplace that asks for a longer wait is not tried again.
const MOST_ASKED_FOR: Duration = Duration::from_secs(60);

/// An attempt and what came of it.
type Before = Option<(Result<(), StepError>, Option<Rc<Heard>>)>;

/// Why an attempt could not even begin.
fn not_free(result: &Result<(), StepError>) -> Option<String> {
    match result {
        Err(StepError::Budget(error)) => Some(error.to_string()),
        _ => None,
    }
}

/// An attempt for which the budget has no call left was none: the one before it was the last.
fn last_one(before: Before, why: String, result: Result<(), StepError>, progress: &mut Progress) -> Result<(), StepError> {
    let Some((before, heard)) = before else { return result };
    progress.warnings.push(format!("not tried again: {why}"));
    progress.attempts.pop();
    progress.heard = heard;
    before
}

/// One call and how often it may be tried.
pub struct Attempts<'a> {
    pub call: &'a Call<'a>,
    pub most: u32,
    /// As recordings know it, where it is compared with them.
    pub unsigned: Option<&'a RecordedRequest>,
}

/// What another attempt may mend.
struct Fault {
    attempt: Attempt,
    /// It is certain that nothing was sent.
    is_unsent: bool,
    /// What the marketplace asks for.
    wait: Option<Duration>,
}

/// Why there is no other attempt.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("not tried again: the marketplace asks for {} s, and more than {} s are not waited for", .0.as_secs(), MOST_ASKED_FOR.as_secs())]
    TooLong(Duration),
}

impl Attempts<'_> {
    /// The last answer is in `progress`, and every attempt before it.
    ///
    /// # Errors
    /// Those of the last attempt.
    pub async fn exchange(&self, draft: &Draft, moment: Moment, progress: &mut Progress) -> Result<(), StepError> {
        let mut moment = moment;
        let (mut number, mut before) = (0, None);
        loop {
            number += 1;
            let result = self.call.exchange(draft, self.unsigned, moment, progress).await;
            if let Some(why) = not_free(&result) {
                return last_one(before, why, result, progress);
            }
            let fault = self.fault(&result, progress);
            self.note(fault.is_some());
            let may_go_on = |fault: &Fault| number < self.most && (draft.method.is_read() || fault.is_unsent);
            let Some(fault) = fault.filter(may_go_on) else { return result };
            let wait = match self.wait(number, &fault) {
                Ok(wait) => wait,
                Err(end) => {
                    progress.warnings.push(end.to_string());
                    return result;
                }
            };
            if !self.call.context.pause(wait).await {
                return result;
            }
            progress.attempts.push(fault.attempt);
            before = Some((result, progress.heard.take()));
            moment = super::unit::moment(self.call.context);
        }
    }

    /// A run of recordings says nothing of any host.
    fn note(&self, has_failed: bool) {
        if self.is_replayed() {
            return;
        }
        let (retries, now) = (&self.call.context.retries, Instant::now());
        if has_failed { retries.failed(self.host(), now) } else { retries.went_well(self.host(), now) }
    }

    fn fault(&self, result: &Result<(), StepError>, progress: &Progress) -> Option<Fault> {
        match (result, &progress.heard) {
            (Ok(()), Some(heard)) => self.fault_of_answer(heard),
            (Ok(()), None) => None,
            // An answer stands here when a token was too old, and the second request failed: the first one was sent.
            (Err(error), before) => fault_of_network(error, progress.reach == Reach::NotSent && before.is_none()),
        }
    }

    /// What its scheme calls otherwise is not mended by another attempt, whatever its status.
    fn fault_of_answer(&self, Heard { response, outcome }: &Heard) -> Option<Fault> {
        let Outcome::Refused { kind: kind @ (ErrorKind::RateLimit | ErrorKind::Server), .. } = outcome else { return None };
        if (300..400).contains(&response.status) || super::call::not_recorded(response).is_some() {
            return None;
        }
        let reason = format!("the answer was {} ({kind})", response.status);
        let wait = response.retry_after_ms((self.call.context.clock)()).map(|ms| Duration::from_millis(ms.unsigned_abs()));
        let attempt = Attempt { status: Some(response.status), reason, latency: Some(response.latency) };
        Some(Fault { attempt, is_unsent: false, wait })
    }

    /// How long to wait before the next attempt.
    fn wait(&self, number: u32, fault: &Fault) -> Result<Duration, End> {
        if self.is_replayed() {
            return Ok(Duration::ZERO);
        }
        let asked_for = fault.wait.unwrap_or_default();
        if asked_for > MOST_ASKED_FOR {
            return Err(End::TooLong(asked_for));
        }
        self.call.context.retries.take(self.host(), Instant::now())?;
        Ok(asked_for.max(backoff(number, (self.call.context.chance)())))
    }

    fn host(&self) -> &str {
        self.call.access.base.authority()
    }

    fn is_replayed(&self) -> bool {
        self.call.context.recordings.answer_alone()
    }
}

/// An answer that is too large or no HTTP will be so again, but a connection that breaks looks just like the latter.
fn fault_of_network(error: &StepError, is_unsent: bool) -> Option<Fault> {
    let is_connect = matches!(error, StepError::Transport(TransportError::Connect { .. }));
    let may_pass = match error {
        StepError::Transport(error) => {
            is_connect || matches!(error, TransportError::Timeout { .. } | TransportError::UnreadableResponse { .. })
        }
        StepError::Replay(ReplayError::Fault) => true,
        _ => false,
    };
    let attempt = Attempt { status: None, reason: error.to_string(), latency: None };
    may_pass.then_some(Fault { attempt, is_unsent: is_unsent && is_connect, wait: None })
}

/// Full jitter: anything up to a bound that doubles, so that those who failed together do not come back together.
fn backoff(number: u32, chance: [u8; 16]) -> Duration {
    let bound = BASE.saturating_mul(2_u32.saturating_pow(number.saturating_sub(1))).min(LONGEST);
    let [a, b, c, d, ..] = chance;
    bound.mul_f64(f64::from(u32::from_le_bytes([a, b, c, d])) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_seconds_and_are_anything_below() {
        let most = |number| backoff(number, [255; 16]);
        assert_eq!([most(1), most(2), most(3)], [BASE, BASE * 2, BASE * 4]);
        assert_eq!((most(10), most(4_000_000)), (LONGEST, LONGEST));
        assert_eq!(backoff(3, [0; 16]), Duration::ZERO);
        let waits: std::collections::HashSet<Duration> = (0..=255).map(|byte| backoff(3, [byte; 16])).collect();
        assert!(waits.len() > 200 && waits.iter().all(|wait| *wait <= BASE * 4));
    }
}
