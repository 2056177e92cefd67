//! Steps that ask an address which a response gave: how its address is sealed, and what of it is
//! shown nowhere.

use super::access::AccountAccess;
use crate::model::environment::DEFAULT_ACCOUNT;
use crate::redact::Redactor;
use crate::sign::NamedValues;
use crate::transport::Route;
use crate::wire::{BaseUrl, Draft, DraftBody, HostPattern, parse_form};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Redirects that a step follows.
#[derive(Clone, Copy)]
pub(super) struct RedirectPolicy<'c> {
    pub(super) max: u32,
    /// Where they may lead; empty for a step that is sent to the host of its environment.
    pub(super) patterns: &'c [HostPattern],
}

/// A draft whose address can be sealed. A recorded address holds the names of secrets, which no URL
/// can hold; nothing of it is sent.
#[must_use]
pub(super) fn sealable_address(draft: &Draft) -> Draft {
    /// Whatever is not visible ASCII, and brackets of placeholders.
    const UNSAFE: &AsciiSet = &CONTROLS.add(b' ').add(b'<').add(b'>');
    let encode = |text: &str| utf8_percent_encode(text, UNSAFE).to_string();
    Draft {
        path: encode(&draft.path),
        raw_query: encode(&draft.raw_query),
        ..draft.clone()
    }
}

impl AccountAccess {
    /// The access to an address of a response: no credential and no token.
    #[must_use]
    pub(super) fn external(base: BaseUrl, route: Route) -> Self {
        Self {
            account: DEFAULT_ACCOUNT.to_owned(),
            region: String::new(),
            call_base: base.clone(),
            base,
            account_hosts: Vec::new(),
            route,
            credentials: NamedValues::default(),
            given_token: NamedValues::default(),
        }
    }
}

/// The name of a credential, a token or a secret of the user that a request holds. An address that
/// a response gave gets none of them, whatever the file says.
#[must_use]
pub(super) fn secret_of_user(draft: &Draft, redactor: &mut Redactor) -> Option<String> {
    const ROOTS: [&str; 3] = ["cred.", "token.", "secret."];
    let body = match &draft.body {
        DraftBody::None => String::new(),
        DraftBody::Json(value) => value.to_json(),
        DraftBody::Form(pairs) => joined(pairs),
        DraftBody::Text(text) | DraftBody::Encoded { text, .. } => text.clone(),
        DraftBody::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        DraftBody::Multipart { parts, .. } => parts
            .iter()
            .map(|part| String::from_utf8_lossy(&part.content).into_owned() + "\n")
            .collect(),
    };
    let texts = [
        draft.path.clone(),
        draft.raw_query.clone(),
        joined(&draft.headers),
        body,
    ];
    texts.iter().find_map(|text| {
        let found = redactor.secrets_in(text).into_iter();
        let mut names = found.map(|(name, _)| name);
        names.find(|name| ROOTS.iter().any(|root| name.starts_with(root)))
    })
}

fn joined(pairs: &[(String, String)]) -> String {
    let lines = pairs.iter().map(|(name, value)| format!("{name}: {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The parts of an address that prove who may use it, so that no output shows them.
#[must_use]
pub(super) fn signed_parts(draft: &Draft) -> Vec<String> {
    /// A shorter text could stand elsewhere by chance.
    const MIN_LENGTH: usize = 16;
    if draft.external.is_none() {
        return Vec::new();
    }
    let is_signature = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["sig", "token", "credential", "key"]
            .iter()
            .any(|word| name.contains(word))
    };
    let values = parse_form(&draft.raw_query)
        .into_iter()
        .filter(|(name, _)| is_signature(name))
        .map(|(_, value)| value);
    std::iter::once(draft.raw_query.clone())
        .chain(values)
        .filter(|text| text.len() >= MIN_LENGTH)
        .collect()
}
