//! Decodes what sends a step more than once: `poll`, `pages` and `retry`. None of it holds templates but what `until` compares
//! with.

use crate::diagnostic::Diagnostic;
use crate::load::assertion::{Assertions, json_path};
use crate::load::fields::{Map, at_most_one, check_variable, duration, entries, wrong_kind};
use crate::load::request::Requests;
use crate::model::assertion::Assertion;
use crate::model::outcome::Expected;
use crate::model::repeat::{DEFAULT_EVERY, DEFAULT_PAGES, DEFAULT_WITHIN, MAX_ASKED, MAX_ATTEMPTS, Pages, Poll, Repeat, Setting};
use crate::render::{Dialect, RESERVED};
use crate::yaml::{Entry, Kind, Node};
use std::time::Duration;

const REPEATS: [&str; 2] = ["poll", "pages"];

impl Requests<'_> {
    pub(super) fn repeat(&mut self, map: &Map<'_>) -> Repeat {
        at_most_one(map, &REPEATS, "a step is repeated in one way", self.faults);
        let poll = map.entry("poll").and_then(|entry| self.poll(entry)).map(Repeat::Poll);
        poll.or_else(|| map.entry("pages").and_then(|entry| self.pages(entry)).map(Repeat::Pages)).unwrap_or_default()
    }

    /// `{ until: { $.state: DONE }, every: 2s, within: 60s }`
    fn poll(&mut self, entry: &Entry) -> Option<Poll> {
        let map = self.open(&entry.value, "`poll`", &["until", "every", "within"], "{ until: { $.state: DONE } }")?;
        let until = map.required("until", self.faults).map(|node| self.until(node)).unwrap_or_default();
        let every = self.time(&map, "every", DEFAULT_EVERY)?;
        let within = self.time(&map, "within", DEFAULT_WITHIN)?;
        self.check_times(&map, every, within);
        Some(Poll { at: entry.key_at, until, every, within })
    }

    fn open<'n>(&mut self, node: &'n Node, what: &'static str, keys: &[&str], example: &str) -> Option<Map<'n>> {
        if node.as_map().is_none() {
            let fault = wrong_kind(node, what, "a map").hint(format!("write {what} as `{example}`"));
            self.faults.push(fault);
            return None;
        }
        Map::open(node, what, keys, self.faults)
    }

    fn until(&mut self, node: &Node) -> Vec<Assertion> {
        if node.as_map().is_some_and(<[Entry]>::is_empty) {
            let fault = Diagnostic::error("`until` needs at least one expectation").at(node.at, "nothing is waited for");
            self.faults.push(fault.hint("write it as `assert` is written: `until: { $.state: DONE }`"));
        }
        Assertions { dialect: Dialect::Request, files: self.files, faults: self.faults }.decode_map(node, "`until`")
    }

    fn time(&mut self, map: &Map<'_>, key: &str, usual: Duration) -> Option<Duration> {
        match map.get(key) {
            Some(node) => duration(node, &format!("`{key}`"), self.faults),
            None => Some(usual),
        }
    }

    fn check_times(&mut self, map: &Map<'_>, every: Duration, within: Duration) {
        let at = map.get("within").or_else(|| map.get("every")).map_or(map.at, |node| node.at);
        if within <= every {
            let fault = Diagnostic::error("`within` is not longer than `every`").at(at, "so it is sent only once");
            self.faults.push(fault.hint("give it the time for more than one call, such as `every: 2s, within: 60s`"));
        } else if within > every.saturating_mul(MAX_ASKED) {
            let text = format!("a poll sends at most {MAX_ASKED} times");
            let fault = Diagnostic::error(text).at(at, "these times allow more");
            self.faults.push(fault.hint("make `every` longer or `within` shorter"));
        }
    }

    /// `{ while: $.response.more, set: { cursor: $.response.next_cursor }, max: 50 }`
    fn pages(&mut self, entry: &Entry) -> Option<Pages> {
        let map = self.open(&entry.value, "`pages`", &["while", "set", "max"], "{ while: $.more, set: { cursor: $.next } }")?;
        let (goes_on, set) = (map.required("while", self.faults), map.required("set", self.faults));
        let goes_on = goes_on.and_then(|node| Some((self.one_value(node, "`while`")?, node.at)));
        let set = set.map(|node| self.settings(node));
        let max = map.get("max").map_or(Some(DEFAULT_PAGES), |node| self.number(node, "`max`", MAX_ASKED));
        let (goes_on, goes_on_at) = goes_on?;
        Some(Pages { at: entry.key_at, goes_on, goes_on_at, set: set?, max: max? })
    }

    /// A path that names one value.
    fn one_value(&mut self, node: &Node, what: &str) -> Option<crate::jsonpath::JsonPath> {
        let Some(written) = node.as_text() else {
            let fault = wrong_kind(node, what, "a JSONPath").hint("name the place in the answer: `$.response.more`");
            self.faults.push(fault);
            return None;
        };
        let path = json_path(written, node.at, self.faults)?;
        if !path.is_singular() {
            let fault = Diagnostic::error(format!("{what} needs a path that can name one value only"));
            self.faults.push(fault.at(node.at, "this one gives a list").hint("use names and indices: `$.response.more`"));
        }
        Some(path)
    }

    fn settings(&mut self, node: &Node) -> Vec<Setting> {
        let lines = entries(node, "`set`", self.faults);
        if lines.is_empty() && node.as_map().is_some() {
            let fault = Diagnostic::error("`set` needs at least one variable").at(node.at, "every page would be the first");
            self.faults.push(fault.hint("write `set: { cursor: $.response.next_cursor }`"));
        }
        lines.iter().filter_map(|entry| self.setting(entry)).collect()
    }

    fn setting(&mut self, entry: &Entry) -> Option<Setting> {
        check_variable(&entry.key, entry.key_at, "a variable", self.faults);
        if RESERVED.contains(&entry.key.as_str()) {
            let fault = Diagnostic::error(format!("`{}` is a name of the language", entry.key)).at(entry.key_at, "set here");
            self.faults.push(fault.hint("set a variable of the file"));
        }
        let from = self.one_value(&entry.value, "`set`")?;
        Some(Setting { name: entry.key.to_string(), name_at: entry.key_at, from, at: entry.value.at })
    }

    /// `{ attempts: 3 }`
    pub(super) fn retry(&mut self, map: &Map<'_>) -> Option<u32> {
        let map = self.open(map.get("retry")?, "`retry`", &["attempts"], "{ attempts: 3 }")?;
        let node = map.required("attempts", self.faults)?;
        self.number(node, "`attempts`", MAX_ATTEMPTS)
    }

    fn number(&mut self, node: &Node, what: &str, most: u32) -> Option<u32> {
        let Kind::Number(number) = &node.kind else {
            self.faults.push(wrong_kind(node, what, "a whole number"));
            return None;
        };
        let number = number.as_i64().and_then(|number| u32::try_from(number).ok()).filter(|number| (1..=most).contains(number));
        if number.is_none() {
            let fault = Diagnostic::error(format!("{what} must be a whole number from 1 to {most}"));
            self.faults.push(fault.at(node.at, "this is not one"));
        }
        number
    }

    /// A refusal that is expected is never a reason to try again.
    pub(super) fn refuse_idle_retry(&mut self, map: &Map<'_>, expected: Expected) {
        let Some(entry) = map.entry("retry").filter(|_| expected != Expected::Success) else { return };
        let attempts = Map::open(&entry.value, "`retry`", &["attempts"], self.faults).and_then(|map| map.get("attempts"));
        if attempts.and_then(Node::as_scalar).is_some_and(|attempts| attempts != "1") {
            let fault = Diagnostic::error("a request that must fail is never tried again").at(entry.key_at, "this has no effect");
            let fault = if let Some(ok) = map.entry("ok") { fault.at(ok.key_at, "it must fail") } else { fault };
            self.faults.push(fault.hint("remove `retry`"));
        }
    }

    /// One undo takes back one thing.
    pub(super) fn refuse_repeated_making(&mut self, map: &Map<'_>) {
        let Some(undo) = map.entry("undo") else { return };
        for entry in map.present(&REPEATS) {
            let fault = Diagnostic::error("a step with an `undo` is sent once").at(entry.key_at, "this sends it again");
            let fault = fault.at(undo.key_at, "this takes one thing back");
            self.faults.push(fault.hint("make it in this step, and wait or read in one of its own"));
        }
    }
}
