//! A step that is sent page by page.

use super::*;
use crate::tokens::figure;

const PAGES: &str = "scheme: none\nvars: { cursor: first }\nsteps:\n  - name: all\n    get: /list\n    query: { cursor: \"{{ cursor }}\" }\n    \
                     pages: { while: $.more, set: { cursor: $.next }, max: 5 }\n    assert: { $.ids: { type: array } }\n    \
                     capture: { ids: \"$.ids[*]\", seen: $.seen }\n  - name: use\n    post: /use\n    json: { ids: \"{{ ids }}\", seen: \
                     \"{{ seen }}\", cursor: \"{{ cursor }}\" }\n    assert: { $.ids: { length: 3 }, $.seen: 3, $.cursor: first }\n";

/// Three pages; `last` is what the last one says of another.
fn list(last: &'static str) -> Server {
    Server::start(move |_, arrived| {
        ok(&match arrived.target() {
            "/list?cursor=first" => {
                r#"{"ids":[1,2],"seen":1,"more":true,"next":"b&=c"}"#.to_owned()
            }
            "/list?cursor=b%26%3Dc" => r#"{"ids":[],"seen":2,"more":true,"next":7}"#.to_owned(),
            "/list?cursor=7" => format!(r#"{{"ids":[3],"seen":3{last}}}"#),
            "/use" => r#"{"ids":[1,2,3],"seen":3,"cursor":"first"}"#.to_owned(),
            _ => "{}".to_owned(),
        })
    })
}

#[test]
fn every_page_is_read_and_captures_of_lists_join() {
    for last in ["", r#","more":false"#, r#","more":null"#] {
        let server = list(last);
        let folder = workspace(&server.origin, &[("requests/all.yaml", PAGES)]);
        let (output, code) = run(&folder, &["-v"]);
        assert_eq!((code, server.seen().len()), (0, 4), "{last}: {output}");
        assert!(
            output.contains(r#"{"ids":[1,2,3],"seen":3,"cursor":"first"}"#),
            "{output}"
        );
    }
}

#[test]
fn it_is_recorded_and_replayed_page_by_page() {
    let server = list("");
    let folder = workspace(&server.origin, &[("requests/all.yaml", PAGES)]);
    let (output, code) = run(&folder, &["--record"]);
    assert_eq!(code, 0, "{output}");
    for args in [
        &["run", "--replay"][..],
        &["run", "--env", "sandbox"],
        &["run", "--env", "local", "--diff"],
    ] {
        let (stdout, stderr, code) = text(&command(&folder, args).output().unwrap());
        assert_eq!(code, 0, "{args:?}: {stdout}{stderr}");
    }
    assert_eq!(server.seen().len(), 8);
}

#[test]
fn a_word_that_is_neither_is_a_failure() {
    for (last, said) in [
        (r#","more":"yes""#, "\"yes\""),
        (r#","more":1"#, "1"),
        (r#","more":{}"#, "{}"),
    ] {
        let server = list(last);
        let (output, code) = run(
            &workspace(&server.origin, &[("requests/all.yaml", PAGES)]),
            &[],
        );
        assert_eq!((code, server.seen().len()), (1, 3), "{last}: {output}");
        assert!(
            output.contains("while $.more (page 3)") && output.contains(said),
            "{output}"
        );
    }
}

#[test]
fn a_page_without_the_next_value_is_a_failure() {
    let server = list(r#","more":true"#);
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/all.yaml", PAGES)]),
        &[],
    );
    assert_eq!((code, server.seen().len()), (1, 3), "{output}");
    assert!(
        output.contains("set $.next (page 3)") && output.contains("`cursor` for the next page"),
        "{output}"
    );
}

#[test]
fn too_many_pages_are_a_failure() {
    let server = Server::start(|number, _| {
        ok(&format!(
            r#"{{"ids":[1],"seen":1,"more":true,"next":{number}}}"#
        ))
    });
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/all.yaml", PAGES)]),
        &[],
    );
    assert_eq!((code, server.seen().len()), (1, 5), "{output}");
    assert!(
        output.contains("the last page within 5 pages")
            && output.contains("`$.more` is still true"),
        "{output}"
    );
}

#[test]
fn every_page_is_judged_and_a_failure_names_its_page() {
    let server = Server::start(|number, _| match number {
        0 => ok(r#"{"ids":[1],"seen":1,"more":true,"next":1}"#),
        _ => ok(r#"{"ids":7,"seen":1,"more":true,"next":1}"#),
    });
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/all.yaml", PAGES)]),
        &[],
    );
    assert_eq!((code, server.seen().len()), (1, 2), "{output}");
    assert!(output.contains("$.ids (page 2)"), "{output}");
}

#[test]
fn a_list_that_no_page_has_is_nothing_to_capture() {
    let server = Server::start(|number, _| {
        ok(&format!(
            r#"{{"ids":[],"seen":1,"more":{},"next":1}}"#,
            number == 0
        ))
    });
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/all.yaml", PAGES)]),
        &[],
    );
    assert_eq!((code, server.seen().len()), (1, 2), "{output}");
    assert!(output.contains("$.ids[*] (page 2)"), "{output}");
}

#[test]
fn two_steps_with_one_variable_begin_at_their_own_first_page() {
    let server = list("");
    let step = "    get: /list\n    query: { cursor: \"{{ cursor }}\" }\n    pages: { while: $.more, set: { cursor: $.next } }\n";
    let flow = format!(
        "scheme: none\nvars: {{ cursor: first }}\nsteps:\n  - name: one\n{step}  - name: two\n{step}"
    );
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/all.yaml", &flow)]),
        &[],
    );
    let seen = server.seen();
    assert_eq!((code, seen.len()), (0, 6), "{output}");
    assert_eq!(
        (seen[0].target(), seen[3].target()),
        ("/list?cursor=first", "/list?cursor=first")
    );
}

#[test]
fn a_page_that_fails_once_is_tried_again() {
    let server = Server::start(|number, _| match number {
        0 => ok(r#"{"ids":[1],"seen":1,"more":true,"next":1}"#),
        1 => status(503),
        _ => ok(r#"{"ids":[2],"seen":2}"#),
    });
    let text = "scheme: none\nvars: { cursor: 0 }\nget: /list\nquery: { cursor: \"{{ cursor }}\" }\n\
                pages: { while: $.more, set: { cursor: $.next } }\n";
    let (output, code) = run(
        &workspace(&server.origin, &[("requests/all.yaml", text)]),
        &[],
    );
    assert_eq!((code, server.seen().len()), (0, 3), "{output}");
    assert!(output.contains("FLAKY, 2 attempts"), "{output}");
}

/// Member names of paging that nobody sent: the first of three pages would pass as all of them.
#[test]
fn a_member_that_no_page_held_fails_the_step() {
    for (written, said) in [
        (
            "while: $.mor, set: { cursor: $.next }",
            "did you mean `more`?",
        ),
        (
            "while: $.more, set: { cursor: $.nxt }",
            "did you mean `next`?",
        ),
    ] {
        let server = Server::start(|_, _| ok(r#"{"ids":[1],"more":false,"next":null}"#));
        let text = format!(
            "scheme: none\nvars: {{ cursor: 0 }}\nget: /list\nquery: {{ cursor: \"{{{{ cursor }}}}\" }}\npages: {{ {written} }}\n"
        );
        let folder = workspace(&server.origin, &[("requests/all.yaml", &text)]);
        let (output, code) = run(&folder, &[]);
        assert_eq!(code, 1, "{written}: {output}");
        assert!(
            output.contains(said) && output.contains("`single: true`"),
            "{output}"
        );
        let single = text
            .replace(" }\n", ", single: true }\n")
            .replace("\", single: true }\nq", "\" }\nq");
        let folder = workspace(&server.origin, &[("requests/all.yaml", &single)]);
        let (output, code) = run(&folder, &[]);
        assert_eq!(code, 0, "{single}: {output}");
    }
}

#[test]
fn a_request_that_was_sent_before_is_not_sent_again() {
    for (cycle, sent) in [(1, 1), (2, 2), (3, 3)] {
        let server = Server::start(move |number, _| {
            ok(&format!(
                r#"{{"ids":[1],"seen":1,"more":true,"next":{}}}"#,
                (number + 1) % cycle
            ))
        });
        let text = PAGES.replace("cursor: first", "cursor: 0");
        let folder = workspace(&server.origin, &[("requests/all.yaml", &text)]);
        let (output, code) = run(&folder, &[]);
        assert_eq!((code, server.seen().len()), (1, sent), "{cycle}: {output}");
        assert!(
            output.contains(&format!("pages (page {})", cycle + 1))
                && output.contains("the same request as page 1; it was not sent"),
            "{output}"
        );
    }
}

/// A cursor that stands in each part of a request, in every form of `while`, `until` and `set`.
#[test]
fn a_cursor_stands_in_query_body_header_and_path() {
    let last = |next: &str| next.to_owned();
    for (step, end) in [
        (
            "get: /list\nquery: { c: \"{{ c }}\" }",
            last(r#""next":"""#),
        ),
        ("get: \"/list/{{ c }}\"", last(r#""next":null"#)),
        (
            "get: /list\nheaders: { x-cursor: \"{{ c }}\" }",
            last(r#""none":0"#),
        ),
        (
            "post: /list\njson: { at: { c: \"{{ c }}\" } }",
            last(r#""next":"""#),
        ),
        (
            "post: /list\nform: { c: \"{{ c }}\" }",
            last(r#""next":"""#),
        ),
    ] {
        for condition in [
            "while: { $.next: { type: string, not: \"\" } }",
            "until: { $.items: { length: { below: 2 } } }",
        ] {
            let end = end.clone();
            let server = Server::start(move |number, _| {
                ok(&match number {
                    0 => r#"{"next":"b","items":[1,2]}"#.to_owned(),
                    1 => r#"{"next":"c","items":[3,4]}"#.to_owned(),
                    _ => format!(r#"{{{end},"items":[5]}}"#),
                })
            });
            let text = format!(
                "scheme: none\nvars: {{ c: a }}\n{step}\npages:\n  {condition}\n  set: {{ c: $.next }}\n  \
                 count: {{ of: $.items, equals: 5 }}\ncapture: {{ all: \"$.items[*]\" }}\n"
            );
            let folder = workspace(&server.origin, &[("requests/all.yaml", &text)]);
            let (output, code) = run(&folder, &["--record"]);
            assert_eq!((code, server.seen().len()), (0, 3), "{text}{output}");
            let (output, code) = replay(&folder, &[]);
            assert_eq!(code, 0, "{text}{output}");
        }
    }
}

/// A template of `set` sees the variables of the page, its captures, and none that it sets itself.
#[test]
fn a_template_sees_the_page_before() {
    let server = Server::start(|number, arrived| {
        let sent = arrived.target().to_owned();
        ok(&format!(
            r#"{{"sent":"{sent}","step":{},"items":[{number}],"more":{}}}"#,
            number + 1,
            number < 2
        ))
    });
    let text = "scheme: none\nvars: { a: 1, b: 10 }\nget: /list\nquery: { a: \"{{ a }}\", b: \"{{ b }}\" }\n\
                pages:\n  while: $.more\n  set: { a: \"{{ b }}\", b: \"{{ a + step }}\" }\n\
                capture: { step: $.step }\n";
    let folder = workspace(&server.origin, &[("requests/all.yaml", text)]);
    let (output, code) = run(&folder, &[]);
    assert_eq!(code, 0, "{output}");
    let seen: Vec<String> = server
        .seen()
        .iter()
        .map(|one| one.target().to_owned())
        .collect();
    assert_eq!(seen, ["/list?a=1&b=10", "/list?a=10&b=2", "/list?a=2&b=12"]);
}

/// Ten times the pages take the same memory, but for what is captured, also where each page hands
/// out a session of its own. The time is printed: `just measure` shows that it grows with the pages.
#[test]
fn the_memory_of_paging_does_not_grow_with_the_pages() {
    let whole = std::env::var_os("INGAM_MEASURE").is_some();
    let pages = if whole { 1_000 } else { 100 };
    for has_sessions in [false, true] {
        let peak = |pages| peak_of_pages(pages, has_sessions);
        let (few, many) = (peak(pages / 10), peak(pages));
        assert!(many < few + (4 << 10), "{few} kB, then {many} kB");
    }
}

fn peak_of_pages(pages: usize, has_sessions: bool) -> u64 {
    let items = "x".repeat(64 << 10);
    let server = Server::start(move |number, _| {
        let session = format!("set-cookie: sid=f3a9c1d07b5e{number:08}; path=/\r\n");
        let headers = if has_sessions { session } else { String::new() };
        let body = format!(
            r#"{{"next":{},"last":{},"id":{number},"items":["{items}"]}}"#,
            number + 1,
            number + 1 == pages
        );
        Act::Answer(200, headers, body)
    });
    let text = format!(
        "scheme: none\nvars: {{ page: 0 }}\nget: /list\nquery: {{ page: \"{{{{ page }}}}\" }}\n\
         pages:\n  until: $.last\n  set: {{ page: $.next }}\n  max: 10000\n  count: {{ of: $.items, equals: {pages} }}\n\
         capture: {{ ids: \"$['id','none']\" }}\n"
    );
    let folder = workspace(&server.origin, &[("requests/all.yaml", &text)]);
    let observed = crate::limits::observe(&mut command(&folder, &["run", "--env", "local"]));
    assert_eq!(observed.code, 0, "{}{}", observed.stdout, observed.stderr);
    assert_eq!(server.seen().len(), pages);
    figure(&format!(
        "{pages} pages of 64 kB, sessions: {has_sessions}: {} kB at most, {:?}",
        observed.peak_kb, observed.took
    ));
    observed.peak_kb
}
