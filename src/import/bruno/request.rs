//! One request of Bruno.

use super::super::collection::{
    CollectionAuth, CollectionBody, CollectionField, CollectionPart, CollectionPartContent,
    CollectionRequest, CollectionVariable, ForeignText,
};
use super::super::path_segments::with_segments;
use super::super::script::ScriptStage;
use super::blocks::{BruBlock, BruEntry, blocks};
use super::checks::{read_asserts, read_captures, read_script, short};
use super::{BruScope, foreign_text};
use crate::method::Method;
use crate::value::{self, Value};

/// The request of a file with its place in the order of its folder; `None` for a file without one.
pub(super) fn read(text: &str, place: &str, scope: &BruScope) -> Option<(i64, CollectionRequest)> {
    let (blocks, strays) = blocks(text);
    let (method, call) = blocks.iter().find_map(|block| {
        let method = Method::parse(&block.name.to_ascii_uppercase())?;
        Some((method, block.entries()))
    })?;
    let address = entry(&call, "url").unwrap_or_default();
    let mut request = CollectionRequest::new(place, method, ForeignText::default());
    let find = |name: &str| blocks.iter().find(|block| block.name == name);
    let meta = find("meta").map(BruBlock::entries).unwrap_or_default();
    entry(&meta, "name")
        .unwrap_or_default()
        .clone_into(&mut request.name);
    if let Some(kind) = entry(&meta, "type").filter(|kind| !matches!(*kind, "http" | "graphql")) {
        request.lose(format!("the type `{}`", short(kind)));
    }
    let order = entry(&meta, "seq").and_then(|text| text.parse().ok());
    request.folders.clone_from(&scope.folders);
    request.variables.clone_from(&scope.variables);
    read_address(
        &mut request,
        address,
        find("params:query").or(find("query")),
        find("params:path"),
    );
    request.headers.clone_from(&scope.headers);
    if let Some(block) = find("headers") {
        for field in block.entries().into_iter().map(field) {
            let is_other = |known: &CollectionField| !known.name.eq_ignore_ascii_case(&field.name);
            request.headers.retain(is_other);
            request.headers.push(field);
        }
    }
    let mode = entry(&call, "auth").unwrap_or("inherit");
    request.auth = match mode {
        "inherit" => scope.auth.clone(),
        mode => auth(mode, &blocks),
    };
    read_body(
        &mut request,
        entry(&call, "body").unwrap_or("none"),
        &blocks,
    );
    for block in &blocks {
        read_block(&mut request, block);
    }
    for line in strays {
        request.lose(format!("line {line} belongs to no block"));
    }
    Some((order.unwrap_or(i64::MAX), request))
}

pub(super) fn entry<'e>(entries: &'e [BruEntry], name: &str) -> Option<&'e str> {
    let mut entries = entries.iter();
    let found = entries.find(|entry| entry.name == name && !entry.is_disabled)?;
    Some(&found.value)
}

pub(super) fn field(entry: BruEntry) -> CollectionField {
    CollectionField {
        value: Some(foreign_text(&entry.value)),
        name: entry.name,
        is_disabled: entry.is_disabled,
        remark: None,
    }
}

/// Bruno writes the query twice: in the address, and as a table, which knows what is disabled.
fn read_address(
    request: &mut CollectionRequest,
    address: &str,
    query: Option<&BruBlock<'_>>,
    path: Option<&BruBlock<'_>>,
) {
    let mut address = address;
    if let Some(query) = query {
        request.query = query.entries().into_iter().map(field).collect();
        address = address
            .split_once('?')
            .map_or(address, |(before, _)| before);
    }
    let segments = path.map(BruBlock::entries).unwrap_or_default();
    let variables = segments.into_iter().map(|entry| {
        let value = Some(foreign_text(&entry.value)).filter(|value| !value.is_empty());
        CollectionVariable::new(entry.name, value)
    });
    request.variables.splice(0..0, variables);
    let address = address.replace("{{process.env.", "{{");
    request.address = with_segments(&address, &mut request.variables);
}

/// The parts that say something of themselves.
fn read_block(request: &mut CollectionRequest, block: &BruBlock<'_>) {
    match block.name {
        "docs" => request.description = Some(block.text()),
        "vars" | "vars:pre-request" => {
            let own = variables(block);
            request.variables.splice(0..0, own);
        }
        "vars:post-response" => read_captures(block, request),
        "assert" => read_asserts(block, request),
        "script:pre-request" => read_script(block, ScriptStage::BeforeRequest, request),
        "script:post-response" | "tests" => {
            read_script(block, ScriptStage::AfterResponse, request);
        }
        "settings" => {
            // Nothing else of them changes what is sent.
            let entries = block.entries();
            if entry(&entries, "encodeUrl") == Some("false") {
                request
                    .remarks
                    .push("Bruno sends its address unencoded".to_owned());
            }
        }
        "example" => request.lose("the saved response"),
        "meta" | "headers" | "query" | "params:query" | "params:path" => {}
        name if name.starts_with("body") || name.starts_with("auth") => {}
        name if Method::parse(&name.to_ascii_uppercase()).is_some() => {}
        name => request.lose(format!("the block `{}`", short(name))),
    }
}

