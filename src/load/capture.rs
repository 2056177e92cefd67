//! Decodes `capture` maps: name → subject, `{ header: NAME }`, or the long form
//! `{ from: SUBJECT, … }`.

use crate::diagnostic::{Diagnostic, Diagnostics, Hint};
use crate::load::assertion::AS_KEY;
use crate::load::assertion::{decode_subject, regex};
use crate::load::conversion::decode_conversions;
use crate::load::node_reader::{
    CheckedMap, boolean, check_header_name, check_variable_name, map_entries, text,
};
use crate::model::assertion::Subject;
use crate::model::capture::Capture;
use crate::model::conversion::Conversion;
use crate::model::lazy_regex::LazyRegex;
use crate::model::template::find_expression;
use crate::value::Value;
use crate::xml::XPathForm;
use crate::yaml::{MapEntry, NodeKind, YamlNode};

/// Keys of the long form of a capture.
const CAPTURE_KEYS: [&str; 7] = [
    "header", "from", "secret", "all", "pattern", "default", AS_KEY,
];

pub(super) fn decode_captures(node: &YamlNode, diagnostics: &mut Diagnostics) -> Vec<Capture> {
    map_entries(node, "`capture`", diagnostics)
        .iter()
        .filter_map(|entry| decode_capture(entry, diagnostics))
        .collect()
}

/// One line of a `capture` map.
pub(super) fn decode_capture(entry: &MapEntry, diagnostics: &mut Diagnostics) -> Option<Capture> {
    check_variable_name(&entry.key, entry.key_at, "a variable", diagnostics);
    let node = &entry.value;
    let mut capture = Capture {
        name: entry.key.to_string(),
        name_at: entry.key_at,
        // A capture whose subject is faulty is returned as none.
        from: Subject::Body,
        at: node.at,
        conversions: Vec::new(),
        is_secret: false,
        takes_all: false,
        pattern: None,
        default: None,
    };
    if let NodeKind::Map(_) = &node.kind {
        let map = CheckedMap::open(node, "a capture", &CAPTURE_KEYS, diagnostics)?;
        capture.is_secret = secret_flag(&map, diagnostics);
        capture.from = long_capture_subject(&map, diagnostics)?;
        if let Some(node) = map.get(AS_KEY) {
            capture.conversions = decode_conversions(node, &capture.from, diagnostics);
            // What is inside of a token must not be shown, whatever its name is.
            capture.is_secret |= capture.conversions.iter().any(Conversion::reads_token);
        }
        capture.pattern = pattern(&map, &capture.from, diagnostics);
        capture.takes_all = all_flag(&map, &capture, diagnostics);
        capture.default = default_value(&map, &capture, diagnostics);
    } else {
        capture.from = capture_subject(node, "a capture", diagnostics)?;
    }
    Some(capture)
}

/// `all: true` is for what can come more than once: a path says itself whether it finds many.
fn all_flag(map: &CheckedMap<'_>, capture: &Capture, diagnostics: &mut Diagnostics) -> bool {
    let Some(node) = map.get("all") else {
        return false;
    };
    let all = boolean(node, "`all`", diagnostics);
    let can_repeat = matches!(capture.from, Subject::Header(_) | Subject::Cookie(_));
    if all == Some(false) {
        let diagnostic = Diagnostic::error("`all: false` has no effect").at(
            node.at,
            "without `all`, a header that appears more than once is an error",
        );
        diagnostics.push(diagnostic.hint(Hint::remove("remove it")));
    } else if !can_repeat && map.get("pattern").is_none() {
        let diagnostic = Diagnostic::error("`all` is for headers, cookies and a `pattern`")
            .at(node.at, format!("`{}` is not one of them", capture.from));
        let hint = "a path such as `$.items[*].id` already captures a list of all matches";
        diagnostics.push(diagnostic.hint(hint));
    }
    all == Some(true)
}

/// A regular expression with one group, for a subject that can be text.
fn pattern(
    map: &CheckedMap<'_>,
    from: &Subject,
    diagnostics: &mut Diagnostics,
) -> Option<LazyRegex> {
    let node = map.get("pattern")?;
    let regex = regex(node, diagnostics)?;
    let groups = regex.groups();
    if groups != 1 {
        let found = if groups == 0 {
            "this has none".to_owned()
        } else {
            format!("this has {groups}")
        };
        let diagnostic =
            Diagnostic::error("a `pattern` captures the text of its one group").at(node.at, found);
        diagnostics.push(diagnostic.hint(
            "put the part to capture in parentheses, as in `page=([0-9]+)`; begin other groups with `(?:`",
        ));
        return None;
    }
    let is_text = match from {
        Subject::Status | Subject::Latency | Subject::Bytes => false,
        Subject::XPath(path) => matches!(
            path.form(),
            XPathForm::OneNode | XPathForm::NodeList | XPathForm::Text
        ),
        _ => true,
    };
    if !is_text {
        let diagnostic = Diagnostic::error("a `pattern` needs a text")
            .at(node.at, format!("`{from}` is not a text"));
        diagnostics.push(diagnostic.hint(Hint::remove("remove it")));
        return None;
    }
    Some(regex)
}

