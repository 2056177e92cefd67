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
use crate::secret::Secret;
use crate::sign::{
    SigningInputs, authorize_draft, is_equal_in_constant_time, pkce_challenge, pkce_verifier, seal,
};
use crate::value::Value;
use crate::wire::{BaseUrl, parse_form};

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
    refuse_pkce_link(scheme, link)?;
    // The built-in sandbox ends with this command, so that the link cannot be opened. It is printed
    // to show its form.
    let environment = if target.environment == SANDBOX_ENV {
        session::explain_environment(host, loaded, &target.environment)?
    } else {
        session::open_environment(host, loaded, &target, &[]).await?
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
    let url = printed_link(scheme, link, redirect, &access, &context)?;
    Ok(CommandOutput::of_data(url))
}

/// A printed link would hold the challenge of a verifier that nobody keeps: its code could never be
/// exchanged.
fn refuse_pkce_link(scheme: &Scheme, link: &AuthorizeLink) -> Result<(), CommandError> {
    if !link.uses_pkce {
        return Ok(());
    }
    let name = &scheme.name;
    Err(CommandError::usage(format!(
        "the link of `{name}` uses PKCE, so a code works only with the login that created the link"
    ))
    .hint(format!(
        "run `ingam auth login {name} --redirect URL`: it prints the link and waits for the redirect address"
    )))
}

pub(super) fn check_redirect(redirect: &str) -> Result<(), CommandError> {
    let address = redirect
        .split_once(['?', '#'])
        .map_or(redirect, |(address, _)| address);
    match BaseUrl::parse(address) {
        Ok(_) => Ok(()),
        Err(_) => Err(
            CommandError::usage(format!("`{redirect}` is not a redirect address"))
                .hint("write `https://…`"),
        ),
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
            format!("accounts of `{scheme_name}` need no authorization link"),
        )
        .hint("ingam gets its tokens with the credentials of the application, when it needs one"),
        _ => CommandError::usage(format!(
            "the scheme `{scheme_name}` has no authorization link"
        ))
        .hint("you can use the scheme without a login"),
    }
}

/// An authorization link, signed with the application's key in the way of the link itself.
pub(super) struct SignedLink {
    pub(super) url: String,
    /// The redirect address in the link, which the exchange of its code repeats.
    redirect: String,
    verifier: Option<Secret<String>>,
    /// Name and value of the parameter that the callback must repeat. Where a link has no parameter
    /// for it, the redirect address carries it.
    state: (String, String),
}

/// The name of the parameter of the redirect address where a link has none for the state.
const REDIRECT_STATE: &str = "state";

/// The inputs of a link: its draft can be made for several redirect addresses.
struct LinkRequest<'a> {
    scheme: &'a Scheme,
    link: &'a AuthorizeLink,
    access: &'a AccountAccess,
    moment: FreshValues,
    state: String,
    /// Only of a link with PKCE.
    verifier: Option<Secret<String>>,
}

impl LinkRequest<'_> {
    /// The pairs of the query and the signed URL.
    fn render(
        &self,
        redirect: &str,
        context: &RunContext<'_>,
    ) -> Result<(Vec<(String, String)>, String), CommandError> {
        let region = self.link.link_host.region_for(&self.access.region);
        let accesses = &context.environment.accesses;
        let base = accesses.region_base(self.scheme, region, self.access)?;
        let mut extra = vec![
            ("redirect".into(), Value::from(redirect)),
            ("state".into(), Value::from(self.state.as_str())),
        ];
        if let Some(verifier) = &self.verifier {
            let challenge = pkce_challenge(verifier.expose());
            extra.push(("challenge".into(), Value::from(challenge)));
        }
        let inputs = SigningInputs {
            credentials: &self.access.credentials,
            token: None,
            moment: self.moment,
            steps: &[],
            extra: &extra,
        };
        let draft = authorize_draft(self.scheme, self.link, inputs)?;
        let query = draft.query.clone();
        let sealed = seal(self.scheme, &self.link.procedure, draft, &base, inputs)?;
        Ok((query, sealed.request.url().to_string()))
    }
}

/// The link as it is printed for others: nobody compares its state.
fn printed_link(
    scheme: &Scheme,
    link: &AuthorizeLink,
    redirect: &str,
    access: &AccountAccess,
    context: &RunContext<'_>,
) -> Result<String, CommandError> {
    let request = LinkRequest::new(scheme, link, access, context);
    Ok(request.render(redirect, context)?.1)
}

impl<'a> LinkRequest<'a> {
    fn new(
        scheme: &'a Scheme,
        link: &'a AuthorizeLink,
        access: &'a AccountAccess,
        context: &RunContext<'_>,
    ) -> Self {
        let now_ms = (context.environment.clock)();
        let moment = context.fresh_values_at(scheme.clock.request_time_ms(now_ms));
        Self {
            scheme,
            link,
            access,
            moment,
            state: moment.random_text(1, 24),
            verifier: link.uses_pkce.then(|| {
                let rng = &context.environment.rng;
                // Of its own random numbers: the state is derived from the moment's, and is shown.
                Secret::new(pkce_verifier(rng.draw(), rng.draw()))
            }),
        }
    }
}

