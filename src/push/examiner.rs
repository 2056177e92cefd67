//! Explains wrong signatures on a thread of its own, after the answer was sent, and hands every push
//! on in the order in which they came.

use super::judge::PushKeys;
use super::record::{PushFinding, PushRecord, PushReport};
use crate::mistake::{
    MistakeCode, ProvenMistake, SEARCH_TIME, SignatureDiagnosis, SignatureVerdict, SuspectKind,
    SuspectRequest, diagnose,
};
use crate::sign::{ReceivedRequest, TestAccount};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// The most pushes that wait to be shown.
const MAX_WAITING: usize = 1_024;
/// The most refused pushes that wait to be examined; each takes seconds at worst.
const MAX_SUSPECTS: usize = 32;
/// How long the end waits for the last lines; one examination takes 5 s at most.
const LAST_PUSHES: Duration = Duration::from_secs(6);
/// A push with a larger body is not examined; in bytes.
const MAX_BODY: usize = 1 << 20;

/// A refused push whose signature can be explained.
pub(super) struct SuspectPush {
    pub(super) received: ReceivedRequest,
    /// The address that the sender called, as far as it is known.
    pub(super) called: Vec<String>,
    pub(super) webhooks: Vec<String>,
    /// The path that came, if it is not the registered one.
    pub(super) other_path: Option<String>,
}

struct WatchedPush {
    record: PushRecord,
    suspect: Option<Box<SuspectPush>>,
}

enum ExaminerMessage {
    Push(WatchedPush),
    Stop,
}

/// What the server tells about every push.
pub(crate) struct PushWatcher {
    sender: SyncSender<ExaminerMessage>,
    suspects: Arc<AtomicUsize>,
    left_out: Arc<AtomicUsize>,
}

