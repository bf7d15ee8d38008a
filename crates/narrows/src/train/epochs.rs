//! The loop over the steps of an epoch, and the validation at its end.

use super::record::{EpochRecord, Progress};
use super::training::Training;
use crate::data::{Dataset, Order};
use crate::error::{Error, ErrorKind, Result};
use crate::rng::{Draws, Purpose};
use std::ops::{ControlFlow, Range};
use std::time::Instant;

impl Training<'_> {
    /// Trains for one epoch: every row once, in a new order. `observe` is called after each step, and between
    /// the batches of the validation rows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Diverged`] if the training or validation loss is not finite; the run cannot be used after that.
    /// [`ErrorKind::Io`] if rows that stay in a file cannot be read.
    pub fn epoch(&mut self, mut observe: impl FnMut(&Progress)) -> Result<EpochRecord> {
        let record = self.epoch_while(|_, progress| {
            observe(progress);
            ControlFlow::Continue(())
        })?;
        record.ok_or_else(|| Error::new(ErrorKind::Data, "the epoch was broken off"))
    }

    /// As [`Training::epoch`], but ends after the step at which `observe` asks for it, and then returns no record. The
    /// next call continues from there, and so does a run that is restored from [`Training::state`]. A validation that
    /// was interrupted starts again.
    ///
    /// # Errors
    ///
    /// As [`Training::epoch`].
    pub fn epoch_while(
        &mut self,
        mut observe: impl FnMut(&Self, &Progress) -> ControlFlow<()>,
    ) -> Result<Option<EpochRecord>> {
        let began = Instant::now();
        let before = self.state.sums.seconds;
        let epoch = self.state.epochs_done;
        let mut order = std::mem::take(&mut self.order);
        let draws = Draws::new(self.recipe.seed, Purpose::Shuffle);
        let in_step = self
            .recipe
            .batch_size
            .saturating_mul(self.recipe.accumulation);
        let pieces = self.stepper.pieces(self.data.rows(), in_step);
        let in_epoch = Order::new(self.data, &draws, epoch as u32, in_step);
        let in_epoch = in_epoch.joined(pieces.has_joined());
        let (mut pool, mut read) = (None, None);
        let mut places = Vec::new();
        let steps = pieces.count();
        let first = self.state.sums.rows.div_ceil(in_step);
        for step in first..steps {
            self.factor = self.factor_at(step, steps);
            let Range { start, end } = pieces.of(step);
            let index = in_epoch.pool_of(start);
            let pool_start = in_epoch.start_of(index);
            if pool != Some(index) {
                pool = Some(index);
                in_epoch.rows_of(index, &mut order);
                if self.data.is_in_file() {
                    read = Some(self.data.pooled(&order, read.take())?);
                }
            }
            let in_pool = start - pool_start..end - pool_start;
            let (data, these) = match &read {
                None => (self.data, &order[in_pool]),
                Some(read) => {
                    places.clear();
                    places.extend(in_pool.map(|place| place as u32));
                    (read, &places[..])
                }
            };
            let (scaling, factor) = (&self.scaling, self.factor);
            let losses = self
                .stepper
                .step(data, scaling, epoch as u32, these, factor);
            if !losses.total.is_finite() {
                return Err(self.diverged((step, steps), data, these));
            }
            self.state.sums.add(losses, these.len());
            self.state.sums.seconds = before + began.elapsed().as_secs_f64();
            let is_last = step + 1 == steps;
            let is_break = observe(self, &self.progress()).is_break();
            if is_break && (!is_last || self.validation.is_some()) {
                self.order = order;
                return Ok(None);
            }
        }
        self.order = order;
        // Not known yet if the run was resumed during validation.
        self.factor = self.factor_at(steps - 1, steps);
        let validation_loss = match self.validation {
            None => None,
            Some(validation) => match self.loss_on(validation, observe)? {
                None => return Ok(None),
                loss => loss,
            },
        };
        if let Some((loss, validation)) = validation_loss.zip(self.validation) {
            self.check_validation_loss(loss, validation)?;
        }
        Ok(Some(self.end_epoch(
            validation_loss,
            began.elapsed().as_secs_f64() + before,
        )))
    }

    /// The factor of the learning rate in a step of the current epoch.
    fn factor_at(&self, step: usize, steps: usize) -> f64 {
        self.recipe.schedule.factor(
            (self.state.epochs_done * steps + step) as u64,
            steps as u64,
            self.recipe.epochs,
            &self.state.plateau,
        )
    }

    /// The learning rate of the next step.
    pub fn next_learning_rate(&self) -> f64 {
        let in_step = self
            .recipe
            .batch_size
            .saturating_mul(self.recipe.accumulation);
        let steps = self.stepper.pieces(self.data.rows(), in_step).count();
        let step = self.state.sums.rows.div_ceil(in_step).min(steps);
        self.factor_at(step, steps) * self.recipe.optimizer.learning_rate()
    }

    /// The progress of the epoch.
    fn progress(&self) -> Progress {
        Progress {
            epoch: self.state.epochs_done + 1,
            epochs: self.recipe.epochs,
            rows: self.state.sums.rows,
            rows_in_epoch: self.data.rows(),
            loss: self.state.sums.mean(self.state.sums.total),
        }
    }

    /// The mean of the objective over rows that are not trained on; `None` if `observe` stops it.
    fn loss_on(
        &mut self,
        data: &Dataset,
        mut observe: impl FnMut(&Self, &Progress) -> ControlFlow<()>,
    ) -> Result<Option<f64>> {
        let (rows, batch) = (data.rows(), self.stepper.batch());
        let mut measured = self.stepper.measured(rows);
        let mut places = Vec::with_capacity(batch);
        for start in (0..rows).step_by(batch) {
            let end = (start + batch).min(rows);
            places.clear();
            places.extend(start as u32..end as u32);
            let scaling = &self.scaling;
            self.stepper.measure(&mut measured, data, scaling, &places);
            if end < rows && observe(self, &self.progress()).is_break() {
                return Ok(None);
            }
        }
        data.check_readable()?;
        Ok(Some(measured.losses.total))
    }

    fn end_epoch(&mut self, validation_loss: Option<f64>, seconds: f64) -> EpochRecord {
        let state = &mut self.state;
        state.epochs_done += 1;
        let sums = state.sums.take();
        let train_loss = sums.mean(sums.total);
        let watched = validation_loss.unwrap_or(train_loss);
        // The loss has the full weight of a divergence that training still weighs less.
        let is_warming_up = state.epochs_done <= self.recipe.bottleneck.warmup();
        if !is_warming_up {
            state.plateau.watch(&self.recipe.schedule, watched);
        }
        let is_better = watched < state.best.loss;
        if is_better {
            state.best.loss = watched;
            state.best.epoch = state.epochs_done;
            state.best.waited = 0;
        } else if !is_warming_up {
            state.best.waited += 1;
        }
        if is_better && validation_loss.is_some() {
            let parameters = self.stepper.parameters();
            state.best.parameters.clear();
            state.best.parameters.extend_from_slice(parameters.flat());
            state.best.states.clear();
            state.best.states.extend_from_slice(parameters.states());
        }
        let seconds = seconds.max(1e-9);
        state.train_loss = train_loss;
        state.seconds += seconds;
        let columns = self.stepper.columns().zip(&sums.columns);
        EpochRecord {
            epoch: state.epochs_done,
            train_loss,
            reconstruction: sums.mean(sums.reconstruction),
            columns: columns.map(|(name, &sum)| (name, sums.mean(sum))).collect(),
            seconds,
            rows_per_second: sums.rows as f64 / seconds,
            validation_loss,
            learning_rate: self.factor * self.recipe.optimizer.learning_rate(),
        }
    }
}
