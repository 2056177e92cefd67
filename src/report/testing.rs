//! For tests of this room: documents that no run of today makes.

use super::document::{Attempt, Document, NotUndone, Place, Step, Unit, Word};
use super::gather::Gatherer;

/// One unit whose only step was tried three times.
pub fn tried_twice(verdict: Word) -> Document {
    let attempts = vec![
        Attempt { status: Some(503), reason: "503 from the server".to_owned(), latency_ms: Some(12.0) },
        Attempt { status: None, reason: "cannot connect".to_owned(), latency_ms: None },
    ];
    let at = Place { file: "requests/a.yaml".to_owned(), line: 2, column: 1 };
    let step = Step {
        name: None,
        line: "GET /a?b=c".to_owned(),
        endpoint: "GET /a".to_owned(),
        at: at.clone(),
        verdict,
        trouble: None,
        message: None,
        status: Some(200),
        started_ms: 1.0,
        sent_ms: Some(2.0),
        latency_ms: Some(5.0),
        attempts,
        failures: Vec::new(),
        notes: Vec::new(),
        exchange: None,
        trace: Vec::new(),
    };
    let unit = Unit {
        id: "a[x]@sg".to_owned(),
        index: 0,
        verdict,
        trouble: None,
        message: verdict.is_bad().then(|| "status: expected 201, got 200".to_owned()),
        at,
        flaky: verdict == Word::Pass,
        account: Some("sg".to_owned()),
        schemes: vec!["none".to_owned()],
        tags: Vec::new(),
        started_ms: 1.0,
        duration_ms: 20.0,
        steps: vec![step],
        not_reached: 0,
    };
    let mut document = Gatherer::default().into_document(None);
    document.units.push(unit);
    document.settle();
    document
}

/// A run in which all passed, and a fixture stayed.
pub fn left_over() -> Document {
    let mut document = tried_twice(Word::Pass);
    let at = Place { file: "fixtures/item.yaml".to_owned(), line: 7, column: 5 };
    let reason = "the answer was 500".to_owned();
    document.not_undone.push(NotUndone { fixture: "item::add".to_owned(), at, reason, is_kept: true });
    document.settle();
    document
}
