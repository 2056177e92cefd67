//! What people see: exit 7 and its words, the table of `ingam budget`, waits, undo calls, the
//! sandbox, broken books.

use super::TestMarketplace;
use std::time::Duration;

#[test]
fn a_used_up_budget_says_when_the_next_call_is_free() {
    let mall = TestMarketplace::new("[{ match: { path: /search }, rate: 2/1h, per: account }]");
    mall.request("many", "get: /search", 3);
    let (output, code) = mall.live("many", &[]);
    let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = [
        "the budget is used up: 2/1h of `mall` for `default`; the next call is possible at 20",
        "in 1 h 1 m",
        "`--wait 61m`",
    ];
    assert!(
        code == 7 && words.iter().all(|word| output.contains(word)),
        "{code}: {output}"
    );
    assert_eq!(mall.arrivals().len(), 2);
    mall.request("other", "get: /other", 3);
    assert_eq!(mall.live("other", &[]).1, 0, "another path is not counted");
    let (output, code) = mall.run(&["budget"]);
    let row = output
        .lines()
        .nth(1)
        .unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        code == 0 && row.starts_with("mall default 2/1h 2 0 in 1 h"),
        "{code}: {output}"
    );
}

#[test]
fn hosts_that_are_counted_apart_are_told_apart() {
    let (live, test) = (
        TestMarketplace::new("[{ rate: 5/1h }]"),
        TestMarketplace::new("[{ rate: 5/1h }]"),
    );
    let origins = [&live, &test]
        .map(|mall| std::fs::read_to_string(mall.folder.path().join("schemes/mall.yaml")).unwrap());
    let origins = origins.map(|scheme| scheme.split('"').nth(1).unwrap().to_owned());
    live.request("one", "get: /one", 1);
    assert_eq!(live.live("one", &[]).1, 0);
    assert!(
        !live.run(&["budget"]).0.contains(" at "),
        "one host needs no name"
    );
    live.folder.write(
        "ingam.yaml",
        &format!(
            "envs: {{ live: {{}}, test: {{ hosts: {{ mall: \"{}\" }} }} }}\n",
            origins[1]
        ),
    );
    assert_eq!(live.run(&["trust", "--yes", "--env", "test"]).1, 0);
    assert_eq!(live.run(&["run", "one", "--env", "test"]).1, 0);
    let (output, _) = live.run(&["budget"]);
    let hosts = origins.map(|origin| origin.trim_start_matches("http://").to_owned());
    assert!(
        hosts
            .iter()
            .all(|host| output.contains(&format!("mall at {host}"))),
        "{output}"
    );
}

#[test]
fn a_wait_is_as_long_as_it_must_be_and_no_longer_than_it_may_be() {
    let mall = TestMarketplace::new("[{ rate: 1/1s }]");
    mall.request("many", "get: /search", 3);
    let (output, code) = mall.live("many", &["--wait", "5s"]);
    assert!(
        code == 0 && output.matches("WAIT many[c").count() == 2,
        "{code}: {output}"
    );
    assert_eq!(mall.most_within(Duration::from_secs(1)), 1);
    let begun = std::time::Instant::now();
    assert_eq!(mall.live("many", &["--wait", "1ms"]).1, 7);
    assert!(
        begun.elapsed() < Duration::from_millis(900),
        "what would be in vain is not waited for"
    );
}

#[test]
fn what_never_left_gives_its_slot_back() {
    let mall = TestMarketplace::new("[{ rate: 2/1h }]");
    mall.request("one", "get: /one", 1);
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    mall.folder.write(
        "ingam.yaml",
        &format!("envs: {{ down: {{ hosts: {{ mall: \"http://127.0.0.1:{port}\" }} }} }}\n"),
    );
    for _ in 0..4 {
        assert_eq!(
            mall.run(&["run", "one", "--env", "down"]).1,
            5,
            "nobody listens, and no budget is used up"
        );
    }
}

#[test]
fn a_used_up_budget_does_not_block_an_undo() {
    let mall = TestMarketplace::new("[{ rate: 6/1h, per: account }]");
    let fixture = "scheme: mall\nsteps:\n  - name: add\n    post: /add\n    undo: { post: /remove }\nvalues: { x: 1 }\n";
    mall.folder.write("fixtures/thing.yaml", fixture);
    mall.request("many", "needs: [thing]\nget: /many", 6);
    // All cases with one thing.
    let scoped = format!("scope: file\n{fixture}");
    mall.folder.write("fixtures/thing.yaml", &scoped);
    let (output, code) = mall.live("many", &[]);
    assert_eq!(code, 7, "{output}");
    let paths: Vec<String> = mall
        .arrivals()
        .into_iter()
        .map(|arrival| arrival.path)
        .collect();
    assert_eq!(
        paths,
        ["/add", "/many", "/many", "/many", "/many", "/remove"],
        "{output}"
    );
}

#[test]
fn the_sandbox_counts_only_when_asked() {
    let mall = TestMarketplace::new("[]");
    let cases: Vec<String> = (0..11)
        .map(|index| format!("c{index}: {{ n: {index} }}"))
        .collect();
    let path = "/v2/providers/affiliate_open_api/apis/openapi/products/search";
    let request = format!(
        "scheme: coupang\nget: {path}\ncases: {{ {} }}\n",
        cases.join(", ")
    );
    mall.folder.write("requests/search.yaml", &request);
    let exchange = format!(
        "{{ request: {{ get: {path} }}, response: {{ status: 200, json: {{ rCode: \"0\" }} }} }}"
    );
    mall.folder.write(
        "fixtures/recordings/search.yaml",
        &format!("format: 1\nscheme: coupang\nexchanges:\n  - {exchange}\n"),
    );
    let (output, code) = mall.run(&["run", "search"]);
    assert_eq!(code, 0, "{output}");
    let (output, code) = mall.run(&["run", "search", "--budget"]);
    assert!(
        code == 7 && output.contains("10 passed, 1 could not be done"),
        "{code}: {output}"
    );
    assert!(!mall.budget_folder().exists(), "it is all in memory");
}

#[test]
fn a_broken_book_is_no_missing_one() {
    let mall = TestMarketplace::new("[{ rate: 2/1h }]");
    mall.request("one", "get: /one", 1);
    assert_eq!(mall.live("one", &[]).1, 0);
    let books = std::fs::read_dir(mall.budget_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for book in books.filter(|path| path.to_string_lossy().contains(".book-")) {
        std::fs::write(&book, "1 9 abc\n{\"format\"").unwrap();
    }
    let (output, code) = mall.live("one", &[]);
    assert!(
        code == 5 && output.contains("is damaged") && output.contains("budget clear"),
        "{code}: {output}"
    );
    assert_eq!(
        mall.arrivals().len(),
        1,
        "nothing is sent that is not counted"
    );
    assert_eq!(mall.run(&["budget"]).1, 5);
    assert_eq!(mall.run(&["budget", "clear"]).1, 0);
    assert_eq!(mall.live("one", &[]).1, 0);
}
