//! Decodes `secrets` and `not_secret`, and finds what a file says of secrets that cannot be meant:
//! contradictions, undos that would need a secret, and expectations of a value that recordings
//! replace by its name.

use crate::diagnostic::{CheckKind, Diagnostic, Diagnostics, FaultCache};
use crate::load::node_reader::{CheckedMap, one_or_many, text};
use crate::load::value_path::value_path;
use crate::model::assertion::{Predicate, PredicateTest, Subject};
use crate::model::capture::Capture;
use crate::model::request::{Step, UsedScope};
use crate::model::scheme::{SavedFrom, Scheme, Token};
use crate::model::secret_rules::{SecretRules, SpannedPath};
use crate::model::value_path::ValuePath;
use crate::model::workspace::Workspace;
use crate::redact::SecretName;
use crate::render::TemplateDialect;
use crate::yaml::YamlNode;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub(super) fn decode_secret_rules(
    map: &CheckedMap<'_>,
    diagnostics: &mut Diagnostics,
) -> SecretRules {
    let mut paths = |key| match map.get(key) {
        Some(node) => decode_paths(key, node, diagnostics),
        None => Vec::new(),
    };
    let rules = SecretRules {
        secrets: paths("secrets"),
        not_secret: paths("not_secret"),
    };
    refuse_contradiction(&rules, diagnostics);
    rules
}

fn decode_paths(key: &str, node: &YamlNode, diagnostics: &mut Diagnostics) -> Vec<SpannedPath> {
    let nodes = one_or_many(node);
    if nodes.is_empty() {
        let diagnostic = Diagnostic::error(format!("`{key}` needs at least one path"))
            .at(node.at, "this list is empty");
        diagnostics.push(diagnostic.hint(format!(
            "write `{key}: [$.data.some_name]`, or remove the key"
        )));
    }
    let what = format!("a path of `{key}`");
    nodes
        .iter()
        .filter_map(|node| {
            let text = text(node, &what, diagnostics)?;
            let path = value_path(text, node.at, &what, diagnostics)?;
            Some(SpannedPath { path, at: node.at })
        })
        .collect()
}

fn refuse_contradiction(rules: &SecretRules, diagnostics: &mut Diagnostics) {
    for not in &rules.not_secret {
        let same = |secret: &&SpannedPath| secret.path.as_str() == not.path.as_str();
        if let Some(secret) = rules.secrets.iter().find(same) {
            let diagnostic = Diagnostic::error(format!(
                "`{}` is in both `secrets` and `not_secret`",
                not.path.as_str()
            ));
            diagnostics.push(
                diagnostic
                    .at(not.at, "here it is not secret")
                    .at(secret.at, "here it is secret")
                    .hint("remove one of the two"),
            );
        }
    }
}

/// Reports what contradicts itself, and undos that would write a secret to the ledger.
pub(super) fn check_declared_secrets(workspace: &Workspace, diagnostics: &mut Diagnostics) {
    for request in &workspace.requests {
        let steps: Vec<&Step> = request.steps.iter().flat_map(Step::calls).collect();
        check_file(workspace, &request.secret_rules, &steps, diagnostics);
        check_undos(&request.steps, diagnostics);
    }
    for fixture in &workspace.fixtures {
        let steps: Vec<&Step> = fixture.all_steps().collect();
        check_file(workspace, &fixture.secret_rules, &steps, diagnostics);
        check_undos(&fixture.steps, diagnostics);
    }
}

fn check_file(
    workspace: &Workspace,
    rules: &SecretRules,
    steps: &[&Step],
    diagnostics: &mut Diagnostics,
) {
    for not in &rules.not_secret {
        let captured = steps
            .iter()
            .flat_map(|step| &step.captures)
            .find(|capture| capture.is_secret && names_path(&capture.from, not.path.as_str()));
        if let Some(capture) = captured {
            let diagnostic =
                Diagnostic::error(format!("`{}` is captured as a secret", not.path.as_str()));
            diagnostics.push(
                diagnostic
                    .at(not.at, "here it is not secret")
                    .at(capture.at, "`secret: true`")
                    .hint("remove one of the two"),
            );
        }
        let saving = steps
            .iter()
            .filter_map(|step| workspace.scheme(&step.scheme.name))
            .find(|scheme| saves_token_at(scheme, not.path.as_str()));
        if let Some(scheme) = saving {
            let diagnostic = Diagnostic::warning(format!(
                "`{}` stays a secret, because the scheme `{}` saves it as a token",
                not.path.as_str(),
                scheme.name
            ));
            diagnostics.push(
                diagnostic
                    .at(not.at, "this only overrides the detection by name")
                    .hint("remove the path"),
            );
        }
    }
}

