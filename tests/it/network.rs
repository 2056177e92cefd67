//! What odd answers, proxies and signals do to a run. Each of these was wrong once, or would be
//! without a protection.

use super::program::{Folder, ingam, text};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A server that hands each connection, after the first request has arrived, to `answer`.
fn server(answer: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut buffer = [0; 8_192];
            let _ = stream.read(&mut buffer);
            answer(&mut stream);
        }
    });
    origin
}

fn whole(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn workspace(origin: &str, request: &str) -> Folder {
    let folder = Folder::new();
    let hosts = format!("{{ coupang: \"{origin}\", naver-commerce: \"{origin}\" }}");
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {hosts} }} }}\n"),
    );
    folder.write("requests/one.yaml", request);
    folder
}

fn run(folder: &Folder, args: &[&str], more: &[(&str, &str)]) -> (String, i32) {
    let mut command = ingam(folder.path());
    command
        .env("INGAM_COUPANG__ACCESS_KEY", "access-key-1")
        .env("INGAM_COUPANG__SECRET_KEY", "secret-key-1");
    command
        .env("INGAM_NAVER_COMMERCE__CLIENT_ID", "client-id-1")
        .env(
            "INGAM_NAVER_COMMERCE__CLIENT_SECRET",
            "$2a$04$abcdefghijklmnopqrstuu",
        );
    more.iter().for_each(|(name, value)| {
        command.env(name, value);
    });
    let (stdout, stderr, code) = text(&command.args(args).output().unwrap());
    (format!("{stdout}{stderr}"), code)
}

#[test]
fn a_body_that_comes_in_two_halves_is_whole() {
    let origin = server(|stream| {
        let (first, second) = (
            r#"{"code":"SUCCESS","pad":"aaaaa","#,
            r#""b":1,"pad2":"aaaaaaaaaaaaaaaa"}"#,
        );
        assert_eq!(first.len(), second.len());
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{first}",
            first.len() * 2
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.flush().unwrap();
        // The second half must not be read together with the first.
        std::thread::sleep(Duration::from_millis(30));
        stream.write_all(second.as_bytes()).unwrap();
    });
    let (output, code) = run(
        &workspace(&origin, "scheme: coupang\nget: /v2/x\nassert: { $.b: 1 }\n"),
        &["run"],
        &[],
    );
    assert_eq!(code, 0, "{output}");
}

#[test]
fn an_odd_secret_is_no_panic() {
    let origin = server(|stream| stream.write_all(&whole("500 No", "{}")).unwrap());
    let secret = "$2한글날한복한옥한식한지9";
    let (output, code) = run(
        &workspace(&origin, "scheme: coupang\nget: /v2/x\n"),
        &["run", "-v"],
        &[("INGAM_COUPANG__SECRET_KEY", secret)],
    );
    assert!(
        code == 1 && !output.contains("한복한옥"),
        "{code}: {output}"
    );
}

#[test]
fn a_secret_is_not_cut_before_it_is_hidden() {
    let secret = "CANARY-SECRET-0123456789-abcdef";
    for before in (4_040..4_110).step_by(7) {
        let origin = server(move |stream| {
            stream
                .write_all(&whole("200 OK", &format!("{}{secret}", "x".repeat(before))))
                .unwrap();
        });
        let folder = workspace(
            &origin,
            "scheme: coupang\nget: /v2/x\nassert: { body: short }\n",
        );
        let (output, _) = run(
            &folder,
            &["run", "-v"],
            &[("INGAM_COUPANG__SECRET_KEY", secret)],
        );
        assert!(!output.contains("CANARY"), "{before}: {output}");
    }
}

