//! What the sandbox says as soon as it listens: the addresses and the test keys, as text for people
//! or as one line of JSON. The keys are no secrets: only the sandbox accepts them.

use super::env_value::quoted;
use crate::cli::output::Output;
use crate::model::credential_variable::variable_name;
use crate::model::environment::{DEFAULT_ACCOUNT, SANDBOX_ENV};
use crate::model::scheme::Scheme;
use crate::model::workspace::Workspace;
use crate::sandbox::{CONTROL_PATH, SandboxServer, TestCredentialError, test_account};
use serde_json::{Map, json};
use std::path::PathBuf;
use std::sync::Arc;

pub(super) struct SandboxAnnouncement {
    pub(super) marketplaces: Vec<AnnouncedMarketplace>,
    pub(super) proxy_url: Option<String>,
    /// Where pushes are sent.
    pub(super) push_to: Option<String>,
    /// The certificate of the authority that clients must trust.
    pub(super) ca_file: Option<String>,
}

pub(super) struct AnnouncedMarketplace {
    pub(super) scheme: String,
    pub(super) base_url: String,
    pub(super) accounts: Vec<AnnouncedAccount>,
}

pub(super) struct AnnouncedAccount {
    pub(super) name: String,
    /// Credential → its value as text.
    pub(super) credentials: Vec<(String, String)>,
}

impl SandboxAnnouncement {
    /// # Errors
    /// When the keys of a test account cannot be made.
    pub(super) fn new(
        schemes: &[Arc<Scheme>],
        workspace: &Workspace,
        sandbox: &SandboxServer,
        push_to: Option<String>,
        ca_file: Option<PathBuf>,
    ) -> Result<Self, TestCredentialError> {
        let marketplaces = schemes
            .iter()
            .map(|scheme| {
                let base = sandbox.origins.base_url(scheme);
                Ok(AnnouncedMarketplace {
                    scheme: scheme.name.clone(),
                    base_url: base.map_or_else(String::new, |base| base.to_string()),
                    accounts: announced_accounts(scheme, workspace)?,
                })
            })
            .collect::<Result<_, TestCredentialError>>()?;
        Ok(Self {
            marketplaces,
            proxy_url: sandbox.proxy_url.clone(),
            push_to,
            ca_file: ca_file.map(|path| path.display().to_string()),
        })
    }

    pub(super) fn print(&self, as_json: bool, output: &Output) {
        if as_json {
            output.print_report(&self.to_json());
            return;
        }
        for marketplace in &self.marketplaces {
            marketplace.print(output);
        }
        output.print_message(&format!(
            "controls: below {CONTROL_PATH} of each address, such as GET {CONTROL_PATH}tokens; GET {CONTROL_PATH} lists them"
        ));
        let hosts = self.marketplaces.iter();
        let hosts: Vec<String> = hosts
            .map(|marketplace| format!("{}: \"{}\"", marketplace.scheme, marketplace.base_url))
            .collect();
        output.print_message(&format!(
            "in ingam.yaml: envs: {{ local: {{ hosts: {{ {} }} }} }}",
            hosts.join(", ")
        ));
        if let Some(url) = &self.proxy_url {
            output.print_message(&format!(
                "proxy: {url}, for the hosts of these schemes; it forwards nothing"
            ));
        }
        if let Some(url) = &self.push_to {
            output.print_message(&format!(
                "pushes: to {url}; POST {CONTROL_PATH}push?event=NAME sends one"
            ));
        }
        if let Some(file) = &self.ca_file {
            output.print_message(&format!("certificate authority: {file}"));
        }
        output.print_message("listening; press Ctrl-C to stop");
    }

    /// One line. Values of credentials are texts, whatever they look like.
    pub(super) fn to_json(&self) -> String {
        let schemes: Map<_, _> = self
            .marketplaces
            .iter()
            .map(|marketplace| {
                let accounts: Map<_, _> = marketplace
                    .accounts
                    .iter()
                    .map(|account| {
                        let credentials = account.credentials.iter().cloned();
                        let credentials: Map<_, _> = credentials
                            .map(|(name, value)| (name, value.into()))
                            .collect();
                        (account.name.clone(), credentials.into())
                    })
                    .collect();
                let marketplace_json =
                    json!({ "base_url": marketplace.base_url, "accounts": accounts });
                (marketplace.scheme.clone(), marketplace_json)
            })
            .collect();
        let mut line = json!({ "event": "listening", "schemes": schemes });
        for (name, value) in [
            ("proxy_url", &self.proxy_url),
            ("push_to", &self.push_to),
            ("ca_file", &self.ca_file),
        ] {
            if let Some(value) = value {
                line[name] = value.as_str().into();
            }
        }
        format!("{line}\n")
    }
}

impl AnnouncedMarketplace {
    fn print(&self, output: &Output) {
        output.print_data(&format!("{:<15} {}", self.scheme, self.base_url));
        for account in &self.accounts {
            output.print_data(&output.out.dim(&format!("  account {}", account.name)));
            for (name, value) in &account.credentials {
                let variable = variable_name(&self.scheme, None, None, name);
                // A shell would expand `$`, for example in a bcrypt salt.
                let value = quoted(value).unwrap_or_else(|| value.clone());
                output.print_data(&output.out.dim(&format!("    {variable}={value}")));
            }
        }
    }
}

fn announced_accounts(
    scheme: &Scheme,
    workspace: &Workspace,
) -> Result<Vec<AnnouncedAccount>, TestCredentialError> {
    let accounts = workspace.accounts(SANDBOX_ENV, &scheme.name);
    let announced = |name: &str, account| {
        let credentials = test_account(scheme, name, account)?
            .iter()
            .filter_map(|(key, value)| {
                let value = value.expose();
                let text = value.to_plain_text().filter(|_| !value.is_null())?;
                Some((key.to_string(), text))
            })
            .collect();
        Ok(AnnouncedAccount {
            name: name.to_owned(),
            credentials,
        })
    };
    if accounts.is_empty() {
        return Ok(vec![announced(DEFAULT_ACCOUNT, None)?]);
    }
    accounts
        .iter()
        .map(|account| announced(&account.name, Some(account)))
        .collect()
}
