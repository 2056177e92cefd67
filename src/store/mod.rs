//! Credentials and tokens: where they come from, where they are kept, and that nothing of them is lost. It refuses to take a
//! secret from a request file or from the command line, and to know how a token is got: that is `renew`.

mod chains;
mod credentials;
#[cfg(feature = "postgres")]
pub mod database;
mod dotenv;
mod envelope;
mod error;
mod file;
mod keyring;
mod last_run;
mod ledger;
mod memory;
pub mod own;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
mod trust;

pub use chains::{LOCK_WAIT, Lock, Nature, Place, Store, StoreConfig};
pub use credentials::{CredentialError, Credentials, Kept, Needs, Owner, keep_credential, variable, variable_of, variable_part};
pub use envelope::{Envelope, StoreKey};
pub use error::StoreError;
pub use last_run::LastRun;
pub use ledger::{Entry, Ledger, LedgerError, Open, UndoBody, UndoCall, left};
pub use memory::MemoryStore;
pub use record::{Key, Label, Pair, Pending, Record, State};
pub use trust::{Trust, TrustError, Trusted};

fn encode(envelope: &Envelope, id: &str, record: &Record) -> Result<Vec<u8>, StoreError> {
    let broken = |error: serde_json::Error| StoreError::Broken { what: id.to_owned(), reason: error.to_string() };
    envelope.seal(id, &serde_json::to_string(record).map_err(broken)?)
}

fn decode(envelope: &Envelope, id: &str, bytes: &[u8]) -> Result<Record, StoreError> {
    let text = envelope.open(id, bytes)?;
    // The position of a fault is enough: its text could be a token.
    let broken = |error: serde_json::Error| StoreError::Broken {
        what: id.to_owned(),
        reason: format!("its text ends or differs at {}:{}", error.line(), error.column()),
    };
    serde_json::from_str(&text).map_err(broken)
}
