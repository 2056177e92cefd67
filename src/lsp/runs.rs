//! Runs that the editor asked for: this program, started again as its own process, so that the
//! server goes on while it works, and a run that is killed takes nothing with it.

use super::side_process::read_bounded;
use serde::Deserialize;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a run tells while it works.
pub(super) enum RunUpdate {
    Line {
        run: i32,
        line: RunLine,
    },
    /// With what it wrote to standard error.
    Ended {
        run: i32,
        message: String,
    },
}

/// One line of `--report ndjson`, as far as an editor needs it.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum RunLine {
    RunStarted {
        environment: String,
        units: usize,
    },
    UnitStarted {
        index: usize,
        id: String,
    },
    UnitFinished(FinishedUnit),
    RunFinished {
        passed: usize,
        failed: usize,
        errors: usize,
        skipped: usize,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct FinishedUnit {
    pub(super) verdict: String,
    pub(super) message: Option<String>,
    pub(super) at: Option<RunPlace>,
    #[serde(default)]
    pub(super) steps: Vec<FinishedStep>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FinishedStep {
    pub(super) at: Option<RunPlace>,
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) failures: Vec<FailedAssertion>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FailedAssertion {
    pub(super) at: Option<RunPlace>,
    pub(super) subject: String,
    pub(super) expected: String,
    pub(super) actual: String,
    pub(super) why: Option<String>,
}

/// Line and column count from one, the column in characters.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct RunPlace {
    pub(super) file: PathBuf,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A failure at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunFailure {
    /// What was run.
    pub(super) unit: String,
    pub(super) place: RunPlace,
    pub(super) message: String,
}

impl FinishedUnit {
    /// Every failure of the unit, each at its assertion.
    pub(super) fn failures(&self, unit: &str) -> Vec<RunFailure> {
        let mut found = Vec::new();
        let failure = |place: &RunPlace, message: String| RunFailure {
            unit: unit.to_owned(),
            place: place.clone(),
            message,
        };
        for step in &self.steps {
            for failed in &step.failures {
                let place = failed.at.as_ref().or(step.at.as_ref());
                let why = failed.why.as_ref().map(|why| format!("; {why}"));
                let message = format!(
                    "{}: expected {}, got {}{}",
                    failed.subject,
                    failed.expected,
                    failed.actual,
                    why.unwrap_or_default()
                );
                found.extend(place.map(|place| failure(place, message)));
            }
            if step.failures.is_empty()
                && let Some((message, place)) = step.message.clone().zip(step.at.as_ref())
            {
                found.push(failure(place, message));
            }
        }
        let is_bad = matches!(self.verdict.as_str(), "fail" | "error");
        if found.is_empty()
            && is_bad
            && let Some((message, place)) = self.message.clone().zip(self.at.as_ref())
        {
            found.push(failure(place, message));
        }
        found
    }
}

/// A run that is not started yet.
pub(super) struct PlannedRun {
    pub(super) root: PathBuf,
    pub(super) unit: String,
    pub(super) arguments: Vec<String>,
    pub(super) title: String,
}

/// A process that runs requests.
pub(super) struct StartedRun {
    child: Child,
    pub(super) planned: PlannedRun,
    pub(super) units: usize,
}

/// Starts `ingam run`.
///
/// # Errors
/// When the process cannot be started.
pub(super) fn start_run(
    program: &Path,
    planned: PlannedRun,
    run: i32,
    report: impl Fn(RunUpdate) + Send + 'static,
) -> std::io::Result<StartedRun> {
    let root = &planned.root;
    let mut child = Command::new(program)
        .arg("run")
        .args(&planned.arguments)
        .args([
            "--quiet", "--color", "never", "--report", "ndjson=-", "--root",
        ])
        .arg(root)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let messages = std::thread::spawn(move || {
        errors.map_or_else(String::new, |errors| read_bounded(errors).0)
    });
    std::thread::spawn(move || {
        for line in output
            .into_iter()
            .flat_map(|output| BufReader::new(output).lines())
        {
            let line = line.ok().and_then(|line| serde_json::from_str(&line).ok());
            if let Some(line) = line {
                report(RunUpdate::Line { run, line });
            }
        }
        let message = messages.join().unwrap_or_default();
        // Its exit code is asked for by the main loop, which holds the child.
        report(RunUpdate::Ended { run, message });
    });
    Ok(StartedRun {
        child,
        planned,
        units: 0,
    })
}

impl StartedRun {
    /// Interrupts the run as Ctrl-C does, so that it undoes what it created.
    pub(super) fn interrupt(&mut self) {
        // Fails only when the run has ended by itself.
        drop(crate::platform::interrupt(&mut self.child));
    }

    /// Waits for its end; the exit code.
    pub(super) fn exit_code(&mut self) -> i32 {
        let status = self.child.wait().ok();
        status.and_then(|status| status.code()).unwrap_or(-1)
    }
}
