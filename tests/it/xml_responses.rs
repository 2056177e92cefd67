//! Responses in XML as users meet them: what is secret or personal in them is hidden, and captures
//! of every subject go on into the next request.

use super::recordings::{Server, run, workspace};
use std::sync::{Arc, Mutex};

const TOKEN: &str = "tok-9f8e7d6c5b4a3210";
const CODE: &str = "pick-UP-code-2";

fn server() -> (Server, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = Server::start(move |arrived| {
        log.lock().unwrap().push(arrived.target.clone());
        let body = format!(
            "<r xmlns=\"urn:r\" apiKey=\"{TOKEN}x\"><accessToken>{TOKEN}</accessToken><pickup>{CODE}</pickup><buyer>홍길동이</buyer><n>3</n></r>"
        );
        let headers = [
            ("content-type", "application/xml"),
            ("set-cookie", "lang=ko; Path=/"),
            ("link", "</a?page=7>; rel=\"next\""),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        (200, headers.to_vec(), body.into_bytes())
    });
    (server, seen)
}

#[test]
fn secrets_and_personal_data_of_xml_are_in_no_output() {
    let (server, seen) = server();
    let folder = workspace(&server);
    folder.write(
        "requests/a.yaml",
        "scheme: none
redact: [{ pattern: 홍길동이 }]
steps:
  - name: one
    get: /one
    capture:
      code: { from: /_:r/_:pickup, secret: true }
      token: /_:r/_:accessToken
      page: { from: header.link, pattern: \"page=([0-9]+)\" }
      lang: cookie.lang
      status: status
      missing: { from: /_:r/_:memo, default: none }
  - name: two
    get: /two
    query: { c: \"{{ code }}\", p: \"{{ page }}\", l: \"{{ lang }}\", s: \"{{ status }}\", m: \"{{ missing }}\" }
    assert:
      //_:buyer: [x]
      /_:r/_:n: \"4\"
",
    );
    let args = [
        "run",
        "-v",
        "--env",
        "local",
        "--report=html=out/html",
        "--report=json=out/json",
        "--report=junit=out/junit",
    ];
    let (output, code) = run(&folder, &args);
    assert_eq!(code, 1, "{output}");
    assert_eq!(
        seen.lock().unwrap()[1],
        format!("/two?c={CODE}&p=7&l=ko&s=200&m=none")
    );
    let mut texts = vec![output];
    for name in ["html", "json", "junit"] {
        texts.push(std::fs::read_to_string(folder.path().join("out").join(name)).unwrap());
    }
    for text in &texts {
        for hidden in [TOKEN, CODE, "홍길동이"] {
            assert!(!text.contains(hidden), "{hidden} is in {text}");
        }
    }
    // JUnit has no place for the notes of a step that passes.
    for text in &texts[..3] {
        assert!(text.contains("`missing` is its default"), "{text}");
    }
    for name in [
        "‹response.code›",
        "‹response.access_token›",
        "‹response.api_key›",
    ] {
        assert!(texts[0].contains(name), "{name} is not in {}", texts[0]);
    }
}

/// A file and a scheme name secrets of XML by XPaths, long and short ones, and what is none.
#[test]
fn what_an_xpath_of_secrets_finds_is_in_no_output() {
    let server = Server::start(|_| {
        let body = format!(
            "<r xmlns=\"urn:r\"><pickup>{CODE}</pickup><pin>4711</pin><box door=\"door-7f6e5d4c3b\"><![CDATA[shelf&9a8b7c6d]]></box><token>page-0123456789abcdef</token><n>147110</n></r>"
        );
        let headers = vec![("content-type".to_owned(), "application/xml".to_owned())];
        (200, headers, body.into_bytes())
    });
    let folder = workspace(&server);
    folder.write(
        "requests/a.yaml",
        "scheme: none
secrets: [//pickup, /_:r/_:pin, //box, //box/@door]
not_secret: [//token]
steps:
  - name: one
    get: /one
    capture: { code: /_:r/_:pickup, page: /_:r/_:token }
  - name: two
    get: /two
    query: { c: \"{{ code }}\", p: \"{{ page }}\" }
    assert: { /_:r/_:n: \"1\" }
",
    );
    let args = [
        "run",
        "-v",
        "--env",
        "local",
        "--report=html=out/html",
        "--report=json=out/json",
    ];
    let (output, code) = run(&folder, &args);
    assert_eq!(code, 1, "{output}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let mut texts = vec![output, read("out/html"), read("out/json")];
    let file = read("requests/a.yaml").replace("\"1\"", "\"147110\"");
    folder.write("requests/a.yaml", &file);
    let (output, code) = run(&folder, &["run", "--env", "local", "--record"]);
    assert_eq!(code, 0, "{output}");
    texts.push(read("fixtures/recordings/a.yaml"));
    for text in &texts {
        for hidden in [CODE, "4711<", "door-7f6e", "shelf&9a8b", "shelf&amp;9a8b"] {
            assert!(!text.contains(hidden), "{hidden} is in {text}");
        }
        assert!(
            text.contains("147110") && text.contains("page-0123456789abcdef"),
            "{text}"
        );
    }
    for name in [
        "‹response.pickup›",
        "‹response.pin›",
        "‹response.door›",
        "‹response.box›",
    ] {
        assert!(texts[0].contains(name), "{name} is not in {}", texts[0]);
    }
    let (output, code) = run(&folder, &["run", "--replay"]);
    assert_eq!(code, 0, "{output}");
}

/// A mask of a step and one of a scheme leave out of a snapshot and of a comparison what varies in XML.
#[test]
fn what_an_xpath_of_mask_finds_may_vary() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let body = format!(
            "<?xml version=\"1.0\"?>\n<r xmlns=\"urn:r\" at=\"{number}\"><id>{number}</id><name>box</name></r>"
        );
        let headers = vec![("content-type".to_owned(), "text/xml".to_owned())];
        (200, headers, body.into_bytes())
    });
    let folder = workspace(&server);
    let file = "scheme: none\nget: /a\nsnapshot: { mask: [//id, //r/@at] }\n";
    folder.write("requests/a.yaml", file);
    let mut first = super::program::ingam(folder.path());
    let first = first
        .args(["run", "--env", "local"])
        .env("INSTA_UPDATE", "always");
    assert_eq!(first.output().unwrap().status.code(), Some(0));
    for _ in 0..2 {
        let (output, code) = run(&folder, &["run", "--env", "local"]);
        assert_eq!(code, 0, "{output}");
    }
    // Without the mask it differs, and one for JSON says so.
    for (mask, reason) in [
        ("[//id]", "snapshot"),
        (
            "[$.id]",
            "mask text with `{ pattern: REGEX }`, and XML with an XPath",
        ),
    ] {
        folder.write("requests/a.yaml", &file.replace("[//id, //r/@at]", mask));
        let (output, code) = run(&folder, &["run", "--env", "local"]);
        assert!(
            code == 1 && output.contains(reason),
            "{mask}: {code}: {output}"
        );
    }
}

#[test]
fn an_xpath_of_redact_hides_texts_of_any_length_where_they_stand() {
    let server = Server::start(|_| {
        let body = "<?xml version=\"1.0\"?>\n<r xmlns=\"urn:r\"><buyer>Kéa</buyer><order tel=\"010-4321-8765\"><to><![CDATA[Kim & Co]]></to><memo>call 010-4321-8765</memo></order><city>Kéa</city></r>";
        let headers = vec![("content-type".to_owned(), "text/xml".to_owned())];
        (200, headers, body.as_bytes().to_vec())
    });
    let folder = workspace(&server);
    folder.write(
        "requests/a.yaml",
        "scheme: none
get: /a
redact: [//buyer, //order/@tel, //to]
assert: { //_:buyer: [Kéa] }
",
    );
    let (output, code) = run(&folder, &["run", "--env", "local", "--record"]);
    assert_eq!(code, 0, "{output}");
    let path = folder.path().join("fixtures/recordings/a.yaml");
    let recorded = std::fs::read_to_string(path).unwrap();
    assert!(
        recorded.contains("<buyer>redacted-1</buyer><order tel=\"redacted-2\"><to>redacted-3</to><memo>call redacted-2</memo></order><city>Kéa</city>"),
        "{recorded}"
    );
}
