//! A family record as the bytes that a store keeps: its JSON, sealed under its id.

use super::envelope::RecordEnvelope;
use super::error::StoreError;
use super::family_record::FamilyRecord;
use crate::secret::to_secret_json;

pub(super) fn seal_record(
    envelope: &RecordEnvelope,
    id: &str,
    record: &FamilyRecord,
) -> Result<String, StoreError> {
    let broken = |error: serde_json::Error| StoreError::Corrupt {
        what: id.to_owned(),
        reason: error.to_string(),
    };
    let text = to_secret_json(record).map_err(broken)?;
    envelope.seal(id, text.expose())
}

pub(super) fn open_record(
    envelope: &RecordEnvelope,
    id: &str,
    bytes: &[u8],
) -> Result<FamilyRecord, StoreError> {
    let text = envelope.open(id, bytes)?;
    // The position of a fault is enough: its text could be a token.
    let broken = |error: serde_json::Error| StoreError::Corrupt {
        what: id.to_owned(),
        reason: format!(
            "its text ends or differs at {}:{}",
            error.line(),
            error.column()
        ),
    };
    serde_json::from_str(text.expose()).map_err(broken)
}
