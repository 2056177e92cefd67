//! Answers that are none: malformed, packed to burst, without end. Each ends in time, within
//! memory, with a reason.

use super::program::{Folder, ingam};
use super::tokens::{figure, scaled};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a client reads of one body, at most.
const LIMIT_MB: u64 = 32;
const TIMEOUT: Duration = Duration::from_millis(1_500);

type Play = Arc<dyn Fn(&mut TcpStream) + Send + Sync>;

fn server(play: Play) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, play) = (stream.unwrap(), Arc::clone(&play));
            std::thread::spawn(move || {
                let mut buffer = [0; 8_192];
                let _ = stream.read(&mut buffer);
                play(&mut stream);
                let _ = stream.shutdown(Shutdown::Write);
                // The connection stays until the client has gone, so that nothing is cut by a
                // reset.
                let _ = stream.read(&mut buffer);
            });
        }
    });
    origin
}

struct Ended {
    code: i32,
    output: String,
    took: Duration,
    peak_kb: u64,
}

/// One run against one answer, without retries.
fn run(play: Play) -> Ended {
    let timeout = format!("timeout: {}ms\n", TIMEOUT.as_millis());
    run_request(play, &timeout, "body: impossible")
}

fn run_request(play: Play, timeout: &str, assertion: &str) -> Ended {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!(
            "envs: {{ local: {{ hosts: {{ none: \"{}\" }} }} }}\n",
            server(play)
        ),
    );
    folder.write(
        "requests/one.yaml",
        &format!(
            "scheme: none\nget: /one\n{timeout}retry: {{ attempts: 1 }}\nassert:\n  {assertion}\n"
        ),
    );
    let begun = Instant::now();
    let mut child = ingam(folder.path())
        .args(["run", "--env", "local"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak_kb: u64 = 0;
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    while child.try_wait().unwrap().is_none() {
        peak_kb = peak_kb.max(super::limits::peak_kb_of(child.id()));
        std::thread::yield_now();
    }
    let took = begun.elapsed();
    Ended {
        code: child.wait().unwrap().code().unwrap_or(-1),
        output: reader.join().unwrap(),
        took,
        peak_kb,
    }
}

fn assert_survives(name: &str, ended: &Ended) {
    assert!(
        [1, 5].contains(&ended.code),
        "{name}: {}: {}",
        ended.code,
        ended.output
    );
    assert!(
        !ended.output.contains("panicked"),
        "{name}: {}",
        ended.output
    );
    assert!(
        ended.took < TIMEOUT + Duration::from_secs(5),
        "{name} took {:?}",
        ended.took
    );
    assert!(
        ended.peak_kb < (LIMIT_MB + 64) * 1_024,
        "{name} took {} kB",
        ended.peak_kb
    );
}

fn bytes(answer: &[u8]) -> Play {
    let answer = answer.to_vec();
    Arc::new(move |stream| {
        let _ = stream.write_all(&answer);
    })
}

fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let head = |rest: &str| format!("HTTP/1.1 200 OK\r\n{rest}").into_bytes();
    vec![
        ("nothing", Vec::new()),
        ("noise", b"\x00\x01\x02 noise\r\n\r\n".to_vec()),
        ("http 0.9", b"<html>hello</html>".to_vec()),
        ("half a status line", b"HTTP/1.1 2".to_vec()),
        ("a bad status line", b"HTTP/1.1 TWO OK\r\n\r\n".to_vec()),
        (
            "a status of four digits",
            b"HTTP/1.1 2000 OK\r\n\r\n".to_vec(),
        ),
        ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        (
            "a version that is none",
            b"HTTP/7.3 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
        ),
        ("a header without a colon", head("no colon here\r\n\r\n")),
        (
            "a header with a blank in its name",
            head("a b: c\r\ncontent-length: 0\r\n\r\n"),
        ),
        (
            "a header with a zero byte",
            head("a: b\0c\r\ncontent-length: 0\r\n\r\n"),
        ),
        (
            "a folded header",
            head("a: b\r\n c\r\ncontent-length: 0\r\n\r\n"),
        ),
        (
            "five thousand headers",
            head(&format!("{}\r\n", "a: b\r\n".repeat(5_000))),
        ),
        (
            "a header of a megabyte",
            head(&format!("a: {}\r\n\r\n", "x".repeat(1 << 20))),
        ),
        (
            "two lengths",
            head("content-length: 2\r\ncontent-length: 3\r\n\r\nabc"),
        ),
        (
            "length and chunks",
            head("content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        ),
        ("a length below zero", head("content-length: -1\r\n\r\n")),
        (
            "a length that is no number",
            head("content-length: many\r\n\r\n"),
        ),
        (
            "a length past all bounds",
            head("content-length: 99999999999999999999\r\n\r\nabc"),
        ),
        ("a short body", head("content-length: 10\r\n\r\nabc")),
        (
            "a cut chunk",
            head("transfer-encoding: chunked\r\n\r\n5\r\nab"),
        ),
        (
            "a chunk of a size that is none",
            head("transfer-encoding: chunked\r\n\r\nzz\r\nab\r\n"),
        ),
        (
            "a flood of 1xx",
            [
                b"HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000),
                head("content-length: 0\r\n\r\n"),
            ]
            .concat(),
        ),
        (
            "gzip that is none",
            head("content-encoding: gzip\r\ncontent-length: 5\r\n\r\nabcde"),
        ),
        (
            "zstd that is none",
            head("content-encoding: zstd\r\ncontent-length: 5\r\n\r\nabcde"),
        ),
    ]
}

#[test]
fn malformed_answers_end_with_a_reason() {
    let answers = malformed();
    assert_eq!(answers.len(), 25);
    let peak = answers.iter().map(|(name, answer)| {
        let ended = run(bytes(answer));
        assert_survives(name, &ended);
        ended.peak_kb
    });
    let peak = peak.max().unwrap();
    figure(&format!(
        "25 malformed answers: each ends with a reason, at most {} MB",
        peak / 1_024
    ));
}

/// Zeros, so many megabytes, packed.
fn packed(encoding: &str, megabytes: usize) -> Vec<u8> {
    let block = vec![0; 1 << 20];
    let fill = |out: &mut dyn Write| (0..megabytes).for_each(|_| out.write_all(&block).unwrap());
    match encoding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            fill(&mut encoder);
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            fill(&mut encoder);
            encoder.finish().unwrap()
        }
        "br" => {
            let mut out = Vec::new();
            fill(&mut brotli::CompressorWriter::new(&mut out, 1 << 16, 1, 20));
            out
        }
        _ => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            fill(&mut encoder);
            encoder.finish().unwrap()
        }
    }
}

