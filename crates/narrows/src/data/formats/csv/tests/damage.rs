//! Texts that are refused, with the messages.

use super::*;
use std::io::Write as _;

#[test]
fn each_fault_names_its_line() {
    for (text, words) in [
        ("", "there are no rows"),
        ("\n\n", "there are no rows"),
        (
            "a,b\n1,2\n3\n4,5\n6,7\n",
            "line 3: the lines differ in length: expected 2 cells, as in most lines, found 1",
        ),
        (
            "a,b\n1,2\n3,4,5\n4,5\n6,7\n",
            "line 3: the lines differ in length: expected 2 cells, as in most lines, found 3",
        ),
        ("a,b\n1,2\n\"3,4\n5,6\n", "line 3: a quote is not closed"),
        ("\"a,b\n1,2\n", "line 1: a quote is not closed"),
        ("a,b\n1,2\n\u{0},4\n", "a zero byte"),
        (
            "title\n1,2,3\n3,4,5\n5,6,7\n",
            "the rows seem to begin on line 2: `skip_lines = 1, header = no`",
        ),
        (
            "x\n1,5\n2,7\n3,4\n",
            "`skip_lines = 1, header = no`; if the commas are decimal signs, `separator = \";\"`",
        ),
    ] {
        let error = refused(text);
        assert!(error.contains(words), "{text:?}: {error}");
    }
}

#[test]
fn bytes_that_are_no_text_deep_in_a_file() {
    let mut bytes = b"a,b\n".to_vec();
    for _ in 0..1000 {
        bytes.extend_from_slice(b"1,x\n");
    }
    bytes.extend_from_slice(b"1,gr\xfc\xdf\n");
    let file = written("t.csv", &bytes);
    let mut table = in_parts(&file, &ReadOptions::default(), (64, 100), 2).unwrap();
    let error = whole(&mut table).unwrap_err().to_string();
    assert!(error.contains("line 1002, character 5"), "{error}");
}

#[test]
fn archives_of_several_files_are_refused_with_their_names() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["a.csv", "b.csv"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(b"a\n1\n").unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let error = opened(&bytes, &ReadOptions::default())
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(error.contains("2: a.csv, b.csv"), "{error}");
}

/// Each byte of a compressed table is changed: the table is refused, or read as before.
#[test]
fn a_damaged_archive_is_never_read_differently() {
    let text = b"a,b\n1,2\n3,4\n5,6\n";
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("a.csv", zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.write_all(text).unwrap();
    let good = zip.finish().unwrap().into_inner();
    for at in 4..good.len() {
        for change in [1, 0x80] {
            let mut bytes = good.clone();
            bytes[at] ^= change;
            let found = opened(&bytes, &ReadOptions::default())
                .and_then(|(_file, mut table)| whole(&mut table));
            if let Ok(found) = found {
                assert_eq!(found.rows, ["1 | 2", "3 | 4", "5 | 6"], "byte {at}");
            }
        }
    }
    for length in 4..good.len() {
        assert!(
            opened(&good[..length], &ReadOptions::default())
                .and_then(|(_file, mut table)| whole(&mut table))
                .is_err()
        );
    }
}

/// Repeated text, gzipped: small in the file and large in memory.
fn bomb(head: &[u8], block: &[u8], mebibytes: usize) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(head).unwrap();
    let block: Vec<u8> = block.iter().copied().cycle().take(1 << 20).collect();
    for _ in 0..mebibytes {
        packed.write_all(&block).unwrap();
    }
    packed.finish().unwrap()
}

#[test]
fn bombs_are_refused_early() {
    for (bytes, words) in [
        (bomb(b"x", b",", 4), "too many columns"),
        (bomb(b"", b"1,", 4), "too many columns"),
        (bomb(b"", b"0", 4), "a cell of the text is too long"),
        (
            bomb(b"a,b\n1,2\n", b"0", 4),
            "a cell of the text is too long",
        ),
        (
            bomb(b"a,b\n1,2\n\"", b"x\n", 4),
            "line 3: a quote is not closed: expected its end within",
        ),
        (bomb(b"a b\n1 2\n3 4\n", b"1 ", 4), "too many columns"),
        (
            bomb(
                b"a,b\n1,2\n3,4\n",
                &[[b'1'; 1023].as_slice(), b","].concat(),
                36,
            ),
            "a row of the text is too long",
        ),
        (bomb(b"", b"\0", 4), "a zero byte"),
    ] {
        let error = opened(&bytes, &ReadOptions::default())
            .and_then(|(_file, mut table)| whole(&mut table));
        let error = error.map(drop).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}
