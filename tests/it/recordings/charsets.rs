//! Responses in other encodings than UTF-8: assertions see their text, recordings keep it where it
//! gives the same bytes again, and what is hidden in UTF-8 is hidden in them.

use super::{Answer, Server, record, run, workspace};
use crate::program::Folder;

const TOKEN: &str = "tok-9f8e7d6c5b4a3210";

/// `홍길동` and `한글` in EUC-KR, as Python's codec writes them.
const HONG: &[u8] = b"\xc8\xab\xb1\xe6\xb5\xbf";
const HANGUL: &[u8] = b"\xc7\xd1\xb1\xdb";

fn answer(target: &str) -> Answer {
    let (kind, body): (&str, Vec<u8>) = match target {
        "/named" => (
            "text/xml; charset=EUC-KR",
            [b"<a>", HANGUL, b"</a>"].concat(),
        ),
        "/declared" => (
            "text/xml",
            [
                b"<?xml version=\"1.0\" encoding=\"euc-kr\"?>\n<a>".as_slice(),
                HANGUL,
                b"</a>",
            ]
            .concat(),
        ),
        "/json" => (
            "application/json; charset=ms949",
            [b"{\"name\":\"", HANGUL, b"\"}"].concat(),
        ),
        "/person" => (
            "text/html; charset=euc-kr",
            [
                b"<p>".as_slice(),
                HONG,
                b", ",
                HANGUL,
                b"</p> access_token=",
                TOKEN.as_bytes(),
            ]
            .concat(),
        ),
        // Both sequences are U+2252; an encoder writes the second one.
        "/twofold" => (
            "text/plain; charset=shift_jis",
            b"\x87\x90 \x81\xe0".to_vec(),
        ),
        "/twofold_secret" => (
            "text/plain; charset=shift_jis",
            [b"\x87\x90 access_token=", TOKEN.as_bytes()].concat(),
        ),
        "/twofold_person" => (
            "text/plain; charset=shift_jis",
            b"\x87\x90 \x83\x5c\x83\x6a\x81\x5b\x8e\xd0".to_vec(),
        ),
        "/utf16" => (
            "application/json",
            "\u{feff}{\"name\":\"한글\"}"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
        ),
        _ => ("text/xml; charset=euc-kr", b"<a>\xff</a>".to_vec()),
    };
    (200, vec![("content-type".into(), kind.into())], body)
}

fn folder_with(requests: &[(&str, &str)]) -> Folder {
    let server = Server::start(|arrived| answer(&arrived.target));
    let folder = workspace(&server);
    for (name, rest) in requests {
        folder.write(
            &format!("requests/{name}.yaml"),
            &format!("scheme: none\nget: /{name}\n{rest}\n"),
        );
    }
    folder
}

fn recording(folder: &Folder, name: &str) -> String {
    let path = format!("fixtures/recordings/{name}.yaml");
    std::fs::read_to_string(folder.path().join(path)).unwrap()
}

fn replay(folder: &Folder) {
    let (output, code) = run(folder, &["run", "--env", "local", "--replay"]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn text_is_recorded_and_replayed_in_its_encoding() {
    let folder = folder_with(&[
        ("named", "assert: { body: <a>한글</a> }"),
        (
            "declared",
            "assert: { body: { ends_with: \"\\n<a>한글</a>\" } }",
        ),
        ("json", "assert: { $.name: 한글 }\nsnapshot: true"),
        (
            "utf16",
            "assert: { $.name: 한글, body: '{\"name\":\"한글\"}' }",
        ),
        ("twofold", "assert: { body: ≒ ≒ }"),
    ]);
    let (output, _) = run(
        &folder,
        &["run", "--env", "local", "--record", "requests/json.yaml"],
    );
    assert!(output.contains("snapshot"), "{output}");
    let (output, code) = run(&folder, &["snapshot", "accept"]);
    assert_eq!(code, 0, "{output}");
    record(&folder);
    assert!(recording(&folder, "named").contains("<a>한글</a>"));
    assert!(recording(&folder, "declared").contains("<a>한글</a>"));
    assert!(recording(&folder, "json").contains("      json:\n        name: 한글\n"));
    assert!(recording(&folder, "twofold").contains("base64: h5AggeA="));
    assert!(recording(&folder, "utf16").contains("base64: "));
    replay(&folder);
    let (output, code) = run(&folder, &["run", "--env", "local", "--diff"]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn what_is_hidden_in_utf_8_is_hidden_in_every_encoding() {
    let rules = "redact: [{ pattern: \"홍길동|ソニー社\" }]";
    let folder = folder_with(&[
        ("person", &format!("{rules}\nassert: {{ body: other }}")),
        ("twofold_secret", rules),
        ("twofold_person", rules),
    ]);
    let args = ["run", "-v", "--env", "local", "--report=html=out/html"];
    let (output, code) = run(&folder, &args);
    assert_eq!(code, 1, "{output}");
    let html = std::fs::read_to_string(folder.path().join("out/html")).unwrap();
    for text in [&output, &html] {
        assert!(!text.contains("홍길동") && !text.contains(TOKEN), "{text}");
        assert!(text.contains("redacted-1, 한글"), "{text}");
        assert!(text.contains("‹response.access_token›"), "{text}");
    }
    folder.write(
        "requests/person.yaml",
        &format!("scheme: none\nget: /person\n{rules}\nassert: {{ body: {{ contains: 한글 }} }}\n"),
    );
    let (output, _) = run(&folder, &["run", "--env", "local", "--record"]);
    let recorded = recording(&folder, "person");
    assert!(
        recorded.contains("<p>redacted-1, 한글</p> access_token=‹response.access_token›"),
        "{recorded}"
    );
    // What was hidden cannot be taken out of bytes.
    for name in ["twofold_secret", "twofold_person"] {
        let path = format!("fixtures/recordings/{name}.yaml");
        assert!(!folder.path().join(path).exists(), "{output}");
        assert!(output.contains(name), "{output}");
    }
    // EUC-KR has no `‹`; the bytes of the replay name it by its number.
    let (output, code) = run(
        &folder,
        &["run", "--env", "local", "--replay", "-v", "person"],
    );
    assert_eq!(code, 0, "{output}");
}

#[test]
fn what_does_not_fit_its_charset_is_named() {
    let folder = folder_with(&[
        ("broken", "assert: { body: { not: \"\" } }"),
        ("shown", "assert: { status: 500 }"),
    ]);
    let (output, code) = run(&folder, &["run", "--env", "local"]);
    assert_eq!(code, 1);
    let reason = "the body is not text: it is not EUC-KR, as its content-type says, at byte 3";
    assert!(output.contains(reason), "{output}");
    assert!(output.contains("(8 bytes of binary data)"), "{output}");
}
