//! Lets other tasks run between the rows of a long result.

use std::time::{Duration, Instant};

/// How long a query holds its thread before other tasks get their turn.
const SLICE: Duration = Duration::from_millis(1);
/// How many rows pass between two looks at the clock.
const ROWS_BETWEEN_LOOKS: u32 = 64;

/// How long the present turn has lasted.
pub(super) struct Turn {
    rows: u32,
    since: Option<Instant>,
}

impl Turn {
    #[inline]
    pub(super) fn new() -> Self {
        Turn { rows: 0, since: None }
    }

    /// Gives the turn away, if it has lasted long enough.
    #[inline]
    pub(super) async fn next_row(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_BETWEEN_LOOKS) && self.is_over() {
            tokio::task::yield_now().await;
            self.since = None;
        }
    }

    #[cold]
    fn is_over(&mut self) -> bool {
        self.since.get_or_insert_with(Instant::now).elapsed() >= SLICE
    }
}
