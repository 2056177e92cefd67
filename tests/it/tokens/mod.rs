//! Tokens that survive anything: many processes, kills at every moment, lost answers, full disks.
//! Every test plays a whole sandbox in a process of its own and looks from outside.
//! `INGAM_MEASURE=1` runs the counts in full, otherwise a tenth.

mod faults;
mod frozen;
pub(super) mod kills;
mod leaks;
mod lifecycle;
mod postgres;
mod postgres_stops;
mod races;
mod regressions;
mod stores;

pub(crate) use postgres::PostgresServer;

use super::program::{Folder, ingam, text};
use ingam::internals::tokens::{StoreConfig, StoreKey, StoreLocation};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

pub(crate) const PARTNER_KEY: &str = "sandbox-partner-key-that-is-no-secret";

/// The whole count when it is measured, and a tenth in every run of the tests.
pub(crate) fn scaled(whole: usize) -> usize {
    if std::env::var_os("INGAM_MEASURE").is_some() {
        whole
    } else {
        whole.div_ceil(10)
    }
}

/// Says a figure when it is measured.
pub(crate) fn figure(text: &str) {
    println!("figure: {text}");
}

/// A sandbox that runs by itself, a workspace that names its address, and a home of its own.
pub(crate) struct TestWorkspace {
    pub folder: Folder,
    sandbox: Child,
    pub origin: String,
    /// Besides home and credentials.
    pub env: Vec<(String, String)>,
}

