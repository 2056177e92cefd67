//! A `PostgreSQL` that stops, as in a crash, at any moment of a renewal: the response that has
//! arrived is on this machine, sealed, until the database has its record.

use super::frozen::{Moments, await_request, reply};
use super::kills::RefreshBench;
use super::postgres::PostgresServer;
use super::{TestWorkspace, figure, output_and_code, scaled};
use ingam::internals::secret::Secret;
use ingam::internals::tokens::{StoreConfig, StoreKey, StoreLocation};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

const STORE_KEY: &str = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI";

/// A workspace whose tokens are in a database, and the way to renew them without the command line.
pub(super) struct DatabaseBench {
    pub(super) server: PostgresServer,
    pub(super) bench: RefreshBench,
}

impl DatabaseBench {
    pub(super) fn new() -> Option<Self> {
        let server = PostgresServer::start()?;
        let mut workspace = TestWorkspace::new();
        workspace.env.push(("INGAM_STORE".to_owned(), server.url()));
        workspace
            .env
            .push(("INGAM_STORE_KEY".to_owned(), STORE_KEY.to_owned()));
        workspace.login("sg", "shop_id=101");
        let config = StoreConfig {
            location: StoreLocation::Postgres(Secret::new(server.url())),
            key: StoreKey::parse(STORE_KEY),
            key_file: None,
            plaintext: false,
            inbox_folder: Some(workspace.home().join(".local/state/ingam/inbox")),
        };
        let bench = RefreshBench::over(workspace, config);
        Some(Self { server, bench })
    }

    fn workspace(&self) -> &TestWorkspace {
        &self.bench.workspace
    }

    /// The files of responses on this machine.
    fn kept(&self) -> Vec<PathBuf> {
        let folder = self.workspace().home().join(".local/state/ingam/inbox");
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths
    }

    /// A renewal whose response arrives when the database is gone, and which gives up. What it
    /// says, and the file that it leaves.
    fn give_up(&self) -> (String, PathBuf) {
        self.workspace().control("delay?ms=300");
        let mut job = self.bench.refresh_job();
        job.store_patience = Duration::ZERO;
        let sent = self.workspace().count("requests");
        let mut helper = self.bench.spawn_helper(&job);
        await_request(&self.bench, sent, &mut helper);
        self.server.stop();
        let said = reply(helper);
        self.workspace().control("delay?ms=0");
        let [path] = self.kept().try_into().unwrap();
        (said, path)
    }

    /// As a person on another machine.
    fn elsewhere(&self, args: &[&str]) -> (String, i32) {
        let home = self.workspace().folder.path().join("other-home");
        std::fs::create_dir_all(&home).unwrap();
        let mut command = self.workspace().ingam(args);
        output_and_code(&command.env("HOME", home).output().unwrap())
    }

    fn assert_no_token_was_lost(&self) {
        let (output, code) = self.workspace().run_shop();
        assert_eq!(code, 0, "{output}");
        let counts = (
            self.workspace().count("replayed"),
            self.workspace().count("refused"),
        );
        assert_eq!(counts, (0, 0), "the spent token was not sent again");
    }
}

