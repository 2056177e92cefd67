//! Decodes `resources` of a recording: what the sandbox keeps, and the requests that deal with it.
//! Unlike the rest of a recording its answers are templates.

use crate::diagnostic::{Diagnostic, Diagnostics, name_hint};
use crate::jsonpath::JsonPath;
use crate::load::assertion::json_path;
use crate::load::node_reader::{
    CheckedMap, at_most_one, boolean, check_variable_name, map_entries, response_status, scalar,
    text, wrong_kind,
};
use crate::load::value_decoder::ValueDecoder;
use crate::model::request::Method;
use crate::model::sandbox_resource::{
    IdLocation, IdSequence, ItemAction, OperationKind, ResourceOperation, ResourcePath,
    ResourceResponse, SandboxResource,
};
use crate::model::template::{Expression, TemplateTree};
use crate::model::workspace::Workspace;
use crate::render::TemplateDialect;
use crate::span::Span;
use crate::yaml::{MapEntry, YamlNode};
use std::collections::HashMap;

/// Keys of a resource.
pub(super) const RESOURCE_KEYS: [&str; 8] = [
    "id", "shared", "create", "read", "update", "delete", "list", "missing",
];
/// Keys of every operation.
const OPERATION_KEYS: [&str; 9] = [
    "get", "post", "put", "patch", "delete", "head", "options", "status", "json",
];
const SINGLE_ITEM_OPERATIONS: [(&str, &str, ItemAction); 3] = [
    ("read", "`read`", ItemAction::Read),
    ("update", "`update`", ItemAction::Update),
    ("delete", "`delete`", ItemAction::Delete),
];
const ID_PLACE_KEYS: [&str; 4] = ["query", "json", "form", "path"];
/// The largest `first`: far below where numbers end, and where JSON of other programs begins to
/// round.
const MAX_FIRST_ID: i64 = 1_000_000_000_000_000;

/// What every answer sees.
const COMMON_NAMES: [&str; 4] = ["account", "request_id", "uuid", "iso"];
/// What an answer about one thing sees besides.
const ITEM_NAMES: [&str; 2] = ["id", "sent"];
const LIST_NAMES: [&str; 2] = ["items", "count"];
const MISSING_NAMES: [&str; 1] = ["id"];

