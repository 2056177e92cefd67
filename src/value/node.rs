//! A place in an indexed text of JSON. It is read where it stands, and nothing is copied before
//! somebody asks for a value.

use super::duplicate::{DuplicateMember, TextPosition};
use super::kind::JsonKind;
use super::member_name::NameStart;
use super::tape::{CONTAINER, CONTAINER_ENTRIES, DuplicateName, JsonTape};
use super::text_scan::{plain_len, skip_blanks, string_len};
use super::unescape::unescape;
use std::borrow::Cow;

/// A value in an indexed text.
#[derive(Clone, Copy)]
pub(crate) struct JsonNode<'d> {
    text: &'d [u8],
    tape: &'d JsonTape,
    /// Its offset in the text.
    at: usize,
    /// Its entry in the tape, or if it has none, that of what comes next.
    entry: usize,
}

impl<'d> JsonNode<'d> {
    pub(super) fn root(text: &'d [u8], tape: &'d JsonTape) -> Self {
        let at = skip_blanks(text, 0);
        Self {
            text,
            tape,
            at,
            entry: 0,
        }
    }

    fn with(self, at: usize, entry: usize) -> Self {
        Self { at, entry, ..self }
    }

    /// Its offset in the text.
    pub(super) fn offset(self) -> usize {
        self.at
    }

    pub(super) fn kind(self) -> JsonKind {
        match self.text[self.at] {
            b'n' => JsonKind::Null,
            b't' | b'f' => JsonKind::Bool,
            b'"' => JsonKind::String,
            b'[' => JsonKind::List,
            b'{' => JsonKind::Object,
            _ => JsonKind::Number,
        }
    }

    /// Where its first element or member begins, if it is an object or a list that is not empty.
    /// Only those have entries.
    fn first_inner(self) -> Option<usize> {
        let closed_by = match self.text[self.at] {
            b'[' => b']',
            b'{' => b'}',
            _ => return None,
        };
        let first = skip_blanks(self.text, self.at + 1);
        (self.text[first] != closed_by).then_some(first)
    }

    /// Where its text ends, and the entry of what comes next.
    fn end(self) -> (usize, usize) {
        let rest = &self.text[self.at + 1..];
        let len = match self.text[self.at] {
            b'[' | b'{' => {
                let blanks = skip_blanks(rest, 0);
                if !matches!(rest[blanks], b']' | b'}') {
                    let entries = &self.tape.entries[self.entry..];
                    return ((entries[0] ^ CONTAINER) as usize, entries[1] as usize);
                }
                blanks + 1
            }
            b'"' => string_len(rest),
            b't' | b'n' => 3,
            b'f' => 4,
            _ => rest.iter().take_while(|byte| is_in_number(**byte)).count(),
        };
        (self.at + 1 + len, self.entry)
    }

