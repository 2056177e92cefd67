//! The kit that decodes nodes: opens a map with the keys it may have, and reads scalars, with an
//! error that has a place for everything that does not fit. It refuses to know any kind of file.

use crate::diagnostic::{
    Diagnostic, Diagnostics, Hint, Repair, join_names, name_hint, similar_hint,
};
use crate::model::request::SpannedName;
use crate::model::template::find_expression;
use crate::span::Span;
use crate::yaml::{MapEntry, NodeKind, YamlNode};
use std::time::Duration;

/// Of a request file only: the session of a flow is that of all its steps.
pub(super) const COOKIES_KEY: &str = "cookies";

/// A map whose keys are known to be allowed.
#[derive(Clone, Copy)]
pub(super) struct CheckedMap<'n> {
    pub(super) at: Span,
    description: &'static str,
    entries: &'n [MapEntry],
}

impl<'n> CheckedMap<'n> {
    /// Reports every key that is not in `keys`; `None` when the node is no map.
    pub(super) fn open(
        node: &'n YamlNode,
        what: &'static str,
        keys: &[&str],
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            diagnostics.push(wrong_kind(node, what, "a map"));
            return None;
        };
        for entry in entries
            .iter()
            .filter(|entry| !keys.contains(&entry.key.as_str()))
        {
            let diagnostic = Diagnostic::error(format!("{what} has no key `{}`", entry.key))
                .at(entry.key_at, "unknown key");
            let hint = similar_hint(&entry.key, keys.iter().copied())
                .or_else(|| misplaced_key_hint(&entry.key))
                .or_else(|| name_hint(&entry.key, keys.iter().copied()));
            diagnostics.push(diagnostic.maybe_hint(hint));
        }
        Some(Self {
            at: node.at,
            description: what,
            entries,
        })
    }

    #[must_use]
    pub(super) fn entry(&self, key: &str) -> Option<&'n MapEntry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    #[must_use]
    pub(super) fn get(&self, key: &str) -> Option<&'n YamlNode> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// What `decode` makes of a key that may be left out; without it, the default. An error in the
    /// value is not hidden by the default: `decode` reports it.
    pub(super) fn optional<T: Default>(
        &self,
        key: &str,
        decode: impl FnOnce(&'n YamlNode) -> T,
    ) -> T {
        self.get(key).map(decode).unwrap_or_default()
    }

    /// The text under a key that may be left out.
    pub(super) fn optional_text(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        text(self.get(key)?, &format!("`{key}`"), diagnostics).map(str::to_owned)
    }

    /// The same with its place, for a name that is looked up when all files are known.
    pub(super) fn optional_name(
        &self,
        key: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<SpannedName> {
        let node = self.get(key)?;
        let name = self.optional_text(key, diagnostics)?;
        Some(SpannedName { name, at: node.at })
    }

    /// One of a few words under a key that may be left out.
    pub(super) fn optional_word<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        enum_value(self.get(key)?, &format!("`{key}`"), words, diagnostics)
    }

    pub(super) fn optional_boolean(
        &self,
        key: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<bool> {
        boolean(self.get(key)?, &format!("`{key}`"), diagnostics)
    }

    pub(super) fn optional_duration(
        &self,
        key: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Duration> {
        duration(self.get(key)?, &format!("`{key}`"), diagnostics)
    }

    pub(super) fn required(
        &self,
        key: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<&'n YamlNode> {
        let found = self.get(key);
        if found.is_none() {
            diagnostics.push(
                Diagnostic::error(format!("{} needs `{key}`", self.description))
                    .at(self.at, format!("`{key}` is missing here")),
            );
        }
        found
    }

    /// Whether a key that is not in `keys` is there, which was reported when the map was opened.
    pub(super) fn has_unknown_key(&self, keys: &[&str]) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| !keys.contains(&entry.key.as_str()))
    }

    /// Those of `keys` that are there, in the order of `keys`.
    #[must_use]
    pub(super) fn present_entries(&self, keys: &[&str]) -> Vec<&'n MapEntry> {
        keys.iter().filter_map(|key| self.entry(key)).collect()
    }
}

