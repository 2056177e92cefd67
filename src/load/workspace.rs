//! Decodes `ingam.yaml`: environments and accounts. It refuses secrets: they come from elsewhere.

use crate::diagnostic::{Diagnostic, Diagnostics, name_hint};
use crate::load::network;
use crate::load::node_reader::{CheckedMap, duration, enum_value, is_id, map_entries, text};
use crate::load::scheme::refuse_templates;
use crate::load::value_decoder::ValueDecoder;
use crate::load::workspace_files::WorkspaceFiles;
use crate::model::environment::{
    ALL_ACCOUNTS, Account, ConfiguredHosts, Environment, LIVE_ENV, RefreshPolicy, SANDBOX_ENV,
};
use crate::model::redact_rule::RedactRule;
use crate::model::request::{SpannedName, TemplateField};
use crate::model::workspace::OldRecordingAction;
use crate::render::TemplateDialect;
use crate::span::Span;
use crate::yaml::{MapEntry, YamlNode};
use std::time::Duration;

/// Keys of `ingam.yaml`.
pub(super) const WORKSPACE_KEYS: [&str; 5] =
    ["default_env", "vars", "envs", "recordings", "redact"];
/// Keys of an environment.
pub(super) const ENVIRONMENT_KEYS: [&str; 9] = [
    "vars",
    "regions",
    "hosts",
    "tls",
    "proxy",
    "plain_http",
    "max_body",
    "accounts",
    "refresh",
];

/// In an account it is no value of the account, but how it is reached.
const PROXY_KEY: &str = "proxy";

/// What the file says.
#[derive(Clone, Default)]
pub(super) struct WorkspaceSettings {
    pub(super) default_env: Option<SpannedName>,
    pub(super) vars: Vec<TemplateField>,
    pub(super) environments: Vec<Environment>,
    pub(super) redact: Vec<RedactRule>,
    pub(super) recordings: RecordingSettings,
}

/// What the file says of old recordings.
#[derive(Clone, Default)]
pub(super) struct RecordingSettings {
    pub(super) max_age: Option<Duration>,
    pub(super) on_old: Option<OldRecordingAction>,
}

const OLD_RECORDING_ACTIONS: [(&str, OldRecordingAction); 2] = [
    ("warn", OldRecordingAction::Warn),
    ("fail", OldRecordingAction::Fail),
];

pub(super) fn decode_workspace_settings(
    node: &YamlNode,
    files: &WorkspaceFiles,
    diagnostics: &mut Diagnostics,
) -> WorkspaceSettings {
    if matches!(node.kind, crate::yaml::NodeKind::Null) {
        return WorkspaceSettings::default();
    }
    let Some(map) = CheckedMap::open(node, "`ingam.yaml`", &WORKSPACE_KEYS, diagnostics) else {
        return WorkspaceSettings::default();
    };
    let settings = WorkspaceSettings {
        default_env: map.optional_name("default_env", diagnostics),
        vars: map.optional("vars", |node| variable_fields(node, diagnostics)),
        environments: map.optional("envs", |node| {
            map_entries(node, "`envs`", diagnostics)
                .iter()
                .map(|entry| environment(entry, files, diagnostics))
                .collect()
        }),
        redact: map.optional("redact", |node| {
            super::redact::decode_redact_rules(node, diagnostics)
        }),
        recordings: map.optional("recordings", |node| recording_settings(node, diagnostics)),
    };
    check_default_environment(&settings, diagnostics);
    settings
}

/// `recordings: { max_age: 90d, on_old: fail }`
fn recording_settings(node: &YamlNode, diagnostics: &mut Diagnostics) -> RecordingSettings {
    let keys = ["max_age", "on_old"];
    let Some(map) = CheckedMap::open(node, "`recordings`", &keys, diagnostics) else {
        return RecordingSettings::default();
    };
    if map.present_entries(&keys).is_empty() {
        let diagnostic = Diagnostic::error("`recordings` needs `max_age` or `on_old`");
        diagnostics.push(diagnostic.at(map.at, "says nothing"));
    }
    RecordingSettings {
        max_age: map
            .get("max_age")
            .and_then(|node| duration(node, "`max_age`", diagnostics)),
        on_old: map
            .get("on_old")
            .and_then(|node| enum_value(node, "`on_old`", &OLD_RECORDING_ACTIONS, diagnostics)),
    }
}

