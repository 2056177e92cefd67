//! The body of a request as the key of a request file that a person would write: JSON as `json`
//! where it is JSON, text as it was typed where it is not.

use super::address::query_fields;
use super::credentials::{is_credential_name, is_flag};
use super::fields::field_entries;
use super::texts::RequestTexts;
use crate::import::{
    CollectionBody, CollectionField, CollectionPart, CollectionPartContent, CollectionRequest,
    ForeignText, has_mark,
};
use crate::request_file::{DocumentBody, DocumentEntry, DocumentRemark, TemplateSource};
use crate::value::{self, ObjectMember, Value};
use crate::xml::XmlDocument;

/// Deeper JSON stays text: a file is nested at most 64 levels deep.
const MAX_JSON_DEPTH: usize = 48;

/// The body, and what becomes of the content type.
pub(super) struct TakenBody {
    pub(super) body: DocumentBody,
    pub(super) content_type: ContentTypeChange,
    pub(super) losses: Vec<String>,
}

/// What a body does to the header `content-type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ContentTypeChange {
    Keep,
    /// It follows from the body.
    Drop,
    /// It is written where the request names none.
    Add(String),
}

impl TakenBody {
    fn new(body: DocumentBody, content_type: ContentTypeChange) -> Self {
        Self {
            body,
            content_type,
            losses: Vec::new(),
        }
    }
}

/// The body of a request; `content_type` is that of its headers.
pub(super) fn take_body(
    request: &CollectionRequest,
    content_type: Option<&str>,
    texts: &mut RequestTexts<'_, '_>,
) -> TakenBody {
    match &request.body {
        CollectionBody::None => TakenBody::new(DocumentBody::None, ContentTypeChange::Keep),
        CollectionBody::Json(value) => {
            let change = json_type(content_type);
            TakenBody::new(DocumentBody::Json(literal_json(value, texts)), change)
        }
        CollectionBody::Text { text, media_type } => text_body(
            text,
            content_type.or(media_type.as_deref()),
            media_type.as_deref(),
            texts,
        ),
        CollectionBody::Form(fields) => form_body(fields, texts),
        CollectionBody::Multipart(parts) => multipart_body(parts, texts),
        CollectionBody::File(path) => {
            let mut taken = TakenBody::new(
                DocumentBody::File(file_path("body", path, texts)),
                ContentTypeChange::Keep,
            );
            taken
                .losses
                .push("the file of the body: put it into `files/`".to_owned());
            taken
        }
    }
}

fn form_body(fields: &[CollectionField], texts: &mut RequestTexts<'_, '_>) -> TakenBody {
    let mut losses = Vec::new();
    let entries = field_entries(fields, texts, &mut losses);
    let is_empty = entries.is_empty();
    let body = if is_empty {
        DocumentBody::None
    } else {
        DocumentBody::Form(entries)
    };
    let mut taken = TakenBody::new(body, ContentTypeChange::Drop);
    taken.losses = losses;
    taken
}

/// Reads a text that says to be a form as its fields, so that those of a scheme are found in it.
/// Returns the text, if it was one.
pub(super) fn read_form(
    request: &mut CollectionRequest,
    content_type: Option<&str>,
) -> Option<CollectionBody> {
    let CollectionBody::Text { text, media_type } = &request.body else {
        return None;
    };
    let kind = content_type.or(media_type.as_deref()).map(essence)?;
    if kind != "application/x-www-form-urlencoded" {
        return None;
    }
    let text = text.as_literal().map_or(text.clone(), |text| {
        ForeignText::literal(text.replace(['\r', '\n'], ""))
    });
    let fields = query_fields(&text)
        .filter(|fields| !fields.is_empty() && fields.iter().all(|one| one.value.is_some()))?;
    Some(std::mem::replace(
        &mut request.body,
        CollectionBody::Form(fields),
    ))
}

fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The header that JSON gets by itself is left out.
fn json_type(content_type: Option<&str>) -> ContentTypeChange {
    match content_type.map(essence).as_deref() {
        None => ContentTypeChange::Keep,
        Some(kind) if kind == "application/json" || !kind.ends_with("json") => {
            ContentTypeChange::Drop
        }
        Some(_) => ContentTypeChange::Keep,
    }
}

