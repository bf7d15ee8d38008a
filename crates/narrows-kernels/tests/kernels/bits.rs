//! The same memory, read as other types.

use narrows_kernels::Aligned;
use narrows_kernels::bits::*;

#[test]
fn numbers_and_words_are_the_same_bits() {
    let mut numbers = [1.0f32, -0.0, f32::NAN, f32::from_bits(1)];
    let expected: Vec<u32> = numbers.iter().map(|x| x.to_bits()).collect();
    assert_eq!(words(&numbers), expected);
    words_mut(&mut numbers)[1] = 2.5f32.to_bits();
    assert_eq!(numbers[1], 2.5);
    let mut indices = [7, u32::MAX, 1.5f32.to_bits()];
    assert_eq!(floats(&indices)[2], 1.5);
    floats_mut(&mut indices)[0] = -3.0;
    assert_eq!(indices, [(-3.0f32).to_bits(), u32::MAX, 1.5f32.to_bits()]);
    // There and back, any bits.
    let all: Vec<u32> = (0..=u32::MAX).step_by(65_537).collect();
    assert_eq!(words(floats(&all)), all);
    assert!(words(&[]).is_empty() && floats(&[]).is_empty());
}

#[test]
fn pairs_of_words_where_they_are_aligned_and_even() {
    // A cache line, so that its first number begins on a multiple of 8 bytes.
    let mut arena = Aligned::zeros(16);
    let arena = words_mut(&mut arena);
    for (i, word) in arena.iter_mut().enumerate() {
        *word = i as u32;
    }
    for start in 0..16 {
        for end in start..=16 {
            let fits = (start % 2 == 0 || start == end) && (end - start) % 2 == 0;
            let words = &mut arena[start..end];
            assert_eq!(pairs(words).is_some(), fits, "{start}..{end}");
            assert_eq!(pairs_mut(words).is_some(), fits, "{start}..{end}");
            assert_eq!(doubles(words).is_some(), fits, "{start}..{end}");
            assert_eq!(doubles_mut(words).is_some(), fits, "{start}..{end}");
        }
    }
    let found: Vec<[u8; 8]> = pairs(&arena[2..6])
        .expect("aligned")
        .iter()
        .map(|pair| pair.to_ne_bytes())
        .collect();
    let expected: Vec<[u8; 4]> = (2u32..6).map(u32::to_ne_bytes).collect();
    assert_eq!(found.concat(), expected.concat());
    pairs_mut(&mut arena[4..6]).expect("aligned")[0] = u64::MAX;
    assert_eq!(arena[3..7], [3, u32::MAX, u32::MAX, 6]);
    doubles_mut(&mut arena[8..10]).expect("aligned")[0] = -0.1;
    assert_eq!(doubles(&arena[8..10]), Some(&[-0.1][..]));
    assert_eq!(pairs(&arena[8..10]), Some(&[(-0.1f64).to_bits()][..]));
}
