//! Filters as calls of functions that ingam brings for programs.

use super::{Translator, bytes_of, call, f, literal_filters};
use crate::export::program::ProgramError;
use crate::export::program::expression_syntax::Syntax;
use crate::export::program::operation::{Function, Kind, Statement, Term};

impl Translator<'_> {
    pub(super) fn filter(
        &mut self,
        input: &Syntax,
        name: &str,
        arguments: &[Syntax],
    ) -> Result<Term, ProgramError> {
        let input = self.value(input)?;
        let arguments: Result<Vec<Term>, ProgramError> = arguments
            .iter()
            .map(|argument| self.value(argument))
            .collect();
        let arguments = arguments?;
        let input_now = self.literal_value(&input);
        if let Some(known) = literal_filters::apply(name, input_now, &arguments) {
            return Ok(known);
        }
        if input.kind() == Kind::Pairs {
            return self.filter_of_pairs(input, name, &arguments);
        }
        if input.kind() == Kind::Texts {
            return self.filter_of_texts(input, name, &arguments);
        }
        let input = self.needed_text(input)?;
        let arguments: Result<Vec<Term>, ProgramError> = arguments
            .into_iter()
            .map(|argument| self.needed_text(argument))
            .collect();
        self.filter_of_text(input, name, &arguments?)
    }

    /// The value of a variable that is known already, or the term itself.
    fn literal_value<'v>(&'v self, term: &'v Term) -> &'v Term {
        let Term::Variable(variable) = term else {
            return term;
        };
        let mut values = self
            .statements
            .iter()
            .filter_map(|statement| match statement {
                Statement::Set {
                    variable: known,
                    value,
                    ..
                } if known.name == variable.name => Some(value),
                _ => None,
            });
        match (values.next(), values.next()) {
            (Some(value @ Term::Text(_)), None) => value,
            _ => term,
        }
    }

    fn filter_of_text(
        &self,
        input: Term,
        name: &str,
        arguments: &[Term],
    ) -> Result<Term, ProgramError> {
        let simple: Option<Function> = match name {
            "rfc3986" => Some(f::RFC3986),
            "formenc" => Some(f::FORM_ENCODED),
            "lower" => Some(f::LOWER),
            "upper" => Some(f::UPPER),
            "trim" => Some(f::TRIMMED),
            "length" => Some(f::LENGTH),
            _ => None,
        };
        match (name, arguments) {
            (_, []) if let Some(function) = simple => Ok(call(function, [input])),
            ("b64", []) => Ok(call(f::TO_BASE64, [bytes_of(input)])),
            ("split", [by]) if by.as_literal() != Some("") => {
                Ok(call(f::SPLIT, [input, by.clone()]))
            }
            ("replace", [from, to]) => Ok(call(f::REPLACED, [input, from.clone(), to.clone()])),
            _ => Err(self.unknown(name)),
        }
    }

    fn filter_of_texts(
        &self,
        input: Term,
        name: &str,
        arguments: &[Term],
    ) -> Result<Term, ProgramError> {
        match (name, arguments) {
            ("first", []) => Ok(call(f::FIRST, [input])),
            ("last", []) => Ok(call(f::LAST, [input])),
            ("join", []) => Ok(call(f::JOIN, [input, Term::text("")])),
            ("join", [between]) => Ok(call(f::JOIN, [input, between.clone()])),
            _ => Err(self.unknown(name)),
        }
    }

    fn filter_of_pairs(
        &self,
        input: Term,
        name: &str,
        arguments: &[Term],
    ) -> Result<Term, ProgramError> {
        match (name, arguments) {
            ("also", [more]) if more.kind() == Kind::Pairs => {
                Ok(call(f::ALSO, [input, more.clone()]))
            }
            // An empty list.
            ("also", [Term::Texts(texts)]) if texts.is_empty() => Ok(input),
            ("drop", names) => Ok(call(f::DROP_NAMES, [input, self.name_list(names)?])),
            ("only", names) => Ok(call(f::ONLY_NAMES, [input, self.name_list(names)?])),
            ("nonempty", []) => Ok(call(f::NONEMPTY, [input])),
            ("bytesort", []) => Ok(call(f::BYTESORT, [input])),
            ("encoded", []) => Ok(call(f::ENCODED, [input])),
            ("folded", []) => Ok(call(f::FOLDED, [input])),
            ("merged", [between]) => Ok(call(f::MERGED, [input, between.clone()])),
            ("names", []) => Ok(call(f::NAMES, [input])),
            ("concat", arguments) => self.concat(input, arguments),
            _ => Err(self.unknown(name)),
        }
    }

    /// Names as texts, or one list of them.
    fn name_list(&self, names: &[Term]) -> Result<Term, ProgramError> {
        if let [list] = names
            && list.kind() == Kind::Texts
        {
            return Ok(list.clone());
        }
        if names.iter().all(|name| name.kind() == Kind::Text) {
            Ok(Term::Texts(names.to_vec()))
        } else {
            Err(self.error("names that are not text"))
        }
    }

    fn concat(&self, input: Term, arguments: &[Term]) -> Result<Term, ProgramError> {
        let between = |at: usize| arguments.get(at).cloned().unwrap_or(Term::text(""));
        let encoding = match arguments.get(2).map(Term::as_literal) {
            None => "none",
            Some(Some(encoding)) => encoding,
            Some(None) => return Err(self.error("an encoding that is known only later")),
        };
        let input = match encoding {
            "none" => input,
            "rfc3986" => call(f::ENCODED, [input]),
            "form" => call(f::FORM_ENCODED_PAIRS, [input]),
            other => return Err(self.error(format!("the encoding `{other}`"))),
        };
        Ok(call(f::CONCAT, [input, between(0), between(1)]))
    }

    fn unknown(&self, filter: &str) -> ProgramError {
        self.error(format!(
            "the filter `{filter}` of a value that is known only while the program runs"
        ))
    }
}
