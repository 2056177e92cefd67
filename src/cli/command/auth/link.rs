//! `ingam auth link`: prints the link that a seller opens; a signed one dies with its timestamp.

use super::AuthContext;
use crate::cli::ExitStatus;
use crate::cli::args::{GlobalArgs, TargetArgs};
use crate::cli::command::session::{self, RunSession, RunTarget};
use crate::model::environment::SANDBOX_ENV;
use crate::model::scheme::{AuthorizeLink, Scheme};
use crate::render::FreshValues;
use crate::run::{AccountAccess, RunContext};
use crate::sign::{SigningInputs, authorize_draft, seal};
use crate::value::Value;
use crate::wire::BaseUrl;

pub(super) async fn run(
    desk: &AuthContext<'_>,
    name: &str,
    redirect: &str,
    target: &TargetArgs,
) -> Result<ExitStatus, ExitStatus> {
    check_redirect(desk, redirect)?;
    let loaded = desk.load_workspace()?;
    let chosen = RunTarget::new(loaded, target, Some(&[]), desk.output)?;
    let scheme = desk.find_scheme(loaded, name)?;
    let link = choose_link(desk, &scheme, None)?;
    // The sandbox inside the program has no page to open, but its link can be looked at.
    let environment = if chosen.environment == SANDBOX_ENV {
        session::explain_environment(desk.host, loaded, &chosen.environment, desk.output)?
    } else {
        session::open_environment(desk.host, loaded, &chosen.environment, &[], desk.output).await?
    };
    let files = session::open_files(loaded, desk.output)?;
    let global: &GlobalArgs = desk.global;
    let context = RunSession {
        host: desk.host,
        global,
        loaded,
        files: &files,
    }
    .build_context(chosen, environment, false, desk.output)?;
    let account = context
        .environment
        .accesses
        .account(&scheme, target.account.as_deref())
        .map_err(|error| desk.report_access_error(&error))?;
    let access = context
        .environment
        .accesses
        .app_access(&scheme, account)
        .map_err(|error| desk.report_access_error(&error))?;
    desk.output.print_data(&signed_link(
        desk, &scheme, link, redirect, &access, &context,
    )?);
    Ok(ExitStatus::Success)
}

pub(super) fn check_redirect(desk: &AuthContext<'_>, redirect: &str) -> Result<(), ExitStatus> {
    match BaseUrl::parse(redirect.split(['?', '#']).next().unwrap_or_default()) {
        Ok(_) => Ok(()),
        Err(_) => Err(desk.usage_error(
            &format!("`{redirect}` is not an address to come back to"),
            "write `https://…`",
        )),
    }
}

/// The link of that name, or the usual one.
pub(super) fn choose_link<'s>(
    desk: &AuthContext<'_>,
    scheme: &'s Scheme,
    name: Option<&str>,
) -> Result<&'s AuthorizeLink, ExitStatus> {
    let found = match name {
        None => scheme.authorize_links.first(),
        Some(name) => scheme
            .authorize_links
            .iter()
            .find(|link| link.name.as_deref() == Some(name)),
    };
    found.ok_or_else(|| {
        let names: Vec<&str> = scheme.authorize_links.iter().filter_map(|link| link.name.as_deref()).collect();
        match name {
            Some(name) if !names.is_empty() => {
                let hint = format!("it has {}", crate::diagnostic::join_names(names.iter().copied(), "and"));
                desk.usage_error(&format!("`{}` has no link `{name}`", scheme.name), &hint)
            }
            _ if scheme.tokens.iter().any(|token| token.issue.is_some()) => {
                let hint = "its tokens are got with the application's own credentials, whenever one is needed";
                desk.usage_error(&format!("accounts of `{}` are not authorized by a link", scheme.name), hint)
            }
            _ => desk.usage_error(&format!("the scheme `{}` has no authorization link", scheme.name), "it needs none to be used"),
        }
    })
}

/// Signed with the application's key, in the way of the link itself.
pub(super) fn signed_link(
    desk: &AuthContext<'_>,
    scheme: &Scheme,
    link: &AuthorizeLink,
    redirect: &str,
    access: &AccountAccess,
    context: &RunContext<'_>,
) -> Result<String, ExitStatus> {
    let region = link.link_host.region_for(&access.region);
    let base = context
        .environment
        .accesses
        .region_base(scheme, region, &access.base)
        .map_err(|error| desk.report_access_error(&error))?;
    let moment = FreshValues {
        unix_ms: scheme.clock.request_time_ms((context.environment.clock)()),
        seed: (context.environment.rng)(),
    };
    let extra = [
        ("redirect".into(), Value::from(redirect)),
        ("state".into(), Value::from(moment.random_text(1, 24))),
    ];
    let inputs = SigningInputs {
        credentials: &access.credentials,
        token: None,
        moment,
        steps: &[],
        extra: &extra,
    };
    let draft = authorize_draft(scheme, link, inputs);
    let sealed = draft
        .and_then(|draft| seal(scheme, &link.procedure, draft, &base, inputs))
        .map_err(|error| {
            desk.output.print_error(&error.to_string(), &[]);
            ExitStatus::OperationFailed
        })?;
    Ok(sealed.request.url().to_string())
}