/// A constant, for a subject that is one value or none.
fn default_value(
    map: &CheckedMap<'_>,
    capture: &Capture,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let node = map.get("default")?;
    let from = &capture.from;
    let reason = match from {
        Subject::Status | Subject::Latency => Some("which every response has".to_owned()),
        Subject::Path(path) if !path.is_singular() => Some("which finds a list".to_owned()),
        Subject::XPath(path) if path.form() == XPathForm::NodeList => {
            Some("which finds a list".to_owned())
        }
        Subject::XPath(path) if path.form() == XPathForm::Boolean => {
            Some("which is true or false in every document".to_owned())
        }
        _ if capture.takes_all => Some("which is a list with `all`".to_owned()),
        _ => None,
    };
    if let Some(reason) = reason {
        let diagnostic =
            Diagnostic::error("`default` is only for a single value that may be missing")
                .at(node.at, format!("it would replace `{from}`, {reason}"));
        diagnostics.push(diagnostic.hint(Hint::remove("remove it")));
        return None;
    }
    let value = node.to_value();
    if holds_template(&value) {
        let diagnostic = Diagnostic::error("`default` cannot contain a template")
            .at(node.at, "`{{` is not allowed here");
        diagnostics.push(diagnostic.hint(
            "write a constant such as `null`, and use `{{ a if b is none else b }}` where you need the capture",
        ));
        return None;
    }
    Some(value)
}

fn holds_template(value: &Value) -> bool {
    match value {
        Value::String(text) => find_expression(text).is_some(),
        Value::List(items) => items.iter().any(holds_template),
        Value::Object(members) => members.iter().any(|(_, member)| holds_template(member)),
        _ => false,
    }
}

/// The subject of `{ header: NAME }` or `{ from: SUBJECT, … }`.
fn long_capture_subject(map: &CheckedMap<'_>, diagnostics: &mut Diagnostics) -> Option<Subject> {
    let Some(header) = map.entry("header") else {
        // A misspelled key is reported already; that a key is missing would be a second error.
        if map.has_unknown_key(&CAPTURE_KEYS) && map.get("from").is_none() {
            return None;
        }
        return capture_subject(map.required("from", diagnostics)?, "`from`", diagnostics);
    };
    let node = &header.value;
    let name = text(node, "`header`", diagnostics)?;
    check_header_name(name, node.at, "this name", diagnostics);
    if let Some(other) = map.present_entries(&CAPTURE_KEYS[1..]).first() {
        let diagnostic = Diagnostic::error("`{ header: NAME }` is the whole capture")
            .at(other.key_at, "no other key is allowed next to it");
        diagnostics.push(diagnostic.hint(format!(
            "write `{{ from: header.{}, … }}`",
            name.to_ascii_lowercase()
        )));
    }
    Some(Subject::Header(name.to_ascii_lowercase()))
}

fn capture_subject(node: &YamlNode, what: &str, diagnostics: &mut Diagnostics) -> Option<Subject> {
    let written = text(node, what, diagnostics)?;
    let subject = decode_subject(written, node.at, diagnostics)?;
    if matches!(subject, Subject::Bytes) {
        let diagnostic = Diagnostic::error("nothing can be captured from `bytes`")
            .at(node.at, "bytes cannot be the value of a template");
        diagnostics.push(diagnostic.hint("`body` captures the text of a body"));
        return None;
    }
    Some(subject)
}

fn secret_flag(map: &CheckedMap<'_>, diagnostics: &mut Diagnostics) -> bool {
    let Some(node) = map.get("secret") else {
        return false;
    };
    match boolean(node, "`secret`", diagnostics) {
        Some(false) => {
            let diagnostic = Diagnostic::error("`secret: false` has no effect")
                .at(node.at, "a value can still be secret by its name");
            diagnostics.push(diagnostic.hint(
                Hint::remove("remove it; if ingam treats the value as a secret because of its name, write `not_secret: [PATH]` in the file"),
            ));
            false
        }
        // An error is reported; the value must not be shown beside it.
        _ => true,
    }
}
