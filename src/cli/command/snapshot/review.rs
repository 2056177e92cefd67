//! `ingam snapshot review`: shows the pending snapshots one after the other, a long one page by page,
//! and reads one key for each. The terminal mode is always restored.

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
use crate::diagnostic::pluralize;
use crate::snapshot::{SavedSnapshot, SnapshotError, SnapshotLocation};

/// The meaning of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReviewChoice {
    Accept,
    Reject,
    AcceptAll,
    RejectAll,
    Skip,
    /// To the snapshot before, whose decision is taken back.
    Back,
    /// The next page of a text that is longer than the terminal.
    More,
    Quit,
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
            CommandError::usage("a review needs a terminal").hint(
                "without a terminal, use `ingam snapshot accept` or `ingam snapshot reject`, for all snapshots or by name",
            ),
        );
    }
    session::start_runtime()?.block_on(review_all(&all, output))
}

async fn review_all(all: &[SnapshotLocation], output: &Output) -> CommandResult {
    let mut signals = StopSignals::install()?;
    let mut review = Review {
        all,
        decisions: all.iter().map(|_| None).collect(),
        current: 0,
    };
    let mut ended = CommandOutput::default();
    while let Some(one) = all.get(review.current) {
        let place = format!(
            "{} of {}  {}",
            review.current + 1,
            all.len(),
            one.path.display()
        );
        let text = match render(one, &place, output) {
            Ok(text) => text,
            Err(error) => {
                // The others can still be reviewed.
                let error = CommandError::from(error);
                output.print_error(&error);
                ended.end_with(error.class.into());
                review.current += 1;
                continue;
            }
        };
        match ask(&text, review.current > 0, &mut signals, output).await? {
            KeyPress::Choice(ReviewChoice::Quit) => break,
            // Applied at once: what was decided before an interruption stays decided.
            KeyPress::Choice(choice) => review.apply(choice)?,
            KeyPress::Stop(status) => {
                ended.end_with(status);
                break;
            }
        }
    }
    ended.message(review.describe());
    Ok(ended)
}

fn render(kept: &SnapshotLocation, place: &str, output: &Output) -> Result<String, SnapshotError> {
    let Some(new) = kept.read_pending()? else {
        // Another program was faster.
        return Ok(format!("{place}\n  no snapshot is pending any more"));
    };
    let old = kept.read_accepted()?;
    Ok(render_pending(place, old.as_ref(), &new, output.out))
}

/// So many lines of the terminal are left for the question.
const PROMPT_ROWS: usize = 4;

/// Shows a text page by page, and asks what to do with the snapshot. The reply is printed behind the
/// question.
async fn ask(
    text: &str,
    can_go_back: bool,
    signals: &mut StopSignals,
    output: &Output,
) -> Result<KeyPress, CommandError> {
    let lines: Vec<&str> = text.trim_end_matches('\n').split('\n').collect();
    // A page of a few lines would be no help.
    let rows = key_input::row_count().map_or(usize::MAX, |rows| rows.max(10) - PROMPT_ROWS);
    let mut shown: usize = 0;
    loop {
        let page = &lines[shown..lines.len().min(shown.saturating_add(rows))];
        output.print_data(&page.join("\n"));
        shown += page.len();
        let rest = lines.len() - shown;
        output.prompt(&prompt_text(rest, can_go_back, output));
        let is_meant = |choice: ReviewChoice| match choice {
            ReviewChoice::More => rest > 0,
            ReviewChoice::Back => can_go_back,
            _ => true,
        };
        let pressed = tokio::select! {
            pressed = read_choice(output, &is_meant) => pressed?,
            status = signals.next() => KeyPress::Stop(status),
        };
        output.print_message(match &pressed {
            KeyPress::Choice(choice) => choice.word(),
            KeyPress::Stop(_) => "interrupted",
        });
        if !matches!(pressed, KeyPress::Choice(ReviewChoice::More)) {
            return Ok(pressed);
        }
    }
}

fn prompt_text(rest: usize, can_go_back: bool, output: &Output) -> String {
    let key = |key: &str, word: &str| format!("{} {word}   ", output.err.bold(key));
    let mut text = "\n".to_owned();
    if rest > 0 {
        text.push_str(&key("space", &format!("{} more", pluralize(rest, "line"))));
    }
    text.push_str(&key("a", "accept"));
    text.push_str(&key("r", "reject"));
    text.push_str(&key("s", "skip"));
    if can_go_back {
        text.push_str(&key("b", "back"));
    }
    text.push_str(&key("A", "accept all"));
    text.push_str(&key("R", "reject all"));
    text.push_str(&key("q", "quit"));
    text.trim_end().to_owned() + "  "
}

