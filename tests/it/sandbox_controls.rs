//! The controls of `ingam sandbox`: the journal, reset, recordings that are added, faults and the
//! clock; and who may use them.

use super::live_sandbox::{LiveSandbox, NOW, recording};
use super::program::Folder;
use ingam::internals::method::Method;
use ingam::internals::sandbox::ControlGuard;
use ingam::internals::value::Value;
use std::time::{Duration, Instant};

const SHOP: &str = "/api/v2/shop/get_shop_info";

fn open() -> LiveSandbox {
    LiveSandbox::open(ControlGuard::default())
}

/// A right request whose signature has another last letter.
fn wrongly_signed(sandbox: &LiveSandbox) -> u16 {
    let request = sandbox.signed(Method::Get, SHOP, NOW);
    let (rest, sign) = request.target().split_once("sign=").unwrap();
    let first = if sign.starts_with('0') { "1" } else { "0" };
    let target = format!("{rest}sign={first}{}", &sign[1..]);
    sandbox.send(&request, &target).status
}

fn requests(sandbox: &LiveSandbox, query: &str) -> Vec<Value> {
    let answer = sandbox.control(&format!("GET requests{query}"), "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
        .json()
        .get("requests")
        .unwrap()
        .as_list()
        .unwrap()
        .to_vec()
}

fn member(value: &Value, name: &str) -> String {
    value.get(name).unwrap().to_text()
}

#[test]
fn each_request_is_a_line_and_an_entry_of_the_journal() {
    let sandbox = open();
    assert_eq!(sandbox.get(SHOP).status, 200);
    assert_eq!(sandbox.get("/api/v2/shop/get_profile").status, 404);
    assert_eq!(wrongly_signed(&sandbox), 403);
    let verdicts: Vec<String> = requests(&sandbox, "?wait=5s")
        .iter()
        .map(|entry| {
            [
                "number", "method", "path", "status", "verdict", "fault", "location",
            ]
            .map(|name| member(entry, name))
            .join(" ")
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            "1 GET /api/v2/shop/get_shop_info 200 accepted null null",
            "2 GET /api/v2/shop/get_profile 404 unrecorded null null",
            "3 GET /api/v2/shop/get_shop_info 403 refused signature query.sign",
        ]
    );
    let refused = requests(&sandbox, "?verdict=refused&scheme=shopee");
    assert_eq!(refused.len(), 1);
    assert_eq!(requests(&sandbox, "?after=2").len(), 1);
    let lines = sandbox.lines.lock().unwrap().clone();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].contains("shopee GET /api/v2/shop/get_shop_info?"),
        "{}",
        lines[0]
    );
    assert!(lines[0].ends_with(" 200 accepted"), "{}", lines[0]);
    assert!(
        lines[2].contains(" 403 refused: signature (query.sign)"),
        "{}",
        lines[2]
    );
    assert_eq!(
        member(&sandbox.control("DELETE requests", "").json(), "removed"),
        "3"
    );
    assert_eq!(requests(&sandbox, "").len(), 0);
}

