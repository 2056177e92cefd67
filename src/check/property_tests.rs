//! What holds for every value.

use super::actual_value::ActualValue;
use super::compare;
use super::difference::DifferenceCollector;
use super::show::ValueFormatter;
use super::test_support::constant;
use super::{ResponseView, judge};
use crate::jsonpath::{JsonPath, NodePath};
use crate::model::assertion::{Assertion, Predicate, PredicateTest, Subject};
use crate::model::template::TemplateTree;
use crate::span::Span;
use crate::value::{Number, Value};
use crate::wire::WireResponse;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

/// Few different letters and numbers, so that equal parts are common.
fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof!["-?[0-3]", "[0-3]\\.[05]0?", "[1-2]e[0-2]"]
        .prop_map(|text| Number::parse(&text).unwrap());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(Value::Number),
        "[ab가\u{1b}\u{202e}]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let members = vec(("[ab']{0,2}", inner.clone()), 0..4);
        prop_oneof![
            vec(inner, 0..5).prop_map(Value::List),
            members.prop_map(object)
        ]
    })
}

/// Every name once: what a repeated one means is not this room's question.
fn object(members: Vec<(String, Value)>) -> Value {
    let once: BTreeMap<String, Value> = members.into_iter().collect();
    Value::Object(
        once.into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect(),
    )
}

fn differs(expected: &Value, actual: &Value) -> bool {
    let mut differ = DifferenceCollector::new(ValueFormatter::default());
    differ.compare_equal(&NodePath::Prefix("$"), expected.into(), actual.into());
    !differ.finish().shown.is_empty()
}

/// Whether a test holds of a whole body.
fn accepts(body: &Value, test: PredicateTest) -> bool {
    let response = WireResponse::new(200, vec![], body.to_json().into(), Duration::ZERO);
    let subject = Subject::Path(JsonPath::parse("$").unwrap());
    let assertion = Assertion {
        subject,
        at: Span::default(),
        conversions: Vec::new(),
        predicates: vec![Predicate {
            at: Span::default(),
            test,
        }],
    };
    judge(&[assertion], &ResponseView::new(&response), &constant)
        .unwrap()
        .is_empty()
}

fn tree(value: &Value) -> TemplateTree {
    TemplateTree::constant(value.clone())
}

proptest! {
    #[test]
    fn a_value_equals_itself_and_includes_itself(value in value()) {
        prop_assert!(accepts(&value, PredicateTest::Equals(tree(&value))));
        prop_assert!(compare::is_subset((&value).into(), (&value).into()));
        prop_assert!(!differs(&value, &value));
    }

    #[test]
    fn there_is_a_difference_if_and_only_if_two_values_are_unequal(left in value(), right in value()) {
        prop_assert_eq!(differs(&left, &right), left != right);
        prop_assert_eq!(accepts(&right, PredicateTest::Equals(tree(&left))), left == right);
    }

    #[test]
    fn not_equals_is_the_opposite_of_equals(left in value(), right in value()) {
        let not = PredicateTest::Not(vec![Predicate { at: Span::default(), test: PredicateTest::Equals(tree(&left)) }]);
        prop_assert_eq!(accepts(&right, not), left != right);
    }

    #[test]
    fn any_order_is_any_order((list, shuffled) in vec(value(), 1..8).prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle()))) {
        let (list, shuffled) = (Value::List(list), Value::List(shuffled));
        prop_assert!(accepts(&list, PredicateTest::Unordered(tree(&shuffled))));
        prop_assert!(accepts(&list, PredicateTest::Includes(tree(&shuffled))));
    }

    #[test]
    fn one_element_more_is_another_list_in_any_order(mut list in vec(value(), 1..6), more in value()) {
        let shorter = Value::List(list.clone());
        list.push(more);
        prop_assert!(!accepts(&Value::List(list.clone()), PredicateTest::Unordered(tree(&shorter))));
        prop_assert!(accepts(&Value::List(list), PredicateTest::Includes(tree(&shorter))));
    }

    #[test]
    fn a_part_of_an_object_is_inside_it(members in vec(("[a-d]{1,2}", value()), 0..6), keep in any::<u8>()) {
        let whole = object(members);
        let part = whole.as_object().unwrap().iter().enumerate().filter(|(at, _)| keep >> at & 1 == 1);
        let part = Value::Object(part.map(|(_, member)| member.clone()).collect());
        // Of nothing there is nothing to say.
        prop_assume!(!part.as_object().unwrap().is_empty());
        prop_assert!(accepts(&whole, PredicateTest::Includes(tree(&part))));
    }

    #[test]
    fn unique_is_what_comparing_each_with_each_says(list in vec(value(), 1..8)) {
        let pair = (0..list.len()).any(|at| list[..at].contains(&list[at]));
        prop_assert_eq!(accepts(&Value::List(list), PredicateTest::Unique(true)), !pair);
    }

    #[test]
    fn what_does_not_hold_always_has_something_to_say(left in value(), right in value()) {
        for test in [PredicateTest::Equals(tree(&left)), PredicateTest::Includes(tree(&left)), PredicateTest::Unordered(tree(&left)), PredicateTest::Contains(tree(&left))] {
            let unsaid = accepts(&right, test.clone()) && accepts(&right, PredicateTest::Not(vec![Predicate { at: Span::default(), test }]));
            prop_assert!(!unsaid);
        }
    }

    #[test]
    fn no_value_of_an_answer_acts_on_a_terminal(value in value()) {
        let shown = ValueFormatter::default().with_type(&value);
        let acts = shown.contains(['\u{1b}', '\u{202e}']);
        prop_assert!(!acts && shown.chars().count() < 1000);
        prop_assert!(ActualValue::Json((&value).into()).exists());
    }
}
