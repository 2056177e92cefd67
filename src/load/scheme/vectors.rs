//! Decodes `vectors`: known signatures, each with the source that published it.

use super::SchemeDecoder;
use crate::diagnostic::{Diagnostic, Hint};
use crate::load::node_reader::{CheckedMap, at_most_one, list_items, map_entries, scalar, text};
use crate::load::request::RequestDecoder;
use crate::model::scheme::{IncomingPush, Proof, SignatureVector, VectorSubject};
use crate::span::Span;
use crate::value::ObjectMember;
use crate::yaml::YamlNode;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use std::path::PathBuf;

/// Keys of a vector.
pub(super) const VECTOR_KEYS: [&str; 4] = ["source", "proof", "given", "expect"];
/// Keys of what a vector is given.
pub(super) const GIVEN_KEYS: [&str; 13] = [
    "cred",
    "token",
    "steps",
    "clock",
    "region",
    "files",
    "request",
    "token_request",
    "with",
    "authorize",
    "link",
    "push",
    "callback",
];
/// Keys of a push that a vector is given.
pub(in crate::load) const PUSH_KEYS: [&str; 7] = [
    "webhook",
    "url",
    "method",
    "path_query",
    "headers",
    "body",
    "body_hex",
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
        let files = given.optional("files", |node| self.given_files(node));
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
            region: given.optional_text("region", self.diagnostics),
            subject: self.vector_subject(&given, &files)?,
            files,
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
                Diagnostic::error("a vector without `expect` proves nothing")
                    .at(node.at, "no expectation here"),
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
            self.diagnostics
                .push(diagnostic.hint(
                    "write it as \"2020-01-01T00:00:00Z\", with milliseconds if they matter",
                ));
            None
        }
    }

    /// `push: { webhook: push, url: "https://…", headers: { authorization: … }, body: "{}" }`
    fn pushed(&mut self, node: &YamlNode) -> Option<VectorSubject> {
        let map = CheckedMap::open(node, "`push`", &PUSH_KEYS, self.diagnostics)?;
        at_most_one(
            &map,
            &["body", "body_hex"],
            "a push can have only one body",
            self.diagnostics,
        );
        let webhook = map.required("webhook", self.diagnostics)?;
        let webhook = text(webhook, "`webhook`", self.diagnostics)?.to_owned();
        let headers = map.optional("headers", |node| {
            map_entries(node, "`headers`", self.diagnostics)
        });
        let headers = headers.iter().filter_map(|entry| {
            let value = scalar(&entry.value, "a header", self.diagnostics)?;
            Some((entry.key.as_str().to_ascii_lowercase(), value))
        });
        let headers = headers.collect();
        let body = match map.get("body_hex") {
            Some(node) => self.hex_body(node)?,
            None => map
                .optional_text("body", self.diagnostics)
                .map(String::into_bytes)
                .unwrap_or_default(),
        };
        let url = map.optional_text("url", self.diagnostics);
        let push = IncomingPush {
            path_query: map
                .optional_text("path_query", self.diagnostics)
                .or_else(|| url.as_deref().and_then(path_and_query))
                .unwrap_or_else(|| "/".to_owned()),
            url: url.unwrap_or_default(),
            method: map
                .optional_text("method", self.diagnostics)
                .unwrap_or_else(|| "POST".to_owned()),
            headers,
            body,
        };
        Some(VectorSubject::Push {
            webhook,
            push: Box::new(push),
        })
    }

    fn hex_body(&mut self, node: &YamlNode) -> Option<Vec<u8>> {
        let written = text(node, "`body_hex`", self.diagnostics)?;
        let bytes = hex::decode(written);
        if bytes.is_err() {
            self.diagnostics
                .push(Diagnostic::error("`body_hex` must be bytes in hex").at(node.at, "not hex"));
        }
        bytes.ok()
    }

    /// `{ images/a.png: { base64: iVBORw0K } , note.txt: "some text" }`
    fn given_files(&mut self, node: &YamlNode) -> Vec<(PathBuf, Bytes)> {
        let entries = map_entries(node, "`files`", self.diagnostics).iter();
        entries
            .filter_map(|entry| Some((PathBuf::from(&*entry.key), self.given_file(&entry.value)?)))
            .collect()
    }

    fn given_file(&mut self, node: &YamlNode) -> Option<Bytes> {
        if node.as_map().is_none() {
            let content = text(node, "the content of a file", self.diagnostics)?;
            return Some(Bytes::from(content.to_owned()));
        }
        let map = CheckedMap::open(node, "a file", &["base64"], self.diagnostics)?;
        let content = map.required("base64", self.diagnostics)?;
        let written = text(content, "`base64`", self.diagnostics)?;
        let decoded = BASE64_STANDARD.decode(written);
        if decoded.is_err() {
            let diagnostic = Diagnostic::error("`base64` is not Base64 with padding")
                .at(content.at, "this text");
            self.diagnostics.push(diagnostic);
        }
        decoded.ok().map(Bytes::from)
    }

    /// Names that only one kind of vector has would be ignored by the others.
    fn check_given_belongs(&mut self, given: &CheckedMap<'_>) {
        for (key, subject) in [
            ("files", "request"),
            ("with", "token_request"),
            ("link", "authorize"),
        ] {
            if let (Some(entry), None) = (given.entry(key), given.get(subject)) {
                let diagnostic = Diagnostic::error(format!("`{key}` is only for `{subject}`"))
                    .at(entry.key_at, "it has no effect here");
                self.diagnostics
                    .push(diagnostic.hint(Hint::remove("remove it")));
            }
        }
    }

    fn token_subject(&mut self, given: &CheckedMap<'_>, node: &YamlNode) -> Option<VectorSubject> {
        let written = text(node, "`token_request`", self.diagnostics)?;
        let (token, act) = written.split_once('.').unwrap_or((written, "issue"));
        Some(VectorSubject::Token {
            token: token.to_owned(),
            action: act.to_owned(),
            vars: self.constant_members(given, "with"),
        })
    }

    fn vector_subject(
        &mut self,
        given: &CheckedMap<'_>,
        files: &[(PathBuf, Bytes)],
    ) -> Option<VectorSubject> {
        at_most_one(
            given,
            &["request", "token_request", "authorize", "push", "callback"],
            "a vector can sign or check only one thing",
            self.diagnostics,
        );
        self.check_given_belongs(given);
        if let Some(node) = given.get("token_request") {
            return self.token_subject(given, node);
        }
        if let Some(node) = given.get("push") {
            return self.pushed(node);
        }
        if let Some(node) = given.get("callback") {
            return Some(VectorSubject::Callback {
                query: text(node, "`callback`", self.diagnostics)?.to_owned(),
            });
        }
        if given.get("authorize").is_some() {
            return Some(VectorSubject::Authorize {
                link: given.optional_text("link", self.diagnostics),
                vars: self.constant_members(given, "authorize"),
            });
        }
        let node = given.required("request", self.diagnostics)?;
        // The files of a vector stand in it: a built-in scheme is checked in every workspace.
        let given_files = self
            .files
            .with_only(files.iter().map(|(path, _)| path.clone()));
        let request = RequestDecoder {
            files: &given_files,
            diagnostics: self.diagnostics,
        }
        .decode_vector_request(node)?;
        Some(VectorSubject::Request {
            level: request.level.clone().map(|level| level.name),
            request: Box::new(request),
        })
    }
}

/// The path and the query of an address.
fn path_and_query(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let at = rest.find(['/', '?'])?;
    Some(rest[at..].to_owned())
}
