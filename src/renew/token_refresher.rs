//! The store of a run and the way to renew what is in it. The store is opened when a token is
//! needed first: most runs need none.

use super::device_flow::{DeviceCodes, request_device_codes};
use super::helper_process::HelperProcess;
use super::refresh_flow::{NotifyFn, RefreshContext, renew};
use super::refresh_job::{RefreshError, RefreshJob, SchemeSource};
use crate::budget::{Budget, BudgetLocation};
use crate::host::{ClockAndRng, RandomError};
use crate::model::scheme::{Scheme, Token};
use crate::tokens::{
    FamilyKey, FamilyRecord, MemoryStore, RecordEnvelope, RecoveredResponse, StoreConfig,
    StoreError, TokenStore,
};
use crate::transport::LiveTransport;
use std::cell::RefCell;
use std::collections::HashSet;
use tokio::sync::OnceCell;

/// The text that a scheme was decoded from.
pub(crate) type SchemeSourceFn<'w> = Box<dyn Fn(&Scheme) -> SchemeSource + 'w>;

/// A store that outlives this process, and what its renewals need.
pub(crate) struct SharedStore {
    pub(crate) config: StoreConfig,
    pub(crate) helper: HelperProcess,
    /// Where calls are counted.
    pub(crate) budget: BudgetLocation,
}

pub(crate) struct TokenRefresher<'w> {
    /// `None` keeps tokens for this run alone.
    shared_store: Option<SharedStore>,
    clock_and_rng: ClockAndRng,
    source_of: SchemeSourceFn<'w>,
    store: OnceCell<TokenStore>,
    /// What was found on this machine when the store was opened, until somebody shows it.
    recovered: RefCell<Vec<RecoveredResponse>>,
    /// Families whose next renewal uses a response that is there already.
    with_response: RefCell<HashSet<FamilyKey>>,
}

impl<'w> TokenRefresher<'w> {
    #[must_use]
    pub(crate) fn new(
        kept: Option<SharedStore>,
        clock_and_rng: ClockAndRng,
        source: SchemeSourceFn<'w>,
    ) -> Self {
        Self {
            shared_store: kept,
            clock_and_rng,
            source_of: source,
            store: OnceCell::new(),
            recovered: RefCell::default(),
            with_response: RefCell::default(),
        }
    }

    /// # Errors
    /// When the store cannot be opened.
    pub(crate) async fn store(&self) -> Result<&TokenStore, StoreError> {
        self.store
            .get_or_try_init(|| async {
                match &self.shared_store {
                    Some(shared) => self.open_shared(&shared.config).await,
                    None => Ok(TokenStore::Memory(MemoryStore::default())),
                }
            })
            .await
    }

    /// Seals what must be kept beside the store, with the key of the store; never as plain text.
    ///
    /// # Errors
    /// When there is no key.
    pub(crate) fn envelope(&self) -> Result<RecordEnvelope, StoreError> {
        let Some(shared) = &self.shared_store else {
            return Err(StoreError::NoKey);
        };
        let rng = self.clock_and_rng.rng;
        let key = shared
            .config
            .load_or_create_key(rng)?
            .ok_or(StoreError::NoKey)?;
        Ok(RecordEnvelope::new(Some(key), false, rng))
    }

    /// Before anything is read: a response that an earlier process left on this machine is newer
    /// than the record, and its refresh token must not be sent again.
    async fn open_shared(&self, config: &StoreConfig) -> Result<TokenStore, StoreError> {
        let store = TokenStore::open(config, self.clock_and_rng).await?;
        let recovered = store.recover_local_responses().await;
        self.with_response.borrow_mut().extend(
            recovered
                .iter()
                .filter_map(|one| one.handed_over().cloned()),
        );
        self.recovered.borrow_mut().extend(recovered);
        Ok(store)
    }

    /// What was found on this machine since the last call.
    pub(crate) fn take_recovered(&self) -> Vec<RecoveredResponse> {
        self.recovered.take()
    }

    /// Whether a renewal only has to use a response that is there already.
    pub(crate) fn has_response(&self, key: &FamilyKey) -> bool {
        self.with_response.borrow().contains(key)
    }

    /// # Errors
    /// When the store cannot be opened, or the record is there and cannot be read.
    pub(crate) async fn read(&self, key: &FamilyKey) -> Result<Option<FamilyRecord>, StoreError> {
        self.store().await?.read(key).await
    }

    /// Unix milliseconds by the store's clock, as far as a store is open.
    #[must_use]
    pub(crate) fn now_ms(&self) -> i64 {
        (self.clock_and_rng.clock)() + self.store.get().map_or(0, TokenStore::clock_offset_ms)
    }

    #[must_use]
    pub(crate) fn scheme_source(&self, scheme: &Scheme) -> SchemeSource {
        (self.source_of)(scheme)
    }

    /// In a process of its own where the store outlives this one.
    ///
    /// # Errors
    /// When there is no new pair.
    pub(crate) async fn renew(
        &self,
        mut job: RefreshJob,
        scheme: &Scheme,
        transport: &LiveTransport,
        budget: &Budget,
        notify: NotifyFn<'_>,
    ) -> Result<FamilyRecord, RefreshError> {
        if let Some(SharedStore {
            config,
            helper,
            budget: budget_location,
        }) = &self.shared_store
        {
            job.budget = Some(budget_location.clone());
            self.store().await?;
            // The helper sees no keyring.
            let key = config.load_or_create_key(self.clock_and_rng.rng)?;
            job.store = Some(StoreConfig {
                key,
                ..config.clone()
            });
            let renewed = helper.renew(&job, notify).await?;
            self.with_response.borrow_mut().remove(&job.key);
            return Ok(renewed);
        }
        let tools = RefreshContext {
            scheme,
            store: self.store().await?,
            transport,
            clock_and_rng: self.clock_and_rng,
            notify,
            budget,
        };
        renew(&job, &tools).await
    }

    /// The codes of a device login. In this process: if it is killed, nothing is lost.
    ///
    /// # Errors
    /// When the marketplace gives none.
    pub(crate) async fn device_codes(
        &self,
        job: &RefreshJob,
        scheme: &Scheme,
        transport: &LiveTransport,
        budget: &Budget,
        notify: NotifyFn<'_>,
    ) -> Result<DeviceCodes, RefreshError> {
        let context = RefreshContext {
            scheme,
            store: self.store().await?,
            transport,
            clock_and_rng: self.clock_and_rng,
            notify,
            budget,
        };
        request_device_codes(job, &context).await
    }

    /// How long before its end a token is renewed: never earlier than the scheme says, since asking
    /// earlier can bring the same token again, and not at one moment in all processes.
    ///
    /// # Errors
    /// If the random generator of the system fails.
    pub(crate) fn renewal_margin_ms(&self, token: &Token) -> Result<i64, RandomError> {
        let whole = i64::try_from(token.renew_before.as_millis()).unwrap_or(i64::MAX);
        Ok(whole - whole / 5 * i64::from((self.clock_and_rng.rng)()?[0]) / 255)
    }
}
