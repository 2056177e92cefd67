//! The Language Server Protocol 3.17 over standard input and output: messages, positions, open
//! buffers, and what an editor asks, handed to `editor`. The only room that knows lsp-server and
//! lsp-types. Input that is no message is an error for the client, and never ends the process.

mod asked;
mod buffers;
mod built_in_files;
mod commands;
mod convert;
mod dispatch;
mod exchange;
mod features;
mod folders;
mod framing;
mod later_replies;
mod line_index;
mod notifications;
mod open_workspace;
mod published;
mod runs;
mod server;
mod shown_environment;
mod side_process;
mod state;
mod structures;
mod uri;

pub(crate) use server::{ServerEnd, serve};
pub(crate) use state::ServerSettings;
