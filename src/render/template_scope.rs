//! What an expression may look up, and the language that it is written in: all that the engine has
//! to know of the values of a request or a scheme.

use super::fresh_values::FreshValues;
use crate::value::Value;
use std::borrow::Cow;

/// Which names, functions and filters an expression may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateDialect {
    /// Values of requests and fixtures. No secret is in their scope.
    Request,
    /// A scheme: `cred.*`, `token.*`, `req.*` and filters made for signatures.
    Scheme,
}

/// Values by name, for expressions.
pub trait TemplateScope {
    /// The value at a path of names: `["a", "b"]` for `a.b`.
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>>;

    /// The clock and chance behind `now()` and the like; without them these functions are not
    /// there.
    fn fresh_values(&self) -> Option<FreshValues> {
        None
    }

    /// What stands for the value of a computation with these names, where it would be another one
    /// each time.
    fn placeholder_for(&self, _names: &[String]) -> Option<String> {
        None
    }

    /// Whether fresh values are placeholders here.
    fn has_placeholders(&self) -> bool {
        false
    }

    /// The same names with the values that are sent, where this scope has placeholders.
    fn without_placeholders(&self) -> Option<&dyn TemplateScope> {
        None
    }

    /// Whether the value of a name came out of a response.
    fn is_received(&self, _name: &str) -> bool {
        false
    }

    /// Every first name that it knows, for "did you mean".
    fn root_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn dialect(&self) -> TemplateDialect {
        TemplateDialect::Request
    }
}
