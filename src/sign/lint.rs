//! What can be said of a scheme without calling anybody: the usual mistakes, and whether its
//! signature covers what it says.

use super::lint_finding::LintFinding;
use super::mentioned_names::{names_of, scheme_names, used_steps};
use super::sandbox_lint::sandbox_faults;
use super::scope::{NamedValues, SigningInputs};
use super::seal::{SealError, seal};
use super::secret_placement::check_secrets_in_addresses;
use super::vector::VectorError;
use crate::method::Method;
use crate::model::scheme::{
    CoveredPart, CredentialScope, CredentialType, Level, LintRule, Scheme, SchemeHost,
    SigningProcedure, VectorSubject,
};
use crate::render::FreshValues;
use crate::value::Value;
use crate::wire::{BaseUrl, Draft, DraftBody};

#[must_use]
pub fn lint(scheme: &Scheme) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    for procedure in scheme.procedures() {
        check_body_changed_after_signing(procedure, &mut findings);
        check_unsorted_concat(procedure, &mut findings);
    }
    check_secrets_in_addresses(scheme, &mut findings);
    check_unused_credentials(scheme, &mut findings);
    check_refresh_token_saved(scheme, &mut findings);
    let faults = sandbox_faults(scheme).into_iter();
    findings.extend(faults.map(|fault| LintFinding::error(fault.at, fault.message)));
    if scheme.has_signature() && scheme.vectors.is_empty() {
        let text = "unproven: a scheme that signs needs at least one known answer under `vectors`";
        findings.push(LintFinding::error(scheme.at, text));
    }
    check_covers_of_levels(scheme, &mut findings);
    apply_allowed(scheme, &mut findings);
    findings.sort_by_key(|finding| finding.at);
    findings.dedup();
    findings
}

/// Takes the warnings away that the file answers for, and reports a rule that allows nothing.
fn apply_allowed(scheme: &Scheme, findings: &mut Vec<LintFinding>) {
    for allowed in &scheme.allowed_warnings {
        let before = findings.len();
        findings.retain(|finding| finding.rule != Some(allowed.rule));
        if findings.len() == before {
            let text = format!(
                "`{}` is allowed, but not needed here: remove the line",
                allowed.rule.name()
            );
            findings.push(LintFinding {
                at: allowed.at,
                message: text,
                is_error: false,
                rule: None,
            });
        }
    }
}

/// A user would be asked for a value that is never sent; or a name is misspelled where it is used.
fn check_unused_credentials(scheme: &Scheme, findings: &mut Vec<LintFinding>) {
    let names = scheme_names(scheme);
    for credential in &scheme.credentials {
        // A public key is for those who verify, and an id of the account for the paths of requests.
        let mut hosts = scheme.hosts.iter().filter_map(SchemeHost::account_host);
        let is_used = credential.kind == CredentialType::PublicKey
            || hosts.any(|host| host.credential == credential.name)
            || (credential.scope == CredentialScope::Account && !credential.is_secret)
            || names.contains(&format!("cred.{}", credential.name));
        if !is_used {
            let text = format!("the credential `{}` is not used", credential.name);
            let rule = LintRule::UnusedCredential;
            findings.push(LintFinding::warning(rule, credential.at, text));
        }
    }
}

/// A refresh token that works once is lost with its family if its successor is not saved.
fn check_refresh_token_saved(scheme: &Scheme, findings: &mut Vec<LintFinding>) {
    for token in &scheme.tokens {
        let keeps = token.refresh.iter().chain(&token.exchange);
        let device = token.device.iter().map(|device| &device.exchange);
        let keeps = keeps.chain(device).all(|refresh| {
            refresh
                .saved_fields
                .iter()
                .any(|(name, _)| name == "refresh_token")
        });
        if token.lifetime.is_refresh_single_use && !keeps {
            let text = "a refresh token that works once must be saved from each response: `save` has no `refresh_token`";
            findings.push(LintFinding::error(token.at, text));
        }
    }
}

/// The bytes of the body, as they are or in one spelling.
const BODY_NAMES: [&str; 3] = ["req.body", "req.body_bytes", "req.json_body"];

fn check_body_changed_after_signing(procedure: &SigningProcedure, findings: &mut Vec<LintFinding>) {
    let changes = procedure
        .attach
        .form
        .first()
        .or(procedure.attach.json.first());
    let reads = procedure.sign.iter().find(|step| {
        let names = names_of(step.operation.expressions());
        names.iter().any(|name| BODY_NAMES.contains(&name.as_str()))
    });
    if let (Some(_), Some(step)) = (changes, reads) {
        let text = format!(
            "`{}` signs the body, but `attach` changes the body afterwards: the signed body differs from the sent body",
            step.id
        );
        findings.push(LintFinding::error(step.at, text));
    }
}

