//! What a person should look at when a marketplace refused.

use crate::check::ResponseOutcome;
use crate::model::outcome::{ErrorKind, ExpectedOutcome};
use crate::model::scheme::Scheme;
use crate::wire::WireResponse;

/// A clock that is off by less than this is not worth a word, in seconds: the `date` header has no
/// fractions.
const MIN_CLOCK_SKEW_S: i64 = 3;

/// What was expected and what came, when the answer is not what `ok` says.
pub(super) fn unexpected_outcome(
    expected: ExpectedOutcome,
    outcome: &ResponseOutcome,
) -> Option<(String, String)> {
    let said = match outcome {
        ResponseOutcome::Success => "success".to_owned(),
        ResponseOutcome::ApiError { kind, .. } => format!("refused: {kind}"),
    };
    match (expected, outcome) {
        (ExpectedOutcome::Success, ResponseOutcome::Success) => None,
        (ExpectedOutcome::Success, _) => Some(("success".to_owned(), said)),
        (
            ExpectedOutcome::Failure,
            ResponseOutcome::ApiError {
                kind: ErrorKind::Input | ErrorKind::Permission,
                ..
            },
        ) => None,
        (ExpectedOutcome::Failure, _) => Some(("refused: input or permission".to_owned(), said)),
        (ExpectedOutcome::FailureKind(wanted), ResponseOutcome::ApiError { kind, .. })
            if wanted == *kind =>
        {
            None
        }
        (ExpectedOutcome::FailureKind(wanted), _) => Some((format!("refused: {wanted}"), said)),
    }
}

/// What kind of refusal it is, what the scheme says of it, and what the clock says.
pub(super) fn notes_for_refusal(
    scheme: &Scheme,
    outcome: &ResponseOutcome,
    response: &WireResponse,
    now_ms: i64,
) -> Vec<String> {
    let ResponseOutcome::ApiError { kind, hint, .. } = outcome else {
        return Vec::new();
    };
    let usual = match response.status {
        200..300 => {
            "the answer is not what the scheme calls success: see `ok` in `ingam scheme show`"
        }
        300..400 => {
            "a redirect, which is never followed with a signed request: check the host and the path"
        }
        _ => kind.advice(),
    };
    let mut notes = vec![format!("{kind}: {}", hint.as_deref().unwrap_or(usual))];
    let clock = matches!(
        kind,
        ErrorKind::Clock | ErrorKind::Signature | ErrorKind::Auth
    );
    notes.extend(clock_note(response, now_ms).filter(|_| clock));
    if matches!(kind, ErrorKind::Signature) && scheme.host("test").is_some() {
        notes.push(format!(
            "is it the key of this host? `{}` has hosts for live and for test, each with keys of its own",
            scheme.name
        ));
    }
    notes
}

/// How far this machine's clock is from the marketplace's, by the `date` header (RFC 9110, section
/// 6.6.1).
fn clock_note(response: &WireResponse, now_ms: i64) -> Option<String> {
    let theirs = response.date_ms()?.div_euclid(1_000);
    let ahead = now_ms.div_euclid(1_000) - theirs;
    let (seconds, word) = (ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" });
    (seconds > MIN_CLOCK_SKEW_S)
        .then(|| format!("this machine's clock is {seconds} s {word} the marketplace's"))
}
