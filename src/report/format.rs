//! The formats of reports in files, and the writer of each.

use super::document::RunDocument;
use super::error::ReportError;
use super::github::github_annotations;
use super::{ctrf, html, junit, ndjson, prometheus, tap};

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
    Prometheus,
}

impl Format {
    pub(crate) const ALL: [Self; 8] = [
        Self::Junit,
        Self::Json,
        Self::Ndjson,
        Self::Ctrf,
        Self::Tap,
        Self::Github,
        Self::Html,
        Self::Prometheus,
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
            Self::Prometheus => "prometheus",
        }
    }

    #[must_use]
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Whether a file keeps the result of the run before until this run has ended. Metrics of an
    /// unfinished run would be a gap in every graph, and those that are kept say when their run
    /// ended.
    #[must_use]
    pub(crate) fn keeps_earlier_result(self) -> bool {
        self == Self::Prometheus
    }

    /// Whether it shows requests, responses and signatures of steps that passed. The others show
    /// those that did not, or none.
    #[must_use]
    pub(crate) fn shows_passed_exchanges(self) -> bool {
        match self {
            Self::Json | Self::Ndjson | Self::Html => true,
            Self::Junit | Self::Ctrf | Self::Tap | Self::Github | Self::Prometheus => false,
        }
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
            Self::Prometheus => Ok(prometheus::write(document)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;
    use crate::report::test_documents::{document_of, leftover_document};
    use proptest::prelude::*;

    /// An XML parser must read both, whatever stands in names, attributes and text.
    fn assert_is_xml(text: &str) {
        for format in [Format::Junit, Format::Html] {
            let report = format.write(&document_of(text), "").unwrap();
            // The page's own style and script are no XML; no text of a run is in them.
            let report = without_script(&report);
            let options = roxmltree::ParsingOptions {
                allow_dtd: true,
                ..Default::default()
            };
            if let Err(error) = roxmltree::Document::parse_with_options(&report, options) {
                panic!("{format:?} of {text:?}: {error}");
            }
        }
    }

    fn without_script(page: &str) -> String {
        let mut page = page.to_owned();
        for (start, end) in [("<style>", "</style>"), ("<script>", "</script>")] {
            if let (Some(from), Some(to)) = (page.find(start), page.rfind(end)) {
                page.replace_range(from + start.len()..to, "");
            }
        }
        page
    }

    /// Where XML 1.0, section 2.2, begins or ends a range, and the ends of all planes.
    #[test]
    fn every_character_at_the_edge_of_what_xml_allows_can_stand_in_a_report() {
        let near = |code: u32| code.saturating_sub(2)..=code.saturating_add(2);
        let planes = (0..=16).map(|plane| plane * 0x1_0000);
        let edges = planes.chain([0x20, 0x7f, 0xa0, 0xd7ff, 0xe000, 0xfdd0, 0xfdef, 0x10_ffff]);
        let letters = edges.flat_map(near).chain(0..0x100);
        assert_is_xml(&letters.filter_map(char::from_u32).collect::<String>());
    }

    #[test]
    fn a_character_that_xml_forbids_is_shown_as_an_escape() {
        for format in [Format::Junit, Format::Html] {
            let report = format
                .write(&document_of("a\u{fffe}b\u{1b}[31m"), "")
                .unwrap();
            assert!(
                report.contains("a\\u{fffe}b\\u{1b}[31m"),
                "{format:?}: {report}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_text_breaks_a_report_of_xml(text in "(\\PC|\\p{C}|[<>&'\"\\[\\]!?/-]){0,40}") {
            assert_is_xml(&text);
        }
    }

    #[test]
    fn what_could_not_be_taken_back_is_in_every_report() {
        // Metrics hold no texts, but the number of what is left.
        let metrics = Format::Prometheus.write(&leftover_document(), "").unwrap();
        assert!(metrics.contains("ingam_run_leftovers{environment=\"\"} 1"));
        for format in Format::ALL {
            if format == Format::Prometheus {
                continue;
            }
            let text = format.write(&leftover_document(), "shop/").unwrap();
            let says = text.contains("item::add") || text.contains("title=not undone");
            assert!(
                says && text.contains("the response was 500"),
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
