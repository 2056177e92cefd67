//! Decodes `prepare`, `sign` and `attach`.

use super::SchemeDecoder;
use crate::diagnostic::{Diagnostic, Diagnostics, Hint, join_names};
use crate::load::node_reader::{
    CheckedMap, check_settable_header, enum_value, is_variable_name, list_items, text,
};
use crate::model::request::TemplateField;
use crate::model::scheme::{
    AsymmetricAlgorithm, EcdsaAlgorithm, EcdsaForm, EllipticCurve, FieldPlacement, HashAlgorithm,
    JwtAlgorithm, JwtSignature, JwtStep, KeyEncoding, RsaPadding, SignOp, SignStep, TextEncoding,
};
use crate::model::template::Template;
use crate::span::Span;
use crate::yaml::{MapEntry, YamlNode};

/// Keys of `prepare` and `attach`.
pub(super) const PLACEMENT_KEYS: [&str; 4] = ["query", "headers", "form", "json"];
/// The key that names a step.
pub(super) const SIGN_OPERATIONS: [&str; 11] = [
    "text", "digest", "hmac", "rsa", "ecdsa", "ed25519", "bcrypt", "encode", "jwt", "uuid",
    "random",
];
/// The keys beside it.
pub(super) const SIGN_STEP_KEYS: [&str; 22] = [
    "id",
    "text",
    "digest",
    "hmac",
    "rsa",
    "ecdsa",
    "ed25519",
    "bcrypt",
    "encode",
    "jwt",
    "uuid",
    "random",
    "of",
    "encoding",
    "key",
    "key_encoding",
    "padding",
    "hash",
    "form",
    "salt",
    "kid",
    "header",
];
const CLAIMS_KEY: &str = "claims";
/// The longest random text, in letters. No nonce needs more.
const MAX_RANDOM_LENGTH: usize = 256;
/// Names that a step cannot take.
pub(super) const RESERVED_STEP_IDS: [&str; 7] =
    ["cred", "token", "vars", "ts", "unix_s", "unix_ms", "req"];

const HASHES: [(&str, HashAlgorithm); 5] = [
    ("md5", HashAlgorithm::Md5),
    ("sha1", HashAlgorithm::Sha1),
    ("sha256", HashAlgorithm::Sha256),
    ("sha384", HashAlgorithm::Sha384),
    ("sha512", HashAlgorithm::Sha512),
];
/// Those that a private key signs.
const SIGNED_HASHES: [(&str, HashAlgorithm); 4] = [
    ("sha1", HashAlgorithm::Sha1),
    ("sha256", HashAlgorithm::Sha256),
    ("sha384", HashAlgorithm::Sha384),
    ("sha512", HashAlgorithm::Sha512),
];
const PADDINGS: [(&str, RsaPadding); 2] = [("pkcs1", RsaPadding::Pkcs1), ("pss", RsaPadding::Pss)];
/// A curve and the hash that belongs to it (RFC 7518, section 3.4).
const CURVES: [(&str, (EllipticCurve, HashAlgorithm)); 2] = [
    ("p256", (EllipticCurve::P256, HashAlgorithm::Sha256)),
    ("p384", (EllipticCurve::P384, HashAlgorithm::Sha384)),
];
const ECDSA_FORMS: [(&str, EcdsaForm); 2] = [("der", EcdsaForm::Der), ("raw", EcdsaForm::Raw)];
/// RFC 7518, section 3.1, and RFC 8037, section 3.1. Above all, `none` (RFC 7518, section 3.6) must
/// never be accepted: it is a token without a signature.
const JWT_ALGORITHMS: [(&str, JwtSignature); 12] = [
    ("HS256", JwtSignature::Hmac(HashAlgorithm::Sha256)),
    ("HS384", JwtSignature::Hmac(HashAlgorithm::Sha384)),
    ("HS512", JwtSignature::Hmac(HashAlgorithm::Sha512)),
    ("RS256", rsa(HashAlgorithm::Sha256, RsaPadding::Pkcs1)),
    ("RS384", rsa(HashAlgorithm::Sha384, RsaPadding::Pkcs1)),
    ("RS512", rsa(HashAlgorithm::Sha512, RsaPadding::Pkcs1)),
    ("PS256", rsa(HashAlgorithm::Sha256, RsaPadding::Pss)),
    ("PS384", rsa(HashAlgorithm::Sha384, RsaPadding::Pss)),
    ("PS512", rsa(HashAlgorithm::Sha512, RsaPadding::Pss)),
    (
        "ES256",
        raw_ecdsa(EllipticCurve::P256, HashAlgorithm::Sha256),
    ),
    (
        "ES384",
        raw_ecdsa(EllipticCurve::P384, HashAlgorithm::Sha384),
    ),
    (
        "EdDSA",
        JwtSignature::Asymmetric(AsymmetricAlgorithm::Ed25519),
    ),
];

