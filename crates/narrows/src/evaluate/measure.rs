//! The evaluation: one computation, of which a caller chooses the measures.

use super::affine::AffineMap;
use super::classes::{accuracies, class_errors, majority_accuracy};
use super::column::ColumnSums;
use super::quality::{Comparison, Images};
use super::robustness::{Reconstruct, TestNoise, noise_draws, noisy_errors, standard_noises};
use super::units::groups;
use super::{
    Baselines, Denoising, Evaluation, JacobianSummary, LayerUnits, Matrix, NoiseCurve, NoisePoint,
    Pca, Quality, block_rows, require_passes,
};
use crate::corruption::Corruption;
use crate::data::{Dataset, Split};
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::moments::fill;
use crate::memory::unless_left_out;
use crate::model::Model;
use crate::network::{Rows, ScaledRows, Workers};
use crate::text::{count_of, decimal, thousands};
use crate::threads::available_threads;
use ndarray::Array2;
use std::ops::Range;
use std::sync::Arc;

/// The test rows that curves of robustness are measured on: the first.
pub const NOISY_ROWS: usize = 500;

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

/// The measures that take longer than the reconstructions: which of them are wanted. The others are always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measures {
    /// How well classes are told from the codes.
    pub accuracies: bool,
    /// The units of each layer that never change.
    pub units: bool,
}

impl Measures {
    /// All.
    pub const ALL: Measures = Measures {
        accuracies: true,
        units: true,
    };

    /// Those that follow training: none of these.
    pub const OF_A_RUN: Measures = Measures {
        accuracies: false,
        units: false,
    };
}

/// What to measure, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Measuring<'a> {
    /// The measures.
    pub measures: Measures,
    /// The number of threads, 0 for one each core; it has no influence on the result.
    pub threads: usize,
    /// Principal components of other evaluations on the same rows, to be used again.
    pub baselines: Option<&'a Baselines>,
}

impl Default for Measuring<'_> {
    /// All measures, on all cores.
    fn default() -> Self {
        Measuring {
            measures: Measures::ALL,
            threads: 0,
            baselines: None,
        }
    }
}

/// Evaluates a model on the test rows of a split. PCA, the affine map, the probe and the neighbors are fitted on the
/// training rows.
///
/// `observe` is told how far it is, and ends the evaluation with an error. A measure that needs more memory than is left
/// is left out, and [`Evaluation::left_out`] says so.
///
/// # Errors
///
/// When there are no test rows, when there is too little memory to take rows through the model, when the rows do not fit
/// the model, when the reconstructions are not finite, or the error of `observe`.
pub fn evaluate(
    model: &Model,
    split: &Split<'_>,
    how: &Measuring<'_>,
    observe: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<Evaluation> {
    let train = &*split.train;
    let test = split
        .test
        .as_deref()
        .ok_or_else(|| no_test_rows(train.name()))?;
    model.check_width(train.inputs())?;
    model.check_width(test.inputs())?;
    let threads = match how.threads {
        0 => available_threads(),
        threads => threads,
    };
    let own = Baselines::default();
    let mut evaluating = Evaluating {
        model,
        train,
        test,
        images: Images::of(test),
        threads,
        workers: Workers::new(threads),
        baselines: how.baselines.unwrap_or(&own),
        observe,
        left_out: Vec::new(),
    };
    require_passes("the evaluation", model, test, threads)?;
    let mut measured = evaluating.of_model()?;
    let (pca, mut beside, pca_left_out) = match evaluating.beside()? {
        Ok((pca, beside)) => (Some(pca), Some(beside), None),
        Err(why) => (None, None, Some(why)),
    };
    let denoising = match &model.recipe().corruption {
        Some(noise) => Some(evaluating.denoising(noise, pca.as_deref())?),
        None => None,
    };
    let robustness = evaluating.robustness(pca.as_deref())?;
    let jacobian = evaluating.jacobian()?;
    let mut units = Vec::new();
    if how.measures.units {
        units = evaluating.units()?;
    }
    if how.measures.accuracies {
        evaluating.accuracies(&mut measured, None)?;
        if let (Some(pca), Some(beside)) = (&pca, &mut beside) {
            evaluating.accuracies(beside, Some(pca))?;
        }
    }
    let has_accuracy = measured.quality.knn_accuracy.is_some();
    Ok(Evaluation {
        recipe: model.recipe().name.clone(),
        data: test.name().to_string(),
        shape: test.shape().to_vec(),
        code_size: model.code_size(),
        train_rows: train.rows(),
        test_rows: test.rows(),
        held_out: split.is_held_out,
        data_range: evaluating.images.map(|images| images.data_range),
        classes: class_errors(
            test,
            &measured.errors,
            beside.as_ref().map(|beside| &beside.errors[..]),
        ),
        majority_accuracy: majority_accuracy(train, test).filter(|_| has_accuracy),
        columns: measured.columns,
        denoising,
        model: measured.quality,
        pca: beside.map(|beside| beside.quality),
        pca_left_out,
        units,
        robustness,
        jacobian,
        left_out: evaluating.left_out,
    })
}

/// Why there is nothing to measure on.
pub(crate) fn no_test_rows(data: &str) -> Error {
    Error::new(ErrorKind::Data, "there are no rows to measure the model on")
        .at(data)
        .expected("test rows: the model was trained without test rows of these data")
        .hint("give rows that training has not seen as the data")
}

struct Evaluating<'a> {
    model: &'a Model,
    train: &'a Dataset,
    test: &'a Dataset,
    images: Option<Images>,
    threads: usize,
    workers: Workers,
    baselines: &'a Baselines,
    observe: &'a mut dyn FnMut(Progress) -> Result<()>,
    left_out: Vec<String>,
}

