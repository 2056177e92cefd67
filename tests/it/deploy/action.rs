//! The scripts of `action.yml`, in the environment that GitHub gives them.

use super::super::program::{Folder, ingam};
use super::{said, script};
use std::path::Path;
use std::process::{Command, Output};

/// A step of the action in a workspace of `ingam init`.
struct Step {
    folder: Folder,
}

impl Step {
    fn new() -> Self {
        let folder = Folder::new();
        let made = ingam(folder.path())
            .args(["init", "shop"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", said(&made));
        for file in ["output", "summary", "path"] {
            folder.write(file, "");
        }
        Self { folder }
    }

    fn command(&self, name: &str) -> Command {
        let own = Path::new(env!("CARGO_BIN_EXE_ingam")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = script("bash", &format!("action/{name}"));
        command
            .current_dir(self.folder.path().join("shop"))
            .env("PATH", format!("{}:{}", own.display(), path.display()))
            .env("HOME", self.folder.path())
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", self.folder.path())
            .env("GITHUB_OUTPUT", self.folder.path().join("output"))
            .env("GITHUB_STEP_SUMMARY", self.folder.path().join("summary"))
            .env("GITHUB_PATH", self.folder.path().join("path"));
        command
    }

    fn run(&self, arguments: &str) -> Output {
        self.command("run.sh")
            .env("INGAM_ACTION_ARGUMENTS", arguments)
            .env("INGAM_ACTION_REPORTS", "reports")
            .output()
            .unwrap()
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

#[test]
fn a_run_hands_over_its_exit_code_and_its_reports() {
    let step = Step::new();
    let output = step.run("");
    assert!(output.status.success(), "{}", said(&output));
    let reports = step.folder.path().join("shop/reports");
    let reports = reports.canonicalize().unwrap();
    assert_eq!(
        step.file("output"),
        format!("exit-code=0\nreports={}\n", reports.display())
    );
    for report in ["run.json", "junit.xml", "run.html"] {
        assert!(reports.join(report).exists(), "{report}");
    }
    assert!(step.file("summary").contains("passed"));
}

#[test]
fn a_failure_fails_the_step_with_an_annotation() {
    let step = Step::new();
    let request = "scheme: none\nget: http://127.0.0.1:9/\n";
    step.folder.write("shop/requests/closed.yaml", request);
    let output = step.run("closed");
    let code = output.status.code().unwrap();
    assert_ne!(code, 0);
    assert!(
        step.file("output")
            .starts_with(&format!("exit-code={code}\n"))
    );
    assert!(said(&output).contains("::error "), "{}", said(&output));
}

#[test]
fn arguments_are_words_and_nothing_is_expanded() {
    let step = Step::new();
    let output = step.run("--tag 'no such tag $(touch made)' `touch made`\n;touch made");
    assert_ne!(output.status.code(), Some(0));
    assert!(!step.folder.path().join("shop/made").exists());
    assert!(
        said(&output).contains("no request matches ``touch`"),
        "{}",
        said(&output)
    );
    let open = step.run("--tag 'smoke");
    assert_eq!(open.status.code(), Some(2), "{}", said(&open));
    assert!(said(&open).contains("has a quote that does not end"));
}

#[test]
fn a_wrong_command_line_has_no_reports_and_fails_the_step() {
    let step = Step::new();
    let output = step.run("--no-such-option");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(step.file("output"), "exit-code=2\n");
}

#[test]
fn a_version_is_checked_before_anything_is_downloaded() {
    let step = Step::new();
    let version = |text: &str| {
        step.command("version.sh")
            .env("INGAM_VERSION", text)
            .env("RUNNER_TOOL_CACHE", "/cache")
            .output()
            .unwrap()
    };
    for wrong in ["0.2.0", "v0.2", "v0.2.0/../../x", "main", "v1.2.3\nx=y"] {
        assert_eq!(version(wrong).status.code(), Some(1), "{wrong}");
    }
    assert_eq!(step.file("output"), "");
    assert!(version("v0.2.0").status.success());
    assert_eq!(
        step.file("output"),
        "version=v0.2.0\nfolder=/cache/ingam/v0.2.0\n"
    );
}

#[test]
fn what_the_cache_has_brought_is_not_installed_again() {
    let step = Step::new();
    let own = Path::new(env!("CARGO_BIN_EXE_ingam")).parent().unwrap();
    let output = step
        .command("install.sh")
        .env("INGAM_INSTALL_DIR", own)
        .env("INGAM_DOWNLOAD", "file:///there/is/no/such/folder")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(step.file("path"), format!("{}\n", own.display()));
}
