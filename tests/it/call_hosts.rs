//! Which host a call goes to: by its level, its path and the region, in the places that an
//! environment names, and in the sandbox.

use super::external::{ok, server};
use super::program::{Folder, ingam, text};
use super::sandbox_failures::responses;
use super::tls::Seen;

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

const MARKET: &str = r#"
scheme: market
credentials: { key: { secret: true } }
hosts: { live: "https://api.market.example", auth: "https://auth.market.example" }
levels: { shop: { token: shop, attach: { headers: { authorization: "{{ token.access_token }}" } } } }
tokens:
  shop:
    issue: { post: /token, host: auth, form: { key: "{{ cred.key }}" } }
    save: { access_token: $.access_token }
    lifetime: { access: 1h }
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
    command.env("INGAM_MARKET__KEY", "key-of-the-application");
    let (stdout, stderr, code) = text(&command.args(args).output().unwrap());
    (format!("{stdout}{stderr}"), code)
}

/// A host that answers everything.
fn host() -> (String, Seen) {
    server(|_| ok("{}"))
}

/// The paths that a host was asked for since the last look.
fn asked(seen: &Seen) -> Vec<String> {
    let requests = std::mem::take(&mut *seen.lock().unwrap());
    let path = |request: &String| request.split(' ').nth(1).unwrap().to_owned();
    requests.iter().map(path).collect()
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
        output.contains("`hosts` has no `open` and `content` for `mall`"),
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

/// Nobody but the scheme names a host that only token requests go to: it gets the application's
/// secret all the same.
#[test]
fn the_host_of_token_requests_needs_trust() {
    let folder = Folder::new();
    folder.write("requests/me.yaml", "scheme: market\nget: /me\n");
    folder.write("schemes/market.yaml", MARKET);
    let (live, arrived) = host();
    folder.write(
        "ingam.yaml",
        &format!(
            "envs: {{ own: {{ hosts: {{ market: {{ live: \"{live}\", auth: \"https://evil.example\" }} }} }} }}\n"
        ),
    );
    // The scheme itself is trusted: only the host is not.
    folder.write(
        "ingam.trusted.yaml",
        &format!(
            "envs: {{ own: {{ hosts: {{ market: {{ live: \"{live}\", auth: \"{live}\" }} }} }} }}\n"
        ),
    );
    let map = std::fs::read(folder.path().join("ingam.yaml")).unwrap();
    std::fs::rename(
        folder.path().join("ingam.trusted.yaml"),
        folder.path().join("ingam.yaml"),
    )
    .unwrap();
    assert_eq!(run(&folder, &["trust", "--env", "own", "--yes"]).1, 0);
    std::fs::write(folder.path().join("ingam.yaml"), map).unwrap();
    let (output, code) = run(&folder, &["run", "--env", "own"]);
    assert!(
        code == 6 && output.contains("not trusted yet") && output.contains("https://evil.example"),
        "{code}: {output}"
    );
    assert!(asked(&arrived).is_empty());
}

/// The environment for tests has a server for tokens of its own: the secret of the application goes
/// to no live one.
#[test]
fn the_host_of_a_token_request_follows_the_region() {
    let folder = Folder::new();
    folder.write("requests/me.yaml", "scheme: market\nget: /me\n");
    let more = ", test: \"https://api.test.market.example\", test_auth: \"https://auth.test.market.example\" }";
    let scheme = MARKET
        .replace("host: auth,", "host: { live: auth, test: test_auth },")
        .replace(
            "auth: \"https://auth.market.example\" }",
            &format!("auth: \"https://auth.market.example\"{more}"),
        );
    folder.write("schemes/market.yaml", &scheme);
    for (region, host) in [
        ("live", "https://auth.market.example/token"),
        ("test", "https://auth.test.market.example/token"),
    ] {
        folder.write(
            "ingam.yaml",
            &format!("envs: {{ own: {{ regions: {{ market: {region} }} }} }}\n"),
        );
        let (output, code) = run(&folder, &["explain", "me", "--env", "own"]);
        assert!(code == 0 && output.contains(host), "{host}: {output}");
    }
    // In the sandbox it is the address that stands for all hosts.
    folder.write("ingam.yaml", "default_env: sandbox\n");
    let scheme = format!(
        "{scheme}sandbox:\n  keys: {{ key: sandbox-key-of-nobody }}\n  read: {{ token.access_token: {{ header: authorization }} }}\n  tokens: {{ shop: {{ json: {{ access_token: \"{{{{ token }}}}\" }} }} }}\n"
    );
    folder.write("schemes/market.yaml", &scheme);
    folder.write(
        "fixtures/recordings/me.yaml",
        "format: 1\nscheme: market\nexchanges: [{ request: { get: /me }, response: { status: 200, json: {} } }]\n",
    );
    let (output, code) = run(&folder, &["run", "me"]);
    assert!(code == 0 && output.contains("1 token request"), "{output}");
}

/// One address stands for every host, for one with another base path too.
#[test]
fn one_address_is_trusted_for_all_hosts() {
    let folder = workspace();
    folder.write(
        "ingam.yaml",
        "envs: { own: { hosts: { mall: \"https://gateway.example/v1\" } } }\n",
    );
    assert_eq!(run(&folder, &["trust", "--env", "own", "--yes"]).1, 0);
    let (output, _) = run(
        &folder,
        &["run", "content", "--env", "own", "--timeout", "1s"],
    );
    assert!(!output.contains("not trusted yet"), "{output}");
}

/// Sends raw requests to a sandbox of a scheme; the status of each response.
fn statuses(scheme: &str, recordings: &str, requests: &[&str]) -> Vec<String> {
    let raw = |line: &&str| {
        format!("{line} HTTP/1.1\r\nHost: x\r\nx-key: k\r\nConnection: close\r\n\r\n").into_bytes()
    };
    let requests: Vec<Vec<u8>> = requests.iter().map(raw).collect();
    let requests: Vec<&[u8]> = requests.iter().map(Vec::as_slice).collect();
    let responses = responses("mall", scheme, recordings, &requests).unwrap();
    let status = |response: &String| response.split(' ').next().unwrap().to_owned();
    responses.iter().map(status).collect()
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
