//! How hosts are reached: an authority and a client certificate of an environment, proxies, and the
//! variables of the user. A workspace's own authority or proxy is used only after `ingam trust`.

use super::program::{Folder, ingam, text};
use super::tls::{Seen, https_server, pem, pem_text, proxy};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 18\r\nconnection: close\r\n\r\n{\"code\":\"SUCCESS\"}";

/// A workspace whose environment `own` sends coupang to `host`, with more keys.
fn workspace(host: &str, more: &str) -> Folder {
    let folder = Folder::new();
    for name in ["ca.pem", "client.pem", "other-ca.pem"] {
        folder.write(&format!("certs/{name}"), &pem_text(name));
    }
    environment(&folder, host, more);
    folder.write("requests/one.yaml", "scheme: coupang\nget: /v2/x\n");
    folder
}

fn environment(folder: &Folder, host: &str, more: &str) {
    folder.write(
        "ingam.yaml",
        &format!(
            "default_env: own\nenvs: {{ own: {{ hosts: {{ coupang: \"{host}\" }}, {more} }} }}\n"
        ),
    );
}

fn run(folder: &Folder, args: &[&str], more: &[(&str, &str)]) -> (String, i32) {
    let mut command = ingam(folder.path());
    command
        .env("INGAM_COUPANG__ACCESS_KEY", "access-key-1")
        .env("INGAM_COUPANG__SECRET_KEY", "secret-key-1")
        .envs(more.iter().copied());
    let (stdout, stderr, code) = text(&command.args(args).output().unwrap());
    // Long lines are wrapped.
    let words: Vec<&str> = stdout.split_whitespace().collect();
    (format!("{}\n{stdout}{stderr}", words.join(" ")), code)
}

fn trust(folder: &Folder) -> String {
    let (output, code) = run(folder, &["trust", "--yes"], &[]);
    assert_eq!(code, 0, "{output}");
    output
}

fn count(seen: &Seen) -> usize {
    seen.lock().unwrap().len()
}

#[test]
fn an_authority_of_the_workspace_vouches_for_its_own_hosts_once_it_is_trusted() {
    let (port, seen) = https_server(false, OK);
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{port}");
        let folder = workspace(&url, "tls: { ca: certs/ca.pem }");
        let (output, code) = run(&folder, &["run"], &[]);
        assert!(
            code == 6 && output.contains("the certificate authority in `certs/ca.pem`"),
            "{code}: {output}"
        );
        let told = trust(&folder);
        assert!(
            told.contains("(a") || told.contains("certs/ca.pem"),
            "{told}"
        );
        let before = count(&seen);
        let (output, code) = run(&folder, &["run"], &[]);
        assert_eq!(code, 0, "{output}");
        assert_eq!(count(&seen), before + 1);
        // Another authority at the same path is not the one that was trusted.
        folder.write("certs/ca.pem", &pem_text("other-ca.pem"));
        assert_eq!(run(&folder, &["run"], &[]).1, 6);
    }
}

#[test]
fn the_wrong_authority_ends_before_anything_is_sent() {
    let (port, seen) = https_server(false, OK);
    let url = format!("https://localhost:{port}");
    for more in ["tls: { ca: certs/other-ca.pem }", ""] {
        let folder = workspace(&url, more);
        trust(&folder);
        let (output, code) = run(&folder, &["run"], &[]);
        assert!(
            code == 5 && output.contains("cannot connect to localhost"),
            "{code}: {output}"
        );
    }
    assert_eq!(count(&seen), 0);
}

#[test]
fn the_authorities_of_the_user_need_no_word() {
    let (port, seen) = https_server(false, OK);
    let url = format!("https://localhost:{port}");
    let folder = workspace(&url, "");
    let file = pem("ca.pem");
    let (output, code) = run(
        &folder,
        &["run"],
        &[("SSL_CERT_FILE", file.to_str().unwrap())],
    );
    assert_eq!((code, count(&seen)), (0, 1), "{output}");
    // The same file against a host that is given for one run.
    let host = format!("coupang={url}");
    let (output, code) = run(
        &folder,
        &["run", "--env", "live", "--host", &host],
        &[("SSL_CERT_FILE", file.to_str().unwrap())],
    );
    assert_eq!((code, count(&seen)), (0, 2), "{output}");
}

#[test]
fn an_authority_of_the_workspace_never_vouches_for_a_host_that_is_given() {
    let (port, seen) = https_server(false, OK);
    let folder = workspace("https://own.example.com", "tls: { ca: certs/ca.pem }");
    trust(&folder);
    let host = format!("coupang=https://localhost:{port}");
    let (output, code) = run(&folder, &["run", "--host", &host], &[]);
    assert_eq!((code, count(&seen)), (5, 0), "{output}");
}

