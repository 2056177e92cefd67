//! The one way to the books: opened when the first call is counted, and the same for every kind of store.

use super::ask::{Ask, Salt};
use super::book::{Book, Refused, Slot, Stopped};
use super::clock::machine;
use super::file::FileBooks;
use super::memory::MemoryBooks;
#[cfg(feature = "postgres")]
use super::postgres::PostgresBooks;
use super::{BudgetError, Said};
use crate::store::StoreError;
use std::path::PathBuf;
use tokio::sync::OnceCell;

/// Where books are kept.
#[derive(Clone, Debug)]
pub enum Place {
    /// Nothing is counted.
    Nowhere,
    /// They end with the run.
    Memory,
    Folder(PathBuf),
    /// A connection URL; it can hold a password.
    Postgres(String),
    /// There should be one, and there is none.
    Missing,
}

/// Counts calls.
pub struct Budget {
    place: Place,
    /// Unix milliseconds.
    wall: fn() -> i64,
    chance: fn() -> [u8; 16],
    open: OnceCell<(Books, Salt)>,
}

enum Books {
    Memory(MemoryBooks),
    File(FileBooks),
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresBooks>),
}

/// A book as people look at it, and what its clock shows; by its id.
pub type Kept = (String, Result<(Book, i64), BudgetError>);

impl Budget {
    #[must_use]
    pub fn new(place: Place, wall: fn() -> i64, chance: fn() -> [u8; 16]) -> Self {
        Self { place, wall, chance, open: OnceCell::new() }
    }

    /// Whether calls are counted at all.
    #[must_use]
    pub fn counts(&self) -> bool {
        !matches!(self.place, Place::Nowhere)
    }

    /// A slot of every limit that the call is counted by, in the store before this returns; or why there is none. A call that no
    /// limit counts needs none.
    ///
    /// # Errors
    /// When the store cannot be used: then nothing must be sent.
    pub async fn reserve(&self, ask: &Ask<'_>) -> Result<Result<Option<Slot>, Refused>, BudgetError> {
        if ask.limits().next().is_none() {
            return Ok(self.look(ask).await?.map(|()| None));
        }
        let asked = ask.with(&self.open().await?.1);
        let mut taken = None;
        self.change(&asked.id, &mut |book, now| {
            let slot = book.reserve(&asked, now);
            let is_taken = slot.is_ok();
            taken = Some(slot.map(Some));
            is_taken
        })
        .await?;
        taken.ok_or_else(|| BudgetError::Broken { what: asked.id.clone(), reason: "it was not read".to_owned() })
    }

    /// For a call that no limit counts: nothing is written, and a store that is not there yet is not made.
    async fn look(&self, ask: &Ask<'_>) -> Result<Result<(), Refused>, BudgetError> {
        if self.is_bare() {
            return Ok(Ok(()));
        }
        let (books, salt) = self.open().await?;
        let asked = ask.with(salt);
        let mut found = Ok(());
        if let Books::File(books) = books {
            let book = books.read(&asked.id)?;
            found = book.map_or(Ok(()), |book| book.look(&asked, book.at(&machine((self.wall)()))));
        } else {
            self.change(&asked.id, &mut |book, now| {
                found = book.look(&asked, now);
                false
            })
            .await?;
        }
        Ok(found)
    }

    /// Whether nothing can be kept there yet.
    fn is_bare(&self) -> bool {
        let is_bare = match &self.place {
            Place::Missing => true,
            Place::Folder(folder) => !folder.join(super::file::SALT).exists(),
            _ => false,
        };
        is_bare && !self.open.initialized()
    }

    /// Nothing has left.
    ///
    /// # Errors
    /// When the store cannot be used: then the slot stays taken until its window is over.
    pub async fn give_back(&self, slot: Option<&Slot>) -> Result<(), BudgetError> {
        let Some(slot) = slot else { return Ok(()) };
        self.change(&slot.asked.id, &mut |book, _| {
            book.give_back(slot);
            true
        })
        .await
    }

