//! What a thing means where the pointer is: a key, a name and its value, what a path finds in the
//! recording, what a predicate demands, the text of a scheme's step for its known answer. No secret
//! is shown: a secret is its name.

use super::cursor::{CursorPart, PathStep, keys_of, node_at, path_at};
use super::holes::{hole_around, word_at};
use super::language_docs::{FUNCTIONS, filters};
use super::outline::{kind_of, step_of_path};
use super::recorded::{found_values, recorded_answer, sample};
use super::schema_view::SchemaView;
use super::visible_names::{recording_name, visible_names};
use super::workspace::{EditorWorkspace, ParsedFile, TemplatePlace};
use crate::jsonpath::JsonPath;
use crate::load::FileKind;
use crate::model::template::Template;
use crate::render::TemplateDialect;
use crate::sign::vector_trace;
use std::ops::Range;
use std::path::Path;

/// So many values of a path are shown.
const MAX_VALUES: usize = 5;
/// So many letters of a text of a signature are shown.
const MAX_TRACE: usize = 300;

/// What is shown for a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hover {
    pub(crate) range: Range<usize>,
    /// Markdown.
    pub(crate) text: String,
}

/// What is known of the thing at an offset.
#[must_use]
pub(crate) fn hover(editor: &EditorWorkspace, path: &Path, offset: usize) -> Option<Hover> {
    let parsed = editor.parsed(path)?;
    let (kind, name) = kind_of(path)?;
    let place = HoverPlace {
        editor,
        path,
        kind,
        file_name: &name,
        parsed: &parsed,
    };
    let found = match hole_around(&parsed.text, offset) {
        Some(hole) => place.expression(&hole, offset),
        None => place.node(offset),
    };
    with_rendering(found, place.rendering(offset))
}

/// A thing, and below it what the template around it renders to.
fn with_rendering(found: Option<Hover>, rendering: Option<Hover>) -> Option<Hover> {
    match (found, rendering) {
        (Some(found), Some(rendering)) => Some(Hover {
            text: format!("{}\n\n{}", found.text, rendering.text),
            ..found
        }),
        (found, rendering) => found.or(rendering),
    }
}

struct HoverPlace<'h> {
    editor: &'h EditorWorkspace,
    path: &'h Path,
    kind: FileKind,
    /// Of the file.
    file_name: &'h str,
    parsed: &'h ParsedFile,
}

