//! Finds a credential: process environment, `.env`, the user's own file, and for secrets the
//! keyring; the most specific name of a source first.

use super::dotenv::{self, GitIgnore};
use super::hygiene::{CredentialFault, HiddenCharacter};
use super::keyring::{self, KeyringError};
use super::network_variables::{PROXY_PASSWORD, TLS_KEY};
use crate::model::credential_variable::{variable_name, variable_part};
use crate::model::environment::Account;
use crate::model::request::RunCondition;
use crate::model::scheme::{
    Credential, CredentialScope, CredentialType, CredentialValueError, Scheme,
};
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_file, read_plain_text};
use crate::private_file::{
    PrivateFileError, create_private_folder, io_error, open_private, read_private,
};
use crate::redact::WeakSecret;
use crate::render::{TemplateDialect, TemplateScope, render_tree};
use crate::secret::Secret;
use crate::sign::{NamedValues, key_fault};
use crate::value::{Number, Value};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A file with a key is not longer than this.
const MAX_KEY_BYTES: u64 = 64 << 10;

/// Why a scheme's credentials are not complete. No variant holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialError {
    #[error("`{scheme}` needs {} in environment `{environment}`", list(.missing))]
    Missing {
        scheme: String,
        environment: String,
        missing: Vec<MissingCredential>,
    },
    #[error("{} {} no value in environment `{environment}`", list(.missing), if .missing.len() == 1 { "has" } else { "have" })]
    MissingSecrets {
        environment: String,
        missing: Vec<MissingCredential>,
    },
    #[error("`{variable}` {fault}")]
    UnusableSecret {
        variable: String,
        fault: CredentialFault,
    },
    #[error("`{variable}` {fault}")]
    Unusable {
        variable: String,
        fault: CredentialFault,
    },
    #[error("`{variable}` must be a whole number")]
    NotANumber { variable: String },
    #[error("`{variable}`: {error}")]
    Misfit {
        variable: String,
        error: CredentialValueError,
    },
    #[error("`required_when` of `{credential}` in the scheme `{scheme}`: {reason}")]
    Condition {
        scheme: String,
        credential: String,
        reason: String,
    },
    #[error("`{variable}` {reason}")]
    NotAKey { variable: String, reason: String },
    #[error("git does not ignore `{}`: add `.env` to `.gitignore` before the file contains a secret", .0.display())]
    NotGitIgnored(PathBuf),
    #[error("`{}` has no `NAME=value` in line {line}{}", .path.display(), hidden_note(.hidden.as_ref()))]
    Unreadable {
        path: PathBuf,
        line: usize,
        /// A character of the line that nobody sees.
        hidden: Option<HiddenCharacter>,
    },
    #[error("the keyring of this machine cannot be used: {0}")]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    File(#[from] PrivateFileError),
    #[error(
        "`{variable}` contains both kinds of quotes, so it cannot be stored in a file: set it in the environment"
    )]
    CannotBeQuoted { variable: String },
    #[error("`{}` cannot be used: {reason}", .path.display())]
    Io { path: PathBuf, reason: String },
}

fn hidden_note(hidden: Option<&HiddenCharacter>) -> String {
    hidden.map_or_else(String::new, |hidden| format!(", which contains {hidden}"))
}

impl CredentialError {
    /// One credential that is missing.
    #[must_use]
    pub(crate) fn missing(scheme: &Scheme, owner: CredentialOwner<'_>, name: &str) -> Self {
        let missing = scheme.credential(name).into_iter();
        Self::Missing {
            scheme: scheme.name.clone(),
            environment: owner.environment.to_owned(),
            missing: missing
                .map(|credential| missing_credential(scheme, owner, credential, None))
                .collect(),
        }
    }

    /// What to do.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { missing, .. } | Self::MissingSecrets { missing, .. } => {
                Some(missing_variables_hint(missing))
            }
            Self::UnusableSecret {
                fault: CredentialFault::Weak(_),
                ..
            } => Some(
                "use a longer secret; if the value is not secret, write it in `vars`, or pass `--var`"
                    .to_owned(),
            ),
            Self::Unusable { fault, .. } | Self::UnusableSecret { fault, .. } => {
                Some(fault.way_out().to_owned())
            }
            _ => None,
        }
    }
}

