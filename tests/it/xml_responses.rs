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
