//! Decides what of an imported text is a credential, for requests, variables, comments and
//! recordings alike: a variable where only a credential stands, a value under a name that says it,
//! and every further place of a value that was found.

use super::credentials::{is_credential_name, is_flag};
use super::texts::RequestTexts;
use crate::import::{
    CollectionAuth, CollectionBody, CollectionField, CollectionPartContent, CollectionRequest,
    ForeignPiece, ForeignText,
};
use crate::redact::SecretName;
use crate::value::{self, Value};
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Names and values in texts: JSON (escaped JSON too), GraphQL, XML, attributes, forms and URLs.
static NAMED_VALUES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"\\"([\w.$:-]+)\\"\s*:\s*\\"([^"\\]*)"#,
        r#"|"?([\w.$:-]+)"?\s*:\s*"((?:[^"\\]|\\.)*)""#,
        r#"|"([\w.$:-]+)"\s*:\s*([0-9.]+)"#,
        r#"|'([\w.$:-]+)'\s*:\s*'([^']*)'"#,
        r"|<([\w.:-]+)(?:\s[^<>]*)?>\s*<!\[CDATA\[((?s).*?)\]\]>",
        r"|<([\w.:-]+)(?:\s[^<>]*)?>([^<>]+)</",
        r#"|([\w.:-]+)\s*=\s*"([^"]*)""#,
        r"|([\w.:-]+)\s*=\s*'([^']*)'",
        r#"|(?:^|[?&;\n])([\w.:\[\]%-]+)=([^&;#\s"'<>]+)"#,
        r"|(?m:^)[ \t]*([\w.-]+)[ \t]*:[ \t]*(\S[^\r\n]*)",
    ))
    .ok()
});

/// The values that stand under the name of a credential, in order, with their names. `None` when
/// the search itself is not possible.
fn named_values(text: &str) -> Option<Vec<(Range<usize>, String)>> {
    let pattern = NAMED_VALUES.as_ref()?;
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(groups) = pattern.captures_at(text, from) {
        let mut parts = groups.iter().skip(1).flatten();
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
            break;
        };
        let local = name.as_str().rsplit(':').next().unwrap_or_default();
        if is_credential_name(local) && !is_flag(value.as_str()) {
            found.push((value.range(), local.to_owned()));
            from = value.end();
        } else {
            // A value can hold others, such as a URL with its parameters.
            from = value.start();
        }
    }
    Some(found)
}

/// A text of a response without the values that stand under the name of a credential; `None` when
/// the search itself is not possible.
pub(super) fn hidden_response_text(text: &str) -> Option<String> {
    replaced_values(text, response_mark)
}

/// The same for a comment; one that cannot be searched is left out.
pub(super) fn hidden_comment(text: &str) -> String {
    replaced_values(text, |_| "…".to_owned()).unwrap_or_else(|| "…".to_owned())
}

fn replaced_values(text: &str, mark: impl Fn(&str) -> String) -> Option<String> {
    let mut out = String::new();
    let mut from = 0;
    for (range, name) in named_values(text)? {
        out.push_str(&text[from..range.start]);
        out.push_str(&mark(&name));
        from = range.end;
    }
    out.push_str(&text[from..]);
    Some(out)
}

/// Tokens and passwords of a response are somebody's.
pub(super) fn hide_response_secrets(value: &mut Value, name: Option<&str>) {
    match value {
        Value::List(items) => {
            items
                .iter_mut()
                .for_each(|item| hide_response_secrets(item, name));
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = Some(name.as_str()).filter(|name| is_credential_name(name));
                hide_response_secrets(member, name);
            }
        }
        Value::Null | Value::Bool(_) => {}
        scalar => {
            let text = scalar.to_text();
            let hidden = match name {
                Some(name) if !is_flag(&text) => Some(response_mark(name)),
                _ => hidden_response_text(&text),
            };
            if let Some(hidden) = hidden.filter(|hidden| *hidden != text) {
                *scalar = Value::from(hidden);
            }
        }
    }
}

fn response_mark(name: &str) -> String {
    format!("‹response.{}›", SecretName::label_of(name))
}

/// Every text of a request that stands where only a credential does.
pub(super) fn credential_texts(request: &CollectionRequest) -> Vec<ForeignText> {
    let mut out = Vec::new();
    match &request.auth {
        CollectionAuth::Bearer(text)
        | CollectionAuth::Basic { password: text, .. }
        | CollectionAuth::Key { value: text, .. } => out.push(text.clone()),
        CollectionAuth::None | CollectionAuth::Other(_) => {}
    }
    add_fields(&request.headers, &mut out);
    add_fields(&request.query, &mut out);
    add_named_values(&request.address, &mut out);
    match &request.body {
        CollectionBody::Form(fields) => add_fields(fields, &mut out),
        CollectionBody::Multipart(parts) => {
            for part in parts.iter().filter(|part| is_credential_name(&part.name)) {
                if let CollectionPartContent::Text(text) = &part.content {
                    out.push(text.clone());
                }
            }
        }
        CollectionBody::Text { text, .. } => {
            let json = text.marked().map(|text| value::parse(text.as_bytes()));
            match json {
                Some(Ok(json)) => add_members(&json, false, text, &mut out),
                _ => add_named_values(text, &mut out),
            }
        }
        CollectionBody::None | CollectionBody::Json(_) | CollectionBody::File(_) => {}
    }
    out
}

