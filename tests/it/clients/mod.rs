//! Client libraries of other people, unchanged but for the base URL, against `ingam sandbox`: what
//! the marketplace accepts is accepted, and what it refuses is refused.
//!
//! `tests/clients/expected.txt` lists the libraries, their calls and who is right where the
//! sandbox and a library disagree. `tests/clients/install.sh` installs them below
//! `target/clients`. CI runs those that are marked `ci`, and `INGAM_MEASURE=1` all of them.

mod relay;

use super::program::{Folder, ingam, root};
use relay::{Arrival, Relay};
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A library and what is expected of it.
struct Library {
    name: String,
    language: String,
    scheme: String,
    is_in_ci: bool,
    calls: Vec<ExpectedCall>,
}

struct ExpectedCall {
    name: String,
    verdict: Verdict,
}

/// What the marketplace decides. A refusal is told by a text that it contains.
enum Verdict {
    Accepted,
    Refused(String),
    /// Refused at first, and accepted after the library has renewed its token.
    Renewed(String),
    /// The marketplace accepts it, and the sandbox does not yet.
    Gap,
}

/// `library NAME LANGUAGE SCHEME [ci]`, and below it `accept CALL`, `refuse CALL: TEXT`,
/// `renew CALL: TEXT` or `gap CALL`.
fn libraries() -> Vec<Library> {
    let text = std::fs::read_to_string(root().join("tests/clients/expected.txt")).unwrap();
    let mut libraries: Vec<Library> = Vec::new();
    for line in text.lines() {
        let line = line.split(" #").next().unwrap().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(library) = line.strip_prefix("library ") {
            libraries.push(library_of(library));
        } else {
            libraries.last_mut().unwrap().calls.push(call_of(line));
        }
    }
    libraries
}

fn library_of(line: &str) -> Library {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, language, scheme, mark @ ..] = words.as_slice() else {
        panic!("expected.txt: {line}")
    };
    Library {
        name: (*name).to_owned(),
        language: (*language).to_owned(),
        scheme: (*scheme).to_owned(),
        is_in_ci: match mark {
            ["ci"] => true,
            [] => false,
            _ => panic!("expected.txt: {line}"),
        },
        calls: Vec::new(),
    }
}

fn call_of(line: &str) -> ExpectedCall {
    let (verdict, rest) = line.split_once(' ').unwrap();
    let (name, verdict) = match (verdict, rest.split_once(": ")) {
        ("accept", None) => (rest, Verdict::Accepted),
        ("gap", None) => (rest, Verdict::Gap),
        ("refuse", Some((name, text))) => (name, Verdict::Refused(text.to_owned())),
        ("renew", Some((name, text))) => (name, Verdict::Renewed(text.to_owned())),
        _ => panic!("expected.txt: {line}"),
    };
    let name = name.to_owned();
    ExpectedCall { name, verdict }
}

/// `target/clients`, or where `INGAM_TEST_CLIENTS` says.
fn installed() -> PathBuf {
    std::env::var_os("INGAM_TEST_CLIENTS")
        .map_or_else(|| root().join("target/clients"), PathBuf::from)
}

