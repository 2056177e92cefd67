//! Books of one run: those of the sandbox inside the program, and of tests.

use super::book::Book;
use super::clock::machine;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Books that end with the process.
#[derive(Default)]
pub struct MemoryBooks(Mutex<HashMap<String, Book>>);

impl MemoryBooks {
    /// Changes one; `wall_ms` is the time of this machine.
    pub fn change(&self, id: &str, wall_ms: i64, act: &mut dyn FnMut(&mut Book, i64) -> bool) {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = machine(wall_ms);
        let book = books.entry(id.to_owned()).or_insert_with(|| Book::new(reading.clone()));
        let now = book.set_clock(reading);
        act(book, now);
    }
}
