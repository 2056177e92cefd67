//! Finds predicates that no response can meet, before anything is sent. Predicates that depend on a
//! template or on a response are not reported.

use super::predicate_fault::{constant_bound, static_type};
use super::subject_type::SubjectType;
use crate::model::assertion::{ComparisonBound, PredicateTest};
use crate::model::template::TemplateTreeKind;
use crate::value::Value;

/// Why a predicate does not apply to such a subject, or its operand not to the predicate.
pub(super) fn inapplicable_reason(test: &PredicateTest, sort: SubjectType) -> Option<String> {
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
        PredicateTest::Contains(_) => sort.is_text() || sort.is_list(),
        PredicateTest::Length(_) => {
            sort.is_text()
                || sort.is_list()
                || matches!(sort, SubjectType::Moments | SubjectType::Bytes)
        }
        PredicateTest::Sha256(_) | PredicateTest::StartsWithBytes(_) => sort == SubjectType::Bytes,
        PredicateTest::Each(_) | PredicateTest::Some(_) | PredicateTest::None(_) => {
            sort.is_list() || sort == SubjectType::Moments
        }
        PredicateTest::Unordered(_)
        | PredicateTest::UnorderedDeep(_)
        | PredicateTest::Unique(_)
        | PredicateTest::Includes(_) => sort.is_list(),
        PredicateTest::Age(_) if sort.is_moment() => true,
        PredicateTest::Age(_) => {
            return Some("`age` needs a time: write `as: date` next to it".to_owned());
        }
        PredicateTest::Equals(_) | PredicateTest::OneOf(_) => {
            !sort.is_duration() && sort != SubjectType::Bytes
        }
        PredicateTest::Type(_) | PredicateTest::Schema(_) => {
            !sort.is_duration()
                && !sort.is_moment()
                && !matches!(sort, SubjectType::Moments | SubjectType::Bytes)
        }
    };
    if applies {
        inapplicable_operand(test, sort)
    } else if matches!(
        test,
        PredicateTest::Sha256(_) | PredicateTest::StartsWithBytes(_)
    ) {
        Some("this is only for the subject `bytes`".to_owned())
    } else {
        Some(sort.description().to_owned())
    }
}

fn inapplicable_bound(bound: &ComparisonBound, sort: SubjectType) -> Option<String> {
    match bound {
        ComparisonBound::Duration(_) if sort.is_duration() => None,
        ComparisonBound::Duration(_) => {
            Some("a duration can be compared only with `latency` and `age`".to_owned())
        }
        ComparisonBound::Value(_) if sort.is_moment() => None,
        ComparisonBound::Value(_) if !sort.is_number() => Some(sort.description().to_owned()),
        ComparisonBound::Value(tree) => match static_type(tree)? {
            "number" => None,
            other => Some(format!(
                "it needs a number, but this is {}",
                with_article(other)
            )),
        },
    }
}

fn inapplicable_operand(test: &PredicateTest, sort: SubjectType) -> Option<String> {
    let (tree, fits, needs): (_, fn(&str) -> bool, _) = match test {
        PredicateTest::OneOf(tree)
        | PredicateTest::Unordered(tree)
        | PredicateTest::UnorderedDeep(tree) => (tree, |kind| kind == "array", "a list"),
        PredicateTest::Sha256(tree) => (tree, |kind| kind == "string", "a text of 64 hex digits"),
        PredicateTest::Includes(tree)
            if matches!(sort, SubjectType::NodeList | SubjectType::NodeTexts) =>
        {
            (
                tree,
                |kind| kind == "array",
                "a list here, or `some: { includes: … }`",
            )
        }
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
        "it needs {needs}, but this is {}",
        with_article(kind)
    ))
}

/// In capitals too: certutil of Windows prints them.
fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_textual_type(kind: &str) -> bool {
    matches!(kind, "string" | "number" | "boolean")
}

/// Why a predicate that applies is never true.
pub(super) fn never_true_reason(test: &PredicateTest, sort: SubjectType) -> Option<String> {
    match test {
        PredicateTest::Equals(tree) => match tree.as_constant() {
            Some(value) => impossible_value(value, sort),
            None => static_type(tree)
                .filter(|kind| !sort.can_equal_type(kind))
                .map(|_| sort.description().to_owned()),
        },
        PredicateTest::OneOf(tree) => impossible_choices(&tree.kind, sort),
        PredicateTest::Sha256(tree) => {
            let text = tree.as_constant()?.as_str()?;
            (!is_sha256(text)).then(|| "a SHA-256 has 64 hex digits".to_owned())
        }
        PredicateTest::Type(types) if types.is_empty() => {
            Some("the list of types is empty".to_owned())
        }
        PredicateTest::Type(types) => (!types.iter().any(|one| sort.has_json_type(*one)))
            .then(|| sort.description().to_owned()),
        PredicateTest::Exists(false) if sort.is_always_there() => {
            Some("it always exists".to_owned())
        }
        PredicateTest::Above(_)
        | PredicateTest::AtLeast(_)
        | PredicateTest::Below(_)
        | PredicateTest::AtMost(_) => impossible_bound(test, sort),
        _ => None,
    }
}

/// Why a subject never has a value.
fn impossible_value(value: &Value, sort: SubjectType) -> Option<String> {
    if !sort.can_equal_type(value.type_name()) {
        return Some(sort.description().to_owned());
    }
    let (number, range) = (value.as_number()?, sort.possible_numbers()?);
    (!range.contains(number)).then(|| impossible_number(sort).to_owned())
}

fn impossible_number(sort: SubjectType) -> &'static str {
    if sort == SubjectType::NodeCount {
        "a count is a whole number, 0 or more"
    } else if sort == SubjectType::Length {
        "a length is a whole number, 0 or more"
    } else {
        "a status is a whole number from 200 to 999"
    }
}

fn impossible_choices(choices: &TemplateTreeKind, sort: SubjectType) -> Option<String> {
    let reasons: Vec<Option<String>> = match choices {
        TemplateTreeKind::Constant(value) => value
            .as_list()?
            .iter()
            .map(|choice| impossible_value(choice, sort))
            .collect(),
        TemplateTreeKind::List(choices) => choices
            .iter()
            .map(|choice| match choice.as_constant() {
                Some(value) => impossible_value(value, sort),
                None => static_type(choice)
                    .filter(|kind| !sort.can_equal_type(kind))
                    .map(|_| sort.description().to_owned()),
            })
            .collect(),
        _ => return None,
    };
    if reasons.is_empty() {
        return Some("the list is empty, so no value can match".to_owned());
    }
    reasons.into_iter().collect::<Option<Vec<_>>>()?.pop()
}

fn impossible_bound(test: &PredicateTest, sort: SubjectType) -> Option<String> {
    let range = sort.possible_numbers()?;
    let (least, most) = (&range.least, range.most.as_ref());
    let fails = match test {
        PredicateTest::AtLeast(bound) => constant_bound(bound)? > most?,
        PredicateTest::Above(bound) => constant_bound(bound)? >= most?,
        PredicateTest::AtMost(bound) => constant_bound(bound)? < least,
        PredicateTest::Below(bound) => constant_bound(bound)? <= least,
        _ => false,
    };
    fails.then(|| impossible_number(sort).to_owned())
}

fn with_article(kind: &str) -> String {
    match kind {
        "null" => "null".to_owned(),
        "string" => "text".to_owned(),
        "array" | "object" => format!("an {kind}"),
        other => format!("a {other}"),
    }
}
