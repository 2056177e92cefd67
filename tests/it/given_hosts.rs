//! Hosts that whoever runs it puts in the place of those of a scheme: `--host`,
//! `INGAM_HOST_<SCHEME>`, `ingam trust --host` and `INGAM_TRUST_HOSTS`.

use super::program::{Folder, ingam, text};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A marketplace that accepts everything, and the first lines of what it was sent.
fn marketplace() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 8_192];
            let count = stream.read(&mut buffer).unwrap_or(0);
            let head = String::from_utf8_lossy(&buffer[..count]).into_owned();
            log.lock()
                .unwrap()
                .push(head.lines().next().unwrap_or_default().to_owned());
            let body = r#"{"code":"SUCCESS","id":7}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (origin, seen)
}

fn workspace() -> Folder {
    let folder = Folder::new();
    folder.write("requests/one.yaml", "scheme: coupang\nget: /v2/x\n");
    folder
}

fn run(folder: &Folder, args: &[&str], more: &[(&str, &str)]) -> (String, i32) {
    let mut command = ingam(folder.path());
    command
        .env("INGAM_COUPANG__ACCESS_KEY", "access-key-1")
        .env("INGAM_COUPANG__SECRET_KEY", "secret-key-1")
        .envs(more.iter().copied());
    let (stdout, stderr, code) = text(&command.args(args).output().unwrap());
    (format!("{stdout}{stderr}"), code)
}

