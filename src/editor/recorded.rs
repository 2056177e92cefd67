//! The recorded response of a step: its members with types and samples. Personal data and secrets
//! never leave this file: their samples are words that say so.

use super::outline::StepOutline;
use super::workspace::EditorWorkspace;
use crate::jsonpath::{JsonPath, PathMatches, replace_matches};
use crate::model::assertion::Subject;
use crate::model::recording::{RecordedExchange, RecordedOutcome, Recording, ResponseBody};
use crate::model::redact_rule::RedactRule;
use crate::model::scheme::Scheme;
use crate::model::secret_rules::SecretRules;
use crate::model::value_path::ValuePath;
use crate::model::workspace::Workspace;
use crate::redact::SecretName;
use crate::value::{JsonRef, Value};

/// A longer sample is cut, in letters.
const MAX_SAMPLE: usize = 60;
const PERSONAL: &str = "<personal>";
const SECRET: &str = "<secret>";

/// What was recorded for a step.
pub(super) struct RecordedAnswer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    /// `None` for a body that is no JSON.
    pub(super) body: Option<Value>,
    /// The name of the recording.
    pub(super) recording: String,
}

/// The recorded response of a step of a file: from its own recording, or from another one of its
/// scheme.
#[must_use]
pub(super) fn recorded_answer(
    editor: &EditorWorkspace,
    file_name: &str,
    step: &StepOutline<'_>,
) -> Option<RecordedAnswer> {
    let workspace = &editor.loaded().workspace;
    let scheme = step.scheme()?;
    let own = workspace
        .recordings
        .iter()
        .filter(|one| one.name == file_name);
    let others = workspace.recordings.iter();
    let others = others.filter(|one| one.name != file_name && one.scheme == scheme);
    let (recording, exchange) = own.chain(others).find_map(|recording| {
        let mut exchanges = recording.exchanges.iter();
        let found = exchanges.find(|exchange| is_of_step(exchange, step))?;
        Some((recording, found))
    })?;
    let scheme = workspace.scheme(scheme).map(std::convert::AsRef::as_ref);
    Some(shown(editor, (file_name, scheme), recording, exchange))
}

/// Whether an exchange is one of a step: by method and path.
#[must_use]
pub(super) fn is_of_step(exchange: &RecordedExchange, step: &StepOutline<'_>) -> bool {
    step.method_entry().is_some_and(|(method, entry)| {
        let path = entry.value.as_text();
        exchange.request.method == method
            && path.is_some_and(|path| fits_path(path, &exchange.request.path))
    })
}

fn shown(
    editor: &EditorWorkspace,
    (file_name, scheme): (&str, Option<&Scheme>),
    recording: &Recording,
    exchange: &RecordedExchange,
) -> RecordedAnswer {
    let (status, headers, body) = match &exchange.outcome {
        RecordedOutcome::Response(response) | RecordedOutcome::Truncated(response) => (
            response.status,
            response.headers.clone(),
            Some(&response.body),
        ),
        RecordedOutcome::Reset => (0, Vec::new(), None),
    };
    let workspace = &editor.loaded().workspace;
    let request = workspace
        .requests
        .iter()
        .find(|one| one.name == recording.name);
    let mut rules: Vec<&RedactRule> = workspace.redact.iter().collect();
    rules.extend(scheme.iter().flat_map(|scheme| &scheme.redact_rules));
    rules.extend(request.iter().flat_map(|request| &request.redact));
    let mut secrets = scheme.map_or_else(Vec::new, |scheme| json_paths(&scheme.secret_rules));
    for file in [file_name, &recording.name] {
        secrets.extend(declared_secrets(workspace, file));
    }
    let body = match body {
        Some(ResponseBody::Json(value)) => redacted(value, &rules, &secrets),
        _ => None,
    };
    RecordedAnswer {
        status,
        headers,
        body,
        recording: recording.name.clone(),
    }
}

