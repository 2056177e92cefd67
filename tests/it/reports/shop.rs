//! One workspace whose run has every outcome, with answers that try to break every format.

use crate::program::{Folder, ingam, text};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

/// A unit as every report must show it: id, verdict, place of what decided, and what its message
/// says.
pub(super) struct Expected {
    pub id: &'static str,
    pub verdict: &'static str,
    pub place: &'static str,
    pub message: &'static str,
}

/// The one expected outcome, in the order of the plan.
pub(super) const EXPECTED: &[Expected] = &[
    Expected {
        id: "flow/세_steps",
        verdict: "fail",
        place: "requests/flow/세_steps.yaml:7:23",
        message: "status: expected 201 (number), got 200 (number)",
    },
    Expected {
        id: "nasty",
        verdict: "fail",
        place: "requests/nasty.yaml:5:8",
        message: "got {\"이름\":\"무선 이어폰\",\"markup\":\"<script>alert(1)</script> ]]> <!-- & \\\" ' %0A ::error::boo\"",
    },
    Expected {
        id: "pass",
        verdict: "pass",
        place: "requests/pass.yaml:1:1",
        message: "",
    },
    Expected {
        id: "refused",
        verdict: "error",
        place: "requests/refused.yaml:2:1",
        message: "cannot connect to 127.0.0.1:1",
    },
    Expected {
        id: "skipped",
        verdict: "skip",
        place: "requests/skipped.yaml:1:1",
        message: "later | #1, *not* <b>now</b>: 100% sure",
    },
];

/// Text of an answer, as JSON: markup of every format, an escape that would colour a terminal,
/// Korean.
pub(super) const NASTY: &str = r#"{"이름":"무선 이어폰","markup":"<script>alert(1)</script> ]]> <!-- & \" ' %0A ::error::boo","control":"\u001b[31mred\u0000\u0001\u202e","deep":{"list":[1,2,3]},"line":"a\r\nb # SKIP"}"#;

fn answer(stream: &mut TcpStream) {
    let mut buffer = [0; 8_192];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        let asked = String::from_utf8_lossy(&buffer[..read]).into_owned();
        let body = if asked.starts_with("GET /nasty") {
            NASTY
        } else {
            r#"{"ok":true}"#
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all((head + body).as_bytes());
    }
}

pub(super) fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || answer(&mut stream));
        }
    });
    origin
}

/// The workspace; nothing listens where `refused` goes.
pub(super) fn shop() -> Folder {
    let folder = Folder::new();
    let hosts = format!(
        "{{ none: \"{}\", coupang: \"http://127.0.0.1:1\" }}",
        server()
    );
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {hosts} }} }}\n"),
    );
    folder.write(
        "requests/pass.yaml",
        "scheme: none\ntags: [smoke]\nget: /pass\nquery: { q: 무선 }\nassert: { $.ok: true }\n",
    );
    let expected = r#"{ 이름: 유선, markup: "<b>", deep: { list: [1, 2, 4], more: 1 }, line: "a\r\nb # SKIP" }"#;
    folder.write(
        "requests/nasty.yaml",
        &format!(
            "scheme: none\nget: /nasty\nquery: {{ a: \"<i>]]>&::\" }}\nassert:\n  $: {{ equals: {expected} }}\n  $.control: x\n"
        ),
    );
    folder.write("requests/refused.yaml", "scheme: coupang\nget: /v2/x\n");
    folder.write(
        "requests/skipped.yaml",
        "scheme: none\nskip: \"later | #1, *not* <b>now</b>: 100% sure\"\nget: /pass\n",
    );
    folder.write(
        "requests/flow/세_steps.yaml",
        "scheme: none\nsteps:\n  - name: first\n    get: /pass/1\n  - name: second\n    get: /pass/2\n    assert: { status: 201 }\n  - name: third\n    get: /pass/3\n",
    );
    folder
}

/// Runs in it with keys of its own.
pub(super) fn run(folder: &Path, args: &[&str], more: &[(&str, &str)]) -> (String, String, i32) {
    let mut command = ingam(folder);
    command
        .env("INGAM_COUPANG__ACCESS_KEY", "access-key-1")
        .env("INGAM_COUPANG__SECRET_KEY", "secret-key-1");
    more.iter().for_each(|(name, value)| {
        command.env(name, value);
    });
    text(&command.args(args).output().unwrap())
}
