//! What the room promises, and the official compliance suite.

use super::error::{PathError, SearchLimitExceeded};
use super::*;
use crate::value::{JsonDocument, JsonRef, Value, parse};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Cases that are refused on purpose, each with its reason. Nothing may be silently wrong.
const EXPECTED_REFUSALS: [(&str, &str); 0] = [];

fn document(text: &str) -> Value {
    parse(text.as_bytes()).unwrap()
}

fn find(path: &str, root: &Value) -> Vec<Value> {
    match JsonPath::parse(path).unwrap().find(root).unwrap() {
        PathMatches::One(found) => found.into_iter().map(JsonRef::to_value).collect(),
        PathMatches::Many(found) => found.into_iter().map(JsonRef::to_value).collect(),
    }
}

fn refused(path: &str) -> PathError {
    JsonPath::parse(path).expect_err(path)
}

fn compliance_suite() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/jsonpath-cts.json"
    );
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    parse(&text).unwrap()
}

/// What is wrong with one case, if anything.
fn case_failure(case: &Value) -> Option<String> {
    let selector = case.get("selector").and_then(Value::as_str).unwrap();
    let path = match (
        JsonPath::parse(selector),
        case.get("invalid_selector").is_some(),
    ) {
        (Err(_), true) => return None,
        (Ok(_), true) => return Some("it is accepted and must not be".to_owned()),
        (Err(error), false) => return Some(format!("it is refused: {error}")),
        (Ok(path), false) => path,
    };
    // As a tree of values, and as it arrives.
    let root = case.get("document").unwrap();
    let document = indexed(&root.to_pretty_json());
    result_failure(case, &path, root.into())
        .or_else(|| result_failure(case, &path, document.root().into()))
}

fn indexed(text: &str) -> JsonDocument {
    JsonDocument::parse(&text.to_owned().into()).unwrap()
}

fn result_failure(case: &Value, path: &JsonPath, root: JsonRef<'_>) -> Option<String> {
    let found = match path.find(root).unwrap() {
        PathMatches::One(found) => found.into_iter().collect(),
        PathMatches::Many(found) => found,
    };
    let allowed = |one: &str, several: &str| match (case.get(one), case.get(several)) {
        (Some(one), _) => vec![one.clone()],
        (_, several) => several.and_then(Value::as_list).unwrap().to_vec(),
    };
    let values = Value::List(found.iter().map(|node| node.to_value()).collect());
    if !allowed("result", "results").contains(&values) {
        return Some(format!("it finds {values}"));
    }
    let right_places = |places: &Value| {
        let places = places
            .as_list()
            .unwrap()
            .iter()
            .map(|place| JsonPath::parse(place.as_str().unwrap()).unwrap());
        places
            .zip(&found)
            .all(|(place, node)| matches!(place.find(root), Ok(PathMatches::One(Some(there))) if there.place_id() == node.place_id()))
    };
    (!allowed("result_paths", "results_paths")
        .iter()
        .any(right_places))
    .then(|| "it finds the right values in wrong places".to_owned())
}

#[test]
fn every_case_of_the_compliance_suite_is_right_or_refused_for_a_known_reason() {
    let suite = compliance_suite();
    let cases = suite.get("tests").and_then(Value::as_list).unwrap();
    assert_eq!(cases.len(), 703);
    let faults: Vec<(&str, String)> = cases
        .iter()
        .filter_map(|case| {
            Some((
                case.get("name").and_then(Value::as_str).unwrap(),
                case_failure(case)?,
            ))
        })
        .collect();
    for (name, fault) in &faults {
        assert!(
            EXPECTED_REFUSALS.iter().any(|(known, _)| known == name)
                && fault.starts_with("it is refused"),
            "{name}: {fault}"
        );
    }
    for (name, reason) in EXPECTED_REFUSALS {
        assert!(
            faults.iter().any(|(faulty, _)| *faulty == name),
            "{name} is right now, although: {reason}"
        );
    }
}

#[test]
fn the_path_of_every_place_leads_back_to_it() {
    let suite = compliance_suite();
    for case in suite.get("tests").and_then(Value::as_list).unwrap() {
        let Some(root) = case.get("document") else {
            continue;
        };
        let document = indexed(&root.to_json());
        for root in [JsonRef::from(root), document.root().into()] {
            every_path_leads_back(root);
        }
    }
}

fn every_path_leads_back(root: JsonRef<'_>) {
    let PathMatches::Many(nodes) = JsonPath::parse("$..*").unwrap().find(root).unwrap() else {
        panic!("`$..*` is a path for many")
    };
    for node in nodes {
        let place = locate(root, node).unwrap();
        let Ok(PathMatches::One(Some(there))) = JsonPath::parse(&place).unwrap().find(root) else {
            panic!("{place}")
        };
        assert_eq!(there.place_id(), node.place_id(), "{place}");
    }
}

