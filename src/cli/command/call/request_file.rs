//! `--write`: the request file of a call, with assertions that its response proposes.

use crate::atomic_file::create_shared;
use crate::cli::command::sandbox::env_value::quoted;
use crate::cli::command_error::CommandError;
use crate::cli::target_args::TargetArgs;
use crate::load::{FileKind, classify_path};
use crate::redact::{Redactor, SecretName};
use crate::request_file::{DocumentBody, DocumentEntry, RequestDocument};
use crate::run::{DeliveredBody, DeliveredResponse};
use crate::value::{Value, parse};
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
        document: &RequestDocument,
        redactor: &mut Redactor,
    ) -> Result<(), CommandError> {
        let mut holds_secret = |text: String| redactor.contains_secret(text.as_bytes());
        // The lines of a text are indented in the file, which could hide a secret over several lines.
        let known = holds_secret(document.to_yaml())
            || sent_values(document).any(|value| holds_secret(value.to_json()));
        let what = if known {
            Some("the request holds a secret".to_owned())
        } else {
            let mut values = sent_values(document);
            let name = values.find_map(|value| literal_secret(&value));
            let name = name.or_else(|| query_secret(document.path.split_once('?')?.1));
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
        document: &RequestDocument,
        response: &DeliveredResponse,
        target: &TargetArgs,
    ) -> Result<String, CommandError> {
        let text = RequestDocument {
            assertions: proposed(response),
            ..document.clone()
        }
        .to_yaml();
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
            "written to {}: `ingam run {}{}` checks it",
            self.path.display(),
            self.name,
            same_target(target)
        ))
    }
}

/// The options by which a run sends the file to where the call went; the account is in the file.
/// Values of variables are left out, because they can be secret.
fn same_target(target: &TargetArgs) -> String {
    let given = |option: &str, value: &str| {
        let value = quoted(value).unwrap_or_else(|| value.to_owned());
        format!(" {option} {value}")
    };
    let named = |option: &str, variable: &str| {
        let name = variable.split_once('=').map_or("", |(name, _)| name);
        format!(" {option} {name}=…")
    };
    let environments = target.env.iter().map(|name| given("--env", name));
    let hosts = target.host.iter().map(|host| given("--host", host));
    let variables = target.var.iter().map(|variable| named("--var", variable));
    let texts = target.var_text.iter().map(|text| named("--var-text", text));
    let options = environments.chain(hosts).chain(variables).chain(texts);
    options.collect()
}

/// What is sent besides the path.
fn sent_values(document: &RequestDocument) -> impl Iterator<Item = Value> {
    let fields = |entries: &[DocumentEntry]| {
        let entries = entries.iter();
        let members = entries.map(|entry| (entry.name.as_str().into(), entry.value.clone()));
        Value::Object(members.collect())
    };
    let body = match &document.body {
        DocumentBody::None => Value::Null,
        DocumentBody::Json(value) => value.clone(),
        DocumentBody::Form(entries) | DocumentBody::Multipart(entries) => fields(entries),
        DocumentBody::Text(text) | DocumentBody::Xml(text) | DocumentBody::File(text) => {
            Value::from(text.as_str())
        }
    };
    [fields(&document.query), fields(&document.headers), body].into_iter()
}

/// The first name of a header, a parameter or a member that only secrets have, and whose value is no
/// template.
fn literal_secret(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            if is_secret_name(name) && field_texts(value).iter().any(is_literal) {
                return Some(name.to_string());
            }
            literal_secret(value)
        }),
        Value::List(items) => items.iter().find_map(literal_secret),
        // JSON or a form that is sent as text.
        Value::String(text) => match parse(text.as_bytes()) {
            Ok(json @ (Value::Object(_) | Value::List(_))) => literal_secret(&json),
            _ => query_secret(text),
        },
        _ => None,
    }
}

/// The values of a field, which a part of a multipart body keeps one level deeper.
fn field_texts(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        Value::Object(part) => {
            let text = part.iter().find(|(key, _)| key == "text");
            text.map_or(&[], |(_, text)| std::slice::from_ref(text))
        }
        value => std::slice::from_ref(value),
    }
}

fn is_literal(value: &Value) -> bool {
    let text = value.as_str();
    text.is_some_and(|text| !text.is_empty() && !text.contains("{{"))
}

/// The same in the spelling of a query, which a body can have, too.
fn query_secret(query: &str) -> Option<String> {
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
fn proposed(response: &DeliveredResponse) -> Vec<DocumentEntry> {
    let status = Value::from(i64::from(response.status));
    let mut assertions = vec![DocumentEntry::new("status", status)];
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
        DocumentEntry::new(member_path(name), Value::Object(kind))
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
