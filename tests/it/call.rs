//! `ingam call`: what arrives is what HTTPie's items say, the body goes to standard output to the
//! byte and everything else to standard error, and no secret leaves by any of them.

use super::program::{Folder, at_a_terminal, ingam, root, text};
use super::recordings::{Answer, Server, json};
use std::sync::{Arc, Mutex};

const TOKEN: &str = "tok-9f8e7d6c5b4a3210-xyz";

/// What arrived: target, headers, body.
type Seen = Arc<Mutex<Vec<(String, String, String)>>>;

/// A server that answers `body` to everything, and the folder with an environment for it.
fn shop(body: &'static [u8]) -> (Folder, Server, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let server = Server::start(move |arrived| {
        let headers: Vec<String> = arrived
            .headers
            .iter()
            .filter(|(name, _)| {
                !["host", "accept-encoding", "content-length"].contains(&name.as_str())
            })
            .map(|(name, value)| format!("{name}:{value}"))
            .collect();
        let body_seen = String::from_utf8_lossy(&arrived.body).into_owned();
        noted
            .lock()
            .unwrap()
            .push((arrived.target.clone(), headers.join("|"), body_seen));
        let answer: Answer = json("");
        (
            if arrived.target.starts_with("/500") {
                500
            } else {
                200
            },
            answer.1,
            body.to_vec(),
        )
    });
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!(
            "envs: {{ local: {{ hosts: {{ none: \"{}\" }} }} }}\nredact: [$.buyer]\n",
            server.origin
        ),
    );
    (folder, server, seen)
}

fn call(folder: &Folder, args: &[&str]) -> (String, String, i32) {
    text(
        &ingam(folder.path())
            .arg("call")
            .args(args)
            .output()
            .unwrap(),
    )
}

