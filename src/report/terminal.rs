//! The report for people: a line for each request while it runs, failures in full at the end, a
//! summary.

use super::document::{requests_text, skipped_steps_text};
use super::duration_text::format_duration;
use super::excerpt::excerpt;
use super::failure_text::several_requests;
use super::phase_line::phase_line;
use super::progress::{RunProgress, wait_end_text};
use super::reporter::Reporter;
use crate::diagnostic::pluralize;
use crate::event::{
    Event, FailureReport, NoticeSeverity, RunNotice, RunSummary, SetUpReport, StepReport,
    UndoFailureReport, UnitReport, Verdict, WRITTEN_NOTE,
};
use crate::redact::RedactedText;
use crate::span::SourceMap;
use anstyle::{AnsiColor, Style as Ansi};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How output looks on one terminal, or in a pipe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TerminalStyle {
    pub(crate) has_colour: bool,
    /// In columns; longer lines are not cut, but shortened where a long value can be.
    pub(crate) width: usize,
    /// Each line is flushed at once, because a person is watching.
    pub(crate) is_live: bool,
}

impl TerminalStyle {
    /// Text in a style, when there are colours.
    #[must_use]
    pub(crate) fn paint(self, style: Ansi, text: &str) -> String {
        if self.has_colour && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    #[must_use]
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint(Ansi::new().bold(), text)
    }

    #[must_use]
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(Ansi::new().dimmed(), text)
    }

    #[must_use]
    pub(crate) fn red(self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }

    #[must_use]
    pub(crate) fn green(self, text: &str) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    /// Colours one difference, `$.a: expected 1, got 2`: the place, the expected and the actual
    /// value.
    #[must_use]
    pub(crate) fn difference(self, text: &str) -> String {
        let Some((place, rest)) = text.split_once(": ").filter(|_| self.has_colour) else {
            return text.to_owned();
        };
        let rest = match (
            rest.strip_prefix("expected ")
                .and_then(|both| both.rsplit_once(", got ")),
            rest,
        ) {
            (Some((wanted, came)), _) => {
                format!("expected {}, got {}", self.green(wanted), self.red(came))
            }
            (None, rest) if rest.starts_with("missing") => self.green(rest),
            (None, rest) => self.red(rest),
        };
        format!("{}: {rest}", self.bold(place))
    }

    #[must_use]
    pub(crate) fn yellow(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default(), text)
    }
}

/// How much of a run is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TerminalDetail {
    /// What did not pass, and the last line.
    Quiet,
    #[default]
    Normal,
    /// Every exchange.
    Verbose,
}

/// Writes to one output. Details of failed units are printed at the end.
pub(crate) struct TerminalReporter<W: Write> {
    out: W,
    style: TerminalStyle,
    detail: TerminalDetail,
    failed_units: Vec<UnitReport>,
    /// Units that have ended before one that comes before them: lines are in the order of the
    /// plan.
    out_of_order: BTreeMap<usize, UnitReport>,
    next_index: usize,
    progress: RunProgress,
}

impl<W: Write> TerminalReporter<W> {
    pub(crate) fn new(out: W, style: TerminalStyle, detail: TerminalDetail) -> Self {
        Self {
            out,
            style,
            detail,
            failed_units: Vec::new(),
            out_of_order: BTreeMap::new(),
            next_index: 0,
            progress: RunProgress::default(),
        }
    }

