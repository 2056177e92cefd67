//! Raw HTTP: a request line, headers, a blank line, a body. Also with `> ` before its lines, as
//! `curl -v` prints it, with the pseudo-headers of HTTP/2, with the comments and the separators of
//! `.http` files, and with the response behind it, as Wireshark shows a stream.

use super::curl_url::host_header;
use super::http_method::read_method;
use super::import_error::ImportError;
use super::imported_request::{ImportFormat, ImportedRequest};
use super::request_line::is_request_line;
use super::source_text::ImportSource;
use super::text_place::TextPlace;
use crate::method::Method;
use crate::wire::BaseUrl;
use bytes::Bytes;

/// # Errors
/// When it is malformed.
pub(super) fn read(source: &ImportSource) -> Result<ImportedRequest, ImportError> {
    let text = source.single_request()?;
    let message = HttpMessage::find(source, text)?;
    let mut notes = Vec::new();
    let mut head = RequestHead::read(&message)?;
    let body = read_body(&message, &head, &mut notes)?;
    if message.is_verbose && head.header("content-length").is_some_and(|len| len != "0") {
        notes.push(
            "the text is the output of `curl -v`, which has no body: a signature over a body cannot be verified"
                .to_owned(),
        );
    }
    if message.is_template {
        notes.push(
            "the text has `{{…}}`: replace the variables with the values that were sent".to_owned(),
        );
    }
    let host = head.header("host").map(str::to_owned);
    let origin = match (&head.absolute, &host) {
        (Some(origin), _) => Some(origin.clone()),
        (None, Some(host)) => Some(assumed_origin(host, &message, &head)?),
        (None, None) => None,
    };
    // A client sends the host of the address.
    if let (Some(origin), None) = (&head.absolute, &host) {
        let authority = origin.split_once("://").map_or("", |(_, host)| host);
        head.headers
            .insert(0, ("Host".to_owned(), authority.to_owned()));
    }
    Ok(ImportedRequest {
        format: ImportFormat::RawHttp,
        method: head.method,
        origin,
        target: head.target,
        headers: head.headers,
        body,
        sent_at_ms: None,
        notes,
    })
}

/// Marketplaces speak `https`; a server on this machine does not.
fn assumed_origin(
    host: &str,
    message: &HttpMessage<'_>,
    head: &RequestHead,
) -> Result<String, ImportError> {
    let host = host.to_ascii_lowercase();
    let plain = format!("http://{host}");
    let is_loopback = BaseUrl::parse(&plain).is_ok_and(|base| base.is_loopback());
    let protocol = match &head.protocol {
        Some(protocol) => protocol.as_str(),
        None if is_loopback => "http",
        None => "https",
    };
    let origin = format!("{protocol}://{}", host_header(protocol, &host));
    BaseUrl::parse(&origin).map_err(|error| {
        ImportError::at(
            message.place,
            format!("the `Host` header is malformed: {error}"),
        )
    })?;
    Ok(origin)
}

/// A message in a text, without what stands before it.
struct HttpMessage<'s> {
    /// The place of the request line.
    place: TextPlace,
    source: &'s ImportSource,
    head: Vec<(usize, &'s str)>,
    /// The rest of the text, behind the blank line.
    body: &'s str,
    is_verbose: bool,
    is_template: bool,
}

impl<'s> HttpMessage<'s> {
    fn find(source: &'s ImportSource, text: &'s str) -> Result<Self, ImportError> {
        let mut at = 0;
        let mut lines = Vec::new();
        let mut is_verbose = false;
        let mut body = "";
        for line in text.split_inclusive('\n') {
            let begin = at;
            at += line.len();
            let line = line.trim_end_matches(['\n', '\r']);
            if lines.is_empty() {
                if !is_request_line(line) {
                    continue;
                }
                is_verbose = line.starts_with("> ");
            }
            let content = match (is_verbose, line.strip_prefix('>')) {
                (true, Some(line)) => line.strip_prefix(' ').unwrap_or(line),
                // Lines of a connection stand between those of the request.
                (true, None) => continue,
                (false, _) => line,
            };
            if content.trim().is_empty() {
                body = if is_verbose { "" } else { &text[at..] };
                break;
            }
            lines.push((begin, content));
        }
        let Some((begin, _)) = lines.first() else {
            return Err(ImportError::new("the text has no request line")
                .hint("raw HTTP begins with a line such as `GET /path HTTP/1.1`"));
        };
        Ok(Self {
            place: source.place(*begin),
            source,
            is_template: text.contains("{{"),
            head: lines,
            body,
            is_verbose,
        })
    }
}

