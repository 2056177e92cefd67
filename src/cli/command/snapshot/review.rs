//! `ingam snapshot review`: what is pending, one after the other, and one key for each. The terminal is given back as it was,
//! whatever happens.

use super::{NOTHING, keys, pending, picture::picture, said};
use crate::cli::Exit;
use crate::cli::args::{Global, Pending};
use crate::cli::command::run::Signals;
use crate::cli::command::session;
use crate::cli::output::Output;
use crate::host::HostContext;
use crate::snapshot::{SnapshotError, SnapshotLocation};

/// What a terminal says to a key that means nothing.
const BELL: &str = "\u{7}";

/// What a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Accept,
    Reject,
    Skip,
    Quit,
}

/// How many of each.
#[derive(Default)]
struct Tally {
    accepted: usize,
    rejected: usize,
    left: usize,
}

pub fn run(host: &HostContext, global: &Global, which: &Pending, output: &Output) -> Result<Exit, Exit> {
    let all = pending(host, global, which, output)?;
    if all.is_empty() {
        output.say(NOTHING);
        return Ok(Exit::Success);
    }
    if !host.stdin_is_terminal {
        let hint = "without one: `ingam snapshot accept` or `ingam snapshot reject`, of all or by name";
        output.error("a review needs a terminal, for its keys", &[hint.to_owned()]);
        return Err(Exit::Usage);
    }
    session::runtime(output)?.block_on(one_by_one(&all, output))
}

async fn one_by_one(all: &[SnapshotLocation], output: &Output) -> Result<Exit, Exit> {
    let mut signals = Signals::listen();
    let mut tally = Tally { left: all.len(), ..Tally::default() };
    let mut ends = Exit::Success;
    for (index, kept) in all.iter().enumerate() {
        let place = format!("{} of {}  {}", index + 1, all.len(), kept.path.display());
        if let Err(error) = show(kept, &place, output) {
            ends = said(&error, output);
            continue;
        }
        output.ask(&question(output));
        let choice = tokio::select! {
            choice = choice(output) => choice,
            exit = signals.next() => Err(exit),
        };
        output.say(choice.map_or("interrupted", Choice::word));
        let choice = choice.inspect_err(|_| tally.say(output))?;
        if choice == Choice::Quit {
            break;
        }
        tally.act(choice, kept).map_err(|error| said(&error, output))?;
    }
    tally.say(output);
    Ok(ends)
}

fn show(kept: &SnapshotLocation, place: &str, output: &Output) -> Result<(), SnapshotError> {
    if let Some(new) = kept.read_pending()? {
        output.data(&picture(place, kept.read_accepted()?.as_ref(), &new, output.out));
    }
    Ok(())
}

fn question(output: &Output) -> String {
    let key = |key: &str, word: &str| format!("{} {word}", output.err.bold(key));
    format!("\n{}   {}   {}   {}  ", key("a", "accept"), key("r", "reject"), key("s", "skip"), key("q", "quit"))
}

/// Waits for a key that says something.
async fn choice(output: &Output) -> Result<Choice, Exit> {
    loop {
        let key = keys::next().await.map_err(|_| Exit::Unable)?;
        match key {
            Some(b'a') => return Ok(Choice::Accept),
            Some(b'r') => return Ok(Choice::Reject),
            Some(b's') => return Ok(Choice::Skip),
            // Nobody is there any more, or the end of the input was typed.
            Some(b'q' | keys::END) | None => return Ok(Choice::Quit),
            Some(keys::INTERRUPT) => return Err(Exit::Interrupted),
            Some(_) => output.ask(BELL),
        }
    }
}

impl Choice {
    fn word(self) -> &'static str {
        match self {
            Self::Accept => "accepted\n",
            Self::Reject => "rejected\n",
            Self::Skip => "skipped\n",
            Self::Quit => "quit\n",
        }
    }
}

impl Tally {
    fn act(&mut self, choice: Choice, kept: &SnapshotLocation) -> Result<(), SnapshotError> {
        match choice {
            Choice::Accept => {
                kept.accept()?;
                (self.accepted, self.left) = (self.accepted + 1, self.left - 1);
            }
            Choice::Reject => {
                kept.discard_pending()?;
                (self.rejected, self.left) = (self.rejected + 1, self.left - 1);
            }
            Choice::Skip | Choice::Quit => {}
        }
        Ok(())
    }

    fn say(&self, output: &Output) {
        output.say(&format!("{} accepted, {} rejected, {} still pending", self.accepted, self.rejected, self.left));
    }
}
