//! A renewal in a separate process with a process group of its own. To kill the command line, or to
//! signal its process group, does not interrupt the renewal.

use super::refresh_flow::NotifyFn;
use super::refresh_job::{RefreshError, RefreshJob};
use crate::platform;
use crate::secret::{Secret, to_secret_json};
use crate::tokens::FamilyRecord;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};

/// The word that makes this program the helper; no person types it.
pub(crate) const HELPER_COMMAND: &str = "renew-helper";

/// How to start this program again.
#[derive(Clone)]
pub(crate) struct HelperProcess {
    pub(crate) program: PathBuf,
    /// Its whole environment: the variables for reaching the network.
    pub(crate) env: Vec<(String, String)>,
}

/// A line of the helper. The last one is the result.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HelperReply {
    /// For the user, while the renewal goes on.
    Notice(String),
    Done(Box<FamilyRecord>),
    Failed(RefreshError),
}

impl HelperProcess {
    /// # Errors
    /// The error of the helper, or that it ended without a reply.
    pub(crate) async fn renew(
        &self,
        job: &RefreshJob,
        notify: NotifyFn<'_>,
    ) -> Result<FamilyRecord, RefreshError> {
        let text =
            to_secret_json(job).map_err(|error| RefreshError::temporary(error.to_string()))?;
        let cannot_run = |error: std::io::Error| {
            RefreshError::temporary(format!("the renewal cannot be started: {error}"))
        };
        let mut child = self
            .start(text.expose().as_bytes())
            .await
            .map_err(cannot_run)?;
        // Read to the end of the pipe before the status is asked for: the helper may have replied
        // and ended while this process stood still.
        let mut result = None;
        if let Some(stdout) = child.stdout.take() {
            let mut lines = tokio::io::BufReader::new(stdout);
            while let Some(line) = read_line(&mut lines).await {
                match serde_json::from_slice(line.expose()) {
                    Ok(HelperReply::Notice(text)) => notify(&text),
                    Ok(HelperReply::Done(record)) => result = Some(Ok(*record)),
                    Ok(HelperReply::Failed(failure)) => result = Some(Err(failure)),
                    // A line that is cut is the last one of a process that was killed.
                    Err(_) => break,
                }
            }
        }
        let status = child.wait().await.map_err(cannot_run)?;
        result.unwrap_or_else(|| {
            Err(RefreshError::temporary(format!(
                "the renewal process ended without a result ({status})"
            ))
            .with_note(
                "the store recorded its progress: run the command again to finish the renewal",
            ))
        })
    }

    async fn start(&self, job: &[u8]) -> std::io::Result<tokio::process::Child> {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .arg(HELPER_COMMAND)
            .env_clear()
            .envs(self.env.iter().cloned());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // A renewal that has sent its request must still receive the response after Ctrl-C, because
        // the old token may be spent.
        platform::detach(&mut command);
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(job).await?;
            stdin.shutdown().await?;
        }
        Ok(child)
    }
}

/// `None` at the end of the pipe. A line can hold tokens.
async fn read_line(
    pipe: &mut tokio::io::BufReader<tokio::process::ChildStdout>,
) -> Option<Secret<Vec<u8>>> {
    let mut line = Vec::new();
    let read = pipe.read_until(b'\n', &mut line).await;
    let line = Secret::new(line);
    // An error of the pipe ends the reply as its end does: what came before it counts.
    read.ok().filter(|length| *length > 0).map(|_| line)
}

/// A notice as a line of the helper.
///
/// # Errors
/// If it cannot be encoded.
pub(crate) fn encode_notice(text: &str) -> Result<String, serde_json::Error> {
    let line = serde_json::to_string(&HelperReply::Notice(text.to_owned()))?;
    Ok(format!("{line}\n"))
}

/// The text of a helper's reply.
#[must_use]
pub(crate) fn encode_reply(result: Result<FamilyRecord, RefreshError>) -> Secret<String> {
    let reply = match result {
        Ok(record) => HelperReply::Done(Box::new(record)),
        Err(failure) => HelperReply::Failed(failure),
    };
    // The caller must not take an empty reply for a process that was killed.
    to_secret_json(&reply).unwrap_or_else(|_| {
        Secret::from(
            r#"{"failed":{"reason":"the reply of the renewal cannot be encoded","notes":[],"needs_user_action":false}}"#,
        )
    })
}
