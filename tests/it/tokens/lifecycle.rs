//! The life of an account's tokens, command by command, with the mistakes that people make.

use super::{PARTNER_KEY, TestWorkspace, get};
use std::io::Write;
use std::process::Stdio;

#[test]
fn a_shop_is_authorized_used_renewed_and_removed() {
    let workspace = TestWorkspace::new();
    let (output, code) = workspace.run_shop();
    assert!(
        code == 6 && output.contains("auth login shopee --env local --account sg"),
        "{code}: {output}"
    );
    let output = workspace.login("sg", "shop_id=101");
    assert!(
        output.contains("`sg` (shop_id 101): access token for 3 h 59 m, refresh token for 29 d"),
        "{output}"
    );
    let (output, code) = workspace.run_shop();
    assert_eq!((code, workspace.count("refreshed")), (0, 0), "{output}");
    let (token, code) = workspace.run(&["auth", "token", "sg", "--env", "local"]);
    assert!(code == 0 && token.starts_with("sandbox-shop-"), "{token}");
    let (output, code) = workspace.run(&["auth", "refresh", "--env", "local"]);
    assert_eq!((code, workspace.count("refreshed")), (0, 1), "{output}");
    let (output, code) = workspace.run(&["auth", "status"]);
    assert!(
        code == 0 && output.contains("good") && output.contains("no tokens: auth login"),
        "{code}: {output}"
    );
    let (output, code) = workspace.run(&[
        "auth",
        "logout",
        "shopee",
        "--env",
        "local",
        "--account",
        "sg",
    ]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(workspace.run_shop().1, 6);
    assert_eq!(
        workspace
            .run(&[
                "auth",
                "logout",
                "shopee",
                "--env",
                "local",
                "--account",
                "sg"
            ])
            .1,
        4
    );
}

/// To read the certificates of a machine takes longer than all the rest of these commands.
#[test]
fn commands_that_send_nothing_read_no_certificates() {
    let mut workspace = TestWorkspace::with_tokens();
    let settings = std::fs::read_to_string(workspace.folder.path().join("ingam.yaml")).unwrap();
    // `etsy` is not on this machine, so that the network is allowed; `none` is, and speaks TLS.
    let settings = settings
        .replace("accounts: {", "accounts: { etsy: { shop: {} },")
        .replace("hosts: {", "hosts: { none: \"https://127.0.0.1:1\",");
    workspace.folder.write("ingam.yaml", &settings);
    workspace
        .folder
        .write("requests/tls.yaml", "scheme: none\nget: /\n");
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let missing = workspace.folder.path().join("missing");
        let missing = missing.to_str().unwrap().to_owned();
        workspace.env.push((name.to_owned(), missing));
    }
    for args in [
        &["auth", "token", "sg", "--env", "local"][..],
        &["auth", "status"],
        &["explain", "shop", "--env", "local"],
        &["run", "shop", "--env", "local"],
    ] {
        let (output, code) = workspace.run(args);
        assert_eq!(code, 0, "{args:?}: {output}");
    }
    let (output, code) = workspace.run(&["run", "tls", "--env", "local"]);
    assert_eq!(code, 5, "{output}");
    assert!(
        output.contains("the network cannot be used: unexpected error: No CA certificates"),
        "{output}"
    );
}

#[test]
fn a_token_that_was_refused_is_renewed_and_the_request_repeated_once() {
    let workspace = TestWorkspace::with_tokens();
    workspace.control("expire?what=access");
    let (output, code) = workspace.run_shop();
    assert_eq!((code, workspace.count("refreshed")), (0, 1), "{output}");
    // Tokens that are refused however fresh they are: one renewal, one repetition, and then the
    // truth.
    workspace.control("life?access=0");
    workspace.control("expire?what=access");
    let (output, code) = workspace.run_shop();
    assert!(
        code != 0 && workspace.count("refreshed") == 2,
        "{code}: {output}"
    );
}

