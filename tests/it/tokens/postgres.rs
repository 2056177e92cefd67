//! The store of a team, in a `PostgreSQL` that the test starts itself. Where there is none, the
//! test says that it was skipped.

use super::races::race;
use super::stores::{NATURE, config, key, pair, runtime, write_next};
use super::{TestWorkspace, scaled};
use ingam::internals::secret::Secret;
use ingam::internals::tokens::{StoreError, StoreLocation, TokenStore};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A server in a folder of its own, stopped with the value.
pub(crate) struct PostgresServer {
    folder: tempfile::TempDir,
    port: u16,
}

impl PostgresServer {
    pub(crate) fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        if !tool("initdb", &["--version"], folder.path()) {
            // A test that CI skips is a test that nobody runs.
            assert!(
                std::env::var_os("CI").is_none(),
                "there is no PostgreSQL on this machine (initdb, pg_ctl): `.ci/run` installs it"
            );
            println!("skipped: there is no PostgreSQL on this machine (initdb, pg_ctl)");
            return None;
        }
        let server = Self { folder, port };
        // The server refuses to be root, who gives the folder away.
        let _ = Command::new("chown")
            .arg("65534:65534")
            .arg(server.folder.path())
            .stderr(Stdio::null())
            .status();
        let data = server.data();
        assert!(tool(
            "initdb",
            &[
                "-D",
                &data,
                "-A",
                "trust",
                "-U",
                "ingam",
                "--no-sync",
                "-E",
                "UTF8",
                "--locale=C"
            ],
            server.folder.path()
        ));
        server.run();
        Some(server)
    }

    /// Starts it, or starts it again after [`Self::stop`].
    pub(crate) fn run(&self) {
        let options = format!(
            "-p {} -k '' -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300",
            self.port
        );
        let log = self.folder.path().join("log");
        let data = self.data();
        assert!(tool(
            "pg_ctl",
            &[
                "-D",
                &data,
                "-w",
                "-o",
                &options,
                "-l",
                log.to_str().unwrap(),
                "start"
            ],
            self.folder.path()
        ));
    }

    /// Stops it at once, as a crash does: no connection is closed in order.
    pub(crate) fn stop(&self) {
        tool(
            "pg_ctl",
            &["-D", &self.data(), "-m", "immediate", "stop"],
            self.folder.path(),
        );
    }

    fn data(&self) -> String {
        self.folder.path().join("data").to_str().unwrap().to_owned()
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://ingam@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        runtime().block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.url(), tokio_postgres::NoTls)
                .await
                .unwrap();
            tokio::spawn(connection);
            let rows = client.simple_query(sql).await.unwrap();
            let row = |message: &tokio_postgres::SimpleQueryMessage| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            };
            rows.iter().filter_map(row).collect()
        })
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// As somebody else than root, where the test is root.
fn tool(name: &str, args: &[&str], folder: &Path) -> bool {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n");
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", name]);
        command
    } else {
        Command::new(name)
    };
    let status = command
        .args(args)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn many_processes_refresh_once_over_a_database() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let mut workspace = TestWorkspace::new();
    workspace.env.push(("INGAM_STORE".to_owned(), server.url()));
    let (output, code) = workspace.try_login(&["--account", "sg"], "shop_id=101");
    assert!(
        code == 6 && output.contains("INGAM_STORE_KEY"),
        "no key, no token: {code}: {output}"
    );
    assert_eq!(workspace.count("exchanged"), 0, "nothing was sent");
    workspace
        .env
        .push(("INGAM_STORE_KEY".to_owned(), "B".repeat(42) + "A"));
    let (output, code) = workspace.run_shop();
    assert!(
        code == 6 && output.contains("auth login"),
        "{code}: {output}"
    );
    workspace.login("sg", "shop_id=101");
    race(&workspace, scaled(100));
    let token = workspace.run(&["auth", "token", "sg", "--env", "local"]).0;
    let rows = server.query("select c::text from ingam_chain c").join("\n");
    assert!(
        rows.contains("ingam-store-1 sealed") && !rows.contains(token.trim()),
        "{rows}"
    );
    let (output, code) = workspace.run(&["auth", "status"]);
    assert!(code == 0 && output.contains("good"), "{output}");
    assert_eq!(
        workspace
            .run(&[
                "auth",
                "logout",
                "shopee",
                "--env",
                "local",
                "--account",
                "sg"
            ])
            .1,
        0
    );
    assert_eq!(
        server.query("select count(*)::text from ingam_chain"),
        ["0"]
    );
}

/// The server ends the connection of a holder that stands still; when that one wakes up, it must
/// not overwrite anything.
#[test]
fn a_holder_that_lost_its_connection_overwrites_nothing() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let config = config(StoreLocation::Postgres(Secret::new(server.url())));
    runtime().block_on(async {
        let store = TokenStore::open(&config, NATURE).await.unwrap();
        write_next(&store, 1).await.unwrap();
        let mut frozen = store.lock(&key(), Duration::from_secs(5)).await.unwrap();
        let mut record = frozen.read().await.unwrap().unwrap();
        let busy = store.lock(&key(), Duration::from_millis(100)).await;
        assert!(matches!(busy, Err(StoreError::LockTimeout { ref holder, .. }) if holder.starts_with("ingam process")));
        let (client, connection) = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'", &[]).await.unwrap();
        write_next(&store, 2).await.unwrap();
        record.rotate(pair(99));
        assert_eq!(frozen.write(&mut record).await, Err(StoreError::StaleRevision));
        assert_eq!(frozen.write_inbox("a response").await, Err(StoreError::StaleRevision));
        assert!(store.read(&key()).await.unwrap().unwrap().current == Some(pair(2)));
        // The inbox of the one who has the lock is there for the next.
        let mut lock = store.lock(&key(), Duration::from_secs(5)).await.unwrap();
        lock.read().await.unwrap();
        lock.write_inbox("a response").await.unwrap();
        drop(lock);
        let mut next = store.lock(&key(), Duration::from_secs(5)).await.unwrap();
        let kept = next.read_inbox().await.unwrap().unwrap();
        assert_eq!(kept.expose(), "a response");
        next.clear_inbox().await;
        assert!(next.read_inbox().await.unwrap().is_none());
    });
}

/// A database that cuts a connection, as a failover or a pool does, costs no token.
#[test]
fn a_cut_connection_is_made_anew() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let config = config(StoreLocation::Postgres(Secret::new(server.url())));
    runtime().block_on(async {
        let store = TokenStore::open(&config, NATURE).await.unwrap();
        write_next(&store, 1).await.unwrap();
        let mut lock = store.lock(&key(), Duration::from_secs(5)).await.unwrap();
        let mut record = lock.read().await.unwrap().unwrap();
        let (client, connection) = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let sql = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ingam%'";
        client.execute(sql, &[]).await.unwrap();
        record.rotate(pair(2));
        // The first try may find the cut, the next one finds the database.
        while lock.write_inbox("a response").await.is_err() {}
        lock.write(&mut record).await.unwrap();
        assert!(store.read(&key()).await.unwrap().unwrap().current == Some(pair(2)));
    });
}
