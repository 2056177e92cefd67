//! What a program does, in no language: a list of statements whose values are terms. One
//! translation makes it, and each language writes it.

/// A value of a program.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Text(String),
    Bytes(Vec<u8>),
    Integer(i64),
    Boolean(bool),
    Null,
    Variable(Variable),
    /// Texts, one behind the other.
    Joined(Vec<Term>),
    /// Names and values.
    Pairs(Vec<(Term, Term)>),
    Texts(Vec<Term>),
    /// Members of a JSON object: name, JSON of the value, and the value as text.
    Members(Vec<(String, Term, Term)>),
    Call(Function, Vec<Term>),
    /// Condition, value, and value otherwise.
    Conditional(Box<[Term; 3]>),
    Not(Box<Term>),
    /// Of conditions.
    Logic(LogicOperator, Box<[Term; 2]>),
    Arithmetic(ArithmeticOperator, Box<[Term; 2]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogicOperator {
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArithmeticOperator {
    Plus,
    Minus,
    Times,
}

impl ArithmeticOperator {
    /// The same in all languages.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
        }
    }
}

/// A variable of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// In small letters with `_`; a language may spell it in its own way.
    pub(super) name: String,
    pub(super) shape: Shape,
}

/// What is known of a value before the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    /// It can be null.
    pub(super) is_optional: bool,
    /// A text that is a number: in JSON it has no quotes.
    pub(super) is_number: bool,
}

impl Shape {
    pub(super) const fn of(kind: Kind) -> Self {
        Self {
            kind,
            is_optional: false,
            is_number: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bytes,
    Integer,
    Boolean,
    Pairs,
    Texts,
    Members,
}

/// A function of the part of a program that ingam brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) gives_null: bool,
}

impl Function {
    pub(super) const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            gives_null: false,
        }
    }

    pub(super) const fn optional(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            gives_null: true,
        }
    }
}

impl Term {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn shape(&self) -> Shape {
        match self {
            Self::Text(_) | Self::Joined(_) => Shape::of(Kind::Text),
            Self::Bytes(_) => Shape::of(Kind::Bytes),
            Self::Integer(_) | Self::Arithmetic(..) => Shape::of(Kind::Integer),
            Self::Boolean(_) | Self::Not(_) | Self::Logic(..) => Shape::of(Kind::Boolean),
            Self::Null => Shape {
                is_optional: true,
                ..Shape::of(Kind::Text)
            },
            Self::Variable(variable) => variable.shape,
            Self::Pairs(_) => Shape::of(Kind::Pairs),
            Self::Texts(_) => Shape::of(Kind::Texts),
            Self::Members(_) => Shape::of(Kind::Members),
            Self::Call(function, _) => Shape {
                is_optional: function.gives_null,
                ..Shape::of(function.kind)
            },
            Self::Conditional(parts) => {
                let (then, otherwise) = (parts[1].shape(), parts[2].shape());
                Shape {
                    kind: then.kind,
                    is_optional: then.is_optional || otherwise.is_optional,
                    is_number: then.is_number && otherwise.is_number,
                }
            }
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.shape().kind
    }

    pub(super) fn as_literal(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The terms inside of it.
    pub(super) fn parts(&self) -> Vec<&Term> {
        match self {
            Self::Joined(parts) | Self::Texts(parts) | Self::Call(_, parts) => {
                parts.iter().collect()
            }
            Self::Pairs(pairs) => pairs
                .iter()
                .flat_map(|(name, value)| [name, value])
                .collect(),
            Self::Members(members) => members
                .iter()
                .flat_map(|(_, json, text)| [json, text])
                .collect(),
            Self::Conditional(parts) => parts.iter().collect(),
            Self::Not(part) => vec![part],
            Self::Logic(_, parts) | Self::Arithmetic(_, parts) => parts.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Calls `visit` with it and with all that is inside of it.
    pub(super) fn visit<'t>(&'t self, visit: &mut dyn FnMut(&'t Term)) {
        visit(self);
        for part in self.parts() {
            part.visit(visit);
        }
    }
}

/// Texts as one; literals beside each other become one.
pub(super) fn joined(parts: Vec<Term>) -> Term {
    let mut merged: Vec<Term> = Vec::new();
    for part in parts {
        match (merged.last_mut(), part) {
            (_, Term::Text(text)) if text.is_empty() => {}
            (Some(Term::Text(last)), Term::Text(text)) => last.push_str(&text),
            (_, Term::Joined(inner)) => merged.extend(inner),
            (_, part) => merged.push(part),
        }
    }
    match merged.len() {
        0 => Term::text(""),
        1 => merged.remove(0),
        _ => Term::Joined(merged),
    }
}

/// What a program does with a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statement {
    Comment(String),
    /// A new variable, or another value for one.
    Set {
        variable: Variable,
        value: Term,
        is_new: bool,
        /// What of the scheme or the request it comes from.
        place: String,
    },
    /// Ends the program if a value of the user is missing.
    CheckCredentials,
    Send(SentParts),
}

/// What the last statement sends.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SentParts {
    pub(super) method: String,
    pub(super) origin: String,
    pub(super) target: Term,
    pub(super) headers: Term,
    pub(super) body: Term,
}

impl Statement {
    pub(super) fn terms(&self) -> Vec<&Term> {
        match self {
            Self::Comment(_) | Self::CheckCredentials => Vec::new(),
            Self::Set { value, .. } => vec![value],
            Self::Send(sent) => vec![&sent.target, &sent.headers, &sent.body],
        }
    }
}

/// The statements without the variables that nothing uses.
pub(super) fn without_unused(statements: Vec<Statement>) -> Vec<Statement> {
    let mut used: Vec<String> = Vec::new();
    let mut kept: Vec<Statement> = Vec::new();
    for statement in statements.into_iter().rev() {
        if let Statement::Set { variable, .. } = &statement
            && !used.contains(&variable.name)
        {
            continue;
        }
        for term in statement.terms() {
            term.visit(&mut |term| {
                if let Term::Variable(variable) = term
                    && !used.contains(&variable.name)
                {
                    used.push(variable.name.clone());
                }
            });
        }
        kept.push(statement);
    }
    kept.reverse();
    without_empty_parts(kept)
}

/// Without comments that nothing follows.
fn without_empty_parts(statements: Vec<Statement>) -> Vec<Statement> {
    let mut kept: Vec<Statement> = Vec::new();
    for statement in statements {
        if matches!(statement, Statement::Comment(_))
            && matches!(kept.last(), Some(Statement::Comment(_)))
        {
            kept.pop();
        }
        kept.push(statement);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_beside_each_other_are_one() {
        let variable = Term::Variable(Variable {
            name: "ts".to_owned(),
            shape: Shape::of(Kind::Text),
        });
        let text = |text: &str| Term::text(text);
        assert_eq!(
            joined(vec![text("a"), text(""), text("b"), variable.clone()]),
            Term::Joined(vec![text("ab"), variable.clone()])
        );
        assert_eq!(joined(vec![text(""), variable.clone()]), variable);
        assert_eq!(joined(Vec::new()), text(""));
    }
}
