//! Checks that every name in a template of a request is defined when the template is rendered.

use super::file_names::check_file_names;
use super::known_names::KnownNames;
use super::name_members::{MemberTable, NameMembers};
use super::secret_use::check_secret_uses;
use super::{Unit, common_accounts, has_own_accounts};
use crate::diagnostic::{
    CheckKind, Diagnostic, Diagnostics, FaultCache, Hint, Repair, join_names, name_hint,
    similar_hint,
};
use crate::model::capture::Capture;
use crate::model::environment::{ALL_ACCOUNTS, Account};
use crate::model::fixture::Fixture;
use crate::model::repeat::RepeatMode;
use crate::model::request::{
    CaseVariant, Request, RunCondition, SpannedName, Step, TemplateField, UndoStep, UsedScope,
};
use crate::model::template::Expression;
use crate::model::workspace::Workspace;
use crate::render::{
    FUNCTION_NAMES, RESERVED_NAMES, TemplateDialect, UNRESERVED_FUNCTIONS, called_function,
    first_use,
};
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The names and accounts that the command line gives; they override those of the files.
pub(crate) struct CommandLineNames<'g> {
    /// The names of `--var`.
    pub(crate) vars: Vec<String>,
    pub(crate) account: Option<&'g str>,
    /// Whose accounts must be clear; `None` says all.
    pub(crate) requests: Option<HashSet<&'g str>>,
}

/// Reports every name that nothing defines in `environment`, accounts that are not clear, and
/// files that make more units than a run can hold. `cache` holds faults of the same command line.
pub(crate) fn check_names(
    workspace: &Workspace,
    environment: &str,
    given: &CommandLineNames<'_>,
    (cache, diagnostics): (&mut FaultCache, &mut Diagnostics),
) {
    let shared = shared_names(workspace, environment, given, diagnostics);
    let known = || KnownNames::of_file(&shared);
    check_secret_uses(workspace, diagnostics);
    check_file_names(workspace, diagnostics);
    check_unit_count(workspace, environment, given, diagnostics);
    for fixture in &workspace.fixtures {
        check_fixture(workspace, environment, fixture, known(), diagnostics);
    }
    for request in &workspace.requests {
        let is_meant = given
            .requests
            .as_ref()
            .is_none_or(|names| names.contains(request.name.as_str()));
        let file = (CheckKind::Names, request.name.as_str());
        cache.check(file, diagnostics, |found| {
            if is_meant {
                check_step_accounts(workspace, environment, request, found);
            }
            // `--account` overrides the accounts of all files, and those of requests that do not run
            // do not matter.
            if given.account.is_none() && is_meant {
                check_account(workspace, environment, request, found);
            }
            check_request(workspace, environment, request, known(), found);
        });
    }
}

/// The most units of a run. Each is kept in memory with its result until the run ends.
pub(crate) const MAX_UNITS: usize = 20_000;

/// Reports the request with which a run would have too many units: accounts, cases and params
/// multiply, so that a few lines can name millions.
fn check_unit_count(
    workspace: &Workspace,
    environment: &str,
    given: &CommandLineNames<'_>,
    diagnostics: &mut Diagnostics,
) {
    let mut total: usize = 0;
    for request in &workspace.requests {
        let selected = given.requests.as_ref();
        if selected.is_some_and(|names| !names.contains(request.name.as_str())) {
            continue;
        }
        let count = Unit::count(request, given.account, workspace, environment);
        total = total.saturating_add(count);
        if total > MAX_UNITS {
            let reason = if count == total {
                format!("this file has {count} units, but a run can have at most {MAX_UNITS}")
            } else {
                format!(
                    "with the {count} units of this file, the run has more than {MAX_UNITS} units"
                )
            };
            let diagnostic = Diagnostic::error(reason).at(request.at, "cases × accounts × params");
            return diagnostics.push(
                diagnostic.hint("remove cases or params, or select fewer files for each run"),
            );
        }
    }
}

