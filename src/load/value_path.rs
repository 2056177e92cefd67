//! Decodes paths to values of a response, of JSON or of XML.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::assertion::{json_path, xpath};
use crate::model::value_path::ValuePath;
use crate::span::Span;
use crate::xml::{XPath, XPathForm};

/// `what` is what the path is, such as a path of `mask`.
pub(super) fn value_path(
    text: &str,
    at: Span,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<ValuePath> {
    if XPath::is_meant_by(text) {
        return node_path(text, at, what, diagnostics).map(ValuePath::Xml);
    }
    json_path(text, at, diagnostics).map(ValuePath::Json)
}

/// An XPath that names elements or attributes.
pub(super) fn node_path(
    text: &str,
    at: Span,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<XPath> {
    let path = xpath(text, at, diagnostics)?;
    if !matches!(path.form(), XPathForm::OneNode | XPathForm::NodeList) {
        let diagnostic = Diagnostic::error(format!("{what} names elements or attributes"))
            .at(at, "this path returns a computed value");
        diagnostics.push(diagnostic.hint("write a path such as `//buyer/name`"));
        return None;
    }
    Some(path)
}
