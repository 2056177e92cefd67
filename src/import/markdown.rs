//! Takes away the Markdown around a request that was copied from a forum or a chat: the fence of a
//! code block, and the marks of a quotation. Every character stays at its place, so that messages
//! name the right line and column.

use super::request_line::{is_curl, is_description_line, is_request_line};

/// The text with blanks in the place of the marks. A fence counts only before the request begins:
/// the body of a request may be Markdown itself.
pub(super) fn without_markdown(text: String) -> String {
    let is_marked = |line: &str| fence(line).is_some() || line.starts_with('>');
    // The texts of a description and of a Bruno file are Markdown themselves.
    let is_whole_file = |line: &str| is_description_line(line) || line.trim_end() == "meta {";
    if !text.lines().any(is_marked) || text.lines().any(is_whole_file) {
        return text;
    }
    let text = without_fence(&text);
    without_quotation(text)
}

/// Three backticks or tildes, which begin a line.
fn fence(line: &str) -> Option<&'static str> {
    let line = line.trim_start();
    ["```", "~~~"]
        .into_iter()
        .find(|mark| line.starts_with(mark))
}

fn begins_request(line: &str) -> bool {
    let first = line
        .split_whitespace()
        .find(|word| !matches!(*word, "$" | "%" | ">" | "#"));
    first.is_some_and(is_curl) || is_request_line(line) || line.starts_with(['{', '['])
}

fn without_fence(text: &str) -> String {
    let mut open: Option<&str> = None;
    let mut is_closed = false;
    let mut has_begun = false;
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mark = fence(line);
        match (open, mark) {
            // The block is over, and what stands behind it is prose.
            _ if is_closed => kept.push_str(&blanks(line)),
            (None, Some(mark)) if !has_begun => {
                open = Some(mark);
                // A command can stand on the line of its fence.
                let rest = line.replacen(mark, "   ", 1);
                if rest.trim_start().starts_with("curl ") {
                    is_closed = rest.trim_end().ends_with(mark);
                    kept.push_str(&rest.replace(mark, "   "));
                } else {
                    kept.push_str(&blanks(line));
                }
            }
            (Some(open), Some(mark)) if open == mark && line.trim() == mark => {
                is_closed = true;
                kept.push_str(&blanks(line));
            }
            _ => {
                has_begun |= begins_request(line);
                kept.push_str(line);
            }
        }
    }
    kept
}

/// As many blanks as the line has characters.
fn blanks(line: &str) -> String {
    let blank = |letter: char| if letter == '\n' { '\n' } else { ' ' };
    line.chars().map(blank).collect()
}

/// What `curl -v` prints begins with `>` as well, and is read as raw HTTP; a quotation is known by
/// its command.
fn without_quotation(text: String) -> String {
    let is_quoted_command = |line: &str| {
        let quoted = line.strip_prefix('>');
        let first = quoted.and_then(|rest| rest.split_whitespace().find(|word| *word != ">"));
        first.is_some_and(is_curl)
    };
    if !text.lines().any(is_quoted_command) {
        return text;
    }
    let lines = text.split_inclusive('\n');
    let unquoted = lines.map(|line| {
        let rest = line.trim_start_matches(['>', ' ']);
        let marks = &line[..line.len() - rest.len()];
        format!("{}{rest}", marks.replace('>', " "))
    });
    unquoted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_of_a_quoted_command_become_blanks_and_its_body_stays() {
        for (text, kept) in [
            (
                "```sh\ncurl x \\\n  -d y\n```\nthanks",
                "     \ncurl x \\\n  -d y\n   \n      ",
            ),
            ("hello\n\n~~~\ncurl x\n~~~", "hello\n\n   \ncurl x\n   "),
            ("```curl x```", "   curl x   "),
            ("> curl x \\\n>   -d y", "  curl x \\\n    -d y"),
            ("> > curl x", "    curl x"),
            // The Markdown of a body, and what `curl -v` prints.
            (
                "curl x -d '\n```\ncode\n```\n'",
                "curl x -d '\n```\ncode\n```\n'",
            ),
            (
                "POST / HTTP/1.1\n\n```\ncode",
                "POST / HTTP/1.1\n\n```\ncode",
            ),
            ("> GET / HTTP/1.1\n> Host: h", "> GET / HTTP/1.1\n> Host: h"),
            (
                "info: |\n  ```\n  GET /a\n  ```\nopenapi: 3.0.0\n",
                "info: |\n  ```\n  GET /a\n  ```\nopenapi: 3.0.0\n",
            ),
            (
                "meta {\n}\ndocs {\n  ```\n  a\n  ```\n}\nget {\n}\n",
                "meta {\n}\ndocs {\n  ```\n  a\n  ```\n}\nget {\n}\n",
            ),
        ] {
            assert_eq!(without_markdown(text.to_owned()), kept, "{text}");
        }
    }
}
