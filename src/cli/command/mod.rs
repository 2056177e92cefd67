//! One file for each verb.

pub mod auth;
pub mod budget;
pub mod check;
pub mod cleanup;
pub mod completions;
pub mod explain;
pub mod fixture;
pub mod init;
pub mod list;
pub mod recording;
pub mod recording_mode;
pub mod renew_helper;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod schema;
pub mod scheme;
pub mod session;
pub mod snapshot;
pub mod trust;
