//! The only access to the rate limiters, whatever stores them. The store is opened when the first
//! call is counted.
//!
//! The order for each call: `acquire` stores a slot of every limit before the first byte is sent;
//! then either `release`, if nothing was sent, or `record_response`. A process that is killed in
//! between leaves its slots taken until their windows are over.

use super::error::BudgetError;
use super::file_limiters::{FileLimiters, SALT_FILE};
use super::forward_clock::{ClockReading, read_machine_clocks};
use super::limit_observation::LimitObservation;
use super::memory_limiters::MemoryLimiters;
use super::permit_request::{HashSalt, PermitRequest};
#[cfg(feature = "postgres")]
use super::postgres_limiters::PostgresLimiters;
use super::rate_limiter::{
    LimiterChange, LimiterUpdate, Permit, PermitDenied, RateLimiter, Suspension,
};
#[cfg(not(feature = "postgres"))]
use crate::database::DatabaseError;
use crate::host::RandomSource;
use crate::private_file::io_error;
use crate::secret::{Secret, exposed_for_sealing};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::PathBuf;
use tokio::sync::OnceCell;

/// Where rate limiters are stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetLocation {
    /// Calls are not counted.
    Disabled,
    /// They end with the run.
    Memory,
    Folder(PathBuf),
    /// A connection URL; it can hold a password.
    Postgres(#[serde(with = "exposed_for_sealing")] Secret<String>),
    /// The user has no folder for state (`HOME` is not set).
    NoFolder,
}

/// Counts the calls of all processes that share a store.
pub(crate) struct Budget {
    location: BudgetLocation,
    /// Unix time in milliseconds.
    wall_clock: fn() -> i64,
    rng: RandomSource,
    backend: OnceCell<(LimiterBackend, HashSalt)>,
}

enum LimiterBackend {
    Memory(MemoryLimiters),
    File(FileLimiters),
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresLimiters>),
}

/// The result of a request for a permit.
#[derive(Debug)]
pub(crate) enum PermitOutcome {
    /// A slot of every limit. It is stored.
    Granted(Permit),
    /// No limit counts the call, so it needs no permit.
    NotCounted,
    Denied(PermitDenied),
}

/// A limiter for display: its id, its state, and the time of its clock in milliseconds.
pub(crate) type ListedLimiter = (String, Result<(RateLimiter, i64), BudgetError>);

impl Budget {
    #[must_use]
    pub(crate) fn new(
        location: BudgetLocation,
        wall_clock: fn() -> i64,
        rng: RandomSource,
    ) -> Self {
        Self {
            location,
            wall_clock,
            rng,
            backend: OnceCell::new(),
        }
    }

    /// Whether calls are counted at all.
    #[must_use]
    pub(crate) fn is_enabled(&self) -> bool {
        !matches!(self.location, BudgetLocation::Disabled)
    }

    /// Takes a slot of every limit that counts the call. The slots are stored when this returns.
    ///
    /// # Errors
    /// When the store cannot be used. Then nothing must be sent.
    pub(crate) async fn acquire(
        &self,
        request: &PermitRequest<'_>,
    ) -> Result<PermitOutcome, BudgetError> {
        if request.limits().next().is_none() {
            return self.peek(request).await;
        }
        let hashed = request.hashed(&self.backend().await?.1);
        self.update(
            &hashed.id,
            &mut |limiter, now| match limiter.acquire(&hashed, now) {
                Ok(permit) => LimiterUpdate::Changed(PermitOutcome::Granted(permit)),
                // No slot was taken, so there is nothing to store. A run that waits for its budget
                // asks often and must not write each time.
                Err(denied) => LimiterUpdate::Unchanged(PermitOutcome::Denied(denied)),
            },
        )
        .await
    }

