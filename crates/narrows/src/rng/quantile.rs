//! Quantiles of the standard normal distribution.

/// Up to here from 0, and as far from 1, a number is in a tail.
const TAIL: f64 = 0.02425;

/// The polynomials of Acklam's approximation ("An algorithm for computing the inverse normal cumulative distribution
/// function", 2003), the highest power first: numerator and denominator in the middle, and in the tails.
const MIDDLE: [[f64; 6]; 2] = [
    [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ],
    [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
        1.0,
    ],
];
const OUTSIDE: [[f64; 6]; 2] = [
    [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ],
    [
        0.0,
        0.007_784_695_709_041_462,
        0.322_467_129_070_039_8,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ],
];

/// The number below which a share of the standard normal distribution lies, within 1.2e-9 of its size; none for a share
/// that is not above 0 and below 1.
pub(crate) fn normal_quantile(share: f64) -> Option<f64> {
    let is_possible = share > 0.0 && share < 1.0;
    let half = share.min(1.0 - share);
    let ratio = |[numerator, denominator]: [[f64; 6]; 2], x: f64| {
        let value = |polynomial: [f64; 6]| polynomial.iter().fold(0.0, |sum, term| sum * x + term);
        value(numerator) / value(denominator)
    };
    let quantile = if half < TAIL {
        let lower = ratio(OUTSIDE, (-2.0 * half.ln()).sqrt());
        if share < 0.5 { lower } else { -lower }
    } else {
        let x = share - 0.5;
        x * ratio(MIDDLE, x * x)
    };
    is_possible.then_some(quantile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        for (share, expected) in [
            (0.5, 0.0),
            (0.05, -1.644_853_626_951_472_2),
            (0.95, 1.644_853_626_951_472_2),
            (0.001, -3.090_232_306_167_813),
            (0.999, 3.090_232_306_167_813),
            (0.3, -0.524_400_512_708_040_9),
        ] {
            let found = normal_quantile(share).unwrap();
            assert!((found - expected).abs() < 5e-9, "{share}: {found}");
        }
        for share in [0.0, 1.0, -0.1, f64::NAN] {
            assert_eq!(normal_quantile(share), None);
        }
    }
}