#[test]
fn a_reader_renews_nothing() {
    let workspace = TestWorkspace::with_tokens();
    workspace.control("expire?what=access");
    let (output, code) = workspace.run(&["run", "shop", "--env", "local", "--refresh", "never"]);
    assert!(
        code == 1 && output.contains("refused: token_expired"),
        "{code}: {output}"
    );
    let yaml = std::fs::read_to_string(workspace.folder.path().join("ingam.yaml")).unwrap();
    workspace.folder.write(
        "ingam.yaml",
        &yaml.replace("local: {", "local: { refresh: never,"),
    );
    assert_eq!(
        (workspace.run_shop().1, workspace.count("refreshed")),
        (1, 0)
    );
    let (output, code) = workspace.run(&["run", "shop", "--env", "local", "--refresh", "auto"]);
    assert_eq!((code, workspace.count("refreshed")), (0, 1), "{output}");
}

#[test]
fn a_main_account_brings_tokens_for_every_shop_and_merchant() {
    let workspace = TestWorkspace::new();
    let (output, code) = workspace.try_login(&[], "main_account_id");
    assert_eq!(code, 0, "{output}");
    for owner in [
        "`sg` (shop_id 101): access",
        "`my` (shop_id 102): access",
        "(merchant_id 201): access",
    ] {
        assert!(output.contains(owner), "{owner}: {output}");
    }
    // Each was refreshed once with the shared token.
    assert_eq!(workspace.count("refreshed"), 3);
    let (output, code) = workspace.run(&["run", "all", "--env", "local"]);
    assert!(
        code == 0 && output.contains("PASS all@sg") && output.contains("PASS all@my"),
        "{output}"
    );
    assert_eq!(
        (workspace.count("refreshed"), workspace.count("replayed")),
        (3, 0)
    );
}

/// A process that was killed after a shop had its own tokens, and before it could write that down.
#[test]
fn an_owner_is_split_off_once() {
    let workspace = TestWorkspace::new();
    let (output, code) = workspace.try_login(&[], "main_account_id");
    assert_eq!(code, 0, "{output}");
    let store = super::stores::open(&workspace.store_config());
    super::stores::runtime().block_on(async {
        let records: Vec<_> = store
            .list()
            .await
            .unwrap()
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let main = records
            .into_iter()
            .find(|record| record.key.token == "main_account")
            .unwrap();
        let mut lock = store
            .lock(&main.key, std::time::Duration::from_secs(5))
            .await
            .unwrap();
        let mut main = lock.read().await.unwrap().unwrap();
        let pending = ingam::internals::tokens::PendingSplit {
            token: "shop".into(),
            credential: "shop_id".into(),
            id: "101".into(),
        };
        main.pending_splits.push(pending);
        lock.write(&mut main).await.unwrap();
    });
    let (output, code) = workspace.run(&["auth", "refresh", "--env", "local"]);
    assert_eq!((code, workspace.count("refused")), (0, 0), "{output}");
    assert!(
        !workspace
            .run(&["auth", "status"])
            .0
            .contains("without own tokens")
    );
}

#[test]
fn a_split_that_was_cut_off_is_ended_by_a_refresh_and_done_once() {
    let workspace = TestWorkspace::new();
    workspace.control("grace?seconds=60");
    // The answers to the first owner get lost, the others go on.
    workspace.control("lose?answers=2&after=1");
    let (output, code) = workspace.try_login(&[], "main_account_id");
    assert!(
        code == 5
            && output.contains("did not arrive")
            && output.contains("`my` (shop_id 102): access"),
        "{code}: {output}"
    );
    let (output, code) = workspace.run(&["auth", "status"]);
    assert!(
        output.contains("1 without own tokens: auth refresh"),
        "{code}: {output}"
    );
    let (output, code) = workspace.run(&["auth", "refresh", "--env", "local"]);
    assert_eq!(code, 0, "{output}");
    assert!(
        !workspace
            .run(&["auth", "status"])
            .0
            .contains("without own tokens")
    );
    assert_eq!(
        (
            workspace.run(&["run", "all", "--env", "local"]).1,
            workspace.count("refused")
        ),
        (0, 0)
    );
}

