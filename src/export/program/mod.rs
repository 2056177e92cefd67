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

use super::secret_text::{RequestSecrets, SecretTextError};
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

/// The text of the program, in which no secret stands.
///
/// # Errors
/// When the scheme does something that cannot be translated, the language has no function for it,
/// or the request holds a secret that no variable can stand for.
pub(crate) fn write_program(
    language: ProgramLanguage,
    source: &ProgramSource<'_>,
    mut secrets: RequestSecrets<'_>,
) -> Result<String, ProgramError> {
    let statements = translate(source, secrets.reborrow())?;
    let head = ProgramHead {
        title: source.title,
        scheme: &source.scheme.name,
        level: &source.level.name,
        notes: &source.notes,
        token_command: source.token_command.as_deref(),
    };
    let program = language::write(language.language(), &head, &statements)?;
    // The translation takes secrets out piece by piece. Whatever it overlooks, such as a path of a
    // host, must not leave this function.
    secrets
        .check_bytes(program.as_bytes())
        .map_err(|SecretTextError(name)| ProgramError::WrittenSecret(name))?;
    Ok(program)
}
