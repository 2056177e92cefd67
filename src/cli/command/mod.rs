//! One file for each command.

pub(super) mod auth;
pub(super) mod budget;
pub(super) mod call;
pub(super) mod check;
pub(super) mod cleanup;
pub(super) mod completions;
pub(super) mod explain;
pub(super) mod export;
pub(super) mod fixture;
pub(super) mod gateway;
pub(super) mod import;
pub(super) mod init;
pub(super) mod list;
pub(super) mod listen;
pub(super) mod recording;
pub(super) mod recording_mode;
pub(super) mod renew_helper;
pub(super) mod report;
pub(super) mod run;
pub(super) mod sandbox;
pub(super) mod schema;
pub(super) mod scheme;
pub(super) mod session;
pub(super) mod snapshot;
pub(super) mod trust;
pub(super) mod verify;
