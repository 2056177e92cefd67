//! What is told of a refused signature.

use crate::value::Value;

/// What was expected in the place of a signature, and why another one came.
#[derive(Clone, Debug, Default)]
pub(crate) struct SignatureReport {
    /// The codes of the mistakes that explain it: proven ones, and those that the request shows.
    pub(super) mistakes: Vec<String>,
    /// The steps of the expected signature, in order: id, operation, result.
    pub(super) steps: Vec<(String, &'static str, String)>,
    /// What was found, in sentences.
    pub(super) findings: Vec<String>,
}

impl SignatureReport {
    /// About how much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let steps = self
            .steps
            .iter()
            .map(|(id, _, value)| id.len() + value.len() + 64);
        let findings = self.findings.iter().map(|text| text.len() + 24);
        size_of::<Self>() + steps.sum::<usize>() + findings.sum::<usize>()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.findings.clone();
        if self.steps.is_empty() {
            return lines;
        }
        lines.push("expected:".to_owned());
        let width = self
            .steps
            .iter()
            .map(|(id, _, _)| id.len())
            .max()
            .unwrap_or(0);
        let steps = self.steps.iter();
        lines.extend(
            steps.map(|(id, operation, value)| format!("  {id:<width$}  {operation}  {value}")),
        );
        lines
    }

    pub(super) fn to_value(&self) -> Value {
        let texts = |texts: &[String]| {
            texts
                .iter()
                .map(|text| Value::from(text.as_str()))
                .collect()
        };
        let step = |(id, operation, value): &(String, &'static str, String)| {
            Value::Object(vec![
                ("id".into(), id.as_str().into()),
                ("operation".into(), (*operation).into()),
                ("value".into(), value.as_str().into()),
            ])
        };
        Value::Object(vec![
            ("state".into(), "done".into()),
            ("mistakes".into(), Value::List(texts(&self.mistakes))),
            ("findings".into(), Value::List(texts(&self.findings))),
            (
                "expected".into(),
                Value::List(self.steps.iter().map(step).collect()),
            ),
        ])
    }
}
