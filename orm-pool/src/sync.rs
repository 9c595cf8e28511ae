//! What the pool needs from the world outside to wait and to be shared: a lock, a clock, a runtime.
//!
//! They stand here by name because the model test puts others in their place, under which it tries the orders in which
//! threads may run; see `tests/pool_model.rs`.

pub(crate) use parking_lot::Mutex;
pub(crate) use tokio::time::{Instant, sleep_until, timeout};

use std::future::Future;

/// Runs a future in the background; without a runtime it is dropped.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(future);
    }
}

/// Returns whether there is a runtime to run something in the background.
pub(crate) fn can_spawn() -> bool {
    tokio::runtime::Handle::try_current().is_ok()
}
