//! What only shows when all files are known: schemes, levels, accounts and environments that do not
//! exist, and two recordings that answer one request differently.

use crate::diagnostic::{
    CheckKind, Diagnostic, Diagnostics, FaultCache, Hint, join_names, name_hint, similar_hint,
};
use crate::model::credential_variable::{variable_name, variable_part};
use crate::model::environment::{Account, Environment};
use crate::model::fixture::Fixture;
use crate::model::recording::{
    RecordedExchange, Recording, is_same_outcome, is_same_request, request_fingerprint,
};
use crate::model::request::Step;
use crate::model::scheme::{PLAIN_SCHEME, Scheme};
use crate::model::workspace::Workspace;
use crate::schemes::{BUILT_IN_SCHEMES, unproven_text};
use crate::span::Span;
use crate::wire::BaseUrl;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

pub(super) fn check_references(
    workspace: &Workspace,
    cache: &mut FaultCache,
    diagnostics: &mut Diagnostics,
) {
    let check = |step: &Step, diagnostics: &mut Diagnostics| {
        check_step(workspace, step, diagnostics);
        super::for_each::check_item_use(step, diagnostics);
    };
    for request in &workspace.requests {
        let file = (CheckKind::References, request.name.as_str());
        cache.check(file, diagnostics, |found| {
            request.calls().for_each(|step| check(step, found));
        });
    }
    let steps = workspace.fixtures.iter().flat_map(Fixture::all_steps);
    steps.for_each(|step| check(step, diagnostics));
    super::fixture_graph::check_fixture_graph(workspace, diagnostics);
    super::secrets::check_declared_secrets(workspace, diagnostics);
    check_reserved_names(workspace, diagnostics);
    check_environments(workspace, diagnostics);
    super::when::check_conditions(workspace, diagnostics);
    check_recordings(workspace, diagnostics);
    super::resource::check_resources(workspace, diagnostics);
}

