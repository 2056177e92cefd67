//! Decodes `prepare`, `sign` and `attach`.

use super::SchemeDecoder;
use crate::diagnostic::{Diagnostic, join_names};
use crate::load::node_reader::{
    CheckedMap, check_settable_header, enum_value, is_variable_name, list_items, scalar, text,
};
use crate::model::scheme::{
    FieldPlacement, HashAlgorithm, KeyEncoding, SignOp, SignStep, TextEncoding,
};
use crate::model::template::Template;
use crate::span::Span;
use crate::yaml::{MapEntry, YamlNode};

/// Keys of `prepare` and `attach`.
pub(super) const PLACEMENT_KEYS: [&str; 4] = ["query", "headers", "form", "json"];
/// The key that names a step.
pub(super) const SIGN_OPERATIONS: [&str; 8] = [
    "text", "digest", "hmac", "bcrypt", "encode", "jwt", "uuid", "random",
];
/// The keys beside it.
pub(super) const SIGN_STEP_KEYS: [&str; 15] = [
    "id",
    "text",
    "digest",
    "hmac",
    "bcrypt",
    "encode",
    "jwt",
    "uuid",
    "random",
    "of",
    "encoding",
    "key",
    "key_encoding",
    "salt",
    "header",
];
const CLAIMS_KEY: &str = "claims";
/// The longest random text, in letters. No nonce needs more.
const MAX_RANDOM_LENGTH: usize = 256;
/// Names that a step cannot take.
pub(super) const RESERVED_STEP_IDS: [&str; 7] =
    ["cred", "token", "vars", "ts", "unix_s", "unix_ms", "req"];

const HASHES: [(&str, HashAlgorithm); 4] = [
    ("md5", HashAlgorithm::Md5),
    ("sha1", HashAlgorithm::Sha1),
    ("sha256", HashAlgorithm::Sha256),
    ("sha512", HashAlgorithm::Sha512),
];
const ENCODINGS: [(&str, TextEncoding); 4] = [
    ("hex", TextEncoding::HexLower),
    ("HEX", TextEncoding::HexUpper),
    ("base64", TextEncoding::Base64),
    ("base64url", TextEncoding::Base64Url),
];
const KEY_FORMS: [(&str, KeyEncoding); 3] = [
    ("utf8", KeyEncoding::Utf8),
    ("hex", KeyEncoding::Hex),
    ("base64", KeyEncoding::Base64),
];

