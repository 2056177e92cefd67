//! Built-in schemes as files that an editor can open. They are read-only: a change in one would mean
//! nothing.

use super::state::ServerState;
use crate::schemes::built_in_text;
use std::path::PathBuf;

/// The file with the text of a built-in scheme; written when it is asked for.
pub(super) fn built_in_scheme_file(server: &ServerState, name: &str) -> Option<PathBuf> {
    let text = built_in_text(name)?;
    let state = server.settings.state_folder.as_ref()?;
    let folder = state
        .join("built-in-schemes")
        .join(env!("CARGO_PKG_VERSION"));
    let path = folder.join(format!("{name}.yaml"));
    if path.is_file() {
        return Some(path);
    }
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, text))
        .and_then(|()| {
            let mut permissions = std::fs::metadata(&path)?.permissions();
            permissions.set_readonly(true);
            std::fs::set_permissions(&path, permissions)
        });
    match written {
        Ok(()) => Some(path),
        Err(error) => {
            let place = path.display();
            server.log(&format!("`{place}` cannot be written: {error}"));
            None
        }
    }
}