pub(super) struct ResourceDecoder<'d> {
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl ResourceDecoder<'_> {
    pub(super) fn decode(&mut self, node: &YamlNode) -> Vec<SandboxResource> {
        map_entries(node, "`resources`", self.diagnostics)
            .iter()
            .filter_map(|entry| self.resource(entry))
            .collect()
    }

    fn resource(&mut self, entry: &MapEntry) -> Option<SandboxResource> {
        check_variable_name(&entry.key, entry.key_at, "a resource", self.diagnostics);
        let map = CheckedMap::open(&entry.value, "a resource", &RESOURCE_KEYS, self.diagnostics)?;
        let ids = map
            .required("id", self.diagnostics)
            .and_then(|node| self.ids(node));
        let shared = map
            .optional_boolean("shared", self.diagnostics)
            .unwrap_or_default();
        let create = map
            .required("create", self.diagnostics)
            .and_then(|node| self.create(node));
        let one = SINGLE_ITEM_OPERATIONS.map(|(key, what, verb)| {
            map.get(key)
                .and_then(|node| self.single_item_operation(what, verb, node))
        });
        let list = map.get("list").and_then(|node| self.list(node));
        let missing = map
            .get("missing")
            .and_then(|node| self.missing_response(node));
        let operations = [create, list].into_iter().chain(one).flatten().collect();
        Some(SandboxResource {
            name: entry.key.to_string(),
            at: entry.key_at,
            ids: ids?,
            is_shared: shared,
            operations,
            not_found_response: missing,
        })
    }

    /// `{ first: 800000001 }` or `{ prefix: ITEM- }`
    fn ids(&mut self, node: &YamlNode) -> Option<IdSequence> {
        let keys = ["first", "prefix"];
        let map = CheckedMap::open(node, "the `id` of a resource", &keys, self.diagnostics)?;
        at_most_one(
            &map,
            &keys,
            "an id is either a number or a text",
            self.diagnostics,
        );
        if let Some(prefix) = map.get("prefix") {
            return text(prefix, "`prefix`", self.diagnostics).map(|prefix| IdSequence::Prefixed {
                prefix: prefix.to_owned(),
            });
        }
        let Some(node) = map.get("first") else {
            let diagnostic = Diagnostic::error("the `id` of a resource needs `first` or `prefix`")
                .at(map.at, "neither of them is here");
            self.diagnostics.push(diagnostic.hint(
                "write `{ first: 1 }` for numbers from 1 on, or `{ prefix: \"ITEM-\" }` for texts",
            ));
            return None;
        };
        let first = node
            .to_value()
            .as_number()
            .and_then(crate::value::Number::as_i64);
        let first = first.filter(|first| (0..=MAX_FIRST_ID).contains(first));
        if first.is_none() {
            let diagnostic = Diagnostic::error("`first` must be a whole number")
                .at(node.at, format!("not one of 0 to {MAX_FIRST_ID}"));
            self.diagnostics
                .push(diagnostic.hint("for texts, write `{ prefix: \"ITEM-\" }`"));
        }
        first.map(|first| IdSequence::Numbers { first })
    }

    fn create(&mut self, node: &YamlNode) -> Option<ResourceOperation> {
        let map = CheckedMap::open(node, "`create`", &OPERATION_KEYS, self.diagnostics)?;
        self.operation(&map, OperationKind::Create, &ITEM_NAMES)
    }

    fn list(&mut self, node: &YamlNode) -> Option<ResourceOperation> {
        let map = CheckedMap::open(
            node,
            "`list`",
            &with_key("each", &OPERATION_KEYS),
            self.diagnostics,
        )?;
        let each = map
            .required("each", self.diagnostics)
            .map(|node| self.response_tree(node, &ITEM_NAMES));
        self.operation(&map, OperationKind::List(each?), &LIST_NAMES)
    }

    fn single_item_operation(
        &mut self,
        what: &'static str,
        verb: ItemAction,
        node: &YamlNode,
    ) -> Option<ResourceOperation> {
        let map = CheckedMap::open(
            node,
            what,
            &with_key("id", &OPERATION_KEYS),
            self.diagnostics,
        )?;
        let place = map
            .required("id", self.diagnostics)
            .and_then(|node| self.id_place(node));
        self.operation(&map, OperationKind::OnItem(verb, place?), &ITEM_NAMES)
    }

    fn missing_response(&mut self, node: &YamlNode) -> Option<ResourceResponse> {
        let map = CheckedMap::open(node, "`missing`", &["status", "json"], self.diagnostics)?;
        self.response(&map, 404, &MISSING_NAMES)
    }

    fn operation(
        &mut self,
        map: &CheckedMap<'_>,
        does: OperationKind,
        names: &[&str],
    ) -> Option<ResourceOperation> {
        let written = self.response(map, 200, names);
        let (method, node) = self.operation_line(map)?;
        let path = ResourcePath(text(node, "a path", self.diagnostics)?.to_owned());
        // A path that is broken says nothing about its hole, so one error is enough.
        if self.is_valid_path(&path, node.at) {
            self.check_id_placeholder(&path, &does, node.at);
        }
        Some(ResourceOperation {
            at: node.at,
            method,
            path,
            kind: does,
            response: written?,
        })
    }

    fn operation_line<'n>(&mut self, map: &CheckedMap<'n>) -> Option<(Method, &'n YamlNode)> {
        at_most_one(
            map,
            &Method::ALL.map(Method::key),
            "an operation must have exactly one method",
            self.diagnostics,
        );
        let line = Method::ALL
            .into_iter()
            .find_map(|method| Some((method, map.get(method.key())?)));
        if line.is_none() {
            let diagnostic =
                Diagnostic::error("an operation needs a method and a path").at(map.at, "none here");
            self.diagnostics
                .push(diagnostic.hint("write `post: /v1/items`"));
        }
        line
    }

    fn is_valid_path(&mut self, path: &ResourcePath, at: Span) -> bool {
        // A hole is a whole segment. In `/items-{id}` the counts of holes and braces differ, and
        // the path is refused.
        let holes = path
            .0
            .split('/')
            .filter(|segment| *segment == ResourcePath::ID_PLACEHOLDER)
            .count();
        let diagnostic = if !path.0.starts_with('/') {
            Diagnostic::error("a path must begin with `/`")
                .at(at, "this path does not")
                .hint("write the path without its host")
        } else if path.0.contains('?') {
            let diagnostic = Diagnostic::error("the path of an operation cannot have a query")
                .at(at, "ingam compares only the method and the path");
            diagnostic.hint("remove the `?` and everything after it")
        } else if path.0.matches(['{', '}']).count() != 2 * holes || holes > 1 {
            let diagnostic = Diagnostic::error("a path can have only one placeholder, `{id}`")
                .at(at, "this path is not valid");
            diagnostic.hint("use `{id}` once, as a whole segment, as in `/v1/items/{id}/stock`")
        } else {
            return true;
        };
        self.diagnostics.push(diagnostic);
        false
    }

    fn check_id_placeholder(&mut self, path: &ResourcePath, does: &OperationKind, at: Span) {
        let (message, hint) = match does {
            OperationKind::OnItem(_, IdLocation::Path) if !path.has_id_placeholder() => (
                "this path has no placeholder for the id",
                "add `{id}`, as in `/v1/items/{id}`",
            ),
            OperationKind::OnItem(
                _,
                IdLocation::Query(_) | IdLocation::Form(_) | IdLocation::Json(_),
            ) if path.has_id_placeholder() => (
                "the path has a placeholder for the id, but `id` names another place",
                "write `id: { path: true }`",
            ),
            OperationKind::Create | OperationKind::List(_) if path.has_id_placeholder() => (
                "only the paths of `read`, `update` and `delete` can have a placeholder for the id",
                "write the path without `{id}`",
            ),
            _ => return,
        };
        self.diagnostics
            .push(Diagnostic::error(message).at(at, "this path").hint(hint));
    }

    /// `{ query: item_id }`
    fn id_place(&mut self, node: &YamlNode) -> Option<IdLocation> {
        let map = CheckedMap::open(
            node,
            "the `id` of an operation",
            &ID_PLACE_KEYS,
            self.diagnostics,
        )?;
        at_most_one(
            &map,
            &ID_PLACE_KEYS,
            "the id of a request can be in only one place",
            self.diagnostics,
        );
        let Some(entry) = map.present_entries(&ID_PLACE_KEYS).first().copied() else {
            self.report_missing_id_place(map.at);
            return None;
        };
        let name = |diagnostics: &mut Diagnostics| {
            scalar(&entry.value, "the name of a parameter", diagnostics)
        };
        match entry.key.as_str() {
            "query" => name(self.diagnostics).map(IdLocation::Query),
            "form" => name(self.diagnostics).map(IdLocation::Form),
            "json" => self.singular_path(&entry.value).map(IdLocation::Json),
            _ => boolean(&entry.value, "`path`", self.diagnostics)
                .and_then(|is_there| self.path_id_place(is_there, &entry.value)),
        }
    }

    fn report_missing_id_place(&mut self, at: Span) {
        let diagnostic = Diagnostic::error("`id` must name the place of the id in a request")
            .at(at, "no place here");
        self.diagnostics.push(diagnostic.hint(
            "write `{ query: name }`, `{ json: $.name }`, `{ form: name }` or `{ path: true }`",
        ));
    }

    fn path_id_place(&mut self, is_there: bool, node: &YamlNode) -> Option<IdLocation> {
        if !is_there {
            let diagnostic = wrong_kind(node, "`path`", "`true`");
            self.diagnostics
                .push(diagnostic.hint("use another place: `query`, `json` or `form`"));
        }
        is_there.then_some(IdLocation::Path)
    }

    fn singular_path(&mut self, node: &YamlNode) -> Option<JsonPath> {
        let path = json_path(
            text(node, "a JSONPath", self.diagnostics)?,
            node.at,
            self.diagnostics,
        )?;
        // A search such as `$..id` could find the id of another thing in the same body.
        if !path.is_singular() {
            let diagnostic = Diagnostic::error("a path to an id must find exactly one value")
                .at(node.at, "this path can find several values");
            self.diagnostics
                .push(diagnostic.hint("use names and indices only, as in `$.items[0].id`"));
        }
        Some(path)
    }

    fn response(
        &mut self,
        map: &CheckedMap<'_>,
        usual: u16,
        names: &[&str],
    ) -> Option<ResourceResponse> {
        let code = map
            .get("status")
            .map_or(Some(usual), |node| response_status(node, self.diagnostics));
        // RFC 9110, sections 15.3.5 and 15.4.5: such a response ends with its headers.
        if let (Some(code @ (204 | 304)), Some(entry)) = (code, map.entry("json")) {
            let diagnostic =
                Diagnostic::error(format!("a response with status {code} cannot have a body"));
            self.diagnostics
                .push(diagnostic.at(entry.key_at, "this body would not be sent"));
        }
        let json = map.get("json").map(|node| self.response_tree(node, names));
        Some(ResourceResponse {
            status: code?,
            json,
        })
    }

    /// Every name in it must be known: a slip in an answer must not become null.
    fn response_tree(&mut self, node: &YamlNode, names: &[&str]) -> TemplateTree {
        let tree = ValueDecoder {
            dialect: TemplateDialect::Scheme,
            diagnostics: self.diagnostics,
        }
        .tree(node);
        let known: Vec<&str> = names.iter().chain(&COMMON_NAMES).copied().collect();
        for expression in tree.expressions() {
            // An expression that does not compile was reported when the tree was decoded.
            let Ok(names) = TemplateDialect::Scheme.names_in(expression) else {
                continue;
            };
            for name in names {
                self.check_name(&name, &known, expression);
            }
        }
        tree
    }

    fn check_name(&mut self, name: &str, known: &[&str], expression: &Expression) {
        let (root, member) = name
            .split_once('.')
            .map_or((name, None), |(root, member)| (root, Some(member)));
        if !known.contains(&root) {
            let diagnostic = Diagnostic::error(format!("`{name}` is not defined here"))
                .at(expression.at, "used here");
            self.diagnostics
                .push(diagnostic.maybe_hint(name_hint(root, known.iter().copied())));
        } else if member.is_some() && !["sent", "items"].contains(&root) {
            let diagnostic = Diagnostic::error(format!("`{root}` is a single value"))
                .at(expression.at, "it has no members");
            self.diagnostics
                .push(diagnostic.hint(format!("write `{{{{ {root} }}}}`")));
        }
    }
}

