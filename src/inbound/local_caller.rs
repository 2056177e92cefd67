//! Who calls a server of this machine. A page in a browser can call every port of the machine,
//! under a name of its own that resolves to 127.0.0.1 (DNS rebinding), so the address of the peer
//! alone says too little: `Host` and `Origin` say more, and a key says all.

use crate::sign::is_equal_in_constant_time;
use crate::wire::is_loopback_origin;
use http::header::{HOST, HeaderMap, ORIGIN};

/// What a request shows of the key that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyCheck {
    Right,
    Missing,
    /// Another key, or several.
    Wrong,
}

/// Compares the only value of a header with the key, in constant time.
#[must_use]
pub(crate) fn check_key(headers: &HeaderMap, header: &str, key: &str) -> KeyCheck {
    let mut sent = headers.get_all(header).iter();
    match (sent.next(), sent.next()) {
        (None, _) => KeyCheck::Missing,
        (Some(sent), None)
            if sent
                .to_str()
                .is_ok_and(|sent| is_equal_in_constant_time(sent, key)) =>
        {
            KeyCheck::Right
        }
        _ => KeyCheck::Wrong,
    }
}

/// Whether a page of a browser sent the request, and none of the allowed ones.
#[must_use]
pub(crate) fn comes_from_other_pages(headers: &HeaderMap, allowed: &[String]) -> bool {
    let is_allowed = |origin: &http::HeaderValue| {
        let mut allowed = allowed.iter();
        allowed.any(|allowed| allowed.as_bytes() == origin.as_bytes())
    };
    !headers.get_all(ORIGIN).iter().all(is_allowed)
}

/// Whether the one `Host` is a loopback address, `localhost`, or a name below it, which resolvers
/// answer with a loopback address themselves (RFC 6761, section 6.3).
#[must_use]
pub(crate) fn names_loopback_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    host.is_some_and(is_loopback_host) && hosts.next().is_none()
}

fn is_loopback_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let (name, port) = host.rsplit_once(':').unwrap_or((&host, ""));
    let named = name.strip_suffix(".localhost").is_some_and(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    named || is_loopback_origin(&format!("http://{host}"))
}
