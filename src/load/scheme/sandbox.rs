//! Decodes `sandbox`: how our own loopback marketplace plays this one.

use super::Schemes;
use crate::diagnostic::Diagnostic;
use crate::load::assertion::regex;
use crate::load::fields::{Map, at_most_one, duration, entries, items, scalar, text, word};
use crate::model::scheme::{Fault, Part, Penalty, Reading, Refusal, Sandbox, TokenAnswer};
use crate::value::Number;
use crate::yaml::{Entry, Node};

/// Keys of `sandbox`.
pub const SANDBOX_KEYS: [&str; 5] = ["keys", "read", "refuse", "tokens", "penalties"];
const REFUSAL_KEYS: [&str; 5] = ["fault", "name", "status", "headers", "json"];
const PARTS: [(&str, Part); 4] = [("query", Part::Query), ("header", Part::Header), ("form", Part::Form), ("json", Part::Json)];

impl Schemes<'_> {
    pub(super) fn sandbox(&mut self, node: &Node) -> Option<Sandbox> {
        let map = Map::open(node, "`sandbox`", &SANDBOX_KEYS, self.faults)?;
        let read = map.get("read").map(|node| entries(node, "`read`", self.faults)).unwrap_or_default();
        let refuse = map.get("refuse").map(|node| items(node, "`refuse`", self.faults)).unwrap_or_default();
        let tokens = map.get("tokens").map(|node| entries(node, "`tokens`", self.faults)).unwrap_or_default();
        let penalties = map.get("penalties").map(|node| items(node, "`penalties`", self.faults)).unwrap_or_default();
        Some(Sandbox {
            at: node.at,
            keys: map.get("keys").map(|node| self.values().fields(node, "`keys`")).unwrap_or_default(),
            read: read.iter().filter_map(|entry| self.reading(entry)).collect(),
            refuse: refuse.iter().filter_map(|node| self.refusal(node)).collect(),
            token_answers: tokens.iter().filter_map(|entry| self.token_answer(entry)).collect(),
            penalties: penalties.iter().filter_map(|node| self.penalty(node)).collect(),
        })
    }

    /// `ts: { query: timestamp }`
    fn reading(&mut self, entry: &Entry) -> Option<Reading> {
        let map = Map::open(&entry.value, "a place to read from", &["query", "header", "form", "json", "pattern"], self.faults)?;
        let (part, field) = self.place(&map)?;
        let pattern = map.get("pattern").and_then(|node| regex(node, self.faults));
        if let Some(pattern) = pattern.as_ref().filter(|pattern| pattern.captures_len() != 2) {
            let fault = Diagnostic::error("a pattern to read with has one group").at(entry.value.at, format!("`{pattern}`"));
            self.faults.push(fault.hint("put round brackets around the value: `signature=([0-9a-f]+)`"));
        }
        Some(Reading { name: entry.key.to_string(), at: entry.key_at, part, field, pattern })
    }

    fn place(&mut self, map: &Map<'_>) -> Option<(Part, String)> {
        at_most_one(map, &PARTS.map(|(key, _)| key), "a value is read from one place", self.faults);
        let found = PARTS.into_iter().find_map(|(key, part)| map.get(key).map(|node| (part, node)));
        let Some((part, node)) = found else {
            self.faults.push(Diagnostic::error("a place is in `query`, `header`, `form` or `json`").at(map.at, "none of them"));
            return None;
        };
        let field = text(node, "a name", self.faults)?;
        Some((part, if part == Part::Header { field.to_ascii_lowercase() } else { field.to_owned() }))
    }

    fn refusal(&mut self, node: &Node) -> Option<Refusal> {
        let map = Map::open(node, "a refusal", &REFUSAL_KEYS, self.faults)?;
        let faults = Fault::ALL.map(|fault| (fault.name(), fault));
        let status = map.required("status", self.faults)?;
        let code = status.to_value().as_number().and_then(Number::as_i64).and_then(|code| u16::try_from(code).ok());
        let Some(code) = code.filter(|code| (200..600).contains(code)) else {
            self.faults.push(Diagnostic::error("`status` must be a status of an answer").at(status.at, "200 to 599"));
            return None;
        };
        Some(Refusal {
            fault: word(map.required("fault", self.faults)?, "`fault`", &faults, self.faults)?,
            name: map.get("name").and_then(|node| scalar(node, "`name`", self.faults)),
            status: code,
            headers: map.get("headers").map(|node| self.values().fields(node, "`headers`")).unwrap_or_default(),
            json: self.answer(&map)?,
        })
    }

    fn answer(&mut self, map: &Map<'_>) -> Option<crate::model::template::Tree> {
        let node = map.required("json", self.faults)?;
        Some(self.values().tree(node))
    }

    fn token_answer(&mut self, entry: &Entry) -> Option<TokenAnswer> {
        let map = Map::open(&entry.value, "a token answer", &["json", "same_for", "old_for"], self.faults)?;
        let same_for = map.get("same_for").and_then(|node| duration(node, "`same_for`", self.faults));
        let old_for = map.get("old_for").and_then(|node| duration(node, "`old_for`", self.faults));
        Some(TokenAnswer { token: entry.key.to_string(), json: self.answer(&map)?, same_for, old_for })
    }

    fn penalty(&mut self, node: &Node) -> Option<Penalty> {
        let map = Map::open(node, "a penalty", &["token", "part", "name", "reason"], self.faults)?;
        Some(Penalty {
            token: scalar(map.required("token", self.faults)?, "`token`", self.faults)?,
            part: word(map.required("part", self.faults)?, "`part`", &PARTS, self.faults)?,
            field: map.get("name").and_then(|node| scalar(node, "`name`", self.faults)),
            reason: text(map.required("reason", self.faults)?, "`reason`", self.faults)?.to_owned(),
        })
    }
}
