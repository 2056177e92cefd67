//! Decodes what sends a step more than once: `poll`, `pages` and `retry`. None of it holds
//! templates but what `until` compares with.

use crate::diagnostic::Diagnostic;
use crate::load::assertion::{AssertionDecoder, json_path};
use crate::load::node_reader::{
    CheckedMap, at_most_one, check_variable_name, duration, map_entries, wrong_kind,
};
use crate::load::request::RequestDecoder;
use crate::model::assertion::Assertion;
use crate::model::outcome::ExpectedOutcome;
use crate::model::repeat::{
    DEFAULT_MAX_PAGES, DEFAULT_POLL_INTERVAL, DEFAULT_POLL_TIMEOUT, MAX_ATTEMPTS,
    MAX_REPEATED_REQUESTS, NextPageVariable, PagingOptions, PollOptions, RepeatMode,
};
use crate::render::{RESERVED_NAMES, TemplateDialect};
use crate::yaml::{MapEntry, NodeKind, YamlNode};
use std::time::Duration;

const REPEAT_KEYS: [&str; 2] = ["poll", "pages"];

impl RequestDecoder<'_> {
    pub(super) fn repeat(&mut self, map: &CheckedMap<'_>) -> RepeatMode {
        at_most_one(
            map,
            &REPEAT_KEYS,
            "a step is repeated in one way",
            self.diagnostics,
        );
        let poll = map
            .entry("poll")
            .and_then(|entry| self.poll(entry))
            .map(RepeatMode::Poll);
        poll.or_else(|| {
            map.entry("pages")
                .and_then(|entry| self.pages(entry))
                .map(RepeatMode::Pages)
        })
        .unwrap_or_default()
    }

    /// `{ until: { $.state: DONE }, every: 2s, within: 60s }`
    fn poll(&mut self, entry: &MapEntry) -> Option<PollOptions> {
        let map = self.open_with_example(
            &entry.value,
            "`poll`",
            &["until", "every", "within"],
            "{ until: { $.state: DONE } }",
        )?;
        let until = map
            .required("until", self.diagnostics)
            .map(|node| self.until(node))
            .unwrap_or_default();
        let every = self.duration_or_default(&map, "every", DEFAULT_POLL_INTERVAL)?;
        let within = self.duration_or_default(&map, "within", DEFAULT_POLL_TIMEOUT)?;
        self.check_poll_times(&map, every, within);
        Some(PollOptions {
            at: entry.key_at,
            until,
            interval: every,
            timeout: within,
        })
    }

    pub(super) fn open_with_example<'n>(
        &mut self,
        node: &'n YamlNode,
        what: &'static str,
        keys: &[&str],
        example: &str,
    ) -> Option<CheckedMap<'n>> {
        if node.as_map().is_none() {
            let diagnostic =
                wrong_kind(node, what, "a map").hint(format!("write {what} as `{example}`"));
            self.diagnostics.push(diagnostic);
            return None;
        }
        CheckedMap::open(node, what, keys, self.diagnostics)
    }

    fn until(&mut self, node: &YamlNode) -> Vec<Assertion> {
        if node.as_map().is_some_and(<[MapEntry]>::is_empty) {
            let diagnostic = Diagnostic::error("`until` needs at least one expectation")
                .at(node.at, "nothing is waited for");
            self.diagnostics.push(
                diagnostic.hint("write it as `assert` is written: `until: { $.state: DONE }`"),
            );
        }
        AssertionDecoder {
            dialect: TemplateDialect::Request,
            files: self.files,
            diagnostics: self.diagnostics,
        }
        .decode_under(node, "`until`")
    }

    fn duration_or_default(
        &mut self,
        map: &CheckedMap<'_>,
        key: &str,
        usual: Duration,
    ) -> Option<Duration> {
        match map.get(key) {
            Some(node) => duration(node, &format!("`{key}`"), self.diagnostics),
            None => Some(usual),
        }
    }

    fn check_poll_times(&mut self, map: &CheckedMap<'_>, every: Duration, within: Duration) {
        let at = map
            .get("within")
            .or_else(|| map.get("every"))
            .map_or(map.at, |node| node.at);
        // The second call would begin when the time is over already.
        if within <= every {
            let diagnostic = Diagnostic::error("`within` is not longer than `every`")
                .at(at, "so it is sent only once");
            self.diagnostics.push(
                diagnostic.hint(
                    "give it the time for more than one call, such as `every: 2s, within: 60s`",
                ),
            );
        // `1ms` for `every` and a day for `within` would be a flood of requests to a marketplace.
        } else if within > every.saturating_mul(MAX_REPEATED_REQUESTS) {
            let text = format!("a poll sends at most {MAX_REPEATED_REQUESTS} times");
            let diagnostic = Diagnostic::error(text).at(at, "these times allow more");
            self.diagnostics
                .push(diagnostic.hint("make `every` longer or `within` shorter"));
        }
    }

    /// `{ while: $.response.more, set: { cursor: $.response.next_cursor }, max: 50, single: true }`
    fn pages(&mut self, entry: &MapEntry) -> Option<PagingOptions> {
        let map = self.open_with_example(
            &entry.value,
            "`pages`",
            &["while", "set", "max", "single"],
            "{ while: $.more, set: { cursor: $.next } }",
        )?;
        let (goes_on, set) = (
            map.required("while", self.diagnostics),
            map.required("set", self.diagnostics),
        );
        let goes_on =
            goes_on.and_then(|node| Some((self.singular_path(node, "`while`")?, node.at)));
        let set = set.map(|node| self.page_settings(node));
        let max = map.get("max").map_or(Some(DEFAULT_MAX_PAGES), |node| {
            self.bounded_number(node, "`max`", MAX_REPEATED_REQUESTS)
        });
        let single = map.optional_boolean("single", self.diagnostics);
        let (goes_on, goes_on_at) = goes_on?;
        Some(PagingOptions {
            at: entry.key_at,
            has_next: goes_on,
            has_next_at: goes_on_at,
            next_page_vars: set?,
            max_pages: max?,
            allows_single_page: single == Some(true),
        })
    }

    /// A path that names one value.
    fn singular_path(&mut self, node: &YamlNode, what: &str) -> Option<crate::jsonpath::JsonPath> {
        let Some(written) = node.as_text() else {
            let diagnostic = wrong_kind(node, what, "a JSONPath")
                .hint("name the place in the response: `$.response.more`");
            self.diagnostics.push(diagnostic);
            return None;
        };
        let path = json_path(written, node.at, self.diagnostics)?;
        if !path.is_singular() {
            let diagnostic =
                Diagnostic::error(format!("{what} needs a path that can name one value only"));
            self.diagnostics.push(
                diagnostic
                    .at(node.at, "this one gives a list")
                    .hint("use names and indices: `$.response.more`"),
            );
        }
        Some(path)
    }

    fn page_settings(&mut self, node: &YamlNode) -> Vec<NextPageVariable> {
        let lines = map_entries(node, "`set`", self.diagnostics);
        if lines.is_empty() && node.as_map().is_some() {
            let diagnostic = Diagnostic::error("`set` needs at least one variable")
                .at(node.at, "every page would be the first");
            self.diagnostics
                .push(diagnostic.hint("write `set: { cursor: $.response.next_cursor }`"));
        }
        lines
            .iter()
            .filter_map(|entry| self.page_setting(entry))
            .collect()
    }

    fn page_setting(&mut self, entry: &MapEntry) -> Option<NextPageVariable> {
        check_variable_name(&entry.key, entry.key_at, "a variable", self.diagnostics);
        if RESERVED_NAMES.contains(&entry.key.as_str()) {
            let diagnostic =
                Diagnostic::error(format!("`{}` is a name of the language", entry.key))
                    .at(entry.key_at, "set here");
            self.diagnostics
                .push(diagnostic.hint("set a variable of the file"));
        }
        let from = self.singular_path(&entry.value, "`set`")?;
        Some(NextPageVariable {
            name: entry.key.to_string(),
            name_at: entry.key_at,
            from,
            at: entry.value.at,
        })
    }

    /// `{ attempts: 3 }`
    pub(super) fn retry(&mut self, map: &CheckedMap<'_>) -> Option<u32> {
        let map = self.open_with_example(
            map.get("retry")?,
            "`retry`",
            &["attempts"],
            "{ attempts: 3 }",
        )?;
        let node = map.required("attempts", self.diagnostics)?;
        self.bounded_number(node, "`attempts`", MAX_ATTEMPTS)
    }

    fn bounded_number(&mut self, node: &YamlNode, what: &str, most: u32) -> Option<u32> {
        let NodeKind::Number(number) = &node.kind else {
            self.diagnostics
                .push(wrong_kind(node, what, "a whole number"));
            return None;
        };
        let number = number
            .as_i64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (1..=most).contains(number));
        if number.is_none() {
            let diagnostic =
                Diagnostic::error(format!("{what} must be a whole number from 1 to {most}"));
            self.diagnostics
                .push(diagnostic.at(node.at, "this is not one"));
        }
        number
    }

    /// A refusal that is expected is never a reason to try again.
    pub(super) fn refuse_retry_of_expected_failure(
        &mut self,
        map: &CheckedMap<'_>,
        expected: ExpectedOutcome,
    ) {
        let Some(entry) = map
            .entry("retry")
            .filter(|_| expected != ExpectedOutcome::Success)
        else {
            return;
        };
        let attempts = CheckedMap::open(&entry.value, "`retry`", &["attempts"], self.diagnostics)
            .and_then(|map| map.get("attempts"));
        if attempts
            .and_then(YamlNode::as_scalar)
            .is_some_and(|attempts| attempts != "1")
        {
            let diagnostic = Diagnostic::error("a request that must fail is never tried again")
                .at(entry.key_at, "this has no effect");
            let diagnostic = if let Some(ok) = map.entry("ok") {
                diagnostic.at(ok.key_at, "it must fail")
            } else {
                diagnostic
            };
            self.diagnostics.push(diagnostic.hint("remove `retry`"));
        }
    }

    /// One undo takes back one thing.
    pub(super) fn refuse_repeat_with_undo(&mut self, map: &CheckedMap<'_>) {
        let Some(undo) = map.entry("undo") else {
            return;
        };
        for entry in map.present_entries(&REPEAT_KEYS) {
            let diagnostic = Diagnostic::error("a step with an `undo` is sent once")
                .at(entry.key_at, "this sends it again");
            let diagnostic = diagnostic.at(undo.key_at, "this takes one thing back");
            self.diagnostics
                .push(diagnostic.hint("make it in this step, and wait or read in one of its own"));
        }
    }
}
