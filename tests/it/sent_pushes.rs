//! Pushes of `ingam sandbox --push-to`: an independent program verifies them, `ingam listen` passes
//! them on, and one that is broken on purpose is refused.

use super::program::{Folder, ingam, root, text};
use super::pushes::{Listener, application, exchange, free_port, status};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// A sandbox that is running, and the addresses of its marketplaces.
struct PushingSandbox {
    child: Child,
    _input: ChildStdin,
    schemes: Value,
}

impl PushingSandbox {
    fn start(folder: &Folder, args: &[&str]) -> Self {
        let mut child = ingam(folder.path())
            .args(["sandbox", "--json", "--quiet", "--until-eof", "--port", "0"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self {
            child,
            _input: input,
            schemes: ready["schemes"].clone(),
        }
    }

    fn authority(&self, scheme: &str) -> &str {
        let base = self.schemes[scheme]["base_url"].as_str().unwrap();
        let rest = base.strip_prefix("http://").unwrap();
        rest.split('/').next().unwrap()
    }

    /// Status and body of a request to a marketplace.
    fn send(&self, scheme: &str, line: &str, headers: &[&str], body: &str) -> (u16, String) {
        let authority = self.authority(scheme);
        let mut head = format!("{line} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
        for header in headers {
            head.push_str(&format!("{header}\r\n"));
        }
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let answer = exchange(authority, request.as_bytes());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        (status(&answer), body.to_owned())
    }

    fn control(&self, scheme: &str, control: &str, body: &str) -> (u16, Value) {
        let (method, name) = control.split_once(' ').unwrap();
        let (status, body) = self.send(scheme, &format!("{method} /.ingam/{name}"), &[], body);
        (status, serde_json::from_str(&body).unwrap())
    }
}

impl Drop for PushingSandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands on what arrives, as the verifier reads it, and answers 204.
fn receiver() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/push", listener.local_addr().unwrap());
    let (sender, got) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let push = read_push(&mut stream);
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .unwrap();
            let _ = sender.send(push);
        }
    });
    (url, got)
}

fn read_push(stream: &mut TcpStream) -> Value {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let mut headers = serde_json::Map::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.into());
    }
    let length = headers.get("content-length");
    let length = length.map_or(0, |text| text.as_str().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    json!({
        "method": words[0],
        "target": words[1],
        "headers": headers,
        "body": String::from_utf8(body).unwrap(),
    })
}

/// The events that the files of built-in schemes have: scheme and name.
fn built_in_events() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for file in std::fs::read_dir(root().join("src/schemes")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let scheme = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut is_inside = false;
        for line in text.lines() {
            if line == "    events:" {
                is_inside = true;
            } else if !line.starts_with("      ") {
                is_inside = false;
            } else if let (true, Some(rest)) = (is_inside, line.strip_prefix("      "))
                && let Some((name, _)) = rest.split_once(':')
                && !name.starts_with(' ')
            {
                all.push((scheme.clone(), name.to_owned()));
            }
        }
    }
    all.sort_unstable();
    all
}

