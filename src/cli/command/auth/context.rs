//! What every act of `ingam auth` begins with.

use crate::cli::args::AccountArgs;
use crate::cli::command::session::{self, DiskBodyFiles};
use crate::cli::command_error::CommandError;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::did_you_mean;
use crate::load::LoadedWorkspace;
use crate::model::environment::{Account, SANDBOX_ENV};
use crate::model::scheme::Scheme;
use crate::renew::RefreshError;
use crate::run::RunContext;
use std::sync::Arc;

/// The workspace with every scheme, and the terminal: links and prompts must be seen at once.
pub(super) struct AuthContext<'a> {
    pub(super) invocation: &'a Invocation<'a>,
    pub(super) output: &'a Output,
    pub(super) loaded: &'a LoadedWorkspace,
    pub(super) files: &'a DiskBodyFiles,
}

/// What a run in one of the environments works with.
pub(super) struct AuthWorkspace<'a> {
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

    /// The account that is named must be one of the scheme's in the environment.
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

    /// Why there are no tokens. A reason may quote a response: its secrets are replaced first.
    pub(super) fn renewal_error(&self, failure: &RefreshError) -> CommandError {
        let mut redactor = self.context.state.redactor.borrow_mut();
        let mut redact = |text: &str| redactor.redact_for_display(text).to_string();
        CommandError::from(RefreshError {
            reason: redact(&failure.reason),
            notes: failure.notes.iter().map(|note| redact(note)).collect(),
            needs_user_action: failure.needs_user_action,
        })
    }
}

impl<'a> AuthContext<'a> {
    /// The environment is one whose tokens outlive the program.
    pub(super) async fn open_workspace(
        &self,
        env: Option<&str>,
    ) -> Result<AuthWorkspace<'a>, CommandError> {
        let loaded = self.loaded;
        let environment = settings::resolve_environment(&loaded.workspace, env)?;
        if environment == SANDBOX_ENV {
            return Err(CommandError::usage(
                "the environment `sandbox` needs no tokens: it ends with each run",
            )
            .hint(
                "name another with `--env`. To try it out, `ingam sandbox` plays the marketplaces as long as it runs, and \
                 says what to write in ingam.yaml",
            ));
        }
        let context =
            session::persistent_context(self.invocation, loaded, self.files, environment).await?;
        Ok(AuthWorkspace { loaded, context })
    }

    pub(super) fn find_scheme(&self, name: &str) -> Result<&'a Arc<Scheme>, CommandError> {
        let workspace = &self.loaded.workspace;
        workspace.scheme(name).ok_or_else(|| {
            let known = workspace.schemes.iter().map(|scheme| scheme.name.as_str());
            CommandError::usage(format!("there is no scheme `{name}`"))
                .hints(did_you_mean(name, known))
        })
    }
}
