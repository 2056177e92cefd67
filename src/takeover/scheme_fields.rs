//! The scheme of a host, and what it adds to a request: these fields leave the request, and the
//! credentials among them get their variables.

use super::address::SplitAddress;
use super::texts::RequestTexts;
use crate::import::{
    CollectionBody, CollectionField, CollectionRequest, ForeignText, ImportFormat, ImportLoss,
    ImportedRequest, SchemeMatch, match_named_scheme, schemes_of_host,
};
use crate::model::scheme::{RequestPart, Scheme, SigningProcedure};
use crate::model::workspace::Workspace;
use crate::sign::choose_level;
use crate::value::{self, Value};
use crate::wire::{BaseUrl, encode_form, join_form};
use bytes::Bytes;
use std::collections::HashSet;
use std::sync::Arc;

/// The scheme of a request.
pub(super) struct MatchedScheme {
    pub(super) scheme: Arc<Scheme>,
    /// Where it is not the one that the path says.
    pub(super) level: Option<String>,
    /// The host of the scheme that the request went to.
    pub(super) base: BaseUrl,
    /// Without a `/` at its end.
    pub(super) base_path: String,
    /// The level of its fields; empty for a scheme without levels.
    level_name: String,
    /// Part and name of every field that the scheme adds at this level.
    fields: Vec<(RequestPart, String)>,
}

/// What the host of a request says.
pub(super) enum SchemeOfHost {
    None,
    One(MatchedScheme),
    /// The names of schemes that have the host and the path in common.
    Several(Vec<String>),
}

/// Finds the schemes of requests.
pub(super) struct SchemeFinder<'w> {
    workspace: &'w Workspace,
    named: Option<Arc<Scheme>>,
    /// Origins of no scheme: a file has thousands of requests to one of them.
    unknown: HashSet<String>,
}

impl<'w> SchemeFinder<'w> {
    pub(super) fn new(workspace: &'w Workspace, named: Option<Arc<Scheme>>) -> Self {
        Self {
            workspace,
            named,
            unknown: HashSet::new(),
        }
    }

    /// The scheme that was named, or the only one of the host.
    pub(super) fn find(
        &mut self,
        request: &CollectionRequest,
        address: &SplitAddress,
        texts: &RequestTexts<'_, '_>,
    ) -> SchemeOfHost {
        let is_unknown = |origin: &Option<String>| {
            let origin = origin.as_ref();
            origin.is_none_or(|origin| self.unknown.contains(origin))
        };
        if self.named.is_none() && is_unknown(&address.origin) {
            return SchemeOfHost::None;
        }
        let sample = sample_request(request, address, texts);
        if let Some(scheme) = &self.named {
            return match match_named_scheme(self.workspace, scheme, &sample) {
                Some(matched) => SchemeOfHost::One(Self::matched(request, &sample, matched)),
                None => SchemeOfHost::None,
            };
        }
        let mut found = schemes_of_host(self.workspace, &sample);
        match found.len() {
            0 => {
                self.unknown.extend(address.origin.clone());
                SchemeOfHost::None
            }
            1 => SchemeOfHost::One(Self::matched(request, &sample, found.swap_remove(0))),
            _ => {
                let names = found.iter().map(|one| format!("`{}`", one.scheme.name));
                SchemeOfHost::Several(names.collect())
            }
        }
    }

    /// The level whose fields the request shows, and those fields.
    fn matched(
        request: &CollectionRequest,
        sample: &ImportedRequest,
        matched: SchemeMatch,
    ) -> MatchedScheme {
        let base_path = matched.base.path().trim_end_matches('/').to_owned();
        let below = sample.path().strip_prefix(&base_path).unwrap_or_default();
        let below = if below.is_empty() { "/" } else { below };
        let usual = choose_level(&matched.scheme, None, request.method, below);
        let shown = |procedure: &SigningProcedure| {
            let fields = fields_of(procedure);
            let all = fields
                .iter()
                .all(|(part, name)| has_field(request, *part, name));
            if all { fields.len() } else { 0 }
        };
        let best = matched
            .scheme
            .levels
            .iter()
            .max_by_key(|level| shown(&level.procedure));
        let level = match best {
            Some(best) if shown(&usual.procedure) == 0 && shown(&best.procedure) > 0 => best,
            _ => usual,
        };
        let name = Some(level.name.clone()).filter(|name| !name.is_empty() && *name != usual.name);
        MatchedScheme {
            fields: fields_of(&level.procedure),
            level_name: level.name.clone(),
            level: name,
            base: matched.base,
            base_path,
            scheme: matched.scheme,
        }
    }
}

fn fields_of(procedure: &SigningProcedure) -> Vec<(RequestPart, String)> {
    let fields = procedure.prepare.fields().chain(procedure.attach.fields());
    fields
        .map(|(part, field)| (part, field.name.to_string()))
        .collect()
}

fn is_named(part: RequestPart, known: &str, name: &str) -> bool {
    if part == RequestPart::Header {
        known.trim().eq_ignore_ascii_case(name)
    } else {
        known == name
    }
}

fn has_field(request: &CollectionRequest, part: RequestPart, name: &str) -> bool {
    let has = |fields: &[CollectionField]| {
        fields
            .iter()
            .any(|field| !field.is_disabled && is_named(part, &field.name, name))
    };
    match (part, &request.body) {
        (RequestPart::Query, _) => has(&request.query),
        (RequestPart::Header, _) => has(&request.headers),
        (RequestPart::Form, CollectionBody::Form(fields)) => has(fields),
        (RequestPart::Json, CollectionBody::Text { text, .. }) => {
            let json = text
                .marked()
                .and_then(|text| value::parse(text.as_bytes()).ok());
            json.is_some_and(|json| json.get(name).is_some())
        }
        (RequestPart::Json, CollectionBody::Json(json)) => json.get(name).is_some(),
        _ => false,
    }
}

