//! The sandbox refuses as the marketplaces do, with their status and their words, and issues tokens
//! by their rules. Requests are made with the scheme itself and then spoiled in one way each.

use hmac::{Hmac, KeyInit as _, Mac as _};
use ingam::internals::host::{ClockAndRng, RandomError};
use ingam::internals::load::{LoadedWorkspace, all_schemes, load};
use ingam::internals::method::Method;
use ingam::internals::model::scheme::Scheme;
use ingam::internals::render::FreshValues;
use ingam::internals::sandbox::{
    ListenOptions, NO_RECORDING, SandboxOrigins, SandboxServer, test_account,
};
use ingam::internals::sign::{NamedValues, SigningInputs, choose_level, seal, token_draft};
use ingam::internals::transport::{LiveTransport, NetworkPolicy};
use ingam::internals::value::{Value, parse};
use ingam::internals::wire::{BaseUrl, Draft, DraftBody, WireRequest, WireResponse};
use sha2::Sha256;
use std::sync::Arc;
use std::time::Duration;

/// The sandbox's own time in these tests, in Unix milliseconds.
const NOW: i64 = 1_795_338_000_000;

fn clock() -> i64 {
    NOW
}

fn chance() -> Result<[u8; 16], RandomError> {
    Ok([5; 16])
}

struct Market {
    runtime: tokio::runtime::Runtime,
    loaded: LoadedWorkspace,
    origins: SandboxOrigins,
    live: LiveTransport,
}

impl Market {
    fn open() -> Self {
        Self::open_with(ListenOptions::default())
    }

    fn open_with(options: ListenOptions) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut loaded = load(super::program::root(), 1).unwrap();
        loaded.workspace.schemes = all_schemes(&mut loaded);
        let nature = ClockAndRng { clock, rng: chance };
        let sandbox = runtime
            .block_on(SandboxServer::start(
                &loaded.workspace,
                &loaded.workspace.schemes,
                options,
                nature,
            ))
            .unwrap();
        Self {
            runtime,
            origins: sandbox.origins,
            loaded,
            live: LiveTransport::new(NetworkPolicy::LoopbackOnly),
        }
    }

    fn scheme(&self, name: &str) -> Arc<Scheme> {
        Arc::clone(self.loaded.workspace.scheme(name).unwrap())
    }

    fn account(&self, scheme: &Scheme) -> NamedValues {
        let accounts = self.loaded.workspace.accounts("sandbox", &scheme.name);
        let name = accounts
            .first()
            .map_or("default", |account| account.name.as_str());
        test_account(scheme, name, accounts.first().copied()).unwrap()
    }

    fn base(&self, scheme: &Scheme) -> BaseUrl {
        self.origins.base_url(scheme).unwrap()
    }

    /// A right request of that path, at `at`, by `account`, at the level that the rules choose or
    /// the one that is named.
    fn request(
        &self,
        scheme: &Scheme,
        level: Option<&str>,
        draft: Draft,
        account: &NamedValues,
        at: i64,
    ) -> WireRequest {
        let level = choose_level(scheme, level, draft.method, &draft.path);
        let inputs = SigningInputs {
            credentials: account,
            token: Some(account),
            moment: FreshValues {
                unix_ms: at,
                seed: [1; 16],
            },
            steps: &[],
            extra: &[],
        };
        seal(scheme, &level.procedure, draft, &self.base(scheme), inputs)
            .unwrap()
            .request
    }

    fn send(&self, request: &WireRequest) -> WireResponse {
        self.runtime
            .block_on(self.live.send(request, Duration::from_secs(5)))
            .unwrap()
    }

    /// The same request in another spelling, sent by a plain client: nothing here is sealed.
    fn send_as(
        &self,
        request: &WireRequest,
        target: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> (u16, Value) {
        self.send_to(request.base().origin(), request, target, headers, body)
    }

    /// The same to another address than the request says; its `host` header stays.
    fn send_to(
        &self,
        origin: &str,
        request: &WireRequest,
        target: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> (u16, Value) {
        let url = format!("{origin}{target}");
        let method = reqwest::Method::from_bytes(request.method().name().as_bytes()).unwrap();
        self.runtime.block_on(async {
            let mut plain = reqwest::Client::builder()
                .no_proxy()
                .build()
                .unwrap()
                .request(method, url);
            for (name, value) in headers
                .iter()
                .filter(|(name, _)| !["Content-Length", "Accept-Encoding"].contains(&name.as_str()))
            {
                plain = plain.header(name, value);
            }
            let response = plain.body(body.to_owned()).send().await.unwrap();
            let status = response.status().as_u16();
            (status, parse(&response.bytes().await.unwrap()).unwrap())
        })
    }
}

fn draft(method: Method, path: &str) -> Draft {
    Draft {
        external: None,
        method,
        path: path.to_owned(),
        raw_query: String::new(),
        query: Vec::new(),
        headers: Vec::new(),
        body: DraftBody::None,
    }
}

fn body(response: &WireResponse) -> Value {
    parse(response.body()).unwrap()
}

fn text(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::to_plain_text)
        .unwrap_or_default()
}

