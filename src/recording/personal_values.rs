//! Finds what the rules of `redact` name in a response, in every form of a body: JSON, a line of
//! NDJSON, the data of an event, the fields of a form, JSON inside of a string, compressed data.

use super::compressed::{LayerFinding, inspect_layers};
use super::documents::{NotJson, TextBody, begins_like_json, nested_json};
use crate::jsonpath::{JsonPath, SearchLimitExceeded};
use crate::model::recording::{RecordedResponse, ResponseBody};
use crate::model::redact_rule::RedactRule;
use crate::value::{JsonKind, JsonRef};
use crate::wire::{WireResponse, decode_other_charset};
use crate::xml::{XPath, XPathSearchError, XmlDocument, XmlTextPlace};
use regex::Regex;
use std::collections::HashSet;

/// How deep JSON in a string of JSON is read.
pub(super) const MAX_NESTING: usize = 3;

/// Why personal data cannot be taken out of a response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PersonalDataError {
    #[error("its personal data cannot be found: {0}")]
    Overrun(#[from] SearchLimitExceeded),
    #[error("its body should be JSON but is not, so the paths of `redact` cannot be applied")]
    NotJson,
    #[error("its body should be XML but is not, so the XPaths of `redact` cannot be applied")]
    NotXml,
    #[error("its personal data cannot be found: {0}")]
    XPath(#[from] XPathSearchError),
    #[error(
        "its body is binary and contains data that a rule of `redact` names but ingam cannot remove"
    )]
    FoundInBytes,
    #[error(
        "its body looks compressed but cannot be decompressed, so the rules of `redact` cannot be applied"
    )]
    UnreadableCompression,
}

/// A response as rules look at it.
pub(crate) struct InspectedResponse<'r> {
    pub(crate) headers: &'r [(String, String)],
    pub(crate) body: InspectedBody<'r>,
    /// The text of a body that is JSON, where there is one.
    json_text: Option<&'r [u8]>,
    /// The text of a body whose bytes are kept, because text would not give the same bytes again.
    decoded: Option<String>,
}

