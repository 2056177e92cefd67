//! From a document back to events, so that those who listen to a run can hear one that is over.

use super::document::{Difference, Document, Failure, NotUndone, Place, SetUp, Step, Unit, Word, duration};
use crate::event::{
    About, AttemptReport, DifferenceReport, Event, ExchangeReport, FailureReport, SetUpReport, StepReport, TraceReport, Trouble,
    UndoReport, UnitReport, Verdict,
};
use crate::secret::{Redactor, Shown};
use crate::span::{Position, Sources, Span};
use std::collections::HashSet;

/// The events of a run that is over, and where their places are.
#[must_use]
pub fn replay(document: &Document) -> (Vec<Event>, Sources) {
    let mut player = Player::default();
    let mut events = vec![started(document)];
    events.extend(document.set_ups.iter().map(|set_up| Event::SetUp(player.set_up(set_up))));
    for unit in &document.units {
        events.push(Event::UnitStarted { index: unit.index, id: unit.id.clone() });
        events.push(Event::UnitFinished(player.unit(unit)));
    }
    events.extend(document.not_undone.iter().map(|undo| Event::NotUndone(player.not_undone(undo))));
    if document.interrupted.is_none() {
        events.push(Event::RunFinished(document.summary()));
    }
    (events, player.sources)
}

fn started(document: &Document) -> Event {
    Event::RunStarted {
        environment: document.environment.clone(),
        run_id: document.run_id.clone(),
        files: document.units.iter().map(Unit::request).collect::<HashSet<_>>().len(),
        units: document.planned,
        shard: document.shard.clone(),
        at_ms: document.started.as_millisecond(),
    }
}

#[derive(Default)]
struct Player {
    sources: Sources,
    /// What stands in a document has no secrets any more, so this one knows none.
    redactor: Redactor,
}

impl Player {
    fn place(&mut self, place: &Place) -> Span {
        self.sources.note(place.file.as_str(), Position { line: place.line, column: place.column })
    }

    fn show(&mut self, text: &str) -> Shown {
        self.redactor.show(text)
    }

    fn maybe(&mut self, text: &Option<String>) -> Option<Shown> {
        text.as_ref().map(|text| self.show(text))
    }

    fn verdict(&mut self, word: Word, trouble: Option<Trouble>, message: Option<&String>) -> Verdict {
        let message = message.map(String::as_str).unwrap_or_default();
        match word {
            Word::Pass => Verdict::Pass,
            Word::Fail => Verdict::Fail,
            Word::Skip => Verdict::Skipped(message.to_owned()),
            Word::Error => Verdict::Error(trouble.unwrap_or(Trouble::Unable), self.show(message)),
        }
    }

    fn unit(&mut self, unit: &Unit) -> UnitReport {
        UnitReport {
            index: unit.index,
            id: unit.id.clone(),
            at: self.place(&unit.at),
            about: About { account: unit.account.clone(), schemes: unit.schemes.clone(), tags: unit.tags.clone() },
            verdict: self.verdict(unit.verdict, unit.trouble, unit.message.as_ref()),
            flaky: unit.flaky,
            steps: unit.steps.iter().map(|step| self.step(step)).collect(),
            not_reached: unit.not_reached,
            begun: duration(unit.started_ms),
            duration: duration(unit.duration_ms),
        }
    }

    fn step(&mut self, step: &Step) -> StepReport {
        StepReport {
            name: step.name.clone(),
            line: self.show(&step.line),
            endpoint: self.show(&step.endpoint),
            at: self.place(&step.at),
            begun: duration(step.started_ms),
            sent: step.sent_ms.map(duration),
            status: step.status,
            latency: step.latency_ms.map(duration),
            verdict: self.verdict(step.verdict, step.trouble, step.message.as_ref()),
            attempts: self.attempts(step),
            failures: step.failures.iter().map(|failure| self.failure(failure)).collect(),
            notes: step.notes.iter().map(|note| self.show(note)).collect(),
            exchange: self.exchange(step),
            trace: self.trace(step),
        }
    }

    fn attempts(&mut self, step: &Step) -> Vec<AttemptReport> {
        let attempt = |attempt: &super::document::Attempt| AttemptReport {
            status: attempt.status,
            reason: self.show(&attempt.reason),
            latency: attempt.latency_ms.map(duration),
        };
        step.attempts.iter().map(attempt).collect()
    }

    fn exchange(&mut self, step: &Step) -> Option<ExchangeReport> {
        let exchange = step.exchange.as_ref()?;
        Some(ExchangeReport { request: self.show(&exchange.request), response: self.maybe(&exchange.response) })
    }

    fn trace(&mut self, step: &Step) -> Vec<TraceReport> {
        let line = |line: &super::document::TraceLine| TraceReport {
            id: line.id.clone(),
            kind: line.kind.clone(),
            text: self.show(&line.text),
        };
        step.trace.iter().map(line).collect()
    }

    fn failure(&mut self, failure: &Failure) -> FailureReport {
        FailureReport {
            at: self.place(&failure.at),
            subject: self.show(&failure.subject),
            expected: self.show(&failure.expected),
            actual: self.show(&failure.actual),
            why: self.maybe(&failure.why),
            differences: failure.differences.iter().map(|difference| self.difference(difference)).collect(),
        }
    }

    fn difference(&mut self, difference: &Difference) -> DifferenceReport {
        DifferenceReport {
            text: self.show(&difference.text),
            path: self.maybe(&difference.path),
            expected: self.maybe(&difference.expected),
            actual: self.maybe(&difference.actual),
        }
    }

    fn set_up(&mut self, set_up: &SetUp) -> SetUpReport {
        SetUpReport { fixture: set_up.fixture.clone(), steps: set_up.steps.iter().map(|step| self.step(step)).collect() }
    }

    fn not_undone(&mut self, undo: &NotUndone) -> UndoReport {
        UndoReport {
            fixture: undo.fixture.clone(),
            at: self.place(&undo.at),
            reason: self.show(&undo.reason),
            is_kept: undo.is_kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Word;
    use super::super::testing::tried_twice;
    use super::super::{Gatherer, Reporter};
    use super::*;

    #[test]
    fn who_listens_to_a_document_hears_the_same_document() {
        for word in [Word::Pass, Word::Fail] {
            let document = tried_twice(word);
            let (events, sources) = replay(&document);
            let mut gatherer = Gatherer::default();
            events.iter().for_each(|event| gatherer.on(event, &sources).unwrap());
            let again = gatherer.into_document(None);
            assert_eq!(again.units[0].steps, document.units[0].steps);
            assert_eq!((&again.units[0].id, &again.units[0].at), (&document.units[0].id, &document.units[0].at));
        }
    }
}
