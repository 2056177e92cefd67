//! Who may use the gateway: who has its key, from no page of a browser, by a name of this machine.

use super::call_error::CallError;
use crate::inbound::{KeyCheck, check_key, comes_from_other_pages, names_loopback_host};
use crate::secret::Secret;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName};

/// The header of the key.
pub(super) const KEY_HEADER: &str = "x-ingam-key";
/// The shortest key, in bytes.
const MIN_KEY_BYTES: usize = 16;

/// Other programs leave the padding out.
const BASE64_LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why a text is not the key of a gateway. It does not hold the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must have at least {MIN_KEY_BYTES} characters of A-Z, a-z, 0-9, `-`, `_`, `.` and `~`")]
pub(crate) struct GatewayKeyError;

/// The key that every request needs. It can stand in a URL as it is.
#[derive(Clone)]
pub(crate) struct GatewayKey(Secret<String>);

impl GatewayKey {
    /// # Errors
    /// When it is short enough to be guessed, or would be written differently in a URL.
    pub(crate) fn parse(text: &str) -> Result<Self, GatewayKeyError> {
        // RFC 3986, section 2.3.
        let is_unreserved =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        if text.len() < MIN_KEY_BYTES || !text.bytes().all(is_unreserved) {
            return Err(GatewayKeyError);
        }
        Ok(Self(Secret::from(text)))
    }

    /// For the redactor.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// What a request must show.
pub(crate) struct GatewayGuard {
    pub(crate) key: GatewayKey,
    /// Names and addresses besides those of the loopback interface, without a port, in lower case.
    pub(crate) hosts: Vec<String>,
}

impl GatewayGuard {
    /// # Errors
    /// Why the request may not use the gateway.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), CallError> {
        // No program sends `Sec-Fetch-Site`, and a page cannot leave it out.
        let site = HeaderName::from_static("sec-fetch-site");
        let mut sites = headers.get_all(site).iter();
        if comes_from_other_pages(headers, &[]) || sites.any(|site| site != "none") {
            return Err(CallError::Origin);
        }
        if !names_loopback_host(headers) && !self.names_own_host(headers) {
            return Err(CallError::Host);
        }
        self.check_key(headers)
    }

