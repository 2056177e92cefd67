//! A request that is rendered and not signed yet.

use super::encode::{join_form, parse_form};
use super::url::BaseUrl;
use crate::method::Method;
use crate::value::Value;
use bytes::Bytes;

/// Names and values are still pairs, and nothing of the scheme has been added.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Where an address of a response leads, in place of the host of scheme and environment.
    pub external: Option<BaseUrl>,
    pub method: Method,
    /// Below the base path of the host; encoded, without the query.
    pub path: String,
    /// The part after `?` in the path line; encoded, and kept as it is.
    pub raw_query: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: DraftBody,
}

/// Another path and query for a request, in place of those that its file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestTarget {
    /// Below the base path of the host; encoded.
    pub(crate) path: String,
    /// Encoded, without `?`.
    pub(crate) query: String,
}

impl Draft {
    /// Every parameter of the query, decoded.
    #[must_use]
    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        let mut pairs = parse_form(&self.raw_query);
        pairs.extend(self.query.iter().cloned());
        pairs
    }

    /// The same request for another target.
    #[must_use]
    pub(crate) fn with_target(self, target: &RequestTarget) -> Self {
        Self {
            path: target.path.clone(),
            raw_query: target.query.clone(),
            query: Vec::new(),
            ..self
        }
    }

    /// The `content-type` that is added because the request names none.
    #[must_use]
    pub fn added_media_type(&self) -> Option<String> {
        if self.headers.iter().any(|(name, _)| name == "content-type") {
            return None;
        }
        // The signature of an address can cover this header, and then one that its maker did not
        // mean is refused. Parts and JSON are not understood without it.
        let is_raw = matches!(self.body, DraftBody::Text(_) | DraftBody::Bytes(_));
        self.body
            .media_type()
            .filter(|_| self.external.is_none() || !is_raw)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum DraftBody {
    #[default]
    None,
    Json(Value),
    Form(Vec<(String, String)>),
    Multipart {
        parts: Vec<DraftPart>,
        boundary: String,
    },
    Text(String),
    /// Text in an encoding that its media type names.
    Encoded {
        text: String,
        bytes: Bytes,
        media_type: String,
    },
    Bytes(Bytes),
}

impl DraftBody {
    /// As scheme templates call it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Json(_) => "json",
            Self::Form(_) => "form",
            Self::Multipart { .. } => "multipart",
            Self::Text(_) | Self::Encoded { .. } | Self::Bytes(_) => "text",
        }
    }

    /// The `content-type` to send if the request does not set one.
    #[must_use]
    pub fn media_type(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Json(_) => Some("application/json".to_owned()),
            Self::Form(_) => Some("application/x-www-form-urlencoded".to_owned()),
            Self::Multipart { boundary, .. } => {
                Some(format!("multipart/form-data; boundary={boundary}"))
            }
            Self::Text(_) => Some("text/plain; charset=utf-8".to_owned()),
            Self::Encoded { media_type, .. } => Some(media_type.clone()),
            Self::Bytes(_) => Some("application/octet-stream".to_owned()),
        }
    }

    /// The bytes, serialised once.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::Json(value) => value.to_json().into(),
            Self::Form(pairs) => join_form(pairs).into(),
            Self::Multipart { parts, boundary } => multipart_bytes(parts, boundary),
            Self::Text(text) => text.clone().into(),
            Self::Encoded { bytes, .. } | Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// One part of a multipart body.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftPart {
    pub name: String,
    /// With one, the part is a file to those who receive it.
    pub filename: Option<String>,
    pub media_type: Option<String>,
    pub content: Bytes,
}

/// The headers of a part, without the blank line that ends them.
fn part_head(part: &DraftPart) -> String {
    let name = quoted_name(&part.name);
    let mut head = format!("Content-Disposition: form-data; name=\"{name}\"");
    if let Some(filename) = &part.filename {
        head.push_str(&format!("; filename=\"{}\"", quoted_name(filename)));
    }
    if let Some(media_type) = &part.media_type {
        head.push_str(&format!("\r\nContent-Type: {media_type}"));
    }
    head
}

fn quoted_name(name: &str) -> String {
    // RFC 7578, section 2 offers percent-encoding, and browsers encode these three. Without it, a
    // name with a line end could add a header to the part.
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// RFC 7578; quotes and line ends in names are written as browsers do.
fn multipart_bytes(parts: &[DraftPart], boundary: &str) -> Bytes {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(format!("--{boundary}\r\n{}", part_head(part)).as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(&part.content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out.into()
}
