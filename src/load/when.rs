//! Decodes `when`, and finds conditions that are always the same: what they skip would never run,
//! or would always run.

use crate::diagnostic::{Diagnostic, Diagnostics, name_hint};
use crate::load::node_reader::{CheckedMap, wrong_kind};
use crate::load::request::{RequestDecoder, WHEN_KEY};
use crate::load::value_decoder::ValueDecoder;
use crate::model::environment::{DEFAULT_ACCOUNT, LIVE_ENV, SANDBOX_ENV};
use crate::model::request::RunCondition;
use crate::model::template::TemplateTreeKind;
use crate::model::workspace::Workspace;
use crate::render::{
    FreshValues, TemplateDialect, VariableLayer, VariableOrigin, VariableScope, compared_texts,
    render_tree,
};
use crate::value::Value;
use crate::yaml::MapEntry;

impl RequestDecoder<'_> {
    /// `when: "{{ env == 'live' }}"`
    pub(super) fn when(&mut self, map: &CheckedMap<'_>) -> Option<RunCondition> {
        let entry = map.entry(WHEN_KEY)?;
        let hint = "to skip a file, write `skip: REASON`; a step that always runs needs no `when`";
        expression_condition(entry, "env == 'live'", hint, &mut self.value_decoder())
    }
}

/// One expression in braces. `hint` says what to do where it never varies.
pub(super) fn expression_condition(
    entry: &MapEntry,
    example: &str,
    hint: &str,
    decoder: &mut ValueDecoder<'_>,
) -> Option<RunCondition> {
    let value = decoder.tree(&entry.value);
    let expression = match &value.kind {
        TemplateTreeKind::Template(template) => template.as_expression().cloned(),
        _ => None,
    };
    let Some(expression) = expression else {
        decoder.diagnostics.push(no_expression(entry, example));
        return None;
    };
    let names = decoder.dialect.names_in(&expression);
    // What does not compile was reported.
    if names.is_ok_and(|names| names.is_empty()) {
        let diagnostic = Diagnostic::error(format!("`{}` is the same in every run", entry.key))
            .at(expression.at, "it contains no name that can vary");
        decoder.diagnostics.push(diagnostic.hint(hint));
    }
    Some(RunCondition {
        at: entry.key_at,
        source: expression.source,
        value,
    })
}

fn no_expression(entry: &MapEntry, example: &str) -> Diagnostic {
    let (node, key) = (&entry.value, &entry.key);
    let diagnostic = if node.as_text().is_some() {
        Diagnostic::error(format!("`{key}` must be one template"))
            .at(node.at, "this is always text")
    } else {
        wrong_kind(node, &format!("`{key}`"), "one template")
    };
    diagnostic.hint(format!(
        "put the whole condition in braces: `{key}: \"{{{{ {example} }}}}\"`"
    ))
}

/// Conditions that name an environment or account that does not exist, or that depend on the
/// environment alone and are the same in all of them.
pub(super) fn check_conditions(workspace: &Workspace, diagnostics: &mut Diagnostics) {
    for request in &workspace.requests {
        let steps = request.steps.iter().filter_map(|step| step.when.as_deref());
        for condition in request.when.iter().chain(steps) {
            check_condition(workspace, condition, diagnostics);
        }
    }
}

fn check_condition(workspace: &Workspace, condition: &RunCondition, diagnostics: &mut Diagnostics) {
    let environments = environment_names(workspace);
    let accounts = account_names(workspace);
    let subjects = [
        ("env", "environment", &environments),
        ("account.name", "account", &accounts),
    ];
    let mut is_known = true;
    for (name, what, known) in subjects {
        is_known &= check_texts(condition, (name, what), known, diagnostics);
    }
    // One that names what does not exist is never true for that reason.
    if is_known {
        check_environments(condition, &environments, diagnostics);
    }
}

fn environment_names(workspace: &Workspace) -> Vec<&str> {
    let own = workspace.environments.iter();
    let own = own.map(|environment| environment.name.as_str());
    let mut names: Vec<&str> = own.chain([SANDBOX_ENV, LIVE_ENV]).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn account_names(workspace: &Workspace) -> Vec<&str> {
    let environments = workspace.environments.iter();
    let accounts = environments.flat_map(|environment| &environment.accounts);
    let mut names: Vec<&str> = accounts.map(|account| account.name.as_str()).collect();
    names.push(DEFAULT_ACCOUNT);
    names.sort_unstable();
    names.dedup();
    names
}

/// Reports the texts that a name is compared with, and never is; `true` if there are none.
fn check_texts(
    condition: &RunCondition,
    (name, what): (&str, &str),
    known: &[&str],
    diagnostics: &mut Diagnostics,
) -> bool {
    let mut all_known = true;
    for text in compared_texts(&condition.source, name) {
        if !known.contains(&text) {
            all_known = false;
            let diagnostic = Diagnostic::error(format!("there is no {what} `{text}`"))
                .at(condition.value.at, format!("`{name}` is never `{text}`"));
            diagnostics.push(diagnostic.maybe_hint(name_hint(text, known.iter().copied())));
        }
    }
    all_known
}

/// A condition that depends on the environment alone is judged in each of them.
fn check_environments(
    condition: &RunCondition,
    environments: &[&str],
    diagnostics: &mut Diagnostics,
) {
    let expressions = condition.value.expressions();
    let names = expressions
        .iter()
        .filter_map(|expression| TemplateDialect::Request.names_in(expression).ok());
    let names: Vec<String> = names.flatten().collect();
    if names.is_empty() || names.iter().any(|name| name != "env") {
        return;
    }
    let results: Vec<Option<bool>> = environments
        .iter()
        .map(|environment| result_in(condition, environment))
        .collect();
    let label = match results.first() {
        Some(None) => "this does not return `true` or `false`",
        Some(first) if results.iter().all(|result| result == first) => match first {
            Some(true) => "this is true in every environment",
            _ => "this is true in no environment",
        },
        _ => return,
    };
    let diagnostic = Diagnostic::error("`when` is the same in every environment")
        .at(condition.value.at, label)
        .hint("compare `env` with the name of an environment: `{{ env == 'live' }}`");
    diagnostics.push(diagnostic);
}

/// `None` if it cannot be computed, or is neither true nor false.
fn result_in(condition: &RunCondition, environment: &str) -> Option<bool> {
    let mut scope = VariableScope::new(FreshValues {
        unix_ms: 0,
        seed: [0; 16],
    });
    let origin = VariableOrigin {
        layer: VariableLayer::BuiltIn,
        at: None,
    };
    scope.set("env", Value::from(environment), origin);
    render_tree(&condition.value, &scope).ok()?.as_bool()
}
