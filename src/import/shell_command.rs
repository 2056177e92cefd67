//! One command of a shell, taken apart into words.

use super::import_error::ImportError;
use super::request_line::is_curl;
use super::source_text::ImportSource;

/// More words than any command line that a person pastes.
pub(super) const MAX_WORDS: usize = 20_000;

/// The end of the note of a variable.
pub(super) const UNKNOWN_VARIABLE_NOTE: &str =
    "whose value is unknown: replace it with the value that was sent";

/// One argument. It need not be UTF-8: `$'\xff'` is one byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShellWord {
    pub(super) bytes: Vec<u8>,
    /// Where it begins in the text.
    pub(super) offset: usize,
}

/// One command of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ShellCommand {
    pub(super) words: Vec<ShellWord>,
    /// What a here-document gives to it.
    pub(super) stdin: Option<Vec<u8>>,
    pub(super) notes: Vec<String>,
}

/// Adds a word to a command.
///
/// # Errors
/// When there are too many.
pub(super) fn push_word(
    command: &mut ShellCommand,
    word: ShellWord,
    source: &ImportSource,
) -> Result<(), ImportError> {
    if command.words.len() >= MAX_WORDS {
        return Err(ImportError::at(
            source.place(word.offset),
            format!("the command has more than {MAX_WORDS} words"),
        ));
    }
    command.words.push(word);
    Ok(())
}

/// Whether a command runs curl.
pub(super) fn runs_curl(command: &ShellCommand) -> bool {
    let mut words = command.words.iter();
    let words = words
        .by_ref()
        .map(|word| String::from_utf8_lossy(&word.bytes));
    let mut rest = words.skip_while(|word| is_before_command(word));
    rest.next().is_some_and(|word| is_curl(&word))
}

/// A prompt, a variable that is set for one command, or a program that starts another.
pub(super) fn is_before_command(word: &str) -> bool {
    let is_variable = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    });
    is_variable
        || matches!(
            word,
            "$" | "%" | ">" | "#" | "sudo" | "time" | "exec" | "command" | "env" | "!" | "&"
        )
}
