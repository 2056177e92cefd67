//! What `redact` names is in no output: neither in its own place, nor where the marketplace repeats
//! it, nor where a later request sends it, in no encoding and in no form of a body.

use super::program::Folder;
use super::recordings::{Answer, Server, files, run, workspace};
use super::secrets::forms;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

const NAME: &str = "홍길동이";
const PHONE: &str = "010-4321-8765";
const MAIL: &str = "kim.canary@example.kr";
/// Shorter than what is searched for everywhere: hidden where a rule names it.
const SHORT: &str = "Kéa";
const CANARIES: [&str; 3] = [NAME, PHONE, MAIL];
const FORMATS: [&str; 7] = ["junit", "json", "ndjson", "ctrf", "tap", "github", "html"];

/// Every form of every canary that an output could hold.
fn canary_forms() -> Vec<String> {
    let mut all: Vec<String> = CANARIES.iter().flat_map(|canary| forms(canary)).collect();
    // Python writes everything outside ASCII as an escape.
    let escaped = |text: &str| -> String {
        text.encode_utf16()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect()
    };
    let entities = |text: &str| -> String {
        text.chars()
            .map(|letter| format!("&#{};", u32::from(letter)))
            .collect()
    };
    all.extend([escaped(NAME), entities(NAME), PHONE.replace('-', "")]);

    all.extend([SHORT.to_owned(), "K%C3%A9a".to_owned()]);
    // Reversed and in hex nobody sends a name; only secrets are searched for in those.
    all.retain(|form| {
        CANARIES.iter().all(|canary| {
            let reversed: String = canary.chars().rev().collect();
            *form != reversed && !form.eq_ignore_ascii_case(&hex::encode(canary))
        })
    });
    all
}

fn assert_clean(what: &str, text: &str) {
    for form in canary_forms() {
        assert!(!text.contains(&form), "{what} holds {form}:\n{text}");
    }
}

/// The canaries in every form that a body has.
fn answer(target: &str) -> Answer {
    let order = serde_json::json!({
        "buyer": { "name": NAME, "phone": PHONE, "mail": MAIL, "city": SHORT, "floor": 12.75 },
    });
    let ascii: String = order
        .to_string()
        .chars()
        .map(|letter| match letter {
            letter if letter.is_ascii() => letter.to_string(),
            letter => format!("\\u{:04x}", u32::from(letter)),
        })
        .collect();
    let percent = &forms(NAME)[1];
    let (kind, body) = match target.split('?').next().unwrap() {
        "/order" => (
            "application/json",
            serde_json::json!({ "order": order, "note": format!("call {NAME} at {PHONE}"), "status": "OPEN",
                "link": format!("https://shop.example/o?who={percent}&tel={PHONE}"), "as_text": order.to_string(),
                "twice": serde_json::json!({ "inner": ascii }).to_string(), "encoded": BASE64_STANDARD.encode(order.to_string()) })
            .to_string()
            .into_bytes(),
        ),
        // As Python writes it: it is recorded as text.
        "/blanks" => (
            "application/json",
            format!("{{\"order\": {ascii}, \"html\": \"<b>{NAME}</b>\",  \"status\": \"OPEN\"}}\n")
                .into_bytes(),
        ),
        "/lines" => (
            "application/x-ndjson",
            format!("{{\"id\":1}}\n{order}\n").into_bytes(),
        ),
        "/events" => (
            "text/event-stream",
            format!("event: order\ndata: {order}\n\n").into_bytes(),
        ),
        "/form" => (
            "application/x-www-form-urlencoded",
            format!("name={percent}&phone={PHONE}&mail=kim.canary%40example.kr&city=K%C3%A9a&ok=1")
                .into_bytes(),
        ),
        "/broken" => (
            "application/json",
            format!("{{\"buyer\": {{\"name\": \"{NAME}\", \"city\": \"{SHORT}\"").into_bytes(),
        ),
        "/page" => (
            "text/html",
            format!("<p title=\"{PHONE}\">{NAME}</p>\n{order}\n").into_bytes(),
        ),
        "/packed" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(order.to_string().as_bytes()).unwrap();
            ("application/octet-stream", encoder.finish().unwrap())
        }
        _ => ("application/json", b"{\"done\":true}".to_vec()),
    };
    let headers = vec![
        ("content-type".to_owned(), kind.to_owned()),
        ("x-buyer".to_owned(), SHORT.to_owned()),
        ("location".to_owned(), format!("/next?who={percent}")),
    ];
    (200, headers, body)
}

const RULES: &str = "redact: [\"$..buyer\", \"$['name', 'phone', 'mail', 'city']\", { header: x-buyer }, { pattern: \"[a-z.]+@[a-z.]+\" }]\n";

