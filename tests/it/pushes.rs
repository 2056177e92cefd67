//! `ingam listen`: pushes that an independent program signed are accepted and passed on as they
//! came; wrong ones are refused, with the mistake, and reach nobody.

use super::program::{Folder, ingam, root, text};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

/// A listener that is running.
pub(crate) struct Listener {
    child: Child,
    /// Its end stops the listener.
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    pub(crate) address: String,
}

impl Listener {
    pub(crate) fn start(folder: &Folder, args: &[&str]) -> Self {
        let mut child = ingam(folder.path())
            .args(["listen", "--json", "--until-eof"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let first: Value = serde_json::from_str(&lines.recv().unwrap()).unwrap();
        assert_eq!(first["event"], "listening");
        let address = first["address"].as_str().unwrap();
        let address = address.strip_prefix("http://").unwrap().to_owned();
        Self {
            child,
            input,
            lines,
            address,
        }
    }

    /// The next push that it shows.
    pub(crate) fn next(&self) -> Value {
        serde_json::from_str(&self.lines.recv().unwrap()).unwrap()
    }

    pub(crate) fn end(mut self) -> i32 {
        drop(self.input.take());
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It has ended if the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A free port, so that the address is known before the listener starts.
pub(crate) fn free_port() -> u16 {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    taken.local_addr().unwrap().port()
}

/// Sends bytes, and returns the whole answer.
pub(crate) fn exchange(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// A program that gets pushes: it hands on what it got, and answers 202 with a header and a body.
pub(crate) fn application() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, got) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            serve(stream.unwrap(), &sender);
        }
    });
    (address, got)
}

fn serve(mut stream: TcpStream, got: &Sender<String>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                break;
            }
        }
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            read => bytes.extend_from_slice(&buffer[..read]),
        }
    }
    let _ = got.send(String::from_utf8(bytes).unwrap());
    stream
        .write_all(b"HTTP/1.1 202 Accepted\r\nX-App: yes\r\ncontent-length: 2\r\n\r\nok")
        .unwrap();
}

/// A push of `tests/pushes/signers.py`.
#[derive(Clone)]
struct Push {
    scheme: String,
    webhook: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Push {
    fn bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {host}\r\n",
            self.method, self.target
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = self.body.len();
        head.push_str(&format!(
            "Content-Length: {length}\r\nConnection: close\r\n\r\n"
        ));
        [head.as_bytes(), self.body.as_bytes()].concat()
    }
}

fn python_pushes(url: &str) -> Option<Vec<Push>> {
    let run = Command::new("python3")
        .arg(root().join("tests/pushes/signers.py"))
        .arg(url)
        .output();
    let output = match run {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: python3 is not installed");
            return None;
        }
        other => other.unwrap(),
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let push = |line: &str| {
        let json: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        let headers = json["headers"].as_object().unwrap().iter();
        Push {
            scheme: text("scheme"),
            webhook: text("webhook"),
            method: text("method"),
            target: text("target"),
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            body: text("body"),
        }
    };
    Some(text.lines().map(push).collect())
}

fn open(push: &Push, url: &str, port: u16, forward: &str) -> (Folder, Listener) {
    let folder = Folder::new();
    folder.write("ingam.yaml", "default_env: sandbox\n");
    let port = port.to_string();
    let args = [
        &push.scheme,
        "--url",
        url,
        "--port",
        &port,
        "--forward",
        forward,
    ];
    let listener = Listener::start(&folder, &args);
    (folder, listener)
}