fn names_path(subject: &Subject, path: &str) -> bool {
    match subject {
        Subject::Path(own) => own.as_str() == path,
        Subject::XPath(own) => own.as_str() == path,
        _ => false,
    }
}

fn saves_token_at(scheme: &Scheme, path: &str) -> bool {
    scheme
        .tokens
        .iter()
        .flat_map(Token::requests)
        .flat_map(|request| &request.saved_fields)
        .any(|(_, saved)| match saved {
            SavedFrom::Json(saved) => saved.as_str() == path,
            SavedFrom::Xml(saved) => saved.as_str() == path,
            SavedFrom::Header(_) | SavedFrom::Cookie(_) => false,
        })
}

/// The ledger stores an undo before it is needed, and a secret is stored nowhere.
fn check_undos(steps: &[Step], diagnostics: &mut Diagnostics) {
    let names = CapturedSecrets::of(steps);
    if names.captures.is_empty() {
        return;
    }
    for step in steps {
        let Some(undo) = &step.undo else { continue };
        for (name, capture) in names.used_by(step, &undo.step) {
            let diagnostic = Diagnostic::error(format!("an undo cannot use the secret `{name}`"))
                .at(undo.step.at, "this undo uses it")
                .at(capture.name_at, "captured as a secret");
            diagnostics.push(diagnostic.hint(
                "an undo is stored before the call: use a value that is not secret, such as the id of the created item",
            ));
        }
    }
}

/// The secrets that steps capture, by the names under which steps see them: those of a used file
/// see their own, and the flow sees those under the prefix of the file.
struct CapturedSecrets<'s> {
    captures: Vec<&'s Capture>,
    /// In `captures`; `None` is the flow.
    positions: HashMap<(Option<*const UsedScope>, String), Vec<usize>>,
}

impl<'s> CapturedSecrets<'s> {
    fn of(steps: &'s [Step]) -> Self {
        let mut names = Self {
            captures: Vec::new(),
            positions: HashMap::new(),
        };
        for step in steps {
            for capture in step.captures.iter().filter(|capture| capture.is_secret) {
                if let Some(used) = &step.used {
                    let name = format!("{}.{}", used.prefix, capture.name);
                    names.add(None, name);
                }
                names.add(scope_of(step), capture.name.clone());
                names.captures.push(capture);
            }
        }
        names
    }

    /// Names the capture that is pushed next.
    fn add(&mut self, scope: Option<*const UsedScope>, name: String) {
        let positions = self.positions.entry((scope, name)).or_default();
        positions.push(self.captures.len());
    }

    /// The secrets that the undo of a step uses, in the order of the file.
    fn used_by(&self, step: &Step, undo: &Step) -> Vec<(String, &'s Capture)> {
        let mut found: BTreeMap<usize, String> = BTreeMap::new();
        // What does not compile was reported.
        let names = undo
            .expressions()
            .into_iter()
            .filter_map(|expression| TemplateDialect::Request.names_in(expression).ok());
        for used in names.flatten() {
            let ends = used.match_indices('.').map(|(at, _)| at);
            for end in ends.chain([used.len()]) {
                let name = used[..end].to_owned();
                let positions = self.positions.get(&(scope_of(step), name));
                for position in positions.into_iter().flatten() {
                    found.insert(*position, used[..end].to_owned());
                }
            }
        }
        let capture = |(position, name)| Some((name, *self.captures.get::<usize>(position)?));
        found.into_iter().filter_map(capture).collect()
    }
}

fn scope_of(step: &Step) -> Option<*const UsedScope> {
    step.used.as_ref().map(Arc::as_ptr)
}

