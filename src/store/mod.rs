//! Credentials and tokens: where they come from and how long they are good. In this first form tokens live as long as the
//! run. It refuses to take a secret from a request file or from the command line.

mod credentials;
mod dotenv;
mod tokens;
mod trust;

pub use credentials::{CredentialError, Credentials, Needs, Owner, variable, variable_of, variable_part};
pub use tokens::{Held, Tokens};
pub use trust::{Trust, TrustError, Trusted};
