//! The signature of a call: reads it out of the request, and has it judged.

use super::alone::alone_observations;
use super::case::{Case, SentSignature, text_differences};
use super::diagnosis::{EMPTY_SIGNATURE, NO_SIGNATURE, SignatureDiagnosis, VARIABLE_SIGNATURE};
use super::observation::RequestObservation;
use super::recipe::{signing_step, token_of};
use super::sent_observations::{other_values, sent_observations};
use super::shown::KnownSecrets;
use super::suspect::SuspectRequest;
use super::verdict::diagnose_case;
use crate::model::scheme::{SignOp, SigningProcedure};
use crate::sign::{Recomputation, SealError, SignTrace, SignedRequest, TestAccount, TraceLine};
use crate::value::Value;

/// # Errors
/// When the scheme cannot sign such a request at all.
pub(super) fn diagnose_call(
    suspect: &SuspectRequest<'_>,
    procedure: &SigningProcedure,
    level: &str,
) -> Result<SignatureDiagnosis, SealError> {
    let signed = SignedRequest::read(suspect.scheme, procedure, suspect.received, suspect.now_ms)?;
    let Some(account) = meant_account(suspect, &signed) else {
        let reason = format!("no credentials of `{}` are available", suspect.scheme.name);
        return Ok(SignatureDiagnosis::unknown(reason));
    };
    let mut observations = alone_observations(suspect, procedure, &signed, account);
    let Some(sent) = sent_signature(procedure, &signed) else {
        let reason = if procedure
            .sign
            .iter()
            .any(|step| step.operation.is_signature())
        {
            NO_SIGNATURE
        } else {
            "the scheme sends no signature with this call"
        };
        return Ok(only_observed(reason.to_owned(), observations));
    };
    let absence = absent_value(&sent.text);
    let parts = (procedure.sign.as_slice(), procedure.vars.as_slice());
    let case = match Case::new(suspect, parts, &signed, account, sent) {
        Ok(Some(case)) => case,
        Ok(None) => {
            let reason = "the scheme sends no signature with this call".to_owned();
            return Ok(only_observed(reason, observations));
        }
        // What the request shows by itself can be the reason, such as a salt that is none.
        Err(error) => {
            let reason = absence.map_or_else(
                || format!("the scheme cannot sign this request: {error}"),
                str::to_owned,
            );
            let diagnosis = only_observed(reason, observations);
            return Ok(with_computable(
                diagnosis, suspect, procedure, &signed, account,
            ));
        }
    };
    observations.extend(sent_observations(suspect, &case));
    if let Some(reason) = absence {
        return Ok(only_observed(reason.to_owned(), observations));
    }
    observations.extend(other_values(suspect, &case));
    Ok(diagnose_case(case, suspect, level, observations))
}

/// Why a text is no signature that could be compared.
fn absent_value(sent: &str) -> Option<&'static str> {
    let is_variable = sent.strip_prefix('$').is_some_and(|name| {
        let name = name.trim_start_matches(['{', '(']);
        name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
    });
    if sent.is_empty() {
        Some(EMPTY_SIGNATURE)
    } else if is_variable {
        Some(VARIABLE_SIGNATURE)
    } else {
        None
    }
}

/// With the steps that need no missing credential, and the texts that were given beside them.
fn with_computable(
    diagnosis: SignatureDiagnosis,
    suspect: &SuspectRequest<'_>,
    procedure: &SigningProcedure,
    signed: &SignedRequest,
    account: &TestAccount,
) -> SignatureDiagnosis {
    let token = token_of(signed, account);
    let known = signed.known_steps(&procedure.sign);
    let run = Recomputation {
        steps: &procedure.sign,
        vars: &procedure.vars,
        request: &signed.request,
        is_push: signed.is_push,
        credentials: &account.credentials,
        token: &token,
        ts: &signed.ts,
        unix_ms: signed.sent_ms.unwrap_or(suspect.now_ms),
        known: &known,
        overrides: &[],
    };
    let lines = run.computable_lines();
    let secrets = KnownSecrets::of(suspect.scheme, suspect.accounts, suspect.received);
    let texts: Vec<&TraceLine> = lines.iter().filter(|line| line.op == "text").collect();
    let differences = text_differences(suspect, &texts, &secrets);
    let trace = (!lines.is_empty()).then(|| SignTrace {
        ts: signed.ts.clone(),
        lines,
        ..SignTrace::default()
    });
    SignatureDiagnosis {
        trace,
        differences,
        ..diagnosis
    }
}

fn only_observed(reason: String, observations: Vec<RequestObservation>) -> SignatureDiagnosis {
    let mut diagnosis = SignatureDiagnosis::unknown(reason);
    diagnosis.observations = observations;
    diagnosis
}

/// The account that the request names by its ids; the first one if it names none.
fn meant_account<'a>(
    suspect: &SuspectRequest<'a>,
    signed: &SignedRequest,
) -> Option<&'a TestAccount> {
    let fits = |account: &&TestAccount| {
        let mut claims = signed
            .sent
            .iter()
            .filter_map(|value| Some((value.name.strip_prefix("cred.")?, &value.text)));
        claims.all(|(name, text)| {
            let own = account.credentials.get(name).and_then(Value::to_plain_text);
            own.is_none_or(|own| own == *text)
        })
    };
    suspect
        .accounts
        .iter()
        .find(fits)
        .or(suspect.accounts.first())
}

/// The last step that signs, or that a signature goes into, of those whose results were sent.
fn sent_signature(procedure: &SigningProcedure, signed: &SignedRequest) -> Option<SentSignature> {
    let steps = &procedure.sign;
    let is_made_of_signature = |index: usize| {
        let known = signing_step(steps, index, &[]);
        known.ok().flatten().is_some()
    };
    let (step, value) = steps
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, step)| !matches!(step.operation, SignOp::Uuid | SignOp::Random(_)))
        .filter_map(|(index, step)| Some((index, signed.value(&step.id)?)))
        .find(|(index, value)| !value.is_chosen && is_made_of_signature(*index))?;
    Some(SentSignature {
        step,
        location: format!("{}.{}", value.part.name(), value.field),
        text: value.text.clone(),
    })
}
