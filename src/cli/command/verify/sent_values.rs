//! The values that a request carries, by name.

use crate::import::ImportedRequest;
use crate::model::scheme::{RequestPart, Scheme, ValuePlace};
use crate::value::{self, Value};
use crate::wire::parse_form;

/// The value of a credential that is not secret, where the request has it.
pub(super) fn sent_credential(
    scheme: &Scheme,
    request: &ImportedRequest,
    name: &str,
) -> Option<String> {
    let credential = scheme.credential(name)?;
    if credential.is_secret {
        return None;
    }
    let extractors = scheme
        .sandbox
        .iter()
        .flat_map(|sandbox| &sandbox.extractors);
    let wanted = format!("cred.{name}");
    let pairs = pairs_of(request);
    let mut places = extractors
        .filter(|extractor| extractor.name == wanted)
        .flat_map(|extractor| &extractor.places);
    places.find_map(|place| values_at(place, &pairs).next())
}

/// The values at a place where the scheme reads one.
pub(super) fn values_at<'p>(
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
pub(super) fn pairs_of(request: &ImportedRequest) -> Vec<(RequestPart, String, String)> {
    let query = request
        .target
        .split_once('?')
        .map_or("", |(_, query)| query);
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
