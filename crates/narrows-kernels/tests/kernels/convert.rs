//! Conversions.

use narrows_kernels::Isa;
use narrows_kernels::convert::scale_bytes;

#[test]
fn bytes_are_scaled_each_by_itself() {
    let all: Vec<u8> = (0..=255).cycle().take(300).collect();
    for isa in Isa::available() {
        for (offset, factor) in [(0.0, 1.0), (0.0, 1.0 / 255.0), (33.3, 0.0127), (-5.0, -2.0)] {
            for len in (0..=70).chain([256, 300]) {
                for skip in [0, 1, 5] {
                    let bytes = &all[skip.min(len)..len];
                    let mut out = vec![9.0; bytes.len()];
                    scale_bytes(isa, bytes, offset, factor, &mut out);
                    for (&byte, out) in bytes.iter().zip(out) {
                        let expected = (f32::from(byte) - offset) * factor;
                        assert_eq!(out.to_bits(), expected.to_bits(), "{byte} of {len}");
                    }
                }
            }
        }
    }
}

#[test]
#[should_panic]
fn scale_bytes_refuses_other_lengths() {
    scale_bytes(Isa::best(), &[0; 3], 0.0, 1.0, &mut [0.0; 2]);
}
