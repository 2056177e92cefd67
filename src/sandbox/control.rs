//! What people and tests set and see from outside, below a path that no marketplace has. It shows no token.

use super::chain::Chain;
use super::judge::Marketplace;
use super::reply::Reply;
use crate::method::Method;
use crate::value::Value;
use crate::wire::pairs_of;
use std::time::Duration;

/// Everything below it is ours.
pub const CONTROL: &str = "/.ingam/";

const HELP: &str = "there is: GET tokens; GET resources; GET callback; POST lose?answers=N&after=GOOD; POST delay?ms=N; POST grace?seconds=N; \
                    POST expire?what=access|refresh|grant; POST revoke?token=NAME&ID=VALUE, or without them all; \
                    POST life?access=SECONDS&refresh=SECONDS";

/// What came and went, beside the tokens themselves.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Requests for tokens that were received.
    pub requests: i64,
    /// So many answers arrive before …
    pub after: i64,
    /// … so many are lost …
    pub lose: i64,
    /// … and so many were.
    pub lost: i64,
    /// So long answers with tokens are held back.
    pub delay: Duration,
}

#[derive(Debug, PartialEq, Eq)]
enum Control {
    Tokens,
    Resources,
    /// Where a marketplace leads people to whose links do not say where to.
    Callback,
    Lose {
        answers: i64,
        /// So many arrive before.
        after: i64,
    },
    Delay(Duration),
    /// Milliseconds.
    Grace(i64),
    Expire(What),
    /// Only those of this name and with these ids.
    Revoke(Vec<(String, String)>),
    /// Milliseconds.
    Life {
        access: Option<i64>,
        refresh: Option<i64>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Access,
    Refresh,
    Grant,
}

impl Control {
    /// `name` and `query` as they stand behind the reserved path.
    fn parse(method: Method, name: &str, query: &str) -> Result<Self, String> {
        let mut parameters = Parameters(pairs_of(query));
        let control = match (method, name) {
            (Method::Get, "tokens") => Self::Tokens,
            (Method::Get, "resources") => Self::Resources,
            (Method::Get, "callback") => return Ok(Self::Callback),
            (Method::Post, "lose") => {
                Self::Lose { answers: parameters.needed("answers")?, after: parameters.number("after")?.unwrap_or(0) }
            }
            (Method::Post, "delay") => Self::Delay(Duration::from_millis(parameters.needed("ms")?.unsigned_abs())),
            (Method::Post, "grace") => Self::Grace(parameters.needed("seconds")? * 1_000),
            (Method::Post, "expire") => Self::Expire(parameters.what()?),
            (Method::Post, "revoke") => return Ok(Self::Revoke(parameters.0)),
            (Method::Post, "life") => parameters.life()?,
            _ => return Err(format!("there is no control `{method} {CONTROL}{name}`; {HELP}")),
        };
        match parameters.0.first() {
            Some((extra, _)) => Err(format!("`{name}` does not take `{extra}`; {HELP}")),
            None => Ok(control),
        }
    }
}

/// Those that were not taken yet.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    fn number(&mut self, name: &str) -> Result<Option<i64>, String> {
        let Some(text) = self.take(name) else { return Ok(None) };
        let number = text.parse::<u32>().map_err(|_| format!("`{name}` is a whole number, and `{text}` is none; {HELP}"))?;
        Ok(Some(i64::from(number)))
    }

    fn needed(&mut self, name: &str) -> Result<i64, String> {
        self.number(name)?.ok_or_else(|| format!("`{name}` is missing; {HELP}"))
    }

    fn what(&mut self) -> Result<What, String> {
        match self.take("what").as_deref() {
            Some("access") => Ok(What::Access),
            Some("refresh") => Ok(What::Refresh),
            Some("grant") => Ok(What::Grant),
            _ => Err(format!("`what` is `access`, `refresh` or `grant`; {HELP}")),
        }
    }

    fn life(&mut self) -> Result<Control, String> {
        let (access, refresh) = (self.number("access")?, self.number("refresh")?);
        if access.is_none() && refresh.is_none() {
            return Err(format!("`life` takes `access` or `refresh`, or both; {HELP}"));
        }
        let ms = |seconds: i64| seconds * 1_000;
        Ok(Control::Life { access: access.map(ms), refresh: refresh.map(ms) })
    }
}

