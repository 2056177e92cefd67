//! Where reports go: `--report FORMAT=PATH`, and what GitHub Actions gets automatically. A report
//! file replaces an older one in one step, except `ndjson`, which is written as events arrive. At
//! the start of a run each file is replaced by a report that says that the run did not finish: so
//! no older result survives a run that is killed, or that cannot begin.

use super::command_error::CommandError;
use super::command_output::{CommandOutput, CommandResult, OutputPart};
use super::exit_status::ExitStatus;
use super::notices::SourcedNotices;
use super::output::Output;
use super::trace_export::TraceExport;
use super::warnings::Warnings;
use crate::diagnostic::{did_you_mean, join_names};
use crate::event::{ErrorClass, Event, RunNotice, RunSummary};
use crate::host::{HostContext, RandomError};
use crate::redact::{RedactedText, Redactor};
use crate::report::{
    DocumentReporter, Format, NdjsonReporter, Reporter, RunDocument, TerminalDetail,
    TerminalReporter, github_annotations, github_summary,
};
use crate::span::SourceMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

/// One `--report` argument.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReportRequest {
    format: Format,
    destination: ReportDestination,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ReportDestination {
    Stdout,
    File(PathBuf),
}

/// A report that is written as events arrive.
type ReportStream = (ReportDestination, NdjsonReporter<Box<dyn Write>>);

/// All reports of one run.
pub(super) struct ReportOutputs {
    requested: Vec<ReportRequest>,
    streams: Vec<ReportStream>,
    gatherer: DocumentReporter,
    github: GithubActions,
    /// Write errors during the run.
    write_errors: Vec<String>,
    /// The end of the run. It is kept until all notices are known, so that it comes last.
    summary: Option<RunSummary>,
    /// The errors that no event of the run itself has counted.
    notice_counts: RunSummary,
    /// Knows the secrets of the run, once it has ended.
    redactor: Redactor,
    pub(super) trace: TraceExport,
}

/// The settings for output to GitHub Actions, from its environment variables.
#[derive(Default)]
struct GithubActions {
    /// The report was not named; it is on because the run is a job of GitHub Actions.
    is_automatic: bool,
    step_summary: Option<PathBuf>,
    /// The workspace below the root of the repository.
    path_prefix: String,
    /// Between two lines with this word the runner executes no workflow command: a response that
    /// is shown could contain one.
    stop_commands_token: Option<String>,
    /// Whether the word was printed.
    are_commands_stopped: bool,
}

/// Parses the values of `--report`.
///
/// # Errors
/// If one is not a format and a path, or two have one path.
pub(super) fn parse_report_args(
    host: &HostContext,
    texts: &[String],
) -> Result<Vec<ReportRequest>, CommandError> {
    let mut all: Vec<ReportRequest> = Vec::new();
    for text in texts {
        let one = parse_report_arg(host, text)?;
        check_destination_unused(&one, &all, text)?;
        all.push(one);
    }
    Ok(all)
}