/// A request for each form of a body, and a flow that sends on what it was given. `check` is what
/// each expects.
fn write_requests(folder: &Folder, check: &str) {
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    if !yaml.contains("redact:") {
        folder.write("ingam.yaml", &format!("{yaml}{RULES}"));
    }
    for name in [
        "order", "blanks", "lines", "events", "form", "broken", "page", "packed",
    ] {
        folder.write(
            &format!("requests/{name}.yaml"),
            &format!("scheme: none\nget: /{name}\n{check}"),
        );
    }
    folder.write(
        "requests/flow.yaml",
        &format!(
            "scheme: none\nsteps:\n  - name: look\n    get: /order\n    capture: {{ name: $.order.buyer.name, phone: $.order.buyer.phone, city: $.order.buyer.city }}\n  - name: send\n    post: \"/ship/{{{{ phone }}}}\"\n    query: {{ who: \"{{{{ name }}}}\", city: \"{{{{ city }}}}\" }}\n    headers: {{ x-phone: \"{{{{ phone }}}}\" }}\n    json: {{ to: \"{{{{ name }}}}\", list: [\"{{{{ phone }}}}\", \"{{{{ city }}}}\"] }}\n    {}\n",
            check.trim_end().replace('\n', "\n    ")
        ),
    );
}

const FAILING: &str = "assert:\n  status: 299\n  body: { length: 1 }\n  header.x-buyer: other\n  $.order.buyer.name: other\n  $.order.buyer: { equals: { name: other } }\n  $.order.buyer.city: { matches: \"^x\" }\n  $.note: { contains: nobody }\n  $: { equals: {} }\n";

fn report_args() -> Vec<String> {
    FORMATS
        .iter()
        .map(|format| format!("--report={format}=out/{format}"))
        .collect()
}

#[test]
fn what_is_personal_is_in_no_output_of_a_run() {
    let server = Server::start(|arrived| answer(&arrived.target));
    for check in [FAILING, "assert: { status: 200 }\n"] {
        let folder = workspace(&server);
        write_requests(&folder, check);
        let reports = report_args();
        let mut args = vec!["run", "--env", "local", "-v"];
        args.extend(reports.iter().map(String::as_str));
        let (output, _) = run(&folder, &args);
        assert!(output.contains("redacted-"), "{output}");
        assert_clean("the terminal", &output);
        for format in FORMATS {
            let path = folder.path().join("out").join(format);
            let text = std::fs::read_to_string(path).unwrap();
            // Annotations are of what fails.
            let has_nothing = format == "github" && check != FAILING;
            assert!(has_nothing || text.contains("flow"), "{format}: {text}");
            assert_clean(format, &text);
        }
    }
}

#[test]
fn what_is_personal_is_in_no_recording_and_no_comparison_with_one() {
    let server = Server::start(|arrived| answer(&arrived.target));
    let folder = workspace(&server);
    write_requests(&folder, "assert: { status: 200 }\n");
    let (output, _) = run(&folder, &["run", "--env", "local", "--record"]);
    assert_clean("the terminal", &output);
    let written = files(&folder.path().join("fixtures"));
    assert!(written.len() >= 6, "{written:?}\n{output}");
    for (path, bytes) in written {
        let text = String::from_utf8_lossy(&bytes);
        assert_clean(&path.display().to_string(), &text);
    }
    for name in ["broken", "packed"] {
        let path = format!("fixtures/recordings/{name}.yaml");
        assert!(!folder.path().join(&path).exists(), "{path}");
    }
    let (output, code) = run(&folder, &["recording", "redact", "--list"]);
    assert_eq!((output.trim(), code), ("nothing to redact", 0));
    // What was sent on is matched by its pseudonym.
    let (output, code) = run(&folder, &["run", "flow", "--replay", "-v"]);
    assert_eq!(code, 0, "{output}");
    assert_clean("the replay", &output);
    // A marketplace that answers something else now.
    let other = Server::start(|arrived| {
        let (status, headers, body) = answer(&arrived.target);
        let text = String::from_utf8_lossy(&body).replace("OPEN", "SHUT");
        (status, headers, text.into_bytes())
    });
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    folder.write("ingam.yaml", &yaml.replace(&server.origin, &other.origin));
    let (output, code) = run(&folder, &["run", "--env", "local", "--diff"]);
    assert!(code == 1 && output.contains("SHUT"), "{output}");
    assert_clean("the comparison", &output);
}

