//! The books of a team: a row a key in `PostgreSQL`, changed in one transaction that locks it, on the
//! database's clock.

use super::error::BudgetError;
use super::forward_clock::ClockReading;
use super::permit_request::HashSalt;
use super::rate_limiter::RateLimiter;
use crate::database::{DatabaseError, connect, ensure_table, parse_config, with_timeout};
use std::sync::Arc;
use tokio_postgres::{Client, Config, Row, Transaction};

const CREATE_TABLE: &str = "create table if not exists ingam_budget (
    id text primary key,
    book text not null,
    updated timestamptz not null default now()
)";
/// The row that holds the salt.
const SALT_ROW: &str = "salt";
/// The clock of the database, read anew by each statement.
const CLOCK_QUERY: &str = "select (extract(epoch from clock_timestamp()) * 1000)::bigint";

/// One table of books.
pub(super) struct PostgresLimiters {
    config: Config,
    /// One transaction at a time; made anew when it was cut.
    client: Arc<tokio::sync::Mutex<Client>>,
}

impl PostgresLimiters {
    /// # Errors
    /// When the database cannot be reached or the table cannot be made.
    pub(super) async fn open(url: &str) -> Result<Self, DatabaseError> {
        let config = parse_config(url)?;
        let client = connect(&config).await?;
        ensure_table(&client, "ingam_budget", CREATE_TABLE).await?;
        Ok(Self {
            config,
            client: Arc::new(tokio::sync::Mutex::new(client)),
        })
    }

    async fn client(&self) -> Result<tokio::sync::MutexGuard<'_, Client>, DatabaseError> {
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
    pub(super) async fn load_or_create_salt(
        &self,
        fresh: HashSalt,
    ) -> Result<HashSalt, BudgetError> {
        let client = self.client().await?;
        let sql = "insert into ingam_budget (id, book) values ($1, $2) on conflict do nothing";
        with_timeout(client.execute(sql, &[&SALT_ROW, &hex::encode(fresh)])).await?;
        let row = with_timeout(
            client.query_one("select book from ingam_budget where id = $1", &[&SALT_ROW]),
        )
        .await?;
        let bytes = hex::decode(row.get::<_, &str>(0))
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| BudgetError::Corrupt {
            what: SALT_ROW.to_owned(),
            reason: "it has not 32 bytes".to_owned(),
        })
    }

    /// Reads, changes and writes one book in a transaction.
    ///
    /// # Errors
    /// When it cannot be read, or the database fails.
    pub(super) async fn update(
        &self,
        id: &str,
        act: &mut (dyn FnMut(&mut RateLimiter, i64) -> bool + Send),
    ) -> Result<(), BudgetError> {
        let mut client = self.client().await?;
        let transaction = with_timeout(client.transaction()).await?;
        let sql = "insert into ingam_budget (id, book) values ($1, '') on conflict do nothing";
        with_timeout(transaction.execute(sql, &[&id])).await?;
        let row = with_timeout(transaction.query_one(
            "select id, book from ingam_budget where id = $1 for update",
            &[&id],
        ))
        .await?;
        // Only now, since the lock may have been waited for.
        let reading = read_database_clock(&transaction).await?;
        let mut book = parse_row(&row)?.unwrap_or_else(|| RateLimiter::new(reading.clone()));
        let now = book.advance_clock(reading);
        if act(&mut book, now) {
            let sql = "update ingam_budget set book = $2, updated = now() where id = $1";
            with_timeout(transaction.execute(sql, &[&id, &book.to_text()])).await?;
        }
        Ok(with_timeout(transaction.commit()).await?)
    }

    /// Every book with its id, and what the clock shows.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn list(
        &self,
    ) -> Result<
        (
            Vec<(String, Result<RateLimiter, BudgetError>)>,
            ClockReading,
        ),
        DatabaseError,
    > {
        let client = self.client().await?;
        let sql = "select id, book from ingam_budget where id <> $1 and book <> '' order by id";
        let rows = with_timeout(client.query(sql, &[&SALT_ROW])).await?;
        let books = rows
            .iter()
            .filter_map(|row| Some((row.get(0), parse_row(row).transpose()?)))
            .collect();
        let wall = with_timeout(client.query_one(CLOCK_QUERY, &[]))
            .await?
            .get(0);
        Ok((books, ClockReading { wall, boot: None }))
    }

    /// # Errors
    /// When the database fails.
    pub(super) async fn remove(&self, id: &str) -> Result<(), DatabaseError> {
        let client = self.client().await?;
        with_timeout(client.execute("delete from ingam_budget where id = $1", &[&id]))
            .await
            .map(|_| ())
    }
}

async fn read_database_clock(transaction: &Transaction<'_>) -> Result<ClockReading, DatabaseError> {
    let row = with_timeout(transaction.query_one(CLOCK_QUERY, &[])).await?;
    Ok(ClockReading {
        wall: row.get(0),
        boot: None,
    })
}

/// A row that was just made holds no book yet.
fn parse_row(row: &Row) -> Result<Option<RateLimiter>, BudgetError> {
    let (id, text): (String, &str) = (row.get(0), row.get(1));
    if text.is_empty() {
        return Ok(None);
    }
    RateLimiter::parse(text)
        .map(Some)
        .map_err(|reason| BudgetError::Corrupt { what: id, reason })
}
