//! `ingam auth link`: prints the link that a seller opens. A signed link expires with its
//! timestamp.

use super::context::AuthContext;
use crate::cli::args::TargetArgs;
use crate::cli::command::session::{self, RunSession, RunTarget};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::load::FileKind;
use crate::model::environment::SANDBOX_ENV;
use crate::model::scheme::{AuthorizeLink, Scheme};
use crate::plan::CommandScope;
use crate::render::FreshValues;
use crate::run::{AccountAccess, RunContext};
use crate::sign::{SigningInputs, authorize_draft, seal};
use crate::value::Value;
use crate::wire::BaseUrl;

pub(super) async fn run(
    auth: &AuthContext<'_>,
    name: &str,
    redirect: &str,
    args: &TargetArgs,
) -> CommandResult {
    check_redirect(redirect)?;
    let (host, loaded) = (auth.invocation.host, auth.loaded);
    let target = RunTarget::new(
        auth.invocation,
        loaded,
        args,
        Some(&[]),
        CommandScope::Kinds(&[FileKind::Scheme]),
    )?;
    let scheme = auth.find_scheme(name)?;
    let link = choose_link(scheme, None)?;
    // The built-in sandbox ends with this command, so that the link cannot be opened. It is printed
    // to show its form.
    let environment = if target.environment == SANDBOX_ENV {
        session::explain_environment(host, loaded, &target.environment)?
    } else {
        session::open_environment(host, loaded, &target.environment, &[]).await?
    };
    let session = RunSession {
        host,
        global: auth.invocation.global,
        loaded,
        files: auth.files,
    };
    let context = session.build_context(target, environment, false)?;
    let account = context
        .environment
        .accesses
        .account(scheme, args.account.as_deref())?;
    let access = context.environment.accesses.app_access(scheme, account)?;
    let link = SignedLink::new(scheme, link, redirect, &access, &context)?;
    Ok(CommandOutput::of_data(link.url))
}

pub(super) fn check_redirect(redirect: &str) -> Result<(), CommandError> {
    let address = redirect
        .split_once(['?', '#'])
        .map_or(redirect, |(address, _)| address);
    match BaseUrl::parse(address) {
        Ok(_) => Ok(()),
        Err(_) => Err(CommandError::usage(format!(
            "`{redirect}` is not an address to come back to"
        ))
        .hint("write `https://…`")),
    }
}

/// The link of that name, or the usual one.
pub(super) fn choose_link<'s>(
    scheme: &'s Scheme,
    name: Option<&str>,
) -> Result<&'s AuthorizeLink, CommandError> {
    let found = match name {
        None => scheme.authorize_links.first(),
        Some(name) => scheme
            .authorize_links
            .iter()
            .find(|link| link.name.as_deref() == Some(name)),
    };
    found.ok_or_else(|| missing_link(scheme, name))
}

fn missing_link(scheme: &Scheme, name: Option<&str>) -> CommandError {
    let names: Vec<&str> = scheme
        .authorize_links
        .iter()
        .filter_map(|link| link.name.as_deref())
        .collect();
    let scheme_name = &scheme.name;
    match name {
        Some(name) if !names.is_empty() => {
            let names = crate::diagnostic::join_names(names, "and");
            CommandError::usage(format!("`{scheme_name}` has no link `{name}`"))
                .hint(format!("it has {names}"))
        }
        _ if scheme.tokens.iter().any(|token| token.issue.is_some()) => CommandError::usage(
            format!("accounts of `{scheme_name}` are not authorized by a link"),
        )
        .hint("its tokens are got with the application's own credentials, whenever one is needed"),
        _ => CommandError::usage(format!(
            "the scheme `{scheme_name}` has no authorization link"
        ))
        .hint("it needs none to be used"),
    }
}

/// An authorization link, signed with the application's key in the way of the link itself.
pub(super) struct SignedLink {
    pub(super) url: String,
    /// Name and value of the parameter that the callback must repeat; `None` where the
    /// marketplace's link has no place for one.
    pub(super) state: Option<(String, String)>,
}

impl SignedLink {
    pub(super) fn new(
        scheme: &Scheme,
        link: &AuthorizeLink,
        redirect: &str,
        access: &AccountAccess,
        context: &RunContext<'_>,
    ) -> Result<Self, CommandError> {
        let region = link.link_host.region_for(&access.region);
        let base = context
            .environment
            .accesses
            .region_base(scheme, region, &access.base)?;
        let moment = FreshValues {
            unix_ms: scheme.clock.request_time_ms((context.environment.clock)()),
            seed: context.environment.rng.draw(),
        };
        let state = moment.random_text(1, 24);
        let extra = [
            ("redirect".into(), Value::from(redirect)),
            ("state".into(), Value::from(state.as_str())),
        ];
        let inputs = SigningInputs {
            credentials: &access.credentials,
            token: None,
            moment,
            steps: &[],
            extra: &extra,
        };
        let draft = authorize_draft(scheme, link, inputs)?;
        let state = draft
            .query
            .iter()
            .find(|(_, value)| *value == state)
            .cloned();
        let sealed = seal(scheme, &link.procedure, draft, &base, inputs)?;
        Ok(Self {
            url: sealed.request.url().to_string(),
            state,
        })
    }

    /// RFC 6749, section 10.12: the callback must repeat the state of this link. Anybody can make a
    /// browser call the page, or talk a person into pasting an address: without the comparison the
    /// account of somebody else would be authorized.
    pub(super) fn check_state(&self, callback: &[(String, String)]) -> Result<(), CommandError> {
        let Some((name, expected)) = &self.state else {
            return Ok(());
        };
        let mut returned = callback.iter().filter(|(key, _)| key == name);
        match (returned.next(), returned.next()) {
            (Some((_, value)), None) if value == expected => Ok(()),
            (None, _) => Err(CommandError::credential(format!("the address has no `{name}`"))
                .hint("only the address that this login's link led to is accepted: open the link again")),
            _ => Err(CommandError::credential(format!(
                "`{name}` of the address is not the one of this login's link"
            ))
            .hint("the address belongs to another login, or somebody else made it: open the link again")),
        }
    }
}
