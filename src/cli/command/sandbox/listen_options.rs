//! Where the sandbox listens, by its arguments.

use crate::cli::args::SandboxArgs;
use crate::cli::command_error::CommandError;
use crate::cli::push_address::parse_address;
use crate::cli::settings::CONTROL_KEY_VARIABLE;
use crate::diagnostic::did_you_mean;
use crate::host::HostContext;
use crate::load::scheme_names;
use crate::model::scheme::Scheme;
use crate::model::workspace::Workspace;
use crate::sandbox::{
    AllowedOrigins, ControlGuard, ListenOptions, PortPlan, ProxyOptions, RequestJournal,
    SandboxAuthority,
};
use crate::wire::RegisteredAddress;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The port of the first scheme, without `--port`.
const DEFAULT_FIRST_PORT: u16 = 9000;
/// The shortest control key, in bytes.
const MIN_CONTROL_KEY: usize = 8;

/// # Errors
/// When an argument is no address or port, or names a scheme that is not started.
pub(super) fn listen_options(
    args: &SandboxArgs,
    schemes: &[Arc<Scheme>],
    host: &HostContext,
    journal: Arc<RequestJournal>,
    authority: Option<Arc<SandboxAuthority>>,
) -> Result<ListenOptions, CommandError> {
    let ports = match args.one_port {
        Some(port) => PortPlan::Shared(port),
        None => separate_ports(&args.port, schemes)?,
    };
    Ok(ListenOptions {
        address: bind_address(&args.bind)?,
        ports,
        tls: authority.clone().filter(|_| args.tls),
        proxy: args
            .proxy_port
            .zip(authority)
            .map(|(port, authority)| ProxyOptions { port, authority }),
        allowed_origins: Arc::new(allowed_origins(&args.cors)?),
        trusts_forwarded_proto: args.trust_forwarded_proto,
        guard: ControlGuard {
            key: control_key(args, host)?,
            origins: args.cors.clone().into(),
        },
        push_to: push_address(args)?,
        journal: Some(journal),
    })
}

/// # Errors
/// When it is no `http` address, or one of another machine without `--allow-remote-push`.
fn push_address(args: &SandboxArgs) -> Result<Option<RegisteredAddress>, CommandError> {
    let Some(text) = &args.push_to else {
        return Ok(None);
    };
    let hint = "pass the whole address of your program, such as http://127.0.0.1:3000/push";
    let address = parse_address("--push-to", text, hint)?;
    if address.origin().is_https() {
        let message = format!("`--push-to {text}` is not `http`");
        return Err(CommandError::usage(message)
            .hint("ingam sends pushes unencrypted, to a program on this machine or network: pass its `http` address"));
    }
    if !address.origin().is_loopback() && !args.allow_remote_push {
        let message = format!("`--push-to {text}` is another machine");
        return Err(CommandError::usage(message).hint(
            "pass an address of this machine, such as http://127.0.0.1:3000/push; if the other machine is yours, add `--allow-remote-push`",
        ));
    }
    Ok(Some(address))
}

/// # Errors
/// When the key is too short, which an empty variable is.
fn control_key(args: &SandboxArgs, host: &HostContext) -> Result<Option<Arc<str>>, CommandError> {
    let (name, key) = match (&args.control_key, host.env_var(CONTROL_KEY_VARIABLE)) {
        (Some(key), _) => ("--control-key", key.as_str()),
        (None, Some(key)) => (CONTROL_KEY_VARIABLE, key),
        (None, None) => return Ok(None),
    };
    let is_header_text = key.bytes().all(|byte| byte.is_ascii_graphic());
    if key.len() < MIN_CONTROL_KEY || !is_header_text {
        let message = format!("the control key of `{name}` cannot be used");
        return Err(CommandError::usage(message).hint(format!(
            "use at least {MIN_CONTROL_KEY} printable ASCII characters, without spaces"
        )));
    }
    Ok(Some(key.into()))
}

/// # Errors
/// When one is not written as a browser sends it.
fn allowed_origins(texts: &[String]) -> Result<AllowedOrigins, CommandError> {
    AllowedOrigins::parse(texts).map_err(|error| {
        CommandError::usage(format!("`--cors {}` is not an origin", error.0))
            .hint("write it as the browser sends it: http://localhost:3000, without a path")
    })
}

/// An address, with the brackets that an IPv6 address has in a URL or without them.
pub(in crate::cli::command) fn bind_address(text: &str) -> Result<IpAddr, CommandError> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse().map_err(|_| {
        CommandError::usage(format!("`--bind {text}` is not an IP address"))
            .hint("pass an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0; set the port with `--port`")
    })
}

fn separate_ports(words: &[String], schemes: &[Arc<Scheme>]) -> Result<PortPlan, CommandError> {
    let (mut first, mut fixed) = (None, BTreeMap::new());
    for word in words {
        let twice =
            || CommandError::usage(format!("`--port {word}` sets a port that is already set"));
        match word.split_once('=') {
            None => {
                if first.replace(port_number(word, word)?).is_some() {
                    return Err(
                        twice().hint("set the first port once, and other ports as SCHEME=PORT")
                    );
                }
            }
            Some((scheme, port)) => {
                let port = port_number(port, word)?;
                refuse_unstarted(scheme, schemes)?;
                if fixed.insert(scheme.to_owned(), port).is_some() {
                    return Err(twice().hint(format!("give `{scheme}` one port")));
                }
            }
        }
    }
    let first = first.unwrap_or(DEFAULT_FIRST_PORT);
    Ok(PortPlan::Separate {
        first: (first > 0).then_some(first),
        fixed,
    })
}

fn port_number(text: &str, word: &str) -> Result<u16, CommandError> {
    text.parse().map_err(|_| {
        CommandError::usage(format!("`--port {word}`: `{text}` is not a port"))
            .hint("a port is a number from 0 to 65535; write `--port 9000` or `--port shopee=9105`")
    })
}

/// A port for a scheme that is not started would be free for anybody.
fn refuse_unstarted(name: &str, schemes: &[Arc<Scheme>]) -> Result<(), CommandError> {
    let names: Vec<&str> = schemes.iter().map(|scheme| scheme.name.as_str()).collect();
    if names.contains(&name) {
        return Ok(());
    }
    let hint = did_you_mean(name, names)
        .unwrap_or_else(|| "`ingam scheme list` shows the schemes".to_owned());
    Err(CommandError::usage(format!(
        "`--port {name}=…` names a scheme that is not started"
    ))
    .hint(hint))
}

/// # Errors
/// When there is no scheme of a name, or a name stands twice.
pub(in crate::cli::command) fn check_scheme_names<'n>(
    workspace: &Workspace,
    flag: &str,
    names: impl Iterator<Item = &'n String>,
) -> Result<(), CommandError> {
    let known = scheme_names(workspace);
    for name in names {
        if !known.contains(&name.as_str()) {
            let hint = did_you_mean(name, known)
                .unwrap_or_else(|| "`ingam scheme list` shows the schemes".to_owned());
            return Err(
                CommandError::usage(format!("`{flag} {name}`: there is no such scheme")).hint(hint),
            );
        }
    }
    Ok(())
}