#[test]
fn a_client_shows_its_certificate() {
    let (port, seen) = https_server(true, OK);
    let url = format!("https://localhost:{port}");
    let folder = workspace(
        &url,
        "tls: { ca: certs/ca.pem, client_cert: certs/client.pem }",
    );
    trust(&folder);
    let (output, code) = run(&folder, &["run"], &[]);
    assert!(
        code == 6 && output.contains("INGAM_COUPANG__TLS_KEY_FILE"),
        "{code}: {output}"
    );
    let (file, key) = (pem("client.key"), pem_text("client.key"));
    let in_one_line = key.replace('\n', "\\n");
    for (name, value) in [
        ("INGAM_COUPANG__TLS_KEY_FILE", file.to_str().unwrap()),
        ("INGAM_COUPANG__TLS_KEY", &key),
        ("INGAM_COUPANG__OWN__TLS_KEY", &in_one_line),
    ] {
        let (output, code) = run(&folder, &["run", "-v"], &[(name, value)]);
        assert_eq!(code, 0, "{name}: {output}");
        assert!(!output.contains("has no effect"), "{output}");
    }
    assert_eq!(count(&seen), 3);
    // The key of another certificate.
    let file = pem("server.key");
    let (output, code) = run(
        &folder,
        &["run"],
        &[("INGAM_COUPANG__TLS_KEY_FILE", file.to_str().unwrap())],
    );
    assert!(
        code == 5 && output.contains("`client_cert` and its key") || output.contains("KeyMismatch"),
        "{code}: {output}"
    );
    for (value, reason) in [
        ("nonsense", "contains no private key in PEM"),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
            "contains a key with a passphrase",
        ),
    ] {
        let (output, code) = run(&folder, &["run"], &[("INGAM_COUPANG__TLS_KEY", value)]);
        assert!(code == 6 && output.contains(reason), "{code}: {output}");
    }
    assert_eq!(count(&seen), 3);
}

#[test]
fn a_proxy_of_the_workspace_is_asked_only_once_it_is_trusted() {
    let (port, seen) = https_server(false, OK);
    let (proxy_port, asked) = proxy(None);
    let url = format!("https://localhost:{port}");
    let proxy = format!("proxy: \"http://127.0.0.1:{proxy_port}\"");
    let folder = workspace(&url, &format!("tls: {{ ca: certs/ca.pem }}, {proxy}"));
    let (output, code) = run(&folder, &["run"], &[]);
    assert!(
        code == 6 && output.contains(&format!("the proxy http://127.0.0.1:{proxy_port}")),
        "{code}: {output}"
    );
    assert_eq!(count(&asked), 0);
    trust(&folder);
    let (output, code) = run(&folder, &["run"], &[]);
    assert_eq!((code, count(&seen), count(&asked)), (0, 1, 1), "{output}");
    assert!(asked.lock().unwrap()[0].starts_with(&format!("CONNECT localhost:{port} ")));
    // A proxy of one account, in place of that of the environment.
    let (other_port, other) = super::tls::proxy(None);
    let account = format!(
        "accounts: {{ coupang: {{ main: {{ vendor_id: A1, proxy: \"http://127.0.0.1:{other_port}\" }} }} }}"
    );
    environment(
        &folder,
        &url,
        &format!("tls: {{ ca: certs/ca.pem }}, {proxy}, {account}"),
    );
    assert_eq!(run(&folder, &["run"], &[]).1, 6);
    trust(&folder);
    let (output, code) = run(&folder, &["run"], &[]);
    assert_eq!((code, count(&asked), count(&other)), (0, 1, 1), "{output}");
}

#[test]
fn a_plain_request_to_this_machine_goes_through_the_proxy_that_an_environment_names() {
    let (proxy_port, asked) = proxy(None);
    // Nothing listens there: the proxy says so.
    let folder = workspace(
        "http://127.0.0.1:1",
        &format!("proxy: \"http://127.0.0.1:{proxy_port}\""),
    );
    trust(&folder);
    let (output, code) = run(&folder, &["run"], &[]);
    assert!(output.contains("502"), "{code}: {output}");
    assert!(asked.lock().unwrap()[0].starts_with("GET http://127.0.0.1:1/v2/x "));
}

