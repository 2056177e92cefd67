//! One key of a person, without Enter. The terminal is as it was before when the key is there, when
//! the wait is given up, and when something breaks.

/// Ctrl-C; while a key is waited for it is a key like others, so that nothing can end the program
/// before the terminal is restored.
pub(super) const INTERRUPT: u8 = 3;
/// Ctrl-D.
pub(super) const END_OF_INPUT: u8 = 4;

#[cfg(unix)]
pub(super) use terminal::read_key;

#[cfg(unix)]
mod terminal {
    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
    };
    use std::io;
    use tokio::sync::oneshot;

    const ESCAPE: u8 = 27;

    /// How the terminal was.
    struct RawModeGuard(Termios);

    impl RawModeGuard {
        /// From now on keys come at once and are not echoed.
        fn enable() -> io::Result<Self> {
            let before = tcgetattr(io::stdin())?;
            let mut now = before.clone();
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
        // A read cannot be given up; who gives up waiting for it ends the program.
        std::thread::spawn(move || sender.send(read_byte()));
        // The reader always sends, unless its thread dies: the terminal is gone then.
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

    /// A key such as an arrow is several bytes, of which a later one could look like an answer.
    /// They come at once; what comes after a tenth of a second of silence is another key.
    fn discard_escape_sequence() -> io::Result<()> {
        let mut now = tcgetattr(io::stdin())?;
        now.special_codes[SpecialCodeIndex::VMIN] = 0;
        now.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(io::stdin(), OptionalActions::Now, &now)?;
        while rustix::io::read(io::stdin(), &mut [0; 64])? > 0 {}
        Ok(())
    }
}

/// The first letter of a line: keys without Enter are not there.
#[cfg(not(unix))]
pub(super) async fn read_key() -> std::io::Result<Option<u8>> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.bytes().next().unwrap_or(b'\n')))
}
