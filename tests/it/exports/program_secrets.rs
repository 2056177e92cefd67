//! No exported program holds a secret, in whatever part of the request it stands.

use super::super::program::{Folder, ingam, text};

const SECRET: &str = "tok-9f8e7d6c5b4a3210-xyz";
const NUMBER: &str = "493827164509";

/// The program or nothing, what the export says, and its exit code.
fn exported(host: &str, request: &str, language: &str) -> (String, String, i32) {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!("envs: {{ local: {{ hosts: {{ none: \"{host}\" }} }} }}\n"),
    );
    folder.write("requests/a.yaml", &format!("scheme: none\n{request}"));
    std::fs::write(folder.path().join("requests/a.png"), b"\x89PNG\xff").unwrap();
    let mut command = ingam(folder.path());
    command
        .args(["export", language, "a", "--env", "local", "-o", "program"])
        .env("INGAM_SECRET_KEY", SECRET)
        .env("INGAM_SECRET_PIN", NUMBER);
    let (stdout, stderr, code) = text(&command.output().unwrap());
    assert_eq!(stdout, "");
    let program = std::fs::read_to_string(folder.path().join("program"));
    (program.unwrap_or_default(), stderr, code)
}

fn assert_refused(host: &str, request: &str, reason: &str) {
    for language in ["python", "node", "java"] {
        let (program, stderr, code) = exported(host, request, language);
        assert_eq!((program.as_str(), code), ("", 1), "{stderr}");
        let whole = format!("the request cannot be written as a program: {reason}");
        assert!(stderr.contains(&whole), "{stderr}");
        assert!(!stderr.contains(SECRET), "{stderr}");
    }
}

const HOST: &str = "http://127.0.0.1:9";
const CHANGED: &str = "the request contains `secret.key` in a changed form";

#[test]
fn a_body_that_is_written_in_base64_holds_no_secret() {
    let part =
        "post: /a\nmultipart:\n  image: { file: requests/a.png }\n  token: \"{{ secret.key }}\"\n";
    assert_refused(HOST, part, CHANGED);
    let encoded = "post: /a\ncharset: euc-kr\ntext: \"한글 {{ secret.key }}\"\n";
    assert_refused(HOST, encoded, CHANGED);
    for harmless in [
        "post: /a\nmultipart:\n  image: { file: requests/a.png }\n  token: none\n",
        "post: /a\ncharset: euc-kr\ntext: 한글\n",
    ] {
        let (program, stderr, code) = exported(HOST, harmless, "python");
        assert_eq!(code, 0, "{stderr}");
        assert!(program.contains("from_base64(\""), "{program}");
    }
}

#[test]
fn a_number_that_is_a_secret_is_read_from_its_variable() {
    let request = "post: /a\nheaders: { X-Pin: \"{{ secret.pin }}\" }\njson: { pin: 493827164509, n: [12] }\n";
    for language in ["python", "node", "java"] {
        let (program, stderr, code) = exported(HOST, request, language);
        assert_eq!(code, 0, "{stderr}");
        assert!(program.contains("INGAM_SECRET_PIN"), "{program}");
        assert!(!program.contains(NUMBER), "{program}");
    }
}

#[test]
fn a_secret_that_the_translation_does_not_know_is_found_in_the_program() {
    let request = "get: /a\nheaders: { X-Key: \"{{ secret.key }}\" }\n";
    assert_refused(
        &format!("{HOST}/{SECRET}"),
        request,
        "the text of the program would contain the value of `secret.key`",
    );
}
