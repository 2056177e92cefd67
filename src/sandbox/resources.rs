//! Resources that requests created: they can be read, updated, listed and deleted. The only
//! identity that it accepts is the account that was verified.

use super::reply::SandboxReply;
use super::template_scope::SandboxScope;
use crate::method::Method;
use crate::model::recording::Recording;
use crate::model::sandbox_resource::{
    IdLocation, ItemAction, OperationKind, ResourceOperation, ResourceResponse, SandboxResource,
};
use crate::model::template::TemplateTree;
use crate::render::RenderError;
use crate::value::{ObjectMember, Value};
use crate::wire::{Draft, DraftBody, DraftPart};
use std::sync::Arc;

/// Everything that one marketplace stores.
#[derive(Debug, Default)]
pub(super) struct ResourceStore {
    collections: Vec<ResourceCollection>,
}

/// All items of one resource.
#[derive(Debug)]
struct ResourceCollection {
    resource: Arc<SandboxResource>,
    items: Vec<StoredResource>,
    created: i64,
    deleted: i64,
    /// How many requests named an item that does not exist.
    not_found: i64,
}

#[derive(Clone, Debug)]
struct StoredResource {
    account: String,
    id: Value,
    content: Value,
}

/// The operation that a request matches.
#[derive(Clone, Copy, Debug)]
pub(super) struct OperationMatch {
    collection: usize,
    operation: usize,
}

/// A request for an operation.
pub(super) struct OperationCall<'c> {
    pub(super) account: &'c str,
    pub(super) request: &'c Draft,
    /// The names that every response can use.
    pub(super) scope: SandboxScope,
}

impl ResourceStore {
    #[must_use]
    pub(super) fn of<'r>(recordings: impl IntoIterator<Item = &'r Recording>) -> Self {
        Self {
            collections: recordings
                .into_iter()
                .flat_map(|recording| &recording.resources)
                .map(ResourceCollection::new)
                .collect(),
        }
    }

    /// A path without an id placeholder comes before one with a placeholder.
    #[must_use]
    pub(super) fn match_operation(&self, method: Method, path: &str) -> Option<OperationMatch> {
        let operations = self.collections.iter().enumerate().flat_map(
            |(collection, ResourceCollection { resource, .. })| {
                resource
                    .operations
                    .iter()
                    .enumerate()
                    .map(move |(operation, known)| {
                        (
                            OperationMatch {
                                collection,
                                operation,
                            },
                            known,
                        )
                    })
            },
        );
        let fitting = operations
            .filter(|(_, known)| known.method == method && known.path.match_id(path).is_some());
        fitting
            .min_by_key(|(_, known)| known.path.has_id_placeholder())
            .map(|(found, _)| found)
    }

    pub(super) fn respond(
        &mut self,
        found: OperationMatch,
        call: OperationCall<'_>,
    ) -> Result<SandboxReply, RenderError> {
        let collection = &mut self.collections[found.collection];
        let resource = Arc::clone(&collection.resource);
        collection.respond(&resource.operations[found.operation], call)
    }

    /// How many items were created and deleted, by the names of the resources.
    #[must_use]
    pub(super) fn counts_json(&self) -> Value {
        Value::Object(
            self.collections
                .iter()
                .map(|collection| {
                    (
                        collection.resource.name.as_str().into(),
                        collection.counts_json(),
                    )
                })
                .collect(),
        )
    }
}

impl ResourceCollection {
    fn new(resource: &SandboxResource) -> Self {
        Self {
            resource: Arc::new(resource.clone()),
            items: Vec::new(),
            created: 0,
            deleted: 0,
            not_found: 0,
        }
    }

    fn respond(
        &mut self,
        operation: &ResourceOperation,
        call: OperationCall<'_>,
    ) -> Result<SandboxReply, RenderError> {
        match &operation.kind {
            OperationKind::Create => {
                let item = self.create(&call);
                resource_reply(&operation.response, &item.add_to_scope(call.scope))
            }
            OperationKind::List(each) => self.list(&operation.response, each, call),
            OperationKind::OnItem(action, location) => {
                let id = requested_id(operation, location, call.request);
                match self.position(call.account, id.as_deref()) {
                    Some(at) => {
                        let item = self.apply(*action, at, call.request);
                        resource_reply(&operation.response, &item.add_to_scope(call.scope))
                    }
                    None => self.not_found_reply(id.unwrap_or_default(), call.scope),
                }
            }
        }
    }

    /// Lists the items that the account can see; `each` is the template of one item.
    fn list(
        &self,
        response: &ResourceResponse,
        each: &TemplateTree,
        call: OperationCall<'_>,
    ) -> Result<SandboxReply, RenderError> {
        let visible = self
            .items
            .iter()
            .filter(|item| self.is_visible_to(item, call.account));
        let items: Vec<Value> = visible
            .map(|item| item.add_to_scope(call.scope.clone()).render(each))
            .collect::<Result<_, _>>()?;
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let scope = call.scope.with("items", items).with("count", count);
        resource_reply(response, &scope)
    }

    fn create(&mut self, call: &OperationCall<'_>) -> StoredResource {
        // Counted from the created items and not from the stored ones: the id of a deleted item is
        // never issued again, so a late undo cannot delete another item.
        let id = self.resource.ids.id_after(self.created);
        self.created += 1;
        let item = StoredResource {
            account: call.account.to_owned(),
            id,
            content: content_of(call.request),
        };
        self.items.push(item.clone());
        item
    }

