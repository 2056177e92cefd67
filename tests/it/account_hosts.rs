//! A host that a credential of the account gives: it gets secrets only after the user has allowed
//! this very value for this account, by `ingam trust` or by signing in to that shop.

use super::program::{Folder, ingam, text};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

const MALL: &str = r#"
scheme: mall
credentials:
  app_key: { secret: true }
  shop: { scope: account, type: label }
hosts: { live: "https://{{ cred.shop }}.mall.example/api" }
levels:
  open: {}
  shop: { token: shop }
default_level: open
attach: { headers: { x-key: "{{ cred.app_key }}" } }
tokens:
  shop:
    store_by: [shop]
    exchange:
      post: /token
      form: { key: "{{ cred.app_key }}", code: "{{ code }}" }
    save: { access_token: $.access_token }
authorize:
  get: /authorize
  query: { redirect_uri: "{{ redirect }}", state: "{{ state }}" }
  callback: { code: code, keep: { shop: shop } }
sandbox:
  keys: { app_key: sandbox-app-key, shop: "shop-{{ account }}" }
"#;

/// The same with a whole host name.
fn store() -> String {
    MALL.replace("type: label", "type: host")
        .replace("{{ cred.shop }}.mall.example", "{{ cred.shop }}")
}

/// A proxy that notes which host it was asked for, and ends the connection.
fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
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
            let asked = head.lines().next().unwrap_or_default();
            log.lock().unwrap().push(asked.to_owned());
            let _ = write!(
                stream,
                "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"
            );
        }
    });
    (origin, seen)
}

struct Workspace {
    folder: Folder,
    proxy: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Workspace {
    fn new(scheme: &str) -> Self {
        let (proxy, seen) = proxy();
        let workspace = Self {
            folder: Folder::new(),
            proxy,
            seen,
        };
        workspace.folder.write("schemes/mall.yaml", scheme);
        let request = "scheme: mall\nget: /x\nok: { kind: any }\n";
        workspace.folder.write("requests/one.yaml", request);
        workspace.accounts("{ a: { shop: first } }");
        workspace
    }

    fn accounts(&self, accounts: &str) {
        let text = format!("envs: {{ live: {{ accounts: {{ mall: {accounts} }} }} }}\n");
        self.folder.write("ingam.yaml", &text);
    }

    fn command(&self, args: &[&str], more: &[(&str, &str)]) -> std::process::Command {
        let mut command = ingam(self.folder.path());
        command
            .env("INGAM_MALL__APP_KEY", "key-of-the-application")
            .env("HTTPS_PROXY", &self.proxy)
            .envs(more.iter().copied())
            .args(args);
        command
    }

    fn run(&self, args: &[&str], more: &[(&str, &str)]) -> (String, i32) {
        let (stdout, stderr, code) = text(&self.command(args, more).output().unwrap());
        (format!("{stdout}{stderr}"), code)
    }

    fn trust(&self) -> String {
        let (output, code) = self.run(&["trust", "--env", "live", "--yes"], &[]);
        assert_eq!(code, 0, "{output}");
        output
    }

    /// What the proxy was asked for since the last call.
    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.seen.lock().unwrap());
        asked.dedup();
        asked
    }

    fn send(&self, more: &[&str]) -> (String, Vec<String>) {
        let args = [&["run", "--env", "live"], more].concat();
        let (output, code) = self.run(&args, &[]);
        assert_ne!(code, 0, "{output}");
        (output, self.asked())
    }

    fn refuses(&self, more: &[&str], host: &str, account: &str) {
        let (output, asked) = self.send(more);
        let wanted = format!(
            "not trusted yet: secrets of `mall` are sent to https://{host} for the account `{account}`"
        );
        assert!(output.contains(&wanted), "{output}");
        assert!(output.contains("ingam trust --env live"), "{output}");
        assert!(asked.is_empty(), "{asked:?}");
    }

    fn sends(&self, more: &[&str], host: &str) {
        let (output, asked) = self.send(more);
        assert_eq!(asked, [format!("CONNECT {host}:443 HTTP/1.1")], "{output}");
    }
}

