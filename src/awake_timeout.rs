//! A timeout that counts only the time in which this process was able to run. A process that was
//! stopped (`SIGSTOP`, a debugger, a laptop that sleeps, a machine without free CPU time) finds that
//! every deadline has passed, although what it waits for may have arrived long ago. It reads what
//! has arrived before it gives up.

use std::pin::pin;
use std::time::{Duration, Instant};

/// A stop of any length counts as at most this much waiting.
const SLICE: Duration = Duration::from_millis(250);
/// After the limit, the time for reading what lies in the sockets of this process.
const DRAIN_SLICE: Duration = Duration::from_millis(20);
/// A slice that took longer by this factor does not show that nothing has arrived: the process was
/// stopped in it, and its sockets were not looked at.
const OVERSLEPT_FACTOR: u32 = 3;
/// What arrives at the end of one slice has gone through its tasks by the end of the next.
const QUIET_SLICES: u32 = 2;
/// How many slices in all are tolerated after the limit. A machine under full load must not
/// wait for ever.
const MAX_DRAIN_SLICES: u32 = 100;

/// The time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimedOut;

/// Waits for `work`, for at most `limit` of the time in which this process can run.
///
/// # Errors
/// If the work is not done in time, and nothing of it is left to be read.
pub(crate) async fn awake_timeout<T>(
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, TimedOut> {
    let mut work = pin!(work);
    let mut left = limit;
    while !left.is_zero() {
        let slice = left.min(SLICE);
        if let Ok(done) = tokio::time::timeout(slice, work.as_mut()).await {
            return Ok(done);
        }
        left -= slice;
    }
    // The timer and the socket can become ready in the same moment, and the timer is looked at
    // first: data passes through another task before it reaches `work`.
    let mut quiet_slices = 0;
    for _ in 0..MAX_DRAIN_SLICES {
        let started_at = Instant::now();
        if let Ok(done) = tokio::time::timeout(DRAIN_SLICE, work.as_mut()).await {
            return Ok(done);
        }
        let has_overslept = started_at.elapsed() >= DRAIN_SLICE * OVERSLEPT_FACTOR;
        quiet_slices = if has_overslept { 0 } else { quiet_slices + 1 };
        if quiet_slices == QUIET_SLICES {
            break;
        }
    }
    Err(TimedOut)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::io::Write;
    use tokio::io::AsyncReadExt;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(work)
    }

    /// Reads in a task of its own, as an HTTP client does, while the whole runtime stands still
    /// for longer than the limit.
    async fn read_while_stopped(limit: Duration) -> Result<u8, TimedOut> {
        let (mut sender, receiver) = std::os::unix::net::UnixStream::pair().unwrap();
        receiver.set_nonblocking(true).unwrap();
        let mut receiver = tokio::net::UnixStream::from_std(receiver).unwrap();
        let reader = tokio::spawn(async move { receiver.read_u8().await.unwrap() });
        tokio::spawn(async move {
            sender.write_all(b"x").unwrap();
            std::thread::sleep(limit * 4);
        });
        awake_timeout(limit, reader).await.map(Result::unwrap)
    }

    #[test]
    fn what_arrived_during_a_stop_is_read() {
        for limit in [5, 50, 300].map(Duration::from_millis) {
            assert_eq!(block_on(read_while_stopped(limit)), Ok(b'x'));
        }
    }

    #[test]
    fn a_wait_without_a_result_ends() {
        let started_at = Instant::now();
        let ended = block_on(awake_timeout(
            Duration::from_millis(300),
            std::future::pending::<()>(),
        ));
        assert_eq!(ended, Err(TimedOut));
        assert!(started_at.elapsed() >= Duration::from_millis(300));
        let none = block_on(awake_timeout(Duration::ZERO, std::future::ready(1)));
        assert_eq!(none, Ok(1), "what is there is taken");
    }
}
