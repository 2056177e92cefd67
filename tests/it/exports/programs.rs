//! Exported programs are run against the sandbox, which verifies what they sign: all requests in
//! each language with `INGAM_MEASURE=1`. Otherwise one request of each scheme in Python, and in the
//! other languages of a tenth of the schemes, chosen so that they have every kind of step.

use super::super::program::{Folder, root};
use super::is_whole;
use super::workshop::{Language, Program, Workshop, repository};
use std::collections::BTreeSet;

/// Text with a level; sorted pairs and SigV4's chain of keys; a token of `ingam auth token`; a JWT; a
/// private key; members of JSON; a choice of algorithms, and a time of another zone.
const A_TENTH: [&str; 7] = [
    "shopee",
    "aws-sigv4",
    "naver-commerce",
    "jwt",
    "http-message-signatures",
    "temu",
    "taobao-top",
];

/// What a program needs of another request, a fixture or a secret cannot be exported, and nothing
/// else may be missing.
const NOT_EXPORTED: [&str; 2] = [" is not defined", "has no value in environment"];

fn accepts_programs_of(language: Language) {
    if !language.is_installed() {
        return;
    }
    let workshop = Workshop::open(
        repository(),
        &std::fs::read_to_string(root().join("ingam.yaml")).unwrap(),
    );
    let mut requests = workshop.requests();
    if !is_whole() && language != Language::Python {
        requests.retain(|(_, scheme)| A_TENTH.contains(&scheme.as_str()));
    }
    let schemes: BTreeSet<&String> = requests.iter().map(|(_, scheme)| scheme).collect();
    let (mut programs, mut wrong) = (Vec::<Program>::new(), Vec::new());
    for (id, scheme) in &requests {
        if !is_whole() && programs.iter().any(|program| program.scheme == *scheme) {
            continue;
        }
        match workshop.export(language, id, scheme) {
            Ok(program) => programs.push(program),
            Err(reason) if NOT_EXPORTED.iter().any(|known| reason.contains(known)) => {}
            Err(reason) => wrong.push(format!("{id}: {reason}")),
        }
    }
    workshop.build(language, &programs);
    let mut accepted = BTreeSet::new();
    for program in &programs {
        let ran = workshop.run(language, program, &[]);
        if ran.is_accepted() {
            accepted.insert(&program.scheme);
        } else {
            wrong.push(format!("{}: {ran:?}", program.id));
        }
    }
    println!(
        "{language:?}: {} programs of {} schemes, {} not as they should be",
        programs.len(),
        accepted.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let without: Vec<&&String> = schemes.difference(&accepted).collect();
    assert!(without.is_empty(), "no program of {without:?}");
}

#[test]
fn the_sandbox_accepts_programs_in_python() {
    accepts_programs_of(Language::Python);
}

#[test]
fn the_sandbox_accepts_programs_in_node() {
    accepts_programs_of(Language::Node);
}

#[test]
fn the_sandbox_accepts_programs_in_java() {
    accepts_programs_of(Language::Java);
}

const EVERY_STEP: &str = include_str!("every_step.yaml");
const ITS_REQUEST: &str = "scheme: every-step
post: \"/a/b%20c?x=1%2B1&y\"
query: { \"z é\": \"1  2\", a: [1, 2] }
headers: { X-Own: mine }
json: { text: \"\\\"한\\n\\u0001\", number: 1.50, list: [{ b: null }] }
";

/// `extra` is a value that may be missing.
fn every_step(extra: Option<&str>) -> Workshop {
    let folder = Folder::new();
    let keys = extra.map_or(String::new(), |extra| format!("    extra: {extra}\n"));
    let scheme = EVERY_STEP.replace("    shop: 77\n", &format!("    shop: 77\n{keys}"));
    folder.write("schemes/every-step.yaml", &scheme);
    folder.write("requests/a.yaml", ITS_REQUEST);
    Workshop::open(folder, "envs:\n")
}

#[test]
fn programs_do_every_kind_of_step() {
    for workshop in [every_step(None), every_step(Some("more"))] {
        for language in Language::ALL {
            if !language.is_installed() {
                continue;
            }
            let program = workshop.export(language, "a", "every-step").unwrap();
            workshop.build(language, std::slice::from_ref(&program));
            let ran = workshop.run(language, &program, &[]);
            assert!(ran.is_accepted(), "{language:?} {ran:?}");
        }
    }
}

/// A time of ten minutes ago, and one digit of the body after it was signed.
fn changes(language: Language) -> [(&'static str, &'static str, &'static str); 2] {
    match language {
        Language::Python => [
            ("time.time_ns()", "(time.time_ns() - 600 * 10**9)", "stale"),
            (
                "endheaders(body or None)",
                "endheaders(body.replace(b\"1.50\", b\"1.51\"))",
                "signature",
            ),
        ],
        Language::Node => [
            ("Date.now()", "Date.now() - 600000", "stale"),
            (
                "sent.end(body.length > 0 ? body : undefined)",
                "sent.end(body.toString().replace(\"1.50\", \"1.51\"))",
                "signature",
            ),
        ],
        Language::Java => [
            (
                "System.currentTimeMillis()",
                "System.currentTimeMillis() - 600000L",
                "stale",
            ),
            (
                "ofByteArray(body)",
                "ofString(new String(body, StandardCharsets.UTF_8).replace(\"1.50\", \"1.51\"))",
                "signature",
            ),
        ],
    }
}

#[test]
fn a_changed_program_or_key_is_refused() {
    let workshop = every_step(None);
    for language in Language::ALL {
        if !language.is_installed() {
            continue;
        }
        let program = workshop.export(language, "a", "every-step").unwrap();
        for (from, to, fault) in changes(language) {
            assert!(program.text.contains(from), "{from}: {}", program.text);
            let changed = workshop.changed(language, &program, &program.text.replace(from, to));
            workshop.build(language, std::slice::from_ref(&changed));
            let ran = workshop.run(language, &changed, &[]);
            assert_eq!(ran.fault.as_deref(), Some(fault), "{to}: {ran:?}");
        }
        workshop.build(language, std::slice::from_ref(&program));
        let other_key = [(
            "INGAM_EVERY_STEP__MAC_KEY",
            "c2FuZGJveC1rZXktdGhhdC1pcy1ubyBzZWNyZXU=",
        )];
        let ran = workshop.run(language, &program, &other_key);
        assert_eq!(ran.fault.as_deref(), Some("signature"), "{ran:?}");
    }
}

#[test]
fn a_program_without_a_token_or_a_credential_sends_nothing() {
    let workshop = Workshop::open(repository(), "envs:\n");
    for language in Language::ALL {
        if !language.is_installed() {
            continue;
        }
        let program = workshop
            .export(language, "shopee/shop_info", "shopee")
            .unwrap();
        workshop.build(language, std::slice::from_ref(&program));
        for (missing, message) in [
            (
                "ACCESS_TOKEN",
                "there is no token: set the environment variable INGAM_SHOPEE__ACCESS_TOKEN",
            ),
            (
                "PARTNER_KEY",
                "set these environment variables: INGAM_SHOPEE__PARTNER_KEY",
            ),
        ] {
            let variable = format!("INGAM_SHOPEE__{missing}");
            let ran = workshop.run(language, &program, &[(&variable, "")]);
            assert!(ran.stderr.contains(message), "{ran:?}");
            assert_eq!((ran.verdict, ran.code), (None, 1));
        }
    }
}

/// Naver's own example of a step with bcrypt, as a scheme of the user.
const BCRYPT: &str = "scheme: slow-hash
credentials:
  salt: { secret: true, description: \"a salt of bcrypt\" }
hosts: { live: \"https://host.invalid\" }
clock: { format: unix_ms, window: 5m }
sign:
  - { id: signature, bcrypt: \"{{ ts }}\", salt: \"{{ cred.salt }}\" }
attach: { headers: { X-Ts: \"{{ ts }}\", X-Sign: \"{{ signature }}\" } }
covers: []
sandbox:
  keys: { salt: \"$2a$04$abcdefghijklmnopqrstuu\" }
  read: { ts: { header: x-ts }, signature: { header: x-sign } }
";

#[test]
fn a_step_that_a_language_does_not_have_is_an_error_with_its_name() {
    let folder = Folder::new();
    folder.write("schemes/slow-hash.yaml", BCRYPT);
    folder.write("requests/a.yaml", "scheme: slow-hash\nget: /a\n");
    let workshop = Workshop::open(folder, "envs:\n");
    let error = workshop
        .export(Language::Java, "a", "slow-hash")
        .unwrap_err();
    assert!(
        error.contains("the step `signature`: Java has no `bcrypt_hash`"),
        "{error}"
    );
    for language in [Language::Python, Language::Node] {
        if !language.is_installed() {
            continue;
        }
        let program = workshop.export(language, "a", "slow-hash").unwrap();
        assert!(program.text.contains("install bcrypt"), "{}", program.text);
        let ran = workshop.run(language, &program, &[]);
        assert!(ran.is_accepted(), "{language:?} {ran:?}");
    }
}

#[test]
fn what_a_program_cannot_say_is_an_error_with_its_step() {
    let folder = Folder::new();
    let scheme = BCRYPT.replace(
        "\"{{ ts }}\", salt",
        "\"{{ (unix_ms // 1000) ~ '' }}\", salt",
    );
    folder.write("schemes/slow-hash.yaml", &scheme);
    folder.write("requests/a.yaml", "scheme: slow-hash\nget: /a\n");
    let workshop = Workshop::open(folder, "envs:\n");
    let error = workshop
        .export(Language::Python, "a", "slow-hash")
        .unwrap_err();
    assert!(
        error.contains("the step `signature`: `{{ (unix_ms // 1000) ~ '' }}` cannot be written as a program: `/` is not understood"),
        "{error}"
    );
}

#[test]
fn no_secret_stands_in_a_program() {
    let folder = Folder::new();
    folder.write("schemes/every-step.yaml", EVERY_STEP);
    let request = ITS_REQUEST.replace("number:", "secret: \"x{{ secret.buyer }}\", number:");
    folder.write("requests/a.yaml", &request);
    let workshop = Workshop::open(folder, "envs:\n");
    for language in Language::ALL {
        let secret = [("INGAM_SECRET_BUYER", "s3cret-9f8e7d6c5b4a")];
        let program = workshop
            .export_with(language, "a", "every-step", &secret)
            .unwrap();
        assert!(!program.text.contains("9f8e7d6c"), "{}", program.text);
        assert!(
            program.text.contains("INGAM_SECRET_BUYER"),
            "{}",
            program.text
        );
        if language.is_installed() {
            workshop.build(language, std::slice::from_ref(&program));
            let ran = workshop.run(language, &program, &secret);
            assert!(ran.is_accepted(), "{language:?} {ran:?}");
        }
    }
}

/// A scheme that signs the query as pairs, with two steps whose ids and parts are named alike.
const TWO_TEXTS: &str = "scheme: two-texts
hosts: { live: \"https://two.example\" }
credentials: { key: { secret: true } }
sign:
  - { id: t_message, text: \"first:{{ req.query_pairs | bytesort | concat }}\" }
  - { id: t, jwt: HS256, key: \"{{ cred.key }}\", claims: { path: \"{{ req.path }}\" } }
attach: { headers: { Authorization: \"Bearer {{ t }}\", X-Text: \"{{ t_message }}\" } }
covers: [path, query]
sandbox: { keys: { key: sandbox-key-4f8a1c0de54321aa } }
";

#[test]
fn neither_a_step_nor_a_query_of_the_path_takes_the_place_of_another_value() {
    let folder = Folder::new();
    folder.write("schemes/two-texts.yaml", TWO_TEXTS);
    folder.write(
        "requests/a.yaml",
        "scheme: two-texts\nget: \"/v1/x?key={{ secret.k }}&b=2\"\nquery: { a: 1 }\n",
    );
    let workshop = Workshop::open(folder, "envs:\n");
    let secret = [("INGAM_SECRET_K", "tok-9f8e7d6c5b4a3210")];
    for language in Language::ALL {
        if !language.is_installed() {
            continue;
        }
        let program = workshop
            .export_with(language, "a", "two-texts", &secret)
            .unwrap();
        assert!(!program.text.contains("9f8e7d6c"), "{}", program.text);
        workshop.build(language, std::slice::from_ref(&program));
        let ran = workshop.run(language, &program, &secret);
        assert!(ran.is_accepted(), "{language:?}: {ran:?}\n{}", program.text);
    }
}
