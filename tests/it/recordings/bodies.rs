//! Bodies of every kind are the same after recording and replay.

use super::{Server, files, record, run_with, workspace};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use std::io::Write;
use std::sync::Arc;

/// What the server sends, and what a client makes of it.
struct Body {
    encoding: Option<&'static str>,
    sent: Vec<u8>,
    plain: Vec<u8>,
}

fn packed(encoding: &'static str, plain: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut out = Vec::new();
            brotli::CompressorWriter::new(&mut out, 4_096, 3, 20)
                .write_all(plain)
                .unwrap();
            out
        }
        _ => zstd::encode_all(plain, 1).unwrap(),
    }
}

fn plain(index: usize) -> Vec<u8> {
    let json = format!(
        r#"{{"n":{index},"price":1.10,"id":123456789012345678901,"name":"무선 이어폰","list":[1,{{"a":null}}]}}"#
    );
    match index % 20 {
        0 => Vec::new(),
        1 => json.into_bytes(),
        2 => format!("{{ \"n\": {index},\r\n  \"a\": [1, 2] }}\n").into_bytes(),
        3 => format!("line {index}\r\nline\r\n").into_bytes(),
        4 => format!("nul \0 in {index}").into_bytes(),
        5 => vec![0xff, 0xfe, b'a', 0, 0x80, u8::try_from(index).unwrap()],
        6 => (0..=255).chain([u8::try_from(index).unwrap()]).collect(),
        7 => format!("\u{feff}{{\"bom\":{index}}}").into_bytes(),
        8 => format!(" leading\n\n  and trailing {index} \n").into_bytes(),
        9 => "{\"deep\":".repeat(100).into_bytes(),
        10 => ["[".repeat(100), "]".repeat(100)].concat().into_bytes(),
        11 => br#"{"a":1,"a":2,"<<":3}"#.to_vec(),
        12 => format!("{{\"u\":\"\\ud55c\\u0000\\/{index}\"}}").into_bytes(),
        13 => vec![u8::try_from(index).unwrap(); 70_000],
        14 => "가나다 ".repeat(20_000 + index).into_bytes(),
        15 => format!(
            "[{}]",
            "{\"a\":\"b\"},".repeat(7_000 + index).trim_end_matches(',')
        )
        .into_bytes(),
        16 => format!("--- {index}\n# no comment\n...\n").into_bytes(),
        17 => format!("\u{2028}\u{85}\u{7f}\t{index}").into_bytes(),
        18 => b"null".to_vec(),
        _ => format!("\"{index}: # '{{{{ x }}}}\"").into_bytes(),
    }
}

fn bodies() -> Vec<Body> {
    let encodings = [
        None,
        Some("gzip"),
        Some("deflate"),
        Some("br"),
        Some("zstd"),
    ];
    let mut bodies: Vec<Body> = (0..198)
        .map(|index| {
            let (plain, encoding) = (plain(index), encodings[index / 20 % 5]);
            let sent = encoding.map_or_else(|| plain.clone(), |encoding| packed(encoding, &plain));
            Body {
                encoding,
                sent,
                plain,
            }
        })
        .collect();
    let large: Vec<u8> = (0..10_u32 << 20)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    bodies.push(Body {
        encoding: None,
        sent: large.clone(),
        plain: large,
    });
    let text = format!("{{\"large\":\"{}\"}}", "x".repeat(10 << 20)).into_bytes();
    bodies.push(Body {
        encoding: Some("gzip"),
        sent: packed("gzip", &text),
        plain: text,
    });
    bodies
}

#[test]
fn two_hundred_bodies_are_equal_after_recording_and_replay() {
    let bodies = Arc::new(bodies());
    let sent = Arc::clone(&bodies);
    let server = Server::start(move |arrived| {
        let index: usize = arrived.target.trim_start_matches("/b").parse().unwrap();
        let mut headers = vec![(
            "content-type".to_owned(),
            "application/octet-stream".to_owned(),
        )];
        headers.extend(
            sent[index]
                .encoding
                .map(|encoding| ("content-encoding".to_owned(), encoding.to_owned())),
        );
        (200, headers, sent[index].sent.clone())
    });
    let folder = workspace(&server);
    for index in 0..bodies.len() {
        folder.write(
            &format!("requests/b{index}.yaml"),
            &format!("scheme: none\nget: /b{index}\n"),
        );
    }
    record(&folder);
    let replay = replayed(folder.path());
    for (index, body) in bodies.iter().enumerate() {
        assert!(
            replay[index] == body.plain,
            "body {index} is another one: {} bytes for {}",
            replay[index].len(),
            body.plain.len()
        );
    }
    let (output, code) = run_with(&folder, &["run", "--replay", "--env", "local"], &[]);
    assert_eq!(code, 0, "{output}");
    let largest = files(&folder.path().join("fixtures"))
        .into_iter()
        .filter(|(path, _)| path.extension().unwrap() == "yaml");
    assert!(
        largest.map(|(_, bytes)| bytes.len()).max().unwrap() < 200_000,
        "large bodies lie in files of their own"
    );
}

/// The bodies as a replay gives them, to the byte.
fn replayed(root: &std::path::Path) -> Vec<Vec<u8>> {
    use ingam::internals::model::recording::{RecordedBody, RecordedHeaders, RecordedRequest};
    let loaded = ingam::internals::load::load(root, 1).unwrap();
    assert!(!loaded.has_errors());
    let mut replay = ingam::internals::recording::RecordingReplay::new(&loaded.workspace);
    let mut answer = |index: usize| {
        let request = RecordedRequest {
            account: None,
            method: ingam::internals::method::Method::Get,
            path: format!("/b{index}"),
            query: Vec::new(),
            headers: RecordedHeaders::default(),
            body: RecordedBody::None,
        };
        replay
            .respond(&format!("b{index}"), "none", &request)
            .unwrap()
            .response
            .unwrap()
            .body()
            .to_vec()
    };
    (0..loaded.workspace.requests.len())
        .map(&mut answer)
        .collect()
}

#[test]
fn json_is_readable_and_not_spelled_anew_where_it_was_spelled_otherwise() {
    let server = Server::start(|arrived| {
        let body = if arrived.target == "/spaced" {
            "{\n  \"a\": 1\n}\n"
        } else {
            r#"{"a":1,"b":"한"}"#
        };
        (200, Vec::new(), body.as_bytes().to_vec())
    });
    let folder = workspace(&server);
    folder.write("requests/spaced.yaml", "scheme: none\nget: /spaced\n");
    folder.write("requests/compact.yaml", "scheme: none\nget: /compact\n");
    record(&folder);
    let read = |name: &str| {
        std::fs::read_to_string(
            folder
                .path()
                .join(format!("fixtures/recordings/{name}.yaml")),
        )
        .unwrap()
    };
    assert!(
        read("compact").contains("      json:\n        a: 1\n        b: 한\n"),
        "{}",
        read("compact")
    );
    assert!(
        read("spaced").contains("text: |\n        {\n          \"a\": 1\n        }\n"),
        "{}",
        read("spaced")
    );
}

#[test]
fn a_deflate_stream_without_its_frame_is_no_panic() {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"{}").unwrap();
    let raw = encoder.finish().unwrap();
    let server = Server::start(move |_| {
        (
            200,
            vec![("content-encoding".to_owned(), "deflate".to_owned())],
            raw.clone(),
        )
    });
    let folder = workspace(&server);
    folder.write("requests/raw.yaml", "scheme: none\nget: /raw\n");
    let (output, code) = super::run(&folder, &["run", "--env", "local", "--record"]);
    assert!([0, 1, 5].contains(&code), "{code}: {output}");
}
