//! Every predicate: what it accepts, what it refuses and how it says so, and what it does not apply
//! to.

use super::judge::holds;
use super::predicate_fault::PredicateFaultKind;
use super::test_support::{assertion, constant, failures, json, lines, response, subject};
use super::{ResponseView, capture, holds_without_templates, judge, predicate_faults};
use crate::model::assertion::PredicateTest;
use crate::model::capture::Capture;
use crate::model::template::{Template, TemplateTree, TemplateTreeKind};
use crate::span::{FileId, Span};
use crate::value::Value;
use crate::wire::WireResponse;
use std::time::Duration;

const BODY: &str = r#"{
    "n": 5, "price": 1.10, "text": "12", "word": "무선 이어폰", "no": null, "yes": true, "one": 1.0,
    "big": 9007199254740993, "list": [1, 2, 3], "empty": [], "mixed": [1, "1", null], "twice": [{"a": 1}, 2, {"a": 1.0}],
    "o": {"a": {"b": [1, 2], "c": "x"}, "d": 1}, "hollow": {},
    "items": [{"id": 1, "tags": ["a", "b"], "p": 10}, {"id": 2, "tags": ["c"], "p": 0}, {"id": 3, "tags": [], "p": -1}],
    "child": {"id": 7, "parent": {"id": 5}}
}"#;

fn passes(rows: &[(&str, &str)]) {
    for (on, expected) in rows {
        assert_eq!(
            lines(&failures(BODY, on, expected)),
            Vec::<String>::new(),
            "{on}: {expected}"
        );
    }
}

/// The message is the whole of what is said.
fn fails(rows: &[(&str, &str, &str)]) {
    for (on, expected, message) in rows {
        assert_eq!(
            lines(&failures(BODY, on, expected)).join("\n"),
            *message,
            "{on}: {expected}"
        );
    }
}

