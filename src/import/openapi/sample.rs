//! A value for a schema: its own example or default, else one of its type. Schemas refer to
//! themselves, so a schema that is being sampled already is left out.

use super::references::References;
use crate::value::{Number, ObjectMember, Value};

/// Below this depth only what is required is sampled.
const WIDE_DEPTH: usize = 3;
const MAX_DEPTH: usize = 10;
/// So many values one sample has.
const MAX_VALUES: usize = 400;

pub(super) struct Sampler<'r, 'v> {
    references: &'r References<'v>,
    open: Vec<*const Value>,
    left: usize,
}

impl<'r, 'v> Sampler<'r, 'v> {
    pub(super) fn new(references: &'r References<'v>) -> Self {
        Self {
            references,
            open: Vec::new(),
            left: MAX_VALUES,
        }
    }

    /// `None` where no value can be made: a circle, or what is not in this file.
    pub(super) fn sample(&mut self, schema: &'v Value) -> Option<Value> {
        let schema = self.references.resolve(schema)?;
        if self.left == 0
            || self.open.len() >= MAX_DEPTH
            || self.open.contains(&std::ptr::from_ref(schema))
        {
            return None;
        }
        self.left -= 1;
        if let Some(given) = given_value(schema) {
            self.left = self.left.saturating_sub(given.to_json().len() / 40);
            return Some(given);
        }
        self.open.push(schema);
        let value = self.composed(schema).or_else(|| self.of_type(schema));
        self.open.pop();
        value
    }

    /// `allOf` is all of its parts, `oneOf` and `anyOf` the first that has a value.
    fn composed(&mut self, schema: &'v Value) -> Option<Value> {
        let list = |name: &str| {
            schema
                .get(name)
                .and_then(Value::as_list)
                .filter(|list| !list.is_empty())
        };
        let mut value = None;
        if let Some(parts) = list("allOf") {
            for part in parts {
                value = merged(value, self.sample(part));
            }
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(variants) = list(key) {
                let is_null =
                    |variant: &&Value| variant.get("type").and_then(Value::as_str) == Some("null");
                let mut variants = variants.iter().filter(|variant| !is_null(variant));
                value = merged(value, variants.find_map(|variant| self.sample(variant)));
            }
        }
        let value = value?;
        if schema.get("properties").is_some() {
            return merged(Some(value), Some(self.object(schema)));
        }
        Some(value)
    }

    fn of_type(&mut self, schema: &'v Value) -> Option<Value> {
        let kind = match schema.get("type") {
            Some(Value::List(kinds)) => kinds
                .iter()
                .filter_map(Value::as_str)
                .find(|kind| *kind != "null"),
            Some(kind) => kind.as_str(),
            None => None,
        };
        let implied = || {
            if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() {
                "object"
            } else if schema.get("items").is_some() {
                "array"
            } else {
                ""
            }
        };
        match kind.unwrap_or_else(implied) {
            "object" => Some(self.object(schema)),
            "array" => {
                let item = schema.get("items").and_then(|items| self.sample(items));
                Some(Value::List(item.into_iter().collect()))
            }
            "string" => Some(Value::from(text_sample(schema))),
            "integer" | "number" => Some(number_sample(schema)),
            "boolean" => Some(Value::from(true)),
            "null" => Some(Value::Null),
            _ => None,
        }
    }

    fn object(&mut self, schema: &'v Value) -> Value {
        let required = schema
            .get("required")
            .and_then(Value::as_list)
            .unwrap_or_default();
        let is_required = |name: &str| required.iter().any(|one| one.as_str() == Some(name));
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or_default();
        let is_wide = self.open.len() <= WIDE_DEPTH;
        let mut members: Vec<ObjectMember> = Vec::new();
        for (name, property) in properties {
            if !is_wide && !is_required(name) {
                continue;
            }
            let Some(resolved) = self.references.resolve(property) else {
                continue;
            };
            let is_read_only = [property, resolved]
                .iter()
                .any(|one| one.get("readOnly").and_then(Value::as_bool) == Some(true));
            if is_read_only {
                continue;
            }
            if let Some(value) = self.sample(property) {
                members.push((name.clone(), value));
            }
        }
        Value::Object(members)
    }
}

/// The value that a schema or a parameter names itself.
pub(super) fn given_value(schema: &Value) -> Option<Value> {
    for key in ["example", "x-example", "default", "const"] {
        if let Some(value) = schema.get(key).filter(|value| !value.is_null()) {
            return Some(value.clone());
        }
    }
    let first = |key: &str| schema.get(key).and_then(Value::as_list)?.first();
    first("examples")
        .or_else(|| first("enum"))
        .filter(|value| !value.is_null())
        .cloned()
}

fn merged(left: Option<Value>, right: Option<Value>) -> Option<Value> {
    match (left, right) {
        (Some(Value::Object(mut left)), Some(Value::Object(right))) => {
            for (name, value) in right {
                match left.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = value,
                    None => left.push((name, value)),
                }
            }
            Some(Value::Object(left))
        }
        (left, None) => left,
        (_, right) => right,
    }
}

fn text_sample(schema: &Value) -> &'static str {
    match schema
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default()
    {
        "date-time" => "2026-01-01T00:00:00Z",
        "date" => "2026-01-01",
        "time" => "00:00:00Z",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "email" => "name@example.com",
        "uri" | "url" => "https://example.com",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "byte" => "c3RyaW5n",
        _ => "string",
    }
}

fn number_sample(schema: &Value) -> Value {
    let least = schema.get("minimum").and_then(Value::as_number);
    least.map_or_else(
        || Number::parse("0").map_or(Value::Null, Value::Number),
        |number| Value::Number(number.clone()),
    )
}
