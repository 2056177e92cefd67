//! How many units run in parallel: the number that the user gave, or one that grows while the
//! marketplace responds as fast as before. It never shortens a wait: permits and pauses hold for
//! each call, however many units run.

use crate::event::{ErrorClass, UnitReport, Verdict};
use crate::model::workspace::Workspace;
use crate::plan::Plan;
use std::cell::Cell;
use std::collections::HashSet;
use std::time::Duration;

/// The number with which a run begins, and to which it returns when a marketplace is strained.
const FIRST_LIMIT: usize = 16;
/// So many units more may run after each unit that ended well: while each waits for one response,
/// the number is at its ceiling when the first ones have come. With slower growth the last units
/// would wait for several responses, one after the other.
const GROWTH: usize = 15;
/// Responses have slowed down when a round takes half as long again as the fastest one, and this
/// time besides, which the machine itself can take.
const SLOWER_MARGIN: Duration = Duration::from_millis(20);

/// How many units may run in parallel.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parallelism {
    Fixed(usize),
    /// As many as the marketplace bears. The ceiling is asked for when the number first grows:
    /// to find out how many files can be opened takes time.
    Adaptive {
        ceiling: fn() -> usize,
    },
}

impl Default for Parallelism {
    fn default() -> Self {
        Self::Fixed(1)
    }
}

/// The number of units that may run now.
pub(super) struct ParallelLimit {
    now: Cell<usize>,
    highest: Cell<usize>,
    /// `None` if the number does not grow.
    growth: Option<GrowthState>,
}

/// Responses of a round: so many units as were allowed when it began.
#[derive(Clone, Copy, Default)]
struct LatencyRound {
    units: usize,
    size: usize,
    responses: u32,
    total: Duration,
}

struct GrowthState {
    find_ceiling: fn() -> usize,
    /// What the limits of schemes allow at once.
    allowed: usize,
    ceiling: Cell<Option<usize>>,
    is_over: Cell<bool>,
    round: Cell<LatencyRound>,
    /// The shortest mean latency of a round.
    fastest: Cell<Option<Duration>>,
    /// How many waits for permits were known.
    waits: Cell<usize>,
}

impl ParallelLimit {
    pub(super) fn new(parallelism: Parallelism, plan: &Plan<'_>, workspace: &Workspace) -> Self {
        match parallelism {
            Parallelism::Fixed(number) => Self {
                now: Cell::new(number.max(1)),
                highest: Cell::new(number),
                growth: None,
            },
            Parallelism::Adaptive { ceiling } => {
                Self::growing(ceiling, allowed_at_once(plan, workspace))
            }
        }
    }

    fn growing(find_ceiling: fn() -> usize, allowed: usize) -> Self {
        Self {
            now: Cell::new(FIRST_LIMIT),
            highest: Cell::new(FIRST_LIMIT),
            growth: Some(GrowthState {
                find_ceiling,
                allowed,
                ceiling: Cell::new(None),
                is_over: Cell::new(false),
                round: Cell::new(LatencyRound::of_size(FIRST_LIMIT)),
                fastest: Cell::new(None),
                waits: Cell::new(0),
            }),
        }
    }

    pub(super) fn now(&self) -> usize {
        self.now.get()
    }

    /// The highest number, if it has grown. A run of fewer `units` never had so many.
    pub(super) fn reached(&self, units: usize) -> Option<usize> {
        Some(self.highest.get().min(units))
            .filter(|number| self.growth.is_some() && *number > FIRST_LIMIT)
    }

    /// Learns from a unit that has ended. `waits` is how often calls of the run have waited for a
    /// permit.
    pub(super) fn record_unit(&self, report: &UnitReport, waits: usize) {
        let Some(growth) = self.growth.as_ref().filter(|growth| !growth.is_over.get()) else {
            return;
        };
        if growth.waits.replace(waits) != waits || is_strained(report) {
            growth.is_over.set(true);
            self.now.set(FIRST_LIMIT);
        } else if growth.has_slowed(report, self.now.get()) {
            growth.is_over.set(true);
            self.now.set((self.now.get() / 2).max(FIRST_LIMIT));
        } else if !matches!(report.verdict, Verdict::Skipped(_)) {
            let number = (self.now.get() + GROWTH).min(growth.ceiling());
            // At the least, what it was: few files may be free.
            self.now.set(number.max(FIRST_LIMIT));
            self.highest.set(self.highest.get().max(self.now.get()));
        }
    }
}

impl GrowthState {
    fn ceiling(&self) -> usize {
        let known = self.ceiling.get();
        let ceiling = known.unwrap_or_else(|| (self.find_ceiling)().min(self.allowed));
        self.ceiling.set(Some(ceiling));
        ceiling
    }