#[test]
fn a_host_of_an_account_gets_secrets_only_by_its_value() {
    for (scheme, suffix) in [(MALL.to_owned(), ".mall.example"), (store(), "")] {
        let label = |name: &str| {
            if suffix.is_empty() {
                format!("{name}.example")
            } else {
                name.to_owned()
            }
        };
        let host = |name: &str| format!("{}{suffix}", label(name));
        let workspace = Workspace::new(&scheme);
        let accounts = |a: &str, b: &str| {
            let (a, b) = (label(a), label(b));
            workspace.accounts(&format!("{{ a: {{ shop: {a} }}, b: {{ shop: {b} }} }}"));
        };
        let (a, b) = (["--account", "a"], ["--account", "b"]);
        accounts("first", "second");
        // The scheme of the workspace is trusted by its text, and gives no trust in any value.
        workspace.accounts("{}");
        workspace.trust();
        accounts("first", "second");
        workspace.refuses(&a, &host("first"), "a");
        let listed = workspace.trust();
        for (account, name) in [("a", "first"), ("b", "second")] {
            let line = format!(
                "secrets of `mall` are sent to https://{} for the account `{account}`",
                host(name)
            );
            assert!(listed.contains(&line), "{listed}");
        }
        workspace.sends(&a, &host("first"));
        workspace.sends(&b, &host("second"));
        // Another value, and the value of another account.
        accounts("evil", "first");
        workspace.refuses(&a, &host("evil"), "a");
        workspace.refuses(&b, &host("first"), "b");
        accounts("first", "second");
        workspace.sends(&a, &host("first"));
    }
}

#[test]
fn a_value_of_a_variable_needs_trust_as_well() {
    let workspace = Workspace::new(MALL);
    workspace.accounts("{}");
    workspace.trust();
    let shop = [("INGAM_MALL__SHOP", "first")];
    let (output, _) = workspace.run(&["run", "--env", "live"], &shop);
    assert!(
        output.contains("are sent to https://first.mall.example"),
        "{output}"
    );
    assert!(workspace.asked().is_empty());
    // A pattern of the person or of CI allows it.
    let more = [shop[0], ("INGAM_TRUST_HOSTS", "mall=*.mall.example")];
    workspace.run(&["run", "--env", "live"], &more);
    assert_eq!(
        workspace.asked(),
        ["CONNECT first.mall.example:443 HTTP/1.1"]
    );
    let more = [shop[0], ("INGAM_TRUST_HOSTS", "mall=*.other.example")];
    workspace.run(&["run", "--env", "live"], &more);
    assert!(workspace.asked().is_empty());
}

#[test]
fn a_value_that_is_no_host_is_refused_before_anything_is_sent() {
    for (scheme, values) in [
        (
            MALL.to_owned(),
            [
                "evil.example/",
                "a.b",
                "a@b",
                "a:80",
                "A",
                "-a",
                "a#",
                "a?b",
            ],
        ),
        (
            store(),
            [
                "evil.example/x",
                "localhost",
                "127.0.0.1",
                "10.0.0.1",
                "u@evil.example",
                "a.example:8080",
                "0x7f.1",
                "a.example.",
            ],
        ),
    ] {
        let workspace = Workspace::new(&scheme);
        workspace.accounts("{}");
        workspace.trust();
        for value in values {
            workspace.accounts(&format!("{{ a: {{ shop: \"{value}\" }} }}"));
            let (output, code) = workspace.run(&["check"], &[]);
            assert_eq!(code, 3, "{value}: {output}");
            let (output, code) = workspace.run(&["trust", "--env", "live", "--yes"], &[]);
            assert_ne!(code, 0, "{value}: {output}");
            workspace.accounts("{}");
            let more = [("INGAM_MALL__SHOP", value)];
            let (output, code) = workspace.run(&["run", "--env", "live"], &more);
            assert!(code != 0 && output.contains(value), "{value}: {output}");
            assert!(workspace.asked().is_empty(), "{value}");
        }
    }
}

#[test]
fn a_missing_value_is_named_with_its_variable() {
    let workspace = Workspace::new(MALL);
    workspace.accounts("{}");
    let (output, _) = workspace.run(&["run", "--env", "live"], &[]);
    assert!(output.contains("INGAM_MALL__SHOP"), "{output}");
}

