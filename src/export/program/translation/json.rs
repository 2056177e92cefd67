//! JSON of requests, of placements and of JSON Web Tokens. A program joins texts of JSON and never
//! writes a value anew, so that each number keeps its spelling.

use super::{Translator, call, f};
use crate::export::program::ProgramError;
use crate::export::program::operation::{Kind, Term, joined};
use crate::model::request::TemplateField;
use crate::model::template::{TemplateTree, TemplateTreeKind};
use crate::value::{ObjectMember, Value};

impl Translator<'_> {
    /// A JSON value of the request.
    pub(super) fn json_value(&mut self, value: &Value) -> Result<Term, ProgramError> {
        Ok(match value {
            Value::String(text) => match self.secret_text(text)? {
                Term::Text(_) => Term::text(value.to_json()),
                text => call(f::QUOTED, [text]),
            },
            Value::List(items) => {
                let items: Result<Vec<Term>, ProgramError> =
                    items.iter().map(|item| self.json_value(item)).collect();
                enclosed("[", items?, "]")
            }
            Value::Object(members) => {
                let members: Result<Vec<Term>, ProgramError> = members
                    .iter()
                    .map(|(name, value)| {
                        let name = self.member_name(name)?;
                        Ok(joined(vec![name, Term::text(":"), self.json_value(value)?]))
                    })
                    .collect();
                enclosed("{", members?, "}")
            }
            // A number can be a secret, too.
            other => self.secret_text(&other.to_json())?,
        })
    }

    fn member_name(&mut self, name: &str) -> Result<Term, ProgramError> {
        match self.secret_text(name)? {
            Term::Text(name) => Ok(Term::text(Value::from(name).to_json())),
            _ => Err(self.error("a secret is the name of a member")),
        }
    }

    /// The members of an object of the request.
    pub(super) fn object_members(
        &mut self,
        members: &[ObjectMember],
    ) -> Result<Vec<(String, Term, Term)>, ProgramError> {
        let mut terms = Vec::new();
        for (name, value) in members {
            self.member_name(name)?;
            let json = self.json_value(value)?;
            let text = match value {
                Value::String(text) => self.secret_text(text)?,
                _ => json.clone(),
            };
            terms.push((name.to_string(), json, text));
        }
        Ok(terms)
    }

    /// Members with one more; null is left out.
    pub(super) fn with_member(
        &mut self,
        members: Term,
        field: &TemplateField,
    ) -> Result<Term, ProgramError> {
        let name = Term::text(field.name.as_str());
        let is_plain = |tree: &TemplateTree| {
            matches!(&tree.kind, TemplateTreeKind::Template(_))
                || matches!(&tree.kind, TemplateTreeKind::Constant(Value::String(_)))
        };
        if !is_plain(&field.value) {
            let json = self.json_tree(&field.value)?;
            return Ok(call(f::WITH_JSON_MEMBER, [members, name, json]));
        }
        let value = self.placed_value(&field.value)?;
        let shape = value.shape();
        match shape.kind {
            Kind::Text if shape.is_number => Ok(call(f::WITH_JSON_MEMBER, [members, name, value])),
            Kind::Text => Ok(call(f::WITH_TEXT_MEMBER, [members, name, value])),
            Kind::Integer => {
                let json = call(f::DECIMAL, [value]);
                Ok(call(f::WITH_JSON_MEMBER, [members, name, json]))
            }
            _ => Err(self.error("a member that is neither text nor a number")),
        }
    }

    /// A value of the scheme as JSON.
    fn json_tree(&mut self, tree: &TemplateTree) -> Result<Term, ProgramError> {
        Ok(match &tree.kind {
            TemplateTreeKind::Constant(value) => Term::text(value.to_json()),
            TemplateTreeKind::Template(_) => {
                let value = self.placed_value(tree)?;
                let shape = value.shape();
                match shape.kind {
                    Kind::Text if shape.is_number => call(f::NUMBER_OR_NULL, [value]),
                    Kind::Text => call(f::QUOTED_OR_NULL, [value]),
                    Kind::Integer => call(f::DECIMAL, [value]),
                    _ => return Err(self.error("a member that is neither text nor a number")),
                }
            }
            TemplateTreeKind::List(items) => {
                let items: Result<Vec<Term>, ProgramError> =
                    items.iter().map(|item| self.json_tree(item)).collect();
                enclosed("[", items?, "]")
            }
            TemplateTreeKind::Object(members) => {
                let members: Result<Vec<Term>, ProgramError> = members
                    .iter()
                    .map(|(name, value)| {
                        let name = Term::text(Value::from(name.as_str()).to_json());
                        Ok(joined(vec![name, Term::text(":"), self.json_tree(value)?]))
                    })
                    .collect();
                enclosed("{", members?, "}")
            }
        })
    }
}

fn enclosed(open: &str, items: Vec<Term>, close: &str) -> Term {
    let mut parts = vec![Term::text(open)];
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            parts.push(Term::text(","));
        }
        parts.push(item);
    }
    parts.push(Term::text(close));
    joined(parts)
}
