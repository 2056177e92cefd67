//! The types of JSON values and their names.

/// The type of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum JsonKind {
    Null,
    Bool,
    Number,
    String,
    List,
    Object,
}

impl JsonKind {
    /// The name that JSON Schema gives it; an integer is a `number` here, since both are.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::List => "array",
            Self::Object => "object",
        }
    }

    /// The same in a sentence about a value.
    #[must_use]
    pub(crate) fn with_article(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "text",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}