/// The names that every file can use. They are checked where they are defined, each against those
/// that are defined before it.
fn shared_names(
    workspace: &Workspace,
    environment: &str,
    given: &CommandLineNames<'_>,
    diagnostics: &mut Diagnostics,
) -> HashSet<String> {
    let mut known = KnownNames::default();
    known.extend(RESERVED_NAMES);
    let vars = workspace
        .environment(environment)
        .map(|environment| environment.vars.as_slice())
        .unwrap_or_default();
    let every = workspace.schemes.iter().map(|scheme| scheme.name.as_str());
    let mut shared = NameChecker {
        members: MemberTable::new((workspace, environment), every, &[]),
        environment,
        steps: &[],
        fixtures: &workspace.fixtures,
        variants: &[],
        has_unread_variants: false,
        captures: OnceCell::new(),
        conditional: HashMap::new(),
        when: None,
        diagnostics,
    };
    shared.define(&workspace.vars, &mut known);
    shared.define(vars, &mut known);
    // Last: a shared variable must not depend on `--var`, or every file of the workspace would fail
    // without that option.
    known.extend(given.vars.iter().cloned());
    known.into_own()
}

fn check_request(
    workspace: &Workspace,
    environment: &str,
    request: &Request,
    mut known: KnownNames<'_>,
    diagnostics: &mut Diagnostics,
) {
    let members = MemberTable::of_request((workspace, environment), request);
    let steps: Vec<&Step> = request.steps.iter().collect();
    let mut checker = NameChecker {
        members,
        environment,
        steps: &steps,
        fixtures: &workspace.fixtures,
        variants: &request.cases,
        has_unread_variants: request.has_unread_cases,
        captures: OnceCell::new(),
        conditional: HashMap::new(),
        when: None,
        diagnostics,
    };
    checker.check_variants(&request.cases, &mut known);
    if let Some(when) = &request.when {
        checker.check_file_condition(request, when, &known);
    }
    known.extend(request.needs.iter().map(|needed| needed.name.clone()));
    checker.define(&request.vars, &mut known);
    checker.check_flow(&request.steps, &mut known);
}

fn check_fixture(
    workspace: &Workspace,
    environment: &str,
    fixture: &Fixture,
    mut known: KnownNames<'_>,
    diagnostics: &mut Diagnostics,
) {
    let schemes = fixture.schemes();
    let members = MemberTable::new((workspace, environment), schemes, &fixture.needs);
    let steps: Vec<&Step> = fixture.steps.iter().collect();
    let mut checker = NameChecker {
        members,
        environment,
        steps: &steps,
        fixtures: &workspace.fixtures,
        variants: &fixture.params,
        has_unread_variants: fixture.has_unread_params,
        captures: OnceCell::new(),
        conditional: HashMap::new(),
        when: None,
        diagnostics,
    };
    checker.check_variants(&fixture.params, &mut known);
    known.extend(fixture.needs.iter().map(|needed| needed.name.clone()));
    checker.define(&fixture.vars, &mut known);
    for step in &fixture.steps {
        checker.check_step(step, &mut known);
    }
    checker.define(&fixture.values, &mut known);
}

/// The names of all variables that anything in the workspace defines or uses.
#[must_use]
pub(crate) fn used_variables(workspace: &Workspace) -> BTreeSet<String> {
    let defined = workspace
        .variable_fields()
        .map(|field| field.name.to_string());
    let expressions = workspace.all_steps().flat_map(Step::expressions);
    let used = expressions
        // What does not compile was refused when it was loaded.
        .filter_map(|expression| TemplateDialect::Request.names_in(expression).ok())
        .flatten()
        .filter_map(|name| name.split('.').next().map(str::to_owned));
    let mut names: BTreeSet<String> = defined.chain(used).collect();
    for reserved in RESERVED_NAMES {
        names.remove(reserved);
    }
    names
}

