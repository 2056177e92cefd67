//! The store of a run and the way to renew what is in it. The store is opened when a token is needed first: most runs need
//! none.

use super::helper::Helper;
use super::job::{Failure, Job, SchemeSource};
use super::procedure::{Tools, renew};
use crate::model::scheme::{Scheme, Token};
use crate::store::{ClockAndRng, FamilyKey, FamilyRecord, MemoryStore, StoreConfig, StoreError, TokenStore};
use crate::transport::LiveTransport;
use tokio::sync::OnceCell;

/// The text that a scheme was decoded from.
pub type Source<'w> = Box<dyn Fn(&Scheme) -> SchemeSource + 'w>;

pub struct Renewer<'w> {
    /// `None` keeps tokens for this run alone.
    kept: Option<(StoreConfig, Helper)>,
    nature: ClockAndRng,
    source: Source<'w>,
    store: OnceCell<TokenStore>,
}

impl<'w> Renewer<'w> {
    #[must_use]
    pub fn new(kept: Option<(StoreConfig, Helper)>, nature: ClockAndRng, source: Source<'w>) -> Self {
        Self { kept, nature, source, store: OnceCell::new() }
    }

    /// # Errors
    /// When the store cannot be opened.
    pub async fn store(&self) -> Result<&TokenStore, StoreError> {
        self.store
            .get_or_try_init(|| async {
                match &self.kept {
                    Some((config, _)) => TokenStore::open(config, self.nature).await,
                    None => Ok(TokenStore::Memory(MemoryStore::default())),
                }
            })
            .await
    }

    /// # Errors
    /// When the store cannot be opened, or the record is there and cannot be read.
    pub async fn read(&self, key: &FamilyKey) -> Result<Option<FamilyRecord>, StoreError> {
        self.store().await?.read(key).await
    }

    /// Unix milliseconds by the store's clock, as far as a store is open.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        (self.nature.clock)() + self.store.get().map_or(0, TokenStore::clock_offset_ms)
    }

    #[must_use]
    pub fn source(&self, scheme: &Scheme) -> SchemeSource {
        (self.source)(scheme)
    }

    /// In a process of its own where the store outlives this one.
    ///
    /// # Errors
    /// When there is no new pair.
    pub async fn renew(&self, mut job: Job, scheme: &Scheme, transport: &LiveTransport) -> Result<FamilyRecord, Failure> {
        if let Some((config, helper)) = &self.kept {
            // The helper sees no keyring.
            let key = config.load_or_create_key(self.nature.rng)?;
            job.store = Some(StoreConfig { key, ..config.clone() });
            return helper.renew(&job).await;
        }
        let tools = Tools { scheme, store: self.store().await?, transport, nature: self.nature };
        renew(&job, &tools).await
    }

    /// How long before its end a token is renewed: never earlier than the scheme says, since asking earlier can bring the same
    /// token again, and not at one moment in all processes.
    #[must_use]
    pub fn margin_ms(&self, token: &Token) -> i64 {
        let whole = i64::try_from(token.renew_before.as_millis()).unwrap_or(i64::MAX);
        whole - whole / 5 * i64::from((self.nature.rng)()[0]) / 255
    }
}
