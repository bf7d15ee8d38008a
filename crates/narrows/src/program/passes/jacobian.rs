//! Chooses the cheapest form of a Jacobian's norm; see [`crate::program::jacobian`].

use crate::program::builder::Builder;
use crate::program::function::Kind;
use crate::program::jacobian::{Contraction, Form, Savings};
use crate::program::node::Operation;
use narrows_kernels::activation::Activation;
use std::sync::Arc;

/// With fewer rows than this, too much of a word of gates stays empty.
const LEAST_COUNTED: usize = 24;

const RELU: Kind = Kind::Activation(Activation::Relu);

/// Chooses the form of every norm, for batches of up to `batch` rows.
pub(super) fn choose(graph: &mut Builder, batch: usize) {
    for node in &mut graph.nodes {
        if let Some(contraction) = node.operation.downcast::<Contraction>() {
            let formed = contraction.formed(form(contraction, batch));
            let operation: Arc<dyn Operation> = Arc::new(formed);
            node.operation = operation;
        }
    }
}

fn form(contraction: &Contraction, batch: usize) -> Form {
    // For one probe, the pass through the first function costs less than squaring its weights. Probes from the first value
    // have no cheaper form.
    if !contraction.has_savings() {
        return Form::Probes(Savings::default());
    }
    let functions = || contraction.chain.iter().map(|link| &link.function);
    let kinds: Vec<Kind> = functions().map(|function| function.kind()).collect();
    let squares = kinds.len() > 1
        && kinds[0] == Kind::Affine
        && functions()
            .take(1)
            .all(|first| first.outputs() < first.inputs());
    let is_counted = matches!(
        kinds[..],
        [_, RELU, Kind::Affine] | [_, RELU, Kind::Affine, RELU]
    );
    if squares && is_counted && batch >= LEAST_COUNTED {
        return Form::Counted;
    }
    let is_elementary = |kind: &Kind| matches!(kind, Kind::Affine | Kind::Activation(_));
    Form::Probes(Savings {
        squares,
        rectifies: squares && kinds[1] == RELU,
        // A function that sums over all its rows at once, as a convolution does, would depend on the split of the rows.
        stops: kinds.len() > 1 + usize::from(squares)
            && matches!(kinds.last(), Some(Kind::Activation(_)))
            && kinds.iter().all(is_elementary),
    })
}
