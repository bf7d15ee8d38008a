//! What names a source, and the errors about names that do not.

use super::*;

#[test]
fn an_unknown_name_and_a_missing_path_say_where_the_kinds_are_listed() {
    for spec in ["mnits", "no/such/folder"] {
        let error = Source::open(spec).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("{spec}: there is no such file or folder")),
            "{text}"
        );
        let is_near = text.contains("did you mean `mnist`?");
        assert_eq!(is_near, spec == "mnits", "{text}");
        assert!(
            is_near || text.contains("`data::SOURCE_KINDS` lists"),
            "{text}"
        );
    }
    let error = Source::open("").unwrap_err().to_string();
    assert!(error.starts_with("the name of a source of data is empty"));
}

#[test]
fn a_source_reads_the_files_of_its_pattern_or_folder_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let spec = |name: &str| at(name).to_str().unwrap().to_string();
    for inner in ["table/day=1", "images/cat"] {
        fs::create_dir_all(at(inner)).unwrap();
    }
    for name in [
        "a.csv",
        "b.csv",
        "table/day=1/p.csv",
        "table/_log.csv",
        "images/scores.csv",
    ] {
        fs::write(at(name), "a\n1\n").unwrap();
    }
    fs::write(at("images/cat/damaged.png"), "no image").unwrap();
    for (source, file, is_read) in [
        ("a.csv", "a.csv", true),
        ("a.csv", "b.csv", false),
        ("a.csv:test", "a.csv", true),
        ("[a]*.csv", "a.csv", true),
        ("[a]*.csv", "b.csv", false),
        ("table", "table/day=1/p.csv", true),
        ("table", "table/day=1/new.csv", false),
        ("table", "table/_log.csv", false),
        ("images", "images/cat/damaged.png", true),
        ("images", "images/scores.csv", false),
    ] {
        assert_eq!(
            Source::reads(&spec(source), &at(file)),
            is_read,
            "{source} {file}"
        );
    }
    assert!(!Source::reads(MNIST, &at("a.csv")));
}

#[test]
fn a_folder_without_data_is_refused_with_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "nothing").unwrap();
    let error = Source::open(folder.path().to_str().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format);
    assert_eq!(error.what_was_found(), Some("1 .txt file"));
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, found) in [
        (
            &b"PK\x03\x04 and more"[..],
            "it is a ZIP archive that is damaged or cut off",
        ),
        (b"", "it is empty"),
        (b"SQLite format 3\0", "it is an SQLite database"),
        (
            b"\x01\x02\xff\x03\xff",
            "it is of an unknown kind, and begins with the bytes [01, 02, ff, 03]",
        ),
    ] {
        let path = folder.path().join("table.zip");
        fs::write(&path, bytes).unwrap();
        let error = Source::open(path.to_str().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
        assert!(error.to_string().contains(found), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_neither_file_nor_folder_is_refused() {
    let error = Source::open("/dev/null").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format);
    assert!(error.to_string().contains("neither a file nor a folder"));
}
