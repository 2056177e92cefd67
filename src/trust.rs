//! Hosts and schemes that the user of this machine has allowed to receive secrets: hosts that are
//! not those of the scheme, and schemes of a workspace, identified by their content.

use crate::atomic_file;
use crate::plain_file::{MAX_TEXT_BYTES, read_plain_file};
use crate::value::{self, Value};
use crate::wire::{BaseUrl, HostPattern};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A host or scheme that needs the permission of the user before it gets a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TrustSubject {
    /// An environment of a workspace sends a scheme's requests to a host of its own.
    Host {
        environment: String,
        scheme: String,
        host: String,
    },
    /// A scheme's requests as one account go to a host that a credential of the account gives.
    AccountHost {
        scheme: String,
        account: String,
        /// `https://host:port`
        host: String,
    },
    /// Whoever runs it sends a scheme's requests to hosts of a pattern, whatever files say.
    GivenHosts { scheme: String, pattern: String },
    /// An environment sends requests through a proxy.
    Proxy { environment: String, proxy: String },
    /// An environment takes the word of an authority for the hosts that it names.
    Authority {
        environment: String,
        file: String,
        hash: String,
    },
    /// A scheme of the workspace, by the hash of its text.
    Scheme {
        name: String,
        hash: String,
        hosts: Vec<String>,
    },
}

impl TrustSubject {
    #[must_use]
    pub(crate) fn scheme(name: &str, text: &str, hosts: Vec<String>) -> Self {
        Self::Scheme {
            name: name.to_owned(),
            hash: hex::encode(Sha256::digest(text)),
            hosts,
        }
    }

    #[must_use]
    pub(crate) fn authority(environment: &str, file: &Path, certificates: &str) -> Self {
        Self::Authority {
            environment: environment.to_owned(),
            file: file.display().to_string(),
            hash: hex::encode(Sha256::digest(certificates)),
        }
    }

    /// The command with which a person allows it.
    #[must_use]
    pub(crate) fn trust_command(&self, environment: &str) -> String {
        match self {
            Self::GivenHosts { scheme, pattern } => {
                format!("ingam trust --host {scheme}={pattern}")
            }
            Self::Host { .. }
            | Self::AccountHost { .. }
            | Self::Proxy { .. }
            | Self::Authority { .. }
            | Self::Scheme { .. } => format!("ingam trust --env {environment}"),
        }
    }

