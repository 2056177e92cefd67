//! Request files as text: what a program knows of a request becomes the YAML that a person would
//! write. It refuses to guess what a foreign text means: a `{{` in it stays text.

mod request_document;
mod template_source;

pub(crate) use request_document::{DocumentBody, DocumentEntry, DocumentRemark, RequestDocument};
pub(crate) use template_source::{SourcePiece, TemplateSource};
