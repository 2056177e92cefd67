//! What can be said of a scheme without calling anybody: the usual mistakes, and whether its
//! signature covers what it says.

use super::sandbox_lint::sandbox_faults;
use super::scope::{NamedValues, SigningInputs};
use super::seal::{root_names, seal};
use super::vector::VectorError;
use crate::method::Method;
use crate::model::scheme::{
    CoveredPart, FieldPlacement, Level, Scheme, SigningProcedure, VectorSubject,
};
use crate::render::{FreshValues, RenderError};
use crate::span::Span;
use crate::value::Value;
use crate::wire::{BaseUrl, Draft, DraftBody};

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintFinding {
    pub at: Span,
    pub message: String,
    /// Wrong, and not only worth a look.
    pub is_error: bool,
}

#[must_use]
pub fn lint(scheme: &Scheme) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    for procedure in scheme.procedures() {
        check_body_changed_after_signing(procedure, &mut findings);
        check_unsorted_concat(procedure, &mut findings);
        for placement in [&procedure.prepare, &procedure.attach] {
            check_secret_in_query(scheme, placement, &mut findings);
        }
    }
    check_refresh_token_saved(scheme, &mut findings);
    findings.extend(sandbox_faults(scheme).into_iter().map(|fault| LintFinding {
        at: fault.at,
        message: fault.message,
        is_error: true,
    }));
    if scheme.has_signature() && scheme.vectors.is_empty() {
        let text = "unproven: a scheme that signs needs at least one known answer under `vectors`";
        findings.push(LintFinding {
            at: scheme.at,
            message: text.to_owned(),
            is_error: true,
        });
    }
    for level in scheme
        .levels
        .iter()
        .filter(|level| !level.procedure.sign.is_empty())
    {
        check_covers(scheme, level, &mut findings);
    }
    findings.sort_by_key(|finding| finding.at);
    findings.dedup();
    findings
}

/// A refresh token that works once is lost with its family if its successor is not saved.
fn check_refresh_token_saved(scheme: &Scheme, findings: &mut Vec<LintFinding>) {
    for token in &scheme.tokens {
        let keeps = token.refresh.iter().chain(&token.exchange).all(|refresh| {
            refresh
                .saved_fields
                .iter()
                .any(|(name, _)| name == "refresh_token")
        });
        if token.lifetime.is_refresh_single_use && !keeps {
            let text = "a refresh token that works once must be saved from each response: `save` has no `refresh_token`";
            findings.push(LintFinding {
                at: token.at,
                message: text.to_owned(),
                is_error: true,
            });
        }
    }
}

fn check_body_changed_after_signing(procedure: &SigningProcedure, findings: &mut Vec<LintFinding>) {
    let changes = procedure
        .attach
        .form
        .first()
        .or(procedure.attach.json.first());
    let reads = procedure.sign.iter().find(|step| {
        step.operation
            .expressions()
            .iter()
            .any(|expression| expression.source.contains("req.body"))
    });
    if let (Some(_), Some(step)) = (changes, reads) {
        let text = format!(
            "`{}` signs the body, and `attach` changes the body after it: what is signed is not what is sent",
            step.id
        );
        findings.push(LintFinding {
            at: step.at,
            message: text,
            is_error: true,
        });
    }
}

fn check_unsorted_concat(procedure: &SigningProcedure, findings: &mut Vec<LintFinding>) {
    for step in &procedure.sign {
        for expression in step.operation.expressions() {
            let concat = expression.source.find("concat");
            let sorted = expression.source.find("bytesort");
            if concat.is_some_and(|concat| sorted.is_none_or(|sorted| sorted > concat)) {
                let text =
                    "`concat` without `bytesort` before it joins pairs in the order of the request"
                        .to_owned();
                findings.push(LintFinding {
                    at: expression.at,
                    message: text,
                    is_error: false,
                });
            }
        }
    }
}

