//! The body of an operation: its example, or a value for its schema.

use super::sample::Sampler;
use super::{DescriptionReader, text_of};
use crate::import::collection::{
    CollectionBody, CollectionField, CollectionPart, CollectionPartContent, CollectionRequest,
    ForeignText,
};
use crate::value::{self, Value};

impl<'v> DescriptionReader<'v> {
    pub(super) fn add_body(&mut self, operation: &'v Value, request: &mut CollectionRequest) {
        if self.is_first {
            self.add_first_body(operation, request);
            return;
        }
        let Some(body) = operation.get("requestBody") else {
            return;
        };
        let Some(body) = self.references.resolve(body) else {
            request.lose("the body: its reference is not in this file");
            return;
        };
        let content = body
            .get("content")
            .and_then(Value::as_object)
            .unwrap_or_default();
        let Some((kind, media)) = content.iter().min_by_key(|(kind, _)| preference(kind)) else {
            return;
        };
        if content.len() > 1 {
            let others: Vec<&str> = content
                .iter()
                .map(|(other, _)| other.as_str())
                .filter(|other| *other != kind.as_str())
                .collect();
            request
                .remarks
                .push(format!("It takes {}, too", others.join(", ")));
        }
        let Some(media) = self.references.resolve(media) else {
            return;
        };
        let schema = media.get("schema");
        let example = self.example_of(media);
        self.set_body(kind, schema, example, request);
    }

    /// `example`, or the first of `examples`.
    pub(super) fn example_of(&self, media: &'v Value) -> Option<&'v Value> {
        if let Some(example) = media.get("example").filter(|example| !example.is_null()) {
            return Some(example);
        }
        let examples = media.get("examples")?;
        let first = examples
            .as_object()
            .and_then(|list| list.first())
            .map(|(_, example)| example);
        let first = first.or_else(|| examples.as_list()?.first())?;
        let first = self.references.resolve(first)?;
        Some(first.get("value").unwrap_or(first)).filter(|value| !value.is_null())
    }

    fn set_body(
        &mut self,
        kind: &str,
        schema: Option<&'v Value>,
        example: Option<&'v Value>,
        request: &mut CollectionRequest,
    ) {
        let essence = kind
            .split(';')
            .next()
            .unwrap_or(kind)
            .trim()
            .to_ascii_lowercase();
        let is_json = essence.ends_with("json") || essence == "*/*" || essence.is_empty();
        if is_json {
            let Some(json) = example.cloned().or_else(|| self.schema_sample(schema)) else {
                request.lose("the body: it has neither an example nor a schema with a value");
                return;
            };
            // Some descriptions write the example as the text of JSON.
            let json = match json
                .as_str()
                .map(|text| value::parse(text.trim().as_bytes()))
            {
                Some(Ok(inner @ (Value::Object(_) | Value::List(_)))) => inner,
                _ => json,
            };
            if essence != "application/json" && essence != "*/*" && !essence.is_empty() {
                request.headers.push(CollectionField::new(
                    "content-type",
                    ForeignText::literal(kind),
                ));
            }
            request.body = CollectionBody::Json(json);
            return;
        }
        let value = || example.cloned();
        request.body = match essence.as_str() {
            "application/x-www-form-urlencoded" => {
                let value = value().or_else(|| self.schema_sample(schema));
                CollectionBody::Form(form_fields(value.as_ref()))
            }
            kind if kind.starts_with("multipart/") => {
                let value = value().or_else(|| self.schema_sample(schema));
                CollectionBody::Multipart(self.parts(schema, value.as_ref()))
            }
            _ => {
                let text = example
                    .map(|example| example.to_plain_text().unwrap_or_else(|| example.to_json()));
                let is_text = essence.starts_with("text/") || essence.ends_with("xml");
                match text {
                    Some(text) => CollectionBody::Text {
                        text: ForeignText::literal(text),
                        media_type: Some(kind.to_owned()),
                    },
                    None if is_text => {
                        request.lose(format!(
                            "the body of the type `{essence}`: it has no example"
                        ));
                        CollectionBody::None
                    }
                    None => {
                        request.headers.push(CollectionField::new(
                            "content-type",
                            ForeignText::literal(kind),
                        ));
                        CollectionBody::File(String::new())
                    }
                }
            }
        };
    }

    fn schema_sample(&mut self, schema: Option<&'v Value>) -> Option<Value> {
        let schema = self.references.resolve(schema?)?;
        let key = std::ptr::from_ref(schema);
        if let Some(known) = self.schema_samples.get(&key) {
            return Some(known.clone());
        }
        let value = Sampler::new(&self.references).sample(schema)?;
        self.schema_samples.insert(key, value.clone());
        Some(value)
    }

    fn parts(&self, schema: Option<&'v Value>, value: Option<&Value>) -> Vec<CollectionPart> {
        let schema = schema.and_then(|schema| self.references.resolve(schema));
        let properties = schema
            .and_then(|schema| schema.get("properties"))
            .and_then(Value::as_object)
            .unwrap_or_default();
        let is_file = |name: &str| {
            let property = properties.iter().find(|(known, _)| known == name);
            let property = property.and_then(|(_, property)| self.references.resolve(property));
            let is_binary = |one: &Value| {
                one.get("format").and_then(Value::as_str) == Some("binary")
                    || one.get("contentMediaType").is_some()
                    || one.get("type").and_then(Value::as_str) == Some("file")
            };
            property.is_some_and(|property| {
                is_binary(property)
                    || property
                        .get("items")
                        .and_then(|items| self.references.resolve(items))
                        .is_some_and(is_binary)
            })
        };
        let members = value.and_then(Value::as_object).unwrap_or_default();
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.extend(
            properties
                .iter()
                .map(|(name, _)| name.as_str())
                .filter(|name| is_file(name)),
        );
        names.sort_unstable_by_key(|name| properties.iter().position(|(known, _)| known == name));
        names.dedup();
        let parts = names.into_iter().map(|name| {
            let member = members
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value);
            let (content, media_type) = match member {
                _ if is_file(name) => (CollectionPartContent::File(String::new()), None),
                Some(value @ (Value::Object(_) | Value::List(_))) => (
                    CollectionPartContent::Text(ForeignText::literal(value.to_json())),
                    Some("application/json".to_owned()),
                ),
                Some(value) => (
                    CollectionPartContent::Text(ForeignText::literal(
                        value.to_plain_text().unwrap_or_default(),
                    )),
                    None,
                ),
                None => (CollectionPartContent::Text(ForeignText::default()), None),
            };
            CollectionPart {
                name: name.to_owned(),
                content,
                filename: None,
                media_type,
                is_disabled: false,
            }
        });
        parts.collect()
    }

