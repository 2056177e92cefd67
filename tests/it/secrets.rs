//! No secret in any output, in any of the forms that it can take: canaries are searched for in
//! everything a run prints.

use super::program::{Folder, ingam, text};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use std::io::{Read, Write};
use std::net::TcpListener;

const CANARY: &str = "cana+ry/=&%\"<\\한SECRETxyz";
const TOKEN: &str = "tok+en/=&%\"<\\글TOKENabc";
const SALT: &str = "$2a$04$canarycanarycanarycaOe";

/// Every form that is searched for: fourteen encodings.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let percent: String = secret
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    let form: String = percent.replace("%20", "+");
    let core = |before: usize, encoded: String| {
        let from = (before * 8).div_ceil(6);
        let to = (before + secret.len()) * 8 / 6;
        encoded[from..to].to_owned()
    };
    let shifted = |before: usize| {
        BASE64_STANDARD.encode([vec![b'x'; before], secret.as_bytes().to_vec()].concat())
    };
    vec![
        secret.to_owned(),
        percent.clone(),
        lower_hex(&percent),
        form,
        percent.replace('%', "%25"),
        core(0, shifted(0)),
        core(1, shifted(1)),
        core(2, shifted(2)),
        core(0, BASE64_URL_SAFE_NO_PAD.encode(secret)),
        hex::encode(secret),
        hex::encode_upper(secret),
        serde_json::to_string(secret)
            .unwrap()
            .trim_matches('"')
            .to_owned(),
        secret
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;"),
        secret.chars().rev().collect(),
    ]
}

/// The escapes in small letters, and nothing else.
fn lower_hex(percent: &str) -> String {
    let lower = |piece: &str| format!("%{}{}", piece[..2].to_lowercase(), &piece[2..]);
    let (first, rest) = percent.split_once('%').unwrap_or((percent, ""));
    if rest.is_empty() {
        percent.to_owned()
    } else {
        first.to_owned() + &rest.split('%').map(lower).collect::<String>()
    }
}

fn assert_clean(what: &str, output: &str) {
    for secret in [CANARY, TOKEN, SALT] {
        for form in forms(secret) {
            assert!(!output.contains(&form), "{what} holds {form}:\n{output}");
        }
    }
    assert!(
        !output.contains(&SALT[..28]),
        "{what} holds the salt inside a hash:\n{output}"
    );
    assert!(
        !output.contains(&BASE64_STANDARD.encode(&SALT[..27])),
        "{what} holds the salt inside an encoded hash:\n{output}"
    );
}

/// A server that answers with everything it was sent: headers, target and body, as text and in
/// JSON, and base64 of it all.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut buffer = vec![0; 65_536];
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    let seen = String::from_utf8_lossy(&buffer[..read]).into_owned();
                    let body = serde_json::json!({
                        "error": "echo", "message": seen, "encoded": BASE64_STANDARD.encode(&seen), "access_token": TOKEN, "key": CANARY,
                        "hex": hex::encode(CANARY), "expires_in": 60,
                    });
                    let body = body.to_string();
                    let head = format!(
                        "HTTP/1.1 403 Forbidden\r\nx-echo: {}\r\ncontent-length: {}\r\n\r\n",
                        BASE64_STANDARD.encode(TOKEN),
                        body.len()
                    );
                    let _ = stream.write_all((head + &body).as_bytes());
                }
            });
        }
    });
    origin
}

fn workspace(origin: &str) -> Folder {
    let folder = Folder::new();
    let hosts = format!(
        "{{ shopee: \"{origin}\", coupang: \"{origin}\", naver-commerce: \"{origin}\", lazada: \"{origin}\" }}"
    );
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {hosts} }} }}\n"),
    );
    let wrong = "assert:\n  $.access_token: other\n  $.key: { equals: other }\n  $: { equals: {} }\n  body: { length: 1 }\n  header.x-echo: a\n";
    folder.write(
        "requests/shopee.yaml",
        &format!("scheme: shopee\nget: /api/v2/shop/get_shop_info\n{wrong}capture: {{ a: $.nothing.here }}\n"),
    );
    folder.write(
        "requests/coupang.yaml",
        &format!("scheme: coupang\npost: /v2/x\njson: {{ a: 1 }}\n{wrong}"),
    );
    folder.write(
        "requests/naver.yaml",
        &format!("scheme: naver-commerce\nget: /v1/seller/channels\n{wrong}"),
    );
    folder.write(
        "requests/lazada.yaml",
        &format!("scheme: lazada\nget: /order/get\nok: false\n{wrong}"),
    );
    folder
}

fn run(folder: &Folder, args: &[&str]) -> String {
    run_with(folder, args, &[])
}

