//! Decodes one file of `fixtures/recordings/`. The values of its exchanges are data: no template in
//! them is active.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::node_reader::{
    CheckedMap, at_most_one, duration, enum_value, list_items, map_entries, one_or_many,
    response_status, scalar, text,
};
use crate::load::resource::ResourceDecoder;
use crate::load::workspace_files::WorkspaceFiles;
use crate::model::recording::{
    FORMAT_VERSION, PARTIAL_HEADERS_FORMAT, RecordedBody, RecordedExchange, RecordedHeaders,
    RecordedOutcome, RecordedPart, RecordedPartFile, RecordedRequest, RecordedResponse, Recording,
    ResponseBody, StubPush, checksum,
};
use crate::model::request::Method;
use crate::model::sandbox_resource::SandboxResource;
use crate::model::scheme::PLAIN_SCHEME;
use crate::span::Span;
use crate::wire::unencodable;
use crate::yaml::{MapEntry, NodeKind, YamlNode};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use std::time::Duration;

/// Keys of a recording.
pub(super) const RECORDING_KEYS: [&str; 6] = [
    "format",
    "scheme",
    "recorded",
    "checksum",
    "exchanges",
    "resources",
];
/// Keys of one exchange; the last three are for stubs.
pub(super) const EXCHANGE_KEYS: [&str; 7] = [
    "request",
    "response",
    "times",
    "rounds",
    "delay",
    "fault",
    "then_push",
];
/// Keys of `then_push`.
pub(super) const STUB_PUSH_KEYS: [&str; 3] = ["event", "json", "after"];
/// Keys of a recorded request.
pub(super) const RECORDED_REQUEST_KEYS: [&str; 15] = [
    "account",
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "query",
    "headers",
    "json",
    "form",
    "multipart",
    "text",
    "sha256",
];
/// Keys of a recorded response.
pub(super) const RECORDED_RESPONSE_KEYS: [&str; 6] =
    ["status", "headers", "json", "text", "base64", "file"];

/// How a stub breaks the transfer of a response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TransferFault {
    Reset,
    Truncate,
}

/// They stand around the name of a secret in a recording, and are sent as escapes.
const SECRET_NAME_QUOTES: [char; 2] = ['‹', '›'];

const TRANSFER_FAULTS: [(&str, TransferFault); 2] = [
    ("reset", TransferFault::Reset),
    ("truncate", TransferFault::Truncate),
];

/// Whether a recorded request is one of a step with `external`.
fn is_external(target: &str) -> bool {
    target.starts_with("https://") || target.starts_with("http://")
}

pub(super) struct RecordingDecoder<'d> {
    pub(super) files: &'d WorkspaceFiles,
    pub(super) diagnostics: &'d mut Diagnostics,
    /// The format says that each request states all of its headers.
    pub(super) states_all_headers: bool,
    /// Of the scheme of plain requests, which addresses of responses are asked with.
    is_plain: bool,
}

impl<'d> RecordingDecoder<'d> {
    pub(super) fn new(files: &'d WorkspaceFiles, diagnostics: &'d mut Diagnostics) -> Self {
        Self {
            files,
            diagnostics,
            states_all_headers: false,
            is_plain: false,
        }
    }

    /// `text` is what the node was parsed from.
    pub(super) fn decode(
        &mut self,
        name: String,
        node: &YamlNode,
        text_of_file: &str,
    ) -> Option<Recording> {
        let map = CheckedMap::open(node, "a recording", &RECORDING_KEYS, self.diagnostics)?;
        if let Some(checksum) = map.get("checksum") {
            self.verify_checksum(checksum, text_of_file);
        }
        let format = map.required("format", self.diagnostics)?;
        self.check_format(format);
        let scheme = text(
            map.required("scheme", self.diagnostics)?,
            "`scheme`",
            self.diagnostics,
        )?
        .to_owned();
        self.is_plain = scheme == PLAIN_SCHEME;
        let recorded_ms = map
            .get("recorded")
            .and_then(|node| self.recorded_time(node));
        let resources = self.resources(&map);
        Some(Recording {
            name,
            scheme,
            recorded_ms,
            // Only ingam writes a checksum, and the message about a wrong one tells a person who
            // edits the file to remove it.
            is_generated: map.get("checksum").is_some(),
            exchanges: self.exchanges(&map, resources.is_some())?,
            resources: resources.unwrap_or_default(),
        })
    }

    fn resources(&mut self, map: &CheckedMap<'_>) -> Option<Vec<SandboxResource>> {
        map.get("resources").map(|node| {
            ResourceDecoder {
                diagnostics: self.diagnostics,
            }
            .decode(node)
        })
    }

