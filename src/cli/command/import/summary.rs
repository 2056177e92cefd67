//! What an import tells: what was taken over, what was lost and where, which credentials are where.

use super::dotenv_file::NewCredentials;
use super::passing_files::PassingFiles;
use crate::cli::command_output::CommandOutput;
use crate::cli::exit_status::ExitStatus;
use crate::diagnostic::pluralize;
use crate::import::ImportLoss;

/// So many losses are shown one by one; each request file has all of its own as comments.
const MAX_SHOWN: usize = 40;

pub(super) fn add(
    output: &mut CommandOutput,
    passing: &PassingFiles,
    credentials: &NewCredentials,
    is_dry: bool,
) {
    let verb = if is_dry { "would write" } else { "wrote" };
    let requests = pluralize(passing.request_count, "request file");
    let recordings = pluralize(passing.recording_count, "recording");
    let of = if passing.read_count == passing.request_count {
        String::new()
    } else {
        format!(", of {} requests", passing.read_count)
    };
    output.message(format!("{verb} {requests} and {recordings}{of}"));
    add_hosts(output, passing);
    add_proofs(output, passing);
    add_credentials(output, credentials, is_dry);
    add_losses(output, "not imported", &passing.losses);
    add_losses(output, "left out", &passing.unchecked);
    if passing.request_count == 0 {
        output.message("the file has no request that ingam can import".to_owned());
        output.end_with(ExitStatus::ChecksFailed);
    }
}

fn add_hosts(output: &mut CommandOutput, passing: &PassingFiles) {
    for (host, count) in &passing.hosts {
        let requests = pluralize(*count, "request");
        let line = if host.is_empty() {
            format!("no host: {requests}; set one with `--host none=URL`")
        } else if host.contains("{{") {
            format!(
                "host {host}: {requests}; its value is not in the file: set it with `--host none=URL`"
            )
        } else {
            format!(
                "host {host}: {requests} of the scheme `none`; run them with `--host none={host}`, or add the host under `hosts` in ingam.yaml"
            )
        };
        output.message(line);
    }
}

/// Whether the signatures of the file come out again.
fn add_proofs(output: &mut CommandOutput, passing: &PassingFiles) {
    let proofs = &passing.proofs;
    if proofs.proven > 0 {
        let requests = pluralize(proofs.proven, "request");
        output.message(format!(
            "proven: signed again, the signature of {requests} is that of the file"
        ));
    }
    for (reason, count) in &proofs.not_proven {
        let requests = pluralize(*count, "request");
        output.message(format!("not proven: the signature of {requests}: {reason}"));
    }
}

fn add_credentials(output: &mut CommandOutput, credentials: &NewCredentials, is_dry: bool) {
    let added: Vec<&str> = credentials.added().collect();
    if let Some(reason) = credentials.refusal() {
        output.message(format!(
            "credentials were found but not written: {}; {reason}",
            added.join(", ")
        ));
    } else if !added.is_empty() {
        let verb = if is_dry { "would add" } else { "added" };
        output.message(format!("{verb} to .env: {}", added.join(", ")));
    }
    if !credentials.known.is_empty() {
        output.message(format!(
            ".env already has: {}",
            credentials.known.join(", ")
        ));
    }
    if !credentials.different.is_empty() {
        output.message(format!(
            ".env has a different value for {}: the requests use the value in .env; check that it is for their host",
            credentials.different.join(", ")
        ));
    }
    if !credentials.unwritable.is_empty() {
        output.message(format!(
            "set these yourself, because the value has a quote or a line end: {}",
            credentials.unwritable.join(", ")
        ));
    }
    let missing: Vec<&str> = credentials
        .missing
        .iter()
        .map(|(variable, _)| variable.as_str())
        .collect();
    if !missing.is_empty() {
        output.message(format!(
            "set in .env or in the environment: {}",
            missing.join(", ")
        ));
    }
}

fn add_losses(output: &mut CommandOutput, title: &str, losses: &[ImportLoss]) {
    if losses.is_empty() {
        return;
    }
    output.message(format!("{title}: {}", pluralize(losses.len(), "part")));
    for loss in losses.iter().take(MAX_SHOWN) {
        output.message(format!("  {}: {}", loss.place, loss.what));
    }
    if losses.len() > MAX_SHOWN {
        output.message(format!(
            "  and {} more; each request file lists its own as comments",
            losses.len() - MAX_SHOWN
        ));
    }
}
