//! Why a text is not an XPath, and why one has no result in a document.

/// A fault in an XPath; `offset` is a byte of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct XPathFault {
    pub(crate) reason: String,
    pub(crate) offset: usize,
    pub(crate) hint: Option<String>,
    /// The part of the text that the fault is about, where its place is not known.
    about: Option<String>,
}

impl XPathFault {
    pub(super) fn new(offset: usize, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            offset,
            hint: None,
            about: None,
        }
    }

    /// A fault of a part of the text whose place is found by its spelling.
    pub(super) fn about(part: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            about: Some(part.into()),
            ..Self::new(0, reason)
        }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        self.maybe_hint(Some(hint.into()))
    }

    pub(super) fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// With the place of the part that it is about.
    pub(super) fn located_in(self, text: &str) -> Self {
        let found = self.about.as_deref().and_then(|part| text.find(part));
        Self {
            offset: found.unwrap_or(self.offset),
            ..self
        }
    }
}

/// Why an XPath has no result in a document. What it finds is not known, or would mislead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XPathSearchError {
    #[error(
        "`{path}` finds {count} nodes: select one, such as `{path}[1]`, or write `/{path}` for the list"
    )]
    SeveralNodes { path: String, count: usize },
    #[error("the response declares no prefix `{prefix}`; {declared}")]
    UndeclaredPrefix { prefix: String, declared: String },
    #[error("the response has no default namespace: write the name without `_:`")]
    NoDefaultNamespace,
    #[error(
        "`{path}` finds nothing: the names of this response are in its default namespace `{namespace}`, so write `_:NAME` for each of them"
    )]
    InDefaultNamespace { path: String, namespace: String },
    #[error(
        "the path visits more than {} nodes of this response: use a more specific path",
        super::MAX_VISITS
    )]
    Visits,
    #[error("`{path}` is not a number here: the text is {text}")]
    NotANumber { path: String, text: String },
    #[error("`{path}` cannot be evaluated: {reason}")]
    Evaluation { path: String, reason: String },
}
