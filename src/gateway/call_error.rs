//! Why the gateway answers itself: as JSON with a code, a reason and a way out, and with a header
//! that no marketplace sends.

use crate::budget::BudgetError;
use crate::event::ErrorClass;
use crate::run::{AccessError, StepError};
use crate::sign::SealError;
use crate::transport::TransportError;

/// The header of every response that comes from the gateway and from no marketplace; it holds the
/// code of the error.
pub(super) const ERROR_HEADER: &str = "x-ingam-error";

/// Why a request was not passed on, or has no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    #[error("a web page sent the request")]
    Origin,
    #[error("`Host` of the request is not a name of this machine")]
    Host,
    #[error("the request has no key")]
    NoKey,
    #[error("the key of the request is not the key of this gateway")]
    WrongKey,
    #[error("the target of the request is not a path")]
    TargetForm,
    #[error("the path has no scheme")]
    NoScheme,
    #[error("a decoded segment of the path is not UTF-8")]
    PathText,
    #[error("the path has an empty segment (`//`)")]
    EmptySegment,
    #[error("the path has a dot segment (`.` or `..`), a backslash or a zero byte")]
    DotSegment,
    #[error(
        "the path or the query has a character that HTTP clients percent-encode, so the sent text would differ from the signed text"
    )]
    Unencoded,
    #[error("there is no scheme `{name}`")]
    UnknownScheme { name: String, hint: Option<String> },
    #[error("{reason}")]
    Account { reason: String, hint: String },
    #[error("the scheme `{scheme}` has no level `{level}`")]
    UnknownLevel {
        scheme: String,
        level: String,
        hint: String,
    },
    #[error("the gateway does not accept the method `{0}`")]
    Method(String),
    #[error("the header `{0}` is not UTF-8")]
    HeaderText(String),
    #[error("the gateway has no header `{0}`")]
    UnknownHeader(String),
    #[error("the header `{0}` appears twice")]
    RepeatedHeader(String),
    #[error("the scheme `{0}` has no accounts")]
    PlainAccount(String),
    #[error("`{0}` is a path for tokens or authorization, which only ingam calls")]
    TokenPath(String),
    #[error("this {method} is a write, but this gateway accepts only reads")]
    Write { method: &'static str },
    #[error("the body of the request is larger than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("the body of the request was not complete within {seconds} s")]
    BodyTimeout { seconds: u64 },
    #[error("the body of the request is incomplete")]
    BrokenBody,
    #[error("the gateway is shutting down")]
    Ending,
    #[error("{reason}")]
    Failed {
        code: &'static str,
        status: u16,
        reason: String,
        hints: Vec<String>,
        /// When another try can succeed, in seconds.
        retry_after: Option<u64>,
    },
}

impl CallError {
    /// One word for programs; it does not change.
    #[must_use]
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Origin => "browser_page",
            Self::Host => "wrong_host",
            Self::NoKey => "no_key",
            Self::WrongKey => "wrong_key",
            Self::TargetForm
            | Self::PathText
            | Self::EmptySegment
            | Self::DotSegment
            | Self::Unencoded => "wrong_target",
            Self::NoScheme => "no_scheme",
            Self::UnknownScheme { .. } => "unknown_scheme",
            Self::Account { .. } => "unknown_account",
            Self::UnknownLevel { .. } => "unknown_level",
            Self::Method(_) => "wrong_method",
            Self::HeaderText(_) | Self::UnknownHeader(_) | Self::RepeatedHeader(_) => {
                "wrong_header"
            }
            Self::PlainAccount(_) => "wrong_target",
            Self::TokenPath(_) => "token_path",
            Self::Write { .. } => "write_refused",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BodyTimeout { .. } => "body_timeout",
            Self::BrokenBody => "broken_body",
            Self::Ending => "ending",
            Self::Failed { code, .. } => code,
        }
    }

    #[must_use]
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::NoKey | Self::WrongKey => 401,
            Self::Origin | Self::Host | Self::TokenPath(_) | Self::Write { .. } => 403,
            Self::UnknownScheme { .. } | Self::Account { .. } | Self::NoScheme => 404,
            Self::Method(_) => 405,
            Self::BodyTimeout { .. } => 408,
            Self::BodyTooLarge { .. } => 413,
            Self::Ending => 503,
            Self::TargetForm
            | Self::PathText
            | Self::EmptySegment
            | Self::DotSegment
            | Self::Unencoded
            | Self::UnknownLevel { .. }
            | Self::HeaderText(_)
            | Self::UnknownHeader(_)
            | Self::RepeatedHeader(_)
            | Self::PlainAccount(_)
            | Self::BrokenBody => 400,
            Self::Failed { status, .. } => *status,
        }
    }

    /// What to do.
    #[must_use]
    pub(super) fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Origin => "call the gateway from a program: web pages are not allowed to use it",
            Self::Host => {
                "call 127.0.0.1 or localhost, or allow another name with `--allow-host NAME`"
            }
            Self::NoKey => {
                "send the key in the header `x-ingam-key`, or as the user of the URL: http://KEY@127.0.0.1:PORT/…"
            }
            Self::WrongKey => "when it starts, the gateway prints where its key comes from",
            Self::TargetForm => {
                "send `GET /SCHEME@ACCOUNT/PATH HTTP/1.1`; the gateway is not a forward proxy"
            }
            Self::NoScheme => {
                "begin the path with a scheme, followed by `@` and the account if there are several: /SCHEME@ACCOUNT/PATH"
            }
            Self::PathText | Self::EmptySegment | Self::DotSegment => {
                "write the path as the marketplace documents it, and percent-encode values in it"
            }
            Self::Unencoded => "percent-encode values, such as `%27` for an apostrophe",
            Self::UnknownScheme { hint, .. } => {
                return hint
                    .clone()
                    .or_else(|| Some("`ingam scheme list` shows the schemes".to_owned()))
                    .into_iter()
                    .collect();
            }
            Self::Account { hint, .. } | Self::UnknownLevel { hint, .. } => {
                return vec![hint.clone()];
            }
            Self::Method(_) => "use GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE",
            Self::HeaderText(_) => "send its value in UTF-8",
            Self::UnknownHeader(_) => {
                "headers that begin with `x-ingam-` are reserved: send only `x-ingam-key` and `x-ingam-level`"
            }
            Self::RepeatedHeader(_) => "send it once",
            Self::PlainAccount(_) => "remove `@` and the account",
            Self::TokenPath(_) => {
                "the gateway gets and renews tokens automatically; to sign in to an account, run `ingam auth login`"
            }
            Self::Write { .. } => {
                "to accept calls that can change something, start the gateway with `--write`; if this call only reads, add it to `reads` of the scheme"
            }
            Self::BodyTooLarge { .. } => "start the gateway with a larger `--max-body`",
            Self::BodyTimeout { .. } | Self::BrokenBody => "send the whole body at once",
            Self::Ending => "start the gateway again",
            Self::Failed { hints, .. } => return hints.clone(),
        };
        vec![hint.to_owned()]
    }

    /// When another try can succeed, in seconds.
    #[must_use]
    pub(super) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Failed { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// An account that is unknown, or not named where there are several.
    #[must_use]
    pub(super) fn account(error: &AccessError, scheme: &str, named: Option<&str>) -> Option<Self> {
        let AccessError::Account { reason, hint } = error else {
            return None;
        };
        // The run's advice for no name is about files and the command line.
        let own = format!("write the account after the scheme: /{scheme}@NAME/…");
        Some(Self::Account {
            reason: reason.clone(),
            hint: hint.clone().filter(|_| named.is_some()).unwrap_or(own),
        })
    }
}

