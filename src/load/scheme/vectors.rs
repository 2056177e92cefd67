//! Decodes `vectors`: known signatures, each with the source that published it.

use super::SchemeDecoder;
use crate::diagnostic::Diagnostic;
use crate::load::node_reader::{CheckedMap, at_most_one, list_items, map_entries, scalar, text};
use crate::load::request::RequestDecoder;
use crate::model::scheme::{Proof, SignatureVector, VectorSubject};
use crate::span::Span;
use crate::value::ObjectMember;
use crate::yaml::YamlNode;

/// Keys of a vector.
pub(super) const VECTOR_KEYS: [&str; 4] = ["source", "proof", "given", "expect"];
/// Keys of what a vector is given.
pub(super) const GIVEN_KEYS: [&str; 7] = [
    "cred",
    "token",
    "steps",
    "clock",
    "request",
    "token_request",
    "authorize",
];

impl SchemeDecoder<'_> {
    pub(super) fn vectors(
        &mut self,
        node: &YamlNode,
        proof: Option<Proof>,
    ) -> Vec<SignatureVector> {
        list_items(node, "`vectors`", self.diagnostics)
            .iter()
            .filter_map(|node| self.vector(node, proof))
            .collect()
    }

    fn vector(&mut self, node: &YamlNode, proof: Option<Proof>) -> Option<SignatureVector> {
        let map = CheckedMap::open(node, "a vector", &VECTOR_KEYS, self.diagnostics)?;
        let given = CheckedMap::open(
            map.required("given", self.diagnostics)?,
            "`given`",
            &GIVEN_KEYS,
            self.diagnostics,
        )?;
        let expect = map.required("expect", self.diagnostics)?;
        let expected = self.expected_values(expect);
        let clock = given.required("clock", self.diagnostics)?;
        Some(SignatureVector {
            at: node.at,
            source: text(
                map.required("source", self.diagnostics)?,
                "`source`",
                self.diagnostics,
            )?
            .to_owned(),
            proof: self.vector_proof(&map, proof),
            credentials: self.constant_members(&given, "cred"),
            token: self.constant_members(&given, "token"),
            fixed_steps: self.constant_members(&given, "steps"),
            clock_ms: self.clock_time(clock)?,
            subject: self.vector_subject(&given)?,
            expect: expected,
        })
    }

    fn expected_values(&mut self, node: &YamlNode) -> Vec<(String, Span, String)> {
        let entries = map_entries(node, "`expect`", self.diagnostics).iter();
        let expected: Vec<_> = entries
            .filter_map(|entry| {
                Some((
                    entry.key.to_string(),
                    entry.key_at,
                    scalar(&entry.value, "a known answer", self.diagnostics)?,
                ))
            })
            .collect();
        if expected.is_empty() {
            self.diagnostics.push(
                Diagnostic::error("a vector that expects nothing proves nothing")
                    .at(node.at, "nothing is expected"),
            );
        }
        expected
    }

    fn constant_members(&mut self, map: &CheckedMap<'_>, key: &str) -> Vec<ObjectMember> {
        let entries = map
            .get(key)
            .map(|node| map_entries(node, "`given`", self.diagnostics))
            .unwrap_or_default();
        entries
            .iter()
            .map(|entry| (entry.key.clone(), entry.value.to_value()))
            .collect()
    }

    fn clock_time(&mut self, node: &YamlNode) -> Option<i64> {
        let written = scalar(node, "`clock`", self.diagnostics)?;
        if let Ok(time) = written.parse::<jiff::Timestamp>() {
            Some(time.as_millisecond())
        } else {
            let diagnostic = Diagnostic::error("`clock` must be a time").at(node.at, "not a time");
            self.diagnostics.push(
                diagnostic.hint(
                    "write it as \"2020-01-01T00:00:00Z\", with milliseconds where they count",
                ),
            );
            None
        }
    }

    fn vector_subject(&mut self, given: &CheckedMap<'_>) -> Option<VectorSubject> {
        at_most_one(
            given,
            &["request", "token_request", "authorize"],
            "a vector signs one thing",
            self.diagnostics,
        );
        if let Some(node) = given.get("token_request") {
            let written = text(node, "`token_request`", self.diagnostics)?;
            let (token, act) = written.split_once('.').unwrap_or((written, "issue"));
            return Some(VectorSubject::Token {
                token: token.to_owned(),
                action: act.to_owned(),
            });
        }
        if given.get("authorize").is_some() {
            return Some(VectorSubject::Authorize {
                vars: self.constant_members(given, "authorize"),
            });
        }
        let node = given.required("request", self.diagnostics)?;
        let request = RequestDecoder {
            files: self.files,
            diagnostics: self.diagnostics,
        }
        .decode_vector_request(node)?;
        Some(VectorSubject::Request {
            level: request.level.clone().map(|level| level.name),
            request: Box::new(request),
        })
    }
}
