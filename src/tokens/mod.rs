//! Token families: what is kept of each, how a record is sealed, and the stores (folder,
//! `PostgreSQL`, memory) that lose none. It refuses to know how a token is got: that is `renew`.

mod envelope;
mod error;
mod family_record;
mod file_store;
#[cfg(feature = "postgres")]
mod local_inbox;
mod memory_store;
#[cfg(feature = "postgres")]
mod postgres_store;
#[cfg_attr(
    not(feature = "postgres"),
    expect(
        dead_code,
        reason = "only the response of a database is kept elsewhere"
    )
)]
mod recovered_response;
mod response_file;
mod sealed_record;
mod token_store;

pub(crate) use envelope::RecordEnvelope;
pub use envelope::StoreKey;
pub(crate) use error::InvalidStoreLocation;
pub use error::StoreError;
pub use family_record::{FamilyKey, FamilyLabel, FamilyRecord, PendingSplit, TokenPair};
pub(crate) use family_record::{MissingFamilyId, RenewalState};
pub(crate) use memory_store::MemoryStore;
pub(crate) use recovered_response::RecoveredResponse;
pub(crate) use token_store::{FamilyLock, LOCK_WAIT};
pub use token_store::{StoreConfig, StoreLocation, TokenStore};
