//! The command line: arguments, settings, exit codes, and one file for each verb.

mod args;
mod command;
mod exit_status;
mod output;
mod report_outputs;
mod settings;
pub mod testing;

pub use exit_status::ExitStatus;

use crate::host::HostContext;
use args::{CliArgs, Command};
use clap::Parser;
use output::Output;

/// Runs the program; never panics on input, and never prints a secret.
#[must_use]
pub fn run(host: &HostContext) -> ExitStatus {
    let args = match CliArgs::try_parse_from(&host.args) {
        Ok(args) => args,
        Err(error) => return print_clap_error(&error),
    };
    let output = Output::new(host);
    match args.command {
        Command::Run(run) => command::run::run(host, &args.global, &run, &output),
        Command::Check(check) => command::check::run(host, &args.global, &check, &output),
        Command::List(list) => command::list::run(host, &args.global, &list, &output),
        Command::Explain(explain) => command::explain::run(host, &args.global, &explain, &output),
        Command::Scheme(scheme) => command::scheme::run(host, &args.global, &scheme, &output),
        Command::Auth(auth) => command::auth::run(host, &args.global, &auth, &output),
        Command::Budget(budget) => command::budget::run(host, &args.global, &budget, &output),
        Command::Sandbox(sandbox) => command::sandbox::run(host, &args.global, &sandbox, &output),
        Command::Trust(trust) => command::trust::run(host, &args.global, &trust, &output),
        Command::Fixture(fixture) => command::fixture::run(host, &args.global, &fixture, &output),
        Command::Recording(recording) => {
            command::recording::run(host, &args.global, &recording, &output)
        }
        Command::Cleanup(cleanup) => command::cleanup::run(host, &args.global, &cleanup, &output),
        Command::Snapshot(snapshot) => {
            command::snapshot::run(host, &args.global, &snapshot, &output)
        }
        Command::Report(report) => command::report::run(host, &args.global, &report, &output),
        Command::Init(init) => command::init::run(host, &init, &output),
        Command::Schema(schema) => command::schema::run(&schema, &output),
        Command::Completions(completions) => command::completions::run(&completions),
        Command::RenewHelper => command::renew_helper::run(host),
    }
}

/// Help and version are answers, everything else is a mistake. What was typed is clap's to show: no
/// secret is an argument.
fn print_clap_error(error: &clap::Error) -> ExitStatus {
    let _ = error.print();
    if error.use_stderr() {
        ExitStatus::InvalidUsage
    } else {
        ExitStatus::Success
    }
}