impl SignedLink {
    /// The link of a login. Its state is in a parameter of the link, or else in the redirect
    /// address, so that every login can compare it.
    pub(super) fn new(
        scheme: &Scheme,
        link: &AuthorizeLink,
        redirect: &str,
        access: &AccountAccess,
        context: &RunContext<'_>,
    ) -> Result<Self, CommandError> {
        let request = LinkRequest::new(scheme, link, access, context);
        let (query, url) = request.render(redirect, context)?;
        let parameter = query.iter().find(|(_, value)| *value == request.state);
        if let Some(state) = parameter {
            return Ok(Self {
                url,
                redirect: redirect.to_owned(),
                state: state.clone(),
                verifier: request.verifier,
            });
        }
        let state = (REDIRECT_STATE.to_owned(), request.state.clone());
        let with_state = add_query_pair(redirect, &state)?;
        let (query_with_state, url) = request.render(&with_state, context)?;
        if query_with_state == query {
            return Err(no_place_for_state(scheme));
        }
        Ok(Self {
            url,
            redirect: with_state,
            state,
            verifier: request.verifier,
        })
    }

    /// What the exchange of the code repeats or proves.
    pub(super) fn into_exchange_values(self) -> Vec<(String, Secret<String>)> {
        let redirect = ("redirect".to_owned(), Secret::new(self.redirect));
        let verifier = self
            .verifier
            .map(|verifier| ("verifier".to_owned(), verifier));
        std::iter::once(redirect).chain(verifier).collect()
    }

    /// RFC 6749, section 10.12: the callback must repeat the state of this link. Anybody can make a
    /// browser call the page, or talk a person into pasting an address: without the comparison the
    /// account of somebody else would be authorized.
    pub(super) fn check_state(&self, callback: &[(String, String)]) -> Result<(), CommandError> {
        let (name, expected) = &self.state;
        let mut returned = callback.iter().filter(|(key, _)| key == name);
        match (returned.next(), returned.next()) {
            (Some((_, value)), None) if is_equal_in_constant_time(value, expected) => Ok(()),
            (None, _) => Err(CommandError::credential(format!(
                "the address has no `{name}`, so nothing was authorized"
            ))
            .hint("open the link of this login again, and use the address that it leads to")),
            _ => Err(CommandError::credential(format!(
                "`{name}` in the address differs from the one in the link of this login, so nothing was authorized"
            ))
            .hint("the address belongs to another login, or someone else created it: open the link of this login again")),
        }
    }
}

/// The redirect address with one more pair in its query, before its fragment.
fn add_query_pair(redirect: &str, pair: &(String, String)) -> Result<String, CommandError> {
    let (address, fragment) = redirect.split_at(redirect.find('#').unwrap_or(redirect.len()));
    let query = address.split_once('?').map(|(_, query)| query);
    if query.is_some_and(|query| parse_form(query).iter().any(|(name, _)| *name == pair.0)) {
        return Err(CommandError::usage(format!(
            "`{redirect}` has a parameter `{}`, which is reserved for ingam",
            pair.0
        ))
        .hint("remove it: ingam adds its own value, and compares it when the browser returns"));
    }
    let joint = match query {
        None => "?",
        Some("") => "",
        Some(query) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    Ok(format!("{address}{joint}{}={}{fragment}", pair.0, pair.1))
}

fn no_place_for_state(scheme: &Scheme) -> CommandError {
    CommandError::file(format!(
        "the authorization link of `{}` has no place for a state, so ingam could not tell whose callback it receives",
        scheme.name
    ))
    .hint("write `state: \"{{ state }}\"` or `redirect_uri: \"{{ redirect }}\"` under `query` of `authorize`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_added_to_the_query_of_the_redirect_address() {
        let state = ("state".to_owned(), "x1".to_owned());
        for (redirect, expected) in [
            ("https://a/cb", "https://a/cb?state=x1"),
            ("https://a/cb?shop=1", "https://a/cb?shop=1&state=x1"),
            ("https://a/cb?", "https://a/cb?state=x1"),
            (
                "https://a/cb?shop=1&#top",
                "https://a/cb?shop=1&state=x1#top",
            ),
            ("https://a/cb#top", "https://a/cb?state=x1#top"),
        ] {
            assert_eq!(add_query_pair(redirect, &state).unwrap(), expected);
        }
        for redirect in ["https://a/cb?state=", "https://a/cb?a=1&sta%74e=2#x"] {
            assert!(add_query_pair(redirect, &state).is_err(), "{redirect}");
        }
    }
}