    fn names_own_host(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        let Ok(host) = host.to_str() else {
            return false;
        };
        let host = host.to_ascii_lowercase();
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        self.hosts.iter().any(|own| {
            host.strip_prefix(own.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
        })
    }

    /// In its own header, or as the user of the URL, which clients send as `Authorization: Basic`.
    fn check_key(&self, headers: &HeaderMap) -> Result<(), CallError> {
        let found = match check_key(headers, KEY_HEADER, self.key.expose()) {
            KeyCheck::Missing => self.check_user(headers),
            found => found,
        };
        match found {
            KeyCheck::Right => Ok(()),
            KeyCheck::Wrong => Err(CallError::WrongKey),
            KeyCheck::Missing => Err(CallError::NoKey),
        }
    }

    /// Whether a value of `Authorization` holds the key, as it is or in base64, whether it opens
    /// the gateway or not: then it is not for the marketplace.
    #[must_use]
    pub(super) fn has_key(&self, value: &http::HeaderValue) -> bool {
        let key = self.key.expose().as_bytes();
        let holds = |bytes: &[u8]| bytes.windows(key.len()).any(|window| window == key);
        let text = String::from_utf8_lossy(value.as_bytes());
        let mut words = text.split([' ', '\t', ',', '=']);
        holds(value.as_bytes())
            || words.any(|word| BASE64_LENIENT.decode(word).is_ok_and(|text| holds(&text)))
    }

    fn check_user(&self, headers: &HeaderMap) -> KeyCheck {
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        let (Some(sent), None) = (sent.next(), sent.next()) else {
            return KeyCheck::Missing;
        };
        let Some(user) = basic_user(sent) else {
            return KeyCheck::Missing;
        };
        // Through a map of its own, so that there is one comparison of keys.
        let mut named = HeaderMap::new();
        match http::HeaderValue::from_bytes(&user) {
            Ok(user) => named.insert(KEY_HEADER, user),
            Err(_) => return KeyCheck::Wrong,
        };
        check_key(&named, KEY_HEADER, self.key.expose())
    }
}

/// The user of `Authorization: Basic …` (RFC 7617).
fn basic_user(value: &http::HeaderValue) -> Option<Vec<u8>> {
    let text = value.to_str().ok()?;
    let (scheme, credentials) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let mut decoded = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let end = decoded.iter().position(|byte| *byte == b':')?;
    decoded.truncate(end);
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const KEY: &str = "abcdefghijklmnop";

    fn checked(headers: &[(&'static str, &str)]) -> Result<(), CallError> {
        let guard = GatewayGuard {
            key: GatewayKey::parse(KEY).unwrap(),
            hosts: vec!["gateway".to_owned(), "10.0.0.5".to_owned()],
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        guard.check(&map)
    }

    fn basic(credentials: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(credentials))
    }

    #[test]
    fn the_key_is_a_header_or_the_user_of_the_url() {
        let host = ("host", "127.0.0.1:9800");
        assert_eq!(checked(&[host, ("x-ingam-key", KEY)]), Ok(()));
        for user in [format!("{KEY}:"), format!("{KEY}:x")] {
            assert_eq!(checked(&[host, ("authorization", &basic(&user))]), Ok(()));
        }
        let bearer = ("authorization", "Bearer x");
        assert_eq!(checked(&[host, bearer, ("x-ingam-key", KEY)]), Ok(()));
        assert_eq!(checked(&[host]), Err(CallError::NoKey));
        assert_eq!(checked(&[host, bearer]), Err(CallError::NoKey));
        for wrong in [
            "",
            "abcdefghijklmno",
            "abcdefghijklmnopq",
            "abcdefghijklmnoP",
        ] {
            let sent = [host, ("x-ingam-key", wrong)];
            assert_eq!(checked(&sent), Err(CallError::WrongKey), "{wrong}");
            let user = basic(&format!("{wrong}:{KEY}"));
            let sent = [host, ("authorization", user.as_str())];
            assert_eq!(checked(&sent), Err(CallError::WrongKey), "{wrong}");
        }
        let twice = [host, ("x-ingam-key", KEY), ("x-ingam-key", KEY)];
        assert_eq!(checked(&twice), Err(CallError::WrongKey));
    }

    #[test]
    fn an_authorization_that_holds_the_key_is_the_gateways() {
        let guard = GatewayGuard {
            key: GatewayKey::parse(KEY).unwrap(),
            hosts: Vec::new(),
        };
        let has = |text: &str| guard.has_key(&HeaderValue::from_str(text).unwrap());
        for text in [
            basic(&format!("{KEY}:")),
            basic(KEY),
            basic(&format!("x:{KEY}y")),
            basic(&format!("{KEY}:")).replace('=', ""),
            format!("Bearer {KEY}"),
            format!("token={KEY}"),
        ] {
            assert!(has(&text), "{text}");
        }
        assert!(!has("Bearer of-the-client") && !has(&basic("user:password")));
    }

    #[test]
    fn pages_and_other_hosts_are_refused_with_the_key_too() {
        let key = ("x-ingam-key", KEY);
        for origin in ["null", "http://127.0.0.1:9800", "https://evil.example"] {
            let sent = [("host", "localhost"), key, ("origin", origin)];
            assert_eq!(checked(&sent), Err(CallError::Origin), "{origin}");
        }
        let page = ("sec-fetch-site", "cross-site");
        assert_eq!(
            checked(&[("host", "localhost"), key, page]),
            Err(CallError::Origin)
        );
        for host in [
            "evil.example",
            "127.0.0.1.nip.io",
            "10.0.0.6",
            "gateway2",
            "gateway:x",
            "10.0.0.55",
            "",
        ] {
            assert_eq!(
                checked(&[("host", host), key]),
                Err(CallError::Host),
                "{host}"
            );
        }
        assert_eq!(checked(&[key]), Err(CallError::Host));
        for host in [
            "localhost:9800",
            "[::1]:1",
            "gateway:9800",
            "Gateway",
            "10.0.0.5",
        ] {
            assert_eq!(checked(&[("host", host), key]), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_key_can_stand_in_a_url() {
        for wrong in [
            "",
            "short",
            "0123456789abcde",
            "0123456789abcdef:",
            "0123456789 abcdef",
            "0123456789abcdef/",
            "0123456789abcdef%41",
        ] {
            assert!(GatewayKey::parse(wrong).is_err(), "{wrong}");
        }
        assert!(GatewayKey::parse("0123456789abcdef").is_ok());
    }
}
