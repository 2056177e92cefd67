//! What a terminal shows, as SVG.

use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// Not the longest line: its length depends on how long the run took.
const COLUMNS: usize = 116;
const WIDTH: usize = 937;
const ROW: usize = 18;
const MARGIN: usize = 16;
const STYLE: &str = "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'Noto Sans Mono CJK KR',monospace;\
    white-space:pre;fill:#d0d7de}.bold{font-weight:700}.dim{fill:#8b949e}.red{fill:#ff7b72}.green{fill:#56d364}\
    .yellow{fill:#e3b341}.blue{fill:#79c0ff}.magenta{fill:#d2a8ff}.cyan{fill:#76e3ea}";

/// `shown` below a prompt with `command`. Sequences other than colours are not understood.
pub(super) fn picture(command: &str, shown: &str) -> String {
    let lines: Vec<&str> = shown.trim_end().lines().collect();
    let columns = lines.iter().map(|line| visible(line)).max();
    assert!(columns <= Some(COLUMNS), "{columns:?} columns");
    let height = (lines.len() + 1) * ROW + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"title\" xml:space=\"preserve\">\n\
         <title id=\"title\">The output of {command}: two request files pass, one fails with the expected and the actual value</title>\n\
         <style>{STYLE}</style>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" fill=\"#0d1117\"/>\n"
    );
    let prompt = format!("\u{1b}[2m$\u{1b}[0m \u{1b}[1m{command}\u{1b}[0m");
    for (row, line) in std::iter::once(prompt.as_str()).chain(lines).enumerate() {
        let y = MARGIN + (row + 1) * ROW - 5;
        let text = spans(line);
        if !text.is_empty() {
            let _ = writeln!(svg, "<text x=\"{MARGIN}\" y=\"{y}\">{text}</text>");
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// The columns that a line takes.
fn visible(line: &str) -> usize {
    pieces(line).map(|(_, text)| text.width()).sum()
}

/// The pieces of a line, each behind the codes of its colour sequence.
fn pieces(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split("\u{1b}[")
        .enumerate()
        .map(|(index, piece)| match index {
            0 => ("", piece),
            _ => piece.split_once('m').unwrap(),
        })
}

fn spans(line: &str) -> String {
    let mut classes: Vec<&str> = Vec::new();
    let mut text = String::new();
    for (codes, piece) in pieces(line) {
        for code in codes.split(';') {
            match class(code) {
                Some(class) => classes.push(class),
                None if code.is_empty() && codes.is_empty() => {}
                None => classes.clear(),
            }
        }
        let piece = escape(piece);
        if piece.is_empty() || classes.is_empty() {
            text.push_str(&piece);
        } else {
            let _ = write!(
                text,
                "<tspan class=\"{}\">{piece}</tspan>",
                classes.join(" ")
            );
        }
    }
    text
}

/// The class of a code; none for the one that ends all.
fn class(code: &str) -> Option<&'static str> {
    Some(match code {
        "1" => "bold",
        "2" => "dim",
        "31" | "91" => "red",
        "32" | "92" => "green",
        "33" | "93" => "yellow",
        "34" | "94" => "blue",
        "35" | "95" => "magenta",
        "36" | "96" => "cyan",
        "" | "0" => return None,
        other => panic!("no class for the code {other}"),
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
