//! The option itself: what it refuses, where reports go, what cannot be written, what GitHub
//! Actions gets.

use super::file;
use super::shop::{run, shop};

#[test]
fn a_wrong_report_is_refused_before_anything_is_sent() {
    let folder = shop();
    for (args, says) in [
        (&["--report", "juint=a.xml"][..], "did you mean `junit`?"),
        (&["--report", "junit"], "needs a format and a path"),
        (&["--report", "junit="], "needs a format and a path"),
        (
            &["--report", "junit=a", "--report", "json=./x/../a"],
            "would overwrite the junit report",
        ),
        (
            &["--report", "tap=-", "--report", "json=-"],
            "would overwrite the tap report",
        ),
    ] {
        let (stdout, stderr, code) = run(folder.path(), &[&["run"], args].concat(), &[]);
        assert!(
            code == 2 && stderr.contains(says) && stdout.is_empty(),
            "{args:?}: {code}: {stderr}"
        );
    }
}

#[test]
fn a_report_that_cannot_be_written_is_exit_5_though_all_passed() {
    let folder = shop();
    folder.write("plain.txt", "a file");
    std::fs::create_dir(folder.path().join("there")).unwrap();
    for report in ["junit=plain.txt/a.xml", "junit=there", "ndjson=plain.txt/a"] {
        let (stdout, stderr, code) = run(folder.path(), &["run", "pass", "--report", report], &[]);
        assert!(
            code == 5 && stderr.contains("cannot be written"),
            "{report}: {code}: {stdout}{stderr}"
        );
        assert!(
            stderr.contains("nothing was sent") && stdout.is_empty(),
            "{report}: {stdout}{stderr}"
        );
    }
}

/// Nothing can be written to a full device, which only shows at the end.
#[cfg(target_os = "linux")]
#[test]
fn a_report_that_is_lost_at_the_end_is_said_too() {
    let folder = shop();
    for format in ["junit", "ndjson"] {
        let (stdout, stderr, code) = run(
            folder.path(),
            &["run", "pass", "--report", &format!("{format}=/dev/full")],
            &[],
        );
        assert!(
            code == 5 && stdout.contains("1 passed"),
            "{code}: {stdout}{stderr}"
        );
        assert!(
            stderr.contains("`/dev/full` cannot be written: No space left"),
            "{stderr}"
        );
        assert_eq!(stderr.matches("error:").count(), 1, "{stderr}");
    }
}

#[test]
fn standard_output_belongs_to_the_report_that_was_sent_there() {
    let folder = shop();
    let (stdout, stderr, code) = run(folder.path(), &["run", "pass", "--report", "json=-"], &[]);
    assert_eq!(code, 0);
    assert!(
        serde_json::from_str::<serde_json::Value>(&stdout).is_ok(),
        "{stdout}"
    );
    assert!(stderr.contains("1 passed"), "{stderr}");
}

#[test]
fn a_report_replaces_an_older_one_and_leaves_nothing_beside_it() {
    let folder = shop();
    folder.write(
        "out/a.tap",
        "older, and much longer than anything that comes after it\n"
            .repeat(500)
            .as_str(),
    );
    run(
        folder.path(),
        &["run", "pass", "--report", "tap=out/a.tap"],
        &[],
    );
    assert_eq!(
        file(folder.path(), "out/a.tap"),
        "TAP version 14\n1..1\nok 1 - pass\n"
    );
    assert_eq!(
        std::fs::read_dir(folder.path().join("out"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn actions_gets_annotations_and_a_summary_by_itself() {
    let folder = shop();
    folder.write("summary.md", "# before\n");
    let (top, summary) = (
        folder.path().parent().unwrap(),
        folder.path().join("summary.md"),
    );
    let more = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_WORKSPACE", top.to_str().unwrap()),
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
    ];
    let (stdout, stderr, code) = run(folder.path(), &["run"], &more);
    assert_eq!((code, stderr.as_str()), (5, ""));
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    assert!(
        stdout.contains(&format!(
            "\n::error file={name}/requests/nasty.yaml,line=5,col=8,title=nasty::$: "
        )),
        "{stdout}"
    );
    assert_eq!(stdout.matches("\n::error ").count(), 3, "{stdout}");
    let word = stdout
        .lines()
        .next()
        .unwrap()
        .strip_prefix("::stop-commands::")
        .unwrap();
    let (log, commands) = stdout.split_once(&format!("\n::{word}::\n")).unwrap();
    assert!(
        log.contains("4 requests in") && commands.starts_with("::error "),
        "what a response says could be a command"
    );
    let summary = file(folder.path(), "summary.md");
    assert!(
        summary.starts_with("# before\n## ingam: 1 passed, 2 failed"),
        "{summary}"
    );
    assert!(
        !summary.contains("<script>") && !summary.contains("<b>"),
        "{summary}"
    );
    assert!(
        summary.contains("| ❌ fail | flow/세&#95;steps |"),
        "{summary}"
    );
}

#[test]
fn outside_of_actions_nothing_is_annotated() {
    let folder = shop();
    let (stdout, _, _) = run(folder.path(), &["run"], &[("GITHUB_ACTIONS", "false")]);
    assert!(!stdout.contains("\n::error "), "{stdout}");
}

#[test]
fn a_summary_that_cannot_be_written_is_a_warning_when_nobody_asked() {
    let folder = shop();
    let below_a_file = folder.write("plain.txt", "a file").join("summary.md");
    let more = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_STEP_SUMMARY", below_a_file.to_str().unwrap()),
    ];
    let (_, stderr, code) = run(folder.path(), &["run", "pass"], &more);
    assert!(
        code == 0
            && stderr.starts_with("warning: ")
            && stderr.contains("plain.txt/summary.md` cannot be written"),
        "{code}: {stderr}"
    );
    let (_, stderr, code) = run(
        folder.path(),
        &["run", "pass", "--report", "github=-"],
        &more,
    );
    assert!(
        code == 5 && stderr.contains("error: the report"),
        "{code}: {stderr}"
    );
}
