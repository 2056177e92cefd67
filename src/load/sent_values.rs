//! Values of a request that would not arrive as they are written: those that the scheme sets
//! itself, and those that are percent-encoded already and would be encoded once more.

use crate::diagnostic::{Diagnostic, Diagnostics, Hint, Repair};
use crate::model::request::{RequestBody, Step, TemplateField};
use crate::model::scheme::{Level, RequestPart, Scheme};
use crate::model::template::{Template, TemplatePart, TemplateTree, TemplateTreeKind};
use crate::span::Span;
use crate::value::Value;
use crate::wire::{encode_form, encode_strict};
use percent_encoding::percent_decode_str;

/// Faults of the values of one step.
pub(super) fn check_sent_values(scheme: &Scheme, step: &Step, diagnostics: &mut Diagnostics) {
    check_overridden(scheme, step, diagnostics);
    for field in &step.query {
        warn_of_encoded(field, &|text| encode_strict(text).into_owned(), diagnostics);
    }
    if let RequestBody::Form(fields) = &step.body {
        for field in fields {
            warn_of_encoded(field, &|text| encode_form(text), diagnostics);
        }
    }
}

/// A JSON member that the scheme sets replaces that of the request; a parameter or a form field
/// would be sent twice. Headers are compared beside the references of a step.
fn check_overridden(scheme: &Scheme, step: &Step, diagnostics: &mut Diagnostics) {
    let Some(level) = level_of(scheme, step) else {
        return;
    };
    let form = match &step.body {
        RequestBody::Form(fields) => fields.as_slice(),
        _ => &[],
    };
    let parts = [
        (RequestPart::Query, "query parameter", step.query.as_slice()),
        (RequestPart::Form, "form field", form),
    ];
    for (part, what, fields) in parts {
        for field in fields {
            if sets(level, part, &field.name) {
                diagnostics.push(overridden(scheme, what, &field.name, field.name_at));
            }
        }
    }
    for (name, at) in json_members(&step.body) {
        if sets(level, RequestPart::Json, name) {
            diagnostics.push(overridden(scheme, "JSON member", name, at));
        }
    }
}

fn overridden(scheme: &Scheme, what: &str, name: &str, at: Span) -> Diagnostic {
    let title = format!(
        "the scheme `{}` sets the {what} `{name}` itself",
        scheme.name
    );
    Diagnostic::error(title)
        .at(at, "this value cannot be sent in addition")
        .hint(Hint::remove_or(format!(
            "remove `{name}`; to send your own value, use another level or `scheme: none`"
        )))
}

fn sets(level: &Level, part: RequestPart, name: &str) -> bool {
    let procedure = &level.procedure;
    procedure
        .prepare
        .fields()
        .chain(procedure.attach.fields())
        .any(|(own, field)| own == part && &*field.name == name)
}

/// The level that the step is signed at; `None` if there is none of that name. A template's value never adds a segment to a path, so any
/// value chooses the same level.
fn level_of<'s>(scheme: &'s Scheme, step: &Step) -> Option<&'s Level> {
    if let Some(named) = &step.level {
        return scheme.level(&named.name);
    }
    let path = sample_path(&step.path);
    let path = path.split('?').next().unwrap_or(&path);
    let mut rules = scheme.level_rules.iter();
    let level = rules.find_map(|rule| {
        rule.level
            .filter(|_| rule.matcher.matches(step.method, path))
    });
    scheme.levels.get(level.unwrap_or(scheme.default_level))
}

/// A path with a letter for each template.
pub(super) fn sample_path(path: &Template) -> String {
    let text = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.clone(),
        TemplatePart::Expression(_) => "x".to_owned(),
    };
    path.parts.iter().map(text).collect()
}

/// The names of the top level of a JSON body. A constant object has one place for all.
fn json_members(body: &RequestBody) -> Vec<(&str, Span)> {
    let RequestBody::Json(tree) = body else {
        return Vec::new();
    };
    match &tree.kind {
        TemplateTreeKind::Object(members) => members
            .iter()
            .map(|(name, value)| (&**name, value.at))
            .collect(),
        TemplateTreeKind::Constant(Value::Object(members)) => {
            members.iter().map(|(name, _)| (&**name, tree.at)).collect()
        }
        _ => Vec::new(),
    }
}

fn warn_of_encoded(
    field: &TemplateField,
    encode: &dyn Fn(&str) -> String,
    diagnostics: &mut Diagnostics,
) {
    let Some((text, decoded)) = encoded_text(&field.value) else {
        return;
    };
    let name = &field.name;
    let warning = Diagnostic::warning(format!("`{name}` is already percent-encoded"))
        .at(field.value.at, format!("sent as `{}`", encode(text)))
        .hint(Hint::with(
            format!("ingam encodes every value: write `{decoded}`"),
            Repair::Rewrite {
                title: "Write the value without its encoding",
                text: decoded.clone(),
            },
        ))
        .hint(format!(
            "if the marketplace expects the percent signs, write \"{{{{ '{text}' }}}}\""
        ));
    diagnostics.push(warning);
}

/// A literal text in which every percent sign begins an encoded byte, and the text that it encodes.
fn encoded_text(value: &TemplateTree) -> Option<(&str, String)> {
    match &value.kind {
        TemplateTreeKind::Constant(Value::String(text)) => {
            let decoded = decoded(text)?;
            Some((text, decoded))
        }
        TemplateTreeKind::Constant(Value::List(items)) => items.iter().find_map(|item| {
            let text = item.as_str()?;
            Some((text, decoded(text)?))
        }),
        TemplateTreeKind::List(items) => items.iter().find_map(encoded_text),
        _ => None,
    }
}

fn decoded(text: &str) -> Option<String> {
    let is_byte = |rest: &str| {
        rest.get(..2)
            .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    let mut pieces = text.split('%').skip(1).peekable();
    pieces.peek()?;
    if !pieces.all(is_byte) {
        return None;
    }
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    // Bytes that nobody can read are no text that was encoded.
    (!decoded.contains(char::is_control)).then(|| decoded.into_owned())
}