/// Where a key belongs that is unknown here.
fn misplaced_key_hint(key: &str) -> Option<Hint> {
    (key == COOKIES_KEY)
        .then(|| "move `cookies: keep` to the top of the file; it applies to all steps".into())
}

/// Every entry of a map whose keys are free.
pub(super) fn map_entries<'n>(
    node: &'n YamlNode,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> &'n [MapEntry] {
    node.as_map().unwrap_or_else(|| {
        diagnostics.push(wrong_kind(node, what, "a map"));
        &[]
    })
}

/// The items of a list.
pub(super) fn list_items<'n>(
    node: &'n YamlNode,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> &'n [YamlNode] {
    node.as_list().unwrap_or_else(|| {
        diagnostics.push(wrong_kind(node, what, "a list"));
        &[]
    })
}

/// The items of a list, or the one value that stands in its place.
#[must_use]
pub(super) fn one_or_many(node: &YamlNode) -> &[YamlNode] {
    node.as_list().unwrap_or(std::slice::from_ref(node))
}

pub(super) fn wrong_kind(node: &YamlNode, what: &str, wanted: &str) -> Diagnostic {
    let label = format!("this is {}", node.kind_name());
    let wanted_text =
        // `skip: 5` and `name: true` are read as a number and a flag, and quotes are the way to
        // write the text.
        wanted.contains("text") && matches!(node.kind, NodeKind::Number(_) | NodeKind::Bool(_));
    let diagnostic = Diagnostic::error(format!("{what} must be {wanted}")).at(node.at, label);
    if wanted_text {
        diagnostic.hint(Hint::with("put it in quotes", Repair::Quote))
    } else {
        diagnostic
    }
}

/// A text that is not a number, true or false.
pub(super) fn text<'n>(
    node: &'n YamlNode,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<&'n str> {
    let found = node.as_text();
    if found.is_none() {
        diagnostics.push(wrong_kind(node, what, "text"));
    }
    found
}

/// Text, or the spelling of a number.
pub(super) fn scalar(node: &YamlNode, what: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let found = node.as_scalar();
    if found.is_none() {
        diagnostics.push(wrong_kind(node, what, "a single value"));
    }
    found.map(String::from)
}

pub(super) fn boolean(node: &YamlNode, what: &str, diagnostics: &mut Diagnostics) -> Option<bool> {
    if let NodeKind::Bool(flag) = node.kind {
        return Some(flag);
    }
    diagnostics.push(wrong_kind(node, what, "`true` or `false`"));
    None
}

/// A list of texts; one text stands for a list of one.
pub(super) fn text_list(node: &YamlNode, what: &str, diagnostics: &mut Diagnostics) -> Vec<String> {
    one_or_many(node)
        .iter()
        .filter_map(|item| scalar(item, what, diagnostics))
        .collect()
}

/// One of a few words.
pub(super) fn enum_value<T: Copy>(
    node: &YamlNode,
    what: &str,
    words: &[(&str, T)],
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let written = scalar(node, what, diagnostics)?;
    let found = words
        .iter()
        .find(|(word, _)| *word == written)
        .map(|(_, value)| *value);
    if found.is_none() {
        let names = || words.iter().map(|(word, _)| *word);
        let diagnostic = Diagnostic::error(format!("{what} cannot be `{written}`"))
            .at(node.at, format!("not one of {}", join_names(names(), "or")));
        diagnostics.push(diagnostic.maybe_hint(similar_hint(&written, names())));
    }
    found
}

/// `300ms`, `2s`, `5m`, `1h`, `30d`.
pub(super) fn duration(
    node: &YamlNode,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Duration> {
    let written = scalar(node, what, diagnostics)?;
    // Zero is refused for all durations: a timeout of zero fails each call, and a poll without a
    // pause calls as fast as it can.
    let found = parse_duration(&written).filter(|duration| !duration.is_zero());
    if found.is_none() {
        let diagnostic = Diagnostic::error(format!("{what} must be a duration above zero"))
            .at(node.at, "this is not one");
        diagnostics.push(
            diagnostic.hint("write a whole number and a unit: `300ms`, `2s`, `5m`, `1h`, `30d`"),
        );
    }
    found
}

#[must_use]
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.len()
        - text
            .trim_start_matches(|letter: char| letter.is_ascii_digit())
            .len();
    let (count, unit) = text.split_at(digits);
    let count: u64 = count.parse().ok()?;
    // A product that does not fit is no duration: wrapped around, a year of 19 digits would become
    // some seconds.
    let seconds = |each: u64| count.checked_mul(each).map(Duration::from_secs);
    match unit {
        "ms" => Some(Duration::from_millis(count)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3_600),
        "d" => seconds(86_400),
        _ => None,
    }
}

