//! OAuth 2.0 as marketplaces use it, from outside: links with PKCE, codes that are bound to their link,
//! client authentication, devices, revocation. Every test plays a sandbox in a process of its own.

use super::program::{Folder, ingam, text};
use super::tokens::{anchor, get, output_and_code, sandbox};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A workspace with one scheme and one account, a sandbox that plays it, and a home of its own.
struct OAuthWorkspace {
    folder: Folder,
    sandbox: Child,
    origin: String,
    scheme: String,
    credentials: Vec<(&'static str, &'static str)>,
}

impl Drop for OAuthWorkspace {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

const ETSY: [(&str, &str); 2] = [
    ("KEYSTRING", "sandbox-keystring"),
    ("SHARED_SECRET", "sandbox-shared-secret"),
];
const ALLEGRO: [(&str, &str); 2] = [
    ("CLIENT_ID", "sandbox-client-id"),
    ("CLIENT_SECRET", "sandbox-client-secret"),
];

impl OAuthWorkspace {
    /// `files` are schemes of the workspace.
    fn new(
        scheme: &str,
        path: &str,
        credentials: &[(&'static str, &'static str)],
        files: &[(&str, &str)],
    ) -> Self {
        let folder = Folder::new();
        let request =
            format!("scheme: {scheme}\naccount: main\nget: {path}\nassert: {{ $.ok: true }}\n");
        let recording = format!(
            "format: 1\nscheme: {scheme}\nexchanges:\n  - request: {{ get: {path} }}\n    response: {{ status: 200, json: {{ ok: true }} }}\n"
        );
        let accounts = format!("accounts: {{ {scheme}: {{ main: {{}} }} }}");
        for (name, text) in files {
            folder.write(&format!("world/{name}"), text);
            folder.write(name, text);
        }
        folder.write(
            "world/ingam.yaml",
            &format!("envs: {{ sandbox: {{ {accounts} }} }}\n"),
        );
        folder.write("world/requests/me.yaml", &request);
        folder.write("world/fixtures/recordings/me.yaml", &recording);
        let (sandbox, origin) = sandbox(&folder, scheme);
        folder.write(
            "ingam.yaml",
            &format!("envs: {{ local: {{ hosts: {{ {scheme}: \"{origin}\" }}, {accounts} }} }}\n"),
        );
        folder.write("requests/me.yaml", &request);
        std::fs::create_dir(folder.path().join("home")).unwrap();
        Self {
            folder,
            sandbox,
            origin,
            scheme: scheme.to_owned(),
            credentials: credentials.to_vec(),
        }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn ingam(&self, args: &[&str]) -> Command {
        let mut command = ingam(self.folder.path());
        command.args(args).env("HOME", self.home());
        let scheme = self.scheme.replace('-', "_").to_uppercase();
        for (name, value) in &self.credentials {
            command.env(format!("INGAM_{scheme}__{name}"), value);
        }
        command
    }

    /// Everything printed, and the exit code.
    fn run(&self, args: &[&str]) -> (String, i32) {
        output_and_code(&self.ingam(args).output().unwrap())
    }

    /// The same with something on standard input.
    fn run_with_input(&self, args: &[&str], input: &str) -> (String, i32) {
        let mut child = self
            .ingam(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        output_and_code(&child.wait_with_output().unwrap())
    }

    fn run_request(&self) -> (String, i32) {
        self.run(&["run", "me", "--env", "local"])
    }

    /// A login whose link `browse` deals with.
    fn login(&self, browse: &dyn Fn(&str)) -> (String, i32) {
        let login = ["auth", "login", &self.scheme, "--env", "local"];
        let more = ["--account", "main", "--no-browser"];
        login_with(self.ingam(&[&login[..], &more].concat()), browse)
    }
}

/// A login whose link `browse` deals with.
fn login_with(mut command: Command, browse: &dyn Fn(&str)) -> (String, i32) {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut link = String::new();
    stdout.read_line(&mut link).unwrap();
    if !link.trim().is_empty() {
        browse(link.trim());
    }
    let (_, stderr, code) = text(&child.wait_with_output().unwrap());
    (link + &stderr, code)
}

/// Opens the page of a link and goes back by its only anchor.
fn authorize(link: &str) {
    let (status, page) = get(link);
    assert_eq!(status, 200, "{page}");
    assert_eq!(get(&anchor(&page, "code=")).0, 200);
}

/// The link with another value of one parameter, or without it.
fn with_parameter(link: &str, name: &str, value: Option<&str>) -> String {
    let (address, query) = link.split_once('?').unwrap();
    let pairs = query.split('&').filter_map(|pair| {
        let (key, _) = pair.split_once('=').unwrap();
        if key == name {
            value.map(|value| format!("{name}={value}"))
        } else {
            Some(pair.to_owned())
        }
    });
    format!("{address}?{}", pairs.collect::<Vec<_>>().join("&"))
}

#[test]
fn a_login_with_pkce_brings_tokens_that_requests_use() {
    let workspace = OAuthWorkspace::new("etsy", "/v3/application/users/me", &ETSY, &[]);
    let (output, code) = workspace.login(&|link| {
        assert!(link.contains("code_challenge_method=S256"), "{link}");
        authorize(link);
    });
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("(account main): access token for "),
        "{output}"
    );
    let (output, code) = workspace.run_request();
    assert_eq!(code, 0, "{output}");
}

#[test]
fn a_code_of_a_link_with_another_challenge_is_refused() {
    let workspace = OAuthWorkspace::new("etsy", "/v3/application/users/me", &ETSY, &[]);
    // The challenge of RFC 7636, appendix B: whoever replaces it knows another verifier.
    let other = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let (output, code) =
        workspace.login(&|link| authorize(&with_parameter(link, "code_challenge", Some(other))));
    assert_eq!(code, 6, "{output}");
    assert!(output.contains("code_verifier is not valid"), "{output}");
    let (output, code) = workspace.run_request();
    assert_eq!(code, 6, "{output}");
}

#[test]
fn a_link_without_its_challenge_is_refused_by_the_page() {
    let workspace = OAuthWorkspace::new("etsy", "/v3/application/users/me", &ETSY, &[]);
    let (output, code) = workspace.login(&|link| {
        let (status, page) = get(&with_parameter(link, "code_challenge", None));
        assert_eq!(status, 400, "{page}");
        assert!(page.contains("code_challenge is required"), "{page}");
        authorize(link);
    });
    assert_eq!(code, 0, "{output}");
}

#[test]
fn a_callback_with_another_state_is_refused_before_the_code_is_used() {
    let workspace = OAuthWorkspace::new("etsy", "/v3/application/users/me", &ETSY, &[]);
    let (output, code) = workspace
        .login(&|link| authorize(&with_parameter(link, "state", Some("of-another-login"))));
    assert_eq!(code, 6, "{output}");
    assert!(
        output.contains(
            "`state` in the address differs from the one in the link of this login, so nothing was authorized"
        ),
        "{output}"
    );
    let (_, tokens) = get(&format!("{}/.ingam/tokens", workspace.origin));
    assert!(!tokens.contains("\"exchanged\":1"), "{tokens}");
}

#[test]
fn a_link_with_pkce_is_not_printed_for_others() {
    let workspace = OAuthWorkspace::new("etsy", "/v3/application/users/me", &ETSY, &[]);
    let link = [
        "auth",
        "link",
        "etsy",
        "--env",
        "local",
        "--redirect",
        "https://a.example/cb",
    ];
    let (output, code) = workspace.run(&link);
    assert_eq!(code, 2, "{output}");
    assert!(
        output.contains(
            "the link of `etsy` uses PKCE, so a code works only with the login that created the link"
        ),
        "{output}"
    );
}

#[test]
fn the_application_authenticates_itself_by_its_header() {
    let workspace = OAuthWorkspace::new("allegro", "/me", &ALLEGRO, &[]);
    let (output, code) = workspace.login(&authorize);
    assert_eq!(code, 0, "{output}");
    let (output, code) = workspace.run(&["auth", "refresh", "--env", "local"]);
    assert_eq!(code, 0, "{output}");
    let secret = ("CLIENT_SECRET", "another-client-secret");
    let wrong = OAuthWorkspace::new("allegro", "/me", &[ALLEGRO[0], secret], &[]);
    let (output, code) = wrong.login(&authorize);
    assert_eq!(code, 6, "{output}");
    assert!(output.contains("Bad client credentials"), "{output}");
}

const GENERIC: [(&str, &str); 2] = ALLEGRO;

fn generic() -> OAuthWorkspace {
    OAuthWorkspace::new("oauth2-code", "/resource", &GENERIC, &[])
}

#[test]
fn a_logout_ends_the_authorization_and_then_removes_the_tokens() {
    let workspace = generic();
    let (output, code) = workspace.login(&authorize);
    assert_eq!(code, 0, "{output}");
    let (output, code) = workspace.run(&["auth", "logout", "oauth2-code", "--env", "local"]);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("the marketplace ended the authorization of `main` (account), and ingam deleted its tokens"),
        "{output}"
    );
    let (_, tokens) = get(&format!("{}/.ingam/tokens", workspace.origin));
    assert!(tokens.contains("\"revoked\":true"), "{tokens}");
    let (output, code) = workspace.run_request();
    assert_eq!(code, 6, "{output}");
}

#[test]
fn tokens_whose_revocation_fails_are_kept() {
    let mut workspace = generic();
    let (output, code) = workspace.login(&authorize);
    assert_eq!(code, 0, "{output}");
    workspace.credentials[1].1 = "another-client-secret";
    let (output, code) = workspace.run(&["auth", "logout", "oauth2-code", "--env", "local"]);
    assert_ne!(code, 0, "{output}");
    assert!(output.contains("`--keep-authorization`"), "{output}");
    workspace.credentials[1] = GENERIC[1];
    let (output, code) = workspace.run_request();
    assert_eq!(code, 0, "{output}");
    let logout = [
        "auth",
        "logout",
        "oauth2-code",
        "--env",
        "local",
        "--keep-authorization",
    ];
    let (output, code) = workspace.run(&logout);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("deleted the tokens of `main` (account)"),
        "{output}"
    );
    assert!(
        output.contains("the authorization still exists at the marketplace"),
        "{output}"
    );
}

