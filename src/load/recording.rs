//! Decodes one file of `fixtures/recordings/`. The values of its exchanges are data: no template in them is active.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::fields::{Map, at_most_one, duration, entries, items, scalar, text, word, wrong_kind};
use crate::load::files::Files;
use crate::load::resource::Resources;
use crate::model::recording::{
    AnswerBody, Exchange, FORMAT, Outcome, RecordedAnswer, RecordedBody, RecordedPart, RecordedRequest, Recording, checksum,
};
use crate::model::request::Method;
use crate::span::Span;
use crate::yaml::{Entry, Kind, Node};
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// Keys of a recording.
pub const RECORDING_KEYS: [&str; 6] = ["format", "scheme", "recorded", "checksum", "exchanges", "resources"];
/// Keys of one exchange; the last three are for stubs.
pub const EXCHANGE_KEYS: [&str; 5] = ["request", "response", "times", "delay", "fault"];
/// Keys of a recorded request.
pub const REQUEST_KEYS: [&str; 13] =
    ["account", "get", "post", "put", "patch", "delete", "head", "query", "json", "form", "multipart", "text", "sha256"];
/// Keys of a recorded answer.
pub const RESPONSE_KEYS: [&str; 6] = ["status", "headers", "json", "text", "base64", "file"];

/// What can go wrong with an answer on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Reset,
    Truncate,
}

const FAULTS: [(&str, Fault); 2] = [("reset", Fault::Reset), ("truncate", Fault::Truncate)];

pub struct Recordings<'d> {
    pub files: &'d Files,
    pub faults: &'d mut Diagnostics,
}

