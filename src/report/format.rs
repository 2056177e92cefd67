//! The formats of reports in files, and the writer of each.

use super::document::RunDocument;
use super::error::ReportError;
use super::github::github_annotations;
use super::{ctrf, html, junit, ndjson, tap};

/// The formats that a report can be written in.
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
    /// When its writer fails; then there is no report at all instead of a cut one.
    pub(crate) fn write(self, document: &RunDocument, folder: &str) -> Result<String, ReportError> {
        match self {
            Self::Junit => junit::write(document),
            Self::Json => document.to_json(),
            Self::Ndjson => ndjson::write(document),
            Self::Ctrf => ctrf::write(document),
            Self::Tap => Ok(tap::write(document)),
            Self::Github => Ok(github_annotations(document, folder)),
            Self::Html => Ok(html::write(document)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;
    use crate::report::test_documents::leftover_document;

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
