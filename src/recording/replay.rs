//! Answers from recordings alone. It refuses to open a socket: what is not recorded is an error that says what is nearest.

use super::answer::{body_of, headers_of};
use super::pool::{Miss, Pool, Unused};
use crate::model::recording::{Outcome, RecordedAnswer, RecordedRequest};
use crate::model::workspace::Workspace;
use crate::wire::WireResponse;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    #[error("{0}")]
    Broken(String),
    /// As the stub says.
    #[error("the recording ends the connection here, as its `fault` says")]
    Fault,
}

/// An answer and how long a stub holds it back.
#[derive(Debug)]
pub struct Played {
    pub response: Result<WireResponse, ReplayError>,
    pub delay: Duration,
}

/// The recordings of a workspace, each answering in its turn.
pub struct Replay {
    root: PathBuf,
    pools: HashMap<String, Pool>,
    /// Files that have answered, and when they were recorded.
    used: HashSet<String>,
}

impl Replay {
    #[must_use]
    pub fn new(workspace: &Workspace) -> Self {
        let schemes: HashSet<&str> = workspace.recordings.iter().map(|recording| recording.scheme.as_str()).collect();
        let pools = schemes.into_iter().map(|scheme| (scheme.to_owned(), Pool::of(workspace, scheme))).collect();
        Self { root: workspace.root.clone(), pools, used: HashSet::new() }
    }

    /// The recorded answer to a request of a file.
    ///
    /// # Errors
    /// When nothing is recorded for it.
    pub fn answer(&mut self, file: &str, scheme: &str, sent: &RecordedRequest) -> Result<Played, Miss> {
        let pool = self.pools.entry(scheme.to_owned()).or_default();
        let (from, exchange) = pool.answer_for(&|name| is_of(name, file, scheme), sent)?;
        self.used.insert(from);
        let delay = exchange.delay.unwrap_or_default();
        let response = match exchange.outcome {
            Outcome::Answer(answer) => self.response(&answer, delay),
            Outcome::Truncated(_) | Outcome::Reset => Err(ReplayError::Fault),
        };
        Ok(Played { response, delay })
    }

    /// What is recorded for a request, without using it up.
    #[must_use]
    pub fn look(&self, file: &str, scheme: &str, sent: &RecordedRequest) -> bool {
        self.pools.get(scheme).is_some_and(|pool| pool.has(&|name| is_of(name, file, scheme), sent))
    }

    fn response(&self, answer: &RecordedAnswer, latency: Duration) -> Result<WireResponse, ReplayError> {
        let body = body_of(&answer.body, &self.root).map_err(ReplayError::Broken)?;
        Ok(WireResponse::new(answer.status, headers_of(answer), body, latency))
    }

    /// Exchanges of these request files that nothing asked for.
    #[must_use]
    pub fn unused(&self, files: &[&str]) -> Vec<Unused> {
        let of = |(scheme, pool): (&String, &Pool)| pool.unused(&|name| files.iter().any(|file| is_of(name, file, scheme)));
        let mut unused: Vec<Unused> = self.pools.iter().flat_map(of).collect();
        unused.sort_by(|left, right| (&left.file, &left.line).cmp(&(&right.file, &right.line)));
        unused
    }

    /// The recordings that answered anything.
    #[must_use]
    pub fn used(&self) -> &HashSet<String> {
        &self.used
    }
}

/// Whether a recording is that of a request file: a flow of several schemes has one for each.
#[must_use]
pub fn is_of(recording: &str, file: &str, scheme: &str) -> bool {
    let rest = recording.strip_prefix(file);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('.') == Some(scheme))
}

/// In words.
#[must_use]
pub fn missed(miss: &Miss) -> String {
    match miss {
        Miss::UsedUp { file } => {
            format!("its stub in fixtures/recordings/{file}.yaml is used up: it answered as often as its `times` says")
        }
        Miss::Unknown { nearest: None } => UNKNOWN.to_owned(),
        Miss::Unknown { nearest: Some((file, differs)) } => {
            format!("{UNKNOWN}; the nearest is fixtures/recordings/{file}.yaml, and it differs in: {}", differs.join("; "))
        }
    }
}

const UNKNOWN: &str = "no file in fixtures/recordings answers this request";
