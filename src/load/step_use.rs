//! Puts the steps of other files in the place of `use`, under a prefix. A used file brings its
//! steps and its variables; what else it says would have to hold for the whole flow.

use crate::diagnostic::{Diagnostic, Diagnostics, name_hint};
use crate::load::node_reader::{CheckedMap, is_variable_name, text};
use crate::load::request::{RequestDecoder, cookie_header};
use crate::model::environment::ALL_ACCOUNTS;
use crate::model::request::{Request, SpannedName, Step, StepUse, UsedScope};
use crate::model::workspace::Workspace;
use crate::render::RESERVED_NAMES;
use crate::span::Span;
use crate::yaml::YamlNode;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

const USE_KEYS: [&str; 4] = ["use", "name", "vars", "account"];

impl RequestDecoder<'_> {
    /// `{ use: flows/login, name: buyer, vars: { id: 5 }, account: sg }`
    pub(super) fn step_use(&mut self, node: &YamlNode, position: usize) -> Option<StepUse> {
        let map = CheckedMap::open(node, "a `use`", &USE_KEYS, self.diagnostics)?;
        let file = self.named(&map, "use");
        let vars = map.optional("vars", |vars| self.vars(vars));
        let account = self.step_account(&map);
        let file = file?;
        let prefix = match map.get("name") {
            Some(node) => SpannedName {
                name: text(node, "`name`", self.diagnostics)?.to_owned(),
                at: node.at,
            },
            None => SpannedName {
                name: file
                    .name
                    .rsplit('/')
                    .next()
                    .unwrap_or(&file.name)
                    .to_owned(),
                at: file.at,
            },
        };
        self.check_prefix(&prefix)?;
        Some(StepUse {
            file,
            prefix: prefix.name,
            vars,
            account,
            position,
        })
    }

    /// Templates look the captures up by it.
    fn check_prefix(&mut self, prefix: &SpannedName) -> Option<()> {
        let hint = if !is_variable_name(&prefix.name) {
            "write a `name:` next to `use`, of letters, digits and `_`, beginning with a letter"
        } else if RESERVED_NAMES.contains(&prefix.name.as_str()) {
            "the name is reserved: write another `name:` next to `use`"
        } else {
            return Some(());
        };
        let text = format!(
            "`{}` is not a valid name for the captures of used steps",
            prefix.name
        );
        let diagnostic = Diagnostic::error(text).at(prefix.at, "this name");
        self.diagnostics.push(diagnostic.hint(hint));
        None
    }
}

/// Puts the steps of other files in place.
pub(super) fn resolve_uses(workspace: &mut Workspace, diagnostics: &mut Diagnostics) {
    if workspace
        .requests
        .iter()
        .all(|request| request.uses.is_empty())
    {
        return;
    }
    let used: HashSet<&str> = workspace
        .requests
        .iter()
        .flat_map(|request| &request.uses)
        .map(|used| used.file.name.as_str())
        .collect();
    let files = workspace.requests.iter();
    let files = files.filter(|file| used.contains(file.name.as_str()));
    // As they were written: used files use no others, so no order matters.
    let written = WrittenFiles {
        used: files
            .map(|file| (file.name.clone(), file.clone()))
            .collect(),
        names: workspace
            .requests
            .iter()
            .map(|file| file.name.clone())
            .collect(),
    };
    for request in &mut workspace.requests {
        let mut found = Vec::new();
        for used in std::mem::take(&mut request.uses) {
            match find_used(&written, request, &used, diagnostics) {
                Some(file) => found.push((used, file)),
                // The names of its captures are not known, so none is reported as unknown.
                None => request.has_unread_cases = true,
            }
        }
        insert_used_steps(request, &found);
        check_step_names(request, diagnostics);
    }
}

/// The files whose steps are used, by their names, and the names of all.
struct WrittenFiles {
    used: HashMap<String, Request>,
    names: Vec<String>,
}

/// The file whose steps are used.
fn find_used<'w>(
    written: &'w WrittenFiles,
    request: &Request,
    used: &StepUse,
    diagnostics: &mut Diagnostics,
) -> Option<&'w Request> {
    let name = used.file.name.as_str();
    let Some(file) = written.used.get(name) else {
        let names = written.names.iter().map(String::as_str);
        let diagnostic = Diagnostic::error(format!("there is no request file `{name}`"))
            .at(used.file.at, "it is not in `requests/`, or it has errors");
        diagnostics.push(diagnostic.maybe_hint(name_hint(name, names)));
        return None;
    };
    let reason = unusable_reason(file, request);
    if let Some((reason, hint)) = reason {
        let diagnostic = Diagnostic::error(format!("the steps of `{name}` cannot be used here"))
            .at(used.file.at, reason);
        diagnostics.push(diagnostic.hint(hint));
        return None;
    }
    check_given_vars(file, used, diagnostics);
    Some(file)
}

