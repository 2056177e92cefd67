//! From a document back to events, so that those who listen to a run can hear one that is over.

use super::document::{
    DifferenceEntry, FailureEntry, FileLocation, LeftoverEntry, RunDocument, SetUpEntry, StepEntry,
    UnitEntry, VerdictWord,
};
use super::duration_text::duration_from_ms;
use crate::event::{
    AttemptReport, DifferenceReport, ErrorClass, Event, ExchangeReport, FailureReport, SetUpReport,
    StepReport, TraceReport, UndoFailureReport, UnitLabels, UnitReport, Verdict,
};
use crate::secret::{RedactedText, Redactor};
use crate::span::{SourceMap, SourcePosition, Span};
use std::collections::HashSet;

/// The events of a run that is over, and where their places are.
#[must_use]
pub(crate) fn document_events(document: &RunDocument) -> (Vec<Event>, SourceMap) {
    let mut player = EventBuilder::default();
    let mut events = vec![run_started(document)];
    events.extend(
        document
            .set_ups
            .iter()
            .map(|set_up| Event::SetUp(player.set_up(set_up))),
    );
    for unit in &document.units {
        events.push(Event::UnitStarted {
            index: unit.index,
            id: unit.id.clone(),
        });
        events.push(Event::UnitFinished(player.unit(unit)));
    }
    events.extend(
        document
            .not_undone
            .iter()
            .map(|undo| Event::UndoFailed(player.undo_failure(undo))),
    );
    if document.interrupted.is_none() {
        events.push(Event::RunFinished(document.run_summary()));
    }
    (events, player.sources)
}

fn run_started(document: &RunDocument) -> Event {
    Event::RunStarted {
        environment: document.environment.clone(),
        run_id: document.run_id.clone(),
        files: document
            .units
            .iter()
            .map(UnitEntry::request_name)
            .collect::<HashSet<_>>()
            .len(),
        units: document.planned,
        shard: document.shard.clone(),
        started_at_ms: document.started.as_millisecond(),
    }
}

#[derive(Default)]
struct EventBuilder {
    sources: SourceMap,
    /// What stands in a document has no secrets any more, so this one knows none.
    redactor: Redactor,
}

impl EventBuilder {
    fn span(&mut self, place: &FileLocation) -> Span {
        self.sources.add_external(
            place.file.as_str(),
            SourcePosition {
                line: place.line,
                column: place.column,
            },
        )
    }

    fn display_text(&mut self, text: &str) -> RedactedText {
        self.redactor.redact_for_display(text)
    }

    fn optional_text(&mut self, text: Option<&str>) -> Option<RedactedText> {
        text.map(|text| self.display_text(text))
    }

    fn verdict(
        &mut self,
        word: VerdictWord,
        trouble: Option<ErrorClass>,
        message: Option<&String>,
    ) -> Verdict {
        let message = message.map(String::as_str).unwrap_or_default();
        match word {
            VerdictWord::Pass => Verdict::Pass,
            VerdictWord::Fail => Verdict::Fail,
            VerdictWord::Skip => Verdict::Skipped(message.to_owned()),
            VerdictWord::Error => Verdict::Error(
                trouble.unwrap_or(ErrorClass::Unable),
                self.display_text(message),
            ),
        }
    }

    fn unit(&mut self, unit: &UnitEntry) -> UnitReport {
        UnitReport {
            index: unit.index,
            id: unit.id.clone(),
            at: self.span(&unit.at),
            labels: UnitLabels {
                account: unit.account.clone(),
                schemes: unit.schemes.clone(),
                tags: unit.tags.clone(),
            },
            verdict: self.verdict(unit.verdict, unit.trouble, unit.message.as_ref()),
            flaky: unit.flaky,
            steps: unit.steps.iter().map(|step| self.step(step)).collect(),
            not_reached: unit.not_reached,
            started_at: duration_from_ms(unit.started_ms),
            duration: duration_from_ms(unit.duration_ms),
        }
    }

