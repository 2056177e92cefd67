//! Where the body of a response goes: to standard output, or to a file.

use super::shown_json::coloured_json;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::CommandOutput;
use crate::cli::named_output::NamedOutput;
use crate::cli::output::Output;
use crate::diagnostic::join_names;
use crate::run::{DeliveredBody, DeliveredResponse};
use crate::value::{JsonDocument, JsonRef};
use bytes::Bytes;
use std::io::Write;

/// Writes the body where the user wants it; notes say what is not as it was received.
///
/// # Errors
/// When a file cannot be written, or would hold a secret.
pub(super) fn deliver(
    response: &DeliveredResponse,
    file: Option<&NamedOutput>,
    output: &Output,
) -> Result<CommandOutput, CommandError> {
    if let Some(file) = file {
        return write_file(response, file);
    }
    let mut notes = CommandOutput::default();
    let bytes = match &response.shown {
        DeliveredBody::Exact(bytes) => bytes,
        DeliveredBody::Redacted {
            bytes,
            secrets,
            has_pseudonyms,
        } => {
            if !secrets.is_empty() {
                let names = join_names(secrets.iter().map(String::as_str), "and");
                notes.message(format!(
                    "note: secrets in the response are replaced by their names: {names}"
                ));
            }
            if *has_pseudonyms {
                notes.message(
                    "note: personal data is replaced by pseudonyms; `-o FILE` writes the original response, and `--show-personal` shows it at a terminal",
                );
            }
            bytes
        }
        DeliveredBody::Hidden(reason) => {
            return Err(CommandError::operation(format!(
                "the body of the response is not shown: {reason}"
            )));
        }
    };
    print(bytes, output, &mut notes);
    Ok(notes)
}

/// To a terminal for people, to a pipe as it is.
fn print(bytes: &Bytes, output: &Output, notes: &mut CommandOutput) {
    if !output.out.is_live {
        // The sink keeps the error, and `Output::finish` reports it.
        let mut out = output.sink();
        let _ = out.write_all(bytes).and_then(|()| out.flush());
        return;
    }
    if bytes.is_empty() {
        return;
    }
    match (JsonDocument::parse(bytes), std::str::from_utf8(bytes)) {
        (Ok(document), _) => {
            let pretty = JsonRef::from(document.root()).to_pretty_json();
            output.print_data(&coloured_json(&pretty, output.out));
        }
        (Err(_), Ok(text)) => output.print_data(text),
        (Err(_), Err(_)) => notes.message(format!(
            "note: the body has {} bytes of binary data; `-o FILE` writes them to a file",
            bytes.len()
        )),
    }
}

fn write_file(
    response: &DeliveredResponse,
    file: &NamedOutput,
) -> Result<CommandOutput, CommandError> {
    let bytes = response.whole.as_ref().map_err(|names| {
        let names = join_names(names.iter().map(String::as_str), "and");
        CommandError::operation(format!(
            "the response is not written to a file, because it holds {names}"
        ))
        .hint("run the command without `-o` to see it with secrets replaced by their names")
    })?;
    let message = file.write(bytes)?;
    let count = bytes.len();
    Ok(CommandOutput::of_message(format!(
        "{message} ({count} bytes)"
    )))
}
