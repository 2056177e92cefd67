//! The request, and the step of it, that one id on the command line names. `explain` and `export`
//! take one; `run` takes patterns.

use super::session::RunTarget;
use crate::cli::command_error::CommandError;
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::cli::target_args::TargetArgs;
use crate::diagnostic::did_you_mean;
use crate::load::LoadedWorkspace;
use crate::model::request::{Request, Step};
use crate::plan::{CommandScope, Unit, select_unit, split_unit_id};

/// A request, and where it would be sent.
pub(super) struct ChosenRequest<'w> {
    loaded: &'w LoadedWorkspace,
    /// As the user wrote it, but a path is one below the root of the workspace.
    id: String,
    pub(super) request: &'w Request,
    pub(super) target: RunTarget,
}

impl<'w> ChosenRequest<'w> {
    /// # Errors
    /// If there is no such request or environment, or a variable or host of the command line is wrong.
    pub(super) fn find(
        invocation: &Invocation<'_>,
        loaded: &'w LoadedWorkspace,
        id: &str,
        target: &TargetArgs,
    ) -> Result<Self, CommandError> {
        let words = [id.to_owned()];
        let words = settings::paths_below_root(&words, invocation.host, &loaded.workspace.root);
        let id = words.first().map_or(id, String::as_str);
        let request = find_request(loaded, id)?;
        let scope = CommandScope::Requests {
            words: &words,
            environment: target.env.as_deref(),
        };
        let target = RunTarget::new(invocation, loaded, target, Some(&[request]), scope)?;
        Ok(Self {
            loaded,
            id: id.to_owned(),
            request,
            target,
        })
    }

    /// Several cases or accounts are signed in the same way: without one in the id, the first is
    /// taken, and so is the first step of a flow.
    ///
    /// # Errors
    /// If the id names a case, an account or a step that the request does not have.
    pub(super) fn step(&self, account: Option<&str>) -> Result<(Unit<'w>, &'w Step), CommandError> {
        let workspace = &self.loaded.workspace;
        let environment = &self.target.environment;
        let units = Unit::expand(self.request, account, workspace, environment);
        let (unit, step) = select_unit(&units, &self.id)?;
        let first = self.request.steps.first();
        let step = step.or(first).ok_or_else(|| {
            CommandError::selection(format!("`{}` has no step", self.request.name))
        })?;
        Ok((unit, step))
    }
}

/// The request file of an id, or of the path of a file.
pub(super) fn find_request<'w>(
    loaded: &'w LoadedWorkspace,
    id: &str,
) -> Result<&'w Request, CommandError> {
    let (name, _) = split_unit_id(id);
    let requests = &loaded.workspace.requests;
    requests
        .iter()
        .find(|request| request.name == name)
        .ok_or_else(|| {
            let names = requests.iter().map(|request| request.name.as_str());
            let hint = did_you_mean(&name, names)
                .unwrap_or_else(|| "`ingam list` shows all requests".to_owned());
            CommandError::selection(format!("there is no request `{name}`")).hint(hint)
        })
}
