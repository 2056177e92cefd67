//! What marketplaces answered: how a request is compared with recorded ones, which recorded answer
//! it gets, and how new answers are hidden, merged and written. It refuses to open a socket.

mod compressed;
mod documents;
mod exchange_pool;
mod exchange_redaction;
mod folder;
mod personal_values;
mod recorder;
mod recording_key;
mod redaction;
mod replay;
mod request_match;
mod response;
mod serialize;
mod unchanged;
mod unsigned_request;

pub(crate) use documents::TextBody;
pub(crate) use exchange_pool::{ExchangePool, ReplayMiss, TakenExchange};
pub(crate) use exchange_redaction::{
    ExchangeRedaction, RedactedRecording, RedactionError, redact_recording,
};
pub(crate) use folder::{FileChange, FolderError, RecordingFolder, external_bodies};
pub(crate) use personal_values::{InspectedResponse, PersonalDataError};
pub(crate) use recorder::{RecordScope, Recorder, RecordingSource, SkipReason, WriteOutcome};
pub(crate) use recording_key::RecordingKey;
pub(crate) use redaction::{RUN_ID_PLACEHOLDER, Redaction, request_texts};
pub use replay::RecordingReplay;
pub(crate) use replay::{ReplayError, ReplayedResponse, belongs_to_file, describe_miss};
pub(crate) use response::{BodyFileError, read_body, response_headers};
pub(crate) use serialize::{authored_text, exchange_skeleton, recording_skeleton};
pub(crate) use unchanged::{MaskError, apply_masks, apply_text_masks};
pub(crate) use unsigned_request::{received_request, unsigned_request};
