//! What each noise must be, and that it is the same for the same address.

use super::*;
use crate::rng::Purpose;

const LEN: usize = 20_000;

fn corrupted(corruption: Corruption, address: (u32, u32)) -> Vec<f32> {
    let draws = Draws::new(3, Purpose::Corruption);
    let (mut row, mut scratch) = (vec![0.25; LEN], vec![0.0; LEN]);
    corruption.apply(Isa::best(), &draws, address, &mut row, &mut scratch);
    row
}

fn share(row: &[f32], value: f32) -> f64 {
    row.iter().filter(|&&x| x == value).count() as f64 / LEN as f64
}

#[test]
fn gaussian_noise_has_its_deviation_around_the_value() {
    let row = corrupted(Corruption::Gaussian { deviation: 0.8 }, (0, 0));
    let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / LEN as f64;
    let variance = row
        .iter()
        .map(|&x| (f64::from(x) - mean).powi(2))
        .sum::<f64>()
        / LEN as f64;
    assert!((mean - 0.25).abs() < 0.03, "{mean}");
    assert!((variance.sqrt() - 0.8).abs() < 0.02, "{variance}");
}

#[test]
fn salt_and_pepper_come_in_equal_shares() {
    let row = corrupted(Corruption::SaltAndPepper { level: 0.3 }, (0, 0));
    for (value, expected) in [(1.0, 0.15), (0.0, 0.15), (0.25, 0.7)] {
        let found = share(&row, value);
        assert!((found - expected).abs() < 0.015, "{found} of {value}");
    }
}

#[test]
fn masking_drops_its_share_and_keeps_the_rest() {
    let row = corrupted(Corruption::Masking { drop: 0.8 }, (0, 0));
    assert!((share(&row, 0.0) - 0.8).abs() < 0.015);
    assert_eq!(share(&row, 0.0) + share(&row, 0.25), 1.0);
    let all = corrupted(Corruption::Masking { drop: 1.0 }, (0, 0));
    assert_eq!(share(&all, 0.0), 1.0);
    let none = corrupted(Corruption::Masking { drop: 0.0 }, (0, 0));
    assert_eq!(share(&none, 0.25), 1.0);
}

#[test]
fn noise_follows_from_its_address_alone() {
    for corruption in [
        Corruption::Gaussian { deviation: 0.8 },
        Corruption::SaltAndPepper { level: 0.3 },
        Corruption::Masking { drop: 0.5 },
    ] {
        let here = corrupted(corruption, (2, 7));
        assert!(here == corrupted(corruption, (2, 7)));
        assert!(here != corrupted(corruption, (3, 7)), "another epoch");
        assert!(here != corrupted(corruption, (2, 8)), "another sample");
    }
}

#[test]
fn a_noise_is_read_from_a_name_and_a_strength() {
    assert_eq!(
        Corruption::parse("gaussian=0.8").unwrap(),
        Corruption::Gaussian { deviation: 0.8 }
    );
    assert_eq!(
        Corruption::parse("masking=0.5").unwrap(),
        Corruption::Masking { drop: 0.5 }
    );
    assert_eq!(
        Corruption::parse("masking-keep=0.25").unwrap(),
        Corruption::Masking { drop: 0.75 }
    );
    let Corruption::Masking { drop } = Corruption::parse("masking-keep=0.2").unwrap() else {
        panic!("another noise");
    };
    assert!((drop - 0.8).abs() < 1e-6);
    for wrong in [
        "keep=0.2",
        "masking-keep=2",
        "masking-drop=0.1",
        "gaussian",
        "gaussian=",
        "gaussian=-1",
        "gaussian=loud",
        "gauss=1",
        "masking=1.5",
        "salt-and-pepper=nan",
        "=1",
        "",
    ] {
        let error = Corruption::parse(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Recipe, "{wrong}");
    }
    let error = Corruption::parse("keep=0.2").unwrap_err().to_string();
    for form in ["gaussian=", "salt-and-pepper=", "masking=", "masking-keep="] {
        assert!(error.contains(form), "{error}");
    }
}
