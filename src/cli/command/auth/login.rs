//! `ingam auth login`: link, browser, code, tokens.

use super::token_families::{self, FamilyContext};
use super::{AuthContext, AuthWorkspace, check_account, link};
use crate::cli::ExitStatus;
use crate::cli::args::LoginArgs;
use crate::model::environment::Account;
use crate::model::scheme::{AuthorizeLink, CredentialScope, Scheme, Token};
use crate::renew::RefreshKind;
use crate::run::AccountAccess;
use crate::transport::CallbackListener;
use crate::value::{ObjectMember, Value};
use std::time::Duration;

/// How long to wait for a person when the scheme does not say how long a code lives.
const DEFAULT_LOGIN_TIMEOUT: Duration = Duration::from_secs(600);

pub(super) async fn run(
    desk: &AuthContext<'_>,
    args: &LoginArgs,
) -> Result<ExitStatus, ExitStatus> {
    let room = desk
        .open_workspace(args.account_args.env.as_deref())
        .await?;
    let scheme = desk.find_scheme(room.loaded, &args.scheme)?;
    let link = link::choose_link(desk, &scheme, args.link.as_deref())?;
    check_account(desk, &room, &scheme, &args.account_args)?;
    let named = selected_account(&room, &scheme, args);
    require_account_name(desk, &room, &scheme, named)?;
    let access = room
        .context
        .environment
        .accesses
        .app_access(&scheme, named)
        .map_err(|error| desk.report_access_error(&error))?;
    room.context
        .register_secrets(&scheme, &access.credentials, &access.given_token);
    let back = await_callback(desk, args, &room, &scheme, link, &access).await?;
    let grant = AuthorizationGrant::new(desk, &room, &scheme, link, named, &back)?;
    // An account may have a host of its own.
    let account = room
        .accounts(&scheme)
        .into_iter()
        .find(|account| account.name == grant.account);
    let access = room
        .context
        .environment
        .accesses
        .app_access(&scheme, account)
        .map_err(|error| desk.report_access_error(&error))?;
    grant.exchange_code(desk, &room, &scheme, access).await
}

/// Tokens that are stored by the account's name need one before anybody is asked.
fn require_account_name(
    desk: &AuthContext<'_>,
    room: &AuthWorkspace,
    scheme: &Scheme,
    named: Option<&Account>,
) -> Result<(), ExitStatus> {
    let by_name = |token: &Token| {
        token.exchange.is_some() && token.key_credentials.iter().any(|name| name == "account")
    };
    let accounts = room.accounts(scheme);
    if named.is_none() && accounts.len() > 1 && scheme.tokens.iter().any(by_name) {
        let names = crate::diagnostic::join_names(
            accounts.iter().map(|account| account.name.as_str()),
            "and",
        );
        return Err(desk.usage_error(
            &format!(
                "`{}` has the accounts {names}, and none is named",
                scheme.name
            ),
            "name one with `--account`",
        ));
    }
    Ok(())
}

/// The account that was named, or the only one there is.
fn selected_account(
    room: &AuthWorkspace,
    scheme: &Scheme,
    args: &LoginArgs,
) -> Option<&'static Account> {
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

/// Shows the link and waits for the address that the browser ends at: on a page of this machine, or
/// pasted.
async fn await_callback(
    desk: &AuthContext<'_>,
    args: &LoginArgs,
    room: &AuthWorkspace,
    scheme: &Scheme,
    link: &AuthorizeLink,
    access: &AccountAccess,
) -> Result<Vec<(String, String)>, ExitStatus> {
    let page = match &args.redirect {
        Some(_) => None,
        None => Some(bind_callback_page(desk, args.port, room).await?),
    };
    let redirect = match (&args.redirect, &page) {
        (Some(redirect), _) => redirect.clone(),
        (None, page) => page
            .as_ref()
            .map(CallbackListener::redirect_url)
            .unwrap_or_default(),
    };
    link::check_redirect(desk, &redirect)?;
    let url = link::signed_link(desk, scheme, link, &redirect, access, &room.context)?;
    let whose = args
        .account_args
        .account
        .as_deref()
        .map(|name| format!(" of `{name}`"))
        .unwrap_or_default();
    desk.output
        .print_message(&format!("open this link and log in as the seller{whose}:"));
    desk.output.print_data(&url);
    if let Some(page) = page
        .as_ref()
        .filter(|_| !args.no_browser && can_open_browser(desk))
    {
        // The browser gets an address of this machine: its arguments can be read by others.
        let _ = open::that_detached(page.start_url());
    }
    let address = wait_for_address(
        desk,
        page,
        &url,
        link.code_lifetime.unwrap_or(DEFAULT_LOGIN_TIMEOUT),
    )
    .await?;
    callback_parameters(desk, &address, &redirect, link)
}

