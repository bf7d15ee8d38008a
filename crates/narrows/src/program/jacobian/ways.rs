//! The operations for probes that go backward and forward.

use super::norm::{Contraction, Link, Savings};
use super::packed::Packed;
use super::rectified::{GatherOpen, Scatter, SquareActive, Units};
use super::rows::{ChainPlace, Curvature, Fill, ProbeWay, RowNorms, Through};
use super::squared::{Square, Squared, SumOfSquares};
use super::stopped::{Below, DiagonalGradient, StoppedProbes};
use super::tiles::ProbeGradient;
use crate::program::{Buffer, Kind, Lower, Mode};
use std::sync::Arc;

/// The buffers of probes.
struct Ways {
    packed: Packed,
    /// `v[l]` is v_l, if it is computed; the probes of a row are contiguous.
    v: Vec<Option<Buffer>>,
    /// `w[l]` is w_l.
    w: Vec<Option<Buffer>>,
    /// The map and the slopes, if the last activation stops probes and follows an affine map.
    diagonal: Option<(Below, Buffer)>,
    /// The units that are open after a first ReLU.
    units: Option<Units>,
}

/// Whether anything depends on the derivative of a function: a tensor, or its input.
fn matters(link: &Link) -> bool {
    let derivative = link.derivative();
    let mut tensors = 0..link.tensors.len();
    derivative.is_curved() || tensors.any(|tensor| derivative.depends_on(tensor))
}

impl Contraction {
    /// Emits the operations for probes that go backward and forward.
    pub(super) fn lower_probes(&self, savings: Savings, lower: &mut Lower<'_>) {
        let (first, end) = (usize::from(savings.squares), self.chain.len());
        let last = (first..end).rev().find(|&l| matters(&self.chain[l]));
        // The last function on whose w something depends.
        let last = last.filter(|_| lower.mode() == Mode::Training);
        let (mut ways, top) = if savings.stops {
            self.start_stopped(lower)
        } else {
            (self.start(lower), end)
        };
        if savings.rectifies {
            ways.units = Some(Units::new(self.width_at(first), lower));
        }
        self.go_back(first..top, &mut ways, lower);
        let squared = savings.squares.then(|| Squared::of(&self.chain[0]));
        let Some(v) = ways.v[first] else { return };
        match squared {
            Some(squared) => {
                ways.w[first] = Some(self.square(squared, v, &ways, lower));
            }
            None => ways.w[first] = self.norm(('w', first), v, last.is_some(), &ways, lower),
        }
        if lower.mode() != Mode::Training {
            return;
        }
        if let Some(last) = last {
            self.go_forth(first..last, &mut ways, lower);
            self.gradients(first, &ways, lower);
        }
        if let Some(squared) = squared {
            let sums = lower.whole("sum of squares of probes", squared.outputs, squared.outputs);
            lower.columns(SumOfSquares {
                packed: ways.packed,
                width: squared.outputs,
                units: ways.units,
                v,
                to: sums,
                batch: lower.batch(),
            });
            squared.gradient(sums, self.scale(), lower);
        }
    }

    /// Emits the operations for probes that begin at the first value.
    pub(super) fn lower_forward(&self, lower: &mut Lower<'_>) {
        let end = self.chain.len();
        let mut ways = self.ways(lower);
        ways.w[0] = Some(self.fill('w', 0, &ways, lower));
        self.go_forth(0..end, &mut ways, lower);
        let Some(w) = ways.w[end] else { return };
        // The first function on whose v something depends.
        let first = self.chain.iter().position(matters);
        let first = first.filter(|_| lower.mode() == Mode::Training);
        ways.v[end] = self.norm(('v', end), w, first.is_some(), &ways, lower);
        if let Some(first) = first {
            self.go_back(first + 1..end, &mut ways, lower);
            self.gradients(first, &ways, lower);
        }
    }

    /// The number of values of a_l.
    fn width_at(&self, l: usize) -> usize {
        match (self.chain.get(l), self.chain.last()) {
            (Some(link), _) => link.function.inputs(),
            (None, Some(last)) => last.function.outputs(),
            (None, None) => self.width,
        }
    }

    /// A buffer for v_l or w_l.
    fn probes_at(&self, name: char, l: usize, ways: &Ways, lower: &mut Lower<'_>) -> Buffer {
        let numbers = ways.packed.probes * self.width_at(l);
        lower.buffer(format!("{name}_{l}"), numbers)
    }

    fn ways(&self, lower: &mut Lower<'_>) -> Ways {
        let none = vec![None; self.chain.len() + 1];
        Ways {
            packed: Packed {
                probes: self.norm.probes.count(self.width),
                counts: lower.buffer("probes of rows", 1),
            },
            v: none.clone(),
            w: none,
            diagonal: None,
            units: None,
        }
    }

    /// Emits the probes at the end of the chain.
    fn start(&self, lower: &mut Lower<'_>) -> Ways {
        let (mut ways, end) = (self.ways(lower), self.chain.len());
        ways.v[end] = Some(self.fill('v', end, &ways, lower));
        ways
    }

    /// Emits the probes as v_l or w_l.
    fn fill(&self, name: char, l: usize, ways: &Ways, lower: &mut Lower<'_>) -> Buffer {
        let to = self.probes_at(name, l, ways, lower);
        lower.rows(Fill {
            probes: Arc::clone(&self.norm.probes),
            packed: ways.packed,
            width: self.width,
            to,
        });
        to
    }

