//! Takes secrets out of text. A secret is not searched for in a list of spellings: text and secret
//! are brought to one normal form, in which every mixture of encodings looks alike.

mod display;
mod encodings;
mod normal_form;
mod redactor;

pub(crate) use display::{RedactedText, escape_control_chars};
pub(crate) use redactor::MIN_SECRET_BYTES;
pub use redactor::Redactor;
