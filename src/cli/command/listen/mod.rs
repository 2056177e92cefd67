//! `ingam listen`: receives what a marketplace pushes, verifies it, and passes it on.

mod keys;
mod lines;

use super::sandbox::bind_address;
use super::session;
use crate::cli::args::ListenArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::invocation::Invocation;
use crate::cli::listen_error::cannot_listen;
use crate::cli::output::Output;
use crate::cli::push_address::parse_address;
use crate::cli::settings;
use crate::cli::standard_input::until_end;
use crate::cli::stop_signals::StopSignals;
use crate::diagnostic::{did_you_mean, join_names};
use crate::inbound::ListeningSocket;
use crate::load::{FileKind, LoadedWorkspace};
use crate::model::scheme::{Scheme, SchemeOrigin};
use crate::push::{ForwardAddress, ForwardAddressError, PushExaminer, PushKeys, PushServer};
use crate::wire::BaseUrlError;
use keys::PushAccounts;
use lines::{PushCounts, print_pushes};
use std::net::SocketAddr;
use std::sync::Arc;

/// Receives pushes until a signal or the end of standard input.
pub(crate) fn run(
    invocation: &Invocation<'_>,
    args: &ListenArgs,
    output: &Output,
) -> CommandResult {
    session::start_runtime()?.block_on(listen(invocation, args, output))
}

async fn listen(invocation: &Invocation<'_>, args: &ListenArgs, output: &Output) -> CommandResult {
    let address = parse_address(
        "--url",
        &args.url,
        "pass the whole address that is registered with the marketplace, such as https://my.app/push",
    )?;
    let forward = args.forward.as_deref().map(parse_forward).transpose()?;
    let bind = SocketAddr::from((bind_address(&args.bind)?, args.port));
    let loaded = session::load_with_all_schemes(invocation, &[FileKind::Scheme])?;
    let scheme = find_scheme(&loaded, &args.scheme)?;
    let webhooks = find_webhooks(&loaded, &scheme, args.webhook.as_deref())?;
    let environment =
        settings::resolve_environment(&loaded.workspace, args.account_args.env.as_deref())?;
    let account = args.account_args.account.as_deref();
    let accounts = PushAccounts::collect(
        invocation.host,
        &loaded,
        &scheme,
        &webhooks,
        &environment,
        account,
    )?;
    let keys = Arc::new(PushKeys {
        scheme,
        webhooks,
        address,
        accounts: accounts.own,
        other_accounts: accounts.others,
    });
    let counts = Arc::new(PushCounts::default());
    let show = print_pushes(output, args.json, accounts.redactor, Arc::clone(&counts));
    let (examiner, watcher) = PushExaminer::start(Arc::clone(&keys), show).map_err(|error| {
        CommandError::operation(format!("ingam cannot start a thread: {error}"))
    })?;
    // Before anything is printed: a script that reads "listening" may send a signal at once.
    let mut signals = StopSignals::install()?;
    let socket = ListeningSocket::bind(bind)
        .await
        .map_err(|error| cannot_listen(bind, &error, "127.0.0.1 or 0.0.0.0"))?;
    announce(invocation, args, output, socket.local, &keys, &environment);
    let server = PushServer {
        keys,
        forward,
        watcher,
        clock: invocation.host.clock,
    };
    let serving = tokio::spawn(server.serve(socket));
    let end = until_end(&mut signals, args.until_eof).await;
    serving.abort();
    examiner.finish();
    let (accepted, others) = counts.get();
    output.print_message(&format!(
        "pushes: {accepted} accepted, {others} refused or not delivered"
    ));
    Ok(CommandOutput::ended(end))
}

fn announce(
    invocation: &Invocation<'_>,
    args: &ListenArgs,
    output: &Output,
    local: SocketAddr,
    keys: &PushKeys,
    environment: &str,
) {
    let (scheme, url) = (&keys.scheme.name, keys.address.as_str());
    if args.json {
        let line = serde_json::json!({
            "event": "listening",
            "address": format!("http://{local}"),
            "scheme": scheme,
            "webhooks": keys.webhooks,
            "url": url,
            "env": environment,
            "forward": args.forward,
        });
        output.print_report(&format!("{line}\n"));
    } else {
        output.print_data(&format!(
            "listening on http://{local} for pushes of {scheme} ({}) to {url}, with the keys of environment {environment}",
            join_names(keys.webhooks.iter().map(String::as_str), "and")
        ));
    }
    if !local.ip().is_loopback() {
        invocation.warnings.add_with_hint(
            format!(
                "it listens on {local}: every machine that can connect to this one can call it"
            ),
            "only pushes with a valid signature are forwarded",
        );
    }
    output.print_warnings(&invocation.warnings);
}

fn parse_forward(text: &str) -> Result<ForwardAddress, CommandError> {
    ForwardAddress::parse(text).map_err(|error| {
        if let ForwardAddressError::Url(BaseUrlError::UserInfo(_)) = error {
            return CommandError::usage("`--forward` names a user")
                .hint("remove the user and the password");
        }
        let hint = match &error {
            ForwardAddressError::NotPlain(_) => {
                "pass an address with `http://`, such as http://127.0.0.1:3000"
            }
            ForwardAddressError::Url(BaseUrlError::QueryOrFragment(_)) => {
                "remove the query: a push keeps its own query"
            }
            ForwardAddressError::Url(_) => {
                "pass the address of your program, such as http://127.0.0.1:3000 or http://127.0.0.1:3000/hooks"
            }
        };
        CommandError::usage(format!("`--forward`: {error}")).hint(hint)
    })
}

fn find_scheme(loaded: &LoadedWorkspace, name: &str) -> Result<Arc<Scheme>, CommandError> {
    let schemes = &loaded.workspace.schemes;
    loaded.workspace.scheme(name).cloned().ok_or_else(|| {
        let hint = did_you_mean(name, schemes.iter().map(|scheme| scheme.name.as_str()))
            .unwrap_or_else(|| "`ingam scheme list` shows the schemes".to_owned());
        CommandError::usage(format!("there is no scheme `{name}`")).hint(hint)
    })
}

/// The named webhook, or all of the scheme.
fn find_webhooks(
    loaded: &LoadedWorkspace,
    scheme: &Scheme,
    named: Option<&str>,
) -> Result<Vec<String>, CommandError> {
    let names: Vec<&str> = scheme
        .webhooks
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    if names.is_empty() {
        return Err(no_webhooks(loaded, scheme));
    }
    let Some(named) = named else {
        return Ok(names.into_iter().map(str::to_owned).collect());
    };
    if names.contains(&named) {
        return Ok(vec![named.to_owned()]);
    }
    Err(CommandError::usage(format!(
        "the scheme `{}` has no webhook `{named}`",
        scheme.name
    ))
    .hint(format!("it has {}", join_names(names.into_iter(), "and"))))
}

fn no_webhooks(loaded: &LoadedWorkspace, scheme: &Scheme) -> CommandError {
    let all = loaded.workspace.schemes.iter();
    let having = all.filter(|other| !other.webhooks.is_empty());
    let having: Vec<&str> = having.map(|other| other.name.as_str()).collect();
    let error = CommandError::usage(format!(
        "the scheme `{}` does not say how its pushes are signed: it has no `webhooks`",
        scheme.name
    ))
    .hint(format!(
        "these schemes have webhooks: {}",
        join_names(having.into_iter(), "and")
    ));
    if scheme.origin == SchemeOrigin::Workspace {
        return error
            .hint("add `webhooks` to its file; docs/reference/scheme/webhooks.md shows how");
    }
    error
}
