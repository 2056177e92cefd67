//! What a file of another program becomes.

use super::credentials::FoundCredential;
use crate::import::ImportLoss;
use std::collections::BTreeMap;

/// Everything that a file becomes.
#[derive(Default)]
pub(crate) struct Takeover {
    pub(crate) requests: Vec<TakenRequest>,
    pub(crate) credentials: Vec<FoundCredential>,
    /// Hosts of no scheme, as they were written, with the number of their requests.
    pub(crate) hosts: BTreeMap<String, usize>,
    pub(crate) losses: Vec<ImportLoss>,
}

/// One request file, and its recording.
pub(crate) struct TakenRequest {
    /// Below `requests/`, without the ending.
    pub(crate) id: String,
    /// Where it stood.
    pub(crate) place: String,
    /// The text of the request file.
    pub(crate) text: String,
    /// That of its recording.
    pub(crate) recording: Option<String>,
}
