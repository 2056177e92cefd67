//! What a user brings for a scheme, and what its values must be like.

use super::{HostPart, HostValueError};
use crate::model::lazy_regex::LazyRegex;
use crate::model::request::RunCondition;
use crate::span::Span;
use crate::value::Value;

/// What a user brings.
#[derive(Clone, Debug)]
pub struct Credential {
    pub name: String,
    pub at: Span,
    pub is_secret: bool,
    pub kind: CredentialType,
    pub scope: CredentialScope,
    /// `Some(Null)` says that it may be missing.
    pub default: Option<Value>,
    /// What its value must be like.
    pub pattern: Option<CredentialPattern>,
    /// When it must be there although its default says that it may be missing.
    pub required_when: Option<RunCondition>,
    /// What it is, for the message that asks for it.
    pub description: Option<String>,
}

/// What the value of a credential is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialType {
    #[default]
    Text,
    Integer,
    /// It stands in a host of the scheme.
    Host(HostPart),
    PrivateKey,
    PublicKey,
}

impl CredentialType {
    /// Whether its value is PEM or DER, which has lines and can stand in a file of its own.
    #[must_use]
    pub fn is_key(self) -> bool {
        matches!(self, Self::PrivateKey | Self::PublicKey)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialScope {
    App,
    Account,
}

/// A regular expression for the whole value.
#[derive(Clone, Debug)]
pub struct CredentialPattern {
    written: String,
    whole: LazyRegex,
}

impl CredentialPattern {
    /// A pattern that compiles alone: `a)(b` is a regular expression only inside of the group that
    /// makes it one for the whole value.
    ///
    /// # Errors
    /// When it is too large.
    pub fn of(pattern: &LazyRegex) -> Result<Self, regex::Error> {
        let written = pattern.as_str();
        Ok(Self {
            written: written.to_owned(),
            whole: LazyRegex::new(&format!(r"\A(?:{written})\z"))?,
        })
    }
}

/// Why a value cannot be that of a credential. It shows a value that is not secret only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialValueError {
    #[error(transparent)]
    Host(#[from] HostValueError),
    #[error("it does not match the pattern of the scheme, `{0}`")]
    Pattern(String),
    #[error("it must be text")]
    NotText,
}

impl Credential {
    /// # Errors
    /// When the value is not what the scheme says of it.
    pub fn check(&self, value: &Value) -> Result<(), CredentialValueError> {
        if value.is_null() {
            return Ok(());
        }
        if let CredentialType::Host(part) = self.kind {
            part.check(value.as_str().ok_or(CredentialValueError::NotText)?)?;
        }
        let Some(pattern) = &self.pattern else {
            return Ok(());
        };
        let text = value.to_plain_text();
        let text = text.ok_or(CredentialValueError::NotText)?;
        if pattern.whole.is_match(&text) {
            Ok(())
        } else {
            Err(CredentialValueError::Pattern(pattern.written.clone()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_of_the_whole_value() {
        let pattern = CredentialPattern::of(&LazyRegex::new("a|b[0-9]+").unwrap()).unwrap();
        assert!(pattern.whole.is_match("a") && pattern.whole.is_match("b12"));
        for text in ["", "aa", "xa", "b1x", "b1\n"] {
            assert!(!pattern.whole.is_match(text), "{text:?}");
        }
    }
}
