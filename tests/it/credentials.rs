//! Credentials as people paste and name them: what cannot work is refused before anything is sent,
//! with the variable and the reason, and never with the value.

use super::program::{Folder, ingam, text};
use base64::Engine as _;
use std::io::Write;
use std::process::Stdio;

const GOOD: &str = "good-secret-key-0123456789";

/// A workspace whose host refuses connections: a run that gets as far as sending says so.
fn workspace() -> Folder {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "default_env: local
envs:
  local:
    hosts: { coupang: \"http://127.0.0.1:1\", shopee: \"http://127.0.0.1:1\" }
    accounts: { shopee: { sg: { shop_id: 1 } } }
",
    );
    folder.write("requests/coupang.yaml", "scheme: coupang\nget: /v2/x\n");
    folder.write(
        "requests/shopee.yaml",
        "scheme: shopee\nlevel: public\nget: /api/v2/public/get_shops_by_partner\n",
    );
    folder
}

fn run(folder: &Folder, args: &[&str], env: &[(&str, &str)]) -> (String, i32) {
    let mut command = ingam(folder.path());
    let output = command
        .args(args)
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let (stdout, stderr, code) = text(&output);
    (format!("{stdout}{stderr}"), code)
}

fn run_coupang(access: &str, secret: &str) -> (String, i32) {
    let env = [
        ("INGAM_COUPANG__ACCESS_KEY", access),
        ("INGAM_COUPANG__SECRET_KEY", secret),
    ];
    run(&workspace(), &["run", "coupang"], &env)
}

#[test]
fn a_credential_with_a_character_that_nobody_sees_is_refused() {
    for (access, secret, told) in [
        (
            "access-key\u{200b}-1",
            GOOD,
            "`INGAM_COUPANG__ACCESS_KEY` holds U+200B (zero width space) as character 11 of 13",
        ),
        (
            "access-key-1",
            "good-secret-key\u{a0}",
            "`INGAM_COUPANG__SECRET_KEY` holds U+00A0 (no-break space) as character 16 of 16",
        ),
        (
            "access-key-1",
            "\u{feff}good-secret-key-1",
            "`INGAM_COUPANG__SECRET_KEY` holds U+FEFF (byte order mark) as character 1 of 18",
        ),
        (
            "access-key-1\n",
            GOOD,
            "`INGAM_COUPANG__ACCESS_KEY` holds U+000A (line feed) as character 13 of 13",
        ),
        (
            " access-key-1",
            GOOD,
            "`INGAM_COUPANG__ACCESS_KEY` begins with a space",
        ),
        (
            "access-key-1",
            "good-secret-key-1 ",
            "`INGAM_COUPANG__SECRET_KEY` ends with a space",
        ),
    ] {
        let (output, code) = run_coupang(access, secret);
        assert_eq!(code, 6, "{output}");
        assert!(output.contains(told), "{told} is not in {output}");
        assert!(!output.contains("good-secret"), "{output}");
        assert!(
            !output.contains("127.0.0.1:1:"),
            "nothing is sent: {output}"
        );
    }
}

#[test]
fn a_secret_that_is_a_word_is_refused_with_a_reason() {
    for (secret, told) in [
        ("application", "it is a word: fewer than 16 letters"),
        ("20261130", "it is a number: fewer than 12 digits"),
        ("aaaaaaaaaaaaaaaaaaaa", "it repeats one or two characters"),
        ("short", "it is shorter than 8 characters"),
    ] {
        let (output, code) = run_coupang("access-key-1", secret);
        assert_eq!(code, 6, "{output}");
        // The terminal breaks long lines.
        let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
        let whole = format!("`INGAM_COUPANG__SECRET_KEY` cannot be redacted from outputs: {told}");
        assert!(output.contains(&whole), "{whole} is not in {output}");
        assert!(
            output.contains("; use a") || output.contains("use another secret"),
            "{output}"
        );
    }
    let (output, code) = run_coupang("access-key-1", GOOD);
    assert_eq!(code, 5, "a good one is sent: {output}");
}

