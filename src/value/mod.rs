//! A JSON value with exact numbers and the order of its keys. It refuses to know where a value came
//! from.

mod json;
mod json_value;
mod number;
mod text;

pub(crate) use json::JsonError;
pub use json::parse;
pub use json_value::{ObjectMember, Value};
pub use number::Number;
pub(crate) use text::CompactText;
