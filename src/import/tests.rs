//! Texts as people paste them, and what is read from them.

use super::{ImportError, ImportSource, ImportedRequest, read_requests};

fn no_file(_name: &str) -> Result<Vec<u8>, String> {
    Err("no file here".to_owned())
}

fn read_all(text: &[u8]) -> Result<Vec<ImportedRequest>, ImportError> {
    read_requests(&ImportSource::new(text.to_vec())?, &no_file)
}

/// Everything of a request in one text; curl's own headers are left out.
fn shown(request: &ImportedRequest) -> String {
    let own = ["host", "user-agent", "accept", "content-length"];
    let mut out = format!(
        "{} {}{}",
        request.method,
        request.origin.as_deref().unwrap_or("-"),
        request.target
    );
    for (name, value) in &request.headers {
        if !own.contains(&name.to_ascii_lowercase().as_str()) {
            out.push_str(&format!("\n{name}: {value}"));
        }
    }
    if !request.body.is_empty() {
        out.push_str(&format!("\n\n{}", request.body.escape_ascii()));
    }
    for note in &request.notes {
        out.push_str(&format!("\n({note})"));
    }
    out
}

fn read(text: &str) -> String {
    match read_all(text.as_bytes()) {
        Ok(requests) => {
            let shown: Vec<String> = requests.iter().map(shown).collect();
            shown.join("\n---\n")
        }
        Err(error) => {
            let place = error.place.map_or_else(String::new, |place| {
                format!("{}:{}: ", place.line, place.column)
            });
            let hint = error
                .hint
                .map_or_else(String::new, |hint| format!(" / {hint}"));
            format!("error: {place}{}{hint}", error.reason)
        }
    }
}

#[test]
fn quotes_of_bash_are_read_as_bash_reads_them() {
    for (text, body) in [
        ("-d 'a b'", "a b"),
        ("-d 'it'\\''s'", "it\\'s"),
        ("-d \"a \\\"b\\\" \\\\ \\n\"", "a \\\"b\\\" \\\\ \\\\n"),
        (
            "-d $'tab\\t nl\\n \\x41\\101 \\u00e9\\u0021 \\'q\\''",
            "tab\\t nl\\n AA \\xc3\\xa9! \\'q\\'",
        ),
        ("-d $'\\xff'", "\\xff"),
        ("-d a\\ b", "a b"),
        ("-da=1", "a=1"),
        ("--data-raw \\\n  'x' \\\r\n", "x"),
        ("-d '' -d x", "&x"),
        ("-d 'a'\"b\"c", "abc"),
        ("-d @- <<'EOF'\nline\nEOF\n", "line"),
        ("-d @- <<< 'here'", "here"),
        ("-d x | jq . > out.json", "x"),
        ("-d x 2>&1 -o /dev/null", "x"),
        ("-d x # a comment", "x"),
        ("-d x\n> POST /p HTTP/1.1\n< HTTP/1.1 401 it's wrong\n", "x"),
    ] {
        let read = read(&format!("curl https://h.example/p {text}"));
        let expected = format!(
            "POST https://h.example/p\nContent-Type: application/x-www-form-urlencoded\n\n{body}"
        );
        assert_eq!(read, expected, "{text}");
    }
}

#[test]
fn a_browser_copies_for_cmd_and_for_powershell_and_both_are_read() {
    let chrome = "curl ^\"https://h.example/p?a=1^&b=^%^EA^%^B0^%^80^\" ^\r\n  -X ^\"POST^\" ^\r\n  -H ^\"content-type: application/json^\" ^\r\n  --data-raw ^\"^{^\\^\"a^\\^\":^\\^\"x y^\\^\"^}^\"";
    assert_eq!(
        read(chrome),
        "POST https://h.example/p?a=1&b=%EA%B0%80\ncontent-type: application/json\n\n{\\\"a\\\":\\\"x y\\\"}"
    );
    let powershell = "curl.exe 'https://h.example/p?a=1&b=2' `\r\n  -H 'X-Name: it''s' `\r\n  -H \"X-Tab: a`tb\"";
    assert_eq!(
        read(powershell),
        "GET https://h.example/p?a=1&b=2\nX-Name: it's\nX-Tab: a\tb"
    );
}

