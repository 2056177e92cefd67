//! One request of a file as a request file.

use super::address::{SplitAddress, decoded, encoded, query_fields, split_address};
use super::body::{read_form, take_body};
use super::draft_request::{DraftRequest, SecretRemover};
use super::fields::field_entries;
use super::file_names::{RequestIds, slug};
use super::headers::{add_auth, add_headers, content_type};
use super::proof::prove;
use super::recording_text;
use super::scheme_fields::{MatchedScheme, SchemeFinder, SchemeOfHost};
use super::secret_texts::credential_texts;
use super::taken::Takeover;
use super::texts::{RequestTexts, VariableBook};
use crate::import::{
    CollectionAuth, CollectionField, CollectionRequest, ForeignPiece, ForeignText, ImportLoss,
    ImportedCollection,
};
use crate::model::scheme::{PLAIN_SCHEME, Scheme};
use crate::model::workspace::Workspace;
use crate::request_file::{
    DocumentBody, DocumentEntry, RequestDocument, SourcePiece, TemplateSource,
};
use crate::secret::Secret;
use crate::value::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// How a file is taken over.
pub(crate) struct TakeoverSettings<'s> {
    /// The folders below `requests/`.
    pub(crate) folders: Vec<String>,
    /// The scheme of every request, in the place of that of its host.
    pub(crate) scheme: Option<Arc<Scheme>>,
    /// What `.env` holds: another value gets another name.
    pub(crate) existing: &'s BTreeMap<String, Secret<String>>,
    /// The name of the file, for comments.
    pub(crate) source: &'s str,
}

/// Turns every request of a file into a request file.
#[must_use]
pub(crate) fn take_over(
    workspace: &Workspace,
    collection: &ImportedCollection,
    settings: &TakeoverSettings<'_>,
) -> Takeover {
    RequestTaker::new(workspace, collection, settings).run(collection)
}

struct RequestTaker<'c> {
    book: VariableBook<'c>,
    finder: SchemeFinder<'c>,
    ids: RequestIds,
    drafts: Vec<DraftRequest>,
    recorded: recording_text::RecordedRequests,
    settings: &'c TakeoverSettings<'c>,
    taken: Takeover,
}

impl<'c> RequestTaker<'c> {
    fn new(
        workspace: &'c Workspace,
        collection: &'c ImportedCollection,
        settings: &'c TakeoverSettings<'c>,
    ) -> Self {
        Self {
            book: VariableBook::new(collection, settings.existing),
            finder: SchemeFinder::new(workspace, settings.scheme.clone()),
            ids: RequestIds::default(),
            drafts: Vec::new(),
            recorded: recording_text::RecordedRequests::default(),
            settings,
            taken: Takeover::default(),
        }
    }

    fn run(mut self, collection: &'c ImportedCollection) -> Takeover {
        self.taken.losses.extend(collection.losses.iter().cloned());
        // Before the first request is written: a variable is a secret everywhere or nowhere.
        for request in &collection.requests {
            self.mark_secrets(request);
        }
        for request in &collection.requests {
            self.take(request);
        }
        self.finish()
    }

    /// Only now are all credentials known.
    fn finish(mut self) -> Takeover {
        let mut remover = SecretRemover::new(&self.book.credentials);
        for draft in std::mem::take(&mut self.drafts) {
            let (request, losses) = remover.finish(draft, &mut self.ids);
            self.taken.requests.push(request);
            self.taken.losses.extend(losses);
        }
        let losses = self.taken.losses.iter();
        self.taken.losses = losses.map(|loss| remover.loss(loss)).collect();
        let mut hosts = BTreeMap::new();
        for (host, count) in &self.taken.hosts {
            *hosts.entry(remover.shown(host)).or_default() += count;
        }
        self.taken.hosts = hosts;
        let reasons = std::mem::take(&mut self.taken.proofs.not_proven);
        for (reason, count) in reasons {
            let shown = remover.shown(&reason);
            *self.taken.proofs.not_proven.entry(shown).or_default() += count;
        }
        self.taken.credentials = self.book.credentials.into_list();
        self.taken
    }

    fn mark_secrets(&mut self, request: &CollectionRequest) {
        for text in credential_texts(request) {
            self.book.mark_secret(&text, &request.variables);
        }
    }

