//! The words of a command line for sh, bash and zsh. `shlex`, the crate for it, knows neither
//! `$'…'`, which browsers write, nor where a command ends, nor places for messages.

use super::command_substitution::{CommandSubstitution, SubstitutionNames};
use super::import_error::ImportError;
use super::shell_command::{ShellCommand, ShellWord, UNKNOWN_VARIABLE_NOTE, push_word, runs_curl};
use super::source_text::ImportSource;
use super::text_place::TextPlace;

/// Reads a text from left to right; nothing is expanded and nothing is run.
pub(super) struct PosixReader<'s> {
    source: &'s ImportSource,
    text: &'s str,
    at: usize,
    done: Vec<ShellCommand>,
    command: ShellCommand,
    word: Option<ShellWord>,
    /// The delimiter of a here-document whose lines follow.
    here_document: Option<String>,
    /// How often a note was due.
    due_notes: usize,
    substitutions: SubstitutionNames<'s>,
}

/// So many notes of one text are enough, and to count the lines up to a place costs time.
const MAX_NOTES: usize = 16;

impl<'s> PosixReader<'s> {
    pub(super) fn new(source: &'s ImportSource, text: &'s str) -> Self {
        Self {
            source,
            text,
            at: 0,
            done: Vec::new(),
            command: ShellCommand::default(),
            word: None,
            here_document: None,
            due_notes: 0,
            substitutions: SubstitutionNames::default(),
        }
    }

    /// # Errors
    /// When a quote is not closed, or there are too many words.
    pub(super) fn commands(mut self) -> Result<Vec<ShellCommand>, ImportError> {
        while let Some(letter) = self.peek() {
            if let Err(error) = self.read(letter) {
                // What curl printed can stand behind its command, and is no command.
                return self.done_or(error);
            }
        }
        match self.end_command() {
            Ok(()) => Ok(self.done),
            Err(error) => self.done_or(error),
        }
    }

