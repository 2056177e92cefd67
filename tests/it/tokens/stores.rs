//! The store of files from inside the library: no torn read, nobody overtaken, nobody else let in.

use super::{TestWorkspace, figure, scaled};
use ingam::internals::host::{ClockAndRng, RandomError};
use ingam::internals::secret::Secret;
use ingam::internals::tokens::{
    FamilyKey, FamilyLabel, FamilyRecord, StoreConfig, StoreError, StoreKey, StoreLocation,
    TokenPair, TokenStore,
};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(super) const NATURE: ClockAndRng = ClockAndRng {
    clock: || 1_795_338_000_000,
    rng: chance,
};

/// Fresh bytes, since a nonce must not come twice.
fn chance() -> Result<[u8; 16], RandomError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    Ok(bytes)
}

pub(super) fn config(place: StoreLocation) -> StoreConfig {
    StoreConfig {
        location: place,
        key: Some(StoreKey::generate(|| Ok([7; 16])).unwrap()),
        key_file: None,
        plaintext: false,
        inbox_folder: None,
    }
}

pub(super) fn key() -> FamilyKey {
    let ids = vec![("shop_id".to_owned(), "101".to_owned())];
    FamilyKey {
        scheme: "mall".to_owned(),
        host: "mall.example".to_owned(),
        token: "shop".to_owned(),
        ids,
    }
}

pub(super) fn pair(number: i64) -> TokenPair {
    let values = vec![(
        "access_token".to_owned(),
        Secret::new(format!("token-{number}-{}", "x".repeat(300))),
    )];
    TokenPair {
        values,
        received_ms: number,
        access_expires_ms: None,
        refresh_expires_ms: None,
        grant_expires_ms: None,
    }
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

pub(super) fn open(config: &StoreConfig) -> TokenStore {
    runtime()
        .block_on(TokenStore::open(config, NATURE))
        .unwrap()
}

/// Takes the lock, reads, and writes the next pair.
pub(super) async fn write_next(store: &TokenStore, number: i64) -> Result<(), StoreError> {
    let mut lock = store.lock(&key(), Duration::from_secs(30)).await?;
    let mut record = lock
        .read()
        .await?
        .unwrap_or_else(|| FamilyRecord::new(key(), FamilyLabel::default()));
    record.rotate(pair(number));
    lock.write(&mut record).await
}

#[test]
fn no_read_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(StoreLocation::Folder(folder.path().join("tokens")));
    let (reads, writes) = (scaled(10_000), i64::try_from(scaled(200)).unwrap());
    runtime().block_on(write_next(&open(&config), 0)).unwrap();
    let writing = AtomicBool::new(true);
    let seen = std::thread::scope(|scope| {
        scope.spawn(|| {
            let store = open(&config);
            runtime().block_on(async {
                for number in 1..=writes {
                    write_next(&store, number).await.unwrap();
                }
            });
            writing.store(false, Ordering::Release);
        });
        let readers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let (store, runtime) = (open(&config), runtime());
                    let (mut last, mut count) = (0, 0);
                    while writing.load(Ordering::Acquire) || count < reads / 4 {
                        let record = runtime.block_on(store.read(&key())).unwrap().unwrap();
                        assert!(record.generation >= last, "an older record came back");
                        assert!(
                            record.current
                                == Some(pair(record.current.as_ref().unwrap().received_ms))
                        );
                        (last, count) = (record.generation, count + 1);
                    }
                    count
                })
            })
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .sum::<usize>()
    });
    figure(&format!("{seen} reads during {writes} writes: none torn"));
    assert!(seen >= reads);
}

/// A process that stood still while its lock was taken from it must not write over what came after.
#[test]
fn who_was_overtaken_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(StoreLocation::Folder(folder.path().join("tokens")));
    let store = open(&config);
    runtime().block_on(async {
        write_next(&store, 1).await.unwrap();
        let mut frozen = store.lock(&key(), Duration::from_secs(1)).await.unwrap();
        let mut record = frozen.read().await.unwrap().unwrap();
        assert!(matches!(
            store.lock(&key(), Duration::from_millis(50)).await,
            Err(StoreError::LockTimeout { .. })
        ));
        // Somebody removes the file of the lock, and with it the lock.
        std::fs::remove_file(
            folder
                .path()
                .join("tokens")
                .join(format!("{}.lock", key().id())),
        )
        .unwrap();
        write_next(&store, 2).await.unwrap();
        record.rotate(pair(99));
        assert_eq!(
            frozen.write(&mut record).await,
            Err(StoreError::StaleRevision)
        );
        assert!(store.read(&key()).await.unwrap().unwrap().current == Some(pair(2)));
    });
}

