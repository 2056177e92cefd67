//! Names, functions and filters inside of `{{ }}`.

use super::{Completion, CompletionKind};
use crate::editor::cursor::{PathStep, path_at};
use crate::editor::holes::word_at;
use crate::editor::language_docs::{FUNCTIONS, SCHEME_NAMES, TemplateWord, filters};
use crate::editor::outline::kind_of;
use crate::editor::visible_names::{VisibleName, visible_names};
use crate::editor::workspace::EditorWorkspace;
use crate::load::FileKind;
use crate::render::TemplateDialect;
use crate::span::FileId;
use crate::yaml::{NodeKind, YamlNode};
use std::ops::Range;
use std::path::Path;

/// `at` is the offset of the cursor, and the hole around it.
pub(super) fn complete(
    editor: &EditorWorkspace,
    path: &Path,
    text: &str,
    at: (usize, &Range<usize>),
    found: &mut Vec<Completion>,
) {
    let (offset, hole) = at;
    let before = text.get(hole.start..offset).unwrap_or_default();
    let Some(word) = word_at(text, hole, offset).filter(|_| !is_quoted(before)) else {
        return;
    };
    let is_scheme = kind_of(path).is_some_and(|(kind, _)| kind == FileKind::Scheme);
    let dialect = if is_scheme {
        TemplateDialect::Scheme
    } else {
        TemplateDialect::Request
    };
    if word.is_filter {
        let names = dialect.filter_names().iter();
        found.extend(names.map(|name| filter(dialect, name, &word.range)));
    } else if is_scheme {
        scheme_names(editor, path, text, hole, &word.range, found);
    } else {
        let (tree, at) = tree_and_path(editor, path, text, hole);
        let names = tree.map(|tree| visible_names(editor, path, &tree, &at));
        let names = names.unwrap_or_default().into_iter();
        found.extend(names.map(|name| variable(name, &word.range)));
        found.extend(FUNCTIONS.iter().map(|known| function(known, &word.range)));
    }
}

fn filter(dialect: TemplateDialect, name: &str, range: &Range<usize>) -> Completion {
    let known = filters(dialect).iter().find(|word| word.name == name);
    Completion {
        label: name.to_owned(),
        kind: CompletionKind::Function,
        detail: known.map(|word| word.signature.to_owned()),
        documentation: known.map(|word| word.meaning.to_owned()),
        insert: name.to_owned(),
        range: range.clone(),
    }
}

fn function(known: &TemplateWord, range: &Range<usize>) -> Completion {
    Completion {
        label: known.name.to_owned(),
        kind: CompletionKind::Function,
        detail: Some(known.signature.to_owned()),
        documentation: Some(known.meaning.to_owned()),
        insert: format!("{}()", known.name),
        range: range.clone(),
    }
}

fn variable(name: VisibleName, range: &Range<usize>) -> Completion {
    let value = name.value.map(|value| format!(": {value}"));
    Completion {
        insert: name.name.clone(),
        label: name.name,
        kind: CompletionKind::Variable,
        detail: Some(format!("{}{}", name.origin, value.unwrap_or_default())),
        documentation: None,
        range: range.clone(),
    }
}

/// Inside of a text of an expression nothing is completed.
fn is_quoted(before: &str) -> bool {
    let mut quote = None;
    for letter in before.chars() {
        match quote {
            Some(open) if open == letter => quote = None,
            None if letter == '\'' || letter == '"' => quote = Some(letter),
            _ => {}
        }
    }
    quote.is_some()
}

/// The tree of the text with a name in the hole, so that an expression that is being written is no
/// fault; else the last good tree.
fn tree_and_path(
    editor: &EditorWorkspace,
    path: &Path,
    text: &str,
    hole: &Range<usize>,
) -> (Option<YamlNode>, Vec<PathStep>) {
    let before = text.get(..hole.start).unwrap_or_default();
    let after = text.get(hole.end..).unwrap_or_default();
    let closing = if after.starts_with("}}") { "" } else { "}}" };
    // A line that ends without its quote would swallow the next ones.
    let line = before.rsplit('\n').next().unwrap_or_default();
    let rest = after.split('\n').next().unwrap_or_default();
    let quotes = line.matches('"').count() + rest.matches('"').count();
    let quote = if quotes % 2 == 1 { "\"" } else { "" };
    for candidate in [
        format!("{before} x {closing}{after}"),
        format!("{before} x {closing}{quote}{after}"),
    ] {
        if let Ok(tree) = crate::yaml::parse(FileId::default(), &candidate) {
            let at = path_at(&tree, hole.start).map(|(path, _)| path);
            return (Some(tree), at.unwrap_or_default());
        }
    }
    let parsed = editor.parsed(path);
    (
        parsed.map(|parsed| parsed.tree.as_ref().clone()),
        Vec::new(),
    )
}

/// The roots of a scheme's templates, and the ids of its steps.
fn scheme_names(
    editor: &EditorWorkspace,
    path: &Path,
    text: &str,
    hole: &Range<usize>,
    range: &Range<usize>,
    found: &mut Vec<Completion>,
) {
    let item = |name: &str, detail: &str| Completion {
        label: name.to_owned(),
        kind: CompletionKind::Variable,
        detail: Some(detail.to_owned()),
        documentation: None,
        insert: name.to_owned(),
        range: range.clone(),
    };
    let (tree, _) = tree_and_path(editor, path, text, hole);
    if let Some(tree) = tree {
        let mut ids = Vec::new();
        step_ids(&tree, &mut ids);
        found.extend(ids.iter().map(|id| item(id, "the result of a step")));
        let credentials = crate::editor::cursor::member(&tree, "credentials");
        for entry in credentials.and_then(YamlNode::as_map).unwrap_or_default() {
            found.push(item(&format!("cred.{}", entry.key), "a credential"));
        }
    }
    found.extend(SCHEME_NAMES.iter().map(|(name, detail)| item(name, detail)));
}

/// The ids of the steps of all `sign` lists.
fn step_ids(node: &YamlNode, ids: &mut Vec<String>) {
    match &node.kind {
        NodeKind::Map(entries) => {
            for entry in entries {
                let steps = (entry.key == "sign")
                    .then(|| entry.value.as_list())
                    .flatten();
                for step in steps.unwrap_or_default() {
                    let id = crate::editor::cursor::member(step, "id");
                    ids.extend(id.and_then(YamlNode::as_text).map(str::to_owned));
                }
                step_ids(&entry.value, ids);
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| step_ids(item, ids)),
        _ => {}
    }
    ids.dedup();
}
