//! The JSON documents that a text body is made of, so that the paths of `redact` see each of them:
//! a whole body, a line of NDJSON, the data of a server-sent event, the fields of a form.

use crate::value::{Value, parse};
use crate::wire::{join_form, parse_form};

/// A text body, taken apart.
pub(crate) enum TextBody {
    Json(Value),
    /// The fields of a form as the members of an object, so that `$.buyer` names one of them.
    Form(Value),
    /// Lines, some of which are JSON.
    Lines(Vec<TextLine>),
}

/// One line of a body with its line end, or the data lines of one event.
pub(crate) enum TextLine {
    Plain(String),
    Json {
        /// `data: `, where the line is one of an event stream.
        before: String,
        value: Value,
        after: String,
    },
}

/// A body that should be JSON is none, so that no path can be applied to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotJson;

impl TextBody {
    /// # Errors
    /// When the body says by its content type, or by the way it begins, that it is JSON, and is
    /// none.
    pub(crate) fn split(text: &str, content_type: Option<&str>) -> Result<Self, NotJson> {
        let kind = content_type.unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("application/x-www-form-urlencoded") {
            return Ok(Self::Form(form_object(text)));
        }
        if let Ok(value) = parse(text.as_bytes()) {
            return Ok(Self::Json(value));
        }
        let must_be_json = kind.contains("json") || begins_like_json(text);
        let is_stream = kind.starts_with("text/event-stream");
        let mut lines = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (line, len) = next_line(rest);
            let is_data = line.is_data();
            match line {
                TextLine::Plain(plain)
                    if !plain.trim().is_empty()
                        && (must_be_json
                            || is_stream && is_data && begins_like_json(data_of(&plain))) =>
                {
                    return Err(NotJson);
                }
                line => lines.push(line),
            }
            rest = &rest[len..];
        }
        Ok(Self::Lines(lines))
    }

    /// The text of a body that was taken apart.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Json(value) => value.to_json(),
            Self::Form(value) => join_form(&form_fields(value)),
            Self::Lines(lines) => lines.iter().map(TextLine::to_text).collect(),
        }
    }

    /// The same body with other documents.
    ///
    /// # Errors
    /// When `change` fails.
    pub(super) fn try_map<E>(
        self,
        change: &mut dyn FnMut(&Value) -> Result<Value, E>,
    ) -> Result<Self, E> {
        Ok(match self {
            Self::Json(value) => Self::Json(change(&value)?),
            Self::Form(value) => Self::Form(change(&value)?),
            Self::Lines(lines) => {
                let mut changed = Vec::with_capacity(lines.len());
                for line in lines {
                    changed.push(match line {
                        TextLine::Json {
                            before,
                            value,
                            after,
                        } => TextLine::Json {
                            before,
                            value: change(&value)?,
                            after,
                        },
                        plain @ TextLine::Plain(_) => plain,
                    });
                }
                Self::Lines(changed)
            }
        })
    }

    pub(crate) fn documents(&self) -> Vec<&Value> {
        match self {
            Self::Json(value) | Self::Form(value) => vec![value],
            Self::Lines(lines) => {
                let documents = lines.iter().filter_map(|line| match line {
                    TextLine::Json { value, .. } => Some(value),
                    TextLine::Plain(_) => None,
                });
                documents.collect()
            }
        }
    }
}

impl TextLine {
    fn is_data(&self) -> bool {
        matches!(self, Self::Plain(text) if text.starts_with("data:"))
    }

    fn to_text(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Json {
                before,
                value,
                after,
            } => format!("{before}{}{after}", value.to_json()),
        }
    }
}

/// The JSON in a text that is a string of a document: an order is often sent in one.
pub(super) fn nested_json(text: &str) -> Option<Value> {
    if !begins_like_json(text) {
        return None;
    }
    parse(text.as_bytes())
        .ok()
        .filter(|value| matches!(value, Value::Object(_) | Value::List(_)))
}

/// Whether a text begins as an object or list does. `[ERROR] no such order` does not.
pub(super) fn begins_like_json(text: &str) -> bool {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if text.starts_with('{') {
        return true;
    }
    text.strip_prefix('[')
        .is_some_and(|rest| rest.trim_start().starts_with(['{', '[', '"', ']']))
}

