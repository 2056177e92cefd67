//! `ingam auth set`: keeps a credential for this user. Its value comes from a prompt without echo
//! or from standard input, and never from an argument, which every process of the machine can read.

use super::AuthContext;
use crate::cli::ExitStatus;
use crate::cli::args::AccountArgs;
use crate::cli::settings;
use crate::credentials::{StoredIn, store_credential};
use crate::diagnostic::did_you_mean;
use crate::model::credential_variable::variable_name;
use crate::model::scheme::{Credential, Scheme};
use crate::secret::MIN_SECRET_BYTES;
use crate::value::Number;
use std::io::Read;

pub(super) fn run(
    desk: &AuthContext<'_>,
    scheme: &str,
    name: &str,
    in_file: bool,
    whose: &AccountArgs,
) -> Result<ExitStatus, ExitStatus> {
    let loaded = desk.load_workspace()?;
    let scheme = desk.find_scheme(loaded, scheme)?;
    let credential = find_credential(desk, &scheme, name)?;
    let environment = whose
        .env
        .as_deref()
        .map(|name| settings::resolve_environment(&loaded.workspace, Some(name), desk.output));
    let environment = environment.transpose()?;
    if let Some(account) = &whose.account {
        let accounts = loaded
            .workspace
            .environments
            .iter()
            .flat_map(|known| &known.accounts);
        let names: Vec<&str> = accounts
            .filter(|known| known.scheme == scheme.name)
            .map(|known| known.name.as_str())
            .collect();
        if !names.contains(&account.as_str()) {
            let hint = did_you_mean(account, names)
                .unwrap_or_else(|| "accounts stand under `envs` in ingam.yaml".to_owned());
            return Err(desk.usage_error(
                &format!("`{}` has no account `{account}`", scheme.name),
                &hint,
            ));
        }
    }
    let variable = variable_name(
        &scheme.name,
        environment.as_deref(),
        whose.account.as_deref(),
        name,
    );
    let value = read_value(desk, &variable, credential)?;
    // What is no secret needs no keyring.
    let in_file = in_file || !credential.is_secret;
    let folder = desk.host.config_folder().filter(|_| in_file);
    if folder.is_none() && in_file {
        return Err(desk.usage_error(
            "there is no folder for the settings of this user",
            "set HOME",
        ));
    }
    let kept = store_credential(folder.as_deref(), &variable, &value).map_err(|error| {
        let hint = "`--file` keeps it in a file that only you can read; or set the variable where the program runs";
        desk.output.print_error(&error.to_string(), &[hint.to_owned()]);
        ExitStatus::OperationFailed
    })?;
    desk.output.print_message(&match kept {
        StoredIn::Keyring => format!("kept as `{variable}` in the keyring"),
        StoredIn::File(path) => format!(
            "kept as `{variable}` in {}, which only you can read",
            path.display()
        ),
    });
    Ok(ExitStatus::Success)
}

fn find_credential<'s>(
    desk: &AuthContext<'_>,
    scheme: &'s Scheme,
    name: &str,
) -> Result<&'s Credential, ExitStatus> {
    scheme.credential(name).ok_or_else(|| {
        let names = scheme
            .credentials
            .iter()
            .map(|credential| credential.name.as_str());
        let hint = did_you_mean(name, names)
            .unwrap_or_else(|| "`ingam scheme show` has them all".to_owned());
        desk.usage_error(
            &format!("`{}` has no credential `{name}`", scheme.name),
            &hint,
        )
    })
}

/// One line, without the line end that typing and `echo` put behind it.
fn read_value(
    desk: &AuthContext<'_>,
    variable: &str,
    credential: &Credential,
) -> Result<String, ExitStatus> {
    let unreadable = |error: std::io::Error| {
        desk.output
            .print_error(&format!("the value cannot be read: {error}"), &[]);
        ExitStatus::OperationFailed
    };
    let typed = if desk.host.stdin_is_terminal {
        let about = credential
            .description
            .as_ref()
            .map(|about| format!(" ({about})"))
            .unwrap_or_default();
        rpassword::prompt_password(format!("{}{about}, not shown: ", credential.name))
            .map_err(unreadable)?
    } else {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        text
    };
    let value = typed.strip_suffix('\n').map_or(typed.as_str(), |rest| {
        rest.strip_suffix('\r').unwrap_or(rest)
    });
    match value_error(value, credential) {
        None => Ok(value.to_owned()),
        Some(fault) => {
            Err(desk.usage_error(&format!("`{variable}` {fault}"), "nothing was changed"))
        }
    }
}

fn value_error(value: &str, credential: &Credential) -> Option<String> {
    if value.is_empty() {
        return Some("got no value".to_owned());
    }
    if value.contains(['\n', '\r']) || value.trim() != value {
        return Some("has a blank or a line end where none belongs".to_owned());
    }
    if credential.is_secret && value.len() < MIN_SECRET_BYTES {
        return Some(format!(
            "is shorter than {MIN_SECRET_BYTES} characters: such a secret cannot be kept out of outputs"
        ));
    }
    let is_integer = Number::parse(value).is_some_and(|number| number.is_integer());
    (credential.is_integer && !is_integer).then(|| "must be a whole number".to_owned())
}
