//! The measures of an evaluation, compared with fixtures. `scripts/metrics.py` makes the fixtures with scikit-image and
//! scikit-learn in float64 from the same numbers.

use narrows::data::{Dataset, Values};
use narrows::evaluate::{Pca, RidgeProbe, mse, nearest_neighbors, psnr, ssim};
use narrows::network::ScaledRows;
use narrows::scaling::{Scaling, ScalingSpec};
use ndarray::Array2;
use safetensors::{Dtype, SafeTensors};

const FIXTURE: &[u8] = include_bytes!("../fixtures/metrics.safetensors");

/// A tensor of the fixture: its shape and its numbers.
fn tensor(name: &str) -> (Vec<usize>, Vec<f64>) {
    let fixture = SafeTensors::deserialize(FIXTURE).unwrap();
    let view = fixture.tensor(name).unwrap();
    let bytes = view.data();
    let numbers = match view.dtype() {
        Dtype::F32 => bytes
            .chunks_exact(4)
            .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
            .collect(),
        Dtype::F64 => bytes
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
            .collect(),
        Dtype::I64 => bytes
            .chunks_exact(8)
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f64)
            .collect(),
        other => panic!("{name} is {other:?}"),
    };
    (view.shape().to_vec(), numbers)
}

/// A tensor of two dimensions or more as rows.
fn rows(name: &str) -> Array2<f32> {
    let (shape, numbers) = tensor(name);
    let width = shape[1..].iter().product();
    let numbers = numbers.iter().map(|&x| x as f32).collect();
    Array2::from_shape_vec((shape[0], width), numbers).unwrap()
}

fn labels(name: &str) -> Vec<i64> {
    tensor(name).1.iter().map(|&x| x as i64).collect()
}

#[track_caller]
fn assert_close(found: f64, expected: f64, bound: f64) {
    assert!((found - expected).abs() <= bound, "{found}, not {expected}");
}

#[test]
fn ssim_and_psnr_are_scikit_image_s() {
    let (shape, _) = tensor("images/clean");
    let (clean, other) = (rows("images/clean"), rows("images/other"));
    let mut errors = 0.0;
    for (index, expected) in tensor("images/ssim").1.into_iter().enumerate() {
        let (a, b) = (clean.row(index), other.row(index));
        let (a, b) = (a.as_slice().unwrap(), b.as_slice().unwrap());
        let found = ssim(a, b, [shape[1], shape[2], shape[3]], 255.0);
        assert_close(found, expected, 1e-10);
        errors += mse(a, b);
    }
    let found = psnr(errors / clean.nrows() as f64, 255.0);
    assert_close(found, tensor("images/psnr").1[0], 1e-10);
}

#[test]
fn pca_is_scikit_learn_s() {
    let dataset = |name| {
        let values = rows(name);
        let width = values.ncols();
        Dataset::new(name, Values::F32(values), vec![width], None).unwrap()
    };
    let (train, test) = (dataset("pca/rows"), dataset("pca/test"));
    let scaling = &Scaling::fit(&ScalingSpec::None, &train).unwrap();
    let scaled = |data| ScaledRows { data, scaling };
    let (_, components) = tensor("pca/components");
    let (_, variances) = tensor("pca/explained_variance");
    let code = variances.len();
    let pca = Pca::fit(&scaled(&train), train.inputs(), code, 2).unwrap();

    // scikit-learn's variance is that of a sample.
    let sample = train.rows() as f64 / (train.rows() - 1) as f64;
    for (found, expected) in pca.variances().iter().zip(&variances) {
        assert_close(found * sample, *expected, 1e-6 * variances[0]);
    }
    for (found, expected) in pca.mean().iter().zip(tensor("pca/mean").1) {
        assert_close(*found, expected, 1e-6);
    }
    // A component may point either way.
    let width = train.inputs();
    let signs: Vec<f64> = (0..code)
        .map(|c| {
            let own = &pca.components()[c * width..(c + 1) * width];
            let theirs = &components[c * width..(c + 1) * width];
            let dot: f64 = own.iter().zip(theirs).map(|(&a, b)| f64::from(a) * b).sum();
            dot.signum()
        })
        .collect();
    for (i, &found) in pca.components().iter().enumerate() {
        assert_close(f64::from(found) * signs[i / width], components[i], 1e-5);
    }
    let codes = pca.encode(code, &scaled(&test), 2);
    for (i, (&found, expected)) in codes.iter().zip(tensor("pca/codes").1).enumerate() {
        assert_close(f64::from(found) * signs[i % code], expected, 3e-5);
    }
    let (_, expected) = tensor("pca/reconstructions");
    let found = pca.reconstruct(code, &scaled(&test), 2);
    for (&found, &expected) in found.iter().zip(&expected) {
        assert_close(f64::from(found), expected, 3e-5);
    }
    let errors = test.to_array();
    let errors = errors
        .iter()
        .zip(&expected)
        .map(|(&x, y)| (f64::from(x) - y).powi(2));
    let expected = errors.sum::<f64>() / expected.len() as f64;
    let found = pca.reconstruction_mse(code, &scaled(&test), 2);
    assert_close(found, expected, 1e-5 * expected);
}

#[test]
fn the_ridge_probe_is_scikit_learn_s() {
    for (name, maps) in [("classes", 5), ("two", 1)] {
        let (train, test) = (
            rows(&format!("{name}/train")),
            rows(&format!("{name}/test")),
        );
        let known = labels(&format!("{name}/labels"));
        let probe = RidgeProbe::fit(train.view(), &known, 2).unwrap();
        let decision = probe.decision(test.view());
        assert_eq!(decision.dim(), (test.nrows(), maps));
        let (_, expected) = tensor(&format!("{name}/decision"));
        for (&found, expected) in decision.iter().zip(expected) {
            assert_close(found, expected, 1e-5);
        }
        assert_eq!(probe.predict(test.view()), labels(&format!("{name}/ridge")));
    }
}

#[test]
fn nearest_neighbors_are_scikit_learn_s() {
    for name in ["classes", "two"] {
        let (train, test) = (
            rows(&format!("{name}/train")),
            rows(&format!("{name}/test")),
        );
        let known = labels(&format!("{name}/labels"));
        let mut told = Vec::new();
        let observe = &mut |done| told.push(done);
        let found = nearest_neighbors(train.view(), &known, test.view(), 2, observe).unwrap();
        assert_eq!(found, labels(&format!("{name}/neighbors")));
        assert_eq!(told, [test.nrows()]);
    }
}
