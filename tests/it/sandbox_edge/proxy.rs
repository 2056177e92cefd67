//! The forward proxy: it plays the marketplaces, and nothing else leaves.

use super::super::program::{Folder, root};
use super::programs::{has, installed};
use super::{StartedSandbox, raw};
use std::net::TcpListener;
use std::process::Command;

fn start(folder: &Folder, more: &[&str]) -> (StartedSandbox, String) {
    folder.write(
        "fixtures/recordings/shop.yaml",
        "format: 1\nscheme: shopee\nexchanges:\n  - request: { get: /api/v2/shop/get_shop_info }\n    response: { status: 200, json: { error: \"\", shop_name: Hangang Audio } }\n",
    );
    let args = [&["--port", "0", "--proxy-port", "0"][..], more].concat();
    let sandbox = StartedSandbox::start(folder, &args);
    let proxy = sandbox.line["proxy_url"].as_str().unwrap().to_owned();
    (sandbox, proxy)
}

#[test]
fn a_program_without_a_base_url_is_tested_through_the_proxy() {
    let python = installed().join("venv/bin/python");
    if !has(&python) {
        return;
    }
    let folder = Folder::new();
    let (sandbox, proxy) = start(&folder, &["--scheme", "shopee"]);
    let keys = &sandbox.line["schemes"]["shopee"]["accounts"]["default"];
    let run = |proxy: &str| {
        let mut python = Command::new(&python);
        python
            .arg(root().join("tests/programs/python/shop.py"))
            .env_clear()
            .env("SHOPEE_BASE_URL", "https://partner.shopeemobile.com")
            .env("HTTPS_PROXY", proxy)
            .env("SSL_CERT_FILE", sandbox.line["ca_file"].as_str().unwrap());
        for name in ["partner_id", "partner_key", "shop_id", "access_token"] {
            let variable = format!("INGAM_SHOPEE__{}", name.to_uppercase());
            python.env(variable, keys[name].as_str().unwrap());
        }
        super::super::program::text(&python.output().unwrap())
    };
    let (out, err, _) = run(&proxy);
    assert_eq!(out, "Hangang Audio\n", "{err}");
}

/// Targets that are none of a marketplace. Each would be answered by a listener of this test if the
/// proxy connected to it.
fn foreign_targets(port: u16) -> Vec<String> {
    let mut targets: Vec<String> = [
        "CONNECT example.com:443",
        "CONNECT 169.254.169.254:80",
        "CONNECT metadata.google.internal:80",
        "CONNECT [fd00:ec2::254]:80",
        "CONNECT [::1]:443",
        "CONNECT 10.0.0.1:443",
        "CONNECT localhost:443",
        "CONNECT partner.shopeemobile.com:22",
        "CONNECT partner.shopeemobile.com:80",
        "CONNECT partner.shopeemobile.com:8443",
        "CONNECT partner.shopeemobile.com.evil.example:443",
        "CONNECT evil.example.partner.shopeemobile.com:443",
        "CONNECT shopeemobile.com:443",
        "CONNECT partner.shopeemobile.com.:443",
        "CONNECT 0x7f.1:443",
        "CONNECT 2130706433:443",
        "GET http://169.254.169.254/latest/meta-data/",
        "GET http://metadata.google.internal/computeMetadata/v1/",
        "GET http://100.100.100.200/latest/meta-data/",
        "GET http://example.com/",
        "GET http://partner.shopeemobile.com@example.com/",
        "GET http://user:password@partner.shopeemobile.com/api/v2/x",
        "GET https://partner.shopeemobile.com:8443/api/v2/x",
        "GET http://partner.shopeemobile.com/api/v2/x",
        "GET ftp://partner.shopeemobile.com/api/v2/x",
        "GET /api/v2/x",
        "GET /.ingam/tokens",
        "OPTIONS *",
    ]
    .map(str::to_owned)
    .to_vec();
    for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1"] {
        targets.push(format!("CONNECT {host}:{port}"));
        targets.push(format!("GET http://{host}:{port}/secret"));
    }
    targets
}

#[test]
fn the_proxy_forwards_nothing() {
    let folder = Folder::new();
    let (sandbox, proxy) = start(&folder, &[]);
    let proxy = proxy.strip_prefix("http://").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let targets = foreign_targets(port);
    assert!(targets.len() >= 30);
    for target in &targets {
        let request = format!(
            "{target} HTTP/1.1\r\nHost: partner.shopeemobile.com\r\nConnection: close\r\n\r\n"
        );
        let (status, answer) = raw(proxy, &request);
        // A target that is none at all is refused by the parser.
        assert!(matches!(status, 400 | 502), "{target}: {answer}");
        assert!(listener.accept().is_err(), "{target} was forwarded");
    }
    println!("{} targets refused", targets.len());
    drop(sandbox);
}

/// No system call of the whole process connects to anything, or looks up a name.
#[cfg(target_os = "linux")]
#[test]
fn the_proxy_makes_no_connection_at_all() {
    let folder = Folder::new();
    let trace = folder.path().join("trace");
    let mut traced = Command::new("strace");
    traced
        .args(["-f", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o"])
        .arg(&trace)
        .arg(env!("CARGO_BIN_EXE_ingam"))
        .args([
            "sandbox",
            "--scheme",
            "shopee",
            "--port",
            "0",
            "--proxy-port",
            "0",
        ]);
    traced.current_dir(folder.path()).env("HOME", folder.path());
    let Some(mut sandbox) = StartedSandbox::spawn(traced) else {
        assert!(std::env::var_os("CI").is_none(), "strace is not installed");
        return;
    };
    let proxy = sandbox.line["proxy_url"].as_str().unwrap().to_owned();
    let proxy = proxy.strip_prefix("http://").unwrap();
    for target in foreign_targets(9) {
        raw(
            proxy,
            &format!("{target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        );
    }
    assert_eq!(sandbox.end(), 0);
    let trace = std::fs::read_to_string(&trace).unwrap();
    let network: Vec<&str> = trace
        .lines()
        .filter(|line| line.contains("connect(") || line.contains("AF_INET"))
        .collect();
    assert!(network.is_empty(), "{network:?}");
}

#[test]
fn the_proxy_lets_nobody_control_the_sandbox() {
    let folder = Folder::new();
    let (_sandbox, proxy) = start(&folder, &[]);
    let proxy = proxy.strip_prefix("http://").unwrap();
    for target in [
        "https://partner.shopeemobile.com/.ingam/tokens",
        "https://partner.shopeemobile.com/.ingam/reset",
    ] {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let (status, answer) = raw(proxy, &request);
        assert_eq!(status, 403, "{answer}");
    }
}

#[test]
fn a_host_of_several_schemes_is_chosen_by_path_or_refused() {
    let folder = Folder::new();
    let (_sandbox, proxy) = start(&folder, &[]);
    let proxy = proxy.strip_prefix("http://").unwrap();
    let request =
        "GET https://api.ebay.com/x HTTP/1.1\r\nHost: api.ebay.com\r\nConnection: close\r\n\r\n";
    let (status, answer) = raw(proxy, request);
    assert_eq!(status, 502);
    assert!(
        answer.contains("`api.ebay.com` belongs to several schemes, such as `ebay` and `ebay-signed`: start the sandbox with `--scheme` for one of them"),
        "{answer}"
    );
}
