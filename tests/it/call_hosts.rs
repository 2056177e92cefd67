//! Which host a call goes to: by its level, its path and the region, in the places that an
//! environment names, and in the sandbox.

use super::program::{Folder, ingam, text};
use ingam::internals::host::ClockAndRng;
use ingam::internals::load::load;
use ingam::internals::sandbox::{ListenOptions, SandboxServer};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MALL: &str = r#"
scheme: mall
credentials: { key: { secret: true } }
hosts:
  live: "https://orders.mall.example/v1"
  content: "https://content.mall.example"
  open: "https://open.mall.example"
  test: "https://orders.test.mall.example/v1"
  test_content: "https://content.test.mall.example"
match:
  - { path: "/content/**", host: { live: content, test: test_content } }
  - { path: "/public/**", level: public }
levels: { public: { host: open }, shop: {} }
default_level: shop
attach: { headers: { x-key: "{{ cred.key }}" } }
sandbox: { keys: { key: sandbox-key-of-nobody }, read: { cred.key: { header: x-key } } }
"#;

const RECORDINGS: &str = r#"
format: 1
scheme: mall
exchanges:
  - { request: { get: /orders }, response: { status: 200, json: { from: orders } } }
  - { request: { get: /content/cards }, response: { status: 200, json: { from: content } } }
  - { request: { get: /public/news }, response: { status: 200, json: { from: open } } }
"#;

fn workspace() -> Folder {
    let folder = Folder::new();
    folder.write("schemes/mall.yaml", MALL);
    folder.write("requests/orders.yaml", "scheme: mall\nget: /orders\n");
    folder.write(
        "requests/content.yaml",
        "scheme: mall\nget: /content/cards\n",
    );
    folder.write("requests/open.yaml", "scheme: mall\nget: /public/news\n");
    folder.write("fixtures/recordings/flow.yaml", RECORDINGS);
    folder
}

fn run(folder: &Folder, args: &[&str]) -> (String, i32) {
    let mut command = ingam(folder.path());
    command.env("INGAM_MALL__KEY", "key-of-the-application");
    let (stdout, stderr, code) = text(&command.args(args).output().unwrap());
    (format!("{stdout}{stderr}"), code)
}

/// A host that answers everything, and the paths that it was asked for.
fn host() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4_096];
            let count = stream.read(&mut buffer).unwrap_or(0);
            let head = String::from_utf8_lossy(&buffer[..count]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            log.lock().unwrap().push(path.to_owned());
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
            );
        }
    });
    (origin, seen)
}

fn asked(seen: &Arc<Mutex<Vec<String>>>) -> Vec<String> {
    std::mem::take(&mut *seen.lock().unwrap())
}

#[test]
fn a_path_a_level_and_a_region_choose_the_host() {
    let folder = workspace();
    for (regions, hosts) in [
        (
            "{}",
            [
                "https://orders.mall.example/v1/orders",
                "https://content.mall.example/content/cards",
                "https://open.mall.example/public/news",
            ],
        ),
        (
            "{ mall: test }",
            [
                "https://orders.test.mall.example/v1/orders",
                "https://content.test.mall.example/content/cards",
                "https://open.mall.example/public/news",
            ],
        ),
    ] {
        folder.write(
            "ingam.yaml",
            &format!("envs: {{ own: {{ regions: {regions} }} }}\n"),
        );
        for (request, host) in ["orders", "content", "open"].into_iter().zip(hosts) {
            let (output, code) = run(&folder, &["explain", request, "--env", "own"]);
            assert!(code == 0 && output.contains(host), "{host}: {output}");
        }
    }
}

