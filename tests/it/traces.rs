//! `--otlp`: what arrives at a collector, and what happens where none listens.

use super::program::{Folder, ingam, root, text};
use super::recordings::{Answer, Arrived, KEYS, Server, json, run, run_with, workspace};
use super::sandbox_edge::programs::{has, installed};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// The requests of a run to a collector, headers and documents.
type Received = Arc<Mutex<Vec<(BTreeMap<String, String>, Value)>>>;

fn collector(answer: Answer) -> (Server, Received) {
    let received = Received::default();
    let keeps = Arc::clone(&received);
    let server = Server::start(move |arrived: &Arrived| {
        assert_eq!(arrived.target, "/v1/traces");
        let document = serde_json::from_slice(&arrived.body).unwrap();
        keeps
            .lock()
            .unwrap()
            .push((arrived.headers.clone(), document));
        answer.clone()
    });
    (server, received)
}

/// A span with its attributes as text.
struct SeenSpan {
    id: String,
    parent: String,
    name: String,
    json: Value,
    attributes: BTreeMap<String, String>,
}

impl SeenSpan {
    fn new(json: &Value) -> Self {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let attribute = |attribute: &Value| {
            let (_, value) = attribute["value"]
                .as_object()
                .unwrap()
                .iter()
                .next()
                .unwrap();
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (attribute["key"].as_str().unwrap().to_owned(), value)
        };
        let attributes = json["attributes"].as_array().unwrap();
        Self {
            id: text("spanId"),
            parent: text("parentSpanId"),
            name: text("name"),
            attributes: attributes.iter().map(attribute).collect(),
            json: json.clone(),
        }
    }

