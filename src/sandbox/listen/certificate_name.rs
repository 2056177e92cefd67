//! The names that the sandbox has certificates for.

/// Domains that are nobody's: `localhost` is this machine, and `test` is for tests, such as a
/// container that plays marketplaces for others (RFC 6761, sections 6.2 and 6.3).
pub(super) const RESERVED_DOMAINS: [&str; 2] = ["localhost", "test"];

/// What a client asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum CertificateName {
    /// In small letters.
    Dns(String),
    /// Nothing, as clients do that connect to an address (RFC 6066, section 3).
    Loopback,
}

impl CertificateName {
    pub(super) fn of_server_name(name: Option<&str>) -> Self {
        name.map_or(Self::Loopback, |name| Self::Dns(name.to_ascii_lowercase()))
    }

    pub(super) fn is_permitted(&self, domains: &[String]) -> bool {
        match self {
            Self::Loopback => true,
            Self::Dns(name) => domains.iter().any(|domain| is_below(name, domain)),
        }
    }
}

/// Whether a name is a domain or has labels in front of it.
pub(super) fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.') && rest.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_permitted_by_whole_labels() {
        let domains = ["localhost".to_owned(), "shop.example".to_owned()];
        for (name, is_permitted) in [
            ("localhost", true),
            ("shopee.localhost", true),
            ("a.b.localhost", true),
            ("shop.example", true),
            ("api.shop.example", true),
            ("myshop.example", false),
            (".shop.example", false),
            ("example", false),
            ("localhost.evil.example", false),
            ("", false),
        ] {
            let name = CertificateName::of_server_name(Some(name));
            assert_eq!(name.is_permitted(&domains), is_permitted, "{name:?}");
        }
        assert!(CertificateName::of_server_name(None).is_permitted(&[]));
    }
}
