//! One port for all marketplaces: the name in the `Host` header says which one a request is for.

/// The scheme that a `Host` header names: `shopee.localhost:9100` (RFC 6761, section 6.3), or as
/// the name of a machine in a network of containers, `shopee:9100`. Of several names that fit, the
/// longest one.
pub(crate) fn scheme_of_host<'n>(
    host: &str,
    schemes: impl Iterator<Item = &'n str>,
) -> Option<usize> {
    let host = host.split(':').next()?.to_ascii_lowercase();
    schemes
        .enumerate()
        .filter(|(_, name)| {
            host.strip_prefix(&name.to_ascii_lowercase())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
        .max_by_key(|(_, name)| name.len())
        .map(|(index, _)| index)
}

/// The `host:port` of a scheme on a port that all share.
#[must_use]
pub(crate) fn named_authority(scheme: &str, port: u16) -> String {
    format!("{}.localhost:{port}", scheme.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_labels_of_a_host_name_the_scheme() {
        let schemes = ["shop", "shopee", "my.shop"];
        for (host, scheme) in [
            ("shopee.localhost:9100", Some("shopee")),
            ("ShopEE.LOCALHOST", Some("shopee")),
            ("shopee:9100", Some("shopee")),
            ("shop.sandbox.test:1", Some("shop")),
            ("my.shop.localhost", Some("my.shop")),
            ("shopeee.localhost", None),
            ("a.shopee.localhost", None),
            ("localhost:9100", None),
            ("127.0.0.1:9100", None),
            ("[::1]:9100", None),
            ("", None),
        ] {
            let found = scheme_of_host(host, schemes.into_iter());
            assert_eq!(found.map(|index| schemes[index]), scheme, "{host}");
        }
    }
}
