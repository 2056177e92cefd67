//! The signature of a push: the same search, on the receiving side.

use super::alone::is_near_name;
use super::case::{Case, SentSignature};
use super::catalogue::MistakeCode as M;
use super::diagnosis::SignatureDiagnosis;
use super::observation::RequestObservation;
use super::recipe::signing_step;
use super::sent_observations::sent_observations;
use super::suspect::SuspectRequest;
use super::verdict::diagnose_case;
use crate::model::scheme::{RequestPart, Webhook};
use crate::sign::{SealError, SignedRequest};
use crate::wire::parse_form;

/// # Errors
/// When a step of the webhook cannot be computed.
pub(super) fn diagnose_push(
    suspect: &SuspectRequest<'_>,
    webhook: &Webhook,
) -> Result<SignatureDiagnosis, SealError> {
    let signature = &webhook.signature;
    let signed = SignedRequest::of_push(suspect.received);
    let location = format!("{}.{}", signature.part.name(), signature.field);
    let Some(account) = suspect.accounts.first() else {
        let reason = format!("no credentials of `{}` are available", suspect.scheme.name);
        return Ok(SignatureDiagnosis::unknown(reason));
    };
    let Some(text) = sent_text(suspect, signature.part, &signature.field) else {
        let reason = format!("the push has no `{location}`, which should contain its signature");
        let mut diagnosis = SignatureDiagnosis::unknown(reason);
        diagnosis
            .observations
            .push(absent_signature(suspect, signature.part, &signature.field));
        return Ok(diagnosis);
    };
    let text = match &signature.pattern {
        None => text,
        Some(pattern) => {
            let found = pattern.captures(&text).and_then(|found| found.get(1));
            found.map_or_else(|| text.clone(), |found| found.as_str().to_owned())
        }
    };
    let Some(step) = signature.sign.len().checked_sub(1) else {
        return Ok(SignatureDiagnosis::unknown(
            "the webhook has no steps".to_owned(),
        ));
    };
    let sent = SentSignature {
        step,
        location,
        text,
    };
    if signing_step(&signature.sign, step, &[])?.is_none() {
        return Ok(SignatureDiagnosis::unknown(
            "the webhook has no signature".to_owned(),
        ));
    }
    let Some(case) = Case::new(suspect, (&signature.sign, &[]), &signed, account, sent)? else {
        return Ok(SignatureDiagnosis::unknown(
            "the webhook has no signature".to_owned(),
        ));
    };
    let observations = sent_observations(suspect, &case);
    Ok(diagnose_case(case, suspect, "", observations))
}

/// The signature stands under another name, or it did not arrive.
fn absent_signature(
    suspect: &SuspectRequest<'_>,
    part: RequestPart,
    field: &str,
) -> RequestObservation {
    let location = format!("{}.{field}", part.name());
    let mut headers = suspect.received.headers.iter();
    let near = headers.find(|(name, _)| part == RequestPart::Header && is_near_name(name, field));
    let (code, other, text) = match near {
        Some((name, _)) => (
            M::HEADER_NAME,
            M::SIGNATURE_ABSENT,
            format!("`{name}` is sent, but the scheme names it `{field}`"),
        ),
        None => (
            M::SIGNATURE_ABSENT,
            M::HEADER_NAME,
            format!("`{field}` did not arrive in the {}", part.name()),
        ),
    };
    let mut observation = RequestObservation::new(code, location, text);
    observation.or = Some(other);
    observation
}

fn sent_text(suspect: &SuspectRequest<'_>, part: RequestPart, field: &str) -> Option<String> {
    let received = suspect.received;
    let find = |pairs: &[(String, String)]| {
        let mut pairs = pairs.iter();
        pairs
            .find(|(name, _)| name == field)
            .map(|(_, value)| value.clone())
    };
    match part {
        RequestPart::Header => find(&received.headers),
        RequestPart::Query => find(&parse_form(received.query())),
        RequestPart::Json => {
            let json = crate::value::parse(&received.body).ok()?;
            Some(json.get(field)?.to_text())
        }
        RequestPart::Form => None,
    }
}
