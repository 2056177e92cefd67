//! Makes a push as the marketplace would: its event's body and headers, and the signature that the
//! webhook verifies. Each is verified before it is sent; one that is broken on purpose must fail.

use super::order::{BrokenPart, PushOrder};
use super::push_error::PushError;
use crate::calendar::format_time;
use crate::diagnostic::{did_you_mean, join_names};
use crate::method::Method;
use crate::model::request::TemplateField;
use crate::model::scheme::{
    IncomingPush, IncomingSignature, PushEvent, PushEventBody, RequestPart, Webhook,
};
use crate::render::{FreshValues, RenderError};
use crate::sandbox::marketplace::TestMarketplace;
use crate::sandbox::template_scope::SandboxScope;
use crate::sign::{
    Arrived, TestAccount, check_incoming, incoming_credentials, incoming_steps, write_time,
};
use crate::value::{self, Value};
use crate::wire::{RegisteredAddress, encode_strict};

/// IMF-fixdate (RFC 9110, section 5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// A push that is ready to be sent.
pub(super) struct SignedPush {
    pub(super) webhook: String,
    pub(super) event: Option<String>,
    pub(super) account: String,
    pub(super) method: Method,
    pub(super) push: IncomingPush,
}

impl TestMarketplace {
    /// `own_body` stands in the place of the event's.
    ///
    /// # Errors
    /// When there is no such event, or it cannot be signed so that the webhook accepts it.
    pub(super) fn signed_push(
        &self,
        order: &PushOrder,
        own_body: Option<Vec<u8>>,
        address: &RegisteredAddress,
        moment: FreshValues,
    ) -> Result<SignedPush, PushError> {
        let (webhook, event) = self.ordered_webhook(order, own_body.is_some())?;
        let account = self.ordered_account(order)?;
        require_keys(webhook, account)?;
        let scope = self.push_scope(account, moment)?;
        let mut push = unsigned_push(webhook, event, own_body, address, &scope)?;
        let signature = &webhook.signature;
        let lines = incoming_steps(signature, &Arrived::push(&push), &account.credentials)?;
        let mut made = lines
            .last()
            .map_or_else(String::new, |line| line.value.clone());
        if order.broken == Some(BrokenPart::Signature) {
            made = with_other_letter(&made);
        }
        if order.broken != Some(BrokenPart::Missing) {
            let text = signature_text(webhook, made, scope)?;
            place_signature(webhook, &mut push, &text)?;
        }
        if order.broken == Some(BrokenPart::Body) {
            push.body.push(b' ');
        }
        check_outcome(webhook, order.broken, &push, account)?;
        Ok(SignedPush {
            webhook: webhook.name.clone(),
            event: event.map(|event| event.name.clone()),
            account: account.name.clone(),
            method: webhook.sending.method,
            push,
        })
    }

    fn ordered_webhook(
        &self,
        order: &PushOrder,
        has_body: bool,
    ) -> Result<(&Webhook, Option<&PushEvent>), PushError> {
        let scheme = &self.scheme;
        if scheme.webhooks.is_empty() {
            return Err(PushError::NoWebhooks(scheme.name.clone()));
        }
        if let Some(name) = &order.event {
            let events = || scheme.push_events().map(|(_, event)| event.name.as_str());
            let (webhook, event) = scheme
                .push_event(name)
                .ok_or_else(|| self.unknown("event", name, events().collect()))?;
            let is_other = |named: &String| *named != webhook.name;
            return match order.webhook.as_ref().filter(|named| is_other(named)) {
                Some(_) => Err(PushError::OtherWebhook {
                    event: name.clone(),
                    webhook: webhook.name.clone(),
                }),
                None => Ok((webhook, Some(event))),
            };
        }
        let names = || scheme.webhooks.iter().map(|webhook| webhook.name.as_str());
        match &order.webhook {
            Some(name) if has_body => scheme
                .webhook(name)
                .map(|webhook| (webhook, None))
                .ok_or_else(|| self.unknown("webhook", name, names().collect())),
            _ => {
                let events: Vec<&str> = scheme
                    .push_events()
                    .map(|(_, event)| event.name.as_str())
                    .collect();
                Err(PushError::NoEvent(format!(
                    "its webhooks are {}; its events: {}",
                    join_names(names(), "and"),
                    if events.is_empty() {
                        "none".to_owned()
                    } else {
                        events.join(", ")
                    }
                )))
            }
        }
    }

