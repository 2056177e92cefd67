//! Checks an environment's map of hosts against the scheme whose hosts it replaces.

use crate::diagnostic::{Diagnostic, Diagnostics, join_names, name_hint};
use crate::model::environment::{ConfiguredHosts, Environment};
use crate::model::scheme::{Scheme, Token};
use crate::model::workspace::Workspace;

/// A map of hosts names hosts of the scheme, and every one that calls go to: one that is left out
/// would not be replaced.
pub(super) fn check_named_hosts(
    workspace: &Workspace,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) {
    for (name, configured) in &environment.hosts {
        let (Some(scheme), ConfiguredHosts::ByName(hosts)) = (workspace.scheme(name), configured)
        else {
            continue;
        };
        for (host, address) in hosts.iter().filter(|(host, _)| scheme.host(host).is_none()) {
            let diagnostic = Diagnostic::error(format!("the scheme `{name}` has no host `{host}`"))
                .at(address.at, "unknown host");
            let known = scheme.hosts.iter().map(|host| host.region.as_str());
            diagnostics.push(diagnostic.maybe_hint(name_hint(host, known)));
        }
        let missing = reachable_hosts(scheme, environment)
            .into_iter()
            .filter(|wanted| !hosts.iter().any(|(host, _)| host == wanted));
        let at = hosts.first().map(|(_, address)| address.at);
        if let (Some(first), Some(at)) = (missing.clone().next(), at) {
            let diagnostic = Diagnostic::error(format!(
                "`hosts` has no {} for `{name}`",
                join_names(missing, "and")
            ));
            diagnostics.push(diagnostic.at(at, "in this map").hint(format!(
                "requests go to this host: add `{first}: \"https://…\"`, or write one address for all hosts: `{name}: \"https://…\"`"
            )));
        }
    }
}

/// Every host of a scheme that requests of an environment can go to.
fn reachable_hosts<'s>(scheme: &'s Scheme, environment: &'s Environment) -> Vec<&'s str> {
    let accounts = environment.accounts.iter();
    let regions = accounts
        .filter(|account| account.scheme == scheme.name)
        .filter_map(|account| account.get("region")?.as_str());
    let mut regions: Vec<&str> = regions.collect();
    // An environment that names hosts of a scheme names no region of it.
    if !all_accounts_say_region(scheme, environment) {
        regions.push("live");
    }
    let token_requests = scheme.tokens.iter().flat_map(Token::all_requests);
    let choices = scheme
        .levels
        .iter()
        .map(|level| &level.host)
        .chain(
            scheme
                .level_rules
                .iter()
                .filter_map(|rule| rule.host.as_ref()),
        )
        .chain(scheme.authorize_links.iter().map(|link| &link.link_host))
        .chain(token_requests.map(|request| &request.host));
    let chosen = choices.flat_map(|choice| {
        regions
            .iter()
            .filter_map(|region| choice.region_for(region))
    });
    let mut hosts: Vec<&str> = Vec::new();
    for host in regions.iter().copied().chain(chosen) {
        if !hosts.contains(&host) && scheme.host(host).is_some() {
            hosts.push(host);
        }
    }
    hosts
}

/// Whether each account of a scheme has a region of its own, so that none goes to the live one.
fn all_accounts_say_region(scheme: &Scheme, environment: &Environment) -> bool {
    let mut accounts = environment
        .accounts
        .iter()
        .filter(|account| account.scheme == scheme.name)
        .peekable();
    accounts.peek().is_some() && accounts.all(|account| account.get("region").is_some())
}
