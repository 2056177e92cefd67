//! In which format a text is, by its content.

use super::import_error::ImportError;
use super::imported_request::ImportFormat;
use super::request_line::{is_curl, is_request_line};
use super::shell_command::is_before_command;
use super::source_text::ImportSource;

/// The format of a text, by its content.
///
/// # Errors
/// When it looks like none of them.
pub(super) fn recognize(source: &ImportSource) -> Result<ImportFormat, ImportError> {
    let text = source.text().trim_start();
    if text.starts_with('{') || text.starts_with('[') {
        return Ok(ImportFormat::Har);
    }
    if source.text().lines().any(is_curl_line) {
        return Ok(ImportFormat::Curl);
    }
    if source.text().lines().any(is_request_line) {
        return Ok(ImportFormat::RawHttp);
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    let error = ImportError::at(
        source.place(source.text().len() - text.len()),
        "this is not a curl command, raw HTTP or a HAR file",
    );
    Err(match first.to_ascii_lowercase().as_str() {
        "invoke-webrequest" | "invoke-restmethod" | "$session" => error.hint(
            "this is a PowerShell command: copy the request as cURL (bash), from the same menu",
        ),
        "fetch(" | "await" => error.hint(
            "this is JavaScript: copy the request as cURL (bash), from the same menu",
        ),
        "http" | "https" | "xh" | "xhs" => error.hint(
            "HTTPie commands are not supported: print the request as raw HTTP with `http --offline …`",
        ),
        "wget" => error.hint("wget commands are not supported: write the request as a curl command"),
        _ => error.hint(
            "a curl command begins with `curl`, raw HTTP begins with a line such as `GET /path HTTP/1.1`, and HAR is JSON",
        ),
    })
}

/// Whether a line begins with the name of the program, after a prompt or variables.
fn is_curl_line(line: &str) -> bool {
    let words = line.split_whitespace();
    let mut rest = words.skip_while(|word| is_before_command(word));
    rest.next().is_some_and(is_curl)
}