/// Warns of expectations of a secret that a recording, which holds its name, does not fulfil.
pub(crate) fn check_secret_assertions(
    workspace: &Workspace,
    cache: &mut FaultCache,
    diagnostics: &mut Diagnostics,
) {
    for request in &workspace.requests {
        let file = (CheckKind::SecretAssertions, request.name.as_str());
        cache.check(file, diagnostics, |found| {
            for step in &request.steps {
                check_step_assertions(workspace, &request.secret_rules, step, found);
            }
        });
    }
    for fixture in &workspace.fixtures {
        for step in fixture.all_steps() {
            check_step_assertions(workspace, &fixture.secret_rules, step, diagnostics);
        }
    }
}

fn check_step_assertions(
    workspace: &Workspace,
    rules: &SecretRules,
    step: &Step,
    diagnostics: &mut Diagnostics,
) {
    let assertions = step.repeat.conditions().chain(&step.assertions);
    for assertion in assertions {
        let comparing = assertion.predicates.iter().find(|one| compares_value(one));
        let Some(predicate) = comparing else { continue };
        let scheme = workspace.scheme(&step.scheme.name).map(|scheme| &**scheme);
        let Some(reason) = secret_reason(&assertion.subject, rules, step, scheme) else {
            continue;
        };
        let diagnostic = Diagnostic::warning(format!(
            "`{}` is a secret {}, and a recording contains its name instead of its value",
            assertion.subject,
            reason.describe()
        ))
        .at(predicate.at, "compares the value");
        diagnostics.push(diagnostic.hint(reason.way_out(&assertion.subject)));
    }
}

/// Why the value of a subject is a secret.
#[derive(Clone, Copy)]
enum SecretReason {
    Declared,
    SavedToken,
    Name,
}

impl SecretReason {
    fn describe(self) -> &'static str {
        match self {
            Self::Declared => "because this file or its scheme lists it",
            Self::SavedToken => "because its scheme saves it as a token",
            Self::Name => "by its name",
        }
    }

    fn way_out(self, subject: &Subject) -> String {
        let usual = "use `exists`, `type` or `length`";
        match (self, subject) {
            (Self::Name, Subject::Path(_) | Subject::XPath(_)) => format!(
                "{usual}; if it is not secret, write `not_secret: [\"{subject}\"]` in the file"
            ),
            _ => usual.to_owned(),
        }
    }
}

fn secret_reason(
    subject: &Subject,
    rules: &SecretRules,
    step: &Step,
    scheme: Option<&Scheme>,
) -> Option<SecretReason> {
    let path = match subject {
        Subject::Path(path) => ValuePath::Json(path.clone()),
        Subject::XPath(path) => ValuePath::Xml(path.clone()),
        Subject::Header(name) => {
            return SecretName::of_member(name).map(|_| SecretReason::Name);
        }
        // Every cookie is.
        Subject::Cookie(_) => return Some(SecretReason::Name),
        Subject::Status | Subject::Latency | Subject::Body | Subject::Bytes => return None,
    };
    let own = scheme.map_or(SecretRules::NONE, |scheme| &scheme.secret_rules);
    let names = |rules: &[SpannedPath]| rules.iter().any(|r| r.path.as_str() == path.as_str());
    let mut captures = step.captures.iter();
    if names(&rules.secrets)
        || names(&own.secrets)
        || captures.any(|capture| capture.is_secret && names_path(&capture.from, path.as_str()))
    {
        return Some(SecretReason::Declared);
    }
    if scheme.is_some_and(|scheme| saves_token_at(scheme, path.as_str())) {
        return Some(SecretReason::SavedToken);
    }
    let name = match &path {
        // Below a list or a filter there is no name of its own.
        ValuePath::Json(path) => path.names().next_back().flatten(),
        ValuePath::Xml(path) => path.last_name(),
    }?;
    let is_guessed = SecretName::of_member(name).is_some();
    (is_guessed && !names(&rules.not_secret) && !names(&own.not_secret))
        .then_some(SecretReason::Name)
}

/// Whether a predicate looks at more than whether a value is there, and of which type and length.
fn compares_value(predicate: &Predicate) -> bool {
    match &predicate.test {
        PredicateTest::Exists(_) | PredicateTest::Type(_) | PredicateTest::Length(_) => false,
        PredicateTest::Not(inner)
        | PredicateTest::Each(inner)
        | PredicateTest::Some(inner)
        | PredicateTest::None(inner) => inner.iter().any(compares_value),
        _ => true,
    }
}
