//! Decodes how the marketplace signs what it sends: `verify` of a link, and `webhooks`. It refuses
//! steps that could never give the same text again, and names that stand for nothing that arrived.

use super::SchemeDecoder;
use super::received_place::PlaceWording;
use crate::diagnostic::{Diagnostic, Hint, join_names, name_hint};
use crate::load::node_reader::{CheckedMap, map_entries};
use crate::model::lazy_regex::LazyRegex;
use crate::model::scheme::{
    CredentialType, IncomingSignature, RequestPart, Scheme, SignOp, SignStep, Webhook,
};
use crate::model::template::{Expression, Template};
use crate::render::TemplateDialect;
use crate::span::Span;
use crate::yaml::{MapEntry, YamlNode};

/// Keys of `verify`.
pub(in crate::load) const INCOMING_KEYS: [&str; 2] = ["sign", "equals"];
/// Keys of a webhook.
pub(in crate::load) const WEBHOOK_KEYS: [&str; 4] = ["sign", "equals", "send", "events"];
/// What `push` offers.
const PUSH_NAMES: [&str; 9] = [
    "url",
    "method",
    "path_query",
    "query",
    "query_pairs",
    "headers",
    "json",
    "body",
    "body_bytes",
];
/// The places where the signature of a push can stand.
const PUSH_PLACES: [(&str, RequestPart); 3] = [
    ("query", RequestPart::Query),
    ("header", RequestPart::Header),
    ("json", RequestPart::Json),
];
/// An address that comes back has a query only.
const CALLBACK_PLACES: [(&str, RequestPart); 1] = [("query", RequestPart::Query)];

/// What arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    Callback,
    Push,
}

impl Arrival {
    fn root(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Push => "push",
        }
    }

    fn places(self) -> &'static [(&'static str, RequestPart)] {
        match self {
            Self::Callback => &CALLBACK_PLACES,
            Self::Push => &PUSH_PLACES,
        }
    }
}

