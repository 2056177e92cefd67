//! Responses that steps write to files: where they may lie, what they may replace, and what is
//! never written.

use super::program::{Folder, ingam, text};
use std::io::{Read, Write};
use std::net::TcpListener;

/// A server that answers with a JSON object at `/id`, and everywhere else with `body`.
fn server(id: &str, body: &[u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let id = format!("{{\"id\":{}}}", serde_json::Value::from(id)).into_bytes();
    let body = body.to_vec();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 8_192];
            let count = stream.read(&mut buffer).unwrap_or(0);
            let is_id = buffer[..count].starts_with(b"GET /id ");
            let body = if is_id { &id } else { &body };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body);
        }
    });
    origin
}

/// A workspace with a flow that captures `id` and writes the next response to `output`.
fn workspace(origin: &str, output: &str, more: &str) -> Folder {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
    );
    folder.write(
        "requests/label.yaml",
        &format!(
            "scheme: none\nsteps:\n  - name: id\n    get: /id\n    capture: {{ id: $.id }}\n  - name: label\n    get: /label\n    output: {output}\n{more}"
        ),
    );
    folder
}

fn run(folder: &Folder, args: &[&str]) -> (String, i32) {
    let (stdout, stderr, code) = text(&ingam(folder.path()).args(args).output().unwrap());
    (format!("{stdout}{stderr}"), code)
}