fn check_secret_in_query(
    scheme: &Scheme,
    placement: &FieldPlacement,
    findings: &mut Vec<LintFinding>,
) {
    for field in &placement.query {
        for expression in field.value.expressions() {
            let name = expression
                .lookup
                .as_deref()
                .filter(|path| path[0] == "cred")
                .and_then(|path| path.get(1));
            if name
                .and_then(|name| scheme.credential(name))
                .is_some_and(|credential| credential.is_secret)
            {
                let text = format!(
                    "`{}` puts a secret in the query, where proxies and servers log it",
                    field.name
                );
                findings.push(LintFinding {
                    at: field.name_at,
                    message: text,
                    is_error: false,
                });
            }
        }
    }
}

/// Changes each part of a request and sees which change the signature.
fn check_covers(scheme: &Scheme, level: &Level, findings: &mut Vec<LintFinding>) {
    let plain = probe_draft(scheme);
    let signature = match signed_values(scheme, level, plain.clone()) {
        Ok(signature) => signature,
        Err(reason) => {
            let text = format!(
                "`covers` cannot be tried: {reason}; test keys under `sandbox`, or a vector with all credentials, would do"
            );
            return findings.push(LintFinding {
                at: scheme.at,
                message: text,
                is_error: true,
            });
        }
    };
    for part in CoveredPart::ALL {
        let changed = match signed_values(scheme, level, with_part_changed(plain.clone(), part)) {
            Ok(other) => other != signature,
            // Without a signature nothing is known. "Not covered" would be a guess.
            Err(reason) => {
                let text = format!(
                    "`covers` cannot be tried with another {}: {reason}",
                    part.name()
                );
                findings.push(LintFinding {
                    at: scheme.at,
                    message: text,
                    is_error: true,
                });
                continue;
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
                format!("`covers` says `{name}`, but the signature{of} does not change with it")
            }
            (false, true) => format!(
                "the signature{of} changes with the {name}, but `covers` does not say `{name}`"
            ),
            _ => continue,
        };
        findings.push(LintFinding {
            at: scheme.at,
            message: text,
            is_error: true,
        });
    }
}

/// A request with something in every part; headers that a known answer has may be signed, too.
fn probe_draft(scheme: &Scheme) -> Draft {
    let vectors = scheme
        .vectors
        .iter()
        .filter_map(|vector| match &vector.subject {
            VectorSubject::Request { request, .. } => Some(&request.headers),
            _ => None,
        });
    let headers = vectors.flatten().filter_map(|field| {
        Some((
            field.name.to_ascii_lowercase().into(),
            field.value.as_constant()?.to_plain_text()?,
        ))
    });

    let body = Value::Object(vec![("b".into(), Value::from("1"))]);
    let query = vec![("a".to_owned(), "1".to_owned())];
    Draft {
        external: None,
        method: Method::Post,
        path: "/probe".to_owned(),
        raw_query: String::new(),
        query,
        headers: headers.collect(),
        body: DraftBody::Json(body),
    }
}

fn with_part_changed(mut draft: Draft, part: CoveredPart) -> Draft {
    match part {
        CoveredPart::Method => draft.method = Method::Put,
        CoveredPart::Path => "/changed".clone_into(&mut draft.path),
        CoveredPart::Query => "2".clone_into(&mut draft.query[0].1),
        CoveredPart::Body => {
            draft.body = DraftBody::Json(Value::Object(vec![("b".into(), Value::from("2"))]));
        }
    }
    draft
}

/// Every text of the trace: a change in any of them is a change of what is signed.
fn signed_values(scheme: &Scheme, level: &Level, draft: Draft) -> Result<Vec<String>, VectorError> {
    let host = scheme
        .hosts
        .first()
        .map_or("https://host.invalid", |host| host.url.as_str());
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
    let base = BaseUrl::parse(host)?;
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

/// The steps whose results are sent, and those that these are made of; what no request carries
/// covers nothing.
fn used_steps(procedure: &SigningProcedure) -> Result<Vec<String>, RenderError> {
    let attached = procedure.attach.fields();
    let mut used = root_names(
        attached
            .flat_map(|(_, field)| field.value.expressions())
            .collect(),
    )?;
    // Steps only read steps before them, so one pass from the last to the first finds them all.
    for step in procedure.sign.iter().rev() {
        if used.contains(&step.id) {
            used.extend(root_names(step.operation.expressions())?);
        }
    }
    Ok(used)
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
