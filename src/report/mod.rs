//! Renderings of events. They only listen: no reporter knows how a run happens, and none can hold a
//! secret, since events have none. Reports in files are all written from one document, which is
//! made from the same events; this room makes their text and refuses to know where it goes.

mod ctrf;
mod document;
mod document_events;
mod document_reporter;
mod duration_text;
mod error;
mod excerpt;
mod failure_text;
mod format;
mod github;
mod html;
mod junit;
mod merge;
mod ndjson;
mod phase_line;
mod progress;
mod prometheus;
mod reporter;
mod tap;
mod terminal;
#[cfg(test)]
mod test_documents;

pub(crate) use document::RunDocument;
pub(crate) use document_events::document_events;
pub(crate) use document_reporter::DocumentReporter;
pub(crate) use duration_text::format_duration;
pub(crate) use error::ReportError;
pub(crate) use format::Format;
pub(crate) use github::{github_annotations, github_summary};
pub(crate) use merge::{MergeError, merge_documents, read_document};
pub(crate) use ndjson::NdjsonReporter;
pub(crate) use reporter::{Reporter, TeeReporter};
pub(crate) use terminal::{TerminalDetail, TerminalReporter, TerminalStyle, wrap_words};
