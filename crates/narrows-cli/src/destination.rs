//! The destination of a command's output (a file, a folder, a pipe or standard output) and its format.

use crate::output::{leave_standard_output, note, shown_path};
use clap::Args;
use narrows::data::Dataset;
use narrows::data::write::{Format, Output};
use narrows::declaration::one_of;
use narrows::files::{is_standard_output, is_stream, write_output};
use narrows::text::thousands;
use narrows::{Error, ErrorKind, Model, Result, plain};
use std::fs::File;
use std::path::Path;
use std::sync::OnceLock;

#[derive(Args)]
pub struct FormatArguments {
    /// The format of the output: `csv`, `csv.gz`, `tsv`, `tsv.gz`, `parquet`, `npy`, or `images` for a folder. It
    /// overrides the ending of the name [default: by the ending; csv for standard output]
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub format: Option<Format>,
}

fn format(text: &str) -> std::result::Result<Format, String> {
    one_of(text, Format::named, &Format::NAMES)
}

impl FormatArguments {
    /// The output of rows at a path; text for people goes to standard error where the rows go to standard output.
    /// `is_json` says whether the result is asked for as JSON, and `beside` are endings that are taken too, each with
    /// what it makes.
    pub fn output(&self, path: &Path, is_json: bool, beside: &[(&str, &str)]) -> Result<Output> {
        let output = Output {
            path: path.to_path_buf(),
            asked: self.format,
        };
        output.check(beside)?;
        check_stream(path, is_json)?;
        if let Some(text) = output.contradiction() {
            note(&plain::line(&text));
        }
        Ok(output)
    }

    /// The same for a command that draws a picture where the path ends in .png: none then. `picture` is that ending and
    /// what it makes.
    pub fn unless_picture(&self, path: &Path, picture: (&str, &str)) -> Result<Option<Output>> {
        let is_picture = path.extension().is_some_and(|ending| ending == "png");
        match (is_picture, self.format) {
            (true, None) => Ok(None),
            (true, Some(format)) => Err(Error::new(
                ErrorKind::Data,
                format!("a .png file gets {}, not the rows", picture.1),
            )
            .at(path.display())
            .expected(format!("another ending, for `--format {}`", format.name()))
            .hint("name another file with `-o`; `-o -` is standard output")),
            (false, _) => self.output(path, false, &[picture]).map(Some),
        }
    }
}

/// Leaves standard output to the output of a command, if that is where it goes; `is_json` says whether the result is
/// asked for as JSON.
pub fn check_stream(path: &Path, is_json: bool) -> Result<()> {
    if !is_standard_output(path) {
        return await_reader(path);
    }
    if is_json {
        return Err(Error::new(
            ErrorKind::Data,
            "standard output cannot get both the output and the result as JSON",
        )
        .at("--json")
        .hint("write the output to a file, or leave out `--json`"));
    }
    leave_standard_output();
    Ok(())
}

/// Waits for somebody to read from the output, if it is a pipe with a name: now, as a signal still ends the command at
/// once.
fn await_reader(path: &Path) -> Result<()> {
    /// The pipe, which a reader finds open until the command ends.
    static HELD: OnceLock<File> = OnceLock::new();
    if is_stream(path) {
        let file = File::options().write(true).open(path);
        let file = file.map_err(|error| Error::io("cannot write to this", path, error))?;
        HELD.get_or_init(|| file);
    }
    Ok(())
}

/// What a person calls an output.
pub fn called(path: &Path) -> String {
    if is_standard_output(path) {
        "standard output".into()
    } else {
        shown_path(path)
    }
}

/// Saves a model at a path that a person names: through links, and as it is to standard output, a pipe or a device.
pub fn save(model: &Model, path: &Path) -> Result<()> {
    if !is_stream(path) {
        return model.save(&narrows::files::through_links(path)?);
    }
    let refused = |error| {
        Error::io(
            "cannot write a temporary file",
            &std::env::temp_dir(),
            error,
        )
    };
    let folder = tempfile::tempdir().map_err(refused)?;
    let file = folder.path().join("model.safetensors");
    model.save(&file)?;
    write_output(path, &std::fs::read(&file).map_err(refused)?)
}

/// The rows of an output, those without values among them.
pub fn all_rows(data: &Dataset) -> usize {
    data.rows() + data.bad_rows().rows().len()
}

/// What is said of rows without values, of which the others have `what`, such as `score`: how many, why, and where the
/// reasons are.
pub fn without(data: &Dataset, what: &str, output: Option<&Output>) -> Option<String> {
    let bad = data.bad_rows();
    let count = bad.rows().len();
    if count == 0 {
        return None;
    }
    let all = thousands(all_rows(data) as f64);
    let place = match output.map(Output::reasons) {
        None => String::new(),
        Some(None) => "; see the column `reason`".into(),
        Some(Some(file)) => format!("; see {}", shown_path(&file)),
    };
    Some(format!(
        "{} of {all} rows {} no {what}: {}{place}",
        thousands(count as f64),
        if count == 1 { "has" } else { "have" },
        bad.by_kind()
    ))
}