/// Every file below a folder, without those of ingam itself.
fn files(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(folder)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() && !path.is_symlink() {
                waiting.push(path);
            } else if !name.starts_with(".ingam-outputs") {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

const PDF: &[u8] = b"%PDF-1.7\n\xe2\xe3\xcf\xd3\nlabel\n%%EOF\n";

#[test]
fn a_response_is_written_whole_and_for_its_user_alone() {
    let origin = server("2611-A1", PDF);
    let folder = workspace(&origin, "\"labels/label-{{ id }}.pdf\"", "");
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 0
            && output.contains(
                "note: the response was written to out/labels/label-2611-A1.pdf (26 bytes)"
            ),
        "{code}: {output}"
    );
    let out = folder.path().join("out");
    assert_eq!(files(&out), [".gitignore", "labels/label-2611-A1.pdf"]);
    let path = out.join("labels/label-2611-A1.pdf");
    assert_eq!(std::fs::read(&path).unwrap(), PDF);
    assert_eq!(
        std::fs::read_to_string(out.join(".gitignore")).unwrap(),
        "*\n"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    // Its own file is replaced by the next run.
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 0, "{output}");
    // One that somebody changed is not, and nothing is sent.
    std::fs::write(&path, b"notes").unwrap();
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 5
            && output.contains("was changed after ingam wrote it")
            && output.contains("`--overwrite`"),
        "{code}: {output}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"notes");
    let (output, code) = run(&folder, &["run", "--overwrite"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(std::fs::read(&path).unwrap(), PDF);
}

#[test]
fn a_file_of_somebody_else_is_not_replaced() {
    let origin = server("7", PDF);
    let folder = workspace(&origin, "\"{{ id }}.pdf\"", "");
    folder.write("out/7.pdf", "mine");
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 5 && output.contains("already exists, and ingam did not write it"),
        "{code}: {output}"
    );
    assert_eq!(
        std::fs::read(folder.path().join("out/7.pdf")).unwrap(),
        b"mine"
    );
}

/// A value of a response that tries to lead elsewhere: nothing is written anywhere.
#[test]
fn a_captured_value_never_leaves_the_folder() {
    for id in [
        "../evil",
        "..",
        ".",
        "../../etc/passwd",
        "/etc/passwd",
        "a/../../b",
        "a/b",
        "\\evil",
        "..\\evil",
        "C:\\evil",
        "c:evil",
        "\\\\host\\share",
        ".env",
        ".git",
        "a\0b",
        "a\nb",
        "a\u{202e}b",
        "a\u{200b}",
        "con",
        "NUL",
        "aux.txt",
        "COM1",
        "lpt9.log",
        "a*",
        "a?",
        "a|b",
        "a<b",
        "a\"b",
        "",
        "~/evil/..",
        "%2e%2e/evil",
        "．．/evil",
        "a::$DATA",
        "a ",
        "x.",
    ] {
        let origin = server(id, b"evil");
        // The name is the value itself: nothing else in it makes it harmless.
        let folder = workspace(&origin, "\"{{ id }}\"", "");
        let before = files(folder.path());
        let (output, code) = run(&folder, &["run"]);
        assert_eq!(code, 3, "{id:?}: {output}");
        assert_eq!(files(folder.path()), before, "{id:?}");
        let (output, code) = run(&folder, &["run", "--out", "elsewhere", "--overwrite"]);
        assert_eq!(code, 3, "{id:?}: {output}");
        assert_eq!(files(folder.path()), before, "{id:?}");
    }
    // What only looks like it is a name as any other.
    let origin = server("%2e%2e-a", b"good");
    let folder = workspace(&origin, "\"{{ id }}\"", "");
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(
        files(&folder.path().join("out")),
        ["%2e%2e-a", ".gitignore"]
    );
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let origin = server("7", PDF);
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("target.pdf");
    std::fs::write(&target, b"precious").unwrap();
    // The folder, a folder in it, and the file itself.
    let make = [
        ("out", elsewhere.path().to_owned()),
        ("out/labels", elsewhere.path().to_owned()),
        ("out/labels/target.pdf", target.clone()),
        (
            "out/labels/target.pdf",
            elsewhere.path().join("missing.pdf"),
        ),
    ];
    for (link, to) in make {
        let folder = workspace(&origin, "labels/target.pdf", "");
        let link = folder.path().join(link);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(to, &link).unwrap();
        for args in [&["run"][..], &["run", "--overwrite"]] {
            let (output, code) = run(&folder, args);
            assert!(
                code == 5 && output.contains("ingam does not follow links"),
                "{}: {code}: {output}",
                link.display()
            );
        }
    }
    assert_eq!(std::fs::read(&target).unwrap(), b"precious");
    assert_eq!(files(elsewhere.path()), ["target.pdf"]);
}

#[test]
fn a_response_with_a_credential_or_a_token_is_not_written() {
    let folder = Folder::new();
    let origin = server("7", br#"{"code":"SUCCESS","echo":"secret-key-of-a-user"}"#);
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ coupang: \"{origin}\", none: \"{origin}\" }} }} }}\n"),
    );
    folder.write(
        "requests/echo.yaml",
        "scheme: coupang\nget: /v2/echo\noutput: echo.json\n",
    );
    let (stdout, stderr, code) = text(
        &ingam(folder.path())
            .env("INGAM_COUPANG__ACCESS_KEY", "access-key-1")
            .env("INGAM_COUPANG__SECRET_KEY", "secret-key-of-a-user")
            .arg("run")
            .output()
            .unwrap(),
    );
    assert!(
        code == 5 && stdout.contains("it contains a credential or a token"),
        "{code}: {stdout}{stderr}"
    );
    assert!(!folder.path().join("out").exists());
    let origin = server("7", br#"{"access_token":"a-token-of-somebody-1"}"#);
    let folder = workspace(&origin, "token.json", "");
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 5 && output.contains("is not written"),
        "{code}: {output}"
    );
    assert!(!folder.path().join("out").exists());
}

#[test]
fn what_is_not_as_asserted_is_not_written() {
    let origin = server("7", PDF);
    let folder = workspace(&origin, "a.pdf", "    assert: { status: 201 }\n");
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 1, "{output}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn two_steps_of_a_run_never_write_one_file() {
    let origin = server("7", PDF);
    let folder = workspace(
        &origin,
        "same.pdf",
        "  - name: again\n    get: /label\n    output: same.pdf\n",
    );
    for args in [&["run"][..], &["run", "--overwrite"]] {
        let (output, code) = run(&folder, args);
        assert!(
            code == 5 && output.contains("was written by another step of this run"),
            "{code}: {output}"
        );
    }
    // Rounds are steps in this.
    let folder = workspace(
        &origin,
        "same.pdf",
        "    for_each: { item: n, in: [1, 2] }\n",
    );
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 5 && output.contains("was written by another step of this run"),
        "{code}: {output}"
    );
    let folder = workspace(
        &origin,
        "\"{{ n }}.pdf\"",
        "    for_each: { item: n, in: [1, 2] }\n",
    );
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(
        files(&folder.path().join("out")),
        [".gitignore", "1.pdf", "2.pdf"]
    );
}