impl SchemeDecoder<'_> {
    pub(super) fn placement(&mut self, node: &YamlNode, what: &'static str) -> FieldPlacement {
        let Some(map) = CheckedMap::open(node, what, &PLACEMENT_KEYS, self.diagnostics) else {
            return FieldPlacement::default();
        };
        let mut fields = |key: &str| {
            map.get(key)
                .map(|node| self.value_decoder().fields(node, what))
                .unwrap_or_default()
        };
        let placement = FieldPlacement {
            query: fields("query"),
            headers: fields("headers"),
            form: fields("form"),
            json: fields("json"),
        };
        // A scheme that set `host` or `content-length` would sign other bytes than the client
        // sends.
        for field in &placement.headers {
            check_settable_header(&field.name, field.name_at, "a scheme", self.diagnostics);
        }
        placement
    }

    pub(super) fn sign_steps(&mut self, node: &YamlNode) -> Vec<SignStep> {
        let mut steps: Vec<SignStep> = Vec::new();
        for node in list_items(node, "`sign`", self.diagnostics) {
            let Some(step) = self.sign_step(node) else {
                continue;
            };
            if let Some(other) = steps.iter().find(|other| other.id == step.id) {
                let diagnostic = Diagnostic::error(format!("two steps have the id `{}`", step.id))
                    .at(step.at, "the second");
                self.diagnostics.push(diagnostic.at(other.at, "the first"));
            }
            steps.push(step);
        }
        steps
    }

    fn sign_step(&mut self, node: &YamlNode) -> Option<SignStep> {
        let mut keys = SIGN_STEP_KEYS.to_vec();
        keys.push(CLAIMS_KEY);
        let map = CheckedMap::open(node, "a sign step", &keys, self.diagnostics)?;
        let id = map.required("id", self.diagnostics)?;
        let name = text(id, "`id`", self.diagnostics)?;
        self.check_step_id(name, id.at);
        let ops = map.present_entries(&SIGN_OPERATIONS);
        if let Some(op) = ops.first() {
            self.refuse_stray_keys(op, stray_entries(&map, &op.key, &keys));
        }
        let op = self.single_operation(&ops, map.at)?;
        Some(SignStep {
            id: name.to_owned(),
            at: id.at,
            operation: self.sign_operation(op, &map)?,
        })
    }

    fn check_step_id(&mut self, name: &str, at: Span) {
        if !is_variable_name(name) || RESERVED_STEP_IDS.contains(&name) {
            let diagnostic =
                Diagnostic::error(format!("`{name}` is not an id for a step")).at(at, "this id");
            self.diagnostics.push(diagnostic.hint(format!(
                "use letters, digits and `_`, and none of {}",
                join_names(RESERVED_STEP_IDS, "or")
            )));
        }
    }

    fn refuse_stray_keys(&mut self, op: &MapEntry, stray: Vec<&MapEntry>) {
        // A key without effect could look like a part of the signature: `encoding` beside `bcrypt`
        // would be read as an encoding that is never applied.
        for entry in stray {
            let diagnostic = Diagnostic::error(format!("`{}` has no `{}`", op.key, entry.key))
                .at(entry.key_at, "belongs to another kind of step");
            self.diagnostics.push(diagnostic);
        }
    }

    fn single_operation<'n>(&mut self, ops: &[&'n MapEntry], at: Span) -> Option<&'n MapEntry> {
        let diagnostic = Diagnostic::error("a sign step does one thing");
        let diagnostic = match ops {
            [one] => return Some(one),
            [] => diagnostic.at(at, format!("none of {}", join_names(SIGN_OPERATIONS, "or"))),
            [first, second, ..] => diagnostic
                .at(second.key_at, "the second")
                .at(first.key_at, "the first")
                .hint("make two steps of it"),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn sign_operation(&mut self, entry: &MapEntry, map: &CheckedMap<'_>) -> Option<SignOp> {
        let node = &entry.value;
        Some(match entry.key.as_str() {
            "text" => SignOp::Text(self.value_decoder().template(node, "`text`")?),
            "digest" => SignOp::Digest {
                hash: enum_value(node, "`digest`", &HASHES, self.diagnostics)?,
                input: self.required_template(map, "of")?,
                output_encoding: self.output_encoding(map)?,
            },
            "hmac" => self.hmac_operation(node, map)?,
            "bcrypt" => SignOp::Bcrypt {
                password: self.value_decoder().template(node, "`bcrypt`")?,
                salt: self.required_template(map, "salt")?,
            },
            "encode" => SignOp::Encode {
                encoding: enum_value(node, "`encode`", &ENCODINGS, self.diagnostics)?,
                input: self.required_template(map, "of")?,
            },
            "jwt" => self.jwt_operation(node, map)?,
            "uuid" => {
                enum_value(node, "`uuid`", &[("v4", ())], self.diagnostics)?;
                SignOp::Uuid
            }
            _ => SignOp::Random(self.random_length(node)?),
        })
    }

    fn random_length(&mut self, node: &YamlNode) -> Option<usize> {
        let count = usize::try_from(self.positive_count(node, "`random`")?).ok()?;
        if count > MAX_RANDOM_LENGTH {
            self.diagnostics.push(
                Diagnostic::error(format!(
                    "`random` gives at most {MAX_RANDOM_LENGTH} letters"
                ))
                .at(node.at, "too many"),
            );
        }
        Some(count.min(MAX_RANDOM_LENGTH))
    }

    fn hmac_operation(&mut self, node: &YamlNode, map: &CheckedMap<'_>) -> Option<SignOp> {
        let key_encoding = map
            .get("key_encoding")
            .map_or(Some(KeyEncoding::Utf8), |node| {
                enum_value(node, "`key_encoding`", &KEY_FORMS, self.diagnostics)
            })?;
        let hash = enum_value(node, "`hmac`", &HASHES, self.diagnostics)?;
        Some(SignOp::Hmac {
            hash,
            key: self.required_template(map, "key")?,
            key_encoding,
            input: self.required_template(map, "of")?,
            output_encoding: self.output_encoding(map)?,
        })
    }

    fn jwt_operation(&mut self, node: &YamlNode, map: &CheckedMap<'_>) -> Option<SignOp> {
        // RFC 7518, section 3.2: HMAC with SHA-256. Above all, `none` (section 3.6) must never be
        // accepted: it is a token without a signature.
        if scalar(node, "`jwt`", self.diagnostics)? != "HS256" {
            let diagnostic = Diagnostic::error("a JWT is signed with `HS256` here")
                .at(node.at, "another algorithm");
            self.diagnostics
                .push(diagnostic.hint("RS256 and ES256 come when a marketplace asks for them"));
            return None;
        }
        let header = map.optional("header", |node| {
            self.value_decoder().fields(node, "`header`")
        });
        let claims = map.required(CLAIMS_KEY, self.diagnostics)?;
        Some(SignOp::Jwt {
            key: self.required_template(map, "key")?,
            header,
            claims: self.value_decoder().fields(claims, "`claims`"),
        })
    }

    fn required_template(&mut self, map: &CheckedMap<'_>, key: &str) -> Option<Template> {
        let node = map.required(key, self.diagnostics)?;
        self.value_decoder().template(node, &format!("`{key}`"))
    }

    fn output_encoding(&mut self, map: &CheckedMap<'_>) -> Option<TextEncoding> {
        let node = map.required("encoding", self.diagnostics)?;
        enum_value(node, "`encoding`", &ENCODINGS, self.diagnostics)
    }
}

/// Keys of a step that its kind does not have.
fn stray_entries<'n>(map: &CheckedMap<'n>, op: &str, keys: &[&str]) -> Vec<&'n MapEntry> {
    let own: &[&str] = match op {
        "digest" => &["of", "encoding"],
        "hmac" => &["key", "key_encoding", "of", "encoding"],
        "bcrypt" => &["salt"],
        "encode" => &["of"],
        "jwt" => &["key", "header", CLAIMS_KEY],
        _ => &[],
    };
    let beside: Vec<&str> = keys
        .iter()
        .copied()
        .filter(|key| *key != "id" && !SIGN_OPERATIONS.contains(key) && !own.contains(key))
        .collect();
    map.present_entries(&beside)
}
