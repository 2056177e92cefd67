//! What is known of one key at one marketplace: the counts of all its limits, so that a call takes a slot of each of them or of
//! none; what the marketplace has said; and whether all calls are stopped. Plain data: stores read and write it whole.

use super::answer::{LONGEST, Said};
use super::ask::Asked;
use super::clock::{Clock, Reading};
use super::counter::{Counter, Rule};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The format of what is kept; another one is not read.
const FORMAT: u32 = 1;
/// After a refusal that names no time, where the scheme names no window.
const FIRST_PAUSE: i64 = 5_000;
/// The longest pause that no marketplace has asked for: an hour.
const LONGEST_OWN: i64 = 3_600_000;

/// Whose book it is, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub scheme: String,
    pub host: String,
    /// Environments and accounts that have used the key.
    pub accounts: BTreeSet<(String, String)>,
}

/// One limit that a call is counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited {
    pub limit: String,
    pub whose: String,
    /// For people: the account and the operation that have a count of their own.
    pub about: String,
    pub operation: String,
    pub rule: Rule,
}

impl Limited {
    fn people(&self) -> String {
        let parts = [self.about.as_str(), &self.operation].into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// The book of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    format: u32,
    pub about: About,
    clock: Clock,
    pub counters: Vec<Counter>,
    /// Where no limit fits, what the marketplace has said holds for every call.
    #[serde(default)]
    pub paused_until: i64,
    #[serde(default)]
    pub refusals: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
}

/// The marketplace has punished, and calls go on only when a person says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// In Unix milliseconds, for people.
    pub wall_ms: i64,
    pub environment: String,
    pub account: String,
    pub status: u16,
    pub why: String,
}

/// Slots that a call has taken.
#[derive(Clone, Debug)]
pub struct Slot {
    pub asked: Asked,
    taken: i64,
    /// Beside each limit of what was asked.
    marks: Vec<i64>,
}

impl Slot {
    /// Of a call that no limit counts.
    #[must_use]
    pub fn nothing(asked: Asked) -> Self {
        Self { asked, taken: 0, marks: Vec::new() }
    }
}

/// No slot: why, and in how many milliseconds there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub why: Why,
    pub free_in_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The count of a limit is reached.
    Used {
        rule: Rule,
        about: String,
    },
    /// The marketplace wants to be left alone.
    Told,
    Stopped(Box<Stopped>),
}

impl Book {
    #[must_use]
    pub fn new(reading: Reading) -> Self {
        let (about, clock, counters) = (About::default(), Clock::new(reading), Vec::new());
        Self { format: FORMAT, about, clock, counters, paused_until: 0, refusals: 0, stopped: None }
    }

    /// # Errors
    /// In words, when it is no book, or one of another format.
    pub fn parse(text: &str) -> Result<Self, String> {
        let book: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if book.format == FORMAT { Ok(book) } else { Err(format!("it has format {}", book.format)) }
    }

    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What its clock shows.
    #[must_use]
    pub fn at(&self, reading: &Reading) -> i64 {
        self.clock.at(reading)
    }

    pub fn set_clock(&mut self, reading: Reading) -> i64 {
        self.clock.set(reading)
    }

    /// Takes a slot of every limit, or of none.
    ///
    /// # Errors
    /// When one of them has none.
    pub fn reserve(&mut self, asked: &Asked, now: i64) -> Result<Slot, Refused> {
        self.look(asked, now)?;
        self.counters.iter_mut().for_each(|counter| counter.prune(now));
        self.counters.retain(|counter| !counter.is_idle(now));
        self.name(asked);
        let marks = asked.limits.iter().map(|limited| self.counter(limited).take(now, asked.hold_ms)).collect();
        Ok(Slot { asked: asked.clone(), taken: now, marks })
    }

    /// Whether a call could be sent.
    ///
    /// # Errors
    /// When it could not.
    pub fn look(&self, asked: &Asked, now: i64) -> Result<(), Refused> {
        if let Some(stopped) = &self.stopped {
            return Err(Refused { why: Why::Stopped(Box::new(stopped.clone())), free_in_ms: LONGEST });
        }
        let told = (self.paused_until > now).then(|| Refused { why: Why::Told, free_in_ms: self.paused_until - now });
        let refused = asked.limits.iter().filter_map(|limited| self.refused(limited, asked.leaves_some, now)).chain(told);
        refused.max_by_key(|refused| refused.free_in_ms).map_or(Ok(()), Err)
    }

