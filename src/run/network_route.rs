//! The route of an account: what its environment says of proxies and certificates, with the
//! secrets of the user.

use crate::credentials::{CredentialError, CredentialOwner, CredentialSources};
use crate::model::environment::{Environment, PemFile, ProxyAddress};
use crate::model::scheme::Scheme;
use crate::transport::{ClientIdentity, Route, RouteProxy};
use std::path::Path;

/// What an environment says of the way to one scheme's host, as one account.
#[derive(Clone, Copy, Default)]
pub(crate) struct NetworkSettings<'w> {
    /// Only for a host that the environment names itself.
    pub(crate) ca: Option<&'w PemFile>,
    pub(crate) client_cert: Option<&'w PemFile>,
    pub(crate) proxy: Option<&'w ProxyAddress>,
    /// The environment names the host, so it is the one that asks for the certificate.
    pub(crate) names_host: bool,
}

impl<'w> NetworkSettings<'w> {
    /// `names_host`: the environment names the host of the scheme, and it is none of the hosts that
    /// schemes name.
    #[must_use]
    pub(super) fn new(
        environment: Option<&'w Environment>,
        account_proxy: Option<&'w ProxyAddress>,
        names_host: bool,
    ) -> Self {
        let tls = environment.map(|environment| &environment.tls);
        Self {
            // An authority of a workspace could vouch for a server in the place of a marketplace.
            ca: tls.and_then(|tls| tls.ca.as_ref()).filter(|_| names_host),
            client_cert: tls.and_then(|tls| tls.client_cert.as_ref()),
            proxy: account_proxy
                .or_else(|| environment.and_then(|environment| environment.proxy.as_ref())),
            names_host,
        }
    }

    /// # Errors
    /// When a key or a password is missing, or cannot be used.
    pub(super) fn route(
        self,
        scheme: &Scheme,
        owner: CredentialOwner<'_>,
        credentials: &CredentialSources,
        root: &Path,
    ) -> Result<Route, CredentialError> {
        Ok(Route {
            is_guarded: false,
            ca: self.ca.map(|ca| ca.text.clone()),
            client: self.client_identity(scheme, owner, credentials, root)?,
            proxy: self
                .proxy
                .map(|proxy| route_proxy(proxy, scheme, owner, credentials))
                .transpose()?,
        })
    }

    fn client_identity(
        self,
        scheme: &Scheme,
        owner: CredentialOwner<'_>,
        credentials: &CredentialSources,
        root: &Path,
    ) -> Result<Option<ClientIdentity>, CredentialError> {
        let Some(certificate) = self.client_cert else {
            return Ok(None);
        };
        // A host of the scheme itself need not ask for the certificate, so there it is shown only
        // if the user has a key for that scheme.
        let key = credentials.client_key(scheme, owner, root, self.names_host)?;
        Ok(key.map(|key| ClientIdentity {
            certificate: certificate.text.clone(),
            key,
        }))
    }
}

fn route_proxy(
    proxy: &ProxyAddress,
    scheme: &Scheme,
    owner: CredentialOwner<'_>,
    credentials: &CredentialSources,
) -> Result<RouteProxy, CredentialError> {
    let password = match &proxy.user {
        Some(_) => credentials.proxy_password(scheme, owner)?,
        None => "".into(),
    };
    Ok(RouteProxy {
        url: proxy.url.clone(),
        user: proxy.user.clone(),
        password,
    })
}
