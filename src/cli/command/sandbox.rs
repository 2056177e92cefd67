//! `ingam sandbox`

use super::session;
use crate::cli::args::SandboxArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::settings;
use crate::cli::stop_signals::StopSignals;
use crate::load::{FileKind, all_schemes};
use crate::model::credential_variable::variable_name;
use crate::model::environment::{Account, DEFAULT_ACCOUNT, SANDBOX_ENV};
use crate::model::scheme::Scheme;
use crate::model::workspace::Workspace;
use crate::sandbox::{
    CONTROL_PATH, ListenOptions, SandboxServer, TestCredentialError, test_account,
};
use std::sync::Arc;

/// Runs the sandbox until a signal, and prints its addresses and test keys.
pub(crate) fn run(
    invocation: &Invocation<'_>,
    args: &SandboxArgs,
    output: &Output,
) -> CommandResult {
    session::start_runtime()?.block_on(listen(invocation, args, output))
}

async fn listen(invocation: &Invocation<'_>, args: &SandboxArgs, output: &Output) -> CommandResult {
    let mut loaded = settings::load_kinds(invocation, &[FileKind::Recording, FileKind::Scheme])?;
    output.print_warnings(&invocation.warnings);
    let schemes = all_schemes(&mut loaded);
    let port = first_port(args.port, schemes.len())?;
    let clock_and_rng = invocation.host.clock_and_rng();
    // Before anything is printed: a script that reads "listening" may send a signal at once.
    let mut signals = StopSignals::install()?;
    let options = ListenOptions {
        first_port: port,
        trusts_forwarded_proto: args.trust_forwarded_proto,
    };
    let sandbox = SandboxServer::start(&loaded.workspace, &schemes, options, clock_and_rng)
        .await
        .map_err(|error| {
            CommandError::from(error).hint("choose another first port with `--port`")
        })?;
    for scheme in &schemes {
        print_scheme(scheme, &loaded.workspace, &sandbox, output)?;
    }
    print_usage(&schemes, &sandbox, output);
    Ok(CommandOutput::ended(signals.next().await))
}

/// The port of the first scheme; `None` for ports that the system chooses.
fn first_port(port: u16, schemes: usize) -> Result<Option<u16>, CommandError> {
    let last = usize::from(u16::MAX) + 1 - schemes;
    if usize::from(port) > last {
        return Err(CommandError::usage(format!(
            "there are {schemes} schemes, and each needs a port"
        ))
        .hint(format!("begin at {last} or below")));
    }
    Ok(Some(port).filter(|port| *port > 0))
}

fn print_scheme(
    scheme: &Scheme,
    workspace: &Workspace,
    sandbox: &SandboxServer,
    output: &Output,
) -> Result<(), TestCredentialError> {
    let origin = sandbox
        .origins
        .base_url(scheme)
        .map_or_else(String::new, |base| base.to_string());
    output.print_data(&format!("{:<15} {origin}", scheme.name));
    let accounts = workspace.accounts(SANDBOX_ENV, &scheme.name);
    if accounts.is_empty() {
        return print_test_credentials(scheme, DEFAULT_ACCOUNT, None, output);
    }
    accounts.iter().try_for_each(|account| {
        print_test_credentials(scheme, &account.name, Some(account), output)
    })
}

fn print_usage(schemes: &[Arc<Scheme>], sandbox: &SandboxServer, output: &Output) {
    output.print_message(&format!(
        "control: below {CONTROL_PATH} of each address, such as GET {CONTROL_PATH}tokens; GET {CONTROL_PATH} says what there is"
    ));
    let hosts: Vec<String> = schemes
        .iter()
        .filter_map(|scheme| {
            let base = sandbox.origins.base_url(scheme)?;
            Some(format!("{}: \"{base}\"", scheme.name))
        })
        .collect();
    output.print_message(&format!(
        "in ingam.yaml: envs: {{ local: {{ hosts: {{ {} }} }} }}",
        hosts.join(", ")
    ));
    output.print_message("listening; Ctrl-C stops");
}

/// Prints the test keys of one account. They are no secrets: only the sandbox accepts them.
fn print_test_credentials(
    scheme: &Scheme,
    name: &str,
    account: Option<&Account>,
    output: &Output,
) -> Result<(), TestCredentialError> {
    output.print_data(&output.out.dim(&format!("  account {name}")));
    for (key, value) in test_account(scheme, name, account)?.iter() {
        let value = value.expose();
        if let Some(text) = value.to_plain_text().filter(|_| !value.is_null()) {
            // A shell would expand `$`, for example in a bcrypt salt.
            let text = if text.contains('$') {
                format!("'{text}'")
            } else {
                text
            };
            output.print_data(&output.out.dim(&format!(
                "    {}={text}",
                variable_name(&scheme.name, None, None, key)
            )));
        }
    }
    Ok(())
}
