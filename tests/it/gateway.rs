//! `ingam gateway`: what the user's own programs send is signed and passed on, and what nobody may
//! send is refused.

use super::program::{Folder, ingam, text};
use super::tokens::TestWorkspace;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use flate2::Compression;
use flate2::write::GzEncoder;
use ingam::internals::load::{all_schemes, load};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

pub(super) const KEY: &str = "key-of-the-gateway-in-these-tests";

/// A gateway that is running.
pub(super) struct Gateway {
    child: Child,
    /// Its end stops the gateway.
    input: Option<ChildStdin>,
    /// What it writes to standard error.
    lines: Mutex<Receiver<String>>,
    address: String,
    first: Value,
}

impl Gateway {
    /// The command has everything but `--json --until-eof --port 0`.
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command
            .args(["--until-eof", "--port", "0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let mut first = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut first).unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let first: Value = serde_json::from_str(&first)
            .unwrap_or_else(|_| panic!("{first}{:?}", lines.iter().collect::<Vec<_>>()));
        assert_eq!(first["event"], "listening");
        let address = first["address"].as_str().unwrap();
        Self {
            address: address.strip_prefix("http://").unwrap().to_owned(),
            child,
            input,
            lines: Mutex::new(lines),
            first,
        }
    }

    /// Sends a request with the key, over a connection of its own.
    fn call(&self, method: &str, target: &str, more: &str, body: &[u8]) -> Answer {
        self.raw(
            &format!("{method} {target} HTTP/1.1\r\nhost: {}\r\nx-ingam-key: {KEY}\r\ncontent-length: {}\r\n{more}", self.address, body.len()),
            body,
        )
    }

    pub(super) fn get(&self, target: &str) -> Answer {
        self.call("GET", target, "", b"")
    }

    /// Sends a head without its last line, and a body.
    fn raw(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!("{head}connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // A refused body is not read to its end.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::of(&bytes)
    }

    /// The next line of a call.
    fn next_call(&self) -> Value {
        loop {
            let line = self
                .lines
                .lock()
                .unwrap()
                .recv_timeout(Duration::from_secs(60))
                .unwrap();
            if let Ok(call) = serde_json::from_str::<Value>(&line)
                && call["event"] == "call"
            {
                return call;
            }
        }
    }

    /// Ends it, and returns its exit code and all lines that were not read.
    fn end(mut self) -> (i32, Vec<String>) {
        drop(self.input.take());
        let code = self.child.wait().unwrap().code().unwrap();
        (code, self.lines.lock().unwrap().iter().collect())
    }

    /// The most memory that it has had, in bytes.
    #[cfg(target_os = "linux")]
    fn peak_memory(&self) -> usize {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes: usize = line
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        kilobytes << 10
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It has ended if the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn of(bytes: &[u8]) -> Self {
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let at = at.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
        let body = &bytes[at + 4..];
        let is_chunked = head.to_lowercase().contains("transfer-encoding: chunked");
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: if is_chunked {
                unchunked(body)
            } else {
                body.to_vec()
            },
            head,
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The code of the gateway's own error.
    pub(super) fn error(&self) -> Option<&str> {
        self.header("x-ingam-error")
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").unwrap();
        let len = std::str::from_utf8(&body[..end]).unwrap();
        let len = usize::from_str_radix(len, 16).unwrap();
        if len == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + len]);
        body = &body[end + 2 + len + 2..];
    }
}

/// What a gateway writes when it accepts calls.
fn read_ready(path: &Path) -> Value {
    let started = Instant::now();
    loop {
        match std::fs::read_to_string(path) {
            Ok(text) => return serde_json::from_str(&text).unwrap(),
            Err(_) => assert!(started.elapsed() < Duration::from_secs(60)),
        }
        std::thread::yield_now();
    }
}

fn gateway(folder: &Path, args: &[&str]) -> Command {
    let mut command = ingam(folder);
    command
        .args(["gateway", "--json"])
        .args(args)
        .env("INGAM_GATEWAY_KEY", KEY);
    command
}

/// A marketplace that answers each request, as it was read, with what `answer` writes.
fn upstream(answer: impl Fn(String, &mut TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            std::thread::spawn(move || {
                while let Some(request) = read_request(&mut stream) {
                    answer(request, &mut stream);
                }
            });
        }
    });
    address
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 65_536];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

