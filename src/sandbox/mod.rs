//! Our own loopback marketplaces: each scheme has an address, verifies with the scheme itself on
//! the raw bytes that it received, issues tokens, refuses as its marketplace does, answers from the
//! recordings, and keeps what requests create.

mod authorize_page;
mod control;
mod issued_family;
mod issued_tokens;
mod marketplace;
mod multipart;
mod path_match;
mod penalty;
mod reply;
mod request_template;
mod reserved_names;
mod resources;
mod server;
mod template_scope;
mod token_endpoint;
mod token_subject;
mod token_traffic;
mod truncated_body;

pub(crate) use reserved_names::CONTROL_PATH;
pub use reserved_names::NO_RECORDING;
pub(crate) use server::SandboxError;
pub use server::{SandboxOrigins, SandboxServer};
pub(crate) use token_subject::TestCredentialError;
pub use token_subject::test_account;
