//! Decodes `poll` and `retry`. None of it holds templates but what `until` compares with.

use crate::diagnostic::Diagnostic;
use crate::load::assertion::AssertionDecoder;
use crate::load::node_reader::{CheckedMap, at_most_one, duration, wrong_kind};
use crate::load::request::RequestDecoder;
use crate::model::assertion::Assertion;
use crate::model::repeat::{
    DEFAULT_POLL_INTERVAL, DEFAULT_POLL_TIMEOUT, MAX_ATTEMPTS, MAX_REPEATED_REQUESTS, PollOptions,
    RepeatMode,
};
use crate::render::TemplateDialect;
use crate::yaml::{MapEntry, NodeKind, YamlNode};
use std::time::Duration;

const REPEAT_KEYS: [&str; 2] = ["poll", "pages"];

impl RequestDecoder<'_> {
    pub(super) fn repeat(&mut self, map: &CheckedMap<'_>) -> RepeatMode {
        at_most_one(
            map,
            &REPEAT_KEYS,
            "a step can be repeated in only one way",
            self.diagnostics,
        );
        let poll = map
            .entry("poll")
            .and_then(|entry| self.poll(entry))
            .map(|poll| RepeatMode::Poll(Box::new(poll)));
        poll.or_else(|| {
            map.entry("pages")
                .and_then(|entry| self.pages(entry))
                .map(|pages| RepeatMode::Pages(Box::new(pages)))
        })
        .unwrap_or_default()
    }

    /// `{ until: { $.state: DONE }, fail: { $.state: FAILED }, every: 2s, within: 60s }`
    fn poll(&mut self, entry: &MapEntry) -> Option<PollOptions> {
        let map = self.open_with_example(
            &entry.value,
            "`poll`",
            &["until", "pending", "fail", "every", "within"],
            "{ until: { $.state: DONE } }",
        )?;
        let until = map
            .required("until", self.diagnostics)
            .map(|node| self.conditions(node, "`until`", "the condition is empty"))
            .unwrap_or_default();
        let pending = map.optional("pending", |node| {
            self.conditions(node, "`pending`", "the step would wait after every refusal")
        });
        let fail = map.optional("fail", |node| {
            self.conditions(node, "`fail`", "every response would fail the step")
        });
        let every = self.duration_or_default(&map, "every", DEFAULT_POLL_INTERVAL)?;
        let within = self.duration_or_default(&map, "within", DEFAULT_POLL_TIMEOUT)?;
        self.check_poll_times(&map, every, within);
        Some(PollOptions {
            at: entry.key_at,
            until,
            pending,
            fail,
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

    fn conditions(&mut self, node: &YamlNode, what: &str, without: &str) -> Vec<Assertion> {
        if node.as_map().is_some_and(<[MapEntry]>::is_empty) {
            let diagnostic = Diagnostic::error(format!("{what} needs at least one expectation"))
                .at(node.at, without);
            let key = what.trim_matches('`');
            self.diagnostics.push(diagnostic.hint(format!(
                "use the syntax of `assert`: `{key}: {{ $.state: DONE }}`"
            )));
        }
        AssertionDecoder {
            dialect: TemplateDialect::Request,
            files: self.files,
            diagnostics: self.diagnostics,
        }
        .decode_under(node, what)
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
            let diagnostic = Diagnostic::error("`within` must be longer than `every`")
                .at(at, "the request would be sent only once");
            self.diagnostics.push(
                diagnostic.hint("allow more than one call, such as `every: 2s, within: 60s`"),
            );
        // `1ms` for `every` and a day for `within` would be a flood of requests to a marketplace.
        } else if within > every.saturating_mul(MAX_REPEATED_REQUESTS) {
            let text = format!("a poll can send at most {MAX_REPEATED_REQUESTS} requests");
            let diagnostic = Diagnostic::error(text).at(at, "these values allow more");
            self.diagnostics
                .push(diagnostic.hint("increase `every` or decrease `within`"));
        }
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

    pub(super) fn bounded_number(&mut self, node: &YamlNode, what: &str, most: u32) -> Option<u32> {
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

    /// One undo takes back one thing.
    pub(super) fn refuse_repeat_with_undo(&mut self, map: &CheckedMap<'_>) {
        let Some(undo) = map.entry("undo") else {
            return;
        };
        for entry in map.present_entries(&REPEAT_KEYS) {
            let diagnostic = Diagnostic::error("a step with an `undo` can be sent only once")
                .at(entry.key_at, "this repeats the step");
            let diagnostic = diagnostic.at(undo.key_at, "this undoes one item");
            self.diagnostics.push(
                diagnostic
                    .hint("create the item in this step, and wait or read in a separate step"),
            );
        }
    }
}
