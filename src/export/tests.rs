//! Tests: what is written is read again, by the readers of `ingam verify`: the same request, byte for byte.

use super::*;
use crate::import::{ImportSource, ImportedRequest, read_requests};
use crate::method::Method;
use crate::redact::Redactor;
use crate::wire::{BaseUrl, WireRequest};
use bytes::Bytes;

fn sent(method: Method, target: &str, headers: &[(&str, &str)], body: &[u8]) -> WireRequest {
    let base = BaseUrl::parse("https://api.example").unwrap();
    let mut all = vec![("host".to_owned(), "api.example".to_owned())];
    all.extend(
        headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let body = Bytes::copy_from_slice(body);
    WireRequest::sealed(method, &base, target, all, body).unwrap()
}

fn requests() -> Vec<WireRequest> {
    let kind = ("content-type", "application/json");
    vec![
        sent(Method::Get, "/a?x=%EB%AC%B4+1&y=&&z", &[], b""),
        sent(
            Method::Get,
            "/items/[1-3]?set={a,b}",
            &[("x-quote", "it's \"$x\" `id` \\ !")],
            b"",
        ),
        sent(Method::Get, "/a/", &[("x-empty", "")], b""),
        sent(
            Method::Post,
            "/a",
            &[kind],
            "{\"a\":\"@x 한글 {{ b }}\\n\"}".as_bytes(),
        ),
        sent(Method::Post, "/a", &[kind], b"@/etc/hostname"),
        sent(
            Method::Post,
            "/a",
            &[kind],
            b"it's $HOME `id` \\ \" !! %0A\r\n\ttab",
        ),
        sent(Method::Put, "/a", &[("content-length", "0")], b""),
        sent(Method::Delete, "/a?x=1", &[], b""),
        sent(
            Method::Patch,
            "/a",
            &[("content-type", "application/x-www-form-urlencoded")],
            b"a=1&b=%20",
        ),
        sent(Method::Head, "/a", &[], b""),
        sent(Method::Post, "/a", &[kind], &[0xff, 0x00, 0xfe]),
    ]
}

/// What curl and browsers write themselves.
const OWN: [&str; 3] = ["host", "content-length", "accept-encoding"];

fn headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    let lower = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let mut headers: Vec<_> = lower
        .filter(|(name, _)| {
            !OWN.contains(&name.as_str()) && name != "user-agent" && name != "accept"
        })
        .collect();
    headers.sort();
    headers
}

fn assert_same(read: &ImportedRequest, sent: &WireRequest, text: &str) {
    assert_eq!(read.method, sent.method(), "{text}");
    assert_eq!(
        read.origin.as_deref(),
        Some("https://api.example"),
        "{text}"
    );
    assert_eq!(read.target, sent.target(), "{text}");
    assert_eq!(headers(&read.headers), headers(sent.headers()), "{text}");
    assert_eq!(read.body, *sent.body(), "{text}");
}

fn read(text: &str) -> ImportedRequest {
    let source = ImportSource::new(text.as_bytes().to_vec()).unwrap();
    let no_files = |name: &str| -> Result<Vec<u8>, String> { panic!("reads `{name}`") };
    let mut all = read_requests(&source, &no_files).unwrap();
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

#[test]
fn curl_and_har_are_read_as_what_is_sent() {
    let mut redactor = Redactor::default();
    let mut split = |text: &str| exact_secrets(text, &|_| None, &mut redactor);
    for wire in requests() {
        let har = har(&wire, "2026-11-22T09:00:00Z", &mut split, &str::to_owned).unwrap();
        let imported = read(&har);
        assert_same(&imported, &wire, &har);
        assert_eq!(imported.sent_at_ms, Some(1_795_338_000_000));
        if wire.body().contains(&0xff) {
            continue;
        }
        let value = |name: &str| ShellValue::Unknown(name.to_owned());
        let curl = curl_command(&wire, &mut split, &value).unwrap();
        assert_same(&read(&curl), &wire, &curl);
    }
}

#[test]
fn a_secret_is_named_and_never_written() {
    let mut redactor = Redactor::default();
    redactor.add_secret("token.access_token", "tok-9f8e7d6c5b4a3210");
    let known =
        |name: &str| (name == "token.access_token").then(|| "tok-9f8e7d6c5b4a3210".to_owned());
    let wire = sent(
        Method::Get,
        "/a?t=tok-9f8e7d6c5b4a3210",
        &[("authorization", "Bearer tok-9f8e7d6c5b4a3210")],
        b"",
    );
    let mut split = |text: &str| exact_secrets(text, &known, &mut redactor);
    let command = |_: &str| ShellValue::Command("ingam auth token sg".to_owned());
    let curl = curl_command(&wire, &mut split, &command).unwrap();
    assert_eq!(
        curl,
        "curl \\\n    --path-as-is \\\n    \"https://api.example/a?t=$(ingam auth token sg)\" \\\n    \
         -H \"Authorization: Bearer $(ingam auth token sg)\""
    );
    let name = |_: &str| "INGAM_A__ACCESS_TOKEN".to_owned();
    let har = har(&wire, "", &mut split, &name).unwrap();
    assert!(
        har.contains("https://api.example/a?t=INGAM_A__ACCESS_TOKEN")
            && har.contains("secrets are replaced by their names: INGAM_A__ACCESS_TOKEN"),
        "{har}"
    );
    let postman = postman(&wire, ("a", ""), &mut split, &name).unwrap();
    assert!(
        postman.contains("\"raw\": \"https://api.example/a?t={{INGAM_A__ACCESS_TOKEN}}\"")
            && postman.contains("\"value\": \"Bearer {{INGAM_A__ACCESS_TOKEN}}\""),
        "{postman}"
    );
    for text in [curl, har, postman] {
        assert!(!text.contains("9f8e7d6c"), "{text}");
    }
}
