//! `ingam call`: one call that is written on the command line. It becomes a request file that is on
//! no disk, and takes the way of a run: budgets, tokens, retries, redaction and exit codes are the
//! same. The body of the response goes to standard output, everything else to standard error.

mod given_file;
mod item;
mod nested_key;
mod reporter;
mod request_file;
mod request_text;
mod response;
mod shown_json;

use super::explain::explain_request;
use super::session;
use crate::cli::args::{ExplainArgs, RequestFilter, RunArgs};
use crate::cli::call_args::CallArgs;
use crate::cli::command_error::{CommandError, SourceFaults};
use crate::cli::command_output::CommandResult;
use crate::cli::exit_status::{ExitStatus, FailureClass};
use crate::cli::invocation::Invocation;
use crate::cli::named_output::{NamedOutput, is_standard_output};
use crate::cli::output::Output;
use crate::cli::run_workspace::{RunCommand, run_delivering};
use crate::cli::settings;
use crate::cli::target_args::TargetArgs;
use crate::load::{GivenRequest, LoadedWorkspace, load_given_request};
use crate::model::environment::SANDBOX_ENV;
use crate::plan::Plan;
use crate::run::{RunContext, is_surely_read, unsigned_request};
use crate::span::Span;
use given_file::ItemFiles;
use reporter::CallReporter;
use request_file::CallFile;
use request_text::CallRequest;
use std::io::BufRead;
use std::path::Path;

/// What messages call the place where the request stands. No file has such a name.
const PLACE: &str = "<command line>";

pub(crate) fn run(invocation: &Invocation<'_>, args: &CallArgs, output: &Output) -> CommandResult {
    let host = invocation.host;
    let root = settings::find_root(host, invocation.global);
    let files = ItemFiles {
        cwd: &host.cwd,
        root: &root,
        secret_folders: settings::secret_folders(host),
    };
    let request = CallRequest::new(args, &files)?;
    let response_file = args
        .output
        .as_ref()
        .filter(|path| !is_standard_output(path));
    let response_file =
        response_file.map(|path| NamedOutput::new(host, &root, path, args.overwrite));
    let file = args.write.as_ref();
    let file = file.map(|path| CallFile::new(&host.cwd, &root, path));
    let call = CommandLineCall {
        invocation,
        args,
        output,
        request,
        response_file: response_file.transpose()?,
        file: file.transpose()?,
    };
    let loaded = call.load(&root)?;
    if args.explain {
        return explain_request(invocation, &loaded, &call.explain_args()).map_err(as_usage);
    }
    let runtime = session::start_runtime()?;
    let result = runtime.block_on(call.send(&loaded));
    // A name look-up runs on a thread that cannot be cancelled. Its result is no longer needed.
    runtime.shutdown_background();
    result
}

/// A call, and where it is written to.
struct CommandLineCall<'c> {
    invocation: &'c Invocation<'c>,
    args: &'c CallArgs,
    output: &'c Output,
    request: CallRequest,
    /// Of the response.
    response_file: Option<NamedOutput>,
    /// Of the request.
    file: Option<CallFile>,
}