#[test]
fn a_dotenv_file_of_windows_is_read() {
    let folder = workspace();
    let pairs = format!(
        "\u{feff}INGAM_COUPANG__ACCESS_KEY=access-key-1\r\nINGAM_COUPANG__SECRET_KEY='{GOOD}'\r\n"
    );
    folder.write(".env", &pairs);
    let (output, code) = run(&folder, &["run", "coupang"], &[]);
    assert_eq!(code, 5, "it is sent: {output}");
    folder.write(
        ".env",
        "INGAM_COUPANG__ACCESS_KEY=a\n\u{200b}INGAM_COUPANG__SECRET_KEY=b\n",
    );
    let (output, code) = run(&folder, &["run", "coupang"], &[]);
    assert_eq!(code, 6, "{output}");
    let told = "in line 2, which contains U+200B (zero width space) as character 1 of 28";
    assert!(output.contains(told), "{output}");
}

#[test]
fn a_misspelled_variable_is_named_with_the_right_one() {
    for (wrong, told) in [
        (
            "INGAM_COUPANG__ACESS_KEY",
            "did you mean `INGAM_COUPANG__ACCESS_KEY`?",
        ),
        (
            "INGAM_COUPANG_ACCESS_KEY",
            "did you mean `INGAM_COUPANG__ACCESS_KEY`?",
        ),
        (
            "ingam_coupang__access_key",
            "did you mean `INGAM_COUPANG__ACCESS_KEY`?",
        ),
        (
            "IGNAM_COUPANG__ACCESS_KEY",
            "did you mean `INGAM_COUPANG__ACCESS_KEY`?",
        ),
        (
            "INGAM_COUPNG__SECRET_KEY",
            "did you mean `INGAM_COUPANG__SECRET_KEY`?",
        ),
        ("INGAM_STORE_KYE", "did you mean `INGAM_STORE_KEY`?"),
        (
            "INGAM_COUPANG__LVIE__SECRET_KEY",
            "there is no environment and no account `lvie`",
        ),
    ] {
        let (output, _) = run(&workspace(), &["run", "coupang"], &[(wrong, GOOD)]);
        let warning = format!("warning: `{wrong}` has no effect");
        assert!(output.contains(&warning), "{warning} is not in {output}");
        assert!(output.contains(told), "{told} is not in {output}");
        assert!(!output.contains(GOOD), "{output}");
    }
    for right in [
        "INGAM_COUPANG__LOCAL__SECRET_KEY",
        "INGAM_COUPANG__LIVE__SECRET_KEY",
        "INGAM_SHOPEE__PARTNR_KEY",
        "INGAM_OTHER__API_KEY",
        "COUPANG__KEY",
    ] {
        let (output, _) = run(&workspace(), &["run", "coupang"], &[(right, GOOD)]);
        assert!(!output.contains("has no effect"), "{right}: {output}");
    }
}

#[test]
fn a_variable_for_an_account_that_does_not_exist_is_named() {
    for (wrong, told) in [
        (
            "INGAM_SHOPEE__SGG__PARTNER_KEY",
            "has no effect: there is no environment and no account `sgg`",
        ),
        (
            "INGAM_SHOPEE__LIVE__SG__PARTNER_KEY",
            "has no effect: there is no account `sg` of `shopee` in environment `live`",
        ),
        (
            "INGAM_SHOPEE__LOCAL__MY__PARTNER_KEY",
            "has no effect: there is no account `my` of `shopee` in environment `local`",
        ),
    ] {
        let (output, _) = run(&workspace(), &["run", "shopee"], &[(wrong, GOOD)]);
        assert!(output.contains(told), "{told} is not in {output}");
    }
    let right = ("INGAM_SHOPEE__LOCAL__SG__PARTNER_KEY", GOOD);
    let (output, _) = run(&workspace(), &["run", "shopee"], &[right]);
    assert!(!output.contains("has no effect"), "{output}");
}