#[test]
fn a_host_on_the_loopback_interface_needs_no_word_and_is_named_in_the_first_line() {
    let (origin, seen) = marketplace();
    let folder = workspace();
    let host = format!("coupang={origin}");
    let (output, code) = run(&folder, &["run", "--env", "live", "--host", &host], &[]);
    assert_eq!(code, 0, "{output}");
    let first = format!("ingam 1 request file in environment live, coupang at {origin}\n");
    assert!(output.starts_with(&first), "{output}");
    assert_eq!(*seen.lock().unwrap(), ["GET /v2/x HTTP/1.1"]);
    // The variable does the same, and the argument goes over it.
    let variable = [("INGAM_HOST_COUPANG", origin.as_str())];
    let (output, code) = run(&folder, &["run", "--env", "live"], &variable);
    assert!(code == 0 && output.starts_with(&first), "{code}: {output}");
    let wrong = [("INGAM_HOST_COUPANG", "http://127.0.0.1:1")];
    let (output, code) = run(&folder, &["run", "--env", "live", "--host", &host], &wrong);
    assert!(code == 0 && output.starts_with(&first), "{code}: {output}");
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[test]
fn reports_name_the_host() {
    let (origin, _) = marketplace();
    let folder = workspace();
    let host = format!("coupang={origin}");
    let args = [
        "run", "--env", "live", "--host", &host, "--report", "json=-",
    ];
    let (output, code) = run(&folder, &args, &[]);
    let named = format!("live, coupang at {origin}");
    assert!(code == 0 && output.contains(&named), "{code}: {output}");
}

#[test]
fn another_host_gets_a_secret_only_after_a_person_has_allowed_its_pattern() {
    let folder = workspace();
    let args = [
        "run",
        "--env",
        "live",
        "--host",
        "coupang=https://pr-7.review.invalid",
        "--timeout",
        "20s",
    ];
    let (output, code) = run(&folder, &args, &[]);
    assert!(
        code == 6 && output.contains("`ingam trust --host coupang=pr-7.review.invalid`"),
        "{code}: {output}"
    );
    // Neither another scheme's pattern nor one of another host allows it.
    for pattern in ["naver-commerce=*.review.invalid", "coupang=*.other.invalid"] {
        let (output, code) = run(&folder, &args, &[("INGAM_TRUST_HOSTS", pattern)]);
        assert_eq!(code, 6, "{pattern}: {output}");
    }
    let allowed = [(
        "INGAM_TRUST_HOSTS",
        "naver-commerce=api.test.invalid, coupang=*.review.invalid",
    )];
    let (output, code) = run(&folder, &args, &allowed);
    assert!(
        code == 5 && output.contains("cannot connect to pr-7.review.invalid"),
        "{code}: {output}"
    );
    // Kept on this machine.
    let pattern = "coupang=*.review.invalid";
    let (output, code) = run(&folder, &["trust", "--host", pattern, "--yes"], &[]);
    assert_eq!(code, 0, "{output}");
    let (output, code) = run(&folder, &args, &[]);
    assert_eq!(code, 5, "{output}");
    // For this workspace alone.
    let other = workspace();
    assert_eq!(run(&other, &args, &[]).1, 6);
    // What was allowed for `--host` is not allowed to the files.
    folder.write(
        "ingam.yaml",
        "envs: { mine: { hosts: { coupang: \"https://pr-7.review.invalid\" } } }\n",
    );
    let (output, code) = run(&folder, &["run", "--env", "mine"], &[]);
    assert!(
        code == 6 && output.contains("`ingam trust --env mine`"),
        "{code}: {output}"
    );
}

#[test]
fn a_request_without_secrets_needs_no_word_for_a_host_of_the_command_line() {
    let folder = Folder::new();
    folder.write("requests/a.yaml", "scheme: none\nget: /a\n");
    let run_at = |host: &str| {
        let host = format!("none={host}");
        run(&folder, &["run", "--env", "live", "--host", &host], &[])
    };
    let hosts = ["https://shop.review.invalid", "http://shop.review.invalid"];
    for host in hosts {
        let (output, code) = run_at(host);
        assert!(
            code == 5 && output.contains("cannot connect to shop.review.invalid"),
            "{code}: {output}"
        );
    }
    folder.write(
        "requests/a.yaml",
        "scheme: none\nget: /a\nheaders: { X-Key: \"{{ secret.shop_key }}\" }\n",
    );
    folder.write(".env", "INGAM_SECRET_SHOP_KEY=key-93kd93kd93kd93kd\n");
    for host in hosts {
        let (output, code) = run_at(host);
        assert_eq!(code, 6, "{output}");
    }
}

#[test]
fn the_sandbox_has_its_own_hosts() {
    let folder = workspace();
    let (output, code) = run(
        &folder,
        &["run", "--host", "coupang=http://127.0.0.1:9"],
        &[],
    );
    assert!(
        code == 2 && output.contains("`--host` is not available in the sandbox"),
        "{code}: {output}"
    );
    // Nothing is recorded here, and so it ends with 8: the sandbox was asked.
    let variable = [("INGAM_HOST_COUPANG", "http://127.0.0.1:9")];
    let (output, code) = run(&folder, &["run"], &variable);
    assert!(
        code == 8 && !output.contains("127.0.0.1:9"),
        "{code}: {output}"
    );
}

#[test]
fn a_wrong_host_is_refused_before_anything_is_sent() {
    let folder = workspace();
    for (argument, reason) in [
        ("coupan=https://a.example.com", "did you mean `coupang`?"),
        ("https://a.example.com", "needs SCHEME=URL"),
        ("coupang=a.example.com", "is not a URL"),
        ("coupang=https://a@b.example.com", "names a user"),
        ("coupang=https://a.example.com?x", "has a query"),
        ("coupang=http://a.example.com", "without encryption"),
        ("coupang=ftp://a.example.com", "neither `http` nor `https`"),
    ] {
        let (output, code) = run(&folder, &["run", "--env", "live", "--host", argument], &[]);
        assert!(
            code == 2 && output.contains(reason),
            "{argument}: {code}: {output}"
        );
    }
    let (output, code) = run(
        &folder,
        &[
            "explain",
            "one",
            "--env",
            "live",
            "--host",
            "coupang=https://a.example.com",
            "--host",
            "coupang=https://b.example.com",
        ],
        &[],
    );
    assert!(
        code == 2 && output.contains("sets two hosts"),
        "{code}: {output}"
    );
    for pattern in [
        "coupang=*",
        "coupang=*.com",
        "coupang=127.0.0.1",
        "coupang",
        "x=*.a.example",
    ] {
        let (output, code) = run(&folder, &["trust", "--host", pattern, "--yes"], &[]);
        assert_eq!(code, 2, "{pattern}: {output}");
        let variable = [("INGAM_TRUST_HOSTS", pattern)];
        let (output, code) = run(&folder, &["run", "--env", "live"], &variable);
        assert_eq!(code, 2, "{pattern}: {output}");
    }
}

#[test]
fn a_variable_that_nothing_reads_is_named() {
    let (origin, _) = marketplace();
    let folder = workspace();
    let host = format!("coupang={origin}");
    let args = ["run", "--env", "live", "--host", &host];
    let (output, code) = run(&folder, &args, &[("INGAM_HOST_COUPAN", &origin)]);
    assert!(
        code == 0
            && output.contains("`INGAM_HOST_COUPAN` has no effect")
            && output.contains("did you mean `coupang`?"),
        "{code}: {output}"
    );
    // A folder from somebody else cannot redirect what it is signed with.
    folder.write(
        ".env",
        "INGAM_HOST_COUPANG=https://a.example.com\nINGAM_TRUST_HOSTS=coupang=a.example.com\n",
    );
    let (output, code) = run(&folder, &args, &[]);
    assert!(
        code == 0 && output.contains("`INGAM_HOST_COUPANG` has no effect in a file"),
        "{code}: {output}"
    );
}

#[test]
fn an_explanation_shows_the_host_that_was_given() {
    let folder = workspace();
    let args = [
        "explain",
        "one",
        "--env",
        "live",
        "--host",
        "coupang=https://a.example.com/gateway",
    ];
    let (output, code) = run(&folder, &args, &[]);
    assert!(
        code == 0 && output.contains("https://a.example.com/gateway/v2/x"),
        "{code}: {output}"
    );
}

#[test]
fn plain_http_needs_its_key_and_the_word_of_a_person() {
    let folder = workspace();
    let hosts = "hosts: { coupang: \"http://10.255.255.1:9\" }";
    folder.write("ingam.yaml", &format!("envs: {{ lan: {{ {hosts} }} }}\n"));
    let (output, code) = run(&folder, &["run", "--env", "lan"], &[]);
    assert!(
        code == 3 && output.contains("`plain_http: true`"),
        "{code}: {output}"
    );
    folder.write(
        "ingam.yaml",
        &format!("envs: {{ lan: {{ {hosts}, plain_http: true }} }}\n"),
    );
    let (output, code) = run(&folder, &["run", "--env", "lan"], &[]);
    assert!(
        code == 6 && output.contains("http://10.255.255.1:9, without encryption,"),
        "{code}: {output}"
    );
}

#[test]
fn what_was_made_at_a_given_host_is_undone_there_or_not_at_all() {
    let (origin, seen) = marketplace();
    let (other, seen_by_other) = marketplace();
    let folder = Folder::new();
    folder.write(
        "fixtures/item.yaml",
        "scope: run\nsteps:\n  - name: add\n    scheme: coupang\n    post: /v2/items\n    capture: { id: $.id }\n    undo: { scheme: coupang, delete: \"/v2/items/{{ id }}\" }\nvalues: { id: \"{{ id }}\" }\n",
    );
    folder.write(
        "requests/one.yaml",
        "scheme: coupang\nneeds: [item]\nget: \"/v2/items/{{ item.id }}\"\n",
    );
    let host = format!("coupang={origin}");
    let (output, code) = run(
        &folder,
        &["run", "--env", "live", "--keep", "--host", &host],
        &[],
    );
    assert_eq!(code, 0, "{output}");
    for variable in [None, Some(("INGAM_HOST_COUPANG", other.as_str()))] {
        let (output, code) = run(&folder, &["cleanup"], variable.as_slice());
        assert!(
            code == 5 && output.contains(&format!("set INGAM_HOST_COUPANG={origin}")),
            "{code}: {output}"
        );
    }
    assert!(seen_by_other.lock().unwrap().is_empty());
    let (output, code) = run(&folder, &["cleanup"], &[("INGAM_HOST_COUPANG", &origin)]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(
        seen.lock().unwrap().last().unwrap(),
        "DELETE /v2/items/7 HTTP/1.1"
    );
}
