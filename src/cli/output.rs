//! Where a command writes: data to standard output, the rest to standard error. A closed pipe is not a fault.

use crate::diagnostic::{Diagnostic, Painter, Severity, count};
use crate::host::Host;
use crate::report::Style;
use crate::span::Sources;
use std::io::{BufWriter, Stdout, Write};

pub struct Output {
    pub out: Style,
    pub err: Style,
}

impl Output {
    #[must_use]
    pub fn new(host: &Host) -> Self {
        let style = |terminal: crate::host::Terminal| Style {
            colours: host.colours(terminal),
            width: terminal.width,
            live: terminal.is_terminal,
        };
        Self { out: style(host.stdout), err: style(host.stderr) }
    }

    /// Standard output, written in large pieces.
    #[must_use]
    pub fn stdout(&self) -> BufWriter<Stdout> {
        BufWriter::with_capacity(1 << 16, std::io::stdout())
    }

    /// One line or several of data.
    pub fn data(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    }

    /// One line or several for the person.
    pub fn say(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// `error: …`, with hints below.
    pub fn error(&self, text: &str, hints: &[String]) {
        let mut lines = format!("{}: {text}", self.err.red("error"));
        for hint in hints {
            lines.push_str(&format!("\n{}: {}", self.err.yellow("help"), hint.replace('\n', "\n  ")));
        }
        self.say(&lines);
    }

    /// `warning: …`
    pub fn warning(&self, text: &str) {
        self.say(&format!("{}: {text}", self.err.yellow("warning")));
    }

    /// Draws diagnostics with their places; ends with how many there are.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        let painter = Painter::new(self.err.colours, self.err.width.clamp(60, 140));
        for diagnostic in diagnostics {
            self.say(&format!("{}\n", painter.paint(diagnostic, sources)));
        }
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
        if errors > 0 {
            self.say(&self.err.red(&format!("{} found", count(errors, "fault"))));
        }
    }
}
