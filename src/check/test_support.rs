//! A small language for tests: expectations as JSON, so that this room stays free of YAML.

use super::{PredicateFailure, ResponseView, judge};
use crate::jsonpath::JsonPath;
use crate::model::assertion::{
    Assertion, ComparisonBound, JsonSchema, JsonType, Predicate, PredicateTest, Subject,
};
use crate::model::lazy_regex::LazyRegex;
use crate::model::template::TemplateTree;
use crate::span::{FileId, Span};
use crate::value::{Value, parse};
use crate::wire::WireResponse;
use crate::xml::XPath;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn json(text: &str) -> Value {
    parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(super) fn response(body: &str) -> WireResponse {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = vec![
        header("content-type", "application/json"),
        header("x-left", "7"),
        header("set-cookie", "a=1; Secure"),
        header("set-cookie", "b=2"),
    ];
    WireResponse::new(
        200,
        headers,
        body.to_owned().into(),
        Duration::from_millis(1500),
    )
}

pub(super) fn subject(text: &str) -> Subject {
    match text {
        "status" => Subject::Status,
        "latency" => Subject::Latency,
        "body" => Subject::Body,
        "bytes" => Subject::Bytes,
        path if path.starts_with('/') => Subject::XPath(XPath::parse(path).unwrap()),
        cookie if cookie.starts_with("cookie.") => Subject::Cookie(cookie[7..].to_owned()),
        path if path.starts_with('$') => Subject::Path(JsonPath::parse(path).unwrap()),
        header => Subject::Header(header.strip_prefix("header.").unwrap().to_owned()),
    }
}

/// The n-th predicate of a text stands at byte n, so that places can be compared.
pub(super) fn assertion(on: &str, expected: &str) -> Assertion {
    let mut at = 0;
    Assertion {
        subject: subject(on),
        at: Span::new(FileId(0), 99, 100),
        conversions: Vec::new(),
        predicates: predicates(&json(expected), &mut at),
    }
}

fn predicates(expected: &Value, at: &mut usize) -> Vec<Predicate> {
    let mut place = || {
        *at += 1;
        Span::new(FileId(0), *at, *at + 1)
    };
    match expected {
        Value::Object(members) => members
            .iter()
            .map(|(name, operand)| Predicate {
                at: place(),
                test: test(name, operand),
            })
            .collect(),
        plain => vec![Predicate {
            at: place(),
            test: PredicateTest::Equals(TemplateTree::constant(plain.clone())),
        }],
    }
}

fn test(name: &str, operand: &Value) -> PredicateTest {
    let tree = || TemplateTree::constant(operand.clone());
    let inner = || predicates(operand, &mut 10);
    match name {
        "equals" => PredicateTest::Equals(tree()),
        "not" => PredicateTest::Not(inner()),
        "one_of" => PredicateTest::OneOf(tree()),
        "type" => PredicateTest::Type(types(operand)),
        "exists" => PredicateTest::Exists(operand.as_bool().unwrap()),
        "above" => PredicateTest::Above(bound(operand)),
        "at_least" => PredicateTest::AtLeast(bound(operand)),
        "below" => PredicateTest::Below(bound(operand)),
        "at_most" => PredicateTest::AtMost(bound(operand)),
        "matches" => PredicateTest::Matches(LazyRegex::new(operand.as_str().unwrap()).unwrap()),
        "contains" => PredicateTest::Contains(tree()),
        "starts_with" => PredicateTest::StartsWith(tree()),
        "ends_with" => PredicateTest::EndsWith(tree()),
        "length" => PredicateTest::Length(inner()),
        "each" => PredicateTest::Each(inner()),
        "some" => PredicateTest::Some(inner()),
        "none" => PredicateTest::None(inner()),
        "includes" => PredicateTest::Includes(tree()),
        "unordered" => match operand.get("deep") {
            Some(deep) => PredicateTest::UnorderedDeep(TemplateTree::constant(deep.clone())),
            None => PredicateTest::Unordered(tree()),
        },
        "sha256" => PredicateTest::Sha256(tree()),
        "starts_with_hex" => {
            PredicateTest::StartsWithBytes(hex::decode(operand.as_str().unwrap()).unwrap())
        }
        "unique" => PredicateTest::Unique(operand.as_bool().unwrap()),
        "schema" => PredicateTest::Schema(schema(operand)),
        other => panic!("no predicate {other}"),
    }
}

/// `"2s"` and `"500ms"` are durations.
fn bound(operand: &Value) -> ComparisonBound {
    let seconds = operand
        .as_str()
        .and_then(|text| text.strip_suffix('s')?.parse().ok())
        .map(Duration::from_secs);
    let millis = operand
        .as_str()
        .and_then(|text| text.strip_suffix("ms")?.parse().ok())
        .map(Duration::from_millis);
    seconds.or(millis).map_or_else(
        || ComparisonBound::Value(TemplateTree::constant(operand.clone())),
        ComparisonBound::Duration,
    )
}

fn types(operand: &Value) -> Vec<JsonType> {
    let named = |name: &Value| {
        JsonType::ALL
            .into_iter()
            .find(|one| name.as_str() == Some(one.name()))
            .unwrap()
    };
    operand.as_list().map_or_else(
        || vec![named(operand)],
        |names| names.iter().map(named).collect(),
    )
}

fn schema(operand: &Value) -> JsonSchema {
    let text: serde_json::Value = serde_json::from_str(&operand.to_json()).unwrap();
    JsonSchema {
        path: "schemas/item.json".into(),
        validator: Arc::new(jsonschema::validator_for(&text).unwrap()),
    }
}

pub(super) fn constant(tree: &TemplateTree) -> Result<Cow<'_, Value>, &'static str> {
    tree.as_constant()
        .map(Cow::Borrowed)
        .ok_or("not a constant")
}

pub(super) fn failures(body: &str, on: &str, expected: &str) -> Vec<PredicateFailure> {
    let response = response(body);
    judge(
        &[assertion(on, expected)],
        &ResponseView::new(&response),
        &constant,
    )
    .unwrap()
}

/// Every failure and difference as a line.
pub(super) fn lines(failures: &[PredicateFailure]) -> Vec<String> {
    let line = |failure: &PredicateFailure| {
        let differences = failure
            .differences
            .shown
            .iter()
            .map(|difference| format!("  {difference}"));
        [failure.to_string()]
            .into_iter()
            .chain(differences)
            .collect::<Vec<_>>()
    };
    failures.iter().flat_map(line).collect()
}