    /// Prints the results so far, when the run is interrupted.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn report_interruption(&mut self, sources: &SourceMap) -> io::Result<()> {
        self.clear_progress()?;
        self.print_ready_units(sources, true)?;
        self.print_failures(sources)?;
        writeln!(
            self.out,
            "\n{}",
            self.style.red("interrupted: not all requests were run")
        )?;
        self.out.flush()
    }

    /// The outcome of a single call: its line, what went wrong, and the hints. With `Verbose` also
    /// what was sent and the head of the response; its body is shown elsewhere.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn report_call(
        &mut self,
        unit: &UnitReport,
        environment: &str,
        sources: &SourceMap,
    ) -> io::Result<()> {
        let is_said = unit.steps.iter().any(|step| step.verdict == unit.verdict);
        if let (false, Verdict::Error(_, reason)) = (is_said, &unit.verdict) {
            self.paragraph("error", reason)?;
        }
        for step in &unit.steps {
            self.step_line(step, &format!(", environment {environment}"))?;
            self.step_outcome(step, sources)?;
            if self.detail == TerminalDetail::Verbose {
                self.phases(step)?;
                self.call_details(step)?;
            }
        }
        self.out.flush()
    }

    /// What was sent, the head of the response, and how a call that did not pass was signed.
    fn call_details(&mut self, step: &StepReport) -> io::Result<()> {
        if let Some(exchange) = &step.exchange {
            self.print_quoted(">", &exchange.request)?;
            if let Some(response) = &exchange.response {
                self.print_head("<", response)?;
            }
        }
        if step.verdict.is_pass() || step.trace.is_empty() {
            return Ok(());
        }
        writeln!(
            self.out,
            "    {}",
            self.style.bold("signature, step by step")
        )?;
        for line in &step.trace {
            let kind = self.style.dim(&line.kind);
            writeln!(self.out, "      {} {kind}", self.style.bold(&line.id))?;
            for text in line.text.for_terminal().lines() {
                writeln!(self.out, "        {text}")?;
            }
        }
        Ok(())
    }

    fn started(&mut self, environment: &str, units: usize) -> io::Result<()> {
        if self.detail == TerminalDetail::Quiet {
            return Ok(());
        }
        let files = pluralize(units, "request file");
        writeln!(
            self.out,
            "{} {files} in environment {}",
            self.style.bold("ingam"),
            self.style.bold(environment)
        )
    }

    fn unit(&mut self, unit: &UnitReport, sources: &SourceMap) -> io::Result<()> {
        let is_failed = matches!(unit.verdict, Verdict::Fail | Verdict::Error(..));
        if self.detail == TerminalDetail::Quiet && !is_failed {
            return Ok(());
        }
        self.unit_line(unit)?;
        if self.detail == TerminalDetail::Verbose {
            for step in &unit.steps {
                self.step(step, sources, true)?;
            }
        } else if unit.verdict.is_pass() {
            for (step, reason) in unit.skipped_steps() {
                self.skipped_step(step, reason)?;
            }
            unit.steps.iter().try_for_each(|step| self.attempts(step))?;
            for note in unit.steps.iter().flat_map(|step| &step.notes) {
                self.paragraph(note_label(note, "warning"), note)?;
            }
        }
        if self.style.is_live {
            self.out.flush()?;
        }
        Ok(())
    }

    /// A step that was not sent, though its unit passed.
    fn skipped_step(&mut self, step: &StepReport, reason: &str) -> io::Result<()> {
        let name = step.name.as_deref().unwrap_or_default();
        let word = self.style.yellow("SKIP");
        let reason = self.style.dim(&crate::redact::escape_control_chars(reason));
        writeln!(self.out, "    {word} {name}: {reason}")
    }

    /// Its verdict and its name; at the end of the line, how long it took.
    fn unit_line(&mut self, unit: &UnitReport) -> io::Result<()> {
        let word = self.verdict_word(&unit.verdict);
        let note = unit_note(unit);
        // Two blanks, the word of four letters and one blank stand before the name.
        let used = 7 + display_width(&unit.id);
        // On a wide terminal the eye loses the line between a name and a time far to the right.
        let gap = self
            .style
            .width
            .min(100)
            .saturating_sub(used + display_width(&note))
            .max(2);
        // Painted after it was measured: colour codes have a length and no width.
        let note = if unit.flaky {
            self.style.yellow(&note)
        } else {
            self.style.dim(&note)
        };
        writeln!(self.out, "  {word} {}{}{note}", unit.id, " ".repeat(gap))
    }

    /// Printed at once, because nothing else may be printed until the wait ends. A live terminal
    /// shows it in its line of progress instead.
    fn waiting(&mut self, id: &str, until_ms: i64) -> io::Result<()> {
        if self.style.is_live || self.detail == TerminalDetail::Quiet {
            return Ok(());
        }
        writeln!(
            self.out,
            "  {} {id}  for its budget until {}",
            self.style.yellow("WAIT"),
            wait_end_text(until_ms)
        )?;
        self.out.flush()
    }

    /// Printed only with `-v`, which shows every exchange.
    fn set_up(&mut self, set_up: &SetUpReport, sources: &SourceMap) -> io::Result<()> {
        if self.detail != TerminalDetail::Verbose || set_up.steps.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "  {} {}", self.style.dim("MADE"), set_up.fixture)?;
        set_up
            .steps
            .iter()
            .try_for_each(|step| self.step(step, sources, true))
    }

    /// A resource that could not be deleted.
    fn not_undone(&mut self, undo: &UndoFailureReport, sources: &SourceMap) -> io::Result<()> {
        writeln!(self.out, "  {} {}", self.style.red("LEFT"), undo.fixture)?;
        writeln!(
            self.out,
            "    {}",
            self.style.dim(&sources.location(undo.at))
        )?;
        self.paragraph("error", &undo.reason)?;
        if undo.is_in_ledger {
            self.paragraph(
                "help",
                &RedactedText::from_static("`ingam cleanup` tries again"),
            )?;
        }
        Ok(())
    }

    /// A fault or a warning that belongs to no unit.
    fn notice(&mut self, notice: &RunNotice, sources: &SourceMap) -> io::Result<()> {
        let word = match notice.severity {
            NoticeSeverity::Warning => "warning",
            NoticeSeverity::Error(_) => "error",
        };
        self.paragraph(word, &notice.message)?;
        if let Some(at) = notice.at {
            let place = self.style.dim(&sources.location(at));
            writeln!(self.out, "    {place}")?;
        }
        for hint in &notice.hints {
            self.paragraph("help", hint)?;
        }
        Ok(())
    }

    fn verdict_word(&self, verdict: &Verdict) -> String {
        match verdict {
            Verdict::Pass => self.style.green("PASS"),
            Verdict::Fail => self.style.red("FAIL"),
            Verdict::Skipped(_) => self.style.yellow("SKIP"),
            Verdict::Error(..) => self.style.red("ERR "),
        }
    }

    fn print_details(&mut self, unit: &UnitReport, sources: &SourceMap) -> io::Result<()> {
        writeln!(
            self.out,
            "\n{} {}",
            self.verdict_word(&unit.verdict).trim_end(),
            self.style.bold(&unit.id)
        )?;
        // What no step of it says itself: a fixture that could not be set up, a variable that could
        // not be made.
        let is_said = unit.steps.iter().any(|step| step.verdict == unit.verdict);
        if let (false, Verdict::Error(_, reason)) = (is_said, &unit.verdict) {
            writeln!(self.out, "  {}", sources.location(unit.at))?;
            self.paragraph("error", reason)?;
        }
        for step in unit.steps.iter().filter(|step| !step.verdict.is_pass()) {
            self.step(step, sources, false)?;
        }
        self.not_reached(unit.not_reached)
    }

    fn not_reached(&mut self, steps: usize) -> io::Result<()> {
        let text = match steps {
            0 => return Ok(()),
            1 => "1 step was not reached".to_owned(),
            steps => format!("{steps} steps were not reached"),
        };
        writeln!(self.out, "  {}", self.style.dim(&text))
    }

    fn step(&mut self, step: &StepReport, sources: &SourceMap, passed_too: bool) -> io::Result<()> {
        self.step_line(step, "")?;
        if !step.verdict.is_pass() {
            writeln!(self.out, "  {}", self.style.dim(&sources.location(step.at)))?;
        }
        self.step_outcome(step, sources)?;
        if self.detail == TerminalDetail::Verbose {
            self.phases(step)?;
        }
        self.exchange(step, passed_too)
    }

    /// A line for each request, where they were measured.
    fn phases(&mut self, step: &StepReport) -> io::Result<()> {
        let is_only = step.phases.len() == 1;
        (1..).zip(&step.phases).try_for_each(|(number, phases)| {
            let word = if is_only {
                "time".to_owned()
            } else {
                format!("time {number}")
            };
            writeln!(
                self.out,
                "    {}  {}",
                self.style.dim(&word),
                phase_line(phases)
            )
        })
    }

    /// What went wrong, and the hints.
    fn step_outcome(&mut self, step: &StepReport, sources: &SourceMap) -> io::Result<()> {
        self.attempts(step)?;
        match &step.verdict {
            Verdict::Error(_, reason) => self.paragraph("error", reason)?,
            Verdict::Skipped(reason) => {
                let reason = self.style.dim(&crate::redact::escape_control_chars(reason));
                writeln!(self.out, "    {}: {reason}", self.style.yellow("skipped"))?;
            }
            Verdict::Pass | Verdict::Fail => {}
        }
        for failure in &step.failures {
            self.failure(failure, sources)?;
        }
        for note in &step.notes {
            self.paragraph(note_label(note, "help"), note)?;
        }
        Ok(())
    }

    /// The name of the step, its request and the status of the response.
    fn step_line(&mut self, step: &StepReport, after: &str) -> io::Result<()> {
        let name = match &step.name {
            Some(name) => format!("{}: ", self.style.bold(name)),
            None => String::new(),
        };
        let answer = match (step.status, step.latency) {
            (Some(status), Some(latency)) => {
                let time = format_duration(latency);
                format!(" → {status} in {time}{}", several_requests(step.requests))
            }
            _ => String::new(),
        };
        let answer = self.style.dim(&format!("{answer}{after}"));
        writeln!(
            self.out,
            "  {name}{}{answer}",
            step.request_line.for_terminal()
        )
    }

    /// With `-v` the whole exchange, otherwise the response of a failed step.
    fn exchange(&mut self, step: &StepReport, passed_too: bool) -> io::Result<()> {
        match &step.exchange {
            Some(exchange)
                if self.detail == TerminalDetail::Verbose
                    && (passed_too || !step.verdict.is_pass()) =>
            {
                self.print_quoted(">", &exchange.request)?;
                exchange
                    .response
                    .as_ref()
                    .map_or(Ok(()), |response| self.print_quoted("<", response))
            }
            Some(exchange) if step.verdict == Verdict::Fail => exchange
                .response
                .as_ref()
                .map_or(Ok(()), |response| self.excerpt(response, &step.failures)),
            _ => Ok(()),
        }
    }

    /// The attempts before the last one.
    fn attempts(&mut self, step: &StepReport) -> io::Result<()> {
        (1..).zip(&step.attempts).try_for_each(|(number, attempt)| {
            self.paragraph(&format!("attempt {number}"), &attempt.reason)
        })
    }

    fn failure(&mut self, failure: &FailureReport, sources: &SourceMap) -> io::Result<()> {
        let place = self.style.dim(&sources.location(failure.at));
        writeln!(
            self.out,
            "\n    {}  {place}",
            self.style.bold(failure.subject.for_terminal())
        )?;
        writeln!(
            self.out,
            "      expected  {}",
            self.style.green(failure.expected.for_terminal())
        )?;
        writeln!(
            self.out,
            "      actual    {}",
            self.style.red(failure.actual.for_terminal())
        )?;
        if let Some(why) = &failure.hint {
            writeln!(self.out, "      {}", self.style.dim(why.for_terminal()))?;
        }
        for difference in &failure.differences {
            writeln!(
                self.out,
                "        {}",
                self.style.difference(difference.text.for_terminal())
            )?;
        }
        Ok(())
    }

    fn paragraph(&mut self, word: &str, text: &RedactedText) -> io::Result<()> {
        let painted = if word == "error" {
            self.style.red(word)
        } else {
            self.style.yellow(word)
        };
        let indent = 4 + word.len() + 2;
        let lines = wrap_words(
            text.for_terminal(),
            // In a very narrow terminal the terminal wraps, instead of one word in each line.
            self.style.width.saturating_sub(indent).max(40),
        );
        for (index, line) in lines.iter().enumerate() {
            let before = if index == 0 {
                format!("    {painted}: ")
            } else {
                " ".repeat(indent)
            };
            writeln!(self.out, "{before}{line}")?;
        }
        Ok(())
    }

    fn print_quoted(&mut self, mark: &str, text: &RedactedText) -> io::Result<()> {
        for line in text.for_terminal().lines() {
            writeln!(self.out, "    {} {line}", self.style.dim(mark))?;
        }
        Ok(())
    }

    /// The status and the headers of a message, without its body.
    fn print_head(&mut self, mark: &str, message: &RedactedText) -> io::Result<()> {
        let lines = message.for_terminal().lines();
        for line in lines.take_while(|line| !line.is_empty()) {
            writeln!(self.out, "    {} {line}", self.style.dim(mark))?;
        }
        Ok(())
    }

    /// The lines of the response around the place that failed; its first lines, which often name
    /// the reason, if no place did.
    fn excerpt(&mut self, response: &RedactedText, failures: &[FailureReport]) -> io::Result<()> {
        let body = response
            .as_str()
            .split_once("\n\n")
            .map_or("", |(_, body)| body);
        let found = excerpt(body, failures.iter().find_map(failing_place));
        if found.total == 0 {
            return Ok(());
        }
        let last = found.first + found.lines.len();
        let range = if found.lines.len() == found.total {
            String::new()
        } else {
            format!(
                ", lines {}–{last} of {}; -v shows the exchange",
                found.first + 1,
                found.total
            )
        };
        writeln!(self.out, "\n    response{}", self.style.dim(&range))?;
        let width = self.style.width.max(60) - 8;
        for (number, line) in (found.first..).zip(&found.lines) {
            let line = truncated(line, width);
            if found.place == Some(number) {
                writeln!(
                    self.out,
                    "    {} {}",
                    self.style.red(">"),
                    self.style.bold(&line)
                )?;
            } else {
                writeln!(self.out, "      {}", self.style.dim(&line))?;
            }
        }
        Ok(())
    }

    /// Every failed unit in full, those with the same cause once; then a list, if there are several.
    fn print_failures(&mut self, sources: &SourceMap) -> io::Result<()> {
        let failed = std::mem::take(&mut self.failed_units);
        let groups = group_by_cause(&failed);
        for group in &groups {
            let Some((first, others)) = group.split_first() else {
                continue;
            };
            self.print_details(first, sources)?;
            self.print_same_cause(others)?;
        }
        if groups.len() > 1 {
            self.print_list(&groups, sources)?;
        }
        Ok(())
    }

    fn print_same_cause(&mut self, units: &[&UnitReport]) -> io::Result<()> {
        const NAMED: usize = 5;
        if units.is_empty() {
            return Ok(());
        }
        let mut text = format!("the same for {}: ", pluralize(units.len(), "more unit"));
        let names: Vec<&str> = units
            .iter()
            .take(NAMED)
            .map(|unit| unit.id.as_str())
            .collect();
        text.push_str(&names.join(", "));
        if units.len() > NAMED {
            text.push_str(", …");
        }
        writeln!(self.out, "  {}", self.style.dim(&text))
    }

    /// A line for each cause: what to look at when the details have scrolled away.
    fn print_list(&mut self, groups: &[Vec<&UnitReport>], sources: &SourceMap) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.style.bold("not passed"))?;
        for group in groups {
            let Some(unit) = group.first() else { continue };
            let more = match group.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let word = self.verdict_word(&unit.verdict);
            let (place, reason) = headline(unit, sources);
            let line = format!("{}{more}  {place}  {reason}", unit.id);
            let line = truncated(&line, self.style.width.max(60) - 9);
            writeln!(self.out, "    {word} {line}")?;
        }
        Ok(())
    }

    /// `3 passed` and all counts that are not zero.
    fn summary_parts(&self, summary: &RunSummary) -> Vec<String> {
        let style = self.style;
        let others = [
            (summary.failed, "failed", true),
            (summary.errors, "could not be done", true),
            (summary.skipped, "skipped", false),
            (summary.not_undone, "not undone", true),
            (summary.flaky, "flaky", false),
        ];
        let others = others.into_iter().filter(|(number, ..)| *number > 0).map(
            |(number, word, is_failure)| {
                let text = format!("{number} {word}");
                if is_failure {
                    style.red(&text)
                } else {
                    style.yellow(&text)
                }
            },
        );
        let steps = skipped_steps_text(summary.skipped_steps).map(|text| style.yellow(&text));
        let of_run = (summary.run_errors > 0)
            .then(|| style.red(&pluralize(summary.run_errors, "run error")));
        let warnings =
            (summary.warnings > 0).then(|| style.yellow(&pluralize(summary.warnings, "warning")));
        let passed = style.green(&format!("{} passed", summary.passed));
        std::iter::once(passed)
            .chain(others)
            .chain(steps)
            .chain(of_run)
            .chain(warnings)
            .collect()
    }

    fn finished(&mut self, summary: &RunSummary, sources: &SourceMap) -> io::Result<()> {
        self.print_ready_units(sources, true)?;
        self.print_failures(sources)?;
        let parts = self.summary_parts(summary);
        let calls = requests_text(summary.requests, summary.token_requests);
        let parallel = summary.parallel_units.map_or(String::new(), |number| {
            format!(" · up to {number} in parallel")
        });
        writeln!(
            self.out,
            "\n{} · {calls} in {}{parallel}",
            parts.join(", "),
            format_duration(summary.duration)
        )?;
        self.out.flush()
    }
}

