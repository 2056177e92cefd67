//! The parameters of a control. Each is taken once, and one that is left is an error.

use super::command::{ControlCommand, ControlError, ExpireTarget};
use crate::calendar::parse_argument_time;
use crate::load::parse_duration;
use crate::method::Method;
use crate::sandbox::call_fault::{CallFault, CallFaultKind};
use crate::sandbox::journal::{JournalFilter, MAX_WAIT, PushFilter, VerdictKind};
use crate::sandbox::pushes::{BrokenPart, PushOrder};
use crate::sandbox::tokens::device_logins::DeviceDecision;
use crate::sandbox::tokens::device_page::DevicePageRequest;
use crate::wire::parse_form;
use std::time::Duration;

/// The longest delay of a response, and the farthest step of the clock.
const MAX_DELAY: Duration = Duration::from_secs(3_600);
const MAX_ADVANCE: Duration = Duration::from_secs(100 * 366 * 86_400);

/// The parameters that are not taken yet.
pub(super) struct ControlParameters(Vec<(String, String)>);

impl ControlParameters {
    pub(super) fn of(query: &str) -> Self {
        Self(parse_form(query))
    }

    pub(super) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    /// # Errors
    /// When a parameter is left: a misspelled one would silently change nothing.
    pub(super) fn reject_remaining(&self, control: &str) -> Result<(), ControlError> {
        match self.0.first() {
            Some((extra, _)) => Err(ControlError::UnknownParameter {
                control: control.to_owned(),
                parameter: extra.clone(),
            }),
            None => Ok(()),
        }
    }