fn parse_report_arg(host: &HostContext, text: &str) -> Result<ReportRequest, CommandError> {
    let names = || Format::ALL.into_iter().map(Format::name);
    let Some((name, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
        return Err(CommandError::usage(format!(
            "`--report` needs a format and a path, but got `{text}`"
        ))
        .hint(format!(
            "write it like `--report junit=report.xml`; the formats are {}",
            join_names(names(), "or")
        )));
    };
    let format = Format::parse(name).ok_or_else(|| {
        CommandError::usage(format!("there is no report format `{name}`"))
            .hints(did_you_mean(name, names()))
    })?;
    let destination = if path == "-" {
        ReportDestination::Stdout
    } else {
        ReportDestination::File(normalize_path(&host.cwd.join(path)))
    };
    Ok(ReportRequest {
        format,
        destination,
    })
}

fn check_destination_unused(
    one: &ReportRequest,
    others: &[ReportRequest],
    text: &str,
) -> Result<(), CommandError> {
    let other = others
        .iter()
        .find(|other| other.destination == one.destination);
    match other {
        None => Ok(()),
        Some(other) => Err(CommandError::usage(format!(
            "`{text}` would overwrite the {} report",
            other.format.name()
        ))
        .hint("choose a different path for each report")),
    }
}

/// Removes `.` and `..`, so that two reports with one path are noticed. The file need not exist.
fn normalize_path(path: &Path) -> PathBuf {
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

impl ReportOutputs {
    /// Creates the folders, opens the reports that are written during the run, and replaces older
    /// files by reports that say that the run did not finish. `shard` is that of the command line.
    ///
    /// # Errors
    /// If a report cannot be written. Nothing has been sent then.
    pub(super) fn open(
        host: &HostContext,
        wanted: Vec<ReportRequest>,
        root: &Path,
        shard: Option<String>,
        output: &Output,
    ) -> Result<Self, CommandError> {
        let github = GithubActions::new(host, &wanted, root)?;
        let opened_at_ms = (host.clock)();
        let gatherer = DocumentReporter::started(opened_at_ms, shard.clone())?;
        let mut reports = Self::new(wanted, gatherer, github);
        let unfinished = unfinished_document(opened_at_ms, shard)?;
        for one in &reports.requested {
            let stream = one
                .begin(&unfinished, &reports.github.path_prefix, output)
                .map_err(|error| unwritable_report(one, &error))?;
            reports.streams.extend(stream);
        }
        Ok(reports)
    }

    /// For a command that writes no reports.
    ///
    /// # Errors
    /// If the clock is outside of the calendar.
    pub(super) fn none(host: &HostContext) -> Result<Self, CommandError> {
        let gatherer = DocumentReporter::started((host.clock)(), None)?;
        Ok(Self::new(Vec::new(), gatherer, GithubActions::default()))
    }

    fn new(
        requested: Vec<ReportRequest>,
        gatherer: DocumentReporter,
        github: GithubActions,
    ) -> Self {
        Self {
            requested,
            streams: Vec::new(),
            gatherer,
            github,
            write_errors: Vec::new(),
            summary: None,
            notice_counts: RunSummary::default(),
            redactor: Redactor::default(),
            trace: TraceExport::default(),
        }
    }

    /// Without the reports that GitHub Actions gets automatically.
    #[must_use]
    pub(super) fn without_automatic(self) -> Self {
        let github = match self.github {
            GithubActions {
                is_automatic: true,
                stop_commands_token: guard,
                ..
            } => GithubActions {
                // Kept: the terminal output of a merge shows responses, too.
                stop_commands_token: guard,
                ..GithubActions::default()
            },
            named => named,
        };
        Self { github, ..self }
    }

    /// Whether any report needs the events of the run.
    #[must_use]
    pub(super) fn is_active(&self) -> bool {
        !self.requested.is_empty() || self.github.is_automatic
    }

    /// Whether any report shows the exchanges of steps that passed.
    #[must_use]
    pub(super) fn need_passed_exchanges(&self) -> bool {
        self.requested
            .iter()
            .any(|one| one.format.shows_passed_exchanges())
    }

    fn uses_stdout(&self) -> bool {
        self.requested
            .iter()
            .any(|one| one.destination == ReportDestination::Stdout)
    }

    /// Takes the redactor of a run that has ended, for the notices that follow.
    pub(super) fn set_redactor(&mut self, redactor: Redactor) {
        self.redactor = redactor;
    }

    /// Passes the warnings that are in no report yet to the reports.
    pub(super) fn add_warnings(&mut self, warnings: &Warnings) {
        for warning in warnings.take_unreported() {
            let notices = SourcedNotices::of_warning(&warning, &mut self.redactor);
            self.add_notices(notices);
        }
    }

    fn add_error(&mut self, error: &CommandError) {
        let notices = SourcedNotices::of_error(error, &mut self.redactor);
        self.add_notices(notices);
    }

    fn add_notices(&mut self, SourcedNotices { notices, sources }: SourcedNotices) {
        for notice in notices {
            self.notice_counts.add_notice(&notice);
            // Each report keeps its own write error.
            let _ = self.forward(&Event::RunNotice(notice), &sources);
        }
    }

    /// Adds what the result of the run says to the reports, and writes the remaining ones. Returns
    /// the result, with an error for each report that could not be written.
    pub(super) fn finish(
        mut self,
        result: CommandResult,
        output: &Output,
        warnings: &Warnings,
    ) -> CommandOutput {
        self.add_warnings(warnings);
        let mut ended = match result {
            Ok(ended) => ended,
            Err(error) => {
                // The run did not begin, so it did not say that it has ended.
                self.summary.get_or_insert_default();
                CommandOutput::of_error(error)
            }
        };
        for part in &ended.parts {
            match part {
                OutputPart::Error(error) => self.add_error(error),
                OutputPart::Faults(faults) => {
                    let class = ErrorClass::File;
                    let notices = SourcedNotices::of_faults(faults, class, &mut self.redactor);
                    self.add_notices(notices);
                }
                OutputPart::Data(_) | OutputPart::Message(_) => {}
            }
        }
        let document = self.finished_document(ended.status);
        for error in self.write(&document, false, output, warnings) {
            ended.error(error);
        }
        ended
    }

    /// `status` is that of the whole run.
    fn finished_document(&mut self, status: ExitStatus) -> RunDocument {
        let signal = status.signal_name();
        if let Some(signal) = signal {
            let reason = format!("interrupted by {signal}: not all requests were run");
            let notice = RunNotice::error(
                ErrorClass::Interrupted,
                self.redactor.redact_for_display(&reason),
            );
            let _ = self.forward(&Event::RunNotice(notice), &SourceMap::default());
        }
        for message in std::mem::take(&mut self.write_errors) {
            // In the other reports; the caller gets it again below.
            self.add_error(&CommandError::operation(&message));
            self.write_errors.push(message);
        }
        let is_unwritten = !self.write_errors.is_empty();
        if let Some(mut summary) = self.summary.take() {
            summary.add_run_errors(&self.notice_counts);
            let _ = self.forward(&Event::RunFinished(summary), &SourceMap::default());
        }
        let gatherer = std::mem::take(&mut self.gatherer);
        let mut document = gatherer.into_document(signal.map(str::to_owned));
        let status = if is_unwritten {
            status.most_severe(ExitStatus::OperationFailed)
        } else {
            status
        };
        document.exit_code = Some(status.code());
        document
    }

    /// The same for the document of a run that has ended.
    pub(super) fn write(
        mut self,
        document: &RunDocument,
        streams_too: bool,
        output: &Output,
        warnings: &Warnings,
    ) -> Vec<CommandError> {
        // Before the return: `TerminalAndReports::new` printed `::stop-commands::` even if no report
        // is written.
        if let Some(word) = &self.github.stop_commands_token
            && self.github.are_commands_stopped
        {
            self.write_runner_command(&format!("::{word}::"), output);
        }
        if !self.is_active() {
            return Vec::new();
        }
        self.write_requested(document, streams_too, output);
        self.write_github_output(document, output, warnings);
        let errors = self.write_errors.into_iter();
        errors
            .map(|message| {
                CommandError::operation(message).hint("the result of the run is not affected")
            })
            .collect()
    }

    /// Writes every report that was named. One that fails does not stop the others.
    fn write_requested(&mut self, document: &RunDocument, streams_too: bool, output: &Output) {
        for one in self
            .requested
            .iter()
            .filter(|one| streams_too || one.format != Format::Ndjson)
        {
            let text = one.format.write(document, &self.github.path_prefix);
            let written = text.map_err(|error| error.to_string()).and_then(|text| {
                one.destination
                    .write_text(&text, output)
                    .map_err(|error| error.to_string())
            });
            if let Err(error) = written {
                self.write_errors
                    .push(write_error_message(&one.destination, &error));
            }
        }
    }

    fn write_runner_command(&self, text: &str, output: &Output) {
        // The runner reads both outputs, each at its own pace. Commands on one of them keep their
        // order: standard output, unless another report owns it.
        let is_data = self.requested.iter().any(|one| {
            one.destination == ReportDestination::Stdout && one.format != Format::Github
        });
        match text {
            "" => {}
            text if is_data => output.print_message(text),
            text => output.print_report(text),
        }
    }

    fn write_github_output(
        &mut self,
        document: &RunDocument,
        output: &Output,
        warnings: &Warnings,
    ) {
        if self.github.is_automatic {
            let text = github_annotations(document, &self.github.path_prefix);
            self.write_runner_command(text.trim_end(), output);
        }
        if let Some(path) = &self.github.step_summary
            && let Err(error) = append_to_file(path, &github_summary(document))
        {
            let text =
                write_error_message(&ReportDestination::File(path.clone()), &error.to_string());
            // A summary that nobody asked for must not fail the job.
            if self.github.is_automatic {
                warnings.add(text);
            } else {
                self.write_errors.push(text);
            }
        }
    }
}

impl Reporter for ReportOutputs {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        self.trace.on_event(event);
        if let Event::RunFinished(summary) = event {
            self.summary = Some(summary.clone());
            return Ok(());
        }
        self.forward(event, sources)
    }
}

impl ReportOutputs {
    fn forward(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        if !self.is_active() {
            return Ok(());
        }
        let mut faults = Vec::new();
        // After its first error a stream is closed: a reader notices a missing end, but not a
        // missing line in the middle.
        self.streams
            .retain_mut(|(goal, stream)| match stream.on_event(event, sources) {
                Ok(()) => true,
                Err(error) => {
                    // `Output::finish` reports what standard output has refused.
                    if *goal != ReportDestination::Stdout {
                        faults.push(write_error_message(goal, &error.to_string()));
                    }
                    false
                }
            });
        self.write_errors.append(&mut faults);
        self.gatherer.on_event(event, sources)
    }
}

/// The report for people, on standard output or standard error.
pub(super) type RunTerminal = TerminalReporter<Box<dyn Write>>;

/// The terminal and the reports, which get the same events.
pub(super) struct TerminalAndReports<'r> {
    pub(super) terminal: RunTerminal,
    pub(super) reports: &'r mut ReportOutputs,
}

