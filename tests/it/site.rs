//! The documentation as a site: it is built without a warning, its links lead somewhere, and its
//! pages and the HTML report are opened in Chromium as readers meet them.

use super::program::{Folder, ingam, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file that a script installs. Without it a machine of a developer runs nothing, and CI fails.
fn installed(variable: &str, default: &str, script: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map_or_else(|| root().join(default), PathBuf::from);
    if path.exists() {
        return Some(path);
    }
    let message = format!("skipped: {} is not there: {script}", path.display());
    assert!(std::env::var_os("CI").is_none(), "{message}");
    println!("{message}");
    None
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Reports as people get them: everything passed, and something failed, was skipped, and was left.
fn reports(folder: &Folder) -> [PathBuf; 2] {
    let whole = folder.path().join("whole.html");
    let argument = format!("html={}", whole.display());
    let run = ingam(root())
        .args(["run", "--report", &argument])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", said(&run));
    let failed = folder.path().join("failed.html");
    ingam(folder.path()).arg("init").output().unwrap();
    folder.write(
        "requests/coupang/failing.yaml",
        "scheme: coupang\nget: /v2/providers/affiliate_open_api/apis/openapi/products/search\n\
         query: { keyword: 이어폰, limit: 5 }\nassert: { status: 404, $.rCode: '1' }\n",
    );
    folder.write(
        "requests/coupang/skipped.yaml",
        "scheme: coupang\nskip: not yet\nget: /v2/a\n",
    );
    let argument = format!("html={}", failed.display());
    let run = ingam(folder.path())
        .args(["run", "--report", &argument])
        .output()
        .unwrap();
    assert!(!run.status.success(), "{}", said(&run));
    [whole, failed]
}

fn build_site() {
    let output = Command::new("bash")
        .arg(root().join("docs/site/build.sh"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

/// The keyboard, dark mode, a window of 400 pixels, contrast and names: `tests/site/check.mjs`.
#[test]
fn the_site_and_the_report_are_built_and_can_be_read_by_everybody() {
    let Some(_) = installed(
        "INGAM_SITE_VENV",
        "target/site-venv",
        "`bash docs/site/build.sh install`",
    ) else {
        return;
    };
    build_site();
    let Some(tools) = installed(
        "INGAM_SITE_TESTS",
        "target/site-tests",
        "`bash tests/site/install.sh`",
    ) else {
        return;
    };
    let Some(_) = installed(
        "INGAM_TEST_CHROMIUM",
        "/usr/bin/chromium",
        "Debian's package chromium",
    ) else {
        return;
    };
    let folder = Folder::new();
    let output = Command::new("node")
        .arg(root().join("tests/site/check.mjs"))
        .args([tools.as_path(), &root().join("target/site")])
        .arg(screenshots())
        .args(reports(&folder))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    println!("{}", said(&output));
}

/// For a person to look at.
fn screenshots() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/site-pictures"))
}
