//! From failing predicates to failures. It refuses to run for an assertion that holds: everything
//! here may be slow.

use super::actual_value::ActualValue;
use super::arrange::arranged;
use super::compare;
use super::condition::{ConditionKind, ElementQuantifier, PreparedCondition};
use super::converted::ConvertedSubject;
use super::describe;
use super::difference::{DifferenceCollector, DifferenceList};
use super::failure::PredicateFailure;
use super::response_view::{MadeValue, ResponseView, SubjectError};
use super::schema;
use super::show::ValueFormatter;
use super::type_mismatch;
use super::verdict::{self, PredicateVerdict};
use crate::jsonpath::{NodePath, locate};
use crate::model::assertion::{Assertion, Subject};
use crate::value::{JsonKind, JsonRef, Value};

/// Every failing predicate of one assertion.
pub(super) fn failures(
    assertion: &Assertion,
    conditions: &[PreparedCondition<'_>],
    answer: &ResponseView<'_>,
) -> Vec<PredicateFailure> {
    let explain = FailureExplainer {
        assertion,
        response: answer,
        formatter: answer.formatter(),
    };
    let made = MadeValue::default();
    match answer.select(&assertion.subject, &made) {
        Err(unseen) => vec![explain.unreadable_subject(conditions, unseen)],
        Ok(actual) if assertion.conversions.is_empty() => explain.failures_of(conditions, &actual),
        Ok(actual) => explain.converted_failures(conditions, &actual),
    }
}

struct FailureExplainer<'x, 'r> {
    assertion: &'x Assertion,
    response: &'x ResponseView<'r>,
    formatter: ValueFormatter<'x>,
}

/// How many of the first bytes of a body are shown in hex: enough for a magic number, and too few
/// for a name or a secret.
const MAX_SHOWN_BYTES: usize = 8;

/// Where in the subject, and under which predicate, a condition is looked at.
#[derive(Clone, Default)]
struct ConditionContext {
    outer_predicate: Option<&'static str>,
    path: Option<String>,
    more_elements: usize,
}

impl ConditionContext {
    /// The outermost predicate is the one that a reader sees under the subject.
    fn within(&self, name: &'static str) -> Self {
        Self {
            outer_predicate: self.outer_predicate.or(Some(name)),
            ..self.clone()
        }
    }
}

impl FailureExplainer<'_, '_> {
    fn failures_of(
        &self,
        conditions: &[PreparedCondition<'_>],
        actual: &ActualValue<'_>,
    ) -> Vec<PredicateFailure> {
        // The usual case first: to explain builds texts and looks at each element again.
        if verdict::judge_all(conditions, actual).holds() {
            return Vec::new();
        }
        match actual {
            ActualValue::Absent => vec![self.absent_subject(conditions)],
            actual => self.present_subject(conditions, actual),
        }
    }

    fn converted_failures(
        &self,
        conditions: &[PreparedCondition<'_>],
        actual: &ActualValue<'_>,
    ) -> Vec<PredicateFailure> {
        let conversions = &self.assertion.conversions;
        let converted = match ConvertedSubject::new(actual, conversions, self.response) {
            Ok(converted) => converted,
            // Whatever is expected, `not`, `none` and `exists: false` too.
            Err(unseen) => return vec![self.unreadable_subject(conditions, unseen)],
        };
        let mut failures = self.failures_of(conditions, &converted.actual());
        if converted.holds_token_text() {
            failures.iter_mut().for_each(hide_token);
        }
        failures
    }

    fn unreadable_subject(
        &self,
        conditions: &[PreparedCondition<'_>],
        unseen: SubjectError,
    ) -> PredicateFailure {
        PredicateFailure {
            actual: unseen.actual,
            reason: Some(unseen.reason),
            ..self.combined_failure(&conditions.iter().collect::<Vec<_>>())
        }
    }

    fn absent_subject(&self, conditions: &[PreparedCondition<'_>]) -> PredicateFailure {
        let bad: Vec<_> = conditions
            .iter()
            .filter(|condition| !condition.verdict(&ActualValue::Absent).holds())
            .collect();
        PredicateFailure {
            actual: "nothing".to_owned(),
            reason: self.response.missing_hint(&self.assertion.subject),
            ..self.combined_failure(&bad)
        }
    }

    fn present_subject(
        &self,
        conditions: &[PreparedCondition<'_>],
        actual: &ActualValue<'_>,
    ) -> Vec<PredicateFailure> {
        let failures = self.explain_failing(conditions, actual, &ConditionContext::default());
        if !failures.is_empty() {
            return failures;
        }
        // Each predicate holds for one of the values of a repeated header, but all of them for
        // none.
        let reason = Some("none of these values meets all predicates".to_owned());
        vec![PredicateFailure {
            actual: self.describe_actual(actual),
            reason,
            ..self.combined_failure(&conditions.iter().collect::<Vec<_>>())
        }]
    }

    /// A failure of several conditions at once.
    fn combined_failure(&self, conditions: &[&PreparedCondition<'_>]) -> PredicateFailure {
        let expected: Vec<String> = conditions
            .iter()
            .map(|condition| describe::describe_kind(&condition.kind, self.formatter))
            .collect();
        PredicateFailure {
            at: conditions
                .first()
                .map_or(self.assertion.at, |condition| condition.at),
            subject: self.assertion.subject.to_string(),
            predicate: conditions
                .first()
                .map_or("", |condition| condition.kind.name()),
            expected: expected.join(" and "),
            actual: String::new(),
            path: None,
            more_elements: 0,
            reason: None,
            differences: DifferenceList::default(),
        }
    }

    fn explain_failing(
        &self,
        conditions: &[PreparedCondition<'_>],
        actual: &ActualValue<'_>,
        scene: &ConditionContext,
    ) -> Vec<PredicateFailure> {
        let bad = conditions
            .iter()
            .filter(|condition| !condition.verdict(actual).holds());
        bad.flat_map(|condition| self.explain_condition(condition, actual, scene))
            .collect()
    }

    fn explain_inapplicable(
        &self,
        conditions: &[PreparedCondition<'_>],
        actual: &ActualValue<'_>,
        scene: &ConditionContext,
    ) -> Vec<PredicateFailure> {
        let unfit = conditions
            .iter()
            .filter(|condition| condition.verdict(actual) == PredicateVerdict::Inapplicable);
        unfit
            .flat_map(|condition| self.explain_condition(condition, actual, scene))
            .collect()
    }

    fn explain_condition(
        &self,
        condition: &PreparedCondition<'_>,
        actual: &ActualValue<'_>,
        scene: &ConditionContext,
    ) -> Vec<PredicateFailure> {
        let unfit = condition.verdict(actual) == PredicateVerdict::Inapplicable;
        match &condition.kind {
            // `not` does not apply because a predicate inside it does not. The reader needs the
            // reason of that one.
            ConditionKind::Not(inner) if unfit => {
                self.explain_inapplicable(inner, actual, &scene.within("not"))
            }
            ConditionKind::Length(inner) if unfit => {
                self.explain_length(condition, inner, actual, scene)
            }
            ConditionKind::Elements(quantifier, inner) => {
                self.explain_elements((*quantifier, condition), inner, actual, scene)
            }
            _ => vec![self.build_failure(condition, actual, scene)],
        }
    }

    /// Why `length` does not apply: the value has no length, or the conditions of the length do not
    /// apply.
    fn explain_length(
        &self,
        condition: &PreparedCondition<'_>,
        inner: &[PreparedCondition<'_>],
        actual: &ActualValue<'_>,
        scene: &ConditionContext,
    ) -> Vec<PredicateFailure> {
        let Some(len) = actual.len() else {
            return vec![self.build_failure(condition, actual, scene)];
        };
        let len = verdict::length_value(len);
        let len = ActualValue::Json((&len).into());
        self.explain_inapplicable(inner, &len, &scene.within("length"))
    }

    fn explain_elements(
        &self,
        (quantifier, condition): (ElementQuantifier, &PreparedCondition<'_>),
        inner: &[PreparedCondition<'_>],
        actual: &ActualValue<'_>,
        scene: &ConditionContext,
    ) -> Vec<PredicateFailure> {
        match (quantifier, actual.elements()) {
            (ElementQuantifier::Each, Some(_)) if !actual.is_empty_list() => inner
                .iter()
                .flat_map(|inner| self.explain_each(inner, actual, &scene.within("each")))
                .collect(),
            (ElementQuantifier::None, Some(_)) => {
                self.explain_none(condition, inner, actual, scene)
            }
            _ => vec![self.build_failure(condition, actual, scene)],
        }
    }

    /// The first element that does not meet a condition, and how many others do not.
    fn explain_each(
        &self,
        condition: &PreparedCondition<'_>,
        actual: &ActualValue<'_>,
        scene: &ConditionContext,
    ) -> Vec<PredicateFailure> {
        let items = actual.elements().into_iter().flatten();
        let mut bad = items.filter(|item| !condition.verdict(item).holds());
        let Some(first) = bad.next() else {
            return Vec::new();
        };
        let scene = self.element_context(&first, bad.count(), scene);
        self.explain_condition(condition, &first, &scene)
    }

    /// The first element that meets the conditions of `none`, or to which they do not apply.
    fn explain_none(
        &self,
        condition: &PreparedCondition<'_>,
        inner: &[PreparedCondition<'_>],
        actual: &ActualValue<'_>,
        scene: &ConditionContext,
    ) -> Vec<PredicateFailure> {
        let of_verdict = |wanted| {
            let items = actual.elements().into_iter().flatten();
            items.filter(move |item| verdict::judge_all(inner, item) == wanted)
        };
        let mut matching = of_verdict(PredicateVerdict::Holds);
        if let Some(first) = matching.next() {
            let scene = self.element_context(&first, matching.count(), scene);
            return vec![PredicateFailure {
                reason: None,
                ..self.build_failure(condition, &first, &scene)
            }];
        }
        let mut unfit = of_verdict(PredicateVerdict::Inapplicable);
        let Some(first) = unfit.next() else {
            return Vec::new();
        };
        let scene = self.element_context(&first, unfit.count(), &scene.within("none"));
        self.explain_inapplicable(inner, &first, &scene)
    }

    /// The place of one element, and how many more are like it.
    fn element_context(
        &self,
        element: &ActualValue<'_>,
        more_elements: usize,
        scene: &ConditionContext,
    ) -> ConditionContext {
        let path = match element {
            ActualValue::Json(node) => self.path_of(*node),
            _ => None,
        };
        ConditionContext {
            path,
            more_elements,
            ..scene.clone()
        }
    }

    fn path_of(&self, node: JsonRef<'_>) -> Option<String> {
        self.response
            .json()
            .ok()
            .and_then(|root| locate(root, node))
            .map(|path| self.formatter.text(&path))
    }

    fn build_failure(
        &self,
        condition: &PreparedCondition<'_>,
        actual: &ActualValue<'_>,
        scene: &ConditionContext,
    ) -> PredicateFailure {
        let (expected, shown) = self.expected_and_actual(&condition.kind, actual);
        PredicateFailure {
            at: condition.at,
            subject: self.assertion.subject.to_string(),
            predicate: scene.outer_predicate.unwrap_or(condition.kind.name()),
            expected,
            actual: shown,
            path: scene.path.clone(),
            more_elements: scene.more_elements,
            reason: self.reason(condition, actual),
            differences: self.differences(&condition.kind, actual, scene),
        }
    }

    fn expected_and_actual(
        &self,
        kind: &ConditionKind<'_>,
        actual: &ActualValue<'_>,
    ) -> (String, String) {
        let shown = match (kind, actual.len()) {
            (ConditionKind::Equals(expected), _) => match (expected.as_str(), actual.as_text()) {
                // Both together, because long texts are shown from the place where they differ.
                (Some(expected), Some(actual)) => {
                    return self.formatter.string_pair(expected, &actual);
                }
                _ => self.describe_actual(actual),
            },
            (ConditionKind::Sha256(_), _) => match actual {
                ActualValue::Bytes(bytes) => {
                    format!("{} of {}", bytes.sha256(), self.describe_actual(actual))
                }
                _ => self.describe_actual(actual),
            },
            (ConditionKind::StartsWithBytes(start), _) => match actual {
                ActualValue::Bytes(bytes) => format!(
                    "{} in hex, at the start of {}",
                    hex::encode(
                        &bytes.head()[..start.len().min(MAX_SHOWN_BYTES).min(bytes.head().len())]
                    ),
                    self.describe_actual(actual)
                ),
                _ => self.describe_actual(actual),
            },
            (ConditionKind::Length(_), Some(_)) if matches!(actual, ActualValue::Bytes(_)) => {
                self.describe_actual(actual)
            }
            (ConditionKind::Length(_), Some(len)) => {
                format!("length {len}: {}", self.describe_actual(actual))
            }
            _ => self.describe_actual(actual),
        };
        (describe::describe_kind(kind, self.formatter), shown)
    }

    fn describe_actual(&self, actual: &ActualValue<'_>) -> String {
        match actual {
            ActualValue::Absent => "nothing".to_owned(),
            ActualValue::Latency(latency) => describe::format_duration(*latency),
            ActualValue::Moment(moment) => describe::format_moment(moment),
            ActualValue::Moments(moments) => {
                let shown: Vec<String> = moments.iter().map(describe::format_moment).collect();
                self.formatter.text(&shown.join(", "))
            }
            ActualValue::Age(age) => describe::format_age(*age),
            ActualValue::RepeatedHeader(values) => values
                .iter()
                .map(|value| self.formatter.without_type(&Value::from(*value)))
                .collect::<Vec<_>>()
                .join(" and "),
            ActualValue::Bytes(bytes) => crate::diagnostic::pluralize(bytes.len(), "byte"),
            ActualValue::Json(value) => self.formatter.with_type(*value),
            ActualValue::NodeList(nodes) => self.formatter.nodes(nodes),
            ActualValue::Text(text) | ActualValue::Header(text) => self.formatter.string(text),
        }
    }

    fn reason(
        &self,
        condition: &PreparedCondition<'_>,
        actual: &ActualValue<'_>,
    ) -> Option<String> {
        match &condition.kind {
            ConditionKind::Elements(ElementQuantifier::Some, inner) => self
                .no_match_reason(inner, actual)
                .or_else(|| type_mismatch::mismatch_reason(condition, actual, self.formatter)),
            ConditionKind::Includes(expected) => {
                type_mismatch::mismatch_reason(condition, actual, self.formatter)
                    .or_else(|| self.nested_match_hint(expected, actual))
            }
            _ => type_mismatch::mismatch_reason(condition, actual, self.formatter),
        }
    }

    /// Why no element of a list meets the conditions of `some`.
    fn no_match_reason(
        &self,
        inner: &[PreparedCondition<'_>],
        actual: &ActualValue<'_>,
    ) -> Option<String> {
        let unfit = actual
            .elements()?
            .find(|item| verdict::judge_all(inner, item) == PredicateVerdict::Inapplicable);
        let reason = unfit.and_then(|item| {
            inner
                .iter()
                .find_map(|inner| type_mismatch::mismatch_reason(inner, &item, self.formatter))
        });
        reason.or_else(|| {
            Some(match actual.len() {
                None | Some(0) => "the list is empty".to_owned(),
                Some(len) => format!("none of {len} elements matches"),
            })
        })
    }

    /// Where an object is that `includes` does not find, because it looks at the subject itself and
    /// not further down.
    fn nested_match_hint(&self, expected: &Value, actual: &ActualValue<'_>) -> Option<String> {
        let ActualValue::Json(root) = actual else {
            return None;
        };
        // Only a hint: the assertion has failed, whatever is found further down.
        let place = self.path_of(compare::find_nested(*root, expected.into())?)?;
        Some(format!("it is at {place}: use that path"))
    }

    fn differences(
        &self,
        kind: &ConditionKind<'_>,
        actual: &ActualValue<'_>,
        scene: &ConditionContext,
    ) -> DifferenceList {
        let base = self.difference_base(actual, scene);
        let trail = NodePath::Prefix(&base);
        let mut differ = DifferenceCollector::new(self.formatter);
        match (kind, actual) {
            (ConditionKind::Schema(schema), _) => {
                if let Some(value) = actual.to_value() {
                    schema::collect_violations(&mut differ, schema, &trail, &value);
                }
            }
            // An operand that is no list is the reason already; against an empty list every element
            // would seem to be one too many.
            (ConditionKind::Unordered(expected), _) => {
                if let (Some(expected), Some(_)) = (expected.as_list(), actual.items()) {
                    let expected: Vec<_> = expected.iter().map(JsonRef::from).collect();
                    let items = || actual.items().into_iter().flatten();
                    differ.compare_unordered(&trail, &expected, items);
                }
            }
            (ConditionKind::UnorderedDeep(expected), _) => {
                if let (Some(_), Some(items)) = (expected.as_list(), actual.items()) {
                    let items = Value::List(items.map(JsonRef::to_value).collect());
                    let items = arranged(expected, &items, &|_| true);
                    differ.compare_equal(&trail, (&**expected).into(), (&items).into());
                }
            }
            (ConditionKind::Equals(expected) | ConditionKind::Includes(expected), _) => {
                compare_containers(&mut differ, &trail, kind, expected, actual);
            }
            _ => {}
        }
        differ.finish()
    }

    /// The prefix of the paths of differences.
    fn difference_base(&self, actual: &ActualValue<'_>, scene: &ConditionContext) -> String {
        match (&scene.path, &self.assertion.subject, actual) {
            (Some(place), ..) => place.clone(),
            (None, Subject::Path(path), ActualValue::Json(_)) => path.as_str().to_owned(),
            _ => String::new(),
        }
    }
}

/// A part of a token is shown to nobody, whatever its name is.
fn hide_token(failure: &mut PredicateFailure) {
    "a value of a token (not shown)".clone_into(&mut failure.actual);
    failure.differences = DifferenceList::default();
    failure.path = None;
}

/// Where a list or an object differs from one that is expected.
fn compare_containers(
    differ: &mut DifferenceCollector<'_>,
    trail: &NodePath<'_>,
    kind: &ConditionKind<'_>,
    expected: &Value,
    actual: &ActualValue<'_>,
) {
    let is_equality = matches!(kind, ConditionKind::Equals(_));
    let headers;
    let (actual, nodes) = match actual {
        ActualValue::Json(value) => (Some(*value), None),
        ActualValue::NodeList(nodes) => (None, Some(nodes)),
        ActualValue::RepeatedHeader(_) => {
            headers = actual.to_value();
            (headers.as_ref().map(JsonRef::from), None)
        }
        _ => return,
    };
    if let (Some(nodes), Some(wanted)) = (nodes, expected.as_list()) {
        let wanted: Vec<_> = wanted.iter().map(JsonRef::from).collect();
        if is_equality {
            differ.compare_lists(trail, wanted.into_iter(), nodes.iter().copied());
        } else {
            differ.compare_included(trail, &wanted, || nodes.iter().copied());
        }
    }
    let is_container = matches!(expected.kind(), JsonKind::List | JsonKind::Object);
    match actual {
        Some(actual) if is_container && expected.kind() == actual.kind() => {
            if is_equality {
                differ.compare_equal(trail, expected.into(), actual);
            } else {
                differ.compare_subset(trail, expected.into(), actual);
            }
        }
        _ => {}
    }
}
