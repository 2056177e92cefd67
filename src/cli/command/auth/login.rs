//! `ingam auth login`: link, browser, code, tokens.

use super::context::{AuthContext, AuthWorkspace};
use super::device::{self, is_device_login};
use super::link::{self, SignedLink};
use super::token_families::{self, FamilyContext};
use crate::cli::args::LoginArgs;
use crate::cli::command::session::account_host_trust;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::model::environment::Account;
use crate::model::scheme::{AuthorizeLink, CredentialScope, Scheme, SchemeHost, Token};
use crate::platform;
use crate::renew::RefreshKind;
use crate::run::{AccountAccess, SecretDestination};
use crate::secret::Secret;
use crate::sign::{Arrived, NamedValues, check_incoming};
use crate::transport::CallbackListener;
use crate::trust::TrustList;
use crate::value::{ObjectMember, Value};
use std::time::Duration;

/// How long to wait for the seller if the scheme does not say how long a code is valid.
const DEFAULT_LOGIN_TIMEOUT: Duration = Duration::from_secs(600);

pub(super) async fn run(auth: &AuthContext<'_>, args: &LoginArgs) -> CommandResult {
    let room = auth
        .open_workspace(args.account_args.env.as_deref())
        .await?;
    let scheme = auth.find_scheme(&args.scheme)?;
    let is_device = is_device_login(scheme, args);
    let link = (!is_device).then(|| link::choose_link(scheme, args.link.as_deref()));
    let link = link.transpose()?;
    room.check_account(scheme, &args.account_args)?;
    let named = selected_account(&room, scheme, args);
    require_account_name(&room, scheme, named)?;
    let Some(link) = link else {
        return device::login(auth, &room, scheme, named, args).await;
    };
    let accesses = &room.context.environment.accesses;
    let access = accesses.login_access(scheme, named)?;
    room.context
        .register_secrets(scheme, &access.credentials, &access.given_token);
    let callback = await_callback(auth, args, &room, link, &access).await?;
    let grant = AuthorizationGrant::new(&room, scheme, link, named, callback)?;
    // Again: only now the account is known, and an account may have a host of its own.
    let account = room
        .accounts(scheme)
        .into_iter()
        .find(|account| account.name == grant.account);
    grant.check_host_values(scheme, &access)?;
    let own = accesses.login_access(scheme, account)?;
    // The person has authorized this account at these hosts, and at no other.
    let access = if own.is_at_hosts_of(&access) {
        trust_account_hosts(auth, &room, scheme, &own)?;
        own
    } else {
        accesses.app_access(scheme, account)?
    };
    grant.exchange_code(auth, &room, scheme, access).await
}

/// Stores that secrets may go to the hosts of the account that the person has authorized there.
fn trust_account_hosts(
    auth: &AuthContext<'_>,
    room: &AuthWorkspace<'_>,
    scheme: &Scheme,
    access: &AccountAccess,
) -> Result<(), CommandError> {
    if access.account_hosts.is_empty() {
        return Ok(());
    }
    let config = auth.invocation.host.config_folder();
    let mut trust = TrustList::load(config.as_deref(), &room.loaded.workspace.root)?;
    for (_, base) in &access.account_hosts {
        let subject = account_host_trust(SecretDestination {
            scheme,
            account: &access.account,
            base,
            is_login: true,
        });
        if !trust.is_allowed(&subject) {
            trust.allow(&subject)?;
            let message = format!("trusted by this login: {}", subject.describe());
            auth.output.print_message(&message);
        }
    }
    Ok(())
}

/// Refuses a login without an account name if the tokens are stored by that name.
fn require_account_name(
    room: &AuthWorkspace<'_>,
    scheme: &Scheme,
    named: Option<&Account>,
) -> Result<(), CommandError> {
    // Before the link is printed: an authorization that cannot be stored would be spent for
    // nothing.
    let by_name = |token: &Token| {
        token.needs_login() && token.key_credentials.iter().any(|name| name == "account")
    };
    let accounts = room.accounts(scheme);
    if named.is_some() || accounts.len() < 2 || !scheme.tokens.iter().any(by_name) {
        return Ok(());
    }
    let names = accounts.iter().map(|account| account.name.as_str());
    let names = crate::diagnostic::join_names(names, "and");
    Err(CommandError::usage(format!(
        "`{}` has the accounts {names}; choose one of them",
        scheme.name
    ))
    .hint("choose one with `--account`"))
}