/// Whether anything in the workspace defines or uses a variable of this name; one that nothing
/// knows is a slip.
#[must_use]
pub(crate) fn mentions_variable(workspace: &Workspace, name: &str) -> bool {
    let uses = |expression: &Expression| {
        // What does not compile was refused when it was loaded.
        TemplateDialect::Request
            .names_in(expression)
            .is_ok_and(|names| {
                names
                    .iter()
                    .any(|used| used.split('.').next() == Some(name))
            })
    };
    workspace.variable_fields().any(|field| field.name == name)
        || workspace
            .all_steps()
            .any(|step| step.expressions().into_iter().any(uses))
}

/// An account that a file names must be one of the environment.
fn check_account(
    workspace: &Workspace,
    environment: &str,
    request: &Request,
    diagnostics: &mut Diagnostics,
) {
    let Some(named) = &request.account else {
        return check_ambiguous_account(workspace, environment, request, diagnostics);
    };
    if named.name == ALL_ACCOUNTS {
        return check_all_accounts(workspace, environment, request, diagnostics);
    }
    let own_steps = request.steps.iter().filter(|step| step.account.is_none());
    for scheme in own_steps
        .flat_map(Step::calls)
        .map(|step| step.scheme.name.as_str())
        .filter(|scheme| has_own_accounts(scheme, workspace, environment))
    {
        let accounts = workspace.accounts(environment, scheme);
        if !accounts.iter().any(|account| account.name == named.name) {
            // One message: the account is often missing for every scheme of the file.
            return diagnostics.push(unknown_account(scheme, environment, named, &accounts));
        }
    }
}

/// The accounts that steps name must be those of the environment, and a file that runs once for
/// each account has no step of one account.
fn check_step_accounts(
    workspace: &Workspace,
    environment: &str,
    request: &Request,
    diagnostics: &mut Diagnostics,
) {
    let file = request.account.as_ref();
    let all = file.filter(|account| account.name == ALL_ACCOUNTS);
    for step in &request.steps {
        let Some(named) = &step.account else { continue };
        if let Some(all) = all {
            let diagnostic =
                Diagnostic::error("a step with its own account would run once for each account")
                    .at(named.at, "one account")
                    .at(all.at, "each account");
            return diagnostics
                .push(diagnostic.hint("write one account at the top of the file too"));
        }
        let schemes = step.calls().map(|call| call.scheme.name.as_str());
        for scheme in schemes.filter(|scheme| has_own_accounts(scheme, workspace, environment)) {
            let accounts = workspace.accounts(environment, scheme);
            if !accounts.iter().any(|account| account.name == named.name) {
                return diagnostics.push(unknown_account(scheme, environment, named, &accounts));
            }
        }
    }
}

fn unknown_account(
    scheme: &str,
    environment: &str,
    named: &SpannedName,
    accounts: &[&Account],
) -> Diagnostic {
    let diagnostic = Diagnostic::error(format!(
        "`{scheme}` has no account `{}` in environment `{environment}`",
        named.name
    ));
    let hint = name_hint(
        &named.name,
        accounts.iter().map(|account| account.name.as_str()),
    );
    let hint = hint
        .unwrap_or_else(|| "add it under `envs` in ingam.yaml, or choose another account".into());
    diagnostic.at(named.at, "unknown account").hint(hint)
}

/// `account: all` without any account would run nothing, and a run of nothing must not pass.
fn check_all_accounts(
    workspace: &Workspace,
    environment: &str,
    request: &Request,
    diagnostics: &mut Diagnostics,
) {
    let Some(named) = request
        .account
        .as_ref()
        .filter(|_| common_accounts(request, workspace, environment).is_empty())
    else {
        return;
    };
    let mut schemes: Vec<&str> = request
        .calls()
        .map(|step| step.scheme.name.as_str())
        .collect();
    schemes.dedup();
    let names = join_names(schemes.iter().copied(), "and");
    let reason = if schemes.len() == 1 {
        format!("{names} has no account in environment `{environment}`")
    } else {
        format!("{names} have no account in common in environment `{environment}`")
    };
    let diagnostic = Diagnostic::error(reason);
    diagnostics.push(
        diagnostic
            .at(named.at, "there are none")
            .hint("add it under `envs` in ingam.yaml, or choose another account"),
    );
}

