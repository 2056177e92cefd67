//! The address of an item: one text, or its parts. The parts are what Postman sends; `raw` is what
//! its author typed.

use super::super::collection::{CollectionField, CollectionVariable, ForeignText};
use super::super::path_segments::with_segments;
use super::values::{plain_text, read_field, text_of};
use crate::value::Value;

pub(super) struct PostmanUrl {
    /// Without a query where that stands in parts.
    pub(super) address: ForeignText,
    pub(super) query: Vec<CollectionField>,
    /// Those of `:name` segments.
    pub(super) variables: Vec<CollectionVariable>,
}

pub(super) fn read(url: &Value) -> PostmanUrl {
    let mut variables = path_variables(url);
    if let Some(raw) = url.as_str() {
        let address = with_segments(raw, &mut variables);
        return PostmanUrl {
            address,
            query: Vec::new(),
            variables,
        };
    }
    let query = url.get("query").and_then(Value::as_list).map(|list| {
        let fields = list.iter().filter_map(read_field);
        // Postman decodes nothing: what is percent-encoded in a value stays so.
        fields.map(decoded_field).collect::<Vec<_>>()
    });
    let raw = text_of(url, "raw").filter(|raw| !raw.trim().is_empty());
    let parts = joined_parts(url);
    let text = match (&parts, raw) {
        (Some(parts), _) => parts.clone(),
        (None, Some(raw)) => raw,
        (None, None) => String::new(),
    };
    let text = match &query {
        Some(_) => text.split('?').next().unwrap_or_default().to_owned(),
        None => text,
    };
    PostmanUrl {
        address: with_segments(&text, &mut variables),
        query: query.unwrap_or_default(),
        variables,
    }
}

fn decoded_field(field: CollectionField) -> CollectionField {
    let value = field.value.map(|value| {
        value.map_literals(|text| {
            let bytes = percent_encoding::percent_decode_str(text);
            bytes
                .decode_utf8()
                .map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
        })
    });
    CollectionField { value, ..field }
}

fn path_variables(url: &Value) -> Vec<CollectionVariable> {
    let list = url
        .get("variable")
        .and_then(Value::as_list)
        .unwrap_or_default();
    let read = list.iter().filter_map(|one| {
        let name = text_of(one, "key").or_else(|| text_of(one, "id"))?;
        let text = one
            .get("value")
            .and_then(plain_text)
            .filter(|text| !text.is_empty());
        Some(CollectionVariable::new(
            name,
            text.as_deref().map(ForeignText::parse),
        ))
    });
    read.collect()
}

/// `protocol://host:port/path` of the parts.
fn joined_parts(url: &Value) -> Option<String> {
    let joined = |value: &Value, by: &str| -> Option<String> {
        match value {
            Value::List(parts) => {
                let parts = parts
                    .iter()
                    .filter_map(|part| plain_text(part.get("value").unwrap_or(part)));
                Some(parts.collect::<Vec<_>>().join(by))
            }
            Value::String(text) => Some(text.to_string()),
            _ => None,
        }
    };
    let host = url.get("host").and_then(|host| joined(host, "."))?;
    let mut out = match text_of(url, "protocol") {
        Some(protocol) if !host.contains("://") => {
            format!("{}://{host}", protocol.trim_end_matches("://"))
        }
        _ => host,
    };
    if let Some(port) = url
        .get("port")
        .and_then(plain_text)
        .filter(|port| !port.is_empty())
    {
        out.push_str(&format!(":{port}"));
    }
    if let Some(path) = url.get("path").and_then(|path| joined(path, "/")) {
        if !path.starts_with('/') {
            out.push('/');
        }
        out.push_str(&path);
    }
    Some(out)
}
