//! `narrows fit-prior`, and fitting a prior for another command.

use crate::destination::{called, check_stream, save};
use crate::isa::IsaArgument;
use crate::number::{ANY, whole};
use crate::output::{count_of, figures, note, print, print_json, table};
use crate::progress::Display;
use crate::rows::go_over;
use crate::source::{DataArguments, keep_apart};
use crate::stop::Stop;
use clap::Args;
use narrows::data::Dataset;
use narrows::declaration::one_of;
use narrows::model::{FittedPrior, MOST_ITERATIONS, Prior, PriorKind, PriorSpec};
use narrows::run::{Lock, MODEL_FILE, folder_of, load_model};
use narrows::text::thousands;
use narrows::{Error, ErrorKind, Model, Result, apply};
use serde_json::json;
use std::path::PathBuf;

/// Fit a distribution to the codes of rows, and store it in the model: `narrows sample` draws from it. Without
/// --data, the rows are the training rows of the run.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// What to fit: a `gaussian` with a full covariance, or a `mixture` of such Gaussians.
    #[arg(long, value_name = "KIND", value_parser = kind, default_value = "mixture")]
    prior: PriorKind,
    /// The number of Gaussians in a mixture, at most 1,000 [default: 10]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(ANY))]
    components: Option<usize>,
    /// The seed of the random start of a mixture's fit [default: the recipe's seed]
    #[arg(long, value_name = "N", value_parser = whole::<u64>(ANY))]
    seed: Option<u64>,
    /// The model file to write, `-` for standard output [default: the model itself]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    isa: IsaArgument,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows fit-prior runs/basic
      Fit a mixture of 10 Gaussians to the codes of the run's training rows.
  narrows fit-prior runs/table --prior gaussian
  narrows fit-prior model.safetensors --data table.csv -o prior.safetensors";

/// The kinds of a prior that codes decide.
fn kind(text: &str) -> std::result::Result<PriorKind, String> {
    let fitted = |name: &str| PriorKind::named(name).filter(|&kind| kind != PriorKind::Standard);
    one_of(text, fitted, &["gaussian", "mixture"])
}

impl Arguments {
    fn spec(&self) -> Result<PriorSpec> {
        match (self.prior, self.components) {
            (PriorKind::Gaussian, None) => Ok(PriorSpec::Gaussian),
            (PriorKind::Gaussian, Some(components)) => Err(Error::new(
                ErrorKind::Data,
                "`--components` counts the Gaussians of a mixture",
            )
            .expected("`--prior mixture`, or no `--components`")
            .found(format!("`--prior gaussian --components {components}`"))),
            (_, None) => Ok(PriorSpec::USUAL),
            (_, Some(components)) => Ok(PriorSpec::Mixture { components }),
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let spec = arguments.spec()?;
    let path = match (&arguments.output, arguments.model.is_dir()) {
        (Some(output), _) => output.clone(),
        (None, true) => arguments.model.join(MODEL_FILE),
        (None, false) => arguments.model.clone(),
    };
    keep_apart(&path, &arguments.source.data)?;
    check_stream(&path, arguments.json)?;
    // Before the model is read, so that no training puts another in its place meanwhile.
    let run = folder_of(&arguments.model).filter(|_| arguments.output.is_none());
    let _lock = run.as_deref().map(Lock::take).transpose()?;
    let mut model = load_model(&arguments.model)?;
    let data = arguments
        .source
        .rows_to_fit(&arguments.model, &model, &path)?;
    let is_own = arguments.source.data.is_empty();
    let source = (!is_own).then(|| data.short_name());
    let seed = arguments.seed.unwrap_or(model.recipe().seed);
    let fitted = fit(&model, &data, spec, seed)?;
    let prior = fitted.prior.clone().from_source(source);
    model.set_prior(prior.clone())?;
    save(&model, &path)?;
    if arguments.json {
        print_json(to_json(&fitted, &prior));
        return Ok(());
    }
    let mut rows = vec![
        ("prior", prior.in_words()),
        (
            "log-likelihood",
            format!("{} nats for each code", figures(fitted.log_likelihood)),
        ),
    ];
    if prior.kind() == PriorKind::Mixture {
        rows.push(("iterations", fitted.iterations.to_string()));
        let mut weights: Vec<f64> = prior.components().iter().map(|c| c.weight).collect();
        weights.sort_by(|a, b| b.total_cmp(a));
        let shown = weights.iter().take(12).map(|weight| figures(*weight));
        let mut shown: Vec<String> = shown.collect();
        let more = weights.len().saturating_sub(shown.len());
        if more > 0 {
            shown.push(format!("and {more} more"));
        }
        rows.push(("weights", shown.join("  ")));
    }
    rows.push(("kept in", called(&path)));
    print(&table(&rows));
    Ok(())
}

fn to_json(fitted: &FittedPrior, prior: &Prior) -> serde_json::Value {
    let weights: Vec<f64> = prior.components().iter().map(|c| c.weight).collect();
    json!({
        "prior": prior.kind().name(),
        "rows": prior.rows(),
        "source": prior.source(),
        "components": weights.len(),
        "weights": weights,
        "log_likelihood": fitted.log_likelihood,
        "iterations": fitted.iterations,
        "notes": fitted.notes,
    })
}

/// Fits a prior to the codes of rows, and says what was done otherwise than asked for.
pub fn fit(model: &Model, data: &Dataset, spec: PriorSpec, seed: u64) -> Result<FittedPrior> {
    let most = apply::FITTED_ROWS;
    if data.rows() > most {
        note(&format!(
            "the prior is fitted to {} of {}, evenly spread",
            thousands(most as f64),
            count_of(data.rows(), "row")
        ));
    }
    let (codes, _) = go_over("encoding", data.rows().min(most), |progress| {
        apply::codes_of(model, data, most, progress)
    })?;
    let stop = Stop::default();
    stop.listen();
    let mut display = Display::new();
    let fitted = Prior::fit(codes.view(), spec, seed, &mut |done| {
        if done % 10 == 1 {
            display.part("fitting the prior", done - 1, MOST_ITERATIONS);
        }
        stop.check("fitting the prior")
    });
    display.finish();
    let fitted = fitted?;
    for text in &fitted.notes {
        note(&format!("narrows: warning: {text}"));
    }
    Ok(fitted)
}