    fn exchanges(
        &mut self,
        map: &CheckedMap<'_>,
        is_optional: bool,
    ) -> Option<Vec<RecordedExchange>> {
        let list = if is_optional {
            map.get("exchanges")
        } else {
            Some(map.required("exchanges", self.diagnostics)?)
        };
        let nodes = list
            .map(|node| list_items(node, "`exchanges`", self.diagnostics))
            .unwrap_or_default();
        Some(
            nodes
                .iter()
                .filter_map(|node| self.exchange(node))
                .collect(),
        )
    }

    /// A recording that ingam wrote must be unchanged. A person who edits one removes its checksum.
    fn verify_checksum(&mut self, node: &YamlNode, text_of_file: &str) {
        let Some(written) = self.sha256_hex(node) else {
            return;
        };
        // The bytes are compared, not the values: a merge that went wrong can leave valid YAML.
        if checksum(text_of_file) != written {
            let diagnostic = Diagnostic::error("this recording was changed after ingam wrote it")
                .at(node.at, "the checksum does not match the file");
            let own = "if you changed the file on purpose, remove this line; the file then counts as written by hand";
            self.diagnostics.push(diagnostic.hint(format!(
                "restore the file from version control, or delete it and record again; {own}"
            )));
        }
    }

    fn check_format(&mut self, node: &YamlNode) {
        let number = node
            .to_value()
            .as_number()
            .and_then(crate::value::Number::as_i64);
        match number {
            Some(PARTIAL_HEADERS_FORMAT) => {}
            Some(FORMAT_VERSION) => self.states_all_headers = true,
            // A newer format may use the same keys with another meaning, so it is not read as this
            // one.
            Some(newer) if newer > FORMAT_VERSION => {
                let diagnostic = Diagnostic::error(format!(
                    "this recording has format {newer}, but this version of ingam supports formats up to {FORMAT_VERSION}"
                ));
                self.diagnostics.push(
                    diagnostic
                        .at(node.at, "a newer format")
                        .hint("update ingam"),
                );
            }
            _ => self.diagnostics.push(
                Diagnostic::error("`format` must be 1 or 2").at(node.at, "an unknown format"),
            ),
        }
    }

    fn recorded_time(&mut self, node: &YamlNode) -> Option<i64> {
        let written = text(node, "`recorded`", self.diagnostics)?;
        let time = written.parse::<jiff::Timestamp>();
        if time.is_err() {
            let diagnostic =
                Diagnostic::error("`recorded` must be a time").at(node.at, "not a time");
            self.diagnostics
                .push(diagnostic.hint("write it as `2026-11-22T09:00:00Z`"));
        }
        time.ok().map(jiff::Timestamp::as_millisecond)
    }

    fn exchange(&mut self, node: &YamlNode) -> Option<RecordedExchange> {
        let map = CheckedMap::open(node, "an exchange", &EXCHANGE_KEYS, self.diagnostics)?;
        let request = map.required("request", self.diagnostics)?;
        let times = map.get("times").and_then(|node| self.times(node));
        let rounds = map.get("rounds").and_then(|node| self.rounds(node));
        let delay = map
            .get("delay")
            .and_then(|node| duration(node, "`delay`", self.diagnostics));
        let then_push = map.get("then_push").and_then(|node| self.stub_push(node));
        let decoded = self.request(request);
        let outcome = self.outcome(&map);
        if let (
            Some(RecordedRequest {
                method: Method::Head,
                ..
            }),
            Some(RecordedOutcome::Truncated(_)),
        ) = (&decoded, &outcome)
        {
            // RFC 9110, section 9.3.2: there is no body of which half could be sent.
            self.refuse_empty_truncation(map.at, "a response to HEAD has no body");
        }
        Some(RecordedExchange {
            at: request.at,
            request: decoded?,
            outcome: outcome?,
            times,
            rounds,
            delay,
            then_push,
        })
    }

    /// `order_status`, or `{ event: order_status, json: { … }, after: 2s }`
    fn stub_push(&mut self, node: &YamlNode) -> Option<StubPush> {
        if node.as_scalar().is_some() {
            return Some(StubPush {
                event: text(node, "`then_push`", self.diagnostics)?.to_owned(),
                event_at: node.at,
                json: None,
                after: Duration::ZERO,
            });
        }
        let map = CheckedMap::open(node, "`then_push`", &STUB_PUSH_KEYS, self.diagnostics)?;
        let event = map.required("event", self.diagnostics)?;
        Some(StubPush {
            event: text(event, "`event`", self.diagnostics)?.to_owned(),
            event_at: event.at,
            json: map.get("json").map(YamlNode::to_value),
            after: map
                .get("after")
                .and_then(|node| duration(node, "`after`", self.diagnostics))
                .unwrap_or_default(),
        })
    }

