//! A path to values of a response: a `JSONPath`, or an XPath to elements or attributes.

use crate::jsonpath::JsonPath;
use crate::xml::XPath;

/// Where values stand in a response.
#[derive(Clone, Debug)]
pub enum ValuePath {
    Json(JsonPath),
    Xml(XPath),
}

impl ValuePath {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Json(path) => path.as_str(),
            Self::Xml(path) => path.as_str(),
        }
    }

    /// One for JSON.
    #[must_use]
    pub fn json(&self) -> Option<&JsonPath> {
        match self {
            Self::Json(path) => Some(path),
            Self::Xml(_) => None,
        }
    }

    /// One for XML.
    #[must_use]
    pub(crate) fn xml(&self) -> Option<&XPath> {
        match self {
            Self::Xml(path) => Some(path),
            Self::Json(_) => None,
        }
    }

    /// The last name that it looks for.
    #[must_use]
    pub(crate) fn last_name(&self) -> Option<&str> {
        match self {
            Self::Json(path) => path.names().rev().flatten().next(),
            Self::Xml(path) => path.last_name(),
        }
    }
}
