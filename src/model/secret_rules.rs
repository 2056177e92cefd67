//! Which values of responses are secret, as a file or a scheme says.

use crate::model::value_path::ValuePath;
use crate::span::Span;

/// The lists `secrets` and `not_secret`.
#[derive(Clone, Debug, Default)]
pub struct SecretRules {
    /// What these find is secret, whatever its name.
    pub secrets: Vec<SpannedPath>,
    /// What these find is not secret because of its name. What is secret for another reason stays
    /// secret.
    pub not_secret: Vec<SpannedPath>,
}

/// A path with its place in the file.
#[derive(Clone, Debug)]
pub struct SpannedPath {
    pub path: ValuePath,
    pub at: Span,
}

impl SecretRules {
    /// One that says nothing.
    pub const NONE: &'static Self = &Self {
        secrets: Vec::new(),
        not_secret: Vec::new(),
    };
}
