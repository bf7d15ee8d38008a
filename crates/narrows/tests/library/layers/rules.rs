//! Random draws, initial parameters, ties that are refused, and saving.

use super::*;

#[test]
fn several_dropouts_and_epochs_and_samples_draw_differently_and_half_is_about_half() {
    let draws = |part| Draws::new(SEED, Purpose::Dropout).of_part(part);
    let mask = |part, epoch, sample| {
        let mut mask = vec![0; words(4096)];
        let address = draws(part).address(epoch, sample);
        draw_mask(Isa::best(), address, 0.5, 4096, &mut mask);
        mask
    };
    let first = mask(0, 0, 0);
    for other in [mask(1, 0, 0), mask(2, 0, 0), mask(0, 1, 0), mask(0, 0, 1)] {
        let apart = first.iter().zip(&other).map(|(a, b)| (a ^ b).count_ones());
        // Half of 4096 with a std of 32.
        let apart: u32 = apart.sum();
        assert!((1888..=2208).contains(&apart), "{apart}");
    }
    assert_eq!(first, mask(0, 0, 0));
}

#[test]
fn a_normalization_starts_as_one_and_tied_weights_are_drawn_once() {
    let case = case(
        &[dense(5), layer_norm()],
        &[layer_norm(), tied_dense(0)],
        &[11],
    );
    let network = case.network();
    let names: Vec<&str> = network.tensors().iter().map(|t| &*t.name).collect();
    let expected = [
        "encoder.0.weight",
        "encoder.0.bias",
        "encoder.1.weight",
        "encoder.1.bias",
        "decoder.0.weight",
        "decoder.0.bias",
        "decoder.1.bias",
    ];
    assert_eq!(names, expected);
    for how in [
        Initialization::Pytorch,
        Initialization::XavierNormal,
        Initialization::HeUniform,
    ] {
        let parameters = Parameters::initial(&network, how, 7);
        for tensor in network.tensors() {
            let numbers = &parameters.flat()[tensor.range.clone()];
            match &*tensor.name {
                "encoder.1.weight" | "decoder.0.weight" => {
                    assert!(numbers.iter().all(|&number| number == 1.0));
                }
                "encoder.1.bias" | "decoder.0.bias" => {
                    assert!(numbers.iter().all(|&number| number == 0.0));
                }
                // As PyTorch's Linear, which counts the values that a row of this layer has.
                "decoder.1.bias" if how == Initialization::Pytorch => {
                    let most = 1.0 / 5.0f32.sqrt();
                    let largest = numbers.iter().fold(0.0f32, |a, x| a.max(x.abs()));
                    assert!(largest <= most && largest > 0.5 * most, "{largest}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn ties_that_do_not_fit_are_refused() {
    let refused = |encoder: &[LayerSpec], decoder: &[LayerSpec], parts: &[&str]| {
        let error = Network::new(encoder, decoder, &[11]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Recipe);
        let text = error.to_string();
        for part in parts {
            assert!(text.contains(part), "`{part}` is missing in: {text}");
        }
    };
    let encoder = [dense(7), tanh(), dense(3)];
    for missing in [1, 3] {
        let tie = format!("tied = \"encoder[{missing}]\"");
        refused(
            &encoder,
            &[tied_dense(missing)],
            &[
                "decoder[0]",
                "does not name a dense layer",
                "a dense layer",
                &tie,
            ],
        );
    }
    let convolution = [layer::conv2d(2, [1, 1]), layer::flatten(), dense(3)];
    let error = Network::new(&convolution, &[tied_dense(0)], &[1, 3, 3]).unwrap_err();
    assert!(
        error.to_string().contains("does not name a dense layer"),
        "{error}"
    );
    refused(
        &encoder,
        &[tied_dense(0)],
        &[
            "decoder[0]",
            "rows of 7 values",
            "rows of 3 values",
            "reverse order",
        ],
    );
    refused(
        &encoder,
        &[tied_dense(2).with("outputs", 8).unwrap()],
        &["`outputs` does not fit", "expected 7", "found 8"],
    );
    let given = [tied_dense(2).with("outputs", 7).unwrap(), tied_dense(0)];
    Network::new(&encoder, &given, &[11]).unwrap();
    refused(
        &[dense(11), tied_dense(0)],
        &[dense(11)],
        &["encoder[1]", "layers of the decoder"],
    );
    // Another form is refused where the recipe is read.
    for tie in [
        "encoder",
        "encoder.0",
        "decoder[0]",
        "encoder[+1]",
        "encoder[01]",
        "encoder[0] ",
    ] {
        let text = format!(
            "name = 'a'\nencoder = [{{ layer = 'dense', outputs = 3 }}]\n\
             decoder = [{{ layer = 'dense', tied = '{tie}' }}]"
        );
        let error = Recipe::parse(&text, "test.toml").unwrap_err().to_string();
        assert!(error.contains("as in `encoder[0]`"), "{error}");
    }
}

#[test]
fn a_saved_model_is_the_same_model_and_stores_tied_weights_once() {
    let text = "name = 'a'
        encoder = [
          { layer = 'dense', outputs = 7 }, { layer = 'layer-norm' }, { layer = 'tanh' },
          { layer = 'dropout', fraction = 0.2 }, { layer = 'dense', outputs = 3 },
        ]
        decoder = [
          { layer = 'dense', tied = 'encoder[4]' }, { layer = 'layer-norm', epsilon = 1e-3 },
          { layer = 'dense', tied = 'encoder[0]' },
        ]
        training = { epochs = 2, batch_size = 16 }";
    let recipe = Recipe::parse(text, "test").unwrap();
    let data = case(&recipe.encoder, &recipe.decoder, &[11]).data(60);
    let model = narrows::fit(&recipe, &data).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    model.save(file.path()).unwrap();
    let loaded = Model::load(file.path()).unwrap();
    assert_eq!(loaded.recipe(), model.recipe());
    assert!(loaded.parameters().flat() == model.parameters().flat());
    let rows = data.to_array();
    assert_eq!(
        loaded.reconstruct(rows.view()).unwrap(),
        model.reconstruct(rows.view()).unwrap()
    );
    let bytes = std::fs::read(file.path()).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert!(file.tensor("encoder.0.weight").is_ok());
    assert!(file.tensor("decoder.2.weight").is_err() && file.tensor("decoder.2.bias").is_ok());
}