#[test]
fn the_sandbox_and_hosts_of_an_environment_stand_for_all_accounts() {
    let workspace = Workspace::new(MALL);
    let (output, code) = workspace.run(&["explain", "one", "--env", "live"], &[]);
    assert!(
        code == 0 && output.contains("https://first.mall.example/api/x"),
        "{output}"
    );
    let (output, _) = workspace.run(&["run"], &[]);
    assert!(!output.contains("not trusted"), "{output}");
    workspace.folder.write(
        "ingam.yaml",
        "envs: { own: { hosts: { mall: \"https://proxy.example/api\" }, accounts: { mall: { a: { shop: first } } } } }\n",
    );
    let (output, _) = workspace.run(&["run", "--env", "own"], &[]);
    let wanted = "secrets of `mall` are sent to https://proxy.example/api in environment `own`";
    assert!(output.contains(wanted), "{output}");
    let args = [
        "run",
        "--env",
        "own",
        "--host",
        "mall=https://given.example/api",
    ];
    let (output, _) = workspace.run(&args, &[]);
    assert!(
        output.contains("ingam trust --host mall=given.example"),
        "{output}"
    );
    assert!(workspace.asked().is_empty());
}

/// Signs in by pasting what `address` makes of the link's state.
fn login(workspace: &Workspace, address: &dyn Fn(&str) -> String) -> (String, i32) {
    let back = "https://back.example/";
    let args = [
        "auth",
        "login",
        "mall",
        "--env",
        "live",
        "--account",
        "a",
        "--redirect",
        back,
    ];
    let mut child = workspace
        .command(&args, &[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut link = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut link).unwrap();
    let state = link
        .trim()
        .split_once("state=")
        .map_or("", |(_, state)| state);
    let mut stdin = child.stdin.take().unwrap();
    // A program that has ended reads nothing.
    let _ = writeln!(stdin, "{back}?{}", address(state));
    drop(stdin);
    let (stdout, stderr, code) = text(&child.wait_with_output().unwrap());
    (format!("{link}{stdout}{stderr}"), code)
}

#[test]
fn a_login_gives_trust_for_the_shop_that_was_authorized() {
    let workspace = Workspace::new(MALL);
    workspace.accounts("{}");
    workspace.trust();
    workspace.accounts("{ a: { shop: first } }");
    let wrong: [&dyn Fn(&str) -> String; 3] = [
        &|_| "code=c&shop=first&state=wrong".to_owned(),
        &|state| format!("code=c&shop=evil&state={state}"),
        &|_| "code=c&shop=first".to_owned(),
    ];
    for address in wrong {
        let (output, code) = login(&workspace, address);
        assert!(
            code != 0 && !output.contains("trusted by this login"),
            "{output}"
        );
        assert!(workspace.asked().is_empty(), "{output}");
        workspace.refuses(&[], "first.mall.example", "a");
    }
    let (output, _) = login(&workspace, &|state| {
        format!("code=c&shop=first&state={state}")
    });
    assert!(
        output.starts_with("https://first.mall.example/api/authorize?"),
        "{output}"
    );
    let wanted = "trusted by this login: secrets of `mall` are sent to https://first.mall.example for the account `a`";
    assert!(output.contains(wanted), "{output}");
    assert_eq!(
        workspace.asked(),
        ["CONNECT first.mall.example:443 HTTP/1.1"],
        "{output}"
    );
    workspace.sends(&[], "first.mall.example");
    workspace.accounts("{ a: { shop: evil } }");
    workspace.refuses(&[], "evil.mall.example", "a");
}

/// Whoever owns a host can send a browser back with a code: of a whole host name the person must
/// have said before that it is the shop's.
#[test]
fn a_login_at_a_whole_host_name_needs_trust_before() {
    let workspace = Workspace::new(&store());
    workspace.accounts("{}");
    workspace.trust();
    workspace.accounts("{ a: { shop: evil.example } }");
    let (output, code) = login(&workspace, &|state| {
        format!("code=c&shop=evil.example&state={state}")
    });
    let wanted =
        "not trusted yet: secrets of `mall` are sent to https://evil.example for the account `a`";
    assert!(code != 0 && output.contains(wanted), "{output}");
    assert!(workspace.asked().is_empty());
    workspace.trust();
    login(&workspace, &|state| {
        format!("code=c&shop=evil.example&state={state}")
    });
    assert_eq!(workspace.asked(), ["CONNECT evil.example:443 HTTP/1.1"]);
}
