//! Finds files that look like tests and are none: `search.yalm`, a `.json` file that no request
//! names, a folder `request`. Each is a warning of `check`, since a person may want it so.

use crate::diagnostic::Diagnostic;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The folders of a workspace.
const FOLDERS: [&str; 3] = ["requests", "fixtures", "schemes"];
/// What recordings name by their hash.
const BODIES: &str = "fixtures/recordings/bodies";

/// `named` are the files that other files name.
pub(super) fn unread_files(root: &Path, named: &BTreeSet<PathBuf>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (path, is_folder) in entries(root, Path::new("")) {
        found.extend(unread_in_root(&path, is_folder));
    }
    for folder in FOLDERS {
        collect(root, Path::new(folder), named, &mut found);
    }
    found
}

fn collect(root: &Path, folder: &Path, named: &BTreeSet<PathBuf>, found: &mut Vec<Diagnostic>) {
    for (path, is_folder) in entries(root, folder) {
        if is_folder {
            if path != Path::new(BODIES) {
                collect(root, &path, named, found);
            }
            continue;
        }
        // By the name first: to resolve a path asks the system for each of its parts.
        let Some(warning) = unread_file(&path) else {
            continue;
        };
        let full = root.join(&path).canonicalize();
        if !full.is_ok_and(|full| named.contains(&full)) {
            found.push(warning);
        }
    }
}

/// The entries of a folder with their paths below the root, and whether each is a folder. What
/// cannot be read is an error of the loader.
fn entries(root: &Path, folder: &Path) -> Vec<(PathBuf, bool)> {
    let Ok(listing) = std::fs::read_dir(root.join(folder)) else {
        return Vec::new();
    };
    let mut entries: Vec<(PathBuf, bool)> = listing
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            // Editors and version control keep their own files under such names.
            let is_hidden = name.to_string_lossy().starts_with('.');
            let is_folder = entry.file_type().ok()?.is_dir();
            (!is_hidden).then(|| (folder.join(name), is_folder))
        })
        .collect();
    entries.sort();
    entries
}

fn unread_file(path: &Path) -> Option<Diagnostic> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let ending = path.extension()?.to_string_lossy().to_lowercase();
    let is_slip = [("yaml", ""), ("yml", "xml")]
        .iter()
        .any(|(known, other)| ending != *other && strsim::damerau_levenshtein(&ending, known) == 1)
        && ending != "yaml"
        && ending != "yml";
    let hint = if is_slip {
        Some("if it is a request, rename it; otherwise, give it another extension")
    } else if name.contains(".yaml.") || name.contains(".yml.") {
        Some(
            "if it is a request, remove what follows `.yaml` in its name; otherwise, move it to another folder",
        )
    } else {
        None
    };
    if let Some(hint) = hint {
        let what = "ingam does not read this file: its name does not end in `.yaml` or `.yml`";
        return Some(warning(path, what).hint(hint));
    }
    (ending == "json" && !path.starts_with("schemes")).then(|| {
        warning(
            path,
            "ingam does not read this file, and no request uses it",
        )
        .hint("requests must be YAML files; a request uses a table or a JSON Schema by its path")
    })
}

fn unread_in_root(path: &Path, is_folder: bool) -> Option<Diagnostic> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let small = name.to_lowercase();
    if is_folder {
        let meant = FOLDERS
            .into_iter()
            .find(|folder| name != *folder && strsim::damerau_levenshtein(&small, folder) <= 1)?;
        return Some(
            warning(path, "ingam does not read this folder")
                .hint(format!("did you mean `{meant}`?")),
        );
    }
    let is_known = matches!(name.as_str(), "ingam.yaml" | "ingam.yml");
    let is_slip = strsim::damerau_levenshtein(&small, "ingam.yaml") <= 2
        || matches!(small.as_str(), "ingam.json" | "ingam.toml");
    (is_slip && !is_known)
        .then(|| warning(path, "ingam does not read this file").hint("did you mean `ingam.yaml`?"))
}

fn warning(path: &Path, title: &str) -> Diagnostic {
    Diagnostic::warning(title).in_file(path)
}
