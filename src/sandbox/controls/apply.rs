//! What a control changes in a marketplace.

use super::command::{ControlCommand, ControlError, ExpireTarget, HELP};
use crate::calendar::format_time;
use crate::sandbox::marketplace::TestMarketplace;
use crate::sandbox::pushes::PushError;
use crate::sandbox::reply::SandboxReply;
use crate::sandbox::tokens::authorize_page::callback_page;
use crate::sandbox::tokens::issued_family::IssuedFamily;
use crate::value::Value;

impl TestMarketplace {
    /// The response to a control; those of the journal are answered without a marketplace. `body`
    /// and `now_ms`, on the clock of this machine, are those of its request.
    ///
    /// # Errors
    /// When the control cannot do what it is asked.
    pub(crate) fn apply_control(
        &mut self,
        control: ControlCommand,
        body: &[u8],
        now_ms: i64,
    ) -> Result<SandboxReply, ControlError> {
        let json = match control {
            ControlCommand::Callback => return Ok(callback_page()),
            ControlCommand::Device(asked) => {
                let now_ms = self.now_ms(now_ms);
                return Ok(self.device_page(&asked, now_ms));
            }
            ControlCommand::Requests(_)
            | ControlCommand::ClearRequests(_)
            | ControlCommand::Pushes(_) => return Err(ControlError::NoJournal),
            ControlCommand::SendPush(_) => return Err(PushError::NoAddress.into()),
            ControlCommand::Help => json_object([("message", HELP.into())]),
            ControlCommand::Health => self.health_json(now_ms),
            ControlCommand::Resources => self.resources.counts_json(),
            ControlCommand::AddExchanges => {
                let text = std::str::from_utf8(body).map_err(|_| ControlError::BodyNotUtf8)?;
                let events = self.scheme.push_events();
                let events: Vec<&str> = events.map(|(_, event)| event.name.as_str()).collect();
                let (id, count) = self.recordings.add(text, &events)?;
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                json_object([("id", id.into()), ("exchanges", count.into())])
            }
            ControlCommand::RemoveExchanges(id) => {
                self.remove_exchanges(&id)?;
                json_object([("removed", id.into())])
            }
            ControlCommand::ShowClock => self.clock_json(now_ms)?,
            ControlCommand::SetClock(at_ms) => self.set_clock(at_ms, now_ms)?,
            ControlCommand::AdvanceClock(by_ms) => {
                let at_ms = self.now_ms(now_ms).saturating_add(by_ms);
                self.set_clock(at_ms, now_ms)?
            }
            ControlCommand::RealClock => self.set_clock(now_ms, now_ms)?,
            ControlCommand::Reset => {
                self.reset();
                self.health_json(now_ms)
            }
            ControlCommand::Fail(fault) => {
                let calls = fault.calls;
                self.call_fault = Some(fault);
                json_object([("calls", calls.into())])
            }
            tokens => {
                let now_ms = self.now_ms(now_ms);
                self.apply_to_tokens(tokens, now_ms)?;
                self.status_json()
            }
        };
        Ok(SandboxReply::json(200, &json))
    }

    fn remove_exchanges(&mut self, id: &str) -> Result<(), ControlError> {
        if self.recordings.remove(id) {
            return Ok(());
        }
        let known: Vec<&str> = self.recordings.added_ids().collect();
        Err(ControlError::UnknownRecording {
            id: id.to_owned(),
            known: if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            },
        })
    }

    /// # Errors
    /// When the time cannot be written: every response that holds it would fail.
    fn set_clock(&mut self, at_ms: i64, now_ms: i64) -> Result<Value, ControlError> {
        let before = self.clock_offset_ms;
        self.clock_offset_ms = at_ms.saturating_sub(now_ms);
        let shown = self.clock_json(now_ms);
        if shown.is_err() {
            self.clock_offset_ms = before;
        }
        shown
    }

    fn clock_json(&self, now_ms: i64) -> Result<Value, ControlError> {
        let at_ms = self.now_ms(now_ms);
        let at = format_time(at_ms, "%Y-%m-%dT%H:%M:%S%.3fZ", 0)
            .map_err(|_| ControlError::ClockRange)?;
        Ok(json_object([
            ("now", at.into()),
            ("unix_ms", at_ms.into()),
            ("offset_ms", self.clock_offset_ms.into()),
        ]))
    }

    fn health_json(&self, now_ms: i64) -> Value {
        json_object([
            ("status", "ok".into()),
            ("scheme", self.scheme.name.as_str().into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
            ("unix_ms", self.now_ms(now_ms).into()),
        ])
    }

    fn apply_to_tokens(
        &mut self,
        control: ControlCommand,
        now_ms: i64,
    ) -> Result<(), ControlError> {
        let settings = &mut self.tokens.overrides;
        match control {
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
            ControlCommand::Expire(what) => {
                // A test token that was printed has no refresh token, so it ends with both.
                if what != ExpireTarget::Refresh {
                    self.given_tokens.expire();
                }
                self.tokens
                    .families
                    .iter_mut()
                    .for_each(|family| expire(family, what, now_ms));
            }
            ControlCommand::Revoke(only) => return self.revoke(&only),
            // `GET tokens`; all others are applied before.
            _ => {}
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
        self.given_tokens.end(only.to_vec());
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
