//! `ingam init`

use crate::cli::Exit;
use crate::cli::args::InitArgs;
use crate::cli::output::Output;
use crate::host::HostContext;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// The files of a workspace that runs at once, in the sandbox.
const FILES: [(&str, &str); 4] = [
    ("ingam.yaml", include_str!("init/ingam.yaml")),
    ("requests/coupang/product_search.yaml", include_str!("init/product_search.yaml")),
    ("fixtures/recordings/coupang/product_search.yaml", include_str!("init/product_search.recording.yaml")),
    (".gitignore", include_str!("init/gitignore")),
];

pub fn run(host: &HostContext, args: &InitArgs, output: &Output) -> Exit {
    let folder = args.folder.as_ref().map_or_else(|| host.cwd.clone(), |folder| host.cwd.join(folder));
    if let Some(taken) =
        FILES.iter().map(|(path, _)| folder.join(path)).find(|path| path.exists() && !path.ends_with(".gitignore"))
    {
        output.error(&format!("`{}` is there already, and nothing was written", taken.display()), &[]);
        return Exit::Unable;
    }
    for (path, text) in FILES {
        if let Err(error) = write(&folder.join(path), text) {
            output.error(&format!("`{}` cannot be written: {error}", folder.join(path).display()), &[]);
            return Exit::Unable;
        }
        output.data(&format!("  {path}"));
    }
    let go = args.folder.as_ref().map(|folder| format!("`cd {}`, ", folder.display())).unwrap_or_default();
    output.say(&format!("now: {go}`ingam run`, and `ingam explain coupang/product_search` to see how it is signed"));
    Exit::Success
}

/// A new file; a `.gitignore` that is there gets the lines that it lacks.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let known = if path.exists() { std::fs::read_to_string(path)? } else { String::new() };
    let missing: Vec<&str> = text.lines().filter(|line| !known.lines().any(|other| other == *line)).collect();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if known.is_empty() { file.write_all(text.as_bytes()) } else { missing.iter().try_for_each(|line| writeln!(file, "{line}")) }
}
