//! A step that is sent once for each value of a list, one round after the other. The first round
//! that fails ends the step. Captures become lists with the values of all rounds.

use super::condition;
use super::exchange::ExchangeLog;
use super::round;
use super::step_error::StepError;
use super::step_execution::{Judgement, StepExecution, StepOutcome, captures_list};
use super::text::kind_text;
use crate::diagnostic::pluralize;
use crate::event::FailureReport;
use crate::model::capture::Capture;
use crate::model::repeat::{ForEach, MAX_ROUNDS};
use crate::render::{
    RenderError, VariableLayer, VariableOrigin, VariableScope, check_variable_bytes,
};
use crate::value::Value;

/// The most notes of passed rounds that a report shows.
const MAX_NOTES: usize = 20;
/// So much of the value of a round is shown, in characters.
const MAX_SHOWN_VALUE: usize = 200;

pub(super) async fn run(
    execution: &StepExecution<'_>,
    each: &ForEach,
    variables: &mut VariableScope,
) -> StepOutcome {
    let before = variables.clone();
    let mut log = ExchangeLog::default();
    let result = run_rounds(execution, each, (variables, &before), &mut log).await;
    // Only the step itself sees the value of a round.
    variables.restore(&each.item, &before);
    execution.outcome(result, log)
}

async fn run_rounds(
    execution: &StepExecution<'_>,
    each: &ForEach,
    (variables, before): (&mut VariableScope, &VariableScope),
    log: &mut ExchangeLog,
) -> Result<Judgement, StepError> {
    let context = execution.context;
    let values = round_values(each, variables)?;
    let mut captures = RoundCaptures::of(&execution.step.captures);
    let (mut notes, count) = (Vec::new(), values.len());
    if count == 0 {
        captures.finish(variables);
        return Ok(no_round(execution, each));
    }
    execution.rounds.set(u32::try_from(count).ok());
    for (index, (value, marked)) in values.into_iter().enumerate() {
        if context.environment.stop.is_requested() {
            return Err(StepError::Interrupted);
        }
        let this = Round {
            number: index + 1,
            count,
            each,
            value,
        };
        if index > 0 {
            // Each round is a call of its own: `uuid()` gives it another value, and the time of a
            // signature is not that of the first round.
            variables.set_fresh_values(context.fresh_values());
            captures.forget(variables, before);
        }
        this.set_item(marked, variables)?;
        let outcome = round::run(execution, variables).await;
        if outcome.result.is_err() {
            // The response of the round before is not that of the round that failed.
            (log.signed, log.response) = (None, None);
        }
        log.append(outcome.log);
        match outcome.result {
            Ok(judgement) if judgement.failures.is_empty() => {
                add_notes(&mut notes, judgement.notes);
                captures.add(variables)?;
            }
            Ok(judgement) => return Ok(this.failed(judgement, execution)),
            Err(error) => {
                log.warnings.push(this.describe(execution));
                return Err(error);
            }
        }
    }
    captures.finish(variables);
    Ok(Judgement {
        notes,
        ..Judgement::default()
    })
}

/// A value, and the same with placeholders where it is another one in each run.
type RoundValue = (Value, Option<Value>);

/// # Errors
/// When `in` gives no list, or one that is too long.
fn round_values(each: &ForEach, variables: &VariableScope) -> Result<Vec<RoundValue>, RenderError> {
    let (value, marked) = variables.render_with_placeholders(&each.list)?;
    let at = each.list.at;
    let Value::List(values) = value else {
        let reason = format!("`in` must be a list, but it is {}", kind_text(&value));
        return Err(RenderError::new(at, reason).hint(
            "for a round with this one value, put the template in a list: `in: [\"{{ … }}\"]`",
        ));
    };
    if values.len() > MAX_ROUNDS {
        let reason = format!(
            "`for_each` has at most {MAX_ROUNDS} rounds, but the list has {} items",
            pluralize(values.len(), "value")
        );
        return Err(
            RenderError::new(at, reason).hint("send several values in each round: `| batch(100)`")
        );
    }
    let mut marks = match marked {
        // A computation on fresh values has one placeholder for all of them.
        Some(Value::List(marks)) if marks.len() == values.len() => Marks::OfEach(marks.into_iter()),
        Some(mark) => Marks::OfAll(mark),
        None => Marks::None,
    };
    Ok(values
        .into_iter()
        .map(|value| {
            // A value that is the same in each run has no mark of its own.
            let mark = marks.next().filter(|mark| *mark != value);
            (value, mark)
        })
        .collect())
}

/// Sets the value of the first round, for an explanation. `None` if the list is empty.
///
/// # Errors
/// When `in` gives no list, or one that is too long.
pub(super) fn set_first_item(
    each: &ForEach,
    variables: &mut VariableScope,
) -> Result<Option<usize>, RenderError> {
    let values = round_values(each, variables)?;
    let count = values.len();
    let Some((value, marked)) = values.into_iter().next() else {
        return Ok(None);
    };
    let round = Round {
        number: 1,
        count,
        each,
        value,
    };
    round.set_item(marked, variables)?;
    Ok(Some(count))
}

