//! The pages that a reader works through, of the tutorial and the how-to guides: their files are
//! written to a fresh folder, their commands run there, and what the page shows must come out.
//!
//! - A block with `file=NAME` behind its language is that file.
//! - In a `console` block each line that begins with `$ ` is a command for a shell, and the lines below
//!   are its output, standard error included. The last command ends with the code that `exit=N` names,
//!   or 0; all others end with 0.
//! - A line `…` stands for any number of lines, and `…` within a line for any text. Durations may differ.
//! - A `console live` block finds the marketplaces' own hosts played by the sandbox. It responds from
//!   `tests/walkthroughs/PAGE`, or else from the reader's folder. Behind a login there is a seller who
//!   opens the link.

mod page;
mod seller;
mod shown;

pub(super) use shown::without_durations;

use super::program::{Folder, ingam, root};
use super::sandbox_edge::StartedSandbox;
use page::{Block, Session};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One reader: a folder, where in it they are, and the sandbox that plays the marketplaces.
struct Walk {
    folder: Folder,
    current: PathBuf,
    /// What the marketplaces respond from, if it is not the reader's folder.
    recorded: Option<PathBuf>,
    /// The schemes that the page names.
    schemes: BTreeSet<String>,
    marketplaces: Option<StartedSandbox>,
}

impl Walk {
    fn new(page: &str) -> Self {
        let folder = Folder::new();
        let current = folder.path().to_owned();
        let name = Path::new(page).file_stem().unwrap();
        let recorded = root().join("tests/walkthroughs").join(name);
        Self {
            folder,
            current,
            recorded: recorded.is_dir().then_some(recorded),
            schemes: schemes(page),
            marketplaces: None,
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.current.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Output and exit code of one line of a shell.
    fn run(&mut self, line: &str, is_live: bool) -> (String, i32) {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.current.push(folder.trim());
            assert!(self.current.is_dir(), "{line}: there is no such folder");
            return (String::new(), 0);
        }
        let mut shell = self.shell(line);
        if is_live {
            self.call_marketplaces(&mut shell);
        }
        if is_live && line.starts_with("ingam auth login") {
            let mut browser = self.shell("curl --silent --show-error --fail \"$LINK\"");
            self.call_marketplaces(&mut browser);
            return seller::log_in(shell, browser);
        }
        let output = shell.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (text, output.status.code().unwrap_or(-1))
    }

    /// Lets a command find the sandbox at the marketplaces' own hosts.
    fn call_marketplaces(&mut self, command: &mut Command) {
        let sandbox = self.marketplaces();
        for (variable, name) in [("HTTPS_PROXY", "proxy_url"), ("SSL_CERT_FILE", "ca_file")] {
            command.env(variable, sandbox.line[name].as_str().unwrap());
        }
    }

    /// `line` in a shell with the environment of [`ingam`], which finds this program as `ingam`.
    fn shell(&self, line: &str) -> Command {
        let program = ingam(self.folder.path());
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("exec 2>&1; {line}"))
            .current_dir(&self.current)
            .stdin(std::process::Stdio::null())
            .env_clear();
        for (name, value) in program.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        let own = Path::new(program.get_program()).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        shell.env("PATH", format!("{}:{}", own.display(), path.display()));
        shell
    }

    fn marketplaces(&mut self) -> &StartedSandbox {
        if self.marketplaces.is_none() {
            let mut sandbox = ingam(self.folder.path());
            sandbox
                .current_dir(self.recorded.as_ref().unwrap_or(&self.current))
                .args(["sandbox", "--port", "0", "--proxy-port", "0"]);
            for scheme in &self.schemes {
                sandbox.args(["--scheme", scheme]);
            }
            self.marketplaces = StartedSandbox::spawn(sandbox);
        }
        self.marketplaces.as_ref().unwrap()
    }

    fn session(&mut self, session: &Session, page: &str) {
        let last = session.commands.len() - 1;
        for (index, command) in session.commands.iter().enumerate() {
            let (output, code) = self.run(&command.line, session.is_live);
            let wanted = if index == last { session.exit } else { 0 };
            let place = format!("{page}:{}: `{}`", command.at, command.line);
            assert_eq!(code, wanted, "{place} ends with another code:\n{output}");
            assert!(
                shown::is_output(&command.output, &output),
                "{place} gives\n{output}\nand the page shows\n{}",
                command.output
            );
        }
    }
}

fn schemes(page: &str) -> BTreeSet<String> {
    let text = read(page);
    let names = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("scheme: "));
    names.map(str::to_owned).collect()
}

/// The files that a reader of a page has at its end: name and text.
pub(super) fn files(page: &str) -> Vec<(String, String)> {
    let blocks = page::blocks(&read(page));
    let files = blocks.into_iter().filter_map(|block| match block {
        Block::File { name, text } => Some((name, text)),
        Block::Session(_) => None,
    });
    files.collect()
}

fn work_through(page: &str) {
    let text = read(page);
    let needs_browser = text.contains("$ ingam auth login");
    if needs_browser && Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "curl is not installed");
        println!("curl is not installed: nobody reads {page}");
        return;
    }
    let mut walk = Walk::new(page);
    let mut commands = 0;
    for block in page::blocks(&text) {
        match block {
            Block::File { name, text } => walk.write(&name, &text),
            Block::Session(session) => {
                commands += session.commands.len();
                walk.session(&session, page);
            }
        }
    }
    assert!(commands > 0, "{page} has no commands");
}

/// The pages of a folder that have commands.
fn pages_with_sessions(folder: &str) -> Vec<String> {
    let mut pages: Vec<String> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| format!("{folder}/{name}"))
        .filter(|page| page.ends_with(".md"))
        .filter(|page| read(page).contains("```console"))
        .collect();
    pages.sort();
    pages
}

fn read(page: &str) -> String {
    std::fs::read_to_string(root().join(page)).unwrap()
}

#[test]
fn the_readme_runs_as_it_is_written() {
    work_through("README.md");
}

#[test]
fn the_tutorial_runs_as_it_is_written() {
    let pages = pages_with_sessions("docs/tutorial");
    assert!(pages.len() >= 4, "{pages:?}");
    pages.iter().for_each(|page| work_through(page));
}

#[test]
fn the_korean_pages_run_as_they_are_written() {
    work_through("README.ko.md");
    for folder in ["docs/ko/tutorial", "docs/ko/how-to"] {
        let pages = pages_with_sessions(folder);
        assert!(pages.len() >= 3, "{pages:?}");
        pages.iter().for_each(|page| work_through(page));
    }
}

#[test]
fn the_sessions_of_the_how_to_pages_run_as_they_are_written() {
    let pages = pages_with_sessions("docs/how-to");
    assert!(!pages.is_empty());
    pages.iter().for_each(|page| work_through(page));
}
