//! Workspaces that are measured, written to a folder of this process.

use std::path::Path;
use std::process::Command;

pub(crate) const PATH: &str = "/v2/providers/affiliate_open_api/apis/openapi/products/search";

/// The program, with credentials and a home folder of its own.
pub(crate) fn ingam(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingam"));
    let home = std::env::temp_dir().join(format!("ingam-bench-{}/home", std::process::id()));
    command
        .current_dir(root)
        .env("HOME", home)
        .env("INGAM_UNLIMITED__ACCESS_KEY", "bench-access-key-20261122")
        .env("INGAM_UNLIMITED__SECRET_KEY", "bench-secret-key-20261122")
        .env("INGAM_SHOPEE__PARTNER_ID", "1000001")
        .env("INGAM_SHOPEE__PARTNER_KEY", "bench-partner-key-20261122");
    command
}

/// With a scheme that signs like a built-in one and has no limits: outside of the sandbox its 1,000
/// calls would take days.
pub(crate) fn workspace(root: &Path, server: &str) {
    write(
        &root.join("ingam.yaml"),
        &format!(
            "envs: {{ local: {{ hosts: {{ unlimited: \"{server}\", none: \"{server}\" }} }} }}\n"
        ),
    );
    let scheme = include_str!("../../src/schemes/coupang.yaml")
        .replace("scheme: coupang", "scheme: unlimited");
    let (before, rest) = scheme.split_once("\nlimits:\n").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    write(
        &root.join("schemes/unlimited.yaml"),
        &format!("{before}\n\n{after}"),
    );
    trust(root);
}

pub(crate) fn trust(root: &Path) {
    let mut command = ingam(root);
    let output = command.args(["trust", "--yes", "--env", "local"]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
}

pub(crate) fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A signed request with the last so many of five assertions.
pub(crate) fn request(number: usize, assertions: usize) -> String {
    let all = [
        "  status: 200",
        "  $.rCode: \"0\"",
        "  $.data.productData: { length: 2 }",
        "  $.data.productData[0].productPrice: { above: 0 }",
        "  $.data.productData[*].productPrice: { each: { above: 0 } }",
    ];
    let chosen = all[all.len() - assertions..].join("\n");
    format!(
        "scheme: unlimited\nget: {PATH}\nquery: {{ keyword: 무선, limit: {number} }}\nassert:\n{chosen}\n"
    )
}

/// So many files of one request.
pub(crate) fn request_files(root: &Path, count: usize) {
    for number in 0..count {
        write(
            &root.join(format!("requests/r{number}.yaml")),
            &request(number, 5),
        );
    }
}

/// A flow of so many requests.
pub(crate) fn flow(scheme: &str, count: usize, assertions: usize) -> String {
    let mut text = format!("scheme: {scheme}\nsteps:\n");
    for number in 0..count {
        let step = request(number, assertions)
            .replace("scheme: unlimited\n", &format!("name: s{number}\n"));
        for (index, line) in step.lines().enumerate() {
            text.push_str(if index == 0 { "  - " } else { "    " });
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// So many responses of 100 kB, 20 paths into each.
pub(crate) fn large_flow(count: usize) -> String {
    let mut text = "scheme: unlimited\nsteps:\n".to_owned();
    for number in 0..count {
        text.push_str(&format!(
            "  - name: s{number}\n    get: {PATH}/large\n    query: {{ limit: {number} }}\n    assert:\n"
        ));
        for at in 0..5 {
            let place = at * 90;
            text.push_str(&format!("      $.data.items[{place}].id: {place}\n"));
            text.push_str(&format!(
                "      $.data.items[{place}].name: {{ starts_with: item }}\n"
            ));
            text.push_str(&format!(
                "      '$.data.items[?@.id == {place}].price': {{ each: {{ above: 0 }} }}\n"
            ));
            text.push_str(&format!(
                "      '$.data.items[*].f{at}': {{ length: 500 }}\n"
            ));
        }
    }
    text
}

/// A recording of the requests `first..first + count`, which differ in their query.
pub(crate) fn recording(first: usize, count: usize) -> String {
    let mut text = "format: 1\nscheme: unlimited\nexchanges:\n".to_owned();
    for number in first..first + count {
        text.push_str(&format!(
            "  - request: {{ get: {PATH}, query: {{ keyword: 무선, limit: {number} }} }}\n    response: {{ status: 200, json: {{ rCode: \"0\" }} }}\n"
        ));
    }
    text
}
