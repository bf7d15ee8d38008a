//! The structural similarity of images (Wang, Bovik, Sheikh & Simoncelli 2004, "Image quality
//! assessment: from error visibility to structural similarity").

/// The side of the window.
pub(super) const WINDOW: usize = 7;

/// The constants that keep the two fractions away from a division by zero, as shares of the range.
const K1: f64 = 0.01;
const K2: f64 = 0.03;

/// The structural similarity index of an image and its reconstruction. It is at most 1, the value for equal images.
///
/// ```text
/// (2 μx μy + C₁) (2 σxy + C₂)
/// ─────────────────────────────────   with C₁ = (0.01 · range)², C₂ = (0.03 · range)²
/// (μx² + μy² + C₁) (σx² + σy² + C₂)
/// ```
///
/// Means and sample covariances (divided by 48) are over windows of 7 × 7 values with equal weights. The index is
/// averaged over all windows inside the image, then over the channels. It equals scikit-image's `structural_similarity`
/// with `channel_axis=0` for float64 images.
///
/// Rows are `[channels, height, width]` one after the other. `data_range` is the range of the values, in their units.
///
/// # Panics
///
/// If the rows do not have this shape, or if the images are smaller than the window.
pub fn ssim(
    clean: &[f32],
    reconstructed: &[f32],
    [channels, height, width]: [usize; 3],
    data_range: f64,
) -> f64 {
    assert!(
        height >= WINDOW && width >= WINDOW,
        "images of at least 7 × 7"
    );
    let pixels = height * width;
    assert!(
        clean.len() == channels * pixels && reconstructed.len() == clean.len(),
        "rows of the shape"
    );
    let planes = clean
        .chunks_exact(pixels)
        .zip(reconstructed.chunks_exact(pixels));
    planes
        .map(|(clean, other)| of_plane(clean, other, width, data_range))
        .sum::<f64>()
        / channels as f64
}

/// The sums over a window of `x`, `y`, `x²`, `y²` and `xy`.
type Sums = [f64; 5];

fn of_plane(x: &[f32], y: &[f32], width: usize, range: f64) -> f64 {
    let (c1, c2) = ((K1 * range).powi(2), (K2 * range).powi(2));
    let count = (WINDOW * WINDOW) as f64;
    let of_window = |[x, y, xx, yy, xy]: Sums| {
        let (mx, my) = (x / count, y / count);
        let covariance = |products: f64, means: f64| (products - count * means) / (count - 1.0);
        let (vx, vy) = (covariance(xx, mx * mx), covariance(yy, my * my));
        let vxy = covariance(xy, mx * my);
        (2.0 * mx * my + c1) * (2.0 * vxy + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    };
    // The window moves down row by row: `columns` holds the sums of each column of the window. For each step, one row
    // is added and one is subtracted.
    let mut columns = vec![[0.0; 5]; width];
    let add = |columns: &mut [Sums], row: usize, sign: f64| {
        let row = row * width..(row + 1) * width;
        for ((sums, &x), &y) in columns.iter_mut().zip(&x[row.clone()]).zip(&y[row]) {
            let (x, y) = (f64::from(x), f64::from(y));
            for (sum, value) in sums.iter_mut().zip([x, y, x * x, y * y, x * y]) {
                *sum += sign * value;
            }
        }
    };
    let height = x.len() / width;
    let mut total = 0.0;
    for row in 0..height {
        add(&mut columns, row, 1.0);
        if row + 1 < WINDOW {
            continue;
        }
        if row >= WINDOW {
            add(&mut columns, row - WINDOW, -1.0);
        }
        for window in columns.windows(WINDOW) {
            let mut sums = [0.0; 5];
            for column in window {
                for (sum, value) in sums.iter_mut().zip(column) {
                    *sum += value;
                }
            }
            total += of_window(sums);
        }
    }
    total / ((height - WINDOW + 1) * (width - WINDOW + 1)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(seed: u32) -> Vec<f32> {
        (0..2 * 9 * 11)
            .map(|i: u32| ((i * 37 + seed * 101) % 256) as f32)
            .collect()
    }

    #[test]
    fn an_image_is_like_itself_and_unlike_others() {
        let shape = [2, 9, 11];
        let a = image(0);
        assert!((ssim(&a, &a, shape, 255.0) - 1.0).abs() < 1e-12);
        let other = ssim(&a, &image(1), shape, 255.0);
        assert!(other < 0.5, "{other}");
        let negative: Vec<f32> = a.iter().map(|value| 255.0 - value).collect();
        assert!(ssim(&a, &negative, shape, 255.0) < 0.0);
    }

    #[test]
    fn units_do_not_matter_and_the_two_images_may_change_places() {
        let shape = [2, 9, 11];
        let (a, b) = (image(0), image(3));
        let bytes = ssim(&a, &b, shape, 255.0);
        assert!((bytes - ssim(&b, &a, shape, 255.0)).abs() < 1e-12);
        let unit = |image: &[f32]| image.iter().map(|v| v / 256.0).collect::<Vec<_>>();
        let scaled = ssim(&unit(&a), &unit(&b), shape, 255.0 / 256.0);
        assert!((bytes - scaled).abs() < 1e-12);
    }

    #[test]
    fn flat_images_have_the_similarity_of_their_means() {
        let flat = |value: f32| vec![value; 49];
        let (a, b) = (0.25f64, 0.75f64);
        let expected = (2.0 * a * b + 1e-4) / (a * a + b * b + 1e-4);
        let found = ssim(&flat(0.25), &flat(0.75), [1, 7, 7], 1.0);
        assert!((found - expected).abs() < 1e-12);
    }
}