enum Marks {
    None,
    OfAll(Value),
    OfEach(std::vec::IntoIter<Value>),
}

impl Marks {
    fn next(&mut self) -> Option<Value> {
        match self {
            Self::None => None,
            Self::OfAll(mark) => Some(mark.clone()),
            Self::OfEach(marks) => marks.next(),
        }
    }
}

/// The list is empty: a failure, unless the file says that this can be.
fn no_round(execution: &StepExecution<'_>, each: &ForEach) -> Judgement {
    if each.allows_empty {
        let reason = "`in` of `for_each` is an empty list".to_owned();
        let redactor = &mut execution.output_redactor();
        return condition::skipped(reason, each.at, execution.context, redactor);
    }
    let mut redactor = execution.output_redactor();
    Judgement {
        failures: vec![FailureReport {
            at: each.at,
            subject: redactor.redact_for_display("for_each"),
            expected: redactor.redact_for_display("at least one value"),
            actual: redactor.redact_for_display("an empty list, so no request was sent"),
            hint: Some(redactor.redact_for_display(
                "if the list can be empty, write `allow_empty: true` under `for_each`",
            )),
            differences: Vec::new(),
        }],
        ..Judgement::default()
    }
}

/// Rounds are alike, and so is what is noted of them.
fn add_notes(notes: &mut Vec<String>, of_round: Vec<String>) {
    for note in of_round {
        if notes.len() < MAX_NOTES && !notes.contains(&note) {
            notes.push(note);
        }
    }
}

/// One value of the list.
struct Round<'e> {
    /// From 1.
    number: usize,
    count: usize,
    each: &'e ForEach,
    value: Value,
}

impl Round<'_> {
    fn set_item(
        &self,
        marked: Option<Value>,
        variables: &mut VariableScope,
    ) -> Result<(), RenderError> {
        let origin = VariableOrigin {
            layer: VariableLayer::Round,
            at: Some(self.each.item_at),
        };
        let (name, value) = (self.each.item.as_str(), self.value.clone());
        variables.set_with_placeholders(name, value, marked, origin);
        variables.check_size(self.each.list.at)
    }

    /// The number and the value of the round. The value can hold secrets and personal data.
    fn describe(&self, execution: &StepExecution<'_>) -> String {
        let personal = &execution.context.state.recordings.personal;
        let key = &execution.owner.recording_key;
        let value = personal.redacted_operand(key, &self.value).to_json();
        // Cut only after it is redacted: half of a secret is not found.
        let mut value = execution.output_redactor().redact(&value);
        if let Some((end, _)) = value.char_indices().nth(MAX_SHOWN_VALUE) {
            value.truncate(end);
            value.push('…');
        }
        let Self { number, count, .. } = self;
        format!(
            "round {number} of {count} of `for_each`, with `{}`: {value}",
            self.each.item
        )
    }

    /// Names the round in what did not hold in it.
    fn failed(&self, mut judgement: Judgement, execution: &StepExecution<'_>) -> Judgement {
        for failure in &mut judgement.failures {
            let text = format!("{} (round {})", failure.subject, self.number);
            failure.subject = execution.output_redactor().redact_for_display(&text);
        }
        judgement.notes.insert(0, self.describe(execution));
        judgement
    }
}

/// Captures, with the values of all rounds.
struct RoundCaptures<'c> {
    captures: Vec<(&'c Capture, Vec<Value>)>,
    /// The memory that they take.
    bytes: usize,
}

impl<'c> RoundCaptures<'c> {
    fn of(captures: &'c [Capture]) -> Self {
        Self {
            captures: captures
                .iter()
                .map(|capture| (capture, Vec::new()))
                .collect(),
            bytes: 0,
        }
    }

    /// A round sees none of the captures of the round before.
    fn forget(&self, variables: &mut VariableScope, before: &VariableScope) {
        for (capture, _) in &self.captures {
            variables.restore(&capture.name, before);
        }
    }

    /// # Errors
    /// When the values of all rounds take more memory than variables may.
    fn add(&mut self, variables: &VariableScope) -> Result<(), RenderError> {
        for (capture, all) in &mut self.captures {
            let Some(value) = variables.get(&capture.name) else {
                continue;
            };
            self.bytes += value.estimated_bytes();
            check_variable_bytes(self.bytes, capture.at)?;
            match value {
                Value::List(items) if captures_list(capture) => all.extend_from_slice(items),
                value => all.push(value.clone()),
            }
        }
        Ok(())
    }

    fn finish(self, variables: &mut VariableScope) {
        for (capture, all) in self.captures {
            let origin = VariableOrigin {
                layer: VariableLayer::Capture,
                at: Some(capture.name_at),
            };
            variables.set(capture.name.as_str(), Value::List(all), origin);
        }
    }
}
