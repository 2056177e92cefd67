//! `--write`: the request file of a call, with assertions that its response proposes.

use super::request_text::CallRequest;
use crate::atomic_file::create_shared;
use crate::cli::command_error::CommandError;
use crate::load::{FileKind, classify_path, request_file_text};
use crate::redact::{Redactor, SecretName};
use crate::run::{DeliveredBody, DeliveredResponse};
use crate::value::{ObjectMember, Value, parse};
use crate::wire::parse_form;
use std::path::{Component, Path, PathBuf};

/// So many members of a response are asserted; more would hide the others.
const MAX_MEMBERS: usize = 20;

/// The file that a call is written to.
pub(super) struct CallFile {
    path: PathBuf,
    /// As its folder names it: `shopee/shop_info`.
    pub(super) name: String,
}

impl CallFile {
    /// Checked before anything is sent. `path` is that of the command line.
    ///
    /// # Errors
    /// When it is no place of a request file, or the file already exists.
    pub(super) fn new(cwd: &Path, root: &Path, path: &Path) -> Result<Self, CommandError> {
        let shown = path.display().to_string();
        let refuse = |reason: &str| {
            CommandError::usage(format!(
                "the request cannot be written to `{shown}`: {reason}"
            ))
        };
        let whole = cwd.join(path);
        // `..` would lead to another place than the one that is checked.
        let below = whole.strip_prefix(root).ok().filter(|below| {
            let mut parts = below.components();
            parts.all(|part| matches!(part, Component::Normal(_)))
        });
        let name = below.and_then(|below| match classify_path(below) {
            Some((FileKind::Request, name)) if is_yaml(below) => Some(name),
            _ => None,
        });
        let name = name.ok_or_else(|| {
            refuse("it is not a request file of the workspace")
                .hint("choose a file below `requests`, such as `requests/shop_info.yaml`")
        })?;
        let folders = whole.ancestors().skip(1);
        let mut folders = folders.take_while(|folder| *folder != root);
        if let Some(link) = folders.find(|folder| folder.is_symlink()) {
            let reason = format!("`{}` is a link", link.display());
            return Err(refuse(&reason).hint("choose a file in a folder of the workspace"));
        }
        if whole.symlink_metadata().is_ok() {
            return Err(refuse("the file already exists").hint("name another one"));
        }
        Ok(Self { path: whole, name })
    }

    /// Checked before anything is sent: the file is one that people share.
    ///
    /// # Errors
    /// When the request holds a known secret, or a literal value under a name that only secrets
    /// have.
    pub(super) fn refuse_secrets(
        &self,
        request: &CallRequest,
        redactor: &mut Redactor,
    ) -> Result<(), CommandError> {
        let content = request.value(true);
        let known = redactor.contains_secret(content.to_json().as_bytes())
            || redactor.contains_secret(request_file_text(&content).as_bytes());
        let what = if known {
            Some("the request holds a secret".to_owned())
        } else {
            let name = literal_secret(&content).or_else(|| path_secret(&request.path));
            name.map(|name| {
                format!("`{name}` has a literal value, but the name is that of a secret")
            })
        };
        let Some(what) = what else { return Ok(()) };
        Err(CommandError::usage(format!(
            "the request is not written to `{}`: {what}",
            self.path.display()
        ))
        .hint("nothing was sent; remove what the scheme adds, and write `{{ secret.NAME }}` for a secret of your own (docs/reference/templates.md)"))
    }

    /// Writes the request, and what is to be said of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(
        &self,
        request: &CallRequest,
        response: &DeliveredResponse,
    ) -> Result<String, CommandError> {
        let mut members = match request.value(true) {
            Value::Object(members) => members,
            _ => Vec::new(),
        };
        members.push(("assert".into(), Value::Object(proposed(response))));
        let text = request_file_text(&Value::Object(members));
        let unwritable = |error: std::io::Error| {
            CommandError::operation(format!(
                "`{}` cannot be written: {error}",
                self.path.display()
            ))
        };
        // Somebody can have written one since the check.
        if !create_shared(&self.path, text.as_bytes()).map_err(unwritable)? {
            return Err(CommandError::operation(format!(
                "`{}` is not written: another program created the file in the meantime",
                self.path.display()
            )));
        }
        Ok(format!(
            "written to {}: `ingam run {}` checks it",
            self.path.display(),
            self.name
        ))
    }
}

/// The first name of a header, a parameter or a member that only secrets have, and whose value is no
/// template.
fn literal_secret(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let is_literal = |value: &Value| {
                value
                    .as_str()
                    .is_some_and(|text| !text.is_empty() && !text.contains("{{"))
            };
            let texts = match value {
                Value::List(items) => items.as_slice(),
                Value::Object(part) => {
                    let text = part.iter().find(|(key, _)| key == "text");
                    text.map_or(&[][..], |(_, text)| std::slice::from_ref(text))
                }
                value => std::slice::from_ref(value),
            };
            let has_name = is_secret_name(name);
            if has_name && texts.iter().any(is_literal) {
                return Some(name.to_string());
            }
            // The text of `--raw`.
            let raw = value.as_str().filter(|_| name == "text");
            let raw = raw.and_then(|text| parse(text.as_bytes()).ok());
            raw.as_ref()
                .and_then(literal_secret)
                .or_else(|| literal_secret(value))
        }),
        Value::List(items) => items.iter().find_map(literal_secret),
        _ => None,
    }
}

fn path_secret(path: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    let mut pairs = parse_form(query).into_iter();
    pairs
        .find(|(name, value)| is_secret_name(name) && !value.is_empty() && !value.contains("{{"))
        .map(|(name, _)| name)
}

fn is_secret_name(name: &str) -> bool {
    // A cookie is a secret, whatever its name.
    name.eq_ignore_ascii_case("cookie") || SecretName::of_parameter(name).is_some()
}

/// Whether the file has an ending of those that are read.
fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// The status, and the types of the members at the top: what does not change from call to call. The
/// success rule of the scheme is asserted in any case.
fn proposed(response: &DeliveredResponse) -> Vec<ObjectMember> {
    let mut assertions = vec![("status".into(), i64::from(response.status).into())];
    let bytes = match &response.shown {
        DeliveredBody::Exact(bytes) | DeliveredBody::Redacted { bytes, .. } => bytes,
        DeliveredBody::Hidden(_) => return assertions,
    };
    let Ok(Value::Object(members)) = parse(bytes) else {
        return assertions;
    };
    // A member without a value may have one of any type in the next response.
    let typed = members.iter().filter(|(_, value)| !value.is_null());
    assertions.extend(typed.take(MAX_MEMBERS).map(|(name, value)| {
        let kind = vec![("type".into(), value.type_name().into())];
        (member_path(name).into(), Value::Object(kind))
    }));
    assertions
}

/// The `JSONPath` of a member at the top (RFC 9535, section 2.3.1).
fn member_path(name: &str) -> String {
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
        && !name.is_empty();
    if is_plain {
        return format!("$.{name}");
    }
    let quoted = name.replace('\\', "\\\\").replace('\'', "\\'");
    format!("$['{quoted}']")
}
