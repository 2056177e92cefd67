//! What the values of a request show beside those of the account and the scheme.

use super::alone::is_placeholder;
use super::case::Case;
use super::catalogue::MistakeCode as M;
use super::key_variations::main_key;
use super::observation::RequestObservation;
use super::query_text::percent_decoded;
use super::suspect::SuspectRequest;
use crate::model::scheme::{CredentialScope, SignOp};

/// Values in the request that are not those of the account, or not those that the scheme gives.
pub(super) fn other_values(
    suspect: &SuspectRequest<'_>,
    case: &Case<'_>,
) -> Vec<RequestObservation> {
    let mut all = Vec::new();
    for value in &case.recipe.signed.sent {
        let location = format!("{}.{}", value.part.name(), value.field);
        let member = value.name.strip_prefix("cred.");
        let credential = member.and_then(|name| suspect.scheme.credential(name));
        if let Some(credential) = credential.filter(|credential| !credential.is_secret) {
            let own = case.recipe.value(&value.name).unwrap_or_default();
            if percent_decoded(&value.text).is_some_and(|text| text == own && own != value.text) {
                all.push(RequestObservation::new(
                    M::ENCODED_TWICE,
                    location,
                    format!("`{}` is percent-encoded twice", value.field),
                ));
                continue;
            }
            if !own.is_empty() && own != value.text && !is_placeholder(&value.text) {
                let code = match credential.scope {
                    CredentialScope::App => M::OTHER_ACCOUNT,
                    CredentialScope::Account => M::LEVEL_OR_TOKEN,
                };
                let text = format!(
                    "`{}` is sent for `{}`, but the available credentials are of `{own}`",
                    value.text, value.name
                );
                all.push(RequestObservation::new(code, location, text));
            }
            continue;
        }
        let Some(line) = case
            .unsigned_text(&value.name)
            .filter(|line| *line != value.text)
        else {
            continue;
        };
        if !value.is_chosen {
            let text = format!(
                "`{}` is sent for `{}`, but the scheme has `{line}`",
                value.text, value.name
            );
            all.push(RequestObservation::new(M::SCHEME_CONSTANT, location, text));
        }
    }
    all
}

/// What the value of the signature shows by its form.
pub(super) fn sent_observations(
    suspect: &SuspectRequest<'_>,
    case: &Case<'_>,
) -> Vec<RequestObservation> {
    // What stands for a signature may be percent-encoded where a signature has to be.
    let decoded = percent_decoded(&case.sent.text);
    let sent = decoded.as_deref().unwrap_or(&case.sent.text);
    let location = case.sent.location.as_str();
    let of = |code, text: String| vec![RequestObservation::of_signature(code, location, text)];
    if sent.is_empty() {
        return of(M::SIGNATURE_ABSENT, "the signature is empty".to_owned());
    }
    for account in suspect.accounts {
        for (name, value) in account.credentials.iter() {
            let value = value.expose().to_plain_text();
            let is_sent =
                |value: &str| [sent, sent.trim(), case.sent.text.as_str()].contains(&value);
            if value.is_some_and(|value| value.len() > 3 && is_sent(&value)) {
                return of(
                    M::SECRET_AS_SIGNATURE,
                    format!("the credential `{name}` is sent instead of the signature"),
                );
            }
        }
    }
    if let Some(what) = residue(sent) {
        return of(M::NOT_A_SIGNATURE, what.to_owned());
    }
    if let Some((found, wanted)) = other_salt(case) {
        let text = format!(
            "the bcrypt hash was made with another salt: it begins with `{found}`, but the secret with `{wanted}`"
        );
        let mut all = of(M::KEY_SETTINGS, text);
        all[0].or = Some(M::OTHER_ACCOUNT);
        return all;
    }
    case.form_observation().into_iter().collect()
}

/// What programs print in the place of a text.
fn residue(sent: &str) -> Option<&'static str> {
    if sent.starts_with("[object ") {
        Some("`[object …]` is sent instead of the signature: an object was joined to a text")
    } else if sent.starts_with("[B@") {
        Some("`[B@…` is sent instead of the signature: the name of a Java array")
    } else if sent.starts_with("b'") || sent.starts_with("b\"") {
        Some("`b'…'` is sent instead of the signature: bytes of Python were joined to a text")
    } else if matches!(
        sent,
        "true" | "false" | "1" | "0" | "MQ==" | "undefined" | "null" | "None" | "nil" | "NaN"
    ) {
        Some("a word is sent instead of the signature")
    } else if is_placeholder(sent) {
        Some("an unfilled template is sent instead of the signature")
    } else if sent.contains(['\n', '\r']) {
        Some("line ends are inside the signature")
    } else if sent.starts_with(['"', '\'']) && sent.ends_with(['"', '\'']) {
        Some("quotes are sent around the signature")
    } else if sent.contains("function") || sent.contains("=>") {
        Some("source text is sent instead of the signature")
    } else {
        None
    }
}

/// The version and the cost of two salts that differ; a cost and a version are no secret.
fn other_salt(case: &Case<'_>) -> Option<(String, String)> {
    let SignOp::Bcrypt { .. } = case.recipe.operation() else {
        return None;
    };
    let secret = main_key(&case.recipe)?.1;
    let hash = case.forms.iter().find_map(|form| {
        let text = std::str::from_utf8(&form.bytes).ok()?;
        (text.len() == 60 && text.starts_with("$2")).then_some(text)
    })?;
    // The last character of a salt has bits that are not used.
    let (own, made) = (secret.get(7..28)?, hash.get(7..28)?);
    (own != made).then(|| {
        let start = |text: &str| text.get(..7).unwrap_or_default().to_owned();
        (start(hash), start(&secret))
    })
}
