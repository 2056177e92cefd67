//! TLS with the sandbox's own authority, seen by clients that others wrote.

use super::super::program::{Folder, ingam, text};
use super::programs::{has, installed};
use super::{StartedSandbox, refused};
use std::path::{Path, PathBuf};
use std::process::Command;

const SHOPEE: [&str; 5] = ["--scheme", "shopee", "--port", "0", "--tls"];
const PATH: &str = "/api/v2/shop/get_shop_info";

/// Where the certificate of the authority is.
fn certificate(folder: &Folder) -> PathBuf {
    let (out, err, code) = text(
        &ingam(folder.path())
            .args(["sandbox", "ca"])
            .output()
            .unwrap(),
    );
    assert_eq!(code, 0, "{err}");
    PathBuf::from(out.trim_end())
}

/// The status of a `GET` as rustls, OpenSSL or nobody sees it.
fn status_by_reqwest(
    url: &str,
    ca: Option<&Path>,
    port_of: Option<(&str, u16)>,
) -> Result<u16, String> {
    let mut builder = reqwest::Client::builder().no_proxy();
    if let Some(ca) = ca {
        let pem = std::fs::read(ca).unwrap();
        let certificate = reqwest::Certificate::from_pem(&pem).unwrap();
        builder = builder.tls_certs_only([certificate]);
    }
    if let Some((host, port)) = port_of {
        builder = builder.resolve(host, ([127, 0, 0, 1], port).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = builder.build().map_err(|error| error.to_string())?;
        let response = client.get(url).send().await;
        response
            .map(|response| response.status().as_u16())
            .map_err(|error| format!("{error:?}"))
    })
}

#[test]
fn clients_that_trust_the_authority_reach_the_sandbox_and_others_do_not() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = Folder::new();
    let sandbox = StartedSandbox::start(&folder, &SHOPEE);
    let ca = certificate(&folder);
    assert_eq!(
        sandbox.line["ca_file"].as_str().unwrap(),
        ca.to_str().unwrap()
    );
    let url = format!("{}{PATH}", sandbox.url("shopee"));
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let port: u16 = sandbox
        .authority("shopee")
        .rsplit_once(':')
        .unwrap()
        .1
        .parse()
        .unwrap();
    assert_eq!(status_by_reqwest(&url, Some(&ca), None), Ok(200));
    let untrusted = status_by_reqwest(&url, None, None).unwrap_err();
    assert!(untrusted.contains("UnknownIssuer"), "{untrusted}");
    for host in [
        "localhost",
        "shopee.localhost",
        "partner.shopeemobile.com",
        "a.test",
    ] {
        let url = format!("https://{host}:{port}{PATH}");
        let status = status_by_reqwest(&url, Some(&ca), Some((host, port)));
        assert_eq!(status, Ok(200), "{host}");
    }
    // The sandbox has no certificate for a name that its authority may not vouch for.
    for host in [
        "example.com",
        "test.example.com",
        "shopeemobile.com.evil.example",
    ] {
        let url = format!("https://{host}:{port}{PATH}");
        let status = status_by_reqwest(&url, Some(&ca), Some((host, port)));
        assert!(status.unwrap_err().contains("Access"), "{host}");
    }
}

/// What curl and Python say: OpenSSL twice, by other hands than ours.
#[test]
fn curl_and_python_verify_the_certificate() {
    let folder = Folder::new();
    let sandbox = StartedSandbox::start(&folder, &SHOPEE);
    let ca = certificate(&folder);
    let url = format!("{}{PATH}", sandbox.url("shopee"));
    let curl = |args: &[&str]| {
        let output = Command::new("curl")
            .args(["-sS", "-o", "/dev/null", "-w", "%{http_code}"])
            .args(args)
            .arg(&url)
            .output();
        output.ok().map(|output| text(&output))
    };
    if let Some((out, err, _)) = curl(&["--cacert", ca.to_str().unwrap()]) {
        assert_eq!((out.as_str(), err.as_str()), ("200", ""));
        let (_, err, code) = curl(&[]).unwrap();
        assert_eq!(code, 60, "{err}");
    }
    let python = installed().join("venv/bin/python");
    if !has(&python) {
        return;
    }
    let script = "import requests, sys\nprint(requests.get(sys.argv[1], verify=sys.argv[2] if sys.argv[2:] else True).status_code)";
    let run = |args: &[&str]| {
        let output = Command::new(&python)
            .args(["-c", script, &url])
            .args(args)
            .output();
        text(&output.unwrap())
    };
    assert_eq!(run(&[ca.to_str().unwrap()]).0, "200\n");
    let (_, err, code) = run(&[]);
    assert!(
        code == 1 && err.contains("CERTIFICATE_VERIFY_FAILED"),
        "{err}"
    );
}

