//! The README and all pages of `docs` are tests: their tables and their YAML blocks.

use super::program::{Folder, ingam, root, text};
use std::path::Path;

pub(super) struct Block {
    pub(super) info: String,
    pub(super) text: String,
    pub(super) line: usize,
}

pub(super) fn blocks(path: &str) -> Vec<Block> {
    let document = std::fs::read_to_string(root().join(path)).unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, content) in (1..).zip(document.lines()) {
        match (&mut open, content.trim_start().strip_prefix("```")) {
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(content);
                block.text.push('\n');
            }
            (None, Some(info)) => {
                open = Some(Block {
                    info: info.to_owned(),
                    text: String::new(),
                    line,
                });
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{path}: a block is not closed");
    blocks
}

/// The pages below `folder`, from the root of the repository.
pub(super) fn pages_below(folder: &str) -> Vec<String> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            pages.extend(pages_below(&path));
        } else if Path::new(&path).extension().is_some_and(|end| end == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}

/// Every piece of code in the texts, headings and tables of a page, without its blocks.
pub(super) fn code_spans(path: &str) -> Vec<String> {
    let document = std::fs::read_to_string(root().join(path)).unwrap();
    let mut is_in_block = false;
    let mut text = String::new();
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            is_in_block = !is_in_block;
        } else if !is_in_block {
            text.push_str(line);
            text.push('\n');
        }
    }
    let spans = text.split('`').skip(1).step_by(2);
    spans.map(str::to_owned).collect()
}

#[test]
fn every_yaml_block_of_the_documentation_is_what_it_says() {
    let mut counted = 0;
    let mut pages = pages_below("docs");
    pages.extend(["README.md", "README.ko.md"].map(str::to_owned));
    for page in pages {
        for block in blocks(&page) {
            let Some(kind) = block.info.strip_prefix("yaml") else {
                continue;
            };
            // A block can be a file of a whole example, which another test runs.
            let kind = kind.split("file=").next().unwrap_or(kind);
            check_block(&page, &block, kind.trim());
            counted += 1;
        }
    }
    assert!(counted > 500, "only {counted} blocks");
}

fn check_block(page: &str, block: &Block, kind: &str) {
    if kind == "fragment" {
        assert!(
            ingam::internals::yaml::parse(ingam::internals::span::FileId(0), &block.text).is_ok(),
            "{page}:{}: not YAML",
            block.line
        );
        return;
    }
    let folder = Folder::new();
    let scheme = block
        .text
        .lines()
        .find_map(|line| line.strip_prefix("scheme: "))
        .unwrap_or("x")
        .trim();
    let path = match kind.trim_start_matches("wrong ") {
        "request" => "requests/block.yaml".to_owned(),
        "recording" => "fixtures/recordings/block.yaml".to_owned(),
        "workspace" => "ingam.yaml".to_owned(),
        "fixture" => "fixtures/block.yaml".to_owned(),
        "scheme" => format!("schemes/{scheme}.yaml"),
        other => panic!("{page}:{}: `{other}` is no kind of block", block.line),
    };
    folder.write(&path, &block.text);
    if path != "ingam.yaml" {
        // The accounts that the examples speak of.
        let accounts =
            "{ shopee: { sg: { shop_id: 123456 } }, coupang: { main: { vendor_id: A00012345 } } }";
        folder.write(
            "ingam.yaml",
            &format!("envs: {{ live: {{ accounts: {accounts} }} }}\n"),
        );
    }
    if path != "requests/block.yaml" {
        folder.write("requests/plain.yaml", "scheme: coupang\nget: /v2/plain\n");
    }
    let (stdout, stderr, code) = text(&ingam(folder.path()).arg("check").output().unwrap());
    let wanted = if kind.starts_with("wrong ") { 3 } else { 0 };
    assert_eq!(
        code, wanted,
        "{page}:{}:\n{}\n{stdout}{stderr}",
        block.line, block.text
    );
}

/// The files of the tutorial, each under the name that its first line gives.
#[test]
fn the_scheme_of_the_tutorial_is_proven_and_its_request_runs() {
    let folder = Folder::new();
    let mut files = 0;
    for block in blocks("docs/how-to/write-a-scheme.md") {
        let first = block.text.lines().next().unwrap_or_default();
        let named = first
            .strip_prefix("# ")
            .filter(|name| name.ends_with(".yaml"));
        if let Some(name) = named.filter(|name| *name != "ingam.yaml") {
            folder.write(name, &block.text);
            files += 1;
        }
    }
    assert_eq!(files, 3, "the scheme, the request and the recording");
    for args in [
        &["scheme", "check", "river-mall"][..],
        &["run", "river-mall"],
    ] {
        let (stdout, stderr, code) = text(&ingam(folder.path()).args(args).output().unwrap());
        assert_eq!(code, 0, "{args:?}: {stdout}{stderr}");
    }
}

#[test]
fn the_main_job_runs_and_every_request_passes() {
    let (stdout, stderr, code) = text(&ingam(root()).arg("run").output().unwrap());
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains(" passed, 1 skipped"), "{stdout}");
    assert!(stderr.is_empty(), "{stderr}");
}

#[test]
fn a_new_workspace_runs_at_once_and_nothing_is_overwritten() {
    let folder = Folder::new();
    let run = |args: &[&str]| text(&ingam(folder.path()).args(args).output().unwrap());
    assert_eq!(run(&["init"]).2, 0);
    let (stdout, _, code) = run(&["run"]);
    assert!(code == 0 && stdout.contains("1 passed"), "{stdout}");
    assert_eq!(
        run(&["init"]).2,
        5,
        "a second init must not write over the first"
    );
}

/// Every member of the JSON document stands in its description.
#[test]
fn the_document_of_a_run_is_described() {
    let folder = Folder::new();
    let run = |args: &[&str]| text(&ingam(folder.path()).args(args).output().unwrap());
    run(&["init"]);
    run(&["run", "--report", "json=run.json"]);
    let document: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("run.json")).unwrap())
            .unwrap();
    let description = std::fs::read_to_string(root().join("docs/reference/reports.md")).unwrap();
    let mut names = Vec::new();
    members(&document, &mut names);
    assert!(names.len() > 40, "{names:?}");
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !description.contains(&format!("`{name}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/reference/reports.md does not name {missing:?}"
    );
}

fn members(value: &serde_json::Value, names: &mut Vec<String>) {
    let inside: Vec<&serde_json::Value> = match value {
        serde_json::Value::Object(map) => {
            names.extend(map.keys().cloned());
            map.values().collect()
        }
        serde_json::Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    inside.into_iter().for_each(|value| members(value, names));
}