    fn unknown(&self, what: &'static str, name: &str, known: Vec<&str>) -> PushError {
        let hint = did_you_mean(name, known.iter().copied());
        PushError::Unknown {
            scheme: self.scheme.name.clone(),
            what,
            name: name.to_owned(),
            known: hint.unwrap_or_else(|| {
                if known.is_empty() {
                    format!("it has no {what}s")
                } else {
                    format!("it has {}", join_names(known, "and"))
                }
            }),
        }
    }

    fn ordered_account(&self, order: &PushOrder) -> Result<&TestAccount, PushError> {
        let mut accounts = self.accounts.iter();
        let found = match &order.account {
            None => accounts.next(),
            Some(name) => accounts.find(|account| account.name == *name),
        };
        found.ok_or_else(|| {
            let names = self.accounts.iter().map(|account| account.name.as_str());
            let name = order.account.clone().unwrap_or_default();
            self.unknown("account", &name, names.collect())
        })
    }

    /// # Errors
    /// When the time is outside of the years that can be written.
    fn push_scope(
        &self,
        account: &TestAccount,
        moment: FreshValues,
    ) -> Result<SandboxScope, RenderError> {
        let failed =
            |error: &dyn std::error::Error| RenderError::new(self.scheme.at, error.to_string());
        let date = format_time(moment.unix_ms, HTTP_DATE, 0).map_err(|error| failed(&error))?;
        let ts = write_time(&self.scheme.clock, moment.unix_ms).map_err(|error| failed(&error))?;
        let credentials = account.credentials.iter();
        let credentials = credentials
            .map(|(name, value)| (name.into(), value.expose().clone()))
            .collect();
        Ok(self
            .reply_scope("", moment)?
            .with("cred", Value::Object(credentials))
            .with("account", account.name.as_str())
            .with("unix_s", moment.unix_ms.div_euclid(1_000))
            .with("unix_ms", moment.unix_ms)
            .with("ts", ts)
            .with("http_date", date))
    }
}

/// A key that is optional for calls is required here: everybody can sign with an empty one.
fn require_keys(webhook: &Webhook, account: &TestAccount) -> Result<(), PushError> {
    let mut needed = incoming_credentials(&webhook.signature).into_iter();
    let is_missing = |name: &String| {
        let value = account.credentials.get(name);
        let text = value.and_then(Value::to_plain_text);
        text.is_none_or(|text| text.is_empty())
    };
    match needed.find(is_missing) {
        Some(credential) => Err(PushError::MissingKey {
            webhook: webhook.name.clone(),
            credential,
        }),
        None => Ok(()),
    }
}

fn unsigned_push(
    webhook: &Webhook,
    event: Option<&PushEvent>,
    own_body: Option<Vec<u8>>,
    address: &RegisteredAddress,
    scope: &SandboxScope,
) -> Result<IncomingPush, PushError> {
    let sending = &webhook.sending;
    let has_body = !matches!(sending.method, Method::Get | Method::Head);
    if own_body.is_some() && !has_body {
        return Err(PushError::NoBody {
            webhook: webhook.name.clone(),
            method: sending.method.name(),
        });
    }
    let mut headers = Vec::new();
    let of_event = event.map_or(&[][..], |event| &event.headers);
    for field in sending.headers.iter().chain(of_event) {
        let name = field.name.to_ascii_lowercase().to_string();
        let value = plain_text(field, scope)?;
        // What an event says counts more.
        headers.retain(|(known, _)| *known != name);
        headers.push((name, value));
    }
    let (body, media_type) = match (own_body, event.map(|event| &event.body)) {
        (Some(body), _) => {
            let media_type = own_media_type(&body);
            (body, Some(media_type))
        }
        (None, Some(PushEventBody::Json(tree))) => {
            let json = scope.render(tree)?.to_json();
            (json.into_bytes(), Some("application/json"))
        }
        (None, Some(PushEventBody::Text(tree))) => {
            let text = scope.render(tree)?.to_text();
            (text.into_bytes(), Some("text/plain; charset=utf-8"))
        }
        (None, Some(PushEventBody::None) | None) => (Vec::new(), None),
    };
    let has_type = headers.iter().any(|(name, _)| name == "content-type");
    if let (Some(media_type), false) = (media_type, has_type) {
        headers.push(("content-type".to_owned(), media_type.to_owned()));
    }
    let mut target = address.target();
    for field in &sending.query {
        add_parameter(&mut target, &field.name, &plain_text(field, scope)?);
    }
    Ok(IncomingPush {
        url: address.as_str().to_owned(),
        method: sending.method.name().to_owned(),
        path_query: target,
        headers,
        body,
    })
}