    /// Swagger 2.0: parameters `in: body` and `in: formData`.
    fn add_first_body(&mut self, operation: &'v Value, request: &mut CollectionRequest) {
        let list = |value: &'v Value, key: &str| -> Vec<&'v str> {
            let list = value.get(key).and_then(Value::as_list).unwrap_or_default();
            list.iter().filter_map(Value::as_str).collect()
        };
        let mut kinds = list(operation, "consumes");
        if kinds.is_empty() {
            kinds = list(self.root, "consumes");
        }
        let parameters = self.parameters(&Value::Null, operation);
        let body = parameters
            .iter()
            .find(|one| one.get("in").and_then(Value::as_str) == Some("body"));
        if let Some(body) = body {
            let kind = kinds
                .iter()
                .min_by_key(|kind| preference(kind))
                .copied()
                .unwrap_or("application/json");
            let example = body.get("x-example").or_else(|| body.get("example"));
            self.set_body(kind, body.get("schema"), example, request);
            return;
        }
        let fields: Vec<&'v Value> = parameters
            .into_iter()
            .filter(|one| one.get("in").and_then(Value::as_str) == Some("formData"))
            .collect();
        if fields.is_empty() {
            return;
        }
        let is_file = |one: &Value| one.get("type").and_then(Value::as_str) == Some("file");
        let has_file = fields.iter().any(|one| is_file(one))
            || kinds.iter().any(|kind| kind.starts_with("multipart/"));
        let value = |one: &'v Value| {
            let value = super::sample::given_value(one);
            ForeignText::literal(
                value
                    .and_then(|value| value.to_plain_text())
                    .unwrap_or_default(),
            )
        };
        let is_optional = |one: &Value| one.get("required").and_then(Value::as_bool) != Some(true);
        if has_file {
            let parts = fields.iter().map(|one| CollectionPart {
                name: text_of(one, "name").unwrap_or_default(),
                content: if is_file(one) {
                    CollectionPartContent::File(String::new())
                } else {
                    CollectionPartContent::Text(value(one))
                },
                filename: None,
                media_type: None,
                is_disabled: is_optional(one),
            });
            request.body = CollectionBody::Multipart(parts.collect());
            return;
        }
        let fields = fields.iter().map(|one| CollectionField {
            is_disabled: is_optional(one),
            ..CollectionField::new(text_of(one, "name").unwrap_or_default(), value(one))
        });
        request.body = CollectionBody::Form(fields.collect());
    }
}

/// The media type that is taken where there are several.
fn preference(kind: &str) -> usize {
    let essence = kind
        .split(';')
        .next()
        .unwrap_or(kind)
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => 0,
        json if json.ends_with("+json") => 1,
        "text/json" => 2,
        "application/x-www-form-urlencoded" => 3,
        "multipart/form-data" => 4,
        xml if xml.ends_with("xml") => 5,
        text if text.starts_with("text/") => 6,
        "*/*" => 7,
        _ => 8,
    }
}

fn form_fields(value: Option<&Value>) -> Vec<CollectionField> {
    let members = value.and_then(Value::as_object).unwrap_or_default();
    let fields = members.iter().map(|(name, value)| {
        let text = value.to_plain_text().unwrap_or_else(|| value.to_json());
        CollectionField::new(name.as_str(), ForeignText::literal(text))
    });
    fields.collect()
}