async fn bind_callback_page(
    desk: &AuthContext<'_>,
    port: u16,
    room: &AuthWorkspace,
) -> Result<CallbackListener, ExitStatus> {
    CallbackListener::bind(port, &hex::encode((room.context.environment.rng)()))
        .await
        .map_err(|error| {
            desk.output.print_error(
                &format!("cannot listen on 127.0.0.1:{port}: {error}"),
                &["choose another `--port`".to_owned()],
            );
            ExitStatus::OperationFailed
        })
}

/// On Linux a browser is where there is a display.
fn can_open_browser(desk: &AuthContext<'_>) -> bool {
    let display = !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| desk.host.env_var(name).is_some());
    display && desk.host.stderr.is_terminal && desk.host.env_var("CI").is_none()
}

/// The address from the page or from the keyboard, whichever comes first.
async fn wait_for_address(
    desk: &AuthContext<'_>,
    page: Option<CallbackListener>,
    url: &str,
    patience: Duration,
) -> Result<String, ExitStatus> {
    let types = page.is_none() || desk.host.stdin_is_terminal;
    let elsewhere = if page.is_some() {
        "; or, if the browser is on another machine, paste the address that it ends at"
    } else {
        ""
    };
    let what = if page.is_some() {
        "waiting for the browser"
    } else {
        "paste the address that the browser ends at"
    };
    desk.output
        .print_message(&format!("{what}{}:", if types { elsewhere } else { "" }));
    let came = async {
        match page {
            Some(page) => match page.wait_for_redirect(url).await {
                Ok(address) => Some(address),
                Err(error) => {
                    desk.output.print_error(&error.to_string(), &[]);
                    // The address can still be pasted.
                    if types {
                        std::future::pending().await
                    } else {
                        None
                    }
                }
            },
            None => std::future::pending().await,
        }
    };
    let typed = async {
        if types {
            tokio::task::spawn_blocking(read_line).await.ok().flatten()
        } else {
            std::future::pending().await
        }
    };
    let address = tokio::select! {
        address = came => address,
        address = typed => address,
        () = tokio::time::sleep(patience) => None,
    };
    address.ok_or_else(|| {
        desk.output.print_error(
            "nobody came back from the marketplace",
            &["a code would be too old by now: begin again".to_owned()],
        );
        ExitStatus::CredentialRequired
    })
}

/// `None` at the end of the input.
fn read_line() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim().to_owned())
}

/// The parameters of the address, if it is the one that the link names.
fn callback_parameters(
    desk: &AuthContext<'_>,
    address: &str,
    redirect: &str,
    link: &AuthorizeLink,
) -> Result<Vec<(String, String)>, ExitStatus> {
    let place = |url: &str| {
        url.split(['?', '#'])
            .next()
            .unwrap_or_default()
            .trim_end_matches('/')
            .to_owned()
    };
    if place(address) != place(redirect) {
        desk.output.print_error(
            "this is not the address that the link leads back to",
            &[format!("it begins with `{redirect}`")],
        );
        return Err(ExitStatus::CredentialRequired);
    }
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let pairs = crate::wire::parse_form(query.split('#').next().unwrap_or_default());
    if pairs
        .iter()
        .any(|(name, value)| *name == link.code_param && !value.is_empty())
    {
        return Ok(pairs);
    }
    let names = pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, _)| name.as_str());
    let came = if pairs.is_empty() {
        "nothing".to_owned()
    } else {
        crate::diagnostic::join_names(names, "and")
    };
    desk.output.print_error(
        &format!("the address has no `{}`", link.code_param),
        &[format!("it has {came}: was the authorization refused?")],
    );
    Err(ExitStatus::CredentialRequired)
}

/// An authorization that came back: a code, and for whom.
struct AuthorizationGrant<'s> {
    token: &'s Token,
    code: String,
    callback: Vec<(String, String)>,
    /// Credentials that came back with the code.
    returned_credentials: Vec<ObjectMember>,
    account: String,
}