/// With several accounts one must be named.
fn check_ambiguous_account(
    workspace: &Workspace,
    environment: &str,
    request: &Request,
    diagnostics: &mut Diagnostics,
) {
    let own_steps = request.steps.iter().filter(|step| step.account.is_none());
    for step in own_steps.flat_map(Step::calls) {
        let accounts = workspace.accounts(environment, &step.scheme.name);
        if accounts.len() > 1 {
            let names = join_names(accounts.iter().map(|account| account.name.as_str()), "and");
            let reason = format!(
                "`{}` has the accounts {names} in environment `{environment}`, but the request chooses none",
                step.scheme.name
            );
            let diagnostic = Diagnostic::error(reason).at(step.scheme.at, "for this scheme");
            return diagnostics.push(
                diagnostic.hint("write `account: NAME` in the file, or pass `--account NAME`"),
            );
        }
    }
}

/// The first names that an expression looks up; none if it does not compile.
fn root_names(expression: &Expression) -> impl Iterator<Item = String> {
    let names = TemplateDialect::Request.names_in(expression).ok();
    let root = |name: String| name.split('.').next().map(str::to_owned);
    names.into_iter().flatten().filter_map(root)
}

/// Among more names than these none is looked for that is similar to a wrong one: for a file of
/// ten thousand wrong names that takes minutes.
const MAX_COMPARED_NAMES: usize = 500;

struct NameChecker<'c> {
    members: MemberTable<'c>,
    environment: &'c str,
    /// Those that capture.
    steps: &'c [&'c Step],
    fixtures: &'c [Fixture],
    variants: &'c [CaseVariant],
    /// There are more variants, whose names are not known.
    has_unread_variants: bool,
    /// The first capture of each name, with its step; made for the first message that needs it.
    captures: OnceCell<HashMap<&'c str, (&'c Step, &'c Capture)>>,
    /// Captures of steps with `when`, the first of each name.
    conditional: HashMap<&'c str, ConditionalCapture<'c>>,
    /// The `when` of the step that is checked.
    when: Option<&'c str>,
    diagnostics: &'c mut Diagnostics,
}

/// A capture that is there only if the `when` of its step holds.
struct ConditionalCapture<'c> {
    capture: &'c Capture,
    when: &'c str,
}

