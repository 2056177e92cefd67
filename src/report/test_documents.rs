//! For tests of this room: documents that no run of today makes.

use super::document::{
    AttemptEntry, ExchangeEntry, FailureEntry, FileLocation, LeftoverEntry, NoticeEntry,
    RunDocument, SeverityWord, StepEntry, TraceEntry, UnitEntry, VerdictWord,
};
use super::document_reporter::DocumentReporter;
use crate::event::{ErrorClass, RequestPhases};

/// One unit whose only step was tried three times.
pub(super) fn retried_document(verdict: VerdictWord) -> RunDocument {
    let attempts = vec![
        AttemptEntry {
            status: Some(503),
            reason: "503 from the server".to_owned(),
            latency_ms: Some(12.0),
        },
        AttemptEntry {
            status: None,
            reason: "cannot connect".to_owned(),
            latency_ms: None,
        },
    ];
    let trouble = (verdict == VerdictWord::Error).then_some(ErrorClass::Unable);
    let at = FileLocation {
        file: "requests/a.yaml".to_owned(),
        line: 2,
        column: 1,
    };
    let step = StepEntry {
        name: None,
        line: "GET /a?b=c".to_owned(),
        endpoint: "GET /a".to_owned(),
        at: at.clone(),
        verdict,
        trouble,
        message: None,
        status: Some(200),
        started_ms: 1.0,
        sent_ms: Some(2.0),
        latency_ms: Some(5.0),
        requests: 3,
        phases: vec![RequestPhases {
            status: Some(200),
            look_up: None,
            connect: Some(0.5),
            tls: None,
            wait: Some(4.0),
            body: Some(0.25),
            total: 5.0,
        }],
        attempts,
        failures: Vec::new(),
        notes: Vec::new(),
        exchange: None,
        trace: Vec::new(),
    };
    let unit = UnitEntry {
        id: "a[x]@sg".to_owned(),
        index: 0,
        verdict,
        trouble,
        message: verdict
            .is_failure()
            .then(|| "status: expected 201, got 200".to_owned()),
        at,
        flaky: verdict == VerdictWord::Pass,
        account: Some("sg".to_owned()),
        schemes: vec!["none".to_owned()],
        tags: Vec::new(),
        started_ms: 1.0,
        duration_ms: 20.0,
        steps: vec![step],
        not_reached: 0,
    };
    let mut document = DocumentReporter::default().into_document(None);
    document.units.push(unit);
    document.sort_and_count();
    document
}

/// A run in which all passed, and a fixture stayed.
pub(super) fn leftover_document() -> RunDocument {
    let mut document = retried_document(VerdictWord::Pass);
    let at = FileLocation {
        file: "fixtures/item.yaml".to_owned(),
        line: 7,
        column: 5,
    };
    let reason = "the response was 500".to_owned();
    document.not_undone.push(LeftoverEntry {
        fixture: "item::add".to_owned(),
        at,
        reason,
        is_kept: true,
    });
    document.sort_and_count();
    document
}

/// A run whose every text is this one: names, messages, bodies.
pub(super) fn document_of(text: &str) -> RunDocument {
    let mut document = leftover_document();
    let own = || text.to_owned();
    let at = FileLocation {
        file: own(),
        line: 1,
        column: 1,
    };
    document.environment = own();
    document.run_id = own();
    let mut unit = retried_document(VerdictWord::Error).units.remove(0);
    unit.id = own();
    unit.account = Some(own());
    unit.tags = vec![own()];
    unit.schemes = vec![own()];
    unit.message = Some(own());
    unit.at = at.clone();
    fill_step(&mut unit.steps[0], text);
    document.units.push(unit);
    document.not_undone[0].fixture = own();
    document.not_undone[0].reason = own();
    for (severity, trouble) in [
        (SeverityWord::Error, Some(ErrorClass::File)),
        (SeverityWord::Warning, None),
    ] {
        document.notices.push(NoticeEntry {
            severity,
            trouble,
            message: own(),
            at: Some(at.clone()),
            hints: vec![own()],
        });
    }
    document.sort_and_count();
    document
}

fn fill_step(step: &mut StepEntry, text: &str) {
    let own = || text.to_owned();
    step.name = Some(own());
    step.line = own();
    step.message = Some(own());
    step.notes = vec![own()];
    step.attempts[0].reason = own();
    step.exchange = Some(ExchangeEntry {
        request: own(),
        response: Some(own()),
    });
    step.trace = vec![TraceEntry {
        id: own(),
        kind: own(),
        text: own(),
    }];
    step.failures = vec![FailureEntry {
        at: step.at.clone(),
        subject: own(),
        expected: own(),
        actual: own(),
        why: Some(own()),
        differences: Vec::new(),
    }];
}
