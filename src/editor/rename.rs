//! Gives a thing another name: everywhere where it is written, and in the names of files.

use super::fixes::BufferEdit;
use super::navigation::{places_of, symbol_at};
use super::symbols::Symbol;
use super::visible_names::file_of;
use super::workspace::EditorWorkspace;
use crate::load::{is_id, is_variable_name};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The edits of a rename: of texts, and of the names of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RenameEdits {
    /// Of one file side by side.
    pub(crate) texts: Vec<(PathBuf, BufferEdit)>,
    /// Old and new path.
    pub(crate) files: Vec<(PathBuf, PathBuf)>,
}

/// The name at an offset that can be renamed.
///
/// # Errors
/// The reason why it cannot.
pub(crate) fn renamed_place(
    editor: &EditorWorkspace,
    path: &Path,
    offset: usize,
) -> Result<Range<usize>, String> {
    check_current(editor, path)?;
    let found = symbol_at(editor, path, offset);
    let found = found.ok_or_else(|| "there is no name here that can be renamed".to_owned())?;
    if let Symbol::Scheme(name) = &found.symbol
        && crate::schemes::built_in_text(name).is_some()
    {
        return Err(format!("`{name}` is built in"));
    }
    let places = places_of(editor, &found.symbol);
    if !places.iter().any(|place| place.is_definition) {
        return Err(format!("nothing defines `{}`", found.symbol.name()));
    }
    for place in &places {
        check_current(editor, &place.path)?;
    }
    check_broken_files(editor, &found.symbol)?;
    Ok(found.range)
}

/// The last good tree of a broken file has the places of another text: an edit there would change
/// other letters.
fn check_current(editor: &EditorWorkspace, path: &Path) -> Result<(), String> {
    if editor.is_current(path) {
        return Ok(());
    }
    let path = path.display();
    Err(format!(
        "`{path}` is not valid YAML at the moment, so its names are not known: correct it, then \
         rename"
    ))
}

/// A broken file may use the name where its last good tree does not.
fn check_broken_files(editor: &EditorWorkspace, symbol: &Symbol) -> Result<(), String> {
    let name = symbol.name().rsplit('/').next().unwrap_or_default();
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    let holds = |text: &str| {
        text.split(|letter| !is_part(letter))
            .any(|word| word == name)
    };
    let mut files = editor.texts().filter(|(_, text)| holds(text));
    files.try_for_each(|(path, _)| check_current(editor, path))
}

/// Gives the thing at an offset another name, everywhere.
///
/// # Errors
/// The reason why it cannot have this name.
pub(crate) fn rename(
    editor: &EditorWorkspace,
    path: &Path,
    offset: usize,
    new_name: &str,
) -> Result<RenameEdits, String> {
    renamed_place(editor, path, offset)?;
    let found = symbol_at(editor, path, offset);
    let symbol = found.map(|found| found.symbol);
    let symbol = symbol.ok_or_else(|| "there is no name here".to_owned())?;
    check_new_name(editor, &symbol, new_name)?;
    let mut places = places_of(editor, &symbol);
    places.retain(|place| !place.range.is_empty());
    // Templates see the captures of used steps below the last part of the name.
    let prefix = new_name.rsplit('/').next().unwrap_or(new_name);
    if places.iter().any(|place| place.is_prefix) && !is_variable_name(prefix) {
        return Err(format!(
            "`{prefix}` cannot stand before the names that its steps capture"
        ));
    }
    let texts = places.into_iter().map(|place| {
        let text = if place.is_prefix { prefix } else { new_name };
        let edit = BufferEdit {
            range: place.range,
            text: text.to_owned(),
        };
        (place.path, edit)
    });
    Ok(RenameEdits {
        texts: texts.collect(),
        files: renamed_files(editor, &symbol, new_name),
    })
}

