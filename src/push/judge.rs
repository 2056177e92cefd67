//! Whether a push is signed by one of the webhooks of a scheme, with one of the keys at hand.

use crate::method::Method;
use crate::model::scheme::{IncomingPush, Scheme};
use crate::sign::{Arrived, IncomingError, ReceivedRequest, TestAccount, check_incoming};
use crate::wire::RegisteredAddress;
use bytes::Bytes;
use std::sync::Arc;

/// What pushes are verified with.
pub(crate) struct PushKeys {
    pub(crate) scheme: Arc<Scheme>,
    /// Names of webhooks of the scheme; at least one.
    pub(crate) webhooks: Vec<String>,
    pub(crate) address: RegisteredAddress,
    /// Those that a push can be signed with; at least one.
    pub(crate) accounts: Vec<TestAccount>,
    /// Other keys at hand, with which a wrong signature is explained.
    pub(crate) other_accounts: Vec<TestAccount>,
}

/// A push as its bytes arrived.
pub(super) struct ArrivedPush {
    pub(super) method: Method,
    /// Path and query of the request line.
    pub(super) target: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// What was found about a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PushJudgement {
    /// Signed by this webhook with the key of this account.
    Right { webhook: String, account: String },
    /// Signed by none. `webhooks` are those whose signature has the place of one here.
    Wrong {
        reason: String,
        webhooks: Vec<String>,
    },
}

impl PushKeys {
    pub(super) fn judge(&self, push: &ArrivedPush) -> PushJudgement {
        let arrived = Arrived::push(&IncomingPush {
            url: self.address.as_str().to_owned(),
            method: push.method.name().to_owned(),
            path_query: push.target.clone(),
            headers: push.headers.clone(),
            body: push.body.to_vec(),
        });
        let (mut missing, mut wrong) = (Vec::new(), Vec::new());
        for name in &self.webhooks {
            let Some(webhook) = self.scheme.webhook(name) else {
                continue;
            };
            let signature = &webhook.signature;
            let mut refusal = None;
            for account in &self.accounts {
                match check_incoming(signature, &arrived, &account.credentials) {
                    Ok(()) => {
                        return PushJudgement::Right {
                            webhook: name.clone(),
                            account: account.name.clone(),
                        };
                    }
                    Err(error) => refusal = refusal.or(Some(error)),
                }
            }
            let place = format!("{}.{}", signature.part.name(), signature.field);
            match refusal {
                Some(IncomingError::Missing(_)) => missing.push(place),
                Some(error) => wrong.push((name.clone(), refusal_text(&error, &place))),
                None => {}
            }
        }
        wrong_push(&missing, &wrong)
    }

    /// The push as the finder of mistakes reads it: at the address that is registered.
    pub(super) fn received(&self, push: &ArrivedPush) -> ReceivedRequest {
        let target = match push.target.split_once('?') {
            Some((_, query)) => format!("{}?{query}", self.address.path()),
            None => self.address.path().to_owned(),
        };
        ReceivedRequest {
            method: push.method,
            target,
            base: self.address.origin().clone(),
            headers: push.headers.clone(),
            body: push.body.clone(),
        }
    }
}

/// The same text for each account: none of it names a value.
fn refusal_text(error: &IncomingError, place: &str) -> String {
    match error {
        IncomingError::Missing(_) => {
            format!("it has no `{place}`, which should contain its signature")
        }
        IncomingError::Repeated(_) => format!("its signature, `{place}`, appears twice"),
        IncomingError::Wrong(_) => format!("`{place}` is not its signature"),
        IncomingError::Unverifiable(error) => format!("its signature cannot be computed: {error}"),
    }
}

fn wrong_push(missing: &[String], wrong: &[(String, String)]) -> PushJudgement {
    if wrong.is_empty() {
        let places: Vec<String> = missing.iter().map(|place| format!("`{place}`")).collect();
        let reason = match places.as_slice() {
            [one] => format!("it has no {one}, which should contain its signature"),
            _ => format!(
                "it has none of {}, which should contain its signature",
                places.join(", ")
            ),
        };
        return PushJudgement::Wrong {
            reason,
            webhooks: Vec::new(),
        };
    }
    let mut reasons: Vec<&str> = Vec::new();
    for (_, reason) in wrong {
        if !reasons.contains(&reason.as_str()) {
            reasons.push(reason);
        }
    }
    PushJudgement::Wrong {
        reason: reasons.join("; "),
        webhooks: wrong.iter().map(|(name, _)| name.clone()).collect(),
    }
}
