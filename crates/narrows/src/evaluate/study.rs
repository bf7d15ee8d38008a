//! The whole evaluation of a model.

use super::moments::fill;
use super::needs::{of_classes, require_passes};
use super::quality::{Comparison, Images};
use super::units::groups;
use super::{
    ClassError, Evaluation, JacobianSummary, LayerUnits, Matrix, NoiseCurve, NoisePoint, Pca,
    Quality, Reconstruct, RidgeProbe, TestNoise, block_rows, nearest_neighbors, noise_draws,
    noisy_errors, standard_noises,
};
use crate::corruption::Corruption;
use crate::data::{Dataset, Split};
use crate::error::{Error, ErrorKind, Result};
use crate::memory::{require, unless_left_out};
use crate::model::Model;
use crate::network::{Rows, ScaledRows, Workers};
use crate::threads::available_threads;
use ndarray::Array2;
use std::collections::BTreeMap;
use std::ops::Range;

/// The most values that the codes of the training rows may have for the classes to be looked for in
/// them: 2 GiB.
const MAX_CODE_VALUES: usize = 1 << 29;

/// How far a part of an evaluation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: &'static str,
    /// How much of the stage is done, in its own measure; below `total`, or equal to it.
    pub done: usize,
    /// How much there is to do.
    pub total: usize,
}

/// Evaluates a model on the test rows of a split. Principal components, the probe and the
/// neighbors are fitted to the training rows.
///
/// `observe` is told how far it is; `threads`, 0
/// for one each core, has no influence on the result. A measure that needs more memory than is left is left out, and
/// [`Evaluation::left_out`] says so.
///
/// # Errors
///
/// When there are no test rows, when there is too little memory to take rows through the model, when the rows do not fit the model, or what it makes of them is not finite.
pub fn evaluate(
    model: &Model,
    split: &Split<'_>,
    threads: usize,
    observe: &mut dyn FnMut(Progress),
) -> Result<Evaluation> {
    let train = &*split.train;
    let test = split
        .test
        .as_deref()
        .ok_or_else(|| no_test_rows(train.name()))?;
    model.check_width(train.inputs())?;
    model.check_width(test.inputs())?;
    let threads = match threads {
        0 => available_threads(),
        threads => threads,
    };
    let mut study = Study {
        model,
        train,
        test,
        images: Images::of(test),
        threads,
        workers: Workers::new(threads),
        observe,
        left_out: Vec::new(),
    };
    require_passes("measuring", model, test, threads)?;
    let pca = study.fit_pca()?;
    let mut measured = study.run_model()?;
    let mut beside = match &pca {
        Some(pca) => Some(study.run_pca(pca)?),
        None => None,
    };
    let own_draws = noise_draws(test.rows(), test.inputs());
    let robustness = study.robustness(pca.as_ref(), own_draws);
    if let Some(own) = &model.recipe().corruption {
        let curve = robustness.iter().find(|curve| curve.noise == own.name());
        let level = decimal(own.strength());
        let point = curve.and_then(|curve| curve.points.iter().find(|point| point.level == level));
        measured.quality.noisy_mse = point.map(|point| point.mse);
        if let Some(beside) = &mut beside {
            beside.quality.noisy_mse = point.and_then(|point| point.pca_mse);
        }
    }
    let jacobian = study.jacobian()?;
    study.find_classes(&mut measured, |study| study.codes_of_model())?;
    if let (Some(pca), Some(beside)) = (&pca, &mut beside) {
        study.find_classes(beside, |study| study.codes_of_pca(pca, study.train))?;
    }
    Ok(Evaluation {
        recipe: model.recipe().name.clone(),
        data: test.name().to_string(),
        shape: test.shape().to_vec(),
        code_size: model.code_size(),
        train_rows: train.rows(),
        test_rows: test.rows(),
        held_out: split.is_held_out,
        data_range: study.images.map(|images| images.data_range),
        class_errors: class_errors(
            test,
            &measured.errors,
            beside.as_ref().map(|b| &b.errors[..]),
        ),
        corruption: model.recipe().corruption.clone(),
        noise_draws: measured.quality.noisy_mse.map(|_| own_draws),
        model: measured.quality,
        pca: beside.map(|beside| beside.quality),
        units: measured.units,
        robustness,
        jacobian,
        left_out: study.left_out,
    })
}

/// Why there is nothing to measure on.
pub(crate) fn no_test_rows(data: &str) -> Error {
    Error::new(ErrorKind::Data, "there are no rows to measure the model on")
        .at(data)
        .expected("test rows: the model was trained without test rows of these data")
        .hint("give rows that training has not seen as the data")
}

struct Study<'a> {
    model: &'a Model,
    train: &'a Dataset,
    test: &'a Dataset,
    images: Option<Images>,
    threads: usize,
    workers: Workers,
    observe: &'a mut dyn FnMut(Progress),
    left_out: Vec<String>,
}