#[test]
fn an_authorization_that_is_over_names_the_shop_and_the_way_out() {
    for what in ["expire?what=refresh", "expire?what=grant", "revoke"] {
        let workspace = TestWorkspace::with_tokens();
        workspace.control("expire?what=access");
        workspace.control(what);
        let (output, code) = workspace.run_shop();
        assert!(
            code == 6 && output.contains("`sg` (shop_id 101)") && output.contains("auth login"),
            "{what}: {code}: {output}"
        );
        let (output, code) = workspace.run(&["auth", "status"]);
        assert!(
            code == 6 && output.contains("dead since"),
            "{what}: {code}: {output}"
        );
        // Nothing was deleted, this condition is empty again, and a new authorization mends it.
        let refused = workspace.count("refused");
        assert_eq!(
            (workspace.run_shop().1, workspace.count("refused")),
            (6, refused),
            "{what}"
        );
        workspace.login("sg", "shop_id=101");
        assert_eq!(workspace.run_shop().1, 0, "{what}");
    }
}

#[test]
fn an_outage_costs_nothing_while_the_token_is_good() {
    let workspace = TestWorkspace::new();
    // When half of its life is used, it is time to renew it.
    workspace.control("life?access=12");
    workspace.login("sg", "shop_id=101");
    workspace.control("lose?answers=100");
    let warning = "warning: the token is still valid, but could not be renewed";
    // Ends at the latest when the token is over.
    let (output, code) = loop {
        let (output, code) = workspace.run_shop();
        if code != 0 || output.contains(warning) {
            break (output, code);
        }
    };
    assert!(code == 0 && output.contains(warning), "{code}: {output}");
}

#[test]
fn the_wrong_seller_is_noticed_before_the_code_is_used() {
    let workspace = TestWorkspace::new();
    let (output, code) = workspace.try_login(&["--account", "sg"], "shop_id=102");
    assert!(
        code == 6 && output.contains("the seller authorized shop_id 102, but `sg` is 101"),
        "{code}: {output}"
    );
    assert_eq!(workspace.count("exchanged"), 0);
    let (output, code) = workspace.try_login(&[], "shop_id=102");
    assert!(
        code == 0 && output.contains("`my` (shop_id 102)"),
        "{code}: {output}"
    );
}