#[test]
fn a_path_for_one_value_is_told_from_a_path_for_many() {
    for path in ["$", "$.a.b[0]", "$['a'][-1]", "$ .a [ 0 ]"] {
        assert!(JsonPath::parse(path).unwrap().is_singular(), "{path}");
    }
    for path in ["$.*", "$[0,1]", "$[0:1]", "$..a", "$[?@.a]"] {
        assert!(!JsonPath::parse(path).unwrap().is_singular(), "{path}");
    }
    let root = document(r#"{"a":null}"#);
    assert_eq!(
        JsonPath::parse("$.a").unwrap().find(&root),
        Ok(PathMatches::One(Some((&Value::Null).into())))
    );
    assert_eq!(
        JsonPath::parse("$.b").unwrap().find(&root),
        Ok(PathMatches::One(None))
    );
    assert_eq!(
        JsonPath::parse("$.b[*]").unwrap().find(&root),
        Ok(PathMatches::Many(vec![]))
    );
}

#[test]
fn filters_compare_numbers_exactly() {
    let root = document(
        r#"[{"id":9007199254740991,"p":1.10},{"id":9007199254740992,"p":1.1},{"id":"9007199254740991","p":"1.1"}]"#,
    );
    assert_eq!(find("$[?@.id == 9007199254740991].p", &root).len(), 1);
    assert_eq!(find("$[?@.p == 1.1]", &root).len(), 2);
    assert_eq!(find("$[?@.id == $[0].id]", &root).len(), 1);
    assert_eq!(find("$[?@.id > 9007199254740991]", &root).len(), 1);
}

#[test]
fn a_number_that_would_be_rounded_is_refused() {
    for number in [
        "9007199254740993",
        "-9007199254740992",
        "1e400",
        "0.12345678901234567890",
        "123456789012345678901",
    ] {
        let error = refused(&format!("$[?@.id == {number}]"));
        assert_eq!((error.offset, error.hint.is_some()), (11, true), "{number}");
    }
    for number in ["9007199254740991", "1.10", "-0", "1e3", "0.1"] {
        assert!(
            JsonPath::parse(&format!("$[?@.id == {number}]")).is_ok(),
            "{number}"
        );
    }
    assert!(JsonPath::parse("$['9007199254740993'].a9007199254740993").is_ok());
}

#[test]
fn a_fault_says_where_and_what_to_write() {
    for (path, offset, reason, hint) in [
        (
            "a.b",
            0,
            "a path must begin with `$`",
            "`$.name` is a member",
        ),
        ("$.a ", 3, "there is a space after", ""),
        ("$.", 2, "a name or `*` must follow `.`", ""),
        ("$.a..", 5, "a name or `*` must follow `..`", ""),
        ("$. a", 2, "a name or `*` must follow `.`", ""),
        ("$...a", 4, "more dots are not allowed", ""),
        ("$.a b", 3, "brackets and quotes", "`['a b']`"),
        (
            "$.content-type",
            9,
            "brackets and quotes",
            "`['content-type']`",
        ),
        ("$.a.0", 4, "begin with a digit", "`[0]` is an element"),
        ("$.'a'", 2, "a quoted name", "`$['a name']`"),
        (
            "$.a.length()",
            10,
            "`length()` cannot be called with a dot",
            "the predicate `length`",
        ),
        ("$[a]", 2, "`a` must be quoted", "`['a']`"),
        ("$[?@.a == foo]", 10, "`foo` must be quoted", "`@.foo`"),
        ("$[?@.a = 1]", 7, "`=` is not supported", "`==`"),
        ("$[?@.a === 1]", 7, "`===` is not supported", "`==`"),
        ("$[?@.a =~ 'x']", 7, "`=~` is not supported", "match(…)"),
        ("$[?@.a & @.b]", 7, "`&` is not supported", "`&&`"),
        ("$[(@.length-1)]", 2, "no scripts", "`[-1]`"),
        ("$.a[0", 3, "the closing `]` is missing", ""),
        ("$.a]", 3, "closes nothing", ""),
        ("$[?(@.a]", 7, "`)` is expected", ""),
        ("$['a]", 2, "the closing `'` is missing", ""),
        ("$[?lenght(@.a) > 1]", 3, "no function `lenght`", "`length`"),
        ("$[?in(@.a, 'b')]", 3, "no function `in`", ""),
        ("$[?count(@.a)]", 3, "must be compared", ""),
        (
            "$[?match(@.a, 'b') == true]",
            3,
            "already true or false",
            "",
        ),
        ("$[?length(@.*) > 1]", 3, "needs one value", ""),
        (
            "$[?count(1) > 1]",
            3,
            "this argument is not valid for `count`",
            "",
        ),
        ("$[?match(@.a) == 1]", 12, "`)` is not allowed here", ""),
        ("$['a\n']", 4, "a line break", "`\\n`"),
        ("$[?value(!@.a) == 1]", 3, "does not accept a condition", ""),
        ("$[?@.a == ]", 10, "`]` is not allowed here", ""),
        ("$[]", 2, "`]` is not allowed here", ""),
    ] {
        let error = refused(path);
        assert_eq!(error.offset, offset, "{path}: {error}");
        assert!(error.reason.contains(reason), "{path}: {error}");
        assert!(error.hint.unwrap_or_default().contains(hint), "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_panics_and_every_fault_has_its_place(text in r"\$([.\[\]?@*:,!()<>=&|' -]|[ab0-9한]|\.\.|'a'|\[\?|length\(|match\(|&&|==|1\.5){0,16}") {
        match JsonPath::parse(&text) {
            Ok(path) => prop_assert!(path.find(&Value::Null).is_ok()),
            Err(error) => prop_assert!(text.is_char_boundary(error.offset) && !error.reason.is_empty()),
        }
    }
}

#[test]
fn an_expression_that_is_none_is_an_error_and_not_a_filter_that_finds_nothing() {
    let error = refused("$.a[?@.b && match(@.c, '(x')]");
    assert_eq!(
        (error.offset, error.reason.as_str()),
        (12, "the expression in `match` is not valid: unclosed group")
    );
    refused("$[?search(@, '[')]");
    refused("$[?search(@, '((a{1,100}){1,100}){1,100}')]");
}

#[test]
fn length_and_nesting_are_bounded() {
    refused(&format!("$.{}", "a".repeat(5000)));
    let nested = |depth| format!("${}{}", "[?@".repeat(depth), "]".repeat(depth));
    assert!(JsonPath::parse(&nested(32)).is_ok());
    refused(&nested(33));
    refused(&format!("$[?{}1==1{}]", "(".repeat(32), ")".repeat(32)));
}

#[test]
fn nested_functions_cannot_hold_the_parser_up() {
    let started = Instant::now();
    refused(&format!(
        "$[?{}@.a==1{}]",
        "length(".repeat(25),
        ")".repeat(25)
    ));
    refused(&format!(
        "$[?{}@.a==1{}]",
        "length(".repeat(4),
        ")".repeat(4)
    ));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_path_that_looks_everywhere_again_and_again_is_stopped() {
    let root = document(&format!("{}1{}", "[".repeat(100), "]".repeat(100)));
    let started = Instant::now();
    assert_eq!(
        JsonPath::parse("$..*..*..*..*").unwrap().find(&root),
        Err(SearchLimitExceeded::Visits.into())
    );
    let twice = document(&format!("{}1{}", "[".repeat(40), "]".repeat(40)));
    assert_eq!(
        JsonPath::parse(&format!("${}", "[0,0]".repeat(40)))
            .unwrap()
            .find(&twice),
        Err(SearchLimitExceeded::Visits.into())
    );
    assert_eq!(
        JsonPath::parse("$..[?count($..*) > 1]")
            .unwrap()
            .find(&document(&wide(500))),
        Err(SearchLimitExceeded::Visits.into())
    );
    assert!(started.elapsed() < Duration::from_secs(20));
}

fn wide(len: usize) -> String {
    let item = |id: usize| {
        format!(
            r#"{{"id":{id},"name":"무선 이어폰 {id}","price":{id}.50,"tags":["a","b"],"url":"https://shop.example/products/{id}?from=search","seller":{{"id":"S{id}","rating":4.5}}}}"#
        )
    };
    format!(
        r#"{{"data":{{"items":[{}]}}}}"#,
        (0..len).map(item).collect::<Vec<_>>().join(",")
    )
}

#[test]
fn an_ordinary_answer_is_far_from_the_limit() {
    let root = document(&wide(6_000));
    for path in [
        "$.data.items[*].id",
        "$..id",
        "$.data.items[?@.price > 50].id",
    ] {
        assert!(find(path, &root).len() > 5_000, "{path}");
    }
}

#[test]
fn a_path_says_where_it_leaves_a_document() {
    let root = document(r#"{"data":{"items":[{"id":1}]}}"#);
    let end = |text: &str| {
        let path = JsonPath::parse(text).unwrap();
        path.dead_end((&root).into())
            .map(|end| format!("{} {} {:?}", end.path, end.node.type_name(), end.missing))
    };
    assert_eq!(end("$.data.items[0].id"), None);
    assert_eq!(
        end("$.data.itmes[0]").unwrap(),
        r#"$.data object Name("itmes")"#
    );
    assert_eq!(
        end("$.data.items[3].id").unwrap(),
        "$.data.items array Index(3)"
    );
    assert_eq!(
        end("$.data.list[*].id").unwrap(),
        r#"$.data object Name("list")"#
    );
    assert_eq!(end("$.data.items[*].nothing"), None);
}

/// A pattern that is none matches nothing; one that is only too large to try is not known to.
#[test]
fn an_expression_of_the_document_that_is_too_large_ends_the_search() {
    let path = JsonPath::parse("$.list[?match(@.text, $.pattern)]").unwrap();
    let with = |pattern: &str| {
        document(&format!(
            r#"{{"pattern":"{pattern}","list":[{{"text":"a"}}]}}"#
        ))
    };
    assert_eq!(path.find(&with("(")), Ok(PathMatches::Many(Vec::new())));
    assert_eq!(
        path.find(&with("((a{1,100}){1,100}){1,100}")),
        Err(SearchLimitExceeded::RegexSize.into())
    );
}

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,2})",
        Just("1.50".to_owned()),
        r#""[ab한]{0,2}""#,
        Just(r#""\u0061""#.to_owned()),
        Just("[]".to_owned()),
        Just("{ }".to_owned()),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let member = (r"[ab]|\\u0061|c d", inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..5)
                .prop_map(|items| format!("[ {} ]", items.join(" , "))),
            proptest::collection::vec(member, 0..5).prop_map(|members| {
                let members = members
                    .iter()
                    .map(|(name, value)| format!("\"{name}\" :{value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(",\n"))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_path_finds_the_same_in_a_text_and_in_its_tree(
        text in json_text(),
        path in r"\$(\.a|\.b|\.\*|\[0\]|\[-1\]|\[\*\]|\[1:\]|\[::2\]|\[::-1\]|\[3:0:-2\]|\.\.a|\.\.\*|\['c d'\]|\[\?@\.a\]|\[\?@\.b == 1\]|\[\?@ > 5\]|\[\?length\(@\) > 1\]|\[\?count\(@\.\*\) == 2\]|\[\?match\(@\.a, 'a'\)\]|\[\?@\.a == \$\.a\]){0,4}",
    ) {
        let path = JsonPath::parse(&path).unwrap();
        let document = indexed(&text);
        let tree = JsonRef::from(document.root()).to_value();
        let of_text = path.find(document.root());
        if JsonRef::from(document.root()).duplicate_inside().is_none() {
            prop_assert_eq!(of_text, path.find(&tree));
        } else if let Ok(of_text) = of_text {
            // What it did not look at stands twice.
            prop_assert_eq!(Ok(of_text), path.find(&tree));
        }
    }
}

fn twice(text: &str, path: &str) -> Option<String> {
    let document = indexed(text);
    match JsonPath::parse(path).unwrap().find(document.root()) {
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    }
}

#[test]
fn a_member_that_stands_twice_fails_the_path_that_looks_at_it_and_no_other() {
    let text =
        r#"{"data":{"id":1,"list":[{"a":1}],"\u0069d":2},"more":[{"x":1,"x":2,"y":3},{"y":4}]}"#;
    let id = "`$.data.id` appears twice in the response (line 1, column 10 and line 1, column 34)";
    let x = "`$.more[0].x` appears twice in the response (line 1, column 56 and line 1, column 62)";
    for (path, expected) in [
        ("$.data.id", Some(id)),
        ("$.data", Some(id)),
        ("$", Some(id)),
        ("$..a", None),
        ("$..x", Some(x)),
        ("$.data[?@ == 7]", None),
        ("$.data[?@ == 2]", Some(id)),
        ("$.data.*", Some(id)),
        ("$.data.list[0].a", None),
        ("$.data.list", None),
        ("$.data.none", None),
        ("$.more[1]", None),
        ("$.more[*].y", None),
        ("$.more[*].x", Some(x)),
        ("$.more[-2]", Some(x)),
        ("$.more[?@.y == 4].y", None),
        ("$.more[?@.x == 2].y", Some(x)),
        ("$.more[?@.y == 3]", Some(x)),
        ("$.more[?@.y == $.data.id]", Some(id)),
    ] {
        let expected = expected.map(|twice| format!("{twice}, so the path is ambiguous"));
        assert_eq!(twice(text, path), expected, "{path}");
    }
    let pretty = "{\n  \"한\": 1,\n  \"한\": 2\n}";
    assert_eq!(
        twice(pretty, "$.한").unwrap(),
        "`$.한` appears twice in the response (line 2, column 3 and line 3, column 3), so the path is ambiguous"
    );
}

#[test]
fn every_member_of_a_name_is_found_where_all_of_them_count() {
    let document = indexed(r#"{"t":{"a":1},"t":{"a":2,"a":3}}"#);
    let found = JsonPath::parse("$.t.a")
        .unwrap()
        .find_every(document.root())
        .unwrap();
    assert_eq!(format!("{found:?}"), "[1, 2, 3]");
}