    /// Emits the basis vectors that pass the last activation, and returns their place in the chain.
    fn start_stopped(&self, lower: &mut Lower<'_>) -> (Ways, usize) {
        let (mut ways, end) = (self.ways(lower), self.chain.len());
        let below = end.checked_sub(2).map(|below| &self.chain[below]);
        let below = below.filter(|link| link.function.kind() == Kind::Affine);
        let below = below.map(Below::of);
        let stopped = StoppedProbes::new(&self.chain[end - 1], below, ways.packed, lower);
        let top = end - 1 - usize::from(below.is_some());
        ways.v[end] = stopped.passed;
        ways.v[top] = Some(stopped.to);
        ways.diagonal = below.map(|below| (below, stopped.slopes));
        lower.rows(stopped);
        (ways, top)
    }

    /// Emits the way backward through some functions.
    fn go_back(&self, links: std::ops::Range<usize>, ways: &mut Ways, lower: &mut Lower<'_>) {
        let first = links.start;
        for l in links.rev() {
            let Some(from) = ways.v[l + 1] else { continue };
            let to = self.probes_at('v', l, ways, lower);
            match ways.units.filter(|_| l == first) {
                Some(units) => {
                    let x = lower.buffer_of(self.chain[l].x);
                    lower.rows(GatherOpen {
                        units,
                        packed: ways.packed,
                        x,
                        from,
                        to,
                    });
                }
                None => self.through(ProbeWay::Back, l, [from, to], ways, lower),
            }
            ways.v[l] = Some(to);
        }
    }

    /// Emits the way forward through some functions.
    fn go_forth(&self, links: std::ops::Range<usize>, ways: &mut Ways, lower: &mut Lower<'_>) {
        let first = links.start;
        for l in links {
            let Some(from) = ways.w[l] else { continue };
            let to = self.probes_at('w', l + 1, ways, lower);
            match ways.units.filter(|_| l == first) {
                Some(units) => lower.rows(Scatter {
                    units,
                    packed: ways.packed,
                    scaled: self.scale(),
                    from,
                    to,
                }),
                None => self.through(ProbeWay::Forth, l, [from, to], ways, lower),
            }
            ways.w[l + 1] = Some(to);
        }
    }

    fn through(
        &self,
        way: ProbeWay,
        l: usize,
        [from, to]: [Buffer; 2],
        ways: &Ways,
        lower: &mut Lower<'_>,
    ) {
        let place = ChainPlace::new(&self.chain[l], ways.packed, lower);
        lower.rows(Through {
            way,
            place,
            from,
            to,
        });
    }

    /// Emits the norms of rows from the probes that have gone through the chain, to a_l. Returns these probes times the factor of
    /// the gradient, in a buffer called `name`, if something needs them.
    fn norm(
        &self,
        (name, l): (char, usize),
        from: Buffer,
        is_needed: bool,
        ways: &Ways,
        lower: &mut Lower<'_>,
    ) -> Option<Buffer> {
        let norms = self.report(lower);
        let to = is_needed.then(|| self.probes_at(name, l, ways, lower));
        lower.rows(RowNorms {
            packed: ways.packed,
            width: self.width_at(l),
            from,
            to,
            scaled: self.scale(),
            norms,
        });
        to
    }

    /// Emits the norms of rows from v_1 and squared weights; returns w_1.
    fn square(&self, squared: Squared, v: Buffer, ways: &Ways, lower: &mut Lower<'_>) -> Buffer {
        let gram = squared.gram(false, lower);
        let norms = self.report(lower);
        let w = self.probes_at('w', 1, ways, lower);
        match ways.units {
            Some(units) => lower.rows(SquareActive {
                units,
                packed: ways.packed,
                gram,
                v,
                w,
                norms,
            }),
            None => lower.rows(Square {
                packed: ways.packed,
                width: squared.outputs,
                gram,
                v,
                w,
                scaled: (lower.mode() == Mode::Training).then(|| self.scale()),
                norms,
            }),
        }
        w
    }

    /// A buffer for the norms of rows, whose mean is reported.
    fn report(&self, lower: &mut Lower<'_>) -> Buffer {
        let norms = lower.buffer("norms of rows", 1);
        let scaled = self.scale();
        lower.loss(&self.norm.name, scaled.weight, norms, scaled.mean);
        norms
    }

    /// Emits the gradients of values and tensors on the way, except for squared weights.
    fn gradients(&self, first: usize, ways: &Ways, lower: &mut Lower<'_>) {
        for (l, link) in self.chain.iter().enumerate().skip(first) {
            let (Some(w), packed) = (ways.w[l], ways.packed) else {
                continue;
            };
            if let Some(v) = ways.v[l + 1].filter(|_| link.derivative().is_curved()) {
                let place = ChainPlace::new(link, packed, lower);
                lower.add_later(link.x, move |dx| Curvature { place, w, v, dx });
            }
            let diagonal = ways.diagonal.filter(|_| l + 2 == self.chain.len());
            for (tensor, &id) in link.tensors.iter().enumerate() {
                if !link.derivative().depends_on(tensor) {
                    continue;
                }
                match (diagonal, ways.v[l + 1]) {
                    (Some((below, slopes)), _) => lower.tile(
                        id,
                        DiagonalGradient {
                            packed,
                            below,
                            slopes,
                            w,
                        },
                    ),
                    (None, Some(v)) => lower.tile(
                        id,
                        ProbeGradient {
                            function: Arc::clone(&link.function),
                            tensor,
                            packed,
                            w,
                            v,
                        },
                    ),
                    (None, None) => (),
                }
            }
        }
    }
}
