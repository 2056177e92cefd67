//! What the user gives while the program runs: credentials, tokens and other secrets.

use super::{Translator, call, f};
use crate::export::program::ProgramError;
use crate::export::program::operation::{Shape, Statement, Term, Variable};
use crate::model::scheme::CredentialType;
use crate::value::Value;

impl Translator<'_> {
    /// A secret by the name that the redactor gives it: `cred.…`, `token.…`, `secret.…`.
    pub(super) fn secret(&mut self, name: &str) -> Result<Term, ProgramError> {
        let term = match name.split_once('.') {
            Some(("cred", name)) => self.credential(name)?,
            Some(("token", name)) => self.token(name),
            Some(("secret", secret)) => {
                let variable = (self.source.variable)(name);
                let value = call(f::CREDENTIAL, [Term::text(variable)]);
                self.declare(format!("secret_{secret}"), value, false)
            }
            _ => return Err(self.error(format!("the request contains `{name}`"))),
        };
        self.needed_text(term)
    }

    pub(super) fn credential(&mut self, name: &str) -> Result<Term, ProgramError> {
        let credential = self
            .source
            .scheme
            .credential(name)
            .ok_or_else(|| self.error(format!("there is no credential `{name}`")))?;
        let variable = Term::text((self.source.variable)(&format!("cred.{name}")));
        let value = match &credential.default {
            _ if credential.kind.is_key() => call(f::KEY_CREDENTIAL, [variable]),
            None => call(f::CREDENTIAL, [variable]),
            Some(Value::Null) => call(f::OPTIONAL_CREDENTIAL, [variable]),
            Some(default) => call(f::CREDENTIAL_OR, [variable, Term::text(default.to_text())]),
        };
        let is_number = credential.kind == CredentialType::Integer;
        Ok(self.declare(format!("cred_{name}"), value, is_number))
    }

    pub(super) fn token(&mut self, name: &str) -> Term {
        let mut arguments = vec![Term::text((self.source.variable)(&format!("token.{name}")))];
        if name == "access_token" {
            let words = self.source.token_command.iter().flatten();
            arguments.push(Term::Texts(words.map(Term::text).collect()));
        } else {
            arguments.push(Term::Texts(Vec::new()));
        }
        let variable = Variable {
            name: format!("token_{name}"),
            shape: Shape::of(f::TOKEN.kind),
        };
        let value = call(f::TOKEN, arguments);
        push_once(&mut self.tokens, &variable, value, "the token");
        Term::Variable(variable)
    }

    fn declare(&mut self, name: String, value: Term, is_number: bool) -> Term {
        let variable = Variable {
            name,
            shape: Shape {
                is_number,
                ..value.shape()
            },
        };
        push_once(&mut self.credentials, &variable, value, "the credentials");
        Term::Variable(variable)
    }
}

fn push_once(statements: &mut Vec<Statement>, new: &Variable, value: Term, place: &str) {
    let is_known = |statement: &Statement| matches!(statement, Statement::Set { variable, .. } if variable.name == new.name);
    if !statements.iter().any(is_known) {
        statements.push(Statement::Set {
            variable: new.clone(),
            value,
            is_new: true,
            place: place.to_owned(),
        });
    }
}
