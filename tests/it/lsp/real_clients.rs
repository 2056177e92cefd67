//! Clients of other people: the protocol library of VS Code in Node, and Neovim. `tests/lsp/install.sh`
//! installs the first one; where one is missing, its test says so and passes, and in CI it fails.

use crate::program::{Folder, root};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Says that a client is not there; in CI that is a failure.
fn skip(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} is not installed");
    eprintln!("skipped: {what} is not installed");
}

fn is_there(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

#[test]
fn the_protocol_library_of_vs_code_drives_every_scenario() {
    let library = std::env::var_os("INGAM_LSP_CLIENT")
        .map_or_else(|| root().join("target/lsp-client"), PathBuf::from);
    if !is_there("node") || !library.join("node_modules/vscode-jsonrpc").is_dir() {
        return skip("vscode-languageserver-protocol (tests/lsp/install.sh)");
    }
    let output = Command::new("node")
        .arg(root().join("tests/lsp/node/client.mjs"))
        .arg(env!("CARGO_BIN_EXE_ingam"))
        .env("INGAM_LSP_CLIENT", &library)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let [count] = lines.as_slice() else {
        panic!("{text}{errors}");
    };
    let count: usize = count.strip_suffix(" scenarios").unwrap().parse().unwrap();
    assert!(count >= 60, "{count}");
}

#[test]
fn neovim_shows_faults_and_applies_a_fix() {
    if !is_there("nvim") {
        return skip("neovim");
    }
    let folder = Folder::new();
    folder.write("ingam.yaml", "vars: { page_size: 5 }\n");
    let text = "scheme: shopee\nget: /api/v2/shop/get_shop_info\nquery: { n: \"{{ page_size }}\" }\nasert: { status: 200 }\n";
    folder.write("requests/a.yaml", text);
    let place = folder.path().canonicalize().unwrap();
    let out = place.join("out.txt");
    let mut neovim = Command::new("nvim")
        .args(["--headless", "--clean", "-n", "-S"])
        .arg(root().join("tests/lsp/neovim.lua"))
        .env("INGAM_ROOT", &place)
        .env("INGAM_PROGRAM", env!("CARGO_BIN_EXE_ingam"))
        .env("INGAM_OUT", &out)
        .env("HOME", &place)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while neovim.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(60) {
            neovim.kill().unwrap();
            panic!("Neovim does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let found = std::fs::read_to_string(&out).unwrap();
    let expected = "4:1 a request has no key `asert`: unknown key\n\
         hover Shopee Open Platform v2\n\
         definition ingam.yaml 0\n\
         faults after the fix 0\n\
         assert: { status: 200 }\n\
         4:1 a request has no key `qery`: unknown key\n";
    assert_eq!(found, expected);
}
