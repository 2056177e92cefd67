//! `ingam export`: a request as other programs read it.

mod program;
mod sent_request;

use super::chosen_request::ChosenRequest;
use super::explain::{explain_error, explained_time};
use super::session::{self, RunSession};
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::export_args::{ExportArgs, ExportFormat};
use crate::cli::invocation::Invocation;
use crate::cli::named_output::{NamedOutput, is_standard_output};
use crate::cli::settings;
use crate::export::ProgramLanguage;
use crate::load::LoadedWorkspace;
use crate::model::environment::SANDBOX_ENV;
use crate::model::request::{Request, Step};
use crate::plan::{Unit, unit_secrets};
use crate::run::{ExplainError, RunContext, UserSecrets};
use sent_request::SentFormat;

pub(crate) fn run(invocation: &Invocation<'_>, args: &ExportArgs) -> CommandResult {
    let host = invocation.host;
    let words = std::slice::from_ref(&args.id);
    let loaded = settings::load_requests(invocation, words, args.target.env.as_deref())?;
    let chosen = ChosenRequest::find(invocation, &loaded, &args.id, &args.target)?;
    if chosen.target.environment == SANDBOX_ENV {
        return Err(CommandError::usage(
            "the sandbox runs inside ingam, so other programs cannot send requests to it",
        )
        .hint("choose another environment, such as `--env live`, or start `ingam sandbox` and name its address under `hosts` of an environment"));
    }
    let (unit, step) = chosen.step(args.target.account.as_deref())?;
    let other_steps = other_steps(chosen.request, &args.id);
    let ChosenRequest {
        request, target, ..
    } = chosen;
    let output = args.output.as_ref();
    let output = output.filter(|path| !is_standard_output(path)).map(|path| {
        let root = &loaded.workspace.root;
        NamedOutput::new(host, root, path, args.overwrite)
    });
    let output = output.transpose()?;
    let now = explained_time(host, args.at.as_deref())?;
    let files = session::open_files(host, &loaded)?;
    let runtime = session::start_runtime()?;
    let exported = runtime.block_on(async {
        let schemes = session::schemes_of(&loaded.workspace, &[request]);
        let environment = session::open_environment(host, &loaded, &target, &schemes).await?;
        let session = RunSession {
            host,
            global: invocation.global,
            loaded: &loaded,
            files: &files,
        };
        let secrets =
            UserSecrets::resolve(&unit_secrets(&loaded.workspace, [&unit]), &environment)?;
        let mut context = session.build_context(target, environment, false)?;
        context.set_user_secrets(secrets);
        let exporter = RequestExporter {
            invocation,
            loaded: &loaded,
            context: &context,
            request,
            unit: &unit,
            step,
            now_ms: now,
        };
        exporter.export(args.format).await
    });
    runtime.shutdown_background();
    let (text, mut notes) = exported?;
    notes.extend(other_steps);
    finish(output.as_ref(), &text, notes)
}

/// What is said of a flow whose id names no step.
fn other_steps(request: &Request, id: &str) -> Option<String> {
    let (name, count) = (&request.name, request.steps.len());
    (count > 1 && !id.contains("::")).then(|| {
        format!("`{name}` has {count} steps, and this is the first; `{name}::STEP` exports another")
    })
}

fn finish(file: Option<&NamedOutput>, text: &str, notes: Vec<String>) -> CommandResult {
    let mut output = CommandOutput::default();
    match file {
        None => output.data(text),
        Some(file) => output.message(file.write(format!("{}\n", text.trim_end()).as_bytes())?),
    }
    for note in notes {
        output.message(format!("note: {note}"));
    }
    Ok(output)
}

/// A step that is exported.
struct RequestExporter<'e> {
    invocation: &'e Invocation<'e>,
    loaded: &'e LoadedWorkspace,
    context: &'e RunContext<'e>,
    request: &'e Request,
    unit: &'e Unit<'e>,
    step: &'e Step,
    now_ms: i64,
}

impl RequestExporter<'_> {
    /// The text, and what the user should know of it.
    async fn export(&self, format: ExportFormat) -> Result<(String, Vec<String>), CommandError> {
        match format {
            ExportFormat::Curl => self.export_sent(SentFormat::Curl).await,
            ExportFormat::Har => self.export_sent(SentFormat::Har).await,
            ExportFormat::Postman => self.export_sent(SentFormat::Postman).await,
            ExportFormat::Python => self.export_program(ProgramLanguage::Python),
            ExportFormat::Node => self.export_program(ProgramLanguage::Node),
            ExportFormat::Java => self.export_program(ProgramLanguage::Java),
        }
    }

    fn fault(&self, error: &ExplainError) -> CommandError {
        // The error may quote a rendered value, and so a credential.
        let mut redactor = self.context.state.redactor.borrow_mut();
        let reason = redactor.redact_for_display(&error.to_string()).to_string();
        let hints = error.hints(self.request, self.step);
        explain_error(self.invocation, reason, error.at(), hints, self.loaded)
    }
}
