//! `ingam gateway`: a signing reverse proxy for the user's own programs.

mod key_file;

use super::sandbox::{bind_address, check_scheme_names};
use super::session::{self, RunSession, RunTarget};
use crate::budget::{Budget, BudgetLocation};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::gateway_args::GatewayArgs;
use crate::cli::given_hosts::given_hosts;
use crate::cli::invocation::Invocation;
use crate::cli::listen_error::cannot_listen;
use crate::cli::output::Output;
use crate::cli::ready_file::ReadyFile;
use crate::cli::request_lines::{LineFormat, RequestLines};
use crate::cli::settings;
use crate::cli::standard_input::until_end;
use crate::cli::stop_signals::StopSignals;
use crate::event::Event;
use crate::gateway::{CallRecord, GatewayGuard, GatewayLimits, GatewayServer};
use crate::inbound::ListeningSocket;
use crate::load::{FileKind, LoadedWorkspace, all_schemes, parse_size};
use crate::model::environment::SANDBOX_ENV;
use crate::model::scheme::Scheme;
use crate::run::{AccessEnvironment, RunBudget, RunContext, StopSignal, stop_channel};
use crate::sandbox::{ListenOptions, RequestJournal, SandboxServer};
use key_file::{LocatedKey, find_key};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// How long a failed renewal of a token is not tried again: whoever calls meanwhile would only
/// repeat it.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// Passes calls on until a signal or the end of standard input.
pub(crate) fn run(
    invocation: &Invocation<'_>,
    args: &GatewayArgs,
    output: &Output,
) -> CommandResult {
    let runtime = session::start_runtime()?;
    let result = runtime.block_on(serve(invocation, args, output));
    // A name look-up runs on a thread that cannot be cancelled. Its result is no longer needed.
    runtime.shutdown_background();
    result
}

async fn serve(invocation: &Invocation<'_>, args: &GatewayArgs, output: &Output) -> CommandResult {
    let host = invocation.host;
    // First of all: a script that waits for the file must not find that of a gateway before.
    let ready_path = args.ready_file.as_ref().map(|path| host.cwd.join(path));
    let mut ready_file = ready_path.map(ReadyFile::claim).transpose()?;
    let bind = SocketAddr::from((bind_address(&args.bind)?, args.port));
    refuse_open_network(args, bind)?;
    let limits = limits(args)?;
    let mut loaded = settings::load_kinds(invocation, &[FileKind::Recording, FileKind::Scheme])?;
    loaded.workspace.schemes = all_schemes(&mut loaded);
    let loaded = loaded;
    let schemes = served_schemes(&loaded, &args.scheme)?;
    let environment = settings::resolve_environment(&loaded.workspace, args.env.as_deref())?;
    let located = find_key(host, args.key_file.as_deref())?;
    let files = session::open_files(host, &loaded)?;
    let session = RunSession {
        host,
        global: invocation.global,
        loaded: &loaded,
        files: &files,
    };
    let mut context = open_context(invocation, args, &session, &schemes, environment).await?;
    let redactor = context.state.redactor.get_mut();
    redactor.add_secret("gateway.key", located.key.expose());
    let mut notices = context.environment.budget.subscribe();
    let context = context;
    let lines = call_lines(args, output)?;
    let on_call = call_printer(args, lines.as_ref(), &context);
    let guard = GatewayGuard {
        key: located.key.clone(),
        hosts: own_hosts(args, bind),
    };
    let server = GatewayServer::new(guard, limits, &schemes, host.clock, on_call);
    // Before anything is printed: a script that reads "listening" may send a signal at once.
    let mut signals = StopSignals::install()?;
    let socket = ListeningSocket::bind(bind)
        .await
        .map_err(|error| cannot_listen(bind, &error, "127.0.0.1 or ::1"))?;
    let announcement = Announcement {
        address: socket.local,
        environment: &context.options.environment,
        located: &located,
        allows_writes: args.write,
    };
    announcement.print(args, output);
    warn_of_network(invocation, args, socket.local);
    output.print_warnings(&invocation.warnings);
    if let Some(file) = &mut ready_file {
        file.write(&format!("{}\n", announcement.to_json()))?;
    }
    let (stopper, stop) = stop_channel();
    let ending = async {
        let end = until_end(&mut signals, args.until_eof).await;
        stopper.stop();
        end
    };
    let (end, (), ()) = tokio::join!(
        ending,
        server.serve(socket, &context, &stop),
        print_notices(&mut notices, &stop, output)
    );
    if let Some(lines) = lines {
        lines.finish();
    }
    if let Some(file) = ready_file {
        file.remove()?;
    }
    Ok(CommandOutput::ended(end))
}

