//! Controls of the sandbox for users and tests, below a path that no marketplace uses. They show no
//! token.

use crate::method::Method;
use crate::sandbox::marketplace::TestMarketplace;
use crate::sandbox::reply::SandboxReply;
use crate::sandbox::reserved_names::CONTROL_PATH;
use crate::sandbox::tokens::authorize_page::callback_page;
use crate::sandbox::tokens::issued_family::IssuedFamily;
use crate::sign::ReceivedRequest;
use crate::value::Value;
use crate::wire::{is_loopback_origin, parse_form};
use std::time::Duration;

const HELP: &str = "there is: GET tokens; GET resources; GET callback; POST lose?answers=N&after=GOOD; POST delay?ms=N; POST grace?seconds=N; \
                    POST expire?what=access|refresh|grant; POST revoke?token=NAME&ID=VALUE, or without them all; \
                    POST life?access=SECONDS&refresh=SECONDS";

/// Why a control is refused. Every message ends with the controls that exist.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum ControlError {
    #[error("there is no control `{method} {CONTROL_PATH}{name}`; {HELP}")]
    UnknownControl { method: Method, name: String },
    #[error("`{control}` does not take `{parameter}`; {HELP}")]
    UnknownParameter { control: String, parameter: String },
    #[error("`{0}` is missing; {HELP}")]
    MissingParameter(String),
    #[error("`{name}` must be a whole number, but it is `{text}`; {HELP}")]
    NotANumber { name: String, text: String },
    #[error("`what` must be `access`, `refresh` or `grant`; {HELP}")]
    ExpireTarget,
    #[error("`life` needs `access`, `refresh` or both; {HELP}")]
    NoLifetime,
    #[error("no token is stored by `{0}`; {HELP}")]
    NotAStoreKey(String),
}

#[derive(Debug, PartialEq, Eq)]
enum ControlCommand {
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
enum ExpireTarget {
    Access,
    Refresh,
    Grant,
}

impl ControlCommand {
    /// `name` and `query` are the parts after the reserved path.
    fn parse(method: Method, name: &str, query: &str) -> Result<Self, ControlError> {
        let mut parameters = ControlParameters(parse_form(query));
        let control = match (method, name) {
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
            (Method::Post, "revoke") => return Ok(Self::Revoke(parameters.0)),
            (Method::Post, "life") => parameters.lifetime()?,
            _ => {
                return Err(ControlError::UnknownControl {
                    method,
                    name: name.to_owned(),
                });
            }
        };
        parameters.reject_remaining(name)?;
        Ok(control)
    }
}

/// The parameters that are not taken yet.
struct ControlParameters(Vec<(String, String)>);

impl ControlParameters {
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    /// # Errors
    /// When a parameter is left: a misspelled one would silently change nothing.
    fn reject_remaining(&self, control: &str) -> Result<(), ControlError> {
        match self.0.first() {
            Some((extra, _)) => Err(ControlError::UnknownParameter {
                control: control.to_owned(),
                parameter: extra.clone(),
            }),
            None => Ok(()),
        }
    }

    fn optional_number(&mut self, name: &str) -> Result<Option<i64>, ControlError> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        // No sign, and small enough that seconds as milliseconds cannot overflow.
        let number = text.parse::<u32>().map_err(|_| ControlError::NotANumber {
            name: name.to_owned(),
            text,
        })?;
        Ok(Some(i64::from(number)))
    }

    fn required_number(&mut self, name: &str) -> Result<i64, ControlError> {
        self.optional_number(name)?
            .ok_or_else(|| ControlError::MissingParameter(name.to_owned()))
    }

    fn expire_target(&mut self) -> Result<ExpireTarget, ControlError> {
        match self.take("what").as_deref() {
            Some("access") => Ok(ExpireTarget::Access),
            Some("refresh") => Ok(ExpireTarget::Refresh),
            Some("grant") => Ok(ExpireTarget::Grant),
            _ => Err(ControlError::ExpireTarget),
        }
    }

    fn lifetime(&mut self) -> Result<ControlCommand, ControlError> {
        let (access, refresh) = (
            self.optional_number("access")?,
            self.optional_number("refresh")?,
        );
        if access.is_none() && refresh.is_none() {
            return Err(ControlError::NoLifetime);
        }
        let ms = |seconds: i64| seconds * 1_000;
        Ok(ControlCommand::Lifetime {
            access: access.map(ms),
            refresh: refresh.map(ms),
        })
    }
}

const FOREIGN_CONTROL: &str = "controls answer to a loopback host only: name the sandbox 127.0.0.1 or localhost, \
                               and call it from no page of another host";

/// Whether the `host` header, and `origin` if it is sent, name a loopback host. A page of another
/// host can make a browser call this port, under a name of its own that resolves to 127.0.0.1 (DNS
/// rebinding).
fn is_from_this_machine(headers: &[(String, String)]) -> bool {
    let values = |wanted: &'static str| {
        headers
            .iter()
            .filter(move |(name, _)| name == wanted)
            .map(|(_, value)| value.to_ascii_lowercase())
    };
    let mut hosts = values("host").peekable();
    hosts.peek().is_some()
        && hosts.all(|host| is_loopback_origin(&format!("http://{host}")))
        && values("origin").all(|origin| is_loopback_origin(&origin))
}

