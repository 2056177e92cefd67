//! The answer for scripts. `docs/how-to/find-out-why-a-signature-is-wrong.md` describes its members.

use super::answer::VerifyAnswer;
use super::meant_request::RequestDifference;
use crate::mistake::{
    ProvenMistake, RequestObservation, SentStep, SignatureDiagnosis, SignatureVerdict,
    TextComparison, TextSource,
};
use crate::redact::Redactor;
use crate::sign::TraceLine;
use crate::value::{ObjectMember, Value};

/// One object. Every text in it has passed the redactor.
pub(super) fn to_json(answer: &VerifyAnswer<'_>, redactor: &mut Redactor) -> String {
    let diagnosis = answer.diagnosis;
    let choice = answer.choice;
    let mut page = JsonPage { redactor };
    let (account, level) = match &diagnosis.verdict {
        SignatureVerdict::Equal { account, level } => (page.text(account), page.text(level)),
        _ => (Value::Null, Value::Null),
    };
    let document = object([
        ("verdict", Value::from(answer.verdict())),
        ("summary", page.text(&answer.summary())),
        ("scheme", Value::from(choice.matched.scheme.name.as_str())),
        ("environment", Value::from(choice.environment.as_str())),
        ("account", account),
        ("level", level),
        ("time", time(answer)),
        ("mistakes", list(answer.mistakes(), |one| page.mistake(one))),
        (
            "observations",
            list(answer.observations(), |one| page.observation(one)),
        ),
        ("trace", page.trace(diagnosis)),
        (
            "texts",
            list(&diagnosis.differences, |one| page.comparison(one)),
        ),
        (
            "not_as_meant",
            list(answer.differences, |one| page.difference(one)),
        ),
        ("notes", page.texts(&choice.imported.notes)),
        ("tried", number(diagnosis.tried)),
        ("left_out", page.texts(&diagnosis.left_out)),
        ("suspects", page.texts(&diagnosis.suspects)),
    ]);
    document.to_pretty_json()
}

fn time(answer: &VerifyAnswer<'_>) -> Value {
    if !matches!(answer.diagnosis.verdict, SignatureVerdict::Equal { .. }) {
        return Value::Null;
    }
    match &answer.refusal {
        None => Value::from("good"),
        Some(refusal) => Value::from(refusal.fault.name()),
    }
}

/// Makes values of texts that may hold a secret.
struct JsonPage<'r> {
    redactor: &'r mut Redactor,
}

impl JsonPage<'_> {
    fn text(&mut self, text: &str) -> Value {
        Value::from(self.redactor.redact_for_display(text).as_str())
    }

    fn optional(&mut self, text: Option<&str>) -> Value {
        text.map_or(Value::Null, |text| self.text(text))
    }

    fn texts(&mut self, texts: &[String]) -> Value {
        list(texts, |one| self.text(one))
    }

    fn mistake(&mut self, mistake: &ProvenMistake) -> Value {
        object([
            ("code", Value::from(mistake.code.name())),
            ("text", self.text(&mistake.text)),
            ("what_to_do", self.text(&mistake.way_out)),
            ("or", list(&mistake.or, |code| Value::from(code.name()))),
        ])
    }

    fn observation(&mut self, observation: &RequestObservation) -> Value {
        object([
            ("code", Value::from(observation.code.name())),
            ("text", self.text(&observation.text)),
            ("what_to_do", self.text(&observation.way_out)),
        ])
    }

    fn trace(&mut self, diagnosis: &SignatureDiagnosis) -> Value {
        let lines = diagnosis.trace.iter().flat_map(|trace| &trace.lines);
        list(lines, |line| {
            let mut sent = diagnosis.sent_steps.iter();
            self.trace_line(line, sent.find(|step| step.id == line.id))
        })
    }

    fn trace_line(&mut self, line: &TraceLine, sent: Option<&SentStep>) -> Value {
        object([
            ("step", Value::from(line.id.as_str())),
            ("kind", Value::from(line.op)),
            ("value", self.text(&line.value)),
            ("sent", self.optional(sent.map(|step| step.sent.as_str()))),
            (
                "place",
                self.optional(sent.map(|step| step.location.as_str())),
            ),
            (
                "equal",
                sent.map_or(Value::Null, |step| Value::Bool(step.is_right)),
            ),
        ])
    }

    fn comparison(&mut self, comparison: &TextComparison) -> Value {
        let difference = comparison.difference.as_ref();
        let source = match comparison.source {
            TextSource::Server => "refusal",
            TextSource::Own => "message",
        };
        object([
            ("source", Value::from(source)),
            ("step", Value::from(comparison.step.as_str())),
            ("equal", Value::Bool(difference.is_none())),
            (
                "offset",
                difference.map_or(Value::Null, |found| number(found.offset)),
            ),
            (
                "expected",
                self.optional(difference.map(|found| found.expected.as_str())),
            ),
            (
                "given",
                self.optional(difference.map(|found| found.given.as_str())),
            ),
            (
                "remark",
                self.optional(difference.and_then(|found| found.remark.as_deref())),
            ),
        ])
    }

    fn difference(&mut self, difference: &RequestDifference) -> Value {
        object([
            ("part", self.text(&difference.part)),
            ("meant", self.optional(difference.meant.as_deref())),
            ("sent", self.optional(difference.sent.as_deref())),
        ])
    }
}

fn list<T>(items: impl IntoIterator<Item = T>, value: impl FnMut(T) -> Value) -> Value {
    Value::List(items.into_iter().map(value).collect())
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.into_iter();
    let members: Vec<ObjectMember> = members.map(|(name, value)| (name.into(), value)).collect();
    Value::Object(members)
}

fn number(count: usize) -> Value {
    Value::from(i64::try_from(count).unwrap_or(i64::MAX))
}
