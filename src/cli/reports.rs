//! Where reports go: `--report FORMAT=PATH`, and what GitHub Actions gets by itself. Files take the place of older ones whole,
//! but for `ndjson`, which is written as things happen.

use super::exit::Exit;
use super::output::Output;
use crate::diagnostic::{did_you_mean, join_names};
use crate::event::Event;
use crate::host::HostContext;
use crate::report::{DocumentReporter, Format, NdjsonReporter, Reporter, RunDocument, TerminalReporter, github_summary};
use crate::span::SourceMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

/// One report that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    format: Format,
    goal: Goal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Goal {
    Stdout,
    File(PathBuf),
}

/// All reports of one run.
pub struct Reports {
    wanted: Vec<Wanted>,
    streams: Vec<(Goal, NdjsonReporter<Box<dyn Write>>)>,
    gatherer: DocumentReporter,
    github: Github,
    /// What went wrong while it ran.
    faults: Vec<String>,
}

/// What GitHub Actions says of itself.
#[derive(Default)]
struct Github {
    /// Nobody named the report; it is on because this is Actions.
    by_itself: bool,
    step_summary: Option<PathBuf>,
    /// The workspace below the root of the repository.
    folder: String,
    /// Between two lines with this word the runner takes nothing for a command: an answer that is shown could hold one.
    guard: Option<String>,
}

/// Takes `--report` apart.
///
/// # Errors
/// With the exit code of a wrong command line, which has been said.
pub fn wanted(host: &HostContext, texts: &[String], output: &Output) -> Result<Vec<Wanted>, Exit> {
    let mut all: Vec<Wanted> = Vec::new();
    for text in texts {
        let one = parse(host, text).and_then(|one| alone(one, &all, text)).map_err(|(text, hint)| {
            output.error(&text, &[hint]);
            Exit::Usage
        })?;
        all.push(one);
    }
    Ok(all)
}

/// A message and what to do.
type Complaint = (String, String);

fn parse(host: &HostContext, text: &str) -> Result<Wanted, Complaint> {
    let names = || Format::ALL.into_iter().map(Format::name);
    let Some((name, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
        let hint = format!("write `--report junit=report.xml`; a format is {}", join_names(names(), "or"));
        return Err((format!("`--report` takes a format and a path, and `{text}` is no such pair"), hint));
    };
    let format = Format::parse(name)
        .ok_or_else(|| (format!("there is no report format `{name}`"), did_you_mean(name, names()).unwrap_or_default()))?;
    let goal = if path == "-" { Goal::Stdout } else { Goal::File(plain(&host.cwd.join(path))) };
    Ok(Wanted { format, goal })
}

fn alone(one: Wanted, others: &[Wanted], text: &str) -> Result<Wanted, Complaint> {
    match others.iter().find(|other| other.goal == one.goal) {
        None => Ok(one),
        Some(other) => Err((
            format!("`{text}` would be written over the {} report", other.format.name()),
            "give each report a path of its own".to_owned(),
        )),
    }
}

/// Without `.` and `..`, so that one file has one path.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

impl Reports {
    /// Makes the folders, and opens what is written while the run goes on.
    ///
    /// # Errors
    /// With the exit code of what cannot be written, before anything is sent; it has been said.
    pub fn open(host: &HostContext, wanted: Vec<Wanted>, root: &Path, output: &Output) -> Result<Self, Exit> {
        let mut streams = Vec::new();
        for one in &wanted {
            one.goal.prepare().map_err(|error| refused(one, &error, output))?;
            if one.format == Format::Ndjson {
                let out = one.goal.stream().map_err(|error| refused(one, &error, output))?;
                streams.push((one.goal.clone(), NdjsonReporter::new(out)));
            }
        }
        let github = Github::new(host, &wanted, root);
        Ok(Self { wanted, streams, gatherer: DocumentReporter::default(), github, faults: Vec::new() })
    }

    /// Only those that somebody named.
    #[must_use]
    pub fn only_named(self) -> Self {
        let github = match self.github {
            Github { by_itself: true, guard, .. } => Github { guard, ..Github::default() },
            named => named,
        };
        Self { github, ..self }
    }

    /// Whether anybody listens.
    #[must_use]
    pub fn are_wanted(&self) -> bool {
        !self.wanted.is_empty() || self.github.by_itself
    }

    fn take_stdout(&self) -> bool {
        self.wanted.iter().any(|one| one.goal == Goal::Stdout)
    }

    /// Writes everything that is left to be written; says what could not be, and whether there was any such thing.
    pub fn finish(mut self, interrupted: Option<Exit>, output: &Output) -> bool {
        let gatherer = std::mem::take(&mut self.gatherer);
        let document = gatherer.into_document(interrupted.and_then(Exit::signal).map(str::to_owned));
        self.write(&document, false, output)
    }

    /// The same for a run that is over.
    pub fn write(mut self, document: &RunDocument, streams_too: bool, output: &Output) -> bool {
        if let Some(word) = &self.github.guard {
            self.tell_runner(&format!("::{word}::"), output);
        }
        if !self.are_wanted() {
            return false;
        }
        for one in self.wanted.iter().filter(|one| streams_too || one.format != Format::Ndjson) {
            let text = one.format.write(document, &self.github.folder);
            let written = text.and_then(|text| one.goal.put(&text).map_err(|error| error.to_string()));
            self.faults.extend(written.err().map(|error| fault(&one.goal, &error)));
        }
        self.tell_github(document, output);
        for fault in &self.faults {
            output.error(fault, &["the run itself is not changed by this".to_owned()]);
        }
        !self.faults.is_empty()
    }

    /// The runner reads both outputs, each at its own pace, so all that it is told goes to one: the first, unless that one is
    /// somebody's data.
    fn tell_runner(&self, text: &str, output: &Output) {
        let is_data = self.wanted.iter().any(|one| one.goal == Goal::Stdout && one.format != Format::Github);
        match text {
            "" => {}
            text if is_data => output.say(text),
            text => output.data(text),
        }
    }

    fn tell_github(&mut self, document: &RunDocument, output: &Output) {
        if self.github.by_itself {
            let text = Format::Github.write(document, &self.github.folder).unwrap_or_default();
            self.tell_runner(text.trim_end(), output);
        }
        if let Some(path) = &self.github.step_summary
            && let Err(error) = append(path, &github_summary(document))
        {
            let text = fault(&Goal::File(path.clone()), &error.to_string());
            if self.github.by_itself { output.warning(&text) } else { self.faults.push(text) }
        }
    }
}

impl Reporter for Reports {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        if !self.are_wanted() {
            return Ok(());
        }
        let mut faults = Vec::new();
        // After the first fault a stream is let go: a hole in its middle would be worse than its end.
        self.streams.retain_mut(|(goal, stream)| match stream.on_event(event, sources) {
            Ok(()) => true,
            Err(error) => {
                faults.extend((!is_closed(goal, &error)).then(|| fault(goal, &error.to_string())));
                false
            }
        });
        self.faults.append(&mut faults);
        self.gatherer.on_event(event, sources)
    }
}