    fn done_or(self, error: ImportError) -> Result<Vec<ShellCommand>, ImportError> {
        if self.done.iter().any(runs_curl) {
            Ok(self.done)
        } else {
            Err(error)
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &'s str {
        &self.text[self.at..]
    }

    fn take(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    fn read(&mut self, letter: char) -> Result<(), ImportError> {
        match letter {
            '\'' => self.single_quoted(),
            '"' => self.double_quoted(),
            '\\' => {
                self.escaped();
                Ok(())
            }
            '$' => self.dollar(),
            '`' => self.command_substitution(),
            ' ' | '\t' | '\r' => {
                self.take();
                self.end_word()
            }
            '\n' => self.end_line(),
            '#' if self.word.is_none() => {
                let line = self.rest().find('\n').unwrap_or(self.rest().len());
                self.at += line;
                Ok(())
            }
            ';' | '|' | '&' | '(' | ')' => self.operator(letter),
            '<' | '>' => self.redirection(letter),
            _ => {
                self.push_taken();
                Ok(())
            }
        }
    }

    fn push_taken(&mut self) {
        if let Some(letter) = self.take() {
            self.push(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Adds bytes to the word.
    fn push(&mut self, bytes: &[u8]) {
        let offset = self.at.saturating_sub(bytes.len());
        self.begin_word(offset);
        if let Some(word) = &mut self.word {
            word.bytes.extend_from_slice(bytes);
        }
    }

    fn begin_word(&mut self, offset: usize) {
        self.word.get_or_insert_with(|| ShellWord {
            bytes: Vec::new(),
            offset,
        });
    }

    fn end_word(&mut self) -> Result<(), ImportError> {
        match self.word.take() {
            Some(word) => push_word(&mut self.command, word, self.source),
            None => Ok(()),
        }
    }

    fn end_command(&mut self) -> Result<(), ImportError> {
        self.end_word()?;
        let command = std::mem::take(&mut self.command);
        if !command.words.is_empty() {
            self.done.push(command);
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), ImportError> {
        self.take();
        self.end_word()?;
        if let Some(delimiter) = self.here_document.take() {
            self.read_here_document(&delimiter);
        }
        self.end_command()
    }

    fn single_quoted(&mut self) -> Result<(), ImportError> {
        let begin = self.at;
        self.take();
        let rest = self.rest();
        let Some(len) = rest.find('\'') else {
            return Err(self.unclosed(begin, "'"));
        };
        self.begin_word(begin);
        self.note_protected_variable(&rest[..len]);
        self.at += len;
        self.push(&rest.as_bytes()[..len]);
        self.at += 1;
        Ok(())
    }

    /// A note if the name of a variable stands in single quotes, where a shell leaves it.
    fn note_protected_variable(&mut self, inside: &str) {
        let name = inside.split('$').skip(1).find_map(|rest| {
            let rest = rest.strip_prefix('{').unwrap_or(rest);
            let is_name = |letter: char| {
                letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'
            };
            let len = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
            let name = &rest[..len];
            (len > 1 && !name.starts_with(|letter: char| letter.is_ascii_digit())).then_some(name)
        });
        if let Some(name) = name {
            self.note(|at| {
                let line = at.line;
                format!(
                    "line {line} has `${name}` in single quotes: a shell puts no value there and sends the name"
                )
            });
        }
    }

    fn unclosed(&self, begin: usize, quote: &str) -> ImportError {
        ImportError::at(
            self.source.place(begin),
            format!("the quote {quote} that begins here is not closed"),
        )
        .hint("copy the whole command; write a quote inside a quoted text as '\\''")
    }

    fn double_quoted(&mut self) -> Result<(), ImportError> {
        let begin = self.at;
        self.take();
        self.begin_word(begin);
        loop {
            match self.peek() {
                None => return Err(self.unclosed(begin, "\"")),
                Some('"') => {
                    self.take();
                    self.note_lost_quotes();
                    return Ok(());
                }
                Some('\\') => {
                    self.take();
                    match self.peek() {
                        Some('\n') => {
                            self.take();
                        }
                        Some('$' | '`' | '"' | '\\') => self.push_taken(),
                        _ => self.push(b"\\"),
                    }
                }
                Some('`') => self.command_substitution()?,
                Some('$') if self.rest().starts_with("$(") => self.command_substitution()?,
                Some('$') => {
                    self.note_variable();
                    self.push_taken();
                }
                Some(_) => self.push_taken(),
            }
        }
    }

    /// A note if a quote of a JSON text has ended the quoted text: `"{"a":1}"`.
    fn note_lost_quotes(&mut self) {
        let inside = self.text[..self.at - 1].chars().next_back();
        let after = self.peek();
        let is_json = inside.is_some_and(|letter| "{[,:".contains(letter))
            && after.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        if is_json {
            self.note(|at| {
                let line = at.line;
                format!(
                    "line {line} has `\"` inside `\"…\"`: the shell removes these quotes, so they are not sent; put the text in `'…'`"
                )
            });
        }
    }

    /// A backslash outside of quotes.
    fn escaped(&mut self) {
        self.take();
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
        if rest[blanks..].starts_with('\n') {
            if rest[..blanks].contains([' ', '\t']) {
                self.note(|at| {
                    let line = at.line;
                    format!(
                        "line {line} has a space after the `\\` at its end: a shell ends the command there; ingam continues reading"
                    )
                });
            }
            self.at += blanks + 1;
        } else {
            self.push_taken();
        }
    }

    fn note(&mut self, note: impl FnOnce(TextPlace) -> String) {
        self.due_notes += 1;
        if self.due_notes > MAX_NOTES {
            return;
        }
        let note = note(self.source.place(self.at));
        if !self.command.notes.contains(&note) {
            self.command.notes.push(note);
        }
    }

    fn dollar(&mut self) -> Result<(), ImportError> {
        let rest = self.rest();
        if rest.starts_with("$'") {
            return self.ansi_quoted();
        }
        if rest.starts_with("$\"") {
            self.take();
            return self.double_quoted();
        }
        if rest.starts_with("$(") {
            return self.command_substitution();
        }
        self.note_variable();
        self.push_taken();
        Ok(())
    }

    /// A note if a variable stands here. Its value is not taken from the environment of this
    /// process: the command may come from another machine.
    fn note_variable(&mut self) {
        let rest = &self.rest()[1..];
        let name: String = rest
            .trim_start_matches('{')
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
            .collect();
        if name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') {
            self.note(|at| {
                let line = at.line;
                format!("line {line} has the variable `${name}`, {UNKNOWN_VARIABLE_NOTE}")
            });
        }
    }

    /// `$(…)`: a variable in its place.
    fn command_substitution(&mut self) -> Result<(), ImportError> {
        let begin = self.at;
        let Some(substitution) = CommandSubstitution::at_start(self.rest()) else {
            let reason = "the command inside the command that begins here is not closed";
            return Err(ImportError::at(self.source.place(begin), reason)
                .hint("copy the whole command; write a literal `$(` or a backtick in '…'"));
        };
        let name = self.substitutions.name(&substitution);
        self.note(|at| substitution.note(at.line, &name));
        self.begin_word(begin);
        self.at += substitution.len;
        self.push(format!("${{{name}}}").as_bytes());
        Ok(())
    }

    /// `$'…'`: backslashes as in C.
    fn ansi_quoted(&mut self) -> Result<(), ImportError> {
        let begin = self.at;
        self.begin_word(begin);
        self.at += 2;
        loop {
            match self.take() {
                None => return Err(self.unclosed(begin, "$'")),
                Some('\'') => return Ok(()),
                Some('\\') => self.ansi_escape(),
                Some(letter) => self.push(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    fn ansi_escape(&mut self) {
        let Some(letter) = self.take() else { return };
        let byte = match letter {
            'n' => b'\n',
            't' => b'\t',
            'r' => b'\r',
            'a' => 7,
            'b' => 8,
            'e' | 'E' => 27,
            'f' => 12,
            'v' => 11,
            '\\' | '\'' | '"' | '?' => letter as u8,
            'x' => return self.push_number(16, 2, 'x'),
            'u' => return self.push_letter(4, 'u'),
            'U' => return self.push_letter(8, 'U'),
            '0'..='7' => {
                self.at -= 1;
                return self.push_number(8, 3, '0');
            }
            other => {
                self.push(b"\\");
                return self.push(other.encode_utf8(&mut [0; 4]).as_bytes());
            }
        };
        self.push(&[byte]);
    }

    /// Up to `max` digits of a number.
    fn digits(&mut self, radix: u32, max: usize) -> Option<u32> {
        let digits: String = self
            .rest()
            .chars()
            .take(max)
            .take_while(|letter| letter.is_digit(radix))
            .collect();
        self.at += digits.len();
        u32::from_str_radix(&digits, radix).ok()
    }

    fn push_number(&mut self, radix: u32, max: usize, letter: char) {
        match self.digits(radix, max) {
            // As bash does: three octal digits can be more than a byte.
            Some(number) => self.push(&[number.to_le_bytes()[0]]),
            None => self.push(&[b'\\', letter as u8]),
        }
    }

    fn push_letter(&mut self, max: usize, letter: char) {
        match self.digits(16, max).map(char::from_u32) {
            Some(Some(letter)) => self.push(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            // Half of a surrogate pair, which bash writes as three bytes that are no UTF-8.
            Some(None) => self.push("\u{fffd}".as_bytes()),
            None => self.push(&[b'\\', letter as u8]),
        }
    }

    /// What ends a command.
    fn operator(&mut self, letter: char) -> Result<(), ImportError> {
        let in_word = self.word.as_ref().map(|word| word.bytes.clone());
        self.take();
        let next = self.peek();
        let is_single = letter == '&' && next != Some('&') && next != Some('>');
        let cuts_url = in_word.is_some_and(|word| word.contains(&b'?'))
            && next.is_some_and(|next| next.is_ascii_alphanumeric());
        if is_single && cuts_url {
            self.note(|at| {
                let (line, column) = (at.line, at.column - 1);
                format!(
                    "line {line} has an `&` outside quotes in column {column}: a shell ends the command there, so the rest of the URL and all following options are not sent; quote the URL"
                )
            });
        }
        self.end_command()
    }

    /// `> file`, `2>&1`, `<< EOF`: none of it reaches the program as an argument.
    fn redirection(&mut self, letter: char) -> Result<(), ImportError> {
        // The number of a descriptor belongs to it.
        if self
            .word
            .as_ref()
            .is_some_and(|word| word.bytes == b"2" || word.bytes == b"1")
        {
            self.word = None;
        }
        self.end_word()?;
        let rest = self.rest();
        let operator_len = rest.len() - rest.trim_start_matches(['<', '>', '&', '-']).len();
        let operator = &rest[..operator_len];
        self.at += operator_len;
        let count = self.command.words.len();
        let blanks = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        self.at += blanks;
        // The next word is a name, a delimiter or a text.
        while let Some(next) = self.peek() {
            if next.is_whitespace() || matches!(next, ';' | '|' | '<' | '>' | '&') {
                break;
            }
            self.read(next)?;
        }
        self.end_word()?;
        let word = (self.command.words.len() > count)
            .then(|| self.command.words.pop())
            .flatten();
        let Some(word) = word else { return Ok(()) };
        match operator {
            "<<<" => {
                let mut text = word.bytes;
                text.push(b'\n');
                self.command.stdin = Some(text);
            }
            "<<" | "<<-" => {
                self.here_document = Some(String::from_utf8_lossy(&word.bytes).into_owned());
            }
            _ if letter == '<' => {
                self.note(|_| {
                    "standard input comes from a file, which ingam does not read".to_owned()
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn read_here_document(&mut self, delimiter: &str) {
        let mut document = String::new();
        for line in self.rest().split_inclusive('\n') {
            self.at += line.len();
            if line.trim_end_matches(['\n', '\r']).trim_start_matches('\t') == delimiter {
                break;
            }
            document.push_str(line);
        }
        self.command.stdin = Some(document.into_bytes());
    }
}
