//! Writes the output of a command: data to standard output, the rest to standard error. A closed
//! pipe is no error. Any other write error ends the command with exit code 5.

use super::command_error::{CommandError, SourceFaults};
use super::command_output::{CommandOutput, CommandResult, OutputPart};
use super::exit_status::ExitStatus;
use super::warnings::{CommandWarning, Warnings};
use crate::diagnostic::{DiagnosticRenderer, pluralize};
use crate::host::{HostContext, OutputStream};
use crate::redact::{escape_control_chars, escape_except_colours};
use crate::report::TerminalStyle;
use std::io::{BufWriter, Stderr, Stdout, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// So many faults are drawn. A file that is wrong in each line has a hundred thousand, and nobody
/// reads past the first hundred.
const MAX_SHOWN_FAULTS: usize = 200;

pub(crate) struct Output {
    pub(crate) out: TerminalStyle,
    pub(crate) err: TerminalStyle,
    /// Set if a program runs requests itself: all output goes here instead of the terminal.
    captured: Option<Arc<Mutex<Vec<u8>>>>,
    /// The first write error of standard output. Shared with every writer that was handed out.
    write_error: Arc<Mutex<Option<String>>>,
    /// The same of standard error.
    message_error: Arc<Mutex<Option<String>>>,
}

/// Standard output or error, or the captured output.
pub(crate) struct OutputSink {
    target: SinkTarget,
    write_error: Arc<Mutex<Option<String>>>,
}

enum SinkTarget {
    Stdout(Stdout),
    Stderr(Stderr),
    Captured(Arc<Mutex<Vec<u8>>>),
}

impl OutputSink {
    fn note_error<T>(&self, result: std::io::Result<T>) -> std::io::Result<T> {
        // BrokenPipe: `ingam list | head` is no failure. Interrupted: the caller writes again.
        if let Err(error) = &result
            && ![
                std::io::ErrorKind::BrokenPipe,
                std::io::ErrorKind::Interrupted,
            ]
            .contains(&error.kind())
        {
            lock(&self.write_error).get_or_insert_with(|| error.to_string());
        }
        result
    }
}

/// Text of a command as it is written. Whatever file or response a part of it came from, it cannot
/// command the terminal or hide anything.
fn shown_text(text: &str, style: TerminalStyle) -> String {
    if style.has_colour {
        escape_except_colours(text)
    } else {
        escape_control_chars(text)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A thread that panicked while it wrote leaves whole text behind, which helps to find the
    // panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Write for OutputSink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = match &mut self.target {
            SinkTarget::Stdout(out) => out.write(bytes),
            SinkTarget::Stderr(out) => out.write(bytes),
            SinkTarget::Captured(captured) => lock(captured).write(bytes),
        };
        self.note_error(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let flushed = match &mut self.target {
            SinkTarget::Stdout(out) => out.flush(),
            SinkTarget::Stderr(out) => out.flush(),
            SinkTarget::Captured(_) => Ok(()),
        };
        self.note_error(flushed)
    }
}

/// The style of text for standard output.
#[must_use]
pub(crate) fn stdout_style(host: &HostContext) -> TerminalStyle {
    style(host, host.stdout)
}

fn style(host: &HostContext, terminal: OutputStream) -> TerminalStyle {
    TerminalStyle {
        has_colour: host.allows_colour(terminal),
        width: terminal.width,
        is_live: terminal.is_terminal,
    }
}

impl Output {
    #[must_use]
    pub(crate) fn new(host: &HostContext) -> Self {
        Self {
            out: stdout_style(host),
            err: style(host, host.stderr),
            captured: None,
            write_error: Arc::default(),
            message_error: Arc::default(),
        }
    }

    /// An output that is captured, for a program that runs requests itself.
    #[must_use]
    pub(crate) fn capturing(host: &HostContext) -> Self {
        Self {
            captured: Some(Arc::default()),
            ..Self::new(host)
        }
    }

    /// The text that was captured so far.
    #[must_use]
    pub(crate) fn captured_text(&self) -> String {
        self.captured.as_ref().map_or_else(String::new, |captured| {
            String::from_utf8_lossy(&lock(captured)).into_owned()
        })
    }

    /// Standard output.
    #[must_use]
    pub(crate) fn sink(&self) -> OutputSink {
        OutputSink {
            target: self.captured.as_ref().map_or_else(
                || SinkTarget::Stdout(std::io::stdout()),
                |captured| SinkTarget::Captured(Arc::clone(captured)),
            ),
            write_error: Arc::clone(&self.write_error),
        }
    }

    /// Standard output, written in large pieces.
    #[must_use]
    pub(crate) fn stdout(&self) -> BufWriter<OutputSink> {
        BufWriter::with_capacity(1 << 16, self.sink())
    }

    /// Standard error, or the captured output.
    #[must_use]
    pub(crate) fn stderr(&self) -> Box<dyn Write + Send> {
        match &self.captured {
            None => Box::new(OutputSink {
                target: SinkTarget::Stderr(std::io::stderr()),
                write_error: Arc::clone(&self.message_error),
            }),
            Some(_) => Box::new(self.sink()),
        }
    }

    /// Flushes standard output, and returns the first write error of it or of standard error.
    ///
    /// # Errors
    /// If one of them could not be written, for example because the disk is full. A closed pipe is
    /// no error.
    pub(crate) fn finish(&self) -> Result<(), CommandError> {
        let mut sink = self.sink();
        // The sink keeps the error.
        let _ = sink.flush();
        for (name, error) in [
            ("output", &self.write_error),
            ("error", &self.message_error),
        ] {
            if let Some(reason) = lock(error).take() {
                return Err(CommandError::operation(format!(
                    "standard {name} cannot be written: {reason}"
                ))
                .hint("the output is incomplete"));
            }
        }
        Ok(())
    }

    /// One or several lines of data.
    pub(crate) fn print_data(&self, text: &str) {
        self.print_report(&shown_text(text, self.out));
    }

    /// A whole report, whose format says how each character is written.
    pub(crate) fn print_report(&self, text: &str) {
        let mut out = self.sink();
        // The sink keeps the error, and `finish` reports it.
        let _ = out.write_all(text.as_bytes()).and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                out.write_all(b"\n")
            }
        });
    }

    /// One or several lines for standard error.
    pub(crate) fn print_message(&self, text: &str) {
        let text = shown_text(text, self.err);
        // There is no other output to report a failure of standard error to. `finish` makes it
        // the exit code.
        let _ = writeln!(self.stderr(), "{text}");
    }

    /// A question. The reply is typed on the same line.
    pub(crate) fn prompt(&self, text: &str) {
        let mut err = self.stderr();
        // Flushed, because the line has no end yet. Errors are ignored as in `print_message`.
        let text = shown_text(text, self.err);
        let _ = write!(err, "{text}").and_then(|()| err.flush());
    }

    /// Rings the bell of the terminal.
    pub(crate) fn ring_bell(&self) {
        let mut err = self.stderr();
        // Errors are ignored as in `print_message`.
        let _ = err.write_all(b"\x07").and_then(|()| err.flush());
    }

    /// Prints the parts of an output in their order.
    pub(crate) fn print(&self, output: &CommandOutput) {
        for part in &output.parts {
            match part {
                OutputPart::Data(text) => self.print_data(text),
                OutputPart::Message(text) => self.print_message(text),
                OutputPart::Faults(faults) => self.print_faults(faults),
                OutputPart::Error(error) => self.print_error(error),
            }
        }
    }

    /// Prints the warnings, then the result of the command or its error.
    pub(crate) fn print_result(&self, warnings: &Warnings, result: CommandResult) -> ExitStatus {
        self.print_warnings(warnings);
        match result {
            Ok(output) => {
                self.print(&output);
                output.status
            }
            Err(error) => {
                self.print_error(&error);
                error.class.into()
            }
        }
    }

    /// `error: …`, with hints below; or the faults of files, each with its place.
    pub(crate) fn print_error(&self, error: &CommandError) {
        if let Some(faults) = &error.place {
            self.print_faults(faults);
        } else {
            self.print_message(&format!("{}: {}", self.err.red("error"), error.message));
        }
        for hint in &error.hints {
            self.print_hint(hint);
        }
    }

    fn print_hint(&self, hint: &str) {
        let hint = hint.replace('\n', "\n  ");
        self.print_message(&format!("{}: {hint}", self.err.yellow("help")));
    }

    /// Prints the warnings that were collected so far.
    pub(crate) fn print_warnings(&self, warnings: &Warnings) {
        for warning in warnings.take_unprinted() {
            match warning {
                CommandWarning::Text(text, hint) => {
                    self.print_message(&format!("{}: {text}", self.err.yellow("warning")));
                    hint.iter().for_each(|hint| self.print_hint(hint));
                }
                CommandWarning::Faults(faults) => self.print_faults(&faults),
            }
        }
    }

    /// Draws diagnostics with their places; ends with how many errors there are.
    fn print_faults(&self, faults: &SourceFaults) {
        let renderer = DiagnosticRenderer::new(self.err.has_colour, self.err.width.clamp(60, 140));
        for diagnostic in faults.diagnostics.iter().take(MAX_SHOWN_FAULTS) {
            let text = renderer.render(diagnostic, &faults.sources);
            self.print_message(&format!("{text}\n"));
        }
        let hidden = faults.diagnostics.len().saturating_sub(MAX_SHOWN_FAULTS);
        if hidden > 0 {
            let count = pluralize(hidden, "more fault");
            self.print_message(&format!(
                "{count} not shown: correct the errors above first\n"
            ));
        }
        let errors = faults.error_count();
        if errors > 0 {
            let count = format!("{} found", pluralize(errors, "fault"));
            self.print_message(&self.err.red(&count));
        }
    }
}