#[test]
fn what_a_shell_or_curl_would_do_otherwise_than_it_looks_is_said() {
    for (text, note) in [
        (
            "curl https://h.example/p?a=1&b=2",
            "line 1 has an `&` outside quotes in column 29: a shell ends the command there, so the rest of the URL and all following options are not sent; quote the URL",
        ),
        (
            "curl \"https://h.example/p?t=$TOKEN\"",
            "line 1 has the variable `$TOKEN`, whose value is unknown: replace it with the value that was sent",
        ),
        (
            "curl https://h.example/p -H \"X: $(date)\"",
            "line 1 has a command inside the command, which ingam does not run: replace it with its output, which is called `date_output` here",
        ),
        (
            "curl \"https://h.example/p?t=$(ingam auth token sg --scheme my-shop --env live)\"",
            "line 1 has `ingam auth token`, whose value is unknown: replace it with the value that was sent",
        ),
        (
            "curl 'https://h.example/p?t[]=1'",
            "without `--globoff`, curl treats `[…]` and `{…}` in a URL as a list of URLs: ingam reads them literally",
        ),
        (
            "curl h.example/p",
            "the URL has no protocol: curl uses plain `http`",
        ),
        (
            "curl https://h.example/a/../p",
            "curl removes `.` and `..` from the path; `--path-as-is` keeps them",
        ),
        (
            "curl https://h.example/p \\ \n -H 'a: b'",
            "line 1 has a space after the `\\` at its end: a shell ends the command there; ingam continues reading",
        ),
        (
            "curl https://h.example/p -H nocolon",
            "line 1 has a header without a name before `:`, which curl does not send",
        ),
        (
            "curl https://h.example/p b",
            "the command has 2 URLs, one for each request: only the first is read; check for a space outside quotes",
        ),
    ] {
        let read = read(text);
        assert!(read.ends_with(&format!("\n({note})")), "{text}\n{read}");
    }
}

#[test]
fn raw_http_is_read_as_it_stands_and_from_the_tools_that_print_it() {
    let post = "POST /v1?a=%20b HTTP/1.1\r\nHost: h.example\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
    let read_back =
        "POST https://h.example/v1?a=%20b\nContent-Type: application/json\n\n{\\\"a\\\":1}";
    assert_eq!(read(post), read_back);
    assert_eq!(read(&post.replace("\r\n", "\n")), read_back);
    // An editor adds a line end; Wireshark goes on with the response.
    assert_eq!(read(&format!("{post}\n")), read_back);
    assert_eq!(
        read(&format!("{post}\nHTTP/1.1 200 OK\r\nx: y\r\n\r\nok")),
        read_back
    );
    assert_eq!(
        read("# comment\n### name\nGET https://h.example:8443/p?a=1\nX-A: b\n# no\n\n"),
        "GET https://h.example:8443/p?a=1\nX-A: b"
    );
    assert_eq!(
        read("* Connected\n> GET /p HTTP/2\n> Host: h.example\n> X-A: b\n>\n< HTTP/2 200\n"),
        "GET https://h.example/p\nX-A: b"
    );
    assert_eq!(
        read(":method: GET\n:path: /p\n:authority: h.example\n:scheme: https\nx-a: b\n"),
        "GET https://h.example/p\nx-a: b"
    );
    assert_eq!(read("GET /p HTTP/1.1\nX: y\n\n"), "GET -/p\nX: y");
    assert_eq!(
        read("GET /p HTTP/1.1\nHost: localhost:9001\n\n"),
        "GET http://localhost:9001/p"
    );
}

