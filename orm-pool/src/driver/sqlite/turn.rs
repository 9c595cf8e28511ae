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

    /// Counts a row; returns whether the turn has lasted long enough.
    #[inline]
    pub(super) fn is_over_after_row(&mut self) -> bool {
        self.rows += 1;
        self.rows.is_multiple_of(ROWS_BETWEEN_LOOKS) && self.is_over()
    }

    /// Gives the turn away.
    pub(super) async fn give_away(&mut self) {
        tokio::task::yield_now().await;
        self.since = None;
    }

    #[cold]
    fn is_over(&mut self) -> bool {
        self.since.get_or_insert_with(Instant::now).elapsed() >= SLICE
    }
}
