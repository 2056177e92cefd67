//! Where a scheme's credentials come from: environment, `.env`, the user's own file, the keyring of
//! the operating system. It refuses to take a secret from a request file or from the command line.

mod dotenv;
pub(crate) mod keyring;
mod resolution;

pub(crate) use resolution::{
    CredentialError, CredentialNeeds, CredentialOwner, CredentialSources, MissingCredential,
    StoredIn, store_credential, suggested_variable,
};
