//! Compares a request with a recorded one and lists the differences. A placeholder such as `<now>`
//! matches any text.

use crate::model::environment::DEFAULT_ACCOUNT;
use crate::model::recording::{
    PLACEHOLDERS, RecordedBody, RecordedHeaders, RecordedPart, RecordedRequest,
};
use crate::value::Value;

/// What the name of a secret begins with that a request sent. A sandbox of its own process gets the
/// secret itself.
const SECRET_MARK: &str = "‹secret.";
const SECRET_MARK_END: char = '›';

/// Where the first name of a secret stands, and how long it is.
fn find_secret_name(text: &str) -> Option<(usize, usize)> {
    let at = text.find(SECRET_MARK)?;
    let end = text[at..].find(SECRET_MARK_END)?;
    Some((at, end + SECRET_MARK_END.len_utf8()))
}

/// Whether a recorded request matches a sent one.
#[must_use]
pub(super) fn matches_request(recorded: &RecordedRequest, sent: &RecordedRequest) -> bool {
    recorded.method == sent.method
        && matches_text(&recorded.path, &sent.path)
        && differences(recorded, sent).is_empty()
}

/// The parts that differ, as text for an error message.
#[must_use]
pub(super) fn differences(recorded: &RecordedRequest, sent: &RecordedRequest) -> Vec<String> {
    let mut out = Vec::new();
    let account = sent.account.as_deref().unwrap_or(DEFAULT_ACCOUNT);
    if let Some(own) = recorded.account.as_deref().filter(|own| *own != account) {
        out.push(format!("account: recorded `{own}`, sent `{account}`"));
    }
    if recorded.method != sent.method {
        out.push(format!(
            "method: recorded {}, sent {}",
            recorded.method, sent.method
        ));
    }
    if !matches_text(&recorded.path, &sent.path) {
        out.push(format!(
            "path: recorded `{}`, sent `{}`",
            recorded.path, sent.path
        ));
    }
    pair_differences("query", &recorded.query, &sent.query, &mut out);
    header_differences(&recorded.headers, &sent.headers, &mut out);
    body_differences(&recorded.body, &sent.body, &mut out);
    out
}

/// Names in any order; the values of one name in their order.
fn pair_differences(
    what: &str,
    recorded: &[(String, String)],
    sent: &[(String, String)],
    out: &mut Vec<String>,
) {
    for name in names_of(recorded) {
        let mut values = values_of(sent, name);
        for value in values_of(recorded, name) {
            match values.next() {
                Some(text) if matches_text(value, text) => {}
                Some(text) => out.push(format!(
                    "{what} `{name}`: recorded `{value}`, sent `{text}`"
                )),
                None => out.push(format!("{what} `{name}`: recorded `{value}`, not sent")),
            }
        }
        out.extend(values.map(|text| unrecorded(what, name, text)));
    }
    out.extend(unrecorded_pairs(what, recorded, sent));
}

/// The pairs whose name is not recorded at all.
fn unrecorded_pairs(
    what: &str,
    recorded: &[(String, String)],
    sent: &[(String, String)],
) -> impl Iterator<Item = String> {
    sent.iter()
        .filter(|(name, _)| values_of(recorded, name).next().is_none())
        .map(move |(name, text)| unrecorded(what, name, text))
}

fn unrecorded(what: &str, name: &str, text: &str) -> String {
    format!("{what} `{name}`: not recorded, sent `{text}`")
}

/// Each name once. The pairs are sorted by name.
fn names_of(pairs: &[(String, String)]) -> impl Iterator<Item = &str> {
    pairs
        .chunk_by(|left, right| left.0 == right.0)
        .filter_map(|pairs| pairs.first())
        .map(|(name, _)| name.as_str())
}

/// The values of a name, in order. The pairs are sorted by name.
fn values_of<'p>(pairs: &'p [(String, String)], name: &str) -> impl Iterator<Item = &'p str> {
    let start = pairs.partition_point(|(other, _)| other.as_str() < name);
    let end = start + pairs[start..].partition_point(|(other, _)| other.as_str() == name);
    pairs[start..end].iter().map(|(_, value)| value.as_str())
}

