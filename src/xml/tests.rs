//! Answers of libxml2 to a thousand expressions, and what this room adds to XPath.

use super::node::SearchedDocument;
use super::{MAX_VISITS, XPath, XPathForm, XPathFound, XPathSearchError, XmlDocument, compile};
use crate::value::Value;
use serde_json::Value as Json;
use xpath_eval::{EvaluationContext, Node as _, NodeKind, Value as XPathValue, evaluate};

/// What libxml2 accepts or answers otherwise than XPath 1.0 says, by its own choice, and what
/// xpath-eval does.
fn is_known_difference(expression: &str) -> bool {
    // Numbers with an exponent (section 3.7 has none), and numbers of 20 digits: libxml2 does not
    // take the nearest double, and writes them with an exponent (section 4.2 has none).
    let is_number = ["1e", ".23e", "12345678901234567890"];
    // The children of an element come after its attributes (section 5), so they follow them.
    let is_following = expression.starts_with("//@no/following::");
    // xpath-eval: negative zero is rounded to zero, and the namespace `xml` has no node.
    let is_ours = [
        "1 div round(-0)",
        "/doc/elem/namespace::*/self::node()[true()]",
    ];
    is_number.iter().any(|part| expression.contains(part))
        || is_following
        || is_ours.contains(&expression)
}

fn evaluated(document: &XmlDocument<'_>, expression: &str) -> Json {
    let parsed = match xpath_eval::parse(expression) {
        Ok(parsed) => parsed,
        Err(error) => return Json::from(format!("refused: {error}")),
    };
    let searched = SearchedDocument::new(document.tree(), MAX_VISITS);
    let resolve = |prefix: &str| match prefix {
        "_" => document.default_namespace().map(str::to_owned),
        other => document.namespace_of(other).map(str::to_owned),
    };
    let mut context = EvaluationContext::new(searched.root());
    context.namespaces = Some(&resolve);
    match evaluate(&parsed, &context) {
        Err(error) => Json::from(format!("failed: {error}")),
        Ok(XPathValue::Boolean(flag)) => Json::from(flag),
        Ok(XPathValue::Number(number)) => Json::from(format!("{number:?}")),
        Ok(XPathValue::String(text)) => serde_json::json!({ "text": text }),
        Ok(XPathValue::NodeSet(nodes)) => nodes
            .into_iter()
            .map(|node| {
                let name = node.expanded_name().map(|name| name.local_name);
                let kind = match node.kind() {
                    NodeKind::Root => "root",
                    NodeKind::Element => "element",
                    NodeKind::Attribute => "attribute",
                    NodeKind::Namespace => "namespace",
                    NodeKind::ProcessingInstruction => "instruction",
                    NodeKind::Comment => "comment",
                    NodeKind::Text => "text",
                };
                serde_json::json!([kind, name.unwrap_or_default(), node.string_value()])
            })
            .collect(),
    }
}

#[expect(clippy::float_cmp, reason = "two doubles that are the same are meant")]
/// Numbers are compared as numbers: the two languages spell them differently.
fn is_same(left: &Json, right: &Json) -> bool {
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => match (left.parse::<f64>(), right.parse::<f64>()) {
            (Ok(left), Ok(right)) => left == right || left.is_nan() && right.is_nan(),
            _ => left == right,
        },
        _ => left == right,
    }
}