/// The request with samples in the place of what is not known, to compare it with schemes.
pub(super) fn sample_request(
    request: &CollectionRequest,
    address: &SplitAddress,
    texts: &RequestTexts<'_, '_>,
) -> ImportedRequest {
    let active = |fields: &[CollectionField]| -> Vec<(String, String)> {
        let fields = fields.iter().filter(|field| !field.is_disabled);
        fields
            .map(|field| {
                let value = field.value.as_ref().map(|value| texts.sample(value, "x"));
                (field.name.clone(), value.unwrap_or_default())
            })
            .collect()
    };
    let query = active(&request.query);
    let mut target = texts.sample(&address.path, "x");
    if !query.is_empty() {
        target.push('?');
        let pairs = query
            .iter()
            .map(|(name, value)| format!("{}={}", encode_form(name), encode_form(value)));
        target.push_str(&pairs.collect::<Vec<_>>().join("&"));
    }
    let body = match &request.body {
        CollectionBody::Form(fields) => join_form(&active(fields)).into_bytes(),
        CollectionBody::Text { text, .. } => texts.sample(text, "x").into_bytes(),
        _ => Vec::new(),
    };
    ImportedRequest {
        format: ImportFormat::RawHttp,
        method: request.method,
        origin: address.origin.clone(),
        target,
        headers: active(&request.headers),
        body: Bytes::from(body),
        sent_at_ms: None,
        notes: Vec::new(),
    }
}

impl MatchedScheme {
    /// How requests of its level are signed.
    pub(super) fn procedure(&self) -> Option<&SigningProcedure> {
        self.scheme
            .level(&self.level_name)
            .map(|level| &level.procedure)
    }

    /// Takes away what the scheme adds by itself.
    pub(super) fn remove_fields(
        &self,
        request: &mut CollectionRequest,
        texts: &mut RequestTexts<'_, '_>,
        losses: &[ImportLoss],
    ) {
        for (part, name) in &self.fields {
            let removed = match (part, &mut request.body) {
                (RequestPart::Query, _) => remove(&mut request.query, *part, name),
                (RequestPart::Header, _) => remove(&mut request.headers, *part, name),
                (RequestPart::Form, CollectionBody::Form(fields)) => remove(fields, *part, name),
                (RequestPart::Json, body) => remove_member(body, name),
                _ => Vec::new(),
            };
            for value in removed {
                self.keep_credentials(*part, name, &value, request.place.as_str(), texts);
            }
        }
        if let crate::import::CollectionAuth::Other(kind) = &request.auth {
            let what = format!(
                "the authentication `{kind}` is replaced by the scheme `{}`",
                self.scheme.name
            );
            request.remarks.push(what);
        }
        let unsigned = request.variables.len();
        request
            .variables
            .retain(|variable| !self.fields.iter().any(|(_, name)| *name == variable.name));
        if unsigned != request.variables.len() && losses.is_empty() {
            request.remarks.push(format!(
                "The scheme `{}` adds its own parameters",
                self.scheme.name
            ));
        }
    }

    /// The credentials that a removed value holds, as the scheme reads them.
    fn keep_credentials(
        &self,
        part: RequestPart,
        name: &str,
        value: &ForeignText,
        place: &str,
        texts: &mut RequestTexts<'_, '_>,
    ) {
        let Some(sandbox) = &self.scheme.sandbox else {
            return;
        };
        for extractor in &sandbox.extractors {
            let Some((root, credential)) = extractor.name.split_once('.') else {
                continue;
            };
            if !matches!(root, "cred" | "token") {
                continue;
            }
            let places = extractor.places.iter();
            for found in
                places.filter(|found| found.part == part && is_named(part, &found.field, name))
            {
                let text = texts.sample(value, "");
                let text = match &found.pattern {
                    None => Some(text),
                    Some(pattern) => pattern
                        .captures(&text)
                        .and_then(|groups| Some(groups.get(1)?.as_str().to_owned())),
                };
                let text = text.filter(|text| !text.is_empty());
                let credentials = &mut texts.book.credentials;
                if !credentials.of_scheme(&self.scheme, credential, text.as_deref(), place) {
                    let scheme = &self.scheme.name;
                    texts.losses.push(format!(
                        "the value of `{scheme}` `{credential}`: the file has several, and `.env` gets the first; name accounts in ingam.yaml"
                    ));
                }
            }
        }
    }
}

fn remove(fields: &mut Vec<CollectionField>, part: RequestPart, name: &str) -> Vec<ForeignText> {
    let mut removed = Vec::new();
    fields.retain(|field| {
        let is_removed = is_named(part, &field.name, name);
        if is_removed && !field.is_disabled {
            removed.extend(field.value.clone());
        }
        !is_removed
    });
    removed
}

fn remove_member(body: &mut CollectionBody, name: &str) -> Vec<ForeignText> {
    match body {
        CollectionBody::Json(Value::Object(members)) => {
            let before = members.len();
            members.retain(|(known, _)| known != name);
            if before == members.len() {
                Vec::new()
            } else {
                vec![ForeignText::default()]
            }
        }
        CollectionBody::Text { text, .. } => {
            let Some(Ok(Value::Object(mut members))) =
                text.marked().map(|marked| value::parse(marked.as_bytes()))
            else {
                return Vec::new();
            };
            let Some(at) = members.iter().position(|(known, _)| known == name) else {
                return Vec::new();
            };
            let (_, value) = members.remove(at);
            let removed = text.unmark(&value.to_text());
            *text = text.unmark(&Value::Object(members).to_json());
            vec![removed]
        }
        _ => Vec::new(),
    }
}
