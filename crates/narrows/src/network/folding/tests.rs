//! Which layers are folded.

use super::*;
use crate::layer::{self, Activation, LayerSpec};

const SIMPLE: [usize; 6] = [784, 128, 64, 32, 16, 8];
const DEEP: [usize; 7] = [784, 512, 256, 128, 64, 16, 3];

/// The network of these widths and back, with an activation behind each layer or none.
fn network(widths: &[usize], activation: Option<LayerSpec>) -> Network {
    let layers = |&outputs: &usize| {
        [layer::dense(outputs)]
            .into_iter()
            .chain(activation.clone())
    };
    let encoder: Vec<_> = widths[1..].iter().flat_map(layers).collect();
    let decoder: Vec<_> = widths.iter().rev().skip(1).flat_map(layers).collect();
    Network::new(&encoder, &decoder, &widths[..1]).unwrap()
}

/// The widths of a step's slabs, and where the gradients begin.
fn slabs(network: &Network) -> (Vec<usize>, usize) {
    let widths = network.widths(network.layers());
    ([&widths[..], &widths[..]].concat(), widths.len())
}

fn runs(folding: &Folding) -> Vec<Range<usize>> {
    let runs = folding.runs.iter();
    runs.map(|run| run.layers.clone()).collect()
}

/// The runs that are folded at steps of so many rows, of the layers from `first` on.
fn folded(network: &Network, first: usize, batch: usize) -> Vec<Range<usize>> {
    let (mut widths, gradients) = slabs(network);
    let slabs = (&mut widths, gradients);
    runs(&Folding::for_steps(network, first, batch, slabs))
}

#[test]
fn linear_encoders_and_decoders_are_folded_where_that_is_less_arithmetic() {
    let simple = network(&SIMPLE, None);
    assert_eq!(folded(&simple, 0, 64), [0..5, 5..10]);
    assert_eq!(folded(&network(&DEEP, None), 0, 64), [0..6, 6..12]);
    // A chain of products for the batch costs as much as the few rows of one.
    assert_eq!(folded(&simple, 0, 8), []);
    // What lies between the layers of the encoder is needed.
    assert_eq!(folded(&simple, 5, 64), vec![5..10; 1]);
    // With an activation behind every layer there is nothing to fold.
    let relu = Some(layer::activation(Activation::Relu));
    assert_eq!(folded(&network(&SIMPLE, relu), 0, 4096), []);
}

#[test]
fn what_is_not_formed_takes_no_memory() {
    let network = network(&SIMPLE, None);
    let (mut widths, gradients) = slabs(&network);
    Folding::for_steps(&network, 0, 64, (&mut widths, gradients));
    let of_values = [784, 0, 0, 0, 0, 8, 0, 0, 0, 0, 784];
    assert_eq!(widths[..gradients], of_values);
    assert_eq!(widths[gradients..2 * gradients], of_values);
    // The codes with a 1 behind each.
    assert_eq!(widths[2 * gradients..], [9]);
}

#[test]
fn trained_layers_are_folded_where_that_takes_but_a_moment() {
    let folded = |widths: &[usize]| {
        let network = network(widths, None);
        let parameters = Parameters::new(&network, &vec![0.0; network.parameter_count()]);
        runs(parameters.folding(&network))
    };
    assert_eq!(folded(&SIMPLE), [0..5, 5..10]);
    // Half the arithmetic is not worth another way.
    assert_eq!(folded(&[784, 512, 400]), []);
    // Nor is more than a moment for the sake of a few rows.
    assert_eq!(folded(&[2048, 2048, 1024, 512]), []);
}

#[test]
#[should_panic(expected = "parameters of this network")]
fn parameters_go_with_one_network() {
    let linear = network(&SIMPLE, None);
    let parameters = Parameters::new(&linear, &vec![0.0; linear.parameter_count()]);
    parameters.folding(&linear);
    let relu = Some(layer::activation(Activation::Relu));
    parameters.folding(&network(&SIMPLE, relu));
}
