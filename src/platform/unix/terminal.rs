//! One key of a terminal without Enter. The mode of the terminal is restored when the key was read,
//! when the wait is given up, and after an error.

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use std::io;
use tokio::sync::oneshot;

const ESCAPE: u8 = 27;

/// How many lines the terminal shows; `None` if it does not say.
pub(crate) fn row_count() -> Option<usize> {
    let size = tcgetwinsize(io::stdin()).ok()?;
    Some(usize::from(size.ws_row)).filter(|rows| *rows > 0)
}

/// The terminal mode to restore.
struct RawModeGuard(Termios);

impl RawModeGuard {
    /// Keys are delivered at once and are not echoed.
    fn enable() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut now = before.clone();
        // Without ISIG the terminal sends no signal for Ctrl-C: it would kill the process
        // before the mode is restored, and leave a shell without echo.
        now.local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        now.special_codes[SpecialCodeIndex::VMIN] = 1;
        now.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &now)?;
        Ok(Self(before))
    }
}

impl Drop for RawModeGuard {
    fn drop(&mut self) {
        // It fails when the terminal was closed, and then there is no mode to restore.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// `None` when the terminal is gone.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn read_key() -> io::Result<Option<u8>> {
    let _before = RawModeGuard::enable()?;
    let (sender, receiver) = oneshot::channel();
    // A read of a terminal cannot be cancelled. The thread that is left behind ends with the
    // program, which is what a caller does after a signal.
    std::thread::spawn(move || sender.send(read_byte()));
    // The thread always sends, unless it panics. That counts as a closed terminal.
    receiver.await.unwrap_or(Ok(None))
}

fn read_byte() -> io::Result<Option<u8>> {
    let mut byte = [0];
    let read = rustix::io::read(io::stdin(), &mut byte)?;
    if byte[0] == ESCAPE {
        discard_escape_sequence()?;
    }
    Ok((read == 1).then_some(byte[0]))
}

/// Skips the rest of a key such as an arrow, which is several bytes.
fn discard_escape_sequence() -> io::Result<()> {
    // A later byte of the sequence could be the letter of a choice. The bytes arrive together:
    // VTIME 1 ends the read after a tenth of a second without one.
    let mut now = tcgetattr(io::stdin())?;
    now.special_codes[SpecialCodeIndex::VMIN] = 0;
    now.special_codes[SpecialCodeIndex::VTIME] = 1;
    tcsetattr(io::stdin(), OptionalActions::Now, &now)?;
    while rustix::io::read(io::stdin(), &mut [0; 64])? > 0 {}
    Ok(())
}
