//! Every applicable entry of the published known answers is reproduced by the interpreter that
//! signs requests, and every other entry is named with its reason.

use super::program::root;
use ingam::internals::load::{all_schemes, load};
use ingam::internals::model::scheme::Scheme;
use ingam::internals::sign::{lint, run_vector};
use ingam::internals::value::{Value, parse};
use std::sync::Arc;

fn json(name: &str) -> Value {
    parse(&std::fs::read(root().join("tests/vectors").join(name)).unwrap()).unwrap()
}

/// The schemes that are built in, and those that are written for the published answers of other
/// marketplaces.
fn schemes() -> Vec<Arc<Scheme>> {
    let mut loaded = load(&root().join("tests/vectors/workspace"), 1).unwrap();
    let schemes = all_schemes(&mut loaded);
    assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
    schemes
}

#[test]
fn every_vector_of_every_scheme_is_reproduced() {
    let mut values = 0;
    for scheme in schemes() {
        for vector in &scheme.vectors {
            for result in run_vector(&scheme, vector)
                .unwrap_or_else(|error| panic!("{}: {error}", scheme.name))
            {
                assert!(
                    result.is_match(),
                    "{}, {}: {result:?}",
                    scheme.name,
                    vector.source
                );
                values += 1;
            }
        }
        let errors: Vec<_> = lint(&scheme)
            .into_iter()
            .filter(|finding| finding.is_error)
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", scheme.name);
    }
    println!("{values} known values reproduced");
    assert!(values > 150, "only {values} values");
}

#[test]
fn every_published_entry_is_reproduced_or_named_with_its_reason() {
    let (published, coverage, schemes) = (json("published.json"), json("coverage.json"), schemes());
    let list = |name: &str| {
        published
            .get(name)
            .and_then(Value::as_list)
            .unwrap()
            .to_vec()
    };
    let three = list("three")
        .into_iter()
        .enumerate()
        .map(|(index, entry)| (format!("three/{index}"), entry));
    let others = list("others").into_iter().map(|entry| {
        (
            format!("others/{}", entry.get("id").unwrap().as_str().unwrap()),
            entry,
        )
    });
    let mut reproduced = 0;
    let mut keys = Vec::new();
    for (key, entry) in three.chain(others) {
        let said = coverage
            .get(&key)
            .unwrap_or_else(|| panic!("nothing is said of {key}"));
        if let Some(reason) = said.get("not").and_then(Value::as_str) {
            assert!(reason.len() > 3, "{key} needs a reason");
        } else {
            let text = |name: &str| {
                said.get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_else(|| panic!("{key} has no {name}"))
            };
            check_entry(&key, &entry, &schemes, text("scheme"), text("source"));
            reproduced += 1;
        }
        keys.push(key);
    }
    assert_eq!(
        coverage.as_object().unwrap().len(),
        keys.len(),
        "an entry is covered that is not published"
    );
    println!(
        "{reproduced} of {} published entries reproduced",
        keys.len()
    );
    assert_eq!((reproduced, keys.len()), (67, 69));
}

/// The suites of RFC 9421, RFC 9530, RFC 7515, RFC 8032, RFC 5849, RFC 7636, Standard Webhooks and AWS
/// Signature Version 4, and what eBay, Walmart, Shopify, BigCommerce, WooCommerce, Mercado Pago and others
/// published: every value that an entry expects is one that a vector expects, and so one that the
/// interpreter gives (`every_vector_of_every_scheme_is_reproduced`).
#[test]
fn every_entry_of_the_suites_is_reproduced_or_named_with_its_reason() {
    let (published, coverage) = (json("known-answers-west.json"), json("coverage-west.json"));
    let schemes = schemes();
    let (mut reproduced, mut named) = (0, 0);
    for entry in published.as_list().unwrap() {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap();
        let key = text("id");
        let said = coverage
            .get(key)
            .and_then(Value::as_list)
            .unwrap_or_else(|| panic!("nothing is said of {key}"));
        if let Some(reason) = said[0].get("not").and_then(Value::as_str) {
            assert!(reason.len() > 3, "{key} needs a reason");
            named += 1;
        } else {
            check_suite_entry(key, entry, said, &schemes);
            reproduced += 1;
        }
    }
    println!("{reproduced} entries of suites reproduced, {named} named");
    assert_eq!(
        (reproduced, reproduced + named),
        (127, coverage.as_object().unwrap().len())
    );
}

fn check_suite_entry(key: &str, entry: &Value, said: &[Value], schemes: &[Arc<Scheme>]) {
    let mut given = Vec::new();
    let mut excepted = Vec::new();
    for said in said {
        let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap();
        let scheme = schemes.iter().find(|scheme| scheme.name == text("scheme"));
        let scheme = scheme.unwrap_or_else(|| panic!("{key}: no scheme {}", text("scheme")));
        let mut vectors = scheme.vectors.iter();
        let vector = vectors.find(|vector| vector.source == text("source"));
        let vector = vector.unwrap_or_else(|| panic!("{key}: no vector {}", text("source")));
        given.extend(vector.expect.iter().map(|(_, _, value)| value.clone()));
        excepted.extend(
            said.get("but")
                .and_then(Value::as_object)
                .into_iter()
                .flatten(),
        );
    }
    for (name, value) in leaves("", entry.get("expect").unwrap()) {
        let is_excepted = excepted.iter().any(|(other, _)| **other == *name);
        assert!(
            is_excepted || given.contains(&value),
            "{key}: no vector expects `{name}`: {value}"
        );
    }
}

/// Every text in a value with its dotted name.
fn leaves(name: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(member, value)| {
                let dot = if name.is_empty() { "" } else { "." };
                leaves(&format!("{name}{dot}{member}"), value)
            })
            .collect(),
        Value::String(text) => vec![(name.to_owned(), text.to_string())],
        _ => Vec::new(),
    }
}

fn check_entry(key: &str, entry: &Value, schemes: &[Arc<Scheme>], scheme: &str, source: &str) {
    let scheme = schemes
        .iter()
        .find(|known| known.name == scheme)
        .unwrap_or_else(|| panic!("{key}: no scheme {scheme}"));
    let vector = scheme
        .vectors
        .iter()
        .find(|vector| vector.source == source)
        .unwrap_or_else(|| panic!("{key}: no vector {source}"));
    let expects = |wanted: &str| {
        assert!(
            vector.expect.iter().any(|(_, _, value)| value == wanted),
            "{key}: {source} does not expect {wanted}"
        );
    };
    // A header without blanks after its commas is held by its signature.
    let expected = entry
        .get("expected")
        .map(|value| value.to_plain_text().unwrap())
        .unwrap_or_default();
    if !expected.is_empty() {
        expects(&expected);
    }
    if let Some(message) = entry.get("string_to_sign").and_then(Value::as_str) {
        expects(message);
    }
}
