//! `--request`: what was sent, beside what a request of the workspace means.

use super::suspect::SuspectChoice;
use crate::cli::args::{TargetArgs, VerifyArgs};
use crate::cli::command::chosen_request::find_request;
use crate::cli::command::session::{self, RunSession, RunTarget};
use crate::cli::command_error::CommandError;
use crate::cli::invocation::Invocation;
use crate::cli::settings;
use crate::load::LoadedWorkspace;
use crate::model::scheme::{RequestPart, Scheme};
use crate::plan::{CommandScope, Unit, select_unit};
use crate::run::unsigned_request;
use crate::value::{self, Value};
use crate::wire::{Draft, DraftBody, parse_form};

/// A part of a request that is not as it was meant.
pub(super) struct RequestDifference {
    /// `method`, `path`, `query.page`, `body`.
    pub(super) part: String,
    pub(super) meant: Option<String>,
    pub(super) sent: Option<String>,
}

/// Every part that differs. The parameters that the scheme adds are left out.
///
/// # Errors
/// When the request is unknown or cannot be rendered.
pub(super) fn differences(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
    id: &str,
    args: &VerifyArgs,
    choice: &SuspectChoice,
) -> Result<Vec<RequestDifference>, CommandError> {
    let meant = render(invocation, loaded, id, args, choice)?;
    Ok(compare(&meant, choice))
}

fn render(
    invocation: &Invocation<'_>,
    loaded: &LoadedWorkspace,
    id: &str,
    args: &VerifyArgs,
    choice: &SuspectChoice,
) -> Result<Draft, CommandError> {
    let host = invocation.host;
    let words = &[id.to_owned()];
    let words = &settings::paths_below_root(words, host, &loaded.workspace.root);
    let id = words.first().map_or(id, String::as_str);
    let request = find_request(loaded, id)?;
    let environment = choice.environment.as_str();
    let scope = CommandScope::Requests {
        words,
        environment: Some(environment),
    };
    let target = TargetArgs {
        env: Some(environment.to_owned()),
        account: args.account_args.account.clone(),
        ..TargetArgs::default()
    };
    let target = RunTarget::new(invocation, loaded, &target, Some(&[request]), scope)?;
    let access = session::explain_environment(host, loaded, environment)?;
    let files = session::open_files(host, loaded)?;
    let account = args.account_args.account.as_deref();
    let units = Unit::expand(request, account, &loaded.workspace, environment);
    let (unit, step) = select_unit(&units, id)?;
    let step = step
        .or(request.steps.first())
        .ok_or_else(|| CommandError::selection(format!("`{}` has no step", request.name)))?;
    let scheme = &choice.matched.scheme.name;
    if step.scheme.name != *scheme {
        return Err(CommandError::usage(format!(
            "`{id}` is a request of the scheme `{}`, and the text is one of `{scheme}`",
            step.scheme.name
        )));
    }
    let session = RunSession {
        host,
        global: invocation.global,
        loaded,
        files: &files,
    };
    let context = session.build_context(target, access, true)?;
    unsigned_request(&unit, step, &context, (host.clock)()).map_err(|error| {
        // The error may quote a rendered value, and so a credential.
        let mut redactor = context.state.redactor.borrow_mut();
        let reason = redactor.redact_for_display(&error.to_string()).to_string();
        CommandError::file(format!("`{id}` cannot be rendered: {reason}"))
            .hints(error.hints(request, step))
    })
}

fn compare(meant: &Draft, choice: &SuspectChoice) -> Vec<RequestDifference> {
    let sent = &choice.imported;
    let scheme = &choice.matched.scheme;
    let mut found = FoundDifferences(Vec::new());
    found.add(
        "method",
        Some(meant.method.name()),
        Some(sent.method.name()),
    );
    let base = choice.matched.base.path();
    let path = sent.path().strip_prefix(base).unwrap_or(sent.path());
    found.add("path", Some(&meant.path), Some(path));
    let query = own_pairs(scheme, &[RequestPart::Query], parse_form(sent.query()));
    found.add_pairs("query", &meant.query_pairs(), &query);
    match &meant.body {
        DraftBody::Form(pairs) => {
            let form = std::str::from_utf8(&sent.body).map_or_else(|_| Vec::new(), parse_form);
            let parts = [RequestPart::Form, RequestPart::Query];
            let form = own_pairs(scheme, &parts, form);
            found.add_pairs("form", pairs, &form);
        }
        DraftBody::Json(meant) => {
            let json = value::parse(&sent.body).ok();
            let json = json.map(|json| without_added_members(scheme, json));
            if json.as_ref() != Some(meant) {
                let text = String::from_utf8_lossy(&sent.body);
                found.add("body", Some(&meant.to_json()), Some(&text));
            }
        }
        other => {
            let bytes = other.to_bytes();
            if bytes != sent.body {
                let meant = String::from_utf8_lossy(&bytes);
                found.add(
                    "body",
                    Some(&meant),
                    Some(&String::from_utf8_lossy(&sent.body)),
                );
            }
        }
    }
    found.0
}

/// What differs so far.
struct FoundDifferences(Vec<RequestDifference>);

impl FoundDifferences {
    fn add(&mut self, part: &str, meant: Option<&str>, sent: Option<&str>) {
        if meant != sent {
            self.0.push(RequestDifference {
                part: part.to_owned(),
                meant: meant.map(str::to_owned),
                sent: sent.map(str::to_owned),
            });
        }
    }

    /// Pairs by name; a name that stands several times is compared as a list, in order.
    fn add_pairs(&mut self, part: &str, meant: &[(String, String)], sent: &[(String, String)]) {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in meant.iter().chain(sent) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        for name in names {
            let (meant, sent) = (values_of(meant, name), values_of(sent, name));
            self.add(&format!("{part}.{name}"), meant.as_deref(), sent.as_deref());
        }
    }
}

fn values_of(pairs: &[(String, String)], wanted: &str) -> Option<String> {
    let found = pairs.iter().filter(|(name, _)| name == wanted);
    let found: Vec<&str> = found.map(|(_, value)| value.as_str()).collect();
    (!found.is_empty()).then(|| found.join(", "))
}

/// Without the parameters that the scheme adds.
fn own_pairs(
    scheme: &Scheme,
    parts: &[RequestPart],
    pairs: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let is_added = |name: &str| {
        let procedures = scheme.levels.iter().map(|level| &level.procedure);
        let mut fields = procedures
            .flat_map(|procedure| procedure.prepare.fields().chain(procedure.attach.fields()));
        fields.any(|(part, field)| parts.contains(&part) && field.name == name)
    };
    pairs
        .into_iter()
        .filter(|(name, _)| !is_added(name))
        .collect()
}

fn without_added_members(scheme: &Scheme, json: Value) -> Value {
    let Value::Object(members) = json else {
        return json;
    };
    let names = members
        .iter()
        .map(|(name, _)| (name.to_string(), String::new()));
    let kept = own_pairs(scheme, &[RequestPart::Json], names.collect());
    let is_kept = |name: &str| kept.iter().any(|(known, _)| known == name);
    let members = members.into_iter().filter(|(name, _)| is_kept(name));
    Value::Object(members.collect())
}
