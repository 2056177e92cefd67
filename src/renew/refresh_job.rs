//! What is to be got and for whom; and why it could not be. Both cross the border of a process.

use crate::budget::{BudgetError, BudgetLocation};
use crate::host::RandomError;
use crate::model::scheme::SchemeOrigin;
use crate::secret::{Secret, exposed_for_sealing, exposed_pairs_for_sealing};
use crate::sign::NamedValues;
use crate::tokens::{FamilyKey, FamilyLabel, MissingFamilyId, StoreConfig, StoreError};
use crate::transport::Route;
use crate::value;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// A database that is restarted, or fails over to another machine, is there again within this time.
const STORE_PATIENCE: Duration = Duration::from_secs(300);

/// One renewal. It holds secrets, and so it goes through a pipe and never through arguments,
/// variables or files.
#[derive(Clone, Serialize, Deserialize)]
pub struct RefreshJob {
    pub scheme: SchemeSource,
    pub key: FamilyKey,
    pub label: FamilyLabel,
    /// Host of a token request, as its scheme names it → where that is in this environment.
    pub host_bases: Vec<(Option<String>, String)>,
    /// How these are reached.
    pub route: Route,
    /// Name → value as JSON. In the clear only in the pipe of the helper, as the rest of the job.
    #[serde(with = "exposed_pairs_for_sealing")]
    credentials: Vec<(String, Secret<String>)>,
    pub kind: RefreshKind,
    /// Field → value of the token that this one is issued with; empty if it needs none.
    #[serde(default, with = "exposed_pairs_for_sealing")]
    pub issuing_token: Vec<(String, Secret<String>)>,
    pub timeout: Duration,
    /// How long to retry to write new tokens into a store that went away.
    pub store_patience: Duration,
    /// `None` in the process that holds the store.
    pub store: Option<StoreConfig>,
    /// Where calls with this key are counted; `None` in the process that counts them.
    pub budget: Option<BudgetLocation>,
}

/// A scheme as it was when it was trusted: a file that changes meanwhile does not change what is
/// sent.
#[derive(Clone, Serialize, Deserialize)]
pub struct SchemeSource {
    pub name: String,
    pub built_in: bool,
    pub text: String,
    /// The root of its workspace, for the files that it names.
    pub root: PathBuf,
}

