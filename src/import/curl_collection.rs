//! Command lines of curl as requests: all of a text, without what curl adds by itself. Variables of
//! the shell and placeholders such as `<token>` become variables; files are named and not read.

use super::collection::{
    CollectionAuth, CollectionBody, CollectionField, CollectionPart, CollectionPartContent,
    CollectionRequest, ForeignPiece, ForeignText, ImportLoss, ImportedCollection,
};
use super::command_line::curl_commands;
use super::curl::{self, CurlRequests};
use super::curl_body::BOUNDARY_NOTE;
use super::import_error::ImportError;
use super::imported_request::ImportedRequest;
use super::shell_command::UNKNOWN_VARIABLE_NOTE;
use super::source_text::ImportSource;
use crate::wire::{parse_form, parse_multipart};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use percent_encoding::percent_decode_str;
use regex::Regex;
use std::sync::LazyLock;

/// What stands in the place of a file that is named.
const FILE_START: &str = "\u{E0F2}";
const FILE_END: &str = "\u{E0F3}";

/// `$NAME`, `${NAME}`, `<name>`, `YOUR_NAME`.
static PLACEHOLDER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\$\{(\w+)[^}]*\}|\$([A-Z_][A-Z0-9_]+)\b|<([A-Za-z][\w .-]{0,40})>|\b(YOUR_[A-Z0-9_]+)\b|\{\{?([A-Za-z_][\w.-]{0,40})\}?\}").ok()
});

/// # Errors
/// When the text has no command of curl that can be read.
pub(super) fn read(source: &ImportSource) -> Result<ImportedCollection, ImportError> {
    let mut collection = ImportedCollection::default();
    let is_document = source.text().contains("```");
    let whole = read_commands(source, 0, &mut collection);
    let is_read = matches!(whole, Ok(1..)) && collection.losses.is_empty();
    if is_read && !is_document {
        return Ok(collection);
    }
    // Text stands around the commands, or one of them is broken: each is read alone.
    let mut alone = ImportedCollection::default();
    for (line, snippet) in snippets(source.text()) {
        let place = format!("line {}", line + 1);
        if let Err(error) = read_snippet(&snippet, line, &mut alone) {
            let what = format!("the command: {}", error.reason);
            alone.losses.push(ImportLoss { place, what });
        }
    }
    if alone.requests.len() >= collection.requests.len() && !alone.requests.is_empty() {
        return Ok(alone);
    }
    match whole {
        // One command that cannot be read is a mistake of its user.
        Err(error) => Err(error),
        Ok(_) if collection.requests.is_empty() && collection.losses.len() == 1 => {
            let lost = collection.losses.swap_remove(0);
            Err(ImportError::new(format!("{}: {}", lost.place, lost.what)))
        }
        Ok(_) => Ok(collection),
    }
}

fn read_snippet(
    text: &str,
    line: usize,
    collection: &mut ImportedCollection,
) -> Result<usize, ImportError> {
    let source = ImportSource::part(text, line)?;
    read_commands(&source, line, collection)
}

/// Reads every command of a text that begins at a line of the file; how many there are.
fn read_commands(
    source: &ImportSource,
    first_line: usize,
    collection: &mut ImportedCollection,
) -> Result<usize, ImportError> {
    let name_file = |name: &str| Ok(format!("{FILE_START}{name}{FILE_END}").into_bytes());
    let commands = curl_commands(source)?;
    let count = commands.len();
    // Counted on from command to command: a file has thousands of them.
    let (mut line, mut counted) = (1, 0);
    for command in commands {
        let offset = command.words.first().map_or(counted, |word| word.offset);
        let between = source.text().get(counted..offset).unwrap_or_default();
        line += between.matches('\n').count();
        counted = counted.max(offset);
        let place = format!("line {}", first_line + line);
        match curl::read_command(source, command, &name_file) {
            Ok(curl) => {
                let requests = curl.requests.iter();
                let requests = requests.map(|request| to_request(request, &curl, &place));
                collection.requests.extend(requests);
            }
            Err(error) => {
                let what = format!("the command: {}", error.reason);
                collection.losses.push(ImportLoss { place, what });
            }
        }
    }
    Ok(count)
}

/// So many lines one command of a document has at most.
const MAX_SNIPPET_LINES: usize = 80;

