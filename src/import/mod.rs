//! Requests that other programs have sent, as text: a curl command, raw HTTP, or a HAR file.
//! Each reader makes the request that would be sent, byte for byte, and notes for what the text does
//! not say. Nothing is run, and nothing is fetched: a variable of a shell stays a text, and a file
//! is read only by a function that the caller gives. A message never quotes the input, because it
//! holds credentials.

mod bruno;
mod collection;
mod collection_reader;
mod command_line;
mod command_substitution;
mod curl;
mod curl_body;
mod curl_collection;
mod curl_option_names;
mod curl_options;
mod curl_url;
mod form_part;
mod har;
mod har_collection;
mod host_match;
mod http_collection;
mod http_method;
mod hurl_collection;
mod import_error;
mod import_format;
mod imported_request;
mod markdown;
mod openapi;
mod path_segments;
mod postman;
mod raw_http;
mod request_line;
mod script;
mod shell_command;
mod shell_words;
mod source_text;
mod text_place;
mod windows_words;

pub(crate) use bruno::{COLLECTION_MARK, FolderFile, read_folder};
pub(crate) use collection::{
    CollectionAuth, CollectionBody, CollectionExample, CollectionField, CollectionPart,
    CollectionPartContent, CollectionRequest, CollectionVariable, ExampleBody, ForeignPiece,
    ForeignText, ImportLoss, ImportedCollection, has_mark,
};
pub(crate) use collection_reader::{CollectionFormat, read_collection};
pub(crate) use curl::ReadImportedFile;
pub(crate) use host_match::{
    SchemeMatch, match_named_scheme, schemes_of_host, schemes_of_other_protocol,
    schemes_of_parameters,
};
pub(crate) use import_error::ImportError;
pub(crate) use imported_request::{ImportFormat, ImportedRequest};
pub(crate) use source_text::{ImportSource, MAX_IMPORT_BYTES};

/// Every request of a text, in order. A command line and a message have one.
///
/// # Errors
/// When the text is in no known format, or is malformed.
pub(crate) fn read_requests(
    source: &ImportSource,
    read_file: ReadImportedFile<'_>,
) -> Result<Vec<ImportedRequest>, ImportError> {
    Ok(match import_format::recognize(source)? {
        ImportFormat::Curl => vec![curl::read(source, read_file)?],
        ImportFormat::RawHttp => vec![raw_http::read(source)?],
        ImportFormat::Har => har::read(source)?,
    })
}

#[cfg(test)]
mod tests;
