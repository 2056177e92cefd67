//! Connections to the `PostgreSQL` of a team. Over a network they use TLS, and every wait has a
//! timeout.

use super::error::DatabaseError;
use crate::awake_timeout::awake_timeout;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The longest time to wait for a response of the database.
pub(crate) const DATABASE_TIMEOUT: Duration = Duration::from_secs(10);

/// How to connect to the database at `url`.
///
/// # Errors
/// When that is no address.
pub(crate) fn parse_config(url: &str) -> Result<Config, DatabaseError> {
    // The parser's error is dropped, because it can quote the address, and the address can hold a
    // password.
    let mut config = Config::from_str(url)
        .map_err(|_| DatabaseError::Failed("its address cannot be read".to_owned()))?;
    // Shown in `pg_stat_activity`, so that an administrator can see which process holds a lock.
    config.application_name(format!("ingam process {}", std::process::id()));
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(DATABASE_TIMEOUT);
    }
    if config.get_ssl_mode() == SslMode::Prefer && !is_local_connection(&config) {
        // `prefer` would fall back to plain text.
        config.ssl_mode(SslMode::Require);
    }
    Ok(config)
}

/// The error message of the database.
#[must_use]
pub(crate) fn database_error(error: &tokio_postgres::Error) -> DatabaseError {
    // The text of a connection error can name the host and the user, and never the password.
    let text = error.as_db_error().map_or_else(
        || innermost_message(error),
        |error| error.message().to_owned(),
    );
    DatabaseError::Failed(text)
}

fn innermost_message(error: &dyn std::error::Error) -> String {
    error
        .source()
        .map_or_else(|| error.to_string(), innermost_message)
}

/// Waits for a query for at most [`DATABASE_TIMEOUT`]. The future is on the heap, because every
/// caller would otherwise be larger by its size.
///
/// # Errors
/// When it fails, or does not respond in time.
pub(crate) fn with_timeout<T>(
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Pin<Box<impl Future<Output = Result<T, DatabaseError>>>> {
    Box::pin(async move {
        // TCP does not report a peer that has vanished: without a limit the caller could wait for
        // many minutes.
        match awake_timeout(DATABASE_TIMEOUT, work).await {
            Ok(result) => result.map_err(|error| database_error(&error)),
            Err(_) => Err(DatabaseError::Failed(format!(
                "it did not respond within {} s",
                DATABASE_TIMEOUT.as_secs()
            ))),
        }
    })
}

/// Creates a table with `sql` if it does not exist. Only one process does so at a time.
///
/// # Errors
/// When it cannot be made.
pub(crate) async fn ensure_table(
    client: &Client,
    name: &str,
    sql: &str,
) -> Result<(), DatabaseError> {
    // Checked first: `create table if not exists` needs the right to create tables even if the
    // table exists, and many users of a shared database do not have it.
    let there = "select 1 from pg_class where relname = $1 and pg_table_is_visible(oid)";
    if with_timeout(client.query_opt(there, &[&name]))
        .await?
        .is_some()
    {
        return Ok(());
    }
    // Two `create table if not exists` at once can fail with a unique violation in the catalog;
    // hence the lock. Its number is arbitrary, and must be the same in every version of this
    // program.
    let sql = format!("begin; select pg_advisory_xact_lock(4985174); {sql}; commit");
    with_timeout(client.batch_execute(&sql)).await
}

/// The connection ends with its client.
///
/// # Errors
/// When the database cannot be reached.
pub(crate) async fn connect(config: &Config) -> Result<Client, DatabaseError> {
    if config.get_ssl_mode() == SslMode::Disable || is_local_connection(config) {
        let (client, connection) = with_timeout(config.connect(NoTls)).await?;
        // The task ends when the client is dropped. If the connection fails, every query of the
        // client fails as well, so the result of the task is not needed.
        tokio::spawn(connection);
        return Ok(client);
    }
    let (client, connection) = with_timeout(config.connect(tls_connector()?)).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Sockets, and the loopback interface where nothing else is demanded, need no TLS.
#[allow(
    unreachable_patterns,
    clippy::match_wildcard_for_single_variants,
    reason = "the variant for sockets is missing on Windows"
)]
fn is_local_connection(config: &Config) -> bool {
    use tokio_postgres::config::Host;
    let local = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|ip| ip.is_loopback())
        }
        // A socket.
        _ => true,
    };
    // All of the hosts, because the client may connect to any of them.
    config.get_ssl_mode() != SslMode::Require && config.get_hosts().iter().all(local)
}

/// By the certificates that this machine trusts.
fn tls_connector() -> Result<MakeRustlsConnect, DatabaseError> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let setup = |error: rustls::Error| DatabaseError::Failed(error.to_string());
    // Named here, because rustls panics without a provider if several are compiled in and none is
    // the default of the process.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .with_platform_verifier()
        .map_err(setup)?
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