fn check_unsorted_concat(procedure: &SigningProcedure, findings: &mut Vec<LintFinding>) {
    for step in &procedure.sign {
        for expression in step.operation.expressions() {
            let concat = expression.source.find("concat");
            let sorted = expression.source.find("bytesort");
            let Some(concat) = concat.filter(|at| sorted.is_none_or(|sorted| sorted > *at)) else {
                continue;
            };
            if !joins_one_pair(&expression.source[..concat]) {
                let text =
                    "`concat` without `bytesort` before it joins pairs in the order of the request";
                findings.push(LintFinding::warning(
                    LintRule::UnsortedConcat,
                    expression.at,
                    text.to_owned(),
                ));
            }
        }
    }
}

/// Whether the pairs before a `concat` are one at most, whose order means nothing.
fn joins_one_pair(before: &str) -> bool {
    let only = before.rfind("only(").and_then(|at| {
        let arguments = &before[at + "only(".len()..];
        arguments.split_once(')').map(|(inside, _)| inside)
    });
    let is_one_name = only.is_some_and(|inside| !inside.contains(','));
    let list = before.trim_start();
    is_one_name || (list.starts_with("[[") && list.matches(']').count() == 2)
}

/// What `covers` says is tried at each level that sends a signature. A level that sends none, such
/// as a public one, has nothing to cover.
fn check_covers_of_levels(scheme: &Scheme, findings: &mut Vec<LintFinding>) {
    let signing: Vec<&Level> = scheme
        .levels
        .iter()
        .filter(|level| sends_signature(&level.procedure))
        .collect();
    for level in &signing {
        check_covers(scheme, level, findings);
    }
    if let (true, Some(part)) = (signing.is_empty(), scheme.covered_parts.first()) {
        let text = format!(
            "`covers` has `{}`, but no level attaches a signature",
            part.name()
        );
        findings.push(LintFinding::error(scheme.at, text));
    }
}

/// Whether a request carries the result of a step that signs.
#[must_use]
pub fn sends_signature(procedure: &SigningProcedure) -> bool {
    // Names that cannot be read are an error of their own, and the probe below reports it.
    let Ok(used) = used_steps(procedure) else {
        return true;
    };
    procedure
        .sign
        .iter()
        .any(|step| step.operation.is_signature() && used.contains(&step.id))
}

/// Changes each part of a request and sees which change the signature.
fn check_covers(scheme: &Scheme, level: &Level, findings: &mut Vec<LintFinding>) {
    for part in CoveredPart::ALL {
        let changed = match changes_signature(scheme, level, part) {
            Ok(changed) => changed,
            // Without a signature nothing is known. "Not covered" would be a guess.
            Err(reason) => {
                let text = format!(
                    "`covers` cannot be checked: {reason}; add test keys under `sandbox`, or a vector with all credentials"
                );
                return findings.push(LintFinding::error(scheme.at, text));
            }
        };
        let said = scheme.covered_parts.contains(&part);
        let name = part.name();
        let of = if level.name.is_empty() {
            String::new()
        } else {
            format!(" of level `{}`", level.name)
        };
        let text = match (said, changed) {
            (true, false) => {
                format!("`covers` has `{name}`, but the signature{of} does not change with it")
            }
            (false, true) => format!(
                "the signature{of} changes with the {name}, but `covers` does not have `{name}`"
            ),
            _ => continue,
        };
        findings.push(LintFinding::error(scheme.at, text));
    }
}

