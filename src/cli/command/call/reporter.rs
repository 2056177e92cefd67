//! What a call says on standard error.

use crate::cli::output::Output;
use crate::event::Event;
use crate::report::{Reporter, TerminalDetail, TerminalReporter};
use crate::span::SourceMap;
use std::io::{self, Write};

pub(super) struct CallReporter {
    terminal: TerminalReporter<Box<dyn Write + Send>>,
    environment: String,
}

impl CallReporter {
    pub(super) fn new(output: &Output, is_verbose: bool) -> Self {
        let detail = if is_verbose {
            TerminalDetail::Verbose
        } else {
            TerminalDetail::Quiet
        };
        Self {
            terminal: TerminalReporter::new(output.stderr(), output.err, detail),
            environment: String::new(),
        }
    }
}

impl Reporter for CallReporter {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        match event {
            Event::RunStarted { environment, .. } => {
                self.environment.clone_from(environment);
                Ok(())
            }
            Event::UnitFinished(unit) => {
                self.terminal.report_call(unit, &self.environment, sources)
            }
            // There is one call, and its line says what became of it.
            Event::UnitStarted { .. } | Event::RunFinished(_) => Ok(()),
            Event::Waiting { .. }
            | Event::RunNotice(_)
            | Event::SetUp(_)
            | Event::UndoFailed(_) => self.terminal.on_event(event, sources),
        }
    }
}
