//! Finds predicates that no response can meet, before anything is sent. Predicates that depend on a
//! template or on a response are not reported.

use crate::model::assertion::{
    Assertion, ComparisonBound, JsonType, Predicate, PredicateTest, Subject,
};
use crate::model::template::{TemplateTree, TemplateTreeKind};
use crate::span::Span;

/// The predicates that can never hold for their subject, each with the reason.
#[must_use]
pub(crate) fn unsatisfiable_predicates(assertion: &Assertion) -> Vec<(Span, String)> {
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
    faults
        .into_iter()
        .map(|fault| (fault.at, fault.reason))
        .collect()
}

/// The type of a subject, as far as it is known before the response is received.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SubjectType {
    Status,
    Length,
    Header,
    Body,
    Latency,
    /// The list of values that a path for many finds.
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
            Self::Latency => {
                "`latency` is a duration, compared with `above`, `at_least`, `below` or `at_most`"
            }
            Self::NodeList => {
                "this path finds a list; `each`, `some` and `none` look at its elements"
            }
            Self::Any => "any value may come",
        }
    }
}

fn find_unsatisfiable(predicates: &[Predicate], sort: SubjectType) -> Vec<UnsatisfiablePredicate> {
    predicates
        .iter()
        .flat_map(|predicate| check_predicate(predicate, sort))
        .collect()
}

fn check_predicate(predicate: &Predicate, sort: SubjectType) -> Vec<UnsatisfiablePredicate> {
    let own = |is_inapplicable, reason| {
        vec![UnsatisfiablePredicate {
            at: predicate.at,
            reason,
            is_inapplicable,
        }]
    };
    if let Some(reason) = inapplicable_reason(&predicate.test, sort) {
        return own(true, reason);
    }
    if let Some(reason) = never_true_reason(&predicate.test, sort) {
        return own(false, reason);
    }
    check_nested(&predicate.test, sort)
}

/// The predicates inside of another one.
fn check_nested(test: &PredicateTest, sort: SubjectType) -> Vec<UnsatisfiablePredicate> {
    match test {
        PredicateTest::Not(inner) => find_unsatisfiable(inner, sort)
            .into_iter()
            .filter_map(|fault| negate(fault, inner.len()))
            .collect(),
        // `none` holds if no element meets `inner`, so a predicate that is never true is no fault
        // here. One that does not apply is.
        PredicateTest::None(inner) => find_unsatisfiable(inner, SubjectType::Any)
            .into_iter()
            .filter(|fault| fault.is_inapplicable)
            .collect(),
        PredicateTest::Each(inner) | PredicateTest::Some(inner) => {
            find_unsatisfiable(inner, SubjectType::Any)
        }
        PredicateTest::Length(inner) => find_unsatisfiable(inner, SubjectType::Length),
        _ => Vec::new(),
    }
}

/// The negation of a predicate that is never true is always true, so it tests nothing. Among
/// several predicates it decides nothing.
fn negate(fault: UnsatisfiablePredicate, beside: usize) -> Option<UnsatisfiablePredicate> {
    match (fault.is_inapplicable, beside) {
        (true, _) => Some(fault),
        (false, 1) => Some(UnsatisfiablePredicate {
            reason: format!("under `not` this holds always: {}", fault.reason),
            ..fault
        }),
        _ => None,
    }
}

/// Why a predicate does not apply to such a subject, or its operand not to the predicate.
fn inapplicable_reason(test: &PredicateTest, sort: SubjectType) -> Option<String> {
    let applies = match test {
        PredicateTest::Exists(_) | PredicateTest::Not(_) => true,
        PredicateTest::Above(bound)
        | PredicateTest::AtLeast(bound)
        | PredicateTest::Below(bound)
        | PredicateTest::AtMost(bound) => {
            return inapplicable_bound(bound, sort);
        }
        PredicateTest::Matches(_) | PredicateTest::StartsWith(_) | PredicateTest::EndsWith(_) => {
            sort.is_text()
        }
        PredicateTest::Contains(_) | PredicateTest::Length(_) => sort.is_text() || sort.is_list(),
        PredicateTest::Each(_)
        | PredicateTest::Some(_)
        | PredicateTest::None(_)
        | PredicateTest::Unordered(_)
        | PredicateTest::Unique(_)
        | PredicateTest::Includes(_) => sort.is_list(),
        PredicateTest::Equals(_)
        | PredicateTest::OneOf(_)
        | PredicateTest::Type(_)
        | PredicateTest::Schema(_) => sort != SubjectType::Latency,
    };
    if applies {
        inapplicable_operand(test, sort)
    } else {
        Some(sort.description().to_owned())
    }
}