/// The terminal and the reports, which hear the same.
pub struct Listeners {
    pub terminal: TerminalReporter<Box<dyn Write>>,
    pub reports: Reports,
}

impl Listeners {
    /// The terminal's own report makes room on standard output for one that was sent there.
    #[must_use]
    pub fn new(reports: Reports, verbose: bool, output: &Output) -> Self {
        if let Some(word) = &reports.github.guard {
            reports.tell_runner(&format!("::stop-commands::{word}"), output);
        }
        let terminal: TerminalReporter<Box<dyn Write>> = if reports.take_stdout() {
            TerminalReporter::new(Box::new(io::stderr()), output.err, verbose)
        } else {
            TerminalReporter::new(Box::new(output.stdout()), output.out, verbose)
        };
        Self { terminal, reports }
    }
}

impl Reporter for Listeners {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        let told = self.terminal.on_event(event, sources);
        self.reports.on_event(event, sources).and(told)
    }
}

impl Goal {
    fn prepare(&self) -> io::Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        if path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        path.parent().map_or(Ok(()), std::fs::create_dir_all)
    }

    fn stream(&self) -> io::Result<Box<dyn Write>> {
        match self {
            Self::Stdout => Ok(Box::new(io::stdout())),
            Self::File(path) => Ok(Box::new(File::create(path)?)),
        }
    }

    fn put(&self, text: &str) -> io::Result<()> {
        match self {
            Self::Stdout => match io::stdout().lock().write_all(text.as_bytes()) {
                Err(error) if is_closed(self, &error) => Ok(()),
                result => result,
            },
            Self::File(path) => replace(path, text),
        }
    }
}

/// A pipe that was closed has nobody left to tell.
fn is_closed(goal: &Goal, error: &io::Error) -> bool {
    *goal == Goal::Stdout && error.kind() == io::ErrorKind::BrokenPipe
}

/// The new text stands beside the old one until it is whole. What is no plain file, such as a pipe, is written to as it is.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if path.exists() && !path.is_file() {
        return std::fs::OpenOptions::new().write(true).open(&path)?.write_all(text.as_bytes());
    }
    crate::atomic_file::replace_shared(&path, text.as_bytes())
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    std::fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

fn refused(one: &Wanted, error: &io::Error, output: &Output) -> Exit {
    output.error(&fault(&one.goal, &error.to_string()), &["nothing was sent; name a path that can be written".to_owned()]);
    Exit::Unable
}

fn fault(goal: &Goal, error: &str) -> String {
    match goal {
        Goal::Stdout => format!("the report cannot be written to standard output: {error}"),
        Goal::File(path) => format!("the report `{}` cannot be written: {error}", path.display()),
    }
}

impl Github {
    fn new(host: &HostContext, wanted: &[Wanted], root: &Path) -> Self {
        let is_named = wanted.iter().any(|one| one.format == Format::Github);
        let is_actions = host.env_var("GITHUB_ACTIONS") == Some("true");
        if !is_named && !is_actions {
            return Self::default();
        }
        Self {
            by_itself: !is_named,
            step_summary: host.env_var("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            folder: host.env_var("GITHUB_WORKSPACE").map_or_else(String::new, |top| below(root, Path::new(top))),
            guard: is_actions.then(|| hex::encode((host.random_bytes)())),
        }
    }
}

/// `examples/shop/` of a workspace in such a folder; nothing for the root itself, and for one that lies elsewhere.
fn below(root: &Path, top: &Path) -> String {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let root = real(root);
    match root.strip_prefix(real(top)) {
        Ok(path) if path.as_os_str().is_empty() => String::new(),
        Ok(path) => format!("{}/", path.to_string_lossy().replace('\\', "/")),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_path() {
        assert_eq!(plain(Path::new("/a/./b/../c.xml")), PathBuf::from("/a/c.xml"));
    }

    #[test]
    fn a_report_takes_the_place_of_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xml");
        replace(&path, "old and long").unwrap();
        replace(&path, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_a_report() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xml");
        replace(&path, "text").unwrap();
        let plain = folder.path().join("b.xml");
        std::fs::write(&plain, "text").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }
}
