//! Of two requests that differ in one thing on the wire, a recording answers only the one that was
//! recorded, or the reference says why both.

use super::{Server, json, record, run_with, workspace};
use crate::program::Folder;
use ingam::testing::{Outcome, TestWorkspace};

/// What a request file says below its method, for two requests: they differ in the thing that the
/// name tells.
struct Pair {
    name: &'static str,
    recorded: &'static str,
    sent: &'static str,
    /// Of the message about the second one, if it is another request for a recording.
    difference: Option<&'static str>,
}

const fn differ(
    name: &'static str,
    recorded: &'static str,
    sent: &'static str,
    difference: &'static str,
) -> Pair {
    Pair {
        name,
        recorded,
        sent,
        difference: Some(difference),
    }
}

const fn same(name: &'static str, recorded: &'static str, sent: &'static str) -> Pair {
    Pair {
        name,
        recorded,
        sent,
        difference: None,
    }
}

const PAIRS: &[Pair] = &[
    differ(
        "method",
        "post: /a\ntext: x",
        "put: /a\ntext: x",
        "method: recorded POST, sent PUT",
    ),
    differ(
        "path in other case",
        "get: /a",
        "get: /A",
        "path: recorded `/a`, sent `/A`",
    ),
    differ(
        "slash at the end",
        "get: /a",
        "get: /a/",
        "path: recorded `/a`, sent `/a/`",
    ),
    differ(
        "encoding in the path",
        "get: /a~b",
        "get: /a%7Eb",
        "path: recorded `/a~b`, sent `/a%7Eb`",
    ),
    differ(
        "query number",
        "get: /a\nquery: { k: 1 }",
        "get: /a\nquery: { k: 1.0 }",
        "query `k`: recorded `1`, sent `1.0`",
    ),
    differ(
        "large query number",
        "get: /a\nquery: { k: 9007199254740993 }",
        "get: /a\nquery: { k: 9007199254740992 }",
        "query `k`: recorded `9007199254740993`, sent `9007199254740992`",
    ),
    differ(
        "empty query value",
        "get: /a\nquery: { k: \"\" }",
        "get: /a",
        "query `k`: recorded ``, not sent",
    ),
    differ(
        "order of one name",
        "get: /a\nquery: { k: [1, 2] }",
        "get: /a\nquery: { k: [2, 1] }",
        "query `k`: recorded `1`, sent `2`",
    ),
    differ(
        "how often a name stands",
        "get: /a\nquery: { k: [1, 1] }",
        "get: /a\nquery: { k: 1 }",
        "query `k`: recorded `1`, not sent",
    ),
    differ(
        "list in one value",
        "get: /a\nquery: { k: [1, 2] }",
        "get: /a\nquery: { k: \"1,2\" }",
        "query `k`: recorded `1`, sent `1,2`",
    ),
    differ(
        "bytes that are not UTF-8",
        "get: /a?k=%FF",
        "get: /a?k=%FE",
        "query `k`: recorded `%FF`, sent `%FE`",
    ),
    differ(
        "plus and blank",
        "get: /a?k=1%2B2",
        "get: /a?k=1%202",
        "query `k`: recorded `1+2`, sent `1 2`",
    ),
    differ(
        "header value",
        "get: /a\nheaders: { accept-language: ko }",
        "get: /a\nheaders: { accept-language: en }",
        "header `accept-language`: recorded `ko`, sent `en`",
    ),
    differ(
        "header more",
        "get: /a",
        "get: /a\nheaders: { accept-language: en }",
        "header `accept-language`: not recorded, sent `en`",
    ),
    differ(
        "header less",
        "get: /a\nheaders: { accept-language: ko }",
        "get: /a",
        "header `accept-language`: recorded `ko`, not sent",
    ),
    differ(
        "order of one header",
        "get: /a\nheaders: { x-id: [a, b] }",
        "get: /a\nheaders: { x-id: [b, a] }",
        "header `x-id`: recorded `a`, sent `b`",
    ),
    differ(
        "header in one line",
        "get: /a\nheaders: { x-id: [a, b] }",
        "get: /a\nheaders: { x-id: \"a, b\" }",
        "header `x-id`: recorded `a`, sent `a, b`",
    ),
    differ(
        "content type",
        "post: /a\njson: { k: 1 }",
        "post: /a\nheaders: { content-type: application/vnd.x+json }\njson: { k: 1 }",
        "header `content-type`: not recorded, sent `application/vnd.x+json`",
    ),
    differ(
        "JSON and the same text",
        "post: /a\njson: { k: 1 }",
        "post: /a\nheaders: { content-type: application/json }\ntext: '{\"k\":1}'",
        "body: recorded JSON, sent the text",
    ),
    differ(
        "text and the same file",
        "post: /a\ntext: content",
        "post: /a\nfile: requests/content.txt",
        "header `content-type`: not recorded, sent `application/octet-stream`",
    ),
    differ(
        "form and query",
        "post: /a\nform: { k: 1 }",
        "post: /a\nquery: { k: 1 }",
        "body: recorded a form, sent none",
    ),
    differ(
        "empty text",
        "post: /a\ntext: \"\"",
        "post: /a",
        "body: recorded the text ``, sent none",
    ),
    differ(
        "JSON number",
        "post: /a\njson: { k: 1 }",
        "post: /a\njson: { k: 1.0 }",
        "body $.k: recorded 1, sent 1.0",
    ),
    differ(
        "JSON number with an exponent",
        "post: /a\njson: { k: [100] }",
        "post: /a\njson: { k: [1e2] }",
        "body $.k[0]: recorded 100, sent 1e2",
    ),
    differ(
        "large JSON number",
        "post: /a\njson: { k: 123456789012345678901234567890 }",
        "post: /a\njson: { k: 123456789012345678901234567890.0 }",
        "body $.k: recorded 123456789012345678901234567890, sent 123456789012345678901234567890.0",
    ),
    differ(
        "JSON number and text",
        "post: /a\njson: { k: 1 }",
        "post: /a\njson: { k: \"1\" }",
        "body $.k: recorded 1, sent \"1\"",
    ),
    differ(
        "JSON null and nothing",
        "post: /a\njson: { k: null }",
        "post: /a\njson: {}",
        "body $.k: recorded, not sent",
    ),
    differ(
        "order of a JSON list",
        "post: /a\njson: [1, 2]",
        "post: /a\njson: [2, 1]",
        "body $[0]: recorded 1, sent 2",
    ),
    differ(
        "form number",
        "post: /a\nform: { k: 1 }",
        "post: /a\nform: { k: 1.00 }",
        "form `k`: recorded `1`, sent `1.00`",
    ),
    differ(
        "order of one form field",
        "post: /a\nform: { k: [b, a] }",
        "post: /a\nform: { k: [a, b] }",
        "form `k`: recorded `b`, sent `a`",
    ),
    differ(
        "blank at the end of a text",
        "post: /a\ntext: \"x\"",
        "post: /a\ntext: \"x \"",
        "body: recorded the text `x`, sent the text `x `",
    ),
    differ(
        "part text",
        "post: /a\nmultipart: { k: 1 }",
        "post: /a\nmultipart: { k: 1.0 }",
        "part `k`: recorded `1`, sent `1.0`",
    ),
    differ(
        "part that is a file",
        "post: /a\nmultipart: { k: content.txt }",
        "post: /a\nmultipart: { k: { file: requests/content.txt } }",
        "part `k`: recorded text, sent a file",
    ),
    differ(
        "file name of a part",
        "post: /a\nmultipart: { k: { file: requests/content.txt } }",
        "post: /a\nmultipart: { k: { file: requests/content.txt, filename: b.txt } }",
        "part `k`: recorded `content.txt`, sent `b.txt`",
    ),
    differ(
        "media type of a part",
        "post: /a\nmultipart: { k: { file: requests/content.txt, type: text/plain } }",
        "post: /a\nmultipart: { k: { file: requests/content.txt, type: text/csv } }",
        "part `k`: recorded as `text/plain`, sent as `text/csv`",
    ),
    differ(
        "content of a part",
        "post: /a\nmultipart: { k: { file: requests/content.txt, filename: x, type: text/csv } }",
        "post: /a\nmultipart: { k: { file: requests/other.txt, filename: x, type: text/csv } }",
        "part `k`: the file `x` has another content",
    ),
    differ(
        "part more",
        "post: /a\nmultipart: { k: 1 }",
        "post: /a\nmultipart: { k: 1, l: 2 }",
        "part `l`: not recorded, sent `2`",
    ),
    // The reference says of each of these why it does not count.
    same(
        "order of names in a query",
        "get: /a\nquery: { k: 1, l: 2 }",
        "get: /a\nquery: { l: 2, k: 1 }",
    ),
    same("name without `=`", "get: /a?k", "get: /a?k="),
    same(
        "encoding in a query",
        "get: /a?k=a%2Cb~",
        "get: /a?k=a,b%7E",
    ),
    same(
        "order of names in a form",
        "post: /a\nform: { k: 1, l: 2 }",
        "post: /a\nform: { l: 2, k: 1 }",
    ),
    same(
        "order of members",
        "post: /a\njson: { k: 1, l: { m: 2, n: 3 } }",
        "post: /a\njson: { l: { n: 3, m: 2 }, k: 1 }",
    ),
    same(
        "order of names of parts",
        "post: /a\nmultipart: { k: 1, l: 2 }",
        "post: /a\nmultipart: { l: 2, k: 1 }",
    ),
    same(
        "case of a header name",
        "get: /a\nheaders: { X-Id: a }",
        "get: /a\nheaders: { x-id: a }",
    ),
    same(
        "order of headers",
        "get: /a\nheaders: { x-a: 1, x-b: 2 }",
        "get: /a\nheaders: { x-b: 2, x-a: 1 }",
    ),
    // These send the same bytes.
    same(
        "content type that the body has",
        "post: /a\njson: { k: 1 }",
        "post: /a\nheaders: { content-type: application/json }\njson: { k: 1 }",
    ),
    same(
        "value that is null",
        "get: /a\nquery: { k: null }",
        "get: /a",
    ),
];

