//! Decodes `assert` maps, subjects, and the predicates under them.

use crate::diagnostic::{Diagnostic, Diagnostics, similar_hint, similar_names};
use crate::jsonpath::JsonPath;
use crate::load::conversion::decode_conversions;
use crate::load::node_reader::{
    CheckedMap, boolean, check_header_name, duration, enum_value, map_entries, one_or_many,
    parse_duration, scalar, text, wrong_kind,
};
use crate::load::path_text::char_place;
pub(super) use crate::load::path_text::json_path;
use crate::load::value_decoder::ValueDecoder;
use crate::load::workspace_files::WorkspaceFiles;
use crate::model::assertion::{
    Assertion, ComparisonBound, JsonType, Predicate, PredicateTest, Subject,
};
use crate::model::lazy_regex::LazyRegex;
use crate::model::template::find_expression;
use crate::render::TemplateDialect;
use crate::span::Span;
use crate::xml::XPath;
use crate::yaml::{MapEntry, NodeKind, YamlNode};
use std::time::Duration;

/// The predicates of the language.
pub(super) const PREDICATES: [&str; 23] = [
    "equals",
    "not",
    "one_of",
    "type",
    "exists",
    "above",
    "at_least",
    "below",
    "at_most",
    "matches",
    "contains",
    "starts_with",
    "ends_with",
    "length",
    "age",
    "each",
    "some",
    "none",
    "includes",
    "unordered",
    "unique",
    "schema",
    "sha256",
];

/// The keys of an expectation: a conversion, which is no predicate, and the predicates.
const EXPECTATION_KEYS: [&str; PREDICATES.len() + 1] = {
    let mut keys = [AS_KEY; PREDICATES.len() + 1];
    let mut at = 0;
    while at < PREDICATES.len() {
        keys[at] = PREDICATES[at];
        at += 1;
    }
    keys
};
pub(super) const AS_KEY: &str = "as";

/// The subjects that are single words.
const SUBJECT_KEYS: [&str; 4] = ["status", "latency", "body", "bytes"];

