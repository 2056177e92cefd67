//! Calls that another program makes through ingam: they get a token, a permit and a signature like
//! the calls of a step, and their responses go back as they are. Nothing of a response is shown,
//! recorded or kept, so none of its secrets and personal data are looked for. No call is repeated,
//! but for one whose token the marketplace refused.

use super::access::AccountAccess;
use super::attempt::run_attempt;
use super::call_client::{CallClient, OnwardResponse};
use super::context::RunContext;
use super::exchange::{Exchange, ExchangeContext};
use super::external::RedirectPolicy;
use super::response_secrets::DeclaredSecrets;
use super::run_budget::BudgetClass;
use super::step_error::StepError;
use crate::model::scheme::{Level, Scheme};
use crate::model::secret_rules::SecretRules;
use crate::recording::RecordingKey;
use crate::transport::{DEFAULT_MAX_BODY, OpenBody, OpenResponse};
use crate::wire::{Draft, WireRequest, WireResponse};
use bytes::Bytes;
use http::HeaderMap;
use std::cell::Cell;
use std::time::Duration;

/// A call of another program.
pub(crate) struct PassedCall<'c> {
    pub(crate) scheme: &'c Scheme,
    pub(crate) level: &'c Level,
    /// Where it goes, and with what: resolved once, so that what was checked is what is called.
    pub(crate) access: &'c AccountAccess,
    pub(crate) draft: &'c Draft,
    pub(crate) client: CallClient,
    /// Until the response begins, and between two parts of its body.
    pub(crate) timeout: Duration,
}

/// What became of a call.
pub(crate) struct PassedOutcome {
    pub(crate) result: Result<PassedResponse, StepError>,
    /// Requests that were sent for it.
    pub(crate) attempts: usize,
    /// Calls that the strictest limit of the call still allows; `None` where nothing counts it.
    pub(crate) budget_left: Option<u32>,
    pub(crate) warnings: Vec<String>,
}

/// A response on its way to the client.
pub(crate) struct PassedResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body, or its beginning.
    pub(crate) held: Bytes,
    pub(crate) rest: Option<OpenBody>,
}

/// Signs and sends a call.
pub(crate) async fn pass_call(call: &PassedCall<'_>, context: &RunContext<'_>) -> PassedOutcome {
    let requests = Cell::new(0);
    let Exchange { result, log } = send(call, context, &requests).await;
    PassedOutcome {
        result: result.map(|judged| {
            let onward = judged.onward.take();
            let (headers, rest) = onward.map_or_else(
                || (HeaderMap::new(), None),
                |onward| (onward.headers, onward.rest),
            );
            PassedResponse {
                status: judged.response.status,
                headers,
                held: judged.response.body().clone(),
                rest,
            }
        }),
        attempts: requests.get(),
        budget_left: log.budget_left,
        warnings: log.warnings,
    }
}

async fn send(call: &PassedCall<'_>, context: &RunContext<'_>, requests: &Cell<usize>) -> Exchange {
    let exchange = ExchangeContext {
        recording_key: &RecordingKey::without_file(Some(&call.access.account)),
        redact_rules: &[],
        scheme: call.scheme,
        level: call.level,
        access: call.access,
        timeout: call.timeout,
        max_body: DEFAULT_MAX_BODY,
        passage: None,
        can_renew_token: true,
        budget_class: BudgetClass::Step(None),
        secrets: DeclaredSecrets {
            rules: SecretRules::NONE,
            step: None,
        },
        redirects: RedirectPolicy {
            max: 0,
            patterns: &[],
        },
        cookies: None,
        requests,
        attempt: Cell::new(1),
        rounds: None,
        client: Some(&call.client),
        context,
    };
    run_attempt(&exchange, call.draft, None, context.fresh_values()).await
}

impl ExchangeContext<'_> {
    /// Sends a request, and returns what is known of its response and what is handed on. The
    /// connection ends with the client's.
    pub(super) async fn open_for(
        &self,
        client: &CallClient,
        request: &WireRequest,
    ) -> Result<(WireResponse, OnwardResponse), StepError> {
        if client.gone.is_requested() {
            return Err(StepError::ClientGone { was_sent: false });
        }
        let transport = &self.context.environment.transport;
        let OpenResponse {
            response,
            headers,
            rest,
        } = tokio::select! {
            biased;
            () = client.gone.requested() => return Err(StepError::ClientGone { was_sent: true }),
            opened = transport.open_by(request, &self.access.route, self.timeout) => opened?,
        };
        Ok((response, OnwardResponse { headers, rest }))
    }
}
