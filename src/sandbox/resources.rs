//! What requests created here: it can be read back, changed, listed and deleted. It refuses to know who is asking by anything
//! but the account that was verified.

use super::names::Names;
use super::reply::Reply;
use crate::method::Method;
use crate::model::resource::{Does, IdPlace, Operation, Resource, Verb, Written};
use crate::model::workspace::Workspace;
use crate::value::{Member, Value};
use crate::wire::{Draft, DraftBody, DraftPart};
use std::sync::Arc;

/// Everything that one marketplace keeps.
#[derive(Debug, Default)]
pub struct Resources {
    shelves: Vec<Shelf>,
}

/// All things of one kind.
#[derive(Debug)]
struct Shelf {
    resource: Arc<Resource>,
    things: Vec<Thing>,
    created: i64,
    deleted: i64,
    /// So often somebody asked for what is not there.
    missed: i64,
}

#[derive(Clone, Debug)]
struct Thing {
    account: String,
    id: Value,
    sent: Value,
}

/// Which operation a request is.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    shelf: usize,
    operation: usize,
}

/// A request for an operation.
pub struct Call<'c> {
    pub account: &'c str,
    pub sent: &'c Draft,
    /// What every answer can say.
    pub names: Names,
}

impl Resources {
    #[must_use]
    pub fn of(workspace: &Workspace, scheme: &str) -> Self {
        let recordings = workspace.recordings.iter().filter(|recording| recording.scheme == scheme);
        Self { shelves: recordings.flat_map(|recording| &recording.resources).map(Shelf::new).collect() }
    }

    /// A path without a hole goes before one with a hole.
    #[must_use]
    pub fn find(&self, method: Method, path: &str) -> Option<Found> {
        let operations = self.shelves.iter().enumerate().flat_map(|(shelf, Shelf { resource, .. })| {
            resource.operations.iter().enumerate().map(move |(operation, known)| (Found { shelf, operation }, known))
        });
        let fitting = operations.filter(|(_, known)| known.method == method && known.path.read(path).is_some());
        fitting.min_by_key(|(_, known)| known.path.has_hole()).map(|(found, _)| found)
    }

    pub fn answer(&mut self, found: Found, call: Call<'_>) -> Reply {
        let shelf = &mut self.shelves[found.shelf];
        let resource = Arc::clone(&shelf.resource);
        shelf.answer(&resource.operations[found.operation], call)
    }

    /// How many things came and went, by the names of the resources.
    #[must_use]
    pub fn seen(&self) -> Value {
        Value::Object(self.shelves.iter().map(|shelf| (shelf.resource.name.as_str().into(), shelf.seen())).collect())
    }
}

impl Shelf {
    fn new(resource: &Resource) -> Self {
        Self { resource: Arc::new(resource.clone()), things: Vec::new(), created: 0, deleted: 0, missed: 0 }
    }

    fn answer(&mut self, operation: &Operation, call: Call<'_>) -> Reply {
        match &operation.does {
            Does::Create => {
                let thing = self.create(&call);
                reply(&operation.answer, &thing.seen_by(call.names))
            }
            Does::List(each) => {
                let things = self.things.iter().filter(|thing| self.shows(thing, call.account));
                let items: Vec<Value> = things.map(|thing| thing.seen_by(call.names.clone()).fill(each)).collect();
                let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
                reply(&operation.answer, &call.names.and("items", items).and("count", count))
            }
            Does::One(verb, place) => {
                let id = asked_for(operation, place, call.sent);
                match self.position(call.account, id.as_deref()) {
                    Some(at) => reply(&operation.answer, &self.act(*verb, at, call.sent).seen_by(call.names)),
                    None => self.miss(id.unwrap_or_default(), call.names),
                }
            }
        }
    }

    fn create(&mut self, call: &Call<'_>) -> Thing {
        let id = self.resource.ids.after(self.created);
        self.created += 1;
        let thing = Thing { account: call.account.to_owned(), id, sent: content(call.sent) };
        self.things.push(thing.clone());
        thing
    }

    fn shows(&self, thing: &Thing, account: &str) -> bool {
        self.resource.shared || thing.account == account
    }

