//! Failures that the sandbox must report instead of answering as if nothing had happened.

use super::program::Folder;
use ingam::internals::host::ClockAndRng;
use ingam::internals::load::load;
use ingam::internals::sandbox::{ListenOptions, SandboxServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A marketplace that knows its clients by a key in a header.
const KIOSK: &str = r#"
scheme: kiosk
credentials: { key: {} }
hosts: { live: "https://api.kiosk.example" }
levels:
  plain: {}
  seller: { token: seller, attach: { headers: { authorization: "{{ token.access_token }}" } } }
default_level: plain
attach: { headers: { x-key: "{{ cred.key }}" } }
tokens:
  seller:
    store_by: [key]
    issue: { post: /token, level: plain, json: { kind: app } }
    save: { access_token: $.access_token }
sandbox:
  keys: { key: "KEY" }
  read: { cred.key: { header: x-key }, token.access_token: { header: authorization } }
  tokens: { seller: { json: { access_token: "TOKEN" } } }
"#;

const RECORDINGS: &str = "
format: 1
scheme: kiosk
exchanges:
  - request: { post: /upload }
    response: { status: 200, json: { stored: true } }
";

/// Sends each request as it stands, and gives the first line and the body of each response.
fn exchange(key: &str, token: &str, requests: &[&[u8]]) -> Result<Vec<String>, String> {
    let scheme = KIOSK.replace("KEY", key).replace("TOKEN", token);
    responses("kiosk", &scheme, RECORDINGS, requests)
}

/// Sends each request as it stands to a sandbox of one scheme; status and body of each response.
pub(crate) fn responses(
    name: &str,
    scheme: &str,
    recordings: &str,
    requests: &[&[u8]],
) -> Result<Vec<String>, String> {
    let folder = Folder::new();
    folder.write("ingam.yaml", "{}\n");
    folder.write(&format!("schemes/{name}.yaml"), scheme);
    folder.write("fixtures/recordings/all.yaml", recordings);
    let loaded = load(folder.path(), 1).unwrap();
    assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
    let schemes = [loaded.workspace.scheme(name).unwrap().clone()];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let clock_and_rng = ClockAndRng {
        clock: || 1_795_338_000_000,
        rng: || Ok([5; 16]),
    };
    let start = SandboxServer::start(
        &loaded.workspace,
        &schemes,
        ListenOptions::default(),
        clock_and_rng,
    );
    let sandbox = runtime.block_on(start).map_err(|error| error.to_string())?;
    let origin = sandbox.origins.get(name).unwrap();
    let address = origin.strip_prefix("http://").unwrap();
    Ok(runtime.block_on(async {
        let mut responses = Vec::new();
        for bytes in requests {
            responses.push(send(address, bytes).await);
        }
        responses
    }))
}

async fn send(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    let response = String::from_utf8_lossy(&response);
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    format!("{} {body}", head.split(' ').nth(1).unwrap())
}

fn post(path: &str, media_type: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-key: mine\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[test]
fn a_test_credential_that_cannot_be_made_stops_the_sandbox_at_its_start() {
    let error = exchange("{{ account | concat }}", "{{ token }}", &[]).unwrap_err();
    assert!(
        error.starts_with("the test credential `key` of the scheme `kiosk` cannot be created: "),
        "{error}"
    );
}

#[test]
fn a_multipart_body_that_is_cut_off_is_malformed_and_never_replayed() {
    let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1";
    let cut = post("/upload", "multipart/form-data; boundary=b", part);
    let responses = exchange("mine", "{{ token }}", &[&cut]).unwrap();
    assert_eq!(
        responses,
        [r#"401 {"message":"the sandbox refuses this request: malformed (`body`)"}"#]
    );
}

#[test]
fn a_token_response_that_cannot_be_made_holds_no_token() {
    let request = post("/token", "application/json", r#"{"kind":"app"}"#);
    let fine = exchange("mine", "{{ token }}", &[&request]).unwrap();
    assert!(
        fine[0].starts_with(r#"200 {"access_token":"sandbox-"#),
        "{fine:?}"
    );
    let broken = exchange("mine", "{{ token | concat }}", &[&request]).unwrap();
    assert!(
        broken[0].starts_with(
            r#"501 {"message":"the sandbox cannot create the response that the scheme or the recording describes: "#
        ),
        "{broken:?}"
    );
}

#[test]
fn broken_json_in_a_token_request_is_malformed_and_not_missing() {
    let request = post("/token", "application/json", r#"{"kind":"app""#);
    let responses = exchange("mine", "{{ token }}", &[&request]).unwrap();
    assert_eq!(
        responses,
        [r#"401 {"message":"the sandbox refuses this request: malformed (`body`)"}"#]
    );
}

#[test]
fn a_header_that_is_not_utf8_is_refused() {
    let request = b"GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-key: \xff\r\n\r\n";
    let responses = exchange("mine", "{{ token }}", &[request]).unwrap();
    assert_eq!(responses, ["400 "]);
}

#[test]
fn a_form_that_is_not_utf8_is_malformed() {
    let mut request = post("/x", "application/x-www-form-urlencoded", "a=1");
    *request.last_mut().unwrap() = 0xff;
    let responses = exchange("mine", "{{ token }}", &[&request]).unwrap();
    assert_eq!(
        responses,
        [r#"401 {"message":"the sandbox refuses this request: malformed (`body`)"}"#]
    );
}

/// A marketplace that answers in XML refuses in XML, in its own encoding, and no value breaks it.
#[test]
fn a_refusal_in_xml_is_xml_whatever_the_request_holds() {
    let scheme = r#"
scheme: mall
credentials: { key: { secret: true } }
hosts: { live: "https://mall.example" }
attach: { headers: { x-key: "{{ cred.key }}" } }
sandbox:
  keys: { key: key-of-nobody }
  refuse:
    - { fault: missing, status: 401, xml: "<r at='{{ path }}'>키 없음</r>" }
    - { fault: signature, status: 403, charset: euc-kr, xml: "<?xml version='1.0' encoding='euc-kr'?><r>값</r>" }
"#;
    let requests: [&[u8]; 2] = [
        b"GET /a&'c HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost: x\r\nx-key: wrong\r\nconnection: close\r\n\r\n",
    ];
    let recordings = "format: 1\nscheme: mall\nexchanges: []\n";
    let all = responses("mall", scheme, recordings, &requests).unwrap();
    // The letter has two bytes in EUC-KR, and none of them is UTF-8.
    assert_eq!(
        all,
        [
            "401 <r at='/a&amp;&apos;c'>키 없음</r>",
            "403 <?xml version='1.0' encoding='euc-kr'?><r>\u{fffd}\u{fffd}</r>",
        ]
    );
}
