//! The login of a device (RFC 8628): the request for its codes, and the token request that is sent
//! until a person has decided. It never waits: the caller does, so that an interrupted login leaves
//! nothing behind.

use super::refresh_flow::{RefreshContext, RefreshFlow, TokenRequestPlan, with_inbox_error};
use super::refresh_job::{DeviceWait, RefreshError, RefreshJob};
use super::token_response::{parse_seconds, saved_values};
use crate::check::{ResponseOutcome, ResponseView};
use crate::model::scheme::DeviceGrant;
use crate::secret::Secret;
use crate::sign::NamedValues;
use crate::tokens::{FamilyLock, FamilyRecord};
use crate::value::Value;
use crate::wire::WireResponse;
use std::time::Duration;

/// RFC 8628, section 3.5: the interval where the response names none, and what each `slow_down`
/// adds to it.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// No response makes ingam ask more often than this.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// Failures make it ask no seldomer than this, because a person is waiting.
const MAX_BACK_OFF: Duration = Duration::from_secs(60);
/// How long codes are good if the response does not say; RFC 8628 demands that it does.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);
/// Nobody waits longer for a login.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// The codes of one login.
pub(crate) struct DeviceCodes {
    /// Whoever has it gets the tokens once the person has confirmed.
    pub(crate) device_code: Secret<String>,
    /// What the person enters.
    pub(crate) user_code: String,
    /// Where it is entered.
    pub(crate) verification_uri: String,
    /// The same address with the code in it.
    pub(crate) complete_uri: Option<String>,
    pub(crate) polling: DevicePolling,
}

/// How often the token is asked for, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DevicePolling {
    interval: Duration,
    left: Duration,
}

impl DevicePolling {
    fn new(interval: Option<Duration>, lifetime: Option<Duration>) -> Self {
        Self {
            interval: interval.unwrap_or(DEFAULT_INTERVAL).max(MIN_INTERVAL),
            left: lifetime.unwrap_or(DEFAULT_LIFETIME).min(MAX_LIFETIME),
        }
    }

    /// How long the codes are good, counted in waits.
    pub(crate) fn time_left(&self) -> Duration {
        self.left
    }

    /// How long to wait before the token is asked for once more; `None` if the codes are too old by
    /// then.
    pub(crate) fn next_wait(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(self.interval)?;
        Some(self.interval)
    }

    /// From now on, after an answer of `slow_down`.
    pub(crate) fn slow_down(&mut self) {
        self.interval = self.interval.saturating_add(DEFAULT_INTERVAL);
    }

    /// From now on, after no answer. RFC 8628, section 3.5, asks for exponential back-off.
    pub(crate) fn back_off(&mut self) {
        let doubled = self.interval.saturating_mul(2).min(MAX_BACK_OFF);
        self.interval = self.interval.max(doubled);
    }
}

/// What the marketplace says while it has no token (RFC 8628, section 3.5).
enum PollAnswer {
    Wait(DeviceWait),
    Expired,
    Denied,
}

/// Asks for the codes of a login. This spends and stores nothing.
///
/// # Errors
/// When the marketplace gives none, or gives what cannot be shown to a person.
pub(crate) async fn request_device_codes(
    job: &RefreshJob,
    context: &RefreshContext<'_>,
) -> Result<DeviceCodes, RefreshError> {
    let mut flow = RefreshFlow::new(job, context)?;
    let Some(device) = &flow.token.device else {
        return Err(RefreshError::temporary(format!(
            "the token `{}` of `{}` has no `device`",
            flow.token.name, context.scheme.name
        )));
    };
    let result = flow.request_codes(device).await;
    result.map_err(|failure| flow.redacted(&failure))
}