    fn position(&self, account: &str, id: Option<&str>) -> Option<usize> {
        let is_it = |thing: &Thing| self.shows(thing, account) && thing.id.to_plain_text().as_deref() == id;
        self.things.iter().position(is_it)
    }

    /// The thing as it is afterwards, or as it was before it went.
    fn act(&mut self, verb: Verb, at: usize, sent: &Draft) -> Thing {
        match verb {
            Verb::Read => {}
            Verb::Update => merge(&mut self.things[at].sent, content(sent)),
            Verb::Delete => {
                self.deleted += 1;
                return self.things.remove(at);
            }
        }
        self.things[at].clone()
    }

    fn miss(&mut self, id: String, names: Names) -> Reply {
        self.missed += 1;
        match &self.resource.missing {
            Some(written) => reply(written, &names.and("id", id)),
            None => Reply::message(404, format!("the sandbox has no `{}` with the id `{id}`", self.resource.name)),
        }
    }

    fn seen(&self) -> Value {
        let there = i64::try_from(self.things.len()).unwrap_or(i64::MAX);
        let counts = [("created", self.created), ("deleted", self.deleted), ("there", there), ("missed", self.missed)];
        Value::Object(counts.map(|(name, count)| (name.into(), Value::from(count))).into())
    }
}

impl Thing {
    fn seen_by(&self, names: Names) -> Names {
        names.and("id", self.id.clone()).and("sent", self.sent.clone())
    }
}

fn reply(written: &Written, names: &Names) -> Reply {
    match &written.json {
        Some(json) => Reply::json(written.status, &names.fill(json)),
        None => Reply { status: written.status, headers: Vec::new(), body: Vec::new() },
    }
}

/// The id that a request names.
fn asked_for(operation: &Operation, place: &IdPlace, sent: &Draft) -> Option<String> {
    let of = |pairs: &[(String, String)], name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, id)| id.clone());
    match (place, &sent.body) {
        (IdPlace::Query(name), _) => of(&sent.query, name),
        (IdPlace::Form(name), DraftBody::Form(pairs)) => of(pairs, name),
        (IdPlace::Json(path), DraftBody::Json(body)) => IdPlace::in_json(path, body),
        (IdPlace::Path, _) => {
            let encoded = operation.path.read(&sent.path)?;
            Some(percent_encoding::percent_decode_str(encoded).decode_utf8_lossy().into_owned())
        }
        _ => None,
    }
}

/// What a request says of a thing: its JSON, or the fields of its form.
fn content(sent: &Draft) -> Value {
    match &sent.body {
        DraftBody::Json(value) => value.clone(),
        DraftBody::Form(pairs) => object(pairs.clone()),
        DraftBody::Multipart { parts, .. } => object(parts.iter().map(field_of).collect()),
        DraftBody::None | DraftBody::Text(_) | DraftBody::Bytes(_) => Value::Object(Vec::new()),
    }
}

/// The text of a part; of a file, its name.
fn field_of(part: &DraftPart) -> (String, String) {
    let text = || String::from_utf8_lossy(&part.content).into_owned();
    (part.name.clone(), part.file.as_ref().map_or_else(text, |(name, _)| name.clone()))
}

/// A name that stands several times has a list.
fn object(pairs: Vec<(String, String)>) -> Value {
    let mut members: Vec<Member> = Vec::new();
    for (name, text) in pairs {
        match members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, Value::List(items))) => items.push(text.into()),
            Some((_, first)) => *first = Value::List(vec![std::mem::take(first), text.into()]),
            None => members.push((name.into(), text.into())),
        }
    }
    Value::Object(members)
}

/// Each member that is sent takes the place of the one that is kept.
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
        merge(&mut kept, parse(br#"{"price":{"amount":2},"stock":3}"#).unwrap());
        assert_eq!(kept.to_json(), r#"{"name":"a","price":{"amount":2},"stock":3}"#);
    }

    #[test]
    fn a_field_that_is_repeated_is_a_list() {
        let pairs = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")];
        let pairs = pairs.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(object(pairs.into()).to_json(), r#"{"a":["1","3","4"],"b":"2"}"#);
    }
}