impl<'r> TerminalAndReports<'r> {
    /// If a report goes to standard output, the terminal's own report goes to standard error.
    #[must_use]
    pub(super) fn new(
        reports: &'r mut ReportOutputs,
        detail: TerminalDetail,
        output: &Output,
    ) -> Self {
        if let Some(word) = &reports.github.stop_commands_token {
            reports.write_runner_command(&format!("::stop-commands::{word}"), output);
            reports.github.are_commands_stopped = true;
        }
        let terminal: RunTerminal = if reports.uses_stdout() {
            TerminalReporter::new(output.stderr(), output.err, detail)
        } else {
            TerminalReporter::new(Box::new(output.stdout()), output.out, detail)
        };
        Self { terminal, reports }
    }
}

impl Reporter for TerminalAndReports<'_> {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        // Both get the event, even if the terminal is gone.
        let printed = match event {
            // The run does not know of the warnings that came before it.
            Event::RunFinished(summary) => {
                let mut summary = summary.clone();
                summary.warnings += self.reports.notice_counts.warnings;
                let event = Event::RunFinished(summary);
                self.terminal.on_event(&event, sources)
            }
            event => self.terminal.on_event(event, sources),
        };
        self.reports.on_event(event, sources).and(printed)
    }
}

impl ReportRequest {
    /// Whether it is written to this file.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        matches!(&self.destination, ReportDestination::File(own) if real_path(own) == real_path(path))
    }

    /// Replaces an older report; the stream of a report that is written as events arrive.
    fn begin(
        &self,
        unfinished: &RunDocument,
        path_prefix: &str,
        output: &Output,
    ) -> io::Result<Option<ReportStream>> {
        self.destination.prepare()?;
        if self.format == Format::Ndjson {
            let out = self.destination.open_stream(output)?;
            return Ok(Some((self.destination.clone(), NdjsonReporter::new(out))));
        }
        if let ReportDestination::File(path) = &self.destination
            // A pipe or a device keeps no older report.
            && (path.is_file() || !path.exists())
        {
            if self.format.keeps_earlier_result() {
                // Removed when it is closed.
                tempfile::tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
                return Ok(None);
            }
            let text = self.format.write(unfinished, path_prefix);
            replace_file(path, &text.map_err(io::Error::other)?)?;
        }
        Ok(None)
    }
}