fn add_fields(fields: &[CollectionField], out: &mut Vec<ForeignText>) {
    let fields = fields
        .iter()
        .filter(|field| is_credential_name(&field.name));
    out.extend(fields.filter_map(|field| field.value.clone()));
}

fn add_named_values(text: &ForeignText, out: &mut Vec<ForeignText>) {
    let Some(marked) = text.marked() else { return };
    let found = named_values(&marked).unwrap_or_default();
    out.extend(
        found
            .into_iter()
            .map(|(range, _)| text.unmark(&marked[range])),
    );
}

fn add_members(value: &Value, is_named: bool, whole: &ForeignText, out: &mut Vec<ForeignText>) {
    match value {
        Value::List(items) => {
            for item in items {
                add_members(item, is_named, whole, out);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                add_members(member, is_credential_name(name), whole, out);
            }
        }
        Value::String(text) if is_named => out.push(whole.unmark(text)),
        Value::String(text) => add_named_values(&whole.unmark(text), out),
        _ => {}
    }
}

impl RequestTexts<'_, '_> {
    /// A value under a name: where the name says that it is a credential, the name of a secret
    /// stands in its place.
    pub(super) fn hidden(&mut self, name: &str, text: &ForeignText) -> ForeignText {
        if is_credential_name(name) {
            self.hidden_credential(name, text)
        } else {
            self.hidden_within(text)
        }
    }

    /// A text that is a credential, with the name of a secret in the place of each literal part.
    pub(super) fn hidden_credential(&mut self, name: &str, text: &ForeignText) -> ForeignText {
        let is_mixed = text.as_literal().is_none();
        let mut out = ForeignText::default();
        for piece in text.pieces() {
            match piece {
                ForeignPiece::Literal(text) if !is_flag(text) && (!is_mixed || has_value(text)) => {
                    let label = self.secret_label(name, text);
                    out.push(ForeignPiece::Expression(format!("secret.{label}")));
                }
                piece => out.push(piece.clone()),
            }
        }
        out
    }

    /// A text with the names of secrets in the place of those values in it that stand under the
    /// name of a credential.
    pub(super) fn hidden_within(&mut self, text: &ForeignText) -> ForeignText {
        let found = text
            .marked()
            .and_then(|marked| Some((named_values(&marked)?, marked)));
        let Some((found, marked)) = found else {
            // It cannot be searched, so it is a credential as a whole.
            return self.hidden_credential("text", text);
        };
        let mut out = ForeignText::default();
        let mut from = 0;
        for (range, name) in found {
            out.extend(text.unmark(&marked[from..range.start]));
            let value = text.unmark(&marked[range.clone()]);
            out.extend(self.hidden_credential(&name, &value));
            from = range.end;
        }
        out.extend(text.unmark(&marked[from..]));
        out
    }

    /// A text for a comment: nothing of a secret is in it.
    pub(super) fn shown(&self, name: &str, text: &ForeignText) -> String {
        if is_credential_name(name) && !text.is_empty() {
            return "…".to_owned();
        }
        let mut out = ForeignText::default();
        for piece in text.pieces() {
            match piece {
                ForeignPiece::Variable(name) if self.is_secret(name) => out.push_literal("…"),
                piece => out.push(piece.clone()),
            }
        }
        let sample = self.sample(&out, "…");
        match named_values(&sample) {
            Some(found) if found.is_empty() => sample,
            _ => "…".to_owned(),
        }
    }
}

/// Whether a literal beside variables holds more than names and separators: `sid=93kd93; lang=`.
fn has_value(text: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || "-._~+/%".contains(letter);
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        rest = &rest[start..];
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        rest = behind;
        let mut next = behind.chars();
        let is_name = next.next() == Some('=')
            && !matches!(next.next(), Some('=' | ';' | ',' | ' ' | '&'))
            && part.len() <= 32;
        let is_value = part.len() >= 8
            || (part.len() >= 4 && part.contains(|letter: char| letter.is_ascii_digit()));
        if is_value && !is_name {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_names_in_any_text() {
        for text in [
            r#"{"id": 1, "password": "SECRET"}"#,
            r#"{"a":"{\"password\":\"SECRET\"}"}"#,
            r#"mutation { login(user: "a", password: "SECRET") }"#,
            "<a><id>1</id><n:Password x='1'>SECRET</n:Password></a>",
            "<a><Token><![CDATA[SECRET]]></Token></a>",
            r#"<login password="SECRET"/>"#,
            "a=1&client_secret=SECRET&b",
            r#"{"next":"https://a.example/?page=2&access_token=SECRET"}"#,
            "user: me\npassword: SECRET",
        ] {
            let hidden = hidden_response_text(text).unwrap();
            assert!(
                !hidden.contains("SECRET") && hidden.contains("‹response."),
                "{text}: {hidden}"
            );
        }
        let plain = r#"{"nextPageToken": "abc", "id": "a=b", "at": "12:30"}"#;
        assert_eq!(hidden_response_text(plain).unwrap(), plain);
    }

    #[test]
    fn names_and_separators_beside_variables_are_no_values() {
        for text in ["sid=", "; lang=", "Bearer ", "\", nonce=\"", " "] {
            assert!(!has_value(text), "{text}");
        }
        for text in ["sid=93kd93kd; lang=", "REALTOKEN, shop=", "abc1==; x="] {
            assert!(has_value(text), "{text}");
        }
    }
}