    fn rounds(&mut self, node: &YamlNode) -> Option<u32> {
        let number = node
            .to_value()
            .as_number()
            .and_then(crate::value::Number::as_i64);
        let rounds = number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|rounds| *rounds > 0);
        if rounds.is_none() {
            let diagnostic = Diagnostic::error("`rounds` must be a whole number above zero")
                .at(node.at, "not a number of rounds");
            self.diagnostics.push(diagnostic.hint(
                "it is the number of rounds of the step's `for_each`; without it, ingam does not compare the number",
            ));
        }
        rounds
    }

    fn times(&mut self, node: &YamlNode) -> Option<u32> {
        let number = node
            .to_value()
            .as_number()
            .and_then(crate::value::Number::as_i64);
        let times = number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|times| *times > 0);
        if times.is_none() {
            let diagnostic = Diagnostic::error("`times` must be a whole number above zero")
                .at(node.at, "not a number of responses");
            self.diagnostics.push(
                diagnostic.hint(
                    "without `times`, an exchange is used once, and the last one is repeated",
                ),
            );
        }
        times
    }

    fn outcome(&mut self, map: &CheckedMap<'_>) -> Option<RecordedOutcome> {
        let fault = map.get("fault").map(|node| {
            (
                node.at,
                enum_value(node, "`fault`", &TRANSFER_FAULTS, self.diagnostics),
            )
        });
        match (fault, map.entry("response")) {
            (None, _) => {
                let response = map.required("response", self.diagnostics)?;
                self.response(response).map(RecordedOutcome::Response)
            }
            (Some((_, None)), _) => None,
            (Some((_, Some(TransferFault::Reset))), None) => Some(RecordedOutcome::Reset),
            (Some((at, Some(TransferFault::Reset))), Some(entry)) => {
                self.refuse_response_of_reset(at, entry);
                None
            }
            (Some((at, Some(TransferFault::Truncate))), Some(entry)) => {
                self.truncated_response(at, &entry.value)
            }
            (Some((at, Some(TransferFault::Truncate))), None) => {
                self.refuse_missing_response(at);
                None
            }
        }
    }

    fn refuse_response_of_reset(&mut self, at: Span, response: &MapEntry) {
        let diagnostic = Diagnostic::error("with `fault: reset`, no part of a `response` arrives")
            .at(response.key_at, "never sent");
        self.diagnostics.push(
            diagnostic
                .at(at, "with this")
                .hint("remove one of the two; `truncate` sends half of the body"),
        );
    }

    fn refuse_missing_response(&mut self, at: Span) {
        let diagnostic = Diagnostic::error("`fault: truncate` needs a `response`")
            .at(at, "there is no response to truncate");
        self.diagnostics.push(
            diagnostic.hint("add the `response`, or write `fault: reset` for no response at all"),
        );
    }

    fn truncated_response(&mut self, at: Span, response: &YamlNode) -> Option<RecordedOutcome> {
        let answer = self.response(response)?;
        match &answer.body {
            ResponseBody::None => self.refuse_empty_truncation(at, "this response has no body"),
            ResponseBody::Text(text) if text.is_empty() => {
                self.refuse_empty_truncation(at, "the body of this response is empty");
            }
            _ => {}
        }
        Some(RecordedOutcome::Truncated(answer))
    }

    fn refuse_empty_truncation(&mut self, at: Span, why: &str) {
        let diagnostic =
            Diagnostic::error("`fault: truncate` needs a response with a body").at(at, why);
        self.diagnostics
            .push(diagnostic.hint("add a body, or write `fault: reset` for no response at all"));
    }

    fn request(&mut self, node: &YamlNode) -> Option<RecordedRequest> {
        let map = CheckedMap::open(
            node,
            "a recorded request",
            &RECORDED_REQUEST_KEYS,
            self.diagnostics,
        )?;
        let (method, target) = self.recorded_line(&map)?;
        let (path, raw_query) = target.split_once('?').unwrap_or((target, ""));
        let mut query = crate::wire::parse_form(raw_query);
        query.extend(map.optional("query", |node| self.pairs(node, "`query`")));
        // The order of two names differs between two clients that mean the same; the order of two
        // values of one name has a meaning.
        query.sort_by(|left, right| left.0.cmp(&right.0));
        let body = self.body(&map);
        let headers = map.optional("headers", |node| self.headers(node));
        Some(RecordedRequest {
            account: map.optional_text("account", self.diagnostics),
            method,
            path: path.to_owned(),
            query,
            headers: RecordedHeaders::new(headers, &body, self.states_all_headers),
            body,
        })
    }

    /// The method, and the path with its query as written.
    fn recorded_line<'n>(&mut self, map: &CheckedMap<'n>) -> Option<(Method, &'n str)> {
        at_most_one(
            map,
            &Method::ALL.map(Method::key),
            "a recorded request must have exactly one method",
            self.diagnostics,
        );
        at_most_one(
            map,
            &RECORDED_REQUEST_KEYS[10..],
            "a recorded request can have only one body",
            self.diagnostics,
        );
        let line = Method::ALL
            .into_iter()
            .find_map(|method| map.get(method.key()).map(|path| (method, path)));
        let Some((method, path)) = line else {
            self.diagnostics.push(
                Diagnostic::error("a recorded request needs a method and a path")
                    .at(map.at, "none here"),
            );
            return None;
        };
        let target = text(path, "a path", self.diagnostics)?;
        // What is signed goes to the hosts of its scheme alone.
        if self.is_plain && is_external(target) {
            if target.contains(['?', '#']) {
                let diagnostic =
                    Diagnostic::error("the query of an external address cannot be recorded");
                self.diagnostics.push(
                    diagnostic
                        .at(path.at, "it contains a signature, and is not compared")
                        .hint("remove the `?` and everything after it"),
                );
            }
        } else if !target.starts_with('/') {
            self.diagnostics.push(
                Diagnostic::error("a path must begin with `/`").at(path.at, "this path does not"),
            );
        }
        Some((method, target))
    }

    /// A list repeats the name; null leaves it out.
    fn pairs(&mut self, node: &YamlNode, what: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for entry in map_entries(node, what, self.diagnostics) {
            for item in one_or_many(&entry.value) {
                if !matches!(item.kind, NodeKind::Null) {
                    pairs.extend(
                        scalar(item, what, self.diagnostics)
                            .map(|value| (entry.key.to_string(), value)),
                    );
                }
            }
        }
        pairs
    }

    fn body(&mut self, map: &CheckedMap<'_>) -> RecordedBody {
        if let Some(node) = map.get("json") {
            return RecordedBody::Json(node.to_value());
        }
        if let Some(node) = map.get("form") {
            let mut pairs = self.pairs(node, "`form`");
            // As in a query.
            pairs.sort_by(|left, right| left.0.cmp(&right.0));
            return RecordedBody::Form(pairs);
        }
        if let Some(node) = map.get("multipart") {
            return RecordedBody::Multipart(self.multipart_parts(node));
        }
        if let Some(node) = map.get("sha256") {
            return self
                .sha256_hex(node)
                .map_or(RecordedBody::None, RecordedBody::Hash);
        }
        let text = map
            .get("text")
            .and_then(|node| text(node, "`text`", self.diagnostics));
        text.map_or(RecordedBody::None, |text| {
            RecordedBody::Text(text.to_owned())
        })
    }

    fn multipart_parts(&mut self, node: &YamlNode) -> Vec<RecordedPart> {
        let entries = map_entries(node, "`multipart`", self.diagnostics);
        let mut parts: Vec<RecordedPart> = Vec::with_capacity(entries.len());
        for entry in entries {
            // A list repeats the name.
            for part in one_or_many(&entry.value) {
                parts.extend(self.multipart_part(&entry.key, part));
            }
        }
        parts.sort_by(|left, right| left.name.cmp(&right.name));
        parts
    }

    /// A file part is matched by its file name, and by its media type and its hash if the recording
    /// has them.
    fn multipart_part(&mut self, name: &str, node: &YamlNode) -> Option<RecordedPart> {
        if node.as_map().is_none() {
            return Some(RecordedPart {
                name: name.to_owned(),
                text: scalar(node, "a part", self.diagnostics)?,
                media_type: None,
                file: None,
            });
        }
        let map = CheckedMap::open(
            node,
            "a part",
            &["file", "filename", "text", "type", "sha256"],
            self.diagnostics,
        )?;
        let media_type = map.optional_text("type", self.diagnostics);
        if let Some(node) = map.get("text") {
            at_most_one(
                &map,
                &["text", "file", "filename", "sha256"],
                "a part must be a text or a file",
                self.diagnostics,
            );
            return Some(RecordedPart {
                name: name.to_owned(),
                text: scalar(node, "a part", self.diagnostics)?,
                media_type,
                file: None,
            });
        }
        let path = map
            .get("filename")
            .or_else(|| map.required("file", self.diagnostics))?;
        let path = text(path, "a file name", self.diagnostics)?;
        let sha256 = map.get("sha256").and_then(|node| self.sha256_hex(node));
        Some(RecordedPart {
            name: name.to_owned(),
            // A client sends the name only, without its folders.
            text: path.rsplit('/').next().unwrap_or(path).to_owned(),
            media_type,
            file: Some(RecordedPartFile { sha256 }),
        })
    }

    fn sha256_hex(&mut self, node: &YamlNode) -> Option<String> {
        let written = text(node, "`sha256`", self.diagnostics)?;
        let is_hash = written.len() == 64
            && written
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash {
            let diagnostic = Diagnostic::error("`sha256` must be a hash")
                .at(node.at, "not 64 lower-case hex digits");
            self.diagnostics
                .push(diagnostic.hint("`sha256sum FILE` prints one"));
        }
        is_hash.then(|| written.to_owned())
    }

    fn response(&mut self, node: &YamlNode) -> Option<RecordedResponse> {
        let map = CheckedMap::open(
            node,
            "a recorded response",
            &RECORDED_RESPONSE_KEYS,
            self.diagnostics,
        )?;
        let status = map.required("status", self.diagnostics)?;
        let status = response_status(status, self.diagnostics)?;
        let headers = map.optional("headers", |node| self.headers(node));
        if let Some(body) = map
            .present_entries(&RECORDED_RESPONSE_KEYS[2..])
            .first()
            // RFC 9110, sections 15.3.5 and 15.4.5: such a response ends with its headers.
            .filter(|_| matches!(status, 204 | 304))
        {
            let diagnostic = Diagnostic::error(format!(
                "a response with status {status} cannot have a body"
            ))
            .at(body.key_at, "this body would not be sent");
            self.diagnostics.push(diagnostic);
        }
        let response = RecordedResponse {
            status,
            headers,
            body: self.response_body(&map),
        };
        self.check_encodable(&map, &response);
        Some(response)
    }

    /// The text of a stub must be text that its encoding can say.
    fn check_encodable(&mut self, map: &CheckedMap<'_>, response: &RecordedResponse) {
        let (ResponseBody::Text(text), Some(node)) = (&response.body, map.get("text")) else {
            return;
        };
        let Some(lacking) = unencodable(response.content_type(), text, &SECRET_NAME_QUOTES) else {
            return;
        };
        let diagnostic = Diagnostic::error(format!(
            "this text contains `{}`, which the encoding {} lacks",
            lacking.character, lacking.charset
        ));
        self.diagnostics.push(
            diagnostic
                .at(node.at, "in this body")
                .hint("the encoding comes from `content-type` or the XML declaration of the body"),
        );
    }

    fn headers(&mut self, node: &YamlNode) -> Vec<(String, String)> {
        let pairs = self.pairs(node, "`headers`");
        for (name, value) in &pairs {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err()
                || http::HeaderValue::from_str(value).is_err()
            {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{name}` is not a header that can be sent"))
                        .at(node.at, "in these headers"),
                );
            }
        }
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect()
    }

    fn base64(&mut self, node: &YamlNode) -> Option<Vec<u8>> {
        let written = text(node, "`base64`", self.diagnostics)?;
        let decoded = BASE64_STANDARD.decode(written);
        if decoded.is_err() {
            self.diagnostics
                .push(Diagnostic::error("`base64` must be base64").at(node.at, "this is not"));
        }
        decoded.ok()
    }

    fn response_body(&mut self, map: &CheckedMap<'_>) -> ResponseBody {
        let found = map.present_entries(&RECORDED_RESPONSE_KEYS[2..]);
        at_most_one(
            map,
            &RECORDED_RESPONSE_KEYS[2..],
            "a response can have only one body",
            self.diagnostics,
        );
        let Some(entry) = found.first() else {
            return ResponseBody::None;
        };
        match entry.key.as_str() {
            "json" => ResponseBody::Json(entry.value.to_value()),
            "text" => text(&entry.value, "`text`", self.diagnostics)
                .map_or(ResponseBody::None, |text| {
                    ResponseBody::Text(text.to_owned())
                }),
            "base64" => self
                .base64(&entry.value)
                .map_or(ResponseBody::None, ResponseBody::Bytes),
            _ => self
                .files
                .workspace_file(&entry.value, self.diagnostics)
                .map_or(ResponseBody::None, |file| ResponseBody::File(file.path)),
        }
    }
}
