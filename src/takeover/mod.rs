//! Requests of other programs as request files: the host says the scheme, what the scheme adds is
//! taken away, credentials become names, variables `vars`, examples recordings. It refuses to drop
//! anything in silence: what has no place in a request file is a loss with its place.

mod address;
mod body;
mod credentials;
mod draft_request;
mod fields;
mod file_names;
mod headers;
mod proof;
mod recording_text;
mod request;
mod scheme_fields;
mod secret_texts;
mod taken;
mod texts;

pub(crate) use credentials::FoundCredential;
pub(crate) use request::{TakeoverSettings, take_over};
pub(crate) use taken::{ImportProofs, TakenRequest, Takeover};
