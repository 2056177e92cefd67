//! What no output of `verify` may show: every credential at hand, the tokens that the request
//! carries, and what the signature reveals of them.

use super::keys::KeysAtHand;
use super::suspect::SuspectChoice;
use crate::load::LoadedWorkspace;
use crate::mistake::{SignatureDiagnosis, sent_secrets};
use crate::redact::{Redactor, WeakSecret};

pub(super) fn redactor(
    loaded: &LoadedWorkspace,
    choice: &SuspectChoice,
    keys: &KeysAtHand,
    diagnosis: &SignatureDiagnosis,
) -> Redactor {
    let mut redactor = Redactor::default();
    let mut add = |name: String, value: &str| {
        // A word would be replaced in every output, and hides nothing.
        if WeakSecret::find(value).is_none() {
            redactor.add_secret(name, value);
        }
    };
    let scheme = &choice.matched.scheme;
    let received = choice.imported.received_at(choice.matched.base.clone());
    for account in &keys.accounts {
        for (name, value) in account.credentials.iter() {
            let credential = scheme.credential(name);
            let is_public = credential.is_some_and(|credential| !credential.is_secret);
            let root = if credential.is_some() {
                "cred"
            } else {
                "token"
            };
            if let Some(text) = value.expose().to_plain_text().filter(|_| !is_public) {
                add(format!("{root}.{name}"), &text);
            }
        }
    }
    for (name, value) in keys.sources.secrets(&loaded.workspace.schemes) {
        add(name, value);
    }
    for (name, value) in keys.sources.all_user_secrets() {
        add(name, value);
    }
    for (name, value) in sent_secrets(scheme, &received) {
        add(name, &value);
    }
    let revealing: Vec<(&str, &str)> = diagnosis
        .trace
        .as_ref()
        .map(|trace| trace.secrets())
        .unwrap_or_default();
    for (id, value) in &revealing {
        add((*id).to_owned(), value);
    }
    // A value that was sent in the place of one that reveals a secret can reveal it, too.
    for step in &diagnosis.sent_steps {
        if revealing.iter().any(|(id, _)| *id == step.id) {
            add(format!("{} as sent", step.id), &step.sent);
        }
    }
    redactor
}
