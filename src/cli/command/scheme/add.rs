//! `ingam scheme add`: copies a scheme into the workspace, marked. It refuses to replace a file.

use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::diagnostic::did_you_mean;
use crate::model::credential_variable::variable_part;
use crate::schemes::{BUILT_IN_SCHEMES, UNPROVEN_SCHEMES, built_in_text, unproven_text};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// `name` is the scheme to copy, `new_name` what the copy is called.
pub(super) fn add(root: &Path, name: &str, new_name: Option<&str>) -> CommandResult {
    let text = unproven_text(name)
        .or_else(|| built_in_text(name))
        .ok_or_else(|| unknown(name))?;
    let new_name = new_name.unwrap_or(name);
    check_new_name(name, new_name)?;
    let folder = root.join("schemes");
    let path = folder.join(format!("{new_name}.yaml"));
    if path.exists() || path.with_extension("yml").exists() {
        return Err(CommandError::operation(format!(
            "`schemes/{new_name}.yaml` already exists; nothing was written"
        ))
        .hint(format!(
            "give the copy another name: `ingam scheme add {name} --as NAME`"
        )));
    }
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| write_new(&path, &copied_text(name, new_name, text)));
    written.map_err(|error| {
        CommandError::operation(format!("`{}` cannot be written: {error}", path.display()))
    })?;
    let mut output = CommandOutput::of_data(format!("  schemes/{new_name}.yaml"));
    output.message(format!(
        "next: compare it with the documentation of the marketplace, add a known answer under `vectors`, and run `ingam scheme check {new_name}`; before you use a real secret, allow the scheme with `ingam trust --env live`"
    ));
    Ok(output)
}

fn unknown(name: &str) -> CommandError {
    let known = BUILT_IN_SCHEMES.iter().chain(UNPROVEN_SCHEMES);
    CommandError::usage(format!("there is no scheme `{name}` to copy"))
        .hints(did_you_mean(name, known.map(|(name, _)| *name)))
}

/// A copy with the name of a built-in scheme would be refused when it is loaded.
fn check_new_name(name: &str, new_name: &str) -> Result<(), CommandError> {
    let is_name = !new_name.is_empty()
        && new_name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
        && !new_name.contains("__");
    if !is_name {
        return Err(
            CommandError::usage(format!("`{new_name}` is not a valid name of a scheme"))
                .hint("use letters, digits, `-` and single `_`"),
        );
    }
    let mut built_in = BUILT_IN_SCHEMES.iter();
    if built_in.any(|(known, _)| variable_part(known) == variable_part(new_name)) {
        return Err(
            CommandError::usage(format!("`{new_name}` is the name of a built-in scheme")).hint(
                format!("give the copy another name: `ingam scheme add {name} --as my-{name}`"),
            ),
        );
    }
    Ok(())
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

/// The mark says where the file comes from, for whoever reads it next year.
fn copied_text(name: &str, new_name: &str, text: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let kind = if unproven_text(name).is_some() {
        "an unproven scheme: no known answer was found"
    } else {
        "a built-in scheme"
    };
    let body = text.replacen(
        &format!("scheme: {name}\n"),
        &format!("scheme: {new_name}\n"),
        1,
    );
    format!("# Copied by `ingam scheme add {name}` from ingam {version}, {kind}.\n{body}")
}