impl ReportDestination {
    fn prepare(&self) -> io::Result<()> {
        let Self::File(path) = self else {
            return Ok(());
        };
        // Otherwise the rename at the end of the run would be the first to fail.
        if path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        path.parent().map_or(Ok(()), std::fs::create_dir_all)
    }

    fn open_stream(&self, output: &Output) -> io::Result<Box<dyn Write>> {
        match self {
            Self::Stdout => Ok(Box::new(output.sink())),
            Self::File(path) => Ok(Box::new(File::create(path)?)),
        }
    }

    fn write_text(&self, text: &str, output: &Output) -> io::Result<()> {
        match self {
            Self::Stdout => {
                // The sink keeps the error, and `Output::finish` reports it once.
                let _ = output.sink().write_all(text.as_bytes());
                Ok(())
            }
            Self::File(path) => replace_file(path, text),
        }
    }
}

/// A path without links, so that two spellings of one file are equal; one that does not exist stays
/// as it is.
fn real_path(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Replaces a file in one step. Anything that is no regular file, such as a pipe, is written to
/// directly.
fn replace_file(path: &Path, text: &str) -> io::Result<()> {
    // A rename would replace a symbolic link instead of the file that it points to. A file that
    // does not exist yet has no other path.
    let path = real_path(path);
    if path.exists() && !path.is_file() {
        return std::fs::OpenOptions::new()
            .write(true)
            .open(&path)?
            .write_all(text.as_bytes());
    }
    crate::atomic_file::replace_shared(&path, text.as_bytes())
}

/// What a report file says until the run has ended.
fn unfinished_document(
    started_ms: i64,
    shard: Option<String>,
) -> Result<RunDocument, CommandError> {
    let mut gatherer = DocumentReporter::started(started_ms, shard)?;
    let message = "the run did not finish: ingam was killed, or is still running";
    let notice = RunNotice::error(ErrorClass::Unable, RedactedText::from_static(message))
        .hints([RedactedText::from_static("run it again")]);
    // A document is written nowhere yet.
    let _ = gatherer.on_event(&Event::RunNotice(notice), &SourceMap::default());
    Ok(gatherer.into_document(None))
}

fn append_to_file(path: &Path, text: &str) -> io::Result<()> {
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)?
        .write_all(text.as_bytes())
}

