//! Runs a plan: lanes in parallel, the units of each lane in order. It emits an event as soon as a
//! unit ends, so units of different lanes can end in any order.

use super::fixtures::ActiveFixtures;
use super::parallelism::ParallelLimit;
use super::variables::recording_key;
use super::{RunContext, unit};
use crate::event::{Event, RunSummary, UnitReport, Verdict};
use crate::ledger::Ledger;
use crate::model::request::Request;
use crate::plan::{Plan, Unit, parallel_lanes};
use crate::recording::RecordingKey;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Instant;

/// What all lanes share. They run on one task, so `RefCell` is enough; no borrow may be held across
/// an `await`.
struct Conductor<'c, 'w> {
    plan: &'c Plan<'w>,
    context: &'c RunContext<'c>,
    emit: RefCell<&'c mut dyn FnMut(Event)>,
    summary: RefCell<RunSummary>,
    /// The number of units of each file that have not ended.
    units_left: RefCell<HashMap<&'w str, usize>>,
    /// A unit failed, and the run stops at the first failure: no other unit starts.
    stops_after_failure: Cell<bool>,
    ledger: RefCell<Option<Ledger>>,
    limit: ParallelLimit,
}

/// Runs every unit, and undoes what fixtures created, whatever fails. Failures and errors are parts
/// of the events.
pub(crate) async fn run(
    plan: &Plan<'_>,
    context: &RunContext<'_>,
    emit: &mut dyn FnMut(Event),
) -> RunSummary {
    let started_at = Instant::now();
    emit(run_started_event(plan, context));
    let conductor = Conductor {
        plan,
        context,
        emit: RefCell::new(emit),
        summary: RefCell::default(),
        units_left: plan.unit_counts().into(),
        stops_after_failure: Cell::new(false),
        ledger: RefCell::default(),
        limit: ParallelLimit::new(
            context.options.parallelism,
            plan,
            context.environment.workspace,
        ),
    };
    conductor.run_lanes().await;
    conductor.write_remaining_recordings();
    let mut summary = conductor.summary.into_inner();
    summary.parallel_units = conductor.limit.reached(plan.units.len());
    if let Some(ledger) = conductor.ledger.into_inner() {
        ledger.remove_if_empty();
    }
    summary.duration = started_at.elapsed();
    summary.requests = context.state.requests.api.get();
    summary.token_requests = context.state.requests.token.get();
    emit(Event::RunFinished(summary.clone()));
    summary
}

fn run_started_event(plan: &Plan<'_>, context: &RunContext<'_>) -> Event {
    Event::RunStarted {
        environment: context.environment.accesses.described_environment(),
        run_id: context.options.run_id.clone(),
        files: plan.file_count(),
        units: plan.units.len(),
        shard: plan.shard.map(|shard| shard.to_string()),
        all_units: plan.all_units,
        started_at_ms: (context.environment.clock)()
            // The times of all events count from `started_at`, and the clock is read only now. The
            // milliseconds of a process always fit.
            - i64::try_from(context.state.started_at.elapsed().as_millis()).unwrap_or(0),
    }
}