fn missing_variables_hint(missing: &[MissingCredential]) -> String {
    let lines = missing.iter().map(|missing| {
        let condition = missing
            .condition
            .as_ref()
            .map(|condition| format!("needed when `{condition}`"));
        let notes: Vec<&str> = [&missing.description, &condition]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        if notes.is_empty() {
            format!("  {}", missing.variable)
        } else {
            format!("  {}   ({})", missing.variable, notes.join("; "))
        }
    });
    format!(
        "set in the environment or in `.env`:\n{}",
        lines.collect::<Vec<_>>().join("\n")
    )
}

/// A credential that is not there, and the variable that would bring it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingCredential {
    pub name: String,
    pub variable: String,
    pub description: Option<String>,
    /// The condition that makes it needed, where it is not always.
    pub condition: Option<String>,
}

fn list(missing: &[MissingCredential]) -> String {
    crate::diagnostic::join_names(missing.iter().map(|missing| missing.name.as_str()), "and")
}

/// Whose credentials are looked for.
#[derive(Clone, Copy)]
pub(crate) struct CredentialOwner<'a> {
    pub(crate) environment: &'a str,
    /// As named by the user; without one, the only one there is.
    pub(crate) account: Option<&'a Account>,
}

/// What a level uses: names of credentials, which must be there, and of token fields, which may.
#[derive(Clone, Debug, Default)]
pub(crate) struct CredentialNeeds {
    pub(crate) credentials: Vec<String>,
    pub(crate) token: Vec<String>,
}

impl CredentialNeeds {
    fn requires(&self, credential: &str) -> bool {
        self.credentials.iter().any(|name| name == credential)
    }
}

/// What was found for one owner, and what was not.
#[derive(Default)]
pub(crate) struct FoundCredentials {
    pub(crate) credentials: NamedValues,
    pub(crate) token: NamedValues,
    pub(crate) missing: Vec<MissingCredential>,
}

/// The places that credentials come from, in order.
#[derive(Clone, Default)]
pub(crate) struct CredentialSources {
    /// The folder of the workspace, by which names of key files are relative.
    root: PathBuf,
    sources: Vec<BTreeMap<String, Secret<String>>>,
    /// Names of the process environment that look like ours and are not.
    similar_names: Vec<String>,
    /// About a `.env` that git could not be asked about.
    pub(crate) warning: Option<String>,
}

impl CredentialSources {
    /// # Errors
    /// When `.env` or the user's own file is there and cannot be used.
    pub(crate) fn load(
        environment: &BTreeMap<String, String>,
        root: &Path,
        config: Option<&Path>,
    ) -> Result<Self, CredentialError> {
        let ours = environment
            .iter()
            .filter(|(name, _)| name.starts_with("INGAM_"));
        let mut sources = vec![
            ours.map(|(name, value)| (name.clone(), Secret::from(value.as_str())))
                .collect(),
        ];
        let is_similar = |name: &&String| {
            !name.starts_with("INGAM_")
                && (name.contains("__") || name.to_uppercase().starts_with("INGAM"))
        };
        let similar_names = environment.keys().filter(is_similar).cloned().collect();
        let mut warning = None;
        let dotenv_path = root.join(".env");
        if let Some(pairs) = read_dotenv(&dotenv_path)? {
            match dotenv::git_ignore(&dotenv_path) {
                GitIgnore::Ignored | GitIgnore::NoRepository => {}
                GitIgnore::NotIgnored => return Err(CredentialError::NotGitIgnored(dotenv_path)),
                GitIgnore::Unknown(reason) => {
                    warning = Some(unchecked_warning(&dotenv_path, &reason));
                }
            }
            sources.push(pairs);
        }
        if let Some(pairs) = config
            .map(|folder| read_credentials_file(&folder.join(CREDENTIALS_FILE)))
            .transpose()?
            .flatten()
        {
            sources.push(pairs);
        }
        Ok(Self {
            root: root.to_owned(),
            sources,
            similar_names,
            warning,
        })
    }