pub(super) struct AssertionDecoder<'d> {
    pub(super) dialect: TemplateDialect,
    pub(super) files: &'d WorkspaceFiles,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl AssertionDecoder<'_> {
    pub(super) fn decode(&mut self, node: &YamlNode) -> Vec<Assertion> {
        self.decode_under(node, "`assert`")
    }

    /// The same under another key.
    pub(super) fn decode_under(&mut self, node: &YamlNode, what: &str) -> Vec<Assertion> {
        let entries = map_entries(node, what, self.diagnostics);
        // A flow can have thousands: `collect` would leave half of each list empty.
        let mut assertions = Vec::with_capacity(entries.len());
        assertions.extend(entries.iter().filter_map(|entry| self.assertion(entry)));
        assertions
    }

    fn assertion(&mut self, entry: &MapEntry) -> Option<Assertion> {
        let subject = decode_subject(&entry.key, entry.key_at, self.diagnostics)?;
        let bounds = if matches!(subject, Subject::Latency) {
            BoundKind::Latency
        } else {
            BoundKind::Value
        };
        let converter = entry_of(&entry.value, AS_KEY).map(|entry| &entry.value);
        let conversions = converter.map_or_else(Vec::new, |node| {
            decode_conversions(node, &subject, self.diagnostics)
        });
        let is_converter_faulty = converter.is_some() && conversions.is_empty();
        let predicates = match &entry.value.kind {
            NodeKind::Map(_) => self.predicates(&entry.value, bounds, true),
            _ => self.expectation(&entry.value, bounds),
        };
        let assertion = Assertion {
            subject,
            at: entry.key_at,
            conversions,
            predicates,
        };
        // Without the conversion that was meant, each predicate would seem to be wrong.
        if is_converter_faulty {
            return Some(assertion);
        }
        // Found now, such an assertion costs nothing. Later it would fail each run after the
        // request was sent, or pass each run without a test.
        for fault in crate::check::predicate_faults(&assertion) {
            self.diagnostics.push(fault.into());
        }
        Some(assertion)
    }

    /// A map is always predicates; anything else is the value to equal.
    fn expectation(&mut self, node: &YamlNode, bounds: BoundKind) -> Vec<Predicate> {
        match &node.kind {
            NodeKind::Map(_) => self.predicates(node, bounds, false),
            _ => vec![Predicate {
                at: node.at,
                test: PredicateTest::Equals(self.value_decoder().tree(node)),
            }],
        }
    }

    fn predicates(
        &mut self,
        node: &YamlNode,
        bounds: BoundKind,
        is_outermost: bool,
    ) -> Vec<Predicate> {
        let Some(map) =
            CheckedMap::open(node, "an expectation", &EXPECTATION_KEYS, self.diagnostics)
        else {
            return Vec::new();
        };
        if let Some(converter) = map.entry(AS_KEY) {
            self.check_converter(converter, node, is_outermost);
        }
        self.check_predicate_keys(node, map.present_entries(&PREDICATES).len());
        // The entries in the order of the file, not of `PREDICATES`: failures are reported in it.
        let mut written: Vec<&MapEntry> = node.as_map().unwrap_or_default().iter().collect();
        written.retain(|entry| PREDICATES.contains(&entry.key.as_str()));
        let mut predicates = Vec::with_capacity(written.len());
        predicates.extend(written.into_iter().filter_map(|entry| {
            Some(Predicate {
                at: entry.key_at,
                test: self.predicate_test(entry, bounds)?,
            })
        }));
        predicates
    }

    /// Reports `as` inside of a predicate, and one with no predicate beside it.
    fn check_converter(&mut self, converter: &MapEntry, node: &YamlNode, is_outermost: bool) {
        if !is_outermost {
            let diagnostic = Diagnostic::error("`as` is not allowed inside a predicate")
                .at(converter.key_at, "it converts the value of the subject");
            self.diagnostics.push(diagnostic.hint(
                "write it next to the first predicate of the subject; if a path finds several values, each is converted",
            ));
        } else if node.as_map().is_some_and(|entries| entries.len() == 1) {
            let diagnostic = Diagnostic::error("an expectation without a predicate always passes")
                .at(converter.key_at, "`as` is not a predicate");
            self.diagnostics.push(
                diagnostic
                    .hint("add a predicate for the converted value: `{ as: number, above: 0 }`"),
            );
        }
    }

    /// Reports a map without a predicate, and one with other keys besides `known` predicates.
    fn check_predicate_keys(&mut self, node: &YamlNode, known: usize) {
        let entries = node.as_map().unwrap_or_default();
        let written = entries.iter().filter(|entry| entry.key != AS_KEY).count();
        if entries.is_empty() {
            let diagnostic = Diagnostic::error("an expectation without a predicate always passes")
                .at(node.at, "no predicate here");
            self.diagnostics
                .push(diagnostic.hint("to compare with an object, write `{ equals: {} }`"));
        }
        // The unknown keys are errors already. The user may have meant an object to compare with,
        // and the messages about single keys do not say how to write one, unless they name the
        // predicate that was meant.
        let mut entries = node.as_map().unwrap_or_default().iter();
        if written > known && entries.any(|entry| similar_names(&entry.key, PREDICATES).is_empty())
        {
            let diagnostic = Diagnostic::warning("a map always contains predicates")
                .at(node.at, "ingam reads these as predicates");
            self.diagnostics
                .push(diagnostic.hint("to compare with an object, write `equals: { … }`"));
        }
    }

    fn predicate_test(&mut self, entry: &MapEntry, bounds: BoundKind) -> Option<PredicateTest> {
        let node = &entry.value;
        let name = || format!("`{}`", entry.key);
        Some(match entry.key.as_str() {
            "equals" => PredicateTest::Equals(self.value_decoder().tree(node)),
            "not" => PredicateTest::Not(self.expectation(node, bounds)),
            "one_of" => PredicateTest::OneOf(self.list_tree(node, &name())?),
            "type" => PredicateTest::Type(self.json_types(node)?),
            "exists" => PredicateTest::Exists(boolean(node, &name(), self.diagnostics)?),
            "above" => PredicateTest::Above(self.bound(node, bounds)?),
            "at_least" => PredicateTest::AtLeast(self.bound(node, bounds)?),
            "below" => PredicateTest::Below(self.bound(node, bounds)?),
            "at_most" => PredicateTest::AtMost(self.bound(node, bounds)?),
            "matches" => PredicateTest::Matches(regex(node, self.diagnostics)?),
            "contains" => PredicateTest::Contains(self.value_decoder().tree(node)),
            "starts_with" if node.as_map().is_some() => {
                PredicateTest::StartsWithBytes(self.first_bytes(node)?)
            }
            "starts_with" => PredicateTest::StartsWith(self.value_decoder().tree(node)),
            "sha256" => PredicateTest::Sha256(self.value_decoder().tree(node)),
            "ends_with" => PredicateTest::EndsWith(self.value_decoder().tree(node)),
            "length" => PredicateTest::Length(self.expectation(node, BoundKind::Value)),
            "age" => PredicateTest::Age(self.age(node)?),
            "each" => PredicateTest::Each(self.expectation(node, BoundKind::Value)),
            "some" => PredicateTest::Some(self.expectation(node, BoundKind::Value)),
            "none" => PredicateTest::None(self.expectation(node, BoundKind::Value)),
            "includes" => PredicateTest::Includes(self.value_decoder().tree(node)),
            "unordered" if matches!(node.kind, NodeKind::Map(_)) => {
                let map = CheckedMap::open(node, "`unordered`", &["deep"], self.diagnostics)?;
                let deep = map.required("deep", self.diagnostics)?;
                PredicateTest::UnorderedDeep(self.list_tree(deep, "`deep`")?)
            }
            "unordered" => PredicateTest::Unordered(self.list_tree(node, &name())?),
            "unique" => PredicateTest::Unique(boolean(node, &name(), self.diagnostics)?),
            _ => PredicateTest::Schema(self.files.schema(node, self.diagnostics)?),
        })
    }

    /// `{ hex: "25504446" }`
    fn first_bytes(&mut self, node: &YamlNode) -> Option<Vec<u8>> {
        let map = CheckedMap::open(node, "`starts_with`", &["hex"], self.diagnostics)?;
        // A misspelled key is reported already; that a key is missing would be a second error.
        if map.has_unknown_key(&["hex"]) && map.get("hex").is_none() {
            return None;
        }
        let node = map.required("hex", self.diagnostics)?;
        // `25504446` without quotes is a number.
        let written = scalar(node, "`hex`", self.diagnostics)?;
        let digits: String = written.split_ascii_whitespace().collect();
        let bytes = hex::decode(&digits);
        if bytes.is_err() {
            let diagnostic = Diagnostic::error("`hex` must be bytes in hex")
                .at(node.at, "two digits of `0-9a-f` for each byte");
            self.diagnostics
                .push(diagnostic.hint("a PDF begins with `{ hex: \"25504446\" }`"));
        }
        bytes.ok()
    }

    /// A list, or a template that may yield one.
    fn list_tree(
        &mut self,
        node: &YamlNode,
        what: &str,
    ) -> Option<crate::model::template::TemplateTree> {
        let tree = self.value_decoder().tree(node);
        // A template may give a list when it is rendered, so only a constant of another kind is an
        // error now.
        if node.as_list().is_some() || tree.as_constant().is_none() {
            return Some(tree);
        }
        self.diagnostics.push(wrong_kind(node, what, "a list"));
        None
    }

    /// `{ below: 1d }`: bounds of the time from a moment to now.
    fn age(&mut self, node: &YamlNode) -> Option<Vec<Predicate>> {
        if matches!(node.kind, NodeKind::Map(_)) {
            return Some(self.predicates(node, BoundKind::Age, false));
        }
        self.diagnostics
            .push(wrong_kind(node, "`age`", "a map such as `{ below: 1d }`"));
        None
    }

    fn bound(&mut self, node: &YamlNode, bounds: BoundKind) -> Option<ComparisonBound> {
        match bounds {
            BoundKind::Value => {}
            // `below: 0s` is a time in the future.
            BoundKind::Age if node.as_text() == Some("0s") => {
                return Some(ComparisonBound::Duration(Duration::ZERO));
            }
            BoundKind::Age | BoundKind::Latency => {
                let what = format!("a bound of `{}`", bounds.subject());
                return duration(node, &what, self.diagnostics).map(ComparisonBound::Duration);
            }
        }
        if node.as_text().and_then(parse_duration).is_some() {
            let diagnostic =
                Diagnostic::error("a duration can be compared only with `latency` and `age`")
                    .at(node.at, "a duration");
            self.diagnostics.push(diagnostic.hint("write a number"));
            return None;
        }
        Some(ComparisonBound::Value(self.value_decoder().tree(node)))
    }

    /// `None` when one of them is no type, which is reported.
    fn json_types(&mut self, node: &YamlNode) -> Option<Vec<JsonType>> {
        let words = JsonType::ALL.map(|kind| (kind.name(), kind));
        one_or_many(node)
            .iter()
            .map(|item| {
                if matches!(item.kind, NodeKind::Null) {
                    Some(JsonType::Null)
                } else {
                    enum_value(item, "a type", &words, self.diagnostics)
                }
            })
            .collect()
    }

    fn value_decoder(&mut self) -> ValueDecoder<'_> {
        ValueDecoder {
            dialect: self.dialect,
            diagnostics: self.diagnostics,
        }
    }
}

