//! Runs the program in a folder, with an environment of its own: no variable, no settings and no
//! clock of this machine's user.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The root of this repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, about to run in `folder`. Its home is of this folder alone: what a server asked of
/// one test must not hold for another that gets the same port.
pub(crate) fn ingam(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingam"));
    command
        .env_clear()
        .env("HOME", home_of(folder))
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.current_dir(folder).stdin(Stdio::null());
    command
}

fn home_of(folder: &Path) -> PathBuf {
    let mut hasher = std::hash::DefaultHasher::new();
    folder.hash(&mut hasher);
    let name = format!("home-{}-{:x}", std::process::id(), hasher.finish());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

pub(crate) fn text(output: &Output) -> (String, String, i32) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap_or(-1),
    )
}

/// A folder that is removed with the value.
pub(crate) struct Folder(pub tempfile::TempDir);

/// Its home goes with it.
impl Drop for Folder {
    fn drop(&mut self) {
        // Where nothing was kept there is none.
        let _ = std::fs::remove_dir_all(home_of(self.path()));
    }
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// Runs the program at a pseudo-terminal; what it shows, and its exit code.
#[cfg(unix)]
pub(crate) fn at_a_terminal(folder: &Folder, args: &[&str], env: &[(&str, &str)]) -> (String, i32) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::io::Read;
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let terminal = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(name)
        .unwrap();
    let end = || Stdio::from(terminal.try_clone().unwrap());
    let mut child = ingam(folder.path())
        .args(args)
        .envs(env.iter().copied())
        .stdin(end())
        .stdout(end())
        .stderr(end())
        .spawn()
        .unwrap();
    let mut reader = std::fs::File::from(ours);
    let screen = std::thread::spawn(move || {
        let (mut seen, mut buffer) = (Vec::new(), [0; 4_096]);
        // Linux ends the read with an error when the last end is closed.
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            seen.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8_lossy(&seen).into_owned()
    });
    let code = child.wait().unwrap().code().unwrap_or(-1);
    drop(terminal);
    (screen.join().unwrap(), code)
}