    /// For a call that no limit counts: a pause or a suspension can still forbid it. Nothing is
    /// written, and a store that does not exist is not created.
    async fn peek(&self, request: &PermitRequest<'_>) -> Result<PermitOutcome, BudgetError> {
        if self.has_no_state()? {
            return Ok(PermitOutcome::NotCounted);
        }
        let (backend, salt) = self.backend().await?;
        let peeked = if let LimiterBackend::File(limiters) = backend {
            let (parts, now_ms) = (request.limiter_parts(), (self.wall_clock)());
            let id = || request.limiter_id(salt);
            // Without the lock, since nothing is written: such calls must not queue.
            match limiters.read_uncounted(&parts, id, now_ms)? {
                None => Ok(()),
                Some(limiter) => {
                    let now = limiter.time_at(&read_machine_clocks(now_ms));
                    limiter.peek(&request.hashed(salt), now)
                }
            }
        } else {
            let hashed = request.hashed(salt);
            self.update(&hashed.id, &mut |limiter, now| {
                LimiterUpdate::Unchanged(limiter.peek(&hashed, now))
            })
            .await?
        };
        Ok(match peeked {
            Ok(()) => PermitOutcome::NotCounted,
            Err(denied) => PermitOutcome::Denied(denied),
        })
    }

    /// Whether the store does not exist, so that it holds no pause and no suspension.
    fn has_no_state(&self) -> Result<bool, BudgetError> {
        if self.backend.initialized() {
            return Ok(false);
        }
        match &self.location {
            BudgetLocation::NoFolder => Ok(true),
            BudgetLocation::Folder(folder) => {
                let path = folder.join(SALT_FILE);
                match path.try_exists() {
                    Ok(exists) => Ok(!exists),
                    // A path through a file, such as HOME=/dev/null, cannot hold a store.
                    Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(true),
                    // A store that cannot be looked at may hold a suspension.
                    Err(error) => Err(io_error(&path, &error).into()),
                }
            }
            _ => Ok(false),
        }
    }

    /// Gives back the slots of a call of which no byte was sent.
    ///
    /// # Errors
    /// When the store cannot be used. Then the slots stay taken until their windows are over.
    pub(crate) async fn release(&self, permit: Option<&Permit>) -> Result<(), BudgetError> {
        let Some(permit) = permit else { return Ok(()) };
        self.update(&permit.request.id, &mut |limiter, _| {
            limiter.release(permit);
            LimiterUpdate::Changed(())
        })
        .await
    }

