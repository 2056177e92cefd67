//! The store of a team: one table in `PostgreSQL`. The lock is an advisory one inside a transaction
//! of a connection of its own, so that it ends with the connection, and with a holder that stands
//! still; what is written goes over a second connection and is durable at once.

use super::envelope::RecordEnvelope;
use super::error::StoreError;
use super::family_record::{FamilyKey, FamilyRecord};
use super::sealed_record::{open_record, seal_record};
use crate::awake_timeout::awake_timeout;
use crate::database::{
    DATABASE_TIMEOUT, DatabaseError, connect, database_error, ensure_table, parse_config,
    with_timeout,
};
use crate::secret::Secret;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Row};

/// A holder that does nothing for this long in a renewal has lost the lock.
const HOLDER_IDLE_TIMEOUT: Duration = Duration::from_secs(90);

const CREATE_TABLE: &str = "create table if not exists ingam_chain (
    id text primary key,
    revision bigint not null,
    record text not null,
    inbox text,
    updated timestamptz not null default now()
)";

/// One table of sealed records.
#[derive(Clone)]
pub struct PostgresStore {
    config: Arc<Config>,
    /// Made anew when it was cut.
    client: Arc<tokio::sync::Mutex<Arc<Client>>>,
    envelope: RecordEnvelope,
    clock_offset_ms: i64,
}

impl PostgresStore {
    /// # Errors
    /// When the database cannot be reached or the table cannot be made.
    pub async fn open(
        url: &str,
        envelope: RecordEnvelope,
        clock: fn() -> i64,
    ) -> Result<Self, StoreError> {
        let config = parse_config(url)?;
        let client = connect(&config).await?;
        ensure_table(&client, "ingam_chain", CREATE_TABLE).await?;
        let before = clock();
        let row = with_timeout(client.query_one(
            "select (extract(epoch from clock_timestamp()) * 1000)::bigint",
            &[],
        ))
        .await?;
        // Against the middle of the two readings, so that half of the round trip is no offset.
        let offset_ms = row.get::<_, i64>(0) - i64::midpoint(before, clock());
        let client = Arc::new(tokio::sync::Mutex::new(Arc::new(client)));
        Ok(Self {
            config: Arc::new(config),
            client,
            envelope,
            clock_offset_ms: offset_ms,
        })
    }

    async fn client(&self) -> Result<Arc<Client>, StoreError> {
        let mut client = self.client.lock().await;
        if client.is_closed() {
            *client = Arc::new(connect(&self.config).await?);
        }
        Ok(Arc::clone(&client))
    }

    #[must_use]
    pub fn clock_offset_ms(&self) -> i64 {
        self.clock_offset_ms
    }

    /// # Errors
    /// When the record is there and cannot be read.
    pub async fn read(&self, key: &FamilyKey) -> Result<Option<FamilyRecord>, StoreError> {
        self.read_by_id(&key.id()).await
    }

    async fn read_by_id(&self, id: &str) -> Result<Option<FamilyRecord>, StoreError> {
        let client = self.client().await?;
        let row = with_timeout(client.query_opt(
            "select id, record, revision from ingam_chain where id = $1",
            &[&id],
        ))
        .await?;
        row.map(|row| self.decode_row(&row)).transpose()
    }

    fn decode_row(&self, row: &Row) -> Result<FamilyRecord, StoreError> {
        let mut record = open_record(&self.envelope, row.get(0), row.get::<_, &str>(1).as_bytes())?;
        record.revision = row.get::<_, i64>(2).cast_unsigned();
        Ok(record)
    }

    /// # Errors
    /// When the table cannot be read.
    pub async fn list(&self) -> Result<Vec<Result<FamilyRecord, StoreError>>, StoreError> {
        let client = self.client().await?;
        let rows = with_timeout(client.query(
            "select id, record, revision from ingam_chain order by id",
            &[],
        ))
        .await?;
        Ok(rows.iter().map(|row| self.decode_row(row)).collect())
    }

