//! What a request of Bruno says of its response: `assert`, `vars:post-response`, and scripts.

use super::super::collection::CollectionRequest;
use super::super::script::{ScriptReader, ScriptStage};
use super::blocks::{BruBlock, BruEntry};
use crate::jsonpath::JsonPath;
use crate::request_file::TemplateSource;
use crate::value::{self, Value};

pub(super) fn read_asserts(block: &BruBlock<'_>, request: &mut CollectionRequest) {
    for entry in block.entries() {
        if entry.is_disabled {
            request
                .remarks
                .push(format!("Disabled: assert {}", short(&entry.name)));
            continue;
        }
        match assertion(&entry) {
            Some(assertion) => request.assertions.push(assertion),
            None => request.lose(format!("the assert on `{}`", short(&entry.name))),
        }
    }
}

pub(super) fn read_captures(block: &BruBlock<'_>, request: &mut CollectionRequest) {
    for entry in block
        .entries()
        .into_iter()
        .filter(|entry| !entry.is_disabled)
    {
        match subject(&entry.value).filter(|subject| subject != "status") {
            Some(subject) => request.captures.push((entry.name, subject)),
            None => request.lose(format!(
                "the variable `{}` of the response",
                short(&entry.name)
            )),
        }
    }
}

pub(super) fn read_script(
    block: &BruBlock<'_>,
    stage: ScriptStage,
    request: &mut CollectionRequest,
) {
    let lines: Vec<String> = block.text().lines().map(str::to_owned).collect();
    ScriptReader::new(stage).read(&lines, request);
}

/// `res.status`, `res.body.a[0].b` or `res.headers.x` as ingam says it.
fn subject(text: &str) -> Option<String> {
    let text = text.trim();
    if text == "res.status" || text == "res.getStatus()" {
        return Some("status".to_owned());
    }
    if let Some(name) = text.strip_prefix("res.headers.") {
        return is_plain(name).then(|| format!("header.{}", name.to_ascii_lowercase()));
    }
    let below = text
        .strip_prefix("res.body")
        .or_else(|| text.strip_prefix("res.getBody()"))?;
    let path = format!("${below}");
    JsonPath::parse(&path).ok().map(|_| path)
}

fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// An operator and its operand; without an operator, the value itself.
fn assertion(entry: &BruEntry) -> Option<(String, Value)> {
    let subject = subject(&entry.name)?;
    let (word, operand) = entry.value.split_once(' ').unwrap_or((&entry.value, ""));
    let operand = operand.trim();
    let map = |name: &str, value: Value| Value::Object(vec![(name.into(), value)]);
    let of_kind = |kind: &str| map("type", Value::from(kind));
    let expected = match word {
        "eq" => literal(operand)?,
        "neq" => map("not", literal(operand)?),
        "gt" => map("above", literal(operand)?),
        "gte" => map("at_least", literal(operand)?),
        "lt" => map("below", literal(operand)?),
        "lte" => map("at_most", literal(operand)?),
        "in" => map("one_of", list(operand)?),
        "contains" => map("contains", literal(operand)?),
        "startsWith" => map("starts_with", literal(operand)?),
        "endsWith" => map("ends_with", literal(operand)?),
        "matches" => map("matches", Value::from(operand.trim_matches(['/', '"']))),
        "isDefined" => map("exists", Value::from(true)),
        "isUndefined" => map("exists", Value::from(false)),
        "isNull" => Value::Null,
        "isTruthy" => Value::Bool(true),
        "isNumber" => of_kind("number"),
        "isString" => of_kind("string"),
        "isBoolean" => of_kind("boolean"),
        "isArray" => of_kind("array"),
        "isJson" => of_kind("object"),
        "isEmpty" => map("length", Value::from(0)),
        "length" => map("length", literal(operand)?),
        _ => return None,
    };
    Some((subject, expected))
}

/// A number, `true`, `false` or `null`; any other word is a text, with or without quotes. A variable
/// has no place in the scope of the response.
fn literal(text: &str) -> Option<Value> {
    if text.contains("{{") {
        return None;
    }
    let text = text.trim();
    let plain = |text: &str| Value::from(TemplateSource::literal(text).to_source());
    match value::parse(text.as_bytes()) {
        Ok(Value::String(text)) => Some(plain(&text)),
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => Some(value),
        Ok(_) => None,
        Err(_) => Some(plain(text.trim_matches(['\'', '"']))),
    }
}

fn list(text: &str) -> Option<Value> {
    let inside = text.trim().trim_start_matches('[').trim_end_matches(']');
    let items: Option<Vec<Value>> = inside.split(',').map(literal).collect();
    items.map(Value::List)
}

pub(super) fn short(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_control())
        .take(60)
        .collect()
}
