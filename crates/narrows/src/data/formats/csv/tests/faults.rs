//! Faults that training refuses. A description of the table skips them.

use super::*;
use crate::data::fault::{Fault, Mend};

/// The contents and the faults of a text. Reading it as a whole and in small pieces must give the same.
fn told(bytes: &[u8], options: &ReadOptions) -> (Whole, Vec<Fault>) {
    let file = written("t.csv", bytes);
    let read = |(start, chunk, threads)| {
        let sizes = Sizes {
            start,
            chunk,
            threads: Some(threads),
        };
        let mut table =
            CsvTable::open_in_parts(&file.path(), "t.csv", options, OnFault::Tell, sizes).unwrap();
        for _ in 0..20 {
            let wanted: Vec<(usize, As)> = (0..table.columns().len())
                .map(|place| {
                    if table.columns()[place].kind.is_numeric() {
                        (place, As::Numbers)
                    } else {
                        (place, As::Texts)
                    }
                })
                .collect();
            let mut blocks = Vec::new();
            let verdict = table.read(&wanted, &mut |block| {
                blocks.push(block);
                Ok(())
            });
            if verdict.unwrap() == Verdict::Done {
                return (gathered(&table, &blocks), table.faults());
            }
        }
        panic!("it never comes to an end");
    };
    let found = read((1 << 20, 1 << 20, 1));
    assert_eq!(read((1 << 20, 7, 2)), found);
    found
}

/// The error of training.
fn refused(bytes: &[u8], options: &ReadOptions) -> Option<String> {
    let found = opened(bytes, options).and_then(|(_file, mut table)| whole(&mut table));
    found.err().map(|error| error.to_string())
}

fn mended(options: &ReadOptions, faults: &[Fault]) -> ReadOptions {
    let mut options = options.clone();
    faults
        .iter()
        .filter_map(|fault| fault.mend.clone())
        .for_each(|mend| mend.apply(&mut options));
    options
}

fn skip_lines(lines: usize, header: Option<bool>) -> Mend {
    Mend::SkipLines { lines, header }
}

