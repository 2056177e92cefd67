//! The addresses of the marketplaces, by scheme.

use crate::model::scheme::Scheme;
use crate::wire::BaseUrl;
use std::collections::HashMap;

/// Scheme → the origin that its marketplace listens on.
#[derive(Clone, Debug, Default)]
pub struct SandboxOrigins(HashMap<String, String>);

impl SandboxOrigins {
    /// The address of a scheme's marketplace, with the base path that the real one has.
    #[must_use]
    pub fn base_url(&self, scheme: &Scheme) -> Option<BaseUrl> {
        let origin = self.0.get(&scheme.name)?;
        match scheme.main_host() {
            Some(host) => BaseUrl::parse(&host.example_url())
                .ok()?
                .with_origin(origin),
            None => BaseUrl::parse(origin).ok(),
        }
    }

    #[must_use]
    pub fn get(&self, scheme: &str) -> Option<&str> {
        self.0.get(scheme).map(String::as_str)
    }

    /// Fixed addresses on which nothing listens, for commands that explain requests without sending
    /// them.
    #[must_use]
    pub fn unbound(names: &[&str]) -> Self {
        names
            .iter()
            .zip(9_000_u16..)
            .map(|(name, port)| ((*name).to_owned(), format!("http://127.0.0.1:{port}")))
            .collect()
    }
}

impl FromIterator<(String, String)> for SandboxOrigins {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(origins: I) -> Self {
        Self(origins.into_iter().collect())
    }
}
