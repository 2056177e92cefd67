//! Headers and authentication: what follows from host and body is left out, what is a credential is
//! a name.

use super::body::ContentTypeChange;
use super::texts::RequestTexts;
use crate::import::{CollectionAuth, CollectionBody, CollectionRequest, ForeignPiece, ForeignText};
use crate::request_file::{
    DocumentBody, DocumentEntry, DocumentRemark, RequestDocument, SourcePiece, TemplateSource,
};
use crate::wire::{FRAMING_HEADERS, is_header_value};
use base64::prelude::{BASE64_STANDARD, Engine as _};

pub(super) fn content_type(
    request: &CollectionRequest,
    texts: &RequestTexts<'_, '_>,
) -> Option<String> {
    let mut headers = request.headers.iter().filter(|header| !header.is_disabled);
    let header = headers.find(|header| header.name.trim().eq_ignore_ascii_case("content-type"))?;
    Some(texts.sample(header.value.as_ref()?, ""))
}

/// What ingam sends by itself where a request says nothing: a request file need not say it, and a
/// scheme that signs every header of a request would sign it.
fn is_default(name: &str, value: Option<&ForeignText>) -> bool {
    let value = value.and_then(ForeignText::as_literal).unwrap_or_default();
    match name {
        "accept" => value == "*/*",
        "user-agent" => value.starts_with("ingam/"),
        _ => false,
    }
}

pub(super) fn add_headers(
    request: &CollectionRequest,
    content_type: &ContentTypeChange,
    document: &mut RequestDocument,
    texts: &mut RequestTexts<'_, '_>,
    losses: &mut Vec<String>,
) {
    for header in &request.headers {
        let name = header.name.trim().to_ascii_lowercase();
        let is_type = name == "content-type";
        let is_dropped = FRAMING_HEADERS.contains(&name.as_str())
            || (is_type && *content_type == ContentTypeChange::Drop)
            || is_default(&name, header.value.as_ref());
        if is_dropped || name.is_empty() {
            continue;
        }
        let is_second = name == "authorization"
            && document.headers.iter().any(|known| {
                known.name == name && !matches!(known.remark, DocumentRemark::LeftOut(_))
            });
        if is_second && !header.is_disabled {
            losses.push("a second header `authorization`".to_owned());
            continue;
        }
        let is_token = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        if !is_token {
            losses.push(format!(
                "the header `{}`: its name cannot be sent",
                header.name.escape_debug()
            ));
            continue;
        }
        let value = header.value.clone().unwrap_or_default();
        let value = value.map_literals(|text| text.replace(['\r', '\n', '\t'], " "));
        let value = trimmed(&value);
        if header.is_disabled {
            let shown = texts.shown(&name, &value);
            let mut entry = DocumentEntry::new(name, shown);
            entry.remark = DocumentRemark::LeftOut("disabled".to_owned());
            document.headers.push(entry);
            continue;
        }
        if is_type
            && matches!(document.body, DocumentBody::None)
            && matches!(request.method.key(), "get" | "head")
            && matches!(request.body, CollectionBody::None)
        {
            // It describes a body that is not there.
            continue;
        }
        let source = header_source(&name, &value, texts);
        let is_sendable = source.pieces().iter().all(|piece| match piece {
            SourcePiece::Literal(text) => is_header_value(text.trim()),
            SourcePiece::Expression(_) => true,
        });
        if !is_sendable {
            losses.push(format!("the header `{name}`: its value cannot be sent"));
            continue;
        }
        document
            .headers
            .push(DocumentEntry::new(name, source.to_source()));
    }
    if let ContentTypeChange::Add(kind) = content_type {
        let has_type = document.headers.iter().any(|header| {
            header.name == "content-type" && !matches!(header.remark, DocumentRemark::LeftOut(_))
        });
        if !has_type {
            document
                .headers
                .push(DocumentEntry::new("content-type", kind.as_str()));
        }
    }
}

fn trimmed(value: &ForeignText) -> ForeignText {
    let mut out = ForeignText::default();
    let last = value.pieces().len().saturating_sub(1);
    for (index, piece) in value.pieces().iter().enumerate() {
        match piece {
            ForeignPiece::Literal(text) => {
                let text = if index == 0 { text.trim_start() } else { text };
                let text = if index == last { text.trim_end() } else { text };
                out.push_literal(text);
            }
            piece => out.push(piece.clone()),
        }
    }
    out
}

