//! What mends a fault exactly, kept beside the hint that says it. An editor applies it; nobody else
//! looks at it. A hint that leaves a choice to the person has none.

use super::suggest::{all_of_few_names, join_names, similar_names};

/// A change of the place of a fault, which is its first label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// One of `names` in the place of the word `wrong`, which the place holds.
    Rename { wrong: String, names: Vec<String> },
    /// Another text of the value, whatever its quotes.
    Rewrite { title: &'static str, text: String },
    /// Quotes around the value.
    Quote,
    /// Quotes around everything that the line has behind its key: YAML reads it as more than one
    /// value.
    QuoteLine,
    /// Quotes around the path of the line that has brackets.
    QuotePath,
    /// Spaces in the place of the tabs that indent the line.
    Indent,
    /// Without the entry of the place, or without the nearest one of this key.
    Remove { key: Option<String>, is_only: bool },
    /// Another value of the nearest entry of this key. The hint has another way.
    Set {
        title: &'static str,
        key: &'static str,
        value: &'static str,
    },
}

/// Advice below a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(super) text: String,
    pub(super) repair: Option<Repair>,
}

impl Hint {
    /// Advice that `repair` follows.
    #[must_use]
    pub(crate) fn with(text: impl Into<String>, repair: Repair) -> Self {
        Self {
            text: text.into(),
            repair: Some(repair),
        }
    }

    /// Advice to remove the entry of the place.
    #[must_use]
    pub(crate) fn remove(text: impl Into<String>) -> Self {
        let repair = Repair::Remove {
            key: None,
            is_only: true,
        };
        Self::with(text, repair)
    }

    /// Advice to remove the entry of the place, or to do something else.
    #[must_use]
    pub(crate) fn remove_or(text: impl Into<String>) -> Self {
        let repair = Repair::Remove {
            key: None,
            is_only: false,
        };
        Self::with(text, repair)
    }

    /// Advice to remove the entry of this key, which is at the place or beside it.
    #[must_use]
    pub(crate) fn remove_key(text: impl Into<String>, key: &str) -> Self {
        let repair = Repair::Remove {
            key: Some(key.to_owned()),
            is_only: true,
        };
        Self::with(text, repair)
    }

    /// "Did you mean" one of these names.
    fn rename(wrong: &str, names: &[&str]) -> Self {
        let repair = Repair::Rename {
            wrong: wrong.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let names = join_names(names.iter().copied(), "or");
        Self::with(format!("did you mean {names}?"), repair)
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self { text, repair: None }
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// As [`super::did_you_mean`], with the names that can take the place of the wrong one.
#[must_use]
pub(crate) fn name_hint<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<Hint> {
    let known: Vec<&str> = known.into_iter().collect();
    similar_hint(wrong, known.iter().copied()).or_else(|| all_of_few_names(known).map(Hint::from))
}

/// As [`super::similar_name_hint`], with the names that can take the place of the wrong one.
#[must_use]
pub(crate) fn similar_hint<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<Hint> {
    let found = similar_names(wrong, known);
    (!found.is_empty()).then(|| Hint::rename(wrong, &found))
}
