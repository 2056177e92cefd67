//! Why a port cannot be listened on, and what to do.

use super::command_error::CommandError;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

/// `examples`: addresses that the command listens on.
pub(crate) fn cannot_listen(address: SocketAddr, error: &Error, examples: &str) -> CommandError {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program has this port: stop it, or name another with `--port`, or 0 for any free one".to_owned()
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 need rights: name another with `--port`".to_owned()
        }
        _ => format!("name an address of this machine with `--bind`, such as {examples}"),
    };
    CommandError::operation(format!("nothing can listen on {address}: {error}")).hint(hint)
}