impl From<StepError> for CallError {
    fn from(error: StepError) -> Self {
        let (code, status) = code_of(&error);
        let free_in_ms = match &error {
            StepError::Budget(error) => error.free_in_ms(),
            _ => None,
        };
        Self::Failed {
            code,
            status,
            reason: error.to_string(),
            hints: hints_of(&error),
            // Rounded up: a try that comes too early is refused again.
            retry_after: free_in_ms.map(|ms| ms.unsigned_abs().div_ceil(1_000)),
        }
    }
}

fn hints_of(error: &StepError) -> Vec<String> {
    match error {
        // The run's advice is about its own option.
        StepError::Budget(error) if error.free_in_ms().is_some() => vec![
            "try again later, or start the gateway with a longer `--wait`; `ingam budget` shows how many calls are left".to_owned(),
        ],
        StepError::NotRecorded(_) => vec![
            "the sandbox responds from recordings of this workspace: record the call, or write a stub (docs/reference/recording.md)".to_owned(),
        ],
        StepError::Seal(SealError::Misplaced(_)) => {
            vec!["send a body of the kind that the scheme needs".to_owned()]
        }
        error => error.notes(),
    }
}

/// The code and the status of an error of the way to the marketplace.
fn code_of(error: &StepError) -> (&'static str, u16) {
    match error {
        StepError::Budget(error) => budget_code(error),
        StepError::Access(AccessError::Untrusted { .. }) => ("not_trusted", 503),
        StepError::Access(AccessError::Credential(_)) => ("no_credential", 503),
        StepError::Token(error) => match ErrorClass::from(error) {
            ErrorClass::Credential => ("no_token", 503),
            ErrorClass::Budget => ("budget", 429),
            _ => ("token_renewal", 502),
        },
        StepError::Transport(
            TransportError::Timeout { .. } | TransportError::Incomplete { .. },
        ) => ("timeout", 504),
        StepError::Transport(TransportError::Connect { .. } | TransportError::Proxy { .. }) => {
            ("no_connection", 502)
        }
        StepError::Transport(TransportError::Setup { .. }) => ("network", 500),
        StepError::Transport(_) => ("broken_response", 502),
        StepError::Seal(SealError::Wire(_)) => ("wrong_target", 400),
        StepError::Seal(SealError::Misplaced(_) | SealError::Render(_)) => ("unsignable", 400),
        StepError::Seal(_) => ("wrong_credential", 503),
        StepError::NotRecorded(_) => ("not_recorded", 502),
        StepError::ClientGone { .. } => ("client_gone", 499),
        _ => ("configuration", 500),
    }
}

fn budget_code(error: &BudgetError) -> (&'static str, u16) {
    match error {
        BudgetError::LimitReached { .. } | BudgetError::Paused { .. } => ("budget", 429),
        BudgetError::Suspended { .. } => ("suspended", 503),
        _ => ("budget_store", 503),
    }
}
