//! Texts of a file with the names of its variables as texts with the names of a request file:
//! variables of the file, secrets of the user, and the values that are known of them.

use super::credentials::{CredentialBook, is_credential_name};
use crate::import::{CollectionVariable, ForeignPiece, ForeignText, ImportedCollection};
use crate::render::RESERVED_NAMES;
use crate::request_file::{DocumentEntry, DocumentRemark, TemplateSource};
use crate::secret::Secret;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Words of expressions, which no variable can be named.
const WORDS: [&str; 17] = [
    "true", "false", "none", "null", "True", "False", "None", "and", "or", "not", "in", "is", "if",
    "else", "loop", "self", "vars",
];
/// So deep may variables be made of others.
const MAX_DEPTH: usize = 8;

/// The variables of a file, and what they are called in request files.
pub(super) struct VariableBook<'c> {
    shared: HashMap<&'c str, &'c CollectionVariable>,
    /// By their names in the file.
    names: HashMap<String, String>,
    given: HashSet<String>,
    /// Those that are used where only credentials stand.
    secret: HashSet<String>,
    /// Those that scripts set from responses.
    captured: HashSet<String>,
    pub(super) credentials: CredentialBook<'c>,
}

impl<'c> VariableBook<'c> {
    pub(super) fn new(
        collection: &'c ImportedCollection,
        existing: &'c BTreeMap<String, Secret<String>>,
    ) -> Self {
        let variables = collection.variables.iter();
        let captures = collection.requests.iter().flat_map(|one| &one.captures);
        Self {
            shared: variables.map(|one| (one.name.as_str(), one)).collect(),
            names: HashMap::new(),
            given: RESERVED_NAMES
                .iter()
                .chain(&WORDS)
                .map(|name| (*name).to_owned())
                .collect(),
            secret: HashSet::new(),
            captured: captures.map(|(name, _)| name.clone()).collect(),
            credentials: CredentialBook::new(existing),
        }
    }

    /// The variables of a text that stands where only a credential does.
    pub(super) fn mark_secret(&mut self, text: &ForeignText, own: &[CollectionVariable]) {
        for name in text.variables() {
            if !self.secret.insert(name.to_owned()) {
                continue;
            }
            // What a secret is made of is one as well.
            let own_value = own.iter().find(|one| one.name == name);
            let variable = own_value.or_else(|| self.shared.get(name).copied());
            if let Some(value) = variable.and_then(|one| one.value.clone()) {
                self.mark_secret(&value, own);
            }
        }
    }

    /// What a variable is called in request files: letters, digits and `_`.
    pub(super) fn name(&mut self, foreign: &str) -> String {
        if let Some(known) = self.names.get(foreign) {
            return known.clone();
        }
        let mut base = String::new();
        for letter in foreign.chars() {
            if letter.is_ascii_alphanumeric() {
                base.push(letter);
            } else if !base.ends_with('_') && !base.is_empty() {
                base.push('_');
            }
        }
        let base = base.trim_end_matches('_');
        let base = match base.chars().next() {
            None => "value".to_owned(),
            Some(first) if first.is_ascii_digit() => format!("value_{base}"),
            Some(_) => base.to_owned(),
        };
        let base = if self.given.contains(&base) {
            format!("{base}_value")
        } else {
            base
        };
        let (mut name, mut number) = (base.clone(), 2);
        while !self.given.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        self.names.insert(foreign.to_owned(), name.clone());
        name
    }

    #[must_use]
    pub(super) fn is_captured(&self, foreign: &str) -> bool {
        self.captured.contains(foreign)
    }
}

/// The texts of one request.
pub(super) struct RequestTexts<'b, 'c> {
    pub(super) book: &'b mut VariableBook<'c>,
    own: &'b [CollectionVariable],
    place: &'b str,
    /// The variables that were used so far, those that others are made of first.
    used: Vec<DocumentEntry>,
    pub(super) losses: Vec<String>,
}

impl<'b, 'c> RequestTexts<'b, 'c> {
    pub(super) fn new(
        book: &'b mut VariableBook<'c>,
        own: &'b [CollectionVariable],
        place: &'b str,
    ) -> Self {
        Self {
            book,
            own,
            place,
            used: Vec::new(),
            losses: Vec::new(),
        }
    }

    pub(super) fn into_variables(self) -> Vec<DocumentEntry> {
        self.used
    }

    fn variable(&self, name: &str) -> Option<&CollectionVariable> {
        let own = self.own.iter().find(|one| one.name == name);
        own.or_else(|| self.book.shared.get(name).copied())
    }

    /// Whether the value of a variable stays out of request files.
    pub(super) fn is_secret(&self, name: &str) -> bool {
        let variable = self.variable(name);
        self.book.secret.contains(name)
            || variable.is_some_and(|one| one.is_secret)
            || is_credential_name(name)
    }

    /// The value of a variable, if it and everything in it is known.
    pub(super) fn value_of(&self, name: &str) -> Option<String> {
        self.expanded(name, 0)
    }

