//! Edits that mend a fault, where its hint says exactly what to write. It refuses to guess: a hint
//! that leaves a choice to the person gives no fix.

use super::entries::{entry_at, entry_extent};
use crate::diagnostic::Diagnostic;
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
    let mut fixes = Vec::new();
    for hint in &fault.hints {
        let names = suggested_names(hint);
        let is_only = names.len() == 1;
        for name in names {
            let edit = replace_name(fault, text, &place, name);
            fixes.extend(edit.map(|edit| Fix {
                title: format!("Write `{name}`"),
                edits: vec![edit],
                is_only,
            }));
        }
        fixes.extend(fix_of_hint(hint, text, &place, tree));
    }
    fixes.extend(expected_refusal(fault, tree));
    fixes
}

/// The names of "did you mean `a`, `b` or `c`?".
fn suggested_names(hint: &str) -> Vec<&str> {
    match hint.strip_prefix("did you mean ") {
        Some(names) => backticked(names),
        None => Vec::new(),
    }
}

/// What stands between backticks.
fn backticked(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Puts `name` in the place of the wrong name, which the title quotes.
fn replace_name(
    fault: &Diagnostic,
    text: &str,
    place: &Range<usize>,
    name: &str,
) -> Option<BufferEdit> {
    let written = text.get(place.clone())?;
    let wrong = backticked(&fault.title)
        .into_iter()
        .filter(|wrong| !wrong.is_empty() && written.contains(wrong))
        // `shopee` and `shop` can both stand there: the longer one is the whole name.
        .max_by_key(|wrong| wrong.len());
    let range = match wrong {
        Some(wrong) => {
            let start = place.start + written.find(wrong)?;
            start..start + wrong.len()
        }
        None => unquoted(text, place),
    };
    Some(BufferEdit {
        range,
        text: name.to_owned(),
    })
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

fn fix_of_hint(
    hint: &str,
    text: &str,
    place: &Range<usize>,
    tree: Option<&YamlNode>,
) -> Option<Fix> {
    quoting(hint, text, place)
        .or_else(|| spelling(hint, text, place))
        .or_else(|| remove_entry(hint, text, place, tree))
}

fn only(title: impl Into<String>, edit: BufferEdit) -> Fix {
    Fix {
        title: title.into(),
        edits: vec![edit],
        is_only: true,
    }
}

/// Hints that ask for quotes.
fn quoting(hint: &str, text: &str, place: &Range<usize>) -> Option<Fix> {
    if hint.starts_with("quote a value that contains") {
        return Some(only("Put the value in quotes", quote_value(text, place)?));
    }
    if hint.starts_with("inside `{ }`, put a JSONPath in single quotes") {
        return Some(only("Put the path in quotes", quote_path(text, place)?));
    }
    if hint != "put it in quotes" {
        return None;
    }
    let edit = BufferEdit {
        range: place.clone(),
        text: quoted(text.get(place.clone())?)?,
    };
    Some(only("Put it in quotes", edit))
}

/// Hints that say the text itself.
fn spelling(hint: &str, text: &str, place: &Range<usize>) -> Option<Fix> {
    const SPELLINGS: [(&str, &str); 2] = [
        (
            "a JSONPath begins with `$`: write `",
            "Begin the path with `$`",
        ),
        (
            "ingam encodes every value: write `",
            "Write the value without its encoding",
        ),
    ];
    if hint.starts_with("indent with spaces") {
        return Some(only("Indent with spaces", spaces_for_tabs(text, place)?));
    }
    let (prefix, title) = SPELLINGS
        .iter()
        .find(|(prefix, _)| hint.starts_with(prefix))?;
    // What follows the text would be a condition.
    let start = prefix.rfind('`')? + 1;
    let exact = hint.get(start..)?.strip_suffix('`')?;
    let edit = BufferEdit {
        range: unquoted(text, place),
        text: exact.to_owned(),
    };
    (!exact.contains('`')).then(|| only(*title, edit))
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

/// "remove it", "remove `retry`", "leave it out": deletes the entry of the place, or that of this key.
fn remove_entry(
    hint: &str,
    text: &str,
    place: &Range<usize>,
    tree: Option<&YamlNode>,
) -> Option<Fix> {
    const REMOVALS: [&str; 5] = [
        "remove it",
        "leave it out",
        "leave the key out",
        "remove the header",
        "remove the key",
    ];
    let is_removal = |removal: &str| {
        hint.strip_prefix(removal)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([',', ';', ':']))
    };
    let key = hint
        .strip_prefix("remove `")
        .and_then(|rest| rest.strip_suffix('`'));
    if key.is_none() && !REMOVALS.iter().any(|removal| is_removal(removal)) {
        return None;
    }
    let entry = entry_at(tree?, place, key)?;
    let edit = BufferEdit {
        range: entry_extent(text, entry)?,
        text: String::new(),
    };
    Some(Fix {
        title: format!("Remove `{}`", entry.key),
        edits: vec![edit],
        is_only: key.is_some() || REMOVALS.contains(&hint),
    })
}

/// A step whose `assert` has a status of a refusal, beside `ok: true`: `ok: false` says the same as
/// the status.
fn expected_refusal(fault: &Diagnostic, tree: Option<&YamlNode>) -> Option<Fix> {
    let label = (fault.labels.iter()).find(|label| label.text == "a success is expected")?;
    let entry = entry_at(tree?, &label.span.range(), Some("ok"))?;
    Some(Fix {
        title: "Expect a failure: `ok: false`".to_owned(),
        edits: vec![BufferEdit {
            range: entry.value.at.range(),
            text: "false".to_owned(),
        }],
        is_only: false,
    })
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