impl<W: Write> Reporter for TerminalReporter<W> {
    fn on_event(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        if self.style.is_live {
            self.progress.observe(event);
            // Erased before anything is printed, or its rest would stand behind a shorter line.
            self.clear_progress()?;
        }
        self.print_event(event, sources)?;
        if self.style.is_live {
            self.draw_progress()
        } else {
            Ok(())
        }
    }
}

impl<W: Write> TerminalReporter<W> {
    fn print_event(&mut self, event: &Event, sources: &SourceMap) -> io::Result<()> {
        match event {
            Event::RunStarted {
                environment, files, ..
            } => self.started(environment, *files),
            Event::SetUp(set_up) => self.set_up(set_up, sources),
            Event::UnitStarted { .. } => Ok(()),
            Event::Waiting { id, until_ms } => self.waiting(id, *until_ms),
            Event::UnitFinished(unit) if unit.index == self.next_index => {
                self.print_unit(unit, sources)?;
                self.print_ready_units(sources, false)
            }
            // Units run in parallel and end in any order. Lines in the order of the plan can be
            // compared between two runs, so a unit waits until those before it have
            // ended.
            Event::UnitFinished(unit) => {
                self.out_of_order.insert(unit.index, unit.clone());
                Ok(())
            }
            Event::UndoFailed(undo) => self.not_undone(undo, sources),
            Event::RunNotice(notice) => self.notice(notice, sources),
            Event::RunFinished(summary) => self.finished(summary, sources),
        }
    }

