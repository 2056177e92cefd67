//! Decodes `prepare`, `sign` and `attach`.

use super::Schemes;
use crate::diagnostic::{Diagnostic, list_of};
use crate::load::fields::{Map, check_settable_header, is_variable, items, scalar, text, word};
use crate::model::scheme::{Encoding, Hash, KeyForm, Op, Placement, SignStep};
use crate::model::template::Template;
use crate::yaml::{Entry, Node};

/// Keys of `prepare` and `attach`.
pub const PLACEMENT_KEYS: [&str; 4] = ["query", "headers", "form", "json"];
/// The key that names a step.
pub const OPS: [&str; 8] = ["text", "digest", "hmac", "bcrypt", "encode", "jwt", "uuid", "random"];
/// The keys beside it.
pub const STEP_KEYS: [&str; 15] =
    ["id", "text", "digest", "hmac", "bcrypt", "encode", "jwt", "uuid", "random", "of", "out", "key", "key_as", "salt", "header"];
const CLAIMS: &str = "claims";
/// More letters than this no nonce needs.
const MAX_RANDOM: usize = 256;
/// Names that a step cannot take.
pub const SCHEME_NAMES: [&str; 7] = ["cred", "token", "vars", "ts", "unix_s", "unix_ms", "req"];

const HASHES: [(&str, Hash); 4] = [("md5", Hash::Md5), ("sha1", Hash::Sha1), ("sha256", Hash::Sha256), ("sha512", Hash::Sha512)];
const ENCODINGS: [(&str, Encoding); 4] =
    [("hex", Encoding::HexLower), ("HEX", Encoding::HexUpper), ("base64", Encoding::Base64), ("base64url", Encoding::Base64Url)];
const KEY_FORMS: [(&str, KeyForm); 3] = [("utf8", KeyForm::Utf8), ("hex", KeyForm::Hex), ("base64", KeyForm::Base64)];

