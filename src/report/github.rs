//! GitHub Actions: annotations at file and line, as commands in the log, and a summary of the run as Markdown.

use super::diagnostic::{diagnostic, headline, left_over};
use super::document::{Document, Place, Unit, Word, duration, one_line};
use super::human;
use std::fmt::Write as _;

/// A summary may have one MiB; what is past this is left out and said so, in bytes.
const MAX_SUMMARY: usize = 900 << 10;

/// One command for each unit that did not pass, at its first failure: of each level GitHub shows ten in a step. `folder` is
/// the workspace below the repository's root, with a `/` at its end, or nothing.
#[must_use]
pub fn annotations(document: &Document, folder: &str) -> String {
    let mut out = String::new();
    for unit in document.units.iter().filter(|unit| unit.verdict.is_bad()) {
        let text = format!("{}\n\n{}", unit.headline(), diagnostic(unit));
        out.push_str(&command("error", &unit.at, folder, (&unit.id, &text)));
    }
    for undo in &document.not_undone {
        out.push_str(&command("error", &undo.at, folder, ("not taken back", &left_over(undo))));
    }
    for unit in document.units.iter().filter(|unit| unit.flaky) {
        let text = unit.attempts().map(|attempt| attempt.reason.as_str()).collect::<Vec<_>>().join("\n");
        out.push_str(&command("warning", &unit.at, folder, (&format!("flaky: {}", unit.id), &text)));
    }
    out
}

/// `::error file=…,line=…,col=…,title=…::…`
fn command(level: &str, at: &Place, folder: &str, (title, text): (&str, &str)) -> String {
    let file = property(&format!("{folder}{}", at.file));
    let (title, text) = (property(title), data(text.trim_end()));
    format!("::{level} file={file},line={},col={},title={title}::{text}\n", at.line, at.column)
}

/// What would end a command, as the runner's own toolkit escapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// For the page of a job.
#[must_use]
pub fn summary(document: &Document) -> String {
    let mut out = format!("## ingam: {}\n\n", plain(&headline(document)));
    let bad: Vec<&Unit> = document.units.iter().filter(|unit| unit.verdict.is_bad()).collect();
    add_table(&mut out, &bad);
    for undo in &document.not_undone {
        let text = plain(&shortened(&one_line(&left_over(undo))));
        let _ = writeln!(out, "- **not taken back**: {text} ({})", plain(&undo.at.to_string()));
    }
    for (number, unit) in bad.iter().enumerate() {
        if out.len() > MAX_SUMMARY {
            let _ = writeln!(out, "\n… and {} more, which the log has", bad.len() - number);
            break;
        }
        add_details(&mut out, unit);
    }
    out
}

fn add_table(out: &mut String, bad: &[&Unit]) {
    if bad.is_empty() {
        return;
    }
    out.push_str("| | request | why | where | time |\n| --- | --- | --- | --- | --- |\n");
    for unit in bad {
        let word = if unit.verdict == Word::Fail { "❌ fail" } else { "⚠️ error" };
        let time = human(duration(unit.duration_ms));
        let (id, why, at) = (plain(&unit.id), plain(&shortened(&unit.headline())), plain(&unit.at.to_string()));
        let _ = writeln!(out, "| {word} | {id} | {why} | {at} | {time} |");
    }
    out.push('\n');
}

fn add_details(out: &mut String, unit: &Unit) {
    let text = html(&diagnostic(unit));
    let _ = writeln!(out, "\n<details><summary>{}</summary>\n\n<pre>\n{}</pre>\n</details>", html(&unit.id), unblanked(&text));
}

/// A blank line would end the HTML and begin Markdown again.
fn unblanked(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "&nbsp;\n".to_owned() } else { format!("{line}\n") }).collect()
}

fn shortened(text: &str) -> String {
    const LETTERS: usize = 200;
    match text.char_indices().nth(LETTERS) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

/// Text that Markdown shows as it is: what it would take for markup becomes an entity.
fn plain(text: &str) -> String {
    let entity = |letter: char| match letter {
        '&' | '<' | '>' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '@' | '!' | '$' | ':' => {
            format!("&#{};", u32::from(letter))
        }
        letter => letter.to_string(),
    };
    one_line(text).chars().map(entity).collect()
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::testing::tried_twice;
    use super::*;

    #[test]
    fn no_text_ends_a_command_or_begins_another() {
        let at = Place { file: "a,b:c%.yaml".to_owned(), line: 1, column: 2 };
        assert_eq!(
            command("error", &at, "x/", ("t:1,\n", "100%\r\n::error::b")),
            "::error file=x/a%2Cb%3Ac%25.yaml,line=1,col=2,title=t%3A1%2C%0A::100%25%0D%0A::error::b\n"
        );
    }

    #[test]
    fn what_passed_late_is_a_warning() {
        let text = annotations(&tried_twice(Word::Pass), "");
        assert_eq!(
            text,
            "::warning file=requests/a.yaml,line=2,col=1,title=flaky%3A a[x]@sg::503 from the server%0Acannot connect\n"
        );
    }

    #[test]
    fn markdown_of_a_text_is_that_text() {
        assert_eq!(plain("a|b <b> `c`\n*d*"), "a&#124;b &#60;b&#62; &#96;c&#96; &#42;d&#42;");
    }
}
