//! Steps that ask an address which a response gave: presigned uploads and downloads.

use super::program::{Folder, ingam, text};
use super::tls::{Seen, read_request};
use std::io::Write;
use std::net::TcpListener;
use std::process::Command;

/// A server that answers by the path of a request, in plain `http`.
pub(crate) fn server(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let log = Seen::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some(request) = read_request(&mut stream) else {
                continue;
            };
            let path = request.split(' ').nth(1).unwrap().to_owned();
            log.lock().unwrap().push(request);
            let _ = stream.write_all(answer(&path).as_bytes());
        }
    });
    (origin, seen)
}

pub(crate) fn ok(body: &str) -> String {
    reply("200 OK", "content-type: application/json", body)
}

pub(crate) fn reply(status: &str, header: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

const SIGNATURE: &str =
    "X-Amz-Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024";

/// A marketplace that hands out `address`, and a flow that uploads a file to it.
fn upload(address: &str, external: &str) -> (Folder, Seen) {
    let body = format!("{{\"code\":\"SUCCESS\",\"url\":\"{address}\"}}");
    let (marketplace, seen) = server(move |_| ok(&body));
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!(
            "default_env: local\nenvs: {{ local: {{ hosts: {{ coupang: \"{marketplace}\" }} }} }}\n"
        ),
    );
    folder.write("reports/in.csv", "sku,price\nA-1,12900\n");
    folder.write(
        "requests/upload.yaml",
        &format!(
            "scheme: coupang\nheaders: {{ x-seller: A00012345 }}\nsteps:\n  - name: ask\n    post: /v2/uploads\n    json: {{ name: in.csv }}\n    capture: {{ upload_url: $.url }}\n  - name: send\n    put: \"{{{{ upload_url }}}}\"\n    external: {external}\n    file: reports/in.csv\n    assert: {{ status: 200 }}\n"
        ),
    );
    (folder, seen)
}

fn run(folder: &Folder, args: &[&str]) -> (String, i32) {
    let mut command = ingam(folder.path());
    keys(&mut command);
    let (stdout, stderr, code) = text(&command.args(args).output().unwrap());
    (format!("{stdout}{stderr}"), code)
}

fn keys(command: &mut Command) {
    command
        .env("INGAM_COUPANG__ACCESS_KEY", "access-key-1")
        .env("INGAM_COUPANG__SECRET_KEY", "secret-key-1");
}

#[test]
fn an_address_is_asked_byte_for_byte_with_nothing_of_the_marketplace() {
    let (files, arrived) = server(|_| ok("{}"));
    let target = format!("/bucket/in%2Fa+b.csv?x=%7E&{SIGNATURE}&y=a+b%20c");
    let (folder, _) = upload(&format!("{files}{target}"), "\"http://127.0.0.1:*\"");
    let (output, code) = run(&folder, &["run", "-v"]);
    assert_eq!(code, 0, "{output}");
    let host = files.trim_start_matches("http://");
    let expected = format!(
        "PUT {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 20\r\n\r\nsku,price\nA-1,12900\n"
    );
    let arrived = arrived.lock().unwrap()[0].clone();
    let mut lines: Vec<&str> = arrived.lines().collect();
    let mut wanted: Vec<&str> = expected.lines().collect();
    // The client chooses the order of the two framing headers, and accepts packed responses.
    lines.retain(|line| !line.starts_with("Accept") && !line.starts_with("User-Agent"));
    lines[1..3].sort_unstable();
    wanted[1..3].sort_unstable();
    assert_eq!(lines, wanted);
    // The signature proves who may write there, and is shown nowhere.
    assert!(output.contains(&format!("PUT {files}/bucket/")), "{output}");
    assert!(!output.contains("fe5f80f7"), "{output}");
}

#[test]
fn a_host_that_is_not_allowed_is_not_asked() {
    let (files, arrived) = server(|_| ok("{}"));
    let other = files.replace("127.0.0.1", "127.0.0.2");
    for (address, external) in [
        (format!("{files}/a?{SIGNATURE}"), "\"*.s3.example.com\""),
        (format!("{other}/a?{SIGNATURE}"), "\"http://127.0.0.1:*\""),
        (
            format!("{}/a?{SIGNATURE}", files.replace("http:", "https:")),
            "\"http://127.0.0.1:*\"",
        ),
        (
            "https://u:p@b.s3.example.com/".to_owned(),
            "\"*.s3.example.com\"",
        ),
        (
            "https://b.s3.example.com:444/".to_owned(),
            "\"*.s3.example.com\"",
        ),
        (
            "https://b.s3.example.com/#x".to_owned(),
            "\"*.s3.example.com\"",
        ),
        ("/only/a/path".to_owned(), "\"*.s3.example.com\""),
    ] {
        let (folder, _) = upload(&address, external);
        let (output, code) = run(&folder, &["run"]);
        assert_eq!(code, 3, "{address}: {output}");
        assert!(!output.contains("fe5f80f7"), "{output}");
    }
    assert!(arrived.lock().unwrap().is_empty());
}

