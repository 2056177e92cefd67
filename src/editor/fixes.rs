//! Edits that mend a fault, as the repairs beside its hints say. It refuses to guess: a repair whose
//! words are not in the text gives no edit.

use super::entries::{entry_at, entry_extent};
use crate::diagnostic::{Diagnostic, Repair};
use crate::yaml::YamlNode;
use std::ops::Range;

/// A range of a text, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BufferEdit {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

/// One way to mend a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    pub(crate) title: String,
    pub(crate) edits: Vec<BufferEdit>,
    /// There is no other way.
    pub(crate) is_only: bool,
}

/// The fixes of a fault of a file with this text; the tree is absent where it is no YAML.
#[must_use]
pub(crate) fn fixes_of(fault: &Diagnostic, text: &str, tree: Option<&YamlNode>) -> Vec<Fix> {
    let Some(place) = fault.labels.first().map(|label| label.span.range()) else {
        return Vec::new();
    };
    let broken = BrokenPlace { text, place, tree };
    let repairs = fault.repairs.iter();
    repairs.flat_map(|repair| broken.fixes(repair)).collect()
}

/// Where a fault is.
struct BrokenPlace<'t> {
    text: &'t str,
    place: Range<usize>,
    tree: Option<&'t YamlNode>,
}

impl BrokenPlace<'_> {
    fn fixes(&self, repair: &Repair) -> Vec<Fix> {
        let (text, place) = (self.text, &self.place);
        let fix = match repair {
            Repair::Rename { wrong, names } => return self.renamed(wrong, names),
            Repair::Rewrite { title, text: new } => Some(only(
                *title,
                BufferEdit {
                    range: unquoted(text, place),
                    text: new.clone(),
                },
            )),
            Repair::Quote => self.in_quotes(),
            Repair::QuoteLine => {
                quote_value(text, place).map(|edit| only("Put the value in quotes", edit))
            }
            Repair::QuotePath => {
                quote_path(text, place).map(|edit| only("Put the path in quotes", edit))
            }
            Repair::Indent => {
                spaces_for_tabs(text, place).map(|edit| only("Indent with spaces", edit))
            }
            Repair::Remove { key, is_only } => self.removed(key.as_deref(), *is_only),
            Repair::Set { title, key, value } => self.set(title, key, value),
        };
        fix.into_iter().collect()
    }

    fn renamed(&self, wrong: &str, names: &[String]) -> Vec<Fix> {
        let Some(range) = self.place_of(wrong) else {
            return Vec::new();
        };
        let fixes = names.iter().map(|name| Fix {
            title: format!("Write `{name}`"),
            edits: vec![BufferEdit {
                range: range.clone(),
                text: name.clone(),
            }],
            is_only: names.len() == 1,
        });
        fixes.collect()
    }

    /// Where a word stands in the place, and not inside of a longer one.
    fn place_of(&self, wrong: &str) -> Option<Range<usize>> {
        let written = self.text.get(self.place.clone())?;
        let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
        let mut found = written.match_indices(wrong);
        let (at, _) = found.find(|(at, _)| {
            let before = written[..*at].chars().next_back();
            let after = written[at + wrong.len()..].chars().next();
            !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
        })?;
        let start = self.place.start + at;
        Some(start..start + wrong.len())
    }

    fn in_quotes(&self) -> Option<Fix> {
        let written = self.text.get(self.place.clone())?;
        let edit = BufferEdit {
            range: self.place.clone(),
            text: quoted(written)?,
        };
        Some(only("Put it in quotes", edit))
    }

    fn removed(&self, key: Option<&str>, is_only: bool) -> Option<Fix> {
        let entry = entry_at(self.tree?, &self.place, key)?;
        let edit = BufferEdit {
            range: entry_extent(self.text, entry)?,
            text: String::new(),
        };
        Some(Fix {
            is_only,
            ..only(format!("Remove `{}`", entry.key), edit)
        })
    }

    fn set(&self, title: &str, key: &str, value: &str) -> Option<Fix> {
        let entry = entry_at(self.tree?, &self.place, Some(key))?;
        let edit = BufferEdit {
            range: entry.value.at.range(),
            text: value.to_owned(),
        };
        Some(Fix {
            is_only: false,
            ..only(title, edit)
        })
    }
}