impl PushWatcher {
    /// Never waits.
    pub(super) fn watch(&self, mut record: PushRecord, suspect: Option<Box<SuspectPush>>) {
        let is_examined = suspect.as_ref().is_some_and(|suspect| {
            suspect.received.body.len() <= MAX_BODY
                && self.suspects.load(Ordering::Relaxed) < MAX_SUSPECTS
        });
        if suspect.is_some() && !is_examined {
            record.reason = record.reason.map(|reason| {
                format!(
                    "{reason} (not examined: its body is too large, or too many pushes are waiting)"
                )
            });
        }
        let suspect = suspect.filter(|_| is_examined);
        self.suspects
            .fetch_add(usize::from(is_examined), Ordering::Relaxed);
        let push = ExaminerMessage::Push(WatchedPush { record, suspect });
        if self.sender.try_send(push).is_err() {
            self.suspects
                .fetch_sub(usize::from(is_examined), Ordering::Relaxed);
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The thread that examines.
pub(crate) struct PushExaminer {
    sender: SyncSender<ExaminerMessage>,
    ended: Receiver<()>,
}

impl PushExaminer {
    /// Examines with these keys, and hands each push to `show`, with how many were left out before
    /// it because `show` was too slow.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(
        keys: Arc<PushKeys>,
        show: impl FnMut(&PushReport, usize) + Send + 'static,
    ) -> std::io::Result<(Self, PushWatcher)> {
        let (sender, pushes) = sync_channel(MAX_WAITING);
        let (end, ended) = sync_channel(1);
        let watcher = PushWatcher {
            sender: sender.clone(),
            suspects: Arc::default(),
            left_out: Arc::default(),
        };
        let counts = (Arc::clone(&watcher.suspects), Arc::clone(&watcher.left_out));
        let thread = std::thread::Builder::new().name("pushes".to_owned());
        thread.spawn(move || {
            run(&pushes, &keys, &counts, show);
            // Nobody may wait for it any more.
            let _ = end.try_send(());
        })?;
        Ok((Self { sender, ended }, watcher))
    }

    /// Waits until every push is shown, but not for a reader that has stopped.
    pub(crate) fn finish(self) {
        // If there is no room, nobody reads the lines.
        if self.sender.try_send(ExaminerMessage::Stop).is_ok() {
            let _ = self.ended.recv_timeout(LAST_PUSHES);
        }
    }
}

fn run(
    messages: &Receiver<ExaminerMessage>,
    keys: &PushKeys,
    (suspects, left_out): &(Arc<AtomicUsize>, Arc<AtomicUsize>),
    mut show: impl FnMut(&PushReport, usize),
) {
    while let Ok(ExaminerMessage::Push(push)) = messages.recv() {
        let findings = match &push.suspect {
            None => Vec::new(),
            Some(suspect) => {
                suspects.fetch_sub(1, Ordering::Relaxed);
                // A fault of the examination must not end those of later pushes.
                catch_unwind(AssertUnwindSafe(|| examine(keys, suspect))).unwrap_or_else(|_| {
                    vec![PushFinding {
                        code: None,
                        text: "the examination of its signature failed".to_owned(),
                        way_out: None,
                    }]
                })
            }
        };
        let report = PushReport {
            record: push.record,
            findings,
        };
        show(&report, left_out.swap(0, Ordering::Relaxed));
    }
}

/// The mistake in a signature by the first webhook for which one is proven; else by the first one.
fn examine(keys: &PushKeys, suspect: &SuspectPush) -> Vec<PushFinding> {
    let accounts: Vec<TestAccount> = keys
        .accounts
        .iter()
        .chain(&keys.other_accounts)
        .cloned()
        .collect();
    let mut first = None;
    let mut proven = None;
    for name in &suspect.webhooks {
        let Some(webhook) = keys.scheme.webhook(name) else {
            continue;
        };
        let diagnosis = diagnose(&SuspectRequest {
            scheme: &keys.scheme,
            kind: SuspectKind::Push(webhook),
            received: &suspect.received,
            accounts: &accounts,
            other_schemes: &[],
            other_hosts: &suspect.called,
            other_paths: suspect.other_path.as_slice(),
            now_ms: 0,
            time_limit: SEARCH_TIME,
            server_text: None,
            own_text: None,
        });
        if let SignatureVerdict::Mistakes(_) | SignatureVerdict::Equal { .. } = diagnosis.verdict {
            proven = proven.or(Some(diagnosis));
        } else {
            first = first.or(Some(diagnosis));
        }
    }
    let Some(diagnosis) = proven.or(first) else {
        return Vec::new();
    };
    findings(keys, suspect, &diagnosis)
}

fn findings(
    keys: &PushKeys,
    suspect: &SuspectPush,
    diagnosis: &SignatureDiagnosis,
) -> Vec<PushFinding> {
    let mut found = match &diagnosis.verdict {
        SignatureVerdict::Mistakes(mistakes) => mistakes.iter().map(of_mistake).collect(),
        SignatureVerdict::Equal { .. } => vec![PushFinding {
            code: None,
            text: format!(
                "its signature is correct for the registered address with the received query, but `--url` is `{}`",
                keys.address.as_str()
            ),
            way_out: Some("pass the registered address to `--url`, with its query".to_owned()),
        }],
        SignatureVerdict::Different => vec![nothing_found(keys, diagnosis)],
        SignatureVerdict::Unknown(reason) => vec![PushFinding {
            code: None,
            text: reason.clone(),
            way_out: None,
        }],
    };
    found.extend(
        diagnosis
            .observations
            .iter()
            .map(|observation| PushFinding {
                code: Some(observation.code.name()),
                text: observation.text.clone(),
                way_out: Some(observation.way_out.clone()),
            }),
    );
    found.extend(suspect.other_path.as_ref().map(|path| PushFinding {
        code: None,
        text: format!(
            "it arrived at the path `{path}`, but the path of the registered address is `{}`",
            keys.address.path()
        ),
        way_out: Some(
            "pass the address to `--url` that is registered with the marketplace".to_owned(),
        ),
    }));
    found
}

fn of_mistake(mistake: &ProvenMistake) -> PushFinding {
    let others: Vec<&str> = mistake.or.iter().map(|code| code.sentence()).collect();
    let text = if others.is_empty() {
        mistake.text.clone()
    } else {
        format!("{}; or: {}", mistake.text, others.join("; or: "))
    };
    PushFinding {
        code: Some(mistake.code.name()),
        text,
        way_out: Some(way_out(mistake.code).unwrap_or(&mistake.way_out).to_owned()),
    }
}

/// What a receiver does, where that is something else than what a sender does.
fn way_out(code: MistakeCode) -> Option<&'static str> {
    // `P1` to `P4` and `A1` are about the address.
    if code == MistakeCode::PROXY_HOST || code.name().starts_with('P') {
        return Some("pass to `--url` exactly the address that is registered with the marketplace");
    }
    (code == MistakeCode::OTHER_ACCOUNT)
        .then_some("choose the environment and the account with `--env` and `--account`")
}

fn nothing_found(keys: &PushKeys, diagnosis: &SignatureDiagnosis) -> PushFinding {
    let tried = diagnosis.tried;
    PushFinding {
        code: None,
        text: format!("none of {tried} variations of key, address and body produces its signature"),
        way_out: Some(format!(
            "compare the key with the console of the marketplace, and `--url` ({}) with the registered address; if both are correct, the body was changed on its way, or someone else sent it",
            keys.address.as_str()
        )),
    }
}
