//! Loopback marketplaces: each scheme has an address. Its marketplace verifies requests with the
//! scheme on the raw bytes that it received, issues tokens, refuses faulty requests as the scheme
//! describes, responds from recordings, and stores the resources that requests create.

mod call_fault;
mod controls;
mod journal;
mod listen;
mod marketplace;
mod path_match;
mod pushes;
mod recording_set;
mod refused_request;
mod reply;
mod reserved_names;
mod resources;
mod self_check;
mod server;
mod template_scope;
mod tokens;
mod truncated_body;

pub use controls::ControlGuard;
pub use journal::{JournalLine, RequestJournal};
pub(crate) use listen::{
    AllowedOrigins, AuthorityError, AuthorityRecord, SandboxAuthority, certificate_domains,
};
pub use listen::{PortPlan, SandboxOrigins};
pub(crate) use reserved_names::CONTROL_PATH;
pub use reserved_names::NO_RECORDING;
pub(crate) use reserved_names::NOT_RECORDED;
pub(crate) use reserved_names::RECORDED_AT;
pub(crate) use self_check::unverifiable_calls;
pub(crate) use server::ProxyOptions;
pub(crate) use server::SandboxError;
pub use server::{ListenOptions, SandboxServer};
pub(crate) use tokens::token_subject::TestCredentialError;
pub use tokens::token_subject::test_account;
