//! Token requests are under the budgets of their key, and what a token endpoint says of limits
//! holds for every call and every process.

use super::TestMarketplace;
use std::time::Duration;

/// A marketplace whose requests need a token that the application gets by itself.
fn mall(
    limits: &str,
    token_response: impl Fn(usize) -> String + Send + Sync + 'static,
) -> TestMarketplace {
    let mall = TestMarketplace::with(limits, move |path, before| {
        if path == "/token" {
            token_response(before)
        } else {
            super::answer("200 OK", "")
        }
    });
    let scheme = std::fs::read_to_string(mall.folder.path().join("schemes/mall.yaml")).unwrap();
    let token = "default_level: seller
levels: { app: {}, seller: { token: seller, attach: { headers: { authorization: \"{{ token.access_token }}\" } } } }
tokens:
  seller:
    store_by: [access_key]
    issue: { get: /token, level: app }
    save: { access_token: $.token, expires_in: $.seconds }
";
    mall.folder
        .write("schemes/mall.yaml", &format!("{scheme}{token}"));
    mall.folder
        .write("requests/goods.yaml", "scheme: mall\nget: /goods\n");
    mall.folder.write(
        "requests/public.yaml",
        "scheme: mall\nlevel: app\nget: /public\n",
    );
    assert_eq!(mall.run(&["trust", "--env", "live", "--yes"]).1, 0);
    mall
}

fn html_429(headers: &str) -> String {
    let body = "<html><h1>Too many requests</h1></html>";
    format!(
        "HTTP/1.1 429 Too Many Requests\r\n{headers}content-type: text/html\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn token(seconds: u32) -> String {
    let body = format!("{{\"token\":\"access-token-of-the-mall\",\"seconds\":{seconds}}}");
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_pause_that_a_token_endpoint_asks_for_holds_for_every_call_and_process() {
    for limits in ["[]", "[{ rate: 100/1s }]"] {
        let mall = mall(limits, |_| html_429("retry-after: 120\r\n"));
        let (output, code) = mall.live("goods", &[]);
        assert!(
            code == 5
                && output.contains("the marketplace responded with 429")
                && output.contains("rate_limit: too many calls: wait before the next one")
                && output.contains("asks to wait 2 m")
                && !output.contains("internal error"),
            "{code}: {output}"
        );
        assert_eq!(mall.arrivals().len(), 1);
        // Another process, and a request that needs no token.
        for request in ["goods", "public"] {
            let (output, code) = mall.live(request, &[]);
            assert!(
                code == 7 && output.contains("calls to `mall` are paused until"),
                "{request} {limits}: {code}: {output}"
            );
        }
        let (output, code) = mall.run(&[
            "auth", "token", "default", "--scheme", "mall", "--env", "live",
        ]);
        assert!(
            code == 7 && output.contains("are paused until"),
            "{code}: {output}"
        );
        assert_eq!(mall.arrivals().len(), 1, "nothing else was sent");
        assert_eq!(mall.run(&["budget", "clear", "mall"]).1, 0);
        assert_eq!(mall.live("public", &[]).1, 0);
    }
}

#[test]
fn token_requests_are_counted_by_the_limits_that_fit_them() {
    // A token that is over at once: each run asks for one, and then sends its request.
    let mall = mall("[{ rate: 3/1h }]", |_| token(3_600));
    let (output, code) = mall.live("goods", &[]);
    assert_eq!(code, 0, "{output}");
    let (output, code) = mall.live("goods", &[]);
    assert_eq!(code, 0, "one token and two requests: {output}");
    let (output, code) = mall.live("goods", &[]);
    assert!(
        code == 7 && output.contains("the budget is used up"),
        "{code}: {output}"
    );
    assert_eq!(mall.arrivals().len(), 3);
}

#[test]
fn a_token_request_without_a_permit_is_not_sent() {
    let mall = mall("[{ rate: 1/1h }]", |_| token(3_600));
    assert_eq!(mall.live("public", &[]).1, 0);
    let (output, code) = mall.live("goods", &[]);
    assert!(
        code == 7 && output.contains("no token was requested: the budget is used up"),
        "{code}: {output}"
    );
    assert_eq!(mall.arrivals().len(), 1);
    assert!(mall.most_within(Duration::from_secs(60)) == 1);
}
