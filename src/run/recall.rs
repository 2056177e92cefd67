//! Calls outside of any request: those that take something back, and those that look for what was made and lost.

use super::Context;
use super::body_text;
use super::call::{Call, Progress, not_recorded};
use crate::check::{self, Answer, Outcome};
use crate::model::assertion::Assertion;
use crate::sign::choose_level;
use crate::value::Value;
use crate::wire::{Draft, WireResponse};
use std::time::Duration;

/// A call that is judged by its scheme alone.
pub struct Recall<'r> {
    pub scheme: &'r str,
    pub level: Option<&'r str>,
    pub account: Option<&'r str>,
    pub draft: Draft,
    pub timeout: Duration,
    /// An answer of which these hold says that what should go is gone already.
    pub gone: &'r [Assertion],
}

/// Sends a call that takes something back; what is gone already is taken back.
///
/// # Errors
/// In words, when it is not.
pub async fn take_back(recall: Recall<'_>, context: &Context<'_>) -> Result<(), String> {
    let gone = recall.gone;
    let (response, outcome) = send(recall, context).await?;
    let is_gone = response.status == 404 || (!gone.is_empty() && check::holds_all(gone, &Answer::new(&response)));
    match outcome {
        Outcome::Success => Ok(()),
        _ if is_gone => Ok(()),
        Outcome::Refused { kind, .. } => {
            Err(format!("the marketplace answered {}: {kind}: {}", response.status, body_text(&response.body)))
        }
    }
}

/// The JSON of an answer that must be a success.
///
/// # Errors
/// In words, when there is none.
pub async fn answer_of(recall: Recall<'_>, context: &Context<'_>) -> Result<Value, String> {
    let (response, outcome) = send(recall, context).await?;
    match outcome {
        Outcome::Success => Answer::new(&response).json().cloned().map_err(|error| format!("the list is not JSON: {error}")),
        Outcome::Refused { kind, .. } => Err(format!("the list was refused with {}: {kind}", response.status)),
    }
}

async fn send(recall: Recall<'_>, context: &Context<'_>) -> Result<(WireResponse, Outcome), String> {
    let words = |error: super::step::StepError| error.to_string();
    let unknown = || format!("there is no scheme `{}`", recall.scheme);
    let scheme = context.workspace.scheme(recall.scheme).ok_or_else(unknown)?;
    let level = choose_level(scheme, recall.level, recall.draft.method, &recall.draft.path);
    let access = context.access(scheme, level, recall.account).map_err(|error| error.to_string())?;
    let call = Call { scheme, level, access: &access, timeout: recall.timeout, renews: true, context };
    let (method, path, mut progress) = (recall.draft.method, recall.draft.path.clone(), Progress::default());
    call.exchange(recall.draft, super::unit::moment(context), &mut progress).await.map_err(words)?;
    let response = progress.response.ok_or("nothing was sent")?;
    if let Some(reason) = not_recorded(&response) {
        return Err(format!("nothing is recorded for this request: {reason}"));
    }
    let outcome = check::outcome(scheme, method, &path, &Answer::new(&response));
    Ok((response, outcome))
}
