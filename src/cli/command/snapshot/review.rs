//! `ingam snapshot review`: what is pending, one after the other, and one key for each. The
//! terminal is given back as it was, whatever happens.

use super::{NONE_PENDING, diff_view::render_pending, find_pending, key_input, report_error};
use crate::cli::ExitStatus;
use crate::cli::args::{GlobalArgs, SnapshotFilter};
use crate::cli::command::run::StopSignals;
use crate::cli::command::session;
use crate::cli::output::Output;
use crate::host::HostContext;
use crate::snapshot::{SnapshotError, SnapshotLocation};

/// What a terminal says to a key that means nothing.
const BELL: &str = "\u{7}";

/// What a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReviewChoice {
    Accept,
    Reject,
    Skip,
    Quit,
}

/// How many of each.
#[derive(Default)]
struct ReviewTally {
    accepted: usize,
    rejected: usize,
    pending: usize,
}

pub(super) fn run(
    host: &HostContext,
    global: &GlobalArgs,
    which: &SnapshotFilter,
    output: &Output,
) -> Result<ExitStatus, ExitStatus> {
    let all = find_pending(host, global, which, output)?;
    if all.is_empty() {
        output.print_message(NONE_PENDING);
        return Ok(ExitStatus::Success);
    }
    if !host.stdin_is_terminal {
        let hint =
            "without one: `ingam snapshot accept` or `ingam snapshot reject`, of all or by name";
        output.print_error(
            "a review needs a terminal, for its keys",
            &[hint.to_owned()],
        );
        return Err(ExitStatus::InvalidUsage);
    }
    session::start_runtime(output)?.block_on(review_all(&all, output))
}

async fn review_all(all: &[SnapshotLocation], output: &Output) -> Result<ExitStatus, ExitStatus> {
    let mut signals = StopSignals::install();
    let mut tally = ReviewTally {
        pending: all.len(),
        ..ReviewTally::default()
    };
    let mut ends = ExitStatus::Success;
    for (index, kept) in all.iter().enumerate() {
        let place = format!("{} of {}  {}", index + 1, all.len(), kept.path.display());
        if let Err(error) = show_pending(kept, &place, output) {
            ends = report_error(&error, output);
            continue;
        }
        Output::prompt(&prompt_text(output));
        let choice = tokio::select! {
            choice = read_choice(output) => choice,
            exit = signals.next() => Err(exit),
        };
        output.print_message(choice.map_or("interrupted", ReviewChoice::word));
        let choice = choice.inspect_err(|_| tally.report(output))?;
        if choice == ReviewChoice::Quit {
            break;
        }
        tally
            .apply(choice, kept)
            .map_err(|error| report_error(&error, output))?;
    }
    tally.report(output);
    Ok(ends)
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

/// Waits for a key that says something.
async fn read_choice(_output: &Output) -> Result<ReviewChoice, ExitStatus> {
    loop {
        let key = key_input::read_key()
            .await
            .map_err(|_| ExitStatus::OperationFailed)?;
        match key {
            Some(b'a') => return Ok(ReviewChoice::Accept),
            Some(b'r') => return Ok(ReviewChoice::Reject),
            Some(b's') => return Ok(ReviewChoice::Skip),
            // Nobody is there any more, or the end of the input was typed.
            Some(b'q' | key_input::END_OF_INPUT) | None => return Ok(ReviewChoice::Quit),
            Some(key_input::INTERRUPT) => return Err(ExitStatus::Interrupted),
            Some(_) => Output::prompt(BELL),
        }
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

    fn report(&self, output: &Output) {
        output.print_message(&format!(
            "{} accepted, {} rejected, {} still pending",
            self.accepted, self.rejected, self.pending
        ));
    }
}