#[test]
fn items_arrive_as_httpie_sends_them() {
    let (folder, _server, seen) = shop(b"{}");
    folder.write("note.txt", "line {{ 1 }}\n");
    folder.write("part.json", r#"{"q": [1.10]}"#);
    folder.write("a.png", "PNG");
    let last = |args: &[&str]| {
        let (_, stderr, code) = call(
            &folder,
            &[&["none"], args, &["--env", "local", "--yes"]].concat(),
        );
        assert_eq!(code, 0, "{stderr}");
        seen.lock().unwrap().pop().unwrap()
    };
    let arrived = last(&[
        "post",
        "/a?z=0",
        "q==무선 이어폰",
        "tag==a",
        "tag==b",
        "X-One:1",
        "X-Empty;",
        "name=text 1",
        "n:=1.10",
        "flag:=false",
        "a[b]=c",
        "a[l][]:=1",
        r"x\:y=1",
        "note=@note.txt",
        "part:=@part.json",
    ]);
    assert_eq!(
        arrived.0,
        "/a?z=0&q=%EB%AC%B4%EC%84%A0%20%EC%9D%B4%EC%96%B4%ED%8F%B0&tag=a&tag=b"
    );
    assert!(
        arrived.1.contains("|content-type:application/json|")
            && arrived.1.ends_with("|x-empty:|x-one:1"),
        "{}",
        arrived.1
    );
    assert_eq!(
        arrived.2,
        r#"{"name":"text 1","n":1.10,"flag":false,"a":{"b":"c","l":[1]},"x:y":"1","note":"line {{ 1 }}\n","part":{"q":[1.10]}}"#
    );
    let arrived = last(&["post", "/a", "--form", "a=1&2", "b:=3", "a=x"]);
    assert_eq!(arrived.2, "a=1%262&a=x&b=3");
    let arrived = last(&["post", "/a", "--form", "photo@a.png;type=image/x-a", "k=v"]);
    assert!(
        arrived
            .1
            .contains("content-type:multipart/form-data; boundary=")
            && arrived.2.contains(
                "name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/x-a\r\n\r\nPNG\r\n"
            )
            && arrived.2.contains("name=\"k\"\r\n\r\nv\r\n"),
        "{arrived:?}"
    );
    for item in [
        "photo@a.png;type=image/x-a;filename=z; 1.html",
        "photo@a.png;filename=z; 1.html;type=image/x-a",
    ] {
        let arrived = last(&["post", "/a", "--form", item]);
        let part =
            "name=\"photo\"; filename=\"z; 1.html\"\r\nContent-Type: image/x-a\r\n\r\nPNG\r\n";
        assert!(arrived.2.contains(part), "{arrived:?}");
    }
    let arrived = last(&["post", "/a", "--form", "photo@a.png", "k=v"]);
    let part = "filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n";
    assert!(arrived.2.contains(part), "{arrived:?}");
    let arrived = last(&["put", "/a", "@a.png"]);
    assert!(
        arrived.1.contains("content-type:image/png"),
        "{}",
        arrived.1
    );
    folder.write("body.bin", "P\u{0}K{{ 1 }}\r\n");
    let arrived = last(&["put", "/a", "@body.bin;type=application/zip"]);
    assert_eq!(arrived.2, "P\u{0}K{{ 1 }}\r\n");
    assert!(
        arrived.1.contains("content-type:application/zip"),
        "{}",
        arrived.1
    );
    let arrived = last(&["put", "/a", "@body.bin", "Content-Type:text/x-a"]);
    assert!(arrived.1.contains("content-type:text/x-a"), "{}", arrived.1);
    let arrived = last(&["put", "/a", "--raw", r#"{"a": 1.10}"#]);
    assert_eq!(arrived.2, r#"{"a": 1.10}"#);
    assert!(
        arrived.1.contains("content-type:application/json"),
        "{}",
        arrived.1
    );
    // A text of the command line can be a template, as in a file.
    let arrived = last(&["get", "/a", "n=={{ n + 1 }}", "--var", "n=4"]);
    assert_eq!(arrived.0, "/a?n=5");
}

#[test]
fn standard_input_is_a_body_where_it_is_asked_for() {
    use std::io::Write;
    let (folder, _server, seen) = shop(b"{}");
    let mut child = ingam(folder.path())
        .args([
            "call", "none", "POST", "/a", "--raw", "-", "--env", "local", "--yes",
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"{{ now() }} \n")
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let arrived = seen.lock().unwrap().pop().unwrap();
    assert_eq!(arrived.2, "{{ now() }} \n");
    assert!(
        arrived.1.contains("content-type:text/plain"),
        "{}",
        arrived.1
    );
}

#[test]
fn the_body_goes_out_to_the_byte_and_all_else_to_standard_error() {
    let (folder, _server, _) = shop(b"{ \"b\":1.10,\r\n\"a\":null }");
    let (stdout, stderr, code) = call(&folder, &["none", "GET", "/a", "--env", "local"]);
    assert_eq!(
        (stdout.as_str(), code),
        ("{ \"b\":1.10,\r\n\"a\":null }", 0)
    );
    let line = stderr.lines().next().unwrap();
    assert!(
        line.starts_with("  GET /a → 200 in ") && line.ends_with(", environment local"),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let (stdout, stderr, code) = call(
        &folder,
        &["none", "GET", "/a", "--env", "local", "-o", "x.json", "-v"],
    );
    assert_eq!((stdout.as_str(), code), ("", 0));
    assert!(
        stderr.contains("    > GET /a HTTP/1.1\n") && stderr.contains("    < HTTP/1.1 200\n"),
        "{stderr}"
    );
    assert!(!stderr.contains("1.10"), "the body is shown once: {stderr}");
    assert_eq!(
        std::fs::read(folder.path().join("x.json")).unwrap(),
        b"{ \"b\":1.10,\r\n\"a\":null }"
    );
}

#[test]
fn a_failed_call_prints_what_the_marketplace_says_and_ends_as_a_run_does() {
    let (folder, _server, seen) = shop(b"{\"error\":\"no\"}");
    let (stdout, stderr, code) = call(
        &folder,
        &["none", "POST", "/500", "--env", "local", "--yes"],
    );
    assert_eq!(
        (stdout.as_str(), code),
        ("{\"error\":\"no\"}", 1),
        "{stderr}"
    );
    assert_eq!(seen.lock().unwrap().len(), 1, "a write is not repeated");
    let (stdout, _, code) = call(
        &folder,
        &[
            "none",
            "GET",
            "/a",
            "--host",
            "none=http://127.0.0.1:9",
            "--env",
            "local",
        ],
    );
    assert_eq!((stdout.as_str(), code), ("", 5));
}

#[cfg(unix)]
#[test]
fn a_terminal_gets_json_with_colours_and_no_control_characters() {
    let (folder, _server, _) = shop(b"{\"a\":\"x\\u001b]0;y\",\"b\":[1.10]}");
    let (screen, code) = at_a_terminal(
        &folder,
        &["call", "none", "GET", "/a", "--env", "local"],
        &[],
    );
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("\u{1b}[34m\"a\"\u{1b}[0m: \u{1b}[32m\"x\\u001b]0;y\"\u{1b}[0m,"),
        "{screen}"
    );
    assert!(screen.contains("\u{1b}[36m1.10\u{1b}[0m"), "{screen}");
}

#[test]
fn no_secret_leaves_by_any_way_and_personal_data_by_the_named_file_only() {
    let body = format!("{{\"access_token\":\"{TOKEN}\",\"buyer\":\"Kim Minsu\",\"n\":1}}");
    let (folder, _server, _) = shop(Box::leak(body.into_boxed_str()).as_bytes());
    let (stdout, stderr, code) = call(&folder, &["none", "GET", "/a", "--env", "local", "-v"]);
    assert_eq!(
        (stdout.as_str(), code),
        (
            "{\"access_token\":\"‹response.access_token›\",\"buyer\":\"redacted-1\",\"n\":1}",
            0
        )
    );
    assert!(
        stderr.contains(
            "secrets in the response are replaced by their names: `response.access_token`\n"
        ) && stderr.contains("note: personal data is replaced by pseudonyms"),
        "{stderr}"
    );
    assert!(
        !stderr.contains(TOKEN) && !stderr.contains("Kim"),
        "{stderr}"
    );
    let (stdout, stderr, code) = call(&folder, &["none", "GET", "/a", "--env", "local", "-o", "x"]);
    assert_eq!((stdout.as_str(), code), ("", 5));
    assert!(
        stderr.contains("it holds `response.access_token`"),
        "{stderr}"
    );
    assert!(!folder.path().join("x").exists());
    let (folder, _server, _) = shop(b"{\"buyer\":\"Kim Minsu\"}");
    let (stdout, ..) = call(&folder, &["none", "GET", "/a", "--env", "local"]);
    assert_eq!(stdout, "{\"buyer\":\"redacted-1\"}");
    let (_, _, code) = call(&folder, &["none", "GET", "/a", "--env", "local", "-o", "x"]);
    assert_eq!(code, 0);
    assert_eq!(
        std::fs::read_to_string(folder.path().join("x")).unwrap(),
        "{\"buyer\":\"Kim Minsu\"}"
    );
    let (.., code) = call(
        &folder,
        &["none", "GET", "/a", "--env", "local", "--show-personal"],
    );
    assert_eq!(code, 2, "personal data is shown at a terminal only");
}

#[test]
fn a_call_that_writes_is_not_sent_without_a_word() {
    let (folder, server, _) = shop(b"{}");
    let (stdout, stderr, code) = call(
        &folder,
        &["none@a", "DELETE", "/orders/1", "--env", "local"],
    );
    assert_eq!((stdout.as_str(), code), ("", 2), "{stderr}");
    let (stdout, stderr, code) = call(&folder, &["none", "DELETE", "/orders/1", "--env", "local"]);
    assert_eq!((stdout.as_str(), code), ("", 2));
    assert_eq!(
        stderr,
        "error: DELETE /orders/1 writes in environment `local`, and there is no terminal to ask at\n\
         help: nothing was sent; pass `--yes` to send it\n"
    );
    assert_eq!(server.seen(), 0);
}

#[test]
fn wrong_arguments_are_told_before_anything_is_sent() {
    let (folder, server, _) = shop(b"{}");
    for (args, message) in [
        (
            &["none", "GET", "/a", "name=secret-4f8a1c0de54321aa"][..],
            "error: `name=…` is part of a body, but GET has no body\n\
             help: write `name==…` for a query parameter, or use POST\n",
        ),
        (
            &["none", "POST", "/a", "x:=nope"],
            "error: `x:=…` is not valid JSON at byte 1: ",
        ),
        (
            &["none", "POST", "/a", r#"x:={"l":[{"z":1,"z":1}]}"#],
            "error: `x:=…` has the member `z` twice in an object\n",
        ),
        (
            &["none", "POST", "/a", "--form", "x@a.png;type=a/b;type=c/d"],
            "error: `x@…` sets `type` twice\n",
        ),
        (
            &["none", "POST", "/a", "@a.png;filename=b"],
            "error: `@…;filename=` sets a file name, but only a part of a form has one\n",
        ),
        (
            &["none", "POST", "/a", "@a.png;type=a/b;type=c/d"],
            "error: `@…` sets `type` twice\n",
        ),
        (
            &["none", "POST", "/a", "@a.png", "a=1"],
            "error: `@…` sets the whole body, but other items set parts of it\n",
        ),
        (
            &["none", "POST", "/a", "a=1", "a[b]=2"],
            "error: `a[b]=…` needs an object at `a`, but another item sets a different type there\n",
        ),
        (
            &["none", "POST", "/a", "x@a.png"],
            "error: `x@…` sends a file, but a JSON body cannot hold a file\n",
        ),
        (
            &["none", "POST", "/a", "4f8a1c0de54321aa"],
            "error: the item of that name (not shown",
        ),
        (
            &["none", "/a", "GET"],
            "error: the method is missing before the path `/a`\n",
        ),
        (
            &["none", "GTE", "/a"],
            "error: there is no method `GTE`\nhelp: did you mean `GET`?\n",
        ),
        (
            &["none", "GET", "/a", "X:"],
            "error: the header `X:` has no value\n",
        ),
        (
            &["none@", "GET", "/a"],
            "error: `none@` has no account after `@`\n",
        ),
        (
            &["none", "GET", "https://example.com/a"],
            "a request has a path, but no host",
        ),
        (
            &["none", "GET", "/a", "x=={{ oops"],
            "this `{{` is never closed",
        ),
        (&["none", "GET", "/a", "x=={{ oops }}"], "oops"),
        (&["shoppee", "GET", "/a"], "there is no scheme `shoppee`"),
        (&["none", "GET", "/a", "-o", "none/x"], "there is no folder"),
    ] {
        let (stdout, stderr, code) = call(&folder, &[args, &["--env", "local"]].concat());
        assert_eq!((stdout.as_str(), code), ("", 2), "{args:?}: {stderr}");
        assert!(stderr.contains(message), "{args:?}: {stderr}");
        assert!(!stderr.contains("4f8a1c0de54321aa"), "{stderr}");
    }
    assert_eq!(server.seen(), 0);
}

#[test]
fn a_built_in_scheme_is_called_without_a_file() {
    let folder = Folder::new();
    let (stdout, stderr, code) = call(&folder, &["shopee", "GET", "/api/v2/shop/get_shop_info"]);
    assert_eq!((stdout.as_str(), code), ("", 8));
    assert!(
        stderr.contains("GET /api/v2/shop/get_shop_info → 501")
            && stderr.contains("the signature is correct for `shopee`")
            && stderr.contains("to send it to the marketplace, use `--env live`"),
        "{stderr}"
    );
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn the_sandbox_answers_a_call_from_recordings() {
    let output = ingam(root())
        .args([
            "call",
            "coupang",
            "GET",
            "/v2/providers/affiliate_open_api/apis/openapi/products/search",
            "keyword==무선 이어폰",
            "limit==5",
        ])
        .output()
        .unwrap();
    let (stdout, stderr, code) = text(&output);
    assert_eq!(code, 0, "{stderr}");
    let body: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert!(body["data"]["productData"].is_array(), "{stdout}");
    assert!(stderr.ends_with(", environment sandbox\n"), "{stderr}");
}

#[test]
fn a_call_becomes_a_request_file_with_assertions_and_its_recording() {
    let (folder, _server, _) =
        shop(b"{\"a-b\":1,\"name\":\"Kim\",\"list\":[],\"later\":null,\"o\":{\"time\":1}}");
    let args = [
        "none",
        "POST",
        "/a",
        "q==1",
        "name={{ n }}",
        "--var",
        "n=x",
        "--env",
        "local",
        "--yes",
        "--write",
        "requests/shop/x.yaml",
        "--record",
    ];
    let (_, stderr, code) = call(&folder, &args);
    assert_eq!(code, 0, "{stderr}");
    // The command goes where the call went. The value of a variable can be secret.
    let hint = "`ingam run shop/x --env local --var n=…` checks it";
    assert!(stderr.contains(hint), "{stderr}");
    let written = std::fs::read_to_string(folder.path().join("requests/shop/x.yaml")).unwrap();
    assert_eq!(
        written,
        "scheme: none\npost: /a\nquery:\n  q: \"1\"\njson:\n  name: \"{{ n }}\"\n\nassert:\n  status: 200\n  \
         \"$['a-b']\":\n    type: number\n  $.name:\n    type: string\n  $.list:\n    type: array\n  \
         $.o:\n    type: object\n"
    );
    let mut replay = ingam(folder.path());
    replay.args(["run", "shop/x", "--replay", "--var", "n=x"]);
    let (stdout, stderr, code) = text(&replay.output().unwrap());
    assert_eq!(code, 0, "{stdout}{stderr}");
    let (_, stderr, code) = call(&folder, &args);
    assert_eq!(code, 2);
    assert!(stderr.contains("the file already exists"), "{stderr}");
    for wrong in [
        "x.yaml",
        "requests/x.json",
        "../requests/x.yaml",
        "fixtures/x.yaml",
    ] {
        let (_, stderr, code) = call(
            &folder,
            &["none", "GET", "/a", "--env", "local", "--write", wrong],
        );
        assert_eq!(code, 2, "{stderr}");
    }
    let (_, stderr, code) = call(
        &folder,
        &[
            "none",
            "GET",
            "/500",
            "--env",
            "local",
            "--write",
            "requests/y.yaml",
        ],
    );
    assert_eq!(code, 1);
    assert!(
        stderr.contains("the request file is not written, because the call did not pass"),
        "{stderr}"
    );
    assert!(!folder.path().join("requests/y.yaml").exists());
}

#[test]
fn a_request_file_holds_no_secret_and_stays_in_the_workspace() {
    let (folder, server, _) = shop(b"{}");
    let host = format!("bearer={}", server.origin);
    let write = |args: &[&str], file: &str| {
        let mut command = ingam(folder.path());
        command.args(["call", "bearer", "POST"]).args(args);
        command.args(["--host", host.as_str()]);
        command.args(["--env", "local", "--yes", "--write", file]);
        let (_, stderr, code) = text(&command.env("INGAM_BEARER__TOKEN", TOKEN).output().unwrap());
        assert_eq!(code, 2, "{args:?} {file}: {stderr}");
        assert!(!stderr.contains("9f8e7d6c"), "{stderr}");
        stderr
    };
    let raw = "{\"a\":{\"access_token\":\"other-4f8a1c0de54321aa\"}}";
    for args in [
        &["/a", "X-Api-Key:other-4f8a1c0de54321aa"][..],
        &["/a", "Cookie:sid=1"],
        &["/a", "a[client_secret]=other-4f8a1c0de54321aa"],
        &["/a", "--form", "api_key=other-4f8a1c0de54321aa"],
        &["/a?access_token=other-4f8a1c0de54321aa"],
        &["/a", "--raw", raw],
        &[
            "/a",
            "--raw",
            "a=1&access_token=other-4f8a1c0de54321aa",
            "--form",
        ],
        &["/a", "--form", &format!("payload={raw}")],
        &["/a", "--multipart", "api_key=other-4f8a1c0de54321aa"],
        &["/a", "--multipart", &format!("payload={raw}")],
    ] {
        let stderr = write(args, "requests/x.yaml");
        assert!(stderr.contains("has a literal value"), "{args:?}: {stderr}");
    }
    // A credential of this machine, under whatever name.
    let stderr = write(&["/a", &format!("note=x{TOKEN}")], "requests/x.yaml");
    assert!(stderr.contains("the request holds a secret"), "{stderr}");
    for file in ["requests/../../x.yaml", "requests/./../requests/x.yaml"] {
        assert!(
            write(&["/a"], file).contains("it is not a request file"),
            "{file}"
        );
    }
    #[cfg(unix)]
    {
        let other = Folder::new();
        folder.write("requests/a.yaml", "scheme: none\nget: /a\n");
        std::os::unix::fs::symlink(other.path(), folder.path().join("requests/link")).unwrap();
        let stderr = write(&["/a"], "requests/link/x.yaml");
        assert!(stderr.contains("is a link"), "{stderr}");
    }
    assert_eq!(server.seen(), 0);
}

/// On some file systems `.ENV` is the file that is written as `.env`.
#[test]
fn a_file_of_credentials_is_not_sent() {
    let (folder, server, _) = shop(b"{}");
    for name in [".env", ".ENV", ".Env.live"] {
        folder.write(name, "KEY=a\n");
        let item = format!("note=@{name}");
        let args = ["none", "POST", "/a", "--env", "local", &item];
        let (_, stderr, code) = call(&folder, &args);
        assert!(
            code == 2 && stderr.contains("holds credentials or tokens"),
            "{name}: {code}: {stderr}"
        );
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    assert_eq!(server.seen(), 0);
}

#[test]
fn a_response_replaces_no_file_without_a_word() {
    let (folder, server, _) = shop(b"{}");
    folder.write("x", "mine");
    let args = ["none", "GET", "/a", "--env", "local", "-o", "x"];
    let (_, stderr, code) = call(&folder, &args);
    assert!(
        code == 2 && stderr.contains("the file already exists"),
        "{stderr}"
    );
    assert_eq!(server.seen(), 0);
    let (_, stderr, code) = call(&folder, &[&args[..], &["--overwrite"]].concat());
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(std::fs::read(folder.path().join("x")).unwrap(), b"{}");
    // As without `-o`, and no file of that name.
    let args = ["none", "GET", "/a", "--env", "local", "-o", "-"];
    let (stdout, stderr, code) = call(&folder, &args);
    assert_eq!((stdout.as_str(), code), ("{}", 0), "{stderr}");
    assert!(!folder.path().join("-").exists());
}

#[test]
fn what_a_response_of_no_marketplace_says_is_put_in_words_that_fit() {
    let server = Server::start(|arrived| {
        let answer: Answer = json("{}");
        let status = arrived.target.trim_start_matches('/').parse().unwrap();
        (status, answer.1, answer.2)
    });
    let folder = Folder::new();
    let host = format!("none={}", server.origin);
    let last = |path: &str| {
        let args = ["none", "GET", path, "--env", "live", "--host", &host];
        call(&folder, &args)
    };
    let (_, stderr, code) = last("/302");
    assert!(
        code == 1 && stderr.contains("a redirect, which ingam does not follow"),
        "{stderr}"
    );
    let (_, stderr, code) = last("/304");
    assert!(code == 1 && !stderr.contains("redirect"), "{stderr}");
    // No header has said how long.
    let (_, stderr, _) = last("/429");
    assert!(!stderr.contains("asked to wait"), "{stderr}");
}

#[test]
fn a_call_is_explained_without_being_sent() {
    let (folder, server, _) = shop(b"{}");
    let args = [
        "shopee@sg",
        "POST",
        "/api/v2/x",
        "a:=1",
        "--env",
        "live",
        "--explain",
    ];
    let mut command = ingam(folder.path());
    command.arg("call").args(args);
    for (name, value) in [
        ("PARTNER_ID", "1000001"),
        ("PARTNER_KEY", "key-93kd93kd93kd93kd"),
        ("SG__ACCESS_TOKEN", TOKEN),
    ] {
        command.env(format!("INGAM_SHOPEE__{name}"), value);
    }
    folder.write(
        "ingam.yaml",
        "envs: { live: { accounts: { shopee: { sg: { shop_id: \"1\" } } } }, local: {} }\n",
    );
    let (stdout, stderr, code) = text(&command.output().unwrap());
    assert_eq!(code, 0, "{stderr}");
    for part in ["SG__ACCESS_TOKEN", "/api/v2/x", "as curl", r#"{"a":1}"#] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    assert!(
        !stdout.contains("93kd93kd") && !stdout.contains("9f8e7d6c"),
        "{stdout}"
    );
    let (stdout, stderr, code) = call(
        &folder,
        &[
            "none",
            "GET",
            "/a",
            "x=={{ oops }}",
            "--env",
            "local",
            "--explain",
        ],
    );
    assert_eq!((stdout.as_str(), code), ("", 2), "{stderr}");
    assert_eq!(server.seen(), 0);
}