fn with(account: &NamedValues, name: &str, value: &str) -> NamedValues {
    let mut account = account.clone();
    account.set(name, Value::from(value));
    account
}

const MINUTES: i64 = 60_000;

/// Its time and sellers stand in a token, so the sandbox reads them there and does not take
/// its own second for the one that was signed.
#[test]
fn what_a_jwt_says_is_read_out_of_it_and_its_signature_is_compared() {
    let market = Market::open();
    let scheme = market.scheme("esm");
    let account = market.account(&scheme);
    let request = |account: &NamedValues, at| {
        let path = "/item/v1/goods/unknown";
        market.request(&scheme, None, draft(Method::Get, path), account, at)
    };
    for at in [NOW, NOW - 90_000, NOW + 1000] {
        let answer = market.send(&request(&account, at));
        assert_eq!(
            (answer.status, answer.header(NO_RECORDING)),
            (501, Some("not-recorded"))
        );
    }
    let other = |name| request(&with(&account, name, "of-someone-else"), NOW);
    let unsigned = {
        let right = request(&account, NOW);
        let mut headers = right.headers().to_vec();
        for (name, value) in &mut headers {
            if name == "Authorization" {
                *value = format!("{}.c2lnbmF0dXJl", value.rsplit_once('.').unwrap().0);
            }
        }
        market.send_as(&right, right.target(), &headers, "")
    };
    let message = |(status, answer): (u16, Value)| {
        assert_eq!(status, 401);
        text(answer.get("status").unwrap(), "message")
    };
    let sent = |request: WireRequest| {
        let answer = market.send(&request);
        message((answer.status, body(&answer)))
    };
    assert!(sent(other("seller_ids")).contains("no account"));
    for answer in [
        sent(other("master_id")),
        sent(other("secret")),
        sent(other("issuer")),
        message(unsigned),
    ] {
        assert!(answer.contains("does not match this"), "{answer}");
    }
}

#[test]
fn one_signature_by_header_is_refused_in_its_own_words() {
    let market = Market::open();
    let scheme = market.scheme("coupang");
    let account = market.account(&scheme);
    let search = || Draft {
        external: None,
        query: vec![("limit".to_owned(), "3".to_owned())],
        ..draft(Method::Get, "/v2/unknown")
    };
    let right = market.request(&scheme, None, search(), &account, NOW);
    let answer = market.send(&right);
    assert_eq!(
        (answer.status, answer.header(NO_RECORDING)),
        (501, Some("not-recorded")),
        "verified, and nothing is recorded"
    );
    let header = |from: &str, to: &str| -> Vec<(String, String)> {
        right
            .headers()
            .iter()
            .map(|(name, value)| (name.clone(), value.replace(from, to)))
            .collect()
    };
    let spoiled = [
        (
            "another query",
            right.target().replace("limit=3", "limit=4"),
            right.headers().to_vec(),
            "Invalid signature.",
        ),
        (
            "no header",
            right.target().to_owned(),
            Vec::new(),
            "Request is not authorized.",
        ),
        (
            "a four-digit year",
            right.target().to_owned(),
            header("signed-date=26", "signed-date=2026"),
            "HMAC format is invalid.",
        ),
        (
            "another key",
            right.target().to_owned(),
            header("sandbox-access-key", "other-access-key"),
            "Unknown error occurred, please contact api-gateway channel for the details.",
        ),
    ];
    for (what, target, headers, message) in spoiled {
        let (status, answer) = market.send_as(&right, &target, &headers, "");
        assert_eq!(
            (status, text(&answer, "message").as_str()),
            (401, message),
            "{what}"
        );
    }
    let old = market.request(&scheme, None, search(), &account, NOW - 9 * 60 * MINUTES);
    assert_eq!(
        text(&body(&market.send(&old)), "message"),
        "Specified signature is expired.",
        "local time in place of UTC"
    );
    let other_key = market.request(
        &scheme,
        None,
        search(),
        &with(&account, "secret_key", "another-secret-key"),
        NOW,
    );
    assert_eq!(
        text(&body(&market.send(&other_key)), "message"),
        "Invalid signature."
    );
    // Both spellings of the header are official: with and without blanks after the commas.
    let (status, _) = market.send_as(&right, right.target(), &header(", ", ","), "");
    assert_eq!(status, 501);
}

