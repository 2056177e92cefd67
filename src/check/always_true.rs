//! Finds predicates that every value meets to which they apply: an empty operand, a bound below all
//! lengths, a regular expression that matches every text. They look like a test and are none.

use super::predicate_fault::constant_bound;
use super::subject_type::SubjectType;
use crate::model::assertion::{JsonType, PredicateTest};
use crate::model::lazy_regex::LazyRegex;
use crate::model::template::TemplateTree;
use crate::value::Value;

/// Why a predicate always holds, and what to write in its place.
pub(super) struct AlwaysTrue {
    pub(super) reason: String,
    pub(super) hint: &'static str,
}

impl AlwaysTrue {
    fn new(reason: impl Into<String>, hint: &'static str) -> Self {
        Self {
            reason: reason.into(),
            hint,
        }
    }
}

const NOT_EMPTY: &str = "to expect a text that is not empty, write `length: { at_least: 1 }`; to expect any text, `type: string`";
const EMPTY_ELEMENT: &str = "to expect a text that is not empty, write `length: { at_least: 1 }`; to expect an empty text in a list, `some: { equals: \"\" }`";

pub(super) fn always_true(test: &PredicateTest, sort: SubjectType) -> Option<AlwaysTrue> {
    match test {
        // A list that a path finds can hold an empty text among others.
        PredicateTest::Contains(tree) if !matches!(sort, SubjectType::NodeList | SubjectType::NodeTexts) && is_empty_text(tree) => {
            Some(AlwaysTrue::new(
                "every text contains the empty text",
                EMPTY_ELEMENT,
            ))
        }
        PredicateTest::StartsWith(tree) if is_empty_text(tree) => Some(AlwaysTrue::new(
            "every text starts with the empty text",
            NOT_EMPTY,
        )),
        PredicateTest::StartsWithBytes(bytes) if bytes.is_empty() => Some(AlwaysTrue::new(
            "every body starts with no bytes",
            "write the first bytes in hex; to expect any bytes, write `length: { at_least: 1 }`",
        )),
        PredicateTest::EndsWith(tree) if is_empty_text(tree) => Some(AlwaysTrue::new(
            "every text ends with the empty text",
            NOT_EMPTY,
        )),
        PredicateTest::Matches(regex) => matches_every_text(regex).then(|| {
            AlwaysTrue::new(
                format!("`{}` matches every text", regex.as_str()),
                "`matches` searches anywhere in the text: add `^` and `$`, or require a character; to expect any text, write `type: string`",
            )
        }),
        PredicateTest::Includes(tree) => includes_nothing(tree),
        PredicateTest::Type(types) => every_type(types, sort),
        PredicateTest::Exists(true) if sort.is_always_there() => Some(AlwaysTrue::new(
            "it always exists",
            "write what it must be, or remove this",
        )),
        PredicateTest::Above(_)
        | PredicateTest::AtLeast(_)
        | PredicateTest::Below(_)
        | PredicateTest::AtMost(_) => loose_bound(test, sort),
        _ => None,
    }
}

fn is_empty_text(tree: &TemplateTree) -> bool {
    tree.as_constant()
        .and_then(Value::as_str)
        .is_some_and(str::is_empty)
}

/// Texts that have nothing in common but that they are texts of one line.
const SAMPLES: [&str; 6] = [
    "",
    "a",
    " \t ",
    "0.5 -17",
    "Ünï, 한글 ‹😀›",
    "{\"<a>\":[\"&%$#@!~^*()\\|/;'`?=+-_\"]}",
];

/// An expression that matches all of the samples, the empty one among them, asks for nothing.
pub(crate) fn matches_every_text(regex: &LazyRegex) -> bool {
    regex.matches_empty_text() && SAMPLES.iter().all(|sample| regex.is_match(sample))
}

fn includes_nothing(tree: &TemplateTree) -> Option<AlwaysTrue> {
    match tree.as_constant()? {
        Value::Object(members) if members.is_empty() => Some(AlwaysTrue::new(
            "every object includes the empty object",
            "write the members to find; to expect any object, write `type: object`, and for an empty object `equals: {}`",
        )),
        Value::List(items) if items.is_empty() => Some(AlwaysTrue::new(
            "every list includes the empty list",
            "write the elements to find; to expect any list, write `type: array`, and for an empty list `equals: []`",
        )),
        _ => None,
    }
}

fn every_type(types: &[JsonType], sort: SubjectType) -> Option<AlwaysTrue> {
    let reason = match sort {
        SubjectType::Status
        | SubjectType::Length
        | SubjectType::Body
        | SubjectType::NodeList
        | SubjectType::NodeTexts
        | SubjectType::NodeCount
        | SubjectType::ComputedNumber
        | SubjectType::Finding => sort.description(),
        // It can be missing, so its type says that it is there.
        SubjectType::Header
        | SubjectType::Cookie
        | SubjectType::NodeText
        | SubjectType::Latency
        | SubjectType::Number
        | SubjectType::Text
        | SubjectType::Age
        | SubjectType::Moment
        | SubjectType::Moments
        | SubjectType::MomentElement
        | SubjectType::Bytes => return None,
        SubjectType::Any | SubjectType::Element => {
            let all = JsonType::ALL
                .into_iter()
                .filter(|kind| *kind != JsonType::Integer)
                .all(|kind| types.contains(&kind));
            if !all {
                return None;
            }
            "these are all types"
        }
    };
    types.iter().any(|kind| sort.has_json_type(*kind)).then(|| {
        AlwaysTrue::new(
            reason,
            "write the value or the type that you expect, or remove this",
        )
    })
}

fn loose_bound(test: &PredicateTest, sort: SubjectType) -> Option<AlwaysTrue> {
    let range = sort.usual_numbers()?;
    let (least, most) = (&range.least, range.most.as_ref());
    let holds = match test {
        PredicateTest::AtLeast(bound) => constant_bound(bound)? <= least,
        PredicateTest::Above(bound) => constant_bound(bound)? < least,
        PredicateTest::AtMost(bound) => constant_bound(bound)? >= most?,
        PredicateTest::Below(bound) => constant_bound(bound)? > most?,
        _ => false,
    };
    let (reason, hint) = if sort == SubjectType::NodeCount {
        (
            "no count is below 0",
            "to expect at least one, write `{ at_least: 1 }`",
        )
    } else if sort == SubjectType::Length {
        (
            "no length is below 0",
            "to expect at least one, write `length: { at_least: 1 }`",
        )
    } else {
        (
            "every response has a status from 200 to 599",
            "write the status that you expect: `status: 200`, or `status: { at_least: 200, below: 300 }`",
        )
    };
    holds.then(|| AlwaysTrue::new(reason, hint))
}