/// What an autoencoder made of the test rows.
pub(super) struct OfRows {
    pub(super) quality: Quality,
    /// The error of each row.
    pub(super) errors: Vec<f64>,
    pub(super) columns: Vec<super::ColumnError>,
}

impl<'a> Evaluating<'a> {
    fn scaled(&self, data: &'a Dataset) -> ScaledRows<'a> {
        ScaledRows {
            data,
            scaling: self.model.scaling(),
        }
    }

    fn tell(&mut self, stage: &'static str, done: usize, total: usize) -> Result<()> {
        (self.observe)(Progress { stage, done, total })
    }

    /// PCA, or why there is none.
    fn fit_pca(&mut self) -> Result<std::result::Result<Arc<Pca>, String>> {
        let (inputs, code) = (self.train.inputs(), self.model.code_size());
        if code >= inputs {
            return Ok(Err(format!(
                "the code has {} for rows of {}: so many components lose nothing",
                count_of(code, "value"),
                thousands(inputs as f64)
            )));
        }
        if self.train.rows() < code {
            return Ok(Err(format!(
                "there are {} for {}",
                count_of(self.train.rows(), "training row"),
                count_of(code, "component")
            )));
        }
        if !Pca::is_feasible(inputs, code) {
            return Ok(Err(
                "so many components of such wide rows need too much memory".into(),
            ));
        }
        self.tell("principal components", 0, 1)?;
        let rows = self.scaled(self.train);
        match self.baselines.fit(&rows, code, self.threads) {
            Ok(pca) => Ok(Ok(pca)),
            // A measure beside the model's: it must not cost the model's.
            Err(error) if error.kind() == ErrorKind::Memory => {
                self.left_out.push(error.to_string());
                Ok(Err("too little memory".into()))
            }
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Takes the test rows through an autoencoder, block by block.
    fn of_rows(
        &mut self,
        stage: &'static str,
        with_columns: bool,
        reconstruct: &Reconstruct<'_>,
    ) -> Result<OfRows> {
        let (test, inputs) = (self.test, self.test.inputs());
        let mut comparison = Comparison::new(self.model.scaling(), self.images);
        let train = self.scaled(self.train);
        let mut columns =
            with_columns.then(|| ColumnSums::new(&train, inputs, self.workers.team()));
        let step = block_rows(inputs);
        for start in (0..test.rows()).step_by(step) {
            self.tell(stage, start, test.rows())?;
            let len = step.min(test.rows() - start);
            let clean = self.scaled_rows(start..start + len);
            let mut made = vec![0.0; len * inputs];
            let rows = Matrix {
                values: &clean,
                width: inputs,
            };
            reconstruct(&rows, &mut self.workers, &mut made);
            comparison.add(&clean, &made, inputs, self.workers.team());
            if let Some(columns) = &mut columns {
                columns.add(&clean, &made);
            }
        }
        let columns = columns.map(|columns| columns.errors(test, self.model.scaling()));
        Ok(OfRows {
            quality: Quality {
                test_mse: comparison.mse(),
                data_mse: comparison.data_mse(),
                psnr: comparison.psnr(),
                ssim: comparison.ssim(),
                ..Quality::default()
            },
            errors: comparison.errors(),
            columns: columns.unwrap_or_default(),
        })
    }

    fn of_model(&mut self) -> Result<OfRows> {
        let model = self.model;
        // The values of images are no columns.
        let with_columns = self.test.shape().len() == 1;
        let measured = self.of_rows("testing", with_columns, &|rows, workers, out| {
            model.reconstructor().run(rows, workers, out);
        })?;
        let mse = measured.quality.test_mse;
        match mse.is_finite() {
            true => Ok(measured),
            false => Err(self.not_finite("the mean squared error on the test rows", mse)),
        }
    }

    /// PCA and what it makes of the test rows, or why there is none.
    fn beside(&mut self) -> Result<std::result::Result<(Arc<Pca>, OfRows), String>> {
        let pca = match self.fit_pca()? {
            Ok(pca) => pca,
            Err(why) => return Ok(Err(why)),
        };
        let code = self.model.code_size();
        let beside = self.of_rows("reconstructions by PCA", false, &|rows, workers, out| {
            pca.reconstruct_with(code, rows, workers.team(), out);
        })?;
        Ok(match beside.quality.test_mse.is_finite() {
            true => Ok((pca, beside)),
            false => Err(
                "its error is too large for a number: scale the data, with scaling.kind=standardize"
                    .into(),
            ),
        })
    }

    fn not_finite(&self, what: &str, found: f64) -> Error {
        Error::new(ErrorKind::Data, format!("{what} is not finite"))
            .at(self.test.name())
            .expected("a finite error")
            .found(found)
            .hint("some test rows hold huge values: look for them with `narrows data info`")
    }

    /// Some of the test rows, scaled, one after the other.
    fn scaled_rows(&mut self, places: Range<usize>) -> Vec<f32> {
        let inputs = self.test.inputs();
        let mut clean = vec![0.0; places.len() * inputs];
        let rows = self.scaled(self.test);
        fill(
            &rows,
            places.start,
            inputs,
            &mut clean,
            self.workers.team(),
            |_| (),
        );
        clean
    }

    /// The model with the noise of its training, beside maps that a denoiser should be better than.
    fn denoising(&mut self, noise: &Corruption, pca: Option<&Pca>) -> Result<Denoising> {
        let (model, inputs) = (self.model, self.test.inputs());
        let of_test = self.noise(noise, self.test);
        let affine = self.fit_affine_map(noise)?;
        self.tell("denoising", 0, 1)?;
        let of_model = |rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]| {
            model.reconstructor().run(rows, workers, out);
        };
        let copy = |rows: &dyn Rows, _: &mut Workers, out: &mut [f32]| {
            rows.write(0..rows.count(), out);
        };
        let of_affine = |rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]| {
            if let Some(map) = &affine {
                map.apply(rows, workers.team(), out);
            }
        };
        let of_pca = |rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]| {
            if let Some(pca) = pca {
                pca.reconstruct_with(model.code_size(), rows, workers.team(), out);
            }
        };
        let mut maps: Vec<&Reconstruct<'_>> = vec![&of_model, &copy];
        if affine.is_some() {
            maps.push(&of_affine);
        }
        if pca.is_some() {
            maps.push(&of_pca);
        }
        let rows = self.scaled(self.test);
        let errors = noisy_errors(&rows, inputs, &of_test, &maps, &mut self.workers);
        if let Some(&error) = errors[..2].iter().find(|error| !error.is_finite()) {
            return Err(self.not_finite("the mean squared error on noisy test rows", error));
        }
        let mut others = errors[2..].iter().copied();
        Ok(Denoising {
            corruption: noise.clone(),
            draws: of_test.draws,
            denoising_mse: errors[0],
            noisy_input_mse: errors[1],
            affine_map_mse: affine.as_ref().and_then(|_| others.next()),
            pca_denoising_mse: pca.and_then(|_| others.next()),
        })
    }

