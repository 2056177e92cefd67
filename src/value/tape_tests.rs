//! An indexed text holds what the text says: compared with `serde_json`, with the tree of values,
//! and with looking at each pair of names.

use super::tape::without_byte_order_mark;
use super::{JsonDocument, JsonKind, JsonRef, Value, parse};
use hifijson::num::LexWrite as _;
use hifijson::str::LexAlloc as _;
use hifijson::token::{Expect, Lex as _};
use hifijson::{Error, SliceLexer};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

fn indexed(text: &[u8]) -> Option<JsonDocument> {
    JsonDocument::parse(&bytes::Bytes::copy_from_slice(text)).ok()
}

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop_oneof![
            Just("null"),
            Just("true"),
            Just("false"),
            Just("[]"),
            Just("{}"),
            Just("[ ]"),
            Just("{\n}")
        ]
        .prop_map(str::to_owned),
        r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        r#""([a-c한😀 ]|\\["\\/bfnrt]|\\u00[0-7][0-9a-f]|\\ud83d\\ude00){0,4}""#,
    ];
    let blanks = "[ \t\r\n]{0,2}";
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let name = r#"[ab]|\\u006[12]|[a-z]{3}|[a-b]{7,9}|\\"|"#;
        let item = (blanks, inner.clone(), blanks);
        let member = (blanks, name, blanks, inner, blanks);
        prop_oneof![
            proptest::collection::vec(item, 0..6).prop_map(|items| {
                let items = items
                    .iter()
                    .map(|(before, item, behind)| format!("{before}{item}{behind}"));
                format!("[{}]", items.collect::<Vec<_>>().join(","))
            }),
            proptest::collection::vec(member, 0..6).prop_map(|members| {
                let members = members.iter().map(|(before, name, blank, value, behind)| {
                    format!("{before}\"{name}\"{blank}:{blank}{value}{behind}")
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// A text with some bytes replaced, removed or repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (
        any::<prop::sample::Index>(),
        0..3_u8,
        prop::sample::select(b"{}[]\",:\\u0e-.\n\xed\xff".to_vec()),
    );
    (json_text(), proptest::collection::vec(change, 1..4)).prop_map(|(text, changes)| {
        let mut bytes = text.into_bytes();
        for (at, kind, byte) in changes {
            let at = at
                .index(bytes.len().max(1))
                .min(bytes.len().saturating_sub(1));
            match kind {
                0 if !bytes.is_empty() => bytes[at] = byte,
                1 if !bytes.is_empty() => _ = bytes.remove(at),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

/// What every look into a text must say beside its tree.
fn assert_same(node: JsonRef<'_>, tree: JsonRef<'_>) {
    assert_eq!(node.kind(), tree.kind());
    assert_eq!(node.to_plain_text(), tree.to_plain_text());
    assert_eq!(
        (node.as_bool(), node.as_str()),
        (tree.as_bool(), tree.as_str())
    );
    assert_eq!((node.len(), node.is_null()), (tree.len(), tree.is_null()));
    let spelling = |json: JsonRef<'_>| json.as_number().map(|number| number.as_str().to_owned());
    assert_eq!(spelling(node), spelling(tree));
    assert_eq!(node.children().count(), tree.children().count());
    for ((name, member), (tree_name, tree_member)) in node.members().zip(tree.members()) {
        assert_eq!(name, tree_name);
        assert_eq!(node.get(&name).unwrap().place_id(), member.place_id());
        assert_same(member, tree_member);
    }
    if node.kind() == JsonKind::List {
        for (item, tree_item) in node.children().zip(tree.children()) {
            assert_same(item, tree_item);
        }
    }
    assert_eq!(node, tree);
    assert_eq!(tree, node);
    assert_eq!(node.to_json(), tree.to_json());
    assert_eq!(node.to_pretty_json(), tree.to_pretty_json());
}

/// The names that stand again, found by comparing each with each: object, name.
fn duplicates_of(json: JsonRef<'_>, found: &mut Vec<(usize, String)>) {
    let names: Vec<String> = json.members().map(|(name, _)| name.into_owned()).collect();
    let mut twice: Vec<&String> = names
        .iter()
        .enumerate()
        .filter(|(at, name)| names[..*at].iter().filter(|other| other == name).count() == 1)
        .map(|(_, name)| name)
        .collect();
    found.extend(twice.drain(..).map(|name| (json.place_id(), name.clone())));
    json.children()
        .for_each(|child| duplicates_of(child, found));
}

fn assert_duplicates(root: JsonRef<'_>) {
    let mut expected = Vec::new();
    duplicates_of(root, &mut expected);
    let found: Vec<(usize, String)> = root
        .duplicates_inside()
        .map(|twice| (twice.object, twice.name))
        .collect();
    assert_eq!(found, expected);
}

/// The same grammar by the lexer of hifijson: nothing, or the mistake and its place.
fn read_by_hifijson(text: &[u8]) -> Result<(), (String, usize)> {
    let mut lexer = SliceLexer::new(text);
    lexer
        .exactly_one(SliceLexer::ws_peek, |next, lexer| {
            read_value(128, next, lexer)
        })
        .map_err(|error| (error.to_string(), text.len() - lexer.as_slice().len()))
}

fn read_value(depth: usize, next: u8, lexer: &mut SliceLexer<'_>) -> Result<(), Error> {
    let depth = depth.checked_sub(1).ok_or(Error::Depth)?;
    match next {
        b'a'..=b'z' => lexer.null_or_bool().map(drop).ok_or(Expect::Value)?,
        b'0'..=b'9' | b'-' => lexer.num_string().validated().map(drop)?,
        b'"' => lexer.discarded().str_string().map(drop)?,
        b'[' => lexer
            .discarded()
            .seq(b']', SliceLexer::ws_peek, |next, lexer| {
                read_value(depth, next, lexer)
            })?,
        b'{' => lexer
            .discarded()
            .seq(b'}', SliceLexer::ws_peek, |next, lexer| {
                lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
                lexer.str_string()?;
                let colon = lexer.expect(SliceLexer::ws_peek, b':');
                colon.ok_or(Expect::Colon)?;
                let next = lexer.ws_peek().ok_or(Expect::Value)?;
                read_value(depth, next, lexer)
            })?,
        _ => Err(Expect::Value)?,
    }
    Ok(())
}

fn assert_read_as_by_hifijson(text: &[u8]) {
    if std::str::from_utf8(text).is_err() {
        return;
    }
    let read = JsonDocument::parse(&bytes::Bytes::copy_from_slice(text));
    let mistake = read.err().map(|error| (error.reason, error.offset));
    let text = without_byte_order_mark(text);
    assert_eq!(mistake, read_by_hifijson(text).err());
}

/// The names of all members, without repetition.
fn names_of(json: JsonRef<'_>, names: &mut BTreeSet<String>) {
    names.extend(json.members().map(|(name, _)| name.into_owned()));
    json.children().for_each(|child| names_of(child, names));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn a_text_is_read_as_hifijson_reads_it(bytes in mutated()) {
        assert_read_as_by_hifijson(&bytes);
    }

    #[test]
    fn a_text_of_any_pieces_is_read_as_hifijson_reads_it(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\\", "\\u", "\\u00e9", "\\ud83d", "\\ude00", "\\/", "\u{1}",
                "0", "-", "1", "9", ".", "e", "E", "+", "true", "false", "null", "nul", "t", " ", "\n", "\"id\":", "한", "A",
            ]),
            0..14,
        )
    ) {
        assert_read_as_by_hifijson(pieces.concat().as_bytes());
    }

    #[test]
    fn the_names_of_a_text_are_known(text in json_text()) {
        let document = indexed(text.as_bytes()).unwrap();
        let mut names = BTreeSet::new();
        names_of(document.root().into(), &mut names);
        let known = document.member_names().into_iter();
        prop_assert_eq!(known.map(String::from).collect::<BTreeSet<_>>(), names);
    }
}

#[test]
fn all_names_of_a_text_of_many_are_known() {
    for count in [31, 32, 33, 1_999, 2_000, 2_001, 5_000] {
        let members = (0..count).map(|name| format!("\"{name}\":[{{\"again\":1}}]"));
        let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        let document = indexed(text.as_bytes()).unwrap();
        let known = document.member_names();
        let distinct: BTreeSet<_> = known.iter().collect();
        assert_eq!(distinct.len(), count + 1);
    }
}

#[test]
fn values_are_refused_that_are_nested_deeper_than_128_levels() {
    for levels in [127, 128, 129] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = format!("{}1{}", open.repeat(levels - 1), close.repeat(levels - 1));
            assert_eq!(indexed(text.as_bytes()).is_some(), levels <= 128);
            assert_read_as_by_hifijson(text.as_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_text_says_the_same_as_its_tree_and_as_serde_json(text in json_text()) {
        let document = indexed(text.as_bytes()).unwrap();
        let root = JsonRef::from(document.root());
        let tree = root.to_value();
        prop_assert_eq!(&tree, &parse(text.as_bytes()).unwrap());
        assert_duplicates(root);
        if root.duplicate_inside().is_none() {
            assert_same(root, (&tree).into());
            prop_assert!(root == JsonRef::from(indexed(root.to_pretty_json().as_bytes()).unwrap().root()));
        }
        let known: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&tree.to_json()).unwrap(), known);
    }

    #[test]
    fn a_damaged_text_is_refused_or_read_as_serde_json_reads_it(bytes in mutated()) {
        let known = serde_json::from_slice::<serde_json::Value>(&bytes);
        match (indexed(&bytes), known) {
            (Some(document), Ok(known)) => {
                let root = JsonRef::from(document.root());
                assert_duplicates(root);
                let text = root.to_value().to_json();
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), known);
            }
            // A double has no place for it; here it keeps its spelling.
            (Some(_), Err(error)) => prop_assert!(error.to_string().starts_with("number out of range"), "{error}"),
            (None, known) => prop_assert!(known.is_err()),
        }
    }
}

#[test]
fn the_beginning_of_a_long_value_is_written_without_the_rest() {
    let text = format!("[{}[\"{}\"]]", "12345,".repeat(10_000), "a".repeat(10_000));
    let document = indexed(text.as_bytes()).unwrap();
    let root = JsonRef::from(document.root());
    assert_eq!(root.to_json(), text);
    let prefix = root.to_json_prefix(1_000);
    assert!((1_000..1_020).contains(&prefix.len()) && text.starts_with(&prefix[..1_000]));
    let last = root.children().last().unwrap().to_json_prefix(1_000);
    assert!(
        last.len() < 1_020 && last.starts_with("[\"aaa"),
        "{}",
        last.len()
    );
}

#[test]
fn an_index_takes_at_most_four_times_its_text() {
    let bytes = |text: &str| indexed(text.as_bytes()).unwrap().index_bytes();
    assert!(
        bytes(&format!("[{}1]", "1,".repeat(100_000))) < 100,
        "single values take nothing"
    );
    for dense in [
        "[1]",
        "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
        "{\"\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}",
        "[[]]",
        "{\"\":1}",
        "{\"\":[1]}",
        "[{\"\":[[1]]}]",
        "{\"\":1,\"\":1}",
        "[]",
        "{}",
    ] {
        let text = format!("[{}]", vec![dense; 10_000].join(","));
        assert!(
            bytes(&text) <= 4 * text.len(),
            "{dense}: {} of {}",
            bytes(&text),
            text.len()
        );
    }
}

#[test]
fn names_are_compared_in_a_time_that_grows_with_their_number() {
    let started = Instant::now();
    let names = 0..60_000;
    let once: Vec<String> = names
        .clone()
        .map(|name| format!("\"name{name}\":1"))
        .collect();
    let twice: Vec<String> = names
        .clone()
        .map(|name| format!("\"name{}\":1", name / 2))
        .collect();
    let same: Vec<String> = names.map(|_| "\"name\":1".to_owned()).collect();
    for (members, expected) in [(once, 0), (twice, 30_000), (same, 1)] {
        let text = format!("{{{}}}", members.join(","));
        let document = indexed(text.as_bytes()).unwrap();
        let root = JsonRef::from(document.root());
        assert_eq!(root.duplicate_count(), expected);
        let Value::Object(kept) = root.to_value() else {
            panic!("another kind of value")
        };
        assert_eq!(kept.len(), if expected == 0 { 60_000 } else { expected });
    }
    assert!(started.elapsed() < Duration::from_secs(20));
}
