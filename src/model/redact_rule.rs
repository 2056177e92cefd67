//! Rules that find personal data in responses, so that it is written to no file.

use crate::jsonpath::JsonPath;
use crate::model::lazy_regex::LazyRegex;
use crate::xml::XPath;

/// One rule of a `redact` list, in a scheme, a workspace or a request file.
#[derive(Clone, Debug)]
pub enum RedactRule {
    /// What the path names in a JSON body.
    Path(JsonPath),
    /// The texts of what the path names in an XML body.
    XPath(XPath),
    /// A header of the answer, in lower case.
    Header(String),
    /// What it finds in any text of the body.
    Pattern(LazyRegex),
}
