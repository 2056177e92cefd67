//! Which of the requests is verified, with which scheme, in which environment.

use crate::cli::args::VerifyArgs;
use crate::cli::command_error::CommandError;
use crate::cli::settings;
use crate::diagnostic::{did_you_mean, join_names};
use crate::import::{
    ImportFormat, ImportedRequest, SchemeMatch, match_named_scheme, schemes_of_host,
    schemes_of_other_protocol, schemes_of_parameters,
};
use crate::load::LoadedWorkspace;
use crate::model::environment::{LIVE_ENV, SANDBOX_ENV};

/// A request with its scheme, environment and account.
pub(super) struct SuspectChoice {
    pub(super) imported: ImportedRequest,
    pub(super) matched: SchemeMatch,
    pub(super) environment: String,
    /// As the command line names it.
    pub(super) account: Option<String>,
    /// The same.
    pub(super) level: Option<String>,
}

impl SuspectChoice {
    /// # Errors
    /// When the scheme is unknown or not clear, or the environment or the account is unknown.
    pub(super) fn new(
        loaded: &LoadedWorkspace,
        args: &VerifyArgs,
        imported: Vec<ImportedRequest>,
    ) -> Result<Self, CommandError> {
        let mut imported = choose_entry(loaded, args, imported)?;
        let matched = match_scheme(loaded, args, &imported)?;
        imported.notes.extend(foreign_host(&matched, &imported));
        if let Some(level) = &args.level
            && matched.scheme.level(level).is_none()
        {
            return Err(unknown_level(&matched, level));
        }
        let environment = choose_environment(loaded, args, &matched)?;
        let account = args.account_args.account.clone();
        check_account(loaded, &matched, &environment, account.as_deref())?;
        Ok(Self {
            imported,
            matched,
            environment,
            account,
            level: args.level.clone(),
        })
    }
}

/// The entry of `--entry`, or the only one of a known scheme.
fn choose_entry(
    loaded: &LoadedWorkspace,
    args: &VerifyArgs,
    mut imported: Vec<ImportedRequest>,
) -> Result<ImportedRequest, CommandError> {
    let count = imported.len();
    if let Some(entry) = args.entry {
        let is_har = imported.iter().all(|one| one.format == ImportFormat::Har);
        if !is_har {
            return Err(CommandError::usage(
                "`--entry` is only for HAR files, and this is not a HAR file",
            ));
        }
        if entry == 0 || entry > count {
            return Err(CommandError::usage(format!(
                "there is no entry {entry}: the file has entries 1 to {count}"
            )));
        }
        return Ok(imported.swap_remove(entry - 1));
    }
    if count == 1 {
        return Ok(imported.swap_remove(0));
    }
    let is_known = |one: &ImportedRequest| match &args.scheme {
        None => !schemes_of_host(&loaded.workspace, one).is_empty(),
        Some(name) => {
            let found = schemes_of_host(&loaded.workspace, one);
            found.iter().any(|found| found.scheme.name == *name)
        }
    };
    let known: Vec<usize> = (0..count).filter(|at| is_known(&imported[*at])).collect();
    match known.as_slice() {
        [only] => Ok(imported.swap_remove(*only)),
        [] => Err(CommandError::selection(format!(
            "none of the {count} entries has a host of a known scheme"
        ))
        .hint("choose one with `--entry N`, and its scheme with `--scheme NAME`")),
        several => {
            let shown = several.iter().take(8).map(|at| {
                let one = &imported[*at];
                format!("  {}  {} {}", at + 1, one.method, one.path())
            });
            let shown: Vec<String> = shown.collect();
            Err(CommandError::selection(format!(
                "{} of the {count} entries have hosts of known schemes",
                several.len()
            ))
            .hint(format!(
                "choose one with `--entry N`:\n{}",
                shown.join("\n")
            )))
        }
    }
}

