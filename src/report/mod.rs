//! Renderings of events. They only listen: no reporter knows how a run happens, and none can hold a
//! secret, since events have none. Reports in files are all written from one document, which is
//! made from the same events; this room makes their text and refuses to know where it goes.

mod ctrf;
mod document;
mod document_events;
mod document_reporter;
mod failure_text;
mod github;
mod html;
mod junit;
mod merge;
mod ndjson;
mod progress;
mod tap;
mod terminal;
#[cfg(test)]
mod test_documents;

pub(crate) use document::RunDocument;
pub(crate) use document_events::document_events;
pub(crate) use document_reporter::DocumentReporter;
pub(crate) use github::{github_annotations, github_summary};
pub(crate) use merge::{MergeError, merge_documents, read_document};
pub(crate) use ndjson::NdjsonReporter;
pub(crate) use terminal::{TerminalReporter, TerminalStyle, format_duration};

use crate::event::Event;
use crate::span::SourceMap;

/// Two who listen.
pub(crate) struct TeeReporter<'r>(
    pub(crate) &'r mut dyn Reporter,
    pub(crate) &'r mut dyn Reporter,
);

impl Reporter for TeeReporter<'_> {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> std::io::Result<()> {
        self.0
            .on_event(event, sources)
            .and(self.1.on_event(event, sources))
    }
}

/// Something that listens to a run.
pub(crate) trait Reporter {
    /// # Errors
    /// When its output cannot be written.
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> std::io::Result<()>;
}

/// What a report can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Junit,
    Json,
    Ndjson,
    Ctrf,
    Tap,
    Github,
    Html,
}

impl Format {
    pub(crate) const ALL: [Self; 7] = [
        Self::Junit,
        Self::Json,
        Self::Ndjson,
        Self::Ctrf,
        Self::Tap,
        Self::Github,
        Self::Html,
    ];

    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Ctrf => "ctrf",
            Self::Tap => "tap",
            Self::Github => "github",
            Self::Html => "html",
        }
    }

    #[must_use]
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The whole report. `folder` is the workspace below the root of its repository, with a `/` at
    /// its end, or nothing.
    ///
    /// # Errors
    /// In words, when its writer fails.
    pub(crate) fn write(self, document: &RunDocument, folder: &str) -> Result<String, String> {
        match self {
            Self::Junit => junit::write(document),
            Self::Json => Ok(document.to_json()),
            Self::Ndjson => Ok(ndjson::write(document)),
            Self::Ctrf => Ok(ctrf::write(document)),
            Self::Tap => Ok(tap::write(document)),
            Self::Github => Ok(github_annotations(document, folder)),
            Self::Html => Ok(html::write(document)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;
    use super::test_documents::leftover_document;

    #[test]
    fn what_could_not_be_taken_back_is_in_every_report() {
        for format in Format::ALL {
            let text = format.write(&leftover_document(), "shop/").unwrap();
            let says = text.contains("item::add") || text.contains("title=not taken back");
            assert!(
                says && text.contains("the answer was 500"),
                "{format:?}: {text}"
            );
        }
    }

    #[test]
    fn the_name_of_a_format_names_it() {
        assert!(
            Format::ALL
                .into_iter()
                .all(|format| Format::parse(format.name()) == Some(format))
        );
        assert_eq!(Format::parse("JUNIT"), None);
    }
}