/// The account that was named, or the only one there is.
fn selected_account<'a>(
    room: &AuthWorkspace<'a>,
    scheme: &Scheme,
    args: &LoginArgs,
) -> Option<&'a Account> {
    let accounts = room.accounts(scheme);
    match (&args.account_args.account, accounts.as_slice()) {
        (Some(name), accounts) => accounts
            .iter()
            .copied()
            .find(|account| account.name == *name),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

/// The query parameters of the address that the marketplace redirected to.
type CallbackParams = Vec<(String, String)>;

/// A callback whose state is that of the link of this login.
struct CheckedCallback {
    params: CallbackParams,
    /// What the exchange repeats from the link: the redirect address, a verifier.
    link_values: Vec<(String, Secret<String>)>,
}

/// Prints the link and waits for the redirect: to a page of this machine, or pasted by the user.
async fn await_callback(
    auth: &AuthContext<'_>,
    args: &LoginArgs,
    room: &AuthWorkspace<'_>,
    link: &AuthorizeLink,
    access: &AccountAccess,
) -> Result<CheckedCallback, CommandError> {
    let (redirect, page) = if let Some(redirect) = &args.redirect {
        (redirect.clone(), None)
    } else {
        let page = bind_callback_page(args.port, room).await?;
        (page.redirect_url(), Some(page))
    };
    link::check_redirect(&redirect)?;
    let scheme = auth.find_scheme(&args.scheme)?;
    let signed = SignedLink::new(scheme, link, &redirect, access, &room.context)?;
    print_link(auth, &signed.url, args.account_args.account.as_deref());
    if let Some(page) = &page
        && !args.no_browser
        && can_open_browser(auth)
    {
        // The browser gets an address of this machine, which redirects to the link: arguments of a
        // process can be read by other users. If it cannot be started, the link is on the screen.
        let _ = open::that_detached(page.start_url());
    }
    let patience = link.code_lifetime.unwrap_or(DEFAULT_LOGIN_TIMEOUT);
    let address = wait_for_address(auth, page, &signed.url, patience).await?;
    let query = callback_query(&address, &redirect)?;
    let params = crate::wire::parse_form(query);
    signed.check_state(&params)?;
    check_signature(link, query, &access.credentials)?;
    Ok(CheckedCallback {
        params,
        link_values: signed.into_exchange_values(),
    })
}

fn print_link(auth: &AuthContext<'_>, url: &str, account: Option<&str>) {
    let of_account = account.map_or_else(String::new, |name| format!(" of `{name}`"));
    auth.output.print_message(&format!(
        "open this link, and sign in as the seller{of_account}:"
    ));
    auth.output.print_data(url);
}

async fn bind_callback_page(
    port: u16,
    room: &AuthWorkspace<'_>,
) -> Result<CallbackListener, CommandError> {
    CallbackListener::bind(port, &hex::encode(room.context.environment.rng.draw()))
        .await
        .map_err(|error| {
            CommandError::operation(format!("cannot listen on 127.0.0.1:{port}: {error}"))
                .hint("choose another `--port`")
        })
}

/// Whether a browser can be started for a person at this terminal.
fn can_open_browser(auth: &AuthContext<'_>) -> bool {
    let host = auth.invocation.host;
    // Without a display, Linux would start a text browser in the terminal of this program.
    let variables = platform::display_variables();
    let is_set = |name: &&str| host.env_var(name).is_some();
    let display = variables.is_empty() || variables.iter().any(is_set);
    display && host.stderr.is_terminal && host.env_var("CI").is_none()
}

/// The address from the page or from the keyboard, whichever comes first.
async fn wait_for_address(
    auth: &AuthContext<'_>,
    page: Option<CallbackListener>,
    url: &str,
    patience: Duration,
) -> Result<String, CommandError> {
    // With a page and no terminal, standard input may be closed: its end must not end the wait.
    let can_paste = page.is_none() || auth.invocation.host.stdin_is_terminal;
    auth.output.print_message(match (&page, can_paste) {
        (None, _) => "paste the address that the browser ends at:",
        (Some(_), false) => "waiting for the browser:",
        (Some(_), true) => {
            "waiting for the browser. If the browser is on another machine, paste the address that it ends at:"
        }
    });
    let address = tokio::select! {
        address = address_from_page(auth, page, url, can_paste) => address?,
        typed = typed_address(can_paste) => typed?,
        () = tokio::time::sleep(patience) => None,
    };
    address.ok_or_else(|| {
        CommandError::credential("the browser did not return from the marketplace in time")
            .hint("the link has expired: run the command again")
    })
}

/// Without a page, never returns.
async fn address_from_page(
    auth: &AuthContext<'_>,
    page: Option<CallbackListener>,
    url: &str,
    can_paste: bool,
) -> Result<Option<String>, CommandError> {
    let Some(page) = page else {
        return std::future::pending().await;
    };
    match page.wait_for_redirect(url).await {
        Ok(address) => Ok(Some(address)),
        Err(error) => {
            let error = CommandError::operation(error.to_string());
            if !can_paste {
                return Err(error);
            }
            // The address can still be pasted.
            auth.output.print_error(&error);
            std::future::pending().await
        }
    }
}

/// `None` at the end of the input. If nothing can be pasted, never returns.
async fn typed_address(can_paste: bool) -> Result<Option<String>, CommandError> {
    if !can_paste {
        return std::future::pending().await;
    }
    // A blocked read cannot be cancelled: on a thread of its own it does not keep the page and the
    // timeout from ending the wait.
    tokio::task::spawn_blocking(read_line)
        .await
        .map_err(|error| unreadable_address(&error))?
        .map_err(|error| unreadable_address(&error))
}

fn unreadable_address(error: &dyn std::fmt::Display) -> CommandError {
    CommandError::operation(format!("the address cannot be read: {error}"))
}

/// `None` at the end of the input.
fn read_line() -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}

