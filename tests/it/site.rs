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

/// A report of a run in which everything passed.
fn whole_report(folder: &Folder) -> PathBuf {
    let path = folder.path().join("whole.html");
    let run = run_with_report(root(), &path);
    assert!(run.status.success(), "{}", said(&run));
    path
}

/// A report of a run in which one request each failed, could not be done, and was skipped.
fn failed_report(folder: &Folder) -> PathBuf {
    ingam(folder.path()).arg("init").output().unwrap();
    let search =
        "scheme: coupang\nget: /v2/providers/affiliate_open_api/apis/openapi/products/search\n";
    let failing =
        "query: { keyword: 무선 이어폰, limit: 5 }\nassert: { status: 200, $.rCode: '1' }\n";
    let files = [
        ("failing", format!("{search}{failing}")),
        (
            "unrecorded",
            format!("{search}query: {{ keyword: 이어폰 }}\n"),
        ),
        (
            "skipped",
            "scheme: coupang\nskip: not yet\nget: /v2/a\n".to_owned(),
        ),
    ];
    for (name, text) in files {
        folder.write(&format!("requests/coupang/{name}.yaml"), &text);
    }
    let path = folder.path().join("failed.html");
    let run = run_with_report(folder.path(), &path);
    assert!(!run.status.success(), "{}", said(&run));
    path
}

fn run_with_report(workspace: &Path, path: &Path) -> Output {
    let report = format!("html={}", path.display());
    let mut run = ingam(workspace);
    run.args(["run", "--report", &report]).output().unwrap()
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
        .args([whole_report(&folder), failed_report(&folder)])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    println!("{}", said(&output));
}

/// For a person to look at.
fn screenshots() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/site-pictures"))
}
