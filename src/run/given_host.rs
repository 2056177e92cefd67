//! Hosts that whoever runs ingam puts in the place of those of a scheme.

use crate::wire::BaseUrl;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GivenHost {
    pub(crate) scheme: String,
    pub(crate) base: BaseUrl,
}

/// The environment as reports name it: with the hosts that replace those of its files, so that
/// nobody takes a review system for the marketplace.
#[must_use]
pub(crate) fn described_environment(name: &str, hosts: &[GivenHost]) -> String {
    let hosts = hosts
        .iter()
        .map(|given| format!(", {} at {}", given.scheme, given.base));
    std::iter::once(name.to_owned()).chain(hosts).collect()
}