#[test]
fn no_message_about_arguments_repeats_a_secret() {
    let secret = "4f8a1c0de54321aa9b";
    let pair = format!("partner_key={secret}");
    let option = format!("--partner-key={secret}");
    let variable = format!("INGAM_SHOPEE__PARTNER_KEY={secret}");
    let link = format!("https://shop.example/callback?code={secret}&shop_id=1");
    let cases: &[&[&str]] = &[
        &["auth", "set", "shopee", &pair],
        &["auth", "set", "shopee", "partner_key=hunter2"],
        &["auth", "set", "shopee", secret],
        &["auth", "set", "shopee", "partner_key", secret],
        &["auth", "set", secret, "partner_key"],
        &["auth", "set", "shopee", "partner_key", &option],
        &["auth", "set", "shopee", "partner_key", "--value", secret],
        &["auth", "set", &pair],
        &["auth", "login", "shopee", &link],
        &["auth", "logout", secret],
        &["auth", "refresh", &pair],
        &[&variable, "run"],
        &["run", &option],
        &["check", secret],
        &["run", "--jobs", secret],
        &["run", "--snapshots", &pair],
    ];
    for args in cases {
        let (output, code) = run(&workspace(), args, &[]);
        assert_ne!(code, 0, "{args:?}: {output}");
        assert!(!output.contains(secret), "{args:?}: {output}");
        assert!(!output.contains("hunter2"), "{args:?}: {output}");
    }
    let (output, code) = run(&workspace(), &["auth", "set", "shopee", &pair], &[]);
    assert_eq!(code, 2, "{output}");
    assert!(
        output.contains("ingam auth set shopee partner_key`, and type"),
        "{output}"
    );
    let (output, _) = run(&workspace(), &["chekc"], &[]);
    assert!(output.contains("chekc"), "a word is shown: {output}");
}

#[test]
fn a_value_that_cannot_work_is_not_stored() {
    for (value, told) in [
        (
            "good-secret\u{200b}-1",
            "holds U+200B (zero width space) as character 12 of 14",
        ),
        (" good-secret-1", "begins with a space"),
        ("application", "it is a word"),
    ] {
        let folder = workspace();
        let mut child = ingam(folder.path())
            .args(["auth", "set", "coupang", "secret_key", "--file"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(value.as_bytes()).unwrap();
        drop(input);
        let (_, stderr, code) = text(&child.wait_with_output().unwrap());
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(told), "{stderr}");
        assert!(!stderr.contains("good-secret"), "{stderr}");
    }
}

/// A key of 1024 bits that was published with known answers and marked invalid there.
fn published_key() -> String {
    let text = std::fs::read_to_string(super::program::root().join("src/schemes/walmart-ca.yaml"));
    let text = text.unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("private_key: \"MII"));
    line.unwrap().split('"').nth(1).unwrap().to_owned()
}

fn run_with_key(name: &str, value: &str) -> (String, i32) {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "default_env: local
envs:
  local:
    hosts: { walmart-ca: \"http://127.0.0.1:1\" }
",
    );
    folder.write("requests/a.yaml", "scheme: walmart-ca\nget: /v3/orders\n");
    let key = published_key();
    folder.write(
        "keys/key.pem",
        &format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"),
    );
    let der = base64::prelude::BASE64_STANDARD.decode(&key).unwrap();
    std::fs::write(folder.path().join("keys/key.der"), der).unwrap();
    let env = [
        ("INGAM_WALMART_CA__CONSUMER_ID", "a-consumer-id"),
        (name, value),
    ];
    run(&folder, &["run", "a"], &env)
}

#[test]
fn a_private_key_is_taken_from_a_variable_or_a_file_in_every_form() {
    let key = published_key();
    let (variable, file) = (
        "INGAM_WALMART_CA__PRIVATE_KEY",
        "INGAM_WALMART_CA__PRIVATE_KEY_FILE",
    );
    let pem = format!("-----BEGIN PRIVATE KEY-----\\n{key}\\n-----END PRIVATE KEY-----");
    let with_lines = pem.replace("\\n", "\n");
    for (name, value) in [
        (variable, &*key),
        (variable, &*pem),
        (variable, &*with_lines),
        (file, "keys/key.pem"),
        (file, "keys/key.der"),
    ] {
        let (printed, code) = run_with_key(name, value);
        assert!(printed.contains("127.0.0.1:1"), "{name}: {printed}");
        assert!(
            !printed.contains(&key[..24]) && !printed.contains(&key[40..64]),
            "{printed}"
        );
        assert_eq!(code, 5, "{printed}");
    }
}

