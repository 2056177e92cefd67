//! The budgets of a run: how calls are counted, how long they may wait, and where waits are
//! announced.

use crate::budget::Budget;
use crate::event::Event;
use crate::plan::Unit;
use std::cell::{Cell, OnceCell};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How calls are counted in a run, and how long they may wait.
pub(crate) struct RunBudget {
    pub(crate) budget: Budget,
    /// For one call, over all its waits.
    pub(crate) max_wait: Duration,
    /// The schemes of all undos of the workspace.
    pub(super) undo_schemes: OnceCell<HashSet<String>>,
    event_sender: Option<UnboundedSender<Event>>,
    /// How often a call has waited for a permit.
    pub(super) waits: Cell<usize>,
}

/// What a call is for.
#[derive(Clone, Copy)]
pub(super) enum BudgetClass<'c> {
    /// A step of a unit, or of a fixture (`None`).
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
            undo_schemes: OnceCell::new(),
            event_sender: None,
            waits: Cell::new(0),
        }
    }

    /// The receiver gets an event whenever a call starts to wait.
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
