//! Where a command writes: data to standard output, the rest to standard error. A closed pipe is
//! not a fault.

use crate::diagnostic::{Diagnostic, DiagnosticRenderer, Severity, pluralize};
use crate::host::HostContext;
use crate::report::TerminalStyle;
use crate::span::SourceMap;
use std::io::{BufWriter, Stdout, Write};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Output {
    pub(super) out: TerminalStyle,
    pub(super) err: TerminalStyle,
    /// Where everything goes that would go to the terminal, when it is somebody else's.
    captured: Option<Arc<Mutex<Vec<u8>>>>,
}

/// Standard output, or what is kept in its place.
pub(super) enum OutputSink {
    Stdout(Stdout),
    Captured(Arc<Mutex<Vec<u8>>>),
}

impl Write for OutputSink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Captured(kept) => kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if let Self::Stdout(out) = self {
            out.flush()
        } else {
            Ok(())
        }
    }
}

impl Output {
    #[must_use]
    pub(super) fn new(host: &HostContext) -> Self {
        let style = |terminal: crate::host::OutputStream| TerminalStyle {
            has_colour: host.allows_colour(terminal),
            width: terminal.width,
            is_live: terminal.is_terminal,
        };
        Self {
            out: style(host.stdout),
            err: style(host.stderr),
            captured: None,
        }
    }

    /// One that keeps what is written, for a program that runs requests itself.
    #[must_use]
    pub(super) fn capturing(host: &HostContext) -> Self {
        Self {
            captured: Some(Arc::default()),
            ..Self::new(host)
        }
    }

    /// What was kept.
    #[must_use]
    pub(super) fn captured_text(&self) -> String {
        let kept = self
            .captured
            .as_ref()
            .map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone());
        String::from_utf8_lossy(&kept.unwrap_or_default()).into_owned()
    }

    fn sink(&self) -> OutputSink {
        self.captured.as_ref().map_or_else(
            || OutputSink::Stdout(std::io::stdout()),
            |kept| OutputSink::Captured(Arc::clone(kept)),
        )
    }

    /// Standard output, written in large pieces.
    #[must_use]
    pub(super) fn stdout(&self) -> BufWriter<OutputSink> {
        BufWriter::with_capacity(1 << 16, self.sink())
    }

    /// One line or several of data.
    pub(super) fn print_data(&self, text: &str) {
        let mut out = self.sink();
        let _ = out.write_all(text.as_bytes()).and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                out.write_all(b"\n")
            }
        });
    }

    /// One line or several for the person.
    pub(super) fn print_message(&self, text: &str) {
        let _ = match &self.captured {
            None => writeln!(std::io::stderr().lock(), "{text}"),
            Some(_) => writeln!(self.sink(), "{text}"),
        };
    }

    /// A question; what is answered stands on the same line.
    pub(super) fn prompt(text: &str) {
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "{text}").and_then(|()| err.flush());
    }

    /// `error: …`, with hints below.
    pub(super) fn print_error(&self, text: &str, hints: &[String]) {
        let mut lines = format!("{}: {text}", self.err.red("error"));
        for hint in hints {
            lines.push_str(&format!(
                "\n{}: {}",
                self.err.yellow("help"),
                hint.replace('\n', "\n  ")
            ));
        }
        self.print_message(&lines);
    }

    /// `warning: …`
    pub(super) fn print_warning(&self, text: &str) {
        self.print_message(&format!("{}: {text}", self.err.yellow("warning")));
    }

    /// Draws diagnostics with their places; ends with how many there are.
    pub(super) fn print_diagnostics(&self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        let painter = DiagnosticRenderer::new(self.err.has_colour, self.err.width.clamp(60, 140));
        for diagnostic in diagnostics {
            self.print_message(&format!("{}\n", painter.render(diagnostic, sources)));
        }
        let errors = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .count();
        if errors > 0 {
            self.print_message(
                &self
                    .err
                    .red(&format!("{} found", pluralize(errors, "fault"))),
            );
        }
    }
}
