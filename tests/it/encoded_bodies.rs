//! Bodies in XML and in other encodings than UTF-8 arrive as they should, are recorded readably, and
//! are signed by their bytes.

use super::program::Folder;
use super::recordings::{Server, run, workspace};
use std::sync::{Arc, Mutex};

/// `<무선> & 이어폰` escaped, in EUC-KR as Python's codec writes it.
const NAME: &[u8] = b"&lt;\xb9\xab\xbc\xb1&gt; &amp; \xc0\xcc\xbe\xee\xc6\xf9";

#[test]
fn bodies_arrive_in_their_encoding_and_are_found_again() {
    let arrived = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&arrived);
    let server = Server::start(move |request| {
        let kind = request.headers["content-type"].clone();
        log.lock().unwrap().push((kind, request.body.clone()));
        let headers = vec![("content-type".into(), "text/xml".into())];
        (200, headers, b"<a><no>7</no></a>".to_vec())
    });
    let folder = workspace(&server);
    folder.write(
        "requests/all.yaml",
        "scheme: none
vars: { name: \"<무선> & 이어폰\" }
steps:
  - name: xml
    post: /xml
    charset: euc-kr
    xml: |
      <?xml version=\"1.0\" encoding=\"euc-kr\"?>
      <p a=\"{{ name }}\"><![CDATA[{{ name }}]]></p>
    capture: { no: /a/no }
  - name: form
    post: /form
    charset: cp949
    form: { q: \"이어폰 {{ no }}\", \"이름\": a }
  - name: text
    post: /text
    charset: shift_jis
    text: \"ソニー {{ no }}\"
  - name: utf8
    post: /utf8
    headers: { content-type: text/xml }
    xml: <p>{{ name }}</p>
",
    );
    let (output, code) = run(&folder, &["run", "--env", "local", "--record"]);
    assert_eq!(code, 0, "{output}");
    let arrived = arrived.lock().unwrap();
    let raw = b"<\xb9\xab\xbc\xb1> & \xc0\xcc\xbe\xee\xc6\xf9".as_slice();
    let xml = [
        b"<?xml version=\"1.0\" encoding=\"euc-kr\"?>\n<p a=\"".as_slice(),
        NAME,
        b"\"><![CDATA[",
        raw,
        b"]]></p>\n",
    ]
    .concat();
    assert_eq!(arrived[0], ("application/xml; charset=euc-kr".into(), xml));
    let form = b"q=%C0%CC%BE%EE%C6%F9+7&%C0%CC%B8%A7=a".to_vec();
    let kind = "application/x-www-form-urlencoded; charset=euc-kr";
    assert_eq!(arrived[1], (kind.into(), form));
    let text = b"\x83\x5c\x83\x6a\x81\x5b 7".to_vec();
    assert_eq!(arrived[2], ("text/plain; charset=shift_jis".into(), text));
    let utf8 = "<p>&lt;무선&gt; &amp; 이어폰</p>".as_bytes().to_vec();
    assert_eq!(arrived[3], ("text/xml".into(), utf8));
    let path = folder.path().join("fixtures/recordings/all.yaml");
    let recorded = std::fs::read_to_string(path).unwrap();
    assert!(recorded.contains("<p a=\"&lt;무선&gt;"), "{recorded}");
    assert!(recorded.contains("ソニー 7"), "{recorded}");
    let (output, code) = run(&folder, &["run", "--env", "local", "--replay"]);
    assert_eq!(code, 0, "{output}");
    // The sandbox reads what arrives over a socket and finds the same recordings.
    let (output, code) = run(&folder, &["run", "--env", "sandbox", "-v"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("<p a=\"&lt;무선&gt;"), "{output}");
}

#[test]
fn a_digest_is_made_of_the_bytes_that_are_sent() {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "envs: { local: { hosts: { hashed: \"http://127.0.0.1:1\" } } }\n",
    );
    folder.write(
        "schemes/hashed.yaml",
        "scheme: hashed
hosts: { live: \"https://hashed.example\" }
sign:
  - { id: body_hash, digest: sha256, of: \"v1:{{ req.body }}\", encoding: hex }
attach: { headers: { X-Body: \"{{ body_hash }}\" } }
covers: [body]
",
    );
    folder.write(
        "requests/a.yaml",
        "scheme: hashed\npost: /a\ncharset: euc-kr\ntext: 한글\n",
    );
    let (output, code) = run(&folder, &["explain", "a", "--env", "local"]);
    assert_eq!(code, 0, "{output}");
    // printf 'v1:\xc7\xd1\xb1\xdb' | sha256sum
    let hash = "7397619f28bab1ddbce03ef58fac23dd5447aaf7584153d91bcad4a4092f5f36";
    assert!(output.contains(hash), "{output}");
}
