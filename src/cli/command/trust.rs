//! `ingam trust`

use super::session::{
    parse_host, read_credentials, required_network_trust, required_trust, scheme_trust,
};
use crate::cli::args::TrustArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::given_hosts;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::settings;
use crate::credentials::CredentialOwner;
use crate::host::HostContext;
use crate::load::{FileKind, LoadedWorkspace, all_schemes};
use crate::model::environment::{Account, DEFAULT_ACCOUNT, Environment};
use crate::model::scheme::{Scheme, SchemeHost};
use crate::run::{NetworkSettings, SecretDestination, host_value};
use crate::trust::{TrustList, TrustSubject};
use crate::wire::BaseUrl;
use std::io::BufRead;

/// Lists the hosts and schemes that would get secrets and are not built in. If the user agrees,
/// stores that they are trusted.
pub(crate) fn run(invocation: &Invocation<'_>, args: &TrustArgs, output: &Output) -> CommandResult {
    let mut loaded = settings::load_kinds(invocation, &[FileKind::Scheme])?;
    let environment = settings::resolve_environment(&loaded.workspace, args.env.as_deref())?;
    let config = invocation.host.config_folder();
    let mut trust = TrustList::load(config.as_deref(), &loaded.workspace.root)?;
    let mut wanted = if args.host.is_empty() {
        all_required_trust(invocation.host, &mut loaded, &environment)?
    } else {
        given_hosts::trust_subjects(&loaded.workspace, &args.host)?
    };
    wanted.retain(|thing| !trust.is_allowed(thing));
    if wanted.is_empty() {
        return Ok(CommandOutput::of_data(if args.host.is_empty() {
            format!("nothing in environment `{environment}` needs your trust")
        } else {
            "these hosts are already trusted".to_owned()
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
    host: &HostContext,
    loaded: &mut LoadedWorkspace,
    environment: &str,
) -> Result<Vec<TrustSubject>, CommandError> {
    let schemes = all_schemes(loaded);
    let mut things: Vec<TrustSubject> = Vec::new();
    for scheme in &schemes {
        for (account, base) in destinations(host, loaded, environment, scheme)? {
            let to = SecretDestination {
                scheme,
                account: &account,
                base: &base,
                is_login: false,
            };
            for thing in required_trust(loaded, environment, to, &[]) {
                if !things.contains(&thing) {
                    things.push(thing);
                }
            }
        }
        // One whose hosts all belong to accounts has no destination before there is an account.
        let own = scheme_trust(loaded, scheme).filter(|_| !scheme.hosts.is_empty());
        things.extend(own.filter(|thing| !things.contains(thing)));
    }
    let declared = loaded.workspace.environment(environment);
    things.extend(declared.into_iter().flat_map(network_trust));
    Ok(things)
}

/// Where requests of a scheme go in an environment, by the names of accounts: the hosts that the
/// environment names, else the first host that the scheme writes out and those of its accounts.
fn destinations(
    host: &HostContext,
    loaded: &LoadedWorkspace,
    environment: &str,
    scheme: &Scheme,
) -> Result<Vec<(String, BaseUrl)>, CommandError> {
    let of_all = |url: &str| {
        let base = parse_host(&scheme.name, url)?;
        Ok((DEFAULT_ACCOUNT.to_owned(), base))
    };
    let declared = loaded.workspace.environment(environment);
    if let Some(hosts) = declared.and_then(|declared| declared.configured_hosts(&scheme.name)) {
        let hosts = hosts.addresses().into_iter();
        return hosts.map(|address| of_all(&address.name)).collect();
    }
    let fixed = scheme.hosts.iter().find_map(SchemeHost::fixed_url);
    let mut found: Vec<_> = fixed.map(of_all).into_iter().collect::<Result<_, _>>()?;
    if scheme
        .hosts
        .iter()
        .all(|host| host.account_host().is_none())
    {
        return Ok(found);
    }
    let credentials = read_credentials(host, loaded)?;
    let accounts = loaded.workspace.accounts(environment, &scheme.name);
    let accounts: Vec<Option<&Account>> = if accounts.is_empty() {
        vec![None]
    } else {
        accounts.into_iter().map(Some).collect()
    };
    for account in accounts {
        let owner = CredentialOwner {
            environment,
            account,
        };
        let name = account.map_or(DEFAULT_ACCOUNT, |account| account.name.as_str());
        for own in scheme.hosts.iter().filter_map(SchemeHost::account_host) {
            if let Some(value) = host_value(&credentials, scheme, own, owner)? {
                let base = own
                    .base_url(&value)
                    .map_err(|error| CommandError::file(error.to_string()))?;
                found.push((name.to_owned(), base));
            }
        }
    }
    Ok(found)
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
        return Err(CommandError::credential(
            "there is no terminal to ask at, so nothing was trusted",
        )
        .hint("review the list, then pass `--yes`"));
    }
    output.prompt("may all of these receive your secrets? [y/N] ");
    let mut reply = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut reply)
        .map_err(|error| CommandError::operation(format!("the reply cannot be read: {error}")))?;
    Ok(matches!(reply.trim(), "y" | "Y" | "yes"))
}