fn match_scheme(
    loaded: &LoadedWorkspace,
    args: &VerifyArgs,
    imported: &ImportedRequest,
) -> Result<SchemeMatch, CommandError> {
    let workspace = &loaded.workspace;
    if let Some(name) = &args.scheme {
        let scheme = workspace.scheme(name).ok_or_else(|| {
            let names = workspace.schemes.iter().map(|scheme| scheme.name.as_str());
            let hint = did_you_mean(name, names)
                .unwrap_or_else(|| "`ingam scheme list` shows all of them".to_owned());
            CommandError::usage(format!("there is no scheme `{name}`")).hint(hint)
        })?;
        return match_named_scheme(workspace, scheme, imported).ok_or_else(|| {
            CommandError::file(format!(
                "the request has no host, and the scheme `{name}` has none either"
            ))
            .hint("add a `Host` header to the request")
        });
    }
    let mut found = schemes_of_host(workspace, imported);
    if found.len() == 1 {
        return Ok(found.swap_remove(0));
    }
    let names: Vec<&str> = if found.is_empty() {
        schemes_of_parameters(workspace, imported)
    } else {
        found
            .iter()
            .map(|found| found.scheme.name.as_str())
            .collect()
    };
    let names: Vec<&str> = names.into_iter().take(6).collect();
    let reason = match (&imported.origin, found.is_empty()) {
        (None, _) => "the request has no host, so ingam cannot determine its scheme".to_owned(),
        (Some(host), true) => match schemes_of_other_protocol(workspace, imported).first() {
            Some(scheme) => format!(
                "`{host}` is not an address of a known scheme: `{scheme}` has this host with another protocol"
            ),
            None => format!("`{host}` is not a host of a known scheme"),
        },
        (Some(host), false) => format!(
            "`{host}` is a host of several schemes: {}",
            join_names(names.iter().copied(), "and")
        ),
    };
    let hint = if names.is_empty() {
        "choose the scheme with `--scheme NAME`; `ingam scheme list` shows all of them".to_owned()
    } else {
        let options: Vec<String> = names
            .iter()
            .map(|name| format!("`--scheme {name}`"))
            .collect();
        format!("its parameters match {}", options.join(" or "))
    };
    Err(CommandError::usage(reason).hint(hint))
}

/// A note for a scheme that was named and has another host. The sandbox and a proxy on this machine
/// have one of their own.
fn foreign_host(matched: &SchemeMatch, imported: &ImportedRequest) -> Option<String> {
    let host = imported.origin.as_deref()?;
    if matched.is_own_host || matched.base.is_loopback() {
        return None;
    }
    let name = &matched.scheme.name;
    let main = matched.scheme.main_host()?.example_url();
    // A recipe for whatever host has none of its own (RFC 6761).
    if main.ends_with(".invalid") {
        return None;
    }
    Some(format!(
        "`{host}` is not a host of `{name}`, whose main host is `{main}`: behind another address, a marketplace may refuse a correct signature"
    ))
}

fn unknown_level(matched: &SchemeMatch, level: &str) -> CommandError {
    let names = matched
        .scheme
        .levels
        .iter()
        .map(|level| level.name.as_str());
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let scheme = &matched.scheme.name;
    let error = CommandError::usage(format!("the scheme `{scheme}` has no level `{level}`"));
    if names.is_empty() {
        return error.hint("it has no levels: run the command without `--level`");
    }
    error.hint(format!("its levels are {}", join_names(names, "and")))
}

/// That of the command line; else the one that names this host. The sandbox has no host of a
/// marketplace, so a request that went to one is of the environment `live`.
fn choose_environment(
    loaded: &LoadedWorkspace,
    args: &VerifyArgs,
    matched: &SchemeMatch,
) -> Result<String, CommandError> {
    let workspace = &loaded.workspace;
    if args.account_args.env.is_some() {
        return settings::resolve_environment(workspace, args.account_args.env.as_deref());
    }
    if let Some(named) = &matched.environment {
        return Ok(named.clone());
    }
    if matched.base.is_loopback() {
        return Ok(SANDBOX_ENV.to_owned());
    }
    let default = settings::resolve_environment(workspace, None)?;
    Ok(if default == SANDBOX_ENV {
        LIVE_ENV.to_owned()
    } else {
        default
    })
}

fn check_account(
    loaded: &LoadedWorkspace,
    matched: &SchemeMatch,
    environment: &str,
    account: Option<&str>,
) -> Result<(), CommandError> {
    let Some(named) = account else { return Ok(()) };
    let accounts = loaded.workspace.accounts(environment, &matched.scheme.name);
    let names = || accounts.iter().map(|account| account.name.as_str());
    if names().any(|name| name == named) {
        return Ok(());
    }
    let scheme = &matched.scheme.name;
    let hint = did_you_mean(named, names()).unwrap_or_else(|| {
        "add it under `envs` in ingam.yaml, or choose another account".to_owned()
    });
    Err(CommandError::usage(format!(
        "`{scheme}` has no account `{named}` in environment `{environment}`"
    ))
    .hint(hint))
}
