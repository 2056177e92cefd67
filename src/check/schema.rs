//! JSON Schema. The validator works on `serde_json` values, so of a number past 64 bits or with
//! more digits than a double holds the schema sees the nearest double; it refuses to hide that
//! anywhere else.

use super::difference::{DifferenceCollector, DifferenceKind};
use crate::jsonpath::NodePath;
use crate::model::assertion::JsonSchema;
use crate::value::{Number, Value};
use jsonschema::paths::LocationSegment;
use serde_json::Value as Json;

pub(super) fn is_valid(schema: &JsonSchema, value: &Value) -> bool {
    schema.validator.is_valid(&to_serde_value(value))
}

/// Every rule that `value` breaks, with the place inside it.
pub(super) fn collect_violations(
    differ: &mut DifferenceCollector<'_>,
    schema: &JsonSchema,
    trail: &NodePath<'_>,
    value: &Value,
) {
    for error in schema.validator.iter_errors(&to_serde_value(value)) {
        let segments: Vec<_> = error.instance_path().iter().collect();
        add_violation(
            differ,
            InstanceLocation { trail, value },
            &segments,
            // The validator's own text quotes the value, which can hold a secret. With a
            // placeholder in it, the value is shown by the formatter only, which redacts.
            &error.masked_with("the value").to_string(),
        );
    }
}

#[derive(Clone, Copy)]
struct InstanceLocation<'p> {
    trail: &'p NodePath<'p>,
    value: &'p Value,
}

/// Goes down to the place of an error, so that its path is written as ours are and its value shown
/// as it came.
fn add_violation(
    differ: &mut DifferenceCollector<'_>,
    at: InstanceLocation<'_>,
    segments: &[LocationSegment<'_>],
    rule: &str,
) {
    let below = segments
        .split_first()
        .and_then(|(first, rest)| Some((child_location(&at, first)?, rest)));
    let Some(((trail, value), rest)) = below else {
        return differ.add(at.trail, |show| DifferenceKind::SchemaViolation {
            rule: show.text(rule),
            actual: show.with_type(at.value),
        });
    };
    let trail = &trail;
    add_violation(differ, InstanceLocation { trail, value }, rest, rule);
}

/// `None` where the value has no such child; then the value itself is shown, under its own path.
fn child_location<'p>(
    at: &InstanceLocation<'p>,
    segment: &'p LocationSegment<'_>,
) -> Option<(NodePath<'p>, &'p Value)> {
    Some(match segment {
        LocationSegment::Property(name) => (NodePath::Name(at.trail, name), at.value.get(name)?),
        LocationSegment::Index(index) => {
            let item = at.value.as_list()?.get(*index)?;
            (NodePath::Index(at.trail, *index), item)
        }
    })
}

/// The value as `serde_json` holds it.
fn to_serde_value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => to_serde_number(number),
        Value::String(text) => Json::String(text.to_string()),
        Value::List(items) => Json::Array(items.iter().map(to_serde_value).collect()),
        Value::Object(members) => Json::Object(
            members
                .iter()
                .map(|(name, member)| (name.to_string(), to_serde_value(member)))
                .collect(),
        ),
    }
}

#[expect(
    clippy::expect_used,
    reason = "a schema that judged another value than the one that came would be wrong silently"
)]
fn to_serde_number(number: &Number) -> Json {
    let whole = number.as_i128().and_then(serde_json::Number::from_i128);
    // A number past the doubles is the largest of them: any bound that a schema may set lies before
    // it.
    let nearest = || serde_json::Number::from_f64(number.as_f64().clamp(f64::MIN, f64::MAX));
    Json::Number(
        whole
            .or_else(nearest)
            .expect("a JSON number is a number, and a clamped one is finite"),
    )
}