/// What does not apply fails, and so do `not` and `none` of it.
fn unfit(rows: &[(&str, &str, &str)]) {
    for (on, expected, why) in rows {
        for expected in [(*expected).to_owned(), format!(r#"{{"not":{expected}}}"#)] {
            let failures = failures(BODY, on, &expected);
            let reason = failures
                .first()
                .and_then(|failure| failure.reason.clone())
                .unwrap_or_default();
            assert!(
                failures.len() == 1 && reason.contains(why),
                "{on}: {expected}: {failures:#?}"
            );
        }
    }
}

#[test]
fn equals_is_equal_in_value_and_type() {
    passes(&[
        ("$.n", "5"),
        ("$.n", "5.0"),
        ("$.price", "1.1"),
        ("$.text", r#""12""#),
        ("$.no", "null"),
        ("$.yes", "true"),
        ("$.big", "9007199254740993"),
        ("$.list", "[1,2,3]"),
        ("$.list[*]", "[1,2,3]"),
        ("$.empty[*]", "[]"),
        ("$.o", r#"{"equals":{"d":1,"a":{"c":"x","b":[1,2]}}}"#),
        ("$.n", r#"{"not":"5"}"#),
        ("status", "200"),
        ("header.x-left", "7"),
        ("header.x-left", r#""7""#),
        ("header.set-cookie", r#""b=2""#),
    ]);
    fails(&[
        ("$.n", "6", "$.n: expected 6 (number), got 5 (number)"),
        (
            "$.big",
            "9007199254740992",
            "$.big: expected 9007199254740992 (number), got 9007199254740993 (number)",
        ),
        (
            "$.text",
            "12",
            "$.text: expected 12 (number), got \"12\" (string); a number is expected, but the value is text: write \"12\" in quotes",
        ),
        (
            "$.n",
            r#""5""#,
            "$.n: expected \"5\" (string), got 5 (number); text is expected, but the value is a number: write 5 without quotes",
        ),
        (
            "$.no",
            "false",
            "$.no: expected false (boolean), got null (null)",
        ),
        (
            "$.n",
            r#"{"not":5}"#,
            "$.n: expected not 5 (number), got 5 (number)",
        ),
        (
            "header.set-cookie",
            r#""c""#,
            "header.set-cookie: expected \"c\" (string), got \"a=1; Secure\" and \"b=2\"",
        ),
        (
            "header.x-left",
            r#"{"not":7}"#,
            "header.x-left: expected not 7 (number), got \"7\" (string)",
        ),
    ]);
    unfit(&[(
        "latency",
        "5",
        "`latency` is compared with a duration such as `2s`",
    )]);
}

#[test]
fn objects_and_lists_say_where_they_differ() {
    fails(&[
        (
            "$.o",
            r#"{"equals":{"a":{"b":[1,3],"x":null},"d":"1"}}"#,
            "$.o: expected {\"a\":{\"b\":[1,3],\"x\":null},\"d\":\"1\"} (object), got {\"a\":{\"b\":[1,2],\"c\":\"x\"},\"d\":1} (object)
  $.o.a.b[1]: expected 3 (number), got 2 (number)
  $.o.a.x: missing, expected null (null)
  $.o.a.c: unexpected \"x\" (string)
  $.o.d: expected \"1\" (string), got 1 (number)",
        ),
        (
            "$.list",
            "[2,3]",
            "$.list: expected [2,3] (array of 2), got [1,2,3] (array of 3)\n  $.list[0]: unexpected 1 (number)",
        ),
        (
            "$.items[*].id",
            "[1,2,3,4]",
            "$.items[*].id: expected [1,2,3,4] (array of 4), got [1,2,3] (array of 3)\n  [3]: missing, expected 4 (number)",
        ),
        ("$.list", r#"{"equals":{}}"#, "$.list: expected {} (object), got [1,2,3] (array of 3)"),
    ]);
}

#[test]
fn one_of_and_type_choose() {
    passes(&[
        ("$.n", r#"{"one_of":[4,5.0]}"#),
        ("status", r#"{"one_of":[200,201]}"#),
        ("header.x-left", r#"{"one_of":[7]}"#),
        ("$.one", r#"{"type":"integer"}"#),
        ("$.price", r#"{"type":["string","number"]}"#),
        ("$.no", r#"{"type":"null"}"#),
        ("$.list[*]", r#"{"type":"array"}"#),
        ("body", r#"{"type":"string"}"#),
        ("$.text", r#"{"not":{"type":"number"}}"#),
    ]);
    fails(&[
        (
            "$.n",
            r#"{"one_of":[1,2]}"#,
            "$.n: expected one_of [1,2], got 5 (number)",
        ),
        (
            "$.price",
            r#"{"type":"integer"}"#,
            "$.price: expected type integer, got 1.10 (number)",
        ),
        (
            "$.n",
            r#"{"type":["string","null"]}"#,
            "$.n: expected type string or null, got 5 (number)",
        ),
        (
            "$.n",
            r#"{"one_of":["5","6"]}"#,
            "$.n: expected one_of [\"5\",\"6\"], got 5 (number); text is expected, but the value is a number: write 5 without quotes",
        ),
    ]);
    unfit(&[(
        "$.n",
        r#"{"one_of":5}"#,
        "`one_of` needs a list, but 5 (number) is not",
    )]);
}

#[test]
fn what_is_not_there_fails_unless_that_is_expected() {
    passes(&[
        ("$.nothing", r#"{"exists":false}"#),
        ("$.no", r#"{"exists":true}"#),
        ("$.nothing", r#"{"not":{"exists":true}}"#),
        ("$..nothing", r#"{"exists":false}"#),
        ("$.items[*]", r#"{"exists":true}"#),
        ("header.x-none", r#"{"exists":false}"#),
        ("body", r#"{"exists":true}"#),
    ]);
    fails(&[
        (
            "$.no",
            r#"{"exists":false}"#,
            "$.no: expected nothing, got null (null)",
        ),
        (
            "$.items[0].idd",
            "1",
            "$.items[0].idd: expected 1 (number), got nothing; `$.items[0]` has no member `idd`; did you mean `id`?",
        ),
        (
            "$.o.zzz",
            r#"{"exists":true}"#,
            "$.o.zzz: expected something, got nothing; `$.o` has no member `zzz`; it has `a` and `d`",
        ),
        (
            "$.list[7]",
            "1",
            "$.list[7]: expected 1 (number), got nothing; `$.list` has 3 elements, so there is no [7]",
        ),
        (
            "$.n.a",
            r#"{"not":1}"#,
            "$.n.a: expected not 1 (number), got nothing; `$.n` is 5 (number)",
        ),
        (
            "$.o.zzz",
            r#"{"type":"string","length":3}"#,
            "$.o.zzz: expected type string and length 3, got nothing; `$.o` has no member `zzz`; it has `a` and `d`",
        ),
        (
            "header.x-lef",
            "7",
            "header.x-lef: expected 7 (number), got nothing; did you mean `x-left`?",
        ),
        (
            "header.zzzzzzzz",
            r#"{"exists":true}"#,
            "header.zzzzzzzz: expected something, got nothing",
        ),
    ]);
}

#[test]
fn bounds_are_for_numbers_and_for_latency() {
    passes(&[
        (
            "$.n",
            r#"{"above":4.99,"at_least":5,"below":5.01,"at_most":5}"#,
        ),
        ("$.big", r#"{"above":9007199254740992}"#),
        ("status", r#"{"at_least":200,"below":300}"#),
        ("header.x-left", r#"{"above":6}"#),
        ("latency", r#"{"below":"2s","at_least":"1500ms"}"#),
        ("latency", r#"{"not":{"above":"2s"}}"#),
        ("$.n", r#"{"not":{"above":5}}"#),
    ]);
    fails(&[
        (
            "$.n",
            r#"{"above":5}"#,
            "$.n: expected above 5, got 5 (number)",
        ),
        (
            "$.n",
            r#"{"above":5,"below":5}"#,
            "$.n: expected above 5, got 5 (number)\n$.n: expected below 5, got 5 (number)",
        ),
        (
            "latency",
            r#"{"below":"1s"}"#,
            "latency: expected below 1s, got 1.5s",
        ),
        (
            "header.x-left",
            r#"{"at_most":6}"#,
            "header.x-left: expected at_most 6, got \"7\" (string)",
        ),
    ]);
    unfit(&[
        (
            "$.text",
            r#"{"above":5}"#,
            "`above` needs a number; did the API send it as text?",
        ),
        ("$.word", r#"{"above":5}"#, "`above` needs a number"),
        (
            "$.n",
            r#"{"above":"5"}"#,
            "`above` needs a number, but \"5\" (string) is not",
        ),
        (
            "$.n",
            r#"{"below":"2s"}"#,
            "a duration can be compared only with `latency` and `age`",
        ),
        (
            "latency",
            r#"{"below":2}"#,
            "`latency` is compared with a duration such as `2s`",
        ),
        ("$.list[*]", r#"{"above":0}"#, "this path finds a list"),
        (
            "header.content-type",
            r#"{"above":5}"#,
            "`above` needs a number",
        ),
        ("$.no", r#"{"at_most":5}"#, "`at_most` needs a number"),
    ]);
}

#[test]
fn parts_of_texts_and_elements_of_lists() {
    passes(&[
        (
            "$.word",
            r#"{"matches":"이어","contains":"선 이","starts_with":"무선","ends_with":"폰"}"#,
        ),
        ("$.text", r#"{"contains":1,"starts_with":1,"ends_with":2}"#),
        ("$.list", r#"{"contains":2.0}"#),
        ("$.items[*].id", r#"{"contains":2}"#),
        (
            "header.content-type",
            r#"{"starts_with":"application/json"}"#,
        ),
        ("header.set-cookie", r#"{"contains":"Secure"}"#),
        ("body", r#"{"contains":"parent"}"#),
        ("$.list", r#"{"not":{"contains":"2"}}"#),
    ]);
    fails(&[
        (
            "$.text",
            r#"{"matches":"^x"}"#,
            "$.text: expected matches `^x`, got \"12\" (string)",
        ),
        (
            "$.text",
            r#"{"contains":"x"}"#,
            "$.text: expected contains \"x\", got \"12\" (string)",
        ),
        (
            "$.text",
            r#"{"starts_with":"2"}"#,
            "$.text: expected starts_with \"2\", got \"12\" (string)",
        ),
        (
            "$.text",
            r#"{"ends_with":"1"}"#,
            "$.text: expected ends_with \"1\", got \"12\" (string)",
        ),
        (
            "$.list",
            r#"{"contains":"2"}"#,
            "$.list: expected contains \"2\", got [1,2,3] (array of 3)",
        ),
        (
            "header.set-cookie",
            r#"{"not":{"contains":"b"}}"#,
            "header.set-cookie: expected not contains \"b\", got \"a=1; Secure\" and \"b=2\"",
        ),
        (
            "header.set-cookie",
            r#"{"starts_with":"b","contains":"Secure"}"#,
            "header.set-cookie: expected starts_with \"b\" and contains \"Secure\", got \"a=1; Secure\" and \"b=2\"; \
             none of these values meets all predicates",
        ),
    ]);
    unfit(&[
        (
            "$.n",
            r#"{"matches":"5"}"#,
            "`matches` needs a text; compare numbers with",
        ),
        (
            "$.n",
            r#"{"contains":5}"#,
            "`contains` needs a text or a list",
        ),
        (
            "$.list",
            r#"{"starts_with":1}"#,
            "`starts_with` needs a text",
        ),
        (
            "$.text",
            r#"{"contains":null}"#,
            "`contains` needs text, but null (null) is not",
        ),
        (
            "$.o",
            r#"{"contains":"a"}"#,
            "`contains` needs a text or a list",
        ),
    ]);
}

#[test]
fn length_counts_letters_elements_and_members() {
    passes(&[
        ("$.word", r#"{"length":6}"#),
        ("$.list", r#"{"length":{"above":2,"below":4}}"#),
        ("$.o", r#"{"length":2}"#),
        ("$.empty[*]", r#"{"length":0}"#),
        ("$.empty", r#"{"length":0}"#),
        ("header.x-left", r#"{"length":1}"#),
    ]);
    fails(&[
        (
            "$.list",
            r#"{"length":5}"#,
            "$.list: expected length 5, got length 3: [1,2,3] (array of 3)",
        ),
        (
            "$.word",
            r#"{"length":{"at_most":3}}"#,
            "$.word: expected length at_most 3, got length 6: \"무선 이어폰\" (string)",
        ),
        (
            "$.list",
            r#"{"not":{"length":3}}"#,
            "$.list: expected not length 3, got [1,2,3] (array of 3)",
        ),
    ]);
    unfit(&[
        (
            "$.n",
            r#"{"length":1}"#,
            "`length` needs a text, a list or an object",
        ),
        (
            "$.list",
            r#"{"length":{"matches":"3"}}"#,
            "`matches` needs a text",
        ),
    ]);
}

#[test]
fn each_some_and_none_look_at_elements() {
    passes(&[
        ("$.items[*].id", r#"{"each":{"above":0,"type":"integer"}}"#),
        ("$.items", r#"{"some":{"includes":{"id":2}}}"#),
        ("$.items", r#"{"none":{"includes":{"id":9}}}"#),
        ("$.empty[*]", r#"{"none":{"above":0}}"#),
        ("$.empty", r#"{"none":5}"#),
        ("$.mixed", r#"{"some":{"above":0}}"#),
        ("$.items[0:2]", r#"{"each":{"includes":{"tags":[]}}}"#),
        ("$.items[*].tags", r#"{"some":{"each":{"matches":"[ab]"}}}"#),
    ]);
    fails(&[
        (
            "$.items[*].p",
            r#"{"each":{"above":0}}"#,
            "$.items[*].p: expected above 0, got 0 (number) at $.items[1].p (and one more)",
        ),
        (
            "$.mixed",
            r#"{"each":{"above":0,"not":null}}"#,
            "$.mixed: expected above 0, got \"1\" (string) at $.mixed[1] (and one more); `above` needs a number; did the API send it as text?
$.mixed: expected not null (null), got null (null) at $.mixed[2]",
        ),
        (
            "$.items",
            r#"{"each":{"includes":{"p":10,"tags":["a"]}}}"#,
            "$.items: expected includes {\"p\":10,\"tags\":[\"a\"]}, got {\"id\":2,\"tags\":[\"c\"],\"p\":0} (object) at $.items[1] (and one more)
  $.items[1].p: expected 10 (number), got 0 (number)
  $.items[1].tags: missing, expected \"a\" (string)",
        ),
        ("$.list", r#"{"some":{"above":3}}"#, "$.list: expected some: above 3, got [1,2,3] (array of 3); none of 3 elements matches"),
        ("$.list", r#"{"none":{"above":2}}"#, "$.list: expected none: above 2, got 3 (number) at $.list[2]"),
        ("$.empty", r#"{"some":5}"#, "$.empty: expected some: 5 (number), got [] (array); the list is empty"),
        (
            "$.mixed",
            r#"{"none":{"above":5}}"#,
            "$.mixed: expected above 5, got \"1\" (string) at $.mixed[1] (and one more); `above` needs a number; did the API send it as text?",
        ),
        ("$.items[*].tags", r#"{"each":{"each":{"length":1}}}"#, "$.items[*].tags: expected each: length 1, got [] (array) at $.items[2].tags; the list is empty, so `each` tests nothing; to expect an empty list, write `length: 0`"),
    ]);
    unfit(&[
        ("$.empty", r#"{"each":5}"#, "the list is empty"),
        ("$.empty[*]", r#"{"each":{"above":0}}"#, "the list is empty"),
        ("$.n", r#"{"each":5}"#, "`each` needs a list"),
        ("$.o", r#"{"some":5}"#, "`some` needs a list"),
        ("$.n", r#"{"none":5}"#, "`none` needs a list"),
        (
            "$.mixed",
            r#"{"some":{"above":5}}"#,
            "did the API send it as text?",
        ),
    ]);
}

#[test]
fn the_place_of_a_failure_is_the_predicate_that_fails() {
    let found = failures(
        BODY,
        "$.items",
        r#"{"length":3,"each":{"type":"object","includes":{"p":10}},"unique":false}"#,
    );
    let places: Vec<(u32, &str)> = found
        .iter()
        .map(|failure| (failure.at.start, failure.predicate))
        .collect();
    assert_eq!(places, [(12, "each"), (3, "unique")]);
}

#[test]
fn includes_is_a_part_at_every_depth_from_the_subject_on() {
    passes(&[
        ("$.o", r#"{"includes":{"a":{"b":[2]}}}"#),
        (
            "$.items",
            r#"{"includes":[{"id":3},{"id":1,"tags":["b"]}]}"#,
        ),
        ("$.items[*].id", r#"{"includes":[3,1]}"#),
        ("$.child", r#"{"not":{"includes":{"id":5}}}"#),
        ("$.list", r#"{"not":{"includes":[1,1]}}"#),
    ]);
    fails(&[
        (
            "$.o",
            r#"{"includes":{"a":{"b":[3],"c":"y","z":1}}}"#,
            "$.o: expected includes {\"a\":{\"b\":[3],\"c\":\"y\",\"z\":1}}, got {\"a\":{\"b\":[1,2],\"c\":\"x\"},\"d\":1} (object)
  $.o.a.b: missing, expected 3 (number)
  $.o.a.c: expected \"y\" (string), got \"x\" (string)
  $.o.a.z: missing, expected 1 (number)",
        ),
        (
            "$.child",
            r#"{"includes":{"id":5}}"#,
            "$.child: expected includes {\"id\":5}, got {\"id\":7,\"parent\":{\"id\":5}} (object); it is at $.child.parent: use that path
  $.child.id: expected 5 (number), got 7 (number)",
        ),
        (
            "$.list",
            r#"{"includes":[1,9]}"#,
            "$.list: expected includes [1,9], got [1,2,3] (array of 3)\n  $.list: missing, expected 9 (number)",
        ),
    ]);
    unfit(&[
        (
            "$.items",
            r#"{"includes":{"id":1}}"#,
            "`some: { includes: … }`",
        ),
        (
            "$.n",
            r#"{"includes":{"id":1}}"#,
            "`includes` with an object needs an object",
        ),
        (
            "$.o",
            r#"{"includes":["d"]}"#,
            "`includes` with a list needs a list",
        ),
        (
            "$.list",
            r#"{"includes":1}"#,
            "`includes` needs an object or a list; for 1, use `contains`",
        ),
    ]);
}

#[test]
fn partners_are_exchanged_before_an_element_is_missing() {
    let body = r#"[{"a":1,"b":2},{"a":1}]"#;
    assert_eq!(
        failures(body, "$", r#"{"includes":[{"a":1},{"a":1,"b":2}]}"#),
        []
    );
    assert_eq!(
        failures(body, "$", r#"{"includes":[{"b":2},{"b":2}]}"#).len(),
        1
    );
}

#[test]
fn unordered_and_unique_compare_elements() {
    passes(&[
        ("$.list", r#"{"unordered":[3,1,2.0],"unique":true}"#),
        ("$.mixed", r#"{"unordered":[null,"1",1],"unique":true}"#),
        ("$.items[*].id", r#"{"unordered":[2,3,1]}"#),
        ("$.twice", r#"{"unique":false}"#),
        ("$.empty[*]", r#"{"unordered":[]}"#),
        ("$.mixed", r#"{"unordered":{"deep":[null,"1",1.0]}}"#),
        ("$.twice", r#"{"unordered":{"deep":[2,{"a":1},{"a":1}]}}"#),
        ("$.items[*].id", r#"{"unordered":{"deep":[2,3,1]}}"#),
    ]);
    fails(&[
        (
            "$.list",
            r#"{"unordered":[3,3,1]}"#,
            "$.list: expected unordered [3,3,1], got [1,2,3] (array of 3)\n  $.list: missing, expected 3 (number)\n  $.list[1]: unexpected 2 (number)",
        ),
        (
            "$.twice",
            r#"{"unique":true}"#,
            "$.twice: expected no element twice, got [{\"a\":1},2,{\"a\":1.0}] (array of 3); elements [0] and [2] are equal",
        ),
        (
            "$.items[*].id",
            r#"{"unordered":[1,2,4]}"#,
            "$.items[*].id: expected unordered [1,2,4], got [1,2,3] (array of 3)\n  missing, expected 4 (number)\n  [2]: unexpected 3 (number)",
        ),
        (
            "$.list",
            r#"{"unique":false}"#,
            "$.list: expected an element twice, got [1,2,3] (array of 3)",
        ),
    ]);
    unfit(&[
        ("$.empty[*]", r#"{"unique":true}"#, "the list is empty"),
        ("$.o", r#"{"unique":true}"#, "`unique` needs a list"),
        ("$.o", r#"{"unordered":[1]}"#, "`unordered` needs a list"),
        (
            "$.list",
            r#"{"unordered":1}"#,
            "`unordered` needs a list, but 1 (number) is not",
        ),
    ]);
}

#[test]
fn a_schema_names_every_rule_that_is_broken() {
    let schema = r#"{"schema":{"type":"object","required":["id","name"],"properties":{"p":{"minimum":1},"tags":{"items":{"type":"integer"}}}}}"#;
    passes(&[
        ("$.o", r#"{"schema":{"type":"object"}}"#),
        ("$.one", r#"{"schema":{"type":"integer"}}"#),
        ("$.big", r#"{"schema":{"const":9007199254740993}}"#),
        ("$.big", r#"{"not":{"schema":{"const":9007199254740992}}}"#),
        (
            "$.items[*].id",
            r#"{"schema":{"type":"array","minItems":3}}"#,
        ),
    ]);
    fails(&[(
        "$.items[1]",
        schema,
        "$.items[1]: expected schema schemas/item.json, got {\"id\":2,\"tags\":[\"c\"],\"p\":0} (object)
  $.items[1]: \"name\" is a required property, got {\"id\":2,\"tags\":[\"c\"],\"p\":0} (object)
  $.items[1].tags[0]: the value is not of type \"integer\", got \"c\" (string)
  $.items[1].p: the value is less than the minimum of 1, got 0 (number)",
    )]);
    unfit(&[(
        "latency",
        r#"{"schema":{}}"#,
        "`latency` is compared with a duration",
    )]);
}

#[test]
fn not_of_several_is_true_when_one_of_them_fails() {
    passes(&[
        ("$.n", r#"{"not":{"above":1,"below":5}}"#),
        ("$.text", r#"{"not":{"type":"number","above":5}}"#),
    ]);
    fails(&[(
        "$.n",
        r#"{"not":{"above":1,"below":9}}"#,
        "$.n: expected not above 1 and below 9, got 5 (number)",
    )]);
}

#[test]
fn a_body_that_is_not_json_fails_every_path_and_is_shown() {
    let page = "<html>\u{1b}[31m\n<body>sold out";
    for expected in [
        "5",
        r#"{"exists":false}"#,
        r#"{"not":5}"#,
        r#"{"length":0}"#,
    ] {
        let found = failures(page, "$.a[*]", expected);
        assert_eq!(
            found[0].actual, "<html>\\u001b[31m\\n<body>sold out",
            "{expected}"
        );
        assert!(
            found.len() == 1
                && found[0]
                    .reason
                    .as_deref()
                    .unwrap()
                    .starts_with("the body is not JSON:"),
            "{found:?}"
        );
    }
    let empty = failures("", "$.a", r#"{"exists":false}"#);
    assert_eq!(
        empty[0].to_string(),
        "$.a: expected nothing, got no body; the body is empty"
    );
    assert_eq!(failures("", "body", r#""""#), []);
    assert_eq!(failures(page, "body", r#"{"contains":"sold out"}"#), []);
}

#[test]
fn a_body_that_is_no_text_is_not_compared_as_one() {
    let headers = vec![("content-type".into(), "text/plain; charset=EUC-KR".into())];
    let body = vec![0xff, b'o'].into();
    let answer = WireResponse::new(200, headers, body, Duration::ZERO);
    let found = judge(
        &[assertion("body", r#"{"not":{"contains":"error"}}"#)],
        &ResponseView::new(&answer),
        &constant,
    )
    .unwrap();
    assert_eq!(
        found[0].reason.as_deref(),
        Some("the body is not text: it is not EUC-KR, as its content-type says, at byte 0")
    );
}

#[test]
fn a_path_that_looks_at_too_much_is_a_failure() {
    let body = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let found = failures(&body, "$..*..*..*..*", r#"{"none":5}"#);
    assert!(
        found[0]
            .reason
            .as_deref()
            .unwrap()
            .contains("visits more than 100000 places"),
        "{found:?}"
    );
}

#[test]
fn all_assertions_are_judged_and_nothing_is_resolved_twice() {
    let response = response(BODY);
    let answer = ResponseView::new(&response);
    let all = [
        assertion("status", "201"),
        assertion("$.n", "5"),
        assertion("$.items[*].p", r#"{"each":{"above":100}}"#),
    ];
    let count = std::cell::Cell::new(0);
    let resolve = |tree| {
        count.set(count.get() + 1);
        constant(tree)
    };
    let found = judge(&all, &answer, &resolve).unwrap();
    assert_eq!((found.len(), count.get()), (2, 3));
    assert_eq!(
        (
            holds(&all, &answer, &constant),
            holds(&all[1..2], &answer, &constant)
        ),
        (Ok(false), Ok(true))
    );
    assert_eq!(
        judge(&all, &answer, &|_| Err("no such name")).unwrap_err(),
        "no such name"
    );
}

#[test]
fn a_secret_never_reaches_a_failure_not_even_in_part() {
    let secret = "t0ken".repeat(40);
    let body = format!(r#"{{"a":"{secret}","b":["{secret}"],"c":{{"{secret}":1}}}}"#);
    let response = response(&body);
    let hide = |text: &str| text.replace(&secret, "***");
    let answer = ResponseView::new(&response).with_redaction(&hide);
    let all = [
        assertion("$.a", "5"),
        assertion("$.b", r#"["x"]"#),
        assertion("$", r#"{"equals":{"c":{}}}"#),
        assertion("body", r#""x""#),
        assertion("$.c.t", "1"),
        assertion("$.c", r#"{"includes":{"x":1}}"#),
        assertion("$.a", r#"{"schema":{"maxLength":3}}"#),
    ];
    let found = judge(&all, &answer, &constant).unwrap();
    assert_eq!(found.len(), all.len());
    assert!(!format!("{found:?}").contains("t0ken"), "{found:#?}");
}

fn captured(from: &str) -> Result<Value, String> {
    captured_with(from, false)
}

fn captured_with(from: &str, takes_all: bool) -> Result<Value, String> {
    let response = response(BODY);
    let at = Span::new(FileId(0), 1, 2);
    let wanted = Capture {
        name: "x".to_owned(),
        name_at: at,
        from: subject(from),
        at,
        conversions: Vec::new(),
        is_secret: false,
        takes_all,
        pattern: None,
        default: None,
    };
    taken(&wanted, &response)
}

fn taken(wanted: &Capture, response: &WireResponse) -> Result<Value, String> {
    let captured = capture(wanted, &ResponseView::new(response));
    captured
        .map(|captured| captured.value)
        .map_err(|failure| failure.to_string())
}

/// A capture with a pattern, a default, or both.
fn long_form(from: &str, pattern: Option<&str>, default: Option<&str>) -> Result<Value, String> {
    let at = Span::new(FileId(0), 1, 2);
    let wanted = Capture {
        name: "x".to_owned(),
        name_at: at,
        from: subject(from),
        at,
        conversions: Vec::new(),
        is_secret: false,
        takes_all: false,
        pattern: pattern.map(|pattern| crate::model::lazy_regex::LazyRegex::new(pattern).unwrap()),
        default: default.map(json),
    };
    let answer = r#"{"link":"</o?page=3>; rel=next, </o?page=3>; rel=last","two":"a=1 a=2","n":5,"order":{"note":null,"memo":"m"},"list":["a=1","b","a=2"]}"#;
    taken(&wanted, &response(answer))
}

#[test]
fn a_pattern_takes_what_its_group_finds() {
    let page = long_form("$.link", Some("page=([0-9]+)"), None);
    assert_eq!(page, Ok(Value::from("3")), "found twice, and the same");
    assert_eq!(
        long_form("$.list", Some("a=(.)"), None),
        Ok(json(r#"["1","2"]"#))
    );
    assert_eq!(
        long_form("$.two", Some("a=([0-9])"), None).unwrap_err(),
        "cannot capture `x`: `pattern` finds 2 texts that differ; to capture all of them, write `all: true`"
    );
    assert_eq!(
        long_form("$.n", Some("(.)"), None).unwrap_err(),
        "cannot capture `x`: `pattern` needs text, but this is number"
    );
    assert_eq!(
        long_form("$.link", Some("cursor=(.)"), None).unwrap_err(),
        "cannot capture `x`: `pattern` finds nothing in the text"
    );
}

#[test]
fn a_default_is_taken_for_what_is_not_there_and_for_nothing_else() {
    let default = Some("\"none\"");
    assert_eq!(long_form("$.order.buyer", None, default), Ok("none".into()));
    assert_eq!(long_form("$.order.note", None, default), Ok(Value::Null));
    assert_eq!(long_form("header.x-page", None, default), Ok("none".into()));
    assert_eq!(
        long_form("cookie.session", None, default),
        Ok("none".into())
    );
    assert_eq!(
        long_form("$.link", Some("cursor=(.)"), default),
        Ok("none".into())
    );
    // A slip would take the default for ever.
    assert_eq!(
        long_form("$.order.memmo", None, default).unwrap_err(),
        "cannot capture `x`: `$.order` has no member `memmo`; did you mean `memo`?"
    );
    assert_eq!(
        long_form("$.ordr.buyer", None, default).unwrap_err(),
        "cannot capture `x`: `$` has no member `ordr`; did you mean `order`?"
    );
    assert!(
        long_form("//order", None, default).is_err(),
        "the body is not XML"
    );
    assert!(
        long_form("$.n", Some("(.)"), default).is_err(),
        "a number is no text"
    );
}

#[test]
fn a_cookie_is_the_value_that_the_response_sets() {
    assert_eq!(captured("cookie.a"), Ok("1".into()));
    assert_eq!(captured("cookie.b"), Ok("2".into()));
    assert_eq!(
        captured("cookie.A").unwrap_err(),
        "cannot capture `x`: did you mean `a`?"
    );
    let holds = |on: &str, expected: &str| lines(&failures(BODY, on, expected));
    assert_eq!(holds("cookie.a", "\"1\""), Vec::<String>::new());
    assert_eq!(holds("cookie.b", r#"{"above":1}"#), Vec::<String>::new());
    assert_eq!(
        holds("cookie.zz", r#"{"exists":false}"#),
        Vec::<String>::new()
    );
}

#[test]
fn bytes_have_a_length_a_hash_and_a_beginning() {
    let hash = "86EDBAA24831BADFA0A8B04BB410141E2EE4182B6D0014493FE262A7A331C20B";
    let said = |expected: &str| lines(&failures("%PDF-1.7", "bytes", expected)).join("\n");
    assert_eq!(said(r#"{"length":8,"starts_with_hex":"255044"}"#), "");
    assert_eq!(
        said(r#"{"starts_with_hex":"ffd8"}"#),
        "bytes: expected starts_with ffd8 in hex, got 2550 in hex, at the start of 8 bytes"
    );
    assert_eq!(
        said(r#"{"length":9}"#),
        "bytes: expected length 9, got 8 bytes"
    );
    assert_eq!(said(&format!("{{\"sha256\":\"{hash}\"}}")), "");
    assert!(said(r#"{"sha256":"00"}"#).starts_with("bytes: expected sha256 \"00\", got "));
}

#[test]
fn a_header_that_comes_more_than_once_is_captured_as_a_list_or_not_at_all() {
    assert_eq!(
        captured("header.set-cookie"),
        Err(
            "cannot capture `x`: the response has 2 values of `header.set-cookie`; to capture all of them, write `{ from: header.set-cookie, all: true }`"
                .to_owned()
        )
    );
    assert_eq!(
        captured_with("header.set-cookie", true),
        Ok(json(r#"["a=1; Secure","b=2"]"#))
    );
    // A list even of one: a template can rely on it.
    assert_eq!(captured_with("header.x-left", true), Ok(json(r#"["7"]"#)));
    assert!(captured_with("header.x-none", true).is_err());
}

#[test]
fn a_capture_takes_what_is_there_with_every_digit() {
    assert_eq!(captured("$.big").unwrap().to_json(), "9007199254740993");
    assert_eq!(captured("$.price").unwrap().to_json(), "1.10");
    assert_eq!(captured("$.no"), Ok(Value::Null));
    assert_eq!(captured("$.items[*].id"), Ok(json("[1,2,3]")));
    assert_eq!(captured("$.empty"), Ok(json("[]")));
    assert_eq!(captured("header.x-left"), Ok(Value::from("7")));
    assert_eq!(captured("status"), Ok(json("200")));
}

#[test]
fn a_capture_that_finds_nothing_fails() {
    let fails = |from: &str| captured(from).unwrap_err();
    assert_eq!(
        fails("$.items[0].idd"),
        "cannot capture `x`: `$.items[0]` has no member `idd`; did you mean `id`?"
    );
    assert_eq!(
        fails("$.items[?@.id > 9].id"),
        "cannot capture `x`: `$.items[?@.id > 9].id` finds nothing"
    );
    assert_eq!(
        fails("header.zzzzzzzz"),
        "cannot capture `x`: the response has no header `zzzzzzzz`"
    );
}

#[test]
fn what_can_never_hold_is_said_before_anything_is_sent() {
    for (on, expected, reason) in [
        ("status", r#""200""#, "`status` is a number"),
        ("status", r#"{"each":5}"#, "`status` is a number"),
        ("status", r#"{"matches":"2.."}"#, "`status` is a number"),
        ("status", r#"{"type":"string"}"#, "`status` is a number"),
        ("status", r#"{"exists":false}"#, "it always exists"),
        (
            "status",
            r#"{"one_of":["200","201"]}"#,
            "`status` is a number",
        ),
        (
            "status",
            r#"{"above":"200"}"#,
            "it needs a number, but this is text",
        ),
        (
            "status",
            r#"{"not":{"contains":"2"}}"#,
            "`status` is a number",
        ),
        ("body", r#"{"above":5}"#, "`body` is text"),
        ("body", "5", "`body` is text"),
        ("header.x", r#"{"unique":true}"#, "a header is text"),
        ("header.x", "null", "a header is text"),
        ("latency", r#"{"below":2}"#, "`latency` is a duration"),
        ("latency", r#"{"type":"number"}"#, "`latency` is a duration"),
        ("$.a", r#"{"below":"2s"}"#, "only with `latency`"),
        ("$.a", r#"{"above":true}"#, "this is a boolean"),
        (
            "$.a",
            r#"{"one_of":5}"#,
            "it needs a list, but this is a number",
        ),
        ("$.a", r#"{"includes":5}"#, "it needs an object or a list"),
        (
            "$.a",
            r#"{"starts_with":null}"#,
            "it needs a text, but this is null",
        ),
        ("$.a", r#"{"length":"5"}"#, "a length is a number"),
        (
            "$.a",
            r#"{"exists":false,"equals":5}"#,
            "with `exists: false`",
        ),
        ("$.a", r#"{"each":{"some":{"above":"5"}}}"#, "this is text"),
        ("$.a[*]", r#"{"above":0}"#, "this path finds a list"),
        ("$.a[*]", "5", "this path finds a list"),
        (
            "status",
            r#"{"not":"200"}"#,
            "under `not`, this always passes",
        ),
        (
            "$.a[*]",
            r#"{"includes":{"id":5}}"#,
            "`some: { includes: … }`",
        ),
    ] {
        let found = predicate_faults(&assertion(on, expected));
        assert!(
            found.len() == 1 && found[0].reason.contains(reason),
            "{on}: {expected}: {found:?}"
        );
    }
    for (on, expected) in [
        (
            "status",
            r#"{"one_of":[200,"x"],"not":{"above":300,"below":500}}"#,
        ),
        ("status", r#"{"at_least":200,"below":300}"#),
        (
            "header.x",
            r#"{"above":5,"contains":5,"length":{"above":3}}"#,
        ),
        ("latency", r#"{"below":"2s","not":{"above":"1s"}}"#),
        ("body", r#"{"length":0,"exists":false}"#),
        (
            "$.a",
            r#"{"each":{"matches":"x"},"contains":null,"unordered":[]}"#,
        ),
        (
            "$.a[*]",
            r#"{"none":{"above":5},"includes":[1],"contains":5}"#,
        ),
        ("$.a", r#"{"exists":false}"#),
    ] {
        assert_eq!(
            predicate_faults(&assertion(on, expected)),
            [],
            "{on}: {expected}"
        );
    }
}

/// Whether a fault of this kind, and no other, is found at the predicate that stands at `at`.
fn expect_fault(on: &str, expected: &str, kind: PredicateFaultKind, reason: &str) {
    let found = predicate_faults(&assertion(on, expected));
    assert!(
        found.len() == 1 && found[0].kind == kind && found[0].reason.contains(reason),
        "{on}: {expected}: {found:?}"
    );
}

#[test]
fn what_always_holds_is_said_before_anything_is_sent() {
    for (on, expected, reason) in [
        ("$.a", r#"{"contains":""}"#, "the empty text"),
        ("body", r#"{"contains":""}"#, "the empty text"),
        ("header.x", r#"{"starts_with":""}"#, "the empty text"),
        ("$.a", r#"{"ends_with":""}"#, "the empty text"),
        ("$.a", r#"{"matches":""}"#, "matches every text"),
        ("$.a", r#"{"matches":"^"}"#, "matches every text"),
        ("$.a", r#"{"matches":"a*"}"#, "matches every text"),
        ("$.a", r#"{"matches":"^.*$"}"#, "matches every text"),
        ("$.a", r#"{"matches":"PAID|"}"#, "matches every text"),
        ("$.a", r#"{"includes":{}}"#, "the empty object"),
        ("$.a[*]", r#"{"includes":[]}"#, "the empty list"),
        ("$.a", r#"{"length":{"at_least":0}}"#, "below 0"),
        ("$.a", r#"{"length":{"above":-1}}"#, "below 0"),
        (
            "$.a",
            r#"{"length":{"not":{"below":0}}}"#,
            "this always passes",
        ),
        (
            "$.a",
            r#"{"length":{"type":"integer"}}"#,
            "a length is a number",
        ),
        ("status", r#"{"at_least":200}"#, "200 to 599"),
        ("status", r#"{"below":600}"#, "200 to 599"),
        ("status", r#"{"type":"integer"}"#, "a number"),
        ("status", r#"{"exists":true}"#, "always exists"),
        ("status", r#"{"not":0}"#, "this always passes"),
        ("body", r#"{"type":"string"}"#, "`body` is text"),
        ("$.a[*]", r#"{"type":"array"}"#, "finds a list"),
        (
            "$.a",
            r#"{"type":["null","boolean","number","string","array","object"]}"#,
            "all types",
        ),
        ("$.a", r#"{"each":{"exists":true}}"#, "always exists"),
        ("$.a", r#"{"none":{"one_of":[]}}"#, "under `none`"),
        ("$.a", r#"{"not":{"one_of":[]}}"#, "under `not`"),
        ("$.a", r#"{"not":{"type":[],"above":1}}"#, "under `not`"),
    ] {
        expect_fault(on, expected, PredicateFaultKind::AlwaysHolds, reason);
    }
    for (on, expected) in [
        ("$.a", r#"{"length":{"at_least":0,"at_most":5}}"#),
        ("$.a", r#"{"contains":"x","matches":"^a*$"}"#),
        ("$.a", r#"{"matches":"^$"}"#),
        ("$.a", r#"{"matches":"^[^<>]*$"}"#),
        ("$.a", r#"{"matches":"."}"#),
        ("$.a[*]", r#"{"contains":""}"#),
        ("$.a", r#"{"includes":{"b":{}}}"#),
        ("$.a", r#"{"length":{"at_least":1}}"#),
        ("status", r#"{"at_least":200,"below":300}"#),
        ("header.x", r#"{"type":"string"}"#),
        ("header.x", r#"{"exists":true}"#),
        ("$.a", r#"{"type":["null","string"]}"#),
    ] {
        assert_eq!(
            predicate_faults(&assertion(on, expected)),
            [],
            "{on}: {expected}"
        );
    }
}

#[test]
fn predicates_that_contradict_each_other_are_said_before_anything_is_sent() {
    for (on, expected, reason) in [
        ("$.a", r#"{"at_least":5,"below":5}"#, "no number meets"),
        ("$.a", r#"{"above":5,"at_most":5}"#, "no number meets"),
        ("$.a", r#"{"above":5,"below":3}"#, "no number meets"),
        ("$.a", r#"{"above":5,"not":{"above":3}}"#, "no number meets"),
        (
            "$.a",
            r#"{"length":{"above":1,"below":2}}"#,
            "no number meets",
        ),
        ("status", r#"{"above":200,"below":201}"#, "no number meets"),
        ("$.a", r#"{"equals":5,"above":5}"#, "does not meet this"),
        ("$.a", r#"{"equals":"x","not":"x"}"#, "does not meet this"),
        (
            "$.a",
            r#"{"equals":5,"type":"string"}"#,
            "does not meet this",
        ),
        (
            "$.a",
            r#"{"equals":[],"each":{"above":0}}"#,
            "does not meet this",
        ),
        (
            "$.a",
            r#"{"type":"string","above":5}"#,
            "meets both this and `type`",
        ),
        (
            "$.a",
            r#"{"matches":"x","at_most":5}"#,
            "meets both this and `matches`",
        ),
        (
            "$.a",
            r#"{"one_of":["x"],"below":5}"#,
            "meets both this and `one_of`",
        ),
        (
            "$.a",
            r#"{"each":{"type":"object","contains":5}}"#,
            "`type`",
        ),
        (
            "$.a",
            r#"{"contains":"x","not":{"contains":"x"}}"#,
            "without `not`",
        ),
        (
            "$.a",
            r#"{"type":"null","not":{"type":"null"}}"#,
            "without `not`",
        ),
        (
            "$.a",
            r#"{"length":0,"some":{"above":1}}"#,
            "`some` needs more",
        ),
        (
            "$.a",
            r#"{"length":{"below":3},"includes":[1,2,3]}"#,
            "`includes` needs more",
        ),
        ("$.a", r#"{"length":-1}"#, "0 or more"),
        ("$.a", r#"{"length":1.5}"#, "0 or more"),
        ("$.a", r#"{"length":{"below":0}}"#, "0 or more"),
        ("status", "99", "200 to 999"),
        ("status", r#"{"one_of":[2,20]}"#, "200 to 999"),
        ("status", r#"{"below":200}"#, "200 to 999"),
        ("$.a", r#"{"one_of":[]}"#, "the list is empty"),
        ("$.a", r#"{"type":[]}"#, "the list of types is empty"),
        ("$.a", r#"{"not":{"matches":".*"}}"#, "this never passes"),
        ("$.a", r#"{"each":{"exists":false}}"#, "always exists"),
    ] {
        expect_fault(on, expected, PredicateFaultKind::NeverHolds, reason);
    }
}

#[test]
fn predicates_that_repeat_each_other_are_warned_of() {
    for (on, expected) in [
        ("$.a", r#"{"equals":5,"above":3}"#),
        ("$.a[*]", r#"{"equals":[],"exists":false}"#),
        ("$.a", r#"{"equals":5,"type":"integer"}"#),
        ("$.a", r#"{"exists":true,"above":3}"#),
        ("$.a", r#"{"at_least":5,"above":3}"#),
    ] {
        expect_fault(on, expected, PredicateFaultKind::Redundant, "");
    }
    for (on, expected) in [
        ("$.a", r#"{"type":"number","above":5,"below":6}"#),
        (
            "$.a",
            r#"{"type":["string","array"],"length":3,"contains":"x"}"#,
        ),
        ("$.a", r#"{"at_least":5,"at_most":5}"#),
        (
            "$.a",
            r#"{"type":"object","includes":{"a":1},"not":{"includes":{"b":1}}}"#,
        ),
        ("$.a", r#"{"length":{"above":1,"below":3}}"#),
        ("$.a", r#"{"length":1,"each":{"above":1}}"#),
        ("header.x", r#"{"matches":"^[0-9]+$","above":1}"#),
        ("$.a", r#"{"exists":true,"not":5}"#),
        ("$.a", r#"{"one_of":[1,"x"],"type":"string"}"#),
    ] {
        assert_eq!(
            predicate_faults(&assertion(on, expected)),
            [],
            "{on}: {expected}"
        );
    }
}

#[test]
fn an_empty_operand_of_a_template_fails() {
    for (expected, reason) in [
        (r#"{"contains":""}"#, "`contains` of \"\" always passes"),
        (
            r#"{"not":{"starts_with":""}}"#,
            "`starts_with` of \"\" always passes",
        ),
        (r#"{"includes":[]}"#, "`includes` of [] always passes"),
    ] {
        let body = if expected.contains("includes") {
            "[1]"
        } else {
            "\"x\""
        };
        let found = lines(&failures(body, "$", expected));
        assert!(found.len() == 1 && found[0].contains(reason), "{found:?}");
    }
}

#[test]
fn a_list_below_a_member_that_is_not_there_is_missing() {
    let body = r#"{"items":[],"page":{"total":0}}"#;
    for expected in [
        r#"{"none":{"equals":1}}"#,
        r#"{"length":0}"#,
        r#"{"equals":[]}"#,
        r#"{"unordered":[]}"#,
        r#"{"not":{"contains":1}}"#,
    ] {
        assert_eq!(lines(&failures(body, "$.items[*].id", expected)), [""; 0]);
        let found = lines(&failures(body, "$.itms[*].id", expected));
        assert!(
            found.len() == 1 && found[0].contains("did you mean `items`?"),
            "{expected}: {found:?}"
        );
    }
    assert_eq!(
        lines(&failures(body, "$.itms[*].id", r#"{"exists":false}"#)),
        [""; 0]
    );
}

#[test]
fn a_condition_with_a_template_never_holds() {
    let response = response("{}");
    let answer = ResponseView::new(&response);
    let mut assertion = assertion("status", r#"{"not":{"equals":1}}"#);
    assert!(holds_without_templates(&[assertion.clone()], &answer));
    let PredicateTest::Not(inner) = &mut assertion.predicates[0].test else {
        panic!("the predicate is `not`")
    };
    inner[0].test = PredicateTest::Equals(TemplateTree {
        at: Span::default(),
        kind: TemplateTreeKind::Template(
            Template::parse("{{ x }}", Span::default(), None).unwrap(),
        ),
    });
    assert!(!holds_without_templates(&[assertion], &answer));
}

#[test]
fn an_operand_that_is_no_list_has_no_differences() {
    assert_eq!(
        lines(&failures("[1,2]", "$", r#"{"unordered":5}"#)),
        [
            "$: expected unordered 5, got [1,2] (array of 2); `unordered` needs a list, but 5 (number) is not"
        ]
    );
}
