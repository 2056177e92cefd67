//! What can be written at the cursor: keys, values, names in templates, and paths of responses.

mod keys;
mod names;
mod response_paths;
mod templates;
mod values;

use super::cursor::{Cursor, CursorPart, cursors};
use super::holes::hole_around;
use super::outline::kind_of;
use super::workspace::EditorWorkspace;
use crate::load::FileKind;
use std::ops::Range;
use std::path::Path;

/// What a completion stands for, for the picture beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompletionKind {
    Key,
    Word,
    Variable,
    Function,
    Reference,
    ResponsePath,
    File,
}

/// One thing that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) label: String,
    pub(crate) kind: CompletionKind,
    /// A few words: an origin, a type, a sample.
    pub(crate) detail: Option<String>,
    pub(crate) documentation: Option<String>,
    /// What takes the place of `range`.
    pub(crate) insert: String,
    pub(crate) range: Range<usize>,
}

/// A list of more does not help anybody, and an editor takes long to show it.
const MAX_COMPLETIONS: usize = 500;

/// Everything that can be written at an offset of a file, the likeliest first.
#[must_use]
pub(crate) fn completions(editor: &EditorWorkspace, path: &Path, offset: usize) -> Vec<Completion> {
    let (Some(text), Some((kind, name))) = (editor.text(path), kind_of(path)) else {
        return Vec::new();
    };
    if offset > text.len() || !text.is_char_boundary(offset) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let Some(hole) = hole_around(text, offset) {
        templates::complete(editor, path, text, (offset, &hole), &mut found);
    } else {
        for cursor in cursors(text, offset) {
            let place = CompletionPlace {
                editor,
                kind,
                file_name: &name,
                typed: text.get(cursor.typed.start..offset).unwrap_or_default(),
                cursor: &cursor,
            };
            place.complete(&mut found);
        }
    }
    found.truncate(MAX_COMPLETIONS);
    found
}

/// The cursor in a file, outside of templates.
struct CompletionPlace<'c> {
    editor: &'c EditorWorkspace,
    kind: FileKind,
    file_name: &'c str,
    /// What stands before the cursor already.
    typed: &'c str,
    cursor: &'c Cursor,
}

impl CompletionPlace<'_> {
    fn complete(&self, found: &mut Vec<Completion>) {
        match self.cursor.part {
            CursorPart::Key => {
                keys::complete(self, found);
                response_paths::complete_keys(self, found);
            }
            CursorPart::Value => {
                values::complete(self, found);
                response_paths::complete_values(self, found);
            }
        }
    }

    fn item(&self, label: impl Into<String>, kind: CompletionKind) -> Completion {
        let label = label.into();
        Completion {
            insert: label.clone(),
            label,
            kind,
            detail: None,
            documentation: None,
            range: self.cursor.typed.clone(),
        }
    }

    /// A key, with its colon where none follows.
    fn key(&self, name: &str, kind: CompletionKind) -> Completion {
        let mut item = self.item(name, kind);
        item.insert = self.spelled(name);
        if !self.cursor.has_colon {
            item.insert
                .push_str(if self.cursor.is_quoted { "" } else { ": " });
        }
        item
    }

    /// As it is written here: inside of `{ }`, a path with brackets needs quotes.
    fn spelled(&self, text: &str) -> String {
        let needs_quotes = self.cursor.is_flow && text.contains(['[', ']', '{', '}', ',']);
        if needs_quotes && !self.cursor.is_quoted {
            format!("'{text}'")
        } else {
            text.to_owned()
        }
    }
}
