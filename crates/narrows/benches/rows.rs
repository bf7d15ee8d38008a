//! Passes over many rows: encoding MNIST, and reading a file.
//!
//! `cargo bench -p narrows --bench rows` encodes; `--json encode` and `--json read FILE` print one JSON
//! object, for `benches/peers/run`.

use narrows::data::{ReadOptions, Source};
use narrows::{Model, Recipe};
use std::hint::black_box;
use std::time::Instant;

const REPEATS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let is_json = words.contains(&"--json");
    let seconds = match words[..] {
        [.., "read", file] => read(file),
        _ => encode(),
    };
    if is_json {
        println!("{}", serde_json::json!({ "seconds": seconds }))
    } else {
        println!("60,000 images through simple-linear's encoder: {seconds:.4} s")
    }
}

/// The median time of encoding MNIST's training images, from float32 in the data's own units.
fn encode() -> f64 {
    let data = Source::open("mnist").expect("built in").train;
    let mut recipe = Recipe::named("simple-linear").expect("a shipped recipe");
    recipe.epochs = 1;
    let few = data.head(6400).expect("as many rows");
    let model: Model = narrows::fit(&recipe, &few).expect("sound training");
    let images = data.to_array();
    median_seconds(|| {
        black_box(model.encode(images.view()).expect("as wide as the data"));
    })
}

/// The median time of reading a table that has labels into memory.
fn read(file: &str) -> f64 {
    let options = ReadOptions {
        label: Some("label".into()),
        ..ReadOptions::default()
    };
    median_seconds(|| {
        black_box(Source::open_with(file, &options).expect("a readable file"));
    })
}

fn median_seconds(work: impl Fn()) -> f64 {
    work();
    let mut times: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[REPEATS / 2]
}
