//! GitHub Actions: annotations at file and line, as commands in the log, and a summary of the run
//! as Markdown.

use super::document::{FileLocation, NoticeEntry, RunDocument, UnitEntry, VerdictWord, one_line};
use super::duration_text::{duration_from_ms, format_duration};
use super::failure_text::{failure_text, leftover_text, remark_lines, run_headline};
use std::fmt::Write as _;

/// The largest summary in bytes. GitHub allows one MiB; the rest is left out, and a line says so.
const MAX_SUMMARY: usize = 900 << 10;

/// One command for each unit that did not pass, at its first failure: of each level GitHub shows
/// ten in a step. `folder` is the workspace below the repository's root, with a `/` at its end, or
/// nothing.
#[must_use]
pub(crate) fn github_annotations(document: &RunDocument, folder: &str) -> String {
    let mut out = String::new();
    // First: a fault of the run is often the cause of all others, and GitHub shows ten.
    for notice in document.errors() {
        out.push_str(&notice_annotation(notice, folder));
    }
    for unit in document
        .units
        .iter()
        .filter(|unit| unit.verdict.is_failure())
    {
        let text = format!("{}\n\n{}", unit.headline(), failure_text(unit));
        out.push_str(&workflow_command(
            "error",
            Some(&unit.at),
            folder,
            (&unit.id, &text),
        ));
    }
    for undo in &document.not_undone {
        out.push_str(&workflow_command(
            "error",
            Some(&undo.at),
            folder,
            ("not undone", &leftover_text(undo)),
        ));
    }
    for unit in document.units.iter().filter(|unit| unit.flaky) {
        out.push_str(&flaky_annotation(unit, folder));
    }
    for notice in document.warnings() {
        out.push_str(&notice_annotation(notice, folder));
    }
    let passed = document
        .units
        .iter()
        .filter(|unit| !unit.verdict.is_failure());
    for unit in passed {
        let remarks: Vec<String> = remark_lines(unit).collect();
        if !remarks.is_empty() {
            let text = remarks.join("\n");
            out.push_str(&workflow_command(
                "notice",
                Some(&unit.at),
                folder,
                (&unit.id, &text),
            ));
        }
    }
    out
}

fn notice_annotation(notice: &NoticeEntry, folder: &str) -> String {
    let mut text = notice.message.clone();
    for hint in &notice.hints {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\nhelp: {hint}");
    }
    workflow_command(
        notice.severity.name(),
        notice.at.as_ref(),
        folder,
        ("ingam run", &text),
    )
}

fn flaky_annotation(unit: &UnitEntry, folder: &str) -> String {
    let reasons: Vec<&str> = unit
        .attempts()
        .map(|attempt| attempt.reason.as_str())
        .collect();
    workflow_command(
        "warning",
        Some(&unit.at),
        folder,
        (&format!("flaky: {}", unit.id), &reasons.join("\n")),
    )
}

/// `::error file=…,line=…,col=…,title=…::…`
fn workflow_command(
    level: &str,
    at: Option<&FileLocation>,
    folder: &str,
    (title, text): (&str, &str),
) -> String {
    let (title, text) = (escape_property(title), escape_data(text.trim_end()));
    let place = at.map_or_else(String::new, |at| {
        let file = escape_property(&format!("{folder}{}", at.file));
        format!("file={file},line={},col={},", at.line, at.column)
    });
    format!("::{level} {place}title={title}::{text}\n")
}

