//! What is signed is what is sent: for every scheme, what a bare TCP listener receives equals the
//! wire request byte for byte, and `verify` accepts exactly that.

use bytes::Bytes;
use ingam::internals::load::{LoadedWorkspace, all_schemes, load};
use ingam::internals::method::Method;
use ingam::internals::model::scheme::{CoveredPart, Level, RequestPart, Scheme};
use ingam::internals::render::FreshValues;
use ingam::internals::sandbox::test_account;
use ingam::internals::sign::{
    NamedValues, ReceivedRequest, SealedRequest, SigningInputs, TestAccount, VerifierKeys,
    choose_level, seal, sends_signature, verify,
};
use ingam::internals::transport::{LiveTransport, NetworkPolicy};
use ingam::internals::value::{ObjectMember, Value};
use ingam::internals::wire::{BaseUrl, Draft, DraftBody, DraftPart, WireRequest, parse_form};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How many generated requests each scheme sends and verifies: all of them with `INGAM_MEASURE=1`,
/// a tenth in the tests.
const REQUESTS: u32 = 500;

fn requests() -> u32 {
    if std::env::var_os("INGAM_MEASURE").is_some() {
        REQUESTS
    } else {
        REQUESTS / 10
    }
}

/// Parts of which a scheme signs certain fields alone, and the generated requests have others.
const SIGNED_IN_PART: [(&str, CoveredPart); 4] = [
    ("douyin", CoveredPart::Query),
    ("kuaishou", CoveredPart::Query),
    ("kuaishou", CoveredPart::Body),
    ("xiaohongshu", CoveredPart::Body),
];

const MOMENT: FreshValues = FreshValues {
    unix_ms: 1_795_338_000_000,
    seed: [9; 16],
};

fn schemes() -> Vec<Arc<Scheme>> {
    let mut loaded: LoadedWorkspace = load(super::program::root(), 1).unwrap();
    all_schemes(&mut loaded)
}

/// Text with everything that clients, proxies and servers like to respell.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9]{1,6}",
        Just("무선 이어폰".to_owned()),
        Just("%".to_owned()),
        Just("%20".to_owned()),
        Just("+".to_owned()),
        Just("~".to_owned()),
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("a=b&c".to_owned()),
        Just("/?#[]@!$()*,;:{}|\\^`<>".to_owned()),
        Just("😀\u{0301}".to_owned()),
        Just(String::new()),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    // Few names, so that some stand twice.
    let name =
        prop_oneof![Just("keyword"), Just("page"), Just("키"), Just("a b")].prop_map(str::to_owned);
    prop::collection::vec((name, text()), 0..5)
}

/// Most often of the kinds that marketplaces sign, so that each scheme gets some that it takes.
fn body() -> impl Strategy<Value = DraftBody> {
    prop_oneof![
        1 => Just(DraftBody::None),
        3 => pairs().prop_map(|pairs| {
            let mut members: Vec<ObjectMember> = Vec::new();
            for (name, value) in pairs {
                if !members.iter().any(|(known, _)| *known == name) {
                    members.push((name.into(), Value::from(value)));
                }
            }
            DraftBody::Json(Value::Object(members))
        }),
        3 => pairs().prop_map(DraftBody::Form),
        1 => bytes().prop_map(|bytes| DraftBody::Bytes(Bytes::from(bytes))),
        1 => (pairs(), bytes()).prop_map(|(pairs, bytes)| multipart(pairs, bytes)),
    ]
}

/// Anything, most of which is no text in any encoding.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..200)
}

/// Text parts, and a file of bytes.
fn multipart(pairs: Vec<(String, String)>, bytes: Vec<u8>) -> DraftBody {
    let mut parts: Vec<DraftPart> = pairs
        .into_iter()
        .map(|(name, value)| DraftPart {
            name,
            filename: None,
            media_type: None,
            content: Bytes::from(value),
        })
        .collect();
    parts.push(DraftPart {
        name: "image".to_owned(),
        filename: Some("a.png".to_owned()),
        media_type: Some("image/png".to_owned()),
        content: Bytes::from(bytes),
    });
    DraftBody::Multipart {
        parts,
        boundary: "ingam-0909090909".to_owned(),
    }
}