#[test]
fn a_broken_record_is_an_error_and_never_a_missing_one() {
    let workspace = TestWorkspace::with_tokens();
    let record = std::fs::read_dir(workspace.token_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let record = record
        .into_iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "record"))
        .unwrap();
    let whole = std::fs::read(&record).unwrap();
    for broken in [&whole[..whole.len() / 2], b"", b"{}", b"\0\0\0\0"] {
        std::fs::write(&record, broken).unwrap();
        let (output, code) = workspace.run_shop();
        assert!(
            code == 5 && output.contains("is damaged"),
            "{code}: {output}"
        );
        assert_eq!(workspace.run(&["auth", "status"]).1, 5);
    }
    std::fs::write(&record, &whole).unwrap();
    assert_eq!(workspace.run_shop().1, 0);
    let mut stranger = workspace.ingam(&["run", "shop", "--env", "local"]);
    let output = stranger
        .env("INGAM_STORE_KEY", "A".repeat(43))
        .output()
        .unwrap();
    let (output, code) = super::output_and_code(&output);
    assert!(
        code == 5 && output.contains("cannot be decrypted with this key"),
        "{code}: {output}"
    );
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn only_its_user_can_read_a_store_and_a_looser_one_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let workspace = TestWorkspace::new();
    // Under a mask that takes nothing away.
    let login = format!(
        "umask 000; exec {} auth login shopee --env local --account sg --no-browser --plain-store",
        env!("CARGO_BIN_EXE_ingam")
    );
    let mut command = workspace.below("sh", &["-c", &login], &[]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut link = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.as_mut().unwrap()),
        &mut link,
    )
    .unwrap();
    assert_eq!(
        super::get(&super::anchor(&super::get(link.trim()).1, "shop_id=101")).0,
        200
    );
    assert!(child.wait().unwrap().success());
    let folder = workspace.token_folder();
    assert_eq!(
        folder.metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in &files {
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            file.display()
        );
    }
    set_mode(&folder, 0o750);
    let (output, code) = workspace.run_shop();
    assert!(
        code == 5
            && output.contains("can be read or changed by others")
            && output.contains("chmod 700"),
        "{output}"
    );
    set_mode(&folder, 0o700);
    let record = files
        .iter()
        .find(|file| file.extension().is_some_and(|ending| ending == "record"))
        .unwrap();
    set_mode(record, 0o644);
    let (output, code) = workspace.run_shop();
    assert!(code == 5 && output.contains("chmod 600"), "{output}");
    set_mode(record, 0o600);
    assert_eq!(workspace.run_shop().1, 0);
    std::os::unix::fs::symlink("/etc/passwd", folder.join("x.record")).unwrap();
    assert_eq!(
        workspace.run(&["auth", "status"]).1,
        5,
        "a link is not followed"
    );
}

/// Plain text is written by a flag alone, and the next write without it seals.
#[test]
fn tokens_are_sealed_unless_a_person_asks_for_plain_text() {
    let workspace = TestWorkspace::with_tokens();
    let token = workspace.run(&["auth", "token", "sg", "--env", "local"]).0;
    let holds = |token: &str| {
        let files = std::fs::read_dir(workspace.token_folder())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        files
            .into_iter()
            .any(|file| std::fs::read_to_string(file).is_ok_and(|text| text.contains(token.trim())))
    };
    assert!(!holds(&token));
    assert_eq!(
        workspace
            .run(&["auth", "refresh", "--env", "local", "--plain-store"])
            .1,
        0
    );
    let token = workspace.run(&["auth", "token", "sg", "--env", "local"]).0;
    assert!(holds(&token));
    assert_eq!(workspace.run(&["auth", "refresh", "--env", "local"]).1, 0);
    let token = workspace.run(&["auth", "token", "sg", "--env", "local"]).0;
    assert!(!holds(&token));
}
