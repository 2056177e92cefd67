//! What is known of one key at one marketplace: the counts of all its limits, so that a call takes
//! a slot of each of them or of none; what the marketplace has said; and whether all calls are
//! stopped. Plain data: stores read and write it whole.

use super::forward_clock::{ClockReading, ForwardClock};
use super::hashed_permit_request::{AppliedLimit, BudgetLabels, HashedPermitRequest};
use super::limit_counter::{LimitCounter, LimitRule};
use super::limit_observation::{LimitObservation, MAX_WAIT_MS};
use serde::{Deserialize, Serialize};

/// The format of what is kept; another one is not read.
const FORMAT_VERSION: u32 = 1;
/// After a refusal that names no time, where the scheme names no window.
const DEFAULT_BACKOFF_MS: i64 = 5_000;
/// The longest pause that no marketplace has asked for: an hour.
const MAX_BACKOFF_MS: i64 = 3_600_000;

/// The book of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RateLimiter {
    format: u32,
    #[serde(alias = "about")]
    pub(crate) labels: BudgetLabels,
    clock: ForwardClock,
    pub(crate) counters: Vec<LimitCounter>,
    /// Where no limit fits, what the marketplace has said holds for every call.
    #[serde(default)]
    pub(crate) paused_until: i64,
    #[serde(default)]
    pub(crate) refusals: u32,
    #[serde(alias = "stopped", default, skip_serializing_if = "Option::is_none")]
    pub(crate) suspension: Option<Suspension>,
}

/// The marketplace has punished, and calls go on only when a person says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suspension {
    /// In Unix milliseconds, for people.
    pub(crate) wall_ms: i64,
    pub(crate) environment: String,
    pub(crate) account: String,
    pub(crate) status: u16,
    #[serde(alias = "why")]
    pub(crate) reason: String,
}

/// Slots that a call has taken.
#[derive(Clone, Debug)]
pub(crate) struct Permit {
    pub(crate) request: HashedPermitRequest,
    acquired_at: i64,
    /// Beside each limit of what was asked.
    marks: Vec<i64>,
}

impl Permit {
    /// Of a call that no limit counts.
    #[must_use]
    pub(crate) fn uncounted(asked: HashedPermitRequest) -> Self {
        Self {
            request: asked,
            acquired_at: 0,
            marks: Vec::new(),
        }
    }
}

/// No slot: why, and in how many milliseconds there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PermitDenied {
    pub(crate) reason: DenialReason,
    pub(crate) free_in_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DenialReason {
    /// The count of a limit is reached.
    LimitReached {
        rule: LimitRule,
        label: String,
    },
    /// The marketplace wants to be left alone.
    Paused,
    Suspended(Box<Suspension>),
}

impl RateLimiter {
    #[must_use]
    pub(crate) fn new(reading: ClockReading) -> Self {
        let (about, clock, counters) = (
            BudgetLabels::default(),
            ForwardClock::new(reading),
            Vec::new(),
        );
        Self {
            format: FORMAT_VERSION,
            labels: about,
            clock,
            counters,
            paused_until: 0,
            refusals: 0,
            suspension: None,
        }
    }