    fn take(&mut self, request: &CollectionRequest) {
        let mut losses = request.losses.clone();
        let place = request.place.as_str();
        let mut texts = RequestTexts::new(&mut self.book, &request.variables, place);
        let mut address = split_address(&request.address, &|name| texts.value_of(name));
        let mut request = request.clone();
        let is_raw_query = move_query(&mut address, &mut request);
        if let Some(user) = address
            .user
            .take()
            .filter(|_| matches!(request.auth, CollectionAuth::None))
        {
            let (user, password) = user.split_once(':').unwrap_or((&user, ""));
            request.auth = CollectionAuth::Basic {
                user: ForeignText::literal(user),
                password: ForeignText::literal(password),
            };
        }
        let form_content_type = content_type(&request, &texts);
        let sent_body = read_form(&mut request, form_content_type.as_deref());
        let found = self.finder.find(&request, &address, &texts);
        let matched = only_scheme(found, place, &mut losses);
        let mut remarks = remarks_of(&request, self.settings.source);
        let (scheme, level) = if let Some(matched) = &matched {
            let mut signed = request.clone();
            signed.body = sent_body.unwrap_or(signed.body);
            matched.remove_fields(&mut request, &mut texts, &losses);
            let proof = prove(matched, (&signed, &request), &address, &texts);
            proof
                .into_iter()
                .for_each(|proof| self.taken.proofs.add(proof));
            address.path = matched.path_below(&address.path);
            (matched.scheme.name.clone(), matched.level.clone())
        } else {
            let host = address.shown_host.clone();
            if !host.is_empty() {
                remarks.push(format!("Host: {host}"));
            }
            *self.taken.hosts.entry(host).or_default() += 1;
            (PLAIN_SCHEME.to_owned(), None)
        };
        let path = path_source(&address, &request, is_raw_query, &mut texts);
        let mut document = RequestDocument::new(scheme, request.method, path);
        document.level = level;
        let mut reasons = Vec::new();
        if !is_raw_query {
            document.query = field_entries(&request.query, &mut texts, &mut reasons);
        }
        if matched.is_none() {
            add_auth(&request.auth, &mut document, &mut texts, &mut reasons);
        }
        let content_type = content_type(&request, &texts);
        let body = take_body(&request, content_type.as_deref(), &mut texts);
        reasons.extend(body.losses);
        add_headers(
            &request,
            &body.content_type,
            &mut document,
            &mut texts,
            &mut reasons,
        );
        document.body = body.body;
        reasons.append(&mut texts.losses);
        if !request.method.allows_body() && document.body != DocumentBody::None {
            reasons.push("the body: a HEAD request cannot have one".to_owned());
            document.body = DocumentBody::None;
        }
        if request.follows_redirects && matched.is_none() {
            document.redirects = Some(10);
        }
        add_checks(&request, &mut document, &mut texts);
        losses.extend(reasons.into_iter().map(|what| ImportLoss {
            place: place.to_owned(),
            what,
        }));
        let recording = recording_text::recording(
            &request,
            &address,
            &document,
            &mut texts,
            &mut self.recorded,
            &mut losses,
        );
        document.vars = texts.into_variables();
        remarks.extend(
            losses
                .iter()
                .map(|loss| format!("Not imported: {}", loss.what)),
        );
        document.remarks = remarks;
        let (folders, name) = self.name_of(&request, &address);
        self.drafts.push(DraftRequest {
            folders,
            name,
            place: place.to_owned(),
            document,
            recording,
        });
        self.taken.losses.extend(losses);
    }

    /// Its folders and its name, or its method and its path.
    fn name_of(
        &self,
        request: &CollectionRequest,
        address: &SplitAddress,
    ) -> (Vec<String>, String) {
        let mut folders = self.settings.folders.clone();
        folders.extend(request.folders.iter().cloned());
        let name = if slug(&request.name).is_empty() {
            format!("{}-{}", request.method.key(), shown_path(&address.path))
        } else {
            request.name.clone()
        };
        (folders, name)
    }
}

/// Takes the query of the address among the parameters. Whether it stays in the path, because a map
/// could not say the same.
fn move_query(address: &mut SplitAddress, request: &mut CollectionRequest) -> bool {
    let mut is_raw = false;
    if !address.query.is_empty() {
        if let Some(mut fields) = query_fields(&address.query) {
            fields.append(&mut request.query);
            request.query = fields;
        } else {
            is_raw = true;
            address.has_raw_query = true;
        }
    }
    is_raw || has_interleaved_names(&request.query)
}

/// The scheme of a host that belongs to one.
fn only_scheme(
    found: SchemeOfHost,
    place: &str,
    losses: &mut Vec<ImportLoss>,
) -> Option<MatchedScheme> {
    match found {
        SchemeOfHost::One(matched) => Some(matched),
        SchemeOfHost::None => None,
        SchemeOfHost::Several(names) => {
            let names = names.join(" and ");
            losses.push(ImportLoss {
                place: place.to_owned(),
                what: format!("the scheme: the host belongs to {names}; name one with `--scheme`"),
            });
            None
        }
    }
}

fn shown_path(path: &ForeignText) -> String {
    let pieces = path.pieces().iter().map(|piece| match piece {
        ForeignPiece::Literal(text) | ForeignPiece::Variable(text) => text.as_str(),
        ForeignPiece::Expression(_) => "",
    });
    pieces.collect()
}

fn remarks_of(request: &CollectionRequest, source: &str) -> Vec<String> {
    let mut remarks = Vec::new();
    let title = request.name.trim();
    if !title.is_empty() {
        remarks.push(shortened(title));
    }
    if let Some(description) = request.description.as_deref().map(str::trim) {
        let lines = description.lines().map(str::trim_end).take(12);
        let lines: Vec<String> = lines.map(shortened).collect();
        if !description.is_empty() && lines != remarks {
            remarks.push(lines.join("\n"));
        }
    }
    remarks.push(format!("Imported from {source}, {}", request.place));
    remarks.extend(request.remarks.iter().cloned());
    remarks
}

