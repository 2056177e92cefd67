//! The life of a token in the sandbox, seen from outside: page, code, exchange, refresh, and every
//! way in which it ends. The sandbox's clock is moved by hand.

use super::program::Folder;
use ingam::internals::host::{ClockAndRng, RandomError};
use ingam::internals::load::{LoadedWorkspace, all_schemes, load};
use ingam::internals::method::Method;
use ingam::internals::model::scheme::{AuthorizeLink, Scheme, TokenRequest};
use ingam::internals::render::FreshValues;
use ingam::internals::sandbox::{
    ListenOptions, NO_RECORDING, SandboxOrigins, SandboxServer, test_account,
};
use ingam::internals::sign::{
    NamedValues, SigningInputs, authorize_draft, choose_level, seal, token_draft,
};
use ingam::internals::transport::{LiveTransport, NetworkPolicy};
use ingam::internals::value::{ObjectMember, Value, parse};
use ingam::internals::wire::{BaseUrl, Draft, DraftBody, WireRequest, WireResponse, parse_form};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

const START: i64 = 1_795_338_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

thread_local! {
    /// Unix milliseconds; every test is a thread, and its sandbox runs in it.
    static NOW: Cell<i64> = const { Cell::new(START) };
}

fn clock() -> i64 {
    NOW.get()
}

fn wait(ms: i64) {
    NOW.set(NOW.get() + ms);
}

fn chance() -> Result<[u8; 16], RandomError> {
    Ok([5; 16])
}

const WORKSPACE: &str = "\
envs:
  sandbox:
    accounts:
      shopee:
        one: { shop_id: 101, merchant_id: 201 }
        two: { shop_id: 102, merchant_id: 201 }
      lazada: { one: {}, two: {} }
      tiktok-shop: { one: {}, two: {} }
      amazon-sp-api: { one: {}, two: {} }
      xiaohongshu: { one: {}, two: {} }
      kiosk: { one: {}, two: {}, of_another_app: { app: other-app } }
      mall: { one: {}, two: {}, of_another_app: { app: other-app } }
      bazaar: { one: {} }
";

/// A marketplace with two tokens for credentials alone: the requests differ in their scope only.
const DESK: &str = "\
scheme: desk
credentials:
  app: {}
  secret: { secret: true }
