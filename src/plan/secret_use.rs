//! Where requests and fixtures use `{{ secret.NAME }}`: the names that must have a value, the
//! schemes whose hosts get one, and the uses in which it could not be hidden.

use super::Unit;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::credential_variable::secret_variable;
use crate::model::fixture::Fixture;
use crate::model::request::{CaseVariant, Request, RunCondition, Step, TemplateField};
use crate::model::template::Expression;
use crate::model::workspace::Workspace;
use crate::render::{SECRET_ROOT, TemplateDialect, conversions};
use crate::span::Span;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The filters that keep all of a text, in a form in which the redactor finds it.
const KEEPING_FILTERS: [&str; 2] = ["encode_base64", "compact"];

/// The secrets of some request files and fixtures: each name, and its first place.
pub(crate) type SecretNames = BTreeMap<String, Span>;

/// The secrets that a request file uses itself.
#[must_use]
pub(crate) fn request_secrets(request: &Request) -> SecretNames {
    secret_names(request_expressions(request))
}

/// The secrets that a fixture uses itself.
#[must_use]
pub(crate) fn fixture_secrets(fixture: &Fixture) -> SecretNames {
    secret_names(fixture_expressions(fixture))
}

/// The secrets that some units of a workspace use, with those of their fixtures.
#[must_use]
pub(crate) fn unit_secrets<'u, 'w: 'u>(
    workspace: &Workspace,
    units: impl IntoIterator<Item = &'u Unit<'w>>,
) -> SecretNames {
    let mut names = SecretNames::new();
    if !workspace.can_use_secrets {
        return names;
    }
    // The units of one request stand side by side.
    let mut last: Option<&str> = None;
    for unit in units {
        if last != Some(&unit.request.name) {
            names.extend(request_secrets(unit.request));
            names.extend(
                unit.fixtures
                    .iter()
                    .flat_map(|fixture| fixture_secrets(fixture)),
            );
        }
        last = Some(&unit.request.name);
    }
    names
}

/// The secrets that anything in a workspace uses.
#[must_use]
pub(crate) fn workspace_secrets(workspace: &Workspace) -> SecretNames {
    if !workspace.can_use_secrets {
        return SecretNames::new();
    }
    let requests = workspace.requests.iter().flat_map(request_secrets);
    let fixtures = workspace.fixtures.iter().flat_map(fixture_secrets);
    fixtures.chain(requests).collect()
}

fn secret_names<'e>(expressions: impl Iterator<Item = &'e Expression>) -> SecretNames {
    let mut names = SecretNames::new();
    for expression in expressions {
        for name in used_names(expression) {
            if let Some((SECRET_ROOT, member)) = name.split_once('.') {
                names.entry(member.to_owned()).or_insert(expression.at);
            }
        }
    }
    names
}

/// The names of an expression that uses a secret itself; none of any other.
fn used_names(expression: &Expression) -> Vec<String> {
    // Nearly no expression does, and the names of each are a list of their own.
    if !expression.source.contains(SECRET_ROOT) {
        return Vec::new();
    }
    all_names(expression)
}

fn all_names(expression: &Expression) -> Vec<String> {
    // What does not compile was refused when it was loaded.
    TemplateDialect::Request
        .names_in(expression)
        .unwrap_or_default()
}

/// The schemes that sign a request of a file with a secret: their hosts get it.
#[must_use]
pub(crate) fn sends_user_secrets(workspace: &Workspace, scheme: &str) -> bool {
    let has_secret: HashSet<&str> = workspace
        .fixtures
        .iter()
        .filter(|fixture| !fixture_secrets(fixture).is_empty())
        .map(|fixture| fixture.name.as_str())
        .collect();
    let is_signed = |step: &Step| step.scheme.name == scheme;
    // A value of a fixture can hold a secret, and fixtures can need others: with one that uses a
    // secret, each of their users counts.
    let by_request = workspace.requests.iter().any(|request| {
        request.calls().any(is_signed)
            && (!request_secrets(request).is_empty()
                || (!request.needs.is_empty() && !has_secret.is_empty()))
    });
    by_request
        || workspace.fixtures.iter().any(|fixture| {
            fixture.all_steps().any(is_signed)
                && (has_secret.contains(fixture.name.as_str())
                    || (!fixture.needs.is_empty() && !has_secret.is_empty()))
        })
}

fn request_expressions(request: &Request) -> impl Iterator<Item = &Expression> {
    let used = request.steps.iter().filter_map(|step| step.used.as_deref());
    let used = used.flat_map(|used| used.vars.iter().chain(&used.given));
    let fields = variant_fields(&request.cases)
        .chain(&request.vars)
        .chain(used);
    field_expressions(fields).chain(request.calls().flat_map(Step::expressions))
}

fn fixture_expressions(fixture: &Fixture) -> impl Iterator<Item = &Expression> {
    let fields = variant_fields(&fixture.params)
        .chain(&fixture.vars)
        .chain(&fixture.values);
    field_expressions(fields).chain(fixture.all_steps().flat_map(Step::expressions))
}