    /// # Errors
    /// When the lock is not free in time.
    pub async fn lock(&self, key: &FamilyKey, wait: Duration) -> Result<PostgresLock, StoreError> {
        self.envelope.ensure_can_seal()?;
        let (id, number) = (key.id(), key.lock_number());
        let lock = connect(&self.config).await?;
        let begin = format!(
            "begin; set local lock_timeout = {}; set local idle_in_transaction_session_timeout = {}",
            wait.as_millis(),
            HOLDER_IDLE_TIMEOUT.as_millis()
        );
        // The transaction stays open and idle on purpose: the lock lives as long as it does. The
        // idle timeout frees the lock of a holder that hangs; since such a holder may wake
        // up later, every write is guarded by `revision` as well.
        with_timeout(lock.batch_execute(&begin)).await?;
        let silent = |_| DatabaseError::Failed("it does not answer".to_owned());
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&number];
        let locked = lock.execute("select pg_advisory_xact_lock($1)", &parameters);
        match awake_timeout(wait + DATABASE_TIMEOUT, locked)
            .await
            .map_err(silent)?
        {
            Ok(_) => Ok(PostgresLock {
                store: self.clone(),
                id,
                _lock: lock,
                revision: 0,
            }),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                Err(StoreError::LockTimeout {
                    holder: self.find_lock_holder(number).await,
                    waited: wait,
                })
            }
            Err(error) => Err(database_error(&error).into()),
        }
    }

    /// Who has the lock, by the name its connection gave itself.
    async fn find_lock_holder(&self, number: i64) -> String {
        let sql = "select a.application_name || coalesce(' on ' || host(a.client_addr), '') from pg_locks l \
                   join pg_stat_activity a on a.pid = l.pid where l.locktype = 'advisory' and l.granted \
                   and ((l.classid::bigint << 32) | l.objid::bigint) = $1 limit 1";
        let Ok(client) = self.client().await else {
            return "another process".to_owned();
        };
        let row = with_timeout(client.query_opt(sql, &[&number]))
            .await
            .ok()
            .flatten();
        row.and_then(|row| row.get::<_, Option<String>>(0))
            .unwrap_or_else(|| "another process".to_owned())
    }
}

/// The one that may write a chain, as long as its connection lives.
pub struct PostgresLock {
    store: PostgresStore,
    id: String,
    _lock: Client,
    revision: i64,
}

impl PostgresLock {
    /// # Errors
    /// When the record is there and cannot be read.
    pub async fn read(&mut self) -> Result<Option<FamilyRecord>, StoreError> {
        let record = self.store.read_by_id(&self.id).await?;
        self.revision = record
            .as_ref()
            .map_or(0, |record| record.revision.cast_signed());
        Ok(record)
    }

    /// # Errors
    /// When another record is there by now, or the database fails.
    pub async fn write(&mut self, record: &mut FamilyRecord) -> Result<(), StoreError> {
        let next = self.revision + 1;
        record.revision = next.cast_unsigned();
        let text = seal_record(&self.store.envelope, &self.id, record)?;
        let client = self.store.client().await?;
        let written = if self.revision == 0 {
            let sql = "insert into ingam_chain (id, revision, record) values ($1, $2, $3) on conflict do nothing";
            with_timeout(client.execute(sql, &[&self.id, &next, &text])).await
        } else {
            let sql = "update ingam_chain set record = $3, revision = $2, updated = now() where id = $1 and revision = $4";
            with_timeout(client.execute(sql, &[&self.id, &next, &text, &self.revision])).await
        };
        if written? == 0 {
            return Err(StoreError::StaleRevision);
        }
        self.revision = next;
        Ok(())
    }

    /// # Errors
    /// When the database fails.
    pub async fn write_inbox(&mut self, text: &str) -> Result<(), StoreError> {
        let sealed = self.store.envelope.seal(&inbox_context(&self.id), text)?;
        // Only beside the record that this renewal began with.
        let sql = "update ingam_chain set inbox = $2 where id = $1 and revision = $3";
        let client = self.store.client().await?;
        match with_timeout(client.execute(sql, &[&self.id, &sealed, &self.revision])).await? {
            0 => Err(StoreError::StaleRevision),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// When the database fails.
    pub async fn read_inbox(&mut self) -> Result<Option<Secret<String>>, StoreError> {
        let client = self.store.client().await?;
        let row = with_timeout(
            client.query_opt("select inbox from ingam_chain where id = $1", &[&self.id]),
        )
        .await?;
        let sealed: Option<String> = row.and_then(|row| row.get(0));
        // One statement writes the whole text, so one that does not open is a wrong key and no
        // unfinished write: as an error it keeps the response, and "no response" would lose it.
        sealed
            .map(|sealed| {
                self.store
                    .envelope
                    .open(&inbox_context(&self.id), sealed.as_bytes())
            })
            .transpose()
    }

    pub async fn clear_inbox(&mut self) {
        // One that stays is known to be old by its generation.
        if let Ok(client) = self.store.client().await {
            let _ = with_timeout(client.execute(
                "update ingam_chain set inbox = null where id = $1",
                &[&self.id],
            ))
            .await;
        }
    }

    /// # Errors
    /// When the database fails.
    pub async fn remove(&mut self) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        with_timeout(client.execute("delete from ingam_chain where id = $1", &[&self.id])).await?;
        Ok(())
    }
}

fn inbox_context(id: &str) -> String {
    format!("{id} inbox")
}
