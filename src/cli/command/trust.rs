//! `ingam trust`

use super::session::required_trust;
use crate::cli::ExitStatus;
use crate::cli::args::{GlobalArgs, TrustArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::host::HostContext;
use crate::load::{LoadedWorkspace, all_schemes};
use crate::trust::{TrustList, TrustSubject};
use crate::wire::BaseUrl;
use std::io::{BufRead, Write};

/// Shows what would get a secret here and is not a scheme's own, and remembers the user's word for
/// it.
pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &TrustArgs,
    output: &Output,
) -> ExitStatus {
    confirm_and_trust(host, global, args, output).unwrap_or_else(|exit| exit)
}

fn confirm_and_trust(
    host: &HostContext,
    global: &GlobalArgs,
    args: &TrustArgs,
    output: &Output,
) -> Result<ExitStatus, ExitStatus> {
    let mut loaded = settings::load_workspace(host, global, output)?;
    all_schemes(&mut loaded);
    let environment =
        settings::resolve_environment(&loaded.workspace, args.env.as_deref(), output)?;
    let fault = |error: crate::trust::TrustError| {
        output.print_error(&error.to_string(), &[]);
        ExitStatus::OperationFailed
    };
    let mut trust =
        TrustList::load(host.config_folder().as_deref(), &loaded.workspace.root).map_err(fault)?;
    let wanted: Vec<TrustSubject> = all_required_trust(&mut loaded, &environment)
        .into_iter()
        .filter(|thing| !trust.is_allowed(thing))
        .collect();
    if wanted.is_empty() {
        output.print_data(&format!(
            "nothing in environment `{environment}` needs your trust"
        ));
        return Ok(ExitStatus::Success);
    }
    for thing in &wanted {
        output.print_data(&format!("  {}", thing.describe()));
    }
    if !args.yes && !confirm(host, output) {
        output.print_message("nothing was trusted");
        return Ok(ExitStatus::CredentialRequired);
    }
    for thing in &wanted {
        trust.allow(thing).map_err(fault)?;
    }
    output.print_data("trusted on this machine, for this workspace");
    Ok(ExitStatus::Success)
}

fn all_required_trust(loaded: &mut LoadedWorkspace, environment: &str) -> Vec<TrustSubject> {
    let schemes = all_schemes(loaded);
    let declared = loaded.workspace.environment(environment);
    let mut things = Vec::new();
    for scheme in &schemes {
        let own = declared
            .and_then(|declared| declared.hosts.iter().find(|(name, _)| *name == scheme.name));
        let url = own
            .map(|(_, host)| host.name.as_str())
            .or_else(|| scheme.hosts.first().map(|host| host.url.as_str()));
        if let Some(base) = url.and_then(|url| BaseUrl::parse(url).ok()) {
            things.extend(required_trust(loaded, environment, scheme, &base));
        }
    }
    things
}

/// Only a person at a terminal can say yes.
fn confirm(host: &HostContext, output: &Output) -> bool {
    if !host.stdin_is_terminal {
        output.print_error(
            "nobody can be asked here",
            &["look at the list, and pass `--yes`".to_owned()],
        );
        return false;
    }
    let _ = write!(
        std::io::stderr(),
        "may all of this get your secrets? [y/N] "
    );
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim(), "y" | "Y" | "yes")
}