/// What a request or a fixture declares secret, by `secrets` or with `secret: true`.
fn declared_secrets<'w>(workspace: &'w Workspace, file_name: &str) -> Vec<&'w JsonPath> {
    let (rules, steps) = if let Some(name) = file_name.strip_prefix("fixtures/")
        && let Some(fixture) = workspace.fixture(name)
    {
        (&fixture.secret_rules, &fixture.steps)
    } else if let Some(request) = workspace.requests.iter().find(|one| one.name == file_name) {
        (&request.secret_rules, &request.steps)
    } else {
        return Vec::new();
    };
    let captures = steps.iter().flat_map(|step| &step.captures);
    let captured = captures.filter_map(|capture| match &capture.from {
        Subject::Path(path) if capture.is_secret => Some(path),
        _ => None,
    });
    json_paths(rules).into_iter().chain(captured).collect()
}

fn json_paths(rules: &SecretRules) -> Vec<&JsonPath> {
    let paths = rules.secrets.iter().map(|rule| &rule.path);
    paths
        .filter_map(|path| match path {
            ValuePath::Json(path) => Some(path),
            ValuePath::Xml(_) => None,
        })
        .collect()
}

/// Without what the files and the names call personal or secret; nothing if a rule cannot be
/// followed.
fn redacted(body: &Value, rules: &[&RedactRule], secrets: &[&JsonPath]) -> Option<Value> {
    let paths = rules.iter().filter_map(|rule| match rule {
        RedactRule::Path(path) => Some(path),
        _ => None,
    });
    let mut with = |_: &Value| Value::from(PERSONAL);
    let body = replace_matches(body, paths, &mut with).ok()?;
    let mut with = |_: &Value| Value::from(SECRET);
    let mut body = replace_matches(&body, secrets.iter().copied(), &mut with).ok()?;
    redact_members(&mut body, rules);
    Some(body)
}

fn redact_members(value: &mut Value, rules: &[&RedactRule]) {
    match value {
        Value::List(items) => items
            .iter_mut()
            .for_each(|item| redact_members(item, rules)),
        Value::Object(members) => {
            for (name, member) in members {
                let is_secret = SecretName::of_member(name).is_some();
                if is_secret && !matches!(member, Value::List(_) | Value::Object(_)) {
                    *member = Value::from(SECRET);
                } else {
                    redact_members(member, rules);
                }
            }
        }
        Value::String(text) => {
            let is_personal = rules.iter().any(|rule| match rule {
                RedactRule::Pattern(pattern) => pattern.is_match(text),
                _ => false,
            });
            if is_personal {
                *value = Value::from(PERSONAL);
            }
        }
        _ => {}
    }
}

/// A path of a request with templates, and a recorded one.
fn fits_path(written: &str, recorded: &str) -> bool {
    let written = written.split('?').next().unwrap_or_default();
    // A value of a template stays in its segment, so a hole is anything but a slash.
    let mut pattern = String::from("^");
    let mut rest = written;
    while let Some(open) = rest.find("{{") {
        pattern.push_str(&regex::escape(&rest[..open]));
        pattern.push_str("[^/]*");
        let Some(close) = rest[open..].find("}}") else {
            return false;
        };
        rest = &rest[open + close + 2..];
    }
    pattern.push_str(&regex::escape(rest));
    pattern.push('$');
    if !written.contains("{{") {
        return written == recorded;
    }
    regex::Regex::new(&pattern).is_ok_and(|pattern| pattern.is_match(recorded))
}

/// The values that a path finds, as they may be shown.
#[must_use]
pub(super) fn found_values<'v>(body: &'v Value, path: &JsonPath) -> Vec<JsonRef<'v>> {
    match path.find(body) {
        Ok(PathMatches::One(found)) => found.into_iter().collect(),
        Ok(PathMatches::Many(found)) => found,
        Err(_) => Vec::new(),
    }
}

/// The type of a value with a sample of it.
#[must_use]
pub(super) fn sample(value: JsonRef<'_>) -> String {
    let kind = value.type_name();
    if let Some(items) = value.as_list() {
        return format!("{kind} of {}", items.count());
    }
    if value.to_plain_text().is_none() {
        return kind.to_owned();
    }
    let text = value.to_json();
    let mut shown: String = text.chars().take(MAX_SAMPLE).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{kind}, {shown}")
}
