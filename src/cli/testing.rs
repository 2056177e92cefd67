//! Requests inside `cargo test`: each request file of a workspace as a test of its own, or one of
//! them in a test that you write. Besides `main` this is the only place that reads the environment,
//! the clock and the random generator.
//!
//! A test target with `harness = false` runs all requests, and takes the arguments of any Rust
//! test:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     ingam::testing::TestWorkspace::open(env!("CARGO_MANIFEST_DIR")).replay().main()
//! }
//! ```
//!
//! A test of your own runs one request and checks its responses, for example with insta:
//!
//! ```no_run
//! let shop = ingam::testing::TestWorkspace::open(env!("CARGO_MANIFEST_DIR")).replay();
//! let outcome = shop.run("coupang/product_search");
//! outcome.assert_passed();
//! assert!(outcome.responses()[0].contains("productPrice"));
//! // insta::assert_snapshot!(outcome.responses()[0]);
//! ```

use super::args::{CliArgs, Command};
use super::command::session;
use super::command_error::CommandError;
use super::command_output::CommandResult;
use super::exit_status::ExitStatus;
use super::invocation::Invocation;
use super::output::Output;
use super::run_workspace::{RunCommand, run_loaded, run_with_reports};
use super::shown_faults::shown_faults;
use crate::event::{Event, StepReport};
use crate::host::{ColorChoice, HostContext, OutputStream, RandomError};
use crate::load::{LoadedWorkspace, load};
use crate::report::Reporter;
use crate::span::SourceMap;
use clap::Parser;
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

// Their names outside: `ingam::testing::Workspace`, as tests write it.
pub use self::{TestOutcome as Outcome, TestWorkspace as Workspace};

/// A workspace whose requests are tests.
#[derive(Clone)]
pub struct TestWorkspace {
    root: PathBuf,
    options: Vec<String>,
    env: BTreeMap<String, String>,
    clock: fn() -> i64,
    loaded: Arc<OnceLock<Result<Arc<LoadedWorkspace>, WorkspaceError>>>,
}

/// Why a workspace cannot be tested: it cannot be read, or its files have faults. The text lists
/// all faults with their places.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub struct WorkspaceError {
    text: String,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct TestOutcome {
    code: u8,
    report: String,
    responses: Vec<String>,
}

impl TestOutcome {
    /// Everything passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.code == 0
    }

    /// The exit code that `ingam run` would have had.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.code
    }

    /// The text that `ingam run` would have printed. Secrets are redacted.
    #[must_use]
    pub fn report(&self) -> &str {
        &self.report
    }

    /// The responses in the order of the requests: status, headers, body. Secrets are redacted, and
    /// each response is cut at 4,096 characters.
    #[must_use]
    pub fn responses(&self) -> &[String] {
        &self.responses
    }

    /// The name of `responses` in version 0.1.0.
    #[doc(hidden)]
    #[must_use]
    pub fn answers(&self) -> &[String] {
        self.responses()
    }

    /// # Panics
    /// If the run did not pass. The message holds the whole report.
    pub fn assert_passed(&self) {
        assert!(self.passed(), "exit code {}\n{}", self.code, self.report);
    }
}

impl TestWorkspace {
    /// The workspace whose root is `root`, with the variables of this process, in its default
    /// environment.
    #[must_use]
    pub fn open(root: impl AsRef<Path>) -> Self {
        let env = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        // The test harness reports the result of each request. Annotations of every run would
        // report it to GitHub Actions a second time.
        let env = env.filter(|(name, _)| !name.starts_with("GITHUB_"));
        Self {
            root: root.as_ref().to_owned(),
            options: Vec::new(),
            env: env.collect(),
            clock: system_clock_ms,
            loaded: Arc::default(),
        }
    }

    /// Replays recordings: no socket, no keys.
    #[must_use]
    pub fn replay(self) -> Self {
        self.option("--replay")
    }

    /// Selects an environment instead of the default one.
    #[must_use]
    pub fn environment(self, name: &str) -> Self {
        self.option(&format!("--env={name}"))
    }

