//! HAR files as requests: calls of an API with their responses. Pages, images, scripts and preflights
//! are counted and left out; what a browser adds by itself is taken away.

use super::collection::{
    CollectionBody, CollectionExample, CollectionField, CollectionPart, CollectionPartContent,
    CollectionRequest, ExampleBody, ForeignText, ImportLoss, ImportedCollection,
};
use super::import_error::ImportError;
use crate::method::Method;
use crate::value::Value;
use crate::wire::parse_form;
use std::collections::BTreeMap;

/// Headers of a browser or of HTTP itself. Cookies belong to a session that ends.
const BROWSER_HEADERS: [&str; 17] = [
    "accept-encoding",
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "dnt",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "origin",
    "pragma",
    "priority",
    "referer",
    "te",
    "upgrade-insecure-requests",
    "user-agent",
];

/// Whether JSON is a HAR file.
pub(super) fn is_har(json: &Value) -> bool {
    let entries = json.get("log").and_then(|log| log.get("entries"));
    let entries = entries.or_else(|| json.get("entries"));
    let is_entry = |value: &Value| {
        value.get("method").is_some() && value.get("url").is_some_and(|url| url.as_str().is_some())
    };
    entries.is_some_and(|entries| entries.as_list().is_some())
        || json
            .get("log")
            .is_some_and(|log| log.get("creator").is_some())
        || json.get("request").is_some_and(is_entry)
        || is_entry(json)
}

/// # Errors
/// When it has no list of entries.
pub(super) fn read(json: &Value) -> Result<ImportedCollection, ImportError> {
    let log = json.get("log").unwrap_or(json);
    let entries: Vec<&Value> = match log.get("entries").and_then(Value::as_list) {
        Some(entries) => entries.iter().collect(),
        None if json.get("log").is_some() => {
            return Err(ImportError::new("the HAR file has no `log.entries`")
                .hint("record while the network tab is open, then save again"));
        }
        None => vec![json],
    };
    let mut reader = HarReader::default();
    let is_alone = entries.len() == 1;
    for (index, entry) in entries.into_iter().enumerate() {
        reader.read_entry(entry, index, is_alone);
    }
    Ok(reader.finish())
}

#[derive(Default)]
struct HarReader {
    collection: ImportedCollection,
    /// What was left out on purpose, by reason.
    skipped: BTreeMap<&'static str, usize>,
    hosts: BTreeMap<String, usize>,
}

impl HarReader {
    fn read_entry(&mut self, entry: &Value, index: usize, is_alone: bool) {
        let place = format!("log.entries[{index}]");
        let request = entry.get("request").unwrap_or(entry);
        let response = entry.get("response");
        let Some(url) = request
            .get("url")
            .and_then(Value::as_str)
            .filter(|url| !url.is_empty())
        else {
            self.lose(place, "the entry has no address");
            return;
        };
        let is_http = ["http://", "https://"].iter().any(|start| {
            url.get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start))
        });
        if !is_http {
            self.skip("entries whose address is not HTTP");
            return;
        }
        let name = request
            .get("method")
            .and_then(Value::as_str)
            .unwrap_or("GET")
            .to_ascii_uppercase();
        let Some(method) = Method::parse(&name) else {
            self.skip("entries with a method that ingam does not support");
            return;
        };
        if !is_alone {
            if method == Method::Options {
                self.skip("preflights (OPTIONS)");
                return;
            }
            if is_static(entry, request, response, url) {
                self.skip("pages, images, styles, scripts and fonts");
                return;
            }
        }
        let mut read = CollectionRequest::new(place, method, ForeignText::literal(url));
        read.name = name_of(method, url);
        let host = url.split("://").nth(1).unwrap_or(url);
        let host = host
            .split(['/', '?', '#'])
            .next()
            .unwrap_or(host)
            .to_ascii_lowercase();
        *self.hosts.entry(host.clone()).or_default() += 1;
        read.folders = vec![host];
        add_query(request, url, &mut read);
        add_headers(request, &mut read);
        add_body(request, &mut read);
        read.examples.extend(response.and_then(example));
        self.collection.requests.push(read);
    }

    fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    fn lose(&mut self, place: String, what: &str) {
        self.collection.losses.push(ImportLoss {
            place,
            what: what.to_owned(),
        });
    }

    /// Folders of hosts only where there are several.
    fn finish(mut self) -> ImportedCollection {
        if self.hosts.len() < 2 {
            self.collection
                .requests
                .iter_mut()
                .for_each(|request| request.folders.clear());
        }
        for (reason, count) in std::mem::take(&mut self.skipped) {
            self.lose("log.entries".to_owned(), &format!("{count} {reason}"));
        }
        self.collection
    }
}