/// What the order predicates of an expectation compare with.
#[derive(Clone, Copy)]
enum BoundKind {
    Value,
    /// Durations above zero.
    Latency,
    /// Durations.
    Age,
}

impl BoundKind {
    fn subject(self) -> &'static str {
        match self {
            Self::Value => "a value",
            Self::Latency => "latency",
            Self::Age => "age",
        }
    }
}

/// What an assertion or a capture looks at.
pub(super) fn decode_subject(
    key: &str,
    at: Span,
    diagnostics: &mut Diagnostics,
) -> Option<Subject> {
    if key.starts_with('$') {
        return json_path(key, at, diagnostics).map(Subject::Path);
    }
    if XPath::is_meant_by(key) {
        return xpath(key, at, diagnostics).map(Subject::XPath);
    }
    if let Some(name) = key.strip_prefix("header.") {
        check_header_name(name, at, "this subject", diagnostics);
        return Some(Subject::Header(name.to_ascii_lowercase()));
    }
    if let Some(name) = key.strip_prefix("cookie.") {
        check_cookie_name(name, at, diagnostics);
        return Some(Subject::Cookie(name.to_owned()));
    }
    match key {
        "status" => Some(Subject::Status),
        "latency" => Some(Subject::Latency),
        "body" => Some(Subject::Body),
        "bytes" => Some(Subject::Bytes),
        _ => {
            diagnostics.push(unknown_subject(key, at));
            None
        }
    }
}