    /// Overrides a variable. Not for secrets.
    #[must_use]
    pub fn var(self, name: &str, value: &str) -> Self {
        self.option(&format!("--var={name}={value}"))
    }

    /// Any other option of `ingam run`.
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// Replaces the environment variables of this process.
    #[must_use]
    pub fn env(mut self, env: impl IntoIterator<Item = (String, String)>) -> Self {
        self.env = env.into_iter().collect();
        self
    }

    /// Replaces the clock. It returns Unix milliseconds.
    #[must_use]
    pub fn clock(mut self, clock: fn() -> i64) -> Self {
        self.clock = clock;
        self
    }

    /// Runs requests: an id, file, folder or glob, as on the command line.
    #[must_use]
    pub fn run(&self, request: &str) -> TestOutcome {
        // On a thread of its own: tokio panics if a runtime is started inside of another, and the
        // caller may be an async test.
        let done =
            std::thread::scope(|scope| scope.spawn(|| self.run_on_this_thread(request)).join());
        done.unwrap_or_else(|panic| TestOutcome {
            code: ExitStatus::OperationFailed.code(),
            report: format!("the run panicked: {}", panic_message(panic.as_ref())),
            responses: Vec::new(),
        })
    }

    /// The names of all request files, in order.
    ///
    /// # Errors
    /// If the workspace cannot be read or has faults.
    pub fn requests(&self) -> Result<Vec<String>, WorkspaceError> {
        let loaded = self.loaded()?;
        Ok(loaded
            .workspace
            .requests
            .iter()
            .map(|request| request.name.clone())
            .collect())
    }

    /// Runs every request file as a test, with the arguments of every Rust test: filters, `--list`,
    /// `--skip` and so on.
    #[must_use]
    pub fn main(self) -> ExitCode {
        libtest_mimic::run(&Arguments::from_args(), self.trials()).exit_code()
    }

    fn trials(&self) -> Vec<Trial> {
        let loaded = match self.loaded() {
            Ok(loaded) => loaded,
            // A workspace that cannot be loaded must not look like one without requests.
            Err(faults) => {
                return vec![Trial::test("the_workspace_loads", move || {
                    Err(Failed::from(faults.text))
                })];
            }
        };
        let trial = |request: &crate::model::request::Request| {
            let (workspace, name, skipped) =
                (self.clone(), request.name.clone(), request.skip.is_some());
            let test = move || {
                let outcome = workspace.run(&name);
                if outcome.passed() {
                    Ok(())
                } else {
                    Err(Failed::from(outcome.report))
                }
            };
            Trial::test(request.name.clone(), test).with_ignored_flag(skipped)
        };
        loaded.workspace.requests.iter().map(trial).collect()
    }

    fn run_on_this_thread(&self, request: &str) -> TestOutcome {
        let host = self.host();
        let output = Output::capturing(&host);
        let mut responses = ResponseCollector::default();
        let status = match self.loaded() {
            Ok(loaded) => self.run_request(request, &host, &loaded, &output, &mut responses),
            Err(error) => {
                output.print_message(&error.text);
                ExitStatus::InvalidFile
            }
        };
        TestOutcome {
            code: status.code(),
            report: output.captured_text(),
            responses: responses.0,
        }
    }

    fn run_request(
        &self,
        request: &str,
        host: &HostContext,
        loaded: &LoadedWorkspace,
        output: &Output,
        responses: &mut ResponseCollector,
    ) -> ExitStatus {
        let args = match self.parse_args(request) {
            Ok(args) => args,
            Err(error) => {
                output.print_message(&error.to_string());
                return ExitStatus::InvalidUsage;
            }
        };
        let invocation = Invocation::new(host, &args.global);
        let result = match &args.command {
            Some(Command::Run(args)) => {
                let run = RunCommand {
                    invocation: &invocation,
                    args,
                    output,
                };
                run_blocking(&run, loaded, responses)
            }
            // `option` may hold any text, such as the name of another command.
            _ => Err(CommandError::usage("the options are not options of `run`")),
        };
        output.print_result(&invocation.warnings, result)
    }

