//! `narrows sample`

use crate::destination::{FormatArguments, called};
use crate::fit_prior::fit;
use crate::isa::IsaArgument;
use crate::number::{ANY, number, whole};
use crate::output::{note, print};
use crate::rows::go_over;
use crate::source::{DataArguments, keep_read_apart};
use clap::Args;
use narrows::apply::Samples;
use narrows::declaration::one_of;
use narrows::figures::{check_picture, samples_picture, traversal_picture};
use narrows::files::write_output;
use narrows::model::{Prior, PriorKind, PriorSpec};
use narrows::run::{folder_of, load_model};
use narrows::{Error, ErrorKind, Model, Result};
use std::path::PathBuf;

/// Make new rows: decode codes that are drawn from the distribution of a model's codes or around the codes of given
/// rows, or that show what each value of the code does.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// The distribution of the codes: `standard` (mean 0 and variance 1), `gaussian` or `mixture` [default: the one
    /// that `narrows fit-prior` has stored in the model. Without one: `standard` if training pulls codes towards it
    /// (a variational bottleneck, the penalty `mmd`), else a `mixture` of 10 that is fitted to the run's training
    /// rows now]
    #[arg(long, value_name = "KIND", value_parser = kind)]
    prior: Option<PriorKind>,
    /// The number of rows. Row i depends on the seed and not on this number [default: 64]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(ANY), conflicts_with_all = ["traverse", "grid"])]
    count: Option<usize>,
    /// The seed of the draws [default: the recipe's seed]
    #[arg(long, value_name = "N", value_parser = whole::<u64>(ANY), conflicts_with_all = ["traverse", "grid"])]
    seed: Option<u64>,
    /// Draw codes around the codes of given rows: of `--data`, or else the run's test rows. New row i is drawn around
    /// row i; after the last row, the first is used again. Tables keep labels and ids.
    #[arg(long, conflicts_with_all = ["traverse", "grid", "prior"])]
    around: bool,
    /// The std of the noise that is added to each value of a code [default: a tenth of the std of this value over the
    /// rows]
    #[arg(long, value_name = "STD", value_parser = number, requires = "around")]
    std: Option<f64>,
    /// Change one value of the code at a time, from 3 stds below its mean to 3 above. The other values stay at their
    /// means, or at the code of `--row`.
    #[arg(long, conflicts_with = "grid")]
    traverse: bool,
    /// The row whose code a traversal starts from, counted from 0: of `--data`, or else the run's test rows.
    #[arg(long, value_name = "ROW", value_parser = whole::<usize>(ANY), requires = "traverse")]
    row: Option<usize>,
    /// For a code of two values: decode a square of codes, from the 5 % to the 95 % quantile of each value.
    #[arg(long)]
    grid: bool,
    /// The number of rows for each value of the code in a traversal, or for each side of a grid [default: 9; 15 for a
    /// grid]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(ANY))]
    steps: Option<usize>,
    /// Also draw from the likelihood: `gaussian` adds noise of its std to each value, `bernoulli` draws each value as
    /// 0 or 1, `continuous-bernoulli` draws it from 0 to 1. Without `--noise`, a row is the mean of the likelihood.
    #[arg(long)]
    noise: bool,
    /// A .png file gets one picture; .npy, .csv, .tsv, .parquet or a folder of images get every row; `-` is standard
    /// output.
    #[arg(short, long, value_name = "FILE|FOLDER", default_value = "samples.png")]
    output: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    isa: IsaArgument,
}

const EXAMPLES: &str = "\
Examples:
  narrows sample runs/basic
      One picture of 64 new images.
  narrows sample runs/table --count 1000 --seed 7 -o new.csv
  narrows sample runs/table --around --data table.csv --id customer -o near.csv
  narrows sample runs/vae-table --count 1000 --noise -o like-data.csv
  narrows sample runs/basic --traverse --row 3 -o values.png
  narrows sample runs/two-values --grid";

fn kind(text: &str) -> std::result::Result<PriorKind, String> {
    one_of(text, PriorKind::named, &PriorKind::NAMES)
}

/// The rows that are made unless their number is given.
const USUAL_COUNT: usize = 64;

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    arguments.check()?;
    let output = &arguments.output;
    keep_read_apart(output, &arguments.source.data, &arguments.model)?;
    let picture = (".png", "one picture");
    let out = arguments.format.unless_picture(output, picture)?;
    let model = load_model(&arguments.model)?;
    if arguments.noise {
        Samples::check_noise(&model)?;
    }
    let seed = arguments.seed.unwrap_or(model.recipe().seed);
    let steps = arguments.steps();
    if out.is_none() {
        check_picture(&model, arguments.rows(&model))?;
    }
    let given = match arguments.needs_rows() {
        false => None,
        true => Some(
            arguments
                .source
                .rows_for(&arguments.model, &model, Some(output))?,
        ),
    };
    let count = arguments.count.unwrap_or(USUAL_COUNT);
    let prior = match arguments.around {
        true => None,
        false => Some(arguments.prior(&model)?),
    };
    let samples = match (&prior, &given) {
        (Some(prior), _) if arguments.grid => Samples::grid(&model, prior, steps)?,
        (Some(prior), None) if arguments.traverse => Samples::along(&model, prior, None, steps)?,
        (Some(prior), Some(data)) => {
            let row = data.select(&[arguments.row.unwrap_or(0)])?;
            let code = model.encode(row.to_array_f64().view())?;
            Samples::along(
                &model,
                prior,
                Some(&code.into_raw_vec_and_offset().0),
                steps,
            )?
        }
        (Some(prior), None) => Samples::drawn(&model, prior, count, seed)?,
        (None, Some(data)) => Samples::around(&model, data, count, arguments.std, seed)?,
        (None, None) => {
            return Err(Error::new(
                ErrorKind::Data,
                "there are no rows to draw around",
            ));
        }
    };
    let samples = if arguments.noise {
        samples.with_noise(seed)?
    } else {
        samples
    };
    let Some(out) = out else {
        let picture = if arguments.traverse {
            traversal_picture(&model, &samples, steps)?
        } else if arguments.grid {
            samples_picture(&model, &samples, steps)?
        } else {
            samples_picture(&model, &samples, side(samples.count()))?
        };
        write_output(output, &picture)?;
        print(&called(output));
        return Ok(());
    };
    let ((), display) = go_over("sampling", samples.count(), |progress| {
        samples.write(out.clone(), progress)
    })?;
    print(&display.written(&out.path, samples.count()));
    Ok(())
}

