//! Kinds of files that are not supported, each with the next step for the user.

use super::start::START;

/// A kind of file that is not supported, its first bytes, and the advice. In the advice, `PYTHON` is replaced by the
/// as a string of Python, `SHELL` for the path as a word of a shell. `INSPECT` is what looks into the file, `IMPORT` what
/// makes a model of it, and `CONVERTED` what makes one of the weights that were converted.
pub(super) struct ForeignFile {
    pub(super) begins: &'static [u8],
    pub(super) what: &'static str,
    pub(super) advice: &'static str,
}

/// The kinds that are not text. If the first bytes are plain letters, lines of text must not follow.
pub(super) const FOREIGN: &[ForeignFile] = &[
    ForeignFile {
        begins: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        what: "an old Excel workbook",
        advice: "save it in Excel as CSV UTF-8",
    },
    ForeignFile {
        begins: b"\x89HDF\r\n\x1a\n",
        what: "an HDF5 file",
        advice: HDF5,
    },
    ForeignFile {
        begins: b"MATLAB 7.3 MAT-file",
        what: "a MATLAB file (HDF5)",
        advice: HDF5,
    },
    ForeignFile {
        begins: b"SQLite format 3\0",
        what: "an SQLite database",
        advice: "export the table: sqlite3 -header -csv SHELL 'select * from TABLE' > data.csv, where TABLE is its \
                 name",
    },
    ForeignFile {
        begins: b"ARROW1",
        what: "an Arrow (Feather) file",
        advice: "in Python: import pandas; pandas.read_feather(PYTHON).to_parquet(\"data.parquet\")",
    },
    ForeignFile {
        begins: b"ORC",
        what: "an ORC file",
        advice: "in Python: import pandas; pandas.read_orc(PYTHON).to_parquet(\"data.parquet\")",
    },
    ForeignFile {
        begins: b"Obj\x01",
        what: "an Avro file",
        advice: "convert it to Parquet",
    },
    ForeignFile {
        begins: b"MATLAB 5.0 MAT-file",
        what: "a MATLAB file",
        advice: "in Python: import numpy, scipy.io; m = scipy.io.loadmat(PYTHON); print(m.keys()) lists its arrays; \
                 numpy.save(\"data.npy\", m[\"NAME\"]) writes the array NAME",
    },
    ForeignFile {
        begins: b"<stata_dta>",
        what: "a Stata file",
        advice: STATA,
    },
    ForeignFile {
        begins: b"\x73\x01\x01\0",
        what: "a Stata file",
        advice: STATA,
    },
    ForeignFile {
        begins: b"\x73\x02\x01\0",
        what: "a Stata file",
        advice: STATA,
    },
    ForeignFile {
        begins: b"\x72\x01\x01\0",
        what: "a Stata file",
        advice: STATA,
    },
    ForeignFile {
        begins: b"\x72\x02\x01\0",
        what: "a Stata file",
        advice: STATA,
    },
    ForeignFile {
        begins: b"$FL2",
        what: "an SPSS file",
        advice: SPSS,
    },
    ForeignFile {
        begins: b"$FL3",
        what: "an SPSS file",
        advice: SPSS,
    },
    ForeignFile {
        begins: b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60",
        what: "a SAS file",
        advice: "in Python: import pandas; pandas.read_sas(PYTHON).to_csv(\"data.csv\", index=False)",
    },
    ForeignFile {
        begins: b"RDX",
        what: "a file of R",
        advice: "in R: write.csv(TABLE, \"data.csv\", row.names = FALSE), where TABLE is the name of the table",
    },
    ForeignFile {
        begins: b"\x28\xb5\x2f\xfd",
        what: "a Zstandard archive",
        advice: "unpack it first: zstd -d SHELL",
    },
    ForeignFile {
        begins: b"\xfd7zXZ\0",
        what: "an xz archive",
        advice: "unpack it first: xz -dk SHELL",
    },
    ForeignFile {
        begins: b"BZh",
        what: "a bzip2 archive",
        advice: "unpack it first: bzip2 -dk SHELL",
    },
    ForeignFile {
        begins: b"7z\xbc\xaf\x27\x1c",
        what: "a 7-Zip archive",
        advice: "unpack it first",
    },
    ForeignFile {
        begins: b"Rar!",
        what: "a RAR archive",
        advice: "unpack it first",
    },
    ForeignFile {
        begins: b"\x80\x02\x8a\x0a\x6c\xfc\x9c",
        what: "a file of torch.save",
        advice: TORCH,
    },
    ForeignFile {
        begins: b"\x80\x02",
        what: "a pickle of Python",
        advice: PICKLE,
    },
    ForeignFile {
        begins: b"\x80\x03",
        what: "a pickle of Python",
        advice: PICKLE,
    },
    ForeignFile {
        begins: b"\x80\x04",
        what: "a pickle of Python",
        advice: PICKLE,
    },
    ForeignFile {
        begins: b"\x80\x05",
        what: "a pickle of Python",
        advice: PICKLE,
    },
];

