//! Loopback marketplaces: each scheme has an address. Its marketplace verifies requests with the
//! scheme on the raw bytes that it received, issues tokens, refuses faulty requests as the scheme
//! describes, responds from recordings, and stores the resources that requests create.

mod authorize_page;
mod control;
mod issued_family;
mod issued_tokens;
mod marketplace;
mod path_match;
mod penalty;
mod reply;
mod request_template;
mod reserved_names;
mod resources;
mod self_check;
mod server;
mod template_scope;
mod token_body;
mod token_endpoint;
mod token_subject;
mod token_traffic;
mod truncated_body;

pub(crate) use reserved_names::CONTROL_PATH;
pub use reserved_names::NO_RECORDING;
pub(crate) use reserved_names::NOT_RECORDED;
pub(crate) use reserved_names::RECORDED_AT;
pub(crate) use self_check::unverifiable_calls;
pub(crate) use server::SandboxError;
pub use server::{ListenOptions, SandboxOrigins, SandboxServer};
pub(crate) use token_subject::TestCredentialError;
pub use token_subject::test_account;
