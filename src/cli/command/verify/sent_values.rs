//! The ids that a request carries, by name.

use super::suspect::SuspectChoice;
use crate::sign::all_sent_values;

/// The value of a credential that is not secret, where the request has it.
pub(super) fn sent_credential(choice: &SuspectChoice, name: &str) -> Option<String> {
    let scheme = &choice.matched.scheme;
    let is_secret = scheme
        .credential(name)
        .is_none_or(|credential| credential.is_secret);
    if is_secret {
        return None;
    }
    let wanted = format!("cred.{name}");
    let received = choice.imported.received_at(choice.matched.base.clone());
    let mut sent = all_sent_values(scheme, &received).into_iter();
    let found = sent.find(|value| value.name == wanted && !value.text.is_empty());
    found.map(|value| value.text)
}
