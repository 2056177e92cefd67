//! The environment that a run uses. A run reads the files of the disk, so what the user sees in the
//! editor must be the same.

use crate::diagnostic::Severity;
use crate::editor::EditorWorkspace;
use crate::plain_file::read_plain_file;
use std::path::Path;

/// More than a file with settings can have.
const MAX_BYTES: u64 = 8 << 20;
/// Both spellings of the file with the settings.
const SETTINGS_FILES: [&str; 2] = ["ingam.yaml", "ingam.yml"];

/// The default environment, if the settings that name it are saved and have no errors.
///
/// # Errors
/// What the user must do first.
pub(super) fn shown_environment(editor: &EditorWorkspace) -> Result<String, String> {
    for name in SETTINGS_FILES {
        let path = Path::new(name);
        let saved = read_plain_file(&editor.root().join(path), MAX_BYTES).ok();
        let saved = saved.as_deref().map(without_mark);
        let shown = editor.text(path).map(|text| without_mark(text.as_bytes()));
        if saved != shown {
            return Err(format!(
                "`{name}` differs from the file on the disk, so the environment is not certain: \
                 save the file, then start again"
            ));
        }
        let mut faults = editor.faults_in(path).into_iter();
        if faults.any(|fault| fault.severity == Severity::Error) {
            return Err(format!(
                "`{name}` has errors, so the environment is not certain: correct them, then \
                 start again"
            ));
        }
    }
    Ok(editor.loaded().workspace.default_env.clone())
}

/// A text without its byte order mark.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}