pub(super) fn variables(block: &BruBlock<'_>) -> Vec<CollectionVariable> {
    let entries = block
        .entries()
        .into_iter()
        .filter(|entry| !entry.is_disabled);
    entries
        .map(|entry| {
            // `@name` is a variable of this request alone.
            let name = entry.name.trim_start_matches('@').to_owned();
            CollectionVariable::new(name, Some(foreign_text(&entry.value)))
        })
        .collect()
}

pub(super) fn auth(mode: &str, blocks: &[BruBlock<'_>]) -> CollectionAuth {
    let name = format!("auth:{mode}");
    let entries = blocks
        .iter()
        .find(|block| block.name == name)
        .map(BruBlock::entries)
        .unwrap_or_default();
    let text = |name: &str| entry(&entries, name).map(foreign_text);
    match mode {
        "none" | "inherit" => CollectionAuth::None,
        "bearer" => CollectionAuth::Bearer(
            text("token").unwrap_or_else(|| ForeignText::variable("bearer_token")),
        ),
        "basic" => CollectionAuth::Basic {
            user: text("username").unwrap_or_default(),
            password: text("password").unwrap_or_default(),
        },
        "apikey" => CollectionAuth::Key {
            name: entry(&entries, "key").unwrap_or("x-api-key").to_owned(),
            value: text("value").unwrap_or_else(|| ForeignText::variable("api_key")),
            is_in_query: entry(&entries, "placement") == Some("queryparams"),
        },
        other => CollectionAuth::Other(
            other
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(30)
                .collect(),
        ),
    }
}

fn read_body(request: &mut CollectionRequest, mode: &str, blocks: &[BruBlock<'_>]) {
    let find = |name: &str| blocks.iter().find(|block| block.name == name);
    let text = |name: &str, media_type: &str| {
        let text = find(name)
            .or(find("body"))
            .map(BruBlock::text)
            .unwrap_or_default();
        CollectionBody::Text {
            text: foreign_text(&text),
            media_type: Some(media_type.to_owned()),
        }
    };
    let entries = |name: &str| find(name).map(BruBlock::entries).unwrap_or_default();
    request.body = match mode {
        "none" => return,
        "json" => text("body:json", "application/json"),
        "text" => text("body:text", "text/plain"),
        "xml" => text("body:xml", "application/xml"),
        "sparql" => text("body:sparql", "application/sparql-query"),
        "graphql" => graphql(find("body:graphql"), find("body:graphql:vars")),
        "form-urlencoded" | "formUrlEncoded" => {
            let fields = entries("body:form-urlencoded").into_iter().map(field);
            CollectionBody::Form(fields.collect())
        }
        "multipart-form" | "multipartForm" => {
            let parts = entries("body:multipart-form").into_iter().map(part);
            CollectionBody::Multipart(parts.collect())
        }
        "file" => {
            let chosen = entries("body:file")
                .into_iter()
                .find(|entry| !entry.is_disabled);
            let value = chosen.map(|entry| entry.value).unwrap_or_default();
            CollectionBody::File(file_of(&value).0.unwrap_or_default())
        }
        other => {
            request.lose(format!("the body of the kind `{}`", short(other)));
            return;
        }
    };
}

/// The query and its variables as the JSON that is sent.
fn graphql(query: Option<&BruBlock<'_>>, variables: Option<&BruBlock<'_>>) -> CollectionBody {
    let query = query.map(BruBlock::text).unwrap_or_default();
    let variables = variables.map(BruBlock::text).unwrap_or_default();
    let variables = value::parse(variables.as_bytes()).unwrap_or(Value::Object(Vec::new()));
    let members = vec![
        ("query".into(), Value::from(query)),
        ("variables".into(), variables),
    ];
    CollectionBody::Text {
        text: foreign_text(&Value::Object(members).to_json()),
        media_type: Some("application/json".to_owned()),
    }
}

/// `@file(path) @contentType(type)`, or a text.
fn part(entry: BruEntry) -> CollectionPart {
    let (file, media_type) = file_of(&entry.value);
    let text = entry
        .value
        .split(" @contentType(")
        .next()
        .unwrap_or_default();
    CollectionPart {
        name: entry.name,
        content: match file {
            Some(path) => CollectionPartContent::File(path),
            None => CollectionPartContent::Text(foreign_text(text)),
        },
        filename: None,
        media_type,
        is_disabled: entry.is_disabled,
    }
}

/// The first file and the type that a value names.
fn file_of(value: &str) -> (Option<String>, Option<String>) {
    let inside = |mark: &str| {
        let (_, rest) = value.split_once(mark)?;
        let (inside, _) = rest.split_once(')')?;
        let first = inside.split('|').next().unwrap_or(inside);
        Some(first.trim().to_owned()).filter(|text| !text.is_empty())
    };
    (inside("@file("), inside("@contentType("))
}
