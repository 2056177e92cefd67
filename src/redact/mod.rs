//! Takes secrets out of text. A secret is not searched for in a list of spellings: text and secret
//! are brought to one normal form, in which every mixture of encodings looks alike. Personal data
//! is found in the same way, and replaced by pseudonyms.

mod display;
mod encodings;
mod normal_form;
mod output_redactor;
mod pattern_search;
mod redactor;
mod secret_name;
mod weak_secret;

pub(crate) use display::{RedactedText, escape_control_chars, escape_except_colours, is_hidden};
pub(crate) use encodings::MIN_PERSONAL_BYTES;
pub(crate) use output_redactor::{OutputRedactor, redact_text};
pub use redactor::Redactor;
pub(crate) use secret_name::{MIN_TOKEN_BYTES, SecretName};
pub(crate) use weak_secret::{MIN_SECRET_BYTES, WeakSecret};
