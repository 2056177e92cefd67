//! Files with `cookies: keep`: cookies go back to the host that set them, and nowhere else.

use super::external::{ok, reply, server};
use super::program::{Folder, ingam, text};
use super::tls::Seen;

const SESSION: &str = "sid-0123456789abcdef";
/// Too short to be searched for in texts.
const SHORT: &str = "7q4";

fn login() -> String {
    let cookies = [
        &format!("SID={SESSION}; Path=/; HttpOnly"),
        &format!("n={SHORT}; Path=/"),
        "old=gone; Path=/; Max-Age=0",
        "older=gone; Path=/; Expires=Wed, 21 Oct 2015 07:28:00 GMT",
        "deep=qvz; Path=/deep",
        "tls=s3c; Path=/; Secure",
        "other=f0r; Path=/; Domain=example.com",
    ];
    reply(
        "200 OK",
        &cookies
            .map(|cookie| format!("Set-Cookie: {cookie}"))
            .join("\r\n"),
        "",
    )
}

fn folder(host: &str, request: &str) -> Folder {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs:\n  local:\n    hosts: {{ none: \"{host}\" }}\n    accounts: {{ a: {{}}, b: {{}} }}\n"),
    );
    folder.write("requests/flow.yaml", request);
    folder
}

fn run(folder: &Folder, args: &[&str]) -> (String, i32) {
    let (stdout, stderr, code) = text(&ingam(folder.path()).args(args).output().unwrap());
    (format!("{stdout}{stderr}"), code)
}

/// The path and the `cookie` header of every request.
fn sent(seen: &Seen) -> Vec<String> {
    let requests = seen.lock().unwrap();
    let line = |request: &String| {
        let path = request.split(' ').nth(1).unwrap();
        let cookies = request
            .lines()
            .filter_map(|line| line.strip_prefix("Cookie: "));
        format!("{path} {}", cookies.collect::<Vec<_>>().join(" AND "))
    };
    requests.iter().map(line).collect()
}

