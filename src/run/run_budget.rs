//! The budgets of a run: how calls are counted, how long they may wait, and who is told of a wait.

use crate::budget::Budget;
use crate::event::Event;
use crate::plan::Unit;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How calls are counted in a run, and how long they may wait.
pub(crate) struct RunBudget {
    pub(crate) budget: Budget,
    /// For one call, in all.
    pub(crate) max_wait: Duration,
    event_sender: Option<UnboundedSender<Event>>,
}

/// For whom a call is sent.
#[derive(Clone, Copy)]
pub(super) enum BudgetClass<'c> {
    /// A request's own, or a fixture's.
    Step(Option<&'c Unit<'c>>),
    /// It undoes something.
    Undo,
}

impl RunBudget {
    #[must_use]
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            max_wait: Duration::ZERO,
            event_sender: None,
        }
    }

    /// From now on an event is sent here whenever a call has to wait.
    pub(crate) fn subscribe(&mut self) -> UnboundedReceiver<Event> {
        let (sender, receiver) = unbounded_channel();
        self.event_sender = Some(sender);
        receiver
    }

    pub(super) fn notify(&self, event: Event) {
        if let Some(sender) = &self.event_sender {
            // The receiver is gone once the run's reports are closed: a late undo still waits.
            let _ = sender.send(event);
        }
    }
}