/// Refuses an address that the marketplace has not signed as its scheme says.
fn check_signature(
    link: &AuthorizeLink,
    query: &str,
    credentials: &NamedValues,
) -> Result<(), CommandError> {
    let Some(signature) = &link.verification else {
        return Ok(());
    };
    check_incoming(signature, &Arrived::callback(query), credentials).map_err(|error| {
        CommandError::credential(format!("the address is not accepted: {error}")).hint(
            "nothing was authorized. Check the secret of the application, then run the command again",
        )
    })
}

/// The raw query of the address. Refuses any other address than the redirect address.
fn callback_query<'a>(address: &'a str, redirect: &str) -> Result<&'a str, CommandError> {
    if page_address(address) != page_address(redirect) {
        return Err(
            CommandError::credential("this is not the redirect address of the link")
                .hint(format!("it begins with `{redirect}`")),
        );
    }
    let query = address.split_once('?').map_or("", |(_, query)| query);
    Ok(query.split_once('#').map_or(query, |(query, _)| query))
}

/// The address without its query and its fragment.
fn page_address(url: &str) -> &str {
    url.split_once(['?', '#'])
        .map_or(url, |(page, _)| page)
        .trim_end_matches('/')
}

/// The value of a parameter; an empty one counts as missing.
fn find_param<'c>(callback: &'c CallbackParams, name: &str) -> Option<&'c str> {
    callback
        .iter()
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}

fn missing_code(callback: &CallbackParams, link: &AuthorizeLink) -> CommandError {
    let names = callback
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, _)| name.as_str());
    let received = crate::diagnostic::join_names(names, "and");
    CommandError::credential(format!("the address has no `{}`", link.code_param)).hint(format!(
        "it has {received}: check whether the seller refused the authorization"
    ))
}

