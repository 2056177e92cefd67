//! What the templates of a sandbox see: plain names where it answers, and the credentials of one account where it asks what
//! that account would send.

use super::owner::TestAccount;
use crate::model::template::Tree;
use crate::render::{Dialect, Scope, tree};
use crate::value::Value;
use std::borrow::Cow;

/// Plain names for the templates of a sandbox.
pub struct Names(Vec<(String, Value)>);

impl Names {
    #[must_use]
    pub fn new() -> Self {
        Self(Vec::new())
    }

    #[must_use]
    pub fn and(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// What cannot be filled in is null: an answer is given all the same.
    #[must_use]
    pub fn fill(&self, written: &Tree) -> Value {
        tree(written, self).map_or(Value::Null, Cow::into_owned)
    }
}

impl Scope for Names {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        let (name, rest) = path.split_first()?;
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        rest.iter().try_fold(value, |value, name| member(value, name)).map(Cow::Borrowed)
    }

    fn dialect(&self) -> Dialect {
        Dialect::Scheme
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::List(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    }
}

/// The credentials of one account, and nothing else.
pub struct Own<'a>(pub &'a TestAccount);

impl Scope for Own<'_> {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        match path {
            ["cred", name] => self.0.1.get(name).map(Cow::Borrowed),
            _ => None,
        }
    }

    fn dialect(&self) -> Dialect {
        Dialect::Scheme
    }
}
