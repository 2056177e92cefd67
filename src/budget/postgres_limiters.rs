//! The rate limiters of a team: one row for each in `PostgreSQL`, changed in a transaction that
//! locks the row, on the clock of the database.

use super::error::BudgetError;
use super::forward_clock::ClockReading;
use super::permit_request::HashSalt;
use super::rate_limiter::{LimiterChange, LimiterUpdate, RateLimiter};
use super::state_error::LimiterStateError;
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
/// `now()` would be the start of the transaction, which is older than the time spent waiting for
/// the row lock.
const CLOCK_QUERY: &str = "select (extract(epoch from clock_timestamp()) * 1000)::bigint";

/// A table of limiters.
pub(super) struct PostgresLimiters {
    config: Config,
    /// One transaction at a time. A connection that was closed is opened again.
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
        // Servers close idle connections, and a long run must also survive a restart of the
        // database.
        if client.is_closed() {
            *client = connect(&self.config).await?;
        }
        Ok(client)
    }

    /// The salt of this table. If there is none, `fresh` is stored as the salt.
    ///
    /// # Errors
    /// When the database fails, or the stored salt is damaged.
    pub(super) async fn load_or_create_salt(
        &self,
        fresh: HashSalt,
    ) -> Result<HashSalt, BudgetError> {
        let client = self.client().await?;
        let sql = "insert into ingam_budget (id, book) values ($1, $2) on conflict do nothing";
        with_timeout(client.execute(sql, &[&SALT_ROW, &hex::encode(fresh)])).await?;
        // Read back, because another process may have inserted its salt first.
        let row = with_timeout(
            client.query_one("select book from ingam_budget where id = $1", &[&SALT_ROW]),
        )
        .await?;
        parse_salt(row.get(0)).map_err(|reason| BudgetError::Corrupt {
            id: SALT_ROW.to_owned(),
            reason,
        })
    }

    /// Reads, changes and writes one limiter in a transaction.
    ///
    /// # Errors
    /// When it cannot be read, or the database fails.
    pub(super) async fn update<T>(
        &self,
        id: &str,
        change: LimiterChange<'_, T>,
    ) -> Result<T, BudgetError> {
        let mut client = self.client().await?;
        // If this function returns early, or its future is dropped, the transaction is rolled back
        // and the row lock is released.
        let transaction = with_timeout(client.transaction()).await?;
        let stored = lock_limiter(&transaction, id).await?;
        // Read after the row lock, which may have been waited for.
        let reading = read_database_clock(&transaction).await?;
        let mut limiter = stored.unwrap_or_else(|| RateLimiter::new(reading.clone()));
        let now = limiter.advance_clock(reading);
        let result = match change(&mut limiter, now) {
            LimiterUpdate::Unchanged(result) => result,
            LimiterUpdate::Changed(result) => {
                store_limiter(&transaction, id, &limiter).await?;
                result
            }
        };
        // A permit counts only once the commit is confirmed. If the confirmation is lost, the slot
        // may stay taken until its window is over, which is the safe side.
        with_timeout(transaction.commit()).await?;
        Ok(result)
    }

    /// Every limiter with its id, and the clock of the database.
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
        let limiters = rows
            .iter()
            .filter_map(|row| Some((row.get(0), parse_row(row).transpose()?)))
            .collect();
        let wall = with_timeout(client.query_one(CLOCK_QUERY, &[]))
            .await?
            .get(0);
        Ok((limiters, ClockReading { wall, boot: None }))
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

/// Locks the row of a limiter until the transaction ends; `None` if it has no state yet.
async fn lock_limiter(
    transaction: &Transaction<'_>,
    id: &str,
) -> Result<Option<RateLimiter>, BudgetError> {
    // A row must exist before it can be locked: two first calls would both find nothing to lock.
    let sql = "insert into ingam_budget (id, book) values ($1, '') on conflict do nothing";
    with_timeout(transaction.execute(sql, &[&id])).await?;
    let sql = "select id, book from ingam_budget where id = $1 for update";
    parse_row(&with_timeout(transaction.query_one(sql, &[&id])).await?)
}

async fn store_limiter(
    transaction: &Transaction<'_>,
    id: &str,
    limiter: &RateLimiter,
) -> Result<(), BudgetError> {
    let text = limiter.to_text().map_err(|reason| BudgetError::Corrupt {
        id: id.to_owned(),
        reason,
    })?;
    let sql = "update ingam_budget set book = $2, updated = now() where id = $1";
    with_timeout(transaction.execute(sql, &[&id, &text])).await?;
    Ok(())
}

fn parse_salt(text: &str) -> Result<HashSalt, LimiterStateError> {
    let bytes = hex::decode(text).map_err(|_| LimiterStateError::SaltNotHex)?;
    bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| LimiterStateError::InvalidSalt(bytes.len()))
}

/// An empty text is a row that was created and has no state yet.
fn parse_row(row: &Row) -> Result<Option<RateLimiter>, BudgetError> {
    let (id, text): (String, &str) = (row.get(0), row.get(1));
    if text.is_empty() {
        return Ok(None);
    }
    RateLimiter::parse(text)
        .map(Some)
        .map_err(|reason| BudgetError::Corrupt { id, reason })
}