#[test]
fn pushes_of_an_independent_signer_are_accepted_and_passed_on_as_they_came() {
    let (app, got) = application();
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/push");
    let Some(pushes) = python_pushes(&url) else {
        return;
    };
    let mut schemes: Vec<&str> = Vec::new();
    for push in &pushes {
        let (_folder, listener) = open(push, &url, port, &app);
        let answer = exchange(&listener.address, &push.bytes("my.app"));
        let line = listener.next();
        let about = format!("{}/{}: {line}", push.scheme, push.webhook);
        assert_eq!(line["verdict"], "accepted", "{about}");
        assert_eq!(line["webhook"], push.webhook.as_str(), "{about}");
        assert_eq!(status(&answer), 202, "{answer}");
        assert!(
            answer.contains("X-App: yes\r\n") && answer.ends_with("\r\n\r\nok"),
            "{answer}"
        );
        // Byte for byte, but for the header of the connection.
        let sent = String::from_utf8(push.bytes("my.app")).unwrap();
        assert_eq!(
            got.recv().unwrap(),
            sent.replace("Connection: close\r\n", "")
        );
        assert_eq!(listener.end(), 0);
        schemes.push(&push.scheme);
    }
    schemes.dedup();
    let folder = root().join("src/schemes");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let with_webhooks = files.filter(|path| {
        std::fs::read_to_string(path).is_ok_and(|text| text.contains("\nwebhooks:\n"))
    });
    assert_eq!(
        schemes.len(),
        with_webhooks.count(),
        "a scheme has no signer: {schemes:?}"
    );
}

