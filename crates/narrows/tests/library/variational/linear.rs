//! A linear variational autoencoder, whose log likelihood is known.

use super::*;

/// Rows of a Gaussian distribution of 12 values: three directions of large variance, and noise.
pub(super) fn gaussian_rows(count: usize, seed: u64) -> Array2<f32> {
    let draws = Draws::new(seed, Purpose::SampleRows);
    let mut normal = vec![0.0f32; 15];
    Array2::from_shape_vec(
        (count, 12),
        (0..count as u32)
            .flat_map(|row| {
                normal.fill(0.0);
                add_normal(Isa::best(), draws.address(0, row), 1.0, &mut normal);
                let (noise, factors) = normal.split_at(12);
                (0..12)
                    .map(|j| {
                        let angle = j as f32 * 0.7;
                        let directions = [angle.sin(), (2.0 * angle).cos(), (0.5 * angle).sin()];
                        let sum: f32 = directions
                            .iter()
                            .zip(factors)
                            .zip([2.0, 1.4, 1.0])
                            .map(|((direction, factor), size)| direction * factor * size)
                            .sum();
                        1.0 + sum + 0.5 * noise[j]
                    })
                    .collect::<Vec<f32>>()
            })
            .collect(),
    )
    .unwrap()
}

pub(super) fn linear(epochs: usize) -> Recipe {
    let text = format!(
        "name = 'linear'\nencoder = [{{ layer = 'dense', outputs = 6 }}]\nbottleneck = {{ kind = 'variational' }}\n\
         decoder = [{{ layer = 'dense' }}]\nobjective = {{ reconstruction = 'gaussian' }}\nscaling = {{ kind = 'none' }}\n\
         optimizer = {{ kind = 'adam', learning_rate = 1e-2 }}\nschedule = {{ kind = 'cosine' }}\n\
         training = {{ epochs = {epochs}, batch_size = 100 }}"
    );
    Recipe::parse(&text, "linear.toml").unwrap()
}

/// The best bound of a linear variational autoencoder is the log likelihood of probabilistic PCA (Tipping & Bishop 1999).
#[test]
fn a_linear_variational_autoencoder_is_probabilistic_pca() {
    let rows = gaussian_rows(3000, 1);
    let model = narrows::fit(&linear(400), &Dataset::from_array(rows.view()).unwrap()).unwrap();
    let found = evaluated(&model, &rows, &rows, 20);
    let ppca = found.ppca_test_nll.unwrap();
    // The mean of one code a row varies; that of weights does not where the encoder has found the posterior.
    let sampled = found.sampled.unwrap();
    assert!(
        (found.test_bound - ppca).abs() < 0.01 * ppca && (sampled.test_nll - ppca).abs() < 0.03,
        "{} and {}, not {ppca}",
        found.test_bound,
        sampled.test_nll
    );
    assert!(found.is_likelihood);
    let [std] = model.learned_stds().unwrap()[..] else {
        panic!("one std");
    };
    assert!((std - 0.5).abs() < 0.01, "{std}");
    assert_eq!(found.active_units, 3);
    // KL at the optimum: half the logarithm of each variance over that of the noise.
    assert!((found.kl_of_values.iter().sum::<f64>() - found.test_kl).abs() < 1e-3);
}

/// Importance sampling finds the log likelihood of a linear Gaussian model, which is known, also where the encoder is far
/// from the posterior.
#[test]
fn importance_sampling_finds_the_exact_log_likelihood() {
    let rows = gaussian_rows(2000, 2);
    let model = narrows::fit(&linear(3), &Dataset::from_array(rows.view()).unwrap()).unwrap();
    let test = rows.slice(ndarray::s![..200, ..]).to_owned();
    let [few, many] = [1, 3000].map(|samples| evaluated(&model, &rows, &test, samples));
    let [few, many] = [&few, &many].map(|found| found.sampled.unwrap());
    // Of one sample it is an estimate of the bound.
    let error = (few.test_nll - evaluated(&model, &rows, &test, 1).test_bound).abs();
    assert!(error < 4.0 * few.nll_standard_error, "{error}");
    assert!(many.test_nll < few.test_nll);
    // x ~ N(b, W Wᵀ + s² I)
    let parameters = wide(model.parameters().flat());
    let (_, rest) = parameters.split_at(6 * 13);
    let (weights, bias) = rest.split_at(12 * 3);
    let variance = model.learned_stds().unwrap()[0].powi(2);
    let mut covariance = vec![vec![0.0; 12]; 12];
    for (i, row) in covariance.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            let products = (0..3).map(|k| weights[3 * i + k] * weights[3 * j + k]);
            *value = products.sum::<f64>() + if i == j { variance } else { 0.0 };
        }
    }
    let nll = |x: &[f64]| {
        // Gaussian elimination: the determinant, and what solves C y = d.
        let mut all: Vec<Vec<f64>> = covariance.clone();
        let d: Vec<f64> = x.iter().zip(bias).map(|(x, b)| x - b).collect();
        let mut y = d.clone();
        let mut log_determinant = 0.0;
        for k in 0..12 {
            log_determinant += all[k][k].ln();
            for i in k + 1..12 {
                let share = all[i][k] / all[k][k];
                let above = all[k].clone();
                all[i]
                    .iter_mut()
                    .zip(above)
                    .for_each(|(a, b)| *a -= share * b);
                y[i] -= share * y[k];
            }
        }
        for k in (0..12).rev() {
            let sum: f64 = (k + 1..12).map(|j| all[k][j] * y[j]).sum();
            y[k] = (y[k] - sum) / all[k][k];
        }
        let square: f64 = d.iter().zip(&y).map(|(d, y)| d * y).sum();
        0.5 * (12.0 * (2.0 * PI).ln() + log_determinant + square)
    };
    let exact: f64 = test
        .rows()
        .into_iter()
        .map(|row| nll(&row.iter().map(|&x| f64::from(x)).collect::<Vec<_>>()))
        .sum::<f64>()
        / 200.0;
    assert!(
        (many.test_nll - exact).abs() < 0.02,
        "{} and {exact}",
        many.test_nll
    );
}
