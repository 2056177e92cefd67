//! The one way to the books: opened when the first call is counted, and the same for every kind of
//! store.

use super::error::BudgetError;
use super::file_limiters::FileLimiters;
use super::forward_clock::read_machine_clocks;
use super::limit_observation::LimitObservation;
use super::memory_limiters::MemoryLimiters;
use super::permit_request::{HashSalt, PermitRequest};
#[cfg(feature = "postgres")]
use super::postgres_limiters::PostgresLimiters;
use super::rate_limiter::{Permit, PermitDenied, RateLimiter, Suspension};
#[cfg(not(feature = "postgres"))]
use crate::database::DatabaseError;
use std::path::PathBuf;
use tokio::sync::OnceCell;

/// Where books are kept.
#[derive(Clone, Debug)]
pub(crate) enum BudgetLocation {
    /// Nothing is counted.
    Disabled,
    /// They end with the run.
    Memory,
    Folder(PathBuf),
    /// A connection URL; it can hold a password.
    Postgres(String),
    /// There should be one, and there is none.
    NoFolder,
}

/// Counts calls.
pub(crate) struct Budget {
    location: BudgetLocation,
    /// Unix milliseconds.
    wall_clock: fn() -> i64,
    rng: fn() -> [u8; 16],
    backend: OnceCell<(LimiterBackend, HashSalt)>,
}

enum LimiterBackend {
    Memory(MemoryLimiters),
    File(FileLimiters),
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresLimiters>),
}

/// A book as people look at it, and what its clock shows; by its id.
pub(crate) type ListedLimiter = (String, Result<(RateLimiter, i64), BudgetError>);

impl Budget {
    #[must_use]
    pub(crate) fn new(place: BudgetLocation, wall: fn() -> i64, chance: fn() -> [u8; 16]) -> Self {
        Self {
            location: place,
            wall_clock: wall,
            rng: chance,
            backend: OnceCell::new(),
        }
    }

    /// Whether calls are counted at all.
    #[must_use]
    pub(crate) fn is_enabled(&self) -> bool {
        !matches!(self.location, BudgetLocation::Disabled)
    }

    /// A slot of every limit that the call is counted by, in the store before this returns; or why
    /// there is none. A call that no limit counts needs none.
    ///
    /// # Errors
    /// When the store cannot be used: then nothing must be sent.
    pub(crate) async fn acquire(
        &self,
        ask: &PermitRequest<'_>,
    ) -> Result<Result<Option<Permit>, PermitDenied>, BudgetError> {
        if ask.limits().next().is_none() {
            return Ok(self.peek(ask).await?.map(|()| None));
        }
        let asked = ask.hashed(&self.backend().await?.1);
        let mut taken = None;
        self.update(&asked.id, &mut |book, now| {
            let slot = book.acquire(&asked, now);
            let is_taken = slot.is_ok();
            taken = Some(slot.map(Some));
            is_taken
        })
        .await?;
        taken.ok_or_else(|| BudgetError::Corrupt {
            what: asked.id.clone(),
            reason: "it was not read".to_owned(),
        })
    }

    /// For a call that no limit counts: nothing is written, and a store that is not there yet is
    /// not made.
    async fn peek(&self, ask: &PermitRequest<'_>) -> Result<Result<(), PermitDenied>, BudgetError> {
        if self.has_no_state() {
            return Ok(Ok(()));
        }
        let (books, salt) = self.backend().await?;
        let asked = ask.hashed(salt);
        let mut found = Ok(());
        if let LimiterBackend::File(books) = books {
            let book = books.read(&asked.id)?;
            found = book.map_or(Ok(()), |book| {
                book.peek(
                    &asked,
                    book.time_at(&read_machine_clocks((self.wall_clock)())),
                )
            });
        } else {
            self.update(&asked.id, &mut |book, now| {
                found = book.peek(&asked, now);
                false
            })
            .await?;
        }
        Ok(found)
    }

    /// Whether nothing can be kept there yet.
    fn has_no_state(&self) -> bool {
        let is_bare = match &self.location {
            BudgetLocation::NoFolder => true,
            BudgetLocation::Folder(folder) => {
                !folder.join(super::file_limiters::SALT_FILE).exists()
            }
            _ => false,
        };
        is_bare && !self.backend.initialized()
    }

    /// Nothing has left.
    ///
    /// # Errors
    /// When the store cannot be used: then the slot stays taken until its window is over.
    pub(crate) async fn release(&self, slot: Option<&Permit>) -> Result<(), BudgetError> {
        let Some(slot) = slot else { return Ok(()) };
        self.update(&slot.request.id, &mut |book, _| {
            book.release(slot);
            true
        })
        .await
    }