impl<'s> AuthorizationGrant<'s> {
    fn new(
        desk: &AuthContext<'_>,
        room: &AuthWorkspace,
        scheme: &'s Scheme,
        link: &AuthorizeLink,
        named: Option<&Account>,
        back: &[(String, String)],
    ) -> Result<Self, ExitStatus> {
        let find = |name: &str| {
            back.iter()
                .find(|(key, value)| key == name && !value.is_empty())
                .map(|(_, value)| value.clone())
        };
        let kept = link
            .callback_params
            .iter()
            .filter_map(|(credential, name)| {
                Some((
                    credential.as_str().into(),
                    token_families::credential_value(scheme, credential, &find(name)?),
                ))
            });
        let ids: Vec<ObjectMember> = kept.collect();
        let Some(token) = token_for(scheme, &ids) else {
            let wanted = link.callback_params.iter().map(|(_, name)| name.as_str());
            let text = format!(
                "the address has a code, but no {}",
                crate::diagnostic::join_names(wanted, "or")
            );
            desk.output.print_error(
                &text,
                &["was it cut? In a shell it needs quotes".to_owned()],
            );
            return Err(ExitStatus::CredentialRequired);
        };
        let own: Vec<&ObjectMember> = ids
            .iter()
            .filter(|(name, _)| token.is_keyed_by(name))
            .collect();
        let account = authorized_account_name(desk, room, scheme, named, &own)?;
        let code = find(&link.code_param).unwrap_or_default();
        room.context
            .state
            .redactor
            .borrow_mut()
            .add_secret("code", &code);
        Ok(Self {
            token,
            code,
            callback: back.to_vec(),
            returned_credentials: ids,
            account,
        })
    }

    /// Gets the tokens, and for a shared pair those of each owner.
    async fn exchange_code(
        self,
        desk: &AuthContext<'_>,
        room: &AuthWorkspace,
        scheme: &Scheme,
        access: AccountAccess,
    ) -> Result<ExitStatus, ExitStatus> {
        let mut credentials = access.credentials.clone();
        self.returned_credentials
            .iter()
            .for_each(|(name, value)| credentials.set(name, value.clone()));
        let chain = FamilyContext {
            scheme,
            token: self.token,
            access: &access,
            credentials,
            account: self.account,
        };
        let act = RefreshKind::Exchange {
            code: self.code,
            callback: self.callback,
        };
        let record = chain
            .renew(room, act)
            .await
            .map_err(|failure| desk.report_renewal_failure(&room.context, &failure))?;
        token_families::report_tokens(desk, room, scheme, &record);
        let shared = !record.pending_splits.is_empty();
        let exit = token_families::split_shared_pair(desk, room, &chain, record).await;
        if !shared {
            suggest_account_ids(desk, room, &chain, &self.returned_credentials);
        }
        Ok(exit)
    }
}

/// What to write in ingam.yaml, when the account does not say its ids yet.
fn suggest_account_ids(
    desk: &AuthContext<'_>,
    room: &AuthWorkspace,
    chain: &FamilyContext<'_>,
    ids: &[ObjectMember],
) {
    let accounts = room.accounts(chain.scheme);
    let account = accounts
        .iter()
        .find(|account| account.name == chain.account);
    let unsaid = ids.iter().filter(|(name, _)| {
        chain.token.is_keyed_by(name) && chain.access.credentials.get(name).is_none()
    });
    let unsaid: Vec<String> = unsaid
        .map(|(name, value)| format!("{name}: {}", value.to_text()))
        .collect();
    if !unsaid.is_empty()
        && account.is_none_or(|account| ids.iter().all(|(name, _)| account.get(name).is_none()))
    {
        let name = account.map_or("NAME", |account| account.name.as_str());
        let (env, scheme, ids) = (
            &room.context.options.environment,
            &chain.scheme.name,
            unsaid.join(", "),
        );
        desk.output.print_message(&format!(
            "write in ingam.yaml: `envs: {{ {env}: {{ accounts: {{ {scheme}: {{ {name}: {{ {ids} }} }} }} }} }}`"
        ));
    }
}

/// The token whose owner is named by what came back; one that is stored by the account's name alone
/// fits always.
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
    // A token that says more of its owner goes before one that says nothing.
    let own = |token: &&Token| token.key_credentials.iter().filter(is_own).count();
    scheme.tokens.iter().filter(fits).max_by_key(own)
}

/// Under which name the tokens are known. The one that was named must be the one that was
/// authorized.
fn authorized_account_name(
    desk: &AuthContext<'_>,
    room: &AuthWorkspace,
    scheme: &Scheme,
    named: Option<&Account>,
    ids: &[&ObjectMember],
) -> Result<String, ExitStatus> {
    if let Some(account) = named {
        return match mismatched_id(account, ids) {
            None => Ok(account.name.clone()),
            Some((name, own, value)) => {
                let text = format!(
                    "the seller has authorized {name} {}, and `{}` is {}",
                    value.to_text(),
                    account.name,
                    own.to_text()
                );
                let hint =
                    "the code was not used: log in as the right seller, or name the right account";
                desk.output.print_error(&text, &[hint.to_owned()]);
                Err(ExitStatus::CredentialRequired)
            }
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

/// The first id that is another than the account's own.
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
