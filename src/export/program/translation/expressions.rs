//! Templates and their expressions as terms.

use super::{Translator, bytes_of, call, f};
use crate::export::program::ProgramError;
use crate::export::program::expression_syntax::{BinaryOperator, Syntax, parse_expression};
use crate::export::program::operation::{ArithmeticOperator, Kind, LogicOperator, Term, joined};
use crate::model::template::{Expression, Template, TemplatePart, TemplateTree, TemplateTreeKind};
use crate::value::Value;

impl Translator<'_> {
    /// A template as text, or as bytes where a body that is no text stands in it.
    pub(super) fn template(&mut self, template: &Template) -> Result<Term, ProgramError> {
        let mut parts = Vec::new();
        for part in &template.parts {
            parts.push(match part {
                TemplatePart::Literal(text) => Term::text(text),
                TemplatePart::Expression(expression) => {
                    let value = self.expression(expression)?;
                    self.piece(value)?
                }
            });
        }
        if parts.iter().any(|part| part.kind() == Kind::Bytes) {
            let bytes = parts.into_iter().map(bytes_of).collect::<Vec<Term>>();
            return Ok(call(f::JOINED_BYTES, bytes));
        }
        Ok(joined(parts))
    }

    /// A value of a placement or a variable: one expression alone keeps its kind.
    pub(super) fn placed_value(&mut self, tree: &TemplateTree) -> Result<Term, ProgramError> {
        match &tree.kind {
            TemplateTreeKind::Constant(Value::Null) => Ok(Term::Null),
            TemplateTreeKind::Constant(value) => Ok(Term::text(value.to_text())),
            TemplateTreeKind::Template(template) => match template.as_expression() {
                Some(expression) => self.expression(expression),
                None => self.template(template),
            },
            _ => Err(self.error("a list or an object where text is needed")),
        }
    }

    pub(super) fn expression(&mut self, expression: &Expression) -> Result<Term, ProgramError> {
        let source = &expression.source;
        let syntax = parse_expression(source);
        let term = match syntax {
            Ok(syntax) => self.value(&syntax),
            Err(reason) => Err(self.error(reason)),
        };
        term.map_err(|error| match error {
            ProgramError::Untranslatable { place, reason } => ProgramError::Untranslatable {
                place,
                reason: format!("`{{{{ {source} }}}}` cannot be written as a program: {reason}"),
            },
            other => other,
        })
    }

    pub(super) fn value(&mut self, syntax: &Syntax) -> Result<Term, ProgramError> {
        Ok(match syntax {
            Syntax::Text(text) => Term::text(text),
            Syntax::Integer(number) => Term::Integer(*number),
            Syntax::Boolean(flag) => Term::Boolean(*flag),
            Syntax::Null => Term::Null,
            Syntax::Name(path) => self.lookup(path)?,
            Syntax::List(items) => self.list(items)?,
            Syntax::Slice { of, from, to } => self.slice(of, from.as_deref(), to.as_deref())?,
            Syntax::Filter {
                input,
                name,
                arguments,
            } => self.filter(input, name, arguments)?,
            Syntax::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right)?,
            Syntax::Not(value) => match self.condition(value)? {
                Term::Boolean(flag) => Term::Boolean(!flag),
                condition => Term::Not(Box::new(condition)),
            },
            Syntax::Conditional {
                condition,
                then,
                otherwise,
            } => {
                match self.condition(condition)? {
                    // What is never chosen need not be sayable.
                    Term::Boolean(true) => self.value(then)?,
                    Term::Boolean(false) => self.value(otherwise)?,
                    condition => {
                        let (then, otherwise) = (self.value(then)?, self.value(otherwise)?);
                        self.conditional(condition, then, otherwise)?
                    }
                }
            }
        })
    }

    fn lookup(&mut self, path: &[String]) -> Result<Term, ProgramError> {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        if let ["cred", name] = names.as_slice() {
            return self.credential(name);
        }
        if let ["token", name] = names.as_slice() {
            return Ok(self.token(name));
        }
        if let ["req", "headers", name] = names.as_slice() {
            let headers = self.known("req.header_pairs")?;
            return Ok(call(f::HEADER, [headers, Term::text(*name)]));
        }
        self.known(&names.join("."))
    }

    fn known(&self, name: &str) -> Result<Term, ProgramError> {
        let mut names = self.names.iter();
        names
            .find(|(known, _)| known == name)
            .map(|(_, term)| term.clone())
            .ok_or_else(|| self.error(format!("`{name}` has no value in a program")))
    }

    /// Pairs, or a list of texts.
    fn list(&mut self, items: &[Syntax]) -> Result<Term, ProgramError> {
        let is_pair = |item: &Syntax| matches!(item, Syntax::List(pair) if pair.len() == 2);
        if items.is_empty() || !items.iter().all(is_pair) {
            let texts: Result<Vec<Term>, ProgramError> =
                items.iter().map(|item| self.text(item)).collect();
            return texts.map(Term::Texts);
        }
        let mut pairs = Vec::new();
        for item in items {
            if let Syntax::List(pair) = item
                && let [name, value] = pair.as_slice()
            {
                pairs.push((self.text(name)?, self.text(value)?));
            }
        }
        Ok(Term::Pairs(pairs))
    }

    fn slice(
        &mut self,
        of: &Syntax,
        from: Option<&Syntax>,
        to: Option<&Syntax>,
    ) -> Result<Term, ProgramError> {
        let mut text = self.text(of)?;
        // The end first: what comes before it has the same places.
        for (end, function) in [(to, f::SLICE_TO), (from, f::SLICE_FROM)] {
            let at = match end {
                None => continue,
                Some(Syntax::Integer(at)) => usize::try_from(*at).unwrap_or(0),
                Some(_) => return Err(self.error("a slice whose end is not a number")),
            };
            text = match &text {
                Term::Text(text) if function == f::SLICE_TO => {
                    Term::Text(text.chars().take(at).collect())
                }
                Term::Text(text) => Term::Text(text.chars().skip(at).collect()),
                _ => {
                    let at = Term::Integer(i64::try_from(at).unwrap_or(i64::MAX));
                    call(function, [text, at])
                }
            };
        }
        Ok(text)
    }

    fn binary(
        &mut self,
        operator: BinaryOperator,
        left: &Syntax,
        right: &Syntax,
    ) -> Result<Term, ProgramError> {
        match operator {
            BinaryOperator::Or | BinaryOperator::And => self.logic(operator, left, right),
            BinaryOperator::Equal => self.equality(left, right),
            BinaryOperator::NotEqual => Ok(match self.equality(left, right)? {
                Term::Boolean(flag) => Term::Boolean(!flag),
                equal => Term::Not(Box::new(equal)),
            }),
            BinaryOperator::Join => Ok(joined(vec![self.text(left)?, self.text(right)?])),
            BinaryOperator::Plus => self.arithmetic(ArithmeticOperator::Plus, left, right),
            BinaryOperator::Minus => self.arithmetic(ArithmeticOperator::Minus, left, right),
            BinaryOperator::Times => self.arithmetic(ArithmeticOperator::Times, left, right),
        }
    }

    fn logic(
        &mut self,
        operator: BinaryOperator,
        left: &Syntax,
        right: &Syntax,
    ) -> Result<Term, ProgramError> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        let is_or = operator == BinaryOperator::Or;
        if left.kind() == Kind::Boolean && right.kind() == Kind::Boolean {
            let operator = if is_or {
                LogicOperator::Or
            } else {
                LogicOperator::And
            };
            return Ok(Term::Logic(operator, Box::new([left, right])));
        }
        // The value of `a or b` is that of one of them.
        let condition = self.truth(left.clone())?;
        if is_or {
            self.conditional(condition, left, right)
        } else {
            self.conditional(condition, right, left)
        }
    }

    fn equality(&mut self, left: &Syntax, right: &Syntax) -> Result<Term, ProgramError> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        if let (Some(left), Some(right)) = (left.as_literal(), right.as_literal()) {
            return Ok(Term::Boolean(left == right));
        }
        let are_texts = [&left, &right].into_iter().all(|side| {
            let shape = side.shape();
            shape.kind == Kind::Text && !shape.is_number && *side != Term::Null
        });
        if are_texts {
            Ok(call(f::EQUAL, [left, right]))
        } else {
            Err(self.error("a comparison of values that are not both texts"))
        }
    }

    fn arithmetic(
        &mut self,
        operator: ArithmeticOperator,
        left: &Syntax,
        right: &Syntax,
    ) -> Result<Term, ProgramError> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        if left.kind() == Kind::Integer && right.kind() == Kind::Integer {
            Ok(Term::Arithmetic(operator, Box::new([left, right])))
        } else {
            Err(self.error("a computation with values that are not whole numbers of the scheme"))
        }
    }

    fn condition(&mut self, syntax: &Syntax) -> Result<Term, ProgramError> {
        let value = self.value(syntax)?;
        self.truth(value)
    }

    /// Whether the template engine takes a value for true.
    fn truth(&self, value: Term) -> Result<Term, ProgramError> {
        match (&value, value.kind()) {
            (Term::Null, _) => Ok(Term::Boolean(false)),
            (Term::Text(text), _) => Ok(Term::Boolean(!text.is_empty())),
            (_, Kind::Boolean) => Ok(value),
            (_, Kind::Text) if !value.shape().is_number => Ok(call(f::FILLED, [value])),
            _ => Err(self.error("a condition that is not a text or a comparison")),
        }
    }

    fn conditional(
        &self,
        condition: Term,
        then: Term,
        otherwise: Term,
    ) -> Result<Term, ProgramError> {
        match condition {
            Term::Boolean(true) => Ok(then),
            Term::Boolean(false) => Ok(otherwise),
            _ if then.kind() != otherwise.kind() => {
                Err(self.error("a choice between values of different kinds"))
            }
            condition => Ok(Term::Conditional(Box::new([condition, then, otherwise]))),
        }
    }

    /// A value that must be text.
    pub(super) fn text(&mut self, syntax: &Syntax) -> Result<Term, ProgramError> {
        let value = self.value(syntax)?;
        self.needed_text(value)
    }

    /// A value as text, where the template engine takes no null.
    pub(super) fn needed_text(&self, value: Term) -> Result<Term, ProgramError> {
        let shape = value.shape();
        match (&value, shape.kind) {
            (Term::Null, _) => Err(self.error("`none` where text is needed")),
            (Term::Variable(variable), Kind::Text) if shape.is_optional => {
                let name = Term::text(&variable.name);
                Ok(call(f::PRESENT, [value, name]))
            }
            (_, Kind::Text) if shape.is_optional => {
                Ok(call(f::PRESENT, [value, Term::text("a value")]))
            }
            (_, Kind::Text) => Ok(value),
            (_, Kind::Integer) => Ok(call(f::DECIMAL, [value])),
            _ => Err(self.error("a value that is not text where text is needed")),
        }
    }

    /// A value inside of a template, in which null is an empty text.
    fn piece(&self, value: Term) -> Result<Term, ProgramError> {
        let shape = value.shape();
        match (&value, shape.kind) {
            (Term::Null, _) => Ok(Term::text("")),
            (_, Kind::Bytes) => Ok(value),
            (_, Kind::Text) if shape.is_optional => Ok(call(f::OR_EMPTY, [value])),
            _ => self.needed_text(value),
        }
    }
}