/// Request line and headers.
struct RequestHead {
    method: Method,
    /// The origin of an address in the request line.
    absolute: Option<String>,
    /// That of a pseudo-header.
    protocol: Option<String>,
    target: String,
    headers: Vec<(String, String)>,
}

impl RequestHead {
    fn read(message: &HttpMessage<'_>) -> Result<Self, ImportError> {
        let mut lines = message.head.iter();
        let is_pseudo = message
            .head
            .iter()
            .any(|(_, line)| line.starts_with(":method"));
        let mut head = if is_pseudo {
            Self::of_pseudo_headers(message)?
        } else {
            let (_, line) = lines.next().copied().unwrap_or_default();
            Self::of_request_line(line, message.place)?
        };
        for (offset, line) in lines {
            head.add_header(line, message.source.place(*offset))?;
        }
        Ok(head)
    }

    fn of_request_line(line: &str, place: TextPlace) -> Result<Self, ImportError> {
        let line = line.trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let target = match rest.rsplit_once(char::is_whitespace) {
            Some((target, version)) if version.starts_with("HTTP/") => target.trim(),
            _ => rest,
        };
        if target.contains(char::is_whitespace) {
            return Err(
                ImportError::at(place, "the request line has a space in its path")
                    .hint("write a space in a path or a query as `%20`"),
            );
        }
        let method = read_method(name, place)?;
        let (absolute, target) = split_address(target, place)?;
        Ok(Self {
            method,
            absolute,
            protocol: None,
            target,
            headers: Vec::new(),
        })
    }

    /// `:method`, `:path`, `:authority` and `:scheme` of HTTP/2.
    fn of_pseudo_headers(message: &HttpMessage<'_>) -> Result<Self, ImportError> {
        let find = |name: &str| {
            let mut lines = message.head.iter();
            lines.find_map(|(_, line)| {
                let value = line.strip_prefix(name)?;
                // Browsers copy names and values on lines of their own, or as `:path: /x`.
                Some(value.strip_prefix(':').unwrap_or(value).trim().to_owned())
            })
        };
        let missing = |name: &str| {
            ImportError::at(
                message.place,
                format!("the pseudo-header `{name}` is missing"),
            )
        };
        let method = find(":method").ok_or_else(|| missing(":method"))?;
        let target = find(":path").ok_or_else(|| missing(":path"))?;
        let mut head = Self::of_request_line(&format!("{method} {target}"), message.place)?;
        head.protocol = find(":scheme");
        head.headers
            .extend(find(":authority").map(|host| ("Host".to_owned(), host)));
        Ok(head)
    }