#[test]
fn a_replay_writes_only_where_it_is_told_to() {
    let origin = server("7", PDF);
    let folder = workspace(&origin, "\"{{ id }}.pdf\"", "");
    let (output, code) = run(&folder, &["run", "--record", "--out", "first"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(files(&folder.path().join("first")), [".gitignore", "7.pdf"]);
    let (output, code) = run(&folder, &["run", "--replay"]);
    assert!(
        code == 0 && output.contains("`7.pdf` is not written in a replay"),
        "{code}: {output}"
    );
    assert!(!folder.path().join("out").exists());
    let (output, code) = run(&folder, &["run", "--replay", "--out", "second"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(
        std::fs::read(folder.path().join("second/7.pdf")).unwrap(),
        PDF
    );
    // The sandbox plays a marketplace, and what it sends is written.
    let (output, code) = run(&folder, &["run", "--env", "sandbox"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(std::fs::read(folder.path().join("out/7.pdf")).unwrap(), PDF);
}

#[test]
fn nothing_is_written_among_the_files_of_the_workspace() {
    let origin = server("7", PDF);
    let folder = workspace(&origin, "a.yaml", "");
    for out in [
        "requests",
        "requests/sub",
        "fixtures/recordings",
        "./schemes",
        "x/../requests",
    ] {
        let before = files(folder.path());
        let (output, code) = run(&folder, &["run", "--out", out]);
        assert!(
            code == 2 && output.contains("which holds files of the workspace"),
            "{out}: {code}: {output}"
        );
        assert_eq!(files(folder.path()), before);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("requests", folder.path().join("link")).unwrap();
        let (output, code) = run(&folder, &["run", "--out", "link/sub"]);
        assert_eq!(code, 2, "{output}");
    }
}

#[test]
fn a_poll_writes_its_last_response() {
    let origin = server("7", b"{\"state\":\"DONE\"}");
    let folder = workspace(
        &origin,
        "state.json",
        "    poll: { until: { $.state: DONE }, every: 10ms, within: 2s }\n",
    );
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(
        std::fs::read(folder.path().join("out/state.json")).unwrap(),
        b"{\"state\":\"DONE\"}"
    );
}

#[test]
fn a_large_response_needs_a_word() {
    let large = vec![b'x'; 33 << 20];
    let origin = server("7", &large);
    let folder = workspace(&origin, "large.bin", "    retry: { attempts: 1 }\n");
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 5 && output.contains("is larger than 32 MiB: increase the limit with `max_body`"),
        "{code}: {output}"
    );
    let folder = workspace(&origin, "large.bin", "    max_body: 40MiB\n");
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 0, "{output}");
    let written = std::fs::metadata(folder.path().join("out/large.bin")).unwrap();
    assert_eq!(written.len(), 33 << 20);
    // By the environment, and by the step over it.
    let folder = workspace(&origin, "large.bin", "    max_body: 40MiB\n");
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }}, max_body: 1KiB }} }}\n"),
    );
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn an_explanation_says_where_a_response_is_written() {
    let folder = workspace("http://127.0.0.1:1", "\"labels/{{ id }}.pdf\"", "");
    let (output, code) = run(&folder, &["explain", "label::label", "--var", "id=A7"]);
    assert!(
        code == 0 && output.contains("the response is written to `labels/A7.pdf`"),
        "{code}: {output}"
    );
}

/// A server that sends `mib` mebibytes in pieces and then `end`, and closes the connection before the end if
/// `is_cut`.
fn large_server(start: &'static [u8], mib: usize, end: &'static [u8], is_cut: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 8_192]);
            let length = start.len() + (mib << 20) + end.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(start);
            let piece = vec![b'.'; 1 << 20];
            for _ in 0..mib - usize::from(is_cut) {
                let _ = stream.write_all(&piece);
            }
            if !is_cut {
                let _ = stream.write_all(end);
            }
        }
    });
    origin
}

/// The SHA-256 of what [`large_server`] sends.
fn large_hash(start: &[u8], mib: usize, end: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(start);
    for _ in 0..mib {
        hash.update(vec![b'.'; 1 << 20]);
    }
    hash.update(end);
    hex::encode(hash.finalize())
}

fn large_workspace(origin: &str, step: &str, more: &str) -> Folder {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!(
            "default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n{more}"
        ),
    );
    folder.write(
        "requests/report.yaml",
        &format!(
            "scheme: none\nget: /report\nmax_body: 2GiB\ntimeout: 300s\noutput: report.bin\n{step}"
        ),
    );
    folder
}

