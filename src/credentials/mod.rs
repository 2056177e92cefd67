//! Where a scheme's credentials come from: environment, `.env`, the user's own file, the keyring of
//! the operating system. It refuses to take a secret from a request file or from the command line.

mod dotenv;
mod dotenv_state;
mod hygiene;
pub(crate) mod keyring;
mod misspelled;
mod network_secrets;
mod network_variables;
mod resolution;
mod user_secret;

pub(crate) use dotenv_state::{DotenvState, dotenv_state};
pub(crate) use hygiene::CredentialFault;
pub(crate) use misspelled::{KnownVariables, UnknownVariable};
pub(crate) use network_variables::PROXY_PASSWORD;
pub(crate) use resolution::{
    CredentialError, CredentialNeeds, CredentialOwner, CredentialSources, FoundCredentials,
    StoredIn, every_value, store_credential, suggested_variable,
};
pub(crate) use user_secret::missing_secret;
