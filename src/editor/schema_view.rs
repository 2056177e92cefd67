//! The JSON Schemas of files as a source of keys, values and their documentation at a place of a
//! tree. It refuses to judge: faults come from the decoder.

use super::cursor::{PathStep, node_at};
use crate::jsonpath::JsonPath;
use crate::load::{FileKind, schema_of};
use crate::yaml::{NodeKind, YamlNode};
use regex::Regex;
use serde_json::Value;
use std::sync::OnceLock;

/// A path that goes round in a circle of references ends here.
const MAX_REFERENCES: usize = 32;

/// The schema of one kind of file.
#[derive(Clone, Copy)]
pub(super) struct SchemaView {
    root: &'static Value,
}

/// A key that can stand at a place.
pub(super) struct SchemaKey {
    pub(super) name: &'static str,
    pub(super) description: Option<&'static str>,
    pub(super) is_required: bool,
}

impl SchemaView {
    #[must_use]
    pub(super) fn of(kind: FileKind) -> Option<Self> {
        static PARSED: [OnceLock<Option<Value>>; 5] = [const { OnceLock::new() }; 5];
        let (at, name) = match kind {
            FileKind::Request => (0, "request"),
            FileKind::Fixture => (1, "fixture"),
            FileKind::Recording => (2, "recording"),
            FileKind::Scheme => (3, "scheme"),
            FileKind::Workspace => (4, "workspace"),
        };
        let parsed = PARSED[at].get_or_init(|| serde_json::from_str(schema_of(name)?).ok());
        parsed.as_ref().map(|root| Self { root })
    }

    /// The schemas that hold for the node at a path.
    fn at(self, tree: &YamlNode, path: &[PathStep]) -> Vec<&'static Value> {
        let mut found = self.expand(vec![self.root], Some(tree));
        for (depth, step) in path.iter().enumerate() {
            let node = node_at(tree, &path[..=depth]);
            let children = found.iter().flat_map(|schema| child_of(schema, step));
            found = self.expand(children.collect(), node);
        }
        found
    }

    /// With everything that references, `allOf` and conditions bring in.
    fn expand(self, schemas: Vec<&'static Value>, node: Option<&YamlNode>) -> Vec<&'static Value> {
        let mut found = Vec::new();
        let mut open: Vec<(&'static Value, usize)> = schemas
            .into_iter()
            .rev()
            .map(|schema| (schema, 0))
            .collect();
        while let Some((schema, depth)) = open.pop() {
            found.push(schema);
            if depth > MAX_REFERENCES {
                continue;
            }
            let reference = schema.get("$ref").and_then(Value::as_str);
            let referenced = reference.and_then(|reference| self.resolve(reference));
            let mut next: Vec<&'static Value> = referenced.into_iter().collect();
            for list in ["allOf", "anyOf", "oneOf"] {
                let items = schema.get(list).and_then(Value::as_array);
                next.extend(
                    items
                        .into_iter()
                        .flatten()
                        .filter(|item| fits_kind(item, node)),
                );
            }
            if let Some(condition) = schema.get("if") {
                let holds = condition_holds(condition, node);
                next.extend(schema.get(if holds { "then" } else { "else" }));
            }
            open.extend(next.into_iter().rev().map(|schema| (schema, depth + 1)));
        }
        found
    }

    fn resolve(self, reference: &str) -> Option<&'static Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// The keys that can stand in the map at a path.
    #[must_use]
    pub(super) fn keys(self, tree: &YamlNode, path: &[PathStep]) -> Vec<SchemaKey> {
        let mut keys: Vec<SchemaKey> = Vec::new();
        let found = self.at(tree, path);
        let required: Vec<&str> = found
            .iter()
            .filter_map(|schema| schema.get("required")?.as_array())
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for schema in &found {
            keys.extend(self.deciding_keys(schema));
        }
        for schema in &found {
            let properties = schema.get("properties").and_then(Value::as_object);
            for (name, property) in properties.into_iter().flatten() {
                if !keys.iter().any(|key| key.name == name) {
                    keys.push(SchemaKey {
                        name,
                        description: self.description(property),
                        is_required: required.contains(&name.as_str()),
                    });
                }
            }
        }
        keys
    }

    /// The keys with which another schema would hold, such as `use` of a step.
    fn deciding_keys(self, schema: &'static Value) -> Vec<SchemaKey> {
        let names = schema.pointer("/if/required").and_then(Value::as_array);
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        let then: Vec<&'static Value> = schema.get("then").into_iter().collect();
        let then = self.expand(then, None);
        let keys = names.filter_map(|name| {
            let mut properties = then.iter().filter_map(|schema| schema.get("properties"));
            let property = properties.find_map(|all| all.get(name))?;
            Some(SchemaKey {
                name,
                description: self.description(property),
                is_required: false,
            })
        });
        keys.collect()
    }

    /// What the documentation says of the key at the end of a path.
    #[must_use]
    pub(super) fn documentation(self, tree: &YamlNode, path: &[PathStep]) -> Option<&'static str> {
        let (last, parent) = path.split_last()?;
        let parents = self.at(tree, parent);
        let mut children = parents.iter().flat_map(|schema| child_of(schema, last));
        children.find_map(|schema| self.description(schema))
    }

    /// The words that can stand as the value at a path, as they are written.
    #[must_use]
    pub(super) fn words(self, tree: &YamlNode, path: &[PathStep]) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for schema in self.at(tree, path) {
            let listed = schema.get("enum").and_then(Value::as_array);
            let constant = schema.get("const");
            for value in listed.into_iter().flatten().chain(constant) {
                words.extend(value_word(value));
            }
            if schema.get("type").and_then(Value::as_str) == Some("boolean") {
                words.extend(["true".to_owned(), "false".to_owned()]);
            }
        }
        let mut seen = Vec::new();
        words.retain(|word| {
            !seen.contains(word) && {
                seen.push(word.clone());
                true
            }
        });
        words
    }

    fn description(self, schema: &'static Value) -> Option<&'static str> {
        let own = schema.get("description").and_then(Value::as_str);
        own.or_else(|| {
            let reference = schema.get("$ref")?.as_str()?;
            self.resolve(reference)?.get("description")?.as_str()
        })
    }
}