impl Schemes<'_> {
    pub(super) fn placement(&mut self, node: &Node, what: &'static str) -> Placement {
        let Some(map) = Map::open(node, what, &PLACEMENT_KEYS, self.faults) else { return Placement::default() };
        let mut fields = |key: &str| map.get(key).map(|node| self.values().fields(node, what)).unwrap_or_default();
        let placement =
            Placement { query: fields("query"), headers: fields("headers"), form: fields("form"), json: fields("json") };
        for field in &placement.headers {
            check_settable_header(&field.name, field.name_at, "a scheme", self.faults);
        }
        placement
    }

    pub(super) fn sign_steps(&mut self, node: &Node) -> Vec<SignStep> {
        let mut steps: Vec<SignStep> = Vec::new();
        for node in items(node, "`sign`", self.faults) {
            let Some(step) = self.sign_step(node) else { continue };
            if let Some(other) = steps.iter().find(|other| other.id == step.id) {
                let fault = Diagnostic::error(format!("two steps have the id `{}`", step.id)).at(step.at, "the second");
                self.faults.push(fault.at(other.at, "the first"));
            }
            steps.push(step);
        }
        steps
    }

    fn sign_step(&mut self, node: &Node) -> Option<SignStep> {
        let mut keys = STEP_KEYS.to_vec();
        keys.push(CLAIMS);
        let map = Map::open(node, "a sign step", &keys, self.faults)?;
        let id = map.required("id", self.faults)?;
        let name = text(id, "`id`", self.faults)?;
        if !is_variable(name) || SCHEME_NAMES.contains(&name) {
            let fault = Diagnostic::error(format!("`{name}` is not an id for a step")).at(id.at, "this id");
            self.faults.push(fault.hint(format!("use letters, digits and `_`, and none of {}", list_of(SCHEME_NAMES, "or"))));
        }
        let ops = map.present(&OPS);
        for entry in ops.first().map(|op| stray(&map, &op.key, &keys)).unwrap_or_default() {
            let fault = Diagnostic::error(format!("`{}` has no `{}`", ops[0].key, entry.key))
                .at(entry.key_at, "belongs to another kind of step");
            self.faults.push(fault);
        }
        let op = match ops.as_slice() {
            [one] => self.op(one, &map)?,
            [] => {
                let fault = Diagnostic::error("a sign step does one thing").at(map.at, format!("none of {}", list_of(OPS, "or")));
                self.faults.push(fault);
                return None;
            }
            [first, second, ..] => {
                let fault =
                    Diagnostic::error("a sign step does one thing").at(second.key_at, "the second").at(first.key_at, "the first");
                self.faults.push(fault.hint("make two steps of it"));
                return None;
            }
        };
        Some(SignStep { id: name.to_owned(), at: id.at, op })
    }

    fn op(&mut self, entry: &Entry, map: &Map<'_>) -> Option<Op> {
        let node = &entry.value;
        Some(match entry.key.as_str() {
            "text" => Op::Text(self.values().template(node, "`text`")?),
            "digest" => Op::Digest {
                hash: word(node, "`digest`", &HASHES, self.faults)?,
                of: self.needed(map, "of")?,
                out: self.out(map)?,
            },
            "hmac" => self.hmac(node, map)?,
            "bcrypt" => Op::Bcrypt { password: self.values().template(node, "`bcrypt`")?, salt: self.needed(map, "salt")? },
            "encode" => Op::Encode { encoding: word(node, "`encode`", &ENCODINGS, self.faults)?, of: self.needed(map, "of")? },
            "jwt" => self.jwt(node, map)?,
            "uuid" => {
                word(node, "`uuid`", &[("v4", ())], self.faults)?;
                Op::Uuid
            }
            _ => Op::Random(self.random(node)?),
        })
    }

    fn random(&mut self, node: &Node) -> Option<usize> {
        let count = usize::try_from(self.count(node, "`random`")?).ok()?;
        if count > MAX_RANDOM {
            self.faults.push(Diagnostic::error(format!("`random` gives at most {MAX_RANDOM} letters")).at(node.at, "too many"));
        }
        Some(count.min(MAX_RANDOM))
    }

    fn hmac(&mut self, node: &Node, map: &Map<'_>) -> Option<Op> {
        let key_as = map.get("key_as").map_or(Some(KeyForm::Utf8), |node| word(node, "`key_as`", &KEY_FORMS, self.faults))?;
        let hash = word(node, "`hmac`", &HASHES, self.faults)?;
        Some(Op::Hmac { hash, key: self.needed(map, "key")?, key_as, of: self.needed(map, "of")?, out: self.out(map)? })
    }

    fn jwt(&mut self, node: &Node, map: &Map<'_>) -> Option<Op> {
        if scalar(node, "`jwt`", self.faults)? != "HS256" {
            let fault = Diagnostic::error("a JWT is signed with `HS256` here").at(node.at, "another algorithm");
            self.faults.push(fault.hint("RS256 and ES256 come when a marketplace asks for them"));
            return None;
        }
        let header = map.get("header").map(|node| self.values().fields(node, "`header`")).unwrap_or_default();
        let claims = map.required(CLAIMS, self.faults)?;
        Some(Op::Jwt { key: self.needed(map, "key")?, header, claims: self.values().fields(claims, "`claims`") })
    }

    fn needed(&mut self, map: &Map<'_>, key: &str) -> Option<Template> {
        let node = map.required(key, self.faults)?;
        self.values().template(node, &format!("`{key}`"))
    }

    fn out(&mut self, map: &Map<'_>) -> Option<Encoding> {
        let node = map.required("out", self.faults)?;
        word(node, "`out`", &ENCODINGS, self.faults)
    }
}

/// Keys of a step that its kind does not have.
fn stray<'n>(map: &Map<'n>, op: &str, keys: &[&str]) -> Vec<&'n Entry> {
    let own: &[&str] = match op {
        "digest" => &["of", "out"],
        "hmac" => &["key", "key_as", "of", "out"],
        "bcrypt" => &["salt"],
        "encode" => &["of"],
        "jwt" => &["key", "header", CLAIMS],
        _ => &[],
    };
    let beside: Vec<&str> = keys.iter().copied().filter(|key| *key != "id" && !OPS.contains(key) && !own.contains(key)).collect();
    map.present(&beside)
}