const TOKEN: &str = "wb-token-7Kq2mXv9RtZ4";

/// A workspace whose marketplace is at an address of this machine. Its calls to
/// `/api/v3/orders/**` are limited: 300 a minute, 20 at once.
fn workspace(address: &str) -> Folder {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!("envs: {{ local: {{ hosts: {{ wildberries: \"http://{address}\" }} }} }}\n"),
    );
    folder
}

fn local_gateway(folder: &Folder, args: &[&str]) -> Gateway {
    let mut command = gateway(folder.path(), &["--env", "local"]);
    command.args(args).env("INGAM_WILDBERRIES__TOKEN", TOKEN);
    Gateway::start(command)
}

#[test]
fn the_sandbox_accepts_what_the_gateway_signs_for_every_scheme() {
    let folder = Folder::new();
    let ready = folder.path().join("ready.json");
    let args = ["--write", "--ready-file", "ready.json"];
    let gateway = Gateway::start(gateway(folder.path(), &args));
    assert_eq!(gateway.first["env"], "sandbox");
    assert_eq!(read_ready(&ready), gateway.first);
    let mut loaded = load(folder.path(), 1).unwrap();
    let mut refused = Vec::new();
    let requests = [
        ("GET", "", ""),
        ("POST", "application/json", "{ \"b\" : 1.10,\"a\":[ ] }"),
        ("POST", "application/x-www-form-urlencoded", "b=2&a=%20x+y"),
        ("PUT", "text/plain", "plain text"),
    ];
    for scheme in all_schemes(&mut loaded) {
        let (name, mut accepted) = (&scheme.name, 0);
        for (method, media_type, body) in requests {
            let more = if body.is_empty() {
                String::new()
            } else {
                format!("content-type: {media_type}\r\n")
            };
            let target = format!("/{name}@default/things/1?b=2&a=%2F%20x&sign=mine");
            let answer = gateway.call(method, &target, &more, body.as_bytes());
            // Nothing is recorded, and only what is signed rightly gets so far.
            let is_accepted = answer.error() == Some("not_recorded")
                || (answer.error().is_none() && answer.header("x-ingam-sample").is_some());
            accepted += usize::from(is_accepted);
            // Some schemes put their values into a form or a JSON body, and into no other.
            let is_unfit = answer.error() == Some("unsignable")
                && answer.text().contains("a different kind of body");
            if !is_accepted && !is_unfit {
                let (head, body) = (&answer.head, answer.text());
                refused.push(format!("{name} {method} {media_type}: {head} {body}"));
            }
        }
        if accepted == 0 {
            refused.push(format!("{name}: nothing was accepted"));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    let (code, _) = gateway.end();
    assert_eq!((code, ready.exists()), (0, false));
}

#[test]
fn what_nobody_may_send_is_refused_and_says_why() {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "envs: { sandbox: { accounts: { shopee: { sg: {}, my: {} } } } }\n",
    );
    let gateway = Gateway::start(gateway(folder.path(), &["--max-body", "1KiB"]));
    let (address, info) = (
        gateway.address.clone(),
        "/shopee@sg/api/v2/shop/get_shop_info",
    );
    let key = format!("x-ingam-key: {KEY}\r\n");
    let host = format!("host: {address}\r\n");
    let both = format!("{host}{key}");
    let large = "content-length: 1025\r\n";
    let cases = [
        // Who calls.
        ("GET", info, host.clone(), "401 no_key"),
        (
            "GET",
            info,
            format!("{host}x-ingam-key: {KEY}x\r\n"),
            "401 wrong_key",
        ),
        ("GET", info, format!("{both}{key}"), "401 wrong_key"),
        (
            "GET",
            info,
            format!("{host}authorization: Basic eDp5\r\n"),
            "401 wrong_key",
        ),
        (
            "GET",
            info,
            format!("host: evil.example:80\r\n{key}"),
            "403 wrong_host",
        ),
        (
            "GET",
            info,
            format!("{both}origin: https://evil.example\r\n"),
            "403 browser_page",
        ),
        (
            "GET",
            info,
            format!("{both}origin: null\r\n"),
            "403 browser_page",
        ),
        (
            "GET",
            info,
            format!("{both}sec-fetch-site: cross-site\r\n"),
            "403 browser_page",
        ),
        (
            "OPTIONS",
            info,
            format!("{host}origin: https://evil.example\r\n"),
            "403 browser_page",
        ),
        // What is called.
        (
            "GET",
            "http://evil.example/shopee@sg/x",
            both.clone(),
            "400 wrong_target",
        ),
        ("GET", "/shopee@sg//api", both.clone(), "400 wrong_target"),
        ("GET", "/shopee@sg/a/../b", both.clone(), "400 wrong_target"),
        (
            "GET",
            "/shopee@sg/a/%2e%2e/b",
            both.clone(),
            "400 wrong_target",
        ),
        ("GET", "/", both.clone(), "404 no_scheme"),
        ("GET", "/shope@sg/api", both.clone(), "404 unknown_scheme"),
        ("GET", "/shopee@th/api", both.clone(), "404 unknown_account"),
        ("GET", "/shopee/api", both.clone(), "404 unknown_account"),
        (
            "GET",
            info,
            format!("{both}x-ingam-level: shops\r\n"),
            "400 unknown_level",
        ),
        ("TRACE", info, both.clone(), "405 wrong_method"),
        (
            "GET",
            info,
            format!("{both}x-ingam-levl: shop\r\n"),
            "400 wrong_header",
        ),
        (
            "GET",
            info,
            format!("{both}x-ingam-level: shop\r\nx-ingam-level: merchant\r\n"),
            "400 wrong_header",
        ),
        ("GET", "/none@sg/api", both.clone(), "400 wrong_target"),
        ("GET", "/shopee%0a@sg/api", both.clone(), "404 no_scheme"),
        (
            "GET",
            "/shopee@sg/api/v2/auth/access_token/get",
            both.clone(),
            "403 token_path",
        ),
        (
            "POST",
            "/shopee@sg/API/v2/auth%2Ftoken/get/",
            both.clone(),
            "403 token_path",
        ),
        (
            "GET",
            "/shopee@sg/api/v2/shop/auth_partner",
            both.clone(),
            "403 token_path",
        ),
        (
            "POST",
            "/shopee@sg/api/v2/order/ship_order",
            both.clone(),
            "403 write_refused",
        ),
        ("DELETE", info, both.clone(), "403 write_refused"),
        (
            "GET",
            info,
            format!("{both}x-http-method-override: DELETE\r\n"),
            "403 write_refused",
        ),
        ("GET", info, format!("{both}{large}"), "413 body_too_large"),
        ("GET", "/shopee@sg/a?b='", both.clone(), "400 wrong_target"),
        // And what is passed on.
        (
            "GET",
            info,
            format!("{both}x-ingam-level: shop\r\n"),
            "502 not_recorded",
        ),
    ];
    for (method, target, headers, expected) in &cases {
        let body = if headers.contains(large) {
            vec![b'x'; 1_025]
        } else {
            Vec::new()
        };
        let answer = gateway.raw(&format!("{method} {target} HTTP/1.1\r\n{headers}"), &body);
        let found = format!("{} {}", answer.status, answer.error().unwrap_or("-"));
        assert_eq!(
            found,
            *expected,
            "{method} {target} {headers}{}",
            answer.text()
        );
        let document: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(document["error"]["code"], answer.error().unwrap());
        assert!(!document["error"]["message"].as_str().unwrap().is_empty());
        assert!(
            !document["error"]["help"].as_array().unwrap().is_empty(),
            "{document}"
        );
        assert_eq!(
            answer.header("www-authenticate").is_some(),
            answer.status == 401
        );
        let call = gateway.next_call();
        assert_eq!(
            (&call["error"], &call["status"]),
            (&document["error"]["code"], &answer.status.into())
        );
        assert!(!call.to_string().contains(KEY));
    }
    let (_, rest) = gateway.end();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn a_write_in_the_spelling_of_a_read_is_refused() {
    let folder = Folder::new();
    let gateway = Gateway::start(gateway(folder.path(), &[]));
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let json = "content-type: application/json\r\n";
    let parts = "content-type: multipart/form-data; boundary=b\r\n";
    let part =
        "--b\r\nContent-Disposition: form-data; name=\"method\"\r\n\r\nx.delete\r\n--b--\r\n";
    let (taobao, wechat) = (
        "/taobao-top/router/rest?method=x.get",
        "/wechat-channels/channels/ec/product",
    );
    let xiaohongshu = "/xiaohongshu/common_controller";
    let refused = "write_refused";
    for (target, headers, body, expected) in [
        // The name of the call in the body, too.
        (taobao, form, "fields=sid", "-"),
        (taobao, form, "method=x.delete", refused),
        (taobao, form, "Method[]=x.delete", refused),
        (taobao, parts, part, refused),
        (taobao, json, "{\"method\":\"x.delete\"}", refused),
        (
            taobao,
            "content-type: text/plain\r\n",
            "method=x.delete",
            refused,
        ),
        (&format!("{taobao}&METHOD=x.delete"), form, "a=1", refused),
        // A path that servers read in different ways.
        (&format!("{wechat}/get"), json, "{}", "-"),
        (&format!("{wechat}/delete;get"), json, "{}", refused),
        (&format!("{wechat}/delete%3Bget"), json, "{}", refused),
        (&format!("{wechat}/delete%253Bget"), json, "{}", refused),
        (
            "/godomall/goods/Delete.php%2F_Search.php",
            form,
            "a=1",
            refused,
        ),
        // Another method.
        (&format!("{wechat}/get?_method=DELETE"), json, "{}", refused),
        (
            &format!("{wechat}/get"),
            json,
            "{\"_method\":\"PUT\"}",
            refused,
        ),
        (
            &format!("{wechat}/get"),
            &format!("{json}x_http_method_override: DELETE\r\n"),
            "{}",
            refused,
        ),
        // Calls and token requests at one path.
        (
            xiaohongshu,
            json,
            "{\"method\":\"order.getOrderList\"}",
            refused,
        ),
        (
            xiaohongshu,
            json,
            "{\"method\":\"oauth.refreshToken\"}",
            "token_path",
        ),
        (
            &format!("{xiaohongshu}?METHOD=OAuth.getAccessToken"),
            json,
            "{}",
            "token_path",
        ),
        (
            xiaohongshu,
            "content-type: text/plain\r\n",
            "{}",
            "token_path",
        ),
    ] {
        let answer = gateway.call("POST", target, headers, body.as_bytes());
        let error = answer.error().filter(|error| *error != "not_recorded");
        assert_eq!(
            error.unwrap_or("-"),
            expected,
            "{target} {body} {}",
            answer.text()
        );
    }
}

#[test]
fn a_request_arrives_as_it_was_written_but_for_what_is_the_gateways() {
    let (sender, requests) = channel();
    let address = upstream(move |request, stream| {
        sender.send(request).unwrap();
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(b"{\"a\": 1}").unwrap();
        let packed = packed.finish().unwrap();
        let head = format!(
            "HTTP/1.1 418 Teapot\r\nX-Own: 1\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=9\r\nx-ingam-account: evil\r\nx-ingam-error: evil\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            packed.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&packed).unwrap();
    });
    let folder = workspace(&address);
    let gateway = local_gateway(&folder, &["--write"]);
    // A body and a query in a spelling that no serializer has.
    let body = "{ \"id\": 10000000000000000001, \"b\":[1.0 ,2],\"a\":\"\\u0041\" }\r\n";
    let more = "Authorization: Bearer of-the-client\r\nX-Client: yes\r\nconnection: close, x-private\r\nx-private: 1\r\nte: trailers\r\nupgrade: h2c\r\naccept-encoding: br\r\ncontent-type: application/json;charset=utf-8\r\nuser-agent: client/1\r\n";
    let answer = gateway.call(
        "POST",
        "/wildberries/api/v3/orders/1%2F2?b=%20&&a=+%e1&b=2",
        more,
        body.as_bytes(),
    );
    let request = requests.recv().unwrap();
    let (head, sent) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(sent, body);
    let mut lines: Vec<String> = head.lines().map(str::to_lowercase).collect();
    assert_eq!(
        lines.remove(0),
        "post /api/v3/orders/1%2f2?b=%20&&a=+%e1&b=2 http/1.1"
    );
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "accept-encoding: gzip, deflate".to_owned(),
            "accept: */*".to_owned(),
            format!("authorization: {}", TOKEN.to_lowercase()),
            format!("content-length: {}", body.len()),
            "content-type: application/json;charset=utf-8".to_owned(),
            format!("host: {address}"),
            "user-agent: client/1".to_owned(),
            "x-client: yes".to_owned(),
        ]
    );
    assert_eq!((answer.status, answer.text().as_str()), (418, "{\"a\": 1}"));
    let mut lines: Vec<&str> = answer.head.lines().skip(1).collect();
    lines.retain(|line| !line.starts_with("date: "));
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "connection: close",
            "content-length: 8",
            "content-type: application/json",
            "set-cookie: a=1",
            "set-cookie: b=2",
            "x-ingam-account: default",
            "x-ingam-attempts: 1",
            "x-ingam-budget-left: 19",
            "x-own: 1",
        ]
    );
    // The key as the user of the URL is for the gateway alone.
    let basic = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("{KEY}:"));
    let head = format!(
        "GET /wildberries/x HTTP/1.1\r\nhost: {}\r\nauthorization: Basic {basic}\r\n",
        gateway.address
    );
    assert_eq!(gateway.raw(&head, b"").status, 418);
    let request = requests.recv().unwrap();
    assert!(
        !request.contains(&basic) && request.contains(TOKEN),
        "{request}"
    );
}

