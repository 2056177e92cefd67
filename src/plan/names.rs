//! Holds every template of a request against the names that will be known when it is rendered.

use super::accounts_of;
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean, list_of, similar};
use crate::model::assertion::{Bound, Predicate, Test};
use crate::model::environment::EVERY_ACCOUNT;
use crate::model::request::{Body, Field, PartContent, Request, Step};
use crate::model::scheme::{CredentialScope, PLAIN, Scheme};
use crate::model::template::Expression;
use crate::model::workspace::Workspace;
use crate::render::{Dialect, FUNCTIONS, RESERVED};
use std::sync::Arc;

/// What the command line gives over the files.
pub struct Given<'g> {
    /// The names of `--var`.
    pub vars: Vec<String>,
    pub account: Option<&'g str>,
}

/// Reports every name that nothing defines in `environment`, and accounts that are not clear.
pub fn check_names(workspace: &Workspace, environment: &str, given: &Given<'_>, faults: &mut Diagnostics) {
    let mut known: Vec<String> = RESERVED.iter().map(|name| (*name).to_owned()).collect();
    let vars = workspace.environment(environment).map(|environment| environment.vars.as_slice()).unwrap_or_default();
    let account = account_members(workspace, environment, None);
    let mut shared = Checker { account, environment, request: None, faults };
    shared.define(&workspace.vars, &mut known);
    shared.define(vars, &mut known);
    for request in &workspace.requests {
        if given.account.is_none() {
            check_account(workspace, environment, request, faults);
        }
        let mut known = known.clone();
        let account = account_members(workspace, environment, Some(request));
        let mut checker = Checker { account, environment, request: Some(request), faults };
        checker.define(&request.vars, &mut known);
        known.extend(given.vars.iter().cloned());
        for step in &request.steps {
            checker.step(step, &mut known);
        }
    }
}

/// Whether anything in the workspace defines or uses a variable of this name; one that nothing knows is a slip.
#[must_use]
pub fn knows_variable(workspace: &Workspace, name: &str) -> bool {
    let uses = |expression: &Expression| {
        let names = Dialect::Request.names_in(expression).unwrap_or_default();
        names.iter().any(|used| used.split('.').next() == Some(name))
    };
    workspace.variables().any(|field| field.name == name)
        || workspace.requests.iter().flat_map(|request| &request.steps).any(|step| step_expressions(step).into_iter().any(uses))
}

fn step_expressions(step: &Step) -> Vec<&Expression> {
    let mut all: Vec<&Expression> = step.path.expressions().collect();
    all.extend(step.query.iter().chain(&step.headers).flat_map(|field| field.value.expressions()));
    all.extend(body_expressions(&step.body));
    all.extend(step.assertions.iter().flat_map(|assertion| predicate_expressions(&assertion.predicates)));
    all
}

/// An account that a file names must be one of the environment.
fn check_account(workspace: &Workspace, environment: &str, request: &Request, faults: &mut Diagnostics) {
    let Some(named) = &request.account else { return check_unnamed(workspace, environment, request, faults) };
    if named.name == EVERY_ACCOUNT {
        return check_every(workspace, environment, request, faults);
    }
    for scheme in request.steps.iter().map(|step| step.scheme.name.as_str()).filter(|scheme| *scheme != PLAIN) {
        let accounts = workspace.accounts(environment, scheme);
        if !accounts.iter().any(|account| account.name == named.name) {
            let fault = Diagnostic::error(format!("`{scheme}` has no account `{}` in environment `{environment}`", named.name));
            let hint = did_you_mean(&named.name, accounts.iter().map(|account| account.name.as_str()));
            let hint = hint.unwrap_or_else(|| "accounts stand under `envs` in ingam.yaml".to_owned());
            return faults.push(fault.at(named.at, "unknown account").hint(hint));
        }
    }
}

/// Each of none is nothing, and a test of nothing must not be green.
fn check_every(workspace: &Workspace, environment: &str, request: &Request, faults: &mut Diagnostics) {
    let Some(named) = request.account.as_ref().filter(|_| accounts_of(request, workspace, environment).is_empty()) else {
        return;
    };
    let mut schemes: Vec<&str> = request.steps.iter().map(|step| step.scheme.name.as_str()).collect();
    schemes.dedup();
    let schemes = list_of(schemes.iter().copied(), "and");
    let fault = Diagnostic::error(format!("{schemes} has no account in environment `{environment}`"));
    faults.push(fault.at(named.at, "each of none").hint("accounts stand under `envs` in ingam.yaml"));
}

/// With several accounts one must be named.
fn check_unnamed(workspace: &Workspace, environment: &str, request: &Request, faults: &mut Diagnostics) {
    for step in &request.steps {
        let accounts = workspace.accounts(environment, &step.scheme.name);
        if accounts.len() > 1 {
            let names = list_of(accounts.iter().map(|account| account.name.as_str()), "and");
            let reason =
                format!("`{}` has the accounts {names} in environment `{environment}`, and none is named", step.scheme.name);
            let fault = Diagnostic::error(reason).at(step.scheme.at, "for this scheme");
            return faults.push(fault.hint("write `account: NAME` in the file, or pass `--account NAME`"));
        }
    }
}

