//! Starting the sandbox from a script, and its end.

use super::super::program::{Folder, text};
use super::{StartedSandbox, command, get, read, refused};
use std::process::{Command, Stdio};

const NAVER_SALT: &str = "$2a$04$";

#[test]
fn the_first_line_of_json_holds_addresses_and_keys() {
    let folder = Folder::new();
    let args = ["--scheme", "naver-commerce", "--port", "0"];
    let mut sandbox = StartedSandbox::start(&folder, &args);
    let line = &sandbox.line;
    assert_eq!(line["event"], "listening");
    let market = &line["schemes"]["naver-commerce"];
    assert!(sandbox.url("naver-commerce").ends_with("/external"));
    let keys = market["accounts"]["default"].as_object().unwrap();
    assert!(
        keys["client_secret"]
            .as_str()
            .unwrap()
            .starts_with(NAVER_SALT)
    );
    assert!(keys.values().all(serde_json::Value::is_string), "{keys:?}");
    assert_eq!(sandbox.end(), 0);
}

/// What a shell has of a file of variables.
fn in_a_shell(path: &std::path::Path) -> Vec<(String, String)> {
    let script = "set -a; . \"$0\"; exec env -0";
    let output = Command::new("sh")
        .args(["-eu", "-c", script])
        .arg(path)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.filter(|(name, _)| name.starts_with("INGAM_"));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The values of a file by the rules of docker compose (compose-go, `dotenv`): between single
/// quotes everything is literal, and without quotes `$` and `#` mean something.
fn in_compose(text: &str) -> Vec<(String, String)> {
    let (mut pairs, mut rest) = (Vec::new(), text);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('\'') {
            Some(quoted) => {
                let (value, after) = quoted.split_once('\'').unwrap();
                assert!(!value.ends_with('\\'));
                (value, after.strip_prefix('\n').unwrap())
            }
            None => {
                let (value, after) = after.split_once('\n').unwrap();
                assert!(!value.contains(['$', '#', '"', '\\', ' ']), "{value}");
                (value, after)
            }
        };
        pairs.push((name.to_owned(), value.to_owned()));
        rest = after;
    }
    pairs
}

#[cfg(unix)]
#[test]
fn a_shell_and_compose_read_every_key_of_every_scheme_from_the_env_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.path().join("keys/sandbox.env");
    let args = ["--port", "0", "--env-file", "keys/sandbox.env"];
    let mut sandbox = StartedSandbox::start(&folder, &args);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut expected = Vec::new();
    for (scheme, market) in sandbox.line["schemes"].as_object().unwrap() {
        let upper = scheme.to_uppercase().replace(['-', '.'], "_");
        let url = market["base_url"].as_str().unwrap();
        expected.push((format!("INGAM_HOST_{upper}"), url.to_owned()));
        for (name, value) in market["accounts"]["default"].as_object().unwrap() {
            let name = name.to_uppercase();
            let value = value.as_str().unwrap();
            expected.push((format!("INGAM_{upper}__{name}"), value.to_owned()));
        }
    }
    expected.sort();
    assert!(expected.iter().any(|(_, value)| value.contains('$')));
    let mut shell = in_a_shell(&path);
    shell.sort();
    assert_eq!(shell, expected);
    let mut compose = in_compose(&read(&path));
    compose.sort();
    assert_eq!(compose, expected);
    // The keys stay true, so the file stays.
    assert_eq!(sandbox.end(), 0);
    assert!(path.exists());
}

#[test]
fn several_accounts_have_their_names_in_the_env_file() {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "envs:\n  sandbox:\n    accounts:\n      shopee:\n        sg: { shop_id: 1 }\n        vn: { shop_id: 2 }\n",
    );
    let args = ["--scheme", "shopee", "--port", "0", "--env-file", "k.env"];
    let _sandbox = StartedSandbox::start(&folder, &args);
    let text = read(&folder.path().join("k.env"));
    assert!(text.contains("INGAM_SHOPEE__SG__SHOP_ID=1\n"), "{text}");
    assert!(text.contains("INGAM_SHOPEE__VN__SHOP_ID=2\n"), "{text}");
}

#[test]
fn the_ready_file_is_there_as_long_as_requests_are_accepted() {
    let folder = Folder::new();
    let path = folder.path().join("ready.json");
    // The file of a sandbox that was killed.
    folder.write("ready.json", "{\"event\":\"listening\",\"schemes\":{}}\n");
    let args = ["--scheme", "shopee", "--port", "0"];
    let ready = ["--ready-file", "ready.json"];
    let mut process = command(&folder, &[&args[..], &ready[..]].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let line: serde_json::Value = loop {
        // Never half a file; and the old one names no scheme.
        match std::fs::read_to_string(&path) {
            Ok(text) if text.contains("shopee") => break serde_json::from_str(&text).unwrap(),
            _ if std::time::Instant::now() > deadline => panic!("never ready"),
            _ => std::thread::yield_now(),
        }
    };
    let url = line["schemes"]["shopee"]["base_url"].as_str().unwrap();
    let authority = url.strip_prefix("http://").unwrap();
    assert_eq!(get(authority, authority, "/api/v2/x").0, 200);
    Command::new("kill")
        .arg(process.id().to_string())
        .status()
        .unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(143));
    assert!(!path.exists());
}