impl RefreshFlow<'_> {
    async fn request_codes(&mut self, device: &DeviceGrant) -> Result<DeviceCodes, RefreshError> {
        let asking = TokenRequestPlan::plain(&device.authorize, NamedValues::default());
        let (permit, response) = self.send_repeatable(&asking).await?;
        let (codes, applied) = match self.read_codes(device, &response) {
            Ok(codes) => (Some(codes), Ok(())),
            Err(failure) => (None, Err(failure)),
        };
        self.record_limits(&asking, permit.as_ref(), &response, applied)
            .await?;
        codes.ok_or_else(|| RefreshError::temporary("the codes of the login are missing"))
    }

    fn read_codes(
        &mut self,
        device: &DeviceGrant,
        response: &WireResponse,
    ) -> Result<DeviceCodes, RefreshError> {
        let view = ResponseView::new(response);
        let saved = saved_values(&view, response, &device.authorize);
        let find = |name: &str| saved.iter().find(|(known, _)| *known == name);
        let text = |name: &str| {
            let value = find(name).and_then(|(_, value)| value.as_str());
            value.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let seconds = |name: &str| {
            let seconds = find(name).and_then(|(_, value)| parse_seconds(value))?;
            u64::try_from(seconds).ok().map(Duration::from_secs)
        };
        if let Some(code) = text("device_code") {
            self.redactor.add_secret("device_code", &code);
        }
        let outcome = self.outcome_of(&device.authorize, response);
        let parts = (
            text("device_code"),
            text("user_code"),
            text("verification_uri"),
        );
        let (ResponseOutcome::Success, (Some(device_code), Some(user_code), Some(uri))) =
            (&outcome, parts)
        else {
            let (failure, ..) = self.describe_refusal("no login for", &outcome, response);
            return Err(failure.with_note(
                "a device login needs a device code, a user code and an address in the response",
            ));
        };
        let complete_uri = text("verification_uri_complete");
        for address in [Some(&uri), complete_uri.as_ref()].into_iter().flatten() {
            check_address(address)?;
        }
        check_shown(&user_code)?;
        Ok(DeviceCodes {
            device_code: device_code.as_str().into(),
            user_code,
            verification_uri: uri,
            complete_uri,
            polling: DevicePolling::new(seconds("interval"), seconds("expires_in")),
        })
    }

    /// Asks for the token once. A code that nobody has confirmed yet is not spent by it, so nothing
    /// is marked in the record.
    pub(super) async fn poll_device(
        &mut self,
        lock: &mut FamilyLock,
        record: &mut FamilyRecord,
        asking: &TokenRequestPlan<'_>,
    ) -> Result<(), RefreshError> {
        // Before anything is sent: a confirmed code works once, and a full disk would cost its
        // tokens.
        lock.prepare_inbox(record).await?;
        let sent = self.send_repeatable(asking).await;
        let (permit, response) = match sent {
            Ok(sent) => sent,
            Err(failure) => {
                lock.clear_inbox().await;
                return Err(failure);
            }
        };
        let applied = if let Some(answer) = poll_answer(&response) {
            lock.clear_inbox().await;
            Err(self.without_token(&answer))
        } else {
            let raw = self.raw_response(&response, record, asking);
            let kept = self.save_raw_response(lock, &raw).await;
            let before = record.state.clone();
            let applied = self.apply_response(lock, record, &raw, before).await;
            applied.map_err(|failure| with_inbox_error(failure, kept))
        };
        self.record_limits(asking, permit.as_ref(), &response, applied)
            .await
    }

    fn without_token(&self, answer: &PollAnswer) -> RefreshError {
        let account = self.account_label();
        let reason = match answer {
            PollAnswer::Wait(wait) => {
                let reason = format!("the login of {account} is not confirmed yet");
                return RefreshError {
                    device_wait: Some(*wait),
                    ..RefreshError::temporary(reason)
                };
            }
            PollAnswer::Expired => {
                format!("the login of {account} was not confirmed in time")
            }
            PollAnswer::Denied => {
                format!("the login of {account} was denied, so nothing was authorized")
            }
        };
        RefreshError::user_action(reason).with_note(self.login_hint())
    }
}

/// `None` if the response brings a token, or fails for another reason.
fn poll_answer(response: &WireResponse) -> Option<PollAnswer> {
    if (200..300).contains(&response.status) {
        return None;
    }
    let body = crate::value::parse(response.body()).ok()?;
    Some(match body.get("error").and_then(Value::as_str)? {
        "authorization_pending" => PollAnswer::Wait(DeviceWait::Pending),
        "slow_down" => PollAnswer::Wait(DeviceWait::SlowDown),
        "expired_token" => PollAnswer::Expired,
        "access_denied" => PollAnswer::Denied,
        _ => return None,
    })
}