#[test]
fn an_upload_is_recorded_without_its_signature_and_replayed() {
    let (files, arrived) = server(|_| ok("{\"stored\":true}"));
    let (folder, asked) = upload(
        &format!("{files}/in.csv?{SIGNATURE}"),
        "\"http://127.0.0.1:*\"",
    );
    let (output, code) = run(&folder, &["run", "--record"]);
    assert_eq!(code, 0, "{output}");
    let recorded = recordings(&folder);
    assert!(
        recorded.contains(&format!("put: {files}/in.csv\n"))
            || recorded.contains(&format!("put: \"{files}/in.csv\"\n")),
        "{recorded}"
    );
    assert!(!recorded.contains("fe5f80f7"), "{recorded}");
    for args in [
        &["run", "--replay"][..],
        &["run", "--env", "sandbox"],
        &["run", "--replay", "-v"],
    ] {
        let (output, code) = run(&folder, args);
        assert_eq!(code, 0, "{args:?}: {output}");
    }
    assert_eq!(
        (arrived.lock().unwrap().len(), asked.lock().unwrap().len()),
        (1, 1)
    );
    // Another body is another request.
    folder.write("reports/in.csv", "sku,price\nA-1,13900\n");
    for args in [&["run", "--replay"][..], &["run", "--env", "sandbox"]] {
        let (output, code) = run(&folder, args);
        assert_eq!(code, 8, "{args:?}: {output}");
    }
    assert_eq!(arrived.lock().unwrap().len(), 1);
}

fn recordings(folder: &Folder) -> String {
    let mut files: Vec<_> = std::fs::read_dir(folder.path().join("fixtures/recordings"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// Connections that the program opened, by what the kernel saw.
#[cfg(target_os = "linux")]
fn connections(folder: &Folder, args: &[&str]) -> (Vec<String>, i32) {
    let log = folder.path().join("strace.log");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-e", "trace=connect", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_ingam"))
        .args(args)
        .env_clear()
        .env("HOME", folder.path().join("home"))
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(folder.path());
    keys(&mut command);
    let code = command.output().unwrap().status.code().unwrap();
    let lines = std::fs::read_to_string(log).unwrap();
    let to_network = |line: &&str| line.contains("AF_INET");
    (
        lines
            .lines()
            .filter(to_network)
            .map(str::to_owned)
            .collect(),
        code,
    )
}

#[cfg(target_os = "linux")]
#[test]
fn no_socket_is_opened_for_an_address_in_the_sandbox_and_in_replay() {
    if !super::tokens::kills::has_strace() {
        return;
    }
    let (files, arrived) = server(|_| ok("{}"));
    let port = files.rsplit(':').next().unwrap().to_owned();
    let (folder, _) = upload(
        &format!("{files}/in.csv?{SIGNATURE}"),
        "\"http://127.0.0.1:*\"",
    );
    let (found, code) = connections(&folder, &["run", "--record"]);
    assert!(
        code == 0 && found.iter().any(|line| line.contains(&port)),
        "{code}: {found:?}"
    );
    let (found, code) = connections(&folder, &["run", "--replay"]);
    assert!(code == 0 && found.is_empty(), "{code}: {found:?}");
    let (found, code) = connections(&folder, &["run", "--env", "sandbox"]);
    assert!(
        code == 0 && !found.iter().any(|line| line.contains(&port)),
        "{code}: {found:?}"
    );
    // The sandbox itself is asked, so that the test sees what it looks for.
    assert!(
        found.iter().any(|line| line.contains("127.0.0.1")),
        "{found:?}"
    );
    // Without a recording, too.
    for entry in std::fs::read_dir(folder.path().join("fixtures/recordings")).unwrap() {
        let path = entry.unwrap().path();
        if std::fs::read_to_string(&path).is_ok_and(|text| text.contains("scheme: none")) {
            std::fs::remove_file(path).unwrap();
        }
    }
    for args in [&["run", "--replay"][..], &["run", "--env", "sandbox"]] {
        let (found, code) = connections(&folder, args);
        assert!(
            code == 8 && !found.iter().any(|line| line.contains(&port)),
            "{args:?}: {code}: {found:?}"
        );
    }
    assert_eq!(arrived.lock().unwrap().len(), 1);
}

#[test]
fn redirects_are_followed_as_far_as_a_step_says() {
    let (end, arrived) = server(|_| ok("{\"done\":true}"));
    let target = end.clone();
    let (start, first) = server(move |path| match path {
        "/same" => reply("302 Found", "location: /once", ""),
        "/once" => reply(
            "307 Temporary Redirect",
            &format!("location: {target}/end?{SIGNATURE}#part"),
            "",
        ),
        "/see" => reply("303 See Other", &format!("location: {target}/end"), ""),
        _ => reply("301 Moved Permanently", "location: /loop", ""),
    });
    let (folder, _) = upload(&format!("{start}/same"), "\"http://127.0.0.1:*\"");
    let request = |redirects: &str| {
        folder.write(
            "requests/upload.yaml",
            &format!(
                "scheme: none\nvars: {{ url: \"{start}/same\" }}\nput: \"{{{{ url }}}}\"\nexternal: \"http://127.0.0.1:*\"\n{redirects}headers: {{ authorization: Bearer abcdefghijk, cookie: a=b, x-note: kept }}\nfile: reports/in.csv\nassert: {{ $.done: true }}\n"
            ),
        );
    };
    request("");
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 1, "{output}");
    request("redirects: 1\n");
    let (output, code) = run(&folder, &["run"]);
    assert!(
        code == 5
            && output.contains(&format!(
                "more than 1 redirects: the last one leads to {end}"
            )),
        "{code}: {output}"
    );
    assert!(arrived.lock().unwrap().is_empty());
    request("redirects: 2\n");
    let (output, code) = run(&folder, &["run", "-v"]);
    assert_eq!(code, 0, "{output}");
    assert!(!output.contains("fe5f80f7"), "{output}");
    // At the same origin everything is kept; at another one what proves who somebody is, is not.
    let kept = first.lock().unwrap().last().unwrap().to_lowercase();
    assert!(
        kept.contains("authorization: bearer") && kept.contains("cookie: a=b"),
        "{kept}"
    );
    let dropped = arrived.lock().unwrap()[0].clone();
    let small = dropped.to_lowercase();
    assert!(
        dropped.starts_with(&format!("PUT /end?{SIGNATURE} HTTP/1.1\r\n"))
            && dropped.ends_with("A-1,12900\n")
            && small.contains("x-note: kept")
            && !small.contains("authorization")
            && !small.contains("cookie"),
        "{dropped}"
    );
}

