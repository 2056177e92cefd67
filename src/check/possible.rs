//! Finds predicates that no answer can meet, before anything is sent. It refuses to say so of anything that depends on a
//! template or an answer.

use crate::model::assertion::{Assertion, Bound, JsonType, Predicate, Subject, Test};
use crate::model::template::{Tree, TreeKind};
use crate::span::Span;

/// The predicates that can never hold for their subject, each with the reason.
#[must_use]
pub fn impossible(assertion: &Assertion) -> Vec<(Span, String)> {
    let sort = match &assertion.subject {
        Subject::Status => Sort::Status,
        Subject::Header(_) => Sort::Header,
        Subject::Latency => Sort::Latency,
        Subject::Body => Sort::Body,
        Subject::Path(path) if path.is_singular() => Sort::Any,
        Subject::Path(_) => Sort::Found,
    };
    let mut faults = faults(&assertion.predicates, sort);
    faults.extend(contradictions(&assertion.predicates, sort));
    faults.into_iter().map(|fault| (fault.at, fault.reason)).collect()
}

/// What is known of a value before it is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Status,
    Length,
    Header,
    Body,
    Latency,
    /// What a path for many finds.
    Found,
    Any,
}

struct Fault {
    at: Span,
    reason: String,
    /// Whether it does not apply, so that it fails under `not` and `none` too.
    unfit: bool,
}

impl Sort {
    /// Whether such a value can be of a type, in the sense of being equal to one.
    fn can_be(self, kind: &str) -> bool {
        match self {
            Self::Status | Self::Length => kind == "number",
            Self::Header => kind == "string" || kind == "number",
            Self::Body => kind == "string",
            Self::Found => kind == "array",
            Self::Latency => false,
            Self::Any => true,
        }
    }

    fn is_type(self, kind: JsonType) -> bool {
        match self {
            Self::Status | Self::Length => matches!(kind, JsonType::Integer | JsonType::Number),
            Self::Header | Self::Body => kind == JsonType::String,
            Self::Found => kind == JsonType::Array,
            Self::Latency => false,
            Self::Any => true,
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Status | Self::Length | Self::Header | Self::Any)
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Header | Self::Body | Self::Any)
    }

    fn is_list(self) -> bool {
        matches!(self, Self::Found | Self::Any)
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::Status => "`status` is a number",
            Self::Length => "a length is a number",
            Self::Header => "a header is text",
            Self::Body => "`body` is text",
            Self::Latency => "`latency` is a duration, compared with `above`, `at_least`, `below` or `at_most`",
            Self::Found => "this path finds a list; `each`, `some` and `none` look at its elements",
            Self::Any => "any value may come",
        }
    }
}

fn faults(predicates: &[Predicate], sort: Sort) -> Vec<Fault> {
    predicates.iter().flat_map(|predicate| of_predicate(predicate, sort)).collect()
}

fn of_predicate(predicate: &Predicate, sort: Sort) -> Vec<Fault> {
    let own = |unfit, reason| vec![Fault { at: predicate.at, reason, unfit }];
    if let Some(reason) = unfit(&predicate.test, sort) {
        return own(true, reason);
    }
    if let Some(reason) = never(&predicate.test, sort) {
        return own(false, reason);
    }
    match &predicate.test {
        Test::Not(inner) => faults(inner, sort).into_iter().filter_map(|fault| negated(fault, inner.len())).collect(),
        Test::None(inner) => faults(inner, Sort::Any).into_iter().filter(|fault| fault.unfit).collect(),
        Test::Each(inner) | Test::Some(inner) => faults(inner, Sort::Any),
        Test::Length(inner) => faults(inner, Sort::Length),
        _ => Vec::new(),
    }
}

/// What can never hold makes its negation hold always, which is as empty a test; among several it decides nothing.
fn negated(fault: Fault, beside: usize) -> Option<Fault> {
    match (fault.unfit, beside) {
        (true, _) => Some(fault),
        (false, 1) => Some(Fault { reason: format!("under `not` this holds always: {}", fault.reason), ..fault }),
        _ => None,
    }
}

