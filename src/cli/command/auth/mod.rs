//! `ingam auth`: authorization, tokens and credentials of accounts; one file for each act.

mod context;
mod import;
mod link;
mod login;
mod run;
mod set;
mod status;
mod token;
mod token_families;

pub(crate) use run::run;