#[test]
fn foreign_credentials_and_control_characters_are_in_no_line() {
    let sandbox = open();
    let request = sandbox.signed(Method::Get, SHOP, NOW);
    let own = request.target().to_owned();
    let token = own
        .split("access_token=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let live = own.replace(token, "live-token-of-a-shop");
    sandbox.send(&request, &own);
    assert_ne!(sandbox.send(&request, &live).status, 200);
    sandbox.http(
        "GET",
        "/%1b[31m?partner_id=4711&access_token=zzz&x=%0A",
        &[],
        b"",
    );
    sandbox.http("GET", "/a", &[("x", "\u{1b}[2J")], b"");
    let lines = sandbox.lines.lock().unwrap().join("\n");
    let journal = sandbox.control("GET requests", "").body;
    for text in [&lines, &journal] {
        assert!(text.contains(&format!("access_token={token}")), "{text}");
        assert!(text.contains("access_token=‹…›"), "{text}");
        for secret in ["live-token", "4711", "zzz", "\u{1b}"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[test]
fn a_question_waits_for_the_request_and_for_its_diagnosis() {
    let sandbox = open();
    let begun = Instant::now();
    assert_eq!(requests(&sandbox, "?wait=300ms").len(), 0);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| requests(&sandbox, "?verdict=refused&wait=30s"));
        wrongly_signed(&sandbox);
        let found = waiting.join().unwrap();
        assert_eq!(found.len(), 1);
        let diagnosis = found[0].get("diagnosis").unwrap();
        assert_eq!(member(diagnosis, "state"), "done");
    });
}

#[test]
fn a_refused_signature_shows_the_expected_text_and_the_mistake() {
    let mut sandbox = open();
    let key = sandbox.account.get("partner_key").unwrap().to_text();
    sandbox
        .account
        .set("partner_key", Value::from(format!("{key}\n")));
    assert_eq!(sandbox.get(SHOP).status, 403);
    let refused = requests(&sandbox, "?verdict=refused&wait=30s");
    let diagnosis = refused[0].get("diagnosis").unwrap();
    assert_eq!(member(diagnosis, "state"), "done", "{diagnosis:?}");
    let list = |name: &str| diagnosis.get(name).unwrap().as_list().unwrap().to_vec();
    assert!(!list("mistakes").is_empty(), "{diagnosis:?}");
    assert!(!list("findings").is_empty(), "{diagnosis:?}");
    let message = list("expected")
        .into_iter()
        .find(|step| member(step, "id") == "message")
        .unwrap();
    assert!(member(&message, "value").starts_with("1000001/api/v2/shop/get_shop_info"));
    let lines = sandbox.lines.lock().unwrap().join("\n");
    assert!(lines.contains("\n    expected:\n"), "{lines}");
}

#[test]
fn reset_makes_everything_as_it_was_at_the_start() {
    let sandbox = open();
    let at_start = sandbox.control("GET tokens", "").body;
    sandbox.control("POST exchanges", &recording(SHOP, "added"));
    sandbox.control("POST expire?what=access", "");
    sandbox.control("POST fail?calls=5&status=503&path=/never", "");
    sandbox.control("POST clock?advance=3d", "");
    assert!(sandbox.get(SHOP).body.contains("Timestamp is expired"));
    // Whole with `INGAM_MEASURE`, a tenth otherwise; each one has something to forget.
    let is_whole = std::env::var_os("INGAM_MEASURE").is_some();
    for _ in 0..if is_whole { 1_000 } else { 100 } {
        sandbox.control("POST exchanges", &recording(SHOP, "added"));
        assert_eq!(sandbox.control("POST reset", "").status, 200);
    }
    let answer = sandbox.get(SHOP);
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "{\"name\":\"one\"}")
    );
    assert_eq!(sandbox.control("GET tokens", "").body, at_start);
    assert_eq!(
        member(&sandbox.control("GET clock", "").json(), "offset_ms"),
        "0"
    );
    assert_eq!(requests(&sandbox, "").len(), 1);
}

#[test]
fn a_recording_that_is_added_comes_first_until_it_is_removed() {
    let sandbox = open();
    let added = sandbox.control("POST exchanges", &recording(SHOP, "added"));
    assert_eq!(added.body, "{\"id\":\"1\",\"exchanges\":1}");
    assert_eq!(sandbox.get(SHOP).body, "{\"name\":\"added\"}");
    sandbox.control("POST exchanges", &recording(SHOP, "later"));
    assert_eq!(sandbox.get(SHOP).body, "{\"name\":\"later\"}");
    assert_eq!(sandbox.control("DELETE exchanges/2", "").status, 200);
    assert_eq!(sandbox.get(SHOP).body, "{\"name\":\"added\"}");
    assert_eq!(sandbox.control("DELETE exchanges/1", "").status, 200);
    assert_eq!(sandbox.get(SHOP).body, "{\"name\":\"one\"}");
    let unknown = sandbox.control("DELETE exchanges/1", "");
    assert_eq!(unknown.status, 400);
    assert!(
        unknown
            .body
            .contains("no recording was added with the id `1`; the ids are: none")
    );
    for (body, message) in [
        ("", "error: a recording must be a map\\n --> body:1:1"),
        (
            "format: 2\nscheme: shopee\nexchanges:\n  - request: { gett: /a }\n",
            "body:4:14",
        ),
        (
            "format: 2\nscheme: coupang\nexchanges: []\n",
            "`scheme: coupang` is wrong: the scheme of this address",
        ),
        (
            &recording("/a", "b").replace("shopee", "lazada"),
            "`scheme: lazada` is wrong: the scheme of this address is `shopee`",
        ),
    ] {
        let refused = sandbox.control("POST exchanges", body);
        assert_eq!(refused.status, 400);
        assert!(
            refused.body.contains(message),
            "{message}: {}",
            refused.body
        );
    }
}