    /// In the order in which they are asked.
    pub(super) fn sources(&self) -> impl Iterator<Item = &BTreeMap<String, Secret<String>>> {
        self.sources.iter()
    }

    /// Whether the environment of the process holds a variable.
    #[must_use]
    pub(super) fn is_of_process(&self, name: &str) -> bool {
        let own = self.sources.first();
        own.is_some_and(|source| source.contains_key(name))
            || self.similar_names.iter().any(|known| known == name)
    }

    /// The names of all variables that could be meant for this program.
    #[must_use]
    pub(super) fn variable_names(&self) -> Vec<&str> {
        let ours = self.sources.iter().flat_map(BTreeMap::keys);
        ours.chain(&self.similar_names)
            .map(String::as_str)
            .collect()
    }

    /// Every credential of a scheme that is there, and the token fields, for one owner. Those that
    /// `needs` names must be there.
    ///
    /// # Errors
    /// Everything that is missing at once, or the first value that is not in its form.
    pub(crate) fn resolve(
        &self,
        scheme: &Scheme,
        owner: CredentialOwner<'_>,
        needs: &CredentialNeeds,
    ) -> Result<(NamedValues, NamedValues), CredentialError> {
        let found = self.find_all(scheme, owner, needs)?;
        if found.missing.is_empty() {
            return Ok((found.credentials, found.token));
        }
        let environment = owner.environment.to_owned();
        Err(CredentialError::Missing {
            scheme: scheme.name.clone(),
            environment,
            missing: found.missing,
        })
    }

    /// What is there and what is missing.
    ///
    /// # Errors
    /// The first value that is not in its form.
    pub(crate) fn find_all(
        &self,
        scheme: &Scheme,
        owner: CredentialOwner<'_>,
        needs: &CredentialNeeds,
    ) -> Result<FoundCredentials, CredentialError> {
        let mut found = FoundCredentials::default();
        for credential in &scheme.credentials {
            let is_required = needs.requires(&credential.name);
            match self.value_of(scheme, credential, owner, is_required)? {
                Some(value) => found.credentials.set(&credential.name, value),
                None if !is_required => {}
                None => found
                    .missing
                    .push(missing_credential(scheme, owner, credential, None)),
            }
        }
        for credential in &scheme.credentials {
            let Some(condition) = credential
                .required_when
                .as_ref()
                .filter(|_| needs.requires(&credential.name))
            else {
                continue;
            };
            let value = found.credentials.get(&credential.name);
            let is_missing = value.is_none_or(Value::is_null);
            if is_missing && is_true(scheme, credential, condition, &found.credentials)? {
                let missing =
                    missing_credential(scheme, owner, credential, Some(&condition.source));
                found.missing.push(missing);
            }
        }
        for name in &needs.token {
            if let Some((variable, value)) = self.find(&scheme.name, owner, name) {
                check_value(&variable, value.expose(), true)?;
                found.token.set(name, Value::from(value.expose().as_str()));
            }
        }
        Ok(found)
    }

    /// The value of one credential that is not secret.
    ///
    /// # Errors
    /// When it is not in its form.
    pub(crate) fn find_public(
        &self,
        scheme: &Scheme,
        name: &str,
        owner: CredentialOwner<'_>,
    ) -> Result<Option<Value>, CredentialError> {
        match scheme.credential(name) {
            Some(credential) if !credential.is_secret => {
                self.value_of(scheme, credential, owner, false)
            }
            _ => Ok(None),
        }
    }

    /// The value of the account, of a variable, or the default.
    fn value_of(
        &self,
        scheme: &Scheme,
        credential: &Credential,
        owner: CredentialOwner<'_>,
        is_required: bool,
    ) -> Result<Option<Value>, CredentialError> {
        let known = owner
            .account
            .and_then(|account| account.get(&credential.name))
            .filter(|_| !credential.is_secret)
            .cloned();
        match known {
            Some(value) => checked_account_value(credential, owner, value).map(Some),
            None => Ok(self
                .find_value(scheme, credential, owner, is_required)?
                .or_else(|| credential.default.clone())),
        }
    }