/// Whether the signature of any of the probes differs when this part of it does.
fn changes_signature(
    scheme: &Scheme,
    level: &Level,
    part: CoveredPart,
) -> Result<bool, VectorError> {
    for draft in probe_drafts(scheme, level, part) {
        let plain = match signed_values(scheme, level, draft.clone()) {
            // A marketplace that takes JSON alone is never called by GET or with a form.
            Err(VectorError::Seal(SealError::Misplaced(_))) => continue,
            result => result?,
        };
        if signed_values(scheme, level, with_part_changed(draft, part))? != plain {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Requests with something in the part; headers that a known answer has may be signed, too, and so
/// may parameters that the scheme names. A form is signed in other ways than JSON.
fn probe_drafts(scheme: &Scheme, level: &Level, part: CoveredPart) -> Vec<Draft> {
    let names = probe_names(&level.procedure);
    let members = |value: &str| {
        let members = names.iter();
        members
            .map(|name| (name.as_str().into(), Value::from(value)))
            .collect()
    };
    let pairs: Vec<(String, String)> = names
        .iter()
        .map(|name| (name.clone(), "1".to_owned()))
        .collect();
    let json = Draft {
        external: None,
        method: Method::Post,
        path: "/probe".to_owned(),
        raw_query: String::new(),
        query: pairs.clone(),
        headers: probe_headers(scheme),
        body: DraftBody::Json(Value::Object(members("1"))),
    };
    let other = if part == CoveredPart::Body {
        Draft {
            body: DraftBody::Form(pairs),
            ..json.clone()
        }
    } else {
        Draft {
            method: Method::Get,
            body: DraftBody::None,
            ..json.clone()
        }
    };
    vec![json, other]
}

/// Names of parameters: one of our own, and those that steps pick out by `only`.
fn probe_names(procedure: &SigningProcedure) -> Vec<String> {
    let mut names = vec!["a".to_owned()];
    for step in &procedure.sign {
        for expression in step.operation.expressions() {
            let calls = expression.source.split("only(").skip(1);
            let inside = calls.filter_map(|rest| rest.split_once(')'));
            for argument in inside.flat_map(|(inside, _)| inside.split(',')) {
                let name = argument.trim().trim_matches(['"', '\'']).to_owned();
                if !name.is_empty() && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    names
}

fn probe_headers(scheme: &Scheme) -> Vec<(String, String)> {
    let vectors = scheme
        .vectors
        .iter()
        .filter_map(|vector| match &vector.subject {
            VectorSubject::Request { request, .. } => Some(&request.headers),
            _ => None,
        });
    let mut headers: Vec<(String, String)> = Vec::new();
    for field in vectors.flatten() {
        let name = field.name.to_ascii_lowercase();
        let value = field.value.as_constant().and_then(Value::to_plain_text);
        if let Some(value) = value.filter(|_| !headers.iter().any(|(known, _)| *known == name)) {
            headers.push((name.to_string(), value));
        }
    }
    headers
}

fn with_part_changed(mut draft: Draft, part: CoveredPart) -> Draft {
    match part {
        CoveredPart::Method => {
            draft.method = if draft.method == Method::Get {
                Method::Delete
            } else {
                Method::Put
            };
        }
        CoveredPart::Path => "/changed".clone_into(&mut draft.path),
        CoveredPart::Query => change_pairs(&mut draft.query),
        CoveredPart::Body => match &mut draft.body {
            DraftBody::Form(pairs) => change_pairs(pairs),
            DraftBody::Json(Value::Object(members)) => {
                for (_, value) in members {
                    *value = Value::from("2");
                }
            }
            _ => {}
        },
    }
    draft
}

fn change_pairs(pairs: &mut [(String, String)]) {
    for (_, value) in pairs {
        "2".clone_into(value);
    }
}

/// Every text of the trace: a change in any of them is a change of what is signed.
fn signed_values(scheme: &Scheme, level: &Level, draft: Draft) -> Result<Vec<String>, VectorError> {
    let host = scheme.hosts.first().map_or_else(
        || "https://host.invalid".to_owned(),
        SchemeHost::example_url,
    );
    let (credentials, token) = (probe_credentials(scheme), probe_token(scheme));
    let moment = FreshValues {
        unix_ms: 1_700_000_000_000,
        seed: [1; 16],
    };
    let inputs = SigningInputs {
        credentials: &credentials,
        token: Some(&token),
        moment,
        steps: &[],
        extra: &[],
    };
    let base = BaseUrl::parse(&host)?;
    let sealed = seal(scheme, &level.procedure, draft, &base, inputs)?;
    let used = used_steps(&level.procedure)?;
    Ok(sealed
        .trace
        .lines
        .into_iter()
        .filter(|line| used.contains(&line.id))
        .map(|line| line.value)
        .collect())
}

/// Test keys, or those of a known answer: a key may have to be hex or base64.
fn probe_credentials(scheme: &Scheme) -> NamedValues {
    let mut values: NamedValues = scheme
        .credentials
        .iter()
        .map(|known| (known.name.as_str().into(), Value::from("probe")))
        .collect();
    for (name, value) in scheme.vectors.iter().flat_map(|vector| &vector.credentials) {
        values.set(name, value.clone());
    }
    let keys = scheme
        .sandbox
        .iter()
        .flat_map(|sandbox| &sandbox.test_credentials);
    for (name, value) in keys.filter_map(|key| Some((&key.name, key.value.as_constant()?))) {
        values.set(name, value.clone());
    }
    values
}

fn probe_token(scheme: &Scheme) -> NamedValues {
    scheme
        .tokens
        .iter()
        .flat_map(|token| token.fields())
        .map(|name| (name.into(), Value::from("probe")))
        .collect()
}
