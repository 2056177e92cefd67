//! Tokens that ingam obtains and renews, and the links that a person opens to authorize an account.

use super::{HostChoice, IncomingSignature, SavedFrom, SigningProcedure};
use crate::jsonpath::JsonPath;
use crate::method::Method;
use crate::model::request::{SpannedName, TemplateField};
use crate::model::template::{Template, TemplateTree};
use crate::span::Span;
use std::time::Duration;

/// A token that ingam obtains and renews for a level.
#[derive(Clone, Debug, Default)]
pub struct Token {
    pub name: String,
    pub at: Span,
    /// Credentials that tell one token from another.
    pub key_credentials: Vec<String>,
    /// Got with the application's credentials alone.
    pub issue: Option<TokenRequest>,
    /// Got with the code of an authorization.
    pub exchange: Option<TokenRequest>,
    /// Got while a person confirms the login on another device (RFC 8628).
    pub device: Option<DeviceGrant>,
    /// Got with a refresh token.
    pub refresh: Option<TokenRequest>,
    /// Ends the authorization when its tokens are removed (RFC 7009).
    pub revoke: Option<TokenRequest>,
    /// The lifetimes to assume if the response has none.
    pub lifetime: TokenLifetimes,
    /// It is renewed when less than this is left.
    pub renew_before: Duration,
    /// One pair for several owners: each of them is refreshed once with it, and has tokens of its
    /// own from then on.
    pub splits: Vec<TokenSplit>,
}

/// A login without a browser on this machine (RFC 8628): one request brings a code that a person
/// enters elsewhere, and the other is sent until the person has decided.
#[derive(Clone, Debug)]
pub struct DeviceGrant {
    pub at: Span,
    /// Brings `device_code`, `user_code`, `verification_uri` and what else `save` names.
    pub authorize: TokenRequest,
    /// Brings the token. Its templates see `device_code`.
    pub exchange: TokenRequest,
}

/// `shop: { shop_id: "$.shop_id_list[*]" }`: a token of this name for each id in the answer of the
/// exchange.
#[derive(Clone, Debug)]
pub struct TokenSplit {
    pub token: String,
    pub at: Span,
    /// The credential that tells one of them from another.
    pub credential: String,
    pub ids: JsonPath,
}

impl Token {
    /// The requests that bring it, of whatever kind.
    pub fn requests(&self) -> impl Iterator<Item = &TokenRequest> {
        let requests = [&self.issue, &self.exchange, &self.refresh];
        let device = self.device.iter().map(|device| &device.exchange);
        requests.into_iter().flatten().chain(device)
    }

    /// The requests that bring it, the one that begins the login of a device, and the one that ends
    /// the authorization.
    pub fn all_requests(&self) -> impl Iterator<Item = &TokenRequest> {
        let device = self.device.iter().map(|device| &device.authorize);
        self.requests().chain(device).chain(&self.revoke)
    }

    /// Whether a person authorizes it.
    #[must_use]
    pub fn needs_login(&self) -> bool {
        self.exchange.is_some() || self.device.is_some()
    }

    /// The name of the token that it is issued with.
    #[must_use]
    pub fn issued_with(&self) -> Option<&SpannedName> {
        self.issue.as_ref()?.issuing_token.as_ref()
    }

    /// Whether this credential tells one of its tokens from another.
    #[must_use]
    pub fn is_keyed_by(&self, credential: &str) -> bool {
        self.key_credentials.iter().any(|name| name == credential)
    }

    /// The names that its answers bring, such as `access_token`.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in self.requests().flat_map(|request| &request.saved_fields) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

/// The lifetimes that the scheme documents, for messages and for responses without them.
#[derive(Clone, Debug, Default)]
pub struct TokenLifetimes {
    pub access: Option<Duration>,
    pub refresh: Option<Duration>,
    pub grant: Option<Duration>,
    /// A refresh token works once.
    pub is_refresh_single_use: bool,
}

/// A request for a token, in the language of requests, with its own way to be signed.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    pub at: Span,
    pub method: Method,
    pub path: Template,
    pub query: Vec<TemplateField>,
    pub form: Vec<TemplateField>,
    pub json: Option<TemplateTree>,
    /// One of the scheme's own hosts.
    pub host: HostChoice,
    /// The token that `token` of its templates is, in the place of its own; of `issue` only.
    pub issuing_token: Option<SpannedName>,
    pub procedure: SigningProcedure,
    /// Name → where the answer holds it.
    pub saved_fields: Vec<(String, SavedFrom)>,
}

/// A link that a person opens to authorize an account.
#[derive(Clone, Debug)]
pub struct AuthorizeLink {
    /// Required if a scheme has several links.
    pub name: Option<String>,
    pub at: Span,
    /// Region that requests go to → the host of the link; without it, the same host.
    pub link_host: HostChoice,
    pub path: Template,
    pub query: Vec<TemplateField>,
    pub procedure: SigningProcedure,
    /// The link carries the challenge of a verifier (RFC 7636), which the exchange sends.
    pub uses_pkce: bool,
    /// The name of the code in the address that comes back.
    pub code_param: String,
    /// Account credential → the name that its value has in that address.
    pub callback_params: Vec<(String, String)>,
    pub code_lifetime: Option<Duration>,
    /// How the marketplace signs the address that comes back; checked before the code is exchanged.
    pub verification: Option<IncomingSignature>,
}