fn draft() -> impl Strategy<Value = Draft> {
    let segment = text().prop_filter("an empty or dotted segment is another path", |text| {
        !text.is_empty() && !text.chars().all(|letter| letter == '.')
    });
    let raw_query = prop_oneof![
        Just(""),
        Just("a=%EA%B0%80"),
        Just("x=1&x=2"),
        Just("b=%eb%AC+c"),
        Just("empty="),
        Just("flag")
    ];
    (
        prop::bool::weighted(0.9),
        segment,
        raw_query,
        pairs(),
        body(),
    )
        .prop_map(|(post, segment, raw_query, query, body)| Draft {
            external: None,
            method: if post { Method::Post } else { Method::Get },
            path: format!(
                "/v2/test/{}",
                ingam::internals::wire::encode_strict(&segment)
            ),
            raw_query: raw_query.to_owned(),
            query,
            headers: vec![("x-note".to_owned(), "무선 ~ %".to_owned())],
            body: if post { body } else { DraftBody::None },
        })
}

/// A server that keeps the bytes of each request and answers 200.
fn listener() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, sender) = (stream.unwrap(), sender.clone());
            std::thread::spawn(move || {
                let mut seen: Vec<u8> = Vec::new();
                let mut buffer = [0; 65_536];
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    seen.extend_from_slice(&buffer[..read]);
                    if let Some(len) = whole(&seen) {
                        sender.send(seen.drain(..len).collect()).unwrap();
                        stream
                            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                            .unwrap();
                    }
                }
            });
        }
    });
    (origin, receiver)
}

/// The length of the request at the start of `seen`, once all of it is there.
fn whole(seen: &[u8]) -> Option<usize> {
    let head = seen.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&seen[..head]).to_lowercase();
    let body = text
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next())
        .map_or(0, |len| len.parse().unwrap());
    (seen.len() >= head + body).then_some(head + body)
}

fn sealed(
    scheme: &Scheme,
    level: &Level,
    draft: Draft,
    base: &BaseUrl,
    account: &NamedValues,
) -> Option<SealedRequest> {
    let inputs = SigningInputs {
        credentials: account,
        token: Some(account),
        moment: MOMENT,
        steps: &[],
        extra: &[],
    };
    // Some marketplaces sign texts, and a body that is none cannot be sent to them; some take their
    // parameters in a body of one kind.
    let is_text = !matches!(
        draft.body,
        DraftBody::Bytes(_) | DraftBody::Multipart { .. }
    );
    match seal(scheme, &level.procedure, draft, base, inputs) {
        Ok(sealed) => Some(sealed),
        Err(error) => {
            let is_of_another_kind = error.to_string().contains("a different kind of body");
            assert!(!is_text || is_of_another_kind, "{}: {error}", scheme.name);
            None
        }
    }
}

/// Test keys, and a token where the scheme would issue one.
fn account_of(scheme: &Scheme) -> NamedValues {
    let mut account = test_account(scheme, "main", None).unwrap();
    for field in scheme.tokens.iter().flat_map(|token| token.fields()) {
        if account.get(field).is_none() {
            account.set(field, Value::from("issued-test-token"));
        }
    }
    account
}

fn base_of(scheme: &Scheme, origin: &str) -> BaseUrl {
    let host = scheme
        .hosts
        .first()
        .map_or("https://none.example".to_owned(), |host| host.example_url());
    BaseUrl::parse(&host).unwrap().with_origin(origin).unwrap()
}

