//! Whether the machine has the memory that training needs, before any of it is taken: the system ends a
//! process that asks for more, without a word that would help.

use super::Memory;
use crate::error::{Error, ErrorKind, Result};

/// Refuses a plan that needs more than is `available`, if that is known.
pub(super) fn check(plan: &Memory, available: Option<usize>) -> Result<()> {
    let Some(available) = available.filter(|&available| plan.total() > available) else {
        return Ok(());
    };
    let gib = |bytes: usize| format!("{:.2} GiB", bytes as f64 / f64::from(1 << 30));
    Err(Error::new(
        ErrorKind::Recipe,
        "training needs more memory than there is",
    )
    .expected(format!("at most {}", gib(available)))
    .found(format!(
        "{}: parameters {}, the optimizer {}, activations {}, the whole gradient {}",
        gib(plan.total()),
        gib(plan.parameters),
        gib(plan.optimizer),
        gib(plan.activations),
        gib(plan.scratch)
    ))
    .hint("give the layers fewer outputs, or choose a smaller training.batch_size"))
}

/// The bytes that this process can still get, where the system says: Linux does.
pub(crate) fn available() -> Option<usize> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (machine, limits) = (read("/proc/meminfo"), read("/proc/self/limits"));
    [
        of_machine(&machine),
        of_group(
            &read("/sys/fs/cgroup/memory.max"),
            &read("/sys/fs/cgroup/memory.current"),
        ),
        of_process(&limits, &read("/proc/self/status")),
    ]
    .into_iter()
    .flatten()
    .min()
}

/// The number behind a name at the beginning of a line.
fn number(text: &str, name: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What the machine has left, swap included, from `/proc/meminfo`.
fn of_machine(meminfo: &str) -> Option<usize> {
    let kib = number(meminfo, "MemAvailable:")? + number(meminfo, "SwapFree:").unwrap_or(0);
    Some(kib * 1024)
}

/// What a container has left, from its control group.
fn of_group(max: &str, current: &str) -> Option<usize> {
    let [max, current] = [max, current].map(|text| text.trim().parse::<usize>().ok());
    Some(max?.saturating_sub(current?))
}

/// What `ulimit -v` leaves, from `/proc/self/limits` and `/proc/self/status`.
fn of_process(limits: &str, status: &str) -> Option<usize> {
    let max = number(limits, "Max address space")?;
    Some(max.saturating_sub(number(status, "VmSize:")? * 1024))
}

#[cfg(test)]
mod tests {
    use super::super::{Setting, StepPlan};
    use super::*;
    use crate::Recipe;
    use crate::data::{Dataset, Values};
    use crate::network::Network;

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
            assert!(available().is_some());
        }
    }

    #[test]
    fn steps_take_what_was_planned() {
        let pixels = ndarray::Array2::from_shape_fn((600, 784), |(r, c)| ((r * c) % 251) as u8);
        let data = Dataset::new("pattern", Values::U8(pixels), vec![1, 28, 28], None).unwrap();
        for name in [
            "simple-linear",
            "contractive",
            "contractive:free",
            "denoising",
        ] {
            let mut recipe =
                Recipe::named(name).unwrap_or_else(|_| Recipe::load(name, &[]).unwrap());
            recipe.batch_size = 512;
            recipe.clip_norm = 1.0;
            let network = recipe.network(data.shape()).unwrap();
            let least = Memory::least(&recipe, &network);
            let setting = Setting::of(&recipe.clone(), network).unwrap();
            let planned = StepPlan::new(setting, 512, 2).unwrap();
            let memory = planned.memory();
            let taken = planned.stepper().memory();
            assert_eq!(memory.parameters, taken.parameters, "{name}");
            assert_eq!(memory.optimizer, taken.optimizer, "{name}");
            assert_eq!(memory.activations, taken.activations, "{name}");
            // What products keep is known when there are threads.
            assert!(memory.scratch <= taken.scratch, "{name}");
            assert!(2 * memory.scratch > taken.scratch, "{name}");
            assert!(least.total() < memory.total(), "{name}");
        }
    }

    #[test]
    fn a_plan_beyond_what_is_there_is_refused_with_its_parts() {
        let plan = Memory {
            parameters: 1 << 30,
            optimizer: 2 << 30,
            activations: 1 << 29,
            scratch: 0,
        };
        assert!(check(&plan, None).is_ok());
        assert!(check(&plan, Some(4 << 30)).is_ok());
        let error = check(&plan, Some(3 << 30)).unwrap_err().to_string();
        for part in [
            "at most 3.00 GiB",
            "found 3.50 GiB",
            "parameters 1.00 GiB",
            "the optimizer 2.00 GiB",
            "activations 0.50 GiB",
            "training.batch_size",
        ] {
            assert!(error.contains(part), "`{part}` is missing in: {error}");
        }
    }
}