    /// What the answer says is known to all from now on.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub(crate) async fn record_response(
        &self,
        ask: &PermitRequest<'_>,
        slot: Option<&Permit>,
        said: &LimitObservation,
    ) -> Result<(), BudgetError> {
        let uncounted;
        let slot = match slot {
            Some(slot) => slot,
            None if said.is_empty() => return Ok(()),
            None => {
                uncounted = Permit::uncounted(ask.hashed(&self.backend().await?.1));
                &uncounted
            }
        };
        let wall = (self.wall_clock)();
        self.update(&slot.request.id, &mut |book, now| {
            let before = book.clone();
            book.record_response(slot, said, now);
            if let Some(stopped) = new_suspension(slot, said, wall) {
                book.suspend(stopped);
            }
            // A bucket learns nothing from most answers.
            *book != before
        })
        .await
    }

    async fn update(
        &self,
        id: &str,
        act: &mut (dyn FnMut(&mut RateLimiter, i64) -> bool + Send),
    ) -> Result<(), BudgetError> {
        match &self.backend().await?.0 {
            LimiterBackend::Memory(books) => {
                books.update(id, (self.wall_clock)(), act);
                Ok(())
            }
            LimiterBackend::File(books) => books.update(id, self.wall_clock, act).await,
            #[cfg(feature = "postgres")]
            LimiterBackend::Postgres(books) => books.update(id, act).await,
        }
    }

    async fn backend(&self) -> Result<&(LimiterBackend, HashSalt), BudgetError> {
        self.backend.get_or_try_init(|| self.open_backend()).await
    }

    async fn open_backend(&self) -> Result<(LimiterBackend, HashSalt), BudgetError> {
        let mut fresh = [0; 32];
        fresh[..16].copy_from_slice(&(self.rng)());
        fresh[16..].copy_from_slice(&(self.rng)());
        match &self.location {
            BudgetLocation::Disabled | BudgetLocation::Memory => {
                Ok((LimiterBackend::Memory(MemoryLimiters::default()), fresh))
            }
            BudgetLocation::NoFolder => Err(BudgetError::NoFolder),
            BudgetLocation::Folder(folder) => {
                let books = FileLimiters::open(folder)?;
                let salt = books.load_or_create_salt(fresh)?;
                Ok((LimiterBackend::File(books), salt))
            }
            #[cfg(feature = "postgres")]
            BudgetLocation::Postgres(url) => {
                let books = PostgresLimiters::open(url).await?;
                let salt = books.load_or_create_salt(fresh).await?;
                Ok((LimiterBackend::Postgres(Box::new(books)), salt))
            }
            #[cfg(not(feature = "postgres"))]
            BudgetLocation::Postgres(_) => Err(DatabaseError::NotBuiltIn.into()),
        }
    }

    /// Every book.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub(crate) async fn list(&self) -> Result<Vec<ListedLimiter>, BudgetError> {
        match &self.backend().await?.0 {
            LimiterBackend::Memory(_) => Ok(Vec::new()),
            LimiterBackend::File(books) => {
                let reading = read_machine_clocks((self.wall_clock)());
                let at = |book: RateLimiter| {
                    let now = book.time_at(&reading);
                    (book, now)
                };
                let read = |id: String| Some((id.clone(), books.read(&id).transpose()?.map(at)));
                Ok(books.ids()?.into_iter().filter_map(read).collect())
            }
            #[cfg(feature = "postgres")]
            LimiterBackend::Postgres(books) => {
                let (books, reading) = books.list().await?;
                let at = |book: RateLimiter| {
                    let now = book.time_at(&reading);
                    (book, now)
                };
                Ok(books
                    .into_iter()
                    .map(|(id, book)| (id, book.map(at)))
                    .collect())
            }
        }
    }

    /// Ends penalties and pauses of one book.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub(crate) async fn clear(&self, id: &str) -> Result<(), BudgetError> {
        self.update(id, &mut |book, _| {
            book.clear();
            true
        })
        .await
    }

    /// Takes a book away that cannot be read.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), BudgetError> {
        match &self.backend().await?.0 {
            LimiterBackend::Memory(_) => Ok(()),
            LimiterBackend::File(books) => books.remove(id).await,
            #[cfg(feature = "postgres")]
            LimiterBackend::Postgres(books) => Ok(books.remove(id).await?),
        }
    }
}

fn new_suspension(slot: &Permit, said: &LimitObservation, wall_ms: i64) -> Option<Suspension> {
    let (status, why) = said.suspension.clone()?;
    let (environment, account) = slot
        .request
        .labels
        .accounts
        .first()
        .cloned()
        .unwrap_or_default();
    Some(Suspension {
        wall_ms,
        environment,
        account,
        status,
        reason: why,
    })
}
