//! A JSON value with exact numbers and the order of its keys. It refuses to know where a value came
//! from.

mod document;
mod duplicate;
mod json;
mod json_ref;
mod json_value;
mod kind;
mod member_name;
mod member_names;
mod node;
mod number;
mod spelling;
mod tape;
#[cfg(test)]
mod tape_tests;
mod tape_writer;
mod text;
mod text_scan;
mod unescape;

pub(crate) use document::JsonDocument;
pub(crate) use duplicate::{DuplicateMember, TextPosition};
pub use json::parse;
pub(crate) use json_ref::JsonRef;
pub use json_value::{ObjectMember, Value};
pub(crate) use kind::JsonKind;
pub(crate) use member_name::MemberName;
pub use number::Number;
pub(crate) use tape::JsonError;
pub(crate) use text::{CompactText, text_prefix};