impl HoverPlace<'_> {
    /// The word of an expression: a filter, a function, or a name with its value.
    fn expression(&self, hole: &Range<usize>, offset: usize) -> Option<Hover> {
        let text = &self.parsed.text;
        let found = word_at(text, hole, offset)?;
        let word = text
            .get(found.range.clone())
            .filter(|word| !word.is_empty())?;
        let rest = text.get(found.range.end..hole.end)?;
        let is_call = rest.trim_start().starts_with('(');
        let words = if found.is_filter {
            filters(self.dialect())
        } else {
            FUNCTIONS
        };
        let known = words.iter().find(|known| known.name == word);
        let shown = match known.filter(|_| found.is_filter || is_call) {
            Some(known) => format!("`{}`\n\n{}", known.signature, known.meaning),
            None => self.name(word, offset)?,
        };
        Some(Hover {
            range: found.range,
            text: shown,
        })
    }

    /// The origin of a name, and its value where the files say it.
    fn name(&self, word: &str, offset: usize) -> Option<String> {
        let tree = &self.parsed.tree;
        let at = path_at(tree, offset).map(|(path, _)| path);
        let names = visible_names(self.editor, self.path, tree, &at.unwrap_or_default());
        // `item.id.x` is a member of the value `item.id`.
        let is_meant = |name: &str| word == name || word.starts_with(&format!("{name}."));
        let found = names.into_iter().find(|one| is_meant(&one.name))?;
        let value = found.value.map(|value| format!("\n\n{value}"));
        let value = value.unwrap_or_default();
        Some(format!("`{}`: {}{value}", found.name, found.origin))
    }

    fn dialect(&self) -> TemplateDialect {
        if self.kind == FileKind::Scheme {
            TemplateDialect::Scheme
        } else {
            TemplateDialect::Request
        }
    }

    fn node(&self, offset: usize) -> Option<Hover> {
        let tree = &self.parsed.tree;
        let (at, part) = path_at(tree, offset)?;
        let range = self.range_of(&at, part, offset)?;
        let written = self.parsed.text.get(range.clone())?;
        let written = written.trim_matches(['"', '\'']);
        let keys = keys_of(&at);
        let mut parts: Vec<String> = Vec::new();
        if written.starts_with('$') {
            parts.extend(self.found(&at, written));
        }
        if self.kind == FileKind::Scheme && part == CursorPart::Value {
            parts.extend(self.step_text(&keys, written));
        }
        if self.kind != FileKind::Scheme && keys.last() == Some(&"scheme") {
            parts.extend(self.scheme(written));
        }
        let schema = SchemaView::of(self.kind)?;
        let documented = (0..at.len()).rev().find_map(|depth| {
            // The value of an item is documented at the key of its list.
            let path = &at[..=depth];
            let is_key = matches!(path.last(), Some(PathStep::Key(_)));
            let text = schema.documentation(tree, path).filter(|_| is_key)?;
            Some((path.len(), text))
        });
        if let Some((depth, text)) = documented.filter(|(depth, _)| at.len() - depth <= 1)
            && let Some(PathStep::Key(key)) = at.get(depth - 1)
        {
            parts.push(format!("`{key}`: {text}"));
        }
        (!parts.is_empty()).then(|| Hover {
            range,
            text: parts.join("\n\n"),
        })
    }

    /// What the value at an offset renders to, if it has a template.
    fn rendering(&self, offset: usize) -> Option<Hover> {
        let tree = &self.parsed.tree;
        if self.kind != FileKind::Request || !self.editor.is_current(self.path) {
            return None;
        }
        let (at, _) = path_at(tree, offset).filter(|(_, part)| *part == CursorPart::Value)?;
        let node = node_at(tree, &at)?;
        let written = node.as_text().filter(|text| text.contains("{{"))?;
        let template = Template::parse(written, node.at, None).ok()?;
        let (_, method) = step_of_path(tree, &at).method_entry()?;
        let text = self.editor.rendered(&TemplatePlace {
            request: self.file_name,
            step: method.key_at.start,
            template: &template,
        })?;
        let shown: String = text.chars().take(MAX_TRACE).collect();
        let end = if shown.len() < text.len() { "…" } else { "" };
        Some(Hover {
            range: node.at.range(),
            text: format!("Renders to:\n\n```text\n{shown}{end}\n```"),
        })
    }

    fn range_of(&self, at: &[PathStep], part: CursorPart, offset: usize) -> Option<Range<usize>> {
        let tree = &self.parsed.tree;
        if part == CursorPart::Value {
            return Some(node_at(tree, at)?.at.range());
        }
        let entries = super::entries::entries_around(tree, offset);
        Some(entries.last()?.key_at.range())
    }

    /// What a path finds in the recorded response.
    fn found(&self, at: &[PathStep], written: &str) -> Option<String> {
        let path = JsonPath::parse(written).ok()?;
        let step = step_of_path(&self.parsed.tree, at);
        let key = recording_name(self.kind, self.file_name);
        let answer = recorded_answer(self.editor, &key, &step)?;
        let values = found_values(answer.body.as_ref()?, &path);
        let mut lines: Vec<String> = values
            .iter()
            .take(MAX_VALUES)
            .map(|value| format!("- {}", sample(*value)))
            .collect();
        if values.len() > MAX_VALUES {
            lines.push(format!("- … {} more", values.len() - MAX_VALUES));
        }
        if lines.is_empty() {
            lines.push("nothing".to_owned());
        }
        Some(format!(
            "`{written}` finds in the recording `{}` (status {}):\n\n{}",
            answer.recording,
            answer.status,
            lines.join("\n")
        ))
    }

    fn scheme(&self, name: &str) -> Option<String> {
        let scheme = self.editor.scheme(name)?;
        let title = scheme.title.as_deref().unwrap_or(name);
        let levels = scheme.levels.iter().map(|level| level.name.as_str());
        let levels: Vec<&str> = levels.filter(|name| !name.is_empty()).collect();
        let levels = match levels.as_slice() {
            [] => String::new(),
            levels => format!("\n\nLevels: {}", levels.join(", ")),
        };
        Some(format!("{title}{levels}"))
    }

    /// The text of a step of a signature, as its first known answer has it.
    fn step_text(&self, keys: &[&str], written: &str) -> Option<String> {
        if !matches!(keys, [.., "sign", "id"]) {
            return None;
        }
        let schemes = &self.editor.loaded().workspace.schemes;
        let scheme = schemes
            .iter()
            .find(|scheme| scheme.name == self.file_name)?;
        let vector = scheme.vectors.first()?;
        let trace = vector_trace(scheme, vector).ok()?;
        let line = trace.lines.iter().find(|line| line.id == written)?;
        if line.reveals_secret {
            return Some("its value would give a secret away".to_owned());
        }
        let shown: String = line.value.chars().take(MAX_TRACE).collect();
        Some(format!(
            "In the known answer `{}`:\n\n```text\n{shown}\n```",
            vector.source
        ))
    }
}
