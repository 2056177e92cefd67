//! The tokens and secrets that a request carries, by name: what the scheme reads or puts as one, and
//! what stands under a name that only secrets have. No output may show them, whole or in part.

use crate::model::scheme::{RequestPart, Scheme, ValuePlace};
use crate::redact::SecretName;
use crate::sign::{ReceivedRequest, all_sent_values};
use crate::value::{self, Value};
use crate::wire::parse_form;

/// Names and values of tokens and secrets in a request; a value can occur under several names.
#[must_use]
pub(crate) fn sent_secrets(scheme: &Scheme, request: &ReceivedRequest) -> Vec<(String, String)> {
    let pairs = pairs_of(request);
    let mut found = Vec::new();
    let extractors = scheme.sandbox.iter();
    let extractors = extractors.flat_map(|sandbox| &sandbox.extractors);
    for extractor in extractors.filter(|extractor| is_secret(scheme, &extractor.name)) {
        for place in &extractor.places {
            let values = values_at(place, &pairs);
            found.extend(values.map(|value| (extractor.name.clone(), value)));
        }
    }
    for sent in all_sent_values(scheme, request) {
        if is_secret(scheme, &sent.name) {
            found.push((sent.name, sent.text));
        }
    }
    for (part, name, value) in &pairs {
        add_named_secrets(*part, name, value, &mut found);
    }
    found
}

/// Whether `token.x` or `cred.x` is to be hidden.
fn is_secret(scheme: &Scheme, name: &str) -> bool {
    match name.split_once('.') {
        Some(("token", _)) => true,
        Some(("cred", name)) => scheme
            .credential(name)
            .is_none_or(|credential| credential.is_secret),
        _ => false,
    }
}

/// What stands under a name that only secrets have, whatever the scheme.
fn add_named_secrets(
    part: RequestPart,
    name: &str,
    value: &str,
    found: &mut Vec<(String, String)>,
) {
    match SecretName::of_member(name) {
        // The scheme's own signature stands there; a scheme word and a secret are another thing.
        Some(_) if name.eq_ignore_ascii_case("authorization") => {
            let (kind, rest) = value.split_once(' ').unwrap_or((value, ""));
            if kind.eq_ignore_ascii_case("bearer") || kind.eq_ignore_ascii_case("basic") {
                found.push(("authorization".to_owned(), rest.to_owned()));
            }
        }
        Some(secret) if value.len() >= secret.min_bytes => {
            found.push((secret.label, value.to_owned()));
        }
        _ => {}
    }
    if part == RequestPart::Header && name.eq_ignore_ascii_case("cookie") {
        for cookie in value.split(';') {
            let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
            let secret = SecretName::of_cookie(name.trim());
            if value.len() >= secret.min_bytes {
                found.push((secret.label, value.trim().to_owned()));
            }
        }
    }
}

/// The values at a place where the scheme reads one.
fn values_at<'p>(
    place: &'p ValuePlace,
    pairs: &'p [(RequestPart, String, String)],
) -> impl Iterator<Item = String> + 'p {
    let here = pairs.iter().filter(|(part, name, _)| {
        let is_named = if place.part == RequestPart::Header {
            name.eq_ignore_ascii_case(&place.field)
        } else {
            *name == place.field
        };
        *part == place.part && is_named
    });
    here.filter_map(|(_, _, value)| match &place.pattern {
        None => Some(value.clone()),
        Some(pattern) => {
            let found = pattern.captures(value)?;
            Some(found.get(1)?.as_str().to_owned())
        }
    })
}

/// Every name and value of a request.
fn pairs_of(request: &ReceivedRequest) -> Vec<(RequestPart, String, String)> {
    let query = request.query();
    let tagged = |part: RequestPart, pairs: Vec<(String, String)>| {
        pairs
            .into_iter()
            .map(move |(name, value)| (part, name, value))
    };
    let mut pairs: Vec<_> = tagged(RequestPart::Query, parse_form(query)).collect();
    pairs.extend(tagged(RequestPart::Header, request.headers.clone()));
    if let Ok(Value::Object(members)) = value::parse(&request.body) {
        let members = members
            .into_iter()
            .map(|(name, value)| (name.to_string(), value.to_text()));
        pairs.extend(tagged(RequestPart::Json, members.collect()));
    } else if let Ok(text) = std::str::from_utf8(&request.body) {
        pairs.extend(tagged(RequestPart::Form, parse_form(text)));
    }
    pairs
}