fn check_default_environment(settings: &WorkspaceSettings, diagnostics: &mut Diagnostics) {
    let Some(default) = &settings.default_env else {
        return;
    };
    let names = || {
        settings
            .environments
            .iter()
            .map(|environment| environment.name.as_str())
            .chain([SANDBOX_ENV, LIVE_ENV])
    };
    if !names().any(|name| name == default.name) {
        let diagnostic = Diagnostic::error(format!("there is no environment `{}`", default.name))
            .at(default.at, "not defined under `envs`");
        diagnostics.push(diagnostic.maybe_hint(name_hint(&default.name, names())));
    }
}

fn environment(
    entry: &MapEntry,
    files: &WorkspaceFiles,
    diagnostics: &mut Diagnostics,
) -> Environment {
    check_name(entry, "an environment", diagnostics);
    let mut environment = Environment {
        name: entry.key.to_string(),
        at: Span {
            end: entry.value.at.end,
            ..entry.key_at
        },
        ..Environment::default()
    };
    // An environment without a value is valid: the hosts of its schemes and the shared variables
    // are enough.
    if matches!(entry.value.kind, crate::yaml::NodeKind::Null) {
        return environment;
    }
    let Some(map) = CheckedMap::open(
        &entry.value,
        "an environment",
        &ENVIRONMENT_KEYS,
        diagnostics,
    ) else {
        return environment;
    };
    environment.vars = map.optional("vars", |node| variable_fields(node, diagnostics));
    environment.regions = map.optional("regions", |node| {
        names_by_scheme(node, "`regions`", diagnostics)
    });
    environment.hosts = map.optional("hosts", |node| configured_hosts(node, diagnostics));
    environment.tls = map.optional("tls", |node| {
        network::tls_settings(node, files, diagnostics)
    });
    environment.proxy = map.optional("proxy", |node| network::proxy_address(node, diagnostics));
    environment.max_body = super::output::max_body(&map, diagnostics);
    environment.plain_http = network::plain_http(&map, diagnostics);
    if environment.name == SANDBOX_ENV {
        refuse_sandbox_hosts(&map, diagnostics);
    }
    refuse_host_and_region(&environment, diagnostics);
    environment.accounts_at = map.get("accounts").map(|node| node.at);
    environment.accounts = map.optional("accounts", |node| accounts(node, diagnostics));
    environment.refresh_policy = map
        .optional_word("refresh", &RefreshPolicy::WORDS, diagnostics)
        .unwrap_or_default();
    environment
}

fn refuse_sandbox_hosts(map: &CheckedMap<'_>, diagnostics: &mut Diagnostics) {
    // The sandbox runs on the loopback interface and needs no keys. A host in a file would send
    // requests to another server that the user believes to be harmless.
    let keys = ["hosts", "regions", "plain_http", "tls", "proxy"];
    if let Some(hosts) = keys.into_iter().find_map(|key| map.entry(key)) {
        diagnostics.push(
            Diagnostic::error("the sandbox has its own hosts")
                .at(hosts.key_at, "not allowed in the sandbox"),
        );
    }
}

fn refuse_host_and_region(environment: &Environment, diagnostics: &mut Diagnostics) {
    for (scheme, host) in environment.host_addresses() {
        if let Some((_, region)) = environment.regions.iter().find(|(name, _)| name == scheme) {
            let diagnostic = Diagnostic::error(format!("`{scheme}` has both a host and a region"))
                .at(region.at, "the region");
            diagnostics.push(
                diagnostic.at(host.at, "the host").hint(
                    "a region is one of the hosts of the scheme: remove the host or the region",
                ),
            );
        }
    }
}

fn names_by_scheme(
    node: &YamlNode,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, SpannedName)> {
    let pairs = map_entries(node, what, diagnostics).iter();
    pairs
        .filter_map(|entry| {
            let name = text(&entry.value, what, diagnostics)?.to_owned();
            Some((
                entry.key.to_string(),
                SpannedName {
                    name,
                    at: entry.value.at,
                },
            ))
        })
        .collect()
}