/// A line for a comment.
fn shortened(line: &str) -> String {
    const MAX: usize = 160;
    if line.chars().count() <= MAX {
        line.to_owned()
    } else {
        format!("{}…", line.chars().take(MAX).collect::<String>())
    }
}

/// Whether the order of a query cannot be said by a map of names: the same name in two places, or
/// a name without `=`.
fn has_interleaved_names(fields: &[CollectionField]) -> bool {
    let active: Vec<&CollectionField> = fields.iter().filter(|one| !one.is_disabled).collect();
    let has_bare = active.iter().any(|one| one.value.is_none());
    let mut seen: HashSet<&str> = HashSet::new();
    let mut is_interleaved = false;
    for (index, field) in active.iter().enumerate() {
        let follows = index > 0 && active[index - 1].name == field.name;
        let is_new = seen.insert(&field.name);
        is_interleaved |= !follows && !is_new;
    }
    has_bare || is_interleaved
}

fn path_source(
    address: &SplitAddress,
    request: &CollectionRequest,
    is_raw_query: bool,
    texts: &mut RequestTexts<'_, '_>,
) -> String {
    let path = address.path.map_literals(|text| encoded(text, ""));
    let mut source = texts.source(&path);
    if is_raw_query {
        source.push_literal("?");
        for (index, field) in request
            .query
            .iter()
            .filter(|one| !one.is_disabled)
            .enumerate()
        {
            if index > 0 {
                source.push_literal("&");
            }
            source.push_literal(&encoded(&field.name, "?").replace(['&', '='], "_"));
            if let Some(value) = &field.value {
                source.push_literal("=");
                push_query_value(&texts.named_source(&field.name, value), &mut source);
            }
        }
        if address.has_raw_query {
            if !request.query.is_empty() && !address.query.is_empty() {
                source.push_literal("&");
            }
            push_raw_query(&address.query, texts, &mut source);
        }
    }
    source.to_source()
}

fn push_query_value(value: &TemplateSource, source: &mut TemplateSource) {
    for piece in value.pieces() {
        match piece {
            SourcePiece::Literal(text) => {
                source.push_literal(&encoded(text, "?").replace('&', "%26").replace('+', "%2B"));
            }
            SourcePiece::Expression(name) => source.push_expression(name.clone()),
        }
    }
}

/// A query whose names are variables or no text.
fn push_raw_query(
    query: &ForeignText,
    texts: &mut RequestTexts<'_, '_>,
    source: &mut TemplateSource,
) {
    let Some(marked) = query.marked() else {
        let hidden = texts.hidden_credential("query", query);
        push_query_value(&texts.source(&hidden), source);
        return;
    };
    for (index, pair) in marked.split('&').enumerate() {
        if index > 0 {
            source.push_literal("&");
        }
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (pair, None),
        };
        let shown = query.unmark(name).map_literals(|text| encoded(text, "?"));
        source.push(&texts.source(&shown));
        let Some(value) = value else { continue };
        source.push_literal("=");
        let name = decoded(name).unwrap_or_else(|| name.to_owned());
        if let Some(value) = decoded(value) {
            let value = texts.named_source(&name, &query.unmark(&value));
            push_query_value(&value, source);
        } else {
            let value = texts.hidden(&name, &query.unmark(value));
            source.push(&texts.source(&value.map_literals(|text| encoded(text, "?"))));
        }
    }
}

fn add_checks(
    request: &CollectionRequest,
    document: &mut RequestDocument,
    texts: &mut RequestTexts<'_, '_>,
) {
    for (name, subject) in &request.captures {
        let is_secret = texts.is_secret(name);
        let name = texts.book.name(name);
        let value = if is_secret {
            Value::Object(vec![
                ("from".into(), Value::from(subject.as_str())),
                ("secret".into(), Value::from(true)),
            ])
        } else {
            Value::from(subject.as_str())
        };
        document.captures.retain(|known| known.name != name);
        document.captures.push(DocumentEntry::new(name, value));
    }
    let mut subjects: HashSet<&str> = HashSet::new();
    for (subject, expected) in &request.assertions {
        if subjects.insert(subject) {
            document
                .assertions
                .push(DocumentEntry::new(subject.clone(), expected.clone()));
        }
    }
}

impl MatchedScheme {
    /// The path below the base path of the host.
    fn path_below(&self, path: &ForeignText) -> ForeignText {
        let base = self.base_path.as_str();
        let mut out = ForeignText::default();
        for (index, piece) in path.pieces().iter().enumerate() {
            match piece {
                ForeignPiece::Literal(text) if index == 0 => {
                    let below = text.strip_prefix(base).unwrap_or(text);
                    out.push_literal(if below.starts_with('/') { below } else { text });
                    if !base.is_empty() && below.is_empty() {
                        out = ForeignText::literal("/");
                    }
                }
                piece => out.push(piece.clone()),
            }
        }
        out
    }
}
