//! `$(…)` and `` `…` ``: commands inside of a command. They are never run: a variable stands in the
//! place of what they print.

use super::shell_command::UNKNOWN_VARIABLE_NOTE;
use crate::model::credential_variable::variable_name;
use crate::model::environment::DEFAULT_ACCOUNT;

/// One of them, as it stands.
#[derive(Clone, Copy)]
pub(super) struct CommandSubstitution<'s> {
    /// Without its signs.
    command: &'s str,
    /// With its signs, in bytes.
    pub(super) len: usize,
}

impl<'s> CommandSubstitution<'s> {
    /// The one that a text begins with; `None` if it is not closed.
    pub(super) fn at_start(text: &'s str) -> Option<Self> {
        let (open, close) = if text.starts_with('`') {
            (1, closing_backtick(text)?)
        } else {
            (2, closing_parenthesis(text)?)
        };
        Some(Self {
            command: text.get(open..close)?.trim(),
            len: close + 1,
        })
    }

    /// The variable of the token that `ingam auth token ACCOUNT --scheme SCHEME --env ENVIRONMENT`
    /// prints, which `ingam export curl` writes.
    fn token_variable(&self) -> Option<String> {
        let words: Vec<&str> = self.command.split_ascii_whitespace().collect();
        let [
            "ingam",
            "auth",
            "token",
            account,
            "--scheme",
            scheme,
            "--env",
            _,
        ] = words.as_slice()
        else {
            return None;
        };
        let account = Some(*account).filter(|account| *account != DEFAULT_ACCOUNT);
        Some(variable_name(scheme, None, account, "access_token"))
    }

    /// A name after the program; its arguments may be secret.
    fn output_name(&self) -> String {
        let word = self.command.split_ascii_whitespace().next();
        let program = word.unwrap_or_default().rsplit('/').next();
        let program = program.unwrap_or_default();
        let is_name = program.len() <= MAX_PROGRAM_BYTES
            && program.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && program
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let program = if is_name { program } else { "command" };
        format!("{}_output", program.replace('-', "_"))
    }

    /// What a person should know of it.
    pub(super) fn note(&self, line: usize, name: &str) -> String {
        if self.token_variable().is_some() {
            return format!("line {line} has `ingam auth token`, {UNKNOWN_VARIABLE_NOTE}");
        }
        format!(
            "line {line} has a command inside the command, which ingam does not run: replace it with its output, which is called `{name}` here"
        )
    }
}

/// A longer first word is no name of a program.
const MAX_PROGRAM_BYTES: usize = 24;

/// The names of the commands inside of the commands of a text, each once.
#[derive(Default)]
pub(super) struct SubstitutionNames<'s> {
    given: Vec<(&'s str, String)>,
}

impl<'s> SubstitutionNames<'s> {
    pub(super) fn name(&mut self, substitution: &CommandSubstitution<'s>) -> String {
        if let Some(name) = substitution.token_variable() {
            return name;
        }
        let mut given = self.given.iter();
        if let Some((_, name)) = given.find(|(command, _)| *command == substitution.command) {
            return name.clone();
        }
        let base = substitution.output_name();
        let is_alike = |(_, name): &&(&str, String)| {
            let rest = name.strip_prefix(base.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        let name = match self.given.iter().filter(is_alike).count() {
            0 => base,
            alike => format!("{base}_{}", alike + 1),
        };
        self.given.push((substitution.command, name.clone()));
        name
    }
}

fn closing_backtick(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let found = text.bytes().enumerate().skip(1).find(|(_, byte)| {
        let closes = *byte == b'`' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        closes
    });
    found.map(|(at, _)| at)
}

/// Of a text that begins with `$(`.
fn closing_parenthesis(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut is_escaped) = (0_usize, None, false);
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match (quote, byte) {
            _ if is_escaped => is_escaped = false,
            (None | Some(b'"'), b'\\') => is_escaped = true,
            (Some(open), byte) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') if depth == 1 => return Some(at),
            (None, b')') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_where_the_shell_ends_it() {
        for (text, command) in [
            ("$(date +%s)&b=(1)", Some("date +%s")),
            ("$(jq -r '.a)' x)\"", Some("jq -r '.a)' x")),
            ("$(a \"b)\" \\) $(c))d", Some("a \"b)\" \\) $(c)")),
            ("`cat \\`x`y", Some("cat \\`x")),
            ("$(date", None),
            ("$(a ')", None),
            ("`date", None),
        ] {
            let found = CommandSubstitution::at_start(text).map(|found| found.command);
            assert_eq!(found, command, "{text}");
        }
    }

    #[test]
    fn each_command_has_a_name_that_tells_no_argument() {
        let mut names = SubstitutionNames::default();
        for (text, name) in [
            ("$(date +%s)", "date_output"),
            ("`/usr/bin/date`", "date_output_2"),
            ("$( date +%s )", "date_output"),
            ("$(<key.txt)", "command_output"),
            ("$(op-cli read s3cr3t)", "op_cli_output"),
            (
                "$(ingam auth token sg --scheme shopee --env live)",
                "INGAM_SHOPEE__SG__ACCESS_TOKEN",
            ),
            (
                "$(ingam auth token default --scheme my-shop --env live)",
                "INGAM_MY_SHOP__ACCESS_TOKEN",
            ),
            ("$(ingam auth token)", "ingam_output"),
        ] {
            let substitution = CommandSubstitution::at_start(text).unwrap();
            assert_eq!(names.name(&substitution), name, "{text}");
        }
    }
}