/// The members that `account` can have for the schemes of a request, or of any when none is given.
fn account_members(workspace: &Workspace, environment: &str, request: Option<&Request>) -> Vec<String> {
    let used =
        |scheme: &&Arc<Scheme>| request.is_none_or(|request| request.steps.iter().any(|step| step.scheme.name == scheme.name));
    let mut members = vec!["name".to_owned()];
    for scheme in workspace.schemes.iter().filter(used) {
        let own =
            scheme.credentials.iter().filter(|credential| !credential.secret && credential.scope == CredentialScope::Account);
        members.extend(own.map(|credential| credential.name.clone()));
        let accounts = workspace.accounts(environment, &scheme.name);
        members.extend(accounts.iter().flat_map(|account| account.values.iter().map(|(name, _)| name.clone())));
    }
    members.sort();
    members.dedup();
    members
}

struct Checker<'c> {
    account: Vec<String>,
    environment: &'c str,
    request: Option<&'c Request>,
    faults: &'c mut Diagnostics,
}

impl Checker<'_> {
    fn define(&mut self, fields: &[Field], known: &mut Vec<String>) {
        for field in fields {
            self.expressions(field.value.expressions(), known);
            known.push(field.name.clone());
        }
    }

    fn step(&mut self, step: &Step, known: &mut Vec<String>) {
        self.expressions(step.path.expressions().collect(), known);
        for field in step.query.iter().chain(&step.headers) {
            self.expressions(field.value.expressions(), known);
        }
        self.expressions(body_expressions(&step.body), known);
        // Captures are made before assertions are judged, so an assertion may use them.
        known.extend(step.captures.iter().map(|capture| capture.name.clone()));
        for assertion in &step.assertions {
            self.expressions(predicate_expressions(&assertion.predicates), known);
        }
    }

    fn expressions(&mut self, expressions: Vec<&Expression>, known: &[String]) {
        for expression in expressions {
            for name in Dialect::Request.names_in(expression).unwrap_or_default() {
                let root = name.split('.').next().unwrap_or_default();
                if !known.iter().any(|known| known == root) {
                    self.report(root, expression, known);
                } else if let ("account", Some(member)) = (root, name.split('.').nth(1)) {
                    self.member(member, expression);
                }
            }
        }
    }

    /// What an account knows: its name, what the scheme says of accounts, and what `ingam.yaml` says of one.
    fn member(&mut self, member: &str, expression: &Expression) {
        if !self.account.iter().any(|known| known == member) {
            let fault = Diagnostic::error(format!("an account knows no `{member}` here")).at(expression.at, "unknown member");
            self.faults.push(fault.maybe_hint(did_you_mean(member, self.account.iter().map(String::as_str))));
        }
    }

    fn report(&mut self, name: &str, expression: &Expression, known: &[String]) {
        let offset = expression.source.find(name).unwrap_or(0);
        let fault =
            Diagnostic::error(format!("`{name}` is not defined")).at(expression.at.slice(offset, name.len()), "unknown name");
        let later = self.request.into_iter().flat_map(|request| &request.steps);
        let later = later
            .flat_map(|step| step.captures.iter().map(move |capture| (step, capture)))
            .find(|(_, capture)| capture.name == name);
        if let Some((step, capture)) = later {
            let when = step.name.as_deref().map_or("this request".to_owned(), |name| format!("step `{name}`"));
            self.faults.push(
                fault
                    .at(capture.name_at, format!("captured only by {when}"))
                    .hint("what one step captures, the steps after it may use"),
            );
            return;
        }
        let secret = ["cred", "token", "secret"].contains(&name);
        let called = expression.source[offset..].trim_start_matches(name).trim_start().starts_with('(');
        let hint = if called {
            Some(format!("the functions are {}", list_of(FUNCTIONS, "and")))
        } else if secret {
            Some("no template of a request sees a secret or a token; the scheme adds what is needed".to_owned())
        } else {
            let similar = similar(name, known.iter().map(String::as_str));
            similar.or_else(|| {
                Some(format!(
                    "define it in `vars` of the file, of the environment `{}` or of `ingam.yaml`, or pass `--var {name}=…`",
                    self.environment
                ))
            })
        };
        self.faults.push(fault.maybe_hint(hint));
    }
}

fn body_expressions(body: &Body) -> Vec<&Expression> {
    match body {
        Body::Json(tree) | Body::Text(tree) => tree.expressions(),
        Body::Form(fields) => fields.iter().flat_map(|field| field.value.expressions()).collect(),
        Body::Multipart(parts) => parts
            .iter()
            .flat_map(|part| if let PartContent::Text(tree) = &part.content { tree.expressions() } else { Vec::new() })
            .collect(),
        Body::None | Body::File(_) => Vec::new(),
    }
}

fn predicate_expressions(predicates: &[Predicate]) -> Vec<&Expression> {
    predicates.iter().flat_map(|predicate| test_expressions(&predicate.test)).collect()
}

fn test_expressions(test: &Test) -> Vec<&Expression> {
    match test {
        Test::Equals(tree)
        | Test::OneOf(tree)
        | Test::Contains(tree)
        | Test::StartsWith(tree)
        | Test::EndsWith(tree)
        | Test::Includes(tree)
        | Test::Unordered(tree) => tree.expressions(),
        Test::Above(bound) | Test::AtLeast(bound) | Test::Below(bound) | Test::AtMost(bound) => match bound {
            Bound::Value(tree) => tree.expressions(),
            Bound::Duration(_) => Vec::new(),
        },
        Test::Not(inner) | Test::Length(inner) | Test::Each(inner) | Test::Some(inner) | Test::None(inner) => {
            predicate_expressions(inner)
        }
        Test::Type(_) | Test::Exists(_) | Test::Matches(_) | Test::Unique(_) | Test::Schema(_) => Vec::new(),
    }
}
