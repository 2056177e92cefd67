//! One ITEM of `ingam call`, in HTTPie's syntax: `name==query`, `Header:value`, `name=text`,
//! `name:=json`, `field@file`. A backslash takes the next sign literally.

use std::fmt;

/// A letter of an item, and whether a backslash stood before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ItemLetter {
    pub(super) letter: char,
    pub(super) is_escaped: bool,
}

/// The kinds of items, by what stands between name and value. Longer marks come first: `:=` is not
/// `:` with a value that begins with `=`.
const MARKS: [(&str, ItemKind); 10] = [
    (":=@", ItemKind::JsonFile),
    ("==@", ItemKind::QueryFile),
    ("=@", ItemKind::TextFile),
    (":@", ItemKind::HeaderFile),
    (":=", ItemKind::Json),
    ("==", ItemKind::Query),
    (":", ItemKind::Header),
    ("=", ItemKind::Text),
    ("@", ItemKind::File),
    (";", ItemKind::EmptyHeader),
];

/// What a backslash takes literally; before any other letter it is a backslash.
const SPECIAL: &str = ":=@;[]\\";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemKind {
    Header,
    HeaderFile,
    EmptyHeader,
    Query,
    QueryFile,
    /// A member of the body whose value is text.
    Text,
    TextFile,
    /// A member of the body whose value is JSON.
    Json,
    JsonFile,
    /// A file of a form.
    File,
}

impl ItemKind {
    /// Whether it is a part of the body.
    pub(super) fn is_body(self) -> bool {
        matches!(
            self,
            Self::Text | Self::TextFile | Self::Json | Self::JsonFile | Self::File
        )
    }

    /// As it is written between name and value.
    pub(super) fn mark(self) -> &'static str {
        let found = MARKS.iter().find(|(_, kind)| *kind == self);
        found.map_or("", |(mark, _)| mark)
    }
}

/// An item that is taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestItem {
    pub(super) kind: ItemKind,
    pub(super) key: Vec<ItemLetter>,
    pub(super) value: String,
}

/// An argument that is no item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoItem;

impl fmt::Display for NoItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it has none of `==`, `:`, `=`, `:=` and `@`")
    }
}

impl RequestItem {
    /// # Errors
    /// When nothing in it divides a name from a value.
    pub(super) fn parse(text: &str) -> Result<Self, NoItem> {
        let letters = letters_of(text);
        let (at, mark, kind) = (0..letters.len())
            .find_map(|at| mark_at(&letters, at).map(|(mark, kind)| (at, mark, kind)))
            .ok_or(NoItem)?;
        let value = &letters[at + mark.len()..];
        Ok(Self {
            kind,
            key: letters[..at].to_vec(),
            value: value.iter().map(|letter| letter.letter).collect(),
        })
    }

    /// The name without its backslashes.
    pub(super) fn name(&self) -> String {
        self.key.iter().map(|letter| letter.letter).collect()
    }

    /// Name and mark, as messages show the item: its value could be a secret.
    pub(super) fn shown(&self) -> String {
        format!("{}{}…", self.name(), self.kind.mark())
    }
}

fn letters_of(text: &str) -> Vec<ItemLetter> {
    let plain = |letter| ItemLetter {
        letter,
        is_escaped: false,
    };
    let mut letters = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        if letter != '\\' {
            letters.push(plain(letter));
            continue;
        }
        match rest.next() {
            Some(next) if SPECIAL.contains(next) => letters.push(ItemLetter {
                letter: next,
                is_escaped: true,
            }),
            next => {
                letters.push(plain('\\'));
                letters.extend(next.map(plain));
            }
        }
    }
    letters
}

fn mark_at(letters: &[ItemLetter], at: usize) -> Option<(&'static str, ItemKind)> {
    let stands = |mark: &str| {
        let there = letters[at..].iter().take(mark.len());
        there.len() == mark.len()
            && there
                .zip(mark.chars())
                .all(|(letter, sign)| !letter.is_escaped && letter.letter == sign)
    };
    MARKS.iter().copied().find(|(mark, _)| stands(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, kind and value by the documentation of HTTPie 3, "Request Items" and "Escaping rules".
    #[test]
    fn items_are_read_as_httpie_reads_them() {
        for (text, name, kind, value) in [
            ("X-API-Token:123", "X-API-Token", ItemKind::Header, "123"),
            (
                "Referer:https://httpie.io",
                "Referer",
                ItemKind::Header,
                "https://httpie.io",
            ),
            ("X-Empty;", "X-Empty", ItemKind::EmptyHeader, ""),
            (
                "search==httpie logo",
                "search",
                ItemKind::Query,
                "httpie logo",
            ),
            ("name=John", "name", ItemKind::Text, "John"),
            ("url=http://a/?b=c", "url", ItemKind::Text, "http://a/?b=c"),
            ("married:=false", "married", ItemKind::Json, "false"),
            ("b:=@b.json", "b", ItemKind::JsonFile, "b.json"),
            (
                "essay=@Documents/essay.txt",
                "essay",
                ItemKind::TextFile,
                "Documents/essay.txt",
            ),
            (
                "text==@files/text.txt",
                "text",
                ItemKind::QueryFile,
                "files/text.txt",
            ),
            (
                "X-Data:@files/text.txt",
                "X-Data",
                ItemKind::HeaderFile,
                "files/text.txt",
            ),
            (
                "cv@~/Documents/cv.pdf",
                "cv",
                ItemKind::File,
                "~/Documents/cv.pdf",
            ),
            (
                r"field-name-with\:colon=value",
                "field-name-with:colon",
                ItemKind::Text,
                "value",
            ),
            (r"a\==b", "a=", ItemKind::Text, "b"),
            (r"path=C:\dir", "path", ItemKind::Text, r"C:\dir"),
            (r"foo\[bar\]=1", "foo[bar]", ItemKind::Text, "1"),
            ("a===b", "a", ItemKind::Query, "=b"),
            ("이름=무선 이어폰", "이름", ItemKind::Text, "무선 이어폰"),
        ] {
            let item = RequestItem::parse(text).unwrap();
            assert_eq!(
                (item.name().as_str(), item.kind, item.value.as_str()),
                (name, kind, value),
                "{text}"
            );
        }
        assert_eq!(RequestItem::parse("limit"), Err(NoItem));
        assert_eq!(RequestItem::parse(r"a\=b"), Err(NoItem));
    }
}
