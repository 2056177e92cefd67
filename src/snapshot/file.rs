//! One `.snap` file: a front matter in YAML between two `---`, then the content. It reads what
//! insta and cargo-insta write, and refuses to take a broken file for an empty one.

use super::error::SnapshotError;
use crate::span::{SourceMap, Span};
use crate::value::Value;
use crate::yaml::{self, YamlNode};
use std::path::Path;

const FENCE: &str = "---";

/// A snapshot as it is in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotFile {
    /// The front matter as it is written, without the fences, so that keys of other programs are
    /// kept.
    front_matter: String,
    pub source: Option<String>,
    pub description: Option<String>,
    pub expression: Option<String>,
    pub content: String,
}

/// The origin of a snapshot, for the person who reviews it.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotMetadata<'a> {
    /// The file of the request.
    pub source: &'a str,
    pub description: &'a str,
    pub expression: &'a str,
    /// More keys for the front matter.
    pub info: &'a [(&'a str, Value)],
}

impl SnapshotMetadata<'_> {
    /// As front matter.
    fn front_matter(&self) -> String {
        let mut head = String::new();
        for (name, value) in [
            ("source", self.source),
            ("description", self.description),
            ("expression", self.expression),
        ] {
            head.push_str(&format!("{name}: {}\n", yaml_scalar(value)));
        }
        if !self.info.is_empty() {
            head.push_str("info:\n");
        }
        for (name, value) in self.info {
            head.push_str(&format!(
                "  {name}: {}\n",
                value.as_str().map_or_else(|| value.to_json(), yaml_scalar)
            ));
        }
        head
    }
}

impl SnapshotFile {
    #[must_use]
    pub fn new(about: &SnapshotMetadata<'_>, content: String) -> Self {
        let some = |text: &str| Some(text.to_owned());
        let (source, description, expression) = (
            some(about.source),
            some(about.description),
            some(about.expression),
        );
        Self {
            front_matter: about.front_matter(),
            source,
            description,
            expression,
            content,
        }
    }

    /// Reads the text of the file at `path`, which messages show.
    ///
    /// # Errors
    /// With a place, when it is none.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = 1 + memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count();
            unreadable(path, line, "it is not UTF-8")
        })?;
        // Editors on Windows can add a byte order mark and CRLF line ends. Neither is a part of the
        // snapshot.
        let text = text
            .strip_prefix('\u{feff}')
            .unwrap_or(text)
            .replace("\r\n", "\n");
        let (front_matter, content) = split_front_matter(path, &text)?;
        Self {
            front_matter,
            content: content.trim_end().to_owned(),
            ..Self::default()
        }
        .with_metadata(path)
    }

    /// Reads the keys of the front matter.
    fn with_metadata(self, path: &Path) -> Result<Self, SnapshotError> {
        let mut sources = SourceMap::default();
        // The fence is put back, so that lines are counted as in the file.
        let text = format!("{FENCE}\n{}", self.front_matter);
        let node = yaml::parse(sources.add(path, text.as_str()), &text).map_err(|fault| {
            let at = fault.labels.first().map(|label| label.span);
            front_matter_error(path, &sources, at, fault.title)
        })?;
        let word = |name: &str| {
            map_member(&node, name)
                .and_then(YamlNode::as_scalar)
                .map(String::from)
        };
        // insta keeps the content of a binary snapshot in another file, so there is nothing to
        // compare here.
        if map_member(&node, "snapshot_kind").and_then(YamlNode::as_text) == Some("binary") {
            return Err(unreadable(
                path,
                1,
                "it is a binary snapshot of another program",
            ));
        }
        let (source, description, expression) =
            (word("source"), word("description"), word("expression"));
        Ok(Self {
            source,
            description,
            expression,
            ..self
        })
    }

    /// As it is written; an accepted one has no `assertion_line`, as insta leaves it out there.
    #[must_use]
    pub fn to_text(&self, is_pending: bool) -> String {
        // insta writes the line of the assertion only while a snapshot is pending. It would change
        // with every edit of the file.
        let kept = |line: &&str| is_pending || !line.starts_with("assertion_line:");
        let head: String = self
            .front_matter
            .split_inclusive('\n')
            .filter(kept)
            .collect();
        format!("{FENCE}\n{head}{FENCE}\n{}\n", self.content)
    }
}

