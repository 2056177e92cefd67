//! Finds the recorded answer to an unsigned request, or the nearest one and what differs.

use crate::model::recording::{Exchange, RecordedBody, RecordedRequest, same_request};
use crate::model::workspace::Workspace;
use crate::value::Value;
use crate::wire::{Draft, DraftBody};

/// What stands in a recording for a value that is fresh each time.
const PLACEHOLDERS: [&str; 6] = ["<now>", "<now_ms>", "<date>", "<uuid>", "<random>", "<run_id>"];

/// Every recorded exchange of one scheme; those of one request answer in order, each as often as it says.
#[derive(Debug, Default)]
pub struct Pool {
    groups: Vec<Group>,
}

/// The exchanges of one request.
#[derive(Debug)]
struct Group {
    request: RecordedRequest,
    file: String,
    exchanges: Vec<Exchange>,
    given: u32,
    /// It matches by its texts alone; such a request goes before one with placeholders.
    exact: bool,
}

impl Group {
    /// The exchange whose turn it is, unless all are used up.
    fn next(&mut self) -> Option<&Exchange> {
        let (mut before, last) = (0_u32, self.exchanges.len() - 1);
        let turn = self.exchanges.iter().enumerate().find(|(index, exchange)| {
            let times = exchange.times.unwrap_or(if *index == last { u32::MAX } else { 1 });
            before = before.saturating_add(times);
            self.given < before || before == u32::MAX
        });
        self.given = self.given.saturating_add(1);
        turn.map(|(_, exchange)| exchange)
    }
}

/// Why no recorded exchange answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Miss {
    /// The nearest recorded request and how the one that was sent differs from it.
    Unknown { nearest: Option<(String, Vec<String>)> },
    /// A stub of this file answered as often as it may.
    UsedUp { file: String },
}

impl Pool {
    #[must_use]
    pub fn of(workspace: &Workspace, scheme: &str) -> Self {
        let mut pool = Self::default();
        for recording in workspace.recordings.iter().filter(|recording| recording.scheme == scheme) {
            for exchange in &recording.exchanges {
                pool.add(&recording.name, exchange);
            }
        }
        pool.groups.sort_by_key(|group| !group.exact);
        pool
    }

    /// A second file that answers the same request says the same, and so adds nothing.
    fn add(&mut self, file: &str, exchange: &Exchange) {
        match self.groups.iter_mut().find(|group| same_request(&group.request, &exchange.request)) {
            Some(group) if group.file == file => group.exchanges.push(exchange.clone()),
            Some(_) => {}
            None => self.groups.push(Group {
                request: exchange.request.clone(),
                file: file.to_owned(),
                exchanges: vec![exchange.clone()],
                given: 0,
                exact: is_exact(&exchange.request),
            }),
        }
    }

    /// The exchange that is recorded for just this request.
    pub fn exact(&mut self, account: &str, sent: &Draft) -> Option<Exchange> {
        let sent = Sent::of(sent);
        self.fitting(account, &sent).filter(|group| group.exact).find_map(|group| group.next().cloned())
    }

    /// # Errors
    /// When nothing is recorded for the request, or what is recorded is used up.
    pub fn answer(&mut self, account: &str, sent: &Draft) -> Result<Exchange, Miss> {
        let sent = Sent::of(sent);
        let mut used_up = None;
        for group in self.fitting(account, &sent) {
            match group.next() {
                Some(exchange) => return Ok(exchange.clone()),
                None => used_up = used_up.or_else(|| Some(group.file.clone())),
            }
        }
        Err(used_up.map_or_else(|| self.nearest(account, &sent), |file| Miss::UsedUp { file }))
    }

    fn fitting<'p>(&'p mut self, account: &'p str, sent: &'p Sent<'_>) -> impl Iterator<Item = &'p mut Group> {
        self.groups.iter_mut().filter(move |group| differences(&group.request, account, sent).is_empty())
    }

    fn nearest(&self, account: &str, sent: &Sent<'_>) -> Miss {
        let path_first = |group: &&Group| {
            let differs = differences(&group.request, account, sent);
            let elsewhere = group.request.path != sent.draft.path;
            (elsewhere, differs.len(), strsim::levenshtein(&group.request.path, &sent.draft.path))
        };
        let nearest = self.groups.iter().min_by_key(path_first);
        Miss::Unknown { nearest: nearest.map(|group| (group.file.clone(), differences(&group.request, account, sent))) }
    }
}

/// A request in the form in which recordings are compared.
struct Sent<'d> {
    draft: &'d Draft,
    query: Vec<(String, String)>,
    body: RecordedBody,
}

