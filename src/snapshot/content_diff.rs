//! How two contents differ, place by place: JSON by path, anything else by line.

use super::line_diff::{DiffSide, changed_lines};
use super::normalize::normalized;
use crate::check::{DifferenceKind, DifferenceList, ValueDifference, differences as of_values};
use crate::value::{self, Value};

/// More lines than this are counted only.
const MAX_LINE_DIFFERENCES: usize = 20;

/// The places where `actual` differs from `expected`; none if and only if they are the same
/// snapshot.
#[must_use]
pub(crate) fn content_differences(expected: &str, actual: &str) -> DifferenceList {
    let (expected, actual) = (normalized(expected), normalized(actual));
    let ((status, body), (other_status, other_body)) =
        (split_content(&expected), split_content(&actual));
    let mut found = match (parse_json(body), parse_json(other_body)) {
        (Some(wanted), Some(came)) => of_values(&wanted, &came),
        _ => line_differences(body, other_body, status.lines().count() + 1),
    };
    // On top, because another status often explains all the other differences.
    if status != other_status {
        found
            .shown
            .insert(0, changed_value("status", status, other_status));
    }
    // The same values in another order or spelling.
    if found.shown.is_empty() {
        line_differences(&expected, &actual, 0)
    } else {
        found
    }
}

fn split_content(content: &str) -> (&str, &str) {
    content.split_once("\n\n").unwrap_or((content, ""))
}

fn parse_json(body: &str) -> Option<Value> {
    value::parse(body.as_bytes()).ok()
}

fn changed_value(path: &str, expected: &str, actual: &str) -> ValueDifference {
    let (expected, actual) = (expected.to_owned(), actual.to_owned());
    ValueDifference {
        path: path.to_owned(),
        kind: DifferenceKind::Mismatch { expected, actual },
    }
}

/// `above` is the number of lines before these in the content of the file.
fn line_differences(expected: &str, actual: &str, above: usize) -> DifferenceList {
    let mut found = DifferenceList::default();
    for (number, line) in changed_lines(expected, actual) {
        if found.shown.len() == MAX_LINE_DIFFERENCES {
            found.omitted += 1;
            continue;
        }
        let text = Value::from(line.text.trim_end_matches('\n')).to_json();
        let change = match line.side {
            DiffSide::Old => DifferenceKind::Missing { expected: text },
            _ => DifferenceKind::Unexpected { actual: text },
        };
        found.shown.push(ValueDifference {
            path: format!("line {}", above + number),
            kind: change,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(expected: &str, actual: &str) -> Vec<String> {
        content_differences(expected, actual)
            .shown
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn json_differs_by_path() {
        let found = texts(
            "HTTP 200\n\n{\"a\":[1,2],\"b\":true}",
            "HTTP 201\n\n{\"a\":[1,3]}",
        );
        assert_eq!(
            found,
            [
                "status: expected HTTP 200, got HTTP 201",
                "$.a[1]: expected 2 (number), got 3 (number)",
                "$.b: missing, expected true (boolean)"
            ]
        );
    }

    #[test]
    fn what_is_no_json_differs_by_line() {
        let found = texts("HTTP 200\n\na\nb", "HTTP 200\n\na\nc\nd");
        assert_eq!(
            found,
            [
                "line 4: missing, expected \"b\"",
                "line 4: unexpected \"c\"",
                "line 5: unexpected \"d\""
            ]
        );
        assert_eq!(
            texts("HTTP 200", "HTTP 204"),
            ["status: expected HTTP 200, got HTTP 204"]
        );
    }

    #[test]
    fn what_differs_is_never_without_a_word() {
        assert_eq!(
            texts(
                "HTTP 200\n\n{\n\"a\": 1,\n\"b\": 2\n}",
                "HTTP 200\n\n{\n\"b\": 2,\n\"a\": 1\n}"
            )
            .len(),
            4,
            "order"
        );
        assert!(
            !texts("HTTP 200\n\n1.10", "HTTP 200\n\n1.1").is_empty(),
            "spelling"
        );
        assert!(texts("HTTP 200\r\n\r\na \n", "HTTP 200\n\na").is_empty());
    }
}