/// A client's plus is a blank where pairs are signed, and a plus where the text is.
#[test]
fn a_plus_in_a_query_is_a_blank_to_schemes_that_sign_pairs() {
    let market = Market::open();
    for (name, path, accepted) in [
        ("lazada", "/products/unknown", true),
        ("tiktok-shop", "/order/202309/unknown", true),
        ("coupang", "/v2/unknown", false),
    ] {
        let scheme = market.scheme(name);
        let account = market.account(&scheme);
        let search = Draft {
            query: vec![("search".to_owned(), "a b+c".to_owned())],
            ..draft(Method::Get, path)
        };
        let right = market.request(&scheme, None, search, &account, NOW);
        assert!(right.target().contains("search=a%20b%2Bc"), "{name}");
        let sent = |spelling| {
            let target = right.target().replace("a%20b%2Bc", spelling);
            let (_, answer) = market.send_as(&right, &target, right.headers(), "");
            text(&answer, "message").starts_with("the signature is correct")
        };
        assert!(sent("a%20b%2Bc"), "{name}");
        assert_eq!(sent("a+b%2Bc"), accepted, "{name}");
        assert!(!sent("a+b+c"), "{name}: a plus that was signed is `%2B`");
    }
}

/// Some programs send all parameters in the body.
#[test]
fn parameters_of_a_scheme_that_takes_them_in_the_body_are_read_there() {
    let market = Market::open();
    let scheme = market.scheme("lazada");
    let account = market.account(&scheme);
    let create = Draft {
        body: DraftBody::Form(vec![("payload".to_owned(), "a b".to_owned())]),
        ..draft(Method::Post, "/product/unknown")
    };
    let right = market.request(&scheme, None, create, &account, NOW);
    let (path, query) = right.target().split_once('?').unwrap();
    let sent = |target: &str, body: &str| {
        let (_, answer) = market.send_as(&right, target, right.headers(), body);
        text(&answer, "message")
    };
    let in_body = format!("{query}&payload=a+b");
    assert!(sent(path, &in_body).starts_with("the signature is correct"));
    // A part of them in the query, and a part in the body.
    let (first, rest) = query.split_once('&').unwrap();
    let target = format!("{path}?{rest}");
    assert!(sent(&target, &format!("{first}&payload=a+b")).starts_with("the signature is correct"));
    for (body, message) in [
        (
            in_body.replace("payload=a+b", "payload=c"),
            "The request signature does not conform to platform standards",
        ),
        (
            in_body.replace("sign_method=sha256", "sign_method=md5"),
            "The request signature does not conform to platform standards",
        ),
        (
            in_body.replace("app_key=", "app_kez="),
            "sandbox: app_key is missing",
        ),
        ("payload=a+b".to_owned(), "sandbox: access_token is missing"),
    ] {
        let answer = sent(path, &body);
        assert!(
            answer == message || message.starts_with("sandbox") && answer.contains("missing"),
            "{body}: {answer}"
        );
    }
}

