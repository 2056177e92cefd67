//! The point from which a request does not change: the query text is built and the body serialised,
//! once.

use crate::model::scheme::RequestPart;
use crate::value::{ObjectMember, Value};
use crate::wire::{BaseUrl, Draft, DraftBody, encode_strict, join_form, join_query};
use bytes::Bytes;

/// A draft whose query and body have their final bytes; attaching adds behind them.
#[derive(Clone)]
pub(crate) struct FrozenRequest {
    pub(crate) draft: Draft,
    pub(crate) base: BaseUrl,
    /// As sent, without `?`.
    pub(crate) query: String,
    pub(crate) body: Bytes,
}

impl FrozenRequest {
    /// With the body as another program wrote it, if there is one.
    pub(super) fn new(draft: Draft, written: Option<&Bytes>, base: BaseUrl) -> Self {
        // What the author wrote behind `?` is kept to the byte, since a signed URL from a partner
        // or a documented example may spell it in its own way. Only pairs from `query` are encoded.
        let mut query = draft.raw_query.clone();
        if !draft.query.is_empty() {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(&join_query(&draft.query));
        }
        let body = written.map_or_else(|| draft.body.to_bytes(), Bytes::clone);
        Self {
            draft,
            base,
            query,
            body,
        }
    }

    /// The path as it stands in the request line.
    pub(crate) fn full_path(&self) -> String {
        format!("{}{}", self.base.path(), self.draft.path)
    }

    /// Path and query, as in the request line.
    pub(crate) fn target(&self) -> String {
        let path = self.full_path();
        // An HTTP client sends `/` for an empty path (RFC 9112, section 3.2.1), so it is signed so.
        let path = if path.is_empty() {
            "/".to_owned()
        } else {
            path
        };
        if self.query.is_empty() {
            path
        } else {
            format!("{path}?{}", self.query)
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.base.origin(), self.target())
    }

    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        self.draft.query_pairs()
    }

    pub(crate) fn form_pairs(&self) -> Vec<(String, String)> {
        if let DraftBody::Form(pairs) = &self.draft.body {
            pairs.clone()
        } else {
            Vec::new()
        }
    }

    /// The parts of a multipart body that are text and no file.
    pub(super) fn multipart_pairs(&self) -> Vec<(String, String)> {
        let DraftBody::Multipart { parts, .. } = &self.draft.body else {
            return Vec::new();
        };
        parts
            .iter()
            .filter(|part| part.filename.is_none())
            .filter_map(|part| {
                let text = std::str::from_utf8(&part.content).ok()?;
                Some((part.name.clone(), text.to_owned()))
            })
            .collect()
    }

    /// The top level of a JSON body; nested values are compact JSON.
    pub(crate) fn json_pairs(&self) -> Vec<(String, String)> {
        let DraftBody::Json(Value::Object(members)) = &self.draft.body else {
            return Vec::new();
        };
        members
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_text()))
            .collect()
    }

    /// Adds one value behind what is frozen.
    pub(super) fn attach(
        &mut self,
        part: RequestPart,
        name: &str,
        value: Value,
    ) -> Result<(), MisplacedValue> {
        match part {
            // Behind the frozen text and never inside it: the text before has been signed.
            RequestPart::Query => {
                let separator = if self.query.is_empty() { "" } else { "&" };
                self.query.push_str(&format!(
                    "{separator}{}={}",
                    encode_strict(name),
                    encode_strict(&value.to_text())
                ));
            }
            RequestPart::Header => set_header(&mut self.draft.headers, name, value.to_text()),
            RequestPart::Form => {
                if !matches!(self.draft.body, DraftBody::Form(_)) {
                    return Err(MisplacedValue::new(part, name, &self.draft.body));
                }
                let pair = join_form(&[(name.to_owned(), value.to_text())]);
                let separator = if self.body.is_empty() { "" } else { "&" };
                self.body = [self.body.as_ref(), separator.as_bytes(), pair.as_bytes()]
                    .concat()
                    .into();
            }
            // The whole body is serialised again. Members before the new one keep their order and
            // every digit. A step that signed the body by then signed other bytes: `lint` reports
            // it.
            RequestPart::Json => match &mut self.draft.body {
                DraftBody::Json(Value::Object(members)) => {
                    set_member(members, name, value);
                    self.body = self.draft.body.to_bytes();
                }
                body => return Err(MisplacedValue::new(part, name, body)),
            },
        }
        Ok(())
    }
}

/// A scheme puts a value into a body that has no place for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the scheme adds `{name}` to a {part} body, but this request has a different kind of body ({body})"
)]
pub struct MisplacedValue {
    name: String,
    part: &'static str,
    body: &'static str,
}

impl MisplacedValue {
    fn new(part: RequestPart, name: &str, body: &DraftBody) -> Self {
        Self {
            name: name.to_owned(),
            part: part.name(),
            body: body.kind(),
        }
    }
}

/// What the scheme says of a member stands, whatever the request said.
fn set_member(members: &mut Vec<ObjectMember>, name: &str, value: Value) {
    members.retain(|(known, _)| known != name);
    members.push((name.into(), value));
}

/// Adds one value before anything is frozen.
pub(super) fn prepare(
    draft: &mut Draft,
    part: RequestPart,
    name: &str,
    value: Value,
) -> Result<(), MisplacedValue> {
    let can_have_body = draft.method.usually_has_body();
    match part {
        RequestPart::Query => draft.query.push((name.to_owned(), value.to_text())),
        RequestPart::Header => set_header(&mut draft.headers, name, value.to_text()),
        RequestPart::Form => match &mut draft.body {
            DraftBody::Form(pairs) => pairs.push((name.to_owned(), value.to_text())),
            body @ DraftBody::None if can_have_body => {
                *body = DraftBody::Form(vec![(name.to_owned(), value.to_text())]);
            }
            body => return Err(MisplacedValue::new(part, name, body)),
        },
        RequestPart::Json => match &mut draft.body {
            DraftBody::Json(Value::Object(members)) => set_member(members, name, value),
            body @ DraftBody::None if can_have_body => {
                *body = DraftBody::Json(Value::Object(vec![(name.into(), value)]));
            }
            body => return Err(MisplacedValue::new(part, name, body)),
        },
    }
    Ok(())
}

/// What the scheme says of a header stands, whatever the request said.
fn set_header(headers: &mut Vec<(String, String)>, name: &str, value: String) {
    let name = name.to_ascii_lowercase();
    headers.retain(|(known, _)| *known != name);
    headers.push((name, value));
}