    /// The lines whose turn it is; with `all`, also those before which some will never come.
    fn print_ready_units(&mut self, sources: &SourceMap, all: bool) -> io::Result<()> {
        while let Some(entry) = self
            .out_of_order
            .first_entry()
            .filter(|entry| all || *entry.key() == self.next_index)
        {
            let unit = entry.remove();
            self.print_unit(&unit, sources)?;
        }
        Ok(())
    }

    fn print_unit(&mut self, unit: &UnitReport, sources: &SourceMap) -> io::Result<()> {
        self.next_index = unit.index + 1;
        if matches!(unit.verdict, Verdict::Fail | Verdict::Error(..)) {
            self.failed_units.push(unit.clone());
        }
        self.unit(unit, sources)
    }

    fn clear_progress(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.progress.is_shown) {
            // Back to the first column, then erase the line (ECMA-48, EL).
            write!(self.out, "\r\x1b[2K")
        } else {
            Ok(())
        }
    }

    fn draw_progress(&mut self) -> io::Result<()> {
        if let Some(text) = self.progress.status_line() {
            // One column less than there are: a text in the last column makes some terminals wrap,
            // and only one of two lines would be erased later.
            write!(
                self.out,
                "{}",
                self.style
                    .dim(&truncated(&text, self.style.width.max(20) - 1))
            )?;
            self.progress.is_shown = true;
        }
        self.out.flush()
    }
}

