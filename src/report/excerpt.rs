//! The lines of a body around the place that failed. The body is JSON as reports show it: two
//! blanks for each level, a line for each member and element.

/// The most lines of an excerpt.
const LINES: usize = 8;
/// So many of them stand before the place.
const BEFORE: usize = 3;

/// Some lines of a body.
pub(super) struct Excerpt<'b> {
    /// Counted from zero.
    pub(super) first: usize,
    pub(super) lines: Vec<&'b str>,
    /// How many lines the body has.
    pub(super) total: usize,
    /// The line of the place that failed, if the body has it.
    pub(super) place: Option<usize>,
}

/// The lines around a place such as `$.items[3].price`; without one, or if it is not there, the
/// first lines.
pub(super) fn excerpt<'b>(body: &'b str, path: Option<&str>) -> Excerpt<'b> {
    let lines: Vec<&str> = body.lines().collect();
    let place = path.and_then(|path| find_line(&lines, path));
    let last_first = lines.len().saturating_sub(LINES);
    let first = place.map_or(0, |line| line.saturating_sub(BEFORE).min(last_first));
    Excerpt {
        first,
        lines: lines.iter().skip(first).take(LINES).copied().collect(),
        total: lines.len(),
        place,
    }
}

/// The line of a place. If its last parts are missing, the line of what they should be in.
fn find_line(lines: &[&str], path: &str) -> Option<usize> {
    let segments = parse_path(path)?;
    let mut line = None;
    let mut from = 1;
    for (depth, segment) in (1..).zip(&segments) {
        let Some(found) = find_child(lines, from, depth, segment) else {
            break;
        };
        line = Some(found);
        from = found + 1;
    }
    line
}

enum ExcerptSegment {
    Name(String),
    Index(usize),
}

/// The child of the value whose inside begins at the line `from`.
fn find_child(
    lines: &[&str],
    from: usize,
    depth: usize,
    segment: &ExcerptSegment,
) -> Option<usize> {
    let mut index = 0;
    for (number, line) in lines.iter().enumerate().skip(from) {
        let text = line.trim_start_matches(' ');
        match (line.len() - text.len()).cmp(&(2 * depth)) {
            std::cmp::Ordering::Less => return None,
            std::cmp::Ordering::Greater => {}
            // The end of a child.
            std::cmp::Ordering::Equal if text.starts_with(['}', ']']) => {}
            std::cmp::Ordering::Equal => match segment {
                ExcerptSegment::Name(name) if text.starts_with(&member_start(name)) => {
                    return Some(number);
                }
                ExcerptSegment::Index(wanted) if *wanted == index => return Some(number),
                _ => index += 1,
            },
        }
    }
    None
}

fn member_start(name: &str) -> String {
    format!("{}:", serde_json::Value::from(name))
}

/// A path that names one place, with names in either spelling of RFC 9535.
fn parse_path(path: &str) -> Option<Vec<ExcerptSegment>> {
    let mut segments = Vec::new();
    let mut rest = path.strip_prefix('$')?;
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            segments.push(ExcerptSegment::Name(name[..end].to_owned()));
            rest = &name[end..];
        } else if let Some(quoted) = rest.strip_prefix("['") {
            let end = quoted.find("']")?;
            segments.push(ExcerptSegment::Name(quoted[..end].to_owned()));
            rest = &quoted[end + 2..];
        } else {
            let inside = rest.strip_prefix('[')?;
            let end = inside.find(']')?;
            // A wildcard has no line of its own: what is before it has.
            let Ok(index) = inside[..end].parse() else {
                break;
            };
            segments.push(ExcerptSegment::Index(index));
            rest = &inside[end + 1..];
        }
    }
    Some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "{\n  \"a\": [\n    {\n      \"b\": 1\n    },\n    {\n      \"b\": 2,\n      \"무 c\": [\n        7,\n        [\n          8\n        ]\n      ]\n    }\n  ],\n  \"b\": {},\n  \"z\": 3\n}";

    #[test]
    fn the_line_of_a_place_is_found() {
        let lines: Vec<&str> = BODY.lines().collect();
        for (path, shown) in [
            ("$.a[1].b", "      \"b\": 2,"),
            ("$['a'][1]['무 c'][1][0]", "          8"),
            ("$.z", "  \"z\": 3"),
            // What is missing is shown where it should be.
            ("$.a[0].none.deeper", "    {"),
            ("$.b.x", "  \"b\": {},"),
        ] {
            let line = find_line(&lines, path).unwrap();
            assert_eq!(lines[line], shown, "{path}");
        }
        assert_eq!(find_line(&lines, "$.a[1]"), Some(5));
        assert_eq!(find_line(&lines, "$.a[*].b"), Some(1));
        assert!(find_line(&lines, "status").is_none());
    }

    #[test]
    fn an_excerpt_is_around_the_place() {
        let found = excerpt(BODY, Some("$.a[1]['무 c'][0]"));
        assert_eq!((found.first, found.lines.len(), found.total), (5, 8, 18));
        assert_eq!(found.place, Some(8));
        assert_eq!(excerpt(BODY, Some("$.z")).first, 10);
        assert_eq!(excerpt("plain\ntext", Some("$.z")).first, 0);
    }
}
