//! The cookies of a file with `cookies: keep` (RFC 6265). A unit has one jar, which lasts as long as the
//! unit. A cookie goes back only to the origin that set it, also where its `Domain` allows more hosts:
//! without a list of public suffixes, nobody knows which hosts belong together.

use crate::redact::SecretName;
use crate::secret::Secret;
use crate::wire::{BaseUrl, Draft, WireResponse, is_header_value};
use cookie::Cookie;
use std::cell::RefCell;

/// The cookies of one unit, oldest first.
#[derive(Default)]
pub(super) struct CookieJar(RefCell<Vec<StoredCookie>>);

/// The jar of a unit, for the requests that are sent as one account.
#[derive(Clone, Copy)]
pub(super) struct AccountCookies<'c> {
    pub(super) jar: &'c CookieJar,
    /// As whom the step is sent: the session of one shop is not for another.
    pub(super) account: Option<&'c str>,
}

struct StoredCookie {
    account: Option<String>,
    /// `https://host:port`
    origin: String,
    path: String,
    name: String,
    value: Secret<String>,
    /// Only for `https`.
    is_secure: bool,
    /// In milliseconds since 1970; `None` lasts as long as the jar.
    expires_at: Option<i64>,
}

impl AccountCookies<'_> {
    /// Adds the cookies that belong to this request.
    pub(super) fn add_to(&self, draft: &mut Draft, base: &BaseUrl, now_ms: i64) {
        let path = format!("{}{}", base.path(), draft.path);
        let cookies = self.jar.0.borrow();
        let mut sent: Vec<&StoredCookie> = cookies
            .iter()
            .filter(|cookie| self.owns(cookie, base) && cookie.is_for(base, &path, now_ms))
            .collect();
        // Section 5.4: longer paths first, then the older ones.
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs = sent
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value.expose()));
        let value = pairs.collect::<Vec<_>>().join("; ");
        if !value.is_empty() {
            draft.headers.push(("cookie".to_owned(), value));
        }
    }

    /// Keeps the cookies that the response of a host to a target sets (section 5.3).
    pub(super) fn keep(
        &self,
        (base, target): (&BaseUrl, &str),
        response: &WireResponse,
        now_ms: i64,
    ) {
        let mut cookies = self.jar.0.borrow_mut();
        let set = response.headers.iter();
        for (_, text) in set.filter(|(name, _)| name == "set-cookie") {
            let Some(cookie) = self.stored_cookie((base, target), text, now_ms) else {
                continue;
            };
            let is_same = |known: &StoredCookie| {
                self.owns(known, base) && (&known.name, &known.path) == (&cookie.name, &cookie.path)
            };
            let position = cookies.iter().position(is_same);
            let is_expired = cookie.is_expired(now_ms);
            match position {
                Some(position) if is_expired => {
                    cookies.remove(position);
                }
                // In its place: it counts as old as the one that it replaces.
                Some(position) => cookies[position] = cookie,
                None if is_expired => {}
                None => cookies.push(cookie),
            }
        }
    }

    fn owns(&self, cookie: &StoredCookie, base: &BaseUrl) -> bool {
        cookie.account.as_deref() == self.account && cookie.origin == base.origin()
    }

    /// The cookie of one header, unless the RFC says to ignore it.
    fn stored_cookie(
        &self,
        (base, target): (&BaseUrl, &str),
        text: &str,
        now_ms: i64,
    ) -> Option<StoredCookie> {
        let cookie = Cookie::parse(text).ok()?;
        let is_foreign = cookie
            .domain()
            .is_some_and(|domain| !domain_matches(base.host(), domain));
        if is_foreign || cookie.name().is_empty() || !is_header_value(cookie.value()) {
            return None;
        }
        let max_age = cookie.max_age().map(|age| {
            let ms = i64::try_from(age.whole_milliseconds()).unwrap_or(i64::MAX);
            now_ms.saturating_add(ms)
        });
        let expires = || {
            let at = cookie.expires_datetime()?;
            Some(at.unix_timestamp().saturating_mul(1_000))
        };
        let path = cookie.path().filter(|path| path.starts_with('/'));
        Some(StoredCookie {
            account: self.account.map(str::to_owned),
            origin: base.origin().to_owned(),
            path: path.map_or_else(|| default_path(target), str::to_owned),
            name: cookie.name().to_owned(),
            value: Secret::from(cookie.value()),
            is_secure: cookie.secure().unwrap_or(false),
            expires_at: max_age.or_else(expires),
        })
    }
}