fn unknown_subject(key: &str, at: Span) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(format!("`{key}` is not a subject")).at(at, "unknown subject");
    let path = || JsonPath::parse(&format!("$.{key}")).ok();
    let hint = similar_hint(key, SUBJECT_KEYS)
        .or_else(|| path().map(|_| super::path_text::dollar_hint(key)))
        .unwrap_or_else(|| {
            "it can be `status`, `latency`, `body`, `bytes`, `header.NAME`, `cookie.NAME`, a JSONPath that begins with `$` or an XPath that begins with `/`".into()
        });
    diagnostic.hint(hint)
}

/// RFC 6265, section 4.1.1: a name of a cookie is a token, as that of a header is.
fn check_cookie_name(name: &str, at: Span, diagnostics: &mut Diagnostics) {
    if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
        let diagnostic = Diagnostic::error(format!("`{name}` is not the name of a cookie"))
            .at(at, "this subject");
        diagnostics.push(diagnostic.hint("write the name as in `Set-Cookie`: `cookie.session_id`"));
    }
}

/// An XPath; never a template, so that it can be judged before anything is sent.
pub(super) fn xpath(text: &str, at: Span, diagnostics: &mut Diagnostics) -> Option<XPath> {
    if find_expression(text).is_some() {
        let diagnostic = Diagnostic::error("an XPath cannot contain a template")
            .at(at, "`{{` is not allowed here");
        diagnostics.push(diagnostic.hint(
            "put the template into a predicate of the assertion: `//id: { contains: \"{{ id }}\" }`",
        ));
        return None;
    }
    XPath::parse(text)
        .map_err(|fault| {
            diagnostics.push(
                Diagnostic::error(format!("not an XPath: {}", fault.reason))
                    .at(char_place(text, at, fault.offset), "here")
                    .maybe_hint(fault.hint),
            );
        })
        .ok()
}

fn entry_of<'n>(node: &'n YamlNode, key: &str) -> Option<&'n MapEntry> {
    let mut entries = node.as_map().unwrap_or_default().iter();
    entries.find(|entry| entry.key == key)
}

/// A regular expression; never a template.
pub(super) fn regex(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<LazyRegex> {
    let pattern = text(node, "a regular expression", diagnostics)?;
    let holes = crate::model::template::Template::parse(pattern, node.at, None);
    if holes
        .as_ref()
        .map_or(true, |template| template.as_literal().is_none())
    {
        let diagnostic = Diagnostic::error("a regular expression cannot contain a template")
            .at(node.at, "`{{` is not allowed here");
        diagnostics.push(
            diagnostic
                .hint("use `equals`, `contains` or `starts_with`, which can contain templates"),
        );
        return None;
    }
    LazyRegex::new(pattern)
        .map_err(|error| diagnostics.push(regex_error(&error, node.at)))
        .ok()
}

fn regex_error(error: &regex::Error, at: Span) -> Diagnostic {
    let text = error.to_string();
    // The reason is the last line. The lines above it repeat the pattern with a caret, and our own
    // message shows that already.
    let reason = text
        .lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    Diagnostic::error(format!("not a regular expression: {reason}")).at(at, "this one")
}
