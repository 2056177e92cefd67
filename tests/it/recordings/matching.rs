//! A request in which one part is another one is not answered, and the message names the part.

use super::{Server, json, record, run_with, workspace};
use ingam::testing::TestWorkspace;

/// The parts of a request that can be changed, each with what the message calls it.
fn parts() -> Vec<(String, String)> {
    let mut parts = vec![("path".to_owned(), "path: recorded".to_owned())];
    parts.push(("method".to_owned(), "method: recorded".to_owned()));
    parts.extend((0..10).map(|at| (format!("query {at}"), format!("query `q{at}`: recorded"))));
    parts.extend((0..10).map(|at| (format!("json {at}"), format!("body $.j{at}: recorded"))));
    parts.extend((0..10).map(|at| {
        (
            format!("deep {at}"),
            format!("body $.list[{at}].v: recorded"),
        )
    }));
    parts
}

fn request(changed: &str, with: &str) -> String {
    let value = |name: &str, usual: usize| {
        if name == changed {
            with.to_owned()
        } else {
            format!("v{usual}")
        }
    };
    let path = if changed == "path" {
        format!("/v2/{with}")
    } else {
        "/v2/path".to_owned()
    };
    let method = if changed == "method" { "put" } else { "post" };
    let query: Vec<String> = (0..10)
        .map(|at| format!("q{at}: {}", value(&format!("query {at}"), at)))
        .collect();
    let members: Vec<String> = (0..10)
        .map(|at| format!("j{at}: {}", value(&format!("json {at}"), at)))
        .collect();
    let list: Vec<String> = (0..10)
        .map(|at| format!("{{ v: {} }}", value(&format!("deep {at}"), at)))
        .collect();
    format!(
        "scheme: coupang\n{method}: {path}\nquery: {{ {} }}\njson: {{ {}, list: [{}] }}\n",
        query.join(", "),
        members.join(", "),
        list.join(", ")
    )
}

#[test]
fn a_thousand_requests_with_one_part_changed_all_miss() {
    let server = Server::start(|_| json(r#"{"code":"OK"}"#));
    let folder = workspace(&server);
    folder.write("requests/usual.yaml", &request("", ""));
    record(&folder);
    let parts = parts();
    let expected: Vec<&str> = (0..1_000)
        .map(|index| parts[index % parts.len()].1.as_str())
        .collect();
    for index in 0..1_000 {
        folder.write(
            &format!("requests/r{index:04}.yaml"),
            &request(&parts[index % parts.len()].0, &format!("other{index}")),
        );
    }
    let shop = TestWorkspace::open(folder.path())
        .replay()
        .environment("local")
        .env([]);
    assert!(shop.run("usual").passed());
    let outcome = shop.run("r*");
    assert_eq!(outcome.exit_code(), 8);
    let flat = outcome
        .report()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let mut misses: Vec<&str> = flat
        .split("ERR r")
        .skip(1)
        .filter(|block| block.contains("nothing is recorded"))
        .collect();
    // Each has a block of its own, and stands in lists besides.
    misses.sort_by_key(|block| (&block[..4], std::cmp::Reverse(block.len())));
    misses.dedup_by_key(|block| &block[..4]);
    assert_eq!(misses.len(), 1_000);
    for (index, (block, part)) in misses.iter().zip(expected).enumerate() {
        assert!(
            block.starts_with(&format!("{index:04}")) && block.contains(part),
            "{index}: {part} in {block}"
        );
        assert!(
            block.contains("the nearest is fixtures/recordings/usual.yaml"),
            "{block}"
        );
        assert_eq!(
            block.matches("recorded `").count()
                + block.matches("method: recorded").count()
                + block.matches(": recorded \"").count(),
            1,
            "{block}"
        );
    }
}

#[test]
fn another_account_and_another_content_of_a_file_miss() {
    let server = Server::start(|_| json(r#"{"error":"","message":"","request_id":"r"}"#));
    let folder = workspace(&server);
    folder.write("requests/images/a.png", "first content");
    folder.write("requests/upload.yaml", "scheme: shopee\nlevel: public\npost: /api/v2/media_space/upload_image\nmultipart:\n  image: { file: requests/images/a.png }\n");
    record(&folder);
    folder.write("requests/images/a.png", "other content");
    let (output, code) = run_with(&folder, &["run", "--replay", "--env", "local"], &[]);
    let flat = output.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        code == 8 && flat.contains("part `image`: the file `a.png` has another content"),
        "{code}: {output}"
    );
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    folder.write("requests/images/a.png", "first content");
    folder.write("ingam.yaml", &yaml.replace("sg:", "my:"));
    let (output, code) = run_with(&folder, &["run", "--replay", "--env", "local"], &[]);
    assert!(
        code == 8 && output.contains("account: recorded `sg`, sent `my`"),
        "{code}: {output}"
    );
}

/// A request asks its own recording first; two files may have different answers to one request.
#[test]
fn each_file_replays_its_own_answers() {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |arrived| {
        let turn = turn.fetch_add(
            usize::from(arrived.target == "/v2/save"),
            std::sync::atomic::Ordering::SeqCst,
        );
        json(&format!(r#"{{"code":"OK","state":{turn}}}"#))
    });
    let folder = workspace(&server);
    folder.write(
        "requests/a.yaml",
        "scheme: coupang\nget: /v2/state\nassert: { $.state: 0 }\n",
    );
    folder.write(
        "requests/b.yaml",
        "scheme: coupang\nsteps:\n  - { name: before, get: /v2/state, assert: { $.state: 0 } }\n  - { name: save, post: /v2/save }\n  - { name: after, get: /v2/state, assert: { $.state: 1 } }\n",
    );
    record(&folder);
    let (output, code) = run_with(&folder, &["run", "--replay"], &[]);
    assert_eq!(code, 0, "{output}");
}