fn value_word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// The schemas of a member or an item.
fn child_of(schema: &'static Value, step: &PathStep) -> Vec<&'static Value> {
    let PathStep::Key(key) = step else {
        return schema.get("items").into_iter().collect();
    };
    if let Some(property) = schema
        .get("properties")
        .and_then(|all| all.get(key.as_str()))
    {
        return vec![property];
    }
    let patterns = schema.get("patternProperties").and_then(Value::as_object);
    let matching = patterns
        .into_iter()
        .flatten()
        .find(|(pattern, _)| matches_pattern(pattern, key));
    if let Some((_, property)) = matching {
        return vec![property];
    }
    let additional = schema.get("additionalProperties");
    additional
        .filter(|schema| schema.is_object())
        .into_iter()
        .collect()
}

/// Patterns that look ahead are no regular expressions of this program: they are those of paths.
fn matches_pattern(pattern: &str, key: &str) -> bool {
    if let Ok(pattern) = Regex::new(pattern) {
        return pattern.is_match(key);
    }
    if pattern.starts_with("^\\$") {
        // The pattern without a look-ahead is for paths that name one value.
        return key.starts_with('$') && !JsonPath::parse(key).is_ok_and(|path| path.is_singular());
    }
    pattern.starts_with("^(/") && (key.starts_with('/') || key.contains('('))
}

/// Whether a node can be meant by one of several schemas.
fn fits_kind(schema: &Value, node: Option<&YamlNode>) -> bool {
    let (Some(kind), Some(node)) = (schema.get("type").and_then(Value::as_str), node) else {
        return true;
    };
    match node.kind {
        NodeKind::Map(_) => kind == "object",
        NodeKind::List(_) => kind == "array",
        // A value that is being written can become anything.
        _ => true,
    }
}

/// Of the conditions that the schemas use: the type of a value, and members that it has.
fn condition_holds(condition: &Value, node: Option<&YamlNode>) -> bool {
    let entries = node.and_then(YamlNode::as_map);
    let kind = condition.get("type").and_then(Value::as_str);
    let kind_fits = match kind {
        Some("object") => entries.is_some(),
        Some("array") => node.is_some_and(|node| node.as_list().is_some()),
        Some("string") => node.is_some_and(|node| node.as_text().is_some()),
        _ => true,
    };
    let required = condition.get("required").and_then(Value::as_array);
    let mut names = required.into_iter().flatten().filter_map(Value::as_str);
    kind_fits
        && names.all(|name| {
            let mut entries = entries.unwrap_or_default().iter();
            entries.any(|entry| entry.key == name)
        })
}