/// Escapes the characters that would end a command, as the toolkit of the runner does.
fn escape_data(text: &str) -> String {
    // `%` first, or the escapes below would be escaped again.
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    // These separate the properties of a command and end them.
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// For the page of a job.
#[must_use]
pub(crate) fn github_summary(document: &RunDocument) -> String {
    let mut out = format!("## ingam: {}\n\n", escape_markdown(&run_headline(document)));
    let bad: Vec<&UnitEntry> = document
        .units
        .iter()
        .filter(|unit| unit.verdict.is_failure())
        .collect();
    document
        .notices
        .iter()
        .for_each(|notice| add_notice(&mut out, notice));
    add_table(&mut out, &bad);
    for undo in &document.not_undone {
        let text = escape_markdown(&truncated(&one_line(&leftover_text(undo))));
        let _ = writeln!(
            out,
            "- **not undone**: {text} ({})",
            escape_markdown(&undo.at.to_string())
        );
    }
    for (number, unit) in bad.iter().enumerate() {
        // GitHub drops a summary that is too large as a whole.
        if out.len() > MAX_SUMMARY {
            let _ = writeln!(out, "\n… and {} more in the log", bad.len() - number);
            break;
        }
        add_details(&mut out, unit);
    }
    out
}

fn add_notice(out: &mut String, notice: &NoticeEntry) {
    let text = escape_markdown(&truncated(&notice.headline()));
    let at = notice.at.as_ref().map_or_else(String::new, |at| {
        format!(" ({})", escape_markdown(&at.to_string()))
    });
    let _ = writeln!(out, "- **{}**: {text}{at}", notice.severity.name());
    for hint in &notice.hints {
        let _ = writeln!(out, "  - {}", escape_markdown(&truncated(&one_line(hint))));
    }
    out.push('\n');
}

fn add_table(out: &mut String, bad: &[&UnitEntry]) {
    if bad.is_empty() {
        return;
    }
    out.push_str("| | request | why | where | time |\n| --- | --- | --- | --- | --- |\n");
    for unit in bad {
        let word = if unit.verdict == VerdictWord::Fail {
            "❌ fail"
        } else {
            "⚠️ error"
        };
        let time = format_duration(duration_from_ms(unit.duration_ms));
        let (id, why, at) = (
            escape_markdown(&unit.id),
            escape_markdown(&truncated(&unit.headline())),
            escape_markdown(&unit.at.to_string()),
        );
        let _ = writeln!(out, "| {word} | {id} | {why} | {at} | {time} |");
    }
    out.push('\n');
}

fn add_details(out: &mut String, unit: &UnitEntry) {
    let text = escape_html(&failure_text(unit));
    let _ = writeln!(
        out,
        "\n<details><summary>{}</summary>\n\n<pre>\n{}</pre>\n</details>",
        escape_html(&unit.id),
        fill_blank_lines(&text)
    );
}

/// A blank line would end the HTML and begin Markdown again.
fn fill_blank_lines(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.is_empty() {
                "&nbsp;\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect()
}

fn truncated(text: &str) -> String {
    const LETTERS: usize = 200;
    match text.char_indices().nth(LETTERS) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

/// Text that Markdown shows unchanged: each character of its syntax becomes an entity.
fn escape_markdown(text: &str) -> String {
    // An `@` would notify a person, and a `#` would link an issue.
    let entity = |letter: char| match letter {
        '&' | '<' | '>' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '@' | '!'
        | '$' | ':' => {
            format!("&#{};", u32::from(letter))
        }
        letter => letter.to_string(),
    };
    one_line(text).chars().map(entity).collect()
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::test_documents::retried_document;
    use super::*;

    #[test]
    fn no_text_ends_a_command_or_begins_another() {
        let at = FileLocation {
            file: "a,b:c%.yaml".to_owned(),
            line: 1,
            column: 2,
        };
        assert_eq!(
            workflow_command("error", Some(&at), "x/", ("t:1,\n", "100%\r\n::error::b")),
            "::error file=x/a%2Cb%3Ac%25.yaml,line=1,col=2,title=t%3A1%2C%0A::100%25%0D%0A::error::b\n"
        );
    }

    #[test]
    fn what_passed_late_is_a_warning() {
        let text = github_annotations(&retried_document(VerdictWord::Pass), "");
        assert_eq!(
            text,
            "::warning file=requests/a.yaml,line=2,col=1,title=flaky%3A a[x]@sg::503 from the server%0Acannot connect\n"
        );
    }

    #[test]
    fn markdown_of_a_text_is_that_text() {
        assert_eq!(
            escape_markdown("a|b <b> `c`\n*d*"),
            "a&#124;b &#60;b&#62; &#96;c&#96; &#42;d&#42;"
        );
    }
}