    /// In words, for the question and for the file.
    #[must_use]
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Host {
                environment,
                scheme,
                host,
            } => {
                let form = if host.starts_with("http:") {
                    ", without encryption,"
                } else {
                    ""
                };
                format!(
                    "secrets of `{scheme}` are sent to {host}{form} in environment `{environment}`"
                )
            }
            Self::AccountHost {
                scheme,
                account,
                host,
            } => format!("secrets of `{scheme}` are sent to {host} for the account `{account}`"),
            Self::GivenHosts { scheme, pattern } => {
                format!(
                    "secrets of `{scheme}` are sent to {pattern} if `--host` or a variable sets this host"
                )
            }
            Self::Proxy { environment, proxy } => {
                format!(
                    "requests of environment `{environment}` are sent through the proxy {proxy}"
                )
            }
            // The whole hash: people compare it with what `sha256sum` prints.
            Self::Authority {
                environment,
                file,
                hash,
            } => format!(
                "the certificate authority in `{file}` ({hash}) is trusted for the hosts of environment `{environment}`"
            ),
            Self::Scheme { name, hash, hosts } => {
                // For people to compare. The stored entry has the whole hash.
                let hash = &hash[..12.min(hash.len())];
                format!(
                    "secrets of the workspace's own scheme `{name}`, in its current version ({hash}), are sent to {}",
                    hosts.join(" and ")
                )
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustError {
    #[error("ingam found no settings folder for this user: set HOME")]
    NoFolder,
    #[error("`{}` cannot be used: {reason}", .path.display())]
    File { path: PathBuf, reason: String },
}

/// The list of one user, for one workspace.
pub(crate) struct TrustList {
    path: Option<PathBuf>,
    workspace: String,
    entries: Vec<Value>,
    /// Scheme and pattern, from a variable of the process; not of the file.
    given: Vec<(String, HostPattern)>,
}

/// The path; of one that is no UTF-8 the hash of its bytes, because two such paths can have the
/// same text once their bytes are replaced.
fn workspace_name(workspace: &Path) -> String {
    workspace.to_str().map_or_else(
        || {
            let bytes = workspace.as_os_str().as_encoded_bytes();
            format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
        },
        str::to_owned,
    )
}

impl TrustList {
    /// # Errors
    /// When the list is there and cannot be read: a broken list is not an empty one.
    pub(crate) fn load(config: Option<&Path>, workspace: &Path) -> Result<Self, TrustError> {
        let path = config.map(|folder| folder.join("trust.json"));
        let fault = |path: &Path, reason: String| TrustError::File {
            path: path.to_owned(),
            reason,
        };
        let entries = match &path {
            None => Vec::new(),
            Some(path) => match read_plain_file(path, MAX_TEXT_BYTES) {
                Ok(bytes) => match value::parse(&bytes) {
                    Ok(Value::List(entries)) => entries,
                    Ok(_) => return Err(fault(path, "it is not a list".to_owned())),
                    Err(error) => return Err(fault(path, error.to_string())),
                },
                // Only a missing file is an empty list. An unreadable one must stop the run, or
                // `allow` would overwrite it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(fault(path, error.to_string())),
            },
        };
        Ok(Self {
            path,
            workspace: workspace_name(workspace),
            entries,
            given: Vec::new(),
        })
    }

    /// Allows hosts for this process only, on top of the list.
    #[must_use]
    pub(crate) fn with_given_hosts(mut self, given: Vec<(String, HostPattern)>) -> Self {
        self.given = given;
        self
    }

    /// Whether whoever runs it may send the secrets of a scheme to a host that no file names.
    #[must_use]
    pub(crate) fn allows_given_host(&self, scheme: &str, base: &BaseUrl) -> bool {
        let Ok(url) = url::Url::parse(base.as_str()) else {
            return false;
        };
        let is_given =
            |(name, pattern): &(String, HostPattern)| name == scheme && pattern.fits(&url);
        self.given.iter().any(is_given)
            || self.entries.iter().any(|entry| {
                // The whole entry must be equal, as in `is_allowed`.
                let text = entry.get("host_pattern").and_then(Value::as_str);
                text.and_then(|text| HostPattern::parse(text).ok())
                    .is_some_and(|pattern| {
                        let subject = TrustSubject::GivenHosts {
                            scheme: scheme.to_owned(),
                            pattern: pattern.as_str().to_owned(),
                        };
                        *entry == self.to_entry(&subject) && pattern.fits(&url)
                    })
            })
    }

    #[must_use]
    pub(crate) fn is_allowed(&self, thing: &TrustSubject) -> bool {
        // All members must be equal. An entry with a member that this version does not know allows
        // nothing.
        self.entries.contains(&self.to_entry(thing))
    }

    /// # Errors
    /// When the list cannot be written.
    pub(crate) fn allow(&mut self, thing: &TrustSubject) -> Result<(), TrustError> {
        let path = self.path.clone().ok_or(TrustError::NoFolder)?;
        if !self.is_allowed(thing) {
            self.entries.push(self.to_entry(thing));
        }
        atomic_file::replace_private(
            &path,
            Value::List(self.entries.clone())
                .to_pretty_json()
                .as_bytes(),
        )
        .map_err(|error| TrustError::File {
            path,
            reason: error.to_string(),
        })
    }

    fn to_entry(&self, thing: &TrustSubject) -> Value {
        let mut members = vec![("workspace".into(), Value::from(self.workspace.as_str()))];
        let mut add = |name: &str, value: &str| members.push((name.into(), Value::from(value)));
        match thing {
            TrustSubject::Host {
                environment,
                scheme,
                host,
            } => {
                add("environment", environment);
                add("scheme", scheme);
                add("host", host);
            }
            TrustSubject::AccountHost {
                scheme,
                account,
                host,
            } => {
                add("scheme", scheme);
                add("account", account);
                add("host", host);
            }
            TrustSubject::Proxy { environment, proxy } => {
                add("environment", environment);
                add("proxy", proxy);
            }
            // Without the file: its content counts, wherever it stands.
            TrustSubject::Authority {
                environment, hash, ..
            } => {
                add("environment", environment);
                add("ca_sha256", hash);
            }
            TrustSubject::GivenHosts { scheme, pattern } => {
                add("scheme", scheme);
                add("host_pattern", pattern);
            }
            // Without the hosts: the hash covers the text of the scheme, which names them.
            TrustSubject::Scheme { name, hash, .. } => {
                add("scheme", name);
                add("sha256", hash);
            }
        }
        Value::Object(members)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn two_workspaces_whose_names_are_no_text_share_no_trust() {
        let folder = tempfile::tempdir().unwrap();
        let path = |bytes| Path::new(std::ffi::OsStr::from_bytes(bytes));
        let subject = TrustSubject::scheme("mall", "text", Vec::new());
        let mut first = TrustList::load(Some(folder.path()), path(b"/w/\xff")).unwrap();
        first.allow(&subject).unwrap();
        let allowed = |bytes| {
            TrustList::load(Some(folder.path()), path(bytes))
                .unwrap()
                .is_allowed(&subject)
        };
        assert!(allowed(b"/w/\xff") && !allowed(b"/w/\xfe"));
    }
}
