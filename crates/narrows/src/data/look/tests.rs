//! The kind of a file is recognized from its content, under any name.

use super::{FileKind, file_kind};
use crate::data::{Info, ReadOptions, Source, describe};
use std::fs;

fn put(name: &str, content: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_string();
    (folder, path)
}

fn said_of(name: &str, content: &[u8]) -> String {
    let (_folder, path) = put(name, content);
    match Source::open(&path) {
        Ok(source) => source.train.notes().join("; "),
        Err(error) => format!("refused: {error}"),
    }
}

#[test]
fn a_text_is_a_table_whatever_it_is_called() {
    let table = b"x,label\n1,0\n5,1\n3,0\n";
    for name in ["train_idx.csv", "midx.csv", "ubyte.txt", "table"] {
        assert_eq!(
            said_of(name, table),
            "read as: commas, decimal points, header on line 1"
        );
    }
    for (name, what) in [
        ("lab.png", "a PNG image"),
        ("lab.parquet", "Parquet"),
        ("lab.npy", "a NumPy array"),
        ("lab.npz", "an archive of NumPy arrays"),
        ("train-images-idx3-ubyte", "an IDX file"),
        ("lab.xls", "an Excel workbook"),
    ] {
        let note = format!("{name} is text, not {what}: read as a table");
        let said = said_of(name, table);
        assert!(said.ends_with(&note), "{said}");
        let (_folder, path) = put(name, table);
        let options = ReadOptions {
            columns: vec!["x".into()],
            ..ReadOptions::default()
        };
        assert_eq!(
            Source::open_with(&path, &options).unwrap().train.inputs(),
            1
        );
    }
    assert!(said_of("a.png", b"Dear all,\nthis is a letter.\n").contains("look like a table"));
    // Damaged files are not taken for text.
    for (name, content) in [
        ("cut.png", &b"\x89PNG\r\n\x1a\n\0\0"[..]),
        ("cut.parquet", b"PAR1\x15\x04\x15\xf0\x01"),
        ("wrong.png", b"\x01\x02\x03\x04\x05\x06\x07\x00\x00"),
        ("train-images-idx3-ubyte", b"\0\0\x08\x03\0\0"),
    ] {
        let said = said_of(name, content);
        assert!(said.starts_with("refused"), "{said}");
        assert!(!said.contains("cannot read this file: it is"), "{said}");
    }
}

#[test]
fn letters_that_begin_a_table_are_no_magic_number() {
    for header in [
        "Orchard,Yield",
        "ORC,b",
        "bzh_a,b",
        "BZh1,b",
        "PAR1,PAR2",
        "PARE,b",
        "ARROW1,ARROW2",
        "Rar!,b",
        "GIF89a,b",
        "BM,b",
        "RIFF,WEBP",
        "MATLAB 5.0 MAT-file,b",
        "<DATE>,<OPEN>",
        "[t],[x]",
        "{a},{b}",
    ] {
        let text = format!("{header}\n1,2\n3,4\n5,6\n");
        let said = said_of("t.csv", text.as_bytes());
        assert!(said.starts_with("read as: commas"), "{header}: {said}");
    }
}

#[test]
fn texts_of_other_kinds_are_named() {
    for (content, what) in [
        ("{\"a\": [1, 2]}\n", "JSON"),
        ("[\n {\"a\": 1}\n]\n", "JSON"),
        ("{\"a\": 1}\n{\"a\": 2}\n", "lines=True"),
        ("<!DOCTYPE html>\n<p>a,b</p>\n", "an HTML page"),
        ("<?xml version='1.0'?>\n<a/>\n", "XML"),
        ("<rows>\n<row>1</row>\n</rows>\n", "XML"),
        ("% old\n@RELATION iris\n@data\n1,2\n", "an ARFF file"),
        ("%PDF-1.4\n1 0 obj\n", "a PDF document"),
    ] {
        for name in ["t.csv", "t", "t.json"] {
            let said = said_of(name, content.as_bytes());
            assert!(said.contains(what), "{said}");
        }
    }
    let weights = b"\x40\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"F32\"}}";
    let said = said_of("w.safetensors", weights);
    assert!(
        said.contains("it is a safetensors file of weights"),
        "{said}"
    );
    assert!(said.contains("`Model::load(\"/"), "{said}");
}

