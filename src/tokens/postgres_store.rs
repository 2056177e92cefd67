//! The store of a team: one table in `PostgreSQL`. The lock is an advisory one inside a transaction
//! of a connection of its own, so that it ends with the connection, and with a holder that stands
//! still; what is written goes over a second connection and is durable at once.

use super::envelope::RecordEnvelope;
use super::error::StoreError;
use super::family_record::{FamilyKey, FamilyRecord};
use super::local_inbox::{LocalInbox, LocalResponse, WaitingResponse};
use super::recovered_response::{RecoveredResponse, RecoveryOutcome};
use super::response_file::ResponseFile;
use super::sealed_record::{open_record, seal_record};
use crate::awake_timeout::awake_timeout;
use crate::database::{
    DATABASE_TIMEOUT, DatabaseError, connect, database_error, ensure_table, parse_config,
    with_timeout,
};
use crate::host::{ClockAndRng, RandomSource};
use crate::secret::Secret;
use serde::Deserialize;
use std::path::Path;
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

/// How long to wait for a family whose response waits on this machine. Whoever holds it renews it.
const RECOVERY_LOCK_WAIT: Duration = Duration::from_secs(10);

/// One table of sealed records.
#[derive(Clone)]
pub struct PostgresStore {
    config: Arc<Config>,
    /// Made anew when it was cut.
    client: Arc<tokio::sync::Mutex<Arc<Client>>>,
    envelope: RecordEnvelope,
    clock_offset_ms: i64,
    /// `None` if the user has no folder for state.
    local_inbox: Option<LocalInbox>,
    rng: RandomSource,
}

impl PostgresStore {
    /// # Errors
    /// When the database cannot be reached or the table cannot be made.
    pub async fn open(
        url: &str,
        envelope: RecordEnvelope,
        clock_and_rng: ClockAndRng,
        inbox_folder: Option<&Path>,
    ) -> Result<Self, StoreError> {
        let ClockAndRng { clock, rng } = clock_and_rng;
        let config = parse_config(url)?;
        let local_inbox = inbox_folder.map(|folder| {
            LocalInbox::new(folder.to_owned(), &database_name(&config), envelope.clone())
        });
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
            local_inbox,
            rng,
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
        Ok(PostgresLock {
            lock: Some(self.connect_and_lock(key.lock_number(), wait).await?),
            store: self.clone(),
            key: key.clone(),
            id: key.id(),
            revision: 0,
            reserved: None,
            waiting: Vec::new(),
            local_error: None,
        })
    }

