//! `ingam snapshot review`: shows the pending snapshots one after the other and reads one key for
//! each. The terminal mode is always restored.

use super::diff_view::render_pending;
use super::key_input;
use super::pending::{NONE_PENDING, find_pending};
use crate::cli::args::SnapshotFilter;
use crate::cli::command::session;
use crate::cli::command_error::CommandError;
use crate::cli::command_output::{CommandOutput, CommandResult};
use crate::cli::exit_status::ExitStatus;
use crate::cli::invocation::Invocation;
use crate::cli::output::Output;
use crate::cli::stop_signals::StopSignals;
use crate::snapshot::{SnapshotError, SnapshotLocation};

/// The meaning of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReviewChoice {
    Accept,
    Reject,
    Skip,
    Quit,
}

/// The number of snapshots of each state.
#[derive(Default)]
struct ReviewTally {
    accepted: usize,
    rejected: usize,
    pending: usize,
}

pub(super) fn run(
    invocation: &Invocation<'_>,
    filter: &SnapshotFilter,
    output: &Output,
) -> CommandResult {
    let all = find_pending(invocation, filter)?;
    if all.is_empty() {
        return Ok(CommandOutput::of_message(NONE_PENDING));
    }
    if !invocation.host.stdin_is_terminal {
        return Err(
            CommandError::usage("a review needs a terminal, for its keys").hint(
                "without one: `ingam snapshot accept` or `ingam snapshot reject`, of all or by name",
            ),
        );
    }
    session::start_runtime()?.block_on(review_all(&all, output))
}

async fn review_all(all: &[SnapshotLocation], output: &Output) -> CommandResult {
    let mut signals = StopSignals::install()?;
    let mut tally = ReviewTally {
        pending: all.len(),
        ..ReviewTally::default()
    };
    let mut ended = CommandOutput::default();
    for (index, one) in all.iter().enumerate() {
        let place = format!("{} of {}  {}", index + 1, all.len(), one.path.display());
        if let Err(error) = show_pending(one, &place, output) {
            // The others can still be reviewed.
            let error = CommandError::from(error);
            output.print_error(&error);
            ended.end_with(error.class.into());
            continue;
        }
        match ask(&mut signals, output).await? {
            KeyPress::Choice(ReviewChoice::Quit) => break,
            // Applied at once: what was decided before an interruption stays decided.
            KeyPress::Choice(choice) => tally.apply(choice, one)?,
            KeyPress::Stop(status) => {
                ended.end_with(status);
                break;
            }
        }
    }
    ended.message(tally.describe());
    Ok(ended)
}

/// Asks what to do with the snapshot on the screen, and prints the reply behind the question.
async fn ask(signals: &mut StopSignals, output: &Output) -> Result<KeyPress, CommandError> {
    output.prompt(&prompt_text(output));
    let pressed = tokio::select! {
        pressed = read_choice(output) => pressed?,
        status = signals.next() => KeyPress::Stop(status),
    };
    output.print_message(match &pressed {
        KeyPress::Choice(choice) => choice.word(),
        KeyPress::Stop(_) => "interrupted",
    });
    Ok(pressed)
}

fn show_pending(
    kept: &SnapshotLocation,
    place: &str,
    output: &Output,
) -> Result<(), SnapshotError> {
    if let Some(new) = kept.read_pending()? {
        output.print_data(&render_pending(
            place,
            kept.read_accepted()?.as_ref(),
            &new,
            output.out,
        ));
    }
    Ok(())
}

fn prompt_text(output: &Output) -> String {
    let key = |key: &str, word: &str| format!("{} {word}", output.err.bold(key));
    format!(
        "\n{}   {}   {}   {}  ",
        key("a", "accept"),
        key("r", "reject"),
        key("s", "skip"),
        key("q", "quit")
    )
}

/// A key with a meaning, or a signal.
enum KeyPress {
    Choice(ReviewChoice),
    Stop(ExitStatus),
}

/// Waits for a key with a meaning.
async fn read_choice(output: &Output) -> Result<KeyPress, CommandError> {
    loop {
        let key = key_input::read_key().await.map_err(|error| {
            CommandError::operation(format!("no key can be read from the terminal: {error}"))
        })?;
        return Ok(KeyPress::Choice(match key {
            Some(b'a') => ReviewChoice::Accept,
            Some(b'r') => ReviewChoice::Reject,
            Some(b's') => ReviewChoice::Skip,
            // The terminal was closed, or Ctrl-D was typed.
            Some(b'q' | key_input::END_OF_INPUT) | None => ReviewChoice::Quit,
            // Ctrl-C arrives as a key and not as a signal: see `key_input`.
            Some(key_input::INTERRUPT) => return Ok(KeyPress::Stop(ExitStatus::Interrupted)),
            Some(_) => {
                output.ring_bell();
                continue;
            }
        }));
    }
}

impl ReviewChoice {
    fn word(self) -> &'static str {
        match self {
            Self::Accept => "accepted\n",
            Self::Reject => "rejected\n",
            Self::Skip => "skipped\n",
            Self::Quit => "quit\n",
        }
    }
}

impl ReviewTally {
    fn apply(
        &mut self,
        choice: ReviewChoice,
        kept: &SnapshotLocation,
    ) -> Result<(), SnapshotError> {
        match choice {
            ReviewChoice::Accept => {
                kept.accept()?;
                (self.accepted, self.pending) = (self.accepted + 1, self.pending - 1);
            }
            ReviewChoice::Reject => {
                kept.discard_pending()?;
                (self.rejected, self.pending) = (self.rejected + 1, self.pending - 1);
            }
            ReviewChoice::Skip | ReviewChoice::Quit => {}
        }
        Ok(())
    }

    fn describe(&self) -> String {
        format!(
            "{} accepted, {} rejected, {} still pending",
            self.accepted, self.rejected, self.pending
        )
    }
}
