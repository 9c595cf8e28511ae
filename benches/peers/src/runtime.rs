//! The runtimes of the asynchronous libraries, the same for all.

use harness::data::TASKS;
use tokio::runtime::{Builder, Runtime};

/// One thread, which is the caller's.
pub fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Two threads, for the tasks.
pub fn two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// Runs all tasks at once and returns what each of them read.
pub async fn all_tasks<T, F>(task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = Vec<T>> + Send + 'static,
{
    let tasks: Vec<_> = (0..TASKS).map(|number| tokio::spawn(task(number))).collect();
    let mut rows = Vec::new();
    for task in tasks {
        rows.extend(task.await.expect("a task"));
    }
    rows
}