/// What an autoencoder made of the test rows.
struct Measured {
    quality: Quality,
    /// The error of each row.
    errors: Vec<f64>,
    codes: Array2<f32>,
    units: Vec<LayerUnits>,
}

impl<'a> Study<'a> {
    fn scaled(&self, data: &'a Dataset) -> ScaledRows<'a> {
        ScaledRows {
            data,
            scaling: self.model.scaling(),
        }
    }

    fn tell(&mut self, stage: &'static str, done: usize, total: usize) {
        (self.observe)(Progress { stage, done, total });
    }

    fn fit_pca(&mut self) -> Result<Option<Pca>> {
        let (inputs, code) = (self.train.inputs(), self.model.code_size());
        if !Pca::is_feasible(inputs, code) {
            return Ok(None);
        }
        self.tell("principal components", 0, 1);
        let rows = self.scaled(self.train);
        let pca = Pca::fit_with(&rows, inputs, code, self.workers.team());
        unless_left_out(pca, &mut self.left_out)
    }

    /// Runs the test rows through the model, group of layers by group of layers: linear layers are not folded, so that
    /// the last digit may be another than that of `Model::mse`.
    fn run_model(&mut self) -> Result<Measured> {
        let (model, test) = (self.model, self.test);
        let (network, inputs) = (model.network(), test.inputs());
        let mut groups = groups(model)?;
        let mut comparison = Comparison::new(model.scaling(), self.images);
        let mut codes = Vec::with_capacity(test.rows() * model.code_size());
        let step = block_rows(inputs);
        for start in (0..test.rows()).step_by(step) {
            self.tell("reconstructions", start, test.rows());
            let len = step.min(test.rows() - start);
            let clean = self.scaled_rows(start..start + len);
            let (mut values, mut width) = (clean.clone(), inputs);
            for group in &mut groups {
                let mut outputs = vec![0.0; len * group.width];
                let rows = Matrix {
                    values: &values,
                    width,
                };
                group.pass.run(&rows, &mut self.workers, &mut outputs);
                group.add(&outputs);
                if group.layers.end == network.encoder().end {
                    codes.extend_from_slice(&outputs);
                }
                (values, width) = (outputs, group.width);
            }
            comparison.add(&clean, &values, inputs, self.workers.team());
        }
        let units = groups.iter().filter_map(|group| group.units()).collect();
        self.measured(comparison, matrix(codes, model.code_size())?, units)
    }

    /// Some of the test rows, scaled, one after the other.
    fn scaled_rows(&mut self, places: Range<usize>) -> Vec<f32> {
        let (test, inputs) = (self.test, self.test.inputs());
        let mut clean = vec![0.0; places.len() * inputs];
        let rows = self.scaled(test);
        let team = self.workers.team();
        fill(&rows, places.start, inputs, &mut clean, team, |_| ());
        clean
    }

    fn run_pca(&mut self, pca: &Pca) -> Result<Measured> {
        let test = self.test;
        let inputs = test.inputs();
        let codes = self.codes_of_pca(pca, test);
        let mut comparison = Comparison::new(self.model.scaling(), self.images);
        let step = block_rows(inputs);
        for start in (0..test.rows()).step_by(step) {
            self.tell("reconstructions of PCA", start, test.rows());
            let len = step.min(test.rows() - start);
            let clean = self.scaled_rows(start..start + len);
            let mut outputs = vec![0.0; len * inputs];
            let rows = Matrix {
                values: &clean,
                width: inputs,
            };
            let code = codes.ncols();
            pca.reconstruct_with(code, &rows, self.workers.team(), &mut outputs);
            comparison.add(&clean, &outputs, inputs, self.workers.team());
        }
        self.measured(comparison, codes, Vec::new())
    }

    fn measured(
        &self,
        comparison: Comparison<'_>,
        codes: Array2<f32>,
        units: Vec<LayerUnits>,
    ) -> Result<Measured> {
        let mse = comparison.mse();
        if !mse.is_finite() {
            return Err(Error::new(
                ErrorKind::Data,
                "the reconstructions of these data are not finite",
            )
            .at(self.test.name())
            .found(format!("a mean squared error of {mse}")));
        }
        Ok(Measured {
            quality: Quality {
                mse,
                noisy_mse: None,
                psnr: comparison.psnr(),
                ssim: comparison.ssim(),
                linear_probe_accuracy: None,
                probe_refusal: None,
                knn_accuracy: None,
            },
            errors: comparison.errors(),
            codes,
            units,
        })
    }

    fn codes_of_pca(&self, pca: &Pca, data: &'a Dataset) -> Array2<f32> {
        let code = self.model.code_size();
        pca.encode(code, &self.scaled(data), self.threads)
    }

    fn codes_of_model(&mut self) -> Array2<f32> {
        let (model, train) = (self.model, self.train);
        let mut codes = Array2::zeros((train.rows(), model.code_size()));
        let rows = self.scaled(train);
        if let Some(codes) = codes.as_slice_mut() {
            model.encoder().run(&rows, &mut self.workers, codes);
        }
        codes
    }

    fn jacobian(&mut self) -> Result<Option<JacobianSummary>> {
        self.tell("Jacobians", 0, 1);
        let found = JacobianSummary::of_first(self.model, self.test, self.threads);
        Ok(unless_left_out(found, &mut self.left_out)?.flatten())
    }

    fn robustness(&mut self, pca: Option<&Pca>, own_draws: u32) -> Vec<NoiseCurve> {
        let model = self.model;
        let of_model = |rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]| {
            model.reconstructor().run(rows, workers, out);
        };
        let of_pca = |rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]| {
            if let Some(pca) = pca {
                pca.reconstruct_with(model.code_size(), rows, workers.team(), out);
            }
        };
        let both: [&Reconstruct<'_>; 2] = [&of_model, &of_pca];
        let autoencoders = &both[..1 + usize::from(pca.is_some())];
        let rows = self.scaled(self.test);
        let inputs = self.test.inputs();
        let noises = standard_noises(model.recipe().corruption.as_ref());
        let total = noises.iter().map(Vec::len).sum();
        let mut done = 0;
        let mut curves = Vec::new();
        for levels in &noises {
            let mut points = Vec::new();
            for corruption in levels {
                self.tell("robustness", done, total);
                done += 1;
                // That of training gives a figure of its own, the others points of a curve.
                let is_own = model.recipe().corruption.as_ref() == Some(corruption);
                let noise = TestNoise {
                    corruption: corruption.clone(),
                    seed: model.recipe().seed,
                    draws: if is_own { own_draws } else { 1 },
                };
                let errors = noisy_errors(&rows, inputs, &noise, autoencoders, &mut self.workers);
                points.push(NoisePoint {
                    level: decimal(corruption.strength()),
                    mse: errors[0],
                    pca_mse: errors.get(1).copied(),
                });
            }
            curves.push(NoiseCurve {
                noise: levels.first().map_or("", Corruption::name).to_string(),
                points,
            });
        }
        curves
    }