#[test]
fn the_address_can_be_pasted_and_must_be_the_right_one() {
    let workspace = TestWorkspace::new();
    let redirect = "https://shop.example/back";
    let login = |pasted: &dyn Fn(&str) -> String| {
        let args = [
            "auth",
            "login",
            "shopee",
            "--env",
            "local",
            "--account",
            "sg",
            "--redirect",
            redirect,
        ];
        let mut child = workspace
            .ingam(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut link = String::new();
        std::io::BufRead::read_line(
            &mut std::io::BufReader::new(child.stdout.as_mut().unwrap()),
            &mut link,
        )
        .unwrap();
        let address = super::anchor(&get(link.trim()).1, "shop_id=101");
        writeln!(child.stdin.take().unwrap(), "{}", pasted(&address)).unwrap();
        super::output_and_code(&child.wait_with_output().unwrap())
    };
    let (output, code) = login(&|address| address.replace("shop.example", "evil.example"));
    assert!(
        code == 6 && output.contains("not the redirect address"),
        "{code}: {output}"
    );
    let (output, code) = login(&|address| {
        let state = query_value(address, "state").unwrap();
        format!("{redirect}?error=access_denied&state={state}")
    });
    assert!(
        code == 6 && output.contains("has no `code`") && output.contains("error"),
        "{code}: {output}"
    );
    let (output, code) = login(&str::to_owned);
    assert!(
        code == 0 && output.contains("`sg` (shop_id 101)"),
        "{code}: {output}"
    );
    assert_eq!(workspace.run_shop().1, 0);
}

#[test]
fn a_login_is_refused_with_a_reason() {
    let workspace = TestWorkspace::new();
    for (args, words, code) in [
        (&["shopee", "--env", "sandbox"][..], "needs no tokens", 2),
        (&["shopee", "--env", "locl"], "did you mean `local`", 2),
        (&["shopy", "--env", "local"], "no scheme `shopy`", 2),
        (&["coupang", "--env", "local"], "no authorization link", 2),
        (
            &["naver-commerce", "--env", "local"],
            "need no authorization link",
            2,
        ),
        (
            &["shopee", "--env", "local", "--account", "xx"],
            "there is no account `xx`",
            2,
        ),
        (
            &["shopee", "--env", "local", "--link", "xx"],
            "it has `signed` and `unsigned`",
            2,
        ),
        (
            &["shopee", "--env", "local", "--redirect", "here"],
            "not a redirect address",
            2,
        ),
    ] {
        let (output, ended) = workspace.run(&[&["auth", "login"], args].concat());
        assert!(
            ended == code && output.contains(words),
            "{args:?}: {ended}: {output}"
        );
    }
}

#[test]
fn a_credential_is_set_from_standard_input_and_never_shown() {
    let workspace = TestWorkspace::new();
    let set = |args: &[&str], value: &str| {
        let mut child = workspace.ingam(&[&["auth", "set"], args].concat());
        child.env_remove("INGAM_SHOPEE__PARTNER_KEY");
        let mut child = child
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(value.as_bytes())
            .unwrap();
        super::output_and_code(&child.wait_with_output().unwrap())
    };
    let (output, code) = set(
        &["shopee", "partner_key", "--file"],
        &format!("{PARTNER_KEY}-old\n"),
    );
    assert!(
        code == 0 && output.contains("INGAM_SHOPEE__PARTNER_KEY") && !output.contains(PARTNER_KEY),
        "{output}"
    );
    assert_eq!(set(&["shopee", "partner_key", "--file"], PARTNER_KEY).1, 0);
    let file = workspace.home().join(".config/ingam/credentials.env");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        format!("INGAM_SHOPEE__PARTNER_KEY='{PARTNER_KEY}'\n")
    );
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions()) & 0o777,
        0o600
    );
    for (args, value, words) in [
        (&["shopee", "partner_key"][..], "short", "shorter than 8"),
        (&["shopee", "partner_key"], "", "got no value"),
        (
            &["shopee", "partner_key"],
            "blank at the end ",
            "ends with a space",
        ),
        (&["shopee", "partner_id"], "12a", "must be a whole number"),
        (
            &["shopee", "partner_kei"],
            "whatever-it-is",
            "did you mean `partner_key`",
        ),
        (
            &["shopy", "partner_key"],
            "whatever-it-is",
            "no scheme `shopy`",
        ),
    ] {
        let (output, code) = set(args, value);
        assert!(
            code == 2 && output.contains(words),
            "{args:?}: {code}: {output}"
        );
    }
    // It is used: without the variable the login works.
    let args = [
        "auth",
        "login",
        "shopee",
        "--env",
        "local",
        "--account",
        "sg",
        "--no-browser",
    ];
    let mut child = workspace.ingam(&args);
    child
        .env_remove("INGAM_SHOPEE__PARTNER_KEY")
        .stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut link = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.as_mut().unwrap()),
        &mut link,
    )
    .unwrap();
    assert_eq!(
        get(&super::anchor(&get(link.trim()).1, "shop_id=101")).0,
        200
    );
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_given_token_is_used_as_it_is() {
    let mut workspace = TestWorkspace::new();
    workspace.env.push((
        "INGAM_SHOPEE__LOCAL__SG__ACCESS_TOKEN".to_owned(),
        "sandbox-access-token-sg".to_owned(),
    ));
    let (output, code) = workspace.run_shop();
    assert_eq!((code, workspace.count("requests")), (0, 0), "{output}");
    workspace.env[0].1 = "sandbox-access-token-of-yesterday".to_owned();
    let (output, code) = workspace.run_shop();
    assert!(
        code == 1 && workspace.count("requests") == 0,
        "{code}: {output}"
    );
    assert!(
        !workspace.token_folder().exists(),
        "no store is made where none is needed"
    );
}

