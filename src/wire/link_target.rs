//! Where a link of a response leads. Only its path and query are taken, and asked of the host that
//! the environment names: a response never chooses where a secret goes.

use super::draft::RequestTarget;
use super::request::check_target;
use super::url::BaseUrl;
use url::Url;

/// Why a link is not followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkTargetError {
    #[error("it is not an address: {0}")]
    NotAnAddress(url::ParseError),
    #[error("it is neither `http` nor `https`")]
    Protocol,
    #[error("it contains a user")]
    UserInfo,
    #[error("its host `{0}` is neither the host of the request nor a host of the scheme")]
    OtherHost(String),
    #[error("it is not below `{0}`")]
    OtherPath(String),
    #[error("it cannot be sent as written: {0}")]
    Unsendable(String),
}

/// Path and query of a link, below the base path of its host. `asked` is the address of the request
/// that the link answers, and `base` that of its host; `others` are the base URLs of the other hosts
/// that it may name.
///
/// # Errors
/// When the link leads to another host, or cannot be sent.
pub(crate) fn resolve_link<'b>(
    target: &str,
    asked: &Url,
    base: &'b BaseUrl,
    others: impl Iterator<Item = &'b str>,
) -> Result<RequestTarget, LinkTargetError> {
    let link = asked.join(target).map_err(LinkTargetError::NotAnAddress)?;
    if !matches!(link.scheme(), "http" | "https") {
        return Err(LinkTargetError::Protocol);
    }
    if !link.username().is_empty() || link.password().is_some() {
        return Err(LinkTargetError::UserInfo);
    }
    let known: Vec<Url> = std::iter::once(base.as_str())
        .chain(others)
        .filter_map(|base| Url::parse(base).ok())
        .filter(|base| is_same_host(base, &link))
        .collect();
    let Some(first) = known.first() else {
        let host = link.host_str().unwrap_or_default();
        return Err(LinkTargetError::OtherHost(host.to_owned()));
    };
    let path = known
        .iter()
        .find_map(|base| path_below(base.path(), link.path()))
        .ok_or_else(|| LinkTargetError::OtherPath(first.path().to_owned()))?;
    let query = link.query().unwrap_or_default().to_owned();
    check_target(&format!("{path}?{query}"))
        .map_err(|error| LinkTargetError::Unsendable(error.to_string()))?;
    Ok(RequestTarget { path, query })
}

/// A server behind a proxy may not know its protocol and its port, and neither is taken from a link.
fn is_same_host(base: &Url, link: &Url) -> bool {
    base.host() == link.host() && (link.port().is_none() || link.port() == base.port())
}

fn path_below(base: &str, path: &str) -> Option<String> {
    let rest = path.strip_prefix(base.trim_end_matches('/'))?;
    rest.starts_with('/').then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(target: &str) -> Result<(String, String), LinkTargetError> {
        let base = BaseUrl::parse("https://shop.example/admin").unwrap();
        let asked = Url::parse("https://shop.example/admin/products?page=1").unwrap();
        let others = [
            "https://eu.shop.example:8443/api",
            "https://shop.example/other",
        ];
        resolve_link(target, &asked, &base, others.into_iter())
            .map(|target| (target.path, target.query))
    }

    #[test]
    fn a_link_is_resolved_against_the_request_that_was_asked() {
        for (target, path, query) in [
            (
                "https://shop.example/admin/products?page=2",
                "/products",
                "page=2",
            ),
            (
                "HTTP://SHOP.example/admin/products?page=2",
                "/products",
                "page=2",
            ),
            ("//shop.example/admin/a/../b", "/b", ""),
            (
                "/admin/products?page=%EA%B0%80&x",
                "/products",
                "page=%EA%B0%80&x",
            ),
            ("?page=2", "/products", "page=2"),
            ("orders?page=2#top", "/orders", "page=2"),
            ("https://eu.shop.example:8443/api/v1?c=a+b", "/v1", "c=a+b"),
            ("https://shop.example/other/x", "/x", ""),
        ] {
            let expected = (path.to_owned(), query.to_owned());
            assert_eq!(resolve(target), Ok(expected), "{target}");
        }
    }

    #[test]
    fn no_link_leads_to_another_host() {
        for target in [
            "https://evil.example/admin/products?page=2",
            "https://shop.example.evil.example/admin/products",
            "https://evil.example\\@shop.example/admin/products",
            "//evil.example/admin/products",
            "\\\\evil.example/admin/products",
            "/\\evil.example/admin/products",
            "https:evil.example/admin/products",
            "https:///evil.example/admin",
            "https://shop.example:444/admin/products",
            "https://shop.example./admin/products",
            "https://eu.shop.example:9000/api/v1",
            "https://127.0.0.1/admin/products",
        ] {
            let found = resolve(target);
            let stays = found
                .as_ref()
                .is_ok_and(|(path, _)| path.starts_with("/evil.example"));
            assert!(
                matches!(found, Err(LinkTargetError::OtherHost(_))) || stays,
                "{target}: {found:?}"
            );
        }
        for (target, error) in [
            (
                "https://shop.example@evil.example/admin",
                LinkTargetError::UserInfo,
            ),
            (
                "https://u:p@shop.example/admin/x",
                LinkTargetError::UserInfo,
            ),
            ("ftp://shop.example/admin/x", LinkTargetError::Protocol),
            ("javascript:alert(1)", LinkTargetError::Protocol),
            (
                "https://shop.example/administrator",
                LinkTargetError::OtherPath("/admin".to_owned()),
            ),
            (
                "https://shop.example/admin/../x",
                LinkTargetError::OtherPath("/admin".to_owned()),
            ),
        ] {
            assert_eq!(resolve(target), Err(error), "{target}");
        }
    }
}
