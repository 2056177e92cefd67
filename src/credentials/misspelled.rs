//! Variables that look like a credential or a setting of ingam and are none: a slip of the keys in
//! a name would otherwise show only as a credential that is missing.

use super::network_variables::{TLS_KEY, TLS_KEY_FILE};
use super::resolution::CredentialSources;
use super::resolution::key_file_name;
use crate::diagnostic::{did_you_mean, nearest_name};
use crate::model::credential_variable::{variable_name, variable_part};
use crate::model::environment::{LIVE_ENV, SANDBOX_ENV};
use crate::model::scheme::Scheme;
use crate::model::workspace::Workspace;
use std::sync::Arc;

/// A variable that nothing reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownVariable {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// What names of variables are held to.
pub(crate) struct KnownVariables<'w> {
    pub(crate) workspace: &'w Workspace,
    /// The schemes that are used.
    pub(crate) schemes: &'w [Arc<Scheme>],
    /// The names of all schemes.
    pub(crate) scheme_names: &'w [&'w str],
    /// The variables that are no credentials.
    pub(crate) settings: &'w [&'w str],
    /// Before the name of a scheme: the variable of its host.
    pub(crate) host_variable: &'w str,
}

/// Between a name whose beginning is unknown and the one that is meant. More would accuse variables
/// of other programs.
const MAX_EDITS: usize = 2;