impl<'w> Conductor<'_, 'w> {
    /// Runs as many lanes in parallel as the limit allows. When one ends, the next one starts.
    async fn run_lanes(&self) {
        let lanes = parallel_lanes(&self.plan.units);
        // One queue for all workers, so that none is idle while a lane waits to start.
        let waiting = RefCell::new(lanes.iter());
        let next = || waiting.borrow_mut().next();
        let workers = Cell::new(0);
        let worker = async || {
            // The limit can fall: then so many workers end as are too many.
            while workers.get() <= self.limit.now()
                && let Some(lane) = next()
            {
                self.run_lane(lane).await;
            }
            workers.set(workers.get() - 1);
        };
        let mut running = FuturesUnordered::new();
        poll_fn(|waker| {
            loop {
                // The limit can rise whenever a unit has ended, and so while workers are polled.
                let free = self.limit.now().saturating_sub(workers.get());
                let added = free.min(waiting.borrow().len());
                for _ in 0..added {
                    workers.set(workers.get() + 1);
                    running.push(worker());
                }
                match running.poll_next_unpin(waker) {
                    Poll::Ready(Some(())) => {}
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending
                        if self.limit.now() <= workers.get() || waiting.borrow().len() == 0 =>
                    {
                        return Poll::Pending;
                    }
                    Poll::Pending => {}
                }
            }
        })
        .await;
    }

    async fn run_lane(&self, lane: &[usize]) {
        let mut fixtures = ActiveFixtures::new(&self.ledger);
        let mut emit = |event: Event| self.emit_event(event);
        for (at, index) in lane.iter().enumerate() {
            if self.should_stop() {
                break;
            }
            let unit = &self.plan.units[*index];
            self.run_unit(*index, unit, &mut fixtures).await;
            let next = lane[at + 1..]
                .iter()
                .map(|next| &self.plan.units[*next])
                .find(|next| next.request.skip.is_none());
            // A skipped unit sets no fixture up, so the scope of none ends with it.
            if unit.request.skip.is_none() && !self.should_stop() {
                fixtures
                    .tear_down_after(unit, next, self.context, &mut emit)
                    .await;
            }
        }
        // Also after a stop: what fixtures created is undone in any case.
        fixtures.tear_down_all(self.context, &mut emit).await;
    }

    fn should_stop(&self) -> bool {
        self.stops_after_failure.get() || self.context.environment.stop.is_requested()
    }

    async fn run_unit(&self, index: usize, unit: &Unit<'w>, fixtures: &mut ActiveFixtures<'_, 'w>) {
        self.emit_event(Event::UnitStarted {
            index,
            id: unit.reported_id(),
        });
        let mut emit = |event: Event| self.emit_event(event);
        let report = UnitReport {
            index,
            ..unit::run(unit, fixtures, self.context, &mut emit).await
        };
        self.summary.borrow_mut().add_unit(&report);
        let waits = self.context.environment.budget.waits.get();
        self.limit.record_unit(&report, waits);
        // What a skipped step has recorded before stays.
        let has_skipped = report.skipped_steps().next().is_some();
        let is_whole = report.not_reached == 0 && unit.last_step.is_none() && !has_skipped;
        self.context
            .state
            .recordings
            .end_unit(&recording_key(unit), is_whole);
        self.finish_file(unit.request);
        let has_failed = matches!(report.verdict, Verdict::Fail | Verdict::Error(..));
        self.stops_after_failure
            .set(self.stops_after_failure.get() || (self.context.options.fail_fast && has_failed));
        self.emit_event(Event::UnitFinished(report));
    }

    fn emit_event(&self, event: Event) {
        match &event {
            Event::UndoFailed(_) => self.summary.borrow_mut().not_undone += 1,
            Event::RunNotice(notice) => self.summary.borrow_mut().add_notice(notice),
            _ => {}
        }
        (self.emit.borrow_mut())(event);
    }

    /// Writes the recording of a file when its last unit has ended.
    fn finish_file(&self, request: &Request) {
        let mut left = self.units_left.borrow_mut();
        let Some(count) = left.get_mut(request.name.as_str()) else {
            return;
        };
        *count -= 1;
        // Units of a file can run in several lanes and end in any order: the last one writes.
        if *count == 0 {
            self.write_recording(request, !self.plan.is_partial);
        }
    }

    fn write_recording(&self, request: &Request, is_whole: bool) {
        let scheme = request
            .steps
            .first()
            .map(|step| step.scheme.name.as_str())
            .unwrap_or_default();
        let context = self.context;
        context.state.recordings.write(
            &request.name,
            scheme,
            is_whole,
            context.environment.workspace,
            (context.environment.clock)(),
        );
    }

    /// Writes the recordings of files that the run did not finish, and those of fixtures.
    fn write_remaining_recordings(&self) {
        let context = self.context;
        if !context.state.recordings.is_enabled() {
            return;
        }
        for request in &context.environment.workspace.requests {
            self.write_recording(request, false);
        }
        context.state.recordings.end_fixtures();
        for fixture in &context.environment.workspace.fixtures {
            let scheme = fixture.schemes().next().unwrap_or_default();
            let file = RecordingKey::for_fixture(&fixture.name, None).file;
            context.state.recordings.write(
                &file,
                scheme,
                true,
                context.environment.workspace,
                (context.environment.clock)(),
            );
        }
    }
}
