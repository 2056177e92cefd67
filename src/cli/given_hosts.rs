//! `--host SCHEME=URL`, `INGAM_HOST_<SCHEME>` and `INGAM_TRUST_HOSTS`: hosts that replace those of
//! a scheme. Only the command line and the environment of the process can name one: a `.env` file
//! comes with a folder, and could come from somebody else.

use super::command_error::CommandError;
use super::shown_argument::shown_argument;
use crate::diagnostic::did_you_mean;
use crate::host::HostContext;
use crate::load::scheme_names;
use crate::model::credential_variable::variable_part;
use crate::model::environment::SANDBOX_ENV;
use crate::model::workspace::Workspace;
use crate::run::GivenHost;
use crate::trust::TrustSubject;
use crate::wire::{BaseUrl, HostPattern};

/// Before the name of a scheme: the variable of its host.
pub(super) const HOST_VARIABLE: &str = "INGAM_HOST_";

/// The hosts that such variables may name without `ingam trust`, for CI.
pub(super) const TRUST_HOSTS_VARIABLE: &str = "INGAM_TRUST_HOSTS";

/// The hosts of the command line, and of variables where it says nothing.
///
/// # Errors
/// If one is no host, or its scheme does not exist, or there is one in the sandbox.
pub(super) fn given_hosts(
    host: &HostContext,
    workspace: &Workspace,
    environment: &str,
    arguments: &[String],
) -> Result<Vec<GivenHost>, CommandError> {
    if environment == SANDBOX_ENV {
        return match arguments.first() {
            None => Ok(Vec::new()),
            Some(_) => Err(CommandError::usage(
                "`--host` is not available in the sandbox, which has its own hosts",
            )
            .hint("choose another environment with `--env`")),
        };
    }
    let mut given: Vec<GivenHost> = Vec::new();
    for argument in arguments {
        let (scheme, url) = split_pair(workspace, "--host", argument, "URL")?;
        if given.iter().any(|known| known.scheme == scheme) {
            let error = format!("`--host` sets two hosts for `{scheme}`");
            return Err(CommandError::usage(error).hint("remove one of them"));
        }
        given.push(parse_host(workspace, "--host", scheme, url)?);
    }
    for scheme in scheme_names(workspace) {
        let variable = format!("{HOST_VARIABLE}{}", variable_part(scheme));
        if let Some(url) = host.env_var(&variable)
            && !given.iter().any(|known| known.scheme == scheme)
        {
            given.push(parse_host(workspace, &variable, scheme, url)?);
        }
    }
    Ok(given)
}

fn parse_host(
    workspace: &Workspace,
    source: &str,
    scheme: &str,
    url: &str,
) -> Result<GivenHost, CommandError> {
    let base = BaseUrl::parse(url.trim_end_matches('/')).map_err(|error| {
        CommandError::usage(format!("the host of `{source}` is not valid: {error}"))
            .hint("write `https://host` or `https://host/base`")
    })?;
    let has_secrets = workspace
        .scheme(scheme)
        .is_none_or(|scheme| scheme.uses_secrets());
    if !base.is_https() && !base.is_loopback() && has_secrets {
        return Err(CommandError::usage(format!(
            "`{source}` sends the secrets of `{scheme}` to {base} without encryption"
        ))
        .hint("write `https://…`"));
    }
    Ok(GivenHost {
        scheme: scheme.to_owned(),
        base,
    })
}

/// `SCHEME=…`, whose scheme exists.
fn split_pair<'a>(
    workspace: &Workspace,
    source: &str,
    text: &'a str,
    what: &str,
) -> Result<(&'a str, &'a str), CommandError> {
    let (scheme, value) = text.split_once('=').ok_or_else(|| {
        CommandError::usage(format!("`{source}` needs SCHEME={what}, but got `{text}`"))
    })?;
    let names = scheme_names(workspace);
    if !names.contains(&scheme) {
        let shown = shown_argument(scheme, names.iter().copied());
        return Err(
            CommandError::usage(format!("`{source}`: there is no scheme {shown}"))
                .hints(did_you_mean(scheme, names)),
        );
    }
    Ok((scheme, value))
}

/// The patterns of `INGAM_TRUST_HOSTS`, separated by commas or blanks.
///
/// # Errors
/// If one is no pattern, or its scheme does not exist.
pub(super) fn trusted_patterns(
    host: &HostContext,
    workspace: &Workspace,
) -> Result<Vec<(String, HostPattern)>, CommandError> {
    let text = host.env_var(TRUST_HOSTS_VARIABLE).unwrap_or_default();
    text.split([',', ' ', '\t', '\n'])
        .filter(|word| !word.is_empty())
        .map(|word| parse_pattern(workspace, TRUST_HOSTS_VARIABLE, word))
        .collect()
}

/// What `ingam trust --host SCHEME=PATTERN` asks for.
///
/// # Errors
/// If one is no pattern, or its scheme does not exist.
pub(super) fn trust_subjects(
    workspace: &Workspace,
    arguments: &[String],
) -> Result<Vec<TrustSubject>, CommandError> {
    arguments
        .iter()
        .map(|argument| {
            let (scheme, pattern) = parse_pattern(workspace, "--host", argument)?;
            Ok(TrustSubject::GivenHosts {
                scheme,
                pattern: pattern.as_str().to_owned(),
            })
        })
        .collect()
}

fn parse_pattern(
    workspace: &Workspace,
    source: &str,
    text: &str,
) -> Result<(String, HostPattern), CommandError> {
    let (scheme, pattern) = split_pair(workspace, source, text, "PATTERN")?;
    let pattern = HostPattern::parse(pattern).map_err(|error| {
        CommandError::usage(format!("`{source}`: {error}")).hint(
            "write a host, or `*.` before at least two labels, such as `*.review.example.com`",
        )
    })?;
    if pattern.is_loopback() {
        let error = format!("`{source}`: `{pattern}` is on the loopback interface");
        return Err(CommandError::usage(error).hint("such hosts need no trust: remove it"));
    }
    Ok((scheme.to_owned(), pattern))
}