fn text_body(
    text: &ForeignText,
    content_type: Option<&str>,
    default: Option<&str>,
    texts: &mut RequestTexts<'_, '_>,
) -> TakenBody {
    if text.as_literal().is_some_and(|text| text.trim().is_empty()) {
        return TakenBody::new(DocumentBody::None, ContentTypeChange::Keep);
    }
    let kind = content_type.map(essence).unwrap_or_default();
    let may_be_json = kind.is_empty() || kind.ends_with("json") || kind == "text/plain";
    if may_be_json && let Some(json) = json_body(text, texts) {
        let change = match kind.as_str() {
            "text/plain" if content_type.is_some() && default != content_type => {
                ContentTypeChange::Keep
            }
            "" | "application/json" | "text/plain" => ContentTypeChange::Drop,
            _ => ContentTypeChange::Keep,
        };
        return TakenBody::new(DocumentBody::Json(json), change);
    }
    if kind.starts_with("multipart/") {
        let mut taken = TakenBody::new(DocumentBody::None, ContentTypeChange::Drop);
        taken
            .losses
            .push("the parts of the body: they are malformed".to_owned());
        return taken;
    }
    let hidden = texts.hidden_within(text);
    let source = texts.source(&hidden);
    let is_xml = kind.ends_with("/xml") || kind.ends_with("+xml");
    let literal = source.as_literal().filter(|text| {
        !text.contains("encoding=") || text.to_ascii_lowercase().contains("encoding=\"utf-8\"")
    });
    if let Some(xml) = literal.filter(|text| is_xml && XmlDocument::parse(text).is_ok()) {
        let change = if kind == "application/xml" {
            ContentTypeChange::Drop
        } else {
            ContentTypeChange::Keep
        };
        let change = match (&change, content_type) {
            (ContentTypeChange::Keep, Some(kind)) => ContentTypeChange::Add(kind.to_owned()),
            _ => change,
        };
        return TakenBody::new(
            DocumentBody::Xml(TemplateSource::literal(xml).to_source()),
            change,
        );
    }
    let guessed = match source
        .as_literal()
        .unwrap_or_default()
        .trim_start()
        .chars()
        .next()
    {
        _ if !kind.is_empty() => content_type.unwrap_or_default(),
        Some('{' | '[') => "application/json",
        None => "application/json",
        _ => "text/plain",
    };
    TakenBody::new(
        DocumentBody::Text(source.to_source()),
        ContentTypeChange::Add(guessed.to_owned()),
    )
}

/// JSON whose variables all stand inside of its texts.
fn json_body(text: &ForeignText, texts: &mut RequestTexts<'_, '_>) -> Option<Value> {
    let marked = text.marked()?;
    let json = value::parse(marked.trim().as_bytes()).ok()?;
    if json.is_null() || depth(&json) > MAX_JSON_DEPTH || has_marked_name(&json) {
        return None;
    }
    Some(json_source(&json, text, texts))
}

pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => {
            1 + members
                .iter()
                .map(|(_, member)| depth(member))
                .max()
                .unwrap_or(0)
        }
        _ => 0,
    }
}

/// Names of members are never templates, and `<<` is none in YAML.
fn has_marked_name(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().any(has_marked_name),
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| has_mark(name) || name == "<<" || has_marked_name(member)),
        _ => false,
    }
}

fn json_source(json: &Value, whole: &ForeignText, texts: &mut RequestTexts<'_, '_>) -> Value {
    let mut source = |name: Option<&str>, value: &Value| match value {
        Value::String(text) => {
            let text = texts.hidden(name.unwrap_or_default(), &whole.unmark(text));
            Value::from(json_text(&text, texts))
        }
        Value::Null | Value::Bool(_) => value.clone(),
        number => match name {
            Some(name) if !is_flag(&number.to_text()) => {
                let label = texts.secret_label(name, &number.to_text());
                let source = format!("secret.{label}");
                texts.losses.push(format!(
                    "the number `{label}` is sent as text, because a credential is text"
                ));
                Value::from(TemplateSource::expression(source).to_source())
            }
            _ => number.clone(),
        },
    };
    map_scalars(json, None, &mut source)
}