#[test]
fn a_refresh_token_of_another_program_is_imported_and_renewed() {
    // Another program: a home of its own, whose refresh token is read from its store.
    let workspace = generic();
    let plain = |args: &[&str]| {
        let mut command = workspace.ingam(args);
        command.env("HOME", workspace.folder.path().join("other"));
        command
    };
    std::fs::create_dir(workspace.folder.path().join("other")).unwrap();
    let login = plain(&[
        "--plain-store",
        "auth",
        "login",
        "oauth2-code",
        "--env",
        "local",
        "--account",
        "main",
        "--no-browser",
    ]);
    let (output, code) = login_with(login, &authorize);
    assert_eq!(code, 0, "{output}");
    let refresh_token = stored_refresh_token(&workspace.folder.path().join("other"));

    let import = [
        "auth",
        "import",
        "oauth2-code",
        "--env",
        "local",
        "--account",
        "main",
    ];
    let (output, code) = workspace.run_with_input(&import, &format!("{refresh_token}\n"));
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("the refresh token works only once: when ingam renews it, it becomes invalid for every other program"),
        "{output}"
    );
    assert!(!output.contains(&refresh_token), "{output}");
    let (_, tokens) = get(&format!("{}/.ingam/tokens", workspace.origin));
    assert!(
        tokens.contains("\"refreshed\":0"),
        "no marketplace is asked: {tokens}"
    );
    let (output, code) = workspace.run_request();
    assert_eq!(code, 0, "{output}");

    let (output, code) = workspace.run_with_input(&import, "another-refresh-token-1234\n");
    assert_eq!(code, 2, "{output}");
    assert!(output.contains("`main` already has tokens"), "{output}");
    let replace = [&import[..], &["--replace"]].concat();
    let (output, code) = workspace.run_with_input(&replace, "another-refresh-token-1234\n");
    assert_eq!(code, 0, "{output}");
    let (output, code) = workspace.run_request();
    assert_eq!(
        code, 6,
        "the imported token is the one that is sent: {output}"
    );
}

