//! What every server of ours needs before it looks at a request: connections that are accepted until
//! the end, who may call a server of this machine, which headers belong to one connection, and when a client that
//! reads nothing is cut off.

mod accept;
mod end_to_end;
mod listening_socket;
mod local_caller;
mod write_timeout;

pub(crate) use accept::accept_connections;
pub(crate) use end_to_end::end_to_end;
pub(crate) use listening_socket::ListeningSocket;
pub(crate) use local_caller::{KeyCheck, check_key, comes_from_other_pages, names_loopback_host};
pub(crate) use write_timeout::WriteTimeout;
