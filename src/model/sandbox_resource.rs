//! What a sandbox keeps: things that a request creates, so that others can read, change and delete
//! them.

use crate::jsonpath::{JsonPath, PathMatches};
use crate::model::request::Method;
use crate::model::template::TemplateTree;
use crate::span::Span;
use crate::value::Value;

/// One kind of things, and the requests that deal with them.
#[derive(Clone, Debug)]
pub struct SandboxResource {
    pub name: String,
    pub at: Span,
    pub ids: IdSequence,
    /// Every account sees everything; otherwise each sees what it created.
    pub is_shared: bool,
    pub operations: Vec<ResourceOperation>,
    /// The response to a request for an item that does not exist.
    pub not_found_response: Option<ResourceResponse>,
}

/// The ids of created items, in order.
#[derive(Clone, Debug)]
pub enum IdSequence {
    Numbers {
        first: i64,
    },
    /// The prefix and a number, from 1 on.
    Prefixed {
        prefix: String,
    },
}

impl IdSequence {
    /// The id of the next item when `created` items exist.
    #[must_use]
    pub fn id_after(&self, created: i64) -> Value {
        match self {
            Self::Numbers { first } => Value::from(first.saturating_add(created)),
            Self::Prefixed { prefix } => {
                Value::from(format!("{prefix}{}", created.saturating_add(1)))
            }
        }
    }
}

/// A request that deals with things of one kind, and its answer.
#[derive(Clone, Debug)]
pub struct ResourceOperation {
    pub at: Span,
    pub method: Method,
    pub path: ResourcePath,
    pub kind: OperationKind,
    pub response: ResourceResponse,
}

#[derive(Clone, Debug)]
pub enum OperationKind {
    Create,
    /// With the template for each item of the list.
    List(TemplateTree),
    /// An action on the item whose id stands at this place of the request.
    OnItem(ItemAction, IdLocation),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemAction {
    Read,
    Update,
    Delete,
}

/// Where a request names a thing.
#[derive(Clone, Debug)]
pub enum IdLocation {
    Query(String),
    Form(String),
    Json(JsonPath),
    /// In the hole of the path.
    Path,
}

impl IdLocation {
    /// What a path that names one value finds.
    #[must_use]
    pub fn id_in_json(path: &JsonPath, body: &Value) -> Option<String> {
        match path.find(body) {
            Ok(PathMatches::One(Some(value))) => value.to_plain_text(),
            _ => None,
        }
    }
}

/// A response whose templates are rendered for each request.
#[derive(Clone, Debug)]
pub struct ResourceResponse {
    pub status: u16,
    pub json: Option<TemplateTree>,
}

/// A path below the base path of a host, in which `{id}` may stand for one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePath(pub String);

impl ResourcePath {
    pub const ID_PLACEHOLDER: &str = "{id}";

    #[must_use]
    pub fn has_id_placeholder(&self) -> bool {
        self.0.contains(Self::ID_PLACEHOLDER)
    }

    /// What stands in the hole of a path like this one, or nothing where there is none; `None` for
    /// another path.
    #[must_use]
    pub fn match_id<'p>(&self, path: &'p str) -> Option<&'p str> {
        let Some((before, after)) = self.0.split_once(Self::ID_PLACEHOLDER) else {
            return (self.0 == path).then_some("");
        };
        // The suffix is taken from the rest, so prefix and suffix cannot overlap in a short path.
        let inside = path.strip_prefix(before)?.strip_suffix(after)?;
        (!inside.is_empty() && !inside.contains('/')).then_some(inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_one_segment() {
        let read =
            |written: &str, path: &'static str| ResourcePath(written.to_owned()).match_id(path);
        assert_eq!(read("/v1/items/{id}", "/v1/items/7"), Some("7"));
        assert_eq!(read("/v1/items/{id}/stock", "/v1/items/7/stock"), Some("7"));
        assert_eq!(read("/v1/items", "/v1/items"), Some(""));
        for path in [
            "/v1/items/",
            "/v1/items",
            "/v1/items/7/8",
            "/v2/items/7",
            "/v1/items/7/stock",
        ] {
            assert_eq!(read("/v1/items/{id}", path), None, "{path}");
        }
        assert_eq!(read("/a/{id}/a", "/a/a"), None);
    }
}
