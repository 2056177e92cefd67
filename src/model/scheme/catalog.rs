//! What a list of schemes says of each: where it sells, how it is proven, and which warnings its
//! author answers for.

use crate::span::Span;

/// How it is known that a signature is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// The value stands in a text of the marketplace or in a client library.
    Published,
    /// An independent program computed it from the text of the marketplace.
    Computed,
    /// Nothing from elsewhere is known.
    Unproven,
}

impl Proof {
    pub(crate) const ALL: [Self; 3] = [Self::Published, Self::Computed, Self::Unproven];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Computed => "computed",
            Self::Unproven => "unproven",
        }
    }
}

/// A warning about a scheme that its file can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LintRule {
    SecretInQuery,
    UnsortedConcat,
    UnusedCredential,
}

impl LintRule {
    pub(crate) const ALL: [Self; 3] = [
        Self::SecretInQuery,
        Self::UnsortedConcat,
        Self::UnusedCredential,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SecretInQuery => "secret_in_query",
            Self::UnsortedConcat => "unsorted_concat",
            Self::UnusedCredential => "unused_credential",
        }
    }
}

/// `lint: { allow: { RULE: REASON } }`
#[derive(Clone, Debug)]
pub struct AllowedWarning {
    pub rule: LintRule,
    pub at: Span,
    pub reason: String,
}
