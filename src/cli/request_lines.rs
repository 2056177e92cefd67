//! One line on standard error for each request that a server answered. They are written by a
//! thread of their own: a slow terminal holds no answer back.

use super::output::Output;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

/// The most lines that wait to be written.
const MAX_WAITING: usize = 4_096;
/// The most memory that they take, in bytes.
const MAX_WAITING_BYTES: usize = 8 << 20;
/// About how much is written at once, in bytes.
const PIECE_BYTES: usize = 64 << 10;
/// How long lines may wait for others to be written with; nobody who looks at them sees it.
const PIECE_INTERVAL: Duration = Duration::from_millis(5);
/// How long the end of the server waits for the lines. Whoever reads them may have stopped.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineFormat {
    Text,
    /// One JSON object a line.
    Ndjson,
}

enum LineMessage {
    Line(String),
    Stop,
}

/// The thread that writes the lines.
pub(crate) struct RequestLines {
    sender: SyncSender<LineMessage>,
    ended: Receiver<()>,
    counts: Arc<LineCounts>,
}

#[derive(Default)]
struct LineCounts {
    left_out: AtomicU64,
    waiting_bytes: AtomicUsize,
}

impl RequestLines {
    /// `left_out_hint` says in a text where the lines are that were left out.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(
        output: &Output,
        format: LineFormat,
        left_out_hint: &'static str,
    ) -> std::io::Result<Self> {
        let (sender, lines) = sync_channel(MAX_WAITING);
        let counts = Arc::new(LineCounts::default());
        let (end, ended) = sync_channel(1);
        let writer = LineWriter {
            lines,
            format,
            left_out_hint,
            counts: Arc::clone(&counts),
        };
        let target = output.stderr();
        let thread = std::thread::Builder::new().name("request lines".to_owned());
        thread.spawn(move || {
            writer.run(target);
            // Nobody may wait for it any more.
            let _ = end.try_send(());
        })?;
        Ok(Self {
            sender,
            ended,
            counts,
        })
    }

    /// What a server calls with each line.
    pub(crate) fn sink(&self) -> impl Fn(String) + Send + Sync + 'static {
        let sender = self.sender.clone();
        let counts = Arc::clone(&self.counts);
        move |line| {
            // With its line break.
            let bytes = line.len() + 1;
            let waiting = counts.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
            let has_room = waiting < MAX_WAITING_BYTES;
            if !has_room || sender.try_send(LineMessage::Line(line)).is_err() {
                counts.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
                counts.left_out.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Writes what waits, and ends.
    pub(crate) fn finish(self) {
        // If there is no room, nobody reads the lines, and nobody misses the last ones.
        if self.sender.try_send(LineMessage::Stop).is_ok() {
            let _ = self.ended.recv_timeout(LAST_LINES);
        }
    }
}

struct LineWriter {
    lines: Receiver<LineMessage>,
    format: LineFormat,
    left_out_hint: &'static str,
    counts: Arc<LineCounts>,
}

impl LineWriter {
    /// Write errors are noted by the output, which ends the command with them.
    fn run(self, mut target: Box<dyn Write + Send>) {
        let mut text = String::new();
        while let Ok(message) = self.lines.recv() {
            let mut is_last = collect(message, &mut text);
            // Much in one piece is faster than each line alone.
            while !is_last && text.len() < PIECE_BYTES {
                match self.lines.try_recv() {
                    Ok(message) => is_last = collect(message, &mut text),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => is_last = true,
                }
            }
            let bytes = text.len();
            self.note_left_out(&mut text);
            let _ = target.write_all(text.as_bytes());
            let _ = target.flush();
            self.counts
                .waiting_bytes
                .fetch_sub(bytes, Ordering::Relaxed);
            text.clear();
            if is_last {
                return;
            }
            // A thread that waits is woken by each line: at 5,000 requests in a second that took
            // a fifth of all time. While this one sleeps, lines only queue.
            std::thread::sleep(PIECE_INTERVAL);
        }
    }

    fn note_left_out(&self, text: &mut String) {
        let left_out = self.counts.left_out.swap(0, Ordering::Relaxed);
        if left_out == 0 {
            return;
        }
        text.push_str(&match self.format {
            LineFormat::Text => format!(
                "{left_out} lines were left out, because standard error is too slow{}\n",
                self.left_out_hint
            ),
            LineFormat::Ndjson => format!("{{\"event\":\"left_out\",\"lines\":{left_out}}}\n"),
        });
    }
}

/// Whether it was the last message.
fn collect(message: LineMessage, text: &mut String) -> bool {
    match message {
        LineMessage::Stop => true,
        LineMessage::Line(line) => {
            text.push_str(&line);
            text.push('\n');
            false
        }
    }
}
