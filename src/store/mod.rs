//! Credentials and tokens: where they come from, where they are kept, and that nothing of them is
//! lost. It refuses to take a secret from a request file or from the command line, and to know how
//! a token is got: that is `renew`.

mod credentials;
#[cfg(feature = "postgres")]
pub mod database;
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
pub mod private_file;
mod token_store;
mod trust;

pub use credentials::{
    CredentialError, CredentialNeeds, CredentialOwner, CredentialSources, StoredIn,
    store_credential, suggested_variable, variable_name, variable_part,
};
pub use envelope::{RecordEnvelope, StoreKey};
pub use error::StoreError;
pub use family_record::{
    FamilyKey, FamilyLabel, FamilyRecord, PendingSplit, RenewalState, TokenPair,
};
pub use last_run::LastRun;
pub use ledger::{
    Ledger, LedgerEntry, LedgerError, OpenUndo, UndoBody, UndoCall, abandoned_ledgers,
};
pub use memory_store::MemoryStore;
pub use token_store::{ClockAndRng, FamilyLock, LOCK_WAIT, StoreConfig, StoreLocation, TokenStore};
pub use trust::{TrustError, TrustList, TrustSubject};

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