/// The place in the body that a failure is about.
fn failing_place(failure: &FailureReport) -> Option<&str> {
    let of_difference = failure
        .differences
        .first()
        .and_then(|difference| difference.path.as_ref());
    if let Some(path) = of_difference {
        return Some(path.as_str());
    }
    // A failing element of a list is named behind its value.
    let actual = failure.actual.as_str();
    if let Some(at) = actual.rfind(" at $") {
        return actual[at + 4..].split(" (and ").next();
    }
    let subject = failure.subject.as_str();
    subject.starts_with('$').then_some(subject)
}

/// Units in groups of one cause, in order. A failed assertion is a cause of its own.
fn group_by_cause(units: &[UnitReport]) -> Vec<Vec<&UnitReport>> {
    let mut groups: Vec<Vec<&UnitReport>> = Vec::new();
    for unit in units {
        let group = groups.iter_mut().find(|group| {
            group
                .first()
                .is_some_and(|first| is_same_cause(first, unit))
        });
        match group {
            Some(group) => group.push(unit),
            None => groups.push(vec![unit]),
        }
    }
    groups
}

/// A cause outside of the unit: a missing credential, a host that is down, a signature that is
/// refused for a scheme and an account.
fn is_same_cause(left: &UnitReport, right: &UnitReport) -> bool {
    if matches!(left.verdict, Verdict::Error(..)) {
        return left.verdict == right.verdict;
    }
    let account = |unit: &UnitReport| unit.id.split_once('@').map(|(_, name)| name.to_owned());
    let refusal = refused_signature(left);
    refusal.is_some() && refusal == refused_signature(right) && account(left) == account(right)
}

