//! Random numbers as a pure function of their address.
//!
//! A number is drawn by its address (seed, purpose, epoch, sample, element), never by its place in a stream. So
//! shuffles and noise do not depend on threads, on how a batch is split, or on whether training was interrupted. The
//! generator is Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").

mod quantile;

pub(crate) use quantile::normal_quantile;

use narrows_kernels::noise::{Address, words};

/// The purpose of a random number: draws for different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// The initial parameters; the "epoch" is the index of the tensor.
    Initialization = 1,
    /// The order of the rows in an epoch.
    Shuffle = 2,
    /// The choice of rows for testing.
    HoldOut = 3,
    /// The corruption of a row in training.
    Corruption = 4,
    /// The corruption of a row in evaluation; the "epoch" is the number of the draw.
    TestCorruption = 5,
    /// The probes of a penalty on derivatives.
    Probes = 6,
    /// The initial basis of the search for principal components of wide rows.
    Subspace = 7,
    /// The choice of rows for validation.
    Validation = 8,
    /// Rows for trying an exported model.
    SampleRows = 9,
    /// The corruption of a validation row; the "epoch" is 0.
    ValidationCorruption = 10,
    /// The probes of a penalty on derivatives in validation; the "epoch" is 0.
    ValidationProbes = 11,
    /// The values that a layer drops in training.
    Dropout = 12,
    /// New codes, and the start of a mixture that is fitted to codes; the "epoch" is the upper half of the sample's number.
    Samples = 14,
    /// The codes that a bottleneck draws in training.
    Code = 13,
    /// The codes that it draws where the loss on validation rows is measured; the "epoch" is 0.
    ValidationCode = 15,
    /// The codes that a score is the mean over, the same for each row; the "epoch" is the number of the draw.
    ScoreCode = 16,
    /// The codes that an evaluation draws for its test rows; the "epoch" is the number of the draw.
    TestCode = 17,
    /// The values that are drawn as 0 or 1 in training.
    Binarization = 18,
    /// The values that are drawn as 0 or 1 in validation; the "epoch" is 0.
    ValidationBinarization = 19,
    /// The values that are drawn as 0 or 1 in evaluation; the "epoch" is 0.
    TestBinarization = 20,
    /// The same of the training rows that baselines are fitted on.
    FittedBinarization = 21,
    /// The choice of rows that new rows are compared with; the "epoch" is 0 for training rows, 1 for test rows.
    ComparedRows = 22,
}

/// The draws of one seed for one purpose.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    key: [u32; 2],
    /// The purpose, and in the bits above it the number of the part that draws.
    counter: u32,
}

/// The bits of a counter that hold the purpose.
const PURPOSE_BITS: u32 = 8;

impl Draws {
    /// The draws of `seed` for `purpose`.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Draws {
            key: [seed as u32, (seed >> 32) as u32],
            counter: purpose as u32,
        }
    }

    /// The draws of one of several parts with the same purpose, counted from 0. The first part has the draws of the
    /// purpose itself.
    pub fn of_part(self, number: u32) -> Self {
        let purpose = self.counter & ((1 << PURPOSE_BITS) - 1);
        Draws {
            counter: purpose | number << PURPOSE_BITS,
            ..self
        }
    }

    /// Four independent words for elements `4 * block` to `4 * block + 3` of a sample in an epoch.
    pub fn words(&self, epoch: u32, sample: u32, block: u32) -> [u32; 4] {
        words(self.address(epoch, sample), block)
    }

    /// The address of the numbers of a sample in an epoch.
    pub fn address(&self, epoch: u32, sample: u32) -> Address {
        Address {
            key: self.key,
            counter: [sample, epoch, self.counter],
        }
    }

    /// A number in `0..below`, uniform except for a bias under `below / 2⁶⁴`.
    pub fn below(&self, epoch: u32, sample: u32, below: usize) -> usize {
        let [low, high, ..] = self.words(epoch, sample, 0);
        let word = u64::from(high) << 32 | u64::from(low);
        ((u128::from(word) * below as u128) >> 64) as usize
    }

    /// A random order of `0..rows`, by Fisher and Yates' shuffle.
    pub fn permutation(&self, epoch: u32, rows: usize) -> Vec<u32> {
        let mut order = Vec::new();
        self.permute(epoch, rows, &mut order);
        order
    }

    /// As [`Draws::permutation`], into existing memory.
    pub fn permute(&self, epoch: u32, rows: usize, order: &mut Vec<u32>) {
        order.clear();
        order.extend(0..rows as u32);
        for last in (1..rows).rev() {
            order.swap(last, self.below(epoch, last as u32, last + 1));
        }
    }
}

/// A word as a number in [0, 1), of 24 bits.
pub fn uniform(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / (1 << 24) as f32)
}

/// Two words as two independent standard normal numbers (Box & Muller 1958).
pub fn normal(words: [u32; 2]) -> [f32; 2] {
    // In (0, 1], for the logarithm.
    let radius = (-2.0 * ((f64::from(words[0]) + 1.0) / 4_294_967_296.0).ln()).sqrt();
    let angle = std::f64::consts::TAU * (f64::from(words[1]) / 4_294_967_296.0);
    [(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_has_every_row_once_and_depends_on_seed_and_epoch() {
        let draws = Draws::new(7, Purpose::Shuffle);
        let order = draws.permutation(0, 1000);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
        assert_eq!(order, draws.permutation(0, 1000));
        assert_ne!(order, draws.permutation(1, 1000));
        assert_ne!(order, Draws::new(8, Purpose::Shuffle).permutation(0, 1000));
        assert_ne!(order, Draws::new(7, Purpose::HoldOut).permutation(0, 1000));
    }

    #[test]
    fn each_row_comes_first_about_equally_often() {
        let draws = Draws::new(1, Purpose::Shuffle);
        let mut first = [0u32; 10];
        for epoch in 0..10_000 {
            first[draws.permutation(epoch, 10)[0] as usize] += 1;
        }
        // Expected 1000, deviation 30: five deviations.
        assert!(first.iter().all(|&n| (850..1150).contains(&n)), "{first:?}");
    }

    #[test]
    fn normal_numbers_have_the_moments_of_the_normal_distribution() {
        let draws = Draws::new(3, Purpose::Initialization);
        let n = 100_000;
        let numbers: Vec<f64> = (0..n / 4)
            .flat_map(|block| {
                let [a, b, c, d] = draws.words(0, 0, block);
                [normal([a, b]), normal([c, d])].concat()
            })
            .map(f64::from)
            .collect();
        let moment =
            |power| numbers.iter().map(|x: &f64| x.powi(power)).sum::<f64>() / f64::from(n);
        assert!(moment(1).abs() < 0.016 && (moment(2) - 1.0).abs() < 0.023);
        assert!(moment(3).abs() < 0.062 && (moment(4) - 3.0).abs() < 0.16);
    }
}