#[test]
fn packed_bombs_stop_at_the_limit() {
    let megabytes = scaled(1_024);
    let mut bombs: Vec<(&str, &str, Vec<u8>)> = ["gzip", "deflate", "br", "zstd"]
        .map(|encoding| (encoding, encoding, packed(encoding, megabytes)))
        .to_vec();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&bombs[0].2).unwrap();
    bombs.push(("gzip in gzip", "gzip, gzip", encoder.finish().unwrap()));
    bombs.push(("plain", "identity", vec![b'x'; 40 << 20]));
    for (name, encoding, body) in &bombs {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let ended = run(bytes(&[head.as_bytes(), body].concat()));
        assert_survives(name, &ended);
        figure(&format!(
            "{name} of {megabytes} MB: ends after {} ms with {} MB",
            ended.took.as_millis(),
            ended.peak_kb / 1_024
        ));
    }
}

#[test]
fn bodies_without_end_stop_at_the_limit_or_the_deadline() {
    let block = vec![b'x'; 1 << 16];
    let endless: [(&str, Play); 3] = [
        ("without a length", {
            let block = block.clone();
            Arc::new(move |stream: &mut TcpStream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                while stream.write_all(&block).is_ok() {}
            })
        }),
        ("in chunks", {
            Arc::new(move |stream: &mut TcpStream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
                let chunk = [b"10000\r\n".as_slice(), &block, b"\r\n"].concat();
                while stream.write_all(&chunk).is_ok() {}
            })
        }),
        ("byte by byte", {
            Arc::new(|stream: &mut TcpStream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                while stream.write_all(b"x").is_ok() {
                    std::thread::sleep(Duration::from_millis(20));
                }
            })
        }),
    ];
    for (name, play) in endless {
        let ended = run(play);
        assert!(ended.code == 5, "{name}: {}", ended.output);
        assert_survives(name, &ended);
        figure(&format!(
            "endless, {name}: ends after {} ms with {} MB",
            ended.took.as_millis(),
            ended.peak_kb / 1_024
        ));
    }
}

/// One run against JSON, with one assertion.
fn run_with_json(body: &str, assertion: &str) -> Ended {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = bytes(&[head.as_bytes(), body.as_bytes()].concat());
    run_request(answer, "timeout: 100s\n", assertion)
}

#[test]
fn large_json_takes_at_most_five_times_its_size() {
    let megabytes = scaled(20).max(2);
    let size = megabytes << 20;
    let filled = |item: &str| format!("[{}]", vec![item; size / (item.len() + 1)].join(","));
    for (body, assertion) in [
        (filled("1"), "$[0]: 1"),
        (filled("1"), "$..*: { length: 5 }"),
        (filled("1"), "$: { each: { above: 1 } }"),
        (filled("[1]"), "$[0][0]: 1"),
        (filled("{\"\":1}"), "$[0]: { length: 1 }"),
    ] {
        let ended = run_with_json(&body, assertion);
        assert!([0, 1].contains(&ended.code), "{}", ended.output);
        let (most, used) = (48 * 1_024 + 5 * size as u64 / 1_024, ended.peak_kb);
        assert!(used < most, "{assertion}: {used} kB of at most {most}");
        figure(&format!(
            "{megabytes} MB of JSON such as {}, {assertion}: {} MB",
            &body[..8],
            used / 1_024
        ));
    }
}
