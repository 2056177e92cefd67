//! The controls: what each of them is told, and why one is refused.

use crate::method::Method;
use crate::sandbox::call_fault::CallFault;
use crate::sandbox::journal::{JournalFilter, PushFilter};
use crate::sandbox::pushes::{PushError, PushOrder};
use crate::sandbox::recording_set::AddedRecordingError;
use crate::sandbox::reserved_names::CONTROL_PATH;
use crate::sandbox::tokens::device_page::DevicePageRequest;
use std::time::Duration;

pub(super) const HELP: &str = "the controls are: GET health; GET requests?scheme=S&verdict=accepted|refused|unrecorded&after=NUMBER&wait=2s; \
                    DELETE requests?scheme=S; POST push?event=NAME&scheme=S&account=A&webhook=W&broken=signature|missing|body; \
                    GET pushes?scheme=S&event=NAME&after=NUMBER&wait=2s; POST reset; POST exchanges, with a recording as body; DELETE exchanges/ID; \
                    POST fail?calls=N&status=429, or fault=reset, or delay=2s, of method=GET and path=/p; \
                    GET clock; POST clock?at=TIME|real, or advance=30d; \
                    GET tokens; GET resources; GET callback; GET device?user_code=CODE&decision=NUMBER|deny; POST lose?answers=N&after=GOOD; POST delay?ms=N; POST grace?seconds=N; \
                    POST expire?what=access|refresh|grant; POST revoke?token=NAME&ID=VALUE, or without them all; \
                    POST life?access=SECONDS&refresh=SECONDS";

/// Why a control is refused. Every message ends with the controls that exist.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    #[error("there is no control `{method} {CONTROL_PATH}{name}`; {HELP}")]
    UnknownControl { method: Method, name: String },
    #[error("`{control}` has no parameter `{parameter}`; {HELP}")]
    UnknownParameter { control: String, parameter: String },
    #[error("`{0}` is missing; {HELP}")]
    MissingParameter(String),
    #[error("`{name}` must be {expected}, but it is `{text}`; {HELP}")]
    InvalidParameter {
        name: String,
        expected: String,
        text: String,
    },
    #[error("`what` must be `access`, `refresh` or `grant`; {HELP}")]
    ExpireTarget,
    #[error("`life` needs `access`, `refresh` or both; {HELP}")]
    NoLifetime,
    #[error("`fail` needs one of `status`, `fault=reset` and `delay`; {HELP}")]
    OneFault,
    #[error("`clock` needs `at` or `advance`; {HELP}")]
    OneClock,
    #[error("the time is outside the supported years; {HELP}")]
    ClockRange,
    #[error("no token is stored by `{0}`; {HELP}")]
    NotAStoreKey(String),
    #[error("this sandbox does not run the scheme `{0}`; {HELP}")]
    UnknownScheme(String),
    #[error("no recording was added with the id `{id}`; the ids are: {known}")]
    UnknownRecording { id: String, known: String },
    #[error("the body is not UTF-8: send a recording as YAML")]
    BodyNotUtf8,
    #[error("{0}")]
    Recording(#[from] AddedRecordingError),
    #[error("{0}")]
    Push(#[from] PushError),
    #[error("only `ingam sandbox` keeps a journal of requests; {HELP}")]
    NoJournal,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ControlCommand {
    /// Says which controls there are.
    Help,
    Health,
    Requests(JournalFilter),
    /// The pushes that were sent.
    Pushes(PushFilter),
    /// The body is that of the push.
    SendPush(PushOrder),
    /// Those of one scheme, or all.
    ClearRequests(Option<String>),
    Reset,
    /// The recording is the body.
    AddExchanges,
    RemoveExchanges(String),
    Fail(CallFault),
    ShowClock,
    /// Unix milliseconds.
    SetClock(i64),
    /// Milliseconds.
    AdvanceClock(i64),
    RealClock,
    Tokens,
    Resources,
    /// The page where a person confirms the login of a device.
    Device(DevicePageRequest),
    /// The redirect target of authorization links that do not name one.
    Callback,
    Lose {
        responses: i64,
        /// This many responses arrive before the first lost one.
        deliver_before_loss: i64,
    },
    Delay(Duration),
    /// Milliseconds.
    Grace(i64),
    Expire(ExpireTarget),
    /// Only those of this name and with these ids.
    Revoke(Vec<(String, String)>),
    /// Milliseconds.
    Lifetime {
        access: Option<i64>,
        refresh: Option<i64>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpireTarget {
    Access,
    Refresh,
    Grant,
}

/// Whether a control is a page that the browser of a person opens: the one at the end of a login,
/// which says nothing, and the one for the login of a device, where the code is the key.
pub(crate) fn is_person_page(method: &http::Method, path: &str) -> bool {
    let name = path.strip_prefix(CONTROL_PATH);
    *method == http::Method::GET && matches!(name, Some("callback" | "device"))
}
