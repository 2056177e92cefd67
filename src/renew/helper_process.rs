//! A renewal in a separate process with a process group of its own. To kill the command line, or to
//! signal its process group, does not interrupt the renewal.

use super::refresh_job::{RefreshError, RefreshJob};
use crate::secret::{Secret, to_secret_json};
use crate::tokens::FamilyRecord;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;

/// The word that makes this program the helper; no person types it.
pub(crate) const HELPER_COMMAND: &str = "renew-helper";

/// How to start this program again.
#[derive(Clone)]
pub(crate) struct HelperProcess {
    pub(crate) program: PathBuf,
    /// Its whole environment: the variables for reaching the network.
    pub(crate) env: Vec<(String, String)>,
}

/// The reply of the helper.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HelperReply {
    Done(Box<FamilyRecord>),
    Failed(RefreshError),
}

impl HelperProcess {
    /// # Errors
    /// The error of the helper, or that it ended without a reply.
    pub(crate) async fn renew(&self, job: &RefreshJob) -> Result<FamilyRecord, RefreshError> {
        let text =
            to_secret_json(job).map_err(|error| RefreshError::temporary(error.to_string()))?;
        let output = self.run(text.expose().as_bytes()).await.map_err(|error| {
            RefreshError::temporary(format!("the renewal cannot be started: {error}"))
        })?;
        let reply = Secret::new(output.stdout);
        match serde_json::from_slice(reply.expose()) {
            Ok(HelperReply::Done(record)) => Ok(*record),
            Ok(HelperReply::Failed(failure)) => Err(failure),
            Err(_) => Err(RefreshError::temporary(format!(
                "the renewal process ended without a reply ({})",
                output.status
            ))
            .with_note("the store knows how far it came: run again to finish it")),
        }
    }

    async fn run(&self, job: &[u8]) -> std::io::Result<std::process::Output> {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .arg(HELPER_COMMAND)
            .env_clear()
            .envs(self.env.iter().cloned());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // Ctrl-C signals the whole foreground group. A renewal that has sent its request must still
        // receive the response, because the old token may be spent.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(job).await?;
            stdin.shutdown().await?;
        }
        child.wait_with_output().await
    }
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