    /// As it is written, in bytes.
    pub(super) fn source_bytes(self) -> &'d [u8] {
        &self.text[self.at..self.end().0]
    }

    /// As it is written.
    pub(super) fn source(self) -> &'d str {
        self.slice(self.at, self.end().0)
    }

    pub(super) fn as_bool(self) -> Option<bool> {
        (self.kind() == JsonKind::Bool).then(|| self.text[self.at] == b't')
    }

    pub(super) fn as_str(self) -> Option<Cow<'d, str>> {
        (self.kind() == JsonKind::String).then(|| self.string_at(self.at))
    }

    /// The text whose quote is at an offset.
    fn string_at(self, at: usize) -> Cow<'d, str> {
        let rest = &self.text[at + 1..];
        let len = plain_len(rest);
        if rest[len] == b'"' {
            return Cow::Borrowed(self.slice(at + 1, at + 1 + len));
        }
        Cow::Owned(unescape(rest))
    }

    #[expect(
        clippy::expect_used,
        reason = "the text was found to be UTF-8, and is cut at ASCII letters only"
    )]
    fn slice(self, start: usize, end: usize) -> &'d str {
        std::str::from_utf8(&self.text[start..end]).expect("a part of a text that is UTF-8")
    }

    pub(super) fn elements(self) -> NodeElements<'d> {
        let first = self.first_inner().filter(|_| self.text[self.at] == b'[');
        NodeElements {
            list: self,
            next: first.map(|first| (first, self.entry + CONTAINER_ENTRIES)),
        }
    }

    pub(super) fn members(self) -> NodeMembers<'d> {
        let first = self.first_inner().filter(|_| self.text[self.at] == b'{');
        NodeMembers {
            object: self,
            entry: self.entry + CONTAINER_ENTRIES,
            end: first.map_or(0, |_| self.tape.entries[self.entry + 1] as usize),
        }
    }

    /// The member of an object; the last one where several have that name.
    pub(super) fn get(self, name: &str, start: NameStart) -> Option<Self> {
        if self.tape.has_escaped_names || !start.is_plain() {
            let named = self.members().filter(|member| member.name() == name);
            return named.last().map(NodeMember::value);
        }
        let mut members = self.members();
        let found = if self.tape.duplicates.is_empty() {
            members.find(|member| member.is_spelled(name, start))
        } else {
            members
                .filter(|member| member.is_spelled(name, start))
                .last()
        };
        // The name has the length of the one that was asked for, between its quotes.
        found.map(|member| member.value_behind(member.name_offset() + name.len() + 2))
    }

    /// The names of all members of the whole text, each at least once.
    pub(super) fn member_names(self) -> Vec<Cow<'d, str>> {
        let offsets = self.tape.name_offsets().into_iter();
        offsets.map(|at| self.string_at(at as usize)).collect()
    }

    /// Whether a name stands more than once in any object of the whole text.
    pub(super) fn has_duplicates(self) -> bool {
        !self.tape.duplicates.is_empty()
    }

    /// The names that stand more than once in an object that this value is or holds.
    pub(super) fn duplicate_names(self) -> &'d [DuplicateName] {
        let all = self.tape.duplicates.as_slice();
        if all.is_empty() {
            return all;
        }
        let end = self.end().0;
        let first = all.partition_point(|name| (name.object as usize) < self.at);
        let behind = all.partition_point(|name| (name.object as usize) < end);
        &all[first..behind]
    }

    /// Those of this object itself.
    pub(super) fn own_duplicate_names(self) -> impl Iterator<Item = &'d DuplicateName> {
        let names = self.duplicate_names().iter();
        names.take_while(move |name| name.object as usize == self.at)
    }

    pub(super) fn is_duplicate_of(self, found: &DuplicateName, name: &str) -> bool {
        self.string_at(found.first as usize) == name
    }

    /// Such a name with its places, which are counted from the beginning of the text.
    pub(super) fn duplicate(self, found: &DuplicateName) -> DuplicateMember {
        let (first, second) = (found.first as usize, found.second as usize);
        DuplicateMember {
            object: found.object as usize,
            name: self.string_at(first).into_owned(),
            first: self.position(first),
            second: self.position(second),
        }
    }

    fn position(self, offset: usize) -> TextPosition {
        let before = &self.text[..offset];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        TextPosition {
            line: memchr::memchr_iter(b'\n', before).count() + 1,
            column: self.slice(line_start, offset).chars().count() + 1,
        }
    }

    /// Whether a place, as an offset in the same text, is in this value.
    pub(super) fn holds_offset(self, offset: usize) -> bool {
        (self.at..self.end().0).contains(&offset)
    }
}

/// The elements of a list.
pub(crate) struct NodeElements<'d> {
    list: JsonNode<'d>,
    /// Where the next one begins, and its entry.
    next: Option<(usize, usize)>,
}

impl<'d> Iterator for NodeElements<'d> {
    type Item = JsonNode<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        let (at, entry) = self.next?;
        let node = self.list.with(at, entry);
        let (end, entry) = node.end();
        let comma = skip_blanks(node.text, end);
        self.next = (node.text[comma] == b',').then(|| (skip_blanks(node.text, comma + 1), entry));
        Some(node)
    }
}

/// The members of an object, also those whose name stands again.
pub(crate) struct NodeMembers<'d> {
    object: JsonNode<'d>,
    entry: usize,
    end: usize,
}

/// A member whose name and value are read when they are asked for.
pub(crate) struct NodeMember<'d> {
    object: JsonNode<'d>,
    entry: usize,
}

impl<'d> Iterator for NodeMembers<'d> {
    type Item = NodeMember<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        let (object, entry) = (self.object, self.entry);
        if entry >= self.end {
            return None;
        }
        // The entries of a value that is an object or a list follow that of its name.
        let entries = &object.tape.entries;
        let value = entries[..self.end].get(entry + 1);
        self.entry = match value {
            Some(value) if value & CONTAINER != 0 => entries[entry + 2] as usize,
            _ => entry + 1,
        };
        Some(NodeMember { object, entry })
    }
}

impl<'d> NodeMember<'d> {
    fn name_offset(&self) -> usize {
        self.object.tape.entries[self.entry] as usize
    }

    pub(super) fn name(&self) -> Cow<'d, str> {
        self.object.string_at(self.name_offset())
    }

    /// Whether a name without escapes is this one.
    fn is_spelled(&self, name: &str, start: NameStart) -> bool {
        start.begins(&self.object.text[self.name_offset() + 1..], name)
    }

    pub(super) fn value(self) -> JsonNode<'d> {
        let name = self.name_offset() + 1;
        self.value_behind(name + string_len(&self.object.text[name..]))
    }

    /// The value, if its name with the quotes ends at an offset.
    fn value_behind(&self, name_end: usize) -> JsonNode<'d> {
        let text = self.object.text;
        let colon = skip_blanks(text, name_end);
        self.object
            .with(skip_blanks(text, colon + 1), self.entry + 1)
    }
}

fn is_in_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')
}
