//! Builds the tree of nodes from the parser's events, with one stack and no recursion.

use super::key_index::KeyIndex;
use super::node::{MapEntry, NodeKind, YamlNode};
use super::scalar::{plain_kind, text_kind};
use super::subset::read_subset;
use crate::diagnostic::{Diagnostic, Hint, Repair};
use crate::span::{FileId, Span};
use crate::value::CompactText;
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle};
use std::collections::HashMap;

/// Nodes of one file, aliases counted as often as they are used: one for each 12 bytes of the longest
/// file, which is how densely request files are written.
pub(super) const MAX_NODES: usize = 700_000;
/// Lists and maps within one another.
const MAX_DEPTH: usize = 64;

/// Parses the one document of a file; an empty file is null.
///
/// # Errors
/// The first thing that is not YAML, or not the part of YAML that ingam accepts.
pub fn parse(file: FileId, text: &str) -> Result<YamlNode, Box<Diagnostic>> {
    parse_limited(file, text, MAX_NODES)
}

/// Parses a document of another program, which may have so many values.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_limited(
    file: FileId,
    text: &str,
    max_nodes: usize,
) -> Result<YamlNode, Box<Diagnostic>> {
    if let Some(node) = read_subset(file, text, max_nodes) {
        return Ok(node);
    }
    parse_events(file, text, max_nodes)
}

/// Parses any document, and says what is wrong with it.
pub(super) fn parse_events(
    file: FileId,
    text: &str,
    max_nodes: usize,
) -> Result<YamlNode, Box<Diagnostic>> {
    // The parser limits the nesting itself: its scanner would otherwise keep a level for each of a
    // hundred thousand brackets before our own check sees the first event.
    let options = granit_parser::options! { emit_comments: false, block_nesting_limit: MAX_DEPTH, flow_nesting_limit: MAX_DEPTH };
    let mut builder = NodeBuilder {
        file,
        text,
        open_collections: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        node_count: 0,
        max_nodes,
    };
    // The first error ends the parsing. What a parser reads after one is guessed, and its errors
    // would be about our guess.
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| Box::new(builder.syntax_error(&error)))?;
        let at = builder.span_of(&span);
        builder.handle_event(event, at).map_err(Box::new)?;
    }
    Ok(builder.root.unwrap_or(YamlNode {
        at: Span::new(file, 0, 0),
        kind: NodeKind::Null,
    }))
}

/// A list or map that is not closed yet.
struct OpenCollection {
    at: Span,
    anchor: usize,
    content: CollectionContent,
}

enum CollectionContent {
    List(Vec<YamlNode>),
    Map {
        entries: Vec<MapEntry>,
        key: Option<(CompactText, Span)>,
        index: KeyIndex,
    },
}

struct NodeBuilder<'t> {
    file: FileId,
    text: &'t str,
    open_collections: Vec<OpenCollection>,
    root: Option<YamlNode>,
    anchors: HashMap<usize, YamlNode>,
    node_count: usize,
    max_nodes: usize,
}

