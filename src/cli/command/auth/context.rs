//! The workspace and the environment that all subcommands of `ingam auth` share.

use crate::cli::args::AccountArgs;
use crate::cli::command::session::{self, DiskBodyFiles};
use crate::cli::command_error::CommandError;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::settings;
use crate::cli::shown_argument::shown_argument;
use crate::diagnostic::did_you_mean;
use crate::load::{LoadedWorkspace, scheme_names};
use crate::model::environment::{Account, SANDBOX_ENV};
use crate::model::scheme::Scheme;
use crate::renew::RefreshError;
use crate::run::RunContext;
use crate::tokens::RecoveredResponse;
use std::sync::Arc;

/// The workspace with every scheme, and the output, because links and prompts are printed at once.
pub(super) struct AuthContext<'a> {
    pub(super) invocation: &'a Invocation<'a>,
    pub(super) output: &'a Output,
    pub(super) loaded: &'a LoadedWorkspace,
    pub(super) files: &'a DiskBodyFiles,
}

/// The workspace in one environment.
pub(super) struct AuthWorkspace<'a> {
    pub(super) output: &'a Output,
    pub(super) loaded: &'a LoadedWorkspace,
    pub(super) context: RunContext<'a>,
}

impl<'a> AuthWorkspace<'a> {
    /// The accounts of a scheme in the environment.
    pub(super) fn accounts(&self, scheme: &Scheme) -> Vec<&'a Account> {
        self.loaded
            .workspace
            .accounts(&self.context.options.environment, &scheme.name)
    }

    /// # Errors
    /// If the named account is not an account of the scheme in the environment.
    pub(super) fn check_account(
        &self,
        scheme: &Arc<Scheme>,
        account_args: &AccountArgs,
    ) -> Result<(), CommandError> {
        session::check_account(
            self.loaded,
            &self.context.options.environment,
            account_args.account.as_deref(),
            std::slice::from_ref(scheme),
        )
    }

    /// Prints what became of token responses that were found on this machine.
    pub(super) fn print_recovered(&self) {
        let renewer = &self.context.environment.tokens.renewer;
        for recovered in renewer.take_recovered() {
            print_recovered(self.output, &recovered);
        }
    }

    /// Converts a renewal error. Its texts may quote a response, so they are redacted first.
    pub(super) fn renewal_error(&self, failure: &RefreshError) -> CommandError {
        let mut redactor = self.context.state.redactor.borrow_mut();
        let mut redact = |text: &str| redactor.redact_for_display(text).to_string();
        CommandError::from(RefreshError {
            reason: redact(&failure.reason),
            notes: failure.notes.iter().map(|note| redact(note)).collect(),
            ..failure.clone()
        })
    }
}

pub(super) fn print_recovered(output: &Output, recovered: &RecoveredResponse) {
    if recovered.is_error() {
        output.print_error(&recovered_error(recovered));
    } else {
        output.print_message(&recovered.message());
    }
}

/// A response that needs the user.
pub(super) fn recovered_error(recovered: &RecoveredResponse) -> CommandError {
    CommandError::operation(recovered.message()).hints(recovered.hint())
}

impl<'a> AuthContext<'a> {
    /// # Errors
    /// If the environment is the built-in sandbox, whose tokens end with each run.
    pub(super) async fn open_workspace(
        &self,
        env: Option<&str>,
    ) -> Result<AuthWorkspace<'a>, CommandError> {
        let loaded = self.loaded;
        let environment = settings::resolve_environment(&loaded.workspace, env)?;
        if environment == SANDBOX_ENV {
            return Err(CommandError::usage(
                "the environment `sandbox` needs no tokens, because it exists only during a run",
            )
            .hint(
                "choose another environment with `--env`. To try a login, start `ingam sandbox`; it prints what to write in ingam.yaml",
            ));
        }
        let context =
            session::persistent_context(self.invocation, loaded, self.files, environment).await?;
        Ok(AuthWorkspace {
            output: self.output,
            loaded,
            context,
        })
    }

    pub(super) fn find_scheme(&self, name: &str) -> Result<&'a Arc<Scheme>, CommandError> {
        let workspace = &self.loaded.workspace;
        workspace.scheme(name).ok_or_else(|| {
            let known = || scheme_names(workspace);
            let shown = shown_argument(name, known());
            CommandError::usage(format!("there is no scheme {shown}"))
                .hints(did_you_mean(name, known()))
        })
    }
}