#[test]
fn what_arrives_equals_what_was_signed_to_the_byte() {
    let (origin, arrived) = listener();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let live = LiveTransport::new(NetworkPolicy::LoopbackOnly);
    for scheme in schemes() {
        let account = account_of(&scheme);
        let base = base_of(&scheme, &origin);
        let sent = Cell::new(0_u32);
        let mut runner = TestRunner::new(Config {
            cases: requests(),
            failure_persistence: None,
            ..Config::default()
        });
        runner
            .run(&draft(), |draft| {
                let level = choose_level(&scheme, None, draft.method, &draft.path);
                let Some(sealed) = sealed(&scheme, level, draft, &base, &account) else {
                    return Ok(());
                };
                let request: WireRequest = sealed.request;
                sent.set(sent.get() + 1);
                runtime
                    .block_on(live.send(&request, Duration::from_secs(10)))
                    .unwrap();
                let bytes = arrived.recv_timeout(Duration::from_secs(10)).unwrap();
                let signed = request.to_bytes();
                prop_assert_eq!(
                    String::from_utf8_lossy(&bytes),
                    String::from_utf8_lossy(&signed)
                );
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{}: {error}", scheme.name));
        assert!(sent.get() > 0, "{}: no draft could be sent", scheme.name);
    }
}

fn accepted(
    scheme: &Scheme,
    level: &Level,
    received: &ReceivedRequest,
    account: &NamedValues,
) -> bool {
    let accounts = [TestAccount {
        name: "main".to_owned(),
        credentials: account.clone(),
    }];
    let accepts_token = |field: &str, value: &str, _: &str| {
        account.get(field).and_then(Value::as_str) == Some(value)
    };
    let known = VerifierKeys {
        accounts: &accounts,
        accepts_token: &accepts_token,
        now_ms: MOMENT.unix_ms,
    };
    verify(scheme, &level.procedure, received, &known).is_ok()
}

#[test]
fn verify_accepts_what_was_sealed_and_nothing_that_differs_in_what_is_covered() {
    for scheme in schemes() {
        // A scheme without a signature has nothing that a change could break.
        let account = account_of(&scheme);
        let base = base_of(&scheme, "http://127.0.0.1:9000");
        let (checked, refused) = (Cell::new(0_u32), RefCell::new(Vec::new()));
        let mut runner = TestRunner::new(Config {
            cases: requests(),
            failure_persistence: None,
            ..Config::default()
        });
        runner
            .run(
                &(draft(), any::<prop::sample::Index>(), 1_u8..=255),
                |(draft, index, by)| {
                    let level = choose_level(&scheme, None, draft.method, &draft.path);
                    let Some(sealed_draft) = sealed(&scheme, level, draft.clone(), &base, &account)
                    else {
                        return Ok(());
                    };
                    let request = &sealed_draft.request;
                    checked.set(checked.get() + 1);
                    let steps = |sealed: &SealedRequest| format!("{:?}", sealed.trace.lines);
                    let is_signed = |part: CoveredPart| {
                        let other = other_draft(&draft, part)
                            .and_then(|other| sealed(&scheme, level, other, &base, &account));
                        other.is_some_and(|other| steps(&other) != steps(&sealed_draft))
                    };
                    let whole = ReceivedRequest::from(request);
                    prop_assert!(
                        accepted(&scheme, level, &whole, &account),
                        "not accepted: {:?}",
                        String::from_utf8_lossy(&request.to_bytes())
                    );
                    for (part, changed) in changes(&whole, index, by) {
                        let depends = matches!(part, CoveredPart::Query | CoveredPart::Body);
                        let covered =
                            scheme.covered_parts.contains(&part) && (!depends || is_signed(part));
                        if covered {
                            refused.borrow_mut().push(part);
                        }
                        prop_assert!(
                            !covered
                                || !sends_signature(&level.procedure)
                                || !accepted(&scheme, level, &changed, &account),
                            "accepted with another {}: {:?}",
                            part.name(),
                            changed
                        );
                    }
                    Ok(())
                },
            )
            .unwrap_or_else(|error| panic!("{}: {error}", scheme.name));
        assert!(
            checked.get() > 0,
            "{}: no draft could be signed",
            scheme.name
        );
        let mut levels = scheme.levels.iter();
        if levels.any(|level| sends_signature(&level.procedure)) {
            let refused = refused.borrow();
            let untried = scheme.covered_parts.iter().find(|part| {
                !refused.contains(part) && !SIGNED_IN_PART.contains(&(&scheme.name, **part))
            });
            assert!(
                untried.is_none(),
                "{}: `covers` says {untried:?}, and every change of it was accepted",
                scheme.name
            );
        }
    }
}

/// Whoever reads the last of two values reads another one than we verified, so a field of the scheme
/// stands once, in every part.
#[test]
fn a_field_of_the_scheme_that_stands_twice_is_refused() {
    let mut tried = std::collections::BTreeSet::new();
    for scheme in schemes() {
        let account = account_of(&scheme);
        let base = base_of(&scheme, "http://127.0.0.1:9000");
        for level in &scheme.levels {
            let bodies = [
                DraftBody::None,
                DraftBody::Form(vec![("a".to_owned(), "1".to_owned())]),
                DraftBody::Json(Value::Object(vec![("a".into(), Value::from("1"))])),
            ];
            for body in bodies {
                let draft = Draft {
                    external: None,
                    method: Method::Post,
                    path: "/probe".to_owned(),
                    raw_query: String::new(),
                    query: Vec::new(),
                    headers: Vec::new(),
                    body,
                };
                let Some(sealed) = sealed(&scheme, level, draft, &base, &account) else {
                    continue;
                };
                let whole = ReceivedRequest::from(&sealed.request);
                if !accepted(&scheme, level, &whole, &account) {
                    continue;
                }
                let placed = [&level.procedure.prepare, &level.procedure.attach];
                for (part, field) in placed.into_iter().flat_map(|fields| fields.fields()) {
                    for twice in repeated(&whole, part, &field.name) {
                        assert!(
                            !accepted(&scheme, level, &twice, &account),
                            "{}: accepted with a second {}.{}: {twice:?}",
                            scheme.name,
                            part.name(),
                            field.name
                        );
                        tried.insert(part.name());
                    }
                }
            }
        }
    }
    let all = ["form", "header", "json", "query"];
    assert_eq!(tried.into_iter().collect::<Vec<_>>(), all);
}

/// The request with a second value of a field, before and behind the right one.
fn repeated(whole: &ReceivedRequest, part: RequestPart, name: &str) -> Vec<ReceivedRequest> {
    let joined = |text: &str| {
        [
            format!("{name}=garbage&{text}"),
            format!("{text}&{name}=garbage"),
        ]
    };
    match part {
        RequestPart::Query => {
            let Some((path, query)) = whole.target.split_once('?') else {
                return Vec::new();
            };
            if !parse_form(query).iter().any(|(key, _)| key == name) {
                return Vec::new();
            }
            let targets = joined(query).map(|query| format!("{path}?{query}"));
            let other = |target| ReceivedRequest {
                target,
                ..whole.clone()
            };
            targets.map(other).to_vec()
        }
        RequestPart::Header => {
            let name = name.to_ascii_lowercase();
            let Some(at) = whole.headers.iter().position(|(key, _)| *key == name) else {
                return Vec::new();
            };
            let other = |at| {
                let mut headers = whole.headers.clone();
                headers.insert(at, (name.clone(), "garbage".to_owned()));
                ReceivedRequest {
                    headers,
                    ..whole.clone()
                }
            };
            vec![other(at), other(at + 1)]
        }
        RequestPart::Form | RequestPart::Json => {
            let Ok(text) = std::str::from_utf8(&whole.body) else {
                return Vec::new();
            };
            let is_there = match part {
                RequestPart::Form => parse_form(text).iter().any(|(key, _)| key == name),
                _ => text.starts_with('{') && text.contains(&format!("\"{name}\":")),
            };
            let texts = match part {
                RequestPart::Form => joined(text),
                _ => [
                    text.replacen('{', &format!("{{\"{name}\":\"garbage\","), 1),
                    format!(
                        "{},\"{name}\":\"garbage\"}}",
                        text.strip_suffix('}').unwrap_or(text)
                    ),
                ],
            };
            let other = |text: String| ReceivedRequest {
                body: text.into(),
                ..whole.clone()
            };
            texts.into_iter().filter(|_| is_there).map(other).collect()
        }
    }
}

/// A request with another query, or another body of its kind. A marketplace that signs forms takes no
/// JSON, some leave files out, and some sign certain parameters alone: whether this one is signed
/// shows in the steps of the signature. That the steps look at all that `covers` names, for what a
/// scheme takes, is the linter's to try.
fn other_draft(draft: &Draft, part: CoveredPart) -> Option<Draft> {
    match part {
        CoveredPart::Body => other_body(draft),
        _ => {
            let mut other = draft.clone();
            other.query.push(("smuggled".to_owned(), "1".to_owned()));
            Some(other)
        }
    }
}

fn other_body(draft: &Draft) -> Option<Draft> {
    let other = Bytes::from_static(b"\xff\x00other bytes");
    let body = match &draft.body {
        DraftBody::Json(_) => {
            DraftBody::Json(Value::Object(vec![("other".into(), Value::from("body"))]))
        }
        DraftBody::Form(_) => DraftBody::Form(vec![("other".to_owned(), "body".to_owned())]),
        DraftBody::Bytes(_) => DraftBody::Bytes(other),
        DraftBody::Multipart { parts, boundary } => {
            let mut parts = parts.clone();
            parts.last_mut().unwrap().content = other;
            DraftBody::Multipart {
                parts,
                boundary: boundary.clone(),
            }
        }
        _ => return None,
    };
    Some(Draft {
        body,
        ..draft.clone()
    })
}

/// The same request with one byte of one part changed; only changes that change the meaning.
fn changes(
    whole: &ReceivedRequest,
    index: prop::sample::Index,
    by: u8,
) -> Vec<(CoveredPart, ReceivedRequest)> {
    let mut all = Vec::new();
    let other = if whole.method == Method::Get {
        Method::Delete
    } else {
        Method::Put
    };
    all.push((
        CoveredPart::Method,
        ReceivedRequest {
            method: other,
            ..whole.clone()
        },
    ));
    let (path, query) = whole
        .target
        .split_once('?')
        .map_or((whole.target.as_str(), None), |(path, query)| {
            (path, Some(query))
        });
    let last = path.chars().last().unwrap();
    let swapped = if last == 'x' { 'y' } else { 'x' };
    let other_path = format!("{}{swapped}", &path[..path.len() - last.len_utf8()]);
    let query_text = query.map_or(String::new(), |query| format!("?{query}"));
    all.push((
        CoveredPart::Path,
        ReceivedRequest {
            target: format!("{other_path}{query_text}"),
            ..whole.clone()
        },
    ));
    let separator = if query.is_some() { '&' } else { '?' };
    all.push((
        CoveredPart::Query,
        ReceivedRequest {
            target: format!("{}{separator}smuggled=1", whole.target),
            ..whole.clone()
        },
    ));
    // A marketplace may leave parameters without a value out of the signature, and then their names
    // are not covered.
    let text = String::from_utf8_lossy(&whole.body).into_owned();
    if !whole.body.is_empty() && !text.ends_with('=') && !text.contains("=&") {
        let mut body = whole.body.to_vec();
        let at = index.index(body.len());
        body[at] = body[at].wrapping_add(by);
        // `%2b` and `%2B` are one letter, and a marketplace that signs what a form means does not
        // tell them apart.
        let is_form = whole
            .headers
            .iter()
            .any(|(name, value)| name == "content-type" && value.contains("form-urlencoded"));
        let means_the_same =
            is_form && parse_form(&String::from_utf8_lossy(&body)) == parse_form(&text);
        if !means_the_same {
            all.push((
                CoveredPart::Body,
                ReceivedRequest {
                    body: Bytes::from(body),
                    ..whole.clone()
                },
            ));
        }
    }
    all
}