/// The body of a response. A file is read before.
pub(crate) enum InspectedBody<'r> {
    None,
    Json(JsonRef<'r>),
    Text(&'r str),
    Bytes(&'r [u8]),
}

impl<'r> InspectedResponse<'r> {
    pub(crate) fn of_wire(response: &'r WireResponse) -> Self {
        let body = response.body();
        let body = match (response.json(), response.text()) {
            _ if body.is_empty() => InspectedBody::None,
            (Ok(value), _) => InspectedBody::Json(value),
            (Err(_), Ok(text)) => InspectedBody::Text(text),
            (Err(_), Err(_)) => InspectedBody::Bytes(body),
        };
        Self {
            headers: &response.headers,
            body,
            json_text: response.decoded_body().ok().map(AsRef::as_ref),
            decoded: None,
        }
    }

    pub(super) fn of_recorded(response: &'r RecordedResponse) -> Self {
        Self {
            headers: &response.headers,
            body: match &response.body {
                ResponseBody::Json(value) => InspectedBody::Json(value.into()),
                ResponseBody::Text(text) => InspectedBody::Text(text),
                ResponseBody::Bytes(bytes) => InspectedBody::Bytes(bytes),
                // The caller has read a body from its file already.
                ResponseBody::None | ResponseBody::File(_) => InspectedBody::None,
            },
            json_text: None,
            decoded: match &response.body {
                ResponseBody::Bytes(bytes) => decode_other_charset(response.content_type(), bytes),
                _ => None,
            },
        }
    }
}

pub(crate) fn content_type(headers: &[(String, String)]) -> Option<&str> {
    headers
        .iter()
        .find(|(name, _)| name == "content-type")
        .map(|(_, value)| value.as_str())
}

/// Every value that a rule names, rule by rule in the order in which they stand in the response.
pub(super) fn collect_named(
    response: &InspectedResponse<'_>,
    rules: &[&RedactRule],
    take: &mut dyn FnMut(&str),
) -> Result<(), PersonalDataError> {
    let has_path = || rules.iter().any(|rule| matches!(rule, RedactRule::Path(_)));
    let (text_body, mut result) = match response.body {
        InspectedBody::Text(text) if has_path() => {
            match TextBody::split(text, content_type(response.headers)) {
                Ok(body) => (Some(body), Ok(())),
                Err(NotJson) => (None, Err(PersonalDataError::NotJson)),
            }
        }
        _ => (None, Ok(())),
    };
    // The other rules hold where one cannot be applied.
    for rule in rules {
        let collected = match rule {
            RedactRule::Path(path) => collect_path(path, response, text_body.as_ref(), take),
            RedactRule::XPath(path) => collect_xpath(path, response, take),
            RedactRule::Pattern(pattern) => {
                collect_pattern(pattern, response, text_body.as_ref(), take)
            }
            RedactRule::Header(name) => {
                let named = response.headers.iter().filter(|(key, _)| key == name);
                named.for_each(|(_, value)| take(value));
                Ok(())
            }
        };
        result = result.and(collected);
    }
    result
}

fn collect_path(
    path: &JsonPath,
    response: &InspectedResponse<'_>,
    text_body: Option<&TextBody>,
    take: &mut dyn FnMut(&str),
) -> Result<(), PersonalDataError> {
    match response.body {
        InspectedBody::None => Ok(()),
        // Most responses have nothing personal, and a search of the whole document costs more than
        // reading it.
        InspectedBody::Json(_)
            if response
                .json_text
                .is_some_and(|json| !path.can_match_in(json)) =>
        {
            Ok(())
        }
        InspectedBody::Json(value) => Ok(collect_in_document(path, value, MAX_NESTING, take)?),
        InspectedBody::Text(_) => {
            for document in text_body.iter().flat_map(|body| body.documents()) {
                collect_in_document(path, document.into(), MAX_NESTING, take)?;
            }
            Ok(())
        }
        InspectedBody::Bytes(bytes) => check_layers(bytes, response, &mut |layer| {
            // Half of UTF-16 and of EUC-KR is ASCII: JSON in them begins as JSON does.
            let Ok(text) = std::str::from_utf8(layer) else {
                return begins_like_json(&String::from_utf8_lossy(layer).replace('\0', ""));
            };
            let Ok(body) = TextBody::split(text, None) else {
                return true;
            };
            let mut is_found = false;
            for document in body.documents() {
                let mut take = |value: &str| {
                    is_found = true;
                    take(value);
                };
                let collected = collect_in_document(path, document.into(), MAX_NESTING, &mut take);
                is_found |= collected.is_err();
            }
            is_found
        }),
    }
}

fn collect_xpath(
    path: &XPath,
    response: &InspectedResponse<'_>,
    take: &mut dyn FnMut(&str),
) -> Result<(), PersonalDataError> {
    let text = match (&response.body, &response.decoded) {
        (InspectedBody::Text(text), _) => text,
        (InspectedBody::Bytes(_), Some(text)) => text.as_str(),
        _ => return Ok(()),
    };
    let places = xml_places(path, text, content_type(response.headers))?;
    if matches!(response.body, InspectedBody::Bytes(_)) && !places.is_empty() {
        return Err(PersonalDataError::FoundInBytes);
    }
    for place in places {
        take(place.text.trim());
    }
    Ok(())
}

/// The places of what an XPath names in a body; none in a body that is not meant as XML.
pub(super) fn xml_places(
    path: &XPath,
    text: &str,
    content_type: Option<&str>,
) -> Result<Vec<XmlTextPlace>, PersonalDataError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_xml = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("xml"))
        || text.starts_with("<?xml");
    match XmlDocument::parse(text) {
        Ok(document) => Ok(path.text_places(&document)?),
        Err(_) if is_xml => Err(PersonalDataError::NotXml),
        Err(_) => Ok(Vec::new()),
    }
}

fn collect_in_document(
    path: &JsonPath,
    document: JsonRef<'_>,
    depth: usize,
    take: &mut dyn FnMut(&str),
) -> Result<(), SearchLimitExceeded> {
    // Every member of a name that stands twice: all of them are in the text of the response.
    let found = path.find_every(document)?;
    if !found.is_empty() {
        let named = found.into_iter().map(JsonRef::place_id).collect();
        collect_places(document, &named, take);
    }
    if depth == 0 {
        return Ok(());
    }
    let mut result = Ok(());
    for_each_nested(document, &mut |nested| {
        if result.is_ok() {
            result = collect_in_document(path, nested, depth - 1, take);
        }
    });
    result
}