impl SchemeDecoder<'_> {
    /// `webhooks: { push: { sign: […], equals: { header: authorization } } }`
    pub(super) fn webhooks(&mut self, node: &YamlNode, scheme: &Scheme) -> Vec<Webhook> {
        let webhooks: Vec<Webhook> = map_entries(node, "`webhooks`", self.diagnostics)
            .iter()
            .filter_map(|entry| self.webhook(entry, scheme))
            .collect();
        self.refuse_repeated_events(&webhooks);
        webhooks
    }

    fn webhook(&mut self, entry: &MapEntry, scheme: &Scheme) -> Option<Webhook> {
        let map = CheckedMap::open(&entry.value, "a webhook", &WEBHOOK_KEYS, self.diagnostics)?;
        let signature = self.incoming(&map, entry.value.at, Arrival::Push, scheme)?;
        let (sending, events) = self.push_events(&map, &signature);
        Some(Webhook {
            name: entry.key.to_string(),
            at: entry.key_at,
            signature,
            sending,
            events,
        })
    }

    /// `verify` of a link.
    pub(super) fn callback_signature(
        &mut self,
        node: &YamlNode,
        scheme: &Scheme,
    ) -> Option<IncomingSignature> {
        let map = CheckedMap::open(node, "`verify`", &INCOMING_KEYS, self.diagnostics)?;
        self.incoming(&map, node.at, Arrival::Callback, scheme)
    }

    fn incoming(
        &mut self,
        map: &CheckedMap<'_>,
        at: Span,
        arrival: Arrival,
        scheme: &Scheme,
    ) -> Option<IncomingSignature> {
        let sign = map.required("sign", self.diagnostics)?;
        let steps = self.sign_steps(sign);
        if steps.is_empty() {
            let diagnostic =
                Diagnostic::error("`sign` has no step, so every signature would be accepted")
                    .at(sign.at, "the last step is compared with the signature");
            self.diagnostics.push(diagnostic);
            return None;
        }
        self.check_incoming_steps(&steps, arrival, scheme);
        let equals = map.required("equals", self.diagnostics)?;
        let (part, field, pattern) = self.signature_place(equals, arrival)?;
        Some(IncomingSignature {
            at,
            sign: steps,
            part,
            field,
            pattern,
        })
    }

    /// `{ header: x-signature, pattern: "v1=([0-9a-f]+)" }`
    fn signature_place(
        &mut self,
        node: &YamlNode,
        arrival: Arrival,
    ) -> Option<(RequestPart, String, Option<LazyRegex>)> {
        let parts = arrival.places();
        let names: Vec<&str> = parts.iter().map(|(key, _)| *key).collect();
        let wording = PlaceWording {
            single: "a signature can be in only one place",
            missing: (
                format!(
                    "`equals` must be a place in {}",
                    join_names(names.iter().copied(), "or")
                ),
                "no place here",
            ),
            pattern_hint: "put parentheses around the signature: `v1=([0-9a-f]+)`",
        };
        let keys: Vec<&str> = names.iter().copied().chain(["pattern"]).collect();
        let map = CheckedMap::open(node, "`equals`", &keys, self.diagnostics)?;
        let (part, field) = self.received_field(&map, parts, &wording)?;
        Some((part, field, self.received_pattern(&map, &wording)))
    }

    fn check_incoming_steps(&mut self, steps: &[SignStep], arrival: Arrival, scheme: &Scheme) {
        let mut known: Vec<&str> = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            // The last step is verified with a public key; any other one would be computed, with a
            // private key that nobody but the marketplace has.
            let is_verified = index + 1 == steps.len();
            let is_unknown = match &step.operation {
                SignOp::Uuid | SignOp::Random(_) => true,
                SignOp::Asymmetric { key, .. } => {
                    self.check_incoming_key(key, step, scheme);
                    !is_verified
                }
                operation => operation.has_many_results(),
            };
            if is_unknown {
                let diagnostic = Diagnostic::error(format!(
                    "`{}` cannot be recomputed, so no signature would be accepted",
                    step.operation.name()
                ))
                .at(step.at, "only the marketplace knows this value");
                self.diagnostics.push(diagnostic.hint("remove this step"));
            }
            for expression in step.operation.expressions() {
                self.check_incoming_names(expression, &known, arrival, scheme);
            }
            known.push(&step.id);
        }
    }

    /// A bare key could be taken for a private one, which everybody would have.
    fn check_incoming_key(&mut self, key: &Template, step: &SignStep, scheme: &Scheme) {
        let names: Vec<&Expression> = key.expressions().collect();
        let is_public = match names.as_slice() {
            [only] => matches!(only.lookup.as_deref(), Some([root, name])
                if root == "cred" && scheme.credential(name)
                    .is_some_and(|credential| credential.kind == CredentialType::PublicKey)),
            _ => false,
        };
        if !is_public {
            let diagnostic = Diagnostic::error("`key` must be a credential of `type: public_key`")
                .at(step.at, "ingam verifies the signature with it");
            let hint = "write `key: \"{{ cred.NAME }}\"`";
            self.diagnostics.push(diagnostic.hint(hint));
        }
    }

    fn check_incoming_names(
        &mut self,
        expression: &Expression,
        steps: &[&str],
        arrival: Arrival,
        scheme: &Scheme,
    ) {
        // An expression that does not compile was reported when its template was decoded.
        let Ok(names) = TemplateDialect::Scheme.names_in(expression) else {
            return;
        };
        for name in names {
            let Err(hint) = resolve_incoming(&name, steps, arrival, scheme) else {
                continue;
            };
            let diagnostic = Diagnostic::error(format!("`{name}` is not defined here"))
                .at(expression.at, "used here");
            self.diagnostics.push(diagnostic.maybe_hint(hint));
        }
    }
}

/// `Err` with a hint when there is no such name.
fn resolve_incoming(
    name: &str,
    steps: &[&str],
    arrival: Arrival,
    scheme: &Scheme,
) -> Result<(), Option<Hint>> {
    let (root, member) = name
        .split_once('.')
        .map_or((name, None), |(root, rest)| (root, rest.split('.').next()));
    let among = |names: Vec<&str>| match member {
        Some(member) if names.contains(&member) => Ok(()),
        Some(member) => Err(name_hint(member, names)),
        None => Err(Some(format!("add a member: `{root}.…`").into())),
    };
    match (root, arrival) {
        ("cred", _) => {
            let names = scheme.credentials.iter();
            among(names.map(|credential| credential.name.as_str()).collect())
        }
        ("push", Arrival::Push) => among(PUSH_NAMES.to_vec()),
        // Each parameter of the address is a name of it.
        ("callback", Arrival::Callback) if member.is_some() => Ok(()),
        ("callback", Arrival::Callback) => Err(Some(
            "add a member: `callback.pairs`, `callback.query` or a parameter".into(),
        )),
        (root, _) if steps.contains(&root) => Ok(()),
        ("ts" | "unix_s" | "unix_ms" | "token" | "req", _) => Err(Some(
            format!(
                "these names are available: `{}.…`, `cred.…` and the earlier steps",
                arrival.root()
            )
            .into(),
        )),
        (root, _) => {
            let known = steps.iter().copied().chain(["cred", arrival.root()]);
            Err(name_hint(root, known))
        }
    }
}
