//! The commands that `ingam explain` prints are run in a shell: what arrives is what ingam sends.

use super::program::{Folder, ingam, text};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

/// The request line, the headers that matter, and the body of what arrived.
#[derive(Debug, PartialEq, Eq)]
struct Arrived {
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

/// Reads whole requests and answers this means all accounts.
fn listener() -> (String, mpsc::Receiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = Vec::new();
            let mut buffer = [0; 8_192];
            let arrived = loop {
                let read = stream.read(&mut buffer).unwrap_or(0);
                bytes.extend_from_slice(&buffer[..read]);
                if let Some(arrived) = parse(&bytes) {
                    break Some(arrived);
                }
                if read == 0 {
                    break None;
                }
            };
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            if let Some(arrived) = arrived {
                sender.send(arrived).unwrap();
            }
        }
    });
    (origin, receiver)
}

fn parse(bytes: &[u8]) -> Option<Arrived> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    let headers: Vec<String> = headers.lines().map(str::to_owned).collect();
    let length = headers
        .iter()
        .find_map(|header| {
            let (name, value) = header.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().unwrap())
        })
        .unwrap_or(0);
    let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    // What each client says of itself.
    let own = ["host", "content-length", "accept-encoding", "connection"];
    let mut headers: Vec<String> = headers
        .into_iter()
        .filter(|header| {
            let name = header
                .split(':')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            !own.contains(&name.as_str())
        })
        .map(|header| {
            let (name, value) = header.split_once(':').unwrap_or((&header, ""));
            format!("{}:{}", name.to_ascii_lowercase(), value.trim())
        })
        .collect();
    headers.sort();
    Some(Arrived {
        line: line.to_owned(),
        headers,
        body,
    })
}

#[test]
fn the_printed_curl_sends_what_ingam_sends() {
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let bodies = [
        "post: /a\ntext: \"@/etc/hostname\"",
        "post: /a\ntext: \"@-\"",
        "post: /a\ntext: \"it's $HOME `id` \\\\ \\\" !! %0A\"",
        "post: /a\ntext: \"line\\nline\\r\\n\\ttab\\u001b[31m\\u202e\\u0007 end\"",
        "post: /a\njson: { a: \"@x\", b: [1.10, null], c: \"한글 ‹cred.key› ‹x.y›\" }",
        "post: /a\nform: { a: \"@x y&z\", b: [1, 2] }",
        "get: /items/[1-3]",
        "get: \"/items/{a,b}\"",
        "get: /items\nquery: { range: \"[1-3]\", set: \"{a,b}\", amp: \"a&b=c d\", hash: \"#\" }",
        "get: /a/%2e%2e/b",
        "head: /a",
        "put: /a\njson: {}",
        "patch: /a\ntext: x",
        "delete: /a",
        "get: /a\nheaders: { X-Empty: \"\", X-Quote: \"it's \\\"$x\\\" !\", X-At: \"@/etc/hostname\" }",
        "post: /a\nmultipart: { a: \"@x\", b: \"; type=text/x\" }",
    ];
    let (origin, arrived) = listener();
    for body in bodies {
        let folder = Folder::new();
        folder.write(
            "ingam.yaml",
            &format!("envs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
        );
        folder.write("requests/a.yaml", &format!("scheme: none\n{body}\n"));
        // The text of a multipart body has a new boundary each time.
        let (stdout, stderr, code) = text(
            &ingam(folder.path())
                .args(["explain", "a", "--env", "local"])
                .output()
                .unwrap(),
        );
        if code == 3 {
            // A path that no client sends as it is; then there is nothing to compare.
            assert!(
                stderr.contains("a path") || stderr.contains("header"),
                "{body}: {stderr}"
            );
            continue;
        }
        let command = stdout.split_once("as curl\n").unwrap().1;
        let exported = text(
            &ingam(folder.path())
                .args(["export", "curl", "a", "--env", "local"])
                .output()
                .unwrap(),
        );
        assert_eq!(exported.2, 0, "{}", exported.1);
        if !body.contains("multipart") {
            let unindented = |command: &str| -> String {
                command
                    .lines()
                    .map(str::trim_start)
                    .collect::<Vec<_>>()
                    .join("\n")
            };
            assert_eq!(
                unindented(exported.0.trim_end()),
                unindented(command.trim())
            );
        }
        let curl = Command::new("bash")
            .arg("-c")
            .arg(format!("{} -s", command.trim_end()))
            .output()
            .unwrap();
        assert!(
            curl.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&curl.stderr)
        );
        let of_curl = arrived.recv_timeout(Duration::from_secs(20)).unwrap();
        let output = ingam(folder.path())
            .args(["run", "--env", "local"])
            .output()
            .unwrap();
        let of_ingam = arrived.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(of_curl.line, of_ingam.line, "{command}");
        if !body.contains("multipart") {
            assert_eq!(of_curl.headers, of_ingam.headers, "{command}");
            assert_eq!(
                String::from_utf8_lossy(&of_curl.body),
                String::from_utf8_lossy(&of_ingam.body),
                "{command} {}",
                text(&output).0
            );
        }
        assert!(
            arrived.try_recv().is_err(),
            "{command} sent more than one request"
        );
    }
}

/// Nothing is set up for an explanation, so the value of a fixture is a placeholder, and no
/// variable of the environment.
#[test]
fn the_value_of_a_fixture_is_no_variable() {
    let folder = Folder::new();
    folder.write("fixtures/item.yaml", "values: { token: abc }\n");
    folder.write(
        "requests/a.yaml",
        "scheme: none\nneeds: item\npost: /a\ntext: \"{{ item.token }}\"\n",
    );
    let (stdout, stderr, code) = text(
        &ingam(folder.path())
            .args(["explain", "a"])
            .output()
            .unwrap(),
    );
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("--data-raw '‹item.token›'"), "{stdout}");
}
