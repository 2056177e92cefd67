//! The pods of the Indexed Job as processes: five shards, one `PostgreSQL`, one renewal, one report.

use super::super::program::root;
use super::super::tokens::{PostgresServer, TestWorkspace};
use super::{said, validator};
use std::path::Path;
use std::process::{Command, Output};

/// More requests than pods, of one shop.
const REQUESTS: usize = 12;

#[test]
fn five_pods_share_their_tokens_and_their_reports_become_one() {
    let (Some(python), Some(server)) = (validator("python"), PostgresServer::start()) else {
        return;
    };
    let mut workspace = TestWorkspace::new();
    workspace.env = vec![
        ("INGAM_STORE".to_owned(), server.url()),
        ("INGAM_STORE_KEY".to_owned(), "B".repeat(42) + "A"),
    ];
    workspace.login("sg", "shop_id=101");
    let request = workspace.folder.path().join("requests/shop.yaml");
    let text = std::fs::read_to_string(request).unwrap();
    std::fs::remove_file(workspace.folder.path().join("requests/all.yaml")).unwrap();
    for number in 1..REQUESTS {
        let name = format!("requests/shop{number}.yaml");
        workspace.folder.write(&name, &text);
    }
    workspace.folder.write("reports/.keep", "");
    workspace.control("expire?what=access");

    let output = pods(&workspace, &python, "run.yaml");
    assert_eq!(
        said(&output).trim(),
        "[0, 0, 0, 0, 0]",
        "{}",
        logs(&workspace)
    );
    assert_eq!(workspace.count("refreshed"), 1);
    let output = pods(&workspace, &python, "merge.yaml");
    assert_eq!(said(&output).trim(), "[0]", "{}", logs(&workspace));
    let reports = workspace.folder.path().join("reports");
    let junit = std::fs::read_to_string(reports.join("all.xml")).unwrap();
    assert_eq!(junit.matches("<testcase ").count(), REQUESTS, "{junit}");

    // A pod that wrote nothing is not passed over.
    std::fs::remove_file(reports.join("3.json")).unwrap();
    let output = pods(&workspace, &python, "merge.yaml");
    assert_ne!(said(&output).trim(), "[0]");
}

fn pods(workspace: &TestWorkspace, python: &Path, manifest: &str) -> Output {
    let own = Path::new(env!("CARGO_BIN_EXE_ingam"));
    let given = workspace.ingam(&[]);
    let mut command = Command::new(python);
    command.env_clear();
    for (name, value) in given.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
        .arg(root().join("tests/deploy/pods.py"))
        .arg(root().join("deploy/kubernetes").join(manifest))
        .arg(workspace.folder.path().join("reports"))
        .arg(workspace.folder.path())
        .arg(format!("ingam={}", own.display()))
        .arg("live=local")
        .output()
        .unwrap()
}

fn logs(workspace: &TestWorkspace) -> String {
    let reports = workspace.folder.path().join("reports");
    let mut all = String::new();
    for file in std::fs::read_dir(reports).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            all.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    all
}
