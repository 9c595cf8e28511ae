//! Waits for a lock of another connection without blocking the thread.
//!
//! SQLite would sleep in C, which stops every task of the thread, and with it perhaps the one that holds the lock. So its
//! own timeout is zero, and the statement is tried again after each [`pause`](LockWait::pause).

use std::time::{Duration, Instant, SystemTime};

use super::error;
use super::raw::Failure;
use crate::Error;

/// How often the statement is tried again at once, after letting other tasks run: the timer ticks in milliseconds, and
/// most transactions are shorter.
const YIELDS: u32 = 8;
const FIRST_DELAY: Duration = Duration::from_micros(250);
const LONGEST_DELAY: Duration = Duration::from_millis(20);

/// The time that one statement has spent on locks.
pub(super) struct LockWait {
    timeout: Duration,
    since: Option<Instant>,
    tries: u32,
}

impl LockWait {
    #[inline]
    pub(super) fn new(timeout: Duration) -> Self {
        LockWait { timeout, since: None, tries: 0 }
    }

    /// Waits a little longer than the last time, or fails when the time is used up.
    #[cold]
    pub(super) async fn pause(&mut self, failure: Box<Failure>) -> Result<(), Error> {
        let waited = self.since.get_or_insert_with(Instant::now).elapsed();
        let Some(left) = self.timeout.checked_sub(waited).filter(|left| !left.is_zero()) else {
            return Err(error::lock_timeout(*failure, waited));
        };
        match self.tries.checked_sub(YIELDS) {
            None => tokio::task::yield_now().await,
            Some(sleeps) => tokio::time::sleep(delay(sleeps).min(left)).await,
        }
        self.tries += 1;
        Ok(())
    }
}

/// Doubles from the first delay to the longest, less up to a quarter, so that waiters do not march in step.
fn delay(sleeps: u32) -> Duration {
    let full = FIRST_DELAY.saturating_mul(1 << sleeps.min(10)).min(LONGEST_DELAY);
    let noise = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |now| now.subsec_nanos() / 64 % 256);
    full - full * noise / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_twenty_milliseconds() {
        assert!(delay(0) <= FIRST_DELAY && delay(0) >= FIRST_DELAY * 3 / 4);
        assert!(delay(40) <= LONGEST_DELAY && delay(40) >= LONGEST_DELAY * 3 / 4);
    }
}