/// The value of a header; that of `authorization` keeps its scheme and hides what is behind it.
fn header_source(
    name: &str,
    value: &ForeignText,
    texts: &mut RequestTexts<'_, '_>,
) -> TemplateSource {
    let is_authorization = name == "authorization" || name == "proxy-authorization";
    match value.as_literal() {
        Some(literal) if is_authorization => authorization_source(literal, texts),
        None if is_authorization => {
            let (kind, rest) = without_kind(value);
            let hidden = texts.hidden_credential(name, &rest);
            let mut source = TemplateSource::literal(kind);
            source.push(&texts.source(&hidden));
            source
        }
        _ => texts.named_source(name, value),
    }
}

/// The word before the first blank, such as `Bearer `, and what follows.
fn without_kind(value: &ForeignText) -> (String, ForeignText) {
    let (mut kind, mut rest) = (String::new(), ForeignText::default());
    for (index, piece) in value.pieces().iter().enumerate() {
        match piece {
            ForeignPiece::Literal(text) if index == 0 => {
                let at = text.find(' ').map_or(0, |at| at + 1);
                let is_word = text[..at]
                    .trim_end()
                    .bytes()
                    .all(|byte| byte.is_ascii_alphabetic());
                let at = if is_word { at } else { 0 };
                kind.push_str(&text[..at]);
                rest.push_literal(&text[at..]);
            }
            piece => rest.push(piece.clone()),
        }
    }
    (kind, rest)
}

fn authorization_source(value: &str, texts: &mut RequestTexts<'_, '_>) -> TemplateSource {
    let Some((kind, rest)) = value.split_once(' ') else {
        return texts.found_secret("authorization", value);
    };
    let rest = rest.trim();
    match kind.to_ascii_lowercase().as_str() {
        "basic" => {
            let decoded = BASE64_STANDARD
                .decode(rest)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
            match pair {
                Some((user, password)) => basic_source(
                    &ForeignText::literal(user),
                    &ForeignText::literal(password),
                    texts,
                ),
                None => with_scheme(kind, &texts.found_secret("basic_authorization", rest)),
            }
        }
        "bearer" | "token" => with_scheme(kind, &texts.found_secret("bearer_token", rest)),
        // A signature or a list of parameters: all of it is a credential.
        _ => with_scheme(kind, &texts.found_secret("authorization", rest)),
    }
}

fn with_scheme(kind: &str, rest: &TemplateSource) -> TemplateSource {
    let mut source = TemplateSource::literal(format!("{kind} "));
    source.push(rest);
    source
}

/// `Basic` with a user and a password, which the file joins and encodes.
fn basic_source(
    user: &ForeignText,
    password: &ForeignText,
    texts: &mut RequestTexts<'_, '_>,
) -> TemplateSource {
    let (secret, other, joined): (&ForeignText, &ForeignText, bool) =
        if password.is_empty() && !user.is_empty() {
            (user, password, false)
        } else {
            (password, user, true)
        };
    // Stripe and others send their key as the user.
    let name = if joined {
        "basic_password"
    } else {
        "basic_key"
    };
    let secret = operand(&texts.secret_source(secret, name));
    let other = if joined {
        operand(&texts.source(other))
    } else {
        "''".to_owned()
    };
    let pair = if joined {
        format!("{other} ~ ':' ~ {secret}")
    } else {
        format!("{secret} ~ ':'")
    };
    with_scheme(
        "Basic",
        &TemplateSource::expression(format!("({pair}) | encode_base64")),
    )
}

/// A text as a part of an expression.
fn operand(source: &TemplateSource) -> String {
    let pieces = source.pieces().iter().map(|piece| match piece {
        SourcePiece::Expression(name) => name.clone(),
        SourcePiece::Literal(text) => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
        }
    });
    let pieces: Vec<String> = pieces.collect();
    if pieces.is_empty() {
        "''".to_owned()
    } else {
        pieces.join(" ~ ")
    }
}

pub(super) fn add_auth(
    auth: &CollectionAuth,
    document: &mut RequestDocument,
    texts: &mut RequestTexts<'_, '_>,
    losses: &mut Vec<String>,
) {
    let authorization = match auth {
        CollectionAuth::None => return,
        CollectionAuth::Bearer(token) => {
            with_scheme("Bearer", &texts.secret_source(token, "bearer_token"))
        }
        CollectionAuth::Basic { user, password } => basic_source(user, password, texts),
        CollectionAuth::Key {
            name,
            value,
            is_in_query,
        } => {
            let source = texts.secret_source(value, name).to_source();
            if *is_in_query {
                document
                    .query
                    .push(DocumentEntry::new(name.clone(), source));
            } else {
                document
                    .headers
                    .push(DocumentEntry::new(name.to_ascii_lowercase(), source));
            }
            return;
        }
        CollectionAuth::Other(kind) => {
            losses.push(format!(
                "the authentication `{kind}`: write a scheme, or its headers"
            ));
            return;
        }
    };
    document.headers.push(DocumentEntry::new(
        "authorization",
        authorization.to_source(),
    ));
}