#[test]
fn a_database_that_comes_back_gets_the_response_that_arrived_meanwhile() {
    let Some(bench) = DatabaseBench::new() else {
        return;
    };
    let workspace = bench.workspace();
    workspace.control("delay?ms=300");
    workspace.control("expire?what=access");
    let sent = workspace.count("requests");
    let mut child = workspace
        .ingam(&["run", "shop", "--env", "local"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    await_request(&bench.bench, sent, &mut child);
    bench.server.stop();
    // Longer than the response takes: it arrives when there is no database.
    std::thread::sleep(Duration::from_millis(3_000));
    let kept = bench.kept();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let bytes = std::fs::read(&kept[0]).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("ingam-store-1 sealed"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&kept[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    bench.server.run();
    let (output, code) = output_and_code(&child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{output}");
    assert!(bench.kept().is_empty(), "{:?}", bench.kept());
    bench.assert_no_token_was_lost();
}

#[test]
fn a_response_that_outlives_its_database_is_found_by_the_next_command() {
    let Some(bench) = DatabaseBench::new() else {
        return;
    };
    let before = bench.bench.record().unwrap().generation;
    let (said, path) = bench.give_up();
    let place = path.to_str().unwrap();
    assert!(
        said.contains("`sg` (shop_id 101) arrived, but could not be written")
            && said.contains(place)
            && said.contains("ingam auth status"),
        "{said}"
    );
    let (output, code) = bench.workspace().run(&["auth", "status"]);
    assert!(
        code == 5 && output.contains(place),
        "the database is still gone: {code}: {output}"
    );
    bench.server.run();
    let (output, code) = bench.workspace().run(&["auth", "status"]);
    assert!(
        code == 0 && output.contains("is now in the database"),
        "{code}: {output}"
    );
    assert!(bench.kept().is_empty());
    bench.assert_no_token_was_lost();
    let (output, code) = bench
        .workspace()
        .run(&["auth", "refresh", "shopee", "--env", "local"]);
    assert_eq!(code, 0, "{output}");
    let generation = bench.bench.record().unwrap().generation;
    assert_eq!(
        generation,
        before + 1,
        "the response that was there was used"
    );
    bench.assert_no_token_was_lost();
}

#[test]
fn a_run_uses_the_response_that_an_earlier_one_kept() {
    let Some(bench) = DatabaseBench::new() else {
        return;
    };
    let before = bench.bench.record().unwrap().generation;
    bench.give_up();
    bench.server.run();
    let sent = bench.workspace().count("requests");
    bench.assert_no_token_was_lost();
    assert_eq!(
        bench.workspace().count("requests"),
        sent,
        "nothing was asked"
    );
    assert_eq!(bench.bench.record().unwrap().generation, before + 1);
}

#[test]
fn a_refusal_that_another_machine_got_meanwhile_does_not_end_the_authorization() {
    let Some(bench) = DatabaseBench::new() else {
        return;
    };
    bench.give_up();
    bench.server.run();
    // It finds the mark of a renewal that never ended, and asks with the token that is spent.
    let (output, code) = bench.elsewhere(&["auth", "refresh", "shopee", "--env", "local"]);
    assert_eq!(code, 6, "{output}");
    let (output, code) = bench.workspace().run_shop();
    assert_eq!(code, 0, "{output}");
    let (output, code) = bench.elsewhere(&["run", "shop", "--env", "local"]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn a_response_to_older_tokens_is_deleted_with_a_word() {
    let Some(bench) = DatabaseBench::new() else {
        return;
    };
    bench.give_up();
    bench.server.run();
    let (output, code) = bench.elsewhere(&["auth", "logout", "shopee", "--env", "local"]);
    assert_eq!(code, 0, "{output}");
    let (output, code) = bench.workspace().run(&["auth", "status"]);
    assert!(
        code == 0 && output.contains("was deleted, because another process"),
        "{code}: {output}"
    );
    assert!(bench.kept().is_empty());
}

#[test]
fn a_response_that_cannot_be_read_is_kept_and_nothing_is_sent() {
    let Some(bench) = DatabaseBench::new() else {
        return;
    };
    let (_, path) = bench.give_up();
    bench.server.run();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let sent = bench.workspace().count("requests");
    for args in [
        &["auth", "status"][..],
        &["auth", "refresh", "shopee", "--env", "local"],
    ] {
        let (output, code) = bench.workspace().run(args);
        assert!(
            code == 5 && output.contains(path.to_str().unwrap()),
            "{args:?}: {code}: {output}"
        );
    }
    bench.workspace().control("expire?what=access");
    let (output, code) = bench.workspace().run_shop();
    assert!(
        code == 5 && output.contains(path.to_str().unwrap()),
        "{code}: {output}"
    );
    assert_eq!(
        bench.workspace().count("requests"),
        sent,
        "nothing was sent"
    );
    // A new authorization needs nothing of it, and puts it aside.
    bench.workspace().login("sg", "shop_id=101");
    let kept = bench.kept();
    assert!(
        matches!(kept.as_slice(), [one] if one.extension().unwrap() == "broken-inbox"),
        "{kept:?}"
    );
    let (output, code) = bench.workspace().run_shop();
    assert_eq!(code, 0, "{output}");
}

#[test]
fn a_database_that_stops_at_any_moment_of_a_renewal_costs_no_token() {
    let Some(bench) = DatabaseBench::new() else {
        return;
    };
    bench.workspace().control("delay?ms=60");
    let mut moments = Moments::new();
    let (rounds, mut renewed, mut unsent, mut lost) = (scaled(200), 0, 0, Vec::new());
    for round in 0..rounds {
        let generation = bench.bench.record().unwrap().generation;
        let sent = bench.workspace().count("requests");
        let mut helper = bench.bench.spawn_helper(&bench.bench.refresh_job());
        // Before, and around the moment at which the request has arrived and its response is due.
        if round % 4 == 0 {
            moments.wait_below(1_000);
        } else {
            await_request(&bench.bench, sent, &mut helper);
            moments.wait_below(120);
        }
        bench.server.stop();
        moments.wait_below(1_500);
        bench.server.run();
        let said = reply(helper);
        // What was renewed is there; of anything else the next renewal must know what became of it.
        if bench.bench.record().unwrap().generation > generation {
            renewed += 1;
        } else if bench.workspace().count("requests") == sent {
            unsent += 1;
        } else if bench.bench.is_lost(&format!("round {round}")) {
            lost.push((round, said));
        }
    }
    let replayed = bench.workspace().count("replayed");
    figure(&format!(
        "{rounds} immediate stops of PostgreSQL in a renewal, marketplace takes a token once: {renewed} renewals ended well, {unsent} sent nothing, {} tokens lost, {replayed} spent tokens sent again",
        lost.len()
    ));
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(replayed, 0);
    assert!(bench.kept().is_empty(), "{:?}", bench.kept());
}