impl StoredCookie {
    fn is_for(&self, base: &BaseUrl, path: &str, now_ms: i64) -> bool {
        (base.is_https() || !self.is_secure)
            && !self.is_expired(now_ms)
            && path_matches(path, &self.path)
    }

    fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at.is_some_and(|at| at <= now_ms)
    }
}

/// Section 5.1.3, with the host of the request; an address has no domains above it.
fn domain_matches(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let below = || {
        host.strip_suffix(&domain)
            .is_some_and(|rest| rest.ends_with('.'))
    };
    domain.is_empty() || host == domain || (!is_address && below())
}

/// Section 5.1.4: the folder of the request.
fn default_path(target: &str) -> String {
    let path = target.split('?').next().unwrap_or(target);
    match path.rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(end) => path[..end].to_owned(),
    }
}

/// Section 5.1.4: a cookie for `/api` is for `/api` and `/api/orders`, and not for `/apis`.
fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

/// The head of a message without the values of its cookies: they are secrets, and one can be too short
/// to be searched for.
#[must_use]
pub(super) fn hide_cookies(head: &str) -> String {
    head.split_inclusive('\n')
        .map(|line| match line.split_once(": ") {
            Some((name, cookies)) if name.eq_ignore_ascii_case("cookie") => {
                let pairs = cookies.trim_end().split("; ").map(hide_value);
                format!("{name}: {}\n", pairs.collect::<Vec<_>>().join("; "))
            }
            Some((name, cookie)) if name.eq_ignore_ascii_case("set-cookie") => {
                let cookie = cookie.trim_end();
                let end = cookie.find(';').unwrap_or(cookie.len());
                format!("{name}: {}{}\n", hide_value(&cookie[..end]), &cookie[end..])
            }
            _ => line.to_owned(),
        })
        .collect()
}

