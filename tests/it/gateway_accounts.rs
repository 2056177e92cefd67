//! Whose token a call of the gateway gets: of several machines with one store, and of accounts that
//! belong to another one.

use super::gateway::{Gateway, KEY};
use super::tokens::{PostgresServer, TestWorkspace};
use std::sync::Barrier;

const SHOP_INFO: &str = "/api/v2/shop/get_shop_info";
const MERCHANT_INFO: &str = "/api/v2/merchant/get_merchant_info";

/// A gateway of the workspace, on a machine with a home of its own.
fn start(workspace: &TestWorkspace, home: &str) -> Gateway {
    let home = workspace.folder.path().join(home);
    std::fs::create_dir_all(&home).unwrap();
    let mut command = workspace.ingam(&["gateway", "--json", "--env", "local"]);
    command.env("INGAM_GATEWAY_KEY", KEY).env("HOME", home);
    Gateway::start(command)
}

/// Calls each target at the same moment, and expects a response of the marketplace.
fn call_at_once(calls: &[(&Gateway, String)]) {
    let start = Barrier::new(calls.len());
    std::thread::scope(|scope| {
        for (gateway, target) in calls {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                let answer = gateway.get(target);
                assert_eq!(answer.status, 200, "{target}: {}", answer.text());
            });
        }
    });
}

#[test]
fn gateways_of_two_machines_renew_a_token_of_postgres_once() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let mut workspace = TestWorkspace::new();
    workspace.env = vec![
        ("INGAM_STORE".to_owned(), server.url()),
        ("INGAM_STORE_KEY".to_owned(), "B".repeat(42) + "A"),
    ];
    workspace.login("sg", "shop_id=101");
    let gateways = [start(&workspace, "first"), start(&workspace, "second")];
    let target = format!("/shopee@sg{SHOP_INFO}");
    for gateway in &gateways {
        assert_eq!(gateway.get(&target).status, 200);
    }
    let before = workspace.count("refreshed");
    workspace.control("expire?what=access");
    let calls: Vec<_> = (0..32)
        .map(|number| (&gateways[number % 2], target.clone()))
        .collect();
    call_at_once(&calls);
    assert_eq!(workspace.count("refreshed") - before, 1);
    assert_eq!(
        (workspace.count("replayed"), workspace.count("refused")),
        (0, 0)
    );
    // Nothing of a token is on the machines themselves.
    for home in ["first", "second"] {
        let tokens = workspace
            .folder
            .path()
            .join(home)
            .join(".local/state/ingam/tokens");
        assert!(!tokens.exists(), "{}", tokens.display());
    }
}

/// `sg` and `my` are shops of one merchant.
#[test]
fn shops_of_a_merchant_have_their_own_tokens_and_share_that_of_the_merchant() {
    let recording = "format: 1\nscheme: shopee\nexchanges:\n  - request: { get: /api/v2/merchant/get_merchant_info }\n    response: { status: 200, json: { merchant_name: seal, error: \"\", message: \"\", request_id: r } }\n";
    let request = "scheme: shopee\naccount: sg\nget: /api/v2/merchant/get_merchant_info\n";
    let workspace = TestWorkspace::with_world(&[
        ("requests/merchant.yaml", request),
        ("fixtures/recordings/merchant.yaml", recording),
    ]);
    let (output, code) = workspace.try_login(&[], "main_account_id");
    assert_eq!(code, 0, "{output}");
    let gateway = start(&workspace, "home");
    let before = workspace.count("refreshed");
    workspace.control("expire?what=access");
    let targets = ["sg", "my"]
        .map(|account| [SHOP_INFO, MERCHANT_INFO].map(|path| format!("/shopee@{account}{path}")));
    let calls: Vec<_> = targets
        .concat()
        .into_iter()
        .map(|target| (&gateway, target))
        .collect();
    call_at_once(&calls);
    // Of each shop, and of the merchant above them.
    assert_eq!(workspace.count("refreshed") - before, 3);
    assert_eq!(
        (workspace.count("replayed"), workspace.count("refused")),
        (0, 0)
    );
    // The ids of the account are sent, whatever the client writes in their place.
    for target in [
        format!("/shopee@sg{SHOP_INFO}?shop_id=102"),
        format!("/shopee@sg{MERCHANT_INFO}?merchant_id=999"),
    ] {
        let answer = gateway.get(&target);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-ingam-account"), Some("sg"));
    }
    for (account, error) in [
        ("sg@my", "unknown_account"),
        ("201", "unknown_account"),
        ("sg%2Fmy", "unknown_account"),
        ("*", "unknown_account"),
        ("all", "unknown_account"),
    ] {
        let answer = gateway.get(&format!("/shopee@{account}{SHOP_INFO}"));
        assert_eq!(answer.error(), Some(error), "{account}: {}", answer.text());
    }
}

#[test]
fn an_account_without_the_id_of_its_merchant_is_refused_at_that_level() {
    let workspace = TestWorkspace::new();
    let accounts = "shopee: { sg: { shop_id: 101 } }";
    let hosts = format!("hosts: {{ shopee: \"{}\" }}", workspace.origin);
    workspace.folder.write(
        "ingam.yaml",
        &format!("envs: {{ local: {{ {hosts}, accounts: {{ {accounts} }} }} }}\n"),
    );
    workspace.login("sg", "shop_id=101");
    let gateway = start(&workspace, "home");
    assert_eq!(gateway.get(&format!("/shopee@sg{SHOP_INFO}")).status, 200);
    let answer = gateway.get(&format!("/shopee@sg{MERCHANT_INFO}"));
    assert_eq!(answer.error(), Some("no_credential"), "{}", answer.text());
    assert!(answer.text().contains("merchant_id"), "{}", answer.text());
}