fn limits(args: &GatewayArgs) -> Result<GatewayLimits, CommandError> {
    let max_body = parse_size(&args.max_body).and_then(|size| usize::try_from(size).ok());
    let max_body = max_body.ok_or_else(|| {
        CommandError::usage(format!(
            "`--max-body` needs a size, but got `{}`",
            args.max_body
        ))
        .hint("write a whole number with `KiB`, `MiB` or `GiB`, at most `2GiB`")
    })?;
    let timeout = settings::parse_duration_option("--timeout", &args.timeout)?;
    if timeout.is_zero() {
        return Err(
            CommandError::usage("`--timeout 0s` leaves no time for a response")
                .hint("write `30s` or `2m`"),
        );
    }
    Ok(GatewayLimits {
        max_body,
        timeout,
        allows_writes: args.write,
    })
}

/// # Errors
/// When other machines could call the gateway, and nobody said why.
fn refuse_open_network(args: &GatewayArgs, bind: SocketAddr) -> Result<(), CommandError> {
    let has_reason = match args.allow_network.as_deref().map(str::trim) {
        Some("") => {
            return Err(CommandError::usage("`--allow-network` has no reason").hint(
                "say why, such as --allow-network \"only our build network reaches this machine\"",
            ));
        }
        Some(_) => true,
        None => false,
    };
    if bind.ip().is_loopback() || has_reason {
        return Ok(());
    }
    Err(CommandError::usage(format!(
        "`--bind {}` lets other machines call the gateway, which signs calls for your shops",
        args.bind
    ))
    .hint("run the command without `--bind`; if other machines must connect, give the reason with `--allow-network REASON`"))
}

/// The names that a `Host` header may have besides those of this machine.
fn own_hosts(args: &GatewayArgs, bind: SocketAddr) -> Vec<String> {
    let mut hosts: Vec<String> = args
        .allow_host
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    if !bind.ip().is_loopback() && !bind.ip().is_unspecified() {
        hosts.push(match bind {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        });
    }
    hosts
}

/// The named schemes, or all.
fn served_schemes(
    loaded: &LoadedWorkspace,
    names: &[String],
) -> Result<Vec<Arc<Scheme>>, CommandError> {
    let workspace = &loaded.workspace;
    check_scheme_names(workspace, "--scheme", names.iter())?;
    let is_served = |scheme: &&Arc<Scheme>| names.is_empty() || names.contains(&scheme.name);
    Ok(workspace
        .schemes
        .iter()
        .filter(is_served)
        .cloned()
        .collect())
}

/// What the calls are sent with.
async fn open_context<'w>(
    invocation: &Invocation<'w>,
    args: &GatewayArgs,
    session: &RunSession<'w>,
    schemes: &[Arc<Scheme>],
    environment: String,
) -> Result<RunContext<'w>, CommandError> {
    let (host, loaded) = (invocation.host, session.loaded);
    let wait = settings::parse_duration_option("--wait", &args.wait)?;
    let target = RunTarget {
        hosts: given_hosts(host, &loaded.workspace, &environment, &args.host)?,
        environment,
        vars: Vec::new(),
    };
    let is_sandbox = target.environment == SANDBOX_ENV;
    let accesses = if is_sandbox {
        start_sandbox(invocation, loaded, schemes).await?
    } else {
        session::open_environment(host, loaded, &target, schemes).await?
    };
    if let Some(warning) = accesses.credential_warning() {
        invocation.warnings.add(warning);
    }
    session::warn_of_unknown_variables(invocation, loaded, &accesses, schemes);
    let mut context = session.build_context(target, accesses, args.verbose)?;
    context.environment.tokens.failure_ttl_ms = i64::try_from(RENEWAL_PAUSE.as_millis()).ok();
    if is_sandbox {
        // Counted as elsewhere, and forgotten at the end: calls to the sandbox must not use up the
        // counts of the user's own keys.
        let budget = Budget::new(BudgetLocation::Memory, host.clock, host.random_bytes);
        context.environment.budget = RunBudget::new(budget);
    }
    context.environment.budget.max_wait = wait;
    Ok(context)
}