    /// Every secret of some schemes that any source holds, whoever it belongs to, with the name it
    /// is shown by: an answer can hold the token of another account. Exposed to the redactor.
    #[must_use]
    pub(crate) fn secrets(&self, schemes: &[std::sync::Arc<Scheme>]) -> Vec<(String, &str)> {
        let mut found = Vec::new();
        for scheme in schemes {
            let secret = scheme
                .credentials
                .iter()
                .filter(|credential| credential.is_secret)
                .map(|credential| ("cred", credential.name.as_str()))
                .chain([("cred", TLS_KEY)]);
            let token = scheme
                .tokens
                .iter()
                .flat_map(|token| token.fields())
                .map(|field| ("token", field));
            for (root, name) in secret.chain(token) {
                let (prefix, suffix) = (
                    variable_name(&scheme.name, None, None, ""),
                    format!("__{}", variable_part(name)),
                );
                let named = self
                    .sources
                    .iter()
                    .flatten()
                    .filter(|(key, _)| key.starts_with(&prefix) && key.ends_with(&suffix));
                // A word would be replaced in every output; where it is needed it is refused.
                let usable = named
                    .map(|(_, value)| value.expose().as_str())
                    .filter(|value| WeakSecret::find(value).is_none());
                found.extend(usable.map(|value| (format!("{root}.{name}"), value)));
            }
        }
        let password = self.variable(PROXY_PASSWORD);
        found.extend(password.map(|value| ("proxy.password".to_owned(), value.expose().as_str())));
        found
    }

    fn find_value(
        &self,
        scheme: &Scheme,
        credential: &Credential,
        owner: CredentialOwner<'_>,
        is_required: bool,
    ) -> Result<Option<Value>, CredentialError> {
        let found = self.find(&scheme.name, owner, &credential.name);
        let found = match found {
            None if credential.is_secret => {
                match find_in_keyring(&scheme.name, owner, &credential.name) {
                    // A keyring that fails hides nothing that this call needs.
                    Err(_) if !is_required => None,
                    found => found?,
                }
            }
            found => found,
        };
        if credential.kind.is_key() {
            let found = match found {
                None => self.find_key_file(scheme, credential, owner)?,
                found => found,
            };
            return found
                .map(|(variable, text)| checked_key(&variable, &text, credential.kind))
                .transpose();
        }
        let Some((variable, text)) = found else {
            return Ok(None);
        };
        check_value(&variable, text.expose(), credential.is_secret)?;
        let value = if credential.kind == CredentialType::Integer {
            let number = Number::parse(text.expose()).filter(Number::is_integer);
            let Some(number) = number else {
                return Err(CredentialError::NotANumber { variable });
            };
            Value::Number(number)
        } else {
            Value::from(text.expose().as_str())
        };
        match credential.check(&value) {
            Ok(()) => Ok(Some(value)),
            Err(error) => Err(CredentialError::Misfit { variable, error }),
        }
    }

    /// The key in the file that `…_FILE` names.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn find_key_file(
        &self,
        scheme: &Scheme,
        credential: &Credential,
        owner: CredentialOwner<'_>,
    ) -> Result<Option<(String, Secret<String>)>, CredentialError> {
        let name = key_file_name(&credential.name);
        let Some((variable, path)) = self.find(&scheme.name, owner, &name) else {
            return Ok(None);
        };
        let path = self.root.join(path.expose());
        let bytes = read_plain_file(&path, MAX_KEY_BYTES).map(Zeroizing::new);
        let bytes = bytes.map_err(|error| CredentialError::Io {
            path,
            reason: error.to_string(),
        })?;
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => Secret::from(text),
            // DER is no text. In base64 it can stand where PEM does.
            Err(_) => Secret::new(BASE64_STANDARD.encode(&bytes)),
        };
        Ok(Some((variable, text)))
    }

    /// A variable that is of no scheme.
    pub(super) fn variable(&self, name: &str) -> Option<&Secret<String>> {
        let mut found = self.sources.iter().filter_map(|source| source.get(name));
        found.find(|value| !value.expose().is_empty())
    }

    /// The variable that holds a credential; a key can stand in the file that `…_FILE` names, and its
    /// variable is the one without that ending. `None` for what stands in no variable.
    pub(crate) fn found_variable(
        &self,
        scheme: &str,
        owner: CredentialOwner<'_>,
        name: &str,
    ) -> Option<String> {
        let own = self.find(scheme, owner, name).map(|(variable, _)| variable);
        own.or_else(|| {
            let (variable, _) = self.find(scheme, owner, &key_file_name(name))?;
            let end = variable.len() - (key_file_name(name).len() - name.len());
            variable.get(..end).map(str::to_owned)
        })
    }

    pub(super) fn find(
        &self,
        scheme: &str,
        owner: CredentialOwner<'_>,
        name: &str,
    ) -> Option<(String, Secret<String>)> {
        let names = candidate_variables(scheme, owner, name);
        for source in &self.sources {
            for candidate in &names {
                if let Some(value) = source
                    .get(candidate)
                    .filter(|value| !value.expose().is_empty())
                {
                    return Some((candidate.clone(), value.clone()));
                }
            }
        }
        None
    }
}