/// The person opens this address, so it must be one of the web and show itself as it is.
fn check_address(address: &str) -> Result<(), RefreshError> {
    let is_web = ["https://", "http://"]
        .iter()
        .any(|protocol| address.starts_with(protocol));
    if !is_web {
        return Err(RefreshError::temporary(
            "the address for confirming the login does not begin with `https://` or `http://`",
        ));
    }
    check_shown(address)
}

fn check_shown(text: &str) -> Result<(), RefreshError> {
    let is_plain = |char: char| char.is_ascii_graphic() || char == ' ';
    if text.chars().all(is_plain) {
        return Ok(());
    }
    Err(RefreshError::temporary(
        "the marketplace's response has an address or a user code with characters that cannot be shown",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn the_interval_grows_as_rfc_8628_demands() {
        let mut polling = DevicePolling::new(None, None);
        assert_eq!(polling.next_wait(), Some(seconds(5)));
        polling.slow_down();
        assert_eq!(polling.next_wait(), Some(seconds(10)));
        polling.slow_down();
        assert_eq!(polling.next_wait(), Some(seconds(15)));
        polling.back_off();
        assert_eq!(polling.next_wait(), Some(seconds(30)));
        assert_eq!(polling.time_left(), seconds(600 - 60));
        polling.back_off();
        polling.back_off();
        assert_eq!(polling.next_wait(), Some(MAX_BACK_OFF));
        // An interval that the marketplace asks for is never cut.
        let mut slow = DevicePolling::new(Some(seconds(90)), Some(seconds(100)));
        slow.back_off();
        assert_eq!(slow.next_wait(), Some(seconds(90)));
        assert_eq!(slow.next_wait(), None);
    }

    #[test]
    fn no_response_makes_the_login_ask_without_end_or_without_a_pause() {
        let huge = seconds(u64::MAX);
        let hasty = DevicePolling::new(Some(Duration::ZERO), Some(huge));
        assert_eq!(hasty.interval, MIN_INTERVAL);
        assert_eq!(hasty.time_left(), MAX_LIFETIME);
        assert_eq!(DevicePolling::new(Some(huge), None).next_wait(), None);
        let mut endless = DevicePolling::new(Some(huge), Some(huge));
        endless.slow_down();
        endless.back_off();
        assert_eq!(endless.next_wait(), None);
    }

    #[test]
    fn the_errors_of_rfc_8628_are_told_from_all_others() {
        let answer = |status: u16, body: &str| {
            let body = body.as_bytes().to_vec().into();
            let response = WireResponse::new(status, Vec::new(), body, Duration::ZERO);
            match poll_answer(&response) {
                Some(PollAnswer::Wait(DeviceWait::Pending)) => "pending",
                Some(PollAnswer::Wait(DeviceWait::SlowDown)) => "slow down",
                Some(PollAnswer::Expired) => "expired",
                Some(PollAnswer::Denied) => "denied",
                None => "none",
            }
        };
        for (status, body, expected) in [
            (400, r#"{"error":"authorization_pending"}"#, "pending"),
            (428, r#"{"error":"authorization_pending"}"#, "pending"),
            (400, r#"{"error":"slow_down"}"#, "slow down"),
            (400, r#"{"error":"expired_token"}"#, "expired"),
            (403, r#"{"error":"access_denied"}"#, "denied"),
            (400, r#"{"error":"invalid_grant"}"#, "none"),
            (400, r#"{"error":{"code":"slow_down"}}"#, "none"),
            (200, r#"{"error":"authorization_pending"}"#, "none"),
            (502, "<html>slow_down</html>", "none"),
        ] {
            assert_eq!(answer(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn an_address_that_misleads_a_terminal_or_a_browser_is_refused() {
        assert!(check_address("https://mall.example/device?code=A B").is_ok());
        for address in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "ftp://mall.example",
            "https://mall.example/\u{1b}[2J",
            "https://mall.example/\u{202e}",
            "https://mäll.example/",
        ] {
            assert!(check_address(address).is_err(), "{address:?}");
        }
    }
}
