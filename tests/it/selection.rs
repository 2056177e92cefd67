//! What the command line selects: every id that ingam prints is accepted, and a faulty file stops
//! only the runs that need it.

use crate::program::{Folder, ingam, text};

/// A workspace whose ids have every part: cases, params, accounts and steps.
fn workspace() -> Folder {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "envs: { live: { accounts: { coupang: { a: { vendor_id: A00012345 }, b: { vendor_id: A00012346 } } } } }\n",
    );
    folder.write(
        "fixtures/kind.yaml",
        "params: { old: { used: true }, new: { used: false } }\nvalues: { used: \"{{ used }}\" }\n",
    );
    folder.write(
        "requests/folder/flow.yaml",
        "scheme: coupang
account: all
needs: [kind]
cases: { short: { size: 1 }, long: { size: 2 } }
steps:
  - { name: list, get: /v2/orders, query: { size: \"{{ size }}\", used: \"{{ kind.used }}\" } }
  - { name: more, get: /v2/orders, query: { size: \"{{ size }}\", used: \"{{ kind.used }}\" } }
",
    );
    let exchange = |size: u8, used: bool| {
        format!(
            "  - request: {{ get: /v2/orders, query: {{ size: {size}, used: {used} }} }}\n    response: {{ status: 200, json: {{ code: SUCCESS }} }}\n"
        )
    };
    let exchanges =
        [(1, true), (1, false), (2, true), (2, false)].map(|(size, used)| exchange(size, used));
    folder.write(
        "fixtures/recordings/flow.yaml",
        &format!(
            "format: 1\nscheme: coupang\nexchanges:\n{}",
            exchanges.concat()
        ),
    );
    folder
}

/// The ids of the units of a run, in order.
fn ids_of_run(folder: &Folder, words: &[&str]) -> Vec<String> {
    let report = folder.path().join("run.json");
    let output = ingam(folder.path())
        .args(["run", "--report", "json=run.json"])
        .args(words)
        .output()
        .unwrap();
    let report = std::fs::read_to_string(&report).unwrap_or_else(|_| panic!("{:?}", text(&output)));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let units = report["units"].as_array().unwrap();
    let id = |unit: &serde_json::Value| unit["id"].as_str().unwrap().to_owned();
    units.iter().map(id).collect()
}

#[test]
fn a_file_of_the_current_folder_is_explained_by_its_name() {
    let folder = workspace();
    for word in [
        "flow.yaml",
        "flow.yaml::more",
        "./flow.yaml@b",
        "folder/flow[long]@a::list",
    ] {
        let output = ingam(&folder.path().join("requests/folder"))
            .args(["explain", word])
            .output()
            .unwrap();
        let (stdout, stderr, code) = text(&output);
        assert_eq!(code, 0, "{word}: {stderr}");
        assert!(stdout.contains("/v2/orders?size="), "{word}: {stdout}");
    }
}

#[test]
fn every_id_that_a_report_prints_selects_its_unit_alone() {
    let folder = workspace();
    let all = ids_of_run(&folder, &[]);
    assert_eq!(all.len(), 8, "{all:?}");
    for id in &all {
        assert_eq!(ids_of_run(&folder, &[id]).concat(), *id);
        let step = format!("{id}::list");
        assert_eq!(ids_of_run(&folder, &[&step]).concat(), step);
        // The last step ends the whole flow.
        let last = format!("{id}::more");
        assert_eq!(ids_of_run(&folder, &[&last]).concat(), *id);
    }
}

/// A workspace with one good request of `shopee`, two of `coupang`, and their recordings.
fn two_shops() -> Folder {
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        "envs:\n  live: { accounts: { shopee: { sg: { shop_id: 1 } } } }\n  staging: {}\n",
    );
    folder.write("fixtures/data.yaml", "values: { id: 7 }\n");
    folder.write("fixtures/other.yaml", "values: { id: 8 }\n");
    for (folder_name, scheme) in [("a", "coupang"), ("b", "kaufland")] {
        folder.write(
            &format!("requests/{folder_name}/good.yaml"),
            &format!("scheme: {scheme}\nneeds: data\nget: \"/v2/{{{{ data.id }}}}\"\nassert: {{ status: 200 }}\n"),
        );
        folder.write(
            &format!("fixtures/recordings/{folder_name}/good.yaml"),
            &format!("format: 1\nscheme: {scheme}\nexchanges:\n  - request: {{ get: /v2/7 }}\n    response: {{ status: 200, json: {{ code: SUCCESS }} }}\n"),
        );
    }
    folder
}

/// The file that is written, its text, and whether a run of `a/good` needs it.
const FAULTS: &[(&str, &str, bool)] = &[
    (
        "requests/b/wip.yaml",
        "scheme: coupang\nget: \"/v2/{{ nothing }}\"\n",
        false,
    ),
    (
        "requests/a/good.yaml",
        "scheme: coupang\nget: \"/v2/{{ nothing }}\"\n",
        true,
    ),
    (
        "fixtures/other.yaml",
        "values: { id: \"{{ nothing }}\" }\n",
        false,
    ),
    (
        "fixtures/data.yaml",
        "values: { id: \"{{ nothing }}\" }\n",
        true,
    ),
    (
        "requests/b/wip.yaml",
        "scheme: coupang\nquerry: {}\nget: /v2/7\n",
        false,
    ),
    ("requests/b/wip.yaml", "scheme: [", false),
    (
        "requests/b/wip.yaml",
        "scheme: coupnag\nget: /v2/7\n",
        false,
    ),
    (
        "requests/a/wip.yaml",
        "scheme: coupnag\nget: /v2/7\n",
        false,
    ),
    (
        "requests/b/good.yaml",
        "scheme: coupang\nneeds: nothing\nget: /v2/7\n",
        false,
    ),
    (
        "requests/b/a b.yaml",
        "scheme: coupang\nget: /v2/7\n",
        false,
    ),
    (
        "requests/a/good.yaml",
        "scheme: coupang\nneeds: data\nget: /v2/7\nquerry: {}\n",
        true,
    ),
    (
        "requests/a/good.yml",
        "scheme: coupang\nneeds: data\nget: /v2/7\n",
        true,
    ),
    ("fixtures/other.yaml", "values: [\n", false),
    (
        "fixtures/other.yaml",
        "values: { id: 8 }\nneeds: nothing\n",
        false,
    ),
    ("fixtures/other.yaml", "auto: true\nvalues: [\n", true),
    (
        "fixtures/other.yaml",
        "auto: true\nvalues: { id: 8 }\nneeds: nothing\n",
        true,
    ),
    (
        "fixtures/data.yaml",
        "values: { id: 7 }\nneeds: other\nscope: forever\n",
        true,
    ),
    (
        "fixtures/data.yaml",
        "values: { id: 7 }\nneeds: data\n",
        true,
    ),
    (
        "fixtures/recordings/b/good.yaml",
        "format: 1\nscheme: kaufland\nexchanges: 7\n",
        false,
    ),
    (
        "fixtures/recordings/b/new.yaml",
        "format: 1\nscheme: coupang\nexchanges: 7\n",
        true,
    ),
    ("fixtures/recordings/b/new.yaml", "- 7\n", true),
    ("schemes/own.yaml", "sign: [\n", false),
    ("schemes/coupang.yaml", "sign: [\n", true),
    (
        "ingam.yaml",
        "envs: { live: { hosts: { coupang: \"ftp://x\" } } }\n",
        false,
    ),
    (
        "ingam.yaml",
        "envs: { live: { accounts: { coupang: { a: { secret_key: abc } } } } }\n",
        true,
    ),
    ("ingam.yaml", "envs: { live: { hostz: {} } }\n", false),
    ("ingam.yaml", "envz: {}\n", true),
    ("ingam.yaml", "vars: { x: \"{{ \" }\n", true),
];

#[test]
fn a_faulty_file_stops_only_the_runs_that_need_it() {
    for (file, content, is_needed) in FAULTS {
        let folder = two_shops();
        folder.write(file, content);
        let run = |words: &[&str]| text(&ingam(folder.path()).args(words).output().unwrap());
        let (stdout, stderr, code) = run(&["run", "a/good"]);
        let case = format!("{file}: {content}\n{stdout}{stderr}");
        if *is_needed {
            assert_eq!(code, 3, "{case}");
            assert!(!stdout.contains("PASS"), "{case}");
        } else {
            assert_eq!(code, 0, "{case}");
            assert!(
                stderr.contains("in files that this command does not need"),
                "{case}"
            );
            let last_line = stdout.trim_end().lines().last().unwrap();
            assert!(last_line.contains("1 passed, 1 warning"), "{case}");
            let name = file.rsplit('/').next().unwrap();
            assert!(stderr.contains(name), "{case}");
            let (_, stderr, code) = run(&["explain", "a/good"]);
            assert_eq!(code, 0, "explain, {case}{stderr}");
            let (stdout, stderr, code) = run(&["list", "a/good"]);
            assert_eq!(code, 0, "list, {case}{stdout}{stderr}");
        }
        // Nothing passes in silence where everything is meant. The last two render nothing.
        let all = [&["run"][..], &["check"], &["run", "--tag", "x"], &["list"]];
        let count = if content.contains("nothing") { 2 } else { 4 };
        for words in &all[..count] {
            let (stdout, stderr, code) = run(words);
            assert_eq!(code, 3, "{words:?}, {case}{stdout}{stderr}");
        }
    }
}

#[test]
fn a_fault_is_an_error_for_the_words_that_reach_it() {
    for words in [
        "b/wip",
        "b",
        "b/*",
        "*/wip",
        "requests/b/wip.yaml",
        "b/wip[x]",
        "b/wip::list",
        "requests",
    ] {
        let folder = two_shops();
        folder.write(
            "requests/b/wip.yaml",
            "scheme: coupang\nquerry: {}\nget: /v2/7\n",
        );
        for command in ["run", "list"] {
            let output = ingam(folder.path())
                .args([command, words])
                .output()
                .unwrap();
            let (stdout, stderr, code) = text(&output);
            assert_eq!(code, 3, "{command} {words}: {stdout}{stderr}");
            assert!(stderr.contains("querry"), "{command} {words}: {stderr}");
        }
    }
}

#[test]
fn commands_that_read_no_request_run_beside_a_faulty_one() {
    let folder = two_shops();
    folder.write(
        "requests/b/wip.yaml",
        "scheme: coupang\nquerry: {}\nget: /v2/7\n",
    );
    for words in [
        &["auth", "status"][..],
        &["cleanup"],
        &["trust", "--env", "live", "--yes"],
        &["scheme", "list"],
        &["budget"],
    ] {
        let (stdout, stderr, code) = text(&ingam(folder.path()).args(words).output().unwrap());
        assert_eq!(code, 0, "{words:?}: {stdout}{stderr}");
    }
    // These look at requests: one that does not load would look like one that does not exist.
    for words in [&["snapshot", "prune"][..], &["recording", "prune"]] {
        let (stdout, stderr, code) = text(&ingam(folder.path()).args(words).output().unwrap());
        assert_eq!(code, 3, "{words:?}: {stdout}{stderr}");
    }
}
