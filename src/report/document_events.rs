//! From a document back to events, so that reporters can show a run that has ended.

use super::document::{
    DifferenceEntry, FailureEntry, FileLocation, LeftoverEntry, NoticeEntry, RunDocument,
    SetUpEntry, SeverityWord, StepEntry, UnitEntry, VerdictWord,
};
use super::duration_text::duration_from_ms;
use super::error::ReportError;
use crate::event::{
    AttemptReport, DifferenceReport, ErrorClass, Event, ExchangeReport, FailureReport, RunNotice,
    SetUpReport, StepReport, TraceReport, UndoFailureReport, UnitLabels, UnitReport, Verdict,
};
use crate::redact::{RedactedText, Redactor};
use crate::span::{SourceMap, SourcePosition, Span};
use std::collections::HashSet;

/// The events of a run that is over, and where their places are.
///
/// # Errors
/// When an error has no class, which the exit code is made from.
pub(crate) fn document_events(
    document: &RunDocument,
) -> Result<(Vec<Event>, SourceMap), ReportError> {
    let mut player = EventBuilder::default();
    let mut events = vec![run_started(document)];
    for set_up in &document.set_ups {
        events.push(Event::SetUp(player.set_up(set_up)?));
    }
    for unit in &document.units {
        events.push(Event::UnitStarted {
            index: unit.index,
            id: unit.id.clone(),
        });
        events.push(Event::UnitFinished(player.unit(unit)?));
    }
    events.extend(
        document
            .not_undone
            .iter()
            .map(|undo| Event::UndoFailed(player.undo_failure(undo))),
    );
    for notice in &document.notices {
        events.push(Event::RunNotice(player.notice(notice)?));
    }
    // A run that was interrupted never said that it had finished.
    if document.interrupted.is_none() {
        events.push(Event::RunFinished(document.run_summary()));
    }
    Ok((events, player.sources))
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
        all_units: document.all_units,
        started_at_ms: document.started.as_millisecond(),
    }
}

#[derive(Default)]
struct EventBuilder {
    sources: SourceMap,
    /// A document holds no secrets, so this redactor knows none.
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

    /// `id` names the unit or fixture in the error.
    fn verdict(
        &mut self,
        word: VerdictWord,
        trouble: Option<ErrorClass>,
        message: Option<&String>,
        id: &str,
    ) -> Result<Verdict, ReportError> {
        let message = message.map(String::as_str).unwrap_or_default();
        Ok(match word {
            VerdictWord::Pass => Verdict::Pass,
            VerdictWord::Fail => Verdict::Fail,
            VerdictWord::Skip => Verdict::Skipped(message.to_owned()),
            VerdictWord::Error => {
                let class =
                    trouble.ok_or_else(|| ReportError::MissingErrorClass { id: id.to_owned() })?;
                Verdict::Error(class, self.display_text(message))
            }
        })
    }

    fn unit(&mut self, unit: &UnitEntry) -> Result<UnitReport, ReportError> {
        Ok(UnitReport {
            index: unit.index,
            id: unit.id.clone(),
            at: self.span(&unit.at),
            labels: UnitLabels {
                account: unit.account.clone(),
                schemes: unit.schemes.clone(),
                tags: unit.tags.clone(),
            },
            verdict: self.verdict(unit.verdict, unit.trouble, unit.message.as_ref(), &unit.id)?,
            flaky: unit.flaky,
            steps: self.steps(&unit.steps, &unit.id)?,
            not_reached: unit.not_reached,
            started_at: duration_from_ms(unit.started_ms),
            duration: duration_from_ms(unit.duration_ms),
        })
    }

    fn steps(&mut self, steps: &[StepEntry], id: &str) -> Result<Vec<StepReport>, ReportError> {
        steps.iter().map(|step| self.step(step, id)).collect()
    }

    fn step(&mut self, step: &StepEntry, id: &str) -> Result<StepReport, ReportError> {
        Ok(StepReport {
            name: step.name.clone(),
            request_line: self.display_text(&step.line),
            endpoint: self.display_text(&step.endpoint),
            at: self.span(&step.at),
            started_at: duration_from_ms(step.started_ms),
            sent_at: step.sent_ms.map(duration_from_ms),
            status: step.status,
            latency: step.latency_ms.map(duration_from_ms),
            requests: step.requests,
            phases: step
                .phases
                .iter()
                .map(|phases| phases.map(duration_from_ms))
                .collect(),
            verdict: self.verdict(step.verdict, step.trouble, step.message.as_ref(), id)?,
            attempts: self.attempts(step),
            failures: self.failures(step),
            notes: self.notes(step),
            exchange: self.exchange(step).map(Box::new),
            trace: self.trace(step),
        })
    }

    fn failures(&mut self, step: &StepEntry) -> Vec<FailureReport> {
        let failures = step.failures.iter();
        failures.map(|failure| self.failure(failure)).collect()
    }

    fn notes(&mut self, step: &StepEntry) -> Vec<RedactedText> {
        let notes = step.notes.iter();
        notes.map(|note| self.display_text(note)).collect()
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

    fn set_up(&mut self, set_up: &SetUpEntry) -> Result<SetUpReport, ReportError> {
        Ok(SetUpReport {
            fixture: set_up.fixture.clone(),
            steps: self.steps(&set_up.steps, &set_up.fixture)?,
        })
    }

    fn notice(&mut self, notice: &NoticeEntry) -> Result<RunNotice, ReportError> {
        let message = self.display_text(&notice.message);
        let built = match (notice.severity, notice.trouble) {
            (SeverityWord::Warning, _) => RunNotice::warning(message),
            (SeverityWord::Error, Some(class)) => RunNotice::error(class, message),
            (SeverityWord::Error, None) => {
                let id = notice.headline();
                return Err(ReportError::MissingErrorClass { id });
            }
        };
        let hints: Vec<_> = notice
            .hints
            .iter()
            .map(|hint| self.display_text(hint))
            .collect();
        let at = notice.at.as_ref().map(|at| self.span(at));
        Ok(built.at(at).hints(hints))
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
            let (events, sources) = document_events(&document).unwrap();
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

    #[test]
    fn an_error_without_a_class_is_not_given_one() {
        let mut document = retried_document(VerdictWord::Error);
        document.units[0].trouble = None;
        let error = document_events(&document).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a[x]@sg` has the verdict `error` without its class (`trouble`)"
        );
    }
}
