//! Decodes `ingam.yaml`: environments and accounts. It refuses secrets: they come from elsewhere.

use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::load::fields::{Map, duration, entries, is_id, text, word};
use crate::load::values::Values;
use crate::model::environment::{Account, EVERY_ACCOUNT, Environment, LIVE, Refresh, SANDBOX};
use crate::model::redact::Redact;
use crate::model::request::{Field, Named};
use crate::render::Dialect;
use crate::yaml::{Entry, Node};
use std::time::Duration;

/// Keys of `ingam.yaml`.
pub const WORKSPACE_KEYS: [&str; 5] = ["default_env", "vars", "envs", "recordings", "redact"];
/// Keys of an environment.
pub const ENVIRONMENT_KEYS: [&str; 5] = ["vars", "regions", "hosts", "accounts", "refresh"];

/// What the file says.
#[derive(Default)]
pub struct Settings {
    pub default_env: Option<Named>,
    pub vars: Vec<Field>,
    pub environments: Vec<Environment>,
    pub redact: Vec<Redact>,
    pub max_age: Option<Duration>,
}

pub fn decode(node: &Node, faults: &mut Diagnostics) -> Settings {
    if matches!(node.kind, crate::yaml::Kind::Null) {
        return Settings::default();
    }
    let Some(map) = Map::open(node, "`ingam.yaml`", &WORKSPACE_KEYS, faults) else { return Settings::default() };
    let default_env = map.get("default_env").and_then(|node| {
        let name = text(node, "`default_env`", faults)?.to_owned();
        Some(Named { name, at: node.at })
    });
    let vars = map.get("vars").map(|node| fields(node, faults)).unwrap_or_default();
    let environments =
        map.get("envs").map(|node| entries(node, "`envs`", faults).iter().map(|entry| environment(entry, faults)).collect());
    let redact = map.get("redact").map(|node| super::redact::decode(node, faults)).unwrap_or_default();
    let max_age = map.get("recordings").and_then(|node| max_age(node, faults));
    let settings = Settings { default_env, vars, environments: environments.unwrap_or_default(), redact, max_age };
    check_default(&settings, faults);
    settings
}

/// `recordings: { max_age: 90d }`
fn max_age(node: &Node, faults: &mut Diagnostics) -> Option<Duration> {
    let map = Map::open(node, "`recordings`", &["max_age"], faults)?;
    duration(map.required("max_age", faults)?, "`max_age`", faults)
}

fn check_default(settings: &Settings, faults: &mut Diagnostics) {
    let Some(default) = &settings.default_env else { return };
    let names = || settings.environments.iter().map(|environment| environment.name.as_str()).chain([SANDBOX, LIVE]);
    if !names().any(|name| name == default.name) {
        let fault =
            Diagnostic::error(format!("there is no environment `{}`", default.name)).at(default.at, "not defined under `envs`");
        faults.push(fault.maybe_hint(did_you_mean(&default.name, names())));
    }
}

fn environment(entry: &Entry, faults: &mut Diagnostics) -> Environment {
    check_name(entry, "an environment", faults);
    let mut environment = Environment { name: entry.key.to_string(), at: entry.key_at, ..Environment::default() };
    if matches!(entry.value.kind, crate::yaml::Kind::Null) {
        return environment;
    }
    let Some(map) = Map::open(&entry.value, "an environment", &ENVIRONMENT_KEYS, faults) else { return environment };
    environment.vars = map.get("vars").map(|node| fields(node, faults)).unwrap_or_default();
    environment.regions = map.get("regions").map(|node| by_scheme(node, "`regions`", faults)).unwrap_or_default();
    environment.hosts = map.get("hosts").map(|node| by_scheme(node, "`hosts`", faults)).unwrap_or_default();
    for (_, host) in &mut environment.hosts {
        check_host(host, faults);
    }
    if let (SANDBOX, Some(hosts)) = (environment.name.as_str(), map.entry("hosts").or_else(|| map.entry("regions"))) {
        faults.push(Diagnostic::error("the sandbox has its own hosts").at(hosts.key_at, "not for the sandbox to have"));
    }
    for (scheme, host) in &environment.hosts {
        if let Some((_, region)) = environment.regions.iter().find(|(name, _)| name == scheme) {
            let fault = Diagnostic::error(format!("`{scheme}` has a host and a region here")).at(region.at, "the region");
            faults.push(fault.at(host.at, "the host").hint("a region names one of the scheme's own hosts: keep one of the two"));
        }
    }
    environment.accounts = map.get("accounts").map(|node| accounts(node, faults)).unwrap_or_default();
    environment.refresh =
        map.get("refresh").and_then(|node| word(node, "`refresh`", &Refresh::WORDS, faults)).unwrap_or_default();
    environment
}

fn by_scheme(node: &Node, what: &str, faults: &mut Diagnostics) -> Vec<(String, Named)> {
    let pairs = entries(node, what, faults).iter();
    pairs
        .filter_map(|entry| {
            let name = text(&entry.value, what, faults)?.to_owned();
            Some((entry.key.to_string(), Named { name, at: entry.value.at }))
        })
        .collect()
}

/// A base URL without anything a request would have to change.
fn check_host(host: &mut Named, faults: &mut Diagnostics) {
    let trimmed = host.name.trim_end_matches('/').to_owned();
    let parsed = crate::wire::BaseUrl::parse(&trimmed);
    if parsed.as_ref().is_ok_and(|base| !base.is_https() && !base.is_loopback()) {
        let fault =
            Diagnostic::error("secrets go to `https` only").at(host.at, "plain `http`, and not on the loopback interface");
        faults.push(fault.hint("write `https://…`"));
    }
    if let Err(reason) = parsed {
        faults
            .push(Diagnostic::error(format!("not a host: {reason}")).at(host.at, "write `https://host` or `https://host/base`"));
    }
    host.name = trimmed;
}

fn accounts(node: &Node, faults: &mut Diagnostics) -> Vec<Account> {
    let mut found = Vec::new();
    for scheme in entries(node, "`accounts`", faults) {
        for entry in entries(&scheme.value, "the accounts of a scheme", faults) {
            check_name(entry, "an account", faults);
            if entry.key == EVERY_ACCOUNT {
                faults.push(Diagnostic::error("no account can be named `all`").at(entry.key_at, "it means every account"));
            }
            let values = match entry.value.kind {
                crate::yaml::Kind::Null => &[],
                _ => entries(&entry.value, "an account", faults),
            };
            let values = values.iter().map(|value| (value.key.clone(), value.value.to_value())).collect();
            found.push(Account { scheme: scheme.key.to_string(), name: entry.key.to_string(), at: entry.key_at, values });
        }
    }
    found
}

/// Names of environments and accounts become parts of variables, where `__` separates.
fn check_name(entry: &Entry, what: &str, faults: &mut Diagnostics) {
    if !is_id(&entry.key) || entry.key.contains("__") {
        let fault = Diagnostic::error(format!("`{}` is not a name for {what}", entry.key)).at(entry.key_at, "this name");
        faults.push(fault.hint("use letters, digits, `-` and single `_`: it becomes a part of the names of variables"));
    }
}

fn fields(node: &Node, faults: &mut Diagnostics) -> Vec<Field> {
    Values { dialect: Dialect::Request, faults }.variables(node)
}
