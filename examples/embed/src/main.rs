//! Finds the odd one out of a thousand pumps: trains on a table made in code, saves the model,
//! loads it, and scores new rows.
//!
//! `cargo run --manifest-path examples/embed/Cargo.toml`

use narrows::layer::{Activation, activation, dense};
use narrows::{Detail, Model, Recipe, data::Dataset, data::Source};
use std::ops::ControlFlow;

/// Speed (1/min), flow (l/min), pressure (bar) and power (W) of a sound pump.
fn pump(number: usize) -> [f64; 4] {
    let speed = 1000.0 + (number % 97) as f64 * 10.0;
    let load = 0.5 + (number % 31) as f64 / 60.0;
    let flow = speed * load / 40.0;
    let pressure = (speed / 1000.0).powi(2) * (1.5 - load);
    [speed, flow, pressure, 20.0 + flow * pressure * 1.7]
}

fn main() -> narrows::Result<()> {
    let data = Dataset::from_rows((0..1000).map(pump))?;
    let recipe = Recipe::builder()
        .name("pumps")
        .encoder([dense(32), activation(Activation::Silu), dense(2)])
        .epochs(60)
        .validation(0.1)
        .build()?;
    let model = narrows::fit_with(&recipe, &data, |progress| {
        if progress.epoch % 20 == 0 {
            let loss = progress.record.train_loss;
            println!(
                "epoch {} of {}: loss {loss:.4}",
                progress.epoch, progress.epochs
            );
        }
        ControlFlow::Continue(())
    })?;

    let path = std::env::temp_dir().join(format!("pumps-{}.safetensors", std::process::id()));
    model.save(&path)?;
    let model = Model::load(&path)?;
    std::fs::remove_file(&path)
        .map_err(|error| narrows::Error::io("cannot remove it", &path, error))?;

    // A new pump as sound as the others, and one that takes four times the power.
    let sound = pump(12_345);
    let mut odd = sound;
    odd[3] *= 4.0;
    let codes = model.encode(&[sound, odd])?;
    let scores = model.score(&[sound, odd])?;
    println!(
        "codes {:?}; scores {:.4} and {:.4}",
        codes.dim(),
        scores[0],
        scores[1]
    );
    assert_eq!(codes.dim(), (2, 2));
    assert!(scores[1] > 10.0 * scores[0], "the odd pump stands out");

    // Rows may lie in a flat slice, too, with their width beside it.
    let flat = [sound, odd].concat();
    assert_eq!(model.score((&flat[..], 4))?, scores);

    // Errors have values for programs.
    let error = model.score(&[[1.0, 2.0]]).unwrap_err();
    let (expected, found) = (4, 2);
    assert_eq!(error.detail(), Some(&Detail::Width { expected, found }));
    let error = Source::open("mnist").unwrap_err();
    let name = "mnist"; // the feature that was left out
    assert_eq!(error.detail(), Some(&Detail::Feature { name }), "{error}");
    Ok(())
}
