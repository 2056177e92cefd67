//! Several processes record into one folder at once: no exchange is lost, doubled or torn.

use super::super::tokens::figure;
use super::{KEYS, Server, ingam, json, run_with, workspace};
use std::process::Stdio;

#[test]
fn eight_processes_record_five_hundred_calls_into_one_folder() {
    const PROCESSES: usize = 8;
    const CALLS: usize = 500;
    let server = Server::start(|arrived| {
        json(&format!(
            r#"{{"error":"","message":"","request_id":"r","response":"{}"}}"#,
            arrived.target.split('&').next().unwrap()
        ))
    });
    let folder = workspace(&server);
    let accounts: Vec<String> = (0..PROCESSES)
        .map(|at| format!("shop{at}: {{ shop_id: {} }}", 100 + at))
        .collect();
    let yaml = std::fs::read_to_string(folder.path().join("ingam.yaml")).unwrap();
    folder.write(
        "ingam.yaml",
        &yaml.replace("sg: { shop_id: 123 }", &accounts.join(", ")),
    );
    // Half of the calls lie in one file that all write, half in files of their own.
    let cases: Vec<String> = (0..=(CALLS / 2 / PROCESSES))
        .map(|at| format!("  c{at}: {{ n: {at} }}"))
        .collect();
    let cases = format!("cases:\n{}\n", cases.join("\n"));
    folder.write(
        "requests/all.yaml",
        &format!("scheme: shopee\nget: /api/v2/shop/get_shop_info\nquery: {{ a_n: \"{{{{ n }}}}\" }}\n{cases}"),
    );
    let own = CALLS / 2 / PROCESSES;
    for process in 0..PROCESSES {
        for call in 0..own {
            let text = format!(
                "scheme: shopee\nget: /api/v2/shop/get_shop_info\nquery: {{ a_p: {process}, b_c: {call} }}\n"
            );
            folder.write(&format!("requests/p{process}/c{call}.yaml"), &text);
        }
    }
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let mut command = ingam(folder.path());
            command.args([
                "run",
                "--env",
                "local",
                "--record",
                "--account",
                &format!("shop{process}"),
                "all",
                &format!("p{process}/*"),
            ]);
            command
                .envs(KEYS)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let loaded = ingam::internals::load::load(folder.path(), 1).unwrap();
    assert!(!loaded.has_errors());
    let recorded: Vec<_> = loaded
        .workspace
        .recordings
        .iter()
        .flat_map(|recording| &recording.exchanges)
        .collect();
    let distinct: std::collections::HashSet<String> = recorded
        .iter()
        .map(|exchange| format!("{:?}{:?}", exchange.request.account, exchange.request.query))
        .collect();
    let expected = PROCESSES * (CALLS / 2 / PROCESSES + 1) + PROCESSES * own;
    assert!(expected >= CALLS - PROCESSES);
    assert_eq!(
        (recorded.len(), distinct.len(), server.seen()),
        (expected, expected, expected)
    );
    figure(&format!(
        "{PROCESSES} processes record {expected} calls: {} recorded, {} distinct",
        recorded.len(),
        distinct.len()
    ));
    for process in 0..PROCESSES {
        let account = format!("shop{process}");
        let args = [
            "run",
            "--replay",
            "--env",
            "local",
            "--account",
            &account,
            "all",
            &format!("p{process}/*"),
        ];
        let (output, code) = run_with(&folder, &args, &[]);
        assert_eq!(code, 0, "{output}");
    }
}
