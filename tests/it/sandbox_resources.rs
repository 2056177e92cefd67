//! What the sandbox keeps between two requests, and answers that are late, broken or used up, seen
//! from outside.

use super::program::Folder;
use ingam::internals::host::{ClockAndRng, RandomError};
use ingam::internals::load::{LoadedWorkspace, load};
use ingam::internals::method::Method;
use ingam::internals::render::FreshValues;
use ingam::internals::sandbox::{
    ListenOptions, NO_RECORDING, SandboxOrigins, SandboxServer, test_account,
};
use ingam::internals::sign::{SigningInputs, choose_level, seal};
use ingam::internals::transport::{LiveTransport, NetworkPolicy, TransportError};
use ingam::internals::value::{Value, parse};
use ingam::internals::wire::{Draft, DraftBody, WireRequest, WireResponse, parse_form};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const NOW: i64 = 1_795_338_000_000;

fn clock() -> i64 {
    NOW
}

fn chance() -> Result<[u8; 16], RandomError> {
    Ok([5; 16])
}

const ITEMS: &str = r#"
format: 1
scheme: shopee
resources:
  item:
    id: { first: 801 }
    create: { post: /api/v2/item/add, json: { item_id: "{{ id }}", name: "{{ sent.name }}", by: "{{ account }}" } }
    read: { get: /api/v2/item/get, id: { query: item_id }, json: { id: "{{ id }}", all: "{{ sent }}", none: "{{ sent.x }}" } }
    update: { post: /api/v2/item/update, id: { json: $.item.id }, json: { id: "{{ id }}", name: "{{ sent.name }}" } }
    delete: { post: /api/v2/item/delete, id: { json: $.item_id }, json: { gone: "{{ id }}" } }
    list: { get: /api/v2/item/list, each: ["{{ id }}", "{{ sent.name }}"], json: { items: "{{ items }}", count: "{{ count }}" } }
    missing: { status: 200, json: { error: "no item {{ id }}" } }
  label:
    id: { prefix: "L " }
    shared: true
    create: { post: /api/v2/labels, status: 201, json: { id: "{{ id }}", text: "{{ sent.text }}" } }
    read: { get: "/api/v2/labels/{id}", id: { path: true }, json: { id: "{{ id }}" } }
    delete: { delete: "/api/v2/labels/{id}", id: { path: true }, status: 204 }
    list: { get: /api/v2/labels/all, each: "{{ id }}", json: "{{ items }}" }
exchanges:
  - request: { get: /api/v2/item/get, query: { item_id: 802 } }
    response: { status: 503, json: { error: busy } }
    times: 1
  - request: { get: /api/v2/item/get, query: { item_id: "80<random>" } }
    response: { status: 500, json: { error: never seen } }
  - request: &twice { get: /api/v2/twice }
    response: { status: 200, json: { turn: 1 } }
    times: 2
  - request: &slow { get: /api/v2/slow }
    response: { status: 200, json: { turn: 1 } }
    delay: 300ms
  - request: *slow
    response: { status: 200, json: { turn: 2 } }
  - request: { get: /api/v2/reset }
    fault: reset
  - request: { get: /api/v2/half }
    response: { status: 200, json: { error: "", message: "0123456789" } }
    fault: truncate
"#;

struct Market {
    runtime: tokio::runtime::Runtime,
    loaded: LoadedWorkspace,
    origins: SandboxOrigins,
    live: LiveTransport,
}