    /// Sees how well the classes can be told from the codes, if there are classes.
    fn find_classes(
        &mut self,
        measured: &mut Measured,
        train_codes: impl FnOnce(&mut Self) -> Array2<f32>,
    ) -> Result<()> {
        let (Some(known), Some(truth)) = (self.train.labels(), self.test.labels()) else {
            return Ok(());
        };
        let width = measured.codes.ncols();
        let values = self.train.rows().checked_mul(width);
        if known.iter().all(|label| Some(label) == known.first())
            || values.is_none_or(|values| values > MAX_CODE_VALUES)
        {
            return Ok(());
        }
        let needed = of_classes(self.train.rows(), width);
        let has_room = require("telling the classes from the codes", needed);
        if unless_left_out(has_room, &mut self.left_out)?.is_none() {
            return Ok(());
        }
        self.tell("classes by a ridge probe", 0, 1);
        let codes = train_codes(self);
        let test = measured.codes.view();
        let share = |found: &[i64]| {
            let right = found.iter().zip(truth).filter(|(a, b)| a == b).count();
            Some(right as f64 / truth.len() as f64)
        };
        match RidgeProbe::fit(codes.view(), known, self.threads) {
            Ok(probe) => measured.quality.linear_probe_accuracy = share(&probe.predict(test)),
            Err(error) => measured.quality.probe_refusal = Some(error.to_string()),
        }
        let (stage, total) = ("classes by the nearest neighbors", test.nrows());
        self.tell(stage, 0, total);
        let found = nearest_neighbors(codes.view(), known, test, self.threads, &mut |done| {
            (self.observe)(Progress { stage, done, total });
        })?;
        measured.quality.knn_accuracy = share(&found);
        Ok(())
    }
}

/// A number as it is written: 0.1 rather than 0.10000000149.
fn decimal(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

/// Rows that lie one after the other.
fn matrix(values: Vec<f32>, width: usize) -> Result<Array2<f32>> {
    let rows = values.len() / width.max(1);
    Array2::from_shape_vec((rows, width), values)
        .map_err(|error| Error::new(ErrorKind::Data, "codes of no width").caused_by(error))
}

fn class_errors(test: &Dataset, model: &[f64], pca: Option<&[f64]>) -> Vec<ClassError> {
    let mut classes: BTreeMap<i64, (usize, f64, f64)> = BTreeMap::new();
    for (row, &label) in test.labels().unwrap_or_default().iter().enumerate() {
        let (rows, mse, pca_mse) = classes.entry(label).or_default();
        *rows += 1;
        *mse += model[row];
        *pca_mse += pca.map_or(0.0, |pca| pca[row]);
    }
    classes
        .into_iter()
        .map(|(label, (rows, mse, pca_mse))| ClassError {
            label,
            name: test.label_text(label),
            rows,
            mse: mse / rows as f64,
            pca_mse: pca.map(|_| pca_mse / rows as f64),
        })
        .collect()
}
