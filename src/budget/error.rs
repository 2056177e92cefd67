//! Why a call is not sent: who, until when, and what to do. No message holds a key.

use super::limit_counter::LimitRule;
use super::rate_limiter::{DenialReason, PermitDenied, Suspension};
use crate::database::DatabaseError;
use crate::private_file::PrivateFileError;
use jiff::Timestamp;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BudgetError {
    #[error(
        "the budget is used up: {limit} of `{scheme}`{about}; the next call is free at {at}, in {left}"
    )]
    LimitReached {
        scheme: String,
        limit: String,
        about: String,
        at: String,
        left: String,
    },
    #[error("`{scheme}` wants no call before {at}, in {left}")]
    Paused {
        scheme: String,
        at: String,
        left: String,
    },
    #[error(
        "all calls to `{scheme}` with this key are stopped since {at}: `{account}` of `{environment}` got {status}, {why}"
    )]
    Suspended {
        scheme: String,
        at: String,
        environment: String,
        account: String,
        status: u16,
        why: String,
    },
    #[error("`INGAM_STORE` is neither an absolute folder nor `postgres://…`")]
    InvalidLocation,
    #[error("there is no folder for the budgets of this user: set HOME, or INGAM_STORE")]
    NoFolder,
    #[error(transparent)]
    File(#[from] PrivateFileError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("another process holds the budget `{id}`, and did not free it within {} s", .waited.as_secs())]
    LockTimeout { id: String, waited: Duration },
    #[error("the budget `{what}` is broken: {reason}")]
    Corrupt { what: String, reason: String },
}

impl BudgetError {
    /// `wall_ms` is the time of this machine.
    #[must_use]
    pub(crate) fn new(refused: &PermitDenied, scheme: &str, wall_ms: i64) -> Self {
        let scheme = scheme.to_owned();
        let (at, left) = (
            format_time(wall_ms.saturating_add(refused.free_in_ms)),
            format_duration(refused.free_in_ms),
        );
        match &refused.reason {
            DenialReason::LimitReached { rule, label: about } => {
                let about = if about.is_empty() {
                    String::new()
                } else {
                    format!(" for `{about}`")
                };
                Self::LimitReached {
                    scheme,
                    limit: format_limit(rule),
                    about,
                    at,
                    left,
                }
            }
            DenialReason::Paused => Self::Paused { scheme, at, left },
            DenialReason::Suspended(stopped) => {
                let Suspension {
                    wall_ms,
                    environment,
                    account,
                    status,
                    reason: why,
                } = (**stopped).clone();
                Self::Suspended {
                    scheme,
                    at: format_time(wall_ms),
                    environment,
                    account,
                    status,
                    why,
                }
            }
        }
    }

    /// It is not known whether a call is free.
    #[must_use]
    pub(crate) fn is_store_error(&self) -> bool {
        matches!(
            self,
            Self::InvalidLocation
                | Self::NoFolder
                | Self::File(_)
                | Self::Database(_)
                | Self::LockTimeout { .. }
                | Self::Corrupt { .. }
        )
    }

    /// What to do.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::LimitReached { left, .. } | Self::Paused { left, .. } => {
                let wait: String = left.split(' ').collect::<Vec<_>>().concat();
                Some(format!(
                    "`--wait {}` waits for it; `ingam budget` shows what is left",
                    wait_argument(&wait)
                ))
            }
            Self::Suspended { scheme, .. } => Some(format!(
                "find out why, since every further call can make it worse; then `ingam budget clear {scheme}`"
            )),
            Self::File(error) => error.hint(),
            Self::LockTimeout { .. } => {
                Some("if that process hangs, stop it: the lock goes with it".to_owned())
            }
            Self::InvalidLocation | Self::NoFolder | Self::Database(_) => None,
            Self::Corrupt { .. } => Some(
                "`ingam budget clear` begins it anew; what was sent by now is forgotten then"
                    .to_owned(),
            ),
        }
    }
}

/// `--wait` takes one unit.
fn wait_argument(left: &str) -> String {
    let units = [('d', 24, 'h'), ('h', 60, 'm'), ('m', 60, 's')];
    for (unit, times, smaller) in units {
        if let Some((large, rest)) = left.split_once(unit) {
            let rest: u64 = rest.trim_end_matches(smaller).parse().unwrap_or(0);
            return format!(
                "{}{smaller}",
                large.parse::<u64>().unwrap_or(0) * times + rest
            );
        }
    }
    left.to_owned()
}

/// `10/1h`, as schemes write it.
#[must_use]
pub(crate) fn format_limit(rule: &LimitRule) -> String {
    let per = match rule.per_ms {
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    };
    format!("{}/{per}", rule.count)
}

/// A time for people, in UTC, to the second after it.
#[must_use]
pub(crate) fn format_time(wall_ms: i64) -> String {
    let seconds = wall_ms.saturating_add(999).div_euclid(1_000);
    Timestamp::from_second(seconds)
        .map(|time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
        .unwrap_or_default()
}

/// The two largest units of a span in milliseconds, to the second after it.
#[must_use]
pub(crate) fn format_duration(ms: i64) -> String {
    let seconds = ms.saturating_add(999).div_euclid(1_000);
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} m {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {} m", minutes + i64::from(seconds % 60 > 0)),
        (days, hours, _) => format!("{days} d {} h", hours + i64::from(seconds % 3_600 > 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_so_that_nobody_comes_too_early() {
        assert_eq!(
            [1, 60_001, 3_600_000, 90_000_001].map(format_duration),
            ["1 s", "1 m 1 s", "1 h 0 m", "1 d 2 h"]
        );
        assert_eq!(
            ["43m12s", "1h30m", "1d2h", "7s"].map(wait_argument),
            ["2592s", "90m", "26h", "7s"]
        );
        assert_eq!(format_time(1), "1970-01-01 00:00:01 UTC");
        let of = |count, per_ms| {
            format_limit(&LimitRule {
                count,
                per_ms,
                burst: None,
            })
        };
        assert_eq!(
            [of(10, 3_600_000), of(2, 1_000), of(5, 90_000)],
            ["10/1h", "2/1s", "5/90s"]
        );
    }
}
