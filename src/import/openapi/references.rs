//! `$ref` inside of one description: JSON pointers, each looked up once. A reference to another file
//! or address is never followed.

use crate::value::Value;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

/// A reference may lead to another one so often.
const MAX_STEPS: usize = 16;

pub(super) struct References<'v> {
    root: &'v Value,
    known: RefCell<HashMap<&'v str, Option<&'v Value>>>,
    external: RefCell<BTreeSet<String>>,
}

impl<'v> References<'v> {
    pub(super) fn new(root: &'v Value) -> Self {
        Self {
            root,
            known: RefCell::default(),
            external: RefCell::default(),
        }
    }

    /// The value, or what it refers to; `None` where that is not in this file.
    pub(super) fn resolve(&self, value: &'v Value) -> Option<&'v Value> {
        let mut value = value;
        for _ in 0..MAX_STEPS {
            let Some(target) = value.get("$ref").and_then(Value::as_str) else {
                return Some(value);
            };
            value = self.find(target)?;
        }
        None
    }

    fn find(&self, target: &'v str) -> Option<&'v Value> {
        if let Some(known) = self.known.borrow().get(target) {
            return *known;
        }
        let found = if let Some(pointer) = target.strip_prefix('#') {
            self.pointed(pointer)
        } else {
            let file = target.split('#').next().unwrap_or(target);
            let shown = file.chars().filter(|letter| !letter.is_control());
            self.external.borrow_mut().insert(shown.take(120).collect());
            None
        };
        self.known.borrow_mut().insert(target, found);
        found
    }

    /// RFC 6901, with percent-encoding as in a fragment.
    fn pointed(&self, pointer: &str) -> Option<&'v Value> {
        let mut value = self.root;
        for part in pointer.split('/').skip(1) {
            let decoded = percent_encoding::percent_decode_str(part)
                .decode_utf8()
                .ok()?;
            let name = decoded.replace("~1", "/").replace("~0", "~");
            value = match value {
                Value::List(items) => items.get(name.parse::<usize>().ok()?)?,
                _ => value.get(&name).or_else(|| value.get(part))?,
            };
        }
        Some(value)
    }

    pub(super) fn external(&self) -> Vec<String> {
        self.external.borrow().iter().cloned().collect()
    }
}
