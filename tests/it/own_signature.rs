//! What a run says of its own signature when a marketplace refuses it.

use super::external::{reply, server};
use super::program::{Folder, ingam, text};

const SHOP: &str = r#"
scheme: shop
credentials:
  id: {}
  key: { secret: true }
hosts: { live: "https://api.shop.example", test: "https://api.test.shop.example" }
levels: { shop: { token: shop } }
tokens:
  shop:
    issue: { post: /token, json: { id: "{{ cred.id }}" } }
    save: { access_token: $.access_token }
    lifetime: { access: 1h }
sign:
  - { id: message, text: "{{ req.method }}\n{{ req.path }}\n{{ ts }}\n{{ token.access_token }}" }
  - { id: signature, hmac: sha256, key: "{{ cred.key }}", of: "{{ message }}", encoding: hex }
attach: { query: { id: "{{ cred.id }}", t: "{{ ts }}", token: "{{ token.access_token }}", sign: "{{ signature }}" } }
ok: { status: 200 }
errors:
  - { status: 403, kind: signature }
sandbox:
  keys: { id: "7001", key: sandbox-key-of-nobody }
  read: { cred.id: { query: id }, ts: { query: t }, token.access_token: { query: token }, signature: { query: sign } }
"#;

const KEY: &str = "a-key-of-the-live-shop-8d1f";

/// A run in environment `own` against a marketplace that refuses with this body, in which `TIME` is
/// the time that was sent.
fn refused(body: &'static str, others: &[(&str, &str)]) -> String {
    let (origin, _seen) = server(move |target| {
        if target.starts_with("/token") {
            return super::external::ok(r#"{"access_token":"token-of-the-shop-5c2e"}"#);
        }
        let time = target.split("t=").nth(1).unwrap_or_default();
        let time = time.split('&').next().unwrap_or_default();
        reply(
            "403 Forbidden",
            "content-type: application/json",
            &body.replace("TIME", time),
        )
    });
    let folder = Folder::new();
    folder.write("schemes/shop.yaml", SHOP);
    folder.write("requests/me.yaml", "scheme: shop\nget: /me\n");
    folder.write(
        "ingam.yaml",
        &format!(
            "envs:\n  own: {{ hosts: {{ shop: \"{origin}\" }}, accounts: {{ shop: {{ one: {{ id: \"1001\" }} }} }} }}\n  \
             other: {{ accounts: {{ shop: {{ one: {{ id: \"2002\" }} }} }} }}\n"
        ),
    );
    let command = |args: &[&str]| {
        let mut command = ingam(folder.path());
        command.env("INGAM_SHOP__OWN__KEY", KEY).args(args);
        command.envs(others.iter().copied());
        text(&command.output().unwrap())
    };
    command(&["trust", "--env", "own", "--yes"]);
    let (stdout, stderr, code) = command(&["run", "--env", "own"]);
    assert_eq!(code, 1, "{stdout}{stderr}");
    format!("{stdout}{stderr}")
}

#[test]
fn the_text_that_a_refusal_shows_is_compared_with_the_one_that_was_signed() {
    let other = refused(
        r#"{"message":"signature does not match, origin_string[POST\n/me\nTIME\ntoken-of-the-shop-5c2e]"}"#,
        &[],
    );
    assert!(
        other.contains(
            "the text that the marketplace signed differs from `message` at byte 1, in line 1"
        ),
        "{other}"
    );
    assert!(!other.contains("token-of-the-shop"), "{other}");
    let same = refused(
        r#"{"message":"signature does not match, origin_string[GET\n/me\nTIME\ntoken-of-the-shop-5c2e]"}"#,
        &[],
    );
    assert!(
        same.contains(
            "the text that the marketplace signed is equal to `message`, so the key is wrong"
        ),
        "{same}"
    );
}

#[test]
fn a_key_of_another_environment_is_named() {
    let mixed = refused(
        r#"{"message":"wrong sign"}"#,
        &[("INGAM_SHOP__OTHER__KEY", KEY)],
    );
    assert!(
        mixed.contains(
            "`cred.key` is the same in the environments `own` and `other`, but `cred.id` differs"
        ),
        "{mixed}"
    );
    let apart = refused(
        r#"{"message":"wrong sign"}"#,
        &[("INGAM_SHOP__OTHER__KEY", "a-key-of-the-other-shop-77")],
    );
    assert!(
        !apart.contains("is the same in the environments"),
        "{apart}"
    );
}