    /// # Errors
    /// In words, when it is no book, or one of another format.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let book: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if book.format == FORMAT_VERSION {
            Ok(book)
        } else {
            Err(format!("it has format {}", book.format))
        }
    }

    #[must_use]
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What its clock shows.
    #[must_use]
    pub(crate) fn time_at(&self, reading: &ClockReading) -> i64 {
        self.clock.at(reading)
    }

    pub(crate) fn advance_clock(&mut self, reading: ClockReading) -> i64 {
        self.clock.advance(reading)
    }

    /// Takes a slot of every limit, or of none.
    ///
    /// # Errors
    /// When one of them has none.
    pub(crate) fn acquire(
        &mut self,
        asked: &HashedPermitRequest,
        now: i64,
    ) -> Result<Permit, PermitDenied> {
        self.peek(asked, now)?;
        self.counters
            .iter_mut()
            .for_each(|counter| counter.prune(now));
        self.counters.retain(|counter| !counter.is_idle(now));
        self.update_labels(asked);
        let marks = asked
            .limits
            .iter()
            .map(|limited| {
                self.counter_mut(limited)
                    .acquire(now, asked.arrives_within_ms)
            })
            .collect();
        Ok(Permit {
            request: asked.clone(),
            acquired_at: now,
            marks,
        })
    }

    /// Whether a call could be sent.
    ///
    /// # Errors
    /// When it could not.
    pub(crate) fn peek(&self, asked: &HashedPermitRequest, now: i64) -> Result<(), PermitDenied> {
        if let Some(stopped) = &self.suspension {
            return Err(PermitDenied {
                reason: DenialReason::Suspended(Box::new(stopped.clone())),
                free_in_ms: MAX_WAIT_MS,
            });
        }
        let told = (self.paused_until > now).then(|| PermitDenied {
            reason: DenialReason::Paused,
            free_in_ms: self.paused_until - now,
        });
        let refused = asked
            .limits
            .iter()
            .filter_map(|limited| self.denial(limited, asked.keeps_reserve, now))
            .chain(told);
        refused
            .max_by_key(|refused| refused.free_in_ms)
            .map_or(Ok(()), Err)
    }

    fn denial(&self, limited: &AppliedLimit, leaves_some: bool, now: i64) -> Option<PermitDenied> {
        let mut counter = self.find_counter(limited)?.clone();
        counter.rule = limited.rule.clone();
        let kept = if leaves_some {
            counter.effective_rule().undo_reserve()
        } else {
            0
        };
        let free_at = counter.free_at(now, kept);
        let why = || {
            if counter.paused_until > now {
                DenialReason::Paused
            } else {
                DenialReason::LimitReached {
                    rule: counter.effective_rule(),
                    label: limited.label(),
                }
            }
        };
        (free_at > now).then(|| PermitDenied {
            reason: why(),
            free_in_ms: free_at - now,
        })
    }

    fn find_counter(&self, limited: &AppliedLimit) -> Option<&LimitCounter> {
        self.counters
            .iter()
            .find(|counter| counter.limit == limited.limit && counter.subject == limited.subject)
    }

    /// The counter of a limit, with the rule that the scheme has now.
    fn counter_mut(&mut self, limited: &AppliedLimit) -> &mut LimitCounter {
        let is_it = |counter: &LimitCounter| {
            counter.limit == limited.limit && counter.subject == limited.subject
        };
        let found = self.counters.iter().position(is_it);
        let index = found.unwrap_or(self.counters.len());
        if found.is_none() {
            let mut counter =
                LimitCounter::new(&limited.limit, &limited.subject, limited.rule.clone());
            limited.account_label.clone_into(&mut counter.account_label);
            limited.operation.clone_into(&mut counter.operation);
            self.counters.push(counter);
        }
        let counter = &mut self.counters[index];
        counter.rule = limited.rule.clone();
        counter
    }

    fn update_labels(&mut self, asked: &HashedPermitRequest) {
        let BudgetLabels {
            scheme,
            host,
            accounts,
        } = &asked.labels;
        (self.labels.scheme, self.labels.host) = (scheme.clone(), host.clone());
        self.labels.accounts.extend(accounts.iter().cloned());
    }

    /// Nothing has left: what was taken is free again.
    pub(crate) fn release(&mut self, slot: &Permit) {
        for (limited, mark) in slot.request.limits.iter().zip(&slot.marks) {
            self.counter_mut(limited).release(*mark);
        }
    }

    /// The answer is there: when the call arrived is known better, and what it says is believed.
    pub(crate) fn record_response(&mut self, slot: &Permit, said: &LimitObservation, now: i64) {
        self.update_labels(&slot.request);
        for (index, limited) in slot.request.limits.iter().enumerate() {
            let counter = self.counter_mut(limited);
            if let Some(mark) = slot.marks.get(index) {
                counter.record_arrival(*mark, slot.acquired_at, now);
            }
            if let Some(report) = said.limit_headers.get(index) {
                counter.apply_limit_headers(now, report.rate, report.burst, report.remaining);
            }
        }
        self.count_refusals(slot, said.is_rate_limited);
        if let Some(pause) = self.pause_after(slot, said) {
            self.apply_pause(slot, now.saturating_add(pause));
        }
    }

    fn count_refusals(&mut self, slot: &Permit, is_refusal: bool) {
        let next = |refusals: u32| {
            if is_refusal {
                refusals.saturating_add(1)
            } else {
                0
            }
        };
        self.refusals = next(self.refusals);
        for limited in &slot.request.limits {
            let counter = self.counter_mut(limited);
            counter.refusals = next(counter.refusals);
        }
    }

    /// For how long nothing is sent: what the marketplace says, or after a refusal without a word
    /// the shortest window, twice as long each time.
    fn pause_after(&self, slot: &Permit, said: &LimitObservation) -> Option<i64> {
        if said.wait_ms.is_some() || !said.is_rate_limited {
            return said.wait_ms;
        }
        let windows = slot
            .request
            .limits
            .iter()
            .map(|limited| limited.rule.per_ms);
        let first = windows
            .min()
            .unwrap_or(DEFAULT_BACKOFF_MS)
            .clamp(1_000, MAX_BACKOFF_MS);
        let counted = slot
            .request
            .limits
            .iter()
            .filter_map(|limited| Some(self.find_counter(limited)?.refusals))
            .max();
        let doubled = counted.unwrap_or(self.refusals).saturating_sub(1).min(20);
        Some(first.saturating_mul(1 << doubled).min(MAX_BACKOFF_MS))
    }

    fn apply_pause(&mut self, slot: &Permit, until: i64) {
        if slot.request.limits.is_empty() {
            self.paused_until = self.paused_until.max(until);
        }
        for limited in &slot.request.limits {
            self.counter_mut(limited).pause_until(until);
        }
    }

    /// All calls end here, until a person has looked.
    pub(crate) fn suspend(&mut self, stopped: Suspension) {
        self.suspension = Some(stopped);
    }

    /// Penalties and pauses end; what was sent stays counted.
    pub(crate) fn clear(&mut self) {
        (self.paused_until, self.refusals, self.suspension) = (0, 0, None);
        self.counters.iter_mut().for_each(LimitCounter::clear);
    }

    /// Whether anything but counts is in it.
    #[must_use]
    pub(crate) fn is_restricted(&self, now: i64) -> bool {
        self.suspension.is_some()
            || self.paused_until > now
            || self
                .counters
                .iter()
                .any(|counter| counter.paused_until > now)
    }
}