fn run_with(folder: &Folder, args: &[&str], more: &[(&str, &str)]) -> String {
    let mut command = ingam(folder.path());
    command.envs(more.iter().copied());
    for (name, value) in [
        ("INGAM_SHOPEE__PARTNER_ID", "1000001"),
        ("INGAM_SHOPEE__PARTNER_KEY", CANARY),
        ("INGAM_SHOPEE__SHOP_ID", "123"),
        ("INGAM_SHOPEE__ACCESS_TOKEN", TOKEN),
        ("INGAM_COUPANG__ACCESS_KEY", "access-key-1"),
        ("INGAM_COUPANG__SECRET_KEY", CANARY),
        ("INGAM_LAZADA__APP_KEY", "app-key-1"),
        ("INGAM_LAZADA__APP_SECRET", CANARY),
        ("INGAM_LAZADA__ACCESS_TOKEN", TOKEN),
        ("INGAM_NAVER_COMMERCE__CLIENT_ID", "client-id-1"),
        ("INGAM_NAVER_COMMERCE__CLIENT_SECRET", SALT),
        ("RUST_BACKTRACE", "full"),
        ("RUST_LOG", "trace"),
    ] {
        command.env(name, value);
    }
    let (stdout, stderr, _) = text(&command.args(args).output().unwrap());
    format!("{stdout}{stderr}")
}

#[test]
fn no_secret_is_in_any_output() {
    let folder = workspace(&echo());
    for args in [
        &["run"][..],
        &["run", "-v"],
        &["check"],
        &["list"],
        &["explain", "shopee"],
        &["explain", "coupang"],
        &["explain", "naver"],
    ] {
        let output = run(&folder, args);
        assert!(output.len() > 40, "{args:?} said nothing: {output}");
        assert_clean(&format!("{args:?}"), &output);
    }
}

/// Every format holds exchanges, traces and differences; ids of units prove that there was
/// something to look through.
#[test]
fn no_secret_is_in_any_report() {
    let folder = workspace(&echo());
    let formats = [
        "junit",
        "json",
        "ndjson",
        "ctrf",
        "tap",
        "github",
        "html",
        "prometheus",
    ];
    let reports: Vec<String> = formats
        .iter()
        .map(|format| format!("--report={format}=out/{format}"))
        .collect();
    let args: Vec<&str> = ["run"]
        .into_iter()
        .chain(reports.iter().map(String::as_str))
        .collect();
    assert_clean("the terminal", &run(&folder, &args));
    let merged: Vec<String> = formats
        .iter()
        .map(|format| format!("--report={format}=out/merged-{format}"))
        .collect();
    let args: Vec<&str> = ["report", "merge", "out/json"]
        .into_iter()
        .chain(merged.iter().map(String::as_str))
        .collect();
    assert_clean("the terminal of a merge", &run(&folder, &args));
    for format in formats
        .iter()
        .flat_map(|format| [(*format).to_owned(), format!("merged-{format}")])
    {
        let text = std::fs::read_to_string(folder.path().join("out").join(&format)).unwrap();
        assert!(
            ["coupang", "lazada", "naver", "shopee"]
                .iter()
                .all(|id| text.contains(id)),
            "{format}: {text}"
        );
        assert_clean(&format, &text);
    }
}

/// What Actions gets by itself goes another way than a report that was named.
#[test]
fn no_secret_is_in_the_summary_of_a_step() {
    let folder = workspace(&echo());
    let summary = folder.path().join("summary.md");
    let output = run_with(
        &folder,
        &["run"],
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
        ],
    );
    assert!(
        output.contains("::error file=requests/shopee.yaml"),
        "{output}"
    );
    assert_clean("annotations", &output);
    assert_clean("the summary", &std::fs::read_to_string(summary).unwrap());
}

#[test]
fn no_secret_is_in_the_words_of_a_connection_that_fails() {
    let folder = workspace("http://127.0.0.1:1");
    let output = run(&folder, &["run", "-v"]);
    assert!(output.contains("cannot connect"), "{output}");
    assert_clean("a refused connection", &output);
}

#[test]
fn the_search_would_find_a_secret() {
    for form in forms(CANARY) {
        let text = format!("before {form} after");
        assert!(
            std::panic::catch_unwind(|| assert_clean("this", &text)).is_err(),
            "{form} is not searched for"
        );
    }
}

/// What a redirect names never gets a signed request.
#[test]
fn a_redirect_is_not_followed() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let target = format!("http://{}/stolen", other.local_addr().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4_096];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(
                format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n").as_bytes(),
            );
        }
    });
    let folder = workspace(&origin);
    let output = run(&folder, &["run", "coupang", "-v"]);
    assert!(output.contains("307"), "{output}");
    assert!(other.accept().is_err(), "the other host was called");
}