impl SchemeSource {
    #[must_use]
    pub fn origin(&self) -> SchemeOrigin {
        if self.built_in {
            SchemeOrigin::BuiltIn
        } else {
            SchemeOrigin::Workspace
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshKind {
    /// Another pair than this generation.
    Renew { newer_than: u64 },
    /// A first pair, for the code of an authorization and what came back with it.
    Exchange {
        #[serde(with = "exposed_for_sealing")]
        code: Secret<String>,
        #[serde(with = "exposed_pairs_for_sealing")]
        callback: Vec<(String, Secret<String>)>,
        /// What the link of this login was made with, and nothing that came back: `redirect`, and
        /// with PKCE `verifier`.
        #[serde(with = "exposed_pairs_for_sealing")]
        link_values: Vec<(String, Secret<String>)>,
    },
    /// A first pair, once, for the code of a device: the person may not have decided yet.
    Device {
        #[serde(with = "exposed_for_sealing")]
        device_code: Secret<String>,
    },
    /// No pair: the marketplace ends the authorization, and then the record is removed.
    Revoke,
    /// A first pair of its own, for a refresh token that is shared; `from` names the shared pair.
    Split {
        #[serde(with = "exposed_for_sealing")]
        refresh_token: Secret<String>,
        shared_from: String,
    },
}

impl RefreshKind {
    /// Whether a person has authorized it anew, so that nothing of what is stored is needed.
    pub(super) fn is_authorization(&self) -> bool {
        matches!(self, Self::Exchange { .. } | Self::Device { .. })
    }
}

impl RefreshJob {
    #[must_use]
    pub fn new(
        scheme: SchemeSource,
        key: FamilyKey,
        label: FamilyLabel,
        bases: Vec<(Option<String>, String)>,
        credentials: &NamedValues,
        act: RefreshKind,
    ) -> Self {
        let credentials = credentials
            .iter()
            .map(|(name, value)| (name.to_owned(), Secret::new(value.expose().to_json())))
            .collect();
        let timeout = Duration::from_secs(30);
        Self {
            scheme,
            key,
            label,
            host_bases: bases,
            route: Route::default(),
            credentials,
            kind: act,
            issuing_token: Vec::new(),
            timeout,
            store_patience: STORE_PATIENCE,
            store: None,
            budget: None,
        }
    }

    /// The same, by another way than the usual one.
    #[must_use]
    pub fn by_route(self, route: Route) -> Self {
        Self { route, ..self }
    }

    /// The same, with the token that its own one is issued with.
    #[must_use]
    pub(crate) fn issued_with(self, issuing_token: Vec<(String, Secret<String>)>) -> Self {
        Self {
            issuing_token,
            ..self
        }
    }

    /// The credentials as schemes see them.
    ///
    /// # Errors
    /// When one of them is not JSON. It must not be replaced by a default value: the request would
    /// be signed with it, and the marketplace could take that for an attack on the account.
    pub(crate) fn credential_values(&self) -> Result<NamedValues, RefreshError> {
        let values = self.credentials.iter().map(|(name, text)| {
            // The parser's message can quote the secret, so it is left out.
            let value = value::parse(text.expose().as_bytes()).map_err(|_| {
                RefreshError::temporary(format!(
                    "the credential `{name}` of the renewal is not JSON"
                ))
            })?;
            Ok((name.as_str().into(), value))
        });
        values.collect()
    }
}

/// Why there is no new pair, in words without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct RefreshError {
    pub(crate) reason: String,
    /// What to look at, or to do.
    pub(crate) notes: Vec<String>,
    /// A person has to do something: authorize, or bring a credential. Otherwise it may work the
    /// next time.
    pub(crate) needs_user_action: bool,
    /// Nothing was sent, because the budget of the key is used up or paused.
    #[serde(default)]
    pub(crate) is_over_budget: bool,
    /// No fault: the person has not confirmed the login of a device yet.
    #[serde(default)]
    pub(crate) device_wait: Option<DeviceWait>,
}

/// Why the login of a device brings no token yet (RFC 8628, section 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeviceWait {
    /// The person has not decided.
    Pending,
    /// It is also asked for too often.
    SlowDown,
}

impl RefreshError {
    #[must_use]
    pub(crate) fn temporary(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            notes: Vec::new(),
            needs_user_action: false,
            is_over_budget: false,
            device_wait: None,
        }
    }

    #[must_use]
    pub(crate) fn user_action(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            notes: Vec::new(),
            needs_user_action: true,
            is_over_budget: false,
            device_wait: None,
        }
    }

    #[must_use]
    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

impl From<BudgetError> for RefreshError {
    fn from(error: BudgetError) -> Self {
        Self {
            reason: format!("no token was requested: {error}"),
            notes: error.hint().into_iter().collect(),
            needs_user_action: false,
            is_over_budget: error.is_exhausted(),
            device_wait: None,
        }
    }
}

impl From<RandomError> for RefreshError {
    fn from(error: RandomError) -> Self {
        Self::temporary(error.to_string())
    }
}

impl From<MissingFamilyId> for RefreshError {
    fn from(error: MissingFamilyId) -> Self {
        Self::user_action(error.to_string())
    }
}

impl From<StoreError> for RefreshError {
    fn from(error: StoreError) -> Self {
        Self {
            reason: error.to_string(),
            notes: error.hint().into_iter().collect(),
            needs_user_action: error.needs_user_action(),
            is_over_budget: false,
            device_wait: None,
        }
    }
}
