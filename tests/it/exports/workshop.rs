//! A workspace, a sandbox of its schemes, and the programs that are exported from the one and run
//! against the other.

use super::super::program::{Folder, ingam, root, text};
use super::super::sandbox_edge::{StartedSandbox, get};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The requests of this repository, in a folder of their own.
pub(super) fn repository() -> Folder {
    let folder = Folder::new();
    for name in ["requests", "fixtures"] {
        copy_folder(&root().join(name), &folder.path().join(name));
    }
    folder
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    Node,
    Java,
}

impl Language {
    pub(super) const ALL: [Self; 3] = [Self::Python, Self::Node, Self::Java];

    fn format(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::Java => "java",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Python => "py",
            Self::Node => "cjs",
            Self::Java => "java",
        }
    }

    /// Without its tools a machine of a developer runs nothing, and CI fails.
    pub(super) fn is_installed(self) -> bool {
        let (tool, version) = match self {
            Self::Python => (python(), "--version"),
            Self::Node => (PathBuf::from("node"), "--version"),
            Self::Java => (PathBuf::from("javac"), "-version"),
        };
        let is_there = Command::new(&tool).arg(version).output().is_ok();
        if !is_there {
            let tool = tool.display();
            let message = format!("{tool} is not installed: .ci/run and tests/programs/install.sh");
            assert!(std::env::var_os("CI").is_none(), "{message}");
            println!("skipped: {message}");
        }
        is_there
    }
}

/// Where `tests/programs/install.sh` puts what it installs.
fn installed() -> PathBuf {
    std::env::var_os("INGAM_TEST_PROGRAMS")
        .map_or_else(|| root().join("target/programs"), PathBuf::from)
}

/// The one that has the libraries that some programs need.
fn python() -> PathBuf {
    installed().join("venv/bin/python")
}

#[derive(Debug)]
pub(super) struct Program {
    pub(super) id: String,
    pub(super) scheme: String,
    pub(super) text: String,
    file: PathBuf,
}

/// What became of a program.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) stderr: String,
    /// Of the sandbox; nothing if nothing arrived.
    pub(super) verdict: Option<String>,
    pub(super) fault: Option<String>,
}

impl Ran {
    /// The sandbox verifies requests for which nothing is recorded, too.
    pub(super) fn is_accepted(&self) -> bool {
        matches!(self.verdict.as_deref(), Some("accepted" | "unrecorded"))
    }
}

pub(super) struct Workshop {
    pub(super) folder: Folder,
    sandbox: StartedSandbox,
}

impl Workshop {
    /// `config` ends with its environments.
    pub(super) fn open(folder: Folder, config: &str) -> Self {
        folder.write("ingam.yaml", &format!("{config}  local: {{}}\n"));
        let sandbox = StartedSandbox::start(&folder, &["--port", "0", "--quiet"]);
        let hosts = sandbox.schemes().into_iter().map(|scheme| {
            let url = sandbox.url(scheme);
            format!("      {scheme}: \"{url}\"\n")
        });
        let hosts: String = hosts.collect();
        folder.write(
            "ingam.yaml",
            &format!("{config}  local:\n    hosts:\n{hosts}"),
        );
        // A scheme of the workspace gets no secret before that is allowed.
        let trust = ["trust", "--env", "local", "--yes"];
        let (_, told, code) = text(&ingam(folder.path()).args(trust).output().unwrap());
        assert_eq!(code, 0, "{told}");
        Self { folder, sandbox }
    }

    /// Id and scheme of every request, and of every step of a flow.
    pub(super) fn requests(&self) -> Vec<(String, String)> {
        let output = ingam(self.folder.path())
            .args(["list", "--json"])
            .output()
            .unwrap();
        let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut requests = Vec::new();
        for request in list["requests"].as_array().unwrap() {
            let id = request["id"].as_str().unwrap();
            for step in request["steps"].as_array().unwrap() {
                let scheme = step["scheme"].as_str().unwrap().to_owned();
                let id = match step["name"].as_str() {
                    Some(name) => format!("{id}::{name}"),
                    None => id.to_owned(),
                };
                requests.push((id, scheme));
            }
        }
        requests
    }