/// Registered algorithms (RFC 7518, RFC 8812) on the curves P-521 and secp256k1.
const UNSUPPORTED_JWT_ALGORITHMS: [&str; 2] = ["ES512", "ES256K"];

const fn rsa(hash: HashAlgorithm, padding: RsaPadding) -> JwtSignature {
    JwtSignature::Asymmetric(AsymmetricAlgorithm::Rsa { hash, padding })
}

const fn raw_ecdsa(curve: EllipticCurve, hash: HashAlgorithm) -> JwtSignature {
    JwtSignature::Asymmetric(AsymmetricAlgorithm::Ecdsa(EcdsaAlgorithm {
        curve,
        hash,
        form: EcdsaForm::Raw,
    }))
}

const ENCODINGS: [(&str, TextEncoding); 4] = [
    ("hex", TextEncoding::HexLower),
    ("HEX", TextEncoding::HexUpper),
    ("base64", TextEncoding::Base64),
    ("base64url", TextEncoding::Base64Url),
];
const KEY_FORMS: [(&str, KeyEncoding); 4] = [
    ("utf8", KeyEncoding::Utf8),
    ("hex", KeyEncoding::Hex),
    ("base64", KeyEncoding::Base64),
    ("base64url", KeyEncoding::Base64Url),
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
            let diagnostic = Diagnostic::error(format!("`{name}` is not a valid id of a step"))
                .at(at, "this id");
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
        let diagnostic = Diagnostic::error("a sign step has exactly one operation");
        let diagnostic = match ops {
            [one] => return Some(one),
            [] => diagnostic.at(at, format!("none of {}", join_names(SIGN_OPERATIONS, "or"))),
            [first, second, ..] => diagnostic
                .at(second.key_at, "the second")
                .at(first.key_at, "the first")
                .hint("split it into two steps"),
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
            "rsa" | "ecdsa" | "ed25519" => SignOp::Asymmetric {
                algorithm: self.asymmetric_algorithm(&entry.key, node, map)?,
                key: self.required_template(map, "key")?,
                input: self.required_template(map, "of")?,
                output_encoding: self.output_encoding(map)?,
            },
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
                    "`random` returns at most {MAX_RANDOM_LENGTH} characters"
                ))
                .at(node.at, "too many"),
            );
        }
        Some(count.min(MAX_RANDOM_LENGTH))
    }

    fn asymmetric_algorithm(
        &mut self,
        operation: &str,
        node: &YamlNode,
        map: &CheckedMap<'_>,
    ) -> Option<AsymmetricAlgorithm> {
        let diagnostics = &mut *self.diagnostics;
        Some(match operation {
            "rsa" => AsymmetricAlgorithm::Rsa {
                hash: enum_value(node, "`rsa`", &SIGNED_HASHES, diagnostics)?,
                padding: choice_or(RsaPadding::Pkcs1, map, "padding", &PADDINGS, diagnostics)?,
            },
            "ecdsa" => {
                let (curve, own) = enum_value(node, "`ecdsa`", &CURVES, diagnostics)?;
                AsymmetricAlgorithm::Ecdsa(EcdsaAlgorithm {
                    curve,
                    hash: choice_or(own, map, "hash", &SIGNED_HASHES, diagnostics)?,
                    form: choice_or(EcdsaForm::Der, map, "form", &ECDSA_FORMS, diagnostics)?,
                })
            }
            _ => {
                enum_value(node, "`ed25519`", &[("pure", ())], diagnostics)?;
                AsymmetricAlgorithm::Ed25519
            }
        })
    }

    fn key_encoding(&mut self, map: &CheckedMap<'_>) -> Option<KeyEncoding> {
        choice_or(
            KeyEncoding::Utf8,
            map,
            "key_encoding",
            &KEY_FORMS,
            self.diagnostics,
        )
    }

    fn hmac_operation(&mut self, node: &YamlNode, map: &CheckedMap<'_>) -> Option<SignOp> {
        let key_encoding = self.key_encoding(map)?;
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
        let written = node.as_text();
        if let Some(name) = written.filter(|name| UNSUPPORTED_JWT_ALGORITHMS.contains(name)) {
            let diagnostic = Diagnostic::error(format!("`{name}` is not supported"))
                .at(node.at, "ingam does not support its curve")
                .hint("sign with ES256 or ES384, if the marketplace accepts one of them");
            self.diagnostics.push(diagnostic);
            return None;
        }
        let signature = enum_value(node, "`jwt`", &JWT_ALGORITHMS, self.diagnostics)?;
        let mut names = JWT_ALGORITHMS.iter();
        let (name, _) = names.find(|(_, known)| *known == signature)?;
        if let (JwtSignature::Asymmetric(_), Some(entry)) = (signature, map.entry("key_encoding")) {
            let diagnostic = Diagnostic::error(format!("`{name}` cannot have a `key_encoding`"))
                .at(entry.key_at, "its key must be PEM or DER");
            self.diagnostics
                .push(diagnostic.hint(Hint::remove("remove it")));
        }
        let claims = map.required(CLAIMS_KEY, self.diagnostics)?;
        Some(SignOp::Jwt(JwtStep {
            algorithm: JwtAlgorithm { name, signature },
            key: self.required_template(map, "key")?,
            key_encoding: self.key_encoding(map)?,
            header: self.jwt_header(map),
            claims: self.value_decoder().fields(claims, "`claims`"),
        }))
    }

    /// `kid` first, then `header`.
    fn jwt_header(&mut self, map: &CheckedMap<'_>) -> Vec<TemplateField> {
        let kid = map.entry("kid").map(|entry| TemplateField {
            name: entry.key.as_str().into(),
            name_at: entry.key_at,
            value: self.value_decoder().tree(&entry.value),
        });
        let header = map.optional("header", |node| {
            self.value_decoder().fields(node, "`header`")
        });
        for field in &header {
            if field.name == "alg" || field.name == "kid" && kid.is_some() {
                let diagnostic =
                    Diagnostic::error(format!("the header already has `{}`", field.name))
                        .at(field.name_at, "a second one");
                self.diagnostics.push(diagnostic.hint("remove it here"));
            }
        }
        kid.into_iter().chain(header).collect()
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

/// The word at `key`, or `default` without one; `None` for a word that is none of `words`.
fn choice_or<T: Copy>(
    default: T,
    map: &CheckedMap<'_>,
    key: &str,
    words: &[(&str, T)],
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    map.get(key).map_or(Some(default), |node| {
        enum_value(node, &format!("`{key}`"), words, diagnostics)
    })
}

/// Keys of a step that its kind does not have.
fn stray_entries<'n>(map: &CheckedMap<'n>, op: &str, keys: &[&str]) -> Vec<&'n MapEntry> {
    let own: &[&str] = match op {
        "digest" => &["of", "encoding"],
        "hmac" => &["key", "key_encoding", "of", "encoding"],
        "rsa" => &["padding", "key", "of", "encoding"],
        "ecdsa" => &["hash", "form", "key", "of", "encoding"],
        "ed25519" => &["key", "of", "encoding"],
        "bcrypt" => &["salt"],
        "encode" => &["of"],
        "jwt" => &["key", "key_encoding", "kid", "header", CLAIMS_KEY],
        _ => &[],
    };
    let beside: Vec<&str> = keys
        .iter()
        .copied()
        .filter(|key| *key != "id" && !SIGN_OPERATIONS.contains(key) && !own.contains(key))
        .collect();
    map.present_entries(&beside)
}
