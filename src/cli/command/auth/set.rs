//! `ingam auth set`: stores a credential for this user. Its value comes from a prompt without echo
//! or from standard input, and never from an argument, which every process of the machine can read.

use super::context::AuthContext;
use crate::cli::args::AccountArgs;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::settings;
use crate::cli::shown_argument::shown_argument;
use crate::credentials::{CredentialFault, StoredIn, store_credential};
use crate::diagnostic::did_you_mean;
use crate::load::is_variable_name;
use crate::model::credential_variable::{secret_variable, variable_name};
use crate::model::scheme::{Credential, CredentialScope, CredentialType, Scheme};
use crate::model::workspace::Workspace;
use crate::render::SECRET_ROOT;
use crate::secret::Secret;
use crate::sign::key_fault;
use crate::span::Span;
use crate::value::{Number, Value};
use std::io::Read;
use zeroize::Zeroize;

pub(super) fn run(
    auth: &AuthContext<'_>,
    scheme: &str,
    name: &str,
    in_file: bool,
    account_args: &AccountArgs,
) -> CommandResult {
    let workspace = &auth.loaded.workspace;
    if scheme == SECRET_ROOT && workspace.scheme(SECRET_ROOT).is_none() {
        return set_user_secret(auth, name, in_file, account_args);
    }
    let scheme = auth.find_scheme(scheme)?;
    let credential = find_credential(scheme, name)?;
    let environment = account_args
        .env
        .as_deref()
        .map(|name| settings::resolve_environment(workspace, Some(name)))
        .transpose()?;
    let account = account_args.account.as_deref();
    if let Some(account) = account {
        check_account_name(workspace, scheme, account)?;
    }
    let variable = variable_name(&scheme.name, environment.as_deref(), account, name);
    let value = read_value(auth, &variable, credential)?;
    // A value that is not secret needs no keyring, and a server may have none.
    store(auth, &variable, &value, in_file || !credential.is_secret)
}

/// `ingam auth set secret buyer_password`: a secret that belongs to no scheme.
fn set_user_secret(
    auth: &AuthContext<'_>,
    name: &str,
    in_file: bool,
    account_args: &AccountArgs,
) -> CommandResult {
    if account_args.env.is_some() || account_args.account.is_some() {
        return Err(CommandError::usage(
            "a secret of your own applies to all environments and accounts",
        )
        .hint("run the command without `--env` and `--account`, and use a different name for each value"));
    }
    if name.contains('=') {
        return Err(value_as_argument(SECRET_ROOT, None));
    }
    if !is_variable_name(name) || name.to_lowercase() != name {
        return Err(CommandError::usage(
            "the name of a secret consists of lower-case letters, digits and `_`, and does not begin with a digit",
        ));
    }
    let credential = Credential {
        name: name.to_owned(),
        at: Span::default(),
        description: None,
        scope: CredentialScope::App,
        is_secret: true,
        kind: CredentialType::Text,
        default: None,
        pattern: None,
        required_when: None,
    };
    let variable = secret_variable(name);
    let value = read_value(auth, &variable, &credential)?;
    store(auth, &variable, &value, in_file)
}

fn store(
    auth: &AuthContext<'_>,
    variable: &str,
    value: &Secret<String>,
    in_file: bool,
) -> CommandResult {
    let folder = auth.invocation.host.config_folder().filter(|_| in_file);
    if folder.is_none() && in_file {
        return Err(
            CommandError::usage("ingam found no settings folder for this user").hint("set HOME"),
        );
    }
    let stored = store_credential(folder.as_deref(), variable, value).map_err(|error| {
        // Not the error's own class: the disk or the keyring failed, and no authorization by a person
        // would help.
        CommandError::operation(error.to_string()).hint(
            "pass `--file` to store it in a file that only you can read, or set the variable where the program runs",
        )
    })?;
    Ok(CommandOutput::of_message(match stored {
        StoredIn::Keyring => format!("stored as `{variable}` in the keyring"),
        StoredIn::File(path) => format!(
            "stored as `{variable}` in {}, which only you can read",
            path.display()
        ),
    }))
}

