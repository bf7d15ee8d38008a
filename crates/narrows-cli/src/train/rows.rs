//! The rows that `--validation` and `--test` select.

use narrows::data::TestRows;
use narrows::declaration::{nearest, suggest};
use narrows::{Error, ErrorKind, Result};
use std::path::Path;

/// Whether a text is meant as a share of the rows, rather than as a source.
pub(super) fn is_share(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

/// What `--test` asks for.
pub(super) struct Rows {
    pub(super) held_out: TestRows,
    pub(super) source: Option<String>,
}

impl Rows {
    pub(super) fn usual() -> Rows {
        Rows {
            held_out: TestRows::Usual,
            source: None,
        }
    }
}

/// Refuses a misspelled `none`, which would be taken for the name of a file.
fn check_word(text: &str) -> Result<()> {
    match nearest(text, ["none"]) {
        Some(meant) if !Path::new(text).exists() => {
            let error = Error::new(ErrorKind::Data, "there is no such file or folder")
                .at(format!("--test {text}"))
                .expected("a share, `last:SHARE`, a source or `none`");
            Err(suggest(error, text, &[meant]))
        }
        _ => Ok(()),
    }
}

/// Reads `--test`.
pub(super) fn test_rows(text: &str) -> Result<Rows> {
    let share = |text: &str| {
        text.parse::<f64>().map_err(|_| {
            Error::new(ErrorKind::Data, "the share of the last rows cannot be read")
                .at(format!("--test last:{text}"))
                .expected("a number above 0 and below 1, as in `last:0.2`")
        })
    };
    let held_out = match text.strip_prefix("last:") {
        Some(of) => TestRows::Last(share(of)?),
        None if text == "none" => TestRows::None,
        None => match text.parse::<f64>() {
            Ok(0.0) => TestRows::None,
            Ok(share) => TestRows::Share(share),
            Err(_) => {
                check_word(text)?;
                return Ok(Rows {
                    source: Some(text.to_string()),
                    ..Rows::usual()
                });
            }
        },
    };
    Ok(Rows {
        held_out,
        source: None,
    })
}