#[test]
fn a_sandbox_that_cannot_start_leaves_no_ready_file() {
    let folder = Folder::new();
    folder.write("ready.json", "{\"event\":\"listening\"}\n");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let args = ["--port", &port, "--ready-file", "ready.json"];
    let (_, code) = refused(&folder, &args);
    assert_eq!(code, 5);
    assert!(!folder.path().join("ready.json").exists());
}

#[test]
fn a_file_that_no_sandbox_wrote_is_not_overwritten() {
    let folder = Folder::new();
    let path = folder.write("notes.txt", "mine");
    let (said, code) = refused(&folder, &["--port", "0", "--ready-file", "notes.txt"]);
    let said = said.replace(&path.display().to_string(), "PATH");
    assert_eq!(
        said,
        "error: `--ready-file PATH` is a file that ingam did not write\n\
         help: it would be overwritten and deleted: choose another file, or delete this one\n"
    );
    assert_eq!(code, 2);
    assert_eq!(read(&path), "mine");
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_before_anything_is_printed() {
    let folder = Folder::new();
    // A folder cannot be made below a file.
    folder.write("file", "");
    for flag in ["--env-file", "--ready-file"] {
        let args = ["--scheme", "shopee", "--port", "0", flag, "file/below"];
        let output = command(&folder, &args).output().unwrap();
        let (_, said, code) = text(&output);
        assert!(said.starts_with("error: `"), "{said}");
        assert!(said.contains(flag) && said.contains("file/below"), "{said}");
        assert!(said.contains("help: choose a file in a folder that you can write to"));
        assert_eq!(code, 5, "{said}");
    }
}

/// A `.env` with real keys is not lost to a slip of the keyboard.
#[test]
fn a_file_of_somebody_else_is_not_overwritten() {
    let folder = Folder::new();
    for (written, is_refused) in [
        ("INGAM_SHOPEE__PARTNER_KEY=a-real-key\n", true),
        ("hello\n", true),
        ("INGAM_HOST_SHOPEE=http://127.0.0.1:1\n# mine\n", true),
        (
            "INGAM_HOST_SHOPEE=http://127.0.0.1:1\nINGAM_SHOPEE__PARTNER_ID=1\n",
            false,
        ),
        ("", false),
    ] {
        let path = folder.write("k.env", written);
        let args = ["--scheme", "shopee", "--port", "0", "--env-file", "k.env"];
        let output = command(&folder, &args).arg("--until-eof").output().unwrap();
        let (_, said, code) = text(&output);
        assert_eq!(code, if is_refused { 2 } else { 0 }, "{written:?}: {said}");
        assert_eq!(read(&path) == written, is_refused, "{written:?}");
    }
}

#[test]
fn the_first_scheme_that_is_named_gets_the_first_port() {
    let folder = Folder::new();
    let args = [
        "--scheme", "shopee", "--scheme", "lazada", "--port", "29871",
    ];
    let sandbox = StartedSandbox::start(&folder, &args);
    let url = |scheme: &str| {
        sandbox.line["schemes"][scheme]["base_url"]
            .as_str()
            .unwrap()
    };
    assert!(url("shopee").contains(":29871"), "{}", url("shopee"));
    assert!(url("lazada").contains(":29872"), "{}", url("lazada"));
}

#[test]
fn a_key_that_a_shell_would_read_otherwise_is_not_written() {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "envs:\n  sandbox:\n    accounts:\n      shopee: { sg: { shop_id: \"it's\" } }\n",
    );
    let args = ["--scheme", "shopee", "--port", "0", "--env-file", "k.env"];
    let (said, code) = refused(&folder, &args);
    assert_eq!(
        said,
        "error: the value of INGAM_SHOPEE__SHOP_ID cannot be written to an env file: it has a `'`, or a `\\` at its end\n\
         help: a shell and docker compose would read it differently: use `--json` or `--ready-file` instead\n"
    );
    assert_eq!(code, 5);
    assert!(!folder.path().join("k.env").exists());
}

#[test]
fn the_sandbox_ends_with_the_program_that_started_it() {
    let folder = Folder::new();
    let args = ["--scheme", "shopee", "--port", "0"];
    // Standard input is at its end: it listens, says so, and ends.
    let output = command(&folder, &args)
        .args(["--json", "--until-eof"])
        .output()
        .unwrap();
    let (out, err, code) = text(&output);
    assert!(
        out.starts_with("{\"event\":\"listening\",\"schemes\":{\"shopee\":"),
        "{out}"
    );
    assert_eq!((err.as_str(), code), ("", 0));
    // Until then it stays, whatever is written.
    let mut sandbox = StartedSandbox::start(&folder, &args);
    let stdin = sandbox.stdin.as_mut().unwrap();
    std::io::Write::write_all(stdin, b"stay\n").unwrap();
    let authority = sandbox.authority("shopee");
    assert_eq!(get(&authority, &authority, "/api/v2/x").0, 200);
    assert_eq!(sandbox.end(), 0);
}