/// What is wrong with a push, and the codes of which one must be named; none where nobody can know.
type Change = (&'static str, fn(&mut Push), &'static [&'static str]);

#[test]
fn a_wrong_push_is_refused_and_reaches_nobody() {
    let changes: &[Change] = &[
        (
            "body changed",
            |push| push.body = push.body.replace("123", "124"),
            &[],
        ),
        (
            "body sent in another way",
            |push| {
                push.body = push.body.replace(": ", ":").replace(", ", ",");
            },
            &["B6"],
        ),
        (
            "signature changed",
            |push| {
                for (name, value) in &mut push.headers {
                    if name.to_lowercase().contains("auth")
                        || name.contains("Hmac")
                        || name.contains("sign")
                    {
                        // In the middle of the first signature that stands there.
                        let at = value.len() / 4;
                        let other = if value[at..].starts_with('A') {
                            "B"
                        } else {
                            "A"
                        };
                        value.replace_range(at..=at, other);
                    }
                }
                push.target = push
                    .target
                    .replace("sign", "sing")
                    .replace("hmac=", "hamc=");
            },
            &[],
        ),
        (
            "signature missing",
            |push| {
                push.headers.clear();
                push.target = "/push".to_owned();
            },
            &[],
        ),
    ];
    let (app, got) = application();
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/push");
    let Some(pushes) = python_pushes(&url) else {
        return;
    };
    for push in &pushes {
        let (_folder, listener) = open(push, &url, port, &app);
        for (what, change, codes) in changes {
            let mut wrong = push.clone();
            change(&mut wrong);
            if wrong.bytes("a") == push.bytes("a")
                || !is_signed_over_body(push) && what.starts_with("body")
            {
                continue;
            }
            let answer = exchange(&listener.address, &wrong.bytes("my.app"));
            let line = listener.next();
            let about = format!("{} {what}: {line}", push.scheme);
            assert_eq!(status(&answer), 401, "{about}");
            assert!(answer.ends_with("the push is refused\n"), "{answer}");
            assert_eq!(line["verdict"], "refused", "{about}");
            let found = line["findings"].as_array().unwrap().iter();
            let found: Vec<&str> = found.filter_map(|one| one["code"].as_str()).collect();
            assert!(
                codes.is_empty() || codes.iter().any(|code| found.contains(code)),
                "{about}"
            );
            assert!(!line.to_string().contains("no-secret"), "{about}");
        }
        assert!(
            got.try_recv().is_err(),
            "{} passed a wrong push on",
            push.scheme
        );
        assert_eq!(listener.end(), 0);
    }
}

fn is_signed_over_body(push: &Push) -> bool {
    let free = ["flipkart", "wechat-channels"];
    !push.body.is_empty() && !free.contains(&push.scheme.as_str())
}

/// What a user set up wrongly, and whether the line of the push says that it is the address.
#[test]
fn the_mistake_in_the_setup_is_named() {
    let good = "https://my.app/push";
    let Some(pushes) = python_pushes(good) else {
        return;
    };
    let shopee = pushes.iter().find(|push| push.scheme == "shopee").unwrap();
    for (url, env, says) in [
        (good, "sandbox", ""),
        ("https://my.app/push/", "sandbox", "`--url`"),
        ("http://my.app/push", "sandbox", "`--url`"),
        ("https://my.app:8443/push", "sandbox", "`--url`"),
        ("https://my.app/hooks", "sandbox", "`--url`"),
        ("https://other.app/push", "sandbox", "`--url`"),
        (good, "live", "`--env`"),
    ] {
        let folder = Folder::new();
        folder.write("ingam.yaml", "default_env: sandbox\n");
        let key = "4c1f0d9a77e25b6630aa91c8d2f4e6b1";
        folder.write(".env", &format!("INGAM_SHOPEE__PARTNER_KEY={key}\n"));
        let listener = Listener::start(
            &folder,
            &["shopee", "--port", "0", "--url", url, "--env", env],
        );
        let answer = exchange(&listener.address, &shopee.bytes("my.app"));
        let line = listener.next();
        assert_eq!(
            status(&answer),
            if says.is_empty() { 200 } else { 401 },
            "{url}: {line}"
        );
        let findings = line["findings"].to_string();
        assert!(findings.contains(says), "{url}: {line}");
        assert!(!line.to_string().contains(key), "{line}");
        assert_eq!(listener.end(), 0);
    }
}

/// The commands of the page exist, and it names every scheme that has webhooks.
#[test]
fn the_page_about_pushes_says_what_there_is() {
    let page = std::fs::read_to_string(root().join("docs/how-to/pushes.md")).unwrap();
    let help_of = |command: &str| {
        let help = ingam(root()).args([command, "--help"]).output().unwrap();
        text(&help).0
    };
    let (help, sandbox) = (help_of("listen"), help_of("sandbox"));
    for flag in help
        .split_whitespace()
        .filter(|word| word.starts_with("--"))
    {
        let flag = flag.trim_end_matches(['.', ',', '`']);
        let is_global = ["--root", "--plain-store", "--color", "--help"].contains(&flag);
        assert!(
            is_global || page.contains(flag),
            "docs/how-to/pushes.md has no `{flag}`"
        );
    }
    let words = page.split(|char: char| !char.is_ascii_lowercase() && char != '-');
    let is_flag =
        |word: &&str| word.starts_with("--") && word.len() > 3 && !word.starts_with("---");
    for flag in words.filter(is_flag) {
        let is_there = help.contains(flag) || sandbox.contains(flag);
        assert!(is_there, "there is no `{flag}`");
    }
    let files = std::fs::read_dir(root().join("src/schemes")).unwrap();
    for path in files.map(|file| file.unwrap().path()) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let name = path.file_stem().unwrap().to_str().unwrap();
        if text.contains("\nwebhooks:\n") {
            assert!(
                page.contains(&format!("`{name}`")),
                "docs/how-to/pushes.md has no `{name}`"
            );
        }
    }
}

/// Command lines that cannot work, each refused before anything listens, with what to do.
#[test]
fn a_wrong_command_line_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let url = "https://my.app/push";
    let flag = |flag: &'static str, value: &'static str| vec!["shopee", "--url", url, flag, value];
    let own = |url: &'static str| vec!["shopee", "--url", url];
    let on_port = vec!["shopee", "--url", url, "--port", &port];
    for (args, code, says) in [
        (vec!["shopee"], 2, "--url <URL>"),
        (vec!["shope", "--url", url], 2, "did you mean `shopee`?"),
        (
            vec!["coupang", "--url", url],
            2,
            "these schemes have webhooks: `bigcommerce`",
        ),
        (
            vec!["own-mall", "--url", url],
            2,
            "add `webhooks` to its file",
        ),
        (
            flag("--webhook", "order"),
            2,
            "has no webhook `order`\nhelp: it has `push`",
        ),
        (own("my.app/push"), 2, "such as https://my.app/push"),
        (own("/push"), 2, "such as https://my.app/push"),
        (own("ftp://my.app/push"), 2, "is neither `http` nor `https`"),
        (
            own("https://user:pw123@my.app/push"),
            2,
            "remove the user and the password",
        ),
        (
            own("https://my.app/push#x"),
            2,
            "remove the part that begins with `#`",
        ),
        (own("https://my.app/pu sh"), 2, "percent-encode spaces"),
        (
            own("https://my.app:443/push"),
            2,
            "`https://my.app/push`: write the latter",
        ),
        (flag("--port", "70000"), 2, "70000 is not in 0..=65535"),
        (flag("--bind", "here"), 2, "is not an IP address"),
        (
            flag("--bind", "192.0.2.1"),
            5,
            "pass an address of this machine with `--bind`",
        ),
        (
            flag("--forward", "https://127.0.0.1:3000"),
            2,
            "such as http://127.0.0.1:3000",
        ),
        (
            flag("--forward", "localhost:3000"),
            2,
            "pass the address of your program",
        ),
        (
            flag("--forward", "http://127.0.0.1:3000/?a=1"),
            2,
            "remove the query",
        ),
        (
            flag("--forward", "http://u:pw123@127.0.0.1:3000"),
            2,
            "remove the user and the password",
        ),
        (flag("--env", "liev"), 2, "did you mean `live`?"),
        (
            flag("--account", "sg"),
            2,
            "has no account `sg` in environment `sandbox`",
        ),
        (flag("--env", "live"), 6, "INGAM_SHOPEE__PARTNER_KEY"),
        (
            vec!["bigcommerce", "--url", url, "--env", "live"],
            6,
            "INGAM_BIGCOMMERCE__CLIENT_SECRET",
        ),
        (on_port, 5, "another program uses this port"),
    ] {
        let folder = Folder::new();
        folder.write("ingam.yaml", "default_env: sandbox\n");
        folder.write(
            "schemes/own-mall.yaml",
            "scheme: own-mall\nhosts: { live: \"https://api.own-mall.example\" }\n",
        );
        let mut command = ingam(folder.path());
        command.arg("listen").args(&args);
        // Whatever would start, ends at once: standard input is empty.
        let run = command.arg("--until-eof").output().unwrap();
        let (_, said, ended) = text(&run);
        assert_eq!(ended, code, "{args:?}: {said}");
        assert!(
            said.contains(says) && !said.contains("pw123"),
            "{args:?}: {said}"
        );
    }
}

