//! `ingam auth`: authorization, tokens and credentials of accounts; one file for each act.

mod context;
mod device;
mod import;
mod link;
mod login;
mod run;
mod set;
mod status;
mod token;
mod token_families;
mod used_schemes;

pub(crate) use run::run;
