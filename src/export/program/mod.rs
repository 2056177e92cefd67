//! A request as a program that signs by the scheme's own steps each time it runs. `translation` makes
//! a list of statements of them, and `language` writes that list in Python, JavaScript or Java. What
//! a program cannot say is an error with its place, never a program that signs something else.

mod error;
mod expression_syntax;
mod functions;
mod java;
mod language;
mod node;
mod operation;
mod python;
mod runtime;
#[cfg(test)]
mod tests;
mod translation;

pub(crate) use error::ProgramError;

use super::secret_text::{SecretText, SecretTextError};
use crate::model::scheme::{Level, Scheme};
use crate::wire::{BaseUrl, Draft};
use language::{Language, ProgramHead};
use translation::translate;

/// A request, and how a program gets what it does not hold.
pub(crate) struct ProgramSource<'p> {
    pub(crate) scheme: &'p Scheme,
    pub(crate) level: &'p Level,
    pub(crate) draft: &'p Draft,
    pub(crate) base: &'p BaseUrl,
    /// The id of the request.
    pub(crate) title: &'p str,
    /// The environment variable of `cred.…`, `token.…` or `secret.…`.
    pub(crate) variable: &'p dyn Fn(&str) -> String,
    /// The words of the command that prints the access token, if ingam keeps it.
    pub(crate) token_command: Option<Vec<String>>,
    /// What the user should know, for the head of the program.
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProgramLanguage {
    Python,
    Node,
    Java,
}

impl ProgramLanguage {
    fn language(self) -> &'static dyn Language {
        match self {
            Self::Python => &python::Python,
            Self::Node => &node::Node,
            Self::Java => &java::Java,
        }
    }
}

/// The text of the program. `split` takes a text of the request apart, so that no secret stands in
/// it.
///
/// # Errors
/// When the scheme does something that cannot be translated, the language has no function for it,
/// or the request holds a secret that no variable can stand for.
pub(crate) fn write_program(
    language: ProgramLanguage,
    source: &ProgramSource<'_>,
    split: &mut dyn FnMut(&str) -> Result<SecretText, SecretTextError>,
) -> Result<String, ProgramError> {
    let statements = translate(source, split)?;
    let head = ProgramHead {
        title: source.title,
        scheme: &source.scheme.name,
        level: &source.level.name,
        notes: &source.notes,
        token_command: source.token_command.as_deref(),
    };
    language::write(language.language(), &head, &statements)
}
