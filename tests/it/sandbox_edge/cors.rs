//! Pages of a browser: only those of an allowed origin may call, and a preflight is answered.

use super::super::program::Folder;
use super::{StartedSandbox, raw, refused};

const ALLOWED: &str = "http://localhost:3000";

fn request(method: &str, authority: &str, headers: &[(&str, &str)]) -> String {
    let mut request =
        format!("{method} /api/v2/x HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request + "\r\n"
}

#[test]
fn a_page_of_the_allowed_origin_may_call_and_no_other() {
    let folder = Folder::new();
    let args = ["--scheme", "shopee", "--port", "0", "--cors", ALLOWED];
    let sandbox = StartedSandbox::start(&folder, &args);
    let authority = sandbox.authority("shopee");
    let send = |method: &str, headers: &[(&str, &str)]| {
        let (status, response) = raw(&authority, &request(method, &authority, headers));
        (status, response.to_ascii_lowercase())
    };
    let preflight = [
        ("Origin", ALLOWED),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type,x-sign"),
    ];
    let (status, response) = send("OPTIONS", &preflight);
    assert_eq!(status, 204, "{response}");
    for part in [
        "access-control-allow-origin: http://localhost:3000\r\n",
        "access-control-allow-methods: post\r\n",
        "access-control-allow-headers: content-type,x-sign\r\n",
        "access-control-max-age: 0\r\n",
        "vary: origin\r\n",
    ] {
        assert!(response.contains(part), "{part} {response}");
    }
    let (status, response) = send("GET", &[("Origin", ALLOWED)]);
    assert_eq!(status, 200);
    assert!(response.contains("access-control-allow-origin: http://localhost:3000\r\n"));
    for origin in [
        "http://localhost:3001",
        "https://localhost:3000",
        "null",
        "*",
    ] {
        let (status, response) = send("GET", &[("Origin", origin)]);
        assert_eq!(status, 200);
        assert!(!response.contains("access-control"), "{origin} {response}");
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "POST"),
        ];
        let (status, response) = send("OPTIONS", &headers);
        assert_ne!(status, 204, "{origin}");
        assert!(!response.contains("access-control"), "{origin} {response}");
    }
    let (_, response) = send("GET", &[]);
    assert!(!response.contains("access-control"), "{response}");
}

#[test]
fn without_the_flag_no_page_may_call() {
    let folder = Folder::new();
    let sandbox = StartedSandbox::start(&folder, &["--scheme", "shopee", "--port", "0"]);
    let authority = sandbox.authority("shopee");
    let headers = [
        ("Origin", ALLOWED),
        ("Access-Control-Request-Method", "GET"),
    ];
    for method in ["GET", "OPTIONS"] {
        let (_, response) = raw(&authority, &request(method, &authority, &headers));
        assert!(
            !response.to_ascii_lowercase().contains("access-control"),
            "{response}"
        );
    }
}

#[test]
fn what_is_no_origin_is_refused() {
    let folder = Folder::new();
    for origin in ["*", "localhost:3000", "http://localhost:3000/", "null"] {
        let (said, code) = refused(&folder, &["--port", "0", "--cors", origin]);
        assert_eq!(
            said,
            format!(
                "error: `--cors {origin}` is not an origin\n\
                 help: write it as the browser sends it: http://localhost:3000, without a path\n"
            )
        );
        assert_eq!(code, 2);
    }
}