/// A key with a meaning, or a signal.
enum KeyPress {
    Choice(ReviewChoice),
    Stop(ExitStatus),
}

/// Waits for a key with a meaning.
async fn read_choice(
    output: &Output,
    is_meant: &dyn Fn(ReviewChoice) -> bool,
) -> Result<KeyPress, CommandError> {
    loop {
        let key = key_input::read_key().await.map_err(|error| {
            CommandError::operation(format!("the terminal cannot be read: {error}"))
        })?;
        let choice = match key {
            Some(b'a') => ReviewChoice::Accept,
            Some(b'r') => ReviewChoice::Reject,
            Some(b'A') => ReviewChoice::AcceptAll,
            Some(b'R') => ReviewChoice::RejectAll,
            Some(b's') => ReviewChoice::Skip,
            Some(b'b') => ReviewChoice::Back,
            Some(b' ') => ReviewChoice::More,
            // The terminal was closed, or Ctrl-D was typed.
            Some(b'q' | key_input::END_OF_INPUT) | None => ReviewChoice::Quit,
            // Ctrl-C arrives as a key and not as a signal: see `key_input`.
            Some(key_input::INTERRUPT) => return Ok(KeyPress::Stop(ExitStatus::Interrupted)),
            Some(_) => {
                output.ring_bell();
                continue;
            }
        };
        if is_meant(choice) {
            return Ok(KeyPress::Choice(choice));
        }
        output.ring_bell();
    }
}

impl ReviewChoice {
    fn word(self) -> &'static str {
        match self {
            Self::Accept => "accepted\n",
            Self::Reject => "rejected\n",
            Self::AcceptAll => "all accepted\n",
            Self::RejectAll => "all rejected\n",
            Self::Skip => "skipped\n",
            Self::Back => "back\n",
            Self::More => "",
            Self::Quit => "quit\n",
        }
    }
}

/// What was decided about one snapshot, and its files as they were before.
struct Decision {
    is_accepted: bool,
    before: SavedSnapshot,
}

/// The pending snapshots and what was decided about them.
struct Review<'r> {
    all: &'r [SnapshotLocation],
    decisions: Vec<Option<Decision>>,
    current: usize,
}

impl Review<'_> {
    fn apply(&mut self, choice: ReviewChoice) -> Result<(), SnapshotError> {
        match choice {
            ReviewChoice::Accept | ReviewChoice::Reject => {
                self.decide(self.current, choice == ReviewChoice::Accept)?;
                self.current += 1;
            }
            ReviewChoice::AcceptAll | ReviewChoice::RejectAll => {
                for at in self.current..self.all.len() {
                    self.decide(at, choice == ReviewChoice::AcceptAll)?;
                }
                self.current = self.all.len();
            }
            ReviewChoice::Skip => self.current += 1,
            ReviewChoice::Back => self.go_back()?,
            ReviewChoice::More | ReviewChoice::Quit => {}
        }
        Ok(())
    }

    fn decide(&mut self, at: usize, is_accepted: bool) -> Result<(), SnapshotError> {
        let kept = &self.all[at];
        let before = kept.save()?;
        if is_accepted {
            kept.accept()?;
        } else {
            kept.discard_pending()?;
        }
        self.decisions[at] = Some(Decision {
            is_accepted,
            before,
        });
        Ok(())
    }

    fn go_back(&mut self) -> Result<(), SnapshotError> {
        self.current = self.current.saturating_sub(1);
        if let Some(decision) = self.decisions[self.current].take() {
            self.all[self.current].restore(&decision.before)?;
        }
        Ok(())
    }

    fn describe(&self) -> String {
        let count = |is_accepted: bool| {
            let decisions = self.decisions.iter().flatten();
            decisions
                .filter(|decision| decision.is_accepted == is_accepted)
                .count()
        };
        let (accepted, rejected) = (count(true), count(false));
        format!(
            "{accepted} accepted, {rejected} rejected, {} still pending",
            self.all.len() - accepted - rejected
        )
    }
}
