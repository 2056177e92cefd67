//! The first difference of two texts to sign shows no part of a token that the request carries,
//! wherever the difference stands and whatever stands in the place of the token.

use super::program::root;
use super::secrets::forms;
use bytes::Bytes;
use ingam::internals::load::{all_schemes, load};
use ingam::internals::method::Method;
use ingam::internals::mistake::{KnownSecrets, first_difference};
use ingam::internals::model::scheme::Scheme;
use ingam::internals::sign::ReceivedRequest;
use ingam::internals::wire::BaseUrl;
use std::sync::Arc;

const TOKENS: [&str; 2] = [
    "5a4b77616e4b6a6c4d6e6f7071727374",
    "tok+en/=&Zq9.TOKENabc-wXyZ",
];

fn scheme(name: &str) -> Arc<Scheme> {
    let mut loaded = load(&root().join("tests/mistakes/workspace"), 1).unwrap();
    let schemes = all_schemes(&mut loaded);
    schemes
        .into_iter()
        .find(|scheme| scheme.name == name)
        .unwrap()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn received(url: &str, token: &str) -> ReceivedRequest {
    ReceivedRequest {
        method: Method::Get,
        target: format!(
            "/x?partner_id=2000001&app_key=100123&timestamp=1796055512&access_token={}&sign=00",
            percent(token)
        ),
        headers: Vec::new(),
        body: Bytes::new(),
        base: BaseUrl::parse(url).unwrap(),
    }
}

/// Eight characters in a row are a part of the token; its encodings are looked for as a whole.
fn shows(text: &str, token: &str) -> bool {
    let is_part = |part: &[u8]| text.contains(std::str::from_utf8(part).unwrap());
    token.as_bytes().windows(8).any(is_part) || forms(token).iter().any(|form| text.contains(form))
}

#[test]
fn no_part_of_a_token_is_shown_at_any_offset_of_a_difference() {
    for (name, url, token) in [
        ("shopee", "https://partner.shopeemobile.com", TOKENS[0]),
        ("lazada", "https://api.lazada.sg/rest", TOKENS[1]),
    ] {
        let scheme = scheme(name);
        // No account has the token: it is known by its place in the request only.
        let secrets = KnownSecrets::of(&scheme, &[], &received(url, token));
        for spelled in [token.to_owned(), percent(token)] {
            let signed = format!("2000001/x/access_token{spelled}app_key100123status=pending");
            for (given, how) in mutations(&signed, &spelled) {
                let Some(found) = first_difference(&signed, &given, &secrets) else {
                    assert_eq!(signed, given);
                    continue;
                };
                let shown = format!("{found:?}");
                assert!(!shows(&shown, token), "{name}, {how}, {given}\n{shown}");
            }
        }
    }
}

/// The text with one byte changed, added or taken away, cut, or with the token moved: at every
/// offset.
fn mutations(text: &str, token: &str) -> Vec<(String, String)> {
    let without = text.replace(token, "");
    let mut all = Vec::new();
    for at in 0..=text.len() {
        let (before, after) = text.split_at(at);
        all.push((format!("{before}_{after}"), format!("added at {at}")));
        all.push((before.to_owned(), format!("cut at {at}")));
        if let Some(rest) = after.get(1..) {
            all.push((format!("{before}{rest}"), format!("taken away at {at}")));
            all.push((format!("{before}_{rest}"), format!("changed at {at}")));
        }
        if let Some((before, after)) = without.split_at_checked(at) {
            all.push((format!("{before}{token}{after}"), format!("moved to {at}")));
            // What is left of it is no whole token.
            let (start, end) = (&token[..token.len() / 2], &token[token.len() / 3..]);
            all.push((
                format!("{before}{start}{after}"),
                format!("its start at {at}"),
            ));
            all.push((format!("{before}{end}{after}"), format!("its end at {at}")));
        }
    }
    all
}

#[test]
fn a_token_that_stands_elsewhere_is_named_with_its_distance() {
    let scheme = scheme("shopee");
    let token = TOKENS[0];
    let secrets = KnownSecrets::of(
        &scheme,
        &[],
        &received("https://partner.shopeemobile.com", token),
    );
    let found = first_difference(
        &format!("2000001/x1796055512{token}123456"),
        &format!("2000001/x1796055512123456{token}"),
        &secrets,
    )
    .unwrap();
    assert_eq!(found.expected, "2000001/x1796055512‹token.access_token›");
    assert_eq!(
        found.given,
        "2000001/x1796055512‹another value›‹token.access_token›"
    );
    assert_eq!(
        found.remark.as_deref(),
        Some("`token.access_token` appears 6 bytes later in the given text")
    );
}
