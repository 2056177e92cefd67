//! Notes on what to check when a marketplace refuses a request.

use crate::check::ResponseOutcome;
use crate::model::outcome::{ErrorKind, ExpectedOutcome};
use crate::model::request::Step;
use crate::model::scheme::Scheme;
use crate::wire::WireResponse;

/// A smaller clock difference is not reported, in seconds: the `date` header has no fractions.
const MIN_CLOCK_SKEW_S: i64 = 3;

/// What was expected and what came, if the response is not what `ok` expects.
pub(super) fn unexpected_outcome(
    expected: ExpectedOutcome,
    outcome: &ResponseOutcome,
) -> Option<(String, String)> {
    let actual = match outcome {
        ResponseOutcome::Success => "success".to_owned(),
        ResponseOutcome::ApiError { kind, .. } => format!("refused: {kind}"),
    };
    match (expected, outcome) {
        (ExpectedOutcome::Success, ResponseOutcome::Success) => None,
        (ExpectedOutcome::Success, _) => Some(("success".to_owned(), actual)),
        (
            ExpectedOutcome::Failure,
            ResponseOutcome::ApiError {
                kind: ErrorKind::Input | ErrorKind::Permission,
                ..
            },
        ) => None,
        (ExpectedOutcome::Failure, _) => Some(("refused: input or permission".to_owned(), actual)),
        (ExpectedOutcome::AnyFailure, ResponseOutcome::ApiError { .. }) => None,
        (ExpectedOutcome::AnyFailure, ResponseOutcome::Success) => {
            Some(("refused".to_owned(), actual))
        }
        (ExpectedOutcome::FailureKind(expected), ResponseOutcome::ApiError { kind, .. })
            if expected == *kind =>
        {
            None
        }
        (ExpectedOutcome::FailureKind(expected), _) => {
            Some((format!("refused: {expected}"), actual))
        }
    }
}

/// What to write in a file if the response is right as it is.
pub(super) fn way_out(step: &Step, outcome: &ResponseOutcome) -> String {
    let kind = match outcome {
        ResponseOutcome::ApiError { kind, .. } => *kind,
        ResponseOutcome::Success => {
            return if step.ok_at.is_some() {
                "if it must succeed, remove `ok`".to_owned()
            } else {
                "without `ok`, a status that is never a success expects a refusal: correct `status` in `assert`"
                    .to_owned()
            };
        }
    };
    let word = match kind {
        ErrorKind::Input | ErrorKind::Permission
            if step.expected_outcome == ExpectedOutcome::Success =>
        {
            "`ok: false`".to_owned()
        }
        kind => format!("`ok: {{ kind: {kind} }}`"),
    };
    format!("if this refusal is what you test, write {word}")
}

/// Whether the marketplace has refused the caller, and not what the request says.
pub(super) fn is_refused_at_the_door(outcome: &ResponseOutcome) -> bool {
    matches!(
        outcome,
        ResponseOutcome::ApiError {
            kind: ErrorKind::Signature
                | ErrorKind::Clock
                | ErrorKind::Auth
                | ErrorKind::TokenExpired,
            ..
        }
    )
}

pub(super) fn is_refused_signature(outcome: &ResponseOutcome) -> bool {
    matches!(
        outcome,
        ResponseOutcome::ApiError {
            kind: ErrorKind::Signature,
            ..
        }
    )
}

/// Notes on a refusal: its kind, the scheme's hint for it, and a clock that is off.
pub(super) fn notes_for_refusal(
    scheme: &Scheme,
    outcome: &ResponseOutcome,
    response: &WireResponse,
    now_ms: i64,
) -> Vec<String> {
    let ResponseOutcome::ApiError { kind, hint, .. } = outcome else {
        return Vec::new();
    };
    let hint = hint
        .as_deref()
        .unwrap_or_else(|| default_hint(response.status, *kind));
    let mut notes = vec![format!("{kind}: {hint}")];
    // Signatures hold the time: a clock that is off can cause each of these.
    let depends_on_clock = matches!(
        kind,
        ErrorKind::Clock | ErrorKind::Signature | ErrorKind::Auth
    );
    notes.extend(clock_note(response, now_ms).filter(|_| depends_on_clock));
    if matches!(kind, ErrorKind::Signature) && scheme.host("test").is_some() {
        notes.push(format!(
            "check that the key belongs to this host: `{}` has hosts for live and for test, each with its own keys",
            scheme.name
        ));
    }
    notes
}

/// What to check if the scheme has no hint for the error.
fn default_hint(status: u16, kind: ErrorKind) -> &'static str {
    match status {
        200..=299 => {
            "the response does not meet the success rule of the scheme: see `ok` in `ingam scheme show`"
        }
        301 | 302 | 303 | 307 | 308 => {
            "the response is a redirect, which ingam does not follow, because a signature holds for one address: check the host and the path (`-v` shows the header `location`)"
        }
        _ => kind.advice(),
    }
}

/// How much this machine's clock differs from the marketplace's, by the `date` header (RFC 9110,
/// section 6.6.1).
fn clock_note(response: &WireResponse, now_ms: i64) -> Option<String> {
    let marketplace_s = response.date_ms()?.div_euclid(1_000);
    let ahead = now_ms.div_euclid(1_000) - marketplace_s;
    let (seconds, word) = (ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" });
    (seconds > MIN_CLOCK_SKEW_S).then(|| {
        format!("the clock of this machine is {seconds} s {word} the clock of the marketplace")
    })
}