hosts: { live: \"https://api.desk.example\", auth: \"https://id.desk.example\" }
levels:
  orders: { token: orders }
  keys: { token: keys }
match: [{ path: /keys, level: keys }]
default_level: orders
attach: { headers: { authorization: \"{{ token.access_token }}\" } }
tokens:
  orders:
    store_by: [app]
    issue: { post: /token, host: auth, form: { scope: orders, app: \"{{ cred.app }}\", secret: \"{{ cred.secret }}\" } }
    save: { access_token: $.access_token }
    lifetime: { access: 1h }
  keys:
    store_by: [app]
    issue: { post: /token, host: auth, form: { scope: keys, app: \"{{ cred.app }}\", secret: \"{{ cred.secret }}\" } }
    save: { access_token: $.access_token }
    lifetime: { access: 1h }
sandbox:
  keys: { app: desk-app, secret: desk-secret-that-is-none }
  read: { token.access_token: { header: authorization } }
  tokens:
    orders: { json: { access_token: \"{{ token }}\" } }
    keys: { json: { access_token: \"{{ token }}\" } }
";

/// A marketplace whose requests for tokens go elsewhere, to one path, and as forms.
const MALL: &str = "\
scheme: mall
credentials:
  app: {}
  secret: { secret: true }
  seller: { scope: account }
  branch: { scope: account, default: null }
hosts: { live: \"https://api.mall.example/api\", auth: \"https://id.mall.example/v1\" }
clock: { format: unix_s, window: 5m }
levels:
  public: {}
  seller: { token: seller, attach: { headers: { authorization: \"{{ token.access_token }}\" } } }
default_level: seller
sign:
  - { id: signature, hmac: sha256, key: \"{{ cred.secret }}\", of: \"{{ req.url }} {{ ts }}\", encoding: hex }
attach: { query: { app: \"{{ cred.app }}\", ts: \"{{ ts }}\", sign: \"{{ signature }}\" } }
covers: [path]
tokens:
  seller:
    store_by: [app, seller]
    exchange:
      post: /token
      host: auth
      level: public
      form: { kind: code, code: \"{{ code }}\", seller: \"{{ cred.seller }}\", branch: \"{{ cred.branch }}\" }
    refresh:
      post: /token
      host: auth
      level: public
      form: { kind: refresh_token, refresh_token: \"{{ token.refresh_token }}\" }
    save: { access_token: $.access_token, refresh_token: $.refresh_token }
    lifetime: { refresh_once: true }
authorize: { get: /login, host: auth, level: public, query: { back: \"{{ redirect }}\" }, callback: { code: code } }
sandbox:
  keys: { app: mall-app, secret: mall-secret-that-is-none, seller: \"seller-{{ account }}\" }
  read:
    cred.app: { query: app }
    ts: { query: ts }
    signature: { query: sign }
    token.access_token: { header: authorization }
  tokens:
    seller: { json: { access_token: \"{{ token }}\", refresh_token: \"{{ refresh_token }}\", sellers: \"{{ ids.seller }}\" } }
";

/// A marketplace whose login a person confirms on another device.
const KIOSK: &str = "\
scheme: kiosk
credentials:
  app: {}
  seller: { scope: account }
hosts: { live: \"https://api.kiosk.example\" }
levels:
  seller: { token: seller, attach: { headers: { authorization: \"{{ token.access_token }}\" } } }
tokens:
  seller:
    store_by: [app, account]
    device:
      authorize: { post: /device, form: { app: \"{{ cred.app }}\" }, save: { device_code: $.code, user_code: $.user, verification_uri: $.page } }
      exchange: { post: /token, form: { kind: device, code: \"{{ device_code }}\", app: \"{{ cred.app }}\" } }
    refresh: { post: /token, form: { kind: refresh, refresh_token: \"{{ token.refresh_token }}\", app: \"{{ cred.app }}\" } }
    save: { access_token: $.access_token, refresh_token: $.refresh_token }
sandbox:
  keys: { app: kiosk-app, seller: \"seller-{{ account }}\" }
  read: { token.access_token: { header: authorization } }
  refuse:
    - { fault: code, status: 400, json: { error: invalid_grant } }
    - { fault: missing, status: 400, json: { error: invalid_request } }
  tokens:
    seller:
      json: { access_token: \"{{ token }}\", refresh_token: \"{{ refresh_token }}\" }
      device: { code: \"{{ device_code }}\", user: \"{{ user_code }}\", page: \"{{ verification_uri_complete }}\", every: \"{{ interval }}\", left: \"{{ expires_in }}\" }
";

struct Market {
    runtime: tokio::runtime::Runtime,
    loaded: LoadedWorkspace,
    origins: SandboxOrigins,
    live: LiveTransport,
    plain: reqwest::Client,
    scheme: Arc<Scheme>,
}

impl Market {
    /// The JSON of the response to a request that no scheme signed.
    fn json_of(&self, request: reqwest::RequestBuilder) -> Value {
        let bytes = async { request.send().await.unwrap().bytes().await.unwrap() };
        parse(&self.runtime.block_on(bytes)).unwrap()
    }

    /// The marketplace of one scheme, with two accounts where there are any.
    fn open(scheme: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let folder = Folder::new();
        folder.write("ingam.yaml", WORKSPACE);
        folder.write("schemes/mall.yaml", MALL);
        let bazaar = MALL
            .replace("scheme: mall", "scheme: bazaar")
            .replace("seller: { json:", "seller: { accepts_json: true, json:");
        folder.write("schemes/bazaar.yaml", &bazaar);
        folder.write("schemes/desk.yaml", DESK);
        folder.write("schemes/kiosk.yaml", KIOSK);
        folder.write(
            "requests/shop.yaml",
            &format!("scheme: {scheme}\nget: /x\n"),
        );
        let mut loaded = load(folder.path(), 1).unwrap();
        loaded.workspace.schemes = all_schemes(&mut loaded);
        let scheme = Arc::clone(loaded.workspace.scheme(scheme).unwrap());
        let nature = ClockAndRng { clock, rng: chance };
        let only = [Arc::clone(&scheme)];
        let sandbox = runtime
            .block_on(SandboxServer::start(
                &loaded.workspace,
                &only,
                ListenOptions::default(),
                nature,
            ))
            .unwrap();
        let plain = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            runtime,
            loaded,
            origins: sandbox.origins,
            live: LiveTransport::new(NetworkPolicy::LoopbackOnly),
            plain,
            scheme,
        }
    }

    fn account(&self, name: &str) -> NamedValues {
        let accounts = self.loaded.workspace.accounts("sandbox", &self.scheme.name);
        let account = accounts.into_iter().find(|account| account.name == name);
        test_account(&self.scheme, name, account).unwrap()
    }

    fn base(&self, region: Option<&str>) -> BaseUrl {
        let own = self.origins.base_url(&self.scheme).unwrap();
        match region {
            None => own,
            Some(region) => BaseUrl::parse(&self.scheme.host(region).unwrap().example_url())
                .unwrap()
                .with_origin(own.origin())
                .unwrap(),
        }
    }

    fn send(&self, request: &WireRequest) -> WireResponse {
        self.runtime
            .block_on(self.live.send(request, Duration::from_secs(5)))
            .unwrap()
    }

    /// A token request as the scheme makes it, of what is `known` beside the credentials.
    fn token_request(
        &self,
        request: &TokenRequest,
        account: &NamedValues,
        known: &[(&str, &str)],
    ) -> WireRequest {
        let known: Vec<ObjectMember> = known
            .iter()
            .map(|(name, value)| ((*name).into(), Value::from(*value)))
            .collect();
        let token = NamedValues::from_iter(known.clone());
        let moment = FreshValues {
            unix_ms: self.scheme.clock.request_time_ms(clock()),
            seed: [1; 16],
        };
        let inputs = SigningInputs {
            credentials: account,
            token: Some(&token),
            moment,
            steps: &[],
            extra: &known,
        };
        let draft = token_draft(&self.scheme, request, inputs).unwrap();
        seal(
            &self.scheme,
            &request.procedure,
            draft,
            &self.base(request.host.region_for("live")),
            inputs,
        )
        .unwrap()
        .request
    }

    fn exchange_request(&self, token: &str, account: &NamedValues, code: &str) -> WireRequest {
        self.token_request(
            self.scheme.token(token).unwrap().exchange.as_ref().unwrap(),
            account,
            &[("code", code)],
        )
    }

    fn refresh_request(&self, token: &str, account: &NamedValues, refresh: &str) -> WireRequest {
        self.token_request(
            self.scheme.token(token).unwrap().refresh.as_ref().unwrap(),
            account,
            &[("refresh_token", refresh)],
        )
    }

    fn exchange(&self, token: &str, account: &str, code: &str) -> Value {
        body(&self.send(&self.exchange_request(token, &self.account(account), code)))
    }

    fn refresh(&self, token: &str, account: &str, refresh: &str) -> Value {
        body(&self.send(&self.refresh_request(token, &self.account(account), refresh)))
    }

    /// The first response of a device login.
    fn device(&self, account: &str) -> Value {
        let device = self
            .scheme
            .token("seller")
            .unwrap()
            .device
            .as_ref()
            .unwrap();
        body(&self.send(&self.token_request(&device.authorize, &self.account(account), &[])))
    }

    /// Asks for the token of a device login: the status, and the body.
    fn poll(&self, account: &str, device_code: &str) -> (u16, Value) {
        let device = self
            .scheme
            .token("seller")
            .unwrap()
            .device
            .as_ref()
            .unwrap();
        let known = [("device_code", device_code)];
        let request = self.token_request(&device.exchange, &self.account(account), &known);
        let response = self.send(&request);
        (response.status, body(&response))
    }

    /// What a person sees at an address.
    fn open_page(&self, address: &str) -> (u16, String) {
        let response = async {
            let response = self.plain.get(address).send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        };
        self.runtime.block_on(response)
    }

    fn link(&self, name: Option<&str>) -> &AuthorizeLink {
        self.scheme
            .authorize_links
            .iter()
            .find(|link| link.name.as_deref() == name)
            .unwrap()
    }

    /// What a person sees who opens the link: a label and an address for each anchor.
    fn page(&self, link: &AuthorizeLink, redirect: &str) -> Vec<(String, String)> {
        let answer = self.send(&self.link_request(link, redirect));
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("text/html; charset=utf-8")),
            "{answer:?}"
        );
        anchors(std::str::from_utf8(answer.body()).unwrap())
    }

    fn link_request(&self, link: &AuthorizeLink, redirect: &str) -> WireRequest {
        let extra = [
            ("redirect".into(), Value::from(redirect)),
            ("state".into(), Value::from("a<b")),
        ];
        let account = self.account("one");
        let moment = FreshValues {
            unix_ms: self.scheme.clock.request_time_ms(clock()),
            seed: [1; 16],
        };
        let inputs = SigningInputs {
            credentials: &account,
            token: None,
            moment,
            steps: &[],
            extra: &extra,
        };
        let draft = authorize_draft(&self.scheme, link, inputs).unwrap();
        let base = self.base(link.link_host.region_for("live"));
        seal(&self.scheme, &link.procedure, draft, &base, inputs)
            .unwrap()
            .request
    }

    /// The code behind the anchor of that label.
    fn code(&self, label: &str) -> String {
        let page = self.page(&self.scheme.authorize_links[0], "https://app.example/back");
        let (_, address) = page
            .iter()
            .find(|(known, _)| known.contains(label))
            .unwrap_or_else(|| panic!("{page:?}"));
        parameter(address, "code").unwrap()
    }

    /// A call for data with an access token.
    fn call(&self, path: &str, account: &str, access: &str) -> WireResponse {
        let mut account = self.account(account);
        account.set("access_token", Value::from(access));
        let (body, query, raw_query, headers) =
            (DraftBody::None, Vec::new(), String::new(), Vec::new());
        let draft = Draft {
            external: None,
            method: Method::Get,
            path: path.to_owned(),
            raw_query,
            query,
            headers,
            body,
        };
        let level = choose_level(&self.scheme, None, draft.method, &draft.path);
        let moment = FreshValues {
            unix_ms: self.scheme.clock.request_time_ms(clock()),
            seed: [1; 16],
        };
        let inputs = SigningInputs {
            credentials: &account,
            token: Some(&account),
            moment,
            steps: &[],
            extra: &[],
        };
        self.send(
            &seal(
                &self.scheme,
                &level.procedure,
                draft,
                &self.base(None),
                inputs,
            )
            .unwrap()
            .request,
        )
    }

    /// Whether a call is verified: nothing is recorded here, and the sandbox says so only then.
    fn accepts(&self, path: &str, account: &str, access: &str) -> bool {
        self.call(path, account, access)
            .header(NO_RECORDING)
            .is_some()
    }

    fn control(&self, method: &str, what: &str) -> (u16, Value) {
        let url = format!("{}/.ingam/{what}", self.base(None).origin());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.runtime.block_on(async {
            let response = self.plain.request(method, url).send().await.unwrap();
            (
                response.status().as_u16(),
                parse(&response.bytes().await.unwrap()).unwrap(),
            )
        })
    }

    fn set(&self, what: &str) {
        let (status, answer) = self.control("POST", what);
        assert_eq!(status, 200, "{answer}");
    }

    /// What the sandbox counted for the owner of a token with that id.
    fn counted(&self, token: &str, id: (&str, i64), count: &str) -> i64 {
        let (_, seen) = self.control("GET", "tokens");
        let is = |owner: &&Value| {
            let ids = owner.get("ids").unwrap();
            text(owner, "token") == token
                && ids.get(id.0).and_then(Value::to_plain_text) == Some(id.1.to_string())
        };
        let owner = seen
            .get("owners")
            .and_then(Value::as_list)
            .unwrap()
            .iter()
            .find(is);
        owner
            .and_then(|owner| owner.get(count)?.as_number()?.as_i64())
            .unwrap_or_else(|| panic!("{token} {id:?}: {seen}"))
    }

    /// Every byte that comes back for a request on a connection of its own.
    fn raw_answer(&self, request: &WireRequest) -> Vec<u8> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nconnection: close\r\n",
            request.method(),
            request.target()
        );
        for (name, value) in request.headers() {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !request.headers().iter().any(|(name, _)| name == "Host") {
            text.push_str(&format!("host: {}\r\n", request.base().authority()));
        }
        if !request
            .headers()
            .iter()
            .any(|(name, _)| name == "Content-Length")
        {
            text.push_str(&format!("content-length: {}\r\n", request.body().len()));
        }
        let sent = [text.as_bytes(), b"\r\n", request.body()].concat();
        self.runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(request.base().authority())
                .await
                .unwrap();
            stream.writable().await.unwrap();
            assert_eq!(stream.try_write(&sent).unwrap(), sent.len());
            let (mut all, mut buffer) = (Vec::new(), [0; 4_096]);
            loop {
                stream.readable().await.unwrap();
                match stream.try_read(&mut buffer) {
                    Ok(0) => return all,
                    Ok(len) => all.extend_from_slice(&buffer[..len]),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(error) => panic!("{error}"),
                }
            }
        })
    }
}

fn body(response: &WireResponse) -> Value {
    parse(response.body()).unwrap()
}

fn text(value: &Value, path: &str) -> String {
    let found = path
        .split('.')
        .try_fold(value, |value, name| value.get(name));
    found.and_then(Value::to_plain_text).unwrap_or_default()
}

fn anchors(page: &str) -> Vec<(String, String)> {
    let plain = |text: &str| {
        text.replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
    };
    let anchors = page.split("<a href=\"").skip(1).map(|rest| {
        let (href, rest) = rest.split_once("\">").unwrap();
        (plain(rest.split_once("</a>").unwrap().0), plain(href))
    });
    anchors.collect()
}

fn parameter(address: &str, name: &str) -> Option<String> {
    let query = address.split_once('?')?.1.split('#').next()?;
    parse_form(query)
        .into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

fn with(account: &NamedValues, name: &str, value: impl Into<Value>) -> NamedValues {
    let mut account = account.clone();
    account.set(name, value.into());
    account
}

const SHOP: &str = "/api/v2/shop/get_shop_info";
const MERCHANT: &str = "/api/v2/merchant/get_merchant_info";

/// The first pair of the shop of account one.
fn authorized(market: &Market) -> Value {
    let pair = market.exchange("shop", "one", &market.code("shop_id 101"));
    assert_eq!(text(&pair, "error"), "", "{pair}");
    pair
}

#[test]
fn a_shop_lives_from_the_page_to_the_next_pair() {
    let market = Market::open("shopee");
    let page = market.page(
        market.link(Some("signed")),
        "https://app.example/back?x=1#end",
    );
    let labels: Vec<&str> = page.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "shop: partner_id 1000001, shop_id 101",
            "shop: partner_id 1000001, shop_id 102",
            "main_account: partner_id 1000001, main_account_id 500000001"
        ]
    );
    let (_, address) = &page[0];
    let code = parameter(address, "code").unwrap();
    assert_eq!(
        address,
        &format!("https://app.example/back?x=1&code={code}&shop_id=101#end")
    );
    let first = market.exchange("shop", "one", &code);
    assert_eq!(
        (text(&first, "error"), text(&first, "expire_in")),
        (String::new(), "14400".to_owned()),
        "{first}"
    );
    assert!(market.accepts(SHOP, "one", &text(&first, "access_token")));
    wait(HOUR);
    let second = market.refresh("shop", "one", &text(&first, "refresh_token"));
    assert_eq!(text(&second, "error"), "", "{second}");
    assert_ne!(text(&second, "access_token"), text(&first, "access_token"));
    assert_ne!(
        text(&second, "refresh_token"),
        text(&first, "refresh_token")
    );
    wait(5 * MINUTE - 1);
    assert!(
        market.accepts(SHOP, "one", &text(&first, "access_token")),
        "the old one is good for 5 minutes more"
    );
    wait(1);
    assert!(!market.accepts(SHOP, "one", &text(&first, "access_token")));
    assert!(market.accepts(SHOP, "one", &text(&second, "access_token")));
    wait(4 * HOUR - 5 * MINUTE);
    let refused = market.call(SHOP, "one", &text(&second, "access_token"));
    assert_eq!(
        text(&body(&refused), "error"),
        "invalid_acceess_token",
        "4 hours are over"
    );
    assert_eq!(market.counted("shop", ("shop_id", 101), "refreshed"), 1);
}

#[test]
fn a_link_is_verified_and_says_where_to_go_back() {
    let market = Market::open("shopee");
    let signed = market.link_request(market.link(Some("signed")), "https://app.example/");
    let get = |target: &str| {
        let url = format!("{}{target}", signed.base().origin());
        let answer = async {
            market
                .plain
                .get(url)
                .send()
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap()
        };
        String::from_utf8(market.runtime.block_on(answer).to_vec()).unwrap()
    };
    assert!(get(signed.target()).contains("<a href="));
    assert!(get(&signed.target().replace("sign=", "sign=0")).contains("error_sign"));
    assert!(
        get(&signed.target().replace("redirect=", "elsewhere="))
            .contains("the link has no `redirect`")
    );
    let script = get(&signed
        .target()
        .replace("https%3A%2F%2Fapp.example%2F", "javascript%3Aalert(1)"));
    assert!(script.contains("does not begin with"), "{script}");
    wait(5 * MINUTE + 1_000);
    assert!(get(signed.target()).contains("Timestamp is expired."));
    let link = market.link(Some("unsigned"));
    let page = market.page(link, "http://127.0.0.1:1/?a=\"><script>");
    assert_eq!(page.len(), 3);
    assert!(
        page.iter()
            .all(|(_, address)| parameter(address, "state").as_deref() == Some("a<b")),
        "{page:?}"
    );
    assert_eq!(
        parameter(&page[2].1, "main_account_id").as_deref(),
        Some("500000001")
    );
    let unsigned = market.link_request(link, "http://127.0.0.1:1/?a=\"><script>");
    assert!(
        !get(unsigned.target()).contains("<script>"),
        "what stands in a link is text"
    );
    assert!(
        get(&unsigned
            .target()
            .replace("partner_id=1000001", "partner_id=7"))
        .contains("partner_id is invalid")
    );
}

#[test]
fn a_code_works_once_for_ten_minutes_and_for_its_shop() {
    let market = Market::open("shopee");
    let code = market.code("shop_id 101");
    assert_eq!(
        text(&market.exchange("shop", "two", &code), "error"),
        "invalid_code",
        "another shop"
    );
    assert_eq!(
        text(&market.exchange("main_account", "one", &code), "error"),
        "invalid_code",
        "another token"
    );
    wait(10 * MINUTE - 1);
    assert_eq!(text(&market.exchange("shop", "one", &code), "error"), "");
    assert_eq!(
        text(&market.exchange("shop", "one", &code), "error"),
        "invalid_code",
        "once more"
    );
    let code = market.code("shop_id 101");
    wait(10 * MINUTE);
    assert_eq!(
        text(&market.exchange("shop", "one", &code), "error"),
        "invalid_code",
        "too old"
    );
    assert_eq!(market.counted("shop", ("shop_id", 101), "refused"), 2);
}

#[test]
fn a_token_request_says_what_the_scheme_says() {
    let market = Market::open("shopee");
    let pair = authorized(&market);
    let refresh = text(&pair, "refresh_token");
    let one = market.account("one");
    let refused = |account: &NamedValues| {
        let answer = body(&market.send(&market.refresh_request("shop", account, &refresh)));
        format!("{}: {}", text(&answer, "error"), text(&answer, "message"))
    };
    assert_eq!(
        refused(&with(&one, "shop_id", 999_i64)),
        "error_auth: Invalid partner_id or shopid."
    );
    assert_eq!(
        refused(&with(&one, "shop_id", "101")),
        "error_auth: Invalid partner_id or shopid.",
        "text for a number"
    );
    assert_eq!(
        refused(&with(&one, "partner_id", 7_i64)),
        "error_auth: partner_id is invalid"
    );
    assert_eq!(
        refused(&with(&one, "partner_key", "another-key")),
        "error_sign: Wrong sign."
    );
    assert!(refused(&with(&one, "shop_id", Value::Null)).contains("There is no shop_id in json."));
    // The body is not signed here: another one arrives with the same signature.
    let right = market.refresh_request("shop", &one, &refresh);
    let post = |body: String| {
        let url = format!("{}{}", right.base().origin(), right.target());
        let request = market
            .plain
            .post(url)
            .header("content-type", "application/json")
            .body(body);
        parse(
            &market
                .runtime
                .block_on(async { request.send().await.unwrap().bytes().await.unwrap() }),
        )
        .unwrap()
    };
    let sent = String::from_utf8(right.body().to_vec()).unwrap();
    let both = post(sent.replace('{', "{\"merchant_id\":201,"));
    assert!(
        text(&both, "message").contains("merchant_id in json does not belong"),
        "{both}"
    );
    assert_eq!(
        text(&post(sent), "error"),
        "",
        "nothing was spent by what was refused"
    );
}

#[test]
fn a_refresh_token_works_once() {
    let market = Market::open("shopee");
    let first = authorized(&market);
    let second = market.refresh("shop", "one", &text(&first, "refresh_token"));
    let again = market.refresh("shop", "one", &text(&first, "refresh_token"));
    assert_eq!(text(&again, "error"), "error_shop_refresh_token");
    assert_eq!(
        text(
            &market.refresh("shop", "two", &text(&second, "refresh_token")),
            "error"
        ),
        "error_shop_refresh_token"
    );
    market.set("grace?seconds=60");
    wait(MINUTE - 1);
    let same = market.refresh("shop", "one", &text(&first, "refresh_token"));
    for name in ["access_token", "refresh_token"] {
        assert_eq!(
            text(&same, name),
            text(&second, name),
            "within the grace the very pair comes back"
        );
    }
    wait(1);
    let late = market.refresh("shop", "one", &text(&first, "refresh_token"));
    assert_eq!(text(&late, "error"), "error_shop_refresh_token");
    let counted = |count: &str| market.counted("shop", ("shop_id", 101), count);
    assert_eq!(
        (
            counted("exchanged"),
            counted("refreshed"),
            counted("replayed"),
            counted("refused")
        ),
        (1, 1, 3, 2)
    );
    // A new authorization replaces what is left of the old one.
    let new = authorized(&market);
    assert_eq!(
        text(
            &market.refresh("shop", "one", &text(&second, "refresh_token")),
            "error"
        ),
        "error_shop_refresh_token"
    );
    assert_eq!(
        text(
            &market.refresh("shop", "one", &text(&new, "refresh_token")),
            "error"
        ),
        ""
    );
}

#[test]
fn a_main_account_is_split_into_its_shops_and_merchants() {
    let market = Market::open("shopee");
    let shared = market.exchange("main_account", "one", &market.code("main_account_id"));
    let list = |name: &str| shared.get(name).map(Value::to_json).unwrap_or_default();
    assert_eq!(
        (list("shop_id_list"), list("merchant_id_list")),
        ("[101,102]".to_owned(), "[201]".to_owned()),
        "{shared}"
    );
    let access = text(&shared, "access_token");
    assert!(
        market.accepts(SHOP, "one", &access)
            && market.accepts(SHOP, "two", &access)
            && market.accepts(MERCHANT, "one", &access)
    );
    let refresh = text(&shared, "refresh_token");
    let mut pairs = Vec::new();
    for (token, account) in [("shop", "one"), ("shop", "two"), ("merchant", "one")] {
        let pair = market.refresh(token, account, &refresh);
        assert_eq!(text(&pair, "error"), "", "{token} {account}: {pair}");
        let again = market.refresh(token, account, &refresh);
        assert_eq!(
            text(&again, "error"),
            "error_shop_refresh_token",
            "{token} {account}"
        );
        pairs.push(text(&pair, "refresh_token"));
    }
    assert_eq!(
        text(&market.refresh("shop", "two", &pairs[0]), "error"),
        "error_shop_refresh_token",
        "each has its own chain now"
    );
    assert_eq!(text(&market.refresh("shop", "one", &pairs[0]), "error"), "");
    assert_eq!(
        text(&market.refresh("merchant", "one", &pairs[2]), "error"),
        ""
    );
}

#[test]
fn a_token_is_good_for_its_owner_alone() {
    let market = Market::open("shopee");
    let access = text(&authorized(&market), "access_token");
    assert!(market.accepts(SHOP, "one", &access));
    let other = body(&market.call(SHOP, "two", &access));
    assert_eq!(
        text(&other, "error"),
        "invalid_acceess_token",
        "a token of one shop for another"
    );
    assert!(
        !market.accepts(MERCHANT, "one", &access),
        "a shop's token is no merchant's"
    );
    assert!(
        market.accepts(SHOP, "two", "sandbox-access-token-two"),
        "the test keys stay"
    );
}

#[test]
fn a_grant_can_be_taken_back_and_everything_gets_too_old() {
    let market = Market::open("shopee");
    let revoked = authorized(&market);
    market.set("revoke?token=shop&shop_id=102");
    assert!(
        market.accepts(SHOP, "one", &text(&revoked, "access_token")),
        "only the other shop's"
    );
    market.set("revoke");
    assert!(!market.accepts(SHOP, "one", &text(&revoked, "access_token")));
    assert_eq!(
        text(
            &market.refresh("shop", "one", &text(&revoked, "refresh_token")),
            "error"
        ),
        "shop_no_linked"
    );
    let pair = authorized(&market);
    assert!(
        !market.accepts(SHOP, "one", &text(&revoked, "access_token")),
        "what was undone stays dead"
    );
    market.set("expire?what=access");
    assert!(!market.accepts(SHOP, "one", &text(&pair, "access_token")));
    let pair = market.refresh("shop", "one", &text(&pair, "refresh_token"));
    assert!(market.accepts(SHOP, "one", &text(&pair, "access_token")));
    market.set("expire?what=refresh");
    assert_eq!(
        text(
            &market.refresh("shop", "one", &text(&pair, "refresh_token")),
            "error"
        ),
        "refresh_token_expired"
    );
    let pair = authorized(&market);
    market.set("expire?what=grant");
    assert_eq!(
        text(
            &market.refresh("shop", "one", &text(&pair, "refresh_token")),
            "error"
        ),
        "shop_no_linked"
    );
    // The same by the scheme's own lives.
    let pair = authorized(&market);
    wait(30 * DAY);
    assert_eq!(
        text(
            &market.refresh("shop", "one", &text(&pair, "refresh_token")),
            "error"
        ),
        "refresh_token_expired"
    );
    market.set("life?access=60&refresh=40000000");
    let pair = authorized(&market);
    assert_eq!(text(&pair, "expire_in"), "60");
    wait(365 * DAY - 1);
    let pair = market.refresh("shop", "one", &text(&pair, "refresh_token"));
    assert_eq!(text(&pair, "error"), "");
    wait(1);
    assert_eq!(
        text(
            &market.refresh("shop", "one", &text(&pair, "refresh_token")),
            "error"
        ),
        "shop_no_linked"
    );
}

#[test]
fn a_lost_answer_has_spent_the_token() {
    let market = Market::open("shopee");
    let first = authorized(&market);
    market.set("lose?answers=1");
    let request = market.refresh_request("shop", &market.account("one"), "not-a-token");
    assert_eq!(
        text(&body(&market.send(&request)), "error"),
        "error_shop_refresh_token",
        "what is refused is not lost"
    );
    let request = market.refresh_request(
        "shop",
        &market.account("one"),
        &text(&first, "refresh_token"),
    );
    assert_eq!(
        market.raw_answer(&request),
        b"",
        "the connection ends without a byte"
    );
    let again = String::from_utf8(market.raw_answer(&request)).unwrap();
    assert!(
        again.starts_with("HTTP/1.1 403 ") && again.contains("error_shop_refresh_token"),
        "{again}"
    );
    let (_, seen) = market.control("GET", "tokens");
    assert_eq!(
        (text(&seen, "requests"), text(&seen, "lost")),
        ("4".to_owned(), "1".to_owned()),
        "{seen}"
    );
    market.set("grace?seconds=1");
    let found = market.refresh("shop", "one", &text(&first, "refresh_token"));
    assert!(
        market.accepts(SHOP, "one", &text(&found, "access_token")),
        "the grace gives the lost pair back"
    );
}

#[test]
fn control_shows_no_token_and_says_what_there_is() {
    let market = Market::open("shopee");
    let pair = authorized(&market);
    let (status, seen) = market.control("GET", "tokens");
    assert_eq!(status, 200);
    assert_eq!(
        seen.to_json(),
        "{\"requests\":1,\"lost\":0,\"owners\":[{\"token\":\"shop\",\"ids\":{\"partner_id\":1000001,\"shop_id\":101},\
         \"issued\":0,\"exchanged\":1,\"refreshed\":0,\"refused\":0,\"replayed\":0,\"revoked\":false}]}"
    );
    assert!(!seen.to_json().contains(&text(&pair, "access_token")));
    for (method, what, message) in [
        ("POST", "loose", "no control `POST /.ingam/loose`"),
        (
            "POST",
            "lose?answers=some",
            "`answers` must be a whole number",
        ),
        ("POST", "expire?what=all", "`what` must be"),
        ("POST", "revoke?shopid=1", "no token is stored by `shopid`"),
        (
            "POST",
            "grace?seconds=1&hours=1",
            "has no parameter `hours`",
        ),
    ] {
        let (status, answer) = market.control(method, what);
        let said = text(&answer, "message");
        assert!(
            status == 400 && said.contains(message) && said.contains("POST lose?answers=N"),
            "{what}: {status} {said}"
        );
    }
}

#[test]
fn tokens_for_credentials_alone_come_as_before() {
    let market = Market::open("naver-commerce");
    let account = market.account("default");
    let issue = market
        .scheme
        .token("seller")
        .unwrap()
        .issue
        .as_ref()
        .unwrap();
    let ask = || {
        text(
            &body(&market.send(&market.token_request(issue, &account, &[]))),
            "access_token",
        )
    };
    let first = ask();
    wait(150 * MINUTE);
    assert_eq!(ask(), first);
    wait(1);
    let second = ask();
    assert_ne!(second, first);
    let path = "/v1/seller/channels";
    assert!(market.accepts(path, "default", &first) && market.accepts(path, "default", &second));
    wait(30 * MINUTE);
    assert!(
        !market.accepts(path, "default", &first) && market.accepts(path, "default", &second),
        "until its own end"
    );
    market.set("revoke");
    assert!(!market.accepts(path, "default", &second));
    let third = ask();
    assert!(
        third != second && market.accepts(path, "default", &third),
        "the application asks again"
    );
    let (_, seen) = market.control("GET", "tokens");
    assert_eq!(
        text(&seen.get("owners").unwrap().as_list().unwrap()[0], "issued"),
        "4",
        "{seen}"
    );
}

#[test]
fn a_token_for_credentials_alone_needs_the_right_ones() {
    let market = Market::open("desk");
    let answer = |path: &str, body: &str| {
        let url = format!("{}{path}", market.base(Some("auth")).origin());
        let request = market
            .plain
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
        market.json_of(request)
    };
    let right = "scope=orders&app=desk-app&secret=desk-secret-that-is-none";
    for (path, body, fault) in [
        (
            "/token",
            right.replace("that-is-none", "of-nobody"),
            "unknown_key (`form.secret`)",
        ),
        (
            "/token",
            right.replace("desk-app", "app"),
            "unknown_key (`form.app`)",
        ),
        (
            "/token",
            right.replace("orders", "everything"),
            "malformed (`form.scope`)",
        ),
        (
            "/token",
            right.replace("secret=", "secrets="),
            "missing (`form.secret`)",
        ),
        (
            "/token?secret=desk-secret-that-is-none",
            right.replace("&secret=desk-secret-that-is-none", ""),
            "missing (`form.secret`)",
        ),
    ] {
        assert_eq!(
            text(&answer(path, &body), "message"),
            format!("the sandbox refuses this request: {fault}"),
            "{path} {body}"
        );
    }
    let orders = text(&answer("/token", right), "access_token");
    let keys = text(
        &answer("/token", &right.replace("orders", "keys")),
        "access_token",
    );
    assert!(market.accepts("/orders", "default", &orders));
    assert!(
        !market.accepts("/keys", "default", &orders),
        "of another scope"
    );
    assert!(market.accepts("/keys", "default", &keys));
}

/// "Authorization overview" (202407): the links of the Partner Center carry the service id.
#[test]
fn a_login_can_begin_at_the_link_of_a_service() {
    let market = Market::open("tiktok-shop");
    for name in ["app", "service", "service-us"] {
        let anchors = market.page(market.link(Some(name)), "https://app.example/callback");
        let (_, address) = anchors
            .iter()
            .find(|(label, _)| label.ends_with("account two"))
            .unwrap();
        assert_eq!(parameter(address, "state").as_deref(), Some("a<b"));
        let code = parameter(address, "code").unwrap();
        let pair = market.exchange("seller", "two", &code);
        assert_eq!(text(&pair, "message"), "success", "{name}: {pair}");
    }
}

#[test]
fn a_pair_whose_owner_only_the_marketplace_knows() {
    let market = Market::open("lazada");
    let pair = market.exchange("seller", "one", &market.code("account two"));
    assert_eq!(
        (text(&pair, "code"), text(&pair, "expires_in")),
        ("0".to_owned(), "2592000".to_owned()),
        "{pair}"
    );
    assert_eq!(text(&pair, "refresh_expires_in"), "15552000");
    let path = "/orders/get";
    assert!(
        market.accepts(path, "one", &text(&pair, "access_token")),
        "nothing in it says which account it is"
    );
    wait(DAY);
    let next = market.refresh("seller", "one", &text(&pair, "refresh_token"));
    assert_eq!(
        text(&next, "refresh_token"),
        text(&pair, "refresh_token"),
        "it stays"
    );
    // As the official SDKs send it: every parameter in the form of a POST.
    let refresh = text(&pair, "refresh_token");
    let request = market.refresh_request("seller", &market.account("one"), &refresh);
    let (path_of_token, query) = request.target().split_once('?').unwrap();
    let posted = |form: &str| {
        let url = format!("{}{path_of_token}", request.base().origin());
        let request = market.plain.post(url).body(form.to_owned());
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        market.json_of(request.header("content-type", form))
    };
    let next_by_post = posted(query);
    assert_eq!(text(&next_by_post, "code"), "0", "{next_by_post}");
    let wrong = query.replace("sign=", "sign=0");
    assert_eq!(text(&posted(&wrong), "code"), "IncompleteSignature");
    let next = next_by_post;
    assert_ne!(text(&next, "access_token"), text(&pair, "access_token"));
    assert_eq!(text(&next, "refresh_expires_in"), "15465600");
    assert!(
        market.accepts(path, "two", &text(&next, "access_token"))
            && market.accepts(path, "two", &text(&pair, "access_token"))
    );
    assert_eq!(
        text(&market.refresh("seller", "one", "x"), "code"),
        "IllegalRefreshToken"
    );
    assert_eq!(
        text(&market.exchange("seller", "one", "x"), "code"),
        "InvalidCode"
    );
    market.set("revoke?account=two");
    assert_eq!(
        text(
            &market.refresh("seller", "one", &text(&pair, "refresh_token")),
            "code"
        ),
        "IllegalRefreshToken"
    );
    assert_eq!(
        text(
            &body(&market.call(path, "two", &text(&next, "access_token"))),
            "code"
        ),
        "IllegalAccessToken"
    );
}

#[test]
fn a_pair_with_points_in_time_and_a_link_without_an_address() {
    let market = Market::open("tiktok-shop");
    let page = market.page(market.link(Some("app")), "");
    let (label, address) = &page[1];
    assert_eq!(label, "seller: app_key sandbox-app-key, account two");
    assert!(
        address.starts_with(&format!(
            "{}/.ingam/callback?code=",
            market.base(None).origin()
        )),
        "{address}"
    );
    assert_eq!(parameter(address, "state").as_deref(), Some("a<b"));
    let landing = async {
        market
            .plain
            .get(address)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    assert!(
        market
            .runtime
            .block_on(landing)
            .contains("Copy the address of this page")
    );
    let pair = market.exchange("seller", "one", &parameter(address, "code").unwrap());
    assert_eq!(
        (
            text(&pair, "code"),
            text(&pair, "data.access_token_expire_in")
        ),
        ("0".to_owned(), ((START + 7 * DAY) / 1_000).to_string())
    );
    let path = "/order/202309/orders";
    let access = text(&pair, "data.access_token");
    assert!(
        market.accepts(path, "two", &access) && !market.accepts(path, "one", &access),
        "the cipher names the shop"
    );
    let next = market.refresh("seller", "one", &text(&pair, "data.refresh_token"));
    assert!(market.accepts(path, "two", &text(&next, "data.access_token")));
    let secret = with(&market.account("one"), "app_secret", "another-secret");
    let refused = body(&market.send(&market.refresh_request(
        "seller",
        &secret,
        &text(&next, "data.refresh_token"),
    )));
    assert_eq!(
        text(&refused, "message"),
        "Invalid credentials. The 'app_secret' query parameter is invalid."
    );
    assert_eq!(
        text(&market.exchange("seller", "one", "x"), "code"),
        "36004004"
    );
    market.set("expire?what=refresh");
    let late = market.refresh("seller", "one", &text(&next, "data.refresh_token"));
    assert!(text(&late, "message").contains("'refresh_token'"), "{late}");
}

#[test]
fn a_host_of_its_own_one_path_and_forms() {
    let market = Market::open("mall");
    let page = market.page(market.link(None), "https://app.example/");
    let labels: Vec<&str> = page.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "seller: app mall-app, seller seller-one",
            "seller: app mall-app, seller seller-two"
        ],
        "of this app"
    );
    let code = market.code("seller seller-one");
    let one = market.account("one");
    let post = |request: &WireRequest, from: &str, to: &str| {
        let url = format!("{}{}", request.base().origin(), request.target());
        let body = String::from_utf8(request.body().to_vec())
            .unwrap()
            .replace(from, to);
        let request = market
            .plain
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        market.json_of(request)
    };
    let right = market.exchange_request("seller", &one, &code);
    assert!(
        right.target().starts_with("/v1/token?"),
        "{}",
        right.target()
    );
    for (from, to, fault) in [
        ("kind=code", "kind=other", "malformed (`form.kind`)"),
        (
            "seller=seller-one",
            "seller=nobody",
            "account (`form.seller`)",
        ),
        (
            "seller=seller-one",
            "seller=seller-two",
            "code (`form.code`)",
        ),
        ("seller=seller-one", "branch=1", "missing (`form.seller`)"),
    ] {
        let refused = text(&post(&right, from, to), "message");
        assert_eq!(
            refused,
            format!("the sandbox refuses this request: {fault}"),
            "{from} {to}"
        );
    }
    let first = body(&market.send(&right));
    assert_eq!(
        first.get("sellers").map(Value::to_json).as_deref(),
        Some("[\"seller-one\"]"),
        "{first}"
    );
    let second = market.refresh("seller", "two", &text(&first, "refresh_token"));
    assert!(
        market.accepts("/orders", "one", &text(&second, "access_token")),
        "{second}"
    );
    let again = market.refresh("seller", "two", &text(&first, "refresh_token"));
    assert_eq!(
        text(&again, "message"),
        "the sandbox refuses this request: refresh_token (`form.refresh_token`)"
    );
    assert_eq!(
        market
            .raw_answer(&market.refresh_request("seller", &one, "x"))
            .get(..12),
        Some(&b"HTTP/1.1 401"[..])
    );
}

#[test]
fn a_form_may_come_as_json_where_the_scheme_says_so() {
    for (scheme, json, expected) in [
        (
            "bazaar",
            r#"{"kind":"code","code":"CODE","seller":"seller-one"}"#,
            "token",
        ),
        (
            "bazaar",
            r#"{"kind":"code","code":"other","seller":"seller-one"}"#,
            "code (`form.code`)",
        ),
        (
            "bazaar",
            r#"{"kind":"code","code":"CODE"}"#,
            "missing (`form.seller`)",
        ),
        (
            "bazaar",
            r#"{"kind":["code"],"code":"CODE"}"#,
            "missing (`form.kind`)",
        ),
        ("bazaar", r#"{"kind":"#, "malformed (`body`)"),
        (
            "mall",
            r#"{"kind":"code","code":"CODE","seller":"seller-one"}"#,
            "missing (`form.kind`)",
        ),
    ] {
        let market = Market::open(scheme);
        let code = market.code("seller seller-one");
        let form = market.exchange_request("seller", &market.account("one"), &code);
        let request = market
            .plain
            .post(format!("{}{}", form.base().origin(), form.target()))
            .header("content-type", "application/json; charset=utf-8")
            .body(json.replace("CODE", &code));
        let answer = market.json_of(request);
        if expected == "token" {
            assert!(answer.get("access_token").is_some(), "{answer}");
        } else {
            let refused = format!("the sandbox refuses this request: {expected}");
            assert_eq!(text(&answer, "message"), refused, "{scheme} {json}");
        }
    }
}

fn member(json: &Value, name: &str) -> String {
    let value = json.get(name).unwrap_or_else(|| panic!("{json:?}"));
    value.to_text()
}

fn waits(error: &str) -> (u16, Value) {
    (400, Value::Object(vec![("error".into(), error.into())]))
}

#[test]
fn the_login_of_a_device_waits_for_the_person_and_brings_its_token_once() {
    let market = Market::open("kiosk");
    let begun = market.device("one");
    let code = member(&begun, "code");
    assert_eq!(
        (member(&begun, "every"), member(&begun, "left")),
        ("1".to_owned(), "600".to_owned())
    );
    assert_eq!(market.poll("one", &code), waits("authorization_pending"));
    // Sooner than the interval, and then sooner than the longer one.
    assert_eq!(market.poll("one", &code), waits("slow_down"));
    wait(1_000);
    assert_eq!(market.poll("one", &code), waits("slow_down"));
    wait(11_000);
    assert_eq!(market.poll("one", &code), waits("authorization_pending"));
    let (status, page) = market.open_page(&member(&begun, "page"));
    assert_eq!(status, 200, "{page}");
    let choices = anchors(&page);
    assert_eq!(
        choices
            .iter()
            .map(|(label, _)| label.as_str())
            .collect::<Vec<_>>(),
        [
            "seller: app kiosk-app, account one",
            "seller: app kiosk-app, account two",
            "Deny"
        ]
    );
    let page = member(&begun, "page");
    let (address, _) = page.split_once('?').unwrap();
    // As a person types it: small letters, no hyphen.
    let typed = member(&begun, "user").replace('-', "").to_lowercase();
    let (status, text) = market.open_page(&format!("{address}?user_code={typed}&decision=1"));
    assert_eq!(status, 200, "{text}");
    wait(11_000);
    let (status, pair) = market.poll("one", &code);
    assert_eq!(status, 200, "{pair:?}");
    let access = member(&pair, "access_token");
    assert_eq!(
        market.call("/x", "two", &access).status,
        501,
        "no recording"
    );
    let next = market.refresh("seller", "two", &member(&pair, "refresh_token"));
    assert_ne!(member(&next, "access_token"), access);
    wait(11_000);
    assert_eq!(market.poll("one", &code), waits("invalid_grant"), "used");
    assert_eq!(market.open_page(&page).0, 404, "decided");
}

#[test]
fn the_login_of_a_device_is_denied_expires_and_belongs_to_its_application() {
    let market = Market::open("kiosk");
    let denied = market.device("one");
    let deny = format!("{}&decision=deny", member(&denied, "page"));
    assert_eq!(
        market
            .open_page(&format!("{}&decision=7", member(&denied, "page")))
            .0,
        404
    );
    assert_eq!(market.open_page(&deny).0, 200);
    let code = member(&denied, "code");
    assert_eq!(market.poll("of_another_app", &code), waits("invalid_grant"));
    assert_eq!(market.poll("one", &code), waits("access_denied"));
    let late = market.device("one");
    assert_ne!(member(&late, "code"), code);
    assert_ne!(member(&late, "user"), member(&denied, "user"));
    wait(10 * MINUTE);
    assert_eq!(market.open_page(&member(&late, "page")).0, 404);
    assert_eq!(
        market.poll("one", &member(&late, "code")),
        waits("expired_token")
    );
    assert_eq!(
        market.poll("one", "sandbox-seller-device-guessed"),
        waits("invalid_grant")
    );
    let page = member(&late, "page");
    let (address, _) = page.split_once('?').unwrap();
    for (query, status, contains) in [
        ("", 200, "The code of your device"),
        ("?decision=0", 400, "`user_code` is missing"),
        ("?user_code=X&decision=yes", 400, "a number or `deny`"),
        ("?user_code=%3Cscript%3E", 404, "No login with this code"),
        ("?code=X", 400, "has no parameter `code`"),
    ] {
        let (got, page) = market.open_page(&format!("{address}{query}"));
        assert_eq!(got, status, "{query}: {page}");
        assert!(page.contains(contains), "{query}: {page}");
    }
}

#[test]
fn a_token_that_is_issued_with_another_is_for_the_account_of_that_one() {
    let market = Market::open("amazon-sp-api");
    let restricted = |access: &str| {
        let token = market.scheme.token("restricted").unwrap();
        let issue = token.issue.as_ref().unwrap();
        let known = [("access_token", access)];
        market.send(&market.token_request(issue, &market.account("one"), &known))
    };
    let seller = |account: &str| {
        let page = market.page(market.link(None), "https://app.example/back");
        let label = format!("account {account}");
        let mut anchors = page.iter();
        let (_, address) = anchors.find(|(known, _)| known.contains(&label)).unwrap();
        let code = parameter(address, "spapi_oauth_code").unwrap();
        text(&market.exchange("seller", account, &code), "access_token")
    };
    let (one, two) = (seller("one"), seller("two"));
    let own = restricted(&one);
    assert_eq!(own.status, 200, "{own:?}");
    let own = text(&body(&own), "restrictedDataToken");
    let other = text(&body(&restricted(&two)), "restrictedDataToken");
    assert_ne!(own, other);
    assert_eq!(text(&body(&restricted(&two)), "expiresIn"), "3600");
    for nobody in ["Atza|nobody", &own] {
        let refused = restricted(nobody);
        assert_eq!(refused.status, 403, "{nobody}");
        assert!(text_of(&refused).contains("revoked, malformed or invalid"));
    }
    // It serves the restricted calls, beside the token of the seller, and no others.
    for access in [&own, &one] {
        assert!(market.accepts("/orders/v0/orders", "one", access));
    }
    assert!(!market.accepts("/listings/2021-08-01/items/a/b", "one", &own));
    assert!(market.accepts("/listings/2021-08-01/items/a/b", "one", &one));
    wait(HOUR);
    for (access, words) in [
        (&own, "has expired"),
        (&one, "has expired"),
        (&"Atza|nobody".to_owned(), "revoked, malformed or invalid"),
    ] {
        let refused = market.call("/orders/v0/orders", "one", access);
        assert_eq!(refused.status, 403);
        assert!(text_of(&refused).contains(words), "{}", text_of(&refused));
    }
}

fn text_of(response: &WireResponse) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

#[test]
fn token_requests_at_the_address_of_calls_are_told_by_their_operation() {
    let market = Market::open("xiaohongshu");
    let code = market.code("account one");
    let pair = market.exchange("shop", "one", &code);
    let access = text(&pair, "data.accessToken");
    let next = market.refresh("shop", "one", &text(&pair, "data.refreshToken"));
    assert_ne!(text(&next, "data.accessToken"), access);
    let refused = market.exchange("shop", "one", "no-code");
    assert!(text(&refused, "error_msg").contains("code is unknown"));
    let call = |method: &str, access: &str| {
        let mut account = market.account("one");
        account.set("access_token", Value::from(access));
        let json = Value::Object(vec![("method".into(), method.into())]);
        let path = "/common_controller".to_owned();
        let draft = Draft {
            external: None,
            method: Method::Post,
            path,
            raw_query: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: DraftBody::Json(json),
        };
        let level = choose_level(&market.scheme, None, draft.method, &draft.path);
        let inputs = SigningInputs {
            credentials: &account,
            token: Some(&account),
            moment: FreshValues {
                unix_ms: clock(),
                seed: [1; 16],
            },
            steps: &[],
            extra: &[],
        };
        let base = market.base(None);
        let sealed = seal(&market.scheme, &level.procedure, draft, &base, inputs).unwrap();
        market.send(&sealed.request)
    };
    assert!(
        call("order.getOrderList", &access)
            .header(NO_RECORDING)
            .is_some()
    );
    let nobody = call("order.getOrderList", "nobody");
    assert!(text(&body(&nobody), "error_msg").contains("accessToken is unknown"));
}

#[test]
fn a_token_request_with_another_method_is_taken_where_the_marketplace_takes_it() {
    let market = Market::open("lazada");
    let request = |code: &str| market.exchange_request("seller", &market.account("one"), code);
    let send = |method: reqwest::Method, request: &WireRequest| {
        let (path, query) = request.target().split_once('?').unwrap();
        let sent = market
            .plain
            .request(method, format!("{}{path}", request.base().origin()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(query.to_owned());
        market.json_of(sent)
    };
    let code = market.code("account one");
    let refused = send(reqwest::Method::PUT, &request(&code));
    assert_eq!(text(&refused, "access_token"), "", "{refused:?}");
    let pair = send(reqwest::Method::POST, &request(&code));
    assert!(
        text(&pair, "access_token").starts_with("sandbox-seller-access-"),
        "{pair:?}"
    );
    let refused = send(reqwest::Method::POST, &request("no-code"));
    assert_eq!(text(&refused, "code"), "InvalidCode");
}
