//! The signature of a call: reads it out of the request, and has it judged.

use super::alone::alone_observations;
use super::case::{Case, SentSignature};
use super::diagnosis::SignatureDiagnosis;
use super::observation::RequestObservation;
use super::recipe::signing_step;
use super::sent_observations::{other_values, sent_observations};
use super::suspect::SuspectRequest;
use super::verdict::diagnose_case;
use crate::model::scheme::{SignOp, SigningProcedure};
use crate::sign::{SealError, SignedRequest, TestAccount};
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
        let reason = format!("no credentials of `{}` are at hand", suspect.scheme.name);
        return Ok(SignatureDiagnosis::unknown(reason));
    };
    let mut observations = alone_observations(suspect, procedure, &signed, account);
    let Some(sent) = sent_signature(procedure, &signed) else {
        let reason = if procedure
            .sign
            .iter()
            .any(|step| step.operation.is_signature())
        {
            "no signature stands where the scheme puts it"
        } else {
            "the scheme sends no signature with this call"
        };
        return Ok(only_observed(reason.to_owned(), observations));
    };
    let parts = (procedure.sign.as_slice(), procedure.vars.as_slice());
    let case = match Case::new(suspect, parts, &signed, account, sent) {
        Ok(Some(case)) => case,
        Ok(None) => {
            let reason = "the scheme sends no signature with this call".to_owned();
            return Ok(only_observed(reason, observations));
        }
        // What the request shows by itself can be the reason, such as a salt that is none.
        Err(error) => {
            let reason = format!("the scheme cannot sign this request: {error}");
            return Ok(only_observed(reason, observations));
        }
    };
    observations.extend(sent_observations(suspect, &case));
    observations.extend(other_values(suspect, &case));
    Ok(diagnose_case(case, suspect, level, observations))
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
