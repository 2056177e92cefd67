//! Windows. Files of a user lie below the folder of the profile, whose access control list lets in
//! the user, administrators and the system; new files inherit it. So there are no modes to set and
//! none to check.

use super::windows_api::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
    set_creation_flags,
};
use super::{AccessFault, SystemSignal};
use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::Result;
use std::path::{Component, Path, Prefix};

/// Ends a process that this one started: only a process with a console of its own could be
/// interrupted.
pub(crate) fn interrupt(child: &mut std::process::Child) -> Result<()> {
    child.kill()
}

/// A new file inherits the access control list of its folder.
pub(crate) fn private_file(_: &mut OpenOptions) {}

/// To make a link needs a right that other users do not have in the folder of a profile.
pub(crate) fn private_file_without_links(_: &mut OpenOptions) {}

/// Named pipes have paths of their own, so that no file can be one.
pub(crate) fn without_waiting(_: &mut OpenOptions) {}

/// A new folder inherits the access control list of the one above it.
pub(crate) fn private_folder(_: &mut DirBuilder) {}

/// Those that a file inherits.
pub(crate) fn shared_permissions() -> Option<Permissions> {
    None
}

/// NTFS keeps names in its journal, and gives a folder no handle to flush.
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
pub(crate) fn sync_folder(_: &Path) -> Result<()> {
    Ok(())
}

/// The access control list guards the file.
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
pub(crate) fn check_access(_: &Metadata) -> std::result::Result<(), AccessFault> {
    Ok(())
}

/// Whether a folder is on another machine: `\\server\share`, also by the letter of a drive, which
/// the real path resolves.
///
/// # Errors
/// If the real path cannot be found.
pub(crate) fn is_on_network(folder: &Path) -> Result<bool> {
    let real = std::fs::canonicalize(folder)?;
    Ok(match real.components().next() {
        Some(Component::Prefix(prefix)) => {
            matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
        }
        _ => false,
    })
}

/// A folder cannot be opened like a file, so a file in it is locked.
///
/// # Errors
/// If the file cannot be opened.
pub(crate) fn open_folder_lock(folder: &Path) -> Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(".lock"))
}

/// Windows writes a dump of a process only where an administrator has asked for it.
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
pub(crate) fn disable_core_dumps() -> Result<()> {
    Ok(())
}

/// Runs `work` with as much stack as the main thread has on Linux, where the tests run: that of
/// Windows has 1 MiB.
///
/// # Errors
/// If the system gives no thread.
pub(crate) fn with_large_stack<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    const STACK_BYTES: usize = 8 << 20;
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    match thread.spawn(work)?.join() {
        Ok(value) => Ok(value),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Windows limits the handles of a process at 16 million.
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
pub(crate) fn check_free_descriptors(_: usize) -> Result<()> {
    Ok(())
}

/// `CREATE_NEW_PROCESS_GROUP` keeps Ctrl-C away from a process, and `CREATE_NO_WINDOW` gives it a
/// console of its own, so that closing that of its parent does not end it.
pub(crate) fn detach(command: &mut tokio::process::Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    set_creation_flags(command, CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
}

/// Every session has windows.
pub(crate) fn display_variables() -> &'static [&'static str] {
    &[]
}

/// There is no file with an id of this start of the machine.
pub(crate) fn boot_id_file() -> Option<&'static Path> {
    None
}

/// Without an id of the start it would not show that the machine was restarted.
pub(crate) fn milliseconds_since_boot() -> Option<i64> {
    None
}

/// Ctrl-C, Ctrl-Break, the end of the console, and that of the system.
pub(crate) struct StopSignalStream {
    interrupt: CtrlC,
    interrupt_break: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl StopSignalStream {
    /// # Errors
    /// If a handler cannot be installed.
    pub(crate) fn install() -> Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            interrupt_break: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    pub(crate) async fn next(&mut self) -> SystemSignal {
        // A closed channel brings no event any more, which is not the same as an event: its branch
        // does not match, and the others are waited for.
        tokio::select! {
            Some(()) = self.interrupt.recv() => SystemSignal::Interrupt,
            Some(()) = self.interrupt_break.recv() => SystemSignal::Interrupt,
            Some(()) = self.close.recv() => SystemSignal::HangUp,
            Some(()) = self.shutdown.recv() => SystemSignal::Terminate,
            else => std::future::pending().await,
        }
    }
}

/// The console is not asked, so that a text is shown whole.
pub(crate) fn row_count() -> Option<usize> {
    None
}

/// The first letter of a line: a key needs Enter. `None` at the end of the input.
///
/// # Errors
/// If the console cannot be read.
#[expect(clippy::unused_async, reason = "on Unix it waits without blocking")]
pub(crate) async fn read_key() -> Result<Option<u8>> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.bytes().next().unwrap_or(b'\n')))
}
