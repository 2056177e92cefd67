//! A command line, taken apart by the rules of the shell that it was written for.

use super::import_error::ImportError;
use super::shell_command::{ShellCommand, ShellWord, is_before_command, is_curl};
use super::shell_words::PosixReader;
use super::source_text::ImportSource;
use super::windows_words;

/// Whose quoting a command line uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShellDialect {
    /// sh, bash, zsh.
    Posix,
    /// cmd.exe: `^` at the end of a line.
    Cmd,
    /// A backtick at the end of a line.
    PowerShell,
}

impl ShellDialect {
    fn of(text: &str) -> Self {
        let continued = |mark: char| text.lines().any(|line| line.trim_end().ends_with(mark));
        // `^"` is how browsers quote for cmd.
        if text.contains("^\"") || continued('^') {
            Self::Cmd
        } else if continued('`') {
            Self::PowerShell
        } else {
            Self::Posix
        }
    }
}

/// The first command that runs curl, without what stands before the name of the program, and
/// without the name.
///
/// # Errors
/// When a quote is not closed, or there are too many words.
pub(super) fn curl_command(source: &ImportSource) -> Result<ShellCommand, ImportError> {
    let text = source.single_request()?;
    let commands = match ShellDialect::of(text) {
        ShellDialect::Posix => PosixReader::new(source, text).commands()?,
        ShellDialect::Cmd => windows_words::cmd_commands(source, text)?,
        ShellDialect::PowerShell => windows_words::powershell_commands(source, text)?,
    };
    let mut found = commands.into_iter().filter_map(arguments_of_curl);
    let mut first = found.next().ok_or_else(|| {
        ImportError::new("the text has the word `curl`, but no command that begins with it")
    })?;
    if found.next().is_some() {
        first
            .notes
            .push("the text has several curl commands: the first one is read".to_owned());
    }
    Ok(first)
}

fn arguments_of_curl(mut command: ShellCommand) -> Option<ShellCommand> {
    let text = |word: &ShellWord| String::from_utf8_lossy(&word.bytes).into_owned();
    let at = command
        .words
        .iter()
        .position(|word| !is_before_command(&text(word)))?;
    is_curl(&text(&command.words[at])).then(|| {
        command.words.drain(..=at);
        command
    })
}
