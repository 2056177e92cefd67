//! Reads the subset of YAML that nearly all files are written in, in one pass: block maps and
//! lists, scalars and flow collections on one line, comments. It reports no errors: for all that
//! it does not know for certain, it returns `None`, and the whole file goes to the event parser.
//! What it does return is the tree that the event parser returns, with the same places
//! (`differential_tests`).

mod block;
#[cfg(test)]
mod differential_tests;
mod flow;
mod scalar;

use super::node::{NodeKind, YamlNode};
use super::scalar::{plain_kind, text_kind};
use crate::span::{FileId, Span};
use std::borrow::Cow;

/// Deeper files go to the event parser, which has its own limit and message.
const MAX_DEPTH: usize = 32;
/// Stands for the end of the text, in which no NUL is accepted.
const END: u8 = 0;

/// The tree of a text that is written in the subset.
pub(super) fn read_subset(file: FileId, text: &str, max_nodes: usize) -> Option<YamlNode> {
    if !text.chars().all(is_plain_character) {
        return None;
    }
    let mut reader = SubsetReader {
        file,
        text,
        at: 0,
        line: 0,
        column: None,
        depth: 0,
        nodes_left: max_nodes,
    };
    reader.next_content();
    if reader.column != Some(0) {
        return None;
    }
    let root = reader.block_value()?;
    reader.column.is_none().then_some(root)
}

/// Not: tabs, carriage returns, byte order marks, and what YAML does not allow (YAML 1.2.2, section
/// 5.1) or once took for a line end.
fn is_plain_character(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a0}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

/// A scalar on one line.
struct LineScalar<'t> {
    at: Span,
    value: Cow<'t, str>,
    is_plain: bool,
}

struct SubsetReader<'t> {
    file: FileId,
    text: &'t str,
    /// The next byte.
    at: usize,
    /// Where the line of the last content begins.
    line: usize,
    /// The column of the content that [`Self::next_content`] has found; `None` at the end of the
    /// text, which is less than any column.
    column: Option<usize>,
    depth: usize,
    nodes_left: usize,
}

impl SubsetReader<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        let bytes = self.text.as_bytes();
        bytes.get(self.at + ahead).copied().unwrap_or(END)
    }

    fn skip_spaces(&mut self) {
        while self.byte(0) == b' ' {
            self.at += 1;
        }
    }

    /// Moves to the next content, from the start or the end of a line or from a comment.
    fn next_content(&mut self) {
        loop {
            let line = self.at;
            self.skip_spaces();
            match self.byte(0) {
                b'\n' => self.at += 1,
                b'#' => self.skip_line(),
                END => {
                    self.column = None;
                    return;
                }
                _ => {
                    self.line = line;
                    self.column = Some(self.at - line);
                    return;
                }
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |newline| newline + 1);
    }

    /// Moves from behind a value to the next content. Blanks may follow the value, and a comment
    /// behind a blank.
    fn end_line(&mut self) -> Option<()> {
        let end = self.at;
        self.skip_spaces();
        match self.byte(0) {
            b'\n' | END => {}
            b'#' if self.at > end => {}
            _ => return None,
        }
        self.next_content();
        Some(())
    }

    fn enter_collection(&mut self) -> Option<()> {
        self.depth += 1;
        (self.depth <= MAX_DEPTH).then_some(())
    }

    fn leave_collection(&mut self, start: usize, kind: NodeKind) -> Option<YamlNode> {
        self.depth -= 1;
        self.node(Span::new(self.file, start, self.at), kind)
    }

    fn scalar_node(&mut self, scalar: &LineScalar<'_>) -> Option<YamlNode> {
        let kind = if scalar.is_plain {
            plain_kind(self.text, &scalar.value, scalar.at)
        } else {
            text_kind(self.text, &scalar.value, scalar.at)
        };
        self.node(scalar.at, kind)
    }

    fn node(&mut self, at: Span, kind: NodeKind) -> Option<YamlNode> {
        self.count_node()?;
        Some(YamlNode { at, kind })
    }

    /// Nodes are counted as the event parser counts them: keys are nodes too.
    fn count_node(&mut self) -> Option<()> {
        self.nodes_left = self.nodes_left.checked_sub(1)?;
        Some(())
    }

    /// The place of what is written from `start` to `end`, without white space at its end, as the
    /// event parser's places are cut.
    fn trimmed_place(&self, start: usize, end: usize) -> Span {
        let written = &self.text[start..end];
        Span::new(self.file, start, start + written.trim_end().len())
    }
}