/// An authorization by the seller: a code, and the account that it is for.
struct AuthorizationGrant<'s> {
    token: &'s Token,
    code: Secret<String>,
    callback: Vec<(String, Secret<String>)>,
    link_values: Vec<(String, Secret<String>)>,
    /// Credentials that the marketplace returned with the code, such as the id of the shop.
    returned_credentials: Vec<ObjectMember>,
    account: String,
}

impl<'s> AuthorizationGrant<'s> {
    fn new(
        room: &AuthWorkspace<'_>,
        scheme: &'s Scheme,
        link: &AuthorizeLink,
        named: Option<&Account>,
        checked: CheckedCallback,
    ) -> Result<Self, CommandError> {
        let callback = checked.params;
        let code: Secret<String> = find_param(&callback, &link.code_param)
            .ok_or_else(|| missing_code(&callback, link))?
            .into();
        // Whoever has the code can get the tokens until it is used.
        room.context
            .state
            .redactor
            .borrow_mut()
            .add_secret("code", code.expose());
        let ids = returned_credentials(scheme, link, &callback);
        let token = token_for(scheme, &ids).ok_or_else(|| missing_owner(link))?;
        let own: Vec<&ObjectMember> = ids
            .iter()
            .filter(|(name, _)| token.is_keyed_by(name))
            .collect();
        let account = authorized_account_name(room, scheme, named, &own)?;
        Ok(Self {
            token,
            code,
            callback: callback
                .into_iter()
                .map(|(name, value)| (name, Secret::new(value)))
                .collect(),
            link_values: checked.link_values,
            returned_credentials: ids,
            account,
        })
    }

    /// Refuses a callback that names another host than the one that the link led to: whoever makes
    /// the address could have the code and the application's secret sent anywhere.
    fn check_host_values(
        &self,
        scheme: &Scheme,
        access: &AccountAccess,
    ) -> Result<(), CommandError> {
        let hosts = scheme.hosts.iter().filter_map(SchemeHost::account_host);
        for host in hosts {
            let mut returned = self.returned_credentials.iter();
            let Some((name, value)) = returned.find(|(name, _)| *name == host.credential) else {
                continue;
            };
            let own = access.credentials.get(name);
            if own.is_none_or(|own| own.to_text() != value.to_text()) {
                return Err(CommandError::credential(format!(
                    "the seller authorized {name} {}, but the link was for {}",
                    value.to_text(),
                    own.map_or_else(|| "none".to_owned(), Value::to_text)
                ))
                .hint(
                    "the code was not used: sign in as the right seller, or choose the right account with `--account`",
                ));
            }
        }
        Ok(())
    }

    /// Exchanges the code for tokens, and splits a shared pair.
    async fn exchange_code(
        self,
        auth: &AuthContext<'_>,
        room: &AuthWorkspace<'_>,
        scheme: &Scheme,
        access: AccountAccess,
    ) -> CommandResult {
        let mut credentials = access.credentials.clone();
        self.returned_credentials
            .iter()
            .for_each(|(name, value)| credentials.set(name, value.clone()));
        let family = FamilyContext {
            scheme,
            token: self.token,
            access: &access,
            credentials,
            account: self.account,
        };
        let kind = RefreshKind::Exchange {
            code: self.code,
            callback: self.callback,
            link_values: self.link_values,
        };
        let record = family
            .renew(room, kind)
            .await
            .map_err(|failure| room.renewal_error(&failure))?;
        let tokens = token_families::describe_tokens(room, scheme, &record);
        auth.output.print_message(&tokens);
        if record.pending_splits.is_empty() {
            let suggestion = suggested_ids(room, &family, &self.returned_credentials);
            return Ok(suggestion.map_or_else(CommandOutput::default, CommandOutput::of_message));
        }
        Ok(token_families::split_shared_pair(room, &family, &record).await)
    }
}

fn returned_credentials(
    scheme: &Scheme,
    link: &AuthorizeLink,
    callback: &CallbackParams,
) -> Vec<ObjectMember> {
    link.callback_params
        .iter()
        .filter_map(|(credential, name)| {
            let value = find_param(callback, name)?;
            let value = token_families::credential_value(scheme, credential, value);
            Some((credential.as_str().into(), value))
        })
        .collect()
}

