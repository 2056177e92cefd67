//! The formats of whole files, known by their content, and the one reader of each.

use super::bruno;
use super::collection::ImportedCollection;
use super::curl_collection;
use super::har_collection;
use super::http_collection;
use super::hurl_collection;
use super::import_error::ImportError;
use super::import_format;
use super::imported_request::ImportFormat;
use super::openapi;
use super::postman;
use super::request_line::is_description_line;
use super::source_text::ImportSource;
use super::text_place::TextPlace;
use crate::span::FileId;
use crate::value::{self, Value};
use crate::yaml;

/// A format that `ingam import` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CollectionFormat {
    Curl,
    Postman,
    OpenApi,
    Har,
    Http,
    Hurl,
    Bruno,
}

impl CollectionFormat {
    pub(crate) const ALL: [Self; 7] = [
        Self::Curl,
        Self::Postman,
        Self::OpenApi,
        Self::Har,
        Self::Http,
        Self::Hurl,
        Self::Bruno,
    ];

    /// As it is written on the command line.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Postman => "postman",
            Self::OpenApi => "openapi",
            Self::Har => "har",
            Self::Http => "http",
            Self::Hurl => "hurl",
            Self::Bruno => "bruno",
        }
    }
}

/// A text in a known format.
enum ParsedSource {
    Curl,
    Postman(Value),
    OpenApi(Value),
    Har(Value),
    Http,
    Hurl,
    Bruno,
}

impl ParsedSource {
    fn format(&self) -> CollectionFormat {
        match self {
            Self::Curl => CollectionFormat::Curl,
            Self::Postman(_) => CollectionFormat::Postman,
            Self::OpenApi(_) => CollectionFormat::OpenApi,
            Self::Har(_) => CollectionFormat::Har,
            Self::Http => CollectionFormat::Http,
            Self::Hurl => CollectionFormat::Hurl,
            Self::Bruno => CollectionFormat::Bruno,
        }
    }
}

/// Everything that a file says. `format` is the one that the user names.
///
/// # Errors
/// When the text is in no known format, in another one than the user names, or malformed.
pub(crate) fn read_collection(
    source: &ImportSource,
    format: Option<CollectionFormat>,
) -> Result<ImportedCollection, ImportError> {
    let parsed = match (parse(source)?, format) {
        // Without expected responses, the two look the same.
        (ParsedSource::Http, Some(CollectionFormat::Hurl)) => ParsedSource::Hurl,
        (parsed, _) => parsed,
    };
    if let Some(format) = format.filter(|format| *format != parsed.format()) {
        return Err(ImportError::new(format!(
            "this is {}, not {}",
            parsed.format().name(),
            format.name()
        ))
        .hint("run the command without the format: ingam detects it"));
    }
    match parsed {
        ParsedSource::Curl => curl_collection::read(source),
        ParsedSource::Postman(json) => postman::read(&json),
        ParsedSource::OpenApi(value) => openapi::read(&value),
        ParsedSource::Har(json) => har_collection::read(&json),
        ParsedSource::Http => Ok(http_collection::read(source.text())),
        ParsedSource::Hurl => Ok(hurl_collection::read(source.text())),
        ParsedSource::Bruno => Ok(bruno::read(source.text())),
    }
}

fn parse(source: &ImportSource) -> Result<ParsedSource, ImportError> {
    let text = source.text().trim_start();
    if text.starts_with('{') || text.starts_with('[') {
        return parse_json(text);
    }
    if text.lines().any(is_description_line) {
        return parse_yaml(source);
    }
    if bruno::is_bru_file(text) {
        return Ok(ParsedSource::Bruno);
    }
    // A comment of such a file can hold a command line.
    if hurl_collection::is_hurl_file(text) {
        return Ok(ParsedSource::Hurl);
    }
    if http_collection::is_http_file(text) {
        return Ok(ParsedSource::Http);
    }
    match import_format::recognize(source) {
        Ok(ImportFormat::Curl) => Ok(ParsedSource::Curl),
        Ok(_) => Err(unknown_format()),
        Err(error) => Err(ImportError {
            hint: error.hint,
            ..unknown_format()
        }),
    }
}

fn parse_json(text: &str) -> Result<ParsedSource, ImportError> {
    let json = value::parse(text.trim_end().as_bytes()).map_err(|error| {
        ImportError::new(format!(
            "the text begins like JSON, but is not valid JSON: {error}"
        ))
        .hint("pass the whole exported file")
    })?;
    if postman::is_collection(&json) {
        return Ok(ParsedSource::Postman(json));
    }
    if har_collection::is_har(&json) {
        return Ok(ParsedSource::Har(json));
    }
    if openapi::is_description(&json) {
        return Ok(ParsedSource::OpenApi(json));
    }
    Err(unknown_format())
}

/// So many values a description may have: each takes some hundred bytes of memory.
const MAX_YAML_VALUES: usize = 1_500_000;

fn parse_yaml(source: &ImportSource) -> Result<ParsedSource, ImportError> {
    let node = yaml::parse_limited(FileId(0), source.text(), MAX_YAML_VALUES).map_err(|fault| {
        let at = fault
            .labels
            .first()
            .map_or(0, |label| label.span.range().start);
        let place: TextPlace = source.place(at);
        ImportError::at(place, format!("the YAML cannot be read: {}", fault.title))
            .hint("ingam reads YAML without tags and merge keys; convert the file to JSON")
    })?;
    Ok(ParsedSource::OpenApi(node.to_value()))
}

fn unknown_format() -> ImportError {
    let names: Vec<&str> = CollectionFormat::ALL
        .iter()
        .map(|format| format.name())
        .collect();
    ImportError::new(format!(
        "the format is not supported; ingam reads {}",
        names.join(", ")
    ))
}
