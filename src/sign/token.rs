//! The drafts of requests for tokens and of authorization links, in the same language as all
//! requests.

use super::clock::write_time;
use super::scope::{SchemeScope, SigningInputs};
use super::seal::SealError;
use crate::method::Method;
use crate::model::request::TemplateField;
use crate::model::scheme::{AuthorizeLink, Scheme, TokenRequest};
use crate::render::{RenderError, render_text, render_tree};
use crate::value::Value;
use crate::wire::{Draft, DraftBody};

/// The draft of a token request; it is sealed with the request's own procedure.
///
/// # Errors
/// When a template of it cannot be filled in.
pub fn token_draft(
    scheme: &Scheme,
    request: &TokenRequest,
    inputs: SigningInputs<'_>,
) -> Result<Draft, SealError> {
    let scope = token_scope(scheme, inputs)?;
    let form = render_pairs(&request.form, &scope)?;
    let json = request
        .json
        .as_ref()
        .map(|json| render_tree(json, &scope).map(std::borrow::Cow::into_owned))
        .transpose()?;
    let body = match json {
        Some(json) => DraftBody::Json(without_nulls(json)),
        None if request.form.is_empty() => DraftBody::None,
        None => DraftBody::Form(form),
    };
    Ok(Draft {
        external: None,
        method: request.method,
        path: render_text(&request.path, &scope)?,
        raw_query: String::new(),
        query: render_pairs(&request.query, &scope)?,
        headers: Vec::new(),
        body,
    })
}

/// The draft of the link that a person opens; it is sealed with the link's own procedure.
///
/// # Errors
/// When a template of it cannot be filled in.
pub fn authorize_draft(
    scheme: &Scheme,
    authorize: &AuthorizeLink,
    inputs: SigningInputs<'_>,
) -> Result<Draft, SealError> {
    let scope = token_scope(scheme, inputs)?;
    Ok(Draft {
        external: None,
        method: Method::Get,
        path: render_text(&authorize.path, &scope)?,
        raw_query: String::new(),
        query: render_pairs(&authorize.query, &scope)?,
        headers: Vec::new(),
        body: DraftBody::None,
    })
}

fn token_scope<'a>(
    scheme: &Scheme,
    inputs: SigningInputs<'a>,
) -> Result<SchemeScope<'a>, SealError> {
    let ts = write_time(&scheme.clock, inputs.moment.unix_ms)?;
    Ok(SchemeScope::new(inputs, ts, &[])?)
}

fn render_pairs(
    fields: &[TemplateField],
    scope: &SchemeScope<'_>,
) -> Result<Vec<(String, String)>, RenderError> {
    let mut pairs = Vec::new();
    for field in fields {
        let value = render_tree(&field.value, scope)?;
        if !value.is_null() {
            pairs.push((field.name.to_string(), value.to_text()));
        }
    }
    Ok(pairs)
}

/// Null leaves a parameter out: exactly one of several ids is sent.
fn without_nulls(json: Value) -> Value {
    match json {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .collect(),
        ),
        other => other,
    }
}
