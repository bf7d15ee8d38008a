//! Running statistics: their computation, their use in a model, and their import.

use super::*;

#[test]
fn running_statistics_are_pytorch_s() {
    let momentum = 0.3;
    let second = batch_norm().with("momentum", momentum).unwrap();
    let encoder = [
        conv(3, [2, 2], [1, 1], true),
        batch_norm(),
        dense(5),
        second,
    ];
    let decoder = [dense(12)];
    let data = pixels(3 * ROWS, &[1, 3, 4]);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let setting = setting(&encoder, &decoder, &[1, 3, 4], 0.0);
    let names: Vec<(&str, &[usize])> = setting
        .network
        .states()
        .iter()
        .map(|state| (&*state.name, &*state.shape))
        .collect();
    assert_eq!(
        names,
        [
            ("encoder.1.running_mean", &[3][..]),
            ("encoder.1.running_var", &[3]),
            ("encoder.1.num_batches_tracked", &[]),
            ("encoder.3.running_mean", &[5]),
            ("encoder.3.running_var", &[5]),
            ("encoder.3.num_batches_tracked", &[]),
        ]
    );
    let flat: Vec<f64> = setting
        .parameters
        .flat()
        .iter()
        .map(|&p| p.into())
        .collect();
    let (layers, rows) = ([&encoder[..], &decoder].concat(), rows_of(&data));
    let mut stepper = Stepper::new(setting, ROWS, 2).unwrap();
    let mut expected = [vec![(0.0, 1.0); 3], vec![(0.0, 1.0); 5]];
    for batch in 0..3 {
        let order: Vec<u32> = (batch * ROWS as u32..(batch + 1) * ROWS as u32).collect();
        stepper.step(&data, &scaling, 0, &order, 1.0);
        let these = &rows[batch as usize * ROWS..][..ROWS];
        let met = objective(&layers, &flat, these, &[1, 3, 4]).1;
        // [1, 3, 4] → [3, 2, 3]
        for ((running, met), (area, momentum)) in
            expected.iter_mut().zip(met).zip([(6, 0.1), (1, momentum)])
        {
            let n = (ROWS * area) as f64;
            for ((mean, variance), (of_mean, of_variance)) in running.iter_mut().zip(met) {
                *mean += momentum * (of_mean - *mean);
                *variance += momentum * (of_variance * n / (n - 1.0) - *variance);
            }
        }
    }
    let states = stepper.parameters().states();
    for (expected, states) in expected.iter().zip([&states[..7], &states[7..]]) {
        let channels = expected.len();
        for (c, (mean, variance)) in expected.iter().enumerate() {
            let found = [states[c], states[channels + c]].map(f64::from);
            assert!((found[0] - mean).abs() < 1e-6, "{found:?} {mean}");
            assert!((found[1] - variance).abs() < 1e-6, "{found:?} {variance}");
        }
        assert_eq!(states[2 * channels].to_bits(), 3);
    }
}

/// What running statistics of a model with these numbers of channels are, and as they lie among the states.
fn running(channels: &[usize]) -> (Vec<Vec<(f64, f64)>>, Vec<f32>) {
    let (mut all, mut states) = (Vec::new(), Vec::new());
    for (layer, &channels) in channels.iter().enumerate() {
        let of = |c: usize| {
            let i = 100 * layer + c;
            let pair = (number(i) as f32 - 0.5, 0.1 + number(5 * i) as f32);
            (f64::from(pair.0), f64::from(pair.1))
        };
        let pairs: Vec<(f64, f64)> = (0..channels).map(of).collect();
        states.extend(pairs.iter().map(|pair| pair.0 as f32));
        states.extend(pairs.iter().map(|pair| pair.1 as f32));
        states.push(f32::from_bits(70_000 + layer as u32));
        all.push(pairs);
    }
    (all, states)
}

/// Networks with the layer at every place: encoder, decoder, channels of each normalization, and shape of a row.
type Placed = (Vec<LayerSpec>, Vec<LayerSpec>, Vec<usize>, Vec<usize>);

/// Behind dense layers and convolutions, with and without a bias; first, behind an activation, as the code, behind
/// it, and behind layers that are folded themselves.
fn placed() -> [Placed; 3] {
    [
        (
            vec![
                batch_norm(),
                dense(9),
                batch_norm(),
                tanh(),
                batch_norm(),
                unbiased(3),
                batch_norm(),
            ],
            vec![
                batch_norm(),
                unbiased(40),
                unbiased(40),
                batch_norm(),
                tanh(),
                dense(24),
                batch_norm(),
            ],
            vec![24, 9, 9, 3, 3, 40, 24],
            vec![24],
        ),
        (
            vec![
                conv(5, [3, 2], [1, 1], true),
                batch_norm(),
                silu(),
                conv(2, [2, 2], [1, 1], false),
                batch_norm(),
            ],
            vec![
                transposed(3, [2, 2], [1, 1], false),
                batch_norm(),
                transposed(2, [3, 2], [1, 1], true),
                batch_norm(),
                layer::flatten(),
                batch_norm(),
            ],
            vec![5, 2, 3, 2, 24],
            vec![2, 4, 3],
        ),
        // A channel of the normalization has several outputs of the dense layer.
        (
            vec![dense(4), tanh()],
            vec![dense(24), layer::reshape([2, 4, 3]), batch_norm()],
            vec![2],
            vec![2, 4, 3],
        ),
    ]
}

