//! `ingam init`

use crate::cli::args::InitArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::host::HostContext;
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_text};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// The files of a small workspace that runs in the sandbox as it is.
const TEMPLATE_FILES: [(&str, &str); 4] = [
    ("ingam.yaml", include_str!("init/ingam.yaml")),
    (
        "requests/coupang/product_search.yaml",
        include_str!("init/product_search.yaml"),
    ),
    (
        "fixtures/recordings/coupang/product_search.yaml",
        include_str!("init/product_search.recording.yaml"),
    ),
    (".gitignore", include_str!("init/gitignore")),
];

/// Settings for an editor, written where there are none yet.
const EDITOR_FILES: [(&str, &str); 2] = [
    (".vscode/settings.json", include_str!("init/settings.json")),
    (
        ".vscode/extensions.json",
        include_str!("init/extensions.json"),
    ),
];

pub(crate) fn run(host: &HostContext, args: &InitArgs) -> CommandResult {
    let folder = args
        .folder
        .as_ref()
        .map_or_else(|| host.cwd.clone(), |folder| host.cwd.join(folder));
    check_no_file_exists(&folder)?;
    let mut output = CommandOutput::default();
    let editor_files = EDITOR_FILES.iter();
    let editor_files = editor_files.filter(|(path, _)| !folder.join(path).exists());
    for (path, text) in TEMPLATE_FILES.iter().chain(editor_files) {
        if let Err(error) = write_or_append(&folder.join(path), text) {
            // The files before this one were written: their names stay in the output.
            output.error(CommandError::operation(format!(
                "`{}` cannot be written: {error}",
                folder.join(path).display()
            )));
            return Ok(output);
        }
        output.data(format!("  {path}"));
    }
    let change_folder = args
        .folder
        .as_ref()
        .map_or_else(String::new, |folder| format!("`cd {}`, ", folder.display()));
    output.message(format!(
        "next: {change_folder}`ingam run`, then `ingam explain coupang/product_search` to see how the request is signed"
    ));
    Ok(output)
}

/// # Errors
/// If a file of the template exists, except `.gitignore`, to which lines are added.
fn check_no_file_exists(folder: &Path) -> Result<(), CommandError> {
    let existing = TEMPLATE_FILES
        .iter()
        .map(|(path, _)| folder.join(path))
        .find(|path| path.exists() && !path.ends_with(".gitignore"));
    match existing {
        None => Ok(()),
        Some(path) => Err(CommandError::operation(format!(
            "`{}` already exists; nothing was written",
            path.display()
        ))),
    }
}

/// Writes a new file. A `.gitignore` that exists gets the lines that it lacks.
fn write_or_append(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let known = if path.exists() {
        read_plain_text(path, MAX_TEXT_BYTES)?
    } else {
        String::new()
    };
    let missing: Vec<&str> = text
        .lines()
        .filter(|line| !known.lines().any(|other| other == *line))
        .collect();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if known.is_empty() {
        return file.write_all(text.as_bytes());
    }
    // A last line without its end would become one word with the first new line: `target.env`
    // ignores neither.
    if !known.ends_with('\n') && !missing.is_empty() {
        writeln!(file)?;
    }
    missing.iter().try_for_each(|line| writeln!(file, "{line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_line_without_its_end_stays_a_line_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".gitignore");
        for (before, after) in [
            ("target", "target\n.env\n*.new\n"),
            ("target\n", "target\n.env\n*.new\n"),
            (".env", ".env\n*.new\n"),
            (".env\n*.new", ".env\n*.new"),
        ] {
            std::fs::write(&path, before).unwrap();
            write_or_append(&path, ".env\n*.new\n").unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        }
    }
}
