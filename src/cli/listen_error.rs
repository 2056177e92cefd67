//! Why a port cannot be listened on, and what to do.

use super::command_error::CommandError;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

/// `examples`: addresses that the command listens on.
pub(crate) fn cannot_listen(address: SocketAddr, error: &Error, examples: &str) -> CommandError {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program uses this port: stop it, or choose another port with `--port`, or 0 for a free port".to_owned()
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 need administrator rights: choose another port with `--port`".to_owned()
        }
        _ => format!("pass an address of this machine with `--bind`, such as {examples}"),
    };
    CommandError::operation(format!("ingam cannot listen on {address}: {error}")).hint(hint)
}