impl<'c> NameChecker<'c> {
    /// Steps of another file see the names of that file, and the flow sees what they capture under
    /// their prefix.
    fn check_flow(&mut self, steps: &'c [Step], known: &mut KnownNames<'_>) {
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            let Some(used) = &step.used else {
                self.check_step(step, known);
                at += 1;
                continue;
            };
            let is_other = |step: &Step| {
                step.used
                    .as_ref()
                    .is_none_or(|other| !Arc::ptr_eq(other, used))
            };
            let count = steps[at..]
                .iter()
                .position(is_other)
                .unwrap_or(steps.len() - at);
            self.check_used_steps(used, &steps[at..at + count], known);
            at += count;
        }
    }

    fn check_used_steps(&mut self, used: &UsedScope, steps: &[Step], known: &mut KnownNames<'_>) {
        self.when = None;
        for field in &used.given {
            self.check_expressions(field.value.expressions(), known);
        }
        // The steps are checked in their own file, which has the same names.
        if !known.insert(used.prefix.clone()) {
            let diagnostic = Diagnostic::error(format!("`{}` is already defined", used.prefix)).at(
                used.at,
                "the captures of these steps would hide the other value",
            );
            self.diagnostics
                .push(diagnostic.hint("write `name:` next to `use` for another name"));
        }
        let captures = steps.iter().flat_map(|step| &step.captures);
        self.members.push(NameMembers::new(
            &used.prefix,
            format!("`{}` (from `use`)", used.prefix),
            captures.map(|capture| capture.name.clone()).collect(),
        ));
    }

    /// A condition of a file is evaluated before fixtures are set up.
    fn check_file_condition(
        &mut self,
        request: &Request,
        when: &RunCondition,
        known: &KnownNames<'_>,
    ) {
        let mut late: HashSet<&str> = request
            .needs
            .iter()
            .map(|need| need.name.as_str())
            .collect();
        let mut known = known.clone();
        let fields = request.cases.iter().flat_map(|case| &case.vars);
        for field in fields.chain(&request.vars) {
            known.insert(field.name.to_string());
            let mut expressions = field.value.expressions().into_iter();
            if expressions
                .any(|expression| root_names(expression).any(|root| late.contains(&*root)))
            {
                late.insert(&field.name);
            }
        }
        for expression in when.value.expressions() {
            if let Some(root) = root_names(expression).find(|root| late.contains(root.as_str())) {
                let diagnostic = Diagnostic::error(format!("`{root}` needs a fixture"))
                    .at(expression.at, "evaluated before fixtures are set up");
                self.diagnostics.push(diagnostic.hint(
                    "use `env`, `account`, `cases` and `vars` without fixtures, or move `when` to a step",
                ));
                return;
            }
        }
        self.check_expressions(when.value.expressions(), &known);
    }

    fn define(&mut self, fields: &[TemplateField], known: &mut KnownNames<'_>) {
        for field in fields {
            self.check_expressions(field.value.expressions(), known);
            known.insert(field.name.to_string());
        }
    }

    /// A name is known when every case or param gives it; each may use what stands above it.
    fn check_variants(&mut self, variants: &[CaseVariant], known: &mut KnownNames<'_>) {
        // Given by every variant so far.
        let mut common: Option<HashSet<&str>> = None;
        for variant in variants {
            // The names of one case are not known in another one, so they are removed after it.
            let own = variant.vars.iter().map(|field| field.name.as_str());
            let own: HashSet<&str> = own.collect();
            let is_new = |name: &&str| !known.contains(name);
            let added: Vec<&str> = own.iter().copied().filter(is_new).collect();
            self.define(&variant.vars, known);
            for name in added {
                known.remove(name);
            }
            common = Some(match common {
                Some(names) => names.intersection(&own).copied().collect(),
                None => own,
            });
        }
        known.extend(common.into_iter().flatten());
    }

    fn check_step(&mut self, step: &'c Step, known: &mut KnownNames<'_>) {
        self.when = step.when.as_ref().map(|when| when.source.as_str());
        if let Some(when) = &step.when {
            self.check_condition(when, known);
        }
        let item = self.define_item(step, known);
        self.check_call(step, known);
        if let Some(undo) = &step.undo {
            self.check_undo(undo, known);
        }
        // Only the step itself sees the value of a round.
        if let Some(item) = item {
            known.remove(item);
        }
    }

    /// The name of the value of a round: a new one, so that it hides no other.
    fn define_item<'s>(&mut self, step: &'s Step, known: &mut KnownNames<'_>) -> Option<&'s str> {
        let each = step.for_each.as_ref()?;
        self.check_expressions(each.list.expressions(), known);
        if known.insert(each.item.clone()) {
            return Some(&each.item);
        }
        // What the language defines was refused when the file was loaded.
        if !RESERVED_NAMES.contains(&each.item.as_str()) {
            let diagnostic = Diagnostic::error(format!("`{}` is already defined", each.item))
                .at(each.item_at, "a round would hide the other value");
            self.diagnostics
                .push(diagnostic.hint("choose a new name for the value of a round"));
        }
        None
    }

    fn check_call(&mut self, step: &'c Step, known: &mut KnownNames<'_>) {
        self.check_expressions(step.path.expressions().collect(), known);
        if let Some(output) = &step.output {
            self.check_expressions(output.path.expressions().collect(), known);
        }
        for field in step.query.iter().chain(&step.headers) {
            self.check_expressions(field.value.expressions(), known);
        }
        self.check_expressions(step.body.expressions(), known);
        self.check_page_variables(step, known);
        if let RepeatMode::Poll(_) = &step.repeat {
            for assertion in step.repeat.conditions() {
                self.check_expressions(assertion.expressions(), known);
            }
        }
        // Captures are made before assertions are judged, so an assertion may use them.
        for capture in &step.captures {
            self.note_conditional(capture, known);
            known.insert(capture.name.clone());
        }
        // What asks for the next page sees the captures of the page before it.
        if let RepeatMode::Pages(pages) = &step.repeat {
            self.check_expressions(pages.expressions(), known);
        }
        for assertion in &step.assertions {
            self.check_expressions(assertion.expressions(), known);
        }
    }

    /// A name that is known without the capture has a value in any case.
    fn note_conditional(&mut self, capture: &'c Capture, known: &KnownNames<'_>) {
        match self.when {
            Some(when) if !known.contains(&capture.name) && capture.default.is_none() => {
                self.conditional
                    .entry(&capture.name)
                    .or_insert(ConditionalCapture { capture, when });
            }
            Some(_) => {}
            None => {
                self.conditional.remove(capture.name.as_str());
            }
        }
    }

    /// A condition is judged whether or not the condition itself holds.
    fn check_condition(&mut self, when: &RunCondition, known: &KnownNames<'_>) {
        let own = self.when.take();
        self.check_expressions(when.value.expressions(), known);
        self.when = own;
    }

    /// The step that captures the value may be skipped when this one is not.
    fn check_conditional(&mut self, root: &str, expression: &Expression) {
        let found = self.conditional.get(root);
        let Some(found) = found.filter(|one| self.when != Some(one.when)) else {
            return;
        };
        let diagnostic = Diagnostic::error(format!("`{root}` is not always captured"))
            .at(expression.at, "used in any case")
            .at(
                found.capture.name_at,
                format!("captured only when `{}` is true", found.when),
            );
        let hint = format!(
            "write `when: \"{{{{ {} }}}}\"` at this step too, or add a `default` to the capture",
            found.when
        );
        self.diagnostics.push(diagnostic.hint(hint));
    }

    /// An undo sees what its step captured; nothing that follows sees what the undo captures.
    fn check_undo(&mut self, undo: &'c UndoStep, known: &mut KnownNames<'_>) {
        let find = undo.find.as_ref().map(|find| &find.step);
        for step in std::iter::once(&undo.step).chain(find) {
            let captured = step.captures.iter().map(|capture| capture.name.as_str());
            let is_new = |name: &&str| !known.contains(name);
            let added: Vec<&str> = captured.filter(is_new).collect();
            self.check_call(step, known);
            for name in added {
                known.remove(name);
            }
        }
    }

    /// The request for the first page uses the value that a variable has before it.
    fn check_page_variables(&mut self, step: &Step, known: &KnownNames<'_>) {
        let RepeatMode::Pages(pages) = &step.repeat else {
            return;
        };
        for setting in pages
            .next
            .variables()
            .iter()
            .filter(|setting| !known.contains(&setting.name))
        {
            let diagnostic = Diagnostic::error(format!("`{}` has no initial value", setting.name))
                .at(setting.name_at, "not defined");
            let hint = similar_hint(&setting.name, known.sorted());
            let hint = hint.unwrap_or_else(|| {
                format!(
                    "set it in `vars` of the file: `vars: {{ {}: \"\" }}`",
                    setting.name
                )
                .into()
            });
            self.diagnostics.push(diagnostic.hint(hint));
        }
    }

    fn check_expressions(&mut self, expressions: Vec<&Expression>, known: &KnownNames<'_>) {
        for expression in expressions {
            // What does not compile was refused when it was loaded.
            let Ok(names) = TemplateDialect::Request.names_in(expression) else {
                continue;
            };
            for name in names {
                let root = name.split('.').next().unwrap_or_default();
                if called_function(root).is_some() {
                    continue;
                }
                if !known.contains(root) {
                    self.report_undefined(root, expression, known);
                } else if let Some(member) = name.split('.').nth(1) {
                    self.check_member(root, member, expression);
                }
                self.check_conditional(root, expression);
            }
        }
    }

    fn check_member(&mut self, root: &str, member: &str, expression: &Expression) {
        let Some(members) = self.members.get(root) else {
            return;
        };
        if !members.has(member) {
            let text = format!("{} has no member `{member}` here", members.description);
            let diagnostic = Diagnostic::error(text).at(expression.at, "unknown member");
            self.diagnostics
                .push(diagnostic.maybe_hint(name_hint(member, members.names())));
        }
    }

    fn report_undefined(&mut self, name: &str, expression: &Expression, known: &KnownNames<'_>) {
        // The table that may define it has a fault of its own, which is reported.
        if self.has_unread_variants {
            return;
        }
        // The same letters can stand inside a longer name or a quoted text before.
        let start = first_use(&expression.source, name);
        let at = start.map_or(expression.at, |at| expression.at.slice(at, name.len()));
        let diagnostic =
            Diagnostic::error(format!("`{name}` is not defined")).at(at, "unknown name");
        if let Some((step, capture)) = self.capture_of(name) {
            let when = step
                .name
                .as_deref()
                .map_or("this request".to_owned(), |name| format!("step `{name}`"));
            self.diagnostics.push(
                diagnostic
                    .at(capture.name_at, format!("captured only by {when}"))
                    .hint("a step can use only captures of earlier steps"),
            );
            return;
        }
        let is_called = start.is_some_and(|at| {
            expression.source[at + name.len()..]
                .trim_start()
                .starts_with('(')
        });
        let hint = self.undefined_hint(name, is_called, known);
        self.diagnostics.push(diagnostic.hint(hint));
    }

    /// A capture of this name anywhere in the file: the name is right, and used too early.
    fn capture_of(&self, name: &str) -> Option<(&'c Step, &'c Capture)> {
        let all = self.captures.get_or_init(|| {
            let mut all = HashMap::new();
            for step in self.steps.iter().filter(|step| step.used.is_none()) {
                for capture in &step.captures {
                    all.entry(capture.name.as_str()).or_insert((*step, capture));
                }
            }
            all
        });
        all.get(name).copied()
    }

    /// The most probable reason first: a similar name exists for nearly any word, so that guess
    /// comes after everything that is certain.
    fn undefined_hint(&self, name: &str, is_called: bool, known: &KnownNames<'_>) -> Hint {
        if is_called {
            let functions = FUNCTION_NAMES.into_iter().chain(UNRESERVED_FUNCTIONS);
            return format!("the functions are {}", join_names(functions, "and")).into();
        }
        if UNRESERVED_FUNCTIONS.contains(&name) {
            return format!("it is a function: write `{name}(…)`").into();
        }
        if let Some(members) = self.members.having(name) {
            let full = format!("{}.{name}", members.root);
            let repair = Repair::Rename {
                wrong: name.to_owned(),
                names: vec![full.clone()],
            };
            return Hint::with(format!("did you mean `{full}`?"), repair);
        }
        if ["cred", "token"].contains(&name) {
            return "templates of a request cannot use secrets or tokens; the scheme adds them"
                .into();
        }
        if self.fixtures.iter().any(|fixture| fixture.name == name) {
            return format!("it is a fixture: write `needs: {name}`").into();
        }
        let gives_it = |variant: &CaseVariant| variant.vars.iter().any(|field| field.name == name);
        if self.variants.iter().any(gives_it) {
            return "some cases do not set it: set it in every case, or set a default in `vars` of the file"
                .into();
        }
        let similar = Some(known)
            .filter(|known| known.len() <= MAX_COMPARED_NAMES)
            .and_then(|known| similar_hint(name, known.sorted()));
        similar.unwrap_or_else(|| {
            format!(
                "define it in `vars` of the file, of the environment `{}` or of `ingam.yaml`, or pass `--var {name}=…`",
                self.environment
            )
            .into()
        })
    }
}