#[test]
fn many_clients_at_once_on_an_expired_token_make_one_refresh() {
    const CLIENTS: usize = 64;
    let workspace = TestWorkspace::with_tokens();
    let mut command = workspace.ingam(&["gateway", "--json", "--env", "local"]);
    command.env("INGAM_GATEWAY_KEY", KEY);
    let gateway = Arc::new(Gateway::start(command));
    let info = "/shopee@sg/api/v2/shop/get_shop_info";
    assert_eq!(gateway.get(info).status, 200);
    let before = workspace.count("refreshed");
    for round in 1..=2 {
        workspace.control("expire?what=access");
        let start = Arc::new(Barrier::new(CLIENTS));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (gateway, start) = (Arc::clone(&gateway), Arc::clone(&start));
                std::thread::spawn(move || {
                    start.wait();
                    gateway.get(info)
                })
            })
            .collect();
        for client in clients {
            let answer = client.join().unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        assert_eq!(workspace.count("refreshed") - before, round);
    }
    assert_eq!(
        (workspace.count("replayed"), workspace.count("refused")),
        (0, 0)
    );
    let Ok(gateway) = Arc::try_unwrap(gateway) else {
        panic!("a client still has it");
    };
    assert_eq!(gateway.end().0, 0);
}

#[test]
fn a_large_response_passes_in_constant_memory_at_the_speed_of_the_client() {
    const PIECE: usize = 64 << 10;
    let measures = std::env::var_os("INGAM_MEASURE").is_some();
    // 1 GB, and 100 MB in every run of the tests.
    let pieces = if measures { 16_384 } else { 1_600 };
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let address = upstream(move |_, stream| {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            pieces * PIECE
        );
        stream.write_all(head.as_bytes()).unwrap();
        for _ in 0..pieces {
            stream.write_all(&[b' '; PIECE]).unwrap();
            count.fetch_add(PIECE, Ordering::Relaxed);
        }
    });
    let folder = workspace(&address);
    let gateway = local_gateway(&folder, &[]);
    // The first call brings what every call needs.
    assert_eq!(gateway.get("/shopee/x").error(), Some("no_credential"));
    #[cfg(target_os = "linux")]
    let before = gateway.peak_memory();
    let mut stream = TcpStream::connect(&gateway.address).unwrap();
    let head = format!(
        "GET /wildberries/x HTTP/1.1\r\nhost: localhost\r\nx-ingam-key: {KEY}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut first = [0; 1_024];
    let mut whole = stream.read(&mut first).unwrap();
    // Nobody reads: what the marketplace can write ends at what sockets hold.
    let mut seen = 0;
    let mut since = Instant::now();
    while since.elapsed() < Duration::from_millis(300) {
        let now = written.load(Ordering::Relaxed);
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        std::thread::yield_now();
    }
    assert!(
        seen < pieces * PIECE,
        "the response was read without a client"
    );
    let mut buffer = vec![0; 1 << 20];
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            read => whole += read,
        }
    }
    assert!(
        whole > pieces * PIECE && whole < pieces * PIECE + 4_096,
        "{whole}"
    );
    #[cfg(target_os = "linux")]
    {
        let grown = gateway.peak_memory() - before;
        assert!(grown < 12 << 20, "{grown} bytes more");
        super::tokens::figure(&format!(
            "a response of {} MB through the gateway: {} kB of memory more",
            (pieces * PIECE) >> 20,
            grown >> 10
        ));
    }
}

