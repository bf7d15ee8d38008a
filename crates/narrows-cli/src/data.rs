//! `narrows data`

use crate::output::{columns, figures, note, print, table, thousands};
use crate::rows::go_over;
use crate::source::{DataArguments, ReadingArguments, keep_apart};
use clap::{Args, Subcommand};
use narrows::corruption::Corruption;
use narrows::data::write::write_data;
use narrows::data::{Info, SOURCE_KINDS};
use narrows::{Error, ErrorKind, Result, apply};
use std::path::PathBuf;

/// Look at data, convert them, or list what can be read.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Rows, shape, type, range, missing values, labels, and the scaling that the data would get.
    Info {
        /// What to look at, as `--data` takes it.
        #[arg(required = true)]
        source: Vec<String>,
        #[command(flatten)]
        reading: ReadingArguments,
        /// Print it as one JSON object for each part.
        #[arg(long)]
        json: bool,
    },
    /// Write data as another kind: .npy, .csv, .tsv, .parquet, or a folder of images.
    Convert(ConvertArguments),
    /// The kinds of data that can be read.
    Kinds,
}

#[derive(Args)]
struct ConvertArguments {
    #[command(flatten)]
    source: DataArguments,
    /// Leave out so many rows, the first.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    skip: u32,
    /// At most so many rows, the first that are not left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rows: Option<u32>,
    /// Put noise on 8-bit images: `gaussian=0.4`, `salt-and-pepper=0.05`, `masking=0.5` (the share that is dropped)
    /// or `masking-keep=0.5`, where black is 0 and white 1; always the same noise.
    #[arg(long, value_name = "NOISE=STRENGTH")]
    corrupt: Option<String>,
    /// The file or folder to write.
    #[arg(short, long, value_name = "FILE|FOLDER")]
    output: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  narrows data info mnist
  narrows data info table.csv --label species --missing mean
  narrows data convert --data mnist:test --rows 500 -o digits
      A folder of PNG images, in a subfolder for each digit.
  narrows data convert --data mnist:test --rows 500 --corrupt gaussian=0.4 -o noisy
      The same images with noise on them.
  narrows data convert --data table.csv.gz -o table.parquet
  narrows data kinds";

/// The columns that are listed.
const LISTED: usize = 40;

pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Kinds => {
            let width = SOURCE_KINDS
                .iter()
                .map(|kind| kind.spec.len())
                .max()
                .unwrap_or(0);
            for kind in SOURCE_KINDS {
                print(&format!("  {:<width$}   {}", kind.spec, kind.description));
            }
            Ok(())
        }
        Command::Info {
            source,
            reading,
            json,
        } => {
            let source = reading.open(source)?;
            let parts = [Some(&source.train), source.test.as_ref()];
            let mut scaling = None;
            for (index, data) in parts.into_iter().flatten().enumerate() {
                let mut info = Info::of(data)?;
                match scaling {
                    None => scaling = Some(info.scaling),
                    // Test rows are scaled as the training rows are.
                    Some(scaling) => {
                        info.scaling = scaling;
                        info.constant.clear();
                    }
                }
                if *json {
                    print(&info.to_json().to_string());
                } else {
                    let gap = if index > 0 { "\n" } else { "" };
                    print(&format!("{gap}{}", describe(&info)));
                }
            }
            Ok(())
        }
        Command::Convert(arguments) => convert(arguments),
    }
}

fn convert(arguments: &ConvertArguments) -> Result<()> {
    let corruption = arguments.corrupt.as_deref().map(Corruption::parse);
    let corruption = corruption.transpose()?;
    let output = &arguments.output;
    keep_apart(output, &arguments.source.data)?;
    let source = arguments.source.open()?;
    if source.test.is_some() {
        note(&format!(
            "taking the test rows; `--data {}:train` takes those for training",
            arguments.source.data.join(" ")
        ));
    }
    let data = source.into_rows();
    let skip = arguments.skip as usize;
    if skip >= data.rows() {
        return Err(Error::new(ErrorKind::Data, "--skip leaves no rows")
            .at(data.name())
            .expected(format!("fewer than its {} rows", data.rows()))
            .found(skip));
    }
    let most = arguments.rows.map_or(usize::MAX, |rows| rows as usize);
    let end = data.rows().min(skip.saturating_add(most));
    let data = match end - skip == data.rows() {
        true => data,
        false => data.slice(skip..end)?,
    };
    let ((), display) = go_over("writing", data.rows(), |progress| match corruption {
        Some(corruption) => apply::write_corrupted(&data, corruption, output, progress),
        None => write_data(&data, output, progress),
    })?;
    print(&display.written(output, data.rows()));
    Ok(())
}

fn describe(info: &Info) -> String {
    let shape: Vec<String> = info.shape.iter().map(ToString::to_string).collect();
    let (low, high) = info.range;
    let place = if info.in_file {
        ", read from the file as needed"
    } else {
        ""
    };
    let mut rows = vec![
        ("data", info.name.clone()),
        ("rows", thousands(info.rows as f64)),
        (
            "shape",
            format!(
                "{} ({} values)",
                shape.join(" × "),
                thousands(info.shape.iter().product::<usize>() as f64)
            ),
        ),
        ("type", format!("{}{place}", info.type_name)),
        ("range", format!("{} to {}", figures(low), figures(high))),
        (
            "mean",
            format!(
                "{}   deviation {}",
                figures(info.mean),
                figures(info.deviation)
            ),
        ),
        (
            "missing",
            format!("{} values", thousands(info.missing as f64)),
        ),
    ];
    let mut labels: Vec<String> = info
        .labels
        .iter()
        .take(LISTED)
        .map(|(name, count)| format!("{name}: {}", thousands(*count as f64)))
        .collect();
    if info.labels.len() > LISTED {
        labels.push(format!("and {} more", info.labels.len() - LISTED));
    }
    rows.push((
        "labels",
        match labels.is_empty() {
            true => "none".to_string(),
            false => labels.join(", "),
        },
    ));
    rows.push((
        "scaling",
        format!("`{}`, unless a recipe says otherwise", info.scaling),
    ));
    if !info.constant.is_empty() {
        let mut names = info.constant.clone();
        names.truncate(LISTED);
        if info.constant.len() > LISTED {
            names.push(format!("{} more", info.constant.len() - LISTED));
        }
        let text = format!(
            "{}, the same in every row, which `{}` refuses",
            names.join(", "),
            info.scaling
        );
        rows.push(("constant", text));
    }
    let mut text = table(&rows);
    if !info.columns.is_empty() {
        let mut list =
            vec![["column", "smallest", "largest", "mean", "deviation"].map(String::from)];
        list.extend(info.columns.iter().take(LISTED).map(|column| {
            [
                column.name.clone(),
                figures(column.range.0.into()),
                figures(column.range.1.into()),
                figures(column.mean),
                figures(column.deviation),
            ]
        }));
        text.push_str(&format!("\n\n{}", columns(&list)));
        if info.columns.len() > LISTED {
            text.push_str(&format!(
                "\n  and {} more columns",
                info.columns.len() - LISTED
            ));
        }
    }
    text
}
