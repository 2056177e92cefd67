//! Reads the values of a scheme out of a received request where a wrong one may stand: in the places
//! of `read`, or where the scheme itself would have put them. `verify` is strict; this is not.

use super::jwt::claim_of;
use super::verify::{ReceivedParts, ReceivedRequest, is_needed, names_used, readings};
use crate::model::request::TemplateField;
use crate::model::scheme::{
    RequestPart, Scheme, SignOp, SignStep, SigningProcedure, ValueExtractor, ValuePlace,
};
use crate::model::template::{Template, TemplatePart, TemplateTreeKind};
use regex::Regex;

/// A value of a scheme in a received request.
#[derive(Clone)]
pub(crate) struct SentValue {
    /// `ts`, `cred.partner_id`, or the id of a step.
    pub(crate) name: String,
    pub(crate) part: RequestPart,
    pub(crate) field: String,
    pub(crate) text: String,
    /// It does not stand there in the form that the scheme demands.
    pub(crate) is_loose: bool,
    /// The client decides about it.
    pub(crate) is_chosen: bool,
}

pub(super) fn read_sent_values(
    scheme: &Scheme,
    procedure: &SigningProcedure,
    parsed: &ReceivedParts<'_>,
) -> Vec<SentValue> {
    // The loader has compiled every expression, so the names are known.
    let names = names_used(procedure).unwrap_or_default();
    let mut sent: Vec<SentValue> = readings(scheme)
        .filter(|reading| is_needed(reading, &names, procedure))
        .filter_map(|reading| read_value(reading, parsed))
        .collect();
    let placed = procedure.attach.fields().chain(procedure.prepare.fields());
    for (part, field) in placed {
        let Some(text) = parsed.get(part, &placed_name(part, field)) else {
            continue;
        };
        for (name, value, is_loose) in values_in(field, &text) {
            if !sent.iter().any(|known| known.name == name) {
                sent.push(SentValue {
                    name,
                    part,
                    field: placed_name(part, field),
                    text: value,
                    is_loose,
                    is_chosen: false,
                });
            }
        }
    }
    sent
}

/// What a request carries at every place where the scheme reads or puts a value, in any of its
/// procedures, and the values inside of a text that was sent, such as a region in a scope. A name can
/// occur several times.
#[must_use]
pub(crate) fn all_sent_values(scheme: &Scheme, received: &ReceivedRequest) -> Vec<SentValue> {
    let parsed = ReceivedParts::lenient(received);
    let read = readings(scheme).filter_map(|reading| read_value(reading, &parsed));
    let mut sent: Vec<SentValue> = read.collect();
    for procedure in scheme.procedures() {
        sent.extend(read_sent_values(scheme, procedure, &parsed));
        let inside: Vec<SentValue> = procedure
            .sign
            .iter()
            .flat_map(|step| values_in_step(step, &sent))
            .collect();
        sent.extend(inside);
    }
    sent
}

/// The values of the plain names in the text of a step that was sent.
fn values_in_step(step: &SignStep, sent: &[SentValue]) -> Vec<SentValue> {
    let SignOp::Text(template) = &step.operation else {
        return Vec::new();
    };
    let whole = sent.iter().filter(|value| value.name == step.id);
    let values = whole.flat_map(|whole| {
        let inside = whole_match(template, &whole.text).unwrap_or_default();
        inside.into_iter().map(|(name, text, is_loose)| SentValue {
            name,
            text,
            is_loose,
            ..whole.clone()
        })
    });
    values.collect()
}

fn placed_name(part: RequestPart, field: &TemplateField) -> String {
    if part == RequestPart::Header {
        field.name.to_ascii_lowercase().to_string()
    } else {
        field.name.to_string()
    }
}

fn read_value(reading: &ValueExtractor, parsed: &ReceivedParts<'_>) -> Option<SentValue> {
    let mut places = reading.places.iter();
    let (place, text) =
        places.find_map(|place| Some((place, parsed.get(place.part, &place.field)?)))?;
    let text = place_value(place, &text)?;
    Some(SentValue {
        name: reading.name.clone(),
        part: place.part,
        field: place.field.clone(),
        text,
        is_loose: false,
        is_chosen: place.is_chosen,
    })
}

fn place_value(place: &ValuePlace, text: &str) -> Option<String> {
    let value = match &place.pattern {
        None => text.to_owned(),
        Some(pattern) => pattern.captures(text)?.get(1)?.as_str().to_owned(),
    };
    match &place.claim {
        None => Some(value),
        Some(claim) => Some(claim_of(&value, claim)?.to_text()),
    }
}

/// The values of the plain names in a template, found in a text that was made of it.
fn values_in(field: &TemplateField, text: &str) -> Vec<(String, String, bool)> {
    let TemplateTreeKind::Template(template) = &field.value.kind else {
        return Vec::new();
    };
    whole_match(template, text).unwrap_or_else(|| loose_matches(template, text))
}

fn plain_name(part: &TemplatePart) -> Option<String> {
    match part {
        TemplatePart::Literal(_) => None,
        TemplatePart::Expression(expression) => {
            expression.lookup.as_deref().map(|names| names.join("."))
        }
    }
}

fn whole_match(template: &Template, text: &str) -> Option<Vec<(String, String, bool)>> {
    let mut pattern = "(?s)^".to_owned();
    for part in &template.parts {
        match part {
            TemplatePart::Literal(literal) => {
                // Writers differ in the blank after a comma.
                pattern.push_str(&regex::escape(literal).replace(", ", r",\s*"));
            }
            TemplatePart::Expression(_) => pattern.push_str("(.*?)"),
        }
    }
    pattern.push('$');
    let found = Regex::new(&pattern).ok()?;
    let found = found.captures(text)?;
    let expressions = template
        .parts
        .iter()
        .filter(|part| matches!(part, TemplatePart::Expression(_)));
    let values = expressions
        .zip(found.iter().skip(1))
        .filter_map(|(part, group)| Some((plain_name(part)?, group?.as_str().to_owned(), false)));
    Some(values.collect())
}

/// By what stands before each value: `signature=`.
fn loose_matches(template: &Template, text: &str) -> Vec<(String, String, bool)> {
    let mut values = Vec::new();
    for pair in template.parts.windows(2) {
        let [TemplatePart::Literal(before), value] = pair else {
            continue;
        };
        let label = before
            .rsplit([' ', ',', ';', '&'])
            .next()
            .unwrap_or_default();
        let Some(name) = plain_name(value).filter(|_| label.len() > 2) else {
            continue;
        };
        let lower = text.to_ascii_lowercase();
        let Some(at) = lower.find(&label.to_ascii_lowercase()) else {
            continue;
        };
        let rest = &text[at + label.len()..];
        let end = rest.find([',', '"', ';', ' ']).unwrap_or(rest.len());
        values.push((name, rest[..end].to_owned(), true));
    }
    // A text that is nothing but the value of the last name, such as a token without its word.
    if let (true, Some(name)) = (
        values.is_empty() && template.parts.len() <= 2 && !text.contains(' '),
        template.parts.last().and_then(plain_name),
    ) {
        values.push((name, text.to_owned(), true));
    }
    values
}
