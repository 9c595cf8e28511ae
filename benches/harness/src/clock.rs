//! What a piece of work took: seconds of the wall, seconds of the processor in all threads of this process, and memory.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// What something took.
#[derive(Clone, Copy, Default, Debug)]
pub struct Spent {
    pub wall: f64,
    pub processor: f64,
    /// By how many KiB the process grew at most.
    pub peak: u64,
}

/// Measures `work`, without its memory.
pub fn measure(work: impl FnOnce()) -> Spent {
    let (begun, processor) = (Instant::now(), processor_seconds());
    work();
    Spent { wall: begun.elapsed().as_secs_f64(), processor: processor_seconds() - processor, peak: 0 }
}

/// Measures `work` and how much memory it needed beyond what the process had.
pub fn measure_with_memory(work: impl FnOnce()) -> Spent {
    // Linux sets the peak back to what is there now.
    fs::write("/proc/self/clear_refs", "5").expect("a process may forget its peak");
    let before = status("VmRSS:");
    let spent = measure(work);
    Spent { peak: status("VmHWM:").saturating_sub(before), ..spent }
}

fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").expect("what Linux says of a process");
    let line = text.lines().find_map(|line| line.strip_prefix(field)).expect("a field of it");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number of KiB")
}