fn request(text: &str) -> String {
    format!("scheme: none\n{text}\n")
}

/// Records the first request of each pair; the server is gone then.
fn recorded() -> Folder {
    let server = Server::start(|_| json(r#"{"ok":true}"#));
    let folder = workspace(&server);
    folder.write("requests/content.txt", "content");
    folder.write("requests/other.txt", "something else");
    for (index, pair) in PAIRS.iter().enumerate() {
        // Paths of their own, so that no pair is answered by the recording of another one.
        folder.write(
            &format!("requests/r{index:03}.yaml"),
            &request(pair.recorded).replace(": /", &format!(": /{index:03}/")),
        );
    }
    record(&folder);
    folder
}

#[test]
fn what_differs_on_the_wire_is_another_request_or_the_reference_says_why_not() {
    let folder = recorded();
    let (output, code) = run_with(&folder, &["run", "--replay", "--env", "local"], &[]);
    assert_eq!(code, 0, "what was recorded is found again: {output}");
    for (index, pair) in PAIRS.iter().enumerate() {
        folder.write(
            &format!("requests/r{index:03}.yaml"),
            &request(pair.sent).replace(": /", &format!(": /{index:03}/")),
        );
    }
    let shop = TestWorkspace::open(folder.path())
        .replay()
        .environment("local")
        .env([]);
    let wrong: Vec<String> = PAIRS
        .iter()
        .enumerate()
        .filter_map(|(index, pair)| wrong_outcome(pair, &shop.run(&format!("r{index:03}")), index))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn wrong_outcome(pair: &Pair, outcome: &Outcome, index: usize) -> Option<String> {
    let words: Vec<&str> = outcome.report().split_whitespace().collect();
    let report = words.join(" ").replace(&format!("/{index:03}/"), "/");
    let is_right = match pair.difference {
        None => outcome.passed(),
        Some(difference) => outcome.exit_code() == 8 && report.contains(difference),
    };
    (!is_right).then(|| format!("{}: {report}", pair.name))
}
