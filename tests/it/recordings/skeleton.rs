//! A request without a recording: the program names the file to write and prints what to paste.

use super::{Server, json, run_with, workspace};
use crate::program::Folder;

/// What stands behind the hint, to the next line that is not indented as deep.
fn skeleton(output: &str) -> String {
    let mut lines = output.lines();
    let begins = |line: &str| line.trim() == "format: 2" || line.trim().starts_with("- request:");
    let first = lines.find(|line| begins(line)).unwrap_or_default();
    let indent = first.len() - first.trim_start().len();
    let is_inside = |line: &&str| line.len() > indent && line[..indent].trim().is_empty();
    let rest: Vec<&str> = lines.take_while(is_inside).collect();
    format!("{first}\n{}\n", rest.join("\n"))
}

fn flow() -> Folder {
    let server = Server::start(|_| json("{}"));
    let folder = workspace(&server);
    folder.write(
        "requests/new.yaml",
        "scheme: coupang\nvars: { long: \"a value that is long enough to be wrapped by a terminal of eighty or a hundred columns, twice\" }\n\
         post: /v2/new\nquery: { at: \"{{ now() }}\", ids: [2, 1], empty: \"\" }\n\
         headers: { Accept-Language: ko, X-Id: \"id-{{ uuid() }}\" }\n\
         json: { price: 12.90, code: \"0123\", note: \"{{ long }}\", list: [] }\n",
    );
    folder
}

#[test]
fn a_skeleton_that_is_pasted_answers_the_request() {
    for args in [&["run"][..], &["run", "--replay", "--env", "local"]] {
        let folder = flow();
        let (output, code) = run_with(&folder, args, &[]);
        let flat = output.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            code == 8
                && flat
                    .contains("write the marketplace's response to fixtures/recordings/new.yaml")
                && flat.contains("`ingam run --env live --record=new new`"),
            "{code}: {output}"
        );
        folder.write("fixtures/recordings/new.yaml", &skeleton(&output));
        let (after, code) = run_with(&folder, args, &[]);
        assert_eq!(code, 0, "{output}\n{after}");
    }
}

#[test]
fn a_file_that_is_there_gets_one_more_exchange() {
    let folder = flow();
    folder.write(
        "fixtures/recordings/new.yaml",
        "format: 1\nscheme: coupang\nexchanges:\n  - request: { get: /v2/old }\n    response: { status: 200, json: {} }\n",
    );
    let (output, code) = run_with(&folder, &["run"], &[]);
    let flat = output.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        code == 8
            && flat.contains("the nearest is fixtures/recordings/new.yaml, and it differs in: method: recorded GET, sent POST")
            && flat.contains("to `exchanges` in fixtures/recordings/new.yaml"),
        "{code}: {output}"
    );
    folder.write(
        "fixtures/recordings/new.yaml",
        &format!(
            "format: 1\nscheme: coupang\nexchanges:\n{}",
            skeleton(&output)
        ),
    );
    let (after, code) = run_with(&folder, &["run"], &[]);
    assert_eq!(code, 0, "{output}\n{after}");
}