#[test]
fn the_password_of_a_proxy_is_the_users_and_is_never_shown() {
    let (port, seen) = https_server(false, OK);
    // `shop:word-of-the-proxy` in base64.
    let (proxy_port, asked) = proxy(Some("Basic c2hvcDp3b3JkLW9mLXRoZS1wcm94eQ=="));
    let address = format!("http://shop@127.0.0.1:{proxy_port}");
    let folder = workspace(
        &format!("https://localhost:{port}"),
        &format!("tls: {{ ca: certs/ca.pem }}, proxy: \"{address}\""),
    );
    trust(&folder);
    let (output, code) = run(&folder, &["run"], &[]);
    assert!(
        code == 6 && output.contains("INGAM_PROXY_PASSWORD"),
        "{code}: {output}"
    );
    assert_eq!(count(&asked), 0);
    let password = [("INGAM_PROXY_PASSWORD", "word-of-the-proxy")];
    let (output, code) = run(&folder, &["run", "-v"], &password);
    assert_eq!((code, count(&seen)), (0, 1), "{output}");
    assert!(!output.contains("word-of-the-proxy"), "{output}");
    let (output, code) = run(
        &folder,
        &["run"],
        &[("INGAM_PROXY_PASSWORD", "another-word")],
    );
    let named = format!(
        "through the proxy http://127.0.0.1:{proxy_port}: it requires a user and a password (407)"
    );
    assert!(code == 5 && output.contains(&named), "{code}: {output}");
    assert!(!output.contains("another-word"), "{output}");
}

#[test]
fn an_error_names_the_proxy_of_the_user() {
    let folder = workspace("https://own.example.com", "");
    trust(&folder);
    let (output, code) = run(
        &folder,
        &["run"],
        &[("HTTPS_PROXY", "http://me:word-in-a-url@127.0.0.1:1")],
    );
    assert!(
        code == 5
            && output
                .contains("cannot connect to own.example.com through the proxy http://127.0.0.1:1")
            && !output.contains("word-in-a-url"),
        "{code}: {output}"
    );
    let (proxy_port, _) = proxy(Some("never"));
    let address = format!("http://127.0.0.1:{proxy_port}");
    let (output, code) = run(&folder, &["run"], &[("https_proxy", &address)]);
    assert!(
        code == 5
            && output.contains(&format!(
                "through the proxy {address}: it requires a user and a password (407)"
            )),
        "{code}: {output}"
    );
}

#[test]
fn https_to_this_machine_goes_through_the_proxy_of_the_user() {
    let (port, seen) = https_server(false, OK);
    let (proxy_port, asked) = proxy(None);
    let folder = workspace(&format!("https://localhost:{port}"), "");
    let (file, address) = (pem("ca.pem"), format!("http://127.0.0.1:{proxy_port}"));
    let variables = [
        ("SSL_CERT_FILE", file.to_str().unwrap()),
        ("HTTPS_PROXY", address.as_str()),
    ];
    let (output, code) = run(&folder, &["run"], &variables);
    assert_eq!((code, count(&seen), count(&asked)), (0, 1, 1), "{output}");
    // As with other programs, unless `NO_PROXY` names the host.
    let variables = [variables[0], variables[1], ("NO_PROXY", "localhost")];
    let (output, code) = run(&folder, &["run"], &variables);
    assert_eq!((code, count(&seen), count(&asked)), (0, 2, 1), "{output}");
}

#[test]
fn a_token_is_renewed_in_the_same_way() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 76\r\nconnection: close\r\n\r\n{\"access_token\":\"issued-token-1234\",\"expires_in\":3600,\"token_type\":\"Bearer\"}";
    let (port, seen) = https_server(true, answer);
    let (proxy_port, asked) = proxy(None);
    let folder = workspace("http://127.0.0.1:1", "");
    folder.write(
        "ingam.yaml",
        &format!(
            "default_env: own\nenvs: {{ own: {{ hosts: {{ naver-commerce: \"https://localhost:{port}\" }}, proxy: \"http://127.0.0.1:{proxy_port}\", tls: {{ ca: certs/ca.pem, client_cert: certs/client.pem }} }} }}\n"
        ),
    );
    folder.write(
        "requests/one.yaml",
        "scheme: naver-commerce\nget: /v1/seller/channels\nok: true\n",
    );
    trust(&folder);
    let file = pem("client.key");
    let (output, _) = run(
        &folder,
        &["run"],
        &[
            ("INGAM_NAVER_COMMERCE__CLIENT_ID", "client-id-1"),
            (
                "INGAM_NAVER_COMMERCE__CLIENT_SECRET",
                "$2a$04$abcdefghijklmnopqrstuu",
            ),
            ("INGAM_NAVER_COMMERCE__TLS_KEY_FILE", file.to_str().unwrap()),
        ],
    );
    let seen = seen.lock().unwrap();
    assert!(
        seen.len() == 2 && seen[0].starts_with("POST "),
        "{output}{seen:?}"
    );
    assert_eq!(count(&asked), 2, "{output}");
}
