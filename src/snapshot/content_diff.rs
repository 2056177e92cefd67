//! How two contents differ, place by place: JSON by path, anything else by line.

use super::error::SnapshotError;
use super::line_diff::{DiffSide, changed_lines};
use super::normalize::normalized;
use crate::check::{
    DifferenceKind, DifferenceList, ValueDifference, arranged, differences as of_values,
};
use crate::jsonpath::JsonPath;
use crate::value::{self, JsonRef, Value};
use std::collections::HashSet;

/// More lines than this are counted only.
const MAX_LINE_DIFFERENCES: usize = 20;

/// The places where `actual` differs from `expected`; none if and only if they are the same
/// snapshot. JSON is compared by value: the order of members, the spelling of numbers and the order
/// of the lists that `unordered` finds do not count.
///
/// # Errors
/// When a path looks at too many places.
pub(crate) fn snapshot_differences(
    expected: &str,
    actual: &str,
    unordered: &[JsonPath],
) -> Result<DifferenceList, SnapshotError> {
    let (expected, actual) = (normalized(expected), normalized(actual));
    // Nearly all responses are as they were.
    if expected == actual {
        return Ok(DifferenceList::default());
    }
    let ((status, body), (other_status, other_body)) =
        (split_content(&expected), split_content(&actual));
    let mut found = match (parse_json(body), parse_json(other_body)) {
        (Some(wanted), Some(came)) => of_values(&wanted, &arrange(&wanted, came, unordered)?),
        _ => line_differences(body, other_body, status.lines().count() + 1),
    };
    // On top, because another status often explains all the other differences.
    if status != other_status {
        found
            .shown
            .insert(0, changed_value("status", status, other_status));
    }
    Ok(found)
}

/// The differences of a pending snapshot, for a person: where the values are the same, the lines.
#[must_use]
pub(crate) fn content_differences(expected: &str, actual: &str) -> DifferenceList {
    match snapshot_differences(expected, actual, &[]) {
        Ok(found) if !found.shown.is_empty() => found,
        _ => line_differences(&normalized(expected), &normalized(actual), 0),
    }
}

fn arrange(
    expected: &Value,
    actual: Value,
    unordered: &[JsonPath],
) -> Result<Value, SnapshotError> {
    if unordered.is_empty() {
        return Ok(actual);
    }
    let mut places = HashSet::new();
    for path in unordered {
        for value in [expected, &actual] {
            let found = path.find_every(value)?;
            places.extend(found.into_iter().map(JsonRef::place_id));
        }
    }
    let is_unordered = |list: &Value| places.contains(&JsonRef::from(list).place_id());
    Ok(arranged(expected, &actual, &is_unordered))
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
    fn json_is_compared_by_value() {
        let paths = |unordered: &[&str]| -> Vec<JsonPath> {
            let parse = |path: &&str| JsonPath::parse(path).unwrap();
            unordered.iter().map(parse).collect()
        };
        for (expected, actual, unordered, number) in [
            (
                r#"{"a":1.10,"b":[1]}"#,
                r#"{"b":[1e0],"a":1.1}"#,
                &[][..],
                0,
            ),
            (r#"{"a":"1.10"}"#, r#"{"a":1.1}"#, &[], 1),
            (r#"{"a":"1.10"}"#, r#"{"a":"1.1"}"#, &[], 1),
            (r#"{"a":null}"#, "{}", &[], 1),
            ("[1,2]", "[2,1]", &[], 2),
            ("[1,2]", "[2,1]", &["$"], 0),
            (
                r#"{"a":[1,2],"b":[1,2]}"#,
                r#"{"a":[2,1],"b":[2,1]}"#,
                &["$.a"],
                2,
            ),
            (r#"{"a":[1,2,2]}"#, r#"{"a":[2,1,1]}"#, &["$.a"], 1),
            (
                r#"[{"id":1,"t":[1,2]},{"id":2,"t":[]}]"#,
                r#"[{"id":2,"t":[]},{"t":[2,1],"id":1}]"#,
                &["$", "$[*].t"],
                0,
            ),
            (
                r#"[{"id":1,"t":[1,2]},{"id":2,"t":[]}]"#,
                r#"[{"id":2,"t":[]},{"t":[2,1],"id":1}]"#,
                &["$"],
                2,
            ),
            ("9007199254740993", "9007199254740992", &[], 1),
        ] {
            let content = |body: &str| format!("HTTP 200\n\n{body}");
            let found =
                snapshot_differences(&content(expected), &content(actual), &paths(unordered));
            let found = found.unwrap();
            assert_eq!(found.shown.len(), number, "{expected} {actual}: {found:?}");
        }
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