    /// Stores what a response says about limits, for all processes. Returns how many calls the
    /// strictest limit of this one still allows; `None` where no limit counts it.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub(crate) async fn record_response(
        &self,
        request: &PermitRequest<'_>,
        permit: Option<&Permit>,
        observation: &LimitObservation,
    ) -> Result<Option<u32>, BudgetError> {
        let uncounted;
        let permit = match permit {
            Some(permit) => permit,
            // The usual case for a call without limits: the store is not even opened.
            None if observation.is_empty() => return Ok(None),
            None => {
                uncounted = Permit::uncounted(request.hashed(&self.backend().await?.1));
                &uncounted
            }
        };
        let suspension = new_suspension(request, observation, (self.wall_clock)());
        self.store_observation(permit, observation, suspension.as_ref())
            .await
    }

    async fn store_observation(
        &self,
        permit: &Permit,
        observation: &LimitObservation,
        suspension: Option<&Suspension>,
    ) -> Result<Option<u32>, BudgetError> {
        self.update(&permit.request.id, &mut |limiter, now| {
            let before = limiter.clone();
            limiter.record_response(permit, observation, now);
            if let Some(suspension) = suspension {
                limiter.suspend(suspension.clone());
            }
            let left = limiter.calls_left(&permit.request, now);
            // Most responses change nothing in a token bucket, and a write costs more than this
            // comparison.
            if *limiter == before {
                LimiterUpdate::Unchanged(left)
            } else {
                LimiterUpdate::Changed(left)
            }
        })
        .await
    }

    async fn update<T>(&self, id: &str, change: LimiterChange<'_, T>) -> Result<T, BudgetError> {
        match &self.backend().await?.0 {
            LimiterBackend::Memory(limiters) => {
                Ok(limiters.update(id, (self.wall_clock)(), change))
            }
            LimiterBackend::File(limiters) => limiters.update(id, self.wall_clock, change).await,
            #[cfg(feature = "postgres")]
            LimiterBackend::Postgres(limiters) => limiters.update(id, change).await,
        }
    }

    async fn backend(&self) -> Result<&(LimiterBackend, HashSalt), BudgetError> {
        // An error is not kept: the next call tries to open the store again.
        self.backend.get_or_try_init(|| self.open_backend()).await
    }

    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "the signature of the other build")
    )]
    async fn open_backend(&self) -> Result<(LimiterBackend, HashSalt), BudgetError> {
        // The source gives 16 bytes at a time.
        let mut fresh = [0; 32];
        fresh[..16].copy_from_slice(&(self.rng)()?);
        fresh[16..].copy_from_slice(&(self.rng)()?);
        match &self.location {
            BudgetLocation::Disabled | BudgetLocation::Memory => {
                Ok((LimiterBackend::Memory(MemoryLimiters::default()), fresh))
            }
            BudgetLocation::NoFolder => Err(BudgetError::NoFolder),
            BudgetLocation::Folder(folder) => {
                let limiters = FileLimiters::open(folder)?;
                let salt = limiters.load_or_create_salt(fresh)?;
                Ok((LimiterBackend::File(limiters), salt))
            }
            #[cfg(feature = "postgres")]
            BudgetLocation::Postgres(url) => {
                let limiters = PostgresLimiters::open(url.expose()).await?;
                let salt = limiters.load_or_create_salt(fresh).await?;
                Ok((LimiterBackend::Postgres(Box::new(limiters)), salt))
            }
            #[cfg(not(feature = "postgres"))]
            BudgetLocation::Postgres(_) => Err(DatabaseError::NotBuiltIn.into()),
        }
    }

    /// Every limiter, those among them that cannot be read.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub(crate) async fn list(&self) -> Result<Vec<ListedLimiter>, BudgetError> {
        match &self.backend().await?.0 {
            LimiterBackend::Memory(_) => Ok(Vec::new()),
            LimiterBackend::File(limiters) => {
                let reading = read_machine_clocks((self.wall_clock)());
                let ids = limiters.ids()?.into_iter();
                Ok(ids
                    .filter_map(|id| {
                        let state = limiters.read(&id).transpose()?;
                        Some((id, state.map(|limiter| with_time(limiter, &reading))))
                    })
                    .collect())
            }
            #[cfg(feature = "postgres")]
            LimiterBackend::Postgres(limiters) => {
                let (rows, reading) = limiters.list().await?;
                Ok(rows
                    .into_iter()
                    .map(|(id, state)| (id, state.map(|limiter| with_time(limiter, &reading))))
                    .collect())
            }
        }
    }

    /// Ends the suspension and the pauses of one limiter. Its counts stay.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub(crate) async fn clear(&self, id: &str) -> Result<(), BudgetError> {
        self.update(id, &mut |limiter, _| {
            limiter.clear();
            LimiterUpdate::Changed(())
        })
        .await
    }

    /// Deletes a limiter that cannot be read.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), BudgetError> {
        match &self.backend().await?.0 {
            LimiterBackend::Memory(_) => Ok(()),
            LimiterBackend::File(limiters) => limiters.remove(id).await,
            #[cfg(feature = "postgres")]
            LimiterBackend::Postgres(limiters) => Ok(limiters.remove(id).await?),
        }
    }
}

fn with_time(limiter: RateLimiter, reading: &ClockReading) -> (RateLimiter, i64) {
    let now = limiter.time_at(reading);
    (limiter, now)
}

/// The suspension that a response asks for, under the names of the call that caused it.
fn new_suspension(
    request: &PermitRequest<'_>,
    observation: &LimitObservation,
    wall_ms: i64,
) -> Option<Suspension> {
    let (status, reason) = observation.suspension.clone()?;
    Some(Suspension {
        wall_ms,
        environment: request.budget_key.environment.to_owned(),
        account: request.budget_key.account.to_owned(),
        status,
        reason,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_cannot_be_looked_at_is_an_error_and_not_an_empty_store() {
        let folder = tempfile::tempdir().unwrap();
        let looped = folder.path().join("budget");
        std::os::unix::fs::symlink(&looped, &looped).unwrap();
        let budget =
            |folder: PathBuf| Budget::new(BudgetLocation::Folder(folder), || 0, || Ok([7; 16]));
        assert!(matches!(
            budget(looped.clone()).has_no_state(),
            Err(BudgetError::File(error)) if error.to_string().contains("budget/salt")
        ));
        assert_eq!(
            budget(folder.path().join("absent")).has_no_state(),
            Ok(true)
        );
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(
            budget(folder.path().join("file/budget")).has_no_state(),
            Ok(true)
        );
    }
}