/// The headers that a recording states must be sent. Where both sides state all of theirs, no other
/// may be sent.
fn header_differences(recorded: &RecordedHeaders, sent: &RecordedHeaders, out: &mut Vec<String>) {
    if recorded.is_complete && sent.is_complete {
        return pair_differences("header", &recorded.pairs, &sent.pairs, out);
    }
    let stated: Vec<(String, String)> = sent
        .pairs
        .iter()
        .filter(|(name, _)| values_of(&recorded.pairs, name).next().is_some())
        .cloned()
        .collect();
    pair_differences("header", &recorded.pairs, &stated, out);
}

fn body_differences(recorded: &RecordedBody, sent: &RecordedBody, out: &mut Vec<String>) {
    match (recorded, sent) {
        (RecordedBody::Json(recorded), RecordedBody::Json(sent)) => {
            json_differences("$", recorded, sent, out);
        }
        (RecordedBody::Form(recorded), RecordedBody::Form(sent)) => {
            pair_differences("form", recorded, sent, out);
        }
        (RecordedBody::Multipart(recorded), RecordedBody::Multipart(sent)) => {
            part_differences(recorded, sent, out);
        }
        (RecordedBody::Text(recorded), RecordedBody::Text(sent))
            if matches_text(recorded, sent) => {}
        (recorded, sent) if recorded == sent => {}
        (recorded, sent) => out.push(format!(
            "body: recorded {}, sent {}",
            describe_body(recorded),
            describe_body(sent)
        )),
    }
}

fn describe_body(body: &RecordedBody) -> String {
    match body {
        RecordedBody::None => "none".to_owned(),
        RecordedBody::Json(_) => "JSON".to_owned(),
        RecordedBody::Form(_) => "a form".to_owned(),
        RecordedBody::Multipart(_) => "parts".to_owned(),
        RecordedBody::Text(text) => {
            format!("the text `{}`", text.chars().take(40).collect::<String>())
        }
        RecordedBody::Hash(hash) => format!("bytes with the hash {}", &hash[..hash.len().min(12)]),
    }
}

/// Files are compared by their content and media type where these are known, and otherwise by their
/// names.
fn part_differences(recorded: &[RecordedPart], sent: &[RecordedPart], out: &mut Vec<String>) {
    let pairs = |parts: &[RecordedPart]| -> Vec<(String, String)> {
        parts
            .iter()
            .map(|part| (part.name.clone(), part.text.clone()))
            .collect()
    };
    let before = out.len();
    pair_differences("part", &pairs(recorded), &pairs(sent), out);
    if out.len() > before {
        return;
    }
    // Both lists have the same names, so each part has one on the other side.
    for (recorded, sent) in recorded.iter().zip(sent) {
        out.extend(file_difference(recorded, sent));
    }
}

fn file_difference(recorded: &RecordedPart, sent: &RecordedPart) -> Option<String> {
    let differs = |recorded: &Option<String>, sent: &Option<String>| {
        recorded.is_some() && sent.is_some() && recorded != sent
    };
    let difference = match (&recorded.file, &sent.file) {
        (Some(file), Some(sent)) if differs(&file.sha256, &sent.sha256) => {
            format!("the file `{}` has another content", recorded.text)
        }
        (Some(_), None) => "recorded a file, sent text".to_owned(),
        (None, Some(_)) => "recorded text, sent a file".to_owned(),
        _ if differs(&recorded.media_type, &sent.media_type) => {
            media_type_difference(recorded, sent)
        }
        (Some(_), Some(_)) | (None, None) => return None,
    };
    Some(format!("part `{}`: {difference}", recorded.name))
}

fn media_type_difference(recorded: &RecordedPart, sent: &RecordedPart) -> String {
    let text = |part: &RecordedPart| part.media_type.clone().unwrap_or_default();
    format!("recorded as `{}`, sent as `{}`", text(recorded), text(sent))
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
            let extra = right
                .iter()
                .filter(|(name, _)| recorded.get(name).is_none());
            out.extend(extra.map(|(name, _)| format!("body {path}.{name}: not recorded, sent")));
        }
        (Value::List(left), Value::List(right)) if left.len() == right.len() => {
            for (index, (value, other)) in left.iter().zip(right).enumerate() {
                json_differences(&format!("{path}[{index}]"), value, other, out);
            }
        }
        (Value::String(pattern), other)
            if has_placeholder(pattern)
                && other
                    .to_plain_text()
                    .is_some_and(|text| matches_text(pattern, &text)) => {}
        // By spelling: `1.0` and `1` are other bytes, which a signature or a marketplace can tell.
        (left, right) if left.is_spelled_like(right) => {}
        (left, right) => out.push(format!("body {path}: recorded {left}, sent {right}")),
    }
}