    fn is_visible_to(&self, item: &StoredResource, account: &str) -> bool {
        self.resource.is_shared || item.account == account
    }

    fn position(&self, account: &str, id: Option<&str>) -> Option<usize> {
        let id = id?;
        // An item of another account is "not found", as if it did not exist.
        let is_it = |item: &StoredResource| {
            self.is_visible_to(item, account) && item.id.to_plain_text().as_deref() == Some(id)
        };
        self.items.iter().position(is_it)
    }

    /// The item after the action; for a deletion, as it was before.
    fn apply(&mut self, action: ItemAction, at: usize, sent: &Draft) -> StoredResource {
        match action {
            ItemAction::Read => {}
            ItemAction::Update => merge(&mut self.items[at].content, content_of(sent)),
            ItemAction::Delete => {
                self.deleted += 1;
                return self.items.remove(at);
            }
        }
        self.items[at].clone()
    }

    fn not_found_reply(
        &mut self,
        id: String,
        names: SandboxScope,
    ) -> Result<SandboxReply, RenderError> {
        self.not_found += 1;
        match &self.resource.not_found_response {
            Some(written) => resource_reply(written, &names.with("id", id)),
            None => Ok(SandboxReply::message(
                404,
                format!(
                    "the sandbox has no `{}` with the id `{id}`",
                    self.resource.name
                ),
            )),
        }
    }

    fn counts_json(&self) -> Value {
        let there = i64::try_from(self.items.len()).unwrap_or(i64::MAX);
        let counts = [
            ("created", self.created),
            ("deleted", self.deleted),
            ("there", there),
            ("missed", self.not_found),
        ];
        Value::Object(
            counts
                .map(|(name, count)| (name.into(), Value::from(count)))
                .into(),
        )
    }
}

impl StoredResource {
    fn add_to_scope(&self, names: SandboxScope) -> SandboxScope {
        names
            .with("id", self.id.clone())
            .with("sent", self.content.clone())
    }
}

fn resource_reply(
    written: &ResourceResponse,
    names: &SandboxScope,
) -> Result<SandboxReply, RenderError> {
    Ok(match &written.json {
        Some(json) => SandboxReply::json(written.status, &names.render(json)?),
        None => SandboxReply::empty(written.status),
    })
}

/// The id that a request names.
fn requested_id(operation: &ResourceOperation, place: &IdLocation, sent: &Draft) -> Option<String> {
    let of = |pairs: &[(String, String)], name: &str| {
        pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, id)| id.clone())
    };
    match (place, &sent.body) {
        (IdLocation::Query(name), _) => of(&sent.query, name),
        (IdLocation::Form(name), DraftBody::Form(pairs)) => of(pairs, name),
        (IdLocation::Json(path), DraftBody::Json(body)) => IdLocation::id_in_json(path, body),
        (IdLocation::Path, _) => {
            let encoded = operation.path.match_id(&sent.path)?;
            // An id that is not UTF-8 matches no item: with replacement characters two such ids
            // would be the same.
            let id = percent_encoding::percent_decode_str(encoded).decode_utf8();
            Some(id.ok()?.into_owned())
        }
        _ => None,
    }
}

/// The content that a request sends for an item: its JSON, or the fields of its form.
fn content_of(sent: &Draft) -> Value {
    match &sent.body {
        DraftBody::Json(value) => value.clone(),
        DraftBody::Form(pairs) => object_from_pairs(pairs.clone()),
        DraftBody::Multipart { parts, .. } => {
            object_from_pairs(parts.iter().map(field_of).collect())
        }
        DraftBody::None | DraftBody::Text(_) | DraftBody::Encoded { .. } | DraftBody::Bytes(_) => {
            Value::Object(Vec::new())
        }
    }
}

/// The text of a part; of a file, its name.
fn field_of(part: &DraftPart) -> (String, String) {
    let text = || String::from_utf8_lossy(&part.content).into_owned();
    (
        part.name.clone(),
        part.filename.clone().unwrap_or_else(text),
    )
}

/// A name that is repeated gets a list.
fn object_from_pairs(pairs: Vec<(String, String)>) -> Value {
    let mut members: Vec<ObjectMember> = Vec::new();
    for (name, text) in pairs {
        match members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, Value::List(items))) => items.push(text.into()),
            Some((_, first)) => *first = Value::List(vec![std::mem::take(first), text.into()]),
            None => members.push((name.into(), text.into())),
        }
    }
    Value::Object(members)
}

/// Each member that is sent replaces the stored one. Members of members are not merged.
fn merge(kept: &mut Value, sent: Value) {
    match (kept, sent) {
        (Value::Object(kept), Value::Object(sent)) => {
            for (name, value) in sent {
                match kept.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, old)) => *old = value,
                    None => kept.push((name, value)),
                }
            }
        }
        (kept, sent) => *kept = sent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse;

    #[test]
    fn what_is_sent_takes_the_place_of_what_is_kept() {
        let mut kept = parse(br#"{"name":"a","price":{"amount":1,"currency":"SGD"}}"#).unwrap();
        merge(
            &mut kept,
            parse(br#"{"price":{"amount":2},"stock":3}"#).unwrap(),
        );
        assert_eq!(
            kept.to_json(),
            r#"{"name":"a","price":{"amount":2},"stock":3}"#
        );
    }

    #[test]
    fn a_field_that_is_repeated_is_a_list() {
        let pairs = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")];
        let pairs = pairs.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(
            object_from_pairs(pairs.into()).to_json(),
            r#"{"a":["1","3","4"],"b":"2"}"#
        );
    }
}
