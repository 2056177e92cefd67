//! A curl command line as the request that curl sends: its rules for method, headers and body.

use super::command_line::curl_command;
use super::curl_body::{CurlBody, CurlData};
use super::curl_options::{CurlOption, DataKind};
use super::curl_url::{CurlUrl, UrlOptions};
use super::form_part::{FormText, read_form_part};
use super::http_method::read_method;
use super::import_error::ImportError;
use super::imported_request::{ImportFormat, ImportedRequest};
use super::shell_command::{ShellCommand, ShellWord};
use super::source_text::ImportSource;
use super::text_place::TextPlace;
use crate::diagnostic::did_you_mean;
use crate::method::Method;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;

/// Reads a file that a command line names with `@`; the error says why not.
pub(crate) type ReadImportedFile<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// Each URL of a command is a request, for which all of its words are read again.
const MAX_ADDRESSES: usize = 200;

/// The release of curl is not known, and nobody signs it.
const USER_AGENT: &str = "curl/8";

/// # Errors
/// When the command line is malformed, or would send no request.
pub(super) fn read(
    source: &ImportSource,
    read_file: ReadImportedFile<'_>,
) -> Result<ImportedRequest, ImportError> {
    let command = curl_command(source)?;
    let mut curl = read_addresses(source, command, read_file, 1)?;
    // A command has at least one URL, or was refused.
    Ok(curl.requests.swap_remove(0))
}

/// What a command sends, and how.
pub(super) struct CurlRequests {
    /// One for each URL, in their order.
    pub(super) requests: Vec<ImportedRequest>,
    /// The options, as they stand, that are not of the request but of the way it is sent.
    pub(super) sending_options: Vec<String>,
    pub(super) follows_redirects: bool,
}

/// All requests of a command.
///
/// # Errors
/// As [`read`], and when there are hundreds of them.
pub(super) fn read_command(
    source: &ImportSource,
    command: ShellCommand,
    read_file: ReadImportedFile<'_>,
) -> Result<CurlRequests, ImportError> {
    read_addresses(source, command, read_file, usize::MAX)
}

/// The requests for the first so many URLs.
fn read_addresses(
    source: &ImportSource,
    mut command: ShellCommand,
    read_file: ReadImportedFile<'_>,
    limit: usize,
) -> Result<CurlRequests, ImportError> {
    let stdin = command.stdin.take();
    let read_named = |name: &str| match name {
        "-" => stdin
            .clone()
            .ok_or_else(|| "standard input is not available".to_owned()),
        name => read_file(name),
    };
    let mut reader = CurlReader {
        source,
        read_file: &read_named,
        settings: CurlSettings::default(),
        notes: std::mem::take(&mut command.notes),
    };
    reader.read_words(&command)?;
    let others = reader.settings.urls.len().min(limit).saturating_sub(1);
    if others >= MAX_ADDRESSES {
        return Err(ImportError::new(format!(
            "the command has {} URLs, but at most {MAX_ADDRESSES} are supported",
            others + 1
        ))
        .hint("split the command into several"));
    }
    if limit > 1 {
        reader.settings.urls.truncate(1);
    }
    let sending_options = std::mem::take(&mut reader.settings.sending_options);
    let follows_redirects = reader.settings.follows_redirects;
    let mut requests = vec![reader.finish()?];
    for index in 1..=others {
        let mut reader = CurlReader {
            source,
            read_file: &read_named,
            settings: CurlSettings::default(),
            notes: Vec::new(),
        };
        reader.read_words(&command)?;
        reader.settings.urls.swap(0, index);
        reader.settings.urls.truncate(1);
        requests.push(reader.finish()?);
    }
    Ok(CurlRequests {
        requests,
        sending_options,
        follows_redirects,
    })
}

