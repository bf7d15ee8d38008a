//! Checks that the machine has the memory that training needs, before any of it is allocated: the system ends a process
//! that allocates more, without a helpful message.

use super::Memory;
use crate::error::{Error, ErrorKind, Result};
use crate::memory::words;

/// Refuses a plan that needs more than `available`, if that is known.
pub(super) fn check(plan: &Memory, available: Option<usize>) -> Result<()> {
    let Some(available) = available.filter(|&available| plan.total() > available) else {
        return Ok(());
    };
    Err(
        Error::new(ErrorKind::Recipe, "training needs more memory than is left")
            .expected(format!("at most {}", words(available)))
            .found(format!(
                "{}: parameters {}, the optimizer {}, activations {}, the whole gradient {}",
                words(plan.total()),
                words(plan.parameters),
                words(plan.optimizer),
                words(plan.activations),
                words(plan.scratch)
            ))
            .hint("give the layers fewer outputs, or choose a smaller training.batch_size"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Setting, StepPlan};
    use super::*;
    use crate::Recipe;
    use crate::data::{Dataset, Values};

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
            // The memory of products is known only when the threads exist.
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
            "activations 512.0 MiB",
            "training.batch_size",
        ] {
            assert!(error.contains(part), "`{part}` is missing in: {error}");
        }
    }
}
