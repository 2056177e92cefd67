//! The nouns: plain data, one noun a file. No input or output, no async, no YAML, no wire.

pub(crate) mod assertion;
pub(crate) mod brackets;
pub(crate) mod capture;
pub(crate) mod conversion;
pub(crate) mod credential_variable;
pub(crate) mod environment;
pub(crate) mod expression;
pub(crate) mod fixture;
pub(crate) mod lazy_regex;
pub(crate) mod outcome;
pub(crate) mod pages;
pub(crate) mod path_literals;
pub(crate) mod recording;
pub(crate) mod redact_rule;
pub(crate) mod repeat;
pub(crate) mod request;
pub(crate) mod sandbox_resource;
pub(crate) mod scheme;
pub(crate) mod secret_rules;
pub(crate) mod template;
pub(crate) mod value_path;
pub(crate) mod workspace;