/// An upload of the official SDKs: every parameter is a field of the form, beside the file.
#[test]
fn parameters_stand_in_the_fields_of_a_multipart_body_too() {
    let market = Market::open();
    let scheme = market.scheme("lazada");
    let account = market.account(&scheme);
    let upload = Draft {
        body: DraftBody::Form(vec![("note".to_owned(), "a b+c".to_owned())]),
        ..draft(Method::Post, "/image/upload")
    };
    let right = market.request(&scheme, None, upload, &account, NOW);
    let (path, query) = right.target().split_once('?').unwrap();
    let mut fields = ingam::internals::wire::parse_form(query);
    fields.push(("note".to_owned(), "a b+c".to_owned()));
    let headers = [(
        "Content-Type".to_owned(),
        "multipart/form-data; boundary=b-1".to_owned(),
    )];
    let sent = |fields: &[(String, String)], file: &str| {
        let mut body = String::new();
        for (name, value) in fields {
            body.push_str(&format!(
                "--b-1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(&format!(
            "--b-1\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n{file}\r\n--b-1--\r\n"
        ));
        let (_, answer) = market.send_as(&right, path, &headers, &body);
        text(&answer, "message")
    };
    assert!(sent(&fields, "x").starts_with("the signature is correct"));
    assert!(
        sent(&fields, "y").starts_with("the signature is correct"),
        "files are not signed (docs 108069)"
    );
    let changed = |name: &str, value: &str| {
        let mut other = fields.clone();
        let field = other.iter_mut().find(|(known, _)| known == name).unwrap();
        value.clone_into(&mut field.1);
        sent(&other, "x")
    };
    let wrong = "The request signature does not conform to platform standards";
    assert_eq!(changed("note", "a b c"), wrong);
    assert_eq!(changed("sign_method", "md5"), wrong);
    assert_eq!(changed("app_key", "other"), "sandbox: app_key is unknown");
    let twice = [&fields[..], &fields[..1]].concat();
    assert!(sent(&twice, "x").contains("malformed"));
    let (_, without) = fields.split_last().unwrap();
    assert_eq!(sent(without, "x"), wrong);
}

/// "in UTC or digital format": docs 108067. The signatures are computed here, not by a scheme.
#[test]
fn a_time_in_another_format_that_the_marketplace_takes_is_read() {
    let market = Market::open();
    let scheme = market.scheme("lazada");
    let account = market.account(&scheme);
    let right = market.request(&scheme, None, draft(Method::Get, "/a"), &account, NOW);
    let (_, query) = right.target().split_once('?').unwrap();
    let query = ingam::internals::wire::parse_form(query);
    let token = query.iter().find(|(name, _)| name == "access_token");
    let token = &token.unwrap().1;
    let sent = |time: &str| {
        let pairs = [
            ("access_token", token.as_str()),
            ("app_key", "sandbox-app-key"),
            ("sign_method", "sha256"),
            ("timestamp", time),
        ];
        let joined: String = pairs
            .iter()
            .map(|(name, value)| format!("{name}{value}"))
            .collect();
        let key = b"sandbox-app-secret-that-is-no-secret";
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("/a{joined}").as_bytes());
        let sign = hex::encode_upper(mac.finalize().into_bytes());
        let pairs = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace(':', "%3A")));
        let query: Vec<String> = pairs.collect();
        let target = format!("/rest/a?{}&sign={sign}", query.join("&"));
        let (_, answer) = market.send_as(&right, &target, &[], "");
        text(&answer, "message")
    };
    for (time, message) in [
        ("1795338000000", "the signature is correct"),
        ("2026-11-22T09:00:00Z", "the signature is correct"),
        ("2026-11-22T06:59:00Z", "sandbox: timestamp is too old"),
        ("2026-11-22 09:00:00", "sandbox: timestamp is malformed"),
        ("1795338000", "sandbox: timestamp is too old"),
    ] {
        let answer = sent(time);
        assert!(answer.starts_with(message), "{time}: {answer}");
    }
}