/// What a query of an address says.
fn query_value(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    ingam::internals::wire::parse_form(query)
        .into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

/// The redirect address of a link, with the state that ingam has put into it, if any.
fn redirect_of(link: &str) -> String {
    ["redirect_uri", "redirect"]
        .iter()
        .find_map(|name| query_value(link, name))
        .unwrap()
}

/// A login whose address is pasted: `address` makes it from the link.
fn login_by_pasting(
    workspace: &TestWorkspace,
    link_name: &str,
    address: &dyn Fn(&str) -> String,
) -> (String, i32) {
    let mut child = workspace
        .ingam(&[
            "auth",
            "login",
            "shopee",
            "--env",
            "local",
            "--account",
            "sg",
            "--link",
            link_name,
            "--redirect",
            "https://shop.example/back?from=ingam",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut link = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut link).unwrap();
    let address = address(link.trim());
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, format!("{address}\n").as_bytes()).unwrap();
    drop(stdin);
    super::output_and_code(&child.wait_with_output().unwrap())
}

/// What a callback says of the state, and the message.
const FORGED_STATES: [(&str, &str); 3] = [
    (
        "&state=wrong",
        "`state` in the address differs from the one in the link of this login, so nothing was authorized",
    ),
    ("", "the address has no `state`, so nothing was authorized"),
    (
        "&state=a&state=b",
        "`state` in the address differs from the one in the link of this login, so nothing was authorized",
    ),
];

/// Anybody can make a browser call the page of a login, or talk a person into pasting an address:
/// only the state proves that the marketplace answers this one (RFC 6749, section 10.12). The signed
/// link has no parameter for it, so that the redirect address carries it.
#[test]
fn a_callback_whose_state_is_not_that_of_the_link_is_refused() {
    let workspace = TestWorkspace::new();
    for link_name in ["signed", "unsigned"] {
        for (state, message) in FORGED_STATES {
            let forged = |link: &str| {
                let redirect = redirect_of(link);
                let page = redirect.split('?').next().unwrap();
                format!("{page}?code=stolen&shop_id=101{state}")
            };
            let options = ["--account", "sg", "--link", link_name];
            let on_page = workspace.login_by(&options, &|link| {
                get(&forged(link));
            });
            let pasted = login_by_pasting(&workspace, link_name, &forged);
            for (output, code) in [on_page, pasted] {
                assert!(
                    code == 6 && output.contains(message),
                    "{link_name} {state}: {code}: {output}"
                );
            }
            assert_eq!(workspace.run_shop().1, 6, "no token was kept");
        }
    }
    assert_eq!(workspace.count("requests"), 0, "no code was used");
}

#[test]
fn a_login_by_each_link_and_in_both_ways_returns_the_state() {
    for link_name in ["signed", "unsigned"] {
        let workspace = TestWorkspace::new();
        let options = ["--account", "sg", "--link", link_name];
        let (output, code) = workspace.try_login(&options, "shop_id=101");
        assert_eq!(code, 0, "{output}");
        let (output, code) = login_by_pasting(&workspace, link_name, &|link| {
            let address = super::anchor(&get(link).1, "shop_id=101");
            assert!(
                address.starts_with("https://shop.example/back?from=ingam&"),
                "{address}"
            );
            address
        });
        assert_eq!(code, 0, "{output}");
    }
}

/// A client that writes a blank as a plus must get a blank back.
#[test]
fn a_plus_in_the_state_of_a_link_is_a_blank() {
    let workspace = TestWorkspace::new();
    let options = ["--account", "sg", "--link", "unsigned"];
    workspace.login_by(&options, &|link| {
        let state = query_value(link, "state").unwrap();
        let link = link.replace(&state, "s+1");
        let address = super::anchor(&get(&link).1, "shop_id=101");
        assert!(address.ends_with("&state=s%201"), "{address}");
        get(&format!("{}?code=c&shop_id=101", redirect_of(&link)));
    });
}
