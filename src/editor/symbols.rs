//! Names and the places where they are written: what defines a name, and what uses it.

use crate::yaml::{NodeKind, YamlNode};
use std::ops::Range;
use std::path::PathBuf;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Symbol {
    /// A variable or a capture: of one file, or of the whole workspace.
    Variable {
        file: Option<PathBuf>,
        name: String,
    },
    Fixture(String),
    FixtureValue {
        fixture: String,
        name: String,
    },
    Step {
        file: PathBuf,
        name: String,
    },
    Account {
        scheme: String,
        name: String,
    },
    Scheme(String),
    Environment(String),
    Request(String),
}

impl Symbol {
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Variable { name, .. }
            | Self::FixtureValue { name, .. }
            | Self::Step { name, .. }
            | Self::Account { name, .. }
            | Self::Fixture(name)
            | Self::Scheme(name)
            | Self::Environment(name)
            | Self::Request(name) => name,
        }
    }
}

/// A name where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameOccurrence {
    pub(crate) symbol: Symbol,
    /// Empty for a file that defines something by its own name.
    pub(crate) range: Range<usize>,
    pub(crate) is_definition: bool,
    /// Only the last part of the name of a file stands there, as the prefix of what its steps
    /// capture.
    pub(crate) is_prefix: bool,
}

/// The text of a scalar without its quotes.
#[must_use]
pub(super) fn scalar_range(text: &str, node: &YamlNode) -> Range<usize> {
    let range = node.at.range();
    match &node.kind {
        NodeKind::Text(scalar) => match scalar.verbatim_offset {
            Some(offset) => {
                let start = range.start + offset;
                let end = start + scalar.value.trim_end_matches('\n').len();
                start..end.min(text.len())
            }
            None => range,
        },
        _ => range,
    }
}
