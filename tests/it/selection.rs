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
fn every_id_that_a_report_prints_selects_its_unit_alone() {
    let folder = workspace();
    let all = ids_of_run(&folder, &[]);
    assert_eq!(all.len(), 8, "{all:?}");
    for id in &all {
        assert_eq!(ids_of_run(&folder, &[id]), [id.clone()]);
        let step = format!("{id}::list");
        assert_eq!(ids_of_run(&folder, &[&step]), [step.clone()]);
        // The last step ends the whole flow.
        assert_eq!(ids_of_run(&folder, &[&format!("{id}::more")]), [id.clone()]);
    }
}