/// What a unit says whose one failure is a refused signature. It names the scheme.
fn refused_signature(unit: &UnitReport) -> Option<&RedactedText> {
    let step = unit.steps.iter().rfind(|step| !step.verdict.is_pass())?;
    let [failure] = step.failures.as_slice() else {
        return None;
    };
    let is_refused =
        failure.subject.as_str() == "ok" && failure.actual.as_str() == "refused: signature";
    failure.hint.as_ref().filter(|_| is_refused)
}

/// Where to look first, and the first line of what happened.
fn headline(unit: &UnitReport, sources: &SourceMap) -> (String, String) {
    let failed = unit.steps.iter().rfind(|step| step.verdict == unit.verdict);
    let failure = failed.and_then(|step| step.failures.first());
    let at = failure
        .map(|failure| failure.at)
        .or(failed.map(|step| step.at))
        .unwrap_or(unit.at);
    let reason = match (&unit.verdict, failure) {
        (Verdict::Error(_, reason), _) => reason.to_string(),
        (_, Some(failure)) => format!(
            "{}: expected {}, got {}",
            failure.subject, failure.expected, failure.actual
        ),
        (_, None) => String::new(),
    };
    let first_line = reason.lines().next().unwrap_or_default().to_owned();
    (sources.location(at), first_line)
}

