//! The URL of a command line as curl sends it: path, query and host.

use super::import_error::ImportError;
use super::text_place::TextPlace;
use crate::wire::BaseUrl;

/// What changes how curl reads a URL.
#[derive(Clone, Copy, Default)]
pub(super) struct UrlOptions {
    /// `--path-as-is`
    pub(super) path_as_is: bool,
    /// `--globoff`
    pub(super) globoff: bool,
}

/// A URL, taken apart.
pub(super) struct CurlUrl {
    /// `https://host:port`
    pub(super) origin: String,
    /// As in the `Host` header.
    pub(super) authority: String,
    pub(super) target: String,
    /// `user:password`
    pub(super) user: Option<String>,
}

impl CurlUrl {
    /// # Errors
    /// When curl refuses it.
    pub(super) fn parse(
        (text, place): (&str, TextPlace),
        queries: &[Vec<u8>],
        options: UrlOptions,
        notes: &mut Vec<String>,
    ) -> Result<Self, ImportError> {
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let text = unglobbed(text, options, notes);
        let (protocol, rest) = if let Some((protocol, rest)) = text.split_once("://") {
            (protocol.to_ascii_lowercase(), rest)
        } else {
            notes.push("the URL has no protocol: curl uses plain `http`".to_owned());
            ("http".to_owned(), text.as_str())
        };
        if !matches!(protocol.as_str(), "http" | "https") {
            let is_word = protocol.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let shown = if is_word { protocol.as_str() } else { "…" };
            return Err(ImportError::at(place, format!("`{shown}` is not HTTP")));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(decoded_user(user)), host),
            None => (None, authority),
        };
        let authority = host_header(&protocol, host);
        let origin = format!("{protocol}://{authority}");
        BaseUrl::parse(&origin).map_err(|error| {
            ImportError::at(place, format!("the host of the URL is malformed: {error}"))
        })?;
        let target = request_target(target, queries, options, place, notes)?;
        Ok(Self {
            origin,
            authority,
            target,
            user,
        })
    }
}

/// Without the port that belongs to the protocol, which is not sent.
pub(super) fn host_header(protocol: &str, host: &str) -> String {
    let default = if protocol == "https" { ":443" } else { ":80" };
    let host = host.to_ascii_lowercase();
    host.strip_suffix(default)
        .map_or(host.clone(), str::to_owned)
}

fn decoded_user(user: &str) -> String {
    percent_encoding::percent_decode_str(user)
        .decode_utf8_lossy()
        .into_owned()
}

/// curl sends `{a,b}` and `[1-3]` as several requests. The text is taken as it stands.
fn unglobbed(text: &str, options: UrlOptions, notes: &mut Vec<String>) -> String {
    let brackets = ['{', '}', '[', ']'];
    let after_host = text.split_once("://").map_or(text, |(_, rest)| rest);
    let after_host = after_host.find('/').map_or("", |at| &after_host[at..]);
    // A shell puts a value in the place of a variable before curl sees it.
    let without_variables = after_host.replace("${", "");
    if options.globoff || !without_variables.contains(['{', '[']) {
        return text.to_owned();
    }
    let mut out = text.to_owned();
    for bracket in brackets {
        out = out.replace(&format!("\\{bracket}"), &bracket.to_string());
    }
    if out.len() == text.len() {
        notes.push(
            "without `--globoff`, curl treats `[…]` and `{…}` in a URL as a list of URLs: ingam reads them literally"
                .to_owned(),
        );
    }
    out
}

fn request_target(
    target: &str,
    queries: &[Vec<u8>],
    options: UrlOptions,
    place: TextPlace,
    notes: &mut Vec<String>,
) -> Result<String, ImportError> {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let path = if path.is_empty() { "/" } else { path };
    let path = if options.path_as_is {
        path.to_owned()
    } else {
        without_dot_segments(path, notes)
    };
    let mut out = encoded_path(&path);
    let mut query = query.map(str::to_owned);
    for more in queries {
        let more = String::from_utf8_lossy(more);
        let more = lower_escapes(&more, notes);
        let query = query.get_or_insert_default();
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&more);
    }
    if let Some(query) = query {
        out.push('?');
        out.push_str(&query);
    }
    if out.contains(|letter: char| letter == ' ' || letter.is_ascii_control()) {
        return Err(ImportError::at(
            place,
            "the URL has a space or a control character, which curl refuses",
        )
        .hint("encode it: write `%20` for a space; with `-G`, use `--data-urlencode`"));
    }
    Ok(out)
}

/// curl encodes what is no ASCII in the path, and sends the query as it is.
fn encoded_path(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02x}"));
        }
    }
    out
}

/// With `-G`, curl writes escapes in lower case.
fn lower_escapes(query: &str, notes: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut rest = query;
    while let Some(at) = rest.find('%') {
        let escape = rest
            .get(at..at + 3)
            .filter(|escape| escape.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit()));
        out.push_str(&rest[..at]);
        if let Some(escape) = escape {
            out.push_str(&escape.to_ascii_lowercase());
            rest = &rest[at + 3..];
        } else {
            out.push('%');
            rest = &rest[at + 1..];
        }
    }
    out.push_str(rest);
    if out != query {
        notes.push(
            "with `-G`, curl writes escapes in lower case, such as `%ea` (measured with 7.88)"
                .to_owned(),
        );
    }
    out
}

/// RFC 3986, section 5.2.4.
fn without_dot_segments(path: &str, notes: &mut Vec<String>) -> String {
    let has_dots = |segment: &str| matches!(segment, "." | "..");
    if !path.split('/').any(has_dots) {
        return path.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    notes.push("curl removes `.` and `..` from the path; `--path-as-is` keeps them".to_owned());
    format!("/{}", kept.join("/"))
}