    fn parse_args(&self, request: &str) -> Result<CliArgs, clap::Error> {
        let words = ["ingam", "run", "--verbose"]
            .into_iter()
            .chain(self.options.iter().map(String::as_str));
        // After `--` a request whose name begins with a dash is not read as an option.
        CliArgs::try_parse_from(words.chain(["--", request]))
    }

    /// Loaded once, and kept as long as a clone of this workspace is.
    fn loaded(&self) -> Result<Arc<LoadedWorkspace>, WorkspaceError> {
        self.loaded
            .get_or_init(|| load_workspace(&self.root, &self.host()))
            .clone()
    }

    fn host(&self) -> HostContext {
        let terminal = OutputStream {
            is_terminal: false,
            width: 120,
        };
        HostContext {
            args: Vec::new(),
            env: self.env.clone(),
            cwd: self.root.clone(),
            executable: std::env::current_exe().unwrap_or_default(),
            stdout: terminal,
            stderr: terminal,
            stdin_is_terminal: false,
            threads: 1,
            color: ColorChoice::Auto,
            // The process belongs to the tests of a user, who may want its dumps.
            core_dumps_disabled: Ok(()),
            clock: self.clock,
            random_bytes: random_seed,
        }
    }
}

fn run_blocking(
    run: &RunCommand<'_>,
    loaded: &LoadedWorkspace,
    responses: &mut ResponseCollector,
) -> CommandResult {
    let runtime = session::start_runtime()?;
    let result = runtime.block_on(run_with_reports(
        run,
        &loaded.workspace.root,
        async |reports| run_loaded(run, loaded, reports, responses).await,
    ));
    // A name look-up cannot be cancelled: waiting for it would only delay the test.
    runtime.shutdown_background();
    result
}

fn load_workspace(root: &Path, host: &HostContext) -> Result<Arc<LoadedWorkspace>, WorkspaceError> {
    let loaded = load(root, host.threads).map_err(|error| WorkspaceError {
        text: format!("the workspace `{}` cannot be read: {error}", root.display()),
    })?;
    if !loaded.has_errors() {
        return Ok(Arc::new(loaded));
    }
    let output = Output::capturing(host);
    let error = CommandError::faults(shown_faults(
        host,
        root,
        &loaded.diagnostics,
        &loaded.sources,
    ));
    output.print_error(&error);
    Err(WorkspaceError {
        text: output.captured_text(),
    })
}

/// The payload of `panic!` is a `&str` or a `String`. Any other has no text.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("its panic has no message")
}

/// Collects the responses of a run.
#[derive(Default)]
struct ResponseCollector(Vec<String>);

impl Reporter for ResponseCollector {
    fn on_event(&mut self, event: &Event, _: &SourceMap) -> std::io::Result<()> {
        if let Event::UnitFinished(unit) = event {
            let answer =
                |step: &StepReport| Some(step.exchange.as_ref()?.response.as_ref()?.to_string());
            self.0.extend(unit.steps.iter().filter_map(answer));
        }
        Ok(())
    }
}

fn system_clock_ms() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "beside `main` the one place that reads the clock"
    )]
    let now = SystemTime::now();
    unix_ms(now)
}

fn unix_ms(now: SystemTime) -> i64 {
    let clamp = |ms: u128| i64::try_from(ms).unwrap_or(i64::MAX);
    // A clock before 1970 gives a negative time. As 1970 it would hide that tokens are not due yet.
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) => clamp(since.as_millis()),
        Err(before) => -clamp(before.duration().as_millis()),
    }
}

fn random_seed() -> Result<[u8; 16], RandomError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| RandomError::new(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_clock_before_1970_is_negative() {
        assert_eq!(unix_ms(UNIX_EPOCH + Duration::from_millis(5)), 5);
        assert_eq!(unix_ms(UNIX_EPOCH - Duration::from_millis(5)), -5);
    }

    #[test]
    fn a_panic_keeps_its_message() {
        let panic = |text: String| std::thread::spawn(move || panic!("{text}")).join();
        let payload = panic("a lane broke".to_owned()).unwrap_err();
        assert_eq!(panic_message(payload.as_ref()), "a lane broke");
    }
}