impl Recordings<'_> {
    /// `text` is what the node was parsed from.
    pub fn decode(&mut self, name: String, node: &Node, text_of_file: &str) -> Option<Recording> {
        let map = Map::open(node, "a recording", &RECORDING_KEYS, self.faults)?;
        if let Some(checksum) = map.get("checksum") {
            self.check_sum(checksum, text_of_file);
        }
        let format = map.required("format", self.faults)?;
        self.check_format(format);
        let scheme = text(map.required("scheme", self.faults)?, "`scheme`", self.faults)?.to_owned();
        let recorded_ms = map.get("recorded").and_then(|node| self.time(node));
        let resources = map.get("resources").map(|node| Resources { faults: self.faults }.decode(node));
        let exchanges = match &resources {
            Some(_) => map.get("exchanges"),
            None => Some(map.required("exchanges", self.faults)?),
        };
        let nodes = exchanges.map(|node| items(node, "`exchanges`", self.faults)).unwrap_or_default();
        let exchanges = nodes.iter().filter_map(|node| self.exchange(node)).collect();
        let is_written = map.get("checksum").is_some();
        Some(Recording { name, scheme, recorded_ms, is_written, exchanges, resources: resources.unwrap_or_default() })
    }

    /// What the program wrote is whole; what a person changed is the person's own.
    fn check_sum(&mut self, node: &Node, text_of_file: &str) {
        let Some(written) = self.hash(node) else { return };
        if checksum(text_of_file) != written {
            let fault = Diagnostic::error("this recording is not as it was written").at(node.at, "another sum than the file's");
            let own = "if you changed it on purpose, remove this line: then the file is one of your own";
            self.faults.push(fault.hint(format!("take it back from version control, or remove it and record it again; {own}")));
        }
    }

    fn check_format(&mut self, node: &Node) {
        let number = node.to_value().as_number().and_then(crate::value::Number::as_i64);
        match number {
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => {
                let fault =
                    Diagnostic::error(format!("this recording has format {newer}, and this program knows up to {FORMAT}"));
                self.faults.push(fault.at(node.at, "a newer format").hint("use a newer ingam"));
            }
            _ => self.faults.push(Diagnostic::error(format!("`format` must be {FORMAT}")).at(node.at, "not a known format")),
        }
    }

    fn time(&mut self, node: &Node) -> Option<i64> {
        let written = text(node, "`recorded`", self.faults)?;
        let time = written.parse::<jiff::Timestamp>();
        if time.is_err() {
            let fault = Diagnostic::error("`recorded` must be a time").at(node.at, "not a time");
            self.faults.push(fault.hint("write it as `2026-11-22T09:00:00Z`"));
        }
        time.ok().map(jiff::Timestamp::as_millisecond)
    }

    fn exchange(&mut self, node: &Node) -> Option<Exchange> {
        let map = Map::open(node, "an exchange", &EXCHANGE_KEYS, self.faults)?;
        let request = map.required("request", self.faults)?;
        let times = map.get("times").and_then(|node| self.times(node));
        let delay = map.get("delay").and_then(|node| duration(node, "`delay`", self.faults));
        let decoded = self.request(request);
        let outcome = self.outcome(&map);
        if let (Some(RecordedRequest { method: Method::Head, .. }), Some(Outcome::Truncated(_))) = (&decoded, &outcome) {
            self.nothing_to_cut(map.at, "an answer to HEAD has no body");
        }
        Some(Exchange { at: request.at, request: decoded?, outcome: outcome?, times, delay })
    }

    fn times(&mut self, node: &Node) -> Option<u32> {
        let number = node.to_value().as_number().and_then(crate::value::Number::as_i64);
        let times = number.and_then(|number| u32::try_from(number).ok()).filter(|times| *times > 0);
        if times.is_none() {
            let fault = Diagnostic::error("`times` must be a whole number above zero").at(node.at, "so often it cannot answer");
            self.faults.push(fault.hint("without `times` an exchange answers once, and the last one again and again"));
        }
        times
    }

    fn outcome(&mut self, map: &Map<'_>) -> Option<Outcome> {
        let fault = map.get("fault").map(|node| (node.at, word(node, "`fault`", &FAULTS, self.faults)));
        match (fault, map.entry("response")) {
            (None, _) => {
                let response = map.required("response", self.faults)?;
                self.answer(response).map(Outcome::Answer)
            }
            (Some((_, None)), _) => None,
            (Some((_, Some(Fault::Reset))), None) => Some(Outcome::Reset),
            (Some((at, Some(Fault::Reset))), Some(entry)) => {
                let fault =
                    Diagnostic::error("nothing of a `response` arrives after `fault: reset`").at(entry.key_at, "never sent");
                self.faults.push(fault.at(at, "with this").hint("remove one of the two; `truncate` sends half of the body"));
                None
            }
            (Some((at, Some(Fault::Truncate))), Some(entry)) => self.truncated(at, &entry.value),
            (Some((at, Some(Fault::Truncate))), None) => {
                let fault = Diagnostic::error("`fault: truncate` needs a `response`").at(at, "there is nothing to cut in half");
                self.faults.push(fault.hint("add the `response`, or write `fault: reset` for no answer at all"));
                None
            }
        }
    }

    fn truncated(&mut self, at: Span, response: &Node) -> Option<Outcome> {
        let answer = self.answer(response)?;
        match &answer.body {
            AnswerBody::None => self.nothing_to_cut(at, "this answer has no body"),
            AnswerBody::Text(text) if text.is_empty() => self.nothing_to_cut(at, "the body of this answer is empty"),
            _ => {}
        }
        Some(Outcome::Truncated(answer))
    }

    fn nothing_to_cut(&mut self, at: Span, why: &str) {
        let fault = Diagnostic::error("`fault: truncate` needs an answer with a body").at(at, why);
        self.faults.push(fault.hint("add a body, or write `fault: reset` for no answer at all"));
    }

    fn request(&mut self, node: &Node) -> Option<RecordedRequest> {
        let map = Map::open(node, "a recorded request", &REQUEST_KEYS, self.faults)?;
        at_most_one(&map, &Method::ALL.map(Method::key), "a recorded request has one method", self.faults);
        at_most_one(&map, &REQUEST_KEYS[8..], "a recorded request has one body", self.faults);
        let line = Method::ALL.into_iter().find_map(|method| map.get(method.key()).map(|path| (method, path)));
        let Some((method, path)) = line else {
            self.faults.push(Diagnostic::error("a recorded request needs a method and a path").at(node.at, "none here"));
            return None;
        };
        let written = text(path, "a path", self.faults)?;
        if !written.starts_with('/') {
            self.faults.push(Diagnostic::error("a path begins with `/`").at(path.at, "this does not"));
        }
        let (path, raw_query) = written.split_once('?').unwrap_or((written, ""));
        let mut query = crate::wire::parse_query(raw_query);
        query.extend(map.get("query").map(|node| self.pairs(node, "`query`")).unwrap_or_default());
        query.sort();
        let account = map.get("account").and_then(|node| text(node, "`account`", self.faults)).map(str::to_owned);
        Some(RecordedRequest { account, method, path: path.to_owned(), query, body: self.body(&map) })
    }

    /// A list repeats the name; null leaves it out.
    fn pairs(&mut self, node: &Node, what: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for entry in entries(node, what, self.faults) {
            for item in crate::load::fields::one_or_many(&entry.value) {
                if !matches!(item.kind, Kind::Null) {
                    pairs.extend(scalar(item, what, self.faults).map(|value| (entry.key.to_string(), value)));
                }
            }
        }
        pairs
    }

    fn body(&mut self, map: &Map<'_>) -> RecordedBody {
        if let Some(node) = map.get("json") {
            return RecordedBody::Json(node.to_value());
        }
        if let Some(node) = map.get("form") {
            let mut pairs = self.pairs(node, "`form`");
            pairs.sort();
            return RecordedBody::Form(pairs);
        }
        if let Some(node) = map.get("multipart") {
            return RecordedBody::Multipart(self.parts(node));
        }
        if let Some(node) = map.get("sha256") {
            return self.hash(node).map_or(RecordedBody::None, RecordedBody::Hash);
        }
        let text = map.get("text").and_then(|node| text(node, "`text`", self.faults));
        text.map_or(RecordedBody::None, |text| RecordedBody::Text(text.to_owned()))
    }

    fn parts(&mut self, node: &Node) -> Vec<RecordedPart> {
        let entries = entries(node, "`multipart`", self.faults);
        let mut parts: Vec<RecordedPart> = entries.iter().filter_map(|entry| self.part(entry)).collect();
        parts.sort();
        parts
    }

    /// A file part is known by its file name, and by its content where that is said.
    fn part(&mut self, entry: &Entry) -> Option<RecordedPart> {
        let name = entry.key.clone();
        if entry.value.as_map().is_none() {
            return Some(RecordedPart {
                name: name.to_string(),
                text: scalar(&entry.value, "a part", self.faults)?,
                sha256: None,
            });
        }
        let map = Map::open(&entry.value, "a part", &["file", "filename", "type", "sha256"], self.faults)?;
        let path = map.get("filename").or_else(|| map.required("file", self.faults))?;
        let path = text(path, "a file name", self.faults)?;
        let sha256 = map.get("sha256").and_then(|node| self.hash(node));
        Some(RecordedPart { name: name.to_string(), text: path.rsplit('/').next().unwrap_or(path).to_owned(), sha256 })
    }

    fn hash(&mut self, node: &Node) -> Option<String> {
        let written = text(node, "`sha256`", self.faults)?;
        let is_hash = written.len() == 64 && written.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash {
            let fault = Diagnostic::error("`sha256` must be a hash").at(node.at, "not 64 hex digits in small letters");
            self.faults.push(fault.hint("`sha256sum FILE` prints one"));
        }
        is_hash.then(|| written.to_owned())
    }

    fn answer(&mut self, node: &Node) -> Option<RecordedAnswer> {
        let map = Map::open(node, "a recorded answer", &RESPONSE_KEYS, self.faults)?;
        let status = map.required("status", self.faults)?;
        let status = self::status(status, self.faults)?;
        let headers = map.get("headers").map(|node| self.headers(node)).unwrap_or_default();
        if let Some(body) = map.present(&RESPONSE_KEYS[2..]).first().filter(|_| matches!(status, 204 | 304)) {
            let fault = Diagnostic::error(format!("an answer {status} has no body")).at(body.key_at, "nobody would get this");
            self.faults.push(fault);
        }
        Some(RecordedAnswer { status, headers, body: self.answer_body(&map) })
    }

    fn headers(&mut self, node: &Node) -> Vec<(String, String)> {
        let pairs = self.pairs(node, "`headers`");
        for (name, value) in &pairs {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() || http::HeaderValue::from_str(value).is_err() {
                self.faults.push(
                    Diagnostic::error(format!("`{name}` is not a header that can be sent")).at(node.at, "in these headers"),
                );
            }
        }
        pairs.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
    }

    fn base64(&mut self, node: &Node) -> Option<Vec<u8>> {
        let written = text(node, "`base64`", self.faults)?;
        let decoded = BASE64_STANDARD.decode(written);
        if decoded.is_err() {
            self.faults.push(Diagnostic::error("`base64` must be base64").at(node.at, "this is not"));
        }
        decoded.ok()
    }

    fn answer_body(&mut self, map: &Map<'_>) -> AnswerBody {
        let found = map.present(&RESPONSE_KEYS[2..]);
        at_most_one(map, &RESPONSE_KEYS[2..], "an answer has one body", self.faults);
        let Some(entry) = found.first() else { return AnswerBody::None };
        match entry.key.as_str() {
            "json" => AnswerBody::Json(entry.value.to_value()),
            "text" => {
                text(&entry.value, "`text`", self.faults).map_or(AnswerBody::None, |text| AnswerBody::Text(text.to_owned()))
            }
            "base64" => self.base64(&entry.value).map_or(AnswerBody::None, AnswerBody::Bytes),
            _ => self.files.body_file(&entry.value, self.faults).map_or(AnswerBody::None, |file| AnswerBody::File(file.path)),
        }
    }
}

/// The status of an answer that is the last one to its request.
pub fn status(node: &Node, faults: &mut Diagnostics) -> Option<u16> {
    let code = node.to_value().as_number().and_then(crate::value::Number::as_i64);
    let found = code.and_then(|code| u16::try_from(code).ok()).filter(|code| (200..600).contains(code));
    if found.is_none() {
        faults.push(wrong_kind(node, "`status`", "a status of an answer, 200 to 599"));
    }
    found
}
