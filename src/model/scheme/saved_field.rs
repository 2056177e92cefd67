//! Where a token response holds a value.

use crate::jsonpath::JsonPath;
use crate::xml::XPath;

/// A value that `save` takes from a token response.
#[derive(Clone, Debug)]
pub enum SavedFrom {
    Json(JsonPath),
    Xml(XPath),
    /// A header, in lower case.
    Header(String),
    /// A cookie that the response sets.
    Cookie(String),
}

impl SavedFrom {
    /// The path of a value in a JSON body.
    #[must_use]
    pub fn as_json_path(&self) -> Option<&JsonPath> {
        match self {
            Self::Json(path) => Some(path),
            Self::Xml(_) | Self::Header(_) | Self::Cookie(_) => None,
        }
    }
}