fn missing_owner(link: &AuthorizeLink) -> CommandError {
    let wanted = link.callback_params.iter().map(|(_, name)| name.as_str());
    let wanted = crate::diagnostic::join_names(wanted, "or");
    CommandError::credential(format!("the address has a code, but no {wanted}"))
        .hint("check that you pasted the whole address; in a shell, put it in quotes")
}

/// A line for ingam.yaml, if the account has no ids there.
fn suggested_ids(
    room: &AuthWorkspace<'_>,
    family: &FamilyContext<'_>,
    ids: &[ObjectMember],
) -> Option<String> {
    let accounts = room.accounts(family.scheme);
    let account = accounts
        .iter()
        .find(|account| account.name == family.account);
    let unknown = unknown_ids(family, ids);
    let has_an_id =
        account.is_some_and(|account| ids.iter().any(|(name, _)| account.get(name).is_some()));
    if unknown.is_empty() || has_an_id {
        return None;
    }
    let name = account.map_or("NAME", |account| account.name.as_str());
    let (env, scheme, ids) = (
        &room.context.options.environment,
        &family.scheme.name,
        unknown.join(", "),
    );
    Some(format!(
        "write in ingam.yaml: `envs: {{ {env}: {{ accounts: {{ {scheme}: {{ {name}: {{ {ids} }} }} }} }} }}`"
    ))
}

/// The ids that the tokens are stored by and that the account does not have, as YAML.
fn unknown_ids(family: &FamilyContext<'_>, ids: &[ObjectMember]) -> Vec<String> {
    ids.iter()
        .filter(|(name, _)| {
            family.token.is_keyed_by(name) && family.access.credentials.get(name).is_none()
        })
        .map(|(name, value)| format!("{name}: {}", value.to_text()))
        .collect()
}

/// The token whose key credentials all came back with the code. A token that is stored by the
/// account's name alone always matches.
fn token_for<'s>(scheme: &'s Scheme, ids: &[ObjectMember]) -> Option<&'s Token> {
    let is_own = |name: &&String| {
        scheme
            .credential(name)
            .is_some_and(|credential| credential.scope == CredentialScope::Account)
    };
    let fits = |token: &&Token| {
        let own: Vec<&String> = token.key_credentials.iter().filter(is_own).collect();
        token.exchange.is_some() && own.iter().all(|name| ids.iter().any(|(id, _)| id == *name))
    };
    // The more specific token wins: a marketplace may have one for a shop and one for its merchant.
    let own = |token: &&Token| token.key_credentials.iter().filter(is_own).count();
    scheme.tokens.iter().filter(fits).max_by_key(own)
}

/// The account name to store the tokens under. If the user named an account, it must be the one
/// that the seller authorized.
fn authorized_account_name(
    room: &AuthWorkspace<'_>,
    scheme: &Scheme,
    named: Option<&Account>,
    ids: &[&ObjectMember],
) -> Result<String, CommandError> {
    if let Some(account) = named {
        return match mismatched_id(account, ids) {
            None => Ok(account.name.clone()),
            Some((name, own, value)) => Err(CommandError::credential(format!(
                "the seller authorized {name} {}, but `{}` is {}",
                value.to_text(),
                account.name,
                own.to_text()
            ))
            .hint("the code was not used: sign in as the right seller, or choose the right account with `--account`")),
        };
    }
    let accounts = room.accounts(scheme);
    let says = |account: &&&Account| {
        ids.iter().any(|(name, _)| account.get(name).is_some())
            && mismatched_id(account, ids).is_none()
    };
    Ok(accounts.iter().find(says).map_or_else(
        || token_families::account_name_from_ids(ids),
        |account| account.name.clone(),
    ))
}

/// The first id that differs from the account's own.
fn mismatched_id<'a>(
    account: &'a Account,
    ids: &[&'a ObjectMember],
) -> Option<(&'a str, &'a Value, &'a Value)> {
    ids.iter().find_map(|(name, value)| {
        let own = account
            .get(name)
            .filter(|own| own.to_text() != value.to_text())?;
        Some((name.as_str(), own, value))
    })
}