#[test]
fn a_push_that_cannot_be_read_or_delivered_is_answered_and_shown() {
    let folder = Folder::new();
    folder.write("ingam.yaml", "default_env: sandbox\n");
    let closed = format!("http://127.0.0.1:{}", free_port());
    let url = "http://127.0.0.1/push";
    let Some(pushes) = python_pushes(url) else {
        return;
    };
    let args = ["shopify", "--url", url, "--port", "0", "--forward", &closed];
    let listener = Listener::start(&folder, &args);
    let right = pushes.iter().find(|push| push.scheme == "shopify").unwrap();
    let answer = exchange(&listener.address, &right.bytes("my.app"));
    assert_eq!(status(&answer), 502);
    assert_eq!(listener.next()["verdict"], "undelivered");

    let head = "POST /push HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let large = format!("{head}Content-Length: {}\r\n\r\n", 5 << 20);
    let mut bytes = large.into_bytes();
    bytes.resize(bytes.len() + (4 << 20) + 1, b'x');
    for (bytes, wanted, reason) in [
        (bytes, 413, "its body is larger than 4 MiB"),
        (
            format!("{head}X-A: \u{1b}[2J\r\nContent-Length: 0\r\n\r\n").into_bytes(),
            400,
            "",
        ),
        (
            [head.as_bytes(), b"X-A: \xff\r\nContent-Length: 0\r\n\r\n"].concat(),
            400,
            "its header `x-a` is not UTF-8",
        ),
        (
            b"BREW /push HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_vec(),
            405,
            "its method is not an HTTP method",
        ),
    ] {
        let answer = exchange(&listener.address, &bytes);
        assert_eq!(status(&answer), wanted, "{answer}");
        // What is no HTTP at all is answered by the server, and is no push.
        if !reason.is_empty() {
            let line = listener.next();
            assert_eq!(
                (&line["verdict"], &line["reason"]),
                (&"refused".into(), &reason.into())
            );
        }
    }
    assert_eq!(listener.end(), 0);
}
