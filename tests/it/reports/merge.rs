//! Documents of shards become one, which says what the whole run would have said.

use super::shop::{run, shop};
use super::{assert_all_say, file, with_all_reports, words};
use crate::program::Folder;

/// The shop in two shards.
fn sharded() -> Folder {
    let folder = shop();
    let (_, _, code) = run(
        folder.path(),
        &[
            "run",
            "flow",
            "nasty",
            "pass",
            "--report",
            "json=shards/1.json",
        ],
        &[],
    );
    assert_eq!(code, 1);
    let (_, _, code) = run(
        folder.path(),
        &[
            "run",
            "refused",
            "skipped",
            "--report",
            "json=shards/2.json",
        ],
        &[],
    );
    assert_eq!(code, 5);
    folder
}

#[test]
fn shards_say_together_what_the_whole_run_would_have_said() {
    let folder = sharded();
    let args = with_all_reports(&["report", "merge", "shards/1.json", "shards/2.json"]);
    let (stdout, stderr, code) = run(folder.path(), &words(&args), &[]);
    assert_eq!((code, stderr.as_str()), (5, ""), "{stdout}");
    assert!(
        stdout.contains("1 passed, 2 failed, 1 could not be done, 1 skipped · 4 requests"),
        "{stdout}"
    );
    assert_all_say(&folder, &stdout);
}

#[test]
fn the_exit_code_is_that_of_the_whole_run() {
    let folder = shop();
    run(
        folder.path(),
        &["run", "pass", "--report", "json=pass.json"],
        &[],
    );
    run(
        folder.path(),
        &["run", "flow", "--report", "json=fail.json"],
        &[],
    );
    run(
        folder.path(),
        &["run", "skipped", "--report", "json=skip.json"],
        &[],
    );
    let code = |documents: &[&str]| {
        run(
            folder.path(),
            &[&["report", "merge"], documents].concat(),
            &[],
        )
        .2
    };
    assert_eq!(code(&["skip.json"]), 4);
    assert_eq!(code(&["skip.json", "pass.json"]), 0);
    assert_eq!(code(&["skip.json", "pass.json", "fail.json"]), 1);
    let cut = file(folder.path(), "pass.json")
        .replace("\"interrupted\": null", "\"interrupted\": \"TERM\"");
    folder.write("stopped.json", &cut);
    assert_eq!(code(&["stopped.json", "fail.json"]), 143);
}

#[test]
fn one_document_is_merged_to_itself() {
    let folder = sharded();
    let (_, _, code) = run(
        folder.path(),
        &[
            "report",
            "merge",
            "shards/1.json",
            "--report",
            "json=same.json",
        ],
        &[],
    );
    assert_eq!(code, 1);
    assert_eq!(
        file(folder.path(), "same.json"),
        file(folder.path(), "shards/1.json")
    );
}

#[test]
fn what_cannot_be_parts_of_one_run_is_refused_with_the_names_of_the_files() {
    let folder = sharded();
    let whole = file(folder.path(), "shards/1.json");
    folder.write("shards/cut.json", &whole[..whole.len() / 2]);
    folder.write("shards/empty.json", "");
    folder.write("shards/other.json", "{\"a\":1}");
    folder.write(
        "shards/new.json",
        &whole.replace("\"format\": 1", "\"format\": 2"),
    );
    folder.write(
        "shards/elsewhere.json",
        &file(folder.path(), "shards/2.json").replace("\"local\"", "\"live\""),
    );
    for (second, exit, says) in [
        (
            "shards/cut.json",
            3,
            "shards/cut.json` is not a JSON report of",
        ),
        (
            "shards/empty.json",
            3,
            "shards/empty.json` is not a JSON report of",
        ),
        (
            "shards/other.json",
            3,
            "shards/other.json` is not a JSON report of",
        ),
        (
            "shards/new.json",
            3,
            "shards/new.json` has format 2, but this version of ingam reads format 1",
        ),
        ("shards/1.json", 3, "both contain `flow/세_steps`"),
        ("shards/elsewhere.json", 3, "ran in environment `local`"),
        (
            "shards/nowhere.json",
            5,
            "shards/nowhere.json` cannot be read",
        ),
    ] {
        let (_, stderr, code) = run(
            folder.path(),
            &[
                "report",
                "merge",
                "shards/1.json",
                second,
                "--report",
                "json=all.json",
            ],
            &[],
        );
        assert!(
            code == exit && stderr.contains(says),
            "{second}: {code}: {stderr}"
        );
        let report: serde_json::Value =
            serde_json::from_str(&file(folder.path(), "all.json")).unwrap();
        assert!(
            report["notices"][0]["severity"] == "error" && report["units"] == serde_json::json!([]),
            "{second}: {report}"
        );
    }
}
