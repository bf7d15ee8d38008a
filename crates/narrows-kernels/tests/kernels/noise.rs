//! Random numbers: the published words, the same bits on every machine, and the properties of normal numbers.

use crate::bits;
use narrows_kernels::Isa;
use narrows_kernels::noise::{Address, add_normal, fill_uniform, words};

const ADDRESS: Address = Address {
    key: [7, 11],
    counter: [13, 17, 19],
};

#[test]
fn philox_gives_the_published_words() {
    // The known answers that come with Random123 (kat_vectors, philox4x32 10).
    let address = |key, counter| Address { key, counter };
    assert_eq!(
        words(address([0; 2], [0; 3]), 0),
        [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
    );
    assert_eq!(
        words(address([u32::MAX; 2], [u32::MAX; 3]), u32::MAX),
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
    );
    assert_eq!(
        words(
            address(
                [0xa409_3822, 0x299f_31d0],
                [0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]
            ),
            0x243f_6a88
        ),
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    );
}

#[test]
fn every_instruction_set_draws_the_same_bits() {
    for len in [0, 1, 5, 63, 64, 65, 784] {
        let draw = |isa| {
            let (mut normal, mut uniform) = (vec![0.5; len], vec![0.0; len]);
            add_normal(isa, ADDRESS, 0.8, &mut normal);
            fill_uniform(isa, ADDRESS, &mut uniform);
            (bits(&normal), bits(&uniform))
        };
        let best = draw(Isa::best());
        for isa in Isa::available() {
            assert!(draw(isa) == best, "{isa:?}, {len} numbers");
        }
    }
}

#[test]
fn uniform_numbers_are_the_upper_bits_of_the_words_in_order() {
    for isa in Isa::available() {
        let mut drawn = vec![f32::NAN; 1001];
        fill_uniform(isa, ADDRESS, &mut drawn);
        for (i, &drawn) in drawn.iter().enumerate() {
            let word = words(ADDRESS, i as u32 / 4)[i % 4];
            assert_eq!(drawn, (word >> 8) as f32 / (1 << 24) as f32, "number {i}");
        }
    }
}

#[test]
fn normal_numbers_are_those_of_box_and_muller() {
    let mut drawn = vec![0.0; 4096];
    add_normal(Isa::best(), ADDRESS, 1.0, &mut drawn);
    for (block, four) in drawn.chunks(4).enumerate() {
        let w = words(ADDRESS, block as u32).map(f64::from);
        for pair in 0..2 {
            let u = (w[2 * pair] + 0.5) / 4_294_967_296.0;
            let radius = (-2.0 * u.ln()).sqrt();
            let angle = std::f64::consts::TAU * w[2 * pair + 1] / 4_294_967_296.0;
            for (found, expected) in [
                (four[2 * pair], radius * angle.cos()),
                (four[2 * pair + 1], radius * angle.sin()),
            ] {
                assert!(
                    (f64::from(found) - expected).abs() < 1e-5,
                    "{found}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn normal_numbers_have_the_moments_and_tails_of_a_normal_distribution() {
    const COUNT: usize = 1 << 20;
    let mut drawn = vec![0.0; COUNT];
    add_normal(Isa::best(), ADDRESS, 2.0, &mut drawn);
    let mean_of = |f: &dyn Fn(f64) -> f64| {
        drawn.iter().map(|&x| f(f64::from(x) / 2.0)).sum::<f64>() / COUNT as f64
    };
    // Five standard errors each.
    let within = |found: f64, expected: f64, variance: f64| {
        let bound = 5.0 * (variance / COUNT as f64).sqrt();
        assert!((found - expected).abs() < bound, "{found}, not {expected}");
    };
    within(mean_of(&|x| x), 0.0, 1.0);
    within(mean_of(&|x| x * x), 1.0, 2.0);
    within(mean_of(&|x| x * x * x), 0.0, 15.0);
    within(mean_of(&|x| x.powi(4)), 3.0, 96.0);
    for (limit, share) in [(1.0, 0.317_310_5), (2.0, 0.045_500_3), (3.0, 0.002_699_8)] {
        let beyond = mean_of(&|x| f64::from(u8::from(x.abs() > limit)));
        within(beyond, share, share * (1.0 - share));
    }
    let neighbors = drawn
        .windows(2)
        .map(|pair| f64::from(pair[0]) * f64::from(pair[1]) / 4.0);
    within(neighbors.sum::<f64>() / COUNT as f64, 0.0, 1.0);
}

#[test]
fn another_address_gives_other_numbers() {
    let draw = |address| {
        let mut row = vec![0.0; 100];
        fill_uniform(Isa::best(), address, &mut row);
        row
    };
    let here = draw(ADDRESS);
    assert!(here.iter().all(|u| (0.0..1.0).contains(u)));
    for place in 0..3 {
        let mut other = ADDRESS;
        other.counter[place] += 1;
        let same = draw(other)
            .iter()
            .zip(&here)
            .filter(|(a, b)| a == b)
            .count();
        assert!(same < 5, "{same} numbers are the same");
    }
}
