//! What a file of another program becomes.

use super::credentials::FoundCredential;
use super::proof::ImportProof;
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
    /// Of the requests whose scheme signs them: why not, with the number of requests.
    pub(crate) proofs: ImportProofs,
}

/// How many signed requests are proven, and why others are not.
#[derive(Default)]
pub(crate) struct ImportProofs {
    pub(crate) proven: usize,
    pub(crate) not_proven: BTreeMap<String, usize>,
}

impl ImportProofs {
    pub(super) fn add(&mut self, proof: ImportProof) {
        match proof {
            ImportProof::Proven => self.proven += 1,
            ImportProof::NotProven(reason) => *self.not_proven.entry(reason).or_default() += 1,
        }
    }
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
