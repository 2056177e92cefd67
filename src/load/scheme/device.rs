//! Decodes `device` of a token: the two requests of a login that a person confirms on another device
//! (RFC 8628). It refuses a login that could not end: one whose response brings no code, and one
//! whose code is never sent.

use super::SchemeDecoder;
use super::oauth::request_uses;
use crate::diagnostic::Diagnostic;
use crate::jsonpath::JsonPath;
use crate::load::node_reader::CheckedMap;
use crate::model::scheme::{DeviceGrant, SavedFrom, Scheme, SigningProcedure, Token, TokenRequest};
use crate::yaml::YamlNode;

/// Keys of `device`.
const DEVICE_KEYS: [&str; 2] = ["authorize", "exchange"];
/// What the response of `authorize` must bring.
const NEEDED: [&str; 3] = ["device_code", "user_code", "verification_uri"];
/// What it can bring.
const SAVED: [&str; 6] = [
    "device_code",
    "user_code",
    "verification_uri",
    "verification_uri_complete",
    "expires_in",
    "interval",
];

impl SchemeDecoder<'_> {
    /// `save` is that of the token.
    pub(super) fn device_grant(
        &mut self,
        node: &YamlNode,
        scheme: &Scheme,
        whole: &SigningProcedure,
        save: &[(String, SavedFrom)],
    ) -> Option<DeviceGrant> {
        let map = CheckedMap::open(node, "`device`", &DEVICE_KEYS, self.diagnostics)?;
        let authorize = map.required("authorize", self.diagnostics);
        let exchange = map.required("exchange", self.diagnostics);
        let authorize =
            authorize.and_then(|node| self.token_request(node, scheme, whole, &usual_places()));
        let exchange = exchange.and_then(|node| self.token_request(node, scheme, whole, save));
        let grant = DeviceGrant {
            at: node.at,
            authorize: authorize?,
            exchange: exchange?,
        };
        self.check_device_response(&grant.authorize);
        self.check_device_exchange(&grant.exchange);
        Some(grant)
    }

    /// `ingam auth login` could not know which one is meant.
    pub(super) fn check_one_device(&mut self, tokens: &[Token]) {
        let mut devices = tokens.iter().filter_map(|token| token.device.as_ref());
        if let (Some(first), Some(second)) = (devices.next(), devices.next()) {
            let diagnostic = Diagnostic::error("two tokens have `device`")
                .at(second.at, "the second")
                .at(first.at, "the first");
            self.diagnostics
                .push(diagnostic.hint("one login brings one token: remove one of them"));
        }
    }

    fn check_device_response(&mut self, authorize: &TokenRequest) {
        let saved = || authorize.saved_fields.iter().map(|(name, _)| name.as_str());
        if let Some(missing) = NEEDED
            .iter()
            .find(|needed| !saved().any(|name| name == **needed))
        {
            let diagnostic =
                Diagnostic::error(format!("`save` of this request has no `{missing}`"))
                    .at(authorize.at, "the login needs it");
            self.diagnostics.push(diagnostic.hint(
                "remove `save` to use the members of RFC 8628: `$.device_code`, `$.user_code`, …",
            ));
        }
        if let Some(unknown) = saved().find(|name| !SAVED.contains(name)) {
            let diagnostic = Diagnostic::error(format!("`{unknown}` is not used"))
                .at(authorize.at, "saved by this request");
            let known = crate::diagnostic::join_names(SAVED.iter().copied(), "and");
            self.diagnostics
                .push(diagnostic.hint(format!("a device login uses {known}")));
        }
    }

    fn check_device_exchange(&mut self, exchange: &TokenRequest) {
        if !request_uses(exchange, "device_code") {
            let diagnostic = Diagnostic::error("the exchange does not send the device code")
                .at(exchange.at, "it does not contain `device_code`");
            self.diagnostics
                .push(diagnostic.hint("write `device_code: \"{{ device_code }}\"` under `form`"));
        }
    }
}

/// Where RFC 8628, section 3.2, has them.
fn usual_places() -> Vec<(String, SavedFrom)> {
    let place = |name: &&str| {
        let path = JsonPath::parse(&format!("$.{name}")).ok()?;
        Some(((*name).to_owned(), SavedFrom::Json(path)))
    };
    SAVED.iter().filter_map(place).collect()
}
