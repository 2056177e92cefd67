//! Finds predicates that no answer can meet, before anything is sent. It refuses to say so of anything that depends on a
//! template or an answer.

use crate::model::assertion::{Assertion, Bound, JsonType, Predicate, Subject, Test};
use crate::model::template::{Tree, TreeKind};
use crate::span::Span;

/// The predicates that can never hold for their subject, each with the reason.
#[must_use]
pub fn unsatisfiable_predicates(assertion: &Assertion) -> Vec<(Span, String)> {
    let sort = match &assertion.subject {
        Subject::Status => SubjectType::Status,
        Subject::Header(_) => SubjectType::Header,
        Subject::Latency => SubjectType::Latency,
        Subject::Body => SubjectType::Body,
        Subject::Path(path) if path.is_singular() => SubjectType::Any,
        Subject::Path(_) => SubjectType::NodeList,
    };
    let mut faults = find_unsatisfiable(&assertion.predicates, sort);
    faults.extend(contradictions(&assertion.predicates, sort));
    faults.into_iter().map(|fault| (fault.at, fault.reason)).collect()
}

/// What is known of a value before it is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SubjectType {
    Status,
    Length,
    Header,
    Body,
    Latency,
    /// What a path for many finds.
    NodeList,
    Any,
}

struct UnsatisfiablePredicate {
    at: Span,
    reason: String,
    /// Whether it does not apply, so that it fails under `not` and `none` too.
    is_inapplicable: bool,
}

impl SubjectType {
    /// Whether such a value can be of a type, in the sense of being equal to one.
    fn can_equal_type(self, kind: &str) -> bool {
        match self {
            Self::Status | Self::Length => kind == "number",
            Self::Header => kind == "string" || kind == "number",
            Self::Body => kind == "string",
            Self::NodeList => kind == "array",
            Self::Latency => false,
            Self::Any => true,
        }
    }

    fn has_json_type(self, kind: JsonType) -> bool {
        match self {
            Self::Status | Self::Length => matches!(kind, JsonType::Integer | JsonType::Number),
            Self::Header | Self::Body => kind == JsonType::String,
            Self::NodeList => kind == JsonType::Array,
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
        matches!(self, Self::NodeList | Self::Any)
    }

    fn description(self) -> &'static str {
        match self {
            Self::Status => "`status` is a number",
            Self::Length => "a length is a number",
            Self::Header => "a header is text",
            Self::Body => "`body` is text",
            Self::Latency => "`latency` is a duration, compared with `above`, `at_least`, `below` or `at_most`",
            Self::NodeList => "this path finds a list; `each`, `some` and `none` look at its elements",
            Self::Any => "any value may come",
        }
    }
}

fn find_unsatisfiable(predicates: &[Predicate], sort: SubjectType) -> Vec<UnsatisfiablePredicate> {
    predicates.iter().flat_map(|predicate| check_predicate(predicate, sort)).collect()
}

fn check_predicate(predicate: &Predicate, sort: SubjectType) -> Vec<UnsatisfiablePredicate> {
    let own = |is_inapplicable, reason| vec![UnsatisfiablePredicate { at: predicate.at, reason, is_inapplicable }];
    if let Some(reason) = inapplicable_reason(&predicate.test, sort) {
        return own(true, reason);
    }
    if let Some(reason) = never_true_reason(&predicate.test, sort) {
        return own(false, reason);
    }
    match &predicate.test {
        Test::Not(inner) => find_unsatisfiable(inner, sort).into_iter().filter_map(|fault| negate(fault, inner.len())).collect(),
        Test::None(inner) => {
            find_unsatisfiable(inner, SubjectType::Any).into_iter().filter(|fault| fault.is_inapplicable).collect()
        }
        Test::Each(inner) | Test::Some(inner) => find_unsatisfiable(inner, SubjectType::Any),
        Test::Length(inner) => find_unsatisfiable(inner, SubjectType::Length),
        _ => Vec::new(),
    }
}

/// What can never hold makes its negation hold always, which is as empty a test; among several it decides nothing.
fn negate(fault: UnsatisfiablePredicate, beside: usize) -> Option<UnsatisfiablePredicate> {
    match (fault.is_inapplicable, beside) {
        (true, _) => Some(fault),
        (false, 1) => {
            Some(UnsatisfiablePredicate { reason: format!("under `not` this holds always: {}", fault.reason), ..fault })
        }
        _ => None,
    }
}

