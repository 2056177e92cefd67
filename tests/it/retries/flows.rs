//! Flows as whole: all of a product written back, steps of other files, two accounts.

use super::*;

const PRODUCT: &str = r#"{"id":7,"price":12.90,"weight":0.50,"seq":123456789012345678901234567890,"ratio":1e3,"name":"무선","tags":[],"stock":{"b":1,"a":2}}"#;

/// The API replaces the whole product: every digit and the order of all members are sent back, one
/// member is another one, and the undo writes what was there, also after a failure.
#[test]
fn one_member_is_changed_and_all_else_is_written_back_as_it_was() {
    let file = |check: &str| {
        format!(
            r#"scheme: none
vars: {{ price: 9.90 }}
steps:
  - name: read
    get: /product/7
    capture: {{ product: $ }}
  - name: change
    put: /product/7
    json: "{{{{ product | with('$.price', price) }}}}"
    undo: {{ put: /product/7, json: "{{{{ product }}}}" }}
  - name: check
    get: /product/7
    assert: {{ $.name: {check} }}
"#
        )
    };
    for (check, wanted) in [("무선", 0), ("유선", 1)] {
        let server = Server::start(|_, _| ok(PRODUCT));
        let folder = workspace(&server.origin, &[("requests/change.yaml", &file(check))]);
        let report = folder.path().join("run.json");
        let (output, code) = run(
            &folder,
            &["-v", "--report", &format!("json={}", report.display())],
        );
        assert_eq!(code, wanted, "{output}");
        let changed = PRODUCT.replace("12.90", "9.90");
        assert!(output.contains(&changed), "{output}");
        let heads: Vec<String> = server
            .seen()
            .iter()
            .map(|arrived| {
                let length = arrived.header("content-length").unwrap_or("0");
                format!("{} {length}", arrived.head.split(' ').next().unwrap())
            })
            .collect();
        // The undo is of the same bytes as what was read.
        let put = |body: &str| format!("PUT {}", body.len());
        assert_eq!(
            heads,
            [
                "GET 0".to_owned(),
                put(&changed),
                "GET 0".to_owned(),
                put(PRODUCT)
            ],
            "{output}"
        );
    }
}

const LOGIN: &str = r#"scheme: none
vars: { user: buyer }
steps:
  - name: session
    post: /login
    json: { user: "{{ user }}", password: "{{ secret.buyer_password }}" }
    capture: { token: { from: $.access_token, secret: true } }
"#;

#[test]
fn a_flow_begins_with_the_steps_of_another_file_and_a_secret_of_no_scheme() {
    let flow = r#"scheme: none
vars: { user: somebody else }
steps:
  - use: flows/login
  - use: flows/login
    name: admin
    vars: { user: "{{ user ~ '!' }}" }
  - name: cart
    get: /cart
    headers: { x-token: "{{ login.token }}", x-admin: "{{ admin.token }}" }
"#;
    let server = Server::start(|number, _| {
        ok(&format!(
            r#"{{"access_token":"session-token-000{number}"}}"#
        ))
    });
    let folder = workspace(
        &server.origin,
        &[
            ("requests/flows/login.yaml", LOGIN),
            ("requests/cart.yaml", flow),
        ],
    );
    let mut command = command(&folder, &["run", "cart", "--env", "local", "-v"]);
    command.env("INGAM_SECRET_BUYER_PASSWORD", "correct-horse-battery");
    let (stdout, stderr, code) = text(&command.output().unwrap());
    let output = stdout + &stderr;
    assert_eq!(code, 0, "{output}");
    let seen = server.seen();
    assert_eq!(seen.len(), 3, "{output}");
    assert_eq!(seen[2].header("x-token"), Some("session-token-0000"));
    assert_eq!(seen[2].header("x-admin"), Some("session-token-0001"));
    for secret in ["correct-horse", "session-token-000"] {
        assert!(!output.contains(secret), "{output}");
    }
    for shown in [
        "login.session",
        "admin.session",
        r#"{"user":"buyer","password":"‹secret.buyer_password›"}"#,
        r#"{"user":"somebody else!","password":"‹secret.buyer_password›"}"#,
    ] {
        assert!(output.contains(shown), "{shown}: {output}");
    }
}

#[test]
fn a_step_and_its_undo_are_sent_as_the_account_of_the_step() {
    let flow = r#"scheme: coupang
account: seller
steps:
  - name: list
    get: "/v2/{{ account.vendor_id }}/list"
  - name: buy
    account: buyer
    post: "/v2/{{ account.vendor_id }}/orders"
    capture: { id: $.id }
    undo: { delete: "/v2/{{ account.vendor_id }}/orders/{{ id }}" }
  - name: accept
    put: "/v2/{{ account.vendor_id }}/orders/{{ id }}"
"#;
    let server = Server::start(|_, _| ok(r#"{"code":"SUCCESS","rCode":"0","id":5}"#));
    let folder = workspace(&server.origin, &[("requests/flow.yaml", flow)]);
    folder.write(
        "ingam.yaml",
        &format!(
            "envs:\n  local:\n    hosts: {{ coupang: \"{}\" }}\n    accounts: {{ coupang: {{ seller: {{ vendor_id: S1 }}, buyer: {{ vendor_id: B2 }} }} }}\n",
            server.origin
        ),
    );
    let mut command = command(&folder, &["run", "--env", "local"]);
    for (account, key) in [("SELLER", "key-of-seller"), ("BUYER", "key-of-buyer")] {
        command
            .env(format!("INGAM_COUPANG__{account}__ACCESS_KEY"), key)
            .env(
                format!("INGAM_COUPANG__{account}__SECRET_KEY"),
                format!("secret-{key}"),
            );
    }
    let (stdout, stderr, code) = text(&command.output().unwrap());
    let output = stdout + &stderr;
    assert_eq!(code, 0, "{output}");
    let sent: Vec<(String, bool)> = server
        .seen()
        .iter()
        .map(|arrived| {
            let line: Vec<&str> = arrived.head.split(' ').take(2).collect();
            (line.join(" "), arrived.head.contains("key-of-buyer"))
        })
        .collect();
    let wanted = [
        ("GET /v2/S1/list", false),
        ("POST /v2/B2/orders", true),
        ("PUT /v2/S1/orders/5", false),
        ("DELETE /v2/B2/orders/5", true),
    ];
    assert_eq!(
        sent,
        wanted.map(|(line, is_buyer)| (line.to_owned(), is_buyer)),
        "{output}"
    );
}
