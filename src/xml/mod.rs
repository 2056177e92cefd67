//! XML and XPath 1.0; the only room that knows roxmltree and xpath-eval. It refuses document types
//! and expressions that can find nothing, and to look at a document without end.

mod compile;
mod document;
mod error;
mod node;
mod search;
mod xpath;

pub(crate) use document::XmlDocument;
pub(crate) use error::XPathSearchError;
pub(crate) use search::{XPathDeadEnd, XPathFound, XmlTextPlace, replace_texts};
pub(crate) use xpath::{XPath, XPathForm};

/// How many nodes one XPath may visit in a document.
const MAX_VISITS: usize = if cfg!(test) { 500_000 } else { 10_000_000 };

#[cfg(test)]
mod tests;