/// The refresh token in a store without sealing.
fn stored_refresh_token(home: &std::path::Path) -> String {
    let folder = home.join(".local/state/ingam/tokens");
    let texts = std::fs::read_dir(folder).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        std::fs::read_to_string(path).ok()
    });
    let marker = "sandbox-account-refresh-";
    let text = texts
        .into_iter()
        .find(|text| text.contains(marker))
        .unwrap();
    let from = text.find(marker).unwrap();
    let end = text[from..].find('"').unwrap();
    text[from..from + end].to_owned()
}

#[test]
fn an_import_refuses_what_is_no_token() {
    let workspace = generic();
    let import = [
        "auth",
        "import",
        "oauth2-code",
        "--env",
        "local",
        "--account",
        "main",
    ];
    for (input, reason) in [
        ("", "standard input has no token"),
        ("\n\n", "standard input has no token"),
        (
            " token-with-a-blank-before\n",
            "`refresh_token` begins with a space",
        ),
        (
            "access_token=abcdefgh12345678\n",
            "standard input has no `refresh_token`",
        ),
        (
            "refresh_token=abcdefgh12345678\nexpires_at=2026-11-22T00:00:00Z\n",
            "`expires_at` needs an `access_token`, which is missing",
        ),
        (
            "refresh_token=abcdefgh12345678\naccess_token=abcdefgh12345679\nexpires_at=soon\n",
            "`expires_at` of standard input is not a time",
        ),
        (
            "refresh_token=abcdefgh12345678\nrefresh_token=abcdefgh12345679\n",
            "`refresh_token` appears twice in standard input",
        ),
        (
            "refresh_token=abcdefgh12345678\nsession=abcdefgh12345679\n",
            "line 2 of standard input is not `NAME=value`",
        ),
    ] {
        let (output, code) = workspace.run_with_input(&import, input);
        assert_eq!(code, 2, "{input:?}: {output}");
        assert!(output.contains(reason), "{input:?}: {output}");
        assert!(!output.contains("abcdefgh"), "{input:?}: {output}");
    }
    let (output, code) = workspace.run(&[&import[..], &["abcdefgh12345678"]].concat());
    assert_eq!(code, 2, "{output}");
    assert!(output.contains("a token cannot be an argument"), "{output}");
    assert!(!output.contains("abcdefgh"), "{output}");
}