#[test]
fn a_client_that_goes_away_ends_its_request_and_not_its_count() {
    let (sender, ends) = channel();
    let address = upstream(move |request, stream| {
        if request.contains("/slow") {
            sender.send("arrived").unwrap();
            // Until the gateway closes the connection.
            assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0);
            sender.send("closed").unwrap();
        } else {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
        }
    });
    let folder = workspace(&address);
    let gateway = local_gateway(&folder, &[]);
    let head = format!(
        "GET /wildberries/api/v3/orders/slow HTTP/1.1\r\nhost: localhost\r\nx-ingam-key: {KEY}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(&gateway.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let wait = Duration::from_secs(60);
    assert_eq!(ends.recv_timeout(wait), Ok("arrived"));
    drop(stream);
    assert_eq!(ends.recv_timeout(wait), Ok("closed"));
    let call = gateway.next_call();
    assert_eq!(
        (&call["error"], &call["status"]),
        (&"client_gone".into(), &499.into())
    );
    // Two calls are counted: this one, and the one that was sent for nobody.
    let answer = gateway.get("/wildberries/api/v3/orders/new");
    assert_eq!(answer.header("x-ingam-budget-left"), Some("18"));
}

#[test]
fn no_output_holds_a_key_a_credential_or_anything_of_a_response() {
    let address = upstream(|_, stream| {
        let body = format!("{{\"access_token\":\"of-the-response-8Hs2\",\"echo\":\"{TOKEN}\"}}");
        write!(
            stream,
            "HTTP/1.1 500 Broken\r\nx-echo: {TOKEN}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    });
    let folder = workspace(&address);
    for args in [&["--json"], &["--verbose"]] as [&[&str]; 2] {
        let mut command = ingam(folder.path());
        command
            .args([
                "gateway",
                "--env",
                "local",
                "--until-eof",
                "--ready-file",
                "ready.json",
                "--port",
                "0",
            ])
            .args(args)
            .env("INGAM_GATEWAY_KEY", KEY)
            .env("INGAM_WILDBERRIES__TOKEN", TOKEN)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let ready = folder.path().join("ready.json");
        let first = read_ready(&ready);
        let text = first.to_string();
        let address = first["address"]
            .as_str()
            .unwrap()
            .strip_prefix("http://")
            .unwrap();
        let mut replies = String::new();
        let targets = secret_targets();
        for target in &targets {
            for key in [KEY, "wrong-key-that-is-shown-nowhere"] {
                let mut stream = TcpStream::connect(address).unwrap();
                write!(stream, "GET {target} HTTP/1.1\r\nhost: localhost\r\nx-ingam-key: {key}\r\nconnection: close\r\n\r\n").unwrap();
                let mut reply = Vec::new();
                stream.read_to_end(&mut reply).unwrap();
                let reply = Answer::of(&reply);
                // What the marketplace says goes to the client as it is.
                if reply.error().is_some() {
                    replies.push_str(&format!("{}{}", reply.head, reply.text()));
                }
            }
        }
        // Its end is that of its standard input.
        let output = child.wait_with_output().unwrap();
        let (stdout, stderr, code) = super::program::text(&output);
        assert_eq!(code, 0, "{stderr}");
        let count = |word: &str| stderr.matches(word).count();
        assert_eq!(count("wrong_key"), targets.len(), "{stderr}");
        // Of each spelling, the path and the query reach the marketplace.
        assert_eq!(
            count(" 500 ") + count("\"status\":500"),
            SPELLINGS,
            "{stderr}"
        );
        let all = format!("{text}{stdout}{stderr}{replies}");
        let hidden = [KEY, TOKEN].iter().flat_map(|secret| spellings(secret));
        let others = ["wrong-key-that", "of-the-response"].map(str::to_owned);
        for secret in hidden.chain(others) {
            assert!(!all.contains(&secret), "{secret}: {all}");
        }
    }
}

const SPELLINGS: usize = 7;

/// A secret as programs write it into a URL.
fn spellings(secret: &str) -> [String; SPELLINGS] {
    // With a byte before it, base64 spells it with other letters.
    let url_safe = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let percent =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
    [
        secret.to_owned(),
        url_safe(secret),
        url_safe(&format!("a{secret}")),
        url_safe(&format!("ab{secret}")),
        percent(secret),
        percent(&url_safe(secret)),
        hex::encode(secret),
    ]
}

/// Requests that hold a secret, in each spelling, in each part of their target.
fn secret_targets() -> Vec<String> {
    let mut targets = Vec::new();
    for spelled in spellings(TOKEN) {
        targets.push(format!("/wildberries/{spelled}/x?token={spelled}"));
        targets.push(format!("/wildberries@{spelled}/x"));
        targets.push(format!("/{spelled}/x"));
    }
    for spelled in spellings(KEY) {
        targets.push(format!("/{spelled}/x"));
        targets.push(format!("/wildberries@{spelled}/x?{spelled}"));
    }
    targets
}

#[test]
fn a_key_is_made_once_in_a_file_of_the_user_alone() {
    let folder = Folder::new();
    let start = |key_file: &str| {
        let mut command = ingam(folder.path());
        command.args([
            "gateway",
            "--json",
            "--quiet",
            "--scheme",
            "none",
            "--key-file",
            key_file,
        ]);
        Gateway::start(command)
    };
    let gateway = start("own.key");
    let path = folder.path().join("own.key");
    assert_eq!(gateway.first["key_source"], path.to_str().unwrap());
    let key = std::fs::read_to_string(&path).unwrap();
    assert!(key.len() == 65 && key.trim_end().bytes().all(|byte| byte.is_ascii_hexdigit()));
    let ask = |gateway: &Gateway, key: &str| {
        let head = format!("GET /shopee/x HTTP/1.1\r\nhost: localhost\r\nx-ingam-key: {key}\r\n");
        gateway.raw(&head, b"").error().map(str::to_owned)
    };
    // The key fits, and the scheme is not served.
    assert_eq!(
        ask(&gateway, key.trim_end()).as_deref(),
        Some("unknown_scheme")
    );
    assert_eq!(ask(&gateway, KEY).as_deref(), Some("wrong_key"));
    assert_eq!(gateway.end().0, 0);
    let again = start("own.key");
    assert_eq!(
        ask(&again, key.trim_end()).as_deref(),
        Some("unknown_scheme")
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), key);
    drop(again);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        let mut command = ingam(folder.path());
        let output = command.args(["gateway", "--key-file", "own.key"]).output();
        let (_, stderr, code) = text(&output.unwrap());
        assert_eq!(code, 5);
        assert!(
            stderr.contains("can be read or changed by others"),
            "{stderr}"
        );
    }
}

#[test]
fn what_would_open_the_gateway_is_refused_at_the_start() {
    let folder = Folder::new();
    let refused = |args: &[&str], key: &str| {
        let mut command = ingam(folder.path());
        command
            .arg("gateway")
            .args(args)
            .env("INGAM_GATEWAY_KEY", key);
        let (_, stderr, code) = text(&command.output().unwrap());
        assert_eq!(code, 2, "{stderr}");
        stderr
    };
    let open = refused(&["--bind", "0.0.0.0"], KEY);
    assert!(
        open.contains("`--bind 0.0.0.0` lets other machines call the gateway"),
        "{open}"
    );
    refused(&["--bind", "::", "--allow-network", " "], KEY);
    refused(&["--allow-host", "gateway"], KEY);
    for key in ["", "short", "key with blanks in it"] {
        let stderr = refused(&[], key);
        assert!(stderr.contains("INGAM_GATEWAY_KEY"), "{stderr}");
        assert!(key.is_empty() || !stderr.contains(key), "{stderr}");
    }
    refused(&["--scheme", "shope"], KEY);
    refused(&["--max-body", "1"], KEY);
    refused(&["--timeout", "0s"], KEY);
    refused(&["--env", "nowhere"], KEY);
}
