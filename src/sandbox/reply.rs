//! An answer of the sandbox, ready to be sent.

use super::NO_RECORDING;
use crate::model::scheme::Scheme;
use crate::recording::{Miss, missed};
use crate::value::Value;
use std::time::Duration;

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

/// A reply and its way to the one who asked.
#[derive(Debug)]
pub struct Delivery {
    /// So long it is held back.
    pub delay: Duration,
    pub arrives: Arrives,
}

#[derive(Debug)]
pub enum Arrives {
    Whole(Reply),
    /// With the length of the whole body, and half of it.
    Half(Reply),
    Nothing,
}

impl From<Reply> for Delivery {
    fn from(reply: Reply) -> Self {
        Self { delay: Duration::ZERO, arrives: Arrives::Whole(reply) }
    }
}

impl From<Result<Reply, Lost>> for Delivery {
    fn from(reply: Result<Reply, Lost>) -> Self {
        Self { delay: Duration::ZERO, arrives: reply.map_or(Arrives::Nothing, Arrives::Whole) }
    }
}

impl Reply {
    #[must_use]
    pub fn json(status: u16, value: &Value) -> Self {
        Self::of(status, "application/json;charset=UTF-8", value.to_json())
    }

    /// Our own words, where no marketplace has any.
    #[must_use]
    pub fn message(status: u16, message: impl Into<String>) -> Self {
        Self::json(status, &Value::Object(vec![("message".into(), Value::from(message.into()))]))
    }

    #[must_use]
    pub fn html(page: String) -> Self {
        Self::of(200, "text/html; charset=utf-8", page)
    }

    fn of(status: u16, media_type: &str, body: String) -> Self {
        Self { status, headers: vec![("content-type".to_owned(), media_type.to_owned())], body: body.into_bytes() }
    }
}

/// The request is right, and nothing is recorded for it, or nothing any more.
#[must_use]
pub fn not_recorded(scheme: &Scheme, miss: &Miss) -> Reply {
    let verified = if scheme.signs() { format!("the signature is right for `{}`, but ", scheme.name) } else { String::new() };
    let nearest = match miss {
        Miss::UsedUp { file } | Miss::Unknown { nearest: Some((file, _)) } => Some(file),
        Miss::Unknown { nearest: None } => None,
    };
    no_recording(format!("{verified}{}", missed(miss)), nearest)
}

/// The recorded answer cannot be given.
#[must_use]
pub fn broken(reason: &str) -> Reply {
    no_recording(reason.to_owned(), None)
}

fn no_recording(why: String, nearest: Option<&String>) -> Reply {
    let nearest = nearest.map_or(Value::Null, |file| Value::from(file.as_str()));
    let message = ("message".into(), Value::from(why));
    let mut reply = Reply::json(501, &Value::Object(vec![message, ("nearest".into(), nearest)]));
    reply.headers.push((NO_RECORDING.to_owned(), "true".to_owned()));
    reply
}