#[test]
fn a_private_key_that_cannot_be_read_is_named_with_its_reason_and_not_shown() {
    let key = published_key();
    let cut = format!("-----BEGIN PRIVATE KEY-----\n{}", &key[..200]);
    for (name, value, told) in [
        ("INGAM_WALMART_CA__PRIVATE_KEY", &key[..200], "is not a key"),
        ("INGAM_WALMART_CA__PRIVATE_KEY", &*cut, "is incomplete PEM"),
        (
            "INGAM_WALMART_CA__PRIVATE_KEY_FILE",
            "keys/none.pem",
            "none.pem` cannot be used",
        ),
        (
            "INGAM_WALMART_CA__PRIVATE_KEY_FILE",
            "ingam.yaml",
            "is not a key",
        ),
    ] {
        let (printed, code) = run_with_key(name, value);
        assert!(printed.contains(told), "{told}: {printed}");
        assert!(!printed.contains(&key[..24]), "{printed}");
        assert_ne!(code, 0);
    }
}

const CHECKED: &str = r#"
scheme: mall
credentials:
  key: { secret: true, pattern: "msk_[0-9a-f]{4,}" }
  seller: { default: null }
  seller_key: { secret: true, default: null, required_when: "{{ cred.seller != none }}", description: the key of that seller }
hosts: { live: "http://127.0.0.1:1" }
attach: { headers: { a: "{{ cred.key }}", b: "{{ cred.seller }}", c: "{{ cred.seller_key }}" } }
"#;

fn run_checked(variables: &[(&str, &str)]) -> String {
    let folder = Folder::new();
    folder.write("schemes/mall.yaml", CHECKED);
    folder.write("requests/one.yaml", "scheme: mall\nget: /x\n");
    let mut command = ingam(folder.path());
    command.args(["trust", "--env", "live", "--yes"]);
    command.output().unwrap();
    let mut command = ingam(folder.path());
    command.envs(variables.iter().copied());
    command.args(["run", "--env", "live"]);
    let (stdout, stderr, _) = text(&command.output().unwrap());
    format!("{stdout}{stderr}")
}

#[test]
fn a_value_that_the_pattern_refuses_is_never_sent_or_shown() {
    let output = run_checked(&[("INGAM_MALL__KEY", "wrong-key-0123456789")]);
    assert!(
        output.contains("`INGAM_MALL__KEY`: it does not match the pattern of the scheme"),
        "{output}"
    );
    assert!(!output.contains("0123456789"), "{output}");
    // A part of a value that matches is not enough.
    let output = run_checked(&[("INGAM_MALL__KEY", "msk_0123456789 and more")]);
    assert!(output.contains("does not match the pattern"), "{output}");
    let output = run_checked(&[("INGAM_MALL__KEY", "msk_0123456789")]);
    assert!(!output.contains("does not match the pattern"), "{output}");
}

#[test]
fn a_credential_is_needed_where_its_condition_holds() {
    let key = ("INGAM_MALL__KEY", "msk_0123456789");
    let seller = ("INGAM_MALL__SELLER", "7");
    let output = run_checked(&[key, seller]);
    let wanted =
        "INGAM_MALL__SELLER_KEY   (the key of that seller; needed when `cred.seller != none`)";
    assert!(output.contains(wanted), "{output}");
    for more in [
        &[key][..],
        &[key, seller, ("INGAM_MALL__SELLER_KEY", "key-of-the-seller")],
    ] {
        let output = run_checked(more);
        assert!(!output.contains("needed when"), "{output}");
    }
}
