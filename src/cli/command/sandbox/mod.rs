//! `ingam sandbox`

mod announcement;
mod authority_folder;
mod env_file;
pub(super) mod env_value;
mod listen_options;

use super::session;
use crate::cli::args::{SandboxAction, SandboxArgs};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::ready_file::ReadyFile;
use crate::cli::request_lines::{LineFormat, RequestLines};
use crate::cli::settings;
use crate::cli::standard_input::until_end;
use crate::cli::stop_signals::StopSignals;
use crate::load::{FileKind, LoadedWorkspace, all_schemes, schemes_where};
use crate::model::scheme::Scheme;
use crate::sandbox::{
    JournalLine, RequestJournal, SandboxAuthority, SandboxServer, certificate_domains,
};
use announcement::SandboxAnnouncement;
use authority_folder::{AuthorityFolder, OpenedAuthority};
pub(super) use listen_options::{bind_address, check_scheme_names};
use std::sync::Arc;

/// Runs the sandbox until a signal or the end of standard input, and prints its addresses and test
/// keys.
pub(crate) fn run(
    invocation: &Invocation<'_>,
    args: &SandboxArgs,
    output: &Output,
) -> CommandResult {
    if let Some(SandboxAction::Ca { pem }) = args.action {
        return show_authority(invocation, pem);
    }
    session::start_runtime()?.block_on(listen(invocation, args, output))
}

/// The place of the certificate for `--cacert` and the like, or the certificate itself.
fn show_authority(invocation: &Invocation<'_>, pem: bool) -> CommandResult {
    let mut loaded = settings::load_kinds(invocation, &[FileKind::Scheme])?;
    let authority = AuthorityFolder::of(invocation)?.open(invocation, &[], || {
        certificate_domains(all_schemes(&mut loaded).iter().map(AsRef::as_ref))
    })?;
    let text = if pem {
        authority.record.certificate_pem().to_owned()
    } else {
        authority.certificate.display().to_string()
    };
    Ok(CommandOutput::of_data(text))
}

/// The authority for `--tls` and `--proxy-port`. The user is told when it is another than before.
fn open_authority(
    invocation: &Invocation<'_>,
    loaded: &mut LoadedWorkspace,
    schemes: &[Arc<Scheme>],
) -> Result<OpenedAuthority, CommandError> {
    let needed = certificate_domains(schemes.iter().map(AsRef::as_ref));
    let folder = AuthorityFolder::of(invocation)?;
    let authority = folder.open(invocation, &needed, || {
        certificate_domains(all_schemes(loaded).iter().map(AsRef::as_ref))
    })?;
    if authority.is_replaced {
        invocation.warnings.add_with_hint(
            "ingam created a new certificate authority for the sandbox, because the old one expired or does not cover these schemes",
            format!(
                "your clients must trust `{}` instead",
                authority.certificate.display()
            ),
        );
    }
    Ok(authority)
}

async fn listen(invocation: &Invocation<'_>, args: &SandboxArgs, output: &Output) -> CommandResult {
    let cwd = &invocation.host.cwd;
    // First of all: a script that waits for the file must not find that of a sandbox before.
    let ready_path = args.ready_file.as_ref().map(|path| cwd.join(path));
    let mut ready_file = ready_path.map(ReadyFile::claim).transpose()?;
    let env_path = args.env_file.as_ref().map(|path| cwd.join(path));
    env_path.as_deref().map(env_file::claim).transpose()?;
    let mut loaded = settings::load_kinds(invocation, &[FileKind::Recording, FileKind::Scheme])?;
    output.print_warnings(&invocation.warnings);
    let schemes = schemes_to_play(&mut loaded, &args.scheme)?;
    let lines = request_lines(args, output)?;
    let names = schemes.iter().map(|scheme| scheme.name.clone()).collect();
    let sink = lines.as_ref().map(|lines| line_sink(lines, args));
    let journal = RequestJournal::start(names, sink).map_err(|error| no_thread(&error))?;
    let authority = if args.tls || args.proxy_port.is_some() {
        Some(open_authority(invocation, &mut loaded, &schemes)?)
    } else {
        None
    };
    output.print_warnings(&invocation.warnings);
    let clock_and_rng = invocation.host.clock_and_rng();
    let ca_file = authority.as_ref().map(|opened| opened.certificate.clone());
    let authority = authority
        .map(|opened| SandboxAuthority::new(&opened.record, clock_and_rng).map(Arc::new))
        .transpose()?;
    let options =
        listen_options::listen_options(args, &schemes, invocation.host, journal, authority)?;
    let address = options.address;
    let push_to = options.push_to.as_ref().map(|url| url.as_str().to_owned());
    // Before anything is printed: a script that reads "listening" may send a signal at once.
    let mut signals = StopSignals::install()?;
    let sandbox = SandboxServer::start(&loaded.workspace, &schemes, options, clock_and_rng).await?;
    let announcement =
        SandboxAnnouncement::new(&schemes, &loaded.workspace, &sandbox, push_to, ca_file)?;
    if let Some(path) = &env_path {
        env_file::write(path, &announcement)?;
    }
    announcement.print(args.json, output);
    if !address.is_loopback() {
        invocation.warnings.add_with_hint(
            format!(
                "the sandbox listens on {address}: every machine that can connect to this one can call it"
            ),
            "its keys are not secret; other machines can use its controls only with `--control-key`",
        );
        output.print_warnings(&invocation.warnings);
    }
    if let Some(file) = &mut ready_file {
        file.write(&announcement.to_json())?;
    }
    let end = until_end(&mut signals, args.until_eof).await;
    if let Some(lines) = lines {
        lines.finish();
    }
    if let Some(file) = ready_file {
        file.remove()?;
    }
    Ok(CommandOutput::ended(end))
}

/// # Errors
/// When the thread that writes them cannot be started.
fn request_lines(
    args: &SandboxArgs,
    output: &Output,
) -> Result<Option<RequestLines>, CommandError> {
    if args.quiet {
        return Ok(None);
    }
    let format = if args.json {
        LineFormat::Ndjson
    } else {
        LineFormat::Text
    };
    let hint = "; `GET /.ingam/requests` shows the last requests";
    let lines = RequestLines::start(output, format, hint).map_err(|error| no_thread(&error))?;
    Ok(Some(lines))
}

/// What a journal calls for each request.
fn line_sink(
    lines: &RequestLines,
    args: &SandboxArgs,
) -> Box<dyn Fn(&JournalLine<'_>) + Send + Sync> {
    let (write, as_json) = (lines.sink(), args.json);
    Box::new(move |entry| {
        write(if as_json {
            entry.to_json()
        } else {
            entry.to_text()
        });
    })
}

fn no_thread(error: &std::io::Error) -> CommandError {
    CommandError::operation(format!("ingam cannot start a thread: {error}"))
}

/// The schemes that were named, or all.
///
/// # Errors
/// When there is no scheme of a name.
fn schemes_to_play(
    loaded: &mut LoadedWorkspace,
    names: &[String],
) -> Result<Vec<Arc<Scheme>>, CommandError> {
    if names.is_empty() {
        return Ok(all_schemes(loaded));
    }
    check_scheme_names(&loaded.workspace, "--scheme", names.iter())?;
    let place = |name: &str| names.iter().position(|named| named == name);
    let mut schemes = schemes_where(loaded, |name| place(name).is_some());
    // Ports are given in this order: the first scheme that is named gets the first port.
    schemes.sort_by_key(|scheme| place(&scheme.name));
    Ok(schemes)
}