/// The columns of a picture that is about as wide as high.
fn side(count: usize) -> usize {
    (count as f64).sqrt().ceil() as usize
}

impl Arguments {
    /// Refuses options that would change nothing.
    fn check(&self) -> Result<()> {
        if self.steps.is_some() && !self.traverse && !self.grid {
            return Err(
                Error::new(ErrorKind::Data, "`--steps` needs `--traverse` or `--grid`")
                    .hint("`--count` is the number of rows to draw"),
            );
        }
        if !self.source.data.is_empty() && !self.around && !self.traverse {
            return Err(Error::new(
                ErrorKind::Data,
                "`--data` needs `--around` or `--traverse`: rows are drawn without data",
            )
            .hint("`narrows fit-prior MODEL --data SOURCE` fits the distribution of the codes to other rows"));
        }
        Ok(())
    }

    fn steps(&self) -> usize {
        self.steps.unwrap_or(if self.grid { 15 } else { 9 })
    }

    /// How many rows will be made.
    fn rows(&self, model: &Model) -> usize {
        let steps = self.steps();
        match (self.traverse, self.grid) {
            (true, _) => steps.saturating_mul(model.code_size()),
            (_, true) => steps.saturating_mul(steps),
            _ => self.count.unwrap_or(USUAL_COUNT),
        }
    }

    /// Whether it goes from given rows.
    fn needs_rows(&self) -> bool {
        self.around || self.traverse && (self.row.is_some() || !self.source.data.is_empty())
    }

    /// The distribution that is asked for, else the one that the model has, else one that is fitted now; says which.
    fn prior(&self, model: &Model) -> Result<Prior> {
        let prior = self.find_prior(model)?;
        note(&format!("codes: {}", prior.in_words()));
        Ok(prior)
    }

    fn find_prior(&self, model: &Model) -> Result<Prior> {
        let is_normal = model.recipe().makes_codes_normal();
        let kept = model.prior();
        let kept = kept.filter(|kept| self.prior.is_none_or(|asked| asked == kept.kind()));
        if let Some(kept) = kept {
            return Ok(kept.clone());
        }
        let standard = || Prior::standard(model.code_size());
        match self.prior {
            Some(PriorKind::Standard) if is_normal => return Ok(standard()),
            Some(PriorKind::Standard) => {
                note(
                    "narrows: warning: this model was not trained towards standard normal codes; only a variational bottleneck \
                     or the penalty `mmd` does this. The new rows may be unlike the data",
                );
                return Ok(standard());
            }
            None if is_normal => return Ok(standard()),
            _ => {}
        }
        // A traversal and a grid need mean and covariance alone.
        let is_moments = self.traverse || self.grid;
        let spec = match self.prior {
            Some(PriorKind::Gaussian) => PriorSpec::Gaussian,
            None if is_moments => PriorSpec::Gaussian,
            _ => PriorSpec::USUAL,
        };
        let data = self
            .source
            .training_rows(&self.model, model, &self.output)
            .map_err(|error| self.no_prior(error))?;
        note(&format!(
            "the model has no {}, so one is fitted now; `narrows fit-prior` stores one in the model",
            self.asked()
        ));
        Ok(fit(model, &data, spec, model.recipe().seed)?.prior)
    }

    /// What the model should have, in words.
    fn asked(&self) -> String {
        match self.prior {
            None => "prior".into(),
            Some(kind) => format!("prior `{}`", kind.name()),
        }
    }

    /// Why there is nothing to draw from.
    fn no_prior(&self, error: Error) -> Error {
        let none = Error::new(
            ErrorKind::Data,
            format!("the model has no {} to draw codes from", self.asked()),
        )
        .at(self.model.display());
        let is_in_run = folder_of(&self.model).is_some();
        let none = if is_in_run {
            none.expected("a model with a prior, or the rows of the run to fit it to")
                .caused_by(error)
        } else {
            none.expected("a model with a prior, or the folder of the run that trained the model")
        };
        none.hint(
            "fit one with `narrows fit-prior MODEL --data SOURCE`; `--prior standard` draws standard normal codes, \
             for models that were trained with a variational bottleneck or the penalty `mmd`",
        )
    }
}
