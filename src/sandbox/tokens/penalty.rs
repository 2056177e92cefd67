//! Mistakes in a token request that a marketplace answers with success and penalizes later.

use super::token_body::set_form;
use crate::model::scheme::{PenaltyRule, RequestPart, Token};
use crate::sign::{ReceivedRequest, VerifiedRequest};
use crate::value::Value;
use crate::wire::{DraftBody, parse_form};

/// Whether a request makes the mistake.
#[must_use]
pub(crate) fn is_violated_by(penalty: &PenaltyRule, received: &ReceivedRequest) -> bool {
    let pairs = match penalty.part {
        RequestPart::Query => parse_form(received.query()),
        // Only the names matter here, and replacement characters cannot form a known one.
        RequestPart::Form => parse_form(&String::from_utf8_lossy(&received.body)),
        RequestPart::Header => received.headers.clone(),
        RequestPart::Json => Vec::new(),
    };
    match &penalty.field {
        Some(field) => pairs.iter().any(|(name, _)| name == field),
        None => !pairs.is_empty(),
    }
}

/// Whether a token request has all parameters of the scheme: constants with their value, others
/// with any value. Optional ones may be missing.
#[must_use]
pub(crate) fn has_all_parameters(token: &Token, verified: &VerifiedRequest) -> bool {
    let DraftBody::Form(sent) = &verified.unsigned.body else {
        return token
            .issue
            .as_ref()
            .is_none_or(|issue| issue.form.is_empty());
    };
    let fields = token.issue.iter().flat_map(|issue| &issue.form);
    fields.into_iter().all(|field| {
        let value = sent
            .iter()
            .find(|(name, _)| *name == field.name)
            .map(|(_, value)| value);
        match field.value.as_constant().and_then(Value::to_plain_text) {
            Some(constant) => value == Some(&constant),
            // An expression with a condition can leave its parameter out.
            None => {
                value.is_some()
                    || field
                        .value
                        .expressions()
                        .iter()
                        .any(|expression| expression.lookup.is_none())
            }
        }
    })
}

/// Moves the parameters of the query to the body: the marketplace accepts them there, and penalizes
/// it later.
#[must_use]
pub(crate) fn move_query_to_body(mut received: ReceivedRequest) -> ReceivedRequest {
    if received.body.is_empty() && received.target.contains('?') {
        let (path, pairs) = (received.path().to_owned(), parse_form(received.query()));
        set_form(&mut received, &pairs);
        received.target = path;
    }
    received
}