fn data_of(line: &str) -> &str {
    line.strip_prefix("data:").unwrap_or(line)
}

/// The first line of a text, or all data lines of the event that it begins with, and its length.
fn next_line(text: &str) -> (TextLine, usize) {
    let len = line_len(text);
    let (content, end) = split_line_end(&text[..len]);
    if let Some(line) = json_line(content, end) {
        return (line, len);
    }
    // The data of one event can stand in several lines (WHATWG, server-sent events).
    let (mut data, mut all) = (String::new(), 0);
    while text[all..].starts_with("data:") {
        let next = line_len(&text[all..]);
        let (content, _) = split_line_end(&text[all..all + next]);
        data.push_str(data_of(content));
        data.push('\n');
        all += next;
    }
    match nested_json(&data) {
        Some(value) if all > len => {
            let line = TextLine::Json {
                before: "data: ".to_owned(),
                value,
                after: "\n".to_owned(),
            };
            (line, all)
        }
        _ => (TextLine::Plain(text[..len].to_owned()), len),
    }
}

fn json_line(content: &str, end: &str) -> Option<TextLine> {
    let data = data_of(content);
    let value = nested_json(data)?;
    let blanks = data.len() - data.trim_start().len();
    Some(TextLine::Json {
        before: content[..content.len() - data.len() + blanks].to_owned(),
        value,
        after: end.to_owned(),
    })
}

fn line_len(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

fn split_line_end(line: &str) -> (&str, &str) {
    line.split_at(line.trim_end_matches(['\r', '\n']).len())
}

fn form_object(text: &str) -> Value {
    let fields = parse_form(text).into_iter();
    Value::Object(
        fields
            .map(|(name, value)| (name.into(), Value::from(value)))
            .collect(),
    )
}

fn form_fields(value: &Value) -> Vec<(String, String)> {
    let Value::Object(members) = value else {
        return Vec::new();
    };
    // Every member was made of a field, and a replacement is a text or a number.
    members
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_plain_text()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(text: &str, kind: Option<&str>) -> Result<Vec<String>, NotJson> {
        let body = TextBody::split(text, kind)?;
        Ok(body.documents().into_iter().map(Value::to_json).collect())
    }

    #[test]
    fn every_form_of_a_body_gives_its_documents() {
        let cases = [
            ("{ \"a\": 1 }\n", None, vec![r#"{"a":1}"#]),
            (
                "{\"a\":1}\n{\"a\":2}\r\n",
                None,
                vec![r#"{"a":1}"#, r#"{"a":2}"#],
            ),
            (
                "id: 7\ndata: {\"a\":1}\n\ndata: {\"a\":\ndata: 2}\n\n",
                Some("text/event-stream"),
                vec![r#"{"a":1}"#, r#"{"a":2}"#],
            ),
            (
                "a=1&b=%ED%95%9C+x",
                Some("application/x-www-form-urlencoded; charset=utf-8"),
                vec![r#"{"a":"1","b":"한 x"}"#],
            ),
            (
                "<p>\n{\"a\":1}\n{not}\n</p>",
                Some("text/html"),
                vec![r#"{"a":1}"#],
            ),
            ("[ERROR] no order", None, vec![]),
        ];
        for (text, kind, wanted) in cases {
            assert_eq!(documents(text, kind).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn what_should_be_json_and_is_not_has_no_documents() {
        for (text, kind) in [
            ("{\"a\":", None),
            ("{\"a\":1}\n{\"a\":", None),
            ("Internal error", Some("application/json")),
            ("data: {\"a\":\n\n", Some("text/event-stream")),
            ("\u{feff}[{\"a\":1},", None),
        ] {
            assert_eq!(documents(text, kind), Err(NotJson), "{text}");
        }
    }

    #[test]
    fn a_body_that_is_put_together_again_is_the_same() {
        for (text, kind) in [
            ("{\"a\":1}\n\n{\"a\":2}\r\n", None),
            ("id: 7\ndata: {\"a\":1}\n\nx", Some("text/event-stream")),
            (
                "a=1&b=%ED%95%9C+x",
                Some("application/x-www-form-urlencoded"),
            ),
        ] {
            assert_eq!(TextBody::split(text, kind).unwrap().to_text(), text);
        }
    }
}
