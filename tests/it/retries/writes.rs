//! A write is never repeated once a byte of it has left.

use super::*;
use crate::tokens::{figure, scaled};
use std::collections::HashSet;
use std::fmt::Write as _;

/// 500 writes, each of which meets a fault after its first byte, with a file that asks for five
/// attempts: the server sees each exactly once.
#[test]
fn a_write_that_has_begun_is_never_repeated() {
    let count = scaled(500);
    let kinds = [
        Act::ResetAtFirstByte,
        Act::ResetAfterAll,
        Act::HalfAnAnswer,
        Act::Garbage,
    ];
    let server = Server::start(move |number, _| match number {
        // A time-out costs time.
        number if number % 50 == 0 => Act::Silence,
        number if number % 5 == 4 => status([429, 500, 503][number % 3]),
        number => kinds[number % kinds.len()].clone(),
    });
    let mut cases = "cases:\n".to_owned();
    (0..count).for_each(|number| writeln!(cases, "  c{number}: {{ n: {number} }}").unwrap());
    let text = "scheme: coupang\nretry: { attempts: 5 }\ntimeout: 300ms\npost: \"/v2/things/{{ n }}\"\njson: { n: \"{{ n }}\" }\n";
    let folder = workspace(
        &server.origin,
        &[("requests/make.yaml", &format!("{text}{cases}"))],
    );
    let (output, code) = run(&folder, &[]);
    assert!(code == 5 && output.contains("\n0 passed"), "{output}");
    assert_eq!(server.seen().len(), count, "{output}");
    figure(&format!(
        "{count} faults after the first byte of a POST: the server saw {}",
        server.seen().len()
    ));
}

#[test]
fn a_write_is_tried_again_while_nothing_of_it_was_sent() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let plain = "scheme: coupang\npost: /v2/things\njson: {}\n";
    let (output, code) = run(&workspace(&closed, &[("requests/one.yaml", plain)]), &[]);
    assert!(
        code == 5
            && !output.contains("attempt 2")
            && output.contains("although no part of it was sent"),
        "{output}"
    );
    let more = format!("{plain}retry: {{ attempts: 3 }}\n");
    let (output, code) = run(&workspace(&closed, &[("requests/one.yaml", &more)]), &[]);
    assert!(
        code == 5 && output.contains("attempt 2: cannot connect") && !output.contains("attempt 3"),
        "{output}"
    );
}

/// Connections that the server closes, with a word or without, while they wait for their next
/// request: what was not begun may be sent on another one, and nothing arrives twice.
#[test]
fn a_connection_that_was_closed_meanwhile_makes_no_second_write() {
    let count = scaled(300);
    for act in [
        Act::Answer(200, "connection: close\r\n".to_owned(), "{}".to_owned()),
        Act::AnswerAndClose,
    ] {
        let server = Server::in_turn(vec![act]);
        let mut text = "scheme: none\nretry: { attempts: 5 }\npost: \"/v2/things/{{ n }}\"\njson: {}\ncases:\n".to_owned();
        (0..count).for_each(|number| writeln!(text, "  c{number}: {{ n: {number} }}").unwrap());
        let (output, code) = run(
            &workspace(&server.origin, &[("requests/many.yaml", &text)]),
            &[],
        );
        let seen = server.seen();
        let targets: HashSet<&str> = seen
            .iter()
            .map(Arrived::target)
            .filter(|target| !target.is_empty())
            .collect();
        assert!(
            [0, 5].contains(&code) && seen.len() <= count && targets.len() * 2 > count,
            "{output}"
        );
        assert_eq!(
            seen.iter()
                .filter(|arrived| !arrived.head.is_empty())
                .count(),
            targets.len(),
            "one came twice: {output}"
        );
    }
}

/// A gateway that guarantees that a call over the limit is not carried out. Only the rule for that
/// very response lets a write be sent again, and only if its file asks for it.
#[test]
fn a_write_that_a_gateway_did_not_carry_out_may_be_sent_again() {
    let scheme = |claim: &str| {
        format!(
            "scheme: gate\nhosts: {{ live: \"https://api.gate.example\" }}\nerrors:\n  \
             - {{ status: 429, where: {{ $.by: gateway }}, kind: rate_limit{claim} }}\n"
        )
    };
    let claim = ", executed: false, source: \"https://docs.gate.example/limits\"";
    let limited = || Act::Answer(429, String::new(), r#"{"by":"gateway"}"#.to_owned());
    let other = || Act::Answer(429, String::new(), r#"{"by":"shop"}"#.to_owned());
    let write = "scheme: gate\npost: /orders\njson: {}\n";
    let asks = format!("{write}retry: {{ attempts: 3 }}\n");
    let may_have = "the marketplace may have processed";
    for (claim, text, first, sent, said) in [
        (claim, asks.as_str(), limited(), 2, "FLAKY, 2 attempts"),
        (claim, asks.as_str(), other(), 1, may_have),
        (claim, asks.as_str(), status(503), 1, may_have),
        (claim, asks.as_str(), Act::ResetAfterAll, 1, may_have),
        (claim, asks.as_str(), Act::HalfAnAnswer, 1, may_have),
        ("", asks.as_str(), limited(), 1, may_have),
        (
            claim,
            write,
            limited(),
            1,
            "`retry: { attempts: 3 }` allows retries",
        ),
    ] {
        let server = Server::in_turn(vec![first, ok("{}")]);
        let folder = workspace(
            &server.origin,
            &[
                ("schemes/gate.yaml", &scheme(claim)),
                ("requests/a.yaml", text),
            ],
        );
        folder.write(
            "ingam.yaml",
            &format!(
                "envs: {{ local: {{ hosts: {{ gate: \"{}\" }} }} }}\n",
                server.origin
            ),
        );
        let (output, code) = run(&folder, &[]);
        assert_eq!(server.seen().len(), sent, "{claim} {text}: {output}");
        assert_eq!(code == 0, sent == 2, "{output}");
        assert!(output.contains(said), "{claim} {text}: {output}");
    }
}
