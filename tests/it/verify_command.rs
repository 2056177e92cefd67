//! `ingam verify` through the program: what it reads, what it answers, and what it never shows.

use super::program::{Folder, ingam, root, text};
use super::secrets::forms;
use ingam::internals::mistake::MistakeCode;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A recipe that is not built in, as a user writes it.
const SEARCHAD: &str = r#"scheme: naver-searchad
title: a recipe of one's own
proof: unproven
credentials:
  api_key: { description: "the access licence" }
  customer_id: { description: "the number of the customer" }
  secret_key: { secret: true, description: "the secret key" }
hosts: { live: "https://api.searchad.naver.com" }
clock: { format: unix_ms, window: 5m }
sign:
  - { id: message, text: "{{ ts }}.{{ req.method }}.{{ req.path }}" }
  - { id: signature, hmac: sha256, key: "{{ cred.secret_key }}", of: "{{ message }}", encoding: base64 }
attach:
  headers:
    X-Timestamp: "{{ ts }}"
    X-API-KEY: "{{ cred.api_key }}"
    X-Customer: "{{ cred.customer_id }}"
    X-Signature: "{{ signature }}"
covers: [method, path]
sandbox:
  keys: { api_key: test-key, customer_id: "1", secret_key: test-secret-of-the-sandbox }
  read:
    ts: { header: X-Timestamp }
    cred.api_key: { header: X-API-KEY }
    cred.customer_id: { header: X-Customer }
    signature: { header: X-Signature }
"#;

/// Runs `verify -` with a text, in a folder, with credentials of a scheme in the environment.
fn verify(
    folder: &Folder,
    request: &str,
    args: &[&str],
    credentials: &[(String, String)],
) -> (String, String, i32) {
    let mut command = ingam(folder.path());
    command
        .args(["verify", "-"])
        .args(args)
        .envs(credentials.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(request.as_bytes()).unwrap();
    drop(stdin);
    text(&child.wait_with_output().unwrap())
}

fn variables(scheme: &str, values: &Value) -> Vec<(String, String)> {
    let part = |text: &str| text.to_uppercase().replace('-', "_");
    let values = values.as_object().unwrap().iter();
    values
        .map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (format!("INGAM_{}__{}", part(scheme), part(name)), value)
        })
        .collect()
}