/// Every value that could be a credential, with the name of its variable, whatever is wrong with the
/// files or with who may read them: only to hide it.
pub(crate) fn every_value(
    environment: &BTreeMap<String, String>,
    root: &Path,
    config: Option<&Path>,
) -> Vec<(String, Secret<String>)> {
    let ours = environment
        .iter()
        .filter(|(name, _)| name.starts_with("INGAM_"));
    let mut values: Vec<(String, Secret<String>)> = ours
        .map(|(name, value)| (name.clone(), Secret::from(value.as_str())))
        .collect();
    let own = config.map(|folder| folder.join(CREDENTIALS_FILE));
    for path in [Some(root.join(".env")), own].into_iter().flatten() {
        match read_dotenv(&path) {
            Ok(pairs) => values.extend(pairs.into_iter().flatten()),
            Err(_) => values.extend(raw_lines(&path)),
        }
    }
    values
}

/// What stands behind `=` in a file that cannot be read as it should be.
fn raw_lines(path: &Path) -> Vec<(String, Secret<String>)> {
    // What this program cannot read, it cannot show.
    let Ok(text) = read_plain_text(path, MAX_TEXT_BYTES) else {
        return Vec::new();
    };
    let text = Secret::new(text);
    let lines = text.expose().lines().map(|line| {
        let (name, value) = line.split_once('=').unwrap_or((".env", line));
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().to_owned(), Secret::from(value))
    });
    lines.collect()
}

/// The variables that can bring a credential, the most specific first.
fn candidate_variables(scheme: &str, owner: CredentialOwner<'_>, name: &str) -> Vec<String> {
    let (environment, account) = (
        Some(owner.environment),
        owner.account.map(|account| account.name.as_str()),
    );
    let mut names = Vec::new();
    if account.is_some() {
        names.extend([
            variable_name(scheme, environment, account, name),
            variable_name(scheme, None, account, name),
        ]);
    }
    names.extend([
        variable_name(scheme, environment, None, name),
        variable_name(scheme, None, None, name),
    ]);
    names
}

fn find_in_keyring(
    scheme: &str,
    owner: CredentialOwner<'_>,
    name: &str,
) -> Result<Option<(String, Secret<String>)>, KeyringError> {
    for variable in candidate_variables(scheme, owner, name) {
        if let Some(value) = keyring::get(&variable)? {
            return Ok(Some((variable, value)));
        }
    }
    Ok(None)
}

fn unchecked_warning(path: &Path, reason: &str) -> String {
    format!(
        "git could not tell whether it ignores `{}` ({reason}): make sure that the file is never committed",
        path.display()
    )
}

fn missing_credential(
    scheme: &Scheme,
    owner: CredentialOwner<'_>,
    credential: &Credential,
    condition: Option<&str>,
) -> MissingCredential {
    MissingCredential {
        name: credential.name.clone(),
        variable: suggested_variable(scheme, owner, &credential.name),
        description: credential.description.clone(),
        condition: condition.map(str::to_owned),
    }
}

/// The credentials that a condition of one of them looks at.
struct CredentialValues<'a>(&'a NamedValues);