/// # Errors
/// If the scheme has no account of this name in any environment.
fn check_account_name(
    workspace: &Workspace,
    scheme: &Scheme,
    account: &str,
) -> Result<(), CommandError> {
    let accounts = workspace
        .environments
        .iter()
        .flat_map(|known| &known.accounts);
    let names: Vec<&str> = accounts
        .filter(|known| known.scheme == scheme.name)
        .map(|known| known.name.as_str())
        .collect();
    if names.contains(&account) {
        return Ok(());
    }
    let hint = did_you_mean(account, names).unwrap_or_else(|| {
        "add it under `envs` in ingam.yaml, or choose another account".to_owned()
    });
    Err(CommandError::usage(format!("`{}` has no account `{account}`", scheme.name)).hint(hint))
}

fn find_credential<'s>(scheme: &'s Scheme, name: &str) -> Result<&'s Credential, CommandError> {
    scheme.credential(name).ok_or_else(|| {
        let names = || {
            let credentials = scheme.credentials.iter();
            credentials.map(|credential| credential.name.as_str())
        };
        if let Some((meant, _)) = name.split_once('=') {
            return value_as_argument(&scheme.name, names().find(|known| *known == meant));
        }
        let hint = did_you_mean(name, names())
            .unwrap_or_else(|| "`ingam scheme show` lists all credentials".to_owned());
        let shown = shown_argument(name, names());
        CommandError::usage(format!("`{}` has no credential {shown}", scheme.name)).hint(hint)
    })
}

/// `partner_key=SECRET`: the secret is not repeated.
fn value_as_argument(scheme: &str, name: Option<&str>) -> CommandError {
    let name = name.unwrap_or("NAME");
    CommandError::usage("a value cannot be an argument, because every process of this machine can read it")
        .hint(format!(
            "run `ingam auth set {scheme} {name}`, and type the value at the prompt"
        ))
        .hint("your shell may have saved the command in its history: replace the secret at the marketplace")
}

/// No credential is longer, in bytes.
const MAX_VALUE_BYTES: u64 = 1 << 20;

/// The whole of standard input.
pub(super) fn read_stdin() -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::io::stdin()
        .take(MAX_VALUE_BYTES + 1)
        .read_to_string(&mut text)?;
    if read as u64 > MAX_VALUE_BYTES {
        text.zeroize();
        return Err(std::io::Error::other("it is longer than 1 MiB"));
    }
    Ok(text)
}

/// Reads one line, without its line end.
fn read_value(
    auth: &AuthContext<'_>,
    variable: &str,
    credential: &Credential,
) -> Result<Secret<String>, CommandError> {
    let typed = if auth.invocation.host.stdin_is_terminal {
        prompt_value(credential)
    } else {
        read_stdin()
    };
    let typed =
        Secret::new(typed.map_err(|error| {
            CommandError::operation(format!("the value cannot be read: {error}"))
        })?);
    let typed = typed.expose().as_str();
    let value = typed
        .strip_suffix('\n')
        .map_or(typed, |rest| rest.strip_suffix('\r').unwrap_or(rest));
    match value_error(value, credential) {
        // A file of variables has one line for each.
        None if credential.kind.is_key() => {
            Ok(Secret::new(value.replace('\r', "").replace('\n', "\\n")))
        }
        None => Ok(Secret::from(value)),
        Some((fault, way_out)) => Err(CommandError::usage(format!("`{variable}` {fault}"))
            .hint(way_out)
            .hint("nothing was changed")),
    }
}

fn prompt_value(credential: &Credential) -> std::io::Result<String> {
    let about = credential
        .description
        .as_ref()
        .map_or_else(String::new, |about| format!(" ({about})"));
    rpassword::prompt_password(format!("{}{about}, not shown: ", credential.name))
}

/// What is wrong with a value, and what to do.
fn value_error(value: &str, credential: &Credential) -> Option<(String, &'static str)> {
    if value.is_empty() {
        return Some((
            "got no value".to_owned(),
            "type it at the prompt, or pipe it to standard input",
        ));
    }
    if credential.kind.is_key() {
        let error = key_fault(value, credential.kind)?;
        return Some((
            error.to_string(),
            "pass it on standard input: `ingam auth set … < key.pem`",
        ));
    }
    // Pasted with a blank, every signature would be wrong, and the marketplace would only say so.
    if let Some(fault) = CredentialFault::find(value, credential.is_secret) {
        return Some((fault.to_string(), fault.way_out()));
    }
    let is_integer = Number::parse(value).is_some_and(|number| number.is_integer());
    if credential.kind == CredentialType::Integer && !is_integer {
        return Some(("must be a whole number".to_owned(), "write digits only"));
    }
    let error = credential.check(&Value::from(value)).err()?;
    Some((
        error.to_string(),
        "compare it with what the marketplace shows",
    ))
}