    /// The lock lives as long as this connection.
    async fn connect_and_lock(&self, number: i64, wait: Duration) -> Result<Client, StoreError> {
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
        let silent = |_| DatabaseError::Failed("it does not respond".to_owned());
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&number];
        let locked = lock.execute("select pg_advisory_xact_lock($1)", &parameters);
        let locked = awake_timeout(wait + DATABASE_TIMEOUT, locked)
            .await
            .map_err(silent)?;
        match locked {
            Ok(_) => Ok(lock),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                Err(StoreError::LockTimeout {
                    holder: self.find_lock_holder(number).await,
                    waited: wait,
                })
            }
            Err(error) => Err(database_error(&error).into()),
        }
    }

    /// Puts the responses that earlier processes left on this machine into the database. The next
    /// renewal of their families uses them.
    pub(crate) async fn recover_local_responses(&self) -> Vec<RecoveredResponse> {
        let Some(inbox) = &self.local_inbox else {
            return Vec::new();
        };
        let waiting = match inbox.waiting(None) {
            Ok(waiting) => waiting,
            Err(error) => return vec![RecoveredResponse::unreadable_folder(error)],
        };
        let mut recovered = Vec::with_capacity(waiting.len());
        for response in waiting {
            recovered.push(self.recover(response).await);
        }
        recovered
    }

    async fn recover(&self, waiting: WaitingResponse) -> RecoveredResponse {
        let (label, outcome) = match &waiting.content {
            Ok(response) => {
                let handed_over = self.hand_over(&waiting, response).await;
                let outcome = handed_over.unwrap_or_else(RecoveryOutcome::Waiting);
                (
                    Some((response.key.clone(), response.label.clone())),
                    outcome,
                )
            }
            Err(error) => (None, RecoveryOutcome::Unreadable(error.clone())),
        };
        RecoveredResponse {
            path: waiting.path,
            family: label,
            outcome,
        }
    }

    async fn hand_over(
        &self,
        waiting: &WaitingResponse,
        response: &LocalResponse,
    ) -> Result<RecoveryOutcome, StoreError> {
        let mut lock = self.lock(&response.key, RECOVERY_LOCK_WAIT).await?;
        let continues = lock
            .read()
            .await?
            .is_some_and(|record| response.continues(&record));
        if !continues {
            waiting.remove()?;
            return Ok(RecoveryOutcome::Superseded);
        }
        // A response in the database to the same generation is a later one: another machine has
        // asked again when this one had lost its lock.
        let stored = lock.read_stored_inbox().await?;
        if stored.is_none_or(|text| generation_of(&text) != Some(response.generation)) {
            lock.write_stored_inbox(response.response.expose()).await?;
        }
        waiting.remove()?;
        Ok(RecoveryOutcome::HandedOver)
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
    key: FamilyKey,
    id: String,
    lock: Option<Client>,
    revision: i64,
    /// Room on this machine for the response to the next request.
    reserved: Option<ReservedResponse>,
    /// Responses that earlier processes left on this machine, and that fit the record.
    waiting: Vec<WaitingResponse>,
    /// Why there is no room on this machine.
    local_error: Option<StoreError>,
}

struct ReservedResponse {
    file: ResponseFile,
    /// What the response continues.
    record: FamilyRecord,
    is_written: bool,
}

impl Drop for ReservedResponse {
    fn drop(&mut self) {
        // Room that no response came to use. Whoever finds it would delete it.
        if !self.is_written {
            let _ = std::fs::remove_file(&self.file.path);
        }
    }
}

impl PostgresLock {
    /// Takes the lock anew, over another connection: the old one may be cut, and another process
    /// may have had the lock since then. The caller must read the record again.
    ///
    /// # Errors
    /// When the database cannot be reached, or the lock is not free in time.
    pub async fn reacquire(&mut self, wait: Duration) -> Result<(), StoreError> {
        self.lock = None;
        let number = self.key.lock_number();
        self.lock = Some(self.store.connect_and_lock(number, wait).await?);
        Ok(())
    }

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

    /// Makes room on this machine for the response to a request that continues `record`.
    pub fn prepare_inbox(&mut self, record: &FamilyRecord) -> Result<(), StoreError> {
        let Some(inbox) = &self.store.local_inbox else {
            self.local_error = Some(StoreError::NoFolder);
            return Ok(());
        };
        match inbox.reserve(&self.id, (self.store.rng)()?) {
            Ok(file) => {
                self.reserved = Some(ReservedResponse {
                    file,
                    record: record.clone(),
                    is_written: false,
                });
            }
            // A container without a writable disk is what such a store is for: the inbox of the
            // database is then the only one.
            Err(error) => self.local_error = Some(error),
        }
        Ok(())
    }

    /// On this machine first, because the database can be gone; then in the database, because this
    /// machine can.
    ///
    /// # Errors
    /// When it is in neither of them.
    pub async fn write_inbox(&mut self, text: &str) -> Result<(), StoreError> {
        let local = self.write_local_inbox(text);
        let stored = self.write_stored_inbox(text).await;
        match (local, stored) {
            (Ok(true), _) | (_, Ok(())) => Ok(()),
            (Err(error), Err(_)) => Err(error),
            (Ok(false), Err(error)) => Err(error),
        }
    }

    /// `false` if there is no room on this machine.
    fn write_local_inbox(&mut self, text: &str) -> Result<bool, StoreError> {
        let (Some(inbox), Some(reserved)) = (&self.store.local_inbox, &mut self.reserved) else {
            return Ok(false);
        };
        let response = LocalResponse::new(&reserved.record, text);
        inbox.write(&mut reserved.file, &response)?;
        reserved.is_written = true;
        Ok(true)
    }