impl TemplateScope for CredentialValues<'_> {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        match path {
            // One that is not there is null, so that a condition can ask for it.
            ["cred", name] => Some(
                self.0
                    .get(name)
                    .map_or(Cow::Owned(Value::Null), Cow::Borrowed),
            ),
            _ => None,
        }
    }

    fn dialect(&self) -> TemplateDialect {
        TemplateDialect::Scheme
    }
}

/// # Errors
/// When the condition is neither true nor false.
fn is_true(
    scheme: &Scheme,
    credential: &Credential,
    condition: &RunCondition,
    values: &NamedValues,
) -> Result<bool, CredentialError> {
    let fault = |reason: String| CredentialError::Condition {
        scheme: scheme.name.clone(),
        credential: credential.name.clone(),
        reason,
    };
    let value = render_tree(&condition.value, &CredentialValues(values))
        .map_err(|error| fault(error.reason))?;
    match value.as_ref() {
        Value::Bool(flag) => Ok(*flag),
        _ => Err(fault(
            "the condition returns neither `true` nor `false`".to_owned(),
        )),
    }
}

/// The variable that a person would set for a credential of a scheme: with environment and account
/// where it is the account's own.
#[must_use]
pub(crate) fn suggested_variable(
    scheme: &Scheme,
    owner: CredentialOwner<'_>,
    name: &str,
) -> String {
    let own = scheme
        .credential(name)
        .is_none_or(|credential| credential.scope == CredentialScope::Account);
    let account = owner
        .account
        .filter(|_| own)
        .map(|account| account.name.as_str());
    let environment = Some(owner.environment).filter(|_| account.is_some());
    variable_name(&scheme.name, environment, account, name)
}

fn check_value(variable: &str, value: &str, is_secret: bool) -> Result<(), CredentialError> {
    match CredentialFault::find(value, is_secret) {
        None => Ok(()),
        Some(fault) => Err(CredentialError::Unusable {
            variable: variable.to_owned(),
            fault,
        }),
    }
}

