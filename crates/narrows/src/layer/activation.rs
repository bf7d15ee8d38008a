//! Elementwise activations.

pub use narrows_kernels::activation::Activation;

/// What an activation can give: its infimum and supremum.
pub(crate) fn output_range(activation: Activation) -> (f32, f32) {
    match activation {
        Activation::Identity | Activation::LeakyRelu { .. } => (f32::NEG_INFINITY, f32::INFINITY),
        Activation::Relu | Activation::Softplus => (0.0, f32::INFINITY),
        Activation::Elu { alpha } => (-alpha, f32::INFINITY),
        // The minima of x · sigmoid(x) and x · Φ(x).
        Activation::Silu => (-0.278_464_55, f32::INFINITY),
        Activation::Gelu => (-0.169_971_21, f32::INFINITY),
        Activation::Tanh => (-1.0, 1.0),
        Activation::Sigmoid => (0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use narrows_kernels::Isa;

    #[test]
    fn outputs_fill_their_range_and_never_leave_it() {
        let x: Vec<f32> = (-400_000..=400_000).map(|i| i as f32 * 1e-4).collect();
        let mut y = vec![0.0; x.len()];
        for activation in [
            Activation::Identity,
            Activation::Relu,
            Activation::LeakyRelu { slope: 0.01 },
            Activation::Elu { alpha: 1.5 },
            Activation::Silu,
            Activation::Gelu,
            Activation::Tanh,
            Activation::Sigmoid,
            Activation::Softplus,
        ] {
            activation.forward(Isa::best(), &x, &mut y);
            let low = y.iter().copied().fold(f32::INFINITY, f32::min);
            let high = y.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let (least, most) = output_range(activation);
            assert!(
                low >= least - 1e-6 && high <= most,
                "{activation:?}: {low} to {high}"
            );
            if least.is_finite() {
                assert!(
                    low - least < 1e-6,
                    "{activation:?}: {low}, and {least} was promised"
                );
            }
            if most.is_finite() {
                assert!(
                    most - high < 1e-6,
                    "{activation:?}: {high}, and {most} was promised"
                );
            }
        }
    }
}
