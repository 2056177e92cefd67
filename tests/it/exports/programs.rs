//! Exported programs are run against the sandbox, which verifies what they sign: one for each
//! built-in scheme in each language with `INGAM_MEASURE=1`, a tenth of them otherwise, chosen so
//! that they have every kind of step.

use super::super::program::{Folder, root};
use super::is_whole;
use super::workshop::{Language, Workshop, repository};
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
    if !is_whole() {
        let mut seen = BTreeSet::new();
        requests.retain(|(_, scheme)| A_TENTH.contains(&scheme.as_str()));
        requests.retain(|(_, scheme)| seen.insert(scheme.clone()));
    }
    let schemes: BTreeSet<&String> = requests.iter().map(|(_, scheme)| scheme).collect();
    let (mut programs, mut wrong) = (Vec::new(), Vec::new());
    for (id, scheme) in &requests {
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