fn contents(folder: &Folder) -> String {
    let mut all = String::new();
    let mut open = vec![folder.path().to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    all
}

const RECORDING: &str = "fixtures/recordings/flow.yaml";

const FLOW: &str = "scheme: none
account: a
cookies: keep
steps:
  - name: login
    post: /login
  - name: orders
    get: /orders
    assert: { status: 200 }
  - name: deep
    get: /deep/7
  - name: as_another
    account: b
    get: /orders
";

#[test]
fn a_session_goes_from_step_to_step_and_is_shown_nowhere() {
    let (host, seen) = server(|path| if path == "/login" { login() } else { ok("{}") });
    let folder = folder(&host, FLOW);
    let args = [
        "run",
        "-v",
        "--record",
        "--report=html=out/html",
        "--report=json=out/json",
    ];
    let (output, code) = run(&folder, &args);
    assert_eq!(code, 0, "{output}");
    let session = format!("SID={SESSION}; n={SHORT}");
    assert_eq!(
        sent(&seen),
        [
            "/login ".to_owned(),
            format!("/orders {session}"),
            format!("/deep/7 deep=qvz; {session}"),
            // The session of one account is not for another.
            "/orders ".to_owned(),
        ]
    );
    assert!(
        output.contains("Cookie: SID=‹response.sid›; n=‹response.n›\n"),
        "{output}"
    );
    let written = contents(&folder);
    for secret in [SESSION, SHORT, "qvz", "s3c"] {
        assert!(!output.contains(secret), "{secret}: {output}");
        assert!(!written.contains(secret), "{secret}: {written}");
    }
    assert!(written.contains("get: /deep/7"), "{written}");
    // The recordings hold no cookie, and none is missed.
    let (output, code) = run(&folder, &["run", "--replay"]);
    assert_eq!(code, 0, "{output}");
    let recordings = std::fs::read_to_string(folder.path().join(RECORDING)).unwrap();
    assert!(
        !recordings.to_lowercase().contains("cookie"),
        "{recordings}"
    );
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[test]
fn a_file_without_the_key_sends_no_cookie() {
    let (host, seen) = server(|path| if path == "/login" { login() } else { ok("{}") });
    let folder = folder(&host, &FLOW.replace("cookies: keep\n", ""));
    let (output, code) = run(&folder, &["run"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(sent(&seen), ["/login ", "/orders ", "/deep/7 ", "/orders "]);
}

/// The other host is the same one with another port: browsers would send the cookies there.
#[test]
fn no_other_host_gets_a_cookie() {
    let (other, at_other) =
        server(|_| reply("200 OK", "Set-Cookie: foreign=f0r3ign; Path=/", "{}"));
    let url = format!("{{\"url\":\"{other}/file\"}}");
    let (host, seen) = server(move |path| match path {
        "/login" => login(),
        "/there" => reply(
            "302 Found",
            &format!("Location: {other}/moved\r\nSet-Cookie: hop=h0p; Path=/"),
            "",
        ),
        _ => ok(&url),
    });
    let request = format!(
        "scheme: none
account: a
cookies: keep
vars: {{ there: \"{host}/there\" }}
steps:
  - name: login
    post: /login
  - name: ask
    get: /ask
    capture: {{ url: $.url }}
  - name: file
    get: \"{{{{ url }}}}\"
    external: \"http://127.0.0.1:*\"
  - name: there
    get: \"{{{{ there }}}}\"
    external: \"http://127.0.0.1:*\"
    redirects: 1
  - name: last
    get: /last
"
    );
    let folder = folder(&host, &request);
    let (output, code) = run(&folder, &["run", "-v"]);
    assert_eq!(code, 0, "{output}");
    let session = format!("SID={SESSION}; n={SHORT}");
    assert_eq!(sent(&at_other), ["/file ", "/moved foreign=f0r3ign"]);
    assert_eq!(
        sent(&seen),
        [
            "/login ".to_owned(),
            format!("/ask {session}"),
            format!("/there {session}"),
            format!("/last {session}; hop=h0p"),
        ]
    );
    assert!(!output.contains("h0p"), "{output}");
}

/// Each case has a session of its own; a redirect to the page behind the login sets it on the way.
#[test]
fn a_jar_lasts_for_one_case_and_is_filled_by_redirects() {
    let (host, seen) = server(|path| match path {
        "/login" => reply(
            "302 Found",
            "Location: /home\r\nSet-Cookie: n=7q4; Path=/",
            "",
        ),
        _ => ok("{}"),
    });
    let request = "scheme: none
account: a
cookies: keep
cases: { one: {}, two: {} }
post: /login
redirects: 2
";
    let folder = folder(&host, request);
    let (output, code) = run(&folder, &["run", "-j", "1"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(
        sent(&seen),
        ["/login ", "/home n=7q4", "/login ", "/home n=7q4"]
    );
}

/// What recordings keep of a cookie is its name: it is sent in a replay, and matched with nothing.
#[test]
fn an_asserted_cookie_is_replayed_without_its_value() {
    let (host, seen) = server(|path| {
        if path == "/login" {
            reply("200 OK", &format!("Set-Cookie: SID={SESSION}; Path=/"), "")
        } else {
            ok("{}")
        }
    });
    let login = "post: /login\n    assert: { cookie.SID: { exists: true } }\n";
    let folder = folder(&host, &FLOW.replace("post: /login\n", login));
    let (output, code) = run(&folder, &["run", "--record"]);
    assert_eq!(code, 0, "{output}");
    let written = contents(&folder);
    assert!(written.contains("SID=‹response.sid›"), "{written}");
    assert!(!written.contains(SESSION), "{written}");
    let (output, code) = run(&folder, &["run", "--replay", "-v"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("Cookie: SID=‹response.sid›\n"), "{output}");
    assert_eq!(seen.lock().unwrap().len(), 4);
    let (output, code) = run(&folder, &["explain", "flow::orders"]);
    assert!(
        code == 0 && output.contains("because of `cookies: keep`, a run adds the cookies"),
        "{output}"
    );
}
