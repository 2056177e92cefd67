//! From the method, name and query of a request to a control. It refuses every name and parameter
//! that it does not know, and says which there are.

use super::command::{ControlCommand, ControlError};
use super::parameters::ControlParameters;
use crate::method::Method;
use std::time::Duration;

impl ControlCommand {
    /// `name` and `query` are the parts after the reserved path.
    ///
    /// # Errors
    /// When there is no such control, or a parameter is wrong.
    pub(crate) fn parse(method: Method, name: &str, query: &str) -> Result<Self, ControlError> {
        let mut parameters = ControlParameters::of(query);
        let control = match (method, name) {
            (Method::Get, "") => Self::Help,
            (Method::Get, "health") => Self::Health,
            (Method::Get, "requests") => Self::Requests(parameters.journal_filter()?),
            (Method::Delete, "requests") => Self::ClearRequests(parameters.scheme()),
            (Method::Post, "push") => Self::SendPush(parameters.push_order()?),
            (Method::Get, "pushes") => Self::Pushes(parameters.push_filter()?),
            (Method::Post, "reset") => Self::Reset,
            (Method::Post, "exchanges") => Self::AddExchanges,
            (Method::Post, "fail") => Self::Fail(parameters.call_fault()?),
            (Method::Get, "clock") => Self::ShowClock,
            (Method::Post, "clock") => parameters.clock()?,
            (Method::Get, "tokens") => Self::Tokens,
            (Method::Get, "resources") => Self::Resources,
            // The query holds what the marketplace sends to an application: a code, ids, a state.
            (Method::Get, "callback") => return Ok(Self::Callback),
            (Method::Get, "device") => Self::Device(parameters.device_page()?),
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
    use super::super::command::ExpireTarget;
    use super::*;

    #[test]
    fn a_control_is_read_or_refused_with_what_there_is() {
        let parse = |method, name, query| ControlCommand::parse(method, name, query);
        let right = |method, name, query| parse(method, name, query).unwrap();
        assert_eq!(right(Method::Get, "tokens", ""), ControlCommand::Tokens);
        assert_eq!(
            right(Method::Post, "lose", "answers=2"),
            ControlCommand::Lose {
                responses: 2,
                deliver_before_loss: 0
            }
        );
        assert_eq!(
            right(Method::Post, "grace", "seconds=3"),
            ControlCommand::Grace(3_000)
        );
        assert_eq!(
            right(Method::Post, "life", "refresh=1"),
            ControlCommand::Lifetime {
                access: None,
                refresh: Some(1_000)
            }
        );
        assert_eq!(
            right(Method::Post, "expire", "what=grant"),
            ControlCommand::Expire(ExpireTarget::Grant)
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
            (Method::Get, "tokens", "x", "has no parameter `x`"),
        ] {
            let refused = parse(method, name, query).unwrap_err().to_string();
            assert!(
                refused.contains(message) && refused.contains("POST lose?answers=N&after=GOOD"),
                "{refused}"
            );
        }
    }
}