struct Sandbox {
    process: Child,
    /// Scheme → base URL and the variables of its test keys.
    markets: HashMap<String, (String, Vec<(String, String)>)>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Sandbox {
    /// The sandbox of a workspace in which nothing is recorded, so that every call which is accepted
    /// is answered by the sandbox itself.
    fn start(folder: &Folder) -> Self {
        folder.write("ingam.yaml", "default_env: sandbox\n");
        // One pipe for both: the last line, which says that it listens, is a message.
        let (reader, writer) = std::io::pipe().unwrap();
        let process = ingam(folder.path())
            .args(["sandbox", "--port", "0"])
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(reader).lines();
        let mut markets = HashMap::new();
        let mut scheme = String::new();
        while let Some(Ok(line)) = lines.next() {
            if line.starts_with("listening") {
                break;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [name, url] if url.starts_with("http://") => {
                    scheme = (*name).to_owned();
                    markets.insert(scheme.clone(), ((*url).to_owned(), Vec::new()));
                }
                [variable] if variable.starts_with("INGAM_") => {
                    let (name, value) = variable.split_once('=').unwrap();
                    let value = value.trim_matches('\'').to_owned();
                    let (_, keys) = markets.get_mut(&scheme).unwrap();
                    keys.push((name.to_owned(), value));
                }
                _ => {}
            }
        }
        std::thread::spawn(move || lines.count());
        Self { process, markets }
    }
}

/// What a library called, the version that did, and what it wrote.
struct Measured {
    version: String,
    arrivals: Vec<Arrival>,
    output: String,
}

/// Runs the driver of one library. `None` if the library is not installed.
fn run(library: &Library, sandbox: &Sandbox) -> Option<Measured> {
    let (url, keys) = sandbox
        .markets
        .get(&library.scheme)
        .unwrap_or_else(|| panic!("the sandbox has no `{}`", library.scheme));
    let (_, after) = url.split_once("://").unwrap();
    let path = after.find('/').map_or("", |at| &after[at..]);
    let relay = Relay::start(url.strip_suffix(path).unwrap());
    let output = driver(&library.language)
        .arg(&library.name)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        // Some libraries write logs and tokens into the home of the user.
        .env("HOME", installed().join("home"))
        .env("CLIENT_ORIGIN", &relay.origin)
        .env("CLIENT_BASE", format!("{}{path}", relay.origin))
        .env("INGAM_TEST_CLIENTS", installed())
        .envs(keys.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        // There is no such Python, or no Node.
        return None;
    };
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if stdout.contains("not installed") {
        return None;
    }
    let version = stdout
        .lines()
        .find_map(|line| line.strip_prefix("version "));
    assert!(
        output.status.success(),
        "{}: {stdout}{stderr}",
        library.name
    );
    Some(Measured {
        version: version.unwrap().to_owned(),
        arrivals: relay.arrivals(),
        output: stdout.clone() + &stderr,
    })
}

fn driver(language: &str) -> Command {
    let (program, script) = match language {
        "python" => (installed().join("venv/bin/python"), "driver.py"),
        "node" => (PathBuf::from("node"), "driver.js"),
        _ => panic!("no driver for {language}"),
    };
    let mut command = Command::new(program);
    command.arg(root().join("tests/clients").join(language).join(script));
    command
}

/// What differs from what is expected, one line each.
fn differences(library: &Library, measured: &Measured) -> Vec<String> {
    let mut found = Vec::new();
    for call in &library.calls {
        let arrivals = measured.arrivals.iter();
        let arrivals: Vec<&Arrival> = arrivals
            .filter(|arrival| arrival.call == call.name)
            .collect();
        if let Some(why) = difference(&call.verdict, &arrivals) {
            found.push(format!("{}: {why}", call.name));
        }
    }
    let unknown = measured
        .arrivals
        .iter()
        .filter(|arrival| library.calls.iter().all(|call| call.name != arrival.call));
    found.extend(
        unknown
            .map(|arrival| format!("{}: not in expected.txt: {}", arrival.call, arrival.request)),
    );
    found
}

/// A library may ask for a token first, or try again: the last request decides, and of a call that
/// is accepted every request is.
fn difference(verdict: &Verdict, arrivals: &[&Arrival]) -> Option<String> {
    let Some(last) = arrivals.last() else {
        return Some("nothing arrived".to_owned());
    };
    let is_refused = |arrival: &Arrival, text: &str| {
        let refusal = arrival.refusal.as_deref();
        refusal.is_some_and(|refusal| refusal.contains(text))
    };
    match verdict {
        Verdict::Accepted => {
            let refused = arrivals.iter().find(|arrival| arrival.refusal.is_some())?;
            Some(format!("must be accepted: {refused:?}"))
        }
        Verdict::Refused(text) => {
            (!is_refused(last, text)).then(|| format!("must be refused with `{text}`: {last:?}"))
        }
        Verdict::Renewed(text) => {
            let was_refused = arrivals.iter().any(|arrival| is_refused(arrival, text));
            let is_renewed = was_refused && last.refusal.is_none();
            (!is_renewed).then(|| {
                format!("must be refused with `{text}`, renewed and accepted: {arrivals:?}")
            })
        }
        Verdict::Gap => last
            .refusal
            .is_none()
            .then(|| "is accepted: it is no longer a gap".to_owned()),
    }
}

/// How many calls were made, accepted and refused, and which gaps are left.
fn counts(library: &Library, measured: &Measured) -> String {
    let is_refused = |call: &&ExpectedCall| {
        let mut arrivals = measured.arrivals.iter().rev();
        let last = arrivals.find(|arrival| arrival.call == call.name);
        last.is_some_and(|last| last.refusal.is_some())
    };
    let refused = library.calls.iter().filter(is_refused).count();
    let gaps: Vec<String> = library
        .calls
        .iter()
        .filter(|call| matches!(call.verdict, Verdict::Gap))
        .map(|call| format!(", wrongly {}", call.name))
        .collect();
    let calls = library.calls.len();
    let accepted = calls - refused;
    let gaps = gaps.concat();
    format!("{calls} calls, {accepted} accepted, {refused} refused{gaps}")
}

#[test]
fn client_libraries_are_accepted_where_the_marketplace_accepts_them() {
    let is_whole = std::env::var_os("INGAM_MEASURE").is_some();
    let must_run = is_whole || std::env::var_os("CI").is_some();
    let folder = Folder::new();
    let sandbox = Sandbox::start(&folder);
    let (mut found, mut ran, mut skipped) = (Vec::new(), 0, Vec::new());
    for library in libraries() {
        if !installed().exists() || !(is_whole || library.is_in_ci) {
            skipped.push(library.name);
            continue;
        }
        let Some(measured) = run(&library, &sandbox) else {
            assert!(
                !must_run,
                "{} is not installed: tests/clients/install.sh",
                library.name
            );
            skipped.push(library.name);
            continue;
        };
        ran += 1;
        eprintln!(
            "{} {} | {} | {}",
            library.name,
            measured.version,
            library.scheme,
            counts(&library, &measured)
        );
        let differs = differences(&library, &measured);
        if !differs.is_empty() {
            found.push(format!(
                "{}\n  {}\n{}",
                library.name,
                differs.join("\n  "),
                measured.output
            ));
        }
    }
    if !skipped.is_empty() {
        eprintln!(
            "skipped, as not installed or not part of this run: {}",
            skipped.join(", ")
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(!must_run || ran >= 6, "only {ran} libraries ran");
}