/// The text at the end of the line of a unit.
fn unit_note(unit: &UnitReport) -> String {
    let time = format_duration(unit.duration);
    match &unit.verdict {
        Verdict::Skipped(reason) => crate::redact::escape_control_chars(reason),
        _ if unit.flaky => format!("FLAKY, {} · {time}", attempt_count(unit)),
        _ => time,
    }
}

/// Of the step that was tried most often.
fn attempt_count(unit: &UnitReport) -> String {
    pluralize(
        unit.steps
            .iter()
            .map(|step| step.attempts.len() + 1)
            .max()
            .unwrap_or(1),
        "attempt",
    )
}

/// Columns of a text: Korean, Chinese and Japanese letters take two.
fn display_width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

fn truncated(line: &str, columns: usize) -> String {
    if display_width(line) <= columns {
        return line.to_owned();
    }
    // One column is for the `…`.
    let mut used = 1;
    let fits = |letter: &char| {
        used += display_width(letter.encode_utf8(&mut [0; 4]));
        used <= columns
    };
    line.chars().take_while(fits).chain(['…']).collect()
}

/// Breaks a text between words; its own line ends stay. A line that begins with a blank is a part of
/// a file to be pasted, and stays whole.
pub(crate) fn wrap_words(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        if paragraph.starts_with(' ') {
            lines.push(paragraph.to_owned());
            continue;
        }
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && display_width(&line) + 1 + display_width(word) > columns {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() || word.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// What stands in front of a note.
fn note_label(note: &RedactedText, usual: &'static str) -> &'static str {
    if note.as_str().starts_with(WRITTEN_NOTE) {
        "note"
    } else {
        usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_by_their_width() {
        assert_eq!(wrap_words("무선 이어폰 a", 9), ["무선", "이어폰 a"]);
        assert_eq!(truncated("무선 이어폰", 6), "무선 …");
        assert_eq!(wrap_words("a b\n  c: d e", 3), ["a b", "  c: d e"]);
    }
}
