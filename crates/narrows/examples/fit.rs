//! Train an autoencoder, keep it, load it, and use it:
//! `cargo run --release --example fit -p narrows`.

use narrows::{Model, Recipe, data::Source};

fn main() -> narrows::Result<()> {
    let source = Source::open("mnist")?;
    let mut recipe = Recipe::named("simple-linear")?;
    recipe.epochs = 3;
    let model = narrows::fit(&recipe, &source.train)?;

    let path = std::env::temp_dir().join("narrows-fit.safetensors");
    model.save(&path)?;
    let model = Model::load(&path)?;

    let test = source.test.as_ref().unwrap_or(&source.train);
    println!(
        "test MSE {:.4} with a code of {}",
        model.mse(test)?,
        model.code_size()
    );

    // Rows go in and come out in the data's own units, here 0..=255.
    let images = test.head(5)?.to_array();
    let codes = model.encode(images.view())?;
    let again = model.decode(codes.view())?;
    println!("codes {:?}, reconstructions {:?}", codes.dim(), again.dim());
    println!("errors {:.4}", model.score(images.view())?);
    Ok(())
}