/// Behind a port mapping or a proxy, a client signs another address than the sandbox listens on.
#[test]
fn the_base_url_is_the_one_that_a_client_sent_to() {
    for (trusts_forwarded_proto, forwarded, base, status) in [
        (false, None, "http://market.example:8080/v2", 501),
        (false, None, "https://market.example:8080/v2", 401),
        (false, Some("https"), "https://market.example:8080/v2", 401),
        (true, Some("https"), "https://market.example:8080/v2", 501),
        (true, None, "http://market.example:8080/v2", 501),
        (true, Some("gopher"), "http://market.example:8080/v2", 400),
        (true, Some("https"), "http://market.example:8080/v2", 401),
    ] {
        let market = Market::open_with(ListenOptions {
            trusts_forwarded_proto,
            ..ListenOptions::default()
        });
        let scheme = market.scheme("kaufland");
        let account = market.account(&scheme);
        let inputs = SigningInputs {
            credentials: &account,
            token: Some(&account),
            moment: FreshValues {
                unix_ms: NOW,
                seed: [1; 16],
            },
            steps: &[],
            extra: &[],
        };
        let level = &scheme.levels[scheme.default_level];
        let unknown = draft(Method::Get, "/unknown");
        let mapped = BaseUrl::parse(base).unwrap();
        let request = seal(&scheme, &level.procedure, unknown, &mapped, inputs)
            .unwrap()
            .request;
        let mut headers = request.headers().to_vec();
        headers.extend(forwarded.map(|proto| ("x-forwarded-proto".to_owned(), proto.to_owned())));
        let own = market.base(&scheme);
        let answer = market.send_to(own.origin(), &request, request.target(), &headers, "");
        assert_eq!(answer.0, status, "{base} {forwarded:?}");
    }
}

#[test]
fn a_host_header_that_moves_the_base_path_is_refused() {
    let market = Market::open();
    let scheme = market.scheme("kaufland");
    let account = market.account(&scheme);
    let request = market.request(&scheme, None, draft(Method::Get, "/x"), &account, NOW);
    for host in ["a/b", "a@b", "a?b", "a#b", "A", "a b", ""] {
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
            .cloned()
            .chain([("host".to_owned(), host.to_owned())])
            .collect();
        let (status, _) = market.send_as(&request, request.target(), &headers, "");
        assert_eq!(status, 400, "{host}");
    }
}

#[test]
fn a_signature_in_the_query_is_refused_in_its_own_words() {
    let market = Market::open();
    let scheme = market.scheme("shopee");
    let account = market.account(&scheme);
    let shop = || draft(Method::Get, "/api/v2/shop/get_shop_info");
    let right = market.request(&scheme, None, shop(), &account, NOW);
    assert_eq!(market.send(&right).status, 200);
    let without = |name: &str| {
        let (path, query) = right.target().split_once('?').unwrap();
        let kept: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.starts_with(&format!("{name}=")))
            .collect();
        format!("{path}?{}", kept.join("&"))
    };
    let sent = |target: &str| market.send_as(&right, target, &[], "").1;
    for (name, message) in [
        ("sign", "There is no sign in query."),
        ("partner_id", "There is no partner_id in query."),
        ("access_token", "There is no access_token in query."),
        ("shop_id", "There is no shop_id in query."),
    ] {
        assert_eq!(
            (
                text(&sent(&without(name)), "error"),
                text(&sent(&without(name)), "message")
            ),
            ("error_param".to_owned(), message.to_owned())
        );
    }
    let signed = |account: &NamedValues, at: i64, level: Option<&str>| {
        body(&market.send(&market.request(&scheme, level, shop(), account, at)))
    };
    assert_eq!(
        text(
            &signed(
                &with(&account, "partner_key", "another-partner-key-x"),
                NOW,
                None
            ),
            "error"
        ),
        "error_sign"
    );
    assert_eq!(
        text(&signed(&account, NOW - 6 * MINUTES, None), "message"),
        "Timestamp is expired."
    );
    assert_eq!(
        text(&signed(&account, NOW, Some("public")), "message"),
        "There is no access_token in query.",
        "public sign for a shop call"
    );
    assert_eq!(
        text(
            &signed(
                &with(&account, "access_token", "another-access-token"),
                NOW,
                None
            ),
            "error"
        ),
        "invalid_acceess_token"
    );
    let milliseconds = right
        .target()
        .replace(&(NOW / 1_000).to_string(), &NOW.to_string());
    assert!(
        text(&sent(&milliseconds), "error").starts_with("error_"),
        "{:?}",
        sent(&milliseconds)
    );
}