pub(super) fn has_placeholder(text: &str) -> bool {
    text.contains(SECRET_MARK)
        || PLACEHOLDERS
            .iter()
            .any(|placeholder| text.contains(placeholder))
}

/// Whether no header of a request holds a placeholder.
pub(super) fn are_headers_free_of_placeholders(headers: &RecordedHeaders) -> bool {
    !headers
        .pairs
        .iter()
        .any(|(_, value)| has_placeholder(value))
}

/// Whether nothing of a request but its headers holds a placeholder.
pub(super) fn is_free_of_placeholders(request: &RecordedRequest) -> bool {
    let body = match &request.body {
        RecordedBody::Json(value) => has_placeholder(&value.to_json()),
        RecordedBody::Form(pairs) => pairs.iter().any(|(_, value)| has_placeholder(value)),
        RecordedBody::Multipart(parts) => parts.iter().any(|part| has_placeholder(&part.text)),
        RecordedBody::Text(text) => has_placeholder(text),
        RecordedBody::None | RecordedBody::Hash(_) => false,
    };
    !(body
        || has_placeholder(&request.path)
        || request
            .query
            .iter()
            .any(|(_, value)| has_placeholder(value)))
}

/// Whether a recorded text stands for a sent one; a placeholder stands for any text that is not
/// empty. Each text between two placeholders is looked for as early as it can stand, so this takes
/// no longer than the texts are long.
fn matches_text(recorded: &str, sent: &str) -> bool {
    // A replay sends the names of secrets. Another name is another request.
    let sends_names = sent.contains(SECRET_MARK);
    let literals = split_at_placeholders(recorded, !sends_names);
    let [first, middle @ .., last] = literals.as_slice() else {
        return recorded == sent;
    };
    let Some(mut rest) = sent.strip_prefix(first) else {
        return false;
    };
    for literal in middle {
        // A placeholder needs at least one character: an empty time or id is a mistake of the
        // request.
        let Some(after) = skip_one_char(rest) else {
            return false;
        };
        match after.find(literal) {
            Some(at) => rest = &after[at + literal.len()..],
            None => return false,
        }
    }
    skip_one_char(rest).is_some_and(|after| after.ends_with(last))
}

fn skip_one_char(text: &str) -> Option<&str> {
    let mut letters = text.chars();
    letters.next().map(|_| letters.as_str())
}

/// The texts around the placeholders; one text when there is none.
fn split_at_placeholders(recorded: &str, with_secrets: bool) -> Vec<&str> {
    let mut literals = Vec::new();
    let mut rest = recorded;
    let next = |text: &str| {
        let secret = if with_secrets {
            find_secret_name(text)
        } else {
            None
        };
        PLACEHOLDERS
            .iter()
            .filter_map(|mark| text.find(mark).map(|at| (at, mark.len())))
            .chain(secret)
            // The earliest one. Placeholders begin with `<` and end with `>`, so no two begin at
            // the same place.
            .min()
    };
    while let Some((at, len)) = next(rest) {
        literals.push(&rest[..at]);
        rest = &rest[at + len..];
    }
    literals.push(rest);
    literals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_stands_for_any_text() {
        assert!(matches_text("<now>", "1700000000"));
        assert!(matches_text("from-<now>-to-<now>", "from-1-to-2"));
        assert!(!matches_text("from-<now>", "from-"));
        assert!(!matches_text("<now>x", "12y"));
        assert!(matches_text("a", "a") && !matches_text("a", "b"));
        // A sandbox of its own process gets the secret, a replay its name.
        assert!(matches_text("u:‹secret.a›/<now>", "u:pass-word-1/2"));
        assert!(matches_text("u:‹secret.a›", "u:‹secret.a›"));
        assert!(!matches_text("u:‹secret.a›", "u:‹secret.b›"));
        assert!(
            matches_text("<date>T<now>", "2026T1")
                && !matches_text("<date>T<now>", "T1")
                && !matches_text("<now>-<now>", "1-")
        );
        assert!(!matches_text(
            &format!("{}b", "<uuid>a".repeat(6)),
            &"a".repeat(100_000)
        ));
    }
}