impl KnownVariables<'_> {
    /// The variables of some sources that nothing reads, each with the name that is meant.
    #[must_use]
    pub(crate) fn find_unknown(&self, sources: &CredentialSources) -> Vec<UnknownVariable> {
        let mut names = sources.variable_names();
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            .filter_map(|name| {
                self.judge_source(name, sources)
                    .or_else(|| self.judge(name))
            })
            .collect()
    }

    /// One that a file sets, and that only the process may set.
    fn judge_source(&self, variable: &str, sources: &CredentialSources) -> Option<UnknownVariable> {
        self.host_scheme(variable)?.ok()?;
        (!sources.is_of_process(variable)).then(|| UnknownVariable {
            message: format!("`{variable}` has no effect in a file"),
            hint: Some("set it in the environment of the process, or pass `--host`".to_owned()),
        })
    }

    /// The scheme whose host a variable sets; `Err` with the part that is none.
    fn host_scheme<'v>(&self, variable: &'v str) -> Option<Result<(), &'v str>> {
        let part = variable.strip_prefix(self.host_variable)?;
        if part.contains("__") {
            // A credential of a scheme whose name begins in this way.
            return None;
        }
        let mut schemes = self.scheme_names.iter();
        Some(if schemes.any(|name| variable_part(name) == part) {
            Ok(())
        } else {
            Err(part)
        })
    }

    fn judge(&self, variable: &str) -> Option<UnknownVariable> {
        if self.settings.contains(&variable) {
            return None;
        }
        match self.host_scheme(variable) {
            None => {}
            Some(Ok(())) => return None,
            Some(Err(part)) => {
                let name = part.to_lowercase().replace('_', "-");
                return Some(UnknownVariable {
                    message: format!("`{variable}` has no effect: there is no scheme `{name}`"),
                    hint: did_you_mean(&name, self.scheme_names.iter().copied()),
                });
            }
        }
        let is_of = |scheme: &str| {
            variable
                .strip_prefix(&format!("INGAM_{}", variable_part(scheme)))
                .is_some_and(|rest| rest.starts_with("__"))
        };
        if let Some(scheme) = self.schemes.iter().find(|scheme| is_of(&scheme.name)) {
            return self.judge_parts(variable, scheme);
        }
        // One of a scheme that this run does not use.
        if self.scheme_names.iter().any(|name| is_of(name)) {
            return None;
        }
        let known = self.all_names();
        let names = || known.iter().map(String::as_str);
        let settings = self.settings.iter().copied();
        let meant = nearest_name(variable, names().chain(settings), MAX_EDITS)
            .or_else(|| names().find(|name| is_shortened(variable, name)))?;
        Some(UnknownVariable {
            message: format!("`{variable}` has no effect"),
            hint: Some(format!("did you mean `{meant}`?")),
        })
    }

    /// What follows the scheme: `[ENVIRONMENT__][ACCOUNT__]NAME`.
    fn judge_parts(&self, variable: &str, scheme: &Scheme) -> Option<UnknownVariable> {
        let start = format!("INGAM_{}__", variable_part(&scheme.name));
        let parts: Vec<&str> = variable[start.len()..].split("__").collect();
        let reason = self.wrong_part(&parts, scheme)?;
        let known = self.names_of(scheme);
        let similar =
            crate::diagnostic::similar_name_hint(variable, known.iter().map(String::as_str));
        let names = value_names(scheme);
        Some(UnknownVariable {
            message: format!("`{variable}` has no effect: {reason}"),
            hint: similar.or_else(|| {
                let last = parts.last()?;
                did_you_mean(last, names.iter().map(String::as_str))
            }),
        })
    }

    fn wrong_part(&self, parts: &[&str], scheme: &Scheme) -> Option<String> {
        let (name, owner) = parts.split_last()?;
        if !value_names(scheme).iter().any(|known| known == name) {
            return Some(format!(
                "the scheme `{}` has no credential `{}`",
                scheme.name,
                name.to_lowercase()
            ));
        }
        match owner {
            [] => None,
            [one] => {
                (!self.is_environment(one) && !self.is_account(None, one, scheme)).then(|| {
                    format!(
                        "there is no environment and no account `{}`",
                        one.to_lowercase()
                    )
                })
            }
            [environment, _] if !self.is_environment(environment) => Some(format!(
                "there is no environment `{}`",
                environment.to_lowercase()
            )),
            [environment, account] => {
                (!self.is_account(Some(environment), account, scheme)).then(|| {
                    format!(
                        "there is no account `{}` of `{}` in environment `{}`",
                        account.to_lowercase(),
                        scheme.name,
                        environment.to_lowercase()
                    )
                })
            }
            _ => Some("its name has too many parts".to_owned()),
        }
    }

    fn environments(&self) -> impl Iterator<Item = &str> {
        let own = self.workspace.environments.iter();
        own.map(|environment| environment.name.as_str())
            .chain([LIVE_ENV, SANDBOX_ENV])
    }

    fn is_environment(&self, part: &str) -> bool {
        self.environments().any(|name| variable_part(name) == part)
    }

    fn is_account(&self, environment: Option<&str>, part: &str, scheme: &Scheme) -> bool {
        self.workspace
            .environments
            .iter()
            .filter(|known| environment.is_none_or(|named| variable_part(&known.name) == named))
            .flat_map(|known| &known.accounts)
            .any(|account| account.scheme == scheme.name && variable_part(&account.name) == part)
    }

    fn all_names(&self) -> Vec<String> {
        let schemes = self.schemes.iter();
        schemes.flat_map(|scheme| self.names_of(scheme)).collect()
    }

    /// Every variable that a scheme reads.
    fn names_of(&self, scheme: &Scheme) -> Vec<String> {
        let mut owners: Vec<(Option<&str>, Option<&str>)> = vec![(None, None)];
        owners.extend(self.environments().map(|name| (Some(name), None)));
        for environment in &self.workspace.environments {
            for account in &environment.accounts {
                if account.scheme == scheme.name {
                    let account = Some(account.name.as_str());
                    owners.push((None, account));
                    owners.push((Some(&environment.name), account));
                }
            }
        }
        let names = value_names(scheme);
        owners
            .into_iter()
            .flat_map(|(environment, account)| {
                names
                    .iter()
                    .map(move |name| variable_name(&scheme.name, environment, account, name))
            })
            .collect()
    }
}

/// `INGAM_NAVER__CLIENT_ID` for `INGAM_NAVER_COMMERCE__CLIENT_ID`.
fn is_shortened(variable: &str, name: &str) -> bool {
    match (variable.split_once("__"), name.split_once("__")) {
        (Some((start, rest)), Some((whole, same))) => {
            rest == same && start.len() > "INGAM_".len() && whole.starts_with(start)
        }
        _ => false,
    }
}

/// The credentials of a scheme and the fields of its tokens, as parts of a variable.
fn value_names(scheme: &Scheme) -> Vec<String> {
    let key_files = scheme
        .credentials
        .iter()
        .filter(|credential| credential.kind.is_key())
        .map(|credential| variable_part(&key_file_name(&credential.name)));
    let credentials = scheme.credentials.iter();
    credentials
        .map(|credential| credential.name.as_str())
        .chain(scheme.tokens.iter().flat_map(|token| token.fields()))
        .chain([TLS_KEY, TLS_KEY_FILE])
        .map(variable_part)
        .chain(key_files)
        .collect()
}