#[test]
fn expressions_give_what_libxml2_gives() {
    let answers: Json =
        serde_json::from_str(include_str!("../../tests/vectors/xpath/answers.json")).unwrap();
    let (mut count, mut wrong) = (0, Vec::new());
    for suite in answers["documents"].as_array().unwrap() {
        let text = suite["text"].as_str().unwrap();
        let document = XmlDocument::parse(text).unwrap();
        for row in suite["answers"].as_array().unwrap() {
            let (expression, expected) = (row[0].as_str().unwrap(), &row[1]);
            if is_known_difference(expression) {
                continue;
            }
            count += 1;
            let found = evaluated(&document, expression);
            if !is_same(&found, expected) {
                wrong.push(format!(
                    "{expression}\n  libxml2 {expected}\n  here    {found}"
                ));
            }
        }
        for refused in suite["refused"].as_array().unwrap() {
            count += 1;
            let refused = refused.as_str().unwrap();
            if xpath_eval::parse(refused).is_ok() {
                wrong.push(format!("{refused} is accepted"));
            }
        }
    }
    println!("{count} expressions");
    assert!(
        wrong.is_empty(),
        "{} of {count} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count > 900, "only {count} expressions");
}

const ORDERS: &str = r#"<?xml version="1.0"?>
<orders total="2"><code>0</code><order no="1"><name>무선 <b>이어폰</b></name><price>12.90</price></order>
<order no="2"><name>cable</name><price>x</price></order><empty/></orders>"#;
const SOAP: &str = r#"<s:Envelope xmlns:s="urn:s"><s:Body><r xmlns="urn:r"><id>7</id><list/></r></s:Body></s:Envelope>"#;

fn find(xml: &str, path: &str) -> Result<XPathFound, XPathSearchError> {
    let document = XmlDocument::parse(xml).unwrap();
    XPath::parse(path)
        .unwrap_or_else(|fault| panic!("{path}: {fault}"))
        .find(&document)
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with a result")]
fn one(value: impl Into<Value>) -> Result<XPathFound, XPathSearchError> {
    Ok(XPathFound::One(value.into()))
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with a result")]
fn list(texts: &[&str]) -> Result<XPathFound, XPathSearchError> {
    let texts = texts.iter().map(|text| Value::from(*text));
    Ok(XPathFound::List(texts.collect()))
}

#[test]
fn the_form_of_a_path_says_whether_it_gives_one_value_or_a_list() {
    assert_eq!(find(ORDERS, "/orders/code"), one("0"));
    assert_eq!(find(ORDERS, "/orders/@total"), one("2"));
    assert_eq!(find(ORDERS, "/orders/order[1]/name"), one("무선 이어폰"));
    assert_eq!(find(ORDERS, "/orders/order[2]/@no"), one("2"));
    assert_eq!(find(ORDERS, "/orders/empty"), one(""));
    assert_eq!(
        find(ORDERS, "/orders/order[3]/name"),
        Ok(XPathFound::Nothing)
    );
    assert_eq!(find(ORDERS, "/orders/nothing"), Ok(XPathFound::Nothing));
    assert_eq!(find(ORDERS, "//order/@no"), list(&["1", "2"]));
    assert_eq!(find(ORDERS, "//code"), list(&["0"]));
    assert_eq!(find(ORDERS, "//nothing"), list(&[]));
    assert_eq!(find(ORDERS, "/orders/order[price > 5]/@no"), list(&["1"]));
    assert_eq!(find(ORDERS, "/orders/empty/*"), list(&[]));
    assert_eq!(
        find(ORDERS, "/orders/order/name | //code"),
        Ok(XPathFound::List(vec![
            "0".into(),
            "무선 이어폰".into(),
            "cable".into()
        ]))
    );
    let several = find(ORDERS, "/orders/order/name").unwrap_err();
    assert_eq!(
        several.to_string(),
        "`/orders/order/name` finds 2 nodes: select one, such as `/orders/order/name[1]`, or write `//orders/order/name` for the list"
    );
    for (path, form) in [
        ("/a/b[2]/@c", XPathForm::OneNode),
        ("/a/b/text()", XPathForm::NodeList),
        ("/a/b[0]", XPathForm::NodeList),
        ("/a/b[1.5]", XPathForm::NodeList),
        ("/a/*", XPathForm::NodeList),
        ("/a/b[1][2]", XPathForm::NodeList),
        ("/a/../b", XPathForm::NodeList),
        ("count(//a)", XPathForm::Count),
        ("sum(//a)", XPathForm::Number),
        ("number (/a)", XPathForm::Number),
        ("string(/a)", XPathForm::Text),
        ("boolean(//a[b = 'c'])", XPathForm::Boolean),
    ] {
        assert_eq!(XPath::parse(path).unwrap().form(), form, "{path}");
    }
}

#[test]
fn functions_give_numbers_texts_and_booleans() {
    assert_eq!(find(ORDERS, "count(//order)"), one(Value::from(2)));
    assert_eq!(
        find(ORDERS, "count(/orders/order/price)"),
        one(Value::from(2))
    );
    assert_eq!(find(ORDERS, "count(/orders/refund)"), one(Value::from(0)));
    assert_eq!(find(ORDERS, "string(//order[2]/name)"), one("cable"));
    assert_eq!(
        find(ORDERS, "boolean(//order[name = 'cable'])"),
        one(Value::Bool(true))
    );
    assert_eq!(find(ORDERS, "boolean(//refund)"), one(Value::Bool(false)));
    let Ok(XPathFound::One(Value::Number(price))) = find(ORDERS, "number(//price)") else {
        panic!()
    };
    assert_eq!(price.as_str(), "12.9");
    assert_eq!(
        find(ORDERS, "sum(//price)").unwrap_err().to_string(),
        "`sum(//price)` is not a number here: the text is \"12.90\""
    );
}

/// Each of these would be 0, empty or false, and so hide a slip for ever.
#[test]
fn what_only_hides_a_mistake_is_no_result() {
    for path in [
        "count(/ordres/order)",
        "count(/orders/ordre/price)",
        "sum(/ordres/order/price)",
        "string(/orders/cod)",
        "number(//prize)",
        "string(concat(//cod, ''))",
        "/ordres/*",
        "/orders/ordre/*",
    ] {
        assert_eq!(find(ORDERS, path), Ok(XPathFound::Nothing), "{path}");
    }
    let document = XmlDocument::parse(ORDERS).unwrap();
    let end = |path: &str| XPath::parse(path).unwrap().dead_end(&document).unwrap();
    assert_eq!(end("/orders/ordr/name").path, "/orders");
    assert_eq!(end("/orders/ordr/name").missing, "ordr");
    assert_eq!(end("/orders/ordr/name").present, ["code", "order", "empty"]);
    assert_eq!(end("/orders/order[3]/name").position, Some(3));
    assert_eq!(end("/order").path, "/");
}

#[test]
fn names_in_the_default_namespace_have_a_prefix_of_their_own() {
    assert_eq!(find(SOAP, "/s:Envelope/s:Body/_:r/_:id"), one("7"));
    assert_eq!(find(SOAP, "//_:id"), list(&["7"]));
    assert_eq!(find(SOAP, "count(//_:list/*)"), one(Value::from(0)));
    for path in [
        "//id",
        "count(//id)",
        "boolean(//id)",
        "string(//r/id)",
        "number(//id)",
    ] {
        assert_eq!(
            find(SOAP, path).unwrap_err().to_string(),
            format!(
                "`{path}` finds nothing: the names of this response are in its default namespace `urn:r`, so write `_:NAME` for each of them"
            )
        );
    }
    assert_eq!(
        find(SOAP, "//fault"),
        list(&[]),
        "it does not exist in any namespace"
    );
    assert_eq!(
        find(SOAP, "//soap:Fault").unwrap_err().to_string(),
        "the response declares no prefix `soap`; it declares `s`"
    );
    assert_eq!(
        find(ORDERS, "//_:order").unwrap_err().to_string(),
        "the response has no default namespace: write the name without `_:`"
    );
}

#[test]
fn what_no_document_answers_is_found_in_the_path() {
    for (path, offset, reason) in [
        ("/a[", 3, "unexpected end"),
        ("//a[@b='c]", 7, "unterminated"),
        ("/a/foo(1)", 3, ""),
        (
            "count(//a, //b)",
            0,
            "`count` needs one argument, but here it has 2",
        ),
        ("count('a')", 0, "the argument of `count` must be a path"),
        (
            "string(upper-case(//a))",
            7,
            "XPath 1.0 has no function `upper-case`",
        ),
        ("number(id('a'))", 7, "XPath 1.0 has no function `id`"),
        (
            "//a[b = $c]",
            8,
            "`$c` is a variable, but XPath has no variables here",
        ),
        (
            "count(//a) > 2",
            0,
            "a subject must be a path or one function call",
        ),
        ("count(a)", 6, "a path of a subject must begin with `/`"),
        ("string('a'/b)", 0, "`[…]` and `/` can only follow a path"),
        (
            "sum(//a | 'b')",
            0,
            "`|` joins two paths, but one of its sides is not a path",
        ),
    ] {
        let fault = XPath::parse(path).unwrap_err();
        assert_eq!(fault.offset, offset, "{path}: {fault:?}");
        assert!(fault.reason.contains(reason), "{path}: {fault:?}");
    }
    assert!(XPath::parse(&format!("/a{}", "[b".repeat(100_000))).is_err());
    assert!(XPath::parse(&format!("/a[{}]", ["1"; 800].join("+"))).is_err());
    assert!(XPath::parse(&format!("/a[{}1]", "-".repeat(2_000))).is_err());
    assert!(XPath::parse(&format!("/a{}", "/b".repeat(1_000))).is_ok());
}

#[test]
fn what_a_document_may_not_be_is_an_error() {
    let error = |xml: &str| XmlDocument::parse(xml).unwrap_err().to_string();
    assert_eq!(
        error("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"),
        "XML with a document type declaration, which ingam refuses to read"
    );
    let bomb = "<!DOCTYPE a [<!ENTITY b \"x\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
    assert!(error(bomb).contains("document type"));
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(XmlDocument::parse(&nested(256)).is_ok());
    assert_eq!(
        error(&nested(257)),
        "XML whose elements are nested deeper than 256 levels"
    );
    assert!(error(&nested(500_000)).contains("deeper than"));
    let wide = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count));
    assert!(XmlDocument::parse(&wide(900_000)).is_ok());
    assert_eq!(error(&wide(1_000_000)), "XML with more than 1000000 nodes");
    assert!(error("<a><b></a>").starts_with("not XML: "));
    assert!(error("").starts_with("not XML: "));
    assert!(error("{\"a\": 1}").starts_with("not XML: "));
}

#[test]
fn a_search_without_end_ends() {
    let xml = format!("<a>{}</a>", "<b><c/></b>".repeat(20_000));
    for path in [
        "//*[count(//*) > 1]",
        "//*[following::*]/@x",
        "count(//b[. = //c])",
    ] {
        assert_eq!(find(&xml, path), Err(XPathSearchError::Visits), "{path}");
    }
    assert_eq!(find(&xml, "count(//c)"), one(Value::from(20_000)));
    assert!(compile::parse("//a").is_ok());
}
