//! The built-in schemes as a reader meets them: each has a file in the table, a region, proven
//! vectors, no warning, and a page that its file makes.

use super::program::{Folder, at_a_terminal, ingam, root, text};
use ingam::internals::load::{all_schemes, load};
use ingam::internals::model::scheme::Scheme;
use ingam::internals::sign::lint;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

fn built_in() -> Vec<Arc<Scheme>> {
    let folder = Folder::new();
    let mut loaded = load(folder.path(), 1).unwrap();
    let schemes = all_schemes(&mut loaded);
    assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
    schemes
}

fn yaml_names(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(folder));
    entries
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn every_file_of_the_folder_is_in_the_table_and_in_the_list() {
    let table: BTreeSet<String> = built_in()
        .iter()
        .map(|scheme| scheme.name.clone())
        .collect();
    assert_eq!(table, yaml_names("src/schemes"));
    let folder = Folder::new();
    let (listed, stderr, code) = text(
        &ingam(folder.path())
            .args(["scheme", "list"])
            .output()
            .unwrap(),
    );
    assert_eq!((stderr.as_str(), code), ("", 0));
    for name in table.iter().chain(&yaml_names("src/schemes/unproven")) {
        let line = listed
            .lines()
            .find(|line| line.split(' ').next() == Some(name));
        assert!(
            line.is_some(),
            "`scheme list` has no line `{name}`:\n{listed}"
        );
    }
}

/// A generic scheme belongs to no region, and `none` proves nothing.
#[test]
fn every_vector_of_a_built_in_scheme_says_what_proves_it() {
    for scheme in built_in() {
        for vector in &scheme.vectors {
            assert!(vector.proof.is_some(), "{}: {}", scheme.name, vector.source);
        }
        let proves_something = !scheme.vectors.is_empty() || scheme.name == "none";
        assert!(proves_something, "{}: no known answer", scheme.name);
    }
}

#[test]
fn no_built_in_scheme_has_a_warning_that_its_file_does_not_answer_for() {
    let found: Vec<String> = built_in()
        .iter()
        .flat_map(|scheme| {
            let findings = lint(scheme).into_iter();
            findings.map(|finding| format!("{}: {}", scheme.name, finding.message))
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_built_in_scheme_is_accepted_by_its_own_sandbox_part() {
    let folder = Folder::new();
    let (stdout, stderr, code) = text(
        &ingam(folder.path())
            .args(["scheme", "check"])
            .output()
            .unwrap(),
    );
    assert_eq!(code, 0, "{stdout}{stderr}");
}

/// `UPDATE_PAGES=1` writes them.
#[test]
fn every_page_of_a_marketplace_is_what_its_file_makes() {
    let folder = Folder::new();
    let pages = root().join("docs/reference/marketplaces");
    let mut stale = Vec::new();
    let schemes = built_in();
    for scheme in schemes.iter().filter(|scheme| scheme.name != "none") {
        let name = scheme.name.as_str();
        let output = ingam(folder.path())
            .args(["scheme", "show", name, "--page"])
            .output()
            .unwrap();
        let (page, stderr, code) = text(&output);
        assert_eq!((stderr.as_str(), code), ("", 0), "{name}");
        if !is_current(&pages.join(format!("{name}.md")), &page) {
            stale.push(name.to_owned());
        }
    }
    let index = index(&schemes);
    if !is_current(&pages.join("README.md"), &index) {
        stale.push("README".to_owned());
    }
    let known: BTreeSet<String> = schemes.iter().map(|scheme| scheme.name.clone()).collect();
    for entry in std::fs::read_dir(&pages).unwrap() {
        let name = entry.unwrap().path();
        let name = name.file_stem().unwrap().to_string_lossy().into_owned();
        if name != "README" && !known.contains(&name) {
            stale.push(format!("{name} (no such scheme)"));
        }
    }
    assert!(
        stale.is_empty(),
        "docs/reference/marketplaces is stale: {}; `UPDATE_PAGES=1 cargo test --test it marketplace_pages` writes it",
        stale.join(", ")
    );
}

pub(super) fn is_current(path: &Path, page: &str) -> bool {
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, page).unwrap();
    }
    std::fs::read_to_string(path).is_ok_and(|written| written == page)
}

fn index(schemes: &[Arc<Scheme>]) -> String {
    let mut page = String::from(
        "<!-- Made by the test `marketplace_pages` from the files of the schemes. Do not edit. -->\n\n\
         # Built-in schemes\n\n`ingam scheme list` prints them with their authentication.\n\n\
         | scheme | marketplace | region | proof |\n| --- | --- | --- | --- |\n",
    );
    for scheme in schemes.iter().filter(|scheme| scheme.name != "none") {
        let name = &scheme.name;
        let title = scheme.title.as_deref().unwrap_or_default();
        let regions = if scheme.regions.is_empty() {
            "any".to_owned()
        } else {
            scheme.regions.join(", ")
        };
        let proof = scheme.proof().map_or("not stated", |proof| proof.name());
        page.push_str(&format!(
            "| [`{name}`]({name}.md) | {title} | {regions} | {proof} |\n"
        ));
    }
    page
}

#[cfg(unix)]
#[test]
fn the_list_fits_a_terminal_and_a_pipe_gets_every_title_whole() {
    let folder = Folder::new();
    folder.write(
        "schemes/mall.yaml",
        "scheme: mall\ntitle: A title that is far too long for a line of a terminal with eighty columns, and then some more of it, and more\n",
    );
    let (piped, _, _) = text(
        &ingam(folder.path())
            .args(["scheme", "list"])
            .output()
            .unwrap(),
    );
    assert!(
        piped.contains("and then some more of it, and more\n"),
        "{piped}"
    );
    let (screen, code) = at_a_terminal(&folder, &["scheme", "list"], &[]);
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("NAME") && screen.contains('…'), "{screen}");
}