#[test]
fn each_hop_of_a_redirect_is_checked_as_the_first_address() {
    let (end, arrived) = server(|_| ok("{}"));
    for location in [
        format!("{end}/x"),
        end.replace("127.0.0.1", "localhost"),
        end.replace("http:", "https:"),
        "https://127.0.0.1/x".to_owned(),
        "https://[::1]/x".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://2130706433/".to_owned(),
        "http://example.com/".to_owned(),
        "https://example.com:8443/".to_owned(),
        "https://a@example.com/".to_owned(),
        "ftp://example.com/".to_owned(),
        "//127.0.0.1:1/x".to_owned(),
        "https://".to_owned(),
    ] {
        let target = location.clone();
        let (start, _) = server(move |_| reply("302 Found", &format!("location: {target}"), ""));
        let folder = Folder::new();
        folder.write(
            "ingam.yaml",
            &format!(
                "default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{start}\" }} }} }}\n"
            ),
        );
        folder.write(
            "requests/one.yaml",
            "scheme: none\nget: /report\nredirects: 3\nretry: { attempts: 1 }\n",
        );
        let (output, code) = run(&folder, &["run"]);
        assert!(
            code == 5 && output.contains("a redirect is not followed"),
            "{location}: {code}: {output}"
        );
    }
    assert!(arrived.lock().unwrap().is_empty());
}

#[test]
fn an_explanation_shows_an_address_without_its_signature() {
    let (folder, _) = upload("unused", "\"*.s3.example.com\"");
    let url = format!("upload_url=https://b.s3.example.com/in.csv?{SIGNATURE}");
    let (output, code) = run(&folder, &["explain", "upload::send", "--var", &url]);
    assert!(
        code == 0 && output.contains("https://b.s3.example.com/in.csv"),
        "{code}: {output}"
    );
    assert!(
        !output.contains("authorization") && !output.contains("HMAC"),
        "{output}"
    );
}

#[test]
fn no_secret_of_the_user_goes_to_an_address_of_a_response() {
    let (files, arrived) = server(|_| ok("{}"));
    let (folder, _) = upload(&format!("{files}/a?{SIGNATURE}"), "\"http://127.0.0.1:*\"");
    let written = std::fs::read_to_string(folder.path().join("requests/upload.yaml")).unwrap();
    for (line, says) in [
        (
            "    headers: { x-password: \"{{ secret.buyer_password }}\" }\n    text: x\n",
            "a request to an address from a response cannot contain a secret",
        ),
        (
            "    text: \"key=secret-key-1\"\n",
            "would send `cred.secret_key` to an address",
        ),
        (
            "    headers: { x-key: secret-key-1 }\n    text: x\n",
            "would send `cred.secret_key` to an address",
        ),
    ] {
        let changed = written.replace("    file: reports/in.csv\n", line);
        folder.write("requests/upload.yaml", &changed);
        let mut command = ingam(folder.path());
        keys(&mut command);
        command.env("INGAM_SECRET_BUYER_PASSWORD", "open-sesame-of-a-buyer");
        let (stdout, stderr, code) = text(&command.arg("run").output().unwrap());
        assert!(
            code == 3 && format!("{stdout}{stderr}").contains(says),
            "{line}: {code}: {stdout}{stderr}"
        );
    }
    assert!(arrived.lock().unwrap().is_empty());
}