/// OpenSSL verifies certificates for other names that the key of the authority signed, as if it had
/// been stolen.
#[test]
fn the_authority_vouches_for_no_other_names() {
    let folder = Folder::new();
    let ca = certificate(&folder);
    let record = std::fs::read_to_string(ca.with_file_name("authority.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    folder.write("ca.key", record["key_pem"].as_str().unwrap());
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl")
            .args(args)
            .current_dir(folder.path())
            .output();
        text(&output.unwrap())
    };
    let text = openssl(&["x509", "-in", ca.to_str().unwrap(), "-noout", "-text"]).0;
    for part in [
        "X509v3 Name Constraints: critical",
        "DNS:localhost",
        "DNS:test",
        "DNS:partner.shopeemobile.com",
        "IP:127.0.0.0/255.0.0.0",
        "CA:TRUE, pathlen:0",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let days = openssl(&[
        "x509",
        "-in",
        ca.to_str().unwrap(),
        "-noout",
        "-checkend",
        "2505600",
    ]);
    assert_eq!(days.2, 0, "29 days: {days:?}");
    let days = openssl(&[
        "x509",
        "-in",
        ca.to_str().unwrap(),
        "-noout",
        "-checkend",
        "2678400",
    ]);
    assert_eq!(days.2, 1, "31 days: {days:?}");
    for (name, is_permitted) in [
        ("DNS:shopee.localhost", true),
        ("DNS:partner.shopeemobile.com", true),
        ("IP:127.0.0.1", true),
        ("DNS:example.com", false),
        ("DNS:shopeemobile.com", false),
        ("DNS:bank.example", false),
        ("IP:10.0.0.1", false),
        ("IP:169.254.169.254", false),
    ] {
        let extension = format!("subjectAltName={name}");
        let made = openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=x",
            "-addext",
            &extension,
            "-CA",
            ca.to_str().unwrap(),
            "-CAkey",
            "ca.key",
            "-keyout",
            "leaf.key",
            "-out",
            "leaf.pem",
            "-days",
            "1",
        ]);
        assert_eq!(made.2, 0, "{made:?}");
        let verified = openssl(&["verify", "-CAfile", ca.to_str().unwrap(), "leaf.pem"]);
        assert_eq!(verified.2 == 0, is_permitted, "{name}: {verified:?}");
        if !is_permitted {
            assert!(
                verified.1.contains("permitted subtree violation"),
                "{verified:?}"
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn the_authority_is_made_once_and_only_its_user_can_read_its_key() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let ca = certificate(&folder);
    let first = std::fs::read(&ca).unwrap();
    let key = ca.with_file_name("authority.json");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&key), 0o600);
    assert_eq!(mode(key.parent().unwrap()), 0o700);
    let _sandbox = StartedSandbox::start(&folder, &SHOPEE);
    assert_eq!(std::fs::read(certificate(&folder)).unwrap(), first);
    // The certificate itself, for a container that is built.
    let pem = ingam(folder.path())
        .args(["sandbox", "ca", "--pem"])
        .output()
        .unwrap();
    assert_eq!(pem.stdout, first);
}

#[test]
fn a_scheme_of_the_workspace_is_added_to_the_authority_and_the_user_is_told() {
    let folder = Folder::new();
    let ca = certificate(&folder);
    let first = std::fs::read(&ca).unwrap();
    let scheme = super::read(&super::super::program::root().join("src/schemes/basic.yaml"));
    let scheme = scheme.replace("scheme: basic", "scheme: own");
    folder.write(
        "schemes/own.yaml",
        &scheme.replace("https://host.invalid", "https://api.own.example"),
    );
    folder.write("ingam.yaml", "default_env: sandbox\n");
    let args = ["--scheme", "own", "--port", "0", "--tls"];
    let mut sandbox = StartedSandbox::start(&folder, &args);
    let mut stderr = sandbox.process.stderr.take().unwrap();
    assert_eq!(sandbox.end(), 0);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
    assert!(
        said.contains("warning: ingam created a new certificate authority for the sandbox"),
        "{said}"
    );
    let second = std::fs::read(&ca).unwrap();
    assert_ne!(first, second);
    // It serves both now.
    let _shopee = StartedSandbox::start(&folder, &SHOPEE);
    assert_eq!(std::fs::read(&ca).unwrap(), second);
}

#[cfg(unix)]
#[test]
fn a_broken_authority_is_an_error_with_a_way_out() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let ca = certificate(&folder);
    let record = ca.with_file_name("authority.json");
    let whole = std::fs::read_to_string(&record).unwrap();
    for broken in ["", "{}", "no json", &whole[..whole.len() / 2]] {
        std::fs::write(&record, broken).unwrap();
        let (said, code) = refused(&folder, &SHOPEE);
        assert!(said.starts_with("error: "), "{said}");
        assert_eq!(code, 5, "{said}");
        assert!(!said.contains("BEGIN"), "{said}");
    }
    std::fs::write(&record, &whole).unwrap();
    std::fs::set_permissions(&record, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (said, code) = refused(&folder, &SHOPEE);
    assert!(
        said.contains("can be read or changed by others (mode 644)"),
        "{said}"
    );
    assert!(said.contains("chmod 600"), "{said}");
    assert_eq!(code, 5);
    std::fs::remove_file(&record).unwrap();
    std::fs::create_dir(&record).unwrap();
    let (said, code) = refused(&folder, &SHOPEE);
    assert!(code == 5 && said.contains("authority.json"), "{said}");
}
