//! Renders a pending snapshot: its request, the paths that differ, and the changed lines.

use crate::check::ValueDifference;
use crate::diagnostic::pluralize;
use crate::redact::escape_control_chars;
use crate::report::TerminalStyle;
use crate::snapshot::{DiffLine, DiffSide, SnapshotFile, content_differences, diff_lines};

/// One pending snapshot, in full. `place` is its number and path.
#[must_use]
pub(super) fn render_pending(
    place: &str,
    old: Option<&SnapshotFile>,
    new: &SnapshotFile,
    style: TerminalStyle,
) -> String {
    let mut text = format!("{}\n{}\n", style.bold(place), render_header(new, style));
    match old {
        Some(old) => text.push_str(&render_differences(&old.content, &new.content, style)),
        None => text.push_str(&format!(
            "  {}\n",
            style.yellow("new: there is no snapshot yet")
        )),
    }
    text.push('\n');
    let before = old.map_or("", |old| old.content.as_str());
    diff_lines(before, &new.content)
        .iter()
        .for_each(|line| text.push_str(&render_line(line, style)));
    text
}

/// What the snapshot is of.
fn render_header(new: &SnapshotFile, style: TerminalStyle) -> String {
    let mut text = String::new();
    for (word, value) in [
        ("request", &new.description),
        ("sends", &new.expression),
        ("file", &new.source),
    ] {
        if let Some(value) = value {
            // The file may come from a pull request: an escape sequence in it could hide the
            // difference that is to be accepted.
            text.push_str(&format!(
                "  {:7}  {}\n",
                style.dim(&format!("{word:7}")),
                escape_control_chars(value)
            ));
        }
    }
    text
}

/// Where the two differ, by path.
fn render_differences(old: &str, new: &str, style: TerminalStyle) -> String {
    let found = content_differences(old, new);
    let number = found.shown.len() + found.omitted;
    let mut text = format!("  {}\n", style.yellow(&pluralize(number, "difference")));
    for difference in &found.shown {
        text.push_str(&format!(
            "    {}{}\n",
            style.bold(&escape_control_chars(&difference.path)),
            difference_text(difference)
        ));
    }
    if found.omitted > 0 {
        text.push_str(&format!("    … and {} more\n", found.omitted));
    }
    text
}

/// A difference without its path, and without the colours of a report.
fn difference_text(difference: &ValueDifference) -> String {
    let text = difference.to_string();
    escape_control_chars(text.strip_prefix(&difference.path).unwrap_or(&text))
}

fn render_line(line: &DiffLine, style: TerminalStyle) -> String {
    let text = escape_control_chars(&line.text);
    match line.side {
        DiffSide::Old => format!("{}\n", style.red(&format!("- {text}"))),
        DiffSide::New => format!("{}\n", style.green(&format!("+ {text}"))),
        DiffSide::Both => format!("  {text}\n"),
        DiffSide::Gap => format!("{}\n", style.dim(&text)),
    }
}