#[test]
fn a_recording_is_read_again_when_its_file_changes() {
    let sandbox = open();
    assert_eq!(sandbox.get(SHOP).body, "{\"name\":\"one\"}");
    sandbox
        .folder
        .write("fixtures/recordings/shop.yaml", &recording(SHOP, "another"));
    assert_eq!(sandbox.get(SHOP).body, "{\"name\":\"another\"}");
    let profile = "/api/v2/shop/get_profile";
    assert_eq!(sandbox.get(profile).status, 404);
    sandbox
        .folder
        .write("fixtures/recordings/new.yaml", &recording(profile, "new"));
    assert_eq!(sandbox.get(profile).body, "{\"name\":\"new\"}");
    sandbox.folder.write(
        "fixtures/recordings/new.yaml",
        "format: 2\nscheme: shopee\nexchange: []\n",
    );
    for _ in 0..2 {
        let broken = sandbox.get(profile);
        assert_eq!(broken.status, 501);
        assert!(broken.body.contains("new.yaml:3:1"), "{}", broken.body);
    }
    sandbox.folder.write(
        "fixtures/recordings/new.yaml",
        &recording(profile, "mended"),
    );
    assert_eq!(sandbox.get(profile).body, "{\"name\":\"mended\"}");
}

#[test]
fn calls_fail_as_often_as_it_was_asked_for() {
    let sandbox = open();
    sandbox.control("POST fail?calls=2&status=429", "");
    let failed = sandbox.get(SHOP);
    assert_eq!(member(&failed.json(), "error"), "error_not_found");
    let statuses = [
        failed.status,
        sandbox.get(SHOP).status,
        sandbox.get(SHOP).status,
    ];
    assert_eq!(statuses, [429, 429, 200]);
    sandbox.control("POST fail?status=500&path=/other", "");
    sandbox.control("POST fail?status=500&method=POST", "");
    assert_eq!(sandbox.get(SHOP).status, 200);
    sandbox.control("POST fail?fault=reset", "");
    let request = sandbox.signed(Method::Get, SHOP, NOW);
    assert!(
        sandbox
            .try_http("GET", request.target(), &[], b"")
            .is_none()
    );
    assert_eq!(sandbox.get(SHOP).status, 200);
    sandbox.control("POST fail?delay=300ms", "");
    let begun = Instant::now();
    assert_eq!(sandbox.get(SHOP).status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    // A wrong signature is told all the same.
    sandbox.control("POST fail?status=429", "");
    assert_eq!(wrongly_signed(&sandbox), 403);
}

/// The marketplace's own form, so that a client library can read it; and marked, so that nobody
/// takes it for a recording.
#[test]
fn a_call_without_a_recording_gets_a_marked_error_in_the_form_of_the_marketplace() {
    let sandbox = open();
    let answer = sandbox.get("/api/v2/order/get_order_list");
    assert_eq!(answer.status, 404);
    assert!(
        answer.head.contains("\r\nx-ingam-sample: true"),
        "{}",
        answer.head
    );
    assert!(
        answer
            .head
            .contains("\r\nx-ingam-no-recording: not-recorded"),
        "{}",
        answer.head
    );
    let body = answer.json();
    assert_eq!(member(&body, "error"), "error_not_found");
    assert!(
        member(&body, "message").starts_with("the signature is correct for `shopee`, but no file"),
        "{}",
        answer.body
    );
    assert_eq!(member(&body, "request_id").len(), 32);
    // A wrong request gets no sample.
    let wrong = sandbox.http("GET", "/api/v2/order/get_order_list", &[], b"");
    assert!(!wrong.head.contains("x-ingam-sample"), "{}", wrong.head);
}

/// Those whose printed tokens are enough for a call.
#[test]
fn samples_can_be_made_for_every_scheme_that_has_some() {
    for scheme in [
        "shopee",
        "lazada",
        "tiktok-shop",
        "coupang",
        "taobao-top",
        "amazon-sp-api",
        "etsy",
        "mercado-libre",
        "shopify",
        "wildberries",
        "ozon",
        "kaufland",
    ] {
        let sandbox = LiveSandbox::open_in(Folder::new(), scheme, ControlGuard::default());
        let answer = sandbox.get("/api/unknown/thing");
        assert!(
            answer.head.contains("\r\nx-ingam-sample: true"),
            "{scheme}: {} {}",
            answer.head,
            answer.body
        );
        assert!(
            answer
                .body
                .contains("no file in fixtures/recordings matches this request"),
            "{scheme}: {}",
            answer.body
        );
        sandbox.control("POST fail?status=429", "");
        assert_eq!(sandbox.get("/api/unknown/thing").status, 429, "{scheme}");
    }
}

#[test]
fn the_clock_can_be_set_and_is_real_again() {
    let sandbox = open();
    let at = |at_ms| {
        let request = sandbox.signed(Method::Get, SHOP, at_ms);
        sandbox.send(&request, request.target()).body
    };
    let right = "{\"name\":\"one\"}";
    sandbox.control("POST clock?at=2024-02-29T12:00:00Z", "");
    let shown = sandbox.control("GET clock", "").body;
    assert!(
        shown.contains("\"now\":\"2024-02-29T12:00:00.000Z\""),
        "{shown}"
    );
    assert!(at(NOW).contains("Invalid timestamp"));
    assert_eq!(at(1_709_208_000_000), right);
    sandbox.control("POST clock?advance=1d", "");
    assert_eq!(at(1_709_208_000_000 + 86_400_000), right);
    sandbox.control("POST clock?at=real", "");
    assert_eq!(at(NOW), right);
}

#[test]
fn printed_tokens_expire_and_are_revoked() {
    for control in [
        "expire?what=access",
        "expire?what=grant",
        "revoke",
        "revoke?token=shop",
        "revoke?shop_id=100000001",
    ] {
        let sandbox = open();
        assert_eq!(sandbox.control("POST revoke?token=other", "").status, 200);
        assert_eq!(sandbox.control("POST revoke?shop_id=9", "").status, 200);
        assert_eq!(sandbox.control("POST expire?what=refresh", "").status, 200);
        assert_eq!(sandbox.get(SHOP).status, 200);
        sandbox.control(&format!("POST {control}"), "");
        assert_eq!(sandbox.get(SHOP).status, 403, "{control}");
        let fault = if control.starts_with("expire") {
            "token_expired"
        } else {
            "token"
        };
        assert_eq!(
            member(&requests(&sandbox, "?verdict=refused")[0], "fault"),
            fault
        );
        sandbox.control("POST reset", "");
        assert_eq!(sandbox.get(SHOP).status, 200);
    }
}

#[test]
fn controls_are_refused_to_other_hosts_pages_and_without_the_key() {
    let controls = [
        ("GET", "tokens"),
        ("GET", "health"),
        ("GET", "requests"),
        ("DELETE", "requests"),
        ("POST", "reset"),
        ("POST", "clock?at=real"),
        ("POST", "exchanges"),
        ("DELETE", "exchanges/1"),
        ("POST", "fail?status=429"),
        ("POST", "revoke"),
        ("GET", "nothing"),
    ];
    let status = |sandbox: &LiveSandbox, headers: &[(&str, &str)]| {
        let answers = controls.map(|(method, name)| {
            sandbox
                .http(method, &format!("/.ingam/{name}"), headers, b"")
                .status
        });
        assert!(
            answers
                .iter()
                .all(|status| (*status == 403) == (answers[0] == 403)),
            "{answers:?}"
        );
        answers[0]
    };
    let open = open();
    assert_eq!(status(&open, &[]), 200);
    for header in [
        ("host", "shop.evil.example"),
        ("host", "user@localhost"),
        ("host", "[::2]"),
        ("origin", "http://localhost"),
        ("origin", "null"),
    ] {
        assert_eq!(status(&open, &[header]), 403, "{header:?}");
    }
    let keyed = LiveSandbox::open(ControlGuard {
        key: Some("a control key".into()),
        ..ControlGuard::default()
    });
    let key = ("X-Ingam-Control-Key", "a control key");
    assert_eq!(status(&keyed, &[key]), 200);
    assert_eq!(status(&keyed, &[key, ("host", "sandbox:9100")]), 200);
    assert_eq!(status(&keyed, &[key, ("origin", "null")]), 403);
    assert_eq!(status(&keyed, &[]), 403);
    assert_eq!(
        status(&keyed, &[("x-ingam-control-key", "a control kex")]),
        403
    );
    // The page at the end of a login says nothing, and a browser comes to it from elsewhere.
    assert_eq!(keyed.control("GET callback?code=1", "").status, 200);
    assert_eq!(keyed.control("POST callback", "").status, 403);
}

#[test]
fn a_wrong_control_says_which_there_are() {
    let sandbox = open();
    let help = sandbox.control("GET ", "");
    assert_eq!(help.status, 200);
    assert!(
        help.body
            .contains("the controls are: GET health; GET requests?"),
        "{}",
        help.body
    );
    for (line, message) in [
        ("GET reset", "there is no control `GET /.ingam/reset`"),
        (
            "DELETE exchanges/",
            "there is no control `DELETE /.ingam/exchanges/`",
        ),
        (
            "GET requests?verdict=right",
            "`verdict` must be `accepted`, `refused` or `unrecorded`, but it is `right`",
        ),
        (
            "GET requests?scheme=shoppe",
            "this sandbox does not run the scheme `shoppe`",
        ),
        (
            "DELETE requests?scheme=x",
            "this sandbox does not run the scheme `x`",
        ),
        (
            "GET requests?wait=2",
            "`wait` must be a duration such as `300ms`, `2s` or `5m`, at most 60s, but it is `2`",
        ),
        ("GET requests?wait=61s", "`wait` must be"),
        (
            "GET requests?after=-1",
            "`after` must be the number of a request",
        ),
        (
            "GET requests?limit=1",
            "`requests` has no parameter `limit`",
        ),
        ("POST reset?all=1", "`reset` has no parameter `all`"),
        (
            "POST fail",
            "`fail` needs one of `status`, `fault=reset` and `delay`",
        ),
        ("POST fail?status=429&delay=1s", "`fail` needs one of"),
        (
            "POST fail?status=200",
            "`status` must be a status from 400 to 599",
        ),
        (
            "POST fail?fault=drop",
            "`fault` must be `reset`, but it is `drop`",
        ),
        (
            "POST fail?status=429&calls=many",
            "`calls` must be a whole number",
        ),
        (
            "POST fail?status=429&method=fetch",
            "`method` must be an HTTP method",
        ),
        (
            "POST fail?status=429&path=a",
            "`path` must be a path that begins with `/`",
        ),
        (
            "POST fail?status=429&cals=2",
            "`fail` has no parameter `cals`",
        ),
        ("POST clock", "`clock` needs `at` or `advance`"),
        (
            "POST clock?at=real&advance=1d",
            "`clock` needs `at` or `advance`",
        ),
        ("POST clock?at=tomorrow", "`at` must be a time such as"),
        ("POST clock?advance=-1d", "`advance` must be a duration"),
        (
            "POST clock?advance=99999999999999d",
            "`advance` must be a duration",
        ),
        ("GET health?x=1", "`health` has no parameter `x`"),
    ] {
        let refused = sandbox.control(line, "");
        assert_eq!(refused.status, 400, "{line}: {}", refused.body);
        assert!(refused.body.contains(message), "{line}: {}", refused.body);
        assert!(
            refused
                .body
                .contains("the controls are: GET health; GET requests?"),
            "{}",
            refused.body
        );
    }
}