/// Why a predicate does not apply to such a subject, or its operand not to the predicate.
fn unfit(test: &Test, sort: Sort) -> Option<String> {
    let applies = match test {
        Test::Exists(_) | Test::Not(_) => true,
        Test::Above(bound) | Test::AtLeast(bound) | Test::Below(bound) | Test::AtMost(bound) => return unfit_bound(bound, sort),
        Test::Matches(_) | Test::StartsWith(_) | Test::EndsWith(_) => sort.is_text(),
        Test::Contains(_) | Test::Length(_) => sort.is_text() || sort.is_list(),
        Test::Each(_) | Test::Some(_) | Test::None(_) | Test::Unordered(_) | Test::Unique(_) | Test::Includes(_) => {
            sort.is_list()
        }
        Test::Equals(_) | Test::OneOf(_) | Test::Type(_) | Test::Schema(_) => sort != Sort::Latency,
    };
    if applies { unfit_operand(test, sort) } else { Some(sort.phrase().to_owned()) }
}

fn unfit_bound(bound: &Bound, sort: Sort) -> Option<String> {
    match bound {
        Bound::Duration(_) if sort == Sort::Latency => None,
        Bound::Duration(_) => Some("only `latency` is compared with a duration".to_owned()),
        Bound::Value(_) if !sort.is_number() => Some(sort.phrase().to_owned()),
        Bound::Value(tree) => match kind_of(tree)? {
            "number" => None,
            other => Some(format!("it compares with a number, and this is {}", article(other))),
        },
    }
}

fn unfit_operand(test: &Test, sort: Sort) -> Option<String> {
    let (tree, fits, needs): (_, fn(&str) -> bool, _) = match test {
        Test::OneOf(tree) | Test::Unordered(tree) => (tree, |kind| kind == "array", "a list"),
        Test::Includes(tree) if sort == Sort::Found => (tree, |kind| kind == "array", "a list here, or `some: { includes: … }`"),
        Test::Includes(tree) => (tree, |kind| kind == "array" || kind == "object", "an object or a list"),
        Test::StartsWith(tree) | Test::EndsWith(tree) => (tree, is_plain, "a text"),
        Test::Contains(tree) if !sort.is_list() => (tree, is_plain, "a text"),
        _ => return None,
    };
    let kind = kind_of(tree).filter(|kind| !fits(kind))?;
    Some(format!("it takes {needs}, and this is {}", article(kind)))
}

fn is_plain(kind: &str) -> bool {
    matches!(kind, "string" | "number" | "boolean")
}

/// Why a predicate that applies is never true.
fn never(test: &Test, sort: Sort) -> Option<String> {
    let holds = match test {
        Test::Equals(tree) => kind_of(tree).is_none_or(|kind| sort.can_be(kind)),
        Test::OneOf(tree) => match &tree.kind {
            TreeKind::Constant(value) => value.as_list()?.iter().any(|choice| sort.can_be(choice.type_name())),
            TreeKind::List(choices) => choices.iter().any(|choice| kind_of(choice).is_none_or(|kind| sort.can_be(kind))),
            _ => true,
        },
        Test::Type(types) => types.iter().any(|one| sort.is_type(*one)),
        Test::Exists(false) if matches!(sort, Sort::Status | Sort::Latency | Sort::Length) => {
            return Some("it is always there".to_owned());
        }
        _ => true,
    };
    if holds { None } else { Some(sort.phrase().to_owned()) }
}

/// `exists: false` beside something that needs a value.
fn contradictions(predicates: &[Predicate], sort: Sort) -> Vec<Fault> {
    let absent = predicates.iter().any(|predicate| matches!(predicate.test, Test::Exists(false)));
    if !absent || !matches!(sort, Sort::Any | Sort::Header) {
        return Vec::new();
    }
    let needs_value = |predicate: &&Predicate| !matches!(predicate.test, Test::Exists(false) | Test::Not(_));
    let reason = "with `exists: false` nothing is there that could meet this";
    let fault = |predicate: &Predicate| Fault { at: predicate.at, reason: reason.to_owned(), unfit: false };
    predicates.iter().filter(needs_value).map(fault).collect()
}

/// The type that an operand certainly has.
fn kind_of(tree: &Tree) -> Option<&'static str> {
    match &tree.kind {
        TreeKind::Constant(value) => Some(value.type_name()),
        TreeKind::List(_) => Some("array"),
        TreeKind::Object(_) => Some("object"),
        TreeKind::Template(template) if template.as_expression().is_none() => Some("string"),
        TreeKind::Template(_) => None,
    }
}

fn article(kind: &str) -> String {
    match kind {
        "null" => "null".to_owned(),
        "string" => "text".to_owned(),
        "array" | "object" => format!("an {kind}"),
        other => format!("a {other}"),
    }
}
