//! `deploy/release/package.sh` packs what `deploy/install/install.sh` installs.

use super::super::program::{Folder, root};
use super::{said, script};
use std::process::{Command, Stdio};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A folder with a release of a program that says its name and version.
fn release() -> Folder {
    let folder = Folder::new();
    folder.write(
        "build/ingam",
        "#!/bin/sh\n[ \"$1\" = completions ] && echo \"for $2\" || echo 'ingam 9.8.7'\n",
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
        let mut part = Command::new("sh");
        part.arg(folder.path().join("part.sh"))
            .env("HOME", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let _ = part.status().unwrap();
        assert!(!folder.path().join(".local").exists(), "cut at {end}");
    }
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
        "aarch64-unknown-linux-gnu",
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
