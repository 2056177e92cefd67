//! Stand-ins for [`super::super`]'s `windows_api` on other systems, with the same signatures: the
//! tests compile `windows.rs` against them.

use std::io::Result;

/// One kind of `tokio::signal::windows`.
pub(super) struct ConsoleEvent;

impl ConsoleEvent {
    pub(super) async fn recv(&mut self) -> Option<()> {
        std::future::pending().await
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of tokio")]
fn event() -> Result<ConsoleEvent> {
    Ok(ConsoleEvent)
}

pub(super) fn ctrl_c() -> Result<ConsoleEvent> {
    event()
}

pub(super) fn ctrl_break() -> Result<ConsoleEvent> {
    event()
}

pub(super) fn ctrl_close() -> Result<ConsoleEvent> {
    event()
}

pub(super) fn ctrl_shutdown() -> Result<ConsoleEvent> {
    event()
}

pub(super) type CtrlC = ConsoleEvent;
pub(super) type CtrlBreak = ConsoleEvent;
pub(super) type CtrlClose = ConsoleEvent;
pub(super) type CtrlShutdown = ConsoleEvent;

pub(super) fn set_creation_flags(_: &mut tokio::process::Command, _: u32) {}