const STATA: &str =
    "in Python: import pandas; pandas.read_stata(PYTHON).to_csv(\"data.csv\", index=False)";

const SPSS: &str = "save it in SPSS as CSV; or in Python, with pyreadstat installed: import pandas; \
                    pandas.read_spss(PYTHON).to_csv(\"data.csv\", index=False)";

const HDF5: &str = "in Python: import h5py, numpy; f = h5py.File(PYTHON); f.visit(print) lists its arrays; \
                    numpy.save(\"data.npy\", f[\"NAME\"][:]) writes the array NAME. If these are weights of Keras, \
                    INSPECT prints how to convert them";

pub(super) const TORCH: &str = "in Python: import numpy, torch, safetensors.torch; t = torch.load(PYTHON, \
                                map_location=\"cpu\"). If t is a tensor, numpy.save(\"data.npy\", t.detach().numpy()) \
                                writes the rows. If t is a state_dict, safetensors.torch.save_file(t, \
                                \"weights.safetensors\") writes the weights for CONVERTED, where RECIPE is a recipe \
                                with the same layers";

const PICKLE: &str = "a pickle can run any code, so it is not read. If you trust it, in Python: import numpy, pickle; \
                      a = pickle.load(open(PYTHON, \"rb\"), encoding=\"bytes\"). For an array, \
                      numpy.save(\"data.npy\", a) writes the rows; for a batch of CIFAR, numpy.save(\"data.npy\", \
                      a[b\"data\"].reshape(-1, 3, 32, 32)); for a table of pandas, a.to_parquet(\"data.parquet\")";

const PAGE: &str = "download the file itself, not the page around it";

/// A kind of text that is not a table, and the advice.
pub(super) fn text_of_another_kind(text: &[u8]) -> Option<(&'static str, &'static str)> {
    let lower = text.get(..START as usize).unwrap_or(text);
    let lower = lower.trim_ascii_start().to_ascii_lowercase();
    // The text after an opening bracket and white space.
    let opened = |bracket: u8| {
        let rest = lower.strip_prefix(&[bracket])?;
        rest.trim_ascii_start().first().copied()
    };
    let has = |words: &[u8]| lower.windows(words.len()).any(|window| window == words);
    let is_json = matches!(opened(b'{'), Some(b'"' | b'}'))
        || matches!(opened(b'['), Some(b'{' | b'[' | b'"'));
    if is_json {
        let mut lines = lower.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let is_line = |line: Option<&[u8]>| line.is_some_and(|line| line.starts_with(b"{\""));
        let is_lines = is_line(lines.next()) && is_line(lines.next());
        return Some(if is_lines {
            (
                "JSON",
                "in Python: import pandas; pandas.read_json(PYTHON, lines=True).to_csv(\"data.csv\", index=False)",
            )
        } else {
            (
                "JSON",
                "in Python: import pandas; pandas.read_json(PYTHON).to_csv(\"data.csv\", index=False)",
            )
        });
    }
    if is_svm(&lower) {
        return Some((
            "a sparse table (LIBSVM)",
            "in Python: import numpy, sklearn.datasets; x, y = sklearn.datasets.load_svmlight_file(PYTHON); \
             numpy.savez(\"data.npz\", x_train=x.toarray(), y_train=y)",
        ));
    }
    let is_markup = lower.starts_with(b"<");
    if is_markup
        && [&b"<!doctype html"[..], b"<html"]
            .iter()
            .any(|tag| lower.starts_with(tag))
    {
        return Some(("an HTML page", PAGE));
    }
    // A table may have a header such as `<DATE>,<TIME>`.
    if is_markup && (lower.starts_with(b"<?xml") || lower.starts_with(b"<!doctype") || has(b"</")) {
        return Some(("XML", "convert it to CSV"));
    }
    // Comments of ARFF may come before.
    let mut lines = lower.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"%"));
    if first.is_some_and(|line| line.starts_with(b"@relation")) {
        return Some((
            "an ARFF file of Weka",
            "in Python: import pandas, scipy.io.arff; \
             pandas.DataFrame(scipy.io.arff.loadarff(PYTHON)[0]).to_csv(\"data.csv\", index=False)",
        ));
    }
    None
}

/// Whether the first two lines of a text are a label and pairs of a rising place and a number: `1 3:0.5 7:2`. Pairs such as
/// `09:30` are times.
fn is_svm(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).take(2);
    let is_row = |line: &str| {
        let mut words = line.split_whitespace();
        let is_label = words
            .next()
            .is_some_and(|label| label.parse::<f64>().is_ok());
        let places: Option<Vec<u64>> = words
            .map(|pair| {
                let (place, value) = pair.split_once(':')?;
                if place.len() == 2 && value.len() == 2 {
                    return None;
                }
                value.parse::<f64>().ok()?;
                place.parse().ok()
            })
            .collect();
        is_label
            && places.is_some_and(|places| places.len() > 1 && places.is_sorted_by(|a, b| a < b))
    };
    lines.next().is_some_and(is_row) && lines.next().is_none_or(is_row)
}
