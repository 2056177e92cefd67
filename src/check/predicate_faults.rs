//! Finds the predicates of an assertion that decide nothing or that no response can meet, at every
//! depth. What depends on a template is judged in the run.

use super::always_true::always_true;
use super::combinations::combination_faults;
use super::predicate_fault::{PredicateFault, PredicateFaultKind};
use super::subject_type::SubjectType;
use super::unsatisfiable::{inapplicable_reason, never_true_reason};
use crate::calendar;
use crate::model::assertion::{Assertion, Predicate, PredicateTest};
use crate::model::conversion::{ConversionKind, DateReading};
use crate::model::template::TemplateTree;

/// Every such predicate, with the reason.
#[must_use]
pub(crate) fn predicate_faults(assertion: &Assertion) -> Vec<PredicateFault> {
    let sort = SubjectType::of(assertion);
    let mut faults = conjunction_faults(&assertion.predicates, sort);
    let reading = assertion
        .conversions
        .iter()
        .find_map(|conversion| match &conversion.kind {
            ConversionKind::Date(reading) => Some(reading),
            _ => None,
        });
    if let Some(reading) = reading.filter(|_| faults.is_empty()) {
        moment_operand_faults(&assertion.predicates, reading, &mut faults);
    }
    faults
}

/// Constants that a time is compared with and that are none, or name no zone where `as` names none.
fn moment_operand_faults(
    predicates: &[Predicate],
    reading: &DateReading,
    faults: &mut Vec<PredicateFault>,
) {
    for predicate in predicates {
        let constant = predicate.test.operand().and_then(TemplateTree::as_constant);
        let operands = match (&predicate.test, constant) {
            (PredicateTest::OneOf(_), Some(choices)) => choices.as_list().unwrap_or_default(),
            (_, Some(operand)) => std::slice::from_ref(operand),
            (_, None) => &[],
        };
        let fault = operands.iter().find_map(|operand| {
            let time =
                calendar::read_moment(operand).and_then(|time| time.in_zone(reading.zone.as_ref()));
            time.err()
        });
        if let Some(error) = fault {
            let hint = error.hint.unwrap_or_default();
            faults.push(
                PredicateFault::new(predicate, PredicateFaultKind::Inapplicable, error.reason)
                    .with_hint(hint),
            );
        }
        moment_operand_faults(predicate.test.nested(), reading, faults);
    }
}

/// Predicates that must hold together.
fn conjunction_faults(predicates: &[Predicate], sort: SubjectType) -> Vec<PredicateFault> {
    let single: Vec<(&Predicate, Vec<PredicateFault>)> = predicates
        .iter()
        .map(|predicate| (predicate, single_faults(predicate, sort)))
        .collect();
    // In `{ at_least: 200, below: 300 }` the first bound completes the second.
    let has_bound = single
        .iter()
        .any(|(predicate, faults)| is_bound(predicate) && faults.is_empty());
    let mut faults: Vec<PredicateFault> = single
        .into_iter()
        .flat_map(|(predicate, faults)| {
            let completes = has_bound && is_bound(predicate);
            faults
                .into_iter()
                .filter(move |fault| !completes || fault.kind != PredicateFaultKind::AlwaysHolds)
        })
        .collect();
    // A predicate with a fault of its own makes every comparison with others meaningless.
    if faults.is_empty() {
        // Times are spelled in many ways, so what two of them say is not compared here.
        if !sort.is_moment() {
            faults = combination_faults(predicates, sort);
        }
    }
    faults
}

fn is_bound(predicate: &Predicate) -> bool {
    matches!(
        predicate.test,
        PredicateTest::Above(_)
            | PredicateTest::AtLeast(_)
            | PredicateTest::Below(_)
            | PredicateTest::AtMost(_)
    )
}

fn single_faults(predicate: &Predicate, sort: SubjectType) -> Vec<PredicateFault> {
    let test = &predicate.test;
    if let Some(reason) = inapplicable_reason(test, sort) {
        return vec![PredicateFault::new(
            predicate,
            PredicateFaultKind::Inapplicable,
            reason,
        )];
    }
    if let Some(reason) = never_true_reason(test, sort) {
        return vec![PredicateFault::new(
            predicate,
            PredicateFaultKind::NeverHolds,
            reason,
        )];
    }
    if let Some(always) = always_true(test, sort) {
        return vec![
            PredicateFault::new(predicate, PredicateFaultKind::AlwaysHolds, always.reason)
                .with_hint(always.hint),
        ];
    }
    nested_faults(test, sort)
}

/// The predicates inside of another one.
fn nested_faults(test: &PredicateTest, sort: SubjectType) -> Vec<PredicateFault> {
    match test {
        PredicateTest::Not(inner) => conjunction_faults(inner, sort)
            .into_iter()
            .map(|fault| negated(fault, "not", inner.len()))
            .collect(),
        PredicateTest::None(inner) => conjunction_faults(inner, sort.element())
            .into_iter()
            .map(|fault| negated(fault, "none", inner.len()))
            .collect(),
        PredicateTest::Each(inner) | PredicateTest::Some(inner) => {
            conjunction_faults(inner, sort.element())
        }
        PredicateTest::Age(inner) => conjunction_faults(inner, SubjectType::Age),
        PredicateTest::Length(inner) => conjunction_faults(inner, SubjectType::Length),
        _ => Vec::new(),
    }
}

/// The negation of what never holds always holds. The negation of what always holds never does,
/// unless something beside it can fail.
fn negated(fault: PredicateFault, under: &str, beside: usize) -> PredicateFault {
    match fault.kind {
        PredicateFaultKind::NeverHolds => PredicateFault {
            kind: PredicateFaultKind::AlwaysHolds,
            reason: format!("under `{under}`, this always passes: {}", fault.reason),
            hint: None,
            ..fault
        },
        PredicateFaultKind::AlwaysHolds if beside == 1 && under == "not" => PredicateFault {
            kind: PredicateFaultKind::NeverHolds,
            reason: format!("under `not`, this never passes: {}", fault.reason),
            hint: None,
            ..fault
        },
        _ => fault,
    }
}