    pub(super) fn optional_number(&mut self, name: &str) -> Result<Option<i64>, ControlError> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        // No sign, and small enough that seconds as milliseconds cannot overflow.
        let number = text
            .parse::<u32>()
            .map_err(|_| invalid(name, "a whole number", text))?;
        Ok(Some(i64::from(number)))
    }

    pub(super) fn required_number(&mut self, name: &str) -> Result<i64, ControlError> {
        self.optional_number(name)?
            .ok_or_else(|| ControlError::MissingParameter(name.to_owned()))
    }

    fn optional_duration(
        &mut self,
        name: &str,
        longest: Duration,
    ) -> Result<Option<Duration>, ControlError> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        let duration = parse_duration(&text).filter(|duration| *duration <= longest);
        if duration.is_none() {
            let longest = longest.as_secs();
            let expected = format!("a duration such as `300ms`, `2s` or `5m`, at most {longest}s");
            return Err(invalid(name, &expected, text));
        }
        Ok(duration)
    }

    pub(super) fn device_page(&mut self) -> Result<DevicePageRequest, ControlError> {
        let user_code = self.take("user_code").filter(|code| !code.is_empty());
        let decision = match self.take("decision") {
            None => None,
            Some(text) if text == "deny" => Some(DeviceDecision::Denied),
            Some(text) => match text.parse() {
                Ok(index) => Some(DeviceDecision::Allowed(index)),
                Err(_) => return Err(invalid("decision", "a number or `deny`", text)),
            },
        };
        if decision.is_some() && user_code.is_none() {
            return Err(ControlError::MissingParameter("user_code".to_owned()));
        }
        Ok(DevicePageRequest {
            user_code,
            decision,
        })
    }

    pub(super) fn expire_target(&mut self) -> Result<ExpireTarget, ControlError> {
        match self.take("what").as_deref() {
            Some("access") => Ok(ExpireTarget::Access),
            Some("refresh") => Ok(ExpireTarget::Refresh),
            Some("grant") => Ok(ExpireTarget::Grant),
            _ => Err(ControlError::ExpireTarget),
        }
    }

    pub(super) fn lifetime(&mut self) -> Result<ControlCommand, ControlError> {
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

    /// `status=429`, `fault=reset` or `delay=2s`.
    pub(super) fn call_fault(&mut self) -> Result<CallFault, ControlError> {
        let kinds = [
            self.fault_status()?.map(CallFaultKind::Status),
            self.fault_reset()?,
            self.optional_duration("delay", MAX_DELAY)?
                .map(CallFaultKind::Delay),
        ];
        let mut kinds = kinds.into_iter().flatten();
        let (Some(kind), None) = (kinds.next(), kinds.next()) else {
            return Err(ControlError::OneFault);
        };
        let method = match self.take("method") {
            Some(text) => Some(
                Method::parse(&text.to_ascii_uppercase())
                    .ok_or_else(|| invalid("method", "an HTTP method", text))?,
            ),
            None => None,
        };
        let path = self.take("path");
        if let Some(path) = path.as_ref().filter(|path| !path.starts_with('/')) {
            return Err(invalid("path", "a path that begins with `/`", path.clone()));
        }
        Ok(CallFault {
            calls: self.optional_number("calls")?.unwrap_or(1),
            kind,
            method,
            path,
        })
    }

    fn fault_status(&mut self) -> Result<Option<u16>, ControlError> {
        let Some(text) = self.take("status") else {
            return Ok(None);
        };
        match text.parse::<u16>() {
            Ok(status) if (400..=599).contains(&status) => Ok(Some(status)),
            _ => Err(invalid("status", "a status from 400 to 599", text)),
        }
    }

    fn fault_reset(&mut self) -> Result<Option<CallFaultKind>, ControlError> {
        match self.take("fault") {
            None => Ok(None),
            Some(fault) if fault == "reset" => Ok(Some(CallFaultKind::Reset)),
            Some(other) => Err(invalid("fault", "`reset`", other)),
        }
    }

    /// `at=TIME`, `at=real` or `advance=DURATION`.
    pub(super) fn clock(&mut self) -> Result<ControlCommand, ControlError> {
        let at = self.take("at");
        match (at, self.optional_duration("advance", MAX_ADVANCE)?) {
            (Some(at), None) if at == "real" => Ok(ControlCommand::RealClock),
            (Some(at), None) => match parse_argument_time(&at) {
                Ok(time) => Ok(ControlCommand::SetClock(time.as_millisecond())),
                Err(_) => Err(invalid(
                    "at",
                    "a time such as `2026-11-30T12:00:00Z`, Unix seconds, or `real`",
                    at,
                )),
            },
            (None, Some(advance)) => Ok(ControlCommand::AdvanceClock(
                // Bounded above.
                i64::try_from(advance.as_millis()).unwrap_or(i64::MAX),
            )),
            _ => Err(ControlError::OneClock),
        }
    }

    pub(super) fn journal_filter(&mut self) -> Result<JournalFilter, ControlError> {
        let verdict = match self.take("verdict") {
            None => None,
            Some(name) => {
                let mut kinds = VerdictKind::ALL.into_iter();
                let kind = kinds.find(|kind| kind.name() == name);
                let expected = "`accepted`, `refused` or `unrecorded`";
                Some(kind.ok_or_else(|| invalid("verdict", expected, name))?)
            }
        };
        Ok(JournalFilter {
            scheme: self.take("scheme"),
            verdict,
            after: self.after()?,
            wait: self.optional_duration("wait", MAX_WAIT)?,
        })
    }

    pub(super) fn push_order(&mut self) -> Result<PushOrder, ControlError> {
        let broken = match self.take("broken") {
            None => None,
            Some(name) => {
                let mut parts = BrokenPart::ALL.into_iter();
                let part = parts.find(|part| part.name() == name);
                let expected = "`signature`, `missing` or `body`";
                Some(part.ok_or_else(|| invalid("broken", expected, name))?)
            }
        };
        Ok(PushOrder {
            scheme: self.take("scheme"),
            event: self.take("event"),
            webhook: self.take("webhook"),
            account: self.take("account"),
            broken,
        })
    }

    pub(super) fn push_filter(&mut self) -> Result<PushFilter, ControlError> {
        Ok(PushFilter {
            scheme: self.take("scheme"),
            event: self.take("event"),
            after: self.after()?,
            wait: self.optional_duration("wait", MAX_WAIT)?,
        })
    }

    fn after(&mut self) -> Result<Option<u64>, ControlError> {
        let Some(text) = self.take("after") else {
            return Ok(None);
        };
        let number = text.parse::<u64>();
        let number = number.map_err(|_| invalid("after", "the number of a request", text))?;
        Ok(Some(number))
    }

    pub(super) fn scheme(&mut self) -> Option<String> {
        self.take("scheme")
    }
}

fn invalid(name: &str, expected: &str, text: String) -> ControlError {
    ControlError::InvalidParameter {
        name: name.to_owned(),
        expected: expected.to_owned(),
        text,
    }
}
