//! The words of a command line for cmd.exe and for PowerShell.

use super::import_error::ImportError;
use super::shell_command::{ShellCommand, ShellWord, push_word};
use super::source_text::ImportSource;

/// The commands of a text for cmd: `^` takes the meaning of the next character away, and `&` and `|`
/// outside of quotes end a command. What is left is taken apart by the rules of Microsoft's C
/// runtime, with which curl.exe is built.
///
/// # Errors
/// When a quote is not closed, or there are too many words.
pub(super) fn cmd_commands(
    source: &ImportSource,
    text: &str,
) -> Result<Vec<ShellCommand>, ImportError> {
    let mut commands = Vec::new();
    let mut letters: Vec<(usize, char)> = Vec::new();
    let mut is_quoted = false;
    let mut literal_caret = None;
    let mut rest = text.char_indices().peekable();
    while let Some((at, letter)) = rest.next() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                letters.push((at, letter));
            }
            '^' if !is_quoted => {
                while rest.next_if(|(_, next)| *next == '\r').is_some() {}
                if let Some((at, next)) = rest.next() {
                    if next == '\n' {
                        // Behind a line end that is escaped, the next character is literal: this is
                        // how browsers write the line ends of a body.
                        while rest.next_if(|(_, next)| *next == '\r').is_some() {}
                        letters.extend(rest.next_if(|(_, next)| *next == '\n'));
                    } else {
                        letters.push((at, next));
                    }
                }
            }
            '^' => {
                literal_caret.get_or_insert(at);
                letters.push((at, letter));
            }
            '&' | '|' | '\n' if !is_quoted => {
                let command = runtime_words(source, std::mem::take(&mut letters))?;
                commands.push(command);
            }
            _ => letters.push((at, letter)),
        }
    }
    commands.push(runtime_words(source, letters)?);
    commands.retain(|command| !command.words.is_empty());
    if let Some(at) = literal_caret {
        let note = format!(
            "line {} has `^` inside double quotes, where cmd keeps it: it is sent literally",
            source.place(at).line
        );
        for command in &mut commands {
            command.notes.push(note.clone());
        }
    }
    Ok(commands)
}

/// The rules of Microsoft's C runtime: backslashes are literal but before a quote, and `""` inside
/// of quotes is a quote.
fn runtime_words(
    source: &ImportSource,
    letters: Vec<(usize, char)>,
) -> Result<ShellCommand, ImportError> {
    let mut command = ShellCommand::default();
    let mut word: Option<ShellWord> = None;
    let mut quoted_from = None;
    let mut rest = letters.into_iter().peekable();
    while let Some((offset, letter)) = rest.next() {
        if quoted_from.is_none() && letter.is_whitespace() {
            if let Some(word) = word.take() {
                push_word(&mut command, word, source)?;
            }
            continue;
        }
        let bytes = &mut word
            .get_or_insert_with(|| ShellWord {
                bytes: Vec::new(),
                offset,
            })
            .bytes;
        match letter {
            '"' => {
                let is_doubled =
                    quoted_from.is_some() && rest.peek().is_some_and(|(_, next)| *next == '"');
                if is_doubled {
                    rest.next();
                    bytes.push(b'"');
                } else {
                    quoted_from = match quoted_from {
                        None => Some(offset),
                        Some(_) => None,
                    };
                }
            }
            '\\' => {
                let mut count = 1;
                while rest.next_if(|(_, next)| *next == '\\').is_some() {
                    count += 1;
                }
                let is_before_quote = rest.peek().is_some_and(|(_, next)| *next == '"');
                let kept = if is_before_quote { count / 2 } else { count };
                bytes.extend(std::iter::repeat_n(b'\\', kept));
                if is_before_quote && count % 2 == 1 {
                    rest.next();
                    bytes.push(b'"');
                }
            }
            _ => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    if let Some(begin) = quoted_from {
        return Err(unclosed(source, begin));
    }
    if let Some(word) = word {
        push_word(&mut command, word, source)?;
    }
    Ok(command)
}

fn unclosed(source: &ImportSource, begin: usize) -> ImportError {
    ImportError::at(
        source.place(begin),
        "the quote that begins here is not closed",
    )
    .hint("copy the whole command")
}

/// The commands of a text for PowerShell: a backtick takes the meaning of the next character away,
/// `''` inside of single quotes is a quote, and nothing is expanded in them.
///
/// # Errors
/// When a quote is not closed, or there are too many words.
pub(super) fn powershell_commands(
    source: &ImportSource,
    text: &str,
) -> Result<Vec<ShellCommand>, ImportError> {
    let mut commands = Vec::new();
    let mut command = ShellCommand::default();
    let mut word: Option<ShellWord> = None;
    let mut rest = text.char_indices().peekable();
    while let Some((offset, letter)) = rest.next() {
        match letter {
            ' ' | '\t' | '\r' | '\n' | ';' | '|' => {
                if let Some(word) = word.take() {
                    push_word(&mut command, word, source)?;
                }
                if !matches!(letter, ' ' | '\t' | '\r') {
                    commands.push(std::mem::take(&mut command));
                }
                continue;
            }
            _ => {}
        }
        let taken = match letter {
            '\'' | '"' => powershell_quoted(source, (offset, letter), &mut rest, &mut command)?,
            '`' => {
                while rest.next_if(|(_, next)| *next == '\r').is_some() {}
                match rest.next() {
                    Some((_, '\n')) | None => continue,
                    Some((_, next)) => next.to_string(),
                }
            }
            _ => letter.to_string(),
        };
        let word = word.get_or_insert_with(|| ShellWord {
            bytes: Vec::new(),
            offset,
        });
        word.bytes.extend_from_slice(taken.as_bytes());
    }
    if let Some(word) = word {
        push_word(&mut command, word, source)?;
    }
    commands.push(command);
    commands.retain(|command| !command.words.is_empty());
    Ok(commands)
}

type Letters<'t> = std::iter::Peekable<std::str::CharIndices<'t>>;

fn powershell_quoted(
    source: &ImportSource,
    (begin, quote): (usize, char),
    rest: &mut Letters<'_>,
    command: &mut ShellCommand,
) -> Result<String, ImportError> {
    let mut text = String::new();
    loop {
        let Some((at, letter)) = rest.next() else {
            return Err(unclosed(source, begin));
        };
        match letter {
            _ if letter == quote => {
                if rest.next_if(|(_, next)| *next == quote).is_none() {
                    return Ok(text);
                }
                text.push(quote);
            }
            // Windows PowerShell passes `\"` on, and the C runtime of curl.exe makes a quote of it.
            '\\' if rest.next_if(|(_, next)| *next == '"').is_some() => {
                let note =
                    "ingam reads `\\\"` as a quote, as Windows PowerShell up to version 7.2 does";
                if !command.notes.iter().any(|known| known == note) {
                    command.notes.push(note.to_owned());
                }
                text.push('"');
            }
            '`' if quote == '"' => match rest.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, 't')) => text.push('\t'),
                Some((_, next)) => text.push(next),
                None => return Err(unclosed(source, begin)),
            },
            '$' if quote == '"'
                && rest.peek().is_some_and(|(_, next)| {
                    next.is_ascii_alphabetic() || matches!(next, '{' | '(' | '_')
                }) =>
            {
                let line = source.place(at).line;
                command.notes.push(format!(
                    "line {line} has a variable in double quotes, whose value is unknown: replace it with the value that was sent"
                ));
                text.push('$');
            }
            _ => text.push(letter),
        }
    }
}
