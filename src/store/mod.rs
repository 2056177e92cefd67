//! Credentials and tokens: where they come from, where they are kept, and that nothing of them is
//! lost. It refuses to take a secret from a request file or from the command line, and to know how
//! a token is got: that is `renew`.

mod credentials;
#[cfg(feature = "postgres")]
pub(crate) mod database;
mod dotenv;
mod envelope;
mod error;
mod family_record;
mod file_store;
mod keyring;
mod last_run;
mod ledger;
mod memory_store;
#[cfg(feature = "postgres")]
mod postgres_store;
pub(crate) mod private_file;
mod token_store;
mod trust;

pub(crate) use credentials::{
    CredentialError, CredentialNeeds, CredentialOwner, CredentialSources, StoredIn,
    store_credential, suggested_variable, variable_name, variable_part,
};
pub(crate) use envelope::RecordEnvelope;
pub use envelope::StoreKey;
pub use error::StoreError;
pub(crate) use family_record::RenewalState;
pub use family_record::{FamilyKey, FamilyLabel, FamilyRecord, PendingSplit, TokenPair};
pub(crate) use last_run::LastRun;
pub(crate) use ledger::{
    Ledger, LedgerEntry, LedgerError, OpenUndo, UndoBody, UndoCall, abandoned_ledgers,
};
pub(crate) use memory_store::MemoryStore;
pub(crate) use token_store::{FamilyLock, LOCK_WAIT};
pub use token_store::{StoreConfig, StoreLocation, TokenStore};
pub(crate) use trust::{TrustError, TrustList, TrustSubject};

fn seal_record(
    envelope: &RecordEnvelope,
    id: &str,
    record: &FamilyRecord,
) -> Result<Vec<u8>, StoreError> {
    let broken = |error: serde_json::Error| StoreError::Corrupt {
        what: id.to_owned(),
        reason: error.to_string(),
    };
    envelope.seal(id, &serde_json::to_string(record).map_err(broken)?)
}

fn open_record(
    envelope: &RecordEnvelope,
    id: &str,
    bytes: &[u8],
) -> Result<FamilyRecord, StoreError> {
    let text = envelope.open(id, bytes)?;
    // The position of a fault is enough: its text could be a token.
    let broken = |error: serde_json::Error| StoreError::Corrupt {
        what: id.to_owned(),
        reason: format!(
            "its text ends or differs at {}:{}",
            error.line(),
            error.column()
        ),
    };
    serde_json::from_str(&text).map_err(broken)
}