    fn add_header(&mut self, line: &str, place: TextPlace) -> Result<(), ImportError> {
        // Comments of `.http` files, and pseudo-headers.
        if line.starts_with('#') || line.starts_with("//") || line.starts_with(':') {
            return Ok(());
        }
        if line.starts_with([' ', '\t']) {
            // `.http` files continue a query on lines of their own, HTTP headers of old did.
            let line = line.trim();
            if self.headers.is_empty() && line.starts_with(['?', '&']) {
                self.target.push_str(&line.replace(' ', ""));
                return Ok(());
            }
            if let Some((_, value)) = self.headers.last_mut() {
                value.push(' ');
                value.push_str(line);
                return Ok(());
            }
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(ImportError::at(place, "this header line has no `:`")
                .hint("put an empty line between headers and body"));
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(
                ImportError::at(place, "the name of this header has a space")
                    .hint("put an empty line between headers and body"),
            );
        }
        self.headers
            .push((name.to_owned(), value.trim().to_owned()));
        Ok(())
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The origin and the target of what stands in a request line.
pub(super) fn split_address(
    address: &str,
    place: TextPlace,
) -> Result<(Option<String>, String), ImportError> {
    let address = address
        .split_once('#')
        .map_or(address, |(before, _)| before);
    let Some((protocol, rest)) = address
        .split_once("://")
        .filter(|(before, _)| !before.contains('/'))
    else {
        return Ok((None, address.to_owned()));
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let protocol = protocol.to_ascii_lowercase();
    let origin = format!("{protocol}://{}", host_header(&protocol, host));
    BaseUrl::parse(&origin)
        .map_err(|error| ImportError::at(place, format!("the address is malformed: {error}")))?;
    let target = if target.starts_with('/') {
        target.to_owned()
    } else {
        format!("/{target}")
    };
    Ok((Some(origin), target))
}

fn read_body(
    message: &HttpMessage<'_>,
    head: &RequestHead,
    notes: &mut Vec<String>,
) -> Result<Bytes, ImportError> {
    let text = without_response(message.body);
    let is_chunked = head
        .header("transfer-encoding")
        .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
    if is_chunked {
        if let Some(body) = chunks(text.as_bytes()) {
            return Ok(body.into());
        }
        notes.push(
            "the headers say `chunked`, but the body has no chunks: ingam reads it unchanged"
                .to_owned(),
        );
        return Ok(without_last_line_end(text).as_bytes().to_vec().into());
    }
    let Some(length) = head.header("content-length") else {
        return Ok(without_last_line_end(text).as_bytes().to_vec().into());
    };
    let wanted: usize = length.parse().map_err(|_| {
        ImportError::at(message.place, "the header `Content-Length` is not a number")
    })?;
    Ok(sized_body(text, wanted, message.is_verbose, notes))
}

/// The body by the length that the head says.
fn sized_body(text: &str, wanted: usize, is_verbose: bool, notes: &mut Vec<String>) -> Bytes {
    let bytes = text.as_bytes();
    if bytes.len() == wanted || is_verbose {
        return bytes.to_vec().into();
    }
    // An editor ends the last line, and a capture goes on with the response.
    if let Some((body, rest)) = bytes.split_at_checked(wanted)
        && rest.iter().all(u8::is_ascii_whitespace)
    {
        return body.to_vec().into();
    }
    let crlf = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let trimmed = without_last_line_end(text);
    if crlf.len() == wanted {
        notes.push(format!(
            "the body has {} bytes, but `Content-Length` is {wanted}: it was sent with CR LF line ends, and ingam reads it that way",
            bytes.len()
        ));
        return crlf.into();
    }
    notes.push(format!(
        "the body has {} bytes, but `Content-Length` is {wanted}: the text differs from the sent body, or the length was counted in characters",
        trimmed.len()
    ));
    trimmed.as_bytes().to_vec().into()
}

/// Without a response or another request behind it.
fn without_response(text: &str) -> &str {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let is_status = line.starts_with("HTTP/1.") || line.starts_with("HTTP/2 ");
        let is_separator = line.starts_with("###");
        if is_status || is_separator {
            return &text[..at];
        }
        at += line.len();
    }
    text
}

fn without_last_line_end(text: &str) -> &str {
    let text = text.trim_end_matches(['\n', '\r']);
    text.trim_start_matches(['\n', '\r'])
}

/// RFC 9112, section 7.1.
fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&rest[..end]).ok()?.trim();
        let size = line.split(';').next().unwrap_or(line);
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        rest = &rest[end + 1..];
        if size == 0 {
            return Some(out);
        }
        let (chunk, after) = rest.split_at_checked(size)?;
        out.extend_from_slice(chunk);
        rest = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.strip_prefix(b"\n"))?;
    }
}
