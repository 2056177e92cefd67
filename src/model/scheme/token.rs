//! What the tool obtains and renews, and the link that a person opens for it.

use super::Procedure;
use crate::jsonpath::JsonPath;
use crate::method::Method;
use crate::model::request::Field;
use crate::model::template::{Template, Tree};
use crate::span::Span;
use std::time::Duration;

/// What the tool obtains and renews for a level.
#[derive(Clone, Debug, Default)]
pub struct Token {
    pub name: String,
    pub at: Span,
    /// Credentials that tell one token from another.
    pub store_by: Vec<String>,
    /// Got with the application's credentials alone.
    pub issue: Option<TokenRequest>,
    /// Got with the code of an authorization.
    pub exchange: Option<TokenRequest>,
    /// Got with a refresh token.
    pub refresh: Option<TokenRequest>,
    /// How long it lives when the answer does not say.
    pub lifetime: Lifetime,
    /// It is renewed when less than this is left.
    pub renew_before: Duration,
}

impl Token {
    /// The names that its answers bring, such as `access_token`.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in [&self.issue, &self.exchange, &self.refresh].into_iter().flatten().flat_map(|request| &request.save) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

/// What the scheme says of lives, for messages and for answers that say nothing.
#[derive(Clone, Debug, Default)]
pub struct Lifetime {
    pub access: Option<Duration>,
    pub refresh: Option<Duration>,
    pub grant: Option<Duration>,
    /// A refresh token works once.
    pub refresh_once: bool,
}

/// A request for a token, in the language of requests, with its own way to be signed.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    pub at: Span,
    pub method: Method,
    pub path: Template,
    pub query: Vec<Field>,
    pub form: Vec<Field>,
    pub json: Option<Tree>,
    /// Another host than the environment's; one of the scheme's own regions.
    pub host: Option<String>,
    pub procedure: Procedure,
    /// Name → JSONPath in the answer.
    pub save: Vec<(String, JsonPath)>,
}

/// The link that a person opens to authorize an account.
#[derive(Clone, Debug)]
pub struct Authorize {
    pub at: Span,
    pub host: Option<String>,
    pub path: Template,
    pub query: Vec<Field>,
    pub procedure: Procedure,
    /// The name of the code in the address that comes back.
    pub code: String,
    /// Account credential → the name that its value has in that address.
    pub keep: Vec<(String, String)>,
    pub code_lifetime: Option<Duration>,
}