impl Marketplace {
    /// The answer to everything below the reserved path.
    pub(super) fn control(&mut self, method: Method, target: &str, now_ms: i64) -> Option<Reply> {
        let (name, query) = target.strip_prefix(CONTROL).map(|rest| rest.split_once('?').unwrap_or((rest, "")))?;
        Some(match Control::parse(method, name, query) {
            Err(message) => Reply::message(400, message),
            Ok(Control::Callback) => super::authorize::landing(),
            Ok(Control::Resources) => Reply::json(200, &self.resources.seen()),
            Ok(control) => match self.obey(control, now_ms) {
                Ok(()) => Reply::json(200, &self.seen()),
                Err(message) => Reply::message(400, message),
            },
        })
    }

    fn obey(&mut self, control: Control, now_ms: i64) -> Result<(), String> {
        let settings = &mut self.tokens.settings;
        match control {
            Control::Tokens | Control::Resources | Control::Callback => {}
            Control::Lose { answers, after } => (self.traffic.lose, self.traffic.after) = (answers, after),
            Control::Delay(delay) => self.traffic.delay = delay,
            Control::Grace(grace_ms) => settings.grace_ms = grace_ms,
            Control::Life { access, refresh } => {
                settings.access_ms = access.or(settings.access_ms);
                settings.refresh_ms = refresh.or(settings.refresh_ms);
            }
            Control::Expire(what) => self.tokens.chains.iter_mut().for_each(|chain| expire(chain, what, now_ms)),
            Control::Revoke(only) => return self.revoke(&only),
        }
        Ok(())
    }

    fn revoke(&mut self, only: &[(String, String)]) -> Result<(), String> {
        let known = |name: &str| name == "token" || self.scheme.tokens.iter().any(|token| token.is_stored_by(name));
        if let Some((name, _)) = only.iter().find(|(name, _)| !known(name)) {
            return Err(format!("no token is stored by `{name}`; {HELP}"));
        }
        for chain in self.tokens.chains.iter_mut().filter(|chain| only.iter().all(|(name, text)| is(chain, name, text))) {
            chain.grant.revoked = true;
        }
        Ok(())
    }

    /// Everything that happened, without a token in it.
    fn seen(&self) -> Value {
        let owners = self.tokens.chains.iter().map(shown).collect();
        object([("requests", self.traffic.requests.into()), ("lost", self.traffic.lost.into()), ("owners", Value::List(owners))])
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn expire(chain: &mut Chain, what: What, now_ms: i64) {
    match what {
        What::Access => chain.expire_access(now_ms),
        What::Refresh => chain.expire_refresh(now_ms),
        What::Grant => chain.expire_grant(now_ms),
    }
}

fn is(chain: &Chain, name: &str, text: &str) -> bool {
    let id = || chain.owner.ids.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.to_plain_text());
    if name == "token" { chain.owner.token == text } else { id().as_deref() == Some(text) }
}

fn shown(chain: &Chain) -> Value {
    let counts = chain.counts;
    object([
        ("token", chain.owner.token.as_str().into()),
        ("ids", Value::Object(chain.owner.ids.clone())),
        ("issued", counts.issued.into()),
        ("exchanged", counts.exchanged.into()),
        ("refreshed", counts.refreshed.into()),
        ("refused", counts.refused.into()),
        ("replayed", counts.replayed.into()),
        ("revoked", chain.grant.revoked.into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_is_read_or_refused_with_what_there_is() {
        let parse = |method, name, query| Control::parse(method, name, query);
        assert_eq!(parse(Method::Get, "tokens", ""), Ok(Control::Tokens));
        assert_eq!(parse(Method::Post, "lose", "answers=2"), Ok(Control::Lose { answers: 2, after: 0 }));
        assert_eq!(parse(Method::Post, "grace", "seconds=3"), Ok(Control::Grace(3_000)));
        assert_eq!(parse(Method::Post, "life", "refresh=1"), Ok(Control::Life { access: None, refresh: Some(1_000) }));
        assert_eq!(parse(Method::Post, "expire", "what=grant"), Ok(Control::Expire(What::Grant)));
        for (method, name, query, message) in [
            (Method::Get, "lose", "answers=1", "no control `GET /.ingam/lose`"),
            (Method::Post, "loose", "", "no control"),
            (Method::Post, "lose", "", "`answers` is missing"),
            (Method::Post, "lose", "answers=-1", "a whole number"),
            (Method::Post, "lose", "answers=1&after=headers", "a whole number"),
            (Method::Post, "expire", "what=all", "`what` is"),
            (Method::Post, "life", "", "`life` takes"),
            (Method::Get, "tokens", "x", "does not take `x`"),
        ] {
            let refused = parse(method, name, query).unwrap_err();
            assert!(refused.contains(message) && refused.contains("POST lose?answers=N&after=GOOD"), "{refused}");
        }
    }
}
