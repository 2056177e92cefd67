//! Why a call is not sent: the scheme, the time when it can be sent, and a hint. No message holds a
//! credential.

use super::limit_counter::LimitRule;
use super::rate_limiter::{DenialReason, PermitDenied, Suspension};
use super::state_error::LimiterStateError;
use crate::database::DatabaseError;
use crate::host::RandomError;
use crate::private_file::PrivateFileError;
use jiff::Timestamp;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BudgetError {
    #[error(
        "the budget is used up: {limit} of `{scheme}`{label}; the next call is possible at {at}, in {}", format_duration(*free_in_ms)
    )]
    LimitReached {
        scheme: String,
        limit: String,
        label: String,
        at: String,
        free_in_ms: i64,
    },
    #[error("calls to `{scheme}` are paused until {at}, in {}", format_duration(*free_in_ms))]
    Paused {
        scheme: String,
        at: String,
        free_in_ms: i64,
    },
    #[error(
        "all calls to `{scheme}` with this key have been blocked since {at}: `{account}` in environment `{environment}` received status {status}: {reason}"
    )]
    Suspended {
        scheme: String,
        at: String,
        environment: String,
        account: String,
        status: u16,
        reason: String,
    },
    #[error("`INGAM_STORE` must be an absolute path of a folder, or `postgres://…`")]
    InvalidLocation,
    #[error("ingam found no folder for the budgets of this user: set HOME or INGAM_STORE")]
    NoFolder,
    #[error(transparent)]
    File(#[from] PrivateFileError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("another process has locked the budget `{id}`, and did not release it within {} s", .waited.as_secs())]
    LockTimeout { id: String, waited: Duration },
    #[error("the budget `{id}` is damaged: {reason}")]
    Corrupt {
        id: String,
        reason: LimiterStateError,
    },
}

impl BudgetError {
    /// The message for a denied permit; `wall_ms` is the Unix time of this machine, in
    /// milliseconds.
    #[must_use]
    pub(crate) fn new(denied: &PermitDenied, scheme: &str, wall_ms: i64) -> Self {
        let scheme = scheme.to_owned();
        let free_in_ms = denied.free_in_ms;
        let at = format_time(wall_ms.saturating_add(free_in_ms));
        match &denied.reason {
            DenialReason::LimitReached { rule, label } => Self::LimitReached {
                scheme,
                limit: format_limit(rule),
                label: label_suffix(label),
                at,
                free_in_ms,
            },
            DenialReason::Paused => Self::Paused {
                scheme,
                at,
                free_in_ms,
            },
            DenialReason::Suspended(suspension) => Self::suspended(scheme, suspension),
        }
    }

    fn suspended(scheme: String, suspension: &Suspension) -> Self {
        Self::Suspended {
            scheme,
            at: format_time(suspension.wall_ms),
            environment: suspension.environment.clone(),
            account: suspension.account.clone(),
            status: suspension.status,
            reason: suspension.reason.clone(),
        }
    }

    /// Whether a call was not sent because of a limit, a pause or a suspension; otherwise the counts
    /// are not known.
    #[must_use]
    pub(crate) fn is_exhausted(&self) -> bool {
        matches!(
            self,
            Self::LimitReached { .. } | Self::Paused { .. } | Self::Suspended { .. }
        )
    }

    /// In how many milliseconds the next call is free, where that is known.
    #[must_use]
    pub(crate) fn free_in_ms(&self) -> Option<i64> {
        match self {
            Self::LimitReached { free_in_ms, .. } | Self::Paused { free_in_ms, .. } => {
                Some(*free_in_ms)
            }
            _ => None,
        }
    }

    /// A hint for the user.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::LimitReached { free_in_ms, .. } | Self::Paused { free_in_ms, .. } => {
                Some(format!(
                    "pass `--wait {}` to wait for it; `ingam budget` shows how many calls are left",
                    wait_argument(*free_in_ms)
                ))
            }
            Self::Suspended { scheme, .. } => Some(format!(
                "find out why, because every further call can extend the block; then run `ingam budget clear {scheme}`"
            )),
            Self::File(error) => error.hint(),
            Self::LockTimeout { .. } => {
                Some("if that process hangs, stop it: this releases the lock".to_owned())
            }
            Self::InvalidLocation | Self::NoFolder | Self::Database(_) | Self::Random(_) => None,
            Self::Corrupt { .. } => Some(
                "`ingam budget clear` deletes it; ingam then no longer counts earlier calls"
                    .to_owned(),
            ),
        }
    }
}

fn label_suffix(label: &str) -> String {
    if label.is_empty() {
        String::new()
    } else {
        format!(" for `{label}`")
    }
}

/// The value for `--wait`, which takes one unit. Rounded up, so that the wait is long enough.
fn wait_argument(ms: i64) -> String {
    let seconds = whole_seconds(ms);
    match seconds {
        ..3_600 => format!("{seconds}s"),
        3_600..86_400 => format!("{}m", (seconds + 59) / 60),
        _ => format!("{}h", (seconds + 3_599) / 3_600),
    }
}

fn whole_seconds(ms: i64) -> i64 {
    ms.saturating_add(999).div_euclid(1_000)
}

/// `10/1h`, as schemes write it.
#[must_use]
pub(crate) fn format_limit(rule: &LimitRule) -> String {
    let per = match rule.per_ms {
        // The largest unit that divides evenly, which is how people write a limit.
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    };
    format!("{}/{per}", rule.count)
}

/// A time in UTC, rounded up to a second.
#[must_use]
pub(crate) fn format_time(wall_ms: i64) -> String {
    let seconds = whole_seconds(wall_ms);
    match Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        // Beyond the year 9999: a number says more than an empty text.
        Err(_) => format!("{seconds} s after 1970"),
    }
}

/// The two largest units of a duration in milliseconds, rounded up to a second.
#[must_use]
pub(crate) fn format_duration(ms: i64) -> String {
    let seconds = whole_seconds(ms);
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
            [2_592_000, 5_400_000, 93_600_000, 6_001].map(wait_argument),
            ["2592s", "90m", "26h", "7s"]
        );
        assert_eq!(format_time(1), "1970-01-01 00:00:01 UTC");
        assert_eq!(format_time(i64::MAX - 999), "9223372036854775 s after 1970");
        let rule_text = |count, per_ms| {
            format_limit(&LimitRule {
                count,
                per_ms,
                burst: None,
            })
        };
        assert_eq!(
            [
                rule_text(10, 3_600_000),
                rule_text(2, 1_000),
                rule_text(5, 90_000)
            ],
            ["10/1h", "2/1s", "5/90s"]
        );
    }
}