#[test]
fn a_token_in_an_unexpected_place_is_not_shown() {
    let origin = server(|stream| {
        stream
            .write_all(&whole(
                "200 OK",
                r#"{"data":{"access_token":"FRESH-TOKEN-1234567890"}}"#,
            ))
            .unwrap();
    });
    let (output, code) = run(
        &workspace(
            &origin,
            "scheme: naver-commerce\nget: /v1/seller/channels\n",
        ),
        &["run", "-v"],
        &[],
    );
    assert!(
        code == 5 && output.contains("no token at the place") && !output.contains("FRESH"),
        "{code}: {output}"
    );
}

#[test]
fn a_token_host_with_a_fault_of_its_own_is_no_missing_credential() {
    let origin = server(|stream| {
        stream
            .write_all(&whole(
                "503 No",
                r#"{"code":"GW.INTERNAL_SERVER_ERROR","message":"x"}"#,
            ))
            .unwrap();
    });
    let (output, code) = run(
        &workspace(
            &origin,
            "scheme: naver-commerce\nget: /v1/seller/channels\n",
        ),
        &["run"],
        &[],
    );
    assert_eq!(code, 5, "{output}");
}

#[test]
fn what_goes_to_this_machine_goes_to_no_proxy() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let origin = server(|stream| {
        stream
            .write_all(&whole("200 OK", r#"{"code":"SUCCESS"}"#))
            .unwrap();
    });
    let folder = workspace(&origin, "scheme: coupang\nget: /v2/x\n");
    // A second scheme without a loopback host makes the client that can go anywhere.
    folder.write(
        "requests/two.yaml",
        "scheme: shopee\nget: /api/v2/shop/get_shop_info\nskip: only its scheme counts\n",
    );
    let (output, code) = run(
        &folder,
        &["run"],
        &[
            ("HTTP_PROXY", &address),
            ("ALL_PROXY", &address),
            ("http_proxy", &address),
        ],
    );
    assert_eq!(code, 0, "{output}");
    assert!(proxy.accept().is_err(), "the proxy was asked");
}

#[test]
fn a_page_of_a_proxy_is_no_refusal_and_no_success() {
    for (status, body) in [
        ("404 Not Found", "<html>"),
        ("302 Found", ""),
        ("200 OK", "<html>maintenance</html>"),
        ("200 OK", ""),
    ] {
        let origin = server(move |stream| {
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
        });
        let refusal = workspace(&origin, "scheme: coupang\nget: /v2/x\nok: false\n");
        let success = workspace(&origin, "scheme: coupang\nget: /v2/x\n");
        assert_eq!(
            (
                run(&refusal, &["run"], &[]).1,
                run(&success, &["run"], &[]).1
            ),
            (1, 1),
            "{status}"
        );
    }
}

#[test]
fn an_empty_word_does_not_mean_everything() {
    let origin = server(|stream| stream.write_all(&whole("200 OK", "{}")).unwrap());
    let (output, code) = run(
        &workspace(&origin, "scheme: coupang\nget: /v2/x\n"),
        &["run", ""],
        &[],
    );
    assert_eq!(code, 4, "{output}");
}

#[test]
fn an_interrupt_ends_a_slow_run_at_once_and_says_so() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let (sender, arrived) = std::sync::mpsc::channel();
        let sender = std::sync::Mutex::new(sender);
        let origin = server(move |_| {
            let _ = sender.lock().unwrap().send(());
            std::thread::sleep(Duration::from_secs(60));
        });
        let folder = workspace(&origin, "scheme: coupang\nget: /v2/x\n");
        let mut command = ingam(folder.path());
        command
            .env("INGAM_COUPANG__ACCESS_KEY", "access-key-1")
            .env("INGAM_COUPANG__SECRET_KEY", "secret-key-1");
        let child = command.arg("run").stdout(Stdio::piped()).spawn().unwrap();
        arrived.recv_timeout(Duration::from_secs(10)).unwrap();
        let begun = Instant::now();
        std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        let (stdout, _, ended) = text(&child.wait_with_output().unwrap());
        assert!(
            ended == code && stdout.contains("interrupted"),
            "{signal}: {ended}: {stdout}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "it took {:?}",
            begun.elapsed()
        );
    }
}
