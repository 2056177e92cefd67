//! A command line, taken apart by the rules of the shell that it was written for.

use super::import_error::ImportError;
use super::request_line::is_curl;
use super::shell_command::{ShellCommand, ShellWord, is_before_command, runs_curl};
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
    let mut found = curl_commands(source)?.into_iter();
    let mut first = found.next().ok_or_else(|| {
        ImportError::new("the text has the word `curl`, but no command that begins with it")
            .hint("delete the text before `curl`: a prompt, a quotation mark or a list mark")
    })?;
    if found.next().is_some() {
        first
            .notes
            .push("the text has several curl commands: only the first is read".to_owned());
    }
    Ok(first)
}

/// Every command that runs curl; at least one.
///
/// # Errors
/// As [`curl_command`].
pub(super) fn curl_commands(source: &ImportSource) -> Result<Vec<ShellCommand>, ImportError> {
    let text = source.single_request()?;
    let commands = match ShellDialect::of(text) {
        ShellDialect::Posix => PosixReader::new(source, text).commands()?,
        ShellDialect::Cmd => windows_words::cmd_commands(source, text)?,
        ShellDialect::PowerShell => windows_words::powershell_commands(source, text)?,
    };
    let lost = lost_options(source, text, &commands);
    let found = commands.into_iter().filter_map(arguments_of_curl);
    let mut found: Vec<ShellCommand> = found.collect();
    if let Some(first) = found.first_mut() {
        first.notes.extend(lost);
    }
    for command in &mut found {
        let note = typographic_quotes(source, command)?;
        command.notes.extend(note);
    }
    Ok(found)
}

/// A note for options that are no part of the command: the line before them does not say that it
/// goes on.
fn lost_options(source: &ImportSource, text: &str, commands: &[ShellCommand]) -> Option<String> {
    let curl = commands.iter().position(runs_curl)?;
    let next = commands.get(curl + 1)?.words.first()?;
    let is_line = text[..next.offset]
        .trim_end_matches([' ', '\t'])
        .ends_with('\n');
    (is_line && next.bytes.starts_with(b"-")).then(|| {
        let mark = match ShellDialect::of(text) {
            ShellDialect::Posix => "\\",
            ShellDialect::Cmd => "^",
            ShellDialect::PowerShell => "`",
        };
        format!(
            "line {} begins with an option, but the line before it does not end with `{mark}`: the \
             shell ends the command there, so the options from this line on are not sent",
            source.place(next.offset).line
        )
    })
}

/// A note for quotes that a word processor or a chat has made of `'` and `"`.
///
/// # Errors
/// When they stand around the URL.
fn typographic_quotes(
    source: &ImportSource,
    command: &ShellCommand,
) -> Result<Option<String>, ImportError> {
    const QUOTES: [char; 6] = ['‘', '’', '“', '”', '„', '‚'];
    let begins = |word: &&ShellWord| {
        let text = String::from_utf8_lossy(&word.bytes);
        text.starts_with(QUOTES)
    };
    let Some(word) = command.words.iter().find(begins) else {
        return Ok(None);
    };
    let place = source.place(word.offset);
    let text = String::from_utf8_lossy(&word.bytes);
    if text.trim_start_matches(QUOTES).starts_with("http") {
        return Err(ImportError::at(
            place,
            "a typographic quote begins here, but shells do not accept it as a quote",
        )
        .hint("replace `‘`, `’`, `“` and `”` around words with `'`"));
    }
    Ok(Some(format!(
        "line {} has a typographic quote, which shells do not accept as a quote: replace it with `'`",
        place.line
    )))
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
