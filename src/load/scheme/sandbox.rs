//! Decodes `sandbox`: how the built-in sandbox imitates this marketplace.

use super::SchemeDecoder;
use super::plain_text::{scalar, text};
use super::received_place::PlaceWording;
use crate::charset::Charset;
use crate::diagnostic::Diagnostic;
use crate::load::encoded_body::{body_charset, check_encodable, check_xml};
use crate::load::node_reader::{
    CheckedMap, at_most_one, enum_value, list_items, map_entries, one_or_many,
};
use crate::method::Method;
use crate::model::request::{EncodedBody, EncodedContent};
use crate::model::scheme::{
    FaultBody, FaultResponse, PenaltyRule, RequestPart, SampleResponse, SandboxRules,
    TokenResponse, ValueExtractor, ValuePlace, VerifyFault,
};
use crate::value::Number;
use crate::yaml::{MapEntry, YamlNode};

/// Keys of `sandbox`.
pub(super) const SANDBOX_KEYS: [&str; 6] =
    ["keys", "read", "refuse", "tokens", "penalties", "samples"];
const FAULT_RESPONSE_KEYS: [&str; 7] = [
    "fault", "name", "status", "headers", "json", "xml", "charset",
];
const REQUEST_PARTS: [(&str, RequestPart); 4] = [
    ("query", RequestPart::Query),
    ("header", RequestPart::Header),
    ("form", RequestPart::Form),
    ("json", RequestPart::Json),
];

/// Keys of the response to a token request.
const TOKEN_RESPONSE_KEYS: [&str; 6] = [
    "json",
    "device",
    "reuse_for",
    "overlap",
    "accepts_json",
    "accepts_methods",
];