    fn refused(&self, limited: &Limited, leaves_some: bool, now: i64) -> Option<Refused> {
        let mut counter = self.known(limited)?.clone();
        counter.rule = limited.rule.clone();
        let kept = if leaves_some { counter.now().kept() } else { 0 };
        let free_at = counter.free_at(now, kept);
        let why = || match counter.paused_until > now {
            true => Why::Told,
            false => Why::Used { rule: counter.now(), about: limited.people() },
        };
        (free_at > now).then(|| Refused { why: why(), free_in_ms: free_at - now })
    }

    fn known(&self, limited: &Limited) -> Option<&Counter> {
        self.counters.iter().find(|counter| counter.limit == limited.limit && counter.whose == limited.whose)
    }

    /// The counter of a limit, with the rule that the scheme has now.
    fn counter(&mut self, limited: &Limited) -> &mut Counter {
        let is_it = |counter: &Counter| counter.limit == limited.limit && counter.whose == limited.whose;
        let found = self.counters.iter().position(is_it);
        let index = found.unwrap_or(self.counters.len());
        if found.is_none() {
            let mut counter = Counter::new(&limited.limit, &limited.whose, limited.rule.clone());
            limited.about.clone_into(&mut counter.about);
            limited.operation.clone_into(&mut counter.operation);
            self.counters.push(counter);
        }
        let counter = &mut self.counters[index];
        counter.rule = limited.rule.clone();
        counter
    }

    fn name(&mut self, asked: &Asked) {
        let About { scheme, host, accounts } = &asked.about;
        (self.about.scheme, self.about.host) = (scheme.clone(), host.clone());
        self.about.accounts.extend(accounts.iter().cloned());
    }

    /// Nothing has left: what was taken is free again.
    pub fn give_back(&mut self, slot: &Slot) {
        for (limited, mark) in slot.asked.limits.iter().zip(&slot.marks) {
            self.counter(limited).give_back(*mark);
        }
    }

    /// The answer is there: when the call arrived is known better, and what it says is believed.
    pub fn hear(&mut self, slot: &Slot, said: &Said, now: i64) {
        self.name(&slot.asked);
        for (index, limited) in slot.asked.limits.iter().enumerate() {
            let counter = self.counter(limited);
            if let Some(mark) = slot.marks.get(index) {
                counter.settle(*mark, slot.taken, now);
            }
            if let Some(report) = said.reports.get(index) {
                counter.believe(now, report.rate, report.burst, report.remaining);
            }
        }
        self.count_refusals(slot, said.is_refusal);
        if let Some(pause) = self.pause(slot, said) {
            self.rest(slot, now.saturating_add(pause));
        }
    }

    fn count_refusals(&mut self, slot: &Slot, is_refusal: bool) {
        let next = |refusals: u32| if is_refusal { refusals.saturating_add(1) } else { 0 };
        self.refusals = next(self.refusals);
        for limited in &slot.asked.limits {
            let counter = self.counter(limited);
            counter.refusals = next(counter.refusals);
        }
    }

    /// For how long nothing is sent: what the marketplace says, or after a refusal without a word the shortest window, twice as
    /// long each time.
    fn pause(&self, slot: &Slot, said: &Said) -> Option<i64> {
        if said.wait_ms.is_some() || !said.is_refusal {
            return said.wait_ms;
        }
        let windows = slot.asked.limits.iter().map(|limited| limited.rule.per_ms);
        let first = windows.min().unwrap_or(FIRST_PAUSE).clamp(1_000, LONGEST_OWN);
        let counted = slot.asked.limits.iter().filter_map(|limited| Some(self.known(limited)?.refusals)).max();
        let doubled = counted.unwrap_or(self.refusals).saturating_sub(1).min(20);
        Some(first.saturating_mul(1 << doubled).min(LONGEST_OWN))
    }

    fn rest(&mut self, slot: &Slot, until: i64) {
        if slot.asked.limits.is_empty() {
            self.paused_until = self.paused_until.max(until);
        }
        for limited in &slot.asked.limits {
            self.counter(limited).pause(until);
        }
    }

    /// All calls end here, until a person has looked.
    pub fn stop(&mut self, stopped: Stopped) {
        self.stopped = Some(stopped);
    }

    /// Penalties and pauses end; what was sent stays counted.
    pub fn clear(&mut self) {
        (self.paused_until, self.refusals, self.stopped) = (0, 0, None);
        self.counters.iter_mut().for_each(Counter::clear);
    }

    /// Whether anything but counts is in it.
    #[must_use]
    pub fn is_held(&self, now: i64) -> bool {
        self.stopped.is_some() || self.paused_until > now || self.counters.iter().any(|counter| counter.paused_until > now)
    }
}
