//! What `as` makes of a value before predicates or a capture look at it. Plain data; `conversion`
//! converts.

use crate::calendar::Zone;
use crate::jsonpath::JsonPath;
use crate::span::Span;
use std::fmt;

/// One conversion of a list, and where it is written.
#[derive(Clone, Debug)]
pub struct Conversion {
    pub(crate) at: Span,
    pub(crate) kind: ConversionKind,
}

#[derive(Clone, Debug)]
pub(crate) enum ConversionKind {
    Number,
    Integer,
    Text,
    Json,
    Base64,
    Base64Url,
    /// `{ header, claims }`; the signature is not verified.
    Jwt,
    Date(DateReading),
    /// Goes on inside of the converted value.
    Path(JsonPath),
}

/// How `as: date` reads a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct DateReading {
    /// A strftime format; without one RFC 3339 text, a date, or a Unix number.
    pub(crate) format: Option<String>,
    /// The zone of a time that names none, on both sides of a comparison.
    pub(crate) zone: Option<Zone>,
}

impl Conversion {
    /// Whether it reads a token, which is a secret.
    pub(crate) fn reads_token(&self) -> bool {
        matches!(self.kind, ConversionKind::Jwt)
    }
}

impl fmt::Display for ConversionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Text => "text",
            Self::Json => "json",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::Jwt => "jwt",
            Self::Date(_) => "date",
            Self::Path(path) => path.as_str(),
        })
    }
}
