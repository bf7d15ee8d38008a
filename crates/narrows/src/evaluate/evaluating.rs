//! An evaluation in progress: it passes the test rows through the model and through PCA.

use super::classes::{accuracies, has_room};
use super::column::ColumnSums;
use super::drawn::DrawnRows;
use super::moments::fill;
use super::quality::{Comparison, Images};
use super::robustness::Reconstruct;
use super::units::groups;
use super::{
    Baselines, ColumnError, JacobianSummary, LayerUnits, Matrix, Pca, Quality, block_rows,
};
use crate::advice::Action;
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::memory::unless_left_out;
use crate::model::Model;
use crate::network::{Rows, ScaledRows, Workers};
use crate::rng::{Draws, Purpose};
use crate::text::{count_of, thousands};
use ndarray::Array2;
use std::ops::Range;
use std::sync::Arc;

/// The progress of a part of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The name of the stage.
    pub stage: &'static str,
    /// The work done in this stage, in units of the stage; at most `total`.
    pub done: usize,
    /// The total work of the stage.
    pub total: usize,
}

pub(super) struct Evaluating<'a> {
    pub(super) model: &'a Model,
    pub(super) train: &'a Dataset,
    pub(super) test: &'a Dataset,
    pub(super) images: Option<Images>,
    pub(super) threads: usize,
    pub(super) workers: Workers,
    pub(super) baselines: &'a Baselines,
    pub(super) observe: &'a mut dyn FnMut(Progress) -> Result<()>,
    pub(super) left_out: Vec<String>,
}

/// The results of an autoencoder on the test rows.
pub(super) struct OfRows {
    pub(super) quality: Quality,
    /// The error of each row.
    pub(super) errors: Vec<f64>,
    pub(super) columns: Vec<ColumnError>,
}

/// The reconstructions of a model.
pub(super) fn of_model(model: &Model) -> impl Fn(&dyn Rows, &mut Workers, &mut [f32]) + '_ {
    |rows, workers, out| model.reconstructor().run(rows, workers, out)
}

/// The reconstructions of PCA.
pub(super) fn of_pca(pca: &Pca, code: usize) -> impl Fn(&dyn Rows, &mut Workers, &mut [f32]) + '_ {
    move |rows, workers, out| pca.reconstruct_with(code, rows, workers.team(), out)
}

