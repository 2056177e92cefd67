//! `ingam auth`: loads the workspace and runs the subcommand.

use super::context::AuthContext;
use super::used_schemes::{named_in_environments, used_schemes};
use super::{import, link, login, set, status, token, token_families};
use crate::cli::args::{AuthAction, AuthArgs};
use crate::cli::command::session;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::CommandResult;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::settings;
use crate::load::{FileKind, LoadedWorkspace, schemes_where};
use crate::model::environment::DEFAULT_ACCOUNT;

/// What the subcommands need of the workspace.
const KINDS: &[FileKind] = &[FileKind::Scheme];

pub(crate) fn run(invocation: &Invocation<'_>, args: &AuthArgs, output: &Output) -> CommandResult {
    if let AuthAction::Set { value, .. } = &args.action
        && !value.is_empty()
    {
        return Err(CommandError::usage(
            "a secret cannot be an argument, because every process of this machine can read it",
        )
        .hint("run `ingam auth set SCHEME NAME`, and type the value at the prompt or pipe it to standard input"));
    }
    let runtime = session::start_runtime()?;
    let loaded = match named_scheme(&args.action) {
        Some(scheme) => session::load_with_scheme(invocation, KINDS, scheme),
        None => load_used_schemes(&runtime, invocation, &args.action),
    }?;
    let files = session::open_files(invocation.host, &loaded)?;
    // Before a prompt or a link, which would otherwise come first.
    output.print_warnings(&invocation.warnings);
    let auth = AuthContext {
        invocation,
        output,
        loaded: &loaded,
        files: &files,
    };
    let result = runtime.block_on(act(&auth, &args.action));
    // A login may leave a blocked read of standard input behind. Waiting for it would need Enter.
    runtime.shutdown_background();
    result
}

/// The workspace for a command that names no scheme.
fn load_used_schemes(
    runtime: &tokio::runtime::Runtime,
    invocation: &Invocation<'_>,
    action: &AuthAction,
) -> Result<LoadedWorkspace, CommandError> {
    let mut loaded = settings::load_kinds(invocation, KINDS)?;
    let used = if names_declared_account(action) {
        // No scheme that ingam.yaml does not name has such an account, so the store is not asked.
        Ok(Some(named_in_environments(&loaded.workspace)))
    } else {
        runtime.block_on(used_schemes(invocation, &loaded.workspace))
    };
    // If the store cannot be opened, the command opens it again and says why.
    let used = used.unwrap_or(None);
    loaded.workspace.schemes = schemes_where(&mut loaded, |name| {
        used.as_ref().is_none_or(|used| used.contains(name))
    });
    Ok(loaded)
}

/// Whether an action is about an account that only ingam.yaml can declare.
fn names_declared_account(action: &AuthAction) -> bool {
    matches!(action, AuthAction::Token { account, .. } if account != DEFAULT_ACCOUNT)
}

/// The only scheme that an action is about.
fn named_scheme(action: &AuthAction) -> Option<&str> {
    match action {
        AuthAction::Link { scheme, .. }
        | AuthAction::Logout { scheme, .. }
        | AuthAction::Set { scheme, .. } => Some(scheme),
        AuthAction::Login(login) => Some(&login.scheme),
        AuthAction::Import(import) => Some(&import.scheme),
        AuthAction::Refresh { scheme, .. } | AuthAction::Token { scheme, .. } => scheme.as_deref(),
        AuthAction::Status => None,
    }
}

async fn act(auth: &AuthContext<'_>, action: &AuthAction) -> CommandResult {
    match action {
        AuthAction::Link {
            scheme,
            redirect,
            target,
        } => link::run(auth, scheme, redirect, target).await,
        AuthAction::Login(login) => login::run(auth, login).await,
        AuthAction::Import(import) => import::run(auth, import).await,
        AuthAction::Status => status::run(auth).await,
        AuthAction::Refresh {
            scheme,
            account_args,
        } => token_families::refresh(auth, scheme.as_deref(), account_args).await,
        AuthAction::Logout {
            scheme,
            account_args,
            keep_authorization,
        } => token_families::logout(auth, scheme, account_args, *keep_authorization).await,
        AuthAction::Set {
            scheme,
            name,
            file,
            account_args,
            ..
        } => set::run(auth, scheme, name, *file, account_args),
        AuthAction::Token {
            account,
            scheme,
            env,
        } => token::run(auth, account, scheme.as_deref(), env.as_deref()).await,
    }
}