    fn step(&mut self, step: &StepEntry) -> StepReport {
        StepReport {
            name: step.name.clone(),
            request_line: self.display_text(&step.line),
            endpoint: self.display_text(&step.endpoint),
            at: self.span(&step.at),
            started_at: duration_from_ms(step.started_ms),
            sent_at: step.sent_ms.map(duration_from_ms),
            status: step.status,
            latency: step.latency_ms.map(duration_from_ms),
            verdict: self.verdict(step.verdict, step.trouble, step.message.as_ref()),
            attempts: self.attempts(step),
            failures: step
                .failures
                .iter()
                .map(|failure| self.failure(failure))
                .collect(),
            notes: step
                .notes
                .iter()
                .map(|note| self.display_text(note))
                .collect(),
            exchange: self.exchange(step),
            trace: self.trace(step),
        }
    }

    fn attempts(&mut self, step: &StepEntry) -> Vec<AttemptReport> {
        let attempt = |attempt: &super::document::AttemptEntry| AttemptReport {
            status: attempt.status,
            reason: self.display_text(&attempt.reason),
            latency: attempt.latency_ms.map(duration_from_ms),
        };
        step.attempts.iter().map(attempt).collect()
    }

    fn exchange(&mut self, step: &StepEntry) -> Option<ExchangeReport> {
        let exchange = step.exchange.as_ref()?;
        Some(ExchangeReport {
            request: self.display_text(&exchange.request),
            response: self.optional_text(exchange.response.as_deref()),
        })
    }

    fn trace(&mut self, step: &StepEntry) -> Vec<TraceReport> {
        let line = |line: &super::document::TraceEntry| TraceReport {
            id: line.id.clone(),
            kind: line.kind.clone(),
            text: self.display_text(&line.text),
        };
        step.trace.iter().map(line).collect()
    }

    fn failure(&mut self, failure: &FailureEntry) -> FailureReport {
        FailureReport {
            at: self.span(&failure.at),
            subject: self.display_text(&failure.subject),
            expected: self.display_text(&failure.expected),
            actual: self.display_text(&failure.actual),
            hint: self.optional_text(failure.why.as_deref()),
            differences: failure
                .differences
                .iter()
                .map(|difference| self.difference(difference))
                .collect(),
        }
    }

    fn difference(&mut self, difference: &DifferenceEntry) -> DifferenceReport {
        DifferenceReport {
            text: self.display_text(&difference.text),
            path: self.optional_text(difference.path.as_deref()),
            expected: self.optional_text(difference.expected.as_deref()),
            actual: self.optional_text(difference.actual.as_deref()),
        }
    }

    fn set_up(&mut self, set_up: &SetUpEntry) -> SetUpReport {
        SetUpReport {
            fixture: set_up.fixture.clone(),
            steps: set_up.steps.iter().map(|step| self.step(step)).collect(),
        }
    }

    fn undo_failure(&mut self, undo: &LeftoverEntry) -> UndoFailureReport {
        UndoFailureReport {
            fixture: undo.fixture.clone(),
            at: self.span(&undo.at),
            reason: self.display_text(&undo.reason),
            is_in_ledger: undo.is_kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::VerdictWord;
    use super::super::test_documents::retried_document;
    use super::super::{DocumentReporter, Reporter};
    use super::*;

    #[test]
    fn who_listens_to_a_document_hears_the_same_document() {
        for word in [VerdictWord::Pass, VerdictWord::Fail] {
            let document = retried_document(word);
            let (events, sources) = document_events(&document);
            let mut gatherer = DocumentReporter::default();
            events
                .iter()
                .for_each(|event| gatherer.on_event(event, &sources).unwrap());
            let again = gatherer.into_document(None);
            assert_eq!(again.units[0].steps, document.units[0].steps);
            assert_eq!(
                (&again.units[0].id, &again.units[0].at),
                (&document.units[0].id, &document.units[0].at)
            );
        }
    }
}