#[test]
fn advice_can_be_pasted() {
    let mut hdf5 = b"\x89HDF\r\n\x1a\n".to_vec();
    hdf5.extend([0; 20]);
    let said = said_of("my \"file\".h5", &hdf5);
    assert!(said.contains("my \\\"file\\\".h5\")"), "{said}");
    let said = said_of("it's.bz2", b"BZh91AY&SY\x00\x01\x02");
    assert!(
        said.contains("bzip2 -dk '") && said.contains("it'\\''s.bz2'"),
        "{said}"
    );
    let said = said_of("m.pt", b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46");
    for word in [
        "torch.load(\"/",
        "t.detach().numpy()",
        "save_file(t,",
        "Model::import",
    ] {
        assert!(said.contains(word), "{said}");
    }
    let said = said_of("p.npy", b"\x80\x04\x95 a pickle");
    assert!(said.contains("pickle.load(open(\"/"), "{said}");
}

#[test]
fn a_zero_byte_in_a_table_is_named_by_its_line() {
    for content in [&b"a,b\n1,2\n3\0,4\n5,6\n"[..], b"a\0,b\n1,2\n3,4\n5,6\n"] {
        let (_folder, path) = put("t.csv", content);
        let line = 1 + content
            .iter()
            .take_while(|byte| **byte != 0)
            .filter(|byte| **byte == b'\n')
            .count();
        let said = said_of("t.csv", content);
        assert!(
            said.contains(&format!("line {line}: the file is not text")),
            "{said}"
        );
        let infos = describe(&[path], &ReadOptions::default());
        match infos.as_deref() {
            Ok([Info::Table(info)]) => {
                let refusals = info.refusals.join("; ");
                assert!(refusals.contains(&format!("line {line}")), "{refusals}");
            }
            Ok(_) => panic!("no table"),
            Err(error) => assert!(
                error.to_string().contains(&format!("line {line}")),
                "{error}"
            ),
        }
    }
}

#[test]
fn what_other_data_are_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let digits = Source::open("mnist:test").unwrap().train.head(3).unwrap();
    for (name, how) in [("digits.npy", "NPY array"), ("digits", "folder of images")] {
        let path = folder.path().join(name);
        crate::data::write::write_data(&digits, &path, |_| Ok(())).unwrap();
        let infos = describe(&[path.to_str().unwrap()], &ReadOptions::default()).unwrap();
        match infos.first() {
            Some(Info::Values(info)) => assert_eq!(info.how.as_deref(), Some(how)),
            _ => panic!("a table"),
        }
    }
}

#[test]
fn binary_content_with_many_zeros_is_no_text_of_two_bytes_a_letter() {
    let folder = tempfile::tempdir().unwrap();
    let mut numbers: Vec<u8> = (0..4000_u16)
        .flat_map(|n| (n % 200).to_le_bytes())
        .collect();
    numbers[7] = b'\n';
    for (begins, kind) in [
        (&b"PAR1\x15\x04"[..], FileKind::Parquet),
        (b"II*\x00", FileKind::Image),
    ] {
        let path = folder.path().join("data.bin");
        std::fs::write(&path, [begins, &numbers[..]].concat()).unwrap();
        assert_eq!(file_kind(&path).unwrap(), kind, "{begins:?}");
    }
    let text: Vec<u8> = "a,b\n1,2\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let path = folder.path().join("text.csv");
    std::fs::write(&path, text).unwrap();
    assert_eq!(file_kind(&path).unwrap(), FileKind::Text);
}

#[test]
fn files_of_other_programs_come_with_the_way_out() {
    let mut tar = vec![0_u8; 512];
    tar[..5].copy_from_slice(b"a.csv");
    tar[257..262].copy_from_slice(b"ustar");
    for (name, content, what) in [
        (
            "a.dta",
            &b"<stata_dta><header><release>118</release>\x01\0\x02"[..],
            "read_stata",
        ),
        ("a.dta", b"\x73\x02\x01\0\x05\0", "read_stata"),
        ("a.sav", b"$FL2@(#) SPSS DATA FILE\0\x01\x02", "read_spss"),
        ("a.rda", b"RDX3\nX\n\0\0\x03", "write.csv"),
        (
            "a.svm",
            b"1 3:0.5 7:2\n-1 1:0.25 2:1 9:3\n",
            "load_svmlight_file",
        ),
        ("a.tar", &tar, "tar -xf"),
    ] {
        let said = said_of(name, content);
        assert!(
            said.starts_with("refused") && said.contains(what),
            "{name}: {said}"
        );
    }
    // Times are no pairs of a place and a number.
    assert!(!said_of("a.txt", b"1 10:30 10:15\n2 11:30 11:45\n").contains("LIBSVM"));
    assert!(!said_of("a.txt", b"1 09:30 17:15\n2 08:30 18:15\n").contains("LIBSVM"));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data_batch_1"), b"\x80\x02}q\x01(U\x0b").unwrap();
    fs::write(folder.path().join("batches.meta"), b"\x80\x02}").unwrap();
    let error = Source::open(folder.path().to_str().unwrap())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("1 file without an ending") && error.contains("a[b\"data\"]"),
        "{error}"
    );
}
