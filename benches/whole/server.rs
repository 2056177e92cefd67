//! The loopback server that both programs talk to. It does as little as HTTP/1.1 allows: it waits for
//! the end of the headers and gives one of three fixed responses.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const SMALL_BODY: &str = r#"{"rCode":"0","rMessage":"","data":{"landingUrl":"https://link.coupang.com/re/AFFSRP","productData":[{"productId":7335597976,"productName":"무선 이어폰","productPrice":29900,"isRocket":true},{"productId":6804931852,"productName":"노이즈 캔슬링 무선 이어폰","productPrice":89000,"isRocket":false}]}}"#;

/// So many numbers are about 20 MB of JSON.
pub(crate) const NUMBERS: usize = 10_000_000;

/// Starts the server, and returns its address.
pub(crate) fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let bodies = [SMALL_BODY.to_owned(), large_body(), number_body()];
    let responses: &'static [Vec<u8>; 3] = Box::leak(Box::new(bodies.map(|body| response(&body))));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || converse(stream, responses));
        }
    });
    address
}

fn converse(mut stream: TcpStream, [small, large, numbers]: &[Vec<u8>; 3]) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => seen.extend_from_slice(&buffer[..read]),
        }
        while let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            let has = |word: &[u8]| {
                seen[..end.min(120)]
                    .windows(word.len())
                    .any(|window| window == word)
            };
            if has(b"/slow?") {
                std::thread::sleep(Duration::from_millis(50));
            }
            let response = match (has(b"/large?"), has(b"/numbers?")) {
                (true, _) => large,
                (_, true) => numbers,
                _ => small,
            };
            seen.drain(..end + 4);
            if stream.write_all(response).is_err() {
                return;
            }
        }
    }
}

fn response(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// 100 kB of JSON: 500 things of ten members.
fn large_body() -> String {
    let item = |id: usize| {
        format!(
            r#"{{"id":{id},"name":"item 무선 이어폰 {id}","price":{}.90,"f0":true,"f1":null,"f2":"text of it","f3":[1,2,3],"f4":{{"a":"b"}},"note":"{}"}}"#,
            id + 1,
            "x".repeat(70)
        )
    };
    let items: Vec<String> = (0..500).map(item).collect();
    format!(
        r#"{{"rCode":"0","rMessage":"","data":{{"items":[{}]}}}}"#,
        items.join(",")
    )
}

/// 20 MB of JSON whose values are as small as values can be.
fn number_body() -> String {
    let mut text = String::with_capacity(NUMBERS * 2 + 16);
    text.push_str("{\"items\":[1");
    text.extend(std::iter::repeat_n(",1", NUMBERS - 1));
    text.push_str("]}");
    text
}
