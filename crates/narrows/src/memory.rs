//! Checks that there is enough memory before any of it is allocated. If the system refuses an allocation, the process
//! ends without a helpful message.

use crate::error::{Error, ErrorKind, Result};
use std::sync::OnceLock;

/// The memory that is kept for small allocations: stacks of threads, buffers of files, texts.
const SPARE: usize = 16 << 20;

/// The address space that a thread may need for its stack and its buffers.
const PER_THREAD: usize = 8 << 20;

/// Prepares the process of a command: if `ulimit -v` limits its address space, all threads share one heap. Call it
/// before another thread is started.
///
/// # Errors
///
/// [`ErrorKind::Memory`] if too little is left to run any command.
pub fn prepare() -> Result<()> {
    if of_this_process().is_some() {
        narrows_kernels::heap::share();
    }
    match left() {
        Some(left) if left < SPARE => Err(refusal("a command needs more memory than is left")
            .expected(format!(
                "at least {}, in addition to the program itself",
                words(SPARE)
            ))
            .found(words(left))),
        _ => Ok(()),
    }
}

/// Refuses work that needs more than the [`available`] bytes; `what` names the work.
///
/// # Errors
///
/// [`ErrorKind::Memory`], with the needed and the available memory.
pub(crate) fn require(what: &str, bytes: usize) -> Result<()> {
    match available() {
        Some(available) => check(what, bytes, available),
        None => Ok(()),
    }
}

fn check(what: &str, bytes: usize, available: usize) -> Result<()> {
    if bytes <= available {
        return Ok(());
    }
    Err(refusal(&format!("{what} needs more memory than is left"))
        .expected(format!(
            "at most {}, and {} for small things",
            words(available),
            words(SPARE)
        ))
        .found(words(bytes)))
}

fn refusal(what: &str) -> Error {
    Error::new(ErrorKind::Memory, what)
        .hint("end other programs, or raise the limit of this one: `ulimit -v unlimited`")
}

/// The result, or `None` if it was refused for lack of memory; then the reason is added to `left_out`.
///
/// # Errors
///
/// All other errors.
pub(crate) fn unless_left_out<T>(made: Result<T>, left_out: &mut Vec<String>) -> Result<Option<T>> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(error) if error.kind() == ErrorKind::Memory => {
            left_out.push(error.to_string());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A number of bytes in words, for errors.
pub(crate) fn words(bytes: usize) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1024.0 {
        format!("{mib:.1} MiB")
    } else {
        format!("{:.2} GiB", mib / 1024.0)
    }
}

/// The bytes that this process can still allocate, if the system reports them, as Linux does. A part is kept for small
/// allocations and is not counted.
pub(crate) fn available() -> Option<usize> {
    left().map(|left| left.saturating_sub(SPARE))
}

/// The bytes that this process can still allocate.
fn left() -> Option<usize> {
    let machine = of_machine(&read("/proc/meminfo"));
    let group = of_group(
        &read("/sys/fs/cgroup/memory.max"),
        &read("/sys/fs/cgroup/memory.current"),
    );
    let left = [machine, group, of_this_process()];
    left.into_iter().flatten().min()
}

/// The most threads for which `ulimit -v` had room when it was first called; at least one.
pub(crate) fn most_threads() -> usize {
    static MOST: OnceLock<usize> = OnceLock::new();
    *MOST.get_or_init(|| match of_this_process() {
        Some(left) => (left / PER_THREAD).max(1),
        None => usize::MAX,
    })
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The address space that `ulimit -v` leaves, if there is such a limit.
fn of_this_process() -> Option<usize> {
    of_process(&read("/proc/self/limits"), &read("/proc/self/status"))
}

/// The number after a name at the beginning of a line.
fn number(text: &str, name: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The memory that the machine has left, including swap, from `/proc/meminfo`.
fn of_machine(meminfo: &str) -> Option<usize> {
    let kib = number(meminfo, "MemAvailable:")? + number(meminfo, "SwapFree:").unwrap_or(0);
    Some(kib * 1024)
}

/// The memory that a container has left, from its control group.
fn of_group(max: &str, current: &str) -> Option<usize> {
    let [max, current] = [max, current].map(|text| text.trim().parse::<usize>().ok());
    Some(max?.saturating_sub(current?))
}

/// The address space that `ulimit -v` leaves, from `/proc/self/limits` and `/proc/self/status`.
fn of_process(limits: &str, status: &str) -> Option<usize> {
    let max = number(limits, "Max address space")?;
    Some(max.saturating_sub(number(status, "VmSize:")? * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_read() {
        let meminfo = "MemTotal:  24000 kB\nMemAvailable:   2048 kB\nSwapFree:  1024 kB\n";
        assert_eq!(of_machine(meminfo), Some(3 << 20));
        assert_eq!(of_machine("MemTotal:  24000 kB\n"), None);
        assert_eq!(of_group("1000\n", "300\n"), Some(700));
        assert_eq!(of_group("max\n", "300\n"), None);
        let limits = "Limit      Soft Limit   Hard Limit  Units\nMax address space   2097152   unlimited   bytes\n";
        assert_eq!(of_process(limits, "VmSize:\t    1024 kB\n"), Some(1 << 20));
        let unlimited = limits.replace("2097152", "unlimited");
        assert_eq!(of_process(&unlimited, "VmSize:\t    1024 kB\n"), None);
        assert_eq!(of_process("", ""), None);
        if cfg!(target_os = "linux") {
            assert!(available() < left());
        }
        assert!(most_threads() >= 1);
    }

    #[test]
    fn what_is_refused_for_lack_of_memory_is_left_out_with_a_word() {
        let mut left_out = Vec::new();
        assert_eq!(unless_left_out(Ok(3), &mut left_out).unwrap(), Some(3));
        assert!(left_out.is_empty());
        let made = unless_left_out(check("a table", 2, 1), &mut left_out);
        assert_eq!(made.unwrap(), None);
        assert!(left_out[0].contains("a table"), "{left_out:?}");
        let other = Err::<(), _>(Error::new(ErrorKind::Data, "other"));
        assert!(unless_left_out(other, &mut left_out).is_err());
        assert_eq!(left_out.len(), 1);
    }

    #[test]
    fn work_beyond_what_is_left_is_refused_with_its_need() {
        assert!(check("a table", 5 << 20, 5 << 20).is_ok());
        let error = check("a table", 6 << 20, 5 << 20).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Memory);
        let said = error.to_string();
        for part in [
            "a table needs more memory than is left",
            "at most 5.0 MiB",
            "found 6.0 MiB",
            "ulimit -v",
        ] {
            assert!(said.contains(part), "`{part}` is missing in: {said}");
        }
    }
}
