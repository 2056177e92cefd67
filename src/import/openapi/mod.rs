//! `OpenAPI` 3.0 and 3.1, and Swagger 2.0: one request for each operation. Values come from the
//! examples and defaults of the description; what has none is a variable without a value. Optional
//! parameters are comments: a request that sends all of them is one that nobody means.

mod body;
mod parameters;
mod references;
mod responses;
mod sample;
mod security;

use super::collection::{
    CollectionRequest, CollectionVariable, ForeignPiece, ForeignText, ImportLoss,
    ImportedCollection,
};
use super::import_error::ImportError;
use crate::method::Method;
use crate::value::Value;
use references::References;
use std::collections::HashMap;

/// Whether a value is such a description.
pub(super) fn is_description(value: &Value) -> bool {
    value.get("openapi").is_some()
        || value.get("swagger").is_some()
        || (value
            .get("paths")
            .is_some_and(|paths| paths.as_object().is_some())
            && value.get("info").is_some())
}

/// # Errors
/// When it is of another version.
pub(super) fn read(root: &Value) -> Result<ImportedCollection, ImportError> {
    let version = root
        .get("openapi")
        .or_else(|| root.get("swagger"))
        .and_then(Value::to_plain_text);
    let version = version.unwrap_or_else(|| "3.0".to_owned());
    let is_first = version.starts_with('2');
    if !is_first && !version.starts_with('3') {
        let shown: String = version
            .chars()
            .filter(|letter| letter.is_ascii_digit() || *letter == '.')
            .take(12)
            .collect();
        return Err(
            ImportError::new(format!("OpenAPI {shown} is not supported"))
                .hint("ingam supports 3.0, 3.1 and Swagger 2.0"),
        );
    }
    let reader = DescriptionReader {
        root,
        is_first,
        references: References::new(root),
        collection: ImportedCollection::default(),
        schema_samples: HashMap::new(),
    };
    Ok(reader.read())
}

pub(super) struct DescriptionReader<'v> {
    root: &'v Value,
    /// Swagger 2.0.
    is_first: bool,
    references: References<'v>,
    collection: ImportedCollection,
    /// Bodies that were made of schemas, by place of the schema.
    schema_samples: HashMap<*const Value, Value>,
}

impl<'v> DescriptionReader<'v> {
    fn read(mut self) -> ImportedCollection {
        let info = self.root.get("info");
        self.collection.title = info.and_then(|info| text_of(info, "title"));
        self.add_server_notes();
        let paths = self
            .root
            .get("paths")
            .and_then(Value::as_object)
            .unwrap_or_default();
        for (path, item) in paths {
            let Some(item) = self.references.resolve(item) else {
                self.lose(
                    format!("paths.{path}"),
                    "the path: its reference is not in this file",
                );
                continue;
            };
            self.read_path(path, item);
        }
        for key in ["webhooks", "x-webhooks"] {
            let count = self
                .root
                .get(key)
                .and_then(Value::as_object)
                .map_or(0, <[_]>::len);
            if count > 0 {
                self.lose(
                    key.to_owned(),
                    &format!("{count} webhooks: they are sent to you"),
                );
            }
        }
        for external in self.references.external() {
            self.lose(
                "$ref".to_owned(),
                &format!("the reference `{external}`: ingam reads only this file"),
            );
        }
        self.collection
    }

    fn lose(&mut self, place: String, what: &str) {
        self.collection.losses.push(ImportLoss {
            place,
            what: what.to_owned(),
        });
    }

    fn read_path(&mut self, path: &str, item: &'v Value) {
        let Some(members) = item.as_object() else {
            return;
        };
        for (key, operation) in members {
            let name = key.to_ascii_uppercase();
            if name == "TRACE" || name == "QUERY" {
                self.lose(
                    format!("paths.{path}.{key}"),
                    "the operation: ingam does not support its method",
                );
            }
            let Some(method) =
                Method::parse(&name).filter(|_| key.as_str() == key.to_ascii_lowercase())
            else {
                continue;
            };
            let Some(operation) = self
                .references
                .resolve(operation)
                .filter(|one| one.as_object().is_some())
            else {
                continue;
            };
            let request = self.read_operation(path, item, method, operation);
            self.collection.requests.push(request);
        }
    }