    fn expanded(&self, name: &str, depth: usize) -> Option<String> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let value = self.variable(name)?.value.as_ref()?;
        let mut out = String::new();
        for piece in value.pieces() {
            match piece {
                ForeignPiece::Literal(text) => out.push_str(text),
                ForeignPiece::Variable(name) => out.push_str(&self.expanded(name, depth + 1)?),
                ForeignPiece::Expression(_) => return None,
            }
        }
        Some(out)
    }

    /// A text as it would be sent, with `unknown` in the place of what is not known.
    pub(super) fn sample(&self, text: &ForeignText, unknown: &str) -> String {
        let mut out = String::new();
        for piece in text.pieces() {
            match piece {
                ForeignPiece::Literal(text) => out.push_str(text),
                ForeignPiece::Variable(name) => {
                    let value = self.value_of(name).filter(|value| !value.is_empty());
                    out.push_str(value.as_deref().unwrap_or(unknown));
                }
                ForeignPiece::Expression(source) => out.push_str(placeholder(source)),
            }
        }
        out
    }

    /// The same for a recording, in which secrets stand by their names.
    pub(super) fn recorded(&mut self, text: &ForeignText) -> String {
        let mut out = String::new();
        for piece in text.pieces() {
            match piece {
                ForeignPiece::Variable(name) if self.is_secret(name) => {
                    let name = self.secret_name(&name.clone());
                    out.push_str(&format!("‹secret.{name}›"));
                }
                ForeignPiece::Expression(source) if source.starts_with("secret.") => {
                    out.push_str(&format!("‹{source}›"));
                }
                piece => {
                    let mut one = ForeignText::default();
                    one.push(piece.clone());
                    out.push_str(&self.sample(&one, "<random>"));
                }
            }
        }
        out
    }

    fn secret_name(&mut self, foreign: &str) -> String {
        let value = self.value_of(foreign);
        self.book
            .credentials
            .secret(foreign, value.as_deref(), self.place)
    }

    /// What a literal credential is called.
    pub(super) fn secret_label(&mut self, name: &str, value: &str) -> String {
        self.book.credentials.secret(name, Some(value), self.place)
    }

    /// A literal credential of a text: its name in the place of its value.
    pub(super) fn found_secret(&mut self, name: &str, value: &str) -> TemplateSource {
        let name = self.secret_label(name, value);
        TemplateSource::expression(format!("secret.{name}"))
    }

    /// A text that is a credential as a whole, under a name if it has none of its own.
    pub(super) fn secret_source(&mut self, text: &ForeignText, name: &str) -> TemplateSource {
        let hidden = self.hidden_credential(name, text);
        self.source(&hidden)
    }

    /// A value under a name, which may say that it is a credential.
    pub(super) fn named_source(&mut self, name: &str, text: &ForeignText) -> TemplateSource {
        let hidden = self.hidden(name, text);
        self.source(&hidden)
    }

    /// The text as it stands in a request file.
    pub(super) fn source(&mut self, text: &ForeignText) -> TemplateSource {
        self.source_at(text, 0)
    }

    fn source_at(&mut self, text: &ForeignText, depth: usize) -> TemplateSource {
        let mut out = TemplateSource::default();
        for piece in text.pieces() {
            match piece {
                ForeignPiece::Literal(text) => out.push_literal(text),
                ForeignPiece::Expression(source) => out.push_expression(source.clone()),
                ForeignPiece::Variable(name) => out.push_expression(self.use_variable(name, depth)),
            }
        }
        out
    }

    /// The expression for a variable, which is among the variables of the request from now on.
    fn use_variable(&mut self, foreign: &str, depth: usize) -> String {
        if self.is_secret(foreign) {
            let name = self.secret_name(foreign);
            return format!("secret.{name}");
        }
        let name = self.book.name(foreign);
        if self.used.iter().any(|known| known.name == name) {
            return name;
        }
        let variable = self.variable(foreign).cloned();
        let value = variable.as_ref().and_then(|one| one.value.clone());
        let is_known = value.is_some() && depth < MAX_DEPTH;
        let value = match value {
            Some(value) if is_known => {
                let value = self.hidden_within(&value);
                self.source_at(&value, depth + 1)
            }
            _ => TemplateSource::default(),
        };
        // A variable that is made of itself was added by its own value.
        if self.used.iter().any(|known| known.name == name) {
            return name;
        }
        let mut entry = DocumentEntry::new(name.clone(), value.to_source());
        let remark = variable.and_then(|one| one.remark);
        entry.remark = match remark {
            Some(remark) => DocumentRemark::Beside(remark),
            None if self.book.is_captured(foreign) => {
                DocumentRemark::Beside("captured by another request".to_owned())
            }
            None if !is_known => DocumentRemark::Beside("the file has no value for it".to_owned()),
            None => DocumentRemark::None,
        };
        self.used.push(entry);
        name
    }

    /// A variable that only this request has.
    pub(super) fn add_variable(&mut self, name: &str, value: &str, remark: &str) -> String {
        let name = self.book.name(name);
        if !self.used.iter().any(|known| known.name == name) {
            let mut entry = DocumentEntry::new(name.clone(), value);
            entry.remark = DocumentRemark::Beside(remark.to_owned());
            self.used.push(entry);
        }
        name
    }
}

/// What stands in a recording for an expression.
fn placeholder(source: &str) -> &'static str {
    match source.split('(').next().unwrap_or_default() {
        "uuid" => "<uuid>",
        "now" => "<now>",
        "date" => "<date>",
        _ => "<random>",
    }
}