impl NodeBuilder<'_> {
    fn handle_event(&mut self, event: Event<'_>, at: Span) -> Result<(), Diagnostic> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                refuse_tag(tag.is_some(), at)?;
                let kind = match style {
                    ScalarStyle::Plain => plain_kind(self.text, &value, at),
                    _ => text_kind(self.text, &value, at),
                };
                self.insert_node(YamlNode { at, kind }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => self.open_collection(
                at,
                anchor,
                tag.is_some(),
                CollectionContent::List(Vec::new()),
            ),
            Event::MappingStart(_, anchor, tag) => self.open_collection(
                at,
                anchor,
                tag.is_some(),
                CollectionContent::Map {
                    entries: Vec::new(),
                    key: None,
                    index: KeyIndex::default(),
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.close_collection(at),
            Event::Alias(anchor) => self.resolve_alias(anchor, at),
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(Diagnostic::error("a file must contain only one document")
                    .at(at, "a second document begins here")
                    .hint("split the file into two"))
            }
            _ => Ok(()),
        }
    }

    fn open_collection(
        &mut self,
        at: Span,
        anchor: usize,
        tagged: bool,
        body: CollectionContent,
    ) -> Result<(), Diagnostic> {
        refuse_tag(tagged, at)?;
        // Decoders walk the tree by recursion, so its depth is the depth of their stack.
        if self.open_collections.len() >= MAX_DEPTH {
            return Err(nesting_error(at));
        }
        self.open_collections.push(OpenCollection {
            at,
            anchor,
            content: body,
        });
        Ok(())
    }

    fn close_collection(&mut self, end: Span) -> Result<(), Diagnostic> {
        let Some(OpenCollection {
            at,
            anchor,
            content: body,
        }) = self.open_collections.pop()
        else {
            return Ok(());
        };
        let kind = match body {
            CollectionContent::List(items) => NodeKind::List(items),
            CollectionContent::Map { entries, .. } => NodeKind::Map(entries),
        };
        self.insert_node(
            YamlNode {
                at: Span {
                    end: end.end.max(at.end),
                    ..at
                },
                kind,
            },
            anchor,
        )
    }

    fn resolve_alias(&mut self, anchor: usize, at: Span) -> Result<(), Diagnostic> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(
                Diagnostic::error("an alias cannot be inside the value that it refers to")
                    .at(at, "this would be endless"),
            );
        };
        let node = node.clone();
        // An alias counts with everything in it, again at each use: a few lines of aliases to
        // aliases expand exponentially ("billion laughs").
        self.node_count += node.node_count();
        self.insert_node(node, 0)
    }

    fn insert_node(&mut self, node: YamlNode, anchor: usize) -> Result<(), Diagnostic> {
        self.node_count += 1;
        if self.node_count > self.max_nodes {
            return Err(Diagnostic::error(format!(
                "the file has more than {} values",
                self.max_nodes
            ))
            .at(node.at, "the limit is reached here"));
        }
        // The parser numbers anchors from 1; 0 means that the node has none. The copy is made when
        // the node is complete, so an alias inside its own anchor finds nothing.
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let text = self.text;
        match self
            .open_collections
            .last_mut()
            .map(|open| &mut open.content)
        {
            None => self.root = Some(node),
            Some(CollectionContent::List(items)) => items.push(node),
            Some(CollectionContent::Map {
                entries,
                key,
                index,
            }) => match key.take() {
                None => *key = Some(mapping_key(&node, text, entries, index)?),
                Some((key, key_at)) => entries.push(MapEntry {
                    key,
                    key_at,
                    value: node,
                }),
            },
        }
        Ok(())
    }

    #[expect(
        clippy::expect_used,
        reason = "spans of `Parser::new_from_str` always have byte offsets, as its documentation says"
    )]
    fn span_of(&self, span: &granit_parser::Span) -> Span {
        // The range is used to slice the text, so it is cut to the text first.
        let range = span.byte_range().expect("a span of a text has a range");
        let (start, end) = (
            range.start.min(self.text.len()),
            range.end.min(self.text.len()),
        );
        let written = self.text.get(start..end).unwrap_or_default();
        // A block scalar ends where the next key begins. Without the line ends, a caret marks the
        // text only.
        Span::new(self.file, start, start + written.trim_end().len())
    }

    fn syntax_error(&self, error: &granit_parser::ScanError) -> Diagnostic {
        let start = error
            .marker()
            .byte_offset()
            .unwrap_or(0)
            .min(self.text.len());
        let line = self.text.get(..start).map_or(0, |before| {
            before.rfind('\n').map_or(0, |newline| newline + 1)
        });
        let written = self
            .text
            .get(line..)
            .and_then(|rest| rest.lines().next())
            .unwrap_or_default();
        let at = Span::new(self.file, start, start + 1);
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            return nesting_error(at);
        }
        let diagnostic = Diagnostic::error(format!("not YAML: {}", error.info()))
            .at(at, "the parser stops here");
        diagnostic.maybe_hint(syntax_hint(written))
    }
}

fn nesting_error(at: Span) -> Diagnostic {
    Diagnostic::error(format!(
        "lists and maps are nested deeper than {MAX_DEPTH} levels"
    ))
    .at(at, "too deep")
}

/// The usual causes of unclear YAML errors: a tab, a template, a `JSONPath` in a flow map, or a
/// second colon without quotes.
fn syntax_hint(line: &str) -> Option<Hint> {
    const WORTH_SHOWING: usize = 100;
    if line.trim_start_matches(' ').starts_with('\t') {
        let text = "indent with spaces: YAML does not allow tabs here";
        return Some(Hint::with(text, Repair::Indent));
    }
    let value = line
        .split_once(": ")
        .map_or(line, |(_, value)| value)
        .trim();
    let bare = without_quoted(value);
    // The hint repeats the value, and a long one would fill the terminal.
    if value.len() > WORTH_SHOWING {
        return None;
    }
    if value.starts_with('{') && bare.contains("$.") && bare.contains('[') {
        let text = "inside `{ }`, put a JSONPath in single quotes: `{ id: '$.data[0].id' }`";
        return Some(Hint::with(text, Repair::QuotePath));
    }
    let odd = ["{{", ": "]
        .iter()
        .find(|odd| bare.contains(**odd) && !value.starts_with(['[', '*', '&']))?;
    // For `{ a: b: c }` the quotes belong around a part of the value, and which one cannot be said.
    let whole = odd == &"{{" || !value.starts_with('{');
    whole.then(|| {
        let text = format!(
            "quote a value that contains `{odd}`: write \"{}\"",
            value.replace('"', "'")
        );
        Hint::with(text, Repair::QuoteLine)
    })
}

/// A line without what stands in quotes.
fn without_quoted(line: &str) -> String {
    let mut quote = None;
    line.chars()
        .filter(|letter| {
            if let Some(open) = quote {
                quote = quote.filter(|_| *letter != open);
                false
            } else {
                quote = ['"', '\''].into_iter().find(|mark| mark == letter);
                quote.is_none()
            }
        })
        .collect()
}

