//! Whether a marketplace still responds as it was recorded: what its scheme masks may vary.

use super::exchange_redaction::RECORDED_HEADERS;
use super::response::{BodyFileError, read_body};
use crate::jsonpath::{SearchLimitExceeded, replace_matches};
use crate::model::recording::{
    RecordedExchange, RecordedOutcome, RecordedResponse, ResponseBody, is_same_request,
};
use crate::model::value_path::ValuePath;
use crate::value::Value;
use crate::wire::decode_body;
use crate::xml::{XPathSearchError, replace_texts};
use std::path::Path;

/// Why what varies cannot be taken out of a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MaskError {
    #[error(transparent)]
    Json(#[from] SearchLimitExceeded),
    #[error(transparent)]
    Xml(#[from] XPathSearchError),
}

/// Why two recorded exchanges cannot be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeComparisonError {
    #[error(transparent)]
    Body(#[from] BodyFileError),
    #[error("what its scheme masks cannot be found: {0}")]
    Mask(#[from] MaskError),
}

/// Whether two exchanges are the same in all that does not vary; `root` is that of the workspace.
///
/// # Errors
/// When a body file cannot be read, or a mask looks at too many places.
pub(crate) fn is_unchanged(
    old: &RecordedExchange,
    new: &RecordedExchange,
    masks: &[ValuePath],
    root: &Path,
) -> Result<bool, ExchangeComparisonError> {
    if !is_same_request(&old.request, &new.request) || old.rounds != new.rounds {
        return Ok(false);
    }
    match (&old.outcome, &new.outcome) {
        (RecordedOutcome::Response(old), RecordedOutcome::Response(new))
        | (RecordedOutcome::Truncated(old), RecordedOutcome::Truncated(new)) => {
            is_same_response(old, new, masks, root)
        }
        (RecordedOutcome::Reset, RecordedOutcome::Reset) => Ok(true),
        _ => Ok(false),
    }
}

fn is_same_response(
    old: &RecordedResponse,
    new: &RecordedResponse,
    masks: &[ValuePath],
    root: &Path,
) -> Result<bool, ExchangeComparisonError> {
    let recorded_headers = |answer: &RecordedResponse| -> Vec<(String, String)> {
        answer
            .headers
            .iter()
            // A header that a file asks for besides, such as a request id, may differ each time.
            .filter(|(name, _)| RECORDED_HEADERS.contains(&name.as_str()))
            .cloned()
            .collect()
    };
    Ok(old.status == new.status
        && recorded_headers(old) == recorded_headers(new)
        && is_same_body(old, new, masks, root)?)
}

fn is_same_body(
    old: &RecordedResponse,
    new: &RecordedResponse,
    masks: &[ValuePath],
    root: &Path,
) -> Result<bool, ExchangeComparisonError> {
    let old = match ComparedBody::read(old, root) {
        // The remedy for a damaged body is to record it again, so it must not stop the recording.
        Err(BodyFileError::HashMismatch { .. }) => return Ok(false),
        other => other?,
    };
    Ok(match (old, ComparedBody::read(new, root)?) {
        (ComparedBody::Json(old), ComparedBody::Json(new)) => {
            apply_masks(&old, masks)? == apply_masks(&new, masks)?
        }
        (ComparedBody::Text(old), ComparedBody::Text(new)) => {
            old == new || apply_text_masks(&old, masks)? == apply_text_masks(&new, masks)?
        }
        (ComparedBody::Bytes(old), ComparedBody::Bytes(new)) => old == new,
        // JSON spelled in one way and JSON that our parser refuses are two bodies.
        _ => false,
    })
}

/// A body as it is compared: the same JSON in a file of its own and inline is one body.
enum ComparedBody {
    Json(Value),
    Text(String),
    Bytes(bytes::Bytes),
}

impl ComparedBody {
    fn read(response: &RecordedResponse, root: &Path) -> Result<Self, BodyFileError> {
        if let ResponseBody::Json(value) = &response.body {
            return Ok(Self::Json(value.clone()));
        }
        let bytes = read_body(response, root)?;
        let decoded =
            decode_body(response.content_type(), &bytes).unwrap_or_else(|_| bytes.clone());
        Ok(match crate::value::parse(&decoded) {
            Ok(value) => Self::Json(value),
            Err(_) => match std::str::from_utf8(&decoded) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => Self::Bytes(bytes),
            },
        })
    }
}

/// A document with what varies taken out.
///
/// # Errors
/// When a mask looks at too many places. The document is not compared unmasked then: it would
/// differ on every run.
pub(crate) fn apply_masks(value: &Value, masks: &[ValuePath]) -> Result<Value, MaskError> {
    let paths = masks.iter().filter_map(ValuePath::json);
    Ok(replace_matches(value, paths, &mut |_| Value::Null)?)
}

/// A text with what varies taken out, if it is XML.
///
/// # Errors
/// As [`apply_masks`].
pub(crate) fn apply_text_masks(text: &str, masks: &[ValuePath]) -> Result<String, MaskError> {
    let paths = masks.iter().filter_map(ValuePath::xml);
    Ok(replace_texts(text, paths, "")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Method;
    use crate::model::recording::{RecordedBody, RecordedHeaders, RecordedRequest};
    use crate::span::Span;

    fn exchange(outcome: RecordedOutcome) -> RecordedExchange {
        RecordedExchange {
            at: Span::default(),
            request: RecordedRequest {
                account: None,
                method: Method::Get,
                path: "/a".to_owned(),
                query: Vec::new(),
                headers: RecordedHeaders::default(),
                body: RecordedBody::None,
            },
            outcome,
            times: None,
            rounds: None,
            delay: None,
            then_push: None,
        }
    }

    fn response(body: ResponseBody) -> RecordedResponse {
        RecordedResponse {
            status: 200,
            headers: Vec::new(),
            body,
        }
    }

    #[test]
    fn a_body_file_that_cannot_be_read_is_an_error_and_no_change() {
        let file = ResponseBody::File("is/not/there.json".into());
        let old = exchange(RecordedOutcome::Response(response(file)));
        let new = exchange(RecordedOutcome::Response(response(ResponseBody::None)));
        assert!(matches!(
            is_unchanged(&old, &new, &[], Path::new("/nowhere")),
            Err(ExchangeComparisonError::Body(
                BodyFileError::Unreadable { .. }
            ))
        ));
    }

    #[test]
    fn an_exchange_that_breaks_off_is_equal_to_itself() {
        let text = || response(ResponseBody::Text("half of".to_owned()));
        for outcome in [RecordedOutcome::Truncated(text()), RecordedOutcome::Reset] {
            let exchange = exchange(outcome);
            assert!(is_unchanged(&exchange, &exchange, &[], Path::new("/")).unwrap());
        }
        let whole = exchange(RecordedOutcome::Response(text()));
        let half = exchange(RecordedOutcome::Truncated(text()));
        assert!(!is_unchanged(&whole, &half, &[], Path::new("/")).unwrap());
    }
}
