//! From a scheme's procedure and a request to the statements of a program, in the order in which
//! `sign` seals a request: prepare, freeze, steps, attach.

mod credentials;
mod expressions;
mod filters;
mod json;
mod literal_filters;
mod placements;
mod request;
mod steps;

use super::operation::{Function, Kind, Statement, Term, Variable, without_unused};
use super::{ProgramError, ProgramSource, functions as f};
use crate::export::secret_text::{RequestSecrets, TextPart};
use crate::model::scheme::ClockFormat;
use request::RequestTerms;

/// # Errors
/// When the scheme does something that no program can say.
pub(super) fn translate(
    source: &ProgramSource<'_>,
    secrets: RequestSecrets<'_>,
) -> Result<Vec<Statement>, ProgramError> {
    let mut translator = Translator {
        source,
        secrets,
        credentials: Vec::new(),
        tokens: Vec::new(),
        statements: Vec::new(),
        names: Vec::new(),
        place: String::new(),
    };
    translator.clock()?;
    translator.vars()?;
    let mut request = RequestTerms::new(&mut translator)?;
    translator.prepare(&mut request)?;
    request.freeze(&mut translator)?;
    translator.steps()?;
    translator.attach(&mut request)?;
    request.send(&mut translator);
    Ok(translator.finish())
}

struct Translator<'t> {
    source: &'t ProgramSource<'t>,
    secrets: RequestSecrets<'t>,
    /// What the user gives, in the order of its first use.
    credentials: Vec<Statement>,
    tokens: Vec<Statement>,
    statements: Vec<Statement>,
    /// Dotted names of templates with what stands for them.
    names: Vec<(String, Term)>,
    /// What is translated, for errors.
    place: String,
}

impl Translator<'_> {
    fn error(&self, reason: impl Into<String>) -> ProgramError {
        ProgramError::new(&self.place, reason)
    }

    fn comment(&mut self, text: &str) {
        self.statements.push(Statement::Comment(text.to_owned()));
    }

    /// A variable that every program has, with a value from here on.
    fn set(&mut self, name: &'static str, value: Term) -> Term {
        self.set_variable(name.to_owned(), value)
    }

    /// The variable of one thing of the scheme, which nothing else may set.
    ///
    /// # Errors
    /// When a variable has this name already.
    fn set_once(&mut self, name: String, value: Term) -> Result<Term, ProgramError> {
        if self.is_set(&name) {
            return Err(self.error(format!("the variable `{name}` has another value already")));
        }
        Ok(self.set_variable(name, value))
    }

    fn is_set(&self, name: &str) -> bool {
        self.statements.iter().any(|statement| {
            matches!(statement, Statement::Set { variable, .. } if variable.name == name)
        })
    }

    fn set_variable(&mut self, name: String, value: Term) -> Term {
        let is_new = !self.is_set(&name);
        let variable = Variable {
            name,
            shape: value.shape(),
        };
        self.statements.push(Statement::Set {
            variable: variable.clone(),
            value,
            is_new,
            place: self.place.clone(),
        });
        Term::Variable(variable)
    }

    fn name(&mut self, name: impl Into<String>, term: Term) {
        let name = name.into();
        self.names.retain(|(known, _)| *known != name);
        self.names.push((name, term));
    }

    fn clock(&mut self) -> Result<(), ProgramError> {
        "the clock of the scheme".clone_into(&mut self.place);
        self.comment("the time of this request");
        let clock = &self.source.scheme.clock;
        let mut now = Term::Call(f::UNIX_MILLISECONDS, Vec::new());
        let backdate = i64::try_from(clock.backdate.as_millis()).unwrap_or(i64::MAX);
        if backdate > 0 {
            let parts = [now, Term::Integer(backdate)];
            now = Term::Arithmetic(super::operation::ArithmeticOperator::Minus, Box::new(parts));
        }
        let now = self.set("now_ms", now);
        let seconds = self.set("now_s", Term::Call(f::SECONDS, vec![now.clone()]));
        let ts = match &clock.format {
            ClockFormat::UnixSeconds => Term::Call(f::DECIMAL, vec![seconds.clone()]),
            ClockFormat::UnixMilliseconds => Term::Call(f::DECIMAL, vec![now.clone()]),
            ClockFormat::Strftime(format) => {
                self.check_time_format(format)?;
                let zone = Term::Integer(clock.zone.into());
                Term::Call(f::TIME_TEXT, vec![now.clone(), zone, Term::text(format)])
            }
        };
        let ts = self.set("ts", ts);
        self.name("ts", ts);
        self.name("unix_s", seconds);
        self.name("unix_ms", now);
        Ok(())
    }

    /// The directives that `time_text` knows in all languages.
    fn check_time_format(&self, format: &str) -> Result<(), ProgramError> {
        const KNOWN: [&str; 15] = [
            ".3f", "3f", ":z", "z", "Y", "y", "m", "d", "H", "M", "S", "F", "T", "a", "b",
        ];
        let mut rest = format;
        while let Some((_, after)) = rest.split_once('%') {
            let known = KNOWN.iter().find(|known| after.starts_with(**known));
            let known = known.ok_or_else(|| {
                self.error(format!(
                    "the time format `{format}` is not one that programs write"
                ))
            })?;
            rest = &after[known.len()..];
        }
        Ok(())
    }

    fn vars(&mut self) -> Result<(), ProgramError> {
        for field in &self.source.level.procedure.vars {
            self.place = format!("the variable `{}`", field.name);
            let value = self.placed_value(&field.value)?;
            let value = if is_short(&value) {
                value
            } else {
                self.set_once(format!("vars_{}", field.name), value)?
            };
            self.name(format!("vars.{}", field.name), value);
        }
        Ok(())
    }

    /// A text of the request, with variables in the place of secrets.
    fn secret_text(&mut self, text: &str) -> Result<Term, ProgramError> {
        let parts = self.secrets.split(text)?;
        let mut terms = Vec::new();
        for part in parts {
            terms.push(match part {
                TextPart::Literal(text) => Term::Text(text),
                TextPart::Secret(name) => self.secret(&name)?,
            });
        }
        Ok(super::operation::joined(terms))
    }

    fn finish(self) -> Vec<Statement> {
        let mut statements = vec![Statement::Comment(
            "what the program does not contain".to_owned(),
        )];
        statements.extend(self.credentials);
        statements.push(Statement::CheckCredentials);
        statements.extend(self.tokens);
        statements.extend(self.statements);
        let mut kept = without_unused(statements);
        let has_credentials = kept
            .iter()
            .take_while(|statement| !matches!(statement, Statement::CheckCredentials))
            .any(|statement| matches!(statement, Statement::Set { .. }));
        if !has_credentials {
            kept.retain(|statement| !matches!(statement, Statement::CheckCredentials));
        }
        kept
    }
}

/// Whether a value can stand wherever it is used.
fn is_short(value: &Term) -> bool {
    matches!(value, Term::Text(_) | Term::Variable(_) | Term::Null)
}

/// The result of a function.
fn call(function: Function, arguments: impl Into<Vec<Term>>) -> Term {
    Term::Call(function, arguments.into())
}

/// The bytes of a term that is text or bytes.
fn bytes_of(term: Term) -> Term {
    if term.kind() == Kind::Bytes {
        term
    } else {
        call(f::UTF8, [term])
    }
}