    fn read_operation(
        &mut self,
        path: &str,
        item: &'v Value,
        method: Method,
        operation: &'v Value,
    ) -> CollectionRequest {
        let mut variables = Vec::new();
        let mut address = self.server(item, operation, &mut variables);
        if !path.starts_with('/') {
            address.push_literal("/");
        }
        address.extend(templated(path));
        let place = format!("{} {path}", method.name());
        let mut request = CollectionRequest::new(place, method, address);
        request.variables = variables;
        request.name = text_of(operation, "operationId")
            .or_else(|| text_of(operation, "summary").filter(|text| text.len() < 80))
            .unwrap_or_default();
        request.description =
            text_of(operation, "summary").or_else(|| text_of(operation, "description"));
        let tags = operation
            .get("tags")
            .and_then(Value::as_list)
            .unwrap_or_default();
        request
            .folders
            .extend(tags.first().and_then(Value::as_str).map(str::to_owned));
        if operation.get("deprecated").and_then(Value::as_bool) == Some(true) {
            request.remarks.push("Deprecated".to_owned());
        }
        if operation.get("callbacks").is_some() {
            request.lose("the callbacks: they are sent to you");
        }
        self.add_parameters(item, operation, &mut request);
        add_path_variables(path, &mut request);
        self.add_security(operation, &mut request);
        self.add_body(operation, &mut request);
        self.add_examples(operation, &mut request);
        request
    }

    fn server(
        &mut self,
        item: &'v Value,
        operation: &'v Value,
        variables: &mut Vec<CollectionVariable>,
    ) -> ForeignText {
        if self.is_first {
            return self.first_server();
        }
        let first = |value: &'v Value| value.get("servers").and_then(Value::as_list)?.first();
        let Some(server) = first(operation)
            .or_else(|| first(item))
            .or_else(|| first(self.root))
        else {
            return ForeignText::default();
        };
        let url = text_of(server, "url").unwrap_or_default();
        let named = server
            .get("variables")
            .and_then(Value::as_object)
            .unwrap_or_default();
        for (name, variable) in named {
            let value = variable.get("default").and_then(Value::to_plain_text);
            let mut read = CollectionVariable::new(name.as_str(), value.map(ForeignText::literal));
            let choices = variable
                .get("enum")
                .and_then(Value::as_list)
                .unwrap_or_default();
            read.remark = choices_remark(choices);
            variables.push(read);
        }
        templated(url.trim_end_matches('/'))
    }

    /// Swagger 2.0: protocol, host and base path.
    fn first_server(&self) -> ForeignText {
        let base = text_of(self.root, "basePath").unwrap_or_default();
        let base = base.trim_end_matches('/');
        let Some(host) = text_of(self.root, "host").filter(|host| !host.is_empty()) else {
            return templated(base);
        };
        let schemes = self
            .root
            .get("schemes")
            .and_then(Value::as_list)
            .unwrap_or_default();
        let protocols: Vec<&str> = schemes.iter().filter_map(Value::as_str).collect();
        let protocol = if protocols.is_empty() || protocols.contains(&"https") {
            "https"
        } else {
            "http"
        };
        let slash = if base.is_empty() || base.starts_with('/') {
            ""
        } else {
            "/"
        };
        templated(&format!("{protocol}://{host}{slash}{base}"))
    }

    fn add_server_notes(&mut self) {
        let servers = self
            .root
            .get("servers")
            .and_then(Value::as_list)
            .unwrap_or_default();
        let urls = servers
            .iter()
            .skip(1)
            .filter_map(|server| text_of(server, "url"));
        let urls: Vec<String> = urls.take(12).collect();
        if !urls.is_empty() {
            let what = format!(
                "the other servers: {}; add them under `envs` in ingam.yaml",
                urls.join(", ")
            );
            self.lose("servers".to_owned(), &what);
        }
    }
}

pub(super) fn text_of(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// The values of an `enum`, for a comment.
fn choices_remark(choices: &[Value]) -> Option<String> {
    let texts: Vec<String> = choices
        .iter()
        .filter_map(Value::to_plain_text)
        .take(8)
        .collect();
    if texts.len() < 2 {
        return None;
    }
    let more = if choices.len() > texts.len() {
        ", …"
    } else {
        ""
    };
    Some(format!("one of {}{more}", texts.join(", ")))
}

/// `{name}` as a variable.
fn templated(text: &str) -> ForeignText {
    let mut out = ForeignText::default();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((name, after)) = behind.split_once('}') else {
            break;
        };
        out.push_literal(before);
        // RFC 6570 has signs before a name and `*` behind it.
        let name = name
            .trim_start_matches(['{', '+', '#', '?', '&', '.', '/', ';', '$'])
            .trim_end_matches('*');
        if name.is_empty() {
            out.push_literal("{}");
        } else {
            out.push(ForeignPiece::Variable(name.to_owned()));
        }
        rest = after;
    }
    out.push_literal(rest);
    out
}

/// Names in the path that no parameter explains.
fn add_path_variables(path: &str, request: &mut CollectionRequest) {
    for name in templated(path).variables() {
        if !request.variables.iter().any(|known| known.name == name) {
            request.variables.push(CollectionVariable::new(name, None));
        }
    }
}