/// The same JSON with another value in the place of each that is no list and no object; `map` gets
/// the name of a credential with those that stand under one.
pub(super) fn map_scalars(
    json: &Value,
    name: Option<&str>,
    map: &mut dyn FnMut(Option<&str>, &Value) -> Value,
) -> Value {
    match json {
        Value::List(items) => {
            let items = items.iter().map(|item| map_scalars(item, name, map));
            Value::List(items.collect())
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                let named = Some(name.as_str()).filter(|name| is_credential_name(name));
                (name.clone(), map_scalars(member, named, map))
            });
            Value::Object(members.collect::<Vec<ObjectMember>>())
        }
        scalar => map(name, scalar),
    }
}

/// A text of JSON. A variable that a script sets from a response can be a number, and a text is
/// wanted.
fn json_text(text: &ForeignText, texts: &mut RequestTexts<'_, '_>) -> String {
    let source = texts.source(text);
    let mut names = text.variables();
    let is_captured = names
        .next()
        .is_some_and(|name| texts.book.is_captured(name) && !texts.is_secret(name));
    match source.pieces() {
        [crate::request_file::SourcePiece::Expression(name)] if is_captured => {
            TemplateSource::expression(format!("{name} ~ ''")).to_source()
        }
        _ => source.to_source(),
    }
}

/// JSON that holds no variables.
pub(super) fn literal_json(value: &Value, texts: &mut RequestTexts<'_, '_>) -> Value {
    json_source(value, &ForeignText::default(), texts)
}

fn multipart_body(parts: &[CollectionPart], texts: &mut RequestTexts<'_, '_>) -> TakenBody {
    let mut losses = Vec::new();
    let mut entries = Vec::new();
    for part in parts {
        let mut members: Vec<ObjectMember> = Vec::new();
        match &part.content {
            CollectionPartContent::Text(text) => {
                let text = texts.named_source(&part.name, text).to_source();
                members.push(("text".into(), Value::from(text)));
            }
            CollectionPartContent::File(path) => {
                let path = file_path(&part.name, path, texts);
                members.push(("file".into(), Value::from(path)));
                if !part.is_disabled {
                    losses.push(format!(
                        "the file of the part `{}`: put it into `files/`",
                        part.name
                    ));
                }
            }
        }
        let filename = part.filename.as_ref().filter(|name| {
            !name.is_empty() && !name.contains(|letter: char| letter.is_control() || letter == '"')
        });
        if let Some(filename) = filename {
            members.push((
                "filename".into(),
                Value::from(TemplateSource::literal(filename.as_str()).to_source()),
            ));
        }
        let media_type = part.media_type.as_ref().filter(|kind| is_media_type(kind));
        if let Some(media_type) = media_type {
            members.push(("type".into(), Value::from(media_type.as_str())));
        }
        let value = match members.as_slice() {
            [(name, text)] if name == "text" => text.clone(),
            _ => Value::Object(members),
        };
        let mut entry = DocumentEntry::new(part.name.clone(), value);
        if part.is_disabled {
            entry.remark = DocumentRemark::LeftOut("disabled".to_owned());
        }
        entries.push(entry);
    }
    let body = if entries.is_empty() {
        DocumentBody::None
    } else {
        DocumentBody::Multipart(entries)
    };
    let mut taken = TakenBody::new(body, ContentTypeChange::Drop);
    taken.losses = losses;
    taken
}

fn is_media_type(text: &str) -> bool {
    let parts = text.split_once('/');
    parts.is_some_and(|(main, sub)| !main.is_empty() && !sub.is_empty())
        && !text.contains("{{")
        && !text.chars().any(char::is_control)
}

/// A path of the workspace. Where the file lay on another machine says nothing here, so its name is
/// a variable, and a request can be checked before the file is there.
fn file_path(part: &str, path: &str, texts: &mut RequestTexts<'_, '_>) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = if name.is_empty() || name.starts_with('.') || name.contains("{{") {
        "file.bin"
    } else {
        name
    };
    let variable = texts.add_variable(&format!("{part}_file"), name, "put this file into `files/`");
    format!("files/{{{{ {variable} }}}}")
}
