//! Files and steps under a condition, as the marketplace and the reports see them.

use super::*;

const FLOW: &str = r#"scheme: none
vars: { limit: 5 }
steps:
  - name: list
    get: /list
    capture: { total: $.total }
  - name: details
    when: "{{ total > limit }}"
    get: /details
    capture: { id: $.id }
  - name: use
    when: "{{ total > limit }}"
    get: "/use/{{ id }}"
  - name: last
    get: /last
"#;

fn server(total: u32) -> Server {
    Server::start(move |_, _| ok(&format!(r#"{{"total":{total},"id":7}}"#)))
}

#[test]
fn a_step_is_sent_only_when_its_condition_is_true() {
    for (total, targets) in [
        (3, &["/list", "/last"][..]),
        (9, &["/list", "/details", "/use/7", "/last"]),
    ] {
        let server = server(total);
        let folder = workspace(&server.origin, &[("requests/all.yaml", FLOW)]);
        let (output, code) = run(&folder, &[]);
        assert_eq!(code, 0, "{output}");
        let seen: Vec<String> = server
            .seen()
            .iter()
            .map(|arrived| arrived.target().to_owned())
            .collect();
        assert_eq!(seen, targets, "{output}");
        let skipped = 4 - targets.len();
        assert_eq!(output.contains("2 steps skipped"), skipped > 0, "{output}");
    }
}

/// Where a run says what it skipped: the report, and the text that it must hold.
const PLACES: [(&str, &str); 4] = [
    ("json", "\"skipped_steps\":1"),
    ("html", "`when` is false"),
    ("junit", "`when` is false"),
    ("ndjson", "\"skipped_steps\":1"),
];

#[test]
fn what_is_skipped_is_shown_with_its_expression_in_every_report() {
    let server = server(3);
    let text = FLOW.replace(
        "  - name: use\n    when: \"{{ total > limit }}\"\n    get: \"/use/{{ id }}\"\n",
        "",
    );
    let folder = workspace(&server.origin, &[("requests/all.yaml", &text)]);
    let mut args = Vec::new();
    for (format, _) in PLACES {
        args.extend(["--report".to_owned(), format!("{format}=run.{format}")]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (output, code) = run(&folder, &args);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("SKIP details: `when` is false: {{ total > limit }}"),
        "{output}"
    );
    for (format, wanted) in PLACES {
        let report = std::fs::read_to_string(folder.path().join(format!("run.{format}"))).unwrap();
        let plain = report.replace("&gt;", ">").replace(": ", ":");
        assert!(plain.contains(wanted), "{format}: {report}");
        assert!(plain.contains("total > limit"), "{format}: {report}");
    }
}

/// The recording of a step that is skipped this time stays.
#[test]
fn a_run_that_skips_a_step_keeps_its_recording() {
    let many = server(9);
    let folder = workspace(&many.origin, &[("requests/all.yaml", FLOW)]);
    let (output, code) = run(&folder, &["--record"]);
    assert_eq!(code, 0, "{output}");
    let few = server(3);
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    folder.write("ingam.yaml", &yaml.replace(&many.origin, &few.origin));
    let (output, code) = run(&folder, &["--record"]);
    assert_eq!(code, 0, "{output}");
    let recorded =
        std::fs::read_to_string(folder.path().join("fixtures/recordings/all.yaml")).unwrap();
    assert!(recorded.contains("/use/7"), "{recorded}");
}

#[test]
fn the_condition_of_a_file_is_judged_for_each_account() {
    let server = server(1);
    let file = "scheme: coupang\naccount: all\nwhen: \"{{ account.name == 'first' }}\"\nget: \"/v2/{{ account.vendor_id }}\"\n";
    let folder = workspace(&server.origin, &[("requests/all.yaml", file)]);
    folder.write(
        "ingam.yaml",
        &format!(
            "envs:\n  local:\n    hosts: {{ coupang: \"{}\" }}\n    accounts: {{ coupang: {{ first: {{ vendor_id: A1 }}, second: {{ vendor_id: A2 }} }} }}\n",
            server.origin
        ),
    );
    let mut command = command(&folder, &["run", "--env", "local"]);
    for account in ["FIRST", "SECOND"] {
        command
            .env(
                format!("INGAM_COUPANG__{account}__ACCESS_KEY"),
                "access-key-1",
            )
            .env(
                format!("INGAM_COUPANG__{account}__SECRET_KEY"),
                "secret-key-1",
            );
    }
    let (stdout, stderr, code) = text(&command.output().unwrap());
    let output = stdout + &stderr;
    assert!(
        output.contains("SKIP all@second") && output.contains("account.name == 'first'"),
        "{code}: {output}"
    );
    let seen = server.seen();
    assert!(seen.iter().all(|arrived| arrived.target() == "/v2/A1"));
    assert_eq!(seen.len(), 1, "{output}");
}
