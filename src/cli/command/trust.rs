//! `ingam trust`

use super::session::{parse_host, required_network_trust, required_trust};
use crate::cli::args::TrustArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::given_hosts;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::settings;
use crate::load::{FileKind, LoadedWorkspace, all_schemes};
use crate::model::environment::Environment;
use crate::run::NetworkSettings;
use crate::trust::{TrustList, TrustSubject};
use std::io::BufRead;

/// Lists the hosts and schemes that would get secrets and are not built in. If the user agrees,
/// stores that they are trusted.
pub(crate) fn run(invocation: &Invocation<'_>, args: &TrustArgs, output: &Output) -> CommandResult {
    let mut loaded = settings::load_kinds(invocation, &[FileKind::Scheme])?;
    let environment = settings::resolve_environment(&loaded.workspace, args.env.as_deref())?;
    let config = invocation.host.config_folder();
    let mut trust = TrustList::load(config.as_deref(), &loaded.workspace.root)?;
    let mut wanted = if args.host.is_empty() {
        all_required_trust(&mut loaded, &environment)?
    } else {
        given_hosts::trust_subjects(&loaded.workspace, &args.host)?
    };
    wanted.retain(|thing| !trust.is_allowed(thing));
    if wanted.is_empty() {
        return Ok(CommandOutput::of_data(if args.host.is_empty() {
            format!("nothing in environment `{environment}` needs your trust")
        } else {
            "these hosts are trusted already".to_owned()
        }));
    }
    // Before the question, so that the person knows them when answering.
    output.print_warnings(&invocation.warnings);
    for thing in &wanted {
        output.print_data(&format!("  {}", thing.describe()));
    }
    if !args.yes && !confirm(invocation, output)? {
        let mut refused = CommandOutput::of_message("nothing was trusted");
        refused.end_with(ExitStatus::CredentialRequired);
        return Ok(refused);
    }
    for thing in &wanted {
        trust.allow(thing)?;
    }
    Ok(CommandOutput::of_data(
        "trusted on this machine, for this workspace",
    ))
}

fn all_required_trust(
    loaded: &mut LoadedWorkspace,
    environment: &str,
) -> Result<Vec<TrustSubject>, CommandError> {
    let schemes = all_schemes(loaded);
    let declared = loaded.workspace.environment(environment);
    let mut things = Vec::new();
    for scheme in &schemes {
        let own = declared
            .and_then(|declared| declared.hosts.iter().find(|(name, _)| *name == scheme.name));
        let url = own
            .map(|(_, host)| host.name.as_str())
            .or_else(|| scheme.hosts.first().map(|host| host.url.as_str()));
        if let Some(url) = url {
            let base = parse_host(&scheme.name, url)?;
            things.extend(required_trust(loaded, environment, scheme, &base, &[]));
        }
    }
    let declared = loaded.workspace.environment(environment);
    things.extend(declared.into_iter().flat_map(network_trust));
    Ok(things)
}

/// The authority and the proxies of an environment, its accounts' own included.
fn network_trust(environment: &Environment) -> Vec<TrustSubject> {
    let mut things: Vec<TrustSubject> = Vec::new();
    let proxies = environment.proxies().map(|proxy| NetworkSettings {
        proxy: Some(proxy),
        ..NetworkSettings::default()
    });
    let ca = NetworkSettings {
        ca: environment.tls.ca.as_ref(),
        ..NetworkSettings::default()
    };
    for network in proxies.chain([ca]) {
        for thing in required_network_trust(&environment.name, network) {
            if !things.contains(&thing) {
                things.push(thing);
            }
        }
    }
    things
}

fn confirm(invocation: &Invocation<'_>, output: &Output) -> Result<bool, CommandError> {
    // A pipe such as `yes |` must not give trust that no person has looked at.
    if !invocation.host.stdin_is_terminal {
        return Err(
            CommandError::credential("nobody can be asked here, and nothing was trusted")
                .hint("look at the list, and pass `--yes`"),
        );
    }
    output.prompt("may all of this get your secrets? [y/N] ");
    let mut reply = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut reply)
        .map_err(|error| CommandError::operation(format!("the reply cannot be read: {error}")))?;
    Ok(matches!(reply.trim(), "y" | "Y" | "yes"))
}