fn name_of(method: Method, url: &str) -> String {
    let path = url.split("://").nth(1).unwrap_or(url);
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let path = path.split_once('/').map_or("", |(_, path)| path);
    let path = path.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    format!("{} {path}", method.key())
}

/// What a page needs to be shown, and no call of an API.
fn is_static(entry: &Value, request: &Value, response: Option<&Value>, url: &str) -> bool {
    if let Some(kind) = entry.get("_resourceType").and_then(Value::as_str) {
        return !matches!(kind, "xhr" | "fetch" | "other" | "document" if !is_page(response));
    }
    let is_write = request
        .get("method")
        .and_then(Value::as_str)
        .is_some_and(|name| !matches!(name.to_ascii_uppercase().as_str(), "GET" | "HEAD"));
    if is_write {
        return false;
    }
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let name = path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let endings = [
        ".js", ".mjs", ".css", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".ico",
        ".woff", ".woff2", ".ttf", ".otf", ".eot", ".map", ".mp4", ".webm", ".mp3", ".swf",
        ".html", ".htm",
    ];
    endings.iter().any(|ending| name.ends_with(ending)) || is_page(response)
}

fn is_page(response: Option<&Value>) -> bool {
    let kind = response
        .and_then(|one| one.get("content"))
        .and_then(|one| one.get("mimeType"));
    let kind = kind
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_ascii_lowercase();
    [
        "text/html",
        "text/css",
        "image/",
        "font/",
        "video/",
        "audio/",
        "javascript",
        "application/x-font",
        "application/font",
        "shockwave",
    ]
    .iter()
    .any(|part| kind.contains(part))
}

/// Files made by hand have a query only in the list.
fn add_query(request: &Value, url: &str, read: &mut CollectionRequest) {
    if url.contains('?') {
        return;
    }
    for (name, value) in pairs(request.get("queryString")) {
        read.query
            .push(CollectionField::new(name, ForeignText::literal(value)));
    }
}

fn pairs(list: Option<&Value>) -> Vec<(String, String)> {
    let list = list.and_then(Value::as_list).unwrap_or_default();
    let pairs = list.iter().filter_map(|one| {
        let name = one.get("name").and_then(Value::to_plain_text)?;
        let value = one
            .get("value")
            .and_then(Value::to_plain_text)
            .unwrap_or_default();
        Some((name, value))
    });
    pairs.collect()
}

fn add_headers(request: &Value, read: &mut CollectionRequest) {
    for (name, value) in pairs(request.get("headers")) {
        let lower = name.to_ascii_lowercase();
        let is_browsers = BROWSER_HEADERS.contains(&lower.as_str())
            || lower.starts_with(':')
            || lower.starts_with("sec-")
            || (lower == "accept" && value == "*/*");
        if lower == "cookie" {
            read.remarks.push(
                "The cookies of the browser are not imported: sign in, or write `cookies: keep`"
                    .to_owned(),
            );
        }
        if !is_browsers {
            read.headers
                .push(CollectionField::new(name, ForeignText::literal(value)));
        }
    }
}