impl Market {
    fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let folder = Folder::new();
        folder.write(
            "ingam.yaml",
            "envs: { sandbox: { accounts: { shopee: { one: { shop_id: 101 }, two: { shop_id: 102 } } } } }\n",
        );
        folder.write("fixtures/recordings/items.yaml", ITEMS);
        let loaded = load(folder.path(), 1).unwrap();
        assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
        let nature = ClockAndRng { clock, rng: chance };
        let sandbox = runtime
            .block_on(SandboxServer::start(
                &loaded.workspace,
                &loaded.workspace.schemes,
                ListenOptions::default(),
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

    /// A signed request of an account.
    fn request(
        &self,
        account: &str,
        method: Method,
        target: &str,
        json: Option<&str>,
    ) -> WireRequest {
        let scheme = self.loaded.workspace.scheme("shopee").unwrap();
        let known = self
            .loaded
            .workspace
            .accounts("sandbox", "shopee")
            .into_iter()
            .find(|known| known.name == account);
        let values = test_account(scheme, account, known).unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let body = json.map_or(DraftBody::None, |json| {
            DraftBody::Json(parse(json.as_bytes()).unwrap())
        });
        let (raw_query, headers) = (String::new(), Vec::new());
        let draft = Draft {
            external: None,
            method,
            path: path.to_owned(),
            raw_query,
            query: parse_form(query),
            headers,
            body,
        };
        let level = choose_level(scheme, None, method, path);
        let moment = FreshValues {
            unix_ms: NOW,
            seed: [1; 16],
        };
        let inputs = SigningInputs {
            credentials: &values,
            token: Some(&values),
            moment,
            steps: &[],
            extra: &[],
        };
        seal(
            scheme,
            &level.procedure,
            draft,
            &self.origins.base_url(scheme).unwrap(),
            inputs,
        )
        .unwrap()
        .request
    }

    fn send(&self, request: &WireRequest) -> Result<WireResponse, TransportError> {
        self.runtime
            .block_on(self.live.send(request, Duration::from_secs(20)))
    }

    /// Status and body of the answer, as one text.
    fn get(&self, account: &str, target: &str) -> String {
        shown(
            &self
                .send(&self.request(account, Method::Get, target, None))
                .unwrap(),
        )
    }

    fn post(&self, account: &str, target: &str, json: &str) -> String {
        shown(
            &self
                .send(&self.request(account, Method::Post, target, Some(json)))
                .unwrap(),
        )
    }

    fn counts(&self, resource: &str) -> String {
        let url = format!("{}/.ingam/resources", self.origins.get("shopee").unwrap());
        let plain = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = self
            .runtime
            .block_on(async { plain.get(url).send().await.unwrap().bytes().await.unwrap() });
        parse(&answer)
            .unwrap()
            .get(resource)
            .map_or_else(String::new, Value::to_json)
    }

    /// Every byte that comes back, on a connection of its own.
    fn raw(&self, request: &WireRequest) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\n", request.method(), request.target());
        request
            .headers()
            .iter()
            .for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
        if !request.headers().iter().any(|(name, _)| name == "Host") {
            text.push_str(&format!("host: {}\r\n", request.base().authority()));
        }
        self.runtime.block_on(async {
            let mut stream = tokio::net::TcpStream::connect(request.base().authority())
                .await
                .unwrap();
            stream
                .write_all(format!("{text}\r\n").as_bytes())
                .await
                .unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.unwrap();
            String::from_utf8(all).unwrap()
        })
    }
}

fn shown(answer: &WireResponse) -> String {
    format!(
        "{} {}",
        answer.status,
        String::from_utf8_lossy(answer.body())
    )
}

const ADD: &str = "/api/v2/item/add";
const LIST: &str = "/api/v2/item/list";

#[test]
fn what_is_created_is_read_changed_listed_and_deleted() {
    let market = Market::open();
    assert_eq!(
        market.post("one", ADD, r#"{"name":"cable","price":12.90}"#),
        r#"200 {"item_id":801,"name":"cable","by":"one"}"#
    );
    assert_eq!(
        market.get("one", "/api/v2/item/get?item_id=801"),
        r#"200 {"id":801,"all":{"name":"cable","price":12.90},"none":null}"#
    );
    let update = r#"{"item":{"id":801},"name":"long cable"}"#;
    assert_eq!(
        market.post("one", "/api/v2/item/update", update),
        r#"200 {"id":801,"name":"long cable"}"#
    );
    assert_eq!(
        market.get("one", LIST),
        r#"200 {"items":[[801,"long cable"]],"count":1}"#
    );
    assert_eq!(
        market.post("one", "/api/v2/item/delete", r#"{"item_id":801}"#),
        r#"200 {"gone":801}"#
    );
    assert_eq!(
        market.post("one", "/api/v2/item/delete", r#"{"item_id":801}"#),
        r#"200 {"error":"no item 801"}"#
    );
    assert_eq!(market.get("one", LIST), r#"200 {"items":[],"count":0}"#);
    assert_eq!(
        market.counts("item"),
        r#"{"created":1,"deleted":1,"there":0,"missed":1}"#
    );
    assert_eq!(
        market.get("one", "/api/v2/item/get"),
        r#"200 {"error":"no item "}"#,
        "a request without an id asks for nothing"
    );
    let text = market.post("one", ADD, r#"{"name":"{{ id }}"}"#);
    assert_eq!(
        text, r#"200 {"item_id":802,"name":"{{ id }}","by":"one"}"#,
        "an id is given once, and what is sent cannot contain a template"
    );
}

#[test]
fn what_one_account_creates_is_not_there_for_another() {
    let market = Market::open();
    market.post("one", ADD, r#"{"name":"a"}"#);
    assert!(
        market
            .post("two", ADD, r#"{"name":"b"}"#)
            .contains(r#""item_id":802"#),
        "ids are given once"
    );
    assert_eq!(
        market.get("two", "/api/v2/item/get?item_id=801"),
        r#"200 {"error":"no item 801"}"#
    );
    assert_eq!(
        market.post("two", "/api/v2/item/delete", r#"{"item_id":801}"#),
        r#"200 {"error":"no item 801"}"#
    );
    assert_eq!(
        market.get("two", LIST),
        r#"200 {"items":[[802,"b"]],"count":1}"#
    );
    assert_eq!(
        market.get("one", LIST),
        r#"200 {"items":[[801,"a"]],"count":1}"#
    );
    assert_eq!(
        market.counts("item"),
        r#"{"created":2,"deleted":0,"there":2,"missed":2}"#
    );
}

#[test]
fn what_is_shared_is_there_for_all_and_its_id_stands_in_the_path() {
    let market = Market::open();
    assert_eq!(
        market.post("one", "/api/v2/labels", r#"{"text":"red"}"#),
        r#"201 {"id":"L 1","text":"red"}"#
    );
    assert_eq!(
        market.get("two", "/api/v2/labels/L%201"),
        r#"200 {"id":"L 1"}"#
    );
    assert_eq!(
        market.get("two", "/api/v2/labels/all"),
        r#"200 ["L 1"]"#,
        "a path without a hole goes first"
    );
    let delete = market.request("two", Method::Delete, "/api/v2/labels/L%201", None);
    assert_eq!(shown(&market.send(&delete).unwrap()), "204 ");
    assert_eq!(
        shown(&market.send(&delete).unwrap()),
        r#"404 {"message":"the sandbox has no `label` with the id `L 1`"}"#,
        "the words where the resource has none"
    );
}

#[test]
fn the_signature_is_verified_before_anything_is_kept() {
    let market = Market::open();
    let right = market.request("one", Method::Post, ADD, Some(r#"{"name":"a"}"#));
    let url = format!(
        "{}{}",
        right.base().origin(),
        right.target().replace("sign=", "sign=0")
    );
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = async {
        plain
            .post(url)
            .body(right.body().to_vec())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(market.runtime.block_on(answer), 403);
    assert_eq!(
        market.counts("item"),
        r#"{"created":0,"deleted":0,"there":0,"missed":0}"#
    );
}

#[test]
fn a_stub_goes_before_a_resource_as_often_as_it_says() {
    let market = Market::open();
    market.post("one", ADD, r#"{"name":"a"}"#);
    market.post("one", ADD, r#"{"name":"b"}"#);
    let read = |id: i64| market.get("one", &format!("/api/v2/item/get?item_id={id}"));
    assert!(
        read(801).starts_with("200"),
        "an exchange with placeholders comes after a resource"
    );
    assert_eq!(read(802), r#"503 {"error":"busy"}"#);
    assert!(read(802).starts_with(r#"200 {"id":802"#), "{}", read(802));
}

#[test]
fn a_stub_that_is_used_up_counts_as_not_recorded() {
    let market = Market::open();
    let twice = market.request("one", Method::Get, "/api/v2/twice", None);
    assert_eq!(
        [200, 200],
        [(); 2].map(|()| market.send(&twice).unwrap().status)
    );
    let answer = market.send(&twice).unwrap();
    assert_eq!(
        (answer.status, answer.header(NO_RECORDING)),
        (501, Some("true"))
    );
    assert!(
        shown(&answer).contains(
            "its stub in fixtures/recordings/items.yaml was used as often as `times` allows"
        ),
        "{}",
        shown(&answer)
    );
}

/// Which of the two came first shows by its turn: exchanges answer in their order.
#[test]
fn an_answer_that_is_held_back_holds_no_other_back() {
    let market = Market::open();
    let slow = market.request("one", Method::Get, "/api/v2/slow", None);
    let begun = Instant::now();
    let ask = || async {
        let answer = market
            .live
            .send(&slow, Duration::from_secs(20))
            .await
            .unwrap();
        (begun.elapsed(), shown(&answer))
    };
    let answers = market
        .runtime
        .block_on(async { tokio::join!(ask(), ask()) });
    let (first, second) = if answers.0.1.contains(r#""turn":1"#) {
        answers
    } else {
        (answers.1, answers.0)
    };
    assert_eq!(
        (first.1.as_str(), second.1.as_str()),
        (r#"200 {"turn":1}"#, r#"200 {"turn":2}"#)
    );
    assert!(
        second.0 < first.0,
        "the second was held back: {second:?}, {first:?}"
    );
    assert!(first.0 >= Duration::from_millis(300), "{first:?}");
}

#[test]
fn an_answer_that_is_reset_has_no_byte() {
    let market = Market::open();
    let reset = market.request("one", Method::Get, "/api/v2/reset", None);
    assert!(matches!(
        market.send(&reset),
        Err(TransportError::UnreadableResponse { .. })
    ));
    assert_eq!(market.raw(&reset), "");
}

#[test]
fn an_answer_that_is_truncated_has_half_of_its_body() {
    let market = Market::open();
    let half = market.request("one", Method::Get, "/api/v2/half", None);
    assert!(matches!(
        market.send(&half),
        Err(TransportError::UnreadableResponse { .. })
    ));
    let raw = market.raw(&half);
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 200 OK") && head.contains("content-length: 35"),
        "{head}"
    );
    assert_eq!(body, r#"{"error":"","mess"#);
}

/// The editor's schema of these files says what the decoder says, but for what stands inside of
/// templates and paths.
#[test]
fn the_schema_knows_stubs_and_resources() {
    let schema: serde_json::Value =
        serde_json::from_str(ingam::internals::load::schema_of("recording").unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let fits = |text: &str| {
        let node = ingam::internals::yaml::parse(ingam::internals::span::FileId(0), text).unwrap();
        validator.is_valid(&serde_json::from_str(&node.to_value().to_json()).unwrap())
    };
    assert!(fits(ITEMS));
    let cases = super::program::root().join("tests/cases/file");
    let mut accepted = Vec::new();
    for case in std::fs::read_dir(cases).unwrap() {
        let case = case.unwrap();
        let name = case.file_name().to_string_lossy().into_owned();
        let file = case.path().join("in/fixtures/recordings/goods.yaml");
        if (name.starts_with("err_stub_") || name.starts_with("err_resource_"))
            && fits(&std::fs::read_to_string(file).unwrap())
        {
            accepted.push(name);
        }
    }
    accepted.sort();
    let beyond = [
        "err_resource_create_with_a_hole",
        "err_resource_id_by_a_path_for_many",
        "err_resource_id_elsewhere_than_in_the_hole",
        "err_resource_id_in_a_path_without_hole",
        "err_resource_operation_with_json_that_is_204",
        "err_resource_path_with_another_hole",
        "err_resource_with_a_broken_template",
        "err_resource_with_unknown_names",
        "err_stub_that_is_truncated_for_head",
        "err_stub_that_is_truncated_without_a_body",
    ];
    assert_eq!(accepted, beyond, "a schema cannot see these");
}