/// What an independent program says of each push; `None` without Python.
fn verify(url: &str, pushes: &[Value]) -> Option<Vec<String>> {
    let run = Command::new("python3")
        .arg(root().join("tests/pushes/verifiers.py"))
        .arg(url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match run {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: python3 is not installed");
            return None;
        }
        other => other.unwrap(),
    };
    let mut input = child.stdin.take().unwrap();
    for push in pushes {
        writeln!(input, "{push}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(str::to_owned).collect())
}

#[test]
fn an_independent_program_verifies_every_event_and_refuses_broken_ones() {
    let events = built_in_events();
    let mut schemes: Vec<&str> = events.iter().map(|(scheme, _)| scheme.as_str()).collect();
    schemes.dedup();
    assert_eq!(schemes.len(), 10, "{schemes:?}");
    let (url, got) = receiver();
    let mut args = vec!["--push-to", &url];
    for scheme in &schemes {
        args.extend(["--scheme", scheme]);
    }
    let sandbox = PushingSandbox::start(&Folder::new(), &args);
    let (mut pushes, mut expected) = (Vec::new(), Vec::new());
    for (scheme, event) in &events {
        for broken in ["", "&broken=signature", "&broken=missing", "&broken=body"] {
            let control = format!("POST push?event={event}{broken}");
            let (status, answer) = sandbox.control(scheme, &control, "");
            let about = format!("{scheme} {event} {broken}: {answer}");
            // A signature that does not cover the body is not broken by another one.
            if status == 400 && broken == "&broken=body" {
                let covers_no_body = ["cafe24", "flipkart", "wechat-channels"];
                assert!(covers_no_body.contains(&scheme.as_str()), "{about}");
                assert!(answer.to_string().contains("is still correct"), "{about}");
                continue;
            }
            assert_eq!(status, 200, "{about}");
            assert_eq!(answer["status"], 204, "{about}");
            assert_eq!(answer["name"], event.as_str(), "{about}");
            assert!(!answer.to_string().contains("no-secret"), "{about}");
            let mut push = got.recv().unwrap();
            push["scheme"] = scheme.as_str().into();
            pushes.push(push);
            expected.push((if broken.is_empty() { "right" } else { "wrong" }, about));
        }
    }
    let Some(verdicts) = verify(&url, &pushes) else {
        return;
    };
    assert_eq!(verdicts.len(), expected.len());
    for (verdict, (wanted, about)) in verdicts.iter().zip(expected) {
        assert_eq!(verdict, wanted, "{about}");
    }
    // The marketplace of another address sends them, too, and the body can be another one.
    let own = r#"{"shop_id": 7,  "code": 3}"#;
    let control = "POST push?scheme=shopee&event=order_status";
    let (_, answer) = sandbox.control("lazada", control, own);
    assert_eq!(answer["scheme"], "shopee");
    let mut push = got.recv().unwrap();
    assert_eq!(push["body"], own);
    push["scheme"] = "shopee".into();
    assert_eq!(verify(&url, &[push]).unwrap(), ["right"]);
}

const STUB: &str = r#"format: 2
scheme: shopify
exchanges:
  - request: { get: /admin/api/2026-10/orders.json }
    response: { status: 200, json: { orders: [] } }
    then_push: { event: orders/create, json: { id: 7 } }
  - request: { get: /admin/api/2026-10/shop.json }
    fault: reset
    then_push: app/uninstalled
"#;

#[test]
fn a_push_goes_through_the_listener_to_the_program_and_a_broken_one_does_not() {
    let (app, got) = application();
    let port = free_port().to_string();
    let url = format!("http://127.0.0.1:{port}/push");
    let folder = Folder::new();
    folder.write("ingam.yaml", "default_env: sandbox\n");
    folder.write("fixtures/recordings/orders.yaml", STUB);
    let args = ["shopify", "--url", &url, "--port", &port, "--forward", &app];
    let listener = Listener::start(&folder, &args);
    let args = ["--scheme", "shopify", "--push-to", &url];
    let sandbox = PushingSandbox::start(&folder, &args);

    let (code, answer) = sandbox.control("shopify", "POST push?event=orders/create", "");
    assert_eq!((code, &answer["status"]), (200, &202.into()), "{answer}");
    assert!(answer["ms"].is_u64(), "{answer}");
    let arrived = got.recv().unwrap();
    assert!(
        arrived.contains("x-shopify-topic: orders/create"),
        "{arrived}"
    );
    assert!(arrived.contains(r#""id":820982911946154508"#), "{arrived}");
    assert_eq!(listener.next()["verdict"], "accepted");

    for broken in ["signature", "missing", "body"] {
        let control = format!("POST push?event=orders/create&broken={broken}");
        let (code, answer) = sandbox.control("shopify", &control, "");
        assert_eq!((code, &answer["status"]), (200, &401.into()), "{answer}");
        assert_eq!(answer["broken"], broken);
        assert_eq!(listener.next()["verdict"], "refused");
    }
    assert!(got.try_recv().is_err(), "a broken push was passed on");

    // As the result of a stub: after its response, and though that is lost.
    let key = ["X-Shopify-Access-Token: shpat_sandbox_default"];
    let line = "GET /admin/api/2026-10/orders.json";
    assert_eq!(sandbox.send("shopify", line, &key, "").0, 200);
    assert!(got.recv().unwrap().ends_with(r#"{"id":7}"#));
    let mut stream = TcpStream::connect(sandbox.authority("shopify")).unwrap();
    let request = format!(
        "GET /admin/api/2026-10/shop.json HTTP/1.1\r\nHost: a\r\n{}\r\n\r\n",
        key[0]
    );
    stream.write_all(request.as_bytes()).unwrap();
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
    let arrived = got.recv().unwrap();
    assert!(
        arrived.contains("x-shopify-topic: app/uninstalled"),
        "{arrived}"
    );

    let (_, sent) = sandbox.control("shopify", "GET pushes?after=5&wait=5s", "");
    assert_eq!(sent["sent"], 6, "{sent}");
    assert_eq!(sent["pushes"][0]["name"], "app/uninstalled");
    assert_eq!(sent["pushes"][0]["account"], "default");
    sandbox.control("shopify", "POST reset", "");
    let (_, sent) = sandbox.control("shopify", "GET pushes", "");
    assert_eq!(sent["pushes"], json!([]));
    assert_eq!(listener.end(), 0);
}

#[test]
fn a_push_that_cannot_be_sent_says_what_to_do() {
    let closed = format!("http://127.0.0.1:{}/push", free_port());
    let folder = Folder::new();
    folder.write("fixtures/recordings/orders.yaml", STUB);
    let shopify = ["--scheme", "shopify", "--scheme", "coupang"];
    let sandbox = PushingSandbox::start(&folder, &[&shopify[..], &["--push-to", &closed]].concat());
    let (code, answer) = sandbox.control("shopify", "POST push?event=orders/create", "");
    assert_eq!(code, 502, "{answer}");
    let reason = answer["reason"].as_str().unwrap();
    assert!(reason.contains("cannot connect"), "{answer}");
    for (scheme, control, body, says) in [
        (
            "shopify",
            "POST push",
            "",
            "its events: orders/create, app/uninstalled",
        ),
        (
            "shopify",
            "POST push?event=order/create",
            "",
            "did you mean `orders/create`?",
        ),
        (
            "shopify",
            "POST push?event=orders/create&webhook=x",
            "",
            "remove `webhook`",
        ),
        (
            "shopify",
            "POST push?webhook=evnt",
            "{}",
            "did you mean `event`?",
        ),
        ("shopify", "POST push?webhook=event", "", "with a body"),
        (
            "shopify",
            "POST push?event=orders/create&account=x",
            "",
            "it can be `default`",
        ),
        (
            "shopify",
            "POST push?event=orders/create&broken=all",
            "",
            "`signature`, `missing` or `body`",
        ),
        (
            "shopify",
            "POST push?event=orders/create&brokn=body",
            "",
            "has no parameter `brokn`",
        ),
        (
            "shopify",
            "POST push?event=a&scheme=shopee",
            "",
            "does not run the scheme `shopee`",
        ),
        (
            "shopify",
            "GET pushes?scheme=shopee",
            "",
            "does not run the scheme `shopee`",
        ),
        ("coupang", "POST push?event=a", "", "it has no `webhooks`"),
        (
            "shopify",
            "POST exchanges",
            &STUB.replace("app/un", "app/in"),
            "no event `app/ininstalled`",
        ),
    ] {
        let (code, answer) = sandbox.control(scheme, control, body);
        assert_eq!(code, 400, "{control}: {answer}");
        assert!(answer.to_string().contains(says), "{control}: {answer}");
    }
    drop(sandbox);

    // Without an address, the journal says what is not sent.
    let sandbox = PushingSandbox::start(&folder, &shopify);
    let (code, answer) = sandbox.control("shopify", "POST push?event=orders/create", "");
    assert_eq!(code, 400);
    assert!(answer.to_string().contains("--push-to URL"), "{answer}");
    let key = ["X-Shopify-Access-Token: shpat_sandbox_default"];
    sandbox.send("shopify", "GET /admin/api/2026-10/orders.json", &key, "");
    let (_, journal) = sandbox.control("shopify", "GET requests", "");
    let reason = &journal["requests"][0]["reason"];
    assert_eq!(
        reason,
        "its push `orders/create` is not sent: there is no `--push-to`"
    );
}

#[test]
fn pushes_go_to_this_machine_unless_the_user_says_otherwise() {
    let remote = "http://app.example:3000/push";
    for (args, says) in [
        (vec!["--push-to", remote], "add `--allow-remote-push`"),
        (
            vec!["--push-to", "http://127.0.0.1.evil.example/"],
            "is another machine",
        ),
        (
            vec!["--push-to", "http://localhost.evil.example/"],
            "is another machine",
        ),
        (vec!["--push-to", "https://127.0.0.1/push"], "is not `http`"),
        (
            vec!["--push-to", "127.0.0.1:3000"],
            "such as http://127.0.0.1:3000/push",
        ),
        (
            vec!["--push-to", "http://u:pw123@127.0.0.1/"],
            "remove the user and the password",
        ),
        (
            vec!["--push-to", "http://127.0.0.1/#a"],
            "remove the part that begins with `#`",
        ),
        (vec!["--allow-remote-push"], "--push-to <URL>"),
    ] {
        let folder = Folder::new();
        let mut command = ingam(folder.path());
        command.args([
            "sandbox",
            "--scheme",
            "shopify",
            "--port",
            "0",
            "--until-eof",
        ]);
        let (_, said, code) = text(&command.args(&args).output().unwrap());
        assert_eq!(code, 2, "{args:?}: {said}");
        assert!(
            said.contains(says) && !said.contains("pw123"),
            "{args:?}: {said}"
        );
    }
    for args in [vec![remote, "--allow-remote-push"], vec!["http://[::1]:9/"]] {
        let args = [&["--push-to"][..], &args].concat();
        let folder = Folder::new();
        let mut command = ingam(folder.path());
        command.args([
            "sandbox",
            "--scheme",
            "shopify",
            "--port",
            "0",
            "--until-eof",
        ]);
        let (_, said, code) = text(&command.args(&args).output().unwrap());
        assert_eq!(code, 0, "{args:?}: {said}");
        assert!(said.contains("pushes: to http://"), "{said}");
    }
}
