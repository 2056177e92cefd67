//! How requests reach a host: through a proxy, with more authorities, with a client certificate.
//! None of it is a part of a request, so nothing of it is signed.

use crate::secret::{Secret, exposed_for_sealing};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The default reaches a host as every other program of this user does.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Route {
    /// Certificates of authorities, in PEM, that are trusted besides those of this machine.
    pub(crate) ca: Option<String>,
    pub(crate) client: Option<ClientIdentity>,
    pub(crate) proxy: Option<RouteProxy>,
    /// Refuses names that lead to this machine or to its network: the host is none that a person
    /// has written.
    #[serde(default)]
    pub(crate) is_guarded: bool,
}

/// Who the client is to a host that asks for a certificate.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ClientIdentity {
    /// In PEM, its chain included.
    pub(crate) certificate: String,
    /// In PEM.
    #[serde(with = "exposed_for_sealing")]
    pub(crate) key: Secret<String>,
}

/// A proxy that an environment or an account names.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RouteProxy {
    /// `http://host:port`, without the user.
    pub(crate) url: String,
    pub(crate) user: Option<String>,
    /// Empty if there is none.
    #[serde(with = "exposed_for_sealing")]
    pub(crate) password: Secret<String>,
}

impl Route {
    /// Whether it is the route of every other program.
    #[must_use]
    fn is_default(&self) -> bool {
        self.ca.is_none() && self.client.is_none() && self.proxy.is_none() && !self.is_guarded
    }

    /// The route to an address that a response gave: authorities and certificates of an environment
    /// are for its own hosts.
    #[must_use]
    pub fn for_address(&self) -> Self {
        Self {
            proxy: self.proxy.clone(),
            is_guarded: true,
            ..Self::default()
        }
    }

    /// The same for equal routes, so that they share connections.
    #[must_use]
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        // Most requests, and not worth a hash.
        if self.is_default() {
            return [0; 32];
        }
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        };
        let client = self.client.as_ref();
        let proxy = self.proxy.as_ref();
        add(if self.is_guarded { "guarded" } else { "" });
        add(self.ca.as_deref().unwrap_or_default());
        add(client.map_or("", |client| &client.certificate));
        add(client.map_or("", |client| client.key.expose()));
        add(proxy.map_or("", |proxy| &proxy.url));
        add(proxy
            .and_then(|proxy| proxy.user.as_deref())
            .unwrap_or_default());
        add(proxy.map_or("", |proxy| proxy.password.expose()));
        hash.finalize().into()
    }
}