impl<'a> Evaluating<'a> {
    /// Rows as the model saw them in training, without noise.
    pub(super) fn scaled<'d>(&self, data: &'d Dataset) -> DrawnRows<'d>
    where
        'a: 'd,
    {
        let purpose = if std::ptr::eq(data, self.train) {
            Purpose::FittedBinarization
        } else {
            Purpose::TestBinarization
        };
        let recipe = self.model.recipe();
        let draws = recipe.binarize.then(|| Draws::new(recipe.seed, purpose));
        let scaling = self.model.scaling();
        DrawnRows {
            rows: ScaledRows { data, scaling },
            draws,
        }
    }

    pub(super) fn tell(&mut self, stage: &'static str, done: usize, total: usize) -> Result<()> {
        (self.observe)(Progress { stage, done, total })
    }

    /// PCA, or the reason why there is none.
    fn fit_pca(&mut self) -> Result<std::result::Result<Arc<Pca>, String>> {
        let (inputs, code) = (self.train.inputs(), self.model.code_size());
        if code >= inputs {
            return Ok(Err(format!(
                "the code has {} for rows of {}: PCA with so many components loses nothing",
                count_of(code, "value"),
                thousands(inputs as f64)
            )));
        }
        if self.train.rows() < code {
            return Ok(Err(format!(
                "{} {} too few for {}",
                count_of(self.train.rows(), "training row"),
                if self.train.rows() == 1 { "is" } else { "are" },
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
        let fitted = if rows.draws.is_some() {
            Pca::fit(&rows, inputs, code, self.threads).map(Arc::new)
        } else {
            self.baselines.fit(&rows.rows, code, self.threads)
        };
        self.train.check_readable()?;
        match fitted {
            Ok(pca) => Ok(Ok(pca)),
            // The comparison with PCA must not cost the measures of the model.
            Err(error) if error.kind() == ErrorKind::Memory => {
                self.left_out.push(error.to_string());
                Ok(Err("too little memory".into()))
            }
            Err(error) if error.kind() == ErrorKind::Data => Ok(Err(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Passes the test rows through an autoencoder, block by block.
    fn of_rows(
        &mut self,
        stage: &'static str,
        with_columns: bool,
        reconstruct: &Reconstruct<'_>,
    ) -> Result<OfRows> {
        let (test, inputs) = (self.test, self.test.inputs());
        let mut comparison = Comparison::new(self.model.scaling(), self.images);
        let train = self.scaled(self.train);
        let mut columns = with_columns.then(|| {
            let scaling = self.model.scaling();
            ColumnSums::new(&train, inputs, scaling, self.workers.team())
        });
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
        let columns = columns.map(|columns| columns.errors(test));
        let huge = columns
            .iter()
            .flatten()
            .find(|column| !column.column_mse.is_finite());
        if let Some(column) = huge {
            self.left_out.push(format!(
                "the MSE of the column `{}`: the square of its error is too large for a number",
                column.name
            ));
        }
        let quality = Quality {
            test_mse: comparison.mse(),
            data_mse: comparison.data_mse(),
            psnr: comparison.psnr(),
            ssim: comparison.ssim(),
            ..Quality::default()
        };
        let is_huge = |found: &Option<f64>| found.is_some_and(|found| !found.is_finite());
        for (what, found) in [
            ("the MSE in data units", quality.data_mse),
            // It is infinite where there is no error.
            ("PSNR", quality.psnr.filter(|psnr| *psnr != f64::INFINITY)),
            ("SSIM", quality.ssim),
        ] {
            if is_huge(&found) {
                self.left_out.push(format!(
                    "{stage}, {what}: the squares of such large values are too large for a number"
                ));
            }
        }
        Ok(OfRows {
            quality,
            errors: comparison.errors(),
            columns: columns.unwrap_or_default(),
        })
    }

    pub(super) fn of_model(&mut self) -> Result<OfRows> {
        // The values of images are not columns.
        let with_columns = self.test.shape().len() == 1;
        let measured = self.of_rows("testing", with_columns, &of_model(self.model))?;
        let mse = measured.quality.test_mse;
        if mse.is_finite() {
            Ok(measured)
        } else {
            Err(self.not_finite("the mean squared error on the test rows", mse))
        }
    }

    /// PCA and its results on the test rows, or the reason why there is none.
    pub(super) fn beside(&mut self) -> Result<std::result::Result<(Arc<Pca>, OfRows), String>> {
        let pca = match self.fit_pca()? {
            Ok(pca) => pca,
            Err(why) => return Ok(Err(why)),
        };
        let map = of_pca(&pca, self.model.code_size());
        let beside = self.of_rows("reconstructions by PCA", false, &map)?;
        drop(map);
        Ok(if beside.quality.test_mse.is_finite() {
            Ok((pca, beside))
        } else {
            Err(
                "the error is too large for a number: scale the data with scaling.kind=standardize"
                    .into(),
            )
        })
    }

    pub(super) fn not_finite(&self, what: &str, found: f64) -> Error {
        Error::new(ErrorKind::Data, format!("{what} is not finite"))
            .at(self.test.name())
            .expected("a finite error")
            .found(found)
            .hint(format!(
                "some test rows hold huge values: look for them with {}",
                Action::DescribeData
            ))
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

    pub(super) fn jacobian(&mut self) -> Result<Option<JacobianSummary>> {
        self.tell("Jacobians", 0, 1)?;
        let found = JacobianSummary::of_first(self.model, self.test, self.threads);
        Ok(unless_left_out(found, &mut self.left_out)?.flatten())
    }

    /// The units of the layers. Linear layers are not folded here.
    pub(super) fn units(&mut self) -> Result<Vec<LayerUnits>> {
        // In a single row, every unit is constant.
        if self.test.rows() < 2 {
            return Ok(Vec::new());
        }
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

    /// The accuracies of predicting the classes from the codes of the model or of PCA, if there are classes.
    pub(super) fn accuracies(&mut self, measured: &mut OfRows, pca: Option<&Pca>) -> Result<()> {
        let (Some(known), Some(truth)) = (self.train.labels(), self.test.labels()) else {
            return Ok(());
        };
        let (code, train) = (self.model.code_size(), self.train);
        let has_room = has_room(known, train.rows(), code);
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

    /// The codes of rows from the model or from PCA.
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
