//! Who may use the controls: this machine, or who has the key.

use crate::inbound::{KeyCheck, check_key, comes_from_other_pages, names_loopback_host};
use crate::sandbox::reserved_names::CONTROL_KEY_HEADER;
use http::header::HeaderMap;
use std::net::IpAddr;
use std::sync::Arc;

/// What a request must bring to use the controls.
#[derive(Clone, Debug, Default)]
pub struct ControlGuard {
    /// With a key, the controls answer to whoever sends it, and to nobody else.
    pub key: Option<Arc<str>>,
    /// The origins of pages that may call.
    pub origins: Arc<[String]>,
}

/// Why a request may not use the controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ControlRefusal {
    #[error(
        "a web page called a control (`Origin`): start the sandbox with `--cors` and this origin, or call the control from a program"
    )]
    Origin,
    #[error("this sandbox has a control key: send it in the header `{CONTROL_KEY_HEADER}`")]
    NoKey,
    #[error("the control key in the header `{CONTROL_KEY_HEADER}` is not the key of this sandbox")]
    WrongKey,
    #[error(
        "controls respond only to this machine: call 127.0.0.1 or localhost from this machine, or start the sandbox with `--control-key`"
    )]
    OtherMachine,
    #[error(
        "controls respond only to a loopback host: call the sandbox as 127.0.0.1 or localhost, or start it with `--control-key`"
    )]
    OtherHost,
}

impl ControlGuard {
    /// # Errors
    /// Why the request may not use the controls.
    pub(crate) fn check(&self, peer: IpAddr, headers: &HeaderMap) -> Result<(), ControlRefusal> {
        if comes_from_other_pages(headers, &self.origins) {
            return Err(ControlRefusal::Origin);
        }
        match &self.key {
            Some(key) => match check_key(headers, CONTROL_KEY_HEADER, key) {
                KeyCheck::Right => Ok(()),
                KeyCheck::Missing => Err(ControlRefusal::NoKey),
                KeyCheck::Wrong => Err(ControlRefusal::WrongKey),
            },
            None => check_machine(peer, headers),
        }
    }
}

fn check_machine(peer: IpAddr, headers: &HeaderMap) -> Result<(), ControlRefusal> {
    if !peer.to_canonical().is_loopback() {
        return Err(ControlRefusal::OtherMachine);
    }
    if names_loopback_host(headers) {
        Ok(())
    } else {
        Err(ControlRefusal::OtherHost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const HERE: &str = "127.0.0.1";

    fn checked(
        guard: &ControlGuard,
        peer: &str,
        headers: &[(&'static str, &str)],
    ) -> Option<ControlRefusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        guard.check(peer.parse().unwrap(), &map).err()
    }

    #[test]
    fn without_a_key_only_this_machine_by_a_loopback_name_uses_the_controls() {
        let guard = ControlGuard::default();
        for host in [
            "127.0.0.1:9000",
            "localhost",
            "LocalHost:1",
            "[::1]:80",
            "127.8.8.8",
            "shopee.localhost:9100",
            "naver-commerce.localhost",
        ] {
            for peer in [HERE, "::1", "127.3.2.1", "::ffff:127.0.0.1"] {
                assert_eq!(checked(&guard, peer, &[("host", host)]), None, "{host}");
            }
            for peer in ["10.0.0.1", "::ffff:10.0.0.1", "172.17.0.1", "fe80::1"] {
                let refused = Some(ControlRefusal::OtherMachine);
                assert_eq!(checked(&guard, peer, &[("host", host)]), refused, "{host}");
            }
        }
        for host in [
            "",
            "evil.example:9000",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.io",
            "localhost.evil.example",
            "localhost.",
            "evil.example#@localhost",
            "evil.example#.localhost",
            "user@127.0.0.1",
            "user:pass@localhost",
            "a@b.localhost",
            "10.0.0.1",
            "0.0.0.0",
            "0",
            "127.0.0.1/../evil",
            "a/b.localhost",
            ".localhost",
            "shopee.localhost:9100:1",
            "[::]",
            "[::1",
            "[::1]evil.example",
            "[::ffff:10.0.0.1]",
            "169.254.169.254",
        ] {
            let refused = Some(ControlRefusal::OtherHost);
            assert_eq!(checked(&guard, HERE, &[("host", host)]), refused, "{host}");
        }
        assert_eq!(checked(&guard, HERE, &[]), Some(ControlRefusal::OtherHost));
        let twice = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(
            checked(&guard, HERE, &twice),
            Some(ControlRefusal::OtherHost)
        );
    }

    #[test]
    fn a_page_of_a_browser_needs_an_allowed_origin_with_a_key_too() {
        let allowing = ControlGuard {
            origins: Arc::new(["http://localhost:3000".to_owned()]),
            ..ControlGuard::default()
        };
        for origin in ["null", "http://localhost:3000", "https://evil.example", ""] {
            let headers = [("host", "localhost"), ("origin", origin)];
            let refused = Some(ControlRefusal::Origin);
            assert_eq!(checked(&ControlGuard::default(), HERE, &headers), refused);
            let expected = refused.filter(|_| origin != "http://localhost:3000");
            assert_eq!(checked(&allowing, HERE, &headers), expected);
            let keyed = ControlGuard {
                key: Some("12345678".into()),
                ..ControlGuard::default()
            };
            let headers = [headers[0], headers[1], ("x-ingam-control-key", "12345678")];
            assert_eq!(checked(&keyed, HERE, &headers), refused);
        }
    }

    #[test]
    fn with_a_key_everybody_needs_it() {
        let guard = ControlGuard {
            key: Some("12345678".into()),
            ..ControlGuard::default()
        };
        let key = ("x-ingam-control-key", "12345678");
        for (peer, host) in [(HERE, "localhost"), ("10.0.0.1", "sandbox:9100")] {
            let host = ("host", host);
            assert_eq!(checked(&guard, peer, &[host, key]), None);
            assert_eq!(checked(&guard, peer, &[host]), Some(ControlRefusal::NoKey));
            for wrong in ["", "1234567", "123456789", "12345679"] {
                let sent = [host, ("x-ingam-control-key", wrong)];
                assert_eq!(checked(&guard, peer, &sent), Some(ControlRefusal::WrongKey));
            }
            let twice = [host, key, key];
            assert_eq!(
                checked(&guard, peer, &twice),
                Some(ControlRefusal::WrongKey)
            );
        }
    }
}