    /// What the answer says is known to all from now on.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn hear(&self, ask: &Ask<'_>, slot: Option<&Slot>, said: &Said) -> Result<(), BudgetError> {
        let uncounted;
        let slot = match slot {
            Some(slot) => slot,
            None if said.is_silent() => return Ok(()),
            None => {
                uncounted = Slot::nothing(ask.with(&self.open().await?.1));
                &uncounted
            }
        };
        let wall = (self.wall)();
        self.change(&slot.asked.id, &mut |book, now| {
            let before = book.clone();
            book.hear(slot, said, now);
            if let Some(stopped) = stopped(slot, said, wall) {
                book.stop(stopped);
            }
            // A bucket learns nothing from most answers.
            *book != before
        })
        .await
    }

    async fn change(&self, id: &str, act: &mut (dyn FnMut(&mut Book, i64) -> bool + Send)) -> Result<(), BudgetError> {
        match &self.open().await?.0 {
            Books::Memory(books) => {
                books.change(id, (self.wall)(), act);
                Ok(())
            }
            Books::File(books) => books.change(id, self.wall, act).await,
            #[cfg(feature = "postgres")]
            Books::Postgres(books) => books.change(id, act).await,
        }
    }

    async fn open(&self) -> Result<&(Books, Salt), BudgetError> {
        self.open.get_or_try_init(|| self.opened()).await
    }

    async fn opened(&self) -> Result<(Books, Salt), BudgetError> {
        let mut fresh = [0; 32];
        fresh[..16].copy_from_slice(&(self.chance)());
        fresh[16..].copy_from_slice(&(self.chance)());
        match &self.place {
            Place::Nowhere | Place::Memory => Ok((Books::Memory(MemoryBooks::default()), fresh)),
            Place::Missing => Err(StoreError::NoFolder.into()),
            Place::Folder(folder) => {
                let books = FileBooks::open(folder)?;
                let salt = books.salt(fresh)?;
                Ok((Books::File(books), salt))
            }
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => {
                let books = PostgresBooks::open(url).await?;
                let salt = books.salt(fresh).await?;
                Ok((Books::Postgres(Box::new(books)), salt))
            }
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => Err(StoreError::NoPostgres.into()),
        }
    }

    /// Every book.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub async fn list(&self) -> Result<Vec<Kept>, BudgetError> {
        match &self.open().await?.0 {
            Books::Memory(_) => Ok(Vec::new()),
            Books::File(books) => {
                let reading = machine((self.wall)());
                let at = |book: Book| {
                    let now = book.at(&reading);
                    (book, now)
                };
                let read = |id: String| Some((id.clone(), books.read(&id).transpose()?.map(at)));
                Ok(books.ids()?.into_iter().filter_map(read).collect())
            }
            #[cfg(feature = "postgres")]
            Books::Postgres(books) => {
                let (books, reading) = books.list().await?;
                let at = |book: Book| {
                    let now = book.at(&reading);
                    (book, now)
                };
                Ok(books.into_iter().map(|(id, book)| (id, book.map(at))).collect())
            }
        }
    }

    /// Ends penalties and pauses of one book.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn clear(&self, id: &str) -> Result<(), BudgetError> {
        self.change(id, &mut |book, _| {
            book.clear();
            true
        })
        .await
    }

    /// Takes a book away that cannot be read.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn remove(&self, id: &str) -> Result<(), BudgetError> {
        match &self.open().await?.0 {
            Books::Memory(_) => Ok(()),
            Books::File(books) => Ok(books.remove(id).await?),
            #[cfg(feature = "postgres")]
            Books::Postgres(books) => Ok(books.remove(id).await?),
        }
    }
}

fn stopped(slot: &Slot, said: &Said, wall_ms: i64) -> Option<Stopped> {
    let (status, why) = said.stop.clone()?;
    let (environment, account) = slot.asked.about.accounts.first().cloned().unwrap_or_default();
    Some(Stopped { wall_ms, environment, account, status, why })
}
