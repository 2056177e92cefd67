//! `ingam auth`: authorization, tokens and credentials of accounts; one file for each act.

mod link;
mod login;
mod set;
mod status;
mod token;
mod token_families;

use super::session;
use crate::cli::ExitStatus;
use crate::cli::args::{AccountArgs, AuthAction, AuthArgs, GlobalArgs};
use crate::cli::output::Output;
use crate::cli::settings;
use crate::diagnostic::did_you_mean;
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::model::environment::{Account, SANDBOX_ENV};
use crate::model::scheme::Scheme;
use crate::renew::RefreshError;
use crate::run::{AccessError, RunContext};
use std::sync::Arc;

pub(crate) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    args: &AuthArgs,
    output: &Output,
) -> ExitStatus {
    let runtime = match session::start_runtime(output) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let desk = AuthContext {
        host,
        global,
        output,
    };
    let act = async {
        match &args.action {
            AuthAction::Link {
                scheme,
                redirect,
                target,
            } => link::run(&desk, scheme, redirect, target).await,
            AuthAction::Login(login) => login::run(&desk, login).await,
            AuthAction::Status => status::run(&desk).await,
            AuthAction::Refresh {
                scheme,
                account_args: whose,
            } => token_families::refresh(&desk, scheme.as_deref(), whose).await,
            AuthAction::Logout {
                scheme,
                account_args: whose,
            } => token_families::logout(&desk, scheme, whose).await,
            AuthAction::Set { value, .. } if !value.is_empty() => {
                let hint =
                    "it is asked for, or comes from standard input: `ingam auth set SCHEME NAME`";
                Err(desk.usage_error(
                    "a secret is never an argument: every process of the machine can read it",
                    hint,
                ))
            }
            AuthAction::Set {
                scheme,
                name,
                file,
                account_args: whose,
                ..
            } => set::run(&desk, scheme, name, *file, whose),
            AuthAction::Token {
                account,
                scheme,
                env,
            } => token::run(&desk, account, scheme.as_deref(), env.as_deref()).await,
        }
    };
    let exit = runtime.block_on(act).unwrap_or_else(|exit| exit);
    // A line that still waits to be typed has nobody left to read it.
    runtime.shutdown_background();
    exit
}

/// Where every act begins.
struct AuthContext<'d> {
    host: &'d HostContext,
    global: &'d GlobalArgs,
    output: &'d Output,
}

/// A workspace with every scheme, and what a run in one of its environments works with.
struct AuthWorkspace {
    loaded: &'static LoadedWorkspace,
    context: RunContext<'static>,
}

impl AuthWorkspace {
    /// The accounts of a scheme in the environment.
    fn accounts(&self, scheme: &Scheme) -> Vec<&'static Account> {
        self.loaded
            .workspace
            .accounts(&self.context.options.environment, &scheme.name)
    }
}

impl AuthContext<'_> {
    fn load_workspace(&self) -> Result<&'static LoadedWorkspace, ExitStatus> {
        session::load_with_all_schemes(self.host, self.global, self.output)
    }

    /// The environment is one whose tokens outlive the program.
    async fn open_workspace(&self, env: Option<&str>) -> Result<AuthWorkspace, ExitStatus> {
        let loaded = self.load_workspace()?;
        let environment = settings::resolve_environment(&loaded.workspace, env, self.output)?;
        if environment == SANDBOX_ENV {
            let hint = "name another with `--env`. To try it out, `ingam sandbox` plays the marketplaces as long as it runs, and \
                        says what to write in ingam.yaml";
            self.output.print_error(
                "the environment `sandbox` needs no tokens: it ends with each run",
                &[hint.to_owned()],
            );
            return Err(ExitStatus::InvalidUsage);
        }
        let context =
            session::persistent_context(self.host, self.global, loaded, environment, self.output)
                .await?;
        Ok(AuthWorkspace { loaded, context })
    }

    fn find_scheme(&self, loaded: &LoadedWorkspace, name: &str) -> Result<Arc<Scheme>, ExitStatus> {
        loaded.workspace.scheme(name).cloned().ok_or_else(|| {
            let hint = did_you_mean(
                name,
                loaded
                    .workspace
                    .schemes
                    .iter()
                    .map(|scheme| scheme.name.as_str()),
            );
            self.output.print_error(
                &format!("there is no scheme `{name}`"),
                &hint.into_iter().collect::<Vec<_>>(),
            );
            ExitStatus::InvalidUsage
        })
    }

    fn usage_error(&self, text: &str, hint: &str) -> ExitStatus {
        self.output.print_error(text, &[hint.to_owned()]);
        ExitStatus::InvalidUsage
    }

    fn report_access_error(&self, error: &AccessError) -> ExitStatus {
        self.output.print_error(
            &error.to_string(),
            &error.hint().into_iter().collect::<Vec<_>>(),
        );
        match error {
            AccessError::Credential(_) | AccessError::Untrusted { .. } => {
                ExitStatus::CredentialRequired
            }
            AccessError::Account { .. } => ExitStatus::InvalidUsage,
            AccessError::Region { .. }
            | AccessError::RegionNotText { .. }
            | AccessError::NoHost { .. }
            | AccessError::TestCredential(_) => ExitStatus::InvalidFile,
        }
    }

    /// Says why there are no tokens; what the text holds of secrets is replaced first.
    fn report_renewal_failure(
        &self,
        context: &RunContext<'_>,
        failure: &RefreshError,
    ) -> ExitStatus {
        let mut redactor = context.state.redactor.borrow_mut();
        let notes: Vec<String> = failure
            .notes
            .iter()
            .map(|note| redactor.redact_for_display(note).to_string())
            .collect();
        self.output.print_error(
            redactor.redact_for_display(&failure.reason).as_str(),
            &notes,
        );
        if failure.needs_user_action {
            ExitStatus::CredentialRequired
        } else {
            ExitStatus::OperationFailed
        }
    }
}

/// The account that is named must be one of the scheme's in the environment.
fn check_account(
    desk: &AuthContext<'_>,
    room: &AuthWorkspace,
    scheme: &Arc<Scheme>,
    whose: &AccountArgs,
) -> Result<(), ExitStatus> {
    let schemes = [Arc::clone(scheme)];
    session::check_account(
        room.loaded,
        &room.context.options.environment,
        whose.account.as_deref(),
        &schemes,
        desk.output,
    )
}
