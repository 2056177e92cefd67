//! `ingam auth`: authorization, tokens and credentials of accounts; one file for each act.

mod chains;
mod link;
mod login;
mod set;
mod status;
mod token;

use super::session;
use crate::cli::Exit;
use crate::cli::args::{AuthAct, AuthArgs, Global, Whose};
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

pub fn run(host: &HostContext, global: &Global, args: &AuthArgs, output: &Output) -> Exit {
    let runtime = match session::runtime(output) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let desk = Desk { host, global, output };
    let act = async {
        match &args.act {
            AuthAct::Link { scheme, redirect, target } => link::run(&desk, scheme, redirect, target).await,
            AuthAct::Login(login) => login::run(&desk, login).await,
            AuthAct::Status => status::run(&desk).await,
            AuthAct::Refresh { scheme, whose } => chains::refresh(&desk, scheme.as_deref(), whose).await,
            AuthAct::Logout { scheme, whose } => chains::logout(&desk, scheme, whose).await,
            AuthAct::Set { value, .. } if !value.is_empty() => {
                let hint = "it is asked for, or comes from standard input: `ingam auth set SCHEME NAME`";
                Err(desk.usage("a secret is never an argument: every process of the machine can read it", hint))
            }
            AuthAct::Set { scheme, name, file, whose, .. } => set::run(&desk, scheme, name, *file, whose),
            AuthAct::Token { account, scheme, env } => token::run(&desk, account, scheme.as_deref(), env.as_deref()).await,
        }
    };
    let exit = runtime.block_on(act).unwrap_or_else(|exit| exit);
    // A line that still waits to be typed has nobody left to read it.
    runtime.shutdown_background();
    exit
}

/// Where every act begins.
struct Desk<'d> {
    host: &'d HostContext,
    global: &'d Global,
    output: &'d Output,
}

/// A workspace with every scheme, and what a run in one of its environments works with.
struct Room {
    loaded: &'static LoadedWorkspace,
    context: RunContext<'static>,
}

impl Room {
    /// The accounts of a scheme in the environment.
    fn accounts(&self, scheme: &Scheme) -> Vec<&'static Account> {
        self.loaded.workspace.accounts(&self.context.environment, &scheme.name)
    }
}

impl Desk<'_> {
    fn loaded(&self) -> Result<&'static LoadedWorkspace, Exit> {
        session::every_scheme(self.host, self.global, self.output)
    }

    /// The environment is one whose tokens outlive the program.
    async fn room(&self, env: Option<&str>) -> Result<Room, Exit> {
        let loaded = self.loaded()?;
        let environment = settings::environment(&loaded.workspace, env, self.output)?;
        if environment == SANDBOX_ENV {
            let hint = "name another with `--env`. To try it out, `ingam sandbox` plays the marketplaces as long as it runs, and \
                        says what to write in ingam.yaml";
            self.output.error("the environment `sandbox` needs no tokens: it ends with each run", &[hint.to_owned()]);
            return Err(Exit::Usage);
        }
        let context = session::lasting(self.host, self.global, loaded, environment, self.output).await?;
        Ok(Room { loaded, context })
    }

    fn scheme(&self, loaded: &LoadedWorkspace, name: &str) -> Result<Arc<Scheme>, Exit> {
        loaded.workspace.scheme(name).cloned().ok_or_else(|| {
            let hint = did_you_mean(name, loaded.workspace.schemes.iter().map(|scheme| scheme.name.as_str()));
            self.output.error(&format!("there is no scheme `{name}`"), &hint.into_iter().collect::<Vec<_>>());
            Exit::Usage
        })
    }

    fn usage(&self, text: &str, hint: &str) -> Exit {
        self.output.error(text, &[hint.to_owned()]);
        Exit::Usage
    }

    fn access(&self, error: &AccessError) -> Exit {
        self.output.error(&error.to_string(), &error.hint().into_iter().collect::<Vec<_>>());
        match error {
            AccessError::Credential(_) | AccessError::Untrusted { .. } => Exit::Credential,
            AccessError::Account { .. } => Exit::Usage,
            AccessError::Region { .. } | AccessError::NoHost { .. } => Exit::BadFile,
        }
    }

    /// Says why there are no tokens; what the text holds of secrets is replaced first.
    fn failure(&self, context: &RunContext<'_>, failure: &RefreshError) -> Exit {
        let mut redactor = context.redactor.borrow_mut();
        let notes: Vec<String> = failure.notes.iter().map(|note| redactor.redact_for_display(note).to_string()).collect();
        self.output.error(redactor.redact_for_display(&failure.reason).as_str(), &notes);
        if failure.needs_user_action { Exit::Credential } else { Exit::Unable }
    }
}

/// The account that is named must be one of the scheme's in the environment.
fn check_account(desk: &Desk<'_>, room: &Room, scheme: &Arc<Scheme>, whose: &Whose) -> Result<(), Exit> {
    let schemes = [Arc::clone(scheme)];
    session::check_account(room.loaded, &room.context.environment, whose.account.as_deref(), &schemes, desk.output)
}