fn add_body(request: &Value, read: &mut CollectionRequest) {
    let Some(post) = request
        .get("postData")
        .filter(|post| post.as_object().is_some())
    else {
        return;
    };
    let text_of = |name: &str| post.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut media_type = text_of("mimeType").to_owned();
    if media_type.is_empty() {
        let mut headers = read.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case("content-type"));
        let value = header.and_then(|header| header.value.as_ref()?.as_literal());
        value.unwrap_or_default().clone_into(&mut media_type);
    }
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let text = text_of("text");
    let params = post
        .get("params")
        .and_then(Value::as_list)
        .unwrap_or_default();
    if essence.starts_with("multipart/") {
        if let Some(parts) = multipart(&media_type, text, params) {
            read.body = CollectionBody::Multipart(parts);
        } else {
            read.lose("the parts of the body");
        }
        return;
    }
    if essence == "application/x-www-form-urlencoded" && (!text.is_empty() || !params.is_empty()) {
        // The text is what was sent; the list is decoded by some programs and not by others.
        let fields = if text.is_empty() {
            pairs(post.get("params"))
        } else {
            parse_form(text)
        };
        let fields = fields.into_iter();
        read.body = CollectionBody::Form(
            fields
                .map(|(name, value)| CollectionField::new(name, ForeignText::literal(value)))
                .collect(),
        );
        return;
    }
    if text.is_empty() {
        if !params.is_empty() {
            read.lose("the body: its parameters have no type");
        }
        return;
    }
    if text_of("encoding") == "base64" || text.contains('\0') {
        read.lose("the body: it is not text");
        return;
    }
    read.body = CollectionBody::Text {
        text: ForeignText::literal(text),
        media_type: Some(media_type).filter(|kind| !kind.is_empty()),
    };
}

fn multipart(media_type: &str, text: &str, params: &[Value]) -> Option<Vec<CollectionPart>> {
    if !params.is_empty() {
        let parts = params.iter().filter_map(|param| {
            let text = |name: &str| param.get(name).and_then(Value::to_plain_text);
            let file = text("fileName").filter(|name| !name.is_empty());
            let content = match file {
                Some(name) => CollectionPartContent::File(name),
                None => CollectionPartContent::Text(ForeignText::literal(
                    text("value").unwrap_or_default(),
                )),
            };
            Some(CollectionPart {
                name: text("name")?,
                content,
                filename: None,
                media_type: text("contentType").filter(|kind| !kind.is_empty()),
                is_disabled: false,
            })
        });
        return Some(parts.collect());
    }
    if text.is_empty() {
        return Some(Vec::new());
    }
    let parts = crate::wire::parse_multipart(media_type, text.as_bytes())?;
    let parts = parts.into_iter().map(|part| CollectionPart {
        name: part.name,
        content: match part.filename {
            Some(name) => CollectionPartContent::File(name),
            None => CollectionPartContent::Text(ForeignText::literal(String::from_utf8_lossy(
                &part.content,
            ))),
        },
        filename: None,
        media_type: part.media_type,
        is_disabled: false,
    });
    Some(parts.collect())
}

/// `None` where the response was not kept.
fn example(response: &Value) -> Option<CollectionExample> {
    let status = response
        .get("status")
        .and_then(Value::as_number)?
        .as_i64()?;
    let status = u16::try_from(status)
        .ok()
        .filter(|status| (200..600).contains(status) && *status != 304)?;
    let content = response.get("content")?;
    let text = content.get("text").and_then(Value::as_str)?;
    let is_base64 = content.get("encoding").and_then(Value::as_str) == Some("base64");
    Some(CollectionExample {
        name: format!("status {status}"),
        status: Some(status),
        headers: pairs(response.get("headers")),
        body: if is_base64 {
            ExampleBody::Base64(text.to_owned())
        } else {
            ExampleBody::Text(text.to_owned())
        },
    })
}
