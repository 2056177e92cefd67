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
