//! Places in files. A span is a byte range in one loaded file; `SourceMap` keeps the files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names one loaded file in a [`SourceMap`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A byte range in one file; `start..end`, end excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    #[must_use]
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        // Files are far smaller than 4 GiB. If one is not, a wrong place in a message is better
        // than a panic.
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            file,
            start: clamp(start),
            end: clamp(end),
        }
    }

    /// The part of this span that begins `offset` bytes in and is `len` bytes long; never longer
    /// than the span.
    #[must_use]
    pub fn slice(self, offset: usize, len: usize) -> Self {
        let start = self.end.min(
            self.start
                .saturating_add(u32::try_from(offset).unwrap_or(u32::MAX)),
        );
        let end = self
            .end
            .min(start.saturating_add(u32::try_from(len).unwrap_or(u32::MAX)));
        Self {
            file: self.file,
            start,
            end,
        }
    }

    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One file as it was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Relative to the workspace root, with `/`, as messages show it.
    pub path: PathBuf,
    pub text: Arc<str>,
    /// Where its text begins, when only a part of the file is at hand.
    first_position: SourcePosition,
}

/// A line and a column, both counted from one, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourcePosition {
    pub line: usize,
    pub column: usize,
}

impl SourcePosition {
    const START: Self = Self { line: 1, column: 1 };
}

impl SourceFile {
    /// The place of a byte of its text.
    #[must_use]
    pub fn position(&self, byte: usize) -> SourcePosition {
        // A byte inside a character or past the end is shown at the end of the text, since a
        // message must not panic.
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        self.position_on_line(before.matches('\n').count(), start, byte)
    }

    /// The same, if the line is known: `above` is the number of lines before it, and `start` the
    /// byte at which it starts.
    #[must_use]
    pub fn position_on_line(&self, above: usize, start: usize, byte: usize) -> SourcePosition {
        let columns = self
            .text
            .get(start..byte.min(self.text.len()))
            .unwrap_or_default()
            .chars()
            .count();
        let left = if above == 0 {
            self.first_position.column
        } else {
            1
        };
        SourcePosition {
            line: self.first_position.line + above,
            column: left + columns,
        }
    }
}

/// Every file that was loaded, so that a span can be shown.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile {
            path: path.into(),
            text: text.into(),
            first_position: SourcePosition::START,
        });
        id
    }

    /// Gives a file another text; places in the old one are no longer shown right.
    pub(crate) fn replace(&mut self, file: FileId, text: impl Into<Arc<str>>) {
        if let Some(source) = self.files.get_mut(file.0 as usize) {
            source.text = text.into();
        }
    }

    /// A place whose file is not at hand, such as one of an earlier run.
    pub fn add_external(&mut self, path: impl Into<PathBuf>, first: SourcePosition) -> Span {
        let file = self.add(path, "");
        if let Some(source) = self.files.last_mut() {
            source.first_position = first;
        }
        Span::new(file, 0, 0)
    }

    #[must_use]
    pub fn get(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file.0 as usize)
    }

    #[must_use]
    pub fn path(&self, file: FileId) -> &Path {
        self.get(file).map_or(Path::new("?"), |source| &source.path)
    }

    /// Shows a text of a file as stars of the same length, so that places stay where they are.
    pub fn mask_text(&mut self, file: FileId, text: &str) {
        if let Some(source) = self
            .files
            .get_mut(file.0 as usize)
            .filter(|_| !text.is_empty())
        {
            // As many bytes as before, because spans are byte ranges in this text.
            source.text = source.text.replace(text, &"*".repeat(text.len())).into();
        }
    }

    /// Shows the text of a file changed, with as many bytes as before, because spans are ranges of
    /// them; a text of another length is not shown at all.
    pub fn mask(&mut self, file: FileId, change: impl FnOnce(&str) -> String) {
        if let Some(source) = self.files.get_mut(file.0 as usize) {
            let changed = change(&source.text);
            let is_same_length = changed.len() == source.text.len();
            source.text = if is_same_length {
                changed.into()
            } else {
                "*".repeat(source.text.len()).into()
            };
        }
    }

    /// The text that a span covers.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file)
            .and_then(|source| source.text.get(span.range()))
            .unwrap_or_default()
    }

    /// `path:line:column`, both counted from one, the column in characters.
    #[must_use]
    pub fn location(&self, span: Span) -> String {
        let Some(source) = self.get(span.file) else {
            return "?".to_owned();
        };
        let SourcePosition { line, column } = source.position(span.start as usize);
        format!("{}:{line}:{column}", source.path.display())
    }
}
