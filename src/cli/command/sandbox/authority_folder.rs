//! The user's own folder with the sandbox's certificate authority. It is made once, and again
//! when it ends or must serve more names.

use crate::atomic_file::{replace_private, replace_shared};
use crate::cli::command_error::CommandError;
use crate::cli::invocation::Invocation;
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_text};
use crate::private_file::{PrivateFileError, ensure_private_folder, open_private, read_private};
use crate::sandbox::{AuthorityError, AuthorityRecord};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

/// Certificate and key, in one file, so that a crash leaves no halves of two authorities.
const RECORD: &str = "authority.json";
/// The certificate alone, for clients.
const CERTIFICATE: &str = "ca.pem";
const LOCK: &str = "lock";

pub(super) struct AuthorityFolder(PathBuf);

/// An authority, and why it was made if it was.
pub(super) struct OpenedAuthority {
    pub(super) record: AuthorityRecord,
    /// What clients are given.
    pub(super) certificate: PathBuf,
    /// Clients that trust the authority before do not trust this one.
    pub(super) is_replaced: bool,
}

impl AuthorityFolder {
    /// # Errors
    /// When this user has no folder.
    pub(super) fn of(invocation: &Invocation<'_>) -> Result<Self, CommandError> {
        let folder = invocation.host.state_folder().ok_or_else(|| {
            CommandError::operation(
                "ingam found no folder for the certificate authority of the sandbox",
            )
            .hint("set HOME or XDG_STATE_HOME")
        })?;
        Ok(Self(folder.join("sandbox-ca")))
    }

    /// The authority, made if there is none that serves `needed`. `domains` gives all that a new one
    /// serves.
    ///
    /// # Errors
    /// When the folder or the authority in it cannot be used.
    pub(super) fn open(
        &self,
        invocation: &Invocation<'_>,
        needed: &[String],
        domains: impl FnOnce() -> Vec<String>,
    ) -> Result<OpenedAuthority, CommandError> {
        ensure_private_folder(&self.0).map_err(|error| self.folder_error(&error))?;
        // Two sandboxes that start at once must not make two authorities.
        let lock = open_private(
            &self.0.join(LOCK),
            OpenOptions::new().create(true).write(true),
        )
        .map_err(|error| self.folder_error(&error))?;
        lock.lock().map_err(|error| self.write_error(&error))?;
        let now_ms = (invocation.host.clock)();
        let known = self.read()?;
        let is_replaced = known.is_some();
        let kept = match known {
            Some(record) if record.serves(needed, now_ms) => {
                self.publish(&record)?;
                return Ok(self.opened(record, false));
            }
            Some(record) => record.domains().to_vec(),
            None => Vec::new(),
        };
        let domains = kept.into_iter().chain(domains()).chain(needed.to_vec());
        let id = (invocation.host.random_bytes)().map_err(AuthorityError::from)?;
        let record = AuthorityRecord::create(domains, now_ms, id)?;
        let json = record.to_json()?;
        replace_private(&self.0.join(RECORD), json.expose().as_bytes())
            .map_err(|error| self.write_error(&error))?;
        self.publish(&record)?;
        Ok(self.opened(record, is_replaced))
    }

    /// Writes the certificate for clients, unless it is there: a sandbox that was killed can have
    /// written the record alone.
    fn publish(&self, record: &AuthorityRecord) -> Result<(), CommandError> {
        let (path, pem) = (self.0.join(CERTIFICATE), record.certificate_pem());
        if read_plain_text(&path, MAX_TEXT_BYTES).is_ok_and(|known| known == pem) {
            return Ok(());
        }
        replace_shared(&path, pem.as_bytes()).map_err(|error| self.write_error(&error))
    }

    fn opened(&self, record: AuthorityRecord, is_replaced: bool) -> OpenedAuthority {
        OpenedAuthority {
            record,
            certificate: self.0.join(CERTIFICATE),
            is_replaced,
        }
    }

    fn read(&self) -> Result<Option<AuthorityRecord>, CommandError> {
        let path = self.0.join(RECORD);
        let Some(bytes) = read_private(&path).map_err(|error| self.folder_error(&error))? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).map_err(|_| broken(&path, "it is no text"))?;
        AuthorityRecord::from_json(&text)
            .map(Some)
            .map_err(|error| broken(&path, &error.to_string()))
    }

    fn folder_error(&self, error: &PrivateFileError) -> CommandError {
        let error_hint = match error {
            PrivateFileError::InsecureMode { .. } => error.hint(),
            _ => None,
        };
        let shown = self.0.display();
        CommandError::operation(format!(
            "the certificate authority of the sandbox cannot be used: {error}"
        ))
        .hint(error_hint.unwrap_or_else(|| format!("check `{shown}`")))
    }

    fn write_error(&self, error: &std::io::Error) -> CommandError {
        CommandError::operation(format!(
            "the certificate authority of the sandbox cannot be stored in `{}`: {error}",
            self.0.display()
        ))
    }
}

fn broken(path: &Path, reason: &str) -> CommandError {
    CommandError::operation(format!(
        "`{}` is not a certificate authority of ingam: {reason}",
        path.display()
    ))
    .hint("delete the file: ingam then creates a new authority, which your clients must trust instead")
}