    async fn write_stored_inbox(&mut self, text: &str) -> Result<(), StoreError> {
        let sealed = self.store.envelope.seal(&inbox_context(&self.id), text)?;
        // Only beside the record that this renewal began with.
        let sql = "update ingam_chain set inbox = $2 where id = $1 and revision = $3";
        let client = self.store.client().await?;
        match with_timeout(client.execute(sql, &[&self.id, &sealed, &self.revision])).await? {
            0 => Err(StoreError::StaleRevision),
            _ => Ok(()),
        }
    }

    /// The file on this machine that holds the response, and otherwise why there is none.
    pub fn local_response(&self) -> Result<&Path, Option<&StoreError>> {
        match &self.reserved {
            Some(reserved) if reserved.is_written => Ok(&reserved.file.path),
            _ => Err(self.local_error.as_ref()),
        }
    }

    /// A response that nobody has used yet: in the database, or on this machine.
    ///
    /// # Errors
    /// When the database fails, or a response is there and cannot be read.
    pub async fn read_inbox(&mut self) -> Result<Option<Secret<String>>, StoreError> {
        let stored = self.read_stored_inbox().await?;
        let Some(record) = self.store.read_by_id(&self.id).await? else {
            return Ok(stored);
        };
        self.waiting = self.waiting_responses(&record)?;
        if stored
            .as_ref()
            .is_some_and(|text| generation_of(text) == Some(record.generation))
        {
            return Ok(stored);
        }
        let local = self
            .waiting
            .first()
            .and_then(|one| one.content.as_ref().ok());
        Ok(local.map(|one| one.response.clone()).or(stored))
    }

    /// The responses on this machine that fit the record.
    fn waiting_responses(&self, record: &FamilyRecord) -> Result<Vec<WaitingResponse>, StoreError> {
        let Some(inbox) = &self.store.local_inbox else {
            return Ok(Vec::new());
        };
        let mut fitting = Vec::new();
        for waiting in inbox.waiting(Some(&self.id))? {
            if waiting
                .content
                .as_ref()
                .map_err(Clone::clone)?
                .continues(record)
            {
                fitting.push(waiting);
            }
        }
        Ok(fitting)
    }

    async fn read_stored_inbox(&mut self) -> Result<Option<Secret<String>>, StoreError> {
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
        // One that stays, here or there, is known to be old by its generation.
        for waiting in self.waiting.drain(..) {
            let _ = waiting.remove();
        }
        if let Some(reserved) = self.reserved.take() {
            let _ = std::fs::remove_file(&reserved.file.path);
        }
        self.clear_stored_inbox().await;
    }

    async fn clear_stored_inbox(&mut self) {
        if let Ok(client) = self.store.client().await {
            let _ = with_timeout(client.execute(
                "update ingam_chain set inbox = null where id = $1",
                &[&self.id],
            ))
            .await;
        }
    }

    /// Responses that cannot be opened are put aside: those on this machine under another ending.
    ///
    /// # Errors
    /// When one cannot be moved.
    pub async fn quarantine_inbox(&mut self) -> Result<(), StoreError> {
        if let Some(inbox) = &self.store.local_inbox {
            for waiting in inbox.waiting(Some(&self.id))? {
                if waiting.content.is_err() {
                    waiting.quarantine()?;
                }
            }
        }
        self.clear_stored_inbox().await;
        Ok(())
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

/// The generation that a raw response continues, which is all that this room reads of it.
fn generation_of(text: &Secret<String>) -> Option<u64> {
    #[derive(Deserialize)]
    struct RawGeneration {
        generation: u64,
    }
    serde_json::from_str::<RawGeneration>(text.expose())
        .ok()
        .map(|raw| raw.generation)
}

/// Host, port and database, without user and password.
fn database_name(config: &Config) -> String {
    format!(
        "{:?} {:?} {:?}",
        config.get_hosts(),
        config.get_ports(),
        config.get_dbname()
    )
}