impl SchemeDecoder<'_> {
    pub(super) fn sandbox(&mut self, node: &YamlNode) -> Option<SandboxRules> {
        let map = CheckedMap::open(node, "`sandbox`", &SANDBOX_KEYS, self.diagnostics)?;
        let read = map.optional("read", |node| map_entries(node, "`read`", self.diagnostics));
        let refuse = map.optional("refuse", |node| {
            list_items(node, "`refuse`", self.diagnostics)
        });
        let tokens = map.optional("tokens", |node| {
            map_entries(node, "`tokens`", self.diagnostics)
        });
        let penalties = map.optional("penalties", |node| {
            list_items(node, "`penalties`", self.diagnostics)
        });
        let samples = map.optional("samples", |node| {
            list_items(node, "`samples`", self.diagnostics)
        });
        Some(SandboxRules {
            at: node.at,
            samples: self.samples(samples),
            test_credentials: map
                .optional("keys", |node| self.value_decoder().fields(node, "`keys`")),
            extractors: read
                .iter()
                .filter_map(|entry| self.reading(entry))
                .collect(),
            fault_responses: refuse
                .iter()
                .filter_map(|node| self.fault_response(node))
                .collect(),
            token_responses: tokens
                .iter()
                .filter_map(|entry| self.token_response(entry))
                .collect(),
            penalty_rules: penalties
                .iter()
                .filter_map(|node| self.penalty(node))
                .collect(),
        })
    }

    /// `ts: { query: timestamp }`, or a list of such places
    fn reading(&mut self, entry: &MapEntry) -> Option<ValueExtractor> {
        let nodes = one_or_many(&entry.value);
        let places: Vec<ValuePlace> = nodes
            .iter()
            .filter_map(|node| self.value_place(node))
            .collect();
        if nodes.is_empty() {
            let diagnostic =
                Diagnostic::error(format!("`{}` has no place to read from", entry.key));
            self.diagnostics
                .push(diagnostic.at(entry.value.at, "an empty list"));
        }
        (!places.is_empty()).then(|| ValueExtractor {
            name: entry.key.to_string(),
            at: entry.key_at,
            places,
        })
    }

    fn value_place(&mut self, node: &YamlNode) -> Option<ValuePlace> {
        let map = CheckedMap::open(
            node,
            "a place to read from",
            &[
                "query", "header", "form", "json", "pattern", "claim", "chosen",
            ],
            self.diagnostics,
        )?;
        let wording = PlaceWording {
            single: "a value can be read from only one place",
            missing: (
                "a place must be in `query`, `header`, `form` or `json`".to_owned(),
                "none of them is here",
            ),
            pattern_hint: "put parentheses around the value: `signature=([0-9a-f]+)`",
        };
        let (part, field) = self.received_field(&map, &REQUEST_PARTS, &wording)?;
        let pattern = self.received_pattern(&map, &wording);
        Some(ValuePlace {
            part,
            field,
            pattern,
            claim: map.optional_text("claim", self.diagnostics),
            is_chosen: map
                .optional_boolean("chosen", self.diagnostics)
                .unwrap_or(false),
        })
    }

    fn fault_response(&mut self, node: &YamlNode) -> Option<FaultResponse> {
        let map = CheckedMap::open(node, "a refusal", &FAULT_RESPONSE_KEYS, self.diagnostics)?;
        let faults = VerifyFault::ALL.map(|fault| (fault.name(), fault));
        let status = map.required("status", self.diagnostics)?;
        let status = self.fault_status(status)?;
        Some(FaultResponse {
            fault: enum_value(
                map.required("fault", self.diagnostics)?,
                "`fault`",
                &faults,
                self.diagnostics,
            )?,
            name: map
                .get("name")
                .and_then(|node| scalar(node, "`name`", self.diagnostics)),
            status,
            headers: map.optional("headers", |node| {
                self.value_decoder().fields(node, "`headers`")
            }),
            body: self.fault_body(&map)?,
        })
    }

    /// A sample of any call fits every call, so it is the last one.
    fn samples(&mut self, nodes: &[YamlNode]) -> Vec<SampleResponse> {
        let mut samples: Vec<SampleResponse> = Vec::new();
        for node in nodes {
            if samples.last().is_some_and(|before| before.call.is_none()) {
                let diagnostic = Diagnostic::error("this sample is never used")
                    .at(node.at, "it follows a sample that matches every call");
                self.diagnostics
                    .push(diagnostic.hint("move the sample without a method to the end"));
            }
            samples.extend(self.sample(node));
        }
        samples
    }

    /// `{ get: /path, json: … }`, or for any call `{ status: 404, json: … }`
    fn sample(&mut self, node: &YamlNode) -> Option<SampleResponse> {
        let mut keys = vec!["status", "headers", "json"];
        keys.extend(Method::ALL.map(Method::key));
        let map = CheckedMap::open(node, "a sample", &keys, self.diagnostics)?;
        at_most_one(
            &map,
            &Method::ALL.map(Method::key),
            "a sample is for one call",
            self.diagnostics,
        );
        let mut methods = Method::ALL.into_iter();
        let call = match methods.find_map(|method| Some((method, map.get(method.key())?))) {
            Some((method, path)) => Some((method, self.sample_path(path)?)),
            None => None,
        };
        let status = match (map.get("status"), &call) {
            (Some(status), _) => self.fault_status(status)?,
            (None, Some(_)) => 200,
            (None, None) => {
                let status = map.required("status", self.diagnostics)?;
                self.fault_status(status)?
            }
        };
        Some(SampleResponse {
            call,
            status,
            headers: map.optional("headers", |node| {
                self.value_decoder().fields(node, "`headers`")
            }),
            json: self.response_tree(&map)?,
        })
    }

    fn sample_path(&mut self, node: &YamlNode) -> Option<String> {
        let path = text(node, "a path", self.diagnostics)?;
        if !path.starts_with('/') || path.contains(['?', '{']) {
            let diagnostic = Diagnostic::error("the path of a sample must be a plain path")
                .at(node.at, format!("`{path}`"));
            self.diagnostics
                .push(diagnostic.hint("begin it with `/`, without a query and without templates"));
            return None;
        }
        Some(path.to_owned())
    }

    /// `json`, or `xml` with perhaps a `charset`.
    fn fault_body(&mut self, map: &CheckedMap<'_>) -> Option<FaultBody> {
        at_most_one(
            map,
            &["json", "xml"],
            "a refusal can have only one body",
            self.diagnostics,
        );
        let charset = body_charset(map, self.diagnostics).unwrap_or(Charset::UTF_8);
        if map.get("json").is_none() && map.get("xml").is_none() {
            let diagnostic = Diagnostic::error("a refusal needs a body: `json` or `xml`")
                .at(map.at, "this refusal has none");
            self.diagnostics.push(diagnostic);
            return None;
        }
        let Some(node) = map.get("xml") else {
            return self.response_tree(map).map(FaultBody::Json);
        };
        let tree = self.value_decoder().tree(node);
        check_encodable(&tree, charset, self.diagnostics);
        check_xml(&tree, charset, self.diagnostics);
        Some(FaultBody::Xml(EncodedBody {
            content: EncodedContent::Xml(tree),
            charset,
            at: node.at,
        }))
    }

    fn fault_status(&mut self, node: &YamlNode) -> Option<u16> {
        let code = node
            .to_value()
            .as_number()
            .and_then(Number::as_i64)
            .and_then(|code| u16::try_from(code).ok())
            // RFC 9110, section 15.2: below 200 the final response is still to come.
            .filter(|code| (200..600).contains(code));
        if code.is_none() {
            self.diagnostics.push(
                Diagnostic::error("`status` must be a status of a response")
                    .at(node.at, "200 to 599"),
            );
        }
        code
    }

    fn response_tree(
        &mut self,
        map: &CheckedMap<'_>,
    ) -> Option<crate::model::template::TemplateTree> {
        let node = map.required("json", self.diagnostics)?;
        Some(self.value_decoder().tree(node))
    }

    fn token_response(&mut self, entry: &MapEntry) -> Option<TokenResponse> {
        let map = CheckedMap::open(
            &entry.value,
            "a token response",
            &TOKEN_RESPONSE_KEYS,
            self.diagnostics,
        )?;
        let reuse_for = map.optional_duration("reuse_for", self.diagnostics);
        let overlap = map.optional_duration("overlap", self.diagnostics);
        let accepts_json = map.optional_boolean("accepts_json", self.diagnostics);
        Some(TokenResponse {
            token: entry.key.to_string(),
            json: self.response_tree(&map)?,
            device: map
                .get("device")
                .map(|node| self.value_decoder().tree(node)),
            reissued_within: reuse_for,
            old_token_grace: overlap,
            accepts_json: accepts_json.unwrap_or(false),
            accepted_methods: self.accepted_methods(&map),
        })
    }

    /// `accepts_methods: POST`, or a list.
    fn accepted_methods(&mut self, map: &CheckedMap<'_>) -> Vec<Method> {
        let words = [Method::Get, Method::Post, Method::Put].map(|method| (method.name(), method));
        let nodes = map.optional("accepts_methods", one_or_many).iter();
        nodes
            .filter_map(|node| enum_value(node, "a method", &words, self.diagnostics))
            .collect()
    }

    fn penalty(&mut self, node: &YamlNode) -> Option<PenaltyRule> {
        let map = CheckedMap::open(
            node,
            "a penalty",
            &["token", "part", "name", "reason"],
            self.diagnostics,
        )?;
        Some(PenaltyRule {
            token: scalar(
                map.required("token", self.diagnostics)?,
                "`token`",
                self.diagnostics,
            )?,
            part: enum_value(
                map.required("part", self.diagnostics)?,
                "`part`",
                &REQUEST_PARTS,
                self.diagnostics,
            )?,
            field: map
                .get("name")
                .and_then(|node| scalar(node, "`name`", self.diagnostics)),
            reason: text(
                map.required("reason", self.diagnostics)?,
                "`reason`",
                self.diagnostics,
            )?
            .to_owned(),
        })
    }
}
