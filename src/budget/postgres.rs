//! The books of a team: a row a key in PostgreSQL, changed in one transaction that locks it, on the database's clock.

use super::BudgetError;
use super::ask::Salt;
use super::book::Book;
use super::clock::Reading;
use crate::store::StoreError;
use crate::store::database::{config, connect, in_time, make_table};
use std::sync::Arc;
use tokio_postgres::{Client, Config, Row, Transaction};

const TABLE: &str = "create table if not exists ingam_budget (
    id text primary key,
    book text not null,
    updated timestamptz not null default now()
)";
/// The row that holds the salt.
const SALT: &str = "salt";
/// The clock of the database, read anew by each statement.
const CLOCK: &str = "select (extract(epoch from clock_timestamp()) * 1000)::bigint";

/// One table of books.
pub struct PostgresBooks {
    config: Config,
    /// One transaction at a time; made anew when it was cut.
    client: Arc<tokio::sync::Mutex<Client>>,
}

impl PostgresBooks {
    /// # Errors
    /// When the database cannot be reached or the table cannot be made.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let config = config(url)?;
        let client = connect(&config).await?;
        make_table(&client, "ingam_budget", TABLE).await?;
        Ok(Self { config, client: Arc::new(tokio::sync::Mutex::new(client)) })
    }

    async fn client(&self) -> Result<tokio::sync::MutexGuard<'_, Client>, StoreError> {
        let mut client = self.client.lock().await;
        if client.is_closed() {
            *client = connect(&self.config).await?;
        }
        Ok(client)
    }

    /// The salt of this table; where there is none, `fresh` becomes it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn salt(&self, fresh: Salt) -> Result<Salt, BudgetError> {
        let client = self.client().await?;
        let sql = "insert into ingam_budget (id, book) values ($1, $2) on conflict do nothing";
        in_time(client.execute(sql, &[&SALT, &hex::encode(fresh)])).await?;
        let row = in_time(client.query_one("select book from ingam_budget where id = $1", &[&SALT])).await?;
        let bytes = hex::decode(row.get::<_, &str>(0)).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| BudgetError::Broken { what: SALT.to_owned(), reason: "it has not 32 bytes".to_owned() })
    }

    /// Reads, changes and writes one book in a transaction.
    ///
    /// # Errors
    /// When it cannot be read, or the database fails.
    pub async fn change(&self, id: &str, act: &mut (dyn FnMut(&mut Book, i64) -> bool + Send)) -> Result<(), BudgetError> {
        let mut client = self.client().await?;
        let transaction = in_time(client.transaction()).await?;
        let sql = "insert into ingam_budget (id, book) values ($1, '') on conflict do nothing";
        in_time(transaction.execute(sql, &[&id])).await?;
        let row = in_time(transaction.query_one("select id, book from ingam_budget where id = $1 for update", &[&id])).await?;
        // Only now, since the lock may have been waited for.
        let reading = clock(&transaction).await?;
        let mut book = parse(&row)?.unwrap_or_else(|| Book::new(reading.clone()));
        let now = book.set_clock(reading);
        if act(&mut book, now) {
            let sql = "update ingam_budget set book = $2, updated = now() where id = $1";
            in_time(transaction.execute(sql, &[&id, &book.to_text()])).await?;
        }
        Ok(in_time(transaction.commit()).await?)
    }

    /// Every book with its id, and what the clock shows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<(Vec<(String, Result<Book, BudgetError>)>, Reading), StoreError> {
        let client = self.client().await?;
        let sql = "select id, book from ingam_budget where id <> $1 and book <> '' order by id";
        let rows = in_time(client.query(sql, &[&SALT])).await?;
        let books = rows.iter().filter_map(|row| Some((row.get(0), parse(row).transpose()?))).collect();
        let wall = in_time(client.query_one(CLOCK, &[])).await?.get(0);
        Ok((books, Reading { wall, boot: None }))
    }

    /// # Errors
    /// When the database fails.
    pub async fn remove(&self, id: &str) -> Result<(), StoreError> {
        let client = self.client().await?;
        in_time(client.execute("delete from ingam_budget where id = $1", &[&id])).await.map(|_| ())
    }
}

async fn clock(transaction: &Transaction<'_>) -> Result<Reading, StoreError> {
    let row = in_time(transaction.query_one(CLOCK, &[])).await?;
    Ok(Reading { wall: row.get(0), boot: None })
}

/// A row that was just made holds no book yet.
fn parse(row: &Row) -> Result<Option<Book>, BudgetError> {
    let (id, text): (String, &str) = (row.get(0), row.get(1));
    if text.is_empty() {
        return Ok(None);
    }
    Book::parse(text).map(Some).map_err(|reason| BudgetError::Broken { what: id, reason })
}