fn variant_fields(variants: &[CaseVariant]) -> impl Iterator<Item = &TemplateField> {
    variants.iter().flat_map(|variant| &variant.vars)
}

fn field_expressions<'f>(
    fields: impl Iterator<Item = &'f TemplateField>,
) -> impl Iterator<Item = &'f Expression> {
    fields.flat_map(|field| field.value.expressions())
}

/// Reports every use of a secret in which it could not be hidden.
pub(super) fn check_secret_uses(workspace: &Workspace, diagnostics: &mut Diagnostics) {
    let shared = workspace.environments.iter().flat_map(|own| &own.vars);
    for expression in field_expressions(workspace.vars.iter().chain(shared)) {
        if uses_any(expression, &SecretHolders::default()) {
            let diagnostic =
                Diagnostic::error("a variable of `ingam.yaml` cannot contain a secret");
            diagnostics.push(
                diagnostic
                    .at(expression.at, "every request would need it")
                    .hint("write `{{ secret.NAME }}` in the request, or in `vars` of its file"),
            );
        }
    }
    if !workspace.can_use_secrets {
        return;
    }
    let mut holders = SecretHolders::default();
    for fixture in fixtures_in_order(workspace) {
        check_fixture(fixture, &mut holders, diagnostics);
    }
    for request in &workspace.requests {
        let mut own = holders.clone();
        own.check_fields(
            variant_fields(&request.cases).chain(&request.vars),
            diagnostics,
        );
        let steps = request.steps.iter().filter_map(|step| step.when.as_deref());
        own.refuse_in_conditions(request.when.iter().chain(steps), diagnostics);
        own.check_steps(&request.steps, diagnostics);
    }
}

/// Each after those that it needs.
fn fixtures_in_order(workspace: &Workspace) -> Vec<&Fixture> {
    let mut ordered: Vec<&Fixture> = Vec::new();
    let mut waiting: Vec<&Fixture> = workspace.fixtures.iter().collect();
    while !waiting.is_empty() {
        let is_ready = |fixture: &&Fixture| {
            fixture
                .needs
                .iter()
                .all(|needed| !waiting.iter().any(|other| other.name == needed.name))
        };
        let (ready, later): (Vec<_>, Vec<_>) = waiting.iter().copied().partition(is_ready);
        if ready.is_empty() {
            // A circle, which is reported where fixtures are resolved.
            ordered.extend(later);
            break;
        }
        ordered.extend(ready);
        waiting = later;
    }
    ordered
}

fn check_fixture(fixture: &Fixture, holders: &mut SecretHolders, diagnostics: &mut Diagnostics) {
    let mut own = holders.clone();
    own.check_fields(
        variant_fields(&fixture.params).chain(&fixture.vars),
        diagnostics,
    );
    own.check_steps(&fixture.steps, diagnostics);
    own.check_fields(fixture.values.iter(), diagnostics);
    if field_expressions(fixture.values.iter()).any(|value| uses_any(value, &own)) {
        holders.names.insert(fixture.name.clone());
    }
}

/// The names whose values hold a secret, besides `secret` itself.
#[derive(Clone, Default)]
struct SecretHolders {
    names: BTreeSet<String>,
}

fn uses_any(expression: &Expression, holders: &SecretHolders) -> bool {
    let source = &expression.source;
    // The quick look spares taking each expression apart.
    if !source.contains(SECRET_ROOT) && !holders.names.iter().any(|name| source.contains(name)) {
        return false;
    }
    // One whose names cannot be read could use any of them.
    TemplateDialect::Request
        .names_in(expression)
        .map_or(true, |names| names.iter().any(|name| holders.holds(name)))
}

impl SecretHolders {
    fn holds(&self, name: &str) -> bool {
        let root = name.split('.').next().unwrap_or_default();
        root == SECRET_ROOT || self.names.contains(root)
    }

