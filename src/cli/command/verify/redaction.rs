//! What no output of `verify` may show: every credential at hand, the tokens that the request
//! carries, and what the signature reveals of them.

use super::keys::KeysAtHand;
use super::sent_values::{pairs_of, values_at};
use super::suspect::SuspectChoice;
use crate::import::ImportedRequest;
use crate::load::LoadedWorkspace;
use crate::mistake::SignatureDiagnosis;
use crate::model::scheme::{RequestPart, Scheme};
use crate::redact::{Redactor, SecretName, WeakSecret};

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
    for (name, value) in sent_secrets(scheme, &choice.imported) {
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

/// Names and values of tokens and secrets in a request.
fn sent_secrets(scheme: &Scheme, request: &ImportedRequest) -> Vec<(String, String)> {
    let pairs = pairs_of(request);
    let mut found = Vec::new();
    let extractors = scheme
        .sandbox
        .iter()
        .flat_map(|sandbox| &sandbox.extractors);
    for extractor in extractors {
        let is_secret = match extractor.name.split_once('.') {
            Some(("token", _)) => true,
            Some(("cred", name)) => scheme
                .credential(name)
                .is_none_or(|credential| credential.is_secret),
            _ => false,
        };
        let places = extractor.places.iter().filter(|_| is_secret);
        for place in places {
            let values = values_at(place, &pairs);
            found.extend(values.map(|value| (extractor.name.clone(), value)));
        }
    }
    for (part, name, value) in &pairs {
        match SecretName::of_member(name) {
            // The scheme's own signature stands there; a scheme word and a secret are another thing.
            Some(_) if name.eq_ignore_ascii_case("authorization") => {
                let mut words = value.splitn(2, ' ');
                let kind = words.next().unwrap_or_default();
                let rest = words.next().unwrap_or_default();
                let is_plain =
                    kind.eq_ignore_ascii_case("bearer") || kind.eq_ignore_ascii_case("basic");
                if is_plain {
                    found.push(("authorization".to_owned(), rest.to_owned()));
                }
            }
            Some(secret) if value.len() >= secret.min_bytes => {
                found.push((secret.label, value.clone()));
            }
            _ => {}
        }
        if *part == RequestPart::Header && name.eq_ignore_ascii_case("cookie") {
            for cookie in value.split(';') {
                let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
                let secret = SecretName::of_cookie(name.trim());
                if value.len() >= secret.min_bytes {
                    found.push((secret.label, value.trim().to_owned()));
                }
            }
        }
    }
    found
}