fn with_key(key: &'static str, keys: &[&'static str]) -> Vec<&'static str> {
    std::iter::once(key).chain(keys.iter().copied()).collect()
}

/// In one scheme a name means one resource, and a request belongs to one operation.
pub(super) fn check_resources(workspace: &Workspace, diagnostics: &mut Diagnostics) {
    let mut names: HashMap<(&str, &str), Span> = HashMap::new();
    let mut requests: HashMap<(&str, &str, &str), Span> = HashMap::new();
    for recording in &workspace.recordings {
        let scheme = recording.scheme.as_str();
        for resource in &recording.resources {
            if let Some(first) = names.insert((scheme, &resource.name), resource.at) {
                diagnostics.push(duplicate_resource(scheme, resource, first));
            }
            for operation in &resource.operations {
                let key = (scheme, operation.method.name(), operation.path.0.as_str());
                if let Some(first) = requests.insert(key, operation.at) {
                    let diagnostic = Diagnostic::error("two operations match the same request");
                    let diagnostic = diagnostic
                        .at(operation.at, "the second")
                        .at(first, "the first");
                    diagnostics
                        .push(diagnostic.hint("change the method or the path of one of them"));
                }
            }
        }
    }
}

fn duplicate_resource(scheme: &str, resource: &SandboxResource, first: Span) -> Diagnostic {
    Diagnostic::error(format!(
        "two resources of `{scheme}` are named `{}`",
        resource.name
    ))
    .at(resource.at, "the second")
    .at(first, "the first")
    .hint("rename one of them")
}
