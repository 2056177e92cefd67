//! Built-in schemes as files that an editor can open. They are read-only: a change in one would mean
//! nothing.

use super::state::ServerState;
use crate::atomic_file::replace_private;
use crate::private_file::{create_private_folder, read_private};
use crate::schemes::built_in_text;
use std::path::{Path, PathBuf};

/// The file with the text of a built-in scheme; written when it is asked for.
pub(super) fn built_in_scheme_file(server: &ServerState, name: &str) -> Option<PathBuf> {
    let text = built_in_text(name)?;
    let state = server.settings.state_folder.as_ref()?;
    let folder = state
        .join("built-in-schemes")
        .join(env!("CARGO_PKG_VERSION"));
    let path = folder.join(format!("{name}.yaml"));
    match write_file(&path, text) {
        Ok(()) => Some(path),
        Err(error) => {
            let place = path.display();
            server.log(&format!("`{place}` cannot be written: {error}"));
            None
        }
    }
}

/// Writes a read-only file, unless it has this text already. The state folder also holds tokens: if
/// it is missing, only its user can read the new one.
fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    let known = read_private(path).ok().flatten();
    if known.as_deref() == Some(text.as_bytes()) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        create_private_folder(folder)?;
    }
    replace_private(path, text.as_bytes())?;
    let mut permissions = std::fs::metadata(path)?.permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(path, permissions)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_new_state_folder_is_private_and_a_file_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let path = state.join("built-in-schemes/1/none.yaml");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        write_file(&path, "sign: []\n").unwrap();
        assert_eq!(mode(&state), 0o700);
        assert_eq!(mode(&state.join("built-in-schemes/1")), 0o700);
        assert_eq!(mode(&path), 0o400);
        // Half of a file that an earlier process left is replaced.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "si").unwrap();
        write_file(&path, "sign: []\n").unwrap();
        assert_eq!(read_private(&path).unwrap().unwrap(), b"sign: []\n");
    }
}
