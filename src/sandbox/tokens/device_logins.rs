//! The logins of devices (RFC 8628) that one marketplace of the sandbox has begun: their codes, and
//! what a person has decided. Time and random numbers are passed as values.

use super::issued_family::ExpiringToken;
use super::token_subject::TokenSubject;
use crate::render::FreshValues;
use std::time::Duration;

/// How long the codes of a login are good.
pub(crate) const DEVICE_CODE_LIFETIME: Duration = Duration::from_secs(600);
/// How often its token may be asked for. Shorter than that of any marketplace: tests wait for it.
pub(crate) const POLL_INTERVAL_MS: i64 = 1_000;
/// RFC 8628, section 3.5: what each `slow_down` adds.
const SLOW_DOWN_MS: i64 = 5_000;
/// RFC 8628, section 6.1: no vowels, so that no word comes of it, and nothing that looks alike.
const USER_CODE_LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
const USER_CODE_LENGTH: usize = 8;
/// Random texts for user codes use sites from here on.
const USER_CODE_SITE: u64 = 500_000;

/// What the person has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeviceDecision {
    None,
    /// The index of one of the subjects.
    Allowed(usize),
    Denied,
}

#[derive(Debug)]
struct DeviceLogin {
    code: ExpiringToken,
    user_code: String,
    /// Whom the person may log in as.
    subjects: Vec<TokenSubject>,
    decision: DeviceDecision,
    interval_ms: i64,
    polled_at_ms: Option<i64>,
}

/// The codes of a login, for the response that begins it.
pub(crate) struct BegunLogin {
    pub(crate) device_code: ExpiringToken,
    pub(crate) user_code: String,
}

/// Why a request for the token of a login brings none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DevicePollFault {
    /// The code is unknown, used, or of another application.
    Code,
    Pending,
    SlowDown,
    Expired,
    Denied,
}

impl DevicePollFault {
    /// The word of RFC 8628, section 3.5; `None` if it is a fault of the request.
    pub(crate) fn error(self) -> Option<&'static str> {
        match self {
            Self::Code => None,
            Self::Pending => Some("authorization_pending"),
            Self::SlowDown => Some("slow_down"),
            Self::Expired => Some("expired_token"),
            Self::Denied => Some("access_denied"),
        }
    }
}

/// Every login that has begun and brought no token yet.
#[derive(Debug, Default)]
pub(crate) struct DeviceLogins(Vec<DeviceLogin>);

impl DeviceLogins {
    /// Begins a login for one of these subjects. `code` is that of the device.
    pub(crate) fn begin(
        &mut self,
        code: ExpiringToken,
        subjects: Vec<TokenSubject>,
        moment: FreshValues,
    ) -> BegunLogin {
        // The seed of a test is fixed, so each code needs a site of its own.
        let count = u64::try_from(self.0.len()).unwrap_or(u64::MAX / 2);
        let user_code = user_code(&moment.random_text(USER_CODE_SITE + count, 64));
        self.0.push(DeviceLogin {
            code: code.clone(),
            user_code: user_code.clone(),
            subjects,
            decision: DeviceDecision::None,
            interval_ms: POLL_INTERVAL_MS,
            polled_at_ms: None,
        });
        BegunLogin {
            device_code: code,
            user_code,
        }
    }

    /// Whom the person with this code may log in as; `None` if it is unknown, decided or too old.
    pub(crate) fn subjects(&self, user_code: &str, now_ms: i64) -> Option<&[TokenSubject]> {
        let mut logins = self.0.iter();
        let login = logins.find(|login| login.is_open(user_code, now_ms))?;
        Some(&login.subjects)
    }

    /// Whether there is such a login, and such a subject of it.
    pub(crate) fn decide(
        &mut self,
        user_code: &str,
        decision: DeviceDecision,
        now_ms: i64,
    ) -> bool {
        let mut logins = self.0.iter_mut();
        let Some(login) = logins.find(|login| login.is_open(user_code, now_ms)) else {
            return false;
        };
        if matches!(decision, DeviceDecision::Allowed(index) if index >= login.subjects.len()) {
            return false;
        }
        login.decision = decision;
        true
    }

    /// Whom a confirmed login is for; its code works once.
    ///
    /// # Errors
    /// When the code is not one of these subjects, and until the person has confirmed it.
    pub(crate) fn redeem(
        &mut self,
        device_code: &str,
        owners: &[TokenSubject],
        now_ms: i64,
    ) -> Result<TokenSubject, DevicePollFault> {
        let is_own = |login: &DeviceLogin| {
            let mut subjects = login.subjects.iter();
            login.code.value == device_code && subjects.any(|subject| owners.contains(subject))
        };
        let at = self.0.iter().position(is_own);
        let at = at.ok_or(DevicePollFault::Code)?;
        let index = self.0[at].poll(now_ms)?;
        let mut subjects = self.0.swap_remove(at).subjects.into_iter();
        subjects.nth(index).ok_or(DevicePollFault::Code)
    }

    /// Whether a text is the code of a device.
    pub(crate) fn has_code(&self, text: &str) -> bool {
        self.0.iter().any(|login| login.code.value == text)
    }
}

impl DeviceLogin {
    fn is_open(&self, user_code: &str, now_ms: i64) -> bool {
        // RFC 8628, section 6.1: a person types small letters, blanks and no hyphen.
        let typed = |text: &str| -> String {
            let letters = text.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|char| char.to_ascii_uppercase()).collect()
        };
        typed(&self.user_code) == typed(user_code)
            && self.code.expires_at_ms > now_ms
            && self.decision == DeviceDecision::None
    }

    /// The index of the subject that the person has allowed.
    fn poll(&mut self, now_ms: i64) -> Result<usize, DevicePollFault> {
        let since = self
            .polled_at_ms
            .map(|before| now_ms.saturating_sub(before));
        self.polled_at_ms = Some(now_ms);
        if self.code.expires_at_ms <= now_ms {
            return Err(DevicePollFault::Expired);
        }
        if since.is_some_and(|since| since < self.interval_ms) {
            self.interval_ms += SLOW_DOWN_MS;
            return Err(DevicePollFault::SlowDown);
        }
        match self.decision {
            DeviceDecision::None => Err(DevicePollFault::Pending),
            DeviceDecision::Denied => Err(DevicePollFault::Denied),
            DeviceDecision::Allowed(index) => Ok(index),
        }
    }
}

/// `WDJB-MJHT`
fn user_code(random: &str) -> String {
    let letters = random.bytes().take(USER_CODE_LENGTH);
    let letter =
        |byte: u8| char::from(USER_CODE_LETTERS[usize::from(byte) % USER_CODE_LETTERS.len()]);
    let mut code: String = letters.map(letter).collect();
    code.insert(USER_CODE_LENGTH / 2, '-');
    code
}