    /// The noise of training on rows: as many draws of each as make its mean error certain.
    fn noise(&self, noise: &Corruption, rows: &Dataset) -> TestNoise {
        TestNoise {
            corruption: noise.clone(),
            seed: self.model.recipe().seed,
            draws: noise_draws(rows.rows(), rows.inputs()),
        }
    }

    /// The best affine map from noisy to clean training rows, where it can be formed.
    fn fit_affine_map(&mut self, noise: &Corruption) -> Result<Option<AffineMap>> {
        let (train, inputs) = (self.train, self.train.inputs());
        if !AffineMap::is_feasible(inputs) || train.rows() <= inputs {
            return Ok(None);
        }
        self.tell("the best affine map", 0, 1)?;
        let (rows, noise) = (self.scaled(train), self.noise(noise, train));
        let map = AffineMap::fit(&rows, inputs, &noise, self.workers.team());
        match unless_left_out(map, &mut self.left_out) {
            Err(error) if error.kind() == ErrorKind::Data => {
                self.left_out.push(error.to_string());
                Ok(None)
            }
            map => map,
        }
    }

    fn robustness(&mut self, pca: Option<&Pca>) -> Result<Vec<NoiseCurve>> {
        let model = self.model;
        let test = self.test.head(NOISY_ROWS.min(self.test.rows()))?;
        let rows = ScaledRows {
            data: &test,
            scaling: model.scaling(),
        };
        let of_model = |rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]| {
            model.reconstructor().run(rows, workers, out);
        };
        let of_pca = |rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]| {
            if let Some(pca) = pca {
                pca.reconstruct_with(model.code_size(), rows, workers.team(), out);
            }
        };
        let both: [&Reconstruct<'_>; 2] = [&of_model, &of_pca];
        let maps = &both[..1 + usize::from(pca.is_some())];
        let noises = standard_noises(model.recipe().corruption.as_ref());
        let total = noises.iter().map(Vec::len).sum();
        let (mut done, mut curves) = (0, Vec::new());
        for levels in noises {
            let mut points = Vec::new();
            for noise in &levels {
                self.tell("robustness", done, total)?;
                done += 1;
                let test_noise = |draws| TestNoise {
                    corruption: noise.clone(),
                    seed: model.recipe().seed,
                    draws,
                };
                let errors = noisy_errors(
                    &rows,
                    test.inputs(),
                    &test_noise(1),
                    maps,
                    &mut self.workers,
                );
                points.push(point(decimal(noise.strength()), &errors));
            }
            curves.extend(levels.into_iter().next().map(|noise| NoiseCurve {
                noise,
                rows: test.rows(),
                points,
            }));
        }
        // Without noise all kinds have the same error.
        let clean = clean_errors(&rows, test.inputs(), maps, &mut self.workers);
        for curve in &mut curves {
            curve.points.insert(0, point(0.0, &clean));
        }
        Ok(curves)
    }

    fn jacobian(&mut self) -> Result<Option<JacobianSummary>> {
        self.tell("Jacobians", 0, 1)?;
        let found = JacobianSummary::of_first(self.model, self.test, self.threads);
        Ok(unless_left_out(found, &mut self.left_out)?.flatten())
    }

    /// The units of the layers. Linear layers are not folded for it.
    fn units(&mut self) -> Result<Vec<LayerUnits>> {
        let (test, inputs) = (self.test, self.test.inputs());
        let mut groups = groups(self.model)?;
        let step = block_rows(inputs);
        for start in (0..test.rows()).step_by(step) {
            self.tell("units", start, test.rows())?;
            let len = step.min(test.rows() - start);
            let (mut values, mut width) = (self.scaled_rows(start..start + len), inputs);
            for group in &mut groups {
                let mut outputs = vec![0.0; len * group.width];
                let rows = Matrix {
                    values: &values,
                    width,
                };
                group.pass.run(&rows, &mut self.workers, &mut outputs);
                group.add(&outputs);
                (values, width) = (outputs, group.width);
            }
        }
        Ok(groups.iter().filter_map(|group| group.units()).collect())
    }

    /// How well the classes are told from the codes of the model, or of PCA, where there are classes.
    fn accuracies(&mut self, measured: &mut OfRows, pca: Option<&Pca>) -> Result<()> {
        let (Some(known), Some(truth)) = (self.train.labels(), self.test.labels()) else {
            return Ok(());
        };
        let (code, train) = (self.model.code_size(), self.train);
        let has_room = super::classes::has_room(known, train.rows(), code);
        if !unless_left_out(has_room, &mut self.left_out)?.unwrap_or(false) {
            return Ok(());
        }
        self.tell("accuracy of a linear probe", 0, 1)?;
        let [known_codes, codes] = [train, self.test].map(|data| self.codes(data, pca));
        let observe = &mut *self.observe;
        let found = accuracies(
            (&known_codes, known),
            (&codes, truth),
            self.threads,
            &mut |done| {
                observe(Progress {
                    stage: "accuracy of neighbors",
                    done,
                    total: truth.len(),
                })
            },
        )?;
        measured.quality.linear_probe_accuracy = found.linear_probe;
        measured.quality.probe_refusal = found.probe_refusal;
        measured.quality.knn_accuracy = found.knn;
        Ok(())
    }

    /// The codes of rows by the model, or by PCA.
    fn codes(&mut self, data: &'a Dataset, pca: Option<&Pca>) -> Array2<f32> {
        let (model, rows) = (self.model, self.scaled(data));
        let code = model.code_size();
        if let Some(pca) = pca {
            return pca.encode(code, &rows, self.threads);
        }
        let mut codes = Array2::zeros((data.rows(), code));
        if let Some(codes) = codes.as_slice_mut() {
            model.encoder().run(&rows, &mut self.workers, codes);
        }
        codes
    }
}

/// A point of a curve, from the errors of the model and of PCA.
fn point(level: f64, errors: &[f64]) -> NoisePoint {
    NoisePoint {
        level,
        noisy_mse: errors[0],
        pca_noisy_mse: errors.get(1).copied(),
    }
}

/// The errors of some autoencoders on rows without noise.
fn clean_errors(
    rows: &dyn Rows,
    inputs: usize,
    maps: &[&Reconstruct<'_>],
    workers: &mut Workers,
) -> Vec<f64> {
    let none = TestNoise {
        corruption: Corruption::masking(0.0),
        seed: 0,
        draws: 1,
    };
    noisy_errors(rows, inputs, &none, maps, workers)
}