/// The text between the two fences, and the text after them.
fn split_front_matter(path: &Path, text: &str) -> Result<(String, String), SnapshotError> {
    let mut lines = text.split_inclusive('\n');
    if lines.next().map(str::trim_end) != Some(FENCE) {
        return Err(unreadable(
            path,
            1,
            "a snapshot begins with a line of `---`",
        ));
    }
    let mut head = String::new();
    for line in lines.by_ref() {
        if line.trim_end() == FENCE {
            return Ok((head, lines.collect()));
        }
        head.push_str(line);
    }
    // A snapshot without its second fence was cut or edited by mistake. To compare with what is
    // left of it would report differences that the marketplace did not cause.
    Err(unreadable(
        path,
        text.lines().count(),
        "its front matter is not closed by a line of `---`",
    ))
}

fn map_member<'n>(node: &'n YamlNode, name: &str) -> Option<&'n YamlNode> {
    node.as_map()?
        .iter()
        .find(|entry| entry.key == name)
        .map(|entry| &entry.value)
}

fn front_matter_error(
    path: &Path,
    sources: &SourceMap,
    at: Option<Span>,
    reason: String,
) -> SnapshotError {
    let place = at.map(|at| sources.location(at));
    SnapshotError::Unreadable {
        place: place.unwrap_or_else(|| format!("{}:1:1", path.display())),
        reason,
    }
}

fn unreadable(path: &Path, line: usize, reason: &str) -> SnapshotError {
    SnapshotError::Unreadable {
        place: format!("{}:{}:1", path.display(), line.max(1)),
        reason: reason.to_owned(),
    }
}

/// A text in YAML: as it is where every reader takes it for text, and in quotes otherwise.
fn yaml_scalar(text: &str) -> String {
    let begins_as_text = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_plain = |letter: char| letter.is_alphanumeric() || " /._-@~".contains(letter);
    // YAML 1.1 reads each of these words as a boolean or as null.
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .contains(&text.to_ascii_lowercase().as_str());
    if begins_as_text && text.chars().all(is_plain) && !is_word && !text.ends_with(' ') {
        text.to_owned()
    } else {
        Value::from(text).to_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<SnapshotFile, SnapshotError> {
        SnapshotFile::parse(Path::new("requests/a.snap"), text)
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "a",
            "무선 \"이어폰\": x # y",
            "{{ id }}",
            "true",
            "- a",
            "[x]",
            "a: b",
            "",
            " ",
            "'",
            "0x1F",
            "1.10",
        ] {
            let info = [("status", Value::from(200)), ("id", Value::from(text))];
            let about = SnapshotMetadata {
                source: text,
                description: text,
                expression: text,
                info: &info,
            };
            let file = SnapshotFile::new(&about, "HTTP 200\n\n---\nbody".to_owned());
            assert_eq!(
                parse(file.to_text(true).as_bytes()).unwrap(),
                file,
                "{text}"
            );
        }
    }

    #[test]
    fn what_insta_adds_stays_but_for_the_line() {
        let text = "---\nsource: src/a.rs\nassertion_line: 12\nexpression: \"&x\"\ninfo:\n  a: [1]\ninput_file: x.yaml\n---\nHTTP 200\r\n";
        let file = parse(text.as_bytes()).unwrap();
        assert_eq!(
            (file.content.as_str(), file.expression.as_deref()),
            ("HTTP 200", Some("&x"))
        );
        assert!(file.to_text(true).contains("assertion_line: 12\n"));
        assert_eq!(
            file.to_text(false),
            text.replace("assertion_line: 12\n", "").replace('\r', "")
        );
    }

    #[test]
    fn a_broken_file_has_a_place() {
        let place = |text: &[u8]| match parse(text) {
            Err(SnapshotError::Unreadable { place, .. }) => place,
            other => panic!("{other:?}"),
        };
        assert_eq!(place(b""), "requests/a.snap:1:1");
        assert_eq!(place(b"HTTP 200"), "requests/a.snap:1:1");
        assert_eq!(place(b"---\nsource: a\nHTTP 200\n"), "requests/a.snap:3:1");
        assert_eq!(place(b"---\nsource: a\n---\n\xff"), "requests/a.snap:4:1");
        assert_eq!(
            place(b"---\nsource: a\nsource: b\n---\nx"),
            "requests/a.snap:3:1"
        );
        assert_eq!(
            place(b"---\nextension: png\nsnapshot_kind: binary\n---\n"),
            "requests/a.snap:1:1"
        );
    }
}