/// A text with a fault, the option that repairs it, and the rows that are read with the option.
type Mended = (&'static [u8], Vec<Mend>, &'static [&'static str]);

fn mended_texts() -> [Mended; 12] {
    let commas = Mend::Decimal {
        decimal: ',',
        thousands: '.',
    };
    let latin = Mend::Encoding("windows-1252");
    let quote = Mend::Quote('\'');
    [
        (
            b"a,b\n1.5,2\n2.5,3\nTotals:,\n",
            vec![Mend::SkipEnd(1)],
            &["1.5 | 2", "2.5 | 3"],
        ),
        (
            b"a,b\n1.5,2\n2.5,3\n3.5,4\nMean,3\nTotal,9\n",
            vec![Mend::SkipEnd(1), Mend::SkipEnd(2)],
            &["1.5 | 2", "2.5 | 3", "3.5 | 4"],
        ),
        (
            b"a,b\n1,2\n3,4\n(2 rows)\n\n",
            vec![Mend::SkipEnd(1)],
            &["1 | 2", "3 | 4"],
        ),
        (
            b"a,b\n1,2\n3,4\n5,6\nTotal,9\n\nmade by hand\n",
            vec![Mend::SkipEnd(1), Mend::SkipEnd(2)],
            &["1 | 2", "3 | 4", "5 | 6"],
        ),
        (
            b"a,b\n1,2\n3,4\n5,\"6\n7,8\n",
            vec![Mend::SkipEnd(2)],
            &["1 | 2", "3 | 4"],
        ),
        (
            b"a,gr\xf6\xdfe\n1,2\n3,4\n",
            vec![latin.clone()],
            &["1 | 2", "3 | 4"],
        ),
        (
            b"a,b\n1,2\n3,4\nGesamt,\xfc\n",
            vec![latin.clone(), Mend::SkipEnd(1)],
            &["1 | 2", "3 | 4"],
        ),
        (
            b"a;b\n124.355;x\n20.377;y\n",
            vec![commas],
            &["124355 | \"x\"", "20377 | \"y\""],
        ),
        (
            b"one,two,three,four\na,b,c\nx,y,z\nu,v,w\n",
            vec![skip_lines(1, None)],
            &["\"x\" | \"y\" | \"z\"", "\"u\" | \"v\" | \"w\""],
        ),
        (
            b"title\n1,5,3\n3,5,4\n5,6,7\n",
            vec![skip_lines(1, Some(false))],
            &["1 | 5 | 3", "3 | 5 | 4", "5 | 6 | 7"],
        ),
        (
            b"a,b\n5,1,2\n3,3,4\n",
            vec![skip_lines(1, Some(false))],
            &["5 | 1 | 2", "3 | 3 | 4"],
        ),
        (b"\"a,b\n1,2\n3,4\n", vec![quote], &["1 | 2", "3 | 4"]),
    ]
}

#[test]
fn what_an_option_mends_is_told_as_training_says_it_and_read_with_the_option() {
    for (text, mends, rows) in mended_texts() {
        let shown = String::from_utf8_lossy(text);
        let options = ReadOptions::default();
        let (found, faults) = told(text, &options);
        let of_faults: Vec<Mend> = faults
            .iter()
            .filter_map(|fault| fault.mend.clone())
            .collect();
        assert_eq!(of_faults, mends, "{shown}");
        assert_eq!(found.rows, rows, "{shown}");
        // Training reports the first one in the same words, with the same option.
        let error = refused(text, &options).unwrap();
        let sentence = &faults[0].sentence;
        let bare = |text: &str| text.split(" (").next().unwrap_or_default().to_string();
        assert_eq!(bare(sentence), bare(&error), "{shown}");
        // With the options, it trains on the rows of the description.
        let options = mended(&options, &faults);
        let trained = read_bytes(text, &options);
        assert_eq!((trained.rows, trained.columns), (found.rows, found.columns));
    }
}

fn read_bytes(bytes: &[u8], options: &ReadOptions) -> Whole {
    let (_file, mut table) = opened(bytes, options).unwrap();
    whole(&mut table).unwrap()
}

#[test]
fn lines_among_the_rows_that_no_option_mends_are_counted_and_left_out() {
    for (text, rows, sentence) in [
        (
            "a,b\n1,2\n3\n4,5\n6,7\n",
            &["1 | 2", "4 | 5", "6 | 7"][..],
            "line 3: the lines differ in length: expected 2 cells, as in most lines, found 1 (this description leaves the line out,",
        ),
        (
            "a,b\n1,2\n3\n4,5\n6,7\n5,6,7\n1,2\n\"x\ny\"\n3,4\n7,7,7,7\n1,1\n",
            &["1 | 2", "4 | 5", "6 | 7", "1 | 2", "3 | 4", "1 | 1"],
            "(4 records are not rows: line 3 (1 cell), line 6 (3 cells), line 8 (1 cell) and others. This description",
        ),
        (
            "a,b\n1,2\n3,\u{0}4\n5,6\n",
            &["1 | 2", "5 | 6"],
            "line 3: the file is not text: expected characters, found a zero byte",
        ),
        (
            "a,b\n1,2\n3\n5,6\n7,\u{0}8\n7,8\n",
            &["1 | 2", "5 | 6", "7 | 8"],
            "(2 records are not rows: line 3 (1 cell), line 5 (a zero byte).",
        ),
    ] {
        let (found, faults) = told(text.as_bytes(), &ReadOptions::default());
        assert_eq!(found.rows, rows, "{text:?}");
        assert_eq!(
            (faults.len(), faults[0].mend.as_ref()),
            (1, None),
            "{text:?}"
        );
        assert!(faults[0].sentence.contains(sentence), "{faults:?}");
        assert!(refused(text.as_bytes(), &ReadOptions::default()).is_some());
    }
    // The lines at the end are left out too.
    let (found, faults) = told(
        b"a,b\n1,2\n3\n4,5\n6,7\nTotal,14\n(4 rows)\n",
        &ReadOptions::default(),
    );
    assert_eq!(found.rows, ["1 | 2", "4 | 5", "6 | 7"]);
    let mends: Vec<Option<Mend>> = faults.iter().map(|fault| fault.mend.clone()).collect();
    assert_eq!(
        mends,
        [Some(Mend::SkipEnd(1)), Some(Mend::SkipEnd(2)), None]
    );
}

#[test]
fn what_a_person_says_is_kept_and_what_cannot_be_described_is_an_error() {
    let text = b"a,b\n1,2\n3,4\nTotal,6\n";
    let (found, faults) = told(text, &with(|text| text.skip_end = Some(0)));
    assert_eq!((found.bad.len(), faults.len()), (1, 0));
    let (_, faults) = told(b"a,b\n1,2\n3,4\n", &ReadOptions::default());
    assert_eq!(faults, []);
    // More lines at the end than the option says.
    let options = with(|text| text.skip_end = Some(1));
    let (_, faults) = told(b"a,b\n1,2\n3,4\nx\ny\n", &options);
    assert_eq!(faults[0].mend, Some(Mend::SkipEnd(2)));
    for text in [&b""[..], b"\n\n", b"# a word\n"] {
        let file = written("t.csv", text);
        let options = ReadOptions::default();
        let open = CsvTable::open(&file.path(), "t.csv", &options, OnFault::Tell);
        assert!(open.is_err(), "{text:?}");
    }
}

/// The start of a file does not show faults that are far into it.
#[test]
fn faults_behind_the_start_of_a_file_are_told() {
    let mut bytes = b"a,b\n".to_vec();
    for row in 0..1000 {
        bytes.extend_from_slice(format!("{row},x\n").as_bytes());
    }
    bytes.extend_from_slice(b"1,2,3\n7,gr\xfc\xdf\nSumme,\n(1001 rows)\n");
    let file = written("t.csv", &bytes);
    let sizes = Sizes {
        start: 64,
        chunk: 100,
        threads: Some(3),
    };
    let options = ReadOptions::default();
    let mut table =
        CsvTable::open_in_parts(&file.path(), "t.csv", &options, OnFault::Tell, sizes).unwrap();
    let mut rows = 0;
    for _ in 0..20 {
        rows = 0;
        let verdict = table.read(&[(1, As::Texts)], &mut |block| {
            rows += block.rows;
            Ok(())
        });
        if verdict.unwrap() == Verdict::Done {
            break;
        }
    }
    assert_eq!(rows, 1001);
    let mends: Vec<Option<Mend>> = table
        .faults()
        .iter()
        .map(|fault| fault.mend.clone())
        .collect();
    assert_eq!(
        mends,
        [
            Some(Mend::Encoding("windows-1252")),
            Some(Mend::SkipEnd(1)),
            Some(Mend::SkipEnd(2)),
            None
        ]
    );
}

#[test]
fn a_last_line_of_means_or_totals_is_told_in_the_first_column_of_words() {
    for word in ["Insgesamt", "Average", "Mean", "Somme", "SUM:", "Total"] {
        let error = super::refused(&format!("month,n\nJan,1\nFeb,2\n{word},3\n"));
        assert!(
            error.contains("a line of totals") && error.contains("`skip_end = 1`"),
            "{word}: {error}"
        );
    }
    // In a later column it may be one of the words.
    assert_eq!(plain("n,of\n1,Max\n2,Min\n3,Mean\n").rows.len(), 3);
}