impl Drop for TestWorkspace {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

const SHOPS: &str =
    "shopee: { sg: { shop_id: 101, merchant_id: 201 }, my: { shop_id: 102, merchant_id: 201 } }";
const REQUEST: &str = "scheme: shopee\naccount: sg\nget: /api/v2/shop/get_shop_info\n";
const RECORDING: &str = "\
format: 1
scheme: shopee
exchanges:
  - request: { get: /api/v2/shop/get_shop_info }
    response: { status: 200, json: { shop_name: seal, error: \"\", message: \"\", request_id: r } }
";

impl TestWorkspace {
    pub(crate) fn new() -> Self {
        Self::with_world(&[])
    }

    /// With more files for the sandbox.
    pub(crate) fn with_world(files: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        for (name, text) in files {
            folder.write(&format!("world/{name}"), text);
        }
        folder.write(
            "world/ingam.yaml",
            &format!("envs: {{ sandbox: {{ accounts: {{ {SHOPS} }} }} }}\n"),
        );
        folder.write("world/requests/shop.yaml", REQUEST);
        folder.write("world/fixtures/recordings/shop.yaml", RECORDING);
        let (sandbox, origin) = sandbox(&folder, "shopee");
        let accounts = format!("{{ hosts: {{ shopee: \"{origin}\" }}, accounts: {{ {SHOPS} }} }}");
        folder.write("ingam.yaml", &format!("envs: {{ local: {accounts} }}\n"));
        folder.write("requests/shop.yaml", REQUEST);
        folder.write(
            "requests/all.yaml",
            &REQUEST.replace("account: sg", "account: all"),
        );
        std::fs::create_dir(folder.path().join("home")).unwrap();
        Self {
            folder,
            sandbox,
            origin,
            env: Vec::new(),
        }
    }

    /// A workspace in which `sg` is authorized.
    pub(crate) fn with_tokens() -> Self {
        let workspace = Self::new();
        workspace.login("sg", "shop_id=101");
        workspace
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn token_folder(&self) -> PathBuf {
        self.home().join(".local/state/ingam/tokens")
    }

    /// The store as the program opens it, once it has made a key.
    pub(crate) fn store_config(&self) -> StoreConfig {
        let key = std::fs::read_to_string(self.home().join(".config/ingam/store.key")).unwrap();
        let place = StoreLocation::Folder(self.token_folder());
        StoreConfig {
            location: place,
            key: StoreKey::parse(&key),
            key_file: None,
            plaintext: false,
            inbox_folder: Some(self.home().join(".local/state/ingam/inbox")),
        }
    }

    /// The program with the application's credentials.
    pub(crate) fn ingam(&self, args: &[&str]) -> Command {
        self.with_credentials(ingam(self.folder.path()), args)
    }

    /// The program below another one, such as a tracer.
    pub(crate) fn below(&self, program: &str, before: &[&str], args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(before).arg(env!("CARGO_BIN_EXE_ingam"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        self.with_credentials(command, args)
    }

    fn with_credentials(&self, mut command: Command, args: &[&str]) -> Command {
        command.args(args).env("HOME", self.home());
        command
            .env("INGAM_SHOPEE__PARTNER_ID", "1000001")
            .env("INGAM_SHOPEE__PARTNER_KEY", PARTNER_KEY);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Everything printed, and the exit code.
    pub(crate) fn run(&self, args: &[&str]) -> (String, i32) {
        output_and_code(&self.ingam(args).output().unwrap())
    }

    /// Runs the request of `sg`.
    pub(crate) fn run_shop(&self) -> (String, i32) {
        self.run(&["run", "shop", "--env", "local"])
    }

    /// A whole authorization: link, page, the anchor that holds `whose`, and back.
    pub(crate) fn login(&self, account: &str, whose: &str) -> String {
        let (output, code) = self.try_login(&["--account", account], whose);
        assert_eq!(code, 0, "{output}");
        output
    }

    pub(crate) fn try_login(&self, more: &[&str], whose: &str) -> (String, i32) {
        self.login_by(more, &|link| {
            let (status, page) = get(link);
            assert_eq!(status, 200, "{page}");
            assert_eq!(get(&anchor(&page, whose)).0, 200);
        })
    }

    /// A login whose link `browse` deals with.
    pub(crate) fn login_by(&self, more: &[&str], browse: &dyn Fn(&str)) -> (String, i32) {
        let args = [
            &["auth", "login", "shopee", "--env", "local", "--no-browser"],
            more,
        ]
        .concat();
        let mut child = self
            .ingam(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut link = String::new();
        stdout.read_line(&mut link).unwrap();
        if !link.trim().is_empty() {
            browse(link.trim());
        }
        let output = child.wait_with_output().unwrap();
        let (_, stderr, code) = text(&output);
        (link + &stderr, code)
    }

    /// Steers the sandbox.
    pub(crate) fn control(&self, what: &str) {
        let (status, body) = http("POST", &format!("{}/.ingam/{what}", self.origin));
        assert_eq!(status, 200, "{body}");
    }

    /// What the sandbox says below its reserved path.
    pub(crate) fn sandbox_state(&self, what: &str) -> serde_json::Value {
        let (status, body) = get(&format!("{}/.ingam/{what}", self.origin));
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// How often something has happened to the tokens of all owners.
    pub(crate) fn count(&self, what: &str) -> i64 {
        let all = self.sandbox_state("tokens");
        if let Some(count) = all[what].as_i64() {
            return count;
        }
        all["owners"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|owner| owner[what].as_i64())
            .sum()
    }
}

pub(crate) fn output_and_code(output: &Output) -> (String, i32) {
    let (stdout, stderr, code) = text(output);
    (stdout + &stderr, code)
}

/// A sandbox on free ports, and the address of one of its marketplaces.
pub(crate) fn sandbox(folder: &Folder, scheme: &str) -> (Child, String) {
    let world = folder.path().join("world");
    let mut child = ingam(&world)
        .args(["sandbox", "--port", "0", "--scheme", scheme])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines
        .find(|line| line.as_ref().is_ok_and(|line| line.starts_with(scheme)))
        .unwrap()
        .unwrap();
    let origin = line.split_whitespace().nth(1).unwrap().to_owned();
    // Its output must have a reader as long as it writes.
    std::thread::spawn(move || lines.count());
    let mut errors = child.stderr.take().unwrap();
    std::thread::spawn(move || errors.read_to_end(&mut Vec::new()));
    (child, origin)
}

pub(crate) fn anchor(page: &str, whose: &str) -> String {
    let hrefs = page
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
    hrefs
        .into_iter()
        .find(|href| href.contains(whose))
        .unwrap_or_else(|| panic!("no anchor with {whose}: {page}"))
}

pub(crate) fn get(url: &str) -> (u16, String) {
    http("GET", url)
}

/// One request over a connection of its own; the body as text.
pub(crate) fn http(method: &str, url: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "{method} /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    (
        status,
        answer
            .split_once("\r\n\r\n")
            .map_or(String::new(), |(_, body)| body.to_owned()),
    )
}