    /// Adds the responses of a unit to the round. At its end, they are compared with the fastest.
    fn has_slowed(&self, report: &UnitReport, limit: usize) -> bool {
        let mut round = self.round.get();
        round.units += 1;
        for latency in report.steps.iter().filter_map(|step| step.latency) {
            round.responses += 1;
            round.total += latency;
        }
        if round.units < round.size {
            self.round.set(round);
            return false;
        }
        self.round.set(LatencyRound::of_size(limit));
        let Some(mean) = round.total.checked_div(round.responses) else {
            return false;
        };
        let fastest = self.fastest.get().map_or(mean, |known| known.min(mean));
        self.fastest.set(Some(fastest));
        mean > fastest + fastest / 2 + SLOWER_MARGIN
    }
}

impl LatencyRound {
    fn of_size(size: usize) -> Self {
        Self {
            size,
            ..Self::default()
        }
    }
}

/// Whether a marketplace asked for fewer calls, or could not serve one.
fn is_strained(report: &UnitReport) -> bool {
    let is_refused =
        |status: Option<u16>| status.is_some_and(|status| status == 429 || status >= 500);
    let is_unable = matches!(
        report.verdict,
        Verdict::Error(ErrorClass::Unable | ErrorClass::Budget, _)
    );
    is_unable
        || report
            .steps
            .iter()
            .any(|step| is_refused(step.status) || !step.attempts.is_empty())
}

/// How many calls the limits of all schemes of a plan allow at once.
fn allowed_at_once(plan: &Plan<'_>, workspace: &Workspace) -> usize {
    let calls = plan.units.iter().flat_map(|unit| unit.request.calls());
    let names: HashSet<&str> = calls.map(|step| step.scheme.name.as_str()).collect();
    let schemes = names.into_iter().filter_map(|name| workspace.scheme(name));
    schemes
        .flat_map(|scheme| &scheme.limits)
        .map(|limit| limit.burst.unwrap_or(limit.count))
        .min()
        .map_or(usize::MAX, |count| {
            usize::try_from(count).unwrap_or(usize::MAX)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::StepReport;
    use crate::redact::RedactedText;
    use crate::span::Span;

    fn unit(status: u16, latency_ms: u64) -> UnitReport {
        UnitReport {
            index: 0,
            id: String::new(),
            at: Span::default(),
            labels: crate::event::UnitLabels::default(),
            verdict: Verdict::Pass,
            flaky: false,
            steps: vec![StepReport {
                name: None,
                request_line: RedactedText::default(),
                endpoint: RedactedText::default(),
                at: Span::default(),
                started_at: Duration::ZERO,
                sent_at: None,
                status: Some(status),
                latency: Some(Duration::from_millis(latency_ms)),
                requests: 1,
                phases: Vec::new(),
                verdict: Verdict::Pass,
                attempts: Vec::new(),
                failures: Vec::new(),
                notes: Vec::new(),
                exchange: None,
                trace: Vec::new(),
            }],
            not_reached: 0,
            started_at: Duration::ZERO,
            duration: Duration::ZERO,
        }
    }

    fn after(units: usize, limit: &ParallelLimit, report: &UnitReport) -> usize {
        (0..units).for_each(|_| limit.record_unit(report, 0));
        limit.now()
    }

    #[test]
    fn it_grows_with_each_response_and_reaches_the_ceiling_with_the_first_round() {
        let limit = ParallelLimit::growing(|| 200, usize::MAX);
        assert_eq!(after(1, &limit, &unit(200, 50)), 31);
        assert_eq!(after(15, &limit, &unit(200, 60)), 200);
        assert_eq!(limit.reached(1_000), Some(200));
        assert_eq!(limit.reached(16), None);
    }

    #[test]
    fn it_never_passes_what_limits_and_open_files_allow() {
        let limit = ParallelLimit::growing(|| 200, 20);
        assert_eq!(after(16, &limit, &unit(200, 50)), 20);
        let limit = ParallelLimit::growing(|| 200, 5);
        assert_eq!(after(16, &limit, &unit(200, 50)), 16);
        let limit = ParallelLimit::growing(|| 0, usize::MAX);
        assert_eq!(after(16, &limit, &unit(200, 50)), 16);
        assert_eq!(limit.reached(1_000), None);
    }

    #[test]
    fn it_halves_once_responses_slow_down_and_stays() {
        let limit = ParallelLimit::growing(|| 200, usize::MAX);
        assert_eq!(after(16, &limit, &unit(200, 50)), 200);
        assert_eq!(after(200, &limit, &unit(200, 500)), 100);
        assert_eq!(after(200, &limit, &unit(200, 50)), 100);
    }

    #[test]
    fn it_returns_to_the_first_number_when_a_marketplace_wants_fewer_calls() {
        for strained in [unit(429, 50), unit(503, 50)] {
            let limit = ParallelLimit::growing(|| 200, usize::MAX);
            assert_eq!(after(1, &limit, &unit(200, 50)), 31);
            assert_eq!(after(1, &limit, &strained), 16);
            assert_eq!(after(64, &limit, &unit(200, 50)), 16);
        }
        let limit = ParallelLimit::growing(|| 200, usize::MAX);
        assert_eq!(after(16, &limit, &unit(200, 50)), 200);
        limit.record_unit(&unit(200, 50), 1);
        assert_eq!(limit.now(), 16, "a call had to wait for a permit");
    }
}
