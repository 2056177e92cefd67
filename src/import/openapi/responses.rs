//! Examples of responses, for recordings. A response is never made up from a schema.

use super::DescriptionReader;
use crate::import::collection::{CollectionExample, CollectionRequest, ExampleBody};
use crate::value::Value;

/// So many examples of one operation are taken over.
const MAX_EXAMPLES: usize = 8;

impl<'v> DescriptionReader<'v> {
    pub(super) fn add_examples(&self, operation: &'v Value, request: &mut CollectionRequest) {
        let responses = operation
            .get("responses")
            .and_then(Value::as_object)
            .unwrap_or_default();
        for (code, response) in responses {
            let Some(status) = code
                .parse::<u16>()
                .ok()
                .filter(|status| (200..600).contains(status))
            else {
                continue;
            };
            let Some(response) = self.references.resolve(response) else {
                continue;
            };
            let media = if self.is_first {
                response.get("examples")
            } else {
                response.get("content")
            };
            for (kind, media) in media.and_then(Value::as_object).unwrap_or_default() {
                for (name, value) in self.response_examples(media) {
                    if request.examples.len() >= MAX_EXAMPLES {
                        return;
                    }
                    request.examples.push(CollectionExample {
                        name: format!("{status} {name}"),
                        status: Some(status),
                        headers: vec![("content-type".to_owned(), kind.to_string())],
                        body: example_body(kind, value),
                    });
                }
            }
        }
    }

    fn response_examples(&self, media: &'v Value) -> Vec<(&'v str, &'v Value)> {
        if self.is_first {
            return vec![("example", media)];
        }
        if let Some(example) = media.get("example").filter(|example| !example.is_null()) {
            return vec![("example", example)];
        }
        let examples = media
            .get("examples")
            .and_then(Value::as_object)
            .unwrap_or_default();
        let named = examples.iter().filter_map(|(name, example)| {
            let example = self.references.resolve(example)?;
            Some((name.as_str(), example.get("value")?))
        });
        let found: Vec<_> = named.collect();
        if !found.is_empty() {
            return found;
        }
        let schema = media
            .get("schema")
            .and_then(|schema| self.references.resolve(schema));
        let example = schema
            .and_then(|schema| schema.get("example"))
            .filter(|value| !value.is_null());
        example
            .map(|example| ("schema", example))
            .into_iter()
            .collect()
    }
}

/// The text of the example: the trees of all examples of a large file would take much memory.
fn example_body(kind: &str, value: &Value) -> ExampleBody {
    let is_json = kind.contains("json") || kind == "*/*";
    match value {
        Value::Null => ExampleBody::None,
        Value::String(text) if !is_json || text.trim_start().starts_with(['{', '[']) => {
            ExampleBody::Text(text.to_string())
        }
        value => ExampleBody::Text(value.to_json()),
    }
}
