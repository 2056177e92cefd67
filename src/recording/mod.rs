//! What marketplaces answered: how a request is compared with recorded ones, which recorded answer
//! it gets, and how new answers are hidden, merged and written. It refuses to open a socket.

mod compressed;
mod exchange_pool;
mod exchange_redaction;
mod folder;
mod recorder;
mod recording_key;
mod redaction;
mod replay;
mod request_match;
mod response;
mod serialize;
mod unchanged;
mod unsigned_request;

pub use exchange_pool::{ExchangePool, ReplayMiss, UnusedExchange};
pub use exchange_redaction::{ExchangeRedaction, RedactionError, redact_recording};
pub use folder::{FileChange, FolderError, RECORDINGS_DIR, RecordingFolder};
pub use recorder::{RecordScope, Recorder, RecordingSource, SkipReason, WriteOutcome};
pub use recording_key::RecordingKey;
pub use redaction::{RUN_ID_PLACEHOLDER, Redaction};
pub use replay::{RecordingReplay, ReplayError, ReplayedResponse, belongs_to_file, describe_miss};
pub use response::{read_body, response_headers};
pub use unchanged::{apply_masks, body_json, is_unchanged};
pub use unsigned_request::unsigned_request;
