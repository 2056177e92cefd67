//! The controls: their names, and what each of them is told. It refuses every name and parameter
//! that it does not know, and says which there are.

use super::parameters::ControlParameters;
use crate::method::Method;
use crate::sandbox::call_fault::CallFault;
use crate::sandbox::journal::JournalFilter;
use crate::sandbox::recording_set::AddedRecordingError;
use crate::sandbox::reserved_names::CONTROL_PATH;
use std::time::Duration;

pub(super) const HELP: &str = "there is: GET health; GET requests?scheme=S&verdict=accepted|refused|unrecorded&after=NUMBER&wait=2s; \
                    DELETE requests?scheme=S; POST reset; POST exchanges, with a recording as body; DELETE exchanges/ID; \
                    POST fail?calls=N&status=429, or fault=reset, or delay=2s, of method=GET and path=/p; \
                    GET clock; POST clock?at=TIME|real, or advance=30d; \
                    GET tokens; GET resources; GET callback; POST lose?answers=N&after=GOOD; POST delay?ms=N; POST grace?seconds=N; \
                    POST expire?what=access|refresh|grant; POST revoke?token=NAME&ID=VALUE, or without them all; \
                    POST life?access=SECONDS&refresh=SECONDS";

/// Why a control is refused. Every message ends with the controls that exist.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::sandbox) enum ControlError {
    #[error("there is no control `{method} {CONTROL_PATH}{name}`; {HELP}")]
    UnknownControl { method: Method, name: String },
    #[error("`{control}` does not take `{parameter}`; {HELP}")]
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
    #[error("the time is outside the years that can be written; {HELP}")]
    ClockRange,
    #[error("no token is stored by `{0}`; {HELP}")]
    NotAStoreKey(String),
    #[error("the scheme `{0}` is not played here; {HELP}")]
    UnknownScheme(String),
    #[error("no recording was added with the id `{id}`; there is: {known}")]
    UnknownRecording { id: String, known: String },
    #[error("the body is not UTF-8: send a recording as YAML")]
    BodyNotUtf8,
    #[error("{0}")]
    Recording(#[from] AddedRecordingError),
    #[error("only `ingam sandbox` keeps a journal of requests; {HELP}")]
    NoJournal,
}

#[derive(Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum ControlCommand {
    /// Says which controls there are.
    Help,
    Health,
    Requests(JournalFilter),
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
pub(in crate::sandbox) enum ExpireTarget {
    Access,
    Refresh,
    Grant,
}

/// Whether a control is the page at the end of a login, which a browser opens and which says
/// nothing.
pub(in crate::sandbox) fn is_callback_page(method: &http::Method, path: &str) -> bool {
    *method == http::Method::GET && path.strip_prefix(CONTROL_PATH) == Some("callback")
}

impl ControlCommand {
    /// `name` and `query` are the parts after the reserved path.
    ///
    /// # Errors
    /// When there is no such control, or a parameter is wrong.
    pub(in crate::sandbox) fn parse(
        method: Method,
        name: &str,
        query: &str,
    ) -> Result<Self, ControlError> {
        let mut parameters = ControlParameters::of(query);
        let control = match (method, name) {
            (Method::Get, "") => Self::Help,
            (Method::Get, "health") => Self::Health,
            (Method::Get, "requests") => Self::Requests(parameters.journal_filter()?),
            (Method::Delete, "requests") => Self::ClearRequests(parameters.scheme()),
            (Method::Post, "reset") => Self::Reset,
            (Method::Post, "exchanges") => Self::AddExchanges,
            (Method::Post, "fail") => Self::Fail(parameters.call_fault()?),
            (Method::Get, "clock") => Self::ShowClock,
            (Method::Post, "clock") => parameters.clock()?,
            (Method::Get, "tokens") => Self::Tokens,
            (Method::Get, "resources") => Self::Resources,
            // The query holds what the marketplace sends to an application: a code, ids, a state.
            (Method::Get, "callback") => return Ok(Self::Callback),
            (Method::Post, "lose") => Self::Lose {
                responses: parameters.required_number("answers")?,
                deliver_before_loss: parameters.optional_number("after")?.unwrap_or(0),
            },
            (Method::Post, "delay") => Self::Delay(Duration::from_millis(
                parameters.required_number("ms")?.unsigned_abs(),
            )),
            (Method::Post, "grace") => Self::Grace(parameters.required_number("seconds")? * 1_000),
            (Method::Post, "expire") => Self::Expire(parameters.expire_target()?),
            // Its parameters are named by the scheme, and `revoke` checks them.
            (Method::Post, "revoke") => return Ok(Self::Revoke(parameters.into_pairs())),
            (Method::Post, "life") => parameters.lifetime()?,
            _ => Self::parse_path(method, name)?,
        };
        parameters.reject_remaining(name)?;
        Ok(control)
    }

    /// A control whose name holds an id.
    fn parse_path(method: Method, name: &str) -> Result<Self, ControlError> {
        match (method, name.strip_prefix("exchanges/")) {
            (Method::Delete, Some(id)) if !id.is_empty() => {
                Ok(Self::RemoveExchanges(id.to_owned()))
            }
            _ => Err(ControlError::UnknownControl {
                method,
                name: name.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_is_read_or_refused_with_what_there_is() {
        let parse = |method, name, query| ControlCommand::parse(method, name, query);
        assert_eq!(parse(Method::Get, "tokens", ""), Ok(ControlCommand::Tokens));
        assert_eq!(
            parse(Method::Post, "lose", "answers=2"),
            Ok(ControlCommand::Lose {
                responses: 2,
                deliver_before_loss: 0
            })
        );
        assert_eq!(
            parse(Method::Post, "grace", "seconds=3"),
            Ok(ControlCommand::Grace(3_000))
        );
        assert_eq!(
            parse(Method::Post, "life", "refresh=1"),
            Ok(ControlCommand::Lifetime {
                access: None,
                refresh: Some(1_000)
            })
        );
        assert_eq!(
            parse(Method::Post, "expire", "what=grant"),
            Ok(ControlCommand::Expire(ExpireTarget::Grant))
        );
        for (method, name, query, message) in [
            (
                Method::Get,
                "lose",
                "answers=1",
                "no control `GET /.ingam/lose`",
            ),
            (Method::Post, "loose", "", "no control"),
            (Method::Post, "lose", "", "`answers` is missing"),
            (Method::Post, "lose", "answers=-1", "a whole number"),
            (
                Method::Post,
                "lose",
                "answers=1&after=headers",
                "a whole number",
            ),
            (
                Method::Post,
                "expire",
                "what=all",
                "`what` must be `access`",
            ),
            (Method::Post, "life", "", "`life` needs"),
            (Method::Get, "tokens", "x", "does not take `x`"),
        ] {
            let refused = parse(method, name, query).unwrap_err().to_string();
            assert!(
                refused.contains(message) && refused.contains("POST lose?answers=N&after=GOOD"),
                "{refused}"
            );
        }
    }
}
