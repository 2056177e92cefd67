//! `ingam recording`: what is old, what is of nothing, what should have been hidden.

use super::{Server, files, json, record, run, run_with, workspace};

fn shop() -> (Server, super::Folder) {
    let server = Server::start(|arrived| {
        if arrived.target == "/v2/big" {
            return (200, Vec::new(), vec![b'x'; 100_000]);
        }
        json(
            r#"{"code":"OK","buyer":{"memo":"call 010-9876-5432 first"},"again":"010-9876-5432","key":"wsk-42-of-the-shop"}"#,
        )
    });
    let folder = workspace(&server);
    folder.write("requests/one.yaml", "scheme: coupang\nget: /v2/one\n");
    folder.write("requests/big.yaml", "scheme: none\nget: /v2/big\n");
    record(&folder);
    (server, folder)
}

#[test]
fn a_rule_that_came_later_hides_what_was_written_before() {
    let (_server, folder) = shop();
    let (output, code) = run(&folder, &["recording", "redact", "--list"]);
    assert!(
        code == 0 && output.contains("nothing to redact"),
        "{code}: {output}"
    );
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    folder.write(
        "ingam.yaml",
        &format!("{yaml}redact: {{ pattern: \"01[0-9]-[0-9]{{4}}-[0-9]{{4}}\" }}\n"),
    );
    let (output, code) = run(&folder, &["recording", "redact", "--list"]);
    assert!(
        code == 1 && output.contains("would change fixtures/recordings/one.yaml"),
        "{code}: {output}"
    );
    let (output, code) = run(&folder, &["recording", "redact"]);
    assert!(
        code == 0 && output.contains("changed fixtures/recordings/one.yaml"),
        "{code}: {output}"
    );
    let text = std::fs::read_to_string(folder.path().join("fixtures/recordings/one.yaml")).unwrap();
    assert!(
        text.contains("memo: call redacted-1 first") && text.contains("again: redacted-1"),
        "{text}"
    );
    let (output, code) = run_with(&folder, &["run", "--replay", "--env", "local"], &[]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn a_secret_that_stands_in_a_recording_is_hidden() {
    let (_server, folder) = shop();
    let env = [("INGAM_COUPANG__SECRET_KEY", "wsk-42-of-the-shop")];
    let (output, code) = run_with(&folder, &["recording", "redact"], &env);
    let text = std::fs::read_to_string(folder.path().join("fixtures/recordings/one.yaml")).unwrap();
    assert!(
        code == 0 && text.contains("‹cred.secret_key›") && !text.contains("wsk-42-of-the-shop"),
        "{code}: {output}\n{text}"
    );
}

#[test]
fn what_is_of_no_request_is_listed_and_removed_and_what_a_person_wrote_stays() {
    let (_server, folder) = shop();
    std::fs::remove_file(folder.path().join("requests/big.yaml")).unwrap();
    folder.write(
        "fixtures/recordings/own.yaml",
        "format: 1\nscheme: coupang\nexchanges:\n  - request: { get: /v2/own }\n    response: { status: 204 }\n",
    );
    let (output, code) = run(&folder, &["recording", "list"]);
    assert!(
        code == 0 && output.contains("stub") && output.contains("no request file"),
        "{code}: {output}"
    );
    let before = files(&folder.path().join("fixtures"));
    let (output, _) = run(&folder, &["recording", "prune", "--list"]);
    assert!(
        output.contains("would remove fixtures/recordings/big.yaml"),
        "{output}"
    );
    assert_eq!(files(&folder.path().join("fixtures")), before);
    let (output, code) = run(&folder, &["recording", "prune"]);
    let left: Vec<String> = files(&folder.path().join("fixtures"))
        .iter()
        .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(
        code == 0 && left == ["one.yaml", "own.yaml"],
        "{code}: {output}: {left:?}"
    );
    let (output, code) = run(&folder, &["recording", "show", "on"]);
    assert!(
        code == 2 && output.contains("did you mean `one`"),
        "{code}: {output}"
    );
}

/// A stub that breaks off in the middle of its body is looked at like any other.
#[test]
fn half_a_body_is_redacted_as_well_and_one_without_personal_data_is_left_alone() {
    let (_server, folder) = shop();
    folder.write(
        "fixtures/recordings/half.yaml",
        "format: 1\nscheme: coupang\nexchanges:\n  - request: { get: /v2/half }\n    response: { status: 200, text: \"call 010-1234-5678 fi\" }\n    fault: truncate\n",
    );
    let (output, code) = run(&folder, &["recording", "redact", "--list"]);
    assert!(
        code == 0 && output.contains("nothing to redact"),
        "{code}: {output}"
    );
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    folder.write(
        "ingam.yaml",
        &format!("{yaml}redact: {{ pattern: \"01[0-9]-[0-9]{{4}}-[0-9]{{4}}\" }}\n"),
    );
    let (output, code) = run(&folder, &["recording", "redact", "--list"]);
    assert!(
        code == 1 && output.contains("by hand fixtures/recordings/half.yaml"),
        "{code}: {output}"
    );
}

#[test]
fn new_pseudonyms_are_numbered_after_those_that_are_there() {
    let (_server, folder) = shop();
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    let redact = |rules: &str| {
        folder.write("ingam.yaml", &format!("{yaml}redact: {rules}\n"));
        let (output, code) = run(&folder, &["recording", "redact"]);
        assert_eq!(code, 0, "{output}");
        std::fs::read_to_string(folder.path().join("fixtures/recordings/one.yaml")).unwrap()
    };
    let text = redact("$.again");
    assert!(text.contains("call redacted-1 first"), "{text}");
    let text = redact("[$.again, $.code]");
    assert!(
        text.contains("again: redacted-1") && text.contains("code: redacted-2"),
        "{text}"
    );
}

#[test]
fn a_folder_that_cannot_be_listed_is_not_empty() {
    let (_server, folder) = shop();
    let bodies = folder.path().join("fixtures/recordings/bodies");
    std::fs::remove_dir_all(&bodies).unwrap();
    std::fs::remove_file(folder.path().join("fixtures/recordings/big.yaml")).unwrap();
    std::fs::write(&bodies, "a file in the place of the folder").unwrap();
    let (output, code) = run(&folder, &["recording", "prune", "--list"]);
    assert!(
        code == 5 && output.contains("fixtures/recordings/bodies: "),
        "{code}: {output}"
    );
}