/// The lines that begin with curl, each with those that it goes on in, and where they stand.
fn snippets(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at]
            .trim_start()
            .trim_start_matches(['`', '-', '*', '>'])
            .trim_start();
        let line = line.strip_prefix("$ ").unwrap_or(line);
        if !line.starts_with("curl ") && !line.starts_with("curl.exe ") {
            at += 1;
            continue;
        }
        let mut snippet = line.to_owned();
        let mut end = at + 1;
        while end < lines.len() && end - at < MAX_SNIPPET_LINES && goes_on(&snippet) {
            // A blank behind the sign is a mistake that people paste.
            let kept = snippet.trim_end().len();
            snippet.truncate(kept);
            snippet.push('\n');
            snippet.push_str(lines[end]);
            end += 1;
        }
        found.push((at, snippet.trim_end_matches('`').to_owned()));
        at = end;
    }
    found
}

/// Whether a command has its next line for its own: a sign at its end, or a quote that is open.
fn goes_on(snippet: &str) -> bool {
    let (mut quote, mut is_escaped) = (None, false);
    for letter in snippet.chars() {
        match (quote, letter) {
            _ if is_escaped => is_escaped = false,
            (Some('\''), '\\') => {}
            (_, '\\') => is_escaped = true,
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            _ => {}
        }
    }
    quote.is_some() || snippet.trim_end().ends_with('\\')
}

/// A request without what curl adds to it.
fn to_request(imported: &ImportedRequest, curl: &CurlRequests, place: &str) -> CollectionRequest {
    let origin = imported.origin.as_deref().unwrap_or_default();
    let (query, file_names) = without_files(imported.query());
    let mark = if query.is_empty() { "" } else { "?" };
    let address = format!("{origin}{}{mark}{query}", imported.path());
    let mut request = CollectionRequest::new(place, imported.method, foreign(&address));
    for file in file_names {
        request.lose(format!(
            "the part of the query that is the text of the file `{file}`"
        ));
    }
    for option in &curl.sending_options {
        request.lose(format!("the option `{option}`"));
    }
    request.follows_redirects = curl.follows_redirects;
    // A variable becomes one of the request file, and each request gets a boundary when it is sent.
    let is_kept = |note: &str| note != BOUNDARY_NOTE && !note.ends_with(UNKNOWN_VARIABLE_NOTE);
    let notes = imported.notes.iter().filter(|note| is_kept(note));
    request.remarks.extend(notes.cloned());
    let body_type = imported
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map(|(_, value)| value.clone());
    for (name, value) in &imported.headers {
        let lower = name.to_ascii_lowercase();
        let is_curls = matches!(
            (lower.as_str(), value.as_str()),
            ("host" | "content-length" | "accept-encoding", _)
                | ("user-agent", "curl/8")
                | ("accept", "*/*")
        );
        if is_curls {
            continue;
        }
        match basic_auth(&lower, value) {
            Some(auth) => request.auth = auth,
            None => request
                .headers
                .push(CollectionField::new(name.clone(), foreign(value))),
        }
    }
    request.body = body_of(imported, body_type.as_deref(), &mut request);
    request
}

/// The user and the password of `-u`, which curl encodes with the variables in them.
fn basic_auth(name: &str, value: &str) -> Option<CollectionAuth> {
    let basic = value
        .strip_prefix("Basic ")
        .filter(|_| name == "authorization")?;
    let pair = String::from_utf8(BASE64_STANDARD.decode(basic).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some(CollectionAuth::Basic {
        user: foreign(user),
        password: foreign(password),
    })
}

/// Variables of the shell and placeholders as variables.
pub(super) fn foreign(text: &str) -> ForeignText {
    with_placeholders(text, true)
}

/// The same for a body: braces are its own there, and `<…>` is a placeholder only as a whole value.
fn foreign_body(text: &str) -> ForeignText {
    if text.trim_start().starts_with('<') && text.contains("</") {
        return ForeignText::literal(text);
    }
    with_placeholders(text, false)
}

fn with_placeholders(text: &str, has_single_braces: bool) -> ForeignText {
    let Some(pattern) = PLACEHOLDER.as_ref() else {
        return ForeignText::literal(text);
    };
    let mut out = ForeignText::default();
    let mut from = 0;
    for found in pattern.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        if !is_placeholder(text, &whole, has_single_braces) {
            continue;
        }
        let name = found
            .iter()
            .skip(1)
            .flatten()
            .next()
            .map_or("", |name| name.as_str());
        // `{id}` is an object of JSON only where a quote stands in it, and that is no name.
        out.push_literal(&text[from..whole.start()]);
        out.push(ForeignPiece::Variable(name.trim().to_owned()));
        from = whole.end();
    }
    out.push_literal(&text[from..]);
    out
}