/// Runs `ingam run` with more arguments, and a secret that a response could hold.
#[cfg(target_os = "linux")]
fn observe_run(folder: &Folder, args: &[&str]) -> super::limits::Observed {
    let mut program = ingam(folder.path());
    let program = program.env("INGAM_SECRET_HOOK", "hook-4f5a6b7c8d9e");
    super::limits::observe(program.arg("run").args(args))
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_response_passes_into_its_file_in_constant_memory() {
    // More than the limit of memory; with `INGAM_MEASURE` a gigabyte.
    let mib = if std::env::var_os("INGAM_MEASURE").is_some() {
        1_024
    } else {
        96
    };
    let origin = large_server(PDF, mib, b"%%EOF", false);
    let hash = large_hash(PDF, mib, b"%%EOF");
    let length = PDF.len() + (mib << 20) + 5;
    let folder = large_workspace(
        &origin,
        &format!(
            "assert:\n  status: 200\n  bytes: {{ length: {length}, sha256: {hash}, starts_with: {{ hex: \"255044462d\" }} }}\n"
        ),
        // A path cannot name anything in a PDF.
        "redact: [$.buyer]\n",
    );
    for args in [&[] as &[&str], &["-v"]] {
        let observed = observe_run(&folder, args);
        let output = format!("{}{}", observed.stdout, observed.stderr);
        assert!(
            observed.code == 0 && output.contains(&format!("report.bin ({length} bytes)")),
            "{output}"
        );
        assert!(
            observed.peak_kb < super::limits::MAX_PEAK_KB,
            "{} kB",
            observed.peak_kb
        );
    }
    let mut file = std::fs::File::open(folder.path().join("out/report.bin")).unwrap();
    let mut begin = [0; 8];
    file.read_exact(&mut begin).unwrap();
    assert_eq!(begin, PDF[..8]);
    assert_eq!(file.metadata().unwrap().len(), length as u64);
    assert_eq!(
        files(&folder.path().join("out")),
        [".gitignore", "report.bin"]
    );
}

/// No file remains of a response that was cut, is not what the step wants, is too large, or holds a
/// secret, and a report shows nothing of it.
#[cfg(target_os = "linux")]
#[test]
fn a_large_response_that_is_not_whole_or_not_wanted_leaves_no_file() {
    let secret = "headers: { x-hook: \"{{ secret.hook }}\" }\n";
    let long = b"hook-4f5a6b7c8d9e";
    for (end, is_cut, step, reason) in [
        (b"".as_slice(), true, "", "cannot be read"),
        (b"", false, "assert: { status: 201 }\n", "status"),
        (
            b"",
            false,
            "assert: { bytes: { starts_with: { hex: \"ff\" } } }\n",
            "25 in hex",
        ),
        (
            b"",
            false,
            "assert: { bytes: { sha256: \"0000000000000000000000000000000000000000000000000000000000000000\" } }\n",
            "sha256",
        ),
        (b"", false, "max_body: 2MiB\n", "larger than 2 MiB"),
        (long, false, secret, "it contains a credential"),
    ] {
        let origin = large_server(b"%PDF\xff", 3, end, is_cut);
        let folder = large_workspace(&origin, "", "");
        let file = folder.path().join("requests/report.yaml");
        let mut text = std::fs::read_to_string(&file).unwrap();
        if step.starts_with("max_body") {
            text = text.replace("max_body: 2GiB\n", "");
        }
        std::fs::write(&file, text + step).unwrap();
        let observed = observe_run(&folder, &["-v"]);
        let output = format!("{}{}", observed.stdout, observed.stderr);
        assert!(observed.code != 0 && output.contains(reason), "{output}");
        let left = files(&folder.path().join("out"));
        assert!(
            left.iter().all(|name| name == ".gitignore"),
            "{left:?}: {output}"
        );
        assert!(!output.contains("hook-4f5a"), "{output}");
    }
}

/// A token that only its name tells is found in a large document as in a small one.
#[test]
fn a_large_document_that_holds_a_token_is_not_written() {
    let token = "tok-9f8e7d6c5b4a39281706";
    for (start, end) in [
        (
            b"{\"access_token\":\"tok-9f8e7d6c5b4a39281706\",\"b\":\"".as_slice(),
            b"\"}".as_slice(),
        ),
        (
            b"<r><accessToken>tok-9f8e7d6c5b4a39281706</accessToken><b>",
            b"</b></r>",
        ),
        (b"b=", b"&access_token=tok-9f8e7d6c5b4a39281706"),
    ] {
        let origin = large_server(start, 2, end, false);
        let folder = large_workspace(&origin, "assert: { status: 200 }\n", "");
        let (output, code) = run(&folder, &["run"]);
        assert!(
            code != 0 && output.contains("it contains a credential"),
            "{output}"
        );
        assert!(!output.contains(token), "{output}");
        assert!(!folder.path().join("out/report.bin").exists());
    }
}

/// What looks at the text of a response gets it whole.
#[test]
fn a_large_response_that_is_looked_at_is_whole() {
    for (step, more) in [
        ("assert: { $.a: 1 }\n", ""),
        ("capture: { all: body }\n", ""),
        ("secrets: [$.z]\n", ""),
        (
            "assert: { $.z: end }\n",
            "redact: [{ pattern: \"[.]{9}\" }]\n",
        ),
    ] {
        let origin = large_server(b"{\"a\":1,\"b\":\"", 2, b"\",\"z\":\"end\"}", false);
        let folder = large_workspace(&origin, step, more);
        let (output, code) = run(&folder, &["run"]);
        assert_eq!(code, 0, "{step}: {output}");
        let text = std::fs::read_to_string(folder.path().join("out/report.bin")).unwrap();
        assert!(text.ends_with("\"z\":\"end\"}"), "{step}");
    }
}