impl<'d> Sent<'d> {
    fn of(draft: &'d Draft) -> Self {
        let mut query = draft.query.clone();
        query.sort();
        Self { draft, query, body: body_of(draft) }
    }
}

/// The body of a request as recordings say it.
#[must_use]
pub fn body_of(draft: &Draft) -> RecordedBody {
    match &draft.body {
        DraftBody::None => RecordedBody::None,
        DraftBody::Json(value) => RecordedBody::Json(value.clone()),
        DraftBody::Form(pairs) => {
            let mut pairs = pairs.clone();
            pairs.sort();
            RecordedBody::Form(pairs)
        }
        DraftBody::Multipart { parts, .. } => {
            let mut parts: Vec<(String, String)> = parts
                .iter()
                .map(|part| {
                    let text = || String::from_utf8_lossy(&part.content).into_owned();
                    (part.name.clone(), part.file.as_ref().map_or_else(text, |(name, _)| name.clone()))
                })
                .collect();
            parts.sort();
            RecordedBody::Multipart(parts)
        }
        DraftBody::Text(text) => RecordedBody::Text(text.clone()),
        DraftBody::Bytes(bytes) => RecordedBody::Text(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// In words, each part that is not the same.
fn differences(recorded: &RecordedRequest, account: &str, sent: &Sent<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(own) = recorded.account.as_deref().filter(|own| *own != account) {
        out.push(format!("account: recorded `{own}`, sent `{account}`"));
    }
    if recorded.method != sent.draft.method {
        out.push(format!("method: recorded {}, sent {}", recorded.method, sent.draft.method));
    }
    if !fits(&recorded.path, &sent.draft.path) {
        out.push(format!("path: recorded `{}`, sent `{}`", recorded.path, sent.draft.path));
    }
    pair_differences("query", &recorded.query, &sent.query, &mut out);
    body_differences(&recorded.body, &sent.body, &mut out);
    out
}

fn pair_differences(what: &str, recorded: &[(String, String)], sent: &[(String, String)], out: &mut Vec<String>) {
    let mut left: Vec<&(String, String)> = sent.iter().collect();
    for (name, value) in recorded {
        if let Some(at) = left.iter().position(|(other, text)| other == name && fits(value, text)) {
            left.remove(at);
        } else if let Some(at) = left.iter().position(|(other, _)| other == name) {
            let (_, text) = left.remove(at);
            out.push(format!("{what} `{name}`: recorded `{value}`, sent `{text}`"));
        } else {
            out.push(format!("{what} `{name}`: recorded `{value}`, not sent"));
        }
    }
    out.extend(left.iter().map(|(name, text)| format!("{what} `{name}`: not recorded, sent `{text}`")));
}

fn body_differences(recorded: &RecordedBody, sent: &RecordedBody, out: &mut Vec<String>) {
    match (recorded, sent) {
        (RecordedBody::Json(recorded), RecordedBody::Json(sent)) => json_differences("$", recorded, sent, out),
        (RecordedBody::Form(recorded), RecordedBody::Form(sent)) => pair_differences("form", recorded, sent, out),
        (RecordedBody::Multipart(recorded), RecordedBody::Multipart(sent)) => pair_differences("part", recorded, sent, out),
        (RecordedBody::Text(recorded), RecordedBody::Text(sent)) if fits(recorded, sent) => {}
        (recorded, sent) if recorded == sent => {}
        _ => out.push("body: it is another one".to_owned()),
    }
}

fn json_differences(path: &str, recorded: &Value, sent: &Value, out: &mut Vec<String>) {
    match (recorded, sent) {
        (Value::Object(left), Value::Object(right)) => {
            for (name, value) in left {
                match sent.get(name) {
                    Some(other) => json_differences(&format!("{path}.{name}"), value, other, out),
                    None => out.push(format!("body {path}.{name}: recorded, not sent")),
                }
            }
            let extra = right.iter().filter(|(name, _)| recorded.get(name).is_none());
            out.extend(extra.map(|(name, _)| format!("body {path}.{name}: not recorded, sent")));
        }
        (Value::List(left), Value::List(right)) if left.len() == right.len() => {
            for (index, (value, other)) in left.iter().zip(right).enumerate() {
                json_differences(&format!("{path}[{index}]"), value, other, out);
            }
        }
        (Value::String(pattern), other)
            if has_placeholder(pattern) && other.to_plain_text().is_some_and(|text| fits(pattern, &text)) => {}
        (left, right) if left == right => {}
        (left, right) => out.push(format!("body {path}: recorded {left}, sent {right}")),
    }
}

fn has_placeholder(text: &str) -> bool {
    PLACEHOLDERS.iter().any(|placeholder| text.contains(placeholder))
}

fn is_exact(request: &RecordedRequest) -> bool {
    let body = match &request.body {
        RecordedBody::Json(value) => has_placeholder(&value.to_json()),
        RecordedBody::Form(pairs) | RecordedBody::Multipart(pairs) => pairs.iter().any(|(_, value)| has_placeholder(value)),
        RecordedBody::Text(text) => has_placeholder(text),
        RecordedBody::None => false,
    };
    !(body || has_placeholder(&request.path) || request.query.iter().any(|(_, value)| has_placeholder(value)))
}

/// Whether a recorded text stands for a sent one; a placeholder stands for any text that is not empty. Each text between two
/// placeholders is looked for as early as it can stand, so this takes no longer than the texts are long.
fn fits(recorded: &str, sent: &str) -> bool {
    let literals = literals(recorded);
    let [first, middle @ .., last] = literals.as_slice() else { return recorded == sent };
    let Some(mut rest) = sent.strip_prefix(first) else { return false };
    for literal in middle {
        let Some(after) = after_one_letter(rest) else { return false };
        match after.find(literal) {
            Some(at) => rest = &after[at + literal.len()..],
            None => return false,
        }
    }
    after_one_letter(rest).is_some_and(|after| after.ends_with(last))
}

fn after_one_letter(text: &str) -> Option<&str> {
    let mut letters = text.chars();
    letters.next().map(|_| letters.as_str())
}

/// The texts around the placeholders; one text when there is none.
fn literals(recorded: &str) -> Vec<&str> {
    let mut literals = Vec::new();
    let mut rest = recorded;
    let next = |text: &str| PLACEHOLDERS.iter().filter_map(|mark| text.find(mark).map(|at| (at, mark.len()))).min();
    while let Some((at, len)) = next(rest) {
        literals.push(&rest[..at]);
        rest = &rest[at + len..];
    }
    literals.push(rest);
    literals
}

/// Reads the parts of a multipart body (RFC 7578) as they arrived.
#[must_use]
pub fn parts_of(content_type: &str, body: &[u8]) -> Option<Vec<crate::wire::DraftPart>> {
    let boundary = content_type.split("boundary=").nth(1)?.split(';').next()?.trim().trim_matches('"');
    let marker = format!("--{boundary}");
    let mut parts = Vec::new();
    for piece in split(body, marker.as_bytes()).into_iter().skip(1) {
        let Some(piece) = piece.strip_prefix(b"\r\n") else { break };
        let end = find(piece, b"\r\n\r\n")?;
        let head = std::str::from_utf8(&piece[..end]).ok()?;
        let content = piece[end + 4..].strip_suffix(b"\r\n").unwrap_or(&piece[end + 4..]);
        let quoted = |key: &str| head.split(&format!(" {key}=\"")).nth(1)?.split('"').next().map(str::to_owned);
        let file = quoted("filename").map(|name| (name, String::new()));
        parts.push(crate::wire::DraftPart { name: quoted("name")?, file, content: content.to_vec().into() });
    }
    Some(parts)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn split<'t>(mut text: &'t [u8], by: &[u8]) -> Vec<&'t [u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = find(text, by) {
        pieces.push(&text[..at]);
        text = &text[at + by.len()..];
    }
    pieces.push(text);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_stands_for_any_text() {
        assert!(fits("<now>", "1700000000"));
        assert!(fits("from-<now>-to-<now>", "from-1-to-2"));
        assert!(!fits("from-<now>", "from-"));
        assert!(!fits("<now>x", "12y"));
        assert!(fits("a", "a") && !fits("a", "b"));
        assert!(fits("<date>T<now>", "2026T1") && !fits("<date>T<now>", "T1") && !fits("<now>-<now>", "1-"));
        assert!(!fits(&format!("{}b", "<uuid>a".repeat(6)), &"a".repeat(100_000)));
    }

    #[test]
    fn parts_read_back_as_they_were_written() {
        let part = |name: &str, file: Option<&str>, content: &str| crate::wire::DraftPart {
            name: name.to_owned(),
            file: file.map(|name| (name.to_owned(), "image/png".to_owned())),
            content: content.as_bytes().to_vec().into(),
        };
        let parts = vec![part("scene", None, "normal"), part("image", Some("a.png"), "\u{0}--x\r\n")];
        let body = DraftBody::Multipart { parts, boundary: "xyz".to_owned() };
        let read = parts_of("multipart/form-data; boundary=xyz", &body.to_bytes()).unwrap();
        assert_eq!((read.len(), read[1].name.as_str()), (2, "image"));
        assert_eq!(read[1].file.as_ref().unwrap().0, "a.png");
        assert_eq!(read[1].content.as_ref(), "\u{0}--x\r\n".as_bytes());
    }
}
