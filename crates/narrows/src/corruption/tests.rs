//! The properties of each noise; the noise is the same for the same address.

use super::*;
use crate::ErrorKind;
use crate::rng::Draws;
use crate::rng::Purpose;
use narrows_kernels::Isa;

const LEN: usize = 20_000;

fn corrupted(corruption: &Corruption, (epoch, sample): (u32, u32)) -> Vec<f32> {
    let draws = Draws::new(3, Purpose::Corruption);
    let (mut row, mut scratch) = (vec![0.25; LEN], vec![0.0; LEN]);
    corruption.apply(Target {
        isa: Isa::best(),
        address: draws.address(epoch, sample),
        row: &mut row,
        scratch: &mut scratch,
    });
    row
}

fn fraction(row: &[f32], value: f32) -> f64 {
    row.iter().filter(|&&x| x == value).count() as f64 / LEN as f64
}

#[test]
fn gaussian_noise_has_its_std_around_the_value() {
    let row = corrupted(&Corruption::gaussian(0.8), (0, 0));
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
fn salt_and_pepper_come_in_equal_fractions() {
    let row = corrupted(&Corruption::salt_and_pepper(0.3), (0, 0));
    for (value, expected) in [(1.0, 0.15), (0.0, 0.15), (0.25, 0.7)] {
        let found = fraction(&row, value);
        assert!((found - expected).abs() < 0.015, "{found} of {value}");
    }
}

#[test]
fn masking_drops_its_fraction_and_keeps_the_rest() {
    let row = corrupted(&Corruption::masking(0.8), (0, 0));
    assert!((fraction(&row, 0.0) - 0.8).abs() < 0.015);
    assert_eq!(fraction(&row, 0.0) + fraction(&row, 0.25), 1.0);
    let all = corrupted(&Corruption::masking(1.0), (0, 0));
    assert_eq!(fraction(&all, 0.0), 1.0);
    let none = corrupted(&Corruption::masking(0.0), (0, 0));
    assert_eq!(fraction(&none, 0.25), 1.0);
}

#[test]
fn noise_follows_from_its_address_alone() {
    for corruption in [
        Corruption::gaussian(0.8),
        Corruption::salt_and_pepper(0.3),
        Corruption::masking(0.5),
    ] {
        let here = corrupted(&corruption, (2, 7));
        assert!(here == corrupted(&corruption, (2, 7)));
        assert!(here != corrupted(&corruption, (3, 7)), "another epoch");
        assert!(here != corrupted(&corruption, (2, 8)), "another sample");
    }
}

#[test]
fn a_noise_is_read_from_a_name_and_a_strength() {
    for (text, corruption) in [
        ("gaussian=0.8", Corruption::gaussian(0.8)),
        ("gaussian-std=0.8", Corruption::gaussian(0.8)),
        ("masking=0.5", Corruption::masking(0.5)),
        ("masking-fraction=0.5", Corruption::masking(0.5)),
        ("salt-and-pepper=0", Corruption::salt_and_pepper(0.0)),
    ] {
        assert_eq!(Corruption::parse(text).unwrap(), (corruption, Vec::new()));
    }
    // Older names of keys.
    for (text, corruption, now) in [
        ("gaussian-deviation=0.8", Corruption::gaussian(0.8), "std"),
        (
            "salt-and-pepper-level=0.25",
            Corruption::salt_and_pepper(0.25),
            "fraction",
        ),
        ("masking-drop=0.1", Corruption::masking(0.1), "fraction"),
        ("masking-keep=0.25", Corruption::masking(0.75), "fraction"),
        ("masking-keep=0.9", Corruption::masking(0.1), "fraction"),
    ] {
        let (found, notes) = Corruption::parse(text).unwrap();
        assert_eq!(found, corruption, "{text}");
        let [note] = &notes[..] else {
            panic!("{text}: {notes:?}");
        };
        assert!(
            note.starts_with(&format!("corruption `{text}`: `")) && note.contains(now),
            "{note}"
        );
    }
    for wrong in [
        "keep=0.2",
        "masking-keep=2",
        "masking-std=0.1",
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
    for form in [
        "gaussian=STD",
        "salt-and-pepper=FRACTION",
        "masking=FRACTION",
    ] {
        assert!(error.contains(form), "{error}");
    }
}
