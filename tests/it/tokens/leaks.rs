//! No secret, no token and nothing derived from them in any output, file, argument or foreign
//! environment.

use super::super::secrets::forms;
use super::{PARTNER_KEY, TestWorkspace};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Every byte of every file below a folder, as text.
fn texts(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            texts(&path, out);
        } else if let Ok(bytes) = std::fs::read(&path) {
            out.push((
                path.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            ));
        }
    }
}

/// Whether the parent of a process is one of this workspace, by its environment; other tests have
/// helpers, too.
fn is_of(process: &Path, workspace: &TestWorkspace) -> bool {
    let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
    let parent = status
        .lines()
        .find_map(|line| line.strip_prefix("PPid:"))
        .map(str::trim)
        .unwrap_or_default();
    match std::fs::read(format!("/proc/{parent}/environ")) {
        Ok(environ) => {
            String::from_utf8_lossy(&environ).contains(workspace.home().to_str().unwrap())
        }
        // The program is not dumpable, so that only root may look: whose helper it is cannot be
        // told, and its environment cannot be read either.
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
    }
}

/// Arguments and environment of every helper, as long as `watching`.
fn watch(watching: &AtomicBool, workspace: &TestWorkspace) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    while watching.load(Ordering::Acquire) {
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let read = |name: &str| {
                std::fs::read(entry.path().join(name))
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            };
            let Ok(arguments) = read("cmdline") else {
                continue;
            };
            if arguments.contains("ingam") {
                if arguments.contains("renew-helper") && is_of(&entry.path(), workspace) {
                    seen.push((
                        "the environment of the helper".to_owned(),
                        read("environ").unwrap_or_default(),
                    ));
                }
                seen.push(("arguments".to_owned(), arguments));
            }
        }
    }
    seen
}

#[test]
fn nothing_secret_is_in_any_output_file_argument_or_environment() {
    let workspace = TestWorkspace::new();
    let watching = AtomicBool::new(true);
    let (mut seen, mut secrets) = (Vec::new(), vec![PARTNER_KEY.to_owned()]);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&watching, &workspace));
        let mut keep = |what: &str, output: String| seen.push((what.to_owned(), output));
        let token = || {
            workspace
                .run(&["auth", "token", "sg", "--env", "local"])
                .0
                .trim()
                .to_owned()
        };
        keep("login", workspace.login("sg", "shop_id=101"));
        secrets.push(token());
        for act in [
            "expire?what=access",
            "lose?answers=1",
            "expire?what=refresh",
            "revoke",
        ] {
            workspace.control(act);
            workspace.control("expire?what=access");
            keep(
                act,
                workspace.run(&["run", "shop", "--env", "local", "-v"]).0,
            );
            keep(
                "refresh",
                workspace.run(&["auth", "refresh", "--env", "local"]).0,
            );
            keep("status", workspace.run(&["auth", "status"]).0);
            keep("login", workspace.login("sg", "shop_id=101"));
            secrets.push(token());
        }
        keep(
            "explain",
            workspace.run(&["explain", "shop", "--env", "local"]).0,
        );
        keep(
            "main account",
            workspace.try_login(&[], "main_account_id").0,
        );
        keep(
            "all",
            workspace.run(&["run", "all", "--env", "local", "-v"]).0,
        );
        secrets.push(token());
        watching.store(false, Ordering::Release);
        seen.extend(watcher.join().unwrap());
    });
    texts(workspace.folder.path(), &mut seen);
    assert!(
        seen.iter().any(|(what, _)| what.contains("helper")) || cfg!(not(target_os = "linux")),
        "no helper was seen"
    );
    assert!(seen.iter().any(|(what, _)| what.ends_with(".record")));
    for secret in &secrets {
        assert!(secret.len() > 20, "{secrets:?}");
        for form in forms(secret) {
            for (what, text) in &seen {
                assert!(!text.contains(&form), "{what} holds {form}:\n{text}");
            }
        }
    }
}

/// The refresh tokens, which no command prints: what the marketplace gave is searched for by its
/// own mark.
#[test]
fn no_refresh_token_leaves_the_store() {
    let workspace = TestWorkspace::with_tokens();
    workspace.control("expire?what=access");
    let mut seen = vec![(
        "run".to_owned(),
        workspace.run(&["run", "shop", "--env", "local", "-v"]).0,
    )];
    seen.push((
        "refresh".to_owned(),
        workspace.run(&["auth", "refresh", "--env", "local"]).0,
    ));
    seen.push(("status".to_owned(), workspace.run(&["auth", "status"]).0));
    texts(workspace.folder.path(), &mut seen);
    for (what, text) in &seen {
        assert!(!text.contains("sandbox-shop-refresh"), "{what}: {text}");
    }
}