/// What a file says that would have to hold for the whole flow.
fn unusable_reason(file: &Request, request: &Request) -> Option<(&'static str, &'static str)> {
    if file.name == request.name {
        return Some(("this is the file itself", "use another file"));
    }
    let refused = [
        (
            !file.uses.is_empty(),
            "it also uses steps of another file",
            "use both files here, one after the other",
        ),
        (
            !file.cases.is_empty() || file.has_unread_cases,
            "it has `cases`",
            "set the values with `vars` next to `use`",
        ),
        (
            file.when.is_some(),
            "it has a `when`",
            "move `when` to its steps",
        ),
        (
            file.skip.is_some(),
            "it has a `skip`",
            "remove it, or do not use the file",
        ),
    ];
    if let Some((_, reason, hint)) = refused.into_iter().find(|(is_so, ..)| *is_so) {
        return Some((reason, hint));
    }
    if file.keeps_cookies && !request.keeps_cookies {
        return Some((
            "it has `cookies: keep`, but this file does not",
            "write `cookies: keep` at the top of this file",
        ));
    }
    let writes_cookies = file.steps.iter().any(|step| cookie_header(step).is_some());
    if request.keeps_cookies && writes_cookies {
        return Some((
            "it sets a `cookie` header, but this file has `cookies: keep`",
            "remove the header there, or `cookies: keep` here",
        ));
    }
    let has_need = |need: &SpannedName| request.needs.iter().any(|own| own.name == need.name);
    (!file.needs.iter().all(has_need)).then_some((
        "it needs a fixture that this file does not name",
        "write the same `needs` here",
    ))
}

/// A variable that the file does not have is a misspelled one.
fn check_given_vars(file: &Request, used: &StepUse, diagnostics: &mut Diagnostics) {
    for field in &used.vars {
        if !file.vars.iter().any(|known| known.name == field.name) {
            let text = format!("`{}` has no variable `{}`", file.name, field.name);
            let diagnostic = Diagnostic::error(text).at(field.name_at, "this value has no effect");
            let names = file.vars.iter().map(|known| known.name.as_str());
            let hint = name_hint(&field.name, names).unwrap_or_else(|| {
                "`vars` next to `use` overrides variables of the file: define the variable there".into()
            });
            diagnostics.push(diagnostic.hint(hint));
        }
    }
}

/// Puts the steps of files between those of a flow. `uses` are in the order of the flow.
fn insert_used_steps(request: &mut Request, uses: &[(StepUse, &Request)]) {
    if uses.is_empty() {
        return;
    }
    let mut own = std::mem::take(&mut request.steps).into_iter();
    let (mut steps, mut taken) = (Vec::new(), 0);
    for (used, file) in uses {
        let above = used.position.saturating_sub(taken);
        steps.extend(own.by_ref().take(above));
        taken += above;
        steps.extend(used_steps(used, file));
        // What is personal or secret in the responses of its steps is so here, too.
        request.redact.extend(file.redact.iter().cloned());
        let (rules, more) = (&mut request.secret_rules, &file.secret_rules);
        rules.secrets.extend(more.secrets.iter().cloned());
        rules.not_secret.extend(more.not_secret.iter().cloned());
    }
    steps.extend(own);
    request.steps = steps;
}

/// The steps of a file as the flow has them.
fn used_steps<'f>(used: &'f StepUse, file: &'f Request) -> impl Iterator<Item = Step> + 'f {
    let scope = Arc::new(UsedScope {
        file: file.name.clone(),
        prefix: used.prefix.clone(),
        at: used.file.at,
        vars: file.vars.clone(),
        given: used.vars.clone(),
    });
    let account = used.account.clone().or_else(|| {
        let named = file.account.clone();
        named.filter(|account| account.name != ALL_ACCOUNTS)
    });
    file.steps.iter().map(move |step| Step {
        name: Some(match &step.name {
            Some(name) => format!("{}.{name}", used.prefix),
            None => used.prefix.clone(),
        }),
        account: step.account.clone().or_else(|| account.clone()),
        used: Some(Arc::clone(&scope)),
        ..step.clone()
    })
}

/// Used steps are named after the flow was decoded.
fn check_step_names(request: &Request, diagnostics: &mut Diagnostics) {
    let mut known: HashMap<&str, Span> = HashMap::new();
    let used_at = |step: &Step| step.used.as_ref().map_or(step.at, |used| used.at);
    for step in &request.steps {
        let Some(name) = step.name.as_deref() else {
            continue;
        };
        let first = known.insert(name, used_at(step));
        if let Some(first) = first.filter(|_| step.used.is_some()) {
            let diagnostic = Diagnostic::error(format!("two steps are named `{name}`"))
                .at(used_at(step), "the second")
                .at(first, "the first");
            diagnostics.push(diagnostic.hint("write `name:` next to `use` for another prefix"));
            return;
        }
    }
}
