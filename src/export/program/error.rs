//! Why a request cannot be written as a program.

use crate::export::SecretTextError;

/// A program would have to do something that none can say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProgramError {
    #[error("{place}: {reason}")]
    Untranslatable {
        /// What of the scheme or the request: ``the step `signature` ``.
        place: String,
        reason: String,
    },
    #[error(
        "{place}: {language} has no `{function}`, neither in its standard library nor in a library that ingam knows"
    )]
    MissingFunction {
        place: String,
        language: &'static str,
        function: &'static str,
    },
    #[error("the body has {bytes} bytes, but a program can contain at most {limit}")]
    LargeBody { bytes: usize, limit: usize },
    #[error("the text of the program would contain the value of `{0}`")]
    WrittenSecret(String),
    #[error("{0}")]
    Secret(#[from] SecretTextError),
}

impl ProgramError {
    pub(super) fn new(place: &str, reason: impl Into<String>) -> Self {
        Self::Untranslatable {
            place: place.to_owned(),
            reason: reason.into(),
        }
    }
}