fn hide_value(pair: &str) -> String {
    let name = pair.split('=').next().unwrap_or(pair).trim();
    format!("{name}=‹response.{}›", SecretName::label_of(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Method;
    use bytes::Bytes;
    use std::time::Duration;

    const NOW: i64 = 1_800_000_000_000;

    /// The `cookie` header for a URL after another one has set these cookies.
    fn sent(set_by: &str, cookies: &[&str], asked: &str, now_ms: i64) -> String {
        let split = |url: &str| {
            let start = url.find("://").unwrap() + 3;
            let end = url[start..].find('/').map_or(url.len(), |at| start + at);
            (BaseUrl::parse(&url[..end]).unwrap(), url[end..].to_owned())
        };
        let jar = CookieJar::default();
        let cookies_of = AccountCookies {
            jar: &jar,
            account: None,
        };
        let (base, target) = split(set_by);
        let headers = cookies
            .iter()
            .map(|cookie| ("set-cookie".to_owned(), (*cookie).to_owned()));
        let response = WireResponse::new(200, headers.collect(), Bytes::new(), Duration::ZERO);
        cookies_of.keep((&base, &target), &response, NOW);
        let (base, path) = split(asked);
        let mut draft = Draft {
            external: None,
            method: Method::Get,
            path,
            raw_query: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: crate::wire::DraftBody::None,
        };
        cookies_of.add_to(&mut draft, &base, now_ms);
        draft
            .headers
            .pop()
            .map_or_else(String::new, |(_, value)| value)
    }

    /// Cases of RFC 6265 and of the test suite of its working group.
    #[test]
    fn a_cookie_goes_back_where_the_rfc_says() {
        let api = "https://api.example.com";
        let login = format!("{api}/v1/login");
        for (cookie, asked, is_sent) in [
            ("a=1", "/v1/orders", true),
            ("a=1", "/v1", true),
            ("a=1", "/v10", false),
            ("a=1", "/other", false),
            ("a=1; Path=/", "/other", true),
            ("a=1; path=/v1/orders", "/v1/orders/7", true),
            ("a=1; path=/v1/orders", "/v1/orders", true),
            ("a=1; path=/v1/orders", "/v1/ordersheet", false),
            ("a=1; path=/v1/orders", "/v1/login", false),
            ("a=1; path=v1", "/v1/orders", true),
            ("a=1; Domain=example.com; Path=/", "/", true),
            ("a=1; Domain=.api.example.com; Path=/", "/", true),
            ("a=1; Domain=other.example.com; Path=/", "/", false),
            ("a=1; Domain=pi.example.com; Path=/", "/", false),
            ("a=1; Max-Age=0; Path=/", "/", false),
            ("a=1; Max-Age=-1; Path=/", "/", false),
            ("a=1; Max-Age=60; Path=/", "/", true),
            ("a=1; Max-Age=99999999999999999999; Path=/", "/", true),
            (
                "a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Path=/",
                "/",
                false,
            ),
            (
                "a=1; Expires=Wednesday, 21-Oct-15 07:28:00 GMT; Path=/",
                "/",
                false,
            ),
            (
                "a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Max-Age=60; Path=/",
                "/",
                true,
            ),
            ("a=1; Expires=tomorrow; Path=/", "/", true),
            ("a=1; Secure; HttpOnly; Path=/", "/", true),
            ("=1; Path=/", "/", false),
            ("a; Path=/", "/", false),
        ] {
            let expected = if is_sent { "a=1" } else { "" };
            let asked = format!("{api}{asked}");
            assert_eq!(
                sent(&login, &[cookie], &asked, NOW),
                expected,
                "{cookie} {asked}"
            );
        }
    }

    #[test]
    fn a_cookie_goes_to_no_other_origin() {
        let cookie = ["a=1; Domain=example.com; Path=/"];
        for asked in [
            "http://example.com/",
            "https://example.com:8443/",
            "https://api.example.com/",
            "https://example.org/",
        ] {
            assert_eq!(sent("https://example.com/", &cookie, asked, NOW), "");
        }
        let secure = ["a=1; Secure; Path=/"];
        assert_eq!(
            sent("http://127.0.0.1:81/", &secure, "http://127.0.0.1:81/", NOW),
            ""
        );
        let suffix = ["a=1; Domain=0.0.1; Path=/"];
        assert_eq!(
            sent("http://127.0.0.1:81/", &suffix, "http://127.0.0.1:81/", NOW),
            ""
        );
    }

    #[test]
    fn later_cookies_replace_earlier_ones_and_longer_paths_come_first() {
        let url = "https://example.com/v1/orders";
        let set = ["a=1; Path=/", "b=2; Path=/v1", "a=3; Path=/"];
        assert_eq!(sent(url, &set, url, NOW), "b=2; a=3");
        let removed = ["a=1; Path=/", "a=; Path=/; Max-Age=0", "c=\"4\"; Path=/"];
        assert_eq!(sent(url, &removed, url, NOW), "c=\"4\"");
        let short = ["a=1; Path=/; Max-Age=60"];
        assert_eq!(sent(url, &short, url, NOW + 59_999), "a=1");
        assert_eq!(sent(url, &short, url, NOW + 60_000), "");
    }

    #[test]
    fn no_value_of_a_cookie_is_in_a_shown_head() {
        let head = "GET / HTTP/1.1\ncookie: sid=1; a=b=c\nset-cookie: n=7; Path=/\nx: sid=1\n";
        assert_eq!(
            hide_cookies(head),
            "GET / HTTP/1.1\ncookie: sid=‹response.sid›; a=‹response.a›\nset-cookie: n=‹response.n›; Path=/\nx: sid=1\n"
        );
    }
}