    fn is(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn nanoseconds(&self, name: &str) -> u64 {
        self.json[name].as_str().unwrap().parse().unwrap()
    }
}

fn spans(received: &Received) -> Vec<SeenSpan> {
    let received = received.lock().unwrap();
    let batches = received.iter().map(|(_, document)| document);
    batches
        .flat_map(|document| {
            let spans = &document["resourceSpans"][0]["scopeSpans"][0]["spans"];
            spans.as_array().unwrap().iter().map(SeenSpan::new)
        })
        .collect()
}

/// Fails twice at `/v2/flaky`, and always at `/v2/down`.
fn shop() -> (Server, Folder) {
    let flaky = Mutex::new(0);
    let server = Server::start(move |arrived| {
        if arrived.target.starts_with("/v2/down") {
            return (
                503,
                vec![("retry-after".to_owned(), "0".to_owned())],
                Vec::new(),
            );
        }
        if arrived.target.starts_with("/v2/flaky") {
            let mut flaky = flaky.lock().unwrap();
            *flaky += 1;
            if *flaky < 3 {
                return (
                    503,
                    vec![("retry-after".to_owned(), "0".to_owned())],
                    Vec::new(),
                );
            }
        }
        json(r#"{"code":"OK","id":7}"#)
    });
    let folder = workspace(&server);
    folder.write(
        "requests/a.yaml",
        "scheme: coupang\nget: /v2/flaky\nquery: { word: 무선 }\n",
    );
    folder.write(
        "requests/b.yaml",
        "scheme: none\nneeds: [thing]\nsteps:\n  - { name: one, get: /one }\n  \
         - { name: two, get: /two, assert: { $.id: 8 } }\n",
    );
    folder.write(
        "fixtures/thing.yaml",
        "scheme: none\nsteps:\n  - name: add\n    post: /add\n    capture: { id: $.id }\n    undo: { delete: \"/remove/{{ id }}\" }\n",
    );
    (server, folder)
}

fn trace_env() -> Vec<(&'static str, &'static str)> {
    let mut env = KEYS.to_vec();
    env.extend([
        (
            "TRACEPARENT",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        ("TRACESTATE", "vendor=1"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "api-key=key%20of%20the%20collector",
        ),
        ("OTEL_SERVICE_NAME", "shop checks"),
    ]);
    env
}

#[test]
fn a_run_is_a_trace_of_units_and_requests() {
    let (server, folder) = shop();
    let (collector, received) = collector(json("{}"));
    let args = [
        "run",
        "--env",
        "local",
        "-j",
        "1",
        "--otlp",
        &collector.origin,
    ];
    let (output, code) = run_with(&folder, &args, &trace_env());
    assert_eq!(code, 1, "{output}");
    assert!(!output.contains("warning"), "{output}");
    {
        let received = received.lock().unwrap();
        let [(headers, document)] = received.as_slice() else {
            panic!("{} batches", received.len());
        };
        assert_eq!(headers["api-key"], "key of the collector");
        assert_eq!(headers["content-type"], "application/json");
        let resource = document["resourceSpans"][0]["resource"].to_string();
        assert!(resource.contains("shop checks"), "{resource}");
        let text = document.to_string();
        for secret in [
            "access-key-1",
            "secret-key-1",
            "key of the collector",
            "signature=",
        ] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    let spans = spans(&received);
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    assert_eq!(ids.len(), spans.len());
    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let (run_span, a, b) = (named("ingam run"), named("a"), named("b"));
    assert_eq!(
        (run_span.parent.as_str(), a.parent.as_str()),
        (PARENT, run_span.id.as_str())
    );
    assert_eq!(
        (
            run_span.is("process.exit.code"),
            run_span.json["status"]["code"].as_u64()
        ),
        (Some("1"), Some(2))
    );
    assert_eq!(run_span.is("ingam.units.passed"), Some("1"));
    for span in &spans {
        assert_eq!(
            (
                span.json["traceId"].as_str(),
                span.json["traceState"].as_str()
            ),
            (Some(TRACE), Some("vendor=1"))
        );
        let (start, end) = (
            span.nanoseconds("startTimeUnixNano"),
            span.nanoseconds("endTimeUnixNano"),
        );
        assert!(
            start <= end && start > 1_700_000_000_000_000_000,
            "{}",
            span.json
        );
    }
    assert_eq!(
        (
            a.is("test.case.result.status"),
            b.is("test.case.result.status")
        ),
        (Some("pass"), Some("fail"))
    );
    assert!(
        b.json["status"]["message"]
            .as_str()
            .unwrap()
            .contains("expected 8"),
        "{}",
        b.json
    );
    assert_page_names_attributes(&spans);
    assert_requests(
        &spans,
        &server,
        [run_span, a, b].map(|span| span.id.as_str()),
    );
}

fn assert_page_names_attributes(spans: &[SeenSpan]) {
    let page = root().join("docs/reference/traces.md");
    let page = std::fs::read_to_string(page).unwrap();
    let names = spans.iter().flat_map(|span| span.attributes.keys());
    let names: BTreeSet<&String> = names.collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

fn assert_requests(spans: &[SeenSpan], server: &Server, [run, a, b]: [&str; 3]) {
    let below = |id: &str| -> Vec<&SeenSpan> {
        let requests = spans.iter().filter(|span| span.json["kind"] == 3);
        requests.filter(|span| span.parent == id).collect()
    };
    let attempts = below(a);
    let seen: Vec<_> = attempts
        .iter()
        .map(|span| {
            ["ingam.attempt", "http.response.status_code", "error.type"].map(|name| span.is(name))
        })
        .collect();
    assert_eq!(
        seen,
        [
            [Some("1"), Some("503"), Some("server")],
            [Some("2"), Some("503"), Some("server")],
            [Some("3"), Some("200"), None],
        ]
    );
    let last = attempts[2];
    let (host, port) = server
        .origin
        .trim_start_matches("http://")
        .split_once(':')
        .unwrap();
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.request.resend_count", "2"),
        ("server.address", host),
        ("server.port", port),
        ("ingam.scheme", "coupang"),
        ("url.full", &format!("{}/v2/flaky?word=무선", server.origin)),
    ] {
        assert_eq!(last.is(name), Some(value), "{}", last.json);
    }
    assert_eq!((last.name.as_str(), below(b).len()), ("GET", 2));
    // The fixture's call, and its undo.
    let of_run: Vec<&str> = below(run).iter().map(|span| span.name.as_str()).collect();
    assert_eq!(of_run, ["POST", "DELETE"]);
}

/// Reads a document of OTLP with the message types of OpenTelemetry, which refuse unknown names and
/// wrong types. Its ids are hexadecimal by the specification, and base64 for this reader.
const READER: &str = r#"
import base64, json, sys
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
document = json.load(sys.stdin)
for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:
    for name, size in [("traceId", 16), ("spanId", 8), ("parentSpanId", 8)]:
        if name in span:
            raw = bytes.fromhex(span[name])
            assert len(raw) == size, span
            span[name] = base64.b64encode(raw).decode()
message = ParseDict(document, ExportTraceServiceRequest())
spans = message.resource_spans[0].scope_spans[0].spans
print(len(spans), sum(s.kind == 3 for s in spans), sum(s.status.code == 2 for s in spans))
"#;

#[test]
fn the_message_types_of_opentelemetry_read_it() {
    let python = installed().join("venv/bin/python");
    if !has(&python) {
        return;
    }
    let (_server, folder) = shop();
    let (collector, received) = collector(json("{}"));
    let args = ["run", "--env", "local", "--otlp", &collector.origin];
    let (output, code) = run_with(&folder, &args, &trace_env());
    assert_eq!(code, 1, "{output}");
    let document = received.lock().unwrap()[0].1.to_string();
    let mut child = Command::new(python)
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(document.as_bytes())
        .unwrap();
    let (stdout, stderr, code) = text(&child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{stderr}");
    // A run, two units, three attempts, two steps, a set-up and its undo; of them the run, a unit
    // and two attempts failed.
    assert_eq!(stdout.trim(), "10 7 4");
}

#[test]
fn a_collector_that_cannot_be_reached_is_a_warning_and_changes_no_verdict() {
    let server = Server::start(|_| json(r#"{"code":"OK"}"#));
    let folder = workspace(&server);
    folder.write("requests/a.yaml", "scheme: none\nget: /a\n");
    let (refusing, _) = collector((401, Vec::new(), Vec::new()));
    let (partial, _) = collector(json(r#"{"partialSuccess":{"rejectedSpans":"2"}}"#));
    for (address, says) in [
        ("http://127.0.0.1:1", "cannot connect to 127.0.0.1:1"),
        (&refusing.origin, "refused it with status 401"),
        (&partial.origin, "did not accept 2 of the spans"),
    ] {
        let args = [
            "run",
            "--env",
            "local",
            "--otlp",
            address,
            "--report",
            "json=run.json",
        ];
        let (output, code) = run(&folder, &args);
        assert_eq!(code, 0, "{output}");
        let said = format!("the trace was not sent to {address}: ");
        assert!(output.contains(&said) && output.contains(says), "{output}");
        let text = std::fs::read_to_string(folder.path().join("run.json")).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["notices"][0]["severity"], "warning", "{document}");
    }
}

#[test]
fn a_run_that_cannot_begin_is_a_span_that_failed() {
    let server = Server::start(|_| panic!("nothing is sent"));
    let folder = workspace(&server);
    folder.write("requests/a.yaml", "scheme: none\nget: /a\nquerry: {}\n");
    let (collector, received) = collector(json("{}"));
    let (output, code) = run(
        &folder,
        &["run", "--env", "local", "--otlp", &collector.origin],
    );
    assert_eq!(code, 3, "{output}");
    let spans = spans(&received);
    let [span] = spans.as_slice() else {
        panic!("{} spans", spans.len());
    };
    assert_eq!(span.is("process.exit.code"), Some("3"));
    assert_eq!(span.is("test.suite.run.status"), Some("failure"));
    assert_eq!(span.json["status"]["message"], "a file is wrong");
    assert_eq!(
        (
            span.parent.as_str(),
            span.json["traceId"].as_str().unwrap().len()
        ),
        ("", 32)
    );
}

#[test]
fn a_replay_is_a_trace_and_says_so() {
    let server = Server::start(|_| json(r#"{"code":"OK"}"#));
    let folder = workspace(&server);
    folder.write("requests/a.yaml", "scheme: none\nget: /a\n");
    super::recordings::record(&folder);
    let (collector, received) = collector(json("{}"));
    let args = [
        "run",
        "--env",
        "local",
        "--replay",
        "--otlp",
        &collector.origin,
    ];
    let (output, code) = run(&folder, &args);
    assert_eq!(code, 0, "{output}");
    let spans = spans(&received);
    let request = spans.iter().find(|span| span.json["kind"] == 3).unwrap();
    assert_eq!(
        (
            request.is("ingam.replayed"),
            request.is("http.response.status_code")
        ),
        (Some("true"), Some("200"))
    );
}

#[test]
fn a_wrong_collector_is_found_before_anything_is_sent() {
    let server = Server::start(|_| panic!("nothing is sent"));
    let folder = workspace(&server);
    folder.write("requests/a.yaml", "scheme: none\nget: /a\n");
    for (address, headers, says) in [
        (
            "localhost:4318",
            "",
            "`--otlp` needs the address of a collector",
        ),
        (
            "http://u:p@localhost",
            "",
            "`--otlp` needs the address of a collector",
        ),
        ("http://127.0.0.1:1", "api-key", "pair 1 has no `=`"),
    ] {
        let mut command = ingam(folder.path());
        command.env("OTEL_EXPORTER_OTLP_HEADERS", headers);
        command.args(["run", "--env", "local", "--otlp", address]);
        let (stdout, stderr, code) = text(&command.output().unwrap());
        assert_eq!(code, 2, "{address}: {stdout}{stderr}");
        assert!(stderr.contains(says), "{address}: {stderr}");
    }
}

#[test]
fn no_secret_and_no_personal_data_is_in_a_trace() {
    let server = Server::start(|_| json(r#"{"buyer":"Hong Gildong","id":7}"#));
    let folder = workspace(&server);
    let yaml = folder.path().join("ingam.yaml");
    let yaml = std::fs::read_to_string(yaml).unwrap();
    folder.write("ingam.yaml", &format!("{yaml}redact: [$.buyer]\n"));
    folder.write(
        "requests/a.yaml",
        "scheme: none\nsteps:\n  - name: one\n    get: /one\n    \
         query: { password: \"{{ secret.buyer_password }}\" }\n    capture: { buyer: $.buyer }\n  \
         - name: two\n    get: \"/two/{{ buyer }}\"\n    assert: { $.buyer: nobody }\n",
    );
    let (collector, received) = collector(json("{}"));
    let mut env = KEYS.to_vec();
    env.push(("INGAM_SECRET_BUYER_PASSWORD", "correct-horse-battery"));
    let args = ["run", "--env", "local", "--otlp", &collector.origin];
    let (output, code) = run_with(&folder, &args, &env);
    assert_eq!(code, 1, "{output}");
    let text = received.lock().unwrap()[0].1.to_string();
    assert!(text.contains("‹secret.buyer_password›"), "{text}");
    for hidden in [
        "correct-horse-battery",
        "Hong Gildong",
        "Hong%20Gildong",
        "Gildong",
    ] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}