fn inapplicable_bound(bound: &ComparisonBound, sort: SubjectType) -> Option<String> {
    match bound {
        ComparisonBound::Duration(_) if sort == SubjectType::Latency => None,
        ComparisonBound::Duration(_) => {
            Some("only `latency` is compared with a duration".to_owned())
        }
        ComparisonBound::Value(_) if !sort.is_number() => Some(sort.description().to_owned()),
        ComparisonBound::Value(tree) => match static_type(tree)? {
            "number" => None,
            other => Some(format!(
                "it compares with a number, and this is {}",
                with_article(other)
            )),
        },
    }
}

fn inapplicable_operand(test: &PredicateTest, sort: SubjectType) -> Option<String> {
    let (tree, fits, needs): (_, fn(&str) -> bool, _) = match test {
        PredicateTest::OneOf(tree) | PredicateTest::Unordered(tree) => {
            (tree, |kind| kind == "array", "a list")
        }
        PredicateTest::Includes(tree) if sort == SubjectType::NodeList => (
            tree,
            |kind| kind == "array",
            "a list here, or `some: { includes: … }`",
        ),
        PredicateTest::Includes(tree) => (
            tree,
            |kind| kind == "array" || kind == "object",
            "an object or a list",
        ),
        PredicateTest::StartsWith(tree) | PredicateTest::EndsWith(tree) => {
            (tree, is_textual_type, "a text")
        }
        // A list can contain any value; a text can contain only text.
        PredicateTest::Contains(tree) if !sort.is_list() => (tree, is_textual_type, "a text"),
        _ => return None,
    };
    let kind = static_type(tree).filter(|kind| !fits(kind))?;
    Some(format!(
        "it takes {needs}, and this is {}",
        with_article(kind)
    ))
}

fn is_textual_type(kind: &str) -> bool {
    matches!(kind, "string" | "number" | "boolean")
}

/// Why a predicate that applies is never true.
fn never_true_reason(test: &PredicateTest, sort: SubjectType) -> Option<String> {
    let holds = match test {
        PredicateTest::Equals(tree) => {
            static_type(tree).is_none_or(|kind| sort.can_equal_type(kind))
        }
        PredicateTest::OneOf(tree) => match &tree.kind {
            TemplateTreeKind::Constant(value) => value
                .as_list()?
                .iter()
                .any(|choice| sort.can_equal_type(choice.type_name())),
            TemplateTreeKind::List(choices) => choices
                .iter()
                .any(|choice| static_type(choice).is_none_or(|kind| sort.can_equal_type(kind))),
            _ => true,
        },
        PredicateTest::Type(types) => types.iter().any(|one| sort.has_json_type(*one)),
        PredicateTest::Exists(false)
            if matches!(
                sort,
                SubjectType::Status | SubjectType::Latency | SubjectType::Length
            ) =>
        {
            return Some("it is always there".to_owned());
        }
        _ => true,
    };
    if holds {
        None
    } else {
        Some(sort.description().to_owned())
    }
}

/// `exists: false` beside something that needs a value.
fn contradictions(predicates: &[Predicate], sort: SubjectType) -> Vec<UnsatisfiablePredicate> {
    let absent = predicates
        .iter()
        .any(|predicate| matches!(predicate.test, PredicateTest::Exists(false)));
    if !absent || !matches!(sort, SubjectType::Any | SubjectType::Header) {
        return Vec::new();
    }
    let needs_value = |predicate: &&Predicate| {
        !matches!(
            // `not` of a predicate can hold for a missing value.
            predicate.test,
            PredicateTest::Exists(false) | PredicateTest::Not(_)
        )
    };
    let reason = "with `exists: false` nothing is there that could meet this";
    let fault = |predicate: &Predicate| UnsatisfiablePredicate {
        at: predicate.at,
        reason: reason.to_owned(),
        is_inapplicable: false,
    };
    predicates.iter().filter(needs_value).map(fault).collect()
}

/// The type that an operand certainly has.
fn static_type(tree: &TemplateTree) -> Option<&'static str> {
    match &tree.kind {
        TemplateTreeKind::Constant(value) => Some(value.type_name()),
        TemplateTreeKind::List(_) => Some("array"),
        TemplateTreeKind::Object(_) => Some("object"),
        // Text around an expression makes the result text. An expression alone can give any type.
        TemplateTreeKind::Template(template) if template.as_expression().is_none() => {
            Some("string")
        }
        TemplateTreeKind::Template(_) => None,
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