fn unwritable_report(one: &ReportRequest, error: &io::Error) -> CommandError {
    CommandError::operation(write_error_message(&one.destination, &error.to_string()))
        .hint("nothing was sent; choose a path that you can write to")
}

fn write_error_message(goal: &ReportDestination, error: &str) -> String {
    match goal {
        ReportDestination::Stdout => {
            format!("the report cannot be written to standard output: {error}")
        }
        ReportDestination::File(path) => {
            format!("the report `{}` cannot be written: {error}", path.display())
        }
    }
}

impl GithubActions {
    /// # Errors
    /// If the random generator of the system fails: a token that others can guess would let a
    /// response give commands to the workflow.
    fn new(host: &HostContext, wanted: &[ReportRequest], root: &Path) -> Result<Self, RandomError> {
        let is_named = wanted.iter().any(|one| one.format == Format::Github);
        let is_actions = host.env_var("GITHUB_ACTIONS") == Some("true");
        if !is_named && !is_actions {
            return Ok(Self::default());
        }
        let stop_commands_token = if is_actions {
            Some(hex::encode((host.random_bytes)()?))
        } else {
            None
        };
        Ok(Self {
            is_automatic: !is_named,
            step_summary: host.env_var("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            path_prefix: host
                .env_var("GITHUB_WORKSPACE")
                .map_or_else(String::new, |top| workspace_prefix(root, Path::new(top))),
            stop_commands_token,
            are_commands_stopped: false,
        })
    }
}

/// `examples/shop/` for a workspace in that folder of the repository. Empty for the root of the
/// repository, and for a workspace outside of it.
fn workspace_prefix(root: &Path, top: &Path) -> String {
    // The variables of a runner and the current folder may name the same folder through different
    // symbolic links.
    let root = real_path(root);
    match root.strip_prefix(real_path(top)) {
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
        assert_eq!(
            normalize_path(Path::new("/a/./b/../c.xml")),
            PathBuf::from("/a/c.xml")
        );
    }

    #[test]
    fn a_report_takes_the_place_of_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xml");
        replace_file(&path, "old and long").unwrap();
        replace_file(&path, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "a temporary file was left"
        );
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_a_report() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xml");
        replace_file(&path, "text").unwrap();
        let plain = folder.path().join("b.xml");
        std::fs::write(&plain, "text").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }
}
