//! No file imports itself by a detour, not inside a room either: what a file says can be read with
//! what stands below it, and moved with it.

use super::architecture::{code_without_tests, sources};
use super::program::root;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module's path below the crate: `["run", "exchange"]`.
type ModulePath = Vec<String>;

/// Names that another module hands on: (module, name) → the module that defines it.
type ReExports = BTreeMap<(ModulePath, String), ModulePath>;

#[test]
fn no_files_import_each_other_in_a_circle() {
    let texts = module_texts();
    let re_exports = re_exports(&texts);
    let graph: BTreeMap<&ModulePath, BTreeSet<ModulePath>> = texts
        .iter()
        .map(|(module, text)| (module, imports(module, text, &texts, &re_exports)))
        .collect();
    let circles: Vec<String> = without_leaves(&graph)
        .into_iter()
        .filter_map(|module| circle_through(module, &graph))
        .collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

/// The search itself must be able to find one.
#[test]
fn a_circle_would_be_found() {
    let path = |name: &str| vec!["room".to_owned(), name.to_owned()];
    let texts = BTreeMap::from([
        (
            vec!["room".to_owned()],
            "pub(crate) use two::Two;".to_owned(),
        ),
        (path("one"), "use super::Two;".to_owned()),
        (path("two"), "use crate::room::{three::Three};".to_owned()),
        (path("three"), "fn f() { super::one::g() }".to_owned()),
    ]);
    let re_exports = re_exports(&texts);
    let graph = texts
        .iter()
        .map(|(module, text)| (module, imports(module, text, &texts, &re_exports)))
        .collect();
    let circle = circle_through(&path("one"), &graph);
    assert_eq!(
        circle.as_deref(),
        Some("room/one -> room/two -> room/three -> room/one")
    );
}

/// The text of every module without its tests, its comments, and the modules that it says to be
/// visible in.
fn module_texts() -> BTreeMap<ModulePath, String> {
    let comment = Regex::new(r"//[^\n]*").unwrap();
    let visibility = Regex::new(r"pub\(in [\w:]+\)").unwrap();
    let mut texts = BTreeMap::new();
    for file in sources() {
        let below = file.strip_prefix(root().join("src")).unwrap();
        let module = module_of(below);
        if matches!(module.join("/").as_str(), "lib" | "main" | "internals") {
            continue;
        }
        let code = code_without_tests(&file);
        let code = comment.replace_all(&code, "");
        texts.insert(module, visibility.replace_all(&code, "pub").into_owned());
    }
    texts
}

fn module_of(below: &Path) -> ModulePath {
    let text = below.with_extension("").to_string_lossy().into_owned();
    let parts: ModulePath = text.split('/').map(str::to_owned).collect();
    match parts.split_last() {
        Some((last, folder)) if last == "mod" => folder.to_vec(),
        _ => parts,
    }
}

fn re_exports(texts: &BTreeMap<ModulePath, String>) -> ReExports {
    let pattern = Regex::new(r"pub(?:\([a-z: ]+\))? use ([a-z_]+)::(\{[^}]*\}|\w+);").unwrap();
    let name = Regex::new(r"\w+").unwrap();
    let mut found = ReExports::new();
    for (module, text) in texts {
        for capture in pattern.captures_iter(text) {
            let mut child = module.clone();
            child.push(capture[1].to_owned());
            if texts.contains_key(&child) {
                for item in name.find_iter(&capture[2]) {
                    found.insert((module.clone(), item.as_str().to_owned()), child.clone());
                }
            }
        }
    }
    found
}

/// The modules that a module needs, but for those that it declares itself.
fn imports(
    module: &ModulePath,
    text: &str,
    texts: &BTreeMap<ModulePath, String>,
    re_exports: &ReExports,
) -> BTreeSet<ModulePath> {
    // At the beginning of a line: messages say `use` as well.
    let uses = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);").unwrap();
    let inline = Regex::new(r"\b(?:crate|super)(?:::\w+)+").unwrap();
    let mut paths = Vec::new();
    for found in uses.captures_iter(text) {
        expand(&found[1].replace(char::is_whitespace, ""), &[], &mut paths);
    }
    for found in inline.find_iter(text) {
        expand(found.as_str(), &[], &mut paths);
    }
    paths
        .iter()
        .filter_map(|path| defining_module(module, path, texts, re_exports))
        .filter(|target| target != module && !is_child(module, target))
        .collect()
}