/// What a command line sets.
#[derive(Default)]
struct CurlSettings {
    method: Option<(String, TextPlace)>,
    request_target: Option<String>,
    urls: Vec<(String, TextPlace)>,
    url_queries: Vec<String>,
    /// As they were given: `Name: value`, `Name;` or `Name:`.
    headers: Vec<String>,
    body: CurlBody,
    is_get: bool,
    is_head: bool,
    user: Option<String>,
    bearer: Option<String>,
    cookies: Vec<String>,
    user_agent: Option<String>,
    referer: Option<String>,
    range: Option<String>,
    is_compressed: bool,
    url: UrlOptions,
    sending_options: Vec<String>,
    follows_redirects: bool,
}

struct CurlReader<'a> {
    source: &'a ImportSource,
    read_file: ReadImportedFile<'a>,
    settings: CurlSettings,
    notes: Vec<String>,
}

impl CurlReader<'_> {
    fn read_words(&mut self, command: &ShellCommand) -> Result<(), ImportError> {
        let mut words = command.words.iter();
        let mut only_urls = false;
        while let Some(word) = words.next() {
            let place = self.source.place(word.offset);
            let text = utf8(word, place)?;
            if text == "--" && !only_urls {
                only_urls = true;
            } else if only_urls || !text.starts_with('-') || text == "-" {
                self.settings.urls.push((text.to_owned(), place));
            } else {
                let is_last = match text.strip_prefix("--") {
                    Some(name) => self.read_long(name, place, &mut words)?,
                    None => self.read_letters(&text[1..], word, &mut words)?,
                };
                if is_last {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether the request ends here.
    fn read_long<'w>(
        &mut self,
        name: &str,
        place: TextPlace,
        words: &mut impl Iterator<Item = &'w ShellWord>,
    ) -> Result<bool, ImportError> {
        let Some(option) = CurlOption::of_name(name) else {
            return Err(unknown_option(name, place));
        };
        let value = if option.takes_value() {
            Some(next_value(words, &format!("--{name}"), place)?)
        } else {
            None
        };
        self.apply(option, value, &format!("--{name}"), place)
    }

    /// Letters that stand together: `-sSL`, `-XPOST`.
    fn read_letters<'w>(
        &mut self,
        letters: &str,
        word: &ShellWord,
        words: &mut impl Iterator<Item = &'w ShellWord>,
    ) -> Result<bool, ImportError> {
        let place = self.source.place(word.offset);
        for (at, letter) in letters.char_indices() {
            let Some(option) = CurlOption::of_letter(letter) else {
                return Err(ImportError::at(
                    place,
                    format!("curl has no option `-{letter}`"),
                )
                .hint("see `curl --help all`; write a value that begins with `-` directly after its option"));
            };
            let name = format!("-{letter}");
            if option.takes_value() {
                // The first byte is the hyphen.
                let rest = &word.bytes[1 + at + letter.len_utf8()..];
                let value = if rest.is_empty() {
                    next_value(words, &name, place)?
                } else {
                    rest.to_vec()
                };
                return self.apply(option, Some(value), &name, place);
            }
            if self.apply(option, None, &name, place)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn apply(
        &mut self,
        option: CurlOption,
        value: Option<Vec<u8>>,
        name: &str,
        place: TextPlace,
    ) -> Result<bool, ImportError> {
        let bytes = value.unwrap_or_default();
        match option {
            CurlOption::Data(kind) => {
                let data = self.data(kind, &bytes, place)?;
                self.settings.body.add_data(&data);
                return Ok(false);
            }
            CurlOption::Json => {
                let data = self.data(DataKind::Binary, &bytes, place)?;
                self.settings.body.add_json(&data);
                return Ok(false);
            }
            _ => {}
        }
        let text = String::from_utf8(bytes).map_err(|_| {
            ImportError::at(place, format!("the value of `{name}` is not UTF-8 text"))
        })?;
        let settings = &mut self.settings;
        match option {
            CurlOption::Method => settings.method = Some((text, place)),
            CurlOption::RequestTarget => settings.request_target = Some(text),
            CurlOption::Url => settings.urls.push((text, place)),
            CurlOption::UrlQuery => settings.url_queries.push(text),
            CurlOption::Header => self.add_header(text, place)?,
            CurlOption::Form | CurlOption::FormString => self.add_form(option, &text, place)?,
            CurlOption::Get => settings.is_get = true,
            CurlOption::Head => settings.is_head = true,
            CurlOption::User => settings.user = Some(text),
            CurlOption::Bearer => settings.bearer = Some(text),
            CurlOption::Cookie => self.add_cookie(text),
            CurlOption::UserAgent => settings.user_agent = Some(text),
            CurlOption::Referer => {
                settings.referer = Some(text.trim_end_matches(";auto").to_owned());
            }
            CurlOption::Range => settings.range = Some(format!("bytes={text}")),
            CurlOption::Compressed => settings.is_compressed = true,
            CurlOption::Upload => {
                let body = self.file(&text, name, place)?;
                self.settings.body.upload = Some(body);
            }
            CurlOption::PathAsIs => settings.url.path_as_is = true,
            CurlOption::Globoff => settings.url.globoff = true,
            CurlOption::Next => {
                self.notes.push(format!(
                    "line {} has `{name}`: ingam reads only the request before it",
                    place.line
                ));
                return Ok(true);
            }
            CurlOption::Challenge => self.notes.push(format!(
                "`{name}` answers a challenge of the server, so its header is not in the text"
            )),
            CurlOption::AwsSignature => {
                return Err(ImportError::at(
                    place,
                    "with `--aws-sigv4`, curl computes the signature, so the text does not contain it",
                )
                .hint("run the command with `-v`, and pass the lines that begin with `>`"));
            }
            CurlOption::Config | CurlOption::Variable => {
                return Err(ImportError::at(
                    place,
                    format!("`{name}` is not supported: parts of the request are in another file"),
                )
                .hint("write them on the command line, or pass the output of `curl -v`"));
            }
            CurlOption::Location => settings.follows_redirects = !name.starts_with("--no-"),
            CurlOption::Sending | CurlOption::SendingValue => {
                settings.sending_options.push(name.to_owned());
            }
            CurlOption::Ignored
            | CurlOption::IgnoredValue
            | CurlOption::Data(_)
            | CurlOption::Json => {}
        }
        Ok(false)
    }

    /// The value of `-d` or one of its relatives.
    fn data(&self, kind: DataKind, value: &[u8], place: TextPlace) -> Result<Vec<u8>, ImportError> {
        let read = |name: &[u8]| {
            let name = String::from_utf8_lossy(name);
            self.file(&name, "@", place)
        };
        let data = CurlData { kind, value };
        data.content(&read)
    }

    fn file(&self, name: &str, option: &str, place: TextPlace) -> Result<Vec<u8>, ImportError> {
        read_named_file(self.read_file, name, option, place)
    }

    fn add_header(&mut self, line: String, place: TextPlace) -> Result<(), ImportError> {
        let lines = match line.strip_prefix('@') {
            None => line,
            Some(name) => {
                let text = self.file(name, "-H @", place)?;
                String::from_utf8_lossy(&text).into_owned()
            }
        };
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let has_name = line
                .find([':', ';'])
                .is_some_and(|end| is_token(&line[..end]));
            if has_name {
                self.settings.headers.push(line.to_owned());
            } else {
                self.notes.push(format!(
                    "line {} has a header without a name before `:`, which curl does not send",
                    place.line
                ));
            }
        }
        Ok(())
    }

    fn add_form(
        &mut self,
        option: CurlOption,
        text: &str,
        place: TextPlace,
    ) -> Result<(), ImportError> {
        let form = FormText {
            text,
            is_literal: option == CurlOption::FormString,
            place,
        };
        let read_file = self.read_file;
        let read = |name: &str| read_named_file(read_file, name, "-F", place);
        let part = read_form_part(&form, &read, &mut self.notes)?;
        self.settings.body.parts.push(part);
        Ok(())
    }

    fn add_cookie(&mut self, text: String) {
        if text.contains('=') {
            self.settings.cookies.push(text);
        } else {
            self.notes
                .push("ingam does not read the cookie file of `-b`".to_owned());
        }
    }

    fn finish(mut self) -> Result<ImportedRequest, ImportError> {
        let method = self.method()?;
        let url = self.url()?;
        let mut headers = self.headers(&url);
        let body = std::mem::take(&mut self.settings.body);
        let is_query = self.settings.is_get && body.upload.is_none() && body.parts.is_empty();
        let body = if is_query || method.1 {
            Bytes::new()
        } else {
            body.finish(&mut headers, &mut self.notes)
        };
        let has_length = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        if !body.is_empty() && !has_length {
            headers.push(("Content-Length".to_owned(), body.len().to_string()));
        }
        let target = self.settings.request_target.unwrap_or(url.target);
        Ok(ImportedRequest {
            format: ImportFormat::Curl,
            method: method.0,
            origin: Some(url.origin),
            target,
            headers,
            body,
            sent_at_ms: None,
            notes: self.notes,
        })
    }

    /// The method, and whether curl sends no body with it.
    fn method(&self) -> Result<(Method, bool), ImportError> {
        let settings = &self.settings;
        if let Some((name, place)) = &settings.method {
            return Ok((read_method(name, *place)?, settings.is_head));
        }
        Ok(if settings.is_head {
            (Method::Head, true)
        } else if settings.body.upload.is_some() {
            (Method::Put, false)
        } else if settings.body.is_given() && !settings.is_get {
            (Method::Post, false)
        } else {
            (Method::Get, false)
        })
    }

    fn url(&mut self) -> Result<CurlUrl, ImportError> {
        let [(url, place), more @ ..] = self.settings.urls.as_slice() else {
            return Err(ImportError::new("the command has no URL").hint(
                "an option without a value may have taken the URL as its value: check the quotes",
            ));
        };
        if !more.is_empty() {
            self.notes.push(format!(
                "the command has {} URLs, one for each request: only the first is read; check for a space outside quotes",
                more.len() + 1
            ));
        }
        let mut queries: Vec<Vec<u8>> = Vec::new();
        for query in &self.settings.url_queries {
            queries.push(match query.strip_prefix('+') {
                Some(literal) => literal.as_bytes().to_vec(),
                None => self.data(DataKind::UrlEncode, query.as_bytes(), *place)?,
            });
        }
        if self.settings.is_get {
            queries.extend(self.settings.body.data.clone());
        }
        CurlUrl::parse((url, *place), &queries, self.settings.url, &mut self.notes)
    }

    /// Those of the command line, and curl's own unless one of the command line has its name.
    fn headers(&self, url: &CurlUrl) -> Vec<(String, String)> {
        let settings = &self.settings;
        let given = settings.headers.iter().filter_map(|line| header(line));
        let is_named = |name: &str| {
            let mut lines = settings.headers.iter();
            lines.any(|line| header_name(line).eq_ignore_ascii_case(name))
        };
        let basic = settings.user.as_ref().or(url.user.as_ref()).map(|user| {
            let user = if user.contains(':') {
                user.clone()
            } else {
                format!("{user}:")
            };
            format!("Basic {}", BASE64_STANDARD.encode(user))
        });
        let authorization = match &settings.bearer {
            Some(token) => Some(format!("Bearer {token}")),
            None => basic,
        };
        let accept = if settings.body.is_json {
            "application/json"
        } else {
            "*/*"
        };
        let cookies = (!settings.cookies.is_empty()).then(|| settings.cookies.join("; "));
        let own = [
            ("Host", Some(url.authority.clone())),
            ("Authorization", authorization),
            (
                "User-Agent",
                Some(
                    settings
                        .user_agent
                        .clone()
                        .unwrap_or_else(|| USER_AGENT.to_owned()),
                )
                .filter(|agent| !agent.is_empty()),
            ),
            ("Accept", Some(accept.to_owned())),
            (
                "Accept-Encoding",
                settings
                    .is_compressed
                    .then(|| "deflate, gzip, br, zstd".to_owned()),
            ),
            ("Referer", settings.referer.clone()),
            ("Range", settings.range.clone()),
            ("Cookie", cookies),
        ];
        let own = own.into_iter().filter(|(name, _)| !is_named(name));
        let own = own.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let mut headers: Vec<(String, String)> = own.collect();
        headers.extend(given);
        // `-G` makes a query of the data, and curl names no type for that.
        let is_query = settings.is_get && settings.body.is_plain_data();
        if !is_named("content-type") && !is_query {
            headers.extend(
                settings
                    .body
                    .content_type()
                    .map(|kind| ("Content-Type".to_owned(), kind)),
            );
        }
        headers
    }
}

fn read_named_file(
    read_file: ReadImportedFile<'_>,
    name: &str,
    option: &str,
    place: TextPlace,
) -> Result<Vec<u8>, ImportError> {
    read_file(name).map_err(|reason| {
        let what = if name == "-" {
            "standard input".to_owned()
        } else {
            format!("the file `{name}`")
        };
        ImportError::at(
            place,
            format!("`{option}` names {what}, which cannot be read: {reason}"),
        )
        .hint("put the file into the folder of the command, or write its text after `--data-raw`")
    })
}

/// A header of the command line; `Name:` removes one of curl's own and sends none.
fn header(line: &str) -> Option<(String, String)> {
    let name = header_name(line);
    match line[name.len()..].strip_prefix(':') {
        Some(value) if value.trim().is_empty() => None,
        Some(value) => Some((
            name.to_owned(),
            value.trim_matches([' ', '\t', '\r']).to_owned(),
        )),
        // `Name;` sends the header without a value.
        None => Some((name.to_owned(), String::new())),
    }
}

fn header_name(line: &str) -> &str {
    line.find([':', ';']).map_or(line, |end| &line[..end])
}

/// RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn utf8(word: &ShellWord, place: TextPlace) -> Result<&str, ImportError> {
    // Options and URLs; values of options may be other bytes.
    match std::str::from_utf8(&word.bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            // `-d` and its value in one word.
            let head = &word.bytes[..error.valid_up_to()];
            match std::str::from_utf8(head) {
                Ok(head) if head.starts_with("-d") || head.starts_with("-F") => Ok(head),
                _ => Err(ImportError::at(place, "this word is not UTF-8 text")),
            }
        }
    }
}

fn next_value<'w>(
    words: &mut impl Iterator<Item = &'w ShellWord>,
    name: &str,
    place: TextPlace,
) -> Result<Vec<u8>, ImportError> {
    words.next().map(|word| word.bytes.clone()).ok_or_else(|| {
        ImportError::at(
            place,
            format!("`{name}` needs a value, but the command ends here"),
        )
    })
}

fn unknown_option(name: &str, place: TextPlace) -> ImportError {
    // Behind `=` a secret can stand.
    let (name, has_value) = match name.split_once('=') {
        Some((name, _)) => (name, true),
        None => (name, false),
    };
    let error = ImportError::at(place, format!("curl has no option `--{name}`"));
    if has_value && CurlOption::of_name(name).is_some() {
        return error.hint(format!(
            "write the value as the next word: `--{name} VALUE`"
        ));
    }
    match did_you_mean(name, CurlOption::names()) {
        Some(hint) => error.hint(hint),
        None => error
            .hint("see `curl --help all`; if the option does not change the request, remove it"),
    }
}