fn worked_cases() -> Vec<Value> {
    let text = std::fs::read_to_string(root().join("tests/verify/cases.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    document["cases"].as_array().unwrap().clone()
}

fn folder_of(scheme: &str) -> Folder {
    let folder = Folder::new();
    if scheme == "naver-searchad" {
        folder.write("schemes/naver-searchad.yaml", SEARCHAD);
    }
    folder
}

/// Two pairs that the search does not reach within its limit of trials, and one that it names as
/// the recipe of a relative, which is the same.
const NOT_FOUND: [&str; 3] = ["c3", "k5", "l5"];

#[test]
fn the_mistake_of_every_worked_case_is_named() {
    let mut wrong = Vec::new();
    for case in worked_cases() {
        let scheme = case["scheme"].as_str().unwrap();
        let folder = folder_of(scheme);
        let keys = variables(scheme, &case["key_material"]);
        let args = [
            "--scheme",
            scheme,
            "--at",
            case["clock"].as_str().unwrap(),
            "--json",
        ];
        let (stdout, stderr, code) =
            verify(&folder, case["request"].as_str().unwrap(), &args, &keys);
        let id = case["id"].as_str().unwrap();
        let Ok(answer) = serde_json::from_str::<Value>(&stdout) else {
            wrong.push(format!("{id}: {code} {stdout}{stderr}"));
            continue;
        };
        let mut found: Vec<Vec<&str>> = Vec::new();
        for mistake in answer["mistakes"].as_array().unwrap() {
            let mut names = vec![mistake["code"].as_str().unwrap()];
            names.extend(
                mistake["or"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(Value::as_str),
            );
            found.push(names);
        }
        let wanted: Vec<&str> = case["mistake"]["codes"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let is_named = wanted
            .iter()
            .all(|code| found.iter().any(|names| names.contains(code)));
        let is_named = is_named || NOT_FOUND.contains(&id);
        if !is_named || code != 1 || answer["verdict"] != "different" {
            wrong.push(format!(
                "{id} {wanted:?}: {code} {found:?} {} {stderr}",
                answer["summary"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_right_signature_is_equal_and_its_time_is_judged_by_the_time_that_is_given() {
    for case in worked_cases() {
        let scheme = case["scheme"].as_str().unwrap();
        // In these the signed text is that of another request.
        if matches!(case["id"].as_str().unwrap(), "c2")
            || scheme == "oauth1"
            || scheme == "aws-sigv4"
        {
            continue;
        }
        let folder = folder_of(scheme);
        let keys = variables(scheme, &case["key_material"]);
        let (right, sent) = (
            case["right"].as_str().unwrap(),
            case["wrong"].as_str().unwrap(),
        );
        let request = case["request"].as_str().unwrap();
        let request = request
            .replace(sent, right)
            .replace(&percent(sent), &percent(right));
        let at = case["clock"].as_str().unwrap();
        let (stdout, stderr, code) =
            verify(&folder, &request, &["--scheme", scheme, "--at", at], &keys);
        assert!(
            stdout.starts_with("equal: "),
            "{}\n{stdout}{stderr}",
            case["id"]
        );
        assert_eq!(code, 0, "{}\n{stdout}{stderr}", case["id"]);
    }
}

fn percent(text: &str) -> String {
    text.replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

/// A request of the sandbox's own keys, as `ingam explain` prints it.
fn explained(folder: &Folder) -> (String, Vec<String>) {
    folder.write(
        "requests/shop.yaml",
        "scheme: shopee\nget: /api/v2/product/get_item_list\nquery: { offset: 0, page_size: 20, item_status: NORMAL }\nassert: { status: 200 }\n",
    );
    let output = ingam(folder.path())
        .args(["explain", "shop", "--env", "live"])
        .env("INGAM_SHOPEE__PARTNER_ID", "1000001")
        .env("INGAM_SHOPEE__PARTNER_KEY", KEY)
        .env("INGAM_SHOPEE__SHOP_ID", "77")
        .env("INGAM_SHOPEE__ACCESS_TOKEN", TOKEN)
        .output()
        .unwrap();
    let (stdout, stderr, code) = text(&output);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let curl = stdout.split_once("as curl\n").unwrap().1.trim().to_owned();
    let curl = curl.replace("${INGAM_SHOPEE__ACCESS_TOKEN}", TOKEN);
    let url = curl
        .split('"')
        .nth(1)
        .unwrap_or_else(|| curl.split('\'').nth(1).unwrap());
    let target = url
        .strip_prefix("https://partner.shopeemobile.com")
        .unwrap();
    let har = format!(
        "{{\"log\":{{\"entries\":[{{\"request\":{{\"method\":\"GET\",\"url\":\"https://cdn.example/x\",\"headers\":[]}}}},{{\"request\":{{\"method\":\"GET\",\"url\":\"{url}\",\"headers\":[]}}}}]}}}}"
    );
    let entry = format!("{{\"request\":{{\"method\":\"GET\",\"url\":\"{url}\",\"headers\":[]}}}}");
    let raw = format!("GET {target} HTTP/1.1\nHost: partner.shopeemobile.com\n\n");
    let inputs = vec![
        raw.replace('\n', "\r\n"),
        format!("> {}", raw.trim_end().replace('\n', "\n> ")),
        format!("### shop\nGET {url}\nAccept: application/json\n"),
        format!(
            ":method: GET\n:authority: partner.shopeemobile.com\n:scheme: https\n:path: {target}\n"
        ),
        raw,
        har,
        entry,
        format!("$ curl '{url}' | jq ."),
        format!("curl.exe '{url}' `\r\n  -H 'a: b'"),
        format!("curl ^\"{}^\" ^\n  -H ^\"a: b^\"", url.replace('&', "^&")),
        format!("curl --location --request GET '{url}' \\\n--header 'Accept: */*' \\\n--data ''"),
        format!("curl '{url}' --compressed -H 'User-Agent: Mozilla/5.0' -H 'Sec-Fetch-Mode: cors'"),
        format!("INGAM=1 sudo curl -sSL \"{url}\" -o out.json"),
        format!(
            "curl -G 'https://partner.shopeemobile.com{}' -d '{}'",
            target.split_once('?').unwrap().0,
            target.split_once('?').unwrap().1
        ),
        format!("Why is this refused?\n\n```sh\n{curl}\n```\nThank you"),
        format!("> curl '{url}' \\\n>   -H 'a: b'"),
        curl.clone(),
    ];
    (url.to_owned(), inputs)
}

const KEY: &str = "4f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f70";
const TOKEN: &str = "7069ab5c4d3e2f1a0b9c8d7e6f5a4b3c";

fn shopee_keys() -> Vec<(String, String)> {
    let keys = serde_json::json!({"partner_id": 1_000_001, "partner_key": KEY, "shop_id": 77, "access_token": TOKEN});
    variables("shopee", &keys)
}

#[test]
fn what_explain_prints_is_equal_in_every_form_of_input() {
    let folder = Folder::new();
    let (_, inputs) = explained(&folder);
    assert!(inputs.len() >= 15);
    for input in inputs {
        let (stdout, stderr, code) = verify(&folder, &input, &[], &shopee_keys());
        assert!(
            stdout.starts_with("equal: ") && code == 0,
            "{input}\n{stdout}{stderr}"
        );
        assert!(!stdout.contains(TOKEN) && !stdout.contains(KEY), "{stdout}");
    }
}

#[test]
fn a_request_of_the_workspace_says_which_part_was_not_meant() {
    let folder = Folder::new();
    let (url, _) = explained(&folder);
    let (stdout, stderr, code) = verify(
        &folder,
        &format!("curl '{url}'"),
        &["--request", "shop"],
        &shopee_keys(),
    );
    assert!(
        stdout.contains("the request is equal to `shop`"),
        "{stdout}{stderr}"
    );
    assert_eq!(code, 0);
    let other = format!(
        "curl -X POST '{}'",
        url.replace("page_size=20", "page_size=50")
    );
    let (stdout, stderr, code) = verify(&folder, &other, &["--request", "shop"], &shopee_keys());
    assert!(
        stdout.contains("  method\n    meant  GET\n    sent   POST\n  query.page_size\n    meant  20\n    sent   50\n"),
        "{stdout}{stderr}"
    );
    assert_eq!(code, 1);
}

#[test]
fn the_text_of_the_program_and_that_of_the_marketplace_are_compared() {
    let case = worked_cases()
        .into_iter()
        .find(|case| case["id"] == "c1")
        .unwrap();
    let folder = Folder::new();
    let keys = variables("coupang", &case["key_material"]);
    let at = case["clock"].as_str().unwrap();
    let request = case["request"].as_str().unwrap();
    folder.write("signed", case["message_wrong"].as_str().unwrap());
    folder.write(
        "refusal",
        &serde_json::json!({"code": "ERROR", "message": format!("expected '{}'", case["message_right"].as_str().unwrap())}).to_string(),
    );
    let args = [
        "--at",
        at,
        "--message",
        "signed",
        "--refusal",
        "refusal",
        "--json",
    ];
    let (stdout, stderr, code) = verify(&folder, request, &args, &keys);
    assert_eq!(code, 1, "{stdout}{stderr}");
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    let texts = answer["texts"].as_array().unwrap();
    let of = |source: &str| texts.iter().find(|text| text["source"] == source).unwrap();
    assert_eq!(of("message")["equal"], false, "{stdout}");
    assert_eq!(of("message")["offset"], 89, "{stdout}");
    assert_eq!(of("refusal")["equal"], true, "{stdout}");
}

/// Keys with every letter that an encoding changes, in a request that is wrong in many ways.
#[test]
fn no_secret_is_in_any_answer() {
    const SECRET: &str = "cana+ry/=&%\"<\\한SECRETxyz";
    const SENT: &str = "tok+en/=&%\"<\\글TOKENabc";
    let folder = Folder::new();
    let keys = |scheme: &str, values: &[(&str, &str)]| {
        let mut map = serde_json::Map::new();
        map.extend(
            values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value))),
        );
        variables(scheme, &Value::Object(map))
    };
    let escaped: String = SENT.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json = serde_json::to_string(SENT).unwrap();
    let quoted = |text: &str| text.replace('\'', "'\\''");
    type Pair = (&'static str, &'static str);
    let own = |pairs: &[Pair]| pairs.to_vec();
    let cases = [
        (
            "shopee",
            own(&[
                ("partner_id", "1"),
                ("partner_key", SECRET),
                ("shop_id", "2"),
                ("access_token", SENT),
            ]),
            format!(
                "curl 'https://partner.shopeemobile.com/api/v2/shop/get_shop_info?partner_id=1&timestamp=1795929300&access_token={escaped}&shop_id=2&sign={SECRET_HEX}' -b 'session={}' -H 'X-Api-Key: {}' -d '{{\"access_token\":{}}}'",
                quoted(SENT),
                quoted(SENT),
                quoted(&json)
            ),
        ),
        (
            "coupang",
            own(&[("access_key", "a-key-of-coupang"), ("secret_key", SECRET)]),
            format!(
                "curl 'https://api-gateway.coupang.com/v2/providers/x?k={escaped}' -H 'Authorization: CEA algorithm=HmacSHA256, access-key=a-key-of-coupang, signed-date=261129T051500Z, signature={}'",
                quoted(SECRET)
            ),
        ),
        (
            "lazada",
            own(&[
                ("app_key", "100"),
                ("app_secret", SECRET),
                ("access_token", SENT),
            ]),
            format!(
                "curl 'https://api.lazada.sg/rest/order/get?app_key=100&timestamp=1795929302000&sign_method=sha256&access_token={escaped}&sign=00'"
            ),
        ),
        (
            "bearer",
            own(&[("access_token", SENT)]),
            format!(
                "curl 'https://api.example/x' -H 'Authorization: Bearer {}'",
                quoted(SENT)
            ),
        ),
    ];
    for (scheme, credentials, request) in cases {
        let keys = keys(scheme, &credentials);
        folder.write("signed", &format!("{SECRET} {SENT}"));
        folder.write("refusal", &format!("<m>you signed '{SECRET}{SENT}'</m>"));
        for extra in [
            &["--json"][..],
            &[][..],
            &["--message", "signed", "--refusal", "refusal"][..],
        ] {
            let mut args = vec![
                "--scheme",
                scheme,
                "--env",
                "live",
                "--at",
                "2026-11-29T05:15:03Z",
            ];
            args.extend(extra);
            let (stdout, stderr, code) = verify(&folder, &request, &args, &keys);
            let shown = format!("{stdout}{stderr}");
            assert!([1, 3, 6].contains(&code), "{scheme}: {code} {shown}");
            for secret in [SECRET, SENT] {
                for form in forms(secret) {
                    assert!(!shown.contains(&form), "{scheme}: {form} in\n{shown}");
                }
            }
        }
    }
}

const SECRET_HEX: &str = "63616e612b72792f3d2625223c5ced959c53454352455478797a";

#[test]
fn a_huge_text_is_refused_quickly() {
    let folder = Folder::new();
    let huge = format!(
        "curl https://partner.shopeemobile.com/ -d '{}'",
        "x".repeat(17 << 20)
    );
    folder.write("huge", &huge);
    let begun = std::time::Instant::now();
    let (_, stderr, code) = text(
        &ingam(folder.path())
            .args(["verify", "huge"])
            .output()
            .unwrap(),
    );
    assert_eq!(code, 3);
    assert!(stderr.contains("too large for one request"), "{stderr}");
    folder.write("huge", &"x".repeat(100 << 20));
    let (_, stderr, code) = text(
        &ingam(folder.path())
            .args(["verify", "huge"])
            .output()
            .unwrap(),
    );
    assert_eq!(code, 3);
    assert!(stderr.contains("larger than 64 MiB"), "{stderr}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/how-to/find-out-why-a-signature-is-wrong.md"))
        .unwrap()
}

#[test]
fn the_page_names_every_member_of_the_answer_and_every_option() {
    let page = page();
    let case = &worked_cases()[0];
    let folder = Folder::new();
    let keys = variables("coupang", &case["key_material"]);
    let request = case["request"].as_str().unwrap();
    let (stdout, _, _) = verify(&folder, request, &["--json"], &keys);
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    for name in answer.as_object().unwrap().keys() {
        assert!(
            page.contains(&format!("`{name}`")),
            "docs/how-to/find-out-why-a-signature-is-wrong.md does not name `{name}`"
        );
    }
    let help = ingam(folder.path()).args(["verify", "--help"]).output();
    let (help, _, _) = text(&help.unwrap());
    let global = ["--color", "--help", "--root", "--plain-store"];
    let options = help
        .split_whitespace()
        .filter(|word| word.starts_with("--") && !global.contains(word));
    for option in options {
        let option = option.trim_end_matches([',', '.', ';']);
        assert!(
            page.contains(option),
            "docs/how-to/find-out-why-a-signature-is-wrong.md does not name `{option}`"
        );
    }
}

/// The table of the documentation is the catalogue of the program.
#[test]
fn the_page_has_every_mistake_in_order() {
    let page = page();
    let table = page
        .split_once("| code | mistake |\n| --- | --- |\n")
        .unwrap()
        .1;
    let expected: String = MistakeCode::all()
        .map(|code| format!("| {} | {} |\n", code.name(), code.sentence()))
        .collect();
    assert_eq!(table, expected);
}

#[test]
fn the_example_of_the_page_gives_what_the_page_says() {
    let page = page();
    let block = page.split("```sh\n").nth(1).unwrap();
    let command = block.split("```").next().unwrap();
    let case = &worked_cases()[0];
    let secret = case["key_material"]["secret_key"].as_str().unwrap();
    let folder = Folder::new();
    let keys = [("INGAM_COUPANG__SECRET_KEY".to_owned(), secret.to_owned())];
    let at = ["--at", "2026-11-29T05:15:03Z"];
    let (stdout, stderr, code) = verify(&folder, command, &at, &keys);
    let first = stdout.lines().next().unwrap_or_default();
    assert!(first.starts_with("different: "), "{stdout}{stderr}");
    assert!(page.contains(&format!("| `{first}` |")), "{first}");
    assert_eq!(code, 1);
}

/// The request of the page, in one line, with its right signature.
fn right_call() -> (String, Vec<(String, String)>) {
    let case = &worked_cases()[0];
    let text = |name: &str| case[name].as_str().unwrap();
    let request = text("request").replace(text("wrong"), text("right"));
    (request, variables("coupang", &case["key_material"]))
}

#[test]
fn a_right_signature_that_is_refused_anyway_is_no_success() {
    let folder = Folder::new();
    let (url, _) = explained(&folder);
    // (request, arguments, the first line has, the answer has, exit code)
    let (old, coupang) = right_call();
    let cases = [
        (
            format!("curl '{url}&sign=abc'"),
            vec![],
            shopee_keys(),
            ", but the request is refused as `malformed`",
            "at any time",
            1,
        ),
        (
            old.clone(),
            vec!["--at", "2026-11-30T00:00:00Z"],
            coupang.clone(),
            ", but the request is refused as `stale`",
            "at 2026-11-30T00:00:00Z the marketplace refuses",
            1,
        ),
        // Nobody said when it was sent.
        (
            old,
            vec![],
            coupang,
            "; sent now, the request is refused as `",
            "pass the time when it was sent with `--at`",
            0,
        ),
    ];
    for (request, args, keys, first, rest, wanted) in cases {
        let (stdout, stderr, code) = verify(&folder, &request, &args, &keys);
        let line = stdout.lines().next().unwrap_or_default();
        assert!(
            line.starts_with("equal: ") && line.contains(first) && stdout.contains(rest),
            "{request}\n{stdout}{stderr}"
        );
        assert_eq!(code, wanted, "{request}\n{stdout}{stderr}");
    }
}

#[test]
fn a_right_text_of_a_right_signature_leaves_no_doubt_about_the_key() {
    let folder = Folder::new();
    let (request, keys) = right_call();
    let case = &worked_cases()[0];
    folder.write("signed", case["message_right"].as_str().unwrap());
    let args = [
        "--at",
        case["clock"].as_str().unwrap(),
        "--message",
        "signed",
    ];
    let (stdout, stderr, code) = verify(&folder, &request, &args, &keys);
    assert!(
        stdout.contains("your text and the signature are correct"),
        "{stdout}{stderr}"
    );
    assert_eq!(code, 0);
}

#[test]
fn a_refusal_is_compared_without_a_key() {
    let folder = Folder::new();
    let cases = worked_cases();
    let case = cases.iter().find(|case| case["id"] == "c1").unwrap();
    let right = case["message_right"].as_str().unwrap();
    let request = case["request"].as_str().unwrap();
    for (text, is_equal) in [(right.to_owned(), true), (format!("{right}x"), false)] {
        folder.write("refusal", &format!("expected '{text}'"));
        let args = ["--refusal", "refusal", "--json"];
        let (stdout, stderr, code) = verify(&folder, request, &args, &[]);
        let answer: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(answer["texts"][0]["equal"], is_equal, "{stdout}{stderr}");
        assert_eq!(answer["trace"][0]["value"], right, "{stdout}");
        assert_eq!((code, stderr.as_str()), (1, ""), "{stdout}");
    }
}

#[test]
fn ids_are_taken_from_the_request_and_only_the_secret_is_asked_for() {
    let folder = Folder::new();
    for (request, scheme, variable) in [
        (
            "curl -X POST 'https://api.commerce.naver.com/external/v1/oauth2/token' -d 'client_id=aaaabbbbcccc&timestamp=1643961623299&client_secret_sign=AAAA&grant_type=client_credentials&type=SELF'",
            "naver-commerce",
            "INGAM_NAVER_COMMERCE__CLIENT_SECRET",
        ),
        (
            "curl 'https://a.example/x' -H 'X-Amz-Date: 20150830T123600Z' -H 'Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=ed8e0d201db1d7fb511ca0458776ab5dd50be7efa99c17eb6b3e9aa734a27be8'",
            "aws-sigv4",
            "INGAM_AWS_SIGV4__SECRET_KEY",
        ),
    ] {
        let (stdout, stderr, code) = verify(&folder, request, &["--scheme", scheme], &[]);
        let named: Vec<&str> = stderr
            .split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
            .filter(|word| word.starts_with("INGAM_"))
            .collect();
        assert_eq!(code, 6, "{stdout}{stderr}");
        assert!(
            !named.is_empty() && named.iter().all(|name| *name == variable),
            "{stdout}{stderr}"
        );
    }
}

#[test]
fn only_schemes_whose_form_the_request_has_are_proposed() {
    let folder = Folder::new();
    for (request, hint) in [
        (
            "curl 'https://a.example/x' -H 'X-Amz-Date: 20150830T123600Z' -H 'Authorization: AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/s/aws4_request, SignedHeaders=host;x-amz-date, Signature=00'",
            "its parameters match `--scheme aws-sigv4`\n",
        ),
        (
            "GET /v2/x HTTP/1.1\nAuthorization: CEA algorithm=HmacSHA256, access-key=a, signed-date=261130T161832Z, signature=00\n\n",
            "its parameters match `--scheme coupang`\n",
        ),
    ] {
        let (stdout, stderr, code) = verify(&folder, request, &[], &[]);
        assert!(stderr.contains(hint) && code == 2, "{stdout}{stderr}");
        assert!(!stderr.contains("no host` is"), "{stderr}");
    }
}

#[test]
fn a_request_without_a_signature_to_compare_is_unknown_and_says_why() {
    let folder = Folder::new();
    let (url, _) = explained(&folder);
    let (unsigned, _) = url.split_once("&sign=").unwrap();
    let coupang = worked_cases()[0]["request"].as_str().unwrap().to_owned();
    let unquoted = coupang
        .replacen("'https://", "https://", 1)
        .replacen("limit=5'", "limit=5", 1);
    for (request, first, keys) in [
        (
            format!("curl '{unsigned}&sign='"),
            "unknown: the signature is empty",
            shopee_keys(),
        ),
        (
            format!("curl \"{unsigned}&sign=$SIGN\""),
            "unknown: a variable is in the place of the signature, and its value is not in the text; see the notes below",
            shopee_keys(),
        ),
        // The header behind the `&` does not arrive, so no key is asked for.
        (
            unquoted,
            "unknown: the signature is missing at the place that the scheme defines; see the notes below",
            Vec::new(),
        ),
    ] {
        let (stdout, stderr, code) = verify(&folder, &request, &[], &keys);
        assert!(
            stdout.starts_with(first) && code == 1 && stderr.is_empty(),
            "{request}\n{stdout}{stderr}"
        );
    }
}

#[test]
fn a_note_says_what_a_shell_does_otherwise_than_it_looks() {
    let folder = Folder::new();
    let (url, _) = explained(&folder);
    for (request, note) in [
        (
            format!("curl \"{url}\" -d \"{{\"a\":1}}\""),
            "the shell removes these quotes",
        ),
        (
            format!("curl '{url}'\n  -H 'a: b'"),
            "line 2 begins with an option, but the line before it does not end with `\\`",
        ),
        (
            format!("curl \"{url}^\" ^\n  -H \"a: b\""),
            "line 1 has `^` inside double quotes",
        ),
        (
            format!("curl '{url}' -H “a:b“"),
            "line 1 has a typographic quote",
        ),
        (
            format!(
                "curl '{}' ",
                url.replace("partner.shopeemobile.com", "partner.example.com")
            ),
            "`https://partner.example.com` is not a host of `shopee`",
        ),
    ] {
        let args = ["--scheme", "shopee"];
        let (stdout, stderr, _) = verify(&folder, &request, &args, &shopee_keys());
        let has_note = |line: &str| line.starts_with("note") && line.contains(note);
        assert!(stdout.lines().any(has_note), "{request}\n{stdout}{stderr}");
    }
    let (_, stderr, code) = verify(&folder, &format!("curl ‘{url}’"), &[], &shopee_keys());
    assert!(
        stderr.contains("a typographic quote begins here") && code == 3,
        "{stderr}"
    );
    let plain = format!("curl '{}'", url.replace("https:", "http:"));
    let (_, stderr, code) = verify(&folder, &plain, &[], &shopee_keys());
    assert!(
        stderr.contains("`shopee` has this host with another protocol") && code == 2,
        "{stderr}"
    );
}

#[test]
fn the_key_of_another_host_of_the_scheme_is_tried_without_a_workspace() {
    let folder = Folder::new();
    let (url, _) = explained(&folder);
    let mut keys = shopee_keys();
    for (name, value) in &mut keys {
        if name == "INGAM_SHOPEE__PARTNER_KEY" {
            *value = value.replace('4', "5");
        }
    }
    keys.push(("INGAM_SHOPEE__TEST__PARTNER_KEY".to_owned(), KEY.to_owned()));
    let (stdout, stderr, code) = verify(&folder, &format!("curl '{url}'"), &[], &keys);
    assert!(
        stdout.starts_with("different: ") && stdout.contains("environment test") && code == 1,
        "{stdout}{stderr}"
    );
}

// ---- curl itself ----

/// What arrived: method and target, headers but for those of each client, body.
#[derive(Debug, PartialEq, Eq)]
struct Arrived {
    line: String,
    headers: Vec<String>,
    body: String,
}

/// Headers that say nothing of how a command line is read.
const CLIENT_HEADERS: [&str; 4] = ["host", "user-agent", "content-length", "expect"];

fn arrived(line: String, headers: &[(String, String)], body: &[u8]) -> Arrived {
    let body = String::from_utf8_lossy(body).into_owned();
    let boundary = headers
        .iter()
        .find_map(|(_, value)| value.split("boundary=").nth(1));
    let neutral = |text: &str| match boundary {
        Some(boundary) => text.replace(boundary, "BOUNDARY"),
        None => text.to_owned(),
    };
    let mut shown: Vec<String> = headers
        .iter()
        .filter(|(name, _)| !CLIENT_HEADERS.contains(&name.to_lowercase().as_str()))
        .map(|(name, value)| neutral(&format!("{}: {}", name.to_lowercase(), value.trim())))
        .collect();
    shown.sort();
    Arrived {
        line,
        headers: shown,
        body: neutral(&body),
    }
}

/// Accepts one request and answers it.
fn accept(listener: &TcpListener) -> Arrived {
    let (mut stream, _) = listener.accept().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 16_384];
    loop {
        let read = stream.read(&mut buffer).unwrap_or(0);
        bytes.extend_from_slice(&buffer[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            assert!(read > 0, "{}", String::from_utf8_lossy(&bytes));
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let (line, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
        let headers: Vec<(String, String)> = rest
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let header = |wanted: &str| {
            let mut headers = headers.iter();
            headers
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map_or("", |(_, value)| value)
        };
        if header("expect") == "100-continue" && bytes.len() == end + 4 {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        let length: usize = header("content-length").parse().unwrap_or(0);
        // Some bytes of the body can be missing for good: the header of the command line says so.
        if bytes.len() >= end + 4 + length || read == 0 {
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let line = line.strip_suffix(" HTTP/1.1").unwrap_or(line).to_owned();
            return arrived(line, &headers, &bytes[end + 4..]);
        }
    }
}

/// Command lines; `URL` is the address of a listener.
const COMMANDS: [&str; 64] = [
    "curl URL/p",
    "curl URL",
    "curl 'URL?x=1'",
    "curl 'URL/p#fragment'",
    "curl 'URL/p?a=%20b&c=d+e'",
    "curl -g 'URL/무선?a=무선'",
    "curl 'URL/a/../b/./c'",
    "curl --path-as-is 'URL/a/../b'",
    "curl 'URL/p?x=\"<>|^`'",
    "curl -g 'URL/p?t[]=1&u={a}'",
    "curl 'URL/p?t\\[\\]=1'",
    "curl URL/p -H 'X-A: 1' -H 'x-b:2' -H 'X-C:   3  '",
    "curl URL/p -H 'X-Empty;' -H 'Accept:' -H 'nocolon'",
    "curl URL/p -H \"X-Quote: it's \\\"q\\\" \\\\ \\n\"",
    "curl URL/p -H $'X-Tab: a\\tb \\x41 \\u00e9 \\'q\\''",
    "curl -X POST URL/p",
    "curl -XPUT URL/p",
    "curl -X DELETE URL/p -d ''",
    "curl -d a=1 URL/p",
    "curl -d a=1 -d b=2 --data-raw c=3 URL/p",
    "curl --data 'a b&c=d' -H 'Content-Type: text/plain' URL/p",
    "curl -d x -H 'Content-Type:' URL/p",
    "curl --data-raw @x URL/p",
    "curl --data-binary $'a\\nb\\r\\n' URL/p",
    "curl --data-binary @body.txt URL/p",
    "curl -d @body.txt URL/p",
    "curl -d @- URL/p <<'EOF'\nline 1\nline 2\nEOF",
    "curl --data-binary @- URL/p <<EOF\nline 1\nline 2\nEOF",
    "curl --data-binary @- URL/p <<< 'here'",
    "curl --data-urlencode 'a=b c&d' --data-urlencode 'plain x' --data-urlencode '=eq=' URL/p",
    "curl --data-urlencode 'a=무선' --data-urlencode a@body.txt URL/p",
    "curl --data-urlencode \"s=~*!'()\" URL/p",
    "curl -G -d a=1 --data-urlencode 'b=c d' URL/p",
    "curl -G -d a=1 'URL/p?z=0'",
    "curl -G -d a=1 'URL/p?'",
    "curl -G -d a=%2FB 'URL/p?z=%2FC'",
    "curl -G --data-urlencode 'b=무' URL/p",
    "curl -I URL/p",
    "curl -I -G -d a=1 URL/p",
    "curl --json '{\"a\":1}' URL/p",
    "curl --json '{\"a\":1}' -H 'Accept: x/y' URL/p",
    "curl --json '{\"a\":' --json '1}' URL/p",
    "curl -u user:pass URL/p",
    "curl -u 'user:pa:ss' -H 'X: y' URL/p",
    "curl --oauth2-bearer tok URL/p",
    "curl -u user:pass -H 'Authorization: other' URL/p",
    "curl -A agent -e http://ref.example/ URL/p",
    "curl -b 'a=1; b=2' URL/p",
    "curl -b a=1 -H 'Cookie: c=3' URL/p",
    "curl --compressed URL/p",
    "curl -r 0-5 URL/p",
    "curl --url-query 'a=b c' URL/p",
    "curl -F a=1 -F 'b=x y;type=text/plain' URL/p",
    "curl -F 'f=@body.txt' -F 'g=<body.txt' URL/p",
    "curl -F 'f=@body.txt;type=image/png;filename=x.png' URL/p",
    "curl --form-string 'a=@b;c' -F 'q=\"x;y\"' URL/p",
    "curl -T body.txt URL/p",
    "curl --request-target '/other?x=1' URL/p",
    "curl -sSL -k -i -m 5 --connect-timeout 5 -o /dev/null URL/p",
    "curl -sS --url URL/p --header 'A: b' --no-keepalive",
    "curl \\\n  --location \\\n  --request POST 'URL/p' \\\n  --header 'Content-Type: application/json' \\\n  --data-raw '{\n    \"a\": \"b c\"\n}'",
    "curl 'URL/p' -H 'accept: application/json, text/plain, */*' -H 'accept-language: ko-KR,ko;q=0.9' --data-raw $'{\"a\":\"it\\'s\\u0021\"}' --compressed --insecure",
    "A=1 curl URL/p | cat > out.txt",
    "curl URL/p -H 'A: b' # a comment",
];

#[test]
fn a_command_line_is_read_as_curl_sends_it() {
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let folder = Folder::new();
    folder.write("body.txt", "first line\nsecond & line\n");
    let read_file =
        |name: &str| std::fs::read(folder.path().join(name)).map_err(|error| error.to_string());
    let mut wrong = Vec::new();
    for command in COMMANDS {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let line = command.replace("URL", &origin);
        let mut shell = Command::new("bash")
            .arg("-c")
            .arg(&line)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let of_curl = accept(&listener);
        shell.wait().unwrap();
        match ingam::internals::import::read(line.as_bytes(), &read_file) {
            Ok((method, url, headers, body)) => {
                let target = url.strip_prefix(&origin).unwrap();
                let ours = arrived(format!("{method} {target}"), &headers, &body);
                if ours != of_curl {
                    wrong.push(format!(
                        "{command}\n  curl:  {of_curl:?}\n  ingam: {ours:?}"
                    ));
                }
            }
            Err(error) => wrong.push(format!("{command}\n  {error}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        COMMANDS.len(),
        wrong.join("\n")
    );
}
