//! Credentials of an import in `.env`: added, never changed, and never where git would commit them.

use crate::atomic_file::replace_private;
use crate::cli::command::sandbox::env_value::quoted;
use crate::cli::command_error::CommandError;
use crate::credentials::{DotenvState, dotenv_state};
use crate::secret::Secret;
use crate::takeover::FoundCredential;
use std::collections::BTreeMap;
use std::path::Path;

/// What becomes of the credentials that were found.
pub(super) struct NewCredentials {
    /// Variable and line, for `.env`.
    lines: Vec<(String, String)>,
    /// Those that are in `.env` already.
    pub(super) known: Vec<String>,
    /// Those that have another value in `.env`, which stays.
    pub(super) different: Vec<String>,
    /// Those whose value the file does not say, with a place that uses them.
    pub(super) missing: Vec<(String, String)>,
    /// Those whose value cannot stand in `.env`.
    pub(super) unwritable: Vec<String>,
    state: DotenvState,
}

impl NewCredentials {
    /// # Errors
    /// If there is a `.env` that cannot be read.
    pub(super) fn new(root: &Path) -> Result<Self, CommandError> {
        Ok(Self {
            lines: Vec::new(),
            known: Vec::new(),
            different: Vec::new(),
            missing: Vec::new(),
            unwritable: Vec::new(),
            state: dotenv_state(&root.join(".env"))?,
        })
    }

    /// What `.env` holds already.
    pub(super) fn existing(&self) -> &BTreeMap<String, Secret<String>> {
        &self.state.values
    }

    pub(super) fn add(&mut self, found: &[FoundCredential]) {
        for credential in found {
            let variable = credential.variable.clone();
            if let Some(own) = self.state.values.get(&variable) {
                let is_other = credential
                    .value
                    .as_ref()
                    .is_some_and(|value| value.expose() != own.expose());
                if is_other {
                    self.different.push(variable);
                } else {
                    self.known.push(variable);
                }
                continue;
            }
            let Some(value) = &credential.value else {
                self.missing.push((variable, credential.place.clone()));
                continue;
            };
            match quoted(value.expose()) {
                Some(value) if !value.contains(['\n', '\r']) => {
                    self.lines
                        .push((variable.clone(), format!("{variable}={value}\n")));
                }
                _ => self.unwritable.push(variable),
            }
        }
    }

    /// The variables that are added.
    pub(super) fn added(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(variable, _)| variable.as_str())
    }

    /// Why nothing can be added.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        (!self.lines.is_empty() && self.state.is_committed).then_some(
            "git does not ignore `.env`, or could not be asked: add `.env` to `.gitignore`, and import again with `--force`",
        )
    }

    /// # Errors
    /// If `.env` cannot be written.
    pub(super) fn write(&self, root: &Path) -> Result<(), CommandError> {
        if self.lines.is_empty() || self.state.is_committed {
            return Ok(());
        }
        let mut text = self.state.text.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.lines.iter().for_each(|(_, line)| text.push_str(line));
        replace_private(&root.join(".env"), text.as_bytes())
            .map_err(|error| CommandError::operation(format!("`.env` cannot be written: {error}")))
    }
}