    /// The test keys of a scheme, as variables.
    pub(super) fn keys(&self, scheme: &str) -> Vec<(String, String)> {
        let accounts = self.sandbox.line["schemes"][scheme]["accounts"].as_object();
        let account = accounts.and_then(|accounts| accounts.values().next());
        let upper = scheme.to_uppercase().replace(['-', '.'], "_");
        let values = account.and_then(serde_json::Value::as_object);
        values
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                let name = format!("INGAM_{upper}__{}", name.to_uppercase());
                (name, value.as_str().unwrap().to_owned())
            })
            .collect()
    }

    pub(super) fn export(
        &self,
        language: Language,
        id: &str,
        scheme: &str,
    ) -> Result<Program, String> {
        self.export_with(language, id, scheme, &[])
    }

    /// The program, or what the export says.
    pub(super) fn export_with(
        &self,
        language: Language,
        id: &str,
        scheme: &str,
        more: &[(&str, &str)],
    ) -> Result<Program, String> {
        let (program, stderr, code) = text(
            &ingam(self.folder.path())
                .args(["export", language.format(), id, "--env", "local"])
                .envs(self.keys(scheme))
                .envs(more.iter().copied())
                .output()
                .unwrap(),
        );
        if code != 0 {
            return Err(stderr);
        }
        let name = id.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let name = format!("programs/{name}.{}", language.ending());
        Ok(Program {
            id: id.to_owned(),
            scheme: scheme.to_owned(),
            file: self.folder.write(&name, &program),
            text: program,
        })
    }

    /// The program with another text.
    pub(super) fn changed(&self, language: Language, program: &Program, text: &str) -> Program {
        let name = format!("programs/changed.{}", language.ending());
        Program {
            id: program.id.clone(),
            scheme: program.scheme.clone(),
            file: self.folder.write(&name, text),
            text: text.to_owned(),
        }
    }

    fn classes(&self) -> PathBuf {
        self.folder.path().join("classes")
    }

    /// Compiles all programs at once, if they must be.
    pub(super) fn build(&self, language: Language, programs: &[Program]) {
        if language != Language::Java {
            return;
        }
        let output = Command::new("javac")
            .arg("-d")
            .arg(self.classes())
            .args(programs.iter().map(|program| &program.file))
            .output()
            .unwrap();
        let (_, stderr, code) = text(&output);
        assert_eq!(code, 0, "{stderr}");
    }

    /// Runs a program with the keys of its scheme, and with other variables.
    pub(super) fn run(&self, language: Language, program: &Program, more: &[(&str, &str)]) -> Ran {
        let (_, before) = self.journal(&program.scheme, 0);
        let mut command = match language {
            Language::Python => with_file(&python(), &program.file),
            Language::Node => with_file(Path::new("node"), &program.file),
            Language::Java => {
                let (_, after) = program.text.split_once("final class ").unwrap();
                let mut command = Command::new("java");
                command.arg("-XX:TieredStopAtLevel=1").arg("-cp");
                command
                    .arg(self.classes())
                    .arg(after.split(' ').next().unwrap());
                command
            }
        };
        let own = Path::new(env!("CARGO_BIN_EXE_ingam")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let output = command
            .env_clear()
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path().join("home"))
            .env("PATH", format!("{}:{}", own.display(), path.display()))
            .env("NODE_PATH", installed().join("node_modules"))
            .envs(self.keys(&program.scheme))
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let (_, stderr, code) = text(&output);
        let (requests, _) = self.journal(&program.scheme, before);
        // A token may have been asked for before.
        let last = requests.last();
        let member = |name: &str| last.and_then(|last| Some(last[name].as_str()?.to_owned()));
        Ran {
            code,
            stderr,
            verdict: member("verdict"),
            fault: member("fault"),
        }
    }

    /// The requests to a scheme after a number, and how many there were in all.
    fn journal(&self, scheme: &str, after: u64) -> (Vec<serde_json::Value>, u64) {
        let authority = self.sandbox.authority(scheme);
        let path = format!("/.ingam/requests?scheme={scheme}&after={after}");
        let (status, response) = get(&authority, &authority, &path);
        assert_eq!(status, 200, "{response}");
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        let journal: serde_json::Value = serde_json::from_str(body).unwrap();
        let requests = journal["requests"].as_array().unwrap().clone();
        (requests, journal["answered"].as_u64().unwrap())
    }
}

fn with_file(program: &Path, file: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg(file);
    command
}