/// A marketplace that signs the address that comes back, as Shopify does.
const SIGNED_CALLBACK: &str = r#"scheme: sealed-mart
credentials: { client_id: {}, client_secret: { secret: true } }
hosts: { live: "https://sealed-mart.example" }
levels: { shop: { token: shop, attach: { headers: { Authorization: "Bearer {{ token.access_token }}" } } } }
tokens:
  shop:
    store_by: [client_id, account]
    exchange: { post: /token, form: { grant_type: authorization_code, code: "{{ code }}" }, client_auth: post }
    save: { access_token: $.access_token }
authorize:
  get: /authorize
  query: { client_id: "{{ cred.client_id }}", redirect_uri: "{{ redirect }}", state: "{{ state }}" }
  callback: { code: code }
  verify:
    sign:
      - { id: message, text: "{{ callback.pairs | drop('hmac') | bytesort | concat('=', '&') }}" }
      - { id: hmac, hmac: sha256, key: "{{ cred.client_secret }}", of: "{{ message }}", encoding: hex }
    equals: { query: hmac }
sandbox:
  keys: { client_id: sandbox-client-id, client_secret: sandbox-client-secret }
  read: { token.access_token: { header: authorization, pattern: "^Bearer (.+)$" } }
  tokens: { shop: { json: { access_token: "{{ token }}" } } }