impl TestMarketplace {
    /// The response to a request below the reserved path; `None` for any other request.
    pub(in crate::sandbox) fn control(
        &mut self,
        received: &ReceivedRequest,
        now_ms: i64,
    ) -> Option<SandboxReply> {
        let (name, query) = received
            .target
            .strip_prefix(CONTROL_PATH)
            .map(|rest| rest.split_once('?').unwrap_or((rest, "")))?;
        if !is_from_this_machine(&received.headers) {
            return Some(SandboxReply::message(403, FOREIGN_CONTROL));
        }
        Some(match ControlCommand::parse(received.method, name, query) {
            Err(error) => SandboxReply::message(400, error.to_string()),
            Ok(ControlCommand::Callback) => callback_page(),
            Ok(ControlCommand::Resources) => SandboxReply::json(200, &self.resources.counts_json()),
            Ok(control) => match self.apply(control, now_ms) {
                Ok(()) => SandboxReply::json(200, &self.status_json()),
                Err(error) => SandboxReply::message(400, error.to_string()),
            },
        })
    }

    fn apply(&mut self, control: ControlCommand, now_ms: i64) -> Result<(), ControlError> {
        let settings = &mut self.tokens.overrides;
        match control {
            ControlCommand::Tokens | ControlCommand::Resources | ControlCommand::Callback => {}
            ControlCommand::Lose {
                responses,
                deliver_before_loss,
            } => {
                self.traffic.responses_to_lose = responses;
                self.traffic.deliver_before_loss = deliver_before_loss;
            }
            ControlCommand::Delay(delay) => self.traffic.response_delay = delay,
            ControlCommand::Grace(grace_ms) => settings.grace_ms = grace_ms,
            ControlCommand::Lifetime { access, refresh } => {
                settings.access_lifetime_ms = access.or(settings.access_lifetime_ms);
                settings.refresh_lifetime_ms = refresh.or(settings.refresh_lifetime_ms);
            }
            ControlCommand::Expire(what) => self
                .tokens
                .families
                .iter_mut()
                .for_each(|family| expire(family, what, now_ms)),
            ControlCommand::Revoke(only) => return self.revoke(&only),
        }
        Ok(())
    }

    fn revoke(&mut self, only: &[(String, String)]) -> Result<(), ControlError> {
        // Checked before anything is revoked: an unknown name would match no family, and a test
        // that expects a revoked token would go on with a valid one.
        let known = |name: &str| {
            name == "token"
                || self
                    .scheme
                    .tokens
                    .iter()
                    .any(|token| token.is_keyed_by(name))
        };
        if let Some((name, _)) = only.iter().find(|(name, _)| !known(name)) {
            return Err(ControlError::NotAStoreKey(name.clone()));
        }
        for family in self.tokens.families.iter_mut().filter(|family| {
            only.iter()
                .all(|(name, text)| matches_filter(family, name, text))
        }) {
            family.grant.revoked = true;
        }
        Ok(())
    }

    /// The counts of token requests and of each token family, without any token.
    fn status_json(&self) -> Value {
        let owners = self.tokens.families.iter().map(family_json).collect();
        json_object([
            ("requests", self.traffic.token_requests.into()),
            ("lost", self.traffic.lost_responses.into()),
            ("owners", Value::List(owners)),
        ])
    }
}

fn json_object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect(),
    )
}

fn expire(family: &mut IssuedFamily, what: ExpireTarget, now_ms: i64) {
    match what {
        ExpireTarget::Access => family.expire_access(now_ms),
        ExpireTarget::Refresh => family.expire_refresh(now_ms),
        ExpireTarget::Grant => family.expire_grant(now_ms),
    }
}

fn matches_filter(family: &IssuedFamily, name: &str, text: &str) -> bool {
    let id = || {
        family
            .subject
            .ids
            .iter()
            .find(|(known, _)| known == name)
            .and_then(|(_, value)| value.to_plain_text())
    };
    if name == "token" {
        family.subject.token == text
    } else {
        id().as_deref() == Some(text)
    }
}

fn family_json(family: &IssuedFamily) -> Value {
    let counts = family.counts;
    json_object([
        ("token", family.subject.token.as_str().into()),
        ("ids", Value::Object(family.subject.ids.clone())),
        ("issued", counts.issued.into()),
        ("exchanged", counts.exchanged.into()),
        ("refreshed", counts.refreshed.into()),
        ("refused", counts.refused.into()),
        ("replayed", counts.replayed.into()),
        ("revoked", family.grant.revoked.into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_answers_to_loopback_hosts_only() {
        let is_allowed = |headers: &[(&str, &str)]| {
            let headers: Vec<(String, String)> = headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            is_from_this_machine(&headers)
        };
        for host in [
            "127.0.0.1:9000",
            "localhost",
            "LocalHost:1",
            "[::1]:80",
            "127.8.8.8",
        ] {
            assert!(is_allowed(&[("host", host)]), "{host}");
            let origin = format!("http://{host}");
            assert!(is_allowed(&[("host", host), ("origin", &origin)]), "{host}");
        }
        for host in [
            "",
            "evil.example:9000",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evil.example#@localhost",
            "user@127.0.0.1",
            "10.0.0.1",
            "0.0.0.0",
            "127.0.0.1/../evil",
            "[::]",
            "169.254.169.254",
        ] {
            assert!(!is_allowed(&[("host", host)]), "{host}");
            let origin = format!("http://{host}");
            assert!(
                !is_allowed(&[("host", "localhost"), ("origin", &origin)]),
                "{host}"
            );
        }
        assert!(!is_allowed(&[]));
        assert!(!is_allowed(&[
            ("host", "localhost"),
            ("host", "evil.example")
        ]));
        assert!(!is_allowed(&[("host", "localhost"), ("origin", "null")]));
    }

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
