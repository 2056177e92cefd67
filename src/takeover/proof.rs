//! Proof that what the scheme adds was taken away, and nothing else: the request of the file is
//! verified as a marketplace does, with the time and the random values that it carries, and what is
//! left of it must be what was taken over. It needs the secrets that the request was signed with.

use super::address::SplitAddress;
use super::credentials::CredentialBook;
use super::scheme_fields::{MatchedScheme, sample_request};
use super::texts::RequestTexts;
use crate::import::{
    CollectionBody, CollectionField, CollectionRequest, ForeignText, ImportedRequest,
};
use crate::model::credential_variable::variable_name;
use crate::model::expression::Expression;
use crate::model::scheme::{Credential, CredentialType, SignStep, SigningProcedure};
use crate::sign::{
    NamedValues, TestAccount, VerifierKeys, VerifyError, all_sent_values, parse_body, read_time,
    verify,
};
use crate::value::{Number, Value};
use crate::wire::{Draft, parse_form};

/// Whether a request of a file, signed again, is the request of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ImportProof {
    Proven,
    /// Why it could not be tried, or what differs.
    NotProven(String),
}

/// `None` for a scheme that signs nothing. `signed` is the request of the file, `stripped` the same
/// without what the scheme adds.
pub(super) fn prove(
    matched: &MatchedScheme,
    (signed, stripped): (&CollectionRequest, &CollectionRequest),
    address: &SplitAddress,
    texts: &RequestTexts<'_, '_>,
) -> Option<ImportProof> {
    let procedure = matched.procedure()?;
    let is_signature = |step: &SignStep| step.operation.is_signature();
    if !procedure.sign.iter().any(is_signature) {
        return None;
    }
    if let Some(name) = unknown_variable(signed, texts) {
        let reason = format!("the variable `{name}` has no value in the file");
        return Some(ImportProof::NotProven(reason));
    }
    let credentials = match known_credentials(matched, procedure, &texts.book.credentials) {
        Ok(credentials) => credentials,
        Err(variable) => {
            let reason = format!("`{variable}` has no value");
            return Some(ImportProof::NotProven(reason));
        }
    };
    let before = sample_request(signed, address, texts);
    let after = sample_request(stripped, address, texts);
    Some(match verified(matched, procedure, &before, credentials) {
        Ok(unsigned) if is_same(&unsigned, &after) => ImportProof::Proven,
        Ok(_) => ImportProof::NotProven(
            "the signature covers parts that were not taken over as they are".to_owned(),
        ),
        Err(error) => ImportProof::NotProven(format!(
            "signing it again gives a different request: {} ({})",
            error.fault.name(),
            error.location
        )),
    })
}

/// What is left of the request when everything that the scheme adds is verified.
fn verified(
    matched: &MatchedScheme,
    procedure: &SigningProcedure,
    request: &ImportedRequest,
    credentials: NamedValues,
) -> Result<Draft, VerifyError> {
    let received = request.received_at(matched.base.clone());
    let sent = all_sent_values(&matched.scheme, &received);
    let ts = sent.iter().find(|value| value.name == "ts");
    let now_ms = ts.and_then(|ts| read_time(&matched.scheme.clock, &ts.text));
    let accounts = [TestAccount {
        name: String::new(),
        credentials,
    }];
    let keys = VerifierKeys {
        accounts: &accounts,
        accepts_token: &|_, _, _| true,
        now_ms: now_ms.unwrap_or_default(),
    };
    verify(&matched.scheme, procedure, &received, &keys).map(|verified| verified.unsigned)
}

fn is_same(unsigned: &Draft, taken: &ImportedRequest) -> bool {
    let query = taken.query();
    let headers: Vec<(String, String)> = taken
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect();
    let body = parse_body(&headers, &taken.body);
    unsigned.query_pairs() == parse_form(query) && body.is_ok_and(|body| body == unsigned.body)
}

/// A variable of the request whose value is not in the file.
fn unknown_variable(request: &CollectionRequest, texts: &RequestTexts<'_, '_>) -> Option<String> {
    let fields = |fields: &[CollectionField]| -> Vec<ForeignText> {
        let active = fields.iter().filter(|field| !field.is_disabled);
        active.filter_map(|field| field.value.clone()).collect()
    };
    let mut all = vec![request.address.clone()];
    all.extend(fields(&request.query));
    all.extend(fields(&request.headers));
    match &request.body {
        CollectionBody::Form(form) => all.extend(fields(form)),
        CollectionBody::Text { text, .. } => all.push(text.clone()),
        _ => {}
    }
    let names = all.iter().flat_map(ForeignText::variables);
    let mut unknown =
        names.filter(|name| texts.value_of(name).is_none_or(|value| value.is_empty()));
    unknown.next().map(str::to_owned)
}

/// The credentials that the procedure uses.
///
/// # Errors
/// With the variable of the first one without a value.
fn known_credentials(
    matched: &MatchedScheme,
    procedure: &SigningProcedure,
    book: &CredentialBook<'_>,
) -> Result<NamedValues, String> {
    let sources = sources(procedure);
    let mut values = NamedValues::default();
    for credential in &matched.scheme.credentials {
        let variable = variable_name(&matched.scheme.name, None, None, &credential.name);
        let text = book.value_of(&variable);
        let value = match (text, &credential.default) {
            (Some(text), _) => typed_value(credential, &text),
            (None, Some(default)) => default.clone(),
            (None, None) if sources.iter().any(|source| uses(source, &credential.name)) => {
                return Err(variable);
            }
            (None, None) => continue,
        };
        values.set(&credential.name, value);
    }
    Ok(values)
}

fn typed_value(credential: &Credential, text: &str) -> Value {
    let number = Number::parse(text).filter(|_| credential.kind == CredentialType::Integer);
    number.map_or_else(|| Value::from(text), Value::Number)
}

/// Every expression of a procedure.
fn sources(procedure: &SigningProcedure) -> Vec<&str> {
    let steps = procedure
        .sign
        .iter()
        .flat_map(|step| step.operation.expressions());
    let placed = procedure.prepare.fields().chain(procedure.attach.fields());
    let placed = placed.map(|(_, field)| field).chain(&procedure.vars);
    let placed = placed.flat_map(|field| field.value.expressions());
    steps
        .chain(placed)
        .map(|expression: &Expression| expression.source.as_str())
        .collect()
}

fn uses(source: &str, credential: &str) -> bool {
    let name = format!("cred.{credential}");
    source.match_indices(&name).any(|(at, _)| {
        let after = source[at + name.len()..].chars().next();
        !after.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    })
}
