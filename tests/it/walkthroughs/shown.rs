//! Whether an output is the one that a page shows.

use regex::Regex;
use std::sync::LazyLock;

/// A duration, with the blanks that align it.
static DURATION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r" *\b[0-9]+(\.[0-9]+)? (µs|ms|s|m)\b").unwrap());

pub(super) fn is_output(shown: &str, output: &str) -> bool {
    let (shown, output) = (lines(shown), lines(output));
    matches(&shown, &output)
}

pub(in super::super) fn without_durations(text: &str) -> String {
    DURATION.replace_all(text, " <duration>").into_owned()
}

fn lines(text: &str) -> Vec<String> {
    let text = without_durations(text.trim_end());
    text.lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

fn matches(shown: &[String], output: &[String]) -> bool {
    match (shown.split_first(), output.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first.trim() == "…" => {
            (0..=output.len()).any(|left_out| matches(rest, &output[left_out..]))
        }
        (Some((first, rest)), Some((line, below))) => is_line(first, line) && matches(rest, below),
        _ => false,
    }
}

/// `…` stands for any text.
fn is_line(shown: &str, line: &str) -> bool {
    if shown == line {
        return true;
    }
    let parts: Vec<String> = shown.split('…').map(regex::escape).collect();
    parts.len() > 1
        && Regex::new(&format!("^{}$", parts.join(".*")))
            .unwrap()
            .is_match(line)
}

#[test]
fn an_output_that_differs_is_found() {
    for (shown, output, is_same) in [
        ("a  1.5 ms\n", "a       12 ms\n", true),
        ("a\n…\nd\n", "a\nb\nc\nd\n", true),
        ("a\n…\nd\n", "a\nb\nc\n", false),
        ("key=… end", "key=x y end", true),
        ("key=…", "kez=x", false),
        ("1 passed in 3 ms", "2 passed in 3 ms", false),
        ("a", "a\nb", false),
        ("", "a", false),
    ] {
        assert_eq!(is_output(shown, output), is_same, "{shown:?} {output:?}");
    }
}