fn is_child(module: &ModulePath, target: &ModulePath) -> bool {
    target.len() == module.len() + 1 && target.starts_with(module)
}

/// `a::{b,c::d}` as paths.
fn expand(text: &str, head: &[String], paths: &mut Vec<ModulePath>) {
    let text = text.split(" as ").next().unwrap().trim();
    let Some(brace) = text.find('{') else {
        let tail = text.split("::").filter(|part| !part.is_empty());
        paths.push(
            head.iter()
                .cloned()
                .chain(tail.map(str::to_owned))
                .collect(),
        );
        return;
    };
    let parts = text[..brace].split("::").filter(|part| !part.is_empty());
    let head: Vec<String> = head
        .iter()
        .cloned()
        .chain(parts.map(str::to_owned))
        .collect();
    let inner = &text[brace + 1..text.rfind('}').unwrap_or(text.len())];
    let (mut depth, mut begin) = (0, 0);
    for (at, letter) in inner.char_indices().chain([(inner.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if begin < at {
                    expand(&inner[begin..at], &head, paths);
                }
                begin = at + 1;
            }
            _ => {}
        }
    }
}

fn defining_module(
    module: &ModulePath,
    path: &[String],
    texts: &BTreeMap<ModulePath, String>,
    re_exports: &ReExports,
) -> Option<ModulePath> {
    let (first, rest) = path.split_first()?;
    let mut full = match first.as_str() {
        "crate" => rest.to_vec(),
        "super" | "self" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            let base = &module[..module.len().saturating_sub(ups)];
            let rest = path
                .iter()
                .skip_while(|part| *part == "super" || *part == "self");
            base.iter().chain(rest).cloned().collect()
        }
        _ => module.iter().chain(path).cloned().collect(),
    };
    full.retain(|part| part != "self");
    let deepest = (1..=full.len())
        .rev()
        .find(|end| texts.contains_key(&full[..*end]))?;
    // A path without `crate` or `super` that leads no further is one of another crate.
    if !matches!(first.as_str(), "crate" | "super" | "self") && deepest <= module.len() {
        return None;
    }
    let target = full[..deepest].to_vec();
    let item = full.get(deepest).cloned().unwrap_or_default();
    Some(
        re_exports
            .get(&(target.clone(), item))
            .cloned()
            .unwrap_or(target),
    )
}

/// Every module that leads to a circle: what imports nothing, or only such, is taken away in turn.
fn without_leaves<'g>(
    graph: &BTreeMap<&'g ModulePath, BTreeSet<ModulePath>>,
) -> BTreeSet<&'g ModulePath> {
    let mut left: BTreeSet<&ModulePath> = graph.keys().copied().collect();
    loop {
        let before = left.len();
        let kept = left.clone();
        left.retain(|module| graph[module].iter().any(|target| kept.contains(target)));
        if left.len() == before {
            return left;
        }
    }
}

/// The shortest way from a module back to itself.
fn circle_through(
    start: &ModulePath,
    graph: &BTreeMap<&ModulePath, BTreeSet<ModulePath>>,
) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![start.clone()]];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in graph.get(way.last().unwrap()).into_iter().flatten() {
                if next == start {
                    let names = way.iter().chain([start]).map(|module| module.join("/"));
                    return Some(names.collect::<Vec<_>>().join(" -> "));
                }
                if seen.insert(next.clone()) {
                    longer.push(way.iter().chain([next]).cloned().collect());
                }
            }
        }
        ways = longer;
    }
    None
}
