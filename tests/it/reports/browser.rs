//! The page in a headless Chromium, where there is one: its script runs under its own policy, and
//! nothing of an answer does.

use super::shop::{run, shop};
use std::path::{Path, PathBuf};
use std::process::Command;

fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file())
}

/// The page as the browser has it after its script ran, and what its console said.
fn opened(program: &Path, folder: &Path, more: &[&str]) -> (String, String) {
    let output = Command::new(program)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--enable-logging=stderr",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .args(more)
        .arg(format!("file://{}", folder.join("run.html").display()))
        .output()
        .unwrap();
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn the_page_works_in_a_browser() {
    let Some(program) = chromium() else {
        let message = "skipped: there is no Chromium on this machine";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        println!("{message}");
        return;
    };
    let folder = shop();
    run(folder.path(), &["run", "--report", "html=run.html"], &[]);
    let (page, console) = opened(&program, folder.path(), &["--dump-dom"]);
    assert!(
        page.contains(r#"<p role="status" id="shown">5 of 5 shown</p>"#),
        "the script did not run: {console}"
    );
    assert!(
        page.contains(r#"<div id="tools">"#),
        "the tools stayed hidden"
    );
    assert!(
        !console.contains("Content Security Policy") && !console.contains("CONSOLE"),
        "{console}"
    );
    let picture = folder.path().join("page.png");
    opened(
        &program,
        folder.path(),
        &[
            "--window-size=1000,2000",
            &format!("--screenshot={}", picture.display()),
        ],
    );
    assert!(
        std::fs::metadata(&picture).unwrap().len() > 20_000,
        "the screenshot is empty"
    );
}
