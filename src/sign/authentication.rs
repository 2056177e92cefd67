//! Which kind of authentication a scheme is, read from what it does: an author who writes it down
//! as well would be believed when it is wrong.

use super::mentioned_names::{names_of, used_steps};
use crate::model::request::TemplateField;
use crate::model::scheme::{
    AsymmetricAlgorithm, HashAlgorithm, Level, Scheme, SignOp, SignStep, SigningProcedure, Token,
};
use crate::model::template::{Template, TemplatePart, TemplateTree, TemplateTreeKind};

/// The kinds, the signature of calls first: `HMAC-SHA256`, `OAuth 2 code`. Empty when nothing is
/// sent that proves anything.
#[must_use]
pub(crate) fn authentication(scheme: &Scheme) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    let mut add = |kind: String| {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    };
    scheme
        .levels
        .iter()
        .filter_map(|level| signature_kind(&level.procedure))
        .for_each(&mut add);
    let tokens = used_tokens(scheme);
    for token in &tokens {
        let signed = token.requests().map(|request| &request.procedure);
        signed.filter_map(signature_kind).for_each(&mut add);
        token_kinds(token).into_iter().for_each(&mut add);
    }
    if tokens.is_empty() {
        scheme
            .levels
            .iter()
            .filter_map(|level| header_kind(scheme, level))
            .for_each(&mut add);
    }
    kinds
}

fn used_tokens(scheme: &Scheme) -> Vec<&Token> {
    let used = |token: &&Token| {
        let mut levels = scheme.levels.iter();
        levels.any(|level| {
            let wanted = level.token.as_ref();
            wanted.is_some_and(|wanted| wanted.name == token.name)
        })
    };
    scheme.tokens.iter().filter(used).collect()
}

/// The last step that is sent and proves that a secret is known.
fn signature_kind(procedure: &SigningProcedure) -> Option<String> {
    // A step whose names cannot be read is an error of its own.
    let used = used_steps(procedure).ok()?;
    let sent = |step: &&SignStep| used.contains(&step.id);
    let kinds: Vec<String> = procedure
        .sign
        .iter()
        .filter(sent)
        .filter_map(|step| operation_kind(&step.operation))
        .collect();
    // A digest of the body beside a MAC is a part of its text.
    let keyed = kinds.iter().rfind(|kind| !is_digest_name(kind));
    keyed.or(kinds.last()).cloned()
}

fn is_digest_name(kind: &str) -> bool {
    ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"].contains(&kind)
}

fn operation_kind(operation: &SignOp) -> Option<String> {
    Some(match operation {
        SignOp::Hmac { hash, .. } => format!("HMAC-{}", hash_name(*hash).replace('-', "")),
        SignOp::Digest { hash, .. } => hash_name(*hash).to_owned(),
        SignOp::Bcrypt { .. } => "bcrypt".to_owned(),
        SignOp::Asymmetric { algorithm, .. } => algorithm_name(*algorithm),
        SignOp::Jwt(jwt) => format!("JWT {}", jwt.algorithm.name),
        SignOp::Text(_) | SignOp::Encode { .. } | SignOp::Uuid | SignOp::Random(_) => return None,
    })
}

fn algorithm_name(algorithm: AsymmetricAlgorithm) -> String {
    match algorithm {
        AsymmetricAlgorithm::Rsa { hash, .. } => {
            format!("RSA-{}", hash_name(hash).replace('-', ""))
        }
        AsymmetricAlgorithm::Ecdsa(_) => "ECDSA".to_owned(),
        AsymmetricAlgorithm::Ed25519 => "Ed25519".to_owned(),
    }
}

fn hash_name(hash: HashAlgorithm) -> &'static str {
    match hash {
        HashAlgorithm::Md5 => "MD5",
        HashAlgorithm::Sha1 => "SHA-1",
        HashAlgorithm::Sha256 => "SHA-256",
        HashAlgorithm::Sha384 => "SHA-384",
        HashAlgorithm::Sha512 => "SHA-512",
    }
}

fn token_kinds(token: &Token) -> Vec<String> {
    let mut kinds = Vec::new();
    if token.exchange.is_some() {
        kinds.push("OAuth 2 code".to_owned());
    }
    if token.device.is_some() {
        kinds.push("OAuth 2 device".to_owned());
    }
    if let Some(issue) = &token.issue
        && issue.issuing_token.is_none()
    {
        let grant = constant_field(&issue.form, "grant_type")
            .or_else(|| constant_field(&issue.query, "grant_type"))
            .or_else(|| constant_member(issue.json.as_ref(), "grant_type"));
        kinds.push(match grant.as_deref() {
            Some("client_credentials") => "OAuth 2 client".to_owned(),
            Some("password") => "OAuth 2 password".to_owned(),
            Some("refresh_token") => "OAuth 2 refresh".to_owned(),
            _ => "session token".to_owned(),
        });
    }
    // One that is issued with another token adds nothing to how that one is got.
    if kinds.is_empty() && token.issued_with().is_none() {
        kinds.push("OAuth 2 refresh".to_owned());
    }
    kinds
}

fn constant_field(fields: &[TemplateField], name: &str) -> Option<String> {
    let field = fields.iter().find(|field| field.name == name)?;
    field.value.as_constant()?.to_plain_text()
}

fn constant_member(tree: Option<&TemplateTree>, name: &str) -> Option<String> {
    match &tree?.kind {
        TemplateTreeKind::Constant(value) => value.get(name)?.to_plain_text(),
        TemplateTreeKind::Object(members) => {
            let (_, member) = members.iter().find(|(key, _)| key == name)?;
            member.as_constant()?.to_plain_text()
        }
        TemplateTreeKind::Template(_) | TemplateTreeKind::List(_) => None,
    }
}

/// A key that is sent as it is.
fn header_kind(scheme: &Scheme, level: &Level) -> Option<String> {
    let procedure = &level.procedure;
    if signature_kind(procedure).is_some() {
        return None;
    }
    let placed = [&procedure.prepare, &procedure.attach];
    let secret = placed
        .iter()
        .flat_map(|placement| placement.fields())
        .map(|(_, field)| field)
        .find(|field| is_secret(scheme, procedure, field))?;
    let first = literal_start(&secret.value).unwrap_or_default();
    Some(match first.split(' ').next() {
        Some("Basic") => "Basic".to_owned(),
        Some("Bearer") => "Bearer".to_owned(),
        _ => "API key".to_owned(),
    })
}

fn literal_start(tree: &TemplateTree) -> Option<&str> {
    let TemplateTreeKind::Template(Template { parts, .. }) = &tree.kind else {
        return None;
    };
    match parts.first()? {
        TemplatePart::Literal(text) => Some(text),
        TemplatePart::Expression(_) => None,
    }
}

/// Whether a field shows a secret credential, by itself or through steps.
fn is_secret(scheme: &Scheme, procedure: &SigningProcedure, field: &TemplateField) -> bool {
    let mut names = names_of(field.value.expressions());
    // Steps only read steps before them.
    for step in procedure.sign.iter().rev() {
        if names.contains(&step.id) {
            names.extend(names_of(step.operation.expressions()));
        }
    }
    scheme
        .credentials
        .iter()
        .filter(|credential| credential.is_secret)
        .any(|credential| names.contains(&format!("cred.{}", credential.name)))
}