vectors:
  - source: this test
    given: { cred: { client_secret: hush }, clock: "2026-01-01T00:00:00Z", callback: "a=1&hmac=0" }
    expect: { message: a=1, accepted: false }
"#;

fn sealed() -> OAuthWorkspace {
    let files = [("schemes/sealed-mart.yaml", SIGNED_CALLBACK)];
    let workspace = OAuthWorkspace::new("sealed-mart", "/me", &GENERIC, &files);
    let (output, code) = workspace.run(&["trust", "--env", "local", "--yes"]);
    assert_eq!(code, 0, "{output}");
    workspace
}

#[test]
fn an_address_that_the_marketplace_signed_is_accepted() {
    let workspace = sealed();
    let (output, code) = workspace.login(&|link| {
        let (_, page) = get(link);
        assert!(page.contains("hmac="), "{page}");
        assert_eq!(get(&anchor(&page, "code=")).0, 200);
    });
    assert_eq!(code, 0, "{output}");
    let (output, code) = workspace.run_request();
    assert_eq!(code, 0, "{output}");
}

#[test]
fn an_address_that_was_changed_after_it_was_signed_is_refused_and_its_code_is_not_used() {
    for (change, reason) in [
        (
            "code",
            "`hmac` is not the signature that the marketplace would compute",
        ),
        (
            "hmac",
            "it has no `hmac`, which should contain the signature of the marketplace",
        ),
        (
            "twice",
            "`hmac`, which contains the signature of the marketplace, appears twice",
        ),
    ] {
        let workspace = sealed();
        let (output, code) = workspace.login(&|link| {
            let (_, page) = get(link);
            let back = anchor(&page, "code=");
            let back = match change {
                "code" => with_parameter(&back, "code", Some("sandbox-shop-code-of-somebody-else")),
                "hmac" => with_parameter(&back, "hmac", None),
                _ => format!("{back}&hmac=0"),
            };
            get(&back);
        });
        assert_eq!(code, 6, "{change}: {output}");
        assert!(output.contains(reason), "{change}: {output}");
        let (_, tokens) = get(&format!("{}/.ingam/tokens", workspace.origin));
        assert!(!tokens.contains("\"exchanged\":1"), "{change}: {tokens}");
    }
}