/// A replay holds pseudonyms already: they stay, so that its report can be read beside the
/// recording.
#[test]
fn a_pseudonym_is_the_same_in_recording_report_and_replay() {
    let server = Server::start(|arrived| answer(&arrived.target));
    let folder = workspace(&server);
    write_requests(&folder, "snapshot: true\n");
    folder.write(
        "requests/order.yaml",
        "scheme: none\nget: /order\nsnapshot: true\n",
    );
    let live = [
        "run",
        "order",
        "--env",
        "local",
        "--record",
        "--report=json=out/live",
    ];
    run(&folder, &live);
    run(&folder, &["snapshot", "accept"]);
    let (output, code) = run(
        &folder,
        &["run", "order", "--replay", "--report=json=out/replay"],
    );
    assert_eq!(code, 0, "the snapshot of the replay differs: {output}");
    let pseudonyms = |path: &str| -> Vec<String> {
        let text = std::fs::read_to_string(folder.path().join(path)).unwrap();
        let at = text.find("\\\"buyer\\\"").or(text.find("buyer:")).unwrap();
        let pattern = regex::Regex::new("redacted-[0-9]+|9000000[0-9]+").unwrap();
        let found = pattern.find_iter(&text[at..]).take(4);
        found.map(|found| found.as_str().to_owned()).collect()
    };
    let recorded = pseudonyms("fixtures/recordings/order.yaml");
    assert_eq!(recorded.len(), 4);
    assert_eq!(pseudonyms("out/live"), recorded);
    assert_eq!(pseudonyms("out/replay"), recorded);
    let snapshot = files(&folder.path().join("requests"));
    for (path, bytes) in snapshot {
        assert_clean(
            &path.display().to_string(),
            &String::from_utf8_lossy(&bytes),
        );
    }
}

/// `--show-personal` is for eyes at a terminal: files hold pseudonyms all the same.
#[cfg(unix)]
#[test]
fn a_person_at_a_terminal_sees_personal_data_if_asked_for_and_no_file_holds_it() {
    let server = Server::start(|arrived| answer(&arrived.target));
    let folder = workspace(&server);
    write_requests(&folder, FAILING);
    let reports = report_args();
    let mut args = vec!["run", "order", "--env", "local", "-v", "--show-personal"];
    args.extend(reports.iter().map(String::as_str));
    let (seen, code) = super::program::at_a_terminal(&folder, &args, &[]);
    assert_eq!(code, 1, "{seen}");
    for canary in [NAME, PHONE, MAIL, SHORT] {
        assert!(seen.contains(canary), "{canary} is not shown: {seen}");
    }
    for format in FORMATS {
        let path = folder.path().join("out").join(format);
        assert_clean(format, &std::fs::read_to_string(path).unwrap());
    }
    let (seen, code) = super::program::at_a_terminal(&folder, &args, &[("CI", "true")]);
    assert!(code == 2 && seen.contains("not available in CI"), "{seen}");
    let (output, code) = run(&folder, &args);
    assert!(
        code == 2 && output.contains("`--show-personal` needs a terminal"),
        "{output}"
    );
    assert_clean("a refusal", &output);
}

/// The check that users put into CI, on this repository itself.
#[test]
fn the_recordings_of_this_repository_hold_nothing_to_hide() {
    let output = super::program::ingam(super::program::root())
        .args(["recording", "redact", "--list"])
        .output()
        .unwrap();
    let (stdout, stderr, code) = super::program::text(&output);
    assert_eq!(
        (stdout.as_str(), stderr.trim(), code),
        ("", "nothing to redact", 0)
    );
}

/// A body in a file of its own is redacted with its recording, and the file that held it is gone,
/// also if two recordings shared it.
#[test]
fn a_rule_that_comes_later_reaches_bodies_as_text_and_in_their_own_files() {
    let server = Server::start(|arrived| {
        let (status, headers, body) = answer("/blanks");
        if arrived.target == "/blanks" {
            return (status, headers, body);
        }
        let padding = format!("{{\"pad\":\"{}\"}}\n", "x".repeat(70_000));
        (
            status,
            vec![("content-type".to_owned(), "application/x-ndjson".to_owned())],
            [padding.into_bytes(), answer("/lines").2].concat(),
        )
    });
    let folder = workspace(&server);
    for name in ["blanks", "big", "big_too"] {
        let path = if name == "blanks" { "blanks" } else { "big" };
        folder.write(
            &format!("requests/{name}.yaml"),
            &format!("scheme: none\nget: /{path}\n"),
        );
    }
    run(&folder, &["run", "--env", "local", "--record"]);
    let text = |folder: &Folder| -> String {
        let all = files(&folder.path().join("fixtures"));
        all.iter()
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    };
    assert!(text(&folder).contains(NAME) && text(&folder).contains(SHORT));
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    folder.write("ingam.yaml", &format!("{yaml}redact: [\"$..buyer\"]\n"));
    let (output, code) = run(&folder, &["recording", "redact", "--list"]);
    assert!(
        code == 1 && output.matches("would change").count() == 3,
        "{output}"
    );
    let (output, code) = run(&folder, &["recording", "redact"]);
    assert!(
        code == 0 && output.matches("changed").count() == 3,
        "{output}"
    );
    assert_clean("the recordings", &text(&folder));
    let (output, code) = run(&folder, &["recording", "redact", "--list"]);
    assert_eq!((output.trim(), code), ("nothing to redact", 0));
    let (output, code) = run(&folder, &["run", "--replay"]);
    assert_eq!(code, 0, "{output}");
}
