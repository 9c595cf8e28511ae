//! Whose connection it is, in a pool that has one for each task or thread.

use std::thread::ThreadId;

/// A task of the runtime, or a thread where no task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Task(tokio::task::Id),
    Thread(ThreadId),
}

impl Scope {
    /// Returns the task that runs, or the thread: within `block_on` there is no task.
    pub(super) fn current() -> Self {
        tokio::task::try_id().map_or_else(|| Scope::Thread(std::thread::current().id()), Scope::Task)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Scope::Task(_) => "task",
            Scope::Thread(_) => "thread",
        }
    }
}
