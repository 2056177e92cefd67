//! Our own loopback marketplaces: each scheme has an address, verifies with the scheme itself on the raw bytes that it
//! received, issues tokens, refuses as its marketplace does, answers from the recordings, and keeps what requests create.

mod authorize;
mod chain;
mod control;
mod half;
mod judge;
mod leaves;
mod names;
mod owner;
mod parts;
mod paths;
mod penalty;
mod reply;
mod resources;
mod server;
mod token_request;
mod tokens;

pub use control::CONTROL;
pub use owner::test_account;
pub use server::{Nature, Origins, Sandbox, SandboxError};

/// The header of an answer that says: verified, but nothing is recorded.
pub const NO_RECORDING: &str = "x-ingam-no-recording";