/// Checks that a file keeps all of a model.
fn check_kept(model: &Model, data: &Dataset, found: &Array2<f32>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    model.save(file.path()).unwrap();
    let again = Model::load(file.path()).unwrap();
    let bits = |model: &Model| -> Vec<u32> {
        model
            .parameters()
            .states()
            .iter()
            .map(|x| x.to_bits())
            .collect()
    };
    assert_eq!(bits(&again), bits(model));
    assert_eq!(again.parameters().flat(), model.parameters().flat());
    assert_eq!(again.reconstruct(data.to_array().view()).unwrap(), *found);
}

#[test]
fn a_model_in_use_normalizes_by_running_statistics_wherever_the_layer_stands() {
    for (encoder, decoder, channels, shape) in placed() {
        let (running, states) = running(&channels);
        let model = model(&encoder, &decoder, &shape, &states);
        let parameters: Vec<f64> = model
            .parameters()
            .flat()
            .iter()
            .map(|&p| p.into())
            .collect();
        let data = pixels(ROWS, &shape);
        let mut forward = Forward {
            parameters: &parameters,
            data: &shape,
            running: Some(running),
            met: Vec::new(),
        };
        let layers = [encoder, decoder].concat();
        let expected = forward.layers(&layers, rows_of(&data));
        let found = model.reconstruct(data.to_array().view()).unwrap();
        let largest = expected
            .iter()
            .flatten()
            .fold(0.0f64, |a, x| a.max(x.abs()));
        for (found, expected) in found.iter().zip(expected.iter().flatten()) {
            let error = (f64::from(*found) / 255.0 - expected).abs();
            assert!(error < 1e-5 * largest, "{layers:?}: {found} {expected}");
        }
        // The parts are the whole.
        let codes = model.encode(data.to_array().view()).unwrap();
        let decoded = model.decode(codes.view()).unwrap();
        for (found, expected) in decoded.iter().zip(&found) {
            assert!((found - expected).abs() < 1e-4 * 255.0 * largest as f32);
        }
        check_kept(&model, &data, &found);
    }
}

#[test]
fn a_tied_layer_before_the_normalization_gives_what_weights_of_its_own_give() {
    let (_, states) = running(&[24]);
    let of = |decoder: LayerSpec| {
        let decoder = [decoder, batch_norm()];
        model(&[dense(5), tanh()], &decoder, &[24], &states)
    };
    let (tied, own) = (of(layer::tied_dense(0)), of(dense(24)));
    let numbers = |name: &str| {
        let mut tensors = tied.network().tensors().iter();
        let tensor = tensors.find(|tensor| tensor.name == name)?;
        Some(&tied.parameters().flat()[tensor.range.clone()])
    };
    let weights = numbers("encoder.0.weight").unwrap();
    let transposed = || (0..24).flat_map(|i| (0..5).map(move |o| weights[o * 24 + i]));
    let flat: Vec<f32> = own
        .network()
        .tensors()
        .iter()
        .flat_map(|tensor| {
            numbers(&tensor.name).map_or_else(|| transposed().collect(), <[f32]>::to_vec)
        })
        .collect();
    let (recipe, scaling) = (own.recipe().clone(), own.scaling().clone());
    let own = Model::with_states(recipe, scaling, &[24], &flat, &states).unwrap();
    let rows = pixels(ROWS, &[24]).to_array();
    let [found, expected] = [&tied, &own].map(|model| model.reconstruct(rows.view()).unwrap());
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-2, "{found} {expected}");
    }
}

#[test]
fn the_jacobian_of_a_model_in_use_goes_through_running_statistics() {
    let encoder = [
        batch_norm(),
        conv(3, [2, 2], [1, 1], true),
        batch_norm(),
        tanh(),
        dense(2),
        batch_norm(),
    ];
    let (running, states) = running(&[1, 3, 2]);
    let model = model(&encoder, &[dense(12)], &[1, 3, 4], &states);
    let parameters: Vec<f64> = model
        .parameters()
        .flat()
        .iter()
        .map(|&p| p.into())
        .collect();
    let of_encoder: usize = model
        .network()
        .tensors()
        .iter()
        .filter(|tensor| tensor.name.starts_with("encoder"))
        .map(|tensor| tensor.range.len())
        .sum();
    let row: Vec<f64> = (0..12).map(number).collect();
    let code = |row: &[f64]| {
        let mut forward = Forward {
            parameters: &parameters[..of_encoder],
            data: &[1, 3, 4],
            running: Some(running.clone()),
            met: Vec::new(),
        };
        forward.layers(&encoder, vec![row.to_vec()]).remove(0)
    };
    let single: Vec<f32> = row.iter().map(|&x| x as f32).collect();
    let found = model
        .network()
        .jacobian(model.parameters(), &single)
        .unwrap();
    for input in 0..12 {
        let step = 1e-5;
        let moved = |by: f64| {
            let mut moved = row.clone();
            moved[input] += by;
            code(&moved)
        };
        let (above, below) = (moved(step), moved(-step));
        for (output, (above, below)) in above.iter().zip(&below).enumerate() {
            let expected = (above - below) / (2.0 * step);
            let found = f64::from(found[2 * input + output]);
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
