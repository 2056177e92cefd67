//! The files of other systems are what the schemas of these systems allow.

use super::super::program::root;
use super::{said, validator};
use std::process::Command;

fn is_valid(program: &str, args: &[&str], files: &[&str]) {
    let Some(validator) = validator(program) else {
        return;
    };
    let output = Command::new(validator)
        .current_dir(root())
        .args(args)
        .args(files)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn the_action_and_the_workflows_are_valid_for_github() {
    let check = "check-jsonschema";
    let action = ["--builtin-schema", "vendor.github-actions"];
    is_valid(check, &action, &["action.yml"]);
    let workflows = ["--builtin-schema", "vendor.github-workflows"];
    is_valid(
        check,
        &workflows,
        &[".github/workflows/ci.yml", ".github/workflows/release.yml"],
    );
}

#[test]
fn the_template_is_valid_for_gitlab() {
    let args = [
        "--builtin-schema",
        "vendor.gitlab-ci",
        "--data-transform",
        "gitlab-ci",
    ];
    let template = "deploy/gitlab/ingam.gitlab-ci.yml";
    is_valid("check-jsonschema", &args, &[template]);
}

#[test]
fn the_jobs_are_valid_for_kubernetes() {
    let jobs = ["deploy/kubernetes/run.yaml", "deploy/kubernetes/merge.yaml"];
    is_valid("kubernetes-validate", &["--strict"], &jobs);
}

/// A Jenkins server validates more than the grammar; there is none without its own machine.
#[test]
fn the_jenkinsfile_is_groovy() {
    let file = "deploy/jenkins/Jenkinsfile";
    is_valid("python", &["tests/deploy/grammar.py", "groovy"], &[file]);
}

/// PowerShell itself is in none of the registries.
#[test]
fn the_installer_for_windows_is_powershell() {
    let file = "deploy/install/install.ps1";
    is_valid(
        "python",
        &["tests/deploy/grammar.py", "powershell"],
        &[file],
    );
}