/// `shopee: https://…`, or a map from the scheme's hosts to addresses.
fn configured_hosts(
    node: &YamlNode,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, ConfiguredHosts)> {
    let mut configured = Vec::new();
    for entry in map_entries(node, "`hosts`", diagnostics) {
        let hosts = if entry.value.as_map().is_some() {
            let entries = map_entries(&entry.value, "the hosts of a scheme", diagnostics);
            let hosts: Vec<(String, SpannedName)> = entries
                .iter()
                .filter_map(|host| {
                    Some((host.key.to_string(), base_url(&host.value, diagnostics)?))
                })
                .collect();
            if entries.is_empty() {
                let diagnostic = Diagnostic::error(format!("`{}` has no host", entry.key));
                diagnostics.push(diagnostic.at(entry.value.at, "an empty map"));
            }
            ConfiguredHosts::ByName(hosts)
        } else if let Some(host) = base_url(&entry.value, diagnostics) {
            ConfiguredHosts::One(host)
        } else {
            continue;
        };
        configured.push((entry.key.to_string(), hosts));
    }
    configured
}

/// A base URL without anything a request would have to change.
fn base_url(node: &YamlNode, diagnostics: &mut Diagnostics) -> Option<SpannedName> {
    let written = text(node, "`hosts`", diagnostics)?;
    let trimmed = written.trim_end_matches('/').to_owned();
    let at = node.at;
    let parsed = crate::wire::BaseUrl::parse(&trimmed);
    if let Err(reason) = parsed {
        diagnostics.push(
            Diagnostic::error(format!("not a host: {reason}"))
                .at(at, "write `https://host` or `https://host/base`"),
        );
    }
    Some(SpannedName { name: trimmed, at })
}

fn accounts(node: &YamlNode, diagnostics: &mut Diagnostics) -> Vec<Account> {
    let mut found = Vec::new();
    for scheme in map_entries(node, "`accounts`", diagnostics) {
        for entry in map_entries(&scheme.value, "the accounts of a scheme", diagnostics) {
            check_name(entry, "an account", diagnostics);
            // `--account all` would be ambiguous.
            if entry.key == ALL_ACCOUNTS {
                diagnostics.push(
                    Diagnostic::error("an account cannot be named `all`")
                        .at(entry.key_at, "it means every account"),
                );
            }
            let values = match entry.value.kind {
                crate::yaml::NodeKind::Null => &[],
                _ => map_entries(&entry.value, "an account", diagnostics),
            };
            // A credential in a host, for example, would be taken as it is written.
            for value in values {
                refuse_templates(&value.value, "a value of an account", diagnostics);
            }
            let proxy = values.iter().find(|value| value.key == PROXY_KEY);
            let proxy = proxy.and_then(|value| network::proxy_address(&value.value, diagnostics));
            let values = values
                .iter()
                .filter(|value| value.key != PROXY_KEY)
                .map(|value| (value.key.clone(), value.value.to_value()))
                .collect();
            found.push(Account {
                scheme: scheme.key.to_string(),
                name: entry.key.to_string(),
                at: entry.key_at,
                proxy,
                values,
            });
        }
    }
    found
}

/// Names of environments and accounts become parts of variables, where `__` separates.
fn check_name(entry: &MapEntry, what: &str, diagnostics: &mut Diagnostics) {
    if !is_id(&entry.key) || entry.key.contains("__") {
        let diagnostic =
            Diagnostic::error(format!("`{}` is not a valid name of {what}", entry.key))
                .at(entry.key_at, "this name");
        diagnostics.push(diagnostic.hint(
            "use letters, digits, `-` and single `_`: the name becomes part of variable names",
        ));
    }
}

fn variable_fields(node: &YamlNode, diagnostics: &mut Diagnostics) -> Vec<TemplateField> {
    ValueDecoder {
        dialect: TemplateDialect::Request,
        diagnostics,
    }
    .variables(node)
}
