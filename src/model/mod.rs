//! The nouns: plain data, one noun a file. No input or output, no async, no YAML, no wire.

pub mod assertion;
pub mod capture;
pub mod environment;
pub mod fixture;
pub mod outcome;
pub mod recording;
pub mod redact_rule;
pub mod repeat;
pub mod request;
pub mod sandbox_resource;
pub mod scheme;
pub mod template;
pub mod workspace;
