//! The JSON Schemas for editors say what the decoder says: what decodes fits them, and what they
//! refuse is a fault.

use super::program::{Folder, ingam, root, text};
use ingam::internals::load::{SCHEMAS, schema_of};
use std::path::{Path, PathBuf};

fn validator(kind: &str) -> jsonschema::Validator {
    let schema: serde_json::Value = serde_json::from_str(schema_of(kind).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// A YAML file in the reading of the program, as the JSON that an editor would validate.
fn json_of(text: &str) -> Option<serde_json::Value> {
    let node = ingam::internals::yaml::parse(ingam::internals::span::FileId(0), text).ok()?;
    serde_json::from_str(&node.to_value().to_json()).ok()
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn every_schema_is_one_and_is_printed() {
    for (kind, schema) in SCHEMAS {
        validator(kind);
        let folder = Folder::new();
        let (stdout, _, code) = text(
            &ingam(folder.path())
                .args(["schema", kind])
                .output()
                .unwrap(),
        );
        assert_eq!((stdout.trim(), code), (schema.trim(), 0));
    }
}

#[test]
fn what_the_decoder_accepts_fits_the_schema() {
    for (kind, folder) in [
        ("request", "requests"),
        (
            "request",
            "tests/cases/file/ok_poll_pages_and_retry/in/requests",
        ),
        ("recording", "fixtures/recordings"),
        ("fixture", "fixtures"),
        ("scheme", "src/schemes"),
        ("scheme", "tests/vectors/workspace/schemes"),
    ] {
        let mut files = Vec::new();
        yaml_files(&root().join(folder), &mut files);
        files.retain(|file| kind != "fixture" || file.parent() == Some(&root().join("fixtures")));
        assert!(!files.is_empty(), "{folder}");
        let validator = validator(kind);
        for file in files {
            let value = json_of(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&value)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", file.display());
        }
    }
    let value = json_of(&std::fs::read_to_string(root().join("ingam.yaml")).unwrap()).unwrap();
    assert!(validator("workspace").is_valid(&value));
}

/// Every faulty file of the cases whose fault a schema can see is refused by it; the others are
/// counted, so that a schema that accepts everything shows.
#[test]
fn most_faulty_files_are_refused_by_the_schema_too() {
    let validator = validator("request");
    let mut files = Vec::new();
    let cases = root().join("tests/cases/file");
    for entry in std::fs::read_dir(&cases).unwrap() {
        let folder = entry.unwrap().path();
        // Elsewhere the fault is in a fixture, a recording or another file.
        let output = std::fs::read_to_string(folder.join("output.snap")).unwrap_or_default();
        if output.contains("--> requests/") {
            yaml_files(&folder.join("in/requests"), &mut files);
        }
    }
    let shapes: Vec<serde_json::Value> = files
        .iter()
        .filter_map(|file| json_of(&std::fs::read_to_string(file).ok()?))
        .collect();
    let refused = shapes
        .iter()
        .filter(|value| !validator.is_valid(value))
        .count();
    println!(
        "{refused} of {} request files of the faulty cases are refused by the schema",
        shapes.len()
    );
    assert!(
        refused * 10 > shapes.len() * 4,
        "only {refused} of {}",
        shapes.len()
    );
}