/// Why a predicate does not apply to such a subject, or its operand not to the predicate.
fn inapplicable_reason(test: &Test, sort: SubjectType) -> Option<String> {
    let applies = match test {
        Test::Exists(_) | Test::Not(_) => true,
        Test::Above(bound) | Test::AtLeast(bound) | Test::Below(bound) | Test::AtMost(bound) => {
            return inapplicable_bound(bound, sort);
        }
        Test::Matches(_) | Test::StartsWith(_) | Test::EndsWith(_) => sort.is_text(),
        Test::Contains(_) | Test::Length(_) => sort.is_text() || sort.is_list(),
        Test::Each(_) | Test::Some(_) | Test::None(_) | Test::Unordered(_) | Test::Unique(_) | Test::Includes(_) => {
            sort.is_list()
        }
        Test::Equals(_) | Test::OneOf(_) | Test::Type(_) | Test::Schema(_) => sort != SubjectType::Latency,
    };
    if applies { inapplicable_operand(test, sort) } else { Some(sort.description().to_owned()) }
}

fn inapplicable_bound(bound: &Bound, sort: SubjectType) -> Option<String> {
    match bound {
        Bound::Duration(_) if sort == SubjectType::Latency => None,
        Bound::Duration(_) => Some("only `latency` is compared with a duration".to_owned()),
        Bound::Value(_) if !sort.is_number() => Some(sort.description().to_owned()),
        Bound::Value(tree) => match static_type(tree)? {
            "number" => None,
            other => Some(format!("it compares with a number, and this is {}", with_article(other))),
        },
    }
}

fn inapplicable_operand(test: &Test, sort: SubjectType) -> Option<String> {
    let (tree, fits, needs): (_, fn(&str) -> bool, _) = match test {
        Test::OneOf(tree) | Test::Unordered(tree) => (tree, |kind| kind == "array", "a list"),
        Test::Includes(tree) if sort == SubjectType::NodeList => {
            (tree, |kind| kind == "array", "a list here, or `some: { includes: … }`")
        }
        Test::Includes(tree) => (tree, |kind| kind == "array" || kind == "object", "an object or a list"),
        Test::StartsWith(tree) | Test::EndsWith(tree) => (tree, is_textual_type, "a text"),
        Test::Contains(tree) if !sort.is_list() => (tree, is_textual_type, "a text"),
        _ => return None,
    };
    let kind = static_type(tree).filter(|kind| !fits(kind))?;
    Some(format!("it takes {needs}, and this is {}", with_article(kind)))
}

fn is_textual_type(kind: &str) -> bool {
    matches!(kind, "string" | "number" | "boolean")
}

/// Why a predicate that applies is never true.
fn never_true_reason(test: &Test, sort: SubjectType) -> Option<String> {
    let holds = match test {
        Test::Equals(tree) => static_type(tree).is_none_or(|kind| sort.can_equal_type(kind)),
        Test::OneOf(tree) => match &tree.kind {
            TreeKind::Constant(value) => value.as_list()?.iter().any(|choice| sort.can_equal_type(choice.type_name())),
            TreeKind::List(choices) => {
                choices.iter().any(|choice| static_type(choice).is_none_or(|kind| sort.can_equal_type(kind)))
            }
            _ => true,
        },
        Test::Type(types) => types.iter().any(|one| sort.has_json_type(*one)),
        Test::Exists(false) if matches!(sort, SubjectType::Status | SubjectType::Latency | SubjectType::Length) => {
            return Some("it is always there".to_owned());
        }
        _ => true,
    };
    if holds { None } else { Some(sort.description().to_owned()) }
}

/// `exists: false` beside something that needs a value.
fn contradictions(predicates: &[Predicate], sort: SubjectType) -> Vec<UnsatisfiablePredicate> {
    let absent = predicates.iter().any(|predicate| matches!(predicate.test, Test::Exists(false)));
    if !absent || !matches!(sort, SubjectType::Any | SubjectType::Header) {
        return Vec::new();
    }
    let needs_value = |predicate: &&Predicate| !matches!(predicate.test, Test::Exists(false) | Test::Not(_));
    let reason = "with `exists: false` nothing is there that could meet this";
    let fault =
        |predicate: &Predicate| UnsatisfiablePredicate { at: predicate.at, reason: reason.to_owned(), is_inapplicable: false };
    predicates.iter().filter(needs_value).map(fault).collect()
}

/// The type that an operand certainly has.
fn static_type(tree: &Tree) -> Option<&'static str> {
    match &tree.kind {
        TreeKind::Constant(value) => Some(value.type_name()),
        TreeKind::List(_) => Some("array"),
        TreeKind::Object(_) => Some("object"),
        TreeKind::Template(template) if template.as_expression().is_none() => Some("string"),
        TreeKind::Template(_) => None,
    }
}

fn with_article(kind: &str) -> String {
    match kind {
        "null" => "null".to_owned(),
        "string" => "text".to_owned(),
        "array" | "object" => format!("an {kind}"),
        other => format!("a {other}"),
    }
}
