//! `deploy/release/package.sh` packs what `deploy/install/install.sh` installs.

use super::super::program::{Folder, root};
use super::{said, script};
use std::process::{Command, Stdio};

const TARGET: &str = "x86_64-unknown-linux-musl";

/// A folder with a release of a program that says its name and version.
fn release() -> Folder {
    release_of("echo 'ingam 9.8.7'")
}

/// A folder with a release of a program that does this for `--version`.
fn release_of(version: &str) -> Folder {
    let folder = Folder::new();
    folder.write(
        "build/ingam",
        &format!("#!/bin/sh\n[ \"$1\" = completions ] && echo \"for $2\" && exit\n{version}\n"),
    );
    let binary = folder.path().join("build/ingam");
    let made = Command::new("chmod").arg("755").arg(&binary).status();
    assert!(made.unwrap().success());
    let output = script("bash", "release/package.sh")
        .arg(TARGET)
        .arg(&binary)
        .arg(folder.path().join("release"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    folder
}

fn install(folder: &Folder) -> Command {
    let mut command = script("sh", "install/install.sh");
    let download = format!("file://{}", folder.path().join("release").display());
    command
        .env("HOME", folder.path())
        .env("INGAM_DOWNLOAD", download);
    command
}

#[test]
fn a_release_is_packed_and_installed() {
    let folder = release();
    let output = install(&folder).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let installed = folder.path().join(".local/bin/ingam");
    assert_eq!(
        said(&output),
        format!(
            "ingam 9.8.7 is installed in {0}\nAdd it to your path: export PATH=\"{0}:$PATH\"\n",
            installed.parent().unwrap().display()
        )
    );
    let program = Command::new(installed).output().unwrap();
    assert_eq!(said(&program), "ingam 9.8.7\n");
}

#[test]
fn an_archive_holds_licences_and_completions_and_the_same_files_give_the_same_bytes() {
    let (first, second) = (release(), release());
    let archive = format!("release/ingam-{TARGET}.tar.gz");
    let bytes = |folder: &Folder| std::fs::read(folder.path().join(&archive)).unwrap();
    assert_eq!(bytes(&first), bytes(&second));
    let list = Command::new("tar")
        .arg("-tzf")
        .arg(first.path().join(&archive))
        .output()
        .unwrap();
    let names = said(&list).replace(&format!("ingam-{TARGET}/"), "");
    assert_eq!(
        names.split_whitespace().collect::<Vec<_>>(),
        [
            "CHANGELOG.md",
            "LICENSE-APACHE",
            "LICENSE-MIT",
            "README.md",
            "completions/ingam.bash",
            "completions/ingam.elvish",
            "completions/ingam.fish",
            "completions/ingam.powershell",
            "completions/ingam.zsh",
            "ingam"
        ]
    );
}

#[test]
fn a_changed_archive_is_refused_and_nothing_is_installed() {
    let folder = release();
    let archive = folder.path().join(format!("release/ingam-{TARGET}.tar.gz"));
    let mut bytes = std::fs::read(&archive).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&archive, bytes).unwrap();
    let output = install(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("was expected. Nothing was installed"),
        "{}",
        said(&output)
    );
    assert!(!folder.path().join(".local").exists());
}

#[test]
fn a_binary_that_does_not_start_does_not_replace_one_that_does() {
    let folder = release_of("exit 127");
    folder.write(".local/bin/ingam", "the old one");
    let output = install(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("does not start on this machine"),
        "{}",
        said(&output)
    );
    let bin = folder.path().join(".local/bin");
    let kept = std::fs::read_to_string(bin.join("ingam")).unwrap();
    assert_eq!(kept, "the old one");
    assert_eq!(std::fs::read_dir(bin).unwrap().count(), 1);
}

#[test]
fn an_archive_that_is_not_there_is_an_error() {
    let folder = Folder::new();
    let output = install(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("cannot download"),
        "{}",
        said(&output)
    );
}

/// A pipe into a shell runs what has arrived when the connection breaks.
#[test]
fn a_script_that_was_cut_off_does_nothing() {
    let text = std::fs::read_to_string(root().join("deploy/install/install.sh")).unwrap();
    let folder = release();
    for end in (0..text.len() - "main\n".len()).step_by(101) {
        folder.write("part.sh", &text[..end]);
        run_part(&folder);
        assert!(!folder.path().join(".local").exists(), "cut at {end}");
    }
    folder.write("part.sh", &text);
    run_part(&folder);
    assert!(folder.path().join(".local/bin/ingam").exists());
}

/// Runs `part.sh` as the installer; whether it succeeds does not matter.
fn run_part(folder: &Folder) {
    let download = format!("file://{}", folder.path().join("release").display());
    let mut part = Command::new("sh");
    part.arg(folder.path().join("part.sh"))
        .env("HOME", folder.path())
        .env("INGAM_DOWNLOAD", download)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _ = part.status().unwrap();
}

#[test]
fn the_formula_takes_the_checksums_of_the_release() {
    let folder = release();
    let sums = folder.path().join("release");
    let formula = || {
        script("bash", "release/homebrew.sh")
            .arg("9.8.7")
            .arg(&sums)
            .output()
            .unwrap()
    };
    assert!(!formula().status.success(), "a checksum is missing");
    let sum = std::fs::read_to_string(sums.join(format!("ingam-{TARGET}.tar.gz.sha256"))).unwrap();
    for target in [
        "aarch64-apple-darwin",
        "x86_64-apple-darwin",
        "aarch64-unknown-linux-musl",
    ] {
        let name = format!("ingam-{target}.tar.gz.sha256");
        std::fs::write(sums.join(name), format!("{target}  a\n")).unwrap();
    }
    let output = formula();
    assert!(output.status.success(), "{}", said(&output));
    let text = said(&output);
    let sum = sum.split(' ').next().unwrap();
    assert!(text.contains(&format!("sha256 \"{sum}\"")), "{text}");
    assert!(text.contains("sha256 \"aarch64-apple-darwin\""), "{text}");
}
