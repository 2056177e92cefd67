//! Why a report cannot be written as text.

use jiff::Timestamp;

/// A report that would be cut or wrong. Nothing of it is written, because a CI server reads a cut
/// report as a run without failures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    #[error("the report cannot be written as JUnit XML: {0}")]
    Xml(#[from] quick_junit::SerializeError),
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("`{id}` has the verdict `error` without its class (`trouble`)")]
    MissingErrorClass { id: String },
    #[error("the time {ms} ms after the Unix epoch is outside of the years -9999 to 9999")]
    TimeOutOfRange { ms: i64 },
}

/// The time of `unix_ms` milliseconds after the Unix epoch.
pub(super) fn timestamp(unix_ms: i64) -> Result<Timestamp, ReportError> {
    Timestamp::from_millisecond(unix_ms).map_err(|_| ReportError::TimeOutOfRange { ms: unix_ms })
}