fn own_media_type(body: &[u8]) -> &'static str {
    if value::parse(body).is_ok() {
        "application/json"
    } else {
        "text/plain; charset=utf-8"
    }
}

fn plain_text(field: &TemplateField, scope: &SandboxScope) -> Result<String, RenderError> {
    scope.render(&field.value)?.to_plain_text().ok_or_else(|| {
        let message = format!("`{}` must be a single value", field.name);
        RenderError::new(field.name_at, message)
    })
}

fn add_parameter(target: &mut String, name: &str, value: &str) {
    target.push(if target.contains('?') { '&' } else { '?' });
    target.push_str(&format!("{}={}", encode_strict(name), encode_strict(value)));
}

/// The text in the place of the signature.
fn signature_text(
    webhook: &Webhook,
    signature: String,
    scope: SandboxScope,
) -> Result<String, RenderError> {
    match &webhook.sending.signature {
        None => Ok(signature),
        Some(tree) => Ok(scope.with("signature", signature).render(tree)?.to_text()),
    }
}

fn place_signature(
    webhook: &Webhook,
    push: &mut IncomingPush,
    text: &str,
) -> Result<(), PushError> {
    let IncomingSignature { part, field, .. } = &webhook.signature;
    match part {
        RequestPart::Query => add_parameter(&mut push.path_query, field, text),
        RequestPart::Json | RequestPart::Form => {
            let Ok(Value::Object(mut members)) = value::parse(&push.body) else {
                return Err(PushError::NotAnObject {
                    webhook: webhook.name.clone(),
                });
            };
            members.push((field.as_str().into(), text.into()));
            push.body = Value::Object(members).to_json().into_bytes();
        }
        RequestPart::Header => push.headers.push((field.clone(), text.to_owned())),
    }
    Ok(())
}

/// The same signature with one other letter, in hexadecimal and in base64.
fn with_other_letter(signature: &str) -> String {
    let middle = signature.len() / 2;
    let mut letters: Vec<char> = signature.chars().collect();
    if let Some(letter) = letters.get_mut(middle) {
        *letter = if *letter == '0' { '1' } else { '0' };
    }
    letters.into_iter().collect()
}

/// What is right must be accepted by the webhook itself, and what is broken must not.
fn check_outcome(
    webhook: &Webhook,
    broken: Option<BrokenPart>,
    push: &IncomingPush,
    account: &TestAccount,
) -> Result<(), PushError> {
    let arrived = Arrived::push(push);
    let outcome = check_incoming(&webhook.signature, &arrived, &account.credentials);
    let webhook = webhook.name.clone();
    match (broken, outcome) {
        (None, Ok(())) | (Some(_), Err(_)) => Ok(()),
        (None, Err(reason)) => Err(PushError::NotItsOwn { webhook, reason }),
        (Some(broken), Ok(())) => Err(PushError::StillRight {
            webhook,
            broken: broken.name(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_signature_has_one_other_letter() {
        for signature in ["5f2ca9f6", "00000000", "DAUZQOw1ysHm/7Tc3ITsZ3Nk=="] {
            let broken = with_other_letter(signature);
            let letters = signature.chars().zip(broken.chars());
            assert_eq!(letters.filter(|(left, right)| left != right).count(), 1);
            assert_eq!(broken.len(), signature.len());
        }
        assert_eq!(with_other_letter(""), "");
    }
}