fn refuse_tag(tagged: bool, at: Span) -> Result<(), Diagnostic> {
    if !tagged {
        return Ok(());
    }
    Err(Diagnostic::error("tags are not supported")
        .at(at, "this value has a tag")
        .hint("remove the word that begins with `!`, or quote it"))
}

fn mapping_key(
    node: &YamlNode,
    text: &str,
    entries: &[MapEntry],
    index: &mut KeyIndex,
) -> Result<(CompactText, Span), Diagnostic> {
    let at = node.at;
    // `null: 1` has the key `null`, as it is written.
    let key = node
        .as_scalar()
        .or_else(|| matches!(node.kind, NodeKind::Null).then(|| text[at.range()].into()))
        .ok_or_else(|| key_error(at, text))?;
    if key == "<<" {
        let error = Diagnostic::error("merge keys are not supported").at(at, "this one");
        return Err(
            error.hint("write out the keys, or name a whole value with `&name` and use `*name`")
        );
    }
    if let Some(first) = index.find(&key, entries) {
        let error = Diagnostic::error(format!("the key `{key}` appears twice"))
            .at(at, "the second")
            .at(first.key_at, "the first");
        return Err(error.hint("remove one of them"));
    }
    Ok((key, at))
}

fn key_error(at: Span, text: &str) -> Diagnostic {
    // Without quotes, `{{ name }}` is a map whose key is a map. The key begins at the second brace.
    let is_template = at.start.checked_sub(1).is_some_and(|before| {
        text.get(before as usize..)
            .is_some_and(|rest| rest.starts_with("{{"))
    });
    let error = Diagnostic::error("a key must be text").at(at, "this is not");
    if is_template {
        let text = "quote a value that contains `{{`: write \"{{ name }}\"";
        error.hint(Hint::with(text, Repair::QuoteLine))
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> YamlNode {
        parse(FileId(0), text).unwrap()
    }

    fn parse_error(text: &str) -> Diagnostic {
        *parse(FileId(0), text).unwrap_err()
    }

    #[test]
    fn values_arrive_as_written() {
        let text =
            "[no, on, y, 0123, 1_000, 0x1F, .5, 2026-11-22, 12:30, ~, .nan, 1., +1, True, NULL]";
        for item in node(text).as_list().unwrap() {
            assert!(item.as_text().is_some(), "{:?} is not text", item.kind);
        }
        assert_eq!(
            node("{a: , b: ~}").to_value().to_json(),
            r#"{"a":null,"b":"~"}"#
        );
        assert_eq!(
            node("a:\nb: 1\n").to_value().to_json(),
            r#"{"a":null,"b":1}"#
        );
        let text = "[1.10, 123456789012345678901234567890, 1e400, -0, true, false, null, \"5\"]";
        let json = r#"[1.10,123456789012345678901234567890,1e400,-0,true,false,null,"5"]"#;
        assert_eq!(node(text).to_value().to_json(), json);
    }

    #[test]
    fn every_key_and_value_knows_its_place() {
        let text = "가: 나\nlist:\n  - \"a b\"\n  - plain # comment\nblock: |\n  one\n  two\n";
        let root = node(text);
        let entries = root.as_map().unwrap();
        assert_eq!(&text[entries[0].key_at.range()], "가");
        assert_eq!(&text[entries[0].value.at.range()], "나");
        let items = entries[1].value.as_list().unwrap();
        assert_eq!(&text[items[0].at.range()], "\"a b\"");
        assert_eq!(&text[items[1].at.range()], "plain");
        assert_eq!(entries[2].value.as_text(), Some("one\ntwo\n"));
    }

    #[test]
    fn what_the_language_does_not_accept_is_an_error_with_a_place() {
        assert_eq!(parse_error("a: 1\nb: 2\na: 3\n").labels.len(), 2);
        assert!(
            parse_error("x: &x {a: 1}\ny: {<<: *x}\n")
                .title
                .contains("merge keys")
        );
        assert!(parse_error("a: !!str 1").title.contains("tags"));
        assert!(
            parse_error("a: 1\n---\nb: 2\n")
                .title
                .contains("one document")
        );
        assert!(
            parse_error("a: &a [*a]").title.contains("alias")
                || parse_error("a: &a [*a]").title.contains("not YAML")
        );
        assert!(parse_error("a: {{ token }}").hints[0].contains("quote"));
        assert!(parse_error("a: {{ token }}/x").hints[0].contains("quote"));
        assert!(parse_error("a:\n\t- b").title.contains("not YAML"));
    }

    #[test]
    fn growth_without_bounds_is_refused() {
        assert!(parse_error(&"[".repeat(100_000)).title.contains("nest"));
        let deep = (0..5_000)
            .map(|level| format!("{}a:\n", " ".repeat(level)))
            .collect::<String>();
        assert!(parse_error(&deep).title.contains("nest"));
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                before.trim_end_matches(", ")
            ));
        }
        assert!(parse_error(&bomb).title.contains("more than"));
    }

    #[test]
    fn a_byte_order_mark_and_windows_lines_are_fine() {
        assert_eq!(
            node("\u{feff}a: 1\r\nb: c\r\n").to_value().to_json(),
            r#"{"a":1,"b":"c"}"#
        );
    }
}