fn check_new_name(editor: &EditorWorkspace, symbol: &Symbol, new: &str) -> Result<(), String> {
    let is_valid = match symbol {
        Symbol::Variable { .. } | Symbol::FixtureValue { .. } => is_variable_name(new),
        _ => new.split('/').all(is_id),
    };
    let is_reserved = crate::render::RESERVED_NAMES.contains(&new);
    if !is_valid || is_reserved {
        return Err(format!("`{new}` cannot be a name here"));
    }
    let mut renamed = symbol.clone();
    match &mut renamed {
        Symbol::Variable { name, .. }
        | Symbol::FixtureValue { name, .. }
        | Symbol::Step { name, .. }
        | Symbol::Account { name, .. }
        | Symbol::Fixture(name)
        | Symbol::Scheme(name)
        | Symbol::Environment(name)
        | Symbol::Request(name) => new.clone_into(name),
    }
    let taken = places_of(editor, &renamed);
    if taken.iter().any(|place| place.is_definition) {
        return Err(format!("`{new}` is taken already"));
    }
    Ok(())
}

/// The files that bear the name: the thing's own, and its recording.
fn renamed_files(editor: &EditorWorkspace, symbol: &Symbol, new: &str) -> Vec<(PathBuf, PathBuf)> {
    let folders: Vec<(String, &str)> = match symbol {
        Symbol::Fixture(name) => vec![
            ("fixtures".to_owned(), name),
            ("fixtures/recordings/fixtures".to_owned(), name),
        ],
        Symbol::Request(name) => vec![
            ("requests".to_owned(), name),
            ("fixtures/recordings".to_owned(), name),
        ],
        Symbol::Scheme(name) => vec![("schemes".to_owned(), name)],
        _ => Vec::new(),
    };
    let files = folders.into_iter().filter_map(|(folder, name)| {
        let old = file_of(editor, &folder, name)?;
        let ending = old.extension()?.to_str()?.to_owned();
        Some((old, PathBuf::from(format!("{folder}/{new}.{ending}"))))
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::super::navigation::references;
    use super::*;
    use crate::editor::EditorHooks;

    const GOOD: &str = "scheme: none\nget: /\nquery: { a: \"{{ size }}\" }\n";

    fn workspace() -> (tempfile::TempDir, EditorWorkspace) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("requests")).unwrap();
        for (path, text) in [
            ("ingam.yaml", "vars: { size: 5 }\n"),
            ("requests/a.yaml", GOOD),
        ] {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let editor = EditorWorkspace::open(folder.path(), 1, EditorHooks::of_loader()).unwrap();
        (folder, editor)
    }

    fn type_into(editor: &mut EditorWorkspace, path: &str, text: &str) {
        editor.set_buffer(Path::new(path), Some(text.into()));
        editor.refresh();
    }

    #[test]
    fn a_broken_file_refuses_the_rename_and_has_no_references() {
        let (_folder, mut editor) = workspace();
        let settings = Path::new("ingam.yaml");
        assert_eq!(references(&editor, settings, 8).len(), 2);
        assert_eq!(
            rename(&editor, settings, 8, "count").unwrap().texts.len(),
            2
        );
        // The last good tree has its places two lines higher.
        let broken = format!("# one\n# two\n{GOOD}json: {{\n");
        type_into(&mut editor, "requests/a.yaml", &broken);
        let paths = references(&editor, settings, 8).into_iter();
        let paths: Vec<PathBuf> = paths.map(|place| place.path).collect();
        assert_eq!(paths, [settings]);
        let reason = rename(&editor, settings, 8, "count").unwrap_err();
        assert!(reason.contains("`requests/a.yaml`"), "{reason}");
        let own = Path::new("requests/a.yaml");
        assert!(references(&editor, own, 35).is_empty());
        assert!(rename(&editor, own, 35, "count").is_err());
        // A file that was never valid, and has the name.
        type_into(&mut editor, "requests/a.yaml", "scheme: none\nget: /\n");
        type_into(&mut editor, "requests/b.yaml", "get: {{ size }\n");
        let reason = rename(&editor, settings, 8, "count").unwrap_err();
        assert!(reason.contains("`requests/b.yaml`"), "{reason}");
        // A broken file without the name is not touched.
        type_into(&mut editor, "requests/b.yaml", "get: {{ resize }\n");
        assert_eq!(
            rename(&editor, settings, 8, "count").unwrap().texts.len(),
            1
        );
    }
}
