//! Serves responses from recordings only. It opens no socket: a request that is not recorded is an
//! error that names the nearest one.

use super::exchange_pool::{ExchangePool, ReplayMiss, UnusedExchange};
use super::response::{BodyFileError, read_body, response_headers};
use crate::model::recording::{RecordedOutcome, RecordedRequest, RecordedResponse};
use crate::model::workspace::Workspace;
use crate::wire::WireResponse;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Broken(#[from] BodyFileError),
    /// As the stub says.
    #[error("the recording closes the connection here, because of its `fault`")]
    ConnectionClosed,
}

/// A response, and how long a stub delays it.
#[derive(Debug)]
pub struct ReplayedResponse {
    pub response: Result<WireResponse, ReplayError>,
    pub delay: Duration,
    /// How many rounds the `for_each` of its step had, if the recording says it.
    pub rounds: Option<u32>,
}

/// The recordings of a workspace, and which of their exchanges were served.
pub struct RecordingReplay {
    root: PathBuf,
    pools: HashMap<String, ExchangePool>,
    /// Files that have answered, and when they were recorded.
    used_recordings: HashSet<String>,
}

impl RecordingReplay {
    #[must_use]
    pub fn new(workspace: &Workspace) -> Self {
        let schemes: HashSet<&str> = workspace
            .recordings
            .iter()
            .map(|recording| recording.scheme.as_str())
            .collect();
        let pools = schemes
            .into_iter()
            .map(|scheme| {
                (
                    scheme.to_owned(),
                    ExchangePool::for_scheme(workspace, scheme),
                )
            })
            .collect();
        Self {
            root: workspace.root.clone(),
            pools,
            used_recordings: HashSet::new(),
        }
    }

    /// The recorded response to a request of a file.
    ///
    /// # Errors
    /// When nothing is recorded for it.
    pub fn respond(
        &mut self,
        file: &str,
        scheme: &str,
        sent: &RecordedRequest,
    ) -> Result<ReplayedResponse, ReplayMiss> {
        let pool = self.pools.entry(scheme.to_owned()).or_default();
        let taken = pool.take_exchange_for(&|name| belongs_to_file(name, file, scheme), sent)?;
        self.used_recordings.insert(taken.file);
        let (exchange, recorded_ms) = (taken.exchange, taken.recorded_ms);
        let (delay, rounds) = (exchange.delay.unwrap_or_default(), exchange.rounds);
        let response = match exchange.outcome {
            RecordedOutcome::Response(answer) => {
                let response = self.wire_response(&answer, delay);
                // Ages of what it says count from then, so that a recording stays true for years.
                response.map(|mut response| {
                    response.made_at_ms = recorded_ms;
                    response
                })
            }
            // The transport reports half of a body as a lost connection, so a replay must too.
            RecordedOutcome::Truncated(_) | RecordedOutcome::Reset => {
                Err(ReplayError::ConnectionClosed)
            }
        };
        Ok(ReplayedResponse {
            response,
            delay,
            rounds,
        })
    }

    /// Whether a response is recorded for a request. No exchange is used up.
    #[must_use]
    pub fn has_response(&self, file: &str, scheme: &str, sent: &RecordedRequest) -> bool {
        self.pools.get(scheme).is_some_and(|pool| {
            pool.has_exchange(&|name| belongs_to_file(name, file, scheme), sent)
        })
    }

    fn wire_response(
        &self,
        answer: &RecordedResponse,
        latency: Duration,
    ) -> Result<WireResponse, ReplayError> {
        let body = read_body(answer, &self.root)?;
        Ok(WireResponse::new(
            answer.status,
            response_headers(answer),
            body,
            latency,
        ))
    }

    /// The exchanges of these request files that no request used.
    #[must_use]
    pub fn unused(&self, files: &[&str]) -> Vec<UnusedExchange> {
        let of = |(scheme, pool): (&String, &ExchangePool)| {
            pool.unused(&|name| files.iter().any(|file| belongs_to_file(name, file, scheme)))
        };
        let mut unused: Vec<UnusedExchange> = self.pools.iter().flat_map(of).collect();
        unused.sort_by(|left, right| {
            (&left.file, &left.request_line).cmp(&(&right.file, &right.request_line))
        });
        unused
    }

    /// The recordings from which a response was served.
    #[must_use]
    pub fn used_recordings(&self) -> &HashSet<String> {
        &self.used_recordings
    }
}

/// Whether a recording is that of a request file: a flow of several schemes has one for each.
#[must_use]
pub(crate) fn belongs_to_file(recording: &str, file: &str, scheme: &str) -> bool {
    let rest = recording.strip_prefix(file);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('.') == Some(scheme))
}

/// The text of a miss, for an error message.
#[must_use]
pub(crate) fn describe_miss(miss: &ReplayMiss) -> String {
    match miss {
        ReplayMiss::Exhausted { file } => {
            format!(
                "its stub in fixtures/recordings/{file}.yaml was used as often as `times` allows"
            )
        }
        ReplayMiss::NoMatch { nearest: None } => NO_RECORDING.to_owned(),
        ReplayMiss::NoMatch {
            nearest: Some((file, differs)),
        } => {
            format!(
                "{NO_RECORDING}; the nearest is fixtures/recordings/{file}.yaml, and it differs in: {}",
                differs.join("; ")
            )
        }
    }
}

const NO_RECORDING: &str = "no file in fixtures/recordings matches this request";
