//! One attempt of a call: its token, its permit, and one more request with another token if the
//! first one has expired.

use super::budget::send_with_permit;
use super::exchange::{Exchange, ExchangeContext};
use super::step_error::{MissingRecording, StepError};
use super::token::TokenQuery;
use crate::check::ResponseOutcome;
use crate::model::outcome::ErrorKind;
use crate::model::recording::RecordedRequest;
use crate::model::scheme::ErrorRemedy;
use crate::render::FreshValues;
use crate::wire::Draft;

/// Sends a request, or returns its recorded response. `unsigned` is the request with placeholders,
/// to be matched with recordings, where the run uses them.
pub(super) async fn run_attempt(
    call: &ExchangeContext<'_>,
    draft: &Draft,
    unsigned: Option<&RecordedRequest>,
    fresh: FreshValues,
) -> Exchange {
    let recordings = &call.context.state.recordings;
    let replayed = unsigned.and_then(|request| {
        let redactor = &call.context.state.redactor;
        recordings.recorded_response(call.recording_key, call.scheme, request, redactor)
    });
    if let Some(replayed) = replayed {
        return call.replay(draft, replayed, fresh).await;
    }
    if draft.external.is_some() && call.context.environment.accesses.is_sandbox() {
        return replay_address(call, draft, unsigned, fresh).await;
    }
    // Without `unsigned` there is nothing to match. A replay must not go on to the network.
    if recordings.is_replay() {
        let reason = "the request cannot be matched with recordings, and a replay sends nothing";
        let missing = MissingRecording::new(reason, false);
        return Exchange::not_sent(StepError::NotRecorded(missing));
    }
    if draft.external.is_some() {
        // No token, and no budget: those are a marketplace's.
        return call.send(draft, None, fresh).await;
    }
    match token_query(call) {
        None => send_with_permit(call, draft, None, fresh).await,
        Some(query) => send_with_token(call, &query, draft, fresh).await,
    }
}

/// The sandbox plays marketplaces, and an address of a response is none of theirs: a recording
/// responds, without a socket.
async fn replay_address(
    call: &ExchangeContext<'_>,
    draft: &Draft,
    unsigned: Option<&RecordedRequest>,
    fresh: FreshValues,
) -> Exchange {
    let Some(request) = unsigned else {
        let reason = "the request cannot be matched with recordings";
        let missing = MissingRecording::new(reason, false);
        return Exchange::not_sent(StepError::NotRecorded(missing));
    };
    let context = call.context;
    let replayed = context.state.recordings.sandbox_response(
        call.recording_key,
        call.scheme,
        request,
        context.environment.workspace,
        &context.state.redactor,
    );
    call.replay(draft, replayed, fresh).await
}

async fn send_with_token(
    call: &ExchangeContext<'_>,
    query: &TokenQuery<'_>,
    draft: &Draft,
    fresh: FreshValues,
) -> Exchange {
    let token = match query.get().await {
        Ok(token) => token,
        Err(error) => return Exchange::not_sent(error),
    };
    let mut first = send_with_permit(call, draft, Some(&token.values), fresh).await;
    let Ok(response) = &first.result else {
        return first;
    };
    first.log.warnings.extend(token.warning.clone());
    // A token that was given like a credential has no generation: nothing could renew it.
    if token.generation.is_none() || !has_expired(call, &response.outcome) {
        return first;
    }
    match query.replacement(&token).await {
        Ok(None) => first,
        // Once only: a second token that is refused at once is not refused for its age.
        Ok(Some(other)) => {
            // The first signature may be too old by now, or count as a replay.
            let fresh = call.context.fresh_values();
            let second = send_with_permit(call, draft, Some(&other.values), fresh).await;
            first.followed_by(second)
        }
        Err(error) => first.followed_by(Exchange::not_sent(error)),
    }
}

fn has_expired(call: &ExchangeContext<'_>, outcome: &ResponseOutcome) -> bool {
    call.can_renew_token
        && matches!(
            outcome,
            ResponseOutcome::ApiError {
                kind: ErrorKind::TokenExpired,
                ..
            } | ResponseOutcome::ApiError {
                remedy: Some(ErrorRemedy::RenewOnce),
                ..
            }
        )
}

fn token_query<'c>(call: &'c ExchangeContext<'_>) -> Option<TokenQuery<'c>> {
    let token = call.scheme.token_for_level(call.level)?;
    Some(TokenQuery {
        scheme: call.scheme,
        token,
        access: call.access,
        context: call.context,
    })
}