/// Starts a login on a device, and opens the address that has the code in it with this decision.
fn login_on_a_device(workspace: &OAuthWorkspace, decision: &str) -> (String, i32) {
    let login = ["auth", "login", &workspace.scheme, "--env", "local"];
    let mut command = workspace.ingam(&[&login[..], &["--account", "main", "--device"]].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut addresses = String::new();
    stdout.read_line(&mut addresses).unwrap();
    stdout.read_line(&mut addresses).unwrap();
    if let Some(address) = addresses.lines().nth(1) {
        let (status, page) = get(&format!("{address}&decision={decision}"));
        assert_eq!(status, 200, "{page}");
    }
    let (_, stderr, code) = text(&child.wait_with_output().unwrap());
    (addresses + &stderr, code)
}

#[test]
fn a_login_confirmed_on_another_device_brings_tokens_that_requests_use() {
    let workspace = OAuthWorkspace::new("allegro", "/sale/offers", &ALLEGRO, &[]);
    let (output, code) = login_on_a_device(&workspace, "0");
    assert_eq!(code, 0, "{output}");
    let origin = &workspace.origin;
    assert!(
        output.starts_with(&format!("{origin}/.ingam/device\n")),
        "{output}"
    );
    let lines: Vec<&str> = output.lines().skip(2).collect();
    let code = lines[0].rsplit(' ').next().unwrap().trim_end_matches(':');
    assert_eq!(
        lines[..3],
        [
            &format!(
                "open this address, sign in as the seller of `main`, and enter the code {code}:"
            ),
            "or open this address, which contains the code:",
            "waiting for the confirmation, at most 600 s (Ctrl-C ends the login):",
        ]
    );
    assert!(
        lines[3].starts_with("`main` (account main): access token for 1"),
        "{output}"
    );
    assert!(
        !output.contains("sandbox-seller-device"),
        "a device code is a secret: {output}"
    );
    let (output, code) = workspace.run_request();
    assert_eq!(code, 0, "{output}");
}

#[test]
fn a_login_that_is_denied_on_the_other_device_keeps_nothing() {
    let workspace = OAuthWorkspace::new("allegro", "/sale/offers", &ALLEGRO, &[]);
    let (output, code) = login_on_a_device(&workspace, "deny");
    assert_eq!(code, 6, "{output}");
    assert!(
        output.contains("was denied, so nothing was authorized"),
        "{output}"
    );
    let (output, code) = workspace.run(&["auth", "status"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("no tokens: auth login"), "{output}");
    for (args, expected) in [
        (&["--device", "--port", "80"][..], "cannot be used with"),
        (
            &["--device", "--redirect", "https://a.example/"],
            "cannot be used with",
        ),
    ] {
        let login = [
            "auth",
            "login",
            "allegro",
            "--env",
            "local",
            "--account",
            "main",
        ];
        let (output, code) = workspace.run(&[&login[..], args].concat());
        assert_eq!(code, 2, "{output}");
        assert!(output.contains(expected), "{output}");
    }
    let (output, code) = workspace.run(&["auth", "login", "etsy", "--env", "local", "--device"]);
    assert_eq!(code, 2, "{output}");
    assert!(
        output.contains("the scheme `etsy` has no login on another device"),
        "{output}"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_login_on_another_device_keeps_nothing() {
    let workspace = OAuthWorkspace::new("allegro", "/sale/offers", &ALLEGRO, &[]);
    let login = ["auth", "login", "allegro", "--env", "local"];
    let mut command = workspace.ingam(&[&login[..], &["--account", "main", "--device"]].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert!(!child.wait().unwrap().success());
    let (output, code) = workspace.run(&["auth", "status"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("no tokens: auth login"), "{output}");
}

/// A marketplace that cannot be trusted with a terminal, and one that answers nonsense.
#[test]
fn a_first_response_that_cannot_be_shown_ends_the_login_of_a_device() {
    let scheme = "scheme: kiosk\ncredentials: { client_id: {} }\nhosts: { live: \"https://api.kiosk.example\" }\n\
        levels: { seller: { token: seller, attach: { headers: { authorization: \"{{ token.access_token }}\" } } } }\n\
        tokens:\n  seller:\n    store_by: [client_id, account]\n    device:\n      \
        authorize: { post: /device, form: { client_id: \"{{ cred.client_id }}\" } }\n      \
        exchange: { post: /token, form: { device_code: \"{{ device_code }}\" } }\n    save: { access_token: $.access_token }\n\
        sandbox:\n  keys: { client_id: kiosk }\n  read: { token.access_token: { header: authorization } }\n  tokens:\n    seller:\n      json: { access_token: \"{{ token }}\" }\n      device: DEVICE\n";
    for (device, expected) in [
        (
            r#"{ device_code: "{{ device_code }}", user_code: A, verification_uri: "javascript:alert(1)" }"#,
            "does not begin with `https://` or `http://`",
        ),
        (
            r#"{ device_code: "{{ device_code }}", user_code: "\e[2J", verification_uri: "https://a.example/" }"#,
            "characters that cannot be shown",
        ),
        (
            r#"{ device_code: "{{ device_code }}", verification_uri: "https://a.example/" }"#,
            "a device login needs a device code, a user code and an address",
        ),
    ] {
        let text = scheme.replace("DEVICE", device);
        let files = [("schemes/kiosk.yaml", text.as_str())];
        let workspace = OAuthWorkspace::new("kiosk", "/x", &[("CLIENT_ID", "kiosk")], &files);
        let (output, code) = workspace.run(&["trust", "--env", "local", "--yes"]);
        assert_eq!(code, 0, "{output}");
        let (output, code) = workspace.run(&["auth", "login", "kiosk", "--env", "local"]);
        assert_ne!(code, 0, "{output}");
        assert!(output.contains(expected), "{output}");
        assert!(!output.contains("sandbox-seller-device"), "{output}");
    }
}

/// Two tokens: one for the application, and one for stock that is issued with it (RFC 8693).
const DEPOT: &str = r#"scheme: depot
credentials: { client_id: {}, client_secret: { secret: true } }
hosts: { live: "https://api.depot.example" }
levels: { app: { token: app }, stock: { token: stock } }
match: [{ path: /app, level: app }]
default_level: stock
attach: { headers: { Authorization: "Bearer {{ token.access_token }}" } }
tokens:
  app:
    store_by: [client_id]
    issue: { post: /token, client_auth: basic, form: { grant_type: client_credentials } }
    save: { access_token: $.access_token }
    lifetime: { access: 1h }
  stock:
    store_by: [client_id]
    issue:
      with: app
      post: /token
      client_auth: basic
      form: { grant_type: "urn:ietf:params:oauth:grant-type:token-exchange", subject_token: "{{ token.access_token }}" }
    save: { access_token: $.access_token }
    lifetime: { access: 30m }
sandbox:
  keys: { client_id: depot, client_secret: depot-secret-that-is-none }
  read: { token.access_token: { header: authorization, pattern: "^Bearer (.+)$" } }
  refuse: [{ fault: token, status: 401, json: { error: "invalid {{ name }}" } }]
  tokens:
    app: { json: { access_token: "{{ token }}" } }
    stock: { json: { access_token: "{{ token }}" } }
"#;

#[test]
fn a_token_that_is_issued_with_another_gets_that_one_first() {
    let files = [("schemes/depot.yaml", DEPOT)];
    let credentials = [
        ("CLIENT_ID", "depot"),
        ("CLIENT_SECRET", "depot-secret-that-is-none"),
    ];
    let workspace = OAuthWorkspace::new("depot", "/stock", &credentials, &files);
    let (output, code) = workspace.run(&["trust", "--env", "local", "--yes"]);
    assert_eq!(code, 0, "{output}");
    let (output, code) = workspace.run_request();
    assert_eq!(code, 0, "{output}");
    let issued = |origin: &str| {
        let (_, tokens) = get(&format!("{origin}/.ingam/tokens"));
        let count = |token: &str| {
            let (_, rest) = tokens
                .split_once(&format!("\"token\":\"{token}\""))
                .unwrap();
            let (_, rest) = rest.split_once("\"issued\":").unwrap();
            rest.split(',').next().unwrap().parse::<u32>().unwrap()
        };
        (count("app"), count("stock"))
    };
    assert_eq!(issued(&workspace.origin), (1, 1));
    // Both are kept, so a second run asks for none.
    let (output, code) = workspace.run_request();
    assert_eq!(code, 0, "{output}");
    assert_eq!(issued(&workspace.origin), (1, 1));
    let (output, code) = workspace.run(&["auth", "refresh", "--env", "local"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(issued(&workspace.origin), (2, 2));
    // Without a store, in the sandbox of the run itself, which has no recording here.
    let (output, _) = workspace.run(&["run", "me"]);
    assert!(output.contains("2 token requests"), "{output}");
    let (output, code) = workspace.run(&["explain", "me", "--env", "local"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("subject_token"), "{output}");
}