fn checked_key(
    variable: &str,
    text: &Secret<String>,
    kind: CredentialType,
) -> Result<Value, CredentialError> {
    match key_fault(text.expose(), kind) {
        None => Ok(Value::from(text.expose().as_str())),
        Some(error) => Err(CredentialError::NotAKey {
            variable: variable.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// The name of a credential whose value is the name of a file with a key.
pub(super) fn key_file_name(credential: &str) -> String {
    format!("{credential}_file")
}

/// A value of an account in `ingam.yaml`, which is pasted as well.
fn checked_account_value(
    credential: &Credential,
    owner: CredentialOwner<'_>,
    value: Value,
) -> Result<Value, CredentialError> {
    let account = owner.account.map_or("", |account| account.name.as_str());
    let variable = || format!("{}` of the account `{account}", credential.name);
    if let Value::String(text) = &value {
        if credential.kind.is_key() {
            return checked_key(&variable(), &Secret::from(text.as_str()), credential.kind);
        }
        check_value(&variable(), text, false)?;
    }
    match credential.check(&value) {
        Ok(()) => Ok(value),
        Err(error) => Err(CredentialError::Misfit {
            variable: variable(),
            error,
        }),
    }
}

/// The user's own file of credentials, below the folder of settings.
const CREDENTIALS_FILE: &str = "credentials.env";

/// Where a credential was put.
pub(crate) enum StoredIn {
    Keyring,
    File(PathBuf),
}

/// Keeps a credential in the keyring, or, where `folder` is given, in the user's own file there,
/// which nobody else can read; in place of an older value.
///
/// # Errors
/// When there is no keyring, the file cannot be read or written, or no quotes can hold the value.
pub(crate) fn store_credential(
    folder: Option<&Path>,
    variable: &str,
    value: &Secret<String>,
) -> Result<StoredIn, CredentialError> {
    let Some(folder) = folder else {
        keyring::set(variable, value)?;
        return Ok(StoredIn::Keyring);
    };
    store_in_file(folder, variable, value).map(StoredIn::File)
}

fn store_in_file(
    folder: &Path,
    variable: &str,
    value: &Secret<String>,
) -> Result<PathBuf, CredentialError> {
    let path = folder.join(CREDENTIALS_FILE);
    let fault = |error: std::io::Error| CredentialError::Io {
        path: path.clone(),
        reason: error.to_string(),
    };
    create_private_folder(folder).map_err(|error| io_error(folder, &error))?;
    // Two that read at once would each write without the other's line.
    let lock_path = folder.join("credentials.lock");
    let lock = open_private(
        &lock_path,
        OpenOptions::new().write(true).create(true).truncate(false),
    )?;
    lock.lock().map_err(|error| io_error(&lock_path, &error))?;
    let quote = ["'", "\""]
        .into_iter()
        .find(|quote| !value.expose().contains(*quote));
    let quote = quote.ok_or_else(|| CredentialError::CannotBeQuoted {
        variable: variable.to_owned(),
    })?;
    // No file is an empty one.
    let before = read_private_text(&path)?.unwrap_or_else(|| Secret::from(""));
    // A file with a broken line is refused as it is when it is read, and not written over.
    parse_pairs(&path, &before)?;
    let is_other = |line: &&str| {
        let line = line.trim_start();
        line.strip_prefix("export ")
            .unwrap_or(line)
            .split('=')
            .next()
            .is_none_or(|name| name.trim() != variable)
    };
    // With room for all: a text that grows is copied, and the old one is freed with the secrets in
    // it.
    let room = before.expose().len() + variable.len() + value.expose().len() + "\n=''\n".len();
    let mut text = Zeroizing::new(String::with_capacity(room));
    for line in before.expose().lines().filter(is_other) {
        text.push_str(line);
        text.push('\n');
    }
    for part in [variable, "=", quote, value.expose(), quote, "\n"] {
        text.push_str(part);
    }
    crate::atomic_file::replace_private(&path, text.as_bytes()).map_err(fault)?;
    Ok(path)
}

pub(super) fn read_dotenv(
    path: &Path,
) -> Result<Option<BTreeMap<String, Secret<String>>>, CredentialError> {
    // A link that leads nowhere is there: taken for absent, other credentials would be used without
    // a word.
    if path.is_symlink() && !path.exists() {
        return Err(CredentialError::Io {
            path: path.to_owned(),
            reason: "it is not a plain file".to_owned(),
        });
    }
    let text = match read_plain_text(path, MAX_TEXT_BYTES) {
        Ok(text) => Secret::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(CredentialError::Io {
                path: path.to_owned(),
                reason: error.to_string(),
            });
        }
    };
    parse_pairs(path, &text).map(Some)
}

/// The user's own file must be readable by its owner only: it holds nothing but secrets.
fn read_credentials_file(
    path: &Path,
) -> Result<Option<BTreeMap<String, Secret<String>>>, CredentialError> {
    read_private_text(path)?
        .map(|text| parse_pairs(path, &text))
        .transpose()
}

fn read_private_text(path: &Path) -> Result<Option<Secret<String>>, CredentialError> {
    let not_text = || CredentialError::Io {
        path: path.to_owned(),
        reason: "it is not UTF-8 text".to_owned(),
    };
    read_private(path)?
        .map(|bytes| Secret::new(bytes).into_text().ok_or_else(not_text))
        .transpose()
}

fn parse_pairs(
    path: &Path,
    text: &Secret<String>,
) -> Result<BTreeMap<String, Secret<String>>, CredentialError> {
    let pairs = dotenv::parse(text.expose()).map_err(|error| CredentialError::Unreadable {
        path: path.to_owned(),
        line: error.line,
        hidden: error.hidden,
    })?;
    Ok(pairs.into_iter().collect())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_credentials_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CREDENTIALS_FILE);
        std::fs::write(&path, "INGAM_A__KEY='long-enough'\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        let load =
            || CredentialSources::load(&BTreeMap::new(), Path::new("/"), Some(folder.path()));
        assert!(matches!(
            load().map(|_| ()),
            Err(CredentialError::File(PrivateFileError::InsecureMode {
                mode: 0o644,
                ..
            }))
        ));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(load().unwrap().sources[1].len(), 1);
    }
}
