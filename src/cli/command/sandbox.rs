//! `ingam sandbox`

use super::session;
use crate::cli::ExitStatus;
use crate::cli::args::{GlobalArgs, SandboxArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::host::HostContext;
use crate::load::all_schemes;
use crate::model::credential_variable::variable_name;
use crate::model::environment::{Account, DEFAULT_ACCOUNT, SANDBOX_ENV};
use crate::model::scheme::Scheme;
use crate::sandbox::{CONTROL_PATH, SandboxServer, TestCredentialError, test_account};

/// Listens until it is stopped, and says where and with which test keys.
pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &SandboxArgs,
    output: &Output,
) -> ExitStatus {
    session::start_runtime(output)
        .and_then(|runtime| runtime.block_on(listen(host, global, args, output)))
        .unwrap_or_else(|exit| exit)
}

async fn listen(
    host: &HostContext,
    global: &GlobalArgs,
    args: &SandboxArgs,
    output: &Output,
) -> Result<ExitStatus, ExitStatus> {
    let mut loaded = settings::load_workspace(host, global, output)?;
    let schemes = all_schemes(&mut loaded);
    let last = usize::from(u16::MAX) + 1 - schemes.len();
    if usize::from(args.port) > last {
        output.print_error(
            &format!("there are {} schemes, and each needs a port", schemes.len()),
            &[format!("begin at {last} or below")],
        );
        return Err(ExitStatus::InvalidUsage);
    }
    let first = Some(args.port).filter(|port| *port > 0);
    let clock_and_rng = host.clock_and_rng();
    let sandbox = SandboxServer::start(&loaded.workspace, &schemes, first, clock_and_rng)
        .await
        .map_err(|error| {
            output.print_error(
                &error.to_string(),
                &["choose another first port with `--port`".to_owned()],
            );
            ExitStatus::OperationFailed
        })?;
    for scheme in &schemes {
        let origin = sandbox
            .origins
            .base_url(scheme)
            .map_or_else(String::new, |base| base.to_string());
        output.print_data(&format!("{:<15} {origin}", scheme.name));
        let accounts = loaded.workspace.accounts(SANDBOX_ENV, &scheme.name);
        let printed = match accounts.as_slice() {
            [] => print_test_credentials(scheme, DEFAULT_ACCOUNT, None, output),
            accounts => accounts.iter().try_for_each(|account| {
                print_test_credentials(scheme, &account.name, Some(account), output)
            }),
        };
        printed.map_err(|error| {
            output.print_error(&error.to_string(), &[]);
            ExitStatus::OperationFailed
        })?;
    }
    output.print_message(&format!(
        "control: below {CONTROL_PATH} of each address, such as GET {CONTROL_PATH}tokens; GET {CONTROL_PATH} says what there is"
    ));
    let hosts: Vec<String> = schemes
        .iter()
        .filter_map(|scheme| {
            Some(format!(
                "{}: \"{}\"",
                scheme.name,
                sandbox.origins.base_url(scheme)?
            ))
        })
        .collect();
    output.print_message(&format!(
        "in ingam.yaml: envs: {{ local: {{ hosts: {{ {} }} }} }}",
        hosts.join(", ")
    ));
    output.print_message("listening; Ctrl-C stops");
    let _ = tokio::signal::ctrl_c().await;
    Ok(ExitStatus::Interrupted)
}

/// The test keys of one account; keys of the sandbox are no secrets: they are here to be used.
fn print_test_credentials(
    scheme: &Scheme,
    name: &str,
    account: Option<&Account>,
    output: &Output,
) -> Result<(), TestCredentialError> {
    output.print_data(&output.out.dim(&format!("  account {name}")));
    for (key, value) in test_account(scheme, name, account)?.0 {
        if let Some(text) = value.to_plain_text().filter(|_| !value.is_null()) {
            // A shell would read `$` as the beginning of a variable.
            let text = if text.contains('$') {
                format!("'{text}'")
            } else {
                text
            };
            output.print_data(&output.out.dim(&format!(
                "    {}={text}",
                variable_name(&scheme.name, None, None, &key)
            )));
        }
    }
    Ok(())
}
