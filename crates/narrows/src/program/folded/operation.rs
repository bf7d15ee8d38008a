//! A run as one operation: its forward and backward operations.

use super::factors::{BiasShares, Center, Collect, FoldedLink, Offsets};
use super::gradient::{FactorGradient, Side};
use super::rows::{Backward, Extend, Forward};
use super::shape::{FoldedShape, Layer};
use crate::error::Result;
use crate::program::buffer::Buffer;
use crate::program::lower::Lower;
use crate::program::node::{Node, Operation};
use crate::program::value::Mode;

/// A run of affine maps as one operation.
#[derive(Clone, Debug)]
pub(in crate::program) struct Folded {
    /// In the order in which they are applied.
    layers: Vec<Layer>,
    shape: FoldedShape,
}

/// The factors of a run, counted from the narrow end: the factor at a layer's narrow side has the layer's distance from
/// there.
struct Factors {
    /// The last is the whole run.
    outward: Vec<Buffer>,
    /// The share of each row of a factor in a layer's bias.
    shares: Option<Buffer>,
    /// The values at the narrow end if all inputs are 0, for a run that narrows.
    offsets: Option<Buffer>,
}

impl Folded {
    pub(in crate::program) fn new(layers: Vec<Layer>) -> Folded {
        let ends = [
            layers.first().map_or(0, |layer| layer.inputs),
            layers.last().map_or(0, |layer| layer.outputs),
        ];
        let widens = ends[0] < ends[1];
        let rank = ends[0].min(ends[1]);
        Folded {
            shape: FoldedShape {
                widens,
                rank,
                wide: ends[0].max(ends[1]),
                height: rank + usize::from(widens),
            },
            layers,
        }
    }

    /// The layer at a distance from the narrow end.
    fn layer(&self, distance: usize) -> Layer {
        if self.shape.widens {
            self.layers[distance]
        } else {
            self.layers[self.layers.len() - 1 - distance]
        }
    }

    /// The width of the factor at a distance from the narrow end.
    fn width(&self, distance: usize) -> usize {
        match (distance, self.shape.widens) {
            (0, _) => self.shape.rank,
            (_, true) => self.layer(distance - 1).outputs,
            (_, false) => self.layer(distance - 1).inputs,
        }
    }

    /// Emits the outward factors.
    fn outward(&self, lower: &mut Lower<'_>) -> Factors {
        let FoldedShape {
            widens,
            rank,
            height,
            ..
        } = self.shape;
        let mut identity = vec![0.0; height * rank];
        let diagonal = identity.iter_mut().step_by(rank + 1);
        diagonal.take(rank).for_each(|number| *number = 1.0);
        let mut outward = vec![lower.constant("factor outward 0", height, identity)];
        let shares = widens.then(|| {
            let mut shares = vec![0.0; height];
            shares[rank] = 1.0;
            lower.constant("shares of the bias", 1, shares)
        });
        for distance in 0..self.layers.len() {
            let width = self.width(distance + 1);
            let to = lower.whole(format!("factor outward {}", distance + 1), height, width);
            lower.columns(FoldedLink {
                layer: self.layer(distance),
                from: outward[distance],
                to,
                shares,
                is_transposed: widens,
                shape: self.shape,
                width,
            });
            outward.push(to);
        }
        let offsets = (!widens).then(|| {
            let to = lower.whole("offsets of a run", 1, rank);
            let distances = 0..self.layers.len();
            lower.columns(Offsets {
                // In the order in which the layers are applied.
                terms: distances
                    .rev()
                    .map(|distance| (outward[distance], self.layer(distance)))
                    .collect(),
                to,
                rank,
            });
            to
        });
        Factors {
            outward,
            shares,
            offsets,
        }
    }
}

impl Operation for Folded {
    fn label(&self) -> String {
        let widths = self.layers.iter().map(|layer| layer.outputs.to_string());
        let first = self.layers.first().map(|layer| layer.inputs.to_string());
        let widths: Vec<String> = first.into_iter().chain(widths).collect();
        format!("dense {}, folded", widths.join(" -> "))
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let factors = self.outward(lower);
        let (x, y) = (
            lower.buffer_of(node.inputs[0]),
            lower.buffer_of(node.outputs[0]),
        );
        let whole = factors.outward[self.layers.len()];
        lower.rows(Forward {
            x,
            y,
            whole,
            offsets: factors.offsets,
            shape: self.shape,
        });
        if lower.mode() == Mode::Training {
            let extended = self.shape.widens.then(|| {
                let extended = lower.buffer("codes with a 1", self.shape.height);
                lower.rows(Extend {
                    x,
                    to: extended,
                    rank: self.shape.rank,
                });
                extended
            });
            lower.stash(Stashed {
                outward: factors.outward,
                shares: factors.shares,
                extended,
            });
        }
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let Some(dy) = lower.gradient_of(node.outputs[0]) else {
            return Ok(());
        };
        let Some(Stashed {
            mut outward,
            shares,
            extended,
        }) = lower.unstash::<Stashed>()
        else {
            return Ok(());
        };
        let (shape, count) = (self.shape, self.layers.len());
        let x = lower.buffer_of(node.inputs[0]);
        let whole = outward[count];
        lower.contribute(node.inputs[0], |lower, dx| {
            lower.rows(Backward {
                dy,
                dx,
                whole,
                shape,
            });
        });
        let shares = match (shares, extended) {
            (Some(shares), Some(extended)) => {
                // The factor at the narrow end is constant, so its centered version is another buffer.
                let first = lower.whole("factor outward 0, centered", shape.height, shape.rank);
                lower.columns(Center {
                    extended,
                    first,
                    others: outward[1..count].to_vec(),
                    widths: (1..count).map(|distance| self.width(distance)).collect(),
                    rank: shape.rank,
                    batch: lower.batch(),
                });
                outward[0] = first;
                shares
            }
            _ => {
                let to = lower.whole("shares of the bias", 1, shape.rank);
                lower.columns(BiasShares {
                    from: dy,
                    to,
                    rank: shape.rank,
                });
                to
            }
        };
        let mut inward = lower.whole(format!("factor inward {count}"), shape.height, shape.wide);
        lower.columns(Collect {
            narrow: extended.unwrap_or(dy),
            wide: if shape.widens { dy } else { x },
            shares,
            to: inward,
            shape,
            batch: lower.batch(),
        });
        for distance in (0..count).rev() {
            let layer = self.layer(distance);
            let sides = if shape.widens {
                [inward, outward[distance]]
            } else {
                [outward[distance], inward]
            };
            for (tensor, side) in [
                (Some(layer.weights), Side::Weights),
                (layer.bias, Side::Bias),
            ] {
                if let Some(tensor) = tensor {
                    lower.tile(
                        tensor,
                        FactorGradient {
                            side,
                            left: sides[0],
                            right: sides[1],
                            shares,
                            layer,
                            height: shape.height,
                        },
                    );
                }
            }
            if distance > 0 {
                let width = self.width(distance);
                let to = lower.whole(format!("factor inward {distance}"), shape.height, width);
                lower.columns(FoldedLink {
                    layer,
                    from: inward,
                    to,
                    shares: Some(shares),
                    is_transposed: !shape.widens,
                    shape,
                    width,
                });
                inward = to;
            }
        }
        Ok(())
    }
}

/// The buffers of the forward pass that the backward pass needs.
struct Stashed {
    outward: Vec<Buffer>,
    shares: Option<Buffer>,
    extended: Option<Buffer>,
}