/// The token request of the scheme that issues its own, at a time.
fn token_request(market: &Market, scheme: &Scheme, account: &NamedValues, at: i64) -> WireRequest {
    let issue = scheme.token("seller").unwrap().issue.as_ref().unwrap();
    let inputs = SigningInputs {
        credentials: account,
        token: None,
        moment: FreshValues {
            unix_ms: at,
            seed: [1; 16],
        },
        steps: &[],
        extra: &[],
    };
    let draft = token_draft(scheme, issue, inputs).unwrap();
    seal(
        scheme,
        &issue.procedure,
        draft,
        &market.base(scheme),
        inputs,
    )
    .unwrap()
    .request
}

fn channels(market: &Market, scheme: &Scheme, token: &str) -> WireResponse {
    let account = with(&market.account(scheme), "access_token", token);
    market.send(&market.request(
        scheme,
        None,
        draft(Method::Get, "/v1/seller/channels"),
        &account,
        NOW,
    ))
}

#[test]
fn tokens_are_issued_and_refused_by_the_marketplace_s_rules() {
    let market = Market::open();
    let scheme = market.scheme("naver-commerce");
    let account = market.account(&scheme);
    let first = body(&market.send(&token_request(&market, &scheme, &account, NOW - 3_000)));
    let again = body(&market.send(&token_request(&market, &scheme, &account, NOW - 2_000)));
    assert_eq!(
        text(&first, "access_token"),
        text(&again, "access_token"),
        "the same token while 30 minutes or more remain"
    );
    assert_eq!(text(&first, "expires_in"), "10800");
    assert_eq!(
        channels(&market, &scheme, &text(&first, "access_token")).status,
        200
    );
    let refused = channels(&market, &scheme, "not-an-issued-token");
    assert_eq!(
        (refused.status, text(&body(&refused), "code")),
        (401, "GW.AUTHN".to_owned())
    );
    for (what, at, message) in [
        (
            "a second ahead",
            NOW + 1_000,
            "timestamp 항목은 현재 이전이어야 합니다.",
        ),
        (
            "six minutes old",
            NOW - 6 * MINUTES,
            "timestamp항목의 유효 시간이 만료되었습니다.",
        ),
    ] {
        let answer = market.send(&token_request(&market, &scheme, &account, at));
        assert_eq!(
            (answer.status, text(&body(&answer), "message")),
            (400, message.to_owned()),
            "{what}"
        );
    }
    let right = token_request(&market, &scheme, &account, NOW - 3_000);
    let raw = String::from_utf8_lossy(right.body())
        .replace("client_secret_sign=JDJh", "client_secret_sign=JDJi");
    let (status, answer) = market.send_as(&right, right.target(), right.headers(), &raw);
    assert_eq!(
        (status, text(&answer, "message").as_str()),
        (400, "client_secret_sign 항목이 유효하지 않습니다.")
    );
}

#[test]
fn token_parameters_in_the_query_work_and_are_punished_later() {
    let market = Market::open();
    let scheme = market.scheme("naver-commerce");
    let right = token_request(&market, &scheme, &market.account(&scheme), NOW - 3_000);
    let target = format!(
        "{}?{}",
        right.target(),
        String::from_utf8_lossy(right.body())
    );
    let (status, answer) = market.send_as(&right, &target, &[], "");
    assert_eq!(status, 200, "{answer}");
    let punished = channels(&market, &scheme, &text(&answer, "access_token"));
    assert_eq!(
        (punished.status, text(&body(&punished), "code")),
        (429, "GW.QUOTA_LIMIT".to_owned())
    );
    assert_eq!(
        (
            punished.header("gncp-gw-quota-limit"),
            punished.header("gncp-gw-quota-period")
        ),
        (Some("1"), Some("HOURS"))
    );
    // So is a token request that leaves `grant_type` out.
    let market = Market::open();
    let short = String::from_utf8_lossy(right.body()).replace("&grant_type=client_credentials", "");
    let right = token_request(&market, &scheme, &market.account(&scheme), NOW - 3_000);
    let (status, answer) = market.send_as(&right, right.target(), right.headers(), &short);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        channels(&market, &scheme, &text(&answer, "access_token")).status,
        429
    );
    // `run` explains what the marketplace does not.
    let outcome = ingam::internals::check::classify_response(
        &scheme,
        Method::Get,
        "/v1/seller/channels",
        &ingam::internals::check::ResponseView::new(&punished),
    );
    let ingam::internals::check::ResponseOutcome::ApiError { kind, hint, .. } = outcome else {
        panic!("not refused")
    };
    assert_eq!(kind.name(), "rate_limit");
    assert!(hint.unwrap().contains("query"), "the hint names the reason");
}

