//! Programs of small schemes, as text; `tests/it/exports/programs.rs` runs those of all schemes.

use super::functions::{ALL, CHECK_CREDENTIALS, SEND};
use super::language::{ProgramHead, write};
use super::operation::{Statement, Term, Variable};
use super::runtime::{needed_sections, sections};
use super::{ProgramError, ProgramLanguage};

const LANGUAGES: [ProgramLanguage; 3] = [
    ProgramLanguage::Python,
    ProgramLanguage::Node,
    ProgramLanguage::Java,
];

#[test]
fn every_function_is_in_every_language_or_known_to_be_missing() {
    let mut missing = Vec::new();
    for language in LANGUAGES {
        let sections = sections(language.language().runtime());
        let names = ALL.iter().map(|function| function.name);
        for name in names.chain([SEND, CHECK_CREDENTIALS]) {
            if let Err(name) = needed_sections(&sections, &[name]) {
                missing.push((language, name));
            }
        }
    }
    assert_eq!(missing, [(ProgramLanguage::Java, "bcrypt_hash")]);
}

#[test]
fn a_text_of_a_request_stays_a_text_in_every_language() {
    let text = "a\"b\\c\n\r\t\u{0}\u{7f}한\u{202e}\u{1f600}\\u0041${x}`#{y}";
    let written: Vec<String> = LANGUAGES
        .iter()
        .map(|language| language.language().text(text))
        .collect();
    assert_eq!(
        written,
        [
            "\"a\\\"b\\\\c\\n\\r\\t\\U00000000\\U0000007f한\\U0000202e😀\\\\u0041${x}`#{y}\"",
            "\"a\\\"b\\\\c\\n\\r\\t\\u{0}\\u{7f}한\\u{202e}😀\\\\u0041${x}`#{y}\"",
            "\"a\\\"b\\\\c\\n\\r\\t\\000\\177\\ud55c\\u202e\\ud83d\\ude00\\\\u0041${x}`#{y}\"",
        ]
    );
}

#[test]
fn no_two_variables_of_a_program_have_one_name() {
    let set = |name: &str| Statement::Set {
        variable: Variable {
            name: name.to_owned(),
            shape: Term::text("").shape(),
        },
        value: Term::text(name),
        is_new: true,
        place: format!("the step of `{name}`"),
    };
    let head = ProgramHead {
        title: "a",
        scheme: "a",
        level: "",
        notes: &[],
        token_command: None,
    };
    let written = |language: ProgramLanguage| {
        let statements = [set("step_a_b"), set("step_aB")];
        write(language.language(), &head, &statements)
    };
    let alike = |language: &str| {
        let reason = format!(
            "{language} spells the variables `step_a_b` and `step_aB` alike; give one of them another name in the scheme"
        );
        Err(ProgramError::new("the step of `step_aB`", reason))
    };
    assert!(written(ProgramLanguage::Python).is_ok());
    assert_eq!(written(ProgramLanguage::Node), alike("Node"));
    assert_eq!(written(ProgramLanguage::Java), alike("Java"));
}