/// The first text below a node that holds a template.
#[must_use]
pub(super) fn first_template(node: &YamlNode) -> Option<&YamlNode> {
    match &node.kind {
        NodeKind::Text(text) => find_expression(&text.value).map(|_| node),
        NodeKind::List(items) => items.iter().find_map(first_template),
        NodeKind::Map(entries) => entries
            .iter()
            .find_map(|entry| first_template(&entry.value)),
        _ => None,
    }
}

/// Reports when more than one of some keys is there: each would mean something, and only one can.
pub(super) fn at_most_one(
    map: &CheckedMap<'_>,
    keys: &[&str],
    what: &str,
    diagnostics: &mut Diagnostics,
) {
    let mut found = map.present_entries(keys);
    // "The second" in the message is the second in the file, not in our list of keys.
    found.sort_by_key(|entry| entry.key_at.start);
    if let [first, second, ..] = found.as_slice() {
        diagnostics.push(
            Diagnostic::error(what.to_owned())
                .at(second.key_at, "the second")
                .at(first.key_at, "the first"),
        );
    }
}

/// Reports what cannot be the name of a header (RFC 9110, section 5.1).
pub(super) fn check_header_name(name: &str, at: Span, label: &str, diagnostics: &mut Diagnostics) {
    if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
        diagnostics.push(Diagnostic::error(format!("`{name}` is not a header name")).at(at, label));
    }
}

/// Reports a header that no file can set, because ingam derives it from the host and the body.
pub(super) fn check_settable_header(
    name: &str,
    at: Span,
    who: &str,
    diagnostics: &mut Diagnostics,
) {
    check_header_name(name, at, "this name", diagnostics);
    if crate::wire::FRAMING_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        let diagnostic = Diagnostic::error(format!("{who} cannot set the header `{name}`"))
            .at(at, "this header");
        diagnostics.push(diagnostic.hint("ingam derives it from the host and the body"));
    }
}

/// The status of an answer that is the last one to its request.
pub(super) fn response_status(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<u16> {
    let code = node
        .to_value()
        .as_number()
        .and_then(crate::value::Number::as_i64);
    let found = code
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (200..600).contains(code));
    if found.is_none() {
        diagnostics.push(wrong_kind(
            node,
            "`status`",
            "a response status from 200 to 599",
        ));
    }
    found
}

/// A name that can be a part of an id: letters, digits, `_`, `-` and `.`.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text
            // Letters of every script are accepted: the names of files may be Korean.
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'))
}

/// A name that a template can look up: ASCII letters, digits and `_`, and no digit first.
pub(crate) fn is_variable_name(text: &str) -> bool {
    let all = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    all && text
        .bytes()
        .next()
        .is_some_and(|first| !first.is_ascii_digit())
}

/// Reports a name that no template could look up.
pub(super) fn check_variable_name(name: &str, at: Span, what: &str, diagnostics: &mut Diagnostics) {
    if !is_variable_name(name) {
        let diagnostic = Diagnostic::error(format!("`{name}` is not a valid name of {what}"))
            .at(at, "this name");
        diagnostics
            .push(diagnostic.hint("use ASCII letters, digits and `_`, and begin with a letter"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        assert_eq!(parse_duration("300ms"), Some(Duration::from_millis(300)));
        assert_eq!(parse_duration("2h"), Some(Duration::from_secs(7_200)));
        for text in [
            "",
            "2",
            "s",
            "1.5s",
            "-1s",
            "2 s",
            "2 S",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
