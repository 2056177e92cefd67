//! What a template of a request file renders to in the default environment, for `ingam lsp`.

use super::session::{self, RunSession, RunTarget};
use crate::cli::args::GlobalArgs;
use crate::cli::command_error::CommandError;
use crate::cli::settings;
use crate::editor::{TemplatePlace, TemplateRenderer};
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::model::redact_rule::RedactRule;
use crate::model::request::{Request, Step};
use crate::model::workspace::Workspace;
use crate::plan::{Unit, unit_secrets};
use crate::run::{UserSecrets, preview};

/// What an editor shows in the place of personal data.
const PERSONAL: &str = "<personal>";

pub(super) fn template_renderer(host: HostContext, global: GlobalArgs) -> TemplateRenderer {
    Box::new(move |loaded, place| {
        // What cannot be rendered is shown as a fault, or is known only in a run.
        rendered(&host, &global, loaded, place).ok().flatten()
    })
}

/// As `explain` of the first case and account.
fn rendered(
    host: &HostContext,
    global: &GlobalArgs,
    loaded: &LoadedWorkspace,
    place: &TemplatePlace<'_>,
) -> Result<Option<String>, CommandError> {
    let workspace = &loaded.workspace;
    let mut requests = workspace.requests.iter();
    let Some(request) = requests.find(|request| request.name == place.request) else {
        return Ok(None);
    };
    let is_meant = |step: &&Step| step.used.is_none() && step.at.start == place.step;
    let Some(step) = request.steps.iter().find(is_meant) else {
        return Ok(None);
    };
    let name = settings::resolve_environment(workspace, None)?;
    let units = Unit::expand(request, None, workspace, &name);
    let Some(unit) = units.first() else {
        return Ok(None);
    };
    let environment = session::explain_environment(host, loaded, &name)?;
    let secrets = UserSecrets::resolve(&unit_secrets(workspace, [unit]), &environment)?;
    let files = session::open_files(host, loaded)?;
    let session = RunSession {
        host,
        global,
        loaded,
        files: &files,
    };
    let target = RunTarget {
        environment: name,
        vars: Vec::new(),
        hosts: Vec::new(),
    };
    let mut context = session.build_context(target, environment, false)?;
    context.set_user_secrets(secrets);
    let text = preview(unit, step, place.template, &context, (host.clock)()).ok();
    Ok(text.map(|text| without_personal_data(text.to_string(), workspace, request, step)))
}

/// The patterns that say what is personal in responses hold here, too.
fn without_personal_data(
    text: String,
    workspace: &Workspace,
    request: &Request,
    step: &Step,
) -> String {
    let scheme = workspace.scheme(&step.scheme.name).into_iter();
    let rules = scheme.flat_map(|scheme| &scheme.redact_rules);
    let rules = rules.chain(&workspace.redact).chain(&request.redact);
    rules.fold(text, |text, rule| match rule {
        RedactRule::Pattern(pattern) => pattern.replace_all(&text, PERSONAL).into_owned(),
        RedactRule::Path(_) | RedactRule::XPath(_) | RedactRule::Header(_) => text,
    })
}