    /// Fields that later ones and the steps can use.
    fn check_fields<'f>(
        &mut self,
        fields: impl Iterator<Item = &'f TemplateField>,
        diagnostics: &mut Diagnostics,
    ) {
        for field in fields {
            let mut holds = false;
            for expression in field.value.expressions() {
                holds |= self.check_expression(expression, diagnostics);
            }
            if holds {
                self.names.insert(field.name.to_string());
            }
        }
    }

    fn check_steps(&self, steps: &[Step], diagnostics: &mut Diagnostics) {
        for step in steps {
            let mut own = self.clone();
            // The variables of a used file are checked in that file.
            if let Some(used) = &step.used {
                let fields = used.given.iter().chain(&used.vars);
                own.check_fields(fields, &mut Diagnostics::default());
            }
            // The value of a round is one of the list.
            if let Some(each) = &step.for_each
                && each
                    .list
                    .expressions()
                    .iter()
                    .any(|list| uses_any(list, self))
            {
                own.names.insert(each.item.clone());
            }
            for expression in step.expressions() {
                own.check_expression(expression, diagnostics);
            }
            own.refuse_in_file_names(step, diagnostics);
            own.refuse_at_external_hosts(step, diagnostics);
            let undo = step.calls().skip(1);
            own.refuse_in_undo(undo.flat_map(Step::expressions), diagnostics);
        }
    }

    /// A name of a file cannot be redacted: it is on the disk, or others keep it.
    fn refuse_in_file_names(&self, step: &Step, diagnostics: &mut Diagnostics) {
        let output = step.output.iter();
        let names = output
            .flat_map(|output| output.path.expressions())
            .chain(step.body.file_expressions())
            .chain(step.body.filename_expressions());
        for name in names.filter(|name| uses_any(name, self)) {
            let diagnostic = Diagnostic::error("a file name cannot contain a secret");
            diagnostics.push(
                diagnostic
                    .at(
                        name.at,
                        "a file name is visible on the disk and to the receiver",
                    )
                    .hint("use a variable or a capture that is not secret"),
            );
        }
    }

    /// Another party than the user chose the host.
    fn refuse_at_external_hosts(&self, step: &Step, diagnostics: &mut Diagnostics) {
        if step.external.is_none() {
            return;
        }
        let headers = step
            .headers
            .iter()
            .flat_map(|field| field.value.expressions());
        let sent = step
            .path
            .expressions()
            .chain(headers)
            .chain(step.body.expressions());
        for expression in sent.filter(|expression| uses_any(expression, self)) {
            let diagnostic = Diagnostic::error(
                "a request to an address from a response cannot contain a secret",
            );
            diagnostics.push(
                diagnostic
                    .at(
                        expression.at,
                        "the response determines the host that would receive it",
                    )
                    .hint("send it to a host of the scheme, without `external`"),
            );
        }
    }

    /// What runs must not depend on a secret: reports show it.
    fn refuse_in_conditions<'e>(
        &self,
        conditions: impl Iterator<Item = &'e RunCondition>,
        diagnostics: &mut Diagnostics,
    ) {
        let expressions = conditions.flat_map(|condition| condition.value.expressions());
        for expression in expressions.filter(|expression| uses_any(expression, self)) {
            let diagnostic = Diagnostic::error("a condition cannot use a secret")
                .at(expression.at, "reports would show whether it is true");
            diagnostics.push(diagnostic.hint("compare a variable or `env`"));
        }
    }

    fn refuse_in_undo<'e>(
        &self,
        expressions: impl Iterator<Item = &'e Expression>,
        diagnostics: &mut Diagnostics,
    ) {
        for expression in expressions.filter(|expression| uses_any(expression, self)) {
            let diagnostic = Diagnostic::error("an undo cannot use a secret")
                .at(expression.at, "the ledger would have to store it");
            diagnostics.push(diagnostic.hint(
                "let the scheme sign the undo, or delete the item in the last step of the request",
            ));
        }
    }

    /// Whether the value holds a secret.
    fn check_expression(&self, expression: &Expression, diagnostics: &mut Diagnostics) -> bool {
        if !uses_any(expression, self) {
            return false;
        }
        if let Some(fault) = use_fault(expression) {
            diagnostics.push(fault);
        }
        true
    }
}

/// What is wrong with the name of a secret.
fn name_fault(name: &str) -> Option<Diagnostic> {
    let parts: Vec<&str> = name.split('.').collect();
    let hint = |secret: &str| {
        let variable = secret_variable(secret);
        format!("write `{{{{ secret.{secret} }}}}` for the variable `{variable}`")
    };
    match parts.as_slice() {
        // The variable has no capitals of its own to tell two names apart.
        [SECRET_ROOT, secret] if secret.contains(|letter: char| letter.is_uppercase()) => {
            let diagnostic = Diagnostic::error(format!("`{name}` has upper-case letters"));
            Some(diagnostic.hint(hint(&secret.to_lowercase())))
        }
        [SECRET_ROOT, _] => None,
        [SECRET_ROOT, ..] => {
            let diagnostic = Diagnostic::error(format!("`{name}` is not a secret"));
            Some(diagnostic.hint(hint("buyer_password")))
        }
        _ => None,
    }
}

/// What is wrong with an expression that uses a secret, or a variable that holds one.
fn use_fault(expression: &Expression) -> Option<Diagnostic> {
    for name in all_names(expression) {
        if let Some(fault) = name_fault(&name) {
            return Some(fault.at(
                expression.at,
                "a secret is `secret.NAME`, with NAME in lower case",
            ));
        }
    }
    if expression.lookup.is_some() {
        return None;
    }
    let taken_apart = conversions(&expression.source)
        .into_iter()
        .find(|filter| !KEEPING_FILTERS.contains(&filter.as_str()))?;
    let reason = if taken_apart == "[" {
        "ingam could not redact a part of a secret".to_owned()
    } else {
        format!("ingam could not redact the result of `{taken_apart}`")
    };
    Some(Diagnostic::error(reason).at(expression.at, "holds a secret").hint(
        "use the whole secret: `{{ secret.NAME }}`, joined with other text with `~`, or with `| encode_base64`",
    ))
}