fn is_placeholder(text: &str, found: &regex::Match<'_>, has_single_braces: bool) -> bool {
    let shown = found.as_str();
    if shown.starts_with('<') {
        let before = text[..found.start()].chars().next_back();
        let behind = text[found.end()..].chars().next();
        let is_edge = |letter: Option<char>| letter.is_none_or(|one| "\"'= /:&?,;".contains(one));
        return is_edge(before)
            && is_edge(behind)
            && (has_single_braces || before == behind || before.is_none());
    }
    if shown.starts_with('{') {
        return has_single_braces || (shown.starts_with("{{") && shown.ends_with("}}"));
    }
    true
}

fn body_of(
    imported: &ImportedRequest,
    media_type: Option<&str>,
    request: &mut CollectionRequest,
) -> CollectionBody {
    if imported.body.is_empty() {
        return CollectionBody::None;
    }
    let kind = media_type.unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("multipart/form-data") {
        let parts = parse_multipart(media_type.unwrap_or_default(), &imported.body);
        let Some(parts) = parts else {
            request.lose("the parts of the body");
            return CollectionBody::None;
        };
        let parts = parts.into_iter().map(|part| {
            let text = String::from_utf8_lossy(&part.content).into_owned();
            let content = match named_file(&text) {
                Some(path) => CollectionPartContent::File(path),
                None => CollectionPartContent::Text(foreign_body(&text)),
            };
            let is_file = matches!(content, CollectionPartContent::File(_));
            CollectionPart {
                name: part.name,
                content,
                filename: part.filename.filter(|_| !is_file),
                media_type: part
                    .media_type
                    .filter(|kind| kind != "application/octet-stream"),
                is_disabled: false,
            }
        });
        return CollectionBody::Multipart(parts.collect());
    }
    let Ok(text) = std::str::from_utf8(&imported.body) else {
        request.lose("the body: it is not UTF-8 text");
        return CollectionBody::None;
    };
    if let Some(path) = named_file(text) {
        return CollectionBody::File(path);
    }
    if text.contains(FILE_START) {
        request.lose("the body: a part of it is a file");
        return CollectionBody::None;
    }
    let is_form = kind.starts_with("application/x-www-form-urlencoded");
    let (text, file_names) = if is_form {
        without_files(text)
    } else {
        (text.to_owned(), Vec::new())
    };
    let text = text.as_str();
    for file in file_names {
        request.lose(format!(
            "the field whose value is the text of the file `{file}`"
        ));
    }
    let looks_like_json = text.trim_start().starts_with(['{', '[']);
    if is_form && !looks_like_json && text.contains('=') {
        let fields = parse_form(text).into_iter();
        let fields = fields.map(|(name, value)| CollectionField::new(name, foreign_body(&value)));
        return CollectionBody::Form(fields.collect());
    }
    if is_form && looks_like_json {
        request
            .remarks
            .push("curl sends it with the content type of a form".to_owned());
    }
    CollectionBody::Text {
        text: foreign_body(text),
        media_type: media_type.map(str::to_owned),
    }
}

/// A query or a form without the parameters that hold the text of a file, and the names of these files.
fn without_files(encoded: &str) -> (String, Vec<String>) {
    let mut file_names = Vec::new();
    let parameters = encoded.split('&').filter(|parameter| {
        let decoded = percent_decode_str(parameter).decode_utf8_lossy();
        let Some((_, rest)) = decoded.split_once(FILE_START) else {
            return true;
        };
        let name = rest.split(FILE_END).next().unwrap_or_default();
        file_names.push(name.to_owned());
        false
    });
    let kept = parameters.collect::<Vec<_>>().join("&");
    (kept, file_names)
}

fn named_file(text: &str) -> Option<String> {
    let path = text.strip_prefix(FILE_START)?.strip_suffix(FILE_END)?;
    (!path.contains(FILE_START)).then(|| path.to_owned())
}
