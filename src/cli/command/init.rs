//! `ingam init`

use crate::cli::ExitStatus;
use crate::cli::args::InitArgs;
use crate::cli::output::Output;
use crate::host::HostContext;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// The files of a workspace that runs at once, in the sandbox.
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

pub(crate) fn run(host: &HostContext, args: &InitArgs, output: &Output) -> ExitStatus {
    let folder = args
        .folder
        .as_ref()
        .map_or_else(|| host.cwd.clone(), |folder| host.cwd.join(folder));
    if let Some(taken) = TEMPLATE_FILES
        .iter()
        .map(|(path, _)| folder.join(path))
        .find(|path| path.exists() && !path.ends_with(".gitignore"))
    {
        output.print_error(
            &format!(
                "`{}` is there already, and nothing was written",
                taken.display()
            ),
            &[],
        );
        return ExitStatus::OperationFailed;
    }
    for (path, text) in TEMPLATE_FILES {
        if let Err(error) = write_or_append(&folder.join(path), text) {
            output.print_error(
                &format!(
                    "`{}` cannot be written: {error}",
                    folder.join(path).display()
                ),
                &[],
            );
            return ExitStatus::OperationFailed;
        }
        output.print_data(&format!("  {path}"));
    }
    let go = args
        .folder
        .as_ref()
        .map(|folder| format!("`cd {}`, ", folder.display()))
        .unwrap_or_default();
    output.print_message(&format!(
        "now: {go}`ingam run`, and `ingam explain coupang/product_search` to see how it is signed"
    ));
    ExitStatus::Success
}

/// A new file; a `.gitignore` that is there gets the lines that it lacks.
fn write_or_append(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let known = if path.exists() {
        std::fs::read_to_string(path)?
    } else {
        String::new()
    };
    let missing: Vec<&str> = text
        .lines()
        .filter(|line| !known.lines().any(|other| other == *line))
        .collect();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if known.is_empty() {
        file.write_all(text.as_bytes())
    } else {
        missing.iter().try_for_each(|line| writeln!(file, "{line}"))
    }
}