fn only(title: impl Into<String>, edit: BufferEdit) -> Fix {
    Fix {
        title: title.into(),
        edits: vec![edit],
        is_only: true,
    }
}

/// A place without the quotes around it.
fn unquoted(text: &str, place: &Range<usize>) -> Range<usize> {
    let written = text.get(place.clone()).unwrap_or_default();
    let is_quoted = ['"', '\'']
        .into_iter()
        .any(|mark| written.len() >= 2 && written.starts_with(mark) && written.ends_with(mark));
    if is_quoted {
        place.start + 1..place.end - 1
    } else {
        place.clone()
    }
}

/// The tabs at the beginning of the line, each as two spaces.
fn spaces_for_tabs(text: &str, place: &Range<usize>) -> Option<BufferEdit> {
    let start = text
        .get(..place.start)?
        .rfind('\n')
        .map_or(0, |end| end + 1);
    let line = text.get(start..)?;
    let len = line.find(|letter| letter != ' ' && letter != '\t')?;
    let lead = line.get(..len)?;
    lead.contains('\t').then(|| BufferEdit {
        range: start..start + len,
        text: lead.replace('\t', "  "),
    })
}

/// The first path with a bracket in the line that stands in no quotes.
fn quote_path(text: &str, place: &Range<usize>) -> Option<BufferEdit> {
    let start = text
        .get(..place.start)?
        .rfind('\n')
        .map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    let mut from = 0;
    while let Some(at) = line.get(from..)?.find("$.").map(|at| from + at) {
        let is_quoted = line.get(..at)?.ends_with(['"', '\'']);
        let rest = line.get(at..)?;
        let mut depth = 0_usize;
        let ends = |letter: char| {
            match letter {
                '[' => depth += 1,
                ']' if depth > 0 => depth -= 1,
                _ => {}
            }
            depth == 0 && matches!(letter, ',' | ' ' | '}' | ':')
        };
        let len = rest.find(ends).unwrap_or(rest.len());
        let path = rest.get(..len)?;
        if !is_quoted && path.contains('[') && !path.contains('\'') {
            return Some(BufferEdit {
                range: start + at..start + at + len,
                text: format!("'{path}'"),
            });
        }
        from = at + len.max(1);
    }
    None
}

/// The rest of the line from the value on, in quotes.
fn quote_value(text: &str, place: &Range<usize>) -> Option<BufferEdit> {
    let at = place.start.min(text.len());
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let len = text.get(start..)?.find(['\n', '\r']);
    let end = len.map_or(text.len(), |len| start + len);
    let line = text.get(start..end)?;
    let key = line.find(": ").map(|colon| colon + 2);
    let dash = line.trim_start().starts_with("- ").then(|| line.find("- "));
    let from = key.or_else(|| dash.flatten().map(|dash| dash + 2))?;
    let value = line.get(from..)?;
    let lead = value.len() - value.trim_start().len();
    let written = match value.find(" #") {
        Some(comment) => value.get(..comment)?.trim(),
        None => value.trim(),
    };
    let from = start + from + lead;
    Some(BufferEdit {
        range: from..from + written.len(),
        text: quoted(written)?,
    })
}

/// In double quotes, or in single ones where it has double quotes inside.
fn quoted(written: &str) -> Option<String> {
    if written.is_empty() {
        return None;
    }
    if !written.contains(['"', '\\']) {
        return Some(format!("\"{written}\""));
    }
    Some(format!("'{}'", written.replace('\'', "''")))
}
