//! Decodes `vectors`: known answers, each with where it was published.

use super::Schemes;
use crate::diagnostic::Diagnostic;
use crate::load::fields::{Map, at_most_one, entries, items, scalar, text};
use crate::load::request::Requests;
use crate::model::scheme::{Vector, VectorOf};
use crate::value::ObjectMember;
use crate::yaml::Node;

/// Keys of a vector.
pub const VECTOR_KEYS: [&str; 3] = ["source", "given", "expect"];
/// Keys of what a vector is given.
pub const GIVEN_KEYS: [&str; 7] = ["cred", "token", "steps", "clock", "request", "token_request", "authorize"];

impl Schemes<'_> {
    pub(super) fn vectors(&mut self, node: &Node) -> Vec<Vector> {
        items(node, "`vectors`", self.faults).iter().filter_map(|node| self.vector(node)).collect()
    }

    fn vector(&mut self, node: &Node) -> Option<Vector> {
        let map = Map::open(node, "a vector", &VECTOR_KEYS, self.faults)?;
        let given = Map::open(map.required("given", self.faults)?, "`given`", &GIVEN_KEYS, self.faults)?;
        let expect = map.required("expect", self.faults)?;
        let expected = entries(expect, "`expect`", self.faults).iter();
        let expected: Vec<_> = expected
            .filter_map(|entry| Some((entry.key.to_string(), entry.key_at, scalar(&entry.value, "a known answer", self.faults)?)))
            .collect();
        if expected.is_empty() {
            self.faults
                .push(Diagnostic::error("a vector that expects nothing proves nothing").at(expect.at, "nothing is expected"));
        }
        let clock = given.required("clock", self.faults)?;
        Some(Vector {
            at: node.at,
            source: text(map.required("source", self.faults)?, "`source`", self.faults)?.to_owned(),
            credentials: self.plain(&given, "cred"),
            token: self.plain(&given, "token"),
            steps: self.plain(&given, "steps"),
            clock: self.time(clock)?,
            of: self.vector_of(&given)?,
            expect: expected,
        })
    }

    fn plain(&mut self, map: &Map<'_>, key: &str) -> Vec<ObjectMember> {
        let entries = map.get(key).map(|node| entries(node, "`given`", self.faults)).unwrap_or_default();
        entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect()
    }

    fn time(&mut self, node: &Node) -> Option<i64> {
        let written = scalar(node, "`clock`", self.faults)?;
        match written.parse::<jiff::Timestamp>() {
            Ok(time) => Some(time.as_millisecond()),
            Err(_) => {
                let fault = Diagnostic::error("`clock` must be a time").at(node.at, "not a time");
                self.faults.push(fault.hint("write it as \"2020-01-01T00:00:00Z\", with milliseconds where they count"));
                None
            }
        }
    }

    fn vector_of(&mut self, given: &Map<'_>) -> Option<VectorOf> {
        at_most_one(given, &["request", "token_request", "authorize"], "a vector signs one thing", self.faults);
        if let Some(node) = given.get("token_request") {
            let written = text(node, "`token_request`", self.faults)?;
            let (token, act) = written.split_once('.').unwrap_or((written, "issue"));
            return Some(VectorOf::Token { token: token.to_owned(), act: act.to_owned() });
        }
        if given.get("authorize").is_some() {
            return Some(VectorOf::Authorize { vars: self.plain(given, "authorize") });
        }
        let node = given.required("request", self.faults)?;
        let request = Requests { files: self.files, faults: self.faults }.decode_in_scheme(node)?;
        Some(VectorOf::Request { level: request.level.clone().map(|level| level.name), request: Box::new(request) })
    }
}