#[test]
fn the_sandbox_plays_all_hosts_with_their_base_paths() {
    let folder = workspace();
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn an_environment_names_each_host_or_one_for_all() {
    let folder = workspace();
    let (orders, content, open) = (host(), host(), host());
    folder.write(
        "ingam.yaml",
        &format!(
            "envs: {{ own: {{ hosts: {{ mall: {{ live: \"{}/v1\", content: \"{}\", open: \"{}\" }} }} }} }}\n",
            orders.0, content.0, open.0
        ),
    );
    run(&folder, &["trust", "--env", "own", "--yes"]);
    let (output, code) = run(&folder, &["run", "--env", "own"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(asked(&orders.1), ["/v1/orders"]);
    assert_eq!(asked(&content.1), ["/content/cards"]);
    assert_eq!(asked(&open.1), ["/public/news"]);
    let all = format!(
        "envs: {{ own: {{ hosts: {{ mall: \"{}/v1\" }} }} }}\n",
        orders.0
    );
    folder.write("ingam.yaml", &all);
    let (output, code) = run(&folder, &["run", "--env", "own"]);
    assert_eq!(code, 0, "{output}");
    let mut paths = asked(&orders.1);
    paths.sort();
    assert_eq!(paths, ["/content/cards", "/public/news", "/v1/orders"]);
}

#[test]
fn a_map_of_hosts_that_lacks_one_sends_nothing_there() {
    let folder = workspace();
    let orders = host();
    folder.write(
        "ingam.yaml",
        &format!(
            "envs: {{ own: {{ hosts: {{ mall: {{ live: \"{}/v1\" }} }} }} }}\n",
            orders.0
        ),
    );
    let (output, code) = run(&folder, &["run", "--env", "own"]);
    assert_eq!(code, 3, "{output}");
    assert!(
        output.contains("names no `open` and `content` for `mall`"),
        "{output}"
    );
    assert!(asked(&orders.1).is_empty());
}

#[test]
fn every_host_of_a_map_needs_trust() {
    let folder = workspace();
    let orders = host();
    folder.write(
        "ingam.yaml",
        &format!(
            "envs: {{ own: {{ hosts: {{ mall: {{ live: \"{}/v1\", content: \"https://evil.example\", open: \"https://evil.example\" }} }} }} }}\n",
            orders.0
        ),
    );
    let (listed, _) = run(&folder, &["trust", "--env", "own"]);
    assert!(
        listed.contains("https://evil.example in environment `own`"),
        "{listed}"
    );
    let (output, code) = run(&folder, &["run", "--env", "own"]);
    assert!(code == 6 && output.contains("not trusted yet"), "{output}");
}

/// Sends raw requests to a sandbox of a scheme; the status of each response.
fn statuses(scheme: &str, recordings: &str, requests: &[&str]) -> Vec<String> {
    let folder = Folder::new();
    folder.write("ingam.yaml", "{}\n");
    folder.write("schemes/mall.yaml", scheme);
    folder.write("fixtures/recordings/a.yaml", recordings);
    let loaded = load(folder.path(), 1).unwrap();
    assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
    let schemes = [loaded.workspace.scheme("mall").unwrap().clone()];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let clock_and_rng = ClockAndRng {
        clock: || 1_795_338_000_000,
        rng: || Ok([5; 16]),
    };
    let options = ListenOptions::default();
    let start = SandboxServer::start(&loaded.workspace, &schemes, options, clock_and_rng);
    let sandbox = runtime.block_on(start).unwrap();
    let origin = sandbox.origins.get("mall").unwrap();
    let address = origin.strip_prefix("http://").unwrap();
    runtime.block_on(async {
        let mut found = Vec::new();
        for line in requests {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let request = format!(
                "{line} HTTP/1.1\r\nHost: {address}\r\nx-key: k\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut response = Vec::new();
            stream.read_to_end(&mut response).await.unwrap();
            let response = String::from_utf8(response).unwrap();
            found.push(response.split(' ').nth(1).unwrap_or_default().to_owned());
        }
        found
    })
}

#[test]
fn the_sandbox_takes_the_level_that_a_request_shows_among_those_accepted() {
    let scheme = |accepts: &str| {
        format!(
            r#"
scheme: mall
credentials: {{ key: {{ secret: true }}, shop: {{ scope: account }} }}
hosts: {{ live: "https://mall.example" }}
match: [{{ path: "/media/**", level: public{accepts} }}]
levels: {{ public: {{}}, shop: {{ attach: {{ query: {{ shop: "{{{{ cred.shop }}}}" }} }} }} }}
default_level: shop
attach: {{ headers: {{ x-key: "{{{{ cred.key }}}}" }} }}
sandbox:
  keys: {{ key: k, shop: "1" }}
  read: {{ cred.key: {{ header: x-key }}, cred.shop: {{ query: shop }} }}
"#
        )
    };
    let recordings = "format: 1\nscheme: mall\nexchanges:\n  - { request: { get: /media/a }, response: { status: 204 } }\n";
    let requests = ["GET /media/a", "GET /media/a?shop=1", "GET /media/a?shop=2"];
    let accepts = ", accepts: [public, shop], source: \"a page\"";
    assert_eq!(
        statuses(&scheme(accepts), recordings, &requests),
        ["204", "204", "401"]
    );
    assert_eq!(
        statuses(&scheme(""), recordings, &requests),
        ["204", "501", "501"]
    );
}

/// A user and a password in one text say nothing of the account that can be read.
#[test]
fn the_sandbox_finds_the_account_of_a_request_that_names_none() {
    let folder = Folder::new();
    folder.write(
        "schemes/mall.yaml",
        r#"
scheme: mall
credentials: { user: { scope: account } }
hosts: { live: "https://mall.example" }
attach: { headers: { Authorization: "Basic {{ cred.user | b64 }}" } }
sandbox: { keys: { user: "user of {{ account }}" } }
"#,
    );
    folder.write(
        "ingam.yaml",
        "envs: { sandbox: { accounts: { mall: { a: {}, b: {} } } } }\n",
    );
    folder.write(
        "requests/one.yaml",
        "scheme: mall\naccount: all\nget: /x\nassert: { $.of: \"{{ account.name }}\" }\n",
    );
    folder.write(
        "fixtures/recordings/one.yaml",
        "format: 1\nscheme: mall\nexchanges:\n  - { request: { get: /x, account: a }, response: { status: 200, json: { of: a } } }\n  - { request: { get: /x, account: b }, response: { status: 200, json: { of: b } } }\n",
    );
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 0, "{output}");
}