/// Plays the marketplaces in this process, with samples where nothing is recorded.
async fn start_sandbox<'w>(
    invocation: &Invocation<'_>,
    loaded: &'w LoadedWorkspace,
    schemes: &[Arc<Scheme>],
) -> Result<AccessEnvironment<'w>, CommandError> {
    let names = schemes.iter().map(|scheme| scheme.name.clone()).collect();
    let journal = RequestJournal::start(names, None).map_err(|error| {
        CommandError::operation(format!("ingam cannot start a thread: {error}"))
    })?;
    let options = ListenOptions {
        journal: Some(journal),
        ..ListenOptions::default()
    };
    let clock_and_rng = invocation.host.clock_and_rng();
    let sandbox = SandboxServer::start(&loaded.workspace, schemes, options, clock_and_rng).await?;
    Ok(AccessEnvironment::Sandbox(sandbox.origins))
}

fn call_lines(args: &GatewayArgs, output: &Output) -> Result<Option<RequestLines>, CommandError> {
    if args.quiet {
        return Ok(None);
    }
    let format = if args.json {
        LineFormat::Ndjson
    } else {
        LineFormat::Text
    };
    RequestLines::start(output, format, "")
        .map(Some)
        .map_err(|error| CommandError::operation(format!("ingam cannot start a thread: {error}")))
}

/// What the server calls for each call.
fn call_printer<'c>(
    args: &GatewayArgs,
    lines: Option<&RequestLines>,
    context: &'c RunContext<'_>,
) -> Box<dyn Fn(&CallRecord) + 'c> {
    let Some(lines) = lines else {
        return Box::new(|_| {});
    };
    let (write, as_json, is_verbose) = (lines.sink(), args.json, args.verbose);
    Box::new(move |record| {
        let mut redactor = context.state.redactor.borrow_mut();
        write(if as_json {
            record.to_json(&mut redactor)
        } else {
            record.to_text(&mut redactor, is_verbose)
        });
    })
}

/// What belongs to no call, such as a token response that was found on this machine.
async fn print_notices(events: &mut UnboundedReceiver<Event>, stop: &StopSignal, output: &Output) {
    loop {
        let event = tokio::select! {
            () = stop.requested() => return,
            Some(event) = events.recv() => event,
        };
        if let Event::RunNotice(notice) = event {
            let mut text = format!("warning: {}", notice.message.as_str());
            for hint in &notice.hints {
                text.push_str(&format!("\n  help: {}", hint.as_str()));
            }
            output.print_message(&text);
        }
    }
}

/// What the gateway says as soon as it listens. It never holds the key.
struct Announcement<'a> {
    address: SocketAddr,
    environment: &'a str,
    located: &'a LocatedKey,
    allows_writes: bool,
}

impl Announcement<'_> {
    fn print(&self, args: &GatewayArgs, output: &Output) {
        if args.json {
            output.print_report(&format!("{}\n", self.to_json()));
            return;
        }
        let LocatedKey { source, is_new, .. } = self.located;
        let passed = if self.allows_writes {
            "reads and writes"
        } else {
            "reads only; `--write` also accepts writes"
        };
        output.print_data(&format!(
            "listening on http://{} for calls in environment {}: {passed}",
            self.address, self.environment
        ));
        let made = if *is_new {
            ", which was created now"
        } else {
            ""
        };
        output.print_data(&format!("the key is in {source}{made}"));
        output.print_data(&format!(
            "call http://KEY@{}/SCHEME@ACCOUNT/PATH, or send the key in the header `x-ingam-key`",
            self.address
        ));
    }

    /// One line.
    fn to_json(&self) -> String {
        serde_json::json!({
            "event": "listening",
            "address": format!("http://{}", self.address),
            "env": self.environment,
            "key_source": self.located.source,
            "write": self.allows_writes,
        })
        .to_string()
    }
}

fn warn_of_network(invocation: &Invocation<'_>, args: &GatewayArgs, local: SocketAddr) {
    if local.ip().is_loopback() {
        return;
    }
    let reason = args.allow_network.as_deref().unwrap_or_default();
    invocation.warnings.add_with_hint(
        format!("the gateway listens on {local}: every machine that can connect and has the key can call your shops ({reason})"),
        "the key and the data are not encrypted between the client and the gateway",
    );
}
