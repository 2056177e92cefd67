//! The page "Test your own program": its files are written to a folder, beside the program that it
//! tests, and run as it says.

use super::super::program::{Folder, root};
use super::read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PAGE: &str = "docs/how-to/test-your-own-program.md";

/// The blocks of the page that are files: name and text.
fn page_files() -> Vec<(String, String)> {
    let page = read(&root().join(PAGE));
    let (mut files, mut rest) = (Vec::new(), page.as_str());
    while let Some((_, after)) = rest.split_once("\n```") {
        let (info, after) = after.split_once('\n').unwrap();
        let (text, after) = after.split_once("\n```").unwrap();
        if let Some((_, name)) = info.split_once("file=") {
            files.push((name.to_owned(), format!("{text}\n")));
        }
        rest = after;
    }
    files
}

/// A folder with the recording of the page, the program of one language and the files of the page
/// that are named.
fn project(language: &str, names: &[&str]) -> Folder {
    let folder = Folder::new();
    let files = page_files();
    for name in ["fixtures/recordings/shop.yaml"].iter().chain(names) {
        let file = files.iter().find(|(known, _)| known == name);
        let (_, text) = file.unwrap_or_else(|| panic!("{PAGE} has no file {name}"));
        folder.write(name, text);
    }
    for file in std::fs::read_dir(root().join("tests/programs").join(language)).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

/// Where `tests/programs/install.sh` puts what it installs.
pub(crate) fn installed() -> PathBuf {
    std::env::var_os("INGAM_TEST_PROGRAMS")
        .map_or_else(|| root().join("target/programs"), PathBuf::from)
}

/// Whether a tool is there. Without it a machine of a developer runs nothing, and CI fails.
pub(crate) fn has(tool: &Path) -> bool {
    let is_there = tool.exists();
    if !is_there {
        let message = format!(
            "{} is not installed: tests/programs/install.sh",
            tool.display()
        );
        assert!(std::env::var_os("CI").is_none(), "{message}");
        println!("{message}");
    }
    is_there
}

/// A command in the folder that finds this `ingam` as `ingam`.
fn in_folder(folder: &Folder, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_ingam")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("PATH", format!("{}:{}", own.display(), path.display()))
        .env_remove("CI");
    command
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn pytest_runs_as_the_page_says() {
    let python = installed().join("venv/bin/python");
    if !has(&python) {
        return;
    }
    let folder = project("python", &["conftest.py", "test_shop.py"]);
    let mut pytest = in_folder(&folder, python);
    let output = pytest.args(["-m", "pytest", "-q"]).output().unwrap();
    let said = said(&output);
    assert!(
        output.status.success() && said.contains("2 passed"),
        "{said}"
    );
}

#[test]
fn jest_runs_as_the_page_says() {
    let jest = installed().join("node_modules/.bin/jest");
    if !has(&jest) {
        return;
    }
    let folder = project("node", &["shop.test.js"]);
    // `node` of this machine may be a version manager that looks for settings in its home.
    let output = in_folder(&folder, jest)
        .args(["--runInBand", "--no-cache", "--rootDir", "."])
        .output()
        .unwrap();
    let said = said(&output);
    assert!(
        output.status.success() && said.contains("2 passed, 2 total"),
        "{said}"
    );
}

/// The jars of Debian's package junit5 and what they need.
const JARS: [&str; 9] = [
    "junit-jupiter-api",
    "junit-jupiter-engine",
    "junit-platform-commons",
    "junit-platform-console",
    "junit-platform-engine",
    "junit-platform-launcher",
    "opentest4j",
    "apiguardian-api",
    "picocli",
];

#[test]
fn junit_runs_as_the_page_says() {
    let jars = JARS.map(|name| Path::new("/usr/share/java").join(format!("{name}.jar")));
    if !jars.iter().all(|jar| has(jar)) || !has(Path::new("/usr/bin/javac")) {
        return;
    }
    let folder = project("java", &["ShopTest.java"]);
    let class_path = jars.map(|jar| jar.display().to_string()).join(":");
    let class_path = format!(".:{class_path}");
    let output = in_folder(&folder, "javac")
        .args(["-cp", &class_path, "Shop.java", "ShopTest.java"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let output = in_folder(&folder, "java")
        .args([
            "-cp",
            &class_path,
            "org.junit.platform.console.ConsoleLauncher",
        ])
        .args(["--select-class", "ShopTest"])
        .output()
        .unwrap();
    let said = said(&output);
    assert!(
        output.status.success() && said.contains("2 tests successful"),
        "{said}"
    );
}

/// The services of the compose file by hand: docker is not everywhere, and its commands are plain.
#[test]
fn the_services_of_compose_run_as_the_page_says() {
    let python = installed().join("venv/bin/python");
    if !has(&python) {
        return;
    }
    let folder = project("python", &["make-env.sh", "compose.yaml"]);
    let made = in_folder(&folder, "sh")
        .args(["-eu", "make-env.sh"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", said(&made));
    let compose = read(&folder.path().join("compose.yaml"));
    let command: Vec<&str> = compose
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .collect();
    assert_eq!(&command[..2], ["ingam", "sandbox"]);
    assert!(compose.contains("SHOPEE_BASE_URL: http://sandbox:9105"));
    assert!(compose.contains("\"test\", \"-e\", \"/tmp/ready.json\""));
    // The paths and the port of the container are this folder's and a free one.
    let args = command[1..].iter().map(|arg| {
        arg.replace("/tmp/", &format!("{}/", folder.path().display()))
            .replace("=9105", "=0")
    });
    let mut sandbox = in_folder(&folder, "ingam")
        .args(args)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let ready = folder.path().join("ready.json");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !ready.exists() {
        assert!(std::time::Instant::now() < deadline, "never healthy");
        std::thread::yield_now();
    }
    let line: serde_json::Value = serde_json::from_str(&read(&ready)).unwrap();
    let url = line["schemes"]["shopee"]["base_url"].as_str().unwrap();
    let app = in_folder(&folder, "sh")
        .args(["-euc", "set -a; . ./sandbox.env; exec \"$0\" shop.py"])
        .arg(python)
        .env("SHOPEE_BASE_URL", url)
        .output()
        .unwrap();
    let _ = sandbox.kill();
    let _ = sandbox.wait();
    assert_eq!(said(&app), "Hangang Audio\n");
}