impl CommandLineCall<'_> {
    /// As the plan and recordings call it.
    fn name(&self) -> &str {
        self.file.as_ref().map_or(PLACE, |file| &file.name)
    }

    fn load(&self, root: &Path) -> Result<LoadedWorkspace, CommandError> {
        let invocation = self.invocation;
        let given = GivenRequest {
            name: self.name(),
            place: PLACE,
            text: self.request.sent().to_yaml(),
        };
        let mut loaded = load_given_request(root, invocation.host.threads, given)
            .map_err(|error| settings::unreadable_workspace(root, &error))?;
        let words = [self.name().to_owned()];
        let environment = self.args.target.env.as_deref();
        settings::refuse_requests(invocation, &mut loaded, &words, environment)
            .map_err(as_usage)?;
        Ok(loaded)
    }

    async fn send(&self, loaded: &LoadedWorkspace) -> CommandResult {
        let (invocation, args) = (self.invocation, self.args);
        let run_args = self.run_args();
        let run = RunCommand {
            invocation,
            args: &run_args,
            output: self.output,
        };
        let mut reporter = CallReporter::new(self.output, args.verbose > 0);
        let approve = |plan: &Plan<'_>, context: &RunContext<'_>| {
            if let Some(file) = &self.file {
                file.refuse_secrets(
                    &self.request.document,
                    &mut context.state.redactor.borrow_mut(),
                )?;
            }
            approve(invocation, args, self.output, (plan, context))
        };
        let ran = run_delivering(&run, loaded, &mut reporter, approve)
            .await
            .map_err(as_usage)?;
        let mut ended = ran.output;
        let Some(response) = ran.response else {
            return Ok(ended);
        };
        let has_passed = ended.status == ExitStatus::Success;
        let response_file = self.response_file.as_ref();
        ended.append(response::deliver(&response, response_file, self.output)?);
        match &self.file {
            Some(file) if has_passed => {
                ended.message(file.write(&self.request.document, &response, &args.target)?);
            }
            Some(_) => {
                ended.message("the request file is not written, because the call did not pass");
            }
            None => {}
        }
        Ok(ended)
    }

    fn explain_args(&self) -> ExplainArgs {
        ExplainArgs {
            id: self.name().to_owned(),
            target: self.target(),
            at: None,
            json: false,
        }
    }

    /// With the account that stands behind `@` of the scheme.
    fn target(&self) -> TargetArgs {
        let mut target = self.args.target.clone();
        target.account.clone_from(&self.request.document.account);
        target
    }

    /// The arguments of a run that is this call.
    fn run_args(&self) -> RunArgs {
        let args = self.args;
        RunArgs {
            filter: RequestFilter {
                patterns: vec![self.name().to_owned()],
                ..RequestFilter::default()
            },
            target: self.target(),
            verbose: args.verbose,
            show_personal: args.show_personal,
            refresh: args.refresh.clone(),
            timeout: args.timeout.clone(),
            record: args.record.then(|| "all".to_owned()),
            flaky: "pass".to_owned(),
            skipped: "show".to_owned(),
            grace: "30s".to_owned(),
            wait: args.wait.clone(),
            ..RunArgs::default()
        }
    }
}

/// A fault of the request is one of the command line.
fn as_usage(error: CommandError) -> CommandError {
    let is_given = |faults: &SourceFaults| {
        let is_here = |span: Span| faults.sources.path(span.file) == Path::new(PLACE);
        let mut diagnostics = faults.diagnostics.iter();
        diagnostics.all(|fault| {
            !fault.labels.is_empty() && fault.labels.iter().all(|label| is_here(label.span))
        })
    };
    match &error.place {
        Some(faults) if is_given(faults) => CommandError {
            class: FailureClass::Usage,
            ..error
        },
        _ => error,
    }
}

/// Asks before a call that writes is sent to a marketplace.
///
/// # Errors
/// If nobody agrees.
fn approve(
    invocation: &Invocation<'_>,
    args: &CallArgs,
    output: &Output,
    (plan, context): (&Plan<'_>, &RunContext<'_>),
) -> Result<(), CommandError> {
    let environment = &context.options.environment;
    if args.yes || environment == SANDBOX_ENV {
        return Ok(());
    }
    for unit in &plan.units {
        for step in unit.steps() {
            let workspace = context.environment.workspace;
            let Some(scheme) = workspace.scheme(&step.scheme.name) else {
                continue;
            };
            let draft = unsigned_request(unit, step, context, context.now_ms());
            let draft = draft.map_err(|error| {
                // The error may quote a rendered value, and so a credential.
                let mut redactor = context.state.redactor.borrow_mut();
                let reason = redactor.redact_for_display(&error.to_string());
                CommandError::file(reason.to_string())
            })?;
            if is_surely_read(scheme, &draft) {
                continue;
            }
            let mut redactor = context.state.redactor.borrow_mut();
            let call = redactor.redact_for_display(&format!("{} {}", draft.method, draft.path));
            let account = unit.account.as_deref();
            let whose = account.map_or_else(String::new, |account| format!(" as `{account}`"));
            let question = format!("{call}{whose} writes in environment `{environment}`");
            confirm(invocation, output, &question)?;
        }
    }
    Ok(())
}

fn confirm(
    invocation: &Invocation<'_>,
    output: &Output,
    question: &str,
) -> Result<(), CommandError> {
    let host = invocation.host;
    // A pipe such as `yes |` must not agree to what no person has looked at.
    if !host.stdin_is_terminal || !host.stderr.is_terminal {
        return Err(
            CommandError::usage(format!("{question}, and there is no terminal to ask at"))
                .hint("nothing was sent; pass `--yes` to send it"),
        );
    }
    output.prompt(&format!("{question}: send it? [y/N] "));
    let mut reply = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut reply)
        .map_err(|error| CommandError::operation(format!("the reply cannot be read: {error}")))?;
    if matches!(reply.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(CommandError::usage("nothing was sent"))
}
