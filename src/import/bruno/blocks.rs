//! The blocks of a `.bru` file: `name {` and `}` in lines of their own, with names and values, or with
//! text, between; and `name [`, a list of names.

/// One block.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BruBlock<'t> {
    /// Such as `body:json`.
    pub(super) name: &'t str,
    pub(super) lines: Vec<&'t str>,
}

/// One line of a block with names and values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BruEntry {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) is_disabled: bool,
}

/// Every block of a file, and the lines that belong to none, by their numbers.
pub(super) fn blocks(text: &str) -> (Vec<BruBlock<'_>>, Vec<usize>) {
    let (mut found, mut strays) = (Vec::new(), Vec::new());
    let mut open: Option<(BruBlock<'_>, &str)> = None;
    for (at, line) in text.lines().enumerate() {
        if let Some((mut block, close)) = open.take() {
            if line.trim_end() == close {
                found.push(block);
            } else {
                block.lines.push(line);
                open = Some((block, close));
            }
        } else if let Some((name, close)) = opening(line) {
            let lines = Vec::new();
            open = Some((BruBlock { name, lines }, close));
        } else if let Some(name) = empty_block(line) {
            let lines = Vec::new();
            found.push(BruBlock { name, lines });
        } else if !line.trim().is_empty() {
            strays.push(at + 1);
        }
    }
    // A block that is never closed goes to the end of the file.
    found.extend(open.map(|(block, _)| block));
    (found, strays)
}

/// The name of a block that begins in a line, and what closes it.
fn opening(line: &str) -> Option<(&str, &'static str)> {
    let line = line.trim_end();
    let (name, close) = match line.strip_suffix('{') {
        Some(name) => (name, "}"),
        None => (line.strip_suffix('[')?, "]"),
    };
    is_name(name.trim_end()).then(|| (name.trim_end(), close))
}

fn empty_block(line: &str) -> Option<&str> {
    let name = line.trim_end().strip_suffix("{}")?.trim_end();
    is_name(name).then_some(name)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || b":-_".contains(&byte))
}

impl BruBlock<'_> {
    /// Its lines as text, without the two blanks that all of them begin with.
    pub(super) fn text(&self) -> String {
        let lines = self.lines.iter();
        let lines: Vec<&str> = lines
            .map(|line| line.strip_prefix("  ").unwrap_or(line))
            .collect();
        lines.join("\n")
    }

    /// Its names and values. `'''` encloses a value of several lines.
    pub(super) fn entries(&self) -> Vec<BruEntry> {
        let mut entries = Vec::new();
        let mut lines = self.lines.iter();
        while let Some(line) = lines.next() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let (is_disabled, line) = match line.strip_prefix('~') {
                Some(rest) => (true, rest),
                None => (false, line),
            };
            let (name, value) = split_entry(line);
            let value = match value.strip_prefix("'''") {
                None => value.to_owned(),
                Some(first) => several_lines(first, &mut lines),
            };
            entries.push(BruEntry {
                name,
                value,
                is_disabled,
            });
        }
        entries
    }

    /// The names of a list.
    pub(super) fn names(&self) -> Vec<&str> {
        let names = self.lines.iter().flat_map(|line| line.split(','));
        names
            .map(|name| name.trim().trim_start_matches('~'))
            .filter(|name| !name.is_empty())
            .collect()
    }
}

/// A name with `:` in it stands in quotes.
fn split_entry(line: &str) -> (String, &str) {
    if let Some(rest) = line.strip_prefix('"')
        && let Some((name, value)) = rest.split_once("\":")
    {
        return (name.replace("\\\"", "\""), value.trim());
    }
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    (name.trim().to_owned(), value.trim())
}

fn several_lines<'t>(first: &str, lines: &mut impl Iterator<Item = &'t &'t str>) -> String {
    if let Some((value, _)) = first.split_once("'''") {
        return value.to_owned();
    }
    let mut value: Vec<String> = Vec::new();
    if !first.is_empty() {
        value.push(first.to_owned());
    }
    for line in lines {
        // The lines are indented twice: for the block and for the value.
        let line = line.strip_prefix("    ").unwrap_or(line);
        if let Some((last, _)) = line.split_once("'''") {
            if !last.trim().is_empty() {
                value.push(last.to_owned());
            }
            break;
        }
        value.push(line.to_owned());
    }
    value.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_entries_text_or_names() {
        let text = "meta {\r\n  name: a: b\n  ~off: 1\n  \"x:y\": z\n}\n\nbody:json {\n  {\n    \"a\": 1\n  }\n}\nvars:secret [\n  one,\n  ~two\n]\nheaders {}\nstray\nvars {\n  long: '''\n    a\n      b\n  '''\n  short: '''c'''\n";
        let (found, strays) = blocks(text);
        let names: Vec<&str> = found.iter().map(|block| block.name).collect();
        assert_eq!(
            names,
            ["meta", "body:json", "vars:secret", "headers", "vars"]
        );
        assert_eq!(strays, [17]);
        let entry = |name: &str, value: &str, is_disabled| BruEntry {
            name: name.to_owned(),
            value: value.to_owned(),
            is_disabled,
        };
        assert_eq!(
            found[0].entries(),
            [
                entry("name", "a: b", false),
                entry("off", "1", true),
                entry("x:y", "z", false)
            ]
        );
        assert_eq!(found[1].text(), "{\n  \"a\": 1\n}");
        assert_eq!(found[2].names(), ["one", "two"]);
        assert_eq!(
            found[4].entries(),
            [entry("long", "a\n  b", false), entry("short", "c", false)]
        );
    }
}
