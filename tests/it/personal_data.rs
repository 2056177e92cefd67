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
/// Shorter than what is searched for everywhere: hidden in recordings where a rule names it.
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
            "scheme: none\nsteps:\n  - name: look\n    get: /order\n    capture: {{ name: $.order.buyer.name, phone: $.order.buyer.phone }}\n  - name: send\n    post: \"/ship/{{{{ phone }}}}\"\n    query: {{ who: \"{{{{ name }}}}\" }}\n    headers: {{ x-phone: \"{{{{ phone }}}}\" }}\n    json: {{ to: \"{{{{ name }}}}\", list: [\"{{{{ phone }}}}\"] }}\n    {}\n",
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
            assert!(text.contains("flow"), "{format} has no exchange: {text}");
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
        assert!(!text.contains(SHORT), "{}", path.display());
    }
    for name in ["broken", "packed"] {
        let path = format!("fixtures/recordings/{name}.yaml");
        assert!(!folder.path().join(&path).exists(), "{path}");
    }
    let (output, code) = run(&folder, &["recording", "redact", "--list"]);
    assert_eq!((output.trim(), code), ("nothing to hide", 0));
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