/// A server whose login hands out a token and a cookie, and whose other paths repeat what they were
/// sent.
fn login_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = vec![0; 65_536];
            let Ok(read @ 1..) = stream.read(&mut buffer) else {
                continue;
            };
            let seen = String::from_utf8_lossy(&buffer[..read]).into_owned();
            let body = if seen.starts_with("POST /login") {
                format!("{{\"user\": {{\"token\": \"{HANDED_OUT}\"}}, \"nextToken\": \"{PAGE}\"}}")
            } else {
                serde_json::json!({ "seen": seen, "hex": hex::encode(HANDED_OUT) }).to_string()
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\nset-cookie: sid={COOKIE}; Path=/\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    origin
}

const HANDED_OUT: &str = "login+token/of-a-response=1";
const COOKIE: &str = "cookie-of-a-response-2";
const PAGE: &str = "page-token-of-a-response-3";

/// A token that only the response knows: no scheme saves it, and no variable holds it.
#[test]
fn what_a_login_hands_out_is_in_no_output() {
    let folder = Folder::new();
    let origin = login_server();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
    );
    folder.write(
        "requests/flow.yaml",
        "scheme: none\nsteps:\n  - name: login\n    post: /login\n    capture: { token: $.user.token, page: $.nextToken }\n    \
         snapshot: true\n  - name: use\n    get: /use\n    query: { t: \"{{ token }}\", p: \"{{ page }}\" }\n    \
         headers: { authorization: \"Bearer {{ token }}\" }\n    assert: { $.seen: other, $.hex: other }\n",
    );
    let formats = [
        "junit",
        "json",
        "ndjson",
        "ctrf",
        "tap",
        "github",
        "html",
        "prometheus",
    ];
    let reports: Vec<String> = formats
        .iter()
        .map(|format| format!("--report={format}=out/{format}"))
        .collect();
    let mut args = vec!["run", "-v"];
    args.extend(reports.iter().map(String::as_str));
    let mut outputs = vec![("terminal".to_owned(), run(&folder, &args))];
    outputs.push(("record".to_owned(), run(&folder, &["run", "--record"])));
    for entry in walk(folder.path()) {
        if !entry.ends_with("requests/flow.yaml") {
            let text = std::fs::read(&entry).unwrap();
            let name = entry.display().to_string();
            outputs.push((name, String::from_utf8_lossy(&text).into_owned()));
        }
    }
    let all: String = outputs.iter().map(|(_, text)| text.as_str()).collect();
    assert!(all.contains("‹response.token›"), "{all}");
    assert!(all.contains(PAGE), "tokens of pages stay readable: {all}");
    assert!(outputs.len() > 9, "the reports are there");
    for (name, text) in &outputs {
        for secret in [HANDED_OUT, COOKIE] {
            for form in forms(secret) {
                assert!(!text.contains(&form), "{name} holds {form}:\n{text}");
            }
        }
    }
}

pub(crate) fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// A credential that was pasted into a file stands beside a fault: the excerpt of the file must not
/// show it, in any encoding, and the fault stays where it is.
#[test]
fn a_pasted_credential_is_not_shown_beside_a_fault() {
    const KEY: &str = "pasted-한-key+of/the=shop.7Kq2Zt9xLm";
    let encoded = BASE64_STANDARD.encode(KEY);
    let folder = Folder::new();
    folder.write(
        "requests/pasted.yaml",
        &format!(
            "scheme: coupang\nget: /v2/shop\nheaders: {{ x-a: \"{KEY}\", x-b: \"{encoded}\", x-c: \"{{{{ nowhere }}}}\" }}\n"
        ),
    );
    folder.write(
        "requests/misspelt.yaml",
        &format!(
            "scheme: coupang\nget: /v2/shop\nheader: {{ x-a: \"{KEY}\", x-b: \"{encoded}\" }}\n"
        ),
    );
    // Not ignored by git, and so refused as a source: hidden all the same.
    folder.write(".env", &format!("INGAM_COUPANG__SECRET_KEY='{KEY}'\n"));
    for args in [
        &["check"][..],
        &["check", "--json"],
        &["run"],
        &["run", "pasted"],
        &["list"],
        &["explain", "pasted"],
    ] {
        let mut command = ingam(folder.path());
        let (stdout, stderr, code) = text(&command.args(args).output().unwrap());
        let all = format!("{stdout}{stderr}");
        assert_eq!(code, 3, "{args:?}: {all}");
        assert!(
            !all.contains("key+of") && !all.contains(&encoded[..16]),
            "{args:?}: {all}"
        );
    }
    let (stdout, _, _) = text(
        &ingam(folder.path())
            .args(["check", "--json"])
            .output()
            .unwrap(),
    );
    assert!(stdout.contains("nowhere"), "{stdout}");
}