/// A request that another program made: no scheme signs it here. Its signatures were computed with
/// Python's hmac and hashlib.
fn send_foreign(
    market: &Market,
    scheme: &str,
    method: reqwest::Method,
    target: &str,
    (media_type, body): (&str, &str),
) -> String {
    let base = market.base(&market.scheme(scheme));
    let url = format!("{}{target}", base.origin());
    market.runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client
            .request(method, url)
            .header("content-type", media_type);
        let response = request.body(body.to_owned()).send().await.unwrap();
        match response.headers().get(NO_RECORDING) {
            Some(_) => "accepted".to_owned(),
            None => response.text().await.unwrap(),
        }
    })
}

#[test]
fn other_names_places_and_times_are_taken_where_the_marketplace_takes_them() {
    let market = Market::open();
    let plain = ("text/plain", "");
    let top = "/router/rest?app_key=12345678&fields=num_iid%2Ctitle&format=json&method=taobao.tbk.item.get&\
        q=%E5%A5%B3%E8%A3%85+a%2Bb&session=sandbox-session-default&sign_method=md5&timestamp=1795338000000&v=2.0&\
        sign=CAFE27EDD64C1123D17920BE30E0565C";
    let get = |scheme: &str, target: &str| {
        send_foreign(&market, scheme, reqwest::Method::GET, target, plain)
    };
    assert_eq!(get("taobao-top", top), "accepted", "milliseconds");
    let late = top.replace("1795338000000", "1795337000000");
    assert!(get("taobao-top", &late).contains("Invalid Timestamp"));
    let seconds = top.replace("1795338000000", "1795338000");
    assert!(get("taobao-top", &seconds).contains("Invalid Timestamp"));
    let sync = "/sync?app_key=sandbox-app-key&method=aliexpress.ds.product.get&product_id=1&\
        session=sandbox-access-token-default&sign_method=sha256&timestamp=2026-11-22T09%3A00%3A00Z&\
        sign=F814EA088BBE00621E19513D94363401AB3D936E1375FBF73C62EA3C1E1BC223";
    assert_eq!(get("aliexpress", sync), "accepted", "another name");
    let nobody = sync.replace("sandbox-access-token-default", "nobody");
    assert!(get("aliexpress", &nobody).contains("IllegalAccessToken"));
    let changed = sync.replace("product_id=1", "product_id=2");
    assert!(get("aliexpress", &changed).contains("IncompleteSignature"));
    // No name of the token at all.
    let none = sync.replace("session=", "sessions=");
    assert!(get("aliexpress", &none).contains("IllegalAccessToken"));
}

#[test]
fn system_parameters_are_read_from_the_text_parts_of_a_multipart_body() {
    let market = Market::open();
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let upload = |album: &str, twice: &str| {
        let body = [
            part("access_token", "sandbox-access-token-default"),
            part("album", album),
            part("app_key", "sandbox-app-key"),
            part("sign_method", "sha256"),
            part("timestamp", "1795338000000"),
            part("sign", "F7F9FB6A864A359F8CCE52E8B892D2844E89DDDD3D2A0196649D6A646F618CBF"),
            twice.to_owned(),
            "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.txt\"\r\n\r\nabc\r\n--b--\r\n"
                .to_owned(),
        ];
        let body = body.concat();
        let media_type = "multipart/form-data; boundary=b";
        let body = (media_type, body.as_str());
        let target = "/rest/image/upload";
        send_foreign(&market, "lazada", reqwest::Method::POST, target, body)
    };
    assert_eq!(upload("a b", ""), "accepted");
    assert!(upload("a c", "").contains("IncompleteSignature"));
    let twice = part(
        "sign",
        "F7F9FB6A864A359F8CCE52E8B892D2844E89DDDD3D2A0196649D6A646F618CBF",
    );
    assert!(upload("a b", &twice).contains("InvalidParameter"));
}
