//! Which layers are folded.

use super::*;
use crate::recipe::Recipe;

/// The runs that are folded at so many rows of MNIST, of the layers from `first` on.
fn folded(recipe: &str, first: usize, batch: usize) -> Vec<Range<usize>> {
    let recipe = Recipe::named(recipe).unwrap();
    let network = Network::new(&recipe.encoder, &recipe.decoder, &[784]).unwrap();
    let mut widths = network.widths(network.layers());
    let gradients = widths.len();
    widths.extend_from_within(..);
    let folding = Folding::plan(&network, first, batch, (&mut widths, gradients));
    folding.runs.iter().map(|run| run.layers.clone()).collect()
}

#[test]
fn linear_encoders_and_decoders_are_folded_where_that_is_less_arithmetic() {
    assert_eq!(folded("simple-linear", 0, 64), [0..5, 5..10]);
    assert_eq!(folded("deep-linear", 0, 64), [0..6, 6..12]);
    // A chain of products for the batch costs as much as the few rows of one.
    assert_eq!(folded("simple-linear", 0, 8), []);
    // What lies between the layers of the encoder is needed.
    assert_eq!(folded("simple-linear", 5, 64), vec![5..10; 1]);
    // With an activation behind every layer there is nothing to fold.
    assert_eq!(folded("contractive", 0, 4096), []);
}

#[test]
fn what_is_not_formed_takes_no_memory() {
    let recipe = Recipe::named("simple-linear").unwrap();
    let network = Network::new(&recipe.encoder, &recipe.decoder, &[784]).unwrap();
    let mut widths = network.widths(network.layers());
    let gradients = widths.len();
    widths.extend_from_within(..);
    Folding::plan(&network, 0, 64, (&mut widths, gradients));
    let of_values = [784, 0, 0, 0, 0, 8, 0, 0, 0, 0, 784, 784];
    assert_eq!(widths[..gradients], of_values);
    assert_eq!(widths[gradients..2 * gradients], of_values);
    // The codes with a 1 behind each.
    assert_eq!(widths[2 * gradients..], [9]);
}
