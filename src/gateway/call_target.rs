//! The target of a request to the gateway: `/shopee@sg/api/v2/shop/get_shop_info?page=1`.

use super::call_error::CallError;
use crate::wire::{check_target, decoded_path};
use percent_encoding::percent_decode_str;

/// Which scheme and account a request is for, and what of its target is sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CallTarget {
    pub(super) scheme: String,
    pub(super) account: Option<String>,
    /// Below the base path of the host, as it was written.
    pub(super) path: String,
    /// As it was written, without `?`.
    pub(super) query: String,
}

impl CallTarget {
    /// # Errors
    /// When it is not a path, names no scheme, or has a part that servers and proxies read in
    /// different ways: then what was checked would not be what is called.
    pub(super) fn parse(uri: &http::Uri) -> Result<Self, CallError> {
        // `GET http://host/path` asks a forward proxy for another host.
        if uri.scheme().is_some() || uri.authority().is_some() {
            return Err(CallError::TargetForm);
        }
        let rest = uri.path().strip_prefix('/').ok_or(CallError::TargetForm)?;
        let (name, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let name = decoded(name).ok_or(CallError::TargetForm)?;
        // The name stands in the line of the call.
        if name.chars().any(char::is_control) {
            return Err(CallError::NoScheme);
        }
        let (scheme, account) = match name.split_once('@') {
            Some((scheme, account)) => (scheme, Some(account)),
            None => (name.as_str(), None),
        };
        if scheme.is_empty() || account == Some("") {
            return Err(CallError::NoScheme);
        }
        check_path(path)?;
        let query = uri.query().unwrap_or_default();
        let sent = match query {
            "" => format!("/{}", path.trim_start_matches('/')),
            query => format!("/{}?{query}", path.trim_start_matches('/')),
        };
        check_target(&sent).map_err(|_| CallError::Unencoded)?;
        Ok(Self {
            scheme: scheme.to_owned(),
            account: account.map(str::to_owned),
            path: path.to_owned(),
            query: query.to_owned(),
        })
    }
}

/// # Errors
/// When it has an empty segment, a dot segment in any spelling, or a backslash.
fn check_path(path: &str) -> Result<(), CallError> {
    let segments = path.split('/').skip(1);
    let count = segments.clone().count();
    for (number, segment) in (1..).zip(segments) {
        let segment = decoded(segment).ok_or(CallError::PathText)?;
        let is_last = number == count;
        // `;` begins parameters of a segment, which some servers cut off before they look at it.
        let bare = segment.split(';').next().unwrap_or_default();
        if bare == "." || bare == ".." || segment.contains(['\\', '\0']) {
            return Err(CallError::DotSegment);
        }
        if bare.is_empty() && !is_last {
            return Err(CallError::EmptySegment);
        }
        // An encoded slash is a part of a name, such as of a SKU; dot segments behind it are none.
        // Some servers decode twice.
        let parts = decoded_path(&segment);
        if parts.split('/').any(|part| part == "." || part == "..") {
            return Err(CallError::DotSegment);
        }
        if parts.contains('/') && parts.split('/').any(str::is_empty) {
            return Err(CallError::EmptySegment);
        }
    }
    Ok(())
}

fn decoded(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(target: &str) -> Result<CallTarget, CallError> {
        CallTarget::parse(&target.parse().unwrap())
    }

    #[test]
    fn the_first_segment_names_scheme_and_account_and_the_rest_is_kept() {
        let target = parsed("/shopee@sg/api/v2/a%2Fb/?x=%20&&y").unwrap();
        assert_eq!(
            (target.scheme.as_str(), target.account.as_deref()),
            ("shopee", Some("sg"))
        );
        assert_eq!(
            (target.path.as_str(), target.query.as_str()),
            ("/api/v2/a%2Fb/", "x=%20&&y")
        );
        let target = parsed("/naver@%EB%B3%B8%EC%A0%90/v1").unwrap();
        assert_eq!(target.account.as_deref(), Some("본점"));
        let target = parsed("/shopee").unwrap();
        assert_eq!((target.account, target.path.as_str()), (None, ""));
        assert_eq!(parsed("/a@b@c/").unwrap().account.as_deref(), Some("b@c"));
    }

    #[test]
    fn what_servers_read_in_different_ways_is_refused() {
        for target in [
            "/s/a/../b",
            "/s/..",
            "/s/./b",
            "/s/%2e%2E/b",
            "/s/a/.%2e/b",
            "/s/..;x/b",
            "/s/a%5cb",
            "/s/a%2f..%2fb",
            "/s/a%00",
            "/s/a/.%2fb",
            "/s/a%252f%252e%252e/b",
        ] {
            assert_eq!(parsed(target), Err(CallError::DotSegment), "{target}");
        }
        for target in ["/s//a", "/s/a//b", "/s/a/;x/b", "/s/a%2F%2Fb", "/s/%2Fb"] {
            assert_eq!(parsed(target), Err(CallError::EmptySegment), "{target}");
        }
        for target in [
            "/",
            "//s/a",
            "/@a/b",
            "/s@/b",
            "/s%0a/b",
            "/s@a%0Ab/b",
            "/s@%1b/b",
        ] {
            assert_eq!(parsed(target), Err(CallError::NoScheme), "{target}");
        }
        for target in ["http://evil.example/s/a", "*", "evil.example:443"] {
            assert_eq!(parsed(target), Err(CallError::TargetForm), "{target}");
        }
        assert_eq!(parsed("/s/%ff"), Err(CallError::PathText));
        // hyper refuses `"` and `<` itself.
        assert_eq!(parsed("/s/a?b='"), Err(CallError::Unencoded));
    }
}
