//! An answer of the sandbox, ready to be sent.

use super::NO_RECORDING;
use super::answers::Miss;
use crate::model::scheme::Scheme;
use crate::value::Value;

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The answer is lost on its way: the connection ends without a byte of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this answer is lost, as it was asked for")]
pub struct Lost;

impl Reply {
    #[must_use]
    pub fn json(status: u16, value: &Value) -> Self {
        Self::of(status, "application/json;charset=UTF-8", value.to_json())
    }

    /// Our own words, where no marketplace has any.
    #[must_use]
    pub fn message(status: u16, message: impl Into<String>) -> Self {
        Self::json(status, &Value::Object(vec![("message".to_owned(), Value::from(message.into()))]))
    }

    #[must_use]
    pub fn html(page: String) -> Self {
        Self::of(200, "text/html; charset=utf-8", page)
    }

    fn of(status: u16, media_type: &str, body: String) -> Self {
        Self { status, headers: vec![("content-type".to_owned(), media_type.to_owned())], body: body.into_bytes() }
    }
}

/// The request is right, and nothing is recorded for it.
#[must_use]
pub fn not_recorded(scheme: &Scheme, miss: &Miss) -> Reply {
    let verified = if scheme.signs() { format!("the signature is right for `{}`, but ", scheme.name) } else { String::new() };
    let mut message = format!("{verified}no file in fixtures/recordings answers this request");
    let nearest = match &miss.nearest {
        Some((file, differs)) => {
            message.push_str(&format!(
                "; the nearest is fixtures/recordings/{file}.yaml, and it differs in: {}",
                differs.join("; ")
            ));
            Value::from(file.as_str())
        }
        None => Value::Null,
    };
    let mut reply =
        Reply::json(501, &Value::Object(vec![("message".to_owned(), message.into()), ("nearest".to_owned(), nearest)]));
    reply.headers.push((NO_RECORDING.to_owned(), "true".to_owned()));
    reply
}