#[test]
fn the_length_of_a_body_is_held_against_its_bytes() {
    let with = |length: usize, body: &str| {
        read(&format!(
            "POST /p HTTP/1.1\nHost: h.example\nContent-Length: {length}\n\n{body}"
        ))
    };
    assert_eq!(
        with(6, "a\nb"),
        "POST https://h.example/p\n\na\\nb\n(the body has 3 bytes, but `Content-Length` is 6: the text differs from the sent body, or the length was counted in characters)"
    );
    assert_eq!(
        with(4, "a\nb"),
        "POST https://h.example/p\n\na\\r\\nb\n(the body has 3 bytes, but `Content-Length` is 4: it was sent with CR LF line ends, and ingam reads it that way)"
    );
    assert_eq!(
        read(
            "POST /p HTTP/1.1\nHost: h.example\nTransfer-Encoding: chunked\n\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        ),
        "POST https://h.example/p\nTransfer-Encoding: chunked\n\nabcde"
    );
}

#[test]
fn a_har_file_is_read_whole_or_in_part() {
    let entry = r#"{"startedDateTime":"2026-11-29T05:15:03Z","request":{"method":"POST","url":"https://h.example/p?a=1#f","headers":[{"name":":authority","value":"h.example"},{"name":":method","value":"POST"},{"name":"X-A","value":"b "}],"postData":{"mimeType":"text/plain","text":"x"},"bodySize":1}}"#;
    let one = "POST https://h.example/p?a=1\nX-A: b\n\nx";
    assert_eq!(read(entry), one);
    let whole = format!("{{\"log\":{{\"version\":\"1.2\",\"entries\":[{entry},{entry}]}}}}");
    assert_eq!(read(&whole), format!("{one}\n---\n{one}"));
    let sent = read_all(entry.as_bytes()).unwrap()[0].sent_at_ms;
    assert_eq!(sent, Some(1_795_929_303_000));
    let params = r#"{"request":{"method":"POST","url":"https://h.example/p","headers":[],"postData":{"params":[{"name":"a","value":"x y"}]},"bodySize":9}}"#;
    assert!(read(params).contains("\n\na=x+y\n(the entry has the parameters"));
    assert!(read(params).contains("has 5 bytes, but `bodySize` is 9"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of wrong texts")]
fn every_error_says_where_and_what_to_do_and_quotes_no_secret() {
    for (text, error) in [
        (
            "",
            "the text is empty / pass a curl command, raw HTTP, or a HAR file",
        ),
        (
            "hello",
            "1:1: this is not a curl command, raw HTTP or a HAR file / a curl command begins with `curl`, raw HTTP begins with a line such as `GET /path HTTP/1.1`, and HAR is JSON",
        ),
        (
            "Invoke-WebRequest -Uri \"x\"",
            "1:1: this is not a curl command, raw HTTP or a HAR file / this is a PowerShell command: copy the request as cURL (bash), from the same menu",
        ),
        (
            "curl https://h.example -d 's3cr3t",
            "1:27: the quote ' that begins here is not closed / copy the whole command; write a quote inside a quoted text as '\\''",
        ),
        (
            "curl",
            "the command has no URL / an option without a value may have taken the URL as its value: check the quotes",
        ),
        (
            "curl https://h.example\n\0",
            "2:1: here is a NUL character, which is not allowed in a command or a header",
        ),
        (
            "curl https://h.example --heeder s3cr3t",
            "1:24: curl has no option `--heeder` / did you mean `header`?",
        ),
        (
            "curl https://h.example --header=s3cr3t",
            "1:24: curl has no option `--header` / write the value as the next word: `--header VALUE`",
        ),
        (
            "curl https://h.example -d \"$(cat s3cr3t\"",
            "1:28: the command inside the command that begins here is not closed / copy the whole command; write a literal `$(` or a backtick in '…'",
        ),
        (
            "curl https://h.example -W",
            "1:24: curl has no option `-W` / see `curl --help all`; write a value that begins with `-` directly after its option",
        ),
        (
            "curl https://h.example -H",
            "1:24: `-H` needs a value, but the command ends here",
        ),
        (
            "curl -X get https://h.example",
            "1:6: `get` is sent unchanged, and is not the method `GET` / write `GET`: methods are case-sensitive (RFC 9110, section 9.1)",
        ),
        (
            "curl -X BREW https://h.example",
            "1:6: ingam does not support the method `BREW` / the methods are GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS",
        ),
        (
            "curl 'https://h.example/s3cr3t x'",
            "1:6: the URL has a space or a control character, which curl refuses / encode it: write `%20` for a space; with `-G`, use `--data-urlencode`",
        ),
        ("curl ftp://h.example/", "1:6: `ftp` is not HTTP"),
        (
            "curl https://h.example -d @body.json",
            "1:24: `@` names the file `body.json`, which cannot be read: no file here / put the file into the folder of the command, or write its text after `--data-raw`",
        ),
        (
            "curl https://h.example -d @-",
            "1:24: `@` names standard input, which cannot be read: standard input is not available / put the file into the folder of the command, or write its text after `--data-raw`",
        ),
        (
            "curl -K s3cr3t https://h.example",
            "1:6: `-K` is not supported: parts of the request are in another file / write them on the command line, or pass the output of `curl -v`",
        ),
        (
            "curl --aws-sigv4 aws:amz https://h.example",
            "1:6: with `--aws-sigv4`, curl computes the signature, so the text does not contain it / run the command with `-v`, and pass the lines that begin with `>`",
        ),
        (
            "curl https://h.example -F s3cr3t",
            "1:24: a part of a form has no `=` / write `-F NAME=VALUE`",
        ),
        (
            "GET /p x HTTP/1.1\n",
            "1:1: the request line has a space in its path / write a space in a path or a query as `%20`",
        ),
        (
            "GET /p HTTP/1.1\nHost: h.example\ns3cr3t\n",
            "3:1: this header line has no `:` / put an empty line between headers and body",
        ),
        (
            "GET /p HTTP/1.1\nContent-Length: s3cr3t\n\n",
            "1:1: the header `Content-Length` is not a number",
        ),
        ("{", "the text begins like JSON, but is not valid JSON: "),
        (
            "{\"a\":1}",
            "the JSON is not HAR: it has neither `log.entries` nor `request` / save the requests of the browser with *Save all as HAR*, or copy one of them as cURL (bash)",
        ),
        (
            "{\"log\":{\"entries\":[]}}",
            "`log.entries` is empty / record while the network tab is open, then save again",
        ),
        (
            "{\"request\":{\"method\":\"GET\"}}",
            "entry 1: `request.url` is missing",
        ),
        (
            "{\"request\":{\"method\":\"GET\",\"url\":\"/p\"}}",
            "entry 1: `request.url` has no host",
        ),
    ] {
        let read = read(text);
        assert!(
            read.starts_with(&format!("error: {error}")),
            "{text}\n{read}\n{error}"
        );
        assert!(!read.contains("s3cr3t"), "{read}");
    }
}

#[test]
fn a_text_that_nobody_can_mean_ends_quickly() {
    let deep = format!("curl https://h.example/ -d \"{}\"", "$(".repeat(200_000));
    let many = format!("curl https://h.example/ {}", "-s ".repeat(30_000));
    let escapes = format!(
        "curl https://h.example/ -d $'{}'",
        "\\x41\\u0041".repeat(100_000)
    );
    let quotes = format!("curl https://h.example/ -d {}", "'a'\"b\"".repeat(100_000));
    let chunks = format!(
        "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n{}",
        "ffffffffffffffff\r\n".repeat(1_000)
    );
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [deep, many, escapes, quotes, chunks, nested] {
        let begun = std::time::Instant::now();
        let _ = read(&text);
        assert!(begun.elapsed().as_secs() < 5);
    }
    assert!(read_all(&vec![b'a'; super::source_text::MAX_IMPORT_BYTES + 1]).is_err());
    assert!(read_all(b"\xff\xfeG\0E\0T\0").is_err());
    assert!(read_all(b"curl \xff").is_err());
}

#[test]
fn a_switch_that_is_turned_off_changes_nothing() {
    let without = read("curl https://h.example/p -H 'a: b'");
    for off in [
        "--no-compressed",
        "--no-get",
        "--no-head",
        "--no-progress-meter",
    ] {
        assert_eq!(
            read(&format!("curl {off} https://h.example/p -H 'a: b'")),
            without,
            "{off}"
        );
    }
    let unknown = read("curl --no-header https://h.example/p");
    assert!(unknown.starts_with("error: "), "{unknown}");
}
