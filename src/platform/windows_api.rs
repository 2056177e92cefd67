//! What only Windows has, by its own names: `windows.rs` uses nothing else that does not compile on
//! other systems. Its stand-ins for tests are in `windows_check/windows_api.rs`.

pub(super) use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};

pub(super) fn set_creation_flags(command: &mut tokio::process::Command, flags: u32) {
    command.creation_flags(flags);
}