#[test]
fn a_copied_scheme_is_marked_and_untrusted_and_checked_like_an_own_one() {
    let folder = Folder::new();
    let run = |args: &[&str]| text(&ingam(folder.path()).args(args).output().unwrap());
    let (_, stderr, code) = run(&["scheme", "add", "coupang", "--as", "my-coupang"]);
    assert_eq!(code, 0, "{stderr}");
    let copy = std::fs::read_to_string(folder.path().join("schemes/my-coupang.yaml")).unwrap();
    assert!(
        copy.starts_with("# Copied by `ingam scheme add coupang` from ingam "),
        "{copy}"
    );
    assert!(copy.contains("\nscheme: my-coupang\n"), "{copy}");
    let (stdout, stderr, code) = run(&["scheme", "check", "my-coupang"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let (listed, _, _) = run(&["scheme", "list"]);
    assert!(listed.contains("(workspace) "), "{listed}");
    folder.write("requests/a.yaml", "scheme: my-coupang\nget: /v2/a\n");
    folder.write(
        "ingam.yaml",
        "envs: { live: { accounts: { my-coupang: { main: { vendor_id: A1 } } } } }\n",
    );
    let output = ingam(folder.path())
        .args(["run", "--env", "live"])
        .env("INGAM_MY_COUPANG__ACCESS_KEY", "a-key-of-twelve")
        .env("INGAM_MY_COUPANG__SECRET_KEY", "x7Kq29-fh31-Zs81pLm4")
        .output()
        .unwrap();
    let (stdout, stderr, code) = text(&output);
    assert!(
        code != 0 && format!("{stdout}{stderr}").contains("ingam trust"),
        "{stdout}{stderr}"
    );
}

/// A faulty request is no fault of a scheme, and another scheme's fault is none of this one.
#[test]
fn scheme_check_reports_only_what_belongs_to_the_scheme() {
    let folder = Folder::new();
    folder.write("requests/a.yaml", "scheme: coupang\ngte: /a\n");
    folder.write("schemes/mall.yaml", "scheme: mall\ntitel: The Mall\n");
    let run = |args: &[&str]| text(&ingam(folder.path()).args(args).output().unwrap());
    let (stdout, stderr, code) = run(&["scheme", "check", "coupang"]);
    assert_eq!((stderr.as_str(), code), ("", 0), "{stdout}");
    let (_, stderr, code) = run(&["scheme", "check", "mall"]);
    assert_eq!(code, 3);
    assert!(
        stderr.contains("titel") && !stderr.contains("gte"),
        "{stderr}"
    );
}
