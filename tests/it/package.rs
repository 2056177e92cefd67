//! The crate as `cargo package` packs it: with everything that a build of it reads, and without
//! what only a clone needs.

use super::architecture::{code_without_tests, sources};
use super::program::root;
use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// crates.io refuses a package above 10 MiB, packed. This one is far below even unpacked.
const MAX_BYTES: u64 = 10 << 20;

fn packed() -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let names = String::from_utf8_lossy(&output.stdout);
    names.lines().map(|name| name.replace('\\', "/")).collect()
}

fn below_root(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap();
    path.to_string_lossy().replace('\\', "/")
}

/// Files that code outside of tests reads when it is compiled.
fn included() -> BTreeSet<String> {
    let macros = Regex::new(r#"include_(?:str|bytes)!\(\s*"([^"]+)""#).unwrap();
    let mut names = BTreeSet::new();
    for source in sources() {
        let code = code_without_tests(&source);
        // What only a clone's tests of the documentation read.
        let code = code.split("#[cfg(doctest)]").next().unwrap();
        for found in macros.captures_iter(code) {
            let path = source.parent().unwrap().join(&found[1]);
            names.insert(below_root(&path.canonicalize().unwrap()));
        }
    }
    names
}

#[test]
fn the_package_holds_what_a_build_reads_and_no_tests() {
    let packed = packed();
    let included = included();
    assert!(included.len() > 50, "{included:?}");
    let sources = sources().iter().map(|source| below_root(source)).collect();
    let texts = ["Cargo.lock", "README.md", "LICENSE-MIT", "LICENSE-APACHE"];
    let texts: BTreeSet<String> = texts.into_iter().map(str::to_owned).collect();
    for needed in [&included, &sources, &texts] {
        let missing: Vec<&String> = needed.difference(&packed).collect();
        assert!(missing.is_empty(), "missing in the package: {missing:?}");
    }
    let folders = [
        "tests/",
        "docs/",
        "fuzz/",
        "benches/",
        "fixtures/",
        "requests/",
    ];
    let useless: Vec<&String> = packed
        .iter()
        .filter(|name| folders.iter().any(|folder| name.starts_with(folder)))
        .collect();
    assert!(useless.is_empty(), "of no use in the package: {useless:?}");
    let size = |name: &String| std::fs::metadata(root().join(name)).map_or(0, |file| file.len());
    let bytes: u64 = packed.iter().map(size).sum();
    assert!(bytes < MAX_BYTES, "{bytes} bytes");
}