/// The values at some places, in the order in which they stand, whatever the order of the selectors.
fn collect_places(value: JsonRef<'_>, named: &HashSet<usize>, take: &mut dyn FnMut(&str)) {
    if named.contains(&value.place_id()) {
        return for_each_scalar(value, take);
    }
    for child in value.children() {
        collect_places(child, named, take);
    }
}

fn collect_pattern(
    pattern: &Regex,
    response: &InspectedResponse<'_>,
    text_body: Option<&TextBody>,
    take: &mut dyn FnMut(&str),
) -> Result<(), PersonalDataError> {
    let mut collect = |text: &str| {
        pattern
            .find_iter(text)
            .for_each(|found| take(found.as_str()));
    };
    response
        .headers
        .iter()
        .for_each(|(_, value)| collect(value));
    match response.body {
        InspectedBody::None => {}
        // A map by phone number has personal data in its names.
        InspectedBody::Json(value) => for_each_text_deep(value, MAX_NESTING, &mut collect),
        InspectedBody::Text(text) => {
            collect(text);
            for document in text_body.iter().flat_map(|body| body.documents()) {
                for_each_text_deep(document.into(), MAX_NESTING, &mut collect);
            }
        }
        InspectedBody::Bytes(bytes) => check_layers(bytes, response, &mut |layer| {
            pattern.is_match(&String::from_utf8_lossy(layer))
        })?,
    }
    Ok(())
}

/// Rules look at the text and at every layer of a body that is kept as bytes, and nothing can be replaced there: a length
/// or a checksum inside would no longer hold.
fn check_layers(
    bytes: &[u8],
    response: &InspectedResponse<'_>,
    finds: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(), PersonalDataError> {
    let decoded = response.decoded.as_deref();
    if decoded.is_some_and(|text| finds(text.as_bytes())) {
        return Err(PersonalDataError::FoundInBytes);
    }
    match inspect_layers(bytes, finds) {
        LayerFinding::Clean => Ok(()),
        LayerFinding::Found => Err(PersonalDataError::FoundInBytes),
        LayerFinding::Unreadable => Err(PersonalDataError::UnreadableCompression),
    }
}

/// Every text and number below a value, and every name of a member.
pub(super) fn for_each_text<'v>(value: impl Into<JsonRef<'v>>, take: &mut dyn FnMut(&str)) {
    let value = value.into();
    match value.kind() {
        JsonKind::List => value.children().for_each(|item| for_each_text(item, take)),
        JsonKind::Object => value.members().for_each(|(name, member)| {
            take(&name);
            for_each_text(member, take);
        }),
        _ => for_each_scalar(value, take),
    }
}

/// The same, in JSON inside of strings as well.
fn for_each_text_deep(value: JsonRef<'_>, depth: usize, take: &mut dyn FnMut(&str)) {
    for_each_text(value, take);
    if depth > 0 {
        for_each_nested(value, &mut |nested| {
            for_each_text_deep(nested, depth - 1, take);
        });
    }
}

/// Every document that stands in a string below a value.
fn for_each_nested(value: JsonRef<'_>, take: &mut dyn FnMut(JsonRef<'_>)) {
    match value.as_str() {
        Some(text) => {
            if let Some(nested) = nested_json(&text) {
                take((&nested).into());
            }
        }
        None => value
            .children()
            .for_each(|child| for_each_nested(child, take)),
    }
}

/// Every text and number below a value.
pub(super) fn for_each_scalar<'v>(value: impl Into<JsonRef<'v>>, take: &mut dyn FnMut(&str)) {
    let value = value.into();
    match value.kind() {
        JsonKind::String | JsonKind::Number => {
            if let Some(text) = value.to_plain_text() {
                take(&text);
            }
        }
        JsonKind::List | JsonKind::Object => value
            .children()
            .for_each(|child| for_each_scalar(child, take)),
        JsonKind::Null | JsonKind::Bool => {}
    }
}
