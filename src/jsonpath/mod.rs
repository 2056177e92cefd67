//! `JSONPath` (RFC 9535), and the only room that knows `jsonpath-rust`. The library reads the text;
//! what it read is held to the rules that its grammar lets through and is then walked by our own
//! code, which clones nothing of a document, counts what it looks at and compares numbers exactly.
//! It refuses to guess: a path that would silently find the wrong thing is an error of the path.

mod compile;
mod edit;
mod error;
mod evaluator;
mod filter;
mod location;
mod name_search;
mod path;
mod precheck;
mod query;
mod regex_pattern;
mod replace;
mod simple_path;

pub(crate) use edit::EditError;
pub(crate) use error::{NameStandsTwice, SearchError, SearchLimitExceeded};
pub(crate) use location::{NodePath, locate};
pub(crate) use path::{DeadEnd, JsonPath, MissingChild, PathMatches};
pub(crate) use replace::replace_matches;

#[cfg(test)]
mod tests;