/// Every scheme that a request can name, in order.
#[must_use]
pub(crate) fn scheme_names(workspace: &Workspace) -> Vec<&str> {
    let own = workspace.schemes.iter().map(|scheme| scheme.name.as_str());
    let mut names: Vec<&str> = BUILT_IN_SCHEMES
        .iter()
        .map(|(name, _)| *name)
        .chain(own)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn check_step(workspace: &Workspace, step: &Step, diagnostics: &mut Diagnostics) {
    let Some(scheme) = workspace.scheme(&step.scheme.name) else {
        // A built-in scheme that is not loaded is one whose name stands here: it was wanted and is
        // faulty, which is said elsewhere.
        let names = scheme_names(workspace);
        if !names.contains(&step.scheme.name.as_str()) {
            let diagnostic =
                Diagnostic::error(format!("there is no scheme `{}`", step.scheme.name))
                    .at(step.scheme.at, "it is neither built in nor in `schemes/`");
            diagnostics.push(diagnostic.maybe_hint(missing_scheme_hint(&step.scheme.name, names)));
        }
        return;
    };
    check_redirects(scheme, step, diagnostics);
    check_scheme_headers(scheme, step, diagnostics);
    super::sent_values::check_sent_values(scheme, step, diagnostics);
    if !scheme.paths.is_empty() || step.outside_paths.is_some() {
        let path = super::sent_values::sample_path(&step.path);
        super::scheme_paths::check_scheme_paths(scheme, step, &path, diagnostics);
    }
    // Without a level the rules of the scheme choose one when the request is sent.
    let Some(level) = &step.level else { return };
    if scheme.level(&level.name).is_none() || level.name.is_empty() {
        let names = scheme
            .levels
            .iter()
            .map(|level| level.name.as_str())
            .filter(|name| !name.is_empty());
        let diagnostic = Diagnostic::error(format!(
            "the scheme `{}` has no level `{}`",
            scheme.name, level.name
        ))
        .at(level.at, "unknown level");
        diagnostics.push(diagnostic.maybe_hint(name_hint(&level.name, names)));
    }
}

fn missing_scheme_hint(name: &str, known: Vec<&str>) -> Option<Hint> {
    if unproven_text(name).is_some() {
        return Some(format!(
            "no known answer proves this scheme, so it is not built in: copy it into `schemes/` with `ingam scheme add {name}`"
        ).into());
    }
    name_hint(name, known)
}

/// A request that is signed is signed for one address.
fn check_redirects(scheme: &Scheme, step: &Step, diagnostics: &mut Diagnostics) {
    if step.redirects == 0 || scheme.name == PLAIN_SCHEME {
        return;
    }
    let diagnostic = Diagnostic::error(format!(
        "`redirects` is not possible with the scheme `{}`",
        scheme.name
    ));
    diagnostics.push(
        diagnostic
            .at(
                step.at,
                "its signature and token would be sent to an address that you have not allowed",
            )
            .hint("capture `header.location`, and call it in a step with `external`"),
    );
}

/// A header of the request that the scheme sets, whatever level signs it: the scheme's value
/// replaces it, and nobody would see that.
fn check_scheme_headers(scheme: &Scheme, step: &Step, diagnostics: &mut Diagnostics) {
    let named = step.level_name();
    let levels = || {
        scheme
            .levels
            .iter()
            .filter(|level| named.is_none_or(|name| level.name == name))
    };
    for field in &step.headers {
        let is_replaced = levels().next().is_some()
            && levels().all(|level| {
                let procedure = &level.procedure;
                let mut set = procedure
                    .prepare
                    .headers
                    .iter()
                    .chain(&procedure.attach.headers);
                set.any(|header| header.name.eq_ignore_ascii_case(&field.name))
            });
        if is_replaced {
            let diagnostic = Diagnostic::error(format!(
                "the scheme `{}` sets `{}`",
                scheme.name, field.name
            ))
            .at(field.name_at, "the scheme would replace this value");
            diagnostics.push(diagnostic.hint(
                Hint::remove_or("remove the header; to send your own value, use a scheme that does not set it, such as `none`"),
            ));
        }
    }
}

/// `now`, `account` and the like belong to the language, wherever a name is given.
fn check_reserved_names(workspace: &Workspace, diagnostics: &mut Diagnostics) {
    let captures = workspace
        .all_steps()
        .flat_map(|step| &step.captures)
        .map(|capture| (capture.name.as_str(), capture.name_at, "cannot be captured"));
    let names = workspace
        .variable_fields()
        .map(|field| (field.name.as_str(), field.name_at, "cannot be a variable"))
        .chain(captures);
    for (name, at, what) in names.filter(|(name, ..)| crate::render::RESERVED_NAMES.contains(name))
    {
        let diagnostic = Diagnostic::error(format!("`{name}` is a reserved name")).at(at, what);
        diagnostics.push(diagnostic.hint("choose another name"));
    }
}

fn check_environments(workspace: &Workspace, diagnostics: &mut Diagnostics) {
    let names = scheme_names(workspace);
    let environments = environment_variable_parts(workspace);
    for environment in &workspace.environments {
        check_environment_schemes(environment, &names, diagnostics);
        check_plain_http(workspace, environment, diagnostics);
        check_authority(workspace, environment, diagnostics);
        check_regions(workspace, environment, diagnostics);
        super::environment_hosts::check_named_hosts(workspace, environment, diagnostics);
        check_accounts(workspace, environment, diagnostics);
        check_account_names(&environments, environment, diagnostics);
    }
}

fn check_environment_schemes(
    environment: &Environment,
    names: &[&str],
    diagnostics: &mut Diagnostics,
) {
    let hosts = environment.hosts.iter().filter_map(|(scheme, hosts)| {
        let first = hosts.addresses().into_iter().next()?;
        Some((scheme.as_str(), first.at))
    });
    let regions = environment.regions.iter();
    let regions = regions.map(|(scheme, region)| (scheme.as_str(), region.at));
    let accounts = environment
        .accounts
        .iter()
        .map(|account| (account.scheme.as_str(), account.at));
    for (scheme, at) in hosts
        .chain(regions)
        .chain(accounts)
        .filter(|(scheme, _)| !names.contains(scheme))
    {
        let diagnostic =
            Diagnostic::error(format!("there is no scheme `{scheme}`")).at(at, "for this one");
        diagnostics.push(diagnostic.maybe_hint(name_hint(scheme, names.iter().copied())));
    }
}

/// A secret goes over plain `http` only where the environment says so.
fn check_plain_http(
    workspace: &Workspace,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) {
    // A scheme that is missing or faulty could have secrets.
    let has_secrets = |name: &str| {
        workspace
            .scheme(name)
            .is_none_or(|scheme| scheme.uses_secrets())
    };
    let mut plain = environment
        .host_addresses()
        .filter(|(scheme, host)| is_plain_http(&host.name) && has_secrets(scheme))
        .peekable();
    // One of a scheme without secrets can get `{{ secret.NAME }}` of a request.
    let names_plain_host = environment
        .host_addresses()
        .any(|(_, host)| is_plain_http(&host.name));
    match environment.plain_http {
        Some(at) if plain.peek().is_none() && !names_plain_host => {
            let diagnostic = Diagnostic::error(format!(
                "`plain_http` has no effect in the environment `{}`",
                environment.name
            ));
            diagnostics.push(
                diagnostic
                    .at(
                        at,
                        "the environment has no host with `http://` outside the loopback interface",
                    )
                    .hint(Hint::remove(
                        "remove it: the loopback interface does not need it",
                    )),
            );
        }
        Some(_) => {}
        None => {
            for (_, host) in plain {
                let diagnostic = Diagnostic::error("secrets are sent only over `https`").at(
                    host.at,
                    "this is plain `http` outside the loopback interface",
                );
                diagnostics.push(diagnostic.hint(
                    "write `https://…`; in a network that you trust, write `plain_http: true` in this environment",
                ));
            }
        }
    }
}

/// An authority that vouches for no host of the environment is never used.
fn check_authority(
    workspace: &Workspace,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) {
    let Some(ca) = &environment.tls.ca else {
        return;
    };
    let mut bases = environment
        .host_addresses()
        .filter_map(|(_, host)| BaseUrl::parse(&host.name).ok());
    if bases.any(|base| base.is_https() && !workspace.is_scheme_host(base.host())) {
        return;
    }
    let diagnostic = Diagnostic::error(format!(
        "`ca` has no effect in the environment `{}`",
        environment.name
    ));
    diagnostics.push(
        diagnostic
            .at(ca.at, "the environment has no host with `https://` under `hosts`")
            .hint(
                "it does not apply to hosts of a scheme or of `--host`: for these, set `SSL_CERT_FILE`",
            ),
    );
}

/// An address that is none was reported.
fn is_plain_http(host: &str) -> bool {
    BaseUrl::parse(host).is_ok_and(|base| !base.is_https() && !base.is_loopback())
}

fn check_regions(workspace: &Workspace, environment: &Environment, diagnostics: &mut Diagnostics) {
    for (name, region) in &environment.regions {
        // A scheme that does not exist was reported above, and has no hosts to compare with.
        let Some(scheme) = workspace.scheme(name) else {
            continue;
        };
        if scheme.host(&region.name).is_none() {
            let diagnostic =
                Diagnostic::error(format!("the scheme `{name}` has no host `{}`", region.name))
                    .at(region.at, "unknown region");
            diagnostics.push(diagnostic.maybe_hint(name_hint(
                &region.name,
                scheme.hosts.iter().map(|host| host.region.as_str()),
            )));
        }
    }
}

/// How environments are named in variables.
fn environment_variable_parts(workspace: &Workspace) -> HashSet<String> {
    workspace
        .environments
        .iter()
        .map(|known| variable_part(&known.name))
        // These two exist without an entry in `ingam.yaml`.
        .chain(["LIVE".to_owned(), "SANDBOX".to_owned()])
        .collect()
}

/// `INGAM_SCHEME__X__NAME` would mean the environment X and the account X.
fn check_account_names(
    environments: &HashSet<String>,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) {
    let mut accounts: HashMap<(&str, String), &Account> = HashMap::new();
    for account in &environment.accounts {
        let part = variable_part(&account.name);
        if environments.contains(&part) {
            let diagnostic =
                Diagnostic::error(format!("`{}` is the name of an environment", account.name))
                    .at(account.at, "also the name of an account");
            diagnostics
                .push(diagnostic.hint("both become part of variable names: choose another name"));
        }
        match accounts.entry((&account.scheme, part)) {
            Entry::Occupied(twin) => diagnostics.push(twin_accounts(twin.get(), account)),
            Entry::Vacant(entry) => {
                entry.insert(account);
            }
        }
    }
}

/// Two accounts with the same variables would read each other's credentials.
fn twin_accounts(twin: &Account, account: &Account) -> Diagnostic {
    Diagnostic::error(format!(
        "`{}` and `{}` would have the same variable names",
        twin.name, account.name
    ))
    .at(account.at, "the second")
    .at(twin.at, "the first")
    .hint(
        "variable names do not distinguish upper case, lower case, `-` and `_`: rename one of them",
    )
}

/// An account holds values that are not secret. A secret in a shared file is a leak, so it is
/// refused by its name.
fn check_accounts(workspace: &Workspace, environment: &Environment, diagnostics: &mut Diagnostics) {
    for account in &environment.accounts {
        // An unknown scheme was reported, and without its list no name can be called a credential.
        let Some(scheme) = workspace.scheme(&account.scheme) else {
            continue;
        };
        for (name, value) in &account.values {
            if is_secret_name(scheme, name) {
                diagnostics.push(secret_in_account(environment, account, name));
            } else if let Some(Err(error)) = scheme
                .credential(name)
                .map(|credential| credential.check(value))
            {
                let text = format!("the value of `{name}` cannot be used: {error}");
                let diagnostic = Diagnostic::error(text);
                diagnostics.push(diagnostic.at(account.at, "in this account"));
            } else if let Some(hint) = misspelled_credential(scheme, name) {
                let diagnostic = Diagnostic::error(format!(
                    "the scheme `{}` has no credential `{name}`",
                    scheme.name
                ))
                .at(account.at, "in this account");
                diagnostics.push(diagnostic.hint(hint));
            }
        }
    }
}

fn secret_in_account(environment: &Environment, account: &Account, name: &str) -> Diagnostic {
    let variable = variable_name(
        &account.scheme,
        Some(&environment.name),
        Some(&account.name),
        name,
    );
    let hint = format!(
        "remove it and set the variable `{variable}`; if the file was shared, replace the secret"
    );
    Diagnostic::error(format!("`{name}` is a secret, but this file is shared"))
        .at(account.at, "in this account")
        .hint(hint)
}

/// Whether a value of this name must not be shown: a secret credential, a field of a token, or a
/// name that the scheme does not know.
pub(super) fn may_be_secret(scheme: &Scheme, name: &str) -> bool {
    scheme.credential(name).is_none() || is_secret_name(scheme, name)
}

/// A credential that is secret, or a field of a token.
pub(super) fn is_secret_name(scheme: &Scheme, name: &str) -> bool {
    scheme
        .credential(name)
        .is_some_and(|credential| credential.is_secret)
        || scheme
            .tokens
            .iter()
            .any(|token| token.fields().contains(&name))
}

/// An account may have any value that requests read. A name that is nearly that of a credential is
/// a typing mistake.
fn misspelled_credential(scheme: &Scheme, name: &str) -> Option<Hint> {
    let known = || {
        scheme
            .credentials
            .iter()
            .map(|credential| credential.name.as_str())
            .chain(["region"])
    };
    // An exact name is never a mistake, even if another one is similar to it.
    if known().any(|known| known == name) {
        return None;
    }
    similar_hint(name, known())
}

/// All recordings of a scheme form one pool, so two different answers for one request in two files
/// would be chance. Of two files that say when they were recorded, the newer one answers.
fn check_recordings(workspace: &Workspace, diagnostics: &mut Diagnostics) {
    let names = scheme_names(workspace);
    // Scheme and fingerprint → file and exchange. For ten thousand exchanges, comparing each with
    // each other one would be 50 million comparisons.
    let mut pool: HashMap<_, Vec<(&Recording, &RecordedExchange)>> = HashMap::new();
    for recording in &workspace.recordings {
        if !names.contains(&recording.scheme.as_str()) {
            diagnostics.push(unknown_recording_scheme(recording, &names));
        }
        for exchange in &recording.exchanges {
            check_stub_push(workspace, &recording.scheme, exchange, diagnostics);
            let key = (
                recording.scheme.as_str(),
                request_fingerprint(&exchange.request),
            );
            let others = pool.entry(key).or_default();
            let clash = others
                .iter()
                .find(|(file, other)| is_clash((file, other), (recording, exchange)));
            if let Some((_, other)) = clash {
                let diagnostic =
                    Diagnostic::error("two files have different responses for one request")
                        .at(exchange.at, "the second")
                        .at(other.at, "the first");
                diagnostics.push(diagnostic.hint("all recordings of a scheme are used together: delete one, or change one of the requests"));
            }
            others.push((recording, exchange));
        }
    }
}

/// A push of an event that the scheme does not have would never be sent.
fn check_stub_push(
    workspace: &Workspace,
    scheme: &str,
    exchange: &RecordedExchange,
    diagnostics: &mut Diagnostics,
) {
    let (Some(push), Some(scheme)) = (&exchange.then_push, workspace.scheme(scheme)) else {
        return;
    };
    if scheme.push_event(&push.event).is_some() {
        return;
    }
    let events: Vec<&str> = scheme
        .push_events()
        .map(|(_, event)| event.name.as_str())
        .collect();
    let title = format!("the scheme `{}` has no event `{}`", scheme.name, push.event);
    let hint = if events.is_empty() {
        Hint::from("none of its webhooks has `events`")
    } else {
        name_hint(&push.event, events.iter().copied())
            .unwrap_or_else(|| format!("it has {}", join_names(events, "and")).into())
    };
    let diagnostic = Diagnostic::error(title).at(push.event_at, "this push is never sent");
    diagnostics.push(diagnostic.hint(hint));
}

/// Whether two files give different responses to one request, and no date says which is newer.
fn is_clash(
    (file, exchange): (&Recording, &RecordedExchange),
    (other_file, other): (&Recording, &RecordedExchange),
) -> bool {
    // Within one file the exchanges of a request answer in turn, so they may differ.
    file.name != other_file.name
        && !(file.recorded_ms.is_some() && other_file.recorded_ms.is_some())
        && is_same_request(&exchange.request, &other.request)
        && !is_same_outcome(exchange, other)
}

fn unknown_recording_scheme(recording: &Recording, names: &[&str]) -> Diagnostic {
    // The place of the `scheme` key is not kept, so the first thing that needs it is shown.
    let exchange = recording
        .exchanges
        .first()
        .map(|exchange| (exchange.at, "for the exchanges of this file"));
    let resource = recording
        .resources
        .first()
        .map(|resource| (resource.at, "for the resources of this file"));
    let (at, label) = exchange
        .or(resource)
        .unwrap_or((Span::default(), "for the exchanges of this file"));
    Diagnostic::error(format!("there is no scheme `{}`", recording.scheme))
        .at(at, label)
        .maybe_hint(name_hint(&recording.scheme, names.iter().copied()))
}
